"""Arrays in daily use: in place, through views, row by row, in classes and closures; signals, circuits, images, geometry, chemistry."""

from __future__ import annotations

import bisect
import contextlib
import copy
import functools
import itertools
import math
from collections import ChainMap, Counter, defaultdict
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, Callable, NamedTuple, Optional

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(44)


# -- sorting, transforming and eliminating in place ------------------------------------------------------------------------


def quicksort(a, lo=0, hi=None):
    if hi is None:
        hi = len(a)
    if hi - lo < 2:
        return
    pivot = a[lo]
    i = lo
    for j in range(lo + 1, hi):
        if a[j] < pivot:
            i += 1
            a[i], a[j] = a[j], a[i]
    a[lo], a[i] = a[i], a[lo]
    quicksort(a, lo, i)
    quicksort(a, i + 1, hi)


@program(np.array([0.7, 0.1, 1.9, 0.4, 1.1]), by_values=True)
def trimmed_mean_by_quicksort(x):
    """An in-place quicksort; a trimmed mean and L-moments of what is sorted."""
    y = x * 1.0
    quicksort(y)
    n = len(y)
    b = [sum(math.comb(i, r) * y[i] for i in range(n)) / (n * math.comb(n - 1, r)) for r in range(3)]
    l_moments = (b[0], 2 * b[1] - b[0], 6 * b[2] - 6 * b[1] + b[0])
    return y[1:-1].mean() + l_moments[1] ** 2 + l_moments[2]


