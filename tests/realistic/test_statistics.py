"""Statistics: samplers, filters, mixtures, hidden states."""

from __future__ import annotations

import itertools
import math
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from tests.realistic.programs import program, programs

rng = np.random.default_rng(4)
DATA = rng.normal(1.0, 2.0, 12)
POINTS = np.concatenate([rng.normal(-2, 0.5, (5, 2)), rng.normal(2, 0.7, (6, 2))])


class KalmanFilter:
    """Linear-Gaussian filtering, with the log-likelihood accumulated on the way."""

    def __init__(self, F, H, Q, R):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = np.zeros(F.shape[0])
        self.P = np.eye(F.shape[0])
        self.loglik = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q
        return self

    def update(self, z):
        innovation = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x = self.x + K @ innovation
        self.P = (np.eye(len(self.x)) - K @ self.H) @ self.P
        _, logdet = np.linalg.slogdet(2 * np.pi * S)
        self.loglik -= 0.5 * (innovation @ np.linalg.solve(S, innovation) + logdet)


@program(0.1, 0.5, np.cumsum(DATA)[:8])
def kalman_likelihood(q, r, observations):
    """Log-likelihood of a constant-velocity model; every third observation is missing."""
    dt = 1.0
    kf = KalmanFilter(
        F=np.array([[1.0, dt], [0.0, 1.0]]),
        H=np.array([[1.0, 0.0]]),
        Q=q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]),
        R=np.array([[r]]),
    )
    for k, z in enumerate(observations):
        kf.predict()
        if k % 3 == 2:
            continue
        kf.update(np.array([z]))
    return kf.loglik


@program(np.array([0.2, -0.1]), np.array([-0.3, 0.1]), 7)
def reparameterised_vi(mean, log_std, seed):
    """Evidence lower bound of a regression with a Gaussian guide, a few reparameterised samples."""
    generator = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 12)
    total = 0.0
    samples = 3
    for _ in range(samples):
        eps = generator.standard_normal(2)
        w = mean + np.exp(log_std) * eps
        log_lik = -0.5 * np.sum((DATA - w[0] - w[1] * x) ** 2) - len(x) / 2 * np.log(2 * np.pi)
        log_prior = -0.5 * np.sum(w**2) - np.log(2 * np.pi)
        log_q = -0.5 * np.sum(eps**2) - np.sum(log_std) - np.log(2 * np.pi)
        total += log_lik + log_prior - log_q
    return total / samples


@program(0.5, 1.2, 3, by_values=True)
def metropolis_chain(mu, sigma, seed):
    """A Metropolis chain as a function of the target's parameters; the acceptances are those of this run."""
    generator = np.random.default_rng(seed)

    def log_density(x):
        return -0.5 * ((x - mu) / sigma) ** 2 - math.log(sigma)

    x = mu + 0.3 * sigma
    chain, accepted = [], 0
    for _ in range(15):
        proposal = x + 0.8 * sigma * generator.normal()
        if math.log(generator.uniform()) < log_density(proposal) - log_density(x):
            x = proposal
            accepted += 1
        chain.append(x)
    return sum(chain[5:]) / len(chain[5:]) + 0.01 * accepted


def leapfrog(q, p, gradient, eps, steps):
    p = p - 0.5 * eps * gradient(q)
    for i in range(steps):
        q = q + eps * p
        if i != steps - 1:
            p = p - eps * gradient(q)
    p = p - 0.5 * eps * gradient(q)
    return q, -p


@program(np.array([0.5, -0.3]), 0.1)
def hamiltonian_energy_error(q, eps):
    """Energy error of a leapfrog trajectory."""
    potential = lambda q: 0.5 * q @ q + 0.25 * np.sum(q**4)
    gradient = lambda q: q + q**3
    p = np.array([0.7, 1.1])
    start = potential(q) + 0.5 * p @ p
    q2, p2 = leapfrog(q, p, gradient, eps, 8)
    return 1e3 * (potential(q2) + 0.5 * p2 @ p2 - start)


# -- clusters --------------------------------------------------------------------------------------------------------


@program(POINTS, np.array([[-1.0, -1.0], [1.0, 0.5]]))
def k_means(points, centroids):
    """Lloyd's iterations until the centroids stop moving; inertia."""
    for iteration in range(20):
        distances = np.linalg.norm(points[:, None] - centroids[None], axis=2)
        labels = np.argmin(distances, axis=1)
        new = np.array([points[labels == k].mean(axis=0) for k in range(2)])
        if np.allclose(new, centroids):
            break
        centroids = new
    return sum(np.sum((points[labels == k] - centroids[k]) ** 2) for k in range(2))


