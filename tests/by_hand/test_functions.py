"""Closures, recursion, comprehensions, default values."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


def dflt(v, buf=np.zeros(3)):
    return np.sum(buf * v)


def dflt_mut(v, buf=np.zeros(3)):
    b = buf
    return np.sum(b * v + v)


def recmod(a, k):
    return np.sum(a) if k == 0 else recmod(a * a * 0.5, k - 1) + a[0]


def ev(x, n):
    return x if n == 0 else od(x * x, n - 1)


def od(x, n):
    return x * 2 if n == 0 else ev(x + 1, n - 1)


def rtree(x, lo, hi):
    if hi - lo == 1:
        return x[lo] * x[lo]
    mid = (lo + hi) // 2
    a = rtree(x, lo, mid)
    b = rtree(x, mid, hi)
    return a * b + a


def fibo(n, x):
    return x if n < 2 else fibo(n - 1, x) * fibo(n - 2, x) + x


def rsum(a, n):
    if n == 0:
        return 0.0
    return a[n - 1] * a[0] + rsum(a, n - 1)


@functools.lru_cache
def cached(k):
    return k * 2


@case(X)
def comp(x):
    return sum([v * v for v in x]) + sum((v * 2 * x[0] for v in x if v > 1))


@case(X, 3)
def comp_loop(x, n):
    s = 0.0
    for i in range(n):
        l = [v * v * i for v in x]
        s += l[0] * l[-1]
    return s


@case(X)
def walrus(x):
    s = 0.0
    if (y := np.sum(x * x)) > 1:
        s = y * y
    while (s := (s * 0.5)) > 3:
        pass
    return s + y


@case(X)
def walrus_comp(x):
    t = x[0]
    l = [(t := (v * v)) for v in x]
    return t * l[0]


@case(X)
def walrus_comp2(x):
    l = [t * w for v in x if (t := (v * v)) > 0 for w in x]
    return t * l[0] * l[5]


@case(X)
def comp_shadow(x):
    y = [x for x in x]
    z = [x * 2 for x in x if x > 1]
    return np.sum(x) * y[0] * z[1]


@case(M)
def comp_nest(a):
    return sum((r[j] * r[0] for r in a for j in range(3) if j != 1)) + sum([sum([v * v for v in r]) for r in a])


@case(X)
def closure(x):
    k = x[0]

    def g(z):
        return z * k
    k = x[1] * x[1]
    return g(x[2])


@case(X)
def closure_mut(x):
    acc = np.zeros(3)

    def add(i):
        acc[i] += x[i] * x[0]
    for i in range(3):
        add(i)
    return np.sum(acc * acc)


@case(X)
def closure_nonlocal(x):
    t = 0.0

    def add(i):
        nonlocal t
        t = t + x[i] * x[0]
    for i in range(3):
        add(i)
    return t * t


@case(X)
def lam(x):
    fs = [lambda z: z * z, lambda z: z * x[0], np.sin]
    return sum((np.sum(f(x)) for f in fs))


@case(X)
def lam_late(x):
    fs = [lambda z: z * k for k in (1.0, 2.0, 3.0)]
    return sum((np.sum(f(x)) for f in fs))


@case(X)
def kw(x):

    def g(a, *args, b=2.0, **kw):
        return a * b + sum(args) * kw.get('c', 1.0)
    return np.sum(g(x, x, x * 2, b=x[0], c=x[1])) + np.sum(g(x))


@case(X)
def usedflt(x):
    return dflt(x) + dflt(x, x)


@case(X)
def dm(x):
    return dflt_mut(x) + dflt_mut(x, x)


@case(X, 3)
def recur(x, n):

    def f(a, k):
        return a if k == 0 else f(a * x, k - 1)
    return np.sum(f(x, n))


@case(X, 3)
def recur2(x, n):
    return recmod(x, n)


@case(1.1, 5)
def mutual(x, n):
    return ev(x, n)


@case(X, 3)
def recur_clo(x, n):

    def f(a, k):
        return a if k == 0 else f(a * 2, k - 1)
    return np.sum(f(x, n) * x)


@case(X4, 4)
def rec_tree(x, n):
    return rtree(x, 0, n)


@case(1.1, 6)
def fib(x, n):
    return fibo(n, x)


@case(X, 2)
def rec_outer_static(x, n):
    k = 2.0

    def f(a, j):
        return a if j == 0 else f(a * k, j - 1)
    s = np.sum(f(x, n))
    k = 3.0
    return s + np.sum(f(x, n) * x)


@case(X, 2)
def rec_outer_flag(x, n):
    mode = 'a'

    def f(a, j):
        if j == 0:
            return a
        return f(a * 2 if mode == 'a' else a * 3, j - 1)
    s = np.sum(f(x, n) * x)
    mode = 'b'
    return s + np.sum(f(x, n) * x)


@case(X, 2)
def rec_closure_default(x, n):

    def f(a, g, j):
        return a if j == 0 else f(g(a), g, j - 1)
    gs = []
    for k in (2.0, 3.0):
        gs.append(lambda z, k=k: z * k)
    return np.sum(f(x, gs[0], n) * x) + np.sum(f(x, gs[1], n) * x)


@case(X, 3)
def rec_sum(x, n):
    return rsum(x, n)


@case(1.5, 3)
def rec_poly(x, n):

    def h(n):
        if n == 0:
            return 1.0
        if n == 1:
            return x
        return ((2 * n - 1) * x * h(n - 1) - (n - 1) * h(n - 2)) / n
    return h(n)


@case(2.0)
def newton(a):

    def solve(f, df, x, k):
        return x if k == 0 else solve(f, df, x - f(x) / df(x), k - 1)
    return solve(lambda z: z * z - a, lambda z: 2 * z, 1.0, 6)


@case(X4, 4)
def qsum(x, n):

    def f(a):
        n = len(a)
        if n <= 1:
            return a[0] ** 2
        return f(a[:n // 2]) * f(a[n // 2:]) + a[0]
    return f(x)


@case(X4)
def msort(x):

    def f(a):
        n = len(a)
        if n <= 1:
            return a
        l = f(a[:n // 2])
        r = f(a[n // 2:])
        out = np.zeros(n)
        i = 0
        j = 0
        for k in range(n):
            if j >= len(r) or (i < len(l) and l[i] <= r[j]):
                out[k] = l[i]
                i += 1
            else:
                out[k] = r[j]
                j += 1
        return out
    return np.sum(f(x) * np.arange(4.0) * x)


@case(X4)
def fftrec(x):

    def f(a):
        n = a.shape[0]
        if n == 1:
            return a + 0j
        e = f(a[::2])
        o = f(a[1::2])
        w = np.exp(-2j * np.pi * np.arange(n // 2) / n) * o
        return np.concatenate([e + w, e - w])
    return np.sum(np.abs(f(x)) ** 2 * np.arange(4.0))


@case({'l': None, 'v': 2.0, 'r': {'l': None, 'v': 3.0, 'r': None}})
def tree(t):

    def s(t):
        return 0.0 if t is None else t['v'] ** 2 * (1 + s(t['l'])) + s(t['r'])
    return s(t)


@case(X)
def defs(x):
    fs = []
    for k in (1.0, 2.0):

        def g(z, k=k):
            return z * k * x[0]
        fs.append(g)
    return np.sum(fs[0](x) * fs[1](x))


@case(X)
def nested_fn_ret(x):

    def outer(k):

        def inner(z):
            return z * k
        return inner
    f = outer(x[0])
    g = outer(x[1])
    return np.sum(f(x) * g(x))


@case(X)
def counter(x):

    def mk():
        t = np.zeros(3)

        def add(v):
            nonlocal t
            t = t + v
            return t

        def get():
            return t
        return (add, get)
    add, get = mk()
    for i in range(3):
        add(x * i)
    return np.sum(get() * x)


@case(X, 3)
def counter2(x, n):
    t = x[0]

    def add(v):
        nonlocal t
        t = t * v
    for i in range(n):
        add(x[i])
    return t


@case(X)
def lruc(x):
    return np.sum(x * cached(3))


@case(X)
def shadow(x):
    sum = np.sum(x)

    def x_bar(z):
        return z * sum
    t1 = x_bar(x)
    np_ = t1 * 2
    return np.sum(np_ * x)


@case(1.5)
def names(x_bar):
    t1 = x_bar * 2
    t1_bar = t1 * t1
    y_bar = t1_bar * x_bar
    tape = y_bar * t1
    for i in range(3):
        tape = tape * x_bar
    return tape + t1


@case(X, 2.0, 1)
def defarg(x, s=2.0, *rest):
    return np.sum(x * s) * rest[0]


@case(X, True)
def flag(x, t):
    if t:
        x = x * 2
    return np.sum(x) if not t else np.sum(x * x)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
