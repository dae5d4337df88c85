"""Loops: which names and memory a body carries from one iteration to the next.

The body is executed abstractly on a *header* state in which everything that it changes is a parameter. What it changes is
found by executing it: first with what the syntax suggests, then again with whatever else differed at its
end, until the header covers every end of the body (types only widen, so it terminates).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..ir.build import Scope, type_of
from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    Break,
    End,
    For,
    Lit,
    Operand,
    Raise,
    Seq,
    Slice,
    Span,
    Var,
    While,
    Yield,
)
from ..ir.types import INT, List, Opaque, Scalar, Type, covers, differentiable, join, renew
from ..ir.walk import map_arg
from .machine import Machine, Poison
from .merge import list_var
from .places import Carried, Leaf, Node, Place, Plan, Split, hint_of, list_name, lookup, path_vars, places, put
from .rebinding import check_disjoint, entangle_outs, mutated_slots
from .state import State, slots
from .values import UNBOUND, DictV, Elements, Entries, Items, ListV, Num, Object, Ref, Select, Static, Step, TupleV


class NeedPeel(Exception):
    """The first iteration sees another kind of value (None, a function) than the others."""

    def __init__(self, name: str | None) -> None:
        self.name = name


class NeedUnroll(Exception):
    """The body needs the loop's index at compile time."""


def lower_loop(m: Machine, body: Callable[[Operand | None], Leaf | Split], bounds: tuple[Arg, Arg, Arg] | None,
               guess: Iterator[Place] | list[Place], span: Span | None, peelable: bool = True) -> None:
    """Lower a loop: `body(index)` executes the body once in the current state and says how it ends.

    `bounds`: start, stop and step of a `for`; None for a `while True` whose body breaks. Afterwards the machine's state is
    that after the loop.
    """
    entry, node = m.state, m.node
    plan = Plan()
    for place in guess:
        plan_place(m, plan, entry, place, lookup(entry, place), peelable)
    for _ in range(40):
        m.state, m.node = entry.copy(), node
        m.state.written = set()
        params = install(m, plan)
        header = m.state
        m.state = header.copy()
        index = Var(INT) if bounds is not None else None
        with m.opened() as scopes:
            made = Node(scopes, body(index))
        if not widen(m, plan, entry, header, made, peelable):
            break
    else:
        m.refuse("the types of this loop's variables do not settle", "each iteration gives them another type",
                 "start them with values of their final type")
    finish(m, plan, entry, header, params, made, index, bounds, span)


# -- the header ----------------------------------------------------------------------------------------------


def plan_place(m: Machine, plan: Plan, entry: State, place: Place, value: Any, peelable: bool) -> None:
    """Carry a place whose value at the entry is known (nothing happens where carrying makes no sense yet)."""
    if place in plan.places:
        return
    if value is UNBOUND or isinstance(value, Poison):
        return
    if place[0] == "memory":
        if isinstance(value, (Var, Lit)):
            plan.places[place] = Carried(renew(type_of(value)), kind="contents")
        elif isinstance(value, (Items, Entries)):
            keys = range(len(value.items)) if isinstance(value, Items) else value.keys
            for key in keys:
                plan_place(m, plan, entry, ("item", place[1], key), lookup(entry, ("item", place[1], key)), peelable)
        return
    if isinstance(value, TupleV):
        for n, item in enumerate(value.items):
            plan_place(m, plan, entry, (place, "part", n), item, peelable)
    elif _numeric(value):
        plan.places[place] = Carried(_loose(type_of(m.operand(value))))


def install(m: Machine, plan: Plan) -> dict[Place, Var]:
    """Make the header: a parameter for each carried place, in the machine's state."""
    params: dict[Place, Var] = {}
    for place, carried in plan.places.items():
        old = lookup(m.state, place)
        param = Var(carried.type, hint_of(place, old) or list_name(m.state, place))
        params[place] = param
        if carried.kind == "contents":
            if isinstance(old, Items):  # a list of known items grows: it still holds the same arrays
                m.state.entangle(place[1], set(slots(old)))
            m.state.heap[place[1]] = param
        elif carried.kind == "array":
            path = ()
            slot = m.new(param)
            put(m.state, place, Ref(slot, path))
        elif carried.kind == "list":
            put(m.state, place, ListV(m.new(param)))
        else:
            put(m.state, place, Num(param))
    for slot, others in plan.entangled.items():
        m.state.entangle(slot, set(others))
    return params


def _numeric(value: Any) -> bool:
    if isinstance(value, Static):
        return isinstance(value.value, (bool, int, float, complex)) or (
            hasattr(value.value, "dtype") and hasattr(value.value, "item") and not isinstance(value.value, type))
    return isinstance(value, Num) and not isinstance(type_of(value.operand), Opaque)


