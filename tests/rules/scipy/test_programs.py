"""Programs with functions of SciPy: what is executed as the Python that it means, sparse matrices, stacks of matrices, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

from ..test_forward import richardson

scipy = pytest.importorskip("scipy")
from scipy import fft, linalg, ndimage, signal, sparse  # noqa: E402
from scipy.sparse.linalg import spsolve  # noqa: E402

rng = np.random.default_rng(3)
NEW = np.lib.NumpyVersion(scipy.__version__) >= "1.17.0"  # stacks of matrices

# -- what they are applied to ---------------------------------------------------------------------------------------------------

M = rng.normal(size=(3, 3))
SQUARE = M @ M.T + 3 * np.eye(3) + 0.2 * rng.normal(size=(3, 3))
SYMMETRIC = M @ M.T + 3 * np.eye(3)
W, W4 = rng.normal(size=(3, 3)), rng.normal(size=(4, 4))
b3, b4 = rng.normal(size=3), rng.normal(size=4)
WAVE, WEIGHTS = rng.normal(size=12), rng.normal(size=12)
IMAGE, IMAGE_WEIGHTS = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
B, A = signal.butter(2, 0.3)
SECTIONS = signal.butter(4, 0.3, output="sos")
START = signal.lfilter_zi(B, A)
PATTERN = sparse.csr_array(np.array([[3.0, 0.0, 1.0, 0.0], [0.5, 2.0, 0.0, 0.0], [0.0, 0.0, 4.0, 1.0], [1.0, 0.0, 0.0, 3.0]]))
INDICES, INDPTR = PATTERN.indices, PATTERN.indptr
MATRIX = sparse.csr_matrix(PATTERN)
ROWS, COLUMNS = np.array([0, 1, 2, 3, 0, 0, 3]), np.array([0, 1, 2, 3, 2, 2, 0])  # one place twice
VALUES = np.array([3.0, 4.0, 5.0, 3.5, 0.4, 0.3, 0.7])
DATA = PATTERN.data.copy()
N = PATTERN.T.tocsr() + sparse.csr_array(np.eye(4))


def _of(data: Any) -> Any:
    return sparse.csr_array((data, INDICES, INDPTR), shape=(4, 4))


def _factored(a: Any) -> Any:
    c = linalg.cho_factor(a, lower=True)
    return np.sum(linalg.cho_solve(c, b3) * W[0]) + np.sum(np.sin(c[0]))


def _lu(a: Any) -> Any:
    lu, piv = linalg.lu_factor(a)
    return np.sum(linalg.lu_solve((lu, piv), b3, trans=1) * W[0]) + np.sum(lu ** 2)


def _pairs(a: Any) -> Any:
    w, v = linalg.eigh(a)
    return np.sum(w * W[0]) + np.sum(v ** 4)


def _general_pairs(a: Any) -> Any:
    w, v = linalg.eigh(a, SYMMETRIC @ SYMMETRIC + a[0, 0] * np.eye(3))
    return np.sum(w * W[0]) + np.sum(v ** 4)


def _eig(a: Any) -> Any:
    w, v = linalg.eig(a)
    return np.sum(np.abs(v) ** 4) + np.sum(w.real * W[0])


def _qr(a: Any) -> Any:
    q, r = linalg.qr(a[:, :2], mode="economic")
    return np.sum(q * W[:, :2]) + np.sum(r ** 2)


def _pivoted(a: Any) -> Any:
    q, r, p = linalg.qr(a, pivoting=True)
    return np.sum(q * W) + np.sum(r ** 2 * W)


def _lstsq(a: Any) -> Any:
    x, squares, rank, s = linalg.lstsq(a[:, :2], b3)
    return np.sum(x ** 2) + squares + np.sum(s) + rank


def _started(x: Any) -> Any:
    y, zf = signal.lfilter(B, A, x, zi=START * x[0])
    return np.sum(y * WEIGHTS) + np.sum(zf ** 2)


def _all_of_a_filter(x: Any) -> Any:
    y, zf = signal.lfilter(x[:2], np.concatenate(([1.5], 0.1 * x[3:7])), x[:2], zi=x[3:7] * x[5:9])
    return np.sum(y) + np.sum(zf ** 2 * x[:4])


def _rows_of_filters(x: Any) -> Any:
    y, zf = signal.lfilter(B * x[0], np.concatenate((A[:1], A[1:] + 0.1 * x[:2])), np.reshape(x, (6, 2)), axis=0, zi=np.reshape(x[:4], (2, 2)))
    return np.sum(y ** 2) + np.sum(zf * x[:2])


def _sections(x: Any) -> Any:
    y, zf = signal.sosfilt(SECTIONS, x, zi=signal.sosfilt_zi(SECTIONS) * x[0])
    return np.sum(y * WEIGHTS) + np.sum(zf ** 2)


def _map(x: Any) -> Any:
    return np.sum(ndimage.map_coordinates(x ** 2, [3 * np.abs(np.sin(x[:2])) + 0.13, 4 * np.abs(np.cos(x[:2])) + 0.17], order=1, mode="nearest") * IMAGE_WEIGHTS[:2])


PROGRAMS: dict[str, tuple[Callable[..., Any], Any]] = {
    "linalg.cho_factor": (_factored, SQUARE), "linalg.lu_factor": (_lu, SQUARE), "linalg.eigh": (_pairs, SYMMETRIC), "linalg.eigh of two": (_general_pairs, SYMMETRIC),
    "linalg.eig": (_eig, M), "linalg.qr": (_qr, SQUARE), "linalg.qr with pivoting": (_pivoted, SQUARE), "linalg.lstsq": (_lstsq, SQUARE),
    "linalg.qr, mode r": (lambda a: np.sum(linalg.qr(a, mode="r")[0] ** 2 * W), SQUARE),
    "linalg.eigvals": (lambda a: np.sum(linalg.eigvals(a).real * W[0]), M), "linalg.eigvals of eig": (lambda a: np.sum(np.abs(linalg.eig(a, right=False))), M),
    "linalg.eigh, values": (lambda a: np.sum(linalg.eigh(a, eigvals_only=True) ** 2), SQUARE), "linalg.eigvalsh": (lambda a: np.sum(linalg.eigvalsh(a, SYMMETRIC, lower=False) ** 2), SQUARE),
    "linalg.logm": (lambda a: np.sum(linalg.logm(a) * W), SQUARE), "linalg.sqrtm": (lambda a: np.sum(linalg.sqrtm(a) * W), SQUARE),
    "linalg.logm, complex": (lambda a: np.sum(np.imag(linalg.logm(a + 3j * np.eye(3))) * W), SQUARE),
    "linalg.fractional_matrix_power": (lambda a: np.sum(linalg.fractional_matrix_power(a, 0.3) * W), SQUARE),
    "linalg.toeplitz": (lambda a: np.sum(linalg.toeplitz(a[0], a[1]) * W) + np.sum(linalg.toeplitz(a[2]) * W), SQUARE),
    "linalg.toeplitz, complex": (lambda a: np.sum(np.imag(linalg.toeplitz(a[0] + 1j * a[1]) ** 2) * W), SQUARE),
    "linalg.circulant": (lambda a: np.sum(linalg.circulant(a[0]) * W), SQUARE), "linalg.hankel": (lambda a: np.sum(linalg.hankel(a[0], a[1]) * W) + np.sum(linalg.hankel(a[2]) * W), SQUARE),
    "linalg.companion": (lambda a: np.sum(linalg.companion(a[0]) * W[:2, :2]), SQUARE),
    "linalg.block_diag": (lambda a: np.sum(np.sin(linalg.block_diag(a, a[0], a[:2]) + 0.3)), SQUARE),
    "linalg.convolution_matrix": (lambda a: sum(np.sum(linalg.convolution_matrix(a[0], 4, mode) ** 2) for mode in ("full", "same", "valid")), SQUARE),
    "linalg.khatri_rao": (lambda a: np.sum(linalg.khatri_rao(a, a[:2]) ** 2), SQUARE),
    "linalg.solve_banded": (lambda a: np.sum(linalg.solve_banded((1, 1), a, b3) * W[0]), SQUARE),
    "linalg.solve": (lambda a: np.sum(linalg.solve(a, a[0], assume_a="pos", lower=True, overwrite_a=True) * W[0]), SQUARE),
    "linalg.expm": (lambda a: np.sum(linalg.expm(a / 3) * W) + linalg.norm(a), SQUARE),
    "fft.rfft": (lambda x: np.sum(np.abs(fft.rfft(x, n=8)) ** 2 * WEIGHTS[:5]), WAVE), "fft.dct": (lambda x: np.sum(fft.dct(x, norm="ortho") ** 3), WAVE),
    "fft.fft2": (lambda x: np.sum(np.abs(fft.fft2(x, s=(4, 7)))), IMAGE),
    "signal.lfilter": (lambda x: np.sum(signal.lfilter(B, A, x) * WEIGHTS), WAVE), "signal.lfilter, all": (lambda x: np.sum(signal.lfilter([1.0, x[0]], [1.0, 0.1 * x[1]], x) * WEIGHTS), WAVE),
    "signal.lfilter from a state": (_started, WAVE), "signal.lfilter, all from a state": (_all_of_a_filter, WAVE), "signal.lfilter along an axis": (_rows_of_filters, WAVE),
    "signal.lfilter, finite": (lambda x: np.sum(signal.lfilter([0.25] * 4, 1, x) * WEIGHTS), WAVE), "signal.lfilter_zi": (lambda x: np.sum(signal.lfilter_zi(x[:3], np.concatenate(([1.5], 0.1 * x[3:5]))) ** 2), WAVE),
    "signal.sosfilt": (lambda x: np.sum(signal.sosfilt(SECTIONS, x) * WEIGHTS), WAVE), "signal.sosfilt from a state": (_sections, WAVE),
    "signal.sosfilt, all": (lambda x: np.sum(signal.sosfilt(np.concatenate((x[:3], [1.0], 0.1 * x[4:6])).reshape(1, 6), x) * WEIGHTS), WAVE),
    **{f"signal.filtfilt {kind}": (lambda x, kind=kind: np.sum(signal.filtfilt(B, A, x, padtype=kind, padlen=4) * WEIGHTS), WAVE) for kind in ("odd", "even", "constant", None)},
    "signal.filtfilt, all": (lambda x: np.sum(signal.filtfilt(x[:3], np.concatenate(([1.5], 0.1 * x[3:5])), x, padlen=3) * WEIGHTS), WAVE),
    **{f"signal.savgol_filter {mode}": (lambda x, mode=mode: np.sum(signal.savgol_filter(np.reshape(x, (2, 6)), 5, 2, deriv=1, delta=0.7, mode=mode) ** 2 * np.reshape(WEIGHTS, (2, 6))), WAVE)
       for mode in ("interp", "mirror", "constant")},
    "signal.savgol_filter along an axis": (lambda x: np.sum(signal.savgol_filter(x, 3, 1, axis=0) * IMAGE_WEIGHTS), IMAGE),
    "signal.sosfiltfilt": (lambda x: np.sum(signal.sosfiltfilt(SECTIONS, x, padlen=5) * WEIGHTS), WAVE),
    "signal.sosfilt_zi": (lambda x: np.sum(signal.sosfilt_zi(np.concatenate((x[:3], [1.0], 0.1 * x[4:6], x[6:9], [1.0], 0.1 * x[9:11])).reshape(2, 6)) ** 2), WAVE),
    "signal.hilbert": (lambda x: np.sum(np.abs(signal.hilbert(x)) * WEIGHTS), WAVE), "signal.detrend": (lambda x: np.sum(signal.detrend(x) ** 2 * WEIGHTS), WAVE),
    "signal.fftconvolve": (lambda x: np.sum(signal.fftconvolve(x, x[:3], "same") * WEIGHTS), WAVE),
    "ndimage.gaussian_filter": (lambda x: np.sum(ndimage.gaussian_filter(x, (0.8, 1.3), order=(0, 1), mode=("wrap", "mirror")) ** 2 * IMAGE_WEIGHTS), IMAGE),
    "ndimage.gaussian_filter, constant": (lambda x: np.sum(ndimage.gaussian_filter(x, 1.1, mode="constant", cval=2.0, truncate=3.0) ** 2 * IMAGE_WEIGHTS), IMAGE),
    "ndimage.uniform_filter": (lambda x: np.sum(ndimage.uniform_filter(x, (3, 2), origin=(1, 0)) ** 2 * IMAGE_WEIGHTS), IMAGE),
    "ndimage.sobel": (lambda x: np.sum(ndimage.sobel(x, 0) ** 2 * IMAGE_WEIGHTS), IMAGE), "ndimage.prewitt": (lambda x: np.sum(ndimage.prewitt(x, mode="wrap") ** 2 * IMAGE_WEIGHTS), IMAGE),
    "ndimage.laplace": (lambda x: np.sum(ndimage.laplace(x, mode="constant", cval=1.0) ** 2 * IMAGE_WEIGHTS), IMAGE),
    "ndimage.gaussian_laplace": (lambda x: np.sum(ndimage.gaussian_laplace(x, 0.9) ** 2 * IMAGE_WEIGHTS), IMAGE),
    "ndimage.gaussian_gradient_magnitude": (lambda x: np.sum(ndimage.gaussian_gradient_magnitude(x, 0.9) * IMAGE_WEIGHTS), IMAGE),
    "ndimage.map_coordinates": (_map, IMAGE),
    "sparse, constant": (lambda x: np.sum((PATTERN @ x) ** 2 * b4) + np.sum(MATRIX.dot(x) * b4) + np.sum(x @ MATRIX) + np.sum((MATRIX * x) ** 2), b4),
    "sparse, dense on both sides": (lambda x: np.sum((PATTERN @ np.outer(x, x)) * W4) + np.sum((np.outer(x, b4) @ PATTERN) * W4), b4),
    "sparse.csr_array": (lambda d: np.sum((_of(d) @ b4) ** 2), DATA), "sparse.csc_matrix": (lambda d: np.sum((sparse.csc_matrix((d, INDICES, INDPTR), shape=(4, 4)) @ b4) ** 2), DATA),
    "sparse.csr_matrix of coordinates": (lambda d: np.sum((sparse.csr_matrix((d, (ROWS, COLUMNS)), shape=(4, 4)) @ b4) ** 2), VALUES),
    "sparse.coo_array": (lambda d: np.sum((sparse.coo_array((d, (ROWS, COLUMNS)), shape=(4, 4)) @ b4) ** 2), VALUES),
    "sparse, transposed": (lambda d: np.sum((_of(d).T @ b4) ** 2 * b4), DATA), "sparse, to an array": (lambda d: np.sum(_of(d).toarray() ** 2 * W4), DATA),
    "sparse, arithmetic": (lambda d: np.sum(((2 * _of(d) - _of(d ** 2) / 3 + (-N) * d[0]) @ b4) ** 2), DATA),
    "sparse, product": (lambda d: np.sum((_of(d) @ _of(d ** 2).T).toarray() * W4) + np.sum((MATRIX @ sparse.csr_matrix(_of(d))).toarray() ** 2), DATA),
    "sparse, reductions": (lambda d: np.sum(_of(d).sum(axis=0) ** 2) + np.sum(_of(d).sum(axis=1) * b4) + _of(d).sum() ** 2 + np.sum(_of(d).diagonal() ** 2) + np.sum(_of(d).diagonal(1) ** 2), DATA),
    "sparse, conversions": (lambda d: np.sum((_of(d).tocsc().tocoo().tocsr().data * DATA) ** 2) + np.sum(sparse.csc_array(_of(d)).data ** 2 * DATA), DATA),
    "sparse, element by element": (lambda d: np.sum((_of(d) * W4).toarray() ** 2) + np.sum(sparse.csr_matrix(_of(d)).multiply(d[:4]).toarray() * W4) + np.sum(sparse.diags(d[:4]).multiply(W4).toarray() ** 2), DATA),
    "spsolve in the matrix": (lambda d: np.sum(spsolve(_of(d).tocsc(), b4) ** 2), DATA), "spsolve in both": (lambda d: np.sum(spsolve(_of(d), d[:4]) ** 2), DATA),
    "spsolve in the right-hand side": (lambda x: np.sum(spsolve(PATTERN, np.reshape(x, (4, 1))) ** 2) + np.sum(spsolve(MATRIX, np.outer(x, b4)) ** 2), b4),
    "sparse.diags": (lambda x: np.sum((sparse.diags([x, x[:3], 2.0], [0, 1, -1]) @ x) ** 2) + np.sum((sparse.diags(x) @ x) ** 2), b4),
    "sparse.diags_array": (lambda x: np.sum((sparse.diags_array(x, format="csr") @ PATTERN @ x) ** 2), b4),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(name: str) -> None:
    f, x = PROGRAMS[name]
    if "diags_array" in name and not hasattr(sparse, "diags_array"):
        pytest.skip("this version of SciPy does not have it")
    own = np.random.default_rng(5)
    v, w = own.normal(size=x.shape), own.normal(size=x.shape)
    value, slope = cr.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-12)
    assert slope.shape == x.shape and slope.dtype == x.dtype
    expected = richardson(lambda h: f(x + h * v))
    np.testing.assert_allclose(np.sum(slope * v), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(cr.jvp(f, (x,), (v,))[1], np.sum(slope * v), rtol=1e-9, atol=1e-11)
    bend = richardson(lambda h: np.sum(cr.grad(f)(x + h * v) * w))
    np.testing.assert_allclose(np.sum(cr.hvp(f)(x, v) * w), bend, rtol=1e-5, atol=1e-6)


# -- precision, memory, stacks -----------------------------------------------------------------------------------------------------

SINGLE = ("linalg.cho_factor", "linalg.solve", "linalg.expm", "linalg.logm", "fft.dct", "signal.lfilter", "signal.sosfilt", "ndimage.gaussian_filter", "ndimage.map_coordinates",
          "sparse, constant", "sparse.csr_array", "spsolve in both")


@pytest.mark.parametrize("name", SINGLE)
def test_in_single_precision(name: str) -> None:
    f, x = PROGRAMS[name]
    single = cr.grad(f)(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, cr.grad(f)(x), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("name", ["linalg.qr", "linalg.solve", "signal.lfilter", "ndimage.sobel", "fft.fft2"])
def test_of_a_view(name: str) -> None:
    f, x = PROGRAMS[name]
    every = np.zeros(tuple(2 * n for n in x.shape))
    view = every[tuple(slice(None, None, -2) for _ in x.shape)]
    view[...] = x
    np.testing.assert_allclose(cr.grad(f)(view), cr.grad(f)(x), rtol=1e-12)
    np.testing.assert_array_equal(view, x)


def test_what_may_be_overwritten_is_not() -> None:
    """`overwrite_a` allows SciPy to write over an argument; a gradient call changes none."""
    a, b = SYMMETRIC.copy(), b3.copy()
    cr.grad(lambda a, b: np.sum(linalg.solve(a, b, overwrite_a=True, overwrite_b=True)) + np.sum(linalg.cholesky(a, overwrite_a=True)))(a, b)
    np.testing.assert_array_equal(a, SYMMETRIC)
    np.testing.assert_array_equal(b, b3)


STACK = np.stack([SQUARE, SYMMETRIC + np.eye(3)])
STACKS: dict[str, Callable[[Any], Any]] = {
    "solve": lambda a: np.sum(linalg.solve(a, b3) ** 2) + np.sum(linalg.solve(a, W, assume_a="sym") ** 2), "inv": lambda a: np.sum(linalg.inv(a) ** 2),
    "det": lambda a: np.sum(linalg.det(a) ** 2), "expm": lambda a: np.sum(linalg.expm(a / 4) * W), "cholesky": lambda a: np.sum(linalg.cholesky(a) * W),
    "solve_triangular": lambda a: np.sum(linalg.solve_triangular(a, W, lower=True) ** 2), "svdvals": lambda a: np.sum(linalg.svdvals(a) ** 3),
    "lu_factor": lambda a: np.sum(linalg.lu_factor(a)[0] * W), "eigvalsh": lambda a: np.sum(linalg.eigvalsh(a) ** 3), "qr": lambda a: np.sum(linalg.qr(a)[1] ** 2 * W),
    "pinv": lambda a: np.sum(linalg.pinv(a[..., :2]) ** 2), "solve_sylvester": lambda a: np.sum(linalg.solve_sylvester(a, SYMMETRIC, W) ** 2),
}


@pytest.mark.skipif(not NEW, reason="this version of SciPy knows no stacks of matrices")
@pytest.mark.parametrize("name", STACKS)
def test_a_stack_of_matrices(name: str) -> None:
    f = STACKS[name]
    v = rng.normal(size=STACK.shape)
    expected = richardson(lambda h: f(STACK + h * v))
    np.testing.assert_allclose(np.sum(cr.grad(f)(STACK) * v), expected, rtol=1e-6)
    np.testing.assert_allclose(cr.jvp(f, (STACK,), (v,))[1], expected, rtol=1e-6)


@pytest.mark.skipif(not NEW, reason="this version of SciPy does not know them")
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("structure", [None, "general", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular", "sym"])
def test_a_matrix_that_is_taken_for_another(structure: str | None, transposed: bool) -> None:
    """What SciPy does not read of the matrix has no derivative, whatever stands there."""
    a = np.triu(SQUARE, -1) if structure == "banded" else SQUARE
    f = lambda a: np.sum(linalg.solve(a, W, assume_a=structure, transposed=transposed) ** 2)  # noqa: E731
    v = rng.normal(size=a.shape)
    expected = richardson(lambda h: f(a + h * v), 1e-5)
    np.testing.assert_allclose(np.sum(cr.grad(f)(a) * v), expected, rtol=1e-6)
    if structure not in ("diagonal", "tridiagonal", "banded"):
        f = lambda a: np.sum(linalg.inv(a, assume_a=structure) ** 2)  # noqa: E731
        np.testing.assert_allclose(np.sum(cr.grad(f)(a) * v), richardson(lambda h: f(a + h * v), 1e-5), rtol=1e-6)


# -- sparse matrices elsewhere in a program ------------------------------------------------------------------------------------------


def _loop(x: Any) -> Any:
    for _ in range(4):
        x = x - 0.1 * (PATTERN @ x - b4)
    return x


class Layer:
    """Holds a sparse matrix."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix

    def __call__(self, x: Any) -> Any:
        y = np.zeros(4)
        y += self.matrix @ np.tanh(self.matrix.T @ x)
        y[1:] = (self.matrix @ y)[1:]
        return y


