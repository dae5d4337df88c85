"""Binomial checkpointing: which states of a loop are kept, and in which order its steps are reversed.

With s places for states, a loop of n steps is reversed with the fewest steps computed again (Griewank and Walther, 2000): at most `reach(s, r)` steps with
each of them computed r times at most. The first sweep stores states on its way; what is reversed comes last first, and frees its place.
"""

from __future__ import annotations

import math
import tempfile
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

UNKNOWN = 20  # states that are kept where nothing is said, and the number of steps is not known
RESTORE, ADVANCE, STORE, BACK, DROP = range(5)


def reach(places: int, times: int) -> int:
    """The number of steps that can be reversed with so many places, if no step is computed more often than that.

    >>> reach(3, 2)
    10
    """
    return math.comb(places + times, places) if times >= 0 else 0


def fewest(n: int, places: int) -> int:
    """The least number of steps computed before each step is reversed: those of the first sweep (but for its last step), and those computed again.

    >>> [fewest(n, 2) for n in (1, 2, 3, 4)]
    [0, 1, 2, 4]
    """
    times = 0
    while reach(places, times) < n:
        times += 1
    return times * n - reach(places + 1, times - 1) if n > 1 else 0


def split(n: int, places: int) -> int:
    """How many steps to go on before the next state is stored, where n are left and the first state is in one of the places.

    >>> split(10, 3)
    4
    """
    if places == 1:
        return n - 1
    times = 0
    while reach(places, times) < n:
        times += 1
    return max(1, min(reach(places, times - 1), n - reach(places - 1, times - 1)))


def default_budget(n: int) -> int:
    """As many places as make every step be computed three times at most: some (6 n) ** (1/3).

    >>> default_budget(1000)
    17
    """
    places = 1
    while reach(places, 3) < n:
        places += 1
    return places


def checkpoints(n: int, budget: int | None) -> list[int]:
    """The steps before which the first sweep stores the state; the last step is among them, whose state is there when the reverse sweep begins.

    >>> checkpoints(10, 3)
    [0, 4, 7, 9]
    """
    if n < 1:
        return []
    budget = default_budget(n) if budget is None else int(budget)
    if budget < 1:
        raise ValueError(f"checkpointed: budget={budget}, but one state at least has to be kept")
    found, at = [0], 0
    while budget > 1 and n - at > 1:
        at += split(n - at, budget)
        budget -= 1
        found.append(at)
    return found if found[-1] == n - 1 else [*found, n - 1]


def strided(n: int, stride: int) -> list[int]:
    """The steps before which a state is stored, where it is every so many steps.

    >>> strided(5, 2)
    [0, 2, 4]
    """
    return list(range(0, n, stride))


def is_checkpoint(k: int, stored: list[int]) -> bool:
    """Whether the state before step k is stored.

    >>> is_checkpoint(4, [0, 4, 7])
    True
    """
    return k in stored if len(stored) < 8 else k in _sets(stored)


def _sets(stored: list[int], known: dict[int, tuple[list[int], frozenset[int]]] = {}) -> frozenset[int]:  # noqa: B006
    found = known.get(id(stored))
    if found is None or found[0] is not stored:
        known.clear()
        found = known[id(stored)] = (stored, frozenset(stored))
    return found[1]


def revolve(n: int, budget: int | None, stored: list[int]) -> Any:
    """What is done to reverse n steps of which these states are stored: an array of (action, step).

    >>> revolve(2, 1, [0, 1]).tolist()
    [[0, 1], [3, 1], [4, 1], [0, 0], [3, 0], [4, 0]]
    """
    budget = default_budget(n) if budget is None else int(budget)
    kept = [step for step in stored if step < n]
    flat = array("i" if n < 2**31 else "q")  # for a million steps some ten million numbers
    end = n
    if kept and kept[-1] == n - 1 and (len(kept) > budget or len(kept) == 1):
        flat.extend((RESTORE, n - 1, BACK, n - 1, DROP, n - 1))
        end = kept.pop()
    for number in reversed(range(len(kept))):
        flat.extend(_reversed(kept[number], end, budget - number))
        end = kept[number]
    return np.frombuffer(flat, flat.typecode).reshape(-1, 2) if flat else np.zeros((0, 2), np.int32)


def _reversed(first: int, last: int, places: int) -> Iterator[int]:
    """The actions for the steps from first to last, whose first state is on top of those stored."""
    todo: list[tuple[int, ...]] = [(0, first, last, places)]
    while todo:
        kind, *rest = todo.pop()
        if kind == 1:
            yield from rest
            continue
        first, last, places = rest
        if last - first == 1:
            yield from (RESTORE, first, BACK, first, DROP, first)
        elif places == 1:
            for k in reversed(range(first, last)):
                yield from (RESTORE, first)
                for step in range(first, k):
                    yield from (ADVANCE, step)
                yield from (BACK, k)
            yield from (DROP, first)
        else:
            middle = first + split(last - first, places)
            yield from (RESTORE, first)
            for step in range(first, middle):
                yield from (ADVANCE, step)
            yield from (STORE, middle)
            todo += [(0, first, middle, places), (0, middle, last, places - 1)]


def spilled(array: Any) -> Any:
    """A copy of an array that lies in a temporary file, which disappears with it.

    >>> spilled(np.arange(3.0))
    array([0., 1., 2.])
    """
    if not array.size:
        return array.copy()
    with tempfile.TemporaryFile() as file:
        copy = np.memmap(file, array.dtype, "w+", shape=array.shape)
    copy[...] = array
    return np.asarray(copy).view(np.ndarray)


__all__ = ["checkpoints", "default_budget", "fewest", "is_checkpoint", "reach", "revolve", "spilled", "split", "strided"]
