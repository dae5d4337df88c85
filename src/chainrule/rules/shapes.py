"""Rows of functions that rearrange, join and split arrays: all of them linear."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var, variables
from ..ir.ops import Op, Param, define
from ..ir.probe import sample, type_of
from ..ir.types import Array, List, Scalar, Tuple, Type, rank
from . import infer, views
from .call import Call
from .formula import Evaluator, extent_of, shape_of
from .table import ROWS, RowError, linear, structural, zero

VIEW = {"views": (0,)}

linear("np.reshape(x, shape, order='C') -> y", op={"views": (0,), "infer": infer.reshaped}, view=views.reshaped,
       x="shaped(y_bar, x) if order == 'C' else np.reshape(y_bar, shape(x), order)", shape="0.0")
linear("np.ravel(x, order='C') -> y", op=VIEW, view=views.raveled, x="shaped(y_bar, x) if order == 'C' else np.reshape(y_bar, shape(x), order)")
linear("np.transpose(x, axes=None) -> y", op=VIEW, view=views.transposed,
       x="t(y_bar) if axes is None and rank(x) == 2 else np.transpose(y_bar) if axes is None else np.transpose(y_bar, inverse(axes))")
linear("np.matrix_transpose(x) -> y", op=VIEW, view=views.matrix_transposed, x="np.matrix_transpose(y_bar)")
linear("np.swapaxes(x, axis1, axis2) -> y", op=VIEW, view=views.swapped, x="np.swapaxes(y_bar, axis1, axis2)")
linear("np.moveaxis(x, source, destination) -> y", op=VIEW, view=views.moved, x="np.moveaxis(y_bar, destination, source)")
linear("np.expand_dims(x, axis) -> y", op=VIEW, view=views.expanded, x="shaped(y_bar, x) if rank(x) == 0 else np.squeeze(y_bar, axis)")
linear("np.squeeze(x, axis=None) -> y", op={"views": (0,), "infer": infer.squeezed}, view=views.squeezed, x="shaped(y_bar, x)")
linear("np.broadcast_to(x, shape) -> y", op={"views": (0,), "infer": infer.broadcast_to}, view=views.by_name("np.broadcast_to"),
       x="y_bar", shape="0.0")
zero("np.broadcast_shapes(*args)", op={"infer": infer.common_shape})


def _broadcast_arrays(let: Let, call: Call) -> None:
    args = let.args[0]
    assert isinstance(args, Seq)
    for n, item in enumerate(args.items):
        if isinstance(item, Var) and call.active(item):
            call.add(item, call.b.emit("item", call.full(), n))


structural("np.broadcast_arrays(*args) -> y", _broadcast_arrays, op=VIEW, view=views.Each("np.broadcast_to", "np.broadcast_shapes"), linear="together")
for _n in (1, 2, 3):
    linear(f"np.atleast_{_n}d(x) -> y", op=VIEW, view=views.at_least(_n), x="shaped(y_bar, x)")
for _name, _view in (("np.ascontiguousarray", views.contiguous("C")), ("np.asfortranarray", views.contiguous("F"))):
    linear(f"{_name}(x) -> y", op=VIEW, view=_view, x="shaped(y_bar, x) if rank(x) == 0 else y_bar")
linear("np.flip(x, axis=None) -> y", op=VIEW, view=views.flipped, x="np.flip(y_bar, axis)")
for _name, _axis_of in (("np.fliplr", 1), ("np.flipud", 0)):
    linear(f"{_name}(x) -> y", op=VIEW, view=views.flipped_axis(_axis_of), x=f"{_name}(y_bar)")
linear("np.rot90(x, k=1, axes=(0, 1)) -> y", op=VIEW, view=views.rotated, x="np.rot90(y_bar, -k, axes)", static=("k",))


def _rolled(let: Let, call: Call) -> None:
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        path = views.rolled(*let.args)
        if path is None:
            raise RowError("np.rollaxis of an array whose number of axes is not known", "which axes change places is not known")
        order = path[0][1]
        assert isinstance(order, Lit)
        call.add(x, call.b.emit("np.transpose", call.full(), Lit(tuple(order.value.index(n) for n in range(len(order.value))))))


structural("np.rollaxis(a, axis, start=0) -> y", _rolled, op=VIEW, view=views.rolled, static=("start",), linear="together")
linear("np.roll(x, shift, axis=None) -> y", x="np.roll(y_bar, -shift, axis)", shift="0.0")
linear("np.tile(x, reps) -> y", x="rt.tile_pull(y_bar, like(x), reps)", reps="0.0")
linear("rt.tile_pull(g, x, reps) -> y", op={"infer": infer.like(1)}, g="np.tile(y_bar, reps)", x="0.0", reps="0.0")
linear("np.repeat(x, repeats, axis=None) -> y", op={"infer": infer.repeated}, x="rt.repeat_pull(y_bar, like(x), repeats, axis)", repeats="0.0")
linear("rt.repeat_pull(g, x, repeats, axis=None) -> y", op={"infer": infer.like(1)}, g="np.repeat(y_bar, repeats, axis)", x="0.0", repeats="0.0")
linear("np.resize(a, new_shape) -> y", op={"infer": infer.resized}, a="rt.resize_pull(y_bar, like(a))", new_shape="0.0")
linear("rt.resize_pull(g, x) -> y", op={"infer": infer.like(1)}, g="np.resize(y_bar, shape(g))", x="0.0")
linear("np.triu(x, k=0) -> y", fills=True, x="np.triu(y_bar, k)", k="0.0")
linear("np.tril(x, k=0) -> y", fills=True, x="np.tril(y_bar, k)", k="0.0")
linear("np.diag(x, k=0) -> y", fills=True, op=VIEW, view=views.on_the_diagonal, x="np.diag(y_bar, k) if rank(x) == 1 else rt.diagonal_pull(y_bar, like(x), k, 0, 1)",
       static=("k",))
linear("np.diagonal(x, offset=0, axis1=0, axis2=1) -> y", op=VIEW, view=views.by_name("np.diagonal"), x="rt.diagonal_pull(y_bar, like(x), offset, axis1, axis2)",
       static=("offset",))
linear("rt.diagonal_pull(g, x, offset, axis1, axis2) -> y", g="np.diagonal(y_bar, offset, axis1, axis2)", x="0.0",
       static=("offset",), op={"infer": infer.like(1)})
_WINDOWS = "np.lib.stride_tricks.sliding_window_view"
linear(f"{_WINDOWS}(x, window_shape, axis=None) -> y", op=VIEW, view=views.by_name(_WINDOWS), x="rt.windows_pull(y_bar, like(x), window_shape, axis)",
       static=("window_shape", "axis"))
linear("rt.windows_pull(g, x, window_shape, axis=None) -> y", g=f"{_WINDOWS}(y_bar, window_shape, axis)", x="0.0",
       static=("window_shape", "axis"), op={"infer": infer.like(1)})


def _pad(let: Let, call: Call) -> None:
    """np.pad: the middle, and what the borders repeat."""
    x, _widths, mode, values = let.args
    if isinstance(values, (Var, Seq)) and any(map(call.active, variables(values))):
        raise RowError("the derivative of np.pad with respect to 'constant_values' is not known", "its rule treats that argument as a constant")
    if not isinstance(x, Var) or not call.active(x):
        return
    if not isinstance(mode, Lit) or mode.value not in ("constant", "empty", "edge", "reflect", "symmetric", "wrap"):
        raise RowError("np.pad with this mode", "its rule knows constant, edge, reflect, symmetric and wrap", "join the parts with np.concatenate")
    if mode.value in ("constant", "empty"):
        call.add(x, call.b.emit("rt.pad_pull", call.full(), call.like(x), call.operand(1)))
    else:
        call.add(x, call.b.emit("rt.repeated_pull", call.full(), call.like(x), call.operand(1), mode))


structural("np.pad(x, pad_width, mode='constant', constant_values=0) -> y", _pad, constant=("pad_width",), fills=True, linear="together")
linear("rt.repeated_pull(g, x, pad_width, mode) -> y", op={"infer": infer.like(1)}, g="np.pad(y_bar, pad_width, mode)", x="0.0", pad_width="0.0")
linear("rt.pad_pull(g, x, pad_width) -> y", op={"infer": infer.like(1), "views": (0,)}, g="np.pad(y_bar, pad_width)", x="0.0", pad_width="0.0")
linear("np.take_along_axis(x, indices, axis) -> y", x="rt.put_along(y_bar, like(x), indices, axis)", indices="0.0")
linear("rt.put_along(g, x, indices, axis) -> y", op={"infer": infer.like(1)}, g="np.take_along_axis(y_bar, indices, axis)", x="0.0", indices="0.0")


# -- joining -------------------------------------------------------------------------------------------------------


def wanted(let: Let, call: Call, k: int = 0) -> list[tuple[int, Var]]:
    """The items of a sequence argument whose adjoint is wanted, with their positions."""
    arg = let.args[k]
    if not isinstance(arg, Seq):
        return []
    if any(isinstance(item, Seq) and any(map(call.active, variables(item))) for item in arg.items):
        raise RowError(f"{let.op} of lists of numbers that carry a derivative", "its rule knows arrays only", "make arrays of them with np.array first")
    return [(i, item) for i, item in enumerate(arg.items) if isinstance(item, Var) and call.active(item)]


def whole_list(let: Let, call: Call, k: int = 0) -> Var | None:
    """The argument, where it is a list that grew in a loop (or a tuple) and its adjoint is wanted."""
    arg = let.args[k]
    return arg if isinstance(arg, Var) and isinstance(arg.type, (List, Tuple)) and call.active(arg) else None


def _shape(item: Arg) -> tuple[Any, ...] | None:
    """The shape of what is joined: of an array, a number, or a list of numbers that carries no derivative."""
    type = type_of(item)
    if isinstance(type, Tuple):
        return tuple(np.shape(sample(item, _Ones())))
    return () if isinstance(type, Scalar) else type.shape if isinstance(type, Array) else None


class _Ones(dict[str, int]):
    """Sizes for `sample`, where none matters."""

    def __missing__(self, name: str) -> int:
        return 1


def at_axis(axis: int, index: Arg, ndim: int) -> Arg:
    """The index that applies `index` to one axis: x[:, i]."""
    axis %= max(ndim, 1)
    items = (Slice(Lit(None), Lit(None), Lit(None)),) * axis + (index,)
    return Seq(items) if len(items) > 1 else index


def _axis(let: Let, k: int = 1) -> int | None:
    arg = let.args[k]
    if not isinstance(arg, Lit):
        raise RowError(f"the axis of {let.op} has to be known at compile time", "its rule depends on it", "pass a constant")
    return None if arg.value is None else int(arg.value)


def _evaluator(let: Let, call: Call) -> Evaluator:
    return Evaluator(ROWS[let.op], let, call)


def concatenate_pull(let: Let, call: Call, axis: int | None) -> None:
    """The parts of the cotangent, one after the other along the axis."""
    b, e = call.b, _evaluator(let, call)
    grown = whole_list(let, call)
    if grown is not None:
        call.add(grown, b.emit("rt.cut", call.full(), call.like(grown), Lit(axis), type=grown.type))
        return
    arg = let.args[0]
    if isinstance(arg, Var) and call.active(arg):  # the rows of an array, one after the other
        call.add(arg, b.emit("np.reshape", call.full(), shape_of(e, arg)))
        return
    assert isinstance(arg, Seq)
    found = dict(wanted(let, call))
    if not found:
        return
    full = call.full()
    ndim = rank(type_of(full)) or 1
    start: Operand = Lit(0)
    for i, item in enumerate(arg.items):
        type = type_of(item)
        if isinstance(type, Tuple):
            size: Operand = Lit(int(np.prod(_shape(item))) if axis is None else (_shape(item) or (1,))[axis])  # type: ignore[arg-type]
        elif axis is None:
            size = e.b.emit("np.size", e.call.like(item)) if isinstance(item, Var) and isinstance(type, Array) else Lit(1)
        elif isinstance(type, Array) and type.shape:
            size = extent_of(e, item, axis)
        else:
            size = Lit(1)
        if i not in found and i > max(found):
            break
        last = i == len(arg.items) - 1
        stop: Operand = Lit(None) if last else _plus(call, start, size)
        if i in found:
            own = None if rank(type) == 0 or (axis is None and rank(type) != 1) else _part_type(full, item)
            part = b.emit("index", full, at_axis(axis or 0, Slice(Lit(None) if i == 0 else start, stop, Lit(None)), ndim), type=own)
            if isinstance(type, Scalar) or (isinstance(type, Array) and type.shape == ()):
                part = b.emit("index", part, Lit(0))
            elif axis is None and rank(type) != 1:
                part = b.emit("np.reshape", part, shape_of(e, item))
            call.add(found[i], part)
        start = stop


def _plus(call: Call, a: Operand, b: Operand) -> Operand:
    return b if isinstance(a, Lit) and a.value == 0 else call.b.emit("+", a, b)


def stack_pull(let: Let, call: Call, axis: int) -> None:
    """The slices of the cotangent across the axis."""
    grown = whole_list(let, call)
    if grown is not None:
        call.add(grown, call.b.emit("rt.unstack", call.full(), Lit(axis), type=grown.type))
        return
    arg = let.args[0]
    if isinstance(arg, Var) and call.active(arg):
        call.add(arg, call.b.emit("np.moveaxis", call.full(), Lit(axis), Lit(0)))
        return
    found = wanted(let, call)
    if found:
        full = call.full()
        ndim = rank(type_of(full)) or 1
        for i, item in found:
            call.add(item, call.b.emit("index", full, at_axis(axis, Lit(i), ndim)))


def _item_rank(let: Let) -> int:
    arg = let.args[0]
    if isinstance(arg, Seq):
        return max((_rank(item) or 0 for item in arg.items), default=0)
    if isinstance(arg, Var) and isinstance(arg.type, List):
        return rank(arg.type.element) or 0
    if isinstance(arg, Var) and isinstance(arg.type, Tuple):
        return max((rank(item) or 0 for item in arg.type.items), default=0)
    return (rank(type_of(arg)) or 1) - 1


def _rank(item: Arg) -> int | None:
    shape = _shape(item)
    return None if shape is None else len(shape)


def _hstack(let: Let, call: Call) -> None:
    concatenate_pull(let, call, 0 if _item_rank(let) <= 1 else 1)


def _vstack(let: Let, call: Call) -> None:
    _lines_pull(let, call, 0)


def _column_stack(let: Let, call: Call) -> None:
    _lines_pull(let, call, 1)


def _lines_pull(let: Let, call: Call, axis: int) -> None:
    """np.vstack and np.column_stack: vectors are rows (or columns), matrices are several of them."""
    arg = let.args[0]
    ranks = {_rank(item) for item in arg.items} if isinstance(arg, Seq) else {_item_rank(let)}
    if ranks <= {0, 1}:
        stack_pull(let, call, axis)
    elif not ranks & {0, 1, None}:
        concatenate_pull(let, call, axis)
    elif None in ranks:
        raise RowError(f"{let.op} of an array whose number of axes is not known", "its rule depends on it", "use np.concatenate")
    else:
        _mixed_lines_pull(let, call, axis)


def _mixed_lines_pull(let: Let, call: Call, axis: int) -> None:
    found = dict(wanted(let, call))
    if not found:
        return
    full, e = call.full(), _evaluator(let, call)
    start: Operand = Lit(0)
    assert isinstance(let.args[0], Seq)
    for i, item in enumerate(let.args[0].items):
        single = (_rank(item) or 0) < 2
        known = _shape(item) if isinstance(type_of(item), Tuple) else None
        stop = _plus(call, start, Lit(1) if single else extent_of(e, item, axis) if known is None else Lit(known[axis]))
        if i in found:
            part = call.b.emit("index", full, at_axis(axis, start if single else Slice(start, stop, Lit(None)), 2))
            call.add(found[i], part)
        start = stop


def _append(let: Let, call: Call) -> None:
    axis = _axis(let, 2)
    joined = Let(let.out, "np.concatenate", (Seq((let.args[0], let.args[1])), Lit(axis)), let.span)
    concatenate_pull(joined, call, axis)


zero("np.ix_(*args)", op={"infer": infer.open_mesh})
structural("np.concatenate(arrays, axis=0) -> y", lambda let, call: concatenate_pull(let, call, _axis(let)), linear="together")
structural("np.stack(arrays, axis=0) -> y", lambda let, call: stack_pull(let, call, _axis(let) or 0), linear="together")
structural("np.hstack(tup) -> y", _hstack, linear="together")
structural("np.vstack(tup) -> y", _vstack, linear="together")
structural("np.column_stack(tup) -> y", _column_stack, linear="together")
structural("np.append(arr, values, axis=None) -> y", _append, linear="together")


# -- splitting -----------------------------------------------------------------------------------------------------


def _split(let: Let, call: Call) -> None:
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        axis = 0
        if len(let.args) > 2:
            axis = _axis(let, 2) or 0
        else:
            axis = _split_axis(let.op, x)
        call.add(x, call.b.emit("np.concatenate", call.full(), Lit(axis), type=x.type))


def _split_axis(op: str, x: Arg) -> int:
    return 2 if op == "np.dsplit" else 0 if op == "np.vsplit" or rank(type_of(x)) == 1 else 1


def _parts_of(op: str, x: Arg, sections: Arg) -> Type:
    return infer.parts(x, sections, _split_axis(op, x))


for _name in ("np.split", "np.array_split"):
    structural(f"{_name}(ary, indices_or_sections, axis=0) -> parts", _split, linear="together", constant=("indices_or_sections",),
               static=("indices_or_sections",), view=views.split(_name, infer.parts_along), op={"views": (0,), "infer": infer.parts_along})
for _name in ("np.hsplit", "np.vsplit", "np.dsplit"):
    _infer = partial(_parts_of, _name)
    structural(f"{_name}(ary, indices_or_sections) -> parts", _split, linear="together", constant=("indices_or_sections",), static=("indices_or_sections",),
               view=views.split(_name, _infer, partial(_split_axis, _name)), op={"views": (0,), "infer": _infer})


# -- arrays made of numbers and arrays -------------------------------------------------------------------------------


def _array(let: Let, call: Call) -> None:
    """np.array of nested lists: element (i, j) of the cotangent belongs to item j of item i."""
    x = let.args[0]
    if isinstance(x, Seq):
        actives = list(_nested(x, (), call))
        if actives:
            full = call.full()
            for place, item in actives:
                call.add(item, call.b.emit("index", full, Lit(place if len(place) > 1 else place[0])))
    elif isinstance(x, Var) and call.active(x):
        if isinstance(x.type, (List, Tuple)):
            call.add(x, call.b.emit("rt.unstack", call.full(), Lit(0), Lit(_depth(x.type)), type=x.type))
        else:
            call.add(x, call.full())


def _depth(type: Type) -> int:
    """How many lists are inside each other."""
    if isinstance(type, Tuple) and type.items:
        return 1 + _depth(type.items[0])
    return 1 + _depth(type.element) if isinstance(type, List) else 0


def _nested(arg: Seq, place: tuple[int, ...], call: Call) -> list[tuple[tuple[int, ...], Var]]:
    found: list[tuple[tuple[int, ...], Var]] = []
    for i, item in enumerate(arg.items):
        if isinstance(item, Seq):
            found.extend(_nested(item, (*place, i), call))
        elif isinstance(item, Var) and call.active(item):
            found.append(((*place, i), item))
    return found


structural("np.array(object, dtype=None, order='K') -> y", _array, op={"fresh": True}, linear="together")
structural("np.copy(a, order='K') -> y", lambda let, call: _same(let, call), op={"fresh": True}, linear="together")
structural("np.asarray(a, dtype=None, order=None) -> y", _array, op=VIEW, view=views.itself, linear="together")
structural("np.asanyarray(a, dtype=None, order=None) -> y", _array, op=VIEW, view=views.itself, linear="together")
linear("rt.cut(g, like, axis) -> y", like="0.0", g="np.concatenate(y_bar, axis)")
linear("rt.unstack(g, axis, depth=1) -> y", g="np.stack(y_bar, axis)")


# -- methods that are not functions of NumPy too -----------------------------------------------------------------------


def _same(let: Let, call: Call) -> None:
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        call.add(x, call.full())


def _part_type(full: Operand, item: Arg) -> Type | None:
    """The type of the part of a cotangent that belongs to an item."""
    own, whole = type_of(item), type_of(full)
    return Array(whole.dtype, own.shape) if isinstance(own, Array) and isinstance(whole, Array) else None


define(Op("astype", (Param("x"), Param("dtype"), Param("order", "K"), Param("casting", "unsafe"), Param("subok", True), Param("copy", True)),
          lambda x, dtype, **how: x.astype(dtype, **how), infer.as_type, fresh=True))
structural("astype", _same, static=("dtype", "order", "casting", "subok", "copy"), constant=("dtype",), view=views.converted, linear="together")
linear("rt.flatten(x, order='C') -> y", x="shaped(y_bar, x) if order == 'C' else np.reshape(y_bar, shape(x), order)", op={"fresh": True})
linear("rt.item(x) -> y", x="y_bar")
linear("rt.view(x, dtype=None) -> y", x="y_bar", op=VIEW, view=views.whole)

for _name in ("float16", "float32", "float64", "longdouble", "complex64", "complex128", "clongdouble"):
    linear(f"np.{_name}(x) -> y", x="y_bar", op=VIEW)
zero(*(f"np.{_name}(x)" for _name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool_", "intp")))
