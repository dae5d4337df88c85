"""The checker is checked: right derivatives pass, and each kind of wrong one is caught and named."""

from __future__ import annotations

import pickle
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.check import check_all, check_gradients, check_jvp, check_vjp, compare, slope
from chainrule.errors import GradientCheckError

RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _the_same_numbers_in_any_order():
    global RNG
    RNG = np.random.default_rng(0)

W = RNG.normal(size=(3, 4))
X = RNG.normal(size=(4,))


def layer(w, x):
    return np.sum(np.tanh(w @ x) * np.arange(1.0, len(w) + 1))


def layer_gradients(w, x):
    z_bar = np.arange(1.0, len(w) + 1) * (1 - np.tanh(w @ x) ** 2)
    return np.outer(z_bar, x), w.T @ z_bar


def test_right_gradients_pass_with_few_evaluations():
    calls = 0

    def counted(w, x):
        nonlocal calls
        calls += 1
        return layer(w, x)

    assert compare(counted, [W, X], layer_gradients(W, X)).ok
    assert calls <= 12


def test_one_wrong_sign_is_named():
    w_bar, x_bar = layer_gradients(W, X)
    w_bar[1, 2] = -w_bar[1, 2]
    report = compare(layer, [W, X], [w_bar, x_bar])
    (difference,) = report.differences
    assert (difference.argument, difference.element) == ("w", (1, 2))
    assert difference.ours == w_bar[1, 2]
    assert difference.expected == pytest.approx(-w_bar[1, 2])
    assert "w[1, 2]: got" in str(report)


def test_one_dropped_term_is_named():
    def f(x):
        return np.sum(x**2) + x[0] * x[3]

    g = 2 * X
    g[0] += X[3]  # and g[3] += X[0] is missing
    report = compare(f, [X], [g])
    assert [d.element for d in report.differences] == [(3,)]


def test_a_swapped_axis_is_caught():
    a = RNG.normal(size=(3, 3))

    def f(a):
        return np.sum(a @ np.diag([1.0, 2.0, 3.0]) @ a)

    d = np.diag([1.0, 2.0, 3.0])
    ones = np.ones((3, 3))
    right = ones @ (d @ a).T + (a @ d).T @ ones
    assert compare(f, [a], [right]).ok
    report = compare(f, [a], [right.T])
    assert {d.element for d in report.differences} == {(i, j) for i in range(3) for j in range(3) if i != j}
    assert "shape of the gradient" in str(compare(layer, [W, X], [layer_gradients(W, X)[0].T, X]))


def test_a_stale_saved_value_is_caught():
    def f(x):
        h = x[0]
        for i in range(1, 4):
            h = np.sin(h * x[i])
        return h

    def gradient(x, stale):
        tape = [x[0]]
        for i in range(1, 4):
            tape.append(np.sin(tape[-1] * x[i]))
        g = np.zeros_like(x)
        h_bar = 1.0
        for i in (3, 2, 1):
            before = tape[i] if stale and i == 2 else tape[i - 1]
            z_bar = h_bar * np.cos(before * x[i])
            g[i] = z_bar * before
            h_bar = z_bar * x[i]
        g[0] = h_bar
        return g

    x = np.array([0.7, 1.1, -0.6, 0.9])
    assert compare(f, [x], [gradient(x, stale=False)]).ok
    report = compare(f, [x], [gradient(x, stale=True)])
    assert (2,) in [d.element for d in report.differences]
    assert (3,) not in [d.element for d in report.differences]


def test_a_single_wrong_element_of_many_is_found_by_halving():
    x = RNG.normal(size=5000)
    x[4321] = 0.3
    g = np.cos(x)
    g[4321] *= 1 + 1e-3
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return np.sum(np.sin(x))

    report = compare(f, [x], [g])
    assert [d.element for d in report.differences] == [(4321,)]
    assert calls < 1000


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtypes(dtype):
    x = np.array([0.3, -1.2, 2.0], dtype)
    g = (2 * x * np.cos(x.astype(float) ** 2)).astype(dtype)
    assert compare(lambda x: np.sum(np.sin(x**2)), [x], [g]).ok
    wrong = g.copy()
    wrong[1] *= dtype(2)
    assert [d.element for d in compare(lambda x: np.sum(np.sin(x**2)), [x], [wrong]).differences] == [(1,)]
    assert "dtype" in str(compare(lambda x: np.sum(x), [x], [np.ones(3, np.int64)]))


