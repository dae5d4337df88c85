"""Statistics: quantiles by every method, what leaves NaN out, histograms, covariances."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np

from ... import runtime


def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    """np.average."""
    a = np.asanyarray(a)
    if weights is None:
        result = np.mean(a, axis, keepdims=keepdims)
        return (result, np.ones_like(result) * (np.size(a) / np.size(result))) if returned else result
    weights = np.asanyarray(weights)
    if weights.ndim != a.ndim:
        axes = axis if isinstance(axis, tuple) else (axis,)
        shape = [1] * a.ndim
        for k, n in zip(axes, np.shape(weights)):
            shape[k] = n
        weights = np.reshape(weights, tuple(shape))
        weights = np.broadcast_to(weights, np.shape(a))
    total = np.sum(weights, axis, keepdims=keepdims)
    result = np.sum(a * weights, axis, keepdims=keepdims) / total
    return (result, total) if returned else result


# -- quantiles ----------------------------------------------------------------------------------------------------


_WEAK = np.lib.NumpyVersion(np.__version__) >= "2.0.0b1"  # a Python number has no dtype of its own
# Which of two elements that are equally near is the closest one: that with the even number, in NumPy's count, which changed.
_TURN = 1 if np.quantile(np.arange(5.0), 0.3, method="closest_observation") == 1 else 0


def _place(n, q, method):
    """Where a quantile lies among n sorted elements (Hyndman and Fan 1996): the element below, and how far the way to the next one it is."""
    if method in ("linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"):
        if method == "linear":
            place = (n - 1) * q
        elif method == "interpolated_inverted_cdf":
            place = n * q - 1
        else:
            alpha = 0.5 if method == "hazen" else 0.0 if method == "weibull" else 1.0 / 3.0 if method == "median_unbiased" else 3.0 / 8.0
            place = n * q + (alpha + q * (1 - 2 * alpha)) - 1
        below = np.floor(place)
        t = place - below
    elif method in ("lower", "higher"):
        below = np.floor((n - 1) * q) if method == "lower" else np.ceil((n - 1) * q)
        t = 0.0 * q
    elif method == "midpoint":
        below, t = np.floor((n - 1) * q), 0.5 * (np.ceil((n - 1) * q) > np.floor((n - 1) * q)) + 0.0 * q
    elif method == "nearest":
        below, t = np.round((n - 1) * q), 0.0 * q
    elif method in ("inverted_cdf", "averaged_inverted_cdf", "closest_observation"):
        place = n * q - 1 if method != "closest_observation" else n * q - 1 - 0.5
        below = np.floor(place)
        whole = place == below
        if method == "inverted_cdf":
            t = np.where(whole, 0.0, 1.0)
        elif method == "averaged_inverted_cdf":
            t = np.where(whole, 0.5, 1.0)
        else:
            t = np.where(whole & (below % 2 == _TURN), 0.0, 1.0)
    else:
        raise ValueError("there is no such method")
    low = np.clip(below, 0, n - 1).astype(int)
    high = np.clip(below + 1, 0, n - 1).astype(int)
    return low, high, np.where((below < 0) | (below >= n - 1), 0.0, t)


def _together(a, axis):
    """The elements along some axes as the first axis, and the other axes."""
    if axis is None:
        return np.ravel(a)
    if not isinstance(axis, tuple):
        return np.moveaxis(a, axis, 0)
    axes = [k % a.ndim for k in axis]
    rest = [k for k in range(a.ndim) if k not in axes]
    moved = np.transpose(a, tuple(axes + rest))
    return np.reshape(moved, (-1, *tuple(np.shape(a)[k] for k in rest)))


def _in_order(x):
    """Sorted along the first axis; equal elements share what belongs to one of them."""
    return runtime.level(np.sort(x, axis=0)) if x.dtype.kind == "f" else np.sort(x, axis=0)


def _with_axes(result, a, q, axis, keepdims):
    if not keepdims:
        return result
    if axis is None:
        return np.reshape(result, np.shape(q) + (1,) * a.ndim)
    axes = axis if isinstance(axis, tuple) else (axis,)
    return np.expand_dims(result, tuple(k % a.ndim + np.ndim(q) for k in axes))


def quantile(a, q, axis=None, *, method="linear", keepdims=False, overwrite_input=False):
    """np.quantile."""
    a = np.asanyarray(a)
    if isinstance(q, (list, tuple)):
        q = np.asarray(q)
    x = _in_order(_together(a, axis))
    low, high, t = _place(len(x), q, method)
    if isinstance(q, (int, float)) and a.dtype.kind == "f" and _WEAK:
        t = np.asarray(t).astype(a.dtype)
    elif isinstance(q, (int, float)) and x.ndim > 1:
        t = np.reshape(t, (1,) * (x.ndim - 1))
    if np.ndim(q) > 0 and x.ndim > 1:
        t = np.reshape(t, np.shape(q) + (1,) * (x.ndim - 1))
    if method in ("lower", "higher", "nearest"):
        result = x[low]
    elif method in ("inverted_cdf", "closest_observation"):
        result = x[np.where(t > 0, high, low)] if x.ndim == 1 else np.where(t > 0, x[high], x[low])
    else:
        result = x[low] + (x[high] - x[low]) * t
    if a.dtype.kind == "f":
        last = x[-1]
        result = np.where(np.isnan(last), last if last.dtype == result.dtype else last.astype(result.dtype), result)[()]
    return _with_axes(result, a, q, axis, keepdims)


def percentile(a, q, axis=None, *, method="linear", keepdims=False, overwrite_input=False):
    """np.percentile."""
    return quantile(a, np.true_divide(q, 100), axis, method=method, keepdims=keepdims)


def nanquantile(a, q, axis=None, *, method="linear", keepdims=False, overwrite_input=False):
    """np.nanquantile: NaN comes last when sorted, and does not count."""
    a = np.asanyarray(a)
    if isinstance(q, (list, tuple)):
        q = np.asarray(q)
    x = _in_order(_together(a, axis))
    n = np.sum(~np.isnan(x), axis=0)
    if np.ndim(q) > 0:
        parts = [_nan_quantile(x, n, q[k], method, False) for k in range(len(q))]
        result = np.stack(parts)
    else:
        result = _nan_quantile(x, n, q, method, isinstance(q, (int, float)))
    return _with_axes(result, a, q, axis, keepdims)


def _nan_quantile(x, n, q, method, number):
    low, high, t = _place(np.maximum(n, 1), q, method)
    if number and x.dtype.kind == "f" and _WEAK:
        t = np.asarray(t).astype(x.dtype)
    elif number and x.ndim > 1:
        t = np.reshape(t, np.shape(t) if np.ndim(t) else (1,) * (x.ndim - 1))
    if x.ndim == 1:
        below, above = x[low], x[high]
    else:
        below = np.take_along_axis(x, low[None], 0)[0]
        above = np.take_along_axis(x, high[None], 0)[0]
    if method in ("lower", "higher", "nearest"):
        return np.where(n == 0, np.asarray(np.nan, x.dtype), below)[()]
    between = below + (above - below) * t
    return np.where(n == 0, np.asarray(np.nan, between.dtype), np.where(t == 0, below, between))[()]


def nanpercentile(a, q, axis=None, *, method="linear", keepdims=False, overwrite_input=False):
    """np.nanpercentile."""
    return nanquantile(a, np.true_divide(q, 100), axis, method=method, keepdims=keepdims)


def nanmedian(a, axis=None, *, keepdims=False, overwrite_input=False):
    """np.nanmedian."""
    a = np.asanyarray(a)
    middle = nanquantile(a, 0.5, axis, keepdims=keepdims)
    return middle.astype(a.dtype) if a.dtype.kind == "f" and middle.dtype != a.dtype else middle


# -- NaN left out ---------------------------------------------------------------------------------------------------


def _without_nan(a, value):
    a = np.asanyarray(a)
    return np.where(np.isnan(a), np.asarray(value, a.dtype), a) if a.dtype.kind in "fc" else a


def nanprod(a, axis=None, dtype=None, *, keepdims=False):
    """np.nanprod."""
    return np.prod(_without_nan(a, 1), axis, dtype=dtype, keepdims=keepdims)


def nancumsum(a, axis=None, dtype=None):
    """np.nancumsum."""
    return np.cumsum(_without_nan(a, 0), axis, dtype=dtype)


def nancumprod(a, axis=None, dtype=None):
    """np.nancumprod."""
    return np.cumprod(_without_nan(a, 1), axis, dtype=dtype)


def nanmax(a, axis=None, *, keepdims=False):
    """np.nanmax."""
    a = np.asanyarray(a)
    if a.dtype.kind != "f":
        return np.max(a, axis, keepdims=keepdims)
    none = np.all(np.isnan(a), axis, keepdims=keepdims)
    found = np.max(_without_nan(a, -np.inf), axis, keepdims=keepdims)
    return np.where(none, np.asarray(np.nan, a.dtype), found)[()]


def nanmin(a, axis=None, *, keepdims=False):
    """np.nanmin."""
    a = np.asanyarray(a)
    if a.dtype.kind != "f":
        return np.min(a, axis, keepdims=keepdims)
    none = np.all(np.isnan(a), axis, keepdims=keepdims)
    found = np.min(_without_nan(a, np.inf), axis, keepdims=keepdims)
    return np.where(none, np.asarray(np.nan, a.dtype), found)[()]


def _counted(a, axis, where, keepdims):
    there = ~np.isnan(a)
    if where is not None:
        there = there & where
    return there, np.sum(there, axis, keepdims=keepdims, dtype=np.real(a).dtype)


def nanmean(a, axis=None, dtype=None, *, keepdims=False, where=None):
    """np.nanmean."""
    a = np.asanyarray(a)
    if a.dtype.kind not in "fc":
        return np.mean(a, axis, dtype=dtype, keepdims=keepdims)
    there, count = _counted(a, axis, where, keepdims)
    total = np.sum(np.where(there, a, np.asarray(0, a.dtype)), axis, dtype=dtype, keepdims=keepdims)
    return total / (count if dtype is None else count.astype(np.real(total).dtype))


def nanvar(a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=None):
    """np.nanvar."""
    a = np.asanyarray(a)
    if a.dtype.kind not in "fc":
        return np.var(a, axis, dtype=dtype, ddof=ddof, keepdims=keepdims)
    there, count = _counted(a, axis, where, True)
    known = np.where(there, a, np.asarray(0, a.dtype))
    centre = np.sum(known, axis, dtype=dtype, keepdims=True) / (count if dtype is None else count.astype(dtype))
    off = np.where(there, known - centre, np.asarray(0, a.dtype))
    squares = np.real(off * np.conj(off))
    total = np.sum(squares, axis, dtype=dtype, keepdims=keepdims)
    there, count = _counted(a, axis, where, keepdims)
    spread = total / np.maximum(count - ddof, 1).astype(total.dtype)
    return np.where(count > ddof, spread, np.asarray(np.nan, spread.dtype))[()]


def nanstd(a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=None):
    """np.nanstd; at zero spread its derivative is zero."""
    variance = np.asarray(nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims, where=where))
    none = variance == 0
    one, zero = np.asarray(1, variance.dtype), np.asarray(0, variance.dtype)
    return np.where(none, zero, np.sqrt(np.where(none, one, variance)))[()]


def var(a, axis=None, dtype=None, ddof=0, keepdims=False, *, where=None, mean=None, correction=None):
    """np.var with `where`, `mean` or `correction`."""
    a = np.asanyarray(a)
    if correction is not None:
        ddof = correction
    if mean is None:
        mean = np.mean(a, axis, dtype=dtype, keepdims=True, where=where)
    off = a - mean
    squares = np.real(off * np.conj(off)) if off.dtype.kind == "c" else off * off
    count = np.sum(np.ones(np.shape(a), squares.dtype), axis, keepdims=keepdims, where=where)
    total = np.sum(squares, axis, dtype=dtype, keepdims=keepdims, where=where)
    spread = total / np.maximum(count - ddof, 0).astype(total.dtype)
    return spread if spread.dtype == total.dtype else spread.astype(total.dtype)


def std(a, axis=None, dtype=None, ddof=0, keepdims=False, *, where=None, mean=None, correction=None):
    """np.std with `where`, `mean` or `correction`; at zero spread its derivative is zero."""
    variance = np.asarray(var(a, axis, dtype, ddof, keepdims, where=where, mean=mean, correction=correction))
    none = variance == 0
    one, zero = np.asarray(1, variance.dtype), np.asarray(0, variance.dtype)
    return np.where(none, zero, np.sqrt(np.where(none, one, variance)))[()]


def nansum(a, axis=None, dtype=None, keepdims=False, initial=None, where=None):
    """np.nansum with `initial` or `where`."""
    return np.sum(_without_nan(a, 0), axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


# -- histograms --------------------------------------------------------------------------------------------------------


def _edges(a, bins, range):
    if np.ndim(bins) == 1:
        return np.asarray(bins)
    if range is not None:
        first, last = range
    elif np.size(a) == 0:
        first, last = 0.0, 1.0
    else:
        first, last = np.min(a), np.max(a)
    if first == last:
        first, last = first - 0.5, last + 0.5
    edges = np.linspace(first, last, bins + 1)
    return edges.astype(np.asarray(a).dtype) if np.asarray(a).dtype.kind == "f" and np.asarray(a).dtype != edges.dtype else edges


def histogram_bin_edges(a, bins=10, range=None):
    """np.histogram_bin_edges for a number of bins, or edges."""
    if isinstance(bins, str):
        raise ValueError("the number of bins is chosen by the values")
    return _edges(np.ravel(a), bins, range)


def histogram(a, bins=10, range=None, density=None, weights=None):
    """np.histogram: in which bin an element is carries no derivative, its weight does."""
    a = np.ravel(a)
    edges = histogram_bin_edges(a, bins, range)
    n = len(edges) - 1
    inside = (a >= edges[0]) & (a <= edges[-1])
    which = np.minimum(np.searchsorted(edges, a[inside], side="right") - 1, n - 1)
    if weights is None:
        counts = np.bincount(which, minlength=n)
    else:
        counts = np.bincount(which, np.ravel(weights)[inside], minlength=n)
        if np.asarray(weights).dtype != counts.dtype:
            counts = counts.astype(np.asarray(weights).dtype)
    if density:
        return counts / np.diff(edges) / np.sum(counts), edges
    return counts, edges


def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    """np.histogram2d."""
    nx, ny = bins if isinstance(bins, (tuple, list)) and len(bins) == 2 else (bins, bins)
    rx, ry = (None, None) if range is None else range
    ex, ey = _edges(x, nx, rx), _edges(y, ny, ry)
    m, n = len(ex) - 1, len(ey) - 1
    inside = (x >= ex[0]) & (x <= ex[-1]) & (y >= ey[0]) & (y <= ey[-1])
    i = np.minimum(np.searchsorted(ex, x[inside], side="right") - 1, m - 1)
    j = np.minimum(np.searchsorted(ey, y[inside], side="right") - 1, n - 1)
    if weights is None:
        counts = np.reshape(np.bincount(i * n + j, minlength=m * n), (m, n)).astype(float)
    else:
        counts = np.reshape(np.bincount(i * n + j, np.asarray(weights)[inside], minlength=m * n), (m, n))
    if density:
        counts = counts / np.diff(ex)[:, None] / np.diff(ey) / np.sum(counts)
    return counts, ex, ey


# -- covariances ---------------------------------------------------------------------------------------------------------


def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """np.cov."""
    x = np.asanyarray(m)
    if x.ndim == 2 and not rowvar and np.shape(x)[0] != 1:
        x = x.T
    if x.ndim < 2:
        x = x[None]
    wanted = dtype if dtype is not None else np.complex128 if x.dtype.kind == "c" else np.float64
    if x.dtype != wanted:
        x = x.astype(wanted)
    if y is not None:
        more = np.asanyarray(y)
        if dtype is not None and more.dtype != dtype:
            more = more.astype(dtype)
        if more.ndim == 2 and not rowvar and np.shape(more)[0] != 1:
            more = more.T
        x = np.concatenate((x, more if more.ndim == 2 else more[None]), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    if fweights is None and aweights is None:
        x = x - np.mean(x, axis=1, keepdims=True)
        return _squeezed(x @ np.conj(x.T) / (x.shape[1] - ddof), m, y)
    w = np.asarray(aweights) if fweights is None else np.asarray(fweights) if aweights is None else np.asarray(fweights) * np.asarray(aweights)
    total = np.sum(w)
    x = x - np.sum(x * w, axis=1, keepdims=True) / total
    if ddof == 0:
        factor = total
    elif aweights is None:
        factor = total - ddof
    else:
        factor = total - ddof * np.sum(w * np.asarray(aweights)) / total
    return _squeezed(x @ np.conj((x * w).T) / factor, m, y)


def _squeezed(c, m, y):
    """The variance of one variable is a number."""
    if y is not None:
        return c
    return np.reshape(c, ()) if np.ndim(m) < 2 else np.squeeze(c)


def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """np.corrcoef."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    spread = np.sqrt(np.real(np.diagonal(c)))
    c = c / spread[:, None] / spread
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1)
    return np.where(np.abs(c) > 1, np.sign(c) + (c - c), c)
