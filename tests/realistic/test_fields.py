"""Partial differential equations, lattices and grids."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(2)


# -- gas dynamics ----------------------------------------------------------------------------------------

GAMMA = 1.4


def minmod(a, b):
    return np.where(a * b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)


def van_leer(a, b):
    product = a * b
    return np.where(product > 0, 2 * product / (a + b + 1e-30), 0.0)


LIMITERS = {"minmod": minmod, "vanleer": van_leer}


def primitive(U):
    rho, mom, E = U
    u = mom / rho
    p = (GAMMA - 1) * (E - 0.5 * rho * u**2)
    return rho, u, p


def euler_flux(U):
    rho, u, p = primitive(U)
    return np.array([rho * u, rho * u**2 + p, u * (U[2] + p)])


def hll(UL, UR):
    (rl, ul, pl), (rr, ur, pr) = primitive(UL), primitive(UR)
    cl, cr_ = np.sqrt(GAMMA * pl / rl), np.sqrt(GAMMA * pr / rr)
    sl = np.minimum(ul - cl, ur - cr_)
    sr = np.maximum(ul + cl, ur + cr_)
    FL, FR = euler_flux(UL), euler_flux(UR)
    middle = (sr * FL - sl * FR + sl * sr * (UR - UL)) / (sr - sl)
    return np.where(sl > 0, FL, np.where(sr < 0, FR, middle))


@program(1.0, 0.3, "vanleer")
@program(1.0, 0.3, "minmod")
def sod_shock_tube(p_left, p_right, limiter):
    """Momentum in a shock tube after some steps of a second-order finite volume scheme."""
    n, dx = 20, 0.05
    x = (np.arange(n) + 0.5) * dx
    rho = np.where(x < 0.5, 1.0, 0.125)
    p = np.where(x < 0.5, p_left, p_right)
    U = np.stack([rho, np.zeros(n), p / (GAMMA - 1)])
    limit = LIMITERS[limiter]
    t, steps = 0.0, 0
    while t < 0.06 and steps < 10:
        rho, u, p = primitive(U)
        dt = 0.4 * dx / np.max(np.abs(u) + np.sqrt(GAMMA * p / rho))
        dt = min(dt, 0.06 - t)
        padded = np.concatenate([U[:, :1], U[:, :1], U, U[:, -1:], U[:, -1:]], axis=1)
        slopes = limit(padded[:, 1:-1] - padded[:, :-2], padded[:, 2:] - padded[:, 1:-1])
        inner = padded[:, 1:-1]
        left = (inner + 0.5 * slopes)[:, :-1]
        right = (inner - 0.5 * slopes)[:, 1:]
        F = hll(left, right)
        U = U - dt / dx * (F[:, 1:] - F[:, :-1])
        t += dt
        steps += 1
    return np.sum(U[1]) * dx


# -- heat ---------------------------------------------------------------------------------------------------


def dirichlet(u, left, right):
    u[0], u[-1] = left, right


def neumann(u):
    u[0], u[-1] = u[1], u[-2]


def robin(u, h, ambient, dx):
    u[0] = (u[1] + h * dx * ambient) / (1 + h * dx)
    u[-1] = (u[-2] + h * dx * ambient) / (1 + h * dx)


def heat_solver(u0, kappa, boundary, steps=12, dx=0.1, dt=0.002):
    u = np.array(u0)
    boundary(u)
    for n in range(steps):
        u[1:-1] += kappa * dt / dx**2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        boundary(u)
    return u


@program(np.sin(np.linspace(0, 3, 9)), 0.8, 0.3)
def heat_with_boundary_callbacks(u0, kappa, ambient):
    """One rod, three kinds of boundary, each a callback."""
    results = {}
    for name, boundary in [("dirichlet", partial(dirichlet, left=0.1, right=ambient)), ("neumann", neumann),
                           ("robin", lambda u: robin(u, 2.0, ambient, 0.1))]:
        results[name] = heat_solver(u0, kappa, boundary)
    return sum(np.sum(u**2) * w for u, w in zip(results.values(), (1.0, 0.5, 0.25)))


def thomas(a, b, c, d):
    """Tridiagonal system, in place on copies."""
    n = len(d)
    c, d = c.copy(), d.copy()
    c[0] /= b[0]
    d[0] /= b[0]
    for i in range(1, n):
        m = b[i] - a[i] * c[i - 1]
        if i < n - 1:
            c[i] /= m
        d[i] = (d[i] - a[i] * d[i - 1]) / m
    for i in range(n - 2, -1, -1):
        d[i] -= c[i] * d[i + 1]
    return d


@program(np.array([0.2, 0.5, 1.0, 0.8, 0.4, 0.1]), 0.7)
def crank_nicolson(u, D):
    """Diffusion by Crank-Nicolson with the Thomas algorithm."""
    dx, dt = 0.2, 0.01
    r = D * dt / dx**2
    n = len(u)
    a = np.full(n, -r / 2)
    b = np.full(n, 1 + r)
    c = np.full(n, -r / 2)
    for _ in range(5):
        rhs = (1 - r) * u
        rhs[1:] += r / 2 * u[:-1]
        rhs[:-1] += r / 2 * u[1:]
        u = thomas(a, b, c, rhs)
    return np.sum(u * np.arange(n))


# -- Poisson ----------------------------------------------------------------------------------------------------


@program(rng.normal(size=(5, 5)), 1.4)
def successive_over_relaxation(f, omega):
    """Poisson's equation by SOR sweeps in place until the residual is small."""
    u = np.zeros((7, 7))
    h2 = (1 / 6) ** 2
    for sweep in range(60):
        biggest = 0.0
        for i in range(1, 6):
            for j in range(1, 6):
                old = u[i, j]
                new = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - h2 * f[i - 1, j - 1])
                u[i, j] = (1 - omega) * old + omega * new
                biggest = max(biggest, abs(u[i, j] - old))
        if biggest < 1e-4:
            break
    return np.sum(u**2) * 100


