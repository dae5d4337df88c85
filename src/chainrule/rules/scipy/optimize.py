"""scipy.optimize: what a solver finds, differentiated by the condition that it solves (the implicit function theorem).

    x = root(fun, x0, args)     fun(x) = 0          dx = -J^-1 d fun, J the Jacobian of fun in x
    x = minimize(fun, x0)       grad fun(x) = 0     the same, J the Hessian of fun in x

SciPy's own function is called, once, with the user's function; nothing of it is differentiated. What the function is given (`args`) and what it sees of
its surroundings may carry a derivative; that with respect to the guess, and to tolerances, is zero.
Where more than one derivative is taken, steps of Newton's method follow, which change nothing, and double the number of orders that are right with each.
"""

# mypy: ignore-errors

from __future__ import annotations

import importlib

import numpy as np

from ...runtime import as_given, independent, linear_step, stop_gradient
from ..meanings import along, count_parameters, gradient, jacobian, newton_steps, part, refuse, solver, static
from ..solved import Result
from ..table import MODULES, meaning

optimize = importlib.import_module("scipy.optimize")
MODULES["optimize"] = optimize


def _tupled(args):
    return args if isinstance(args, tuple) else (args,)


def _vector(x0):
    """The initial guess as a vector of floats, as SciPy makes it one."""
    guess = stop_gradient(np.atleast_1d(np.asarray(x0) * 1.0))
    if np.ndim(guess) != 1:
        refuse("a solver is given a guess with several axes", "the order of its elements is the solver's business", "pass a vector, and reshape it inside the function")
    return guess


def _found(guess):
    """A value like what is found from a guess: in double precision, whatever the guess."""
    return guess + np.zeros(1)


def _on_the_way(condition, x, slope, seen):
    """x with the derivative of the solution of condition(x) = 0; slope(x) is the condition's Jacobian, or, of what works element by element, its diagonal."""
    residual = condition(x)
    target = stop_gradient(residual)
    if newton_steps() == 0:
        return as_given(x, x - linear_step(slope(x), residual - target, seen))
    at = x
    for _ in range(newton_steps()):
        matrix, rest = slope(at), condition(at) - target
        at = at - (rest / matrix if np.ndim(matrix) < 2 else np.linalg.solve(matrix, rest))
    return as_given(x, at)


class Solution(Result):
    """What a solver gives: an object of SciPy's with these attributes."""

    def __init__(self, found, x, value):
        super().__init__(found)
        self.x = x
        self.value = value

    @property
    def fun(self):
        return self.value(self.found, self.x)

    @property
    def nit(self):
        return part(self.found, "nit", 0)


# -- equations ---------------------------------------------------------------------------------------------------------------


def root(fun, x0, args=(), method="hybr", jac=None, tol=None, options=None):
    args = _tupled(args)
    guess = _vector(x0)

    def residual(x):
        found = fun(x, *args)
        return np.ravel(np.asarray(found[0] if jac is True else found))

    def equations(x):
        return fun(x, *args)

    functions = {"": equations}
    examples = {"": (guess,)}
    more = {"method": method, "tol": tol, "options": options}
    if callable(jac):
        functions["jac"] = lambda x: jac(x, *args)
        examples["jac"] = (guess,)
    else:
        more["jac"] = jac
    found, seen = solver(optimize.root, functions, examples, (guess,), more)
    x = part(found, "x", _found(guess))
    x = _on_the_way(residual, x, jacobian(residual), seen)
    return Solution(found, x, lambda found, x: as_given(part(found, "fun", x), residual(x)))


def fsolve(func, x0, args=(), fprime=None, col_deriv=0, xtol=1.49012e-08, maxfev=0, band=None, epsfcn=None, factor=100, diag=None):
    args = _tupled(args)
    guess = _vector(x0)

    def residual(x):
        return np.ravel(np.asarray(func(x, *args)))

    def equations(x):
        return func(x, *args)

    functions = {"": equations}
    examples = {"": (guess,)}
    if callable(fprime):
        functions["fprime"] = lambda x: fprime(x, *args)
        examples["fprime"] = (guess,)
    more = {"col_deriv": col_deriv, "xtol": xtol, "maxfev": maxfev, "band": band, "epsfcn": epsfcn, "factor": factor, "diag": diag}
    x, seen = solver(optimize.fsolve, functions, examples, (guess,), more, like=_found(guess))
    return _on_the_way(residual, x, jacobian(residual), seen)


def _bracketed(method, f, a, b, args, more):
    args = _tupled(args)

    def equation(x):
        return f(x, *args)

    x, seen = solver(method, {"": equation}, {"": (0.0,)}, (stop_gradient(a), stop_gradient(b)), more, like=0.0)
    return _on_the_way(equation, x, jacobian(equation), seen)


