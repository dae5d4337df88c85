"""Power, vehicles, buildings, plants and factories."""

from __future__ import annotations

import enum
import math
from collections import Counter
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(12)


# -- the grid --------------------------------------------------------------------------------------------


class Line(NamedTuple):
    a: int
    b: int
    r: float
    x: float


def admittances(n, lines):
    Y = np.zeros((n, n), dtype=complex)
    for a, b, r, x in lines:
        y = 1 / complex(r, x)
        Y[a, a] += y
        Y[b, b] += y
        Y[a, b] -= y
        Y[b, a] -= y
    return Y


@program(np.array([0.9, 0.6]), 0.08)
def power_flow(load, reactance):
    """Losses of three buses, by fixed-point iteration of the complex voltages (Gauss)."""
    Y = admittances(3, [Line(0, 1, 0.02, 0.06), Line(1, 2, 0.03, reactance), Line(0, 2, 0.02, 0.05)])
    S = -np.array([0.0, *load]) * (1 + 0.3j)
    V = np.ones(3, dtype=complex)
    for _ in range(12):
        for k in (1, 2):
            others = Y[k] @ V - Y[k, k] * V[k]
            V[k] = (np.conj(S[k] / V[k]) - others) / Y[k, k]
    injected = V * np.conj(Y @ V)
    return np.sum(injected.real) * 100 + np.abs(V[2])


# -- batteries and panels ---------------------------------------------------------------------------------


@program(5.2, 0.012, 1.3)
def solar_panel_maximum_power(light, resistance, ideality):
    """The point of maximum power of a single-diode model; the current by Newton's method at each voltage."""
    best = 0.0
    for voltage in np.linspace(0.3, 0.62, 9):
        current = light
        for _ in range(8):
            diode = 1e-9 * math.exp((voltage + current * resistance) / (0.02585 * ideality))
            f = light - diode - current
            slope = -diode * resistance / (0.02585 * ideality) - 1
            step = f / slope
            current -= step
            if abs(step) < 1e-12:
                break
        best = max(best, voltage * current)
    return best


OCV = np.array([3.0, 3.45, 3.6, 3.68, 3.8, 4.0, 4.2])


@program(2.0, 0.05, 0.03, np.array([1.0, 1.0, 0.0, -0.5, 2.0, 2.0, 0.0]))
def battery_equivalent_circuit(capacity, r0, r1, current):
    """Terminal voltage of a cell with one RC pair; charge from a table."""
    charge, relaxing = 0.8, 0.0
    volts = []
    for i in current:
        with clamped(charge) as soc:
            open_circuit = np.interp(soc, np.linspace(0, 1, len(OCV)), OCV)
        tau = r1 * 600
        relaxing = relaxing * math.exp(-30 / tau) + r1 * (1 - math.exp(-30 / tau)) * i
        volts.append(open_circuit - i * r0 - relaxing)
        charge -= i * 30 / (3600 * capacity) * 10
    return sum((v - 3.7) ** 2 for v in volts) * 10


@contextmanager
def clamped(value):
    yield min(max(value, 0.0), 1.0)


# -- wind ------------------------------------------------------------------------------------------------


@program(np.array([0.35, 0.25, 0.15, 0.08]), np.array([3.0, 2.0, 1.2, 0.7]), 7.0)
def blade_element_momentum(twist, chord, tip_speed):
    """Power of a turbine: axial and tangential induction by iteration at each radius, with Prandtl's tip loss."""
    r = np.array([0.25, 0.5, 0.7, 0.9])
    power = 0.0
    for n in range(len(r)):
        a, b = 0.3, 0.0
        solidity = 3 * chord[n] / (2 * np.pi * r[n] * 40)
        for _ in range(15):
            phi = np.arctan2(1 - a, (1 + b) * tip_speed * r[n])
            alpha = phi - twist[n] + 0.1
            lift = 2 * np.pi * alpha if alpha < 0.25 else 1.57 - 2 * (alpha - 0.25)
            drag = 0.01 + 0.02 * lift**2
            f = 1.5 * (1 - r[n]) / (r[n] * np.sin(phi))
            loss = 2 / np.pi * np.arccos(np.exp(-f))
            cn = lift * np.cos(phi) + drag * np.sin(phi)
            ct = lift * np.sin(phi) - drag * np.cos(phi)
            a = 0.5 * a + 0.5 / (4 * loss * np.sin(phi) ** 2 / (solidity * cn) + 1)
            b = 0.5 * b + 0.5 / (4 * loss * np.sin(phi) * np.cos(phi) / (solidity * ct) - 1)
        power += 8 * (1 - a) * b * (tip_speed * r[n]) ** 2 * r[n] * loss * 0.2
    return power


