"""scipy.integrate: sums over samples, integrals of functions, and initial value problems.

An explicit method of solve_ivp (RK45, RK23, DOP853) is differentiated step by step: the steps that SciPy took, scaled with the span of time, are taken
once more, as statements of the program; the values are SciPy's. This is exact for the numbers that SciPy gives, and can be differentiated again. Where the steps are at the
limit of stability, it is not the derivative of the solution: `runtime/steps` tells.

For an implicit or multistep method (Radau, BDF, LSODA, odeint) reverse mode solves the adjoint equation (`runtime/flows`). Forward mode, and higher orders, solve the
variational equation along SciPy's solution on SciPy's steps, by the Radau IIA method of five stages (order 9): exact for the solution of the equation, and as close to it as
SciPy's steps are fine. With `chainrule.continuous_adjoint` reverse mode solves the adjoint equation whatever the method, and keeps nothing of the steps.

quad is differentiated under the integral sign: a Gauss rule of 21 points on each of the intervals that QUADPACK ended with, halved as the derivatives need it
(`runtime/integrals`), and beyond the limits where these move.
"""

# mypy: ignore-errors

from __future__ import annotations

import importlib

import numpy as np

from ...runtime import as_given, independent, linear_step, quadrature, romberg, states_at, steady_steps, stop_gradient
from ..meanings import along_something, flow, is_differentiable, jacobian, newton_steps, order, part, refuse, solver
from ..solved import Result
from ..table import MODULES, adjoint_meaning, meaning

integrate = importlib.import_module("scipy.integrate")
MODULES["integrate"] = integrate

# -- initial value problems ---------------------------------------------------------------------------------------------------


class Trajectory(Result):
    """What solve_ivp gives."""

    t_events = None
    y_events = None

    def __init__(self, found, t, y):
        super().__init__(found)
        self.t = t
        self.y = y

    @property
    def sol(self):
        refuse("`solve_ivp` with `dense_output`", "its derivative is known at the times `t_eval`", "pass the times as `t_eval`")


def _tableau(method):
    """(A, B, C, P): the stages of an explicit method, the step, and the polynomials between; K has one row more, the slope at the end."""
    count = method.n_stages
    a = np.zeros((count, count + 1))
    a[:, :method.A.shape[1]] = method.A[:count, :count]
    return a, np.append(method.B, 0.0), method.C[:count], method.P


RK45_A, RK45_B, RK45_C, RK45_P = _tableau(integrate.RK45)
RK23_A, RK23_B, RK23_C, RK23_P = _tableau(integrate.RK23)
DOP_A, DOP_B, DOP_C = integrate.DOP853.A, integrate.DOP853.B, integrate.DOP853.C
DOP_A = np.hstack([DOP_A[:12, :12], np.zeros((12, 1))])
DOP_B = np.append(DOP_B, 0.0)
DOP_MORE_A, DOP_MORE_C, DOP_D = integrate.DOP853.A_EXTRA, integrate.DOP853.C_EXTRA, integrate.DOP853.D


