"""Data structures and dynamic programmes, written by hand, with numbers that flow through them."""

from __future__ import annotations

import functools
import heapq
import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.realistic.programs import program, programs

# -- data structures -------------------------------------------------------------------------------------------------


class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next


class LinkedList:
    def __init__(self, values=()):
        self.head = None
        self.size = 0
        for v in values:
            self.push(v)

    def push(self, value):
        self.head = Node(value, self.head)
        self.size += 1

    def __iter__(self):
        node = self.head
        while node is not None:
            yield node.value
            node = node.next

    def __len__(self):
        return self.size

    def reverse(self):
        previous, node = None, self.head
        while node:
            node.next, previous, node = previous, node, node.next
        self.head = previous
        return self

    def map(self, f):
        node = self.head
        while node:
            node.value = f(node.value)
            node = node.next


@program([0.5, 1.5, -0.3, 2.0])
def linked_list(values):
    """A linked list that is mapped, reversed in place and folded."""
    chain = LinkedList(values)
    chain.map(lambda v: v * v if v > 0 else math.exp(v))
    chain.reverse()
    acc = 0.0
    for k, v in enumerate(chain, start=1):
        acc = acc / 2 + k * v
    return acc + len(chain)


@dataclass(order=True)
class Event:
    time: float
    kind: str = field(compare=False)
    payload: dict = field(default_factory=dict, compare=False)


class Simulator:
    def __init__(self):
        self.now = 0.0
        self.queue = []
        self.handlers = {}

    def on(self, kind):
        def register(f):
            self.handlers[kind] = f
            return f
        return register

    def schedule(self, delay, kind, **payload):
        heapq.heappush(self.queue, Event(self.now + delay, kind, payload))

    def run(self, until):
        while self.queue and self.queue[0].time <= until:
            event = heapq.heappop(self.queue)
            self.now = event.time
            self.handlers[event.kind](**event.payload)


@program(1.1, 0.7, 2.0, by_values=True)
def event_driven_factory(interval, service, price):
    """A discrete-event simulation with handlers registered by decorator, events ordered by a dataclass."""
    sim = Simulator()
    waiting = deque()
    stats = {"revenue": 0.0, "wait": 0.0, "served": 0}
    busy = False

    @sim.on("arrive")
    def arrive(n):
        nonlocal busy
        waiting.append(sim.now)
        if n < 6:
            sim.schedule(interval * (0.5 + (n * 7 % 5) / 4), "arrive", n=n + 1)
        if not busy:
            busy = True
            sim.schedule(service, "done")

    @sim.on("done")
    def done():
        nonlocal busy
        arrived = waiting.popleft()
        stats["wait"] += sim.now - arrived
        stats["revenue"] += price * math.exp(-0.1 * sim.now)
        stats["served"] += 1
        if waiting:
            sim.schedule(service * (1 + 0.1 * len(waiting)), "done")
        else:
            busy = False

    sim.schedule(0.0, "arrive", n=0)
    sim.run(until=12.0)
    return stats["revenue"] - 0.3 * stats["wait"] + 0.01 * sim.now


class KDTree:
    def __init__(self, points, axis=0):
        order = sorted(range(len(points)), key=lambda i: points[i][axis])
        points = [points[i] for i in order]
        mid = len(points) // 2
        self.point, self.axis = points[mid], axis
        nxt = (axis + 1) % 2
        self.left = KDTree(points[:mid], nxt) if mid > 0 else None
        self.right = KDTree(points[mid + 1:], nxt) if mid + 1 < len(points) else None

    def nearest(self, q, best=None):
        d = np.sum((q - self.point) ** 2)
        if best is None or d < best[0]:
            best = (d, self.point)
        delta = q[self.axis] - self.point[self.axis]
        near, far = (self.left, self.right) if delta < 0 else (self.right, self.left)
        if near is not None:
            best = near.nearest(q, best)
        if far is not None and delta**2 < best[0]:
            best = far.nearest(q, best)
        return best


@program(np.array([[0.1, 0.2], [0.8, 0.5], [0.4, 0.9], [0.6, 0.1], [0.3, 0.6]]), np.array([[0.52, 0.5], [0.2, 0.83]]), by_values=True)
def nearest_neighbours(points, queries):
    """Distances to the nearest points by a kd-tree."""
    tree = KDTree(list(points))
    total = 0.0
    for q in queries:
        d, p = tree.nearest(q)
        total += math.sqrt(d) + 0.1 * p[0] * q[1]
    return total


