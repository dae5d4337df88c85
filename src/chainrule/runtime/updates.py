"""Helpers of rows that update parts of arrays at indices that may repeat, or fill them with repeated values."""

from __future__ import annotations

from typing import Any

import numpy as np


def add_at_all(total: Any, index: Any, g: Any) -> Any:
    """`np.add.at` in each row of a matrix, in place: for vectors of indices NumPy has a path that is ten times faster than any other.

    >>> add_at_all(np.zeros((2, 3)), np.array([2, 0, 2]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    array([[ 2.,  0.,  4.],
           [ 5.,  0., 10.]])
    """
    for row, part in zip(total, np.broadcast_to(g, (len(total), index.size))):
        np.add.at(row, index, part)
    return total


def multiply_at_dot(x: Any, index: Any, v: Any, *directions: Any) -> Any:
    """The derivative of `np.multiply.at(x, index, v)`, as new contents of x, along directions of v.

    >>> multiply_at_dot(np.array([2.0, 5.0]), [0, 0, 1], np.array([3.0, 4.0, 7.0]), np.array([1.0, 0.0, 1.0]))
    array([8., 5.])
    """
    places, factors, along = _updates(x, index, v, directions)
    made = _factors_before(x, places, factors, along)[1]
    return made[-1].reshape(x.shape).astype(x.dtype)


def multiply_at_pull(g: Any, x: Any, index: Any, v: Any, *directions: Any) -> Any:
    """What the factors of `np.multiply.at(x, index, v)` contribute: g times x times the other factors of the same element.
    The derivative of that product along directions of v, if there are some.

    >>> multiply_at_pull(np.array([1.0, 1.0]), np.array([2.0, 5.0]), [0, 0, 1], np.array([3.0, 0.0, 7.0]))
    array([0., 6., 5.])
    """
    places, factors, along = _updates(x, index, v, directions)
    before, _ = _factors_before(x, places, factors, along)
    after, _ = _factors_before(np.ones_like(x), places[::-1], factors[::-1], [a[::-1] for a in along])
    others = sum(first * last[::-1] for first, last in zip(before, reversed(after)))
    part = g[index]
    return part * others.reshape(np.shape(part))


def _updates(x: Any, index: Any, v: Any, directions: tuple[Any, ...]) -> tuple[Any, Any, list[Any]]:
    """The places of the elements that are updated, one after the other, and their factors."""
    place = np.arange(x.size).reshape(x.shape)[index]
    factors, *along = (np.broadcast_to(a, place.shape).ravel() for a in (v, *directions))
    return place.ravel(), factors, along


def _factors_before(x: Any, places: Any, factors: Any, along: list[Any]) -> tuple[list[Any], list[Any]]:
    """For each factor the product before it, and the products in the end; item m of either is the derivative along the directions in m's bits."""
    dtype = np.result_type(x, factors)
    made = [x.ravel().astype(dtype) if m == 0 else np.zeros(x.size, dtype) for m in range(1 << len(along))]
    before = [np.empty(len(places), dtype) for _ in made]
    for k, p in enumerate(places):
        for m in reversed(range(len(made))):  # the derivatives of a product need the products as they were
            before[m][k] = made[m][p]
            made[m][p] *= factors[k]
            for n, direction in enumerate(along):
                if m >> n & 1:
                    made[m][p] += made[m ^ 1 << n][p] * direction[k]
    return before, made


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
    if axis is not None and not keepdims and np.ndim(x):
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
    if axis is not None and not keepdims and np.ndim(x):
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, np.shape(x))


def conj(x: Any) -> Any:
    """`x.conj()`: of an array that is not complex the array itself."""
    return x.conj() if isinstance(x, np.ndarray) else np.conj(x)
