"""Kinetics, thermodynamics, genetics, physiology, ecology."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Optional

import numpy as np
import pytest

from tests.realistic.programs import program, programs

logger = logging.getLogger(__name__)


# -- kinetics ------------------------------------------------------------------------------------------------------


@dataclass
class Reaction:
    reactants: dict
    products: dict
    k: float

    def rate(self, c):
        r = self.k
        for name, order in self.reactants.items():
            r = r * c[name] ** order
        return r


class Mechanism:
    def __init__(self, reactions, species):
        self.reactions = reactions
        self.index = {s: i for i, s in enumerate(species)}

    def __len__(self):
        return len(self.index)

    def rhs(self, t, y):
        conc = {s: y[i] for s, i in self.index.items()}
        dydt = np.zeros_like(y)
        for reaction in self.reactions:
            r = reaction.rate(conc)
            for s, nu in reaction.reactants.items():
                dydt[self.index[s]] -= nu * r
            for s, nu in reaction.products.items():
                dydt[self.index[s]] += nu * r
        return dydt


def rk4(f, y, t0, t1, n):
    h = (t1 - t0) / n
    t = t0
    for _ in range(n):
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        k3 = f(t + h / 2, y + h / 2 * k2)
        k4 = f(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y


@program(1.2, 0.5, np.array([1.0, 0.8, 0.0, 0.0]))
def reaction_mechanism(kf, kr, c0):
    """A + B <-> C -> 2 D, as objects with dictionaries of stoichiometric coefficients."""
    mech = Mechanism(
        [Reaction({"A": 1, "B": 1}, {"C": 1}, kf), Reaction({"C": 1}, {"A": 1, "B": 1}, kr), Reaction({"C": 1}, {"D": 2}, 0.7)],
        species="ABCD",
    )
    assert len(mech) == 4
    y = rk4(mech.rhs, c0, 0.0, 1.0, 10)
    yield_ = y[3] / (c0[0] + c0[1])
    return yield_ + 0.1 * y[2]


def newton_system(F, J, y, tol=1e-10, maxit=20):
    for it in range(maxit):
        r = F(y)
        if np.linalg.norm(r) < tol:
            logger.debug("converged in %d iterations", it)
            break
        y = y - np.linalg.solve(J(y), r)
    else:
        raise ArithmeticError("Newton did not converge")
    return y


@program(np.array([0.04, 1.0, 0.3]), by_values=True)
def robertson_backward_euler(k):
    """A stiff system by backward Euler and Newton."""
    k1, k2, k3 = k

    def f(y):
        a, b, c = y
        return np.array([-k1 * a + k2 * b * c, k1 * a - k2 * b * c - k3 * b**2, k3 * b**2])

    def jac(y):
        a, b, c = y
        return np.array([[-k1, k2 * c, k2 * b], [k1, -k2 * c - 2 * k3 * b, -k2 * b], [0.0, 2 * k3 * b, 0.0]])

    y = np.array([1.0, 0.0, 0.0])
    h = 0.5
    out = [y]
    for step in range(6):
        y_old = y
        y = newton_system(lambda z: z - y_old - h * f(z), lambda z: np.eye(3) - h * jac(z), y_old)
        out.append(y)
        h *= 1.3
    out = np.asarray(out)
    return np.sum(out[:, 1]) * 10 + out[-1, 2]


@program(350.0, np.array([0.3, 0.3, 0.4]), 2.5)
def flash_calculation(T, z, P):
    """Rachford-Rice flash with Antoine coefficients; bisection on the vapour fraction."""
    antoine = np.array([[9.3, 2700.0, -48.0], [9.2, 2900.0, -54.0], [9.4, 3300.0, -60.0]])
    A, B, C = antoine.T
    K = np.exp(A - B / (T + C)) / P

    def rachford_rice(v):
        return np.sum(z * (K - 1) / (1 + v * (K - 1)))

    lo, hi = 0.0, 1.0
    if rachford_rice(lo) < 0:
        v = 0.0
    elif rachford_rice(hi) > 0:
        v = 1.0
    else:
        while hi - lo > 1e-3:
            mid = 0.5 * (lo + hi)
            if rachford_rice(mid) > 0:
                lo = mid
            else:
                hi = mid
        v = 0.5 * (lo + hi)
        for _ in range(4):
            slope = -np.sum(z * (K - 1) ** 2 / (1 + v * (K - 1)) ** 2)
            v -= rachford_rice(v) / slope
    x = z / (1 + v * (K - 1))
    y = K * x
    return v + x[0] - y[2]


class PengRobinson:
    R = 8.314

    def __init__(self, Tc, Pc, omega):
        self.Tc, self.Pc, self.omega = Tc, Pc, omega
        self.b = 0.0778 * self.R * Tc / Pc

    @property
    def kappa(self):
        w = self.omega
        return 0.37464 + 1.54226 * w - 0.26992 * w**2

    def a(self, T):
        alpha = (1 + self.kappa * (1 - np.sqrt(T / self.Tc))) ** 2
        return 0.45724 * (self.R * self.Tc) ** 2 / self.Pc * alpha

    def compressibility(self, T, P, phase="vapour"):
        A = self.a(T) * P / (self.R * T) ** 2
        B = self.b * P / (self.R * T)
        Z = 1.0 if phase == "vapour" else B * 1.1
        for _ in range(100):
            f = Z**3 - (1 - B) * Z**2 + (A - 3 * B**2 - 2 * B) * Z - (A * B - B**2 - B**3)
            df = 3 * Z**2 - 2 * (1 - B) * Z + (A - 3 * B**2 - 2 * B)
            dZ = f / df
            Z -= dZ
            if abs(dZ) < 1e-12:
                return Z, A, B
        raise RuntimeError("no root")

    def log_fugacity(self, T, P, **kwargs):
        Z, A, B = self.compressibility(T, P, **kwargs)
        s2 = np.sqrt(2)
        return Z - 1 - np.log(Z - B) - A / (2 * s2 * B) * np.log((Z + (1 + s2) * B) / (Z + (1 - s2) * B))


@program(350.0, 8e5, 0.2)
def cubic_equation_of_state(T, P, omega):
    """Fugacities of vapour and liquid by the Peng-Robinson equation."""
    fluid = PengRobinson(Tc=425.0, Pc=3.8e6, omega=omega)
    return fluid.log_fugacity(T, P) - fluid.log_fugacity(T, P, phase="liquid")


@program(np.array([0.02, 0.1]), 4.76)
def titration_curve(conc, pKa):
    """The pH of a weak acid with base added, by charge balance."""
    c_acid, c_base = conc
    Ka = 10.0**-pKa
    Kw = 1e-14
    pHs = []
    for volume in np.linspace(0.5, 30, 8):
        total = 100 + volume
        ca = c_acid * 100 / total
        cb = c_base * volume / total
        pH = 7.0
        for _ in range(60):
            H = 10.0**-pH
            balance = H + cb - Kw / H - ca * Ka / (Ka + H)
            slope = -math.log(10) * (H + Kw / H + ca * Ka * H / (Ka + H) ** 2)
            delta = balance / slope
            delta = max(-1.0, min(1.0, delta))
            pH -= delta
            if abs(delta) < 1e-13:
                break
        pHs.append(pH)
    return np.trapezoid(pHs) if hasattr(np, "trapezoid") else np.trapz(pHs)


@program(np.array([[0.0, 0.0, 0.1], [1.1, 0.1, 0.0], [0.2, 1.2, -0.1], [1.0, 1.1, 0.9]]), 1.0, by_values=True)
def molecular_force_field(xyz, k_bond):
    """Bonds, angles, one torsion, and nonbonded terms."""
    bonds = [(0, 1), (1, 3), (0, 2)]
    angles = [(1, 0, 2), (0, 1, 3)]
    dihedrals = [(2, 0, 1, 3)]

    def norm(v):
        return np.sqrt(np.dot(v, v))

    E = 0.0
    for i, j in bonds:
        E += k_bond * (norm(xyz[i] - xyz[j]) - 1.0) ** 2
    for i, j, k in angles:
        a, b = xyz[i] - xyz[j], xyz[k] - xyz[j]
        cos = np.clip(np.dot(a, b) / (norm(a) * norm(b)), -1, 1)
        E += 0.5 * (np.arccos(cos) - np.deg2rad(109.5)) ** 2
    for i, j, k, l in dihedrals:
        b1, b2, b3 = xyz[j] - xyz[i], xyz[k] - xyz[j], xyz[l] - xyz[k]
        n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
        phi = np.arctan2(norm(b2) * np.dot(b1, n2), np.dot(n1, n2))
        E += 0.3 * (1 + np.cos(3 * phi - np.pi / 3))
    excluded = set(bonds) | {(j, i) for i, j in bonds}
    for i in range(len(xyz)):
        for j in range(i + 1, len(xyz)):
            if (i, j) in excluded:
                continue
            r = norm(xyz[i] - xyz[j])
            E += 4 * 0.05 * ((0.9 / r) ** 12 - (0.9 / r) ** 6)
    return E


def hartree_fock_step(F, n_occ):
    eps, C = np.linalg.eigh(F)
    occ = C[:, :n_occ]
    return 2 * occ @ occ.T, eps


@program(1.0, 0.4, np.array([0.1, -0.2, 0.3, 0.0]))
def hubbard_mean_field(t, U, site):
    """A self-consistent mean-field calculation of a small chain, with damping."""
    n = len(site)
    H = np.diag(site) - t * (np.eye(n, k=1) + np.eye(n, k=-1))
    P = np.eye(n)
    energy_old: Optional[float] = None
    for cycle in range(100):
        F = H + U / 2 * np.diag(np.diag(P))
        P_new, eps = hartree_fock_step(F, n // 2)
        energy = 0.5 * np.sum(P_new * (H + F))
        if energy_old is not None and abs(energy - energy_old) < 1e-13:
            break
        P = 0.7 * P_new + 0.3 * P
        energy_old = energy
    return energy + eps[n // 2] - eps[n // 2 - 1]


# -- populations -----------------------------------------------------------------------------------------------------


@program(np.array([0.3, 0.7]), 0.02, 1e-3)
def wright_fisher_selection(freqs, s, mu):
    """Two-locus selection and mutation, with recombination of haplotypes in a dict keyed by strings."""
    p, q = freqs
    hap = {"AB": p * q, "Ab": p * (1 - q), "aB": (1 - p) * q, "ab": (1 - p) * (1 - q)}
    fitness = {"AB": 1 + s, "Ab": 1 - s / 2, "aB": 1.0, "ab": 1 + s**2}
    r = 0.1
    for generation in range(12):
        wbar = sum(hap[h] * fitness[h] for h in hap)
        hap = {h: x * fitness[h] / wbar for h, x in hap.items()}
        D = hap["AB"] * hap["ab"] - hap["Ab"] * hap["aB"]
        for h in hap:
            sign = -1 if h in ("AB", "ab") else 1
            hap[h] += sign * r * D
        mutated = dict.fromkeys(hap, 0.0)
        for h, x in hap.items():
            flipped = h.swapcase()
            mutated[h] += (1 - mu) * x
            mutated[flipped] += mu * x
        hap = mutated
    return hap["AB"] + 10 * (hap["AB"] * hap["ab"] - hap["Ab"] * hap["aB"])


@program(np.array([5.0, 10.0, 3.0, 1.0]), np.array([0.0, 1.2, 1.6, 0.4]), np.array([0.5, 0.8, 0.3]), by_values=True)
def leslie_matrix_growth(n0, fecundity, survival):
    """Age-structured growth; the dominant eigenvalue by power iteration and the sensitivity to harvest."""
    k = len(n0)
    L = np.zeros((k, k))
    L[0] = fecundity
    L[np.arange(1, k), np.arange(k - 1)] = survival
    n = n0.copy()
    total = []
    for year in range(15):
        n = L @ n
        if year > 10:
            n[-1] *= 0.5
        total.append(n.sum())
    growth = np.diff(np.log(total))
    lam = np.max(np.abs(np.linalg.eigvals(L)))
    return growth[-1] + lam


@program({"beta": 0.4, "sigma": 0.2, "gamma": 0.1, "vaccine": 0.05}, np.array([0.9, 0.05, 0.05, 0.0]))
def seir_with_interventions(params, start):
    """SEIR with lockdown switching on and off, vaccination from a day on; peak and total infections."""

    def step(state, beta, sigma, gamma, vaccine=0.0, dt=0.5):
        S, E, I, R = state
        new_exposed = beta * S * I * dt
        new_infectious = sigma * E * dt
        new_recovered = gamma * I * dt
        vaccinated = min(vaccine * dt, S) if vaccine else 0.0
        return np.array([S - new_exposed - vaccinated, E + new_exposed - new_infectious, I + new_infectious - new_recovered, R + new_recovered + vaccinated])

    rates = {**params}
    vaccine = rates.pop("vaccine")
    lockdown = False
    trajectory = np.empty((60, 4))
    trajectory[0] = start
    for day in range(1, 60):
        infectious = trajectory[day - 1, 2]
        if lockdown and infectious < 0.09:
            lockdown = False
        elif not lockdown and infectious > 0.12:
            lockdown = True
        beta = rates["beta"] * (0.4 if lockdown else 1.0)
        kw = dict(rates, beta=beta)
        if day > 20:
            kw["vaccine"] = vaccine
        trajectory[day] = step(trajectory[day - 1], **kw)
    return trajectory[:, 2].max() + trajectory[-1, 3]


class Neuron:
    __slots__ = ("v", "w", "spikes", "params")

    def __init__(self, v=-65.0, w=0.0, **params):
        self.v = v
        self.w = w
        self.spikes = []
        self.params = {"C": 200.0, "gL": 10.0, "EL": -65.0, "VT": -50.0, "DT": 2.0, "tau": 50.0, "a": 2.0, "b": 30.0, **params}

    def step(self, I, dt, t):
        p = self.params
        dv = (-p["gL"] * (self.v - p["EL"]) + p["gL"] * p["DT"] * math.exp(min((self.v - p["VT"]) / p["DT"], 10)) - self.w + I) / p["C"]
        dw = (p["a"] * (self.v - p["EL"]) - self.w) / p["tau"]
        self.v += dt * dv
        self.w += dt * dw
        if self.v > -30:
            self.v = -58.0
            self.w += p["b"]
            self.spikes.append(t)


@program(600.0, 30.0)
def adaptive_exponential_neurons(current, b):
    """Two coupled spiking neurons; mean voltage and adaptation after spikes."""
    first, second = Neuron(b=b), Neuron(v=-60.0)
    dt = 0.5
    mean = 0.0
    for k in range(80):
        t = k * dt
        n_before = len(first.spikes)
        first.step(current, dt, t)
        drive = 300.0 if len(first.spikes) > n_before else 0.0
        second.step(0.5 * current + drive, dt, t)
        mean += (first.v + second.v) / 160
    return mean + 0.01 * first.w + 0.01 * second.w


@pytest.mark.parametrize("program", programs(__name__))
def test_life_and_chemistry(program):
    program.check()
