"""autograd: the programs in `autograd.numpy`, without writing into arrays, which it cannot do."""

import functools
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np
from autograd.scipy.special import logsumexp

from benchmarks.workload import Derivative, Workload
from benchmarks.workloads import scalars
from benchmarks.workloads.curvature import layers_of

newton = scalars.newton
logistic_map = scalars.logistic_map


def prepare(workload: Workload, args: tuple[Any, ...]) -> Callable[[], Any]:
    """A call of autograd's gradient of the program named like the workload's primal."""
    program = globals()[workload.primal.__name__]
    return functools.partial(autograd.grad(program, workload.argnums), *args)

def derivative(case: Derivative, args: tuple[Any, ...], direction: Any) -> Callable[[], Any]:
    """A call of autograd's derivative of the program named like the primal."""
    program = globals()[case.primal.__name__]
    if case.kind == "hvp":
        # hessian_vector_product takes arrays only; this is its second way, for any structure.
        return lambda: autograd.make_hvp(program)(*args)[0](direction)
    transform = {"hessian": autograd.hessian, "jacobian": autograd.jacobian}[case.kind]
    return functools.partial(transform(program), *args)


def mlp(params, x, y):
    """See `networks.mlp`."""
    h = x
    for W, b in params[:-1]:
        h = np.tanh(h @ W + b)
    W, b = params[-1]
    logits = h @ W + b
    log_probs = logits - logsumexp(logits, axis=1, keepdims=True)
    return -np.sum(y * log_probs) / len(x)


def logistic_regression(w, b, x, y):
    """See `classification.logistic_regression`."""
    z = x @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z) + 0.01 * np.sum(w**2)


def softmax_cross_entropy(logits, labels):
    """See `classification.softmax_cross_entropy`."""
    return np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels])


def normal_cdf(x):
    """See `finance.normal_cdf`."""
    return 1.0 / (1.0 + np.exp(-x * (1.5976 + 0.070566 * x * x)))


def black_scholes(spot, strike, maturity, rate, volatility):
    """See `finance.black_scholes`."""
    spread = volatility * np.sqrt(maturity)
    drift = (rate + 0.5 * volatility**2) * maturity
    d1 = (np.log(spot / strike) + drift) / spread
    d2 = d1 - spread
    discounted = strike * np.exp(-rate * maturity)
    return np.sum(spot * normal_cdf(d1) - discounted * normal_cdf(d2))


def nbody(position, velocity, mass, dt, steps):
    """See `particles.nbody`."""
    for _ in range(steps):
        offset = position - position[:, None]
        inverse = (np.sum(offset * offset, axis=2) + 0.01) ** -1.5
        acceleration = np.sum((mass * inverse)[:, :, None] * offset, axis=1)
        velocity = velocity + dt * acceleration
        position = position + dt * velocity
    return np.sum(position**2)


def jacobi(u, f, n):
    """See `stencils.jacobi`."""
    for _ in range(n):
        inner = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - f[1:-1, 1:-1])
        middle = np.concatenate([u[1:-1, :1], inner, u[1:-1, -1:]], axis=1)
        u = np.concatenate([u[:1], middle, u[-1:]], axis=0)
    return np.sum(u**2)


def rate(y, W):
    """See `trajectories.rate`."""
    return np.tanh(W @ y) - y


def rk4(y0, W, h, n):
    """See `trajectories.rk4`."""
    y = y0
    ys = [y]
    for _ in range(n):
        k1 = rate(y, W)
        k2 = rate(y + 0.5 * h * k1, W)
        k3 = rate(y + 0.5 * h * k2, W)
        k4 = rate(y + h * k3, W)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        ys.append(y)
    return np.sum(np.stack(ys) ** 2)


def rnn(W_in, W_h, b, W_out, xs, y):
    """See `sequences.rnn`."""
    h = np.zeros((xs.shape[1], len(b)))
    for x in xs:
        h = np.tanh(x @ W_in + h @ W_h + b)
    return np.mean((h @ W_out - y) ** 2)


def rnn_list(W_in, W_h, b, W_out, xs, ys):
    """See `sequences.rnn_list`."""
    hs = [np.zeros((xs.shape[1], len(b)))]
    for x in xs:
        hs.append(np.tanh(x @ W_in + hs[-1] @ W_h + b))
    loss = 0.0
    for h, y in zip(hs[1:], ys):
        loss += np.mean((h @ W_out - y) ** 2)
    return loss


def hmm(log_start, log_move, log_emit, observed):
    """See `sequences.hmm`."""
    alpha = log_start + log_emit[:, observed[0]]
    for t in range(1, len(observed)):
        alpha = logsumexp(alpha[:, None] + log_move, axis=0) + log_emit[:, observed[t]]
    return logsumexp(alpha)


