"""`scipy.optimize.minimize` with generated derivatives, over containers of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..api import hessian, hvp, jacobian, value_and_grad
from ..structure import flatten, flatten_like, map_leaves
from .vectors import Layout

# What SciPy's methods take; the others take a gradient.
VALUES_ONLY = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"})
HESSIANS = frozenset({"dogleg", "trust-exact"})


def minimize(f: Callable[..., Any], x0: Any, method: Any = None, args: tuple[Any, ...] = (), bounds: Any = None, constraints: Any = (), tol: float | None = None,
             callback: Callable[[Any], Any] | None = None, **options: Any) -> Any:
    """Minimize a function of floats with one of SciPy's methods, given what derivatives the method can use.

    f(x, *args) is a number; x has the structure of x0: a number, an array, or a container of them, in which None and texts are constants. Methods that use a
    gradient get value and gradient in one evaluation; Newton-CG, trust-ncg, trust-krylov and trust-constr products with the Hessian (`cr.hvp`);
    dogleg and trust-exact the Hessian itself. Without a method, SciPy chooses BFGS, L-BFGS-B (bounds) or SLSQP (constraints).

    bounds: in the structure of x0, at each leaf a tuple (low, high) of numbers, arrays or None, or None; for an x0 that is one array, also what SciPy takes: a list
        of pairs, or `scipy.optimize.Bounds`.
    constraints: as SciPy takes them: dictionaries, `NonlinearConstraint`s, or a list of these. Their functions are given x in the structure of x0, and
        have generated derivatives where they come without. A `LinearConstraint` is one of the vector of all numbers (leaf after leaf, in C order).
    tol, callback: as SciPy's; callback(x) is given x in the structure of x0. options: SciPy's options of the method (`maxiter=100`).

    Returns SciPy's result: `.x` (in the structure and with the dtypes of x0), `.fun`, `.jac` (the gradient, in the structure of x0, with None at constants),
    `.success`, `.message`, `.nfev` and so on; `.hess`, `.hess_inv` and the Jacobians of constraints (`.constr_jac`, trust-constr) are SciPy's, of the vector of all
    numbers. It is computed in double precision, also where x0 is float32. Raises TypeError for integers and complex numbers in x0, naming them, and ImportError without SciPy.

    >>> def rosenbrock(p):
    ...     return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2
    >>> found = minimize(rosenbrock, {"x": -1.2, "y": 1.0}, method="trust-exact")
    >>> found.success, round(found.x["x"], 4), round(found.x["y"], 4)
    (True, 1.0, 1.0)
    """
    try:
        from scipy import optimize
    except ImportError:
        raise ImportError("optim.minimize calls a minimizer of SciPy's, which is not installed: pip install chainrule[scipy]") from None
    args = args if isinstance(args, tuple) else (args,)
    layout = Layout(x0, "x0")
    name = method.lower() if isinstance(method, str) else None
    objective = _Objective(f, layout, args)
    given: dict[str, Any] = {"jac": True} if name not in VALUES_ONLY else {}
    if name in PRODUCTS:
        given["hessp"] = objective.product
    elif name in HESSIANS:
        given["hess"] = objective.hessian
    if bounds is not None:
        given["bounds"] = _bounds(optimize, layout, bounds)
    listed = list(constraints) if isinstance(constraints, (list, tuple)) else [constraints]
    if listed:
        given["constraints"] = [_constraint(optimize, layout, one, name) for one in listed]
    if callback is not None:
        given["callback"] = lambda xk, *rest: callback(layout.unpack(xk))
    result = optimize.minimize(objective.value if name in VALUES_ONLY else objective.value_and_gradient, layout.pack(x0), method=method, tol=tol, options=options, **given)
    return _structured(result, layout)


class _Objective:
    """The function and its derivatives, of a vector. Each is compiled when it is asked for first."""

    def __init__(self, f: Callable[..., Any], layout: Layout, args: tuple[Any, ...]) -> None:
        self.f, self.layout, self.args = f, layout, args
        self.both, self.hvp, self.whole = value_and_grad(f), hvp(f), hessian(f)

    def value(self, vector: Any) -> float:
        return float(self.f(self.layout.unpack(vector), *self.args))

    def value_and_gradient(self, vector: Any) -> tuple[float, Any]:
        value, gradient = self.both(self.layout.unpack(vector), *self.args)
        return float(value), self.layout.pack(gradient)

    def product(self, vector: Any, direction: Any) -> Any:
        return self.layout.pack(self.hvp(self.layout.unpack(vector), *self.args, self.layout.unpack(direction, gradient=True)))

    def hessian(self, vector: Any) -> Any:
        return self.layout.square(self.whole(self.layout.unpack(vector), *self.args))


def _bounds(optimize: Any, layout: Layout, bounds: Any) -> Any:
    """SciPy's bounds of the vector."""
    pairs = isinstance(bounds, list) or (isinstance(bounds, tuple) and any(isinstance(item, (tuple, list)) for item in bounds))
    if isinstance(bounds, optimize.Bounds) or (layout.treedef.kind is None and pairs):
        return bounds
    return optimize.Bounds(*layout.limits(bounds))


