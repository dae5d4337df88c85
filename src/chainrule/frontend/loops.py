"""Loops: which names and memory a body carries from one iteration to the next.

The body is executed abstractly on a *header* state in which everything that it changes is a parameter. What it changes is
found by executing it: first with what the syntax suggests, then again with whatever else differed at its
end, until the header covers every end of the body (types only widen, so it terminates).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
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
    variables,
)
from ..ir.types import INT, List, Opaque, Scalar, Type, covers, differentiable, join, renew
from ..ir.walk import map_arg
from .machine import Machine, Poison
from .merge import list_var
from .state import State, reachable, slots
from .values import UNBOUND, DictV, Entries, Items, ListV, Num, Object, Ref, Select, Static, Step, TupleV, Value

# A place where a value lives: ("name", frame, name), ("item", slot, key), a part of a tuple in such a place
# (place, "part", n), or the contents of an array's (or growing list's) slot ("memory", slot).
Place = tuple[Any, ...]


@dataclass
class Leaf:
    """An end of a block: "fall", "continue", "break", "return" or "raise", with the state there."""

    kind: str
    state: State


@dataclass
class Split:
    """A block that ends in one of two ways."""

    condition: Operand
    then: Node
    orelse: Node
    span: Span | None
    base: State | None = None  # before the branch


@dataclass
class Node:
    """A block while it is lowered: the scopes by which it can be reopened, and how it ends."""

    scopes: list[Scope]
    end: Leaf | Split

    def leaves(self) -> Iterator[tuple[list[Scope], Leaf]]:
        if isinstance(self.end, Leaf):
            yield self.scopes, self.end
        else:
            yield from self.end.then.leaves()
            yield from self.end.orelse.leaves()


class NeedPeel(Exception):
    """The first iteration sees another kind of value (None, a function) than the others."""

    def __init__(self, name: str | None) -> None:
        self.name = name


class NeedUnroll(Exception):
    """The body needs the loop's index at compile time."""


@dataclass
class Carried:
    """A place that the loop carries: the type of its parameter, once it is known."""

    type: Type
    memory: bool = False  # a name or item that is bound to another array each time: carried by contents
    kind: str = "number"  # "number", "array", "list", "contents"


@dataclass
class Plan:
    """What a loop carries, so far."""

    places: dict[Place, Carried] = field(default_factory=dict)
    entangled: dict[int, frozenset[int]] = field(default_factory=dict)


def lower_loop(m: Machine, body: Callable[[Operand | None], Leaf | Split], bounds: tuple[Arg, Arg, Arg] | None,
               guess: Iterator[Place] | list[Place], span: Span | None, peelable: bool = True) -> None:
    """Lower a loop: `body(index)` executes the body once in the current state and says how it ends.

    `bounds`: start, stop and step of a `for`; None for a `while True` whose body breaks. Afterwards the machine's state is
    that after the loop.
    """
    entry = m.state
    plan = Plan()
    for place in guess:
        plan_place(m, plan, entry, place, lookup(entry, place), peelable)
    for _ in range(40):
        m.state = entry.copy()
        m.state.written = set()
        params = install(m, plan)
        header = m.state
        m.state = header.copy()
        index = Var(INT) if bounds is not None else None
        with m.opened() as scopes:
            node = Node(scopes, body(index))
        if not widen(m, plan, entry, header, node, peelable):
            break
    else:
        m.refuse("the types of this loop's variables do not settle", "each iteration gives them another type",
                 "start them with values of their final type")
    finish(m, plan, entry, header, params, node, index, bounds, span)


# -- the header ----------------------------------------------------------------------------------------------


def lookup(state: State, place: Place) -> Any:
    """The value at a place (contents of a slot for a memory place)."""
    if place[0] == "name":
        return state.frames[place[1]].get(place[2], UNBOUND) if place[1] in state.frames else UNBOUND
    if place[0] == "item":
        contents = state.heap.get(place[1])
        if isinstance(contents, Items):
            return contents.items[place[2]] if place[2] < len(contents.items) else UNBOUND
        if isinstance(contents, Entries):
            return contents.get(place[2]) if place[2] in contents.keys else UNBOUND
        return UNBOUND
    if place[0] == "memory":
        return state.heap.get(place[1], UNBOUND)
    whole = lookup(state, place[0])
    if place[1] == "path":
        return Num(path_vars(whole)[place[2]]) if isinstance(whole, Ref) else UNBOUND
    return whole.items[place[2]] if isinstance(whole, TupleV) and place[2] < len(whole.items) else UNBOUND


