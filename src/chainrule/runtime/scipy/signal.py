"""Helpers of the rows of scipy.signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal


def _cast(result: Any, x: Any) -> Any:
    x = np.asarray(x)
    return (result.real if x.dtype.kind != "c" and result.dtype.kind == "c" else result).astype(x.dtype, copy=False)


def _placed(g: Any, first: Any, second: Any, mode: str, axes: Any) -> Any:
    """g in the place that it has in the full convolution of arrays of these shapes; zeros around it."""
    if mode == "full":
        return g
    size, start = list(g.shape), [0] * g.ndim
    for axis in axes:
        n, m = first[axis], second[axis]
        size[axis] = n + m - 1
        start[axis] = (m - 1) // 2 if mode == "same" else min(n, m) - 1
    for axis in {*range(g.ndim)} - {*axes}:
        if mode == "same" and first[axis] == 1:  # of what the second array has here, SciPy gives the middle
            size[axis] = second[axis]
            start[axis] = (second[axis] - 1) // 2
    whole = np.zeros(size, g.dtype)
    whole[tuple(slice(s, s + n) for s, n in zip(start, g.shape))] = g
    return whole


def convolve_pull(g: Any, x: Any, other: Any, mode: str = "full", which: int = 0, method: str = "auto", axes: Any = None) -> Any:
    """The transpose of a convolution in its argument `which`, x; its other argument is `other`."""
    along = range(g.ndim) if axes is None else [axis % g.ndim for axis in np.atleast_1d(axes)]
    shapes = (np.shape(x), np.shape(other)) if which == 0 else (np.shape(other), np.shape(x))
    whole = _placed(g, *shapes, mode, along)
    turned = np.flip(other, tuple(along))
    if 0 in whole.shape or 0 in np.shape(x):
        return np.zeros_like(x)
    if method == "fftconvolve":
        result = signal.fftconvolve(whole, turned, "valid", axes)
    elif method == "oaconvolve":
        result = signal.oaconvolve(whole, turned, "valid", axes)
    else:
        result = signal.convolve(whole, turned, "valid", method)
    repeated = tuple(k for k, (n, m) in enumerate(zip(np.shape(x), result.shape)) if n == 1 and m != 1)
    return _cast(np.sum(result, repeated, keepdims=True) if repeated else result, x)


_BEYOND: dict[str, Any] = {"wrap": "wrap", "circular": "wrap", "symm": "symmetric", "symmetric": "symmetric"}


def extended(x: Any, rows: int, columns: int, boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """x with more on each side: a value, x again, or its mirror image."""
    widths = ((rows, rows), (columns, columns))
    return np.pad(x, widths, constant_values=fillvalue) if boundary in ("fill", "pad") else np.pad(x, widths, mode=_BEYOND[boundary])


def extended_pull(g: Any, x: Any, rows: int, columns: int, boundary: str = "fill") -> Any:
    """The transpose of `extended`."""
    n, m = np.shape(x)
    if boundary in ("fill", "pad"):
        return np.ascontiguousarray(g[rows:rows + n, columns:columns + m])
    mode: Any = _BEYOND[boundary]
    for axis, (extent, width) in enumerate(((n, rows), (m, columns))):
        places = np.pad(np.arange(extent), width, mode=mode)
        folded = np.zeros((extent, g.shape[1 - axis]), g.dtype)
        np.add.at(folded, places, np.moveaxis(g, axis, 0))
        g = np.moveaxis(folded, 0, axis)
    return g


def convolved_2d(x: Any, v: Any) -> Any:
    """Where the second array lies inside of the first one."""
    return signal.convolve2d(x, v, "valid")


def placed_2d(g: Any, x: Any, v: Any, mode: str = "full") -> Any:
    """g in its place in the full convolution of x and v, zeros around it."""
    return _placed(g, np.shape(x), np.shape(v), mode, (0, 1))


def unplaced_2d(g: Any, x: Any, v: Any, mode: str = "full") -> Any:
    """What `placed_2d` puts into its place."""
    if mode == "full":
        return g
    (n, m), (k, j) = np.shape(x), np.shape(v)
    if mode == "same":
        return np.ascontiguousarray(g[(k - 1) // 2:(k - 1) // 2 + n, (j - 1) // 2:(j - 1) // 2 + m])
    return np.ascontiguousarray(g[min(n, k) - 1:max(n, k), min(m, j) - 1:max(m, j)])


def lags(u: Any, w: Any, like: Any) -> Any:
    """Along the last axis, the sums of u[n] * w[n - k] for k = 0, 1, ..., as many as `like` has.

    >>> lags(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]), np.zeros(2))
    array([6., 5.])
    """
    n = u.shape[-1]
    kind = np.result_type(u, w)
    return np.array([np.sum(u[..., k:] * w[..., :max(n - k, 0)]) if k < n else 0 for k in range(len(like))], dtype=kind)


def lfilter(b: Any, a: Any, x: Any, axis: int = -1) -> Any:
    """scipy.signal.lfilter, from rest."""
    return signal.lfilter(b, a, x, axis)


def lfilter_started(b: Any, a: Any, x: Any, zi: Any) -> Any:
    """scipy.signal.lfilter along the last axis, from a state: its output."""
    return signal.lfilter(b, a, x, zi=zi)[0]


def lfilter_state(b: Any, a: Any, x: Any, y: Any, zi: Any) -> Any:
    """scipy.signal.lfilter along the last axis, from a state: the last state. y is the output."""
    return signal.lfilter(b, a, x, zi=zi)[1]


def moved(g: Any, count: int, like: Any) -> Any:
    """g moved to the right along the last axis (to the left, if the count is negative), as much of it as `like` has place for; zeros elsewhere.

    >>> moved(np.array([1.0, 2.0]), 1, np.zeros(4))
    array([0., 1., 2., 0.])
    """
    n = np.shape(like)[-1]
    result = np.zeros((*g.shape[:-1], n), g.dtype)
    first, last = max(count, 0), min(count + g.shape[-1], n)
    if last > first:
        result[..., first:last] = g[..., first - count:last - count]
    return result


def checked_sections(sos: Any) -> Any:
    """What scipy.signal.sosfilt takes: rows of six numbers, the fourth of them 1."""
    if np.ndim(sos) != 2 or np.shape(sos)[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    if not np.all(sos[:, 3] == 1):
        raise ValueError("sos[:, 3] should be all ones")
    return sos


def savgol_weights(window_length: int, polyorder: int, deriv: int = 0) -> Any:
    """scipy.signal.savgol_coeffs."""
    return signal.savgol_coeffs(window_length, polyorder, deriv=deriv)


def savgol_edges(window_length: int, polyorder: int, deriv: int = 0) -> tuple[Any, Any]:
    """What scipy.signal.savgol_filter multiplies the first and the last values with: polynomials fitted to them, evaluated at the ends."""
    half = window_length // 2
    fits = np.polyfit(np.arange(window_length), np.eye(window_length), polyorder)
    for _ in range(deriv):
        fits = fits[:-1] * np.arange(len(fits) - 1, 0, -1)[:, None] if len(fits) > 1 else np.zeros((1, window_length))
    ends = np.arange(half), np.arange(window_length - half, window_length)
    before, after = (np.array([np.polyval(fits, place) for place in places]).reshape(half, window_length).T for places in ends)
    return before, after


def hilbert_pull(g: Any, x: Any, N: Any = None, axis: int = -1) -> Any:
    """The transpose of scipy.signal.hilbert: with the spectrum weighed the same way, from the other side."""
    g = np.moveaxis(g, axis, -1)
    turned = np.concatenate((g[..., :1], g[..., :0:-1]), axis=-1)  # the transform of the other sign
    result = (signal.hilbert(turned.real) + 1j * signal.hilbert(turned.imag)).real
    result = np.moveaxis(np.concatenate((result[..., :1], result[..., :0:-1]), axis=-1), -1, axis)
    whole = np.zeros(np.shape(x), result.dtype)
    few = min(np.shape(x)[axis], result.shape[axis])
    part = (slice(None),) * (axis % np.ndim(x)) + (slice(0, few),)
    whole[part] = result[part]
    return _cast(whole, x)


__all__ = ["checked_sections", "convolve_pull", "convolved_2d", "extended", "extended_pull", "hilbert_pull", "lags", "lfilter", "lfilter_started", "lfilter_state", "moved", "placed_2d", "savgol_edges", "savgol_weights", "unplaced_2d"]
