"""np.pad in the modes whose borders are computed: one axis after the other, as NumPy does it."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np


def _pairs(value, ndim):
    """`pad_width` and its kin, as one pair for each axis."""
    if isinstance(value, dict):
        return [(0, 0) if k not in value and k - ndim not in value else _pair(value[k] if k in value else value[k - ndim]) for k in range(ndim)]
    if np.ndim(value) == 0:
        return [(value, value)] * ndim
    if np.ndim(value) == 1:
        return [(value[0], value[-1])] * ndim
    return [(value[0][0], value[0][-1])] * ndim if len(value) == 1 else [(value[k][0], value[k][-1]) for k in range(ndim)]


def _pair(value):
    return (value, value) if np.ndim(value) == 0 else (value[0], value[1])


def _part(x, axis, start, stop):
    return x[(slice(None),) * axis + (slice(start, stop),)]


def _constant(x, axis, count, value):
    return np.broadcast_to(np.asarray(value, x.dtype), (*np.shape(x)[:axis], count, *np.shape(x)[axis + 1:]))


def _ramp(x, axis, count, end, edge, before):
    """From `end` to the edge, without it."""
    along = np.reshape(np.arange(count) / np.maximum(count, 1), (-1,) + (1,) * (x.ndim - axis - 1))
    if not before:
        along = np.flip(along, 0)
    return (end + (edge - end) * along).astype(x.dtype)


def pad(array, pad_width, mode="constant", *, constant_values=0, end_values=0, stat_length=None, reflect_type="even"):
    """np.pad."""
    x = np.asarray(array)
    widths = _pairs(pad_width, x.ndim)
    values, ends, lengths = _pairs(constant_values, x.ndim), _pairs(end_values, x.ndim), _pairs(stat_length, x.ndim)
    for axis in range(x.ndim):
        before, after = widths[axis]
        n = np.shape(x)[axis]
        if mode == "constant":
            first, last = _constant(x, axis, before, values[axis][0]), _constant(x, axis, after, values[axis][1])
        elif mode == "linear_ramp":
            first = _ramp(x, axis, before, ends[axis][0], _part(x, axis, 0, 1), True)
            last = _ramp(x, axis, after, ends[axis][1], _part(x, axis, n - 1, n), False)
        elif mode in ("maximum", "minimum", "mean", "median"):
            statistic = np.max if mode == "maximum" else np.min if mode == "minimum" else np.mean if mode == "mean" else np.median
            few, many = lengths[axis]
            low = statistic(x if few is None else _part(x, axis, 0, few), axis, keepdims=True)
            high = statistic(x if many is None else _part(x, axis, np.maximum(n - many, 0), n), axis, keepdims=True)
            first, last = _constant(x, axis, before, low), _constant(x, axis, after, high)
        else:
            x = _mirrored(x, axis, before, after, mode)
            continue
        x = np.concatenate((first, x, last), axis=axis)
    return x


def _mirrored(x, axis, before, after, mode):
    """`reflect` and `symmetric` with the sign turned around the edge."""
    shift = 1 if mode == "reflect" else 0
    while before > 0 or after > 0:
        n = np.shape(x)[axis]
        reach = n - shift
        here = np.minimum(before, reach)
        first = 2 * _part(x, axis, 0, 1) - np.flip(_part(x, axis, shift, shift + here), axis)
        there = np.minimum(after, reach)
        last = 2 * _part(x, axis, n - 1, n) - np.flip(_part(x, axis, n - shift - there, n - shift), axis)
        x = np.concatenate((first, x, last), axis=axis)
        before, after = before - here, after - there
    return x