@program({"weights": np.array([0.5, 0.5]), "means": np.array([-1.0, 1.5]), "variances": np.array([1.0, 2.0])})
def em_mixture(start):
    """Expectation-maximisation for a mixture of Gaussians in a dictionary; log-likelihood with logsumexp."""
    params = {name: value.copy() for name, value in start.items()}
    x = DATA
    previous = -np.inf
    for _ in range(10):
        logp = np.stack([
            np.log(w) - 0.5 * np.log(2 * np.pi * v) - 0.5 * (x - m) ** 2 / v
            for w, m, v in zip(params["weights"], params["means"], params["variances"])
        ], axis=1)
        peak = logp.max(axis=1, keepdims=True)
        norm = peak[:, 0] + np.log(np.exp(logp - peak).sum(axis=1))
        loglik = norm.sum()
        resp = np.exp(logp - norm[:, None])
        counts = resp.sum(axis=0)
        params["weights"] = counts / len(x)
        params["means"] = (resp * x[:, None]).sum(axis=0) / counts
        params["variances"] = (resp * (x[:, None] - params["means"]) ** 2).sum(axis=0) / counts
        if loglik - previous < 1e-3:
            break
        previous = loglik
    return loglik + params["means"][0]


# -- hidden states ----------------------------------------------------------------------------------------------------


@program(np.array([[0.7, 0.3], [0.4, 0.6]]), np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]]), np.array([0.6, 0.4]))
def hmm_forward(transition, emission, start):
    """Scaled forward recursion of a hidden Markov model."""
    observed = [0, 1, 2, 1, 0, 2]
    alpha = start * emission[:, observed[0]]
    loglik = 0.0
    for o in observed[1:]:
        scale = alpha.sum()
        loglik += np.log(scale)
        alpha = (alpha / scale) @ transition * emission[:, o]
    return loglik + np.log(alpha.sum())


STATES = ("healthy", "fever")


@program({"healthy": {"healthy": 0.7, "fever": 0.3}, "fever": {"healthy": 0.4, "fever": 0.6}},
         {"healthy": {"normal": 0.5, "cold": 0.4, "dizzy": 0.1}, "fever": {"normal": 0.1, "cold": 0.3, "dizzy": 0.6}}, by_values=True)
def viterbi_dicts(transition, emission):
    """Viterbi with nested dictionaries and back pointers: the log-probability of the best path."""
    observed = ("normal", "cold", "dizzy")
    V = [{s: (math.log(0.5) + math.log(emission[s][observed[0]]), None) for s in STATES}]
    for o in observed[1:]:
        layer = {}
        for s in STATES:
            best, previous = max(((V[-1][r][0] + math.log(transition[r][s]), r) for r in STATES), key=lambda pair: pair[0])
            layer[s] = (best + math.log(emission[s][o]), previous)
        V.append(layer)
    last = max(STATES, key=lambda s: V[-1][s][0])
    path = [last]
    for layer in reversed(V[1:]):
        path.append(layer[path[-1]][1])
    path.reverse()
    return V[-1][last][0] + 0.1 * path.count("fever")


@dataclass(frozen=True)
class Particle:
    x: float
    weight: float


@program(0.9, 0.4, by_values=True)
def particle_filter(phi, noise):
    """A bootstrap filter without resampling gradients: particles are frozen dataclasses."""
    generator = np.random.default_rng(1)
    particles = [Particle(float(generator.normal()), 1 / 6) for _ in range(6)]
    estimates = []
    for y in DATA[:4]:
        moved = []
        for p in particles:
            x = phi * p.x + noise * generator.normal()
            moved.append(Particle(x, p.weight * math.exp(-0.5 * (y - x) ** 2)))
        total = sum(p.weight for p in moved)
        particles = [Particle(p.x, p.weight / total) for p in moved]
        estimates.append(sum(p.weight * p.x for p in particles))
        effective = 1 / sum(p.weight**2 for p in particles)
        if effective < 2:
            particles = [Particle(p.x, 1 / 6) for p in sorted(particles, key=lambda p: p.weight, reverse=True)]
    return sum(e**2 for e in estimates)


@program(np.array([1.0, 0.5, 0.1]))
def gaussian_process(theta):
    """Marginal likelihood of a Gaussian process with a kernel made of closures, and a prediction."""
    variance, lengthscale, noise = np.exp(theta - 1)
    x = np.linspace(0, 2, 6)
    y = np.sin(3 * x)

    def rbf(a, b):
        return variance * np.exp(-0.5 * (a[:, None] - b[None, :]) ** 2 / lengthscale**2)

    def combine(*kernels):
        return lambda a, b: sum(k(a, b) for k in kernels)

    kernel = combine(rbf, lambda a, b: 0.1 * variance * np.outer(a, b))
    K = kernel(x, x) + (noise + 1e-6) * np.eye(len(x))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    nll = 0.5 * y @ alpha + np.log(np.diag(L)).sum() + len(x) / 2 * np.log(2 * np.pi)
    mean = kernel(np.array([1.3]), x) @ alpha
    return nll + mean[0]


