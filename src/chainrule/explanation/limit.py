"""Entries -> entries: as many as a person, or a page, can take. Of long loops, the first and the last iterations; what is between them is a `Gap`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from .model import Entry, Iteration, Loop, Statement, statements

EDGES = (1000, 200, 100, 50, 25, 12, 8, 5, 3, 2, 1)  # iterations that are kept at each end of a loop


@dataclass(frozen=True, eq=False)
class Gap:
    """What is not shown: so many iterations of a loop, or statements in a row, and their entries."""

    iterations: int
    entries: list[Entry] = field(default_factory=list)

    def __str__(self) -> str:
        count = self.iterations or len(self.entries)
        what = "iteration" if self.iterations else "statement"
        return f"{count:,} more {what}{'' if count == 1 else 's'}"


Shown = Union[Statement, Loop, Gap]


def edge(entries: list[Entry], most: int) -> int:
    """How many iterations to keep at each end of a loop, so that not more statements than so many are shown, if that is possible."""
    return next((count for count in EDGES if sum(1 for _ in _statements(entries, count, most)) <= most), EDGES[-1])


def iterations(loop: Loop, keep: int) -> Iterator[Iteration | Gap]:
    """The iterations of a loop that are shown, and the gap."""
    count = len(loop.iterations)
    if count <= 2 * keep + 1:
        yield from loop.iterations
        return
    yield from loop.iterations[:keep]
    hidden = loop.iterations[keep : count - keep]
    yield Gap(len(hidden), [entry for one in hidden for entry in one.entries])
    yield from loop.iterations[count - keep :]


def in_a_row(entries: list[Entry], most: int) -> Iterator[Shown]:
    """The entries of one block that are shown, and the gap."""
    if len(entries) <= most:
        yield from entries
        return
    half = max(most // 2, 1)
    yield from entries[:half]
    yield Gap(0, entries[half : len(entries) - half])
    yield from entries[len(entries) - half :]


def _statements(entries: list[Entry], keep: int, most: int) -> Iterator[Statement]:
    for entry in in_a_row(entries, most):
        if isinstance(entry, Loop):
            for one in iterations(entry, keep):
                if isinstance(one, Iteration):
                    yield from _statements(one.entries, keep, most)
        elif isinstance(entry, Statement):
            yield entry
            yield from _statements(entry.entries, keep, most)


def visible(entries: list[Entry], keep: int, most: int) -> Iterator[Statement | Gap]:
    """Every statement that is shown, in order, and the gaps between them."""
    for entry in in_a_row(entries, most):
        if isinstance(entry, Loop):
            for one in iterations(entry, keep):
                if isinstance(one, Gap):
                    yield one
                else:
                    yield from visible(one.entries, keep, most)
        elif isinstance(entry, Statement):
            yield entry
            yield from visible(entry.entries, keep, most)
        else:
            yield entry


def hidden(gap: Gap) -> Iterator[Statement]:
    """Every statement in a gap."""
    yield from (statement for statement, _, _ in statements(gap.entries))


__all__ = ["Gap", "edge", "hidden", "in_a_row", "iterations", "visible"]
