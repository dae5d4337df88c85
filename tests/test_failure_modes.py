"""Known ways to a wrong gradient: values clobbered, contributions overwritten, shapes not undone, keywords ignored, 0 * inf.

Each program is one test, named after what it checks: its gradient is that of finite differences, or the one that is given.
What is refused is a test of its error.
"""

from __future__ import annotations

import functools
import json
import linecache
import math
import pickle
import random
import sys
import threading
import traceback
import warnings
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import MissingRuleError, SourceUnavailableError, UnsupportedError
from tests.gradients import gradient_is

THREE = np.array([1.0, 2.0, 3.0])
X = np.array([1.1, 2.3, 2.9])
M = np.array([[1.05, 2.1, 0.55], [0.3, -0.4, 1.1]])
S = np.array([[1.2, 0.4, -0.3], [0.7, 2.1, 0.5], [-0.6, 0.9, 1.7]])
REFUSED = (UnsupportedError, MissingRuleError)
CASES = []


def params(*rows):
    return [pytest.param(*row, id=str(n)) for n, row in enumerate(rows)]


def case(*args, expected=None):
    """A program, its arguments, and its gradient."""

    def register(f):
        CASES.append(pytest.param(f, args, expected, id=f.__name__))
        return f

    return register


# -- answers that were wrong elsewhere ----------------------------------------------------------------------------


@case(THREE, np.array([0.3, 1.7, -0.8]))
def items_updated_in_a_loop(x, w):
    y = np.zeros(3)
    for i in range(3):
        y[i] += x[i] * x[0]
    return np.sum(y * w)


@case(X, expected=2 * X)
def a_product_under_errstate(x):
    with np.errstate(all="ignore"):
        y = x * x
    return np.sum(y)


@case(np.array([5.0, 2.0, 3.0]), expected=[0.0, 4.0, 6.0])
def a_write_through_an_alias(a):
    b = a
    b[0] = 5.0
    return np.sum(a * a)


@case(THREE, expected=[2.0, 0.0, 6.0])
def a_write_through_a_view(a):
    v = a[1:]
    v[0] = 7.0
    return np.sum(a * a)


@case(X, THREE)
def an_augmented_assignment_of_an_alias(a, x):
    b = a
    b += x
    return np.sum(a * a)


@case(THREE, expected=[4.0, 0.0, 6.0])
def a_repeated_index(x):
    return np.sum(x[[0, 0, 2]] ** 2)


@case(1.3, M)
def a_scalar_divided_by_a_matrix(s, a):
    return np.sum(s / (a + 3.0)) + np.sum(a / s)


@case(X, M)
def a_row_divided_by_a_matrix(x, a):
    return np.sum(x / (a + 3.0)) + np.sum(a / x)


@case(1.3, M)
def a_scalar_to_the_power_of_a_matrix(s, a):
    return np.sum(s**a) + np.sum((a + 2.0) ** s)


@case(X, M)
def a_row_to_the_power_of_a_matrix(x, a):
    return np.sum(x**a) + np.sum((a + 2.0) ** x)


@case(1.3, X, M)
def multiply_called_as_a_function(s, x, a):
    return np.sum(np.multiply(s, a)) + np.sum(np.multiply(a, x))


def test_integers_through_a_loop_have_no_derivative():
    def integers(n):
        total = 0
        for i in range(3):
            total += n[i]
        return total

    with pytest.raises(TypeError, match="array of int64"):
        cr.grad(integers)(np.array([1, 2, 3]))


@case(THREE, expected=[1.0, 1.0, 1.0])
def zero_times_an_array(x):
    return np.sum(0 * x + x)


@case(THREE, expected=[2.0, 5.0, 7.0])
def an_overwritten_local(x):
    y = x * 1.0
    z = y * y
    y[0] = 0.0
    return np.sum(z) + np.sum(y)


@case(np.linspace(0.5, 1.5, 6))
def a_stencil_in_place(x):
    y = x * 1.0
    for _ in range(2):
        for i in range(1, 5):
            y[i] = 0.5 * y[i - 1] * y[i + 1] + y[i]
    return np.sum(y * y)


@case(M)
def nested_loops(a):
    s = 0.0
    for i in range(2):
        for j in range(3):
            s = s * a[i, j] + a[i, j] ** 2
    return s


@case(1.7)
def a_while_loop(x):
    n = 0
    while x < 40.0:
        x = x * x + 0.1
        n += 1
    return x * n


@case(1.7, 0.4)
def a_swap_in_a_loop(a, b):
    for _ in range(3):
        a, b = b, a * b
    return a + 2.0 * b


def six_times_the_sum(y):
    y = 2.0 * y
    return 3.0 * np.sum(y)


@case(X)
def a_rebound_parameter(x):
    x = np.exp(-x) * x
    y = x * x
    x = x * 0.0
    return np.sum(y) + np.sum(x) + six_times_the_sum(y)


@case(X, 0)
def a_value_of_the_iteration_before(x, start):
    for k in range(start, 3):
        if k == start:
            before = x[0]
        y = before * x[k]
        before = y * y
    return y


@case(1.2, 3)
def a_value_of_the_iteration_before_in_a_while_loop(x, n):
    k = 0
    while k < n:
        if k == 0:
            before = 0.5 * x
        y = before * x
        before = y
        k += 1
    return y


# -- loops ---------------------------------------------------------------------------------------------------------


def powers(x, n):
    acc = 1.0
    for _ in range(n):
        acc = acc * x
    return acc


def product(x, n):
    prod = 1.0
    for i in range(n):
        prod *= x[i]
    return prod


def exponentials(x, n):
    for _ in range(n):
        x = np.exp(-x) * x
    return x


def tangents(x, n):
    for _ in range(n):
        x = np.tanh(x) + 0.5 * x
    return x


def inline(a, n):
    s = 0.0
    for i in range(n):
        s += 1 / (i + a * a)
    return s


def named(a, n):
    s = 0.0
    for i in range(n):
        divisor = i + a * a
        s += 1 / divisor
    return s


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
@pytest.mark.parametrize("f, x", [(powers, 1.7), (product, np.linspace(0.5, 1.5, 10)), (exponentials, 0.4), (tangents, 0.4), (inline, 1.3)])
def test_loop_carried_values(f, x, n):
    gradient_is(f, (x, n))


def test_a_product_of_equal_numbers():
    gradient_is(product, (np.array([4.0, 4.0, 4.0]), 3), [16.0, 16.0, 16.0])


@pytest.mark.parametrize("n", [0, 1, 3])
def test_an_inline_quotient_is_a_named_one(n):
    assert cr.grad(inline)(1.3, n) == cr.grad(named)(1.3, n)


@case(X)
def a_variable_of_one_branch(x):
    if x[0] > 1.0:
        y = x[1] * x[2]
    else:
        z = x[0]
    return y * y if x[0] > 1.0 else z


@case(X, 0, expected=[1.0, 0.0, 0.0])
def a_loop_that_does_not_run(x, n):
    s = x[0]
    for i in range(n):
        s = s * x[i]
    while n > 0:
        s = s * s
    return s


@case(X)
def a_while_loop_that_ends_by_break(x):
    s, i = 1.0, 0
    while True:
        s = s * x[i]
        i += 1
        if i == 3 or s > 5.0:
            break
    return s * s


@case(X)
def continue_before_the_active_statement(x):
    s = 0.0
    for i in range(3):
        if i == 1:
            continue
        s = s * x[0] + x[i]
    return s


@case(X)
def else_of_a_for_loop(x):
    for v in x:
        if v > 100.0:
            break
    else:
        v = v * x[0]
    return v


