"""Signals, images, alignments, cameras, graphs."""

from __future__ import annotations

import math
from collections import defaultdict, deque, namedtuple
from functools import cache

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(7)


# -- signals ------------------------------------------------------------------------------------------------------


class CubicSpline:
    """A natural cubic spline, looked up by searchsorted."""

    def __init__(self, x, y):
        self.x, self.y = np.asarray(x), np.asarray(y)
        n = len(x)
        h = np.diff(self.x)
        A = np.zeros((n, n))
        b = np.zeros(n)
        A[0, 0] = A[-1, -1] = 1.0
        for i in range(1, n - 1):
            A[i, i - 1], A[i, i], A[i, i + 1] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
            b[i] = 6 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1])
        self.m = np.linalg.solve(A, b)

    def __call__(self, t):
        i = np.clip(np.searchsorted(self.x, t) - 1, 0, len(self.x) - 2)
        h = self.x[i + 1] - self.x[i]
        a, b = (self.x[i + 1] - t) / h, (t - self.x[i]) / h
        return a * self.y[i] + b * self.y[i + 1] + ((a**3 - a) * self.m[i] + (b**3 - b) * self.m[i + 1]) * h**2 / 6


@program(np.array([0.2, 1.1, 0.4, -0.5, 0.3]), 0.1)
def spline_arc_length(values, shift):
    """The arc length of a spline through control points, sampled at shifted places."""
    spline = CubicSpline(np.linspace(0, 4, 5), values)
    t = np.linspace(0.2, 3.5, 12) + shift
    y = spline(t)
    return np.sum(np.sqrt(np.diff(t) ** 2 + np.diff(y) ** 2))


@program(np.array([0.5, -0.2, 0.9, 1.4, 0.1, -0.8]), [0.2, 0.3], [1.0, -0.5])
def direct_form_filter(x, b, a):
    """An IIR filter with delay lines in deques, then a sliding root mean square."""
    xs, ys = deque([0.0] * len(b), maxlen=len(b)), deque([0.0] * (len(a) - 1), maxlen=len(a) - 1)
    out = []
    for v in x:
        xs.appendleft(v)
        y = sum(p * q for p, q in zip(b, xs)) - sum(p * q for p, q in zip(a[1:], ys))
        y /= a[0]
        ys.appendleft(y)
        out.append(y)
    windows = [out[i:i + 3] for i in range(len(out) - 2)]
    return max(math.sqrt(sum(v * v for v in w) / len(w)) for w in windows)


