"""scipy.interpolate: splines and other interpolants, in the point, in the values, and for local methods in the nodes.

An interpolant that is made inside the function is an object of the classes below; one that is made outside is SciPy's own, and its call has a meaning
(`PPoly.__call__`, `BSpline.__call__`, `interp1d.__call__`). The coefficients of a spline are linear in its values: the matrix is what SciPy makes of the unit vectors
(n by n for n nodes), and the nodes may not be differentiated. The values are SciPy's.
"""

# mypy: ignore-errors

from __future__ import annotations

import importlib
import math

import numpy as np

from ...runtime import as_given, bspline, evaluated, fixed, independent, of_unit_values
from ..meanings import is_known, part, refuse, solver, static
from ..table import MODULES, meaning

interpolate = importlib.import_module("scipy.interpolate")
MODULES["interpolate"] = interpolate
_polynomials, _splines = interpolate.PPoly.construct_fast, interpolate.BSpline.construct_fast


# -- piecewise polynomials -----------------------------------------------------------------------------------------------------


class Piecewise:
    """A PPoly: coefficients (highest power first, interval, ...), nodes, and whether it goes on outside."""

    def __init__(self, c, x, extrapolate, axis):
        self.c = c
        self.x = x
        self.extrapolate = extrapolate
        self.axis = axis

    def __call__(self, x, nu=0, extrapolate=None):
        return piecewise(self, x, nu, extrapolate)

    def derivative(self, nu=1):
        order = static(len(self.c)) - 1
        if nu > order:
            return Piecewise(np.zeros_like(self.c[:1]), self.x, self.extrapolate, self.axis)
        rows = [self.c[j] * float(math.perm(order - j, nu)) for j in range(order + 1 - nu)]
        return Piecewise(np.stack(rows), self.x, self.extrapolate, self.axis)

    def antiderivative(self, nu=1):
        if nu != 1:
            refuse("`antiderivative` of an order other than one", "it is not supported yet", "take it several times")
        order = static(len(self.c)) - 1
        rows = [self.c[j] / float(order + 1 - j) for j in range(order + 1)]
        widths = np.reshape(np.diff(self.x), (-1,) + (1,) * (np.ndim(self.c) - 2))
        gains = widths * rows[0]
        for j in range(1, order + 1):
            gains = widths * (gains + rows[j])
        start = np.concatenate([np.zeros_like(gains[:1]), np.cumsum(gains, axis=0)[:-1]])
        goes_on = False if self.extrapolate == "periodic" else self.extrapolate
        return Piecewise(np.stack([*rows, start]), self.x, goes_on, self.axis)

    def integrate(self, a, b, extrapolate=None):
        if self.extrapolate == "periodic" or extrapolate is not None:
            refuse("`integrate` of a periodic interpolant, or with `extrapolate`", "it is not supported yet", "use the values of `antiderivative()`")
        whole = self.antiderivative()
        return whole(b) - whole(a)


def piecewise(self, x, nu=0, extrapolate=None):
    """PPoly.__call__."""
    goes_on = self.extrapolate if extrapolate is None else extrapolate
    x = np.asarray(x) * 1.0
    c, nodes = self.c, self.x
    made, _ = solver(_polynomials, {}, {}, (c, nodes, self.extrapolate, self.axis))
    trailing = np.shape(c)[2:]
    flat = np.reshape(c, (*np.shape(c)[:2], -1))
    at = np.reshape(x, (-1,))
    if goes_on == "periodic":
        at = nodes[0] + (at - nodes[0]) % (nodes[-1] - nodes[0])
    number = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, np.shape(c)[1] - 1)
    t = (at - nodes[number])[:, None]
    order = static(len(c)) - 1
    if nu > order:
        total = 0.0 * flat[0][number]
    else:
        total = float(math.perm(order, nu)) * flat[0][number]
        for j in range(1, order + 1 - nu):
            total = total * t + float(math.perm(order - j, nu)) * flat[j][number]
    if not goes_on:
        total = np.where(((at >= nodes[0]) & (at <= nodes[-1]))[:, None], total, np.nan)
    found = np.reshape(total, np.shape(x) + trailing)
    if self.axis != 0:
        found = np.moveaxis(found, tuple(range(np.ndim(x))), tuple(range(self.axis, self.axis + np.ndim(x))))
    value, _ = solver(evaluated, {}, {}, (made, x, nu, goes_on), like=found)
    return as_given(value, found)


