"""A function of one number -> its slope at 0, as differences see it, and whether there is a kink."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Relative. Truncation, h**4 ~ 1e-11, and rounding, eps / h ~ 1e-13, are both far below the tolerance.
FIRST_STEP: Final = 2.0**-9
REFINED: Final = 12  # further steps, each a quarter of the one before: down to 1e-9, for kinks and poles close by


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of a function of one number at 0, as differences see it.

    ``error`` estimates the error of ``value``; ``left`` and ``right`` are one-sided slopes, set only when they disagree.
    """

    value: float
    error: float
    left: float | None = None
    right: float | None = None

    @property
    def kink(self) -> bool:
        """Whether the two sides disagree."""
        return self.left is not None


def slope(g: Callable[[float], float], claim: float, rtol: float, atol: float, first: float = FIRST_STEP) -> Slope:
    """The derivative of g at 0, refined only as far as needed to confirm or refute a claim about it.

    ``g`` returns NaN where it has no value. Four evaluations confirm a right claim at a smooth point.

    >>> round(slope(lambda t: math.exp(2 * t), claim=2.0, rtol=1e-6, atol=1e-9).value, 8)
    2.0
    >>> kink = slope(abs, claim=0.5, rtol=1e-6, atol=1e-9)
    >>> kink.left, kink.right
    (-1.0, 1.0)
    """

    def sides(h: float) -> tuple[float, float]:
        return g(h), g(-h)

    def confirmed(value: float, slack: float = 0.0) -> bool:
        return abs(value - claim) <= atol + rtol * max(abs(value), abs(claim)) + slack

    h = first
    up, down = sides(h)
    coarse = (up - down) / (2 * h)
    up, down = sides(h / 2)
    fine = (up - down) / h
    best = (4 * fine - coarse) / 3
    if confirmed(best):
        return Slope(best, abs(best - fine))

    # Refuted so far. Ridders' tableau over many steps: its entries agree best where truncation and rounding balance.
    centre = g(0.0)
    hs = [first * 4.0 ** (1 - k) for k in range(REFINED + 2)]
    points = [sides(h) for h in hs]
    error = math.inf
    best = math.nan
    previous: list[float] = []
    for h, (up, down) in zip(hs, points, strict=True):
        row = [(up - down) / (2 * h)]
        rounding = 4e-16 * max(abs(up), abs(down), abs(centre)) / h
        for order, old in enumerate(previous[:4], start=1):
            power = 16.0**order  # the step shrinks fourfold, so errors of order h**2, h**4, ... shrink by 16, 256, ...
            row.append((power * row[-1] - old) / (power - 1))
            distance = max(abs(row[-1] - row[-2]), abs(row[-1] - old)) + rounding
            if distance < error:
                error, best = distance, row[-1]
        previous = row
    one_sided = _one_sided(hs, points, centre)
    if one_sided is not None:
        left, right, noise = one_sided
        same = abs(right - left) <= 20 * noise + 1e-4 * max(abs(left), abs(right)) + atol
        if not same:  # also when one side is NaN
            return Slope(best, error, left, right)
    return Slope(best, error)


def _one_sided(hs: list[float], points: list[tuple[float, float]], centre: float) -> tuple[float, float, float] | None:
    """Slopes to the left and right, extrapolated, at the step where they are most consistent; and their error."""
    results = []
    for side in (1, 0):
        sign = 1.0 if side == 0 else -1.0
        slopes = [sign * (point[side] - centre) / h for h, point in zip(hs, points, strict=True)]
        error, value = math.inf, math.nan
        old_extrapolated = math.nan
        for h, old, new in zip(hs[1:], slopes[:-1], slopes[1:], strict=True):
            extrapolated = (4 * new - old) / 3  # the step shrinks fourfold, and the error is of order h
            distance = max(abs(extrapolated - new), abs(extrapolated - old_extrapolated)) + 4e-16 * abs(centre) / h
            if distance < error:
                error, value = distance, extrapolated
            old_extrapolated = extrapolated
        middle, last = slopes[len(slopes) // 2], slopes[-1]
        if (
            math.isnan(last)
            or math.isnan(value)
            or (abs(last) > 8 * abs(middle) and abs(last) * hs[-1] > 1e-13 * abs(centre))
        ):
            value, error = last, 0.0  # no value on this side (NaN), or no limit: a jump, or an infinite slope
        results.append((value, error))
    (left, left_error), (right, right_error) = results
    if math.isnan(left) and math.isnan(right):
        return None
    return left, right, max(left_error, right_error)


__all__ = ["FIRST_STEP", "REFINED", "Slope", "slope"]
