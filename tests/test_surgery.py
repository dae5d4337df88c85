"""Surgery on the reverse sweep: `stop_gradient`, `adjoint_of`, and derivatives with respect to intermediate values."""

from __future__ import annotations

import contextlib
import dataclasses
import typing

import numpy as np
import pytest

import chainrule as cr

X = np.array([0.3, -0.7, 1.2])
seen: list[typing.Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen():
    seen.clear()


def value_is_that_of(f, *args):
    """The value is that of the function, which reads no adjoint."""
    value, gradient = cr.value_and_grad(f)(*args)
    seen.clear()
    np.testing.assert_array_equal(value, f(*args))
    seen.clear()
    return gradient


# -- stop_gradient -----------------------------------------------------------------------------------------


class Pair(typing.NamedTuple):
    a: typing.Any
    b: typing.Any


@dataclasses.dataclass
class Model:
    w: typing.Any
    name: str


@pytest.mark.parametrize("make", [
    lambda x: (x, 2.0), lambda x: [x * 1.0, {"k": (x,)}], lambda x: {"a": x, "b": None}, lambda x: Pair(x, x), lambda x: Model(x, "m")])
def test_nests_become_constants(make):
    def leaves(value):
        if isinstance(value, Model):
            return [value.w]
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        if isinstance(value, (tuple, list)):
            return [leaf for item in value for leaf in leaves(item)]
        return [value] if isinstance(value, np.ndarray) else []

    def f(x):
        total = 0.0
        for leaf in leaves(cr.stop_gradient(make(x))):
            total = total + np.sum(leaf * x)
        return total

    count = len(leaves(make(X)))
    value, gradient = cr.value_and_grad(f)(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, count * X)
    kept = cr.stop_gradient(make(X))
    assert type(kept) is type(make(X))


def test_what_comes_out_is_a_copy():
    def f(x):
        y = cr.stop_gradient(x)
        y[0] = 10.0
        return np.sum(x * y)

    def g(x):
        x = x * 1.0
        y = cr.stop_gradient(x)
        x[0] = 10.0 * x[1]
        return np.sum(x * y)

    x = X.copy()
    np.testing.assert_allclose(cr.grad(f)(x), [10.0, *X[1:]])
    assert x.tolist() == X.tolist()
    np.testing.assert_allclose(cr.grad(g)(X), [0.0, X[1] + 10 * X[0], X[2]])
    assert cr.value_and_grad(g)(X)[0] == g(X)


def test_stop_gradient_in_a_loop_and_of_a_list_that_grows():
    def f(x):
        states = []
        s = x
        for _ in range(3):
            s = s * x
            states.append(s)
        fixed = cr.stop_gradient(states)
        total = 0.0
        for k in range(3):
            total = total + fixed[k] * states[k]
        return total

    x = 1.3
    assert np.isclose(cr.grad(f)(x), sum(x**k * k * x**(k - 1) for k in (2, 3, 4)))


def test_stop_gradient_of_one_of_two_and_of_what_carries_none():
    def f(x, flag):
        y = x * 2.0 if flag > 0 else x * 3.0
        n, name, nothing = cr.stop_gradient((3, "a", None))
        assert name == "a" and nothing is None
        return np.sum(cr.stop_gradient(y) * x) * n

    np.testing.assert_allclose(cr.grad(f)(X, 1.0), 6 * X)
    np.testing.assert_allclose(cr.grad(f)(X, -1.0), 9 * X)


def test_stop_gradient_of_other_objects_is_refused():
    class Box:
        def __init__(self, v):
            self.v = v

    def f(x):
        return np.sum(cr.stop_gradient(Box(x)).v * x)

    with pytest.raises(cr.UnsupportedError, match="stop_gradient"):
        cr.grad(f)(X)


# -- adjoint_of: where it is executed, and what it changes -------------------------------------------------------


def test_an_adjoint_is_clipped():
    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as h_bar:
            h_bar = np.clip(h_bar, -0.5, 0.5)
        return np.sum(h * h)

    np.testing.assert_allclose(value_is_that_of(f, X), np.clip(2 * np.sin(X), -0.5, 0.5) * np.cos(X))


def test_an_adjoint_is_scaled_in_place():
    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as h_bar:
            h_bar *= 0.5
            h_bar[1] = 7.0
        return np.sum(h * h)

    expected = np.sin(X)
    expected[1] = 7.0
    np.testing.assert_allclose(value_is_that_of(f, X), expected * np.cos(X))


def test_an_adjoint_is_looked_at():
    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as h_bar:
            seen.append(h_bar.copy())
        return np.sum(h * h)

    gradient = cr.grad(f)(X)
    np.testing.assert_allclose(gradient, 2 * np.sin(X) * np.cos(X))
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], 2 * np.sin(X))