def _nodes_first(x, y, axis):
    y = np.asarray(y) * 1.0
    if axis < 0:
        axis = axis + np.ndim(y)
    return np.asarray(x) * 1.0, y if axis == 0 else np.moveaxis(y, axis, 0), axis


def _hermite(x, y, slopes):
    """The coefficients of the cubics with these values and slopes at the nodes."""
    h = np.reshape(np.diff(x), (-1,) + (1,) * (np.ndim(y) - 1))
    secant = np.diff(y, axis=0) / h
    bend = (slopes[:-1] + slopes[1:] - 2 * secant) / h
    return np.stack([bend / h, (secant - slopes[:-1]) / h - bend, slopes[:-1], y[:-1]])


def _as_made(made, model):
    """The coefficients as SciPy has computed them."""
    return as_given(part(made, "c", model), model)


_FIXED = ("an interpolant whose nodes are differentiated", "its rule is for the values and for the point", "differentiate with respect to the values")


def cubic_spline(x, y, axis=0, bc_type="not-a-knot", extrapolate=None):
    made, _ = solver(interpolate.CubicSpline, {}, {}, (x, y), {"axis": axis, "bc_type": bc_type, "extrapolate": extrapolate})
    x, y, axis = _nodes_first(x, y, axis)
    y = _held(y, x, bc_type)
    slopes, _ = solver(of_unit_values, {}, {}, (interpolate.CubicSpline, x, _without_values(bc_type)), like=np.eye(len(x)))
    model = _hermite(x, y, np.tensordot(slopes, y, 1))
    if extrapolate is None:
        extrapolate = "periodic" if isinstance(bc_type, str) and bc_type == "periodic" else True
    return Piecewise(_as_made(made, model), x, extrapolate, axis)


def _without_values(bc_type):
    """Conditions at the ends, with derivatives of zero: only these are linear in the values."""
    if isinstance(bc_type, str):
        return bc_type
    return tuple([end if isinstance(end, str) else (end[0], 0.0) for end in bc_type])


_ENDS = ("a spline whose derivatives at the ends are differentiated", "its rule is for the values and for the point", "use CubicHermiteSpline")


def _held(y, x, bc_type):
    """The values, for nodes and conditions at the ends that are not differentiated."""
    if bc_type is not None and not isinstance(bc_type, str):
        y = independent(y, [end[1] for end in bc_type if not isinstance(end, str)], *_ENDS)
    return independent(y, x, *_FIXED)


def hermite_spline(x, y, dydx, axis=0, extrapolate=None):
    made, _ = solver(interpolate.CubicHermiteSpline, {}, {}, (x, y, dydx), {"axis": axis, "extrapolate": extrapolate})
    dydx = _nodes_first(x, dydx, axis)[1]
    x, y, axis = _nodes_first(x, y, axis)
    return Piecewise(_as_made(made, _hermite(x, y, dydx)), x, True if extrapolate is None else extrapolate, axis)


def pchip(x, y, axis=0, extrapolate=None):
    made, _ = solver(interpolate.PchipInterpolator, {}, {}, (x, y), {"axis": axis, "extrapolate": extrapolate})
    x, y, axis = _nodes_first(x, y, axis)
    h = np.reshape(np.diff(x), (-1,) + (1,) * (np.ndim(y) - 1))
    secant = np.diff(y, axis=0) / h
    if len(x) == 2:
        slopes = np.concatenate([secant, secant])
    else:
        flat = (secant[1:] * secant[:-1] <= 0)
        one, other = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
        mean = (one + other) / (one / np.where(flat, 1.0, secant[:-1]) + other / np.where(flat, 1.0, secant[1:]))
        inner = np.where(flat, 0.0, mean)
        slopes = np.concatenate([_end(h[:1], h[1:2], secant[:1], secant[1:2]), inner, _end(h[-1:], h[-2:-1], secant[-1:], secant[-2:-1])])
    return Piecewise(_as_made(made, _hermite(x, y, slopes)), x, True if extrapolate is None else extrapolate, axis)


def _end(h, k, m, n):
    """The slope at an end: of the parabola through three points, as far as the interpolant stays monotone."""
    slope = ((2 * h + k) * m - h * n) / (h + k)
    slope = np.where((np.sign(m) != np.sign(n)) & (np.abs(slope) > 3 * np.abs(m)), 3 * m, slope)
    return np.where(np.sign(slope) != np.sign(m), 0.0, slope)