def solve_ivp(fun, t_span, y0, method="RK45", t_eval=None, dense_output=False, events=None, vectorized=False, args=None, first_step=None, max_step=np.inf,
              rtol=1e-3, atol=1e-6, min_step=0.0, jac=None, jac_sparsity=None, lband=None, uband=None):
    if events is not None:
        refuse("`solve_ivp` with events", "the derivative of the time of an event is not known", "solve for the time with a root finder")
    if vectorized:
        refuse("`solve_ivp` with `vectorized`", "the function is given matrices then", "leave it out")
    args = () if args is None else args
    name = method if isinstance(method, str) else method.__name__
    y0 = np.asarray(y0) * 1.0
    t0, t1 = t_span

    def slope(t, y):
        return fun(t, y, *args)

    def right(t, y):
        return np.reshape(np.asarray(fun(t, y, *args)), np.shape(y))

    functions = {"": slope}
    examples = {"": (0.0, y0)}
    more = {"method": method, "dense_output": True, "first_step": first_step, "max_step": max_step, "rtol": rtol, "atol": atol}
    if first_step is None:
        more.pop("first_step")
    if name == "LSODA":
        more["min_step"] = min_step
    if jac is not None and callable(jac):
        functions["jac"] = lambda t, y: jac(t, y, *args)
        examples["jac"] = (0.0, y0)
    elif jac is not None:
        more["jac"] = jac
    if jac_sparsity is not None:
        more["jac_sparsity"] = jac_sparsity
    if lband is not None:
        more["lband"] = lband
    if uband is not None:
        more["uband"] = uband
    if t_eval is not None:
        t_eval = np.asarray(t_eval) * 1.0
        more["t_eval"] = stop_gradient(t_eval)
    found, seen = solver(integrate.solve_ivp, functions, examples, ((stop_gradient(t0), stop_gradient(t1)), stop_gradient(y0)), more)
    dense = part(found, "sol", None)
    times = part(dense, "ts", np.zeros(1), axes=(None,))
    out = part(found, "t", np.zeros(1), axes=(None,))
    y = part(found, "y", np.zeros((len(y0), 1), y0.dtype) * (times if t_eval is None else out))
    if name not in ("RK45", "RK23", "DOP853"):
        t = as_given(out, (_between(out, t0, t1) if is_differentiable(t_span) else out) if t_eval is None else t_eval[:len(out)])
        model = _variational(right, dense, times, out, t, t0, y0, (*seen, y0, t0, t))
        if newton_steps() != 0:
            return Trajectory(found, t, as_given(y, model))
        states = flow(np.transpose(y), np.transpose(model), right, t0, y0, t, {"method": method, "solution": dense, **_given(more), **_closer(rtol, atol)})
        return Trajectory(found, t, np.transpose(states))
    times, _ = solver(steady_steps, {"": right}, {"": (0.0, y0)}, (times, stop_gradient(y0), method), like=times)
    if is_differentiable(t_span):
        times = as_given(times, t0 + stop_gradient((times - t0) / (t1 - t0)) * (t1 - t0))
    if name == "RK45":
        states, slopes = _steps(right, times, y0, RK45_A, RK45_B, RK45_C)
    elif name == "RK23":
        states, slopes = _steps(right, times, y0, RK23_A, RK23_B, RK23_C)
    else:
        states, slopes = _steps(right, times, y0, DOP_A, DOP_B, DOP_C)
    if t_eval is None:
        return Trajectory(found, as_given(out, times), as_given(y, np.transpose(states)))
    t = as_given(out, t_eval[:len(out)])
    direction = np.sign(times[-1] - times[0])
    number = np.clip(np.searchsorted(direction * times, direction * out) - 1, 0, len(slopes) - 1)
    start, h = times[number], times[number + 1] - times[number]
    x = (t - start) / h
    if name == "DOP853":
        model = _of_order_8(right, times, states, slopes, number, x, h)
    else:
        weights = RK45_P if name == "RK45" else RK23_P
        powers = np.cumprod(np.ones((np.shape(weights)[1], 1)) * x, axis=0)
        model = states[number] + h[:, None] * np.einsum("jsn,sp,pj->jn", slopes[number], weights, powers)
    return Trajectory(found, t, as_given(y, np.transpose(model)))


def solve_ivp_by_adjoint(adjoint_rtol, adjoint_atol, fun, t_span, y0, method="RK45", t_eval=None, dense_output=False, events=None, vectorized=False, args=None, **options):
    """solve_ivp, whose derivative in reverse mode is that of the continuous adjoint (`chainrule.continuous_adjoint`)."""
    discrete = solve_ivp(fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options)
    if newton_steps() != 0:
        return discrete
    args = () if args is None else args
    y0 = np.asarray(y0) * 1.0
    t0, t1 = t_span

    def slope(t, y):
        return fun(t, y, *args)

    def right(t, y):
        return np.reshape(np.asarray(fun(t, y, *args)), np.shape(y))

    functions = {"": slope}
    examples = {"": (0.0, y0)}
    more = {"method": method}
    for name in options:
        if name == "jac" and callable(options["jac"]):
            functions["jac"] = lambda t, y: options["jac"](t, y, *args)
            examples["jac"] = (0.0, y0)
        else:
            more[name] = options[name]
    if t_eval is not None:
        t_eval = np.asarray(t_eval) * 1.0
        more["t_eval"] = stop_gradient(t_eval)
    found, _ = solver(integrate.solve_ivp, functions, examples, ((stop_gradient(t0), stop_gradient(t1)), stop_gradient(y0)), more)
    times = part(found, "t", np.zeros(1), axes=(None,))
    y = part(found, "y", np.zeros((len(y0), 1), y0.dtype) * times)
    states, _ = solver(np.transpose, {}, {}, (y,), like=np.transpose(y))  # of no times, `y` is a list
    times = as_given(times, _between(times, t0, t1) if t_eval is None else t_eval[:len(times)])
    found_of = {"method": method, **_given(options), **_tolerances(adjoint_rtol, adjoint_atol)}
    y = flow(states, np.transpose(discrete.y), right, t0, y0, times, found_of)
    return Trajectory(found, times, np.transpose(y))


