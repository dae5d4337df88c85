"""The loop of a program that keeps few of its states, and the pullback of all of its steps.

A step is a function of the program: `values = step(k, *state, *parameters, *constants)`, and `values, pullback = step_vjp(...)`. Nobody writes
into a state, so to keep one is to keep a reference to it. Which states are kept, and which steps are computed again, says `revolve`.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .containers import add_lists, zeros_like
from .record import Record, current
from .revolve import Action, Thinning, backward, chosen, default_budget, forward

State = tuple[Any, ...]


class Kept:
    """States by their number. In memory, or in a file without a name, which is gone when nobody needs it."""

    def __init__(self, spill: bool | str) -> None:
        self.spill = spill
        self.states: dict[int, State] = {}
        self.file: Any = None
        self.free: dict[int, list[int]] = {}  # size -> places in the file
        self.end = 0

    def keep(self, k: int, state: State) -> None:
        self.states[k] = tuple(map(self._put if self.spill else _compact, state))

    def get(self, k: int) -> State:
        return tuple(map(self._get, self.states[k])) if self.spill else self.states[k]

    def drop(self, k: int) -> None:
        for value in self.states.pop(k):
            if isinstance(value, _OnDisk):
                self.free.setdefault(value.size, []).append(value.offset)

    def _put(self, value: Any) -> Any:
        if type(value) is not np.ndarray or value.dtype.hasobject or not value.size:
            return value
        if self.file is None:
            self.file = tempfile.TemporaryFile(dir=self.spill if isinstance(self.spill, str) else None)  # noqa: SIM115
        transposed = value.flags.f_contiguous and not value.flags.c_contiguous
        data = np.ascontiguousarray(value.T if transposed else value)
        places = self.free.get(data.nbytes)
        offset = places.pop() if places else self.end
        self.end = max(self.end, offset + data.nbytes)
        self.file.seek(offset)
        self.file.write(data.reshape(-1).view(np.uint8).data)
        return _OnDisk(offset, data.nbytes, data.shape, data.dtype, transposed)

    def _get(self, value: Any) -> Any:
        if not isinstance(value, _OnDisk):
            return value
        data = np.empty(value.shape, value.dtype)
        self.file.seek(value.offset)
        if self.file.readinto(data.reshape(-1).view(np.uint8).data) != value.size:
            raise OSError("a state that was written to a temporary file cannot be read again")
        return data.T if value.transposed else data


class _OnDisk:
    """Where an array lies in the file."""

    def __init__(self, offset: int, size: int, shape: tuple[int, ...], dtype: Any, transposed: bool) -> None:
        self.offset, self.size, self.shape, self.dtype, self.transposed = offset, size, shape, dtype, transposed


def _compact(value: Any) -> Any:
    """A value, without a larger array of which it may be a part."""
    return value.copy(order="K") if type(value) is np.ndarray and value.base is not None else value


class _Steps:
    """The steps of one loop: `run` computes one, `reverse` gives its pullback as well. What a step does to the world outside it does once."""

    def __init__(self, step: Callable[..., Any], step_vjp: Callable[..., Any], indices: Sequence[int] | None, given: State, effects: bool) -> None:
        self.step, self.step_vjp, self.indices, self.given = step, step_vjp, indices, given
        self.records: dict[int, Record] | None = {} if effects else None

    def run(self, k: int, state: State) -> State:
        return self._call(self.step, k, state)  # type: ignore[no-any-return]

    def reverse(self, k: int, state: State) -> tuple[State, Callable[..., Any]]:
        return self._call(self.step_vjp, k, state)  # type: ignore[no-any-return]

    def _call(self, function: Callable[..., Any], k: int, state: State) -> Any:
        args = (*state, *self.given) if self.indices is None else (self.indices[k], *state, *self.given)
        if self.records is None:
            return function(*args)
        record = self.records.setdefault(k, Record(current()))
        with record.running():
            return function(*args)


class _Reverse:
    """The pullback of a loop: adjoints of its results -> those of its first state, and of the parameters. It may be called again."""

    def __init__(self, steps: _Steps, count: int, first: State, parameters: State, kept: Kept, budget: int, wrt: tuple[int, ...] | None) -> None:
        self.steps, self.count, self.first, self.parameters = steps, count, first, parameters
        self.kept, self.budget, self.wrt = kept, budget, wrt
        self.last: Callable[..., Any] | None = None  # the pullback of the last step
        self.ready = True

    def sweep(self) -> State:
        """The forward sweep of a loop whose number of steps is known; gives the last state."""
        return next(state for pullback, state in self._follow(forward(self.count, self.budget), self.first) if self._note(pullback))

    def _note(self, pullback: Callable[..., Any]) -> bool:
        self.last = pullback
        return True

    def _follow(self, actions: Iterable[Action], state: State) -> Iterator[tuple[Callable[..., Any], State]]:
        for what, k in actions:
            if what == "advance":
                state = self.steps.run(k, state)[:len(state)]
            elif what == "keep":
                self.kept.keep(k, state)
            elif what == "restore":
                state = self.kept.get(k)
            elif what == "drop":
                self.kept.drop(k)
            else:
                values, pullback = self.steps.reverse(k, state)
                yield pullback, values[:len(state)]

    def __call__(self, *bars: Any) -> tuple[Any, ...]:
        wrt = range(len(bars)) if self.wrt is None else self.wrt
        found = list(bars)
        sums: list[Any] = [None] * len(self.parameters)
        own = [False] * len(sums)
        if self.count:
            if not self.ready:  # what was kept has been used up
                self.kept.states.clear()
                self.sweep()
            self.ready = False
            for pullback in self._pullbacks():
                given = pullback(*found)
                for n, k in enumerate(wrt):
                    found[k] = given[n]
                for n in range(len(sums)):
                    sums[n], own[n] = _added(sums[n], own[n], given[len(wrt) + n])
        rest = (zeros_like(value) if total is None else total for total, value in zip(sums, self.parameters))
        return (*(found[k] for k in wrt), *rest)

    def _pullbacks(self) -> Iterator[Callable[..., Any]]:
        end = self.count
        if self.last is not None:
            last, self.last = self.last, None
            yield last
            del last
            end -= 1
        places = sorted(self.kept.states)
        for pullback, _ in self._follow(backward(places, end, self.budget), ()):
            yield pullback


def _added(total: Any, own: bool, more: Any) -> tuple[Any, bool]:
    """The sum, and whether it is an array of ours, to which the next one is added in place."""
    if total is None:
        return more, False
    if own and total.dtype == more.dtype:
        total += more
        return total, True
    total = add_lists(total, more)
    return total, type(total) is np.ndarray and total.ndim > 0


def checkpoints(step: Callable[..., Any], step_vjp: Callable[..., Any], indices: Sequence[int] | None, state: State, parameters: State,
                constants: State, budget: int | None = None, spill: bool | str = False, wrt: tuple[int, ...] | None = None, breaks: bool = False,
                effects: bool = False) -> tuple[State, Callable[..., tuple[Any, ...]]]:
    """The last state of a loop, and its pullback, with at most `budget` states kept.

    indices: what the loop goes through, None for one without a number, which ends when a step says so. breaks: the last value of a
    step says whether it was the last one. wrt: which of the adjoints a step's pullback gives (None: all). effects: a step does something
    to the world outside.

    >>> def step(k, x): return (x * x,)
    >>> def step_vjp(k, x): return (x * x,), lambda bar: (2 * x * bar,)
    >>> value, pullback = checkpoints(step, step_vjp, range(3), (2.0,), (), (), budget=1)
    >>> value, pullback(1.0)
    ((256.0,), (1024.0,))
    """
    steps = _Steps(step, step_vjp, indices, (*parameters, *constants), effects)
    kept = Kept(spill)
    if indices is not None and not breaks:
        count = len(indices)
        reverse = _Reverse(steps, count, state, parameters, kept, budget or default_budget(count), wrt)
        return (reverse.sweep() if count else state), reverse
    first = state
    thinning = Thinning(budget)
    count = 0
    for k in itertools.count() if indices is None else range(len(indices)):
        for what, place in thinning.at(k):
            if what == "keep":
                kept.keep(place, state)
            else:
                kept.drop(place)
        values = steps.run(k, state)
        state, count = values[:len(state)], k + 1
        if values[-1]:
            break
    budget = budget or max(len(thinning.places), default_budget(count))
    best = set(chosen(thinning.places, count, budget))
    for place in thinning.places:
        if place not in best:
            kept.drop(place)
    return state, _Reverse(steps, count, first, parameters, kept, budget, wrt)


__all__ = ["Kept", "checkpoints"]
