"""The finished loop: its statement, what it yields, and the state after it.

What the loop carries was found by `loops`; what its body binds for the first time (`late`) becomes a result, too, so that it can be used
after the loop.
"""

from __future__ import annotations

from typing import Any

from ...ir.build import Scope
from ...ir.nodes import UNDEFINED, Arg, Block, Branch, Break, End, For, Lit, Operand, Raise, Span, Var, While, Yield
from ...ir.types import Opaque, Scalar, Type, renew
from ..execution.machine import Machine, Poison
from ..execution.merge import list_var
from ..execution.places import Leaf, Node, Place, Plan, Split, hint_of, list_name, lookup, path_vars, put
from ..execution.state import State
from ..execution.values import UNBOUND, Items, ListV, Num, Ref, Select, Static, Value
from .choices import check_choices, choice_name, end_value, install_choice, own_array
from .filled import filled
from .late import containers_in, late_containers, late_references, late_types, rebuilt, renamed, renewed
from .rebinding import check_disjoint, entangle_outs, mutated_slots


def finish(m: Machine, plan: Plan, entry: State, header: State, params: dict[Place, Var], node: Node, index: Operand | None,
           bounds: tuple[Arg, Arg, Arg] | None, span: Span | None) -> None:
    """Emit the loop, and set the state after it."""
    references = late_references(plan, entry, header, node)
    containers = late_containers(header, node)
    late = late_types(m, plan, header, node, references, containers)
    for place, choice in plan.choices.items():
        if choice.late:
            late = {p: type for p, type in late.items() if p != place or choice.own} | choice.carried(place)
    check(m, plan, entry, header, node)
    every = [*params, *late]
    params = params | {place: Var(renew(type), _hint(entry, plan, place)) for place, type in late.items()}
    values = {id(leaf): yielded(m, every, plan, params, scopes, leaf) for scopes, leaf in node.leaves() if leaf.kind != "raise"}
    outs = {place: Var(renew(params[place].type), _hint(entry, plan, place)) for place in every}
    m.state, m.b.span = entry, span  # what it begins with is made before the loop
    inits = tuple(UNDEFINED if place in late else _init(m, plan, entry, place) for place in every)
    body = Block((*((index,) if index is not None else ()), *params.values()), tuple(node.scopes[-1].stmts), _end(node.end, values))
    results = tuple(outs.values())
    if bounds is not None:
        m.b.add(For(results, *bounds, inits, body, span=span))
    else:
        m.b.add(While(results, inits, body, span=span))
    sources = tuple(v for leaf_values in values.values() for v in leaf_values)
    for out in results:
        m.origin[out] = (Lit("loop"), *(s for s in sources if isinstance(s, Var) and not isinstance(s.type, Scalar)))
    m.state = state_after(m, plan, entry, header, node, outs, late, references, containers)


def check(m: Machine, plan: Plan, entry: State, header: State, node: Node) -> None:
    """Refuse what the plan does not describe exactly."""
    mutated = mutated_slots(header, node)
    check_disjoint(m, plan, entry, header, node, mutated)
    check_choices(m, plan, entry, node)
    for place, carried in plan.places.items():
        if carried.kind == "contents" and place[1] in mutated and m.is_undefined_here(entry.heap.get(place[1])):
            m.refuse("a loop writes into an array that exists on one path only", "where it does not exist there is nothing to carry",
                     "make the array on both paths, or write the loop inside the branch")


def state_after(m: Machine, plan: Plan, entry: State, header: State, node: Node, outs: dict[Place, Var], late: dict[Place, Type],
                references: dict[Place, Ref], containers: dict[Place, tuple[State, Value]]) -> State:
    """The state after the loop: the entry's, with the loop's results in their places."""
    after = m.state = entry.copy()
    after.written.update(*(leaf.state.written for _, leaf in node.leaves()))
    for slot, others in header.entangled.items():
        after.entangle(slot, set(others))
    for place in plan.shapes:
        put(after, place, renewed(m, lookup(after, place)))
    for place, (state, value) in containers.items():
        put(after, place, rebuilt(m, after, state, value))
    for place, carried in plan.places.items():
        _bind_out(m, place, carried.kind, outs[place])
    kinds: dict[Place, str] = {}
    for _, leaf in node.leaves():
        if leaf.kind != "raise":
            for place in late:
                if place[1] not in ("path", "is", "at") and (value := lookup(leaf.state, place)) is not UNBOUND and not isinstance(value, Poison):
                    kinds.setdefault(place, _kind(value))
    for place, kind in kinds.items():
        _bind_out(m, place, kind, outs[place])
    for place, ref in references.items():
        fresh = iter([outs[place, "path", n] for n in range(len(path_vars(ref)))])
        put(after, place, Ref(ref.slot, renamed(ref.path, fresh)))
    for place, choice in plan.choices.items():
        install_choice(m, place, choice, outs, lookup(after, place) if choice.own else None)
    arrays = [*plan.shapes, *(place for place, carried in plan.places.items() if carried.kind in ("array", "list"))]
    arrays += [inner for place in containers for inner in containers_in(after, place)]
    arrays += [place for place, kind in kinds.items() if kind in ("array", "list")]
    entangle_outs(m, plan, entry, header, after, node, [place for place in arrays if place not in plan.choices])
    for place in kinds:
        if place not in plan.choices and any(_partial(m, leaf.state, place) for _, leaf in node.leaves() if leaf.kind != "raise"):
            put(after, place, Poison("a loop binds it on some of its paths only: it may be the array of an earlier iteration"))
    _bind_unchanged(entry, after, node, {*plan.places, *plan.choices, *late, *references, *containers})
    return after


