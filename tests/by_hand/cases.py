"""What the programs written by hand are run with, and how they are collected."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest

X = np.array([1.1, 2.3, 2.9])
X4 = np.array([0.5, -1.2, 2.0, 0.7])
M = np.array([[1.05, 2.1, 0.55], [0.3, -0.4, 1.1]])
W = np.array([0.3, 1.7, -0.8])

F = TypeVar("F", bound=Callable[..., Any])
_cases: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...]]]] = {}


def case(*args: Any) -> Callable[[F], F]:
    """A program, and the arguments to differentiate it at."""

    def register(f: F) -> F:
        _cases.setdefault(f.__module__, []).append((f, tuple(copy.deepcopy(arg) for arg in args)))
        return f

    return register


def cases(module: str) -> list[Any]:
    """The programs of a module, as parameters of its test."""
    return [pytest.param(f, args, id=f.__name__) for f, args in _cases[module]]
