"""Integers outside of a function that are extents of its arrays: `np.zeros(STATES)` beside arguments of that length."""

from __future__ import annotations

import sys

import numpy as np

import chainrule as cr

SIZE = 3


def scaled_rows(x):
    rows = np.zeros((SIZE, 1)) + x
    total = np.full(SIZE, 2.0)
    total[: len(x)] *= x[:SIZE]
    return np.sum(rows**2) + np.sum(total**2)


def test_a_constant_outside_that_is_an_extent_is_known_to_be_one(monkeypatch):
    """The program for SIZE == len(x) relies on it; another SIZE, or another length, gets another program, at every call."""

    def expected(x, size):
        gradient = 2 * size * x
        gradient[:size] += 8 * x[:size]
        return gradient

    gradient = cr.grad(scaled_rows)
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0])
    for _ in range(3):
        np.testing.assert_allclose(gradient(x), expected(x, 3))
    assert "unbroadcast" not in gradient.source
    for _ in range(3):
        for size in (5, 3, 4):
            monkeypatch.setattr(sys.modules[__name__], "SIZE", size)
            for v in (x, y):
                np.testing.assert_allclose(gradient(v), expected(v, size))
            other = cr.grad(scaled_rows)
            np.testing.assert_allclose(other(x), expected(x, size))
