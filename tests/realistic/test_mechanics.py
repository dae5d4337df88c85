"""Mechanics: bodies, springs, arms, controllers, rays."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict, namedtuple
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(1)
G = 6.674


# -- N-body with classes ---------------------------------------------------------------------------------


class Body:
    def __init__(self, mass, position, velocity):
        self.mass = mass
        self.position = np.array(position, dtype=float)
        self.velocity = np.array(velocity, dtype=float)
        self.force = np.zeros(2)

    def reset_force(self):
        self.force = np.zeros_like(self.position)

    def add_force_from(self, other, eps=0.05):
        d = other.position - self.position
        r2 = np.dot(d, d) + eps**2
        self.force += G * self.mass * other.mass * d / r2**1.5

    @property
    def kinetic_energy(self):
        return 0.5 * self.mass * np.sum(self.velocity**2)

    def step(self, dt):
        self.velocity += dt * self.force / self.mass
        self.position += dt * self.velocity


class Universe:
    def __init__(self, bodies):
        self.bodies = list(bodies)
        self.time = 0.0

    def forces(self):
        for body in self.bodies:
            body.reset_force()
        for a, b in itertools.permutations(self.bodies, 2):
            a.add_force_from(b)

    def step(self, dt):
        self.forces()
        for body in self.bodies:
            body.step(dt)
        self.time += dt

    def energy(self):
        kinetic = sum(b.kinetic_energy for b in self.bodies)
        potential = 0.0
        for a, b in itertools.combinations(self.bodies, 2):
            potential -= G * a.mass * b.mass / np.linalg.norm(a.position - b.position)
        return kinetic + potential

    def run(self, steps, dt):
        history = []
        for _ in range(steps):
            self.step(dt)
            history.append(self.energy())
        return history


@program([1.0, 0.5, 0.2], np.array([[0.0, 0.0], [1.0, 0.2], [-0.7, 0.9]]), np.array([[0.0, 0.1], [0.3, 1.0], [-0.8, -0.2]]), by_values=True)
def n_body_energy_drift(masses, positions, velocities):
    """Energy drift of three bodies after some explicit steps."""
    universe = Universe(Body(m, p, v) for m, p, v in zip(masses, positions, velocities))
    start = universe.energy()
    history = universe.run(4, dt=0.01)
    return (history[-1] - start) ** 2 + 0.01 * universe.bodies[0].position[0]


# -- a ray tracer ----------------------------------------------------------------------------------------


class Vec3:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, o):
        return Vec3(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return Vec3(self.x - o.x, self.y - o.y, self.z - o.z)

    def __mul__(self, k):
        if isinstance(k, Vec3):
            return Vec3(self.x * k.x, self.y * k.y, self.z * k.z)
        return Vec3(self.x * k, self.y * k, self.z * k)

    __rmul__ = __mul__

    def __neg__(self):
        return Vec3(-self.x, -self.y, -self.z)

    def dot(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def norm(self):
        return math.sqrt(self.dot(self))

    def unit(self):
        return self * (1.0 / self.norm())

    def reflect(self, n):
        return self - n * (2.0 * self.dot(n))


Ray = namedtuple("Ray", "origin direction")


class Sphere:
    def __init__(self, center, radius, color, mirror=0.0):
        self.center, self.radius, self.color, self.mirror = center, radius, color, mirror

    def intersect(self, ray):
        oc = ray.origin - self.center
        b = oc.dot(ray.direction)
        c = oc.dot(oc) - self.radius**2
        disc = b * b - c
        if disc < 0:
            return None
        t = -b - math.sqrt(disc)
        return t if t > 1e-4 else None

    def normal(self, point):
        return (point - self.center).unit()


def trace(ray, scene, light, depth=0):
    hit, nearest = None, math.inf
    for thing in scene:
        t = thing.intersect(ray)
        if t is not None and t < nearest:
            hit, nearest = thing, t
    if hit is None:
        k = 0.5 * (ray.direction.y + 1.0)
        return Vec3(1.0, 1.0, 1.0) * (1 - k) + Vec3(0.5, 0.7, 1.0) * k
    point = ray.origin + ray.direction * nearest
    n = hit.normal(point)
    to_light = (light - point).unit()
    color = hit.color * (0.1 + max(0.0, n.dot(to_light)))
    if hit.mirror > 0 and depth < 2:
        bounced = trace(Ray(point, ray.direction.reflect(n).unit()), scene, light, depth + 1)
        color = color * (1 - hit.mirror) + bounced * hit.mirror
    return color


@program(np.array([0.1, 0.2, -3.0]), 1.1, 0.4, by_values=True)
def ray_tracer(center, radius, mirror):
    """Brightness of a small image of two spheres, one of which is a mirror."""
    scene = [
        Sphere(Vec3(*center), radius, Vec3(0.8, 0.3, 0.3), mirror),
        Sphere(Vec3(1.4, 0.3, -2.5), 0.6, Vec3(0.2, 0.9, 0.4)),
    ]
    light = Vec3(5.0, 5.0, 1.0)
    width, height = 3, 2
    total = 0.0
    for j in range(height):
        for i in range(width):
            u, v = (i + 0.5) / width - 0.5, (j + 0.5) / height - 0.5
            pixel = trace(Ray(Vec3(0.0, 0.0, 0.0), Vec3(2 * u, v, -1.0).unit()), scene, light)
            total += pixel.dot(Vec3(0.3, 0.6, 0.1))
    return total / (width * height)


# -- rigid bodies -----------------------------------------------------------------------------------------


def quat_mul(p, q):
    w0, x0, y0, z0 = p
    w1, x1, y1, z1 = q
    return np.array([
        w0 * w1 - x0 * x1 - y0 * y1 - z0 * z1,
        w0 * x1 + x0 * w1 + y0 * z1 - z0 * y1,
        w0 * y1 - x0 * z1 + y0 * w1 + z0 * x1,
        w0 * z1 + x0 * y1 - y0 * x1 + z0 * w1,
    ])


def quat_to_matrix(q):
    w, x, y, z = q
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])


@dataclass(frozen=True)
class RigidState:
    q: np.ndarray
    omega: np.ndarray
    t: float = 0.0


@program(np.array([0.3, 1.2, -0.4]), np.array([1.0, 2.0, 3.0]))
def tumbling_rigid_body(omega, inertia):
    """Orientation of a freely tumbling body after integrating Euler's equations, quaternion renormalised each step."""
    dt = 0.02
    state = RigidState(q=np.array([1.0, 0.0, 0.0, 0.0]), omega=omega)
    for _ in range(20):
        torque_free = -np.cross(state.omega, inertia * state.omega) / inertia
        w = state.omega + dt * torque_free
        dq = 0.5 * quat_mul(state.q, np.concatenate(([0.0], w)))
        q = state.q + dt * dq
        q /= np.linalg.norm(q)
        state = replace(state, q=q, omega=w, t=state.t + dt)
    R = quat_to_matrix(state.q)
    assert abs(state.t - 0.4) < 1e-9
    return R[0, 2] + 0.5 * np.trace(R) + state.omega @ (inertia * state.omega)


