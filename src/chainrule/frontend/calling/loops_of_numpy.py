"""Loops that NumPy runs over a Python function, as the Python that they mean: executed abstractly like any function of the user's.

They are never run. `function` and `dtype` are known when the program is compiled.
"""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np


def elements(function, dtype, arrays, scalars):
    """np.vectorize: `arrays` are flat, and of equal lengths; an element is a Python number."""
    y = np.zeros(len(arrays[0]), dtype)
    for i in range(len(arrays[0])):
        y[i] = function(*[a[i].item() if scalar is None else scalar for a, scalar in zip(arrays, scalars)])
    return y


def rows(function, first, x, args, keywords):
    """np.apply_along_axis: the rows of a matrix; `first` is the result for the first one."""
    y = np.zeros((len(x), *np.shape(first)), first.dtype)
    y[0] = first
    for i in range(1, len(x)):
        y[i] = function(x[i], *args, **keywords)
    return y


def piece(function, y, x, condition, args, keywords):
    """np.piecewise: where a condition holds."""
    values = x[condition]
    if values.size > 0:
        y[condition] = function(values, *args, **keywords)


def running(function, x):
    """np.maximum.accumulate: along the first axis."""
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = function(y[i - 1], x[i])
    return y


def folded(function, total, items, start):
    """functools.reduce over an array, or a list of unknown length."""
    for i in range(start, len(items)):
        total = function(total, items[i])
    return total