def _given(options):
    """The options of a solver that its adjoint has, too."""
    return {name: stop_gradient(options[name]) for name in options if name in ("first_step", "max_step", "rtol", "atol", "min_step")}


def _closer(rtol, atol):
    """Tolerances of an adjoint that adds little to the error of the solution."""
    return {"adjoint_rtol": 0.1 * stop_gradient(rtol), "adjoint_atol": 0.1 * stop_gradient(atol)}


def _tolerances(rtol, atol):
    """Those of the adjoint, where they are given."""
    found = {}
    if rtol is not None:
        found["adjoint_rtol"] = rtol
    if atol is not None:
        found["adjoint_atol"] = atol
    return found


def _between(times, t0, t1):
    """The times of the steps, of which the ends move."""
    place = np.arange(len(times))
    return np.where(place == 0, t0, np.where(place == len(times) - 1, t1, times))


def _steps(right, times, y0, a, b, c):
    """The states at the times, and the slopes of the stages of each step."""
    count = len(times) - 1
    states = np.zeros((count + 1, len(y0)), y0.dtype)
    slopes = np.zeros((count, len(c) + 1, len(y0)), y0.dtype)
    y = y0
    states[0] = y
    f = right(times[0], y)
    for k in range(count):
        t = times[k]
        h = times[k + 1] - t
        stages = np.zeros((len(c) + 1, len(y0)), y0.dtype)
        stages[0] = f
        for s in range(1, len(c)):
            stages[s] = right(t + c[s] * h, y + h * (a[s] @ stages))
        y = y + h * (b @ stages)
        f = right(times[k + 1], y)
        stages[len(c)] = f
        states[k + 1] = y
        slopes[k] = stages
    return states, slopes


def _of_order_8(right, times, states, slopes, number, x, h):
    """Between the steps of DOP853: three more stages, and a polynomial of order 7."""
    rows = []
    for j in range(len(number)):
        k = number[j]
        t, y, old, new = times[k], states[k], slopes[k, 0], slopes[k, -1]
        step = times[k + 1] - t
        stages = np.zeros((16, len(y)), y.dtype)
        stages[:13] = slopes[k]
        for s in range(3):
            stages[13 + s] = right(t + DOP_MORE_C[s] * step, y + step * (DOP_MORE_A[s] @ stages))
        change = states[k + 1] - y
        parts = np.zeros((7, len(y)), y.dtype)
        parts[0] = change
        parts[1] = step * old - change
        parts[2] = 2 * change - step * (new + old)
        parts[3:] = step * (DOP_D @ stages)
        total = np.zeros(len(y), y.dtype)
        for i in range(7):
            total = (total + parts[6 - i]) * (x[j] if i % 2 == 0 else 1 - x[j])
        rows.append(y + total)
    return np.array(rows)


def _radau(stages):
    """The nodes and weights of the Radau IIA method: collocation at the Radau points, the last of which is the end of the step."""
    p = np.polynomial.Polynomial.fromroots([0.0] * (stages - 1) + [1.0] * stages)
    c = np.sort(p.deriv(stages - 1).roots().real)
    powers = np.vander(c, increasing=True)
    integrals = powers * c[:, None] / np.arange(1, stages + 1)
    return c, np.linalg.solve(powers.T, integrals.T).T