def test_a_function_that_insists_on_float32():
    def f(x):
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        return np.sum(x * x)

    x = np.array([0.3, -1.2, 2.0], np.float32)
    assert compare(f, [x], [2 * x]).ok
    assert not compare(f, [x], [3 * x]).ok


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1e-2, 1.0, 1e3, 1e8, 1e100])
def test_scales(size):
    x = size * np.array([1.0, 2.0, 0.5])
    assert compare(lambda x: np.sum(np.log(x)), [x], [1 / x]).ok
    report = compare(lambda x: np.sum(np.log(x)), [x], [np.array([1, -1, 1]) / x])
    assert [d.element for d in report.differences] == [(1,)]


def test_scales_far_apart_in_one_array():
    x = np.array([1e-9, 1.0, 1e6])
    assert compare(lambda x: np.sum(np.log(x)), [x], [1 / x]).ok
    report = compare(lambda x: np.sum(np.log(x)), [x], [np.array([2e9, 1.0, 1e-6])])
    assert [d.element for d in report.differences] == [(0,)]


def test_a_kink_is_a_kink_not_a_wrong_gradient():
    x = np.array([1.0, 0.0, -2.0])
    report = compare(lambda x: np.sum(np.abs(x)), [x], [np.array([1.0, 1.0, -1.0])])
    assert report.ok
    (kink,) = report.kinks
    assert (kink.argument, kink.element, kink.left, kink.right) == ("x", (1,), pytest.approx(-1), pytest.approx(1))
    assert "kinks" in str(report)


def test_a_wrong_element_beside_a_kink_is_wrong():
    x = np.array([1.0, 0.0, -2.0])
    report = compare(lambda x: np.sum(np.abs(x)), [x], [np.array([1.0, 0.3, 1.0])])
    assert [d.element for d in report.differences] == [(2,)]
    assert [k.element for k in report.kinks] == [(1,)]


def test_near_a_kink_the_step_shrinks():
    x = np.array([1e-5, 1.0])
    assert compare(lambda x: np.sum(np.abs(x)), [x], [np.ones(2)]).ok
    assert not compare(lambda x: np.sum(np.abs(x)), [x], [np.array([-1.0, 1.0])]).ok


def test_infinite_slopes_and_edges_and_jumps_are_kinks():
    assert compare(np.sqrt, [0.0], [np.inf]).kinks
    assert compare(np.cbrt, [0.0], [np.inf]).ok
    assert compare(lambda x: 1.0 if x >= 0 else 0.0, [0.0], [0.3]).kinks


def test_a_nan_gradient_is_wrong_where_the_function_is_smooth():
    report = compare(lambda x: np.sum(x * x), [X], [np.array([np.nan, *2 * X[1:]])])
    assert [d.element for d in report.differences] == [(0,)]


Pair = namedtuple("Pair", "a b")


@dataclass(frozen=True)
class Params:
    w: np.ndarray
    name: str
    scale: float


def test_containers_and_their_leaves_without_derivative():
    def f(p, tree, n):
        return np.sum(p.w**2) * p.scale + tree["u"][0] * tree["v"].a ** n

    args = [Params(np.array([1.0, 2.0]), "p", 3.0), {"u": [2.0, None], "v": Pair(1.5, 3)}, 2]
    p_bar = Params(np.array([6.0, 12.0]), None, 5.0)
    tree_bar = {"v": Pair(6.0, None), "u": [2.25, None]}
    assert compare(f, args, [p_bar, tree_bar], argnums=[0, 1]).ok
    wrong = {"v": Pair(5.0, None), "u": [2.25, None]}
    report = compare(f, args, [p_bar, wrong], argnums=[0, 1])
    assert [d.argument for d in report.differences] == ["tree['v'].a"]
    assert "structure" in str(compare(f, args, [p_bar, {"v": 1.0}], argnums=[0, 1]))
    assert "type of the gradient is NoneType" in str(
        compare(f, args, [p_bar, {"v": Pair(None, None), "u": [2.25, 0]}], argnums=[0, 1])
    )


def test_arguments_are_never_modified():
    def f(x, n, log):
        x *= 2.0
        n += 1
        log.append(1)
        return np.sum(x * x)

    x, n, log = np.array([1.0, 2.0]), np.array([1, 2]), []
    assert compare(f, [x, n, log], [8 * x], argnums=[0]).ok
    assert x.tolist() == [1.0, 2.0] and n.tolist() == [1, 2] and log == []


def test_random_draws_are_the_same_in_every_evaluation():
    noise = np.random.default_rng(3).normal(size=2)
    assert compare(
        lambda x, rng: np.sum(x * rng.normal(size=2)), [np.ones(2), np.random.default_rng(3)], [noise], argnums=[0]
    ).ok


