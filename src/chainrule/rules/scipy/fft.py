"""Rows of scipy.fft. A complex transform is its own transpose; a real one is transposed by the other real one, and a cosine or sine transform by its partner.

Lengths may be computed, so they are not among what the compiler has to know.
"""

from __future__ import annotations

from typing import Any

from ...ir.build import is_static, static_value
from ...ir.nodes import Arg, Lit, Seq
from ...ir.ops import OPS
from ...ir.probe import probe, type_of
from ...ir.types import Array, Extent, Type, kind, unknown_extent
from ..infer import _extent
from ..table import linear, refuse, rule
from . import OVERWRITES, module

module("fft")

_SINGLE = ("float16", "float32", "complex64")
_HOW: dict[str, Any] = dict(static=("norm", "type", "orthogonalize", "workers", "axes", "axis"), dynamic=("n", "s"), ignored=OVERWRITES)


def _infer(name: str, position: int = 1, op: str = "") -> Any:
    """The type of a transform whose lengths and axes are at these positions. The result of some has half a spectrum, or real numbers."""
    op = op or f"fft.{name}"
    half, whole = name.startswith(("rfft", "ihfft")), name.startswith(("irfft", "hfft"))
    real = whole or name.strip("i")[0] == "d"

    def infer(x: Arg, *args: Arg) -> Type:
        type = type_of(x)
        if not isinstance(type, Array):
            return probe(OPS[op], (x, *args))
        real_result = real and not (name.strip("i")[0] == "d" and kind(type.dtype) == "c")
        dtype = ("float" if real_result else "complex") + str((32 if type.dtype in _SINGLE else 64) * (1 if real_result else 2))
        sizes, axes = args[position - 1], args[position]
        if type.shape is None:
            return Array(dtype, None)
        shape = list(type.shape)
        given: list[Arg] = [] if isinstance(sizes, Lit) and sizes.value is None else _items(sizes)
        along = static_value(axes) if is_static(axes) else None
        along = list(along if isinstance(along, (tuple, list)) else [along] if along is not None else range(-(len(given) or len(shape)), 0))
        for n, axis in enumerate(along):
            own: Extent = shape[axis]
            if given:
                own = _extent(given[n])
            elif whole and n == len(along) - 1:
                own = 2 * (own - 1) if isinstance(own, int) else unknown_extent()
            if half and n == len(along) - 1:
                own = own // 2 + 1 if isinstance(own, int) else unknown_extent()
            shape[axis] = own
        return Array(dtype, tuple(shape))

    return {"infer": infer, "cheap": False}


def _items(sizes: Arg) -> list[Arg]:
    if isinstance(sizes, Seq):
        return list(sizes.items)
    if isinstance(sizes, Lit) and isinstance(sizes.value, (tuple, list)):
        return [Lit(item) for item in sizes.value]
    return [sizes]


def _second(g: Arg, x: Arg, *_: Arg) -> Type:
    return type_of(x)


def _cut(g: Arg, x: Arg) -> Type:
    first, shaped = type_of(g), type_of(x)
    assert isinstance(first, Array) and isinstance(shaped, Array)
    return Array(first.dtype, shaped.shape)


_PULL: dict[str, Any] = {"op": {"infer": _second, "cheap": False}, **_HOW}
_ONE = "None if n is None else (n,), (axis,)"
_TURNED = "'ortho' if norm == 'ortho' else 'backward' if norm == 'forward' else 'forward'"

for _name in ("fft", "ifft"):
    linear(f"fft.{_name}(x, n=None, axis=-1, norm=None, workers=None) -> y", op=_infer(_name), **_HOW,
           x=f"fft.{_name}(y_bar, axis=axis, norm=norm, workers=workers) if n is None else fft_rt.fitted(fft.{_name}(y_bar, axis=axis, norm=norm, workers=workers), like(x))")