def _constraint(optimize: Any, layout: Layout, constraint: Any, method: str | None) -> Any:
    """A constraint of the vector, with its Jacobian, and for trust-constr its Hessian: SciPy's default is an approximation."""
    if isinstance(constraint, optimize.LinearConstraint):
        return constraint
    if isinstance(constraint, optimize.NonlinearConstraint):
        values = _Values(constraint.fun, layout, ())
        more = {"hess": constraint.hess if callable(constraint.hess) else values.hessian} if method == "trust-constr" else {}
        return optimize.NonlinearConstraint(values.value, constraint.lb, constraint.ub, values.jacobian_of(constraint.jac), keep_feasible=constraint.keep_feasible, **more)
    if not isinstance(constraint, dict) or "fun" not in constraint or constraint.get("type") not in ("eq", "ineq"):
        raise TypeError(f"a constraint is a dictionary with 'type' ('eq' or 'ineq') and 'fun', a NonlinearConstraint or a LinearConstraint, not {constraint!r}")
    more = constraint.get("args", ())
    values = _Values(constraint["fun"], layout, more if isinstance(more, tuple) else (more,))
    if method == "trust-constr":
        upper = 0.0 if constraint["type"] == "eq" else np.inf
        return optimize.NonlinearConstraint(values.value, 0.0, upper, values.jacobian_of(constraint.get("jac")), values.hessian)
    return {"type": constraint["type"], "fun": values.value, **({} if method in VALUES_ONLY else {"jac": values.jacobian_of(constraint.get("jac"))})}


class _Values:
    """A function of constraints, one number or several, and its derivatives, of a vector."""

    def __init__(self, c: Callable[..., Any], layout: Layout, args: tuple[Any, ...]) -> None:
        self.c, self.layout, self.args = c, layout, args
        self.whole = jacobian(c)

        def weighted(x: Any, weights: Any, *more: Any) -> Any:
            parts: list[Any] = []
            map_leaves(lambda leaf: parts.append(np.ravel(leaf)), c(x, *more))
            return np.concatenate(parts) @ weights

        self.second = hessian(weighted)

    def value(self, vector: Any) -> Any:
        return np.concatenate([np.ravel(leaf) for leaf in flatten(self.c(self.layout.unpack(vector), *self.args))[0]])

    def jacobian(self, vector: Any) -> Any:
        x = self.layout.unpack(vector)
        leaves, results = flatten(self.c(x, *self.args))
        found = flatten_like(results, self.whole(x, *self.args))
        return np.concatenate([self.layout.rows(np.shape(leaf), part) for leaf, part in zip(leaves, found)], axis=0)

    def hessian(self, vector: Any, weights: Any) -> Any:
        return self.layout.square(self.second(self.layout.unpack(vector), np.asarray(weights), *self.args))

    def jacobian_of(self, jac: Any) -> Callable[[Any], Any]:
        """The generated Jacobian; or the user's own, a matrix or a row, of the vector of all numbers."""
        return (lambda vector: jac(self.layout.unpack(vector), *self.args)) if callable(jac) else self.jacobian


def _structured(result: Any, layout: Layout) -> Any:
    """The result in the words of the caller."""
    gradient = result.get("grad", result.get("jac"))  # trust-constr calls the Jacobians of constraints jac
    if "grad" in result and "jac" in result:
        result["constr_jac"] = result["jac"]
    if gradient is not None and np.shape(gradient) == (layout.size,):
        result["jac"] = layout.unpack(gradient, gradient=True)
    result["x"] = layout.unpack(result["x"], as_given=True)
    result["fun"] = float(result["fun"])
    return result


__all__ = ["minimize"]
