"""Linear systems solved in place: LU factorisation by elements, and Gauss-Seidel sweeps."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def lu(A: Array) -> float:
    """The sum of the sines of the elements of L and U, which overwrite a copy of A (n, n); rows are exchanged."""
    A = A.copy()
    n = len(A)
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return np.sum(np.sin(A))


def lu_gradient(A: Array) -> Array:
    """d lu / d A; rows k and columns k are final after step k, but for exchanges, which are undone on the way back."""
    A = A.copy()
    n = len(A)
    pivots = []
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        pivots.append(p)
        if p != k:
            A[[k, p]] = A[[p, k]]
        pivot = A[k, k]
        for i in range(k + 1, n):
            A[i, k] = factor = A[i, k] / pivot
            for j in range(k + 1, n):
                A[i, j] -= factor * A[k, j]

    # np.sum(np.sin(A))
    A_bar = np.cos(A)
    for k in reversed(range(n)):
        pivot = A[k, k]
        pivot_bar = A_bar[k, k]
        for i in reversed(range(k + 1, n)):
            factor = A[i, k]
            factor_bar = A_bar[i, k]
            for j in reversed(range(k + 1, n)):
                # A[i, j] -= A[i, k] * A[k, j]
                t = A_bar[i, j]
                factor_bar -= t * A[k, j]
                A_bar[k, j] -= t * factor
            # A[i, k] /= A[k, k]
            t = factor_bar / pivot
            A_bar[i, k] = t
            pivot_bar -= t * factor
        A_bar[k, k] = pivot_bar
        # A[[k, p]] = A[[p, k]]
        p = pivots.pop()
        if p != k:
            A[[k, p]] = A[[p, k]]
            A_bar[[k, p]] = A_bar[[p, k]]
    return A_bar


def gauss_seidel(A: Array, b: Array, sweeps: int) -> float:
    """The sum of squares of x (n,) after some sweeps towards A @ x = b."""
    n = len(b)
    x = np.zeros(n)
    for _ in range(sweeps):
        for i in range(n):
            x[i] = (b[i] - A[i, :i] @ x[:i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return np.sum(x**2)


def gauss_seidel_gradient(A: Array, b: Array, sweeps: int) -> tuple[Array, Array]:
    """d gauss_seidel / d (A, b)."""
    n = len(b)
    x = np.zeros(n)
    tape = []
    for _ in range(sweeps):
        for i in range(n):
            tape.append(x[i])
            x[i] = (b[i] - A[i, :i] @ x[:i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]

    # np.sum(x**2)
    x_bar = 2.0 * x
    A_bar = np.zeros_like(A)
    b_bar = np.zeros_like(b)
    for _ in range(sweeps):
        for i in reversed(range(n)):
            # x[i] = (b[i] - A[i, :i] @ x[:i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
            t = x_bar[i] / A[i, i]
            x_bar[i] = 0.0
            A_bar[i, i] -= t * x[i]
            b_bar[i] += t
            A_bar[i, :i] -= t * x[:i]
            x_bar[:i] -= t * A[i, :i]
            A_bar[i, i + 1 :] -= t * x[i + 1 :]
            x_bar[i + 1 :] -= t * A[i, i + 1 :]
            x[i] = tape.pop()
    return A_bar, b_bar


def _lu_args() -> tuple[Array]:
    rng = np.random.default_rng(10)
    return (rng.normal(size=(30, 30)),)


def _gauss_seidel_args() -> tuple[Array, Array, int]:
    rng = np.random.default_rng(11)
    n = 60
    return rng.normal(size=(n, n)) / n + 2.0 * np.eye(n), rng.normal(size=n), 10


WORKLOADS = (
    Workload("lu", "loop", lu, lu_gradient, _lu_args, 0),
    Workload("gauss_seidel", "loop", gauss_seidel, gauss_seidel_gradient, _gauss_seidel_args, (0, 1)),
)
