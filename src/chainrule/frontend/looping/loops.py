"""Loops: which names and memory a body carries from one iteration to the next.

The body is executed abstractly on a *header* state in which everything that it changes is a parameter. What it changes is
found by executing it: first with what the syntax suggests, then again with whatever else differed at its
end, until the header covers every end of the body (types only widen, so it terminates).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...ir.build import Scope, type_of
from ...ir.nodes import Arg, Lit, Operand, Span, Var
from ...ir.types import INT, List, Opaque, Scalar, Type, covers, join, renew
from ..execution.machine import Machine, Poison
from ..execution.merge import FUNCTIONS, holds_object, list_var
from ..execution.places import (
    Carried,
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
    places,
    put,
    same_structure,
)
from ..execution.state import State, slots
from ..execution.values import UNBOUND, Elements, Entries, Items, ListV, Num, Ref, Select, TupleV
from .choices import choice_name, install_choice, widen_choices
from .late import DEAD, renewed
from .loop_ends import finish
from .unbound import always_bound


class NeedPeel(Exception):
    """The first iteration sees another kind of value (None, a function) than the others."""

    def __init__(self, name: str | None) -> None:
        self.name = name


class NeedUnroll(Exception):
    """The body needs the loop's index at compile time."""


class NeedItems(NeedUnroll):
    """The loop fills a list with objects: each of them needs code of its own."""


def lower_loop(m: Machine, body: Callable[[Operand | None], Leaf | Split], bounds: tuple[Arg, Arg, Arg] | None,
               guess: Iterator[Place] | list[Place], span: Span | None, loop: Any, peelable: bool = True) -> None:
    """Lower a loop: `body(index)` executes the body once in the current state and says how it ends.

    `bounds`: start, stop and step of a `for`; None for a `while True` whose body breaks. Afterwards the machine's state is
    that after the loop.
    """
    entry, node = m.state, m.node
    plan = Plan(loop=loop)
    for place in guess:
        plan_place(m, plan, entry, place, lookup(entry, place), peelable)
    dead = [(number, name) for number, frame in entry.frames.items() for name in frame if not m.is_live_again(number, name)]
    for place in [("name", *name) for name in dead]:
        plan.places.pop(place, None)
    for _ in range(40):
        m.state, m.node = entry.copy(), node
        forget(m.state, dead)
        m.state.written = set()
        params = install(m, plan)
        header = plan.header = m.state
        m.state = header.copy()
        index = Var(INT) if bounds is not None else None
        with m.opened() as scopes:
            made = Node(scopes, m.block(lambda: body(index)))  # noqa: B023
        changing = {*params.values(), *([index] if index is not None else [])}
        if not (widen(m, plan, entry, header, made, peelable) or (loop in m.choosing and widen_choices(m, plan, entry, header, made, changing))):
            break
    else:
        m.refuse("the types of this loop's variables do not settle", "each iteration gives them another type",
                 "start them with values of their final type")
    flags = {} if bounds is None else always_bound(m, entry, made, bounds)
    finish(m, plan, entry, header, params, made, index, bounds, span)
    for (number, name), flag in flags.items():
        m.state.frames[number][name] = flag
    forget(m.state, dead)


def forget(state: State, names: list[tuple[int, str]]) -> None:
    """Unbind names that nobody reads any more, before they are assigned again."""
    for number, name in names:
        state.frames[number][name] = DEAD


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
    elif is_numeric(value):
        plan.places[place] = Carried(_loose(type_of(m.operand(value))))


def install(m: Machine, plan: Plan) -> dict[Place, Var]:
    """Make the header: a parameter for each carried place, in the machine's state."""
    for place in plan.shapes:
        put(m.state, place, renewed(m, lookup(m.state, place)))
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
    for place, choice in plan.choices.items():
        if not choice.late:
            own = lookup(m.state, place) if choice.own else None
            params.update({inner: Var(type, choice_name(m.state, plan, inner)) for inner, type in choice.carried(place).items()})
            install_choice(m, place, choice, params, own)
    for slot, others in plan.entangled.items():
        m.state.entangle(slot, set(others))
    return params


def _loose(type: Type) -> Type:
    """The type of a carried number: an integer's extent changes from one iteration to the next."""
    return Scalar(type.dtype, type.weak, None, type.mixed) if isinstance(type, Scalar) else renew(type)


# -- widening ------------------------------------------------------------------------------------------------


def widen(m: Machine, plan: Plan, entry: State, header: State, node: Node, peelable: bool) -> bool:
    """Compare each end of the body with the header; True if the plan changed and the body must be executed again."""
    changed, shapes = False, len(plan.shapes)
    for scopes, leaf in node.leaves():
        if leaf.kind == "raise":
            continue
        for place in places(entry):
            if place[0] == "name" and not m.is_live_again(place[1], place[2]):
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
        changed |= widen_shapes(m, plan, entry, header, scopes, leaf.state, peelable)
        if len(plan.shapes) > shapes:  # what is carried in the slots that a container had before is found again in its new ones
            plan.places.clear()
            plan.choices.clear()
            return True
        known = set(entry.heap)
        for slot, others in leaf.state.entangled.items():
            new = {o for o in others if o in known} - set(header.entangled.get(slot, ()))
            if slot in known and new:
                plan.entangled[slot] = plan.entangled.get(slot, frozenset()) | new
                changed = True
    return changed


