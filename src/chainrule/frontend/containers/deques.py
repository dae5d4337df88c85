"""collections.deque: a list that also grows and shrinks at its beginning."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from ..calling.builtins import Args, Keywords, builtin, method
from ..execution.values import NONE, Items, ListV, Static, Value
from . import lists

if TYPE_CHECKING:
    from ..calling.calls import Calls


@builtin(collections.deque)
def _deque(m: Calls, args: Args, keywords: Keywords) -> Value:
    limit = args[1] if len(args) > 1 else keywords.get("maxlen", NONE)
    maxlen = m.static(limit, "the length of a deque")
    items = lists.as_list(m, args[0]) if args else ListV(m.new(Items(())))
    known = lists.items_of(m, items)
    if maxlen is not None:
        known = m.iterate(items) if known is None else known
        m.state.heap[items.slot] = Items(known[max(len(known) - maxlen, 0):])
    return ListV(items.slot, collections.deque, maxlen)


def _only_deque(m: Calls, owner: ListV, name: str) -> None:
    if owner.cls is not collections.deque:
        m.refuse(f"a list has no method `{name}`", "Python raises AttributeError here", "use a collections.deque")


@method(ListV, "appendleft")
def _appendleft(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    _only_deque(m, owner, "appendleft")
    items = lists.items_of(m, owner)
    if items is None:
        return m.call_method(owner, "insert", (Static(0), args[0]), {})
    lists.set_items(m, owner, (args[0], *items)[:owner.maxlen])
    return NONE


@method(ListV, "extendleft")
def _extendleft(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    _only_deque(m, owner, "extendleft")
    for item in m.iterate(args[0]):
        _appendleft(m, owner, (item,), {})
    return NONE


@method(ListV, "popleft")
def _popleft(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    _only_deque(m, owner, "popleft")
    return m.call_method(owner, "pop", (Static(0),), {})


@method(ListV, "rotate")
def _rotate(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    _only_deque(m, owner, "rotate")
    by = m.static(args[0], "a number of places") if args else 1
    turned = collections.deque(m.iterate(owner))
    turned.rotate(by)
    lists.set_items(m, owner, tuple(turned))
    return NONE
