"""Fields on grids, elements, waves, optics, curves, images."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections import deque
from functools import cached_property

import numpy as np
import numpy.linalg as la
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(31)
IMAGE = rng.uniform(0, 1, (7, 8))


# -- structures ------------------------------------------------------------------------------------------------------


class Truss:
    def __init__(self, nodes, elements, E=1.0):
        self.nodes = np.asarray(nodes, dtype=float)
        self.elements = elements
        self.E = E
        self.ndof = 2 * len(self.nodes)

    def element_stiffness(self, i, j, area):
        d = self.nodes[j] - self.nodes[i]
        L = np.hypot(*d)
        c, s = d / L
        T = np.array([c, s, -c, -s])
        return self.E * area / L * np.outer(T, T), L, T

    def assemble(self, areas):
        K = np.zeros((self.ndof, self.ndof))
        for (i, j), A in zip(self.elements, areas):
            ke, *_ = self.element_stiffness(i, j, A)
            dofs = [2 * i, 2 * i + 1, 2 * j, 2 * j + 1]
            K[np.ix_(dofs, dofs)] += ke
        return K

    def solve(self, areas, loads, fixed):
        K = self.assemble(areas)
        free = np.setdiff1d(np.arange(self.ndof), fixed)
        f = np.zeros(self.ndof)
        for dof, load in loads.items():
            f[dof] = load
        u = np.zeros(self.ndof)
        u[free] = la.solve(K[np.ix_(free, free)], f[free])
        return u, f @ u

    def stresses(self, u):
        out = []
        for i, j in self.elements:
            _, L, T = self.element_stiffness(i, j, 1.0)
            ue = np.concatenate([u[2 * i:2 * i + 2], u[2 * j:2 * j + 2]])
            out.append(-self.E / L * T @ ue)
        return np.array(out)


@program(np.array([1.0, 0.8, 1.2, 0.9, 1.1]), np.array([[0.0, 0.0], [1.0, 0.1], [0.1, 1.0], [1.1, 0.9]]), by_values=True)
def truss_design(areas, nodes):
    """Compliance, weight and largest stress of a plane truss."""
    truss = Truss(nodes, [(0, 1), (0, 3), (1, 3), (2, 3), (1, 2)])
    u, compliance = truss.solve(areas, {6: 0.1, 7: -0.2}, fixed=[0, 1, 4, 5])
    stress = truss.stresses(u)
    weight = sum(A * la.norm(nodes[j] - nodes[i]) for A, (i, j) in zip(areas, truss.elements))
    return compliance + 0.1 * weight + 0.1 * np.max(np.abs(stress))


@program(np.array([2.0, 1.5, 1.0, 1.5]), 0.3)
def euler_bernoulli_beam(EI, load):
    """Cantilever by Hermite elements; tip deflection and the first natural frequency."""
    ne = len(EI)
    h = 1.0 / ne
    n = 2 * (ne + 1)
    K, M = np.zeros((n, n)), np.zeros((n, n))
    k0 = np.array([[12, 6 * h, -12, 6 * h], [6 * h, 4 * h**2, -6 * h, 2 * h**2], [-12, -6 * h, 12, -6 * h], [6 * h, 2 * h**2, -6 * h, 4 * h**2]]) / h**3
    m0 = h / 420 * np.array([[156, 22 * h, 54, -13 * h], [22 * h, 4 * h * h, 13 * h, -3 * h * h], [54, 13 * h, 156, -22 * h], [-13 * h, -3 * h * h, -22 * h, 4 * h * h]])
    for e in range(ne):
        sl = slice(2 * e, 2 * e + 4)
        K[sl, sl] += EI[e] * k0
        M[sl, sl] += m0
    K, M = K[2:, 2:], M[2:, 2:]
    f = np.zeros(n - 2)
    f[-2] = load
    u = la.solve(K, f)
    Li = la.inv(la.cholesky(M))
    lam = la.eigvalsh(Li @ K @ Li.T)
    return u[-2] + math.sqrt(lam[0])


# -- waves and flows -------------------------------------------------------------------------------------------------


@program(np.array([0.0, 0.3, 1.0, 0.3, 0.0, 0.0, 0.0, 0.0]), 0.8, 0.05)
def wave_equation_absorbing(u0, c, damping):
    """Leapfrog with three time levels that rotate, absorbing on the right."""
    u_prev = u0.copy()
    u = u0.copy()
    u_next = np.empty_like(u)
    signal = []
    for n in range(12):
        u_next[1:-1] = 2 * u[1:-1] - u_prev[1:-1] + c**2 * (u[2:] - 2 * u[1:-1] + u[:-2]) - damping * (u[1:-1] - u_prev[1:-1])
        u_next[0] = 0
        u_next[-1] = u[-2] + (c - 1) / (c + 1) * (u_next[-2] - u[-1])
        u_prev, u, u_next = u, u_next, u_prev
        signal.append(u[5])
    return np.sum(np.square(signal)) + u[-1]


class BoundaryCondition(ABC):
    @abstractmethod
    def apply(self, T):
        ...


class FixedValue(BoundaryCondition):
    def __init__(self, side, value):
        self.side, self.value = side, value

    def apply(self, T):
        if self.side == "left":
            T[:, 0] = self.value
        elif self.side == "top":
            T[0, :] = self.value
        else:
            raise ValueError(self.side)


class Insulated(BoundaryCondition):
    def __init__(self, *sides):
        self.sides = sides

    def apply(self, T):
        for side in self.sides:
            {"right": lambda: T.__setitem__((slice(None), -1), T[:, -2]), "bottom": lambda: T.__setitem__(-1, T[-2])}[side]()


@program(1.0, np.array([0.2, 0.5, 0.8, 0.5, 0.2]), 1.0)
def heat_plate_with_boundaries(hot, profile, conductivity):
    """Explicit conduction on a plate with polymorphic boundary conditions."""
    T = np.zeros((5, 5))
    T[2, 2] = hot
    conditions = [FixedValue("left", hot), FixedValue("top", profile), Insulated("right", "bottom")]
    alpha = 0.2 * conductivity
    residuals = []
    for it in range(10):
        for bc in conditions:
            bc.apply(T)
        lap = T[:-2, 1:-1] + T[2:, 1:-1] + T[1:-1, :-2] + T[1:-1, 2:] - 4 * T[1:-1, 1:-1]
        T[1:-1, 1:-1] += alpha * lap
        residuals.append(np.abs(lap).max())
        if residuals[-1] < 1e-3:
            break
    return T.mean() + residuals[-1]


@program(np.array([[0.3, -0.2, 0.1, 0.0], [0.1, 0.4, -0.3, 0.2], [0.0, -0.1, 0.2, 0.3], [0.2, 0.1, 0.0, -0.4]]), 0.1)
def semi_lagrangian_smoke(vorticity, dt):
    """Velocities from a stream function by FFT, advection by bilinear interpolation back along them."""
    n = vorticity.shape[0]
    k = np.fft.fftfreq(n) * n
    kx, ky = np.meshgrid(k, k)
    k2 = kx**2 + ky**2
    k2[0, 0] = 1
    density = np.zeros((n, n))
    density[1, 1] = 1.0
    for _ in range(3):
        psi = np.fft.fft2(vorticity) / k2
        u = np.real(np.fft.ifft2(1j * ky * psi))
        v = np.real(np.fft.ifft2(-1j * kx * psi))
        X, Y = np.meshgrid(np.arange(n), np.arange(n))
        px, py = (X - dt * n * u) % n, (Y - dt * n * v) % n
        i0, j0 = np.floor(px).astype(int), np.floor(py).astype(int)
        fx, fy = px - i0, py - j0
        i1, j1 = (i0 + 1) % n, (j0 + 1) % n
        i0, j0 = i0 % n, j0 % n

        def sample(q):
            return (1 - fx) * (1 - fy) * q[j0, i0] + fx * (1 - fy) * q[j0, i1] + (1 - fx) * fy * q[j1, i0] + fx * fy * q[j1, i1]

        density, vorticity = sample(density), sample(vorticity)
    return density[2, 1] + np.sum(density**2) + np.var(vorticity)


# -- optics --------------------------------------------------------------------------------------------------------


class Surface:
    def __init__(self, radius, thickness, index):
        self.curvature = 1.0 / radius if np.isfinite(radius) else 0.0
        self.thickness = thickness
        self.index = index


def trace_meridional(surfaces, height, angle=0.0):
    """An exact meridional ray through spherical surfaces. Returns the height and slope at the image plane."""
    y, u, n = height, angle, 1.0
    for s in surfaces:
        c = s.curvature
        if abs(c) > 1e-12:
            r = 1 / c
            sin_i = (y * math.cos(u) / r) + math.sin(u) * 0
            sin_i = max(-1.0, min(1.0, sin_i))
            i = math.asin(sin_i)
            t = math.asin(max(-1.0, min(1.0, n / s.index * sin_i)))
            u = u - i + t
            sag = r - math.copysign(math.sqrt(r * r - y * y), r)
        else:
            u = math.asin(n / s.index * math.sin(u))
            sag = 0.0
        y = y + math.tan(u) * (s.thickness - sag)
        n = s.index
    return y, u


@program([51.5, -120.0, 1.52], 95.0)
def lens_spot_size(lens, focus):
    """The spot of a thick lens at several heights."""
    r1, r2, index = lens
    system = [Surface(r1, 5.0, index), Surface(r2, focus, 1.0), Surface(np.inf, 0.0, 1.0)]
    heights = [2.0, 5.0, 8.0]
    ys = [trace_meridional(system, h)[0] for h in heights]
    mean = sum(ys) / len(ys)
    return math.sqrt(sum((y - mean) ** 2 for y in ys) / len(ys)) + 0.1 * mean


@program(np.array([120.0, 95.0, 80.0]), 1.45)
def thin_film_reflectance(thickness, n_film):
    """Multilayer reflectance by characteristic matrices with complex entries."""
    indices = [2.3, n_film, 2.1]
    total = 0.0
    for wavelength in (450.0, 550.0, 650.0):
        M = np.eye(2, dtype=complex)
        for n, d in zip(indices, thickness):
            delta = 2 * np.pi * n * d / wavelength
            M = M @ np.array([[np.cos(delta), 1j * np.sin(delta) / n], [1j * n * np.sin(delta), np.cos(delta)]])
        B, C = M @ np.array([1.0, 1.52])
        r = (B - C) / (B + C)
        total += np.abs(r) ** 2
    return total / 3


@program(np.array([0.1, -0.2, 0.3]), 2.0)
def fraunhofer_aberrations(zernike, width):
    """The point spread function of an aberrated pupil; Strehl ratio and encircled energy."""
    n = 8
    x = (np.arange(n) - n / 2 + 0.5) / (n / 2)
    X, Y = np.meshgrid(x, x)
    R2 = X**2 + Y**2
    pupil = (R2 <= 1).astype(float)
    modes = np.stack([2 * R2 - 1, X**2 - Y**2, (3 * R2 - 2) * X])
    phase = np.tensordot(zernike, modes, axes=1)
    field = pupil * np.exp(-R2 / width**2) * np.exp(2j * np.pi * phase)
    psf = np.abs(np.fft.fftshift(np.fft.fft2(field))) ** 2
    psf /= psf.sum()
    core = psf[n // 2 - 1:n // 2 + 2, n // 2 - 1:n // 2 + 2]
    return psf[n // 2, n // 2] + core.sum()


# -- curves and images ----------------------------------------------------------------------------------------------


def de_casteljau(points, t):
    points = list(points)
    while len(points) > 1:
        points = [(1 - t) * a + t * b for a, b in zip(points, points[1:])]
    return points[0]


class Bezier:
    def __init__(self, control):
        self.control = control

    def __call__(self, t):
        return de_casteljau(self.control, t)

    @cached_property
    def derivative(self):
        n = len(self.control) - 1
        return Bezier([n * (b - a) for a, b in zip(self.control, self.control[1:])])

    def split(self, t):
        left, right = [], []
        points = list(self.control)
        while points:
            left.append(points[0])
            right.insert(0, points[-1])
            points = [(1 - t) * a + t * b for a, b in zip(points, points[1:])]
        return Bezier(left), Bezier(right)

    def length(self, tol=1e-2, depth=0):
        chord = la.norm(self.control[-1] - self.control[0])
        polygon = sum(la.norm(b - a) for a, b in zip(self.control, self.control[1:]))
        if polygon - chord < tol or depth > 5:
            return (2 * chord + (len(self.control) - 2) * polygon) / len(self.control)
        left, right = self.split(0.5)
        return left.length(tol, depth + 1) + right.length(tol, depth + 1)


@program(np.array([[0.0, 0.0], [0.4, 1.0], [1.2, 1.1], [1.5, 0.0]]), by_values=True)
def bezier_bending(control):
    """Length by recursive subdivision, curvature by de Casteljau."""
    curve = Bezier(control)
    bending = 0.0
    for t in np.linspace(0.1, 0.9, 5):
        d1 = curve.derivative(t)
        d2 = curve.derivative.derivative(t)
        kappa = (d1[0] * d2[1] - d1[1] * d2[0]) / la.norm(d1) ** 3
        bending += kappa**2
    return curve.length() + 0.05 * bending


def bspline_basis(i, k, t, knots):
    if k == 0:
        return 1.0 if knots[i] <= t < knots[i + 1] else 0.0
    left = right = 0.0
    if knots[i + k] != knots[i]:
        left = (t - knots[i]) / (knots[i + k] - knots[i]) * bspline_basis(i, k - 1, t, knots)
    if knots[i + k + 1] != knots[i + 1]:
        right = (knots[i + k + 1] - t) / (knots[i + k + 1] - knots[i + 1]) * bspline_basis(i + 1, k - 1, t, knots)
    return left + right


@program(np.array([0.5, 1.1, 0.7, 0.2, 0.9]), np.array([0.1, 0.3, 0.55, 0.7, 0.85]))
def penalised_spline_fit(y, x):
    """A penalised least squares fit with the Cox-de Boor recursion."""
    k = 2
    knots = np.r_[[0.0] * (k + 1), 0.33, 0.66, [1.0] * (k + 1)]
    n = len(knots) - k - 1
    B = np.array([[bspline_basis(i, k, t, knots) for i in range(n)] for t in x])
    D = np.diff(np.eye(n), n=2, axis=0)
    coef = la.solve(B.T @ B + 0.1 * D.T @ D, B.T @ y)
    fitted = B @ coef
    edf = np.trace(la.solve(B.T @ B + 0.1 * D.T @ D, B.T @ B))
    return np.sum((y - fitted) ** 2) / (1 - edf / len(x) / 2) ** 2 + coef[2]


@program(IMAGE, 0.3, 1.2)
def bilateral_filter(image, sigma_r, sigma_s):
    """Edge-preserving smoothing with loops over the window, edges by padding."""
    radius = 1
    padded = np.pad(image, radius, mode="reflect")
    out = np.zeros_like(image)
    norm = np.zeros_like(image)
    h, w = image.shape
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            shifted = padded[radius + dy:radius + dy + h, radius + dx:radius + dx + w]
            weight = np.exp(-(dx**2 + dy**2) / (2 * sigma_s**2)) * np.exp(-((shifted - image) ** 2) / (2 * sigma_r**2))
            out += weight * shifted
            norm += weight
    out /= norm
    gx = np.abs(out[:, 1:] - out[:, :-1]).sum()
    return gx + np.mean((out - image) ** 2)


@program(IMAGE, 0.15)
def canny_like_edges(image, low):
    """Sobel gradients, non-maximum suppression, hysteresis with a queue; the strength of the edges kept."""
    kx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8.0

    def correlate(img, kernel):
        H, W = img.shape[0] - 2, img.shape[1] - 2
        acc = np.zeros((H, W))
        for (i, j), w in np.ndenumerate(kernel):
            if w:
                acc += w * img[i:i + H, j:j + W]
        return acc

    gx, gy = correlate(image, kx), correlate(image, kx.T)
    mag = np.hypot(gx, gy)
    strong = mag > 2 * low
    weak = mag > low
    keep = np.zeros_like(strong)
    queue = deque(zip(*np.nonzero(strong)))
    while queue:
        i, j = queue.popleft()
        if keep[i, j]:
            continue
        keep[i, j] = True
        for di, dj in itertools.product((-1, 0, 1), repeat=2):
            a, b = i + di, j + dj
            if 0 <= a < mag.shape[0] and 0 <= b < mag.shape[1] and weak[a, b] and not keep[a, b]:
                queue.append((a, b))
    return np.sum(mag[keep]) + 0.1 * mag.max()


@program([0.2, 0.1, 3.0], [0.5, 0.6], 0.7)
def signed_distance_marching(centre, box, smooth):
    """Sphere tracing of a smooth union of distance functions, composed of closures."""

    def sphere(c, r):
        return lambda p: la.norm(p - np.array(c)) - r

    def cuboid(size):
        size = np.array([*size, 0.5])

        def sdf(p):
            q = np.abs(p - np.array([0.0, 0.0, 3.5])) - size
            return la.norm(np.maximum(q, 0)) + min(max(q[0], q[1], q[2]), 0.0)

        return sdf

    def union(f, g, k):
        def sdf(p):
            a, b = f(p), g(p)
            h = max(k - abs(a - b), 0.0) / k
            return min(a, b) - h * h * k / 4
        return sdf

    scene = union(sphere(centre, 0.8), cuboid(box), smooth)
    depth = 0.0
    for px, py in [(0.0, 0.0), (0.1, -0.05), (-0.2, 0.1)]:
        ray = np.array([px, py, 1.0])
        ray /= la.norm(ray)
        t = 0.0
        for _ in range(30):
            d = scene(t * ray)
            if d < 1e-9:
                break
            t += d
            if t > 10:
                t = 10.0
                break
        depth += t
    return depth


@pytest.mark.parametrize("program", programs(__name__))
def test_physics_and_graphics(program):
    program.check()
