"""Sample arguments for every row: at points where the function is smooth. Special points are in test_points.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .harness import Case, Const, Fixed, Grown, case
from .samples_more import MORE
from .samples_nn import NN

rng = np.random.default_rng(7)


def A(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    """An array, without ties."""
    return rng.uniform(low, high, size=shape)


def P(*shape: int) -> Any:
    """A positive array."""
    return rng.uniform(0.3, 2.0, size=shape)


def C(*shape: int) -> Any:
    return A(*shape) + 1j * A(*shape)


def SPD(n: int) -> Any:
    m = A(n, n)
    return m @ m.T + n * np.eye(n)


def unary(low: float, high: float) -> list[Case]:
    """What every elementwise function of one argument is tried on."""
    return [case(float(rng.uniform(low, high))), case(np.float64(rng.uniform(low, high))), case(A(low=low, high=high)),
            case(A(3, low=low, high=high)), case(A(2, 3, low=low, high=high)), case(A(0, low=low, high=high)),
            case(A(1, low=low, high=high))]


def number(low: float, high: float) -> list[Case]:
    return [case(float(rng.uniform(low, high))), case(np.float64(rng.uniform(low, high)))]


def binary(make: Any = A) -> list[Case]:
    """Each pair of a number, 0-d, (1,), (3,), (2, 3), (2, 1, 3), in both orders."""
    values = [lambda: float(make()), lambda: np.float64(make()), lambda: np.asarray(make()), lambda: make(1), lambda: make(3),
              lambda: make(2, 3), lambda: make(2, 1, 3), lambda: make(2, 4, 3), lambda: make(0, 3)]
    return [case(f(), g()) for f in values for g in values if _agree(np.shape(f()), np.shape(g()))]


def _agree(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


def pairs(low: float = -2.0, high: float = 2.0) -> list[Case]:
    def draw() -> float:
        return float(rng.uniform(low, high))

    return [case(draw(), draw()), case(np.float64(draw()), draw())]


FREE, POSITIVE, UNIT, ABOVE = unary(-2, 2), unary(0.3, 2), unary(-0.8, 0.8), unary(1.2, 3)
BOTH, BOTH_POSITIVE = binary(), binary(P)
MASK = np.array([True, False, True])
INTS = np.array([2, 0, 0])
REDUCE = [case(A(4)), case(A(2, 3)), case(A(2, 3), axis=0), case(A(2, 3), axis=1), case(A(2, 3), axis=-1), case(A(2, 3), axis=-1, keepdims=True),
          case(A(2, 3, 4), axis=(0, 2)), case(A(2, 3, 4), axis=1), case(A(2, 3, 4), axis=-1), case(A(2, 3), keepdims=True), case(A(1, 3), axis=0),
          case(A(2, 3, 4), axis=(0, 2), keepdims=True), case(A(2, 3, 4, 5), axis=(1, 2))]
REDUCE_EMPTY = [case(A(0)), case(A(0, 3), axis=0), case(A(0, 3), axis=1), case(np.asarray(1.5)), case(1.5)]
SOME = [case(A(3), where=MASK), case(A(2, 3), axis=1, where=MASK), case(A(2, 3), axis=0, where=np.array([[True], [True]]), keepdims=True)]
INITIAL = [case(A(3), initial=0.3), case(A(2, 3), axis=1, initial=0.3, where=MASK), case(A(2, 3), axis=0, initial=-5.0, keepdims=True, where=MASK),
           case(A(2, 3), axis=0, initial=0.1), case(A(0), initial=1.5)]

SAMPLES: dict[str, list[Case]] = {
    # operators
    **dict.fromkeys(("+", "-", "*", "np.add", "np.subtract", "np.multiply"), BOTH),
    **dict.fromkeys(("/", "np.divide"), [case(c.args[0], P(*np.shape(c.args[1])) if np.ndim(c.args[1]) else type(c.args[1])(1.3)
                                              if isinstance(c.args[1], (float, np.generic)) else np.asarray(1.3)) for c in BOTH]),
    **dict.fromkeys(("**", "np.power", "np.float_power"), BOTH_POSITIVE + [
        case(A(3), 0), case(A(3), 1), case(A(3), 2), case(A(3), 3), case(P(3), Const(0.5)), case(P(3), -1), case(1.5, 2), case(-1.5, 3),
        case(1.5, Const(0.5)), case(1.5, Const(-2.5)), case(Const(2.0), A(3)), case(2, 1.5), case(A(2, 3), np.array([0, 1, 3]))]),
    "math.pow": pairs(0.5, 2), "pow": pairs(0.5, 2),
    **dict.fromkeys(("%", "np.remainder", "np.fmod"), [case(A(3), P(3)), case(5.3, 1.7), case(A(2, 3), 0.9), case(np.float64(7.1), P(3))]),
    "math.fmod": [case(5.3, 1.7), case(-5.3, 1.7)], "math.remainder": [case(5.3, 1.7), case(-5.1, 1.9)],
    **dict.fromkeys(("neg", "pos", "np.negative", "np.positive"), FREE),
    "float": number(-2, 2) + [case(np.asarray(1.5))], "complex": number(-2, 2), "rt.complex_of": pairs(),
    **dict.fromkeys(("//", "np.floor_divide"), [case(A(3), P(3)), case(5.3, 1.7)]),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "np.less", "np.less_equal", "np.greater", "np.greater_equal", "np.equal",
                     "np.not_equal", "np.logical_and", "np.logical_or", "np.logical_xor"), [case(A(3), A(2, 3)), case(1.0, A(3)), case(A(), 2)]),
    **dict.fromkeys(("&", "|", "^", "np.bitwise_and", "np.bitwise_or", "np.bitwise_xor"), [case(MASK, MASK), case(5, INTS)]),
    **dict.fromkeys(("<<", ">>", "np.left_shift", "np.right_shift", "np.gcd", "np.lcm"), [case(INTS, 2)]),
    "invert": [case(MASK)], "np.invert": [case(MASK)], "np.bitwise_count": [case(INTS)], "not": [case(1.5)], "np.logical_not": [case(A(3))],
    **dict.fromkeys(("is", "is not"), [case(1.5, None)]), **dict.fromkeys(("in", "not in"), [case(1, (1, 2))]),
    # helpers
    "rt.absorb": BOTH[:40], "rt.divide": [case(1.5, 0.7), case(A(3), P(3))], "rt.divide_or_zero": [case(1.5, 0.7), case(A(3), P(3))],
    "rt.root": POSITIVE, "rt.dpower": [case(1.5, 2.5), case(P(3), Const(2.5)), case(P(3), P(3))], "rt.power_log": [case(P(3), 2, P(3)), case(1.5, 2, 2.5)],
    "rt.exp_share": BOTH[:30], "rt.digamma": [case(1), case(1.5), case(-0.3), case(P(3))], "rt.sinc_slope": [case(A(3)), case(1.5), case(A(3), 2), case(0.0, 3)], "rt.sign": [case(1.5)], "rt.exceeds": [case(A(3), A(3))], "rt.inside": [case(A(3), -1, 1)],
    # elementwise
    **dict.fromkeys(("np.exp", "np.exp2", "np.expm1", "np.square", "np.sin", "np.cos", "np.arctan", "np.sinh", "np.cosh",
                     "np.tanh", "np.arcsinh", "np.sinc", "np.deg2rad", "np.radians", "np.rad2deg", "np.degrees", "abs", "np.abs", "np.fabs",
                     "np.nan_to_num"), FREE),
    **dict.fromkeys(("np.log", "np.log2", "np.log10", "np.log1p", "np.sqrt", "np.cbrt", "np.reciprocal"), POSITIVE),
    **dict.fromkeys(("np.arcsin", "np.arccos", "np.arctanh"), UNIT), "np.arccosh": ABOVE,
    **dict.fromkeys(("np.logaddexp", "np.logaddexp2", "np.hypot", "np.arctan2", "np.maximum", "np.minimum", "np.fmax", "np.fmin",
                     "np.copysign", "np.heaviside"), BOTH),
    "np.clip": [case(A(3), -0.5, 0.5), case(A(2, 3), A(3, low=-1.5, high=-0.5), A(2, 1, low=0.5, high=1.5)), case(A(3), a_min=0.1),
                case(A(3), a_max=0.1), case(A(3), None, A(3)), case(A(3), A(3), None), case(0.3, -1.0, 1.0), case(A(3), 0.2, 0.4)],
    "np.where": [case(MASK, A(3), A(3)), case(MASK, A(3), Const(0.0)), case(MASK, 1.5, A(2, 3)), case(MASK, A(2, 1), 2.5),
                 case(np.bool_(True), A(3), A(3))],
    "np.real": [case(A(3)), case(C(3))], "np.imag": [case(C(3))], "np.conj": [case(A(3)), case(C(3))],
    "np.ldexp": [case(A(3), 2)], "np.angle": [case(C(3)), case(P(3))],
    **dict.fromkeys(("np.sign", "np.floor", "np.ceil", "np.trunc", "np.rint", "np.isnan", "np.isinf", "np.isfinite", "np.signbit",
                     "np.spacing", "np.round", "np.fix"), FREE),
    "np.nextafter": [case(A(3), A(3))], "np.tan": UNIT,
    # math
    **dict.fromkeys(("math.exp", "math.exp2", "math.expm1", "math.sin", "math.cos", "math.tan", "math.atan", "math.sinh", "math.cosh",
                     "math.tanh", "math.asinh", "math.degrees", "math.radians", "math.fabs", "math.erf", "math.erfc"), number(-2, 2)),
    **dict.fromkeys(("math.log2", "math.log10", "math.log1p", "math.sqrt", "math.cbrt", "math.gamma", "math.lgamma"),
                    number(0.3, 2)),
    "math.log": number(0.3, 2) + [case(1.7, 3.1), case(1.7, 10)],
    **dict.fromkeys(("math.asin", "math.acos", "math.atanh"), number(-0.8, 0.8)), "math.acosh": number(1.2, 3),
    **dict.fromkeys(("math.atan2", "math.copysign"), pairs()), "math.hypot": pairs() + [case(1.0, 2.0, 3.0)],
    "math.ldexp": [case(1.5, 3)], "math.fsum": [case([1.5, 2.5]), case(Grown([1.5, 2.5, 3.5]))],
    **dict.fromkeys(("math.modf", "math.frexp", "np.modf", "np.frexp"), [case(1.7), case(-5.3)]),
    **dict.fromkeys(("divmod", "np.divmod"), [case(5.3, 1.7)]),
    **dict.fromkeys(("math.floor", "math.ceil", "math.trunc", "math.isnan", "math.isinf", "math.isfinite", "math.ulp"), [case(1.5)]),
    "math.factorial": [case(4)], "math.comb": [case(4, 2)], "math.isqrt": [case(10)], "math.gcd": [case(4, 6)], "math.lcm": [case(4, 6)],
    "math.nextafter": [case(1.5, 2.5)], "math.isclose": [case(1.5, 2.5)],
    # reductions
    "np.sum": REDUCE + REDUCE_EMPTY + SOME + [case(A(2, 3), axis=0, initial=1.5)], "np.mean": REDUCE + REDUCE_EMPTY[3:] + SOME, "np.nansum": REDUCE, "np.var": REDUCE + [case(A(4), ddof=1)],
    "np.std": REDUCE + [case(A(2, 4), axis=1, ddof=1)], "np.prod": REDUCE + REDUCE_EMPTY + SOME + INITIAL, "np.max": REDUCE + REDUCE_EMPTY[2:] + INITIAL,
    "np.min": REDUCE + REDUCE_EMPTY[2:] + INITIAL, "np.ptp": REDUCE, "np.median": REDUCE,
    "np.cumsum": [case(A(4)), case(A(2, 3)), case(A(2, 3), axis=0), case(A(2, 3), axis=-1), case(A(0))],
    "np.cumprod": [case(A(4)), case(A(2, 3)), case(A(2, 3), axis=0), case(A(2, 3), axis=-1), case(A(0))],
    "np.diff": [case(A(4)), case(A(4), n=2), case(A(2, 3), axis=0), case(A(1)), case(A(0)), case(A(2, 4), n=3), case(A(3), n=0)],
    "np.trace": [case(A(3, 3)), case(A(3, 4), offset=1), case(A(3, 4), offset=-1)],
    "np.sort": [case(A(4)), case(A(2, 3), axis=0), case(A(2, 3)), case(A(2, 3), axis=None)],
    "np.trapezoid" if hasattr(np, "trapezoid") else "np.trapz": [  # its name before NumPy 2
        case(A(4)), case(A(4), dx=0.5), case(A(2, 4), Fixed(np.array([0.0, 1.0, 1.5, 3.0]))), case(A(4, 2), axis=0), case(A(4, 2), A(4), axis=0),
        case(A(2, 4), A(2, 4)), case(A(2, 4), A(1, 4)), case(A(4), A(4)), case(A(2, 3, 2), A(3, 2)), case(A(4, 2), dx=0.5, axis=0), case(A(2), A(2)), case(A(1))],
    **dict.fromkeys(("np.any", "np.all", "np.argmax", "np.argmin", "np.count_nonzero", "np.nanargmax", "np.nanargmin"), [case(A(4)), case(A(2, 3), axis=1)]),
    **dict.fromkeys(("np.argsort", "np.nonzero", "np.flatnonzero", "np.argwhere", "np.unique"), [case(A(4))]),
    "np.unique": [case(A(4)), case(A(2, 3))], "np.bincount": [case(INTS), case(INTS, A(3))], "np.digitize": [case(A(3), np.arange(3))],
    "np.searchsorted": [case(np.arange(4.0), 1.5)], **dict.fromkeys(("np.isclose", "np.allclose", "np.array_equal"), [case(A(3), A(3))]),
    **dict.fromkeys(("max", "min"), [case(1.5, 2.5), case(1.5, 2.5, -1.0), case(A(4)), case(Grown([1.5, 2.5])), case((1.5, 2.0))]),
    "sum": [case(A(4)), case(A(2, 3)), case([1.5, 2.5]), case(Grown([1.5, 2.5])), case((A(3), A(3))), case(Grown([A(3), A(3)]))],
    "any": [case([1.5, 0.5])], "all": [case([1.5, 0.5])], "int": [case(1.5)], "bool": [case(1.5)], "round": [case(1.5), case(1.52, 1)],
    "len": [case(A(3))],
    "rt.share": [case(1.5, (1.5, 2.5), 2.5)], "rt.median_share": [case(A(4))], "rt.unsort": [case(A(3), np.array([2, 0, 1]))], "rt.leveled": [case(A(4), np.array([1, 2, 2, 4])), case(A(4, 2), np.arange(8).reshape(4, 2) // 3)], "rt.level": [case(np.sort(A(4)))],
    "rt.stop_gradient": [], "rt.full_like": [case(Grown([1.5, 2.5]), 1.5)], "rt.sum_leaves": [case(Grown([1.5, 2.5]))],
    "rt.tile_pull": [case(A(6), Fixed(A(3)), 2)], "rt.repeat_pull": [case(A(6), Fixed(A(3)), 2)], "rt.diagonal_pull": [case(A(3), Fixed(A(3, 4)), 0, 0, 1)],
    "rt.pad_pull": [case(A(5), Fixed(A(3)), 1)], "rt.put_along": [case(A(3), Fixed(A(3)), INTS, 0)], "rt.trapezoid_pull": [case(1.5, Fixed(A(4))), case(A(2), Fixed(A(4, 2)), A(4), 1.0, 0)],
    "rt.trapezoid_places": [case(1.5, A(4), Fixed(A(4))), case(A(2), A(4, 2), Fixed(A(4)), 0)],
    "rt.kron_pull": [case(A(4, 6), Fixed(A(2, 3)), Fixed(A(2, 2)), 0)], "rt.interp_pull": [case(A(2), Fixed(P(2)), Fixed(np.arange(3.0)), Fixed(A(3)))],
    "rt.add_at_all": [case(A(3, 4), np.array([2, -1, 2, 0, 3, 3]), A(3, 6)), case(A(2, 4), np.array([2, 2]), A(2, 1)),
                      case(A(2, 3), np.array([], int), A(2, 0))],
    "rt.along": [case(A(3), 2), case(A(2, 3), 1), case(1.5, 3)], "rt.zeros_along": [case(A(3), 2)], "rt.zeros_of_one": [case(A(3, 2))],
    "rt.shaped_like": [case(A(2, 3), Fixed(A(2, 3)), "f"), case(1.5, 2.0, "f")],
    "rt.unbroadcast": [case(A(2, 3), Fixed(A(3)))], "rt.broadcast_like": [case(A(3), Fixed(A(2, 3)))], "rt.conj": [case(A(3)), case(C(3)), case(1.5)],
    "rt.resize_pull": [case(A(5), Fixed(A(3))), case(A(2), Fixed(A(2, 2)))], "rt.spread_axes": [case(A(2), Fixed(A(2, 3)), 1, False), case(1.5, Fixed(A(3)), None, False)],
    "rt.view": [case(A(3))], "rt.mean_shares": [case(MASK, A(2, 3), 1)], "rt.shares_of_some": [case(A(3), 1.5, None, False, None, MASK)],
    "rt.shares_at": [case(A(3), A(3), INTS, A(3))],
    "rt.last_wins": [case(Fixed(A(3)), INTS, A(3))],
    "rt.add_lists": [case(Grown([1.5, 2.5]), Grown([1.5, 2.5]))], "rt.zeros_like": [case(A(3))],
    # methods of ufuncs
    **dict.fromkeys([f"np.{n}.reduce" for n in ("logaddexp", "logaddexp2", "hypot", "fmax", "fmin")],
                    [case(A(4)), case(A(2, 3)), case(A(2, 3), axis=1), case(A(2, 3, 2), axis=-1, keepdims=True), case(A(2, 3), axis=None)]),
    **dict.fromkeys([f"np.{n}.accumulate" for n in ("maximum", "minimum", "fmax", "fmin")], [case(A(5)), case(A(3, 4)), case(A(3, 4), axis=1), case(A(2, 3, 2), axis=-2)]),
    "np.add.reduceat": [case(A(5), [0, 2, 4]), case(A(5), [1, 3, 3, 0]), case(A(2, 5), [0, 2], axis=1)],
    "rt.stable_order": [case(A(4)), case(A(2, 3), 0), case(A(2, 3), None)], "rt.reduceat_pull": [case(A(3), Fixed(A(5)), [0, 2, 4])], "rt.running_pull": [case(A(3), Fixed(np.array([1.0, 3.0, 2.0])), Fixed(np.array([1.0, 3.0, 3.0])))],
    "rt.running_dot": [case(A(3), Fixed(np.array([1.0, 3.0, 3.0])), Fixed(np.array([1.0, 3.0, 3.0])))],
    # derivatives of derivatives
    "rt.cumprod_dot": [case(A(4), None, A(4)), case(A(2, 3), 1, A(2, 3), A(2, 3)), case(A(2, 3), None, A(2, 3))],
    "rt.cumprod_pull": [case(A(4), Fixed(A(4)), None), case(A(6), Fixed(A(2, 3)), None), case(A(2, 3), Fixed(A(2, 3)), 1, Fixed(A(2, 3)))],
    "rt.multiply_at_dot": [case(A(4), INTS, P(3), P(3)), case(A(4), INTS, np.float64(1.5), P(3), P(3)), case(A(2, 3), (np.array([0, 0, 1]), 0), P(3), 0.5)],
    "rt.multiply_at_pull": [case(A(4), Fixed(A(4)), INTS, Fixed(P(3))), case(A(4), Fixed(A(4)), INTS, Fixed(P(3)), Fixed(A(3)))],
    "rt.adjugate": [case(A(3, 3), Fixed(np.float64(0.0))), case(A(2, 3, 3), Fixed(np.zeros(2)))], "rt.adjugate_dot": [case(A(3, 3), A(3, 3)), case(A(2, 3, 3), A(2, 3, 3))],
    "rt.lower_half": [case(A(3, 3)), case(A(2, 3, 3))], "rt.inverse_gaps": [case(np.array([-1.5, 0.3, 2.0])), case(np.array([[-1.5, 0.3, 2.0], [0.0, 1.0, 5.0]]))],
    "rt.interp_slope": [case(Fixed(A(5, low=0.2, high=2.9)), Fixed(np.arange(4.0)), A(4))],
    "rt.interp_slope_pull": [case(A(5), Fixed(A(5, low=-0.9, high=3.9)), Fixed(np.arange(4.0)), Fixed(A(4)))],
    "rt.unique_pull": [case(A(4), Fixed(A(4)))], "rt.unique_dot": [case(A(4), Fixed(A(4)))],
    "rt.polygamma": [case(1, 1.3), case(2, -1.3), case(3, 0.6), case(1, P(3))],
    "rt.prod_others": [case(A(4), None), case(A(2, 3), 1), case(A(2, 3), None), case(A(2, 3), -1, A(2, 3)), case(A(4), None, A(4), A(4))], "rt.diff_pull": [case(A(4), Fixed(A(5))), case(A(2, 3), Fixed(A(4, 3)), 2, 0), case(A(0), Fixed(A(0)))],
    # shapes
    "np.reshape": [case(A(6), (2, 3)), case(A(2, 3), -1), case(A(2, 3), (3, -1)), case(A(2, 3), 6), case(A(2, 3), (3, 2), order="F"), case(1.5, (1, 1))],
    "np.ravel": [case(A(2, 3)), case(A(2, 3), order="F"), case(A(4))], "rt.flatten": [case(A(2, 3))],
    "np.transpose": [case(A(2, 3)), case(A(2, 3, 4)), case(A(2, 3, 4), (2, 0, 1)), case(A(3))], "np.matrix_transpose": [case(A(2, 3))],
    "np.swapaxes": [case(A(2, 3, 4), 0, 2), case(A(2, 3), -1, -2)], "np.moveaxis": [case(A(2, 3, 4), 0, -1), case(A(2, 3, 4), (0, 1), (1, 2))],
    "np.expand_dims": [case(A(3), 0), case(A(3), -1), case(A(2, 3), (0, 2)), case(1.5, 0)],
    "np.squeeze": [case(A(1, 3)), case(A(1, 3, 1), axis=2), case(A(1, 1))],
    "np.broadcast_to": [case(A(3), (2, 3)), case(1.5, (2, 3)), case(A(2, 1), (2, 3))],
    **dict.fromkeys(("np.atleast_1d", "np.atleast_2d", "np.atleast_3d"), [case(A(3)), case(1.5), case(A(2, 3))]),
    **dict.fromkeys(("np.ascontiguousarray", "np.asfortranarray"), [case(A(3)), case(A(2, 3)), case(1.5)]),
    "np.flip": [case(A(4)), case(A(2, 3), axis=1), case(A(2, 3))], "np.fliplr": [case(A(2, 3))], "np.flipud": [case(A(2, 3))],
    "np.rot90": [case(A(2, 3)), case(A(2, 3), k=3)], "np.roll": [case(A(4), 1), case(A(2, 3), 1, axis=1), case(A(2, 3), (1, 2), (0, 1)), case(A(2, 3), 2)],
    "np.tile": [case(A(3), 2), case(A(2, 3), (2, 1)), case(A(3), (2, 2))], "np.repeat": [case(A(3), 2), case(A(2, 3), 2, axis=1), case(A(3), np.array([1, 0, 2]))],
    "np.triu": [case(A(3, 3)), case(A(3, 4), k=1)], "np.tril": [case(A(3, 3)), case(A(2, 3, 4), k=-1)],
    "np.diag": [case(A(3)), case(A(3), k=1), case(A(3, 4)), case(A(3, 4), k=-1)],
    "np.diagonal": [case(A(3, 4)), case(A(3, 4), offset=1), case(A(2, 3, 4), axis1=0, axis2=2)],
    "np.lib.stride_tricks.sliding_window_view": [
        case(A(5), 3), case(A(3, 4), (2, 2)), case(A(2, 3, 4), (2, 3), axis=(1, -1)), case(A(3, 4), 2, axis=1), case(A(6), (2, 3), axis=(0, 0))],
    "rt.windows_pull": [case(A(3, 3), Fixed(A(5)), 3), case(A(3, 3, 2), Fixed(A(3, 4)), 2, axis=1)],
    "np.pad": [case(A(3), 1), case(A(2, 3), ((1, 0), (0, 2))), case(A(2, 3), ((1, 0), (0, 2)), "edge"), case(A(4), 3, "reflect"), case(A(4), 2, "wrap")],
    "rt.slopes": [case(A(5), 0.5, 0), case(A(2, 4), Fixed(np.array([0.0, 1.0, 3.0, 3.5])), 1)], "rt.slopes_pull": [case(A(5), Fixed(A(5)), Fixed(0.3), 0)],
    "rt.repeated_pull": [case(A(7), Fixed(A(3)), 2, "symmetric")],
    "np.take_along_axis": [case(A(3), INTS, 0), case(A(2, 3), np.array([[0, 0], [2, 1]]), 1)],
    "np.concatenate": [case((A(2), A(3))), case((A(2, 3), A(1, 3), A(4, 3))), case((A(2, 3), A(2, 2)), axis=1), case((A(2, 3), A(2)), axis=None),
                       case(Grown([A(2), A(2)])), case(A(2, 3)), case([A(2), np.arange(3)])],
    "np.stack": [case((A(3), A(3))), case((A(3), A(3)), axis=1), case((A(2, 3), A(2, 3)), axis=-1), case([1.5, 2.5]), case(Grown([A(3), A(3)])),
                 case(Grown([1.5, 2.5])), case(Grown([A(2, 3), A(2, 3)]), axis=1)],
    "np.hstack": [case((A(2), A(3))), case((A(2, 3), A(2, 2))), case((1.5, 2.5))], "np.vstack": [case((A(3), A(3))), case((A(2, 3), A(1, 3)))],
    "np.column_stack": [case((A(3), A(3))), case((A(2, 3), A(2, 1)))], "np.append": [case(A(3), A(2)), case(A(3), 1.5), case(A(2, 3), A(1, 3), axis=0)],
    "np.split": [case(A(6), 3), case(A(2, 6), (2, 3), axis=1)], "np.array_split": [case(A(6), 4)], "np.hsplit": [case(A(2, 4), 2)], "np.vsplit": [case(A(4, 2), 2)],
    "np.dsplit": [case(A(2, 3, 4), 2)], "np.rollaxis": [case(A(2, 3, 4), 2), case(A(2, 3, 4), 0, 3), case(A(2, 3, 4), -1, 1)],
    "np.resize": [case(A(3), 7), case(A(2, 3), (2, 2)), case(A(2), (2, 3))], "np.ix_": [case([0, 1], [2, 0])],
    "np.broadcast_arrays": [case(A(3), A(2, 1)), case(A(2, 3), 1.5)], "np.broadcast_shapes": [case((2, 1), (1, 3))],
    "np.array": [case(A(3)), case([1.5, 2.5]), case([[1.5, Const(1.0)], [Const(2.0), 2.5]]), case([A(3), A(3)]), case(1.5), case(Grown([1.5, 2.5]))],
    "np.copy": [case(A(2, 3)), case(1.5)], "np.asarray": [case(A(3)), case([1.5, 2.5])], "np.asanyarray": [case(A(3))],
    "astype": [case(A(3), "float32"), case(A(3), "float64"), case(A(3), "int64")], "rt.item": [case(np.asarray(1.5)), case(A(1))],
    **{f"np.{n}": [case(1.5), case(A(3))] for n in ("float16", "float32", "float64", "longdouble", "complex64", "complex128", "clongdouble", "int8", "int16",
                                                    "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool_", "intp")},
    # creation
    **dict.fromkeys(("np.zeros", "np.ones", "np.empty"), [case(3), case((2, 3))]),
    **dict.fromkeys(("np.zeros_like", "np.ones_like", "np.empty_like"), [case(A(3)), case(1.5)]),
    "np.full": [case(3, 1.5), case((2, 3), A(3))], "np.full_like": [case(A(3), 1.5), case(A(2, 3), A(3))], "np.eye": [case(3), case(3, 4, 1)],
    "np.identity": [case(3)], "np.linspace": [case(1.5, 2.5, 5), case(1.5, 2.5, 5, endpoint=False), case(1.5, 2.5)],
    "np.arange": [case(3), case(1, 5), case(Const(0.0), Const(1.0), Const(0.3))], "np.shape": [case(A(2, 3))], "np.size": [case(A(2, 3))], "np.ndim": [case(A(2, 3))],
    # products
    **dict.fromkeys(("@", "np.matmul", "np.dot"), [case(A(3), A(3)), case(A(2, 3), A(3)), case(A(3), A(3, 4)), case(A(2, 3), A(3, 4)), case(A(0, 3), A(3, 2)),
                                                   case(A(2, 0), A(0, 3)), case(A(1, 3), A(3, 1)), case(A(3), A(2, 3, 4)), case(A(2, 3, 4), A(4))]),
    "np.inner": [case(A(3), A(3)), case(A(2, 3), A(4, 3)), case(A(3), A(4, 3)), case(1.5, A(3))], "np.vdot": [case(A(3), A(3)), case(C(3), C(3))],
    "np.outer": [case(A(3), A(2)), case(A(2, 2), A(3)), case(1.5, A(3))],
    "np.tensordot": [case(A(2, 3), A(3, 4), 1), case(A(2, 3, 4), A(3, 4)), case(A(2, 3, 4), A(4, 2, 5), ((0, 2), (1, 0))), case(A(2), A(3), 0)],
    "np.convolve": [case(A(4), A(2)), case(A(2), A(5), "same"), case(A(4), A(3), "valid")], "rt.convolve_pull": [case(A(5), Fixed(A(4)), A(2))],
    "np.kron": [case(A(2, 3), A(2, 2)), case(A(2), A(2, 2))], "np.cross": [case(A(3), A(3)), case(A(2, 3), A(3))],
    "np.einsum": [case("ij,jk->ik", A(2, 3), A(3, 4)), case("ij->", A(2, 3)), case("ii->i", A(3, 3)), case("ii", A(3, 3)), case("ij,jk", A(2, 3), A(3, 4)),
                  case("i,j,k->ijk", A(2), A(3), A(4)), case("...ij,...jk->...ik", A(2, 2, 3), A(3, 4)), case("ij,ij->j", A(2, 3), A(2, 3)),
                  case("ijk->j", A(2, 3, 4)), case("i,i->", A(3), A(3)), case("ij->ji", A(2, 3))],
    "np.linalg.inv": [case(SPD(3)), case(np.stack([SPD(2), SPD(2)]))], "np.linalg.det": [case(A(3, 3)), case(A(2, 3, 3))],
    "np.linalg.solve": [case(SPD(3), A(3)), case(SPD(3), A(3, 2)), case(np.stack([SPD(2), SPD(2)]), A(2, 2)),
                        case(np.array([[[3.0, 1.0], [1.0, 2.0]], [[2.0, -1.0], [-1.0, 4.0]]]),  # vectors; NumPy 2 takes one for all matrices
                             np.array([0.5, -1.5]) if np.lib.NumpyVersion(np.__version__) >= "2.0.0b1" else np.array([[0.5, -1.5], [1.0, 2.0]]))],
    "np.linalg.slogdet": [case(SPD(3))],
    "np.linalg.norm": [case(A(3)), case(A(2, 3)), case(A(2, 3), axis=1), case(A(2, 3), axis=1, keepdims=True), case(A(3), ord=1), case(A(3), ord=3),
                       case(A(3), ord=np.inf and 2), case(A(2, 3), ord="fro"), case(A(2, 3), ord="nuc"), case(A(2, 3), ord=2), case(A(2, 3), ord=1),
                       case(A(2, 3), ord=1, axis=0), case(A(2, 3), Const(np.inf)), case(A(3), Const(np.inf)), case(A(2, 3), Const(-np.inf), axis=1)],
    "np.linalg.cholesky": [], "np.linalg.eigh": [], "np.linalg.eigvalsh": [],  # symmetric arguments: see test_points.py
    "np.linalg.matrix_rank": [case(A(3, 3))],
    "np.interp": [case(A(5, low=0.2, high=2.9), Fixed(np.arange(4.0)), A(4)), case(1.3, Fixed(np.arange(4.0)), A(4))],
    # indexing
    "index": [case(A(4), 1), case(A(4), -1), case(A(4), slice(1, 3)), case(A(2, 3), (slice(None), 1)), case(A(2, 3), (Ellipsis, None)), case(A(4), INTS), case(A(3), MASK),
              case(A(2, 3), (slice(None), MASK)), case(A(4), slice(None, None, -1)), case(A(4), [0, 0, 2]), case(A(2, 3), (np.array([0, 1, 1]), INTS)), case(A(2, 3), 1)],
    "np.take": [case(A(4), INTS), case(A(2, 3), INTS, axis=1), case(A(3, 2), INTS, axis=0), case(A(2, 3), np.array([0, 5, 5])), case(A(2, 3), 1, axis=-1)],
    **dict.fromkeys(("store", "iadd", "isub", "add_at", "sub_at"), [
        case(A(4), (("index", slice(1, 3)),), A(2)), case(A(4), (("index", slice(1, 3)),), 1.5), case(A(4), (("index", 0),), 2.5),
        case(A(2, 3), (("T", None), ("index", (slice(None), 0))), A(3)), case(A(4), (("index", np.array([0, 0, 1])),), A(3)),
        case(A(3), (("index", MASK),), A(2)), case(A(2, 3), (("reshape", -1), ("index", slice(0, 4))), A(4)), case(A(2, 3), (("index", 1),), A(3)),
        case(A(1, 3), (("np.squeeze", (None,)), ("index", 1)), 1.5), case(A(4), (("np.split", (2, 0)), ("item", 1), ("index", 0)), 1.5)]),
    **dict.fromkeys(("mul_at", "div_at", "max_at", "min_at"), [
        case(A(4), (("index", slice(1, 3)),), P(2)), case(A(4), (("index", slice(1, 3)),), 1.5), case(A(4), (("index", np.array([0, 0, 1])),), P(3)),
        case(A(2, 3), (("T", None), ("index", (np.array([0, 0, 2]), 0))), P(3)), case(A(2, 3), (("index", np.array([1, 1])),), P(3)),
        case(A(3), (("index", MASK),), P(2))]),
    "accum": [case(A(3), A(3)), case(A(2, 3), A(3))], "accum_neg": [case(A(3), A(3))], "copy": [case(A(3))],
    "append": [case(Grown([1.5, 2.5]), 3.5), case(Grown([A(3)]), A(3))], "list": [case((1.5, 2.5))],
    "list_item": [case(Grown([1.5, 2.5]), 1), case(Grown([A(3), A(3)]), 0)], "list_set": [case(Grown([1.5, 2.5]), 1, 3.5), case(Grown([A(3), A(3)]), 0, A(3))],
    "list_drop": [case(Grown([1.5, 2.5])), case(Grown([A(3), A(3)]))],
}
SAMPLES |= MORE | NN
