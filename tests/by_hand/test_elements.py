"""Arrays that are written element by element: what is known is not read again, and writes are taken back on the way back."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

A = np.array([[3.0, 0.5, -0.4], [0.3, 2.5, 0.7], [-0.6, 0.2, 2.8]])
B = np.array([0.7, -1.2, 0.4])
X = np.array([0.9, 1.4, -0.6, 0.5])


def weighted(y):
    """A number that tells all elements of an array apart."""
    return np.sum(y * np.cos(np.arange(1.0, 1.0 + y.size)).reshape(y.shape)) + np.sum(y * y)


# -- writes that are taken back -----------------------------------------------------------------------------------------


@case(A, B)
def gauss_seidel(a, b):
    x = np.zeros(3)
    for _ in range(3):
        for i in range(3):
            x[i] = (b[i] - a[i] @ x + a[i, i] * x[i]) / a[i, i]
    return weighted(x)


@case(A, B)
def relaxed_in_place(a, b):
    x = b.copy()
    for _ in range(2):
        for i in range(3):
            x[i] += 0.3 * (b[i] - np.tanh(a[i] @ x))
    return weighted(x)


@case(A, B)
def three_deep(a, b):
    x = b * 1.0
    for _ in range(2):
        for i in range(2):
            for j in range(3):
                x[j] -= 0.1 * (i + 1.0) * np.sin(a[j] @ x)
    return weighted(x)


@case(X)
def two_writes_at_once(x):
    x = x.copy()
    for i in range(3):
        s = np.sum(x ** 3)
        x[i], x[i + 1] = x[i + 1] * s, x[i] + 0.1 * s
    return weighted(x)


@case(X)
def the_same_element_twice(x):
    x = x.copy()
    for i in range(4):
        x[i] = np.sum(x ** 2) * 0.3
        x[i] = np.prod(x) + x[i]
    return weighted(x)


@case(X)
def elements_from_the_end(x):
    x = x.copy()
    for i in range(1, 4):
        x[-i] = np.sum(np.sin(x)) * x[i]
    return weighted(x)


@case(X)
def an_index_from_the_data(x):
    x = x.copy()
    for i in range(4):
        k = int(np.argmax(x * np.cos(1.0 * i)))
        x[k] = np.sum(x ** 2) * 0.2 - x[i]
    return weighted(x)


@case(X)
def written_on_one_path(x):
    x = x.copy()
    for i in range(4):
        if x[i] > 0.6:
            x[i] = np.sum(x ** 2) * 0.2
    return weighted(x)


@case(A)
def rows_of_a_matrix(a):
    u = 0.3 * a
    for _ in range(2):
        for i in range(3):
            for j in range(3):
                u[i, j] = 0.2 * (u[i] @ u[:, j]) + 0.1 * np.sum(u ** 2)
    return weighted(u)


@case(X)
def left_early(x):
    x = x.copy()
    for i in range(4):
        x[i] = np.sum(x ** 2) * 0.3
        if x[i] > 1.2:
            break
    return weighted(x)


@case(X)
def read_before_an_inner_loop(x):
    x = x.copy()
    total = 0.0
    for _ in range(2):
        total += np.prod(x)
        for i in range(4):
            x[i] = np.sum(x ** 2) * 0.2
        total += np.sum(x ** 3)
    return total


@case(X)
def written_after_an_inner_loop(x):
    x = x.copy()
    total = 0.0
    for k in range(3):
        for i in range(4):
            x[i] = np.sum(x ** 2) * 0.2
        x[k] = total + np.sum(np.sin(x))
        total += x[k]
    return total


@case(X)
def kept_by_the_program(x):
    x = x.copy()
    kept = []
    for i in range(4):
        x[i] = np.sum(x ** 2) * 0.2
        kept.append(x.copy())
    return sum(weighted(k) for k in kept)


@case(X)
def through_a_view(x):
    y = x.copy()
    v = y[1:]
    for i in range(3):
        v[i] = np.sum(y ** 2) * 0.2
    return weighted(y)


@case(X)
def backwards(x):
    x = x.copy()
    for i in reversed(range(4)):
        x[i] = np.sum(x ** 2) * 0.2 + x[3 - i]
    return weighted(x)


@case(X)
def two_arrays_that_change_places(x):
    a, b = x.copy(), 2.0 * x
    for i in range(4):
        a[i] = np.sum(b ** 2) * 0.1
        a, b = b, a
    return weighted(a) + np.sum(b ** 3)


@case(X, 0)
def no_iteration(x, n):
    x = x.copy()
    for i in range(n):
        x[i] = np.sum(x ** 2)
    return weighted(x)


@case(X.astype(np.float32))
def single_precision(x):
    x = x.copy()
    for i in range(4):
        x[i] = np.sum(x ** 2) * 0.2
    return np.sum(x * x)


@case(X)
def more_writes_than_are_taken_back(x):
    x = x.copy()
    for i in range(2):
        for k in range(1):
            x[0] = np.sum(x ** 2) * 0.1
            x[1] = np.sum(x ** 2) * 0.2
            x[2] = np.sum(x ** 2) * 0.1 + i
            x[3] = np.sum(x ** 2) * 0.2
            x[0] = np.sum(x ** 2) * 0.1 + k
    return weighted(x)


# -- numbers that are known ------------------------------------------------------------------------------------------


@case(A)
def a_pivot(a):
    a = a.copy()
    for k in range(3):
        a[k, k] = np.sqrt(a[k, k])
        for i in range(k + 1, 3):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, 3):
                a[i, j] -= a[i, k] * a[k, j] * a[k, k]
    return weighted(a)


@case(X)
def written_by_the_loop_after_all(x):
    y = x.copy()
    y[0] = x[1] * 2.0
    total = 0.0
    for i in range(4):
        total += y[0] * x[i]
        y[i] = total
    return total


@case(X)
def written_through_a_negative_index(x):
    y = x.copy()
    y[3] = x[1] * 2.0
    total = 0.0
    for i in range(1, 4):
        y[-i] = x[i] * total + 1.0
        total += y[3] * x[i]
    return total


@case(X, 2)
def perhaps_the_same_element(x, k):
    y = x.copy()
    y[2] = x[0] * x[1]
    y[k] = x[3]
    return y[2] * y[k]


@case(X)
def written_on_one_path_only(x):
    y = x.copy()
    y[0] = x[1] * 2.0
    if x[2] < 0.0:
        y[0] = x[3] * 3.0
    else:
        y[1] = 1.0
    return y[0] * y[1]


@case(X.astype(np.float32))
def stored_as_another_class(x):
    y = x.copy()
    y[0] = 1.0 / 3.0
    s = x[1] * np.float64(1.1)
    y[1] = s
    return y[0] * y[1] * s


@case(X)
def read_in_an_earlier_iteration(x):
    y = x.copy()
    total = 0.0
    for i in range(3):
        before = y[i + 1]
        y[i] = before * 2.0
        total += y[i + 1] * y[i]
        y[i + 1] = total
    return weighted(y)


@case(X)
def a_while_loop(x):
    y = x.copy()
    y[0] = x[1] + 2.0
    n = 0
    while n < 3:
        n += 1
        y[n] = y[0] * y[n - 1]
        if y[n] > 20.0:
            y[0] = 0.5
    return weighted(y)


@pytest.mark.parametrize(("function", "args"), cases(__name__))
def test_gradient(function, args):
    gradient_is(function, args)


def test_memory_of_a_sweep_is_an_element_for_each_write():
    source = cr.grad(gauss_seidel).source_for(A, B)
    assert ".copy()" not in source.split("# reverse sweep")[0]


def test_a_read_that_fails_still_fails():
    def f(x):
        y = x.copy()
        y[0] = 1.0
        for i in range(9):
            y[i] = np.sum(y)
        return y[0]

    with pytest.raises(IndexError):
        cr.grad(f)(X)


# -- determinants, and numbers that arrays are multiplied with --------------------------------------------------------


MATRICES = [A, A @ np.diag([1.0, 1e-7, 1.0]), A @ np.diag([1.0, 0.0, 1.0]), np.zeros((2, 2)), np.eye(1), 1e-60 * A, 1e-110 * A, 1e120 * A]


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("matrix", MATRICES)
def test_determinant(matrix):
    n = len(matrix)
    minors = [[np.linalg.det(np.delete(np.delete(matrix, i, 0), j, 1)) if n > 1 else 1.0 for j in range(n)] for i in range(n)]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    right = signs * np.array(minors)
    np.testing.assert_allclose(cr.grad(lambda x: np.linalg.det(x))(matrix), right, rtol=1e-9, atol=1e-12 * np.abs(right).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_factor(shape, dtype):
    rng = np.random.default_rng(0)
    x = np.asarray(rng.normal(size=shape), dtype)

    def f(s, x):
        return np.sum(np.sin(s * x) * x)

    gradient_is(f, (0.7, x))
    if shape == (2, 3):
        gradient_is(f, (0.7, x.T))
        gradient_is(f, (np.array(0.7), x[:, ::2]))
