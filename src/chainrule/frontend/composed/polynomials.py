"""Polynomials as vectors of coefficients, from the highest power down; windows; numbers on grids; angles."""

# mypy: ignore-errors

from __future__ import annotations

import math

import numpy as np

from ... import runtime

_WEAK = np.lib.NumpyVersion(np.__version__) >= "2.0.0b1"  # a Python number has no dtype of its own


def polyadd(a1, a2):
    """np.polyadd."""
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    if len(a1) == len(a2):
        return a1 + a2
    if len(a1) > len(a2):
        return np.concatenate((a1[:len(a1) - len(a2)], a1[len(a1) - len(a2):] + a2))
    return np.concatenate((a2[:len(a2) - len(a1)], a1 + a2[len(a2) - len(a1):]))


def polysub(a1, a2):
    """np.polysub."""
    return polyadd(a1, np.negative(a2))


def polymul(a1, a2):
    """np.polymul."""
    return np.convolve(_trimmed(np.atleast_1d(a1)), _trimmed(np.atleast_1d(a2)))


def _trimmed(p):
    """A polynomial without leading zeros, as np.poly1d keeps it."""
    places = np.flatnonzero(p)
    if len(places) == 0:
        return p[-1:]
    return p[places[0]:]


def polyder(p, m=1):
    """np.polyder."""
    p = np.asarray(p)
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


def polyint(p, m=1, k=None):
    """np.polyint."""
    p = np.asarray(p)
    if k is None:
        constants = [0.0] * m
    elif np.ndim(k) == 0:
        constants = [k] * m
    else:
        constants = [k[n] for n in range(m)] if len(k) == m else [k[0]] * m
    for n in range(m):
        p = np.concatenate((p / np.arange(len(p), 0, -1), np.reshape(np.asarray(constants[n]), (1,))))
    return p


def polydiv(u, v):
    """np.polydiv: quotient and remainder; leading zeros of the remainder are cut off where they are small."""
    u, v = np.atleast_1d(u) + 0.0, np.atleast_1d(v) + 0.0
    m, n = len(u) - 1, len(v) - 1
    q = np.zeros(max(m - n + 1, 1), u.dtype)
    r = u.copy()
    for k in range(m - n + 1):
        d = r[k] / v[0]
        q[k] = d
        r[k:k + n + 1] -= d * v
    while np.allclose(r[0], 0, rtol=1e-14) and len(r) > 1:
        r = r[1:]
    return q, r


def poly(seq_of_zeros):
    """np.poly: the polynomial with these zeros, or the characteristic polynomial of a matrix."""
    z = np.asarray(seq_of_zeros)
    if z.ndim == 2:
        z = np.linalg.eigvals(z)
    p = np.ones(1, z.dtype)
    for k in range(len(z)):
        p = np.convolve(p, np.stack([np.ones_like(z[k]), -z[k]]))
    if p.dtype.kind == "c" and runtime.decided(np.all(np.sort(z) == np.sort(np.conj(z)))):
        return np.real(p).copy()
    return p


def roots(p):
    """np.roots: the eigenvalues of the companion matrix."""
    p = np.atleast_1d(p)
    places = np.flatnonzero(p)
    if len(places) == 0:
        return p[:0]
    zeros = len(p) - places[-1] - 1
    p = p[places[0]:places[-1] + 1]
    n = len(p) - 1
    if n < 1:
        return np.zeros(zeros)
    companion = np.concatenate((-(p[1:] / p[0])[None], np.eye(n - 1, n, dtype=p.dtype if p.dtype.kind in "fc" else float)))
    found = np.linalg.eigvals(companion)
    return np.concatenate((found, np.zeros(zeros, found.dtype)))


def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """np.polyfit: least squares, each column of the matrix scaled to length one."""
    x, y = np.asarray(x) + 0.0, np.asarray(y) + 0.0
    order = deg + 1
    if rcond is None:
        rcond = len(x) * (2.0 ** -23 if x.dtype == np.float32 else 2.0 ** -52)
    left = np.vander(x, order)
    if w is not None:
        w = np.asarray(w) + 0.0
        left = left * w[:, None]
        y = y * w[:, None] if y.ndim == 2 else y * w
    scale = np.sqrt(np.sum(left * left, axis=0))
    left = left / scale
    c, squares, rank, s = np.linalg.lstsq(left, y, rcond)
    c = c / scale if y.ndim == 1 else c / scale[:, None]
    if full:
        return c, squares, rank, s, rcond
    if cov:
        base = np.linalg.inv(left.T @ left) / np.outer(scale, scale)
        if cov == "unscaled":
            factor = 1.0
        else:
            rest = y - left @ (c * scale if y.ndim == 1 else c * scale[:, None])
            factor = np.sum(rest * rest, axis=0) / (len(x) - order)
        return c, base * factor if y.ndim == 1 else base[:, :, None] * factor
    return c


