"""Programs as people write them in their fields, and what each of them is tested for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pytest

import chainrule as cr
from tests.gradients import gradient_is, is_float, leaves

F = TypeVar("F", bound=Callable[..., Any])


class Program(NamedTuple):
    f: Callable[..., Any]
    args: tuple[Any, ...]
    by_values: bool  # whether it is compiled for the path of one call
    rtol: float

    def source(self) -> str:
        """The text of its gradient, after a call."""
        chosen = tuple(n for n, arg in enumerate(self.args) if any(is_float(leaf) for _, leaf in leaves(arg)))
        gradient = cr.grad(self.f, argnums=chosen)
        gradient(*copy.deepcopy(self.args))
        return gradient.source

    def check(self) -> None:
        """Value and gradient are right; what types decide is compiled from types."""
        gradient_is(self.f, self.args, rtol=self.rtol)
        assert self.by_values or "For calls that take one path" not in self.source()


_programs: dict[str, list[Program]] = {}


def program(*args: Any, by_values: bool = False, rtol: float = 1e-5) -> Callable[[F], F]:
    """The arguments to differentiate a program at."""

    def register(f: F) -> F:
        _programs.setdefault(f.__module__, []).append(Program(f, args, by_values, rtol))
        return f

    return register


def programs(module: str) -> list[Any]:
    """The programs of a module, as parameters of its test."""
    return [pytest.param(p, id=p.f.__name__) for p in _programs[module]]
