"""Programs that types do not decide: the path of each call is compiled, and checked when it runs."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import MissingRuleError, UnsupportedError
from tests.gradients import gradient_is

X = np.array([0.3, 0.5, 0.7])


def swapped_items(x, n):
    a = [x[0], x[1]]
    for _ in range(n):
        a = [a[1], a[0] * x[2]]
        if a[0] > 0.2:
            a.append(x[1])
            a = a[1:]
    return a[0] + 2 * a[-1]


def grown_by_value(x):
    kept = []
    for v in x:
        if v > 0.4:
            kept.append(v * v)
        else:
            kept = kept + [v]
    kept[0] = kept[0] * 2
    return sum(kept)


def until_small(x, n):
    state = {"value": x[0], "trace": []}
    while state["value"] > 0.05:
        state["trace"].append(state["value"])
        state["value"] = state["value"] * x[1] if len(state["trace"]) % 2 else state["value"] - 0.01 * x[2]
        if len(state["trace"]) > n:
            break
    else:
        state["value"] = state["value"] + 10 * x[2]
    return state["value"] + sum(state["trace"])


def key_by_value(x, n):
    table = {0: x, 1: 2 * x, 2: x * x}
    at = int(10 * x[0]) % 3
    table[at][0] = 5.0 * x[1]
    return np.sum(table[at]) + np.sum(x)


def argument_written_by_recursion(x, n):
    def g(a, n):
        a[n] = a[n] * 2
        return a if n == 0 else g(a, n - 1)

    y = x * 1.0
    return np.sum(g(y, n) * y)


def variable_around_a_recursion(x, n):
    c = x[0]

    def g(a, n):
        nonlocal c
        c = c * 2
        return a if n == 0 else g(a, n - 1)

    return np.sum(g(x, n)) * c


def recursion_with_other_kinds(x, n):
    def g(a, n):
        return a[0] if n == 0 else g((a, 1.0), n - 1)[0]

    return np.sum(g((x,), n)) if n == 0 else np.sum(g((x,), n)[0])


def view_out_of_a_recursion(x, n):
    def g(a, n):
        return a if n == 0 else g(a[1:], n - 1)

    y = x * 1.0
    g(y, n)[0] = 5.0
    return np.sum(y * y)


def list_out_of_a_recursion(x, n):
    def g(a, n):
        return a if n == 0 else g(a, n - 1)

    items = [x[0], x[1]]
    g(items, n)[0] = 3.0
    return items[0] * items[1]


def list_that_grows_under_the_loop(x, n):
    items = [x[0]]
    total = 0.0
    for v in items:
        total = total + v * v
        if total < 0.5 and len(items) < n + 4:
            items.append(v * x[1] + 0.1)
            items = items + []
    return total


CASES = {
    "swapped items": (swapped_items, [(X, 3), (X, 0), (X * 3, 2)]),
    "grown by value": (grown_by_value, [(X,), (1 - X,), (X * 0.1,)]),
    "until small": (until_small, [(X, 5), (X, 50), (X * 0.1, 5)]),
    "key by value": (key_by_value, [(X + 0.02, 1), (X + 0.12, 1), (X + 0.22, 1)]),
    "argument written by recursion": (argument_written_by_recursion, [(X, 2), (X, 0)]),
    "variable around a recursion": (variable_around_a_recursion, [(X, 2), (X, 0)]),
    "recursion with other kinds": (recursion_with_other_kinds, [(X, 0), (X, 1)]),
    "view out of a recursion": (view_out_of_a_recursion, [(X, 2), (X, 0)]),
    "list out of a recursion": (list_out_of_a_recursion, [(X, 2), (X, 0)]),
    "list that grows under the loop": (list_that_grows_under_the_loop, [(X, 3), (X * 0.5, 3), (X * 5, 2)]),
}


@pytest.mark.parametrize("name", CASES)
def test_gradient(name):
    f, calls = CASES[name]
    for args in calls:
        gradient_is(f, args)


def branching(x):
    parts = {"first": x[0]}
    for v in x[1:]:
        parts["up" if v > 0 else "down"] = v
    return 3 * parts["first"] + parts.get("up", 2 * x[1])


def test_each_path_is_compiled_once_and_found_again():
    derivative = cr.grad(branching)
    up, down = np.array([0.3, 0.4]), np.array([0.3, -0.4])
    expected = {True: [3.0, 1.0], False: [3.0, 2.0]}
    for _ in range(3):
        for x in (up, down, 2 * up, 2 * down):
            np.testing.assert_allclose(derivative(x), expected[bool(x[1] > 0)])
    assert len(derivative.signatures) == 2


def test_the_source_is_that_of_the_path():
    derivative = cr.grad(branching)
    up, down = derivative.source_for(np.array([0.3, 0.4])), derivative.source_for(np.array([0.3, -0.4]))
    assert up != down and up == cr.grad(branching).source_for(np.array([0.5, 0.6]))
    assert "expect(" in up


def test_more_paths_than_are_remembered():
    def f(x, n):
        found = []
        for k in range(n):
            found = [x[k % 3], *found] if (n >> k) & 1 else found
        return sum(found) * 1.0

    derivative = cr.grad(f)
    for n in [*range(1, 90), 1, 2, 3]:
        gradient = derivative(X, n)
        expected = np.zeros(3)
        for k in range(n):
            expected[k % 3] += (n >> k) & 1
        np.testing.assert_allclose(gradient, expected)


def printing(x):
    kept = []
    for n, v in enumerate(x):
        print("item", n)
        kept = [*kept, v * v] if v > 0.4 else kept
    return sum(kept) * 1.0


def test_what_is_printed_is_printed_once_on_every_path():
    derivative = cr.grad(printing)
    for x in (X, X[::-1].copy(), X, X * 2, X):
        text = io.StringIO()
        with redirect_stdout(text):
            derivative(x)
        assert text.getvalue() == "item 0\nitem 1\nitem 2\n"


def test_a_function_without_source_is_called_once_with_real_values():
    given = []
    measure = _measure(given)

    def f(x):
        size = measure(x * 2)
        return np.sum(x ** 2) * size if size > 2 else np.sum(x)

    measure.calls.clear()
    derivative = cr.value_and_grad(f)
    value, gradient = derivative(X)
    np.testing.assert_allclose(gradient, 2 * X * 3)
    assert len(measure.calls) == 1 and np.all(measure.calls[0] == 2 * X)
    np.testing.assert_allclose(derivative(X[:2])[1], 1.0)
    assert len(measure.calls) == 2


def _measure(given):
    namespace = {"given": given}
    exec("def measure(x):\n    measure.calls.append(x)\n    return len(x)\nmeasure.calls = given\n", namespace)  # exec keeps no source
    return namespace["measure"]


def test_a_number_out_of_nowhere_is_refused():
    namespace = {}
    exec("def square(x):\n    return x * x\n", namespace)
    square = namespace["square"]
    with pytest.raises(MissingRuleError):
        cr.grad(lambda x: square(x[0]) * 1.0)(X)


def test_an_exception_of_the_path_is_that_of_the_user():
    def f(x, n):
        parts = [x[0]]
        for _ in range(n):
            parts = [*parts, parts[-1] / (len(parts) - 3)]
        return parts[-1]

    gradient_is(f, (X, 2))
    with pytest.raises(ZeroDivisionError):
        cr.grad(f)(list(map(float, X)), 4)


def test_a_view_or_a_copy_is_looked_up_in_memory():
    def f(a):
        b = (a * 1.0).ravel()
        c = a.T.copy().reshape(-1)
        b[0] = 3.0
        c[1] = 4.0
        return np.sum(b * c) + np.sum(a)

    a = np.arange(6.0).reshape(2, 3) + 1
    gradient_is(f, (a,))
    derivative = cr.grad(f)
    for order in (a, np.asfortranarray(a), a[:, ::-1], a.T):
        np.testing.assert_allclose(derivative(order), cr.grad(f)(order.copy(order="K")))


def test_too_long_a_path():
    def f(x):
        items = {}
        s = 0.0
        while s < 1e5:
            items[int(s)] = x[0] * s
            s = s + 1.0
        return items[0]

    with pytest.raises(UnsupportedError, match="is too long"):
        cr.grad(f)(X)