def fft_in_place(z):
    n = len(z)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            z[i], z[j] = z[j], z[i]
    length = 2
    while length <= n:
        w = np.exp(-2j * np.pi * np.arange(length // 2) / length)
        for start in range(0, n, length):
            even = z[start:start + length // 2].copy()
            odd = w * z[start + length // 2:start + length]
            z[start:start + length // 2] = even + odd
            z[start + length // 2:start + length] = even - odd
        length *= 2


@program(np.array([0.5, 1.0, -0.3, 0.2, 0.8, -0.6, 0.1, 0.4]), 0.2)
def spectral_entropy(signal, floor):
    """An iterative FFT in place with bit reversal; the entropy of the spectrum."""
    z = signal.astype(complex)
    fft_in_place(z)
    power = np.abs(z[:5]) ** 2 + floor
    p = power / power.sum()
    return -(p * np.log(p)).sum() + power[1]


@program(np.array([[2.0, 1.0, 0.5], [4.0, 3.0, 1.0], [1.0, 5.0, 2.5]]))
def row_reduction(A):
    """Gauss-Jordan with fancy row swaps, rows scaled as they are iterated over."""
    M = np.hstack([A, np.eye(3)])
    sign = 1.0
    for k in range(3):
        p = k + np.argmax(np.abs(M[k:, k]))
        if p != k:
            M[[k, p]] = M[[p, k]]
            sign = -sign
        M[k] /= M[k, k]
        for i, row in enumerate(M):
            if i != k:
                row -= row[k] * M[k]
    inverse = M[:, 3:]
    return np.trace(inverse) * sign + np.abs(inverse).max()


@program(np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]]), 0.3)
def standardised_rows(X, ridge):
    """Rows and columns centred in place through iteration and transposes; a swap that goes through views."""
    Z = X.copy()
    for row in Z:
        row -= row.mean()
    for column, scale in zip(Z.T, np.sqrt(Z.var(axis=0) + ridge)):
        column /= scale
    Z[0], Z[1] = Z[1], Z[0]  # both rows are views: the second one is copied onto itself
    flat = Z.ravel()
    flat[::2] *= 2
    return np.sum(Z**3) + np.prod(np.linalg.norm(Z, axis=1)) + Z[0] @ X[0]


@program(np.arange(1.0, 13.0) / 7, np.array([0.2, 0.5]))
def blocks_of_a_vector(x, scale):
    """np.split gives views: blocks are normalised in place, then joined again."""
    y = x.copy()
    first, second, third = np.split(y, 3)
    first *= scale[0]
    second[:] = second[::-1] * scale[1]
    third -= first
    grid = y.reshape(3, 4)
    grid[:, 1:3] += grid[:, [2, 1]]
    grid[1, grid[1] > 0.5] = 0.5
    upper = np.triu(grid[:, :3])
    return np.sum(y * x) + np.linalg.norm(upper) + third.max()


# -- state in objects, shared arrays -------------------------------------------------------------------------------------------


class Buffer:
    """A ring buffer that gives views of itself."""

    def __init__(self, size):
        self.data = np.zeros(size)
        self.start = 0

    def push(self, values):
        for v in np.atleast_1d(values):
            self.data[self.start % len(self.data)] = v
            self.start += 1

    @property
    def newest(self):
        return self.data[(self.start - 1) % len(self.data)]

    def ordered(self):
        k = self.start % len(self.data)
        return np.concatenate((self.data[k:], self.data[:k]))


class Reverb:
    def __init__(self, delays, gains):
        self.lines = [Buffer(d) for d in delays]
        self.gains = gains

    def __call__(self, sample):
        out = sample
        for line, g in zip(self.lines, self.gains):
            delayed = line.ordered()[0]
            line.push(sample + g * delayed)
            out = out + delayed * g
        return out


@program(np.array([1.0, 0.5, -0.2, 0.0, 0.3, 0.8]), [0.5, 0.3])
def comb_filters(samples, gains):
    """An audio effect: delay lines in ring buffers."""
    effect = Reverb((2, 3), gains)
    out = np.array([effect(s) for s in samples])
    tail = np.array([effect(0.0) for _ in range(3)])
    return np.sum(out**2) + tail @ np.arange(3) + effect.lines[1].newest


class Layer:
    def __init__(self, W):
        self.W = W
        self.velocity = np.zeros_like(W)
        self.cache: dict[str, Any] = {}

    def forward(self, x):
        self.cache["x"] = x
        z = x @ self.W
        self.cache["mask"] = z > 0
        return z * self.cache["mask"] + 0.1 * z * ~self.cache["mask"]

    def backward(self, grad):
        grad = np.where(self.cache["mask"], grad, 0.1 * grad)
        self.dW = self.cache["x"].T @ grad
        return grad @ self.W.T

    def step(self, lr, momentum=0.9):
        self.velocity *= momentum
        self.velocity -= lr * self.dW
        self.W += self.velocity


@program(rng.normal(size=(2, 3)) * 0.5, rng.normal(size=(3, 1)) * 0.5, 0.05)
def training_in_place(W1, W2, lr):
    """Layers that own their arrays and change them in place; what is differentiated is what they began with."""
    net = [Layer(W1), Layer(W2)]
    X = np.array([[0.5, -1.0], [1.5, 0.3], [-0.7, 0.8]])
    y = np.array([[0.3], [1.0], [-0.2]])
    losses = []
    for epoch in range(3):
        out = functools.reduce(lambda h, layer: layer.forward(h), net, X)
        losses.append(np.mean((out - y) ** 2))
        grad = 2 * (out - y) / len(y)
        for layer in reversed(net):
            grad = layer.backward(grad)
        for layer in net:
            layer.step(lr)
    return losses[-1] + 0.1 * losses[0] + np.sum(net[0].W ** 2)


@dataclass
class Mesh:
    points: np.ndarray
    triangles: list
    _areas: Optional[np.ndarray] = field(default=None, repr=False)

    @property
    def areas(self):
        if self._areas is None:
            a, b, c = (self.points[[t[k] for t in self.triangles]] for k in range(3))
            u, v = b - a, c - a
            self._areas = 0.5 * np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
        return self._areas

    def refined(self):
        points = list(self.points)
        middle = {}

        def mid(i, j):
            key = (min(i, j), max(i, j))
            if key not in middle:
                middle[key] = len(points)
                points.append((points[i] + points[j]) / 2)
            return middle[key]

        triangles = []
        for i, j, k in self.triangles:
            a, b, c = mid(i, j), mid(j, k), mid(k, i)
            triangles += [(i, a, c), (a, j, b), (c, b, k), (a, b, c)]
        return Mesh(np.array(points), triangles)

    def smoothed(self, sweeps=1):
        near = defaultdict(set)
        for t in self.triangles:
            for i, j in itertools.permutations(t, 2):
                near[i].add(j)
        boundary = {0, 1, 2, 3}
        p = self.points.copy()
        for _ in range(sweeps):
            for i in sorted(near):
                if i not in boundary:
                    p[i] = 0.5 * p[i] + 0.5 * p[sorted(near[i])].mean(axis=0)
        return Mesh(p, self.triangles)


@program(np.array([[0.0, 0.0], [1.0, 0.1], [1.1, 1.0], [0.1, 0.9]]), by_values=True)
def triangular_mesh(corners):
    """A mesh that is refined with shared midpoints and smoothed; quality of its triangles, areas kept by a property."""
    mesh = Mesh(corners, [(0, 1, 2), (0, 2, 3)])
    fine = mesh.refined().smoothed(2)
    quality = 0.0
    for t, area in zip(fine.triangles, fine.areas):
        sides = [np.linalg.norm(fine.points[i] - fine.points[j]) for i, j in zip(t, t[1:] + t[:1])]
        quality += 4 * np.sqrt(3) * area / sum(s * s for s in sides)
    return quality / len(fine.triangles) + mesh.areas.sum() - fine.areas.max()


# -- circuits, signals, optics ---------------------------------------------------------------------------------------------------


class Component(NamedTuple):
    kind: str
    nodes: tuple
    value: Any


def nodal_analysis(components, omega):
    nodes = sorted({n for c in components for n in c.nodes} - {0})
    index = {n: i for i, n in enumerate(nodes)}
    Y = np.zeros((len(nodes), len(nodes)), dtype=complex)
    I = np.zeros(len(nodes), dtype=complex)
    for kind, (a, b), value in components:
        match kind:
            case "R":
                y = 1 / value
            case "C":
                y = 1j * omega * value
            case "L":
                y = 1 / (1j * omega * value)
            case "I":
                for n, s in ((a, -1), (b, 1)):
                    if n:
                        I[index[n]] += s * value
                continue
            case _:
                raise ValueError(kind)
        for n in (a, b):
            if n:
                Y[index[n], index[n]] += y
        if a and b:
            Y[index[a], index[b]] -= y
            Y[index[b], index[a]] -= y
    V = np.linalg.solve(Y, I)
    return {n: V[i] for n, i in index.items()}


@program(2.0, 0.5, 1.5)
def filter_response(R, C, L):
    """A passive filter by nodal analysis at several frequencies, components in named tuples."""
    circuit = [Component("I", (0, 1), 1.0), Component("R", (1, 0), R), Component("L", (1, 2), L), Component("C", (2, 0), C), Component("R", (2, 0), 3.0)]
    gains = []
    for omega in np.logspace(-1, 1, 5):
        V = nodal_analysis(circuit, omega)
        gains.append(20 * np.log10(np.abs(V[2] / V[1])))
    phase = np.angle(nodal_analysis(circuit, 1.0)[2])
    return np.max(gains) - np.min(gains) + phase


@program(np.array([0.2, 0.9, 0.4, -0.3, 0.6, 0.1]), 0.5, 3)
def adaptive_filter(signal, mu, order):
    """Normalised LMS and recursive least squares side by side on sliding windows."""
    w = np.zeros(order)
    P = np.eye(order) * 10
    v = np.zeros(order)
    errors = []
    for n in range(order, len(signal)):
        u = signal[n - order:n][::-1]
        e = signal[n] - w @ u
        w = w + mu * e * u / (0.1 + u @ u)
        k = P @ u / (0.98 + u @ P @ u)
        r = signal[n] - v @ u
        v = v + k * r
        P = (P - np.outer(k, u @ P)) / 0.98
        errors += [e**2, r**2]
    return sum(errors) + np.dot(w, v)


@program(np.array([0.1, 0.4, 0.3, 0.9, 0.7, 0.2, 0.5, 0.6]), 2.0)
def peaks_and_envelopes(signal, width):
    """Convolution with a window, peaks by comparing neighbours, envelopes by np.interp and accumulate."""
    kernel = np.exp(-0.5 * (np.arange(-2, 3) / width) ** 2)
    kernel /= kernel.sum()
    smooth = np.convolve(signal, kernel, "same")
    inner = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] > smooth[2:])
    peaks = np.flatnonzero(inner) + 1
    heights = smooth[peaks]
    upper = np.interp(np.arange(len(signal)), np.r_[0, peaks, len(signal) - 1], np.r_[smooth[0], heights, smooth[-1]])
    running = np.maximum.accumulate(smooth)
    drawdown = np.max(running - smooth)
    lag = np.correlate(signal - signal.mean(), signal - signal.mean(), "full")
    return upper.sum() + drawdown + lag[len(signal)] + np.trace(np.multiply.outer(kernel, kernel))


@program(np.array([[0.9, 0.1, 0.4], [0.3, 0.8, 0.2], [0.5, 0.6, 0.7], [0.2, 0.3, 0.1]]), by_values=True)
def colour_histograms(pixels):
    """Colours to hue and saturation pixel by pixel, soft histograms, the distance of sorted samples."""

    def hsv(r, g, b):
        high, low = max(r, g, b), min(r, g, b)
        delta = high - low
        if delta == 0:
            return 0.0, 0.0, high
        if high == r:
            h = (g - b) / delta % 6
        elif high == g:
            h = (b - r) / delta + 2
        else:
            h = (r - g) / delta + 4
        return h / 6, delta / high, high

    converted = np.apply_along_axis(lambda p: np.array(hsv(*p)), 1, pixels)
    centres = np.linspace(0, 1, 4)
    soft = np.exp(-((converted[:, :1] - centres) ** 2) / 0.05)
    hist = soft.sum(axis=0) / soft.sum()
    earth_movers = np.abs(np.sort(pixels[:, 0]) - np.sort(pixels[:, 2])).mean()
    median = np.median(pixels, axis=0)
    order = np.lexsort((pixels[:, 1], pixels[:, 0]))
    return hist @ centres + earth_movers + median.prod() + np.diff(pixels[order, 1]).sum() ** 2 + converted[:, 1].max()


@program([0.1, 0.3], 1.3)
def ray_matrices(curvatures, distance):
    """A laser resonator by ABCD matrices: the beam parameter after many passes, in complex arithmetic."""

    def space(d):
        return np.array([[1.0, d], [0.0, 1.0]])

    def mirror(c):
        return np.array([[1.0, 0.0], [-2 * c, 1.0]])

    elements = {"left": mirror(curvatures[0]), "gap": space(distance), "right": mirror(curvatures[1])}
    trip = functools.reduce(np.matmul, (elements[name] for name in "gap right gap left".split()))
    half = np.trace(trip) / 2
    assert abs(half) <= 1, "unstable"
    (A, B), (_, D) = trip
    q = complex((D - A) / 2, 0) / B + 1j * np.sqrt(1 - half**2) / abs(B)
    ray = np.array([0.01, 0.0])
    widest = 0.0
    for _ in range(6):
        ray = trip @ ray
        widest = max(widest, abs(ray[0]))
    return q.imag + q.real**2 + 100 * widest


# -- closures, tables of functions, permissions --------------------------------------------------------------------------------


class Quality(Flag):
    NONE = 0
    SMOOTH = auto()
    CLIP = auto()
    LOG = auto()


def make_pipeline(flags, **options):
    steps: list[Callable] = []
    if Quality.SMOOTH in flags:
        w = options.get("window", 3)
        steps.append(lambda x: np.array([x[max(0, i - w // 2):i + w // 2 + 1].mean() for i in range(len(x))]))
    if flags & Quality.CLIP:
        low, high = options.pop("limits", (-1, 1))
        steps.append(functools.partial(np.clip, a_min=low, a_max=high))
    if flags & Quality.LOG:
        steps.append(np.log1p)

    def run(x):
        for step in steps:
            x = step(x)
        return x

    run.steps = len(steps)
    return run


@program(np.array([0.2, 1.7, 0.9, 3.0, 0.4]), 2.0)
def flagged_processing(x, top):
    """Processing steps chosen by flags, built of closures and partials."""
    full = make_pipeline(Quality.SMOOTH | Quality.CLIP | Quality.LOG, limits=(0.0, top))
    plain = make_pipeline(Quality.LOG)
    return full(x).sum() * plain(x).mean() + full.steps


def counter():
    count = 0

    def bump(by=1):
        nonlocal count
        count += by
        return count

    return bump


@program(0.7, np.array([1.0, 2.0, 0.5]), by_values=True)
def functions_with_state(rate, amounts):
    """Closures that remember, late binding in a loop of lambdas, a decorator that counts calls."""
    calls = Counter()

    def counted(f):
        @functools.wraps(f)
        def wrapper(*args, **kwargs):
            calls[f.__name__] += 1
            return f(*args, **kwargs)
        return wrapper

    total = counter()

    @counted
    def deposit(amount, *, interest=0.0):
        return total(amount * (1 + interest))

    late = [lambda v: v * k for k in range(3)]
    early = [lambda v, k=k: v * k for k in range(3)]
    for a in amounts:
        deposit(a, interest=rate)
    balance = deposit(0.5)
    return balance**2 + sum(f(rate) for f in late) + sum(f(rate) for f in early) + calls["deposit"]


@program({"A": np.array([0.5, 1.0]), "B": 2.0}, 0.3)
def layered_settings(params, shift):
    """A ChainMap of settings over arrays that are shared and changed in place by name."""
    local = {"B": params["B"] + shift}
    settings = ChainMap(local, params)
    a = settings["A"]
    a += shift  # the caller's array, in the function's eyes
    backup = copy.deepcopy(params)
    params["A"] *= 2
    settings["C"] = a.sum()
    with contextlib.suppress(KeyError):
        local["B"] = local["B"] * settings["missing"]
    return settings["C"] * settings["B"] + backup["A"] @ params["A"] + len(settings)


@program(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 2, by_values=True)
def top_k_selection(scores, k):
    """Partial selection in several ways: argpartition, heap, insertion into a sorted list, masks."""
    top = np.argpartition(-scores, k)[:k]
    kept: list[float] = []
    for s in scores:
        bisect.insort(kept, s)
        if len(kept) > k:
            kept.pop(0)
    mask = np.zeros(len(scores), dtype=bool)
    mask[top] = True
    rest = scores[~mask]
    ranks = np.empty(len(scores), dtype=int)
    ranks[np.argsort(scores)] = np.arange(len(scores))
    gains = (2**scores - 1) / np.log2(ranks[::-1] + 2)
    return scores[top].sum() * np.prod(kept) + rest.var() + gains.sum()


@program(np.array([[0.0, 0.8, 0.2], [0.5, 0.0, 0.5], [0.3, 0.7, 0.0]]), np.array([1.0, 0.0, 0.0]))
def absorbing_markov_chain(P, start):
    """Hitting times, stationary laws by three methods, and the mixing of a chain; a matrix exponential by squaring."""
    P = P / P.sum(axis=1, keepdims=True)
    n = len(P)
    A = np.vstack([P.T - np.eye(n), np.ones(n)])
    b = np.append(np.zeros(n), 1)
    pi = np.linalg.lstsq(A, b, rcond=None)[0]
    mu = start
    for t in range(1000):
        new = mu @ P
        if np.abs(new - mu).sum() < 1e-13:
            break
        mu = new
    Q = P[:2, :2]
    N = np.linalg.inv(np.eye(2) - Q)
    hitting = N.sum(axis=1)

    def expm(M):
        k = max(0, int(np.ceil(np.log2(max(np.abs(M).sum(axis=1).max(), 1e-10)))) + 1)
        M = M / 2**k
        term = total = np.eye(len(M))
        for i in range(1, 10):
            term = term @ M / i
            total = total + term
        for _ in range(k):
            total = total @ total
        return total

    flow = expm(1.3 * (P - np.eye(n)))
    return pi @ np.arange(3) + mu[1] + hitting[0] + flow[0, 2] * 10


@pytest.mark.parametrize("program", programs(__name__))
def test_engineering(program):
    program.check()