NODES, WEIGHTS = _radau(5)
STAGES = 5


def _variational(right, dense, times, out, t, t0, y0, seen):
    """Numbers of any value with the derivative of the solution at the times `out`, which move as `t` does: a column for each."""
    n = len(y0)
    direction = np.sign(times[-1] - times[0])
    mesh, _ = solver(np.union1d, {}, {}, (direction * times, direction * stop_gradient(out)), like=np.zeros(len(times) + len(out)))
    mesh = direction * mesh
    count = len(mesh) - 1
    inner = np.ravel(mesh[:-1, None] + np.diff(mesh)[:, None] * NODES)
    solution, _ = solver(states_at, {}, {}, (dense, inner, n), like=np.zeros((n, 1), y0.dtype) * np.zeros(len(inner)))
    along = np.reshape(np.transpose(solution), (count, STAGES, n))
    start = stop_gradient(y0)
    change = y0 - start
    if is_differentiable(t0):
        change = _moved(right, t0, y0, stop_gradient(t0) - t0) - start
    changes = np.zeros((count + 1, n), y0.dtype)
    changes[0] = change
    for k in range(count):
        h = mesh[k + 1] - mesh[k]
        if newton_steps() == 0:
            matrix, residual = _collocation(right, mesh[k], h, along[k], change, np.zeros((STAGES, n), y0.dtype))
            moved = np.reshape(linear_step(matrix, np.ravel(residual), seen), (STAGES, n))
        else:
            moved = np.zeros((STAGES, n), y0.dtype)
            for _ in range(newton_steps()):
                matrix, residual = _collocation(right, mesh[k], h, along[k], change, moved)
                moved = moved + np.reshape(np.linalg.solve(matrix, np.ravel(residual)), (STAGES, n))
        change = change + h * (WEIGHTS[-1] @ moved)
        changes[k + 1] = change
    at = changes[np.searchsorted(direction * mesh, direction * stop_gradient(out))]
    if is_differentiable(t):
        rows = np.zeros((len(out), n), y0.dtype)
        ends, _ = solver(states_at, {}, {}, (dense, stop_gradient(out), n), like=np.zeros((n, 1), y0.dtype) * np.zeros(len(out)))
        for j in range(len(out)):
            rows[j] = _moved(right, out[j], ends[:, j] + at[j], t[j] - stop_gradient(t[j]))
        at = rows
    return np.transpose(at)


def _collocation(right, t, h, along, change, moved):
    """The equations of a step in the changes of its slopes, `moved`, when the state at its beginning changes: their matrix, and what is left of them."""
    n = np.shape(along)[1]
    matrix = np.eye(STAGES * n, dtype=along.dtype)
    residual = np.zeros((STAGES, n), along.dtype)
    for i in range(STAGES):
        time = t + NODES[i] * h
        y = along[i] + change + h * (WEIGHTS[i] @ moved)
        f = right(time, y)
        residual[i] = f - stop_gradient(f) - moved[i]
        matrix[i * n:(i + 1) * n] -= h * np.kron(WEIGHTS[i:i + 1], np.reshape(jacobian(lambda y, time=time: right(time, y))(y), (n, n)))
    return matrix, residual


def _moved(right, t, y, h):
    """The state a time h later, for an h that is zero and moves: Euler's step for the first derivative, one of DOP853 up to the eighth."""
    if newton_steps() == 0:
        return y + h * right(t, y)
    if newton_steps() > 3:
        refuse("a derivative of order eight or more of a solution, with times that are differentiated", "how it moves with the time is known to lower orders",
               "keep the times fixed")
    stages = np.zeros((len(DOP_B), len(y)), y.dtype)
    for s in range(len(DOP_C)):
        stages[s] = right(t + DOP_C[s] * h, y + h * (DOP_A[s] @ stages))
    return y + h * (DOP_B @ stages)