# -- robot arms ---------------------------------------------------------------------------------------------

DH = namedtuple("DH", ["a", "alpha", "d"])
ARM = [DH(0.0, np.pi / 2, 0.4), DH(0.5, 0.0, 0.0), DH(0.3, 0.0, 0.1)]


def dh_matrix(theta, link):
    ct, st = np.cos(theta), np.sin(theta)
    ca, sa = np.cos(link.alpha), np.sin(link.alpha)
    return np.array([
        [ct, -st * ca, st * sa, link.a * ct],
        [st, ct * ca, -ct * sa, link.a * st],
        [0.0, sa, ca, link.d],
        [0.0, 0.0, 0.0, 1.0],
    ])


@program(np.array([0.3, -0.5, 0.8]), by_values=True)
def denavit_hartenberg(thetas):
    """Distance of a three-link arm's hand from a target."""
    T = np.eye(4)
    frames = []
    for theta, link in zip(thetas, ARM):
        T = T @ dh_matrix(theta, link)
        frames.append(T)
    hand = frames[-1][:3, 3]
    target = np.array([0.5, 0.3, 0.6])
    penalty = sum(max(0.0, -frame[2, 3]) for frame in frames)
    return np.linalg.norm(hand - target) + penalty


@program(np.array([1.0, 0.8, 0.5]), np.array([1.2, 0.9]))
def inverse_kinematics(lengths, target):
    """Damped least squares for a planar arm until the hand is close enough; how much the joints turned."""

    def forward(angles):
        x = y = total = 0.0
        joints = [(0.0, 0.0)]
        for length, angle in zip(lengths, angles):
            total += angle
            x += length * np.cos(total)
            y += length * np.sin(total)
            joints.append((x, y))
        return np.array([x, y]), joints

    angles = np.array([0.2, 0.4, 0.3])
    for iteration in range(50):
        hand, joints = forward(angles)
        error = target - hand
        if np.linalg.norm(error) < 1e-3:
            break
        J = np.empty((2, 3))
        for k in range(3):
            jx, jy = joints[k]
            J[0, k] = -(hand[1] - jy)
            J[1, k] = hand[0] - jx
        angles = angles + J.T @ np.linalg.solve(J @ J.T + 0.01 * np.eye(2), error)
    return np.sum(angles**2)


