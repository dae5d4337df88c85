"""Helpers of rows that update parts of arrays at indices that may repeat, or fill them with repeated values."""

from __future__ import annotations

from typing import Any

import numpy as np


def add_at_all(total: Any, index: Any, g: Any) -> Any:
    """`np.add.at` in each row of a matrix, in place: for vectors of indices NumPy has a path that is ten times faster than any other.

    >>> add_at_all(np.zeros((2, 3)), np.array([2, 0, 2]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    array([[2., 0., 4.],
           [5., 0., 10.]])
    """
    for row, part in zip(total, np.broadcast_to(g, (len(total), index.size))):
        np.add.at(row, index, part)
    return total


def multiply_at_pull(g: Any, x: Any, index: Any, v: Any) -> Any:
    """What the factors of `np.multiply.at(x, index, v)` contribute: g times x times the other factors of the same element.

    >>> multiply_at_pull(np.array([1.0, 1.0]), np.array([2.0, 5.0]), [0, 0, 1], np.array([3.0, 0.0, 7.0]))
    array([0., 6., 5.])
    """
    place = np.arange(x.size).reshape(x.shape)[index]
    factors = np.broadcast_to(v, place.shape).ravel()
    places = place.ravel()
    before, product = np.empty(len(places), np.result_type(x, v)), x.ravel().astype(np.result_type(x, v))
    for k, p in enumerate(places):
        before[k] = product[p]
        product[p] *= factors[k]
    after = np.ones_like(product)
    for k in range(len(places) - 1, -1, -1):
        before[k] *= after[places[k]]
        after[places[k]] *= factors[k]
    return g[index] * before.reshape(place.shape)


def shares_at(x: Any, y: Any, index: Any, v: Any) -> Any:
    """For each element of y = x after `np.maximum.at(x, index, v)` one over the number of values that are equal to it.

    >>> shares_at(np.array([1.0, 2.0]), np.array([3.0, 2.0]), [0, 0], np.array([3.0, 3.0]))
    array([0.5, 1. ])
    """
    count = np.asarray(x == y, dtype=float)
    np.add.at(count, index, v == y[index])
    return (1.0 / np.maximum(count, 1.0)).astype(np.result_type(x, np.float16), copy=False)


def resize_pull(g: Any, x: Any) -> Any:
    """The transpose of np.resize: the sum over the repetitions.

    >>> resize_pull(np.array([1.0, 2.0, 3.0]), np.zeros(2))
    array([4., 2.])
    """
    shape, size = np.shape(x), np.size(x)
    if size == 0:
        return np.zeros(shape, g.dtype)
    padded = np.zeros(-(-g.size // size) * size, g.dtype)
    padded[:g.size] = g.ravel()
    return padded.reshape(-1, size).sum(axis=0).reshape(shape)


def view(x: Any, dtype: Any = None) -> Any:
    """`x.view()`."""
    return x.view()


def mean_shares(where: Any, x: Any, axis: Any = None) -> Any:
    """The weight of each element in `np.mean(x, axis, where=where)`.

    >>> mean_shares(np.array([True, False, True]), np.zeros(3))
    array([0.5, 0. , 0.5])
    """
    chosen = np.broadcast_to(where, np.shape(x))
    count = chosen.sum(axis=axis, keepdims=True)
    return (chosen / np.maximum(count, 1)).astype(np.result_type(x, np.float16), copy=False)


def shares_of_some(x: Any, y: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    """For y = np.max(x, axis, initial=initial, where=where) or np.min: the share of y that each element of x has.

    >>> shares_of_some(np.array([1.0, 3.0, 3.0]), 3.0, None, False, 3.0, None)
    array([0.        , 0.33333333, 0.33333333])
    """
    if axis is not None and not keepdims:
        y = np.expand_dims(y, axis)
    chosen = np.asarray(x) == y
    if where is not None:
        chosen = chosen & where
    count = chosen.sum(axis=axis, keepdims=True)
    if initial is not None:
        count = count + (np.asarray(initial) == y)
    return (chosen / np.maximum(count, 1)).astype(np.result_type(x, np.float16), copy=False)


def spread_axes(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The cotangent of a reduction of x, with the shape of x.

    >>> spread_axes(np.array([1.0, 2.0]), np.zeros((2, 3)), 1, False)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, np.shape(x))


def conj(x: Any) -> Any:
    """`x.conj()`: of an array that is not complex the array itself."""
    return x.conj() if isinstance(x, np.ndarray) else np.conj(x)
