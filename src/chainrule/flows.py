"""Differential equations whose derivative is that of the continuous adjoint, for long ones whose steps should not be kept."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .frontend.modes import public

__all__ = ["ContinuousAdjoint", "continuous_adjoint"]


class ContinuousAdjoint:
    """A solver of differential equations whose derivative is that of the continuous adjoint. Called, it is the solver."""

    transform = "continuous adjoint"

    def __init__(self, solver: Callable[..., Any], rtol: float | None, atol: float | None) -> None:
        functools.update_wrapper(self, solver, updated=())
        self._primal, self.rtol, self.atol = solver, rtol, atol

    @property
    def primal(self) -> Callable[..., Any]:
        """SciPy's solver."""
        return self._primal

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The solver's own source."""
        return inspect.getsource(self._primal)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._primal(*args, **kwargs)

    def __repr__(self) -> str:
        return f"chainrule.continuous_adjoint({self._primal.__name__})"


@public("continuous_adjoint")
def continuous_adjoint(solver: Callable[..., Any], *, rtol: float | None = None, atol: float | None = None) -> Callable[..., Any]:
    """``scipy.integrate.solve_ivp`` or ``odeint``, differentiated in reverse mode by the adjoint equation instead of through the steps.

    The solver is called as it is, and nothing of its steps is kept. In the reverse sweep the solution is computed once more, and the adjoint equation
    l' = -(df/dy)' l is solved backwards along it, by the same method. So memory does not grow with the number of steps, and time not with the number of
    parameters. The gradient is that of the exact solution, up to the error of both solutions; that of the unwrapped ``solve_ivp`` by an explicit method
    is that of the numbers which it gives, and not to be had where these are held at the limit of stability. Forward mode, and derivatives of higher order, are those of the unwrapped solver.

    rtol, atol: the tolerances of the adjoint, whose size is taken for one; those of the call if they are not given.

    Raises TypeError for another solver; in the reverse sweep ArithmeticError where an equation cannot be solved to the end.

    >>> import numpy as np
    >>> from scipy import integrate
    >>> from chainrule import grad
    >>> solve = continuous_adjoint(integrate.solve_ivp)
    >>> def decayed(rate):
    ...     return solve(lambda t, y: -rate * y, (0.0, 1.0), np.ones(1), rtol=1e-10, atol=1e-10).y[0, -1]
    >>> round(grad(decayed)(2.0), 6)
    -0.135335
    """
    name = f"{getattr(solver, '__module__', '')}.{getattr(solver, '__name__', '')}"
    if not (name.startswith("scipy.integrate.") and name.rpartition(".")[2] in ("solve_ivp", "odeint")):
        raise TypeError(f"continuous_adjoint: the adjoint equation is known for scipy.integrate.solve_ivp and odeint, not for {getattr(solver, '__qualname__', solver)}")
    return ContinuousAdjoint(solver, rtol, atol)
