"""Structural operations: indexing, writing, tapes, tuples and growing lists.

They are what statements lower to; everything else is a function or an operator. A *path* says which part
of an array is written: a sequence of steps, applied one after the other as views. A step is `("index", index)`, `("T", axes)`,
`("reshape", shape)`, `("flat", None)`, `("item", n)` of a list of views, or an operation that gives views, with its further
arguments. The last step is always an index.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

from ..ir.nodes import Arg, Lit, Seq, Slice, Var
from ..ir.ops import OPS, Op, Param, define
from ..ir.probe import type_of
from ..ir.types import FLOAT, INT, OBJECT, Array, Dim, Extent, List, Scalar, Tuple, Type, join, kind, unknown_extent


def _op(name: str, parameters: str, impl: Any, infer: Any, **flags: Any) -> None:
    define(Op(name, tuple(Param(p) for p in parameters.split()), impl, infer, **flags))


# -- indexing --------------------------------------------------------------------------------------------


def index_items(index: Arg) -> tuple[Arg, ...]:
    """The items of an index: `x[i]` has one, `x[i, j]` two."""
    if isinstance(index, Seq) and index.kind == "tuple":
        return index.items
    if isinstance(index, Lit) and isinstance(index.value, tuple):
        return tuple(Lit(item) for item in index.value)
    if isinstance(index, Var) and isinstance(index.type, Tuple):
        return tuple(Var(type) for type in index.type.items)  # stand-ins: only their types are known
    return (index,)


def is_full(index: Arg) -> bool:
    """Whether an index means all of an array: `u[...]` or `u[:, :]`."""
    return all(_is_full(item) for item in index_items(index))


def _is_full(item: Arg) -> bool:
    if isinstance(item, Slice):
        return all(isinstance(part, Lit) and part.value is None for part in (item.start, item.stop, item.step))
    return isinstance(item, Lit) and (item.value is Ellipsis or (isinstance(item.value, slice) and item.value == slice(None)))


def is_advanced(item: Arg) -> bool:
    """Whether an index item makes NumPy copy: an integer array, a mask, or a list."""
    if isinstance(item, Seq):
        return True
    type = type_of(item)
    return isinstance(type, (Array, List)) or (isinstance(item, Lit) and isinstance(item.value, (list, bool, np.bool_))) or (
        isinstance(type, Scalar) and type.dtype == "bool")


def is_basic(index: Arg) -> bool:
    """Whether `x[index]` is a view (or a scalar)."""
    return not any(is_advanced(item) for item in index_items(index))


def may_repeat(index: Arg) -> bool:
    """Whether an index may name one element twice: only integer arrays and lists can."""
    return any(is_advanced(item) and not _is_mask(item) for item in index_items(index))


def _is_mask(item: Arg) -> bool:
    type = type_of(item)
    type = type.element if isinstance(type, List) else type
    return isinstance(type, (Array, Scalar)) and type.dtype == "bool"


def infer_index(array: Arg, index: Arg) -> Type:
    """Type of `array[index]`."""
    type = type_of(array)
    if isinstance(type, Tuple):
        if isinstance(index, Lit) and isinstance(index.value, int):
            return type.items[index.value]
        return OBJECT
    if isinstance(type, List):
        return type.element
    if isinstance(type, Scalar) and not type.weak:
        type = Array(type.dtype, ())
    if not isinstance(type, Array):
        return OBJECT
    if type.shape is None:
        return Array(type.dtype, None)
    items = index_items(index)
    consumed = sum(_axes(item) for item in items)
    if consumed > len(type.shape):
        raise IndexError(f"too many indices for array: array is {len(type.shape)}-dimensional, but {consumed} were indexed")
    ellipsis = any(isinstance(i, Lit) and i.value is Ellipsis for i in items)
    if not ellipsis:
        items = (*items, Lit(Ellipsis))
    return _indexed(type, items, len(type.shape) - consumed, ellipsis)


def _axes(item: Arg) -> int:
    """How many axes of the array an index item consumes."""
    if isinstance(item, Lit) and (item.value is None or item.value is Ellipsis):
        return 0
    type = type_of(item)
    if isinstance(type, Array) and type.dtype == "bool":
        return len(type.shape) if type.shape is not None else 1
    if isinstance(type, Scalar) and type.dtype == "bool":
        return 0
    return 1


def _indexed(type: Array, items: tuple[Arg, ...], rest: int, ellipsis: bool) -> Type:
    assert type.shape is not None
    shape: list[Extent] = []
    advanced: list[tuple[Extent, ...]] = []
    place = None  # where the axes of the advanced indices go
    separated = False
    previous = False
    axis = 0
    has_array = any(is_advanced(item) for item in items)
    for item in items:
        if isinstance(item, Lit) and item.value is Ellipsis:
            shape.extend(type.shape[axis : axis + rest])
            axis += rest
            previous = previous and rest == 0 and False
        elif isinstance(item, Lit) and item.value is None:
            shape.append(1)
            previous = False
        elif isinstance(item, (Slice,)) or (isinstance(item, Lit) and isinstance(item.value, slice)):
            shape.append(sliced_extent(type.shape[axis], item))
            axis += 1
            previous = False
        elif is_advanced(item) or has_array:
            if place is None:
                place = len(shape)
            elif not previous:
                separated = True
            previous = True
            advanced.append(_advanced_shape(item))
            axis += _axes(item)
        else:
            axis += 1
    if advanced:
        common = broadcast(*advanced)
        at = 0 if separated else (place or 0)
        shape[at:at] = common
    if not shape and not has_array and not ellipsis:  # x[0, ...] is an array, and a view
        return Scalar(type.dtype) if kind(type.dtype) in "biufc" else OBJECT
    return Array(type.dtype, tuple(shape))


def _advanced_shape(item: Arg) -> tuple[Extent, ...]:
    type = type_of(item)
    if isinstance(type, Array):
        if type.dtype == "bool" or type.shape is None:
            return (unknown_extent(),)
        return type.shape
    if isinstance(type, List):
        if not isinstance(type.element, Scalar):
            raise IndexError("a list of lists is an index: make an array of it first")
        return (unknown_extent(),)
    if isinstance(item, Seq) and any(isinstance(t, Scalar) and t.dtype == "bool" for t in map(type_of, item.items)):  # a mask
        known = [part.value for part in item.items if isinstance(part, Lit)]
        return (sum(known) if len(known) == len(item.items) else unknown_extent(),)
    if isinstance(item, Seq):
        return (len(item.items),)
    if isinstance(item, Lit) and isinstance(item.value, list):
        return (sum(item.value),) if item.value and all(isinstance(v, bool) for v in item.value) else np.shape(item.value)
    return ()


def broadcast(*shapes: tuple[Extent, ...]) -> tuple[Extent, ...]:
    """The shape of an elementwise result; where the extents are not known to be equal, what is known of it."""
    rank = max((len(s) for s in shapes), default=0)
    result: list[Extent] = []
    for axis in range(-rank, 0):
        extents = [s[axis] for s in shapes if len(s) >= -axis and s[axis] != 1]
        if not extents:
            result.append(1)
        elif all(e == extents[0] for e in extents):
            result.append(extents[0])
        else:  # they agree, or one is 1: an extent that is never 1 decides, and one that is known says more
            certain = [e for e in extents if (isinstance(e, int)) or (e.not_one and e.offset == 0)]
            result.append(next((e for e in certain if isinstance(e, int)), certain[0]) if certain else unknown_extent())
    return tuple(result)


def sliced_extent(extent: Extent, item: Arg) -> Extent:
    """The extent of an axis after `start:stop:step`."""
    parts = (item.start, item.stop, item.step) if isinstance(item, Slice) else (
        tuple(Lit(v) for v in (item.value.start, item.value.stop, item.value.step)) if isinstance(item, Lit) else ())
    values: list[Any] = [p.value if isinstance(p, Lit) else p for p in parts]
    start, stop, step = values
    if start is None and stop is None and step in (None, 1, -1):
        return extent
    constant = all(v is None or isinstance(v, int) for v in values)
    if constant and isinstance(extent, int):
        return len(range(*slice(start, stop, step).indices(extent)))
    if constant and step in (None, 1) and isinstance(extent, Dim):
        low = start or 0
        if low >= 0 and (stop is None or stop < 0):
            return Dim(extent.name, extent.offset - low + (stop or 0), extent.not_one)
    return Dim(f"{extent}[{':'.join(_symbol(v) for v in values)}]")


_count = itertools.count()
_numbers: weakref.WeakKeyDictionary[Var, int] = weakref.WeakKeyDictionary()  # an id would be used again for another Var


def _symbol(value: Any) -> str:
    if isinstance(value, Var):
        extent = value.type.extent if isinstance(value.type, Scalar) else None
        return f"?{_numbers.setdefault(value, next(_count))}" if extent is None else str(extent)
    return str(value)


_op("index", "array index", lambda array, index: array[index], infer_index, views=(0,))


# -- writing ---------------------------------------------------------------------------------------------


def follow(array: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """The view that all but the last step of a path lead to, and the index of the last step."""
    view = array
    for step, detail in path[:-1]:
        if step == "index":
            view = view[detail]
        elif step == "T":
            view = np.transpose(view, detail)
        elif step == "flat":
            view = view.flat
        elif step == "item":
            view = view[detail]
        elif step != "reshape":
            view = OPS[step].run((view, *detail))
        else:
            shaped = view.reshape(detail)
            if not np.may_share_memory(shaped, view):
                raise ValueError("reshape made a copy where a view is written")
            view = shaped
    return view, path[-1][1]


def copy_in_place(array: Any) -> Any:
    """A copy that lies in memory exactly as the array does, with the same steps from element to element."""
    if not array.size or array.flags.forc or any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape)):
        return array.copy(order="K")
    low = sum(min(0, step * (n - 1)) for step, n in zip(array.strides, array.shape))
    high = sum(max(0, step * (n - 1)) for step, n in zip(array.strides, array.shape)) + array.itemsize
    copy = np.ndarray(array.shape, array.dtype, bytearray(high - low), -low, array.strides)
    copy[...] = array
    return copy


def _written(array: Any, path: tuple[Any, ...], write: Any) -> Any:
    result = copy_in_place(array)
    view, index = follow(result, path)
    write(view, index)
    return result


def store(array: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`array[path] = value`, as new contents."""
    def write(view: Any, index: Any) -> None:
        view[index] = value

    return _written(array, path, write)