@case(X)
def else_of_a_while_loop(x):
    s, n = x[0], 0
    while n < 2:
        s, n = s * x[1], n + 1
    else:
        s = s * x[2]
    return s


@case(M)
def return_inside_nested_loops(a):
    s = 1.0
    for i in range(2):
        for j in range(3):
            s = s * a[i, j]
            if s < 1.0:
                return s * a[0, 0]
    return s


@case(X)
def an_exception_raised_in_an_iteration_and_caught_outside(x):
    total = 0.0
    try:
        for i in range(3):
            if i == 2:
                raise ArithmeticError(f"iteration {i}")
            total += x[i] * x[i]
    except ArithmeticError:
        total = total * x[2]
    return total


@case(X)
def a_loop_bound_that_depends_on_an_active_value(x):
    total = 0.0
    for i in range(int(x[2])):
        total += x[i] ** 2
    return total


@case(X)
def a_loop_condition_that_depends_on_an_active_value(x):
    total = np.sum(x)
    while total > 1.0:
        total *= 0.5
    return total


@case(X)
def the_loop_variable_after_the_loop(x):
    for i in range(3):
        v = x[i] * i
    return v * x[i] * i


@case(X)
def a_loop_target_that_is_an_element(x):
    a = np.zeros(2)
    s = 0.0
    for a[1] in x:
        s = s * 0.5 + a[1] * a[0]
        a[0] = a[1]
    return s + a[1]


@case(M)
def a_loop_target_that_is_a_tuple(a):
    s = 0.0
    for p, q, r in a:
        s = s * p + q * r
    return s


@case(X)
def iterating_a_dictionary(x):
    d, s = {"a": x[0], "b": x[1]}, 0.0
    for key in d:
        s = s * 2.0 + d[key] ** 2
    for key, v in d.items():
        s += v * len(key)
    return s


@case(X)
def iterating_zip_and_enumerate(x):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, x[::-1])):
        s += i * a * b * b
    return s


@case(X)
def iterating_reversed(x):
    s = 0.0
    for v in reversed(x):
        s = s * 0.5 + v * v
    return s


def squares(x):
    for v in x:
        yield v * v


@case(X)
def iterating_a_generator(x):
    s = 0.0
    for v in squares(x):
        s = s * 0.5 + v
    return s


@case(X)
def iterating_the_array_being_written(x):
    y = x * 1.0
    for i, v in enumerate(y):
        y[(i + 1) % 3] = v * v
    return np.sum(y)


def an_iterator_that_two_loops_share(x):
    it, s = iter([x[0], x[1], x[2]]), 0.0
    for v in it:
        s += v * v
        break
    for v in it:
        s = s * v
    return s


def a_zip_that_two_loops_share(x):
    it, s = zip(x, x[::-1]), 0.0
    for a, b in it:
        s += a * b
        break
    for a, b in it:
        s = s * a
    return s


@pytest.mark.parametrize("f", [an_iterator_that_two_loops_share, a_zip_that_two_loops_share])
def test_an_iterator_is_consumed_once(f):
    gradient_is(f, (X,))


@case(X)
def a_generator_that_is_consumed_in_parts(x):
    g = squares(x)
    first = next(g)
    return first * sum(g)


def test_an_iterator_from_outside_is_consumed_once():
    it = iter([2.0, 3.0, 5.0])

    def f(x):
        return x * next(it)

    assert cr.grad(f)(1.0) == 2.0
    assert next(it) == 3.0


def test_a_file_is_read_once(tmp_path):
    (tmp_path / "numbers").write_text("2.0\n3.0\n")
    with open(tmp_path / "numbers") as file:

        def f(x):
            s = 0.0
            for line in file:
                s += float(line) * x * x
            return s

        assert cr.value_and_grad(f)(2.0) == (20.0, 20.0)
        assert file.read() == ""


def down(x, n):
    return x if n == 0 else 0.999 * down(x, n - 1) + x * 1e-3


def even(x, n):
    return x if n == 0 else odd(x * x, n - 1)


def odd(x, n):
    return x * 2.0 if n == 0 else even(x + 1.0, n - 1)


def helper(x, y):
    return x * y + x


@case(X)
def one_helper_called_twice(x):
    return helper(x[0], x[1]) * helper(x[1], x[2])


@case(1.1)
def mutual_recursion(x):
    return even(x, 4)


def test_deep_recursion():
    """A thousand calls deep, in a thread with the stack that Python itself needs for it."""
    found, limit = [], sys.getrecursionlimit()

    def work():
        found.append(cr.grad(down)(2.0, 1000))

    sys.setrecursionlimit(20_000)
    threading.stack_size(256 * 2**20)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(0)
        sys.setrecursionlimit(limit)
    assert abs(found[0] - (0.999**1000 + 1e-3 * sum(0.999**k for k in range(1000)))) < 1e-9


def newton(a):
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = x - (x * x - a) / (2 * x)
    return x


def test_a_fixed_point_unrolled_is_the_implicit_derivative():
    assert abs(cr.grad(newton)(2.0) - 0.5 / np.sqrt(2.0)) < 1e-9


def test_a_fixed_point_that_is_met_before_the_first_iteration():
    gradient_is(newton, (1.0,), 0.0)  # the start does not depend on a


@case(X)
def a_table_looked_up_by_searchsorted(x):
    table = np.array([0.0, 1.0, 4.0, 9.0])
    return table[np.searchsorted(table, x[1] * 2)] * x[0]


@case(X)
def an_index_computed_from_a_float(x):
    return x[int(x[1])] * x[0]


# -- memory --------------------------------------------------------------------------------------------------------


@case(X)
def an_alias_by_a_tuple(x):
    y = x * x
    pair = (y, 2.0)
    pair[0][1] = x[0] * pair[1]
    return np.sum(y * y)


@case(X)
def an_alias_by_a_list(x):
    y = x * x
    held = [y, y]
    held[0][1] = x[0]
    held[1] *= x
    return np.sum(y * y)


@case(X)
def an_alias_by_a_dictionary(x):
    y = x * x
    held = {"y": y}
    held["y"][1] = x[0]
    held["y"] += x
    return np.sum(y * y)


class Holder:
    def __init__(self, y):
        self.y = y


@case(X)
def an_alias_by_an_attribute(x):
    y = x * x
    held = Holder(y)
    held.y[1] = x[0]
    held.y -= x
    return np.sum(y * y)


def accumulates(v, total=np.zeros(3)):
    total += v
    return np.sum(total * total)


def twice_through_a_default(x):
    return accumulates(x) + 2.0 * accumulates(x)


def test_an_array_that_is_a_default_value_is_one_array():
    accumulates.__defaults__[0][:] = 0.0
    gradient = cr.grad(twice_through_a_default)(X)
    np.testing.assert_allclose(gradient, 18.0 * X)
    assert not accumulates.__defaults__[0].any()  # the gradient call does not write to it
    accumulates.__defaults__[0][:] = 1.0
    np.testing.assert_allclose(cr.grad(twice_through_a_default)(X), 2 * (1 + X) + 8 * (1 + 2 * X))
    accumulates.__defaults__[0][:] = 0.0


held = np.zeros(3)
through_partial = functools.partial(lambda total, v: accumulates(v, total), held)


def twice_through_a_partial(x):
    return through_partial(x) + 2.0 * through_partial(x)


def test_an_array_that_a_partial_holds_is_one_array():
    np.testing.assert_allclose(cr.grad(twice_through_a_partial)(X), 18.0 * X)
    assert not held.any()


