"""Functions of each element: sigmoid and its relatives, rectifiers, and gates.

A gate is x * s(x), where s rises from 0 to 1: the logistic function (`silu`), the normal distribution (`gelu`), or the logistic function of a
cubic (`gelu` with approximate=True). All derivatives of a gate come from the Taylor coefficients of s, which each s gives by a recurrence.
Where s has become 0 or 1 in floating point, a gate is 0 or x, at infinity too.

Sources: X. Glorot et al. 2011 (relu), A. Maas et al. 2013 (leaky relu), D.-A. Clevert et al. 2016 (elu), D. Hendrycks and K. Gimpel 2016 (gelu, silu).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_ROOT_2 = math.sqrt(2.0)
_ROOT_2PI = math.sqrt(2.0 * math.pi)
_CUBIC = 2.0 * math.sqrt(2.0 / math.pi), 0.044715  # (1 + tanh(u)) / 2 = sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x ** 3)


def reals(x: Any, name: str) -> Any:
    """x as an array of floats, which a function of real numbers is about to take."""
    x = np.asarray(x)
    if x.dtype.kind == "f":
        return x
    if x.dtype.kind not in "iub":
        raise TypeError(f"nn.{name} takes real numbers, not {x.dtype}")
    return x.astype(np.float64)


# -- sigmoids ----------------------------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    """The logistic function 1 / (1 + exp(-x)), element by element: x (...) -> (...). It never overflows.

    >>> sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)
    (0.5, 0.0, 1.0)
    """
    if type(x) is float:
        return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else math.exp(x)
    with np.errstate(over="ignore", under="ignore"):
        y = np.exp(-reals(x, "sigmoid"))
        y += 1
        return np.reciprocal(y)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)) = -softplus(-x), element by element: x (...) -> (...).

    >>> log_sigmoid(-1000.0)
    -1000.0
    """
    return -softplus(-x if type(x) is float else -reals(x, "log_sigmoid"))


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), element by element: x (...) -> (...). It never overflows.

    >>> softplus(1000.0), round(softplus(0.0), 6)
    (1000.0, 0.693147)
    """
    if type(x) is float:
        return max(x, 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x
    x = reals(x, "softplus")
    return np.maximum(x, x.dtype.type(0)) + np.log1p(np.exp(-np.abs(x)))  # as np.logaddexp(x, 0), in a third of the time


# -- rectifiers --------------------------------------------------------------------------------------------------


def relu(x: Any) -> Any:
    """max(x, 0), element by element: x (...) -> (...). The derivative at 0 is 0.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    if type(x) is float:
        return 0.0 if x <= 0.0 else x
    x = reals(x, "relu")
    return np.maximum(x, x.dtype.type(0))


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x is positive, else slope * x: x (...) -> (...). The derivative at 0 is the slope.

    The slope is a number, or an array that is broadcast against x; it may be differentiated (a parametric relu).

    >>> leaky_relu(np.array([-2.0, 0.0, 3.0]), 0.5)
    array([-1.,  0.,  3.])
    """
    if type(x) is float and type(slope) is float:
        return slope * x if x <= 0.0 else x
    x = reals(x, "leaky_relu")
    return np.where(x > 0, x, slope * x)[()]


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where x is positive, else alpha * (exp(x) - 1): x (...) -> (...). The derivative at 0 is alpha.

    >>> elu(-1000.0), elu(2.0), round(elu(-1.0), 6)
    (-1.0, 2.0, -0.632121)
    """
    if type(x) is float and type(alpha) is float:
        return alpha * math.expm1(x) if x <= 0.0 else x
    x = reals(x, "elu")
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, x.dtype.type(0))))[()]


# -- gates -------------------------------------------------------------------------------------------------------


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish, element by element: x (...) -> (...).

    >>> silu(np.array([-np.inf, 0.0, np.inf]))
    array([ 0.,  0., inf])
    """
    return silu_slope(x, 0)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the probability that a normal variable is less than x, element by element: x (...) -> (...).

    approximate: by x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))) / 2, which is faster, and 5e-4 off at most.

    >>> round(gelu(1.0), 6), round(gelu(1.0, approximate=True), 6)
    (0.841345, 0.841192)
    """
    return gelu_slope(x, approximate, 0)


