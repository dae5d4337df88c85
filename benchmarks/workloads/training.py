"""Gradient descent on a small network whose parameters are a dictionary, differentiated by where it starts."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]
Params = dict[str, Array]


def training(params: Params, rate: float, x: Array, y: Array, steps: int) -> float:
    """The loss after some steps of gradient descent; x (n, d), y (n, out)."""
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
        params = {name: value - rate * slopes[name] for name, value in params.items()}
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    return np.mean((hidden @ params["W2"] + params["b2"] - y) ** 2)


def training_gradient(
    params: Params, rate: float, x: Array, y: Array, steps: int
) -> tuple[Params, float]:
    """d training / d (params, rate)."""
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    tape = []
    for _ in range(steps):
        hidden = x @ W1
        hidden += b1
        np.tanh(hidden, out=hidden)
        error = hidden @ W2
        error += b2
        error -= y
        error /= len(x)
        slope = hidden * hidden
        np.subtract(1.0, slope, out=slope)
        through = error @ W2.T
        back = through * slope
        slopes = (x.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0))
        tape.append((hidden, error, slope, through, W2, slopes))
        W1 = W1 - rate * slopes[0]
        b1 = b1 - rate * slopes[1]
        W2 = W2 - rate * slopes[2]
        b2 = b2 - rate * slopes[3]
    hidden = x @ W1
    hidden += b1
    np.tanh(hidden, out=hidden)
    error = hidden @ W2
    error += b2
    error -= y

    # np.mean((hidden @ params["W2"] + params["b2"] - y) ** 2)
    error *= 2.0 / error.size
    W2_bar = hidden.T @ error
    b2_bar = error.sum(axis=0)
    # hidden = np.tanh(x @ params["W1"] + params["b1"])
    hidden_bar = error @ W2.T
    hidden *= hidden
    np.subtract(1.0, hidden, out=hidden)
    hidden_bar *= hidden
    W1_bar = x.T @ hidden_bar
    b1_bar = hidden_bar.sum(axis=0)
    rate_bar = 0.0
    while tape:
        hidden, error, slope, through, W2, slopes = tape.pop()
        # params = {name: value - rate * slopes[name] for name, value in params.items()}
        for value_bar, value in zip((W1_bar, b1_bar, W2_bar, b2_bar), slopes, strict=True):
            rate_bar -= float(np.vdot(value_bar, value))
        # slopes = {"W1": x.T @ back, "b1": np.sum(back, axis=0), "W2": hidden.T @ error, ...}
        back_bar = x @ W1_bar
        back_bar += b1_bar
        back_bar *= -rate
        t = -rate * W2_bar
        error_bar = hidden @ t
        error_bar -= rate * b2_bar
        hidden_bar = error @ t.T
        # back = (error @ params["W2"].T) * (1.0 - hidden**2)
        through *= back_bar
        through *= hidden
        through *= 2.0
        hidden_bar -= through
        back_bar *= slope
        error_bar += back_bar @ W2
        W2_bar += back_bar.T @ error
        # error = (hidden @ params["W2"] + params["b2"] - y) / len(x)
        error_bar /= len(x)
        b2_bar += error_bar.sum(axis=0)
        W2_bar += hidden.T @ error_bar
        hidden_bar += error_bar @ W2.T
        # hidden = np.tanh(x @ params["W1"] + params["b1"])
        hidden_bar *= slope
        W1_bar += x.T @ hidden_bar
        b1_bar += hidden_bar.sum(axis=0)
    return {"W1": W1_bar, "b1": b1_bar, "W2": W2_bar, "b2": b2_bar}, rate_bar


def _args() -> tuple[Params, float, Array, Array, int]:
    rng = np.random.default_rng(14)
    n, d, width, out, steps = 64, 16, 32, 4, 50
    params = {
        "W1": rng.normal(size=(d, width)) / np.sqrt(d),
        "b1": 0.1 * rng.normal(size=width),
        "W2": rng.normal(size=(width, out)) / np.sqrt(width),
        "b2": np.zeros(out),
    }
    return params, 0.1, rng.normal(size=(n, d)), rng.normal(size=(n, out)), steps


WORKLOADS = (Workload("training", "loop", training, training_gradient, _args, (0, 1)),)