def same(y):
    return y


@case(X)
def an_alias_by_a_function_that_returns_its_argument(x):
    y = x * x
    z = same(y)
    z[1] = x[0]
    return np.sum(y * y)


@case(X)
def an_alias_by_a_closure(x):
    y = x * x

    def write(v):
        y[1] = v

    write(x[0] * 2.0)
    return np.sum(y * y)


@case(X)
def a_negative_stride_written(x):
    y = x * x
    v = y[::-1]
    v[0] = x[0]
    v[1:] *= x[1:]
    return np.sum(y * y * THREE)


@case(M)
def a_transpose_written(a):
    b = a * a
    b.T[0] = a[1, 1] * 3.0
    b.T[1:] *= a.T[1:]
    return np.sum(b * b)


@case(M)
def a_reshape_that_is_a_view_written(a):
    b = a * a
    v = b.reshape(3, 2)
    v[1] = a[0, 0]
    return np.sum(b * b * np.arange(6.0).reshape(2, 3))


@case(M)
def a_reshape_that_is_a_copy_written(a):
    b = a * a
    v = b.T.reshape(-1)
    v[1] = a[0, 0]
    return np.sum(b * b) + np.sum(v * np.arange(6.0))


@case(M)
def a_ravel_written(a):
    b = a * a
    v, w = b.ravel(), b.T.ravel()
    v[2] = a[0, 0]
    w[2] = a[1, 1]
    return np.sum(b * b) + np.sum(w * np.arange(6.0))


@case(S)
def a_diagonal_read_after_a_write(a):
    b = a * a
    d = np.diagonal(b)
    b[0, 0] = a[1, 1]
    return np.sum(d * d * THREE)


@case(X)
def a_broadcast_array_read_after_a_write(x):
    y = x * x
    wide = np.broadcast_to(y, (2, 3))
    y[0] = x[1]
    return np.sum(wide * wide)


def test_a_broadcast_array_cannot_be_written():
    def f(x):
        wide = np.broadcast_to(x * x, (2, 3))
        wide[0, 0] = 1.0
        return np.sum(wide)

    with pytest.raises((ValueError, *REFUSED)):
        cr.grad(f)(X)


@case(np.array([0.5, -1.2, 2.0, 0.7]))
def the_parts_of_a_split_written(x):
    y = x * x
    left, right = np.split(y, 2)
    left[0] = x[3]
    right *= left
    return np.sum(y * y)


@case(X)
def a_real_part_written(x):
    y = x * x
    y.real[0] = x[1]
    return np.sum(y * y)


@case(M)
def flat_written(a):
    b = a * a
    b.flat[4] = a[0, 0]
    s = 0.0
    for v in b.flat:
        s = s * 0.5 + v
    return s + np.sum(b.flat)


@case(X)
def a_shift_onto_itself(x):
    y = x * 1.0
    y[1:] = y[:-1]
    return np.sum(y * y * np.arange(3.0))


@case(np.array([0.5, -1.2, 2.0, 0.7]), expected=[0.0, 0.0, 2.0, 4.0])
def slices_exchanged(x):
    y = x * 1.0
    y[0:2], y[2:4] = y[2:4], y[0:2]  # the right-hand side holds views: both halves are now the second one
    return np.sum(y * np.arange(4.0))


@case(X)
def out_that_overlaps_its_operands(x):
    y = x * 1.0
    np.add(y[:-1], y[1:], out=y[1:])
    return np.sum(y * y)


@case(X, expected=[1.0, 2.0, 3.0])
def a_constant_changed_after_use(x):
    c = np.array([1.0, 2.0, 3.0])
    s = np.sum(c * x)
    c[:] = 100.0
    return s


@case(X)
def a_constant_changed_in_each_iteration(x):
    c, s = np.ones(3), 0.0
    for i in range(3):
        s += np.sum(c * x * x)
        c *= 2
        c[i] = x[i]
    return s


@case(X, expected=2 * X)
def an_argument_cleared(x):
    s = np.sum(x * x)
    x[:] = 0.0
    return s + np.sum(x)


@case(X)
def an_argument_scaled_in_place_by_a_helper(x):
    scale(x)
    scale(x)
    return np.sum(x)


def scale(x):
    x *= x


def test_what_a_program_prints_is_printed_once(capsys):
    def prints(x):
        print("once")
        return np.sum(x * x)

    cr.grad(prints)(X)
    assert capsys.readouterr().out == "once\n"


def test_numbers_are_printed_as_the_program_prints_them(capsys):
    def prints(x):
        for i in range(2):
            x = x * x
            print(f"{i}: {x:.3f}")
        return x

    assert cr.grad(prints)(1.5) == 4 * 1.5**3
    assert capsys.readouterr().out == "0: 2.250\n1: 5.062\n"


def test_a_file_is_written_once(tmp_path):
    path = tmp_path / "log"

    def writes(x):
        with open(path, "a") as file:
            file.write("once\n")
        return x * x

    assert cr.grad(writes)(3.0) == 6.0
    assert path.read_text() == "once\n"


def test_a_generator_that_is_passed_in_advances_once_and_gives_the_same_sample():
    def f(x, rng):
        y = x * rng.normal(size=3)
        return np.sum(y * y * rng.normal())

    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    sample, factor = other.normal(size=3), other.normal()
    np.testing.assert_allclose(cr.grad(f)(X, rng), 2 * X * sample**2 * factor)
    assert rng.bit_generator.state == other.bit_generator.state


def test_a_generator_outside_advances_once():
    rng, other = np.random.default_rng(0), np.random.default_rng(0)

    def f(x):
        return np.sum(x * rng.normal(size=3))

    np.testing.assert_allclose(cr.grad(f)(X), other.normal(size=3))
    assert rng.bit_generator.state == other.bit_generator.state


def test_the_global_random_state_advances_once():
    def f(x):
        return x * np.random.normal()

    np.random.seed(3)
    sample = np.random.normal()
    following = np.random.normal()
    np.random.seed(3)
    assert cr.grad(f)(2.0) == sample
    assert np.random.normal() == following


@case(X)
def a_generator_made_inside(x):
    rng = np.random.default_rng(7)
    s = 0.0
    for i in range(3):
        s = s * 0.5 + x[i] * rng.normal()
    return s


def test_a_closure_variable_is_read_at_each_call():
    scale = 2.0

    def f(x):
        return np.sum(x) * scale

    df = cr.grad(f)
    assert df(X)[0] == 2.0
    scale = 5.0
    assert df(X)[0] == 5.0


def test_two_results_that_share_memory():
    def f(x):
        y = x * x
        v = y[1:]
        v[0] = x[0]
        return y, v

    (y, v), pullback = cr.vjp(f, X)
    np.testing.assert_allclose(y, [X[0] ** 2, X[0], X[2] ** 2])
    np.testing.assert_allclose(v, y[1:])
    np.testing.assert_allclose(pullback((np.ones(3), np.array([10.0, 100.0])))[0], [2 * X[0] + 11.0, 0.0, 101.0 * 2 * X[2]])


def test_an_argument_and_a_view_of_it_are_returned():
    value, pullback = cr.vjp(lambda x: (x, x[1:]), X.copy())
    np.testing.assert_array_equal(value[0], X)
    np.testing.assert_array_equal(pullback((np.ones(3), np.ones(2)))[0], [1.0, 2.0, 2.0])


