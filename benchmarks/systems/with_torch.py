"""PyTorch, eager, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.trees import convert, leaves
from benchmarks.workload import Derivative, Workload
from benchmarks.workloads.curvature import layers_of

torch.set_num_threads(1)


def prepare(workload: Workload, args: tuple[Any, ...]) -> Callable[[], Any]:
    """A forward and backward pass over the program named like the workload's primal."""
    program = globals()[workload.primal.__name__]
    chosen = convert(
        workload.chosen(args),
        lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True),
    )
    tensors = convert(args, lambda x: torch.tensor(x) if isinstance(x, np.ndarray) else x)
    tensors = workload.with_chosen(tensors, chosen)
    inputs = leaves(chosen)
    return lambda: torch.autograd.grad(program(*tensors), inputs)

def derivative(case: Derivative, args: tuple[Any, ...], direction: Any) -> Callable[[], Any]:
    """A call of `torch.func`'s derivative: jvp of grad, `hessian`, `jacrev`."""
    program = globals()[case.primal.__name__]
    first, *rest = convert(
        args, lambda x: x if isinstance(x, int) else torch.tensor(x, dtype=torch.float64)
    )
    if case.kind == "hvp":
        v = convert(direction, lambda x: torch.tensor(x, dtype=torch.float64))
        gradient = torch.func.grad(lambda x: program(x, *rest))
        return lambda: torch.func.jvp(gradient, (first,), (v,))[1]
    transform = {"hessian": torch.func.hessian, "jacobian": torch.func.jacfwd}[case.kind]
    return lambda: transform(program)(first, *rest)


def newton(a, x):
    """See `scalars.newton`."""
    n = 0
    while n < 50:
        dx = (x * x * x - a) / (3.0 * x * x)
        if abs(dx) < 1e-12:
            break
        x = x - dx
        n += 1
    return x


def logistic_map(r, x, n):
    """See `scalars.logistic_map`."""
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


def mlp(params, x, y):
    """See `networks.mlp`."""
    h = x
    for W, b in params[:-1]:
        h = torch.tanh(torch.addmm(b, h, W))
    W, b = params[-1]
    log_probs = torch.log_softmax(torch.addmm(b, h, W), dim=1)
    return -torch.sum(y * log_probs) / len(x)


def logistic_regression(w, b, x, y):
    """See `classification.logistic_regression`."""
    z = x @ w + b
    return torch.mean(torch.logaddexp(torch.zeros_like(z), z) - y * z) + 0.01 * torch.sum(w**2)


def softmax_cross_entropy(logits, labels):
    """See `classification.softmax_cross_entropy`."""
    return torch.nn.functional.cross_entropy(logits, labels)


def normal_cdf(x):
    """See `finance.normal_cdf`."""
    return 1.0 / (1.0 + torch.exp(-x * (1.5976 + 0.070566 * x * x)))


def black_scholes(spot, strike, maturity, rate, volatility):
    """See `finance.black_scholes`."""
    spread = volatility * torch.sqrt(maturity)
    drift = (rate + 0.5 * volatility**2) * maturity
    d1 = (torch.log(spot / strike) + drift) / spread
    d2 = d1 - spread
    discounted = strike * torch.exp(-rate * maturity)
    return torch.sum(spot * normal_cdf(d1) - discounted * normal_cdf(d2))


def nbody(position, velocity, mass, dt, steps):
    """See `particles.nbody`."""
    for _ in range(steps):
        offset = position - position[:, None]
        inverse = (torch.sum(offset * offset, dim=2) + 0.01) ** -1.5
        acceleration = torch.sum((mass * inverse)[:, :, None] * offset, dim=1)
        velocity = velocity + dt * acceleration
        position = position + dt * velocity
    return torch.sum(position**2)


def jacobi(u, f, n):
    """See `stencils.jacobi`."""
    u = u.clone()
    for _ in range(n):
        u[1:-1, 1:-1] = 0.25 * (
            u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - f[1:-1, 1:-1]
        )
    return torch.sum(u**2)


def rate(y, W):
    """See `trajectories.rate`."""
    return torch.tanh(W @ y) - y


def rk4(y0, W, h, n):
    """See `trajectories.rk4`; a list, as what the reverse pass saves may not be overwritten."""
    y = y0
    ys = [y]
    for _ in range(n):
        k1 = rate(y, W)
        k2 = rate(y + 0.5 * h * k1, W)
        k3 = rate(y + 0.5 * h * k2, W)
        k4 = rate(y + h * k3, W)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        ys.append(y)
    return torch.sum(torch.stack(ys) ** 2)


def rnn(W_in, W_h, b, W_out, xs, y):
    """See `sequences.rnn`."""
    h = torch.zeros((xs.shape[1], len(b)), dtype=xs.dtype)
    for x in xs:
        h = torch.tanh(x @ W_in + h @ W_h + b)
    return torch.mean((h @ W_out - y) ** 2)