def cholesky(A):
    """See `linear_algebra.cholesky`; row by row, so that finished rows are arrays."""
    n = len(A)
    rows = []
    for i in range(n):
        row = np.zeros(0)
        for j in range(i):
            element = (A[i, j] - row @ rows[j][:j]) / rows[j][j]
            row = np.append(row, element)
        rows.append(np.append(row, np.sqrt(A[i, i] - row @ row)))
    return np.sum(np.sin(np.concatenate(rows)))


def lu(A):
    """See `eliminations.lu`; a list of rows, each made anew in every step."""
    n = len(A)
    rows = [A[i] for i in range(n)]
    for k in range(n):
        p = k + np.argmax(np.abs(np.array([row[k] for row in rows[k:]])))
        rows[k], rows[p] = rows[p], rows[k]
        pivots = rows[k]
        for i in range(k + 1, n):
            row = rows[i]
            factor = row[k : k + 1] / pivots[k]
            rest = row[k + 1 :] - factor * pivots[k + 1 :]
            rows[i] = np.concatenate([row[:k], factor, rest])
    return np.sum(np.sin(np.stack(rows)))


def gauss_seidel(A, b, sweeps):
    """See `eliminations.gauss_seidel`; a new x for every element."""
    n = len(b)
    x = np.zeros(n)
    for _ in range(sweeps):
        for i in range(n):
            rest = A[i, :i] @ x[:i] + A[i, i + 1 :] @ x[i + 1 :]
            x = np.concatenate([x[:i], (b[i : i + 1] - rest) / A[i, i], x[i + 1 :]])
    return np.sum(x**2)


def shallow_water(depth, u, v, dt, steps):
    """See `waves.shallow_water`; what flows is padded with the closed boundary."""
    row, column = np.zeros((1, depth.shape[1])), np.zeros((depth.shape[0], 1))
    for _ in range(steps):
        u = u - dt * (depth[1:] - depth[:-1])
        v = v - dt * (depth[:, 1:] - depth[:, :-1])
        flow_x = 0.5 * dt * u * (depth[1:] + depth[:-1])
        flow_y = 0.5 * dt * v * (depth[:, 1:] + depth[:, :-1])
        flow_x = np.concatenate([row, flow_x, row], axis=0)
        flow_y = np.concatenate([column, flow_y, column], axis=1)
        depth = depth + (flow_x[:-1] - flow_x[1:]) + (flow_y[:, :-1] - flow_y[:, 1:])
    return np.sum(depth**2) + np.sum(u**2) + np.sum(v**2)


class KalmanFilter:
    """See `filters.KalmanFilter`."""

    def __init__(self, F, H, Q, R):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = np.zeros(len(F))
        self.P = np.eye(len(F))
        self.loss = 0.0

    def predict(self):
        """See `filters.KalmanFilter`."""
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        """See `filters.KalmanFilter`."""
        residual = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        S_inv = np.linalg.inv(S)
        gain = self.P @ self.H.T @ S_inv
        self.x = self.x + gain @ residual
        self.P = self.P - gain @ self.H @ self.P
        self.loss += 0.5 * (residual @ S_inv @ residual + np.log(np.linalg.det(S)))


def kalman(F, H, Q, R, zs):
    """See `filters.kalman`."""
    kalman_filter = KalmanFilter(F, H, Q, R)
    for z in zs:
        kalman_filter.predict()
        kalman_filter.update(z)
    return kalman_filter.loss


def training(params, rate, x, y, steps):
    """See `training.training`."""
    for _ in range(steps):
        hidden = np.tanh(x @ params["W1"] + params["b1"])
        error = (hidden @ params["W2"] + params["b2"] - y) / len(x)
        back = (error @ params["W2"].T) * (1.0 - hidden**2)
        slopes = {
            "W1": x.T @ back,
            "b1": np.sum(back, axis=0),
            "W2": hidden.T @ error,
            "b2": np.sum(error, axis=0),
        }
        params = {name: params[name] - rate * slopes[name] for name in slopes}
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    return np.mean((hidden @ params["W2"] + params["b2"] - y) ** 2)


def rosenbrock(x):
    """See `curvature.rosenbrock`."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def mlp_flat(theta, x, y):
    """See `curvature.mlp_flat`."""
    return mlp(layers_of(theta, x, y), x, y)


def relaxed(u):
    """See `curvature.relaxed`."""
    inner = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * u[1:-1, 1:-1]
    middle = np.concatenate([u[1:-1, :1], inner, u[1:-1, -1:]], axis=1)
    return np.concatenate([u[:1], middle, u[-1:]], axis=0)
