"""Rows of scipy.signal.

A convolution is linear in each of its arguments, and its transposes are convolutions: of the cotangent, in its place in the full result, with the other
argument turned round. A filter a * y = b * x is linear in b and in x; of dA * y + a * dy = 0, its derivative in a is a filter of y.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.nodes import Arg, Lit
from ...ir.ops import OPS
from ...ir.probe import probe, type_of
from ...ir.types import Array, Extent, Scalar, Tuple, Type, kind, unknown_extent
from ..infer import like
from ..table import linear, meaning, refuse, rule, zero
from . import OVERWRITES, module
from .meanings import signal as meanings

module("signal")

COSTLY = {"cheap": False}
LIKE_FIRST = {"infer": lambda a, *_: like(0)(a), "cheap": False}
LIKE_SECOND = {"infer": lambda g, x, *_: type_of(x), "cheap": False}
_HOW: dict[str, Any] = dict(static=("mode", "method", "boundary", "axes", "axis", "which"))


def _convolved(op: str) -> Any:
    """The type of a convolution."""

    def infer(a: Arg, v: Arg, mode: Arg, *rest: Arg) -> Type:
        one, two = type_of(a), type_of(v)
        if not (isinstance(one, Array) and isinstance(two, Array)) or one.shape is None or two.shape is None or kind(one.dtype) + kind(two.dtype) not in (
                "ff", "fc", "cf", "cc") or not isinstance(mode, Lit):
            return probe(OPS[op], (a, v, mode, *rest))
        dtype = str(np.result_type(one.dtype, two.dtype))
        if mode.value == "same":
            return Array(dtype, one.shape)
        if rest and op in ("signal.fftconvolve", "signal.oaconvolve") and not (isinstance(rest[0], Lit) and rest[0].value is None):
            return Array(dtype, tuple(unknown_extent() for _ in one.shape))
        return Array(dtype, tuple(_extent(n, m, mode.value) for n, m in zip(one.shape, two.shape)))

    return {"infer": infer, "cheap": False}


def _extent(n: Extent, m: Extent, mode: str) -> Extent:
    if isinstance(n, int) and isinstance(m, int):
        return n + m - 1 if mode == "full" else max(n, m) - min(n, m) + 1
    return n if m == 1 else m if n == 1 else unknown_extent()


# -- convolutions ----------------------------------------------------------------------------------------------------------


def _again(first: str, second: str) -> str:
    """The convolution once more, of other arguments."""
    return (f"signal.fftconvolve({first}, {second}, mode, axes) if method == 'fftconvolve' else signal.oaconvolve({first}, {second}, mode, axes) if method == 'oaconvolve'"
            f" else signal.convolve({first}, {second}, mode, method)")


rule("signal.convolve(a, v, mode='full', method='auto') -> y", linear="each", op=_convolved("signal.convolve"), **_HOW,
     a="signal_rt.convolve_pull(y_bar, like(a), v, mode, 0, method)", v="signal_rt.convolve_pull(y_bar, like(v), a, mode, 1, method)")
for _name in ("fftconvolve", "oaconvolve"):
    rule(f"signal.{_name}(a, v, mode='full', axes=None) -> y", linear="each", op=_convolved(f"signal.{_name}"), **_HOW,
         a=f"signal_rt.convolve_pull(y_bar, like(a), v, mode, 0, '{_name}', axes)", v=f"signal_rt.convolve_pull(y_bar, like(v), a, mode, 1, '{_name}', axes)")
rule("signal_rt.convolve_pull(g, x, other, mode='full', which=0, method='auto', axes=None) -> y", op=LIKE_SECOND, x="0.0", **_HOW,
     g=f"({_again('y_bar', 'other')}) if which == 0 else ({_again('other', 'y_bar')})",
     other="signal_rt.convolve_pull(g, like(other), y_bar, mode, 1 - which, method, axes)",
     g_dot="signal_rt.convolve_pull(g_dot, like(x), other, mode, which, method, axes)",
     other_dot="signal_rt.convolve_pull(g, like(x), other_dot, mode, which, method, axes)")
rule("signal.correlate(a, v, mode='full', method='auto') -> y", linear="each", op=_convolved("signal.correlate"), **_HOW,
     a="signal_rt.convolve_pull(y_bar, like(a), cj(np.flip(v)), mode, 0, method)", v="cj(np.flip(signal_rt.convolve_pull(y_bar, like(v), a, mode, 1, method)))")

# -- in the plane, with a boundary -------------------------------------------------------------------------------------------

_PLANE: dict[str, Any] = dict(static=("mode", "boundary"))
_WIDTHS = "extent(v, 0) - 1, extent(v, 1) - 1, boundary"


def _plane(name: str, g: str, a: str, v: str, of_a: str, of_v: str) -> None:
    """The part that `mode` says of the valid convolution of the extended a with v. g, a, v: what is convolved, in terms of the row's names."""
    plain = "mode == 'valid' or (boundary == 'fill' or boundary == 'pad')"
    placed = f"signal_rt.placed_2d({g}, like(a), like(v), mode)"
    rule(f"signal.{name}(a, v, mode='full', boundary='fill', fillvalue=0) -> y", op=_convolved(f"signal.{name}"), **_PLANE,
         a=of_a.format(f"(signal_rt.convolve_pull({g}, like(a), {v}, mode, 0, 'direct') if {plain} else signal_rt.extended_pull(signal_rt.convolve_pull({placed}, "
                       f"signal_rt.extended(like(a), {_WIDTHS}), {v}, 'valid', 0, 'direct'), like(a), {_WIDTHS}))"),
         v=of_v.format(f"(signal_rt.convolve_pull({g}, like(v), {a}, mode, 1, 'direct') if ({plain}) and (mode == 'valid' or fillvalue == 0) else "
                       f"signal_rt.convolve_pull({placed}, like(v), signal_rt.extended({a}, {_WIDTHS}, fillvalue), 'valid', 1, 'direct'))"))


