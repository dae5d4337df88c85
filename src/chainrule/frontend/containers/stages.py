"""The stages of an iterator: what gives some of the items of another one, or something made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..execution.values import (
    NONE,
    Closure,
    IteratorV,
    Lazy,
    Static,
    TupleV,
    Value,
)
from .iterators import STAGES, Branch, Give, Go, Machine


def _parts(it: IteratorV) -> tuple[Value, ...]:
    assert isinstance(it.source, Lazy)
    return it.source.parts


def branch_on(m: Machine, value: Value, yes: Go, no: Go, branch: Branch) -> Any:
    known = m.truth(value)
    if known is not None:
        return yes() if known else no()
    return branch(m.condition(value), yes, no)


def _tested(m: Machine, function: Value, item: Value) -> Value:
    return item if function == NONE or function == Static(bool) else m.call(function, (item,), {})


def _filter(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    return branch_on(m, _tested(m, _parts(it)[0], item), lambda: give(item), skip, branch)


def _filterfalse(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    return branch_on(m, _tested(m, _parts(it)[0], item), skip, lambda: give(item), branch)


def own_state(m: Machine, it: IteratorV, key: str) -> Value:
    return m.state.heap[it.slot].get(key)  # type: ignore[no-any-return]


def set_own_state(m: Machine, it: IteratorV, key: str, value: Value) -> None:
    m.state.heap[it.slot] = m.state.heap[it.slot].put(key, value)


def _takewhile(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    def over() -> Any:
        set_own_state(m, it, "over", Static(True))
        return stop()

    def test() -> Any:
        return branch_on(m, _tested(m, _parts(it)[0], item), lambda: give(item), over, branch)

    return branch_on(m, own_state(m, it, "over"), stop, test, branch)


def _dropwhile(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    def begin() -> Any:
        set_own_state(m, it, "begun", Static(True))
        return give(item)

    def test() -> Any:
        return branch_on(m, _tested(m, _parts(it)[0], item), skip, begin, branch)

    return branch_on(m, own_state(m, it, "begun"), lambda: give(item), test, branch)


def _accumulate(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    total = own_state(m, it, "total")
    function = _parts(it)[0]
    if total != NONE:
        item = m.binary("+", total, item) if function == NONE else m.call(function, (total, item), {})
    set_own_state(m, it, "total", item)
    return give(item)


def _number(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    number = own_state(m, it, "number")
    set_own_state(m, it, "number", m.binary("+", number, Static(1)))
    return give(TupleV((number, item)))


def _chosen(m: Machine, it: IteratorV, item: Value, give: Give, skip: Go, stop: Go, branch: Branch) -> Any:
    closure = _parts(it)[0]
    assert isinstance(closure, Closure)
    generator = closure.node.generators[0]  # type: ignore[union-attr]

    def test(n: int) -> Any:
        if n == len(generator.ifs):
            return give(m.in_scope(closure, lambda: m.eval(closure.node.elt)))  # type: ignore[union-attr]
        return branch_on(m, m.in_scope(closure, lambda: m.eval(generator.ifs[n])), lambda: test(n + 1), skip, branch)

    m.in_scope(closure, lambda: m.assign(generator.target, item))
    return test(0)


STAGE_OF: dict[str, Callable[[Machine, IteratorV, Value, Give, Go, Go, Branch], Any]] = {
    "filter": _filter, "filterfalse": _filterfalse, "takewhile": _takewhile, "dropwhile": _dropwhile, "accumulate": _accumulate,
    "number": _number, "chosen": _chosen}


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
    return STAGE_OF[first.source.kind](m, first, item, lambda v: through(m, tuple(rest), v, give, skip, stop, branch), skip, stop, branch)  # type: ignore[union-attr]


__all__ = ["STAGE_OF", "Stream", "branch_on", "flatten", "own_state", "set_own_state", "through"]