def test_gradients_are_nobody_elses():
    def f(x):
        a = b = x
        return np.sum(a + b)

    x = X.copy()
    g = cr.grad(f)(x)
    g += 1.0
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(cr.grad(f)(x), [2.0, 2.0, 2.0])
    value, pullback = cr.vjp(lambda x, y: (x, y, x[1:]), x, x * 2)
    one, two = pullback((np.ones(3), np.ones(3), np.ones(2)))
    assert not np.may_share_memory(one, two) and not np.may_share_memory(value[0], x)
    np.testing.assert_array_equal(one, [1.0, 2.0, 2.0])


@case(X, np.zeros(3))
def an_inactive_buffer_written_with_active_data(x, buffer):
    buffer[:] = x * x
    return np.sum(buffer * x)


def test_a_buffer_that_is_not_asked_for_carries_the_derivative():
    buffer = np.zeros(3)
    np.testing.assert_allclose(cr.grad(an_inactive_buffer_written_with_active_data, 0)(X, buffer), 3 * X**2)
    assert not buffer.any()


class Net:
    def __init__(self):
        self.w = 1.0


net = Net()
total = 0.0


def test_an_attribute_of_an_object_outside_is_not_written():
    def f(x):
        net.w = x * x
        return net.w * x

    with pytest.raises(UnsupportedError, match="the attribute `w` of `net` is set"):
        cr.grad(f)(2.0)
    assert net.w == 1.0


def test_a_global_is_written_and_read_back():
    def f(x):
        global total
        total = x * x
        return total * x

    assert cr.grad(f)(2.0) == 12.0


@case(X, expected=[1.0, 0.0, 0.0])
def a_buffer_of_integers(x):
    y = np.zeros(3, int)
    y[0] = x[0] * 1.5
    return np.sum(y * x)


@case(THREE, expected=[0.0, 4.0, 6.0])
def repeated_indices_stored_the_last_wins(x):
    y = np.zeros(2)
    y[[0, 0, 1]] = x
    return np.sum(y * y)


@case(THREE, expected=[0.0, 4.0, 6.0])
def repeated_indices_added_the_last_wins(x):
    y = np.zeros(2)
    y[[0, 0, 1]] += x
    return np.sum(y * y)


@case(S, 0.7)
def repeated_indices_of_a_mesh(a, s):
    a[np.ix_([0, 0], [0])] -= s
    a[np.ix_([1, 1], [2, 2])] = s * a[np.ix_([1, 2], [0, 0])]
    np.add.at(a, np.ix_([2, 2], [1]), s)
    return np.sum(a * a)


@case(THREE, expected=[6.0, 6.0, 6.0])
def add_at_accumulates(x):
    y = np.zeros(2)
    np.add.at(y, [0, 0, 1], x)
    return np.sum(y * y)


@case(X)
def a_mask_assigned(x):
    y = x * x
    y[y > 3.0] = x[0]
    return np.sum(y * x)


@case(X)
def a_mask_assigned_by_an_array(x):
    y = x * x
    y[x > 1.5] = x[x > 1.5] * 3.0
    return np.sum(y * x)


@case(X)
def a_mask_augmented(x):
    y = x * x
    y[x > 1.5] += x[x > 1.5]
    return np.sum(y * x)


@case(X)
def put_by_indices(x):
    y = x * x
    np.put(y, [0, 2], [x[1], x[0]])
    return np.sum(y * y)


@case(X)
def copyto_with_a_mask(x):
    y = x * x
    np.copyto(y, 3.0 * x, where=x > 1.5)
    return np.sum(y * y)


@case(S)
def fill_diagonal_overwrites(a):
    b = a * a
    np.fill_diagonal(b, a[0, 1])
    return np.sum(b * b)


@case(np.array([2.9, 1.1, 2.3]))
def sort_in_place(x):
    y = x * 1.0
    y.sort()
    return np.sum(y * THREE)


@case(X)
def multiplied_in_place(x):
    y = x * 1.0
    y *= x
    return np.sum(y * y)


@case(X)
def divided_in_place(x):
    y = x * 1.0
    y /= x + 1
    return np.sum(y * y)


@case(X)
def a_power_in_place(x):
    y = x * 1.0
    y **= 2
    return np.sum(y * y)


@case(X)
def out_of_a_product(x):
    y = np.empty(3)
    np.multiply(x, x, out=y)
    return np.sum(np.multiply(y, x, out=y) * y)


@case(X)
def out_and_where_of_a_ufunc(x):
    y = x * 3.0
    np.exp(x, out=y, where=x > 1.5)  # what is not written keeps its value and its derivative
    return np.sum(y * y)


@case(X, expected=[1.0, 1.0, 1.0])
def a_buffer_that_the_argument_is_copied_to(x):
    y = np.empty_like(x)
    y[:] = x
    x[:] = 0.0
    return np.sum(y)


def test_an_identity_test_of_one_array_passed_twice_is_right_or_refused():
    def f(a, b):
        return np.sum(a) * (2.0 if a is b else 3.0)

    gradient_is(f, (X, X * 2))
    try:
        gradient = cr.grad(f)(X, X)
    except UnsupportedError:
        return
    np.testing.assert_array_equal(gradient, [2.0, 2.0, 2.0])


class Config:
    scale = 2.0
    weights = np.ones(3)


class Tuned(Config):
    pass


@dataclass
class Layer:
    x: object
    gain = 2.0

    def apply(self):
        return self.x * self.gain


def test_attributes_of_classes_are_read_at_each_call(monkeypatch):
    functions = [lambda x: np.sum(x) * Config.scale, lambda x: np.sum(x * Config.weights), lambda x: np.sum(x) * Tuned.scale,
                 lambda x: np.sum(Layer(x).apply())]
    derivatives = [cr.grad(f) for f in functions]
    for df in derivatives:
        df(X)
    monkeypatch.setattr(Config, "scale", 3.0)
    monkeypatch.setattr(Config, "weights", np.array([1.0, 5.0, 7.0]))
    monkeypatch.setattr(Layer, "gain", 4.0)
    for f, df, expected in zip(functions, derivatives, ([3.0] * 3, [1.0, 5.0, 7.0], [3.0] * 3, [4.0] * 3)):
        np.testing.assert_allclose(df(X), expected)


class Model:
    def __init__(self):
        self.k, self.w, self.inner = 2.0, np.ones(3), [1.0, 2.0]

    def loss(self, x):
        return np.sum(x * self.w) * self.k * self.inner[0]

    def __call__(self, x):
        return self.loss(x)


model = Model()
bound_loss = model.loss
partial_loss = functools.partial(Model.loss, model)


@pytest.mark.parametrize("f", [lambda x: model.loss(x), lambda x: np.sum(x) * model.k, lambda x: bound_loss(x), lambda x: partial_loss(x),
                               lambda x: model(x)])
def test_attributes_of_objects_outside_are_read_at_each_call(f):
    df = cr.grad(f)
    try:
        for k, w, inner in ((2.0, np.ones(3), 1.0), (5.0, np.arange(3.0), 7.0)):
            model.k, model.w, model.inner[0] = k, w, inner
            step = 1e-6 * np.eye(3)
            np.testing.assert_allclose(df(X), [(f(X + e) - f(X - e)) / 2e-6 for e in step], rtol=1e-6, atol=1e-8)
    finally:
        model.__init__()


# -- shapes, dtypes, containers ------------------------------------------------------------------------------------

SHAPES = [2.5, np.array(2.5), np.array([2.5]), X, M, np.linspace(0.5, 1.5, 6).reshape(2, 1, 3)]
BINARY = [lambda a, b: np.sum((a + b) * (a - b)), lambda a, b: np.sum(a * b / (b + 3)), lambda a, b: np.sum(np.abs(a) ** b),
          lambda a, b: np.sum(np.maximum(a, b * 0.7)) + np.sum(np.arctan2(a, b)), lambda a, b: np.sum(np.where(a > 1.0, a, b) * a)]


