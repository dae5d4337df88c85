"""Finance, epidemics, pharmacology, physiology, ecology."""

from __future__ import annotations

import bisect
import enum
import functools
import heapq
import math
from collections import namedtuple
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, groupby, zip_longest

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(6)
RETURNS = rng.normal(0.001, 0.02, (10, 3))


# -- finance -----------------------------------------------------------------------------------------------------


def normal_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


class Option:
    def __init__(self, strike, maturity, kind="call"):
        self.strike, self.maturity, self.kind = strike, maturity, kind

    def payoff(self, spot):
        return max(spot - self.strike, 0.0) if self.kind == "call" else max(self.strike - spot, 0.0)

    def black_scholes(self, spot, rate, vol):
        root = vol * math.sqrt(self.maturity)
        d1 = (math.log(spot / self.strike) + (rate + 0.5 * vol**2) * self.maturity) / root
        d2 = d1 - root
        discounted = self.strike * math.exp(-rate * self.maturity)
        call = spot * normal_cdf(d1) - discounted * normal_cdf(d2)
        return call if self.kind == "call" else call - spot + discounted


@program(100.0, 0.03, 0.2)
def option_book(spot, rate, vol):
    """A book of options valued by the closed formula; a volatility smile by strike."""
    book = {Option(95, 0.5): 10, Option(105, 1.0): -5, Option(100, 0.25, kind="put"): 3}
    total = 0.0
    for option, quantity in book.items():
        smile = vol + 0.1 * (option.strike / spot - 1) ** 2
        total += quantity * option.black_scholes(spot, rate, smile)
    return total


@program(100.0, 0.05, 0.25, 98.0)
def american_put_tree(spot, rate, vol, strike):
    """An American put on a binomial tree."""
    steps, maturity = 8, 1.0
    dt = maturity / steps
    up = math.exp(vol * math.sqrt(dt))
    down = 1 / up
    p = (math.exp(rate * dt) - down) / (up - down)
    values = [max(strike - spot * up**j * down ** (steps - j), 0.0) for j in range(steps + 1)]
    for i in reversed(range(steps)):
        for j in range(i + 1):
            hold = math.exp(-rate * dt) * (p * values[j + 1] + (1 - p) * values[j])
            exercise = strike - spot * up**j * down ** (i - j)
            values[j] = max(hold, exercise)
    return values[0]


HestonParams = namedtuple("HestonParams", "kappa theta xi rho v0")


@program(HestonParams(1.5, 0.04, 0.3, -0.6, 0.05), 100.0)
def heston_paths(params, spot):
    """A call by simulated Heston paths with full truncation, antithetic normals from a seeded generator."""
    generator = np.random.default_rng(8)
    n, steps, dt = 6, 10, 0.1
    s = np.full(2 * n, spot)
    v = np.full(2 * n, params.v0)
    for _ in range(steps):
        z = generator.standard_normal((2, n))
        z1 = np.concatenate([z[0], -z[0]])
        z2 = params.rho * z1 + np.sqrt(1 - params.rho**2) * np.concatenate([z[1], -z[1]])
        vp = np.maximum(v, 0.0)
        s = s * np.exp(-0.5 * vp * dt + np.sqrt(vp * dt) * z1)
        v = v + params.kappa * (params.theta - vp) * dt + params.xi * np.sqrt(vp * dt) * z2
    return np.mean(np.maximum(s - 100.0, 0))


@program({"stocks": 0.5, "bonds": 0.3, "gold": 0.2}, 0.002, by_values=True)
def portfolio_backtest(weights, cost):
    """Rebalancing a dictionary of positions with transaction costs; final value less a drawdown penalty."""
    assets = list(weights)
    positions = {a: 100.0 * w for a, w in weights.items()}
    peak, drawdown = 100.0, 0.0
    for t, row in enumerate(RETURNS):
        for asset, r in zip(assets, row):
            positions[asset] *= 1 + r
        value = sum(positions.values())
        peak = max(peak, value)
        drawdown = max(drawdown, (peak - value) / peak)
        if t % 3 == 2:
            targets = {a: w * value for a, w in weights.items()}
            turnover = sum(abs(targets[a] - positions[a]) for a in assets)
            positions = {a: x * (1 - cost * turnover / value) for a, x in targets.items()}
    return sum(positions.values()) - 50 * drawdown


CashFlow = namedtuple("CashFlow", ["time", "amount"])


