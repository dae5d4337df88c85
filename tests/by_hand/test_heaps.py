"""heapq and bisect on lists of computed numbers: the same positions as in the standard library, with derivatives."""

from __future__ import annotations

import bisect
import heapq

import numpy as np
import pytest

from tests.gradients import gradient_is

X = np.array([1.3, 0.45, 2.2, 0.9, 1.7])


def pushed_and_popped(x):
    heap = []
    for v in x:
        heapq.heappush(heap, v)
    total = 0.0
    for k, v in enumerate(heap):
        total += (k + 1) * v
    return total + heapq.heappop(heap) * heapq.heappop(heap) + heap[0] * heap[-1]


def heapified(x):
    heap = [v * v for v in x]
    heapq.heapify(heap)
    smallest = heapq.heappushpop(heap, x[0]) + 2 * heapq.heapreplace(heap, 5 * x[1])
    return smallest * sum((k + 1) * v for k, v in enumerate(heap)) + heapq.heappushpop([], x[1])


def shortest_path(x):
    edges = {0: [(1, x[0]), (2, x[1])], 1: [(3, x[2])], 2: [(1, x[3]), (3, x[4] * 2)], 3: []}
    best = {0: 0.0}
    left = [(0.0, 0)]
    while left:
        length, node = heapq.heappop(left)
        if length > best[node]:
            continue
        for other, weight in edges[node]:
            if other not in best or length + weight < best[other]:
                best[other] = length + weight
                heapq.heappush(left, (best[other], other))
    return best[3] * best[1]


def of_several(x):
    return sum(heapq.nlargest(2, x)) * heapq.nsmallest(1, [v * v for v in x])[0]


def interpolated(x):
    grid = [0.5, 1.0, 2.0, 3.0]
    k = bisect.bisect(grid, x[0]) - 1
    j = bisect.bisect_left(grid, x[2], lo=1, hi=len(grid))
    return (x[0] - grid[k]) * x[1] + grid[j] * x[2]


def inserted(x):
    items = []
    for v in x:
        bisect.insort(items, v)
    bisect.insort_left(items, -x[0], key=lambda v: -v)
    return sum((k + 1) * v for k, v in enumerate(items))


@pytest.mark.parametrize("f", [pushed_and_popped, heapified, shortest_path, of_several, interpolated, inserted])
def test_gradient(f):
    gradient_is(f, (X,))
    gradient_is(f, (X[::-1].copy(),))
