"""Every way to write into an array, and every way to alias one."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import UnsupportedError
from tests.by_hand.cases import X4, M, W, X, case, cases
from tests.gradients import gradient_is

C = np.array([[1.5, -0.7, 0.2], [0.4, 1.2, -1.1], [0.9, 0.3, 2.0]])
I3 = np.array([2, 0, 2])
K3 = np.array([True, False, True])


def weighted(y):
    """A number that tells all elements of an array apart."""
    return np.sum(y * np.cos(np.arange(1.0, 1.0 + y.size)).reshape(y.shape)) + np.sum(y * y)


# -- assignment ----------------------------------------------------------------------------------------------------------


@case(X4, M)
def items_and_slices(x, a):
    y = x * 1.0
    y[0] = x[1] * x[2]
    y[-1] += x[0]
    y[1:3] = x[:2] ** 2
    y[::-2] *= x[::2]
    y[3:0:-1] += x[:3]
    b = a * 1.0
    b[0, 1] = x[0]
    b[1] = a[0] * 2
    b[:, ::-1][0, :2] *= a[1, :2]
    b[..., 0] -= x[:2]
    b[1:, 1:] /= 3.0
    b[-1, None, :] += a[:1]
    b[()] *= 2.0
    return weighted(y) + weighted(b)


@case(M, I3, K3)
def masks_and_integers(a, i, k):
    b = a * 1.0
    b[:, k] *= 3.0
    b[0, i[:2]] = a[1, :2] ** 2
    b[b > 1.0] = a[0, 0]
    b[[1, 0], 1:] += a[:, :2]
    b[k[:2], 2] = a[0, 1] * a[0, 2]
    b[np.array([0, 1])[:, None], [0, 2]] *= a[:, :2]
    b[np.ix_([0], [1, 2])] += a[1, 1]
    b[~(b > 0)] *= -2.0
    return weighted(b)


@case(X, I3)
def duplicated(x, i):
    y = x * 1.0
    y[i] = x * x
    z = x * 2.0
    z[i] += x
    w = x * 3.0
    w[i] *= x
    v = x + 1.0
    v[i] -= x * x
    u = x + 2.0
    u[i] /= x
    b = np.outer(x, x)
    b[i] += x
    b[:, i] = b[:, ::-1] * 2
    return weighted(y) + weighted(z) + weighted(w) + weighted(v) + weighted(u) + weighted(b)


@case(X, np.array([0, 0, 1]))
def last_wins(x, i):
    y = np.zeros(3)
    y[i] += x
    return np.sum(y ** 2)


@case(X4)
def overlapping_slices(x):
    y = x * 1.0
    y[0:2], y[2:4] = y[2:4], y[0:2]
    z = x * 1.0
    z[1:] = z[:-1]
    u = x * 1.0
    np.add(u[:-1], u[1:], out=u[1:])
    v = x * 1.0
    v[[0, 1, 2]] = v[1:]
    v[v > 0] = v[:3]
    w = x * 1.0
    w[:] = w[::-1]
    return weighted(y) + weighted(z) + weighted(u) + weighted(v) + weighted(w)


@case(C)
def swaps(a):
    b = a * 1.0
    b[0], b[1] = b[1], b[0]
    c = a * 1.0
    c[0, 0], c[1, 1] = c[1, 1], c[0, 0]
    d = a * 1.0
    d[[0, 2]] = d[[2, 0]]
    d[:, [0, 1]] = d[:, [1, 0]]
    for i in range(2):
        c[i], c[i + 1] = c[i + 1].copy(), c[i].copy()
        b[:, i], b[:, i + 1] = b[:, i + 1], b[:, i]
    return weighted(b) + weighted(c) + weighted(d)


@case(X)
def integers_truncate(x):
    y = np.zeros(3, int)
    y[:] = x * 2.0
    y[0] = x[1]
    y.fill(2)
    z = np.zeros(3, np.float32)
    z[:] = x
    return np.sum(y * x) + np.sum(z * x) * 0.0 + float(np.sum(y)) * x[0]


@case(X)
def into_complex(x):
    z = np.zeros(3, complex)
    z[0] = x[0]
    z[1:] = x[1:] * 1j
    z *= x
    z += 1.0
    return np.sum(np.abs(z) ** 2)


# -- augmented assignment ------------------------------------------------------------------------------------------------


@dataclass
class Box:
    data: object
    count: float


@case(X, M)
def augmented(x, a):
    y = x * 1.0
    y += x
    y -= 0.5 * x[::-1]
    y *= x
    y /= x + 1.0
    y **= 2
    y %= 7.3
    y //= 100.0
    y += x * x
    v = y[1:]
    v += x[:2]
    v **= 2
    b = a @ a.T
    b @= b
    box = Box(x * 1.0, 1.0)
    box.data += x
    box.data[0] *= x[1]
    box.count *= x[2]
    held = [x * 2.0, x[0]]
    held[0] *= x
    held[1] += x[1]
    held[0][1] -= x[0]
    named = {"a": x * 3.0}
    named["a"] /= x
    named["a"][::2] *= x[0]
    return weighted(y) + weighted(b) + weighted(box.data) + box.count * held[1] + weighted(held[0]) + weighted(named["a"])


@case(X, I3)
def augmented_integers(x, i):
    n = np.array([6, 5, 9])
    n &= 7
    n |= 8
    n ^= 3
    n <<= 1
    n >>= 2
    n //= 2
    n %= 5
    n **= 2
    n -= i
    n *= 2
    m = x > 1.5
    m &= x < 2.5
    m |= x > 2.8
    m ^= True
    k = 5
    k <<= 2
    k &= 12
    return np.sum(n * x * x) + np.sum(x[m] ** 2) + k * x[0]


@case(M)
def augmented_views(a):
    b = a * 1.0
    r = b[0]
    r *= a[1]
    c = b.T
    c += a.T
    c[1] /= 2.0
    b.T[0] **= 2
    b[:, 1:][0] -= a[0, 0]
    return weighted(b) + np.sum(r * c[:, 0][0])


@case(X, 1.0)
def augmented_either(x, s):
    y = x * 1.0
    z = x * 2.0
    w = y if s > 0.5 else z
    w += x
    w[0] *= x[1]
    np.multiply(w, x, out=w)
    np.copyto(w, x, where=x > 2.5)
    w.fill(x[0]) if s > 2.0 else w.sort()
    return weighted(y) + weighted(z)


# -- out= and where= -------------------------------------------------------------------------------------------------------


@case(X)
def out(x):
    y = np.empty(3)
    r = np.multiply(x, x, out=y)
    np.exp(y * 0.1, y)
    np.add(x, y, y)
    z = np.zeros((2, 3))
    np.sin(x, out=z[1])
    np.cos(x, z[0, ::-1])
    np.add(z, y, out=(z,))
    np.negative(x, out=z[:, 0:1].T[0, :1].reshape(1)) if False else None
    x2 = np.subtract(x, z, out=None)
    return weighted(y) + weighted(z) + np.sum(r * x) + weighted(x2) + (3.0 if r is y else 0.0) * x[0]


@case(X)
def out_overlapping(x):
    y = x * 1.0
    np.multiply(y[:-1], y[1:], out=y[1:])
    np.add(y, y[::-1], out=y)
    np.subtract(y, 1.0, y)
    np.maximum(y, 0.5, out=y)
    np.cumsum(y, out=y)
    return weighted(y)


@case(M)
def out_of_reductions(a):
    s = np.empty(3)
    np.sum(a, axis=0, out=s)
    t = np.zeros((2, 1))
    a.max(axis=1, keepdims=True, out=t)
    np.mean(a, 0, None, s[::-1])
    c = np.zeros((2, 3))
    np.cumsum(a, 1, None, c)
    np.dot(a, s, out=t[:, 0])
    m = np.empty((2, 2))
    np.matmul(a, a.T, out=m)
    d = np.empty((4, 3))
    np.concatenate([a, a * a], out=d)
    q = np.empty((2, 3))
    np.clip(a, 0.0, 1.0, out=q)
    a.clip(0.2, 1.05, q[:1] if False else q)
    z = np.zeros(())
    np.prod(a, out=z)
    return weighted(s) + weighted(t) + weighted(c) + weighted(m) + weighted(d) + weighted(q) + z


@case(X)
def out_tuple(x):
    q, r = np.zeros(3), np.zeros(3)
    np.divmod(x, 0.7, out=(q, r))
    a, b = np.divmod(x, 0.7, q)
    f, n = np.modf(x, None, q)
    return weighted(r) + weighted(b) + weighted(f) + np.sum(q * x) + (1.0 if a is q else 3.0) * x[0]


@case(X)
def out_narrow(x):
    y = np.zeros(3, np.float32)
    np.multiply(x, 0.0, out=y)
    z = np.zeros(3, complex)
    np.exp(x, out=z)
    n = np.zeros(3, int)
    np.add(np.arange(3), 1, out=n)
    return np.sum(np.abs(z)) + np.sum(n * x) + np.sum(y * x)


@case(X)
def where_keeps(x):
    y = x * 2.0
    m = x > 2.0
    np.exp(x, out=y, where=m)
    z = np.zeros(3)
    np.divide(1.0, x - x[0], out=z, where=x != x[0])
    w = x * 1.0
    np.log(w - 1.5, out=w, where=w > 1.5)
    b = np.ones((2, 3)) * x[0]
    np.multiply(b, x, out=b, where=m)
    np.add(x[:, None], x, out=np.outer(x, x), where=True)
    np.sqrt(x[:2, None], out=b, where=np.array([[True], [False]]))
    v = x * 1.0
    np.add(v[:-1], v[1:], out=v[1:], where=m[1:])
    return weighted(y) + weighted(z) + weighted(w) + weighted(b) + weighted(v)


@case(X, 0.5)
def where_scalar(x, s):
    y = x * 1.0
    np.multiply(y, s, out=y, where=False)
    np.add(y, x, out=y, where=True)
    np.add(y, s, out=y, where=x[0] > 0)
    z = np.array(1.5)
    np.multiply(x[0], s, out=z, where=np.array(True))
    return weighted(y) + z


@case(M)
def reductions_where(a):
    m = a > 0.35
    return (np.sum(a, where=m) + np.sum(a * a, axis=0, where=m) @ np.arange(3.0) + np.prod(a, axis=1, where=m, initial=2.0) @ np.array([1.0, 3.0])
            + np.max(a, axis=0, where=m, initial=0.5) @ np.arange(1.0, 4.0) + np.min(a, initial=0.1) + np.max(a, initial=a[0, 0] * 3, where=m)
            + np.mean(a, axis=1, where=m) @ np.array([2.0, 3.0]) + np.mean(a, where=m, keepdims=True)[0, 0] + np.sum(a, initial=a[0, 0] ** 2)
            + a.sum(where=m[:, :1]) + a.min(axis=1, initial=1.0, where=m, keepdims=True)[1, 0] + np.sum(np.any(a > 1, axis=0, where=m)))


@case(M)
def reductions_where_out(a):
    m = a > 0.35
    s = np.zeros(3)
    np.sum(a, axis=0, where=m, out=s, initial=1.0)
    t = np.full(2, a[0, 0])
    np.max(a, 1, out=t, where=m, initial=-1.0)
    return weighted(s) + weighted(t)


# -- functions and methods that write --------------------------------------------------------------------------------------


@case(X, I3)
def accumulating(x, i):
    y = x * 1.0
    np.add.at(y, i, x * x)
    np.subtract.at(y, [0, 0], x[1])
    np.multiply.at(y, i, x)
    np.divide.at(y, [1, 1, 2], x)
    b = np.outer(x, x)
    np.add.at(b, (i, [0, 1, 1]), x)
    np.add.at(b.T, i, x[0])
    np.multiply.at(b[:, ::-1], ([0, 0], [1, 1]), x[:2])
    np.add.at(b, (slice(None), i), b * 2)
    return weighted(y) + weighted(b)


@case(X)
def multiply_at_zero(x):
    y = x * 1.0
    np.multiply.at(y, [0, 0, 1, 1, 1], (x[0] - 1.1) * np.array([1.0, 0.0, 0.0, 0.0, 0.0]) + np.array([0.0, x[1], 2.0, x[2], 3.0]))
    return weighted(y)


@case(X, I3)
def extremes_at(x, i):
    y = x * 1.0
    np.maximum.at(y, i, x[::-1] * 1.5)
    np.minimum.at(y, [0, 0, 1], x * 0.7)
    b = np.outer(x, x)
    np.maximum.at(b[::-1], ([0, 0, 1], i), x * 3)
    return weighted(y) + weighted(b)


@case(X, I3, 4)
def accumulating_in_loop(x, i, n):
    y = np.zeros(3)
    for k in range(n):
        np.add.at(y, i, x * y + k)
        np.multiply.at(y, [0, 0], x[:2] * 0.3)
    return weighted(y)


@case(X, K3)
def copied(x, k):
    y = np.zeros(3)
    np.copyto(y, x * x)
    np.copyto(y, x[0], where=k)
    np.copyto(y[1:], y[:-1])
    b = np.zeros((2, 3))
    np.copyto(b, x)
    np.copyto(b[1], x * x, where=~k)
    np.copyto(b, np.array([[1.0], [2.0]]) * x[0], where=k)
    np.copyto(dst=b[0], src=[x[0], 1.0, x[2]], casting="unsafe")
    n = np.zeros(3, int)
    np.copyto(n, x * 2, casting="unsafe")
    return weighted(y) + weighted(b) + np.sum(n * x)


@case(X, M, I3)
def put(x, a, i):
    b = a * 1.0
    np.put(b, [0, 4], x[:2] ** 2)
    np.put(b, i, x)
    b.put(5, x[0] * 3)
    np.put(b.T, [1, 2, 3], x)
    np.put(b, [1, 2, 3], [x[0], x[1]])
    np.put(b, np.array([[0, 1], [2, 3]]), x[:2])
    return weighted(b)


@case(X, M)
def placed(x, a):
    b = a * 1.0
    np.place(b, b > 0.5, x[:2])
    np.place(b, b < 0.4, x[0] * 2)
    np.place(b, a > 5, x)
    np.putmask(b, a > 1.0, a * a)
    np.putmask(b, b < 0, x[2])
    return weighted(b)


@case(M)
def along_axis(a):
    b = a * 1.0
    order = np.argsort(a, axis=1)
    np.put_along_axis(b, order, a * a, axis=1)
    np.put_along_axis(b, np.array([[1, 0, 1]]), 2.0 * a[:1], 0)
    np.put_along_axis(b, np.array([[2], [2]]), a[0, 0], axis=-1)
    y = a[0] * 1.0
    np.put_along_axis(y, np.array([0, 0, 2]), a[1], 0)
    np.put_along_axis(b, np.array([0, 5]), a[0, :2], None)
    return weighted(b) + weighted(y) + np.sum(np.take_along_axis(b, order, 1)[:, 0])


@case(C, M)
def diagonal_filled(a, c):
    b = a * 1.0
    np.fill_diagonal(b, a[0])
    np.fill_diagonal(b[:, ::-1], a[1, 1] ** 2)
    t = np.outer(np.arange(5.0), a[0])
    np.fill_diagonal(t, a[2], wrap=True)
    np.fill_diagonal(t[:3], [a[0, 0], 1.0])
    d = c * 1.0
    np.fill_diagonal(d, a[2, 2])
    return weighted(b) + weighted(t) + weighted(d)


@case(X, M)
def filled_and_sorted(x, a):
    y = x * np.array([1.0, -1.0, 0.5])
    z = y[:2]
    y.sort()
    z[0] *= x[0]
    b = a * 1.0
    b.sort(axis=0)
    b[0].sort()
    b.T.sort(0)
    b[:, 1].fill(x[0])
    b.sort(kind="stable")
    return weighted(y) + weighted(b)


# -- aliases -----------------------------------------------------------------------------------------------------------------


def bump(y, into=None):
    if into is not None:
        into[0] += y[0]
    y *= 2.0
    return y


@case(X)
def aliases(x):
    y = x * 1.0
    box = Box(y, 0.0)
    other = box
    other.data[0] = x[1] ** 2
    held = {"y": y, "both": [y, (y[1:], box)]}
    held["both"][1][0][0] *= x[0]
    held["both"][1][1].data += x
    a = bump(y)
    a[2] = x[0]
    b = (lambda v: v)(held["y"])
    b -= 1.0
    bump(y, into=y[1:])

    def inner():
        y[0] *= x[2]
        return y[::-1]

    inner()[0] += x[0]
    return weighted(y) + (1.0 if box.data is y else 0.0) * x[0]


@case(X, X)
def given_twice(x, y):
    def f(a, b):
        a[0] = b[1] ** 2
        b[2] *= a[0]
        return np.sum(a * b)

    z = x * y
    return f(z, z) + f(z, z[::-1]) + f(x, y)


@case(X)
def two_outputs(x):
    def f(v):
        y = v * 1.0
        return y, y[1:], y

    a, b, c = f(x)
    b *= x[0]
    c[0] = a[2] * 2
    return weighted(a) + np.sum(b * c[1:])


@case(X, [W, W * 2])
def containers_as_arguments(x, ws):
    ws[0] *= x
    ws[1][0] = x[0] ** 2
    ws[0], ws[1] = ws[1], ws[0]
    ws[0] += 1.0
    return weighted(ws[0]) + np.sum(ws[1] ** 3)


@case(X, {"w": W, "b": 0.5})
def dictionaries_as_arguments(x, p):
    w = p["w"]
    w *= x
    p["b"] += w[0]
    p["w"][1] = p["b"]
    return weighted(w) * p["b"]


# -- all of it together ----------------------------------------------------------------------------------------------------


@case(X)
def is_views(x):
    y = x * 1.0
    v = y[1:]
    w = v
    return weighted(y) * (2.0 if v is w else 1.0) * (3.0 if y is not v else 1.0)


@case(M)
def matmul_out(a):
    b = a @ a.T
    np.matmul(b, b, out=b)
    np.matmul(a, a.T, b)
    b @= b
    np.dot(b, b, out=b)
    c = np.zeros((2, 2))
    np.einsum("ij,kj->ik", a, a, out=c)
    np.outer(a[0, :2], a[1, :2], out=c[::-1])
    return weighted(b) + weighted(c)


@case(X)
def more_out(x):
    y = np.zeros(3)
    np.take(x, [2, 1, 0], out=y)
    np.round(x, 1, y)
    np.stack([x, y], out=np.zeros((2, 3)))
    z = np.zeros((2, 3))
    np.stack((x, y * x), out=z)
    np.add(x, y, out=z[0])
    np.minimum(z, 2.0, out=z)
    np.var(x, out=np.zeros(()))
    s = np.zeros(())
    np.std(np.outer(x, x), None, None, s)
    np.square(x, y), np.negative(y, y), np.absolute(y, out=y)
    t = np.where(x > 2, y, z[0])
    t[0] = 4.0
    return weighted(y) + weighted(z) + s + weighted(t)


@case(X)
def selected_views(x):
    y, z = np.outer(x, x), np.outer(x, x * 2)
    for i in range(3):
        w = y if x[i] > 2 else z
        v = np.flip(w, 0)[i]
        v *= 0.5
        u = w.T
        u[0] += v
        np.swapaxes(w, 0, 1)[i, 1] = x[0]
    return weighted(y) + weighted(z)


@case(X)
def overlapped_select(x):
    y, z = x * 1.0, x * 2.0
    w = y if x[0] > 2 else z
    w[1:] = w[:-1]
    return weighted(y) + weighted(z)


@case(M)
def overlaps_2d(a):
    b = a * 1.0
    b[:, 1:] = b[:, :-1]
    b[::-1] = b
    b[:, ::-1] += b
    c = np.outer(a[0], a[0])
    c[:] = c.T
    c[1:, 1:] = c[:-1, :-1]
    np.copyto(c, c[::-1])
    c[0, 1:] = c[0, :-1]
    c[:, 0] = c[::-1, 0]
    return weighted(b) + weighted(c)


@case(X)
def number_array_phi(x):
    y = np.zeros(3)
    s = 0.0
    for i in range(3):
        y[i:] += x[i]
        s = s + y[i]
        v = y[: i + 1]
        v *= x[0]
    return s + weighted(y)


@case(X)
def augmented_slices_read(x):
    y = x * 1.0
    y[1:] -= y[:-1] * y[1:]
    y[:-1] /= y[1:]
    y[[0, 1]] **= 2
    y[y > 0] -= 1
    y[::-1] *= y
    return weighted(y)


@case(X, {"a": X.copy(), "n": 2})
def nested_aliasing(x, d):
    e = {"inner": d, "list": [d["a"], d["a"][1:]]}
    e["list"][1][0] = x[0] * 5
    e["inner"]["a"][2] *= x[1]
    l = e["list"]
    m = list(l)
    m[0] += 1
    l[0] = x * 2
    t = tuple(m)
    t[1][1] = x[1]
    return weighted(d["a"]) + weighted(l[0])


@case(X)
def returns_its_list(x):
    def fill(acc, v):
        acc.append(v)
        v[0] = 3 * x[1]
        return acc
    y = x * 1.0
    l = fill(fill([], y), y[1:])
    l[1][1] += x[0]
    return weighted(y) + weighted(l[0]) + len(l)


@case(X, X4)
def partial_writes(x, y):
    out = np.empty(7)
    out[:3] = x
    out[3:] = y
    left, right = out[:4], out[3:]
    left[3] *= x[0]
    right += left
    return weighted(out)


@case(X)
def write_then_reduce_view(x):
    y = np.outer(x, x)
    c = y[:, 1]
    y[1] = 0
    s = np.sum(c * c)
    y.T[1] = x
    return s + np.sum(c * c * c) + np.max(c) + np.sort(c)[0]


@case(X)
def views_of_either(x):
    y = np.outer(x, x)
    z = x * 3
    if x[0] > 0:
        v = y[0]
    else:
        v = z[::-1]
    v[1] = x[0] ** 2
    v.flat[0] = x[2]
    np.put(v, [1, 2], x[:2])
    np.add.at(v, [0, 0], x[1])
    np.exp(v * 0.1, out=v, where=v > 3)
    v.real[0] *= 2
    v.sort()
    return weighted(y) + weighted(z)


@case(X, 3)
def rows_in_a_loop(x, n):
    y = np.zeros((n, 3))
    for i in range(n):
        row = y[i]
        row.flat[:] = x * i
        np.multiply(row, x, out=row)
        row[::-1].sort()
        np.add(row[:-1], row[1:], out=row[1:])
        np.maximum.at(row, [0, 0], x[:2])
    return weighted(y)


@case(X, 3)
def buffer_in_while(x, n):
    y = x * 1.0
    buf = np.empty_like(y)
    i = 0
    while i < n:
        np.sin(y, out=buf)
        np.add(buf, x, out=y)
        np.multiply(y, 0.5, out=buf, where=y > 1)
        i += 1
    return weighted(y) + np.sum(buf)


@case(X)
def swapped_buffers(x):
    a, b = x * 1.0, np.empty(3)
    for _ in range(4):
        np.multiply(a, x, out=b)
        a, b = b, a
    return weighted(a)


@case(X)
def out_in_a_helper(x):
    def norm(v, out=None):
        return np.divide(v, np.sqrt(np.sum(v * v)), out=out)

    y = x * 1.0
    norm(y, out=y)
    return weighted(y) + weighted(norm(x))


@case(M, I3)
def through_ravel(a, i):
    b = a * 1.0
    b.ravel()[i] += a[0] * 2
    b.reshape(-1)[[0, 0, 1]] = a[1]
    np.add.at(b.ravel(), i, a[0])
    np.add.at(b.reshape(3, 2), (i, [0, 0, 1]), a[1])
    b.T[i] *= 2
    return weighted(b)


@case(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0]))
def elimination(a, b):
    a, b = a.copy(), b.copy()
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - a[i, i + 1:] @ x[i + 1:]) / a[i, i]
    return weighted(x)


@case(np.array([]))
def nothing_to_write(x):
    y = x * 1.0
    y[:] = 3.0
    y.flat[:] = 2.0
    np.add.at(y, np.array([], int), 1.0)
    y.sort()
    np.copyto(y, 1.0)
    np.put(y, np.array([], int), 1.0)
    y[y > 0] = 1.0
    return np.sum(y) + np.sum(np.split(y, 1)[0]) + np.max(x, initial=2.0)


@case(X4)
def steps(x):
    y = np.zeros(8)
    y[::2] = x
    y[1::2] = y[::2] * 2
    y[::-1][:3] += y[:3]
    y[5:1:-2] *= x[:2]
    y[-3:] = y[:3]
    return weighted(y)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


BUFFER = np.array([1.0, 2.0, 3.0])


def default_is_written(x, buffer=np.zeros(3)):  # noqa: B008
    buffer[0] = x[0]
    buffer += x * x
    return np.sum(buffer * buffer)


def global_is_written(x):
    BUFFER[1:] = x[1:] ** 2
    BUFFER[0] += x[0]
    return np.sum(BUFFER * x)


def make_counter():
    state = np.array([1.0, 2.0, 3.0])

    def closure_is_written(x):
        state[0] = x[0] * x[1]
        return np.sum(state * x)

    return closure_is_written, state


def test_writes_into_what_is_not_an_argument():
    """The gradient call leaves the array as it is, and the gradient is with respect to what it held before."""
    closure, state = make_counter()
    for f, held in ((default_is_written, default_is_written.__defaults__[0]), (global_is_written, BUFFER), (closure, state)):
        before = held.copy()

        def fresh(x, f=f, held=held, before=before):
            held[...] = before
            try:
                return f(x)
            finally:
                held[...] = before

        try:
            value, gradient = cr.value_and_grad(f)(X)
        except UnsupportedError:
            assert np.array_equal(held, before)
            continue
        assert np.array_equal(held, before)
        again, second = cr.value_and_grad(f)(X)
        np.testing.assert_allclose(value, fresh(X))
        assert again == value and np.array_equal(gradient, second)
        for n in range(3):
            step = np.zeros(3)
            step[n] = 1e-6
            np.testing.assert_allclose(gradient[n], (fresh(X + step) - fresh(X - step)) / 2e-6, rtol=1e-6)


def test_the_same_array_twice():
    def f(a, b):
        a[0] = b[1] * 3.0
        return np.sum(a * b)

    x = X.copy()
    with pytest.raises(UnsupportedError, match="may share memory"):
        cr.grad(f, argnums=(0, 1))(x, x)
    assert np.array_equal(x, X)

    def g(a, b):  # read only: each argument has its own gradient
        return np.sum(a * b * b)

    first, second = cr.grad(g, argnums=(0, 1))(x, x)
    np.testing.assert_allclose(first, X * X)
    np.testing.assert_allclose(second, 2 * X * X)


def test_gradients_share_nothing():
    def f(x):
        y = x
        y[0] *= 2.0
        return np.sum(y), (y, y[1:], x)

    x = X.copy()
    gradient, aux = cr.grad(f, has_aux=True)(x)
    assert np.array_equal(x, X)
    arrays = [gradient, *aux]
    kept = copy.deepcopy(arrays)
    gradient += 1.0
    assert np.array_equal(arrays[1], kept[1]) and np.array_equal(x, X)


# -- refused --------------------------------------------------------------------------------------------------------------------


def where_without_out(x):
    return np.sum(np.sqrt(x, where=x > 0))


def casts(x):
    y = np.zeros(3, int)
    np.add(x, 1.0, out=y)
    return np.sum(y) * x[0]


def casts_in_place(x):
    y = np.arange(3)
    y /= 2
    return np.sum(y) * x[0]


def copies_unsafely(x):
    y = np.zeros(3, int)
    np.copyto(y, x)
    return np.sum(y) * x[0]


def power_at(x):
    y = x * 1.0
    np.power.at(y, [0, 0], 2.0)
    return np.sum(y)


def joins_onto_itself(x):
    y = x * 1.0
    np.concatenate([y[2:], y[:2]], out=y)
    return np.sum(y * x)


def places_itself(x):
    y = x * 1.0
    np.place(y, y > 1.2, y[:2])
    return np.sum(y * x)


def of_wrong_shape(x):
    y = np.zeros((2, 3))
    np.sum(x, out=y)
    return np.sum(y)


@pytest.mark.parametrize("f", [where_without_out, casts, casts_in_place, copies_unsafely, power_at, joins_onto_itself, places_itself,
                               of_wrong_shape])
def test_refused(f):
    with pytest.raises(UnsupportedError):
        cr.grad(f)(X)
