"""Keys of dictionaries and elements of sets that are computed numbers: they keep their derivatives."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

W = np.array([1.1, 2.6, 3.9])


@case(W)
def sum_of_a_set(w):
    return sum({w[0] * 2, w[1]}) + max({w[0], w[1]})


@case(W)
def set_comprehension(w):
    return sum({v * v for v in w.tolist()}) + sum(sorted(set(w)))


@case(W)
def added(w):
    s = set()
    for v in w:
        s.add(v * 2)
        s.add(v * 2)
    t = s | {w[0]}
    return sum(s) + sum(v**2 for v in t) + min(s)


@case(W)
def frozen(w):
    s = frozenset([w[0], w[1], w[0]])
    return sum(v * v for v in s) + max(s) * len(s)


@case(W)
def keys(w):
    d = {w[0] * 2: 1.0, w[1]: w[2]}
    d[w[0] * 2] += 3.0
    t = 0.0
    for k, v in d.items():
        t += k * v
    return t + sum(d) + sum(d.keys()) + max(d) * (w[1] in d)


@case(W)
def from_keys(w):
    d = dict.fromkeys([w[0], w[1]], 1.0)
    k, v = d.popitem()
    return k * v + next(iter(d))


@case(W)
def counted(w):
    c = collections.Counter([w[0], w[1], w[0]])
    return c.most_common(1)[0][0] ** 2 + sum(k * n for k, n in c.items()) + sum(c.elements())


@case(W)
def pairs(w):
    s = {(w[0], 1), (w[1], 2)}
    Point = {(w[0] * w[1], "a"): 2.0}
    return sum(v * n for v, n in s) + sum(k[0] * v for k, v in Point.items())


@case(W)
def popped(w):
    s = {w[0]}
    return s.pop() ** 2


@case(W)
def grouped(w):
    groups = collections.defaultdict(list)
    for v in w:
        groups[v > 2.0].append(v)
    thresholds = sorted({0.5 * (a + b) for a, b in zip(w[:-1], w[1:])})
    return sum(groups[True]) + 2 * sum(groups[False]) + thresholds[0] * thresholds[1]


class Asset:
    def __init__(self, name, price):
        self.name, self.price = name, price


@dataclass(frozen=True)
class Edge:
    start: int
    end: int
    length: float = field(compare=False, default=1.0)


@case(W)
def objects(w):
    a, b = Asset("a", w[0]), Asset("b", w[1] * w[2])
    held = {a: 2.0, b: w[2]}
    held[a] += 1.0
    a.price = a.price * 2
    return sum(asset.price * q for asset, q in held.items()) + held[b] + (a in held) + len(held)


@case(W)
def set_of_objects(w):
    nodes = [Asset(str(k), v) for k, v in enumerate(w.tolist())]
    seen, total, stack = set(), 0.0, [nodes[0], nodes[1], nodes[0], nodes[2]]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        total += node.price * len(seen)
    return total + len(seen) * nodes[1].price


@case(W)
def frozen_dataclasses(w):
    weights = {Edge(0, 1, w[0]): w[1], Edge(1, 2, w[1]): 3.0}
    weights[Edge(0, 1)] = weights[Edge(0, 1, 5.0)] * w[2]
    return sum(e.length * v for e, v in weights.items()) + weights[Edge(1, 2)]


@case(W)
def objects_in_loops(w):
    count = {}
    assets = [Asset("x", w[0]), Asset("y", w[1])]
    for k in range(4):
        for asset in assets:
            count[asset] = count.get(asset, 0.0) + asset.price * k
            asset.price = asset.price * 0.9
    return count[assets[0]] * count[assets[1]]


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_a_grid_that_ends_at_a_number():
    gradient_is(lambda w: np.mgrid[0 : w[0] : 3j].sum(), (W,), [1.5, *[0.0] * (len(W) - 1)])