def smooth(u, f, h, sweeps):
    for _ in range(sweeps):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1] + h * h * f[i])


def residual(u, f, h):
    r = np.zeros_like(u)
    r[1:-1] = f[1:-1] + (u[2:] - 2 * u[1:-1] + u[:-2]) / h**2
    return r


def v_cycle(u, f, h):
    n = len(u)
    if n <= 3:
        u[1] = 0.5 * h * h * f[1]
        return u
    smooth(u, f, h, 2)
    r = residual(u, f, h)
    coarse = np.zeros((n + 1) // 2)
    coarse[1:-1] = 0.25 * r[1:-2:2] + 0.5 * r[2:-1:2] + 0.25 * r[3::2]
    e = v_cycle(np.zeros_like(coarse), coarse, 2 * h)
    u[::2] += e
    u[1::2] += 0.5 * (e[:-1] + e[1:])
    smooth(u, f, h, 2)
    return u


@program(np.sin(np.linspace(0, 4, 17)), by_values=True)
def multigrid(f):
    """Two V-cycles for Poisson's equation in one dimension."""
    u = np.zeros(len(f))
    for _ in range(2):
        u = v_cycle(u, f, 1 / 16)
    return np.sum(u * f) + np.max(np.abs(u))


# -- lattices ---------------------------------------------------------------------------------------------------

C = np.array([(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)])
WEIGHTS = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
OPPOSITE = [0, 3, 4, 1, 2, 7, 8, 5, 6]


def equilibrium(rho, ux, uy):
    usqr = 1.5 * (ux**2 + uy**2)
    feq = []
    for (cx, cy), w in zip(C, WEIGHTS):
        cu = 3 * (cx * ux + cy * uy)
        feq.append(w * rho * (1 + cu + 0.5 * cu**2 - usqr))
    return np.array(feq)


@program(0.08, 0.7)
def lattice_boltzmann(inflow, tau):
    """Flow around an obstacle: stream with np.roll, bounce back, relax."""
    nx, ny = 8, 6
    obstacle = np.zeros((nx, ny), dtype=bool)
    obstacle[3:5, 2:4] = True
    rho = np.ones((nx, ny))
    f = equilibrium(rho, inflow * np.ones((nx, ny)), np.zeros((nx, ny)))
    for step in range(6):
        rho = f.sum(axis=0)
        ux = (f * C[:, 0, None, None]).sum(axis=0) / rho
        uy = (f * C[:, 1, None, None]).sum(axis=0) / rho
        ux[0, :] = inflow
        feq = equilibrium(rho, ux, uy)
        fout = f - (f - feq) / tau
        for i in range(9):
            fout[i, obstacle] = f[OPPOSITE[i], obstacle]
        for i, (cx, cy) in enumerate(C):
            f[i] = np.roll(np.roll(fout[i], cx, axis=0), cy, axis=1)
    return np.sum(ux**2 + uy**2) + np.sum(f[1, obstacle])


@program(rng.normal(size=(4, 4)), 0.6, 0.1)
def mean_field_ising(h, beta, coupling):
    """Mean-field magnetisation with damped sweeps over a periodic lattice."""
    n = len(h)
    m = np.tanh(beta * h)
    for sweep in range(5):
        previous = m.copy()
        for i in range(n):
            for j in range(n):
                neighbours = sum(m[(i + di) % n, (j + dj) % n] for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1)))
                m[i, j] = 0.5 * m[i, j] + 0.5 * np.tanh(beta * (h[i, j] + coupling * neighbours))
        if np.abs(m - previous).max() < 1e-8:
            break
    return m.mean() ** 2 + m[0, 0]