@program(DATA, 1.5)
def huber_irls(data, delta):
    """A robust location by iteratively reweighted least squares, started from the median."""
    location = np.median(data)
    for _ in range(15):
        r = data - location
        scale = np.median(np.abs(r)) / 0.6745
        w = np.where(np.abs(r) <= delta * scale, 1.0, delta * scale / np.maximum(np.abs(r), 1e-12))
        new = np.sum(w * data) / np.sum(w)
        if abs(new - location) < 1e-12:
            break
        location = new
    return location**2


@program(np.array([0.3, -0.2, 0.5]))
def logistic_regression_newton(beta):
    """A few Newton steps of logistic regression, deviance."""
    X = np.column_stack([np.ones(12), DATA, DATA**2 / 5])
    y = (DATA > 0.8).astype(float)
    y[3] = 1 - y[3]
    for _ in range(3):
        eta = np.clip(X @ beta, -30, 30)
        p = 1 / (1 + np.exp(-eta))
        W = p * (1 - p)
        gradient = X.T @ (y - p) - 0.1 * beta
        hessian = (X.T * W) @ X + 0.1 * np.eye(3)
        beta = beta + np.linalg.solve(hessian, gradient)
    eta = X @ beta
    return np.sum(np.logaddexp(0, eta) - y * eta)


@program(np.array([2.0, 1.0, 0.5]), by_values=True)
def dirichlet_multinomial(alpha):
    """Log-marginal of counts from a Counter, with lgamma."""
    counts = Counter("abacabacbb")
    n = sum(counts.values())
    total = math.lgamma(alpha.sum()) - math.lgamma(n + alpha.sum())
    for a, letter in zip(alpha, sorted(counts)):
        total += math.lgamma(a + counts[letter]) - math.lgamma(a)
    return total


@program(DATA, 0.3, by_values=True)
def exponential_smoothing(series, alpha):
    """Double exponential smoothing with a window of recent errors in a deque."""
    level, trend = series[0], series[1] - series[0]
    recent = deque(maxlen=4)
    worst = 0.0
    for value in series[2:]:
        forecast = level + trend
        recent.append((value - forecast) ** 2)
        level, previous = alpha * value + (1 - alpha) * forecast, level
        trend = 0.2 * (level - previous) + 0.8 * trend
        if len(recent) == recent.maxlen:
            worst = max(worst, sum(recent) / len(recent))
    return worst


@program(np.array([0.2, 1.1, 0.7, 1.9, 1.4]), np.array([0.0, 1.2, 0.9, 1.5]), by_values=True)
def kernel_two_sample(x, y):
    """Maximum mean discrepancy over a grid of bandwidths, with partial and product."""

    def kernel(a, b, bandwidth):
        return np.exp(-((a - b) ** 2) / (2 * bandwidth**2))

    best = -np.inf
    for bandwidth, scale in itertools.product((0.5, 1.0), (1.0, 2.0)):
        k = partial(kernel, bandwidth=bandwidth * scale)
        xx = sum(k(a, b) for a, b in itertools.combinations(x, 2)) / (len(x) * (len(x) - 1) / 2)
        yy = sum(k(a, b) for a, b in itertools.combinations(y, 2)) / (len(y) * (len(y) - 1) / 2)
        xy = sum(k(a, b) for a, b in itertools.product(x, y)) / (len(x) * len(y))
        best = max(best, xx + yy - 2 * xy)
    return best


@program(np.array([0.4, 1.3, 2.2, 0.9, 1.8, 2.9]), 0.6, by_values=True)
def decision_stump_boosting(x, rate):
    """Gradient boosting of stumps: thresholds sorted, the best by its squared error."""
    y = np.array([0.0, 1.0, 0.5, 0.2, 1.4, 0.3])
    prediction = np.full(len(x), y.mean())
    for _ in range(3):
        residual = y - prediction
        best = None
        for threshold in sorted(x)[:-1]:
            left = x <= threshold
            lm, rm = residual[left].mean(), residual[~left].mean()
            loss = ((residual[left] - lm) ** 2).sum() + ((residual[~left] - rm) ** 2).sum()
            if best is None or loss < best[0]:
                best = (loss, threshold, lm, rm)
        _, threshold, lm, rm = best
        prediction = prediction + rate * np.where(x <= threshold, lm, rm)
    return np.sum((y - prediction) ** 2) + 0.1 * threshold


@pytest.mark.parametrize("program", programs(__name__))
def test_statistics(program):
    program.check()
