"""An ordinary differential equation by Runge-Kutta steps into a preallocated array."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def rate(y: Array, W: Array) -> Array:
    """A continuous-time recurrent network; y (d,), W (d, d)."""
    return np.tanh(W @ y) - y


def rk4(y0: Array, W: Array, h: float, n: int) -> float:
    """The sum of squares over n steps of size h of y' = rate(y, W) from y0 (d,)."""
    ys = np.empty((n + 1, len(y0)))
    ys[0] = y0
    for t in range(n):
        y = ys[t]
        k1 = rate(y, W)
        k2 = rate(y + 0.5 * h * k1, W)
        k3 = rate(y + 0.5 * h * k2, W)
        k4 = rate(y + h * k3, W)
        ys[t + 1] = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return np.sum(ys**2)


def _rate_reverse(y: Array, k: Array, W: Array, k_bar: Array, W_bar: Array) -> Array:
    """Add to W_bar and return y_bar, for k = rate(y, W); the tanh is k + y."""
    slope = k + y
    slope *= slope
    np.subtract(1.0, slope, out=slope)
    slope *= k_bar
    W_bar += slope[:, None] * y
    y_bar = slope @ W
    y_bar -= k_bar
    return y_bar


def rk4_gradient(y0: Array, W: Array, h: float, n: int) -> tuple[Array, Array]:
    """d rk4 / d (y0, W)."""
    ys = np.empty((n + 1, len(y0)))
    ys[0] = y0
    half = 0.5 * h
    tape = []
    for t in range(n):
        y = ys[t]
        k1 = rate(y, W)
        y2 = y + half * k1
        k2 = rate(y2, W)
        y3 = y + half * k2
        k3 = rate(y3, W)
        y4 = y + h * k3
        k4 = rate(y4, W)
        tape.append((y2, y3, y4, k1, k2, k3, k4))
        ys[t + 1] = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    ys_bar = 2.0 * ys
    W_bar = np.zeros_like(W)
    for t in reversed(range(n)):
        y2, y3, y4, k1, k2, k3, k4 = tape.pop()
        # ys[t + 1] = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        step_bar = ys_bar[t + 1]
        y_bar = ys_bar[t]
        y_bar += step_bar
        outer_bar = h / 6.0 * step_bar
        inner_bar = 2.0 * outer_bar
        # k4 = rate(y + h * k3, W)
        y4_bar = _rate_reverse(y4, k4, W, outer_bar, W_bar)
        y_bar += y4_bar
        # k3 = rate(y + 0.5 * h * k2, W)
        y4_bar *= h
        y4_bar += inner_bar
        y3_bar = _rate_reverse(y3, k3, W, y4_bar, W_bar)
        y_bar += y3_bar
        # k2 = rate(y + 0.5 * h * k1, W)
        y3_bar *= half
        y3_bar += inner_bar
        y2_bar = _rate_reverse(y2, k2, W, y3_bar, W_bar)
        y_bar += y2_bar
        # k1 = rate(y, W)
        y2_bar *= half
        y2_bar += outer_bar
        y_bar += _rate_reverse(ys[t], k1, W, y2_bar, W_bar)
    return ys_bar[0], W_bar


def make_args() -> tuple[Array, Array, float, int]:
    """The arguments for 200 steps of 16 variables."""
    rng = np.random.default_rng(6)
    return rng.normal(size=16), rng.normal(size=(16, 16)) / 2.0, 0.05, 200


WORKLOADS = (Workload("rk4", "loop", rk4, rk4_gradient, make_args, (0, 1)),)