def iadd(array: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`array[path] += value` as NumPy does it: of repeated indices the last wins."""
    def write(view: Any, index: Any) -> None:
        view[index] += value

    return _written(array, path, write)


def isub(array: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`array[path] -= value`."""
    def write(view: Any, index: Any) -> None:
        view[index] -= value

    return _written(array, path, write)


def add_at(array: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`array[path] += value` where repeated indices accumulate: the adjoint of reading."""
    return _written(array, path, lambda view, index: np.add.at(view, index, value))


def sub_at(array: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`array[path] -= value` where repeated indices accumulate."""
    return _written(array, path, lambda view, index: np.subtract.at(view, index, value))


def _same_as_first(array: Arg, *_: Arg) -> Type:
    return type_of(array)


for _name, _impl in (("store", store), ("iadd", iadd), ("isub", isub), ("add_at", add_at), ("sub_at", sub_at)):
    _op(_name, "array path value", _impl, _same_as_first, destroys=0)

# Sums of contributions to an adjoint: values like any other sum, but the printed code may add in place.
_op("accum", "total value", lambda total, value: total + value, _same_as_first, destroys=0)
_op("accum_neg", "total value", lambda total, value: total - value, _same_as_first, destroys=0)
# The same for products and quotients whose first factor is not needed any more.
_op("scale", "total value", lambda total, value: total * value, _same_as_first, destroys=0)
_op("shrink", "total value", lambda total, value: total / value, _same_as_first, destroys=0)
_op("copy", "array", lambda array: array.copy(), _same_as_first, fresh=True)


# -- tapes: pushed in the forward sweep, popped in the reverse sweep in the opposite order --------------------

_op("push", "tape value", lambda tape, value: None, lambda *_: OBJECT, effect=True)
_op("pop", "tape", lambda tape: None, lambda *_: OBJECT, effect=True)
_op("tape_len", "tape", lambda tape: None, lambda *_: INT, fresh=True)  # how many values are on a tape
_op("mark", "sweep", lambda sweep: None, lambda *_: OBJECT, effect=True)  # "reverse": here the reverse sweep begins; "directions": the loop over these


# -- tuples, and lists that grow in loops ------------------------------------------------------------------

_op("tuple", "items", lambda items: tuple(items), lambda items: type_of(items), views=(0,))
_op("item", "tuple number", lambda tuple, number: tuple[number],
    lambda tuple, number: type_of(tuple).items[number.value], views=(0,))  # type: ignore[union-attr]


def _grown(list: Arg, value: Arg) -> Type:
    type = type_of(list)
    assert isinstance(type, List)
    return List(join(type.element, type_of(value)) or OBJECT)


def _list_of(items: Arg) -> Type:
    type = type_of(items)
    assert isinstance(type, Tuple)
    element = type.items[0]
    for item in type.items[1:]:
        element = join(element, item) or OBJECT
    return List(element)


def _with(items: Any, index: Any, value: Any) -> Any:
    result = list(items)
    result[index] = value
    return result


_op("list", "items", lambda items: list(items), _list_of, fresh=True, views=(0,))
_op("empty_list", "like", lambda like: [], lambda like: type_of(like), fresh=True)
_op("append", "list value", lambda list, value: [*list, value], _grown, destroys=0, views=(1,))
_op("list_item", "list index", lambda list, index: list[index], lambda list, index: type_of(list).element, views=(0,))  # type: ignore[union-attr]
_op("list_set", "list index value", _with, _same_as_first, destroys=0, views=(2,))
_op("list_drop", "list", lambda list: list[:-1], _same_as_first, destroys=0)  # the list without its last element


# -- surgery: `y` is x; in the reverse sweep the block of the IR, a constant, is given its adjoint, then `free`, and gives the adjoint of x --

_op("surgery", "x block free", lambda x, block, free: x, _same_as_first, effect=True)
_op("operate", "bar block free", lambda bar, block, free: bar, _same_as_first, effect=True)  # the same as a statement of the reverse sweep


# -- calls -------------------------------------------------------------------------------------------------

_op("call", "name args", lambda name, args: None, lambda *_: OBJECT, effect=True)  # a function of the generated module
_op("apply", "function args", lambda function, args: function(*args), lambda *_: OBJECT, effect=True)  # a value that is called

__all__ = ["FLOAT", "INT", "broadcast", "follow", "index_items", "infer_index", "is_advanced", "is_basic", "may_repeat"]
