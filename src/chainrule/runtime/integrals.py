"""Rules of quadrature for integrals of functions that are differentiated under the integral sign.

QUADPACK (Piessens et al., 1983) has made its intervals for the integrand. The derivative of that is less smooth: x**p has a gentle end where x**p log(x) has not, and |x - p|
has a kink where sign(x - p) jumps. So the intervals are halved until the integrals of the derivatives have the accuracy that was asked of the integral, by the error
estimate of QUADPACK. What cannot be had so is said: a derivative that is not integrable, and an integrand that jumps at a place which moves.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

POINTS = 21
MOST = 500  # intervals
UNSURE = 1e-3  # an integral with a relative error as large as this is none
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(POINTS)
_powers = np.vander(_NODES[::2], increasing=True).T
_FEWER = np.zeros(POINTS)  # the weights of a rule on every second point
_FEWER[::2] = np.linalg.solve(_powers, [0.0 if k % 2 else 2.0 / (k + 1) for k in range(len(_powers))])
_RULES = np.array([_WEIGHTS, _FEWER])
Values = Callable[[float, float], Any]  # (t, how far the parameters move) -> the integrand and its derivatives there


@dataclass(frozen=True)
class Part:
    """An interval of t, the integrals over it, and their errors."""

    start: float
    end: float
    total: Any
    error: Any
    size: Any  # the integrals of the absolute values


def quadrature(derivatives: Any, found: tuple[Any, ...], low: float, high: float, points: Any, epsabs: float, epsrel: float) -> tuple[float, float, Any, Any]:
    """What `quad(..., full_output=1)` has found: the integral, its error, and the nodes and weights of a rule for it and its derivatives.

    derivatives(x, e) is the integrand and its derivatives along some direction, where the parameters have moved by e in that direction. points: where it may jump.
    Warns with SciPy's IntegrationWarning where the derivatives have less than the accuracy asked for, and raises ArithmeticError where they have none.
    """
    value, error, info = found[:3]
    if low == high or "last" not in info:
        return value, error, np.zeros(0), np.zeros(0)

    if np.isinf(low) or np.isinf(high):
        def values(t: float, e: float) -> Any:
            return sum(np.array(derivatives(x, e), dtype=float) * factor for x, factor in _places(t, low, high))
    else:
        values = derivatives

    ends = np.sort([info["alist"][:info["last"]], info["blist"][:info["last"]]], axis=0)
    with np.errstate(all="ignore"):
        parts = sorted(_refined(values, [_part(values, *pair) for pair in ends.T], epsabs, epsrel), key=lambda part: part.start)
        _refuse_jumps(values, parts, [] if points is None else list(np.ravel(points)), low, high)
    half = np.array([[0.5 * (part.end - part.start)] for part in parts])
    t = np.ravel(np.array([[part.start] for part in parts]) + half * (1.0 + _NODES))
    weights = np.ravel(half * _WEIGHTS) * (1.0 if high > low else -1.0)
    nodes, factors = zip(*_places(t, low, high))
    return value, error, np.concatenate(nodes), np.concatenate([weights * factor for factor in factors])


def _places(t: Any, low: float, high: float) -> Iterator[tuple[Any, Any]]:
    """Where the integrand is evaluated for a t of QUADPACK's, with what it is multiplied by there. Where a limit is infinite, x = limit +- (1 - t) / t for t from 0 to 1;
    both sides of 0 where both are."""
    if not (np.isinf(low) or np.isinf(high)):
        yield t, 1.0
        return
    away, factor = (1 - t) / t, 1 / t**2
    limits = sorted((low, high))
    if np.isinf(limits[1]):
        yield (0.0 if np.isinf(limits[0]) else limits[0]) + away, factor
    if np.isinf(limits[0]):
        yield (0.0 if np.isinf(limits[1]) else limits[1]) - away, factor


def _part(values: Values, start: float, end: float) -> Part:
    half = 0.5 * (end - start)
    at = np.array([values(t, 0.0) for t in (start + half * (1.0 + _NODES)).tolist()], dtype=float)
    total, fewer = half * (_RULES @ at)
    size, spread = half * (_WEIGHTS @ np.abs(at)), half * (_WEIGHTS @ np.abs(at - total / (end - start)))
    error = np.abs(total - fewer)
    rough = (error > 0) & (spread > 0)
    scaled = np.where(rough, spread * np.minimum(1.0, (200 * error / np.where(rough, spread, 1.0)) ** 1.5), error)
    return Part(start, end, total, scaled, size)


def _refined(values: Values, parts: list[Part], epsabs: float, epsrel: float) -> list[Part]:
    """Intervals on which the integrals of the derivatives are accurate."""
    ended: list[Part] = []  # they cannot be halved any more
    sums = _sums(parts)
    while True:
        total, error, size = sums[:, 1:]
        allowed = np.maximum(np.maximum(epsabs, epsrel * np.abs(total)), 1e-14 * size)
        if np.all(error <= allowed):
            return [*parts, *ended]
        worst = int(np.argmax(np.nan_to_num(error, nan=np.inf) / allowed))
        chosen = max(parts, key=lambda part: np.nan_to_num(part.error[1 + worst], nan=np.inf), default=None)
        if chosen is None or len(parts) + len(ended) >= MOST:
            break
        parts.remove(chosen)
        middle = 0.5 * (chosen.start + chosen.end)
        if min(abs(middle - chosen.start), abs(chosen.end - middle)) <= 4 * POINTS**2 * np.spacing(max(abs(chosen.start), abs(chosen.end))):
            ended.append(chosen)
            continue
        halves = [_part(values, chosen.start, middle), _part(values, middle, chosen.end)]
        parts += halves
        sums = sums - _sums([chosen]) + _sums(halves)
        if len(parts) % 32 == 0 or not np.all(np.isfinite(sums)):  # rounding errors
            sums = _sums([*parts, *ended])
    relative = error[worst] / size[worst]
    what = f"quad: the derivative of order {worst + 1} of an integral has an estimated relative error of {relative:.1g}"
    if not relative <= UNSURE:
        raise ArithmeticError(f"{what}: the derivative of the integrand may not be integrable, where a singularity moves; integrate from one to the next, or substitute")
    from scipy.integrate import IntegrationWarning

    warnings.warn(what, IntegrationWarning, stacklevel=3)
    return [*parts, *ended]


def _sums(parts: list[Part]) -> Any:
    return np.sum([(part.total, part.error, part.size) for part in parts], axis=0)


def _refuse_jumps(values: Values, parts: list[Part], points: list[float], low: float, high: float) -> None:
    """Raise where the integrand jumps inside, and the place moves with the parameters: the derivative under the integral sign lacks the height of the jump."""
    span = parts[-1].end - parts[0].start
    scale = max(np.max(part.size[0]) / (part.end - part.start) for part in parts)
    brackets = [(part.start, part.end) for part in parts[1:-1] if part.end - part.start < 1e-4 * span]
    for one, other in itertools.pairwise(parts):
        near = 1e-7 * min(one.end - one.start, other.end - other.start)
        brackets.append((one.end - near, one.end + near))
    for start, end in brackets:
        height = _height(values, start, end, 0.0)
        if not 1e-6 * scale < height < np.inf:
            continue
        left, right = _narrowed(values, start, end)
        left_over = _height(values, left, right, 0.0)
        if not 0.3 * height <= left_over < np.inf or any(abs(x - p) <= 1e-9 * (1.0 + abs(p)) for x, _ in _places(left, low, high) for p in points):
            continue
        if _height(values, left, right, 1e-7) < 0.5 * left_over:
            where = next(iter(_places(left, low, high)))[0]
            raise ArithmeticError(f"quad: the integrand jumps at {where:.6g}, a place that moves with what is differentiated, so that the derivative of the integral is more than "
                                  f"the integral of the derivative; integrate piece by piece, with limits there")


def _height(values: Values, left: float, right: float, e: float) -> float:
    return float(abs(values(right, e)[0] - values(left, e)[0]))


def _narrowed(values: Values, left: float, right: float) -> tuple[float, float]:
    """The largest step of the integrand between two places, as closely as numbers tell."""
    for _ in range(60):
        middle = 0.5 * (left + right)
        if not left < middle < right:
            break
        left, right = (left, middle) if _height(values, left, middle, 0.0) >= _height(values, middle, right, 0.0) else (middle, right)
    return left, right


def generic_like(value: Any, number: int) -> Any:
    """A direction along which nothing vanishes by accident: as large as the value, with another factor between 1 and 2 for each element and each number."""
    if isinstance(value, float):
        return (abs(value) or 1.0) * (1.618033988749895 + 0.41421356 * number % 1.0)
    factors = 1.0 + np.modf(0.6180339887498949 * (np.reshape(np.arange(np.size(value)), np.shape(value)) + 1) + 0.41421356 * number)[0]
    found = factors * np.where(np.asarray(value) == 0, 1.0, np.abs(value))
    return found.astype(value.dtype) if isinstance(value, np.ndarray) else type(value)(found)


__all__ = ["generic_like", "quadrature"]
