"""Quadrature, interpolation, root finding, integrators, sparse matrices: the methods themselves, as courses and libraries have them."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import warnings
from fractions import Fraction
from numbers import Number

import numpy as np
import pytest
from numpy.polynomial import chebyshev as C

from tests.realistic.programs import program, programs

# -- quadrature and integration ----------------------------------------------------------------------------------------


def adaptive_simpson(f, a, b, eps, depth=8):
    def simpson(a, fa, b, fb):
        m = (a + b) / 2
        fm = f(m)
        return m, fm, abs(b - a) / 6 * (fa + 4 * fm + fb)

    def recurse(a, fa, b, fb, eps, whole, m, fm, depth):
        lm, flm, left = simpson(a, fa, m, fm)
        rm, frm, right = simpson(m, fm, b, fb)
        delta = left + right - whole
        if depth <= 0 or abs(delta) <= 15 * eps:
            return left + right + delta / 15
        return recurse(a, fa, m, fm, eps / 2, left, lm, flm, depth - 1) + recurse(m, fm, b, fb, eps / 2, right, rm, frm, depth - 1)

    fa, fb = f(a), f(b)
    m, fm, whole = simpson(a, fa, b, fb)
    return recurse(a, fa, b, fb, eps, whole, m, fm, depth)


@program(2.0, 0.3)
def adaptive_quadrature(k, width):
    """An oscillating peak by the adaptive Simpson rule (recursive closures)."""
    f = lambda x: math.sin(k * x) ** 2 / ((x - 0.5) ** 2 + width**2)
    return adaptive_simpson(f, 0.0, 1.0, 1e-3)


def romberg(f, a, b, n=5):
    R = [[0.0] * (n + 1) for _ in range(n + 1)]
    h = b - a
    R[0][0] = 0.5 * h * (f(a) + f(b))
    for i in range(1, n + 1):
        h /= 2
        R[i][0] = 0.5 * R[i - 1][0] + h * sum(f(a + (2 * k - 1) * h) for k in range(1, 2 ** (i - 1) + 1))
        for j in range(1, i + 1):
            R[i][j] = R[i][j - 1] + (R[i][j - 1] - R[i - 1][j - 1]) / (4**j - 1)
    return R[n][n]


@program(0.5, 1.5, 0.7, by_values=True)
def romberg_elliptic(a, b, modulus):
    """Romberg's table for an elliptic integral, compared with the arithmetic-geometric mean."""
    incomplete = romberg(lambda t: 1 / math.sqrt(1 - (modulus * math.sin(t)) ** 2), a, b)
    x, y = 1.0, math.sqrt(1 - modulus**2)
    while abs(x - y) > 1e-15:
        x, y = (x + y) / 2, math.sqrt(x * y)
    return incomplete + math.pi / (2 * x)


class Tableau:
    def __init__(self, a, b, c):
        self.a = [[float(Fraction(v)) for v in row] for row in a]
        self.b = [float(Fraction(v)) for v in b]
        self.c = [float(Fraction(v)) for v in c]

    @property
    def stages(self):
        return len(self.b)


METHODS = {
    "rk4": Tableau([[], ["1/2"], ["0", "1/2"], ["0", "0", "1"]], ["1/6", "1/3", "1/3", "1/6"], ["0", "1/2", "1/2", "1"]),
    "heun": Tableau([[], ["1"]], ["1/2", "1/2"], ["0", "1"]),
}


def integrate(f, y0, t_span, steps, method="rk4", callback=None):
    tab = METHODS[method]
    t, t1 = t_span
    h = (t1 - t) / steps
    y = np.array(y0, dtype=float)
    for n in range(steps):
        k = []
        for i in range(tab.stages):
            yi = y + h * sum((a * kj for a, kj in zip(tab.a[i], k)), np.zeros_like(y))
            k.append(f(t + tab.c[i] * h, yi))
        y = y + h * sum(b * ki for b, ki in zip(tab.b, k))
        t += h
        if callback is not None and callback(t, y):
            break
    return y