def widen_shapes(m: Machine, plan: Plan, entry: State, header: State, scopes: list[Scope], end: State, peelable: bool) -> bool:
    """Compare the parts of containers that the loop carries; a list that changes its length becomes one of unknown length."""
    changed = False
    for place in list(plan.shapes):
        before, after = lookup(header, place), lookup(end, place)
        kept, m.state = m.state, end
        with m.b.reopen(scopes):
            if same_structure(header, before, end, after):
                for (inner, x), (_, y) in zip(parts(header, place, before) or (), parts(end, place, after) or ()):
                    if not (x is y or _equal(x, y)):
                        changed |= widen_place(m, plan, entry, inner, x, y, peelable)
            elif not (after is UNBOUND or isinstance(after, Poison)):
                m.refuse(f"`{hint_of(place, None) or 'a container'}` changes its keys or its length in a loop",
                         "each iteration would need different code", "keep one structure, for example with an entry for everything from the start")
        m.state = kept
    return changed


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (Items, Entries)) or isinstance(b, (Items, Entries)):
        if isinstance(a, Items) and isinstance(b, Items):
            return len(a.items) == len(b.items)  # items are places of their own
        return isinstance(a, Entries) and isinstance(b, Entries) and a.keys == b.keys and all(
            a.unsure.get(key) is flag for key, flag in b.unsure.items())
    return type(a) is type(b) and not isinstance(a, (Var, Lit)) and bool(a == b)


def widen_place(m: Machine, plan: Plan, entry: State, place: Place, before: Any, after: Any, peelable: bool) -> bool:
    carried = plan.places.get(place)
    if place[0] == "memory":
        return _widen_memory(m, plan, entry, place, after, carried, peelable)
    if isinstance(before, TupleV) and isinstance(after, TupleV) and len(before.items) == len(after.items):
        changed = False
        for n, (x, y) in enumerate(zip(before.items, after.items)):
            if not (x is y or _equal(x, y)):
                changed |= widen_place(m, plan, entry, (place, "part", n), x, y, peelable)
        return changed
    if isinstance(before, Poison) or after is UNBOUND:
        return False
    if isinstance(after, Poison):
        if before is not UNBOUND and after is not DEAD:
            m.refuse(f"`{hint_of(place, None) or 'a value'}` is not known after an iteration", after.why, "give it the same kind of value on every path")
        return False
    if place in plan.choices:
        return False  # see `widen_choices`
    if is_numeric(after) and (before is UNBOUND or is_numeric(before)):
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
        if isinstance(first, Opaque) or isinstance(second, Opaque):  # one of two strings, say, which decides what the body does
            raise NeedPeel(hint_of(place, None))
        if carried is None:
            joined = join(first, second)
            if joined is None:
                raise NeedPeel(hint_of(place, None))
            plan.places[place] = Carried(renew(joined), kind="array")
            return True
        return _cover(carried, second)
    if place in plan.shapes:
        return False  # see `widen_shapes`
    if same_structure(plan.header, before, m.state, after) and m.foreign.keys().isdisjoint((*slots(before), *slots(after))):
        plan.shapes[place] = None
        return True
    if isinstance(before, ListV) and isinstance(after, ListV):
        old = list_type(m, entry, place, after)
        if isinstance(old, List):
            if carried is None:
                plan.places[place] = Carried(old, kind="list")
                return True
            return _cover(carried, old)
    if is_numeric(before) and isinstance(after, (Ref, Select)):  # `total = 0` becomes an array: a number or an array
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


def _widen_memory(m: Machine, plan: Plan, entry: State, place: Place, after: Any, carried: Carried | None, peelable: bool = False) -> bool:
    before = entry.heap[place[1]]
    if isinstance(before, Entries) and isinstance(after, Entries) and before.cls is not None:  # an attribute that the body sets first
        if peelable:
            raise NeedPeel(next(iter(key for key in after.keys if key not in before.keys), None))
        m.refuse("an object gets or loses attributes in a loop", "which attributes it has is only known when the program runs",
                 "set all attributes before the loop, for example in `__init__`")
    if isinstance(before, Elements) or isinstance(after, Elements):
        m.unroll_here()
        m.refuse("a set changes in a loop", "its elements must be known before the program runs", "fill it before the loop")
    if isinstance(before, (Items, Entries)) and isinstance(after, (Var, Lit, Items, Entries)):
        if isinstance(before, Entries):
            m.unroll_here()
            m.refuse("a dictionary changes its keys in a loop", "its keys must be known before the program runs",
                     "set all keys before the loop, or use a list")
        if any(holds_object(item) or isinstance(item, FUNCTIONS) for contents in (before, after) if isinstance(contents, Items) for item in contents.items):
            raise NeedItems
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


__all__ = ["NeedPeel", "NeedUnroll", "lower_loop"]
