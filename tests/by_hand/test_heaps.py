"""heapq: what is in a heap carries derivatives, and which item comes first is decided by the values of the call."""

from __future__ import annotations

import heapq
from heapq import heapify, heappop, heappush

import numpy as np
import pytest

from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

X = np.array([1.3, -0.2, 0.8, 2.5, 1.1, 0.3])


@case(X)
def in_order(x):
    heap = []
    for k, v in enumerate(x):
        heappush(heap, (v * v, k))
    total = 0.0
    for n in range(len(x)):
        v, k = heappop(heap)
        total += v * (n + 1) + 0.1 * k
    return total


@case(X)
def made_at_once(x):
    heap = x.tolist()
    heapify(heap)
    first = heapq.heapreplace(heap, x[0] * 2)
    second = heapq.heappushpop(heap, x[1] - x[2])
    return first * heap[0] + second * heap[2] + heap[-1]


@case(X)
def best_of(x):
    best = heapq.nsmallest(2, x.tolist())
    worst = heapq.nlargest(2, [(v, -k) for k, v in enumerate(x)], key=lambda p: p[0] ** 2)
    return best[0] * best[1] + worst[0][0] - worst[1][0] * worst[1][1]


@case(np.array([0.9, 2.0, 0.4, 1.5, 0.7]))
def dijkstra(lengths):
    graph = {"a": [("b", lengths[0]), ("c", lengths[1])], "b": [("c", lengths[2]), ("d", lengths[1] + lengths[3])], "c": [("d", lengths[4])], "d": []}
    distance, queue = {"a": 0.0}, [(0.0, "a")]
    while queue:
        d, node = heappop(queue)
        if d > distance[node]:
            continue
        for other, length in graph[node]:
            candidate = d + length
            if other not in distance or candidate < distance[other]:
                distance[other] = candidate
                heappush(queue, (candidate, other))
    return distance["d"] ** 2 + distance["c"]


@case([3.0, 1.0, 2.0], 0.5)
def known_order(times, x):
    heap = [(1, x), (3, 2 * x), (2, x * x)]
    heapify(heap)
    heappush(heap, (0, times[0] * x))
    return sum(heappop(heap)[1] * k for k in range(1, 4))


@pytest.mark.parametrize(("f", "args"), cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
