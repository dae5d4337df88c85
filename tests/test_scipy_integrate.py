"""scipy.integrate: initial value problems, integrals, sums over samples, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.test_scipy_optimize import agrees, refused

integrate = pytest.importorskip("scipy.integrate")

CLOSE = {"rtol": 1e-10, "atol": 1e-11}
POINT = np.array([1.0, 0.2, 2.0, 0.1])


def pendulum(t, y, k, damping):
    return [y[1], -k * np.sin(y[0]) - damping * y[1] + 0.1 * np.cos(t)]


# -- initial value problems --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["RK45", "RK23", "DOP853", "LSODA", "Radau", "BDF"])
def test_solve_ivp(method):
    close = {"rtol": 1e-7, "atol": 1e-8} if method in ("RK23", "BDF") else CLOSE

    def at_times(p):
        sol = integrate.solve_ivp(pendulum, (0.0, 2.0), p[:2], method=method, t_eval=np.linspace(0, 2, 5), args=(p[2], p[3]), **close)
        return np.sum(sol.y[0] ** 2) + sol.y[1, -1] * p[2]

    agrees(at_times, POINT, rel=1e-4 if close is not CLOSE else 2e-5, step=1e-4)

    def at_the_end(p):
        return integrate.solve_ivp(lambda t, y: np.array([y[1], -p[2] * y[0] - p[3] * y[1] ** 3]), [0, 1], [p[0], p[1]], method=method, **close).y[0, -1]

    agrees(at_the_end, POINT, rel=1e-4 if close is not CLOSE else 2e-5, step=1e-4)


@pytest.mark.parametrize("method", ["RK45", "RK23", "DOP853", "LSODA", "Radau"])
def test_times(method):
    close = {"rtol": 1e-7, "atol": 1e-8} if method == "RK23" else CLOSE

    def span(p):
        times = np.array([p[0] + 0.4, p[1] * 0.9]) if method in ("LSODA", "Radau") else np.array([p[0] + 0.3, p[1]])
        y = integrate.solve_ivp(lambda t, y: -y * np.sin(t) + p[2], (p[0], p[1]), np.array([1.0, 2.0]), method=method, t_eval=times, **close).y
        return np.sum(y**2) + y[0, 0]

    agrees(span, np.array([0.1, 2.0, 0.3]), rel=1e-4 if method == "RK23" else 2e-5, step=1e-4)


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
def test_an_end_that_moves(method):
    agrees(lambda p: np.sum(integrate.solve_ivp(lambda t, y: -y * t, (p[0], p[1]), np.ones(2), method=method, **CLOSE).y[:, -1]), np.array([0.1, 2.0]), step=1e-4)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "LSODA", "Radau"])
def test_backwards(method):
    def f(p):
        sol = integrate.solve_ivp(lambda t, y: p[1] * np.cos(y) + t, (2.0, 0.0), p[:1], method=method, t_eval=[1.5, 0.7, 0.0], **CLOSE)
        return np.sum(sol.y**2) + sol.t[0]

    agrees(f, np.array([0.5, 0.8]), rel=2e-5, step=1e-4)


def test_the_text_of_solve_ivp():
    def f(p):
        return integrate.solve_ivp(lambda t, y: -p * y, (0.0, 1.0), np.ones(1)).y[0, -1]

    source = cr.grad(f).source_for(1.3)
    assert "solve_ivp(partial(slope, p), (0.0, 1.0)" in source


def test_twice_through_the_steps():
    def f(p):
        return integrate.solve_ivp(lambda t, y: -p * y**2, (0.0, 1.0), np.ones(1) * 2.0, method="DOP853", **CLOSE).y[0, -1]

    assert cr.grad(f)(1.3) == pytest.approx(-4 / (1 + 2 * 1.3) ** 2, rel=1e-7)
    assert cr.grad(cr.grad(f))(1.3) == pytest.approx(16 / (1 + 2 * 1.3) ** 3, rel=1e-6)
    refused(lambda p: cr.grad(lambda q: integrate.solve_ivp(lambda t, y: -q * y**2, (0.0, 1.0), np.ones(1), method="Radau").y[0, -1])(p), 1.3, "second derivative")


def test_complex_states():
    def f(p):
        y = integrate.solve_ivp(lambda t, y: 1j * p * y, (0.0, 1.0), np.array([1.0 + 0.5j]), **CLOSE).y[0, -1]
        return np.real(y) * 2 + np.imag(y)

    agrees(f, 1.3, rel=2e-5)


def test_a_stiff_system():
    def robertson(t, y, k):
        return [-k[0] * y[0] + 1e4 * y[1] * y[2], k[0] * y[0] - 1e4 * y[1] * y[2] - 3e7 * y[1] ** 2, 3e7 * y[1] ** 2]

    def f(k):
        y = integrate.solve_ivp(robertson, (0.0, 40.0), np.array([1.0, 0.0, 0.0]), method="Radau", args=(k,), rtol=1e-9, atol=1e-12).y[:, -1]
        return y[0] + 2 * y[2]

    agrees(f, np.array([0.04]), rel=1e-5, step=1e-4)


def test_parts_of_the_result():
    def f(p):
        sol = integrate.solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [1.0], **CLOSE)
        return sol.y[0, -1] if sol.success and sol.status == 0 and sol.nfev > 3 else 0.0

    agrees(f, 1.3, rel=2e-5)
    refused(lambda p: integrate.solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [1.0], dense_output=True).sol(0.5)[0], 1.3, "dense_output")
    refused(lambda p: integrate.solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [1.0], events=lambda t, y: y[0] - 0.5).y[0, -1], 1.3, "events")
    refused(lambda p: integrate.solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [1.0], vectorized=True).y[0, -1], 1.3, "vectorized")


def test_odeint():
    def f(p):
        y = integrate.odeint(lambda y, t, k, c: pendulum(t, y, k, c), p[:2], np.linspace(0, 2, 5), args=(p[2], p[3]), rtol=1e-11, atol=1e-11)
        return np.sum(y[:, 0] ** 2) + y[-1, 1] * p[2]

    agrees(f, POINT, rel=2e-5, step=1e-4)

    def first(p):
        return np.sum(integrate.odeint(lambda t, y: -p[0] * y + np.sin(p[1] * t), [1.0, p[1]], np.array([0.1, 0.1 + p[0], 2 * p[1]]), tfirst=True, rtol=1e-11, atol=1e-11) ** 2)

    agrees(first, np.array([0.9, 1.4]), rel=2e-5, step=1e-4)

    def of_one_number(p):
        return integrate.odeint(lambda y, t: -p * y**3, 1.0, [0.0, 0.5, 1.0], rtol=1e-11, atol=1e-11)[2, 0]

    agrees(of_one_number, 1.3, rel=2e-5, step=1e-4)


# -- integrals of functions -----------------------------------------------------------------------------------------------


def test_quad():
    agrees(lambda p: integrate.quad(lambda x: np.exp(-p[0] * x) * np.sin(p[1] * x), p[0], p[1] * 2)[0], np.array([0.4, 1.3]))
    agrees(lambda p: integrate.quad(lambda x, a, b: np.cos(a * x) + b * x, 0, 2, args=(p[0], p[1]))[0] ** 2, np.array([0.4, 1.3]))
    agrees(lambda p: integrate.quad(lambda x: np.sqrt(x) * p, 2.0, 0)[0], 1.3)
    agrees(lambda p: integrate.quad(lambda x: abs(x - 0.3) ** p, 0, 1, points=[0.3])[0], 1.3)


def test_quad_to_infinity():
    agrees(lambda p: integrate.quad(lambda x: np.exp(-p[0] * x * x), -np.inf, np.inf)[0], np.array([1.3]))
    agrees(lambda p: integrate.quad(lambda x: np.exp(-p[0] * x), p[1], np.inf)[0], np.array([1.3, 0.2]))
    agrees(lambda p: integrate.quad(lambda x: np.exp(p[0] * x), -np.inf, p[1])[0], np.array([1.3, 0.2]))
    agrees(lambda p: integrate.quad(lambda x: np.exp(p * x), 0.3, -np.inf)[0], 1.3)


def test_quad_is_refused_where_its_rule_is_not_known():
    refused(lambda p: integrate.quad(lambda x: p * x, 0, 1, weight="cos", wvar=2.0)[0], 1.3, "weight|wvar")
    refused(lambda p: integrate.quad(lambda x: p * x, 0, 1, full_output=1)[0], 1.3, "full_output")


def test_quad_twice():
    def f(p):
        return integrate.quad(lambda x: np.exp(-p * x), 0, 1)[0]

    assert cr.grad(cr.grad(f))(1.3) == pytest.approx(integrate.quad(lambda x: x * x * np.exp(-1.3 * x), 0, 1)[0])


def test_dblquad():
    agrees(lambda p: integrate.dblquad(lambda y, x: np.exp(-p[0] * x * y), 0, p[1], lambda x: 0.1 * p[0], lambda x: x + p[1])[0], np.array([0.4, 1.3]), rel=1e-4)
    agrees(lambda p: integrate.dblquad(lambda y, x: x * y**2 * p, 0, 1, 0, 2)[0], 1.3)


def test_fixed_quad():
    agrees(lambda p: integrate.fixed_quad(lambda x: np.exp(-p[0] * x), 0.0, p[1], n=6)[0], np.array([0.4, 1.3]))


# -- sums over samples -------------------------------------------------------------------------------------------------------

SAMPLES = np.random.default_rng(3).normal(size=(3, 9))


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson", "romb"])
@pytest.mark.parametrize("count", [3, 5, 6, 8])
def test_sums(name, count):
    function = getattr(integrate, name, None)
    if function is None:
        pytest.skip("this SciPy does not have it")
    if name == "romb" and count not in (3, 5):
        return
    y = SAMPLES[:2, :count]
    x = np.cumsum(np.abs(SAMPLES[2, :count]) + 0.5)
    weights = np.array([[0.3], [1.2]])

    def along_the_last(y):
        return np.sum(function(y, dx=0.3) ** 2)

    def along_the_first(y):
        return np.sum(function(y.T, axis=0, dx=0.3) ** 2)

    agrees(along_the_last, y)
    agrees(along_the_first, y)
    agrees(lambda dx: np.sum(function(y, dx=dx)), 0.4)
    if name == "romb":
        return
    agrees(lambda y: np.sum(function(y, x=x) ** 2), y)
    agrees(lambda x: np.sum(function(y, x=x) ** 2), x)
    agrees(lambda x: np.sum(function(y[0], x=x) ** 2), x)
    agrees(lambda x: np.sum(function(y, x=x * weights) ** 2), x)
    agrees(lambda y: np.sum(function(y.T, x=(x * weights).T, axis=0) ** 2), y)
    agrees(lambda x: np.sum(function(np.array([y, 2 * y**2]), x=np.array([x * weights, x * weights**2]), axis=-1)[1] ** 2), x)
    agrees(lambda x: np.sum(function(np.array([y.T, 2 * y.T**2]), x=np.array([(x * weights).T, x[:, None] * np.ones(2)]), axis=1)[1] ** 2), x)
    if "cumulative" in name:
        agrees(lambda y: np.sum(function(y, x=x, initial=0) ** 3), y)
        agrees(lambda y: np.sum(function(y.T, axis=0, initial=0) ** 3), y)


def test_two_samples():
    agrees(lambda y: integrate.simpson(y, dx=0.3), np.array([1.0, 2.0]))
    agrees(lambda y: integrate.trapezoid(y, dx=0.3) + np.sum(integrate.cumulative_trapezoid(y)), np.array([1.0, 2.0]))
