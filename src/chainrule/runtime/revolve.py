"""Number of steps, number of states kept -> which states, and in which order steps are computed again: binomial checkpointing.

A loop of n steps is reversed with at most `budget` of its states kept, the first one among them. With s states, and each step
computed again t times at most, beta(s, t) = C(s + t, s) steps can be reversed, and that is the best that can be done (Griewank &
Walther 2000, algorithm 799, "revolve"). Where the number of steps is not known before they are done, states are kept at equal
distances that double whenever there are too many of them (`Thinning`); when the number is known, what is left is used as far as
it helps (`chosen`): never more than n steps above the optimum.

    >>> list(forward(4, 2))
    [('keep', 0), ('advance', 0), ('keep', 1), ('advance', 1), ('advance', 2), ('reverse', 3)]
    >>> list(backward([0, 1], 3, 2))
    [('restore', 1), ('advance', 1), ('reverse', 2), ('restore', 1), ('reverse', 1), ('drop', 1), ('restore', 0), ('reverse', 0), ('drop', 0)]
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb, isqrt

Action = tuple[str, int]  # keep, restore, drop: a state by its number; advance, reverse: a step, from the state that is there


def beta(states: int, times: int) -> int:
    """The number of steps that can be reversed with so many states, each step computed again so many times at most."""
    return comb(states + times, states) if times >= 0 else 0


def repetitions(steps: int, states: int) -> int:
    """How often a step is computed again, at most, in the best schedule.

    >>> repetitions(10, 3)
    2
    """
    if states == 1:
        return max(steps - 1, 0)
    high = 1
    while beta(states, high) < steps:
        high *= 2
    low = 0
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if beta(states, middle) >= steps else (middle + 1, high)
    return low


def evaluations(steps: int, states: int) -> int:
    """The fewest steps that have to be computed, beside the one time in which each of them is reversed.

    >>> evaluations(10, 1), evaluations(10, 3), evaluations(10, 10)
    (45, 15, 9)
    """
    times = repetitions(steps, states)
    return times * steps - beta(states + 1, times - 1) if steps else 0


def split(steps: int, states: int) -> int:
    """How many steps before the next state is kept."""
    times = repetitions(steps, states)
    return max(1, beta(states, times - 2), steps - beta(states - 1, times))


def default_budget(steps: int) -> int:
    """The square root of the number of steps: each of them is computed three times at most, and reversed.

    >>> default_budget(1_000_000), repetitions(1_000_000, 1000)
    (1000, 3)
    """
    return max(1, isqrt(max(steps - 1, 0)) + 1)


def _sweep(start: int, end: int, free: int) -> Iterator[Action]:
    """From a state that is there, and may be one of `free` that are kept, to the last step before `end`, which is reversed."""
    while end - start > 1:
        if free <= 1:
            yield from (("advance", k) for k in range(start, end - 1))
            break
        steps = split(end - start, free)
        yield from (("advance", k) for k in range(start, start + steps))
        start += steps
        if start < end - 1:
            yield "keep", start
            free -= 1
    yield "reverse", end - 1


def forward(steps: int, budget: int) -> Iterator[Action]:
    """The first sweep, which ends with the reverse of the last step."""
    yield "keep", 0
    yield from _sweep(0, steps, budget)


def backward(places: list[int], end: int, budget: int) -> Iterator[Action]:
    """The reverse of the steps before `end`, from the states that are kept at `places`."""
    kept = list(places)
    while end > 0:
        start = kept[-1]
        if start == end:  # the step before which it was kept has been reversed
            yield "drop", kept.pop()
            continue
        yield "restore", start
        for action in _sweep(start, end, budget - len(kept) + 1):
            if action[0] == "keep":
                kept.append(action[1])
            yield action
        end -= 1
        if kept[-1] == end:
            yield "drop", kept.pop()


class Thinning:
    """Which states to keep while nobody knows how many steps there will be: at equal distances, which double. budget None: some square
    root of the number of steps so far."""

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self.spacing = 1
        self.places: list[int] = []

    def at(self, step: int) -> list[Action]:
        """What to keep, and what to drop, before a step."""
        if step % self.spacing:
            return []
        limit = max(8, 2 * default_budget(step)) if self.budget is None else self.budget
        actions: list[Action] = []
        if len(self.places) >= limit:
            actions = [("drop", place) for place in self.places[1::2]]
            del self.places[1::2]
            self.spacing *= 2
            if step % self.spacing or len(self.places) >= limit:
                return actions
        self.places.append(step)
        return [*actions, ("keep", step)]


def chosen(places: list[int], steps: int, budget: int) -> list[int]:
    """Those of some states, at equal distances, with which the reverse of all steps takes the fewest evaluations.

    >>> chosen([0, 256, 512, 768], 1000, 4)
    [0, 512]
    """
    found = places
    stride = 2
    while len(places) > stride // 2:
        fewer = places[::stride]
        if cost(fewer, steps, budget) < cost(found, steps, budget):
            found = fewer
        stride *= 2
    return found


def cost(places: list[int], steps: int, budget: int) -> int:
    """How many steps are computed by `backward`, beside the reversed ones."""
    ends = [*places[1:], steps]
    return sum(evaluations(end - place, budget - n) for n, (place, end) in enumerate(zip(places, ends)))


__all__ = ["Action", "Thinning", "backward", "beta", "chosen", "cost", "default_budget", "evaluations", "forward", "repetitions", "split"]