def test_what_is_kept_outside_is_not_written_later():
    def f(x):
        h = np.sin(x)
        for _ in range(3):
            with cr.adjoint_of(h) as h_bar:
                seen.append(h_bar.copy())
                h_bar *= 2.0
        return np.sum(h * h)

    cr.grad(f)(X)
    np.testing.assert_allclose(seen, [2 * np.sin(X), 4 * np.sin(X), 8 * np.sin(X)])


def test_an_array_kept_outside_must_be_a_copy():
    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as h_bar:
            seen.append(h_bar)
        return np.sum(h * h)

    with pytest.raises(cr.UnsupportedError, match="copy"):
        cr.grad(f)(X)


def test_a_number(capsys):
    def f(x):
        y = x * x
        with cr.adjoint_of(y) as g:
            print("adjoint", g)
            g = 3.0
        return y * y

    assert value_is_that_of(f, 1.5) == 3.0 * 3.0
    assert capsys.readouterr().out == "adjoint 4.5\nadjoint 0.0\n"


def test_only_what_follows_passes_through():
    def f(x):
        y = x * x
        before = y * 10.0
        with cr.adjoint_of(y) as g:
            g = 0.0
        return before + y

    assert value_is_that_of(f, 1.5) == 10.0 * 3.0


def test_equal_values_are_not_one_value():
    def f(x):
        a = x * 2.0
        b = x * 2.0
        with cr.adjoint_of(a) as g:
            g = g * 0.0
        return a + b

    assert value_is_that_of(f, 1.5) == 2.0

    def arrays(x):
        a = x * 2.0
        b = x * 2.0
        with cr.adjoint_of(a) as g:
            g *= 0.0
        return np.sum(a + b)

    assert value_is_that_of(arrays, X).tolist() == [2.0, 2.0, 2.0]


def test_other_names_of_an_array_are_the_array():
    def f(x):
        a = x * 2.0
        b = a
        row = a[1:]
        with cr.adjoint_of(a) as g:
            g *= 0.5
        return np.sum(b) + np.sum(row)

    np.testing.assert_allclose(value_is_that_of(f, X), [1.0, 2.0, 2.0])


def test_a_parameter():
    def f(x):
        with cr.adjoint_of(x) as g:
            g *= 0.5
        return np.sum(x * x)

    np.testing.assert_allclose(value_is_that_of(f, X), X)

    def of_number(x):
        with cr.adjoint_of(x) as g:
            g *= 0.5
        return x * x

    assert value_is_that_of(of_number, 3.0) == 3.0


def test_of_a_view():
    def f(x):
        h = x * 2.0
        with cr.adjoint_of(h[1:]) as g:
            g = g * 0.5
        with cr.adjoint_of(h.reshape(3, 1)[0]) as g:
            g[:] = 9.0
        return np.sum(h * h)

    np.testing.assert_allclose(value_is_that_of(f, X), [18.0, *(4 * X[1:])])


