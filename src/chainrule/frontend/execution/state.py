"""The abstract machine's state: frames of names, and the heap; and how two states merge after a branch."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...ir.nodes import Arg, Lit, Var
from .values import (
    Bound,
    Closure,
    Contents,
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Manager,
    Method,
    Num,
    Object,
    Partial,
    Ref,
    Select,
    SetV,
    SliceV,
    Static,
    Super,
    TupleV,
    Value,
)

Frame = dict[str, Value]
FLAG = "bound "  # what the name of a flag begins with, which says whether another name is bound


class State:
    """Names and memory at one point of the program. Copied at a branch, merged after it."""

    def __init__(self) -> None:
        self.frames: dict[int, Frame] = {}
        self.heap: dict[int, Contents] = {}
        self.entangled: dict[int, frozenset[int]] = {}  # slots that may share a buffer at run time
        self.twins: dict[int, frozenset[int]] = {}  # slots of lists, dictionaries and objects that may be one and the same at run time
        self.origins: dict[int, frozenset[int]] = {}  # a slot that a branch merged: the slots of which it is one
        self.written: set[int] = set()  # slots that have been written, and those that they may be
        self.owned: set[int] = set()  # slots whose array is known to be C-contiguous
        self.family: weakref.WeakSet[State] = weakref.WeakSet((self,))  # the states of one execution

    def join(self, family: weakref.WeakSet[State]) -> State:
        """Be one of the states of an execution."""
        self.family = family
        family.add(self)
        return self

    def add_everywhere(self, slot: int, contents: Contents) -> None:
        """A slot that existed before the program started, but was met only now: it is in every state."""
        for state in self.family:
            state.heap.setdefault(slot, contents)

    def copy(self) -> State:
        other = State()
        other.frames = {number: dict(frame) for number, frame in self.frames.items()}
        other.heap = dict(self.heap)
        other.entangled = dict(self.entangled)
        other.twins = dict(self.twins)
        other.owned = set(self.owned)
        other.origins = dict(self.origins)
        other.written = set(self.written)
        return other.join(self.family)

    def may_be(self, slots: Iterable[int]) -> set[int]:
        """These slots, and those that they may be."""
        found = set(slots)
        return found.union(*(self.origins.get(slot, frozenset()) for slot in found))

    def confuse(self, slot: int, others: set[int]) -> None:
        """Note that the container in `slot` may be each of `others`."""
        others = set().union(others, *(self.twins.get(other, ()) for other in others)) - {slot}
        for other in others:
            self.twins[slot] = self.twins.get(slot, frozenset()) | {other}
            self.twins[other] = self.twins.get(other, frozenset()) | {slot}

    def entangle(self, slot: int, others: set[int]) -> None:
        """Note that `slot` may share its buffer with each of `others`."""
        others = set().union(others, *(self.entangled.get(other, ()) for other in others)) - {slot}
        if others:
            self.entangled[slot] = self.entangled.get(slot, frozenset()) | others
            for other in others:
                self.entangled[other] = self.entangled.get(other, frozenset()) | {slot}


def slots(value: Any) -> Iterator[int]:
    """The heap slots that a value refers to directly."""
    if isinstance(value, (Num, Static, Var)):  # most values are
        return
    if isinstance(value, (Ref, ListV, DictV, Object, SetV)):
        yield value.slot
        if isinstance(value, DictV) and value.factory is not None:
            yield from slots(value.factory)
    elif isinstance(value, IteratorV):
        yield value.slot
        yield from slots(value.source)
    elif isinstance(value, TupleV):
        for item in value.items:
            yield from slots(item)
    elif isinstance(value, Select):
        yield from slots(value.then)
        yield from slots(value.orelse)
    elif isinstance(value, (Method, Super)):
        yield from slots(value.owner)
    elif isinstance(value, Bound):
        yield from slots(value.function)
        yield from slots(value.owner)
    elif isinstance(value, Partial):
        for item in value.parts():
            yield from slots(item)
    elif isinstance(value, Generator):
        yield value.slot
    elif isinstance(value, (Lazy, Manager)):
        for item in value.parts:
            yield from slots(item)
    elif isinstance(value, SliceV):
        for item in (value.start, value.stop, value.step):
            yield from slots(item)
    elif isinstance(value, Closure):
        for item in value.defaults:
            yield from slots(item)
        for _, item in value.keyword_defaults:
            yield from slots(item)
    elif isinstance(value, Items):
        for item in value.items:
            yield from slots(item)
    elif isinstance(value, Entries):
        for item in value.values:
            yield from slots(item)


def reachable(state: State, roots: Iterator[Value]) -> set[int]:
    """All slots that can be reached from some values."""
    found: set[int] = set()
    pending = [slot for value in roots for slot in slots(value)]
    while pending:
        slot = pending.pop()
        if slot not in found:
            found.add(slot)
            contents = state.heap.get(slot)
            if isinstance(contents, (Items, Entries)):
                pending.extend(slots(contents))
    return found


def is_var_contents(contents: Any) -> bool:
    return isinstance(contents, (Var, Lit))


ArgMap = Callable[[Arg], Arg]
