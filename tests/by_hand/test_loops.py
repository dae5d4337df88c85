"""Loops: carried values, tapes, exits, kinds that change."""

from __future__ import annotations

import numpy as np
import pytest

from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


@case(X)
def loop_acc(x):
    acc = 1.0
    for v in x:
        acc = acc * v
    return acc


@case(X, 0)
def zero_trip(x, n):
    acc = x[0]
    for i in range(n):
        acc = acc * x[i]
    return acc * x[1]


@case(X, 0)
def zero_trip_else(x, n):
    acc = x[0]
    for i in range(n):
        acc = acc * x[i]
        if acc > 100:
            break
    else:
        acc = acc * x[2]
    return acc * x[1]


@case(2.0, 3)
def expo(x, n):
    for i in range(n):
        x = np.exp(-x) * x
    return x


@case(2.0, 3)
def tanhl(x, n):
    a = x
    for i in range(n):
        a = np.tanh(a) * x + np.exp(-a)
    return a


@case(2.0, 4)
def quot(a, n):
    s = 0.0
    for i in range(n):
        s += 1 / (i + a * a)
    return s


@case(2.0, 4)
def quot2(a, n):
    s = 0.0
    for i in range(n):
        d = i + a * a
        s += 1 / d
    return s


@case(2.0)
def while_break(x):
    n = 0
    while True:
        x = x * x * 0.5 + 0.3
        n += 1
        if n > 3:
            break
    return x


@case(2.0)
def while_else(x):
    n = 0
    while n < 3:
        x = x * x * 0.5
        n += 1
        if x > 50:
            break
    else:
        x = x * x + 1
    return x


@case(X)
def cont(x):
    s = 0.0
    for i in range(3):
        if i == 1:
            continue
        s += x[i] * x[i]
    return s


@case(X)
def ret_nested(x):
    s = 0.0
    for i in range(3):
        for j in range(3):
            s += x[i] * x[j]
            if s > 6:
                return s * x[0] * x[j]
    return s


@case(X)
def branch_only(x):
    if x[0] > 0:
        y = x * 2
    if x[0] > 0:
        return np.sum(y * x)
    return np.sum(x)


@case(X)
def loopvar_after(x):
    for v in x:
        pass
    for i in range(2):
        pass
    return v * v + x[i]


@case(X)
def target_item(x):
    a = np.zeros(3)
    s = 0.0
    for a[1] in x:
        s += np.sum(a * a)
    return s


@case(X)
def iter_written(x):
    y = x * 1.0
    s = 0.0
    for v in y:
        y *= 1.5
        s += v * v
    return s


@case(X)
def iter_written2(x):
    y = x * 1.0
    s = 0.0
    for i, v in enumerate(y):
        y[2] = y[2] * v
        s += v * v
    return s


@case(M)
def iter_rows(a):
    b = a * 1.0
    s = 0.0
    for r in b:
        r *= 2
        r[0] = r[1] * r[2]
    return np.sum(b * b)


@case(X)
def zipenum(x):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, x[::-1])):
        s += i * a * b * b
    for k, v in {'a': x[0], 'b': x[1]}.items():
        s += v * v * len(k)
    for v in reversed(x):
        s = s * 0.5 + v * v
    return s


@case(X, 4)
def swap_loop(x, n):
    a = x * 1.0
    b = x * 2.0
    for i in range(n):
        a, b = (b, a)
        a[0] = b[1] * b[2]
    return np.sum(a * a * b)


@case(X)
def ping_pong(x):
    a = x * 1.0
    b = np.zeros(3)
    for i in range(4):
        b[1:] = a[:-1] * a[1:]
        b[0] = a[2]
        a, b = (b, a)
    return np.sum(a) + np.sum(b * x)


@case(M)
def stencil(u):
    u = u * 1.0
    for t in range(3):
        for i in range(1, 2):
            for j in range(1, 2):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i, j - 1] + u[i, j] * u[0, 0])
        u[0, 1:-1] = u[0, :-2] * 0.5 + u[1, 2:]
    return np.sum(u * u)


@case(X)
def two_d_loop(x):
    b = np.zeros((3, 3))
    for i in range(3):
        for j in range(i, 3):
            if i == j:
                b[i, j] = x[i] ** 2
                continue
            b[i, j] = x[i] * x[j]
            b[j, i] = b[i, j] * b[i, i]
    return np.sum(b * b)


@case(X)
def rebind_loop(x):
    for x in [x * 1.0, x * 2.0, x * x]:
        pass
    return np.sum(x)


@case(X)
def while_cond_active(x):
    s = np.sum(x)
    while s > 1:
        s = s * 0.5 * x[0] / x[0]
    return s * x[1]


@case(X)
def lots_return(x):
    if np.sum(x) > 100:
        return x[0]
    for i in range(3):
        if x[i] > 2.5:
            if i == 2:
                return x[i] * x[i] * x[0]
        elif x[i] > 50:
            return 5.0
        else:
            x = x * 1.1
    return np.sum(x)


@case(X)
def ret_while(x):
    i = 0
    while i < 10:
        x = x * 1.2
        j = 0
        while j < 3:
            if x[j] > 6:
                return np.sum(x) * j + x[0] * i
            j += 1
        i += 1
    else:
        return 1.0


@case(X)
def for_else(x):
    for i in range(3):
        if x[i] > 2.5:
            r = x[i] * x[0]
            break
    else:
        r = x[1]
    for j in range(3):
        if x[j] > 22.5:
            break
    else:
        r = r * x[2]
    return r


