"""Rows of what rearranges, joins, splits and makes arrays; and what depends on shapes only."""

from __future__ import annotations

import numpy as np

from ...ir.nodes import Arg, Let, Lit, Operand, Seq
from ...ir.ops import OPS
from ...ir.probe import type_of
from ...ir.types import Array, List, Scalar, Tuple, unknown_extent
from ...ir.types import rank as type_rank
from .. import infer
from .directions import (
    ALL,
    NONE,
    Directions,
    NoRule,
    Rule,
    batching,
    constant,
    every_axis,
    extents,
    flat,
    is_none,
    param,
    product,
    shifted,
)


def _reshape(d: Directions, op: str, x: Arg, shape: Arg, order: Arg) -> Operand:
    if d.batched(shape) or constant(order) not in ("C", "F"):
        raise NoRule
    items = extents(d, shape)
    if constant(order) == "F":  # the transpose in the order of C
        turned = _reshape(d, op, _transpose(d, "np.transpose", x, NONE), Seq(tuple(reversed(items))), Lit("C"))
        return _transpose(d, "np.transpose", turned, NONE)
    if len(items) == 1:
        if d.rank(x) == 1:
            return x  # type: ignore[return-value]
        if isinstance(items[0], Lit) and items[0].value == -1:
            return flat(d, x)
    if any(isinstance(item, Lit) and item.value == -1 for item in items):  # with no direction at all, it would not be known what is left
        known = product(d, [item for item in items if not (isinstance(item, Lit) and item.value == -1)])
        rest = d.b.emit("//", product(d, d.shape(x)), known)
        items = [rest if isinstance(item, Lit) and item.value == -1 else item for item in items]
    return d.emit(op, x, Seq((d.size, *items)))


def _ravel(d: Directions, op: str, x: Arg, order: Arg) -> Operand:
    if constant(order) == "F":
        x = _transpose(d, "np.transpose", x, NONE)
    elif constant(order) != "C":
        raise NoRule
    return flat(d, x) if op != "rt.flatten" or d.rank(x) != 1 else d.emit("copy", x)


def _transpose(d: Directions, op: str, x: Arg, axes: Arg) -> Operand:
    order, r = constant(axes), d.rank(x)
    if order is None:
        if r < 2:
            return x  # type: ignore[return-value]
        if r == 2:
            return d.emit("np.swapaxes", x, Lit(-1), Lit(-2))
        order = tuple(range(r - 1, -1, -1))
    return d.emit(op, x, Lit((0, *(a % max(r, 1) + 1 for a in order))))


def _expand_dims(d: Directions, op: str, x: Arg, axis: Arg) -> Operand:
    return d.emit(op, x, Lit(shifted(constant(axis))))


def _squeeze(d: Directions, op: str, x: Arg, axis: Arg) -> Operand:
    along, type = constant(axis), type_of(x)
    if along is None:
        left = infer.squeezed(d.single(x), axis)
        if not isinstance(left, Array) or left.shape is None or not isinstance(type, Array) or type.shape is None:
            raise NoRule
        along = tuple(k - 1 for k, extent in enumerate(type.shape) if k and extent == 1)
    return d.emit(op, x, Lit(shifted(along)))


def _broadcast_to(d: Directions, op: str, x: Arg, shape: Arg) -> Operand:
    items = extents(d, shape)
    return d.emit(op, d.align(x, len(items)), Seq((d.size, *items)))


def _broadcast_like(d: Directions, op: str, g: Arg, like: Arg) -> Operand:
    return _fitted(d, op, g, like)


def _fitted(d: Directions, op: str, g: Arg, like: Arg) -> Operand:
    """g with the shape of `like`, by an operation that makes it so."""
    whole, own = d.spread(like), type_of(g)
    type = type_of(whole)
    assert isinstance(type, Array) and isinstance(own, (Array, Scalar))
    return d.emit(op, d.align(g, d.rank(like)), whole, type=Array(own.dtype, type.shape))