def test_of_a_transposed_view_and_of_elements_written_later():
    def f(a):
        h = a * 1.0
        with cr.adjoint_of(h.T) as g:
            g[0] = 0.0
        h[1, 1] = h[0, 1] * h[0, 0]
        return np.sum(h * h)

    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    # h10 is in the first column: zero; h00 too; h01 has its own and what goes through the write; h11 is overwritten.
    np.testing.assert_allclose(value_is_that_of(f, a), [[0.0, 4.0 + 2 * 2.0 * 1.0], [0.0, 0.0]])


def test_writes_before_and_after():
    def f(x):
        u = np.zeros(4)
        for i in range(3):
            u[i] = x[i] ** 2
            with cr.adjoint_of(u[:2]) as u_bar:
                u_bar[0] = 0.0
        return np.sum(u)

    np.testing.assert_allclose(value_is_that_of(f, X), [0.0, 2 * X[1], 2 * X[2]])


def test_in_a_loop_in_reverse_order():
    def f(x):
        s = x
        for i in range(4):
            s = np.sin(s) * 1.5
            with cr.adjoint_of(s) as s_bar:
                s_bar *= 0.5
                seen.append((i, s, s_bar))
        return s

    gradient = cr.grad(f)(1.0)
    s, values = 1.0, []
    for _ in range(4):
        values.append(s)
        s = np.sin(s) * 1.5
    bar, expected = 1.0, []
    for i in reversed(range(4)):
        bar *= 0.5
        expected.append((i, np.sin(values[i]) * 1.5, bar))
        bar *= 1.5 * np.cos(values[i])
    assert np.isclose(gradient, bar)
    np.testing.assert_allclose(seen, expected)


def test_in_a_while_loop_and_in_a_branch():
    def f(x):
        s = x
        n = 0
        while s > 0.1:
            s = s * 0.5
            n += 1
            if n % 2 == 0:
                with cr.adjoint_of(s) as g:
                    seen.append((n, s))
                    g = g * 10.0
        return s

    assert np.isclose(cr.grad(f)(1.0), 0.5**4 * 100.0)
    assert seen == [(4, 1 / 16), (2, 1 / 4)]
    seen.clear()
    assert np.isclose(cr.grad(f)(0.3), 0.25 * 10.0)
    assert seen == [(2, 0.075)]


def test_in_a_loop_that_breaks():
    def f(x):
        total = x * 0.0
        for k in range(10):
            y = x * k
            with cr.adjoint_of(y) as g:
                g = g + 1.0
                seen.append(k)
            if y > 2.5:
                break
            total = total + y
        return total

    assert np.isclose(cr.grad(f)(1.0), 2.0 * (0 + 1 + 2) + 1.0 * 3)
    assert seen == [3, 2, 1, 0]


def test_of_an_array_that_a_loop_rebinds():
    def f(x):
        h = x
        for k in range(3):
            h = np.tanh(h) * (k + 1.0)
            with cr.adjoint_of(h) as g:
                norm = np.sqrt(np.sum(g**2))
                if norm > 0.5:
                    g = g * (0.5 / norm)
        return np.sum(h)

    def by_hand(x):
        hs = [x]
        for k in range(3):
            hs.append(np.tanh(hs[-1]) * (k + 1.0))
        g = np.ones(3)
        for k in reversed(range(3)):
            norm = np.sqrt(np.sum(g**2))
            if norm > 0.5:
                g = g * (0.5 / norm)
            g = g * (k + 1.0) * (1 - np.tanh(hs[k]) ** 2)
        return g

    np.testing.assert_allclose(value_is_that_of(f, X), by_hand(X))


def test_in_functions_that_are_called():
    def clipped(h, limit):
        with cr.adjoint_of(h) as h_bar:
            h_bar = np.clip(h_bar, -limit, limit)
        return h

    def f(x):
        y = clipped(x * 1.0, 0.1)
        z = clipped(np.exp(x), limit=0.2)
        return np.sum(y * y) + np.sum(z)

    np.testing.assert_allclose(value_is_that_of(f, X), np.clip(2 * X, -0.1, 0.1) + 0.2 * np.exp(X))

    def half(v):
        with cr.adjoint_of(v) as g:
            g = g * 0.5
        return v

    def g(x):
        return half(x) * half(x * 3.0)

    # Both halves of the product: 0.5 * 3x + 0.5 * 3x
    assert np.isclose(value_is_that_of(g, 2.0), 6.0)


