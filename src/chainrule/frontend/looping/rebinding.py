"""Aliases across iterations: a name that a loop rebinds is another array each time, and others may see the same array.

Such a name is carried by the contents of its array. That is exact only while nobody else can see the array where it is written:
`check_disjoint` refuses what is not; `entangle_outs` notes what the name may still share after the loop.
"""

from __future__ import annotations

from typing import NoReturn

from ..execution.machine import Machine
from ..execution.places import Node, Place, Plan, hint_of, lookup, parts
from ..execution.state import State, reachable, slots
from ..execution.values import DictV, Entries, Items, ListV, Object, Ref, Select, TupleV, Value


def mutated_slots(header: State, node: Node) -> set[int]:
    """Slots of the header that the body writes into."""
    result: set[int] = set()
    for _, leaf in node.leaves():
        result |= leaf.state.written  # the header starts with none
        for slot, contents in leaf.state.heap.items():
            if slot in header.heap and header.heap[slot] is not contents and not (
                    isinstance(contents, (Items, Entries)) and header.heap[slot] == contents):
                result.add(slot)
    return result


def check_disjoint(m: Machine, plan: Plan, entry: State, header: State, node: Node, mutated: set[int]) -> None:
    """Names that are rebound to other arrays are carried by contents; that is exact only if none of these arrays, where it is
    written, is also known by another name. Otherwise refuse."""
    by_contents = carried_by_contents(plan)
    if not by_contents:
        return
    header_slots = {s for p in by_contents for s in slots(lookup(header, p))}
    sources = {s for p in by_contents for state in (entry, *(leaf.state for _, leaf in node.leaves() if leaf.kind != "raise"))
               for s in state.may_be(slots(lookup(state, p)))}
    if not (header_slots | sources) & mutated:
        return
    found = common(m, entry, node, by_contents, others=True)
    if found is not None:
        m.need_choices(plan.loop)
        refuse_alias(m, *found)


def carried_by_contents(plan: Plan) -> list[Place]:
    """The places that are bound to another array, list, dictionary or object each time."""
    return [*plan.shapes, *(p for p, c in plan.places.items() if c.kind in ("array", "list") and p not in plan.choices)]


def common(m: Machine, entry: State, node: Node, by_contents: list[Place], others: bool) -> tuple[Place, str] | None:
    """A place whose array another of these places may see, too, or (`others`) another name; and when."""
    states = [(entry, "before the loop"), *((leaf.state, "in the loop") for _, leaf in node.leaves() if leaf.kind != "raise")]
    for state, when in states:
        seen: set[int] = set()
        every: set[int] = set()
        for place in by_contents:
            value = lookup(state, place)
            mine = state.may_be(slots(value))
            if isinstance(value, TupleV):
                continue
            every |= mine
            if isinstance(value, Select):
                if not _exchanged(state, by_contents, value):
                    return place, when
                continue
            if with_shared(state, mine) & seen:
                return place, when
            seen |= mine
        if others and state.may_be(seen_otherwise(m, state, set(by_contents))) & with_shared(state, every):
            return by_contents[0], when
    return None


def _exchanged(state: State, by_contents: list[Place], value: Select) -> bool:
    """`if c: a, b = b, a` leaves Select(c, b, a) and Select(c, a, b): disjoint on each side of c."""
    for side in ("then", "orelse"):
        taken: set[int] = set()
        for other in by_contents:
            v = lookup(state, other)
            if isinstance(v, Select):
                if v.condition is not value.condition:
                    return False
                v = getattr(v, side)
            if isinstance(v, Select) or taken & set(slots(v)):
                return False
            taken |= set(slots(v))
    return True


def with_shared(state: State, found: set[int]) -> set[int]:
    """These slots, and those that they may share memory with, or be."""
    return found.union(*(state.entangled.get(slot, frozenset()) | state.twins.get(slot, frozenset()) for slot in found))


def seen_otherwise(m: Machine, state: State, but: set[Place]) -> set[int]:
    """The slots that can be reached from names that may be read again, but not through some places."""
    found: set[int] = set()
    for number, frame in state.frames.items():
        for name, value in frame.items():
            if m.is_live_again(number, name):
                _reach(state, ("name", number, name), value, but, found, ())
    return found


def _reach(state: State, place: Place, value: Value, but: set[Place], found: set[int], around: tuple[int, ...]) -> None:
    held = isinstance(value, (ListV, DictV, Object))
    if place in but and not held:
        return
    if held and value.slot in around:  # type: ignore[union-attr]
        return
    inner = parts(state, place, value)
    if inner is None:
        if place not in but:
            found |= reachable(state, iter([value]))
        return
    if held and place not in but:
        found.add(value.slot)  # type: ignore[union-attr]
    for part, item in inner:
        if not (held and ("item", value.slot, part[2]) in but):  # type: ignore[union-attr]
            _reach(state, part, item, but, found, (*around, value.slot) if held else around)  # type: ignore[union-attr]


def refuse_alias(m: Machine, place: Place, when: str) -> NoReturn:
    m.refuse(f"`{hint_of(place, None) or 'an array'}` is rebound in a loop that also writes into it, and another name may see the same array",
             f"which name sees the write {when} depends on the number of iterations",
             "write into a copy, or copy with `y[...] = x` instead of rebinding")


def entangle_outs(m: Machine, plan: Plan, entry: State, header: State, after: State, node: Node, arrays: list[Place]) -> None:
    """After the loop a rebound name may be the array of its initial value (no iteration), or one that another name sees, too."""
    initial = {place: set(slots(lookup(entry, place))) for place in arrays}
    carried = {slot: place for place in arrays if place in plan.places or place in plan.shapes for slot in slots(lookup(header, place))}
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
                    found |= leaf.state.entangled.get(slot, frozenset())  # a list that holds it, say
                    if other is None:
                        found.add(slot)
                    elif other not in seen:
                        seen.add(other)
                        pending.append(other)
                        found |= initial[other]
        may_be[place] = found
    shared = seen_otherwise(m, after, {*plan.places, *plan.shapes})

    def is_array(place: Place) -> bool:
        return isinstance(lookup(after, place), (Ref, Select))

    disjoint = set(carried_by_contents(plan))
    if common(m, entry, node, list(disjoint), others=False) is not None:
        disjoint = set()
    for place in arrays:
        for slot in slots(lookup(after, place)):
            m.loop_outs[slot] = plan.loop
            note = after.entangle if is_array(place) else after.confuse
            note(slot, {o for o in may_be[place] if o in entry.heap and o in shared})
            for other in arrays:
                if other != place and not (place in disjoint and other in disjoint) and is_array(place) == is_array(other) and may_be[other] & may_be[place]:
                    note(slot, set(slots(lookup(after, other))))
