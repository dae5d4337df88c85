"""Cholesky factorisation element by element."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def cholesky(A: Array) -> float:
    """The sum of the sines of the Cholesky factor's elements; A (n, n) positive definite."""
    n = len(A)
    L = np.zeros_like(A)
    for j in range(n):
        L[j, j] = np.sqrt(A[j, j] - L[j, :j] @ L[j, :j])
        for i in range(j + 1, n):
            L[i, j] = (A[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]
    return np.sum(np.sin(L))


def cholesky_gradient(A: Array) -> Array:
    """d cholesky / d A, of the lower triangle that is read."""
    n = len(A)
    L = np.zeros_like(A)
    for j in range(n):
        row = L[j, :j]
        L[j, j] = pivot = np.sqrt(A[j, j] - row @ row)
        for i in range(j + 1, n):
            L[i, j] = (A[i, j] - L[i, :j] @ row) / pivot

    # np.sum(np.sin(L))
    L_bar = np.cos(L)
    A_bar = np.zeros_like(A)
    for j in reversed(range(n)):
        row = L[j, :j]
        row_bar = L_bar[j, :j]
        pivot = L[j, j]
        pivot_bar = L_bar[j, j]
        for i in reversed(range(j + 1, n)):
            # L[i, j] = (A[i, j] - L[i, :j] @ L[j, :j]) / L[j, j]
            t = L_bar[i, j] / pivot
            A_bar[i, j] = t
            pivot_bar -= t * L[i, j]
            L_bar[i, :j] -= t * row
            row_bar -= t * L[i, :j]
        # L[j, j] = np.sqrt(A[j, j] - L[j, :j] @ L[j, :j])
        t = 0.5 * pivot_bar / pivot
        A_bar[j, j] = t
        row_bar -= 2.0 * t * row
    return A_bar


def _args() -> tuple[Array]:
    rng = np.random.default_rng(9)
    n = 60
    factor = rng.normal(size=(n, n))
    return (factor @ factor.T / n + np.eye(n),)


WORKLOADS = (Workload("cholesky", "loop", cholesky, cholesky_gradient, _args, 0),)