# -- buildings -------------------------------------------------------------------------------------------


class Mode(enum.Enum):
    OFF = "off"
    HEAT = "heat"
    COOL = "cool"


def wanted(mode, temperature, low, high):
    match mode:
        case Mode.OFF if temperature < low:
            return Mode.HEAT
        case Mode.OFF if temperature > high:
            return Mode.COOL
        case Mode.HEAT if temperature > low + 1:
            return Mode.OFF
        case Mode.COOL if temperature < high - 1:
            return Mode.OFF
        case _:
            return mode


@program(np.array([0.3, 0.15, 0.2]), 2.5, by_values=True)
def building_energy(insulation, capacity):
    """Three rooms exchange heat; a thermostat with hysteresis switches heating and cooling."""
    temperature = np.array([19.0, 22.0, 24.0])
    outside = 10 + 12 * np.sin(np.linspace(0, 2 * np.pi, 24))
    coupling = np.array([[0, 0.2, 0], [0.2, 0, 0.1], [0, 0.1, 0]])
    modes = [Mode.OFF] * 3
    used = Counter()
    energy = 0.0
    for hour, out in enumerate(outside):
        flow = insulation * (out - temperature) + coupling @ temperature - coupling.sum(axis=1) * temperature
        for room in range(3):
            modes[room] = wanted(modes[room], temperature[room], 18.0, 25.0)
            used[modes[room].value] += 1
            power = {Mode.OFF: 0.0, Mode.HEAT: 2.0, Mode.COOL: -2.0}[modes[room]]
            flow[room] += power
            energy += abs(power) * (1 + 0.01 * abs(out - temperature[room]))
        temperature = temperature + flow / capacity
    return energy / 10 + np.sum((temperature - 21) ** 2) + 0.01 * used["heat"]


# -- vehicles --------------------------------------------------------------------------------------------


class Stage(NamedTuple):
    dry: float
    fuel: float
    exhaust: float
    burn: float


@program(np.array([8.0, 2.0]), np.array([60.0, 12.1]), 0.25, by_values=True)
def staged_rocket(dry, fuel, drag):
    """Height of a rocket of two stages, thrust against gravity and thin air, staging when the fuel is gone."""
    stages = [Stage(d, f, v, b) for d, f, v, b in zip(dry, fuel, (2.6, 3.2), (0.9, 0.15))]
    height = speed = 0.0
    dt = 2.0
    left = list(fuel)
    payload = 1.0
    while stages:
        stage = stages[0]
        if left[0] <= 0:
            stages.pop(0)
            left.pop(0)
            continue
        burnt = min(stage.burn * dt, left[0])
        mass = payload + sum(s.dry for s in stages) + sum(left)
        air = 1.2 * math.exp(-height / 8.0)
        thrust = stage.exhaust * burnt / dt
        speed += dt * (thrust - drag * air * speed * abs(speed)) / mass - dt * 0.00981
        height = max(height + dt * speed, 0.0)
        left[0] -= burnt
    return height / 1000 + speed


@program(np.array([0.0, 1.0, 2.2, 3.1, 3.9]), 1.4)
def intelligent_driver(positions, headway):
    """A platoon of cars behind a leader that brakes (Treiber's model)."""
    x = positions[::-1].copy() * 10
    v = np.full(len(x), 12.0)
    closest = np.inf
    for step in range(20):
        lead_v = 12.0 if step < 5 else 6.0
        gap = np.concatenate([[100.0], x[:-1] - x[1:] - 4.0])
        ahead = np.concatenate([[lead_v], v[:-1]])
        desired = 2.0 + np.maximum(v * headway + v * (v - ahead) / 3.5, 0.0)
        a = 1.2 * (1 - (v / 15) ** 4 - (desired / gap) ** 2)
        v = np.clip(v + 0.25 * a, 0.0, None)
        x = x + 0.25 * v
        closest = min(closest, gap[1:].min())
    return closest + 0.1 * np.std(v)


