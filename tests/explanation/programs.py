"""Calls that are explained in several tests."""

from __future__ import annotations

import numpy as np


def layer(h, w, b):
    return np.tanh(h @ w + b)


def loss(params, x, y):
    h = x
    for w, b in params:
        h = layer(h, w, b)
    error = h - y
    return np.mean(error**2)


def network():
    """The arguments of `loss`: three layers, and a batch of 32."""
    rng = np.random.default_rng(0)
    sizes = (8, 16, 16, 2)
    params = [(rng.normal(size=pair) / np.sqrt(pair[0]), np.zeros(pair[1])) for pair in zip(sizes, sizes[1:])]
    return params, rng.normal(size=(32, 8)), rng.normal(size=(32, 2))


def recurrent(w, u, x):
    h = np.zeros(w.shape[0])
    for t in range(len(x)):
        h = np.tanh(w @ h + u @ x[t])
    return np.sum(h**2)


def sequence(length):
    """The arguments of `recurrent`, whose gradient vanishes."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 6)) * 0.2, rng.normal(size=(6, 4)), rng.normal(size=(length, 4))


def contracting(x, n):
    s = x
    for _ in range(n):
        s = s * 0.999 + 0.001 * np.sin(s)
    return s * s


def branching(x, y):
    a = x * y
    if a > 0:
        b = np.sin(a)
    else:
        b = -a
    return a * b + x
