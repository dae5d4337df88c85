"""Methods that are called otherwise than usual: special ones by name, those of a class with the object first; classes of values asked for."""

from __future__ import annotations

import collections.abc

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


@case(X)
def of_arrays(x):
    y = x.copy()
    y.__setitem__(0, x[1] ** 2)
    y.__iadd__(x)
    z = y.__add__(x).__mul__(2).__getitem__(slice(1, None))
    return np.sum(z ** 2) + y.__rsub__(1.0)[0] + y.__len__() * x[2] + (-1 * x).__abs__().__pow__(3).sum() + y.__matmul__(x)


@case(X)
def of_lists_and_dictionaries(x):
    items, table = [1.0, 2.0], {}
    items.__setitem__(0, x[2])
    items.__iadd__([x[0] * x[1]])
    table.__setitem__("a", x * 3)
    return items[0] * items.__getitem__(2) + table.__getitem__("a")[1] ** 2 + table.__contains__("a") * x[0] + items.__len__()


@case(1.5, X)
def of_numbers(a, x):
    return a.__add__(2.0) * (3.0).__mul__(a) + a.__neg__().__abs__() + float.__truediv__(1.0, a) + sum(map(x[0].__mul__, [1.0, a])) + a.__lt__(2.0) * a


@case(X)
def of_classes(x):
    items, table = [x[0]], {"a": x[1]}
    list.append(items, x[2] ** 2)
    dict.update(table, b=x[0] * 3)
    total = np.ndarray.sum(x * x) + list.__len__(items) * x[1]
    return total + items[1] + dict.get(table, "b") * sum(map(table.get, ["a", "b"])) + float.__add__(2.0, 1)


class Series:
    def __init__(self, values):
        self.values = values

    def __getitem__(self, key):
        if isinstance(key, slice):
            return self.values[key.start or 0:key.stop].sum()
        if isinstance(key, tuple):
            return self.values[list(key)].sum()
        if isinstance(key, (int, np.integer)):
            return self.values[key]
        raise TypeError(f"{type(key).__name__} is no index")


@case(X4)
def indexed_by_class_of_key(x):
    s = Series(x ** 2)
    n = len(x)
    return s[1:n] * s[0] + s[0, 2] * s[:2] + s[n - 1]


@case(X)
def classes_of_values(x):
    d = {"a": x}
    s = 0.0
    for value in (d.keys(), d.items(), d.values(), zip(x), range(3), slice(1, 2), x.sum, abs, lambda: 0, iter([1]), (i for i in x), enumerate(x), map(abs, x), None):
        if isinstance(value, (slice, range)):
            s = s + x[0]
        elif callable(value):
            s = s + x[1]
        elif isinstance(value, collections.abc.Iterator):
            s = s * x[2]
        elif isinstance(value, collections.abc.Sized):
            s = s - x[2]
    return s


def test_not_implemented():
    """A method of a Python number leaves what it does not know to the other operand."""
    with pytest.raises(cr.errors.UnsupportedError, match="NotImplemented"):
        cr.grad(lambda a, x: np.sum(a.__mul__(x)))(1.5, X)


# -- indices and elements of arrays -----------------------------------------------------------------------------------


@case(X)
def places_and_elements(x):
    s = 0.0
    for (i, j), v in np.ndenumerate(np.outer(x, x)):
        s += (i + 2 * j) * v**2
    for i, j in np.ndindex(2, 3):
        s += x[i] * x[j]
    for place in np.ndindex(x.shape):
        s += x[place] ** 3
    return s


@case(X)
def elements_that_change(x):
    y = x * 2
    s = 0.0
    for (i,), v in np.ndenumerate(y):
        if i < 2:
            y[i + 1] *= v
        s += v
        if s > 1e6:
            break
    first = next(np.ndenumerate(y))
    return s + first[1] ** 2


@case(X)
def the_largest_and_its_place(x):
    place, value = max(np.ndenumerate(x), key=lambda entry: entry[1])
    table = {ij: x[ij[0]] for ij in np.ndindex(2, 2)}
    return value * x[place] + table[0, 1] + sum(v * v for _, v in np.ndenumerate(x))


@case(X)
def tuples_of_tuples_in_lists(x):
    """Items whose first part carries no derivative, and is a tuple."""
    found = []
    for i, v in enumerate(x):
        found.append(((i, 2), v * v))
    least = min(((i,), v) for i, v in enumerate(x))
    return found[0][1] * found[-1][1] + least[1]


@case(X4, M)
def sliding_windows(x, m):
    y = x * 1.0
    windows = np.lib.stride_tricks.sliding_window_view(y, 3)
    y[2] = 5 * x[0]  # the windows see it
    blocks = np.lib.stride_tricks.sliding_window_view(m, (2, 2))
    return np.sum(windows ** 2 * np.arange(1, 4)) + np.sum(blocks.mean(axis=(-2, -1)) ** 3) + np.lib.stride_tricks.sliding_window_view(x, window_shape=(2,), axis=0)[1].prod()


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


# -- powers at zero ---------------------------------------------------------------------------------------------------


def test_derivatives_of_powers_at_zero():
    """x ** p at 0 for p = 0, 1, 2, 3, 4, to the third derivative, where p is only known when the program runs."""
    powers, x = np.arange(5.0), np.zeros(5)

    def f(x, p):
        return np.sum(x ** p)

    for p in (powers, powers.astype(int)):
        first = cr.grad(f)
        second = cr.grad(lambda x, p: np.sum(first(x, p)))
        third = cr.grad(lambda x, p: np.sum(second(x, p)))
        np.testing.assert_allclose(first(x, p), [0, 1, 0, 0, 0])
        np.testing.assert_allclose(second(x, p), [0, 0, 2, 0, 0])
        np.testing.assert_allclose(third(x, p), [0, 0, 0, 6, 0])
        np.testing.assert_allclose(cr.hessian(f)(x, p), np.diag([0, 0, 2.0, 0, 0]))


def test_arguments_of_np_array_and_partitions():
    def f(x, k):
        top = np.argpartition(-x, k)[:k]
        a = np.array(x, ndmin=2, copy=True, subok=True)
        return x[top].sum() * np.partition(x, k)[:k].sum() + np.sum(a.T @ a) + np.array([x[0], x[1]], ndmin=2)[0, 1] ** 2

    gradient_is(f, (np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 2))
