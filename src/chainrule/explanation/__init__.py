"""The public function `explain`: the chain rule of one call, step by step with its numbers."""

from __future__ import annotations

import functools
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ..api import Argnums, Function, _check_argnums, _layers
from ..frontend.request import Layer
from ..rules.table import REFUSALS, Refusal

if TYPE_CHECKING:
    from ..dispatch import Dispatcher
    from .result import Explanation

__all__ = ["explain"]


def explain(f: Function, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> Explanation:
    """The chain rule of one call, step by step with its numbers.

    Arguments: ``f``, whose value is one number, and the arguments of the call; ``argnums`` and ``has_aux`` as for `grad`.

    Returns an object with all that happened. For each statement: the value that it computes; the cotangent of that, which is the derivative of the result
    with respect to it; and, for each operand, the local derivative, and what is passed on: the contribution to the operand's own cotangent. ``print(...)``
    and ``.print()`` show a table, ``.to_html(path)`` writes a page, ``.to_dot()`` gives the graph of the values, and ``.flow()`` the size of the gradient at
    each step. Large arrays are shown by their shape and a few figures. ``.value`` and ``.gradient`` are those of `value_and_grad`.

    Raises TypeError if the value is not one number; UnsupportedError for what cannot be differentiated, and for calls of more than 200,000 operations.
    The call runs once, slowly: every value is kept.

    >>> def area(radius):
    ...     square = radius**2
    ...     return 3.0 * square
    >>> print(explain(area, 2.0))
    area: 12
    <BLANKLINE>
    line  statement            value  cotangent  operand  local derivative  contribution
    ----  -------------------  -----  ---------  -------  ----------------  ------------
    2     square = radius**2   4      3          radius   4                 12
    3     return 3.0 * square  12     1          square   3                 3
    <BLANKLINE>
    d area / d radius = 12
    """
    from .calls import called
    from .collect import explanation

    chosen = _check_argnums("explain", argnums)
    resolved, inner = _layers(f)
    dispatcher = _dispatcher(resolved.function, chosen, len(resolved.args), bool(has_aux), inner)
    return explanation(*called(dispatcher, (*resolved.args, *args), {**dict(resolved.keywords), **kwargs}))


@functools.lru_cache(maxsize=64)
def _dispatcher(function: FunctionType, argnums: int | str | tuple[int | str, ...], skip: int, has_aux: bool, inner: tuple[Layer, ...]) -> Dispatcher:
    from ..dispatch import Dispatcher
    from .calls import MODE, compiled

    return Dispatcher(function, compiled, MODE, argnums, has_aux, skip=skip, inner=inner)


REFUSALS[explain] = Refusal("it runs a call and shows what happens in it, which is nothing to be differentiated", "explain the function outside of it")
