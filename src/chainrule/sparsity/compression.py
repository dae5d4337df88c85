"""Pattern -> directions, and their images -> matrix: a sparse matrix from as few products with it as its pattern allows.

Columns that have no row in common can share one product: the sum of these columns shows each of their entries in a place of its
own (Curtis, Powell and Reid, 1974). So a Jacobian costs one sweep for each colour of its columns, or of its rows, and a Hessian one for each colour
of a star colouring, which also uses that it is symmetric.

    a b . .        1 0          a b
    c d e .   @    0 1   =    c+e d        three columns would need three products; two colours two
    . f g .        1 0          g f
                   0 0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from .colouring import colour_columns, colour_symmetric
from .pattern import Pattern

Product = Callable[[Any], Any]  # a vector -> the product of the matrix, or of its transpose, with it

__all__ = ["Plan", "as_matrix", "by_columns", "by_rows", "compressed", "symmetric"]


@dataclass(frozen=True, eq=False)
class Plan:
    """How a matrix is put together from `count` products with it.

    colour:  of each element of a direction.
    entries: for each colour, the numbers of the matrix's entries (as they are stored) that its product shows ...
    places:  ... and where in the product.
    forward: whether the products are with the matrix, or with its transpose.
    """

    pattern: Pattern
    colour: Any
    count: int
    entries: list[Any]
    places: list[Any]
    forward: bool = True

    def directions(self) -> Iterator[Any]:
        """One vector for each colour: 1 at the elements of that colour."""
        for colour in range(self.count):
            yield (self.colour == colour).astype(np.float64)


def compressed(plan: Plan, product: Product, dtype: Any) -> Any:
    """The entries of a matrix, by one product for each colour."""
    data = np.zeros(len(plan.pattern.indices), dtype)
    for direction, entries, places in zip(plan.directions(), plan.entries, plan.places):
        data[entries] = product(direction)[places]
    return data


def by_columns(pattern: Pattern) -> Plan:
    """Products with the matrix."""
    colour, count = colour_columns(as_matrix(pattern))
    return _direct(pattern, colour, count, colour[pattern.indices], _rows(pattern))


def by_rows(pattern: Pattern) -> Plan:
    """Products with the transpose."""
    colour, count = colour_columns(as_matrix(pattern).T.tocsr())
    return replace(_direct(pattern, colour, count, colour[_rows(pattern)], pattern.indices), forward=False)


def symmetric(pattern: Pattern) -> Plan:
    """Products with a symmetric matrix: an entry is shown by the colour of its column, or that of its row in place of its mirror image.

    Both get the same number. The pattern must be symmetric.
    """
    colour, count = colour_symmetric(as_matrix(pattern))
    rows, columns = _rows(pattern), pattern.indices
    keys = rows * max(count, 1) + colour[columns]
    _, place, times = np.unique(keys, return_inverse=True, return_counts=True)
    alone = times[place.reshape(-1)] == 1  # in its row, no other column of this colour
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    size = pattern.shape[1]
    order = np.lexsort((rows, high * size + low))  # mirror images are next to each other, the one above the diagonal first
    mirror = np.empty(len(order), np.int64)
    mirror[order] = order
    pairs = np.flatnonzero((low[order][1:] == low[order][:-1]) & (high[order][1:] == high[order][:-1]))
    mirror[order[pairs]], mirror[order[pairs + 1]] = order[pairs + 1], order[pairs]
    first = rows <= columns
    own = np.where(first, alone, ~alone[mirror])  # both images choose the same one of the two
    assert np.all(np.where(own, alone, alone[mirror])), "two entries of a row have one colour, and so have their mirror images"
    return _direct(pattern, colour, count, np.where(own, colour[columns], colour[rows]), np.where(own, rows, columns))


def as_matrix(pattern: Pattern, data: Any = None) -> Any:
    """The pattern as a matrix of SciPy's; `data`: its entries."""
    from scipy.sparse import csr_array

    entries = np.ones(len(pattern.indices), bool) if data is None else data
    matrix = csr_array((entries, pattern.indices, pattern.indptr), shape=pattern.shape)
    if np.may_share_memory(matrix.indices, pattern.indices):  # the user may write into what he gets
        matrix.indices, matrix.indptr = matrix.indices.copy(), matrix.indptr.copy()
    return matrix


def _direct(pattern: Pattern, colour: Any, count: int, of_entry: Any, place: Any) -> Plan:
    order = np.argsort(of_entry, kind="stable")
    bounds = np.searchsorted(of_entry[order], np.arange(count + 1))
    entries = [order[start:stop] for start, stop in pairwise(bounds)]
    return Plan(pattern, colour, count, entries, [place[numbers] for numbers in entries])


def _rows(pattern: Pattern) -> Any:
    """The row of each entry."""
    return np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
