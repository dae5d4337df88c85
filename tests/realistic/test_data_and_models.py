"""Tables, time series, records, reports; learning by hand with the tools of Python."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import logging
import math
import operator
import statistics
from collections import OrderedDict, defaultdict

import numpy as np
import pytest

from tests.realistic.programs import program, programs

log = logging.getLogger(__name__)


# -- the autograd that everybody writes once ---------------------------------------------------------------------------------


class Value:
    """A scalar that remembers how it was made (after the well-known teaching engine)."""

    def __init__(self, data, children=(), op=""):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(children)
        self._op = op

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other if isinstance(other, Value) else Value(-other))


@program([0.5, -0.3], 0.1, 2.0)
def tape_of_values(weights, bias, x):
    """A user's own reverse mode, its gradient differentiated: training by one step of it."""
    w = [Value(v) for v in weights]
    b = Value(bias)
    inputs = [x, -1.0]
    out = (sum((wi * xi for wi, xi in zip(w, inputs)), b)).tanh()
    loss = (out - 0.7) * (out - 0.7)
    loss.backward()
    stepped = [wi.data - 0.1 * wi.grad for wi in w]
    return loss.data + sum(s * s for s in stepped) + b.grad


# -- tables and time series ------------------------------------------------------------------------------------------------


TABLE = """\
region,product,units,price
north,apple,10,1.2
south,pear,7,0.9
north,pear,3,1.0
south,apple,12,1.1
"""


@program({"apple": 0.1, "pear": 0.2}, 0.05, by_values=True)
def sales_report(elasticity, discount):
    """Rows of a csv text, grouped and totalled; the report is formatted and printed on the way."""
    rows = list(csv.DictReader(io.StringIO(TABLE)))
    revenue = defaultdict(float)
    by_product = {}
    for row in rows:
        units, price = int(row["units"]), float(row["price"])
        new_price = price * (1 - discount)
        demand = units * (new_price / price) ** -elasticity[row["product"]]
        revenue[row["region"]] += demand * new_price
        by_product.setdefault(row["product"], []).append(demand)
    for region, total in sorted(revenue.items(), key=lambda kv: -kv[1]):
        print(f"{region:>10}: {total:8.2f}")
    spread = {name: max(d) - min(d) for name, d in by_product.items()}
    return sum(revenue.values()) + math.log(spread["apple"]) + statistics.mean(by_product["pear"])


@program(np.array([100.0, 50.0, -30.0, 80.0]), 0.05, by_values=True)
def dated_cash_flows(amounts, rate):
    """XNPV and XIRR with dates from the calendar, business days counted."""
    start = dt.date(2024, 1, 15)
    dates = [start + dt.timedelta(days=91 * k) for k in range(len(amounts))]
    years = [(d - start).days / 365.25 for d in dates]

    def xnpv(r):
        return sum(a / (1 + r) ** y for a, y in zip(amounts, years)) - 180.0

    r = rate
    for _ in range(20):
        h = xnpv(r)
        slope = sum(-y * a / (1 + r) ** (y + 1) for a, y in zip(amounts, years))
        r -= h / slope
        if abs(h) < 1e-12:
            break
    weekdays = sum(1 for d in dates if d.weekday() < 5)
    return r + weekdays * 0.01 + xnpv(rate) / 100


class Series:
    """A small labelled series with alignment, in the way of pandas."""

    def __init__(self, data, index=None):
        self.values = np.asarray(data)
        self.index = list(index) if index is not None else list(range(len(self.values)))

    def __getitem__(self, key):
        if isinstance(key, (list, Series)):
            mask = key.values if isinstance(key, Series) else np.array(key)
            return Series(self.values[mask], [i for i, m in zip(self.index, mask) if m])
        return self.values[self.index.index(key)]

    def __gt__(self, other):
        return Series(self.values > other, self.index)

    def _binary(self, other, op):
        if isinstance(other, Series):
            common = [i for i in self.index if i in other.index]
            return Series(np.array([op(self[i], other[i]) for i in common]), common)
        return Series(op(self.values, other), self.index)

    def __add__(self, other):
        return self._binary(other, operator.add)

    def __mul__(self, other):
        return self._binary(other, operator.mul)

    def rolling(self, n):
        out = np.full(len(self.values), np.nan)
        for i in range(n - 1, len(self.values)):
            out[i] = self.values[i - n + 1:i + 1].mean()
        return Series(out, self.index)

    def dropna(self):
        keep = ~np.isnan(self.values)
        return Series(self.values[keep], list(itertools.compress(self.index, keep)))

    def shift(self, k=1):
        return Series(np.concatenate([np.full(k, np.nan), self.values[:-k]]), self.index)

    def groupby(self, key):
        groups = OrderedDict()
        for i, v in zip(self.index, self.values):
            groups.setdefault(key(i), []).append(v)
        return {k: Series(v) for k, v in groups.items()}

    def apply(self, f):
        return Series([f(v) for v in self.values], self.index)

    def sum(self):
        return self.values.sum()