def odeint(func, y0, t, args=(), Dfun=None, col_deriv=0, ml=None, mu=None, rtol=None, atol=None, tcrit=None, h0=0.0, hmax=0.0, hmin=0.0, ixpr=0, mxstep=0, mxhnil=0,
           mxordn=12, mxords=5, printmessg=0, tfirst=False):
    args = args if isinstance(args, tuple) else (args,)
    y0 = np.atleast_1d(np.asarray(y0) * 1.0)
    t = np.asarray(t) * 1.0
    first = bool(tfirst)

    def slope(y, t):
        return func(t, y, *args) if first else func(y, t, *args)

    def slope_of_time(t, y):
        return func(t, y, *args) if first else func(y, t, *args)

    def right(t, y):
        return np.reshape(np.asarray(slope_of_time(t, y)), np.shape(y))

    functions = {"": slope}
    examples = {"": (y0, 0.0)}
    more = {"col_deriv": col_deriv, "ml": ml, "mu": mu, "rtol": rtol, "atol": atol, "tcrit": tcrit, "h0": h0, "hmax": hmax, "hmin": hmin, "ixpr": ixpr, "mxstep": mxstep,
            "mxhnil": mxhnil, "mxordn": mxordn, "mxords": mxords, "printmessg": printmessg}
    if Dfun is not None:
        functions["Dfun"] = lambda y, t: Dfun(t, y, *args) if first else Dfun(y, t, *args)
        examples["Dfun"] = (y0, 0.0)
    still, start = stop_gradient(t), stop_gradient(y0)
    y, seen = solver(integrate.odeint, functions, examples, (start, still), more, like=np.zeros((len(t), 1)) * np.zeros(len(y0)))
    # The steps between the times, and the solution there: odeint does not tell them.
    close = {"method": "LSODA", "dense_output": True, "rtol": 1.49012e-8 if rtol is None else rtol, "atol": 1.49012e-8 if atol is None else atol}
    found, _ = solver(integrate.solve_ivp, {"": slope_of_time}, {"": (0.0, y0)}, ((still[0], still[-1]), start), close)
    dense = part(found, "sol", None)
    times = part(dense, "ts", np.zeros(1), axes=(None,))
    model = np.transpose(_variational(right, dense, times, still, t, t[0], y0, (*seen, y0, t)))
    if newton_steps() != 0:
        return as_given(y, model)
    return flow(y, model, right, t[0], y0, t, {"method": "LSODA", "solution": dense, **_given(close), **_closer(close["rtol"], close["atol"])})


def odeint_by_adjoint(adjoint_rtol, adjoint_atol, func, y0, t, args=(), rtol=None, atol=None, tfirst=False, **options):
    """odeint, whose derivative in reverse mode is that of the continuous adjoint, solved by LSODA, too."""
    discrete = odeint(func, y0, t, args, rtol=rtol, atol=atol, tfirst=tfirst, **options)
    if newton_steps() != 0:
        return discrete
    args = args if isinstance(args, tuple) else (args,)
    y0 = np.atleast_1d(np.asarray(y0) * 1.0)
    t = np.asarray(t) * 1.0
    first = bool(tfirst)

    def right(t, y):
        return np.reshape(np.asarray(func(t, y, *args) if first else func(y, t, *args)), np.shape(y))

    found_of = {"method": "LSODA", "rtol": 1.49012e-8 if rtol is None else stop_gradient(rtol), "atol": 1.49012e-8 if atol is None else stop_gradient(atol),
                **_tolerances(adjoint_rtol, adjoint_atol)}
    return flow(discrete, discrete, right, t[0], y0, t, found_of)