def put(state: State, place: Place, value: Any) -> None:
    """Bind a place to a value."""
    if place[0] == "name":
        state.frames[place[1]][place[2]] = value
    elif place[0] == "item":
        contents = state.heap[place[1]]
        if isinstance(contents, Items):
            state.heap[place[1]] = Items((*contents.items[:place[2]], value, *contents.items[place[2] + 1:]))
        else:
            assert isinstance(contents, Entries)
            state.heap[place[1]] = contents.put(place[2], value)
    elif place[0] == "memory":
        state.heap[place[1]] = value
    else:
        whole = lookup(state, place[0])
        assert isinstance(whole, TupleV)
        put(state, place[0], TupleV((*whole.items[:place[2]], value, *whole.items[place[2] + 1:]), whole.cls))


def hint_of(place: Place, value: Any) -> str | None:
    if place[0] == "name":
        name = str(place[2])
        return name[1:].rstrip("0123456789") if name.startswith("%") else name  # `%broke2` is ours
    if isinstance(value, Var):
        return value.hint
    return hint_of(place[0], value) if isinstance(place[0], tuple) else None


def _name_of(state: State, place: Place) -> str | None:
    """The name of the list whose memory a place is."""
    if place[0] != "memory":
        return None
    return next((name for frame in state.frames.values() for name, value in frame.items()
                 if isinstance(value, ListV) and value.slot == place[1] and name[0] != "%"), None)


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
        param = Var(carried.type, hint_of(place, old) or _name_of(m.state, place))
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
    return Scalar(type.dtype, type.weak) if isinstance(type, Scalar) else renew(type)


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


def places(state: State) -> Iterator[Place]:
    """Every place of a state."""
    for number, frame in state.frames.items():
        for name in frame:
            yield ("name", number, name)
    for slot, contents in state.heap.items():
        if isinstance(contents, Items):
            for n in range(len(contents.items)):
                yield ("item", slot, n)
            yield ("memory", slot)
        elif isinstance(contents, Entries):
            for key in contents.keys:
                yield ("item", slot, key)
            yield ("memory", slot)
        else:
            yield ("memory", slot)


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
        old = type_of(m.operand(after))
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
    if isinstance(before, (Items, Entries)) and isinstance(after, (Var, Lit, Items)):
        if isinstance(before, Entries):
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
    mutated = _mutated(header, node)
    check_disjoint(m, plan, entry, header, node, mutated)
    types = dict(late)
    for scopes, leaf in node.leaves():
        if leaf.kind != "raise":
            values[id(leaf)] = yielded(m, every, plan, scopes, leaf)
    for place in every:
        type = plan.places[place].type if place in plan.places else types[place]
        outs[place] = Var(renew(type), hint_of(place, lookup(entry, place)) or _name_of(entry, place))
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


def path_vars(ref: Ref) -> list[Var]:
    """The variables in the path of a reference."""
    return [v for step in ref.path for v in variables(step.detail)]


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


# -- aliases across iterations -----------------------------------------------------------------------------------


def _mutated(header: State, node: Node) -> set[int]:
    """Slots of the header that the body writes into."""
    result: set[int] = set()
    for _, leaf in node.leaves():
        result |= leaf.state.written  # the header starts with none
        for slot, contents in leaf.state.heap.items():
            if slot in header.heap and header.heap[slot] is not contents and not isinstance(contents, (Items, Entries)):
                result.add(slot)
    return result


