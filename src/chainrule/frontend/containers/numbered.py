"""The items of indexed sources: the item for a number, and all of them as a counted loop."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

from ...ir.nodes import Arg, Lit, Seq
from ..execution.values import (
    IteratorV,
    Lazy,
    Num,
    Static,
    TupleV,
    Value,
)
from .iterators import INFINITE, Machine, Thunk, indexed, position
from .stages import flatten, through


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


def from_zero(m: Machine, source: Value, node: Any) -> tuple[Any, Element]:
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
    count, element = from_zero(m, parts[0], node)
    return (m.operand(parts[1]), count, Lit(1)), element


def _counted_islice(m: Machine, parts: tuple[Value, ...], node: Any) -> tuple[Bounds, Element]:
    start, stop, step = (m.operand(p) for p in parts[1:])
    start, step = (Lit(default) if isinstance(p, Lit) and p.value is None else p for p, default in ((start, 0), (step, 1)))
    if endless(parts[0]):
        def item(index: Any) -> Value:
            return endless_item(m, parts[0], index)

        return (start, stop, step), item
    count, element = from_zero(m, parts[0], node)
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
    counts, elements = zip(*(from_zero(m, part, node) for part in parts))
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
    counts, elements = zip(*(from_zero(m, part, node) for part in parts))
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
    count, element = from_zero(m, parts[0], node)
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
    counts, elements = zip(*(from_zero(m, part, node) for part in sources))
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


__all__ = ["SEQUENTIAL", "Bounds", "Element", "counted", "endless", "endless_item", "from_zero", "nth", "sequential", "thunks"]
