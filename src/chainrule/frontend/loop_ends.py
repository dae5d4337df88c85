"""The finished loop: its statement, what it yields, and the state after it.

What the loop carries was found by `loops`; what its body binds for the first time (`late`) becomes a result, too, so that it can be used
after the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..ir.build import Scope, type_of
from ..ir.nodes import UNDEFINED, Arg, Block, Branch, Break, End, For, Lit, Operand, Raise, Seq, Slice, Span, Var, While, Yield
from ..ir.types import Scalar, Type, join, renew
from ..ir.walk import map_arg
from .machine import Machine, Poison
from .merge import list_var
from .places import (
    Leaf,
    Node,
    Place,
    Plan,
    Split,
    hint_of,
    is_numeric,
    list_name,
    lookup,
    parts,
    path_vars,
    put,
    renewed,
    same_structure,
)
from .rebinding import check_disjoint, entangle_outs, mutated_slots
from .state import State, slots
from .values import UNBOUND, DictV, Entries, Items, ListV, Num, Object, Ref, Select, Static, Step, TupleV, Value


def finish(m: Machine, plan: Plan, entry: State, header: State, params: dict[Place, Var], node: Node, index: Operand | None,
           bounds: tuple[Arg, Arg, Arg] | None, span: Span | None) -> None:
    """Emit the loop, and set the state after it."""
    references = late_references(m, plan, entry, header, node)
    containers = late_containers(m, plan, header, node)
    late = _assigned_inside(m, plan, header, node, references, containers)
    every = [*plan.places, *late]
    outs: dict[Place, Var] = {}
    values: dict[int, tuple[Arg, ...]] = {}
    mutated = mutated_slots(header, node)
    check_disjoint(m, plan, entry, header, node, mutated)
    for place, carried in plan.places.items():
        if carried.kind == "contents" and place[1] in mutated and m.is_undefined_here(entry.heap.get(place[1])):
            m.refuse("a loop writes into an array that exists on one path only", "where it does not exist there is nothing to carry",
                     "make the array on both paths, or write the loop inside the branch")
    types = dict(late)
    for scopes, leaf in node.leaves():
        if leaf.kind != "raise":
            values[id(leaf)] = yielded(m, every, plan, scopes, leaf)
    for place in every:
        type = plan.places[place].type if place in plan.places else types[place]
        outs[place] = Var(renew(type), hint_of(place, lookup(entry, place)) or list_name(entry, place))
    m.state = entry
    inits = tuple(_init(m, plan, entry, place) if place in plan.places else UNDEFINED for place in every)
    late_params = tuple(Var(outs[place].type, outs[place].hint) for place in late)
    body_params = (*((index,) if index is not None else ()), *(params[p] for p in plan.places), *late_params)
    body = Block(body_params, tuple(node.scopes[-1].stmts), _end(node.end, values))
    results = tuple(outs.values())
    if bounds is not None:
        m.b.add(For(results, *bounds, inits, body, span=span))
    else:
        m.b.add(While(results, inits, body, span=span))
    sources = tuple(v for leaf_values in values.values() for v in leaf_values)
    for out in results:
        m.origin[out] = (Lit("loop"), *(s for s in sources if isinstance(s, Var) and not isinstance(s.type, Scalar)))
    after = entry.copy()
    after.written.update(*(leaf.state.written for _, leaf in node.leaves()))
    for slot, others in header.entangled.items():
        after.entangle(slot, set(others))
    m.state = after
    for place in plan.shapes:
        put(after, place, renewed(m, lookup(after, place)))
    for place, (state, value) in containers.items():
        put(after, place, rebuilt(m, after, state, value))
    m.state = entry
    for place, carried in plan.places.items():
        _bind_out(m, after, place, carried.kind, outs[place])
    kinds: dict[Place, str] = {}
    for _, leaf in node.leaves():
        if leaf.kind != "raise":
            for place in late:
                if (value := lookup(leaf.state, place)) is not UNBOUND:
                    kinds.setdefault(place, _kind(value))
    for place in late:
        if place[1] != "path":
            _bind_out(m, after, place, kinds[place], outs[place])
    for place, ref in references.items():
        fresh = iter([outs[place, "path", n] for n in range(len(path_vars(ref)))])
        put(after, place, Ref(ref.slot, _renamed(ref.path, fresh)))
    arrays = [*plan.shapes, *(place for place, carried in plan.places.items() if carried.kind in ("array", "list"))]
    arrays += [inner for place in containers for inner in _containers_in(after, place)]
    arrays += [place for place in late if place[1] != "path" and kinds[place] in ("array", "list")]
    entangle_outs(m, plan, entry, header, after, node, arrays)
    _bind_unchanged(m, entry, after, header, node, plan, late | dict.fromkeys(references) | dict.fromkeys(containers))
    m.state = after


def _renamed(path: Iterable[Step], fresh: Iterator[Var]) -> tuple[Step, ...]:
    """A path with its Vars replaced, in order."""
    return tuple(Step(s.kind, map_arg(s.detail, lambda _: next(fresh))) for s in path)


def _kind(value: Any) -> str:
    return "array" if isinstance(value, (Ref, Select)) else "list" if isinstance(value, ListV) else "number"


def _bind_out(m: Machine, after: State, place: Place, kind: str, out: Var) -> None:
    kept, m.state = m.state, after
    if kind == "contents":
        after.heap[place[1]] = out
    elif kind == "array":
        put(after, place, Ref(m.new(out)))
    elif kind == "list":
        put(after, place, ListV(m.new(out)))
    else:
        put(after, place, Num(out))
    m.state = kept


def _init(m: Machine, plan: Plan, entry: State, place: Place) -> Arg:
    value = lookup(entry, place)
    if place[0] == "memory":
        if isinstance(value, Items):
            wanted = plan.places[place].type
            if not value.items:
                return m.b.emit("empty_list", Lit(None), type=wanted)
            return list_var(m, value)
        assert isinstance(value, (Var, Lit))
        return value
    return m.operand(value)


def _end(end: Leaf | Split, values: dict[int, tuple[Arg, ...]]) -> End:
    if isinstance(end, Split):
        then, orelse = (Block((), tuple(n.scopes[-1].stmts), _end(n.end, values)) for n in (end.then, end.orelse))
        return Branch(end.condition, then, orelse, end.span)
    if end.kind == "raise":
        return Raise()
    kind = Yield if end.kind in ("fall", "continue") else Break
    return kind(values[id(end)])


def yielded(m: Machine, every: list[Place], plan: Plan, scopes: list[Scope], leaf: Leaf) -> tuple[Arg, ...]:
    """The carried values at an end of the body, read in that block."""
    kept, m.state = m.state, leaf.state
    try:
        with m.b.reopen(scopes):
            result = []
            for place in every:
                value = lookup(leaf.state, place)
                if place[0] == "memory":
                    result.append(list_var(m, value) if isinstance(value, Items) else value)
                else:
                    result.append(UNDEFINED if value is UNBOUND or isinstance(value, Poison) else m.operand(value))
            return tuple(result)
    finally:
        m.state = kept


def late_references(m: Machine, plan: Plan, entry: State, header: State, node: Node) -> dict[Place, Ref]:
    """Names that every end of the body binds to a view of one and the same array from outside: they stay references after the loop.
    The variables in their paths become results of the loop, as the places (place, "path", n)."""
    found: dict[Place, Ref | None] = {}
    for _, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            for name, value in frame.items():
                place = ("name", number, name)
                if number not in header.frames or place in plan.places or header.frames[number].get(name, UNBOUND) is not UNBOUND:
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


def late_containers(m: Machine, plan: Plan, header: State, node: Node) -> dict[Place, tuple[State, Value]]:
    """Names that the body binds first, to containers of one and the same structure: (name) -> one of them, and the state in which it is."""
    found: dict[Place, tuple[State, Value] | None] = {}
    for _, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            for name, value in frame.items():
                place = ("name", number, name)
                if number not in header.frames or header.frames[number].get(name, UNBOUND) is not UNBOUND or value is UNBOUND:
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
        after.heap[slot] = Items(items) if isinstance(contents, Items) else Entries(contents.keys, items)  # type: ignore[union-attr]
        return Object(slot, value.cls) if isinstance(value, Object) else type(value)(slot)
    return value if isinstance(value, Static) else UNBOUND


def _containers_in(state: State, place: Place) -> Iterator[Place]:
    """The places of the lists, dictionaries and objects that are at or inside a place."""
    value = lookup(state, place)
    if not isinstance(value, TupleV):
        yield place
    for inner, item in parts(state, place, value) or ():
        if isinstance(item, (TupleV, ListV, DictV, Object)):
            yield from _containers_in(state, inner)


def _numbers_in(state: State, place: Place, value: Value) -> Iterator[tuple[Place, Value]]:
    """The numbers and arrays inside a container."""
    for inner, item in parts(state, place, value) or ():
        if is_numeric(item) or isinstance(item, (Ref, Select)):
            yield inner, item
        else:
            yield from _numbers_in(state, inner, item)


def _assigned_inside(m: Machine, plan: Plan, header: State, node: Node, references: dict[Place, Ref],
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
                    for n, var in enumerate(path_vars(value)):  # type: ignore[arg-type]
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


def _bind_unchanged(m: Machine, entry: State, after: State, header: State, node: Node, plan: Plan, late: dict[Place, Any]) -> None:
    """Other things that the body binds (tuples, functions): unknown after the loop unless it binds the same."""
    for _, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            if number not in after.frames:
                continue
            for name, value in frame.items():
                place = ("name", number, name)
                if place in plan.places or place in late or (name in after.frames[number] and after.frames[number][name] is not UNBOUND):
                    continue
                if isinstance(value, (Static,)) and not slots(value):
                    after.frames[number][name] = value
                else:
                    after.frames[number][name] = Poison("it is first assigned inside a loop")  # type: ignore[assignment]
