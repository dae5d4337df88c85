"""Rows of reading and writing parts of arrays."""

from __future__ import annotations

from ...ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var
from ...ir.ops import OPS
from ...ir.probe import type_of
from ...ir.types import Array, Opaque, Scalar, Tuple, is_number, kind
from ...ir.types import rank as type_rank
from ..structure import _advanced_shape, broadcast, index_items, is_advanced
from .directions import ALL, NONE, CannotBatch, Directions, NoRule, batching, constant, elementwise, rule_of

INCREASING = frozenset({"np.arange"})  # what makes indices none of which repeats


def led(d: Directions, index: Arg) -> tuple[Arg, tuple[int, int] | None]:
    """An index with a full slice for the leading axis in front; and, where NumPy puts the axes of advanced indices first because they do
    not stand together, how many axes these make, and how many follow the leading axis after them (-1: not known)."""
    if d.batched(index):
        if any(isinstance(t, (Array, Scalar)) and t.dtype == "bool" for t in map(type_of, index_items(index))):
            raise CannotBatch("a mask that differs between directions")
        raise NoRule
    items = index_items(index)
    if isinstance(index, Var):
        if isinstance(index.type, Tuple):
            items = tuple(d.b.emit("item", index, Lit(k)) for k in range(len(index.type.items)))
        elif isinstance(index.type, Opaque) and index.type.name != "slice":
            raise NoRule
    if any((isinstance(t := type_of(item), Scalar) and t.dtype == "bool") or (isinstance(t, Array) and t.shape == ()) or
           (isinstance(item, Var) and isinstance(t, Opaque) and t.name != "slice") for item in items):
        raise NoRule
    return Seq((ALL, *items)), _separated(items)


def _separated(items: tuple[Arg, ...]) -> tuple[int, int] | None:
    if not any(map(is_advanced, items)):
        return None
    kinds = ["slice" if isinstance(item, Slice) or (isinstance(item, Lit) and (item.value is None or item.value is Ellipsis or isinstance(item.value, slice)))
             or isinstance(type_of(item), Opaque) else "index" for item in items]
    first, last = kinds.index("index"), len(kinds) - 1 - kinds[::-1].index("index")
    if "slice" not in kinds[first:last + 1]:
        return None
    shapes = [_advanced_shape(item) for item, what in zip(items, kinds) if what == "index"]
    return len(broadcast(*shapes)), 0


def _index(d: Directions, op: str, x: Arg, index: Arg) -> Operand:
    type = type_of(x)
    if not isinstance(type, Array) or not d.batched(x):
        raise NoRule
    whole, apart = led(d, index)
    if type.shape is None:
        raise NoRule
    part = d.emit("index", x, whole)
    return part if apart is None else d.emit("np.moveaxis", part, Lit(apart[0]), Lit(0))


def _write(d: Directions, op: str, array: Arg, path: Arg, value: Arg) -> Operand:
    """store, iadd, add_at ...: each step of the path passes the leading axis by."""
    assert isinstance(path, Seq)
    if isinstance(value, Seq):
        value = d.apply("np.array", value, NONE, Lit("K")) if d.batched(value) else value
    whole = d.fresh(array)
    type = type_of(whole)
    if not isinstance(type, Array) or type.shape is None:
        raise NoRule
    steps: list[Arg] = []
    view = Var(type)  # stands for the part that the steps so far lead to, in all directions
    d.on.add(view)
    for n, step in enumerate(path.items):
        assert isinstance(step, Seq) and isinstance(step.items[0], Lit)
        name, detail = step.items[0].value, step.items[1]
        last = n == len(path.items) - 1
        if name in ("reshape", "flat"):
            return _write_reshaped(d, op, whole, steps, Lit(-1) if name == "flat" else detail, Seq(path.items[n + 1:]), value)
        if name == "index":
            index, apart = led(d, detail)
            steps.append(Seq((Lit("index"), index)))
            view = _seen(d, "index", view, index)
            if apart is not None and not last:
                raise NoRule
            if last:
                value = _value(d, value, d.rank(view), apart)
        elif name == "T":
            r = d.rank(view)
            axes = constant(detail)
            order = tuple(range(r - 1, -1, -1)) if axes is None else tuple(a % r for a in axes)
            steps.append(Seq((Lit("T"), Lit((0, *(a + 1 for a in order))))))
            view = _seen(d, "np.transpose", view, Lit((0, *(a + 1 for a in order))))
        elif name == "item":
            steps.append(step)
            view = _seen(d, "item", view, detail)
        else:
            assert isinstance(detail, Seq)
            name, args, view = _view_step(d, name, view, detail.items)
            if args is not None:
                steps.append(Seq((Lit(name), Seq(args))))
    only = _only_index(d, path)
    if op in ("add_at", "sub_at") and only is not None and d.rank(whole) == 1 and isinstance(value, Var) and d.batched(value):
        return d.emit("rt.add_at_all", whole, only, value if op == "add_at" else d.emit("neg", value))
    return d.emit(op, whole, Seq(tuple(steps)), value)


