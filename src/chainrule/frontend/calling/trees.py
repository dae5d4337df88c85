"""Containers whose structure is known, leaf by leaf: `structure.map_leaves`, with which `optim` is written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ... import structure
from ..execution.values import DictV, Entries, Items, ListV, Object, Static, TupleV, Value
from .builtins import Args, Keywords, builtin, known_class
from .transforms import is_moving

if TYPE_CHECKING:
    from .calls import Calls


@builtin(structure.map_leaves)
def _map_leaves(m: Calls, args: Args, keywords: Keywords) -> Value:
    function, tree, *others = args
    return _mapped(m, function, tree, others)


def _mapped(m: Calls, function: Value, tree: Value, others: list[Value]) -> Value:
    """The same containers as for `structure.flatten`: what is none of them is a leaf."""
    if isinstance(tree, TupleV):
        rows = [tree.items, *(_items(m, tree, other, len(tree.items)) for other in others)]
        return TupleV(tuple(_mapped(m, function, item, list(rest)) for item, *rest in zip(*rows)), tree.cls)
    if isinstance(tree, ListV) and tree.cls is list:
        contents = m.state.heap[tree.slot]
        if not isinstance(contents, Items):
            m.refuse("the leaves of a list that a loop has grown", "how many items it has is only known when the program runs", "make it an array with np.array")
        rows = [contents.items, *(_items(m, tree, other, len(contents.items)) for other in others)]
        return ListV(m.new(Items(tuple(_mapped(m, function, item, list(rest)) for item, *rest in zip(*rows)))))
    if (isinstance(tree, DictV) and tree.cls is dict) or (isinstance(tree, Object) and dataclasses.is_dataclass(tree.cls)):
        contents = m.state.heap[tree.slot]
        assert isinstance(contents, Entries)
        for other in others:
            _like(m, tree, other)
        values = []
        for key, item in zip(contents.keys, contents.values):
            rest = [m.subscript(other, Static(key)) if isinstance(tree, DictV) else m.attribute(other, key) for other in others]
            values.append(_mapped(m, function, item, rest))
        made = m.new(Entries(contents.keys, tuple(values), contents.cls))
        return DictV(made) if isinstance(tree, DictV) else Object(made, tree.cls)
    return m.call(function, (tree, *others), {})


def _items(m: Calls, tree: Value, other: Value, count: int) -> tuple[Value, ...]:
    """The items of another tuple or list of the same structure."""
    _like(m, tree, other)
    items = m.iterate(other)
    if len(items) != count:
        m.refuse("containers of different structure", f"one has {count} items, the other {len(items)}", "pass containers of one structure")
    return items


def _like(m: Calls, tree: Value, other: Value) -> None:
    want, have = known_class(m, tree), known_class(m, other)
    if want is not have:
        m.refuse("containers of different structure", f"where one has a {getattr(want, '__name__', want)}, the other has a {getattr(have, '__name__', have)}",
                 "pass containers of one structure")


@builtin(structure.is_differentiable)
def _is_differentiable(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(is_moving(m, args[0]))


__all__: list[str] = []
