"""Solvers, factorisations and optimisers written out."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(3)
A4 = rng.normal(size=(4, 4)) + 3 * np.eye(4)
S4 = A4 @ A4.T + np.eye(4)
B4 = rng.normal(size=4)


# -- factorisations --------------------------------------------------------------------------------------------


def lu_decompose(A):
    """LU with partial pivoting, in place; returns the permutation."""
    n = len(A)
    perm = list(range(n))
    swaps = 0
    for k in range(n - 1):
        p = k + int(np.argmax(np.abs(A[k:, k])))
        if abs(A[p, k]) < 1e-12:
            raise np.linalg.LinAlgError("singular")
        if p != k:
            A[[k, p]] = A[[p, k]]
            perm[k], perm[p] = perm[p], perm[k]
            swaps += 1
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1:] -= A[i, k] * A[k, k + 1:]
    return perm, swaps


def forward_substitution(L, b):
    y = np.zeros_like(b)
    for i in range(len(b)):
        y[i] = b[i] - L[i, :i] @ y[:i]
    return y


def back_substitution(U, y):
    x = np.zeros_like(y)
    for i in reversed(range(len(y))):
        x[i] = (y[i] - U[i, i + 1:] @ x[i + 1:]) / U[i, i]
    return x


@program(A4[[2, 0, 3, 1]], B4, by_values=True)
def lu_solve(A, b):
    """Solve by LU with row swaps, and the determinant from the diagonal."""
    LU = A.copy()
    perm, swaps = lu_decompose(LU)
    x = back_substitution(LU, forward_substitution(LU, b[perm]))
    det = (-1) ** swaps * np.prod(np.diag(LU))
    return np.sum(x**2) + 1e-3 * det


@program(S4, B4)
def cholesky_in_place(A, b):
    """A Cholesky factor computed column by column in place, log-determinant and quadratic form."""
    L = np.tril(A)
    n = L.shape[0]
    for j in range(n):
        for k in range(j):
            L[j:, j] -= L[j, k] * L[j:, k]
        L[j, j] = math.sqrt(L[j, j])
        L[j + 1:, j] /= L[j, j]
    y = b.copy()
    for i in range(n):
        for j in range(i):
            y[i] -= L[i, j] * y[j]
        y[i] /= L[i, i]
    return 2 * sum(math.log(L[i, i]) for i in range(n)) + y @ y


@program(rng.normal(size=(4, 3)), rng.normal(size=4))
def householder_least_squares(A, b):
    """Least squares by Householder reflections."""
    R, rhs = A.copy(), b.copy()
    m, n = R.shape
    for k in range(n):
        x = R[k:, k]
        v = x.copy()
        v[0] += np.copysign(np.linalg.norm(x), x[0])
        v /= np.linalg.norm(v)
        R[k:, k:] -= 2 * np.outer(v, v @ R[k:, k:])
        rhs[k:] -= 2 * v * (v @ rhs[k:])
    coefficients = np.zeros(n)
    for i in range(n - 1, -1, -1):
        coefficients[i] = (rhs[i] - R[i, i + 1:n] @ coefficients[i + 1:]) / R[i, i]
    return coefficients @ np.arange(1.0, n + 1) + np.sum(rhs[n:] ** 2)


@program(S4 / 5, by_values=True)
def jacobi_eigenvalues(A):
    """Cyclic Jacobi rotations until the off-diagonal is small; spread of the eigenvalues."""
    A = (A + A.T) / 2
    n = len(A)
    for sweep in range(10):
        off = sum(A[i, j] ** 2 for i in range(n) for j in range(n) if i != j)
        if off < 1e-10:
            break
        for p in range(n - 1):
            for q in range(p + 1, n):
                if abs(A[p, q]) < 1e-14:
                    continue
                theta = (A[q, q] - A[p, p]) / (2 * A[p, q])
                t = (1.0 if theta >= 0 else -1.0) / (abs(theta) + math.sqrt(theta**2 + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                J = np.eye(n)
                J[p, p] = J[q, q] = c
                J[p, q], J[q, p] = s, -s
                A = J.T @ A @ J
    values = sorted(np.diag(A))
    return values[-1] - values[0] + 0.1 * math.log(values[1])


@program(S4, B4)
def conjugate_gradient(A, b):
    """Conjugate gradients with a relative tolerance."""
    A = (A + A.T) / 2
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    for iteration in range(len(b) * 2):
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        if math.sqrt(new) < 1e-8:
            break
        p = r + new / rs * p
        rs = new
    return np.sum(x**2) * 100


@program(S4, 1e-9)
def power_iteration(A, tol):
    """The largest eigenvalue by power iteration with a while loop, then deflation for the second."""

    def dominant(M):
        v = np.ones(len(M)) / 2
        value, previous = 0.0, np.inf
        while abs(value - previous) > 1e-9:
            w = M @ v
            v = w / np.linalg.norm(w)
            previous, value = value, v @ M @ v
        return value, v

    first, v = dominant(A)
    second, _ = dominant(A - first * np.outer(v, v))
    return math.log(first / second) + 0 * tol


@program(rng.normal(size=(4, 4)))
def gram_schmidt(A):
    """Modified Gram-Schmidt on a list of columns."""
    basis = []
    lengths = []
    for column in A.T:
        v = column.copy()
        for q in basis:
            v = v - (q @ v) * q
        length = np.sqrt(v @ v)
        lengths.append(length)
        basis.append(v / length)
    Q = np.column_stack(basis)
    return sum(np.log(x) for x in lengths) + Q[0, 0] ** 2


# -- optimisers --------------------------------------------------------------------------------------------------


def rosenbrock(x, a, b):
    return (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2


def rosenbrock_grad(x, a, b):
    return np.array([-2 * (a - x[0]) - 4 * b * x[0] * (x[1] - x[0] ** 2), 2 * b * (x[1] - x[0] ** 2)])


def backtracking(f, x, direction, g, alpha=1.0, rho=0.5, c=1e-4):
    fx = f(x)
    while f(x + alpha * direction) > fx + c * alpha * (g @ direction):
        alpha *= rho
        if alpha < 1e-8:
            break
    return alpha


@program(np.array([1.0, 10.0]), rtol=1e-4)
def bfgs_iterations(params):
    """Some iterations of BFGS with a backtracking line search on Rosenbrock's function."""
    a, b = params
    f = lambda x: rosenbrock(x, a, b)
    x = np.array([-0.5, 0.8])
    H = np.eye(2)
    g = rosenbrock_grad(x, a, b)
    for _ in range(6):
        if np.linalg.norm(g) < 1e-6:
            break
        p = -H @ g
        step = backtracking(f, x, p, g) * p
        x_new = x + step
        g_new = rosenbrock_grad(x_new, a, b)
        y = g_new - g
        sy = step @ y
        if sy > 1e-10:
            rho = 1 / sy
            V = np.eye(2) - rho * np.outer(step, y)
            H = V @ H @ V.T + rho * np.outer(step, step)
        x, g = x_new, g_new
    return f(x) + np.sum(x)


