"""Programs with numbers of their own (windows of five, batches of four, the best three), one compiled gradient for data of any length.

A gradient is made once, and called with shorter and with longer data: lengths below, at and above the program's numbers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

CASES: list[Any] = []


def lengths(*sizes: int, wrt: tuple[int, ...] = (0,)) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The lengths of the data to call a program with."""

    def register(f: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append(pytest.param(f, sizes, wrt, id=f.__name__))
        return f

    return register


def data(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=n) + np.linspace(0.0, 1.0, n)


@lengths(20, 4, 9, 5)
def trend_and_remainder(x):
    """A centred mean of nine, whatever the length, and what is left."""
    trend = np.convolve(x, np.ones(9) / 9, mode="same")
    left = trend - trend.mean()
    return np.var(left) + np.mean(np.abs(left)) + left[0] * left[-1]


@lengths(17, 3, 8, 16)
def best_three_of_blocks(x):
    """Means of blocks of four, the last one shorter; the three largest of them."""
    blocks = [x[i : i + 4].mean() for i in range(0, len(x), 4)]
    best = np.sort(np.array(blocks))[-3:]
    return np.sum(best**2) + np.mean(best)


@lengths(12, 6, 21, 3)
def thin_regression(x):
    """Three columns, by thin QR and by the singular values."""
    table = x.reshape(-1, 3) + 0.1
    q, r = np.linalg.qr(table)
    u, s, vt = np.linalg.svd(table, full_matrices=False)
    return np.mean(np.abs(np.diag(r))) + np.mean(s) + np.sum((u @ np.diag(s)) ** 2) / len(s) + np.mean(q**2)


@lengths(30, 5, 10, 16)
def spectral_envelope(x):
    """A spectrum of sixteen points, whether the data are cut or filled, in six bands."""
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)), 16)) ** 2
    edges = [0, 1, 2, 3, 5, 7, 9]
    bands = np.array([power[a:b].sum() for a, b in zip(edges, edges[1:])])
    return np.mean(np.log(bands + 0.1)) + np.argmax(bands) * bands.max()


@lengths(15, 7, 6, 11)
def autocorrelation_lags(x):
    """Seven lags, or as many as there are."""
    y = x - x.mean()
    r = np.correlate(y, y, mode="full")[len(y) - 1 :][:7]
    r = r / r[0]
    return np.sum(r[1:] ** 2 * np.arange(1, len(r))) + np.mean(r)


@lengths(9, 4, 13, 5)
def local_polynomials(x):
    """A parabola through every window of five, the ends repeated; the largest curvature, softly."""
    padded = np.pad(x, 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5)
    t = np.arange(-2.0, 3.0)
    basis = np.stack([np.ones(5), t, t**2], axis=1)
    coefficients = windows @ np.linalg.pinv(basis).T
    bends = coefficients[:, 2]
    return np.log(np.mean(np.exp(bends - bends.max()))) + bends.max() + np.mean(coefficients[:, 1] ** 2)


@lengths(11, 4, 3, 6, wrt=(0, 1))
def nearest_neighbours(x, target):
    """Prediction at each point from its three nearest others."""
    distance = np.abs(x[:, None] - x[None, :]) + 1e3 * np.eye(len(x))
    order = np.argsort(distance, axis=1)[:, :3]
    weights = np.exp(-np.take_along_axis(distance, order, axis=1))
    guess = np.sum(weights * target[order], axis=1) / np.sum(weights, axis=1)
    return np.mean((guess - target) ** 2)


@lengths(10, 3, 4, 7)
def mini_batches(x):
    """One pass over the data in batches of four, with momentum."""
    w, velocity = 0.5, 0.0
    for start in range(0, len(x), 4):
        batch = x[start : start + 4]
        slope = np.mean(2 * (w - batch) * np.cos(batch))
        velocity = 0.9 * velocity - 0.1 * slope
        w = w + velocity
    return w**2


@lengths(16, 3, 8, 5)
def ring_buffer_peaks(x):
    """A buffer of four values that is written around; its mean and range after each value."""
    buffer = np.zeros(4)
    total = 0.0
    for n, value in enumerate(x):
        buffer[n % 4] = value
        seen = buffer[: min(n + 1, 4)]
        total += seen.mean() * (seen.max() - seen.min())
    return total


@lengths(9, 2, 4, 12)
def matrix_of_features(x):
    """Radial functions at five centres, a ridge, and the diagonal of what is fitted."""
    centres = np.linspace(-1.0, 2.0, 5)
    features = np.exp(-((x[:, None] - centres) ** 2))
    gram = features.T @ features + 0.1 * np.eye(5)
    weights = np.linalg.solve(gram, features.T @ np.sin(x))
    fitted = features @ weights
    k = min(features.shape)
    return np.mean((fitted - np.sin(x)) ** 2) + np.trace(features) / k + np.mean(np.diag(features))


@lengths(14, 5, 7, 28)
def weekly_seasons(x):
    """Seven means by the day of the week, of which some may have no data."""
    day = np.arange(len(x)) % 7
    sums = np.bincount(day, weights=x, minlength=7)
    counts = np.maximum(np.bincount(day, minlength=7), 1)
    season = sums / counts
    return np.mean((x - season[day]) ** 2) + np.var(season)


@lengths(8, 3, 12, 6)
def cross_convolved(x):
    """All three modes against a kernel of six."""
    kernel = np.array([1.0, -2.0, 0.5, 0.3, 0.2, 0.1])
    parts = [np.convolve(x, kernel, mode) for mode in ("full", "same", "valid")]
    return sum(np.mean(p**2) for p in parts) + parts[1] @ np.linspace(0.0, 1.0, max(len(x), 6))


@lengths(6, 2, 3, 9)
def padded_pyramid(x):
    """Halved until less than three are left, every level with a kernel of three."""
    energy = 0.0
    while len(x) >= 3:
        smooth = np.convolve(np.pad(x, 1, mode="reflect"), [0.25, 0.5, 0.25], mode="valid")
        energy += np.mean((x - smooth) ** 2)
        x = smooth[::2]
    return energy + np.mean(x) ** 2


@lengths(13, 4, 5, 8)
def quantile_features(x):
    """Nine quantiles and a histogram of five bins, weighted."""
    q = np.quantile(x, np.linspace(0.0, 1.0, 9))
    h, _ = np.histogram(x, bins=5, range=(-3.0, 4.0), weights=x**2)
    return np.mean(np.diff(q) ** 2) + np.mean(h**2) + np.mean(q[:3] * h[:3])


@pytest.mark.parametrize("f, sizes, wrt", CASES)
def test_one_gradient_serves_data_of_any_length(f, sizes, wrt):
    gradient = cr.grad(f, argnums=wrt)
    for n in sizes:
        args = tuple(data(n + 0 * k) + 0.3 * k for k in range(f.__code__.co_argcount))
        gradient_is(f, args, rtol=1e-5)
        fresh = cr.grad(f, argnums=wrt)(*copy.deepcopy(args))
        for one, two in zip(gradient(*copy.deepcopy(args)), fresh):
            np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-14, err_msg=f"{f.__name__} at length {n}")