@pytest.mark.parametrize("f", BINARY)
@pytest.mark.parametrize("a", SHAPES, ids=lambda a: str(np.shape(a)))
def test_broadcasting(f, a):
    for b in SHAPES:
        gradient_is(f, (a, b if isinstance(b, float) else b * 1.1))


def test_masks_and_integers_keep_the_dtype_of_a_gradient():
    """A partial that is a mask or an integer is no adjoint: True + True is True."""

    def masks(x):
        return np.sum(x * (x > 1.2)) + np.sum(x * (x > 2.5)) - x[0] * (x[1] > 0) - x[0] * (x[2] > 0)

    def counts(x, k):
        return np.sum(x * k) + np.sum(x[1:] * k[1:])

    gradient_is(masks, (X,), [-2.0, 1.0, 2.0])
    gradient_is(masks, (X.astype(np.float32),), [-2.0, 1.0, 2.0])
    gradient_is(counts, (X, np.array([1, 2, 3], np.int8)), [1.0, 4.0, 6.0])
    gradient_is(counts, (X.astype(np.float32), np.array([1, 2, 3], np.uint8)), [1.0, 4.0, 6.0])
    gradient_is(lambda x, n: x * n - x * (x > 1), (np.float32(2.0), np.int64(3)), 2.0)


@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.float32(2.0), np.array(2.0), np.array(2.0, np.float32)], ids=lambda x: type(x).__name__)
def test_scalars(x):
    gradient_is(lambda x: x * x * 3.0, (x,), 12.0)
    gradient_is(lambda x: np.float64(2) * x, (x,), 2.0)


def zero_dim(x):
    x *= x
    x[...] = x * 3.0
    y = x
    y += x[()]
    return x * x[()]


def test_an_array_without_axes_is_written():
    gradient_is(zero_dim, (np.array(1.2),))


def test_half_precision_and_mixed_arguments():
    def f(a, b):
        return np.sum(a * b * np.float64(2))

    half, single = X.astype(np.float16), X.astype(np.float32)
    gradient = cr.grad(f, (0, 1))(half, single)
    assert [g.dtype for g in gradient] == [np.float16, np.float32]
    gradient_is(f, (single, X))
    gradient_is(lambda x: np.sum(x, dtype=np.float64), (single,), [1.0, 1.0, 1.0])


@pytest.mark.parametrize("x", [True, 3, np.int64(3), np.array([1, 2]), np.array([True, False])], ids=["bool", "int", "int64", "ints", "bools"])
def test_integers_and_truth_values_have_no_derivative(x):
    with pytest.raises(TypeError):
        cr.grad(lambda x: np.sum(x * 2.0))(x)


def test_an_array_of_one_element_is_a_result():
    """Or is refused; once for all."""
    with pytest.raises(TypeError):
        cr.grad(lambda x: x * x)(np.array([2.0]))
    assert cr.grad(lambda x: x * x)(np.array(2.0)) == 4.0


@case(X.astype(np.float32), expected=[1.0, 1.0, 1.0])
def a_sum_in_another_precision(x):
    return np.sum(x, dtype=np.float64)


@case(np.float32(1.5), X)
def a_float32_scalar_and_a_float64_array(s, x):
    return np.sum(s * x * np.float64(2))


@case(X, expected=[1.0, 2.0, 2.0])
def a_cast_to_integers_stops_the_derivative(x):
    return np.sum(x.astype(int) * x)


@case(X, expected=2 * X.astype(np.float32).astype(float))
def a_cast_to_float32_casts_the_derivative(x):
    return np.sum(x.astype(np.float32) ** 2)


def test_bytes_seen_as_another_dtype_are_refused():
    with pytest.raises(UnsupportedError):
        cr.grad(lambda x: np.sum(x.view(np.int64)))(X)


@pytest.mark.parametrize("f", [lambda x: np.sum(np.array([x[0], x[1]], dtype=object)), lambda x: np.sum(x.astype(object))])
def test_arrays_of_objects_are_refused(f):
    with pytest.raises(UnsupportedError, match="an array of Python objects is made"):
        cr.grad(f)(X)


@case(X, expected=[1.0, 1.0, 1.0])
def sums_and_products_of_nothing(x):
    return np.sum(x[3:]) + np.prod(x[3:]) + np.sum(x)


@case(np.zeros((0, 3)))
def an_argument_without_elements(a):
    return np.sum(a * a) + np.sum(a.sum(0)) + np.sum(a @ np.ones((3, 2)))


@case(X, expected=[1.0, 0.0, 0.0])
def a_loop_over_nothing(x):
    s = x[0]
    for v in x[3:]:
        s *= v
    return s


@case(X, expected=[0.0, 0.0, 0.0])
def what_is_written_to_nothing(x):
    y = np.zeros(3)
    y[3:] = x[3:]
    y[x > 100.0] += x[x > 100.0]
    return np.sum(y)


def readonly(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def in_any_layout(a):
    flat, columns = a.reshape(-1), np.ravel(a, order="F")
    return np.sum(a * a[::-1]) + np.sum(flat * np.arange(6.0)) + np.sum(columns * np.arange(6.0))


def written_in_any_layout(a):
    a[0] *= a[1]
    a.T[0] += a[0, 0]
    b = a.copy()
    b[:, 1] = a[:, 0]
    return np.sum(b * b * np.arange(6.0).reshape(2, 3)) + np.sum(a)


@pytest.mark.parametrize("f", [in_any_layout, written_in_any_layout])
@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::-1], lambda a: a[::-1, ::-1], lambda a: np.repeat(a, 2, axis=1)[:, ::2]],
                         ids=["Fortran order", "negative stride", "negative strides", "gaps"])
def test_layouts(f, layout):
    gradient_is(f, (layout(M),))


def test_a_readonly_argument():
    gradient_is(in_any_layout, (readonly(M),))


def test_a_readonly_argument_cannot_be_written():
    """Where the primal raises, its gradient, which writes into copies, is refused: at the first call and at later ones."""
    dwritten = cr.grad(written_in_any_layout)
    for _ in range(2):
        with pytest.raises(UnsupportedError, match="read-only"):
            dwritten(readonly(M))
        np.testing.assert_allclose(dwritten(M.copy()), dwritten(np.asfortranarray(M)))
    with pytest.raises(UnsupportedError, match=r"`p\['a'\]` is read-only"):
        cr.grad(lambda p: written_in_any_layout(p["a"]))({"a": readonly(M)})


@pytest.mark.parametrize("a", [M.astype(">f8"), np.ma.masked_array(M, M > 1), np.matrix(M), M.astype(object), np.zeros(3, [("a", float)])],
                         ids=["swapped", "masked", "matrix", "object", "structured"])
def test_unusual_arrays_are_refused(a):
    with pytest.raises((TypeError, UnsupportedError)):
        cr.grad(lambda a: np.sum(a))(a)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), ()])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var", "std"])
def test_reductions(name, axis, keepdims):
    if axis == () and name in ("var", "std"):
        return  # the spread of single elements is zero
    f = getattr(np, name)
    gradient_is(lambda a: np.sum(f(a, axis=axis, keepdims=keepdims) * np.exp(f(a, axis=axis, keepdims=keepdims))), (M,), rtol=1e-4)