def _some_plane(g: Arg, *_: Arg) -> Type:
    return Array(_common(g), (unknown_extent(), unknown_extent()))


_SOME_PLANE = {"infer": _some_plane, "cheap": False}
_plane("convolve2d", "y_bar", "a", "v", "{}", "{}")
_plane("correlate2d", "np.flip(y_bar)", "np.flip(a)", "cj(v)", "np.flip({})", "cj({})")
rule("signal_rt.extended(x, rows, columns, boundary='fill', fillvalue=0) -> y", static=("boundary",), op=COSTLY, rows="0.0", columns="0.0", fillvalue="0.0",
     x="signal_rt.extended_pull(y_bar, like(x), rows, columns, boundary)", x_dot="signal_rt.extended(x_dot, rows, columns, boundary)")
linear("signal_rt.extended_pull(g, x, rows, columns, boundary='fill') -> y", static=("boundary",), op={"infer": lambda g, x, *_: like(1)(g, x), "cheap": False},
       g="signal_rt.extended(y_bar, rows, columns, boundary)", x="0.0")
linear("signal_rt.placed_2d(g, x, v, mode='full') -> y", static=("mode",), g="signal_rt.unplaced_2d(y_bar, like(x), like(v), mode)", x="0.0", v="0.0",
       op=_SOME_PLANE)
linear("signal_rt.unplaced_2d(g, x, v, mode='full') -> y", static=("mode",), g="signal_rt.placed_2d(y_bar, like(x), like(v), mode)", x="0.0", v="0.0",
       op=_SOME_PLANE)

# -- filters ------------------------------------------------------------------------------------------------------------------


def _filtered(b: Arg, a: Arg, x: Arg, *more: Arg) -> Type:
    shaped = type_of(x)
    return Array(_common(b, a, x, *more), shaped.shape if isinstance(shaped, Array) else None)


def _common(*args: Arg) -> str:
    return str(np.result_type(*(t.dtype for t in map(type_of, args) if isinstance(t, (Array, Scalar))), np.float32))


def _state(b: Arg, a: Arg, x: Arg, y: Arg, zi: Arg) -> Type:
    shaped = type_of(zi)
    return Array(_common(b, a, x, zi), shaped.shape if isinstance(shaped, Array) else None)


_ONE = "np.ones_like(a[:1])"
_BACK = f"np.flip(signal_rt.lfilter({_ONE}, a, np.flip(y_bar, axis), axis), axis)"
rule("signal_rt.lfilter(b, a, x, axis=-1) -> y", op={"infer": lambda b, a, x, _: _filtered(b, a, x), "cheap": False},
     x="np.flip(signal_rt.lfilter(b, a, np.flip(y_bar, axis), axis), axis)",
     b=f"signal_rt.lags(np.moveaxis(y_bar, axis, -1), np.moveaxis(signal_rt.lfilter({_ONE}, a, x, axis), axis, -1), like(b))",
     a=f"-signal_rt.lags(np.moveaxis({_BACK}, axis, -1), np.moveaxis(y, axis, -1), like(a))")
_BACK = f"np.flip(signal_rt.lfilter({_ONE}, a, np.flip(y_bar, -1)), -1)"
rule("signal_rt.lfilter_started(b, a, x, zi) -> y", op={"infer": _filtered, "cheap": False},
     x="np.flip(signal_rt.lfilter(b, a, np.flip(y_bar, -1)), -1)",
     b=f"signal_rt.lags(y_bar, signal_rt.lfilter({_ONE}, a, x), like(b))",
     a=f"signal_rt.moved(np.sum({_BACK} * signal_rt.moved(zi, 0, like(y)))[None], 0, like(a)) - signal_rt.lags({_BACK}, y, like(a))",
     zi=f"a[0] * signal_rt.moved({_BACK}, 0, like(zi))")