LAYER = Layer(PATTERN)


def test_jacobians_of_sparse_products() -> None:
    np.testing.assert_allclose(cr.jacobian(lambda x: PATTERN @ x)(b4), PATTERN.toarray(), rtol=1e-12)
    np.testing.assert_allclose(cr.hessian(lambda x: np.sum((PATTERN @ x) ** 2))(b4), 2 * (PATTERN.T @ PATTERN).toarray(), rtol=1e-12)


@pytest.mark.parametrize("f", [lambda x: np.sum(_loop(x) ** 2), lambda x: np.sum(LAYER(x) ** 2), lambda x: np.sum(((PATTERN if x[0] > 0 else MATRIX.T) @ x) ** 2)],
                         ids=["loop", "object", "branch"])
def test_a_sparse_matrix_in_a_program(f: Any) -> None:
    for x in (b4, -b4):
        v = rng.normal(size=4)
        np.testing.assert_allclose(np.sum(cr.grad(f)(x) * v), richardson(lambda h, x=x, v=v: f(x + h * v)), rtol=1e-6)


def test_a_sparse_argument() -> None:
    f = cr.grad(lambda matrix, x: np.sum((matrix @ x) ** 2), argnums=1)
    expected = 2 * PATTERN.T @ (PATTERN @ b4)
    for matrix in (PATTERN, MATRIX, PATTERN.tocsc(), PATTERN.tocoo(), sparse.csr_array(2 * PATTERN)):
        factor = 4 if matrix.data[0] == 2 * PATTERN.data[0] else 1
        np.testing.assert_allclose(f(matrix, b4), factor * expected, rtol=1e-12)