def _partial(m: Machine, state: State, place: Place) -> bool:
    """Whether a place holds an array that exists on some paths only."""
    value = lookup(state, place)
    return isinstance(value, Ref) and state.heap.get(value.slot) in m.partial


def _hint(entry: State, plan: Plan, place: Place) -> str | None:
    if place[1] in ("is", "at"):
        return choice_name(entry, plan, place)
    return hint_of(place, lookup(entry, place)) or list_name(entry, place)


def _kind(value: Any) -> str:
    return "array" if isinstance(value, (Ref, Select)) else "list" if isinstance(value, ListV) else "number"


def _bind_out(m: Machine, place: Place, kind: str, out: Var) -> None:
    if kind == "contents":
        m.state.heap[place[1]] = out
    elif kind == "array" and not isinstance(out.type, Opaque):
        put(m.state, place, Ref(m.new(out)))
    elif kind == "list":
        put(m.state, place, ListV(m.new(out)))
    else:
        put(m.state, place, Num(out))


def _init(m: Machine, plan: Plan, entry: State, place: Place) -> Arg:
    if place[1] in ("is", "at"):
        return end_value(m, plan, place, entry, Lit(0))
    value = lookup(entry, place)
    if place[0] == "memory":
        if isinstance(value, Items):
            wanted = plan.places[place].type
            if not value.items:
                return m.b.emit("empty_list", Lit(None), type=wanted)
            return list_var(m, value)
        assert isinstance(value, (Var, Lit))
        return value
    if plan.places[place].kind == "list" and isinstance(value, ListV):
        return _as_list(m, value, plan.places[place].type)
    return m.operand(value)


def _as_list(m: Machine, value: ListV, type: Type) -> Arg:
    """A list as a list of unknown length."""
    contents = m.state.heap[value.slot]
    if not isinstance(contents, Items):
        return m.operand(value)
    return list_var(m, contents) if contents.items else m.b.emit("empty_list", Lit(None), type=type)


def _end(end: Leaf | Split, values: dict[int, tuple[Arg, ...]]) -> End:
    if isinstance(end, Split):
        then, orelse = (Block((), tuple(n.scopes[-1].stmts), _end(n.end, values)) for n in (end.then, end.orelse))
        return Branch(end.condition, then, orelse, end.span)
    if end.kind == "raise":
        return Raise()
    kind = Yield if end.kind in ("fall", "continue") else Break
    return kind(values[id(end)])


def yielded(m: Machine, every: list[Place], plan: Plan, params: dict[Place, Var], scopes: list[Scope], leaf: Leaf) -> tuple[Arg, ...]:
    """The carried values at an end of the body, read in that block."""
    kept, m.state, outer = m.state, leaf.state, len(m.b.scopes)
    try:
        with m.b.reopen(scopes):
            result: list[Arg] = []
            for place in every:
                if place[1] in ("is", "at"):
                    result.append(end_value(m, plan, place, leaf.state, params[place]))
                    continue
                value = lookup(leaf.state, place)
                if place in plan.choices and place in plan.places:
                    value = own_array(value, plan, place)
                if place[0] == "memory":
                    result.append(list_var(m, value) if isinstance(value, Items) else value)
                elif place in plan.places and plan.places[place].kind == "list" and isinstance(value, ListV):
                    result.append(_as_list(m, value, plan.places[place].type))
                else:
                    operand = params[place] if value is UNBOUND else UNDEFINED if isinstance(value, Poison) else m.operand(value)
                    result.append(filled(scopes[outer:], operand, params[place]) if isinstance(value, Num) else operand)
            return tuple(result)
    finally:
        m.state = kept


def _bind_unchanged(entry: State, after: State, node: Node, bound: set[Place]) -> None:
    """Other things that the body binds (functions, say): unknown after the loop unless it binds the same."""
    for _, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for number, frame in leaf.state.frames.items():
            if number not in after.frames:
                continue
            for name, value in frame.items():
                if ("name", number, name) in bound or entry.frames[number].get(name, UNBOUND) is not UNBOUND:
                    continue
                known = isinstance(value, Static) and after.frames[number].get(name, UNBOUND) in (UNBOUND, value)
                after.frames[number][name] = value if known else Poison("it is first assigned inside a loop")  # type: ignore[assignment]
