"""Pattern -> groups of columns (or rows) whose entries do not get in each other's way.

Two colourings of graphs, greedily, in several orders of which the best is taken (Gebremedhin, Manne and Pothen, 2005, "What color
is your Jacobian?"):

- `colour_columns`: columns that have a nonzero in the same row get different colours (a distance-2 colouring of the columns, section 3);
- `colour_symmetric`: a star colouring of the graph of a symmetric matrix: neighbours differ, and no path of four vertices has only two
  colours. Then each entry is alone in its group in its row, or else in that of its mirror image (section 4).

The colours that are taken in a row are the bits of an integer, so that a column costs as much as it has entries.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["colour_columns", "colour_symmetric"]

_PATIENCE = 10_000_000  # pairs of columns that meet in a row; with more, an order that looks at all pairs takes longer than it saves


def colour_columns(pattern: Any) -> tuple[Any, int]:
    """The colour of each column of a sparse matrix (CSR), and the number of colours."""
    rows_of = _lists(pattern.T.tocsr())
    rows, columns = pattern.shape
    per_row = np.diff(pattern.indptr)
    bound = int(per_row.max(initial=0))  # so many columns meet in one row
    meets = np.bincount(pattern.indices, np.repeat(per_row, per_row), columns)  # columns that share a row, counted for each row

    def colour(order: Any) -> tuple[Any, int]:
        return _greedy(rows_of, rows, order)

    orders: list[Callable[[], Any]] = [lambda: range(columns), lambda: np.argsort(-meets, kind="stable").tolist()]
    if meets.sum() < _PATIENCE:
        orders.append(lambda: _by_incidence(rows_of, _lists(pattern)))
    return _best(colour, orders, max(bound, min(columns, 1)))


def colour_symmetric(pattern: Any) -> tuple[Any, int]:
    """A star colouring of a symmetric sparse matrix (CSR, diagonal entries do not matter), and the number of colours."""
    neighbours = [[w for w in found if w != v] for v, found in enumerate(_lists(pattern))]
    degrees = np.array([len(found) for found in neighbours], np.int64)
    orders: list[Callable[[], Any]] = [
        lambda: range(len(neighbours)), lambda: np.argsort(-degrees, kind="stable").tolist(), lambda: np.argsort(degrees, kind="stable").tolist()]
    return _best(lambda order: _star(neighbours, order), orders, 1 + (len(pattern.indices) > 0 and bool(degrees.any())))


def _best(colour: Callable[[Any], tuple[Any, int]], orders: list[Callable[[], Any]], bound: int) -> tuple[Any, int]:
    """The colouring with the fewest colours; `bound`: with fewer it cannot be done."""
    best: tuple[Any, int] | None = None
    for order in orders:
        found = colour(order())
        if best is None or found[1] < best[1]:
            best = found
        if best[1] <= bound:
            break
    assert best is not None
    return np.array(best[0], np.int64), best[1]


def _lists(matrix: Any) -> list[list[int]]:
    """The entries of each row."""
    indices, bounds = matrix.indices.tolist(), matrix.indptr.tolist()
    return [indices[start:stop] for start, stop in pairwise(bounds)]


def _greedy(rows_of: list[list[int]], rows: int, order: Any) -> tuple[list[int], int]:
    """Each column gets the first colour that none of its rows has."""
    colours = [0] * len(rows_of)
    taken = [0] * rows
    count = 0
    for column in order:
        used = 0
        for row in rows_of[column]:
            used |= taken[row]
        bit = ~used & (used + 1)
        colours[column] = colour = bit.bit_length() - 1
        count = max(count, colour + 1)
        for row in rows_of[column]:
            taken[row] |= bit
    return colours, count


def _by_incidence(rows_of: list[list[int]], columns_of: list[list[int]]) -> list[int]:
    """The columns so that the next one is always one of those that meet most columns before it (counted for each row)."""
    degree = [0] * len(rows_of)
    buckets: list[list[int]] = [list(range(len(rows_of) - 1, -1, -1))]
    done = [False] * len(rows_of)
    order: list[int] = []
    top = 0
    while top >= 0:
        if not buckets[top]:
            top -= 1
            continue
        column = buckets[top].pop()
        if done[column] or degree[column] != top:  # it is in a later bucket
            continue
        done[column] = True
        order.append(column)
        for row in rows_of[column]:
            for other in columns_of[row]:
                if not done[other]:
                    degree[other] += 1
                    if degree[other] == len(buckets):
                        buckets.append([])
                    buckets[degree[other]].append(other)
                    top = max(top, degree[other])
    return order


def _star(neighbours: list[list[int]], order: Any) -> tuple[list[int], int]:
    """Each vertex gets the first colour that neither a neighbour has, nor makes a path of four vertices of two colours.

    seen:    the colours of a vertex's neighbours; twice: those that two of them have.
    blocked: of a vertex w, the colours of its neighbours x that have another neighbour of w's colour: a further neighbour of w
             of x's colour would end such a path. Neighbours of a vertex without colour all differ, since its colour may be anything.
    """
    count = len(neighbours)
    colours = [-1] * count
    seen, twice, blocked = [0] * count, [0] * count, [0] * count
    most = 0
    for v in order:
        used = 0
        for w in neighbours[v]:
            used |= seen[w] if colours[w] < 0 else 1 << colours[w] | blocked[w]
        bit = ~used & (used + 1)
        colours[v] = colour = bit.bit_length() - 1
        most = max(most, colour + 1)
        for x in neighbours[v]:
            if not seen[x] & bit:
                seen[x] |= bit
            elif twice[x] & bit:
                blocked[v] |= 1 << colours[x]
            else:  # x has a colour, or two of its neighbours would not have the same one
                twice[x] |= bit
                for w in neighbours[x]:
                    if colours[w] == colour:
                        blocked[w] |= 1 << colours[x]
    return colours, most
