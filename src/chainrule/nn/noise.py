"""Noise that keeps a network from relying on single units."""

from __future__ import annotations

from typing import Any

import numpy as np


def dropout(x: Any, rate: float, rng: np.random.Generator) -> Any:
    """x with each element set to 0 with probability `rate`, and divided by 1 - rate otherwise: x (...) -> (...) (N. Srivastava et al. 2014).

    The elements are drawn from `rng`: a generator in the same state drops the same ones. The mean of the result is x. For predictions, leave it out
    (rate 0 changes nothing, and draws nothing). A rate outside 0 <= rate < 1 is a ValueError.

    >>> dropout(np.ones(6), 0.5, np.random.default_rng(0)).tolist()
    [2.0, 0.0, 0.0, 0.0, 2.0, 2.0]
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError("a rate of dropout is at least 0 and less than 1")
    x = np.asarray(x)
    if rate == 0.0:
        return x
    scale = 1.0 / (1.0 - rate)
    return np.where(rng.random(x.shape) >= rate, scale * x, 0.0)


__all__ = ["dropout"]
