"""Functions of NumPy that are executed as the Python that they mean (`composed`), and the objects that join what they are indexed with."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.types import rank
from . import composed
from .builtins import BUILTINS, Args, Keywords
from .values import Items, ListV, SliceV, Static, TupleV, Value

if TYPE_CHECKING:
    from .calls import Calls

_NAMES = ("average", "correlate", "cov", "dstack", "ediff1d", "geomspace", "gradient", "logspace", "meshgrid", "percentile", "polyval", "quantile", "select")
_FUNCTIONS: dict[Any, Any] = {getattr(np, name): getattr(composed, name) for name in _NAMES}
_FUNCTIONS |= {np.linalg.matrix_power: composed.matrix_power, np.linalg.multi_dot: composed.multi_dot}


def _handler(name: str, function: Any) -> Any:
    signature = inspect.signature(function)

    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        try:
            signature.bind(*args, **keywords)
        except TypeError:
            m.refuse(f"`np.{name}` with these arguments", "its derivative is known for the usual ones only", f"pass those of `{name}{signature}`")
        if function is composed.gradient and _several_axes(m, args, keywords):
            m.refuse("`np.gradient` along several axes", "its derivative is known along one axis only", "give the axis: `np.gradient(a, axis=0)`")
        return m.library(function, *args, **keywords)

    return call


def _several_axes(m: Calls, args: Args, keywords: Keywords) -> bool:
    """Whether np.gradient gives one array for each axis, or may."""
    axis = keywords.get("axis", Static(None))
    if not isinstance(axis, Static) or axis.value is None:
        array = args[0] if args else keywords["f"]
        return not m.is_number(array) or rank(m.type(array)) != 1
    return isinstance(axis.value, (tuple, list))


BUILTINS.update({function: _handler(function.__name__, meaning) for function, meaning in _FUNCTIONS.items()})


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
