"""`checkpointed(range(n), budget)`: the same derivatives, few states, and the fewest steps computed again."""

from __future__ import annotations

import functools
import itertools
import math
import tracemalloc

import numpy as np
import pytest

import chainrule as cr
from chainrule.runtime.schedule import ADVANCE, BACK, DROP, RESTORE, STORE, checkpoints, fewest, reach, revolve
from tests.gradients import gradient_is

U = np.array([0.3, -0.2, 0.5])
A = np.array([1.0, 2.0, 0.5])


# -- the schedule ----------------------------------------------------------------------------------------------


@functools.lru_cache(None)
def least(n, places):
    """The fewest steps, by dynamic programming."""
    if n <= 1:
        return 0
    if places == 1:
        return n * (n - 1) // 2
    return min(m + least(n - m, places - 1) + least(m, places) for m in range(1, n))


@pytest.mark.parametrize("places", range(1, 10))
def test_the_schedule_is_optimal(places):
    for n in range(1, 45):
        stored = checkpoints(n, places)
        stack, order, state, advanced, most = list(stored), [], None, 0, len(stored)
        for action, k in revolve(n, places, stored):
            if action == RESTORE:
                state = stack[-1]
            elif action == ADVANCE:
                assert state == k
                state, advanced = k + 1, advanced + 1
            elif action == STORE:
                assert state == k
                stack.append(k)
                most = max(most, len(stack))
            elif action == BACK:
                assert state == k
                order.append(k)
            else:
                assert action == DROP
                stack.pop()
        assert order == list(range(n))[::-1]
        assert not stack
        assert most <= places + 1  # the current state is one more
        assert least(n, places) == fewest(n, places) == advanced + n - 1


def test_griewank_and_walther():
    """With s places and r repetitions C(s + r, s) steps can be reversed, by r n - C(s + r, s + 1) steps computed before."""
    for places in range(1, 6):
        for times in range(1, 6):
            n = reach(places, times)
            assert n == math.comb(places + times, places)
            assert fewest(n, places) == times * n - math.comb(places + times, places + 1)


# -- loops ---------------------------------------------------------------------------------------------------------




def plain(u, a, n):
    s = 0.0
    for k in range(n):
        u = u + 0.1 * a * np.sin(u) * u[::-1]
        s = s + u[0] * k
    return np.sum(u**2) + s


def kept(u, a, n):
    s = 0.0
    for k in cr.checkpointed(range(n), 3):
        u = u + 0.1 * a * np.sin(u) * u[::-1]
        s = s + u[0] * k
    return np.sum(u**2) + s


def same(f, g, *args, argnums=(0, 1)):
    assert g(*args) == f(*args)
    for one, other in zip(cr.grad(f, argnums=argnums)(*args), cr.grad(g, argnums=argnums)(*args)):
        assert other == pytest.approx(one, rel=1e-9)
        assert np.asarray(other).dtype == np.asarray(one).dtype


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 10, 30])
def test_the_gradient_is_the_same(n):
    same(plain, kept, U, A, n)
    same(plain, kept, U.astype(np.float32), A.astype(np.float32), n)


def test_second_order_and_forward_mode():
    assert cr.hvp(kept)(U, A, 7, U) == pytest.approx(cr.hvp(plain)(U, A, 7, U))
    assert cr.jvp(kept, (U, A, 7), (U, A, None))[1] == pytest.approx(cr.jvp(plain, (U, A, 7), (U, A, None))[1])


def test_steps_are_computed_as_often_as_the_schedule_says(capsys):
    """A step that prints is printed once in the first sweep; what is computed again is counted by the actions."""
    def f(x):
        for k in cr.checkpointed(range(10), 2):
            print(k)
            x = np.sin(x)
        return x

    value, slope = cr.value_and_grad(f)(0.5)
    assert capsys.readouterr().out.split() == [str(k) for k in range(10)]
    expected, x = 1.0, 0.5
    for _ in range(10):
        expected, x = expected * np.cos(x), np.sin(x)
    assert (value, slope) == pytest.approx((x, expected))




def plain_in_place(u, a):
    v = np.zeros_like(u)
    for k in range(2, 11, 2):
        u[1:] += 0.1 * a[1:] * u[:-1] * k
        v += u * np.sin(a)
        if u[0] > 0:
            v[0] *= 0.5
    return np.sum(u**2 * v)


def kept_in_place(u, a):
    v = np.zeros_like(u)
    for k in cr.checkpointed(range(2, 11, 2), 2):
        u[1:] += 0.1 * a[1:] * u[:-1] * k
        v += u * np.sin(a)
        if u[0] > 0:
            v[0] *= 0.5
    return np.sum(u**2 * v)


def test_writes_in_place():
    for one, other in zip(cr.grad(plain_in_place, argnums=(0, 1))(U, A), cr.grad(kept_in_place, argnums=(0, 1))(U, A)):
        assert other == pytest.approx(one)


def test_loops_inside_loops():
    def f(x, a):
        for i in cr.checkpointed(range(4), 2):
            for j in cr.checkpointed(range(3), 1):
                x = np.sin(x) * a + 0.1 * i * j
            for j in range(2):
                x = x * np.cos(a)
        return np.sum(x)

    gradient_is(f, (U, A))


