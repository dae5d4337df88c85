"""Control, estimation, robots, games' physics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import pytest
from numpy.linalg import inv, norm, solve

from tests.realistic.programs import program, programs

# -- control -------------------------------------------------------------------------------------------------------


def lqr(A, B, Q, R, N, Qf=None):
    """Finite-horizon discrete LQR. Returns the list of gains, first to last."""
    P = Q if Qf is None else Qf
    gains = [None] * N
    for k in range(N - 1, -1, -1):
        K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
        P = Q + A.T @ P @ (A - B @ K)
        gains[k] = K
    return gains, P


@program(np.array([1.0, 0.1]), 0.5, 0.2)
def tracking_lqr(q, r, damping):
    """LQR gains for a damped mass, applied with actuator limits."""
    dt = 0.1
    A = np.array([[1, dt], [0, 1 - damping * dt]])
    B = np.array([[0], [dt]])
    gains, P = lqr(A, B, np.diag(q), np.atleast_2d(r), 12, Qf=10 * np.diag(q))
    x = np.array([[1.0], [0.0]])
    cost = 0.0
    for K in gains:
        u = np.clip(-K @ x, -2.0, 2.0)
        cost += float(x.T @ np.diag(q) @ x) + float((u.T * r) @ u) if np.ndim(r) else (x.T @ np.diag(q) @ x).item() + (r * u**2).item()
        x = A @ x + B @ u
    return cost + (x.T @ P @ x)[0, 0]


class MPC:
    """Model predictive control by gradient steps over the horizon (condensed form)."""

    def __init__(self, A, B, horizon=5, weight=0.1):
        self.A, self.B = A, B
        self.horizon = horizon
        n, m = B.shape
        self.Phi = np.vstack([np.linalg.matrix_power(A, i + 1) for i in range(horizon)])
        self.Gamma = np.zeros((horizon * n, horizon * m))
        for i in range(horizon):
            for j in range(i + 1):
                self.Gamma[i * n:(i + 1) * n, j * m:(j + 1) * m] = np.linalg.matrix_power(A, i - j) @ B
        self.H = self.Gamma.T @ self.Gamma + weight * np.eye(horizon * m)

    def control(self, x, iterations=8, limit=1.0):
        g = self.Gamma.T @ self.Phi @ x
        U = np.zeros(self.horizon * self.B.shape[1])
        L = np.trace(self.H)
        for _ in range(iterations):
            U = np.clip(U - (self.H @ U + g) / L, -limit, limit)
        return U[:self.B.shape[1]]


@program(np.array([[1.0, 0.2], [-0.1, 0.95]]), 0.3)
def model_predictive_control(A, weight):
    controller = MPC(A, np.array([[0.02], [0.2]]), horizon=4, weight=weight)
    x = np.array([1.0, -0.5])
    total = 0
    for _ in range(5):
        u = controller.control(x)
        x = controller.A @ x + controller.B @ u
        total += x @ x + weight * u @ u
    return total


@program(np.array([0.0, 0.0, 0.3]), 0.05)
def extended_kalman_slam(pose, noise):
    """An extended Kalman filter of a robot that measures ranges and bearings to known landmarks."""
    landmarks = {"tree": (2.0, 1.0), "rock": (1.0, -1.5), "pole": (3.0, 0.2)}
    Q = np.diag([noise, noise, noise / 2]) ** 2
    R = np.diag([0.1, 0.05]) ** 2
    mu, Sigma = pose.copy(), np.eye(3) * 0.1
    loglik = 0.0

    def wrap(a):
        return (a + np.pi) % (2 * np.pi) - np.pi

    for t in range(4):
        v, w, dt = 0.5, 0.1, 0.5
        th = mu[2]
        mu = mu + np.array([v * np.cos(th) * dt, v * np.sin(th) * dt, w * dt])
        G = np.array([[1, 0, -v * np.sin(th) * dt], [0, 1, v * np.cos(th) * dt], [0, 0, 1]])
        Sigma = G @ Sigma @ G.T + Q
        for n, (name, (lx, ly)) in enumerate(landmarks.items()):
            dx, dy = lx - mu[0], ly - mu[1]
            q = dx**2 + dy**2
            if q > 8:
                continue
            r = np.sqrt(q)
            zhat = np.array([r, wrap(np.arctan2(dy, dx) - mu[2])])
            H = np.array([[-dx / r, -dy / r, 0], [dy / q, -dx / q, -1]])
            z = np.array([2.2 - 0.3 * t + 0.1 * n, 0.3 - 0.5 * n])
            S = H @ Sigma @ H.T + R
            y = z - zhat
            y[1] = wrap(y[1])
            K = Sigma @ H.T @ inv(S)
            mu = mu + K @ y
            mu[2] = wrap(mu[2])
            Sigma = (np.eye(3) - K @ H) @ Sigma
            loglik -= 0.5 * (y @ solve(S, y) + np.log(np.linalg.det(S)))
    return loglik / 10 + mu.sum()


def unscented_points(m, P, kappa=1.0):
    n = m.size
    L = np.linalg.cholesky((n + kappa) * P)
    points = [m]
    for i in range(n):
        points.append(m + L[:, i])
        points.append(m - L[:, i])
    w = np.full(2 * n + 1, 1 / (2 * (n + kappa)))
    w[0] = kappa / (n + kappa)
    return np.array(points), w


@program(np.array([0.5, 1.0]), 0.3, 0.2)
def unscented_kalman_pendulum(m0, q, r):
    """An unscented Kalman filter of a pendulum seen from above."""
    m, P = m0, 0.2 * np.eye(2)
    ys = [0.55, 0.7, 0.8, 0.75, 0.6]
    ll = 0.0
    dt = 0.2
    f = lambda x: np.array([x[0] + dt * x[1], x[1] - dt * 9.81 * np.sin(x[0])])
    h = lambda x: np.sin(x[0])
    for y in ys:
        X, w = unscented_points(m, P)
        X = np.array([f(x) for x in X])
        m = w @ X
        P = sum(wi * np.outer(x - m, x - m) for wi, x in zip(w, X)) + q * dt * np.eye(2)
        X, w = unscented_points(m, P)
        Z = np.array([h(x) for x in X])
        mz = np.dot(w, Z)
        S = w @ (Z - mz) ** 2 + r**2
        C = (w * (Z - mz)) @ (X - m)
        K = C / S
        m = m + K * (y - mz)
        P = P - np.outer(K, K) * S
        ll += -0.5 * (np.log(2 * np.pi * S) + (y - mz) ** 2 / S)
    return -ll


# -- robots --------------------------------------------------------------------------------------------------------


class Quaternion:
    def __init__(self, w, x, y, z):
        self.w, self.x, self.y, self.z = w, x, y, z

    @staticmethod
    def from_axis_angle(axis, angle):
        axis = axis / norm(axis)
        s = np.sin(angle / 2)
        return Quaternion(np.cos(angle / 2), *(s * axis))

    def __mul__(self, other):
        if isinstance(other, Quaternion):
            return Quaternion(
                self.w * other.w - self.x * other.x - self.y * other.y - self.z * other.z,
                self.w * other.x + self.x * other.w + self.y * other.z - self.z * other.y,
                self.w * other.y - self.x * other.z + self.y * other.w + self.z * other.x,
                self.w * other.z + self.x * other.y - self.y * other.x + self.z * other.w,
            )
        elif isinstance(other, (int, float)):
            return Quaternion(self.w * other, self.x * other, self.y * other, self.z * other)
        return NotImplemented

    __rmul__ = __mul__

    def __neg__(self):
        return Quaternion(-self.w, -self.x, -self.y, -self.z)

    def __abs__(self):
        return math.sqrt(sum(c * c for c in self))

    def __iter__(self):
        yield self.w
        yield self.x
        yield self.y
        yield self.z

    def conjugate(self):
        return Quaternion(self.w, -self.x, -self.y, -self.z)

    def rotate(self, v):
        p = self * Quaternion(0, *v) * self.conjugate()
        return np.array([p.x, p.y, p.z])

    def __repr__(self):
        return "Quaternion({:.3f}, {:.3f}, {:.3f}, {:.3f})".format(*self)


def slerp(a, b, t):
    dot = sum(p * q for p, q in zip(a, b))
    if dot < 0:
        b, dot = -b, -dot
    if dot > 0.9995:
        mixed = [p + t * (q - p) for p, q in zip(a, b)]
        size = math.sqrt(sum(m * m for m in mixed))
        return Quaternion(*[m / size for m in mixed])
    theta = math.acos(dot)
    wa, wb = math.sin((1 - t) * theta) / math.sin(theta), math.sin(t * theta) / math.sin(theta)
    return Quaternion(*(wa * p + wb * q for p, q in zip(a, b)))


@program(0.4, 2.1, np.array([1.0, 0.5, -0.3]), by_values=True)
def quaternion_interpolation(alpha, beta, axis):
    """Spherical interpolation between attitudes, written with a quaternion class."""
    a = Quaternion.from_axis_angle(axis, alpha)
    b = Quaternion.from_axis_angle(np.array([0.0, 1.0, 1.0]), beta)
    path = [slerp(a, b, t) for t in np.linspace(0, 1, 5)]
    tips = np.array([q.rotate([1.0, 0.0, 0.2]) for q in path])
    length = np.sum(np.sqrt(np.sum(np.diff(tips, axis=0) ** 2, axis=1)))
    return length + abs(2 * path[2]) + tips[-1, 2]


@dataclass
class Link:
    length: float
    mass: float
    angle: float = 0.0
    children: list = field(default_factory=list)

    def add(self, *children):
        self.children.extend(children)
        return self


def rot(theta):
    c, s = np.cos(theta), np.sin(theta)
    return np.array([[c, -s], [s, c]])


def centre_of_mass(link, origin, frame):
    """Recursive: returns total mass, and mass times position."""
    R = frame @ rot(link.angle)
    tip = origin + R @ np.array([link.length, 0.0])
    mass, moment = link.mass, link.mass * (origin + tip) / 2
    for child in link.children:
        m, mm = centre_of_mass(child, tip, R)
        mass += m
        moment = moment + mm
    return mass, moment


@program([0.3, -0.5, 0.8, 1.1], 1.5)
def branching_mechanism(angles, m):
    """The centre of mass of a tree of links."""
    torso = Link(1.0, m, angles[0])
    torso.add(Link(0.6, 0.4, angles[1]), Link(0.6, 0.4, angles[2]).add(Link(0.3, 0.1, angles[3])))
    mass, moment = centre_of_mass(torso, np.zeros(2), np.eye(2))
    com = moment / mass
    return com[0] ** 2 + 3 * com[1]


@program(np.array([[0.0, 0.0], [0.5, 0.8], [1.2, 0.9], [2.0, 0.3]]), 0.6)
def trajectory_optimisation(waypoints, clearance):
    """The cost of a path: smoothness by finite differences, obstacles by distance, limits by penalty."""
    obstacles = [dict(centre=np.array([0.8, 0.6]), radius=0.3), dict(centre=np.array([1.5, 0.9]), radius=0.2)]
    path = np.concatenate([waypoints[:1], waypoints, waypoints[-1:]])
    acc = path[:-2] - 2 * path[1:-1] + path[2:]
    cost = 10 * (acc**2).sum()
    for ob in obstacles:
        d = norm(path - ob["centre"], axis=1) - ob["radius"]
        inside = d < clearance
        cost += np.sum((clearance - d[inside]) ** 2)
    speeds = norm(np.diff(path, axis=0), axis=-1)
    cost += np.square(np.maximum(0, speeds - 0.7)).sum()
    return cost


class Mode(IntEnum):
    STANCE = 0
    FLIGHT = 1


class Hopper(NamedTuple):
    y: float
    v: float
    mode: Mode = Mode.FLIGHT


@program(1.2, 400.0, 5.0)
def hopping_robot(height, k, c):
    """A hybrid system with named tuples that are replaced, and modes by an enumeration."""
    state = Hopper(height, 0.0)
    dt, rest = 0.01, 1.0
    apex = 0.0
    work = 0.0
    for _ in range(60):
        force = 0.0
        if state.mode == Mode.STANCE:
            force = k * (rest - state.y) - c * state.v
            force = max(force, 0.0)
        a = force - 9.81
        v = state.v + dt * a
        y = state.y + dt * v
        work += force * v * dt
        mode = Mode.STANCE if y < rest else Mode.FLIGHT
        if state.mode is Mode.STANCE and mode is Mode.FLIGHT:
            v *= 1.05
        state = state._replace(y=y, v=v, mode=mode)
        apex = max(apex, y)
    return state.y + 0.1 * state.v + work + apex


@dataclass
class Particle:
    pos: np.ndarray
    prev: np.ndarray
    pinned: bool = False

    def integrate(self, acc, dt, drag=0.01):
        if self.pinned:
            return
        velocity = (self.pos - self.prev) * (1 - drag)
        self.prev = self.pos.copy()
        self.pos += velocity + acc * dt * dt


@program(np.array([0.0, -9.8]), 0.5)
def rope_of_particles(gravity, spacing):
    """Position based dynamics (Verlet with constraints) of a rope, as in games; particles move in place."""
    rope = [Particle(np.array([i * spacing, 0.0]), np.array([i * spacing, 0.0]), pinned=(i == 0)) for i in range(5)]
    for frame in range(6):
        for p in rope:
            p.integrate(gravity, 1 / 30)
        for _ in range(3):
            for a, b in zip(rope[:-1], rope[1:]):
                delta = b.pos - a.pos
                dist = np.linalg.norm(delta)
                correction = delta * (1 - 0.5 / dist)
                if a.pinned:
                    b.pos -= correction
                else:
                    a.pos += 0.5 * correction
                    b.pos -= 0.5 * correction
    return rope[-1].pos @ np.array([1.0, 2.0]) + sum(norm(p.pos - p.prev) for p in rope)


@program(np.array([1.0, 2.0, 0.5]), np.array([[0.0, 0.0], [2.0, 0.1], [1.0, 1.5]]))
def elastic_collisions(masses, positions):
    """Discs that collide: impulses are exchanged pair by pair, the loop stops early when nothing touches."""
    pos = np.array(positions)
    vel = np.array([[1.0, 0.1], [-0.5, 0.0], [0.0, -1.0]])
    radius = 0.4
    energy_log = []
    for step in range(25):
        pos += 0.05 * vel
        hit = False
        for i in range(3):
            for j in range(i):
                n = pos[i] - pos[j]
                d = norm(n)
                if d < 2 * radius:
                    n = n / d
                    rel = np.dot(vel[i] - vel[j], n)
                    if rel >= 0:
                        continue
                    J = -(1 + 0.9) * rel / (1 / masses[i] + 1 / masses[j])
                    vel[i] += J / masses[i] * n
                    vel[j] -= J / masses[j] * n
                    hit = True
        if hit:
            energy_log.append(0.5 * np.sum(masses[:, None] * vel**2))
    return energy_log[-1] + pos[0, 0] + vel[2] @ vel[2]


@pytest.mark.parametrize("program", programs(__name__))
def test_robots_and_control(program):
    program.check()
