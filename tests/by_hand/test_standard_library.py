"""Namespaces, statistics, attributes of functions, generators inside generator expressions."""

from __future__ import annotations

import functools
import itertools
import statistics
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import M, case, cases
from tests.gradients import gradient_is

X = np.array([1.2, -0.3, 2.1, 0.4])


@case(X)
def namespace(x):
    s = SimpleNamespace(a=x[0], b=2.0)
    s.c = s.a * s.b
    s.a += 1.0
    t = s
    t.b = x[1]
    return s.c * s.a + s.b + hasattr(s, "zz") + getattr(s, "q", 3.0) * x[0] + len(vars(s))


@case(X)
def namespace_in_a_loop(x):
    s = SimpleNamespace(position=x.copy(), n=0, best=0.0)
    for k in range(4):
        s.position = s.position * 0.9 + k
        s.n += 1
        if s.position[0] > 1.5:
            s.best = s.best + s.position[1]
    return np.sum(s.position**2) / s.n + s.best


@case(X)
def namespaces_that_are_equal(x):
    first = x[0] if SimpleNamespace(a=1) == SimpleNamespace(a=1) else x[1]
    return first * (2.0 if SimpleNamespace(a=1) != SimpleNamespace(a=2) else 1.0)


@case(X)
def one_of_two_namespaces(x):
    a, b = SimpleNamespace(v=x[0]), SimpleNamespace(v=x[1])
    c = a if x[0] > 0 else b
    c.v = c.v * 3
    a.__dict__.update(w=x[2])
    return a.v * a.w + b.v


@case(X)
def statistics_of_computed_numbers(x):
    a = statistics.mean(x.tolist()) ** 2 + statistics.median([x[0], x[2]]) + statistics.stdev(x) + statistics.pvariance(v * v for v in x)
    return a + statistics.fmean(x) + statistics.variance(x) + statistics.pstdev(x * x) + statistics.median(x[:3])


@case(X)
def statistics_of_known_numbers(x):
    return statistics.mean([1, 3]) * x[0] + statistics.median([1, 2]) * x[1]


@case(X)
def statistics_of_too_few(x):
    try:
        return statistics.stdev([x[0]])
    except statistics.StatisticsError:
        return x[1] * 2


@case(X)
def attributes_of_functions(x):
    def plain(v):
        return v * 2

    stages = [plain, functools.partial(np.clip, a_min=-0.1, a_max=1.0), np.abs, x.copy]
    kinds = [hasattr(f, "fit") + 2 * hasattr(f, "func") + 4 * hasattr(f, "__self__") for f in stages[:2]]
    return np.sum(stages[1](stages[0](x))) * (1 + sum(kinds))


@case(X)
def registered_by_name(x):
    methods = {}

    def register(f):
        methods[f.__name__] = f
        return f

    @register
    def twice(v):
        return v * 2

    @register
    def cube(v):
        return v**3

    return sum(methods[name](x[0]) for name in ("cube", "twice")) * len((lambda: 0).__name__)


def sliding(items, size):
    window = []
    for item in items:
        window.append(item)
        if len(window) == size:
            yield tuple(window)
            window.pop(0)


def walk(x, step):
    while True:
        yield x
        x = x * 0.9 + step


@case(1.3, 0.2)
def generator_in_a_generator_expression(x, step):
    means = (sum(w) / len(w) for w in sliding(itertools.islice(walk(x, step), 12), 3))
    total = 0.0
    for n, value in enumerate(itertools.takewhile(lambda v: v < 2.5, itertools.accumulate(means, max))):
        total += value / (n + 1)
    return total


@case(M)
def slopes_along_axes(a):
    gy, gx = np.gradient(a, 0.5)
    second = np.gradient(a, 0.5, axis=(0, 1))[1]
    other = np.gradient(a, [0.0, 1.5], 0.2)[0]
    return np.sum(np.hypot(gy, gx + 3.0)) + np.sum(second**2) + np.sum(other**2 * a) + np.sum(np.gradient(a[0], axis=(0,)) ** 2)


@case(X, 0.5)
def slopes_by_distance(x, h):
    return np.sum(np.gradient(x, h) ** 2) + np.sum(np.gradient(x, np.array([0.0, 1.0, 3.0, 3.5])) ** 2)


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_the_number_of_axes_is_known():
    def f(x):
        return x * 1.0 if np.ndim(x) == 0 else np.sum(x)

    assert "if" not in cr.grad(f).source_for(2.0).split("\n", 3)[-1]


def test_the_name_of_a_wrapper_is_refused():
    def f(x):
        def decorate(g):
            @functools.wraps(g)
            def wrapper(v):
                return g(v) * 2

            return {wrapper.__name__: wrapper}

        return decorate(lambda v: v * v)["<lambda>"](x)

    with pytest.raises(cr.UnsupportedError, match="behind functools.wraps"):
        cr.grad(f)(1.0)


def test_a_list_is_not_repeated_half_a_time():
    with pytest.raises(TypeError, match="non-int of type 'float'"):
        cr.grad(lambda x: sum([x] * 2.0))(1.0)
