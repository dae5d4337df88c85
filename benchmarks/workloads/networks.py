"""A multilayer perceptron with tanh layers and a cross-entropy loss, small and large."""

import functools
from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]
Layers = list[tuple[Array, Array]]


def mlp(params: Layers, x: Array, y: Array) -> float:
    """Mean cross-entropy; x (n, d), y (n, classes) one-hot, params [(W, b), ...]."""
    h = x
    for W, b in params[:-1]:
        h = np.tanh(h @ W + b)
    W, b = params[-1]
    logits = h @ W + b
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.sum(y * log_probs) / len(x)


def mlp_gradient(params: Layers, x: Array, y: Array) -> Layers:
    """d mlp / d params."""
    inputs = [x]
    h = x
    for W, b in params[:-1]:
        h = h @ W
        h += b
        np.tanh(h, out=h)
        inputs.append(h)
    W, b = params[-1]
    logits = h @ W
    logits += b
    exp_shifted = logits - logits.max(axis=1, keepdims=True)
    np.exp(exp_shifted, out=exp_shifted)
    total = exp_shifted.sum(axis=1, keepdims=True)

    # log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    shifted_bar = y * (-1.0 / len(x))
    total_bar = -shifted_bar.sum(axis=1, keepdims=True) / total
    exp_shifted *= total_bar
    shifted_bar += exp_shifted
    # shifted = logits - np.max(logits, axis=1, keepdims=True)
    max_bar = -shifted_bar.sum(axis=1)
    z_bar = shifted_bar
    z_bar[np.arange(len(x)), logits.argmax(axis=1)] += max_bar
    # logits = h @ W + b
    gradients = [(h.T @ z_bar, z_bar.sum(axis=0))]
    # h = np.tanh(h @ W + b)
    for (W, _), h, h_in in zip(params[:0:-1], inputs[:0:-1], inputs[-2::-1], strict=True):
        z_bar = z_bar @ W.T
        h *= h
        np.subtract(1.0, h, out=h)
        z_bar *= h
        gradients.append((h_in.T @ z_bar, z_bar.sum(axis=0)))
    gradients.reverse()
    return gradients


def make_args(batch: int, widths: tuple[int, ...]) -> tuple[Layers, Array, Array]:
    """The arguments for layers of these widths, the first that of the input."""
    rng = np.random.default_rng(0)
    params = [
        (rng.normal(size=(m, n)) / np.sqrt(m), 0.1 * rng.normal(size=n))
        for m, n in zip(widths[:-1], widths[1:], strict=True)
    ]
    x = rng.normal(size=(batch, widths[0]))
    y = np.eye(widths[-1])[rng.integers(widths[-1], size=batch)]
    return params, x, y


WORKLOADS = tuple(
    Workload(name, "vectorised", mlp, mlp_gradient, functools.partial(make_args, batch, widths), 0)
    for name, batch, widths in [
        ("mlp_small", 32, (64, 64, 64, 10)),
        ("mlp_large", 256, (784, 512, 512, 10)),
    ]
)
