"""A relaxation stencil that overwrites its array in place."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def jacobi(u: Array, f: Array, n: int) -> float:
    """Relax u (m, m) under the load f (m, m) n times; the sum of squares of what results."""
    u = u.copy()
    for _ in range(n):
        u[1:-1, 1:-1] = 0.25 * (
            u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - f[1:-1, 1:-1]
        )
    return np.sum(u**2)


def jacobi_gradient(u: Array, f: Array, n: int) -> tuple[Array, Array]:
    """d jacobi / d (u, f)."""
    u = u.copy()
    t = np.empty_like(u[1:-1, 1:-1])
    for _ in range(n):
        np.add(u[:-2, 1:-1], u[2:, 1:-1], out=t)
        t += u[1:-1, :-2]
        t += u[1:-1, 2:]
        t -= f[1:-1, 1:-1]
        np.multiply(t, 0.25, out=u[1:-1, 1:-1])

    u *= 2.0
    u_bar = u
    f_bar = np.zeros_like(f)
    for _ in range(n):
        # u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + ... - f[1:-1, 1:-1])
        np.multiply(u_bar[1:-1, 1:-1], 0.25, out=t)
        u_bar[1:-1, 1:-1] = 0.0
        u_bar[:-2, 1:-1] += t
        u_bar[2:, 1:-1] += t
        u_bar[1:-1, :-2] += t
        u_bar[1:-1, 2:] += t
        f_bar[1:-1, 1:-1] -= t
    return u_bar, f_bar


def make_args(size: int) -> tuple[Array, Array, int]:
    """The arguments for a grid of size x size and 50 sweeps."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(size, size)), rng.normal(size=(size, size)), 50


WORKLOADS = (Workload("jacobi", "loop", jacobi, jacobi_gradient, lambda: make_args(256), (0, 1)),)