@program(np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([1.0, -1.0]), by_values=True)
def newton_with_fallback(Q, c):
    """Newton's method that falls back to a gradient step where the Hessian is singular."""
    x = np.zeros(2)
    kinds = []
    for k in range(4):
        gradient = Q @ x - c + 0.1 * x**3
        hessian = Q + np.diag(0.3 * x**2) if k else np.zeros((2, 2))
        try:
            step = np.linalg.solve(hessian, -gradient)
            kinds.append("newton")
        except np.linalg.LinAlgError:
            step = -0.2 * gradient
            kinds.append("gradient")
        x = x + step
    assert kinds[0] == "gradient"
    return 0.5 * x @ Q @ x - c @ x + kinds.count("newton")


@program(np.array([3.0, 5.0]), np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]]), np.array([4.0, 12.0, 18.0]), by_values=True)
def simplex_method(c, A, b):
    """A linear programme by the simplex tableau."""
    m, n = A.shape
    tableau = np.zeros((m + 1, n + m + 1))
    tableau[:m, :n] = A
    tableau[:m, n:n + m] = np.eye(m)
    tableau[:m, -1] = b
    tableau[-1, :n] = -c
    basis = [n + i for i in range(m)]
    while True:
        entering = int(np.argmin(tableau[-1, :-1]))
        if tableau[-1, entering] >= -1e-10:
            break
        ratios = {}
        for i in range(m):
            if tableau[i, entering] > 1e-10:
                ratios[i] = tableau[i, -1] / tableau[i, entering]
        if not ratios:
            raise ValueError("unbounded")
        leaving = min(ratios, key=ratios.get)
        tableau[leaving] /= tableau[leaving, entering]
        for i in range(m + 1):
            if i != leaving:
                tableau[i] -= tableau[i, entering] * tableau[leaving]
        basis[leaving] = entering
    solution = {j: tableau[i, -1] for i, j in enumerate(basis)}
    return sum(c[j] * v for j, v in solution.items() if j < n)


