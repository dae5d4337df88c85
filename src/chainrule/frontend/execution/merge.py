"""(condition, state, state) -> state: what names and memory hold after a branch.

A number that differs becomes a result of the If. Two arrays that only these two paths know merge into one new
array; otherwise the name is bound to a `Select`, which reads and writes one or the other by the condition.
Names that cannot be merged are poisoned: an error if, and only if, they are used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...ir.build import Scope, type_of
from ...ir.nodes import UNDEFINED, Arg, Block, Lit, Operand, Seq, Var, Yield
from ...ir.types import BOOL, List
from ...ir.walk import definitions, map_arg
from .machine import Machine, Poison, describe, phi_type
from .places import hint_of
from .state import FLAG, State, reachable, slots
from .values import (
    UNBOUND,
    Closure,
    DictV,
    Elements,
    Entries,
    Items,
    ListV,
    Method,
    Num,
    Object,
    Partial,
    Ref,
    Select,
    Static,
    Step,
    TupleV,
    Value,
    same_arg,
)

_ABSENT: Any = object()


class Merger:
    def __init__(self, machine: Machine, condition: Operand, scopes_a: list[Scope], a: State | None,
                 scopes_b: list[Scope], b: State | None, base: State) -> None:
        self.m = machine
        self.condition = condition
        self.scopes = (scopes_a, scopes_b)
        self.a, self.b, self.base = a, b, base
        self.outs: list[Var] = []
        self.yields_a: list[Arg] = []
        self.yields_b: list[Arg] = []
        self.known: dict[Any, Operand] = {}
        self.merged = State().join(base.family)
        self.pairs: dict[tuple[int, int], int] = {}  # slots merged by contents -> the new slot
        self.pending: list[int] = []
        self.done: set[int] = set()
        self.inside: list[set[Var] | None] = [None, None]  # what each side defines, once it matters

    def run(self, va: Value | None, vb: Value | None) -> tuple[State, Value]:
        a, b = self.a or self.base, self.b or self.base
        if self.a is None or self.b is None:  # only one side goes on: its state, its values taken out of the block
            return self.export(va if self.b is None else vb)
        self.merged.entangled = {k: a.entangled.get(k, frozenset()) | b.entangled.get(k, frozenset())
                                 for k in {**a.entangled, **b.entangled}}
        self.merged.twins = {k: a.twins.get(k, frozenset()) | b.twins.get(k, frozenset()) for k in {**a.twins, **b.twins}}
        self.merged.owned = {s for s in a.owned | b.owned
                             if (s in a.owned or s not in a.heap) and (s in b.owned or s not in b.heap)}
        self.merged.origins = a.origins | b.origins
        self.merged.written = a.written | b.written
        self.plan_pairs(a, b, va, vb)
        for (x, y), new in self.pairs.items():
            self.merged.origins[new] = frozenset(a.may_be([x]) | b.may_be([y]))
        for number in a.frames:
            if number not in b.frames:
                self.merged.frames[number] = a.frames[number]
                continue
            fa, fb = a.frames[number], b.frames[number]
            names = list(dict.fromkeys([*fa, *fb]))
            self.merged.frames[number] = {n: self.meet(fa.get(n, UNBOUND), fb.get(n, UNBOUND), hint_of(("name", number, n), None)) for n in names}
        for number in b.frames:
            if number not in a.frames:
                self.merged.frames[number] = b.frames[number]
        value = self.meet(va, vb, None) if va is not None and vb is not None else (va or vb or Static(None))
        self.pending.extend(self.base.heap)
        self.merge_heap(a, b)
        return self.merged, value

    # -- one side only -------------------------------------------------------------------------------------

    def export(self, value: Value | None) -> tuple[State, Value]:
        side = self.a if self.a is not None else self.b
        assert side is not None
        first = self.a is not None
        self.merged = side

        def out(arg: Arg) -> Arg:
            return self.outward_arg(arg, first)

        def value_out(v: Any) -> Any:
            if isinstance(v, Num):
                return Num(out(v.operand))  # type: ignore[arg-type]
            if isinstance(v, Ref):
                return Ref(v.slot, tuple(type(s)(s.kind, out(s.detail)) for s in v.path))
            if isinstance(v, TupleV):
                return TupleV(tuple(value_out(i) for i in v.items), v.cls, None if v.whole is None else out(v.whole))  # type: ignore[arg-type]
            if isinstance(v, Select):
                return Select(out(v.condition), value_out(v.then), value_out(v.orelse))  # type: ignore[arg-type]
            if isinstance(v, Items):
                return Items(tuple(value_out(i) for i in v.items))
            if isinstance(v, Entries):
                return v.holding(tuple(value_out(i) for i in v.values)).flagged(out)  # type: ignore[arg-type]
            if isinstance(v, Partial):
                return v.holding(tuple(value_out(i) for i in v.parts()))
            if isinstance(v, Method):
                return Method(value_out(v.owner), v.name)
            if isinstance(v, (Var, Lit)):
                return out(v)
            return v

        base_vars = {id(v) for f in self.base.frames.values() for v in f.values()}
        for number, frame in side.frames.items():
            for name, v in frame.items():
                if id(v) not in base_vars:
                    frame[name] = value_out(v)
            self.merged.frames[number] = frame
        for slot, contents in side.heap.items():
            if self.base.heap.get(slot) is not contents:
                side.heap[slot] = value_out(contents)
        return side, value_out(value) if value is not None else Static(None)

    # -- numbers -----------------------------------------------------------------------------------------------

    def phi(self, a: Any, b: Any, hint: str | None) -> Operand:
        """The result of the If that is `a` after one side and `b` after the other."""
        if a is b and self.defined_before(a):
            return a  # type: ignore[no-any-return]
        key = (_id(a), _id(b))
        if key in self.known:
            return self.known[key]
        present_a, present_b = (UNDEFINED if x is _ABSENT else x for x in (a, b))
        type = phi_type(present_a, present_b)
        if type is None:
            raise _CannotMerge(f"it is {type_of(a)} on one path and {type_of(b)} on the other")
        out = Var(type, hint or getattr(a, "hint", None) or getattr(b, "hint", None))
        self.outs.append(out)
        self.yields_a.append(present_a)
        self.yields_b.append(present_b)
        self.known[key] = out
        if self.a is not None and self.b is not None and (a is _ABSENT or b is _ABSENT):
            self.m.partial[out] = (self.condition, b is _ABSENT)
        for source in (a, b):
            if isinstance(source, Var) and source in self.m.partial:
                self.m.partial.setdefault(out, self.m.partial[source])
        self.m.origin[out] = (self.condition, *(x for x in (a, b) if x is not _ABSENT))
        return out

    def defined_before(self, operand: Any) -> bool:
        if not isinstance(operand, Var):
            return True
        # Both sides know it, so neither block can have defined it.
        return self.a is not None and self.b is not None

    # -- names -----------------------------------------------------------------------------------------------

    def meet(self, a: Value, b: Value, name: str | None) -> Value:
        try:
            value = self._meet(a, b, name)
        except _CannotMerge as error:
            return Poison(f"after a branch, {error}")  # type: ignore[return-value]
        self.pending.extend(slots(value))
        return value

    def _meet(self, a: Value, b: Value, name: str | None) -> Value:
        if a is b or (type(a) is type(b) and a == b):
            return a
        if isinstance(a, Poison) or isinstance(b, Poison):
            return a if isinstance(a, Poison) else b
        if a is UNBOUND or b is UNBOUND:
            return self.one_sided(b if a is UNBOUND else a, a is UNBOUND, name)
        if _is_number(a) and _is_number(b):
            return Num((self.flag if name is not None and name.startswith(FLAG) else self.phi)(self.number(a), self.number(b), name))  # type: ignore[arg-type]
        if isinstance(a, TupleV) and isinstance(b, TupleV) and len(a.items) == len(b.items) and a.cls is b.cls:
            return TupleV(tuple(self._meet(x, y, None) for x, y in zip(a.items, b.items)), a.cls)
        if isinstance(a, Partial) and isinstance(b, Partial) and a.is_like(b):
            return a.holding(tuple(self._meet(x, y, None) for x, y in zip(a.parts(), b.parts())))
        if isinstance(a, Ref) and isinstance(b, Ref) and (a.slot, b.slot) in self.pairs:
            if a.path == b.path:
                return Ref(self.pairs[a.slot, b.slot], a.path)
        if type(a) is type(b) and isinstance(a, (ListV, DictV, Object)) and (a.slot, b.slot) in self.pairs and (  # type: ignore[union-attr]
                getattr(a, "cls", None) is getattr(b, "cls", None)):
            slot = self.pairs[a.slot, b.slot]  # type: ignore[union-attr]
            return replace(a, slot=slot)
        if isinstance(a, Num) and isinstance(b, Num):
            return Num(self.phi(a.operand, b.operand, name))
        return Select(self.condition, self.outward(a, True), self.outward(b, False))

    def outward(self, value: Value, first: bool) -> Value:
        """A value of one side, as it is seen after the If."""
        if isinstance(value, Num) and isinstance(value.operand, Var):
            return Num(self.outward_arg(value.operand, first))  # type: ignore[arg-type]
        if isinstance(value, TupleV):
            return TupleV(tuple(self.outward(i, first) for i in value.items), value.cls)
        if isinstance(value, Ref):
            return Ref(value.slot, tuple(Step(s.kind, self.outward_arg(s.detail, first)) for s in value.path))
        if isinstance(value, Select):
            condition = self.outward_arg(value.condition, first)
            return Select(condition, self.outward(value.then, first), self.outward(value.orelse, first))  # type: ignore[arg-type]
        if isinstance(value, Partial):
            return value.holding(tuple(self.outward(i, first) for i in value.parts()))
        if isinstance(value, Method):
            return Method(self.outward(value.owner, first), value.name)
        return value

    def outward_arg(self, arg: Arg, first: bool) -> Arg:
        side = 0 if first else 1
        if self.inside[side] is None:
            self.inside[side] = set(definitions(Block((), tuple(self.scopes[side][-1].stmts), Yield(()))))
        inside = self.inside[side]

        def out(v: Var) -> Arg:
            if v not in inside:  # type: ignore[operator]
                return v
            return self.phi(v, _ABSENT, None) if first else self.phi(_ABSENT, v, None)

        return map_arg(arg, out)  # type: ignore[no-any-return]

    def one_sided(self, value: Value, absent_first: bool, name: str | None) -> Value:
        if isinstance(value, Num):
            return Num(self.phi(_ABSENT, value.operand, name) if absent_first else self.phi(value.operand, _ABSENT, name))
        if isinstance(value, TupleV):
            return TupleV(tuple(self.one_sided(i, absent_first, None) for i in value.items), value.cls)
        if isinstance(value, Ref):
            moved = self.moved(value.slot, not absent_first)
            return self.outward(Ref(moved, value.path), not absent_first)
        if isinstance(value, (Select, Partial)):
            return self.outward(value, not absent_first)
        if isinstance(value, (ListV, DictV)):
            return replace(value, slot=self.moved(value.slot, not absent_first))
        if isinstance(value, Object):
            return Object(self.moved(value.slot, not absent_first), value.cls)
        return value

    def moved(self, slot: int, first: bool) -> int:
        """The slot that one side's slot has become."""
        return next((new for pair, new in self.pairs.items() if pair[0 if first else 1] == slot), slot)

    def number(self, value: Value) -> Arg:
        return value.operand if isinstance(value, Num) else Lit(value.value)  # type: ignore[union-attr]

    # -- memory ---------------------------------------------------------------------------------------------

    def plan_pairs(self, a: State, b: State, va: Value | None, vb: Value | None) -> None:
        """Which slots of the two sides can merge into one: those that only see each other."""
        to_b: dict[int, set[int]] = {}
        to_a: dict[int, set[int]] = {}
        noted: set[tuple[int, int]] = set()

        def note(x: Any, y: Any) -> None:
            if x is None or x is UNBOUND or y is None or y is UNBOUND:
                return  # bound on one side only: it follows wherever its array goes
            if isinstance(x, (Num, Static)) and isinstance(y, (Num, Static)):
                return
            if isinstance(x, TupleV) and isinstance(y, TupleV) and len(x.items) == len(y.items):
                for p, q in zip(x.items, y.items):
                    note(p, q)
                return
            if isinstance(x, Partial) and x.is_like(y):
                for p, q in zip(x.parts(), y.parts()):
                    note(p, q)
                return
            same_kind = type(x) is type(y) and isinstance(x, (Ref, ListV, DictV, Object)) and getattr(x, "cls", None) is getattr(y, "cls", None)
            if same_kind and (not isinstance(x, Ref) or x.path == y.path):
                to_b.setdefault(x.slot, set()).add(y.slot)
                to_a.setdefault(y.slot, set()).add(x.slot)
                if (x.slot, y.slot) not in noted and not (x.slot in self.base.heap and y.slot in self.base.heap):
                    noted.add((x.slot, y.slot))
                    note_contents(a.heap.get(x.slot), b.heap.get(y.slot))
                return
            for s in reachable(a, iter((x,))):
                to_b.setdefault(s, set()).add(-1)
            for s in reachable(b, iter((y,))):
                to_a.setdefault(s, set()).add(-1)

        def note_contents(ca: Any, cb: Any) -> None:
            if isinstance(ca, Items) and isinstance(cb, Items) and len(ca.items) == len(cb.items):
                for p, q in zip(ca.items, cb.items):
                    note(p, q)
            elif isinstance(ca, Entries) and isinstance(cb, Entries) and (ca.keys == cb.keys or ca.cls is not None):
                for key in {**dict.fromkeys(ca.keys), **dict.fromkeys(cb.keys)}:
                    note(ca.get(key) if key in ca.keys else None, cb.get(key) if key in cb.keys else None)
            else:
                for side, contents, found in ((a, ca, to_b), (b, cb, to_a)):
                    inner = contents.items if isinstance(contents, Items) else contents.values if isinstance(contents, Entries) else ()
                    for s in reachable(side, iter(inner)) if inner else ():
                        found.setdefault(s, set()).add(-1)

        for number in a.frames:
            fb = b.frames.get(number, {})
            for name in {**a.frames[number], **fb}:
                note(a.frames[number].get(name), fb.get(name))
        note(va, vb)
        seen_a, seen_b = (reachable(side, (v for v in (*(v for f in side.frames.values() for v in f.values()), value) if v is not None))
                          for side, value in ((a, va), (b, vb)))
        for slot in self.base.heap:
            one_side = slot in seen_a or slot in seen_b
            if (slot in seen_a and slot in seen_b) or (one_side and not any(slot in pair for pair in noted)):
                note_contents(a.heap.get(slot), b.heap.get(slot))
        for x, partners in to_b.items():
            if len(partners) == 1:
                (y,) = partners
                if y != x and y != -1 and to_a.get(y) == {x} and self.mergeable(a, b, x, y):
                    self.m.numbers += 1
                    self.pairs[x, y] = self.m.numbers
                    self.merged.entangle(self.m.numbers, set(a.entangled.get(x, ())) | set(b.entangled.get(y, ())))
                    self.merged.confuse(self.m.numbers, set(a.twins.get(x, ())) | set(b.twins.get(y, ())))

    def mergeable(self, a: State, b: State, x: int, y: int) -> bool:
        if x in self.m.foreign or y in self.m.foreign:
            return False
        ca, cb = a.heap[x], b.heap[y]
        if isinstance(ca, Elements) or isinstance(cb, Elements):
            return False
        if isinstance(ca, (Var, Lit)) and isinstance(cb, (Var, Lit)):
            return phi_type(ca, cb) is not None
        if isinstance(ca, Items) and isinstance(cb, Items) and len(ca.items) == len(cb.items):
            return True
        if not isinstance(ca, Entries) and not isinstance(cb, Entries):  # two lists, of different or of unknown lengths
            sides = [c.items if isinstance(c, Items) else None for c in (ca, cb)]
            return any(items is None or items for items in sides) and all(
                items is None or all(_is_number(i) or isinstance(i, Ref) for i in items) for items in sides)
        return isinstance(ca, Entries) and isinstance(cb, Entries) and (ca.keys == cb.keys or ca.cls is not None) and ca.cls is cb.cls

    def merge_heap(self, a: State, b: State) -> None:
        merged_from = {new: pair for pair, new in self.pairs.items()}
        while self.pending:
            slot = self.pending.pop()
            if slot in self.done:
                continue
            self.done.add(slot)
            if slot in merged_from:
                x, y = merged_from[slot]
                ca: Any = a.heap[x]
                cb: Any = b.heap[y]
            else:
                ca, cb = a.heap.get(slot, _ABSENT), b.heap.get(slot, _ABSENT)
            contents = self.meet_contents(ca, cb)
            self.merged.heap[slot] = contents
            if isinstance(contents, (Var, Lit)) and (isinstance(ca, Items) or isinstance(cb, Items)):
                self.merged.entangle(slot, {s for c in (ca, cb) if isinstance(c, Items) for s in slots(c)})
            self.pending.extend(slots(contents))

    def meet_contents(self, a: Any, b: Any) -> Any:
        if a is b:
            return a
        if a is _ABSENT or b is _ABSENT:
            present = b if a is _ABSENT else a
            if isinstance(present, Items):
                return Items(tuple(self.one_sided(i, a is _ABSENT, None) for i in present.items))
            if isinstance(present, Entries):
                return present.holding(tuple(self.one_sided(i, a is _ABSENT, None) for i in present.values)).flagged(
                    lambda flag: self.outward_arg(flag, b is _ABSENT))  # type: ignore[arg-type, return-value]
            if isinstance(present, Elements):
                return present
            return self.phi(a, b, None)
        if isinstance(a, Items) and isinstance(b, Items):
            if len(a.items) == len(b.items):
                return Items(tuple(self.meet(x, y, None) for x, y in zip(a.items, b.items)))
            return self.phi(self.as_list(a, 0, b), self.as_list(b, 1, a), None)
        if isinstance(a, Elements) or isinstance(b, Elements):
            if a == b:
                return a
            self.m.unroll_here()
            self.m.refuse("a set has different elements after the two sides of a branch", "its elements must be known before the program runs",
                          "change it in the same way on both sides")
        if isinstance(a, Entries) and isinstance(b, Entries):
            if a.keys == b.keys:
                return Entries(a.keys, tuple(self.meet(x, y, None) for x, y in zip(a.values, b.values)), a.cls, self.flags(a, b))
            if a.cls is not None:  # attributes that are set on one side only
                keys = tuple(dict.fromkeys((*a.keys, *b.keys)))
                return Entries(keys, tuple(self.meet(a.get(key) if key in a.keys else UNBOUND, b.get(key) if key in b.keys else UNBOUND, None) for key in keys), a.cls,
                               self.flags(a, b))
            self.m.unroll_here()
            self.m.refuse("a dictionary has different keys after the two sides of a branch", "its keys must be known before it runs",
                          "set the same keys on both sides")
        x = self.as_list(a, 0, b) if isinstance(a, Items) else a
        y = self.as_list(b, 1, a) if isinstance(b, Items) else b
        return self.phi(x, y, None)

    def flags(self, a: Entries, b: Entries) -> dict[Any, Operand]:
        """Whether there are the attributes that are set on some paths only."""
        found = {}
        for key in dict.fromkeys((*a.keys, *b.keys)):
            x, y = (side.unsure.get(key, Lit(True)) if key in side.keys else Lit(False) for side in (a, b))
            if not (isinstance(x, Lit) and isinstance(y, Lit) and x.value and y.value):
                found[key] = self.flag(x, y, f"has {key}")
        return found

    def flag(self, a: Operand, b: Operand, name: str | None) -> Operand:
        """A flag of ours: often the condition itself."""
        if isinstance(a, Lit) and isinstance(b, Lit) and type_of(self.condition) == BOOL:
            return self.condition if a.value else self.m.b.emit("not", self.condition, type=BOOL)
        return self.phi(a, b, name)

    def as_list(self, items: Items, side: int, other: Any) -> Operand:
        """A list whose length is no longer known: a Var of type List, made in the block of its side."""
        state = self.a if side == 0 else self.b
        assert state is not None
        kept, self.m.state = self.m.state, state
        try:
            with self.m.b.reopen(self.scopes[side]):
                if not items.items and other is not None:
                    like = self.as_list(other, 1 - side, None) if isinstance(other, Items) else other
                    return self.m.b.emit("empty_list", Lit(None), type=type_of(like))
                return list_var(self.m, items)
        finally:
            self.m.state = kept


