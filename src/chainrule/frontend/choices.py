"""Names that a loop binds to one of several arrays: each refers to one of the arrays outside, or to an array of its own.

    for i in range(n):              x_is_y = False
        if x[0] > y[0]:             for i in range(n):
            x = y                       x_is_y = x_is_y or ...
        x[i] = 0                        if x_is_y: y[i] = 0
                                        else: x[i] = 0

The loop carries a flag for each array outside that the name may be bound to (while it is seen by another name), and the contents of the name's own array.
That is exact while nobody else sees the own array: `check` refuses the rest. Loops that need none of this (see `rebinding`) are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..ir.build import Scope, type_of
from ..ir.nodes import Block, Lit, Operand, Var, Yield
from ..ir.types import Scalar, covers, join, renew
from ..ir.walk import definitions
from .late import late_references
from .machine import Machine
from .places import Carried, Node, Place, Plan, hint_of, lookup, path_vars, put
from .rebinding import refuse_alias, seen_otherwise, with_shared
from .state import State
from .values import UNBOUND, Ref, Select, Value

Given = tuple[tuple[Operand, bool], ...]  # conditions, and whether they hold


@dataclass
class Choice:
    """What a place may refer to: arrays outside the loop, or one of its own."""

    refs: list[Ref] = field(default_factory=list)
    own: bool = False
    late: bool = False  # bound in the body only

    @property
    def flags(self) -> int:
        """How many flags say which it is: the last possibility needs none."""
        return len(self.refs) if self.own else len(self.refs) - 1


def alternatives(value: Value, given: Given = ()) -> Iterator[tuple[Given, Value]]:
    """What a value is, under which conditions."""
    if isinstance(value, Select):
        for side, holds in ((value.then, True), (value.orelse, False)):
            if (value.condition, not holds) not in given:
                yield from alternatives(side, (*given, (value.condition, holds)))
    else:
        yield given, value


def flag_places(place: Place, choice: Choice) -> list[Place]:
    return [(place, "is", n) for n in range(choice.flags)]


def install_choice(m: Machine, place: Place, choice: Choice, flags: list[Var], own: Value | None) -> None:
    """Bind a place to what the flags say."""
    value: Value = choice.refs[-1] if own is None else own
    for flag, ref in reversed(list(zip(flags, choice.refs))):
        value = Select(flag, ref, value)
    put(m.state, place, value)


def flag_name(state: State, place: Place, ref: Ref) -> str | None:
    """`x_is_y`."""
    name = hint_of(place, None)
    other = next((n for frame in state.frames.values() for n, value in frame.items() if value == ref and n[0] != "%" and n != name), "other")
    return name and f"{name}_is_{other}"


# -- what can be chosen ------------------------------------------------------------------------------------------


def widen_choices(m: Machine, plan: Plan, entry: State, header: State, node: Node) -> bool:
    """Find what each name that is bound to another array may refer to; True if there is more than the plan says."""
    ends = [(scopes, leaf.state) for scopes, leaf in node.leaves() if leaf.kind != "raise"]
    places = _array_places(plan, entry, header, node)
    sources = {place: [*(() if late else [(None, entry)]), *ends] for place, late in places.items()}
    shared = set().union(*(state.may_be(seen_otherwise(m, state, set(places))) for state in (entry, *(s for _, s in ends))))
    holders: dict[int, set[Place]] = {}
    for place, states in sources.items():
        for _, state in states:
            for _, ref in alternatives(lookup(state, place)):
                if isinstance(ref, Ref) and ref.slot in entry.heap:
                    holders.setdefault(ref.slot, set()).add(place)
    shared |= {slot for slot, found in holders.items() if len(found) > 1}
    inside = set(definitions(Block((), tuple(node.scopes[-1].stmts), Yield(()))))
    changed = False
    for place, late in places.items():
        choice = plan.choices.get(place)
        if choice is None:
            choice = plan.choices[place] = Choice(late=late)
            changed = True
        for scopes, state in sources[place]:
            for _, ref in alternatives(lookup(state, place)):
                if ref is UNBOUND:
                    continue
                if not isinstance(ref, Ref):
                    refuse_alias(m, place, "in the loop")
                if ref.slot in shared and ref.slot in entry.heap:
                    if any(v in inside for v in path_vars(ref)):
                        refuse_alias(m, place, "in the loop")
                    if ref not in choice.refs:
                        choice.refs.append(ref)
                        changed = True
                else:
                    changed |= _widen_own(m, plan, place, choice, scopes, state, ref)
    for place, choice in plan.choices.items():
        if not choice.own:
            plan.places.pop(place, None)
    return changed


def _array_places(plan: Plan, entry: State, header: State, node: Node) -> dict[Place, bool]:
    """The places that the loop binds to other arrays, and whether these are bound in the body only."""
    found = {place: False for place, carried in plan.places.items() if carried.kind == "array"}
    found |= {place: choice.late for place, choice in plan.choices.items()}
    references = late_references(plan, entry, header, node)
    ends = [leaf.state for _, leaf in node.leaves() if leaf.kind != "raise"]
    for place in [("name", n, name) for state in ends for n, frame in state.frames.items() if n in header.frames for name in frame]:
        values = [lookup(state, place) for state in ends]
        if lookup(header, place) is UNBOUND and place not in references and all(isinstance(v, (Ref, Select)) or v is UNBOUND for v in values):
            found[place] = True
    return found


def _widen_own(m: Machine, plan: Plan, place: Place, choice: Choice, scopes: list[Scope] | None, state: State, ref: Ref) -> bool:
    choice_changed, choice.own = not choice.own, True
    if choice.late:
        return choice_changed
    kept, m.state = m.state, state
    if scopes is None:
        type = type_of(m.operand(ref))
    else:
        with m.b.reopen(scopes):
            type = type_of(m.operand(ref))
    m.state = kept
    carried = plan.places.get(place)
    if carried is None:
        plan.places[place] = Carried(renew(type), kind="array")
        return True
    if covers(carried.type, type):
        return choice_changed
    joined = join(carried.type, type)
    if joined is None:
        refuse_alias(m, place, "in the loop")
    carried.type = renew(joined)
    return True


# -- what an end of the body yields ------------------------------------------------------------------------------


def matches(m: Machine, value: Value, ref: Ref) -> Operand:
    """Whether a value is one of the arrays outside."""
    if not isinstance(value, Select):
        return Lit(value == ref)
    then, orelse = matches(m, value.then, ref), matches(m, value.orelse, ref)
    if then is orelse or (isinstance(then, Lit) and isinstance(orelse, Lit) and then.value == orelse.value):
        return then
    condition = value.condition
    if isinstance(of := type_of(condition), Scalar) and of.dtype == "bool" and (isinstance(then, Lit) or isinstance(orelse, Lit)):
        if isinstance(orelse, Lit):
            then, orelse, condition = orelse, then, m.b.emit("not", condition)
        if isinstance(orelse, Lit):
            return m.b.emit("not", condition) if orelse.value else condition
        assert isinstance(then, Lit)
        return m.b.emit("or", condition, orelse) if then.value else m.b.emit("and", m.b.emit("not", condition), orelse)
    chosen = m.operand(m.choose(value.condition, lambda: m.wrap(then), lambda: m.wrap(orelse)))
    assert isinstance(chosen, (Var, Lit))
    return chosen


def own_array(value: Value, plan: Plan, place: Place) -> Value:
    """What the place's own array is after an iteration; where the place refers to an array outside, any array that is there will do."""
    choice = plan.choices[place]
    own = {ref for _, ref in alternatives(value) if isinstance(ref, Ref) and ref not in choice.refs}
    cells = {other: cell for other, c in plan.choices.items() if c.own and not c.late for *_, (_, cell) in [alternatives(lookup(plan.header, other))]}
    if len(own) == 1 and any(isinstance(cell, Ref) and cell.slot == ref.slot for cell in cells.values() for ref in own):
        return own.pop()  # in an exchange of two names, say
    kept = cells[place]
    assert isinstance(kept, Ref)
    return own_part(value, choice, kept)


