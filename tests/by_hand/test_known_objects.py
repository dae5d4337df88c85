"""Objects that Python makes of what is known when the program is compiled, and default values: what can change belongs to each call."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X, case, cases
from tests.gradients import gradient_is


@case(2.0, 3)
def words_taken_in_a_loop(x, n):
    words = "aaaa bbb cc d".split()
    s = 0.0
    for _ in range(n):
        s += x * len(words.pop())
    return s


@case(2.0, 3)
def words_added_in_a_branch(x, n):
    words = "aaa bb c".split()
    lines = "ab\ncd".splitlines()
    if x > 100:
        words.pop()
    else:
        lines.append("ef")
    for _ in range(n):
        words.append("q")
    head, *rest = "aa bb cc".split()
    key, _, value = "key=val".partition("=")
    return x * len(words) + x ** len(lines) + len(rest) * x * len(key + value + head)


@case(1.5)
def parser_of_nested_words(x):
    def parse(tokens):
        token = tokens.pop(0)
        if token != "(":
            return float(token)
        items = []
        while tokens[0] != ")":
            items.append(parse(tokens))
        tokens.pop(0)
        return items

    tree = parse("( 1 ( 2 3 ) )".split())
    return x ** tree[1][0] + tree[1][1] * x


# -- default values that can change ----------------------------------------------------------------------------------


def fibonacci(n, memo={}):  # noqa: B006
    if n not in memo:
        memo[n] = n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
    return memo[n]


def grown(x, seen=[]):  # noqa: B006
    seen.append(x)
    return sum(seen)


def weighted(x, weights=[1.0, 2.0], scale=np.array([1.0, 3.0]), names=set("ab"), table={"a": 2.0}):  # noqa: B006
    return sum(w * x**k * s for k, (w, s) in enumerate(zip(weights, scale))) + len(names) * x ** table["a"]


@case(1.3)
def memo_as_default(x):
    return x * fibonacci(7) + x ** fibonacci(3)


@case(1.3)
def defaults_that_are_read(x):
    return weighted(x) * weighted(x, weights=[3.0])


@case(1.3, X)
def memo_of_numbers(x, w):
    def power(n, memo={0: 1.0}):  # noqa: B006
        if n not in memo:
            memo[n] = x * power(n - 1) + w[n % 3]
        return memo[n]

    return power(4) * power(2)


def test_defaults_begin_with_what_they_hold():
    """A list that a default value is grows during a call; the next call begins with what it held before, as documented."""
    f = cr.value_and_grad(lambda x: grown(x) * grown(x**2))
    x = 1.3
    for _ in range(2):
        np.testing.assert_allclose(f(x), (x**2 + x**3, 2 * x + 3 * x**2))
    assert grown.__defaults__ == ([],)
    grown(5.0)
    try:
        np.testing.assert_allclose(f(x)[0], (5 + x) * (5 + x + x**2))
    finally:
        grown.__defaults__[0].clear()


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_every_call_is_the_same(f, args):
    derivative = cr.value_and_grad(f)
    value = f(*args)
    for _ in range(3):
        np.testing.assert_allclose(derivative(*args)[0], value)
