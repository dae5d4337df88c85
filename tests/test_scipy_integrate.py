"""scipy.integrate: initial value problems, integrals, sums over samples, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.test_scipy_optimize import agrees, refused

integrate = pytest.importorskip("scipy.integrate")

CLOSE = {"rtol": 1e-10, "atol": 1e-11}
POINT = np.array([1.0, 0.2, 2.0, 0.1])
solve_by_adjoint = cr.continuous_adjoint(integrate.solve_ivp)
odeint_by_adjoint = cr.continuous_adjoint(integrate.odeint)


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


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "LSODA"])
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


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA", "odeint"])
def test_second_and_third_derivatives_of_implicit_methods(method):
    def at_times(p):
        if method == "odeint":
            start = [p[0] + 1.0, 0.3]
            return np.sum(integrate.odeint(lambda y, t: -y * t * p[0] + np.sin(t * p[1]), start, [p[1] * p[0], p[2] ** 2], rtol=1e-12, atol=1e-12)[-1] ** 2)

        def slope(t, y):
            return -y * t**2 * p[0] + np.sin(t * p[1]) + 0.1 * y * y[::-1]

        return np.sum(integrate.solve_ivp(slope, (p[1] * p[0], 2.0), np.array([p[0] + 1.0, 0.3]), method=method, t_eval=[p[2] * 0.7, p[2] ** 2], rtol=1e-10, atol=1e-12).y ** 2)

    p, step = np.array([0.8, 0.3, 1.2]), 1e-3
    gradient = cr.grad(at_times)
    found = cr.hessian(at_times)(p)
    for k, e in enumerate(np.eye(3)):
        bend = (8 * (gradient(p + step * e) - gradient(p - step * e)) - (gradient(p + 2 * step * e) - gradient(p - 2 * step * e))) / (12 * step)
        assert found[:, k] == pytest.approx(bend, rel=1e-6, abs=1e-6)
    if method == "Radau":
        def end(q):
            return integrate.solve_ivp(lambda t, y: -q * y**2, (0.0, 1.0), np.ones(1) * 2.0, method="Radau", rtol=1e-9, atol=1e-11).y[0, -1]

        assert cr.grad(cr.grad(end))(1.3) == pytest.approx(16 / (1 + 2 * 1.3) ** 3, rel=1e-6)
        assert cr.grad(cr.grad(cr.grad(end)))(1.3) == pytest.approx(-96 / (1 + 2 * 1.3) ** 4, rel=1e-6)


@pytest.mark.parametrize("method", ["RK45", "Radau", "BDF", "LSODA"])
def test_no_time_passes(method):
    def f(p):
        return p * np.sum(integrate.solve_ivp(lambda t, y: -p * y * t, (0.5, 0.5), [p], method=method).y) + p

    agrees(f, 0.8)


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


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
def test_steps_at_the_limit_of_stability(method):
    def warmth(p, method, solve=solve_by_adjoint):
        def heat(t, u):
            return p * np.diff(np.concatenate([np.zeros(1), u, np.zeros(1)]), 2) * 961 - u**3

        start = np.sin(np.pi * np.linspace(0, 1, 32)[1:-1])
        return np.sum(solve(heat, (0.0, 0.3), start, method=method, t_eval=[0.3], rtol=1e-6, atol=1e-8).y ** 2)

    p = np.full(30, 0.3)
    assert cr.grad(warmth)(p, method) == pytest.approx(cr.grad(warmth)(p, "Radau", integrate.solve_ivp), rel=1e-3)
    with pytest.raises(ArithmeticError, match="limit of stability"), np.errstate(all="ignore"):
        cr.jvp(lambda p: warmth(p, method), (p,), (np.cos(np.arange(30)),))
    with pytest.raises(ArithmeticError, match="continuous_adjoint"), np.errstate(all="ignore"):
        cr.grad(warmth)(p, method, integrate.solve_ivp)

    def gently(p):  # not stiff, with the tolerances that SciPy has by itself
        return np.sum(integrate.solve_ivp(lambda t, y: np.array([p * y[0] - y[0] * y[1], -3 * y[1] + y[0] * y[1]]), (0.0, 10.0), np.array([10.0, 5.0]), method=method).y[:, -1])

    assert np.isfinite(cr.grad(gently)(1.5))


# -- the continuous adjoint --------------------------------------------------------------------------------------------------

METHODS = ["RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA"]


def tolerances(method):
    return {"rtol": 1e-7, "atol": 1e-8} if method in ("RK23", "BDF") else CLOSE


@pytest.mark.parametrize("method", METHODS)
def test_the_continuous_adjoint(method):
    close, rel = tolerances(method), 1e-4 if method in ("RK23", "BDF") else 2e-5

    def at_times(p):
        sol = solve_by_adjoint(pendulum, (0.0, 2.0), p[:2], method=method, t_eval=np.linspace(0, 2, 5), args=(p[2], p[3]), **close)
        return np.sum(sol.y[0] ** 2) + sol.y[1, -1] * p[2]

    agrees(at_times, POINT, rel=rel, step=1e-4)

    def ends_that_move(p):
        sol = solve_by_adjoint(lambda t, y: -y * np.sin(t) + p[2], (p[0], p[1]), np.array([1.0, 2.0]) * p[2], method=method, **close)
        return np.sum(sol.y[:, -1] ** 2) + sol.y[0, 0] * sol.t[-1]

    agrees(ends_that_move, np.array([0.1, 2.0, 0.3]), rel=rel, step=1e-4)

    def times_that_move(p):
        sol = solve_by_adjoint(lambda t, y: -y * np.sin(t) + p[2], (2.0, p[1] * 0.1), np.array([1.0, 2.0]), method=method, t_eval=[1.9, p[0] + 0.3, p[0]], **close)
        return np.sum(sol.y**2 * np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])) + sol.t[1]

    agrees(times_that_move, np.array([0.6, 2.0, 0.3]), rel=rel, step=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_both_adjoints_agree(method):
    def end(p, solve):
        sol = solve(lambda t, y: np.array([p[0] * y[1], -p[1] * y[0] ** 3 + p[2] * y[2], np.sum(p * y)]), (0.0, 1.5), p, method=method, rtol=1e-9, atol=1e-10)
        return np.sum(sol.y[:, -1] ** 2)

    p = np.array([0.7, 0.9, -0.4])
    found, known = cr.grad(end)(p, solve_by_adjoint), cr.grad(end)(p, integrate.solve_ivp)
    assert found == pytest.approx(known, rel=1e-5 if method == "RK23" else 1e-6)


def test_odeint_by_the_continuous_adjoint():
    def f(p):
        times = np.array([0.0, p[1], 2.0, 2.0, 2.5])
        return np.sum(odeint_by_adjoint(lambda y, t, a: [y[1], -a * y[0] * np.cos(t)], [p[0], 1.0], times, args=(p[2],), rtol=1e-11, atol=1e-11)[1:] ** 2 * [1.0, 0.3])

    agrees(f, np.array([1.1, 0.6, 0.9]), rel=2e-5, step=1e-4)
    agrees(lambda p: odeint_by_adjoint(lambda t, y: -y * p, 1.0, [2.0, 1.0, 0.0], tfirst=True, rtol=1e-11, atol=1e-11)[-1, 0], 0.4, step=1e-4)


def test_what_the_right_hand_side_sees():
    weights = np.random.default_rng(0).normal(size=(3, 2))

    def network(params, scale):
        def slope(t, y):
            if t > 0.5:
                y = y + scale * (t - 0.5) ** 4
            return params["out"].T @ np.tanh(params["in"] @ y + params["bias"] * t)

        y = np.ones(2)
        for k in range(2):
            y = solve_by_adjoint(slope, (0.0, 1.0 + k), y, max_step=0.05, rtol=1e-8, atol=1e-9).y[:, -1]
        return np.sum(y**2)

    params = {"in": weights, "out": weights[::-1] * 0.5, "bias": np.array([0.1, -0.3, 0.2])}
    found = cr.grad(network, argnums=(0, 1))(params, 0.9)
    for name, value in params.items():
        direction = np.random.default_rng(1).normal(size=value.shape)
        moved = [network({**params, name: value + h * direction}, 0.9) for h in (1e-4, -1e-4)]
        assert np.sum(found[0][name] * direction) == pytest.approx((moved[0] - moved[1]) / 2e-4, rel=1e-5)
    assert found[1] == pytest.approx((network(params, 0.9001) - network(params, 0.8999)) / 2e-4, rel=1e-5)


def test_complex_states_single_precision_and_jacobians():
    def f(p):
        y = solve_by_adjoint(lambda t, y: 1j * p * y**2, (0.0, 1.0), np.array([1 + 0.5j, p]), **CLOSE).y[:, -1]
        return np.sum(np.abs(y) ** 2)

    agrees(f, 0.8, rel=2e-5, step=1e-4)
    found = cr.grad(lambda p: np.sum(odeint_by_adjoint(lambda y, t: -p[0] * y * t, p, np.array([0.0, 1.0]))[-1]))(np.array([0.8, 1.1], np.float32))
    assert found.dtype == np.float32 and found == pytest.approx([np.exp(-0.4) * (1 - 0.5 * 1.9), np.exp(-0.4)], rel=1e-5)

    def states(p, solve=solve_by_adjoint):
        return solve(lambda t, y: -p * y * y[::-1], (0.0, 0.5), p, t_eval=[0.1, 0.5], **CLOSE).y

    p = np.array([1.3, 2.1, 0.7])
    known = cr.jacobian(lambda p: states(p, integrate.solve_ivp))(p)
    for jacobian in (cr.jacobian, cr.jacrev, cr.jacfwd):
        assert jacobian(states)(p) == pytest.approx(known, rel=1e-6, abs=1e-8)


def test_tolerances_of_the_adjoint():
    def error(p, **tolerances):
        solve = cr.continuous_adjoint(integrate.solve_ivp, **tolerances)
        found = cr.grad(lambda p: 1e-9 * solve(lambda t, y: -p * y**2, (0.0, 1.0), np.ones(1) * 2.0, rtol=1e-11, atol=1e-12).y[0, -1])(p)
        return abs(found / (-4e-9 / (1 + 2 * p) ** 2) - 1)

    assert error(1.3) < 1e-9
    assert 1e-7 < error(1.3, rtol=1e-3, atol=1e-3) < 1e-2

    def inside(p):
        return cr.continuous_adjoint(integrate.solve_ivp, rtol=1e-9, atol=1e-9)(lambda t, y: -p * y, (0.0, 1.0), np.ones(1), **CLOSE).y[0, -1]

    agrees(inside, 0.7)


def test_second_derivatives_go_through_the_steps():
    def end(p):
        return solve_by_adjoint(lambda t, y: -p * y**2, (0.0, 1.0), np.ones(1) * 2.0, **CLOSE).y[0, -1]

    assert cr.grad(cr.grad(end))(1.3) == pytest.approx(16 / (1 + 2 * 1.3) ** 3, rel=1e-6)
    assert cr.hvp(lambda p: end(p[0]))(np.array([1.3]), np.ones(1)) == pytest.approx([16 / (1 + 2 * 1.3) ** 3], rel=1e-6)


@pytest.mark.parametrize("method", ["RK23", "Radau", "LSODA"])
def test_a_long_solution_in_pieces(method, monkeypatch):
    from chainrule.runtime import flows

    def end(p):
        sol = solve_by_adjoint(pendulum, (0.0, 6.0), p[:2], method=method, t_eval=[0.3, 5.0], args=(p[2], p[3]), rtol=1e-6, atol=1e-8)
        return np.sum(sol.y**2)

    known = cr.grad(end)(POINT)
    monkeypatch.setattr(flows, "STEPS", 5)
    monkeypatch.setattr(flows, "STATES", 2)
    assert cr.grad(end)(POINT) == pytest.approx(known, rel=1e-3)


def test_memory_does_not_grow_with_the_steps():
    import tracemalloc

    def end(p, solve, step):
        return np.sum(solve(lambda t, y: np.sin(p * y[::-1]), (0.0, 1.0), p, max_step=step, t_eval=[1.0]).y)

    def peak(solve, step):
        gradient = cr.grad(end)
        gradient(np.ones(200), solve, 0.1)
        tracemalloc.start()
        gradient(np.ones(200), solve, step)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(solve_by_adjoint, 1 / 1200) < 1.3 * peak(solve_by_adjoint, 1 / 300)
    assert peak(integrate.solve_ivp, 1 / 1200) > 3 * peak(integrate.solve_ivp, 1 / 300)


def test_the_text_of_an_adjoint():
    def f(p):
        return solve_by_adjoint(lambda t, y: -p * y, (0.0, 1.0), np.ones(1)).y[0, -1]

    source = cr.grad(f).source_for(1.3)
    assert source.count("solve_ivp(") == 1 and "flow_adjoint(" in source and "dense_output" not in source


def test_an_adjoint_of_something_else():
    with pytest.raises(TypeError, match="not for quad"):
        cr.continuous_adjoint(integrate.quad)

    def explodes(p):
        return np.sum(solve_by_adjoint(lambda t, y: p * y**2, (0.0, 2.0), np.ones(1), t_eval=[0.5]).y)

    assert np.isfinite(cr.grad(explodes)(1.0))  # what comes after the last time that is asked for is not solved again


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


@pytest.mark.parametrize("place", [0.4, 0.5])
def test_quad_of_functions_whose_derivative_is_rougher(place):
    agrees(lambda p: integrate.quad(lambda x: np.abs(x - p), 0, 1)[0], place, step=1e-3)
    agrees(lambda p: integrate.quad(lambda x: np.maximum(x - p, 0.0) * p, 0, 2)[0], place, step=1e-3)
    for p in (0.2, place):
        def power(p):
            return integrate.quad(lambda x: x ** (p - 1), 0, 1)[0]

        assert cr.grad(power)(p) == pytest.approx(-1 / p**2, rel=1e-7)
        assert cr.jvp(power, (p,), (1.0,))[1] == pytest.approx(-1 / p**2, rel=1e-7)
        assert cr.grad(cr.grad(power))(p) == pytest.approx(2 / p**3, rel=1e-6)
    agrees(lambda p: integrate.quad(lambda x: np.sqrt(x) * np.exp(-p * x), 0, np.inf)[0], place)


def test_quad_warns_where_a_derivative_is_inaccurate():
    with pytest.warns(integrate.IntegrationWarning, match="estimated relative error"):
        found = cr.grad(lambda p: integrate.quad(lambda x: (1 - x) ** (p - 1), 0, 1)[0])(0.4)  # numbers are coarser near 1 than near 0
    assert found == pytest.approx(-6.25, rel=1e-4)


def test_integrands_that_jump():
    def at_a_place_that_stays(p):
        return integrate.quad(lambda x: p if x < 0.3777 else 2 * p * x, 0, 1)[0]

    agrees(at_a_place_that_stays, 1.4)
    for moves in (lambda p: integrate.quad(lambda x: np.where(x < p, x, 2 * p), 0, 1)[0], lambda p: integrate.quad(lambda x: np.heaviside(x - p, 0.5) * np.exp(x), 0, 1)[0],
                  lambda p: integrate.quad(lambda x: np.exp(-x) * (p if x < p else 2.0), 0, np.inf)[0]):
        for place in (0.41, 0.5):
            with pytest.raises(ArithmeticError, match="a place that moves"):
                cr.value_and_grad(moves)(place)
            with pytest.raises(ArithmeticError, match="a place that moves"):
                cr.jvp(moves, (place,), (1.0,))
    for singular in (lambda p: integrate.quad(lambda x: np.log(abs(x - p)), 0, 1)[0], lambda p: integrate.quad(lambda x: 1 / np.sqrt(x - p), p, 2.0)[0]):
        with pytest.raises(ArithmeticError, match="may not be integrable"):
            cr.grad(singular)(0.4)


def test_quad_with_limits_that_move_to_higher_orders():
    def f(v):
        return integrate.quad(lambda x: np.exp(-v[0] * x * x), v[0] * v[1], 2 * v[1])[0]

    v = np.array([0.8, 0.7])
    for g in (cr.grad(f), lambda v: cr.hessian(f)(v)[0]):
        slopes = np.array([(g(v + 1e-5 * e) - g(v - 1e-5 * e)) / 2e-5 for e in np.eye(2)])
        assert cr.jacobian(g)(v).T == pytest.approx(slopes, rel=1e-6, abs=1e-8)


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