# -- control ---------------------------------------------------------------------------------------------


class PID:
    """A controller with anti-windup."""

    def __init__(self, kp, ki, kd, limits=(-2.0, 2.0)):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.low, self.high = limits
        self.integral = 0.0
        self._last = None

    def __call__(self, error, dt):
        derivative = 0.0 if self._last is None else (error - self._last) / dt
        self._last = error
        u = self.kp * error + self.ki * self.integral + self.kd * derivative
        if self.low < u < self.high:
            self.integral += error * dt
        return min(max(u, self.low), self.high)


@program(2.0, 0.5, 0.1)
def pid_tuning(kp, ki, kd):
    """Integrated squared error of a second-order plant under PID control."""
    controller = PID(kp, ki, kd)
    position, velocity = 0.0, 0.0
    dt = 0.05
    cost = 0.0
    for step in range(60):
        setpoint = 1.0 if step * dt > 0.2 else 0.0
        u = controller(setpoint - position, dt)
        velocity += dt * (u - 0.5 * velocity - 0.8 * position)
        position += dt * velocity
        cost += dt * (setpoint - position) ** 2 + 1e-3 * dt * u**2
    return cost


@program(np.array([[1.0, 0.1], [0.0, 0.95]]), np.array([[0.0], [0.1]]), 0.5)
def lqr_riccati(A, B, r):
    """Cost-to-go of a linear-quadratic regulator by backward recursion, then a rollout under the gains."""
    n = A.shape[0]
    Q, R = np.eye(n), r * np.eye(1)
    P = Q.copy()
    gains = []
    for _ in range(15):
        K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
        P = Q + A.T @ P @ (A - B @ K)
        gains.append(K)
    x = np.array([1.0, -0.5])
    cost = 0.0
    for K in reversed(gains):
        u = -K @ x
        cost += x @ Q @ x + u @ R @ u
        x = A @ x + B @ u
    return cost + 0.1 * np.trace(P)


# -- springs and particles ------------------------------------------------------------------------------------