def _gauss(points):
    """The nodes and weights of a Gauss rule on the interval from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return tuple((float(0.5 + 0.5 * x), float(0.5 * w)) for x, w in zip(nodes, weights))


GAUSS = tuple(_gauss(points) for points in range(1, 9))


# -- integrals of functions --------------------------------------------------------------------------------------------------------


def quad(func, a, b, args=(), full_output=0, epsabs=1.49e-08, epsrel=1.49e-08, limit=50, points=None, weight=None, maxp1=50, limlst=50):
    args = args if isinstance(args, tuple) else (args,)
    if full_output:
        refuse("`quad` with `full_output`", "what it says of the work done is no number to differentiate", "leave it out")
    if weight is not None:
        refuse("`quad` with a weight", "the integrand has a singularity then, which the rule for its derivative would have to know", "put the weight into the integrand")
    def integrand(x):
        return func(x, *args)

    more = {"full_output": 1, "epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points, "maxp1": maxp1, "limlst": limlst}
    if points is None:
        more.pop("points")
    low, high = stop_gradient(a), stop_gradient(b)
    found, _ = solver(integrate.quad, {"": integrand}, {"": (0.0,)}, (low, high), more)
    many = order()

    def derivatives(x, e):
        return along_something(integrand, x, e, many)

    given = (found, low, high, stop_gradient(points), stop_gradient(epsabs), stop_gradient(epsrel))
    likes = (0.0, 0.0, _of_some_length(found), _of_some_length(found))
    (value, error, nodes, weights), _ = solver(quadrature, {"": derivatives}, {"": (0.0, 0.0)}, given, like=likes)
    if points is not None:
        weights = independent(weights, points, "`quad` with points that are differentiated", "the integrand may jump there, and the integral moves with them", "integrate piece by piece")
    total = 0.0
    for k in range(len(nodes)):
        total = total + weights[k] * integrand(nodes[k])
    if is_differentiable(b):
        total = total + _beyond(integrand, high, b, many)
    if is_differentiable(a):
        total = total - _beyond(integrand, low, a, many)
    return as_given(value, total), error


def _beyond(integrand, limit, moved, many):
    """The integral from a limit to where it moves, with as many derivatives: a Gauss rule, each point of which gives two."""
    width = moved - limit
    if many == 1:
        return integrand(limit) * width
    if many > 2 * len(GAUSS):
        refuse("a derivative of so high an order of an integral, with limits that are differentiated", "how it moves with them is known to lower orders", "keep the limits fixed")
    total = 0.0
    for node, weight in GAUSS[(many - 1) // 2]:
        total = total + integrand(limit + node * width) * (weight * width)
    return total


def _of_some_length(found):
    return part(found, "nodes", np.zeros(1), axes=(None,))


def dblquad(func, a, b, gfun, hfun, args=(), epsabs=1.49e-08, epsrel=1.49e-08):
    def inner(x):
        low = gfun(x) if callable(gfun) else gfun
        high = hfun(x) if callable(hfun) else hfun
        return quad(lambda y: func(y, x, *args), low, high, epsabs=epsabs, epsrel=epsrel)[0]

    return quad(inner, a, b, epsabs=epsabs, epsrel=epsrel)


# -- sums over samples: the axis comes last ----------------------------------------------------------------------------------------


def _last(y, axis):
    y = np.asarray(y) * 1.0
    return y if axis == -1 or axis == np.ndim(y) - 1 else np.moveaxis(y, axis, -1)


def _widths(x, dx, axis, rank):
    """The distances of the samples: a number, or an array whose last axis is theirs."""
    if x is None:
        return dx
    x = np.asarray(x) * 1.0
    return np.diff(x) if np.ndim(x) == 1 else np.diff(_last(x, axis))


def _back(y, axis):
    return y if axis == -1 or axis == np.ndim(y) - 1 else np.moveaxis(y, -1, axis)


def trapezoid(y, x=None, dx=1.0, axis=-1):
    value, _ = solver(integrate.trapezoid, {}, {}, (y,), {"x": x, "dx": dx, "axis": axis}, like=np.sum(_last(y, axis), axis=-1))
    last = _last(y, axis)
    return as_given(value, 0.5 * np.sum(_widths(x, dx, axis, np.ndim(y)) * (last[..., 1:] + last[..., :-1]), axis=-1))


def cumulative_trapezoid(y, x=None, dx=1.0, axis=-1, initial=None):
    last = _last(y, axis)
    sums = 0.5 * np.cumsum(_widths(x, dx, axis, np.ndim(y)) * (last[..., 1:] + last[..., :-1]), axis=-1)
    if initial is not None:
        sums = np.concatenate([np.zeros_like(last[..., :1]) + initial, sums], axis=-1)
    model = _back(sums, axis)
    value, _ = solver(integrate.cumulative_trapezoid, {}, {}, (y,), {"x": x, "dx": dx, "axis": axis, "initial": initial}, like=model)
    return as_given(value, model)


def simpson(y, x=None, dx=1.0, axis=-1):
    last = _last(y, axis)
    value, _ = solver(integrate.simpson, {}, {}, (y,), {"x": x, "dx": dx, "axis": axis}, like=np.sum(last, axis=-1))
    count = last.shape[-1]
    widths = dx * np.ones(count - 1) if x is None else _widths(x, dx, axis, np.ndim(y))
    if count == 2:
        total = 0.5 * np.sum(widths * (last[..., 1:] + last[..., :-1]), axis=-1)
    elif count % 2 == 1:
        total = _pairs(last, widths)
    else:  # the last interval by the parabola through the last three points
        h, k = widths[..., -2], widths[..., -1]
        end = k * (2 * k + 3 * h) / (6 * (h + k)) * last[..., -1] + k * (k + 3 * h) / (6 * h) * last[..., -2] - k**3 / (6 * h * (h + k)) * last[..., -3]
        total = _pairs(last[..., :-1], widths[..., :-1]) + end
    return as_given(value, total)


def _pairs(y, widths):
    """Simpson's rule on pairs of intervals: the integrals of the parabolas."""
    h, k = widths[..., 0::2], widths[..., 1::2]
    both = h + k
    return np.sum(both / 6 * ((2 - k / h) * y[..., :-1:2] + both**2 / (h * k) * y[..., 1::2] + (2 - h / k) * y[..., 2::2]), axis=-1)


