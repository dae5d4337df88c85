"""scipy.interpolate: splines and other interpolants, in the point and in the values, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.test_scipy_optimize import agrees, refused

interpolate = pytest.importorskip("scipy.interpolate")

X = np.array([0.0, 0.7, 1.1, 2.0, 2.6, 3.5])
Y = np.array([0.3, 1.1, 0.9, -0.4, 0.2, 0.3])
AT = np.array([0.2, 1.0, 1.5, 3.3])


@pytest.mark.parametrize("bc", ["not-a-knot", "natural", "clamped", "periodic", ((1, 0.3), (2, -0.1)), ((2, 0.0), "not-a-knot")])
def test_cubic_spline(bc):
    def in_point(t):
        return np.sum(interpolate.CubicSpline(X, Y, bc_type=bc)(t) ** 2)

    def in_values(y):
        if bc == "periodic":
            y = np.concatenate((y[:-1], y[:1]))
        spline = interpolate.CubicSpline(X, y, bc_type=bc)
        return np.sum(spline(AT) ** 2) + spline(0.4) + np.sum(spline(AT, 1)) + spline.derivative()(1.3)

    agrees(in_point, AT)
    agrees(in_values, Y)
    bend = (cr.grad(in_point)(AT + 1e-5) - cr.grad(in_point)(AT - 1e-5)) / 2e-5
    assert cr.jvp(cr.grad(in_point), (AT,), (np.ones(4),))[1] == pytest.approx(bend, rel=1e-6)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_axes(axis):
    y = np.stack([Y, Y**2 + 0.1], axis=axis if axis >= 0 else 1)
    other = np.stack([Y, Y**2 + 0.1], axis=0).T if axis == 0 else np.stack([Y, Y**2 + 0.1], axis=0)
    assert y.ndim == 2

    def f(y):
        return np.sum(interpolate.CubicSpline(X, y, axis=axis)(AT.reshape(2, 2)) ** 2 * np.arange(1.0, 3.0))if axis == 0 else np.sum(
            interpolate.CubicSpline(X, y, axis=axis)(AT.reshape(2, 2)) ** 2)

    agrees(f, other)


def test_integral_and_extrapolation():
    agrees(lambda y: interpolate.CubicSpline(X, y).integrate(0.3, 3.1), Y)
    agrees(lambda p: interpolate.CubicSpline(X, Y).integrate(p[0], p[1]) + interpolate.CubicSpline(X, Y).antiderivative()(p[0]), np.array([0.3, 3.1]))
    agrees(lambda t: np.sum(interpolate.CubicSpline(X, Y)(t)), np.array([-0.3, 4.0]))
    found = cr.value_and_grad(lambda t: np.sum(interpolate.CubicSpline(X, Y, extrapolate=False)(t)))(np.array([0.3]))
    assert np.isfinite(found[0])
    agrees(lambda t: np.sum(interpolate.CubicSpline(X, Y, bc_type="periodic")(t)), np.array([-0.3, 4.0]))


def test_an_interpolant_made_outside():
    spline = interpolate.CubicSpline(X, Y)
    monotone = interpolate.PchipInterpolator(X, Y)
    agrees(lambda t: np.sum(spline(t) ** 2), AT)
    agrees(lambda t: spline(t) * monotone(t), 1.3)
    basis = interpolate.make_interp_spline(X, Y, k=3)
    agrees(lambda t: np.sum(basis(t) ** 2), AT)


@pytest.mark.parametrize("maker", ["PchipInterpolator", "Akima1DInterpolator"])
def test_local_methods(maker):
    make = getattr(interpolate, maker)
    agrees(lambda t: np.sum(make(X, Y)(t) ** 2), AT)
    agrees(lambda y: np.sum(make(X, y)(AT) ** 2), Y)
    agrees(lambda x: np.sum(make(x, Y)(AT) ** 2), X)


def test_makima():
    try:
        interpolate.Akima1DInterpolator(X, Y, method="makima")
    except TypeError:
        pytest.skip("this SciPy does not have it")
    agrees(lambda y: np.sum(interpolate.Akima1DInterpolator(X, y, method="makima")(AT) ** 2), Y)


def test_hermite_spline():
    agrees(lambda d: np.sum(interpolate.CubicHermiteSpline(X, Y * d[0], d)(AT) ** 2), np.sin(X) + 1.0)


@pytest.mark.parametrize("kind", ["linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic"])
def test_interp1d(kind):
    agrees(lambda t: np.sum(interpolate.interp1d(X, Y, kind=kind)(t) ** 2), AT)
    agrees(lambda y: np.sum(interpolate.interp1d(X, y, kind=kind)(AT) ** 2), Y)


def test_interp1d_outside_and_unsorted():
    far = np.array([-0.5, 0.3, 4.0])
    agrees(lambda y: np.sum(interpolate.interp1d(X, y, fill_value="extrapolate")(far) ** 2), Y)
    agrees(lambda t: np.sum(interpolate.interp1d(X, Y, fill_value="extrapolate")(t) ** 2), far)
    agrees(lambda p: np.sum(interpolate.interp1d(X, Y * p[0], bounds_error=False, fill_value=(p[0], p[1]))(far) ** 2), np.array([0.4, 1.3]))
    agrees(lambda y: np.sum(interpolate.interp1d(X[::-1].copy(), y)(AT) ** 2), Y)
    agrees(lambda y: np.sum(interpolate.interp1d(X, y)(AT) ** 2), np.stack([Y, Y**2]))
    agrees(lambda x: np.sum(interpolate.interp1d(x, Y)(AT) ** 2), X)
    with pytest.raises(ValueError, match="interpolation range"):
        cr.grad(lambda y: np.sum(interpolate.interp1d(X, y)(far)))(Y)


@pytest.mark.parametrize("k, bc", [(1, None), (2, None), (3, None), (5, None), (3, "natural"), (3, "clamped"), (3, "periodic")])
def test_b_splines(k, bc):
    agrees(lambda t: np.sum(interpolate.make_interp_spline(X, Y, k=k, bc_type=bc)(t) ** 2), AT)

    def in_values(y):
        if bc == "periodic":
            y = np.concatenate((y[:-1], y[:1]))
        spline = interpolate.make_interp_spline(X, y, k=k, bc_type=bc)
        return np.sum(spline(AT) ** 2) + np.sum(spline(AT, 1))

    agrees(in_values, Y)


def test_a_b_spline_of_coefficients():
    knots = np.array([0.0, 0, 0, 0, 1, 2, 3, 3, 3, 3])
    agrees(lambda c: np.sum(interpolate.BSpline(knots, c, 3)(AT[:3]) ** 2), Y)
    agrees(lambda c: np.sum(interpolate.BSpline(knots, c, 3)(c[:3])), np.abs(Y))
    tck = interpolate.splrep(X, Y)
    agrees(lambda t: np.sum(interpolate.splev(t, tck) ** 2 + interpolate.splev(t, tck, der=1)), AT)


def test_complex_coefficients():
    def size(q):
        return np.sum(np.abs(interpolate.make_interp_spline(X, Y * (1.0 + 1j * q**2))(AT * q)) ** 2)

    agrees(size, 0.7)
    knots = interpolate.make_interp_spline(X, Y).t
    agrees(lambda q: np.sum(np.abs(interpolate.BSpline(knots, np.exp(1j * q * np.arange(6)), 3)(AT, 1)) ** 2), 0.7)


def test_grids():
    points = (np.array([0.0, 1.0, 2.5]), np.array([0.0, 0.5, 1.0, 2.0]))
    values = np.random.default_rng(1).normal(size=(3, 4))
    at = np.array([[0.3, 0.7], [1.5, 1.2], [2.5, 0.0]])
    agrees(lambda v: np.sum(interpolate.RegularGridInterpolator(points, v)(at) ** 2), values)
    agrees(lambda p: np.sum(interpolate.RegularGridInterpolator(points, values)(p) ** 2), at[:2])
    agrees(lambda v: np.sum(interpolate.RegularGridInterpolator(points, v, method="nearest")(at) ** 2), values)


@pytest.mark.parametrize("method", ["linear", "nearest"])
def test_grids_whose_nodes_descend(method):
    nodes = (np.array([3.0, 2.0, 0.5]), np.array([0.0, 1.0, 2.5]))
    at = np.array([[1.1, 0.2], [2.2, 2.4]])
    agrees(lambda v: np.sum(interpolate.RegularGridInterpolator(nodes, v, method=method)(at) ** 2), np.outer(nodes[0], nodes[1] - 0.3))
    agrees(lambda p: np.sum(interpolate.RegularGridInterpolator(nodes, np.outer(nodes[0] ** 2, nodes[1]), method=method, bounds_error=False, fill_value=None)(p) ** 2), at + 1.0)


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_derivatives_at_the_ends_of_several_splines(axis):
    y = np.random.default_rng(0).normal(size=(6, 2) if axis == 0 else (2, 6, 2))
    ends = ((1, np.ones(np.delete(y.shape, axis))), (2, np.full(np.delete(y.shape, axis), 0.5)))
    agrees(lambda y: np.sum(interpolate.CubicSpline(X, y, axis=axis, bc_type=ends)(AT) ** 2), y)
    agrees(lambda y: np.sum(interpolate.make_interp_spline(X, y, axis=axis, bc_type=([ends[0]], [ends[1]]))(AT) ** 2), y)
    refused(lambda s: np.sum(interpolate.CubicSpline(X, Y, bc_type=((1, s), (2, 0.0)))(AT)), 0.3, "derivatives at the ends")
    refused(lambda y: np.sum(interpolate.make_interp_spline(X, y, bc_type=(None, None))(AT)), Y, "one condition at each end")


def test_nodes_of_splines_are_refused():
    refused(lambda x: np.sum(interpolate.CubicSpline(x, Y)(AT)), X, "nodes are differentiated")
    refused(lambda x: np.sum(interpolate.interp1d(x, Y, kind="cubic")(AT)), X, "nodes are differentiated")
    refused(lambda x: np.sum(interpolate.make_interp_spline(x, Y)(AT)), X, "nodes are differentiated")
    refused(lambda v: interpolate.CubicSpline(X, Y, bc_type=((1, v), (1, 0.0)))(1.0), 0.3, "derivatives at the ends")
