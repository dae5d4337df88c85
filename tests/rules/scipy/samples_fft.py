"""Samples of the rows of scipy.fft."""

from __future__ import annotations

import itertools

import numpy as np

from ..harness import Case, case
from .arrays import Arrays

_arrays = Arrays(2)
A, C = _arrays.A, _arrays.C

NORMS = (None, "backward", "ortho", "forward")


def along_one(make: object, *more: Case) -> list[Case]:
    """Even and odd lengths, cut off and filled up, along any axis."""
    return [case(make(n), norm=norm) for n in (4, 5, 2) for norm in NORMS] + [  # type: ignore[operator]
        case(make(2, 5), n, axis) for n in (None, 3, 7) for axis in (-1, 0)] + [case(make(4, 3).T), case(make(8)[::2], workers=1, overwrite_x=True), *more]  # type: ignore[operator]


def along_several(make: object) -> list[Case]:
    return [case(make(3, 4), norm=norm) for norm in NORMS] + [case(make(3, 5), (2, 7)), case(make(3, 5), axes=(-1, -2)), case(make(3, 5), (4, 4), (1, 0), "ortho")]  # type: ignore[operator]


def of_many_axes(make: object) -> list[Case]:
    return [case(make(2, 3, 4), axes=(0, 2)), case(make(2, 3, 4), (3, 5)), case(make(5)), case(make(2, 3, 4), (2, 3), (2, 1))]  # type: ignore[operator]


def trigonometric() -> list[Case]:
    every = [case(A(n), type, norm=norm, orthogonalize=o) for n in (4, 5) for type, norm, o in itertools.product((1, 2, 3, 4), (None, "ortho", "forward"), (None, True, False))]
    return every + [case(A(2, 5), 2, n, axis) for n in (None, 3, 7) for axis in (0, 1)] + [case(C(4)), case(A(6)[::-2], workers=1)]


def trigonometric_n() -> list[Case]:
    return [case(A(3, 4), type, norm=norm, orthogonalize=o) for type in (1, 2, 3, 4) for norm, o in ((None, None), ("ortho", None), ("forward", True))] + [
        case(A(2, 3, 4), 2, (3, 3), (0, 2)), case(A(3, 4), 3, (2, 5)), case(C(3, 4), 1)]


SAMPLES: dict[str, list[Case]] = {
    "fft.fft": along_one(A) + along_one(C), "fft.ifft": along_one(A) + along_one(C), "fft.rfft": along_one(A), "fft.irfft": along_one(C) + [case(A(4))],
    "fft.hfft": along_one(C), "fft.ihfft": along_one(A),
    **{f"fft.{name}2": along_several(C if name in ("fft", "ifft", "irfft", "hfft") else A) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")},
    **{f"fft.{name}n": along_several(make) + of_many_axes(make) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
       for make in (C if name in ("fft", "ifft", "irfft", "hfft") else A,)},
    "fft_rt.fitted": [case(A(3), A(2)), case(A(3, 2), A(4, 1))],
    "fft_rt.fftn_pull": [case(C(3, 4), A(3, 4)), case(C(3, 4), C(2, 5), (3, 4))], "fft_rt.ifftn_pull": [case(C(3, 4), A(3, 4))],
    "fft_rt.rfftn_pull": [case(C(3, 3), A(3, 4)), case(C(3), A(7), (5,))], "fft_rt.irfftn_pull": [case(A(3, 6), C(3, 4)), case(A(5), C(4), (5,))],
    **dict.fromkeys(("fft.dct", "fft.idct", "fft.dst", "fft.idst"), trigonometric()),
    **dict.fromkeys(("fft.dctn", "fft.idctn", "fft.dstn", "fft.idstn"), trigonometric_n()),
    **dict.fromkeys(("fft_rt.dctn_pull", "fft_rt.idctn_pull", "fft_rt.dstn_pull", "fft_rt.idstn_pull"), [case(A(3, 4), A(3, 4), type) for type in (1, 2, 3, 4)]),
    "fft.fftshift": [case(A(4)), case(A(3, 4), axes=0), case(C(2, 3), axes=(0, 1))], "fft.ifftshift": [case(A(5)), case(A(3, 4), axes=0)],
    "fft.fftfreq": [case(5, 0.7), case(4)], "fft.rfftfreq": [case(5, 0.7), case(4)],
}

__all__ = ["SAMPLES", "np"]