@program(np.array([0.02, 0.025, 0.03, 0.033]), 102.0, by_values=True)
def bond_yield(zero_rates, price):
    """A bond priced off a curve by bisect, its yield by Newton, its duration."""
    tenors = [0.5, 1.0, 2.0, 5.0]
    flows = [CashFlow(0.5 * (k + 1), 2.5) for k in range(5)] + [CashFlow(3.0, 102.5)]

    def discount(t):
        k = min(max(bisect.bisect_left(tenors, t), 1), len(tenors) - 1)
        w = (t - tenors[k - 1]) / (tenors[k] - tenors[k - 1])
        r = (1 - w) * zero_rates[k - 1] + w * zero_rates[k]
        return math.exp(-r * t)

    model = sum(f.amount * discount(f.time) for f in flows)
    y = 0.03
    for _ in range(30):
        value = sum(f.amount * math.exp(-y * f.time) for f in flows)
        slope = sum(-f.time * f.amount * math.exp(-y * f.time) for f in flows)
        step = (value - price) / slope
        y -= step
        if abs(step) < 1e-13:
            break
    duration = sum(f.time * f.amount * math.exp(-y * f.time) for f in flows) / price
    return 100 * y + duration + 0.1 * (model - price) ** 2


@program(0.02, 0.7, np.array([0.1, -0.2, 0.15, 0.05, -0.3, 0.2]))
def garch_likelihood(omega, persistence, returns):
    """GARCH(1,1) log-likelihood by accumulate."""
    alpha, beta = 0.2 * persistence, 0.8 * persistence
    variances = list(accumulate(returns[:-1], lambda h, r: omega + alpha * r**2 + beta * h, initial=omega / (1 - persistence)))
    return sum(-0.5 * (math.log(2 * math.pi * h) + r**2 / h) for h, r in zip(variances, returns))


# -- epidemics ------------------------------------------------------------------------------------------------------


class Event(enum.Enum):
    LOCKDOWN = "lockdown"
    REOPEN = "reopen"
    VACCINATE = "vaccinate"


@program(0.4, 0.1, 0.35)
def epidemic_with_events(beta, gamma, compliance):
    """An SEIR model with a list of events that change its rates; peak and final size."""
    events = [(20, Event.LOCKDOWN, None), (35, Event.VACCINATE, 0.02), (45, Event.REOPEN, None)]
    s, e, i, r = 0.99, 0.005, 0.005, 0.0
    contact, vaccination = 1.0, 0.0
    peak = 0.0
    for day in range(60):
        for when, kind, value in events:
            if when != day:
                continue
            if kind is Event.LOCKDOWN:
                contact = 1 - compliance
            elif kind is Event.REOPEN:
                contact = 1 - 0.5 * compliance
            else:
                vaccination = value
        infections = beta * contact * s * i
        s, e, i, r = (s - infections - vaccination * s, e + infections - 0.2 * e, i + 0.2 * e - gamma * i, r + gamma * i + vaccination * s)
        peak = max(peak, i)
    return peak + 0.1 * r


@program(np.array([[0.0, 0.3, 0.1], [0.3, 0.0, 0.2], [0.1, 0.2, 0.0]]), 0.3, by_values=True)
def metapopulation(mobility, beta):
    """Coupled cities in dictionaries of compartments."""
    cities = [{"S": 1.0, "I": 0.0, "R": 0.0} for _ in range(3)]
    cities[0].update(S=0.99, I=0.01)
    for _ in range(15):
        pressure = [sum(mobility[a, b] * cities[b]["I"] for b in range(3)) for a in range(3)]
        for city, force in zip(cities, pressure):
            new = beta * city["S"] * (city["I"] + force)
            recovered = 0.1 * city["I"]
            city["S"] -= new
            city["I"] += new - recovered
            city["R"] += recovered
    return sum(city["R"] for city in cities) + max(city["I"] for city in cities)


# -- pharmacology ---------------------------------------------------------------------------------------------------

Dose = namedtuple("Dose", ["time", "amount", "route"])
SCHEDULE = [Dose(0.0, 100.0, "oral"), Dose(6.0, 50.0, "iv"), Dose(12.0, 100.0, "oral")]


@program({"ka": 1.1, "CL": 5.0, "V": 30.0, "F": 0.8}, by_values=True)
def pharmacokinetics(theta):
    """One compartment with absorption, doses by schedule, residuals against samples taken in between."""
    gut = central = 0.0
    t, dt = 0.0, 0.25
    pending = sorted(SCHEDULE, key=lambda d: d.time)
    observations = {2.0: 1.6, 7.0: 2.4, 14.0: 3.1}
    rss = 0.0
    while t <= 16.0:
        while pending and pending[0].time <= t:
            dose = pending.pop(0)
            if dose.route == "oral":
                gut += theta["F"] * dose.amount
            else:
                central += dose.amount
        absorbed = theta["ka"] * gut
        gut -= dt * absorbed
        central += dt * (absorbed - theta["CL"] / theta["V"] * central)
        t += dt
        if t in observations:
            rss += (central / theta["V"] - observations[t]) ** 2
    return rss


@dataclass
class Gate:
    alpha: object
    beta: object
    value: float = 0.0

    def start(self, v):
        a, b = self.alpha(v), self.beta(v)
        self.value = a / (a + b)

    def step(self, v, dt):
        self.value += dt * (self.alpha(v) * (1 - self.value) - self.beta(v) * self.value)


