"""Calls of functions that have a row: what is given becomes operands, and the result a value."""
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...ir.nodes import Arg, Lit, Seq, Var
from ...ir.ops import OPS
from ...ir.types import differentiable
from ...rules import registry
from ..execution.values import (
    IteratorV,
    Lazy,
    ListV,
    Num,
    Range,
    Static,
    TupleV,
    Value,
)
from ..memory import orders, views, writes
from ..objects import overloads

if TYPE_CHECKING:
    from .calls import Calls

def call_row(m: Calls, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """Call a function that has a row."""
    if not name.startswith("np."):
        args = tuple(m.collect(a) if isinstance(a, IteratorV) else a for a in args)
    written = writes.with_out(m, name, args, keywords)
    if written is not None:
        return written
    if registry.of_arrays(name) and registry.carries(name):
        args = tuple(m.as_arrays(name, a) for a in args)
        keywords = {key: m.as_arrays(name, value) for key, value in keywords.items()}
    if name in registry.IN_MEMORY_ORDER:
        args, keywords = orders.settled(m, name, args, keywords)
    view = views.view_of(m, name, args, keywords)
    if view is not None:
        return view
    row = registry.row(name)
    if not registry.takes_lists(name):
        args = tuple(m.as_array(a) if isinstance(a, ListV) and isinstance(m.state.heap[a.slot], Var) else a for a in args)
    if row is not None and row.kind in ("elementwise", "pointwise") and name not in ("min", "max"):
        args = tuple(m.as_array(a) for a in args)
    try:
        bound = registry.bind(name, tuple(m.row_operand(a) for a in args), {k: m.row_operand(v) for k, v in keywords.items()})
    except registry.RowError as error:
        m.refuse(error.what, error.why, error.remedy)
    bound = m.make_static(name, bound)
    bound = tuple(arrayed(m, a, registry.arrays_at(name, k)) for k, a in enumerate(bound))
    return views.note_order(m, name, m.call_op(name, bound, tuple(args)), tuple(args))


def as_array(m: Calls, value: Value) -> Value:
    if isinstance(value, (TupleV, ListV)) and isinstance(operand := m.operand(value), (Seq, Var)):
        return m.wrap(m.b.emit("np.array", operand))
    return value


def arrayed(m: Calls, arg: Arg, depth: int | None) -> Arg:
    """A list of constants as an array; at depth 1, such lists in a sequence."""
    if depth is None or not isinstance(arg, Seq):
        return arg
    return replace(arg, items=tuple(arrayed(m, item, depth - 1) for item in arg.items)) if depth else m.b.emit("np.array", arg)


def as_arrays(m: Calls, name: str, value: Value) -> Value:
    """A list or tuple that holds floats, as the array that NumPy makes of it; for what joins arrays, its lists and tuples as arrays."""
    if not isinstance(value, (TupleV, ListV)) or not holds_floats(m, value):
        return value
    if not registry.takes_lists(name):
        return m.as_array(replace(value, cls=None, whole=None) if isinstance(value, TupleV) else value)
    if not registry.joins(name):
        return value
    items = m.known_items(value)
    return value if items is None else TupleV(tuple(map(m.as_array, items)))


def holds_floats(m: Calls, value: Value) -> bool:
    """Whether a value is, or holds, a number or an array that may carry a derivative."""
    if isinstance(value, ListV) and isinstance(m.state.heap[value.slot], Var):
        return True
    if isinstance(value, (TupleV, ListV)):
        return any(holds_floats(m, item) for item in m.known_items(value) or ())
    return not isinstance(value, Static) and m.is_number(value) and differentiable(m.type(value))


def row_operand(m: Calls, value: Value) -> Arg:
    overloads.reject_object(m, value, "a function of NumPy")
    if isinstance(value, IteratorV):
        m.refuse("an iterator is passed to a function of NumPy", "NumPy makes an array of one object of it", "make a list of it first")
    value = views.unrolled(value)
    if isinstance(value, (Range, Lazy)):
        return Seq(tuple(m.operand(item) for item in m.iterate(value)), "list")
    return m.operand(value)


def make_static(m: Calls, name: str, args: tuple[Arg, ...]) -> tuple[Arg, ...]:
    """Parameters whose value the row has to know (an axis, say)."""
    static = registry.static(name)
    if not static:
        return args
    result = list(args)
    for n, (param, arg) in enumerate(zip(OPS[name].params, args)):
        if param.name in static and isinstance(arg, (Var, Seq)):
            result[n] = Lit(m.static(m.as_value(arg), f"the argument `{param.name}` of {name}"))
    return tuple(result)


def as_value(m: Calls, arg: Arg) -> Value:
    if isinstance(arg, Lit):
        return Static(arg.value)
    if isinstance(arg, Seq):
        return TupleV(tuple(m.as_value(item) for item in arg.items))
    return Num(arg)  # type: ignore[arg-type]


__all__ = ["as_array", "as_arrays", "as_value", "call_row", "make_static", "row_operand"]
