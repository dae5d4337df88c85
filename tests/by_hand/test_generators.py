"""Generators: consumed by a loop in the middle of which they stand still."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


class Stop(Exception):
    pass


def squares(n):
    for i in range(n):
        yield i * i


def rows(m):
    for row in m:
        yield row * 2


def pairs(x):
    for i in range(len(x) - 1):
        yield x[i], x[i + 1]


def counting(start):
    while True:
        yield start
        start = start * 1.5 + 1


def few(x):
    yield x
    y = x * x
    yield y
    if x > 1:
        yield y * x
        return
    yield 5.0


def nested(x):
    yield x
    yield from few(x)
    for v in few(x * 2):
        yield v + x
    yield from [x, x * 3]


def with_finally(x, log):
    try:
        for i in range(len(x)):
            log[0] += x[i]
            yield x[i] * 2
            log[0] *= 1.5
        log[0] *= 100
    finally:
        log[0] = log[0] * x[0]


class Scan:
    def __init__(self, w):
        self.w = w

    def windows(self, x, n):
        for i in range(len(x) - n + 1):
            yield x[i:i + n]


@case(2.0, 4)
@case(2.0, 0)
def in_a_loop(x, n):
    s = 0.0
    for v in squares(n):
        s += v * x
        x = x * 1.5
    return s


@case(M)
def rows_of_an_array(m):
    s = np.zeros(m.shape[1])
    for row in rows(m):
        s = s + row ** 2
        s[0] *= row[1]
    return np.sum(s)


@case(X4)
def tuples(x):
    s = 1.0
    for a, b in pairs(x):
        if a > b:
            continue
        s = s * a + b
    return s


@case(1.5)
def infinite_left_by_break(x):
    s = x
    for v in counting(x):
        s = s + v * x
        if s > 20:
            break
    return s


@case(1.5)
def infinite_left_by_return(x):
    s = x
    for v in counting(x):
        s = s + v * x
        if s > 20:
            return s * v
    return s


@case(1.5)
@case(0.5)
def several_yields(x):
    s = 0.0
    for v in few(x):
        s = s * 2 + v
    else:
        s = s * x
    return s


@case(1.5)
@case(0.4)
def delegated(x):
    s = 0.0
    for v in nested(x):
        s = s * 1.1 + v * v
    return s


@case(X4)
def finally_after_the_end(x):
    log = np.zeros(1)
    s = 0.0
    for v in with_finally(x, log):
        s += v * log[0]
    return s + log[0]


@case(X4)
def finally_after_break(x):
    log = np.zeros(1)
    s = 0.0
    for v in with_finally(x, log):
        if v < 0:
            break
        s += v * log[0]
    else:
        s = s * 100
    return s + log[0]


@case(X4)
@case(np.abs(X4))
def finally_after_return(x):
    log = np.zeros(1)

    def run(k):
        for v in with_finally(x, log):
            if v * k < 0:
                return v * 3
        return x[1]

    a = run(1.0)
    return a * log[0]


@case(X4)
def finally_after_an_exception(x):
    log = np.zeros(1)
    s = 0.0
    try:
        for v in with_finally(x, log):
            s += v
            if v < 0:
                raise Stop
        s = 0.0
    except Stop:
        s = s * log[0]
    return s + log[0]


@case(X4)
def an_exception_of_the_generator(x):
    def checked():
        for v in x:
            if v < 0:
                raise ValueError(v)
            yield v

    s = 1.0
    try:
        for v in checked():
            s = s * (1 + v)
    except ValueError as e:
        s = s * e.args[0]
    return s


@case(X4)
def a_handler_of_the_generator_sees_only_its_own(x):
    def guarded():
        for v in x:
            try:
                if v > 1:
                    raise Stop
                yield v
            except Stop:
                yield v * 10

    s = 1.0
    try:
        for v in guarded():
            s = s + v
            if v < 0:
                raise Stop
    except Stop:
        s = s * x[2]
    for v in guarded():
        s = s + v * v
    return s


@case(X4)
def in_a_comprehension(x):
    return np.sum(np.array([v * v for v in rows(x)]))


@case(X4)
def summed(x):
    return sum(v * w for v, w in pairs(x)) + sum(few(x[0])) * max(few(x[2]))


@case(1.5)
def as_a_list_and_unpacked(x):
    a, b, c = few(x)
    d = list(few(x))
    e = tuple(few(b))
    f, *g = (v * 2 for v in (x, a, c))
    return a * d[1] + c * e[2] + f * g[0] * g[1] * len(d)


@case(X4)
def enumerated(x):
    s = 0.0
    for n, v in enumerate(rows(x), 2):
        s += n * v ** 2
        if n == 4:
            break
    return s


@case(X4)
def zipped_with_an_array(x):
    s = 0.0
    for v, w in zip(rows(x), x):
        s += v * w
    for w, v in zip(x, rows(x)):
        s += v * w * w
    return s


@case(1.5, 4)
@case(1.5, 0)
def infinite_in_step_with_a_range(x, n):
    s = x
    for k, v in zip(range(n), counting(x)):
        s += k * v * x
    for v, k in zip(counting(x), range(n)):
        s += k * v
    return s


@case(X4)
def two_in_step(x):
    s = 0.0
    for v, w in zip(rows(x), rows(x * x)):
        s += v * w * w
    return s


@case(X4)
def nested_loops_of_one_generator(x):
    s = 0.0
    for v in rows(x):
        for w in rows(x):
            if w > v:
                break
            s += v * w * w
    return s


@case(X)
def next_items(x):
    def three():
        yield x[0]
        yield x[1] * x[0]
        yield x[2] ** 2

    it = three()
    first = next(it)
    s = first
    for v in it:
        s = s * 2 + v
    return s + next(it, x[2])


@case(1.5)
def next_past_the_end(x):
    it = few(x)
    a = next(it)
    b = next(it)
    c = next(it)
    try:
        d = next(it)
    except StopIteration:
        d = x * 7
    return a * b * c * d


@case(X)
def iterator_of_a_list(x):
    items = [x[0], x[1] * x[0], x[2]]
    it = iter(items)
    a = next(it)
    return a * sum(it)


@case(X)
def consumed_twice(x):
    it = rows(x)
    s = 0.0
    for v in it:
        s += v * v
    for v in it:
        s += 100 * v
    return s


@case(X4)
def a_method(x):
    s = 0.0
    for v in Scan.windows(None, x, 2):
        s += v[0] * v[1] ** 2
    return s


def consume(items, start):
    for v in items:
        start = start * 1.1 + v
    return start


@case(X4)
def passed_to_a_helper(x):
    return consume(rows(x), x[0])


@case(X4)
def a_closure(x):
    scale = x[0]

    def scaled(k=2):
        for v in x:
            yield v * scale * k

    s = 0.0
    for v in scaled():
        s += v ** 2
    scale = scale * 2
    for v in scaled(k=3):
        s += v
    return s


@case(X4)
def writes_seen_by_the_generator(x):
    y = x * 1.0

    def following():
        for i in range(len(y)):
            yield y[i]

    s = 0.0
    k = 1
    for v in following():
        s += v * v
        if k < len(y):
            y[k] = y[k] * v
        k += 1
    return s


@case((0.5, (1.5, 2.0), ((3.0,), 0.7)))
def a_tree(tree):
    def walk(node):
        if isinstance(node, tuple):
            for child in node:
                yield from walk(child)
        else:
            yield node * node

    s = 1.0
    for v in walk(tree):
        s = s * 1.5 + v
    return s


@case(2.0)
def state_between_yields(x):
    def fibonacci(a, b, n):
        for _ in range(n):
            yield a
            a, b = b, a + b * x

    s = 0.0
    for k, v in enumerate(fibonacci(x, 1.0, 5)):
        s += k * v
    return s


@case(2.0)
def nothing_yielded(x):
    def none(n):
        if n > 0:
            return
        yield x

    s = x
    for v in none(1):
        s = s * v
    else:
        s = s * x
    return s


@case(X)
def starts_with_none(x):
    best = None
    for v in (x[1], x[0], x[2] * x[0]):
        if best is None or v > best:
            best = v

    def doubled():
        for k in range(3):
            yield x[k] * best

    last = None
    for v in doubled():
        last = v if last is None else last * v
    return best * last


def with_an_end(items, trace):
    for v in items:
        yield v
        trace.append(1.0)
    trace.append(2.0)


@case(X, 0.1)
@case(X, 10.0)
def left_before_the_generators_end(x, most):
    s, trace = x[0], []
    for v in with_an_end(x, trace):
        s = s * v + 0.3
        if s > most:
            break
    return s * sum(trace) + s


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradients(f, args):
    gradient_is(f, args)


def test_a_generator_is_not_run_before_it_is_consumed():
    def f(x):
        y = x * 1.0

        def gen():
            yield y[0] * 2

        it = gen()
        y[0] = x[1]
        return sum(it)

    gradient_is(f, (X,))


def test_effects_happen_in_order(capsys):
    def f(x):
        def gen():
            for i in range(2):
                print("gives", i)
                yield x[i]

        s = 0.0
        for v in gen():
            print("takes")
            s += v * v
        return s

    assert np.allclose(cr.grad(f)(X), [2.2, 4.6, 0])
    assert capsys.readouterr().out == "gives 0\ntakes\ngives 1\ntakes\n"


def stepping_with_effects(x):
    def gen():
        for i in range(2):
            print("gives", i)
            yield x[i]

    it = gen()
    return next(it) * next(it)


def left_and_used_again(x):
    it = rows(x)
    s = 0.0
    for v in it:
        s += v
        if s > 3:
            break
    for v in it:
        s = s * v
    return s


def written_in_between(x):
    y = x * 1.0
    it = rows(y)
    a = next(it)
    y[1] = a
    return a * next(it)


def sent(x):
    def gen():
        y = yield x
        yield y * 2

    it = gen()
    next(it)
    return it.send(x)


@pytest.mark.parametrize("f", [stepping_with_effects, left_and_used_again, written_in_between, sent])
def test_what_only_a_suspended_generator_does_is_right_or_refused(f):
    try:
        gradient_is(f, (X if f is not sent else 2.0,))
    except cr.UnsupportedError:
        pass


def test_itertools_is_refused_or_right():
    def f(x):
        s = 0.0
        for v in itertools.chain(x, x):
            s += v * v
        return s

    try:
        gradient_is(f, (X,))
    except (cr.UnsupportedError, cr.MissingRuleError):
        pass
