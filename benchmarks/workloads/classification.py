"""Losses on their own: logistic regression, and softmax cross-entropy over many classes."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def logistic_regression(w: Array, b: float, x: Array, y: Array) -> float:
    """Mean negative log-likelihood with a ridge term; x (n, d), y (n,) of 0 and 1."""
    z = x @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z) + 0.01 * np.sum(w**2)


def logistic_regression_gradient(w: Array, b: float, x: Array, y: Array) -> tuple[Array, float]:
    """d logistic_regression / d (w, b)."""
    z = x @ w
    z += b
    softplus = np.logaddexp(0.0, z)

    # d logaddexp(0, z) / dz = exp(z - logaddexp(0, z))
    z -= softplus
    z_bar = np.exp(z, out=z)
    z_bar -= y
    z_bar /= len(z)
    w_bar = x.T @ z_bar
    w_bar += 0.02 * w
    return w_bar, z_bar.sum()


def softmax_cross_entropy(logits: Array, labels: Array) -> float:
    """Mean cross-entropy; logits (n, classes), labels (n,) integers."""
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_total = np.log(np.sum(np.exp(shifted), axis=1))
    picked = shifted[np.arange(len(labels)), labels]
    return np.mean(log_total - picked)


def softmax_cross_entropy_gradient(logits: Array, labels: Array) -> Array:
    """d softmax_cross_entropy / d logits."""
    rows = np.arange(len(labels))
    shifted_bar = logits - logits.max(axis=1, keepdims=True)
    np.exp(shifted_bar, out=shifted_bar)
    total = shifted_bar.sum(axis=1, keepdims=True)

    # log_total = np.log(np.sum(np.exp(shifted), axis=1))
    mean_bar = 1.0 / len(labels)
    shifted_bar *= mean_bar / total
    # picked = shifted[np.arange(len(labels)), labels]
    shifted_bar[rows, labels] -= mean_bar
    # shifted = logits - np.max(logits, axis=1, keepdims=True)
    max_bar = -shifted_bar.sum(axis=1)
    shifted_bar[rows, logits.argmax(axis=1)] += max_bar
    return shifted_bar


def _logistic_regression_args() -> tuple[Array, float, Array, Array]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 50))
    y = (rng.random(2000) < 0.5).astype(float)
    return rng.normal(size=50), 0.1, x, y


def _softmax_cross_entropy_args() -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(256, 1000)), rng.integers(1000, size=256)


WORKLOADS = (
    Workload(
        "logistic_regression",
        "vectorised",
        logistic_regression,
        logistic_regression_gradient,
        _logistic_regression_args,
        (0, 1),
    ),
    Workload(
        "softmax_cross_entropy",
        "vectorised",
        softmax_cross_entropy,
        softmax_cross_entropy_gradient,
        _softmax_cross_entropy_args,
        0,
    ),
)
