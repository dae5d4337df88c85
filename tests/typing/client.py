"""A typed program that uses the public interface; tests/test_typing.py runs `mypy --strict` over it, with the package as it is installed.

Each `assert_type` is a promise to users; each comment `# error: CODE` is one that a mistake of theirs is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import assert_type

import chainrule as cr
from chainrule.testing import assert_gradients

Vector = npt.NDArray[np.float64]


def energy(x: Vector, scale: float = 1.0) -> float:
    return float(scale * np.sum(x**2))


def with_aux(x: Vector, n: int) -> tuple[float, dict[str, int]]:
    return float(np.sum(x)), {"n": n}


# Gradients have the parameters of the function; what their results are depends on argnums and has_aux.
slope = cr.grad(energy)
assert_type(slope(np.ones(3), scale=2.0), Any)
slope("three", scale=2.0)  # error: arg-type
slope(np.ones(3), factor=2.0)  # error: call-arg
assert_type(cr.grad(energy, (0, "scale"))(np.ones(3)), tuple[Any, ...])
assert_type(cr.grad(with_aux, has_aux=True)(np.ones(3), 2), tuple[Any, dict[str, int]])
assert_type(cr.grad(with_aux, (0,), has_aux=True)(np.ones(3), 2), tuple[tuple[Any, ...], dict[str, int]])
cr.grad(energy, checks=True)  # error: call-overload

value, gradient = cr.value_and_grad(energy)(np.ones(3))
assert_type(value, float)
assert_type(cr.value_and_grad(energy, ("x", "scale"))(np.ones(3)), tuple[float, tuple[Any, ...]])
assert_type(cr.value_and_grad(with_aux, has_aux=True)(np.ones(3), n=1)[0], tuple[float, dict[str, int]])


# Decorators, with options and without.
@cr.grad
def decorated(x: float) -> float:
    return x * x


@cr.value_and_grad(argnums="y", check=True)
def decorated_with_options(x: float, y: float) -> float:
    return x * y


assert_type(decorated(2.0), Any)
assert_type(decorated_with_options(2.0, 3.0), tuple[float, Any])
decorated(2.0, 3.0)  # error: call-arg


class Model:
    def __init__(self, weights: Vector) -> None:
        self.weights = weights

    @cr.grad
    def slope(self, x: Vector) -> float:
        return float(np.sum(self.weights * x))


assert_type(Model(np.ones(2)).slope(np.ones(2)), Any)

# What a transformed function carries.
assert_type(slope.source, str)
assert_type(slope.source_for(np.ones(3)), str)
assert_type(slope.signatures, tuple[str, ...])
assert_type(slope.primal, Callable[..., Any])

# Values and maps.
result, pullback = cr.vjp(energy, np.ones(3))
assert_type(result, float)
assert_type(pullback(1.0), tuple[Any, ...])
assert_type(cr.vjp(with_aux, np.ones(3), 2, has_aux=True)[2], dict[str, int])
assert_type(cr.jvp(energy, (np.ones(3),), (np.ones(3),)), tuple[float, Any])
assert_type(cr.linearize(energy, np.ones(3))[0], float)

# Matrices, products.
assert_type(cr.jacobian(energy, chunk_size=4)(np.ones(3)), Any)
assert_type(cr.hessian(energy)(np.ones(3), scale=2.0), Any)
assert_type(cr.jacfwd(argnums="x")(energy)(np.ones(3)), Any)
assert_type(cr.elementwise_grad(energy)(np.ones(3)), Any)
cr.jacrev(energy, chunks=4)  # error: call-overload
product = cr.hvp(energy)
product(np.ones(3), np.ones(3))

# Memory, constants, inner values.
assert_type(cr.checkpoint(energy)(np.ones(3), 2.0), float)
cr.checkpoint(energy)(np.ones(3), "2")  # error: arg-type
assert_type(cr.checkpointed(range(3), budget=2), Iterator[int])
assert_type(cr.stop_gradient(2.0), float)
assert_type(cr.intermediate_grads(energy, "x")(np.ones(3)), dict[str, Any])


# Rules of the user's.
@cr.custom_vjp
def clipped(x: float) -> float:
    return min(x, 1.0)


clipped.defvjp(lambda x: (clipped(x), None), lambda _, g: (g,))
number: float = clipped(2.0)
cr.defvjp(np.cbrt, "cbrt(x) -> y", x="y_bar / (3 * y ** 2)")

# Checks and errors.
cr.check_grads(energy, (np.ones(3),), order=2, modes=("rev",))
assert_gradients(energy, np.ones(3), order=1)
try:
    slope(np.ones(3))
except cr.UnsupportedError as error:
    assert_type(error.findings, tuple[cr.errors.Finding, ...])
cr.nothing  # error: attr-defined
