"""scipy.signal: filters that start from a state, and those made of filters."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np

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
    n = max(np.size(a), np.size(b))
    first = a[0]
    b = np.concatenate((b / first, np.zeros(n - np.size(b), b.dtype)))
    a = np.concatenate((a / first, np.zeros(n - np.size(a), a.dtype)))
    left = b[1:] - a[1:] * b[0]
    # the state that stays what it is: of (1 - A.T) z = left, where A is the companion matrix of a, the rows add up to z[0] * sum(a) = sum(left)
    z0 = np.sum(left) / np.sum(a)
    sums = np.cumsum(a)[1:-1] * z0 - np.cumsum(left)[:-1]
    return np.concatenate((np.reshape(z0, (1,)), sums))


def filtfilt(b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    if method != "pad":
        refuse("`signal.filtfilt` by Gustafsson's method", "it has no rule", "use method='pad'")
    b, a, x = np.atleast_1d(np.asarray(b)), np.atleast_1d(np.asarray(a)), np.moveaxis(np.asarray(x), axis, -1)
    n = np.shape(x)[-1]
    edge = 3 * max(np.size(a), np.size(b)) if padlen is None else padlen
    if padtype is None:
        edge = 0
    if n <= edge:
        raise ValueError(f"The length of the input vector x must be greater than padlen, which is {edge}.")
    if padtype is not None and edge > 0:
        before, after = x[..., edge:0:-1], x[..., -2:-(edge + 2):-1]
        first, last = x[..., :1], x[..., -1:]
        if padtype == "odd":
            before, after = 2 * first - before, 2 * last - after
        elif padtype == "constant":
            before, after = first + np.zeros_like(before), last + np.zeros_like(after)
        elif padtype != "even":
            raise ValueError(f"Unknown value '{padtype}' given to padtype.  padtype must be 'even', 'odd', 'constant', or None.")
        x = np.concatenate((before, x, after), axis=-1)
    zi = lfilter_zi(b, a)
    y, _ = _started(b, a, x, -1, zi * x[..., :1])
    y = np.flip(y, -1)
    y, _ = _started(b, a, y, -1, zi * y[..., :1])
    y = np.flip(y, -1)
    return np.moveaxis(y[..., edge:np.shape(y)[-1] - edge], -1, axis)


__all__ = ["filtfilt", "lfilter", "lfilter_zi", "sosfilt"]