def _only_index(d: Directions, path: Seq) -> Var | None:
    """The vector of integers that a path consists of, if they may repeat."""
    if len(path.items) != 1:
        return None
    step = path.items[0]
    assert isinstance(step, Seq)
    items = index_items(step.items[1])
    index = items[0] if len(items) == 1 else None
    if not isinstance(index, Var) or not isinstance(index.type, Array) or kind(index.type.dtype) not in "iu" or type_rank(index.type) != 1:
        return None
    made = d.b.made.get(index)
    return None if made is not None and made.op in INCREASING else index


def _seen(d: Directions, op: str, view: Var, detail: Arg) -> Var:
    """What a step leads to: only its type means anything."""
    with d.b.block():
        seen = d.emit(op, view, detail)
    assert isinstance(seen, Var)
    return seen


def _view_step(d: Directions, name: str, view: Var, args: tuple[Arg, ...]) -> tuple[str, tuple[Arg, ...] | None, Var]:
    """An operation that gives a view, for all directions: its name and further arguments (None: there is nothing to be done), and
    what it leads to."""
    rule = rule_of(name)
    if rule is None:
        raise NoRule
    with d.b.block() as made:
        seen = rule(d, name, view, *args)
    if seen is view:
        return name, None, view
    let = made[0] if len(made) == 1 else None
    if not isinstance(let, Let) or let.out is not seen or let.args[0] is not view or 0 not in OPS[let.op].views or let.op in ("index", "np.reshape"):
        raise NoRule
    assert isinstance(seen, Var)
    return let.op, let.args[1:], seen


def _value(d: Directions, value: Arg, rank: int | None, apart: tuple[int, int] | None) -> Arg:
    """What is written, such that each direction of it goes into the part of that direction, which has `rank` axes."""
    if rank is None:
        raise NoRule
    if not is_number(type_of(value)):
        if apart is not None:
            raise NoRule
        return value
    own = d.rank(value)
    if own > rank:
        raise NoRule
    if apart is None:
        return d.align(value, rank)
    if d.batched(value):
        return d.emit("np.moveaxis", d.align(value, rank), Lit(0), Lit(apart[0]))
    rest = rank - apart[0]  # axes behind those of the advanced indices
    if own <= rest:
        return value
    return d.b.emit("index", value, Seq((*(ALL,) * (own - rest), NONE)))


def _write_reshaped(d: Directions, op: str, array: Operand, steps: list[Arg], shape: Arg, rest: Seq, value: Arg) -> Operand:
    """A part is seen in another shape: it is reshaped, written, and reshaped back."""
    part = array
    for step in steps:
        assert isinstance(step, Seq) and isinstance(step.items[0], Lit)
        part = d.emit({"index": "index", "T": "np.transpose"}[step.items[0].value], part, step.items[1])
    inner = _write(d, op, d.apply("np.reshape", part, shape, Lit("C")), rest, value)
    back = d.emit("np.reshape", inner, d.b.emit("np.shape", part)) if inner is not part else inner
    if not steps:
        return back
    return d.emit("store", array, Seq((*steps, Seq((Lit("index"), Lit(Ellipsis))))), back)


def _accumulate(d: Directions, op: str, total: Arg, value: Arg) -> Operand:
    """Sums and products that may be made in place, if the total is batched."""
    plain = {"accum": "+", "accum_neg": "-", "scale": "*", "shrink": "/"}[op]
    if d.batched(total) and d.rank(value) <= d.rank(total):
        return d.emit(op, total, d.align(value, d.rank(total)))
    return elementwise(d, plain, total, value)


def _last_wins(d: Directions, op: str, x: Arg, index: Arg, g: Arg) -> Operand:
    """Which elements win is the same in all directions."""
    if d.batched(index) or not d.batched(g):
        raise NoRule
    like = d.b.emit("np.empty", Seq(tuple(d.shape(x)))) if d.batched(x) else x
    of = d.type_of_one(type_of(g))
    assert isinstance(of, Array)
    wins = d.b.emit(op, like, index, d.b.emit("np.ones", Seq(tuple(d.shape(g)))), type=Array("float64", of.shape))
    return d.emit("np.where", d.b.emit("!=", wins, Lit(0.0)), g, Lit(0.0))


batching(_index, "index")
batching(_write, "store", "iadd", "isub", "add_at", "sub_at", "mul_at", "div_at", "max_at", "min_at")
batching(_accumulate, "accum", "accum_neg", "scale", "shrink")
batching(_last_wins, "rt.last_wins")
