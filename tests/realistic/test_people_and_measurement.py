"""Sport, minds, votes, insurance, surveying, genes, forests and kitchens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(14)


# -- sport -----------------------------------------------------------------------------------------------


@program(24.0, 60.0, {"A": 1500.0, "B": 1480.0, "C": 1550.0})
def elo_ratings(k, home, ratings):
    """Surprise of a season under ratings that follow the results."""
    table = dict(ratings)
    season = [("A", "B", 1.0), ("B", "C", 0.5), ("C", "A", 0.0), ("A", "C", 1.0), ("B", "A", 0.0), ("C", "B", 1.0)]
    surprise = 0.0
    for host, guest, score in season:
        expected = 1 / (1 + 10 ** ((table[guest] - table[host] - home) / 400))
        surprise -= score * math.log(expected) + (1 - score) * math.log(1 - expected)
        table[host] += k * (score - expected)
        table[guest] -= k * (score - expected)
    return surprise + (max(table.values()) - min(table.values())) / 100


@program(np.array([0.1, -0.2, 0.3]), 1.4, 0.25)
def rowing_race_by_minorisation(strength, temper, luck):
    """Bradley and Terry's model: chance of the order of finish of crews (Plackett and Luce)."""
    worth = [math.exp(s / temper) + luck for s in strength]
    chance = 0.0
    for order in permutations(range(3)):
        left = sum(worth)
        p = 1.0
        for crew in order:
            p *= worth[crew] / left
            left -= worth[crew]
        chance += p * (order[0] - order[-1]) ** 2
    return chance


# -- minds ------------------------------------------------------------------------------------------------


@program(np.array([-0.5, 0.4, 1.2]), np.array([-1.0, 0.0, 0.5, 1.5]), np.array([1.0, 0.7, 1.3, 1.1]), 0.2, by_values=True)
def item_response(ability, difficulty, discrimination, guessing):
    """Log likelihood of a test under the three-parameter logistic model, with answers left out."""
    answers = [[1, 1, 0, None], [1, 0, 1, 0], [1, 1, 1, 1]]
    total = 0.0
    for theta, row in zip(ability, answers):
        for answer, b, a in zip(row, difficulty, discrimination):
            if answer is None:
                continue
            p = guessing + (1 - guessing) / (1 + math.exp(-a * (theta - b)))
            total += math.log(p) if answer else math.log1p(-p)
        total -= 0.5 * theta**2
    return total


@program(0.8, 1.2, 0.25, np.array([0.45, 0.62, 0.9]))
def drift_diffusion_first_passage(drift, boundary, delay, times):
    """Navarro and Fuss: density of response times, the series for small or large times, whichever is shorter."""
    logp = 0.0
    for t in times - delay:
        u = t / boundary**2
        if u < 0.25:
            w = 0.5
            series = sum((w + 2 * k) * math.exp(-((w + 2 * k) ** 2) / (2 * u)) for k in range(-3, 4)) / math.sqrt(2 * math.pi * u**3)
        else:
            series = math.pi * sum(k * math.exp(-(k * math.pi) ** 2 * u / 2) * math.sin(k * math.pi / 2) for k in range(1, 8))
        logp += math.log(series) - drift * boundary / 2 - drift**2 * t / 2 - 2 * math.log(boundary)
    return logp


# -- society ---------------------------------------------------------------------------------------------


@program(np.array([[100.0, 150.0, 175.0, 180.0], [110.0, 168.0, 190.0, 0.0], [130.0, 190.0, 0.0, 0.0], [125.0, 0.0, 0.0, 0.0]]), 0.03)
def chain_ladder_reserves(paid, discount):
    """Claims still to be paid, by development factors of a triangle, discounted."""
    n = len(paid)
    full = paid.copy()
    factors = []
    for j in range(n - 1):
        known = slice(0, n - 1 - j)
        factors.append(full[known, j + 1].sum() / full[known, j].sum())
    for i in range(1, n):
        for j in range(n - i, n):
            full[i, j] = full[i, j - 1] * factors[j - 1]
    reserve = 0.0
    for i in range(1, n):
        for year, j in enumerate(range(n - i, n), start=1):
            reserve += (full[i, j] - full[i, j - 1]) / (1 + discount) ** year
    return reserve / 100