def test_numbers_integers_and_what_is_around():
    def f(x, scale):
        n, total = 0, 0.0
        for k in cr.checkpointed(range(6), budget=2):
            n = n + k
            if n > 5:
                total = total + x * scale[k % 3] * n
            x = np.sin(x) + total * 0.01
        return total + x * n

    gradient_is(f, (0.4, A))


def test_a_loop_inside_a_loop_that_keeps_all():
    def f(x):
        for i in range(3):
            for k in cr.checkpointed(range(5), 2):
                x = np.sin(x) + 0.1 * x[::-1]
            x = x * (i + 1)
        return np.sum(x)

    gradient_is(f, (U,))


def set_before(u, n, budget):
    """q is read after the loop only: it has no state before a step."""
    t, q = u * 1.0, u * 0.0
    for _ in cr.checkpointed(range(n), budget):
        u, t = t * 0.5, u * u
        q = u[:2] * t[:2]
    return np.sum(u * q[0])


def set_inside(u, n, budget):
    for _ in cr.checkpointed(range(n), budget):
        q = u[:2]
        u = u * u * 0.9
    return np.sum(q * u[1])


def set_in_an_earlier_step(u, n, budget):
    s = 0.0
    for k in cr.checkpointed(range(n), budget):
        if k > 0:
            s = s + np.sum(v * v)  # noqa: F821 (bound in an earlier step)
        if k % 2 == 0:
            v = np.sin(u)
        u = u * 0.9
    return s * np.sum(v)


@pytest.mark.parametrize("f", [set_before, set_inside, set_in_an_earlier_step])
@pytest.mark.parametrize("n, budget", [(1, None), (2, 1), (7, None), (7, 2)])
def test_a_value_that_each_step_sets_anew(f, n, budget):
    gradient_is(f, (U, n, budget))


def test_arrays_and_enumerate():
    def f(xs, w):
        h = np.zeros(3)
        for n, x in cr.checkpointed(enumerate(xs), 2):
            h = np.tanh(w * h + x) + 0.1 * n
        return np.sum(h)

    gradient_is(f, (np.arange(15.0).reshape(5, 3) / 10, A))


def test_a_loop_that_breaks_is_right():
    def f(x):
        for k in cr.checkpointed(range(10), 2):
            x = x * 1.5
            if np.sum(x) > 3.0:
                break
        return np.sum(x**2)

    gradient_is(f, (U,))


def newton(a, tol):
    x = a
    for k in itertools.count():
        y = 0.5 * (x + a / x)
        if abs(y - x) < tol:
            break
        x = 0.9 * y + 0.1 * x + 0.001 * k
    return x**2 * a


def newton_kept(a, tol):
    x = a
    for k in cr.checkpointed(itertools.count(), budget=2):
        y = 0.5 * (x + a / x)
        if abs(y - x) < tol:
            break
        x = 0.9 * y + 0.1 * x + 0.001 * k
    return x**2 * a


def test_the_number_of_steps_is_not_known_in_advance():
    for a, tol in ((3.0, 1e-2), (30.0, 2e-2), (1.0, 10.0)):
        assert newton_kept(a, tol) == newton(a, tol)
        assert cr.grad(newton_kept)(a, tol) == pytest.approx(cr.grad(newton)(a, tol))
    assert "strided(" in cr.grad(newton_kept).source_for(3.0, 1e-2)


def test_what_breaks_is_a_step_too():
    def f(x, n):
        total = 0.0
        for k in cr.checkpointed(range(n), 2):
            x = x * 1.3
            total = total + np.sum(x) * k
            if x[0] > 1.0:
                total = total * x[1]
                break
            total = total + x[2] ** 2
        return total

    for n in (0, 1, 3, 12):
        gradient_is(f, (U, n))


def test_states_on_disk():
    def f(u, a):
        for k in cr.checkpointed(range(20), 3, spill=True):
            u = u + 0.1 * a * np.sin(u)
        return np.sum(u**2)

    gradient_is(f, (U, A))
    assert "spilled(" in cr.grad(f).source_for(U, A)


def test_outside_it_is_the_iterable():
    assert list(cr.checkpointed(range(3), 1)) == [0, 1, 2]
    assert kept(U, A, 5) == plain(U, A, 5)


def test_the_budget_is_at_least_one():
    def f(x):
        for k in cr.checkpointed(range(3), 0):
            x = np.sin(x)
        return x

    with pytest.raises(ValueError, match="budget=0"):
        cr.grad(f)(0.5)


def test_random_draws_are_not_repeated():
    def f(x, rng):
        for k in cr.checkpointed(range(3), 1):
            x = x * rng.normal()
        return x

    rng = np.random.default_rng(0)
    slope = cr.grad(f)(0.5, rng)
    drawn = np.random.default_rng(0).normal(size=4)
    assert slope == pytest.approx(np.prod(drawn[:3]))
    assert rng.normal() == drawn[3]


def test_memory():
    def f(u, n):
        for k in cr.checkpointed(range(n), 10):
            u = u + 0.001 * np.sin(u)
        return np.sum(u)

    gradient, u = cr.grad(f), np.linspace(0, 1, 10_000)
    gradient(u, 5)
    tracemalloc.start()
    gradient(u, 500)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25 * u.nbytes  # all states would be 500


def test_checkpointed_stands_around_it_all():
    def f(u):
        for k, _ in enumerate(cr.checkpointed(range(3))):
            u = np.sin(u) * k
        return np.sum(u)

    with pytest.raises(cr.UnsupportedError, match="a loop over something made of `checkpointed"):
        cr.grad(f)(U)
