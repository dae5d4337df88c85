"""JAX: jit of grad in float64, loops by `lax.scan` and `lax.fori_loop`."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import log_softmax
from jax.scipy.special import logsumexp

from benchmarks.trees import convert
from benchmarks.workload import Derivative, Workload
from benchmarks.workloads.curvature import layers_of

jax.config.update("jax_enable_x64", True)


def prepare(workload: Workload, args: tuple[Any, ...]) -> Callable[[], Any]:
    """A call of the jitted gradient; ints (loop counts) are static, so that loops reverse."""
    static = tuple(i for i, arg in enumerate(args) if isinstance(arg, int))
    program = globals()[workload.primal.__name__]
    gradient = jax.jit(jax.grad(program, workload.argnums), static_argnums=static)
    on_device = tuple(
        arg if i in static else convert(arg, jnp.asarray) for i, arg in enumerate(args)
    )
    return lambda: jax.block_until_ready(gradient(*on_device))

def derivative(case: Derivative, args: tuple[Any, ...], direction: Any) -> Callable[[], Any]:
    """A call of the jitted derivative: jvp of grad, `jax.hessian`, `jax.jacfwd`."""
    program = globals()[case.primal.__name__]
    first, *rest = (arg if isinstance(arg, int) else convert(arg, jnp.asarray) for arg in args)
    static = tuple(n + 1 for n, arg in enumerate(rest) if isinstance(arg, int))
    if case.kind == "hvp":

        def product(x, *rest_and_direction):
            *rest, v = rest_and_direction
            return jax.jvp(jax.grad(lambda x: program(x, *rest)), (x,), (v,))[1]

        jitted = jax.jit(product, static_argnums=static)
        v = convert(direction, jnp.asarray)
        return lambda: jax.block_until_ready(jitted(first, *rest, v))
    transform = {"hessian": jax.hessian, "jacobian": jax.jacfwd}[case.kind]
    jitted = jax.jit(transform(program), static_argnums=static)
    return lambda: jax.block_until_ready(jitted(first, *rest))


def newton(a, x):
    """See `scalars.newton`; `while_loop` has no reverse mode, so all 50 rounds, masked."""

    def body(_, carry):
        x, done = carry
        dx = (x * x * x - a) / (3.0 * x * x)
        done = done | (jnp.abs(dx) < 1e-12)
        return jnp.where(done, x, x - dx), done

    return lax.fori_loop(0, 50, body, (x, False))[0]


def logistic_map(r, x, n):
    """See `scalars.logistic_map`."""
    return lax.fori_loop(0, n, lambda _, x: r * x * (1.0 - x), x)


def mlp(params, x, y):
    """See `networks.mlp`."""
    h = x
    for W, b in params[:-1]:
        h = jnp.tanh(h @ W + b)
    W, b = params[-1]
    return -jnp.sum(y * log_softmax(h @ W + b, axis=1)) / len(x)


def logistic_regression(w, b, x, y):
    """See `classification.logistic_regression`."""
    z = x @ w + b
    return jnp.mean(jnp.logaddexp(0.0, z) - y * z) + 0.01 * jnp.sum(w**2)


def softmax_cross_entropy(logits, labels):
    """See `classification.softmax_cross_entropy`."""
    log_probs = log_softmax(logits, axis=1)
    return -jnp.mean(log_probs[jnp.arange(len(labels)), labels])


def normal_cdf(x):
    """See `finance.normal_cdf`."""
    return 1.0 / (1.0 + jnp.exp(-x * (1.5976 + 0.070566 * x * x)))


def black_scholes(spot, strike, maturity, rate, volatility):
    """See `finance.black_scholes`."""
    spread = volatility * jnp.sqrt(maturity)
    drift = (rate + 0.5 * volatility**2) * maturity
    d1 = (jnp.log(spot / strike) + drift) / spread
    d2 = d1 - spread
    discounted = strike * jnp.exp(-rate * maturity)
    return jnp.sum(spot * normal_cdf(d1) - discounted * normal_cdf(d2))


def nbody(position, velocity, mass, dt, steps):
    """See `particles.nbody`."""

    def step(_, carry):
        position, velocity = carry
        offset = position - position[:, None]
        inverse = (jnp.sum(offset * offset, axis=2) + 0.01) ** -1.5
        acceleration = jnp.sum((mass * inverse)[:, :, None] * offset, axis=1)
        velocity = velocity + dt * acceleration
        return position + dt * velocity, velocity

    position, _ = lax.fori_loop(0, steps, step, (position, velocity))
    return jnp.sum(position**2)


def jacobi(u, f, n):
    """See `stencils.jacobi`."""

    def sweep(_, u):
        inner = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - f[1:-1, 1:-1])
        return u.at[1:-1, 1:-1].set(inner)

    return jnp.sum(lax.fori_loop(0, n, sweep, u) ** 2)


def rate(y, W):
    """See `trajectories.rate`."""
    return jnp.tanh(W @ y) - y


def rk4(y0, W, h, n):
    """See `trajectories.rk4`."""

    def step(y, _):
        k1 = rate(y, W)
        k2 = rate(y + 0.5 * h * k1, W)
        k3 = rate(y + 0.5 * h * k2, W)
        k4 = rate(y + h * k3, W)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return y, y

    _, ys = lax.scan(step, y0, length=n)
    return jnp.sum(y0**2) + jnp.sum(ys**2)


def rnn(W_in, W_h, b, W_out, xs, y):
    """See `sequences.rnn`."""

    def step(h, x):
        return jnp.tanh(x @ W_in + h @ W_h + b), None

    h, _ = lax.scan(step, jnp.zeros((xs.shape[1], len(b))), xs)
    return jnp.mean((h @ W_out - y) ** 2)


def rnn_list(W_in, W_h, b, W_out, xs, ys):
    """See `sequences.rnn_list`."""

    def step(h, x):
        h = jnp.tanh(x @ W_in + h @ W_h + b)
        return h, h

    _, hs = lax.scan(step, jnp.zeros((xs.shape[1], len(b))), xs)
    return jnp.sum(jnp.mean((hs @ W_out - ys) ** 2, axis=(1, 2)))


def hmm(log_start, log_move, log_emit, observed):
    """See `sequences.hmm`."""

    def step(alpha, symbol):
        return logsumexp(alpha[:, None] + log_move, axis=0) + log_emit[:, symbol], None

    alpha, _ = lax.scan(step, log_start + log_emit[:, observed[0]], observed[1:])
    return logsumexp(alpha)


def cholesky(A):
    """See `linear_algebra.cholesky`; whole rows, whose unwritten part is zero, for `[:j]`.

    Loops that reverse need fixed bounds, so the inner one runs over all i and masks those <= j.
    """
    n = len(A)

    def column(j, L):
        pivot = jnp.sqrt(A[j, j] - L[j] @ L[j])
        row = L[j]

        def element(i, L):
            value = (A[i, j] - L[i] @ row) / pivot
            return L.at[i, j].set(jnp.where(i > j, value, L[i, j]))

        return lax.fori_loop(0, n, element, L.at[j, j].set(pivot))

    return jnp.sum(jnp.sin(lax.fori_loop(0, n, column, jnp.zeros_like(A))))


def lu(A):
    """See `eliminations.lu`; all rows at once, masked, as slices that shrink have no reverse mode."""
    n = len(A)
    number = jnp.arange(n)

    def eliminate(k, A):
        p = jnp.argmax(jnp.where(number >= k, jnp.abs(A[:, k]), -1.0))
        A = A.at[jnp.array([k, p])].set(A[jnp.array([p, k])])
        factors = jnp.where(number > k, A[:, k] / A[k, k], 0.0)
        A = A - jnp.outer(factors, jnp.where(number > k, A[k], 0.0))
        return A.at[:, k].set(jnp.where(number > k, factors, A[:, k]))

    return jnp.sum(jnp.sin(lax.fori_loop(0, n, eliminate, A)))


def gauss_seidel(A, b, sweeps):
    """See `eliminations.gauss_seidel`."""
    n = len(b)

    def element(i, x):
        return x.at[i].set((b[i] - A[i] @ x.at[i].set(0.0)) / A[i, i])

    x = lax.fori_loop(
        0, sweeps, lambda _, x: lax.fori_loop(0, n, element, x), jnp.zeros(n)
    )
    return jnp.sum(x**2)


def shallow_water(depth, u, v, dt, steps):
    """See `waves.shallow_water`."""

    def step(_, carry):
        depth, u, v = carry
        u = u - dt * (depth[1:] - depth[:-1])
        v = v - dt * (depth[:, 1:] - depth[:, :-1])
        flow_x = 0.5 * dt * u * (depth[1:] + depth[:-1])
        flow_y = 0.5 * dt * v * (depth[:, 1:] + depth[:, :-1])
        depth = depth.at[:-1].add(-flow_x).at[1:].add(flow_x)
        return depth.at[:, :-1].add(-flow_y).at[:, 1:].add(flow_y), u, v

    depth, u, v = lax.fori_loop(0, steps, step, (depth, u, v))
    return jnp.sum(depth**2) + jnp.sum(u**2) + jnp.sum(v**2)


def kalman(F, H, Q, R, zs):
    """See `filters.kalman`; the state is what `scan` carries, not attributes."""

    def step(carry, z):
        x, P = carry
        x = F @ x
        P = F @ P @ F.T + Q
        residual = z - H @ x
        S = H @ P @ H.T + R
        S_inv = jnp.linalg.inv(S)
        gain = P @ H.T @ S_inv
        loss = 0.5 * (residual @ S_inv @ residual + jnp.log(jnp.linalg.det(S)))
        return (x + gain @ residual, P - gain @ H @ P), loss

    _, losses = lax.scan(step, (jnp.zeros(len(F)), jnp.eye(len(F))), zs)
    return jnp.sum(losses)


def training(params, rate, x, y, steps):
    """See `training.training`."""

    def step(_, params):
        hidden = jnp.tanh(x @ params["W1"] + params["b1"])
        error = (hidden @ params["W2"] + params["b2"] - y) / len(x)
        back = (error @ params["W2"].T) * (1.0 - hidden**2)
        slopes = {
            "W1": x.T @ back,
            "b1": jnp.sum(back, axis=0),
            "W2": hidden.T @ error,
            "b2": jnp.sum(error, axis=0),
        }
        return {name: value - rate * slopes[name] for name, value in params.items()}

    params = lax.fori_loop(0, steps, step, params)
    hidden = jnp.tanh(x @ params["W1"] + params["b1"])
    return jnp.mean((hidden @ params["W2"] + params["b2"] - y) ** 2)


def rosenbrock(x):
    """See `curvature.rosenbrock`."""
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def mlp_flat(theta, x, y):
    """See `curvature.mlp_flat`."""
    return mlp(layers_of(theta, x, y), x, y)


def relaxed(u):
    """See `curvature.relaxed`."""
    inner = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * u[1:-1, 1:-1]
    return u.at[1:-1, 1:-1].set(inner)