class Person(NamedTuple):
    age: int
    benefit: float


@program(0.01, 0.05, 0.02)
def gompertz_annuity(level, growth, interest):
    """Value of annuities of a small pension fund, until nobody is left."""
    fund = [Person(60, 10.0), Person(72, 8.0), Person(85, 6.0)]
    value = 0.0
    for age, benefit in fund:
        alive, year = 1.0, 0
        while age + year < 110:
            hazard = level * math.exp(growth * (age + year))
            value += benefit * alive * (1 + interest) ** -year
            alive *= math.exp(-hazard)
            year += 1
    return value / 100


@program(np.array([12.0, 9.0, 7.5, 3.0]), 1.4, by_values=True)
def proportional_seats(votes, first_divisor):
    """Sainte-Laguë's seats, and a smooth margin of the last one."""
    seats = [0] * len(votes)
    margin = 0.0
    for _ in range(7):
        quotients = [v / (first_divisor if s == 0 else 2 * s + 1) for v, s in zip(votes, seats)]
        order = sorted(range(len(votes)), key=quotients.__getitem__, reverse=True)
        seats[order[0]] += 1
        margin = quotients[order[0]] - quotients[order[1]]
    return margin + sum(s * v for s, v in zip(seats, votes)) / sum(votes)


@program(20.0, 6.0, np.array([18.0, 25.0, 12.0, 31.0, 22.0]))
def newsvendor_with_restocking(order_up_to, reorder, demand):
    """Cost of an (s, S) policy, with deliveries that take two days."""
    stock, coming = order_up_to, []
    cost = 0.0
    for day, d in enumerate(demand):
        stock += sum(q for due, q in coming if due == day)
        coming = [(due, q) for due, q in coming if due > day]
        sold = min(d, stock)
        stock -= sold
        cost += 3.0 * (d - sold) + 0.1 * stock
        if stock + sum(q for _, q in coming) < reorder + order_up_to / 2:
            coming.append((day + 2, order_up_to - stock * 0.5))
            cost += 5.0
    return cost / 10


# -- surveying -------------------------------------------------------------------------------------------


@program(np.array([0.1, -0.3]), 0.5)
def trilateration(start, bias):
    """Gauss and Newton's method for a position and a clock from distances, by normal equations."""
    beacons = np.array([[3.0, 0.0], [0.0, 4.0], [-3.0, -1.0], [1.0, -3.0]])
    measured = np.hypot(*(beacons - np.array([0.7, 0.4])).T) + bias + 0.02 * np.arange(4)
    guess = np.append(start, 0.0)
    for _ in range(5):
        away = guess[:2] - beacons
        distance = np.linalg.norm(away, axis=1)
        J = np.column_stack([away / distance[:, None], np.ones(len(beacons))])
        step, *_ = np.linalg.lstsq(J, measured - distance - guess[2], rcond=None)
        guess = guess + step
        if np.max(np.abs(step)) < 1e-10:
            break
    return guess[0] * 2 + guess[1] ** 2 + guess[2]