@program({("a", "b"): 10.0, ("b", "c"): 7.0, ("a", "c"): 5.0}, np.array([[0.0, 0.0], [1.2, 0.1], [0.4, 1.1]]))
def spring_network(stiffness, rest):
    """A network of springs, an edge dictionary, relaxed by damped dynamics with one node pinned."""
    names = ["a", "b", "c"]
    index = {name: i for i, name in enumerate(names)}
    x = rest.copy()
    v = np.zeros_like(x)
    lengths = dict.fromkeys(stiffness, 0.9)
    for _ in range(15):
        force = np.zeros_like(x)
        force[:, 1] -= 0.3
        for (p, q), k in stiffness.items():
            i, j = index[p], index[q]
            d = x[j] - x[i]
            length = np.sqrt(d @ d)
            f = k * (length - lengths[p, q]) * d / length
            force[i] += f
            force[j] -= f
        force[index["a"]] = 0.0
        v = 0.95 * (v + 0.02 * force)
        x += 0.02 * v
    strain = sum(k * (np.linalg.norm(x[index[q]] - x[index[p]]) - 0.9) ** 2 for (p, q), k in stiffness.items())
    return 0.5 * strain + x[2, 1]


def cubic_kernel(r, h):
    q = r / h
    sigma = 10 / (7 * np.pi * h**2)
    if q < 1:
        return sigma * (1 - 1.5 * q**2 + 0.75 * q**3)
    elif q < 2:
        return sigma * 0.25 * (2 - q) ** 3
    return 0.0


@program(rng.uniform(0, 1, (6, 2)), 0.35, by_values=True)
def sph_density(positions, h):
    """Smoothed particle densities with a neighbour list, and the pressure energy of a stiff equation of state."""
    n = len(positions)
    neighbours = defaultdict(list)
    for i in range(n):
        for j in range(n):
            if i != j and np.linalg.norm(positions[i] - positions[j]) < 2 * h:
                neighbours[i].append(j)
    rho = np.zeros(n)
    for i in range(n):
        rho[i] = cubic_kernel(0.0, h)
        for j in neighbours[i]:
            rho[i] += cubic_kernel(np.sqrt(np.sum((positions[i] - positions[j]) ** 2)), h)
    pressure = 2.0 * ((rho / rho.mean()) ** 3 - 1)
    return np.sum(pressure**2) / n


# -- a tree code --------------------------------------------------------------------------------------------------


class Node:
    """A quadrant of a Barnes-Hut tree."""

    def __init__(self, center, size):
        self.center = center
        self.size = size
        self.mass = 0.0
        self.com = np.zeros(2)
        self.children = {}
        self.body = None

    def quadrant(self, p):
        return (p[0] > self.center[0], p[1] > self.center[1])

    def insert(self, p, m):
        if self.body is None and not self.children:
            self.body = (p, m)
        else:
            if self.body is not None:
                old, self.body = self.body, None
                self._push(*old)
            self._push(p, m)
        self.com = (self.com * self.mass + p * m) / (self.mass + m)
        self.mass += m

    def _push(self, p, m):
        quadrant = self.quadrant(p)
        if quadrant not in self.children:
            shift = self.size / 4 * np.array([1 if q else -1 for q in quadrant])
            self.children[quadrant] = Node(self.center + shift, self.size / 2)
        self.children[quadrant].insert(p, m)

    def potential(self, p, theta):
        if self.mass == 0:
            return 0.0
        r = np.sqrt(np.sum((self.com - p) ** 2) + 1e-4)
        if self.body is not None or self.size / r < theta:
            return -self.mass / r
        return sum(child.potential(p, theta) for child in self.children.values())


@program(rng.uniform(-1, 1, (5, 2)), np.array([1.0, 0.4, 0.7, 0.3, 0.9]), by_values=True)
def barnes_hut(points, masses):
    """The potential at a point by a quad tree of masses."""
    root = Node(np.zeros(2), 2.0)
    for p, m in zip(points, masses):
        root.insert(p, m)
    return root.potential(np.array([0.3, 1.4]), theta=0.8) + root.potential(np.array([2.0, -1.4]), theta=0.8)


# -- molecules ---------------------------------------------------------------------------------------------


