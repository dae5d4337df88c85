"""What NumPy's random generators check about the parameters of a distribution, for draws that are written as arithmetic on a standard sample."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_nonnegative(name: str, value: Any) -> None:
    """Raise what a generator raises for a negative scale."""
    if np.any(np.signbit(value) & ~np.isnan(value)):
        raise ValueError(f"{name} < 0")


def check_positive(name: str, value: Any) -> None:
    """Raise what a generator raises for a parameter that is not positive."""
    if np.any(np.less_equal(value, 0)):
        raise ValueError(f"{name} <= 0")


def check_range(low: Any, high: Any, ordered: bool) -> None:
    """Raise what a generator raises for bounds without a finite, and where it is `ordered` a positive, distance."""
    width = np.subtract(high, low)
    if not np.all(np.isfinite(width)):
        raise OverflowError("high - low range exceeds valid bounds" if ordered else "Range exceeds valid bounds")
    if ordered and np.any(np.signbit(width)):
        raise ValueError("high - low < 0")