def test_in_a_function_that_calls_itself():
    def power(x, n):
        if n == 0:
            return 1.0
        y = x * power(x, n - 1)
        with cr.adjoint_of(y) as g:
            g = g * 2.0
            seen.append(n)
        return y

    def f(x, n):
        return power(x, n)

    x = 1.5
    # d y_n = 2 (y_{n-1} + x d y_{n-1})
    d = 0.0
    for n in (1, 2, 3):
        d = 2 * (x ** (n - 1) + x * d)
    assert np.isclose(cr.grad(f)(x, 3), d)
    assert seen == [3, 2, 1]


def test_reverse_is_run_anew_each_time_a_pullback_is():
    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as g:
            seen.append(float(np.sum(g)))
            g *= 0.5
        return h * 2.0

    value, pullback = cr.vjp(f, X)
    assert seen == []
    np.testing.assert_allclose(value, 2 * np.sin(X))
    for scale in (1.0, 3.0):
        np.testing.assert_allclose(pullback(np.full(3, scale))[0], scale * np.cos(X))
    assert seen == [6.0, 18.0]


def test_without_a_derivative_on_its_way():
    def not_an_input(x, w):
        h = np.sin(w)
        with cr.adjoint_of(h) as g:
            seen.append(g.copy())
        return np.sum(h * x)

    np.testing.assert_allclose(cr.grad(not_an_input)(X, X), np.sin(X))
    np.testing.assert_allclose(seen, [X])  # the adjoint of h is known, though nobody asks for that of w
    seen.clear()

    def not_used(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as g:
            seen.append(g.copy())
            g += 1.0
        return np.sum(x)

    np.testing.assert_allclose(cr.grad(not_used)(X), 1.0 + np.cos(X))
    np.testing.assert_allclose(seen, [np.zeros(3)])
    seen.clear()

    def not_used_in_a_loop(x, n):
        for k in range(n):
            h = x * k
            if k % 2:
                with cr.adjoint_of(h) as g:
                    seen.append((k, float(np.sum(g))))
        return np.sum(x)

    np.testing.assert_allclose(cr.grad(not_used_in_a_loop)(X, 4), np.ones(3))
    assert seen == [(3, 0.0), (1, 0.0)]


def test_a_block_reads_the_values_of_its_place():
    def f(x):
        scale = 2.0
        h = x * x
        with cr.adjoint_of(h) as g:
            g = g * scale * h
        scale = 100.0
        h = h * 3.0
        return np.sum(h) * scale

    np.testing.assert_allclose(value_is_that_of(f, X), 300.0 * 2.0 * X * X * 2 * X)


def test_a_block_reads_an_array_that_is_written_later():
    def f(x):
        mask = np.array([1.0, 0.0, 1.0])
        h = x * x
        with cr.adjoint_of(h) as g:
            g *= mask
        mask[:] = 5.0
        return np.sum(h * mask)

    np.testing.assert_allclose(value_is_that_of(f, X), 10 * X * [1.0, 0.0, 1.0])


def test_loops_comprehensions_and_helpers_in_a_block():
    def soften(v):
        return v / (1.0 + np.abs(v))

    def f(x):
        h = x * 3.0
        with cr.adjoint_of(h) as g:
            total = 0.0
            for k in range(len(g)):
                total += g[k] ** 2
            while total > 1.0:
                total = total * 0.5
                g = g * 0.5
            parts = [soften(v) for v in (g, -g)]
            g = parts[0] - parts[1]
        return np.sum(h * h)

    g = 6 * X
    total = np.sum(g**2)
    while total > 1.0:
        total, g = total * 0.5, g * 0.5
    np.testing.assert_allclose(value_is_that_of(f, X), 3 * 2 * g / (1 + np.abs(g)))


def test_a_block_may_raise():
    def f(x):
        h = np.sqrt(x)
        with cr.adjoint_of(h) as g:
            if np.any(np.abs(g) > 100.0):
                raise FloatingPointError("the adjoint explodes")
            assert g[0] < 50.0, "too large"
        return np.sum(h * h * h)

    np.testing.assert_allclose(cr.grad(f)(np.full(2, 4.0)), 3 * 4.0 / (2 * 2.0) * np.ones(2))
    with pytest.raises(FloatingPointError, match="explodes"):
        cr.grad(f)(np.full(2, 1e6))
    with pytest.raises(AssertionError, match="too large"):
        cr.grad(f)(np.full(2, 5.0**2))

    def caught(x):
        h = x * 2.0
        try:
            with cr.adjoint_of(h) as g:
                if g > 5.0:
                    raise ValueError("large")
        except ValueError:
            h = 0.0
        return h * 3.0

    with pytest.raises(ValueError, match="large"):  # the reverse sweep is not in the `try` any more
        cr.grad(lambda x: caught(x) * 7.0)(1.0)
    assert cr.grad(caught)(1.0) == 6.0


def test_types_are_kept():
    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as g:
            g = g * 2.0
        return np.sum(h)

    gradient = cr.grad(f)(X.astype(np.float32))
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, 2 * np.cos(X), rtol=1e-6)

    def number(x):
        y = np.sum(x)
        with cr.adjoint_of(y) as g:
            g = np.float64(3.0)
        return y * y

    assert cr.grad(number)(X).tolist() == [3.0, 3.0, 3.0]

    def filled(x):
        h = x * 1.0
        with cr.adjoint_of(h) as g:
            g = 2.0
        return np.sum(h)

    assert cr.grad(filled)(X).tolist() == [2.0, 2.0, 2.0]

    def zero_dimensional(x):
        h = np.array(x) * 1.0
        with cr.adjoint_of(h) as g:
            g = g * 4.0
        return h * 1.0

    assert cr.grad(zero_dimensional)(3.0) == 4.0

    def complex_(x):
        z = x * (1 + 2j)
        with cr.adjoint_of(z) as g:
            g = g * 2.0
        return np.sum(np.abs(z) ** 2)

    np.testing.assert_allclose(cr.grad(complex_)(X), 2 * 2 * 5 * X)


