"""Views: what a write through one is seen by, and what is read through one after its array was written."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import UnsupportedError
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is

A = np.array([[[0.3, -1.2, 0.8], [1.4, 0.9, -0.7]], [[2.1, 0.2, -0.4], [0.6, 1.7, 1.1]]])  # (2, 2, 3)
C = np.array([[1.5, -0.7, 0.2], [0.4, 1.2, -1.1], [0.9, 0.3, 2.0]])
W3 = np.array([0.3, 1.7, -0.8])


def weighted(y):
    """A number that tells all elements of an array apart."""
    return np.sum(y * np.cos(np.arange(1.0, 1.0 + y.size)).reshape(y.shape)) + np.sum(y * y)


# -- one view each: written through, read after its array was written -----------------------------------------------


@case(np.array([[1.1, 2.3, 2.9]]))
def squeezed(x):
    y = x * 1.0
    v = np.squeeze(y)
    v[0] = x[0, 1] ** 2
    y[0, 2] *= 3.0
    return weighted(y) + v[2] * v[0]


@case(np.array([[1.1, 2.3, 2.9]]))
def squeezed_axis(x):
    y = x * 1.0
    v = y.squeeze(0)
    v *= x[0]
    w = np.squeeze(y, axis=(0,))
    w[1:] += v[:2]
    return weighted(y) + np.sum(w * v)


@case(X4)
def squeezed_unknown(x):
    y = (x * 1.0)[:, None]
    v = np.squeeze(y)
    v[1] = v[0] * v[2]
    return weighted(y) + v[1]


@case(X4)
def flipped(x):
    y = x * 1.0
    v = np.flip(y)
    v[0] = x[0] * x[1]
    y[0] = x[2] ** 2
    return weighted(y) + np.sum(v * np.arange(4.0))


@case(M)
def flipped_axes(a):
    b = a * 1.0
    np.flip(b, 0)[0] *= a[0]
    np.flip(b, (0, 1))[0, 0] = a[1, 1] ** 2
    np.flip(b, axis=-1)[:, 0] += a[:, 1]
    np.fliplr(b)[1, 2] = a[0, 1]
    np.flipud(b)[0, 1] *= 3.0
    return weighted(b)


@case(M)
def rotated(a):
    b = a * 1.0
    np.rot90(b)[0, 1] = a[0, 0] * a[0, 1]
    np.rot90(b, 2)[0] *= a[0]
    np.rot90(b, k=-1)[0, 0] += a[1, 1]
    v = np.rot90(b, 4)
    v[0, 0] = a[1, 2]
    b[1, 2] *= 5.0
    return weighted(b) + np.sum(v * v * a)


@case(A)
def rotated_axes(a):
    b = a * 1.0
    np.rot90(b, 1, (1, 2))[0, 0] = a[0, :, 0] * a[1, :, 1]
    np.rot90(b, 3, axes=(0, 2))[1] *= a[0, 0, 0]
    return weighted(b)


@case(X, 1.5)
def at_least(x, s):
    y = x * 1.0
    np.atleast_1d(y)[0] = x[1] * s
    np.atleast_2d(y)[0, 1] *= x[2]
    np.atleast_3d(y)[0, 2, 0] += x[0]
    one = np.atleast_1d(y)
    b = np.outer(x, x)
    np.atleast_2d(b)[0] *= s
    np.atleast_3d(b)[1, 1, 0] = s ** 2
    return weighted(y) + weighted(b) + (10.0 if one is y else 0.0) * s


@case(A)
def moved(a):
    b = a * 1.0
    np.moveaxis(b, 0, -1)[0, 1] *= a[0, 0, 1]
    np.moveaxis(b, (0, 1), (1, 2))[0, 0, 0] = a[1, 1, 1] ** 2
    np.rollaxis(b, 2)[1] += a[:, :, 0]
    np.rollaxis(b, 1, 3)[0, 0, 0] = a[0, 0, 2]
    np.swapaxes(b, 0, 2)[2, 0, 1] = a[0, 1, 0] * 2
    b.swapaxes(-1, 1)[0, 0, 0] *= 2.0
    np.transpose(b, (2, 0, 1))[0, 0, 0] += a[1, 0, 0] ** 2
    b.transpose(1, 0, 2)[1, 0, 0] *= a[0, 0, 0]
    b.transpose((1, 0, 2))[1, 1, 1] *= a[0, 0, 0]
    return weighted(b)


@case(A)
def matrix_transposed(a):
    b = a * 1.0
    t = b.mT
    t[0, 0] = a[0, 0, :2]
    b.T[2, 1, 1] *= a[0, 0, 0]
    return weighted(b) + np.sum(t[0] * t[1])


@case(np.arange(1.0, 7.0))
def split(x):
    y = x * 1.0
    a, b, c = np.split(y, 3)
    a[0] = x[5] * x[4]
    b *= a
    y[4:] = b * 2
    return weighted(y) + np.sum(c * a)


@case(np.arange(1.0, 7.0))
def split_at(x):
    y = x * 1.0
    parts = np.split(y, [1, 4])
    parts[1][0] = x[5] * x[4]
    parts[2] *= parts[0]
    for part in parts:
        part += 1.0
    u, v = np.array_split(y, [2])
    u[:] = v[:2]
    return weighted(y) + np.sum(parts[1] ** 3)


@case(np.arange(1.0, 8.0), 3)
def split_uneven(x, n):
    y = x * 1.0
    parts = np.array_split(y, n)
    for k, part in enumerate(parts):
        part *= x[k]
    parts[1][0] = parts[0][2]
    return weighted(y) + np.sum(parts[-1])


@case(A)
def split_kinds(a):
    b = a * 1.0
    np.vsplit(b, 2)[1][0] *= a[0]
    np.hsplit(b, 2)[0][0] += a[1, :1]
    left, right = np.dsplit(b, [1])
    right *= left
    p, q, r = np.split(b, 3, axis=2)
    q[...] = r * p
    s, t = np.array_split(b, 2, axis=-1)
    t += 1.0
    s[0, 0, 0] = a[0, 0, 1] ** 2
    return weighted(b) + np.sum(p)


@case(X4)
def split_list(x):
    y = x * 1.0
    parts = np.split(y, 2)
    parts.append(y[1:3])
    parts[-1][0] *= x[0]
    return weighted(np.concatenate(parts)) + len(parts) * x[0]


@case(C)
def diagonals(a):
    b = a * 1.0
    d = np.diagonal(b)
    e = b.diagonal(1)
    f = np.diag(b)
    g = np.diag(a[0])
    g[0, 1] = a[1, 1]
    b[0, 0] *= 3.0
    b[0, 1] = a[2, 2] ** 2
    return weighted(b) + np.sum(d * d) + np.sum(e ** 3) + np.sum(f * d * d) + np.sum(g * a)


@case(X)
def broadcasts(x):
    y = x * 1.0
    v = np.broadcast_to(y, (2, 3))
    u, w = np.broadcast_arrays(y, np.ones((2, 1)))
    y[0] = x[1] ** 2
    return weighted(v) + np.sum(u * w * v)


@case(X4)
def plain_view(x):
    y = x * 1.0
    v = y.view()
    v[0] = x[1] * x[2]
    u = y[:]
    u *= v
    return weighted(y)


@case(M)
def raveled(a):
    b = a * 1.0
    b.ravel()[1] = a[0, 0] * a[1, 1]
    np.ravel(b)[2:4] *= a[0, :2]
    b.reshape(3, 2)[0] += a[1, :2]
    b.reshape((-1,))[5] = a[0, 2] ** 2
    np.reshape(b, (2, 3))[0, 0] *= 2.0
    c = b.flatten()
    c[0] = 100.0
    r = b[1].reshape(3, 1)
    r[0] *= 7.0
    return weighted(b) + weighted(c) + np.sum(r)


@case(M)
def expanded(a):
    b = a * 1.0
    np.expand_dims(b, 1)[0, 0] *= a[1]
    np.expand_dims(b, (0, -1))[0, 1, 2, 0] = a[0, 0] * a[0, 1]
    np.expand_dims(b, axis=-1)[1, 0, 0] += a[1, 1]
    b[None, ..., None][0, 0, 0] *= 2.0
    return weighted(b)


@case(M)
def same_array(a):
    b = a * 1.0
    np.asarray(b)[0] *= a[1]
    np.asanyarray(b)[1, 1] = a[0, 0] ** 2
    np.asarray(b, dtype=float)[1, 2] = a[0, 1] ** 2
    np.ascontiguousarray(b)[0, 1] += a[0, 2]
    np.array(b)[0, 0] = 100.0
    return weighted(b) + (1.0 if np.asarray(b) is b else 0.0) * a[0, 0]


# -- the flat iterator ------------------------------------------------------------------------------------------------


@case(M)
def flat(a):
    b = a * 1.0
    b.flat[1] = a[0, 0] * a[1, 1]
    b.flat[2:4] = a[0, :2] * a[1, 0]
    b.T.flat[1] = a[1, 2] ** 2
    b.flat[[0, 5]] *= 2.0
    b[:, ::2].flat[3] += a[0, 1]
    c = b.flat[1:3]
    c[0] = 50.0
    return weighted(b) + b.flat[4] ** 3 + np.sum(b.T.flat[1:5] * np.arange(4.0)) + np.sum(c)


@case(M)
def flat_iterated(a):
    total = 0.0
    for n, v in enumerate(a.T.flat):
        total += v * v * (n + 1)
    return total + sum(v ** 3 for v in a.flat) + len(a.flat)


@case(M)
def flat_whole(a):
    b = np.zeros((2, 3))
    b.flat = a[0, 0]
    b.T.flat[...] = a[1, 1] * a[0, 1]
    c = np.zeros((2, 3))
    c.flat[:] = a.ravel()
    d = np.zeros(6)
    d[:] = a.T.flat
    return weighted(b) + weighted(c) + weighted(d) + np.sum(a.flat)


@case(M, 3)
def flat_in_loop(a, n):
    b = a * 1.0
    for i in range(n):
        b.T.flat[i] *= b.flat[i + 1] * a[0, i]
    return weighted(b)


# -- real and imaginary parts ------------------------------------------------------------------------------------------


@case(X)
def parts_of_complex(x):
    z = np.zeros(3, complex)
    z.real = x * 2.0
    z.imag[1:] = x[:2] * x[1:]
    z.real[0] *= x[1]
    r, i = z.real, z.imag
    z *= 1.0 + 0.5j
    return weighted(r) + np.sum(i ** 3) + np.sum(np.abs(z) ** 2)


@case(X)
def parts_as_functions(x):
    z = x * (1.0 + 2.0j)
    np.real(z)[0] = x[1] ** 2
    np.imag(z)[::2] += x[1:]
    z.imag[[0, 2]] *= x[0]
    w = z * z
    return np.sum(w.real) + weighted(w.imag)


@case(X)
def parts_of_real(x):
    y = x * 1.0
    y.real[0] = x[1] * x[2]
    np.real(y)[1] *= x[0]
    y.real = y.real * 2.0
    return weighted(y) + np.sum(y.imag) + (1.0 if y.real is y else 5.0) * x[0]


@case(X)
def parts_in_loop(x):
    z = np.zeros((3, 2), complex)
    for k in range(3):
        z[k].real[0] = x[k] ** 2
        z[k].imag = x[k] * np.arange(2.0)
        z.real[k, 1] += x[0]
    return np.sum(np.abs(z) ** 2) + weighted(z.imag)


# -- views of views, in branches and loops -------------------------------------------------------------------------------


@case(A)
def chained(a):
    b = a * 1.0
    v = np.flip(np.moveaxis(b, 0, 2)[1].T, 0)
    v[0, ::2] = a[0, 0, ::2] * 2
    u = np.split(v, 2)[1][0]
    u *= a[1, 1]
    w = np.squeeze(np.expand_dims(u, 0))
    w[1] = u[0] * a[0, 0, 0]
    return weighted(b) + np.sum(v * v)


@case(M, 1.0)
def one_of_two(a, s):
    b = a * 1.0
    c = a * 2.0
    w = b if s > 0.5 else c
    v = np.flip(w, 1)
    v[0, 0] = a[1, 1] ** 2
    np.squeeze(w[None])[1] *= a[0]
    w.T[0] += s
    w.ravel()[1] *= 3.0
    return weighted(b) + weighted(c) * 0.5


@case(M, 2.0)
def view_from_branch(a, s):
    b = a * 1.0
    if s > 1.0:
        v = np.fliplr(b)
    else:
        v = np.flipud(b)
    v[0, 0] = a[0, 1] * s
    b[1, 1] *= s
    return weighted(b) + np.sum(v * v * a)


@case(M)
def view_in_loop(a):
    b = a * 1.0
    v = np.flip(b, 1)
    for i in range(2):
        u = np.moveaxis(b, 0, 1)[i]
        u *= a[0, i]
        v[i, 0] = np.sum(u)
        np.rot90(b)[0, i] += a[1, i]
    return weighted(b) + np.sum(v[0] * u[0])


@case(M)
def helper_takes_view(a):
    def bump(v, k):
        v[k] *= 2.0
        return v[::-1]

    b = a * 1.0
    u = bump(np.rot90(b), 0)
    w = bump(u, 1)
    w[0, 0] = a[0, 0]
    return weighted(b)


@case(M)
def owner_rebound(a):
    b = a * 1.0
    v = np.flip(b)
    b = b * 2.0
    v[0, 0] = a[0, 1] ** 2
    return weighted(b) + weighted(v)


@case(np.array(1.7))
def zero_d(x):
    y = x[...] * 1.0 + np.zeros(())
    return np.atleast_1d(x)[0] * np.squeeze(x) * x.reshape(1)[0] * np.atleast_2d(x)[0, 0] + np.sum(x.flat) + y


@case(np.zeros((0, 3)), X)
def empty(a, x):
    b = a * 2.0
    np.flip(b)[:1] = x
    b.T[0] = 1.0
    parts = np.split(b, 1)
    parts[0][:] = x
    b.flat[:] = 2.0
    return np.sum(b) + np.sum(x * x)


@case(M.astype(np.float32))
def narrow(a):
    b = a * np.float32(1)
    np.flip(b)[0] *= b[0]
    np.split(b, 3, axis=1)[1][:] = a[0, 0]
    b.flat[5] = a[0, 1] * a[0, 1]
    return np.sum(b * b)


@case(M)
def argument_itself(a):
    v = np.flip(a, 0)
    v[0] = a[0] ** 2
    a.flat[2] *= 3.0
    return weighted(a) + np.sum(v * v)


@case(M)
def returned_view(a):
    def f(b):
        return np.flip(b, 1)[0], b.T

    u, t = f(a * 1.0)
    u[0] = a[1, 1] ** 2
    t *= 2.0
    return weighted(t) + np.sum(u)


# -- how arrays lie in memory, and what is a copy ----------------------------------------------------------------------


@case(np.asfortranarray(M))
def fortran_ravel(a):
    b = a * 1.0
    v = b.ravel()
    v[1] = a[0, 0] * 3
    return weighted(b) + weighted(v)


@case(np.asfortranarray(M))
def fortran_ravel_arg(a):
    v = a.ravel()
    v[1] = a[0, 0] * 3
    return weighted(a) + weighted(v)


@case(np.arange(12.0).reshape(2, 6)[:, ::2])
def strided_arg(a):
    a[0, 0] = 5.0 * a[1, 1]
    v = a.reshape(-1)
    v[1] = a[0, 0] * 3
    return weighted(a) + weighted(v)


@case(np.arange(8.0)[::2])
def strided_1d(a):
    v = a.ravel()
    v[1] = a[0] * 3 + 1.0
    return weighted(a) + weighted(v)


@case(np.arange(12.0).reshape(4, 3)[::2])
def strided_rows(a):
    v = a[1].reshape(3, 1)
    v[1] = a[0, 0] * 3 + 1.0
    w = a.reshape(6)
    w[2] = 3.0 * a[1, 1]
    return weighted(a) + weighted(v) + weighted(w)


@case(A)
def reorder(a):
    b = a * 1.0
    v = b.transpose(1, 0, 2)
    u = v.reshape(4, 3)
    u[0] = a[0, 0] ** 2
    c = np.swapaxes(b, 0, 1).copy()
    w = c.reshape(-1)
    w[3] *= 2.0
    return weighted(b) + weighted(u) + weighted(c)


@case(X)
def conj_real(x):
    y = x * 1.0
    z = y.conj()
    z[0] = x[1] * x[2]
    w = np.conj(y)
    w[1] = 100.0
    u = y.conjugate()
    u *= 2.0
    return weighted(y) + weighted(w)


@case(X)
def conj_complex(x):
    z = x * (1 + 2j)
    w = z.conj()
    w[0] = 0
    return np.sum(np.abs(z) ** 2) + np.sum(np.abs(w))


@case(X)
def nan_to_num(x):
    y = x * 1.0
    np.nan_to_num(y, copy=False, nan=0.0)
    z = np.nan_to_num(y)
    z[0] = 1.0
    return weighted(y) + weighted(z)


@case(X)
def np_copy(x):
    y = x * 1.0
    z = np.copy(y)
    z[0] = 4.0 * x[1]
    w = np.array(y, copy=True)
    w[1] = 3.0
    u = y.copy()
    u += x
    v = +y
    v *= 2.0
    return weighted(y) + weighted(z) + weighted(w) + weighted(u) + weighted(v)


@case(X)
def shared_slices(x):
    y = x * 1.0
    a, b = y[:2], y[1:]
    a += b
    b *= a
    a[:], b[:] = b.copy(), a.copy()
    return weighted(y)


@case(X, 3)
def whiles(x, n):
    y = x * 1.0
    v = np.flip(y)
    i = 0
    while i < n:
        v[i] = v[i] * y[i] + x[0]
        u = y[i:]
        u += 0.1
        i += 1
    return weighted(y) + np.sum(v)


@case(M)
def rebinding_view_in_loop(a):
    b = a * 1.0
    v = b[0]
    for i in range(2):
        v = b[i]
        v *= a[0]
    v += 1
    return weighted(b)


@case(np.array(2.0))
def zerodim(x):
    y = np.array(3.0)
    np.multiply(x, x, out=y)
    v = y[...]
    v += x
    u = y[None]
    u[0] *= x
    np.add.at(y, (), x)
    np.copyto(y, y * x)
    y.fill(y * 2)
    w = y.reshape(1)
    w[0] += x
    y.T[...] = y * 3
    np.atleast_1d(y)[0] += x
    y.flat[0] *= 2.0
    return y * x


@case(X)
def view_of_param_default(x):
    def g(v, w=x[1:]):
        w[0] = v[0] * 2
        return np.sum(w * v[:2])
    y = x * 1.0
    return g(y) + weighted(x)


@case(X)
def ellipsis_elements(x):
    y = x * 1.0
    v = y[0, ...]
    v += x[1]
    v[...] = v * 2
    w = y[..., 1]
    w *= x[2]
    u = y[...]
    u[2] = w
    return weighted(y) + v * w


@case(M)
def elements_are_copies(a):
    b = a * 1.0
    s = b[0, 0]
    b[0, 0] = 5.0
    t = b[0, 1, ...]
    b[0, 1] = a[1, 1]
    return s * t + weighted(b)


@case(X)
def parts_of_one_of_two(x):
    y, z = x * 1.0, x * 2.0
    w = y if x[0] > 1 else z
    a, b = np.split(w, [1])
    b *= a
    a[0] = x[2]
    return weighted(y) + weighted(z)


@case(X)
def flat_indexed_by_name(x):
    b = np.outer(x, x)
    f = b.flat
    f[2] = x[0]
    return f[2] * f[3] + np.sum(f)


@case(X)
def reshaped_and_transposed(x):
    b = np.zeros((3, 3))
    b[0] = x
    r = b.reshape(-1)
    r[1] = x[0] * 3
    b[1].reshape(3, 1)[1] = x[1] ** 2
    c = b.T
    return np.sum(c * c * np.arange(9.0).reshape(3, 3))  # whose cotangent lies in memory column by column


@case(np.asfortranarray(M))
def taken_from_columns(a):
    return np.sum(np.take(a, [0, 5, 1, 1]) ** 2) + np.sum(np.take(a, 4))


@case(X)
def squeezed_parts(x):
    b = np.zeros((3, 3))
    u = np.squeeze(np.split(b, 3, axis=1)[0])
    u[:] = x
    y = np.outer(x, x)
    v = np.squeeze(np.split(y, 3)[1])
    b.flat[[0, 8, 0]] *= x[0] * 0.5
    return np.sum(b * np.cos(np.arange(9.0)).reshape(3, 3)) + np.sum(u * np.cos(np.arange(1.0, 4.0))) + np.sum(v * x)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


# -- refused -----------------------------------------------------------------------------------------------------------


def read_only_diagonal(x):
    b = np.outer(x, x)
    np.diagonal(b)[0] = 1.0
    return np.sum(b)


def read_only_broadcast(x):
    y = x * 1.0
    np.broadcast_to(y, (2, 3))[0] = 1.0
    return np.sum(y)


def read_only_imaginary(x):
    y = x * 1.0
    y.imag[0] = 1.0
    return np.sum(y)


def diagonal_of_einsum(x):
    b = np.outer(x, x)
    np.einsum("ii->i", b)[:] = x
    return np.sum(b)


def other_dtype(x):
    return np.sum(x.view(np.int64)) * x[0]


def used_up(x):
    f = np.outer(x, x).flat
    return sum(v for v in f) + sum(v * v for v in f)


def iterator(x):
    total = 0.0
    for v in np.nditer(x):
        total += v * v
    return total


@pytest.mark.parametrize("f", [read_only_diagonal, read_only_broadcast, read_only_imaginary, diagonal_of_einsum, other_dtype, used_up, iterator])
def test_refused(f):
    with pytest.raises(UnsupportedError):
        cr.grad(f)(X)
