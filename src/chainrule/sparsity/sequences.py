"""Tuples, and lists that grow in loops: their marks are lists of marks, and what is done to the one is done to the other.

Each function takes the machine and (value, mark, origins) of each argument, and returns that of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..ir.ops import OPS
from .dependence import fitted, flat, merged

if TYPE_CHECKING:
    from .machine import Machine

Known = tuple[Any, Any, int]  # value, mark, origins

__all__ = ["SEQUENCES", "Known"]


def _marks(known: Known) -> list[Any]:
    """The marks of a list's items."""
    value, mark, _ = known
    return [None] * len(value) if mark is None else list(mark)


def _tuple(machine: Machine, args: list[Known]) -> Known:
    items, marks, origins = args[0]
    return tuple(items), None if marks is None else tuple(marks), origins


def _list(machine: Machine, args: list[Known]) -> Known:
    items, marks, origins = args[0]
    return list(items), None if marks is None else list(marks), origins


def _append(machine: Machine, args: list[Known]) -> Known:
    items, (value, mark, more) = args
    return [*items[0], value], [*_marks(items), mark], items[2] | more


def _list_item(machine: Machine, args: list[Known]) -> Known:
    items, (index, _, more) = args
    machine.decisive |= more
    return items[0][index], _marks(items)[index], items[2]


def _list_set(machine: Machine, args: list[Known]) -> Known:
    items, (index, _, more), (value, mark, also) = args
    machine.decisive |= more
    values, marks = list(items[0]), _marks(items)
    values[index], marks[index] = value, mark
    return values, marks, items[2] | also


def _list_drop(machine: Machine, args: list[Known]) -> Known:
    items = args[0]
    return items[0][:-1], _marks(items)[:-1], items[2]


def _one_hot(machine: Machine, args: list[Known]) -> Known:
    (like, _, origins), (index, _, more), (g, mark, also) = args
    machine.decisive |= more
    marks: list[Any] = [None] * len(like)
    marks[index] = mark
    return OPS["rt.one_hot"].run((like, index, g)), marks, origins | also


def _add_lists(machine: Machine, args: list[Known]) -> Known:
    (x, a, origins), (y, b, more) = args
    return OPS["rt.add_lists"].run((x, y)), merged(machine.sets, a, b), origins | more


def _full_like(machine: Machine, args: list[Known]) -> Known:
    (like, _, _), (value, mark, origins) = args
    result = OPS["rt.full_like"].run((like, value))
    return result, None if mark is None else fitted(result, machine.sets.all(*flat(mark))), origins


SEQUENCES: dict[str, Callable[[Machine, list[Known]], Known]] = {
    "tuple": _tuple, "list": _list, "append": _append, "item": _list_item, "list_item": _list_item, "list_slice": _list_item, "list_set": _list_set,
    "list_drop": _list_drop, "rt.one_hot": _one_hot, "rt.add_lists": _add_lists, "rt.full_like": _full_like,
}
