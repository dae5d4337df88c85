"""Rows of np.fft. A transform is its own transpose; a real one is transposed by the other real one.

`n` may be computed, so it is not among what the compiler has to know.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..ir.nodes import Arg, Lit
from ..ir.probe import type_of
from ..ir.types import Array, Extent, Scalar, Type, unknown_extent
from .infer import _extent
from .table import linear, rule, zero


@functools.cache
def _dtype(real: bool, given: str) -> str:
    """In which dtype NumPy computes: since its second version, not always in double precision."""
    return str((np.fft.irfft if real else np.fft.fft)(np.ones(2, given)).dtype)


def _infer(real: bool, half: bool) -> Any:
    """The type of a transform along one axis. half: the result has half a spectrum; real: it has numbers that are not complex."""
    def infer(a: Arg, n: Arg, axis: Arg, norm: Arg) -> Type:
        type = type_of(a)
        assert isinstance(type, Array) and isinstance(axis, Lit)
        dtype = _dtype(real, type.dtype)
        if type.shape is None:
            return Array(dtype, None)
        shape = list(type.shape)
        own = shape[axis.value]
        given = isinstance(n, Lit) and n.value is None
        extent: Extent = own if given and not (real or half) else unknown_extent()
        if not given and not half:
            extent = _extent(n)
        elif isinstance(own, int) and given:
            extent = own // 2 + 1 if half else 2 * (own - 1) if real else own
        elif half and isinstance(n, Lit) and n.value is not None:
            extent = n.value // 2 + 1
        shape[axis.value] = extent
        return Array(dtype, tuple(shape))

    return infer


def _kind_of(d: Arg) -> str:
    type = type_of(d)
    return "complex128" if isinstance(type, (Array, Scalar)) and type.dtype.startswith("complex") else "float64"


def _like(real: bool) -> Any:
    """The shape of the second argument."""

    def infer(g: Arg, x: Arg, *_: Arg) -> Type:
        first, shaped = type_of(g), type_of(x)
        assert isinstance(first, Array) and isinstance(shaped, Array)
        return Array(_dtype(real, "complex64" if first.dtype in ("float16", "float32", "complex64") else "complex128"), shaped.shape)

    return infer


def _same(g: Arg, x: Arg, *_: Arg) -> Type:
    first, shaped = type_of(g), type_of(x)
    assert isinstance(first, Array) and isinstance(shaped, Array)
    return Array(first.dtype, shaped.shape)


_COSTLY = {"cheap": False}
for _name in ("fft", "ifft"):
    linear(f"np.fft.{_name}(a, n=None, axis=-1, norm=None) -> y", static=("norm",), dynamic=("n",), op={**_COSTLY, "infer": _infer(False, False)},
           a=f"np.fft.{_name}(y_bar, axis=axis, norm=norm) if n is None else rt.resized(np.fft.{_name}(y_bar, axis=axis, norm=norm), like(a), axis)")
linear("np.fft.rfft(a, n=None, axis=-1, norm=None) -> y", static=("norm",), dynamic=("n",), op={**_COSTLY, "infer": _infer(False, True)},
       a="rt.rfft_pull(y_bar, like(a), n, axis, norm)")
linear("np.fft.irfft(a, n=None, axis=-1, norm=None) -> y", static=("norm",), dynamic=("n",), op={**_COSTLY, "infer": _infer(True, False)},
       a="rt.irfft_pull(y_bar, like(a), axis, norm)")
linear("rt.rfft_pull(g, x, n=None, axis=-1, norm=None) -> y", static=("norm",), dynamic=("n",), op={**_COSTLY, "infer": _like(True)},
       g="np.fft.rfft(y_bar, n, axis, norm)", x="0.0")
linear("rt.irfft_pull(g, a, axis=-1, norm=None) -> y", static=("norm",), op={**_COSTLY, "infer": _like(False)},
       g="np.fft.irfft(y_bar, extent(g, axis), axis, norm)", a="0.0")
linear("rt.resized(g, x, axis) -> y", op={"infer": _same, "views": (0,)}, g="rt.resized(y_bar, like(g), axis)", x="0.0")
linear("np.fft.fftshift(x, axes=None) -> y", x="np.fft.ifftshift(y_bar, axes)")
linear("np.fft.ifftshift(x, axes=None) -> y", x="np.fft.fftshift(y_bar, axes)")
for _name in ("fftfreq", "rfftfreq"):
    rule(f"np.fft.{_name}(n, d=1.0) -> y", dynamic=("n",), d="-np.sum(y_bar * y / d)", n="0.0",
         op={"infer": lambda n, d, half=_name == "rfftfreq": Array(_kind_of(d), (unknown_extent() if half else _extent(n),))})

zero("rt.apart(values)", "rt.largest_component(vectors)")
