"""Black-Scholes call prices, elementwise over a million options."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def normal_cdf(x: Array) -> Array:
    """The standard normal distribution function, by a logistic approximation (error < 2e-4)."""
    return 1.0 / (1.0 + np.exp(-x * (1.5976 + 0.070566 * x * x)))


def black_scholes(
    spot: Array, strike: Array, maturity: Array, rate: float, volatility: Array
) -> float:
    """The total price of European calls; all arrays (n,)."""
    spread = volatility * np.sqrt(maturity)
    drift = (rate + 0.5 * volatility**2) * maturity
    d1 = (np.log(spot / strike) + drift) / spread
    d2 = d1 - spread
    discounted = strike * np.exp(-rate * maturity)
    return np.sum(spot * normal_cdf(d1) - discounted * normal_cdf(d2))


def _normal_cdf_and_slope(x: Array) -> tuple[Array, Array]:
    """normal_cdf(x) and its derivative y (1 - y) (1.5976 + 3 * 0.070566 x²)."""
    square = x * x
    y = square * -0.070566
    y -= 1.5976
    y *= x
    np.exp(y, out=y)
    y += 1.0
    np.divide(1.0, y, out=y)
    slope = square
    slope *= 3.0 * 0.070566
    slope += 1.5976
    slope *= y
    slope *= 1.0 - y
    return y, slope


def black_scholes_gradient(
    spot: Array, strike: Array, maturity: Array, rate: float, volatility: Array
) -> tuple[Array, float, Array]:
    """d black_scholes / d (spot, rate, volatility)."""
    root = np.sqrt(maturity)
    spread = volatility * root
    ratio = spot / strike
    d1 = 0.5 * volatility
    d1 *= volatility
    d1 += rate
    d1 *= maturity
    d1 += np.log(ratio)
    d1 /= spread
    discounted = -rate * maturity
    np.exp(discounted, out=discounted)
    discounted *= strike
    cdf1, d1_bar = _normal_cdf_and_slope(d1)
    cdf2, d2_bar = _normal_cdf_and_slope(d1 - spread)

    # np.sum(spot * normal_cdf(d1) - discounted * normal_cdf(d2))
    spot_bar = cdf1
    d1_bar *= spot
    d2_bar *= discounted
    # discounted = strike * np.exp(-rate * maturity)
    discounted *= cdf2
    rate_bar = float(discounted @ maturity)
    # d2 = d1 - spread
    spread_bar = d2_bar
    d1_bar -= d2_bar
    # d1 = (np.log(spot / strike) + drift) / spread
    d1_bar /= spread
    d1 *= d1_bar
    spread_bar -= d1
    ratio *= strike
    spot_bar += np.divide(d1_bar, ratio, out=ratio)
    # drift = (rate + 0.5 * volatility**2) * maturity
    d1_bar *= maturity
    rate_bar += float(d1_bar.sum())
    d1_bar *= volatility
    # spread = volatility * np.sqrt(maturity)
    spread_bar *= root
    d1_bar += spread_bar
    return spot_bar, rate_bar, d1_bar


def _args() -> tuple[Array, Array, Array, float, Array]:
    rng = np.random.default_rng(3)
    n = 1_000_000
    return (
        rng.uniform(80.0, 120.0, n),
        rng.uniform(80.0, 120.0, n),
        rng.uniform(0.2, 2.0, n),
        0.03,
        rng.uniform(0.1, 0.4, n),
    )


WORKLOADS = (
    Workload(
        "black_scholes", "vectorised", black_scholes, black_scholes_gradient, _args, (0, 3, 4)
    ),
)