@program(np.array([1.0, 2.0]), by_values=True)
def nelder_mead(target):
    """A few moves of the Nelder-Mead simplex: sorted by value, reflected, expanded, contracted."""

    def f(p):
        return (p[0] - target[0]) ** 2 + 2 * (p[1] - target[1]) ** 2 + 0.3 * p[0] * p[1]

    simplex = [np.array([0.0, 0.0]), np.array([1.2, 0.0]), np.array([0.0, 0.8])]
    for _ in range(8):
        simplex.sort(key=f)
        best, middle, worst = simplex
        centroid = (best + middle) / 2
        reflected = centroid + (centroid - worst)
        if f(reflected) < f(best):
            expanded = centroid + 2 * (centroid - worst)
            simplex[-1] = expanded if f(expanded) < f(reflected) else reflected
        elif f(reflected) < f(middle):
            simplex[-1] = reflected
        else:
            contracted = centroid + 0.5 * (worst - centroid)
            if f(contracted) < f(worst):
                simplex[-1] = contracted
            else:
                simplex = [best] + [best + 0.5 * (p - best) for p in simplex[1:]]
    return min(map(f, simplex))


@dataclass
class StepResult:
    accepted: bool
    y: np.ndarray
    error: float


def embedded_step(f, t, y, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + 3 * h / 4, y + 3 * h / 4 * k2)
    new = y + h * (2 * k1 + 3 * k2 + 4 * k3) / 9
    k4 = f(t + h, new)
    lower = y + h * (7 * k1 / 24 + k2 / 4 + k3 / 3 + k4 / 8)
    error = float(np.max(np.abs(new - lower)))
    return StepResult(error < 1e-4, new, error)


@program(np.array([1.0, 0.5]), 1.5, rtol=2e-4)
def adaptive_integrator(y0, mu):
    """Bogacki-Shampine with step rejection on the van der Pol oscillator."""

    def f(t, y):
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    t, y, h = 0.0, y0, 0.2
    rejected = 0
    while t < 1.0:
        if t + h > 1.0:
            h = 1.0 - t
        result = embedded_step(f, t, y, h)
        if not result.accepted:
            rejected += 1
            h *= 0.5
            continue
        t += h
        y = result.y
        h = min(2 * h, 0.3)
    return y[0] ** 2 + y[1]


class Matrix:
    """A small matrix of nested lists with operators."""

    def __init__(self, rows):
        self.rows = [list(row) for row in rows]

    @classmethod
    def identity(cls, n):
        return cls([[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)])

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    def __getitem__(self, index):
        i, j = index
        return self.rows[i][j]

    def __setitem__(self, index, value):
        i, j = index
        self.rows[i][j] = value

    def __add__(self, other):
        return Matrix([[a + b for a, b in zip(p, q)] for p, q in zip(self.rows, other.rows)])

    def __mul__(self, k):
        return Matrix([[a * k for a in row] for row in self.rows])

    __rmul__ = __mul__

    def __matmul__(self, other):
        columns = list(zip(*other.rows))
        return Matrix([[sum(a * b for a, b in zip(row, column)) for column in columns] for row in self.rows])

    def __pow__(self, n):
        result = Matrix.identity(len(self.rows))
        base = self
        while n:
            if n & 1:
                result = result @ base
            base = base @ base
            n >>= 1
        return result

    @property
    def T(self):
        return Matrix(zip(*self.rows))

    def trace(self):
        return sum(self[i, i] for i in range(self.shape[0]))


@program([[0.5, 0.2], [0.1, 0.7]], 0.3, by_values=True)
def matrix_class(rows, t):
    """Matrix exponential by Taylor's series in a matrix class, and a power."""
    A = Matrix(rows)
    term = total = Matrix.identity(2)
    for k in range(1, 6):
        term = (term @ A) * (t / k)
        total = total + term
    total[0, 1] += 2 * t
    return (total @ total.T).trace() + (A**5).trace()


class Bracket(NamedTuple):
    low: float
    high: float

    @property
    def middle(self):
        return 0.5 * (self.low + self.high)


@program(2.0, 0.7, by_values=True)
def implicit_root(a, b):
    """Bisection to bracket a root, Newton to polish it; warnings where it does not converge."""
    f = lambda x: x**3 - a * x - b
    bracket = Bracket(0.5, 4.0)
    for _ in range(5):
        m = bracket.middle
        bracket = bracket._replace(low=m) if f(bracket.low) * f(m) > 0 else bracket._replace(high=m)
    x = bracket.middle
    for iteration in range(20):
        step = f(x) / (3 * x**2 - a)
        x -= step
        if abs(step) < 1e-12:
            break
    else:
        warnings.warn("no convergence")
    return x**2


@pytest.mark.parametrize("program", programs(__name__))
def test_linear_algebra(program):
    program.check()
