"""Shapes of results that depend on which of two lengths is the larger one: a number among the extents, or a symbol."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.nodes import Lit, Var
from chainrule.ir.ops import OPS
from chainrule.ir.probe import probe
from chainrule.ir.types import Array, Dim


def array(*shape):
    return Var(Array("float64", shape))


@pytest.mark.parametrize("number", [2, 3, 5, 6, 9, 30, 70])
def test_the_longer_or_the_shorter_one_is_neither(number):
    n, m = Dim("n0"), Dim("n1")
    for shape in ((n, number), (number, n)):
        (shorter,) = probe(OPS["np.diagonal"], (array(*shape), Lit(0), Lit(0), Lit(1))).shape
        assert shorter not in (n, number) or number == 2  # a symbol is not below 2
    for args in ((array(n), array(number)), (array(number), array(n)), (array(n), array(m))):
        (longer,) = probe(OPS["np.convolve"], (*args, Lit("same"))).shape
        assert longer not in (n, m, number) or number == 2


def test_what_does_not_depend_on_it_stays_known():
    n, m = Dim("n0"), Dim("n1")
    assert probe(OPS["np.cumsum"], (array(n, 3), Lit(0))).shape == (n, 3)
    assert probe(OPS["@"], (array(3, n), array(n, m))).shape == (3, m)
    assert probe(OPS["np.repeat"], (array(n, 2), Lit(3), Lit(1))).shape == (n, 6)


def smoothed(x):
    return np.var(np.convolve(x, np.ones(9), mode="same"))


def correlated(x):
    return np.mean(np.correlate(x, np.ones(9), "same") * 2.0)


def weighted(x):
    y = np.convolve(x, np.ones(9), mode="same")
    return np.linspace(0.0, 1.0, len(y)) @ y


def interpolated(x):
    y = np.convolve(x, np.arange(5.0), mode="same")
    return np.interp(0.3, np.linspace(0.0, 1.0, max(len(x), 5)), y)


def singular_values(x):
    u, s, v = np.linalg.svd(x.reshape(-1, 3), full_matrices=False)
    return np.mean(s) + np.sum(v[0] ** 2 * u[0, 0])


def triangle(x):
    q, r = np.linalg.qr(x.reshape(-1, 3))
    return np.mean(r**2) + np.mean(q)


def diagonal(x):
    d = np.diag(x.reshape(-1, 3))
    return np.mean(d) + np.sum(d * np.arange(len(d)))


def windows(x):
    return np.var(np.lib.stride_tricks.sliding_window_view(x, 9).sum(axis=0))


def taken(x):
    return np.take(x, 11) ** 2 + x[np.unravel_index(9, x.shape)]


def smallest(x):
    return np.mean(np.partition(x, 9)[:9] ** 2) + np.take(np.pad(x, 300), 309)


@pytest.mark.parametrize("f", [windows, taken, smallest])
def test_what_needs_arrays_of_some_length_is_tried_on_those(f):
    gradient = cr.grad(f)
    for length in (12, 21):
        x = np.random.default_rng(0).normal(size=length)
        expected = [(f(x + step) - f(x - step)) / 2e-6 for step in 1e-6 * np.eye(length)]
        np.testing.assert_allclose(gradient(x), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("f", [smoothed, correlated, weighted, interpolated, singular_values, triangle, diagonal])
def test_one_program_serves_both_sides(f):
    gradient = cr.grad(f)
    for length in (12, 6, 9, 21, 3):
        x = np.random.default_rng(0).normal(size=length)
        steps = 1e-6 * np.eye(length)
        expected = [(f(x + step) - f(x - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(gradient(x), expected, rtol=1e-5, atol=1e-7, err_msg=f"{length}")
