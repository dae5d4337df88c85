"""Implicit functions: the derivative of what a solver finds, from the condition that it solves.

    @implicit_root(residual)            residual(x, *args) == 0
    def solve(init, *args): ...         any Python; it is called once, and nothing of it is differentiated

The derivative follows from the implicit function theorem, J dx = -d residual, where J is the Jacobian of the residual in x.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from . import api
from .frontend.modes import public

__all__ = ["ImplicitFunction", "argmin", "fixed_point", "implicit_root"]

DENSE = 200  # unknowns up to which the Jacobian is computed and factored; beyond, the system is solved by products with it
Function = Callable[..., Any]


class ImplicitFunction:
    """A solver whose derivative is that of the condition that it solves. Called, it is the solver."""

    transform = "implicit"

    def __init__(self, solver: Function, condition: Function, kind: str) -> None:
        functools.update_wrapper(self, solver, updated=())
        self._primal, self.condition, self.kind = solver, condition, kind
        self._jacobian = api.hessian(condition) if kind == "argmin" else api.jacobian(condition)
        self._gradient = api.grad(condition) if kind == "argmin" else condition

    @property
    def primal(self) -> Function:
        """The user's solver."""
        return self._primal

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The solver's own source."""
        return inspect.getsource(self._primal)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._primal(*args, **kwargs)

    # -- what generated programs ask for (`runtime/implicit`) -----------------------------------------------------

    def solved(self, init: Any, args: tuple[Any, ...]) -> Any:
        found = self._primal(init, *args)
        if isinstance(init, np.ndarray):
            if np.shape(found) != init.shape:
                raise TypeError(f"{self._name}: the solution has shape {np.shape(found)}, but the initial guess has shape {init.shape}")
            return np.array(found, init.dtype)
        if np.shape(found) != ():
            raise TypeError(f"{self._name}: the solution has shape {np.shape(found)}, but the initial guess is a number")
        return type(init)(found)

    def linear(self, x: Any, args: tuple[Any, ...], right: Any, transposed: bool) -> Any:
        """The solution of J s = right, or of J' s = right."""
        size = np.size(x)
        if size <= DENSE:
            jacobian = np.reshape(self._jacobian(x, *args), (size, size))
            if self.kind == "fixed point":
                jacobian = np.eye(size) - jacobian
            found = np.linalg.solve(jacobian.T if transposed else jacobian, np.ravel(right))
        else:
            found = self._by_products(x, args, np.ravel(right), transposed)
        return np.reshape(found, np.shape(x)).astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(found[0])

    def _by_products(self, x: Any, args: tuple[Any, ...], right: Any, transposed: bool) -> Any:
        """The same by an iterative method that knows J by its products."""
        try:
            from scipy.sparse.linalg import LinearOperator, cg, gmres
        except ImportError:
            raise ImportError(f"{self._name}: a system of {np.size(x)} unknowns is solved by SciPy's iterative methods; install SciPy") from None
        shape = np.shape(x)
        still = (None,) * len(args)
        if transposed and self.kind != "argmin":
            pullback = api.vjp(self._gradient, x, *args)[1]

            def product(v: Any) -> Any:
                return np.ravel(pullback(np.reshape(v, shape))[0])
        else:
            def product(v: Any) -> Any:
                return np.ravel(api.jvp(self._gradient, (x, *args), (np.reshape(v, shape), *still))[1])

        def applied(v: Any) -> Any:
            return np.ravel(v) - product(v) if self.kind == "fixed point" else product(v)

        operator = LinearOperator((right.size, right.size), applied, dtype=float)
        method = cg if self.kind == "argmin" else gmres
        found, failed = method(operator, right, rtol=1e-11, atol=0.0)
        if failed:
            raise ArithmeticError(f"{self._name}: the linear system of the derivative was not solved by {method.__name__}; the Jacobian of the "
                                  f"condition may be singular there, or badly conditioned")
        return found

    @property
    def _name(self) -> str:
        return getattr(self._primal, "__name__", "an implicit function")


def _decorator(condition: Function, kind: str) -> Callable[[Function], ImplicitFunction]:
    if not isinstance(condition, FunctionType) and not callable(condition):
        raise TypeError(f"a condition is a function, not {type(condition).__name__}")
    return lambda solver: ImplicitFunction(solver, condition, kind)


@public("implicit_root")
def implicit_root(condition: Function) -> Callable[[Function], ImplicitFunction]:
    """Differentiate a root finder by the equation that it solves.

    ``condition(x, *args)`` is zero at the solution, with as many equations as unknowns. The decorated solver takes an initial guess and the same arguments, and returns
    x, a float or an array like the guess. In a differentiated function the solver is called once, as it is; the derivative with respect to ``args`` is that of
    the implicit function, in both modes; that with respect to the guess is zero. Up to 200 unknowns the Jacobian is computed, beyond that the
    linear system is solved by GMRES (SciPy). Derivatives of higher order compute the Jacobian, whatever the size.

    Raises what NumPy raises for a singular Jacobian, ArithmeticError if GMRES does not converge.

    >>> @implicit_root(lambda x, a: x**2 - a)
    ... def root(guess, a):
    ...     for _ in range(50):
    ...         guess = 0.5 * (guess + a / guess)
    ...     return guess
    >>> api.grad(lambda a: root(1.0, a))(9.0)
    0.16666666666666666
    """
    return _decorator(condition, "root")


@public("fixed_point")
def fixed_point(step: Function) -> Callable[[Function], ImplicitFunction]:
    """Differentiate a fixed-point iteration by the fixed point: ``x = step(x, *args)``. Otherwise as `implicit_root`.

    >>> @fixed_point(lambda x, a: 0.5 * (x + a / x))
    ... def root(guess, a):
    ...     for _ in range(50):
    ...         guess = 0.5 * (guess + a / guess)
    ...     return guess
    >>> api.grad(lambda a: root(1.0, a))(9.0)
    0.16666666666666666
    """
    return _decorator(step, "fixed point")


@public("argmin")
def argmin(objective: Function) -> Callable[[Function], ImplicitFunction]:
    """Differentiate a minimiser by its first-order condition: the gradient of ``objective(x, *args)`` in x is zero. Otherwise as `implicit_root`; large systems are
    solved by conjugate gradients, with Hessian-vector products.

    >>> import numpy as np
    >>> def ridge(w, x, y, strength):
    ...     return np.sum((x @ w - y) ** 2) + strength * np.sum(w**2)
    >>> @argmin(ridge)
    ... def fit(w, x, y, strength):
    ...     return np.linalg.solve(x.T @ x + strength * np.eye(len(w)), x.T @ y)
    >>> def size(strength):
    ...     return np.sum(fit(np.zeros(2), np.eye(2), np.array([1.0, 2.0]), strength))
    >>> api.grad(size)(1.0)
    -0.75
    """
    return _decorator(objective, "argmin")
