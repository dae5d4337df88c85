"""What a root is taken of, where a mask has made it zero."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

X = np.array([1.0, 2.0, -1.0, 3.0])


@case(X)
def maximum(x):
    return np.sum(np.sqrt(np.maximum(x, 0.0) * 0.3) * x) + np.sum(np.maximum(x, 0) ** 0.5) + np.sum(np.sqrt(np.maximum(0.0, x[::-1])[1:]))


@case(X)
def minimum(x):
    return np.sum(np.sqrt(np.minimum(-x, 0.0) * -1)) + np.sum(np.cbrt(np.fmax(x, 0)))


@case(X)
def clipped(x):
    return np.sum(np.sqrt(np.clip(x, 0.0, None))) + np.sum(np.clip(x, 0, 2.5) ** x[1])


@case(X)
def of_python(x):
    return sum(math.sqrt(max(v, 0.0)) for v in x) + sum(max(0.0, v, -1.0) ** 0.5 for v in x.tolist())


@case(X, 0.04)
def full_truncation(z, v):
    s, w = 1.0, np.full(4, v)
    for _ in range(5):
        positive = np.maximum(w, 0.0)
        s = s * np.exp(np.sqrt(positive * 0.1) * z)
        w = w + 0.5 * (0.04 - positive) * 0.1 + 0.9 * np.sqrt(positive * 0.1) * z
    return np.sum(s)


@pytest.mark.parametrize(("f", "args"), cases(__name__))
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_gradient(f, args):
    gradient_is(f, args)