@program(48.2, 16.4, 40.7, -74.0)
def vincenty_distance(lat1, lon1, lat2, lon2):
    """Length of the geodesic on the ellipsoid, in thousands of kilometres."""
    a, f = 6.378137, 1 / 298.257223563
    b = (1 - f) * a
    u1, u2 = (math.atan((1 - f) * math.tan(math.radians(v))) for v in (lat1, lat2))
    L = math.radians(lon2 - lon1)
    lam = L
    for _ in range(50):
        s = math.hypot(math.cos(u2) * math.sin(lam), math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam))
        c = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(s, c)
        sin_alpha = math.cos(u1) * math.cos(u2) * math.sin(lam) / s
        cos2 = 1 - sin_alpha**2
        mid = c - 2 * math.sin(u1) * math.sin(u2) / cos2 if cos2 else 0.0
        C = f / 16 * cos2 * (4 + f * (4 - 3 * cos2))
        before = lam
        lam = L + (1 - C) * f * sin_alpha * (sigma + C * s * (mid + C * c * (2 * mid**2 - 1)))
        if abs(lam - before) < 1e-13:
            break
    u = cos2 * (a**2 - b**2) / b**2
    A = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
    B = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
    d = B * s * (mid + B / 4 * (c * (2 * mid**2 - 1) - B / 6 * mid * (4 * s**2 - 3) * (4 * mid**2 - 3)))
    return b * A * (sigma - d)


# -- genes and forests ------------------------------------------------------------------------------------


@program(0.15, 0.4, 0.2)
def linkage_peeling(recombination, allele, penetrance):
    """Likelihood of a family's traits and markers, summed over the parents' haplotypes."""
    def inherits(parent, child):
        (m1, d1), (m2, d2) = parent
        chance = 0.0
        for k, (m, d) in enumerate(parent):
            other = parent[1 - k]
            if m == child[0]:
                chance += 0.5 * ((1 - recombination) * (d == child[1]) + recombination * (other[1] == child[1]))
        return chance

    def freq(d):
        return allele if d else 1 - allele

    total = 0.0
    children = [(0, True), (1, False), (0, True)]
    for da in (0, 1):
        for db in (0, 1):
            parent = ((0, da), (1, db))
            prior = freq(da) * freq(db)
            product = 1.0
            for marker, ill in children:
                chance = 0.0
                for d in (0, 1):
                    sick = 0.9 if d else penetrance
                    chance += inherits(parent, (marker, d)) * (sick if ill else 1 - sick)
                product *= chance
            total += prior * product
    return math.log(total)


@dataclass
class Tree:
    x: float
    height: float
    alive: bool = True


@program(np.array([1.0, 2.5, 3.1, 5.0, 6.2]), 0.9, 0.35, by_values=True)
def forest_gap_model(places, growth, shade):
    """Trees shade their smaller neighbours; those that grow too slowly die; light reaches the ground."""
    trees = [Tree(float(n), h) for n, h in enumerate(places)]
    for year in range(4):
        tallest = sorted((t for t in trees if t.alive), key=lambda t: t.height, reverse=True)
        for n, tree in enumerate(tallest):
            cover = sum(math.exp(-abs(tree.x - other.x)) for other in tallest[:n])
            light = math.exp(-shade * cover)
            grown = growth * light * (1 - tree.height / 12)
            if grown < 0.3:
                tree.alive = False
            else:
                tree.height += grown
    biomass = sum(t.height**2 for t in trees if t.alive)
    return biomass / 10 + sum(t.height for t in trees if not t.alive)


# -- the kitchen ------------------------------------------------------------------------------------------


@program(4.0, 1.9, 95.0)
def soft_boiled_egg(start, width, water):
    """Heat soaks into an egg in shells until its middle sets; the time, with the last step in part."""
    shells = 8
    r = np.linspace(0, width, shells + 1)
    middle = 0.5 * (r[1:] + r[:-1])
    volume = (r[1:] ** 3 - r[:-1] ** 3) / 3
    T = np.full(shells, start)
    t, dt = 0.0, 5.0
    last = T[0]
    while T[0] < 45.0:
        last = T[0]
        flow = np.zeros(shells + 1)
        flow[1:-1] = 0.0015 * r[1:-1] ** 2 * np.diff(T) / np.diff(middle)
        flow[-1] = 0.0015 * r[-1] ** 2 * (water - T[-1]) / (r[-1] - middle[-1])
        T += dt * np.diff(flow) / volume
        t += dt
    return (t - dt * (T[0] - 45.0) / (T[0] - last)) / 60


@pytest.mark.parametrize("case", programs(__name__))
def test_program(case):
    case.check()
