"""`checkpoint(f)`: the same derivatives, of which nothing is kept but the arguments."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

W = np.random.default_rng(0).normal(size=(3, 3))
X = np.array([[0.3, -0.2, 0.7], [0.1, 0.5, -0.4]])


def layer(x, w):
    h = np.tanh(x @ w)
    for k in range(3):
        h = np.sin(h) + 0.1 * h * x
    return h


cheap = cr.checkpoint(layer)


def plain(w, x):
    for k in range(4):
        x = layer(x, w)
    return np.sum(x**2)


def recomputed(w, x):
    for k in range(4):
        x = cheap(x, w)
    return np.sum(x**2)


def test_it_is_the_function():
    assert np.array_equal(cheap(X, W), layer(X, W))
    assert cheap.__name__ == "layer"


def test_the_gradient_is_the_same():
    for one, other in zip(cr.grad(plain, argnums=(0, 1))(W, X), cr.grad(recomputed, argnums=(0, 1))(W, X)):
        assert one == pytest.approx(other)


def test_second_order_and_forward_mode():
    assert cr.hvp(recomputed)(W, X, W) == pytest.approx(cr.hvp(plain)(W, X, W))
    assert cr.jvp(recomputed, (W, X), (W, None))[1] == pytest.approx(cr.jvp(plain, (W, X), (W, None))[1])


def test_only_the_arguments_are_kept():
    text = cr.grad(recomputed).source_for(W, X)
    forward = text[: text.index("# reverse sweep")]
    assert forward.count(".append(") == 1


def test_arguments_that_are_written_later():
    def f(x):
        y = x * 2.0
        z = cr.checkpoint(lambda t: np.sum(t**3))(y)
        y[0] = 5.0
        return z + np.sum(y**2)

    gradient_is(f, (np.array([0.4, 0.3, -0.8]),))


def test_it_sees_what_is_around_it():
    def f(x):
        scale = np.sin(x[0])
        inner = cr.checkpoint(lambda t: {"a": np.sum(t**2 * scale * x), "b": (t[0] * x[1], 3)})
        found = inner(x * 2.0)
        return found["a"] * found["b"][0] * found["b"][1]

    gradient_is(f, (np.array([0.4, 0.3, -0.8]),))


def test_a_method_and_a_decorator():
    class Cell:
        def __init__(self, w):
            self.w = w

        @cr.checkpoint
        def step(self, h):
            return np.tanh(self.w @ h)

    def f(w):
        cell, h = Cell(w), np.ones(3)
        for k in range(3):
            h = cell.step(h)
        return np.sum(h)

    gradient_is(f, (W,))


def test_effects_are_done_once(capsys):
    rng = np.random.default_rng(3)

    def noisy(x, generator):
        print("once")
        return np.sum(x**2 * generator.normal(size=3))

    def f(x, generator):
        return cr.checkpoint(noisy)(x, generator) * x[0]

    x = np.array([0.4, 0.3, -0.8])
    value, gradient = cr.value_and_grad(f)(x, rng)
    assert capsys.readouterr().out == "once\n"
    drawn = np.random.default_rng(3).normal(size=3)
    assert rng.normal() == np.random.default_rng(3).normal(size=4)[3]
    assert value == pytest.approx(np.sum(x**2 * drawn) * x[0])
    assert gradient == pytest.approx(2 * x * drawn * x[0] + np.sum(x**2 * drawn) * np.array([1.0, 0.0, 0.0]))


class Potential:
    def __init__(self, k):
        self.k = k

    def energy(self, x, scale):
        return np.sum(self.k * x**3) * scale

    @cr.grad
    def slope(self, x, scale):
        return np.sum(self.k * x**3) * scale

    @cr.checkpoint
    def again(self, x, scale):
        return self.energy(x, scale)


def test_methods_made_by_transforms():
    def f(k, x):
        p = Potential(k)
        return np.sum(p.slope(x, 2.0) * x) + p.again(x, 3.0)

    gradient_is(f, (np.array([0.3, 0.5]), np.array([1.1, -0.7])))


@pytest.mark.parametrize("inner", [lambda t: t, lambda t: t[:1]])
def test_what_is_returned_may_be_the_argument(inner):
    def f(x):
        z = x * 1.0
        y = cr.checkpoint(inner)(z)
        y[0] = 5.0
        return np.sum(z**2)

    gradient_is(f, (np.array([1.0, 2.0]),))


def test_the_argument_may_be_written():
    def write(t):
        t[0] = 5.0
        return np.sum(t)

    def f(x):
        z = x * 1.0
        return cr.checkpoint(write)(z) + np.sum(z**2)

    gradient_is(f, (np.array([1.0, 2.0]),))


def test_something_outside_may_be_written():
    def f(x):
        held = np.zeros(2)

        def write(t):
            held[:] = t
            return np.sum(t**3)

        return cr.checkpoint(write)(x) + np.sum(held**2)

    gradient_is(f, (np.array([1.0, 2.0]),))
