"""Loops that keep few of their states: the same derivatives as of the loops without."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

import chainrule as cr
from chainrule import checkpointed

X = np.array([0.3, -0.4, 0.8])


def several(x, n):
    u, t, count = x, 0.0, 0
    for k in checkpointed(range(n), budget=3):
        if k % 3 == 1:
            u = u + 0.1 * np.sin(u) * x
        else:
            u = u * np.cos(x[0] * k)
        t = t + u[0] * x[1]
        count += 2
    return np.sum(u**2) + t * count


def written(x, n):
    u = x * 1.0
    for k in checkpointed(range(n), budget=2):
        u[k % 3] = np.sin(u[(k + 1) % 3]) * x[0]
        u *= 1.1
    x = x * 2.0
    return np.sum(u * x)


def left(x, n):
    u = x
    for k in checkpointed(range(n), budget=2):
        u = u + 0.2 * np.tanh(u) * x
        if np.sum(u**2) > 3.0:
            break
    return np.sum(u) * x[2]


def endless(x, n):
    u = x
    for k in checkpointed(itertools.count(), budget=4):
        if k >= n:
            break
        u = u + 0.1 * np.sin(u) * x
    return np.sum(u)


def nested(x, n):
    u = x
    for i in checkpointed(range(n), budget=2):
        v = u
        for j in checkpointed(range(i), budget=2):
            v = v * x + 0.1 * np.sin(v)
        u = u + 0.3 * v
    return np.sum(u)


def inside(x, n):
    u = x
    for i in range(n):
        for j in checkpointed(range(4), budget=2):
            u = u + 0.1 * np.sin(u) * x
        for j in range(3):
            u = u * np.cos(0.1 * u)
    return np.sum(u)


def of_calls(x, n):
    layer = cr.checkpoint(lambda u: np.tanh(u * x) + u)
    u = x
    for i in checkpointed(range(n)):
        u = layer(u)
    return np.sum(u)


def scalar(x, n):
    u = x[0]
    for k in checkpointed(range(n), budget=1):
        u = u - 0.1 * u * u
    return u


def items(x, n):
    u = 1.0
    for k, v in checkpointed(enumerate(x)):
        u = u * v + k
    for v in checkpointed(x, 2):
        u = u * np.sin(v)
    for v, w in checkpointed(zip(x, x[::-1]), 2):
        u = u * np.sin(v) + w
    return u


def kept_in_a_list(x, n):
    u, found = x, []
    for k in checkpointed(range(n), budget=2):
        u = u * np.sin(x) + k
        found.append(np.sum(u))
    return u[0] if n == 0 else u[0] + found[-1] * found[0]


def on_disk(x, n):
    u = x
    for k in checkpointed(range(n), budget=3, spill=True):
        u = u + 0.1 * np.sin(u) * x
    return np.sum(u**2)


def backwards(x, n):
    u = x
    for k in checkpointed(range(n, 0, -1), budget=3):
        u = u + 0.1 * np.sin(u * k) * x
    return np.sum(u**2)


CASES = [several, written, left, endless, nested, inside, of_calls, scalar, items, kept_in_a_list, on_disk, backwards]


def plain(f):
    """The same function without checkpoints."""
    namespace = {**globals(), "checkpointed": lambda iterable, budget=None, spill=False: iterable}
    import linecache

    source = "".join(linecache.getlines(__file__)[f.__code__.co_firstlineno - 1:])
    lines = source.split("\n")
    end = next(k for k, line in enumerate(lines) if k and line and not line.startswith(" "))
    exec("\n".join(lines[:end]), namespace)
    return namespace[f.__name__]


@pytest.mark.parametrize("f", CASES)
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_the_gradient(f, n):
    value, gradient = cr.value_and_grad(f)(X, n)
    assert value == pytest.approx(plain(f)(X, n), rel=1e-13)
    h = 1e-6
    reference = [(plain(f)(X + h * e, n) - plain(f)(X - h * e, n)) / (2 * h) for e in np.eye(3)]
    assert gradient == pytest.approx(np.array(reference), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("f", [several, written, nested, on_disk])
def test_other_derivatives(f):
    v = np.array([1.0, 0.5, -0.3])
    h = 1e-5
    along = (cr.grad(f)(X + h * v, 5) - cr.grad(f)(X - h * v, 5)) / (2 * h)
    assert cr.hvp(f)(X, 5, v) == pytest.approx(along, rel=1e-6, abs=1e-7)
    assert cr.jvp(lambda x: f(x, 5), (X,), (v,))[1] == pytest.approx(np.sum(cr.grad(f)(X, 5) * v))


def test_jacobians():
    def states(x, n):
        u = x
        for k in checkpointed(range(n), budget=2):
            u = u + 0.1 * np.sin(u) * x[::-1]
        return u

    h = 1e-6
    reference = np.array([(plain_states(X + h * e, 5) - plain_states(X - h * e, 5)) / (2 * h) for e in np.eye(3)]).T
    for transform in (cr.jacobian, cr.jacfwd, cr.jacrev):
        assert transform(states)(X, 5) == pytest.approx(reference, rel=1e-7, abs=1e-8)
    cubes = cr.hessian(lambda x: np.sum(states(x, 5) ** 3))(X)
    assert cubes == pytest.approx(cr.hessian(lambda x: np.sum(plain_states(x, 5) ** 3))(X))


def plain_states(x, n):
    u = x
    for k in range(n):
        u = u + 0.1 * np.sin(u) * x[::-1]
    return u


def test_derivatives_inside_and_outside():
    def f(x):
        u = x
        for k in checkpointed(range(5), budget=2):
            u = u - 0.1 * cr.grad(lambda v: np.sum(v**2 * x))(u)
        return np.sum(u)

    def g(x):
        return np.sum(cr.grad(lambda y: np.sum(plain_states(y, 4) ** 2 * several(y, 4)))(x) ** 2)

    for function in (f, g):
        h = 1e-6
        reference = [(function(X + h * e) - function(X - h * e)) / (2 * h) for e in np.eye(3)]
        assert cr.grad(function)(X) == pytest.approx(np.array(reference), rel=1e-6, abs=1e-6)


def test_ways_out():
    def names(x, n):
        for k in checkpointed(range(n), budget=2):
            y = x[0] * k
            if y > 100.0:
                break
            z = y * y
        return y * z

    def otherwise(x, n):
        u = x
        for k in checkpointed(range(n), budget=2):
            u = u * x
            if u[0] < -5.0:
                break
        else:
            u = u * 2.0
        return np.sum(u)

    def returns(x, n):
        u = x
        for k in checkpointed(range(n), budget=2):
            u = u * x
            if u[1] < -0.05:
                return np.sum(u)
        return 3 * np.sum(u)

    def swapped(x, n):
        a, b = x, x * 2
        for k in checkpointed(range(n), budget=2):
            a, b = b, a * np.cos(b)
        a = a * 1.0
        a[0] = 1.0
        return np.sum(a * b)

    for f in (names, otherwise, returns, swapped):
        h = 1e-6
        reference = [(f(X + h * e, 4) - f(X - h * e, 4)) / (2 * h) for e in np.eye(3)]
        assert cr.grad(f)(X, 4) == pytest.approx(np.array(reference), rel=1e-6, abs=1e-6)


def test_an_exception_in_a_step():
    def f(x):
        u = x
        for k in checkpointed(range(5), budget=2):
            if k == 3 and u[0] > 0:
                raise ValueError("in a step")
            u = u * x
        return np.sum(u)

    with pytest.raises(ValueError, match="in a step"):
        cr.grad(f)(X)


def test_a_shuffled_state():
    def f(x, generator):
        u = x * 1.0
        for k in checkpointed(range(5), budget=2):
            generator.shuffle(u)
            u = u * x
        return np.sum(u)

    h = 1e-6
    reference = [(f(X + h * e, np.random.default_rng(0)) - f(X - h * e, np.random.default_rng(0))) / (2 * h) for e in np.eye(3)]
    assert cr.grad(f)(X, np.random.default_rng(0)) == pytest.approx(np.array(reference), rel=1e-6, abs=1e-7)


def test_float32():
    gradient = cr.grad(several)(X.astype(np.float32), 6)
    assert gradient.dtype == np.float32
    assert gradient == pytest.approx(cr.grad(several)(X, 6), rel=1e-4)


def test_a_pullback_can_be_called_again():
    value, pullback = cr.vjp(lambda x: several(x, 9), X)
    assert np.array_equal(pullback(1.0)[0], pullback(1.0)[0])
    assert pullback(2.0)[0] == pytest.approx(2 * cr.grad(several)(X, 9))


def test_effects_are_done_once(capsys):
    def f(x, generator):
        u = x
        for k in checkpointed(range(6), budget=2):
            print(k)
            u = u + np.sin(u) * generator.normal(size=3)
        return np.sum(u**2)

    def unmarked(x, generator):
        u = x
        for k in range(6):
            u = u + np.sin(u) * generator.normal(size=3)
        return np.sum(u**2)

    rng = np.random.default_rng(3)
    value, gradient = cr.value_and_grad(f)(X, rng)
    assert capsys.readouterr().out == "0\n1\n2\n3\n4\n5\n"
    other = np.random.default_rng(3)
    expected, reference = cr.value_and_grad(unmarked)(X, other)
    assert value == expected and gradient == pytest.approx(reference)
    assert rng.normal() == other.normal()


def test_memory():
    def f(u, n):
        for k in checkpointed(range(n), budget=20):
            u = u + 1e-4 * (1.0 - u * u)
        return np.sum(u)

    u = np.linspace(0.0, 0.5, 20_000)  # large beside what the interpreter itself allocates
    derivative = cr.grad(f)
    derivative(u, 3)
    tracemalloc.start()
    derivative(u, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * u.nbytes  # 20 states, and those of the step that is being reversed


def test_outside_it_is_an_iterator():
    assert list(checkpointed(range(3), budget=2)) == [0, 1, 2]
    with pytest.raises(ValueError, match="one state at least"):
        checkpointed(range(3), budget=0)


def test_an_iterator_with_a_name_is_refused():
    def twice(x):
        steps = checkpointed(range(3), budget=2)
        for k in steps:
            x = x * np.cos(x)
        for k in steps:
            x = x * np.cos(x)
        return np.sum(x)

    def handed_on(x):
        def run(x, steps):
            for k in steps:
                x = x * np.cos(x)
            return x

        return np.sum(run(x, checkpointed(range(3), budget=2)))

    for f in (twice, handed_on):
        with pytest.raises(cr.UnsupportedError, match="has a name"):
            cr.grad(f)(X)
