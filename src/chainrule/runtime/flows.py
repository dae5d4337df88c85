"""The continuous adjoint of an initial value problem, for programs that ask for it (`chainrule.continuous_adjoint`).

For y' = f(t, y), y(t0) = y0 and cotangents g_j of the states at the times t_j, the adjoint l solves

    l' = -(df/dy)' l    backwards in time, and gains g_j at t_j;    then
    y0_bar = l(t0),     parameters_bar = integral of (df/dparameters)' l,     t_j_bar = g_j . f(t_j),     t0_bar = -l(t0) . f(t0)

(Pontryagin et al., 1962; Cao, Li, Petzold and Serban, 2003). It is solved by the method of the problem. The solution that df/dy is taken along is computed once
more from the beginning, in pieces of at most STEPS steps, whose polynomials are kept one piece at a time; where there are more, from states on the way, of which
at most 2 STATES are kept. So memory grows with the logarithm of the number of steps only, by STATES a time; unlike where the problem itself is solved backwards,
nothing is unstable. The integrals are Gauss sums on the steps of the adjoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

STEPS = 256  # steps whose polynomials are kept at a time
STATES = 32  # at least so many states are kept of a longer solution
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_IMPLICIT = ("Radau", "BDF", "LSODA")  # methods that ask for a Jacobian
Start = Callable[..., Any]


def flow(value: Any, functions: Any, model: Any, t0: Any, y0: Any, times: Any, options: Any, seen: Any) -> Any:
    """The states of a trajectory as a solver gave them; the rest says what their derivative is."""
    return value


def flow_adjoint(slope: Any, t0: Any, y0: Any, times: Any, states: Any, cotangent: Any, options: Mapping[str, Any], seen: Any, moves: bool, *, pull: Any) -> tuple[Any, ...]:
    """The cotangents of y0, t0, the times, and of what the slope sees, for one of the states (m, n) at the times (m,).

    slope(t, y) is y' (n,); pull(t, y, v) are the cotangents of y and of what the slope sees, for v of the slope. options: those of solve_ivp, by name; rtol and atol
    of the adjoint are `adjoint_rtol` and `adjoint_atol`, and `solution` is the solution where it is at hand. moves: whether the times may move, or t0. Raises ArithmeticError where a solution fails.
    """
    bars: list[Any] = [np.zeros_like(s) if isinstance(s, np.ndarray) else s * 0.0 for s in seen]
    adjoint = np.zeros(len(y0), np.result_type(y0, cotangent))
    bar_of_times = np.zeros(len(times))
    if moves:
        bar_of_times = np.array([np.real(np.sum(g * slope(t, y))) for t, y, g in zip(times, states, cotangent)])
    needed = [j for j in range(len(times)) if np.any(cotangent[j])]
    if needed:
        direction = -1.0 if direction_of(t0, times) < 0 else 1.0
        order = sorted(needed, key=lambda j: direction * times[j])
        start, back = _starts(slope, pull, options, direction)

        def gained(adjoint: Any, t: Any) -> Any:
            while order and direction * times[order[-1]] >= direction * t:
                adjoint = adjoint + cotangent[order.pop()]
            return adjoint

        known = options.get("solution")
        for along in _pieces(start, t0, y0, times[order[-1]], options.get("first_step")) if known is None else (known,):
            low, t = along.ts[0], along.ts[-1]
            while direction * t > direction * low:
                adjoint = gained(adjoint, t)
                until = max(direction * low, direction * times[order[-1]]) * direction if order else low
                adjoint, bars = back(along, t, until, adjoint, bars)
                t = until
        adjoint = gained(adjoint, t0)
    bar_of_t0 = -np.real(np.sum(adjoint * slope(t0, y0))) if moves else 0.0
    adjoint = np.asarray(adjoint if np.iscomplexobj(y0) else np.real(adjoint), y0.dtype)
    return (adjoint, bar_of_t0, bar_of_times, *bars)


def direction_of(t0: Any, times: Any) -> float:
    """The sign of the time that passes: that of the time which is farthest away."""
    away = times - t0
    return float(np.sign(away[np.argmax(np.abs(away))]))


def _starts(slope: Any, pull: Any, options: Mapping[str, Any], direction: float) -> tuple[Start, Start]:
    """What begins a solution, and what takes an adjoint back over a part of it."""
    from scipy import integrate

    given = {name: value for name, value in options.items() if name in ("max_step", "rtol", "atol", "min_step")}
    method = options["method"]
    stepper = getattr(integrate, method) if isinstance(method, str) else method
    implicit = stepper.__name__ in _IMPLICIT

    def transposed(t: Any, y: Any) -> Any:
        """The transposed Jacobian of the slope."""
        return np.array([pull(t, y, e)[0] for e in np.eye(len(y), dtype=y.dtype)]).T

    def start(t: Any, y: Any, end: Any, step: Any) -> Any:
        more = {"jac": lambda t, y: transposed(t, y).T} if implicit else {}
        return _begun(stepper, slope, t, y, end, step, **given, **more)

    rtol = np.min(options.get("adjoint_rtol", given.get("rtol", 1e-3)))
    atol = np.min(options.get("adjoint_atol", given.get("atol", 1e-6)))
    tolerances = {"rtol": max(rtol, 1e-13), "atol": max(atol, 1e-3 * rtol)}
    step = None

    def back(along: Any, t: Any, until: Any, adjoint: Any, bars: list[Any]) -> tuple[Any, list[Any]]:
        """The adjoint at an earlier time, and the cotangents of the parameters with what that adds; its size is one, for the absolute tolerance."""
        nonlocal step
        size = np.max(np.abs(adjoint))
        if size == 0.0:
            return adjoint, bars

        def equation(t: Any, adjoint: Any) -> Any:
            return -pull(t, along(t), adjoint)[0]

        more = {"jac": lambda t, _: -transposed(t, along(t))} if implicit else {}
        solver = _begun(stepper, equation, t, adjoint / size, until, step, max_step=given.get("max_step", np.inf), **tolerances, **more)
        for polynomial in _steps(solver, "the adjoint"):
            half = 0.5 * (solver.t_old - solver.t)
            if bars:
                for node, weight in zip(solver.t + half * (1.0 + _NODES), half * size * _WEIGHTS):
                    bars = [bar + float(weight) * more for bar, more in zip(bars, pull(node, along(node), polynomial(node))[1:])]
        step, adjoint = getattr(solver, "h_abs", None), solver.y * size
        solver.__dict__.clear()
        return adjoint, bars

    return start, back


def _begun(stepper: Any, function: Any, t: Any, y: Any, end: Any, step: Any, **options: Any) -> Any:
    if step:
        options["first_step"] = min(step, abs(end - t))
    return stepper(function, t, y, end, **options)


def _steps(solver: Any, what: str) -> Iterator[Any]:
    """The polynomials of a solution, step by step."""
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            raise ArithmeticError(f"the continuous adjoint: {what} could not be solved beyond t = {solver.t}: {message}")
        yield solver.dense_output()


def _pieces(start: Start, t: Any, y: Any, end: Any, step: Any) -> Iterator[Any]:
    """The solution from t to the end as functions of time, piece by piece, the last one first."""
    from scipy.integrate import OdeSolution

    if t == end:
        return
    solver = start(t, y, end, step)
    times, polynomials = [t], []
    kept, stride = [(t, y, step)], 1
    for count, polynomial in enumerate(_steps(solver, "the problem"), 1):
        if count <= STEPS:
            times.append(solver.t)
            polynomials.append(polynomial)
        elif polynomials:
            polynomials = []
        if count % stride == 0:
            kept.append((solver.t, solver.y.copy(), getattr(solver, "h_abs", None)))
            if len(kept) > 2 * STATES:
                kept, stride = kept[::2], 2 * stride
    solver.__dict__.clear()  # it refers to itself: its arrays would stay until garbage is collected
    if polynomials:
        yield OdeSolution(times, polynomials)
        return
    ends = [*(t for t, _, _ in kept[1:]), end]
    for (t, y, step), until in zip(reversed(kept), reversed(ends)):
        yield from _pieces(start, t, y, until, step)


__all__ = ["flow", "flow_adjoint"]
