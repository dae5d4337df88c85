"""Objects as keys of dictionaries and elements of sets."""

from __future__ import annotations

import dataclasses
import heapq

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


class Hashed:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return 1


class Point:
    """A place on a grid: equal where it is the same place, ordered by cost."""

    def __init__(self, x, y, cost=0.0):
        self.x, self.y, self.cost = x, y, cost

    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __lt__(self, other):
        return self.cost < other.cost


class Name:
    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return self.name == other.name

    def __hash__(self):
        return hash(self.name)


class Careless(Name):
    """Equal ones have different hashes."""

    def __init__(self, name, number):
        super().__init__(name)
        self.number = number

    def __hash__(self):
        return hash(self.number)


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


def equal_as_their_class_says(x):
    d = {Point(0, 1): x[0], Point(1, 1): x[1] ** 2}
    d[Point(0, 1)] *= 3
    s = {Point(0, 1), Point(1, 0)}
    named = {Name("a"): x[0], Name("b"): x[2] ** 2}
    places = {Point(x[0], 1.0): 2.0}
    total = d[Point(0, 1)] * d[Point(1, 1)] + (Point(1, 0) in s) * x[2] + len(s) * x[0] + (Point(2, 2) in s)
    total += places[Point(x[0], 1.0)] * x[0] + places.get(Point(x[0] + 1, 1.0), x[1])
    other = {Careless("a", 1): x[0]}.get(Careless("a", 2), x[1] * 7)
    return total + sum(v * len(k.name) for k, v in named.items()) + other


def shortest_path(x):
    """A search on a grid with objects in a heap and in dictionaries."""
    start, goal = Point(0, 0), Point(2, 1)
    frontier, came, cost = [start], {start: None}, {start: 0.0}
    while frontier:
        current = heapq.heappop(frontier)
        if current == goal:
            break
        for dx, dy in ((1, 0), (0, 1)):
            after = Point(current.x + dx, current.y + dy)
            if after.x > 2 or after.y > 1:
                continue
            c = cost[current] + x[0] * (1 + 0.3 * after.x) + 0.1 * after.y * x[1] ** 2
            if after not in cost or c < cost[after]:
                cost[after] = after.cost = c
                came[after] = current
                heapq.heappush(frontier, after)
    total, node = cost[goal], goal
    while node is not None:
        node = came[node]
        total += 0.1 * x[2]
    return total


def set_of_objects(x):
    """In an order that Python does not promise."""
    return sum(node.value**2 for node in {Node(x[0]), Node(x[1]), Node(x[2] * x[0])})


@pytest.mark.parametrize("f", [visited, remembered, dataclass_keys, equal_as_their_class_says, shortest_path, set_of_objects])
def test_gradient(f):
    gradient_is(f, (X,))
    gradient_is(f, (X[::-1].copy(),))


@pytest.mark.parametrize("f, what", [
    (lambda x: sum({Hashed(1.0): x[0]}.values()), "an object of `Hashed` is a key"),
    (lambda x: sum(1 for node in {Node(x[0]), "a"}) * x[0], "a set of objects and of other things is looped over"),
    (lambda x: sum(len(n.name) for n in {Name("a"), Name("b")}) * x[0], "a set of objects is looped over"),
    (lambda x: sum(len(n.name) * v for n, v in {Name("a"): x[0], Name("a"): x[1]}.items()), "an object that is a key is read out of the dictionary or the set"),
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
