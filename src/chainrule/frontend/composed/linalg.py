"""np.linalg: what is put together of products, solutions and decompositions that have rows."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np

from ... import runtime


def cross(x1, x2, *, axis=-1):
    """np.linalg.cross."""
    return np.cross(x1, x2) if axis == -1 else np.moveaxis(np.cross(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)), -1, axis)


def cross_product(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """np.cross along other axes, and of vectors of the plane."""
    if axis is not None:
        axisa, axisb, axisc = axis, axis, axis
    a = np.moveaxis(np.asarray(a), axisa, -1)
    b = np.moveaxis(np.asarray(b), axisb, -1)
    if np.shape(a)[-1] == 2 and np.shape(b)[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    if np.shape(a)[-1] == 2:
        a = np.concatenate((a, np.zeros((*np.shape(a)[:-1], 1), a.dtype)), axis=-1)
    if np.shape(b)[-1] == 2:
        b = np.concatenate((b, np.zeros((*np.shape(b)[:-1], 1), b.dtype)), axis=-1)
    return np.moveaxis(np.cross(a, b), -1, axisc)


def trace_of(a, offset=0, axis1=0, axis2=1, dtype=None):
    """np.trace along other axes."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


def pinv(a, rcond=None, hermitian=False, *, rtol=None):
    """np.linalg.pinv with `rtol`."""
    return np.linalg.pinv(a, rtol if rcond is None else rcond)


def diagonal(x, *, offset=0):
    """np.linalg.diagonal."""
    return np.diagonal(x, offset, -2, -1)


def trace(x, *, offset=0, dtype=None):
    """np.linalg.trace."""
    return np.sum(np.diagonal(x, offset, -2, -1), axis=-1, dtype=dtype)


def matrix_transpose(x):
    """np.linalg.matrix_transpose."""
    return np.swapaxes(x, -1, -2)


def matmul(x1, x2):
    """np.linalg.matmul."""
    return np.matmul(x1, x2)


def outer(x1, x2):
    """np.linalg.outer."""
    return np.outer(x1, x2)


def tensordot(x1, x2, *, axes=2):
    """np.linalg.tensordot."""
    return np.tensordot(x1, x2, axes)


def vecdot(x1, x2, axis=-1):
    """np.vecdot: the first factor is conjugated."""
    x1 = np.conj(x1) if np.asarray(x1).dtype.kind == "c" else np.asarray(x1)
    return np.sum(x1 * x2, axis=axis)


def matvec(x1, x2):
    """np.matvec."""
    return np.matmul(x1, np.asarray(x2)[..., None])[..., 0]


def vecmat(x1, x2):
    """np.vecmat: the vector is conjugated."""
    x1 = np.conj(x1) if np.asarray(x1).dtype.kind == "c" else np.asarray(x1)
    return np.matmul(x1[..., None, :], x2)[..., 0, :]


def matrix_norm(x, *, keepdims=False, ord="fro"):
    """np.linalg.matrix_norm."""
    return np.linalg.norm(x, ord, (-2, -1), keepdims)


def vector_norm(x, *, axis=None, keepdims=False, ord=2):
    """np.linalg.vector_norm."""
    x = np.asarray(x)
    if axis is None:
        result = np.linalg.norm(np.ravel(x), ord)
        return np.reshape(result, (1,) * x.ndim) if keepdims else result
    if not isinstance(axis, tuple):
        return np.linalg.norm(x, ord, axis, keepdims)
    axes = [k % x.ndim for k in axis]
    rest = [k for k in range(x.ndim) if k not in axes]
    moved = np.reshape(np.transpose(x, tuple(axes + rest)), (-1, *tuple(np.shape(x)[k] for k in rest)))
    result = np.linalg.norm(moved, ord, 0)
    return np.expand_dims(result, tuple(axes)) if keepdims else result


def svdvals(x):
    """np.linalg.svdvals."""
    return np.linalg.svd(x, compute_uv=False)


def cond(x, p=None):
    """np.linalg.cond."""
    x = np.asarray(x)
    if p is None or p == 2:
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., 0] / s[..., -1]
    if p == -2:
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0]
    return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))


def _count(shape):
    n = 1
    for k in shape:
        n = n * k
    return n


