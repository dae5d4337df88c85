"""Progress bars and iterators from outside: the real ones, advanced once."""

from __future__ import annotations

import io

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

tqdm = pytest.importorskip("tqdm")
auto = pytest.importorskip("tqdm.auto")
X = np.array([0.3, 0.5, 0.7])


def steps(x, n, out):
    s = x[0]
    for i in tqdm.tqdm(range(n), desc="steps", file=out):
        s = s * x[1] + x[2] * i
    return s


def over_an_array(x, n, out):
    s = x[0]
    for v in auto.tqdm(x, file=out, disable=n == 0):
        s = s * v
    return s + n


def a_bar_with_a_name(x, n, out):
    s = x[0]
    bar = tqdm.tqdm(x, file=out)
    for v in bar:
        s = s * v
        bar.set_postfix(loss=float(s))
    return s


def trange(x, n, out):
    s = x[0]
    for _ in tqdm.trange(n, file=out):
        s = s + x[2] * s
    return s


def updated_by_hand(x, n, out):
    s = x[0]
    with tqdm.tqdm(total=n, file=out) as bar:
        for _ in range(n):
            s = s * x[1] + 1.0
            bar.update(1)
    return s


@pytest.mark.parametrize("f", [steps, over_an_array, a_bar_with_a_name, trange, updated_by_hand])
@pytest.mark.parametrize("n", [0, 3])
def test_progress(f, n):
    gradient_is(lambda x, n: f(x, n, io.StringIO()), (X, n))
    expected, out = io.StringIO(), io.StringIO()
    f(X, n, expected)
    cr.grad(f)(X, n, out)
    assert out.getvalue().count("\r") == expected.getvalue().count("\r") and (not expected.getvalue()) == (not out.getvalue())


def test_a_loop_with_a_bar_stays_a_loop():
    source = cr.grad(steps).source_for(X, 7, io.StringIO())
    assert source == cr.grad(steps).source_for(X, 17, io.StringIO())
    assert "for i in range(n):" in source and ".update(1)" in source and "# for i in tqdm.tqdm(range(n)" in source


def weighted(x, numbers):
    s = 0.0
    for line in numbers:
        w = float(line)
        if w < 0:
            break
        s += w * x * x
    return s


def test_an_iterator_from_outside_is_advanced_once():
    derivative = cr.value_and_grad(weighted)
    for text in ("2\n3\n", "5\n", "", "2\n3\n", "1\n-1\n4\n"):
        ours, theirs = io.StringIO(text), io.StringIO(text)
        value = weighted(2.0, theirs)
        assert derivative(2.0, ours) == (value, value)  # s x^2 at 2
        assert ours.read() == theirs.read()