def _unbroadcast(d: Directions, op: str, g: Arg, like: Arg) -> Operand:
    if not d.batched(g):
        raise NoRule
    more = d.rank(g) - d.rank(like)
    if more > 0:
        g = d.emit("np.sum", g, Lit(every_axis(more)))
    return _fitted(d, op, g, like)


def _shaped_like(d: Directions, op: str, g: Arg, like: Arg, what: Arg) -> Operand:
    if not d.batched(g):
        raise NoRule
    return d.emit(op, g, d.spread(like), what)


def _at_least(n: int) -> Rule:
    def rule(d: Directions, op: str, x: Arg) -> Operand:
        r = d.rank(x)
        if r >= n:
            return x  # type: ignore[return-value]
        missing = {(1, 0): (NONE,), (2, 0): (NONE, NONE), (2, 1): (NONE,), (3, 0): (NONE,) * 3, (3, 1): (NONE, ALL, NONE),
                   (3, 2): (ALL, ALL, NONE)}[n, r]
        return d.emit("index", x, Seq((ALL, *missing)))

    return rule


def _contiguous(d: Directions, op: str, x: Arg) -> Operand:
    if d.rank(x) == 0:
        raise NoRule
    return x  # type: ignore[return-value]


def _flipped(axis: int) -> Rule:
    return lambda d, op, x: d.emit("np.flip", x, Lit(axis + 1))


def _roll(d: Directions, op: str, x: Arg, shift: Arg, axis: Arg) -> Operand:
    along, r = constant(axis), d.rank(x)
    if d.batched(shift):
        raise NoRule
    if along is not None:
        return d.emit(op, x, shift, Lit(shifted(along)))
    rolled = d.emit(op, flat(d, x), shift, Lit(1))
    return rolled if r == 1 else d.emit("np.reshape", rolled, Seq((d.size, *d.shape(x))))


def _tile(d: Directions, op: str, x: Arg, reps: Arg) -> Operand:
    count = len(extents(d, reps))
    return d.emit(op, d.align(x, count), reps)


def _tile_pull(d: Directions, op: str, g: Arg, x: Arg, reps: Arg) -> Operand:
    if len(extents(d, reps)) > d.rank(x):
        raise NoRule
    return d.emit(op, d.spread(g), d.spread(x), reps)


def _pad(d: Directions, op: str, x: Arg, width: Arg, *how: Arg) -> Operand:
    if any(map(d.batched, how)):
        raise NoRule
    return d.emit(op, x, _wider(d, x, width), *how)


def _pad_pull(d: Directions, op: str, g: Arg, x: Arg, width: Arg, *how: Arg) -> Operand:
    return d.emit(op, d.spread(g), d.spread(x), _wider(d, x, width), *how)


def _wider(d: Directions, x: Arg, width: Arg) -> Arg:
    """Widths of borders, none for the leading axis."""
    known = np.broadcast_to(np.asarray(constant(width)), (d.rank(x), 2))
    return Lit(((0, 0), *((int(a), int(b)) for a, b in known)))


batching(_reshape, "np.reshape")
batching(_ravel, "np.ravel", "rt.flatten")
batching(_transpose, "np.transpose")
batching(_expand_dims, "np.expand_dims")
batching(_squeeze, "np.squeeze")
batching(_broadcast_to, "np.broadcast_to")
batching(_broadcast_like, "rt.broadcast_like")
batching(_unbroadcast, "rt.unbroadcast")
batching(_shaped_like, "rt.shaped_like")
for _n in (1, 2, 3):
    batching(_at_least(_n), f"np.atleast_{_n}d")
