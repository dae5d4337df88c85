"""The primals of the golden files: ordinary functions, each with arguments and the derivative that is asked for.

A file tests/golden/NAME.py is what is generated for the case of that name. New programs go to the end: the
docstrings of generated code name the line where a primal stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr


@dataclass(frozen=True)
class Case:
    """A primal, the arguments of a call, and a transform of it. `wrt`: as argnums; for a vjp, all arguments.

    also: arguments of further calls that the same generated code serves, and that take other paths through it.
    """

    primal: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: int | tuple[int, ...] = 0
    transform: str = "grad"
    also: tuple[tuple[Any, ...], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.primal.__name__}_{self.transform}"

    def transformed(self) -> Any:
        """The function that chainrule makes of it (of a vjp there is none: see test_golden)."""
        return getattr(cr, self.transform)(self.primal, self.wrt)


CASES: dict[str, Case] = {}


def case(*args: Any, wrt: int | tuple[int, ...] = 0, transform: str = "grad",
         also: tuple[tuple[Any, ...], ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a golden file for this primal."""

    def add(primal: Callable[..., Any]) -> Callable[..., Any]:
        made = Case(primal, args, wrt, transform, also)
        assert made.name not in CASES
        CASES[made.name] = made
        return primal

    return add


def normal(seed: int, *shape: int) -> np.ndarray:
    """Numbers that are always the same."""
    return np.random.default_rng(seed).normal(size=shape)


# -- numbers ---------------------------------------------------------------------------------------------


@case(3.0)
def square(x):
    return x * x


@case(0.7, 2.0, -1.5, wrt=(0, 1, 2))
def polynomial(x, a, b):
    y = a * x**3 - b * x
    return y * y + 4.0 * x - a / 2.0


@case(5.0, 1.0, wrt=(0, 1), also=((27.0, 2.5), (-1.0, -0.7)))
def newton(a, x):
    n = 0
    while n < 50:
        dx = (x * x * x - a) / (3.0 * x * x)
        if abs(dx) < 1e-12:
            break
        x -= dx
        n += 1
    return x


@case(0.3, 3.7, 12, wrt=(0, 1), also=((0.3, 3.7, 0),))
def logistic(x, r, n):
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


@case(2.0, -0.5, wrt=(0, 1), transform="value_and_grad")
def swapping(a, b):
    for k in range(3):
        a, b = b, a * math.sin(b) + k
    return a * b


@case(1.5, also=((-0.3,), (-4.0,)))
def flipping(x):
    for _ in range(4):
        if x > 0.0:
            x = -2.0 * x * x
        else:
            x = 1.0 - 0.5 * x
    return x


@case(0.4, also=((2.0,), (-3.0,)))
def early(x):
    if x > 1.0:
        return x**2
    for k in range(5):
        x = x + 0.3 * math.cos(x)
        if x > 1.2:
            return x * k
    return -x


@case(0.8, 1.5, 6, wrt=(0, 1), also=((0.8, 9.0, 6), (0.8, 1.5, 0)))
def searching(x, bound, n):
    for k in range(n):
        x = x * 1.1 + 0.1 * k
        if x > bound:
            break
    else:
        x = x * x
    return x * bound


@case(2.5)
def recursive_power(x):
    def power(x, n):
        if n == 0:
            return 1.0
        return x * power(x, n - 1)

    return power(x, 4)


def softplus(x):
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


@case(0.3, -0.7, wrt=(0, 1))
def called_twice(x, y):
    return softplus(x) * softplus(x * y)


@case(1.3)
def closure(x):
    scale = x * x

    def scaled(y):
        return scale * math.sin(y)

    return scaled(x) + scaled(2.0)


# -- arrays ----------------------------------------------------------------------------------------------


@case(np.array([-1.2, 1.0, 0.5, 2.0]))
def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@case({"w1": normal(0, 3, 4), "b1": normal(1, 4), "w2": normal(2, 4, 1), "b2": normal(3, 1)}, normal(4, 5, 3), normal(5, 5, 1))
def mlp(params, x, y):
    h = np.tanh(x @ params["w1"] + params["b1"])
    out = h @ params["w2"] + params["b2"]
    return np.mean((out - y) ** 2)


@case(normal(0, 3, 2), normal(1, 5, 3), np.array([0, 1, 1, 0, 1]), transform="value_and_grad")
def cross_entropy(w, x, labels):
    logits = x @ w
    logits = logits - np.max(logits, axis=1, keepdims=True)
    log_p = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


@case(0.5 * normal(0, 3, 3), normal(1, 3, 2), normal(2, 6, 2), np.zeros(3), wrt=(0, 1))
def rnn(w, u, xs, h):
    hs = []
    for x in xs:
        h = np.tanh(w @ h + u @ x)
        hs.append(h)
    return sum([np.sum(h * h) for h in hs])