def own_part(value: Value, choice: Choice, kept: Ref) -> Value:
    """The own array among what a value may be; `kept` where it is one of the arrays outside."""
    if isinstance(value, Select):
        then, orelse = own_part(value.then, choice, kept), own_part(value.orelse, choice, kept)
        return then if then == orelse else Select(value.condition, then, orelse)
    return kept if value in choice.refs else value


# -- whether it is exact ------------------------------------------------------------------------------------------


def check_choices(m: Machine, plan: Plan, entry: State, node: Node) -> None:
    """Refuse where somebody else sees what is taken for a name's own array."""
    states = [(entry, "before the loop"), *((leaf.state, "in the loop") for _, leaf in node.leaves() if leaf.kind != "raise")]
    outside = {ref.slot for choice in plan.choices.values() for ref in choice.refs}
    for state, when in states:
        others = state.may_be(seen_otherwise(m, state, set(plan.choices))) | outside
        taken: list[tuple[Place, Given, set[int]]] = []
        for place, choice in plan.choices.items():
            for given, ref in alternatives(lookup(state, place)):
                if not isinstance(ref, Ref) or ref in choice.refs:
                    continue
                mine = state.may_be([ref.slot])
                if with_shared(state, mine) & others:
                    refuse_alias(m, place, when)
                for other, conditions, theirs in taken:
                    if other != place and with_shared(state, mine) & theirs and not _excluded(given, conditions):
                        refuse_alias(m, place, when)
                taken.append((place, given, mine))


def _excluded(a: Given, b: Given) -> bool:
    """Whether two sets of conditions cannot hold at once."""
    return any(c is d and holds != others for c, holds in a for d, others in b)
