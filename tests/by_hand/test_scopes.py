"""Names: imported, deleted, global, nonlocal, bound on one path only; loops with `else`, targets that are not names; functions inside functions."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, X, case, cases
from tests.gradients import gradient_is

calls = 0
level = 2.0
unset_before: float


@dataclass
class Cell:
    v: float
    w: float = 1.0


@case(X)
def imports(x):
    import math
    from math import cos as cosine
    from math import sin

    import numpy.linalg as la
    from numpy import tanh

    return math.exp(x[0]) * sin(x[1]) + cosine(x[2]) + np.sum(tanh(x)) + la.norm(x)


@case(X)
def import_in_a_loop(x):
    s = 0.0
    for v in x:
        from math import sqrt

        s += sqrt(v) * v
    return s


@case(X)
def an_import_that_fails(x):
    try:
        import no_such_module_anywhere as fast
    except ImportError:
        fast = None
    try:
        from math import no_such_function
    except ImportError:
        no_such_function = np.exp
    return np.sum(x ** 2) if fast is None else 0.0 * np.sum(no_such_function(x))


@case(X)
def deleted(x):
    y = x * 2
    z = y[0]
    del y
    items = [x[0], x[1] * z, x[2]]
    del items[0]
    table = {"a": z, "b": x[1]}
    del table["a"]
    cell = Cell(x[0], z)
    del cell.v
    a, b = x[0], x[1]
    del (a, b)
    three = [x[0], x[1], x[2], z]
    del three[1:3]
    return items[0] * items[1] + len(items) * table["b"] * len(table) + cell.w * three[1]


@case(X)
def deleted_and_read(x):
    y = x[0]
    del y
    try:
        return y * x[1]  # noqa: F821
    except UnboundLocalError:
        return x[1] ** 3


def tick(by):
    global calls
    calls += by


@case(X)
def writes_a_global(x):
    global level
    old = level
    level = level * 1.0
    for i in range(3):
        tick(1)
    level = old
    return np.sum(x) * level


@case(X)
def nonlocal_names(x):
    total = 0.0
    count = 0

    def add(v):
        nonlocal total, count
        total += v * v
        count += 1
        return total

    for v in x:
        if v > 1.5:
            add(v)
    return add(x[0]) * total * count


@case(2.0, 5)
def while_true(x, n):
    s = x
    k = 0
    while True:
        if k >= n:
            break
        k += 1
        if k == 2:
            continue
        s = s * 1.1 + x
    return s


@case(X4)
@case(-X4)
def loop_else(x):
    s = 1.0
    for v in x:
        if v > 1:
            break
        s += v * v
    else:
        s = s * 10
    k = 0
    while k < 3:
        s = s * 1.5
        if s > 100:
            break
        k += 1
    else:
        s = s + x[0]
    return s


@case(X4)
def loop_variable_afterwards(x):
    for i, v in enumerate(x):
        if v > 1:
            break
    return v * v * i


@case(X4)
def targets_that_are_not_names(x):
    y = np.zeros(3)
    cell = Cell(0.0)
    pair = [0.0, 0.0]
    s = 0.0
    for y[1] in x:
        s += y[1] * y[1]
    for cell.v in x:
        s += cell.v * x[0]
    for k, (pair[0], (cell.w, y[0])) in enumerate(zip(x, zip(x, x))):
        s += pair[0] * cell.w * y[0] * k
    return s + y[1] + cell.v + pair[0]


@case(X)
def types_that_change(x):
    total = 0
    last = None
    for v in (x[0], x[1], x[2]):
        total = total + v
        last = v if last is None else last * v
    total = total * np.ones(2)
    total = np.sum(total)
    return total * last


@case(2.0)
@case(-2.0)
def defined_on_each_path(x):
    if x > 0:
        def g(v, k=2):
            return v * k

        name = 3.0
    else:
        def g(v, k=3):
            return v * v * k

        name = 5.0
    return g(x) * name


@case(X4)
def return_in_nested_loops(x):
    s = 0.0
    for v in x:
        for w in x:
            s += v * w
            if s > 0.9:
                try:
                    with np.errstate(all="ignore"):
                        return s * v
                finally:
                    s = 0.0
    return s


def twice(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return 2 * f(*args, **kwargs)

    return inner


def scaled(by):
    def decorate(f):
        def inner(v):
            return f(v) * by

        return inner

    return decorate


@case(X)
def decorated_inside(x):
    @twice
    @scaled(x[0])
    def g(v):
        return v ** 2

    @twice
    def h(v, k=3):
        return v * k

    return g(x[1]) + h(x[2]) + h(x[2], k=2)


@case(X)
def default_values(x):
    fs = []
    for k in range(3):
        fs.append(lambda v, k=k, w=x[k]: v * w ** k)
    late = [lambda v: v * k for k in range(3)]
    return sum(f(x[0]) for f in fs) + sum(f(x[1]) for f in late)


@case(X)
def walrus(x):
    s = 0.0
    i = 0
    while i < 3 and (v := x[i]) > 0:
        s += v * v
        i += 1
    if (y := s * 2) > 1:
        s = y * x[0]
    return s + y + sum((last := w) * w for w in x) * last


@case(X)
def chained_comparisons(x):
    seen = []

    def note(v):
        seen.append(v)
        return v

    s = 0.0
    if 0 < note(x[0]) < note(x[1]) < note(0.5) < note(x[2]):
        s = 100.0
    if x[0] < x[1] < x[2]:
        s += x[0] * len(seen)
    return s + sum(seen) * x[2]


@case(2.0)
@case(-2.0)
def conditional_expression_with_effects(x):
    log = np.ones(1)

    def up():
        log[0] *= x
        return x * 3

    def down():
        log[0] -= x
        return x * x

    y = up() if x > 0 else down()
    z = (up() or 1.0) and down()
    return y * z * log[0]


@case(X)
def stars(x):
    first, *rest = [x[0], x[1], x[2]]
    *most, last = (*rest, first)
    items = [*most, last, *x[:2].tolist()] if False else [*most, last]
    base = {"d": first}
    table = {**base, "b": last}

    def f(a, *args, c=1.0, **kwargs):
        return a * sum(args) * c + sum(kwargs.values())

    return f(*items, **table, c=x[0])


@case(X)
def annotations(x):
    y: np.ndarray = x * 2
    z: float
    z = y[0]
    k: "no such type" = 3  # noqa: F722
    return z * k * y[1]


@case(X)
def closure_sees_the_last_value(x):
    a = x[0]

    def g():
        return a * x[1]

    before = g()
    a = x[2]
    return before * g()


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradients(f, args):
    gradient_is(f, args)


def test_a_global_is_set_once_to_the_last_value():
    def f(x):
        tick(2)
        tick(3)
        return x * calls

    before = calls
    assert cr.grad(f)(2.0) == before + 5
    assert calls == before + 5
    assert cr.grad(f)(2.0) == before + 10
    assert calls == before + 10


def test_a_global_in_a_branch_and_in_a_loop():
    def f(x):
        global level
        for v in x:
            if v > 2:
                level = level * v
        return level * x[0]

    globals()["level"] = 2.0
    expected = 2.0 * 2.3 * 2.9
    assert np.allclose(cr.grad(f)(X), [expected, 2.0 * 2.9 * 1.1, 2.0 * 2.3 * 1.1])
    assert np.isclose(level, expected)
    globals()["level"] = 2.0


def test_a_global_that_is_not_there_before():
    def f(x):
        global unset_before
        unset_before = x * 2
        return unset_before * x

    assert cr.grad(f)(3.0) == 12.0
    assert unset_before == 6.0
    del globals()["unset_before"]


def test_an_array_is_not_put_into_a_global():
    def f(x):
        global level
        level = x * 2
        return np.sum(level)

    with pytest.raises(cr.UnsupportedError, match="the global variable `level` is set to an array"):
        cr.grad(f)(X)
    assert level == 2.0


def test_another_module_of_the_same_name():
    def f(x):
        import some_module_made_here

        return x * some_module_made_here.factor

    for factor in (2.0, 3.0):
        module = type(sys)("some_module_made_here")
        module.factor = factor
        sys.modules["some_module_made_here"] = module
        try:
            assert cr.grad(f)(1.0) == factor
        finally:
            del sys.modules["some_module_made_here"]


@pytest.mark.parametrize("name", ["eval", "exec"])
def test_code_in_texts_is_refused_by_name(name):
    space = {}
    exec(compile(f"def f(x):\n    {name}('x')\n    return x\n", "text", "exec"), space)

    def evaluated(x):
        return eval("x * 2")

    def executed(x):
        exec("x = 2")
        return x

    with pytest.raises(cr.UnsupportedError, match=f"`{name}` is called"):
        cr.grad(evaluated if name == "eval" else executed)(1.0)


def down(x, n):
    return x if n == 0 else down(x, n - 1) * 1.001


def even(x, n):
    return x * 2 if n == 0 else odd(x * 1.001, n - 1)


def odd(x, n):
    return x * 3 if n == 0 else even(x + 0.001, n - 1)


@pytest.mark.parametrize("f", [down, even])
def test_recursion_to_depth_1000(f):
    step = 1e-6
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1200)  # what the function itself needs, and some for the test runner
    try:
        value, gradient = cr.value_and_grad(f)(1.5, 1000)
        assert np.isclose(value, f(1.5, 1000))
        assert np.isclose(gradient, (f(1.5 + step, 1000) - f(1.5 - step, 1000)) / (2 * step), rtol=1e-6)
    finally:
        sys.setrecursionlimit(limit)


def test_recursion_in_a_try():
    def f(x, n):
        def g(v, k):
            if k == 0:
                raise ValueError
            return g(v * 1.5, k - 1)

        try:
            return g(x, n)
        except ValueError:
            return x ** 2

    try:
        gradient_is(f, (2.0, 3))
    except cr.UnsupportedError:
        pass
