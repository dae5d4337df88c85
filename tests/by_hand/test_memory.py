"""Aliases, views, writes: what is seen through which name."""

from __future__ import annotations

import numpy as np
import pytest

from tests.by_hand.cases import X4, M, W, X, case, cases
from tests.gradients import gradient_is


def bump(y):
    y[0] = y[0] * 10
    return y[1]


@case(X, W)
def d1(x, w):
    y = np.zeros(3)
    for i in range(3):
        y[i] += x[i] * x[0]
    return np.sum(y * w)


@case(np.array([5.0, 2, 3]))
def d3(a):
    b = a
    b[0] = 5.0
    return np.sum(a * a)


@case(X)
def d4(a):
    v = a[1:]
    v[0] = 7.0
    return np.sum(a * a)


@case(X, W)
def d5(a, x):
    b = a
    b += x
    return np.sum(a * a)


@case(X)
def view_chain(x):
    y = x * 2
    v = y[1:]
    u = v[::-1]
    u[0] = x[0] * 5
    v *= x[1]
    return np.sum(y ** 2)


@case(M)
def transp(a):
    b = a * 1.0
    t = b.T
    t[0] = t[1] * t[2]
    b[0] *= 2
    return np.sum(t * t)


@case(X4)
def overlap1(x):
    y = x * 1.0
    y[1:] = y[:-1]
    return np.sum(y * np.arange(4.0) * x)


@case(X4)
def overlap2(x):
    y = x * 1.0
    y[0:2], y[2:4] = (y[2:4], y[0:2])
    return np.sum(y * np.arange(4.0) * y)


@case(X4)
def overlap3(x):
    y = x * 1.0
    y[1:] += y[:-1]
    y[:-1] *= y[1:]
    return np.sum(y * np.arange(4.0))


@case(X4)
def overlap4(x):
    y = x * 1.0
    for i in range(3):
        y[1:] = y[:-1] * y[1:]
    return np.sum(y * np.arange(4.0))


@case(X)
def const_mut(x):
    c = np.array([1.0, 1.0, 1.0])
    s = np.sum(c * x * x)
    c[:] = 100.0
    return s


@case(X)
def const_mut_loop(x):
    c = np.ones(3)
    s = 0.0
    for i in range(3):
        s += np.sum(c * x * x)
        c *= 2
        c[i] = x[i]
    return s


@case(X)
def mutate_arg(x):
    s = np.sum(x * x)
    x[:] = 0.0
    return s + np.sum(x)


@case(X)
def mutate_arg2(x):
    x *= x
    x[0] += x[1]
    return np.sum(x * x)


@case(X)
def last_wins(x):
    y = np.zeros(2)
    y[[0, 0, 1]] = x
    return np.sum(y * y)


@case(X)
def last_wins2(x):
    y = np.ones(2)
    y[[0, 0, 1]] += x
    return np.sum(y * y)


@case(X)
def last_wins3(x):
    y = np.ones(2) * x[0]
    y[[0, 0, 1]] *= x
    return np.sum(y * y)


@case(X)
def int_buf(x):
    y = np.zeros(3, int)
    y[0] = x[0] * 1.5
    return np.sum(y * x)


@case(X)
def mask1(x):
    y = x * x
    k = x > 1.5
    y[k] = x[k] * 3
    y[~k] += x[~k]
    return np.sum(y * x)


@case(X)
def mask2(x):
    y = x * x
    y[y > 3] = 0.0
    return np.sum(y * x)


@case(X)
def mask3(x):
    y = x * x
    y[y > 3] *= 2
    return np.sum(y * x)


@case(X)
def rebind_param(x):
    x = x * 2
    x = x[1:]
    x = np.sum(x)
    x = x * x
    return x


@case(X)
def chained_assign(x):
    a = b = x * 2
    a[0] = x[1] * x[1]
    return np.sum(a * b)


@case(X)
def same_twice(x):

    def f(a, b):
        a[0] = b[1] * 2
        return np.sum(a * b)
    y = x * 1.0
    return f(y, y)


@case(X)
def ret_arg_alias(x):

    def g(z):
        return z
    y = g(x)
    y = y * 2
    w = g(y)
    w[0] = 3.0
    return np.sum(y * y)


@case(X)
def temp_buf(x):
    buf = np.empty(3)

    def fill(b, v):
        b[:] = v * v
    fill(buf, x)
    s = np.sum(buf * x)
    fill(buf, s * x)
    return s + np.sum(buf)


@case(X, np.zeros(3))
def inactive_buf(x, buf):
    buf[:] = x * x
    return np.sum(buf * x)


@case(X)
def alias_list(x):
    y = x * 1.0
    l = [y, y]
    l[0][0] = x[1] * 3
    l[1] *= 2
    return np.sum(y * y) + np.sum(l[0] * x)