def cumulative_simpson(y, x=None, dx=1.0, axis=-1, initial=None):
    last = _last(y, axis)
    widths = dx * np.ones(last.shape[-1] - 1) if x is None else _widths(x, dx, axis, np.ndim(y))
    forwards = _first_of_two(last, widths)
    backwards = _first_of_two(last[..., ::-1], widths[..., ::-1])[..., ::-1]
    each = np.concatenate([forwards, backwards[..., -1:]], axis=-1)
    odd = np.arange(each.shape[-1]) % 2 == 1
    shifted = np.concatenate([forwards[..., :1], backwards], axis=-1)
    each = np.where(odd, shifted, each)
    sums = np.cumsum(each, axis=-1)
    if initial is not None:
        start = np.zeros_like(sums[..., :1]) + initial
        sums = np.concatenate([start, start + sums], axis=-1)
    model = _back(sums, axis)
    value, _ = solver(integrate.cumulative_simpson, {}, {}, (y,), {"x": x, "dx": dx, "axis": axis, "initial": initial}, like=model)
    return as_given(value, model)


def _first_of_two(y, widths):
    """The integral over each interval of the parabola through its ends and the next point."""
    h, k = widths[..., :-1], widths[..., 1:]
    both = h + k
    second = h * h / (both * k)
    return h / 6 * ((3 - h / both) * y[..., :-2] + (3 + second + h / both) * y[..., 1:-1] - second * y[..., 2:])


def romb(y, dx=1.0, axis=-1):
    last = _last(y, axis)
    value, _ = solver(integrate.romb, {}, {}, (y,), {"dx": dx, "axis": axis}, like=np.sum(last, axis=-1))
    weights, _ = solver(romberg, {}, {}, (last.shape[-1],), like=np.zeros(last.shape[-1]))
    return as_given(value, dx * np.sum(weights * last, axis=-1))


meaning("integrate.solve_ivp", solve_ivp)
meaning("integrate.odeint", odeint)
adjoint_meaning("integrate.solve_ivp", solve_ivp_by_adjoint)
adjoint_meaning("integrate.odeint", odeint_by_adjoint)
meaning("integrate.quad", quad)
meaning("integrate.dblquad", dblquad)
for _name, _function in (("trapezoid", trapezoid), ("cumulative_trapezoid", cumulative_trapezoid), ("simpson", simpson), ("cumulative_simpson", cumulative_simpson), ("romb", romb),
                         ("trapz", trapezoid), ("cumtrapz", cumulative_trapezoid), ("simps", simpson)):
    meaning(f"integrate.{_name}", _function)
