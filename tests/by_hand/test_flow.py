"""What a program does in which order, found by random programs: attributes that are not there, errors that are set inside loops."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X, case, cases
from tests.gradients import gradient_is


@case(X)
def an_attribute_that_a_number_does_not_have(x):
    try:
        t = np.tanh(sum([v * v for v in x])).missing
        t = 1.0
    except AttributeError:
        t = x[0]
    return t * x[1]


@case(X, 0.3)
@case(X - 2.0, 0.3)
def an_attribute_of_a_number_of_one_class_or_another(x, s):
    try:
        t = (s if x[0] < 1 else x[1]).missing
    except AttributeError as e:
        t = x[0] * len(str(e))
    return t * x[1]


@case(0.3, X)
def attributes_that_containers_do_not_have(s, x):
    total = 0.0
    for n, held in enumerate(([s, x], {"a": s}, (1, s), {1}, range(3), x)):
        try:
            held.missing(3)
        except AttributeError as e:
            total += s * len(str(e)) * n
    return total


@case(np.array([-0.6, 0.5]), 2)
def floating_point_errors_set_inside_a_loop(x, n):
    w = 0.1
    for q in x:
        try:
            w += math.sqrt(q)
        except ValueError:
            w -= 0.2 * q
    u = 1.0
    for i in range(n):
        with contextlib.nullcontext(), np.errstate(divide="ignore"):
            u = u * x[i] / 2
        rng = np.random.default_rng(13)
        u = u * x[rng.permutation(2)][0]
    return w * u


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_an_attribute_that_is_not_there_is_raised_as_by_the_function():
    def f(s):
        return (2 * s).missing

    with pytest.raises(AttributeError, match="'float' object has no attribute 'missing'"):
        cr.grad(f)(0.5)


def by_zero(x, n):
    return x[0] / n


def by_zero_in_a_loop(x, n):
    s = 0.0
    for v in x:
        s += v / n
    return s


def by_zero_and_selected(x, n):
    s = x[0] / n
    return x[1] if s > 1e9 else s


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("zero", [0, 0.0, False])
def test_a_division_that_numpy_does_not_raise_is_not_raised_in_the_reverse_sweep(zero):
    x = np.array([0.5, 0.7])
    assert np.array_equal(cr.grad(by_zero)(x, zero), [np.inf, 0.0])
    assert np.array_equal(cr.grad(by_zero_in_a_loop)(x, zero), [np.inf, np.inf])
    assert np.array_equal(cr.grad(by_zero_and_selected)(x, zero), [0.0, 1.0])
    with pytest.raises(ZeroDivisionError):
        cr.grad(by_zero)((0.5, 0.7), zero)


# -- parts of one array that overlap: NumPy may read what it has just written ---------------------------------------------------

B = np.array([[0.5, -1.2, 2.0], [0.7, 1.4, -0.3], [1.9, 0.2, -0.6]])
WEIGHTS = np.arange(1.0, 10.0).reshape(3, 3)


@case(X)
@case(np.array([0.5, 0.7]))
def steps_of_a_vector(x):
    x[::2] = x[:(len(x) + 1) // 2]
    x[:2] = x[::-1][:2]
    return np.sum(x * x * np.arange(1.0, len(x) + 1))


@case(X)
def steps_of_an_array_that_was_made(x):
    y = np.concatenate([x, x])
    y[1::2] = y[:3]
    y[2:5] = y[::2]
    return np.sum(y * y * np.arange(1.0, 7.0))


@case(X)
def a_flat_iterator_onto_itself(x):
    y = x * 1.0
    y[1:].flat[...] = y[:-1]
    return np.sum(y * x)


@case(B)
def rows_and_columns(a):
    a[:, 1] = np.diag(a)
    a[0] = a[:, 1]
    a[:, 2] = a[2]
    a[1, :] = a.T[0]
    return np.sum(a * a * WEIGHTS)


@case(B, 1)
@case(B, 2)
def a_row_and_a_column_of_a_number(a, i):
    a[i] = a[:, i]
    a[0, ::-1] = a[:, i - 1]
    return np.sum(a * a * WEIGHTS)


def laid_out(a):
    """The same values in arrays that lie in memory in several ways."""
    for order in ("C", "F"):
        yield a.copy(order)
    for base, index in (((9, 9), np.s_[::3, ::3]), ((3, 3), np.s_[::-1, ::-1]), ((3, 3), np.s_[::-1])):
        for transposed in (False, True):
            view = np.zeros(base).T[index] if transposed else np.zeros(base)[index]
            view[...] = a
            yield view


@pytest.mark.parametrize("index", [np.s_[:, 0], np.s_[1], np.s_[::-1, 1], np.s_[2, ::-1]])
@pytest.mark.parametrize("read", [lambda a: a[:, 1], lambda a: a[0], lambda a: np.diag(a), lambda a: a.T[1, ::-1]])
def test_what_numpy_reads_where_parts_overlap_depends_on_how_the_array_lies(index, read):
    def f(a):
        a[index] = read(a)
        return np.sum(a * a * WEIGHTS)

    derivative = cr.value_and_grad(f)
    for given, own in zip(laid_out(B), laid_out(B), strict=True):
        assert derivative(given)[0] == f(own)
        assert np.array_equal(given, B)