def test_without_a_name():
    def f(x):
        h = x * 1.0
        with cr.adjoint_of(h):
            seen.append("here")
        return np.sum(h)

    assert cr.grad(f)(X).tolist() == [1.0, 1.0, 1.0]
    assert seen == ["here"]


def test_several_in_one_statement():
    def f(x):
        a = x * 2.0
        b = x * 3.0
        with cr.adjoint_of(a) as g, contextlib.nullcontext():
            g *= 0.5
        with np.errstate(all="ignore"), cr.adjoint_of(b) as g:
            g *= 2.0
        return np.sum(a + b)

    np.testing.assert_allclose(value_is_that_of(f, X), np.full(3, 1.0 + 6.0))


def test_of_an_array_in_a_container_or_an_object():
    class Layer:
        def __init__(self, w):
            self.w = w

    def f(x):
        parts = [x * 1.0, x * 2.0]
        layer = Layer(x * 3.0)
        with cr.adjoint_of(parts[1]) as g:
            g *= 0.0
        with cr.adjoint_of(layer.w) as g:
            g *= 10.0
        return np.sum(parts[0] + parts[1]) + np.sum(layer.w)

    np.testing.assert_allclose(value_is_that_of(f, X), np.full(3, 31.0))


def test_of_each_array_of_a_list():
    def f(ws, x):
        total = 0.0
        for w in ws:
            with cr.adjoint_of(w) as g:
                g /= np.linalg.norm(g)
            total = total + np.sum(w * x)
        return total

    gradients = cr.grad(f)([X * 1.0, X * 2.0], X)
    for gradient in gradients:
        np.testing.assert_allclose(gradient, X / np.linalg.norm(X))


