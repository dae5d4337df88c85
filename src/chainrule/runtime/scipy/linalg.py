"""Helpers of the rows of scipy.linalg."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from ..decompositions import apart_along


def _adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def _real_diagonal(x: Any) -> Any:
    """x with the real part of its diagonal."""
    if x.dtype.kind != "c":
        return x
    result = x.copy()
    k = np.arange(min(x.shape[-2:]))
    result[..., k, k] = result[..., k, k].real
    return result


def mirrored(x: Any, lower: bool = True, hermitian: bool = True) -> Any:
    """The symmetric (or Hermitian) matrix of which one triangle is given.

    >>> mirrored(np.array([[1.0, 9.0], [2.0, 3.0]]))
    array([[1., 2.],
           [2., 3.]])
    """
    half = np.tril(x, -1) if lower else np.triu(x, 1)
    whole = np.tril(x) if lower else np.triu(x)
    return (_real_diagonal(whole) if hermitian else whole) + (_adjoint(half) if hermitian else np.swapaxes(half, -1, -2))


def folded(g: Any, lower: bool = True, hermitian: bool = True) -> Any:
    """The transpose of `mirrored`: what one triangle gets of a cotangent of the whole matrix.

    >>> folded(np.array([[1.0, 9.0], [2.0, 3.0]]))
    array([[ 1.,  0.],
           [11.,  3.]])
    """
    turned = _adjoint(g) if hermitian else np.swapaxes(g, -1, -2)
    result = np.tril(g) + np.tril(turned, -1) if lower else np.triu(g) + np.triu(turned, 1)
    return _real_diagonal(result) if hermitian else result


def cho_factored(a: Any, lower: bool = False, check_finite: bool = True) -> Any:
    """The array that scipy.linalg.cho_factor gives: a factor in one triangle, in the other one zeros or what was there."""
    return linalg.cho_factor(a, lower=lower, check_finite=check_finite)[0]


def cho_solved(c: Any, b: Any, lower: bool = False, check_finite: bool = True) -> Any:
    """scipy.linalg.cho_solve."""
    return linalg.cho_solve((c, lower), b, check_finite=check_finite)


def lu_solved(lu: Any, piv: Any, b: Any, trans: int = 0, check_finite: bool = True) -> Any:
    """scipy.linalg.lu_solve."""
    return linalg.lu_solve((lu, piv), b, trans=trans, check_finite=check_finite)


def permutation(piv: Any) -> Any:
    """Exchanges of rows -> where each row comes from.

    >>> permutation(np.array([2, 2, 2]))
    array([2, 0, 1])
    """
    piv = np.asarray(piv)
    rows = np.broadcast_to(np.arange(piv.shape[-1]), piv.shape).reshape(-1, piv.shape[-1]).copy()
    for row, exchanges in zip(rows, piv.reshape(-1, piv.shape[-1])):
        for k, other in enumerate(exchanges):
            row[k], row[other] = row[other], row[k]
    return rows.reshape(piv.shape)


def permuted(x: Any, rows: Any) -> Any:
    """Row i of the result is row rows[i] of x."""
    return np.take_along_axis(x, np.broadcast_to(rows[..., None], (*rows.shape, x.shape[-1])), axis=-2)


def permuted_back(x: Any, rows: Any) -> Any:
    """Row i of x becomes row rows[i]."""
    return permuted(x, np.argsort(rows, axis=-1))


def banded_solved(ab: Any, b: Any, lower: int, upper: int, check_finite: bool = True) -> Any:
    """scipy.linalg.solve_banded."""
    return linalg.solve_banded((lower, upper), ab, b, check_finite=check_finite)


def _shifted(row: Any, k: int, n: int) -> Any:
    """The part of a diagonal's storage that lies in the matrix: ab[u - k, j] is the element (j - k, j)."""
    return slice(max(k, 0), n + min(k, 0))


def banded_transpose(ab: Any, lower: int, upper: int) -> Any:
    """A matrix of which diagonals are stored, transposed: what lies outside of the matrix becomes zero."""
    n = ab.shape[-1]
    result = np.zeros_like(ab)
    for k in range(-lower, upper + 1):
        inside = _shifted(ab, k, n)
        result[..., lower + k, slice(max(-k, 0), n + min(-k, 0))] = ab[..., upper - k, inside]
    return result


def banded_product(ab: Any, x: Any, lower: int, upper: int) -> Any:
    """The product of a matrix of which diagonals are stored, and vectors or matrices."""
    vector = x.ndim == ab.ndim - 1
    x = x[..., None] if vector else x
    n = ab.shape[-1]
    result = np.zeros(np.broadcast_shapes(ab.shape[:-2], x.shape[:-2]) + x.shape[-2:], np.result_type(ab, x))
    for k in range(-lower, upper + 1):
        columns, rows = slice(max(k, 0), n + min(k, 0)), slice(max(-k, 0), n + min(-k, 0))
        result[..., rows, :] += ab[..., upper - k, columns, None] * x[..., columns, :]
    return result[..., 0] if vector else result


def banded_outer(p: Any, x: Any, lower: int, upper: int) -> Any:
    """The diagonals of p @ x.T, as they are stored: the transpose of `banded_product` in its matrix."""
    if p.ndim == 1:
        p, x = p[..., None], x[..., None]
    n = p.shape[-2]
    result = np.zeros((*p.shape[:-2], lower + upper + 1, n), np.result_type(p, x))
    for k in range(-lower, upper + 1):
        columns, rows = slice(max(k, 0), n + min(k, 0)), slice(max(-k, 0), n + min(-k, 0))
        result[..., upper - k, columns] = np.sum(p[..., rows, :] * x[..., columns, :], axis=-1)
    return result