batching(_contiguous, "np.ascontiguousarray", "np.asfortranarray")
batching(_flipped(1), "np.fliplr")
batching(_flipped(0), "np.flipud")
batching(_roll, "np.roll")
batching(_tile, "np.tile")
batching(_tile_pull, "rt.tile_pull")
batching(_pad, "np.pad")
batching(_pad_pull, "rt.pad_pull", "rt.repeated_pull")
batching(lambda d, op, x: x if d.rank(x) == 0 else d.emit("np.reshape", x, Seq((d.size,))), "rt.item")


def _diag(d: Directions, op: str, x: Arg, k: Arg) -> Operand:
    """A vector becomes a matrix, of a matrix its diagonal is taken."""
    if d.rank(x) == 2:
        return d.emit("np.diagonal", x, k, Lit(1), Lit(2))
    if constant(k) != 0:
        raise NoRule
    (n,) = d.shape(x)
    return d.emit("np.where", d.b.emit("np.eye", n, NONE, Lit(0), Lit(bool)), d.emit("index", x, Seq((ALL, NONE))), Lit(0.0))


def _trace(d: Directions, op: str, x: Arg, offset: Arg) -> Operand:
    if d.rank(x) != 2:
        raise NoRule
    return d.emit("np.sum", d.emit("np.diagonal", x, offset, Lit(1), Lit(2)), Lit(1))


batching(_diag, "np.diag")
batching(_trace, "np.trace")


# -- joining and splitting ---------------------------------------------------------------------------------------


def _items(d: Directions, arg: Arg) -> list[Operand] | None:
    """What is joined, all of it batched; None for a list that has grown in a loop, all of whose items are."""
    if isinstance(arg, Seq):
        return [d.spread(d.apply("np.array", item) if isinstance(item, Seq) and d.batched(item) else item) for item in arg.items]
    type = type_of(arg)
    if isinstance(type, Tuple):
        return [d.spread(d.b.emit("item", arg, Lit(k)) if not d.batched(arg) else d.emit("item", arg, Lit(k))) for k in range(len(type.items))]
    if isinstance(type, List):
        return None
    raise NoRule


def _joined(arg: Arg, items: list[Operand] | None) -> Arg:
    return arg if items is None else Seq(tuple(items))


def _concatenate(d: Directions, op: str, arrays: Arg, axis: Arg) -> Operand:
    along, items = constant(axis), _items(d, arrays)
    if along is None:
        if items is None:
            raise NoRule
        items, along = [flat(d, item) if d.rank(item) else d.emit("index", item, Seq((ALL, NONE))) for item in items], 0
    return d.emit("np.concatenate", _joined(arrays, items), Lit(shifted(along)))


def _stack(d: Directions, op: str, arrays: Arg, axis: Arg) -> Operand:
    return d.emit("np.stack", _joined(arrays, _items(d, arrays)), Lit(shifted(constant(axis))))


def _lines(d: Directions, op: str, arrays: Arg) -> Operand:
    """np.hstack, np.vstack and np.column_stack."""
    items = _items(d, arrays)
    if items is None:
        type = type_of(arrays)
        assert isinstance(type, List)
        r = (type_rank(type.element) or 0) - 1  # of one direction
        if r < 1:
            raise NoRule
        if r == 1 and op != "np.hstack":
            return d.emit("np.stack", arrays, Lit(1 if op == "np.vstack" else 2))
        return d.emit("np.concatenate", arrays, Lit(1 if r == 1 or op == "np.vstack" else 2))
    if op == "np.hstack":
        items = [d.apply("np.atleast_1d", item) for item in items]
        return d.emit("np.concatenate", Seq(tuple(items)), Lit(1 if all(d.rank(item) == 1 for item in items) else 2))
    if op == "np.vstack":
        return d.emit("np.concatenate", Seq(tuple(d.apply("np.atleast_2d", item) for item in items)), Lit(1))
    columns = [d.emit("index", d.apply("np.atleast_1d", item), Seq((ALL, ALL, NONE))) if d.rank(item) < 2 else item for item in items]
    return d.emit("np.concatenate", Seq(tuple(columns)), Lit(2))


