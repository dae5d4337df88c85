"""Whether the steps of an explicit method may be differentiated.

A solver of differential equations chooses its steps by the error of the states. At the limit of stability it does so by trial: a step that is too long lets a fast component
grow a little, the next one is shorter. The derivative with the steps held fixed knows nothing of that choice. There what one long step adds to the fast components stays or
grows, and the derivative may be wrong by any factor, while the states are right. The method's own error estimate tells, when it is applied to a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LARGE = 0.25  # of a derivative: an error of a step as large as this. On problems that are not stiff it is below 0.06 even for rtol=1e-3, at the limit of stability above 0.5


def steady_steps(slope: Any, times: Any, y0: Any, method: Any) -> Any:
    """The times of the steps that a method has taken from y0.

    slope(t, y) is y' (n,). Raises ArithmeticError if for a tenth of the steps the error of a derivative is LARGE; the derivative is that along a force which acts on all
    components.
    """
    from scipy import integrate

    stepper = getattr(integrate, method) if isinstance(method, str) else method
    count, n = stepper.n_stages, len(y0)
    a = np.zeros((count, count))
    a[:, :min(count, stepper.A.shape[1])] = stepper.A[:count, :count]
    b, c = stepper.B, stepper.C[:count]
    small = 1e-7 * max(1.0, float(np.max(np.abs(y0), initial=0.0)))
    force = small * (1.0 + np.modf(0.6180339887498949 * np.arange(1, n + 1))[0]) * np.where(np.arange(n) % 2, 1.0, -1.0)
    states = np.array([y0, y0])
    errors = np.zeros(len(times) - 1)
    with np.errstate(all="ignore"):
        for k in range(len(times) - 1):
            t, h = times[k], times[k + 1] - times[k]
            stages = np.zeros((2, count + 1, n), states.dtype)
            for s in range(count):
                at = states + h * (a[s] @ stages[:, :count])
                stages[:, s] = slope(t + c[s] * h, at[0]), slope(t + c[s] * h, at[1]) + force
            before, states = states, states + h * (b @ stages[:, :count])
            stages[:, count] = slope(times[k + 1], states[0]), slope(times[k + 1], states[1]) + force
            derivative = max(np.linalg.norm(both[1] - both[0]) for both in (before, states))
            errors[k] = abs(h) * _error(stepper, stages[1] - stages[0]) / derivative if derivative > 0 else 0.0
    if len(errors) and not np.quantile(errors, 0.9) <= LARGE:
        raise ArithmeticError("solve_ivp: the steps are at the limit of stability of the method, where the derivative through the steps is not that of the solution; use an implicit "
                              "method (Radau, BDF, LSODA), or, in reverse mode, chainrule.continuous_adjoint")
    return times


def _error(stepper: Any, change: Any) -> float:
    """The size of the method's error estimate, for a step of length one, in stages (s, n)."""
    if hasattr(stepper, "E5"):
        fifth, third = np.linalg.norm(stepper.E5 @ change), np.linalg.norm(stepper.E3 @ change)
        return float(fifth**2 / np.sqrt(fifth**2 + 0.01 * third**2)) if fifth > 0 else 0.0 * float(fifth)
    return float(np.linalg.norm(stepper.E @ change))


__all__ = ["steady_steps"]
