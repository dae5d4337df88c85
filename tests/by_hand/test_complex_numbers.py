"""Complex numbers of Python beside those of NumPy: real and complex contributions to one adjoint."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

Z = np.array([0.3, 0.8])


@case(Z)
def parts_of_a_quotient(x):
    q = complex(x[0], 0) / x[1]
    return q.imag + q.real**2


@case(Z)
def real_then_complex(x):
    q = 1j * np.sqrt(1 - x[0] ** 2) / abs(x[1]) + complex(x[0], x[1]) * x[1]
    return q.imag + q.real**2


@case(0.3)
def of_python_and_numpy(x):
    q = complex(x, 0.0) + np.float64(2.0) * x + 1j * np.sqrt(x)
    return q.imag + q.real


@case(0.3, 0.7)
def in_a_loop(x, y):
    z, total = complex(x, y), 0.0
    for _ in range(4):
        total += z.real + 2 * z.imag
        z = z * z / (1.5 + abs(z)) + x
    return total + z.real * z.imag


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_nothing_is_discarded():
    """No adjoint loses an imaginary part on the way."""
    import chainrule as cr

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for f, args in (c.values for c in cases(__name__)):
            cr.grad(f)(*args)