class Fenwick:
    """A binary indexed tree of prefix sums."""

    def __init__(self, n):
        self.n = n
        self.tree = [0.0] * (n + 1)

    def add(self, i, delta):
        i += 1
        while i <= self.n:
            self.tree[i] += delta
            i += i & -i

    def prefix(self, i):
        s = 0.0
        while i > 0:
            s += self.tree[i]
            i -= i & (-i)
        return s

    def __getitem__(self, key):
        if isinstance(key, slice):
            lo, hi, _ = key.indices(self.n)
            return self.prefix(hi) - self.prefix(lo)
        return self.prefix(key + 1) - self.prefix(key)


@program(np.array([0.3, 1.2, -0.4, 0.9, 0.5, 0.7]), by_values=True)
def fenwick_tree(x):
    tree = Fenwick(len(x))
    for i, v in enumerate(x):
        tree.add(i, v**2)
    tree.add(2, x[0])
    return tree[1:4] * tree[3] + tree[:] - tree[-2:] ** 2 / 2


class LRU:
    def __init__(self, capacity):
        self.capacity = capacity
        self.data = OrderedDict()
        self.hits = self.misses = 0

    def get(self, key, compute):
        try:
            self.data.move_to_end(key)
            self.hits += 1
        except KeyError:
            self.misses += 1
            self.data[key] = compute(key)
            if len(self.data) > self.capacity:
                self.data.popitem(last=False)
        return self.data[key]


@program(0.7, 1.3)
def cached_kernel_rows(a, b):
    """An LRU cache of computed numbers, by OrderedDict."""
    cache = LRU(3)
    total = 0.0
    for key in [1, 2, 3, 1, 4, 2, 1, 5, 3]:
        total += cache.get(key, lambda k: math.exp(-a * k) + b * k**0.5) * (1 + 0.1 * key)
    return total + cache.hits - 0.5 * cache.misses


@program([2.5, 0.5, 1.7, 3.1, 0.9], by_values=True)
def merge_sort_inversions(values):
    """Merge sort by hand; a weighted sum of the sorted values, inversions counted on the side."""
    inversions = 0

    def merge_sort(items):
        nonlocal inversions
        if len(items) <= 1:
            return items
        mid = len(items) // 2
        left, right = merge_sort(items[:mid]), merge_sort(items[mid:])
        merged = []
        i = j = 0
        while i < len(left) and j < len(right):
            if left[i] <= right[j]:
                merged.append(left[i])
                i += 1
            else:
                merged.append(right[j])
                j += 1
                inversions += len(left) - i
        merged += left[i:]
        merged.extend(right[j:])
        return merged

    ordered = merge_sort(values)
    return sum(w * v for w, v in zip([1, 2, 4, 8, 16], ordered)) / 10 + inversions


# -- dynamic programmes and graphs ------------------------------------------------------------------------------------


@program(np.array([[0.0, 2.0, 5.0, 9.9], [2.0, 0.0, 1.5, 4.0], [5.0, 1.5, 0.0, 1.0], [9.9, 4.0, 1.0, 0.0]]), 0.5, by_values=True)
def soft_shortest_path(weights, temperature):
    """Dijkstra by a heap of tuples, and the soft-min distance by Bellman iterations."""
    graph = {i: {j: w for j, w in enumerate(row) if j != i} for i, row in enumerate(weights)}
    dist = {node: float("inf") for node in graph}
    dist[0] = 0.0
    previous = {}
    heap = [(0.0, 0)]
    done = set()
    while heap:
        d, u = heapq.heappop(heap)
        if u in done:
            continue
        done.add(u)
        for v, w in graph[u].items():
            alt = d + w
            if alt < dist[v]:
                dist[v] = alt
                previous[v] = u
                heapq.heappush(heap, (alt, v))
    path = [3]
    while path[-1] in previous:
        path.append(previous[path[-1]])
    soft = np.full(4, 20.0)
    soft[0] = 0.0
    for _ in range(4):
        for v in range(1, 4):
            options = np.array([soft[u] + w for u, w in graph[v].items()])
            soft[v] = -temperature * np.log(np.sum(np.exp(-options / temperature)))
    return dist[3] + len(path) + 0.1 * soft[3]