def _loose(type: Type) -> Type:
    """The type of a carried number: an integer's extent changes from one iteration to the next."""
    return Scalar(type.dtype, type.weak, None, type.mixed) if isinstance(type, Scalar) else renew(type)


# -- widening ------------------------------------------------------------------------------------------------


def widen(m: Machine, plan: Plan, entry: State, header: State, node: Node, peelable: bool) -> bool:
    """Compare each end of the body with the header; True if the plan changed and the body must be executed again."""
    changed = False
    for scopes, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for place in places(entry):
            if place[0] == "name" and not m.is_live(place[1], place[2]):
                continue
            before, after = lookup(header, place), lookup(leaf.state, place)
            if before is after or _equal(before, after):
                continue
            with m.b.reopen(scopes):
                kept, m.state = m.state, leaf.state
                try:
                    changed |= widen_place(m, plan, entry, place, before, after, peelable)
                finally:
                    m.state = kept
        known = set(entry.heap)
        for slot, others in leaf.state.entangled.items():
            new = {o for o in others if o in known} - set(header.entangled.get(slot, ()))
            if slot in known and new:
                plan.entangled[slot] = plan.entangled.get(slot, frozenset()) | new
                changed = True
    return changed


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (Items, Entries)) or isinstance(b, (Items, Entries)):
        if isinstance(a, Items) and isinstance(b, Items):
            return len(a.items) == len(b.items)  # items are places of their own
        return isinstance(a, Entries) and isinstance(b, Entries) and a.keys == b.keys
    return type(a) is type(b) and not isinstance(a, (Var, Lit)) and bool(a == b)


def widen_place(m: Machine, plan: Plan, entry: State, place: Place, before: Any, after: Any, peelable: bool) -> bool:
    carried = plan.places.get(place)
    if place[0] == "memory":
        return _widen_memory(m, plan, entry, place, after, carried)
    if isinstance(before, TupleV) and isinstance(after, TupleV) and len(before.items) == len(after.items):
        changed = False
        for n, (x, y) in enumerate(zip(before.items, after.items)):
            if not (x is y or _equal(x, y)):
                changed |= widen_place(m, plan, entry, (place, "part", n), x, y, peelable)
        return changed
    if isinstance(after, Poison) or isinstance(before, Poison) or after is UNBOUND:
        return False
    if _numeric(after) and (before is UNBOUND or _numeric(before)):
        type = type_of(m.operand(after))
        if before is UNBOUND:
            return False  # assigned in the body: carried only so that it can be used after the loop (`finish`)
        if carried is None:
            joined = join(_loose(type_of(m.operand(before))), _loose(type))
            if joined is None:
                raise NeedPeel(hint_of(place, None))
            plan.places[place] = Carried(renew(joined))
            return True
        return _cover(carried, type)
    if before is UNBOUND:
        return False
    if isinstance(before, (Ref, Select)) and isinstance(after, (Ref, Select)):
        first, second = type_of(m.operand(before)), type_of(m.operand(after))
        if carried is None:
            joined = join(first, second)
            if joined is None:
                raise NeedPeel(hint_of(place, None))
            plan.places[place] = Carried(renew(joined), kind="array")
            return True
        return _cover(carried, second)
    if isinstance(before, ListV) and isinstance(after, ListV):
        old = list_type(m, entry, place, after)
        if isinstance(old, List):
            if carried is None:
                plan.places[place] = Carried(old, kind="list")
                return True
            return _cover(carried, old)
    if _numeric(before) and isinstance(after, (Ref, Select)):  # `total = 0` becomes an array: a number or an array
        if peelable:
            raise NeedPeel(hint_of(place, None))
        type = type_of(m.operand(after))
        if carried is None:
            joined = join(_loose(type_of(m.operand(before))), type)
            assert joined is not None
            plan.places[place] = Carried(renew(joined))
            return True
        return _cover(carried, type)
    if peelable:
        raise NeedPeel(hint_of(place, None))
    m.refuse(f"`{hint_of(place, None) or 'a value'}` changes its kind from one iteration to the next",
             "the loop would need different code each time", "keep one kind of value, for example an array of zeros instead of None")


