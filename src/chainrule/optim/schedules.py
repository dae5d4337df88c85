"""Learning rates as functions of the number of steps made before: any function of an integer is one.

    optim.sgd(optim.warmup(100, optim.cosine(0.1, steps=1000)))
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """Always the same.

    >>> constant(0.1)(1000)
    0.1
    """
    return lambda step: value


def step_decay(value: float, every: int, factor: float = 0.1) -> Schedule:
    """value * factor ** (step // every): smaller by a factor every so many steps.

    >>> [step_decay(1.0, every=10, factor=0.5)(step) for step in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """
    return lambda step: value * factor ** (step // every)


def exponential(value: float, factor: float, steps: int = 1) -> Schedule:
    """value * factor ** (step / steps): smaller by a factor in so many steps, bit by bit.

    >>> exponential(1.0, 0.25, steps=10)(5)
    0.5
    """
    return lambda step: value * factor ** (step / steps)


def cosine(value: float, steps: int, end: float = 0.0) -> Schedule:
    """From value to end in so many steps along half a cosine, then end (I. Loshchilov and F. Hutter 2017).

    >>> [round(cosine(1.0, steps=10)(step), 6) for step in (0, 5, 10, 20)]
    [1.0, 0.5, 0.0, 0.0]
    """
    return lambda step: end + (value - end) * (0.5 + 0.5 * math.cos(math.pi * (min(step, steps) / steps)))


def warmup(steps: int, then: float | Schedule) -> Schedule:
    """A share of a rate that grows to the whole in so many steps, from 1 / steps on; then the rate, which counts its steps from there.

    >>> [warmup(4, 1.0)(step) for step in (0, 1, 3, 4, 9)]
    [0.25, 0.5, 1.0, 1.0, 1.0]
    """
    def rate(step: int) -> float:
        full = then(max(step - steps, 0)) if callable(then) else then
        return full * (min(step + 1, steps) / steps)

    return rate


def piecewise(boundaries: Sequence[int], values: Sequence[float]) -> Schedule:
    """values[0] before the step boundaries[0], values[1] from there on, and so on: one value more than boundaries, which grow.

    >>> [piecewise([10, 20], [1.0, 0.5, 0.1])(step) for step in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.1]
    """
    if len(values) != len(boundaries) + 1 or any(a >= b for a, b in itertools.pairwise(boundaries)):
        raise ValueError(f"there is one value more than boundaries, and these grow: {len(values)} values, boundaries {list(boundaries)}")

    def rate(step: int) -> float:
        found = values[0]
        for boundary, value in zip(boundaries, values[1:]):
            if step >= boundary:
                found = value
        return found

    return rate


__all__ = ["constant", "cosine", "exponential", "piecewise", "step_decay", "warmup"]
