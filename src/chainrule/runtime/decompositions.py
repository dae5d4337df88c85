"""Helpers of rows of Fourier transforms and of decompositions of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np


def resized(g: Any, x: Any, axis: int) -> Any:
    """g cut off, or filled up with zeros, to the length of x along an axis: its own transpose.

    >>> resized(np.array([1.0, 2.0]), np.zeros(3), 0)
    array([1., 2., 0.])
    """
    n, m = np.shape(g)[axis], np.shape(x)[axis]
    if n == m:
        return g
    moved = np.moveaxis(g, axis, -1)
    result = np.zeros((*moved.shape[:-1], m), g.dtype)
    result[..., :min(n, m)] = moved[..., :m]
    return np.moveaxis(result, -1, axis)


_TURNED: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def rfft_pull(g: Any, x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The transpose of x -> np.fft.rfft(x, n, axis, norm): half of a spectrum makes a real signal."""
    n = np.shape(x)[axis] if n is None else n
    g = np.conj(np.moveaxis(g, axis, -1))
    inner = g[..., 1:(n + 1) // 2]
    g = np.concatenate((g[..., :1], 0.5 * inner, g[..., 1 + inner.shape[-1]:]), axis=-1)
    return resized(np.moveaxis(np.fft.irfft(g, n, -1, _TURNED[norm]), -1, axis), x, axis)


def irfft_pull(g: Any, a: Any, axis: int = -1, norm: Any = None) -> Any:
    """The transpose of a -> np.fft.irfft(a, n, axis, norm), for n elements of g along the axis."""
    n = np.shape(g)[axis]
    g = np.asarray(g, np.result_type(g, np.float32))
    result = np.moveaxis(np.conj(np.fft.rfft(g, n, axis, _TURNED[norm])), axis, -1)
    result[..., 1:(n + 1) // 2] *= 2
    return resized(np.moveaxis(result, -1, axis), a, axis)


def apart(values: Any) -> Any:
    """Which pairs of (eigen or singular) values are not equal, up to rounding."""
    gaps = np.abs(values[..., None, :] - values[..., :, None])
    scale = np.max(np.abs(values), axis=-1, initial=0.0)[..., None, None]
    return gaps > 8 * np.finfo(values.dtype).eps * scale


def apart_along(values: Any, inner: Any, vectors: Any, adjoint: Any = None) -> Any:
    """Of each matrix in a stack, the vectors of equal values, turned so that they diagonalise the Hermitian `inner`; those of `adjoint` turn with them."""
    shape = np.broadcast_shapes(values.shape[:-1], inner.shape[:-2])
    n = values.shape[-1]
    vectors = np.array(np.broadcast_to(vectors, (*shape, *vectors.shape[-2:])))
    adjoint = None if adjoint is None else np.array(np.broadcast_to(adjoint, (*shape, *adjoint.shape[-2:])))
    values, inner = np.broadcast_to(values, (*shape, n)), np.broadcast_to(inner, (*shape, n, n))
    equal = ~apart(values)
    for place in map(tuple, np.argwhere((np.count_nonzero(equal, axis=(-2, -1)) > n) & np.isfinite(inner).all((-2, -1)))):
        left = np.ones(n, bool)
        while left.any():
            run = np.flatnonzero(equal[place][np.flatnonzero(left)[0]] & left)
            left[run] = False
            if len(run) > 1:
                _, turn = np.linalg.eigh(inner[place][np.ix_(run, run)])
                vectors[place][:, run] = vectors[place][:, run] @ turn
                if adjoint is not None:
                    adjoint[place][run] = np.conj(turn.T) @ adjoint[place][run]
    return vectors if adjoint is None else (vectors, adjoint)


def _hermitian(x: Any) -> Any:
    return 0.5 * (x + np.conj(np.swapaxes(x, -1, -2)))


def eigh_along(a: Any, d: Any, values: Any, vectors: Any = None) -> Any:
    """np.linalg.eigh (whose values are given, and perhaps its vectors), with those eigenvectors of equal eigenvalues along which these part when the matrix changes along d (Kato 1966, II.2.3).

    The derivatives of the eigenvalues along d are exact in this basis, and so are those of second order of functions that are smooth in the matrix.

    >>> eigh_along(np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones(2))[1].round(3)
    array([[-0.707,  0.707],
           [ 0.707,  0.707]])
    """
    vectors = np.linalg.eigh(a)[1] if vectors is None else vectors
    inner = np.conj(np.swapaxes(vectors, -1, -2)) @ _hermitian(d) @ vectors
    shape = inner.shape[:-2]
    return np.array(np.broadcast_to(values, (*shape, values.shape[-1]))), apart_along(values, inner, vectors)


def svd_along(a: Any, d: Any, values: Any) -> Any:
    """np.linalg.svd (whose values are given) without what belongs to no singular value, with those vectors of equal singular values along which these part when the matrix changes along d.

    Those of zero are the singular vectors of what d is between them: singular values grow on both sides of zero.
    """
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    inner = np.conj(np.swapaxes(u, -1, -2)) @ d @ np.conj(np.swapaxes(vh, -1, -2))
    shape = inner.shape[:-2]
    values = np.array(np.broadcast_to(values, (*shape, values.shape[-1])))
    u, vh = apart_along(values, _hermitian(inner), u, vh)
    none = values <= 8 * np.finfo(values.dtype).eps * np.max(values, axis=-1, keepdims=True, initial=0.0)
    for place in map(tuple, np.argwhere(none.any(-1) & np.isfinite(inner).all((-2, -1)))):
        few = np.count_nonzero(~none[place])
        whole = np.linalg.svd(np.broadcast_to(a, (*shape, *a.shape[-2:]))[place])
        left, right = whole[0][:, few:], whole[2][few:]
        turn, _, turn_back = np.linalg.svd(np.conj(left.T) @ np.broadcast_to(d, (*shape, *d.shape[-2:]))[place] @ np.conj(right.T))
        u[place][:, few:] = (left @ turn)[:, :values.shape[-1] - few]
        vh[place][few:] = (turn_back @ right)[:values.shape[-1] - few]
    return u, values, vh


def unresolved(values: Any, or_zero: bool = False) -> Any:
    """Zeros; NaN for values that are equal (or zero): what would turn their vectors apart is not known to this order.

    >>> unresolved(np.array([1.0, 2.0, 2.0]))
    array([ 0., nan, nan])
    """
    alone = np.count_nonzero(~apart(values), axis=-1) <= 1
    if or_zero:
        alone &= values > 8 * np.finfo(values.dtype).eps * np.max(values, axis=-1, keepdims=True, initial=0.0)
    return np.where(alone, 0.0, np.nan).astype(values.dtype)


def largest_component(vectors: Any) -> Any:
    """For each column where its largest component is: that is real in what np.linalg.eig gives."""
    size = np.abs(vectors)
    return np.arange(size.shape[-2])[:, None] == np.argmax(size, axis=-2)[..., None, :]


def eig(a: Any) -> Any:
    """np.linalg.eig, always complex."""
    values, vectors = np.linalg.eig(a)
    kind = np.result_type(values.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


def eigvals(a: Any) -> Any:
    """np.linalg.eigvals, always complex."""
    values = np.linalg.eigvals(a)
    return values.astype(np.result_type(values.dtype, np.complex64))




def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution that np.linalg.lstsq gives."""
    return np.linalg.lstsq(a, b, rcond)[0]


def lstsq_rank(a: Any, b: Any, rcond: Any = None) -> Any:
    """The rank that np.linalg.lstsq gives."""
    return np.linalg.lstsq(a, b, rcond)[2]


def cutoff(a: Any, rcond: Any = None) -> float:
    """Below which share of the largest one a singular value counts as zero in np.linalg.lstsq."""
    return float(np.finfo(np.asarray(a).dtype).eps * max(np.shape(a))) if rcond is None or rcond < 0 else float(rcond)


def bessel_i(x: Any, n: int) -> Any:
    """The modified Bessel function of the first kind, of integer order: np.i0 times the ratios of neighbouring orders, which are a
    continued fraction, taken from behind (each step makes its error smaller, so that it begins with an estimate).

    >>> round(float(bessel_i(1.0, 1)), 6)
    0.565159
    """
    x = np.asarray(x)
    n = abs(n)
    size = np.abs(x)
    steps = n + 20 + int(6 * np.sqrt(np.max(size, initial=0.0, where=np.isfinite(size))))
    result = np.i0(x)
    ratio = x / (steps + np.sqrt(steps * steps + x * x))
    for k in range(steps - 1, -1, -1):
        ratio = x / (2 * (k + 1) + x * ratio)
        if k < n:
            result = result * ratio
    return result.astype(np.result_type(x.dtype, np.float16))[()]


def decided(condition: Any) -> bool:
    """A condition on which the types of results depend: the compiler looks at its value, and makes a program for each (see `composing`)."""
    return bool(condition)


def unique_index(x: Any) -> Any:
    """Where np.unique finds each of its elements first."""
    return np.unique(x, return_index=True)[1]


def unique_inverse(x: Any) -> Any:
    """For each element its place in np.unique."""
    return np.unique(x, return_inverse=True)[1]


def unique_counts(x: Any) -> Any:
    """How often each element of np.unique is there."""
    return np.unique(x, return_counts=True)[1]


__all__ = ["apart", "apart_along", "bessel_i", "cutoff", "decided", "eig", "eigh_along", "eigvals", "irfft_pull", "largest_component", "lstsq", "lstsq_rank", "resized", "rfft_pull", "svd_along", "unique_counts", "unique_index", "unique_inverse", "unresolved"]
