"""Samples of the rows of scipy.linalg."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..harness import Case, Const, case
from .arrays import Arrays

_arrays = Arrays(1)
A, C, SPD = _arrays.A, _arrays.C, _arrays.SPD


def R(n: int, *stack: int) -> Any:
    """A regular matrix, or a stack of them."""
    return A(*stack, n, n) + 4 * np.eye(n)


def Z(n: int, *stack: int) -> Any:
    return C(*stack, n, n) + 5 * np.eye(n)


def H(n: int) -> Any:
    """A positive definite Hermitian matrix."""
    m = C(n, n)
    return m @ m.conj().T + n * np.eye(n)


def spoiled(m: Any, lower: bool) -> Any:
    """A matrix of which one triangle is read: the other one holds something else."""
    other = A(*m.shape)
    return np.tril(m) + np.triu(other, 1) if lower else np.triu(m) + np.tril(other, -1)


def solving() -> list[Case]:
    cases = [case(R(3), A(3)), case(R(3), A(3, 2)), case(R(3), A(3), transposed=True), case(R(3), A(3, 2), transposed=True), case(Z(3), C(3)), case(Z(3), A(3, 2)),
             case(R(3), C(3, 2)), case(R(3), A(3), assume_a="gen"), case(np.asfortranarray(R(3)), A(6)[::2]), case(R(1), A(1)), case(R(3), A(3), overwrite_a=True, check_finite=False)]
    for lower in (False, True):
        for structure in ("sym", "her", "pos"):
            cases += [case(spoiled(SPD(3), lower), A(3, 2), assume_a=structure, lower=lower), case(spoiled(SPD(3), lower), A(3), assume_a=structure, lower=lower)]
        cases += [case(spoiled(H(3), lower), C(3, 2), assume_a=structure, lower=lower) for structure in ("her", "pos")]
        cases += [case(spoiled(Z(3) + Z(3).T, lower), C(3), assume_a="sym", lower=lower)]
    return cases


def triangular() -> list[Case]:
    return [case(R(3) if real else Z(3), (A if real else C)(*shape), trans=trans, lower=lower, unit_diagonal=unit)
            for real in (True, False) for shape in ((3,), (3, 2)) for trans in (0, 1, 2, "T") for lower in (True, False) for unit in (True, False)]


def factored(m: Any) -> Any:
    return spoiled(np.linalg.cholesky(m), True)


UNSIGNED = {"linalg_rt.eig", "linalg_rt.eigh", "linalg_rt.qr"}  # LAPACK chooses the signs of vectors, perhaps others in another precision
SAMPLES: dict[str, list[Case]] = {
    "linalg.solve": solving(),
    "linalg.inv": [case(R(3)), case(Z(3)), case(R(1)), case(R(2).T), case(R(2), overwrite_a=True)],
    "linalg.det": [case(R(3)), case(Z(3)), case(R(1)), case(np.asfortranarray(R(2)))],
    "linalg.solve_triangular": triangular(),
    "linalg_rt.mirrored": [case(m, lower, hermitian) for m in (R(3), Z(3)) for lower in (True, False) for hermitian in (True, False)],
    "linalg_rt.folded": [case(m, lower, hermitian) for m in (R(3), Z(3)) for lower in (True, False) for hermitian in (True, False)],
    "linalg.cholesky": [case(spoiled(m, lower), lower=lower) for m in (SPD(3), H(3), SPD(1)) for lower in (True, False)],
    "linalg_rt.cho_factored": [case(spoiled(m, lower), lower) for m in (SPD(3), H(3)) for lower in (True, False)],
    "linalg_rt.cho_solved": [case(np.swapaxes(factored(m), 0, 1).conj() if not lower else factored(m), b, lower)
                             for m, b in ((SPD(3), A(3)), (SPD(3), A(3, 2)), (H(3), C(3))) for lower in (True, False)],
    "linalg.lu_factor": [case(A(3, 3)), case(C(3, 3)), case(A(1, 1))],
    "linalg_rt.lu_solved": [case(m, np.array([2, 2, 2]), b, trans) for m, b in ((R(3), A(3)), (R(3), A(3, 2)), (Z(3), C(3, 2))) for trans in (0, 1, 2)],
    "linalg_rt.permuted": [case(A(3, 2), np.array([2, 0, 1]))],
    "linalg_rt.permuted_back": [case(A(3, 2), np.array([2, 0, 1]))],
    "linalg_rt.banded_solved": [case(A(3, 4) + 4 * np.eye(3, 1) @ np.ones((1, 4)), b, 2, 0) for b in (A(4), A(4, 2))]
        + [case(A(4, 5) + np.array([[0], [6.0], [0], [0]]), b, 2, 1) for b in (A(5), C(5, 2))],
    "linalg_rt.banded_transpose": [case(A(4, 5), 2, 1), case(A(3, 5), 2, 0)],
    "linalg_rt.banded_product": [case(A(4, 5), A(5), 2, 1), case(C(4, 5), A(5, 2), 1, 2)],
    "linalg_rt.banded_outer": [case(A(5), A(5), 2, 1), case(C(5, 2), A(5, 2), 1, 2)],
    "linalg.solve_sylvester": [case(R(3), R(2), A(3, 2)), case(Z(3), Z(2), C(3, 2))],
    "linalg.solve_continuous_lyapunov": [case(R(3), A(3, 3)), case(Z(2), C(2, 2))],
    "linalg.solve_discrete_lyapunov": [case(0.3 * A(3, 3), A(3, 3)), case(0.3 * C(2, 2), C(2, 2), method="direct"), case(0.2 * A(3, 3), A(3, 3), method="bilinear")],
    **{f"linalg.{name}": [case(0.5 * A(3, 3)), case(0.3 * C(3, 3)), case(A(1, 1)), case(np.zeros((2, 2)))]
       for name in ("expm", "cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")},
    **{f"linalg_rt.{name}": [case(R(3)), case(Z(3)), case(np.array([[2.0]]))] for name in ("logm", "sqrtm")},
    "linalg_rt.beside": [], "linalg_rt.placed_beside": [case(A(2, 2)), case(C(2, 2))],
    "linalg_rt.power": [case(SPD(3) + A(3, 3) / 4, Const(0.3)), case(Z(3), Const(0.7))],
    "linalg.norm": [case(A(4)), case(A(2, 3)), case(A(4), 1), case(A(2, 3), "fro"), case(A(2, 3), ord=2, axis=1, keepdims=True), case(C(4))],
    "linalg.svd": [case(A(3, 2), compute_uv=False), case(A(3, 2), full_matrices=False), case(A(2, 3), full_matrices=False), case(C(2, 2), compute_uv=False), case(A(1, 1), full_matrices=False, lapack_driver="gesvd")],
    "linalg.svdvals": [case(A(3, 2)), case(A(2, 3)), case(C(3, 3))],
    "linalg.pinv": [case(A(3, 2)), case(A(2, 3)), case(C(3, 2)), case(A(3, 3), rtol=Const(1e-9))],
    "linalg.pinvh": [case(spoiled(m, lower), lower=lower) for m in (SPD(3), H(3)) for lower in (True, False)],
    "linalg_rt.lstsq": [case(A(4, 2), A(4)), case(A(2, 4), A(2)), case(A(4, 2), A(4, 3)), case(C(4, 2), C(4)), case(A(3, 3), A(3))],
    "linalg_rt.qr": [case(a, mode, pivoting) for a in (A(3, 2), A(2, 3), A(3, 3), C(4, 2)) for mode in ("economic", "r") for pivoting in (False, True)] + [case(A(3, 3), "full"), case(A(2, 3), "full", True)],
    "linalg_rt.eigh": [case(spoiled(np.diag([1.0, 4.0, 9.0]) + 0.1 * SPD(3), lower), *b, lower=lower, driver="ev" if not b else "gv") for lower in (True, False) for b in ((), (spoiled(np.eye(3) + 0.1 * SPD(3), lower),))] + [case(A(1, 1), A(1, 1) + 3)],
    "linalg_rt.eigh_along": [],  # tests/rules/test_repeated_values.py
    "linalg_rt.eigvalsh": [case(spoiled(m, lower), *b, lower=lower) for lower in (True, False) for m, b in ((SPD(3), ()), (SPD(3), (spoiled(SPD(3), lower),)), (H(3), ()), (H(3), (spoiled(H(3), lower),)))],
    "linalg_rt.eigvals": [case(np.diag([1.0, 3.0, 6.0]) + 0.3 * A(3, 3)), case(np.diag([1.0, 3.0, 6.0]) + 0.2 * C(3, 3))],
    "linalg_rt.eig": [case(np.diag([1.0, 3.0, 6.0]) + 0.3 * A(3, 3)), case(np.diag([1.0, 3.0, 6.0]) + 0.2 * C(3, 3))],
}
