"""Helpers of elementwise rows: poles, kinks and ties, where a formula in plain NumPy would raise, warn or give NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def absorb(g: Any, p: Any) -> Any:
    """g * p, and 0 where g is 0: a zero that a mask introduced absorbs an infinite partial.

    >>> absorb(0.0, math.inf), absorb(2.0, 3.0)
    (0.0, 6.0)
    """
    if type(g) is float and type(p) is float:
        return g * p if g else 0.0
    with np.errstate(all="ignore"):
        product = np.multiply(g, p)
        return np.where(np.equal(g, 0), np.zeros((), product.dtype), product)[()]


def divide(a: Any, b: Any) -> Any:
    """a / b as IEEE 754 defines it, without exception or warning.

    >>> divide(0.5, 0.0), divide(1.0, 2.0)
    (inf, 0.5)
    """
    if isinstance(b, float) and b and isinstance(a, float):
        return a / b
    if type(a) is float and type(b) is float:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)
    with np.errstate(all="ignore"):
        return np.divide(a, b)


def divide_or_zero(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0: the zero subgradient at the tip of a norm.

    >>> divide_or_zero(3.0, 0.0), divide_or_zero(1.0, 2.0)
    (0.0, 0.5)
    """
    if type(a) is float and type(b) is float:
        return a / b if b else 0.0
    with np.errstate(all="ignore"):
        quotient = np.divide(a, b)
        return np.where(np.equal(b, 0), np.zeros((), quotient.dtype), quotient)[()]


def root(x: Any) -> Any:
    """The square root, whose derivative at 0 is taken for 0: a length, made of its square.

    >>> root(4.0), root(0.0)
    (2.0, 0.0)
    """
    return math.sqrt(x) if type(x) is float and x >= 0 else np.sqrt(x)


def dpower(x: Any, p: Any) -> Any:
    """The derivative of x ** p with respect to x: right at x = 0 for every p, infinite there for 0 < p < 1.

    >>> dpower(3.0, 2.0), dpower(0.0, 0.0), dpower(0.0, 1.0), dpower(0.0, 0.5)
    (6.0, 0.0, 1.0, inf)
    """
    if isinstance(x, (int, float)) and isinstance(p, (int, float)) and not isinstance(x, np.generic):
        if p == 0:
            return 0.0
        if x == 0:
            return 1.0 if p == 1 else 0.0 if p > 1 else math.inf
        try:
            return float(p * x ** (p - 1)) if x > 0 or p == int(p) else p * x ** (p - 1)
        except OverflowError:  # what NumPy gives
            return float(dpower(np.float64(x), p))
    dtype = np.result_type(x, p)
    if dtype.kind not in "fc":
        dtype = np.dtype(np.float64)
    with np.errstate(all="ignore"):
        exponent = np.subtract(p, 1, dtype=dtype)
        result = np.multiply(p, np.power(np.asarray(x, dtype), exponent), dtype=dtype)
        return np.where(np.equal(p, 0), np.zeros((), dtype), result)[()]


def power_log(x: Any, p: Any, z: Any) -> Any:
    """The derivative of z = x ** p with respect to p: z log x, and 0 where x is 0 and p > 0.

    >>> power_log(0.0, 2.0, 0.0), power_log(1.0, 3.0, 1.0)
    (0.0, 0.0)
    """
    if type(x) is float and type(z) is float:
        if x > 0:
            return z * math.log(x)
        return 0.0 if x == 0 and p > 0 else -math.inf if x == 0 else math.nan
    with np.errstate(all="ignore"):
        result = np.multiply(z, np.log(x))
        return np.where(np.equal(x, 0) & np.greater(p, 0), np.zeros((), result.dtype), result)[()]


def sign(x: Any) -> Any:
    """-1, 0 or 1; for complex x, x / |x|.

    >>> sign(-2.0), sign(0.0), sign(3.0)
    (-1.0, 0.0, 1.0)
    """
    if type(x) is float:
        return 1.0 if x > 0 else -1.0 if x < 0 else x + 0.0 if x == 0 else x
    if np.iscomplexobj(x):  # np.sign is the sign of the real part before NumPy 2
        return divide_or_zero(x, np.abs(x))
    return np.sign(x)


