"""scipy.linalg: functions of tuples, functions whose results are tuples, and matrices that are made of vectors."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np

from .... import runtime
from ....runtime.scipy import linalg as own
from ...meanings import refuse


def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    return own.cho_factored(np.asarray(a), lower, check_finite), lower


def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    c, lower = c_and_lower
    return own.cho_solved(c, np.asarray(b), bool(lower), check_finite)


def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    lu, piv = lu_and_piv
    return own.lu_solved(lu, piv, np.asarray(b), trans, check_finite)


def solve_banded(l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    lower, upper = l_and_u
    ab, b = np.asarray(ab), np.asarray(b)
    if b.ndim == 1 and ab.ndim > 2:  # one vector for a stack of matrices
        return own.banded_solved(ab, b[:, None], lower, upper, check_finite)[..., 0]
    return own.banded_solved(ab, b, lower, upper, check_finite)


# -- decompositions --------------------------------------------------------------------------------------------------------


def eigh(a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1, check_finite=True, subset_by_index=None,
         subset_by_value=None, driver=None):
    if eigvals_only:
        return eigvalsh(a, b, lower=lower, type=type, check_finite=check_finite, subset_by_index=subset_by_index, subset_by_value=subset_by_value, driver=driver)
    if type != 1:
        refuse("`linalg.eigh` of another type", "its rule knows a @ v = w * b @ v", "use type=1")
    if subset_by_index is not None or subset_by_value is not None:
        refuse("`linalg.eigh` for some of the eigenvalues", "how their vectors turn depends on all of them", "compute all of them, and take some")
    return own.eigh(np.asarray(a), b, lower, check_finite, driver)


def eigvalsh(a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True, subset_by_index=None, subset_by_value=None, driver=None):
    if type != 1:
        refuse("`linalg.eigvalsh` of another type", "its rule knows a @ v = w * b @ v", "use type=1")
    if subset_by_index is not None or subset_by_value is not None:
        refuse("`linalg.eigvalsh` for some of the eigenvalues", "its rule knows all of them", "compute all of them, and take some")
    return own.eigvalsh(np.asarray(a), b, lower, check_finite, driver)


def eig(a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True, homogeneous_eigvals=False):
    if b is not None or homogeneous_eigvals:
        refuse("`linalg.eig` of two matrices", "it has no rule", "use linalg.eig(linalg.solve(b, a))")
    if left:
        refuse("`linalg.eig` with left eigenvectors", "it has no rule", "take those of the transpose")
    if not right:
        return own.eigvals(np.asarray(a), check_finite)
    values, vectors = own.eig(np.asarray(a), check_finite)
    if np.asarray(a).dtype.kind != "c" and runtime.decided(own.is_real(values)):
        return values, np.real(vectors)
    return values, vectors


def eigvals(a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
    if b is not None or homogeneous_eigvals:
        refuse("`linalg.eigvals` of two matrices", "it has no rule", "use linalg.eigvals(linalg.solve(b, a))")
    return own.eigvals(np.asarray(a), check_finite)


def qr(a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    if mode == "r" and not pivoting:
        return (own.qr(np.asarray(a), mode, pivoting, check_finite),)
    return own.qr(np.asarray(a), mode, pivoting, check_finite)


def lstsq(a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None):
    a, b = np.asarray(a), np.asarray(b)
    x = own.lstsq(a, b, cond, check_finite, lapack_driver)
    rank = own.lstsq_rank(a, b, cond, check_finite, lapack_driver)
    s = None if lapack_driver == "gelsy" else np.linalg.svd(a, compute_uv=False)
    vector = b.ndim == 1
    left = b - (a @ x[..., None])[..., 0] if vector else b - a @ x
    squares = np.sum(np.real(left * np.conj(left)), axis=-1 if vector else -2)
    if lapack_driver == "gelsy" or np.min(rank) < np.shape(a)[-1] or np.shape(a)[-2] <= np.shape(a)[-1]:
        squares = np.zeros((*np.shape(a)[:-2], 0), x.dtype)
    return x, squares, rank, s


# -- functions of matrices: complex where they have to be -----------------------------------------------------------------


def _undisplayed(name):
    refuse(f"`linalg.{name}` with disp=False", "it then gives an estimate of its error, too, which has no rule", "leave `disp` out")


def logm(A, disp=True):
    if not disp:
        _undisplayed("logm")
    A = np.asarray(A)
    if A.dtype.kind != "c" and runtime.decided(own.has_complex(A, "logm")):
        if runtime.decided(own.is_on_cut(A)):
            refuse("`linalg.logm` of a real matrix that gives a complex one", "it has negative eigenvalues, where it is not smooth", "pass a complex matrix")
        return own.logm(A + 0j)
    return own.logm(A)


def sqrtm(A, disp=True, blocksize=64):
    if not disp:
        _undisplayed("sqrtm")
    A = np.asarray(A)
    if A.dtype.kind != "c" and runtime.decided(own.has_complex(A, "sqrtm")):
        if runtime.decided(own.is_on_cut(A)):
            refuse("`linalg.sqrtm` of a real matrix that gives a complex one", "it has negative eigenvalues, where it is not smooth", "pass a complex matrix")
        return own.sqrtm(A + 0j)
    return own.sqrtm(A)


def fractional_matrix_power(A, t):
    A = np.asarray(A)
    if A.dtype.kind != "c" and runtime.decided(own.has_complex(A, "fractional_matrix_power", t)):
        if runtime.decided(own.is_on_cut(A)):
            refuse("`linalg.fractional_matrix_power` of a real matrix that gives a complex one", "it has negative eigenvalues, where it is not smooth", "pass a complex matrix")
        return own.power(A + 0j, t)
    return own.power(A, t)


# -- matrices that are made of vectors ---------------------------------------------------------------------------------------


def _vector(x, name):
    x = np.asarray(x)
    if x.ndim != 1:
        refuse(f"`linalg.{name}` of an array that is no vector", "which matrices it makes then is not known", "make it of one vector at a time")
    return x


def toeplitz(c, r=None):
    c = _vector(c, "toeplitz")
    r = np.conj(c) if r is None else _vector(r, "toeplitz")
    return np.concatenate((r[:0:-1], c))[np.arange(np.size(c))[:, None] + (np.size(r) - 1) - np.arange(np.size(r))]


def circulant(c):
    c = _vector(c, "circulant")
    return c[(np.arange(np.size(c))[:, None] - np.arange(np.size(c))) % np.size(c)]


def hankel(c, r=None):
    c = _vector(c, "hankel")
    r = np.zeros_like(c) if r is None else _vector(r, "hankel")
    return np.concatenate((c, r[1:]))[np.arange(np.size(c))[:, None] + np.arange(np.size(r))]


def block_diag(*arrs):
    if len(arrs) == 0:
        return np.zeros((1, 0))
    blocks = []
    for x in arrs:
        x = np.atleast_2d(np.asarray(x))
        if x.ndim != 2:
            refuse("`linalg.block_diag` of stacks of matrices", "which matrices it makes then is not known", "make it of one matrix each")
        blocks.append(x)
    width = 0
    for x in blocks:
        width = width + np.shape(x)[1]
    rows = []
    before = 0
    for x in blocks:
        after = width - before - np.shape(x)[1]
        rows.append(np.concatenate((np.zeros((np.shape(x)[0], before), x.dtype), x, np.zeros((np.shape(x)[0], after), x.dtype)), axis=1))
        before = before + np.shape(x)[1]
    return np.concatenate(rows)


def companion(a):
    a = _vector(a, "companion")
    n = np.size(a) - 1
    first = -a[1:] / (1.0 * a[0])
    return np.concatenate((first[None], np.eye(n, dtype=first.dtype)[:-1]))


def convolution_matrix(a, n, mode="full"):
    a = _vector(a, "convolution_matrix")
    padded = np.concatenate((np.zeros(n - 1, a.dtype), a, np.zeros(n - 1, a.dtype)))
    full = padded[np.arange(np.size(a) + n - 1)[:, None] + (n - 1) - np.arange(n)]
    if mode == "full":
        return full
    trim = min(n, np.size(a)) - 1
    before = trim // 2 if mode == "same" else trim
    after = trim - before if mode == "same" else trim
    return full[before:np.shape(full)[0] - after]


def khatri_rao(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return np.reshape(a[:, None, :] * b[None, :, :], (-1, np.shape(a)[1]))


__all__ = ["block_diag", "cho_factor", "cho_solve", "circulant", "companion", "convolution_matrix", "eig", "eigh", "eigvals", "eigvalsh", "fractional_matrix_power",
           "hankel", "khatri_rao", "logm", "lstsq", "lu_solve", "qr", "solve_banded", "sqrtm", "toeplitz"]
