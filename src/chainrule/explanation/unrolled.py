"""Entries -> entries: statements that the frontend has executed once for each item of a loop, put together to that loop.

    h = np.tanh(h @ w)                  for w in layers:            iteration 0:  h = np.tanh(h @ w)
    h = np.tanh(h @ w)      becomes                                 iteration 1:  h = np.tanh(h @ w)

A loop over a list of layers is gone through when the program is made, and leaves only its statements. Where the same line, or an earlier one,
of a loop comes again, an iteration has begun. (An iteration without any operation of its own leaves nothing, and is not counted.)
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache

from .model import Entry, Iteration, Loop, Statement

Place = tuple[int, int, str]  # first line, last line, text of the header


def with_loops(entries: list[Entry], around: Place | None = None) -> list[Entry]:
    """The entries, in which statements of loops stand in iterations."""
    made: list[Entry] = []
    at = 0
    while at < len(entries):
        entry = entries[at]
        place = _outermost(entry, around)
        if place is None:
            _inside(entry)
            made.append(entry)
            at += 1
            continue
        end = at
        while end < len(entries) and _outermost(entries[end], around) == place and entries[end].file == entry.file:
            end += 1
        made += _loop(entries[at:end], place, entry)
        at = end
    return [entry for n, entry in enumerate(made) if not _of_the_header(entry, made[n + 1 :])]


def _of_the_header(entry: Entry, following: list[Entry]) -> bool:
    """Whether an entry only computes the bounds of the loop that follows, through which no derivative goes."""
    if not isinstance(entry, Statement) or entry.entries or any(value.cotangent is not None for value in entry.values):
        return False
    return bool(following) and isinstance(following[0], Loop) and (following[0].file, following[0].line) == (entry.file, entry.line)


def _inside(entry: Entry) -> None:
    """The same for the entries of an entry."""
    if isinstance(entry, Statement):
        entry.entries = with_loops(entry.entries)
    else:
        place = next((place for place in _loops(entry.file) if place[0] == entry.line), None)
        for one in entry.iterations:
            one.entries = with_loops(one.entries, place)


def _loop(entries: list[Entry], place: Place, first: Entry) -> list[Entry]:
    """The entries of one loop: what is computed once, before it; and its iterations."""
    groups: list[list[Entry]] = []
    before: tuple[int, int] | None = None
    for entry in entries:
        here = (entry.line, entry.column)
        inner = _outermost(entry, place)
        if inner is not None:  # statements of one loop inside this one: only its first line counts
            here = (inner[0], 0)
        if before is None or here < before or (here == before and inner is None) or entry.line == place[0]:
            groups.append([])
        groups[-1].append(entry)
        before = here
    made: list[Entry] = []
    if all(entry.line == place[0] for entry in groups[0]) and (len(groups) == 1 or any(entry.line == place[0] for entry in groups[1])):
        made += groups.pop(0)  # what the loop goes over
    if groups:
        made.append(Loop(first.file, place[0], first.column, first.function, place[2],
                         [Iteration(number, with_loops(group, place)) for number, group in enumerate(groups)]))
    for entry in made[:-1] if groups else made:
        _inside(entry)
    return made


def _outermost(entry: Entry, around: Place | None) -> Place | None:
    """The outermost loop inside `around` in which an entry stands; not one that is an entry itself."""
    if not entry.file:
        return None
    for place in _loops(entry.file):
        inside = around is None or (around[0] < place[0] and place[1] <= around[1])
        if inside and place[0] <= entry.line <= place[1]:
            return None if isinstance(entry, Loop) and entry.line == place[0] else place
    return None


@lru_cache(maxsize=64)
def _loops(file: str) -> tuple[Place, ...]:
    """The loops of a file, the outer ones first."""
    lines = linecache.getlines(file)
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return ()
    found = [(node.lineno, node.end_lineno or node.lineno, _header(lines, node)) for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While))]
    return tuple(sorted(found, key=lambda place: (place[0], -place[1])))


def _header(lines: list[str], node: ast.For | ast.While) -> str:
    last = max(node.lineno, node.body[0].lineno - 1)
    text = " ".join(line.strip() for line in lines[node.lineno - 1 : last])
    return text if last > node.lineno or node.body[0].lineno > node.lineno else text[: node.body[0].col_offset - node.col_offset].rstrip()


__all__ = ["with_loops"]