def akima(x, y, axis=0, method="akima", extrapolate=None):
    more = {"axis": axis} if method == "akima" and extrapolate is None else {"axis": axis, "method": method, "extrapolate": extrapolate}
    made, _ = solver(interpolate.Akima1DInterpolator, {}, {}, (x, y), more)
    x, y, axis = _nodes_first(x, y, axis)
    h = np.reshape(np.diff(x), (-1,) + (1,) * (np.ndim(y) - 1))
    if len(x) == 2:
        secant = np.diff(y, axis=0) / h
        return Piecewise(_as_made(made, _hermite(x, y, np.concatenate([secant, secant]))), x, bool(extrapolate), axis)
    inner = np.diff(y, axis=0) / h
    left = 2 * inner[:1] - inner[1:2]
    right = 2 * inner[-1:] - inner[-2:-1]
    m = np.concatenate([2 * left - inner[:1], left, inner, right, 2 * right - inner[-1:]])
    change = np.abs(np.diff(m, axis=0))
    if method == "makima":
        change = change + 0.5 * np.abs(m[1:] + m[:-1])
    one, other = change[2:], change[:-2]
    both = one + other
    plain = both <= 1e-9 * np.max(both)
    slopes = np.where(plain, 0.5 * (m[3:] + m[:-3]), (one * m[1:-2] + other * m[2:-1]) / np.where(plain, 1.0, both))
    return Piecewise(_as_made(made, _hermite(x, y, slopes)), x, bool(extrapolate), axis)


# -- B-splines -----------------------------------------------------------------------------------------------------------------------


class Basis:
    """A BSpline: knots, coefficients (the first axis is theirs), degree."""

    def __init__(self, t, c, k, extrapolate, axis):
        self.t = t
        self.c = c
        self.k = k
        self.extrapolate = extrapolate
        self.axis = axis

    def __call__(self, x, nu=0, extrapolate=None):
        return basis(self, x, nu, extrapolate)


def basis(self, x, nu=0, extrapolate=None):
    """BSpline.__call__."""
    goes_on = self.extrapolate if extrapolate is None else extrapolate
    x = np.asarray(x) * 1.0
    t, c, k = fixed(np.asarray(self.t) * 1.0, *_FIXED), np.asarray(self.c) * 1.0, self.k
    made, _ = solver(_splines, {}, {}, (t, c, k, self.extrapolate, self.axis))
    trailing = np.shape(c)[1:]
    at = np.reshape(x, (-1,))
    if goes_on == "periodic":
        low, high = t[k], t[len(t) - k - 1]
        at = low + (at - low) % (high - low)
    total = bspline(np.reshape(c, (np.shape(c)[0], -1)), at, t, k, nu)
    if not goes_on:
        total = np.where(((at >= t[k]) & (at <= t[len(t) - k - 1]))[:, None], total, np.nan)
    found = np.reshape(total, np.shape(x) + trailing)
    if self.axis != 0:
        found = np.moveaxis(found, tuple(range(np.ndim(x))), tuple(range(self.axis, self.axis + np.ndim(x))))
    value, _ = solver(evaluated, {}, {}, (made, x, nu, goes_on), like=found)
    return as_given(value, found)


def b_spline(t, c, k, extrapolate=True, axis=0):
    c = np.asarray(c) * 1.0
    if axis < 0:
        axis = axis + np.ndim(c)
    return Basis(t, c if axis == 0 else np.moveaxis(c, axis, 0), k, extrapolate, axis)


def interp_spline(x, y, k=3, t=None, bc_type=None, axis=0):
    made, _ = solver(interpolate.make_interp_spline, {}, {}, (x, y), {"k": k, "t": t, "bc_type": bc_type, "axis": axis})
    x, y, axis = _nodes_first(x, y, axis)
    bc_type = bc_type if bc_type is None or isinstance(bc_type, str) else tuple([_one_condition(end) for end in bc_type])
    y = _held(y, x, bc_type)
    ends = bc_type if bc_type is None else _without_values(bc_type)
    knots, matrix = _spline_matrix(x, ends, k, t)
    return Basis(knots, _as_made(made, np.tensordot(matrix, y, 1)), k, "periodic" if bc_type == "periodic" else True, axis)