linear("fft_rt.fitted(g, x) -> y", op={"infer": _cut, "views": (0,)}, g="fft_rt.fitted(y_bar, like(g))", x="0.0")
for _end, _along in (("n", "None"), ("2", "(-2, -1)")):
    for _name in ("fft", "ifft", "rfft", "irfft"):
        linear(f"fft.{_name}{_end}(x, s=None, axes={_along}, norm=None, workers=None) -> y", op=_infer(_name, 1, f"fft.{_name}{_end}"), **_HOW, x=f"fft_rt.{_name}n_pull(y_bar, like(x), s, axes, norm)")
    linear(f"fft.hfft{_end}(x, s=None, axes={_along}, norm=None, workers=None) -> y", op=_infer("hfft", 1, f"fft.hfft{_end}"), **_HOW, x=f"np.conj(fft_rt.irfftn_pull(y_bar, like(x), s, axes, {_TURNED}))")
    linear(f"fft.ihfft{_end}(x, s=None, axes={_along}, norm=None, workers=None) -> y", op=_infer("ihfft", 1, f"fft.ihfft{_end}"), **_HOW, x=f"fft_rt.rfftn_pull(np.conj(y_bar), like(x), s, axes, {_TURNED})")
for _name in ("fft", "ifft", "rfft", "irfft"):
    linear(f"fft_rt.{_name}n_pull(g, x, s=None, axes=None, norm=None) -> y", g=f"fft.{_name}n(y_bar, s, axes, norm)", x="0.0", **_PULL)
for _name in ("rfft", "irfft"):
    linear(f"fft.{_name}(x, n=None, axis=-1, norm=None, workers=None) -> y", op=_infer(_name), **_HOW, x=f"fft_rt.{_name}n_pull(y_bar, like(x), {_ONE}, norm)")
linear("fft.hfft(x, n=None, axis=-1, norm=None, workers=None) -> y", op=_infer("hfft"), **_HOW, x=f"np.conj(fft_rt.irfftn_pull(y_bar, like(x), {_ONE}, {_TURNED}))")
linear("fft.ihfft(x, n=None, axis=-1, norm=None, workers=None) -> y", op=_infer("ihfft"), **_HOW, x=f"fft_rt.rfftn_pull(np.conj(y_bar), like(x), {_ONE}, {_TURNED})")
for _name in ("dct", "idct", "dst", "idst"):
    linear(f"fft.{_name}(x, type=2, n=None, axis=-1, norm=None, workers=None, orthogonalize=None) -> y", op=_infer(_name, 2), **_HOW,
           x=f"fft_rt.{_name}n_pull(y_bar, like(x), type, {_ONE}, norm, orthogonalize)")
    linear(f"fft.{_name}n(x, type=2, s=None, axes=None, norm=None, workers=None, orthogonalize=None) -> y", op=_infer(_name, 2, f"fft.{_name}n"), **_HOW,
           x=f"fft_rt.{_name}n_pull(y_bar, like(x), type, s, axes, norm, orthogonalize)")
    linear(f"fft_rt.{_name}n_pull(g, x, type=2, s=None, axes=None, norm=None, orthogonalize=None) -> y", g=f"fft.{_name}n(y_bar, type, s, axes, norm, orthogonalize=orthogonalize)", x="0.0",
           **_PULL)

linear("fft.fftshift(x, axes=None) -> y", x="fft.ifftshift(y_bar, axes)")
linear("fft.ifftshift(x, axes=None) -> y", x="fft.fftshift(y_bar, axes)")
for _name in ("fftfreq", "rfftfreq"):
    rule(f"fft.{_name}(n, d=1.0) -> y", dynamic=("n",), d="-np.sum(y_bar * y / d)", n="0.0",
         op={"infer": lambda n, d, half=_name == "rfftfreq": Array("float64", (unknown_extent() if half else _extent(n),))})
for _name in ("fht", "ifht"):
    refuse(f"fft.{_name}", because="it has no rule", instead="write it with fft.rfft and fft.irfft")
