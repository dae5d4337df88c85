"""Astronomy, oceans, ice, water and the ground."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import accumulate, pairwise

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(11)


# -- a planet in front of its star ------------------------------------------------------------------------


def overlap(distance, radius):
    """Area of a disc of unit radius that a smaller one at this distance covers."""
    if distance >= 1 + radius:
        return 0.0
    if distance <= 1 - radius:
        return math.pi * radius**2
    a = math.acos((distance**2 + radius**2 - 1) / (2 * distance * radius))
    b = math.acos((distance**2 + 1 - radius**2) / (2 * distance))
    kite = 0.5 * math.sqrt((-distance + radius + 1) * (distance + radius - 1) * (distance - radius + 1) * (distance + radius + 1))
    return radius**2 * a + b - kite


@program(0.12, 0.31, 8.3, 0.4)
def transit_light_curve(radius, impact, axis, limb):
    """Chi square of a light curve against a box."""
    times = np.linspace(-0.2, 0.2, 25)
    flux = np.ones_like(times)
    for n, t in enumerate(times):
        across = axis * math.sin(2 * math.pi * t / 3.0)
        z = math.hypot(across, impact * math.cos(2 * math.pi * t / 3.0))
        flux[n] -= overlap(z, radius) / math.pi * (1 - limb * (1 - math.sqrt(max(1 - z * z, 0.0))))
    box = np.where(np.abs(times) < 0.05, 0.985, 1.0)
    return np.sum((flux - box) ** 2) * 1e4


# -- distances in an expanding universe -------------------------------------------------------------------


@dataclass(frozen=True)
class Cosmology:
    h: float
    matter: float
    w: float = -1.0

    @property
    def dark(self):
        return 1.0 - self.matter

    def expansion(self, z):
        return np.sqrt(self.matter * (1 + z) ** 3 + self.dark * (1 + z) ** (3 * (1 + self.w)))

    def luminosity_distance(self, z):
        grid = np.linspace(0.0, z, 33)
        weights = np.ones(33)
        weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
        return (1 + z) * 2997.9 / self.h * z / 32 / 3 * np.dot(weights, 1 / self.expansion(grid))

    def modulus(self, z):
        return 5 * np.log10(self.luminosity_distance(z)) + 25


@program(0.7, 0.3, np.array([36.0, 40.1, 42.3, 43.6]))
def supernova_chi_square(h, matter, magnitudes):
    base = Cosmology(h, matter)
    total = 0.0
    for w in (-1.0, -0.8):
        model = replace(base, w=w)
        total += sum(((m - model.modulus(z)) / 0.15) ** 2 for z, m in zip((0.05, 0.2, 0.5, 0.9), magnitudes))
    return total / 10


# -- gravitational lens -----------------------------------------------------------------------------------


@program(np.array([[0.1, 0.0], [-0.4, 0.3]]), np.array([1.0, 0.2]), 0.05)
def lensed_arc_brightness(positions, masses, size):
    """A Gaussian source behind two point masses, seen on a grid of rays shot backwards."""
    axis = np.linspace(-1.6, 1.6, 9)
    theta = np.stack(np.meshgrid(axis, axis), axis=-1)
    beta = theta.copy()
    for m, p in zip(masses, positions):
        away = theta - p
        beta -= m * away / (np.sum(away**2, axis=-1, keepdims=True) + 1e-2)
    brightness = np.exp(-np.sum((beta - np.array([0.1, -0.1])) ** 2, axis=-1) / (2 * size))
    profile = brightness.sum(axis=0)
    centroid = np.sum(profile * axis) / np.sum(profile)
    return centroid + np.log(np.sum(brightness))


# -- tides -----------------------------------------------------------------------------------------------


CONSTITUENTS = {"M2": 12.4206, "S2": 12.0, "K1": 23.9345, "O1": 25.8193}


@program({"M2": (1.2, 0.3), "S2": (0.4, 1.0), "K1": (0.2, -0.4), "O1": (0.15, 0.1)}, 0.3)
def harmonic_tide(constants, friction):
    """Flow through an inlet that fills a lagoon, and the range of the tide in it."""
    t, dt = 0.0, 0.25
    level, levels = 0.0, []
    while t < 26.0:
        sea = sum(a * math.cos(2 * math.pi * t / CONSTITUENTS[name] - phase) for name, (a, phase) in constants.items())
        head = sea - level
        flow = math.copysign(math.sqrt(abs(head) / friction + 1e-6), head)
        level += 0.2 * dt * flow
        levels.append(level)
        t += dt
    half = levels[len(levels) // 2 :]
    return max(half) - min(half) + 0.1 * levels[-1]


# -- ice -------------------------------------------------------------------------------------------------


@program(np.array([0.0, 30.0, 60.0, 80.0, 85.0, 70.0, 40.0, 10.0, 0.0]), 0.6, 2.0)
def shallow_ice_glacier(thickness, sliding, balance):
    """A glacier on a slope: flux where there is ice, melt below a height, thickness never negative."""
    bed = np.linspace(500.0, 300.0, len(thickness))
    h = thickness.copy()
    dx, dt = 200.0, 0.5
    for year in range(8):
        surface = bed + h
        slope = (surface[1:] - surface[:-1]) / dx
        mid = 0.5 * (h[1:] + h[:-1])
        flux = -(1e-7 * mid**5 * np.abs(slope) ** 2 + sliding * mid) * slope
        h[1:-1] -= dt * (flux[1:] - flux[:-1]) / dx * 10
        h += dt * np.where(surface > 430.0, balance, -balance * (430.0 - surface) / 100)
        np.maximum(h, 0.0, out=h)
    return np.sum(h) / 100


# -- rivers ----------------------------------------------------------------------------------------------


class Reach:
    def __init__(self, k, x, dt=1.0):
        d = k * (1 - x) + 0.5 * dt
        self.c = ((0.5 * dt - k * x) / d, (0.5 * dt + k * x) / d, (k * (1 - x) - 0.5 * dt) / d)
        self.last_in = self.last_out = 0.0

    def route(self, inflow):
        c0, c1, c2 = self.c
        out = c0 * inflow + c1 * self.last_in + c2 * self.last_out
        self.last_in, self.last_out = inflow, out
        return out


@program(np.array([1.5, 2.2]), 0.2, np.array([0.0, 3.0, 9.0, 5.0, 2.0, 1.0, 0.0]), by_values=True)
def muskingum_flood(k, x, rain):
    """Rain, a unit hydrograph, and two reaches of a river in a row."""
    unit = np.exp(-np.arange(5) / 2.0)
    inflow = np.convolve(rain, unit / unit.sum())
    river = [Reach(value, x) for value in k]
    peak = 0.0
    arrival = 0.0
    for hour, q in enumerate(inflow):
        for reach in river:
            q = reach.route(q)
        if q > peak:
            peak, arrival = q, hour
    return peak * peak + 0.1 * arrival


@program(np.array([[9.0, 8.2, 7.5, 8.0], [8.8, 7.0, 6.1, 7.2], [8.9, 6.5, 5.0, 6.0], [9.5, 7.7, 4.0, 5.5]]), 0.4, by_values=True)
def drainage_network(height, erodibility):
    """Each cell drains to its lowest neighbour; streams erode by their area (Braun and Willett)."""
    h = height.copy()
    rows, columns = h.shape
    for _ in range(2):
        cells = sorted(((i, j) for i in range(rows) for j in range(columns)), key=lambda c: (-height[c], c))
        area = defaultdict(lambda: 1.0)
        for i, j in cells:
            around = [(a, b) for a in (i - 1, i, i + 1) for b in (j - 1, j, j + 1) if 0 <= a < rows and 0 <= b < columns and (a, b) != (i, j)]
            low = min(around, key=lambda c: height[c])
            if height[low] < height[i, j]:
                area[low] += area[i, j]
                drop = h[i, j] - h[low]
                h[i, j] -= erodibility * 0.1 * math.sqrt(area[i, j]) * drop
    return np.sum(h**2) / 10


# -- the ground ------------------------------------------------------------------------------------------


@program(np.array([[1.0, 1.2, 1.5, 1.4], [1.1, 0.7, 1.9, 1.3], [1.0, 0.9, 1.6, 1.2], [1.3, 1.1, 1.0, 1.1]]), by_values=True)
def first_arrivals(slowness):
    """Travel times through a grid by Dijkstra's method, and how far they are from observed ones."""
    n = len(slowness)
    times = {(0, 0): 0.0}
    queue = [(0.0, (0, 0))]
    done = set()
    while queue:
        _, (i, j) = heapq.heappop(queue)
        if (i, j) in done:
            continue
        done.add((i, j))
        for a, b in ((i + 1, j), (i, j + 1), (i - 1, j), (i, j - 1), (i + 1, j + 1)):
            if 0 <= a < n and 0 <= b < n:
                length = math.hypot(a - i, b - j)
                t = times[i, j] + 0.5 * length * (slowness[i, j] + slowness[a, b])
                if (a, b) not in times or t < times[a, b]:
                    times[a, b] = t
                    heapq.heappush(queue, (float(t), (a, b)))
    return sum((times[n - 1, j] - 3.0) ** 2 for j in range(n))