@program([1.0, 0.5], 0.8)
def runge_kutta_tableaus(y0, mu):
    """Van der Pol by methods that are tables of fractions, with a callback that records and may stop."""
    peaks = []

    def watch(t, y):
        if y[0] > 1.2:
            peaks.append(y[1])
        return t > 1.8

    f = lambda t, y: np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])
    a = integrate(f, y0, (0, 2), 10, callback=watch)
    b = integrate(f, y0, (0, 2), 12, method="heun")
    return a @ b + sum(peaks)


@program(np.array([1.0, 0.0]), 1.5)
def event_location(y0, g):
    """Integrate until an event function changes sign, then bisect on the step."""
    rhs = lambda y: np.array([y[1], -g])

    def step(y, h):
        k1 = rhs(y)
        k2 = rhs(y + h * k1)
        return y + h / 2 * (k1 + k2)

    y, t, h = y0, 0.0, 0.1
    crossings = []
    while t < 3.0:
        new = step(y, h)
        if y[0] > 0 >= new[0]:
            lo, hi = 0.0, h
            for _ in range(40):
                mid = (lo + hi) / 2
                if step(y, mid)[0] > 0:
                    lo = mid
                else:
                    hi = mid
            # two Newton steps make the root, and its derivative, depend on the state
            tau = lo
            for _ in range(2):
                at = step(y, tau)
                tau = tau - at[0] / at[1]
            at = step(y, tau)
            crossings.append(t + tau)
            y = np.array([0.0, -0.8 * at[1]])
            t += tau
            continue
        y, t = new, t + h
    return sum(crossings) + y[0]


# -- roots and interpolation -----------------------------------------------------------------------------------------


def brent(f, a, b, xtol=1e-12, maxiter=100):
    """Brent's method, after the book."""
    fa, fb = f(a), f(b)
    if fa * fb > 0:
        raise ValueError("f(a) and f(b) must have different signs")
    if abs(fa) < abs(fb):
        a, b, fa, fb = b, a, fb, fa
    c, fc = a, fa
    mflag = True
    d = c
    for i in range(maxiter):
        if fb == 0 or abs(b - a) < xtol:
            return b
        if fa != fc and fb != fc:
            s = a * fb * fc / ((fa - fb) * (fa - fc)) + b * fa * fc / ((fb - fa) * (fb - fc)) + c * fa * fb / ((fc - fa) * (fc - fb))
        else:
            s = b - fb * (b - a) / (fb - fa)
        lo, hi = sorted(((3 * a + b) / 4, b))
        if not lo < s < hi or (mflag and abs(s - b) >= abs(b - c) / 2) or (not mflag and abs(s - b) >= abs(c - d) / 2):
            s = (a + b) / 2
            mflag = True
        else:
            mflag = False
        fs = f(s)
        d, c, fc = c, b, fb
        if fa * fs < 0:
            b, fb = s, fs
        else:
            a, fa = s, fs
        if abs(fa) < abs(fb):
            a, b, fa, fb = b, a, fb, fa
    return b


@program(0.6, 2.0, by_values=True)
def kepler_by_brent(e, M):
    """Kepler's equation by Brent's method, made precise by a Newton step; the true anomaly."""
    f = lambda E: E - e * math.sin(E) - M
    E = brent(f, 0.0, math.pi)
    E -= f(E) / (1 - e * math.cos(E))
    return 2 * math.atan2(math.sqrt(1 + e) * math.sin(E / 2), math.sqrt(1 - e) * math.cos(E / 2))


@program([1.0, -3.2, 1.1, 0.5])
def durand_kerner(coefficients):
    """All roots of a polynomial at once, in complex Python numbers."""
    lead = coefficients[0]
    p = [c / lead for c in coefficients]
    n = len(p) - 1
    roots = [complex(0.4, 0.9) ** k for k in range(n)]
    for _ in range(60):
        new = []
        for i, r in enumerate(roots):
            value = functools.reduce(lambda acc, c: acc * r + c, p)
            others = math.prod([r - s for j, s in enumerate(roots) if j != i])
            new.append(r - value / others)
        if max(abs(a - b) for a, b in zip(roots, new)) < 1e-14:
            break
        roots = new
    largest = max(roots, key=abs)
    return abs(largest) + sum(r.real**2 for r in roots)