@program(np.array([0.2, 0.9, 1.3, 0.7, 0.1]), np.array([0.1, 0.8, 0.9, 1.2, 0.5, 0.2]))
def dynamic_time_warping(a, b):
    """Dynamic time warping with a band, costs in a table of infinities."""
    n, m, band = len(a), len(b), 3
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(max(1, i - band), min(m, i + band) + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return np.sqrt(D[n, m])


@program(np.array([0.1, 0.4, 0.6, 0.2, 0.9]), np.array([0.3, 0.5, 0.8]), 0.3, 0.5)
def soft_edit_distance(s, t, gap, gamma):
    """A smooth edit distance: soft minima of three moves."""

    def softmin(*values):
        z = np.array(values) / -gamma
        top = np.max(z)
        return -gamma * (top + np.log(np.sum(np.exp(z - top))))

    previous = [gap * j for j in range(len(t) + 1)]
    for i, x in enumerate(s, start=1):
        current = [gap * i]
        for j, y in enumerate(t, start=1):
            current.append(softmin(previous[j] + gap, current[-1] + gap, previous[j - 1] + abs(x - y)))
        previous = current
    return previous[-1]


@program(rng.normal(size=(5, 3)))
def connectionist_temporal(logits):
    """The CTC forward recursion in logs, with -inf for what cannot be reached."""
    labels = [1, 2, 1]
    blank = 0
    extended = [blank]
    for label in labels:
        extended += [label, blank]
    logp = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    T, S = len(logits), len(extended)
    alpha = np.full((T, S), -np.inf)
    alpha[0, 0] = logp[0, blank]
    alpha[0, 1] = logp[0, extended[1]]
    for t in range(1, T):
        for s in range(S):
            terms = [alpha[t - 1, s]]
            if s > 0:
                terms.append(alpha[t - 1, s - 1])
            if s > 1 and extended[s] != blank and extended[s] != extended[s - 2]:
                terms.append(alpha[t - 1, s - 2])
            total = terms[0]
            for term in terms[1:]:
                total = np.logaddexp(total, term)
            alpha[t, s] = total + logp[t, extended[s]]
    return -np.logaddexp(alpha[-1, -1], alpha[-1, -2])


@program(np.array([0.3, 1.2, -0.4, 0.8, 0.5, -0.1]))
def wavelet_denoise(signal):
    """Haar transform with soft thresholds, back again, and the total variation."""
    data = np.concatenate([signal, signal[:2]])
    details = []
    while len(data) > 1:
        even, odd = data[::2], data[1::2]
        d = (even - odd) / math.sqrt(2)
        details.append(np.sign(d) * np.maximum(np.abs(d) - 0.1, 0))
        data = (even + odd) / math.sqrt(2)
    for d in reversed(details):
        up = np.empty(2 * len(data))
        up[::2] = (data + d) / math.sqrt(2)
        up[1::2] = (data - d) / math.sqrt(2)
        data = up
    return np.sum(np.abs(np.diff(data))) + np.sum(data**2)


# -- images ---------------------------------------------------------------------------------------------------------


@program(rng.uniform(size=(5, 6)), 1.2, 0.3)
def warp_and_blur(image, zoom, angle):
    """Bilinear sampling on a rotated grid, a separable blur, a Sobel edge energy."""
    h, w = image.shape
    ys, xs = np.mgrid[0:h, 0:w]
    cy, cx = (h - 1) / 2, (w - 1) / 2
    c, s = math.cos(angle), math.sin(angle)
    u = cx + ((xs - cx) * c - (ys - cy) * s) / zoom
    v = cy + ((xs - cx) * s + (ys - cy) * c) / zoom
    u, v = np.clip(u, 0, w - 1.001), np.clip(v, 0, h - 1.001)
    i, j = np.floor(v).astype(int), np.floor(u).astype(int)
    fy, fx = v - i, u - j
    warped = (image[i, j] * (1 - fy) * (1 - fx) + image[i, j + 1] * (1 - fy) * fx + image[i + 1, j] * fy * (1 - fx) + image[i + 1, j + 1] * fy * fx)
    kernel = np.exp(-0.5 * np.arange(-1, 2) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(warped, 1, mode="edge")
    blurred = sum(k * padded[n:n + h, 1:-1] for n, k in enumerate(kernel))
    gx = blurred[1:-1, 2:] - blurred[1:-1, :-2]
    gy = blurred[2:, 1:-1] - blurred[:-2, 1:-1]
    return np.sum(np.hypot(gx, gy + 0.01))


@program(rng.normal(size=(6, 6)), 0.5, by_values=True)
def horn_schunck(second, alpha):
    """Optical flow by Jacobi relaxation with neighbour averages."""
    first = np.sin(np.arange(36.0)).reshape(6, 6)
    Ix = np.gradient(first, axis=1)
    Iy = np.gradient(first, axis=0)
    It = second - first
    u = np.zeros_like(first)
    v = np.zeros_like(first)
    for _ in range(4):
        ub = 0.25 * (np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1))
        vb = 0.25 * (np.roll(v, 1, 0) + np.roll(v, -1, 0) + np.roll(v, 1, 1) + np.roll(v, -1, 1))
        t = (Ix * ub + Iy * vb + It) / (alpha**2 + Ix**2 + Iy**2)
        u, v = ub - Ix * t, vb - Iy * t
    return np.sum(u**2 + v**2)


# -- cameras ------------------------------------------------------------------------------------------------------------

Observation = namedtuple("Observation", "camera point uv")


class Camera:
    def __init__(self, params):
        self.rotation, self.translation = params[:3], params[3:6]
        self.focal, self.k1 = params[6], params[7]

    def project(self, X):
        theta = np.linalg.norm(self.rotation)
        axis = self.rotation / theta
        rotated = X * np.cos(theta) + np.cross(axis, X) * np.sin(theta) + axis * (axis @ X) * (1 - np.cos(theta))
        p = rotated + self.translation
        x, y = p[0] / p[2], p[1] / p[2]
        r2 = x * x + y * y
        d = self.focal * (1 + self.k1 * r2)
        return np.array([d * x, d * y])


OBSERVATIONS = [Observation(c, p, rng.normal(size=2)) for c in range(2) for p in range(3) if (c, p) != (1, 2)]


@program(np.array([[0.1, 0.2, -0.1, 0.0, 0.1, 4.0, 2.0, 0.05], [-0.2, 0.1, 0.1, 0.3, -0.1, 5.0, 1.8, -0.02]]), rng.normal(size=(3, 3)), by_values=True)
def bundle_adjustment(cameras, points):
    """Reprojection errors with a robust loss; the gauge is fixed by a prior."""
    rigs = [Camera(row) for row in cameras]
    total = 0.0
    for camera, point, uv in OBSERVATIONS:
        r = rigs[camera].project(points[point]) - uv
        e = r @ r
        total += e if e < 1 else 2 * math.sqrt(e) - 1
    return total + 0.01 * np.sum(points**2)


@program(rng.normal(size=(6, 2)), 0.3)
def procrustes_and_hull(points, angle):
    """Align points with a rotated copy, shoelace area of those in order of angle."""
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = np.arange(12.0).reshape(6, 2) / 6
    moved = (points - points.mean(axis=0)) @ R.T
    scale = np.sum(moved * target) / np.sum(moved**2)
    residual = np.sum((scale * moved - target) ** 2)
    order = np.argsort(np.arctan2(moved[:, 1], moved[:, 0]))
    polygon = moved[order]
    area = 0.0
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        area += x0 * y1 - x1 * y0
    return residual + 0.5 * abs(area)


# -- graphs ---------------------------------------------------------------------------------------------------------


@program({"a": 1.0, "b": 0.5, "c": 2.0, "d": 0.3}, 0.85)
def page_rank(teleport, damping):
    """PageRank on a dictionary of links until the change is small."""
    links = {"a": ["b", "c"], "b": ["c"], "c": ["a"], "d": ["c", "a"]}
    total = sum(teleport.values())
    prior = {n: w / total for n, w in teleport.items()}
    rank = dict(prior)
    for _ in range(50):
        new = {n: (1 - damping) * prior[n] for n in links}
        for source, targets in links.items():
            for target in targets:
                new[target] += damping * rank[source] / len(targets)
        change = max(abs(new[n] - rank[n]) for n in links)
        rank = new
        if change < 1e-3:
            break
    return rank["c"] ** 2 + rank["a"]


class UnionFind:
    def __init__(self, n):
        self.parent = list(range(n))
        self.size = [1] * n

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return True


@program(rng.normal(size=(5, 2)), by_values=True)
def spanning_tree_length(points):
    """Kruskal's tree over points: edges sorted by length, union by size."""
    edges = sorted((np.linalg.norm(p - q), i, j) for i, p in enumerate(points) for j, q in enumerate(points[:i]))
    forest = UnionFind(len(points))
    chosen = [length for length, i, j in edges if forest.union(i, j)]
    return sum(chosen) + 0.1 * max(chosen) ** 2


@program(np.array([1.0, 2.0, 0.5, 1.5, 0.7]), by_values=True)
def matrix_chain(costs):
    """The cheapest order of products, by a cached recursion."""

    @cache
    def best(i, j):
        if i == j:
            return 0.0
        return min(best(i, k) + best(k + 1, j) + costs[i] * costs[k + 1] * costs[j + 1] for k in range(i, j))

    return best(0, len(costs) - 2)


@program(np.array([0.9, 1.7, 0.4, 2.2, 1.1]))
def max_flow_like_relaxation(capacities):
    """Bellman-Ford over an edge list, distances in a defaultdict."""
    edges = [("s", "a", 0), ("s", "b", 1), ("a", "b", 2), ("a", "t", 3), ("b", "t", 4)]
    distance = defaultdict(lambda: math.inf)
    distance["s"] = 0.0
    for _ in range(4):
        for u, v, k in edges:
            candidate = distance[u] + capacities[k]
            if candidate < distance[v]:
                distance[v] = candidate
    return distance["t"] ** 2 + distance["b"]


@pytest.mark.parametrize("program", programs(__name__))
def test_signals_and_images(program):
    program.check()
