"""Lists and tuples of ranges whose ends are computed: their items begin where the range begins."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr

X = np.arange(1.0, 7.0)


def stored(x):
    n = x.shape[0]
    y = np.zeros((n, n))
    y[list(range(1, n)), list(range(n - 1))] = x[1:]
    return np.sum(y * np.arange(n * n).reshape(n, n))


def read(x):
    r = list(range(1, x.shape[0] - 1))
    return np.sum(x[r] * np.arange(len(r))) + x[r[0]] * 2


def with_a_step(x):
    n = x.shape[0]
    r = list(range(n - 4, n, 2))
    return x[r[0]] * 2 + x[r[-1]] * 3 + sum(r)


def backwards(x):
    r = tuple(range(x.shape[0], 0, -2))
    return x[r[0] - 1] * 2 + x[r[-1] - 1] * r[1]


def unpacked(x):
    a, b, c = range(x.shape[0] - 3, x.shape[0])
    return x[a] + x[b] * 2 + x[c] * b


def kinds(x):
    y = np.fft.ifft(np.fft.fft(x))
    if not (np.iscomplexobj(x) or np.iscomplexobj(x[1:])) and np.isrealobj(x):
        y = np.real(y)
    return np.sum(y**2 * np.arange(6))


@pytest.mark.parametrize("f", [stored, read, with_a_step, backwards, unpacked, kinds])
def test_gradient(f):
    expected = np.array([(f(X + 1e-5 * unit) - f(X - 1e-5 * unit)) / 2e-5 for unit in np.eye(6)])
    value, gradient = cr.value_and_grad(f)(X)
    assert value == pytest.approx(f(X))
    np.testing.assert_allclose(gradient, expected, atol=1e-7)
    np.testing.assert_allclose(cr.jacfwd(f)(X), expected, atol=1e-7)
