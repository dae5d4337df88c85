"""Generators that are left and resumed: items, effects and exceptions come in Python's order."""

from __future__ import annotations

import contextlib
import io
import itertools

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X
from tests.gradients import gradient_is

Y = np.array([0.5, 0.7, -0.4])


def raising_late(x):
    yield x[0] * 2
    raise ValueError("late")


def dividing(x, n):
    yield x[0] * 2
    yield x[1] / n


def telling(x):
    print("start")
    yield x[0] * 2
    print("between")
    yield x[1] * 2
    print("end")


def powers(x):
    s = 1.0
    while True:
        s = s * x[0]
        yield s


def summing(x):
    total = 0.0
    while True:
        v = yield total
        total = total + v * x[0]


def of_list(x, items):
    for v in items:
        yield v * x[0]
    else:
        yield x[1]


def careful(x):
    for n in range(3):
        try:
            if x[n] < 0:
                raise ValueError(x[n])
            yield x[n]
        except ValueError as e:
            yield -2 * e.args[0]
        else:
            print("went well")


def returning(x):
    yield x[0]
    yield from (x[1], x[2])
    return x[0] * x[1]


def delegating(x):
    found = yield from returning(x)
    yield found
    for v in powers(x):
        if v < 0.2:
            return
        yield v


class Table:
    def __init__(self, x):
        self.x = x
        self.count = 0

    def __iter__(self):
        for v in self.x:
            self.count += 1
            yield v * v


def never_asked_again(x):
    return next(raising_late(x)) * x[1]


def asked_again(x):
    g = raising_late(x)
    a = next(g)
    try:
        a += next(g)
    except ValueError as e:
        a = a * len(str(e))
    return a * x[1]


def over_after_an_exception(x):
    g = raising_late(x)
    a = next(g)
    for _ in range(2):
        try:
            a += next(g, x[1])
        except ValueError:
            a = a * 3
    return a


def division_not_reached(s, t):
    return next(dividing((s, t), 0)) * t


def division_reached(s, t):
    g = dividing((s, t), 0)
    a = next(g)
    try:
        a += next(g)
    except ZeroDivisionError:
        a = a * 3
    return a * t


def prints_in_between(x):
    g = telling(x)
    print("before")
    a = next(g)
    print("middle")
    return a * next(g)


def two_in_step(x):
    a = 0.0
    for p, q in zip(telling(x), telling(x * 2)):
        print("body")
        a += p * q
    return a


def numbered(x):
    g = telling(x)
    a = next(g)
    for n, v in enumerate(g, 2):
        print("body")
        a += n * v
    return a


def endless(x):
    g = powers(x)
    return next(g) + next(g) * next(g)


def left_and_taken_up(x):
    g, s = powers(x), 0.0
    for v in g:
        s += v
        if s > 0.7:
            break
    for v in g:
        s += 2 * v
        if v < 0.1:
            break
    return s + next(g)


def sent(x):
    g = summing(x)
    next(g)
    g.send(x[1])
    return g.send(x[0] * 2)


def list_that_grows(x):
    items = [x[0], x[1]]
    g = of_list(x, items)
    a = next(g)
    items.append(x[0] * x[1])
    for v in g:
        a += v
    return a


def through_a_try(x):
    s = 0.0
    for v in careful(x):
        s = 0.5 * s + v
    g = careful(x)
    return s * next(g) + next(g) * next(g)


def delegated(x):
    g = delegating(x)
    s = next(g)
    for v in itertools.islice(g, 4):
        s = s * 0.7 + v
    return s + sum(g)


def sliced(x):
    return sum(itertools.islice(powers(x), 4))


def in_a_loop(x, n):
    g, h = powers(x), powers(x * 0.5)
    s = 0.0
    for i in range(n):
        s += next(g) * next(h) if i % 2 else next(g)
    return s


def of_an_object(x):
    table = Table(x)
    g = iter(table)
    a = next(g) * table.count
    return a + sum(g) * table.count


def closed(x):
    g = powers(x)
    a = next(g)
    g.close()
    return a + next(g, x[1])


def exhausted(x):
    g = dividing(x, 2)
    a = next(g) + next(g)
    try:
        next(g)
    except StopIteration:
        return a * x[1]
    return a


def stop_inside(x):
    def asking():
        yield x[0]
        yield next(iter(()))

    g = asking()
    a = next(g)
    try:
        next(g)
    except RuntimeError as e:
        a = a * len(str(e))
    return a * x[1]


def run(f, args):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        value = f(*args)
    return value, text.getvalue()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("f", "args"), [
    (f, args) for fs, args in (
        ((never_asked_again, asked_again, over_after_an_exception, prints_in_between, two_in_step, numbered, endless, left_and_taken_up, sent,
          list_that_grows, through_a_try, delegated, sliced, of_an_object, closed, exhausted, stop_inside), (Y,)),
        ((division_not_reached, division_reached), (0.5, 0.7)), ((in_a_loop,), (Y, 3)), ((in_a_loop,), (Y, 0)), ((through_a_try,), (X,)))
    for f in fs])
def test_items_effects_and_exceptions_come_in_order(f, args):
    value, text = run(f, args)
    (found, _), printed = run(cr.value_and_grad(f), args)
    assert (found, printed) == (value, text)
    with contextlib.redirect_stdout(io.StringIO()):
        gradient_is(f, args)


def test_a_generator_that_is_left_inside_finally_is_refused():
    def tidy(x):
        try:
            yield x[0]
            yield x[1]
        finally:
            print("closed")

    def f(x):
        return next(tidy(x))

    with pytest.raises(cr.UnsupportedError, match="consumed step by step"):
        cr.grad(f)(Y)