@case(M)
def ddof_of_var_and_std(a):
    return np.sum(np.var(a, axis=1, ddof=1)) + np.std(a, ddof=2)


@case(X)
def where_of_a_sum(x):
    return np.sum(x * x, where=x > 1.5) + x[0]


@case(X)
def where_of_a_mean(x):
    return np.mean(x * x, where=x > 1.5) + x[0]


@case(X)
def initial_of_a_sum(x):
    return np.sum(x * x, initial=5.0)


@case(X)
def initial_of_a_maximum(x):
    return np.max(x, initial=2.5) + np.min(x, initial=2.5)


@case(X)
def reduce_and_accumulate_of_ufuncs(x):
    return np.add.reduce(x * x) + np.multiply.reduce(x) + np.sum(np.add.accumulate(x) * THREE)


@case(X)
def out_of_a_ufunc_that_is_its_operand(x):
    return np.sum(np.exp(x, out=x) * x)


def test_where_without_out_is_refused():
    """What is not computed is whatever was in memory."""
    with pytest.raises(REFUSED):
        cr.grad(lambda x: np.sum(np.log(x, where=x > 1.5)[1:]))(X)


@case(M)
def a_reshape_in_column_order(a):
    return np.sum(a.reshape((3, 2), order="F") * np.arange(6.0).reshape(3, 2) * np.reshape(a, (3, 2)))


@case(M)
def a_ravel_in_column_order(a):
    return np.sum(a.ravel(order="F") * np.arange(6.0) * a.ravel())


@case(np.asfortranarray(M))
def a_ravel_in_memory_order(a):
    return np.sum(a.ravel(order="K") * np.arange(6.0)) + np.sum(np.ravel(a, order="A") ** 2 * np.arange(6.0))


@case(M)
def a_copy_in_column_order(a):
    b = a.copy(order="F")
    v = b.reshape(-1)  # a copy, too
    v[0] = a[1, 1]
    return np.sum(b * b) + np.sum(v * np.arange(6.0))


@case(X)
def an_array_of_nested_lists(x):
    return np.linalg.det(np.array([[x[0], 1.0], [2.0, x[1]]]))


@case(X)
def a_list_given_to_a_ufunc(x):
    return np.sum(np.sin([x[0], x[1]]) * np.exp([[x[2]], [x[0]]]))


def test_an_array_of_ragged_lists_is_refused():
    with pytest.raises((UnsupportedError, ValueError)):
        cr.grad(lambda x: np.sum(np.array([[x[0]], [x[1], x[2]]])))(X)


Pair = namedtuple("Pair", "a b")


@dataclass
class Weights:
    w: object
    b: float
    name: object = None


def test_a_dictionary_as_argument():
    """Unused leaves get zeros of their shape; leaves without derivative None."""
    gradient = cr.grad(lambda p: np.sum(p["w"] * p["t"][0]))({"w": X, "t": (2.0, None, 3), "unused": np.ones((2, 2), np.float32), "name": "n"})
    np.testing.assert_allclose(gradient["w"], 2.0)
    assert gradient["t"][1:] == (None, None) and gradient["name"] is None and gradient["t"][0] == pytest.approx(X.sum())
    np.testing.assert_array_equal(gradient["unused"], np.zeros((2, 2)))
    assert gradient["unused"].dtype == np.float32


def test_a_list_as_argument():
    assert cr.grad(lambda p: p[0] * p[1])([2.0, 3.0, None]) == [3.0, 2.0, None]


def test_a_named_tuple_as_argument():
    gradient = cr.grad(lambda p: p.a * p.b)(Pair(2.0, 3.0))
    assert type(gradient) is Pair and gradient == Pair(3.0, 2.0)


def test_a_dataclass_as_argument():
    gradient = cr.grad(lambda p: np.sum(p.w) * p.b)(Weights(X.copy(), 2.0))
    assert type(gradient) is Weights and gradient.b == pytest.approx(X.sum()) and gradient.name is None
    np.testing.assert_allclose(gradient.w, 2.0)


def test_a_leaf_that_is_none_is_no_number():
    gradient = cr.grad(lambda p: p["a"] * 2.0 if p["b"] is None else p["b"])({"a": 3.0, "b": None})
    assert gradient == {"a": 2.0, "b": None}


def test_one_leaf_twice():
    """The gradient is with respect to each place by itself."""
    x = X.copy()
    gradient = cr.grad(lambda p: np.sum(p["a"] * p["b"] ** 2))({"a": x, "b": x})
    np.testing.assert_allclose(gradient["a"], X**2)
    np.testing.assert_allclose(gradient["b"], 2 * X**2)
    np.testing.assert_array_equal(x, X)


@case(X, expected=[0.0, 0.0, 0.0])
def a_result_that_does_not_depend_on_the_input(x):
    return 5.0


@case(X, expected=[0.0, 0.0, 0.0])
def a_result_that_is_an_integer(x):
    return np.argmax(x)


@case(X, expected=[0.0, 0.0, 0.0])
def a_result_that_is_a_truth_value(x):
    return x[0] > 1.0


def test_a_result_that_is_none_is_refused():
    with pytest.raises(TypeError, match="the result is None"):
        cr.grad(lambda x: None)(X)


def test_an_index_out_of_range_raises():
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        cr.grad(lambda x: x[5])(X)
    with pytest.raises(IndexError):
        cr.grad(lambda x, k: x[k] * x[-k])(X, 4)


# -- points --------------------------------------------------------------------------------------------------------

ONE_TWO = np.array([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize("f, x, expected", params(
    (np.abs, 0.0, 0.0), (lambda x: np.maximum(x, 2.0), 2.0, 0.5), (lambda x: np.max(x), np.array([2.0, 2.0, 1.0]), [0.5, 0.5, 0.0]),
    (np.linalg.norm, np.zeros(3), np.zeros(3)), (np.std, np.ones(3), np.zeros(3)), (np.sqrt, 0.0, np.inf),
    (np.prod, np.array([2.0, 3.0, 0.0]), [0.0, 0.0, 6.0]), (np.prod, np.array([2.0, 0.0, 0.0]), [0.0, 0.0, 0.0]),
    (np.sinc, 0.0, 0.0), (lambda x: np.hypot(x[0], x[1]), np.zeros(2), [0.0, 0.0]), (lambda x: 0.0 * np.arctan2(x[0], x[1]), np.zeros(2), None),
    (lambda x: x**0.0, 0.0, 0.0), (lambda x: x**2.5, 0.0, 0.0), (lambda x: x**3, -2.0, 12.0), (lambda x: x**1, 0.0, 1.0), (lambda x: x**2, 0.0, 0.0),
    (lambda p: 0.0**p, 2.0, 0.0), (np.linalg.det, ONE_TWO, [[4.0, -2.0], [-2.0, 1.0]]),
    (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), np.array([0.0, 4.0]), [0.0, 0.25]),
    (lambda x: np.sum(np.where(x != 0, 1.0 / x, 0.0)), np.array([0.0, 2.0]), [0.0, -0.25]),
    (np.median, np.array([1.0, 2.0, 3.0, 4.0]), [0.0, 0.5, 0.5, 0.0]), (lambda x: np.sum(np.sort(x) * [1.0, 2.0]), np.array([2.0, 2.0]), [1.0, 2.0]),
    (lambda x: np.log(1 + np.exp(x)), 20.0, 1.0), (lambda x: np.logaddexp(-np.inf, x), 3.0, 1.0), (lambda x: np.logaddexp(x, 1e4), -1e4, 0.0),
    (lambda x: np.sum(np.sqrt(x)[1:]), np.array([0.0, 4.0]), [0.0, 0.25]), (lambda x: np.min(np.sqrt(x)[x > 1.0]), np.array([0.0, 4.0]), [0.0, 0.25]),
    (lambda x: np.copysign(x, -2.0), 3.0, -1.0), (np.sign, 2.0, 0.0), (lambda x: x % 3.0, 4.0, 1.0), (lambda x: x // 3.0, 4.0, 0.0),
    (np.floor, 2.5, 0.0), (np.round, 2.4, 0.0), (lambda x: np.heaviside(x, 0.5), 2.0, 0.0), (lambda x: np.clip(x, 0.0, 1.0), 1.0, 0.5),
    (lambda x: np.sum(np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))) * [1.0, 0.0]), np.array([1e4, -1e4]), [0.0, 0.0]),
))
def test_points(f, x, expected):
    function = f if not isinstance(f, np.ufunc) and getattr(f, "__module__", "") == __name__ else lambda x: f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient = cr.grad(function)(x)
    if expected is None:
        assert np.all(gradient == 0.0)
    else:
        np.testing.assert_allclose(gradient, expected, rtol=1e-8, atol=1e-12)