def polyval(p, x):
    """np.polyval: Horner's rule."""
    y = np.zeros_like(x)[()]
    for c in np.asarray(p):
        y = y * x + c
    return y


def kaiser(M, beta):
    """np.kaiser."""
    if M == 1:
        return np.ones(1)
    n = np.arange(0, M)
    half = (M - 1) / 2.0
    return np.i0(beta * np.sqrt(1 - ((n - half) / half) ** 2.0)) / np.i0(beta)


def unwrap(p, discont=None, axis=-1, *, period=2 * math.pi):
    """np.unwrap: multiples of the period are added."""
    p = np.asarray(p)
    half = period / 2
    d = np.diff(p, axis=axis)
    least = half if discont is None else discont
    turned = np.mod(d + half, period) - half
    turned = np.where((turned == -half) & (d > 0), half, turned)
    jump = np.where(np.abs(d) < least, 0.0, turned - d)
    start = np.zeros_like(np.take(p, np.arange(1), axis=axis))
    return p + np.concatenate((start, np.cumsum(jump, axis=axis)), axis=axis)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """np.linspace with `retstep`, or along another axis."""
    start, stop = start + 0.0, stop + 0.0
    y = np.linspace(start, stop, num, endpoint, dtype=dtype)
    if axis != 0:
        y = np.moveaxis(y, 0, axis)
    if not retstep:
        return y
    return y, (stop - start) / (num - 1 if endpoint else num)


def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """np.logspace."""
    if not _WEAK and np.ndim(start) + np.ndim(stop) > 0:
        base = np.atleast_1d(base)  # which has a dtype of its own
    y = np.power(base, np.linspace(start, stop, num, endpoint))
    if dtype is not None:
        y = y.astype(dtype)
    return y if axis == 0 else np.moveaxis(y, 0, axis)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """np.geomspace between numbers of one sign."""
    sign = np.sign(start)
    y = sign * 10.0 ** np.linspace(np.log10(sign * start), np.log10(sign * stop), num, endpoint)
    if num > 0:
        y[0] = start
    if num > 1 and endpoint:
        y[-1] = stop
    if dtype is not None:
        y = y.astype(dtype)
    return y if axis == 0 else np.moveaxis(y, 0, axis)


def cumulative_sum(x, *, axis=None, dtype=None, include_initial=False):
    """np.cumulative_sum."""
    x = np.asarray(x)
    along = 0 if axis is None else axis[0] if isinstance(axis, tuple) else axis
    y = np.cumsum(x, along, dtype=dtype)
    return np.concatenate((np.zeros_like(np.take(y, np.zeros(1, int), axis=along)), y), axis=along) if include_initial else y


def cumulative_prod(x, *, axis=None, dtype=None, include_initial=False):
    """np.cumulative_prod."""
    x = np.asarray(x)
    along = 0 if axis is None else axis[0] if isinstance(axis, tuple) else axis
    y = np.cumprod(x, along, dtype=dtype)
    return np.concatenate((np.ones_like(np.take(y, np.zeros(1, int), axis=along)), y), axis=along) if include_initial else y


def ediff1d(ary, to_end=None, to_begin=None):
    """np.ediff1d."""
    d = np.diff(np.ravel(ary))
    if to_begin is not None:
        d = np.concatenate((np.ravel(to_begin).astype(d.dtype), d))
    return d if to_end is None else np.concatenate((d, np.ravel(to_end).astype(d.dtype)))


def diff(a, n=1, axis=-1, prepend=None, append=None):
    """np.diff with numbers or arrays before and after."""
    a = np.asarray(a)
    parts = [a]
    if prepend is not None:
        parts = [_edge(prepend, a, axis), a]
    if append is not None:
        parts = [*parts, _edge(append, a, axis)]
    return np.diff(np.concatenate(parts, axis=axis), n, axis)


def _edge(value, a, axis):
    value = np.asarray(value)
    if value.ndim > 0:
        return value
    axis = axis % a.ndim
    return np.broadcast_to(value, (*np.shape(a)[:axis], 1, *np.shape(a)[axis + 1:]))


def correlate(a, v, mode="valid"):
    """np.correlate."""
    v = np.conj(v)[::-1]
    if len(a) >= len(v):
        return np.convolve(a, v, mode)
    return np.convolve(np.asarray(a)[::-1], v[::-1], mode)[::-1]


def interp(x, xp, fp, left=None, right=None, period=None):
    """np.interp with values outside, or a period."""
    x, xp, fp = np.asarray(x), np.asarray(xp), np.asarray(fp)
    if period is not None:
        x, xp = x % abs(period), xp % abs(period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate((xp[-1:] - abs(period), xp, xp[:1] + abs(period)))
        fp = np.concatenate((fp[-1:], fp, fp[:1]))
        return np.interp(x, xp, fp)
    y = np.interp(x, xp, fp)
    if left is not None:
        y = np.where(x < xp[0], left, y)
    if right is not None:
        y = np.where(x > xp[-1], right, y)
    return y[()]