def tensorinv(a, ind=2):
    """np.linalg.tensorinv."""
    a = np.asarray(a)
    shape = np.shape(a)
    n = _count(shape[ind:])
    return np.reshape(np.linalg.inv(np.reshape(a, (-1, n))), shape[ind:] + shape[:ind])


def tensorsolve(a, b, axes=None):
    """np.linalg.tensorsolve."""
    a, b = np.asarray(a), np.asarray(b)
    if axes is not None:
        last = [k % a.ndim for k in axes]
        a = np.transpose(a, tuple([k for k in range(a.ndim) if k not in last] + last))
    shape = np.shape(a)[b.ndim:]
    n = _count(shape)
    return np.reshape(np.linalg.solve(np.reshape(a, (-1, n)), np.ravel(b)), shape)


def matrix_power(a, n):
    """np.linalg.matrix_power of a known power: by squaring."""
    a = np.asarray(a)
    if n == 0:
        return np.broadcast_to(np.eye(np.shape(a)[-1], dtype=a.dtype), np.shape(a)).copy()
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 1:
        return a
    half = matrix_power(a, n // 2)
    square = half @ half
    return square @ a if n % 2 else square


_Eig = type(np.linalg.eig(np.eye(1)))


def eig(a):
    """np.linalg.eig: real, where all eigenvalues are."""
    values, vectors = runtime.eig(a)
    if np.asarray(a).dtype.kind != "c" and runtime.decided(np.all(np.imag(values) == 0.0)):
        return _Eig(np.real(values), np.real(vectors))
    return _Eig(values, vectors)


def eigvals(a):
    """np.linalg.eigvals: real, where all are."""
    values = runtime.eigvals(a)
    if np.asarray(a).dtype.kind != "c" and runtime.decided(np.all(np.imag(values) == 0.0)):
        return np.real(values)
    return values


def lstsq(a, b, rcond=None):
    """np.linalg.lstsq: the solution of least norm, the sums of squares that are left, the rank, the singular values."""
    a, b = np.asarray(a), np.asarray(b)
    x = runtime.lstsq(a, b, rcond)
    s = np.linalg.svd(a, compute_uv=False)
    rank = runtime.lstsq_rank(a, b, rcond)
    left = b - a @ x
    squares = np.sum(np.real(left * np.conj(left)), axis=0)
    if b.ndim == 1:
        squares = np.reshape(squares, (1,))
    if rank < np.shape(a)[1] or np.shape(a)[0] <= np.shape(a)[1]:
        squares = squares[:0]
    return x, squares, rank, s


# -- np.emath: where a function of real numbers is complex, these give complex numbers -----------------------------------


def _complex_below(x, low):
    if np.asarray(x).dtype.kind != "c" and runtime.decided(np.any(x < low)):
        return x + 0j
    return x


def _complex_outside(x):
    if np.asarray(x).dtype.kind != "c" and runtime.decided(np.any(np.abs(x) > 1)):
        return x + 0j
    return x


def emath_sqrt(x):
    """np.emath.sqrt."""
    return np.sqrt(_complex_below(x, 0))


def emath_log(x):
    """np.emath.log."""
    return np.log(_complex_below(x, 0))


def emath_log2(x):
    """np.emath.log2."""
    return np.log2(_complex_below(x, 0))


def emath_log10(x):
    """np.emath.log10."""
    return np.log10(_complex_below(x, 0))


def emath_logn(n, x):
    """np.emath.logn."""
    return np.log(_complex_below(x, 0)) / np.log(_complex_below(n, 0))


def emath_power(x, p):
    """np.emath.power."""
    return np.power(_complex_below(x, 0), np.asarray(p))


def emath_arccos(x):
    """np.emath.arccos."""
    return np.arccos(_complex_outside(x))


def emath_arcsin(x):
    """np.emath.arcsin."""
    return np.arcsin(_complex_outside(x))


def emath_arctanh(x):
    """np.emath.arctanh."""
    return np.arctanh(_complex_outside(x))


def real_if_close(a, tol=100):
    """np.real_if_close."""
    a = np.asanyarray(a)
    if a.dtype.kind != "c":
        return a
    limit = tol * (2.0 ** -23 if a.dtype == np.complex64 else 2.0 ** -52) if tol > 1 else tol
    if runtime.decided(np.all(np.abs(np.imag(a)) < limit)):
        return np.real(a)
    return a
