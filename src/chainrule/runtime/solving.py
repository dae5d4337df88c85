"""What programs with solvers of a library call: linear systems with the Jacobian of what the solver was given, and values that are given elsewhere."""

from __future__ import annotations

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


def evaluated(function: Any, points: Any) -> Any:
    """What a function of a library's gives (a solution between its steps, a spline)."""
    return function(points)


__all__ = ["as_given", "direct_step", "evaluated", "linear_step", "transposed_step"]
