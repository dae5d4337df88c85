"""Second derivatives of functions of eigenvalues and singular values that are smooth in the matrix, where some of the values are equal, or zero.

Each is compared with the same function written without a decomposition. Of a symmetric matrix, the symmetric part of the derivative counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

try:
    from scipy import linalg
except ImportError:
    linalg = None

_Q = np.linalg.qr(np.sin(np.arange(25.0)).reshape(5, 5))[0]
MATRICES = {"two": np.diag([2.0, 2.0, 3.0]), "all": np.eye(3), "zero": np.zeros((3, 3)), "rotated": _Q @ np.diag([2.0, 2.0, 2.0, 5.0, 5.0]) @ _Q.T,
            "none": np.array([[4.0, 1.0, 0.2], [1.0, 3.0, 0.5], [0.2, 0.5, 5.0]])}


def _even(a: Any) -> Any:
    return (a + a.T) / 2


def _lower(a: Any) -> Any:
    return np.tril(a) + np.tril(a, -1).T


def _cubes(a: Any) -> Any:
    return np.sum((a @ a) * a.T)


def _fourths(a: Any) -> Any:
    return np.sum((a.T @ a) ** 2)


SYMMETRIC: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "squares": (lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), lambda a: np.sum(_even(a) ** 2)), "cubes": (lambda a: np.sum(np.linalg.eigvalsh(a) ** 3), lambda a: _cubes(_even(a))),
    "logarithms": (lambda a: np.sum(np.log(np.linalg.eigvalsh(a) + 1)), lambda a: np.log(np.linalg.det(_even(a) + np.eye(len(a))))),
    "with vectors": (lambda a: np.sum(np.linalg.eigh(a)[0] ** 3), lambda a: _cubes(_even(a)))}
SQUARE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "singular values": (lambda a: np.sum(np.linalg.svd(a, compute_uv=False) ** 4), _fourths), "with singular vectors": (lambda a: np.sum(np.linalg.svd(a)[1] ** 4), _fourths),
    "wide": (lambda a: np.sum(np.linalg.svd(a[:2], compute_uv=False) ** 4), lambda a: _fourths(a[:2])), "tall": (lambda a: np.sum(np.linalg.svd(a[:, :2], compute_uv=False) ** 4), lambda a: _fourths(a[:, :2]))}
if linalg is not None:
    SQUARE |= {
        "scipy's eigenvalues": (lambda a: np.sum(linalg.eigvalsh(a) ** 3), lambda a: _cubes(_lower(a))), "scipy's, upper": (lambda a: np.sum(linalg.eigvalsh(a, lower=False) ** 3), lambda a: _cubes(_lower(a.T))),
        "scipy's with vectors": (lambda a: np.sum(linalg.eigh(a)[0] ** 3), lambda a: _cubes(_lower(a))), "scipy's singular values": (lambda a: np.sum(linalg.svdvals(a) ** 4), _fourths),
        "scipy's, of two": (lambda a: np.sum(linalg.eigvalsh(a, 2 * np.eye(len(a)) + 0.1) ** 3), lambda a: _cubes(np.linalg.solve(2 * np.eye(len(a)) + 0.1, _lower(a)))),
        "scipy's, in the second": (lambda b: np.sum(linalg.eigvalsh(2 * np.eye(len(b)) + 0.1, b + np.eye(len(b))) ** 3),
                                   lambda b: _cubes(np.linalg.solve(_lower(b) + np.eye(len(b)), 2 * np.eye(len(b)) + 0.1)))}


def _halves(h: Any) -> Any:
    """A Hessian as it acts on symmetric changes."""
    h = h + np.swapaxes(h, 0, 1)
    return (h + np.swapaxes(h, 2, 3)) / 4


@pytest.mark.parametrize("where", MATRICES)
@pytest.mark.parametrize("name", [*SYMMETRIC, *SQUARE])
def test_second_derivatives(name: str, where: str) -> None:
    f, plain = (SYMMETRIC | SQUARE)[name]
    part = _halves if name in SYMMETRIC else np.asarray
    a = MATRICES[where]
    expected = part(cr.hessian(plain)(a))
    np.testing.assert_allclose(part(cr.hessian(f)(a)), expected, rtol=1e-9, atol=1e-9)
    d = np.cos(np.arange(a.size) * 1.7).reshape(a.shape)
    d = d + d.T if name in SYMMETRIC else d
    product = cr.hvp(f)(a, d)
    np.testing.assert_allclose((product + product.T) / 2 if name in SYMMETRIC else product, np.tensordot(expected, d), rtol=1e-9, atol=1e-9)
    value, slope = cr.jvp(f, (a,), (d,))
    assert value == f(a)
    np.testing.assert_allclose(slope, np.sum(cr.grad(plain)(a) * d), rtol=1e-9, atol=1e-9)


def test_the_largest_eigenvalue_is_smooth_where_it_is_alone() -> None:
    hessian = cr.hessian(lambda a: np.linalg.eigvalsh(a)[-1])(MATRICES["two"])
    expected = np.zeros((3, 3, 3, 3))
    for i in (0, 1):  # 2 (v . da u) ** 2 / (3 - 2), of the symmetric part
        for one in ((i, 2), (2, i)):
            for other in ((i, 2), (2, i)):
                expected[one + other] = 0.5
    np.testing.assert_allclose(hessian, expected, atol=1e-12)


def test_a_stack() -> None:
    stack, weights = np.stack([MATRICES[name] for name in ("two", "all", "zero", "none")]), np.arange(1.0, 5.0)
    for values in (np.linalg.eigvalsh, lambda a: np.linalg.svd(a, compute_uv=False)):
        found = cr.hessian(lambda a, values=values: np.sum(values(a) ** 4 * weights[:, None]))(stack)
        for k, a in enumerate(stack):
            one = cr.hessian(lambda a, values=values: np.sum(values(a) ** 4))(a)
            np.testing.assert_allclose(found[k, :, :, k], weights[k] * one, atol=1e-9)


def test_complex_matrices() -> None:
    def matrix(z: Any) -> Any:
        return z[0] + 1j * z[1]

    def squares(c: Any) -> Any:
        return np.sum(np.real(c * np.conj(c)))

    z = np.stack([MATRICES["two"], np.zeros((3, 3))])
    hermitian = cr.hessian(lambda z: np.sum(np.linalg.eigvalsh(matrix(z)) ** 2))(z)
    even = cr.hessian(lambda z: squares((matrix(z) + np.conj(matrix(z).T)) / 2))(z)
    np.testing.assert_allclose(hermitian, even, atol=1e-9)
    singular = cr.hessian(lambda z: np.sum(np.linalg.svd(matrix(z), compute_uv=False) ** 4))(z)
    plain = cr.hessian(lambda z: squares(np.conj(matrix(z).T) @ matrix(z)))(z)
    np.testing.assert_allclose(singular, plain, atol=1e-9)


@pytest.mark.parametrize("name", ["cubes", "singular values", *(["scipy's eigenvalues"] if linalg is not None else [])])
def test_third_derivatives_are_right_or_not_a_number(name: str) -> None:
    f, plain = (SYMMETRIC | SQUARE)[name]

    def third(f: Any, a: Any) -> Any:
        return cr.jvp(lambda a: cr.hvp(f)(a, np.ones((3, 3))), (a,), (np.diag([1.0, 2.0, 3.0]),))[1]

    np.testing.assert_allclose(third(f, MATRICES["none"]), third(plain, MATRICES["none"]), atol=1e-9)
    assert np.isnan(third(f, MATRICES["two"])).any()