def check_disjoint(m: Machine, plan: Plan, entry: State, header: State, node: Node, mutated: set[int]) -> None:
    """Names that are rebound to other arrays are carried by contents; that is exact only if none of these arrays, where it is
    written, is also known by another name. Otherwise refuse."""
    by_contents = [p for p, c in plan.places.items() if c.kind in ("array", "list")]
    if not by_contents:
        return
    header_slots = {s for p in by_contents for s in slots(lookup(header, p))}
    sources = {s for p in by_contents for state in (entry, *(leaf.state for _, leaf in node.leaves() if leaf.kind != "raise"))
               for s in state.may_be(slots(lookup(state, p)))}
    if not (header_slots | sources) & mutated:
        return
    states = [(entry, "before the loop"), *((leaf.state, "in the loop") for _, leaf in node.leaves() if leaf.kind != "raise")]
    for state, when in states:
        seen: set[int] = set()
        every: set[int] = set()
        for place in by_contents:
            value = lookup(state, place)
            mine = state.may_be(slots(value))
            every |= mine
            if isinstance(value, Select):
                _check_select(m, state, by_contents, place, value, when)
                continue
            if mine & seen:
                _refuse_alias(m, place, when)
            seen |= mine
        others = state.may_be(reachable(state, _other_values(m, state, set(by_contents))))
        if others & every.union(*(state.entangled.get(slot, frozenset()) for slot in every)):
            _refuse_alias(m, by_contents[0], when)


def _check_select(m: Machine, state: State, by_contents: list[Place], place: Place, value: Select, when: str) -> None:
    """`if c: a, b = b, a` leaves Select(c, b, a) and Select(c, a, b): disjoint on each side of c."""
    for side in ("then", "orelse"):
        taken: set[int] = set()
        for other in by_contents:
            v = lookup(state, other)
            if isinstance(v, Select):
                if v.condition is not value.condition:
                    _refuse_alias(m, place, when)
                v = getattr(v, side)
            if isinstance(v, Select) or taken & set(slots(v)):
                _refuse_alias(m, place, when)
            taken |= set(slots(v))


def _other_values(m: Machine, state: State, but: set[Place]) -> Iterator[Value]:
    for number, frame in state.frames.items():
        for name, value in frame.items():
            if ("name", number, name) not in but and m.is_live(number, name):
                if isinstance(value, TupleV):
                    for n, item in enumerate(value.items):
                        if (("name", number, name), "part", n) not in but:
                            yield item
                else:
                    yield value


def _refuse_alias(m: Machine, place: Place, when: str) -> None:
    m.refuse(f"`{hint_of(place, None) or 'an array'}` is rebound in a loop that also writes into it, and another name may see the same array",
             f"which name sees the write {when} depends on the number of iterations",
             "write into a copy, or copy with `y[...] = x` instead of rebinding")


def entangle_outs(m: Machine, plan: Plan, entry: State, header: State, after: State, node: Node, arrays: list[Place]) -> None:
    """After the loop a rebound name may be the array of its initial value (no iteration), or one that another name sees, too."""
    initial = {place: set(slots(lookup(entry, place))) for place in arrays}
    carried = {slot: place for place in arrays if place in plan.places for slot in slots(lookup(header, place))}
    may_be: dict[Place, set[int]] = {}
    for place in arrays:
        found, pending, seen = set(initial[place]), [place], {place}
        while pending:
            current = pending.pop()
            for _, leaf in node.leaves():
                if leaf.kind == "raise":
                    continue
                for slot in leaf.state.may_be(slots(lookup(leaf.state, current))):
                    other = carried.get(slot)
                    if other is None:
                        found |= {slot, *leaf.state.entangled.get(slot, ())}
                    elif other not in seen:
                        seen.add(other)
                        pending.append(other)
                        found |= initial[other]
        may_be[place] = found
    shared = reachable(after, _other_values(m, after, set(plan.places)))
    for place in arrays:
        for slot in slots(lookup(after, place)):
            after.entangle(slot, {o for o in may_be[place] if o in entry.heap and o in shared})
            for other in arrays:
                if other != place and may_be[other] & may_be[place]:
                    after.entangle(slot, set(slots(lookup(after, other))))


__all__ = ["DictV", "Leaf", "NeedPeel", "NeedUnroll", "Node", "Object", "Split", "differentiable", "lower_loop"]