@case(X)
def alias_dict(x):
    y = x * 1.0
    d = {'p': y}
    e = d
    e['p'][1] = x[0]
    d['q'] = d['p']
    d['q'] += x
    return np.sum(y * y * e['p'])


@case(X)
def alias_tuple(x):
    y = x * 1.0
    t = (y, y[1:])
    t[1][0] = x[0] * 7
    a, b = t
    b += 1
    return np.sum(a * a)


@case(X, True)
def alias_cond(x, c):
    y = x * 1.0
    z = x * 2.0
    w = y if x[0] > 0 else z
    w[0] = x[1] * x[2]
    return np.sum(y * y) + np.sum(z * z)


@case(X)
def alias_cond2(x):
    y = x * 1.0
    z = x * 2.0
    if x[0] > 5:
        w = y
    else:
        w = z
    w *= x
    y += 1
    return np.sum(y * y) + np.sum(z * z * w)


@case(X)
def alias_cond3(x):
    y = x * 1.0
    z = x * 2.0
    for i in range(3):
        w = y if x[i] > 1.5 else z
        w[i] += x[0] * w[0]
    return np.sum(y * y) + np.sum(z * z * w)


@case(X)
def write_after_save(x):
    y = np.exp(x)
    z = y * y
    y[:] = 0
    return np.sum(z * x) + np.sum(y)


@case(X)
def write_after_save_loop(x):
    y = x * 1.0
    s = 0.0
    for i in range(3):
        z = np.sin(y)
        s += np.sum(z * y)
        y[i] = s * 0.1
        z[0] = 5.0
        s += np.sum(z * y)
    return s


@case(M)
def neg_stride(a):
    b = a[::-1, ::-1] * 1.0
    c = b[::-1]
    c[0, ::2] = a[0, 1] * a[0, ::2]
    c[..., -1] *= 2
    return np.sum(b * b)


@case(M)
def newaxis(a):
    b = a[:, None, :] * a[None, :, :]
    b[:, :, 0] += a[0, 0]
    b[np.newaxis, 0, ...] *= a[0]
    return np.sum(b ** 2)


@case(M)
def fancy2(a):
    b = a * 1.0
    b[[0, 1], [1, 2]] = a[[1, 0], [0, 0]] * 2
    b[[0, 1], :1] *= 3
    b[np.array([True, False])] += a[0] * a[1]
    return np.sum(b * b)


@case(M)
def fancy3(a):
    b = a * 1.0
    b[:, [0, 0, 2]] = a * a
    return np.sum(b * b * a)


@case(M)
def fancy4(a):
    i = np.array([[0, 1], [1, 1]])
    return np.sum(a[i] ** 2) + np.sum(a[i, [0, 2]] ** 3) + np.sum(a[:, i[0]] * a[:, i[1]])


@case(M)
def mask2d(a):
    b = a * 1.0
    b[b > 0.4] = 0.0
    b[b < 0] *= a[0, 0]
    b[a > 1] = a[a > 1] * np.array([2.0])
    return np.sum(b * b * a)


@case(M)
def bcast_store(a):
    b = np.zeros((2, 2, 3))
    b[:] = a
    b[0] = a[0]
    b[:, 1] = a[0, 0]
    b[1, :, :1] = a[:, :1] * 3
    return np.sum(b * b)


@case(X)
def bcast_iadd(x):
    b = np.zeros((2, 3))
    b += x
    b *= x[0]
    b -= x[:1]
    b /= np.array(2.0)
    b[:, 0] += x[0]
    b[0] *= x
    return np.sum(b * b)


@case(np.array(2.0))
def zerod(x):
    y = x * x
    y += x
    return y


@case(np.array(2.0))
def zerod2(x):
    x *= x
    x[...] = x * 3
    return x * x[()]


@case(X)
def zerod_alias(x):
    y = np.array(2.0)
    z = y
    z += x[0]
    y *= x[1]
    w = np.zeros(())
    w[...] = x[2]
    v = w
    v[()] *= x[0]
    return z * y + w * v


@case(X)
def scal_immut(x):
    a = x[0]
    b = a
    b += x[1]
    c = x.sum()
    d = c
    d *= 2
    return a * b * c * d


@case(X)
def is_test(x):
    y = x * 1.0
    z = y
    s = 0.0
    if y is z:
        s += np.sum(y)
    if x is y:
        s += 100.0 * x[0]
    w = y if x[0] > 0 else x
    if w is y:
        s += x[1] * x[1]
    if w is not x:
        s += x[2] * x[1]
    return s


@case(X)
def aug_all(x):
    y = x * 1.0
    y += x
    y -= x * 0.5
    y *= x
    y /= x + 1
    y **= 2
    y //= 1000.0
    y += x * x
    y %= 7.3
    return np.sum(y)


@case(X)
def aug_item(x):
    y = x * 1.0
    y[0] += x[1]
    y[1] -= x[0] * y[0]
    y[2] *= y[0]
    y[0] /= y[1]
    y[1] **= 2
    return np.sum(y)


