"""Solvers of scipy.optimize: what they find, differentiated by the condition that it solves, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr

optimize = pytest.importorskip("scipy.optimize")

A = np.array([2.0, 5.0])


def agrees(f, x, rel=1e-5, step=1e-5, value=1e-9):
    """Value, gradient and tangent of f at x, an array or a number, against f itself."""
    assert cr.value_and_grad(f)(x)[0] == pytest.approx(f(x), rel=value)
    gradient = np.asarray(cr.grad(f)(x))
    for k in range(np.size(x)):
        e = np.zeros(np.shape(x))
        e.flat[k] = 1.0
        e = e if isinstance(x, np.ndarray) else 1.0
        slope = (f(x + step * e) - f(x - step * e)) / (2 * step)
        assert gradient.flat[k] == pytest.approx(slope, rel=rel, abs=rel), k
        assert cr.jvp(f, (x,), (e,))[1] == pytest.approx(slope, rel=rel, abs=rel), k


# -- equations ---------------------------------------------------------------------------------------------------


def system(x, a):
    return np.array([x[0] ** 3 + a[0] * x[1] - 1.0, x[1] ** 3 - x[0] + a[1]])


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden1", "df-sane"])
def test_root(method):
    def f(a):
        sol = optimize.root(system, np.array([1.0, -1.0]), args=(a,), method=method, tol=1e-12)
        return sol.x[0] * a[1] + sol.x[1] ** 2

    agrees(f, A)


def test_root_of_lists_with_a_jacobian_and_a_closure():
    def f(a):
        def equations(x):
            return [x[0] * a[0] - x[1], x[0] + x[1] ** 3 - a[1]]

        def slopes(x):
            return np.array([[a[0], -1.0], [1.0, 3 * x[1] ** 2]])

        x = optimize.root(equations, [1, 1], jac=slopes).x
        return np.sum(x**2)

    agrees(f, A)


def test_root_with_both_in_one_function():
    def f(a):
        def both(x):
            return np.array([x[0] ** 3 - a[0]]), np.array([[3 * x[0] ** 2]])

        return optimize.root(both, 1.0, jac=True).x[0]

    agrees(f, A)


def test_other_parts_of_a_solution():
    def f(a):
        sol = optimize.root(system, np.array([1.0, -1.0]), args=(a,))
        return np.sum(sol.fun) + (np.sum(sol.x) if sol.success and sol.nfev > 2 else 0.0)

    agrees(f, A)


def test_fsolve():
    agrees(lambda a: np.sum(optimize.fsolve(system, [1.0, -1.0], args=(a,), xtol=1e-13) ** 2), A)
    agrees(lambda a: optimize.fsolve(lambda x: np.exp(x) - a, 1.0, fprime=lambda x: np.exp(x))[0], 3.0)


@pytest.mark.parametrize("name", ["brentq", "brenth", "ridder", "bisect", "toms748"])
def test_brackets(name):
    def f(a):
        return getattr(optimize, name)(lambda x, b: np.cos(x) - b * x, 0, 1.5, args=(a,)) ** 2

    agrees(f, 1.3)


def test_newton():
    agrees(lambda a: optimize.newton(lambda x: x**3 - a * x - 1, 2.0, tol=1e-13), 1.3)
    agrees(lambda a: optimize.newton(lambda x, a: x**3 - a, 2.0, args=(a,), fprime=lambda x, a: 3 * x**2, fprime2=lambda x, a: 6 * x, tol=1e-13), 1.3)
    agrees(lambda a: np.sum(optimize.newton(lambda x: x**3 - a * x - 1, np.array([2.0, 2.5]), tol=1e-13) ** 2), np.array([1.3, 2.1]))


@pytest.mark.parametrize("shape", [(2,), (2, 2)])
def test_newton_of_elements_that_depend_on_each_other(shape):
    a = np.array([1.3, 2.0, 1.1, 1.7])[: np.prod(shape)].reshape(shape)

    def f(a):
        return np.sum(optimize.newton(lambda x: x**3 - a * x[..., ::-1], np.ones(shape), fprime=lambda x: 3 * x**2, tol=1e-14, maxiter=500) * np.array([1.0, 2.0]))

    agrees(f, a)
    bend = (cr.grad(f)(a + 1e-5) - cr.grad(f)(a - 1e-5)) / 2e-5
    assert cr.jvp(cr.grad(f), (a,), (np.ones(shape),))[1] == pytest.approx(bend, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("find", [
    lambda a, guess: optimize.fsolve(lambda x: x**3 - a, guess),
    lambda a, guess: optimize.newton(lambda x: x**3 - a, guess),
    lambda a, guess: optimize.newton(lambda x: x**3 - a[0], guess[0]) * a,
    lambda a, guess: optimize.root(lambda x: x**3 - a, guess).x,
    lambda a, guess: optimize.least_squares(lambda x: np.concatenate([x**3 - a, x]), guess).x,
    lambda a, guess: optimize.fixed_point(lambda x: np.cos(x * a) / 3, guess),
])
def test_gradients_have_the_precision_of_the_argument(find):
    a = np.array([1.3, 2.0], np.float32)
    for guess in (np.ones(2, np.float32), np.ones(2)):
        found = cr.grad(lambda a, guess=guess: np.sum(find(a, guess)))(a)
        assert found.dtype == np.float32
        assert found == pytest.approx(cr.grad(lambda a: np.sum(find(a, np.ones(2))))(a.astype(float)), rel=1e-3)


def test_in_a_recursive_function_to_several_orders():
    def shrunk(a, n):
        return optimize.brentq(lambda x: x**3 + x - a, -5.0, 5.0, xtol=1e-15) if n <= 0 else shrunk(a * 1.1, n - 1)

    def first_and_third(a):
        return cr.grad(lambda b: shrunk(b, 2.0))(a) + cr.grad(cr.grad(cr.grad(lambda b: shrunk(b, 2.0))))(a)

    slope = (first_and_third(1.3 + 1e-4) - first_and_third(1.3 - 1e-4)) / 2e-4
    assert cr.grad(first_and_third)(1.3) == pytest.approx(slope, rel=1e-6)


def test_root_scalar():
    agrees(lambda a: optimize.root_scalar(lambda x: x**3 - a, bracket=[0, 3]).root, 1.3)
    agrees(lambda a: optimize.root_scalar(lambda x, a: x**3 - a, args=(a,), x0=1.0, x1=1.5, method="secant", xtol=1e-13).root, 1.3)
    agrees(lambda a: optimize.root_scalar(lambda x: x**3 - a, x0=1.0, fprime=lambda x: 3 * x**2, method="newton").root * 2, 1.3)

    def both(a):
        sol = optimize.root_scalar(lambda x: (x**3 - a, 3 * x**2), x0=1.0, fprime=True)
        return sol.root if sol.converged else 0.0

    agrees(both, 1.3)


def test_fixed_point():
    agrees(lambda a: optimize.fixed_point(lambda x: np.cos(a * x), 0.7, xtol=1e-12), 0.9)
    agrees(lambda a: np.sum(optimize.fixed_point(lambda x, a: np.cos(a * x), np.array([0.7, 0.5]), args=(a,), xtol=1e-12) ** 2), np.array([0.9, 0.6]))


# -- minima -----------------------------------------------------------------------------------------------------------


def rosenbrock(x, a):
    return (a[0] - x[0]) ** 2 + a[1] * (x[1] - x[0] ** 2) ** 2 + 0.1 * x[0] * x[1] ** 2


@pytest.mark.parametrize("method", [None, "BFGS", "Newton-CG", "trust-exact", "SLSQP", "L-BFGS-B"])
def test_minimize(method):
    def f(a):
        jac = cr.grad(rosenbrock)
        extra = {"hess": cr.jacfwd(jac)} if method in ("Newton-CG", "trust-exact") else {}
        tol = {"Newton-CG": 1e-12}.get(method, 1e-11)
        sol = optimize.minimize(rosenbrock, np.array([0.8, 0.5]), args=(a,), method=method, jac=jac, tol=tol, **extra)
        return sol.x[0] + 2 * sol.x[1] + sol.fun

    agrees(f, np.array([1.2, 3.0]), rel=2e-4, step=1e-4)


def test_minimize_with_differences_of_scipy():
    agrees(lambda a: np.sum(optimize.minimize(lambda x: np.sum((x - a) ** 4 + (x - 1) ** 2), np.zeros(2), tol=1e-10).x ** 2), A, rel=1e-4, step=1e-3)


def test_minimize_with_bounds():
    def f(a):
        sol = optimize.minimize(lambda x: np.sum((x - a) ** 2) + x[0] * x[1], np.zeros(2), bounds=[(0, None), (None, 0.5)], tol=1e-13, options={"ftol": 1e-15})
        return sol.x[0] * a[1] + sol.x[1] * 3

    agrees(f, A, rel=1e-4, step=1e-3)
    assert optimize.minimize(lambda x: np.sum((x - A) ** 2) + x[0] * x[1], np.zeros(2), bounds=[(0, None), (None, 0.5)]).x[1] == 0.5


def test_minimize_scalar():
    agrees(lambda a: optimize.minimize_scalar(lambda x: (x - a) ** 2 + 0.1 * x**4).x, 1.3, rel=1e-4, step=1e-3)
    agrees(lambda a: optimize.minimize_scalar(lambda x, a: (x - a) ** 2 + 0.1 * x**4, args=(a,), bounds=(0, 3), method="bounded", options={"xatol": 1e-12}).fun, 1.3, rel=1e-4,
           step=1e-3)


def test_least_squares():
    t = np.linspace(0, 2, 9)

    def f(data):
        sol = optimize.least_squares(lambda p: p[0] * np.exp(-p[1] * t) - data, np.array([1.0, 1.0]), xtol=1e-14, ftol=1e-14, gtol=1e-14)
        return sol.x[0] * sol.x[1] + sol.cost

    agrees(f, 2.0 * np.exp(-0.7 * t) + 0.1 * np.cos(5 * t), rel=1e-4, step=1e-4)


TIMES = np.linspace(0.0, 3.0, 12)
SEEN = 2.5 * np.exp(-1.3 * TIMES) + 0.5 + 0.05 * np.sin(7 * TIMES)
ERRORS = 0.1 + 0.05 * np.cos(TIMES) ** 2
WEIGHTS = np.array([[0.3, 1.0, -0.5], [1.0, 0.2, 0.4], [-0.5, 0.4, 2.0]])
TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def decay(t, a, b, c):
    return a * np.exp(-b * t) + c


@pytest.mark.parametrize(("fit", "point"), [
    (lambda y: optimize.curve_fit(decay, TIMES, y, **TIGHT), SEEN),
    (lambda y: optimize.curve_fit(decay, TIMES, y, p0=[2.0, 1.0, 0.3], method="trf", **TIGHT), SEEN),
    (lambda t: optimize.curve_fit(decay, t, SEEN, **TIGHT), TIMES),
    (lambda s: optimize.curve_fit(decay, TIMES, SEEN, sigma=s, **TIGHT), ERRORS),
    (lambda s: optimize.curve_fit(decay, TIMES, SEEN, sigma=s, absolute_sigma=True, **TIGHT), ERRORS),
    (lambda s: optimize.curve_fit(decay, TIMES, SEEN, sigma=np.diag(s**2) + 1e-3, **TIGHT), ERRORS),
    (lambda q: optimize.curve_fit(lambda t, a, b, c: q * a * np.exp(-b * t) + c, TIMES, SEEN, jac=lambda t, a, b, c: np.stack(
        [q * np.exp(-b * t), -q * a * t * np.exp(-b * t), np.ones_like(t)], axis=-1), **TIGHT), 0.9),
])
def test_curve_fit(fit, point):
    def value(x):
        best, covariance = fit(x)
        return np.sum(best**2) + 10.0 * np.sum(covariance * WEIGHTS)

    direction = np.cos(np.arange(np.size(point)))[() if isinstance(point, np.ndarray) else 0]
    assert cr.value_and_grad(value)(point)[0] == value(point)
    slope = (value(point + 1e-4 * direction) - value(point - 1e-4 * direction)) / 2e-4
    assert np.sum(cr.grad(value)(point) * direction) == pytest.approx(slope, rel=1e-4, abs=1e-6)
    assert cr.jvp(value, (point,), (direction,))[1] == pytest.approx(slope, rel=1e-4, abs=1e-6)
    bend = np.sum((cr.grad(value)(point + 1e-3 * direction) - cr.grad(value)(point - 1e-3 * direction)) * direction) / 2e-3
    assert np.sum(cr.jvp(cr.grad(value), (point,), (direction,))[1] * direction) == pytest.approx(bend, rel=1e-3, abs=5e-3)


def test_refusals_of_curve_fit():
    refused(lambda y: optimize.curve_fit(decay, TIMES, y, bounds=(0.0, 9.0))[0][0], SEEN, "bounds")
    refused(lambda y: optimize.curve_fit(decay, TIMES, y, nan_policy="omit", check_finite=False)[0][0], SEEN, "nan_policy")


def test_in_a_loop_and_a_branch():
    def f(a):
        total = 0.0
        for k in range(3):
            x = optimize.brentq(lambda x: x**3 + x - a * (k + 1), -1, 3)
            total += x if x > 1.0 else 2 * x
        return total

    agrees(f, 1.3)


def test_a_solver_inside_the_function_of_a_solver():
    def f(a):
        def outer(x):
            y = optimize.brentq(lambda y: y**3 + y - x, -5, 5)
            return y + x - a

        return optimize.brentq(outer, 0, 4)

    agrees(f, 1.3, rel=1e-4)


def test_what_is_printed():
    def f(a):
        return optimize.brentq(lambda x: np.cos(x) - a * x, 0, 1)

    source = cr.grad(f).source_for(1.0)
    assert "def equation(a, x):" in source and "brentq(partial(equation, a), 0, 1)" in source


# -- of higher order ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [
    lambda a: optimize.brentq(lambda x: x**3 + a * x - 2.0, 0, 3),
    lambda a: optimize.root(lambda x: np.array([x[0] ** 3 - a * x[1], x[1] - np.exp(-a * x[0])]), np.ones(2), tol=1e-13).x[0],
    lambda a: optimize.minimize(lambda x: np.sum((x - a) ** 4) + a * np.sum(x**2), np.ones(2), tol=1e-13, method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-13}).x[1],
    lambda a: optimize.minimize_scalar(lambda x: (x - a) ** 4 + a * x * x, tol=1e-12).x,
    lambda a: optimize.fixed_point(lambda x: np.cos(a * x), 0.5, xtol=1e-13),
    lambda a: np.sum(optimize.newton(lambda x: x**3 - np.array([a, 2 * a]), np.ones(2), tol=1e-13)),
], ids=["brentq", "root", "minimize", "minimize_scalar", "fixed_point", "newton"])
def test_second_and_third_derivatives(f):
    df = cr.grad(f)
    d2f = cr.grad(df)
    for order, derivative in ((df, d2f), (d2f, cr.grad(d2f))):
        assert derivative(0.8) == pytest.approx((order(0.8 + 1e-3) - order(0.8 - 1e-3)) / 2e-3, rel=1e-4)
    assert cr.jvp(df, (0.8,), (1.0,))[1] == pytest.approx(d2f(0.8), rel=1e-9)


# -- what is refused -----------------------------------------------------------------------------------------------------


def refused(f, x, match):
    with pytest.raises(cr.UnsupportedError, match=match):
        cr.grad(f)(x)


def test_refusals():
    refused(lambda a: optimize.minimize(lambda x: (x[0] - a) ** 2, 0.0, constraints=({"type": "eq", "fun": lambda x: x[0]},)).x[0], 1.3, "constraints")
    refused(lambda a: optimize.minimize(lambda x: (x[0] - a) ** 2, 0.0, callback=print).x[0], 1.3, "callback")
    refused(lambda a: optimize.minimize(lambda x: (x[0] - a) ** 2, np.zeros(1), bounds=[(0, a)]).x[0], 1.3, "bounds that are differentiated")
    refused(lambda a: optimize.minimize_scalar(lambda x: (x - a) ** 2, bounds=(0, a), method="bounded").x, 1.3, "bounds that are differentiated")
    refused(lambda a: optimize.root(lambda x: x**3 - a, np.ones((2, 2))).x[0], 1.3, "several axes")
    refused(lambda a: optimize.brentq(lambda x: x**3 - a, 0, 3, full_output=True)[0], 1.3, "full_output")
    refused(lambda a: optimize.least_squares(lambda x: x**3 - a, 1.0, loss="huber").x[0], 1.3, "loss")

    def prints(a):
        def f(x):
            print(x)
            return x**3 - a

        return optimize.brentq(f, 0, 3)

    refused(prints, 1.3, "prints")


def test_a_function_that_writes_outside_is_refused():
    def f(a):
        last = np.zeros(1)

        def equation(x):
            last[0] = x * a
            return x**3 - a

        return optimize.brentq(equation, 0, 3) + last[0]

    refused(f, 1.3, "changes something outside")


def test_an_error_of_the_solver_is_its_own():
    with pytest.raises(ValueError, match="different signs"):
        cr.grad(lambda a: optimize.brentq(lambda x: x**2 + a, 0, 1))(1.0)
