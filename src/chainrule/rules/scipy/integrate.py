"""scipy.integrate: sums over samples, integrals of functions, and initial value problems.

An explicit method of solve_ivp (RK45, RK23, DOP853) is differentiated step by step: the steps that SciPy took, scaled with the span of time, are taken
once more, as statements of the program; the values are SciPy's. This is exact for the numbers that SciPy gives, and can be differentiated again.

For an implicit or multistep method (Radau, BDF, LSODA, odeint) the variational equation along SciPy's solution is solved on SciPy's steps, by the Radau IIA
method of five stages (order 9): exact for the solution of the equation, and as close to it as SciPy's steps are fine. Second derivatives are refused.

quad is differentiated as the rule that QUADPACK ended with: the same intervals, scaled with the limits, and the same nodes.
"""

# mypy: ignore-errors

from __future__ import annotations

import importlib

import numpy as np

from ...runtime import as_given, evaluated, linear_step, stop_gradient
from ..meanings import is_differentiable, jacobian, part, refuse, solver
from ..table import MODULES, meaning

integrate = importlib.import_module("scipy.integrate")
MODULES["integrate"] = integrate

# -- initial value problems ---------------------------------------------------------------------------------------------------


class Trajectory:
    """What solve_ivp gives."""

    t_events = None
    y_events = None

    def __init__(self, found, t, y):
        self.found = found
        self.t = t
        self.y = y

    @property
    def success(self):
        return part(self.found, "success", True)

    @property
    def status(self):
        return part(self.found, "status", 0)

    @property
    def message(self):
        return part(self.found, "message", "")

    @property
    def nfev(self):
        return part(self.found, "nfev", 0)

    @property
    def sol(self):
        refuse("`solve_ivp` with `dense_output`", "its derivative is known at the times `t_eval`", "pass the times as `t_eval`")


def _tableau(method):
    """(A, B, C, P): the stages of an explicit method, the step, and the polynomials between; K has one row more, the slope at the end."""
    count = method.n_stages
    a = np.zeros((count, count + 1))
    a[:, :method.A.shape[1]] = method.A[:count, :count]
    return a, np.append(method.B, 0.0), method.C[:count], method.P


_RK45_A, _RK45_B, _RK45_C, _RK45_P = _tableau(integrate.RK45)
_RK23_A, _RK23_B, _RK23_C, _RK23_P = _tableau(integrate.RK23)
_DOP_A, _DOP_B, _DOP_C = integrate.DOP853.A, integrate.DOP853.B, integrate.DOP853.C
_DOP_A = np.hstack([_DOP_A[:12, :12], np.zeros((12, 1))])
_DOP_B = np.append(_DOP_B, 0.0)
_DOP_MORE_A, _DOP_MORE_C, _DOP_D = integrate.DOP853.A_EXTRA, integrate.DOP853.C_EXTRA, integrate.DOP853.D


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
    y = part(found, "y", y0, axes=(0, None))
    if name not in ("RK45", "RK23", "DOP853"):
        t = out if t_eval is None else as_given(out, t_eval[:len(out)])
        if t_eval is None and is_differentiable(t1):
            refuse("`solve_ivp` by this method with an end that is differentiated, and without `t_eval`", "the last of the times moves, and the others do not", "pass `t_eval=[t1]`")
        model = _variational(right, dense, times, out, t, t0, y0, (*seen, y0))
        return Trajectory(found, t, as_given(y, model))
    if is_differentiable(t_span):
        times = as_given(times, t0 + stop_gradient((times - t0) / (t1 - t0)) * (t1 - t0))
    if name == "RK45":
        states, slopes = _steps(right, times, y0, _RK45_A, _RK45_B, _RK45_C)
    elif name == "RK23":
        states, slopes = _steps(right, times, y0, _RK23_A, _RK23_B, _RK23_C)
    else:
        states, slopes = _steps(right, times, y0, _DOP_A, _DOP_B, _DOP_C)
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
        weights = _RK45_P if name == "RK45" else _RK23_P
        powers = np.cumprod(np.ones((np.shape(weights)[1], 1)) * x, axis=0)
        model = states[number] + h[:, None] * np.einsum("jsn,sp,pj->jn", slopes[number], weights, powers)
    return Trajectory(found, t, as_given(y, np.transpose(model)))


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
            stages[13 + s] = right(t + _DOP_MORE_C[s] * step, y + step * (_DOP_MORE_A[s] @ stages))
        change = states[k + 1] - y
        parts = np.zeros((7, len(y)), y.dtype)
        parts[0] = change
        parts[1] = step * old - change
        parts[2] = 2 * change - step * (new + old)
        parts[3:] = step * (_DOP_D @ stages)
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


_NODES, _WEIGHTS = _radau(5)
_STAGES = 5


def _variational(right, dense, times, out, t, t0, y0, seen):
    """Numbers of any value with the derivative of the solution at the times `out`, which move as `t` does: a column for each."""
    n = len(y0)
    direction = np.sign(times[-1] - times[0])
    mesh, _ = solver(np.union1d, {}, {}, (direction * times, direction * stop_gradient(out)), like=np.zeros(len(times) + len(out)))
    mesh = direction * mesh
    count = len(mesh) - 1
    inner = np.ravel(mesh[:-1, None] + np.diff(mesh)[:, None] * _NODES)
    solution, _ = solver(evaluated, {}, {}, (dense, inner), like=np.zeros((n, 1)) * np.zeros(len(inner)))
    along = np.reshape(np.transpose(solution), (count, _STAGES, n))
    change = y0 - stop_gradient(y0)
    if is_differentiable(t0):
        change = change - right(t0, y0) * (t0 - stop_gradient(t0))
    changes = np.zeros((count + 1, n), y0.dtype)
    changes[0] = change
    for k in range(count):
        h = mesh[k + 1] - mesh[k]
        matrix = np.eye(_STAGES * n, dtype=y0.dtype)
        residual = np.zeros((_STAGES, n), y0.dtype)
        for i in range(_STAGES):
            time = mesh[k] + _NODES[i] * h
            f = right(time, along[k, i] + change)
            residual[i] = f - stop_gradient(f)
            matrix[i * n:(i + 1) * n] -= h * np.kron(_WEIGHTS[i:i + 1], np.reshape(jacobian(lambda y: right(time, y))(along[k, i]), (n, n)))
        moved = np.reshape(linear_step(matrix, np.ravel(residual), seen), (_STAGES, n))
        change = change + h * (_WEIGHTS[-1] @ moved)
        changes[k + 1] = change
    at = changes[np.searchsorted(direction * mesh, direction * stop_gradient(out))]
    if is_differentiable(t):
        rows = []
        ends, _ = solver(evaluated, {}, {}, (dense, stop_gradient(out)), like=np.zeros((n, 1)) * np.zeros(len(out)))
        for j in range(len(out)):
            rows.append(at[j] + right(out[j], ends[:, j]) * (t[j] - stop_gradient(t[j])))
        at = np.array(rows)
    return np.transpose(at)


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
    return as_given(y, np.transpose(_variational(right, dense, times, still, t, t[0], y0, (*seen, y0))))


meaning("integrate.solve_ivp", solve_ivp)
meaning("integrate.odeint", odeint)