@program(np.array([1.0, 2.5, 2.0, 3.5, 3.0, 4.2]), 0.5, by_values=True)
def labelled_series(data, weight):
    s = Series(data, index="abcdef")
    smooth = s.rolling(2).dropna()
    returns = (s + s.shift() * -1.0).dropna()
    positive = returns[returns > 0]
    groups = s.groupby(lambda label: label in "ace")
    combined = smooth * returns + weight
    return combined.sum() + positive.sum() * groups[True].sum() / groups[False].sum() + s.apply(lambda v: v**weight)["c"]


@program(np.array([2.0, 1.0, 3.0, 2.5, 1.5, 4.0, 3.5, 2.2]), 0.3, 0.1, by_values=True)
def holt_winters(series, alpha, beta):
    """Triple exponential smoothing; seasonal terms live in a list that is updated in turn."""
    period = 2
    season = [series[i] - series[:period].mean() for i in range(period)]
    level, trend = series[:period].mean(), (series[period:2 * period] - series[:period]).mean() / period
    sse, fitted = 0.0, []
    for i, y in enumerate(series):
        s = season[i % period]
        forecast = level + trend + s
        fitted.append(forecast)
        sse += (y - forecast) ** 2
        last = level
        level = alpha * (y - s) + (1 - alpha) * (level + trend)
        trend, season[i % period] = beta * (level - last) + (1 - beta) * trend, 0.2 * (y - level) + 0.8 * s
    horizon = [level + (h + 1) * trend + season[(len(series) + h) % period] for h in range(3)]
    mape = np.mean(np.abs((series - fitted) / series))
    return sse + sum(horizon) + mape


# -- templates, configurations, command tables ---------------------------------------------------------------------------------


