"""Agents, games, particles, automata, weather: simulations with state."""

from __future__ import annotations

import itertools
import math
import random
from collections import deque, namedtuple
from dataclasses import InitVar, dataclass, field
from enum import Enum
from functools import total_ordering
from typing import ClassVar

import numpy as np
import pytest

from tests.realistic.programs import program, programs

# -- games ---------------------------------------------------------------------------------------------------------


class Vec:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __sub__(self, o):
        return Vec(self.x - o.x, self.y - o.y)

    def __mul__(self, k):
        return Vec(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __iadd__(self, o):
        self.x += o.x
        self.y += o.y
        return self

    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y

    def __bool__(self):
        return bool(self.x or self.y)

    def __iter__(self):
        return iter((self.x, self.y))

    @property
    def length(self):
        return math.hypot(*self)

    def unit(self):
        return self * (1 / self.length) if self else Vec(1.0, 0.0)


class Entity:
    registry: ClassVar[dict] = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Entity.registry[cls.__name__.lower()] = cls

    def __init__(self, pos, vel=None):
        self.pos = pos
        self.vel = vel or Vec(0.0, 0.0)
        self.alive = True

    def update(self, dt, world):
        self.pos += self.vel * dt


class Ship(Entity):
    thrust = 2.0

    def update(self, dt, world):
        target = min((e for e in world if isinstance(e, Rock)), key=lambda e: (e.pos - self.pos).length, default=None)
        if target is not None:
            self.vel += (target.pos - self.pos).unit() * (self.thrust * dt)
        super().update(dt, world)


class Rock(Entity):
    def __init__(self, pos, vel, radius=0.3):
        super().__init__(pos, vel)
        self.radius = radius

    def update(self, dt, world):
        super().update(dt, world)
        if abs(self.pos.x) > 2:
            self.vel.x = -self.vel.x
        for other in world:
            if other is self or not other.alive:
                continue
            if (other.pos - self.pos).length < self.radius:
                self.alive = False


@program(0.52, [1.0, 0.4], 1.3, by_values=True)
def asteroids(speed, start, angle):
    """Entities with registered classes and a world that loses the dead."""
    world = [
        Entity.registry["ship"](Vec(*start)),
        Entity.registry["rock"](Vec(-1.0, 0.5), Vec(speed * math.cos(angle), speed * math.sin(angle))),
        Entity.registry["rock"](Vec(1.9, -0.5), Vec(speed, 0.1), radius=0.5),
    ]
    score = 0.0
    for frame in range(14):
        for entity in world:
            entity.update(0.1, world)
        dead = [e for e in world if not e.alive]
        score += sum(10 / (1 + e.pos.length) for e in dead)
        world = [e for e in world if e.alive]
    return score + world[0].pos @ Vec(1.0, 2.0) + world[0].vel.length


class Cell(Enum):
    EMPTY = "."
    WALL = "#"
    GOAL = "G"


@program(0.9, -0.04, 1.0, by_values=True)
def grid_world_policy(gamma, living, reward):
    """Value iteration in a maze that is given as text; the agent then walks the greedy path."""
    maze = """
    ..#G
    ....
    .#..
    """
    grid = {(r, c): Cell(ch) for r, line in enumerate(maze.split()) for c, ch in enumerate(line)}
    moves = {"N": (-1, 0), "S": (1, 0), "W": (0, -1), "E": (0, 1)}
    V = {s: 0.0 for s, cell in grid.items() if cell is not Cell.WALL}

    def step(s, a):
        t = (s[0] + moves[a][0], s[1] + moves[a][1])
        return t if grid.get(t, Cell.WALL) is not Cell.WALL else s

    def q(s, a):
        sides = {"N": "WE", "S": "WE", "W": "NS", "E": "NS"}[a]
        return living + gamma * (0.8 * V[step(s, a)] + sum(0.1 * V[step(s, b)] for b in sides))

    for sweep in range(12):
        V = {s: reward if grid[s] is Cell.GOAL else max(q(s, a) for a in moves) for s in V}
    s, path, total = (2, 0), [], 0.0
    while grid[s] is not Cell.GOAL and len(path) < 20:
        a = max(moves, key=lambda a: q(s, a))
        total += V[s]
        s = step(s, a)
        path.append(a)
    return V[2, 0] + 0.1 * total + 0.01 * len(path)


# -- particles and automata ----------------------------------------------------------------------------------------


@dataclass
class Boid:
    pos: np.ndarray
    vel: np.ndarray

    def steer(self, flock, weights):
        near = [b for b in flock if b is not self and np.linalg.norm(b.pos - self.pos) < 1.5]
        if not near:
            return np.zeros(2)
        centre = np.mean([b.pos for b in near], axis=0)
        heading = np.mean([b.vel for b in near], axis=0)
        apart = sum((self.pos - b.pos) / (np.sum((self.pos - b.pos) ** 2) + 0.1) for b in near)
        return weights["cohesion"] * (centre - self.pos) + weights["alignment"] * (heading - self.vel) + weights["separation"] * apart


@program({"cohesion": 0.3, "alignment": 0.2, "separation": 0.1}, 1.2, by_values=True)
def flocking(weights, limit):
    """Boids with speed limits; steering is computed for all before anyone moves."""
    gen = np.random.default_rng(12)
    flock = [Boid(gen.uniform(-1, 1, 2), gen.normal(0, 1, 2)) for _ in range(5)]
    for _ in range(5):
        steering = [b.steer(flock, weights) for b in flock]
        for b, a in zip(flock, steering):
            b.vel = b.vel + 0.2 * a
            speed = np.linalg.norm(b.vel)
            if speed > limit:
                b.vel *= limit / speed
            b.pos += 0.2 * b.vel
    polarisation = np.linalg.norm(sum(b.vel / np.linalg.norm(b.vel) for b in flock)) / len(flock)
    spread = np.std([b.pos for b in flock], axis=0).sum()
    return polarisation + spread


def neighbours(shape, wrap=True):
    rows, cols = shape
    for di, dj in itertools.product((-1, 0, 1), repeat=2):
        if di or dj:
            yield di, dj


@program(np.random.default_rng(2).uniform(0, 1, (5, 5)), 0.25)
def continuous_game_of_life(board, sharpness):
    """A smooth Game of Life on a torus by np.roll."""
    cells = board.copy()
    for generation in range(3):
        count = sum(np.roll(cells, shift, axis=(0, 1)) for shift in neighbours(cells.shape))
        born = np.exp(-((count - 3) ** 2) / sharpness)
        stays = cells * np.exp(-((count - 2.5) ** 2) / (2 * sharpness))
        cells = np.clip(born + stays, 0, 1)
    return cells.sum() + cells[2, 3] * cells[1, 1]


class SpatialHash:
    def __init__(self, cell):
        self.cell = cell
        self.buckets = {}

    def key(self, p):
        return tuple((p // self.cell).astype(int))

    def insert(self, i, p):
        self.buckets.setdefault(self.key(p), []).append(i)

    def near(self, p):
        kx, ky = self.key(p)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                yield from self.buckets.get((kx + dx, ky + dy), ())


@program(np.array([[0.1, 0.2], [0.9, 1.1], [1.4, 0.3], [0.4, 0.8], [2.2, 1.9]]), 0.6, by_values=True)
def particles_in_buckets(points, h):
    """Smoothed-particle pressure forces with neighbours from a spatial hash."""
    pos = points.copy()
    vel = np.zeros_like(pos)
    for step in range(3):
        grid = SpatialHash(1.0)
        for i, p in enumerate(pos):
            grid.insert(i, p)
        rho = np.zeros(len(pos))
        for i, p in enumerate(pos):
            for j in grid.near(p):
                q2 = np.sum((p - pos[j]) ** 2) / h**2
                if q2 < 4:
                    rho[i] += (1 - q2 / 4) ** 3
        pressure = 0.5 * (rho - 1.0)
        force = np.zeros_like(pos)
        for i in range(len(pos)):
            for j in grid.near(pos[i]):
                if j == i:
                    continue
                d = pos[i] - pos[j]
                r = np.sqrt(d @ d)
                if r < 2 * h:
                    force[i] += (pressure[i] + pressure[j]) * (1 - r / (2 * h)) * d / r
        vel += 0.1 * force
        pos += 0.1 * vel
    return np.sum(rho**2) + np.sum(vel**2) + pos[0, 0]


@program(np.array([1.0, 2.0, 1.5]), 0.3)
def ring_of_oscillators(omega, coupling):
    """Kuramoto by Heun, with the order parameter from complex numbers; history kept in a deque."""
    theta = np.array([0.0, 1.0, 2.5])
    history = deque(maxlen=4)

    def rhs(th):
        return omega + coupling * np.sum(np.sin(th[None, :] - th[:, None]), axis=1)

    for n in range(10):
        k1 = rhs(theta)
        k2 = rhs(theta + 0.1 * k1)
        theta = theta + 0.05 * (k1 + k2)
        history.append(np.mean(np.exp(1j * theta)))
    r = np.abs(history[-1])
    drift = np.angle(history[-1] / history[0])
    return r + 0.1 * drift + sum(z.real for z in history)


# -- agents, epidemics, queues ---------------------------------------------------------------------------------------


@dataclass
class Person:
    age: int
    wealth: float = 1.0
    seed: InitVar[int] = 0
    friends: list = field(default_factory=list, repr=False)
    skill: float = field(init=False)
    population: ClassVar[int] = 0

    def __post_init__(self, seed):
        self.skill = 0.5 + (seed * 37 % 11) / 11

    def trade(self, other, rate):
        amount = rate * min(self.wealth, other.wealth)
        if self.skill < other.skill:
            self, other = other, self
        self.wealth += amount
        other.wealth -= amount


@program(0.2, 0.05, [1.0, 2.0, 1.5, 0.7], by_values=True)
def wealth_exchange(rate, tax, endowments):
    """An agent-based economy; inequality by the Gini coefficient of a sorted list."""
    people = [Person(20 + k, w, seed=k) for k, w in enumerate(endowments)]
    for a, b in itertools.combinations(people, 2):
        a.friends.append(b)
    for year in range(4):
        for p in people:
            for q in p.friends:
                p.trade(q, rate)
        pot = 0.0
        for p in people:
            due = tax * p.wealth if p.wealth > 1 else 0.0
            p.wealth -= due
            pot += due
        for p in people:
            p.wealth += pot / len(people)
    w = sorted(p.wealth for p in people)
    n = len(w)
    gini = 2 * sum((i + 1) * x for i, x in enumerate(w)) / (n * sum(w)) - (n + 1) / n
    return gini + 0.1 * max(w)


@program(0.3, 0.15, 5, by_values=True)
def contact_network_epidemic(p_infect, recovery, days):
    """Expected infections on a random graph (mean field per node), edges by the random module with a seed."""
    rnd = random.Random(42)
    nodes = list(range(8))
    edges = {(a, b) for a in nodes for b in nodes if a < b and rnd.random() < 0.4}
    adjacency = {n: set() for n in nodes}
    for a, b in sorted(edges):
        adjacency[a].add(b)
        adjacency[b].add(a)
    infected = {n: 0.0 for n in nodes}
    infected[0] = 1.0
    recovered = dict.fromkeys(nodes, 0.0)
    for day in range(days):
        fresh = {}
        for n in nodes:
            escape = 1.0
            for m in sorted(adjacency[n]):
                escape *= 1 - p_infect * infected[m]
            fresh[n] = (1 - infected[n] - recovered[n]) * (1 - escape)
        for n in nodes:
            recovered[n] += recovery * infected[n]
            infected[n] += fresh[n] - recovery * infected[n]
    return sum(infected.values()) + 0.5 * max(recovered.values())


@total_ordering
class Job:
    def __init__(self, name, work, priority):
        self.name, self.work, self.priority = name, work, priority

    def __eq__(self, other):
        return self.priority == other.priority

    def __lt__(self, other):
        return self.priority < other.priority

    __hash__ = None


@program([3.0, 1.5, 2.2, 0.9], 0.8, by_values=True)
def round_robin_scheduler(work, quantum):
    """A scheduler with a ready queue; finishing times weighted by priority."""
    jobs = [Job(chr(97 + i), w, (i * 3) % 4) for i, w in enumerate(work)]
    ready = deque(sorted(jobs, reverse=True))
    clock, finished = 0.0, {}
    while ready:
        job = ready.popleft()
        used = min(quantum, job.work)
        clock += used
        job.work -= used
        if job.work > 1e-9:
            ready.append(job)
        else:
            finished[job.name] = clock
        clock += 0.01
    top = max(jobs)
    return sum(t * (1 + job.priority) for job, t in zip(jobs, (finished[j.name] for j in jobs))) + finished[top.name]


State = namedtuple("State", "T q p", defaults=(300.0, 0.01, 1000.0))


def saturation(T, p):
    es = 6.112 * np.exp(17.67 * (T - 273.15) / (T - 29.65))
    return 0.622 * es / (p - 0.378 * es)


@program(300.0, 0.014, by_values=True)
def rising_air_parcel(T, q):
    """A parcel that rises: dry, then moist with latent heat found by secant iterations; CAPE against a sounding."""
    parcel = State(T, q)
    Lv, cp, g, Rd = 2.5e6, 1005.0, 9.81, 287.0
    cape, base = 0.0, None
    levels = np.linspace(1000, 500, 6)
    for p_new in levels[1:]:
        T_dry = parcel.T * (p_new / parcel.p) ** (Rd / cp)
        if parcel.q > saturation(T_dry, p_new):
            base = base or p_new

            def imbalance(T):
                return cp * (T - T_dry) - Lv * (parcel.q - saturation(T, p_new))

            a, b = T_dry, T_dry + 5
            fa, fb = imbalance(a), imbalance(b)
            for _ in range(8):
                if abs(fb - fa) < 1e-7:
                    break
                a, b, fa = b, b - fb * (b - a) / (fb - fa), fb
                fb = imbalance(b)
            parcel = parcel._replace(T=b, q=saturation(b, p_new), p=p_new)
        else:
            parcel = State(T_dry, parcel.q, p_new)
        T_env = 300.0 - 0.06 * (1000 - p_new)
        cape += max(0.0, g * (parcel.T - T_env) / T_env)
    return cape + 0.001 * (base or 0.0) + parcel.T / 300


@pytest.mark.parametrize("program", programs(__name__))
def test_simulation(program):
    program.check()