def test_symmetric_functions_of_equal_eigenvalues():
    a = np.diag([2.0, 2.0, 3.0])
    np.testing.assert_allclose(cr.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2))(a), 2 * a, atol=1e-10)
    assert np.all(np.isfinite(cr.grad(lambda a: np.sum(np.linalg.eigh(a)[0] ** 3))(a)))
    np.testing.assert_allclose(cr.grad(lambda a: np.sum(np.linalg.svd(a)[1]))(a), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(cr.grad(lambda a: np.sum(np.linalg.eigvals(a) ** 2))(a), 2 * a, atol=1e-10)

    def polar(a):  # the nearest rotation, at three equal singular values
        u, _, v = np.linalg.svd(a)
        return np.sum((u @ v) * np.arange(9.0).reshape(3, 3))

    rest = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(cr.grad(polar)(2 * np.eye(3)), (rest - rest.T) / 4, atol=1e-12)


# -- what other tools lose -----------------------------------------------------------------------------------------


@case(X)
def isinstance_of_an_argument(x):
    return np.sum(x * x) if isinstance(x, np.ndarray) and not isinstance(x, (int, float)) else x * 3.0


@case(2.0)
def the_type_of_an_argument(x):
    return x * x if type(x) is float else x * 3.0


@case(X.astype(np.float32), expected=2 * X)
def the_dtype_of_an_argument(x):
    return np.sum(x * x) if x.dtype == np.float32 and x.ndim == 1 else np.sum(x)


@case(X, 0.1)
def a_truth_value_of_python_or_of_numpy(x, s):
    t = 0.5 if s > 0.0 else x[0]
    return x[1] * (2.0 if (0.5 * t > -0.2) is True else 3.0)


@case(X)
def an_fstring_of_a_shape(x):
    label = f"{x.shape[0]} numbers"
    return np.sum(x * x) * len(label)


@case(X)
def an_fstring_of_a_number(x):
    label = f"{x[0]:.1f}"
    return np.sum(x * x) * len(label)


def test_a_number_read_from_the_text_of_one():
    with pytest.raises(UnsupportedError, match="read from a text that was made of numbers with a derivative"):
        cr.grad(lambda x: np.sum(x * x) * float(f"{x[0]:.1f}"))(X)


@case(X)
def json_of_something_inactive(x):
    return np.sum(x * x) * len(json.dumps({"a": [1, 2]}))


@case(X, expected=[1.0, 2.0, 2.0])
def int_of_an_active_number(x):
    return sum([int(v) * v for v in x])


@case(X)
def float_of_an_active_number(x):
    return float(x[0]) * float(x[1] * x[2])


@case(X)
def bool_of_an_active_number(x):
    return x[0] * 2.0 if bool(x[1] > 1.0) and bool(x[0]) else x[2]


@case(1.3)
def functions_of_math(x):
    return math.sin(x) * math.exp(-x) + math.sqrt(x) * math.log(x) + math.atan2(x, 2.0) + math.hypot(x, 1.0) + math.pow(x, 3)


@case(X)
def items_of_arrays(x):
    return x[2].item() * x[0] + x.item(1) * x.sum().item()


@case(X)
def an_array_as_a_list(x):
    values = x.tolist()
    return values[0] * values[1] + sum(values[1:])


@case(X)
def the_method_dot(x):
    return x.dot(x) + x.dot(np.ones((3, 2))).dot([1.0, 2.0])


def test_pickling_inside_the_function():
    """The pickle carries no derivative: the program is refused, or what it computes besides is differentiated."""

    def f(x):
        return np.sum(x * x) + 0.0 * len(pickle.dumps(3))

    try:
        gradient = cr.grad(f)(X)
    except REFUSED:
        return
    np.testing.assert_allclose(gradient, 2 * X)


def test_pickling_an_active_array_is_right_or_refused():
    def f(x):
        return np.sum(pickle.loads(pickle.dumps(x)) ** 2)

    try:
        gradient = cr.grad(f)(X)
    except REFUSED:
        return
    np.testing.assert_allclose(gradient, 2 * X)


def test_a_helper_of_a_third_party_module():
    optimize = pytest.importorskip("scipy.optimize")
    rosen = optimize.rosen

    def f(x):
        return rosen(x)

    np.testing.assert_allclose(cr.grad(f)(X), optimize.rosen_der(X))


@case(X)
def a_lambda_on_one_line(x):
    return np.sum(first(x) * second(x))


first, second = (lambda x: x * x), (lambda x: x * 3.0)


def doubled(f):
    @functools.wraps(f)
    def wrapper(*args):
        return 2.0 * f(*args)

    return wrapper


def plain_decorator(f):
    return lambda x: f(x) * 3.0


@doubled
def decorated(x):
    return np.sum(x * x)


@plain_decorator
@doubled
def decorated_twice(x):
    return np.sum(x * x)


@case(X)
def a_helper_that_is_decorated(x):
    return decorated(x) * decorated_twice(x)


def test_a_decorated_function_itself():
    gradient_is(decorated, (X,), 4 * X)
    gradient_is(decorated_twice, (X,), 12 * X)


weighted_sum = functools.partial(lambda w, x, power=1.0: np.sum(w * x**power), 2.0)


@case(X)
def a_partial(x):
    return weighted_sum(x) + weighted_sum(x, power=2.0)


def test_a_partial_itself():
    gradient_is(functools.partial(lambda w, x: np.sum(w * x * x), 2.0), (X,), 4 * X)


@functools.lru_cache
def cached(n):
    return 2.0 * n


@case(X, expected=[6.0, 6.0, 6.0])
def a_helper_with_a_cache(x):
    return np.sum(x) * cached(3)


@pytest.mark.parametrize("f", [
    lambda x: np.sum(np.frompyfunc(abs, 1, 1)(x)), lambda x: eval("x") + 0.0 * x[0], lambda x: np.sum(x) * len(open("f", "xx").read()),
    lambda x: np.sum(np.vectorize(np.sum, signature="(n)->()")(x)),
], ids=["frompyfunc", "eval", "a file that is not there", "vectorize with a signature"])
def test_what_cannot_be_looked_into_is_refused_or_raises(f):
    with pytest.raises((*REFUSED, NameError, ValueError)):
        cr.grad(f)(X)


@pytest.mark.parametrize("f", [lambda x: np.sum(np.vectorize(lambda t: t * t)(x)), lambda x: np.sum(np.apply_along_axis(lambda t: t * t, 0, x))],
                         ids=["vectorize", "apply_along_axis"])
def test_loops_of_numpy_over_functions_are_right_or_refused(f):
    try:
        gradient = cr.grad(f)(X)
    except REFUSED:
        return
    np.testing.assert_allclose(gradient, 2 * X)


def test_a_helper_without_source_is_refused_by_name():
    namespace = {"np": np}
    exec("def secret(x):\n    return np.sum(x * x)\n", namespace)
    secret = namespace["secret"]
    with pytest.raises((*REFUSED, SourceUnavailableError), match="secret"):
        cr.grad(lambda x: secret(x))(X)


def test_a_c_function_without_a_rule_is_refused_by_name():
    with pytest.raises(REFUSED, match="perm"):
        cr.grad(lambda a: math.perm(5, 2) * a[0, 0] * math.perm(int(a[0, 0]), 2) * np.frompyfunc(math.perm, 2, 1)(a, a)[0, 0])(S)


def replaced_helper(x):
    return x * x


def test_a_helper_replaced_after_the_gradient_was_built(monkeypatch):
    df = cr.grad(lambda x: replaced_helper(x))
    assert df(2.0) == 4.0
    monkeypatch.setitem(globals(), "replaced_helper", lambda x: x * x * x)
    assert df(2.0) == 12.0


def test_a_notebook_cell_that_is_run_again():
    namespace = {"cr": cr, "__name__": "cell"}
    for number, (body, expected) in enumerate((("x * x", 4.0), ("x * x * x", 12.0), ("x * x", 4.0))):
        file, text = f"<cell {number}>", f"def f(x):\n    return {body}\n\ndf = cr.grad(f)\n"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        exec(compile(text, file, "exec"), namespace)
        assert namespace["df"](2.0) == expected


def test_a_gradient_inside_its_own_primal_is_right_or_refused():
    def f(x):
        return x * x if x < 1.0 else x * cr.grad(f)(0.5 * x - 0.5)

    assert cr.grad(f)(0.5) == 1.0
    try:
        gradient = cr.grad(f)(2.0)  # x * (x - 1)
    except REFUSED:
        return
    assert gradient == pytest.approx(3.0)


def raises_for_large(x):
    y = np.sum(x * x)
    if y > 1.0:
        raise OverflowError(f"{len(x)} numbers are too large")  # this line is told
    return y


def test_an_exception_keeps_its_type_its_message_and_the_line_of_the_user():
    for transformed in (cr.grad(raises_for_large), cr.value_and_grad(raises_for_large)):
        with pytest.raises(OverflowError, match="^3 numbers are too large$") as caught:
            transformed(X)
        lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert any("this line is told" in (line or "") for line in lines)
    np.testing.assert_allclose(cr.grad(raises_for_large)(0.1 * X), 0.2 * X)


def test_an_interrupt_in_the_reverse_sweep_leaves_nothing_behind():
    """A signal at any line of the generated code; the next call gives the right gradient, and no argument was changed."""

    def f(x, n):
        y = x * 1.0
        for i in range(n):
            y[i] = np.sin(y[i - 1]) * x[i]
            y *= 0.9
        return np.sum(y * y)

    x, df = X.copy(), cr.grad(f)
    expected = df(x, 3)
    for stop in (3, 8, 15, 25, 40):
        count = 0

        def trace(frame, event, arg):
            nonlocal count
            if event == "line" and "chainrule" in frame.f_code.co_filename and frame.f_code.co_filename.startswith("<"):
                count += 1
                if count == stop:
                    raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            df(x, 3)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        np.testing.assert_array_equal(x, X)
        np.testing.assert_array_equal(df(x, 3), expected)


@pytest.mark.parametrize("f", [
    lambda x: np.sum(x) * np.random.normal(), lambda x: np.sum(x * np.random.rand(3)), lambda x: np.sum(x * draws_outside.normal(size=3)),
    lambda x: np.sum(np.random.permutation(3) * x), lambda x: x[0] * np.random.default_rng(0).normal(), lambda x: x[0] * random.random() + random.gauss(0.0, 1.0),
], ids=["normal", "rand", "a generator outside", "permutation", "a generator inside", "the standard library"])
def test_draws_are_right_or_refused_and_the_state_is_as_the_program_leaves_it(f):
    def seeded():
        np.random.seed(0)
        random.seed(0)
        draws_outside.bit_generator.state = np.random.default_rng(5).bit_generator.state

    def state():
        return repr((np.random.get_state(), random.getstate(), draws_outside.bit_generator.state))

    seeded()
    before = state()
    f(X)
    meant = state()
    seeded()
    try:
        gradient = cr.grad(f)(X)
    except UnsupportedError:
        assert state() == before
        return
    assert state() == meant
    for k in range(3):
        values = []
        for step in (1e-6, -1e-6):
            seeded()
            values.append(f(X + step * np.eye(3)[k]))
        assert gradient[k] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-6)


