"""Samples of the rows of chainrule.nn."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule.nn  # noqa: F401
from chainrule.rules.table import read_later

from .harness import Case, Const, case
from .scipy.arrays import Arrays

read_later()
A = Arrays(6).A


def each() -> list[Case]:
    """Numbers and arrays of every form, away from 0."""
    return [case(0.7), case(-0.7), case(np.float64(-1.3)), case(np.asarray(1.1)), case(A(3)), case(A(2, 3)), case(A(0)), case(A(1)), case(A(2, 3).T), case(A(6)[::-2])]


def with_parameter(*numbers: float) -> list[Case]:
    return each() + [case(A(2, 3), n) for n in numbers] + [case(A(2, 3), Const(numbers[0])), case(-0.7, numbers[0]), case(A(2, 3), A(3, low=0.1, high=1)),
                                                       case(-0.7, A(3, low=0.1, high=1)), case(A(3), A(2, 1, low=0.1, high=1)), case(A(2, 3), np.float64(numbers[0]))]


def along() -> list[Case]:
    return [case(A(4)), case(A(2, 3)), case(A(2, 3), axis=0), case(A(2, 3), 1), case(A(2, 3), axis=None), case(A(2, 3, 4), axis=(0, 2)), case(A(2, 3, 4), axis=1), case(A(3, 0)),
            case(A(1)), case(A(2, 3).T), case(1000 * A(2, 3))]


def classes() -> list[Case]:
    labels, found = np.array([2, 0]), []
    for reduction in ("mean", "sum", "none"):
        found += [case(A(2, 3), labels, reduction=reduction), case(A(3, 2), labels, 0, reduction), case(A(2, 3, 4), np.array([[0, 1, 3], [2, 2, 0]]), reduction=reduction),
                  case(A(2, 3, 4), np.array([[0, 1, 2, 0], [2, 2, 0, 1]]), axis=1, reduction=reduction), case(A(2, 3), A(2, 3, low=0, high=1), reduction=reduction),
                  case(A(2, 3), A(2, 3, low=0, high=1), 0, reduction), case(A(3), 1, reduction=reduction), case(A(3), A(3, low=0, high=1), reduction=reduction)]
    return [*found, case(A(2, 3) + np.array([900.0, 0, 0]), labels)]


NN: dict[str, list[Case]] = {
    **{f"nn.{name}": each() for name in ("sigmoid", "log_sigmoid", "softplus", "relu", "silu")},
    "nn.gelu": each() + [case(c.args[0], approximate=True) for c in each()] + [case(A(3, low=8, high=12), approximate=True), case(A(3, low=-12, high=-8), True)],
    "nn_rt.silu_slope": each() + [case(A(3), n) for n in (2, 3, 5)],
    "nn_rt.gelu_slope": each() + [case(A(3), approximate, n) for n in (2, 3, 5) for approximate in (False, True)],
    "nn.leaky_relu": with_parameter(0.3, 0.05), "nn.elu": with_parameter(1.3, 0.7),
    "nn.softmax": along(), "nn_rt.shares": along(), "nn.log_softmax": along(),
    "nn_rt.logsumexp": [Case(c.args[:1], {"axis": c.args[1]} if len(c.args) > 1 else c.kwargs or {"axis": None}) for c in along() if c.args[0].size] + [
        case(A(2, 3)), case(A(2, 3), 1, keepdims=True), case(A(2, 3), b=A(2, 3, low=0.2, high=1)), case(A(2, 3, 2), (0, 2), A(2, 3, 2, low=0.2, high=1), True)],
    "nn_rt.one_hot": [case(np.array([1, 0]), 3)],
    "nn_rt.cross_entropy": classes(),
}


__all__ = ["NN", "Any"]
