"""Entries -> entries: statements that the frontend has executed once for each item of a loop, put together to that loop.

    h = np.tanh(h @ w)                  for w in layers:            iteration 0:  h = np.tanh(h @ w)
    h = np.tanh(h @ w)      becomes                                 iteration 1:  h = np.tanh(h @ w)

A loop over a list of layers is gone through when the program is made, and leaves only its statements; of other loops, the first iterations may be
executed on their own. Where the same line, or an earlier one, of a loop comes again, an iteration has begun. (An iteration without any operation of its own
leaves nothing, and is not counted.)
"""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache

from .model import Entry, Iteration, Loop, Statement

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Place:
    """Where a loop stands: its first and last line, its header, and the first line of the function that it is in."""

    first: int
    last: int
    text: str
    function: int


def with_loops(entries: list[Entry], around: Place | None = None) -> list[Entry]:
    """The entries of one block, in which statements of loops stand in iterations. around: the loop whose body the block is."""
    made: list[Entry] = []
    at = 0
    while at < len(entries):
        entry = entries[at]
        place = _outermost(entry, around)
        if place is None:
            _inside(entry, around)
            made.append(entry)
            at += 1
            continue
        end = at
        while end < len(entries) and _outermost(entries[end], around) == place and entries[end].file == entry.file:
            end += 1
        made += _loop(entries[at:end], place, entry)
        at = end
    return _joined([entry for n, entry in enumerate(made) if not _of_the_header(entry, made[n + 1 :])])


def innermost(file: str, line: int, function: str) -> Place | None:
    """The innermost loop around a line of a function."""
    found = [place for place in _around(file, line, function) if place.first <= line <= place.last]
    return found[-1] if found else None


def _joined(entries: list[Entry]) -> list[Entry]:
    """A loop whose first iterations were executed on their own is one loop."""
    made: list[Entry] = []
    for entry in entries:
        before = made[-1] if made else None
        if isinstance(entry, Loop) and isinstance(before, Loop) and (before.file, before.line) == (entry.file, entry.line):
            before.iterations += [Iteration(len(before.iterations) + n, one.entries) for n, one in enumerate(entry.iterations)]
        else:
            made.append(entry)
    return made


def _of_the_header(entry: Entry, following: list[Entry]) -> bool:
    """Whether an entry only computes the bounds of the loop that follows, through which no derivative goes."""
    if not isinstance(entry, Statement) or entry.entries or any(value.cotangent is not None for value in entry.values):
        return False
    return bool(following) and isinstance(following[0], Loop) and (following[0].file, following[0].line) == (entry.file, entry.line)


def _inside(entry: Entry, around: Place | None) -> None:
    """The same for the entries of an entry."""
    if isinstance(entry, Statement):
        entry.entries = with_loops(entry.entries)  # of a function that it calls
    else:
        own = next((place for place in _around(entry.file, entry.line, entry.function) if place.first == entry.line), around)
        for one in entry.iterations:
            one.entries = with_loops(one.entries, own)


def _loop(entries: list[Entry], place: Place, first: Entry) -> list[Entry]:
    """The entries of one loop: what is computed once, before it; and its iterations."""
    groups: list[list[Entry]] = []
    before: tuple[int, int] | None = None
    for entry in entries:
        here = (entry.line, entry.column)
        inner = _outermost(entry, place)
        if inner is not None:  # statements of one loop inside this one: only its first line counts
            here = (inner.first, 0)
        if before is None or here < before or (here == before and inner is None) or entry.line == place.first:
            groups.append([])
        groups[-1].append(entry)
        before = here
    made: list[Entry] = []
    if all(entry.line == place.first for entry in groups[0]) and (len(groups) == 1 or any(entry.line == place.first for entry in groups[1])):
        made += groups.pop(0)  # what the loop goes over
        for entry in made:
            _inside(entry, place)
    if groups:
        made.append(Loop(first.file, place.first, first.column, first.function, place.text,
                         [Iteration(number, with_loops(group, place)) for number, group in enumerate(groups)]))
    return made


def _outermost(entry: Entry, around: Place | None) -> Place | None:
    """The outermost loop inside `around` in which an entry stands; not one that is an entry itself."""
    for place in _around(entry.file, entry.line, entry.function):
        inside = around is None or (around.first < place.first and place.last <= around.last)
        if inside and place.first <= entry.line <= place.last:
            return None if isinstance(entry, Loop) and entry.line == place.first else place
    return None


def _around(file: str, line: int, function: str) -> tuple[Place, ...]:
    """The loops of the function that a line is in, the outer ones first."""
    if not file or function == "<lambda>":
        return ()
    loops, functions = _known(file)
    own = max((first for first, last in functions if first <= line <= last), default=0)
    return tuple(place for place in loops if place.function == own)


@lru_cache(maxsize=64)
def _known(file: str) -> tuple[tuple[Place, ...], tuple[tuple[int, int], ...]]:
    """The loops of a file, the outer ones first, and the first and last lines of its functions."""
    lines = linecache.getlines(file)
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return (), ()
    nodes = list(ast.walk(tree))
    functions = tuple((node.lineno, node.end_lineno or node.lineno) for node in nodes if isinstance(node, _FUNCTIONS))
    loops = [Place(node.lineno, last, _header(lines, node), max((first for first, end in functions if first <= node.lineno and last <= end), default=0))
             for node in nodes if isinstance(node, _LOOPS) for last in (node.end_lineno or node.lineno,)]
    return tuple(sorted(loops, key=lambda place: (place.first, -place.last))), functions


def _header(lines: list[str], node: ast.For | ast.AsyncFor | ast.While) -> str:
    last = max(node.lineno, node.body[0].lineno - 1)
    text = " ".join(line.strip() for line in lines[node.lineno - 1 : last])
    return text if last > node.lineno or node.body[0].lineno > node.lineno else text[: node.body[0].col_offset - node.col_offset].rstrip()


__all__ = ["innermost", "with_loops"]