def chosen(x: Any, y: Any, sign: float) -> Any:
    """The share of x in np.fmax(x, y) (sign 1) or np.fmin (-1): that of `exceeds`, where NaN is never chosen."""
    share = exceeds(x, y) if sign > 0 else exceeds(y, x)
    hidden, other = np.isnan(x), np.isnan(y)
    if not (np.any(hidden) or np.any(other)):
        return share
    return np.where(other, 1.0 - hidden * 0.5, np.where(hidden, 0.0, share)).astype(np.asarray(share).dtype)[()]


def exceeds(x: Any, y: Any) -> Any:
    """1 where x > y, one half where they are equal, else 0: how much of a maximum comes from x.

    >>> exceeds(2.0, 1.0), exceeds(1.0, 1.0), exceeds(0.0, 1.0)
    (1.0, 0.5, 0.0)
    """
    if isinstance(x, (float, int)) and isinstance(y, (float, int)):
        return 1.0 if x > y else 0.5 if x == y else 0.0
    dtype = np.result_type(x, y)
    share = np.greater(x, y).astype(dtype if dtype.kind == "f" else np.float64)
    equal = np.equal(x, y)
    if np.any(equal):
        share = np.where(equal, share.dtype.type(0.5), share)
    return share[()]


def inside(x: Any, low: Any, high: Any) -> Any:
    """1 where low < x < high, one half at a bound, else 0: the derivative of np.clip. A bound may be None.

    >>> inside(0.5, 0.0, 1.0), inside(0.0, 0.0, 1.0), inside(2.0, None, 1.0)
    (1.0, 0.5, 0.0)
    """
    if type(x) is float and isinstance(low, (float, int)) and isinstance(high, (float, int)):
        return exceeds(x, low) * exceeds(high, max(x, low))
    if low is None:
        return exceeds(high, x) if high is not None else np.ones(np.shape(x), np.result_type(x, np.float16))[()]
    if high is None:
        return exceeds(x, low)
    if np.ndim(low) == 0 and np.ndim(high) == 0 and low < high:
        dtype = np.result_type(x, low, high)
        share = (np.greater(x, low) & np.less(x, high)).astype(dtype if dtype.kind == "f" else np.float64)
        bound = np.equal(x, low) | np.equal(x, high)
        return (np.where(bound, share.dtype.type(0.5), share) if np.any(bound) else share)[()]
    return exceeds(x, low) * exceeds(high, np.maximum(x, low))


