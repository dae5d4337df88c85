"""Samples of the rows of scipy.ndimage."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..harness import Case, Const, case
from .arrays import Arrays

_arrays = Arrays(4)
A, C = _arrays.A, _arrays.C

MODES = ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-constant", "grid-wrap")


def filters() -> list[Case]:
    found = [case(A(*n), A(*m), mode=mode) for n, m in (((5,), (3,)), ((4,), (4,)), ((3, 4), (2, 3)), ((3,), (7,))) for mode in MODES]
    found += [case(A(4, 5), A(3, 2), mode=mode, cval=Const(1.5), origin=origin) for mode in ("constant", "reflect") for origin in (0, (1, -1), (-1, 0))]
    return found + [case(C(4), A(3)), case(C(4), C(3)), case(A(3, 4).T, A(3, 3)), case(A(8)[::2], A(2)), case(A(2, 3, 4), A(1, 3, 1))]


def filters_1d() -> list[Case]:
    found = [case(A(3, 5), A(m), axis=axis, mode=mode, origin=origin) for m, origin in ((3, 0), (4, 1), (3, -1)) for axis in (-1, 0) for mode in MODES]
    return found + [case(A(4), A(3), mode="constant", cval=Const(2.0)), case(C(4), C(3)), case(A(2), A(5), mode="wrap")]


def coordinates(*shape: int) -> Any:
    """Points inside and outside, none of them at an element or an edge."""
    return np.round(A(*shape, low=-4.0, high=7.0)) + np.random.default_rng(1).uniform(0.15, 0.35, size=shape)


SAMPLES: dict[str, list[Case]] = {
    "ndimage.correlate": filters(), "ndimage.convolve": filters(), "ndimage.correlate1d": filters_1d(), "ndimage.convolve1d": filters_1d(),
    "ndimage_rt.filter_pull": [case(A(4, 5), A(4, 5), A(3, 2), turned=turned) for turned in (False, True)] + [case(C(4), A(4), C(3)), case(A(4), C(4), A(3), "wrap")],
    "ndimage_rt.weights_pull": [case(A(4, 5), A(4, 5), A(3, 2), turned=turned, mode="constant", cval=Const(1.5)) for turned in (False, True)] + [case(C(4), A(4), C(3))],
    "ndimage_rt.filter1d_pull": [case(A(4, 5), A(4, 5), A(3), axis=0)], "ndimage_rt.weights1d_pull": [case(A(4, 5), A(4, 5), A(3), axis=0, mode="constant", cval=Const(1.5))],
    "ndimage.gaussian_filter1d": [case(A(3, 5), Const(sigma), axis=axis, order=order, mode=mode) for sigma in (0.6, 1.5) for axis in (-1, 0) for order in (0, 1, 2) for mode in MODES]
        + [case(A(6), Const(1.0), cval=Const(2.0), mode="constant", truncate=Const(2.0)), case(A(6), Const(1.0), radius=2), case(C(6), Const(1.0))],
    "ndimage_rt.gaussian1d_pull": [case(A(3, 5), A(3, 5), Const(0.8), axis=0), case(A(5), A(5), Const(0.8), mode="constant")],
    "ndimage.uniform_filter1d": [case(A(3, 5), size, axis=axis, mode=mode, origin=origin) for size, origin in ((3, 0), (4, 1), (3, -1)) for axis in (-1, 0) for mode in MODES]
        + [case(A(4), 3, mode="constant", cval=Const(2.0))],
    "ndimage_rt.uniform1d_pull": [case(A(3, 5), A(3, 5), 3, axis=0, origin=1)],
    "ndimage.map_coordinates": [case(A(*n), coordinates(len(n), *m), order=1, mode=mode, cval=Const(cval)) for n, m in (((5,), (6,)), ((3, 4), (5,)), ((4, 3), (2, 3)), ((2, 3, 3), (4,)))
                                for mode in MODES for cval in (0.0, 1.5)]
        + [case(A(3, 4), coordinates(2, 5), order=0, mode=mode) for mode in MODES] + [case(C(4, 3), coordinates(2, 6), order=1)],
    "ndimage_rt.interpolated": [case(A(3, 4), coordinates(2, 5), 1, mode, Const(0.5), along) for mode in MODES for along in ((), (0,), (1, 0))],
    "ndimage_rt.interpolate_pull": [case(A(5), A(3, 4), coordinates(2, 5), 1, mode, along) for mode in MODES for along in ((), (1,))],
    "ndimage_rt.slopes": [case(A(3, 4), coordinates(2, 5), 1, mode) for mode in MODES],
    "ndimage_rt.slopes_pull": [case(A(2, 5), A(3, 4), coordinates(2, 5), 1, mode) for mode in MODES],
}
