"""Objects as keys of dictionaries and elements of sets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

X = np.array([1.3, 0.4, 2.2])


class Node:
    def __init__(self, value, *children):
        self.value = value
        self.children = children


@dataclasses.dataclass(frozen=True)
class Edge:
    start: float
    end: float


class Custom:
    def __hash__(self):
        return 1

    def __eq__(self, other):
        return True


def visited(x):
    leaf = Node(x[0])
    root = Node(x[1], leaf, Node(x[2] * 2, leaf))
    seen, total, left = set(), 0.0, [root]
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        total = total * 2 + node.value
        left.extend(node.children)
    return total * len(seen)


def remembered(x):
    nodes = [Node(x[0]), Node(x[1])]
    best = {node: node.value * x[2] for node in nodes}
    best[nodes[0]] += x[0]
    return sum(node.value * value for node, value in best.items())


def dataclass_keys(x):
    d = {Edge(x[0], 1.0): x[1]}
    d[Edge(x[0], 1.0)] += x[2]
    return sum(e.start * v for e, v in d.items()) * len(d)


@pytest.mark.parametrize("f", [visited, remembered, dataclass_keys])
def test_gradient(f):
    gradient_is(f, (X,))
    gradient_is(f, (X[::-1].copy(),))


@pytest.mark.parametrize("f, what", [
    (lambda x: {Custom(): x[0]}[Custom()], "an object of `Custom` is a key"),
    (lambda x: sum(node.value for node in {Node(x[0]), Node(x[1])}), "a set of objects is looped over"),
])
def test_refused(f, what):
    with pytest.raises(cr.UnsupportedError) as caught:
        cr.grad(f)(X)
    assert caught.value.findings[0].what == what


def test_a_container_with_objects_as_keys_is_not_returned():
    def f(x):
        node = Node(x[0])
        return x[0] * x[1], {node: x[2]}

    with pytest.raises(cr.UnsupportedError, match="has objects as keys"):
        cr.value_and_grad(f, has_aux=True)(X)
