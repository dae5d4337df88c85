"""Loops that rebind, alias and write: containers made anew, buffers that are exchanged, views that move. The loop stays a loop."""

from __future__ import annotations

import warnings
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

X = np.array([1.1, 2.3, 2.9])
Y = np.array([0.4, 0.2, 0.9])
A = np.array([[1.1, 0.3, 0.7], [0.4, -0.5, 0.6], [1.5, 0.8, 0.9], [0.2, 0.1, 0.25]])
TRIPS = (0, 1, 2, 3, 6)

Pair = namedtuple("Pair", "q p")
PROGRAMS: list[Any] = []


@dataclass
class State:
    q: Any
    p: Any


def program(*args: Any, trips: tuple[int, ...] = TRIPS) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A program whose last argument is a number of iterations."""

    def register(f: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS.append(pytest.param(f, args, trips, id=f.__name__))
        return f

    return register


@pytest.mark.parametrize("f, args, trips", PROGRAMS)
def test_gradient(f, args, trips):
    for n in trips:
        gradient_is(f, (*args, n))


@pytest.mark.parametrize("f, args, trips", PROGRAMS)
def test_the_loop_stays_a_loop(f, args, trips):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        derivative = cr.grad(f)
        text = derivative.source_for(*args, trips[-1])
        assert derivative.source_for(*args, 17) == text
    assert "range(" in text or "while " in text or "reversed(" in text


# -- containers that are made anew in each iteration -----------------------------------------------------------------


@program(np.array([0.3, -0.2]), 0.5, A[:, :2].copy(), np.arange(4.0))
def training(w, b, x, y, n):
    params = [w, b]
    for _ in range(n):
        r = np.tanh(x @ params[0] + params[1]) - y
        grads = [x.T @ (r * 0.1), np.sum(r) * 0.1]
        params = [p - 0.1 * g for p, g in zip(params, grads)]
    w, b = params
    return np.sum(w**2) + b


@program(X)
def training_with_momentum(x, n):
    params, moments = {"w": x, "b": 0.5}, {"w": np.zeros(3), "b": 0.0}
    for _ in range(n):
        grads = {"w": np.cos(params["w"]) * params["b"], "b": np.sum(np.sin(params["w"]))}
        moments = {k: 0.9 * m + grads[k] for k, m in moments.items()}
        params = {k: p - 0.1 * moments[k] for k, p in params.items()}
    return np.sum(params["w"] ** 2) * params["b"]


@program(X)
def tuple_state(x, n):
    state = (x, np.zeros(3), 1.0)
    for _ in range(n):
        u, v, s = state
        state = (u + 0.1 * v, v - 0.1 * np.sin(u) * s, s * 0.9)
    return np.sum(state[0] * state[1]) + state[2]


def leapfrog(s):
    return State(s.q + 0.1 * s.p, s.p - 0.1 * np.sin(s.q))


@program(X)
def dataclass_state(x, n):
    s = State(x, np.zeros(3))
    for _ in range(n):
        s = leapfrog(s)
    return np.sum(s.q * (1 + s.p))


@program(X)
def namedtuple_state(x, n):
    s = Pair(x, np.zeros(3))
    for _ in range(n):
        s = Pair(s.q + 0.1 * s.p, s.p - 0.1 * np.sin(s.q))
    return np.sum(s.q * (1 + s.p))


@program(X)
def nested_state(x, n):
    layers = [(x, 1.0), (2 * x, 2.0)]
    for _ in range(n):
        layers = [(np.sin(w) + b, b * 1.1) for w, b in layers]
    return sum(np.sum(w) * b for w, b in layers)


@program(X)
def rotated_numbers(x, n):
    a = [x[0], x[1], x[2] * 2.0]
    for _ in range(n):
        a = [a[1], a[2], np.sin(a[0])]
    return a[0] * 2 + a[1] * 3 + a[2]


@program(X)
def queue(x, n):
    buf = [x, x * 2]
    for _ in range(n):
        buf = buf[1:] + [np.sin(buf[0]) + buf[1]]
    return np.sum(buf[-1] * buf[0])


@program(X)
def queue_in_place(x, n):
    buf = [x, x * 2]
    for _ in range(n):
        z = buf.pop(0)
        buf.append(np.sin(z) + buf[0])
    return np.sum(buf[-1] * buf[0])


@program(X)
def exchanged_in_a_list(x, n):
    p = [x.copy(), x * 2]
    for i in range(n):
        p[0][i % 3] *= 2.0
        p = [p[1], p[0]]
    return np.sum(p[0] ** 2 * x) + np.sum(p[1] ** 3)


@program(X)
def written_through_a_list_and_a_name(x, n):
    a = x.copy()
    p = [a, x * 2]
    for _ in range(n):
        p = [p[1], p[0]]
        a[0] *= 2
        p[0][1] += p[1][0]
    return np.sum(p[0] * x) + a[1]


@program(X)
def item_rebound_and_written(x, n):
    state = {"u": x * 1}
    for _ in range(n):
        state["u"] = state["u"] * 2
        state["u"][0] = 1.5
    return np.sum(state["u"] ** 2)


@program(X)
def rebound_and_changed(x, n):
    p = {"a": x}
    for _ in range(n):
        p["a"] = p["a"] * 2
        p = {"a": np.sin(p["a"])}
        p["a"] = p["a"] * 3
    return np.sum(p["a"])


@program(X)
def rebound_under_a_condition(x, n):
    p = [x, x * 2]
    for _ in range(n):
        q = [np.sin(p[0]), p[1] * p[0]]
        if np.sum(q[0]) > 0.5:
            p = q
    return np.sum(p[0] * p[1])


@program(X)
def state_of_a_while_loop(x, n):
    p, i = [x, x[0]], 0
    while i < n:
        p = [p[0] * p[1], p[1] * 0.5]
        if p[1] < 0.1:
            break
        i += 1
    return np.sum(p[0])


@program(X)
def nested_loops(x, n):
    p = [x, x[0]]
    for i in range(n):
        for j in range(2):
            p = [p[0] + 0.1 * p[1] * j, p[1] * 1.1]
        p = [p[0] * 0.9, p[1] - 0.1 * np.sum(p[0])]
    return np.sum(p[0]) * p[1]


@program(X, trips=(1, 2, 5))
def containers_bound_in_the_loop(x, n):
    for i in range(n):
        found = {"a": x * i, "b": [x[0], (x, 2.0)]}
        x = x * 1.1
    return np.sum(found["a"]) * found["b"][0] * found["b"][1][1] + np.sum(found["b"][1][0])


# -- names that are bound to other arrays, and written -----------------------------------------------------------------


@program(X)
def ping_pong(u, n):
    new = u.copy()
    for _ in range(n):
        new[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u, new = new, u
    u[0] = u[1] * 2
    return np.sum(u**2) + np.sum(new)


@program(X, Y)
def bound_to_another_argument(x, y, n):
    for i in range(n):
        if x[0] > 1.0:
            x = y
        x[i % 3] *= 2.0
    return np.sum(x**2) + np.sum(y**3)


@program(X, Y)
def exchanged_while_a_view_sees_it(x, y, n):
    x, y = x.copy(), y.copy()
    z = x[::-1]
    for i in range(n):
        x, y = y, x
        x[i % 3] = y[0] * z[1]
    return np.sum(x**2) + np.sum(y**3) + np.sum(z)


@program(X, Y)
def exchanged_under_a_condition(x, y, n):
    z = x
    for i in range(n):
        if x[i % 3] > y[i % 3]:
            x, y = y, x
        x[i % 3] += np.sin(y[1]) * z[0]
    return np.sum(x**2) + np.sum(y**3) + np.sum(z)


@program(X, Y)
def written_after_the_loop(x, y, n):
    z = x
    for _ in range(n):
        z = z * y
    z[0] = 2 * z[1]
    return np.sum(x**2) * np.sum(y * y) + np.sum(z * x)


@program(X, Y)
def bound_to_one_array_and_written_after_the_loop(x, y, n):
    for _ in range(n):
        x = y
    x[0] = 2 * x[1]
    return np.sum(x) * np.sum(y * y)


@program(X, Y)
def exchanged_and_both_written_after_the_loop(x, y, n):
    for _ in range(n):
        x, y = y, x
    x[0] = 2 * y[1]
    y[1] = x[2] ** 2
    return np.sum(x) * np.sum(y)


@program(X, Y, trips=(1, 2, 5))
def bound_in_the_loop_to_one_of_two(x, y, n):
    for i in range(n):
        z = x if x[i % 3] > 1.5 else y
        x = x * 1.1
    z[0] = 2.0 * z[1]
    return np.sum(x**2) * np.sum(y * y) + np.sum(z * x)


@program(X, Y)
def to_and_fro(x, y, n):
    a, i = x, 0
    while i < n:
        a[i % 3] = a[(i + 1) % 3] * 1.5
        a = y if i % 2 == 0 else x
        i += 1
    return np.sum(x**2) * np.sum(y * y) + a[0]


@program(X, Y)
def told_apart_by_identity(x, y, n):
    a = x
    for i in range(n):
        a[i % 3] = a[(i + 1) % 3] * 1.5
        a = y if a is x else x
    return np.sum(x**2) * np.sum(y * y) + (a[0] if a is not y else 2 * a[1])


@program(X, Y)
def left_by_break(x, y, n):
    for _ in range(n):
        x, y = y, x
        if y[0] > 2.0:
            y[0] *= 0.5
            break
        x = x + y
        y[1] = x[0]
    y[0] += x[1]
    return np.sum(x**2 * y)


@program(X, Y)
def left_by_return(x, y, n):
    z = y
    for _ in range(n):
        x, y = y, x
        x[0] *= 1.5
        if x[0] > 3.0:
            return np.sum(x * z)
    return np.sum(x * y * z)


@program(X, Y)
def exchanged_in_the_inner_loop(x, y, n):
    z = x
    for _ in range(n):
        for j in range(2):
            x, y = y, x
            x[j] += 0.1 * z[j]
    return np.sum(x**2) * np.sum(y * y) + np.sum(z)


@program(X, Y)
def float32_is_another_array(x, y, n):
    z = x
    for i in range(n):
        if i % 2:
            x = y
        x[i % 3] += z[0] * 0.25
    return np.sum(x) + np.sum(y * z)


@program(X)
def the_same_array_twice(x, n):
    a, b = x, x
    for i in range(n):
        a, b = b, a
        a[i % 3] *= 1.5
    return np.sum(a * b)


@program(X)
def old_names_are_dead(x, n):
    y = x
    for i in range(n):
        row = x[1:]
        row[0] *= 1.5
        row = x[:2]
        row[i % 2] += 1.0
        y = row
        x = x * 1.0
    return np.sum(x) + np.sum(y)


# -- views that move -----------------------------------------------------------------------------------------------------


@program(A, X, trips=(0, 1, 2, 3, 4))
def previous_row(a, x, n):
    a = a.copy()
    prev = a[0]
    for i in range(1, n):
        a[i] = np.sin(prev) * x
        prev = a[i]
    return np.sum(a * a)


@program(A, X)
def a_row_that_is_written(a, x, n):
    row = a[0]
    for i in range(n):
        row += x
        row = a[i % 4]
        row *= 1.1
    row[0] = 5 * row[1]
    return np.sum(a * a) + np.sum(row)


@program(A, X)
def the_best_row(a, x, n):
    best = a[0]
    for i in range(n):
        if np.sum(a[i % 4]) > np.sum(best):
            best = a[i % 4]
        best *= 0.5
    return np.sum(a**2) + best[0]


@program(A, X)
def a_column_and_then_a_row(a, x, n):
    v = a[:3, 0]
    for i in range(n):
        v[0] += np.sum(v * 0.1)
        v = a[:3, i % 3]
    v[1] = v[0]
    return np.sum(a * a * a)


@program(A, X)
def a_window(a, x, n):
    w = x[0:2]
    for i in range(n):
        w += 0.1 * w[::-1] * x[1]
        w = x[i % 2 : i % 2 + 2]
    return np.sum(x**2) + np.sum(w)


@program(A[:3], X)
def transposed_to_and_fro(a, x, n):
    b = a
    for _ in range(n):
        b[0, 1] += x[0]
        b = b.T
    return np.sum(a * a * a) + b[0, 1]


@program(A, X)
def reversed_to_and_fro(a, x, n):
    v = x
    for _ in range(n):
        v[0] *= 1.5
        v = v[::-1]
    return np.sum(x * np.array([1.0, 2.0, 3.0])) * v[0]


@program(A, X, trips=(1, 2, 4))
def a_row_bound_in_the_loop(a, x, n):
    for i in range(n):
        row = a[i % 4] if a[i % 4, 0] > 0.3 else a[0]
    row[:] = row * x
    return np.sum(a**3)


def test_lists_inside_lists_that_become_an_array():
    def f(x, y):
        b = np.array([[v * w for v in x] for w in y])
        return np.sum(b * b) + b[0, 1]

    gradient_is(f, (X, Y[:2]))


# -- what the compiler must not take for something else --------------------------------------------------------------------


def right_or_refused(f, *args):
    try:
        gradient_is(f, args)
    except cr.UnsupportedError:
        pass


def shared_by_two_names(x, n):
    best = x
    for _ in range(n):
        x = x * 0.9
        if np.sum(x) < np.sum(best):
            best = x
        best[0] += 0.1
    return np.sum(x**2) + np.sum(best**3)


def list_seen_by_another_name(x, n):
    p = [x, x * 2]
    q = p
    for _ in range(n):
        p = [np.sin(p[0]), p[1]]
    p.append(x)
    return np.sum(p[0]) + len(q) * np.sum(q[0])


def item_seen_by_another_name(x, n):
    p = {"a": x}
    q = p
    for _ in range(n):
        p["a"] = p["a"] * 2
        p = {"a": np.sin(p["a"])}
    return np.sum(p["a"]) + np.sum(q["a"])


def kept_in_a_list(x, n):
    y = np.zeros(3)
    y[1:] = 0.35
    values = [0.49 * y]
    for _ in range(n):
        y, x = (x, y)
        values.append(y)
    y /= 1.5
    return np.sum(values[-1])


def view_of_a_view_each_time(x, n):
    v = x
    for _ in range(n):
        v[0] *= 1.5
        v = v[1:]
    return np.sum(x * x)


def recursion_that_writes(x, n):
    def go(y, k):
        if k > 0:
            y[k % 3] *= 1.5
            go(y, k - 1)

    go(x, n)
    return np.sum(x * x)


ALIASES = [shared_by_two_names, list_seen_by_another_name, item_seen_by_another_name, kept_in_a_list, view_of_a_view_each_time, recursion_that_writes]


@pytest.mark.parametrize("f", ALIASES)
def test_what_the_loop_cannot_carry_is_right_or_refused(f):
    for n in (0, 1, 2) if f is view_of_a_view_each_time else TRIPS:
        right_or_refused(f, X, n)


# -- values that exist on one path only ------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.0, 9.0])
@pytest.mark.parametrize("n", [0, 2])
def test_a_name_that_an_earlier_loop_may_not_have_bound(limit, n):
    def f(y, x, n, limit):
        i = 0
        while i < n and y[0] < limit:
            i += 1
            a = y.copy()
            a[0] = np.tanh(a[1])
        for j in range(3):
            a = (x[:-1] + j) * x[1:]
            x = np.exp(0.1 * x)
        return np.sum(np.sin(x)) + np.sum(y * y) + np.sum(np.sin(a))

    gradient_is(f, (Y, X, n, limit))


@pytest.mark.parametrize("s", [0.3, 1.5])
@pytest.mark.parametrize("t", [0.3, 1.5])
def test_an_array_made_in_a_branch_of_a_branch(s, t):
    def helper(x, z, s):
        if s > 1.0:
            return x[::-1]
        z = np.array([s, x[1], s * x[0]])
        return z[::-1]

    def f(x, s, t):
        if t > 1.0:
            y = helper(x, x, s)
            return np.sum(y * y) + t
        return np.sum(np.sin(x)) * t

    gradient_is(f, (X, s, t))
