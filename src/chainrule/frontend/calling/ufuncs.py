"""The methods of ufuncs: `reduce`, `accumulate`, `reduceat` and `outer`, by the function that is the reduction, or as loops over the ufunc."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.nodes import Lit
from ...ir.types import rank
from ...rules import registry
from ..composed import repeated
from ..execution.values import NONE, Static, TupleV, Value
from . import loops_of_numpy
from .builtins import BUILTINS, Args, Keywords

if TYPE_CHECKING:
    from .calls import Calls

_REDUCED = {np.add: "np.sum", np.multiply: "np.prod", np.maximum: "np.max", np.minimum: "np.min", np.logical_and: "np.all", np.logical_or: "np.any"}
_ACCUMULATED = {np.add: "np.cumsum", np.multiply: "np.cumprod"}


def _is(value: Value | None, constant: Any) -> bool:
    return value is None or (isinstance(value, Static) and value.value is constant)


def _array(m: Calls, value: Value, what: str) -> tuple[Value, int]:
    array = m.as_array(value)
    dimensions = rank(m.type(array)) if m.is_number(array) else None
    if not dimensions:
        m.refuse(f"{what} of something that is not known to be an array with axes", "its shape is not known", "pass an array")
    return array, dimensions


def _first(m: Calls, array: Value, dimensions: int, axes: tuple[int, ...]) -> Value:
    """The array with some axes made the first one."""
    rest = tuple(k for k in range(dimensions) if k not in axes)
    if (*axes, *rest) != tuple(range(dimensions)):
        array = m.call_row("np.transpose", (array, Static((*axes, *rest))), {})
    if len(axes) == 1:
        return array
    shape = m.shape(array)
    tail = tuple(m.subscript(shape, Static(k)) for k in range(len(axes), dimensions))
    return m.call_row("np.reshape", (array, TupleV((Static(-1), *tail))), {})


def _computed(m: Calls, function: np.ufunc, x: Value) -> Value:
    """An array in the dtype that the function computes in."""
    dtype = m.type(x).dtype  # type: ignore[union-attr]
    own = function(np.ones(1, dtype), np.ones(1, dtype)).dtype
    return x if own == dtype else m.call_row("astype", (x, Static(str(own))), {})


def _written(m: Calls, out: Value | None, result: Value) -> Value:
    if _is(out, None):
        return result
    assert out is not None
    operand = m.operand(result)
    m.check_cast(out, operand, m.node)
    m.write(out, Lit(Ellipsis), operand)
    return out


def _given(m: Calls, function: np.ufunc, method: str, names: tuple[str, ...], known: tuple[str, ...], args: Args, keywords: Keywords) -> Keywords:
    """The arguments by name; those that have no effect are left out, those that are not known are refused."""
    given = dict(zip(names, args)) | keywords
    for name in list(given):
        value = given[name]
        if name not in known and not _is(value, True if name == "where" else False if name == "keepdims" else None) and not (
                isinstance(value, Static) and value.value is np._NoValue):
            m.refuse(f"`{function.__name__}.{method}` with `{name}`", "its derivative is not known then", f"leave `{name}` out")
    return {name: value for name, value in given.items() if name in known}


_OF_REDUCE = ("array", "axis", "dtype", "out", "keepdims", "initial", "where")


def _reduce_row(row: str) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        given = dict(zip(_OF_REDUCE, args)) | keywords
        array = m.as_array(given.pop("array"))
        given.setdefault("axis", Static(0))
        if "where" in given and _is(given["where"], True):
            del given["where"]
        return m.call_row(row, (array,), given)

    return apply


def _reduce(function: np.ufunc) -> Callable[[Calls, Args, Keywords], Value]:
    name = f"`{function.__name__}.reduce`"

    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        given = _given(m, function, "reduce", _OF_REDUCE, ("array", "axis", "out", "keepdims", "initial"), args, keywords)
        array, dimensions = _array(m, given["array"], name)
        axis = m.static(given.get("axis", Static(0)), "the axis")
        axes = tuple(range(dimensions)) if axis is None else tuple(a % dimensions for a in (axis if isinstance(axis, tuple) else (axis,)))
        row = registry.lookup(function.reduce)
        if row is not None and _is(given.get("initial"), None) | _is(given.get("initial"), np._NoValue):
            keep = m.static(given.get("keepdims", Static(False)), "keepdims")
            found = m.call_row(row, (_computed(m, function, array),), {"axis": Static(axes[0] if len(axes) == 1 else axes), "keepdims": Static(bool(keep))})
            return _written(m, given.get("out"), found)
        if len(axes) != 1 and function.identity is None and function not in (np.fmax, np.fmin):
            m.refuse(f"{name} along several axes", "NumPy raises ValueError here", "reduce one axis after the other")
        x = _computed(m, function, _first(m, array, dimensions, axes))
        start = given.get("initial", NONE)
        if _is(start, np._NoValue):
            start = NONE
        empty = NONE if function.identity is None else Static(float(function.identity))
        if start is NONE and function is np.hypot:  # which is a number's absolute value, if there is only one
            start = empty
        rows = len(axes) < dimensions
        result = m.library(repeated.reduce_rows if rows else repeated.reduce_axis, Static(function), x, start, empty)
        if m.static(given.get("keepdims", Static(False)), "keepdims"):
            result = m.call_row("np.expand_dims", (result, Static(tuple(sorted(axes)))), {}) if rows else m.call_row(
                "np.reshape", (result, Static((1,) * dimensions)), {})
        return _written(m, given.get("out"), result)

    return apply


def _accumulate(function: np.ufunc) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        given = dict(zip(("array", "axis", "dtype", "out"), args)) | keywords
        if function in _ACCUMULATED:
            array, dimensions = _array(m, given.pop("array"), f"`{function.__name__}.accumulate`")
            given["axis"] = Static(_one_axis(m, given.get("axis", Static(0)), dimensions))
            return m.call_row(_ACCUMULATED[function], (array,), given)
        given = _given(m, function, "accumulate", (), ("array", "axis", "out"), (), given)
        array, dimensions = _array(m, given["array"], f"`{function.__name__}.accumulate`")
        axis = _one_axis(m, given.get("axis", Static(0)), dimensions)
        row = registry.lookup(function.accumulate)
        if row is not None:
            return _written(m, given.get("out"), m.call_row(row, (_computed(m, function, array),), {"axis": Static(axis)}))
        x = _computed(m, function, _first(m, array, dimensions, (axis,)))
        result = m.call(Static(loops_of_numpy.running), (Static(function), x), {})
        return _written(m, given.get("out"), _back(m, result, dimensions, axis))

    return apply


def _one_axis(m: Calls, given: Value, dimensions: int) -> int:
    """The axis of `accumulate` and `reduceat`: a number, a tuple of one, or None for all of one."""
    axis = m.static(given, "the axis")
    axes = tuple(range(dimensions)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) != 1:
        m.refuse("the argument `axis` names several axes", "NumPy raises ValueError here", "name one")
    return int(axes[0]) % dimensions


def _back(m: Calls, result: Value, dimensions: int, axis: int) -> Value:
    """The first axis where it was."""
    order = [*range(1, axis + 1), 0, *range(axis + 1, dimensions)]
    return m.call_row("np.transpose", (result, Static(tuple(order))), {}) if axis else result


def _reduceat(function: np.ufunc) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        given = _given(m, function, "reduceat", ("array", "indices", "axis", "dtype", "out"), ("array", "indices", "axis", "out"), args, keywords)
        array, dimensions = _array(m, given["array"], f"`{function.__name__}.reduceat`")
        axis = _one_axis(m, given.get("axis", Static(0)), dimensions)
        row = registry.lookup(function.reduceat)
        if row is not None:
            return _written(m, given.get("out"), m.call_row(row, (array, m.as_array(given["indices"])), {"axis": Static(axis)}))
        x = _computed(m, function, _first(m, array, dimensions, (axis,)))
        result = m.library(repeated.reduce_at, Static(function.reduce), x, given["indices"])
        return _written(m, given.get("out"), _back(m, result, dimensions, axis))

    return apply


def _outer(function: np.ufunc) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        a, b = (m.as_array(v) for v in args)
        more = rank(m.type(b))
        if more is None or rank(m.type(a)) is None:
            m.refuse(f"`{function.__name__}.outer` of an array with an unknown number of axes", "where they go is not known", "use arrays of known rank")
        a, b = (m.call_row("np.asarray", (v,), {}) if isinstance(v, Static) or not rank(m.type(v)) else v for v in (a, b))  # which decide the dtype
        column = m.subscript(a, TupleV((Static(Ellipsis), *[Static(None)] * more))) if more and rank(m.type(a)) else a
        return m.call(Static(function), (column, b), keywords)

    return apply


def _is_ours(method: Any) -> bool:
    """Whether a method is executed here: it has no row, or one that is for the usual arguments."""
    row = registry.lookup(method)
    return registry.refusal(method) is None and (row is None or registry.carries(row))


for _name, _ufunc in sorted(vars(np).items()):
    if not isinstance(_ufunc, np.ufunc) or _ufunc.signature is not None or _ufunc.nin != 2 or _ufunc.nout != 1:
        continue
    if _is_ours(_ufunc.reduce):
        BUILTINS[_ufunc.reduce] = _reduce_row(_REDUCED[_ufunc]) if _ufunc in _REDUCED else _reduce(_ufunc)
    if _is_ours(_ufunc.accumulate):
        BUILTINS[_ufunc.accumulate] = _accumulate(_ufunc)
    if _is_ours(_ufunc.reduceat):
        BUILTINS[_ufunc.reduceat] = _reduceat(_ufunc)
    BUILTINS[_ufunc.outer] = _outer(_ufunc)