draws_outside = np.random.default_rng(0)


def test_two_threads_and_a_gradient_inside_its_own_helper():
    df, found = cr.grad(lambda x: powers(x, 50)), []

    def work():
        for _ in range(50):
            found.append(df(1.01))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100 and set(found) == {df(1.01)}


def test_two_functions_of_one_name():
    def make(k):
        if k:
            def f(x):
                return x * x
        else:
            def f(x):
                return x * x * x
        return f

    assert cr.grad(make(True))(2.0) == 4.0 and cr.grad(make(False))(2.0) == 12.0


@pytest.mark.parametrize("f, args, expected", CASES)
def test_programs(f, args, expected):
    gradient_is(f, args, expected)


# -- the checker ---------------------------------------------------------------------------------------------------


def test_the_helper_finds_wrong_gradients():
    """A wrong sign, a dropped term, a swapped axis, a stale value."""
    for f, wrong in ((lambda x: np.sum(x * x), -2 * X), (lambda x: np.sum(x * x + x), 2 * X), (lambda x: x[0] * x[1], [1.1, 2.3, 0.0])):
        with pytest.raises(AssertionError):
            gradient_is(f, (X,), wrong)


def unbound(x):
    if x[0] > 100.0:
        y = x[1]
    return y * 2.0


def test_a_name_that_is_not_bound_raises():
    with pytest.raises(NameError):
        cr.grad(unbound)(X)


# -- known gaps ----------------------------------------------------------------------------------------------------


def misfit(x):
    return np.sum(x + np.ones(4))


def test_grad_raises_what_the_primal_raises():
    with pytest.raises(ValueError, match="could not be broadcast"):
        cr.grad(misfit)(X)


def test_value_and_grad_raises_what_the_primal_raises():
    with pytest.raises(ValueError, match="could not be broadcast"):
        cr.value_and_grad(misfit)(X)


def _counts_integers(x):
    total, integers = 0, 0
    for i in range(3):
        if isinstance(total, int):
            integers += 1
        total = total + x[i]
    return total * integers


def _asks_after_a_branch(x):
    s = 1 if x[0] > 10.0 else x[1]
    return x[1] * 10.0 if isinstance(s, int) else s * x[1]


def _copy_in_column_order(x):
    copied = np.array(np.stack([x, 2.0 * x]).T)  # its reshape is a copy, not a view
    copied.reshape(-1)[0] = 5.0
    return np.sum(copied * copied)


@pytest.mark.parametrize("f", [_counts_integers, _asks_after_a_branch, _copy_in_column_order])
def test_what_is_only_known_at_run_time(f):
    gradient_is(f, (X,))
    gradient_is(f, (X * 20,))
