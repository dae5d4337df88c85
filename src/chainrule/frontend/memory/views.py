"""Call -> reference: functions and attributes whose result is a view of their first argument.

What a view sees is in the rows (`rules.views`). Here the path is put onto the reference, so that a write through either name
is seen through the other. A view that is one only where the array lies in one piece is one here if the array is known to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var
from ...ir.ops import OPS
from ...ir.types import Array, List, Opaque, Scalar, kind, rank, shape
from ...rules import registry
from ...rules.indexing import write_part
from ...rules.structure import infer_index, is_basic
from ..execution.places import path_vars
from ..execution.state import slots
from ..execution.values import Items, Lazy, ListV, Num, Ref, Select, Static, Step, TupleV, Value

if TYPE_CHECKING:
    from ..calling.calls import Calls
    from ..constructs.expressions import Expressions
    from ..execution.machine import Machine

FLAT = Step("flat", Lit(None))


def view_of(m: Expressions, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """The result of a call as a view of its first argument; None if it is not one, or nobody knows."""
    row = registry.row(name)
    if row is None or row.view is None or not args:
        return None
    array = args[0]
    if isinstance(row.view, registry.Each):
        if not all(m.is_number(a) for a in args) or keywords:
            return None
        common = m.call_op(row.view.shape, (Seq(tuple(m.operand(m.shape(a)) for a in args)),))
        return TupleV(tuple(m.call_row(row.view.op, (a, common), {}) for a in args))
    if isinstance(array, Select) and m.is_number(array):
        return _of_either(m, array, lambda side: view_of(m, name, (side, *args[1:]), keywords))
    if is_flat(array) or not isinstance(array, (Ref, Num, Static, TupleV, ListV)):
        return None
    try:
        bound = registry.bind(name, tuple(m.row_operand(a) for a in args), {k: m.row_operand(v) for k, v in keywords.items()})
    except registry.RowError:
        return None  # said where the operation is called
    bound = m.make_static(name, bound)
    if not isinstance(array, Ref):  # a list of numbers, or a number, of which an array is made
        return m.call_op(name, bound) if not isinstance(type_of(bound[0]), (Array, List, Opaque)) else None
    found = registry.view(name, bound)
    if found is registry.NEW:
        return m.call_op(name, bound)
    if isinstance(found, registry.InOnePiece):
        if in_one_piece(m, seen(array, found.of)):
            return seen(array, found.path)
        m.layout_matters = True  # it is asked for where it decides
        return seen(array, found.path) if shared_in_this_call(m, name, bound, array) else None
    if isinstance(found, registry.Parts):
        return ListV(m.new(Items(tuple(seen(array, path) for path in found.paths))))
    return None if found is None else seen(array, found)


class _NoView(Exception):
    """One of two arrays gives no view."""


def _of_either(m: Expressions, array: Select, view: Callable[[Value], Value | None]) -> Value | None:
    """The view of one of two arrays, where both have one; of one that exists on its path only, it is taken on that path."""

    def side(value: Value) -> Value:
        found = view(value)
        if not isinstance(found, (Ref, Select)):
            raise _NoView
        return found

    state = m.state
    try:
        if any(m.is_undefined_here(m.state.heap.get(slot)) for slot in slots(array)):
            return m.choose(array.condition, lambda: side(array.then), lambda: side(array.orelse))
        return Select(array.condition, side(array.then), side(array.orelse))
    except _NoView:
        m.state = state
        return None


def shared_in_this_call(m: Expressions, name: str, bound: tuple[Arg, ...], array: Ref) -> bool:
    """Whether the result shares memory with the array in the call for which the program is made, if it is made for one."""
    if m.witness is None:
        return False
    result, operand = m.b.emit(name, *bound), m.operand(array)
    known = isinstance(result, Var) and result in m.witness.env and isinstance(operand, Var) and m.witness.knows(operand)
    if not known:
        return False
    lies_as_now(m, array)
    return m.shares(result, array)  # type: ignore[arg-type]


def lies_as_now(m: Machine, array: Ref) -> None:
    """Have the program serve only calls in which what a reference sees lies in memory as it does in this one."""
    m.by_layout = True
    m.decide(Num(m.b.emit("np.shape", m.read(Ref(array.slot)))), "the shape of an array")
    for var in path_vars(array):
        m.decide(Num(var), "an index")


def seen(array: Ref, path: registry.Path) -> Ref:
    """What a path leads to from an array."""
    return Ref(array.slot, (*array.path, *(Step(kind, detail) for kind, detail in path)))


def in_one_piece(m: Machine, array: Value) -> bool:
    """Whether the elements of an array are known to follow each other in memory, in C order."""
    if isinstance(array, Select):
        return in_one_piece(m, array.then) and in_one_piece(m, array.orelse)
    return isinstance(array, Ref) and array.slot in m.state.owned and is_one_piece(m, array)


def is_one_piece(m: Machine, array: Ref) -> bool:
    """Whether what a reference sees is in one piece if its whole array is."""
    left = rank(m.type(Ref(array.slot)))
    if left is None:
        return False
    for step in array.path:
        if step.kind == "reshape":
            seen_rank = rank(m.type(Ref(array.slot, array.path[:array.path.index(step) + 1])))
            if seen_rank is None:
                return False
            left = seen_rank
        elif step.kind == "index" and is_basic(step.detail):
            kept = _leading(step.detail, left)
            if kept is None:
                return False
            left = kept
        elif not (step.kind == "T" and left <= 1):
            return False
    return True


def note_order(m: Machine, name: str, result: Value, args: tuple[Value, ...]) -> Value:
    """The result of an operation; arithmetic on arrays that lie in one piece gives one that does."""
    row = registry.row(name)
    if isinstance(result, Ref) and not result.path and row is not None and not OPS[name].views:
        order = asked_order(name, m.b.made.get(m.read(result)))  # type: ignore[arg-type]
        dimensions = rank(m.type(result))
        if dimensions is not None and (dimensions < 2 or order == "C" or (order == "K" and all(in_one_piece(m, a) for a in args if _is_array(m, a)))):
            m.state.owned.add(result.slot)
    return result


def asked_order(name: str, let: Let | None) -> str:
    """The memory order of what an operation makes: "C", "K" for that of its arguments, "" for another one."""
    row = registry.row(name)
    if name == "copy":
        return "C"
    if row is not None and row.kind in ("elementwise", "pointwise"):
        return "K"
    at = next((n for n, param in enumerate(OPS[name].params) if param.name == "order"), None)
    if at is None or let is None:
        return ""
    asked = let.args[at].value if isinstance(let.args[at], Lit) else None  # type: ignore[union-attr]
    return {"C": "C", "K": "K", "A": "K"}.get(str(asked).upper(), "")


def _is_array(m: Machine, value: Value) -> bool:
    return isinstance(value, (Ref, Select)) or isinstance(m.type(value), Array)


def _leading(index: Arg, axes: int) -> int | None:
    """The number of axes that an index leaves, if what it selects is in one piece: numbers, then at most one slice, then whole axes."""
    items = list(index.items if isinstance(index, Seq) and index.kind == "tuple" else (index,))
    started = False  # behind the first axis that is kept
    left = axes
    for item in items:
        if isinstance(item, Lit) and (item.value is None or item.value is Ellipsis):
            left += item.value is None
            started = started or item.value is Ellipsis
            continue
        slice_ = _parts(item)
        if slice_ is None:
            if started:
                return None
            left -= 1
        elif slice_ != (None, None, None):
            if started or slice_[2] not in (None, 1):
                return None
            started = True
        else:
            started = True
    return left


def _parts(item: Arg) -> tuple[Any, Any, Any] | None:
    if isinstance(item, Slice):
        start, stop, step = (part.value if isinstance(part, Lit) else part for part in (item.start, item.stop, item.step))
        return start, stop, step
    if isinstance(item, Lit) and isinstance(item.value, slice):
        return item.value.start, item.value.stop, item.value.step
    return None


# -- writing through reshapes --------------------------------------------------------------------------------


def written(m: Machine, old: Operand, ref: Ref, index: Arg, value: Arg, op: str, hint: str | None) -> Operand:
    """The contents of an array after a write into what a reference sees.

    What a reshape gives is written as a view only where it is one however the array lies in memory: where the program that is made writes
    into a copy of the array, that copy need not lie as the array does.
    """
    safe = all(step.kind != "reshape" or _is_always_view(m, Ref(ref.slot, ref.path[:n])) for n, step in enumerate(ref.path))
    path = ref.path
    if not safe and _is_flattened(path[-1]) and op in ("store", "iadd", "isub") and rank(type_of(value)) == 0 and _is_simple(index):
        path = (*path[:-1], FLAT)  # one element after the other, wherever it lies
        safe = all(step.kind != "reshape" or _is_always_view(m, Ref(ref.slot, path[:n])) for n, step in enumerate(path))
    steps = Seq((*(step.arg() for step in path), Step("index", index).arg()))
    return m.b.emit(op, old, steps, value, hint=hint) if safe else write_part(m.b, op, old, steps, value, hint)


def _is_always_view(m: Machine, array: Ref) -> bool:
    dimensions = rank(m.type(array))
    return (dimensions is not None and dimensions < 2) or in_one_piece(m, array)


def _is_flattened(step: Step) -> bool:
    return step.kind == "reshape" and isinstance(step.detail, Lit) and step.detail.value in (-1, (-1,))


def _is_simple(index: Arg) -> bool:
    type = type_of(index)
    return isinstance(type, Scalar) and kind(type.dtype) in "iu"


# -- attributes --------------------------------------------------------------------------------------------


def attribute(m: Expressions, owner: Value, name: str) -> Value | None:
    """`.real`, `.imag`, `.mT` and `.flat` of an array; None for anything else."""
    if name == "flat":
        return Lazy("flat", (owner,)) if isinstance(type_of(m.operand(owner)), Array) else None
    operation = registry.ATTRIBUTES.get(name)
    return view_of(m, operation, (owner,), {}) if operation is not None else None


def set_attribute(m: Calls, owner: Value, name: str, value: Value) -> bool:
    """`a.flat = v`, `z.real = v`, `z.imag = v`; False for other attributes."""
    if name not in ("flat", "real", "imag") or not isinstance(type_of(m.operand(owner)), Array):
        return False
    part = attribute(m, owner, name)
    if part is None:
        return False
    m.set_item(part, Static(Ellipsis), value, m.node)  # type: ignore[arg-type]
    return True


# -- the flat iterator -------------------------------------------------------------------------------------


def unrolled(value: Value) -> Value:
    """`a.flat` as an array of one axis whose path ends in a step of its own; other values as they are."""
    if not (isinstance(value, Lazy) and value.kind == "flat"):
        return value
    owner = value.parts[0]
    if isinstance(owner, Select):
        return Select(owner.condition, unrolled(Lazy("flat", (owner.then,))), unrolled(Lazy("flat", (owner.orelse,))))
    assert isinstance(owner, Ref)
    return Ref(owner.slot, (*owner.path, FLAT))


def is_flat(value: Value) -> bool:
    """Whether a reference is that of a flat iterator: what is read from it by an index is a copy."""
    return isinstance(value, Ref) and value.path[-1:] == (FLAT,)


def fitted(m: Machine, ref: Ref, index: Any, value: Any) -> Any:
    """What `a.flat[index] = value` writes: the elements of the value in turn, as many as there are places."""
    own = shape(type_of(value))
    if own == ():
        return value
    place = infer_index(m.read(ref), index)
    if isinstance(place, Array) and place.shape is not None and own == place.shape:
        return value
    size = m.b.emit("np.size", m.b.emit("index", m.read(ref), index))
    return m.b.emit("np.resize", value, size)


__all__ = ["FLAT", "attribute", "fitted", "in_one_piece", "is_flat", "note_order", "seen", "set_attribute", "unrolled", "view_of"]
