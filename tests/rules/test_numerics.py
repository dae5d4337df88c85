"""Where calculus does not say what a derivative is: one value for each sentence of the policy, in both modes."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as cr

inf, nan = np.inf, np.nan


def logsumexp(x: Any) -> Any:
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def sigmoid(x: Any) -> Any:
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def softplus(x: Any) -> Any:
    return np.logaddexp(0.0, x)


EYE = np.array([[2.0, 0.0], [0.0, 2.0]])
# What is tried, a function of one array (or number), the point, its gradient. NaN in the last: anything.
POINTS: list[tuple[str, Any, Any, Any]] = [
    # kinks
    ("abs at 0", lambda x: np.sum(abs(x)), [0.0, -2.0], [0, -1]),
    ("sign, floor, ceil, round, trunc, rint", lambda x: np.sum(np.sign(x) + np.floor(x) + np.ceil(x) + np.round(x) + np.trunc(x) + np.rint(x) + x), [0.0, 1.0, 1.5], [1, 1, 1]),
    ("heaviside", lambda x: np.sum(np.heaviside(x, 0.5)) + x[0], [0.0, 1.0], [1, 0]),
    ("max, ties", lambda x: np.max(x), [3.0, 3.0, 1.0], [0.5, 0.5, 0]), ("min of three", lambda x: np.min(x), [1.0, 1.0, 1.0], [1 / 3] * 3),
    ("maximum, tie", lambda x: np.maximum(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]), ("fmin, tie", lambda x: np.fmin(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]),
    ("max of numbers, tie", lambda x: max(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]),
    ("median of equal ones", lambda x: np.median(x), [2.0, 2.0, 2.0], [1 / 3] * 3), ("median of an even count", lambda x: np.median(x), [4.0, 1.0, 3.0, 2.0], [0, 0, 0.5, 0.5]),
    ("running maximum, ties", lambda x: np.maximum.accumulate(x)[-1], [2.0, 2.0, 1.0], [0.5, 0.5, 0]),
    ("sort is stable", lambda x: np.sum(np.sort(x) * np.array([1.0, 2.0, 4.0])), [2.0, 2.0, 1.0], [2, 4, 1]),
    ("clip inside, outside, at a bound", lambda x: np.sum(np.clip(x, 0.0, 1.0)), [0.5, 2.0, 0.0, 1.0, -1.0], [1, 0, 0.5, 0.5, 0]),
    ("relu from the inactive side", lambda x: np.sum(np.where(x > 0, x, 0.0)), [0.0, 1.0, -1.0], [0, 1, 0]), ("leaky", lambda x: np.sum(np.where(x > 0, x, 0.1 * x)), [0.0, 1.0], [0.1, 1]),
    ("norm at 0", lambda x: np.linalg.norm(x), [0.0, 0.0], [0, 0]), ("hypot at 0", lambda x: np.hypot(x[0], x[1]), [0.0, 0.0], [0, 0]),
    ("math.hypot at 0", lambda x: math.hypot(x[0], x[1]), [0.0, 0.0], [0, 0]), ("std and var of equal ones", lambda x: np.std(x) + np.var(x), [2.0, 2.0], [0, 0]),
    ("a branch as taken", lambda x: x[0] * 2 if x[0] >= 0 else x[0] * 3, [0.0], [2]), ("on the way to a comparison", lambda x: x[0] if np.sqrt(x[0]) < 1 else 0.0, [0.0], [1]),
    # poles
    ("sqrt at 0", lambda x: np.sum(np.sqrt(x)), [0.0, 4.0], [inf, 0.25]), ("log at 0", lambda x: np.sum(np.log(x)), [0.0, 2.0], [inf, 0.5]),
    ("sqrt of a square at 0", lambda x: np.sum(np.sqrt(x * x)), [0.0, 2.0], [nan, 1]),
    ("x ** 0.5 at 0", lambda x: np.sum(x**0.5), [0.0, 4.0], [inf, 0.25]), ("x ** 0", lambda x: np.sum(x**0.0) + np.sum(x**0), [0.0, 2.0], [0, 0]), ("x ** 1", lambda x: np.sum(x**1.0), [0.0, -2.0], [1, 1]),
    ("x ** 2", lambda x: np.sum(x**2.0), [0.0, -2.0], [0, -4]), ("x ** 2.5 at 0", lambda x: np.sum(x**2.5), [0.0], [0]), ("x ** 3 of negative x", lambda x: np.sum(x**3) + np.sum(x**3.0), [-2.0], [24]),
    ("0 ** p with respect to p", lambda p: 0.0**p + np.zeros(1)[0]**p, 2.0, 0), ("0 ** p, an array", lambda p: np.sum(np.zeros(2)**p), [2.0, 0.5], [0, 0]),
    ("sinc at 0", lambda x: np.sum(np.sinc(x)), [0.0], [0]), ("arctan2 at 0", lambda x: np.arctan2(x[0], x[1]), [0.0, 0.0], [0, 0]),
    # masks
    ("where, sqrt", lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)), [0.0, 4.0], [0, 0.25]), ("where, a quotient", lambda x: np.sum(np.where(x != 0, 1.0 / x, 0)), [0.0, 2.0], [0, -0.25]),
    ("log with where", lambda x: np.sum(np.log(x, out=np.zeros(2), where=x > 0)), [0.0, 2.0], [0, 0.5]),
    ("min, index and clip absorb", lambda x: np.minimum(np.sqrt(x[0]), -1.0) + np.sqrt(x)[1] + np.clip(np.log(x[2]), -9.0, 9.0), [0.0, 4.0, 0.0], [0, 0.25, 0]),
    ("x log x", lambda x: np.sum(np.where(x > 0, x * np.log(x), 0.0)), [0.0, 1.0], [0, 1]),
    # products
    ("prod with a zero", lambda x: np.prod(x), [2.0, 3.0, 0.0], [0, 0, 6]), ("prod with two zeros", lambda x: np.prod(x), [2.0, 0.0, 0.0], [0, 0, 0]),
    ("prod along an axis", lambda x: np.sum(np.prod(x, axis=1)), [[2.0, 0.0], [3.0, 4.0]], [[0, 2], [4, 3]]), ("cumprod with a zero", lambda x: np.sum(np.cumprod(x)), [2.0, 0.0, 3.0], [1, 8, 0]),
    ("cumprod with two zeros", lambda x: np.sum(np.cumprod(x)), [2.0, 0.0, 0.0, 3.0], [1, 2, 0, 0]),
    # no overflow
    ("log(1 + exp)", lambda x: np.sum(np.logaddexp(0.0, x)), [800.0, -800.0], [1, 0]), ("logaddexp of -inf", lambda x: np.logaddexp(-inf, x[0]), [1.0], [1]),
    ("logsumexp", logsumexp, [1e4, -1e4], [1, 0]), ("logsumexp with -inf", logsumexp, [0.0, -inf], [1, 0]), ("softmax", lambda x: softmax(x)[0], [1e4, -1e4], [0, 0]),
    ("log-softmax", lambda x: x[1] - logsumexp(x), [1e4, -1e4], [-1, 1]), ("sigmoid", lambda x: np.sum(sigmoid(x)), [1e4, -1e4, 0.0], [0, 0, 0.25]), ("softplus", lambda x: np.sum(softplus(x)), [1e4, -1e4, 0.0], [1, 0, 0.5]),
    # matrices
    ("det of a singular matrix", lambda a: np.linalg.det(a), [[1.0, 2.0], [2.0, 4.0]], [[4, -2], [-2, 1]]), ("eigh, repeated", lambda a: np.sum(np.linalg.eigh(a)[0] ** 2), EYE, 2 * EYE),
    ("svd, repeated", lambda a: np.sum(np.linalg.svd(a)[1] ** 2), EYE, 2 * EYE), ("eigvalsh, repeated", lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), EYE, 2 * EYE),
    # steps
    ("copysign", lambda x: np.sum(np.copysign(x, np.array([-1.0, 1.0]))), [2.0, -3.0], [-1, -1]), ("mod at a multiple", lambda x: np.sum(x % 2.0), [4.0, 3.0], [1, 1]),
    ("// and floor", lambda x: np.sum(x // 2.0 + np.floor_divide(x, 2.0)) + x[0], [4.0, 3.0], [1, 0]), ("frexp", lambda x: np.frexp(x)[0][0], [6.0], [0.125]),
    ("x log y", lambda x: x[0] * np.log(x[1]), [0.0, 2.0], [math.log(2), 0]),
    # NaN and infinity go through
    ("NaN stays", lambda x: np.sum(np.exp(x) * x), [nan, 0.0], [nan, 1]), ("infinity", lambda x: np.sum(np.exp(-x)), [inf, 0.0], [0, -1]),
    ("an unknown bound", lambda x: np.sum(np.interp(x, np.array([0.0, 1.0]), np.array([0.0, 2.0]))), [0.5, 7.0], [2, 0]),
]


@pytest.mark.parametrize(("f", "x", "expected"), [p[1:] for p in POINTS], ids=[p[0] for p in POINTS])
def test_points(f: Any, x: Any, expected: Any) -> None:
    x = x if isinstance(x, float) else np.asarray(x)
    known = ~np.isnan(np.asarray(expected, float))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, gradient = cr.value_and_grad(lambda x: f(x))(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-12)
        forwards = cr.jacfwd(lambda x: f(x))(x)
    for found in (gradient, forwards if known.all() or known.size == 1 else gradient):  # a sum in forward mode has a NaN in all directions
        np.testing.assert_allclose(np.asarray(found)[known], np.asarray(expected, float)[known], rtol=1e-9, atol=1e-12)
        assert not np.any(np.isfinite(np.asarray(found)[~known]))


COMPLEX: list[tuple[str, Any, Any, Any]] = [
    ("|z| ** 2", lambda z: np.abs(z) ** 2, 1 + 2j, 2 - 4j), ("z conj(z)", lambda z: np.real(z * np.conj(z)), 1 + 2j, 2 - 4j), ("real", lambda z: np.real(z), 1 + 2j, 1), ("imag", lambda z: np.imag(z), 1 + 2j, -1j),
    ("abs at 0", lambda z: np.abs(z), 0j, 0), ("abs", lambda z: np.abs(z), 3 + 4j, 0.6 - 0.8j), ("angle", lambda z: np.angle(z), 2j, -0.5), ("holomorphic", lambda z: np.real(z**3), 1 + 2j, 3 * (1 + 2j) ** 2),
    ("exp", lambda z: np.real(np.exp(z)), 1 + 2j, np.exp(1 + 2j)), ("conj", lambda z: np.real(np.conj(z) * (2 + 1j)), 1 + 2j, np.conj(2 + 1j)),
]


@pytest.mark.parametrize(("f", "z", "expected"), [p[1:] for p in COMPLEX], ids=[p[0] for p in COMPLEX])
def test_complex(f: Any, z: complex, expected: complex) -> None:
    """df/dx - i df/dy; of arrays and of numbers, and along each of both directions."""
    np.testing.assert_allclose(cr.grad(lambda z: f(z))(z), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(cr.grad(lambda z: np.sum(f(z)))(np.array([z])), [expected], rtol=1e-12, atol=1e-15)
    for direction in (1.0 + 0j, 1j):
        np.testing.assert_allclose(cr.jvp(lambda z: f(z), (z,), (direction,))[1], np.real(expected * direction), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("f", [
    lambda x: np.sum(np.fft.ifft(np.fft.fft(x)).real ** 2), lambda x: np.sum(np.fft.irfft(np.fft.rfft(x), 3) ** 2), lambda x: np.sum(np.abs(np.exp(1j * x)) ** 2 * x**2),
    lambda x: np.sum(np.real((x + 0j) * np.conj(x + 0j)))])
def test_real_by_way_of_complex(f: Any) -> None:
    x = np.array([1.0, -2.0, 0.5])
    gradient = cr.grad(lambda x: f(x))(x)
    assert gradient.dtype == float
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-12)
    np.testing.assert_allclose(cr.jvp(lambda x: f(x), (x,), (np.ones(3),))[1], np.sum(2 * x), rtol=1e-12)


def test_a_real_number_in_a_complex_array() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3, complex)
        y[0] = x
        y[1] = 1j * x
        return np.sum(np.abs(y) ** 2) + np.real(y[0]) + np.imag(y[1])

    assert cr.grad(f)(1.5) == 8.0 and cr.jvp(f, (1.5,), (1.0,))[1] == 8.0
    assert type(cr.grad(f)(1.5)) is float


@pytest.mark.parametrize("f", [lambda a: np.linalg.inv(a), lambda a: np.linalg.solve(a, np.ones(2)), lambda a: np.linalg.cholesky(a)])
def test_singular_input_raises_what_numpy_raises(f: Any) -> None:
    a = -np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(np.linalg.LinAlgError) as expected:
        f(a)
    with pytest.raises(np.linalg.LinAlgError, match=str(expected.value)):
        cr.grad(lambda a: np.sum(f(a)))(a)


@pytest.mark.parametrize("f", [lambda s, d: np.sum(np.linalg.cholesky(s) * d), lambda s, d: np.sum(np.linalg.eigh(s)[0] * d[0]), lambda s, d: np.sum(np.linalg.solve(s, d)),
                               lambda s, d: np.sum(np.linalg.eigh(s)[1] ** 2 * d)])
def test_symmetric_input(f: Any) -> None:
    """Compared along symmetric directions."""
    rng = np.random.default_rng(4)
    s, v, d = (rng.normal(size=(3, 3)) for _ in range(3))
    s, v = s @ s.T + 3 * np.eye(3), v + v.T
    wanted = (f(s + 1e-6 * v, d) - f(s - 1e-6 * v, d)) / 2e-6
    np.testing.assert_allclose(np.sum(cr.grad(f)(s, d) * v), wanted, rtol=1e-6)
    np.testing.assert_allclose(cr.jvp(lambda s: f(s, d), (s,), (v,))[1], wanted, rtol=1e-6)


def test_no_warning_that_the_function_does_not_give() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cr.grad(lambda x: np.sqrt(x))(0.0) == inf and cr.grad(lambda x: math.sqrt(x))(0.0) == inf
        assert cr.grad(lambda x: x**0.5)(0.0) == inf
        np.testing.assert_equal(cr.grad(lambda x: np.sum(np.sqrt(x)))(np.zeros(2)), [inf, inf])
