"""The reverse of programs of every structure, compared with finite differences of the interpreted primal."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.ir.types import INT

from .check import check
from .lowering import MATRIX, VECTOR, lower

RNG = np.random.default_rng(0)
V = RNG.uniform(0.5, 1.5, 4)
W = RNG.uniform(0.5, 1.5, 4)
A = RNG.uniform(0.5, 1.5, (4, 4)) + 4 * np.eye(4)


def test_straight_line():
    p = lower("""
        def f(x, y):
            z = x * y + np.sin(x)
            w = z / y - x * 3.0
            return w * z
    """)
    check(p, 0.7, 1.3)


def test_arrays_and_broadcasting():
    p = lower("""
        def f(x, y, a):
            z = x * y + a
            w = np.sin(z) * x
            return np.sum(w) + a * np.sum(x * 2.0)
    """, x=VECTOR, y=VECTOR)
    check(p, V, W, 0.3)


def test_sum_of_the_input():
    p = lower("""
        def f(x, y):
            return np.sum(x) + np.sum(x + y) + np.sum(x - y)
    """, x=VECTOR, y=VECTOR)
    check(p, V, W)


def test_matrix_broadcast():
    p = lower("""
        def f(a, x):
            return np.sum(np.sin(a * x) + x)
    """, a=MATRIX, x=VECTOR)
    check(p, A, V)


def test_independent_of_an_input():
    p = lower("""
        def f(x, y, v):
            return x * 2.0
    """, v=VECTOR)
    check(p, 0.5, 0.6, V)


@pytest.mark.parametrize("x", [0.7, -0.7])
def test_branch(x):
    p = lower("""
        def f(x, y):
            z = x * y
            if x > 0.0:
                z = z * y
                w = np.sin(x)
                u = w * z
            else:
                u = z * x
                w = y
            return u * w + z
    """)
    check(p, x, 1.3)


@pytest.mark.parametrize("x", [0.7, -0.7])
def test_outer_value_passed_on_by_both_branches(x):
    p = lower("""
        def f(x, y):
            z = y * y
            if x > 0.0:
                w = z
            else:
                w = z
            return w * x
    """)
    check(p, x, 1.3)


@pytest.mark.parametrize("x", [0.7, -0.7])
def test_both_branches_bind_two_names_to_one_new_value(x):
    p = lower("""
        def f(x, y):
            a = x
            b = y
            if x > 0.0:
                t = x * y
                a = t
                b = t
            else:
                a, b = b, a
            return a * b + a
    """)
    check(p, x, 1.3)


@pytest.mark.parametrize("x", [0.7, -0.7])
def test_arrays_in_branches(x):
    p = lower("""
        def f(x, v, w):
            u = v * w
            if x > 0.0:
                u = u * v
                if x > 0.5:
                    u = np.exp(u)
                    u[1] = x * u[2]
            else:
                u[0] = x
            return np.sum(u * u)
    """, v=VECTOR, w=VECTOR)
    check(p, x, V, W)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_carried_scalar(n):
    p = lower("""
        def f(x, n):
            s = x
            for k in range(n):
                s = s * x + np.sin(s)
            return s
    """, n=INT)
    check(p, 0.7, n)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_swap_in_loop(n):
    p = lower("""
        def f(x, y, n):
            a = x
            b = y
            for k in range(n):
                a, b = b, a * x
            return a * 3.0 + b
    """, n=INT)
    check(p, 0.7, 1.3, n)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_carried_array(n):
    p = lower("""
        def f(x, w, n):
            h = x
            for k in range(n):
                h = np.tanh(w @ h + x)
            return np.sum(h * h)
    """, x=VECTOR, w=MATRIX, n=INT)
    check(p, V, A / 8, n)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_assigned_in_loop_and_used_after_it(n):
    p = lower("""
        def f(x, v, n):
            t = x
            u = v
            s = 0.0
            for k in range(n):
                t = x * k
                u = v * t
                s = s + t * x
            return t * s + np.sum(u)
    """, v=VECTOR, n=INT)
    check(p, 0.7, V, n)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_initial_value_that_is_used_in_the_loop_too(n):
    p = lower("""
        def f(x, n):
            y = x * x
            s = y
            for k in range(n):
                s = s * y
            return s + y
    """, n=INT)
    check(p, 0.7, n)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_nested_loops(n):
    p = lower("""
        def f(x, y, n):
            s = x
            for i in range(n):
                t = s * y
                for j in range(i + 1):
                    t = t * np.sin(s) + j * y
                    s = s + t * 0.1
                s = s * t + i
            return s
    """, n=INT)
    check(p, 0.7, 0.3, n, tolerance=1e-5)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_branch_in_loop(n):
    p = lower("""
        def f(x, n):
            s = x
            for i in range(n):
                if s > 1.0:
                    t = np.sin(s)
                    s = t * t * 0.3
                else:
                    s = s * s + x
            return s
    """, n=INT)
    check(p, 0.9, n)


def test_branch_that_flips_its_own_condition():
    p = lower("""
        def f(y, n):
            for i in range(n):
                if y[i] > 1.0:
                    y[i] = y[i] * -0.5
                else:
                    y[i] = y[i] * y[i] * 3.0
            return np.sum(y)
    """, y=VECTOR, n=INT)
    check(p, V, 4)


def test_while_with_break():
    p = lower("""
        def f(a, x):
            n = 0
            while n < 50:
                dx = (x * x * x - a) / (3.0 * x * x)
                if abs(dx) < 1e-12:
                    break
                x = x - dx
                n = n + 1
            return x * x
    """)
    check(p, 2.0, 1.0)


@pytest.mark.parametrize("x", [0.3, 0.9, 5.0])
def test_while(x):
    p = lower("""
        def f(x, y):
            while x < 3.0:
                x = x * x + y
            return x
    """)
    check(p, x, 1.3)


@pytest.mark.parametrize("n", [0, 1, 6])
@pytest.mark.parametrize("x", [0.3, 0.9, 1.5])
def test_continue_and_break(n, x):
    p = lower("""
        def f(x, n):
            s = x
            t = 0.0
            for i in range(2, n, 2):
                s = s * x
                if s > 2.0:
                    t = t + s * s
                    break
                if s < 0.5:
                    s = s + x
                    continue
                t = t + np.sin(s) * i
            return s * t
    """, n=INT)
    check(p, x, n)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_break_inside_a_nested_loop(n):
    p = lower("""
        def f(x, n):
            s = x
            for i in range(n):
                k = 0.0
                while k < 10.0:
                    s = s * 1.1
                    if s > x + i:
                        s = s * 0.5
                        break
                    k = k + 1.0
                s = s + np.sin(s)
            return s
    """, n=INT)
    check(p, 0.7, n)


def test_stores_and_loads():
    p = lower("""
        def f(x, n):
            y = np.zeros_like(x)
            y[0] = x[0]
            for i in range(n - 1):
                y[i + 1] = y[i] * x[i] + np.sin(x[i + 1])
            return np.sum(y * y)
    """, x=VECTOR, n=INT)
    check(p, V, 4)


def test_accumulating_store():
    p = lower("""
        def f(x, n):
            y = np.zeros_like(x)
            for i in range(n):
                y[i] += x[i] * x[0]
            return np.sum(y * x)
    """, x=VECTOR, n=INT)
    check(p, V, 4)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_stencil(n):
    p = lower("""
        def f(u, g, n):
            for t in range(n):
                u[1:-1] = 0.25 * (u[:-2] + u[2:]) * u[1:-1] - g[1:-1]
            return np.sum(u ** 2)
    """, u=VECTOR, g=VECTOR, n=INT)
    check(p, V, W, n)


def test_wrapping_index():
    p = lower("""
        def f(z, n):
            for i in range(n):
                z[i] = z[i - 1] * z[i]
            return np.sum(z)
    """, z=VECTOR, n=INT)
    check(p, V, 4)


def test_cholesky():
    p = lower("""
        def f(a, n):
            l = np.zeros_like(a)
            for j in range(n):
                l[j, j] = np.sqrt(a[j, j] - np.sum(l[j, :j] ** 2))
                for i in range(j + 1, n):
                    l[i, j] = (a[i, j] - np.sum(l[i, :j] * l[j, :j])) / l[j, j]
            return np.sum(np.sin(l))
    """, a=MATRIX, n=INT)
    check(p, A, 4, tolerance=1e-5)


def test_rk4():
    p = lower("""
        def f(y, a, n):
            for i in range(n):
                k1 = a * np.sin(y[i])
                k2 = a * np.sin(y[i] + 0.05 * k1)
                y[i + 1] = y[i] + 0.1 * k2
            return np.sum(y * y)
    """, y=VECTOR, n=INT)
    check(p, V, 0.4, 3)
