"""Programs as people write them: small models, filters, simulations, tables of dynamic programming."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr

r = np.random.default_rng(0)


def lin(W, X, y, n=5):
    for step in range(n):
        W = W - 0.1 * X.T @ (X @ W - y) / len(y)
    return np.sum((X @ W - y) ** 2)


def ode(y0, k):
    def f(t, y):
        return np.array([y[1], -k * y[0]])

    def step(f, t, y, h):
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        return y + h * k2

    ys = [y0]
    t = 0.0
    for i in range(10):
        ys.append(step(f, t, ys[-1], 0.1))
        t += 0.1
    return np.sum(np.array(ys)[:, 0] ** 2)


def kalman(z, q, rr):
    x, P = 0.0, 1.0
    ll = 0.0
    for t in range(len(z)):
        P = P + q
        K = P / (P + rr)
        e = z[t] - x
        ll += -0.5 * (math.log(P + rr) + e * e / (P + rr))
        x = x + K * e
        P = (1 - K) * P
    return ll


def dp(c):
    n, m = c.shape
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = c[i - 1, j - 1] + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


def conv(x, w):
    n = len(x) - len(w) + 1
    out = np.zeros(n)
    for i in range(n):
        out[i] = np.dot(x[i : i + len(w)], w)
    return np.sum(np.maximum(out, 0) ** 2)


def adam(x):
    m = np.zeros_like(x)
    v = np.zeros_like(x)
    for t in range(1, 4):
        g = 2 * x
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        x = x - 0.1 * m / (np.sqrt(v) + 1e-8)
    return np.sum(x)


def gp(theta, X, y):
    d = (X[:, None, :] - X[None, :, :]) ** 2
    K = np.exp(-0.5 * np.sum(d, axis=-1) / theta[0] ** 2) + theta[1] * np.eye(len(X))
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(K, y)
    return 0.5 * y @ a + np.sum(np.log(np.diag(L)))


def horner(c, x):
    acc = 0.0
    for ci in reversed(c):
        acc = acc * x + ci
    return acc


def stats(x):
    mu = x.mean()
    sd = x.std()
    z = (x - mu) / sd
    return (z**3).mean() + np.median(x)


def attention(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[-1])
    s = s - s.max(axis=-1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=-1, keepdims=True)
    return np.sum((p @ v) ** 2)


def dictstate(x):
    st = {"p": x.copy(), "v": np.zeros_like(x)}
    for i in range(3):
        st["v"] = 0.9 * st["v"] - 0.1 * st["p"]
        st["p"] = st["p"] + st["v"]
    return np.sum(st["p"] ** 2)


def tupstate(x):
    s = (x, np.zeros(3), 0)
    for i in range(3):
        a, b, n = s
        s = (a * 0.9 + b, b + a, n + 1)
    return np.sum(s[0] * s[1]) / s[2]


def gravity(pos, vel, n):
    pos = pos.copy()
    vel = vel.copy()
    for _ in range(n):
        acc = np.zeros_like(pos)
        for i in range(len(pos)):
            for j in range(len(pos)):
                if i != j:
                    d = pos[j] - pos[i]
                    acc[i] += d / (np.sum(d * d) + 0.01) ** 1.5
        vel += 0.01 * acc
        pos += 0.01 * vel
    return np.sum(pos**2)


def trap(f_vals, h):
    return h * (f_vals[0] / 2 + f_vals[1:-1].sum() + f_vals[-1] / 2)


def cumloop(x):
    out = []
    total = 0
    for xi in x:
        total += xi
        out.append(total)
    return np.prod(np.array(out))


def cond_list(x):
    pos = [v for v in x if v > 0]
    return sum(v * v for v in pos) + len(pos)


def logsum(x):
    m = max(x)
    return m + math.log(sum(math.exp(v - m) for v in x))


def whileconv(x):
    i = 0
    while True:
        new = 0.5 * (x + 2.0 / x)
        if abs(new - x) < 1e-12 or i > 50:
            return new * x
        x = new
        i += 1


def matpow(A, n):
    R = np.eye(len(A))
    while n > 0:
        if n % 2 == 1:
            R = R @ A
        A = A @ A
        n //= 2
    return np.trace(R)


def fib(x, n):
    a, b = x, 1.0
    for _ in range(n):
        a, b = b, a + b * x
    return a


def enumer(ws, x):
    for i, (w, b) in enumerate(ws):
        x = x @ w + b
        if i < len(ws) - 1:
            x = np.maximum(x, 0.0)
    return np.sum(x**2)


def dropout(x, mask, train=True):
    if train:
        x = x * mask
    return np.sum(np.where(x > 0, x, 0.1 * x))


def einsum_(a, b):
    return np.einsum("ij,jk->", a, b) + np.einsum("ij,ij", a, a)


def pad(x):
    y = np.zeros(len(x) + 2)
    y[1:-1] = x
    y[0] = y[1]
    y[-1] = y[-2]
    return np.sum((y[2:] - 2 * y[1:-1] + y[:-2]) ** 2)


def sortd(x):
    return np.sum(np.sort(x) * np.arange(len(x)))


def interp(x):
    return np.sum(np.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 4.0]))


W = r.normal(size=3)
X = r.normal(size=(6, 3))
y = r.normal(size=6)
S = r.normal(size=(4, 4))
CASES = [
    (lin, W, X, y),
    (ode, np.array([1.0, 0.0]), 2.0),
    (kalman, r.normal(size=5), 0.1, 0.2),
    (dp, r.random((4, 5))),
    (conv, r.normal(size=8), r.normal(size=3)),
    (adam, r.normal(size=4)),
    (gp, np.array([1.0, 0.3]), X, y),
    (horner, r.normal(size=4), 1.3),
    (stats, r.normal(size=7)),
    (attention, S, S + 1, S * 2),
    (dictstate, W),
    (tupstate, W),
    (gravity, r.normal(size=(3, 2)), r.normal(size=(3, 2)), 2),
    (trap, r.normal(size=6), 0.1),
    (cumloop, r.normal(size=4)),
    (cond_list, r.normal(size=6)),
    (logsum, [1.0, 2.0, 3.0]),
    (whileconv, 1.5),
    (matpow, S, 5),
    (fib, 1.1, 6),
    (enumer, [(S, W[0]), (S, W[1])], S),
    (dropout, W, np.array([1.0, 0, 1])),
    (einsum_, S, S),
    (pad, W),
    (sortd, W),
    (interp, np.array([0.3, 1.2])),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
def test_gradient_is_that_of_finite_differences(case):
    f, *args = case
    cr.check_grads(f, tuple(args), modes=("rev",) if f.__name__ == "gp" else ("fwd", "rev"))  # the rule of cholesky is for reverse mode
    assert cr.vjp(f, *args)[0] == pytest.approx(f(*args), rel=1e-12)