@program(120.0, 36.0, 10.0, rtol=1e-4)
def hodgkin_huxley(g_na, g_k, current):
    """A neuron's membrane with gates as objects; its highest voltage and its mean."""
    gates = {
        "m": Gate(lambda v: 0.1 * (v + 40) / (1 - math.exp(-(v + 40) / 10)), lambda v: 4 * math.exp(-(v + 65) / 18)),
        "h": Gate(lambda v: 0.07 * math.exp(-(v + 65) / 20), lambda v: 1 / (1 + math.exp(-(v + 35) / 10))),
        "n": Gate(lambda v: 0.01 * (v + 55) / (1 - math.exp(-(v + 55) / 10)), lambda v: 0.125 * math.exp(-(v + 65) / 80)),
    }
    v = -65.0
    for gate in gates.values():
        gate.start(v)
    trace = []
    for _ in range(60):
        m, h, n = (gates[k].value for k in "mhn")
        ionic = g_na * m**3 * h * (v - 50) + g_k * n**4 * (v + 77) + 0.3 * (v + 54.4)
        v += 0.05 * (current - ionic)
        for gate in gates.values():
            gate.step(v, 0.05)
        trace.append(v)
    return max(trace) + sum(trace) / len(trace)


# -- ecology and phylogeny ----------------------------------------------------------------------------------------------


@contextmanager
def season(rates, factor):
    saved = dict(rates)
    rates["growth"] *= factor
    try:
        yield rates
    finally:
        rates.update(saved)


@program(0.8, 0.4, 0.3)
def predator_prey_seasons(growth, predation, death):
    """Lotka-Volterra with a context manager that changes the rates for a season and restores them."""
    rates = {"growth": growth, "predation": predation, "death": death}
    x, y = 1.0, 0.5
    for year in range(3):
        with season(rates, 1.3 if year % 2 else 0.7) as current:
            for _ in range(5):
                dx = current["growth"] * x - current["predation"] * x * y
                dy = 0.5 * current["predation"] * x * y - current["death"] * y
                x, y = x + 0.05 * dx, y + 0.05 * dy
        x *= 0.98
    return x * y + rates["growth"]


class Tree:
    """A node of a phylogeny."""

    def __init__(self, length, children=(), base=None):
        self.length, self.children, self.base = length, children, base

    def partial(self, rate):
        if self.base is not None:
            vector = np.zeros(4)
            vector["ACGT".index(self.base)] = 1.0
            return vector
        result = np.ones(4)
        for child in self.children:
            e = np.exp(-4 * rate * child.length / 3)
            P = (1 - e) / 4 * np.ones((4, 4)) + e * np.eye(4)
            result = result * (P @ child.partial(rate))
        return result


@program(np.array([0.1, 0.2, 0.15, 0.3]), 1.2, by_values=True)
def felsenstein_pruning(lengths, rate):
    """The likelihood of a small phylogeny for three sites, by recursion over nodes."""
    loglik = 0.0
    for site in ("AAC", "GGG", "ATT"):
        a, b, c = (Tree(length, base=base) for length, base in zip(lengths, site))
        root = Tree(0.0, (Tree(lengths[3], (a, b)), c))
        loglik += math.log(0.25 * np.sum(root.partial(rate)))
    return loglik


@program(np.array([0.9, 0.55, 1.4, 0.8, 2.1]), by_values=True)
def gillespie_queue(rates):
    """Events from a heap, each scheduled by its rate: the time-weighted length of a queue."""
    queue = []
    for n, rate in enumerate(rates):
        heapq.heappush(queue, (1.0 / rate, n))
    clock, area, length = 0.0, 0.0, 0
    while queue and clock < 2.0:
        when, n = heapq.heappop(queue)
        area += length * (when - clock)
        clock = when
        length += 1 if n % 2 == 0 else -1
        length = max(length, 0)
        if len(queue) < 8:
            heapq.heappush(queue, (when + 1.0 / (rates[n] + 0.3), n))
    return area / clock


@program([1.2, 0.8, 1.5], [0.3, 0.6])
def grouped_yields(high, low):
    """Records sorted and grouped by a key, groups of different lengths put side by side."""
    records = [("north", v) for v in high] + [("south", v) for v in low] + [("north", 0.5)]
    totals = {}
    for region, group in groupby(sorted(records, key=lambda r: r[0]), key=lambda r: r[0]):
        values = [v for _, v in group]
        totals[region] = functools.reduce(lambda a, b: a * b, values)
    spread = sum((a - b) ** 2 for a, b in zip_longest(high, low, fillvalue=1.0))
    return totals["north"] + 2 * totals["south"] + spread


@pytest.mark.parametrize("program", programs(__name__))
def test_finance_and_life(program):
    program.check()
