"""Functions of SciPy where they have ways of their own: order of axes, values that are shared, places that are stored twice, stacks, ties."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

from ..test_forward import richardson

scipy = pytest.importorskip("scipy")
from scipy import fft, linalg, ndimage, signal, sparse  # noqa: E402
from scipy.sparse.linalg import spsolve  # noqa: E402

rng = np.random.default_rng(11)
STACKS = np.lib.NumpyVersion(scipy.__version__) >= "1.17.0"
IMAGE, WEIGHTS, KERNEL = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.normal(size=(3, 2))
CUBE, CUBE_WEIGHTS = rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 4, 5))
SQUARE = rng.normal(size=(3, 3)) + 4 * np.eye(3)
WAVE = rng.normal(size=12)
b3 = rng.normal(size=3)
PLACES = np.array([0, 1, 0]), np.array([0, 2, 3])
OTHER = sparse.csr_array(np.array([[0.0, 1.0], [2.0, 0.0]]))
W2 = np.array([[1.0, 2.0], [3.0, 4.0]])
BANDS = rng.normal(size=(3, 3, 3)) * 0.3 + 4 * np.eye(3)[1][:, None]


def csr(d: Any) -> Any:
    return sparse.csr_array((d, *PLACES), shape=(2, 2))


def diagonal(d: Any) -> Any:
    return sparse.csr_array((d, np.array([0, 1]), np.array([0, 1, 2])), shape=(2, 2))


def written(convert: Callable[[Any], Any], make: Callable[[Any], Any] = diagonal) -> Callable[[Any], Any]:
    """What is left of a matrix after another one that was made of it is written."""

    def f(d: Any) -> Any:
        first = make(d * 1.0)
        second = convert(first)
        second.data[0] *= 3.0
        second.data[-1] = d[0] ** 2
        return np.sum((first @ np.array([1.0, 2.0])) ** 2)

    return f


def _has(function: Any, name: str) -> bool:
    return name in inspect.signature(function).parameters


D2 = np.array([1.2, 0.7])
PROGRAMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    **{f"savgol_filter in delta, {mode}": (lambda h, mode=mode: np.sum(signal.savgol_filter(np.sin(np.arange(9.0)), 5, 2, deriv=1, delta=h, mode=mode) ** 2), np.array(0.7))
       for mode in ("interp", "mirror")},
    **{f"{f.__name__} {boundary}": (lambda x, f=f, boundary=boundary: np.sum(f(x, KERNEL, "same", boundary) ** 2 * WEIGHTS) + np.sum(f(IMAGE, x[:3, :2], "full", boundary) ** 2), IMAGE)
       for f in (signal.convolve2d, signal.correlate2d) for boundary in ("circular", "wrap", "symm", "symmetric", "pad")},
    "lfilter_zi of a leading zero": (lambda b: np.sum(signal.lfilter_zi(b, [0.0, 1.0, 0.3]) ** 2), np.array([0.3, 0.2])),
    "lfilter_zi of a leading zero that moves": (lambda x: np.sum(signal.lfilter_zi(x[:2], np.concatenate((np.zeros(1), 2 + x[2:5] ** 2))) ** 2), WAVE),
    **{f"fft.{f.__name__} along {axes}, length {s}": (lambda x, f=f, axes=axes, s=s: np.sum(np.abs(f(x, s=s, axes=axes)) ** 3), IMAGE)
       for f in (fft.fftn, fft.ifftn, fft.rfftn, fft.dctn, fft.idstn) for axes, s in ((1, None), (0, 3), ((1, 0), (6, 3)))},
    "fft.irfftn along an integer": (lambda x: np.sum(fft.irfftn(x, s=6, axes=1) ** 3), IMAGE), "fft.hfftn along an integer": (lambda x: np.sum(fft.hfftn(x, axes=0) ** 3), IMAGE),
    "gaussian_filter of an array": (lambda x: np.sum(ndimage.gaussian_filter(x, np.array([1.0, 0.5])) ** 2 * WEIGHTS), IMAGE),
    "uniform_filter of an array": (lambda x: np.sum(ndimage.uniform_filter(x, np.array([3, 2])) ** 2 * WEIGHTS), IMAGE),
    "gaussian_laplace of several modes": (lambda x: np.sum(ndimage.gaussian_laplace(x, 0.7, mode=["wrap", "nearest"]) ** 2 * WEIGHTS), IMAGE),
    "gaussian_gradient_magnitude of several modes": (lambda x: np.sum(ndimage.gaussian_gradient_magnitude(x, 0.7, mode=["wrap", "nearest"]) * WEIGHTS), IMAGE),
    **{f"map_coordinates {mode}, order {order}": (lambda x, mode=mode, order=order: np.sum(ndimage.map_coordinates(x, np.array([np.arange(-8.0, 12.0, 0.25), np.linspace(-7, 11, 80).round()]),
                                                                                           order=order, mode=mode, cval=0.7) ** 2 * np.arange(80)), IMAGE)
       for mode in ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-constant", "grid-wrap") for order in (0, 1)},
    "sum of explicit zeros": (lambda d: np.sum((csr(d) + OTHER).toarray() ** 2 * W2), np.array([0.0, 1.0, 3.0])),
    "sum that cancels": (lambda d: np.sum((csr(d) - OTHER).toarray() * W2), np.array([1.0, 1.0, 2.0])),
    "product of explicit zeros": (lambda d: np.sum((csr(d) @ OTHER).toarray() * W2) + np.sum((OTHER @ csr(d)).toarray() * W2), np.array([0.0, 0.0, 3.0])),
    "spsolve, one place twice": (lambda d: np.sum(spsolve(sparse.csc_array((d * 1.0, np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2)), np.array([1.0, 2.0])) ** 2), np.array([3.0, 2.0, 4.0])),
    "sum along both axes": (lambda d: csr(d).sum(axis=(1, 0)) ** 2, np.array([1.0, 2.0, 3.0])) if np.lib.NumpyVersion(scipy.__version__) >= "1.15.0" else (lambda d: csr(d).sum() ** 2, np.ones(3)),
    "stored values of diagonals": (lambda d: sparse.dia_array((np.stack([d, d**2]), [0, -1]), shape=(3, 4)).nnz * d[0] ** 2, np.array([1.5, 0.3, 0.4, 0.2, 0.1])),
    **{name: (lambda d, name=name: np.sum(getattr(csr(d), name)().toarray() ** 2 * W2), np.array([0.1, 0.2, 0.3]))
       for name in ("sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "expm1", "log1p", "sqrt")},
    **{f"written through {name}": (written(convert), D2) for name, convert in {
        "tocoo": lambda m: m.tocoo(), "tocoo without copy": lambda m: m.tocoo(copy=False), "tocoo with copy": lambda m: m.tocoo(copy=True), "asformat": lambda m: m.asformat("coo"),
        "coo_array": lambda m: sparse.coo_array(m), "csr_array": lambda m: sparse.csr_array(m), "csc_array": lambda m: sparse.csc_array(m), "a sum with zero": lambda m: m + 0,
        "zero and it": lambda m: 0 + m, "a difference with zero": lambda m: m - 0, "astype": lambda m: m.astype(float), "astype without copy": lambda m: m.astype(float, copy=False),
        "transpose": lambda m: m.T, "copy": lambda m: m.copy()}.items()},
    "written through coo to coo": (written(lambda m: sparse.coo_array(m), lambda d: sparse.coo_array((d, (np.arange(2), np.arange(2))), shape=(2, 2))), D2),
    "lstsq, gelsy": (lambda a: np.sum(linalg.lstsq(a, np.ones(4), lapack_driver="gelsy")[1]) + np.sum(linalg.lstsq(a, np.ones(4))[1]), IMAGE[:, :2]),
    **{f"norm of order {order} of many rows": (lambda a, order=order: linalg.norm(a, order) ** 2, rng.normal(size=(30, 30))) for order in (np.inf, 1, -np.inf, -1)},
    "jacobian of a function of SciPy": (lambda a: np.sum(linalg.sqrtm(a) * SQUARE), SQUARE @ SQUARE.T + np.eye(3)),
}
if _has(ndimage.correlate, "axes"):
    PROGRAMS |= {
        f"{f.__name__} along {axes}, origin {origin}": (lambda x, f=f, axes=axes, origin=origin: np.sum(f(x, KERNEL, axes=axes, origin=origin, mode="wrap") ** 2 * CUBE_WEIGHTS)
                                                        + np.sum(f(CUBE, x[0, :3, :2], axes=axes, origin=origin, mode="mirror") ** 2 * CUBE_WEIGHTS), CUBE)
        for f in (ndimage.correlate, ndimage.convolve) for axes in ((2, 0), (0, 2), (-1, -3)) for origin in ((0, -1), (0, 0))}
    PROGRAMS |= {
        f"{f.__name__} along both axes {axes}": (lambda x, f=f, axes=axes: np.sum(f(x, KERNEL, axes=axes, origin=(1, -1)) ** 2 * WEIGHTS) + np.sum(f(IMAGE, x[:3, :2], axes=axes, origin=(1, -1)) ** 2 * WEIGHTS),
                                                 IMAGE) for f in (ndimage.correlate, ndimage.convolve) for axes in ((0, 1), (1, 0), (-1, 0))}
if _has(ndimage.gaussian_gradient_magnitude, "axes"):
    PROGRAMS |= {
        "gaussian_gradient_magnitude along an axis": (lambda x: np.sum(ndimage.gaussian_gradient_magnitude(x, 0.7, axes=(1,)) * WEIGHTS), IMAGE),
        "gaussian_gradient_magnitude along axes": (lambda x: np.sum(ndimage.gaussian_gradient_magnitude(x, [0.7, 0.5, 0.3], axes=(2, 0), mode=["wrap", "nearest"]) * CUBE_WEIGHTS), CUBE),
        "gaussian_laplace along axes": (lambda x: np.sum(ndimage.gaussian_laplace(x, [0.7, 0.5], axes=(2, 0), mode=["wrap", "nearest"]) ** 2 * CUBE_WEIGHTS), CUBE),
        "gaussian_laplace along all axes": (lambda x: np.sum(ndimage.gaussian_laplace(x, [0.7, 0.5, 0.9], axes=(2, 0, 1)) ** 2 * CUBE_WEIGHTS), CUBE),
        "laplace along no axis": (lambda x: np.sum(ndimage.laplace(x, axes=()) ** 2), IMAGE)}
if STACKS:
    PROGRAMS |= {
        "banded, as many as rows": (lambda q: np.sum(linalg.solve_banded((1, 1), q, b3) ** 2 * SQUARE), BANDS), "banded, one vector": (lambda b: np.sum(linalg.solve_banded((1, 1), BANDS, b) ** 2 * SQUARE), b3),
        "banded, two": (lambda q: np.sum(linalg.solve_banded((1, 1), q[:2], b3) ** 2) + np.sum(linalg.solve_banded((1, 1), q[:2], SQUARE) ** 2), BANDS),
        "discrete Lyapunov equations": (lambda a: np.sum(linalg.solve_discrete_lyapunov(a / 30, SQUARE) ** 2) + np.sum(linalg.solve_discrete_lyapunov(SQUARE / 9, a) ** 2), np.stack([SQUARE, 2 * SQUARE])),
        "lstsq": (lambda a: np.sum(linalg.lstsq(a, b3)[1] ** 2) + np.sum(linalg.lstsq(a, b3)[0] ** 2) + np.sum(linalg.lstsq(a, b3)[3]), np.stack([SQUARE, 2 * SQUARE])[:, :, :2])}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(name: str) -> None:
    f, x = PROGRAMS[name]
    own = np.random.default_rng(5)
    v = own.normal(size=x.shape)
    value, slope = cr.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-11)
    assert np.shape(slope) == x.shape
    expected = richardson(lambda h: f(x + h * v))
    np.testing.assert_allclose(np.sum(slope * v), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(cr.jvp(f, (x,), (v,))[1], expected, rtol=1e-6, atol=1e-7)


def test_a_constant_picture_has_no_steepest_slope() -> None:
    f = lambda x: np.sum(ndimage.gaussian_gradient_magnitude(x, 1.0) * WEIGHTS)  # noqa: E731
    np.testing.assert_array_equal(cr.grad(f)(np.ones((4, 5))), np.zeros((4, 5)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_a_logarithm_of_a_matrix_is_like(dtype: type) -> None:
    a = (SQUARE @ SQUARE.T).astype(dtype)
    value, pull = cr.vjp(linalg.logm, a)
    assert value.dtype == linalg.logm(a).dtype
    assert pull(np.ones_like(value))[0].dtype == dtype


def test_functions_of_scipy_as_they_are() -> None:
    a = SQUARE @ SQUARE.T + np.eye(3)
    for f in (linalg.sqrtm, linalg.logm, linalg.expm):
        v = rng.normal(size=(3, 3))
        np.testing.assert_allclose(np.tensordot(cr.jacobian(f)(a), v), richardson(lambda h, f=f, v=v: f(a + h * v)), rtol=1e-5, atol=1e-6)


TWICE = np.array([0, 0, 1]), np.array([1, 1, 0])
REFUSED: dict[str, Callable[[Any], Any]] = {
    **{f"stores one place twice, {name}": (lambda d, name=name: np.sum(getattr(sparse.coo_array((d, TWICE), shape=(2, 2)), name)().toarray())) for name in ("tanh", "sqrt", "__abs__")},
    "stores one place twice, power": lambda d: np.sum(sparse.coo_array((d, TWICE), shape=(2, 2)).power(2).toarray()),
    "stores one place twice, csr": lambda d: np.sum(sparse.csr_array((d, np.array([1, 1, 0]), PLACES[1]), shape=(2, 2)).power(2).toarray()),
    "a loop over the rows": lambda d: sum(np.sum(row.toarray() ** 2) for row in csr(d)),
    "beside a dense one": lambda d: np.sum(sparse.hstack([csr(d), np.zeros((2, 1))]).toarray() ** 2),
    "beside a dense one, kron": lambda d: np.sum(sparse.kron(np.eye(2), csr(d)).toarray() ** 2),
    "beside a dense one, vstack": lambda d: np.sum(sparse.vstack([csr(d), np.zeros((1, 2))]).toarray() ** 2),
    "with disp=False": lambda d: np.sum(linalg.logm(np.diag(d), disp=False)[0]), "with disp=False, sqrtm": lambda d: np.sum(linalg.sqrtm(np.diag(d), disp=False)[0]),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_refused(reason: str) -> None:
    with pytest.raises(cr.errors.ChainRuleError, match=reason.partition(",")[0]):
        cr.grad(REFUSED[reason])(np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize(("f", "error"), [
    (lambda d: np.sum(csr(d).sum(axis=2)), ValueError), (lambda d: np.sum(ndimage.gaussian_filter(np.outer(d, d), [1.0, 2.0, 3.0])), RuntimeError),
    (lambda d: np.sum(ndimage.uniform_filter(np.outer(d, d), [1, 2, 3])), RuntimeError)])
def test_what_scipy_does_not_take(f: Any, error: Any) -> None:
    d = np.array([1.0, 2.0, 3.0])
    with pytest.raises(error):
        f(d)
    with pytest.raises(error):
        cr.grad(f)(d)
