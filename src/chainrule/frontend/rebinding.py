"""Aliases across iterations: a name that a loop rebinds is another array each time, and others may see the same array.

Such a name is carried by the contents of its array. That is exact only while nobody else can see the array where it is written:
`check_disjoint` refuses what is not; `entangle_outs` notes what the name may still share after the loop.
"""

from __future__ import annotations

from typing import Any

from .machine import Machine
from .places import Node, Place, Plan, hint_of, lookup
from .state import State, slots
from .values import Entries, Items, Object, Select, TupleV


def mutated_slots(header: State, node: Node) -> set[int]:
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
    by_contents = [p for p, c in plan.places.items() if c.kind in ("array", "list", "object")]
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
            if mine.union(*(state.entangled.get(slot, frozenset()) for slot in mine)) & seen:
                _refuse_alias(m, place, when)
            seen |= mine
        others = state.may_be(_others(m, state, set(by_contents)))
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


def _others(m: Machine, state: State, but: set[Place]) -> set[int]:
    """The slots that can be reached otherwise than by some places."""
    found: set[int] = set()

    def visit(value: Any, place: Place) -> None:
        if place in but:
            contents = state.heap.get(value.slot) if isinstance(value, Object) else None
            if isinstance(contents, Entries):  # its attributes are places of their own
                for key, item in zip(contents.keys, contents.values):
                    visit(item, (place, "attribute", key))
            return
        if isinstance(value, TupleV):
            for n, item in enumerate(value.items):
                visit(item, (place, "part", n))
            return
        for slot in slots(value):
            if slot not in found:
                found.add(slot)
                contents = state.heap.get(slot)
                if isinstance(contents, (Items, Entries)):
                    keys = range(len(contents.items)) if isinstance(contents, Items) else contents.keys
                    for key, item in zip(keys, contents.items if isinstance(contents, Items) else contents.values):
                        visit(item, ("item", slot, key))

    for number, frame in state.frames.items():
        for name, value in frame.items():
            if m.is_live(number, name):
                visit(value, ("name", number, name))
    return found


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
    shared = _others(m, after, set(plan.places))
    for place in arrays:
        for slot in slots(lookup(after, place)):
            after.entangle(slot, {o for o in may_be[place] if o in entry.heap and o in shared})
            for other in arrays:
                if other != place and may_be[other] & may_be[place]:
                    after.entangle(slot, set(slots(lookup(after, other))))
