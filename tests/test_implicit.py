"""Implicit functions: the derivative of what a solver finds, against finite differences, closed forms, and the unrolled solver."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

A = np.array([2.0, 5.0])
rng = np.random.default_rng(4)


def cubic(x, a):
    return x**3 + a[0] * x - a[1]


def newton(x, a):
    for _ in range(30):
        x = x - cubic(x, a) / (3 * x**2 + a[0])
    return x


root = cr.implicit_root(cubic)(newton)


def test_against_the_unrolled_solver():
    def implicit(a):
        return root(1.0, a) ** 2 * a[0]

    def unrolled(a):
        return newton(1.0, a) ** 2 * a[0]

    assert cr.grad(implicit)(A) == pytest.approx(cr.grad(unrolled)(A))
    assert cr.jvp(implicit, (A,), (np.array([0.3, -1.0]),)) == pytest.approx(cr.jvp(unrolled, (A,), (np.array([0.3, -1.0]),)))
    gradient_is(implicit, (A,))


def test_the_solver_is_called_once_and_left_as_it_is():
    calls = []

    @cr.implicit_root(lambda x, a: x * x - a)
    def opaque(x, a):
        calls.append(float(a))
        return eval("a ** 0.5")  # nothing that could be differentiated

    def f(a):
        return opaque(1.0, a) * a

    assert f(4.0) == 8.0
    calls.clear()
    assert cr.value_and_grad(f)(4.0) == pytest.approx((8.0, 3.0))
    assert calls == [4.0]


def test_the_guess_has_derivative_zero():
    assert np.all(cr.grad(lambda guess: root(guess, A))(1.0) == 0.0)


def test_systems_loops_and_branches():
    @cr.implicit_root(lambda x, w, b: np.tanh(w @ x) + x - b)
    def layer(x, w, b):
        for _ in range(200):
            x = b - np.tanh(w @ x)
        return x

    def f(w, b):
        total = 0.0
        for k in range(2):
            x = layer(np.zeros(3), w, b)
            total = total + np.sum(x**2)
            b = x if total > 1.0 else x * 2.0
        return total

    gradient_is(f, (0.3 * rng.normal(size=(3, 3)), np.array([0.5, -0.2, 0.8])))


def test_parameters_in_a_dictionary():
    @cr.implicit_root(lambda x, p: p["k"] * x**3 + p["c"] * x - p["f"][0])
    def equilibrium(x, p):
        return newton(x, np.array([p["c"] / p["k"], p["f"][0] / p["k"]]))

    gradient_is(lambda p: equilibrium(1.0, p) ** 2, ({"k": 1.5, "c": 2.0, "f": [3.0, 7.0]},))


def test_kepler():
    @cr.fixed_point(lambda anomaly, mean, e: mean + e * np.sin(anomaly))
    def kepler(anomaly, mean, e):
        for _ in range(200):
            anomaly = mean + e * np.sin(anomaly)
        return anomaly

    def f(mean, e):
        return np.sum(np.cos(kepler(mean, mean, e)))

    gradient_is(f, (np.array([0.3, 1.0, 2.5]), 0.4))


def test_ridge_regression_has_a_closed_form():
    def ridge(w, x, y, strength):
        return np.sum((x @ w - y) ** 2) + strength * np.sum(w**2)

    def closed(x, y, strength):
        return np.linalg.solve(x.T @ x + strength * np.eye(3), x.T @ y)

    @cr.argmin(ridge)
    def fit(w, x, y, strength):
        return closed(x, y, strength)

    x, y = rng.normal(size=(6, 3)), rng.normal(size=6)
    implicit = cr.grad(lambda x, y, s: np.sum(fit(np.zeros(3), x, y, s) ** 3), argnums=(0, 1, 2))(x, y, 0.7)
    direct = cr.grad(lambda x, y, s: np.sum(closed(x, y, s) ** 3), argnums=(0, 1, 2))(x, y, 0.7)
    for one, other in zip(implicit, direct):
        assert one == pytest.approx(other)


def test_a_minimiser_of_scipy():
    optimize = pytest.importorskip("scipy.optimize")

    def loss(w, x, y, strength):
        return np.sum(np.log(1 + np.exp(-y * (x @ w)))) + strength * np.sum(w**2)

    slope = cr.grad(loss)

    @cr.argmin(loss)
    def fit(w, x, y, strength):
        return optimize.root(lambda w: slope(w, x, y, strength), w, tol=1e-14).x

    x, y = rng.normal(size=(12, 2)), np.sign(rng.normal(size=12))
    gradient_is(lambda x, s: np.sum(fit(np.zeros(2), x, y, s) ** 2), (x, 0.5), rtol=1e-4)


def reaction_diffusion(u, source):
    residual = 2.0 * u + u**3 - source
    residual[1:] -= u[:-1]
    residual[:-1] -= u[1:]
    return residual


@cr.implicit_root(reaction_diffusion)
def steady(u, source):
    n = len(u)
    for _ in range(30):
        bands = np.zeros((3, n))
        bands[1] = 2.0 + 3 * u**2
        bands[0, 1:] = bands[2, :-1] = -1.0
        from scipy.linalg import solve_banded

        u = u - solve_banded((1, 1), bands, reaction_diffusion(u, source))
    return u


def test_a_large_system_by_products():
    pytest.importorskip("scipy")
    source = 2.0 + rng.uniform(size=2000)

    def f(source):
        return np.sum(steady(np.ones(2000), source) ** 2)

    v = rng.normal(size=2000)
    step = 1e-6
    slope = (f(source + step * v) - f(source - step * v)) / (2 * step)
    assert cr.grad(f)(source) @ v == pytest.approx(slope, rel=1e-6)
    assert cr.jvp(f, (source,), (v,))[1] == pytest.approx(slope, rel=1e-6)


def test_a_singular_jacobian_raises():
    @cr.implicit_root(lambda x, a: (x - a) ** 2)
    def double(x, a):
        return a

    with pytest.raises(np.linalg.LinAlgError):
        cr.grad(lambda a: double(1.0, a))(2.0)


def along(f, order):
    """The derivative of this order of f along a line, by nesting."""
    def g(t):
        return f(A + t * np.array([0.3, 1.0]))

    for _ in range(order):
        g = cr.grad(g)
    return g(0.0)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_higher_order(order):
    implicit, unrolled = (lambda a: root(1.0, a) ** 2 * a[0]), (lambda a: newton(1.0, a) ** 2 * a[0])
    assert along(implicit, order) == pytest.approx(along(unrolled, order), rel=1e-9)


@pytest.mark.parametrize("derivative", [
    lambda f: cr.hessian(f)(A),
    lambda f: cr.hvp(f)(A, A),
    lambda f: cr.grad(lambda a: np.sum(cr.grad(f)(a) ** 2))(A),
    lambda f: cr.grad(lambda a: cr.jvp(f, (a,), (A,))[1])(A),
    lambda f: cr.jvp(lambda a: cr.jvp(f, (a,), (A,))[1], (A,), (A,))[1],
    lambda f: cr.vjp(cr.grad(f), A)[1](A)[0],
])
def test_second_order(derivative):
    np.testing.assert_allclose(derivative(lambda a: root(1.0, a) ** 2 * a[0]), derivative(lambda a: newton(1.0, a) ** 2 * a[0]), rtol=1e-9)


def test_second_order_of_systems():
    w = 0.2 * rng.normal(size=(3, 3))

    def unrolled(x, b):
        for _ in range(200):
            x = b - np.tanh((w * np.sum(b)) @ x)
        return x

    layer = cr.fixed_point(lambda x, b: b - np.tanh((w * np.sum(b)) @ x))(unrolled)
    b = np.array([0.5, -0.2, 0.8])
    np.testing.assert_allclose(*(cr.hessian(lambda b: np.sum(f(np.zeros(3), b) ** 2))(b) for f in (layer, unrolled)), rtol=1e-9)


def test_second_order_of_a_minimiser():
    def energy(x, load):
        return np.sum(np.diff(x) ** 2) + 0.1 * np.sum(x**4) - np.sum(load * x)

    def equilibrium(x, load):
        for _ in range(30):
            x = x - np.linalg.solve(cr.hessian(energy)(x, load), cr.grad(energy)(x, load))
        return x

    shape = cr.argmin(energy)(equilibrium)
    dsag = cr.grad(lambda load: np.sum(shape(np.ones(3), load) ** 2))
    gradient_is(lambda load: np.sum(dsag(load) * np.array([1.0, -0.5, 2.0])), (np.array([0.4, 0.1, 0.5]),))


def test_a_pullback_in_its_cotangent_and_in_what_it_belongs_to():
    def f(solver, a, c):
        _, pullback = cr.vjp(lambda a: solver(1.0, a), a)
        return np.sum(cr.grad(lambda seed: np.sum(pullback(seed)[0] ** 2))(c))

    for implicit, unrolled in zip(*(cr.grad(lambda a, c: f(solver, a, c), (0, 1))(A, 2.0) for solver in (root, newton))):
        np.testing.assert_allclose(implicit, unrolled, rtol=1e-9)


def test_complex_unknowns_are_refused():
    @cr.implicit_root(lambda x, a: x**2 - a)
    def square_root(x, a):
        return a**0.5 + 0j

    with pytest.raises(cr.UnsupportedError, match="complex"):
        cr.grad(lambda a: square_root(1.0 + 0j, a).real)(2.0)


def test_the_decorators_are_used_outside():
    def f(a):
        solve = cr.implicit_root(lambda x, b: x**2 - b)(lambda x, b: b**0.5)
        return solve(1.0, a)

    with pytest.raises(cr.UnsupportedError, match="`implicit_root` inside a differentiated function"):
        cr.grad(f)(2.0)


def test_the_shape_of_the_solution_is_checked():
    @cr.implicit_root(lambda x, a: x - a)
    def wrong(x, a):
        return np.ones(3)

    with pytest.raises(TypeError, match=r"shape \(3,\)"):
        cr.grad(lambda a: np.sum(wrong(np.zeros(2), a)))(A)
