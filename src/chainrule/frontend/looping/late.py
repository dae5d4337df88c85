"""Names that a loop's body binds for the first time: results of the loop, so that they can be used after it.

A number or an array becomes a result; a view of an array outside stays a view, whose indices are results; a container of known structure
has its parts as results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Seq, Slice, Var
from ...ir.types import Type, join
from ...ir.walk import map_arg
from ..execution.machine import Machine, Poison
from ..execution.places import Node, Place, Plan, is_numeric, lookup, parts, path_vars, same_structure
from ..execution.state import State
from ..execution.values import UNBOUND, DictV, Items, ListV, Object, Ref, Select, Static, Step, TupleV, Value

DEAD: Any = Poison("it was taken for dead")  # what a name is bound to that is not read again before it is assigned


def late_references(plan: Plan, entry: State, header: State, node: Node) -> dict[Place, Ref]:
    """Names that every end of the body binds to a view of one and the same array from outside: they stay references after the loop.
    The variables in their paths become results of the loop, as the places (place, "path", n)."""
    found: dict[Place, Ref | None] = {}
    for _, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            for name, value in frame.items():
                place = ("name", number, name)
                if number not in header.frames or place in plan.places or header.frames[number].get(name, UNBOUND) is not UNBOUND or value is DEAD:
                    continue
                if place not in found:
                    found[place] = value if isinstance(value, Ref) and value.slot in entry.heap else None
                    continue
                first = found[place]
                alike = first is not None and isinstance(value, Ref) and first.slot == value.slot and _same_form(first, value)
                if not alike:
                    found[place] = None
    return {place: ref for place, ref in found.items() if ref is not None}


def _same_form(a: Ref, b: Ref) -> bool:
    return len(a.path) == len(b.path) and all(s.kind == t.kind and _form(s.detail) == _form(t.detail) for s, t in zip(a.path, b.path))


def _form(arg: Arg) -> Any:
    if isinstance(arg, Var):
        return "var"
    if isinstance(arg, Seq):
        return (arg.kind, *map(_form, arg.items))
    if isinstance(arg, Slice):
        return ("slice", _form(arg.start), _form(arg.stop), _form(arg.step))
    return repr(arg)


def late_containers(header: State, node: Node) -> dict[Place, tuple[State, Value]]:
    """Names that the body binds first, to containers of one and the same structure: (name) -> one of them, and the state in which it is."""
    found: dict[Place, tuple[State, Value] | None] = {}
    for _, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            for name, value in frame.items():
                place = ("name", number, name)
                if number not in header.frames or header.frames[number].get(name, UNBOUND) is not UNBOUND or value is UNBOUND or value is DEAD:
                    continue
                known = found.setdefault(place, (leaf.state, value))
                if parts(leaf.state, place, value) is None or known is None or not _alike(*known, leaf.state, value):
                    found[place] = None
    return {place: known for place, known in found.items() if known is not None}


def _alike(a: State, x: Value, b: State, y: Value) -> bool:
    """Whether two values have the same structure: numbers and arrays at the same places, and the same constants."""
    if is_numeric(x) or is_numeric(y):
        return is_numeric(x) and is_numeric(y)
    if isinstance(x, (Ref, Select)) or isinstance(y, (Ref, Select)):
        return isinstance(x, (Ref, Select)) and isinstance(y, (Ref, Select))
    if isinstance(x, Static):
        return x == y
    inner = parts(a, ("",), x)
    return inner is not None and same_structure(a, x, b, y) and all(
        _alike(a, v, b, w) for (_, v), (_, w) in zip(inner, parts(b, ("",), y) or ()))


def rebuilt(m: Machine, after: State, state: State, value: Value) -> Value:
    """A container of a body's end with slots of its own; its numbers and arrays are put in later."""
    if isinstance(value, TupleV):
        return TupleV(tuple(rebuilt(m, after, state, item) for item in value.items), value.cls)
    if isinstance(value, (ListV, DictV, Object)):
        contents = state.heap[value.slot]
        slot = m.new(Items(()))
        items = tuple(rebuilt(m, after, state, item) for _, item in parts(state, ("",), value) or ())
        after.heap[slot] = Items(items) if isinstance(contents, Items) else contents.holding(items)  # type: ignore[union-attr]
        m.ambiguous.add(slot)
        return Object(slot, value.cls) if isinstance(value, Object) else type(value)(slot)
    return value if isinstance(value, Static) else UNBOUND


def renewed(m: Machine, value: Any) -> Any:
    """A container like a list, a dictionary or an object, with the same things in it."""
    slot = m.new(m.state.heap[value.slot])
    m.ambiguous.add(slot)
    return Object(slot, value.cls) if isinstance(value, Object) else type(value)(slot)


def containers_in(state: State, place: Place) -> Iterator[Place]:
    """The places of the lists, dictionaries and objects that are at or inside a place."""
    value = lookup(state, place)
    if not isinstance(value, TupleV):
        yield place
    for inner, item in parts(state, place, value) or ():
        if isinstance(item, (TupleV, ListV, DictV, Object)):
            yield from containers_in(state, inner)


def _numbers_in(state: State, place: Place, value: Value) -> Iterator[tuple[Place, Value]]:
    """The numbers and arrays inside a container."""
    for inner, item in parts(state, place, value) or ():
        if is_numeric(item) or isinstance(item, (Ref, Select)):
            yield inner, item
        else:
            yield from _numbers_in(state, inner, item)


def late_types(m: Machine, plan: Plan, header: State, node: Node, references: dict[Place, Ref],
                     containers: dict[Place, Any]) -> dict[Place, Type]:
    """Names that are first bound in the body, or the parts of them: results of the loop, so that they can be used after it."""
    found: dict[Place, Type | None] = {}
    for scopes, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            if number not in header.frames:
                continue
            for name, value in frame.items():
                place = ("name", number, name)
                if place in plan.places or header.frames[number].get(name, UNBOUND) is not UNBOUND:
                    continue
                if place in references:
                    for n, var in enumerate(path_vars(value) if isinstance(value, Ref) else ()):
                        at = (place, "path", n)
                        found[at] = var.type if at not in found else join(found[at], var.type)  # type: ignore[arg-type]
                    continue
                single = is_numeric(value) or isinstance(value, (Ref, Select))
                for inner, item in [(place, value)] if single else _numbers_in(leaf.state, place, value) if place in containers else ():
                    kept, m.state = m.state, leaf.state
                    with m.b.reopen(scopes):
                        type = type_of(m.operand(item))
                    m.state = kept
                    if inner in found:
                        known = found[inner]
                        found[inner] = None if known is None else join(known, type)
                    else:
                        found[inner] = type
    return {place: type for place, type in found.items() if type is not None}


def renamed(path: Iterable[Step], fresh: Iterator[Var]) -> tuple[Step, ...]:
    """A path with its Vars replaced, in order."""
    return tuple(Step(s.kind, map_arg(s.detail, lambda _: next(fresh))) for s in path)