@case(X)
def nested_break(x):
    s = 0.0
    for i in range(3):
        for j in range(3):
            if j > i:
                break
            if j == 1:
                continue
            s += x[i] * x[j] * s + x[i]
        else:
            s *= x[1]
        s *= 1.1
    return s


@case(X, 4)
def tuple_state(x, n):
    st = (x[0], x, 1.0)
    for i in range(n):
        a, b, c = st
        st = (a * c, b * a, c + x[1])
    return st[0] + np.sum(st[1]) * st[2]


@case(X, 3)
def loopmod(x, n):
    s = 0.0
    for i in range(n):
        n = 2
        s += x[i] * n
        i = 0
        s *= x[i]
    return s


@case(X4, np.array([2, 0, 3, 1]))
def idxchase(x, idx):
    i = 0
    s = 1.0
    while s < 3:
        s = s * (1 + x[i] ** 2)
        i = idx[i]
    return s


@case(X)
def rng_active(x):
    s = 0.0
    for i in range(int(x[2] + 0.5)):
        s += x[i] * i
    return s


@case(X, 5)
def negstep(x, n):
    s = 0.0
    for i in range(2, -1, -1):
        s = s * x[i] + x[i]
    for i in range(0, n, 2):
        s = s * x[i % 3]
    for i in range(n, 0, -2):
        s = s + x[i % 3] * i
    return s + i * x[0]


@case(X, 3)
def live_unroll(x, n):
    s = 0.0
    a = x[0]
    for k in (1.0, 2.0, 3.0):
        s += k * a
        for i in range(n):
            a = x[i] * k
    return s


@case(X, 3)
def live_unroll2(x, n):
    s = 0.0
    a = x * 1.0
    b = x * 2.0
    for k in (1.0, 2.0, 3.0):
        s += k * np.sum(a)
        for i in range(n):
            a = x[i] * k * b
            b[i] = x[i] * k
    return s


@case(X, 3)
def live_unroll3(x, n):
    s = 0.0
    a = x * 1.0
    for k in (1.0, 2.0, 3.0):
        s += k * np.sum(a)
        if x[0] > 0:
            a = x * k * s
    return s


@case(X, 3)
def zero_to_arr(x, n):
    s = 0
    for i in range(n):
        s += x * i
    t = 0.0
    for i in range(n):
        t = t + x[i]
    return np.sum(s * x) * t


@case(X, 3)
def zero_to_arr_alias2(x, n):
    s = 0
    f = x * 0
    for i in range(n):
        s += x * (i + 1)
        if i == 0:
            f = s
    return np.sum(f * f)


@case(X, 3)
def arr_grow(x, n):
    y = np.zeros(0)
    for i in range(n):
        y = np.append(y, x[i] * i)
    z = np.concatenate([y, x])
    return np.sum(z * z) + y[-1]


@case(X, 4)
def adam(x, n):
    m_ = np.zeros(3)
    v = np.zeros(3)
    th = x * 1.0
    hist = []
    for t in range(1, n + 1):
        g = 2 * th + np.sin(th)
        m_ = 0.9 * m_ + 0.1 * g
        v = 0.99 * v + 0.01 * g ** 2
        th -= 0.1 * (m_ / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.99 ** t)) + 0.001)
        if t % 2 == 0:
            hist.append(th.copy())
    return np.sum(th ** 2) + np.sum(hist[-1] * hist[0])


@case(2.0)
def newton2(a):
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = x - (x * x - a) / (2 * x)
    return x


@case(2.0)
def newton0(a):
    x = 1.0
    n = 0
    while abs(x * x - a) > 1000.0:
        x = x - (x * x - a) / (2 * x)
    else:
        n = 1
    return x * a * n


@case(X, 2)
def rk4(x, n):

    def f(y, t):
        return np.array([y[1], -y[0] * x[2] + t])
    y = x[:2] * 1.0
    t = 0.0
    h = 0.1
    for i in range(n):
        k1 = f(y, t)
        k2 = f(y + h / 2 * k1, t + h / 2)
        k3 = f(y + h / 2 * k2, t + h / 2)
        k4 = f(y + h * k3, t + h)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y[0] * y[1]


@case(X)
def bis(x):
    lo = 0.0
    hi = 10.0
    for _ in range(20):
        mid = (lo + hi) / 2
        if mid ** 3 > x[1]:
            hi = mid
        else:
            lo = mid
    return mid * x[0]


@case(M)
def chol(a):
    A = a @ a.T + np.eye(2)
    n = 2
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return np.sum(L * L * L)


@case(M)
def lu(a):
    A = a @ a.T + np.eye(2)
    for k in range(1):
        A[k + 1:, k] /= A[k, k]
        A[k + 1:, k + 1:] -= np.outer(A[k + 1:, k], A[k, k + 1:])
    return A[0, 0] * A[1, 1] + A[1, 0]


@case(M)
def rnn(W):
    h = np.zeros(2)
    hs = []
    ys = np.zeros((4, 2))
    for t in range(4):
        h = np.tanh(W @ np.append(h, 1.0 + t))
        hs.append(h)
        ys[t] = h * W[0, 0]
    return np.sum(np.array(hs) * ys) + np.sum(np.stack(hs)[1:] * ys[:-1])


@case(X4)
def dp(x):
    n = 4
    D = np.full((n + 1, n + 1), np.inf)
    D[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            c = (x[i - 1] - x[n - j] * 1.3) ** 2
            D[i, j] = c + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, n]


@case(X)
def chain_cmp(x):
    s = 0.0
    for v in x:
        if 0 < v <= 2.5 and (not v == 5) or v > 100:
            s += v * v
    return s


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