@program(np.array([1.5, 2.0, 2.6, 3.4]), np.array([1.9, 2.1, 2.3, 2.5]))
def reflection_seismogram(velocity, density):
    """A layered earth as a series of reflection coefficients, convolved with a Ricker wavelet."""
    impedance = [v * r for v, r in zip(velocity, density)]
    reflections = [(b - a) / (b + a) for a, b in pairwise(impedance)]
    passed = list(accumulate(reflections, lambda t, r: t * (1 - r * r), initial=1.0))
    times = np.cumsum(2 * 0.2 / velocity[:-1])
    t = np.linspace(0.0, 1.0, 40)
    trace = np.zeros_like(t)
    for arrival, r, p in zip(times, reflections, passed):
        a = (np.pi * 8.0 * (t - arrival)) ** 2
        trace += p * r * (1 - 2 * a) * np.exp(-a)
    envelope = np.sqrt(trace**2 + np.gradient(trace, t[1] - t[0]) ** 2 / 2500 + 1e-9)
    return np.sum(envelope)


@dataclass
class Layer:
    depth: float
    field_capacity: float
    water: float = 0.0
    roots: list = field(default_factory=list)


@program(np.array([0.05, 0.08, 0.10]), 0.6, np.array([0.0, 0.03, 0.0, 0.0, 0.05, 0.01]), by_values=True)
def soil_moisture_bucket(capacity, demand, rain):
    """Rain trickles through layers, plants draw from all of them."""
    layers = [Layer(0.1 * (n + 1), c, 0.5 * c) for n, c in enumerate(capacity)]
    memory = deque(maxlen=3)
    drained = 0.0
    for today in rain:
        water = today
        for layer in layers:
            layer.water += water
            water = max(layer.water - layer.field_capacity, 0.0)
            layer.water -= water
        drained += water
        wet = reduce(lambda total, layer: total + layer.water / layer.field_capacity, layers, 0.0) / len(layers)
        stress = 1 / (1 + math.exp(-10 * (wet - 0.4)))
        for layer in layers:
            taken = demand * 0.01 * stress * layer.water / layer.field_capacity
            layer.water -= taken
            layer.roots.append(taken)
        memory.append(stress)
    return drained * 10 + sum(memory) + sum(sum(layer.roots) for layer in layers) * 100


@pytest.mark.parametrize("case", programs(__name__))
def test_program(case):
    case.check()