def eigh(a: Any, b: Any = None, lower: bool = True, check_finite: bool = True, driver: Any = None) -> Any:
    """scipy.linalg.eigh: values and vectors."""
    return linalg.eigh(a, b, lower=lower, check_finite=check_finite, driver=driver)


def eigh_along(a: Any, b: Any, d: Any, e: Any, values: Any, lower: bool = True) -> Any:
    """scipy.linalg.eigh (whose values are given), with those vectors of equal values along which these part when a changes along d and b along e (None: not at all)."""
    _, vectors = linalg.eigh(a, b, lower=lower, check_finite=False)
    inner: Any = 0.0
    if d is not None:
        inner = _adjoint(vectors) @ mirrored(d, lower) @ vectors
    if e is not None:
        inner = inner - _adjoint(vectors) @ mirrored(e, lower) @ vectors * values[..., None, :]
    inner = 0.5 * (inner + _adjoint(inner))
    return np.array(np.broadcast_to(values, inner.shape[:-1])), apart_along(values, inner, vectors)


def eigvalsh(a: Any, b: Any = None, lower: bool = True, check_finite: bool = True, driver: Any = None) -> Any:
    """scipy.linalg.eigvalsh."""
    return linalg.eigvalsh(a, b, lower=lower, check_finite=check_finite, driver=driver)


def eig(a: Any, check_finite: bool = True) -> Any:
    """scipy.linalg.eig, always complex."""
    values, vectors = linalg.eig(a, check_finite=check_finite)
    kind = np.result_type(values.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


def eigvals(a: Any, check_finite: bool = True) -> Any:
    """scipy.linalg.eigvals."""
    return linalg.eigvals(a, check_finite=check_finite)


def is_real(values: Any) -> Any:
    """Whether all of these complex numbers are real."""
    return np.all(np.imag(values) == 0.0)


def lstsq(a: Any, b: Any, cond: Any = None, check_finite: bool = True, lapack_driver: Any = None) -> Any:
    """The solution that scipy.linalg.lstsq gives."""
    return linalg.lstsq(a, b, cond, check_finite=check_finite, lapack_driver=lapack_driver)[0]


def lstsq_rank(a: Any, b: Any, cond: Any = None, check_finite: bool = True, lapack_driver: Any = None) -> Any:
    """The rank that scipy.linalg.lstsq gives."""
    rank = linalg.lstsq(a, b, cond, check_finite=check_finite, lapack_driver=lapack_driver)[2]
    return int(rank) if np.ndim(rank) == 0 else np.asarray(rank, np.int64)


def qr(a: Any, mode: str = "full", pivoting: bool = False, check_finite: bool = True) -> Any:
    """scipy.linalg.qr; the upper triangle alone is no tuple here."""
    parts = linalg.qr(a, mode=mode, pivoting=pivoting, check_finite=check_finite)
    return parts[0] if len(parts) == 1 else parts


def _narrow(y: Any, a: Any) -> Any:
    """What is real for real matrices, apart from rounding, in the precision of a."""
    return (y if a.dtype.kind == "c" else y.real).astype(a.dtype)


def logm(a: Any) -> Any:
    """scipy.linalg.logm, where it is real for a real matrix; of what precision it is, SciPy says."""
    y = linalg.logm(a)
    return y if a.dtype.kind == "c" else y.real


def sqrtm(a: Any) -> Any:
    """scipy.linalg.sqrtm, where it is real for a real matrix."""
    return _narrow(linalg.sqrtm(a), a)


def power(a: Any, p: Any) -> Any:
    """scipy.linalg.fractional_matrix_power, where it is real for a real matrix."""
    y = linalg.fractional_matrix_power(a, p)
    return y if a.dtype.kind == "c" else y.real


def is_on_cut(a: Any) -> bool:
    """Whether an eigenvalue is a negative number, or zero."""
    values = np.linalg.eigvals(a)
    return bool(np.any((values.real <= 0) & (np.abs(values.imag) <= 1e-8 * np.abs(values.real))))


def beside(y: Any) -> Any:
    """Of a function of a matrix [[a, e], [0, a]], what stands beside the function of a.

    Both functions of a have to be the same, as they are where the function is smooth: rounding may take the two copies of an eigenvalue that lies on a
    branch cut to its two sides.
    """
    n = y.shape[-1] // 2
    one, two = y[..., :n, :n], y[..., n:, n:]
    size = max(1.0, float(np.max(np.abs(one), initial=0.0)))
    if np.any(np.abs(one - two) > 1e-3 * size):
        raise np.linalg.LinAlgError("a function of a matrix is not smooth here: an eigenvalue lies on a branch cut")
    return y[..., :n, n:].copy()


def placed_beside(z: Any) -> Any:
    """Zeros around a matrix, as `beside` finds it.

    >>> placed_beside(np.array([[2.0]]))
    array([[0., 2.],
           [0., 0.]])
    """
    n = z.shape[-1]
    result = np.zeros((*z.shape[:-2], 2 * n, 2 * n), z.dtype)
    result[..., :n, n:] = z
    return result


def has_complex(a: Any, name: str, power: Any = None) -> bool:
    """Whether a function of a matrix gives complex numbers."""
    function = getattr(linalg, name)
    return bool(np.iscomplexobj(function(a) if power is None else function(a, power)))


__all__ = ["banded_outer", "banded_product", "banded_solved", "banded_transpose", "beside", "cho_factored", "cho_solved", "eig", "eigh", "eigh_along", "eigvals", "eigvalsh", "folded",
           "has_complex", "is_on_cut", "is_real", "logm", "lstsq", "lstsq_rank", "lu_solved", "mirrored", "permutation", "permuted", "permuted_back", "placed_beside", "power", "qr", "sqrtm"]
