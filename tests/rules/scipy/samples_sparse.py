"""Samples of the rows of what sparse matrices are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..harness import Case, case
from .arrays import Arrays

_arrays = Arrays(5)
A, C = _arrays.A, _arrays.C

# Places of matrices of three rows and four columns; 'coo' has one place twice.
CSR = (np.array([0, 3, 1, 0, 2]), np.array([0, 2, 3, 5]))
CSC = (np.array([0, 2, 1, 2, 0]), np.array([0, 2, 3, 4, 5]))
COO = (np.array([0, 2, 2, 1, 0]), np.array([1, 3, 3, 0, 2]))
KINDS: dict[str, tuple[Any, Any]] = {"csr": CSR, "csc": CSC, "coo": COO}
SQUARE = (np.array([0, 1, 0, 1, 2, 1, 2]), np.array([0, 2, 5, 7]))  # three by three, the diagonal is there


def diagonal(make: Any) -> Any:
    """Values of a regular matrix at the places SQUARE."""
    data = 0.5 * make(7)
    data[[0, 3, 6]] += 3.0
    return data


SAMPLES: dict[str, list[Case]] = {
    "sparse_rt.product": [case(make(5), *at, other(4, *more), (3, 4), kind) for kind, at in KINDS.items() for make, other in ((A, A), (C, A), (C, C)) for more in ((), (2,))],
    "sparse_rt.sampled": [case(A(3, *more), A(4, *more), *at, kind) for kind, at in KINDS.items() for more in ((), (2,))] + [case(C(3), C(4), *CSR, "csr")],
    "sparse_rt.dense": [case(make(5), *at, (3, 4), kind) for kind, at in KINDS.items() for make in (A, C)],
    "sparse_rt.entries": [case(A(3, 4), *at, kind) for kind, at in KINDS.items()],
    "sparse_rt.solved": [case(diagonal(make), *SQUARE, make(3, *more), (3, 3), kind) for kind in ("csr", "csc") for make in (A, C) for more in ((), (2,))],
    "sparse_rt.relocated": [case(A(5), *one, *two, (3, 4), kind, other) for kind, one in KINDS.items() for other, two in KINDS.items()],
    "sparse_rt.multiplied": [case(A(5), *CSR, A(7), np.array([0, 1, 2, 0, 1, 0, 2]), np.array([0, 2, 3, 5, 7]), np.array([0, 2, 1, 0, 1]), np.array([0, 2, 3, 5]), (3, 4), (4, 3), ("csr", "csr", "csr"))],
}
