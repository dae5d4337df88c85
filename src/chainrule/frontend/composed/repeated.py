"""The methods of ufuncs: `reduce`, `accumulate` and `reduceat` of functions that no other function is the reduction of."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np


def reduce_axis(function, x, start, empty):
    """Along the first axis; `start` is None, or the value to begin with; `empty` is None, or the result of no elements."""
    if start is None:
        if empty is not None and len(x) == 0:
            return np.asarray(empty, x.dtype)[()]
        y = x[0]
        for i in range(1, len(x)):
            y = function(y, x[i])
        return y
    y = np.asarray(start, x.dtype)[()]
    for i in range(len(x)):
        y = function(y, x[i])
    return y


def reduce_rows(function, x, start, empty):
    """Along the first axis of an array with several."""
    if start is None:
        if empty is not None and len(x) == 0:
            return np.full(np.shape(x)[1:], empty, x.dtype)
        y = x[0].copy()
        for i in range(1, len(x)):
            y = function(y, x[i])
        return y
    y = np.broadcast_to(np.asarray(start, x.dtype), np.shape(x)[1:]).copy()
    for i in range(len(x)):
        y = function(y, x[i])
    return y


def reduce_at(reduce, x, indices):
    """`reduceat` along the first axis; `reduce` is the function's own."""
    indices = np.asarray(indices)
    n, m = len(x), len(indices)
    y = x[indices]
    for k in range(m):
        stop = indices[k + 1] if k + 1 < m else n
        if indices[k] + 1 < stop:
            y[k] = reduce(x[indices[k]:stop], axis=0)
    return y
