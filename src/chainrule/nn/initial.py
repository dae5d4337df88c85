"""First weights: drawn such that a layer's outputs, and the gradients that pass it, vary as much as its inputs.

The last two axes of the shape are inputs and outputs, x (..., inputs) @ w (inputs, outputs); axes before them are places of a kernel, as in
w (height, width, channels in, channels out). So fan_in is the number of inputs of a unit, fan_out the number of units that an input reaches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np


def glorot_uniform(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64) -> Any:
    """Uniform with variance 2 / (fan_in + fan_out), for tanh and sigmoid (X. Glorot and Y. Bengio 2010).

    >>> bool(np.all(abs(glorot_uniform(np.random.default_rng(0), (3, 3))) <= 1.0))
    True
    """
    fan_in, fan_out = _fans(shape)
    return _uniform(rng, shape, math.sqrt(2.0 / (fan_in + fan_out)), dtype)


def glorot_normal(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64) -> Any:
    """Normal with variance 2 / (fan_in + fan_out), for tanh and sigmoid (X. Glorot and Y. Bengio 2010).

    >>> glorot_normal(np.random.default_rng(0), (64, 32), np.float32).dtype
    dtype('float32')
    """
    fan_in, fan_out = _fans(shape)
    return _normal(rng, shape, math.sqrt(2.0 / (fan_in + fan_out)), dtype)


def he_uniform(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64) -> Any:
    """Uniform with variance 2 / fan_in, for relu and its relatives (K. He et al. 2015).

    >>> he_uniform(np.random.default_rng(0), (3, 3, 8, 16)).shape
    (3, 3, 8, 16)
    """
    return _uniform(rng, shape, math.sqrt(2.0 / _fans(shape)[0]), dtype)


def he_normal(rng: np.random.Generator, shape: Sequence[int], dtype: Any = np.float64) -> Any:
    """Normal with variance 2 / fan_in, for relu and its relatives (K. He et al. 2015).

    >>> bool(abs(he_normal(np.random.default_rng(0), (200, 200)).std() - 0.1) < 0.001)
    True
    """
    return _normal(rng, shape, math.sqrt(2.0 / _fans(shape)[0]), dtype)


def _fans(shape: Sequence[int]) -> tuple[int, int]:
    if len(shape) < 2:
        raise ValueError(f"weights have an axis of inputs and one of outputs; the shape is {tuple(shape)}")
    places = math.prod(shape[:-2])
    return max(1, places * shape[-2]), max(1, places * shape[-1])


def _uniform(rng: np.random.Generator, shape: Sequence[int], deviation: float, dtype: Any) -> Any:
    limit = math.sqrt(3.0) * deviation
    return rng.uniform(-limit, limit, tuple(shape)).astype(dtype)


def _normal(rng: np.random.Generator, shape: Sequence[int], deviation: float, dtype: Any) -> Any:
    return rng.normal(0.0, deviation, tuple(shape)).astype(dtype)


__all__ = ["glorot_normal", "glorot_uniform", "he_normal", "he_uniform"]