def brentq(f, a, b, args=(), xtol=2e-12, rtol=None, maxiter=100, disp=True):
    return _bracketed(optimize.brentq, f, a, b, args, {"xtol": xtol, "maxiter": maxiter, "disp": disp, **_given("rtol", rtol)})


def brenth(f, a, b, args=(), xtol=2e-12, rtol=None, maxiter=100, disp=True):
    return _bracketed(optimize.brenth, f, a, b, args, {"xtol": xtol, "maxiter": maxiter, "disp": disp, **_given("rtol", rtol)})


def ridder(f, a, b, args=(), xtol=2e-12, rtol=None, maxiter=100, disp=True):
    return _bracketed(optimize.ridder, f, a, b, args, {"xtol": xtol, "maxiter": maxiter, "disp": disp, **_given("rtol", rtol)})


def bisect(f, a, b, args=(), xtol=2e-12, rtol=None, maxiter=100, disp=True):
    return _bracketed(optimize.bisect, f, a, b, args, {"xtol": xtol, "maxiter": maxiter, "disp": disp, **_given("rtol", rtol)})


def toms748(f, a, b, args=(), k=1, xtol=2e-12, rtol=None, maxiter=100, disp=True):
    return _bracketed(optimize.toms748, f, a, b, args, {"k": k, "xtol": xtol, "maxiter": maxiter, "disp": disp, **_given("rtol", rtol)})


def _given(name, value):
    """A keyword that is passed on where it is given."""
    return {} if value is None else {name: value}


def newton(func, x0, fprime=None, args=(), tol=1.48e-08, maxiter=50, fprime2=None, x1=None, rtol=0.0, disp=True):
    args = _tupled(args)

    def equation(x):
        return func(x, *args)

    guess = stop_gradient((np.asarray(x0) * 1.0)[()])
    functions = {"": equation}
    examples = {"": (guess,)}
    if fprime is not None:
        functions["fprime"] = lambda x: fprime(x, *args)
        examples["fprime"] = (guess,)
    if fprime2 is not None:
        functions["fprime2"] = lambda x: fprime2(x, *args)
        examples["fprime2"] = (guess,)
    more = {"tol": tol, "maxiter": maxiter, "rtol": rtol, "disp": disp}
    if x1 is not None:
        more["x1"] = stop_gradient(x1)
    x, seen = solver(optimize.newton, functions, examples, (guess,), more, like=guess if np.ndim(guess) == 0 else _found(guess))
    if np.ndim(guess) == 0:
        return _on_the_way(equation, x, jacobian(equation), seen)
    if _is_diagonal(equation, x):
        return _on_the_way(equation, x, lambda x: along(equation, x, np.ones_like(x)), seen)

    def equations(x):
        return np.ravel(equation(np.reshape(x, np.shape(guess))))

    return np.reshape(_on_the_way(equations, np.ravel(x), jacobian(equations), seen), np.shape(guess))


def _is_diagonal(function, x):
    """Whether a function works element by element at x, as `newton` of an array expects: along no direction may an element depend on another one."""
    weights = 1.0 + np.reshape(np.modf(0.6180339887498949 * np.arange(1.0, np.size(x) + 1))[0], np.shape(x))
    sums = stop_gradient(along(function, x, np.ones_like(x)))
    found = stop_gradient(along(function, x, weights * np.ones_like(x)))
    return np.all(np.abs(found - weights * sums) <= 1e-12 * np.abs(found))


class ScalarRoot:
    """What root_scalar gives."""

    def __init__(self, found, root):
        self.found = found
        self.root = root

    @property
    def converged(self):
        return part(self.found, "converged", True)

    @property
    def iterations(self):
        return part(self.found, "iterations", 0)

    @property
    def function_calls(self):
        return part(self.found, "function_calls", 0)


def root_scalar(f, args=(), method=None, bracket=None, fprime=None, fprime2=None, x0=None, x1=None, xtol=None, rtol=None, maxiter=None, options=None):
    args = _tupled(args)

    def equation(x):
        found = f(x, *args)
        return found[0] if fprime is True else found

    def function(x):
        return f(x, *args)

    functions = {"": function}
    examples = {"": (0.0,)}
    more = {"method": method, "xtol": xtol, "rtol": rtol, "maxiter": maxiter, "options": options, "bracket": stop_gradient(bracket), "x0": stop_gradient(x0),
            "x1": stop_gradient(x1)}
    if callable(fprime):
        functions["fprime"] = lambda x: fprime(x, *args)
        examples["fprime"] = (0.0,)
    elif fprime is not None:
        more["fprime"] = fprime
    if callable(fprime2):
        functions["fprime2"] = lambda x: fprime2(x, *args)
        examples["fprime2"] = (0.0,)
    elif fprime2 is not None:
        more["fprime2"] = fprime2
    found, seen = solver(optimize.root_scalar, functions, examples, (), more)
    x = part(found, "root", 0.0)
    return ScalarRoot(found, _on_the_way(equation, x, jacobian(equation), seen))


