"""Rules of the user's own: for functions that they write (`custom_vjp`, `custom_jvp`), and for any other function (`defvjp`, `defjvp`)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .rules.custom import CHANGED

__all__ = ["custom_jvp", "custom_vjp"]

Function = Callable[..., Any]


def _forget() -> None:
    """Programs that are compiled already hold the rules of before."""
    for forget in CHANGED:
        forget()


class _Ruled:
    """A function with a rule of its own. Called, it is the function."""

    transform = ""

    def __init__(self, f: Function, nondiff_argnums: int | Sequence[int] = ()) -> None:
        if not callable(f):
            raise TypeError(f"{self.transform} decorates a function, not {type(f).__name__}")
        functools.update_wrapper(self, f, updated=())
        self._primal = f
        self.nondiff_argnums = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)
        for parameter in inspect.signature(f).parameters.values():
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
                raise TypeError(f"{self.transform}: `{getattr(f, '__name__', f)}` has the parameter {parameter.name!r}, which can be given by name only; rules take arguments by position")

    @property
    def primal(self) -> Function:
        """The user's function."""
        return self._primal

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The function's own source."""
        return inspect.getsource(self._primal)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._primal(*args, **kwargs)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else functools.partial(self, owner)

    def __repr__(self) -> str:
        return f"chainrule.{self.transform}({getattr(self._primal, '__qualname__', self._primal)})"


class custom_vjp(_Ruled):
    """Give a function its own derivative, for reverse mode.

        @custom_vjp
        def f(x, y): ...
        f.defvjp(fwd, bwd)

    ``fwd(x, y)`` returns the value and whatever ``bwd`` needs; ``bwd(residuals, value_bar)`` returns a tuple with one cotangent for each argument (None for
    zero), in its structure and shape. Both are ordinary Python, which is executed in the place of the function where a derivative is
    taken, and which is differentiated itself for derivatives of higher order. Forward mode is the transpose of ``bwd``, if that is linear in ``value_bar``.

    nondiff_argnums: positions of arguments without a derivative; they come first in ``bwd``, in their order, and get no cotangent.

    >>> import math
    >>> import chainrule as cr
    >>> @custom_vjp
    ... def log1pexp(x):
    ...     return math.log1p(math.exp(-abs(x))) + max(x, 0.0)
    >>> def forward(x):
    ...     return log1pexp(x), x
    >>> def backward(x, y_bar):
    ...     return (y_bar / (1.0 + math.exp(-x)),)
    >>> log1pexp.defvjp(forward, backward)
    >>> cr.grad(log1pexp)(0.0)
    0.5
    """

    transform = "custom_vjp"
    fwd: Function | None = None
    bwd: Function | None = None

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """State the rule; one that was stated before is replaced."""
        for f in (fwd, bwd):
            if not callable(f):
                raise TypeError(f"{self.__name__}.defvjp takes two functions, not {type(f).__name__}")  # type: ignore[attr-defined]
        self.fwd, self.bwd = fwd, bwd
        _forget()


class custom_jvp(_Ruled):
    """Give a function its own derivative, for forward mode. Reverse mode is its transpose.

        @custom_jvp
        def f(x, y): ...
        @f.defjvp
        def f_jvp(primals, tangents): ...       returns the value and its tangent

    The rule is ordinary Python, and linear in the tangents; those of arguments that do not move are zero. nondiff_argnums: positions of arguments without a
    derivative; they come first in the rule, in their order.

    >>> import math
    >>> import chainrule as cr
    >>> @custom_jvp
    ... def cube(x):
    ...     return x**3
    >>> @cube.defjvp
    ... def cube_jvp(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     return x * x * x, 3.0 * x * x * x_dot
    >>> cr.grad(cube)(2.0)
    12.0
    """

    transform = "custom_jvp"
    jvp: Function | None = None

    def defjvp(self, jvp: Function) -> Function:
        """State the rule, also as a decorator; one that was stated before is replaced."""
        if not callable(jvp):
            raise TypeError(f"{self.__name__}.defjvp takes a function, not {type(jvp).__name__}")  # type: ignore[attr-defined]
        self.jvp = jvp
        _forget()
        return jvp
