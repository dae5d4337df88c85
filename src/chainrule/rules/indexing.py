"""The derivative side of the structural operations: reading, writing, and lists that grow.

The adjoint of a store is a read, and zero where the old contents went: `u' = store(u, path, v)` gives
`v_bar += u'_bar[path]` and `u_bar = store(u'_bar, path, 0)`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ir.build import Builder, inverse_index
from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var
from ..ir.probe import type_of
from ..ir.types import Array, List, Tuple, rank
from .call import Call
from .infer import along, one_of
from .structure import is_full, may_repeat
from .table import RowError, linear, structural, zero


def _wanted(arg: Arg, call: Call) -> Var | None:
    return arg if isinstance(arg, Var) and call.active(arg) else None


def _index(let: Let, call: Call) -> None:
    x = _wanted(let.args[0], call)
    if x is None:
        return
    if isinstance(x.type, List):
        call.add_to_list(x, call.operand(1), call.full())
        return
    if isinstance(x.type, Tuple):
        raise RowError("an index into a tuple has to be known at compile time", "its items have types of their own")
    inverse = inverse_index(let.args[1])
    if inverse is not None:  # nothing is selected: a reshape, and its transpose takes the new axes away
        call.add(x, call.b.emit("index", call.full(), Seq(tuple(Lit(slice(None) if item == ":" else item) for item in inverse))))
        return
    call.add_at(x, (("index", call.operand(1)),), call.kept)  # broadcast by the addition


def _steps(path: Arg) -> list[tuple[str, Arg]]:
    assert isinstance(path, Seq)
    steps = []
    for step in path.items:
        assert isinstance(step, Seq) and isinstance(step.items[0], Lit)
        steps.append((str(step.items[0].value), step.items[1]))
    return steps


def _view(call: Call, g: Operand, steps: list[tuple[str, Arg]], primal: bool = False) -> Operand:
    """What a path leads to in a cotangent, or in the array itself (`primal`), as a read."""
    for step, detail in steps:
        g = _seen(call.b, g, step, detail)
        if step == "np.imag" and not primal:  # the cotangent of x + iy is that of x, minus i times that of y
            g = call.b.emit("neg", g)
    return g


def _seen(b: Builder, array: Operand, step: str, detail: Arg) -> Operand:
    """One step of a path, as a read."""
    names = {"index": "index", "T": "np.transpose", "reshape": "np.reshape", "item": "item"}
    if step == "flat":
        return b.emit("np.reshape", array, Lit(-1))
    if step in names:
        return b.emit(names[step], array, detail)
    assert isinstance(detail, Seq)
    return b.emit(step, array, *detail.items)


def write_part(b: Builder, op: str, array: Operand, path: Arg, value: Arg, hint: str | None = None) -> Operand:
    """Write into the part of a cotangent that a path leads to. What is a reshaped view of an array need not be one of its cotangent,
    which may lie in memory otherwise; so the cotangent is reshaped, written, and reshaped back."""
    assert isinstance(path, Seq)
    part, at = array, 0
    steps = _steps(path)[:-1]
    while at < len(steps) and not (steps[at][0] == "reshape" and (rank(type_of(part)) or 2) > 1):  # what has one axis is seen in any shape
        part, at = _seen(b, part, *steps[at]), at + 1
    if at == len(steps):
        return b.emit(op, array, path, value, hint=hint)
    around, new_shape = Seq(path.items[:at]), steps[at][1]
    inner = write_part(b, op, b.emit("np.reshape", part, new_shape), Seq(path.items[at + 1:]), value)
    back = b.emit("np.reshape", inner, b.emit("np.shape", part), hint=None if around.items else hint)
    if not around.items:
        return back
    return b.emit("store", array, Seq((*around.items, Seq((Lit("index"), Lit(Ellipsis))))), back, hint=hint)


def _is_whole(path: Arg, call: Call) -> bool:
    """Whether a path leads to all of an array: `u[...]` or `u[:, :]`."""
    steps = _steps(path)
    return len(steps) == 1 and is_full(steps[0][1]) and isinstance(call.type(0), Array)


def _read(call: Call, path: Arg, g: Operand) -> Operand:
    """The cotangent of a value that was written; of repeated indices only the last one was."""
    if _is_whole(path, call):
        return g
    steps = _steps(path)
    view = _view(call, g, steps[:-1])
    if len(steps) > 1 and is_full(steps[-1][1]):
        return view
    part = call.b.emit("index", view, steps[-1][1])
    if may_repeat(steps[-1][1]):
        part = call.b.emit("rt.last_wins", view, steps[-1][1], part)
    return part


def _store(let: Let, call: Call) -> None:
    array, _, value = let.args
    u, v = _wanted(array, call), _wanted(value, call)
    if u is None and v is None:
        return
    g, path = call.full(), call.operand(1)
    if v is not None:
        call.add(v, _read(call, path, g))
    if u is not None and not _is_whole(path, call):
        call.erase(u, path)


def _update(let: Let, call: Call) -> None:
    """iadd and isub: the old contents get the cotangent, the value the part that it was added to."""
    array, _, value = let.args
    u, v = _wanted(array, call), _wanted(value, call)
    if v is not None:
        part = _read(call, call.operand(1), call.full())
        if let.op == "isub":
            call.subtract(v, part)
        else:
            call.add(v, part)
    if u is not None:
        call.add(u, call.full())


def _scatter(let: Let, call: Call) -> None:
    """add_at and sub_at: every element of the value counts."""
    array, _, value = let.args
    u, v = _wanted(array, call), _wanted(value, call)
    if v is not None:
        part = _view(call, call.full(), _steps(call.operand(1)))
        if let.op == "sub_at":
            call.subtract(v, part)
        else:
            call.add(v, part)
    if u is not None:
        call.add(u, call.full())


def _accumulate(let: Let, call: Call) -> None:
    total, value = let.args
    for arg, minus in ((total, False), (value, let.op == "accum_neg")):
        var = _wanted(arg, call)
        if var is not None:
            if minus:
                call.subtract(var, call.full())
            else:
                call.add(var, call.full())


def _copy(let: Let, call: Call) -> None:
    x = _wanted(let.args[0], call)
    if x is not None:
        call.add(x, call.cotangent, broadcast=True)


def _spread(arg: Arg, call: Call, g: Callable[[], Operand]) -> None:
    """Add an adjoint to what an element of a list is: a value, or a tuple or list of values."""
    if isinstance(arg, Var):
        if call.active(arg):
            call.add(arg, g())
    elif isinstance(arg, Seq):
        for n, item in enumerate(arg.items):
            _spread(item, call, lambda n=n: call.b.emit("item" if isinstance(type_of(g()), Tuple) else "list_item", g(), n))  # type: ignore[misc]


def _append(let: Let, call: Call) -> None:
    items, value = let.args
    g = call.full()
    _spread(value, call, lambda: call.b.emit("list_item", g, Lit(-1)))
    u = _wanted(items, call)
    if u is not None:
        call.add(u, call.b.emit("list_drop", g))


def _list(let: Let, call: Call) -> None:
    arg = let.args[0]
    if isinstance(arg, Seq):
        for i, item in enumerate(arg.items):
            _spread(item, call, lambda i=i: call.b.emit("list_item", call.full(), Lit(i)))  # type: ignore[misc]
    else:
        raise RowError("list() of a value whose length is not known is not supported")


def _list_item(let: Let, call: Call) -> None:
    u = _wanted(let.args[0], call)
    if u is not None:
        call.add_to_list(u, call.operand(1), call.full())


def _list_set(let: Let, call: Call) -> None:
    items, _, value = let.args
    g = call.full()
    u = _wanted(items, call)
    part = call.b.emit("list_item", g, call.operand(1))
    _spread(value, call, lambda: part)
    if u is not None:
        call.add(u, call.b.emit("list_set", g, call.operand(1), call.b.emit("rt.zeros_like", part, type=type_of(part))))


def _list_drop(let: Let, call: Call) -> None:
    u = _wanted(let.args[0], call)
    if u is not None:
        assert isinstance(u.type, List)
        last = call.b.emit("list_item", call.like(u), Lit(-1))
        call.add(u, call.b.emit("append", call.full(), call.b.emit("rt.zeros_like", last, type=u.type.element)))


def _list_slice(let: Let, call: Call) -> None:
    u = _wanted(let.args[0], call)
    if u is not None:
        call.add(u, call.b.emit("rt.one_hot", call.like(u), call.operand(1), call.full(), type=u.type))


structural("index", _index, constant=("index",), masks=True, linear="together")
structural("store", _store, constant=("path",), masks=True, linear="together")
structural("iadd", _update, constant=("path",), linear="together")
structural("isub", _update, constant=("path",), linear="together")
structural("add_at", _scatter, constant=("path",), linear="together")
structural("sub_at", _scatter, constant=("path",), linear="together")
structural("accum", _accumulate, linear="together")
structural("accum_neg", _accumulate, linear="together")
structural("copy", _copy, linear="together")
structural("append", _append, linear="together")
structural("list", _list, linear="together")
structural("list_item", _list_item, constant=("index",), linear="together")
structural("list_set", _list_set, constant=("index",), linear="together")
structural("list_drop", _list_drop, linear="together")
structural("list_slice", _list_slice, constant=("index",), linear="together")
zero("empty_list", "push", "pop")

# what the reverse transform itself emits
linear("rt.unbroadcast(g, like) -> y", op={"views": (0,)}, g="rt.broadcast_like(y_bar, like(g))", like="0.0")
linear("rt.broadcast_like(g, like) -> y", op={"views": (0,)}, g="rt.unbroadcast(y_bar, like(g))", like="0.0")
SAME = {"infer": lambda x, *_: type_of(x)}
linear("rt.add_lists(x, y) -> z", x="z_bar", y="z_bar", op=SAME)
zero("rt.zeros_like(x)", op=SAME)
linear("rt.one_hot(like, index, g) -> y", op=SAME, like="0.0", index="0.0", g="y_bar[index]")
linear("rt.along(x, count) -> y", op={"views": (0,), "infer": along}, x="np.sum(y_bar, axis=0)", count="0.0")
zero("rt.zeros_along(x, count)", op={"fresh": True, "infer": along})
zero("rt.zeros_of_one(x)", op={"fresh": True, "infer": one_of})
linear("rt.last_wins(x, index, g) -> y", x="0.0", index="0.0", g="rt.last_wins(like(x), index, y_bar)")


def _take(let: Let, call: Call) -> None:
    x = _wanted(let.args[0], call)
    if x is None:
        return
    axis = let.args[2]
    if not isinstance(axis, Lit):
        raise RowError("the axis of np.take has to be known at compile time", "its rule depends on it", "pass a constant")
    index = call.operand(1)
    ndim = rank(x.type)
    if axis.value is None and ndim != 1:
        flat = call.b.emit("np.zeros", call.b.emit("np.size", call.like(x)), Lit(x.type.dtype))  # type: ignore[union-attr]
        parts = call.b.emit("add_at", flat, Seq((Seq((Lit("index"), index)),)), call.full())
        call.add(x, call.b.emit("np.reshape", parts, call.b.emit("np.shape", call.like(x))))
        return
    place = 0 if axis.value is None else axis.value
    if place < 0:
        if ndim is None:
            raise RowError("np.take along a negative axis of an array of unknown rank")
        place += ndim
    items = (*(Slice(Lit(None), Lit(None), Lit(None)),) * place, index)
    call.add_at(x, (("index", Seq(items) if place else index),), call.full())


structural("np.take(a, indices, axis=None) -> y", _take, constant=("indices",), masks=True, linear="together")

__all__ = ["Array"]
