"""Helpers of the rows of scipy.sparse.

A sparse matrix is its stored values, `data`, at places that two arrays of integers say, as its `kind` has it: the indices and their ranges of 'csr' and
'csc', the rows and columns of 'coo'. A place may be stored several times; the values there add up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

TURNED = {"csr": "csc", "csc": "csr", "coo": "coo"}


def _matrix(data: Any, a: Any, b: Any, shape: Any, kind: str) -> Any:
    shape = tuple(int(n) for n in shape)
    if kind == "coo":
        return sparse.coo_array((data, (a, b)), shape=shape)
    return (sparse.csr_array if kind == "csr" else sparse.csc_array)((data, a, b), shape=shape)


def _ones(a: Any, b: Any, shape: Any, kind: str) -> Any:
    return _matrix(np.ones(len(a)), a, b, shape, kind)


def places(a: Any, b: Any, kind: str) -> tuple[Any, Any]:
    """The row and the column of each stored value."""
    if kind == "coo":
        return a, b
    along = np.repeat(np.arange(len(b) - 1), np.diff(b))
    return (along, a) if kind == "csr" else (a, along)


def repeats(a: Any, b: Any, kind: str) -> bool:
    """Whether a place is stored more than once."""
    lines, others = places(a, b, kind)
    width = int(np.max(others, initial=0)) + 1
    return len(np.unique(lines.astype(np.int64) * width + others)) < len(a)


def rows(a: Any, b: Any, kind: str) -> Any:
    """The row of each stored value."""
    return places(a, b, kind)[0].astype(np.int64)


def columns(a: Any, b: Any, kind: str) -> Any:
    """The column of each stored value."""
    return places(a, b, kind)[1].astype(np.int64)


def product(data: Any, a: Any, b: Any, x: Any, shape: Any, kind: str) -> Any:
    """The product of a sparse matrix and a vector, or a dense matrix."""
    return _matrix(data, a, b, shape, kind) @ x


def sampled(g: Any, x: Any, a: Any, b: Any, kind: str) -> Any:
    """The elements of g @ x.T at some places: the transpose of `product` in its data."""
    if kind == "coo":
        found = g[a] * x[b]
    elif kind == "csr":
        found = np.repeat(g, np.diff(b), axis=0) * x[a]
    else:
        found = g[a] * np.repeat(x, np.diff(b), axis=0)
    return found if g.ndim == 1 else np.sum(found, axis=1)


def dense(data: Any, a: Any, b: Any, shape: Any, kind: str) -> Any:
    """A sparse matrix as an array."""
    return _matrix(data, a, b, shape, kind).toarray()


def entries(g: Any, a: Any, b: Any, kind: str) -> Any:
    """The elements of an array at some places: the transpose of `dense`."""
    return g[places(a, b, kind)]


def solved(data: Any, a: Any, b: Any, rhs: Any, shape: Any, kind: str, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """scipy.sparse.linalg.spsolve, which adds up in its matrix what is stored at one place: it is given one of its own."""
    return spsolve(_matrix(data.copy(), a.astype(np.intc), b.astype(np.intc), shape, kind), rhs, permc_spec, use_umfpack)


def relocated(data: Any, a: Any, b: Any, to_a: Any, to_b: Any, shape: Any, kind: str, to_kind: str) -> Any:
    """The elements of a sparse matrix at the places of another one. With both exchanged, it is its own transpose."""
    (i, j), (lines, other) = places(a, b, kind), places(to_a, to_b, to_kind)
    width = int(shape[1])
    own, number = np.unique(i.astype(np.int64) * width + j, return_inverse=True)
    sums = np.zeros(len(own) + 1, data.dtype)
    np.add.at(sums, number.reshape(-1), data)
    wanted = lines.astype(np.int64) * width + other
    found = np.searchsorted(own, wanted)
    there = np.zeros(wanted.shape, bool)
    there[found < len(own)] = own[found[found < len(own)]] == wanted[found < len(own)]
    return sums[np.where(there, found, len(own))]


def multiplied(data: Any, a: Any, b: Any, other: Any, c: Any, d: Any, to_a: Any, to_b: Any, shape: Any, other_shape: Any, kinds: tuple[str, str, str]) -> Any:
    """The elements of the product of two sparse matrices at the places of a third one."""
    both = (_matrix(data, a, b, shape, kinds[0]).tocsr() @ _matrix(other, c, d, other_shape, kinds[1]).tocsr()).tocsr()
    return relocated(both.data, both.indices, both.indptr, to_a, to_b, both.shape, "csr", kinds[2])


def structure_of_product(a: Any, b: Any, c: Any, d: Any, shape: Any, other_shape: Any, kind: str) -> tuple[Any, Any]:
    """The places that the product of two sparse matrices has stored values at."""
    found = _ones(a, b, shape, kind) @ _ones(c, d, other_shape, kind)
    return found.indices, found.indptr


def structure_of_sum(a: Any, b: Any, c: Any, d: Any, shape: Any, kind: str) -> tuple[Any, Any]:
    """The places that the sum (or the difference) of two sparse matrices has stored values at."""
    found = _ones(a, b, shape, kind) + _ones(c, d, shape, kind)
    return found.indices, found.indptr


def converted(a: Any, b: Any, shape: Any, kind: str, to_kind: str) -> tuple[Any, Any, Any]:
    """The places of a sparse matrix as another kind has them, and which value goes to each (of 'coo', those at one place add up)."""
    found = _matrix(np.arange(len(a)), a, b, shape, kind).asformat(to_kind)
    if to_kind == "coo":
        return (*found.coords, np.arange(len(a))) if hasattr(found, "coords") else (found.row, found.col, np.arange(len(a)))
    return found.indices, found.indptr, found.data


def diagonal_places(offsets: Any, width: int, shape: Any) -> tuple[Any, Any, Any]:
    """Where in the raveled values of diagonals those lie that are in the matrix, and their rows and columns."""
    columns = np.broadcast_to(np.arange(width), (len(offsets), width))
    lines = columns - np.asarray(offsets)[:, None]
    inside = (lines >= 0) & (lines < shape[0]) & (columns < shape[1])
    return np.flatnonzero(inside), lines[inside].astype(np.int64), columns[inside].astype(np.int64)


__all__ = ["columns", "converted", "dense", "diagonal_places", "entries", "multiplied", "product", "relocated", "rows", "sampled", "solved", "structure_of_product", "structure_of_sum"]