def test_where_values_decide():
    def f(x):
        h = np.sin(x)
        items = []
        if h[0] > 0:
            items.append(h)
        with cr.adjoint_of(items[0]) as g:
            seen.append(g.copy())
            g = g * 2.0
        return np.sum(items[0] ** 2)

    x = np.array([0.5, -0.3])
    np.testing.assert_allclose(cr.grad(f)(x), 4 * np.sin(x) * np.cos(x))
    np.testing.assert_allclose(seen, [2 * np.sin(x)])


def test_of_arrays_of_outer_functions_and_derivatives_inside():
    def f(x):
        h = x * 1.0

        def inner():
            with cr.adjoint_of(h) as g:
                g = g + cr.grad(lambda v: np.sum(v**2))(h)

        inner()
        with cr.adjoint_of(h[::2]) as g:
            g[:] = [5.0, 6.0]
        return np.sum(h)

    np.testing.assert_allclose(value_is_that_of(f, X), [5.0 + 2 * X[0], 1.0 + 2 * X[1], 6.0 + 2 * X[2]])


def test_of_one_of_two_arrays():
    def f(x, c):
        a = x * 1.0
        b = x * 2.0
        h = a if c > 0 else b
        with cr.adjoint_of(h) as g:
            g *= 0.25
        return np.sum(a) + np.sum(b) + np.sum(h)

    np.testing.assert_allclose(value_is_that_of(f, X, 1.0), np.full(3, 0.5 + 2.0))
    np.testing.assert_allclose(value_is_that_of(f, X, -1.0), np.full(3, 1.0 + 1.0))


