"""Loops whose iterations are executed one by one when the program is made: ways through an iteration, and what is begun again."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

W = np.array([0.7, 1.9, -0.4])
NAMES = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]


@case(W)
def continued(w):
    s = 0.0
    for name in NAMES:
        v = w[0] * len(name) - w[1]
        if v < 0:
            continue
        s = s + v * v
    return s


@case(W)
def continued_and_left(w):
    s, last = 0.0, w[2]
    for name in NAMES:
        v = w[0] * len(name) - w[1]
        if v < 0:
            last = v
            continue
        if v > 2.0:
            s -= last
            break
        s = s + v * v
    else:
        s = s * 3
    return s + last


@case(W)
def returned(w):
    s = 1.0
    for name in NAMES:
        if len(name) * w[0] > 3.0:
            return s * w[1]
        if w[2] * len(name) > 0:
            continue
        s = s * (w[0] + len(name))
    return s


@case(W)
def nested(w):
    s = 0.0
    for name in NAMES[:4]:
        for other in NAMES[:3]:
            v = w[0] * len(name) - w[1] * len(other)
            if v > 0:
                if v > 1:
                    break
                continue
            s += v**2
        else:
            s += w[2]
        if s > 40:
            continue
        s += 0.1 * len(name)
    return s


@case(W)
def bound_on_some_ways(w):
    best = None
    for n, name in enumerate(NAMES):
        v = (w[0] * n - w[1]) ** 2
        if best is not None and v > best[0]:
            continue
        best = (v, len(name))
    return best[0] * best[1]


@case(W)
def kinds_differ(w):
    found = []
    for name in NAMES:
        v = w[0] * len(name) - w[1]
        if v < 0:
            continue
        found.append(v)
        if len(found) == 2:
            break
    return sum(v * k for k, v in enumerate(found, 1)) + len(found)


@case(W)
def filtered(w):
    s = 0.0
    for v in (w[0] * len(name) - w[1] for name in NAMES if w[0] * len(name) > 1):
        if v < 0:
            continue
        s += v
    return s


@case(W)
def with_objects(w):
    class Particle:
        def __init__(self, x):
            self.x = x
            self.hits = 0

    particles = [Particle(w[0] * k) for k in range(1, 5)]
    for p in particles:
        if p.x < 1:
            continue
        p.x = p.x * w[1]
        p.hits += 1
    return sum(p.x**2 + p.hits for p in particles)


@case(W)
def first_iteration_on_its_own(w):
    best, least = None, float("inf")
    history = []
    for epoch in range(9):
        w = w * 0.9
        loss = np.mean(w**2)
        history.append({"epoch": epoch, "loss": loss})
        if loss < least - 1e-4:
            best, least, waited = w.copy(), loss, 0
        else:
            waited += 1
            if waited >= 2:
                break
    record = min(history, key=lambda h: h["loss"])
    return least + np.sum(best**2) + 0.1 * record["loss"] + 0.01 * record["epoch"] + len(history)


@case(W, np.array([1.3, 0.2, 0.8, 2.5, 1.1, 0.3]))
def drawn_in_the_first_iteration(w, x):
    generator = np.random.default_rng(0)
    total, previous, kept = 0.0, None, []
    for v in x:
        e = generator.normal()
        kept.append({"v": v * e})
        if previous is not None and v < previous:
            total += w[0] * e
            continue
        previous = v
    return total + min(kept, key=lambda k: k["v"])["v"] + previous


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_ways_that_go_on_are_merged():
    """The text grows with the number of iterations, not with the number of ways through them."""

    def lines(count):
        names = tuple("x" * k for k in range(count))

        def f(w):
            s = 0.0
            for name in names:
                v = w[0] * len(name) - w[1]
                if v < 0:
                    continue
                if v > 3:
                    s = s + w[2]
                    continue
                s = s + v * v
            return s

        return cr.grad(f).source_for(W).count("\n")

    four, eight, twelve = (lines(n) for n in (4, 8, 12))
    assert twelve - eight <= 1.5 * (eight - four)
