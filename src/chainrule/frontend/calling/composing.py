"""Functions of NumPy that are executed as the Python that they mean (`composed`), and the objects that join what they are indexed with."""

from __future__ import annotations

import inspect
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import runtime
from ...ir.types import rank
from ..execution.values import Items, ListV, SliceV, Static, TupleV, Value
from . import composed
from .builtins import BUILTINS, Args, Keywords, builtin

if TYPE_CHECKING:
    from .calls import Calls

_NAMES = ("average", "correlate", "cov", "dstack", "ediff1d", "geomspace", "gradient", "logspace", "meshgrid", "percentile", "polyval", "quantile", "select")
_FUNCTIONS: dict[Any, Any] = {getattr(np, name): getattr(composed, name) for name in _NAMES}
_FUNCTIONS |= {np.linalg.matrix_power: composed.matrix_power, np.linalg.multi_dot: composed.multi_dot}


_OF_STATISTICS = ("mean", "median", "pvariance", "variance", "pstdev", "stdev")


def _handler(name: str, function: Any) -> Any:
    signature = inspect.signature(function)

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        try:
            signature.bind(*args, **keywords)
        except TypeError:
            m.refuse(f"`{name}` with these arguments", "its derivative is known for the usual ones only", f"pass those of `{name}{signature}`")
        return m.library(function, *args, **keywords)

    return call


def _of_numbers(name: str) -> Any:
    """A function of `statistics`: of known numbers it is computed (of integers, an integer); of computed ones, as in `composed`."""
    function = getattr(statistics, name)
    computed = _handler(f"statistics.{name}", getattr(composed, name.removeprefix("f")))

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        items = m.known_items(args[0]) if len(args) == 1 and not keywords else None
        if items is not None and all(isinstance(item, Static) for item in items):
            return Static(function([item.value for item in items]))  # type: ignore[union-attr]
        if items is not None and any(m.is_number(item) and getattr(m.type(item), "dtype", "") in ("bool", "int64") for item in items):
            m.refuse(f"`statistics.{name}` of computed integers", "whether its result is an integer depends on their values", "use np.mean and the like")
        return computed(m, args, keywords)  # type: ignore[no-any-return]

    return call


BUILTINS.update({function: _handler(f"np.{function.__name__}", meaning) for function, meaning in _FUNCTIONS.items()})
BUILTINS.update({getattr(statistics, name): _of_numbers(name) for name in (*_OF_STATISTICS, "fmean")})


@builtin(runtime.slopes)
def _slopes(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.call_row("rt.slopes", args, keywords)


@builtin(np.ndim)
def _ndim(m: Calls, args: Args, keywords: Keywords) -> Value:
    """np.ndim: known, where the number of axes is."""
    known = rank(m.type(args[0])) if args and m.is_number(args[0]) else None
    return m.call_row("np.ndim", args, keywords) if known is None else Static(known)


def joined(m: Calls, base: Any, index: Value) -> Value | None:
    """`np.r_[...]`, `np.c_[...]`, and grids whose bounds are computed; None if it is neither."""
    if base is np.mgrid or base is np.ogrid:
        slices = [_slice(item) for item in (index.items if isinstance(index, TupleV) else (index,))]
        if not all(isinstance(s, SliceV) for s in slices) or all(isinstance(part, Static) for s in slices for part in (s.start, s.stop, s.step)):
            return None
        axes = [_part(m, s) for s in slices]
        if not isinstance(index, TupleV):
            return axes[0]
        return m.library(composed.grid if base is np.mgrid else composed.open_grid, TupleV(tuple(axes)))
    if base is not np.r_ and base is not np.c_:
        return None
    items = index.items if isinstance(index, TupleV) else index.value if isinstance(index, Static) and isinstance(index.value, tuple) else (index,)
    values = [_part(m, item if not isinstance(item, (int, float, slice)) else Static(item)) for item in items]
    return m.library(composed.rows_joined if base is np.r_ else composed.columns_joined, ListV(m.new(Items(tuple(values)))))


def _slice(item: Any) -> Any:
    if isinstance(item, Static) and isinstance(item.value, slice):
        return SliceV(*(Static(part) for part in (item.value.start, item.value.stop, item.value.step)))
    return item


def _part(m: Calls, item: Any) -> Value:
    if isinstance(item, Static) and isinstance(item.value, str):
        m.refuse("np.r_ and np.c_ with directions", "they are not known to the compiler", "use np.concatenate")
    item = _slice(item)
    if not isinstance(item, SliceV):
        return item  # type: ignore[no-any-return]
    if isinstance(item.step, Static) and isinstance(item.step.value, complex):
        return m.call(Static(np.linspace), (item.start, item.stop, Static(int(abs(item.step.value)))), {})
    start = Static(0) if item.start == Static(None) else item.start
    return m.call(Static(np.arange), (start, item.stop, Static(1) if item.step == Static(None) else item.step), {})


__all__ = ["joined"]