def test_breakpoint(monkeypatch):
    hits = []
    monkeypatch.setattr("sys.breakpointhook", lambda *args, **keywords: hits.append("hit"))

    def f(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as h_bar:
            breakpoint()  # noqa: T100
            h_bar *= 2.0
        return np.sum(h)

    derivative = cr.grad(f)
    derivative(X)
    assert hits == ["hit"]
    assert "breakpoint()" in derivative.source


def test_the_block_stands_in_the_source():
    def f(x, limit):
        h = np.sin(x)
        with cr.adjoint_of(h) as h_bar:
            norm = np.linalg.norm(h_bar)
            if norm > limit:
                h_bar = h_bar * (limit / norm)
        return np.sum(h * h)

    source = cr.grad(f).source_for(X, 0.5)
    assert source.partition('"""\n')[2] == """\
    # forward sweep
    h = np.sin(x)
    # reverse sweep
    # return np.sum(h * h)
    h_bar = 2 * h
    # norm = np.linalg.norm(h_bar)
    norm = np.linalg.norm(h_bar)
    # if norm > limit:
    if norm > limit:
        h_bar = h_bar * (limit / norm)
    # h = np.sin(x)
    x_bar = h_bar * np.cos(x)
    return x_bar
"""


# -- adjoint_of: what is refused ------------------------------------------------------------------------------------


def _assigns(x):
    h = x * 1.0
    n = 3.0
    with cr.adjoint_of(h) as g:
        n = 5.0
        g = g * n
    return np.sum(h) * n


def _writes(x):
    h = x * 1.0
    log = np.zeros(3)
    with cr.adjoint_of(h) as g:
        log[:] = g
    return np.sum(h * log)


def _appends(x):
    h = x * 1.0
    log = []
    with cr.adjoint_of(h) as g:
        log.append(g)
    return np.sum(h) * len(log)


def _returns(x):
    h = x * 1.0
    with cr.adjoint_of(h) as g:
        return np.sum(g)
    return np.sum(h)


def _breaks(x):
    h = x * 1.0
    for _ in range(3):
        with cr.adjoint_of(h) as g:
            g *= 2.0
            break
    return np.sum(h)


def _adjoint_is_used(x):
    h = x * 1.0
    with cr.adjoint_of(h) as g:
        g = g * 2.0
    return np.sum(h) + np.sum(g)


def _of_a_tuple(x):
    with cr.adjoint_of((x, x)) as g:
        pass
    return np.sum(x)


def _of_an_integer(x):
    n = len(x)
    with cr.adjoint_of(n) as g:
        g = 1.0
    return np.sum(x) * n


def _of_no_name(x):
    y = np.sum(x)
    with cr.adjoint_of(y * 2.0) as g:
        g = 1.0
    return y


def _not_an_adjoint(x):
    h = x * 1.0
    with cr.adjoint_of(h) as g:
        g = None
    return np.sum(h)


def _nested(x):
    h = x * 1.0
    with cr.adjoint_of(h) as g:
        with cr.adjoint_of(g) as g_bar:
            g_bar *= 2.0
    return np.sum(h)


def _into_a_part(x):
    h = x * 1.0
    box = [None]
    with cr.adjoint_of(h) as box[0]:
        pass
    return np.sum(h)


def _of_an_outer_number(x):
    y = x[0] * 2.0

    def inner():
        with cr.adjoint_of(y) as g:
            g = g * 3.0

    inner()
    return y


def _complex_for_real(x):
    y = np.sum(x)
    with cr.adjoint_of(y) as g:
        g = g * 1j
    return y


@pytest.mark.parametrize("f, what", [
    (_of_an_outer_number, "`adjoint_of` of the number `y` of another function"), (_complex_for_real, "`g` is not an adjoint at the end"),
    (_assigns, "`n` is assigned in a block of the reverse sweep"), (_writes, "changes an array, a list or an object of the primal"),
    (_appends, "changes an array, a list or an object of the primal"), (_returns, "`return` in a block"), (_breaks, "`break` in a block"),
    (_adjoint_is_used, "`g` is also used outside"), (_of_a_tuple, "`adjoint_of` of a tuple"), (_of_an_integer, "`adjoint_of` of a value that carries no"),
    (_of_no_name, "a number that no name is bound to"), (_not_an_adjoint, "`g` is not an adjoint at the end"),
    (_nested, "`adjoint_of` inside a block"), (_into_a_part, "bound to something other than a name")], ids=lambda p: getattr(p, "__name__", ""))
def test_is_refused(f, what):
    with pytest.raises(cr.UnsupportedError) as caught:
        cr.grad(f)(X)
    assert what in str(caught.value)
    assert f"in {f.__name__}: " in str(caught.value) and "^" in str(caught.value)


def test_as_plain_python_the_adjoint_is_zero():
    with cr.adjoint_of(X.astype(np.float32)) as g:
        assert g.dtype == np.float32 and g.tolist() == [0.0, 0.0, 0.0]
    with cr.adjoint_of(2.0) as g:
        assert type(g) is float and g == 0.0
    with cr.adjoint_of(np.float32(2.0)) as g:
        assert type(g) is np.float32 and g == 0.0


# -- intermediate_grads ----------------------------------------------------------------------------------------------


def test_gradients_of_values_inside():
    def loss(w, x):
        h = np.tanh(w @ x)
        logits = h.reshape(3, 1)[:, 0]
        total = 0.0
        for k in range(3):
            total = total + logits[k] ** 2
        t = total * 1.0
        return t * t

    w = np.diag([0.5, -0.3, 1.0])
    derivative = cr.intermediate_grads(loss, ("h", "logits", "t"))
    found = derivative(w, X)
    h = np.tanh(w @ X)
    t = np.sum(h**2)
    assert list(found) == ["h", "logits", "t"]
    np.testing.assert_allclose(found["h"], 2 * t * 2 * h)
    np.testing.assert_allclose(found["logits"], 2 * t * 2 * h)
    assert np.isclose(found["t"], 2 * t)
    assert not np.may_share_memory(found["h"], found["logits"])
    assert "h = np.tanh(w @ x)" in derivative.source_for(w, X)


def test_only_what_follows_a_name_counts():
    def f(x):
        a = x * 2.0
        b = x * 2.0
        c = a
        a = a * a
        return np.sum(a * b) + np.sum(c)

    found = cr.intermediate_grads(f, ["a", "b", "c"])(X)
    np.testing.assert_allclose(found["a"], 2 * X)
    np.testing.assert_allclose(found["b"], 4 * X**2)
    np.testing.assert_allclose(found["c"], 1.0 + 2 * 2 * X * 2 * X)  # the array that a was is c

    def numbers(x):
        a = x * 2.0
        b = x * 2.0
        return a + 3.0 * b + x

    assert cr.intermediate_grads(numbers, ("a", "b"))(1.0) == {"a": 1.0, "b": 3.0}

    def unused(x):
        a = x * 2.0
        h = np.sin(x)
        return x * 3.0 + 0.0 * a

    assert cr.intermediate_grads(unused, ("a", "h"))(1.0) == {"a": 0.0, "h": 0.0}


def test_values_inside_with_helpers_recursion_and_keywords():
    def helper(v):
        h = v * 3.0
        return h * h

    def power(v, n):
        return 1.0 if n == 0 else v * power(v, n - 1)

    def f(x, *, scale=1.0):
        h = x * scale
        return helper(h) + power(h, 3)

    assert np.isclose(cr.intermediate_grads(f, "h")(2.0, scale=0.5)["h"], 18 * 1.0 + 3 * 1.0)


def _bound_in_a_loop(x):
    for _ in range(3):
        h = np.sin(x)
        x = h * 2.0
    return np.sum(x)


def _bound_in_a_branch(x):
    h = x * 1.0
    if x[0] > 5:
        h = x * 2.0
    return np.sum(h)


def _written_afterwards(x):
    h = np.zeros(3)
    h[:] = x
    return np.sum(h * h)


def _a_tuple(x):
    h = (x, x)
    return np.sum(h[0])


def _not_there(x):
    return np.sum(x)


def test_in_loops_and_branches_the_last_value_counts():
    np.testing.assert_allclose(cr.intermediate_grads(_bound_in_a_loop, "h")(X)["h"], np.full(3, 2.0))
    np.testing.assert_allclose(cr.intermediate_grads(_bound_in_a_branch, "h")(X)["h"], np.ones(3))
    np.testing.assert_allclose(cr.intermediate_grads(_bound_in_a_branch, "h")(X + 9)["h"], np.ones(3))

    def used_in_its_iteration(x):
        total = 0.0
        for k in range(4):
            h = x * k
            total = total + h * h
        return total

    assert cr.intermediate_grads(used_in_its_iteration, "h")(2.0)["h"] == 2 * 6.0


@pytest.mark.parametrize("f", [_written_afterwards, _a_tuple, _not_there], ids=lambda f: f.__name__)
def test_other_values_inside_are_refused(f):
    with pytest.raises(cr.UnsupportedError, match="with respect to `h`"):
        cr.intermediate_grads(f, "h")(X)


def _of_an_array(x):
    h = x * 2.0
    return h


def test_wrong_use_of_intermediate_grads():
    for names in ((), ("a", "a"), ("a b",), (1,)):
        with pytest.raises(TypeError, match="names"):
            cr.intermediate_grads(_not_there, names)
    with pytest.raises(TypeError, match="made by a transform"):
        cr.intermediate_grads(cr.grad(_not_there), "h")
    with pytest.raises(TypeError, match="not a number"):
        cr.intermediate_grads(_of_an_array, "h")(X)


def test_a_block_in_a_checkpoint():
    @cr.checkpoint
    def layer(x):
        h = np.sin(x)
        with cr.adjoint_of(h) as g:
            g *= 0.5
        return h * h

    def f(x):
        return np.sum(layer(x))

    with pytest.raises(cr.UnsupportedError, match="checkpoint"):
        cr.grad(f)(X)