class Barycentric:
    def __init__(self, x, y):
        self.x = np.asarray(x)
        self.y = y
        self.w = np.array([1 / np.prod([xi - xj for j, xj in enumerate(self.x) if j != i]) for i, xi in enumerate(self.x)])

    def __call__(self, t):
        if np.isscalar(t):
            return self._one(t)
        return np.array([self._one(v) for v in t])

    def _one(self, t):
        num = den = 0.0
        for xi, yi, wi in zip(self.x, self.y, self.w):
            if t == xi:
                return yi
            k = wi / (t - xi)
            num += k * yi
            den += k
        return num / den


@program(np.array([1.0, 0.3, -0.5, 0.2]), 0.35, by_values=True)
def interpolation_formulas(y, t):
    """Barycentric, Neville, and Newton's divided differences agree; a Chebyshev series besides."""
    x = [0.0, 0.4, 0.8, 1.3]
    p = Barycentric(x, y)
    q = list(y)
    for k in range(1, len(x)):
        for i in range(len(x) - k):
            q[i] = ((t - x[i + k]) * q[i] + (x[i] - t) * q[i + 1]) / (x[i] - x[i + k])
    dd = y.copy()
    for k in range(1, len(x)):
        for i in range(len(x) - 1, k - 1, -1):
            dd[i] = (dd[i] - dd[i - 1]) / (x[i] - x[i - k])
    newton = dd[-1]
    for i in reversed(range(len(x) - 1)):
        newton = newton * (t - x[i]) + dd[i]
    b2, b1 = 0.0, 0.0
    for c in y[:0:-1]:
        b2, b1 = b1, 2 * t * b1 - b2 + c
    clenshaw = y[0] + t * b1 - b2
    return p(t) * q[0] + newton + clenshaw + p([0.4, 0.5]).sum()