def test_complex_arguments_and_the_convention():
    z = np.array([1 + 2j, -0.5j])
    assert compare(lambda z: np.sum(np.abs(z) ** 2), [z], [2 * np.conj(z)]).ok
    report = compare(lambda z: np.sum(np.abs(z) ** 2), [z], [2 * z])
    assert [d.element for d in report.differences] == [(0,), (1,)]
    assert report.differences[0].expected == pytest.approx(2 - 4j)
    assert compare(lambda z: abs(z) ** 2, [1 + 2j], [2 - 4j]).ok


def vjp_of(f, pullback):
    return lambda _, *args: (f(*args), lambda c: pullback(c, *args))


def test_vjp_with_array_result_and_random_cotangent():
    def f(w, x):
        return w @ x

    assert check_vjp(f, [W, X], vjp_of(f, lambda c, w, x: (np.outer(c, x), w.T @ c))).ok

    def stale(c, w, x):
        g = np.outer(c, x)
        g[2, 1] += 0.1
        return g, w.T @ c

    with pytest.raises(GradientCheckError, match=r"w\[2, 1\]: got"):
        check_vjp(f, [W, X], vjp_of(f, stale))


def test_vjp_with_container_and_complex_results():
    def f(z, k):
        return {"sq": z * z, "n": k, "both": [np.real(z), z.conj()]}

    def pullback(c, z, k):
        assert c["n"] is None
        return 2 * z * c["sq"] + c["both"][0] + np.conj(c["both"][1]), None

    assert check_vjp(f, [np.array([1 + 2j, 3 - 1j]), 3], vjp_of(f, pullback)).ok
    with pytest.raises(GradientCheckError):
        check_vjp(
            f,
            [np.array([1 + 2j, 3 - 1j]), 3],
            vjp_of(f, lambda c, z, k: (2 * z * c["sq"] + c["both"][0] + c["both"][1], None)),
        )


def test_vjp_value_must_be_that_of_the_function():
    with pytest.raises(GradientCheckError, match="value is"):
        check_vjp(np.sin, [1.0], lambda f, x: (np.cos(x), lambda c: (c * np.cos(x),)))


def test_what_there_is_not_is_named():
    with pytest.raises(ValueError, match="order=0"):
        check_all(np.sin, [1.0], vjp_of(np.sin, None), None, 0, ("rev",))
    with pytest.raises(ValueError, match="'rev'"):
        check_all(np.sin, [1.0], vjp_of(np.sin, None), None, 1, ("backwards",))


def jvp_of(slope_of):
    return lambda f, primals, tangents: (f(*primals), slope_of(*primals) * tangents[0])


def test_forward_mode_is_checked():
    x = np.array([1.0, 2.0, -0.5])
    assert check_jvp(np.sin, [x], jvp_of(np.cos)).ok
    assert check_jvp(np.abs, [np.array([0.0, 2.0])], jvp_of(lambda x: np.array([0.5, 1.0]))).kinks
    with pytest.raises(GradientCheckError, match=r"\[1\]: got .* relative error"):
        check_jvp(lambda x: np.sin(x), [x], jvp_of(lambda x: np.cos(x) * [1.0, -1.0, 1.0]))
    with pytest.raises(GradientCheckError, match="shape of the tangent"):
        check_jvp(lambda x: np.sin(x), [x], lambda f, primals, tangents: (np.sin(x), 1.0 * tangents[0][:2]))
    with pytest.raises(GradientCheckError, match="value is"):
        check_jvp(lambda x: np.sin(x), [x], lambda f, primals, tangents: (np.cos(x), np.cos(x) * tangents[0]))
    with pytest.raises(GradientCheckError):
        check_jvp(lambda x: np.sin(x), [x.astype(np.float32)], jvp_of(lambda x: -np.cos(x)))


def test_no_elements_nothing_to_check():
    assert compare(lambda x: np.sum(x), [np.zeros(0)], [np.zeros(0)]).ok


def test_same_seed_same_report():
    w_bar, x_bar = layer_gradients(W, X)
    first, second = (str(compare(layer, [W, X], [2 * w_bar, x_bar])) for _ in range(2))
    assert first == second


def test_the_error_carries_the_report_and_pickles():
    with pytest.raises(GradientCheckError) as caught:
        check_gradients(lambda x: x**3, [2.0], [11.0], [0])
    assert str(caught.value) == (
        "derivative of test_the_error_carries_the_report_and_pickles.<locals>.<lambda>: differs from finite differences\n"
        "  x: got 11, finite difference 12, relative error 0.083"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_slope_of_a_noisy_function_is_not_a_kink():
    found = slope(lambda t: 1e8 + 0.1 * t, claim=0.3, rtol=1e-6, atol=1e-9)
    assert not found.kink
    assert found.value == pytest.approx(0.1, abs=found.error)