def _append(d: Directions, op: str, arr: Arg, values: Arg, axis: Arg) -> Operand:
    return _concatenate(d, op, Seq((arr, values)), axis)


def _array(d: Directions, op: str, x: Arg, dtype: Arg, order: Arg) -> Operand:
    """np.array of nested sequences: item after item, behind the leading axis."""
    if isinstance(x, Seq):
        items = [_array(d, "np.array", item, NONE, order) if d.batched(item) else item if not isinstance(item, Seq)
                 else d.b.emit("np.array", item) for item in x.items]
        made = d.emit("np.stack", Seq(tuple(d.spread(item) for item in items)), Lit(1))
    elif isinstance(type_of(x), Array):
        made = x if op != "np.array" else d.emit("copy", x)  # type: ignore[assignment]
    elif isinstance(type_of(x), List) and isinstance(type_of(x).element, Array):  # type: ignore[union-attr]
        made = d.emit("np.stack", x, Lit(1))
    elif isinstance(type_of(x), List):
        depth, element = 0, type_of(x)
        while isinstance(element, List):
            depth, element = depth + 1, element.element
        if not isinstance(element, Array) or element.shape is None:
            raise NoRule
        whole = Array(element.dtype, (*(unknown_extent() for _ in range(depth)), *element.shape))
        made = d.emit("np.moveaxis", d.emit("np.array", x, type=whole), Lit(depth), Lit(0))
    else:
        raise NoRule
    wanted = constant(dtype)
    return made if wanted is None else d.emit("astype", made, Lit(str(np.dtype(wanted))))


def _split_lines(d: Directions, op: str, x: Arg, sections: Arg) -> Operand:
    """np.hsplit, np.vsplit and np.dsplit."""
    axis = 2 if op == "np.dsplit" else 0 if op == "np.vsplit" or d.rank(x) == 1 else 1
    return d.emit("np.split", x, sections, Lit(axis + 1))


def _unstack(d: Directions, op: str, g: Arg, axis: Arg, depth: Arg) -> Operand:
    """rt.unstack: the innermost elements have the leading axis."""
    along, deep, r = constant(axis), constant(depth), d.rank(g)
    if deep == 1:
        return d.emit(op, g, Lit(shifted(along)), depth)
    if deep != r or along != 0:
        raise NoRule
    return d.emit(op, d.emit("np.moveaxis", g, Lit(0), Lit(-1)), axis, depth)


def _cut(d: Directions, op: str, g: Arg, like: Arg, axis: Arg) -> Operand:
    along = constant(axis)
    if along is None:
        raise NoRule
    return d.emit(op, g, like if d.batched(like) else d.fresh(like), Lit(shifted(along)))


batching(_concatenate, "np.concatenate")
batching(_stack, "np.stack")
batching(_lines, "np.hstack", "np.vstack", "np.column_stack")
batching(_append, "np.append")
batching(_array, "np.array", "np.asarray", "np.asanyarray")
batching(_split_lines, "np.hsplit", "np.vsplit", "np.dsplit")
batching(_unstack, "rt.unstack")
batching(_cut, "rt.cut")
batching(lambda d, op, like, index, g: d.emit(op, like if d.batched(like) else d.fresh(like), index, g), "rt.one_hot")


# -- arrays that are made ----------------------------------------------------------------------------------------


def _full(d: Directions, op: str, shape: Arg, value: Arg, dtype: Arg, *order: Arg) -> Operand:
    items = extents(d, shape)
    return d.emit("np.full", Seq((d.size, *items)), d.align(value, len(items)), dtype)


