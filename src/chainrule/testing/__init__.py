"""For tests of users' own: gradients that are as finite differences give them, and arguments at which there is a gradient.

    from chainrule.testing import assert_gradients, arrays

    @given(arrays((3,), away_from=(0.0,)))
    def test_energy(x):
        assert_gradients(energy, x)

The strategies are of Hypothesis (the extra `testing`), which is imported when one is asked for. The plugin for pytest is `pytest_chainrule`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..api import check_grads
from ..errors import GradientCheckError

if TYPE_CHECKING:
    from .strategies import arrays, distinct, positive_definite, probabilities, well_conditioned

__all__ = ["arrays", "assert_gradients", "distinct", "positive_definite", "probabilities", "well_conditioned"]

_STRATEGIES = ("arrays", "distinct", "positive_definite", "probabilities", "well_conditioned")


def assert_gradients(f: Callable[..., Any], *args: Any, order: int = 1, modes: Sequence[str] = ("fwd", "rev"), atol: float | None = None,
                     rtol: float | None = None) -> None:
    """Assert that the derivatives of f at some arguments are those that finite differences give, in each of the modes and up to an order.

    Arguments as for `chainrule.check_grads`, whose report is the message. Every float among ``args`` is moved, also in containers.

    Raises AssertionError with every element that differs, both values, and the kinks; UnsupportedError for what cannot be differentiated.

    >>> def area(radius):
    ...     return 3.0 * radius**2
    >>> assert_gradients(area, 2.0, order=2)
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    try:
        check_grads(f, args, order=order, modes=modes, atol=atol, rtol=rtol)
    except GradientCheckError as error:
        raise AssertionError(str(error)) from None


def __getattr__(name: str) -> Any:
    if name not in _STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import hypothesis  # noqa: F401
    except ImportError as error:
        raise ImportError(f'chainrule.testing.{name} is a strategy of Hypothesis: python -m pip install "chainrule[testing]"') from error
    from . import strategies

    return getattr(strategies, name)
