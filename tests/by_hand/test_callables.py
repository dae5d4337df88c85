"""Functions in all the forms that Python has: decorated, partial, bound, vectorized, chosen at run time."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import UnsupportedError
from tests.gradients import gradient_is

from .cases import M, X, case, cases

T = np.linspace(0.1, 2.4, 24).reshape(2, 3, 4)

# -- decorators and callable objects ---------------------------------------------------------------------------------


def doubled(f):
    @functools.wraps(f)
    def wrapper(*args, **keywords):
        return 2.0 * f(*args, **keywords)

    return wrapper


def scaled(k):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(x):
            return k * f(x)

        return wrapper

    return decorate


class Counted:
    def __init__(self, f):
        self.f = f

    def __call__(self, x):
        return self.f(x) * 2.0


@doubled
def wrapped(x, y=1.0):
    return np.sum(x * x) * y


@scaled(3.0)
@doubled
def twice(x):
    return x**3


@Counted
def counted(x):
    return x**2


@functools.lru_cache
def cached(n):
    return n * 2.0


@functools.cache
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@functools.lru_cache(maxsize=None)
def table(n):
    return np.arange(n * 1.0)


@case(X)
def decorated(x):
    return wrapped(x, y=x[0]) + twice(x[1]) + counted(x[2]) + x[0] * cached(3) * fibonacci(6) + np.sum(table(3) * x) + np.sum(table(3)[1:] * x[1:])


class Layer:
    def __init__(self, w):
        self.w = w

    def apply(self, x, y=1.0):
        return self.w * x * x + y

    def __call__(self, x):
        return self.w * np.sin(x)

    shifted = functools.partialmethod(apply, y=5.0)

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def triple(cls, x):
        return x * 3.0

    @functools.singledispatchmethod
    def chosen(self, x):
        return x * 2.0

    @chosen.register
    def _(self, x: float):
        return x * 3.0


layer = Layer(2.0)
bound = layer.apply


@case(X)
def methods(x):
    f = layer.apply
    return bound(x[0]) + f(x[0], y=x[1]) + layer.shifted(x[0]) + layer(x[1]) + layer.square(x[0]) + Layer.triple(x[1]) + layer.triple(x[2])


@case(X)
def partial_of_a_method(x):
    return functools.partial(layer.apply, y=x[1])(x[0])


@functools.singledispatch
def by_class(x):
    return x * 2.0


@by_class.register
def _(x: float):
    return x * 3.0


@by_class.register(np.ndarray)
def _(x):
    return np.sum(x * x)


@case(X)
def dispatched(x):
    s = by_class(x) + layer.chosen(x[0]) + layer.chosen(float(x[1]))
    for v in x:
        s = s + by_class(float(v)) + by_class(v)
    return s


def test_a_later_registration_is_seen():
    @functools.singledispatch
    def f(x):
        return x * 2.0

    df = cr.grad(lambda x: f(x))
    assert df(3.0) == 2.0
    f.register(float, lambda x: x * x)
    assert df(3.0) == 6.0


# -- partial ------------------------------------------------------------------------------------------------------------


def product(a, b, c=1.0):
    return a * b + c


outside = functools.partial(functools.partial(product, 2.0), c=3.0)


@case(X)
def partials(x):
    g = functools.partial(product, x[0], c=x[1])
    h = functools.partial(functools.partial(product, c=x[1]), x[0])
    return outside(x[0]) + g(x[2]) + h(x[2]) + g.func(x[1], x[2]) + g.args[0] * g.keywords["c"]


@case(X)
def partials_of_numpy(x):
    return functools.partial(np.sum, axis=0)(x) + functools.partial(max, x[0])(x[1]) + functools.partial(np.clip, a_min=0.0, a_max=2.0)(x[1])


@case(X)
def partials_that_are_chosen(x):
    f = functools.partial(product, x[0]) if x[0] > 1 else functools.partial(product, x[1])
    g = functools.partial(product, b=x[0]) if x[0] > 1 else np.sin
    return f(x[2]) + g(x[1])


@case(X)
def partials_in_a_loop(x):
    f = functools.partial(product, x[0])
    for _ in range(3):
        y = f(x[1])
        f = functools.partial(product, y)
    return f(x[2])


@case(X)
def star_arguments(x):
    def inner(a, *rest, k=1.0, **more):
        return a * k + sum(rest) + sum(more.values())

    return functools.partial(inner, x[0], x[1], k=x[2])(x[0], x[0]) + functools.partial(functools.partial(inner, k=x[1]), k=x[2], m=x[0])(x[0])


# -- lambdas --------------------------------------------------------------------------------------------------------------

pair = [lambda x: x * x, lambda x: x**3]
named = {"a": lambda x: x * 2.0, "b": lambda x: x**2, "c": lambda x, k=3.0: x * k}


@case(X)
def lambdas(x):
    local = [lambda v: v * v, lambda v: v**3, lambda v, k=x[0]: v * k]
    broken = (lambda a,
              b: a *
              b)
    return (pair[0](x[0]) + pair[1](x[1]) + named["a"](x[2]) + named["b"](x[2]) + named["c"](x[0]) + local[0](x[1]) + local[1](x[0]) + local[2](x[2])
            + broken(x[0], x[1]) + (lambda v: (lambda w: w * v)(v))(x[2]))


@case(X)
def lambdas_made_in_a_loop(x):
    powers = []
    for i in range(3):
        powers.append(lambda v, i=i: v**i)
    last = [lambda v: v * k for k in range(3)]
    return sum(f(x[0]) for f in powers) + sum(g(x[1]) for g in last)


def test_a_lambda_is_not_the_one_inside_it():
    assert cr.grad((lambda x: lambda x: x * x)(1.0))(2.0) == 4.0
    assert cr.grad(lambda x, f=lambda x: x * x: f(x) * x)(2.0) == 12.0
    assert [cr.grad(f)(2.0) for f in [lambda x: (lambda x: x * x)(x) * x, (lambda x: x * x)]] == [12.0, 4.0]
    assert [cr.grad(f)(1.0) for f in [(lambda k: (lambda x: x * k))(k) for k in (1.0, 2.0)]] == [1.0, 2.0]


# -- NumPy's loops over a function --------------------------------------------------------------------------------------


def by_cases(a, b):
    return a * b if a > b else a + b


vector = np.vectorize(by_cases)
as_float = np.vectorize(by_cases, otypes=[float])


@np.vectorize
def polynomial(a):
    s = 0.0
    for i in range(3):
        s = s + a**i
    return s


@np.vectorize(otypes=[np.float32])
def narrow(a):
    return a * a


@case(M, X)
def vectorized(m, x):
    k = x[0]
    inside = np.vectorize(lambda a: a * k)
    return (np.sum(vector(m, 2.0) * m) + np.sum(vector(m, x) ** 2) + np.sum(as_float(x[:, None], x) ** 2) + np.sum(polynomial(x)) + polynomial(x[0]) * 1.0
            + vector(x[1], x[2]) + np.sum(inside(x)) + np.sum(np.vectorize(math.sin)(m)) + np.sum(vector(x, 2)))


@case(X)
def vectorized_in_a_loop(x):
    s = 0.0
    for i in range(3):
        s = s + np.sum(vector(x * i, x))
    return s


def test_vectorized_types():
    x = np.array([1.1, 2.3], np.float32)
    assert cr.grad(lambda x: np.sum(polynomial(x)))(x).dtype == np.float32
    value, gradient = cr.value_and_grad(lambda x: np.sum(narrow(x)))(X)
    assert type(value) is np.float32
    np.testing.assert_allclose(gradient, 2 * X, rtol=1e-6)
    f = np.vectorize(lambda a: 0 if a < 2 else a)  # the first result decides: integers
    gradient_is(lambda x: np.sum(f(x)) + x[0], (X,), [1.0, 0.0, 0.0])
    gradient_is(lambda x: np.sum(f(x[::-1])) + x[0], (X,), [1.0, 1.0, 1.0])
    empty = np.zeros(0)
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(as_float(x, 1.0)))(empty), empty)
    with pytest.raises(ValueError, match="size 0 inputs"):
        cr.grad(lambda x: np.sum(vector(x, 1.0)))(empty)
    with pytest.raises(ZeroDivisionError):
        cr.grad(lambda x: np.sum(np.vectorize(lambda a: 1 / a)(x)))(np.array([1.0, 0.0]))


@pytest.mark.parametrize("f, words", [
    (lambda x: np.sum(np.frompyfunc(lambda a: a * a, 1, 1)(x)), "`frompyfunc` cannot be differentiated"),
    (lambda x: np.sum(np.vectorize(np.sum, signature="(n)->()")(x)), "`np.vectorize` with signature"),
    (lambda x: np.sum(np.vectorize(by_cases, excluded={1})(x, 2.0)), "`np.vectorize` with excluded"),
    (lambda x: np.sum(vector(x, b=2.0)), "arguments by name"),
    (lambda x: np.sum(np.vectorize(lambda a: (a, a))(x)[0]), "only numbers and arrays"),
])
def test_refused(f, words):
    with pytest.raises(UnsupportedError, match=words):
        cr.grad(f)(X)


@case(M)
def along_an_axis(m):
    return (np.sum(np.apply_along_axis(lambda r: r * r[0], 0, m) ** 2) + np.sum(np.apply_along_axis(lambda r: r * r[0], 1, m) * m)
            + np.sum(np.apply_along_axis(lambda r: np.sum(r**3), 1, m) ** 2) + np.sum(np.apply_along_axis(np.sum, 0, m) ** 2)
            + np.sum(np.apply_along_axis(lambda r, k, b=1.0: r * k + b, 1, m, m[0, 0], b=m[1, 1]) ** 2)
            + np.sum(np.apply_along_axis(lambda r: r * r[0], 0, m[0])))


@case(T)
def along_an_axis_of_three(m):
    r = np.apply_along_axis(lambda r: r[::-1] * r[0], -2, m)
    return np.sum(np.apply_along_axis(lambda r: np.outer(r, r)[:2], 1, m) ** 2) + np.sum(r[0] * r[1]) + np.sum(r * m)


@case(T)
def over_axes(m):
    return np.sum(np.apply_over_axes(np.sum, m, [0, 2]) ** 2) + np.sum(np.apply_over_axes(np.mean, m, -1) * m)


@case(X)
def from_iterators(x):
    return (np.sum(np.fromiter([v * v for v in x], dtype=float) * x) + np.sum(np.fromiter((x[i] * i for i in range(3)), np.float64))
            + np.sum(np.fromfunction(lambda i, j: (i - j) * x[0] * x[1], (3, 4)) ** 2) + np.sum(np.fromfunction(lambda i: x[i], (3,), dtype=int)))


@case(X, 4)
def from_an_iterator_of_unknown_length(x, n):
    return np.sum(np.fromiter((x[0] * i for i in range(n)), float))


@case(X)
def piecewise(x):
    return (np.sum(np.piecewise(x, [x < 1.5, x > 2.5], [lambda v: v * v, lambda v: np.sum(v) * v, lambda v: -v]) * x)
            + np.sum(np.piecewise(x, [x < 0], [1.0, np.sin])) + np.sum(np.piecewise(x, [x < 2, x >= 2], [lambda v, k: v * k, lambda v, k: v + k], x[0])))


@case(M)
def reductions(m):
    return (np.sum(np.add.reduce(m) ** 2) + np.sum(np.add.reduce(m, axis=1, keepdims=True) * m) + np.multiply.reduce(m, axis=None)
            + np.sum(np.maximum.reduce(m) ** 2) + np.sum(np.minimum.reduce(m, 1) ** 2))


@case(M)
def accumulations(m):
    return (np.sum(np.maximum.accumulate(m) ** 2) + np.sum(np.minimum.accumulate(m, axis=1) ** 3) + np.sum(np.add.accumulate(m, 1) ** 2)
            + np.sum(np.multiply.accumulate(m) ** 2))


@case(X, M)
def outer_products(x, m):
    return (np.sum(np.multiply.outer(x, m) ** 2) + np.sum(np.add.outer(m, x) ** 2) + np.sum(np.maximum.outer(x, m)) + np.sum(np.multiply.outer(x[0], x))
            + np.sum(np.subtract.outer(x, x[1]) ** 2) + np.sum(np.divide.outer(x, m + 5)))


first_and_last, transposed, summed = operator.itemgetter(0, 2), operator.attrgetter("T"), operator.methodcaller("sum", axis=0)


@case(M)
def operators(m):
    x = m[0]
    k, d = operator.itemgetter(1), {"a": x[0], "b": x[1]}
    return (np.sum(first_and_last(x)[1] * transposed(m)[0]) + np.sum(summed(m) ** 2) + functools.reduce(operator.mul, [v for v in x])
            + functools.reduce(lambda a, b: a * b + 1.0, x) + functools.reduce(operator.add, x, 2.0) + k(x) ** 2 + operator.itemgetter("a")(d)
            + operator.getitem(x, 2) + operator.sub(x[0], operator.truediv(x[1], x[2])) + operator.neg(x[0]) + operator.pow(x[0], 2) + abs(operator.abs(-x[0]))
            + (x[0] if operator.lt(x[0], x[1]) else x[2]) + operator.not_(x[0] > 5) * x[1])


# -- which function is only known when the program runs ------------------------------------------------------------------


def linear(a, b):
    return a * b


def quadratic(a, b):
    return a * a * b


by_name, in_order, by_number = {"linear": linear, "quadratic": quadratic}, [linear, quadratic, lambda a, b: a + b], {0: linear, 1: quadratic}


@case(X, "quadratic", 1)
def chosen_by_an_argument(x, name, i):
    return by_name[name](x[0], x[1]) + in_order[i](x[0], x[2]) + by_number[i](x[1], x[2])


@case(X)
def chosen_by_a_value(x):
    name = "linear" if x[0] > 1 else "quadratic"
    return (in_order[int(x[0])](x[1], x[2]) + in_order[int(np.floor(x[1]))](x[1], x[2]) + in_order[-int(x[0])](x[1], x[2])
            + by_number[int(x[0])](x[1], x[2]) + by_number[int(x[0] > 5)](x[1], x[2]) + by_name[name](x[0], x[1]))


@case(X)
@case(X - 1.05)
@case(-X)
def chosen_in_branches(x):
    if x[0] > 1:
        def f(v):
            return v * x[1]
    elif x[0] > 0:
        f = functools.partial(quadratic, b=2.0)
    else:
        f = np.cos
    g = pair[0] if x[0] > 0 else pair[1]
    s = 0.0
    for v in x:
        s = s + f(v) * g(v)
    return s


@case(X, 3)
def chosen_in_loops(x, n):
    local = [lambda v: v * x[0], lambda v: v * x[1] * x[1], np.sin]
    s = x[0]
    for i in range(n):
        s = s + local[i](x[1])
        s = local[int(s * 10.0 + 0.5) % 3](s) * 0.3
    return s


@pytest.mark.parametrize("f, error", [(lambda x: in_order[int(x[0] * 10)](x[1], x[2]), IndexError), (lambda x: by_number[int(x[2])](x[0], x[1]), KeyError),
                                      (lambda x: by_name["cubic" if x[0] > 0 else "linear"](x[0], x[1]), KeyError)])
def test_where_there_is_no_function(f, error):
    with pytest.raises(error):
        f(X)
    with pytest.raises(error):
        cr.grad(f)(X)


def test_a_function_as_an_argument():
    def f(x, g, h=np.sin):
        return np.sum(g(x)) + h(x[0])

    df = cr.grad(f)
    other: Any
    for other in (np.sin, lambda v: v * v, functools.partial(product, 2.0), layer, bound, polynomial, math.exp):
        gradient = df(X, np.cos, other) if other is math.exp else df(X, other)
        at = (lambda e, g=other: f(X + e, np.cos, g) if g is math.exp else f(X + e, g))
        np.testing.assert_allclose(gradient, [(at(e) - at(-e)) / 2e-6 for e in np.eye(3) * 1e-6], rtol=1e-6)


# -- what a function is, is asked at each call ---------------------------------------------------------------------------


def inner(x):
    return x * x


def test_a_helper_replaced_afterwards(monkeypatch):
    df = cr.grad(lambda x: inner(x) * x)
    assert df(2.0) == 12.0
    monkeypatch.setitem(globals(), "inner", lambda x: x * 5.0)
    assert df(2.0) == 20.0
    monkeypatch.undo()
    assert df(2.0) == 12.0
    listed = [inner]
    dg = cr.grad(lambda x: listed[0](x))
    assert dg(3.0) == 6.0
    listed[0] = math.sin
    assert dg(0.0) == 1.0


def test_arrays_and_functions_outside_first_met_in_a_branch():
    numbers, several = [1.0, 2.0], np.array([1.0, 2.0, 3.0])

    def f(x):
        if x[0] > 0:
            s = several[0] * x[0] * numbers[0]
        else:
            s = several[1] * x[1] * numbers[1]
        return s + several[2] * numbers[0]

    for x in (X, -X):
        gradient_is(f, (x,))


@functools.cache
def noisy(n):
    print(n)
    return n


@functools.cache
def held(n):
    return np.zeros(n)


def writes_what_is_cached(x):
    y = held(3)
    y[0] = x[0]
    return np.sum(y * x)


def test_what_caching_would_show():
    with pytest.raises(UnsupportedError, match="`noisy` is cached, and prints or draws"):
        cr.grad(lambda x: x * noisy(3))(2.0)
    with pytest.raises(UnsupportedError):
        cr.grad(writes_what_is_cached)(X)
    with pytest.raises(TypeError, match="unhashable"):
        cr.grad(lambda x: np.sum(cached(x)))(X)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