@program(np.array([[0.0, 0.0, 0.0], [1.1, 0.0, 0.1], [0.3, 1.2, 0.0], [0.9, 0.8, 1.0]]), {"epsilon": 0.8, "sigma": 1.0})
def lennard_jones_verlet(positions, params):
    """Velocity Verlet for a Lennard-Jones cluster with a shifted cutoff; returns the final energy and temperature."""
    cutoff = 2.5 * params["sigma"]

    def pair(r):
        s6 = (params["sigma"] / r) ** 6
        energy = 4 * params["epsilon"] * (s6**2 - s6)
        force = 24 * params["epsilon"] * (2 * s6**2 - s6) / r
        return energy, force

    def forces(x):
        f = np.zeros_like(x)
        total = 0.0
        for i in range(len(x)):
            for j in range(i + 1, len(x)):
                d = x[i] - x[j]
                r = np.linalg.norm(d)
                if r > cutoff:
                    continue
                e, magnitude = pair(r)
                total += e
                f[i] += magnitude * d / r
                f[j] -= magnitude * d / r
        return f, total

    x, v = positions.copy(), np.zeros_like(positions)
    f, energy = forces(x)
    for _ in range(5):
        v += 0.5 * 0.005 * f
        x += 0.005 * v
        f, energy = forces(x)
        v += 0.5 * 0.005 * f
    return energy + 0.5 * np.sum(v**2)


@dataclass
class Joint:
    angle: float
    rate: float = 0.0
    history: list = field(default_factory=list)


@program(0.5, 1.2, 9.81)
def double_pendulum(theta1, theta2, g):
    """Fourth-order Runge-Kutta for a double pendulum with joints as objects."""
    joints = [Joint(theta1), Joint(theta2)]

    def acceleration(t1, t2, w1, w2):
        d = t1 - t2
        den = 3 - math.cos(2 * d)
        a1 = (-3 * g * math.sin(t1) - g * math.sin(t1 - 2 * t2) - 2 * math.sin(d) * (w2**2 + w1**2 * math.cos(d))) / den
        a2 = 2 * math.sin(d) * (2 * w1**2 + 2 * g * math.cos(t1) + w2**2 * math.cos(d)) / den
        return a1, a2

    def rates(y):
        return [y[2], y[3], *acceleration(*y)]

    h = 0.02
    for _ in range(10):
        y = [j.angle for j in joints] + [j.rate for j in joints]
        k1 = rates(y)
        k2 = rates([a + h / 2 * b for a, b in zip(y, k1)])
        k3 = rates([a + h / 2 * b for a, b in zip(y, k2)])
        k4 = rates([a + h * b for a, b in zip(y, k3)])
        new = [a + h / 6 * (p + 2 * q + 2 * r + s) for a, p, q, r, s in zip(y, k1, k2, k3, k4)]
        for joint, angle, rate in zip(joints, new[:2], new[2:]):
            joint.history.append(joint.angle)
            joint.angle, joint.rate = angle, rate
    return joints[0].angle ** 2 + joints[1].rate + sum(joints[1].history) / len(joints[1].history)


@program(5.0, 0.9, 0.05, by_values=True)
def bouncing_ball(height, restitution, drag):
    """A ball that bounces until it has lost most of its energy; the time of impact is interpolated."""
    g, dt = 9.81, 0.02
    z, v, t = height, 0.0, 0.0
    impacts = []
    while len(impacts) < 3:
        v_new = v - dt * (g + drag * v * abs(v))
        z_new = z + dt * v_new
        if z_new < 0:
            fraction = z / (z - z_new)
            impacts.append((t + fraction * dt, abs(v_new)))
            z_new = 0.0
            v_new = -restitution * v_new
        z, v = z_new, v_new
        t += dt
    times, speeds = zip(*impacts)
    return sum(times) + 0.1 * max(speeds) + sum(b - a for a, b in zip(times, times[1:]))


@pytest.mark.parametrize("program", programs(__name__))
def test_mechanics(program):
    program.check()
