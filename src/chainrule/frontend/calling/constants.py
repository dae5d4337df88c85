"""`stop_gradient`: the value of a number, an array, or a nest of these, as a constant."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ...ir.types import Array, List, Scalar
from ...rules import registry
from ...runtime import stop_gradient
from ..execution.values import DictV, Entries, Items, ListV, Num, Object, Ref, Select, SetV, Static, TupleV, Value
from .builtins import Args, Keywords, builtin

if TYPE_CHECKING:
    from .calls import Calls


@builtin(stop_gradient)
def stopped(m: Calls, args: Args, keywords: Keywords) -> Value:
    """The call; of a nest, containers made anew with constants in them, as the function itself makes them."""
    (value,) = (*args, *keywords.values())
    return _stopped(m, value)


def _stopped(m: Calls, value: Value) -> Value:
    if isinstance(value, TupleV):
        return TupleV(tuple(_stopped(m, item) for item in value.items), value.cls)
    if isinstance(value, Select):
        return m.choose(value.condition, lambda: _stopped(m, value.then), lambda: _stopped(m, value.orelse))
    if isinstance(value, ListV) and value.cls is list:
        contents = m.state.heap[value.slot]
        if isinstance(contents, Items):
            return ListV(m.new(Items(tuple(_stopped(m, item) for item in contents.items))))
        return m.call_row(_row(), (value,), {})
    if isinstance(value, (DictV, Object)):
        entries = m.state.heap[value.slot]
        assert isinstance(entries, Entries)
        parts = entries.holding(tuple(_stopped(m, item) for item in entries.values))
        if isinstance(value, DictV) and value.cls is dict:
            return DictV(m.new(parts))
        if isinstance(value, Object) and dataclasses.is_dataclass(value.cls) and not entries.unsure:
            return Object(m.new(parts), value.cls)
    elif isinstance(value, Ref) or (isinstance(value, Num) and isinstance(m.type(value), (Array, Scalar, List))):
        return m.call_row(_row(), (value,), {})
    elif isinstance(value, (Static, Num, SetV)):
        return value  # it carries no derivative
    m.refuse("`stop_gradient` of this object", "numbers in it would keep their derivative", "stop the gradients of its numbers and arrays one by one")


def _row() -> str:
    name = registry.lookup(stop_gradient)
    assert name is not None
    return name


__all__ = ["stopped"]