def silu_slope(x: Any, n: int = 1) -> Any:
    """The n-th derivative of `silu`.

    >>> silu_slope(0.0), silu_slope(1e300)
    (0.5, 1.0)
    """
    return _gated(x, _logistic, n, "silu")


def gelu_slope(x: Any, approximate: bool = False, n: int = 1) -> Any:
    """The n-th derivative of `gelu`.

    >>> gelu_slope(0.0), gelu_slope(-1e300)
    (0.5, 0.0)
    """
    return _gated(x, _logistic_of_cubic if approximate else _normal, n, "gelu")


Series = list[Any]  # Taylor coefficients at x: a function, its derivative, its second derivative / 2!, ...


def _gated(x: Any, gate: Callable[[Any, int], Series], n: int, name: str) -> Any:
    """The n-th derivative of x * s(x): x * s_n + n * s_(n - 1) in terms of derivatives of s, the numbers that `gate` gives times n!."""
    number = type(x) is float
    x = reals(x, name)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        series = gate(x, n)
        result = np.multiply(x, series[n], dtype=x.dtype)
        if np.isnan(result).any():  # s falls to 0 faster than x grows
            result = np.where(series[n] == 0, x.dtype.type(0), result)
        if n:
            result = (result + series[n - 1]) * math.factorial(n)
    return float(result) if number else np.asarray(result, x.dtype)[()]


def _logistic(x: Any, n: int, inner: Series | None = None) -> Series:
    """Taylor coefficients of s(v(x)), s = sigmoid, from those of v (x itself, if there are none): s(v)' = s(v) (1 - s(v)) v'."""
    s = [sigmoid(x if inner is None else inner[0])]
    bell: Series = []  # s (1 - s)
    for k in range(n):
        bell.append(s[0] * (1 - s[0]) if k == 0 else s[k] - sum(s[i] * s[k - i] for i in range(k + 1)))
        terms = bell[k] if inner is None else sum(bell[k + 1 - i] * (i * inner[i]) for i in range(1, min(k + 2, len(inner))))
        s.append(terms / (k + 1))
    return s


def _logistic_of_cubic(x: Any, n: int) -> Series:
    scale, cube = _CUBIC
    z = np.clip(x, -9, 9)  # at 9 the logistic function has long become 1; at -9 it is 5e-29, and beyond that the gate is taken for 0
    cubic: Series = [z * (scale + scale * cube * z * z)]
    if n:
        cubic += [scale + 3 * scale * cube * z * z, 3 * scale * cube * z, scale * cube]
    s = _logistic(z, n, cubic)
    return [np.where(x < -9, 0, s[0]), *(np.where(np.abs(x) > 9, 0, c) for c in s[1:])]


def _normal(x: Any, n: int) -> Series:
    """Of the normal distribution: its n-th derivative is the density times a Hermite polynomial, He_(n - 1), with the sign of (-1) ** (n - 1)."""
    # erfc of the standard library is right to the last digit in the tail too, and NumPy has none.
    flat = (x.astype(np.float64) / -_ROOT_2).ravel().tolist()
    s: Series = [0.5 * np.fromiter(map(math.erfc, flat), np.float64, len(flat)).reshape(x.shape)]
    if n:
        z = np.clip(x, -40, 40)  # where the density is 0, and a power of x does not overflow
        density = np.exp(-0.5 * z * z) / _ROOT_2PI
        before, hermite = 0.0 * z, 1.0 + 0.0 * z
        for k in range(n):
            s.append((-1) ** k * hermite * density / math.factorial(k + 1))
            before, hermite = hermite, z * hermite - k * before
    return s


__all__ = ["elu", "gelu", "gelu_slope", "leaky_relu", "log_sigmoid", "reals", "relu", "sigmoid", "silu", "silu_slope", "softplus"]