@program([1.2, 0.7, 2.0, 1.6], 0.9)
def memoised_knapsack(values, discount):
    """A knapsack by lru_cache on a closure: values taken early are worth more."""
    weights = [2, 1, 3, 2]

    @functools.lru_cache(maxsize=None)
    def best(i, room):
        if i == len(values):
            return 0.0
        skip = discount * best(i + 1, room)
        if weights[i] > room:
            return skip
        take = values[i] + best(i + 1, room - weights[i])
        return max(take, skip)

    return best(0, 5)


def memoize(f):
    cache = {}

    @functools.wraps(f)
    def wrapper(*args):
        if args not in cache:
            cache[args] = f(*args)
        return cache[args]

    return wrapper


@program(0.3, 1.0)
def catalan_paths(p, weight):
    """A memo written by hand: weighted paths on a grid."""

    @memoize
    def paths(i, j):
        if i < 0 or j < 0:
            return 0.0
        if i == 0 and j == 0:
            return weight
        return p * paths(i - 1, j) + (1 - p) * paths(i, j - 1) + 0.1 * p**2 * paths(i - 1, j - 1)

    return paths(3, 4) + paths(2, 2)


@program(np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.4, 0.6]]), np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]]))
def viterbi_and_soft_viterbi(start, trans, emit):
    """The best path of a hidden Markov model by back-pointers; its smoothed version."""
    obs = (0, 1, 2, 1)
    T, N = len(obs), len(start)
    delta = np.zeros((T, N))
    back = np.zeros((T, N), dtype=int)
    delta[0] = np.log(start) + np.log(emit[:, obs[0]])
    for t in range(1, T):
        for s in range(N):
            scores = delta[t - 1] + np.log(trans[:, s])
            back[t, s] = np.argmax(scores)
            delta[t, s] = scores[back[t, s]] + np.log(emit[s, obs[t]])
    states = [int(np.argmax(delta[-1]))]
    for t in range(T - 1, 0, -1):
        states.append(back[t, states[-1]])
    states.reverse()
    path_score = np.log(start[states[0]]) + sum(np.log(trans[a, b]) for a, b in zip(states, states[1:]))
    soft = functools.reduce(lambda a, o: np.log(np.exp(a) @ trans) + np.log(emit[:, o]), obs[1:], delta[0])
    return delta[-1].max() + path_score + np.logaddexp.reduce(soft)


@program(np.array([0.9, 1.4, 0.6]), 0.2)
def soft_alignment(costs, gamma):
    """Needleman-Wunsch on strings with a smooth maximum, in a dictionary keyed by positions."""
    match, mismatch, gap = costs
    a, b = "GATTACA", "GCATGC"
    F = {(0, 0): 0.0}

    def smax(*xs):
        m = max(xs)
        return m + gamma * math.log(sum(math.exp((x - m) / gamma) for x in xs))

    for i in range(1, len(a) + 1):
        F[i, 0] = -gap * i
    for j in range(1, len(b) + 1):
        F[0, j] = -gap * j
    for i, ca in enumerate(a, 1):
        for j, cb in enumerate(b, 1):
            s = match if ca == cb else -mismatch
            F[i, j] = smax(F[i - 1, j - 1] + s, F[i - 1, j] - gap, F[i, j - 1] - gap)
    return F[len(a), len(b)]


class DecisionNode:
    def __init__(self, feature=None, threshold=None, left=None, right=None, value=None):
        self.feature, self.threshold, self.left, self.right, self.value = feature, threshold, left, right, value

    @property
    def is_leaf(self):
        return self.value is not None


def grow(X, y, depth=0, max_depth=2, min_size=2):
    if depth == max_depth or len(y) < min_size:
        return DecisionNode(value=np.mean(y))
    best = (np.inf, None, None)
    for feature in range(X.shape[1]):
        for threshold in np.unique(X[:, feature])[:-1]:
            mask = X[:, feature] <= threshold
            score = np.var(y[mask]) * mask.sum() + np.var(y[~mask]) * (~mask).sum()
            if score < best[0]:
                best = (score, feature, threshold)
    _, feature, threshold = best
    if feature is None:
        return DecisionNode(value=np.mean(y))
    mask = X[:, feature] <= threshold
    return DecisionNode(feature, threshold, grow(X[mask], y[mask], depth + 1), grow(X[~mask], y[~mask], depth + 1))


