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

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...ir.nodes import Arg, Lit, Seq, Var
from ...ir.types import BOOL
from ..constructs import suspended
from ..execution.exits import Unreachable
from ..execution.state import reachable
from ..execution.values import (
    NONE,
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
from . import library

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


# -- the items of an indexed source ------------------------------------------------------------------------------


def thunks(m: Machine, source: Value) -> list[Thunk] | None:
    """The items of an indexed source, each computed when it is asked for; None if their number is not known."""
    if isinstance(source, Lazy):
        row = _THUNKS.get(source.kind)
        if row is not None:
            return row(m, source.parts)
    items = m.known_items(source)
    return None if items is None else [lambda item=item: item for item in items]  # type: ignore[misc]


def nth(m: Machine, source: Value, n: int) -> Value:
    """Item n of a source without end."""
    assert isinstance(source, Lazy)
    if source.kind == "count":
        start, step = source.parts
        result: Value = m.binary("+", start, m.binary("*", Static(n), step)) if n or not isinstance(start, Static) else start
        return result
    if source.kind == "repeat":
        return source.parts[0]
    items = m.known_items(source.parts[0])
    if items is None:
        return m.subscript(source.parts[0], m.binary("%", Static(n), m.call_static(len, (source.parts[0],), {})))  # type: ignore[no-any-return]
    return items[n % len(items)]  # type: ignore[no-any-return]


def endless(source: Value) -> bool:
    return isinstance(source, Lazy) and source.kind in INFINITE and (source.kind != "repeat" or len(source.parts) == 1)


def _zip_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    finite = [None if endless(p) else thunks(m, p) for p in parts]
    if not parts:
        return []
    lengths = [len(t) for p, t in zip(parts, finite) if not endless(p) and t is not None]
    if len(lengths) != sum(not endless(p) for p in parts) or not lengths:
        return None

    def item(n: int) -> Thunk:
        return lambda: TupleV(tuple(nth(m, p, n) if t is None else t[n]() for p, t in zip(parts, finite)))

    return [item(n) for n in range(min(lengths))]


def _map_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    rows = _zip_thunks(m, parts[1:])
    return None if rows is None else [lambda row=row: m.call(parts[0], row().items, {}) for row in rows]  # type: ignore[misc]


def _starmap_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    rows = thunks(m, parts[1])
    return None if rows is None else [lambda row=row: m.call(parts[0], m.iterate(row()), {}) for row in rows]  # type: ignore[misc]


def _enumerate_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    rows = thunks(m, parts[0])
    if rows is None:
        return None
    return [lambda n=n, row=row: TupleV((m.binary("+", parts[1], Static(n)), row())) for n, row in enumerate(rows)]  # type: ignore[misc]


def _chain_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    every = [thunks(m, part) for part in parts]
    return None if any(t is None for t in every) else [t for some in every if some is not None for t in some]


def _islice_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    source, *bounds = parts
    start, stop, step = (m.static(b, "a bound of islice") for b in bounds)
    if endless(source):
        if stop is None:
            return None
        return [lambda n=n: nth(m, source, n) for n in range(start or 0, stop, step or 1)]  # type: ignore[misc]
    rows = thunks(m, source)
    return None if rows is None else rows[slice(start, stop, step)]


def _longest_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    fill, *sources = parts
    every = [_decided_thunks(m, part) for part in sources]
    if any(t is None for t in every):
        return None
    return [lambda n=n: TupleV(tuple(t[n]() if n < len(t) else fill for t in every if t is not None))  # type: ignore[misc]
            for n in range(max((len(t) for t in every if t is not None), default=0))]


def _decided_thunks(m: Machine, source: Value) -> list[Thunk] | None:
    """The items of an array or a list, whose number the values of the call decide."""
    found = thunks(m, source)
    if found is None and m.witness is not None and m.at_top() and not isinstance(source, (Lazy, IteratorV)):
        count = m.decide(m.call_static(len, (source,), {}), "the number of items")
        return [lambda n=n: m.subscript(source, Static(n)) for n in range(count)]  # type: ignore[misc]
    return found


def _pairwise_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    items = m.known_items(parts[0])
    return None if items is None else [lambda a=a, b=b: TupleV((a, b)) for a, b in itertools.pairwise(items)]  # type: ignore[misc]


def _repeat_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    if len(parts) == 1:
        return None
    if isinstance(parts[1], Num) and not isinstance(parts[1].operand, Lit):
        return None
    return [lambda: parts[0]] * m.static(parts[1], "a number of repetitions")


def _product_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    import itertools

    every = [m.known_items(part) for part in parts]
    if any(items is None for items in every):
        return None
    return [lambda row=row: TupleV(row) for row in itertools.product(*(items for items in every if items is not None))]  # type: ignore[misc]


def _generator_thunks(m: Machine, parts: tuple[Value, ...]) -> list[Thunk] | None:
    closure, first = parts
    rows = thunks(m, first)
    return None if rows is None else [lambda row=row: m.generated(closure, row()) for row in rows]  # type: ignore[misc]


_THUNKS: dict[str, Callable[[Machine, tuple[Value, ...]], list[Thunk] | None]] = {
    "zip": _zip_thunks, "map": _map_thunks, "starmap": _starmap_thunks, "enumerate": _enumerate_thunks, "chain": _chain_thunks,
    "islice": _islice_thunks, "zip_longest": _longest_thunks, "pairwise": _pairwise_thunks, "repeat": _repeat_thunks,
    "product": _product_thunks, "generator": _generator_thunks, "count": lambda m, parts: None, "cycle": lambda m, parts: None}

Bounds = tuple[Arg, Arg, Arg]
Element = Callable[[Any], Value]


def counted(m: Machine, source: Lazy, node: ast.stmt | None) -> tuple[Bounds, Element] | None:
    """An indexed source as a counted loop."""
    row = _COUNTED.get(source.kind)
    return None if row is None else row(m, source.parts, node)


def _from_zero(m: Machine, source: Value, node: Any) -> tuple[Any, Element]:
    """The number of items, and the item for a number that starts at 0."""
    bounds, element = m.counted(source, node)
    return m.trip_count(bounds), lambda index: element(m._at(bounds, index))


def _counted_map(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    if len(parts) == 2:
        bounds, element = m.counted(parts[1], node)
        return bounds, lambda index: m.call(parts[0], (element(index),), {})
    bounds, element = m.counted(Lazy("zip", parts[1:]), node)
    return bounds, lambda index: m.call(parts[0], element(index).items, {})


def _counted_starmap(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    bounds, element = m.counted(parts[1], node)
    return bounds, lambda index: m.call(parts[0], m.iterate(element(index)), {})


def _counted_generator(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    bounds, element = m.counted(parts[1], node)
    return bounds, lambda index: m.generated(parts[0], element(index))


def _counted_repeat(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element] | None:
    return None if len(parts) == 1 else ((Lit(0), m.operand(parts[1]), Lit(1)), lambda index: parts[0])


def _counted_from(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    count, element = _from_zero(m, parts[0], node)
    return (m.operand(parts[1]), count, Lit(1)), element


def _counted_islice(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    start, stop, step = (m.operand(p) for p in parts[1:])
    start, step = (Lit(default) if isinstance(p, Lit) and p.value is None else p for p, default in ((start, 0), (step, 1)))
    if endless(parts[0]):
        def item(index: Any) -> Value:
            return endless_item(m, parts[0], index)

        return (start, stop, step), item
    count, element = _from_zero(m, parts[0], node)
    if not (isinstance(stop, Lit) and stop.value is None):
        count = m.b.emit("min", Seq((count, stop)))
    return (start, count, step), element


def endless_item(m: Machine, source: Value, index: Any) -> Value:
    """Item `index` of a source without end, in a loop that stays one."""
    if isinstance(index, Lit):
        return nth(m, source, index.value)
    assert isinstance(source, Lazy)
    if source.kind == "repeat":
        return source.parts[0]
    if source.kind == "count":
        start, step = source.parts
        scaled = Num(index) if step == Static(1) else m.binary("*", Num(index), step)
        return scaled if start == Static(0) else m.binary("+", start, scaled)
    length = m.call_static(len, (source.parts[0],), {})
    return m.subscript(source.parts[0], m.binary("%", Num(index), length))  # type: ignore[no-any-return]


def _counted_chain(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    counts, elements = zip(*(_from_zero(m, part, node) for part in parts))
    total = counts[0]
    for count in counts[1:]:
        total = m.b.emit("+", total, count)

    def item(index: Any, n: int = 0) -> Value:
        if n == len(parts) - 1:
            return elements[n](index)  # type: ignore[no-any-return]
        before = m.b.emit("<", index, counts[n])
        if isinstance(before, Lit):
            return elements[n](index) if before.value else item(m.b.emit("-", index, counts[n]), n + 1)
        return m.choose(before, lambda: elements[n](index), lambda: item(m.b.emit("-", index, counts[n]), n + 1))  # type: ignore[no-any-return]

    return (Lit(0), total, Lit(1)), item


def _counted_product(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    counts, elements = zip(*(_from_zero(m, part, node) for part in parts))
    total = counts[0]
    for count in counts[1:]:
        total = m.b.emit("*", total, count)

    def item(index: Any) -> Value:
        found: list[Value] = []
        rest = index
        for count, element in reversed(list(zip(counts, elements))):
            last = len(found) == len(parts) - 1
            found.append(element(rest if last else m.b.emit("%", rest, count)))
            if not last:
                rest = m.b.emit("//", rest, count)
        return TupleV(tuple(reversed(found)))

    return (Lit(0), total, Lit(1)), item


def _counted_pairwise(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    count, element = _from_zero(m, parts[0], node)
    return (Lit(0), m.b.emit("-", count, 1), Lit(1)), lambda index: TupleV((element(index), element(m.b.emit("+", index, 1))))


SEQUENTIAL = frozenset({"accumulate", "number"})  # stages that give one item for each


def _counted_sequential(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    """An iterator through stages that neither pass over an item nor end, in a loop that takes all items in order."""
    assert isinstance(parts[0], IteratorV)
    stream = flatten(parts[0])
    bounds, element = m.counted(stream.base.source, node)

    def none() -> Any:
        raise AssertionError("these stages give an item for each")

    return bounds, lambda index: through(m, stream.stages, element(index), lambda item: item, none, none, lambda *_: none())


def sequential(m: Machine, source: Value, held: set[int]) -> Value | None:
    """A weave of iterators that nobody else holds, as an indexed source that a loop goes through once and in order."""
    if not isinstance(source, Lazy) or source.kind not in ("zip", "map"):
        return None
    parts: list[Value] = []
    seen: set[int] = set()
    for part in source.parts:
        if isinstance(part, IteratorV):
            stream = flatten(part)
            mine = {stream.base.slot, *(s.slot for s in stream.stages)}
            if mine & (held | seen) or not indexed(m, stream.base.source) or position(m, stream.base) != Static(0) or any(
                    s.source.kind not in SEQUENTIAL for s in stream.stages):  # type: ignore[union-attr]
                return None
            seen |= mine
            part = Lazy("sequential", (part,))
        parts.append(part)
    return Lazy(source.kind, tuple(parts))


def _counted_longest(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    fill, *sources = parts
    counts, elements = zip(*(_from_zero(m, part, node) for part in sources))
    longest = counts[0]
    for count in counts[1:]:
        longest = m.b.emit("max", Seq((longest, count)))

    def item(index: Any, count: Any, element: Element) -> Value:
        there = m.b.emit("<", index, count)
        if isinstance(there, Lit):
            return element(index) if there.value else fill
        return m.choose(there, lambda: element(index), lambda: fill)  # type: ignore[no-any-return]

    def row(index: Any) -> Value:
        return TupleV(tuple(element(index) if count is longest else item(index, count, element) for count, element in zip(counts, elements)))

    return (Lit(0), longest, Lit(1)), row


_COUNTED: dict[str, Callable[[Machine, tuple[Value, ...], Any], tuple[Bounds, Element] | None]] = {
    "map": _counted_map, "starmap": _counted_starmap, "generator": _counted_generator, "repeat": _counted_repeat, "from": _counted_from,
    "islice": _counted_islice, "chain": _counted_chain, "product": _counted_product, "pairwise": _counted_pairwise, "sequential": _counted_sequential,
    "zip_longest": _counted_longest}


# -- taking one item -----------------------------------------------------------------------------------------------


def step(m: Machine, it: IteratorV, give: Give, end: Go, branch: Branch, depth: int = 0) -> Any:
    """Take one item: goes on with `give(item)`, or with `end()` if there is none."""
    source = it.source
    if isinstance(source, Lazy) and source.kind in STAGES:
        if depth > NEXT_LIMIT:
            m.refuse("one item is asked of an iterator that may pass over many", "which item it is depends on computed numbers",
                     "take it in a loop with `break`")
        child = source.parts[-1]
        assert isinstance(child, IteratorV)
        return step(m, child, lambda item: _STAGE[source.kind](
            m, it, item, give, lambda: step(m, it, give, end, branch, depth + 1), end, branch), end, branch, depth)
    if not indexed(m, source):
        assert isinstance(source, Lazy)
        weave = _WEAVE.get(source.kind)
        if weave is None:
            return m.refuse(f"`{source.kind}` of an iterator that is used elsewhere, too", "this is not supported yet", "make a list of it first")
        return weave(m, it, source.parts, give, end, branch)
    at = position(m, it)
    if at == Static(-1):
        return end()
    check_size(m, it)
    if endless(source):
        number = m.static(at, "how far an iterator is")
        move(m, it, Static(number + 1))
        return give(nth(m, source, number))
    items = thunks(m, source)
    if items is not None and isinstance(at, Static):
        if at.value >= len(items):
            move(m, it, Static(-1))
            return end()
        move(m, it, Static(at.value + 1))
        return give(items[at.value]())
    count, element = _from_zero(m, source, None)
    index = m.operand(at)
    more = m.b.emit("<", index, count)

    def take() -> Any:
        move(m, it, m.binary("+", at, Static(1)))
        return give(element(index))

    if isinstance(more, Lit):
        return take() if more.value else end()
    return branch(more, take, end)


def _parts(it: IteratorV) -> tuple[Value, ...]:
    assert isinstance(it.source, Lazy)
    return it.source.parts


def _truth(m: Machine, value: Value, yes: Go, no: Go, branch: Branch) -> Any:
    known = m.truth(value)
    if known is not None:
        return yes() if known else no()
    return branch(m.condition(value), yes, no)


def _tested(m: Machine, function: Value, item: Value) -> Value:
    return item if function == NONE or function == Static(bool) else m.call(function, (item,), {})


def _filter(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    return _truth(m, _tested(m, _parts(it)[0], item), lambda: give(item), skip, branch)


def _filterfalse(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    return _truth(m, _tested(m, _parts(it)[0], item), skip, lambda: give(item), branch)


def _state(m: Machine, it: IteratorV, key: str) -> Value:
    return m.state.heap[it.slot].get(key)  # type: ignore[no-any-return]


def _set_state(m: Machine, it: IteratorV, key: str, value: Value) -> None:
    m.state.heap[it.slot] = m.state.heap[it.slot].put(key, value)


def _takewhile(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    def over() -> Any:
        _set_state(m, it, "over", Static(True))
        return stop()

    def test() -> Any:
        return _truth(m, _tested(m, _parts(it)[0], item), lambda: give(item), over, branch)

    return _truth(m, _state(m, it, "over"), stop, test, branch)


def _dropwhile(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    def begin() -> Any:
        _set_state(m, it, "begun", Static(True))
        return give(item)

    def test() -> Any:
        return _truth(m, _tested(m, _parts(it)[0], item), skip, begin, branch)

    return _truth(m, _state(m, it, "begun"), lambda: give(item), test, branch)


def _accumulate(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    total = _state(m, it, "total")
    function = _parts(it)[0]
    if total != NONE:
        item = m.binary("+", total, item) if function == NONE else m.call(function, (total, item), {})
    _set_state(m, it, "total", item)
    return give(item)


def _number(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    number = _state(m, it, "number")
    _set_state(m, it, "number", m.binary("+", number, Static(1)))
    return give(TupleV((number, item)))


def _chosen(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    closure = _parts(it)[0]
    assert isinstance(closure, Closure)
    generator = closure.node.generators[0]  # type: ignore[union-attr]

    def test(n: int) -> Any:
        if n == len(generator.ifs):
            return give(m.in_scope(closure, lambda: m.eval(closure.node.elt)))  # type: ignore[union-attr]
        return _truth(m, m.in_scope(closure, lambda: m.eval(generator.ifs[n])), lambda: test(n + 1), skip, branch)

    m.in_scope(closure, lambda: m.assign(generator.target, item))
    return test(0)


_STAGE: dict[str, Callable[[Machine, IteratorV, Value, Give, Go, Go, Branch], Any]] = {
    "filter": _filter, "filterfalse": _filterfalse, "takewhile": _takewhile, "dropwhile": _dropwhile, "accumulate": _accumulate,
    "number": _number, "chosen": _chosen}


def _part(m: Machine, it: IteratorV, n: int, value: Value) -> IteratorV:
    """A part of a weave as an iterator whose position the weave's slot holds, unless it is one itself."""
    if isinstance(value, IteratorV):
        return value
    key = f"part{n}"
    entries = m.state.heap[it.slot]
    if key not in entries.keys:
        m.state.heap[it.slot] = entries.put(key, iterator(m, value))
    return m.state.heap[it.slot].get(key)  # type: ignore[no-any-return]


def _weave_zip(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    def take(n: int, row: tuple[Value, ...]) -> Any:
        if n == len(parts):
            return give(TupleV(row))
        return step(m, _part(m, it, n, parts[n]), lambda item: take(n + 1, (*row, item)), end, branch)

    return take(0, ())


def _weave_map(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    return _weave_zip(m, it, parts[1:], lambda row: give(m.call(parts[0], row.items, {})), end, branch)  # type: ignore[union-attr]


def _weave_starmap(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    return step(m, _part(m, it, 0, parts[1]), lambda row: give(m.call(parts[0], m.iterate(row), {})), end, branch)


def _weave_chain(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    def take(n: int) -> Any:
        if n == len(parts):
            return end()
        return step(m, _part(m, it, n, parts[n]), give, lambda: take(n + 1), branch)

    return take(0)


def _weave_islice(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    start, stop, by = (m.static(b, "a bound of islice") for b in parts[1:])
    entries = m.state.heap[it.slot]
    taken = m.static(entries.get("taken"), "how far an iterator is") if "taken" in entries.keys else 0
    wanted = m.static(entries.get("wanted"), "how far an iterator is") if "wanted" in entries.keys else start or 0

    def pass_over(count: int, then: Go) -> Any:
        nonlocal taken
        if count <= 0:
            return then()
        taken += 1
        _set_state(m, it, "taken", Static(taken))
        return step(m, _part(m, it, 0, parts[0]), lambda _: pass_over(count - 1, then), end, branch)

    def wanted_item() -> Any:
        _set_state(m, it, "taken", Static(wanted + 1))
        _set_state(m, it, "wanted", Static(wanted + (by or 1)))
        return step(m, _part(m, it, 0, parts[0]), give, end, branch)

    if stop is not None and wanted >= stop:
        return pass_over(stop - taken, end)
    return pass_over(wanted - taken, wanted_item)


def _weave_longest(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    missing: list[bool] = []

    def take(n: int, row: tuple[Value, ...]) -> Any:
        if n == len(parts) - 1:
            return end() if all(missing) else give(TupleV(row))

        def lacks() -> Any:
            missing.append(True)
            return take(n + 1, (*row, parts[0]))

        def has(item: Value) -> Any:
            missing.append(False)
            return take(n + 1, (*row, item))

        return step(m, _part(m, it, n, parts[n + 1]), has, lacks, branch)

    return take(0, ())


def _weave_nested(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    """A generator expression with several `for`: an iterator for each of them that is under way."""
    closure, first = parts
    assert isinstance(closure, Closure)
    node: Any = closure.node

    def pull(k: int) -> Any:
        outer = end if k == 0 else lambda: pull(k - 1)
        return step(m, _state(m, it, f"level{k}"), lambda item: bound(k, item), outer, branch)  # type: ignore[arg-type]

    def bound(k: int, item: Value) -> Any:
        m.in_scope(closure, lambda: m.assign(node.generators[k].target, item))
        return test(k, 0)

    def test(k: int, n: int) -> Any:
        tests = node.generators[k].ifs
        if n < len(tests):
            return _truth(m, m.in_scope(closure, lambda: m.eval(tests[n])), lambda: test(k, n + 1), lambda: pull(k), branch)
        if k + 1 == len(node.generators):
            return give(m.in_scope(closure, lambda: m.eval(node.elt)))
        _set_state(m, it, f"level{k + 1}", iterator(m, m.in_scope(closure, lambda: m.eval(node.generators[k + 1].iter))))
        return pull(k + 1)

    started = m.state.heap[it.slot].keys
    if "busy" in started:
        m.refuse("an item is taken from a generator expression by the body of the loop that goes through it", "this is not supported yet",
                 "make a list of it first")
    if not started:
        _set_state(m, it, "level0", iterator(m, first))
        return pull(0)
    return pull(len(started) - 1)


def _weave_object(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    item = m.library(library.next_or, parts[0], Static(END))
    if item == Static(END):
        return end()
    if isinstance(item, Select):
        m.decide(Num(Var(BOOL)), "whether an iterator has one more item")
    return give(item)


def _weave_suspended(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    assert isinstance(parts[0], Generator)
    item = suspended.advance(m, parts[0])
    return end() if item is None else give(item)


def _weave_until(m: Machine, it: IteratorV, parts: tuple[Value, ...], give: Give, end: Go, branch: Branch) -> Any:
    function, sentinel = parts
    if m.state.heap[it.slot].keys:
        return end()
    item = m.call(function, (), {})

    def over() -> Any:
        _set_state(m, it, "over", Static(True))
        return end()

    return _truth(m, m.compare("==", item, sentinel), over, lambda: give(item), branch)


def as_generator(m: Machine, it: IteratorV) -> Value:
    """An iterator that calls something for each item, as a generator, for a loop that may stay a loop; itself, if somebody may go on with it."""
    source = it.source
    if not isinstance(source, Lazy) or source.kind not in CALLED:
        return it
    if source.kind == "suspended":
        return it
    if source.kind == "object":
        return m.library(library.taken_one_by_one, *source.parts)  # type: ignore[no-any-return]
    if m.state.heap[it.slot].keys or it.slot in reachable(m.state, held_values(m)):
        return it
    return m.library(library.until, *source.parts)  # type: ignore[no-any-return]


_WEAVE: dict[str, Callable[[Machine, IteratorV, tuple[Value, ...], Give, Go, Branch], Any]] = {
    "zip": _weave_zip, "map": _weave_map, "starmap": _weave_starmap, "chain": _weave_chain, "islice": _weave_islice, "zip_longest": _weave_longest,
    "nested": _weave_nested, "object": _weave_object, "until": _weave_until, "suspended": _weave_suspended}


@dataclass(frozen=True)
class Stream:
    """An iterator as the innermost one, and the stages that its items go through, the innermost first."""

    base: IteratorV
    stages: tuple[IteratorV, ...]


def flatten(it: IteratorV) -> Stream:
    found: list[IteratorV] = []
    while isinstance(it.source, Lazy) and it.source.kind in STAGES:
        found.append(it)
        it = it.source.parts[-1]  # type: ignore[assignment]
    return Stream(it, tuple(reversed(found)))


def through(m: Machine, stages: tuple[IteratorV, ...], item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    """One item through the stages."""
    if not stages:
        return give(item)
    first, *rest = stages
    return _STAGE[first.source.kind](m, first, item, lambda v: through(m, tuple(rest), v, give, skip, stop, branch), skip, stop, branch)  # type: ignore[union-attr]


def is_known(m: Machine, it: IteratorV) -> bool:
    """Whether the items that are left in the innermost iterator can be taken one by one, without asking whether there is one more."""
    base = flatten(it).base
    if indexed(m, base.source):
        return isinstance(position(m, base), Static) and (endless(base.source) or thunks(m, base.source) is not None)
    source = base.source
    assert isinstance(source, Lazy)
    if source.kind == "nested" or source.kind in CALLED:
        return False
    return all(is_known(m, p) if isinstance(p, IteratorV) else endless(p) or thunks(m, p) is not None
               for p in source.parts if not isinstance(p, Static) and not callable_value(p))


__all__ = ["absorbed", "as_generator", "counted", "endless", "flatten", "held_values", "in_turn", "indexed", "is_known", "iterator", "made", "move", "position", "stage",
           "step", "through", "thunks"]
