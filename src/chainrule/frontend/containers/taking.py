"""Taking one more item of an iterator, which may have to branch: what follows is given as a continuation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir.nodes import Lit, Var
from ...ir.types import BOOL
from ..constructs import suspended
from ..execution.state import reachable
from ..execution.values import (
    Closure,
    Generator,
    IteratorV,
    Lazy,
    Num,
    Select,
    Static,
    TupleV,
    Value,
)
from . import library
from .iterators import (
    CALLED,
    END,
    NEXT_LIMIT,
    STAGES,
    Branch,
    Give,
    Go,
    Machine,
    callable_value,
    check_size,
    held_values,
    indexed,
    iterator,
    move,
    position,
)
from .numbered import endless, from_zero, nth, thunks
from .stages import STAGE_OF, branch_on, flatten, own_state, set_own_state


def step(m: Machine, it: IteratorV, give: Give, end: Go, branch: Branch, depth: int = 0) -> Any:
    """Take one item: goes on with `give(item)`, or with `end()` if there is none."""
    source = it.source
    if isinstance(source, Lazy) and source.kind in STAGES:
        if depth > NEXT_LIMIT:
            m.refuse("one item is asked of an iterator that may pass over many", "which item it is depends on computed numbers",
                     "take it in a loop with `break`")
        child = source.parts[-1]
        assert isinstance(child, IteratorV)
        return step(m, child, lambda item: STAGE_OF[source.kind](
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
    count, element = from_zero(m, source, None)
    index = m.operand(at)
    more = m.b.emit("<", index, count)

    def take() -> Any:
        move(m, it, m.binary("+", at, Static(1)))
        return give(element(index))

    if isinstance(more, Lit):
        return take() if more.value else end()
    return branch(more, take, end)


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
        set_own_state(m, it, "taken", Static(taken))
        return step(m, _part(m, it, 0, parts[0]), lambda _: pass_over(count - 1, then), end, branch)

    def wanted_item() -> Any:
        set_own_state(m, it, "taken", Static(wanted + 1))
        set_own_state(m, it, "wanted", Static(wanted + (by or 1)))
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
        return step(m, own_state(m, it, f"level{k}"), lambda item: bound(k, item), outer, branch)  # type: ignore[arg-type]

    def bound(k: int, item: Value) -> Any:
        m.in_scope(closure, lambda: m.assign(node.generators[k].target, item))
        return test(k, 0)

    def test(k: int, n: int) -> Any:
        tests = node.generators[k].ifs
        if n < len(tests):
            return branch_on(m, m.in_scope(closure, lambda: m.eval(tests[n])), lambda: test(k, n + 1), lambda: pull(k), branch)
        if k + 1 == len(node.generators):
            return give(m.in_scope(closure, lambda: m.eval(node.elt)))
        set_own_state(m, it, f"level{k + 1}", iterator(m, m.in_scope(closure, lambda: m.eval(node.generators[k + 1].iter))))
        return pull(k + 1)

    started = m.state.heap[it.slot].keys
    if "busy" in started:
        m.refuse("an item is taken from a generator expression by the body of the loop that goes through it", "this is not supported yet",
                 "make a list of it first")
    if not started:
        set_own_state(m, it, "level0", iterator(m, first))
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
        set_own_state(m, it, "over", Static(True))
        return end()

    return branch_on(m, m.compare("==", item, sentinel), over, lambda: give(item), branch)


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


__all__ = ["as_generator", "is_known", "step"]
