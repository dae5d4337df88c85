"""Programs in which several constructs meet, each right on its own."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, W, X, case, cases
from tests.gradients import gradient_is

S = np.array([[0.9, -0.4], [0.2, 1.3]])


# -- adjoints of tuples, in branches and loops ---------------------------------------------------------------------


@case(X, 2)
@case(X, 1)
def a_part_read_in_a_branch_and_after_it(x, n):
    a, b = np.split(x * x, [1])
    t = x[2]
    if n > 1:
        t = np.sum(b) * a[0]
    else:
        a = a * t
    return t * t + np.sum(a) * np.sum(b * b)


@case(X, 3)
def parts_read_in_a_loop_and_after_it(x, n):
    a, b = np.split(np.sin(x), [1])
    s = 0.0
    for k in range(n):
        if k % 2:
            s += np.sum(b) * k
        else:
            s = s * a[0] + b[1]
    return s + np.sum(b * b) * a[0]


@case(X4, 3)
def parts_that_each_iteration_makes(x, n):
    for k in range(n):
        a, b = np.split(x, [1])
        x = np.concatenate((b * a[0], a))
    return np.sum(x * x)


@case(X, W, 2)
def a_part_of_an_array_that_is_written(x, y, n):
    a, b = np.split(x, [1])
    a[0] *= 0.3
    c, d = np.split(y, [2])
    c[0] = np.min(b)
    e = c[::2]
    e[0] = a[n % 1] if c[n % 2] else d[0]
    return np.sum(np.sin(y)) + np.sum(x)


# -- extents ----------------------------------------------------------------------------------------------------------


@case(X, M)
@case(X[:2], M)
@case(X[:2], M.T)
@case(X4, np.vstack([M, M, M, M]))
def the_diagonal_of_what_is_not_square(x, a):
    return np.sum(np.diagonal(a) ** 2) + np.sum(np.diag(a)) * x[0] + np.sum(np.diag(a, 1) ** 3) + a.trace()


@case(X[:2], 2)
@case(X, 3)
@case(X4, 4)
def the_diagonal_of_rows_of_a_known_number(x, n):
    a = np.zeros((3, n)) + x
    d = np.diag(a).copy()
    d[-1] *= x[0]
    return np.sum(d * d)


# -- names ----------------------------------------------------------------------------------------------------------


@case(S, 3)
def an_underscore_that_is_read(x, n):
    _ = x[0, 0] * 3
    for i in range(n):
        x = x * _
    p, q = x.shape
    return np.sum(x) * _ * p


@case(S, 1.5, 3)
def a_parameter_called_underscore(x, _, n):
    for i in range(n):
        x = x * _
    p, q = x.shape
    return np.sum(x) * _ * p


# -- what is bound on one path only -----------------------------------------------------------------------------------


@case(M, -0.6, M)
@case(M, 0.0, M)
def a_row_of_an_earlier_loop(a, s, b):
    if s:
        values = []
    else:
        for y in b:
            values = [s]
    for y in b:
        values = a
    return np.sum(y * y) + np.sum(values)


@case(M[:0], M)
def a_row_of_a_loop_without_iterations(a, b):
    for y in a:
        pass
    for y in b:
        s = np.sum(y)
    return np.sum(y * y) * s


@case(np.array([0.8, 0.3, -0.6, -0.5]))
def a_factor_and_a_product_of_unknown_rank(x):
    y = np.squeeze(x[:, None])
    z = x * (0.5 * y[-2])
    return np.sum(z * z)


@case(np.array([0.755, 0.299, -0.617, -0.455]))
def a_part_of_what_was_squeezed_scales_a_view(x):
    y = x[::-2]
    y[...] = x[:-2]
    z = np.squeeze(y[:, None])
    y *= 0.5 * z[-2] / (1.5 + x[0] * x[0])
    i = 0
    while i < 4:
        i += 1
        y, z = z, y
    return np.sum(x) + np.sum(y) - 0.7 * np.sum(z)


@case(np.array([0.4, 0.7, -0.2]))
@case(np.array([-0.4, 0.7, -0.2]))
def what_is_stored_on_one_path_only(x):
    y, z = np.zeros(3), np.zeros(3)
    for j in range(3):
        t = np.tanh(x[j] * x[1])
        if x[0] > 0:
            y[j] = t
        else:
            z[j] = t
    return np.sum(y * y) + 3 * np.sum(z * y) + np.sum(z**3)


@case(np.array([0.4, 0.7, -0.2]), 0)
@case(np.array([0.4, 0.7, -0.2]), 2)
def what_is_stored_in_a_loop_that_may_not_run(x, n):
    y = np.zeros(3)
    total = 0.0
    for j in range(3):
        t = np.exp(x[j])
        for _ in range(n):
            y[j] = t
        total = total + t * t
    return total + np.sum(y * y)


@case(np.array([-0.12, 0.276]))
def a_row_of_one_of_two_arrays(x):
    for i, s in enumerate(x):
        t = 0.33
        x = np.zeros(2)
        x[i], x[::1][0] = x[::1][0], x[i]
    values = [0.49 * x[i]]
    for j in range(2):
        x[j] = np.tanh(sum(list(values)) + s)
        values.append(t)
    return np.sum(x * x)


@case(0.56, np.array([0.1, -0.3, 0.2]), np.ones((3, 3)))
def which_array_it_is_on_one_path_only(s, x, a):
    for i in range(len(x)):
        if s > 0:
            s = s * 1.1
        else:
            for v in x:
                x = a[:, i % 2]
            else:
                x[1] -= v
    return s


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


# -- floating-point errors and globals, where values decide ------------------------------------------------------------

COUNT = 0


def handled(x, s):
    global COUNT
    for i in range(2):
        with np.errstate(divide="ignore"):
            w = 0.5 * s / x[i]
            COUNT += 1
    y = x.copy()
    z = {int(s): x, 2: y}.get(1, y)  # which keys there are, is decided by values
    z[0] *= w
    return np.sum(x * x) + np.sum(y * y * y)


def test_floating_point_errors_in_a_loop_of_a_path():
    global COUNT
    before = np.geterr()
    derivative = cr.value_and_grad(handled, argnums=(0, 1))
    for s in (0.5, 1.5, 0.7):
        COUNT = 0
        value, gradients = derivative(X.copy(), s)
        assert COUNT == 2
        text = derivative.source_for(X.copy(), s)
        assert COUNT == 2
        assert "expect" in text
        assert np.geterr() == before
        assert value == handled(X.copy(), s)
        gradient_is(handled, (X.copy(), s))


# -- lists and tuples where NumPy wants an array ---------------------------------------------------------------------------

OF_LISTS = [
    lambda x: np.max([x[1] / 1.5, x[0]]),
    lambda x: np.min((x[1] / 1.5, x[0] * 2)),
    lambda x: np.amax([x[0], x[1]]),
    lambda x: np.ptp([x[1], x[0] * x[0]]),
    lambda x: np.ptp(x),
    lambda x: np.sum([x[1] / 1.5, *x]),
    lambda x: np.sum([x, x * 2], axis=0) @ x,
    lambda x: np.mean([[x[1] / 1.5, x[0]], [1.0, x[1]]], axis=0)[1],
    lambda x: np.dot([x[1], x[0]], x[:2]),
    lambda x: np.inner([x[1], x[0]], x[:2]),
    lambda x: np.outer([x[1], x[0]], x[:2])[0, 1],
    lambda x: np.tensordot([x[1], x[0]], x[:2], 1),
    lambda x: np.einsum("i,i", [x[1], x[0]], x[:2]),
    lambda x: np.take([x[1], x[0] * x[0]], [1, 1]).sum(),
    lambda x: np.append([x[1], x[0]], x).sum() + np.append(x, [x[1], x[0] * x[0]]).prod(),
    lambda x: np.copy([x[1], x[0] * x[0]]).sum(),
    lambda x: np.linalg.slogdet([[x[1], x[0]], [x[2], 3.0]])[1],
    lambda x: np.linalg.eigh([[x[1], x[0]], [x[0], 3.0]])[0][0],
    lambda x: np.linalg.solve([[x[1], x[0]], [x[2], 3.0]], x[:2])[0],
    lambda x: np.linalg.norm((x[1], x[0])),
    lambda x: np.split(x, [1])[1] @ np.array_split([x[1], x[0] * x[0], 1.0, x[2]], 2)[1],
    lambda x: np.reshape([x[1], x[0] * x[0]], (2, 1))[1, 0],
    lambda x: np.tile([x[1], x[0] * x[0]], 2)[1] + np.pad([x[0], x[1]], 1)[2],
    lambda x: np.median([x[1], x[0] * x[0], x[2]]),
    lambda x: np.stack([[x[0], x[1]], x[:2]])[0, 1] * np.hstack([[x[0], x[1]], x[:2]])[1],
    lambda x: np.vstack([(x[0], x[1]), x[:2]])[0, 1] * np.concatenate([[x[0], x[1]], x[:2]])[1],
    lambda x: x.dot([x[0], x[1], 2.0]) + np.where(x[0] > 0, [x[1], x[0] * x[0]], x[:2])[1],
    lambda x: np.max([x[k] * k for k in range(len(x))]),
]


@pytest.mark.parametrize("f", OF_LISTS)
def test_lists_for_arrays(f):
    gradient_is(f, (np.array([0.7, 1.3, 0.4]),))


def one_of_two(x, y, s):
    if s:
        return x
    z = y.copy()
    return z


def view_of_one_that_exists_on_its_path_only(x, s):
    y = one_of_two(x, x * 2, s > 1)
    a = np.squeeze(y[:, None])
    b = np.ravel(y)
    return np.sum(np.sin(y)) + np.sum(a) * b[1] + np.diag(y)[1, 1]


@pytest.mark.parametrize("s", [0.5, 1.5])
def test_view_of_one_of_two(s):
    gradient_is(view_of_one_that_exists_on_its_path_only, (X.copy(), s))


def out_in_a_tuple(x, s):
    y = np.ones(3)
    np.multiply([x[0], s, 1.0], x, out=(y,))
    np.cos(0.5 * y, out=(x,))
    y *= (x[0], s, x[1] * x[2])
    y[:2] -= [s, x[0]]
    return np.sum(x * y)


def test_out_in_a_tuple():
    gradient_is(out_in_a_tuple, (X.copy(), 0.7))
