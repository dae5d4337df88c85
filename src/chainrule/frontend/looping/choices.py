"""Names that a loop binds to one of several arrays: each refers to one of the arrays outside, or to an array of its own.

    for i in range(n):              x_is_y = False
        if x[0] > y[0]:             for i in range(n):
            x = y                       x_is_y = x_is_y or ...
        x[i] = 0                        if x_is_y: y[i] = 0
                                        else: x[i] = 0

The loop carries a flag for each array outside that the name may be bound to (while it is seen by another name), the indices of the view if they change
(`row = A[i]`), and the contents of the name's own array.
That is exact while nobody else sees the own array: `check` refuses the rest. Loops that need none of this (see `rebinding`) are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...ir.build import Scope, type_of
from ...ir.nodes import Arg, Block, Lit, Operand, Seq, Slice, Var, Yield
from ...ir.types import BOOL, INT, Scalar, Type, covers, join, renew
from ...ir.walk import definitions, map_arg
from ..execution.machine import Machine
from ..execution.places import Carried, Node, Place, Plan, Split, hint_of, lookup, path_vars, put
from ..execution.state import State
from ..execution.values import UNBOUND, Ref, Select, Step, Value, same_arg
from .late import DEAD, late_references
from .rebinding import refuse_alias, seen_otherwise, with_shared

Given = tuple[tuple[Operand, bool], ...]  # conditions, and whether they hold
LIMIT = 6  # arrays that a name may refer to; a view of a view of a view in each iteration would be another one each time


@dataclass
class Choice:
    """What a place may refer to: views of arrays outside the loop (their indices that change are `holes`), or an array of its own."""

    refs: list[Ref] = field(default_factory=list)
    own: bool = False
    late: bool = False  # bound in the body only
    holes: set[Var] = field(default_factory=set)

    def index(self, ref: Value) -> int | None:
        """Which of the arrays outside a reference is."""
        return next((n for n, known in enumerate(self.refs) if isinstance(ref, Ref) and self.fits(known, ref)), None)

    def fits(self, known: Ref, ref: Ref) -> bool:
        return known.slot == ref.slot and len(known.path) == len(ref.path) and all(
            s.kind == t.kind and _fits(s.detail, t.detail, self.holes) for s, t in zip(known.path, ref.path))

    def holes_in(self, n: int) -> list[Var]:
        return [v for v in path_vars(self.refs[n]) if v in self.holes]

    def carried(self, place: Place) -> dict[Place, Type]:
        """What the loop carries for a place besides the contents of its own array: flags (the last possibility needs none), and indices."""
        flags = len(self.refs) if self.own else len(self.refs) - 1
        found: dict[Place, Type] = {(place, "is", n): BOOL for n in range(flags)}
        return found | {(place, "at", n, k): INT for n in range(len(self.refs)) for k in range(len(self.holes_in(n)))}


def alternatives(value: Value, given: Given = ()) -> Iterator[tuple[Given, Value]]:
    """What a value is, under which conditions."""
    if isinstance(value, Select):
        for side, holds in ((value.then, True), (value.orelse, False)):
            if (value.condition, not holds) not in given:
                yield from alternatives(side, (*given, (value.condition, holds)))
    else:
        yield given, plain(value)


def plain(value: Value) -> Value:
    """A reference without views that undo each other."""
    path: list[Step] = []
    for step in value.path if isinstance(value, Ref) else ():
        if path and path[-1] == step and (step == _TRANSPOSED or (step.kind == "index" and same_arg(step.detail, _REVERSED))):
            path.pop()
        else:
            path.append(step)
    return Ref(value.slot, tuple(path)) if isinstance(value, Ref) else value


_TRANSPOSED = Step("T", Lit(None))
_REVERSED = Slice(Lit(None), Lit(None), Lit(-1))


def install_choice(m: Machine, place: Place, choice: Choice, carried: dict[Place, Var], own: Value | None) -> None:
    """Bind a place to what the flags and indices say."""
    refs = [Ref(ref.slot, tuple(Step(s.kind, map_arg(s.detail, _replaced(dict(zip(
        choice.holes_in(n), (carried[place, "at", n, k] for k in range(len(choice.holes_in(n))))))))) for s in ref.path))
        for n, ref in enumerate(choice.refs)]
    value: Value = refs[-1] if own is None else own
    for n in reversed(range(len(refs) if own is not None else len(refs) - 1)):
        value = Select(carried[place, "is", n], refs[n], value)
    put(m.state, place, value)


def _replaced(new: dict[Var, Var]) -> Callable[[Var], Arg]:
    return lambda v: new.get(v, v)


def choice_name(state: State, plan: Plan, place: Place) -> str | None:
    """The name of a flag or an index: `x_is_y`, `row_in_A`, `row_at`."""
    name = hint_of(place[0], None)
    if name is None or place[1] == "at":
        return name and f"{name}_at"
    ref = plan.choices[place[0]].refs[place[2]]
    same = {n: value for frame in state.frames.values() for n, value in frame.items()
            if isinstance(value, Ref) and value.slot == ref.slot and n[0] != "%" and n != name}
    other = next((n for n, value in same.items() if value == ref), None)
    whole = next((n for n, value in same.items() if not value.path), "other")
    return f"{name}_is_{other}" if other else f"{name}_in_{whole}" if ref.path else f"{name}_is_{whole}"


# -- what can be chosen ------------------------------------------------------------------------------------------


def widen_choices(m: Machine, plan: Plan, entry: State, header: State, node: Node, changing: set[Var]) -> bool:
    """Find what each name that is bound to another array may refer to; True if there is more than the plan says.
    `changing`: what the loop carries, and its index."""
    ends = [(scopes, leaf.state) for scopes, leaf in node.leaves() if leaf.kind != "raise"]
    places = _array_places(m, plan, entry, header, node)
    sources = {place: [*(() if late else [(None, entry)]), *ends] for place, late in places.items()}
    shared = set().union(*(state.may_be(seen_otherwise(m, state, set(places))) for state in (entry, *(s for _, s in ends))))
    holders: dict[int, set[Place]] = {}
    for place, states in sources.items():
        for _, state in states:
            for _, ref in alternatives(lookup(state, place)):
                if isinstance(ref, Ref) and ref.slot in entry.heap:
                    holders.setdefault(ref.slot, set()).add(place)
    shared |= {slot for slot, found in holders.items() if len(found) > 1}
    # In the first pass the header has an array of its own for each place, whether the place will need it or not.
    unsure = {ref.slot for place, late in places.items() if not late and not (place in plan.choices and plan.choices[place].own)
              for _, ref in alternatives(lookup(header, place)) if isinstance(ref, Ref) and ref.slot not in entry.heap}
    changing = changing | _defined(node)
    changed = False
    for place, late in places.items():
        choice = plan.choices.get(place)
        if choice is None:
            choice = plan.choices[place] = Choice(late=late)
            changed = True
        for scopes, state in sources[place]:
            for _, ref in alternatives(lookup(state, place)):
                if ref is UNBOUND or ref is DEAD or (isinstance(ref, Ref) and ref.slot in unsure):
                    continue
                if not isinstance(ref, Ref):
                    refuse_alias(m, place, "in the loop")
                if ref.slot in shared and ref.slot in entry.heap:
                    changed |= _widen_refs(choice, ref, changing)
                    if len(choice.refs) > LIMIT or any(not covers(INT, type_of(v)) for v in path_vars(ref) if v in changing):
                        refuse_alias(m, place, "in the loop")
                else:
                    changed |= _widen_own(m, plan, place, choice, scopes, state, ref)
    for place, choice in plan.choices.items():
        if not choice.own:
            plan.places.pop(place, None)
    return changed


def _defined(node: Node) -> set[Var]:
    found = set(definitions(Block((), tuple(node.scopes[-1].stmts), Yield(()))))
    return found | _defined(node.end.then) | _defined(node.end.orelse) if isinstance(node.end, Split) else found


def _array_places(m: Machine, plan: Plan, entry: State, header: State, node: Node) -> dict[Place, bool]:
    """The places that the loop binds to other arrays, and whether these are bound in the body only."""
    found = {place: False for place, carried in plan.places.items() if carried.kind == "array"}
    found |= {place: choice.late for place, choice in plan.choices.items()}
    references = late_references(plan, entry, header, node)
    ends = [leaf.state for _, leaf in node.leaves() if leaf.kind != "raise"]
    for place in [("name", n, name) for state in ends for n, frame in state.frames.items() if n in header.frames for name in frame]:
        values = [lookup(state, place) for state in ends]
        if m.is_live_again(place[1], place[2]) and lookup(header, place) is UNBOUND and place not in references and all(isinstance(v, (Ref, Select)) or v is UNBOUND or v is DEAD for v in values):
            found[place] = True
    return found


def _widen_refs(choice: Choice, ref: Ref, changing: set[Var]) -> bool:
    """Make a reference to an array outside one of a choice."""
    if choice.index(ref) is not None:
        return False
    holes: dict[Var, Var] = {}
    ref = Ref(ref.slot, tuple(Step(s.kind, map_arg(s.detail, lambda v: holes.setdefault(v, Var(INT)) if v in changing else v)) for s in ref.path))
    choice.holes.update(holes.values())
    for n, known in enumerate(choice.refs):
        joined = [_unify(s.detail, t.detail) for s, t in zip(known.path, ref.path) if s.kind == t.kind]
        if known.slot == ref.slot and len(known.path) == len(ref.path) == len(joined) and None not in joined:
            before = {v for s in (*known.path, *ref.path) for v in path_vars(Ref(0, (s,)))}
            choice.refs[n] = Ref(ref.slot, tuple(Step(s.kind, d) for s, d in zip(ref.path, joined) if d is not None))
            choice.holes.update(v for v in path_vars(choice.refs[n]) if v not in before)
            return True
    choice.refs.append(ref)
    return True


def _unify(a: Arg, b: Arg) -> Arg | None:
    """Two indices as one, in which integers that differ are variables; None if they differ otherwise."""
    if same_arg(a, b):
        return a
    if isinstance(a, Seq) and isinstance(b, Seq) and a.kind == b.kind and len(a.items) == len(b.items):
        items = [_unify(x, y) for x, y in zip(a.items, b.items)]
        return None if any(i is None for i in items) else Seq(tuple(i for i in items if i is not None), a.kind)
    if isinstance(a, Slice) and isinstance(b, Slice):
        start, stop, step = (_unify(x, y) for x, y in ((a.start, b.start), (a.stop, b.stop), (a.step, b.step)))
        return None if start is None or stop is None or step is None else Slice(start, stop, step)
    return Var(INT) if _is_integer(a) and _is_integer(b) else None


def _is_integer(arg: Arg) -> bool:
    return (isinstance(arg, Lit) and type(arg.value) is int) or (isinstance(arg, Var) and covers(INT, arg.type))


def _fits(known: Arg, arg: Arg, holes: set[Var]) -> bool:
    if isinstance(known, Var) and known in holes:
        return _is_integer(arg)
    if isinstance(known, Seq) and isinstance(arg, Seq):
        return known.kind == arg.kind and len(known.items) == len(arg.items) and all(_fits(x, y, holes) for x, y in zip(known.items, arg.items))
    if isinstance(known, Slice) and isinstance(arg, Slice):
        return all(_fits(x, y, holes) for x, y in ((known.start, arg.start), (known.stop, arg.stop), (known.step, arg.step)))
    return same_arg(known, arg)


def _widen_own(m: Machine, plan: Plan, place: Place, choice: Choice, scopes: list[Scope] | None, state: State, ref: Ref) -> bool:
    choice_changed, choice.own = not choice.own, True
    if choice.late:
        return choice_changed
    kept, m.state = m.state, state
    with m.b.reopen(m.b.scopes if scopes is None else scopes), m.opened():  # which is thrown away: the array need not exist here
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


def end_value(m: Machine, plan: Plan, place: Place, state: State, before: Operand) -> Arg:
    """A flag or an index at the end of an iteration (or before the loop); `before`: what it was."""
    value, choice = lookup(state, place[0]), plan.choices[place[0]]
    if value is UNBOUND or value is DEAD:
        return before
    if place[1] == "is":
        return _is(m, value, choice, place[2])
    return _at(m, value, choice, place[2], choice.holes_in(place[2])[place[3]], before)


def _is(m: Machine, value: Value, choice: Choice, n: int) -> Operand:
    """Whether a value is a certain one of the arrays outside."""
    if not isinstance(value, Select):
        return Lit(choice.index(plain(value)) == n)
    then, orelse, condition = _is(m, value.then, choice, n), _is(m, value.orelse, choice, n), value.condition
    if then is orelse or (isinstance(then, Lit) and isinstance(orelse, Lit) and then.value == orelse.value):
        return then
    if isinstance(of := type_of(condition), Scalar) and of.dtype == "bool" and (isinstance(then, Lit) or isinstance(orelse, Lit)):
        if isinstance(orelse, Lit):
            then, orelse, condition = orelse, then, m.b.emit("not", condition)
        if isinstance(orelse, Lit):
            return m.b.emit("not", condition) if orelse.value else condition
        assert isinstance(then, Lit)
        return m.b.emit("or", condition, orelse) if then.value else m.b.emit("and", m.b.emit("not", condition), orelse)
    return _either(m, condition, then, orelse)


def _at(m: Machine, value: Value, choice: Choice, n: int, hole: Var, before: Operand) -> Operand:
    """The index that stands for a hole."""
    if isinstance(value, Select):
        then, orelse = (_at(m, side, choice, n, hole, before) for side in (value.then, value.orelse))
        return then if same_arg(then, orelse) else _either(m, value.condition, then, orelse)
    ref = plain(value)
    if not isinstance(ref, Ref) or choice.index(ref) != n:
        return before
    found: dict[Var, Operand] = {}
    for s, t in zip(choice.refs[n].path, ref.path):
        _match(s.detail, t.detail, found)
    return found[hole]


def _match(known: Arg, arg: Arg, found: dict[Var, Operand]) -> None:
    if isinstance(known, Var):
        assert isinstance(arg, (Var, Lit))
        found[known] = arg
    elif isinstance(known, Seq) and isinstance(arg, Seq):
        for x, y in zip(known.items, arg.items):
            _match(x, y, found)
    elif isinstance(known, Slice) and isinstance(arg, Slice):
        for x, y in ((known.start, arg.start), (known.stop, arg.stop), (known.step, arg.step)):
            _match(x, y, found)


def _either(m: Machine, condition: Operand, then: Operand, orelse: Operand) -> Operand:
    chosen = m.operand(m.choose(condition, lambda: m.wrap(then), lambda: m.wrap(orelse)))
    assert isinstance(chosen, (Var, Lit))
    return chosen


def own_array(value: Value, plan: Plan, place: Place) -> Value:
    """What the place's own array is after an iteration; where the place refers to an array outside, any array that is there will do."""
    choice = plan.choices[place]
    own = {ref for _, ref in alternatives(value) if isinstance(ref, Ref) and choice.index(ref) is None}
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
    return kept if choice.index(plain(value)) is not None else value


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
                if not isinstance(ref, Ref) or choice.index(ref) is not None:
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
