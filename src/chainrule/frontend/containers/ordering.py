"""Sorting: by values that are known, or else in the order that they have in this call."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..calling.builtins import Args, Keywords, builtin, method
from ..execution.values import NONE, Items, ListV, Partial, Static, Value
from . import lists

if TYPE_CHECKING:
    from ..calling.calls import Calls


class _Key:
    """A key while its item is sorted; each comparison that is not known is decided."""

    def __init__(self, m: Calls, value: Value) -> None:
        self.m = m
        self.value = value

    def __lt__(self, other: _Key) -> bool:
        return bool(self.m.static(self.m.compare("<", self.value, other.value), "the order of what is sorted"))


class _Compared(_Key):
    """An item that a function of two items compares (`functools.cmp_to_key`)."""

    def __init__(self, m: Calls, value: Value, function: Value) -> None:
        super().__init__(m, value)
        self.function = function

    def __lt__(self, other: _Key) -> bool:
        order = self.m.call(self.function, (self.value, other.value), {})
        return bool(self.m.static(self.m.compare("<", order, Static(0)), "the order of what is sorted"))


@builtin(functools.cmp_to_key)
def _cmp_to_key(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Partial(args[0] if args else keywords["mycmp"], (), (), "cmp_to_key")


def in_order(m: Calls, items: tuple[Value, ...], keywords: Keywords) -> tuple[Value, ...]:
    """Items, sorted by Python's own algorithm."""
    key = keywords.get("key", NONE)
    reverse = bool(m.static(keywords.get("reverse", Static(False)), "`reverse`"))
    if isinstance(key, Partial) and key.kind == "cmp_to_key":
        return tuple(k.value for k in sorted((_Compared(m, item, key.function) for item in items), reverse=reverse))
    keys = items if key == NONE else tuple(m.call(key, (item,), {}) for item in items)
    marked: list[Any]
    if all(isinstance(k, Static) for k in keys):
        marked = [(k.value, item) for k, item in zip(keys, items)]  # type: ignore[union-attr]
    else:
        marked = [(_Key(m, k), item) for k, item in zip(keys, items)]
    return tuple(item for _, item in sorted(marked, key=lambda pair: pair[0], reverse=reverse))


@builtin(sorted)
def _sorted(m: Calls, args: Args, keywords: Keywords) -> Value:
    return ListV(m.new(Items(in_order(m, m.iterate(args[0]), keywords))))


@method(ListV, "sort")
def _sort(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    lists.set_items(m, owner, in_order(m, m.iterate(owner), keywords))
    return NONE
