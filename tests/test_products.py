"""Calls of `hvp` and `jvp`: vectors of any class that fits, again and again; what does not fit is refused, also after what does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import chainrule as cr

X = np.array([1.1, -0.7, 2.3])


def cubed(x):
    return np.sum(x * x * x)


def scaled(a, b=1.0):
    return np.sum(a * a * a) * b * b


@dataclasses.dataclass
class Model:
    w: np.ndarray
    n: int
    b: float


def of_model(model):
    return np.sum(model.w**3) * model.b


@pytest.fixture
def product():
    """One that has been called before."""
    product = cr.hvp(cubed)
    product(X, X)
    return product


@pytest.mark.parametrize("v", [[1, 2, 3], (1.0, 2.0, 3.0), np.arange(1, 4), np.arange(1, 4, dtype=np.float32), np.arange(6.0)[1::2] * 0 + [1, 2, 3]],
                         ids=["list", "tuple", "ints", "float32", "strided"])
def test_vectors_are_converted_each_time(product, v):
    for _ in range(3):
        np.testing.assert_allclose(product(X, v), 6.0 * X * np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("v", [np.ones(4), np.ones((1, 3)), np.ones(3, complex), 1.0, "abc"], ids=["longer", "one more axis", "complex", "number", "text"])
def test_what_does_not_fit_is_refused_each_time(product, v):
    for _ in range(2):
        with pytest.raises(TypeError, match="hvp: the tangent of x"):
            product(X, v)
    np.testing.assert_allclose(product(X, X), 6.0 * X * X)


@pytest.mark.parametrize("x", [np.float64(2.0), 2.0, np.float32(2.0)], ids=["float64", "float", "float32"])
@pytest.mark.parametrize("v", [1, 1.0, np.float64(1.0), np.float32(1.0), True])
def test_numbers(x, v):
    product = cr.hvp(lambda c: c**3)
    for _ in range(3):
        found = product(x, v)
        assert found == 12.0 and type(found) is type(x)


def test_containers():
    product = cr.hvp(of_model)
    for v in (Model(X, 0, 1.0), Model(X, None, 1), Model(list(X), 5, 1.0)):
        for _ in range(2):
            found = product(Model(X, 2, 2.0), v)
            np.testing.assert_allclose(found.w, 6.0 * X * X * 2.0 + 3.0 * X**2)
            assert found.n is None and found.b == pytest.approx(np.sum(3.0 * X**2 * X))


def test_the_same_array_as_argument_and_vector(product):
    for v in (X, X.copy(), X):
        np.testing.assert_allclose(product(X, v), 6.0 * X * X)
        np.testing.assert_allclose(cr.jvp(cubed, (X,), (v,))[1], np.sum(3.0 * X**3))


def test_some_arguments():
    np.testing.assert_allclose(cr.hvp(scaled)(X, X), 6.0 * X * X)
    both = cr.hvp(scaled, ("b", 0))(X, 2.0, (1.0, X))
    assert both[0] == pytest.approx(2.0 * np.sum(X**3) + 4.0 * np.sum(3.0 * X**3))
    np.testing.assert_allclose(both[1], 6.0 * X * X * 4.0 + 3.0 * X**2 * 4.0)
    np.testing.assert_allclose(cr.hvp(scaled, -1)(X, 2.0, 1.0), 2.0 * np.sum(X**3))


def test_there_is_no_such_argument():
    with pytest.raises(TypeError, match="hvp of scaled: there is no argument 'c'"):
        cr.hvp(scaled, "c")
    with pytest.raises(TypeError, match="argnums=5, but there are 1 positional arguments"):
        cr.hvp(scaled, 5)(X, X)


def quartic(x):
    return np.sum(x**4)


quartic_product = cr.hvp(quartic)


@pytest.mark.parametrize("derivative, expected", [
    (lambda x, v: cr.grad(lambda x: np.sum(quartic_product(x, v)))(x), lambda x, v: 24 * x * v),
    (lambda x, v: cr.jacobian(quartic_product)(x, v), lambda x, v: np.diag(24 * x * v)),
    (lambda x, v: cr.jvp(quartic_product, (x, v), (v, None))[1], lambda x, v: 24 * x * v**2),
    (lambda x, v: cr.vjp(quartic_product, x, v)[1](v)[0], lambda x, v: 24 * x * v**2),
    (lambda x, v: cr.linearize(quartic_product, x, v)[1](None, v), lambda x, v: 12 * x**2 * v),
])
def test_transforms_of_a_product(derivative, expected):
    x, v = np.array([1.0, 2.0]), np.array([1.0, 0.5])
    np.testing.assert_allclose(derivative(x, v), expected(x, v))


def test_the_source_of_a_product():
    text = quartic_product.source_for(np.ones(2), np.ones(2))
    assert text.startswith("def quartic_grad_pushforward(x, x_dot):")
    assert quartic_product.primal is quartic
    with pytest.raises(TypeError, match="the vector is missing"):
        quartic_product()
