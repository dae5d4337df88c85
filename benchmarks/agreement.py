"""Do the gradients agree? Every system with the hand-written one, and that one with the primal."""

from typing import Any

import numpy as np

from benchmarks.trees import convert, leaves
from benchmarks.workload import Workload


def disagreement(gradient: Any, reference: Any) -> float:
    """The largest error of any element, relative to the largest element of its leaf."""
    pairs = zip(leaves(gradient), leaves(reference), strict=True)
    return max(_leaf_error(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _leaf_error(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    if a.shape != b.shape:
        raise ValueError(f"gradient of shape {a.shape}, expected {b.shape}")
    error = float(np.max(np.abs(a - b)) / np.max(np.abs(b)))
    return error if np.isfinite(error) else float("inf")


def difference_error(workload: Workload, args: tuple[Any, ...], gradient: Any) -> float:
    """The relative error of the gradient against a central difference of the primal.

    The difference is taken along one random direction; its own error is about 1e-8.
    """
    rng = np.random.default_rng(0)
    point = workload.chosen(args)
    direction = convert(point, lambda x: np.max(np.abs(x)) * rng.normal(size=np.shape(x)))

    def value(step: float) -> float:
        directions = iter(leaves(direction))
        moved = convert(point, lambda x: x + step * next(directions))
        return float(workload.primal(*workload.with_chosen(args, moved)))

    step = 1e-6
    difference = (value(step) - value(-step)) / (2.0 * step)
    pairs = zip(leaves(gradient), leaves(direction), strict=True)
    slope = sum(float(np.sum(g * d)) for g, d in pairs)
    return abs(slope - difference) / abs(difference)