EMPTY: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "solve": (lambda a: np.sum(linalg.solve(a, np.zeros((a.shape[0], 2)))), np.zeros((0, 0))), "inv": (lambda a: np.sum(linalg.inv(a)), np.zeros((0, 0))),
    "expm": (lambda a: np.sum(linalg.expm(a)), np.zeros((0, 0))), "block_diag": (lambda a: np.sum(linalg.block_diag(a, W)), np.zeros((0, 2))),
    "lfilter": (lambda x: np.sum(signal.lfilter(B, A, x)), np.zeros((0, 3))), "correlate1d": (lambda x: np.sum(ndimage.correlate1d(x, [1.0, 2.0, 1.0])), np.zeros((0, 3))),
    "csr": (lambda d: np.sum(sparse.csr_array((d, np.zeros(0, int), np.zeros(3, int)), shape=(2, 2)) @ np.ones(2)), np.zeros(0)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty(name: str) -> None:
    f, x = EMPTY[name]
    try:
        f(x)
    except ValueError:
        pytest.skip("this version of SciPy does not take it")
    assert cr.grad(f)(x).shape == x.shape


# -- what is refused, by name ---------------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "`linalg.eigh` for some of the eigenvalues": (lambda a: np.sum(linalg.eigh(a, subset_by_index=[0, 1])[0]), SYMMETRIC),
    "`schur` cannot be differentiated": (lambda a: np.sum(linalg.schur(a)[0]), SQUARE), "'sigma' is not known": (lambda x: np.sum(ndimage.gaussian_filter1d(WAVE, x[0])), WAVE),
    "`zoom` cannot be differentiated": (lambda x: np.sum(ndimage.zoom(x, 2)), IMAGE), "order 3": (lambda x: np.sum(ndimage.map_coordinates(x, [[0.5], [0.5]])), IMAGE),
    "argument 'output'": (lambda x: np.sum(ndimage.correlate1d(x, [1.0, 2.0], output=np.float32)), IMAGE), "`medfilt` cannot": (lambda x: np.sum(signal.medfilt(x)), WAVE),
    "sparse matrix of a dense one": (lambda x: np.sum(sparse.csr_array(x) @ np.ones(6)), IMAGE), "`splu` cannot": (lambda d: np.sum(sparse.linalg.splu(_of(d).tocsc()).solve(b4)), DATA),
    "'cval' is not known": (lambda x: np.sum(ndimage.correlate1d(IMAGE, [1.0, 2.0], mode="constant", cval=x[0])), WAVE),
    "negative eigenvalues": (lambda a: np.sum(np.real(linalg.logm(-a))), SYMMETRIC), "'raw'": (lambda a: np.sum(linalg.qr(a, mode="raw")[0][0]), SQUARE),
    "exponent is not known": (lambda a: np.sum(linalg.fractional_matrix_power(a, a[0, 0])), SYMMETRIC), "plus a number": (lambda d: np.sum((_of(d) + 1.0).data), DATA),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_refused(reason: str) -> None:
    f, x = REFUSED[reason]
    with pytest.raises(cr.errors.ChainRuleError, match=reason):
        cr.grad(f)(x)


def test_what_it_prints() -> None:
    text = cr.grad(lambda x: np.sum((PATTERN @ x) ** 2)).source_for(b4)
    assert "product(" in text
    assert "solve(" in cr.grad(lambda a: np.sum(linalg.solve(a, b3))).source_for(SQUARE)