@case(0.5 * normal(0, 5, 12), 0.1 * normal(1, 12), normal(2, 2), normal(3, 3), normal(4, 3), wrt=(0, 1))
def lstm_cell(w, b, x, h, c):
    gates = np.concatenate((x, h)) @ w + b
    i, f, o, g = np.split(gates, 4)
    c = 1.0 / (1.0 + np.exp(-f)) * c + 1.0 / (1.0 + np.exp(-i)) * np.tanh(g)
    h = 1.0 / (1.0 + np.exp(-o)) * np.tanh(c)
    return np.sum(h**2) + np.sum(c)


@case(normal(0, 5, 6), normal(1, 5, 6), 3, wrt=(0, 1))
def jacobi(u, f, n):
    for _ in range(n):
        u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - f[1:-1, 1:-1])
    return np.sum(u**2)


@case(np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]]))
def cholesky(A):
    n = len(A)
    L = np.zeros_like(A)
    for j in range(n):
        L[j, j] = np.sqrt(A[j, j] - np.sum(L[j, :j] ** 2))
        for i in range(j + 1, n):
            L[i, j] = (A[i, j] - np.sum(L[i, :j] * L[j, :j])) / L[j, j]
    return np.sum(np.sin(L))


@case(np.array([1.0, 0.0]), 0.8, 0.1, 5, wrt=(0, 1))
def rk4(y0, k, dt, n):
    def f(y):
        return np.array([y[1], -k * np.sin(y[0])])

    ys = np.zeros((n + 1, 2))
    ys[0] = y0
    for t in range(n):
        y = ys[t]
        k1 = f(y)
        k2 = f(y + 0.5 * dt * k1)
        k3 = f(y + 0.5 * dt * k2)
        k4 = f(y + dt * k3)
        ys[t + 1] = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return np.sum(ys[-1] ** 2)


@case(normal(0, 7), 0.2, 4, wrt=(0, 1))
def heat(u, a, n):
    for _ in range(n):
        u[1:-1] += a * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


@case(normal(0, 4))
def two_names(x):
    y = np.sin(x)
    z = y
    z[1] = z[0] * y[2]
    y *= 2.0
    return np.sum(z * x)


@case(normal(0, 3, 4), normal(1, 3), wrt=(0, 1))
def through_a_view(x, v):
    y = x * x
    column = y[:, 1]
    column[:] = column * v
    y.T[0] -= v
    return np.sum(y * x)


@case(normal(0, 5), normal(1, 5), 3, wrt=(0, 1), also=((normal(0, 4), normal(1, 4), 0), (normal(0, 4), normal(1, 4), 2)))
def two_buffers(u, v, n):
    for _ in range(n):
        v[1:-1] = 0.5 * (u[:-2] + u[2:]) * u[1:-1]
        u, v = v, u
    return np.sum(u * v)


@case(normal(0, 4, 3), also=((-np.abs(normal(0, 2, 5)),),))
def nested(x):
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] < 0.0:
                continue
            s = s + x[i, j] * s + j * x[i, j] ** 2
    return s


@case(normal(0, 6))
def appended(x):
    terms = []
    for k in range(len(x)):
        terms.append(x[k] * np.sin(x[k]))
    return sum(terms)


@case(normal(0, 3, 2), normal(1, 2, 4), normal(2, 4, 3), wrt=(0, 1, 2))
def chain(a, b, c):
    return np.trace(a @ b @ c)


@case(normal(0, 5), normal(1, 5), wrt=(0, 1))
def masked(x, y):
    return np.sum(np.where(x > 0.0, np.log(np.abs(x) + 1.0) * y, y * y))


@case(np.array([1.0, 3.0, 2.0, -1.0]))
def largest(x):
    return np.max(x) * np.min(np.maximum(x, 0.5))


@case(normal(0, 3), normal(1, 3), transform="vjp")
def pair(x, y):
    p = x * np.exp(y)
    return p, np.sum(p * y)


@case(normal(0, 4), 5, transform="vjp")
def iterated(x, n):
    for k in range(n):
        x = np.sin(x) * k + x
    return x


@case(normal(0, 6), np.array([0, 3, 3, 5]))
def gathered(x, index):
    y = x[index] ** 2
    return np.sum(y * np.arange(4.0))


@case(normal(0, 4, 1), normal(1, 5), 1.5, wrt=(0, 1, 2))
def broadcast(column, row, scale):
    table = column * row + scale
    return np.mean(np.exp(-table / (1.0 + table**2)))


@cr.custom_vjp
def log1pexp(x):
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


log1pexp.defvjp(lambda x: (log1pexp(x), x), lambda x, y_bar: (y_bar / (1.0 + np.exp(-x)),))


@case(normal(0, 3), normal(1, 5, 3), np.array([1.0, -1.0, 1.0, 1.0, -1.0]))
def with_a_rule(w, x, y):
    total = 0.0
    for k in range(3):
        margin = y * (x @ w)
        total += np.mean(log1pexp(-margin)) / (k + 1)
        w = np.tanh(w)
    return total