class Poly:
    """Polynomials with the usual operators, coefficients from the constant term up."""

    def __init__(self, *coefficients):
        self.c = list(coefficients)

    def __call__(self, x):
        total = 0
        for c in reversed(self.c):
            total = total * x + c
        return total

    def __add__(self, other):
        other = other if isinstance(other, Poly) else Poly(other)
        return Poly(*(a + b for a, b in itertools.zip_longest(self.c, other.c, fillvalue=0)))

    __radd__ = __add__

    def __neg__(self):
        return Poly(*(-a for a in self.c))

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        if isinstance(other, Number):
            return Poly(*(a * other for a in self.c))
        out = [0] * (len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a * b
        return Poly(*out)

    __rmul__ = __mul__

    def __pow__(self, n):
        return functools.reduce(operator.mul, [self] * n, Poly(1))

    def deriv(self):
        return Poly(*[k * c for k, c in enumerate(self.c)][1:])

    def integral(self, a, b):
        anti = Poly(0, *(c / (k + 1) for k, c in enumerate(self.c)))
        return anti(b) - anti(a)

    def __getitem__(self, k):
        return self.c[k] if k < len(self.c) else 0

    def __repr__(self):
        return " + ".join(f"{c:g}x^{k}" for k, c in enumerate(self.c))


@program(0.5, -1.2, 0.8, by_values=True)
def polynomial_class(a, b, t):
    """Arithmetic of a polynomial class; Legendre polynomials by recursion."""
    x = Poly(0, 1)
    p = (a * x + b) ** 3 - x * x * a
    legendre = [Poly(1), x]
    for n in range(1, 4):
        legendre.append(((2 * n + 1) * x * legendre[n] - n * legendre[n - 1]) * (1 / (n + 1)))
    q = sum((c * L for c, L in zip([a, b, t, a * b], legendre)), Poly(0))
    return p(t) + p.deriv()(b) + q.integral(-1, t) + (p * q)[2]


# -- sparse matrices, special functions, operators ------------------------------------------------------------------------


class CSR:
    def __init__(self, data, indices, indptr, n):
        self.data, self.indices, self.indptr, self.n = data, indices, indptr, n

    @classmethod
    def from_dict(cls, entries, n):
        data, indices, indptr = [], [], [0]
        for i in range(n):
            row = sorted((j, v) for (r, j), v in entries.items() if r == i)
            for j, v in row:
                indices.append(j)
                data.append(v)
            indptr.append(len(data))
        return cls(np.array(data), np.array(indices), np.array(indptr), n)

    def __matmul__(self, x):
        y = np.zeros(self.n)
        for i in range(self.n):
            lo, hi = self.indptr[i], self.indptr[i + 1]
            y[i] = np.dot(self.data[lo:hi], x[self.indices[lo:hi]])
        return y

    def diagonal(self):
        d = np.zeros(self.n)
        for i in range(self.n):
            for k in range(self.indptr[i], self.indptr[i + 1]):
                if self.indices[k] == i:
                    d[i] = self.data[k]
        return d


def bicgstab(A, b, M=lambda r: r, tol=1e-10, maxiter=50):
    x = np.zeros_like(b)
    r = b - A @ x
    r0 = r.copy()
    rho = alpha = omega = 1.0
    v = p = np.zeros_like(b)
    for it in range(maxiter):
        rho_new = r0 @ r
        beta = rho_new / rho * alpha / omega
        p = r + beta * (p - omega * v)
        y = M(p)
        v = A @ y
        alpha = rho_new / (r0 @ v)
        s = r - alpha * v
        if np.linalg.norm(s) < tol:
            return x + alpha * y, it
        z = M(s)
        t = A @ z
        omega = (t @ s) / (t @ t)
        x = x + alpha * y + omega * z
        r = s - omega * t
        rho = rho_new
        if np.linalg.norm(r) < tol:
            break
    return x, it


@program(0.3, np.array([1.0, 2.0, 0.5, 1.5]), by_values=True)
def sparse_bicgstab(peclet, b):
    """Convection-diffusion in a CSR matrix from a dictionary, solved by preconditioned BiCGSTAB."""
    n = len(b)
    entries = {}
    for i in range(n):
        entries[i, i] = 2.0 + 0.1 * i
        if i > 0:
            entries[i, i - 1] = -1 - peclet
        if i < n - 1:
            entries[i, i + 1] = -1 + peclet
    A = CSR.from_dict(entries, n)
    d = A.diagonal()
    x, iterations = bicgstab(A, b, M=lambda r: r / d)
    return x.max() + x @ b


def bessel_j(n, x, terms=20):
    return sum((-1) ** k / (math.factorial(k) * math.factorial(k + n)) * (x / 2) ** (2 * k + n) for k in range(terms))


def continued_fraction_gamma(a, x, eps=1e-14):
    """The upper incomplete gamma function by Lentz's method."""
    tiny = 1e-30
    b = x + 1 - a
    c = 1 / tiny
    d = 1 / b
    h = d
    i = 0
    while True:
        i += 1
        an = -i * (i - a)
        b += 2
        d = an * d + b
        if abs(d) < tiny:
            d = tiny
        c = b + an / c
        if abs(c) < tiny:
            c = tiny
        d = 1 / d
        delta = d * c
        h *= delta
        if abs(delta - 1) < eps:
            break
    return math.exp(-x + a * math.log(x)) * h


@program(1.7, 2.5, 3.1)
def special_functions_by_hand(x, a, z):
    """Series, continued fractions, Lanczos, zeta by Euler-Maclaurin."""
    g, coefficients = 7, [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
                          -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7]

    def lanczos(z):
        if z < 0.5:
            return math.pi / (math.sin(math.pi * z) * lanczos(1 - z))
        z -= 1
        s = coefficients[0]
        for i in range(1, g + 2):
            s += coefficients[i] / (z + i)
        t = z + g + 0.5
        return math.sqrt(2 * math.pi) * t ** (z + 0.5) * math.exp(-t) * s

    def zeta(s, N=8):
        total = sum(n**-s for n in range(1, N)) + N ** (1 - s) / (s - 1) + 0.5 * N**-s
        B = [1 / 6, -1 / 30, 1 / 42]
        factor = s / N ** (s + 1)
        for k, bk in enumerate(B, 1):
            total += bk / math.factorial(2 * k) * factor
            factor *= (s + 2 * k - 1) * (s + 2 * k) / N**2
        return total

    return bessel_j(1, x) + continued_fraction_gamma(a, z) / lanczos(a) + zeta(a) + lanczos(0.3 * x - 0.7)


@program(np.array([0.3, 1.1, -0.4, 0.8]))
def chebyshev_and_polynomial_objects(c):
    """numpy.polynomial: series, roots avoided, derivatives and integrals."""
    t = np.linspace(-1, 1, 7)
    values = C.chebval(t, c)
    slope = C.chebval(0.3, C.chebder(c))
    return np.sum(values**2) + slope


class LinearOperator:
    """Composable linear operators: sums, products, scalings, adjoints."""

    def __init__(self, apply, adjoint=None, name="op"):
        self.apply = apply
        self._adjoint = adjoint
        self.name = name

    def __call__(self, x):
        return self.apply(x)

    def __matmul__(self, other):
        if isinstance(other, np.ndarray):
            return self(other)
        return LinearOperator(lambda x: self(other(x)), lambda y: other.T(self.T(y)), f"{self.name}@{other.name}")

    def __add__(self, other):
        return LinearOperator(lambda x: self(x) + other(x), lambda y: self.T(y) + other.T(y), f"({self.name}+{other.name})")

    def __rmul__(self, k):
        return LinearOperator(lambda x: k * self(x), lambda y: k * self.T(y), f"{k}*{self.name}")

    @property
    def T(self):
        if self._adjoint is None:
            raise NotImplementedError(f"{self.name} has no adjoint")
        return LinearOperator(self._adjoint, self.apply, f"{self.name}.T")


@program(np.array([0.2, 0.9, 0.4, 0.1, 0.7]), np.array([0.5, 0.3, 0.2]), 0.4)
def operators_deconvolution(signal, kernel, weight):
    """Landweber iterations with operators that are composed of closures."""
    blur = LinearOperator(lambda x: np.convolve(x, kernel, mode="same"), lambda y: np.convolve(y, kernel[::-1], mode="same"), "blur")
    diff = LinearOperator(lambda x: np.diff(x, prepend=0), lambda y: y - np.append(y[1:], 0), "diff")
    normal = blur.T @ blur + weight * (diff.T @ diff)
    b = blur.T(signal)
    x = np.zeros_like(signal)
    for _ in range(12):
        x += 0.5 * (b - normal @ x)
    return x @ x + np.max(x) + len(blur.name)


@program(0.1, np.array([0.5, 1.0]))
def automatic_step_doubling(eps, y):
    """Step doubling with rejected steps; warnings are raised and caught on the way, numpy errors are silenced."""

    def f(t, y):
        return np.array([-y[0] * y[1], y[0] - 0.5 * y[1] ** 2])

    t, h, rejected = 0.0, 0.4, 0
    y = y.copy()
    log = []
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore")
        while t < 2.0 - 1e-12:
            h = min(h, 2.0 - t)
            full = y + h * f(t, y)
            half = y + h / 2 * f(t, y)
            double = half + h / 2 * f(t + h / 2, half)
            err = np.max(np.abs(double - full))
            if err > eps:
                rejected += 1
                h *= 0.5
                continue
            y = 2 * double - full
            t += h
            log.append((t, h))
            h *= min(2.0, 0.9 * np.sqrt(eps / err)) if err > 0 else 2.0
    return y.sum() + 0.1 * len(log) + 0.01 * rejected


@pytest.mark.parametrize("program", programs(__name__))
def test_numerical_methods(program):
    program.check()
