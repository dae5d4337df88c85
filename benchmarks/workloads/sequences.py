"""Loops over time: a recurrent network, and the forward algorithm of a hidden Markov model."""

from typing import Any

import numpy as np

from benchmarks.workload import Workload

Array = np.ndarray[Any, Any]


def rnn(W_in: Array, W_h: Array, b: Array, W_out: Array, xs: Array, y: Array) -> float:
    """Mean squared error after the last step; xs (time, batch, d), y (batch, out)."""
    h = np.zeros((xs.shape[1], len(b)))
    for x in xs:
        h = np.tanh(x @ W_in + h @ W_h + b)
    return np.mean((h @ W_out - y) ** 2)


def rnn_gradient(
    W_in: Array, W_h: Array, b: Array, W_out: Array, xs: Array, y: Array
) -> tuple[Array, Array, Array, Array]:
    """d rnn / d (W_in, W_h, b, W_out)."""
    h = np.zeros((xs.shape[1], len(b)))
    hs = [h]
    for x in xs:
        h = h @ W_h
        h += x @ W_in
        h += b
        np.tanh(h, out=h)
        hs.append(h)

    # np.mean((h @ W_out - y) ** 2)
    error = h @ W_out
    error -= y
    error *= 2.0 / error.size
    W_out_bar = h.T @ error
    h_bar = error @ W_out.T
    W_in_bar = np.zeros_like(W_in)
    W_h_bar = np.zeros_like(W_h)
    b_bar = np.zeros_like(b)
    for x in reversed(xs):
        # h = np.tanh(x @ W_in + h @ W_h + b)
        h = hs.pop()
        h *= h
        np.subtract(1.0, h, out=h)
        h_bar *= h
        W_in_bar += x.T @ h_bar
        W_h_bar += hs[-1].T @ h_bar
        b_bar += h_bar.sum(axis=0)
        h_bar = h_bar @ W_h.T
    return W_in_bar, W_h_bar, b_bar, W_out_bar


def rnn_list(
    W_in: Array, W_h: Array, b: Array, W_out: Array, xs: Array, ys: Array
) -> float:
    """Mean squared errors of all steps, from a list of states; xs (time, batch, d), ys (time, batch, out)."""
    hs = [np.zeros((xs.shape[1], len(b)))]
    for x in xs:
        hs.append(np.tanh(x @ W_in + hs[-1] @ W_h + b))
    loss = 0.0
    for h, y in zip(hs[1:], ys):
        loss += np.mean((h @ W_out - y) ** 2)
    return loss


def rnn_list_gradient(
    W_in: Array, W_h: Array, b: Array, W_out: Array, xs: Array, ys: Array
) -> tuple[Array, Array, Array, Array]:
    """d rnn_list / d (W_in, W_h, b, W_out)."""
    h = np.zeros((xs.shape[1], len(b)))
    hs = [h]
    for x in xs:
        h = h @ W_h
        h += x @ W_in
        h += b
        np.tanh(h, out=h)
        hs.append(h)

    W_in_bar = np.zeros_like(W_in)
    W_h_bar = np.zeros_like(W_h)
    b_bar = np.zeros_like(b)
    W_out_bar = np.zeros_like(W_out)
    h_bar = np.zeros_like(h)
    for x, y in zip(xs[::-1], ys[::-1], strict=True):
        h = hs.pop()
        # loss += np.mean((h @ W_out - y) ** 2)
        error = h @ W_out
        error -= y
        error *= 2.0 / error.size
        W_out_bar += h.T @ error
        h_bar += error @ W_out.T
        # hs.append(np.tanh(x @ W_in + hs[-1] @ W_h + b))
        h *= h
        np.subtract(1.0, h, out=h)
        h_bar *= h
        W_in_bar += x.T @ h_bar
        W_h_bar += hs[-1].T @ h_bar
        b_bar += h_bar.sum(axis=0)
        h_bar = h_bar @ W_h.T
    return W_in_bar, W_h_bar, b_bar, W_out_bar


