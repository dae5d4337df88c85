"""scipy.signal: filters that start from a state, and those made of filters."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .... import runtime
from ....runtime.scipy import signal as own
from ...meanings import refuse


def lfilter(b, a, x, axis=-1, zi=None):
    b, a, x = np.atleast_1d(np.asarray(b)), np.atleast_1d(np.asarray(a)), np.asarray(x)
    if zi is None:
        return own.lfilter(b, a, x, axis)
    return _started(b, a, x, axis, np.asarray(zi))


def _started(b, a, x, axis, zi):
    x = np.moveaxis(x, axis, -1)
    zi = np.moveaxis(zi, axis, -1)
    zi = np.broadcast_to(zi, (*np.shape(x)[:-1], np.shape(zi)[-1])).copy()
    y = own.lfilter_started(b, a, x, zi)
    return np.moveaxis(y, -1, axis), np.moveaxis(own.lfilter_state(b, a, x, y, zi), -1, axis)


def sosfilt(sos, x, axis=-1, zi=None):
    sos, x = own.checked_sections(np.asarray(sos)), np.asarray(x)
    if zi is None:
        y = x * np.ones(1, sos.dtype)  # of the type that the sections make of it
        for k in range(np.shape(sos)[0]):
            y = own.lfilter(sos[k, :3], _denominator(sos[k]), y, axis)
        return y
    zi = np.asarray(zi)
    y = x * np.ones(1, sos.dtype) * np.ones(1, zi.dtype)
    ends = []
    for k in range(np.shape(sos)[0]):
        y, end = _started(sos[k, :3], _denominator(sos[k]), y, axis, zi[k])
        ends.append(end)
    return y, np.stack(ends)


def _denominator(section):
    return np.concatenate((np.ones(1, section.dtype), section[4:]))


def lfilter_zi(b, a):
    b, a = np.atleast_1d(np.asarray(b)), np.atleast_1d(np.asarray(a))
    if b.ndim != 1 or a.ndim != 1:
        refuse("`signal.lfilter_zi` of an array that is no vector", "it has no rule", "use vectors")
    while np.size(a) > 1 and runtime.decided(a[0] == 0.0):
        a = a[1:]
    n = max(np.size(a), np.size(b))
    first = a[0]
    b = np.concatenate((b / first, np.zeros(n - np.size(b), b.dtype)))
    a = np.concatenate((a / first, np.zeros(n - np.size(a), a.dtype)))
    left = b[1:] - a[1:] * b[0]
    # the state that stays what it is: of (1 - A.T) z = left, where A is the companion matrix of a, the rows add up to z[0] * sum(a) = sum(left)
    z0 = np.sum(left) / np.sum(a)
    sums = np.cumsum(a)[1:-1] * z0 - np.cumsum(left)[:-1]
    return np.concatenate((np.reshape(z0, (1,)), sums))


def _padded(x, edge, padtype):
    """A signal with more at both ends, and how much."""
    if padtype is None:
        edge = 0
    if np.shape(x)[-1] <= edge:
        raise ValueError(f"The length of the input vector x must be greater than padlen, which is {edge}.")
    if padtype is None or edge == 0:
        return x, 0
    before, after = x[..., edge:0:-1], x[..., -2:-(edge + 2):-1]
    first, last = x[..., :1], x[..., -1:]
    if padtype == "odd":
        before, after = 2 * first - before, 2 * last - after
    elif padtype == "constant":
        before, after = first + np.zeros_like(before), last + np.zeros_like(after)
    elif padtype != "even":
        raise ValueError(f"Unknown value '{padtype}' given to padtype.  padtype must be 'even', 'odd', 'constant', or None.")
    return np.concatenate((before, x, after), axis=-1), edge


def filtfilt(b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    if method != "pad":
        refuse("`signal.filtfilt` by Gustafsson's method", "it has no rule", "use method='pad'")
    b, a, x = np.atleast_1d(np.asarray(b)), np.atleast_1d(np.asarray(a)), np.moveaxis(np.asarray(x), axis, -1)
    edge = 3 * max(np.size(a), np.size(b)) if padlen is None else padlen
    x, edge = _padded(x, edge, padtype)
    zi = lfilter_zi(b, a)
    y, _ = _started(b, a, x, -1, zi * x[..., :1])
    y = np.flip(y, -1)
    y, _ = _started(b, a, y, -1, zi * y[..., :1])
    y = np.flip(y, -1)
    return np.moveaxis(y[..., edge:np.shape(y)[-1] - edge], -1, axis)


def sosfilt_zi(sos):
    sos = own.checked_sections(np.asarray(sos))
    scale = np.ones((), sos.dtype)
    found = []
    for k in range(np.shape(sos)[0]):
        b, a = sos[k, :3], _denominator(sos[k])
        found.append(scale * lfilter_zi(b, a))
        scale = scale * np.sum(b) / np.sum(a)
    return np.stack(found)


def sosfiltfilt(sos, x, axis=-1, padtype="odd", padlen=None):
    if padlen is None:
        refuse("`signal.sosfiltfilt` without padlen", "how much is added depends on which coefficients are zero", "pass padlen=3 * (2 * len(sos) + 1), or less")
    sos, x = own.checked_sections(np.asarray(sos)), np.moveaxis(np.asarray(x), axis, -1)
    x, edge = _padded(x, padlen, padtype)
    y = x * np.ones(1, sos.dtype)
    for _ in range(2):
        scale = np.ones((), sos.dtype)
        start = y[..., :1]
        for k in range(np.shape(sos)[0]):
            b, a = sos[k, :3], _denominator(sos[k])
            y, _end = _started(b, a, y, -1, scale * lfilter_zi(b, a) * start)
            scale = scale * np.sum(b) / np.sum(a)
        y = np.flip(y, -1)
    return np.moveaxis(y[..., edge:np.shape(y)[-1] - edge], -1, axis)


def savgol_filter(x, window_length, polyorder, deriv=0, delta=1.0, axis=-1, mode="interp", cval=0.0):
    x = np.asarray(x)
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    weights = own.savgol_weights(window_length, polyorder, deriv) / delta ** deriv
    if mode != "interp":
        return ndimage.convolve1d(x, weights, axis, mode=mode, cval=cval)
    half = window_length // 2
    x = np.moveaxis(x, axis, -1)
    y = ndimage.convolve1d(x, weights, -1, mode="constant")
    before, after = own.savgol_edges(window_length, polyorder, deriv)
    before, after = before / delta ** deriv, after / delta ** deriv
    if window_length > np.shape(x)[-1]:
        raise ValueError("If mode is 'interp', window_length must be less than or equal to the size of x.")
    first, last = x[..., :window_length] @ before, x[..., np.shape(x)[-1] - window_length:] @ after
    y = np.concatenate((first, y[..., half:np.shape(y)[-1] - half], last), axis=-1).astype(x.dtype)
    return np.moveaxis(y, -1, axis)


__all__ = ["filtfilt", "lfilter", "lfilter_zi", "savgol_filter", "sosfilt", "sosfilt_zi", "sosfiltfilt"]
