"""Rows of scipy.ndimage: filters are linear in the array and in their weights, interpolation of the first order in the array; along its coordinates it has slopes.

What stands beyond the edges, `cval`, makes them affine: tangents have zeros there. The width of a filter is not differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.nodes import Arg, Let, Operand, Var
from ...ir.ops import OPS
from ...ir.probe import CannotProbe, probe, type_of
from ...ir.types import Array, Type, kind, rank
from ..call import Call
from ..decompositions import Formulas, literal
from ..infer import like
from ..table import RowError, meaning, refuse, rule, structural
from . import module, shape_of_nest
from .meanings import ndimage as meanings

module("ndimage")

LIKE_FIRST = {"infer": lambda a, *_: like(0)(a), "cheap": False}
LIKE_SECOND = {"infer": lambda g, x, *_: type_of(x), "cheap": False}
LIKE_THIRD = {"infer": lambda g, x, w, *_: type_of(w), "cheap": False}
_HOW: dict[str, Any] = dict(static=("mode", "axis", "axes", "origin", "turned", "order", "along", "prefilter"))


def _correlated(name: str) -> dict[str, Any]:
    def infer(x: Arg, w: Arg, *more: Arg) -> Type:
        one, two = type_of(x), type_of(w)
        if not isinstance(one, Array):
            return probe(OPS[name], (x, w, *more))
        complex_weights = isinstance(two, Array) and kind(two.dtype) == "c"
        return Array(str(np.result_type(one.dtype, np.complex64)) if complex_weights else one.dtype, one.shape)

    return {"infer": infer, "cheap": False}


for _name, _turned in (("correlate", False), ("convolve", True)):
    for _d, _before, _after, _newer in (("", "", ", axes=axes", ("axes",)), ("1d", ", axis=axis", "", ())):
        _axis = ", axis=-1" if _d else ""
        _axes = "" if _d else ", axes=None"

        def _again(x: str, w: str, cval: str, name: str = "", d: str = _d, before: str = _before, after: str = _after, own: str = _name) -> str:
            return f"ndimage.{own}{d}({x}, {w}{before}, mode=mode, cval={cval}, origin=origin{after})"

        rule(f"ndimage.{_name}{_d}(x, weights{_axis}, mode='reflect', cval=0.0, origin=0{_axes}) -> y", newer=_newer, op=_correlated(f"ndimage.{_name}{_d}"), **_HOW,
             x=f"ndimage_rt.filter{_d}_pull(y_bar, like(x), weights{_before}, mode=mode, origin=origin{_after}, turned={_turned})",
             weights=f"ndimage_rt.weights{_d}_pull(y_bar, x, like(weights){_before}, mode=mode, cval=cval, origin=origin{_after}, turned={_turned})",
             x_dot=_again("x_dot", "weights", "0.0"), weights_dot=_again("x", "weights_dot", "cval"))
for _d, _before, _after in (("", "", ", axes=axes"), ("1d", ", axis=axis", "")):
    _axis = ", axis=-1" if _d else ""
    _axes = "" if _d else ", axes=None"

    def _either(x: str, w: str, cval: str, d: str = _d, before: str = _before, after: str = _after) -> str:
        call = f"{d}({x}, {w}{before}, mode=mode, cval={cval}, origin=origin{after})"
        return f"ndimage.convolve{call} if turned else ndimage.correlate{call}"

    _rest = f"{_before}, mode=mode, origin=origin{_after}, turned=turned)"
    _with = f"{_before}, mode=mode, cval=cval, origin=origin{_after}, turned=turned)"
    _none = f"{_before}, mode=mode, cval=0.0, origin=origin{_after}, turned=turned)"
    rule(f"ndimage_rt.filter{_d}_pull(g, x, weights{_axis}, mode='reflect', origin=0{_axes}, turned=False) -> y", op=LIKE_SECOND, x="0.0", **_HOW,
         g=_either("y_bar", "weights", "0.0"), weights=f"ndimage_rt.weights{_d}_pull(g, y_bar, like(weights){_none}",
         g_dot=f"ndimage_rt.filter{_d}_pull(g_dot, like(x), weights{_rest}", weights_dot=f"ndimage_rt.filter{_d}_pull(g, like(x), weights_dot{_rest}")
    rule(f"ndimage_rt.weights{_d}_pull(g, x, weights{_axis}, mode='reflect', cval=0.0, origin=0{_axes}, turned=False) -> y", op=LIKE_THIRD, weights="0.0", **_HOW,
         g=_either("x", "y_bar", "cval"), x=f"ndimage_rt.filter{_d}_pull(g, like(x), y_bar{_rest}",
         g_dot=f"ndimage_rt.weights{_d}_pull(g_dot, x, like(weights){_with}", x_dot=f"ndimage_rt.weights{_d}_pull(g, x_dot, like(weights){_none}")

_GAUSS = "sigma, axis=axis, order=order, mode=mode, truncate=truncate, radius=radius)"
rule("ndimage.gaussian_filter1d(x, sigma, axis=-1, order=0, mode='reflect', cval=0.0, truncate=4.0, radius=None) -> y", newer=("radius",), op=LIKE_FIRST, **_HOW,
     x=f"ndimage_rt.gaussian1d_pull(y_bar, like(x), {_GAUSS}", x_dot=f"ndimage.gaussian_filter1d(x_dot, {_GAUSS}")
rule("ndimage_rt.gaussian1d_pull(g, x, sigma, axis=-1, order=0, mode='reflect', truncate=4.0, radius=None) -> y", op=LIKE_SECOND, x="0.0", **_HOW,
     g=f"ndimage.gaussian_filter1d(y_bar, {_GAUSS}", g_dot=f"ndimage_rt.gaussian1d_pull(g_dot, like(x), {_GAUSS}")
_UNIFORM = "size, axis=axis, mode=mode, origin=origin)"
rule("ndimage.uniform_filter1d(x, size, axis=-1, mode='reflect', cval=0.0, origin=0) -> y", op=LIKE_FIRST, size="0.0", **_HOW,
     x=f"ndimage_rt.uniform1d_pull(y_bar, like(x), {_UNIFORM}", x_dot=f"ndimage.uniform_filter1d(x_dot, {_UNIFORM}")
rule("ndimage_rt.uniform1d_pull(g, x, size, axis=-1, mode='reflect', origin=0) -> y", op=LIKE_SECOND, x="0.0", size="0.0", **_HOW,
     g=f"ndimage.uniform_filter1d(y_bar, {_UNIFORM}", g_dot=f"ndimage_rt.uniform1d_pull(g_dot, like(x), {_UNIFORM}")

# -- interpolation ---------------------------------------------------------------------------------------------------------------


def _points(x: Arg, c: Arg, *_: Arg) -> Type:
    one, shape = type_of(x), shape_of_nest(c)
    if not isinstance(one, Array):
        raise CannotProbe("ndimage.map_coordinates of a list")
    return Array(one.dtype, None if shape is None else shape[1:])


def _slopes(x: Arg, c: Arg, *_: Arg) -> Type:
    one, shape = type_of(x), shape_of_nest(c)
    assert isinstance(one, Array) and one.shape is not None
    return Array(one.dtype, None if shape is None else (len(one.shape), *shape[1:]))


def _order(let: Let, k: int) -> int:
    order = literal(let.args[k], "`order` of an interpolation")
    if order not in (0, 1):
        raise RowError(f"ndimage.map_coordinates of order {order}", "its rule knows the orders 0 and 1", "pass order=1")
    return int(order)


def _wanted(let: Let, call: Call, k: int) -> Var | None:
    a = let.args[k]
    return a if isinstance(a, Var) and call.active(a) else None


def _map_pull(let: Let, call: Call) -> None:
    _order(let, 2)
    f = Formulas(let, call)
    along = () if let.op == "ndimage.map_coordinates" else literal(let.args[5], "along")
    if (x := _wanted(let, call, 0)) is not None:
        call.add(x, f(result=f"ndimage_rt.interpolate_pull(y_bar, like(x), coordinates, order, mode, {along})"))
    if (c := _wanted(let, call, 1)) is not None and _order(let, 2):
        call.add(c, f(result=f"y_bar * ndimage_rt.slopes(x, coordinates, order, mode, cval, {along})"))
    if _wanted(let, call, 4) is not None:
        raise RowError(f"the derivative of {let.op} with respect to 'cval' is not known", "its rule treats that argument as a constant")


def _each_axis(let: Let, call: Call, g: str, x: str, cval: str, along: Any) -> Operand:
    """The sum over all axes of what comes along it, times the derivatives along it and each coordinate."""
    f = Formulas(let, call)
    count = rank(call.type(0 if let.op == "ndimage_rt.slopes" else 1))
    assert count is not None
    for axis in range(count):
        f(term=f"{g}[{axis}] * ndimage_rt.slopes({x}, coordinates, order, mode, {cval}, {(*along, axis)})")
        f(total="term" if axis == 0 else "total + term")
    return f(result="total")


def _slopes_pull(let: Let, call: Call) -> None:
    f = Formulas(let, call)
    along = literal(let.args[5], "along")
    if (x := _wanted(let, call, 0)) is not None:
        call.add(x, f(result=f"ndimage_rt.slopes_pull(y_bar, like(x), coordinates, order, mode, {along})"))
    if (c := _wanted(let, call, 1)) is not None:
        call.add(c, _each_axis(let, call, "y_bar", "x", "cval", along))


def _pulled_slopes(let: Let, call: Call) -> None:
    f = Formulas(let, call)
    along = literal(let.args[5], "along")
    if (g := _wanted(let, call, 0)) is not None:
        call.add(g, f(result=f"ndimage_rt.slopes(y_bar, coordinates, order, mode, 0.0, {along})"))
    if (c := _wanted(let, call, 2)) is not None:
        call.add(c, _each_axis(let, call, "g", "y_bar", "0.0", along))


structural("ndimage.map_coordinates(x, coordinates, order=3, mode='constant', cval=0.0, prefilter=True) -> y", _map_pull, op={"infer": _points, "cheap": False}, **_HOW)
structural("ndimage_rt.interpolated(x, coordinates, order=1, mode='constant', cval=0.0, along=()) -> y", _map_pull, op={"infer": _points, "cheap": False}, **_HOW)
rule("ndimage_rt.interpolate_pull(g, x, coordinates, order=1, mode='constant', along=()) -> y", op=LIKE_SECOND, x="0.0", **_HOW,
     g="ndimage_rt.interpolated(y_bar, coordinates, order, mode, 0.0, along)", coordinates="0.0 if order == 0 else g * ndimage_rt.slopes(y_bar, coordinates, order, mode, 0.0, along)")
structural("ndimage_rt.slopes(x, coordinates, order=1, mode='constant', cval=0.0, along=()) -> y", _slopes_pull, op={"infer": _slopes, "cheap": False}, **_HOW)
structural("ndimage_rt.slopes_pull(g, x, coordinates, order=1, mode='constant', along=()) -> y", _pulled_slopes, op=LIKE_SECOND, **_HOW)

for _name in ("shift", "zoom", "rotate", "affine_transform", "geometric_transform"):
    refuse(f"ndimage.{_name}", because="it has no rule", instead="use ndimage.map_coordinates with order=1")
for _name in ("spline_filter", "spline_filter1d", "maximum_filter", "minimum_filter", "maximum_filter1d", "minimum_filter1d", "median_filter", "rank_filter", "percentile_filter",
              "grey_dilation", "grey_erosion", "grey_closing", "grey_opening", "morphological_gradient", "morphological_laplace", "white_tophat", "black_tophat", "generic_filter",
              "generic_filter1d", "generic_laplace", "generic_gradient_magnitude", "vectorized_filter"):
    refuse(f"ndimage.{_name}", because="it has no rule", instead="use the filters of scipy.ndimage that are sums: correlate, gaussian_filter, uniform_filter")
for _name in ("fourier_gaussian", "fourier_shift", "fourier_uniform", "fourier_ellipsoid"):
    refuse(f"ndimage.{_name}", because="it has no rule", instead="multiply the spectrum with what it is multiplied with")
for _name in ("sum", "sum_labels", "mean", "variance", "standard_deviation", "minimum", "maximum", "median", "extrema", "center_of_mass", "histogram", "labeled_comprehension"):
    refuse(f"ndimage.{_name}", because="it has no rule", instead="use np.bincount with weights, or masks")

for _name in meanings.__all__:
    meaning(f"ndimage.{_name}", getattr(meanings, _name))
