"""Broadcasting, reductions, shapes, linear algebra."""

from __future__ import annotations

import numpy as np
import pytest

from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


@case(X)
def d6(x):
    return np.sum(x[[0, 0, 2]] ** 2)


@case(M, X, 2.0)
def d7(a, b, c):
    return np.sum(a / b) + np.sum(np.multiply(b, a)) + np.sum(np.abs(b) ** a) + np.sum(a * c) + np.sum(c / b) + np.sum(b ** c)


@case(X)
def d9(x):
    return np.sum(0 * x + x)


@case(2.0, X.astype(np.float32))
def f32(a, x):
    return np.sum(a * x * np.float64(2)) + np.sum(x * 2.5)


@case(X, X.astype(np.float32))
def f32m(a, x):
    return np.sum(a * x)


@case(X, np.array([0, 2, 1]))
def int_arr(x, i):
    return np.sum(x[i] * i) + x[i[0]] * x[i[1]]


@case(M)
def diag(a):
    b = a @ a.T
    return np.sum(np.diagonal(b) ** 2) + np.trace(b)


@case(M)
def split(a):
    p, q, r = np.split(a, 3, axis=1)
    return np.sum(p * q / (r + 3))


@case(M)
def bto(a):
    b = np.broadcast_to(a[0], (2, 3))
    return np.sum(b * a)


@case(X)
def empty(x):
    return np.sum(x[3:]) + np.prod(x[3:]) + np.sum(x)


@case(X)
def wh(x):
    return np.sum(np.where(x > 1.5, np.sqrt(x - 1.5 + 0 * x), 0.0)) + np.sum(np.where(x > 10, x, 1.0)) + np.sum(np.where(x > 1.5, 2.0, x))


@case(X)
def mm(x):
    a = np.outer(x, x) + np.eye(3)
    return np.sum(np.linalg.solve(a, x) * x) + np.linalg.det(a) + np.sum(np.linalg.inv(a))


@case(M)
def stack(a):
    b = np.stack([a[0], a[1], a[0] * 2], axis=1)
    c = np.concatenate((b, a.T), axis=1)
    d = np.vstack([a, a * 2])
    e = np.hstack([a[0], a[1]])
    return np.sum(b * b) + np.sum(c ** 3) + np.sum(d * d) + e[0] * e[5]


@case(M)
def reduc(a):
    return np.sum(np.mean(a, axis=0) * np.max(a, axis=0)) + np.sum(a.std(axis=1, ddof=1)) + np.prod(a) + np.sum(np.cumsum(a, axis=1) ** 2) + np.min(a) * np.sum(np.var(a, axis=(0, 1), keepdims=True))


@case(M)
def ein(a):
    return np.sum(np.einsum('ij,kj->ik', a, a) ** 2) + np.einsum('ii', a[:, :2]) + np.sum(np.tensordot(a, a, axes=([1], [1])))


@case(M)
def misc(a):
    return np.sum(np.roll(a, 1, axis=1) * a) + np.sum(np.tile(a, (2, 1)) ** 2) + np.sum(np.repeat(a, 2, axis=0) ** 2) + np.sum(np.flip(a, 1) * a) + np.sum(np.pad(a, 1) ** 2) + np.sum(np.diff(a) ** 2) + np.sum(np.clip(a, 0, 1) ** 2) + np.linalg.norm(a)


@case(M)
def sorts(a):
    return np.sum(np.sort(a, axis=1)[:, 0] * a[:, 0]) + np.median(a) + np.sum(a[0][np.argsort(a[0])] * np.arange(3))


@case(X)
def andor(x):
    y = x[0] and x[1]
    z = 0.0 * x[0] or x[2]
    l = [] or [x[1]]
    return y * z * l[0] * (None or x[0])


@case(X)
def builtins_(x):
    a = abs(-x[0]) + pow(x[1], 3) + sum(x, x[0]) + sum([x[0], x[1]], x[2]) + max(x[0], x[1], x[2]) + min([x[0] * 3, x[1]]) + float(x[0]) ** 2
    q, r = divmod(x[2] + 0.3, x[0] * 0.7)
    return a + r + q * x[0] + max(x) * min(x)


@case(2.0, 5.0)
def pyfl(a, b):
    return max(a, b) * min(a, b) + pow(a, b) + abs(a) ** b + divmod(b, a)[1] + a ** (-b) + (-a) ** 2 + 2 ** a + a % b + b % a - b // a


@case(X)
def fmt(x):
    s = f'{x[0]:.2f} {x}'
    return np.sum(x * x) * len('abc')


@case(X)
def ifexp(x):
    return (x[0] if x[1] > 0 else x[2]) * x[1] if x[0] else 0.0


@case(X)
def boolar(x):
    return np.sum((x > 1) * x) + np.sum(x[x > 1]) * (x > 1).sum() + np.sum(x, where=x > 1.5) if False else np.sum((x > 1) * x) + np.sum(x[x > 1]) * (x > 1).sum()


@case(X)
def matmul_(x):
    A = np.outer(x, x)
    A @= A
    return np.sum(A) + x @ x


@case(X)
def cplx(x):
    z = x[0] + 1j * x[1]
    return (z * z.conjugate()).real + abs(z * z) + np.angle(z)


@case(X)
def cplxb(x):
    y = np.zeros(3, complex)
    y[0] = x[0]
    y[1] = 1j * x[1]
    y *= 2
    return np.sum(np.abs(y[:2]) ** 2) + y.real[0] * y.imag[1]


@case(np.zeros((0, 3)))
def emp(a):
    return np.sum(a) + np.sum(a.sum(0)) + np.prod(a) + np.sum(a @ np.ones((3, 2)))


@case(M)
def emp2(a):
    s = 0.0
    for r in a[2:]:
        s += np.sum(r)
    for v in a[0, :0]:
        s += v
    return s * a[0, 0] + np.sum(a)


@case(X4)
def softmax(x):
    z = x - np.max(x)
    e = np.exp(z)
    p = e / np.sum(e)
    return -np.log(p[2]) + np.sum(p * np.log(p))


@case(X4 * 10000.0)
def softmax2(x):
    z = x - np.max(x)
    e = np.exp(z)
    p = e / np.sum(e)
    return p[2] * 3


@case(M)
def tri(a):
    return np.sum(np.triu(a @ a.T) ** 2) + np.sum(np.tril(a @ a.T, -1)) + np.sum(np.diag(a[0]) @ a.T)


@case(M)
def kron(a):
    return np.sum(np.kron(a, a.T) ** 2)


@case(M)
def crossp(a):
    return np.sum(np.cross(a[0], a[1]) * a[0] * 2 + np.cross(a, a[::-1]))


@case(X)
def nan1(x):
    return np.sum(np.where(x > 1.5, np.log(x - 1), 0.0) * x)


@case(X)
def nan4(x):
    y = np.sqrt(x - 1)
    y[0] = 0.0
    return np.sum(y)


@case(X)
def nan5(x):
    y = np.log(x - 1)
    k = y > -5
    return np.sum(y[k] * x[k])


@case(X)
def nan6(x):
    s = 0.0
    for v in x:
        s += np.log(v - 1) if v > 1.5 else 0.0
    return s


@case(2.1)
def trunc(x):
    return float(int(x * 1.7)) * x + x // 1 + round(x) * x


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
