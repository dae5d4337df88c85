"""The words that rules in text may use beside NumPy and math: those of the rule table, as functions."""

from __future__ import annotations

from typing import Any

import numpy as np


def t(x: Any) -> Any:
    """The transpose of a matrix, or of each matrix in a stack.

    >>> t(np.ones((2, 3))).shape
    (3, 2)
    """
    return np.swapaxes(x, -1, -2) if np.ndim(x) > 2 else np.transpose(x)


def ct(x: Any) -> Any:
    """The conjugate of the transpose."""
    return np.conj(t(x))


def cj(x: Any) -> Any:
    """The complex conjugate."""
    return np.conj(x)


def shape(x: Any) -> Any:
    """The shape."""
    return np.shape(x)


def rank(x: Any) -> Any:
    """The number of axes."""
    return np.ndim(x)


def extent(x: Any, axis: Any) -> Any:
    """The extent of one axis."""
    return np.shape(x)[axis]


def spread(y_bar: Any, x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The cotangent of a reduction along some axes, broadcast to the shape of what was reduced.

    >>> spread(np.array([1.0, 2.0]), np.zeros((2, 3)), axis=1)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    if axis is not None and not keepdims:
        y_bar = np.expand_dims(y_bar, axis)
    return y_bar + np.zeros_like(x)


WORDS = (t, ct, cj, shape, rank, extent, spread)

__all__ = ["WORDS"]