class Config(dict):
    """Attribute access to a dictionary."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


CONFIG = json.loads('{"layers": [3, 4, 1], "activation": "tanh", "optimizer": {"name": "momentum", "beta": 0.9}, "clip": null}')


@program(np.random.default_rng(0).normal(size=21) * 0.5, 0.1)
def network_from_json(flat, lr):
    """Parameters are cut out of a flat vector as a json configuration says; steps of momentum on hand-written gradients."""
    sizes = CONFIG["layers"]
    act = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[CONFIG["activation"]]
    shapes = []
    for n, m in zip(sizes, sizes[1:]):
        shapes += [(n, m), (m,)]

    def unpack(v):
        out, k = [], 0
        for shape in shapes:
            size = int(np.prod(shape))
            out.append(v[k:k + size].reshape(shape))
            k += size
        assert k == v.size, f"{k} != {v.size}"
        return out

    X = np.array([[0.1, 0.5, -0.3], [1.0, -0.2, 0.4], [0.3, 0.3, 0.9]])
    y = np.array([[0.2], [0.7], [-0.1]])

    def loss_and_grad(v):
        W1, b1, W2, b2 = unpack(v)
        h = act(X @ W1 + b1)
        r = h @ W2 + b2 - y
        dh = (r @ W2.T) * (1 - h**2)
        grads = [X.T @ dh, dh.sum(0), h.T @ r, r.sum(0)]
        return 0.5 * np.sum(r**2), np.concatenate([g.ravel() for g in grads])

    momentum = np.zeros_like(flat)
    v = flat
    opt = CONFIG["optimizer"]
    for step in range(3):
        loss, g = loss_and_grad(v)
        if CONFIG["clip"] is not None:
            g = np.clip(g, -CONFIG["clip"], CONFIG["clip"])
        momentum = opt["beta"] * momentum + g if opt.get("name") == "momentum" else g
        v = v - lr * momentum
    return loss_and_grad(v)[0] + loss


def fibonacci(n, memo={}):  # noqa: B006
    if n in memo:
        return memo[n]
    result = n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
    memo[n] = result
    return result


@program(0.61, 1.2)
def phyllotaxis(ratio, scale):
    """Points of a sunflower; Fibonacci numbers from a memo in a default argument."""
    total = 0.0
    for n in range(1, 8):
        angle = 2 * math.pi * ratio * n
        r = scale * math.sqrt(n)
        total += math.cos(angle) * r / fibonacci(n + 1)
    return total


class Command:
    _table = {}

    @classmethod
    def register(cls, name):
        def decorate(f):
            cls._table[name] = f
            return f
        return decorate

    @classmethod
    def run(cls, line, stack):
        for token in line.split():
            f = cls._table.get(token)
            if f is None:
                stack.append(float(token))
            else:
                f(stack)


@Command.register("dup")
def _dup(stack):
    stack.append(stack[-1])


@Command.register("swap")
def _swap(stack):
    stack[-1], stack[-2] = stack[-2], stack[-1]


@Command.register("mul")
def _mul(stack):
    b, a = stack.pop(), stack.pop()
    stack.append(a * b)


@Command.register("hyp")
def _hyp(stack):
    *rest, a, b = stack
    stack[:] = [*rest, math.hypot(a, b)]


@program(1.5, 0.7)
def forth(a, b):
    """A stack language with registered words."""
    stack = [a, b]
    Command.run("dup mul swap dup 2 mul hyp", stack)
    Command.run("dup 3.5 hyp swap", stack)
    return stack[0] * stack[1] + len(stack)


class Turtle:
    def __init__(self, step, angle):
        self.step, self.angle = step, angle
        self.x = self.y = self.heading = 0.0
        self.stack = []
        self.trace = [(0.0, 0.0)]

    def draw(self, commands):
        actions = {"F": self.forward, "+": lambda: self.turn(1), "-": lambda: self.turn(-1), "[": self.push, "]": self.pop}
        for c in commands:
            actions.get(c, lambda: None)()
        return self

    def forward(self):
        self.x += self.step * math.cos(self.heading)
        self.y += self.step * math.sin(self.heading)
        self.trace.append((self.x, self.y))

    def turn(self, sign):
        self.heading += sign * self.angle

    def push(self):
        self.stack.append((self.x, self.y, self.heading))

    def pop(self):
        self.x, self.y, self.heading = self.stack.pop()


@program(0.5, 0.4)
def lindenmayer_plant(step, angle):
    """An L-system grown by string rewriting and drawn by a turtle with a stack."""
    rules = {"X": "F[+X][-X]FX", "F": "FF"}
    text = "X"
    for _ in range(2):
        text = "".join(rules.get(c, c) for c in text)
    turtle = Turtle(step, angle).draw(text)
    xs, ys = zip(*turtle.trace)
    area = max(xs) - min(xs)
    return area * max(ys) + sum(ys) / len(ys)


# -- models --------------------------------------------------------------------------------------------------------------------


class Estimator:
    def fit(self, X, y):
        raise NotImplementedError

    def score(self, X, y):
        residual = y - self.predict(X)
        return 1 - np.sum(residual**2) / np.sum((y - y.mean()) ** 2)


class Ridge(Estimator):
    def __init__(self, alpha=1.0, fit_intercept=True):
        self.alpha, self.fit_intercept = alpha, fit_intercept

    def fit(self, X, y):
        if self.fit_intercept:
            self.mean_, self.offset_ = X.mean(0), y.mean()
        else:
            self.mean_, self.offset_ = np.zeros(X.shape[1]), 0.0
        Xc = X - self.mean_
        self.coef_ = np.linalg.solve(Xc.T @ Xc + self.alpha * np.eye(X.shape[1]), Xc.T @ (y - self.offset_))
        return self

    def predict(self, X):
        return (X - self.mean_) @ self.coef_ + self.offset_


class Lasso(Ridge):
    def fit(self, X, y, sweeps=15):
        self.mean_, self.offset_ = X.mean(0), y.mean()
        Xc, r = X - self.mean_, y - self.offset_
        n, d = X.shape
        beta = np.zeros(d)
        norms = (Xc**2).sum(axis=0)
        for _ in range(sweeps):
            for j in range(d):
                r += Xc[:, j] * beta[j]
                rho = Xc[:, j] @ r
                beta[j] = np.sign(rho) * max(abs(rho) - self.alpha, 0) / norms[j]
                r -= Xc[:, j] * beta[j]
        self.coef_ = beta
        return self


class KNN(Estimator):
    def __init__(self, k=2, **ignored):
        self.k = k

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        d = np.sqrt(((X[:, None] - self.X_[None]) ** 2).sum(-1) + 1e-12)
        nearest = np.argsort(d, axis=1)[:, :self.k]
        w = 1 / np.take_along_axis(d, nearest, axis=1)
        return (w * self.y_[nearest]).sum(1) / w.sum(1)


def k_fold(n, k):
    idx = np.arange(n)
    for fold in range(k):
        test = idx[fold::k]
        yield np.setdiff1d(idx, test), test


@program(np.array([1.2, 0.5, 2.3, 1.9, 3.1, 0.2]), 0.3)
def cross_validation(y, alpha):
    """Models with a common base class, compared by k-fold cross-validation."""
    X = np.array([[0.2, 1.0], [0.1, 0.3], [0.9, 0.8], [0.7, 0.2], [1.3, 0.9], [0.05, 0.1]])
    scores = {}
    for cls in (Ridge, Lasso, KNN):
        total = 0.0
        for train, test in k_fold(len(y), 3):
            model = cls(alpha=alpha).fit(X[train], y[train])
            total += np.mean((model.predict(X[test]) - y[test]) ** 2)
        scores[cls.__name__] = total / 3
    best = min(scores, key=scores.get)
    return sum(scores.values()) + Ridge(alpha).fit(X, y).score(X, y) + len(best) * 0.001


@program(np.random.default_rng(3).normal(size=(4, 4)) * 0.4, np.random.default_rng(4).normal(size=(4, 3)) * 0.4)
def character_model(Whh, Wxh):
    """A character RNN: one-hot inputs from a string, truncated windows, hidden state carried between them."""
    text = "abcabbcab"
    chars = sorted(set(text))
    ix = {c: i for i, c in enumerate(chars)}
    Why = np.linspace(-0.5, 0.5, 12).reshape(3, 4)
    h = np.zeros((4, 1))
    smooth = None
    for p in range(0, len(text) - 4, 3):
        inputs = [ix[c] for c in text[p:p + 3]]
        targets = [ix[c] for c in text[p + 1:p + 4]]
        xs, hs, ps = {}, {-1: np.copy(h)}, {}
        loss = 0
        for t in range(len(inputs)):
            xs[t] = np.zeros((3, 1))
            xs[t][inputs[t]] = 1
            hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1])
            yt = Why @ hs[t]
            ps[t] = np.exp(yt) / np.sum(np.exp(yt))
            loss += -np.log(ps[t][targets[t], 0])
        h = hs[len(inputs) - 1]
        smooth = loss if smooth is None else smooth * 0.9 + loss * 0.1
        log.debug("loss %.4f", loss)
    return smooth + h.sum()


class Env:
    """Names in nested scopes."""

    def __init__(self, names=(), values=(), outer=None):
        self.table = dict(zip(names, values))
        self.outer = outer

    def find(self, name):
        if name in self.table:
            return self.table
        if self.outer is None:
            raise NameError(name)
        return self.outer.find(name)


def tokenize(text):
    return text.replace("(", " ( ").replace(")", " ) ").split()


def parse(tokens):
    token = tokens.pop(0)
    if token == "(":
        items = []
        while tokens[0] != ")":
            items.append(parse(tokens))
        tokens.pop(0)
        return items
    try:
        return int(token)
    except ValueError:
        try:
            return float(token)
        except ValueError:
            return str(token)


def evaluate(x, env):
    while True:
        if isinstance(x, str):
            return env.find(x)[x]
        if not isinstance(x, list):
            return x
        head, *rest = x
        if head == "if":
            test, yes, no = rest
            x = yes if evaluate(test, env) else no
        elif head == "define":
            env.table[rest[0]] = evaluate(rest[1], env)
            return None
        elif head == "lambda":
            names, body = rest
            return lambda *args: evaluate(body, Env(names, args, env))
        elif head == "let":
            (name, value), x = rest[0], rest[1]
            env = Env([name], [evaluate(value, env)], env)
        else:
            f = evaluate(head, env)
            args = [evaluate(a, env) for a in rest]
            return f(*args)


@program(0.7, 2.0, by_values=True)
def little_lisp(a, b):
    """A Lisp interpreter with closures and recursion, in which the function is written."""
    env = Env(["+", "*", "-", "/", "<", "sin", "a", "b"], [lambda *xs: sum(xs), lambda x, y: x * y, operator.sub, operator.truediv, operator.lt, math.sin, a, b])
    source = """
    (define square (lambda (x) (* x x)))
    (define power (lambda (x n) (if (< n 1) 1 (* x (power x (- n 1))))))
    (let (c (+ (square a) (sin b))) (+ (power c 3) (/ b (+ 1 c)) (if (< a b) (* a 2) b)))
    """
    result = None
    tokens = tokenize(source)
    while tokens:
        result = evaluate(parse(tokens), env)
    return result


@pytest.mark.parametrize("program", programs(__name__))
def test_data_and_models(program):
    program.check()