def _widen_memory(m: Machine, plan: Plan, entry: State, place: Place, after: Any, carried: Carried | None) -> bool:
    before = entry.heap[place[1]]
    if isinstance(before, Elements) or isinstance(after, Elements):
        m.unroll_here()
        m.refuse("a set changes in a loop", "its elements must be known before the program runs", "fill it before the loop")
    if isinstance(before, (Items, Entries)) and isinstance(after, (Var, Lit, Items, Entries)):
        if isinstance(before, Entries):
            m.unroll_here()
            m.refuse("a dictionary changes its keys in a loop", "its keys must be known before the program runs",
                     "set all keys before the loop, or use a list")
        element = _element_type(m, after)
        if carried is None:
            for key in [p for p in plan.places if p[0] == "item" and p[1] == place[1]]:
                del plan.places[key]
            first = [type_of(m.operand(item)) for item in before.items]
            for other in first:
                joined = join(element, other)
                if joined is None:
                    m.refuse("a list of unlike elements grows in a loop", "its elements have no common type", "use elements of one type")
                element = joined
            plan.places[place] = Carried(List(renew(element)), kind="contents")
            return True
        return _cover(carried, List(element))
    if carried is None:
        plan.places[place] = Carried(renew(type_of(after)), kind="contents")
        return True
    return _cover(carried, type_of(after))


def list_type(m: Machine, entry: State, place: Place, after: ListV) -> Type:
    """The type of a list that the body binds a name to: that of a list of unknown length if its length differs from the one at the entry."""
    contents, first = m.state.heap[after.slot], lookup(entry, place)
    known = entry.heap.get(first.slot) if isinstance(first, ListV) else None
    if isinstance(contents, Items) and contents.items and isinstance(known, Items) and len(known.items) != len(contents.items):
        return type_of(list_var(m, contents))
    return type_of(m.operand(after))


def _element_type(m: Machine, contents: Any) -> Type:
    if isinstance(contents, Items):
        var = list_var(m, contents)
        type = type_of(var)
    else:
        type = type_of(contents)
    assert isinstance(type, List)
    return type.element


def _cover(carried: Carried, type: Type) -> bool:
    if covers(carried.type, type):
        return False
    joined = join(carried.type, type)
    if joined is None:
        raise NeedPeel(None)
    carried.type = renew(joined)
    return True


# -- the finished loop ---------------------------------------------------------------------------------------


def finish(m: Machine, plan: Plan, entry: State, header: State, params: dict[Place, Var], node: Node, index: Operand | None,
           bounds: tuple[Arg, Arg, Arg] | None, span: Span | None) -> None:
    """Emit the loop, and set the state after it."""
    references = late_references(m, plan, entry, header, node)
    late = _assigned_inside(m, plan, header, node, references)
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
    for place, carried in plan.places.items():
        _bind_out(m, after, place, carried.kind, outs[place])
    kinds: dict[Place, str] = {}
    for _, leaf in node.leaves():
        if leaf.kind != "raise":
            for place in late:
                kinds.setdefault(place, _kind(lookup(leaf.state, place)))
    for place in late:
        if place[1] != "path":
            _bind_out(m, after, place, kinds[place], outs[place])
    for place, ref in references.items():
        fresh = iter([outs[place, "path", n] for n in range(len(path_vars(ref)))])
        put(after, place, Ref(ref.slot, _renamed(ref.path, fresh)))
    arrays = [place for place, carried in plan.places.items() if carried.kind in ("array", "list")]
    arrays += [place for place in late if place[1] != "path" and kinds[place] in ("array", "list")]
    entangle_outs(m, plan, entry, header, after, node, arrays)
    _bind_unchanged(m, entry, after, header, node, plan, late | dict.fromkeys(references))
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
    if plan.places[place].kind == "list":
        return _as_list(m, value, plan.places[place].type)
    return m.operand(value)


def _as_list(m: Machine, value: Any, type: Type) -> Arg:
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
                elif place in plan.places and plan.places[place].kind == "list" and isinstance(value, ListV):
                    result.append(_as_list(m, value, plan.places[place].type))
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


def _assigned_inside(m: Machine, plan: Plan, header: State, node: Node, references: dict[Place, Ref]) -> dict[Place, Type]:
    """Names that are first bound in the body: results of the loop, so that they can be used after it."""
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
                        inner = (place, "path", n)
                        found[inner] = var.type if inner not in found else join(found[inner], var.type)  # type: ignore[arg-type]
                    continue
                if not (_numeric(value) or isinstance(value, (Ref, Select))):
                    continue
                kept, m.state = m.state, leaf.state
                with m.b.reopen(scopes):
                    type = type_of(m.operand(value))
                m.state = kept
                if place in found:
                    known = found[place]
                    found[place] = None if known is None else join(known, type)
                else:
                    found[place] = type
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


__all__ = ["DictV", "Leaf", "NeedPeel", "NeedUnroll", "Node", "Object", "Split", "differentiable", "lower_loop"]