def fixed_point(func, x0, args=(), xtol=1e-08, maxiter=500, method="del2"):
    args = _tupled(args)

    def change(x):
        return x - func(x, *args)

    guess = stop_gradient((np.asarray(x0) * 1.0)[()])
    if np.ndim(guess) > 1:
        refuse("`fixed_point` with a guess that has several axes", "the order of its elements is the solver's business", "pass a vector, and reshape it inside the function")
    def function(x):
        return func(x, *args)

    x, seen = solver(optimize.fixed_point, {"": function}, {"": (guess,)}, (guess,), {"xtol": xtol, "maxiter": maxiter, "method": method}, like=guess)
    return _on_the_way(change, x, jacobian(change), seen)


# -- minima ----------------------------------------------------------------------------------------------------------------------

_BOUNDS = ("a minimiser with bounds that are differentiated", "an unknown that lies on a bound moves with it", "scale the unknowns instead")
_WITH_BOUNDS = (None, "l-bfgs-b", "tnc", "slsqp")  # methods that end on a bound, not near it


def minimize(fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None, options=None):
    args = _tupled(args)
    guess = _vector(x0)
    if constraints is not None and len(constraints) > 0:
        refuse("`minimize` with constraints", "which of them hold with equality at the minimum is not known", "eliminate them, or add a penalty")

    def objective(x):
        found = fun(x, *args)
        value = found[0] if jac is True else found
        return value if np.ndim(value) == 0 else np.reshape(value, ())

    def function(x):
        return fun(x, *args)

    functions = {"": function}
    examples = {"": (guess,)}
    more = {"method": method, "tol": tol, "options": options}
    if callable(jac):
        functions["jac"] = lambda x: jac(x, *args)
        examples["jac"] = (guess,)
    else:
        more["jac"] = jac
    if callable(hess):
        functions["hess"] = lambda x: hess(x, *args)
        examples["hess"] = (guess,)
    elif hess is not None:
        more["hess"] = hess
    if hessp is not None:
        functions["hessp"] = lambda x, p: hessp(x, p, *args)
        examples["hessp"] = (guess, guess)
    if bounds is not None:
        if (method if method is None else method.lower()) not in _WITH_BOUNDS:
            refuse("`minimize` with bounds by this method", "it ends near a bound rather than on it", "use L-BFGS-B, TNC or SLSQP")
        more["bounds"] = bounds
    found, seen = solver(optimize.minimize, functions, examples, (guess,), more)
    x = part(found, "x", _found(guess))
    slope = gradient(objective)
    curvature = jacobian(slope)
    if bounds is None:
        x = _on_the_way(slope, x, curvature, seen)
    else:
        x = independent(x, bounds, *_BOUNDS)
        free = _free(x, bounds)
        both = np.expand_dims(free, 1) & np.expand_dims(free, 0)
        x = _on_the_way(lambda x: np.where(free, slope(x), 0.0), x, lambda x: np.where(both, curvature(x), np.eye(len(x))), seen)
    return Solution(found, x, lambda found, x: as_given(part(found, "fun", 0.0), objective(x)))


def _free(x, bounds):
    """The unknowns that lie on no bound."""
    if not isinstance(bounds, (list, tuple)):
        refuse("`minimize` with bounds that are no list of pairs", "which unknowns lie on a bound is not known then", "pass a list of pairs (low, high)")
    low = np.array([-np.inf if pair[0] is None else pair[0] * 1.0 for pair in bounds])
    high = np.array([np.inf if pair[1] is None else pair[1] * 1.0 for pair in bounds])
    near = 1e-10 * (1.0 + np.abs(x))
    return (x > low + near) & (x < high - near)


def minimize_scalar(fun, bracket=None, bounds=None, args=(), method=None, tol=None, options=None):
    args = _tupled(args)

    def objective(x):
        return fun(x, *args)

    more = {"bracket": stop_gradient(bracket), "bounds": stop_gradient(bounds), "method": method, "tol": tol, "options": options}
    found, seen = solver(optimize.minimize_scalar, {"": objective}, {"": (0.0,)}, (), more)
    x = part(found, "x", 0.0)
    slope = gradient(objective)
    curvature = jacobian(slope)
    if bounds is None:
        x = _on_the_way(slope, x, curvature, seen)
    else:  # where the slope does not vanish, the minimum is at an end, and stays there
        inside = stop_gradient(np.minimum(x - bounds[0], bounds[1] - x) > 1e-5 * (bounds[1] - bounds[0]))
        x = independent(x, bounds, *_BOUNDS)
        x = _on_the_way(lambda x: np.where(inside, slope(x), 0.0), x, lambda x: np.where(inside, curvature(x), 1.0), seen)
    return Solution(found, x, lambda found, x: as_given(part(found, "fun", 0.0), objective(x)))