# a[0] * zf is what (b * x - a * y) has beyond the end of x
_END = "np.concatenate((np.zeros_like(y), y_bar), -1) / a[0]"
_REST = "np.zeros_like(y_bar)"


def _beyond(factor: str, rest: str = "") -> str:
    """The transpose of one of the two filters in its signal: what of it lies before the end."""
    return f"np.flip(signal_rt.lfilter({factor}, {_ONE}, np.flip({_END}, -1)), -1)[..., :extent(x, -1)]"


rule("signal_rt.lfilter_state(b, a, x, y, zi) -> z", op={"infer": _state, "cheap": False},
     b=f"signal_rt.lags({_END}, np.concatenate((x, {_REST}), -1), like(b))".replace("y_bar", "z_bar"),
     a=(f"-signal_rt.lags({_END}, np.concatenate((y, {_REST}), -1), like(a))"
        f" - signal_rt.moved((np.sum(y_bar * (z - signal_rt.moved(zi, -extent(x, -1), like(zi)))) / a[0])[None], 0, like(a))").replace("y_bar", "z_bar"),
     x=_beyond("b").replace("y_bar", "z_bar"), y="-" + _beyond("a").replace("y_bar", "z_bar"), zi="signal_rt.moved(z_bar, extent(x, -1), like(zi))")
rule("signal_rt.lags(u, w, n) -> y", linear="each", op={"infer": lambda u, w, n: Array(_common(u, w), getattr(type_of(n), "shape", None)), "cheap": False}, n="0.0",
     u="signal_rt.lfilter(y_bar, np.ones_like(y_bar[:1]), w)", w="np.flip(signal_rt.lfilter(y_bar, np.ones_like(y_bar[:1]), np.flip(u, -1)), -1)")
linear("signal_rt.moved(g, count, x) -> y", op={"infer": lambda g, count, x: _moved(g, x), "cheap": False}, g="signal_rt.moved(y_bar, -count, like(g))", count="0.0", x="0.0")


def _moved(g: Arg, x: Arg) -> Type:
    first, shaped = type_of(g), type_of(x)
    assert isinstance(first, Array) and isinstance(shaped, Array)
    return Array(first.dtype, None if first.shape is None or shaped.shape is None else (*first.shape[:-1], shaped.shape[-1]))


rule("signal_rt.checked_sections(sos) -> y", op=LIKE_FIRST, sos="y_bar", sos_dot="sos_dot")

zero("signal_rt.savgol_weights(window_length, polyorder, deriv=0)", op={"infer": lambda *_: Array("float64", (unknown_extent(),))})
zero("signal_rt.savgol_edges(window_length, polyorder, deriv=0)",
     op={"infer": lambda *_: Tuple((Array("float64", (unknown_extent(), unknown_extent())), Array("float64", (unknown_extent(), unknown_extent()))))})

# -- linear in one signal -------------------------------------------------------------------------------------------------------

linear("signal.detrend(data, axis=-1, type='linear', bp=0) -> y", static=("type", "bp"), ignored=OVERWRITES, op=LIKE_FIRST, data="signal.detrend(y_bar, axis, type, bp)")


def _analytic(x: Arg, N: Arg, axis: Arg) -> Type:
    from ..infer import _extent as extent_of

    shaped = type_of(x)
    if not isinstance(shaped, Array) or not isinstance(axis, Lit):
        return probe(OPS["signal.hilbert"], (x, N, axis))
    shape: Any = None if shaped.shape is None else list(shaped.shape)
    if shape is not None and not (isinstance(N, Lit) and N.value is None):
        shape[axis.value] = extent_of(N)
    return Array("complex64" if shaped.dtype in ("float16", "float32") else "complex128", None if shape is None else tuple(shape))


linear("signal.hilbert(x, N=None, axis=-1) -> y", op={"infer": _analytic, "cheap": False}, x="signal_rt.hilbert_pull(y_bar, like(x), N, axis)")
linear("signal_rt.hilbert_pull(g, x, N=None, axis=-1) -> y", op=LIKE_SECOND, g="signal.hilbert(y_bar, N, axis)", x="0.0")

for _name in ("medfilt", "medfilt2d", "wiener", "order_filter"):
    refuse(f"signal.{_name}", because="it has no rule", instead="use a convolution")
for _name in ("resample", "resample_poly", "decimate", "upfirdn", "hilbert2", "sepfir2d", "stft", "istft", "spectrogram", "welch", "csd", "periodogram", "coherence",
              "czt", "zoom_fft", "deconvolve", "symiirorder1", "symiirorder2", "cspline1d", "qspline1d", "lombscargle", "envelope", "vectorstrength"):
    refuse(f"signal.{_name}", because="it has no rule", instead="write it with signal.lfilter, signal.convolve and the transforms of scipy.fft")

for _name in meanings.__all__:
    meaning(f"signal.{_name}", getattr(meanings, _name))