def _one_condition(end):
    """The condition at an end of a cubic spline: its name, or the order of a derivative and the value of that."""
    if end is None or (not isinstance(end, str) and len(end) != 1):
        refuse("`make_interp_spline` with other than one condition at each end", "it is not supported yet", "give one, as a name or a list of a pair")
    return end if isinstance(end, str) else end[0]


def _spline_matrix(x, ends, k, t):
    """The knots, and the coefficients as linear functions of the values."""
    count = len(x)
    if isinstance(ends, str) and ends == "periodic":
        count = count - 1 + k
    elif ends is not None and not (isinstance(ends, str) and ends == "not-a-knot"):
        count = count + 2
        if k != 3:
            refuse("`make_interp_spline` of another degree than 3 with conditions at the ends", "it is not supported yet", "leave them out")
    (knots, matrix), _ = solver(of_unit_values, {}, {}, (interpolate.make_interp_spline, x, ends, k, t), like=(np.zeros(count + k + 1), np.zeros((count, len(x)))))
    return knots, matrix


def splev(x, tck, der=0, ext=0):
    t, c, k = tck
    if ext != 0:
        refuse("`splev` with `ext`", "it is not supported yet", "leave it out, or clip the points")
    x = np.asarray(x) * 1.0
    t = fixed(np.asarray(t) * 1.0, *_FIXED)
    total = bspline(np.reshape(c[:len(t) - k - 1], (-1, 1)), np.reshape(x, (-1,)), t, k, der)
    found = np.reshape(total, np.shape(x))
    value, _ = solver(interpolate.splev, {}, {}, (x, (t, c, k), der), like=found)
    return as_given(value, found)


# -- interp1d ------------------------------------------------------------------------------------------------------------------------

_DEGREES = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


class Interpolant:
    """An interp1d."""

    def __init__(self, made, x, y, kind, axis, fill_value, checks):
        self.made = made
        self.checks = checks
        self.x = x
        self.y = y
        self.kind = kind
        self.axis = axis
        self.fill = fill_value

    def __call__(self, x):
        points = np.asarray(x) * 1.0
        at = np.reshape(points, (-1,))
        nodes, y, kind = self.x, np.reshape(self.y, (np.shape(self.y)[0], -1)), self.kind
        last = len(nodes) - 1
        if self.checks:
            if np.any(at < nodes[0]):
                raise ValueError("A value in x_new is below the interpolation range's minimum value.")
            if np.any(at > nodes[-1]):
                raise ValueError("A value in x_new is above the interpolation range's maximum value.")
        if kind == "linear":
            high = np.clip(np.searchsorted(nodes, at), 1, last)
            low = high - 1
            total = y[low] + ((at - nodes[low]) / (nodes[high] - nodes[low]))[:, None] * (y[high] - y[low])
        elif kind == "previous":
            total = y[np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, last)]
        elif kind == "next":
            total = y[np.clip(np.searchsorted(nodes, at, side="left"), 0, last)]
        elif kind == "nearest":
            total = y[np.searchsorted(nodes[:-1] / 2.0 + nodes[1:] / 2.0, at, side="left")]
        elif kind == "nearest-up":
            total = y[np.searchsorted(nodes[:-1] / 2.0 + nodes[1:] / 2.0, at, side="right")]
        else:
            degree = _DEGREES[kind] if isinstance(kind, str) else kind
            y = independent(y, nodes, *_FIXED)
            knots, matrix = _spline_matrix(nodes, None, degree, None)
            total = bspline(matrix @ y, at, knots, degree, 0)
        if self.fill is not None and not isinstance(self.fill, str):
            below, above = self.fill if isinstance(self.fill, tuple) else (self.fill, self.fill)
            total = np.where((at < nodes[0])[:, None], below, np.where((at > nodes[-1])[:, None], above, total))
        found = np.reshape(total, np.shape(points) + np.shape(self.y)[1:])
        if self.axis != 0:
            found = np.moveaxis(found, tuple(range(np.ndim(points))), tuple(range(self.axis, self.axis + np.ndim(points))))
        value, _ = solver(evaluated, {}, {}, (self.made, points), like=found)
        return as_given(value, found)


