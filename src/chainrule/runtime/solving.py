"""What programs with solvers of a library call: linear systems with the Jacobian of what the solver was given, and values that are given elsewhere."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def as_given(given: Any, model: Any) -> Any:
    """A value as a library computed it, with the derivative of the model."""
    return given


def linear_step(jacobian: Any, residual: Any, seen: Any) -> Any:
    """The solution of J s = residual; for no residual zero, without ado. seen: what else J depends on, for the compiler to know."""
    if not np.any(residual):
        return np.zeros_like(residual) if isinstance(residual, np.ndarray) else residual * 0.0
    return direct_step(jacobian, residual, seen)


def direct_step(jacobian: Any, moved: Any, seen: Any) -> Any:
    """The same for the tangent of a residual."""
    if np.ndim(jacobian) < 2:
        return moved / jacobian
    return np.linalg.solve(jacobian, moved)


def transposed_step(jacobian: Any, cotangent: Any, seen: Any) -> Any:
    """The solution of J' r = cotangent."""
    if np.ndim(jacobian) < 2:
        return cotangent / jacobian
    return np.linalg.solve(np.transpose(jacobian), cotangent)


def fixed(value: Any, what: str, why: str, instead: str) -> Any:
    """A value that may not carry a derivative; the texts are for the compiler, if it does."""
    return value


def independent(value: Any, of: Any, what: str, why: str, instead: str) -> Any:
    """A value that follows from another one which may not carry a derivative."""
    return value


def evaluated(function: Any, points: Any, *more: Any) -> Any:
    """What an object of a library's gives that is called (a solution between its steps, a spline)."""
    return function(points, *more)


def states_at(solution: Any, times: Any, count: int) -> Any:
    """The states (count, m) of a solution of differential equations at times (m,)."""
    return solution(times) if len(times) else np.zeros((count, 0))


def romberg(count: int) -> Any:
    """The weights of Romberg's rule for 2**k + 1 samples at distance 1."""
    steps = (count - 1).bit_length()
    rows = []
    for k in range(steps + 1 if 1 << steps == count - 1 else steps):
        stride = (count - 1) >> k
        weights = np.zeros(count)
        weights[::stride] = stride
        weights[[0, -1]] *= 0.5
        rows.append(weights)
    factor = 4
    while len(rows) > 1:
        rows = [(factor * fine - coarse) / (factor - 1) for coarse, fine in itertools.pairwise(rows)]
        factor *= 4
    return rows[0]


def bspline(c: Any, x: Any, t: Any, k: int, nu: int = 0) -> Any:
    """Derivative nu of the B-splines with knots t and degree k at x (m,), for columns of coefficients c (n, q) -> (m, q)."""
    from scipy.interpolate import BSpline

    return np.zeros((len(x), c.shape[1])) if nu > k else BSpline.construct_fast(t, np.ascontiguousarray(c), k)(x, nu, True)


def bspline_pull(g: Any, x: Any, t: Any, k: int, nu: int, count: int) -> Any:
    """The transpose of that in c: g (m, q) -> (count, q)."""
    from scipy.interpolate import BSpline

    if nu == 0:
        return BSpline.design_matrix(x, t, k, extrapolate=True).T @ g
    return bspline(np.eye(count), x, t, k, nu).T @ g


def of_unit_values(maker: Any, x: Any, ends: Any, k: int | None = None, t: Any = None) -> Any:
    """What a spline with nodes x is made of, as a matrix with a column for the value at each node: of CubicSpline the slopes at the nodes; the knots and
    the coefficients otherwise. Of a periodic spline, the first and the last value are one."""
    unit = np.eye(len(x))
    if isinstance(ends, str) and ends == "periodic":
        unit[0, 0] = unit[-1, 0] = unit[0, -1] = unit[-1, -1] = 0.5
    if ends is not None and not isinstance(ends, str):  # one derivative for each column
        ends = tuple(end if isinstance(end, str) else (end[0], np.zeros(len(x))) for end in ends)
    if k is None:
        return maker(x, unit, bc_type=ends)(x, 1)
    if ends is not None and not isinstance(ends, str):
        ends = tuple([end] if isinstance(end, tuple) else end for end in ends)
    spline = maker(x, unit, k=k, t=t, bc_type=ends)
    return spline.t, spline.c


__all__ = ["as_given", "bspline", "bspline_pull", "direct_step", "evaluated", "fixed", "independent", "linear_step", "of_unit_values", "romberg", "states_at", "transposed_step"]