@case(X)
def aug_order(x):
    y = x * 1.0
    y[0] += bump(y)
    return np.sum(y * y)


@case(X)
def aug_order2(x):
    y = x * 1.0
    y[:2] += bump(y)
    return np.sum(y * y)


@case(X)
def aug_order3(x):
    y = x * 1.0
    y += bump(y)
    z = y + bump(y)
    w = y[0] + bump(y)
    u = bump(y) + y[0]
    y[int(bump(y) * 0)] = bump(y)
    return np.sum(y * y) * 1e-06 + np.sum(z * z) + w + u


@case(X)
def eval_order(x):
    l = []

    def t(v):
        l.append(v)
        return v
    a = t(x[0]) * t(x[1]) + t(x[2])
    return a * l[0] + l[2] * l[1]


@case(M, 2)
def swap_rows(a, n):
    b = a * 1.0
    for i in range(n):
        b[0], b[1] = (b[1], b[0].copy())
    b[[0, 1]] = b[[1, 0]] * a
    return np.sum(b * b * a)


@case(M)
def swap_rows_bad(a):
    b = a * 1.0
    b[0], b[1] = (b[1], b[0])
    return np.sum(b * b * a)


@case(M)
def swap_bad2(a):
    b = a * 1.0
    p, q = (b[0], b[1])
    p[:], q[:] = (q, p)
    b[:, 0], b[:, 1] = (b[:, 1] * 2, b[:, 0] * 3)
    return np.sum(b * b * a)


@case(X)
def ret_tuple_alias(x):

    def f(z):
        return (z, z[1:], (z,))
    y = x * 1.0
    a, b, (c,) = f(y)
    b[0] = x[0] * 5
    c *= 2
    return np.sum(a * a)


@case(X)
def early_return_alias(x):
    y = x * 1.0

    def g(v):
        if v[0] > 5:
            return v
        v[0] = x[2]
        if v[1] > 50:
            return v * 2
        return v
    z = g(y)
    z[1] = x[0]
    return np.sum(y * y)


@case(X, np.array([1, 0, 2]), np.array([True, False, True]))
def idxmask(x, i, k):
    y = x * 1.0
    y[i] = y * x
    y[k] = y[k][::-1]
    y[i[k]] += 1.0 * x[i[k]]
    return np.sum(y[i] * x)


@case(X)
def views3(x):
    b = np.zeros((2, 3))
    r = b.reshape(-1)
    r[1:4] = x * x
    q = b.ravel()
    q[0] = x[0]
    z = b.reshape(3, 2).T
    z[0] *= x
    return np.sum(b * b)


@case(X)
def fillw(x):
    y = x * 1.0
    z = y[1:]
    z.fill(x[0])
    return np.sum(y * y)


@case(X)
def comp_alias(x):
    y = [x * k for k in (1.0, 2.0)]
    z = [v for v in y]
    z[0][0] = x[2] * x[2]
    for v in z:
        v *= 2
    return np.sum(y[0] * y[1])


@case(X)
def list_eq(x):
    s = x[0]
    if [1, 2] == [1, 2]:
        s = s * x[1]
    if (1, 2) == (1, 2):
        s = s * x[2]
    if [1, 2] != [1, 3]:
        s = s * x[0]
    if 'a' in ['b', 'a']:
        s = s * 2
    if None not in (1, None):
        s = s * x[1]
    return s


@case(np.array([1.5, 2, 3.0]))
def za(x):
    y = np.array(2.0)
    z = y
    z += x[0]
    return z * y


@case(np.array([1.5, 2, 3.0]))
def zb(x):
    y = np.array(2.0) * x[0]
    y *= x[1]
    return y


@case(np.array([1.5, 2, 3.0]))
def zc(x):
    w = np.zeros(())
    w[...] = x[2]
    w[()] *= x[0]
    return w * 2


@case(np.array([1.5, 2, 3.0]))
def zd(x):
    w = np.zeros(())
    for i in range(3):
        w += x[i] * x[0]
    return w * w


@case(np.array([1.5, 2, 3.0]))
def ze(x):
    w = np.zeros(())
    b = np.zeros((2, 2))
    for i in range(3):
        w += x[i] * x[0]
        b[1, 1, ...] = w
        b[0] += w
        b[..., 0] *= 2
    return w * np.sum(b)


@case(np.array(1.5))
def zf(x):
    return np.sum(x[None] * x[...]) + x.reshape(1)[0] + np.sum(x[x > 1])


@case(np.asfortranarray(M))
def ford(a):
    b = a * 1.0
    b[0] *= a[1]
    r = a.ravel(order='F')
    return np.sum(b * b) + np.sum(r * np.arange(6.0)) + np.sum(a.reshape(-1) * np.arange(6.0))


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
