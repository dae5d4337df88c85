"""Functions of NumPy where calculus does not say what a derivative is: NaN, masks, ties, empty and single arrays, equal values."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as cr

from .test_forward import richardson

nan, inf = np.nan, np.inf


def _rebuilt(a: Any) -> Any:
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return np.sum((u * s) @ v * np.arange(1.0, 5.0).reshape(2, 2))


POINTS: list[tuple[str, Any, Any, Any]] = [
    # what leaves NaN out
    ("nanstd of equal numbers", lambda x: np.nanstd(x), [1.0, nan, 1.0], [0, 0, 0]),
    ("nanmax, ties", lambda x: np.nanmax(x), [2.0, nan, 2.0, 1.0], [0.5, 0, 0.5, 0]),
    ("nanmax of NaN", lambda x: np.nanmax(x), [nan, nan], [0, 0]),
    ("nanmean hides poles", lambda x: np.nanmean(np.sqrt(x)), [-1.0, 4.0, 0.25], [0, 0.125, 0.5]),
    ("nansum hides poles", lambda x: np.nansum(np.log(x)), [-1.0, 4.0, 0.25], [0, 0.25, 4]),
    ("nanprod with a zero", lambda x: np.nanprod(x), [0.0, 2.0, nan, 3.0], [6, 0, 0, 0]),
    ("nancumprod with a zero", lambda x: np.sum(np.nancumprod(x)), [0.0, 2.0, nan, 3.0], [11, 0, 0, 0]),
    ("nanmedian", lambda x: np.nanmedian(x), [3.0, nan, 1.0, 2.0, 9.0], [0.5, 0, 0, 0.5, 0]),
    ("fmax.reduce of NaN", lambda x: np.fmax.reduce(x), [2.0, nan, 1.0], [1, 0, 0]),
    # ties
    ("quantile, ties", lambda x: np.quantile(x, 0.5), [1.0, 2.0, 2.0, 3.0], [0, 0.5, 0.5, 0]),
    ("quantile, three ties", lambda x: np.quantile(x, 0.5), [2.0, 2.0, 2.0, 1.0], [1 / 3, 1 / 3, 1 / 3, 0]),
    ("quantile, ties in rows", lambda x: np.sum(np.quantile(x, [0.0, 1.0], axis=1) * np.array([[1.0, 2.0], [3.0, 4.0]])), [[1.0, 1.0, 2.0], [5.0, 5.0, 5.0]], [[0.5, 0.5, 3], [2, 2, 2]]),
    ("nanquantile, ties", lambda x: np.nanquantile(x, 0.0), [2.0, nan, 2.0, 7.0], [0.5, 0, 0.5, 0]),
    ("median of NaN", lambda x: np.median(x), [3.0, nan, 2.0, 9.0], [0, 1, 0, 0]),
    ("medians, one of NaN", lambda x: np.sum(np.median(x, axis=1)), [[1.0, 2.0, 3.0], [nan, 1.0, 2.0]], [[0, 1, 0], [1, 0, 0]]),
    ("quantile of NaN", lambda x: np.quantile(x, 0.5), [2.0, nan, 1.0], [0, 1, 0]),
    ("largest element of rows, ties and NaN", lambda x: np.sum(np.linalg.norm(x, inf, axis=1)), [[nan, 1.0], [2.0, -2.0]], [[nan, 0], [0.5, -0.5]]),
    ("logaddexp.reduce, three infinite", lambda x: np.logaddexp.reduce(x), [-inf, -inf, -inf], [1 / 3, 1 / 3, 1 / 3]),
    ("logaddexp.reduce, two infinite", lambda x: np.logaddexp.reduce(x), [inf, inf, 1.0], [0.5, 0.5, 0]),
    ("logaddexp.reduce, rows", lambda x: np.sum(np.logaddexp.reduce(x, axis=1, keepdims=True)), [[inf, inf, 1.0], [-inf, 0.0, 0.0]], [[0.5, 0.5, 0], [0, 0.5, 0.5]]),
    ("logaddexp, both infinite", lambda x: np.logaddexp(x[0], x[1]) + np.logaddexp2(x[0], x[1]), [inf, inf], [1, 1]),
    ("logaddexp, one infinite", lambda x: np.logaddexp(x[0], x[1]), [inf, -inf], [1, 0]),
    ("a number between arrays", lambda x: np.sum(np.clip(float(x[0]), np.array([-1.0, 0.2]), np.array([0.2, 2.0]))), [0.25], [1]),
    ("interp hides NaN", lambda f: np.nansum(np.interp([0.5, nan], [0.0, 1.0], f)), [1.0, 2.0], [0.5, 0.5]),
    ("unique, equal", lambda x: np.sum(np.unique(x) ** 2), [1.0, 1.0, 3.0], [1, 1, 6]),
    ("maximum.reduce, ties", lambda x: np.maximum.reduce(x), [2.0, 2.0, 1.0], [0.5, 0.5, 0]),
    ("pad with the largest, ties", lambda x: np.sum(np.pad(x, 1, "maximum")), [2.0, 2.0, 1.0], [2, 2, 1]),
    # masks
    ("select", lambda x: np.sum(np.select([x > 0, x < 0], [np.log(x), 1 / x], 0.0)), [0.0, 4.0, -2.0], [0, 0.25, -0.25]),
    ("choose", lambda x: np.sum(np.choose((x > 0).astype(int), [0 * x, np.sqrt(x)])), [0.0, 4.0], [0, 0.25]),
    ("piecewise", lambda x: np.sum(np.piecewise(x, [x > 0], [np.sqrt, 0.0])), [0.0, 4.0], [0, 0.25]),
    ("compress", lambda x: np.sum(np.compress(x > 0, np.sqrt(x))), [0.0, 4.0], [0, 0.25]),
    ("extract", lambda x: np.sum(np.extract(x > 0, np.log(x))), [0.0, 4.0], [0, 0.25]),
    ("delete", lambda x: np.sum(np.delete(np.sqrt(x), 0)), [0.0, 4.0], [0, 0.25]),
    ("root of the largest", lambda x: np.sqrt(np.max(x)), [-1.0, 0.0, -2.0], [0, inf, 0]),
    ("root of the largest of some", lambda x: np.sqrt(np.max(x, initial=-3.0)), [-1.0, 0.0, -2.0], [0, inf, 0]),
    ("root of the largest of a list", lambda x: np.sqrt(max(x[0], x[1], x[2])), [-1.0, 0.0, -2.0], [0, inf, 0]),
    ("root of the median", lambda x: np.sqrt(np.median(x)), [-1.0, 0.0, 2.0], [0, inf, 0]),
    ("root of the range", lambda x: np.sqrt(np.ptp(x)), [2.0, 2.0], [0, 0]),
    # limits
    ("logaddexp.reduce", lambda x: np.logaddexp.reduce(x), [-inf, 0.0, 1e4], [0, 0, 1]),
    ("logaddexp.reduce of -inf", lambda x: np.logaddexp.reduce(x), [-inf, -inf], [0.5, 0.5]),
    ("logaddexp.reduce of nothing", lambda x: np.exp(np.logaddexp.reduce(x[2:])) + x[0], [1.0, 2.0], [1, 0]),
    ("hypot.reduce at 0", lambda x: np.hypot.reduce(x), [0.0, 0.0, 0.0], [0, 0, 0]),
    ("i0 at 0", lambda x: np.sum(np.i0(x)), [0.0], [0]),
    ("abs of a spectrum at 0", lambda x: np.sum(np.abs(np.fft.fft(x))), [1.0, 1.0, 1.0, 1.0], [1, 1, 1, 1]),
    ("|fft|^2", lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), [1.0, -2.0, 0.5], [6, -12, 3]),
    ("fft and back", lambda x: np.sum(np.fft.ifft(np.fft.fft(x)).real ** 2), [1.0, -2.0, 0.5], [2, -4, 1]),
    ("rfft and back", lambda x: np.sum(np.fft.irfft(np.fft.rfft(x), len(x)) ** 2), [1.0, -2.0, 0.5], [2, -4, 1]),
    ("cov of equal numbers", lambda x: np.cov(x), [1.0, 1.0, 1.0], [0, 0, 0]),
    # nothing, and one
    ("nothing", lambda x: np.sum(np.union1d(x[2:], x[2:])) + np.nanprod(x[2:]) + np.sum(np.vander(x[2:], 2)) + np.sum(np.delete(x, [0, 1])) + np.sum(x), [1.0, 2.0], [1, 1]),
    ("one", lambda x: np.quantile(x, 0.3) + np.nanmedian(x) + np.sum(np.fft.rfft(x).real) + np.sum(np.unwrap(x)), [3.0], [4]),
    # equal values
    ("singular values of a multiple of 1", lambda a: np.sum(np.linalg.svd(a, compute_uv=False) ** 2), 2 * np.eye(2), 4 * np.eye(2)),
    ("singular values of 0", lambda a: np.sum(np.linalg.svd(a)[1] ** 2), np.zeros((2, 2)), np.zeros((2, 2))),
    ("a matrix put together again", _rebuilt, np.array([[1.0, 0.5], [0.2, 3.0]]), np.arange(1.0, 5.0).reshape(2, 2)),
    ("eigenvalues of a multiple of 1", lambda a: np.sum(np.linalg.eigvals(a) ** 2), 2 * np.eye(2), 4 * np.eye(2)),
    ("qr of a square matrix", lambda a: np.sum(np.linalg.qr(a)[0] @ np.linalg.qr(a)[1]), np.array([[1.0, 0.5], [0.2, 3.0]]), np.ones((2, 2))),
    ("a double root", lambda p: np.sum(np.real(np.roots(p))), [1.0, -2.0, 1.0], [-2, -1, 0]),
    ("roots at 0, and a leading zero", lambda p: np.sum(np.real(np.roots(p))), [0.0, 1.0, -3.0, 2.0, 0.0], [0, -3, -1, 0, 0]),
]


# -- against finite differences: broadcasting, order, nodes at one place ----------------------------------------------------

_GRID = np.arange(12.0).reshape(3, 4)
PLACES = np.array([[1, 1], [0, 2], [3, 3]])
SMOOTH: dict[str, tuple[Any, Any]] = {
    "take_along_axis, one row of indices": (lambda x: np.sum(np.take_along_axis(x, PLACES[:1], 1) ** 2 * _GRID[:, :2]), np.sin(_GRID)),
    "take_along_axis, one row of numbers": (lambda x: np.sum(np.take_along_axis(x, PLACES, 1) ** 2 * _GRID[:, :2]), np.sin(_GRID[:1])),
    "take_along_axis of all": (lambda x: np.sum(np.take_along_axis(x, np.array([1, 1, -1]), None) ** 2 * _GRID[0, 1:]), np.sin(_GRID)),
    "partition of all": (lambda x: np.partition(x, 3, axis=None)[3] ** 2 + np.sum(np.partition(x, 3, axis=None)[:3]) ** 2, np.sin(_GRID)),
    "repeat of all": (lambda x: np.sum(np.repeat(x, 2) ** 2 * np.arange(24.0)), np.sin(_GRID)),
    "einsum that transposes": (lambda x: np.sum(np.einsum("ba", x) ** 2 * _GRID.T), np.sin(_GRID)),
    "einsum of a diagonal": (lambda x: np.sum(np.einsum("ii->i", x[:, :3]) ** 2 * _GRID[0, 1:]), np.sin(_GRID)),
    "interp at one node": (lambda f: np.sum(np.interp([0.2, 1.5], [1.0], f) ** 2), np.array([0.7])),
    "interp, two last nodes at one place": (lambda f: np.sum(np.interp([0.2, 1.5, 0.9, -1.0], [0.0, 1.0, 1.0], f) ** 2), np.array([0.7, -0.2, 0.4])),
    "interp, two first nodes at one place": (lambda f: np.sum(np.interp([-0.2, 1.5, 0.9, 0.5], [0.0, 0.0, 1.0], f) ** 2), np.array([0.7, -0.2, 0.4])),
    "interp at infinity": (lambda f: np.sum(np.interp([inf, -inf], [0.0, 1.0, 2.0], f) ** 2), np.array([0.7, -0.2, 0.4])),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_against_differences(name: str) -> None:
    f, x = SMOOTH[name]
    kept = x.copy()
    v = np.cos(np.arange(x.size) + 0.3).reshape(x.shape)
    value, gradient = cr.value_and_grad(f)(x)
    np.testing.assert_array_equal(x, kept)  # nothing is written into what the caller has
    np.testing.assert_allclose(value, f(x), rtol=1e-12)
    expected = richardson(lambda h: f(x + h * v))
    np.testing.assert_allclose(np.sum(gradient * v), expected, rtol=1e-6)
    np.testing.assert_allclose(cr.jvp(f, (x,), (v,))[1], expected, rtol=1e-6)
    bend = richardson(lambda h: cr.grad(f)(x + h * v))
    np.testing.assert_allclose(np.tensordot(cr.hessian(f)(x), v, x.ndim), bend, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("f", "x", "expected"), [p[1:] for p in POINTS], ids=[p[0] for p in POINTS])
def test_points(f: Any, x: Any, expected: Any) -> None:
    x = np.asarray(x)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, gradient = cr.value_and_grad(lambda x: f(x))(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-9)


def test_numbers_and_lists_for_arrays() -> None:
    def f(a: Any) -> Any:
        return (np.nanmax([a, 2 * a]) + np.quantile([a, 2 * a], 0.5) + np.average([a, 3 * a], weights=[1.0, a]) + np.polyval([a, 1.0], a)
                + np.sum(np.linalg.qr([[a, 1.0], [1.0, a]])[1]) + np.sum(np.fft.fft([a, 1.0]).real))

    assert np.isclose(cr.grad(f)(2.0), (f(2.0 + 1e-6) - f(2.0 - 1e-6)) / 2e-6, rtol=1e-6)


def test_the_kind_of_eigenvalues_is_looked_up() -> None:
    """Real where all are: each is a program of its own, and both serve their calls."""
    def f(a: Any) -> Any:
        w = np.linalg.eigvals(a)
        return np.sum(np.abs(w) ** 2)

    gradient = cr.grad(f)
    real, turning = np.array([[2.0, 1.0], [0.5, 1.0]]), np.array([[1.0, -2.0], [1.0, 1.0]])
    for a in (real, turning, real):
        direction = np.array([[0.3, -0.2], [0.5, 0.7]])
        wanted = (f(a + 1e-6 * direction) - f(a - 1e-6 * direction)) / 2e-6
        assert np.isclose(np.sum(gradient(a) * direction), wanted, rtol=1e-6)


@pytest.mark.parametrize(("f", "words"), [
    (lambda x: np.power.reduce(x), "order in which NumPy goes"),
    (lambda x: np.linalg.svd(np.outer(x, x), hermitian=True)[1][0], "hermitian"),
    (lambda x: np.linalg.qr(np.outer(x, x), mode="raw")[0][0, 0], "raw"),
    (lambda x: np.quantile(x, 0.3, weights=x), "weights"),
    (lambda x: np.histogramdd(x[:, None])[0][0], "histogram2d"),
    (lambda x: np.logaddexp.reduce(x, where=x > 0, initial=0.0), "where"),
    (lambda x: np.sum(x.resize(3)), "resize"),
    (lambda x: np.sum(np.insert(x, 1, 2.0, order="C")), "order"),
])
def test_what_is_refused(f: Any, words: str) -> None:
    with pytest.raises(cr.UnsupportedError, match=words):
        cr.grad(f)(np.array([1.0, 2.0, 4.0]))


def test_in_place_partition() -> None:
    def f(x: Any) -> Any:
        y = x * x
        y.partition(1)
        return y[1] * 2 + y[0]

    np.testing.assert_allclose(cr.grad(f)(np.array([3.0, -1.0, 2.0])), [0.0, -2.0, 8.0])


def test_out() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3)
        np.nanmax(np.outer(x, x), axis=1, out=y)
        return np.sum(y * np.arange(1.0, 4.0))

    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(cr.grad(f)(x), [4.0, 8.0, 1 + 4 + 24.0])


def test_nan_to_num_in_place() -> None:
    def f(x: Any) -> Any:
        y = np.sqrt(x)
        np.nan_to_num(y, copy=False)
        return np.sum(y * y * y)

    with np.errstate(all="ignore"):
        value, gradient = cr.value_and_grad(f)(np.array([4.0, -1.0, 9.0]))
    assert value == 35.0
    np.testing.assert_allclose(gradient, [3.0, 0.0, 4.5])


def test_rows_of_unique_are_refused() -> None:
    with pytest.raises(cr.UnsupportedError, match="axis"):
        cr.grad(lambda x: np.sum(np.unique(np.outer(x, x), axis=0)))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(cr.grad(lambda x: np.sum(np.unique(x, axis=0)))(np.array([1.0, 2.0])), [1, 1])


def test_the_axis_of_accumulate() -> None:
    x = np.array([1.0, 2.0, 4.0])
    for f in (lambda x: np.maximum.accumulate(x, axis=None)[-1], lambda x: np.add.accumulate(x, axis=(-1,))[-1], lambda x: np.hypot.reduceat(x, [0], None)[0]):
        np.testing.assert_allclose(cr.grad(lambda x, f=f: f(x))(x) @ x, f(x))  # of degree one
    with pytest.raises(cr.UnsupportedError, match="axis"):
        cr.grad(lambda x: np.hypot.accumulate(np.outer(x, x), axis=None)[0, 0])(x)


def test_a_pullback_leaves_the_cotangent_as_it_is() -> None:
    """Also one without axes, into which a number that is computed in place could be written."""
    def f(x: Any) -> Any:
        y = np.zeros(())
        s = x[0]
        for i in range(3):
            s = s / x[i]
        y[...] = s
        return y

    cotangent = np.array(3.0)
    (found,) = cr.vjp(f, np.array([1.0, 2.0, 4.0]))[1](cotangent)
    assert cotangent == 3.0
    np.testing.assert_allclose(found, np.array([0.0, -0.1875 / 2, -0.1875 / 4]) * 2)
