"""Random generators that a function draws from: every evaluation begins with the same state."""

from __future__ import annotations

import copy
import functools
import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..structure import flatten


class Streams:
    """The random generators that a function may draw from besides its arguments: those of `np.random` and `random`, and the given ones.

    Differences are of samples from one stream: every evaluation starts where the derivative started.
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        found = [leaf for value in values for leaf in flatten(value)[0]]
        self.generators = [g for g in found if isinstance(g, np.random.Generator | np.random.RandomState | random.Random)]
        self.start = self._states()

    def _states(self) -> list[Any]:
        own = [copy.deepcopy(g.bit_generator.state) if isinstance(g, np.random.Generator) else
               g.get_state() if isinstance(g, np.random.RandomState) else g.getstate() for g in self.generators]
        return [np.random.get_state(), random.getstate(), *own]

    def _set(self, states: list[Any]) -> None:
        np.random.set_state(states[0])
        random.setstate(states[1])
        for generator, state in zip(self.generators, states[2:], strict=True):
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = state
            elif isinstance(generator, np.random.RandomState):
                generator.set_state(state)
            else:
                generator.setstate(state)

    def from_start(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The function, drawing the same numbers whenever it is called."""

        @functools.wraps(f)
        def again(*args: Any) -> Any:
            self._set(self.start)
            return f(*args)

        return again

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave the generators as they are now."""
        now = self._states()
        try:
            yield
        finally:
            self._set(now)


def streams_of(f: Any, args: Sequence[Any] = ()) -> Streams:
    """The generators that a function finds in its closure, among its globals, or in the object that it is a method of, and those among some arguments."""
    owner = getattr(f, "__self__", None)
    values: list[Any] = [*getattr(owner, "__dict__", {}).values()]
    f = inspect.unwrap(f.__func__ if inspect.ismethod(f) else f) if callable(f) else f
    code = getattr(f, "__code__", None)
    if code is not None:
        values += [f.__globals__[name] for name in code.co_names if name in f.__globals__]
        for cell in f.__closure__ or ():
            try:
                values.append(cell.cell_contents)
            except ValueError:  # not bound yet
                continue
    return Streams([*values, *args])


__all__ = ["Streams", "streams_of"]
