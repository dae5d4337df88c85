"""Draws of random numbers that leave no trace: only the source is wanted, and which path it takes depends on what is drawn.

Generators are copied when they are first drawn from; what belongs to a module is put back in the end.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...rules import random


class Rehearsal:
    """The copies of the generators that are drawn from, and the states of the modules before."""

    def __init__(self) -> None:
        self.memo: dict[int, Any] = {}
        self.copies: dict[int, Any] = {}  # a copy stands for itself
        self.before: Any = None

    def arguments(self, args: list[Any]) -> list[Any]:
        """The arguments of a draw, with a copy of the generator."""
        if self.before is None:
            self.before = random.module_states()
        return [self._copied(arg) if random.draws(arg) else arg for arg in args]

    def result(self, value: Any) -> Any:
        """What a draw has given: a generator that was made just now is drawn from itself."""
        if random.draws(value):
            self.copies[id(value)] = value
        return value

    def _copied(self, generator: Any) -> Any:
        if id(generator) in self.copies:
            return generator
        found = copy.deepcopy(generator, self.memo)
        self.copies[id(found)] = found
        return found

    @contextmanager
    def leaving_no_trace(self) -> Iterator[None]:
        """What is drawn within is not drawn afterwards."""
        try:
            yield
        finally:
            if self.before is not None:
                random.restore(self.before)


__all__ = ["Rehearsal"]