@program(np.array([[4.1, 2.3, 3.05], [1.2, 5.15, 2.55], [2.05, 0.9, 4.3]]), 0.3)
def flow_shop_makespan(times, softness):
    """The best order of jobs on three machines, and a soft minimum over all orders."""
    lengths = []
    from itertools import permutations

    for order in permutations(range(3)):
        finish = [0.0] * 3
        for job in order:
            ready = 0.0
            for machine in range(3):
                ready = max(ready, finish[machine]) + times[job, machine]
                finish[machine] = ready
        lengths.append(finish[-1])
    shortest = min(lengths)
    weights = [math.exp(-(value - shortest) / softness) for value in lengths]
    return shortest - softness * math.log(sum(weights) / len(weights))


# -- chemistry at scale -----------------------------------------------------------------------------------


@program(2.4, 0.45, 1.8)
def distillation_stages(volatility, feed, reflux):
    """McCabe and Thiele: steps between equilibrium and operating lines, the last one in part."""
    top, bottom = 0.95, 0.05

    def vapour(x):
        return volatility * x / (1 + (volatility - 1) * x)

    def liquid(y):
        return y / (volatility - (volatility - 1) * y)

    cross = vapour(feed)
    y = top
    stages = 0
    x = liquid(y)
    while x > bottom and stages < 40:
        if x > feed:
            y = reflux / (reflux + 1) * x + top / (reflux + 1)
        else:
            y_feed = reflux / (reflux + 1) * feed + top / (reflux + 1)
            y = bottom + (y_feed - bottom) / (feed - bottom) * (x - bottom)
        previous, x = x, liquid(y)
        stages += 1
    return stages + (previous - bottom) / (previous - x) + 0.1 * cross


@program(np.array([0.5, 0.3, 0.8]), 1.2)
def reaction_network_by_species(rates, start):
    """Reactions as dictionaries of species; mass-action kinetics by Euler steps."""
    reactions = [({"A": 1}, {"B": 2}, rates[0]), ({"B": 2}, {"C": 1}, rates[1]), ({"A": 1, "C": 1}, {"D": 1}, rates[2])]
    amounts = {"A": start, "B": 0.1, "C": 0.0, "D": 0.0}
    for _ in range(12):
        change = dict.fromkeys(amounts, 0.0)
        for left, right, k in reactions:
            speed = k * math.prod(amounts[s] ** n for s, n in left.items())
            for s, n in chain(((s, -n) for s, n in left.items()), right.items()):
                change[s] += n * speed
        amounts = {s: amounts[s] + 0.1 * change[s] for s in amounts}
    return amounts["D"] + 0.5 * amounts["B"] ** 2


@program(np.array([0.08, 0.2, 0.15]), 40.0, by_values=True)
def heat_exchanger_network(exchange, pinch):
    """Streams exchange heat in pairs by the effectiveness method; utilities pay for the rest."""
    hot = {"h1": [170.0, 3.0], "h2": [150.0, 1.5]}
    cold = {"c1": [20.0, 2.0], "c2": [80.0, 4.0]}
    for (h, c), ua in zip([("h1", "c2"), ("h2", "c2"), ("h2", "c1")], exchange * 10):
        (th, ch), (tc, cc) = hot[h], cold[c]
        small, large = min(ch, cc), max(ch, cc)
        ratio = small / large
        ntu = ua / small
        e = math.exp(-ntu * (1 - ratio))
        effectiveness = (1 - e) / (1 - ratio * e)
        q = effectiveness * small * (th - tc)
        hot[h][0] -= q / ch
        cold[c][0] += q / cc
    steam = sum(flow * max(160.0 - t, 0.0) for t, flow in cold.values())
    water = sum(flow * max(t - pinch, 0.0) for t, flow in hot.values())
    return steam / 100 + 0.2 * water / 100


@pytest.mark.parametrize("case", programs(__name__))
def test_program(case):
    case.check()