def ties(x: Any, y: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """For y = np.max(x, axis) or np.min: the share of y that each element of x has; equal elements share equally.

    >>> ties(np.array([1.0, 3.0, 3.0]), 3.0), ties(np.array([1.0, 2.0, 3.0]), 3.0)
    (array([0. , 0.5, 0.5]), array([0., 0., 1.]))
    """
    x, y = np.asarray(x), np.asarray(y)
    if axis is not None and not keepdims:
        y = np.expand_dims(y, axis)
    chosen = x == y
    dtype = x.dtype if x.dtype.kind in "fc" else np.dtype(np.float64)
    if np.count_nonzero(chosen) == y.size and not np.isnan(y).any():  # one each: nothing is shared
        return chosen.astype(dtype)
    chosen |= (x != x) & (y != y)
    return chosen / chosen.sum(axis=axis, keepdims=True, dtype=dtype)


def add_ties(total: Any, g: Any, x: Any, y: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Add to `total`, in place, what np.max or np.min gives back to x: g where x has the value y; equal elements share equally.

    >>> total = np.zeros(3)
    >>> add_ties(total, 6.0, np.array([1.0, 3.0, 3.0]), 3.0)
    array([0., 3., 3.])
    """
    whole = keepdims or axis is None
    if whole or axis == 0:
        y_full = np.asarray(y)
    else:
        y_full = np.expand_dims(y, axis)
    chosen = x == y_full
    if isinstance(axis, int) and np.count_nonzero(chosen) == y_full.size:  # one each, unless there is a NaN
        place = chosen.argmax(axis)
        index: tuple[Any, ...] = (place,)
        if x.ndim == 2:
            rest = np.arange(place.size)
            index = (place, rest) if axis in (0, -2) else (rest, place)
        elif x.ndim > 2:
            grid = list(np.ogrid[tuple(map(slice, place.shape))])
            grid.insert(axis % x.ndim, place)
            index = tuple(grid)
        if np.count_nonzero(chosen[index]) == y_full.size:
            total[index] += np.squeeze(g, axis) if keepdims and np.ndim(g) else g
            return total
    if axis is None and np.count_nonzero(chosen) == 1:
        total[np.unravel_index(np.argmax(chosen), chosen.shape)] += np.reshape(g, ())
        return total
    g = np.asarray(g) if whole else np.expand_dims(g, axis)
    share = ties(x, y, axis, keepdims)
    total += g * share if np.isfinite(g).all() else absorb(share, g)
    return total


def exp_share(x: Any, z: Any, other: Any = None) -> Any:
    """exp(x - z) for z = log(exp(x) + ...): the share of x in the sum. Where x and z are infinite, equal terms share.

    other: what has been added to exp(x), where that is one term; otherwise z has been summed over the axes that it lacks.

    >>> float(exp_share(0.0, 0.0)), float(exp_share(-math.inf, -math.inf, -math.inf))
    (1.0, 0.5)
    """
    with np.errstate(all="ignore"):
        share = np.exp(np.subtract(x, z))
        undecided = np.isnan(share) & np.equal(x, z)
        if not undecided.any():
            return share
        if other is not None:
            count: Any = 1 + np.equal(x, other)
        else:
            ndim = np.ndim(share)
            own = (1,) * (ndim - np.ndim(z)) + np.shape(z)
            count = np.count_nonzero(undecided, axis=tuple(k for k in range(ndim) if own[k] == 1), keepdims=True) if ndim else 1
        return np.where(undecided, (1.0 / np.maximum(count, 1)).astype(share.dtype), share)[()]


def digamma(x: Any) -> Any:
    """The derivative of log gamma, by recurrence and the asymptotic series (Abramowitz and Stegun 6.3.5, 6.3.7, 6.3.18).

    >>> round(digamma(1.0), 12)
    -0.577215664902
    """
    if isinstance(x, np.ndarray):
        return np.vectorize(digamma, otypes=[float])(x)
    x = float(x)
    if x <= 0 and x == math.floor(x):
        return math.nan
    if x < 0.5:
        return digamma(1.0 - x) - math.pi / math.tan(math.pi * x)
    result = 0.0
    while x < 10.0:
        result -= 1.0 / x
        x += 1.0
    s = 1.0 / (x * x)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s / 12))))))
    return result + math.log(x) - 0.5 / x - series


def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of `digamma`, n > 0, by recurrence and the asymptotic series (Abramowitz and Stegun 6.4.6, 6.4.7, 6.4.11).

    >>> round(polygamma(1, 1.0), 12)
    1.644934066848
    """
    if isinstance(x, np.ndarray):
        return np.vectorize(lambda one: polygamma(n, one), otypes=[float])(x)
    x = float(x)
    if x <= 0 and x == math.floor(x):
        return math.nan
    if x < 0.5:
        cotangent, slope = 1.0 / math.tan(math.pi * x), np.polynomial.Polynomial([0.0, 1.0])
        for _ in range(n):
            slope = slope.deriv() * np.polynomial.Polynomial([-1.0, 0.0, -1.0])  # cot' = -1 - cot ** 2
        return (-1) ** n * polygamma(n, 1.0 - x) - math.pi ** (n + 1) * float(slope(cotangent))
    result = 0.0
    while x < 10.0 + n:
        result += math.factorial(n) / x ** (n + 1)
        x += 1.0
    result += math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1))
    for k, number in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6), 1):  # Bernoulli numbers
        result += number * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * x ** (2 * k + n))
    return (-1) ** (n + 1) * result


def sinc_slope(x: Any, n: int = 1) -> Any:
    """The n-th derivative of np.sinc.

    >>> float(sinc_slope(0.0)), round(float(sinc_slope(1.0)), 12)
    (0.0, -1.0)
    """
    t = np.pi * np.asarray(x)
    small = np.abs(t) < n + 1
    near, far = np.where(small, t, 0), np.where(small, 1, t)
    series, first = np.zeros_like(near), (n + 1) // 2
    if np.any(small):
        square = near * near
        for k in range(n + 13, first - 1, -1):
            series = series * square + (-1) ** k / ((2 * k + 1) * math.factorial(2 * k - n))
        series = series * near ** (2 * first - n)
    exact = np.sin(far) / far
    for k in range(1, n + 1):
        exact = ((np.sin, np.cos)[k % 2](far) * (1, 1, -1, -1)[k % 4] - k * exact) / far
    return (np.pi**n * np.where(small, series, exact) + 0.0)[()].astype(t.dtype)  # not -0.0