def list_var(machine: Machine, items: Items) -> Operand:
    """A known list as a Var of type List."""
    if not items.items:
        machine.refuse("an empty list grows on one path only", "the type of its elements is not known",
                       "append on both paths, or start with an element")
    if any(holds_object(item) for item in items.items):
        machine.refuse("a list of objects has a length, or an index, that is only known when the program runs",
                       "each of its items would need code of its own", "make the list before the loop, or use an array")
    if any(isinstance(item, FUNCTIONS) for item in items.items):
        machine.refuse("a list of functions has a length, or an index, that is only known when the program runs",
                       "each of its items would need code of its own", "choose between functions with `if`")
    for item in items.items:
        check_element(machine, item)
    args = Seq(tuple(_element(machine, item) for item in items.items), "list")
    result = machine.b.emit("list", args)
    if isinstance(result, Var) and isinstance(result.type, List):
        return result
    machine.refuse("a list of unlike elements grows", "its elements have no common type", "use a tuple, or elements of one type")


FUNCTIONS = (Closure, Method, Partial)


def holds_object(value: Any) -> bool:
    """Whether a value is an object, or a tuple with one: it has no representation in a list of unknown length."""
    return isinstance(value, Object) or (isinstance(value, TupleV) and any(map(holds_object, value.items)))


