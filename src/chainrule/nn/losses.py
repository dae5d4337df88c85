"""Functions along an axis: sums of exponentials, probabilities, and the losses that are made of them.

The largest element is subtracted first, so that nothing overflows: entries of 1e4 and of -inf are as good as any.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activations import reals, softplus


def _shift(x: Any, axis: Any) -> Any:
    """The largest element along an axis, that axis kept; 0 where that is not finite."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    finite = np.isfinite(top)
    return top if finite.all() else np.where(finite, top, x.dtype.type(0))


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, several (a tuple) or all (None): x (..., n) -> (..., n).

    Infinite elements share the whole; where all are -inf, the result is NaN.

    >>> softmax(np.array([1000.0, 1000.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    y = _powers(reals(x, "softmax"), axis)
    return (y / np.sum(y, axis=axis, keepdims=True))[()]


def _powers(x: Any, axis: Any) -> Any:
    """exp(x), over the largest of them; where that is infinite, 1 for those that are, and 0 for the others."""
    with np.errstate(over="ignore", under="ignore"):
        y = np.exp(x - _shift(x, axis))
    infinite = y == np.inf
    return np.where(infinite.any(axis=axis, keepdims=True), infinite, y).astype(y.dtype) if infinite.any() else y


def shares(x: Any, axis: Any = None) -> Any:
    """The derivative of `logsumexp`: `softmax`, and equal shares where all are -inf.

    >>> shares(np.array([-np.inf, -np.inf]))
    array([0.5, 0.5])
    """
    y = _powers(reals(x, "logsumexp"), axis)
    total = np.sum(y, axis=axis, keepdims=True)
    return (y / total if total.all() else np.where(total == 0, np.ones_like(y) / (y.size // max(total.size, 1)), y / np.where(total == 0, 1, total)))[()]


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) along an axis, several (a tuple) or all (None): x (..., n) -> (..., n).

    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    x = reals(x, "log_softmax")
    shifted = x - _shift(x, axis)
    with np.errstate(divide="ignore"):
        return (shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))[()]


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """log(sum(b * exp(a))) along an axis, several (a tuple) or all (None): a (..., n) -> (...), as `scipy.special.logsumexp`.

    b: weights, broadcast against a; where a weight is 0, the element of a does not count. If the sum is negative, the result is NaN.
    Of no elements it is -inf.

    >>> float(logsumexp(np.array([1000.0, 1000.0]), b=np.array([0.5, 0.5])))
    1000.0
    """
    if b is not None:
        a, b = np.broadcast_arrays(a, b)
    return of_one_shape(a, axis, b, keepdims)


def of_one_shape(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """`logsumexp`, where the weights have the shape of a."""
    a = reals(a, "logsumexp")
    if b is not None:
        a = np.where(b == 0, a.dtype.type(-np.inf), a)
    top = _shift(a, axis)
    terms = np.exp(a - top)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(np.sum(terms if b is None else b * terms, axis=axis, keepdims=True)) + top
    return y[()] if keepdims else np.squeeze(y, axis=tuple(range(a.ndim)) if axis is None else axis)[()]


def one_hot(labels: Any, num_classes: int, dtype: Any = np.float64, axis: int = -1) -> Any:
    """1 at each label, 0 elsewhere: labels (...) -> (..., num_classes), the new axis at `axis`.

    Labels are integers from 0 to num_classes - 1: others are a ValueError, floats a TypeError.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    return one_hot_of_array(np.asarray(labels), num_classes, dtype, axis)


def one_hot_of_array(labels: Any, num_classes: int, dtype: Any = np.float64, axis: int = -1) -> Any:
    """`one_hot`, where the labels are no list."""
    labels = _checked(labels, num_classes)
    return np.moveaxis((labels[..., None] == np.arange(num_classes)).astype(dtype), -1, axis)


def _checked(labels: Any, classes: int) -> Any:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels are integers, not {labels.dtype}")
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"labels of {classes} classes are 0 to {classes - 1}; there are some from {labels.min()} to {labels.max()}")
    return labels


def cross_entropy(logits: Any, targets: Any, axis: int = -1, reduction: str = "mean") -> Any:
    """-log(softmax(logits)) of the label, or its mean under a distribution over the classes, which are along `axis`.

    logits (..., c), targets (...) of integers, or (..., c) of floats -> one number, or (...) if reduction is "none".
    reduction: "mean", "sum" or "none", over the examples. Labels outside 0 .. c - 1 are a ValueError; so are shapes that do not fit.

    >>> round(float(cross_entropy(np.array([[0.0, 0.0], [0.0, 1000.0]]), [0, 1])), 6)
    0.346574
    >>> round(float(cross_entropy(np.array([1.0, 3.0]), np.array([0.5, 0.5]))), 6)
    1.126928
    """
    return cross_entropy_of_arrays(np.asarray(logits), np.asarray(targets), axis, reduction)


def cross_entropy_of_arrays(logits: Any, targets: Any, axis: int = -1, reduction: str = "mean") -> Any:
    """`cross_entropy`, where nothing is a list."""
    logits, targets = reals(logits, "cross_entropy"), np.asarray(targets)
    if logits.ndim == 0 or logits.shape[axis] == 0:
        raise ValueError(f"logits of shape {logits.shape}: there are no classes along axis {axis}")
    if targets.dtype.kind == "f":
        if targets.shape != logits.shape:
            raise ValueError(f"logits of shape {logits.shape}, distributions of shape {targets.shape}")
        with np.errstate(invalid="ignore"):
            terms = targets * log_softmax(logits, axis)
        losses = -np.sum(np.where(targets == 0, logits.dtype.type(0), terms), axis=axis)
    else:
        labels, rows = _checked(targets, logits.shape[axis]), np.moveaxis(logits, axis, -1) if axis not in (-1, logits.ndim - 1) else logits
        if labels.shape != rows.shape[:-1]:
            raise ValueError(f"logits of shape {logits.shape}, labels of shape {targets.shape}")
        picked = rows.reshape(labels.size, rows.shape[-1])[np.arange(labels.size), labels.ravel()].reshape(labels.shape)
        losses = logsumexp(logits, axis) - picked
    return _reduced(losses, reduction)


def binary_cross_entropy(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """-t * log(p) - (1 - t) * log(1 - p), p = sigmoid(logits), without overflow: logits (...), targets t (...) -> one number, or (...).

    Targets are probabilities: floats from 0 to 1, or 0 and 1, or booleans. reduction: "mean", "sum" or "none".

    >>> round(float(binary_cross_entropy(np.array([1000.0, 0.0]), np.array([1, 0]))), 6)
    0.346574
    """
    losses = softplus(logits) - targets * logits
    if reduction == "mean":
        return np.mean(losses)
    if reduction == "sum":
        return np.sum(losses)
    if reduction != "none":
        raise ValueError('reduction is "mean", "sum" or "none"')
    return losses


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError('reduction is "mean", "sum" or "none"')
    return np.mean(losses) if reduction == "mean" else np.sum(losses) if reduction == "sum" else losses[()]


__all__ = ["binary_cross_entropy", "cross_entropy", "cross_entropy_of_arrays", "log_softmax", "logsumexp", "of_one_shape", "one_hot", "one_hot_of_array", "shares", "softmax"]
