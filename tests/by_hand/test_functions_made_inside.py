"""Functions that are made inside: lists of them that grow in loops, and the attributes that they are given."""

from __future__ import annotations

import numpy as np
import pytest

from tests.by_hand.cases import X, case, cases
from tests.gradients import gradient_is


@case(1.5, 3)
def list_of_functions_in_a_loop(x, n):
    functions = []
    for i in range(n):
        def scaled(v, i=i):
            return v * x + i

        functions.append(scaled)
    return sum(f(x) for f in functions)


@case(1.5, 3)
def list_of_functions_in_a_while_loop(x, n):
    functions = [lambda v: v]
    while len(functions) < n:
        functions.append(lambda v, f=functions[-1], k=len(functions): f(v) * x + k)
        if x > 100:
            break
    return functions[-1](x) + [np.sin, np.cos, lambda v: v * x][n % 3](x)


@case(X)
def functions_of_elements(x):
    functions = []
    for v in x:
        functions.append(lambda u, v=v: u * v)
    if x[0] > 1:
        functions.append(lambda u: u * x[0])
    else:
        functions.append(np.sin)
    table = {i: (lambda u, v=v: u + v) for i, v in enumerate(x)}
    y = 1.0
    for f in functions:
        y = f(y)
    return y + table[1](y)


# -- attributes of functions --------------------------------------------------------------------------------------------


@case(2.0)
def attributes_that_count(x):
    def run(y):
        run.count += 1
        run.total = run.total + y * x
        return y * 2

    run.count = 0
    run.total = 0.0
    for k in range(3):
        run(x + k)
    if x > 1:
        run.total *= 2
    identity = lambda v: v  # noqa: E731
    identity.scale = x
    return run.total * run.count + identity.scale ** 2 + hasattr(run, "count") * x + getattr(run, "total", 0.0)


@case(1.3)
def memo_in_an_attribute(x):
    def memo(f):
        def looked_up(n):
            if n not in looked_up.cache:
                looked_up.cache[n] = f(n)
            return looked_up.cache[n]

        looked_up.cache = {}
        return looked_up

    @memo
    def power(n):
        return 1.0 if n == 0 else x * power(n - 1) + n

    return power(4) + power(2) * len(power.cache)


@case(1.5, 3)
def attributes_on_one_path_only(x, n):
    def f(v):
        return v

    def g(v):
        return v * g.k

    if x > 100:
        f.k = 1.0
    if x > 1:
        g.k = x
    else:
        g.k = 2.0 * x
    for i in range(3):
        if i == 1:
            g.late = x * i
    return x * getattr(f, "k", 3.0) + (2.0 if hasattr(f, "k") else x) + g(x) * getattr(g, "late", 5.0)


@case(1.5, 3)
def each_has_its_own(x, n):
    def make(start):
        def bump():
            bump.value += x
            return bump.value

        bump.value = start
        return bump

    a, b = make(0.0), make(1.0)
    a()
    made = []
    for i in range(n):
        def f(v):
            return v * f.weight

        f.weight = i * x
        made.append(f)
    return a() * b() + sum(f(1.0) for f in made) + f(x)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
