"""Memory orders: where NumPy decides between a view and a copy, and in which order elements are taken, by how an array lies in memory."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import UnsupportedError
from chainrule.rules.structure import copy_in_place
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is

A = np.array([[[0.3, -1.2, 0.8], [1.4, 0.9, -0.7]], [[2.1, 0.2, -0.4], [0.6, 1.7, 1.1]]])  # (2, 2, 3)
X6 = np.array([0.3, 1.2, -0.7, 0.9, 0.5, 2.0])


def weighted(y):
    """A number that tells all elements of an array apart."""
    return np.sum(y * np.cos(np.arange(1.0, 1.0 + y.size)).reshape(y.shape)) + np.sum(y * y)


# -- copies and new arrays in an order ---------------------------------------------------------------------------


@case(M)
def copy_in_column_order(a):
    b = a.copy(order="F")
    b.T.reshape(-1)[1] = a[0, 0] ** 2  # a view of b
    b.reshape(-1)[2] = 100.0  # not one
    return weighted(b)


@case(M)
def copy_by_position(a):
    b = a.copy("F")
    v = b.T.ravel()
    v *= a[0, 1]
    return weighted(b) + v[0] * v[3]


@case(M)
def copy_keeps_the_order(a):
    b = a.T.copy(order="K")
    v = b.T.reshape(-1)
    v[2] = np.sin(a[1, 0])
    c = a.T.copy(order="A")
    c.T.reshape(-1)[0] *= 2.0
    return weighted(b) + weighted(c)


@case(M)
def arrays_in_column_order(a):
    b = np.zeros(a.shape, order="F")
    b[...] = a
    b.T.reshape(-1)[0] *= a[1, 1]
    c = np.full((2, 3), a[0, 0], order="F")
    c.T.ravel()[3] = a[0, 1]
    d = np.empty((2, 3), float, "F")
    d[:] = a * 0.5
    d.reshape(3, 2, order="F")[0, 1] = a[0, 2] ** 2
    return weighted(b) + weighted(c * a) + weighted(d) + np.sum(np.ones((2, 3), order="C").reshape(-1)[:2] * a[0, 0])


@case(M)
def arrays_like_another_one(a):
    b = np.ones_like(a.T)
    v = b.T.reshape(-1)
    v[1] = a[0, 0] * a[1, 2]
    c = np.zeros_like(a, order="F")
    c.T.reshape(-1)[2] = a[1, 1]
    d = np.full_like(a, a[0, 1], shape=(4,))
    d[1] = a[0, 0]
    return weighted(b) + weighted(c) + weighted(d)


@case(M)
def array_and_asarray(a):
    b = np.array(a, order="F")
    b.T.reshape(-1)[4] = a[0, 0] ** 3
    c = np.asarray(b, order="F")  # b itself
    c[0, 1] = a[1, 1]
    d = np.asarray(b, order="C")  # a copy
    d[0, 0] = 100.0
    e = np.asfortranarray(b)  # b itself
    e[1] *= 2.0
    f = np.asarray(a * 1.0, dtype=float, order="C")
    f[0, 0] = a[0, 1]
    return weighted(b) + weighted(f) + d[0, 1] * d[1, 2]


@case(M)
def converted(a):
    b = (a * 1.0).astype(float, copy=False)
    c = b.astype(float, copy=False)  # b itself
    c[0] = a[1] ** 2
    d = b.astype(float, order="F")
    d.T.reshape(-1)[1] = a[0, 0]
    e = b.astype(dtype=float)
    e[1] = 3.0
    return weighted(b) + weighted(d) + weighted(e * a)


# -- reading in an order -------------------------------------------------------------------------------------------


@case(A)
def read_in_column_order(a):
    return (weighted(a.ravel(order="F")) + weighted(a.flatten("F") ** 2) + weighted(np.reshape(a, (3, 4), order="F"))
            + weighted(np.ravel(a, "F")) + weighted(a.reshape((2, -1), order="F")) + weighted(a.flatten(order="C")))


@case(A)
def read_as_it_lies(a):
    b = np.asfortranarray(a) * 2.0
    c = np.transpose(a * 1.0, (1, 0, 2))
    d = a[:, ::-1] * 1.0
    return (weighted(b.ravel("A")) + weighted(b.flatten("K")) + weighted(c.ravel("K") ** 2) + weighted(c.flatten("A")) + weighted(c.reshape(-1, order="A"))
            + weighted(a.ravel("K")) + weighted(d.ravel("K")) + weighted(a[0, 0].ravel("A")))


@case(M)
def written_in_column_order(a):
    b = np.asfortranarray(a * 1.0)
    v = b.ravel(order="F")  # a view
    v[1] = a[0, 0] ** 2
    w = b.ravel(order="C")  # a copy
    w[0] = 100.0
    b[0, 1] *= 3.0
    return weighted(b) + v[2] * v[1] + w[1]


@case(M)
def written_as_it_lies(a):
    b = a.T * 1.0
    v = b.ravel("K")
    v[1] = a[0, 0] ** 2
    u = b.flatten("K")
    u[0] = a[1, 1]
    return weighted(b) + weighted(u)


# -- views of arrays in another order --------------------------------------------------------------------------------


@case(M)
def reshaped_transpose(a):
    b = np.asfortranarray(a) * 1.0
    v = b.T.reshape(3, 2)
    v[1] = a[0, :2] ** 2
    v[2, 0] += a[1, 1]
    w = b.T.reshape(2, 3)[1]
    w *= np.sin(a[0])
    return weighted(b) + np.sum(v[0] * w[:2])


@case(M)
def adjoint_in_another_order(a):
    b = a * 1.0
    b.reshape(-1)[2] = a[0, 0]
    b.reshape(3, 2)[1] = a[1, :2]
    return np.sum(np.sin(b.T) * np.asfortranarray(a).T)


@case(X4)
def strided_vector(x):
    y = np.concatenate([x, x * 2.0])
    v = y[::2].reshape(2, 2)  # a view, though it is not in one piece
    v[1] = x[:2] ** 2
    w = np.ravel(y[::2])  # a copy
    w[0] = 100.0
    return weighted(y) + w[1] + v[0, 1]


@case(M)
def in_a_loop(a):
    b = np.asfortranarray(a) * 1.0
    for i in range(4):
        v = b.T.reshape(-1)
        v[i] = v[i + 1] * a[0, 0]
    return weighted(b)


@case(X)
def one_of_two_and_turned(x):
    y = x * 1.0
    z = y if x[0] > 2.0 else (y * 2.0)[::1]
    v = np.flip(z)
    v[0] = x[1] * x[2]
    return weighted(z) + weighted(y)


# -- parts along different strides ---------------------------------------------------------------------------------


@case(X6)
def onto_every_second(x):
    y = x * 1.0
    y[1::2] = y[:3]
    y[::2] = y[3:]
    return weighted(y)


@case(np.outer(X, X) + np.diag(X))
def row_onto_column(a):
    b = a * 1.0
    b[:, 0] = b[1]
    b[2] = b[:, 1]
    return weighted(b)


@case(np.outer(X, X) + np.diag(X))
def flat_onto_itself(a):
    b = a * 1.0
    b.flat[...] = b.T
    b.flat[1:4] = b[0]
    b[1:].flat[...] = b[:-1]
    return weighted(b)


@case(X6)
def one_of_two_parts(x):
    y = x * 1.0
    v = y[::2] if x[0] > 0.0 else y[1::2]
    v[...] = y[:3]
    return weighted(y)


# -- parts that np.split gives --------------------------------------------------------------------------------------


@case(M)
def split_at_places(a):
    b = a * 1.0
    p, q = np.hsplit(b, [1])
    p[0] = a[1, 2] ** 2
    q *= a[0, 0]
    u, v = np.vsplit(b, (1,))
    u[0, -1] = v[0, 0] * 2.0
    first, middle, last = np.split(b, [1, -1], axis=-1)
    middle[...] = first * last
    return weighted(b)


@case(X)
def part_by_condition(x):
    a, b = np.split(x * 1.0, [1])
    z = b if x[0] > 5.0 else a
    return np.sum(z * z) + np.sum(b)


@case(M)
def diagonal_of_any_matrix(a):
    d = np.diagonal(a)
    e = np.diag(a.T)
    return d[0] * d[1] + e[1] ** 2


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


# -- arguments that lie in another order ------------------------------------------------------------------------------


def laid(array, like):
    """The numbers of an array, lying in memory as another one does."""
    copy = copy_in_place(like)
    copy[...] = array
    return copy


def through_the_transpose(a):
    x = a.T.reshape(-1)
    x[1] = 0.49
    return np.sum(a * a)


def read_whichever_way(a):
    return np.sum(a.ravel("K") * np.arange(6.0)) + np.sum(a.ravel("A") ** 2 * np.arange(6.0)) + np.sum(a.flatten("K") * np.arange(6.0) ** 2)


def like_the_argument(a):
    a[0] += 0.5
    m = np.ones_like(a.T)
    v = m.reshape(-1)
    v[0] *= a[0, 0]
    return np.sum(m * a.T)


def shape_decides(a):
    v = a.reshape(-1)
    v[1] = a[0, 0] ** 2
    return np.sum(a * a)


@pytest.mark.parametrize("f", [through_the_transpose, read_whichever_way, like_the_argument, shape_decides])
def test_arguments_in_any_order(f):
    gradient = cr.value_and_grad(f)
    for like in (M, np.asfortranarray(M), M.T.copy().T, np.repeat(M, 2, axis=-1)[:, ::2], M):
        value, found = gradient(laid(M, like))
        assert value == f(laid(M, like))
        for place in np.ndindex(*M.shape):
            step = np.zeros_like(M)
            step[place] = 1e-6
            slope = (f(laid(M + step, like)) - f(laid(M - step, like))) / 2e-6
            assert np.isclose(found[place], slope, rtol=1e-6, atol=1e-7), (f.__name__, like.strides, place)


def test_a_path_by_layout_knows_the_shape():
    """The same strides, but one array is in one piece and the other is not."""
    gradient = cr.value_and_grad(shape_decides)
    wide = np.arange(1.0, 9.0).reshape(2, 4)
    for a in (wide, wide[:, :3], np.arange(1.0, 7.0).reshape(2, 3)):
        assert gradient(a)[0] == shape_decides(laid(a, a))


def raises_for_three(x):
    b = np.asfortranarray(np.outer(x, x))
    v = b.T.reshape(-1)
    v[0] = 1.0
    return np.sum(x.reshape(2, 2)) + b[0, 0] + v[1]


def test_a_path_that_raises_serves_the_next_call():
    gradient = cr.value_and_grad(raises_for_three)
    for _ in range(2):
        with pytest.raises(ValueError, match="cannot reshape"):
            gradient(X)
        assert gradient(X4)[0] == raises_for_three(X4)


# -- refused ----------------------------------------------------------------------------------------------------


HISTORY: list[float] = []
TABLE = {"a": 1.0}


def item_of_a_list_outside(x):
    h = HISTORY
    h.append(1.0)
    return np.sum(x)


def entry_of_a_dictionary_outside(x):
    TABLE["b"] = 2.0
    return np.sum(x) * TABLE["b"]


def copies_or_not(x):
    y = np.outer(x, x)
    return np.sum(y.astype(float, order="F", copy=False))


@pytest.mark.parametrize("f", [item_of_a_list_outside, entry_of_a_dictionary_outside, copies_or_not])
def test_refused(f):
    with pytest.raises(UnsupportedError):
        cr.grad(f)(X)
