"""The schedule: optimal, within its budget, and each step reversed once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from chainrule.runtime.checkpoints import Kept, checkpoints
from chainrule.runtime.revolve import Thinning, backward, beta, chosen, cost, evaluations, forward, repetitions


@lru_cache(None)
def optimum(steps, states):
    """By dynamic programming: the fewest steps to compute again."""
    if steps <= 1:
        return 0
    if states == 1:
        return steps * (steps - 1) // 2
    return min(m + optimum(steps - m, states - 1) + optimum(m, states) for m in range(1, steps))


def actions(steps, budget):
    first = list(forward(steps, budget))
    places = [k for what, k in first if what == "keep"]
    return first + list(backward(places, steps - 1, budget))


@pytest.mark.parametrize("budget", range(1, 9))
def test_the_schedule_is_the_optimum(budget):
    for steps in range(1, 50):
        done = actions(steps, budget)
        assert sum(what == "advance" for what, _ in done) == optimum(steps, budget) == evaluations(steps, budget)
        assert [k for what, k in done if what == "reverse"] == list(reversed(range(steps)))
        kept = most = 0
        for what, _ in done:
            kept += {"keep": 1, "drop": -1}.get(what, 0)
            most = max(most, kept)
        assert most <= budget


def test_the_closed_formula():
    for states in range(1, 7):
        for times in range(1, 5):
            assert repetitions(beta(states, times), states) == times
            assert repetitions(beta(states, times) + 1, states) == times + 1


@pytest.mark.parametrize("budget", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("steps", [1, 2, 9, 64, 301])
def test_steps_whose_number_is_not_known(steps, budget):
    thinning = Thinning(budget)
    kept = set()
    for k in range(steps):
        for what, place in thinning.at(k):
            (kept.add if what == "keep" else kept.remove)(place)
            assert len(kept) <= budget
    assert sorted(kept) == thinning.places
    best = chosen(thinning.places, steps, budget)
    assert cost(best, steps, budget) <= evaluations(steps, budget)
    done = list(backward(best, steps, budget))
    assert sum(what == "advance" for what, _ in done) == cost(best, steps, budget)
    assert [k for what, k in done if what == "reverse"] == list(reversed(range(steps)))


@pytest.mark.parametrize("budget", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 10, 33])
@pytest.mark.parametrize("spill", [False, True])
def test_the_steps_that_are_computed(steps, budget, spill):
    count = []

    def step(k, x):
        count.append(k)
        return (x * (k + 1.0),)

    def step_vjp(k, x):
        return (x * (k + 1.0),), lambda bar: (bar * (k + 1.0),)

    start = np.array([1.0, 2.0])
    (value,), pullback = checkpoints(step, step_vjp, range(steps), (start,), (), (), budget=budget, spill=spill)
    factor = np.prod(np.arange(1.0, steps + 1))
    assert value == pytest.approx(start * factor)
    assert pullback(np.ones(2))[0] == pytest.approx(np.ones(2) * factor)
    assert len(count) == evaluations(steps, budget)
    assert pullback(np.ones(2))[0] == pytest.approx(np.ones(2) * factor)  # again: from the first state
    assert len(count) == 2 * evaluations(steps, budget)


def test_states_in_a_file():
    kept = Kept(True)
    states = [(np.arange(6.0).reshape(2, 3).T, 3, np.float32(0.5), None, np.zeros(0)), (np.arange(4, dtype=np.float32),)]
    for n, state in enumerate(states):
        kept.keep(n, state)
    for n, state in enumerate(states):
        for a, b in zip(kept.get(n), state):
            assert type(a) is type(b) and np.array_equal(a, b) if b is not None else a is None
    end = kept.end
    kept.drop(0)
    kept.keep(2, (np.ones(6),))
    assert kept.end == end and np.array_equal(kept.get(2)[0], np.ones(6)) and np.array_equal(kept.get(1)[0], states[1][0])
