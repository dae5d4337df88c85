"""Functions of NumPy that are given lists of computed numbers, that join arrays, and that are others put together."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import M, case, cases
from tests.gradients import gradient_is

W3 = np.array([1.1, 2.6, 3.9])
D = np.array([3.0, 1.0, 4.0, 1.5, 9.0])


# -- lists of numbers where NumPy makes arrays ---------------------------------------------------------------------


@case(W3)
def products(w):
    return np.dot([w[0], w[1], 2.0], w) + np.outer([w[0], 1.0], [w[1], w[2]]).sum() + np.cross([w[0], 1.0, w[2]], w)[0] + np.kron([w[0], 1.0], w).sum()


@case(W3)
def contracted(w):
    return (np.einsum("i,i->", [w[0], 2.0, w[1]], w) + np.tensordot([w[0], w[1], 1.0], w, 1) + np.inner([w[0], w[1], 1.0], w)
            + np.vdot([w[0], w[1], 1.0], w))


@case(W3)
def norms(w):
    return np.linalg.norm([w[0], w[1]]) + np.linalg.det([[w[0], 1.0], [1.0, w[1]]]) + np.std([w[0], w[1]]) + np.var([w[0], w[1], w[2] * 2])


@case(W3)
def solved(w):
    return np.linalg.solve([[w[0], 1.0], [1.0, w[1]]], [w[2], w[0]]).sum() + np.linalg.inv([[w[0], 1.0], [1.0, w[1]]])[0, 0]


@case(W3)
def diagonals(w):
    return np.sum(np.diag([w[0], w[1]]) ** 2) + np.trace([[w[0], 1.0], [2.0, w[1]]])


@case(W3)
def shaped(w):
    a = np.sum(np.broadcast_to([w[0], w[1]], (3, 2)) ** 2) + np.sum(np.atleast_2d([w[0], w[1]]) ** 2)
    return a + np.sum(np.reshape([w[0], w[1]], (2, 1)) ** 2) + np.sum(np.tile([w[0], w[1]], 2) ** 2) + np.roll([w[0], w[1]], 1)[0]


@case(W3)
def sorted_list(w):
    return np.sort([w[2], w[1]])[0] + np.cumsum([w[0], w[1]])[1] + np.diff([w[0], w[1]])[0]


@case(W3)
def spaced_between_vectors(w):
    return np.sum(np.linspace([w[0], 0.0], [w[1], w[2]], 3) ** 2) + np.sum(np.linspace(w, 1.0, 4) ** 2) + np.sum(np.linspace(w[0], M * w, 4, endpoint=False) ** 2)


# -- joining ----------------------------------------------------------------------------------------------------------


@case(W3)
def with_a_constant_list(w):
    return np.sum(np.concatenate(([0.0], w)) * np.arange(4.0)) + np.sum(np.concatenate([w, [1.0, 2.0], w * w]) ** 2)


@case(W3)
def with_a_computed_list(w):
    return np.sum(np.concatenate(([w[0], 1.0], w, (w[1], 3))) * np.arange(7.0))


@case(W3)
def in_a_loop(w):
    s = 0.0
    for k in range(3):
        s += np.sum(np.concatenate(([0.0], w * k, [w[k]])) ** 2)
    return s


@case(W3)
def with_a_list_that_grew(w):
    return np.sum(np.concatenate(([w[0] * k for k in range(len(w))], w)) ** 2)


@case(W3)
def rows_of_lists(w):
    return np.sum(np.vstack([(w[0], w[1]), (w[1], w[2])]) * [[1.0, 2.0], [3.0, 4.0]]) + np.sum(np.stack([(w[0], w[1]), [w[2], 2.0]], axis=1)[0] ** 2)


@case(W3)
def appended_lists(w):
    return np.append(w, [w[0], 3.0]) @ np.arange(5.0) + np.append(w, [[1.0, w[1]]]).sum() + np.hstack([[w[0], 1.0], w, w[1]])[[0, 5]].sum()


@case(W3)
def vectors_and_matrices(w):
    a = np.vstack([w, M * w[1], [1.0, 2.0, 3.0], w * w])
    b = np.column_stack([np.ones(2), M * w[0], [w[1], w[2]], np.ones((2, 2))])
    return np.sum(a * np.arange(15.0).reshape(5, 3)) + np.sum(b * np.arange(14.0).reshape(2, 7))


@case(W3)
def r_and_c(w):
    a = np.r_[0.0, w, w[0]] @ np.arange(5.0) + np.r_[w, [w[0]] * 2].sum() + np.r_[1:3, w][3] + np.r_[M * w[0], M][1, 2]
    return a + np.sum(np.c_[w, w * w][:, 1]) + np.sum(np.c_[np.ones(2), M * w[0], [w[0], w[1]]] ** 2) + np.r_[1.0:2.0:4j, w][2:5] @ w


# -- functions that are others put together ----------------------------------------------------------------------------


@case(W3)
def convolved(w):
    return np.convolve(D * w[0], w, "same")[2] + np.convolve(w, D, "valid").sum() + np.convolve(w, D * w[1], "same") @ D + np.convolve([w[0], w[1]], w) @ np.arange(4.0)


@case(W3)
def correlated(w):
    return np.correlate(D, w)[1] + np.correlate(D, w[:2], "same")[1] * w[0] + np.correlate(w, D, "full") @ np.arange(7.0)


@case(W3)
def averages(w):
    return np.average(w, weights=w * w) + np.average(M * w, axis=1, weights=w).sum() + np.average(w) + np.average([w[0], w[1]], weights=[w[2], 1.0])


@case(W3)
def polynomial(w):
    return np.polyval(w, 2.5) + np.polyval(w, M * w[0]).sum() + np.polyval([w[0], w[1], 1.0], w[2])


@case(W3)
def selected(w):
    return np.select([w > 2, w > 1], [w * w, 3 * w], w[0]).sum() + np.select([M > 0.6, M > 0.3], [w * M, M * 2]).sum()


@case(W3)
def grids(w):
    X, Y = np.meshgrid(w, [1.0, 2.0])
    A, B = np.meshgrid(w, D, indexing="ij")
    return np.sum(X * Y**2) + np.sum(A * B * np.arange(15.0).reshape(3, 5))


@case(W3)
def quantiles(w):
    a = np.percentile(w * w, 30) + np.quantile(M * w, 0.4, axis=1).sum() + np.percentile(D * w[0], [25, 75]) @ [1.0, 2.0]
    return a + np.quantile(w, w[0] / 10) + np.sum(np.quantile(M * w, [0.2, 0.6], axis=0, keepdims=True) ** 2)


@case(W3)
def differences(w):
    a = np.gradient(w * w) @ w + np.gradient(M * w[0], 0.1, axis=1).sum()
    return a + np.gradient(w, np.array([0.0, 1.0, 3.0])) @ w + np.gradient(w, w[0]).sum()


@case(W3)
def covariances(w):
    return np.cov(M * w)[0, 1] + np.cov(w) + np.cov(M * w, rowvar=False, bias=True)[1, 2]


@case(W3)
def powers(w):
    a = np.linalg.matrix_power(M[:, :2] * w[0], 3).sum() + np.linalg.matrix_power(M[:, :2] * w[0], -2).sum()
    return a + np.geomspace(w[0], w[1], 4).sum() + np.logspace(0, w[0], 3).sum() + np.linalg.multi_dot([M * w, M.T, np.ones((2, 2)) * w[1]]).sum()


@case(W3)
def deep(w):
    return np.dstack([w, w * w])[0] @ np.array([1.0, 2.0]) @ w + math.dist([w[0], w[1]], [w[1], w[2]])


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_a_quantile_of_nan_is_nan():
    assert np.isnan(cr.value_and_grad(lambda x: np.quantile(x, 0.5) + np.percentile(x, 20))(np.array([1.0, np.nan, 2.0]))[0])


@pytest.mark.parametrize("f", [
    lambda x: np.quantile(x, 0.3, weights=x), lambda x: np.unwrap(x, axis=0, step=1)[0], lambda x: np.fft.fft(x, order=2).sum()])
def test_other_arguments_are_refused(f):
    with pytest.raises(cr.UnsupportedError, match="(weights|step|order)"):
        cr.grad(f)(np.array([1.0, 2.0, 4.0]))
