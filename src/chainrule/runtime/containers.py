"""Helpers for adjoints of lists, and for shapes that are known only at run time."""

from __future__ import annotations

import types
from typing import Any

import numpy as np


def unbroadcast(g: Any, like: Any) -> Any:
    """g summed over the axes along which something of the shape of `like` was broadcast.

    >>> unbroadcast(np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    """
    shape = np.shape(like)
    if np.shape(g) == shape:
        return g
    extra = np.ndim(g) - len(shape)
    if extra > 0:
        g = np.sum(g, axis=tuple(range(extra)))
    ones = tuple(axis for axis, n in enumerate(shape) if n == 1 and np.ndim(g) == len(shape) and np.shape(g)[axis] != 1)
    if ones:
        g = np.sum(g, axis=ones, keepdims=True)
    return np.broadcast_to(g, shape).copy() if np.shape(g) != shape else g


def broadcast_like(g: Any, like: Any) -> Any:
    """g broadcast to the shape of `like`."""
    return np.broadcast_to(g, np.shape(like))


def along(x: Any, count: int) -> Any:
    """x in each of several directions, the first axis; not for writing.

    >>> along(np.array([1.0, 2.0]), 2)
    array([[1., 2.],
           [1., 2.]])
    """
    return np.broadcast_to(x, (count, *np.shape(x)))


def zeros_along(x: Any, count: int) -> Any:
    """Zeros of the shape and dtype of x in each of several directions, the first axis.

    >>> zeros_along(np.array([1.0, 2.0]), 2)
    array([[0., 0.],
           [0., 0.]])
    """
    return np.zeros((count, *np.shape(x)), getattr(x, "dtype", float))


def zeros_of_one(x: Any) -> Any:
    """Zeros of the shape and dtype of x in one of several directions, its first axis.

    >>> zeros_of_one(np.ones((2, 3)))
    array([0., 0., 0.])
    """
    return np.zeros(np.shape(x)[1:], getattr(x, "dtype", float))


def zeros_like(x: Any) -> Any:
    """Zeros with the structure of x: of a number 0.0, of an array an array, of a list or tuple one of zeros.

    The arrays in a list are not for writing: all their elements are one zero, as most of them are only there to be added to.

    >>> zeros_like([1.0, 2.0])
    [0.0, 0.0]
    """
    if isinstance(x, list):
        return [_shared_zeros(item) for item in x]
    if isinstance(x, tuple):
        return tuple(zeros_like(item) for item in x)
    return np.zeros_like(x) if isinstance(x, np.ndarray) else 0.0


_ZEROS = bytes(32)  # of any dtype with a derivative


def one_zero_like(x: Any) -> Any:
    """Zeros like an array of numbers, all of them one zero in memory: they cannot be written.

    >>> one_zero_like(np.ones((2, 2))).strides
    (0, 0)
    """
    return np.ndarray(x.shape, x.dtype, _ZEROS, 0, (0,) * x.ndim)


def _shared_zeros(x: Any) -> Any:
    """Zeros with the structure of x, whose arrays take no memory and cannot be written."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "biufc":
        return one_zero_like(x)
    if isinstance(x, tuple):
        return tuple(_shared_zeros(item) for item in x)
    return zeros_like(x)


def full_like(like: Any, value: Any) -> Any:
    """`value` in every place of a list or tuple, or of an array.

    In the place of a number it is a number, also where NumPy has made it a 0-d array: that would be one array in all places.

    >>> full_like([1.0, 2.0], np.array(3.0))
    [np.float64(3.0), np.float64(3.0)]
    """
    if isinstance(like, (list, tuple)):
        return type(like)(full_like(item, value) for item in like)
    if isinstance(like, np.ndarray):
        return np.full_like(like, value)
    return value[()] if isinstance(value, np.ndarray) else value


def sum_leaves(x: Any) -> Any:
    """The sum over all numbers in a list or array."""
    return sum(sum_leaves(item) for item in x) if isinstance(x, (list, tuple)) else np.sum(x)


def add_lists(x: Any, y: Any) -> Any:
    """The sum of two adjoints of one list, place by place. A zero may stand for a tuple that carries no derivative.

    >>> add_lists([1.0, 2.0, (0.0, 0.0)], [10.0, 20.0, 0.0])
    [11.0, 22.0, (0.0, 0.0)]
    """
    if isinstance(x, (list, tuple)):
        return type(x)(add_lists(a, b) for a, b in zip(x, y)) if isinstance(y, (list, tuple)) else x
    return y if isinstance(y, (list, tuple)) else x + y


def one_hot(like: Any, index: Any, g: Any) -> Any:
    """The adjoint of reading one item of a list: g in its place, zeros elsewhere.

    >>> one_hot([1.0, 2.0, 3.0], 1, 5.0)
    [0.0, 5.0, 0.0]
    """
    result = zeros_like(like)
    result[index] = g
    return result


def unstack(g: Any, axis: int = 0, depth: int = 1) -> Any:
    """The slices of an array across an axis, as a list; `depth`: of lists of lists, as many as are inside each other.

    >>> unstack(np.ones((2, 3)), depth=2)
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    if np.ndim(g) == 1:
        return g.tolist()
    if depth > 1:
        return [unstack(row, 0, depth - 1) for row in np.moveaxis(g, axis, 0)]
    return [np.take(g, k, axis) for k in range(np.shape(g)[axis])]


def cut(g: Any, like: Any, axis: int | None = 0) -> Any:
    """An array cut along an axis into pieces of the shapes of the items of a list."""
    if axis is None:
        ends = np.cumsum([np.size(item) for item in like])[:-1]
        return [np.reshape(part, np.shape(item)) for part, item in zip(np.split(g, ends), like)]
    return np.split(g, np.cumsum([np.shape(item)[axis] for item in like])[:-1], axis)


def flatten(x: Any, order: str = "C") -> Any:
    """A one-dimensional copy of an array."""
    return x.flatten(order)


def item(x: Any) -> Any:
    """The only element of an array, as a Python number."""
    return x.item() if isinstance(x, (np.ndarray, np.generic)) else x


def complex_of(x: Any, y: Any) -> complex:
    """The complex number with these parts.

    >>> complex_of(1.0, 2.0)
    (1+2j)
    """
    return complex(x, y)


def share(x: Any, items: Any, y: Any) -> Any:
    """The share that x has in y, the maximum or minimum of items: equal ones share equally."""
    return 1.0 / sum(item == y for item in items) if x == y else 0.0


def list_ties(x: Any, y: Any, g: Any) -> Any:
    """The adjoint of the maximum or minimum y of a list x."""
    count = sum(item == y for item in x)
    return [g / count if item == y else 0.0 * g for item in x]


def mean_of_ties(x: Any, y: Any, values: Any) -> Any:
    """The mean of those values at which a list x equals its maximum or minimum y.

    >>> mean_of_ties([1.0, 3.0, 3.0], 3.0, [5.0, 6.0, 8.0])
    7.0
    """
    chosen = [value for item, value in zip(x, values) if item == y]
    return sum(chosen) / len(chosen)


def instance(cls: type, **attributes: Any) -> Any:
    """An object of a class with these attributes, made without its `__init__`."""
    made: Any = cls() if cls is types.SimpleNamespace else object.__new__(cls)
    for name, value in attributes.items():
        object.__setattr__(made, name, value)
    return made