class Fit(Solution):
    """What least_squares gives."""

    @property
    def cost(self):
        residuals = self.value(self.found, self.x)
        return as_given(part(self.found, "cost", 0.0), 0.5 * np.sum(residuals**2))


def least_squares(fun, x0, jac="2-point", method="trf", ftol=1e-08, xtol=1e-08, gtol=1e-08, x_scale=None, loss="linear", diff_step=None, max_nfev=None,
                  args=(), kwargs=None):
    args = _tupled(args)
    guess = _vector(x0)
    if loss != "linear":
        refuse("`least_squares` with a loss function", "its derivative is known for the sum of squares", "put the loss into the residuals, or use `minimize`")
    if kwargs is not None and len(kwargs) > 0:
        refuse("`least_squares` with `kwargs`", "it is not supported yet", "pass a function of the unknowns that sees them")

    def residuals(x):
        return np.ravel(np.asarray(fun(x, *args)))

    def objective(x):
        return 0.5 * np.sum(residuals(x) ** 2)

    def function(x):
        return fun(x, *args)

    functions = {"": function}
    examples = {"": (guess,)}
    more = {"method": method, "ftol": ftol, "xtol": xtol, "gtol": gtol, "diff_step": diff_step, "max_nfev": max_nfev}
    if x_scale is not None:
        more["x_scale"] = x_scale
    if callable(jac):
        functions["jac"] = lambda x: jac(x, *args)
        examples["jac"] = (guess,)
    else:
        more["jac"] = jac
    found, seen = solver(optimize.least_squares, functions, examples, (guess,), more)
    x = part(found, "x", _found(guess))
    slope = gradient(objective)
    x = _on_the_way(slope, x, jacobian(slope), seen)
    return Fit(found, x, lambda found, x: as_given(stop_gradient(residuals(x)), residuals(x)))


def curve_fit(f, xdata, ydata, p0=None, sigma=None, absolute_sigma=False, check_finite=None, bounds=None, method=None, jac=None, full_output=False, nan_policy=None,
              **options):
    """The parameters of the best fit, and their covariance: that of the exact Jacobian, s^2 (J'J)^-1."""
    if bounds is not None:
        refuse("`curve_fit` with bounds", "which parameters lie on a bound is not known", "leave them out, and scale the parameters instead")
    if full_output:
        refuse("`curve_fit` with `full_output`", "what it says of the work done is no number to differentiate", "leave it out")
    if nan_policy is not None:
        refuse("`curve_fit` with `nan_policy`", "which samples are left out is not known", "leave them out before")
    count = count_parameters(f) - 1 if p0 is None else static(np.size(p0))
    guess = np.ones(count) if p0 is None else _vector(p0)
    xdata, ydata = np.asarray(xdata) * 1.0, np.asarray(ydata) * 1.0

    def curve(x, *p):
        return f(x, *p)

    functions = {"": curve}
    examples = {"": (xdata, *[0.0 for _ in range(count)])}
    more = {"p0": guess, "sigma": stop_gradient(sigma), "absolute_sigma": absolute_sigma, "check_finite": check_finite, "method": method, **options}
    if callable(jac):
        functions["jac"] = lambda x, *p: jac(x, *p)
        examples["jac"] = examples[""]
    else:
        more["jac"] = jac
    likes = (np.ones(count), np.ones((count, count)))
    (found, covariance), seen = solver(optimize.curve_fit, functions, examples, (stop_gradient(xdata), stop_gradient(ydata)), more, like=likes)

    def residuals(p):
        away = np.ravel(np.asarray(f(xdata, *[p[k] for k in range(count)])) - ydata)
        if sigma is None:
            return away
        return np.linalg.solve(np.linalg.cholesky(sigma), away) if np.ndim(sigma) == 2 else away / sigma

    def half_of_squares(p):
        return 0.5 * np.sum(residuals(p) ** 2)

    slope = gradient(half_of_squares)
    p = _on_the_way(slope, found, jacobian(slope), (*seen, xdata, ydata, sigma))
    matrix = jacobian(residuals)(p)
    model = np.linalg.inv(np.transpose(matrix) @ matrix)
    if not absolute_sigma:
        model = model * (np.sum(residuals(p) ** 2) / np.maximum(np.size(ydata) - count, 1))
    return p, as_given(covariance, model)


for _name in ("curve_fit", "root", "fsolve", "brentq", "brenth", "ridder", "bisect", "toms748", "newton", "root_scalar", "fixed_point", "minimize", "minimize_scalar", "least_squares"):
    meaning(f"optimize.{_name}", globals()[_name])