def interp1d(x, y, kind="linear", axis=-1, copy=True, bounds_error=None, fill_value=np.nan, assume_sorted=False):
    if isinstance(fill_value, tuple):
        for one in fill_value:
            if np.ndim(one) > 0:
                refuse("`interp1d` with arrays of fill values", "it is not supported yet", "fill with numbers")
    more = {"kind": kind, "axis": axis, "bounds_error": bounds_error, "fill_value": fill_value, "assume_sorted": assume_sorted}
    made, _ = solver(interpolate.interp1d, {}, {}, (x, y), more)
    x, y, axis = _nodes_first(x, y, axis)
    if not assume_sorted:
        order = np.argsort(x, kind="mergesort")
        x, y = x[order], y[order]
    filled = isinstance(fill_value, (str, tuple)) or not is_known(fill_value) or not np.isnan(fill_value)
    return Interpolant(made, x, y, kind, axis, fill_value, not filled if bounds_error is None else bounds_error)


# -- grids ---------------------------------------------------------------------------------------------------------------------------


class Grid:
    """A RegularGridInterpolator, linear or to the nearest node."""

    def __init__(self, made, points, values, method, checks):
        self.made = made
        self.checks = checks
        self.points = points
        self.values = values
        self.method = method

    def __call__(self, xi):
        xi = np.asarray(xi) * 1.0
        count = len(self.points)
        at = np.reshape(xi, (-1, count)) if np.ndim(xi) != 1 or count > 1 else xi[:, None]
        numbers, steps, shares = [], [], []
        for d in range(count):
            given = np.asarray(self.points[d]) * 1.0
            nodes = np.sort(given)  # they may descend, too
            if self.checks:
                if not np.all((at[:, d] >= nodes[0]) & (at[:, d] <= nodes[-1])):
                    raise ValueError(f"One of the requested xi is out of bounds in dimension {d}")
            number = np.clip(np.searchsorted(nodes, at[:, d], side="right") - 1, 0, len(nodes) - 2)
            share = (at[:, d] - nodes[number]) / (nodes[number + 1] - nodes[number])
            if self.method == "nearest":
                number = np.where(share <= 0.5, number, number + 1)
            descends = given[0] > given[-1]
            numbers.append(np.where(descends, len(nodes) - 1 - number, number))
            steps.append(np.where(descends, -1, 1))
            shares.append(share)
        if self.method == "nearest":
            total = self.values[tuple(numbers)]
        else:
            total = 0.0
            for corner in range(2**count):
                weight = 1.0
                index = []
                for d in range(count):
                    upper = (corner >> d) & 1
                    index.append(numbers[d] + upper * steps[d])
                    weight = weight * (shares[d] if upper else 1.0 - shares[d])
                total = total + weight * self.values[tuple(index)]
        found = np.reshape(total, np.shape(xi)[:-1]) if np.ndim(xi) != 1 or count == 1 else total
        if np.ndim(xi) == 1 and count == 1:
            found = total
        value, _ = solver(evaluated, {}, {}, (self.made, xi), like=found)
        return as_given(value, found)


def grid(points, values, method="linear", bounds_error=True, fill_value=np.nan):
    if method not in ("linear", "nearest"):
        refuse("`RegularGridInterpolator` by this method", "its rule is for linear interpolation and the nearest node", "use method='linear'")
    values = np.asarray(values) * 1.0
    if np.ndim(values) != len(points):
        refuse("`RegularGridInterpolator` of values with more axes than the grid", "it is not supported yet", "make one for each component")
    if bounds_error is not True and fill_value is not None:
        refuse("`RegularGridInterpolator` that fills outside of the grid", "it is not supported yet", "clip the points, or pass fill_value=None")
    made, _ = solver(interpolate.RegularGridInterpolator, {}, {}, (tuple(points), values), {"method": method, "bounds_error": bounds_error, "fill_value": fill_value})
    return Grid(made, points, values, method, bounds_error)


for _name, _function in (("CubicSpline", cubic_spline), ("CubicHermiteSpline", hermite_spline), ("PchipInterpolator", pchip), ("Akima1DInterpolator", akima), ("BSpline", b_spline),
                         ("make_interp_spline", interp_spline), ("interp1d", interp1d), ("splev", splev), ("RegularGridInterpolator", grid), ("PPoly.__call__", piecewise),
                         ("BSpline.__call__", basis)):
    meaning(f"interpolate.{_name}", _function)