def check_element(machine: Machine, item: Value) -> None:
    """Refuse, or unroll the loop, where a value cannot be an element of a list in the generated program."""
    if not representable(machine, item):
        machine.unroll_here()
        machine.refuse(f"{describe(item)} is put into a list that a loop grows", "the list would need a representation of it in the generated program",
                       "use a tuple, or keep its parts in lists of their own")


def representable(machine: Machine, value: Value) -> bool:
    """Whether a value can be an element of a list in the generated program."""
    if isinstance(value, TupleV):
        return all(representable(machine, item) for item in value.items)
    if isinstance(value, ListV):
        contents = machine.state.heap[value.slot]
        return not isinstance(contents, Items) or all(representable(machine, item) for item in contents.items)
    if isinstance(value, Static):
        return value.value is None or isinstance(value.value, (bool, int, float, complex, str, bytes)) or hasattr(value.value, "dtype")
    return isinstance(value, (Num, Ref, Select))


def _element(machine: Machine, item: Value) -> Arg:
    contents = machine.state.heap[item.slot] if isinstance(item, ListV) else None
    return list_var(machine, contents) if isinstance(contents, Items) else machine.operand(item)


class _CannotMerge(Exception):
    pass


def _is_number(value: Any) -> bool:
    if isinstance(value, Static):
        return isinstance(value.value, (bool, int, float, complex)) or (type(value.value).__module__ == "numpy" and hasattr(value.value, "dtype"))
    return isinstance(value, Num) and not _is_opaque(value)


def _is_opaque(value: Num) -> bool:
    from ...ir.types import Opaque

    return isinstance(type_of(value.operand), Opaque)


def _id(x: Any) -> Any:
    if isinstance(x, Lit) and isinstance(x.value, (bool, int, float)):
        return (type(x.value), repr(x.value))
    return id(x)


__all__ = ["Merger", "describe", "list_var", "same_arg"]