def predict(node, x, sharpness=None):
    if node.is_leaf:
        return node.value
    if sharpness is None:
        return predict(node.left if x[node.feature] <= node.threshold else node.right, x)
    gate = 1 / (1 + np.exp(-sharpness * (node.threshold - x[node.feature])))
    return gate * predict(node.left, x, sharpness) + (1 - gate) * predict(node.right, x, sharpness)


@program(np.array([1.0, 1.2, 3.1, 2.9, 5.0, 0.4]), 2.0, by_values=True)
def regression_tree(y, sharpness):
    """A CART grown on the data, read hard and soft."""
    X = np.array([[0.1, 2.0], [0.3, 1.0], [0.8, 2.5], [0.9, 0.5], [0.7, 3.0], [0.2, 0.1]])
    tree = grow(X, y)
    hard = np.array([predict(tree, x) for x in X])
    soft = predict(tree, np.array([0.5, 1.5]), sharpness=sharpness)
    return np.sum((y - hard) ** 2) + soft


class Dual:
    """Forward-mode AD by operator overloading, as every course has it."""

    def __init__(self, re, du=0.0):
        self.re, self.du = re, du

    @staticmethod
    def lift(x):
        return x if isinstance(x, Dual) else Dual(x)

    def __add__(self, other):
        other = Dual.lift(other)
        return Dual(self.re + other.re, self.du + other.du)

    __radd__ = __add__

    def __sub__(self, other):
        return self + (-Dual.lift(other))

    def __rsub__(self, other):
        return Dual.lift(other) - self

    def __neg__(self):
        return Dual(-self.re, -self.du)

    def __mul__(self, other):
        other = Dual.lift(other)
        return Dual(self.re * other.re, self.re * other.du + self.du * other.re)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = Dual.lift(other)
        return Dual(self.re / other.re, (self.du * other.re - self.re * other.du) / other.re**2)

    def __rtruediv__(self, other):
        return Dual.lift(other) / self

    def __pow__(self, n):
        return Dual(self.re**n, n * self.re ** (n - 1) * self.du)

    def __lt__(self, other):
        return self.re < Dual.lift(other).re

    def __float__(self):
        return float(self.re)

    def sin(self):
        return Dual(math.sin(self.re), math.cos(self.re) * self.du)


@program(0.8, 1.7)
def dual_numbers(x, y):
    """The user's own dual numbers, differentiated again; a Newton iteration on them."""

    def f(a, b):
        return (a * b + 2) / (1 + a**2) - b.sin() + 3 * a if a < b else a

    value = f(Dual(x, 1.0), Dual(y))
    z = Dual(x)
    for _ in range(5):
        g = Dual(z.re, 1.0) ** 3 - y
        z = z - Dual(g.re / g.du)
    return value.du + value.re + float(z)


@program([[3.0, 1.0], [1.0, 2.0]], [1.0, 4.0], by_values=True)
def gaussian_elimination_lists(A, b):
    """Elimination with pivoting on lists of lists, as in a first course."""
    n = len(A)
    M = [row[:] + [rhs] for row, rhs in zip(A, b)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(M[r][i]))
        M[i], M[pivot] = M[pivot], M[i]
        for r in range(i + 1, n):
            factor = M[r][i] / M[i][i]
            for c in range(i, n + 1):
                M[r][c] -= factor * M[i][c]
    x = [0.0] * n
    for i in range(n - 1, -1, -1):
        s = sum(M[i][j] * x[j] for j in range(i + 1, n))
        x[i] = (M[i][n] - s) / M[i][i]
    det = math.prod(M[i][i] for i in range(n))
    return x[0] + 2 * x[1] + math.log(abs(det))


@program(np.array([1.0, -0.6, 0.3, 0.9, -0.2, 0.4, 0.1, -0.7]))
def haar_lifting(signal):
    """A wavelet transform by lifting in place on views, thresholded, inverted."""
    x = signal.copy()
    n = len(x)
    step = 1
    while step < n:
        even, odd = x[::2 * step], x[step::2 * step]
        odd -= even
        even += odd / 2
        step *= 2
    details = np.abs(x) > 0.3
    x[~details] *= 0.5
    energy = np.sum(np.abs(x[details]))
    while step > 1:
        step //= 2
        even, odd = x[::2 * step], x[step::2 * step]
        even -= odd / 2
        odd += even
    return energy + np.sum((x - signal) ** 2)


@pytest.mark.parametrize("program", programs(__name__))
def test_algorithms(program):
    program.check()