def rnn_list(W_in, W_h, b, W_out, xs, ys):
    """See `sequences.rnn_list`."""
    hs = [torch.zeros((xs.shape[1], len(b)), dtype=xs.dtype)]
    for x in xs:
        hs.append(torch.tanh(x @ W_in + hs[-1] @ W_h + b))
    loss = 0.0
    for h, y in zip(hs[1:], ys):
        loss += torch.mean((h @ W_out - y) ** 2)
    return loss


def hmm(log_start, log_move, log_emit, observed):
    """See `sequences.hmm`."""
    alpha = log_start + log_emit[:, observed[0]]
    for t in range(1, len(observed)):
        alpha = torch.logsumexp(alpha[:, None] + log_move, dim=0) + log_emit[:, observed[t]]
    return torch.logsumexp(alpha, dim=0)


def cholesky(A):
    """See `linear_algebra.cholesky`; row by row, as saved rows may not be overwritten."""
    n = len(A)
    rows = []
    for i in range(n):
        row = A.new_zeros(0)
        for j in range(i):
            element = (A[i, j] - row @ rows[j][:j]) / rows[j][j]
            row = torch.cat([row, element[None]])
        rows.append(torch.cat([row, torch.sqrt(A[i, i] - row @ row)[None]]))
    return torch.sum(torch.sin(torch.cat(rows)))


def lu(A):
    """See `eliminations.lu`; a list of rows, as what was saved may not be overwritten."""
    n = len(A)
    rows = list(A)
    for k in range(n):
        p = k + int(torch.argmax(torch.abs(torch.stack([row[k] for row in rows[k:]]))))
        rows[k], rows[p] = rows[p], rows[k]
        pivots = rows[k]
        for i in range(k + 1, n):
            row = rows[i]
            factor = row[k : k + 1] / pivots[k]
            rest = row[k + 1 :] - factor * pivots[k + 1 :]
            rows[i] = torch.cat([row[:k], factor, rest])
    return torch.sum(torch.sin(torch.stack(rows)))


def gauss_seidel(A, b, sweeps):
    """See `eliminations.gauss_seidel`; a new x for every element, as what was saved may not be overwritten."""
    n = len(b)
    x = torch.zeros(n, dtype=b.dtype)
    for _ in range(sweeps):
        for i in range(n):
            rest = A[i, :i] @ x[:i] + A[i, i + 1 :] @ x[i + 1 :]
            x = torch.cat([x[:i], (b[i : i + 1] - rest) / A[i, i], x[i + 1 :]])
    return torch.sum(x**2)


def shallow_water(depth, u, v, dt, steps):
    """See `waves.shallow_water`; only the depth, of which nothing is saved, in place."""
    depth = depth.clone()
    west, east, south, north = depth[:-1], depth[1:], depth[:, :-1], depth[:, 1:]
    for _ in range(steps):
        u = u - dt * (east - west)
        v = v - dt * (north - south)
        flow_x = 0.5 * dt * u * (east + west)
        flow_y = 0.5 * dt * v * (north + south)
        west -= flow_x
        east += flow_x
        south -= flow_y
        north += flow_y
    return torch.sum(depth**2) + torch.sum(u**2) + torch.sum(v**2)


class KalmanFilter:
    """See `filters.KalmanFilter`."""

    def __init__(self, F, H, Q, R):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = torch.zeros(len(F), dtype=F.dtype)
        self.P = torch.eye(len(F), dtype=F.dtype)
        self.loss = 0.0

    def predict(self):
        """See `filters.KalmanFilter`."""
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        """See `filters.KalmanFilter`."""
        residual = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        S_inv = torch.linalg.inv(S)
        gain = self.P @ self.H.T @ S_inv
        self.x = self.x + gain @ residual
        self.P = self.P - gain @ self.H @ self.P
        self.loss += 0.5 * (residual @ S_inv @ residual + torch.log(torch.linalg.det(S)))


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
        hidden = torch.tanh(x @ params["W1"] + params["b1"])
        error = (hidden @ params["W2"] + params["b2"] - y) / len(x)
        back = (error @ params["W2"].T) * (1.0 - hidden**2)
        slopes = {
            "W1": x.T @ back,
            "b1": torch.sum(back, dim=0),
            "W2": hidden.T @ error,
            "b2": torch.sum(error, dim=0),
        }
        params = {name: value - rate * slopes[name] for name, value in params.items()}
    hidden = torch.tanh(x @ params["W1"] + params["b1"])
    return torch.mean((hidden @ params["W2"] + params["b2"] - y) ** 2)


def rosenbrock(x):
    """See `curvature.rosenbrock`."""
    return torch.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def mlp_flat(theta, x, y):
    """See `curvature.mlp_flat`."""
    return mlp(layers_of(theta, x, y), x, y)


def relaxed(u):
    """See `curvature.relaxed`."""
    inner = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * u[1:-1, 1:-1]
    v = u.clone()
    v[1:-1, 1:-1] = inner
    return v
