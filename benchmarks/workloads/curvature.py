"""Derivatives beyond a gradient: Hessians, Hessian-vector products, Jacobians.

A product is checked against a difference of the gradient written by hand, a Hessian or a Jacobian by
its product with the same direction, so no result rests on another system's.
"""

import functools
from typing import Any

import numpy as np

from benchmarks.workload import Derivative
from benchmarks.workloads.networks import make_args as network
from benchmarks.workloads.networks import mlp, mlp_gradient
from benchmarks.workloads.scalars import logistic_map, logistic_map_gradient
from benchmarks.workloads.stencils import jacobi, jacobi_gradient
from benchmarks.workloads.stencils import make_args as grid
from benchmarks.workloads.trajectories import make_args as trajectory
from benchmarks.workloads.trajectories import rk4, rk4_gradient

Array = np.ndarray[Any, Any]


def rosenbrock(x: Array) -> float:
    """The sum over all neighbours; x (n,)."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Array) -> Array:
    """d rosenbrock / d x."""
    head, tail = x[:-1], x[1:]
    gap_bar = 200.0 * (tail - head**2)
    x_bar = np.zeros_like(x)
    x_bar[1:] = gap_bar
    x_bar[:-1] -= 2.0 * (head * gap_bar + (1.0 - head))
    return x_bar


def mlp_flat(theta: Array, x: Array, y: Array) -> float:
    """`networks.mlp` of three layers that all have the width of x, with its parameters in one vector; x (n, d), y (n, classes)."""
    d, classes = x.shape[1], y.shape[1]
    W1 = theta[: d * d].reshape(d, d)
    b1 = theta[d * d : d * d + d]
    rest = theta[d * d + d :]
    W2 = rest[: d * d].reshape(d, d)
    b2 = rest[d * d : d * d + d]
    rest = rest[d * d + d :]
    W3 = rest[: d * classes].reshape(d, classes)
    b3 = rest[d * classes :]
    h = np.tanh(x @ W1 + b1)
    h = np.tanh(h @ W2 + b2)
    logits = h @ W3 + b3
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.sum(y * log_probs) / len(x)


def layers_of(theta: Any, x: Any, y: Any) -> list[tuple[Any, Any]]:
    """One vector as the parameters of three layers: (matrix, bias) of each. By slices and reshapes alone, so the arrays may be any system's."""
    layers, start = [], 0
    for columns in (x.shape[1], x.shape[1], y.shape[1]):
        size = x.shape[1] * columns
        W = theta[start : start + size].reshape(x.shape[1], columns)
        layers.append((W, theta[start + size : start + size + columns]))
        start += size + columns
    return layers


def mlp_flat_gradient(theta: Array, x: Array, y: Array) -> Array:
    """d mlp_flat / d theta."""
    gradient = mlp_gradient(layers_of(theta, x, y), x, y)
    return np.concatenate([part.ravel() for layer in gradient for part in layer])


def relaxed(u: Array) -> Array:
    """One sweep of the five-point stencil, in a copy of u (m, m)."""
    v = u.copy()
    v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * u[1:-1, 1:-1]
    return v


def _flat_network(batch: int, width: int, classes: int) -> tuple[Array, Array, Array]:
    params, x, y = network(batch, (width, width, width, classes))
    return np.concatenate([part.ravel() for layer in params for part in layer]), x, y


def _point(n: int) -> tuple[Array]:
    return (np.random.default_rng(0).normal(size=n),)


def _square(m: int) -> tuple[Array]:
    return (np.random.default_rng(0).normal(size=(m, m)),)



SMALL = functools.partial(network, 32, (64, 64, 64, 10))
LARGE = functools.partial(network, 256, (784, 512, 512, 10))

DERIVATIVES = (
    Derivative("mlp_small", "hvp", mlp, mlp_gradient, SMALL),
    Derivative("mlp_large", "hvp", mlp, mlp_gradient, LARGE),
    Derivative("rosenbrock", "hvp", rosenbrock, rosenbrock_gradient, functools.partial(_point, 1000)),
    Derivative("logistic_map", "hvp", logistic_map, logistic_map_gradient, lambda: (3.2, 0.4, 1000)),
    Derivative("rk4", "hvp", rk4, lambda *args: rk4_gradient(*args)[0], trajectory),
    Derivative("jacobi", "hvp", jacobi, lambda *args: jacobi_gradient(*args)[0], functools.partial(grid, 256)),
    Derivative("mlp_171", "hessian", mlp_flat, mlp_flat_gradient, functools.partial(_flat_network, 32, 8, 3)),
    Derivative("mlp_714", "hessian", mlp_flat, mlp_flat_gradient, functools.partial(_flat_network, 32, 16, 10)),
    Derivative("rosenbrock", "hessian", rosenbrock, rosenbrock_gradient, functools.partial(_point, 1000)),
    Derivative("stencil_40", "jacobian", relaxed, relaxed, functools.partial(_square, 40)),
    Derivative("stencil_100", "jacobian", relaxed, relaxed, functools.partial(_square, 100)),
)
