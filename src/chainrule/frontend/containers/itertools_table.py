"""Builtins and functions of itertools and functools that make iterators."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ..calling.builtins import Args, Keywords, builtin
from ..execution.values import NONE, DictV, Entries, Generator, Items, IteratorV, Lazy, ListV, Range, Static, TupleV, Value
from . import lists
from .iterators import absorbed, indexed, iterator, made, stage
from .numbered import endless

if TYPE_CHECKING:
    from ..calling.calls import Calls


@builtin(enumerate)
def _enumerate(m: Calls, args: Args, keywords: Keywords) -> Value:
    start = args[1] if len(args) > 1 else keywords.get("start", Static(0))
    if args and isinstance(args[0], Generator):
        return Lazy("enumerate", (args[0], start))
    (source,) = absorbed(m, (keywords.get("iterable", args[0] if args else NONE),))
    if not indexed(m, source):
        return stage(m, "number", (), source, {"number": start})
    return iterator(m, Lazy("enumerate", (source, start)))


@builtin(zip)
def _zip(m: Calls, args: Args, keywords: Keywords) -> Value:
    if m.truth(keywords.get("strict", Static(False))):
        args = _of_one_length(m, args)
    if any(isinstance(a, Generator) for a in args):
        return Lazy("zip", tuple(m.collect(a) if isinstance(a, IteratorV) else a for a in args))
    return made(m, "zip", (), args)


def _of_one_length(m: Calls, args: Args) -> Args:
    """The arguments of `zip(..., strict=True)`, which have as many items as each other."""
    args = tuple(m.collect(a) if isinstance(a, IteratorV) else a for a in args)
    lengths = [m.call_static(len, (a,), {}) for a in args]

    def fail() -> Value:
        return lists.fail(m, ValueError, "zip() arguments have different lengths")

    for length in lengths[1:]:
        same = m.compare("==", lengths[0], length)
        known = m.truth(same)
        if known is False:
            fail()
        if known is None and not m._same_extent(m.operand(lengths[0]), m.operand(length)):
            m.choose(m.condition(same), lambda: NONE, fail)
    return args


@builtin(reversed)
def _reversed(m: Calls, args: Args, keywords: Keywords) -> Value:
    value = args[0]
    if isinstance(value, IteratorV):
        m.refuse("an iterator is reversed", "Python raises TypeError here", "make a list of it first")
    if isinstance(value, DictV):
        value = Lazy("keys", (value,))
    if isinstance(value, ListV) and isinstance(contents := m.state.heap[value.slot], Items):
        return iterator(m, Lazy("reversed", (value, Static(len(contents.items)))))
    return iterator(m, Lazy("reversed", (value,)))


@builtin(map)
def _map(m: Calls, args: Args, keywords: Keywords) -> Value:
    return made(m, "map", args[:1], args[1:])


@builtin(filter)
def _filter(m: Calls, args: Args, keywords: Keywords) -> Value:
    return stage(m, "filter", args[:1], args[1])


@builtin(itertools.filterfalse)
def _filterfalse(m: Calls, args: Args, keywords: Keywords) -> Value:
    return stage(m, "filterfalse", args[:1], args[1])


@builtin(itertools.takewhile)
def _takewhile(m: Calls, args: Args, keywords: Keywords) -> Value:
    return stage(m, "takewhile", args[:1], args[1], {"over": Static(False)})


@builtin(itertools.dropwhile)
def _dropwhile(m: Calls, args: Args, keywords: Keywords) -> Value:
    return stage(m, "dropwhile", args[:1], args[1], {"begun": Static(False)})


@builtin(itertools.accumulate)
def _accumulate(m: Calls, args: Args, keywords: Keywords) -> Value:
    function = args[1] if len(args) > 1 else keywords.get("func", NONE)
    initial = keywords.get("initial", NONE)
    over = args[0]
    if initial != NONE:
        over = made(m, "chain", (), (TupleV((initial,)), over))
    return stage(m, "accumulate", (function,), over, {"total": NONE})


@builtin(itertools.chain)
def _chain(m: Calls, args: Args, keywords: Keywords) -> Value:
    return made(m, "chain", (), args) if args else iterator(m, TupleV(()))


@builtin(itertools.chain.from_iterable)
def _from_iterable(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.call_static(itertools.chain, m.iterate(args[0]), {})


@builtin(itertools.starmap)
def _starmap(m: Calls, args: Args, keywords: Keywords) -> Value:
    return made(m, "starmap", args[:1], args[1:])


@builtin(itertools.islice)
def _islice(m: Calls, args: Args, keywords: Keywords) -> Value:
    bounds = (NONE, args[1], NONE) if len(args) == 2 else (args[1], args[2], args[3] if len(args) > 3 else NONE)
    (source,) = absorbed(m, args[:1])
    if isinstance(source, IteratorV) and not any(n != NONE for n in bounds):
        return source
    if isinstance(source, IteratorV) and not endless(source.source) and indexed(m, source.source):
        return iterator(m, Lazy("islice", (source, *bounds)))
    return iterator(m, Lazy("islice", (source, *bounds)))


@builtin(itertools.zip_longest)
def _zip_longest(m: Calls, args: Args, keywords: Keywords) -> Value:
    return made(m, "zip_longest", (keywords.get("fillvalue", NONE),), args)


@builtin(itertools.count)
def _count(m: Calls, args: Args, keywords: Keywords) -> Value:
    start = args[0] if args else keywords.get("start", Static(0))
    return iterator(m, Lazy("count", (start, args[1] if len(args) > 1 else keywords.get("step", Static(1)))))


@builtin(itertools.repeat)
def _repeat(m: Calls, args: Args, keywords: Keywords) -> Value:
    times = args[1] if len(args) > 1 else keywords.get("times")
    return iterator(m, Lazy("repeat", args[:1] if times is None else (args[0], times)))


@builtin(itertools.cycle)
def _cycle(m: Calls, args: Args, keywords: Keywords) -> Value:
    (source,) = absorbed(m, args[:1])
    if isinstance(source, (IteratorV, ListV, Lazy)):
        source = TupleV(m.iterate(source))
    return iterator(m, Lazy("cycle", (source,)))


@builtin(itertools.pairwise)
def _pairwise(m: Calls, args: Args, keywords: Keywords) -> Value:
    (source,) = absorbed(m, args[:1])
    if isinstance(source, (IteratorV, Lazy)):
        source = lists.as_list(m, args[0])
    return iterator(m, Lazy("pairwise", (source,)))


def pool(m: Calls, value: Value) -> Value:
    """An iterable as these functions keep it: what it holds now."""
    if isinstance(value, (Range, TupleV)):
        return value
    items = m.known_items(value) if not isinstance(value, IteratorV) else None
    if items is not None:
        return TupleV(items)
    return lists.as_list(m, value)


@builtin(itertools.product)
def _product(m: Calls, args: Args, keywords: Keywords) -> Value:
    times = m.static(keywords.get("repeat", Static(1)), "`repeat`")
    pools = tuple(pool(m, a) for a in args) * times
    if any(m.known_items(p) is None for p in pools):
        return iterator(m, Lazy("product", pools))
    return iterator(m, TupleV(tuple(TupleV(row) for row in itertools.product(*(m.iterate(p) for p in pools)))))


def _chosen(function: Any) -> Any:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        items = m.iterate(args[0])
        given = args[1] if len(args) > 1 else keywords.get("r", NONE)
        rest = () if given == NONE else (m.static(given, "a number of items"),)
        return iterator(m, TupleV(tuple(TupleV(row) for row in function(items, *rest))))

    return apply


for _function in (itertools.combinations, itertools.permutations, itertools.combinations_with_replacement):
    builtin(_function)(_chosen(_function))


@builtin(itertools.compress)
def _compress(m: Calls, args: Args, keywords: Keywords) -> Value:
    chosen = m.iterate(args[1])
    items = m.iterate(args[0])
    return iterator(m, TupleV(tuple(item for item, c in zip(items, chosen) if truth(m, c))))


def truth(m: Calls, value: Value) -> bool:
    known: bool | None = m.truth(value)
    return bool(m.static(value, "a truth value")) if known is None else known


@builtin(itertools.groupby)
def _groupby(m: Calls, args: Args, keywords: Keywords) -> Value:
    key = args[1] if len(args) > 1 else keywords.get("key", NONE)
    groups: list[tuple[Value, list[Value]]] = []
    for item in m.iterate(args[0]):
        value = item if key == NONE else m.call(key, (item,), {})
        if groups and m.static(m.compare("==", groups[-1][0], value), "whether two keys of `groupby` are equal"):
            groups[-1][1].append(item)
        else:
            groups.append((value, [item]))
    return iterator(m, TupleV(tuple(TupleV((value, iterator(m, TupleV(tuple(items))))) for value, items in groups)))


@builtin(itertools.tee)
def _tee(m: Calls, args: Args, keywords: Keywords) -> Value:
    count = m.static(args[1], "a number of iterators") if len(args) > 1 else 2
    (source,) = absorbed(m, args[:1])
    if isinstance(source, (IteratorV, Lazy)):
        source = TupleV(m.iterate(args[0]))
    return TupleV(tuple(iterator(m, source) for _ in range(count)))


__all__ = ["Entries", "pool"]