@program(0.9, np.linspace(-1, 1, 12))
def advection_upwind(c, u):
    """Upwind advection with a velocity that may change sign, periodic by index arithmetic."""
    n = len(u)
    dx = 2 / n
    for step in range(8):
        new = np.empty_like(u)
        for i in range(n):
            speed = c * np.cos(step * 0.4)
            if speed > 0:
                slope = (u[i] - u[i - 1]) / dx
            else:
                slope = (u[(i + 1) % n] - u[i]) / dx
            new[i] = u[i] - 0.02 * speed * slope
        u = new
    return np.sum(u**3)


@program(0.16, 0.08, 0.06, 0.035)
def gray_scott(Du, Dv, k, F):
    """Reaction and diffusion on a small grid, Laplacian by np.roll."""

    def laplacian(z):
        return sum(np.roll(z, s, axis) for axis in (0, 1) for s in (1, -1)) - 4 * z

    size = 8
    U, V = np.ones((size, size)), np.zeros((size, size))
    centre = slice(size // 2 - 1, size // 2 + 1)
    U[centre, centre], V[centre, centre] = 0.5, 0.25
    for _ in range(10):
        uvv = U * V * V
        U, V = U + Du * laplacian(U) - uvv + F * (1 - U), V + Dv * laplacian(V) + uvv - (F + k) * V
    return np.sum(V**2)


@program(np.array([0.3, 1.0, 0.4]))
def shallow_water(params):
    """Staggered grid in a dictionary of fields, updated in place; total energy at the end."""
    height, width, friction = params
    n = 10
    x = np.linspace(0, 1, n)
    state = {"h": 1.0 + height * np.exp(-((x - 0.5) ** 2) / (0.1 * width)), "u": np.zeros(n + 1), "t": 0.0}
    dx, dt, g = 1 / n, 0.01, 9.81
    while state["t"] < 0.08:
        state["u"][1:-1] -= dt * (g * (state["h"][1:] - state["h"][:-1]) / dx + friction * state["u"][1:-1])
        hu = state["u"][1:-1] * 0.5 * (state["h"][1:] + state["h"][:-1])
        state["h"][:-1] -= dt * hu / dx
        state["h"][1:] += dt * hu / dx
        state["t"] += dt
    return 0.5 * np.sum(g * state["h"] ** 2) + np.sum(state["u"] ** 2)


@cache
def gauss_legendre(n):
    return np.polynomial.legendre.leggauss(n)


@program(np.array([0.5, 1.2, 0.8, 1.0]), 3)
def finite_elements(conductivity, order):
    """Assembly of linear elements with cached quadrature, a Dirichlet end and a solve."""
    points, weights = gauss_legendre(order)
    n = len(conductivity)
    K = np.zeros((n + 1, n + 1))
    F = np.zeros(n + 1)
    h = 1 / n
    for e in range(n):
        dofs = [e, e + 1]
        ke = conductivity[e] / h * np.array([[1.0, -1.0], [-1.0, 1.0]])
        for a in range(2):
            for b in range(2):
                K[dofs[a], dofs[b]] += ke[a, b]
        for xi, w in zip(points, weights):
            N = np.array([(1 - xi) / 2, (1 + xi) / 2])
            source = np.sin(np.pi * (e + (1 + xi) / 2) * h)
            F[e:e + 2] += N * source * w * h / 2
    u = np.zeros(n + 1)
    u[1:] = np.linalg.solve(K[1:, 1:], F[1:])
    return u[-1] + F @ u


def fft(x):
    n = len(x)
    if n == 1:
        return x
    even, odd = fft(x[::2]), fft(x[1::2])
    twiddle = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate([even + twiddle, even - twiddle])


@program(np.array([0.1, 0.5, -0.3, 0.8, 1.2, -0.7, 0.2, 0.4]), by_values=True)
def spectral_filter(x):
    """A recursive FFT, a low-pass filter and the energy that is left."""
    spectrum = fft(x.astype(complex))
    frequencies = np.minimum(np.arange(8), 8 - np.arange(8))
    filtered = spectrum * np.exp(-0.3 * frequencies**2)
    return np.sum(np.abs(filtered) ** 2) / len(x)


@pytest.mark.parametrize("program", programs(__name__))
def test_fields(program):
    program.check()
