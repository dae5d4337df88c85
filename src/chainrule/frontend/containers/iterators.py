"""Iterators as values: what they go through, how far they are, and how one more item is taken.

An iterator's *source* is of one of three kinds:

- *indexed*: the item for a number can be computed (a list, an array, a range; `zip`, `map`, `enumerate` ... of such). The iterator's heap
  slot holds, as "at", how many items it has given. A loop over it can stay a loop.
- a *stage* over another iterator: it gives some of its items, or something made of them (`filter`, `takewhile`, `accumulate`, a generator
  expression with conditions). Its slot holds its own state, if it has any.
- a *weave* of several iterators that somebody else may hold, too (`zip(it, it)`): its items are taken one by one.

Items are computed when they are taken, in Python's order. Taking one may have to branch, so what follows is given as a continuation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir.nodes import Lit, Seq
from ..constructs import suspended
from ..execution.exits import Unreachable
from ..execution.state import reachable
from ..execution.values import (
    Closure,
    DictV,
    Entries,
    Generator,
    IteratorV,
    Lazy,
    ListV,
    Num,
    Object,
    Range,
    Ref,
    Select,
    SetV,
    Static,
    TupleV,
    Value,
)
from ..objects import overloads

Machine = Any
Give = Callable[[Value], Any]
Go = Callable[[], Any]
Branch = Callable[[Any, Go, Go], Any]
Thunk = Callable[[], Value]

STAGES = frozenset({"filter", "filterfalse", "takewhile", "dropwhile", "accumulate", "chosen", "number"})
VIEWS = frozenset({"keys", "values", "items"})
INFINITE = frozenset({"count", "repeat", "cycle"})
CALLED = frozenset({"object", "until", "suspended"})  # an object with `__next__`; `iter(function, sentinel)`
END = type("End", (), {})()  # what is no item
NEXT_LIMIT = 40  # items of a known iterable that one `next` may have to pass over


def iterator(m: Machine, value: Value) -> IteratorV:
    """`iter(value)`."""
    if isinstance(value, Object):
        value = overloads.iterator(m, value)
    if isinstance(value, IteratorV):
        return value
    if isinstance(value, Generator):
        value = m.in_step(value)
    if isinstance(value, IteratorV):
        return value
    if isinstance(value, Lazy) and value.kind in STAGES:
        return IteratorV(m.new(Entries((), ())), value)
    if isinstance(value, DictV):
        value = Lazy("keys", (value,))
    entries = Entries(("at",), (Static(0),))
    if isinstance(value, SetV) or (isinstance(value, Lazy) and value.kind in VIEWS):
        entries = entries.put("size", Static(len(m.known_items(value))))
    return IteratorV(m.new(entries), value)


def in_turn(m: Machine, value: Value) -> Value:
    """Something with generators in it, as an iterator that takes their items one by one."""
    if isinstance(value, Generator):
        return suspended.iterator_of(value)
    if not isinstance(value, Lazy) or value.kind not in ("zip", "enumerate") or not any(isinstance(part, Generator) for part in value.parts):
        return value
    parts = tuple(suspended.iterator_of(part) if isinstance(part, Generator) else part for part in value.parts)
    return stage(m, "number", (), parts[0], {"number": parts[1]}) if value.kind == "enumerate" else iterator(m, Lazy("zip", parts))


def check_size(m: Machine, it: IteratorV) -> None:
    """A dictionary or a set that changes its size while it is gone through raises RuntimeError, as in Python."""
    entries = m.state.heap[it.slot]
    if "size" in entries.keys and entries.get("size") != Static(len(m.known_items(it.source))):
        what = "Set" if isinstance(it.source, SetV) else "dictionary"
        m.b.effect("py.raise", Seq((Lit(RuntimeError), Lit(f"{what} changed size during iteration"))))
        raise Unreachable


def stage(m: Machine, kind: str, parts: tuple[Value, ...], over: Value, state: dict[str, Value] | None = None) -> IteratorV:
    """An iterator that gives what it makes of another one's items."""
    contents = Entries(tuple(state or ()), tuple((state or {}).values()))
    return IteratorV(m.new(contents), Lazy(kind, (*parts, iterator(m, over))))


def made(m: Machine, kind: str, first: tuple[Value, ...], iterables: tuple[Value, ...]) -> IteratorV:
    """An iterator over several iterables; those that nobody else holds are taken for what they go through."""
    return iterator(m, Lazy(kind, (*first, *absorbed(m, iterables))))


def absorbed(m: Machine, iterables: tuple[Value, ...]) -> tuple[Value, ...]:
    """Iterators that are fresh, and held by nobody, as what they go through."""
    iterables = tuple(overloads.iterator(m, v) if isinstance(v, Object) else v for v in iterables)
    iterables = tuple(m.in_step(v) if isinstance(v, Generator) else v for v in iterables)
    if not any(isinstance(v, (IteratorV, DictV)) for v in iterables):
        return iterables
    held = reachable(m.state, held_values(m))
    result: list[Value] = []
    for value in iterables:
        if isinstance(value, DictV):
            value = Lazy("keys", (value,))
        if isinstance(value, IteratorV) and value.slot not in held and sum(v == value for v in iterables) == 1 \
                and indexed(m, value.source) and position(m, value) == Static(0):
            value = value.source
        result.append(value)
    return tuple(result)


def held_values(m: Machine) -> Any:
    """What names are bound to that may be read from now on, without those that the compiler binds itself."""
    for number, frame in m.state.frames.items():
        for name, value in frame.items():
            if not name.startswith("%iterable") and m.is_live(number, name):
                yield value


def position(m: Machine, it: IteratorV) -> Value:
    entries = m.state.heap[it.slot]
    assert isinstance(entries, Entries)
    return entries.get("at")


def move(m: Machine, it: IteratorV, at: Value) -> None:
    m.state.heap[it.slot] = m.state.heap[it.slot].put("at", at)


def indexed(m: Machine, source: Value) -> bool:
    """Whether the item for a number can be computed."""
    if isinstance(source, IteratorV):
        return False
    if isinstance(source, Lazy):
        if source.kind in STAGES or source.kind == "nested" or source.kind in CALLED:
            return False
        return all(indexed(m, part) for part in source.parts if not isinstance(part, Static) and not callable_value(part))
    return True


def callable_value(value: Value) -> bool:
    return isinstance(value, Closure) or not isinstance(
        value, (Lazy, IteratorV, TupleV, ListV, DictV, SetV, Ref, Select, Range, Num, Static))


__all__ = ["CALLED", "END", "INFINITE", "NEXT_LIMIT", "STAGES", "VIEWS", "Branch", "Give", "Go", "Machine", "Thunk", "absorbed", "callable_value", "check_size", "held_values", "in_turn", "indexed", "iterator", "made", "move", "position", "stage"]
