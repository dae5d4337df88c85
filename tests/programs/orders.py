"""program -> verdict: do forward mode and second derivatives agree with reverse mode?

    python -m tests.programs.fuzz --count 2000 --orders

For programs whose gradient is right (`oracle.judge`): the tangent along a random direction is the product with the gradient; the Hessian-vector product is symmetric,
and the slope of the gradient along the direction.
"""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.errors import MissingRuleError, SourceUnavailableError, UnsupportedError
from tests.programs.oracle import STEEP, Verdict, _reason, float_positions, load, printed, run
from tests.programs.values import Program, fresh, relayed


def judge(program: Program) -> Verdict:
    """Compare the derivatives of a program, whose gradient is taken to be right."""
    f = load(program.source)
    argnums = float_positions(program.arguments[0])
    rng = np.random.default_rng(0)
    doubtful = None
    for args in program.arguments:
        if run(f, args).problem is not None:
            continue
        v, w = (_direction(rng, args, argnums) for _ in range(2))
        try:
            with printed(), np.errstate(all="ignore"):
                verdict = _compare(f, args, argnums, v, w)
        except (UnsupportedError, MissingRuleError, SourceUnavailableError) as error:
            return Verdict("refused", _reason(error), str(error))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Verdict("crashed", f"{type(error).__name__} in {where.name}: {str(error)[:80]}", traceback.format_exc())
        if verdict.failed:
            return Verdict(verdict.kind, verdict.reason, f"{verdict.detail}\nat {args}")
        if verdict.kind != "ok":
            doubtful = verdict
    return doubtful or Verdict("ok")


def _compare(f: Any, args: tuple[Any, ...], argnums: tuple[int, ...], v: list[Any], w: list[Any]) -> Verdict:
    gradient = cr.grad(f, argnums=argnums)
    at = gradient(*fresh(args))
    size = max(1.0, *(float(np.max(np.abs(g), initial=0.0)) for g in at))
    if not np.isfinite(size) or size > STEEP:
        return Verdict("chaotic", "a slope is too steep")
    value, tangent = cr.jvp(f, fresh(args), v)
    primal = f(*fresh(args))
    if not np.isclose(value, primal, rtol=1e-12, atol=1e-12, equal_nan=True):  # the order of a sum may differ
        return Verdict("wrong", "the value of forward mode", f"{value} instead of {primal}")
    expected = _dot(at, v, argnums)
    if not abs(tangent - expected) <= _tolerance(args) * (size + abs(expected)):
        return Verdict("wrong", "the tangent is not the product with the gradient", f"{tangent} instead of {expected}")
    hv, hw = (cr.jvp(gradient, fresh(args), direction)[1] for direction in (v, w))
    curvature = max(1.0, *(float(np.max(np.abs(h), initial=0.0)) for h in (*hv, *hw)))
    if not np.isfinite(curvature) or curvature > STEEP:
        return Verdict("chaotic", "a curvature is too steep")
    one, other = _dot(hv, w, argnums), _dot(hw, v, argnums)
    if not abs(one - other) <= _tolerance(args) * curvature * 100:
        return Verdict("wrong", "the Hessian is not symmetric", f"{one} and {other}")
    slopes = [_slope(gradient, args, argnums, v, w, step) for step in (1e-4, 5e-5, 2.5e-5)]
    if max(slopes) - min(slopes) > 1e-4 * (curvature + size):
        return Verdict("kink", "differences of the gradient do not converge")
    if abs(slopes[-1] - one) > 1e-3 * (curvature + size):
        return Verdict("wrong", "the Hessian is not the slope of the gradient", f"{one} instead of {slopes[-1]}")
    again = cr.grad(lambda *moved: _dot_of(gradient(*moved), w, argnums), argnums=argnums) if not _draws(args) else None
    if again is not None:
        rr = again(*fresh(args))
        if not abs(_dot(rr, v, argnums) - one) <= _tolerance(args) * curvature * 100:
            return Verdict("wrong", "reverse over reverse is not forward over reverse", f"{_dot(rr, v, argnums)} and {one}")
    return Verdict("ok")


def _draws(args: tuple[Any, ...]) -> bool:
    return any(isinstance(arg, np.random.Generator) for arg in args)


def _tolerance(args: tuple[Any, ...]) -> float:
    single = any(isinstance(arg, np.ndarray) and arg.dtype == np.float32 for arg in args)
    return 1e-3 if single else 1e-6


def _direction(rng: np.random.Generator, args: tuple[Any, ...], argnums: tuple[int, ...]) -> list[Any]:
    return [None if n not in argnums else rng.normal(size=arg.shape).astype(arg.dtype) if isinstance(arg, np.ndarray) else float(rng.normal())
            for n, arg in enumerate(args)]


def _dot(parts: Any, direction: list[Any], argnums: tuple[int, ...]) -> float:
    return float(sum(np.sum(np.asarray(part, float) * direction[n]) for part, n in zip(parts, argnums, strict=True)))


def _dot_of(parts, direction, argnums):  # type: ignore[no-untyped-def]
    total = 0.0
    for part, n in zip(parts, argnums):
        total = total + np.sum(part * direction[n])
    return total


def _slope(gradient: Any, args: tuple[Any, ...], argnums: tuple[int, ...], v: list[Any], w: list[Any], step: float) -> float:
    ends = []
    for sign in (1, -1):
        moved = [arg if n not in argnums else (arg + sign * step * v[n]).astype(arg.dtype) if isinstance(arg, np.ndarray) else arg + sign * step * v[n]
                 for n, arg in enumerate(fresh(args))]
        ends.append(_dot(gradient(*(relayed(one, like) for one, like in zip(moved, args, strict=True))), w, argnums))
    return (ends[0] - ends[1]) / (2 * step)