def _full_like(d: Directions, op: str, like: Arg, value: Arg, *how: Arg) -> Operand:
    """np.full_like and rt.full_like."""
    type = type_of(like)
    if isinstance(type, List):
        whole, rank = d.fresh(like), type_rank(type.element)
        if rank is None or isinstance(type.element, (List, Tuple)):
            raise NoRule
        return d.emit(op, whole, d.align(value, rank - d.batched(like)), type=type_of(whole))
    dtype = how[0] if how and not (isinstance(how[0], Lit) and how[0].value is None) else Lit(type.dtype)  # type: ignore[union-attr]
    if how and not (isinstance(how[-1], Lit) and how[-1].value is None):
        return _full(d, op, how[-1], value, dtype)
    if d.batched(like) and not d.batched(value):
        return d.emit("np.full_like", like, value, *how)
    return d.emit("np.full_like", d.spread(like), d.align(value, d.rank(like)), dtype, Lit("C"))


def _linspace(d: Directions, op: str, start: Arg, stop: Arg, num: Arg, endpoint: Arg, dtype: Arg) -> Operand:
    r = max(d.rank(start), d.rank(stop))
    points = d.emit(op, d.align(start, r), d.align(stop, r), num, endpoint, dtype)
    return d.emit("np.swapaxes", points, Lit(0), Lit(1))


batching(_full, "np.full")
batching(_full_like, "np.full_like", "rt.full_like")
batching(_linspace, "np.linspace")


# -- what depends on shapes only ----------------------------------------------------------------------------------


def _shape(d: Directions, op: str, x: Arg) -> Operand:
    return d.b.emit("tuple", Seq(tuple(d.shape(x))))


def _size(d: Directions, op: str, x: Arg, axis: Arg) -> Operand:
    along = constant(axis)
    if along is None:
        return product(d, d.shape(x))
    found: Operand = d.shape(x)[along]
    return found


def _len(d: Directions, op: str, x: Arg) -> Operand:
    if isinstance(type_of(x), (List, Tuple)):
        return d.b.emit("len", x)
    return d.shape(x)[0]  # type: ignore[return-value]


# Parameters of which only the shape counts: where nothing else is batched, the result is the same in all directions.
LIKE = {
    **dict.fromkeys(("np.zeros_like", "np.ones_like", "np.empty_like", "np.full_like", "rt.tile_pull", "rt.repeat_pull", "rt.diff_pull", "rt.resize_pull", "rt.diagonal_pull",
                     "rt.pad_pull", "rt.repeated_pull", "rt.put_along", "rt.slopes_pull", "rt.convolve_pull", "rt.last_wins", "rt.mean_shares",
                     "rt.spread_axes"), "x"),
    **dict.fromkeys(("rt.unbroadcast", "rt.broadcast_like", "rt.shaped_like"), "like"),
    "rt.interp_pull": "fp", "rt.trapezoid_pull": "y",
}


def relevant(let: Let) -> tuple[Arg, ...]:
    """The arguments of which more than the shape counts."""
    name = LIKE.get(let.op)
    return let.args if name is None else tuple(arg for arg, param in zip(let.args, OPS[let.op].params) if param.name != name)


def of_shape(d: Directions, op: str, *args: Arg) -> Operand:
    """An operation of whose arguments only the one whose shape counts is batched: it is done once, for something of the shape of one direction."""
    k = param(op, LIKE[op])
    assert k is not None
    like = d.b.emit("rt.zeros_of_one", args[k])
    if op == "np.zeros_like" and all(map(is_none, (args[1], args[-1]))):
        d.zeros[like] = d.emit("np.zeros_like", args[k])
        return like
    return d.b.emit(op, *args[:k], like, *args[k + 1:])


SHAPES: dict[str, Rule] = {
    "np.shape": _shape,
    "np.size": _size,
    "len": _len,
    "np.ndim": lambda d, op, x: Lit(d.rank(x)),
    **dict.fromkeys(("np.iscomplexobj", "np.isrealobj", "np.result_type", "np.can_cast"), lambda d, op, *args: d.b.emit(op, *args)),
}


def result_is_single(op: str) -> bool:
    """Whether the result of an operation is the same in all directions, though its arguments are not: it depends on their shapes only."""
    return op in SHAPES