def logsumexp(x: Array) -> Array:
    """log(sum(exp(x))) over the first axis."""
    shift = np.max(x, axis=0)
    return shift + np.log(np.sum(np.exp(x - shift), axis=0))


def hmm(log_start: Array, log_move: Array, log_emit: Array, observed: Array) -> Any:
    """The log-likelihood; log_start (k,), log_move (k, k), log_emit (k, m), observed (time,)."""
    alpha = log_start + log_emit[:, observed[0]]
    for t in range(1, len(observed)):
        alpha = logsumexp(alpha[:, None] + log_move) + log_emit[:, observed[t]]
    return logsumexp(alpha)


def _logsumexp_parts(x: Array) -> tuple[Array, Array, Array, Array]:
    """logsumexp(x), and what its reverse needs: argmax, exp(x - shift) and its sum; spends x."""
    peak = x.argmax(axis=0)
    shift = x.max(axis=0)
    x -= shift
    np.exp(x, out=x)
    total = x.sum(axis=0)
    return shift + np.log(total), peak, x, total


def hmm_gradient(
    log_start: Array, log_move: Array, log_emit: Array, observed: Array
) -> tuple[Array, Array, Array]:
    """d hmm / d (log_start, log_move, log_emit)."""
    columns = np.arange(len(log_start))
    alpha = log_start + log_emit[:, observed[0]]
    tape = []
    for t in range(1, len(observed)):
        alpha, peak, exps, total = _logsumexp_parts(alpha[:, None] + log_move)
        alpha += log_emit[:, observed[t]]
        tape.append((peak, exps, total))
    _, peak, exps, total = _logsumexp_parts(alpha)

    # logsumexp(alpha)
    exps /= total
    alpha_bar = exps
    alpha_bar[peak] += 1.0 - alpha_bar.sum()
    log_move_bar = np.zeros_like(log_move)
    log_emit_bar = np.zeros_like(log_emit)
    for t in reversed(range(1, len(observed))):
        peak, exps, total = tape.pop()
        # alpha = logsumexp(alpha[:, None] + log_move) + log_emit[:, observed[t]]
        log_emit_bar[:, observed[t]] += alpha_bar
        exps *= alpha_bar / total
        alpha_bar -= exps.sum(axis=0)
        exps[peak, columns] += alpha_bar
        log_move_bar += exps
        alpha_bar = exps.sum(axis=1)
    # alpha = log_start + log_emit[:, observed[0]]
    log_emit_bar[:, observed[0]] += alpha_bar
    return alpha_bar, log_move_bar, log_emit_bar


def _rnn_args() -> tuple[Array, ...]:
    rng = np.random.default_rng(7)
    batch, width, steps = 32, 64, 50
    return (
        rng.normal(size=(width, width)) / 8.0,
        rng.normal(size=(width, width)) / 8.0,
        0.1 * rng.normal(size=width),
        rng.normal(size=(width, 10)) / 8.0,
        rng.normal(size=(steps, batch, width)),
        rng.normal(size=(batch, 10)),
    )


def _rnn_list_args() -> tuple[Array, ...]:
    W_in, W_h, b, W_out, xs, y = _rnn_args()
    rng = np.random.default_rng(15)
    return W_in, W_h, b, W_out, xs, rng.normal(size=(len(xs), *y.shape))


def _hmm_args() -> tuple[Array, ...]:
    rng = np.random.default_rng(8)
    states, symbols, steps = 16, 8, 200
    return (
        np.log(rng.dirichlet(np.ones(states))),
        np.log(rng.dirichlet(np.ones(states), size=states)),
        np.log(rng.dirichlet(np.ones(symbols), size=states)),
        rng.integers(symbols, size=steps),
    )


WORKLOADS = (
    Workload("rnn", "loop", rnn, rnn_gradient, _rnn_args, (0, 1, 2, 3)),
    Workload("rnn_list", "loop", rnn_list, rnn_list_gradient, _rnn_list_args, (0, 1, 2, 3)),
    Workload("hmm", "loop", hmm, hmm_gradient, _hmm_args, (0, 1, 2)),
)
