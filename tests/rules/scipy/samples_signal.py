"""Samples of the rows of scipy.signal."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..harness import Case, case
from .arrays import Arrays

_arrays = Arrays(3)
A, C = _arrays.A, _arrays.C

MODES = ("full", "same", "valid")
SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((5,), (3,)), ((4,), (4,)), ((2,), (5,)), ((6,), (2,)), ((4, 5), (2, 3)), ((3, 3), (4, 2)), ((1,), (3,))]


def convolutions(*more: dict[str, Any]) -> list[Case]:
    found = [case(A(*n), A(*m), mode, **kw) for n, m in SHAPES for mode in MODES for kw in more or ({},)
             if not (mode == "valid" and not (all(i >= j for i, j in zip(n, m)) or all(i <= j for i, j in zip(n, m))))]
    return found + [case(C(5), A(3), mode) for mode in MODES] + [case(A(4), C(3), mode) for mode in MODES] + [case(C(3, 4), C(2, 2), mode) for mode in MODES] + [
        case(A(10)[::2], A(3).T), case(A(2, 3, 4), A(2, 2, 2), "same")]


def planes() -> list[Case]:
    return [case(make(*n), make(*m), mode, boundary) for make in (A, C) for n, m in (((4, 5), (2, 3)), ((3, 3), (3, 3)), ((5, 4), (4, 1)), ((2, 3), (3, 4))) for mode in MODES
            for boundary in ("fill", "wrap", "symm")
            if not (boundary != "fill" and make is C and mode == "full") and not (mode == "valid" and n == (2, 3))] + [case(A(3, 4), A(2, 2), fillvalue=2), case(A(3, 4), A(2, 3), "same", fillvalue=2)]


def coefficients(n: int, m: int) -> tuple[Any, Any]:
    return A(n), np.concatenate(([1.5], 0.3 * A(m - 1)))


def filters(*extra: Any) -> list[Case]:
    return [case(*coefficients(n, m), A(*shape), axis) for n, m in ((3, 3), (1, 3), (3, 1), (2, 4)) for shape, axis in (((6,), -1), ((2, 5), 1), ((4, 2), 0), ((2,), 0))] + [
        case(C(3), np.array([1.5, 0.2j, -0.3]), A(5)), case(*coefficients(3, 3), C(5))]


def started() -> list[tuple[Any, ...]]:
    return [(*coefficients(n, m), A(*shape), A(*shape[:-1], max(n, m) - 1)) for n, m in ((3, 3), (1, 3), (2, 4), (3, 2)) for shape in ((6,), (2, 5), (2,), (1,))]


SAMPLES: dict[str, list[Case]] = {
    "signal.convolve": convolutions({}, {"method": "direct"}, {"method": "fft"}),
    "signal.correlate": convolutions({}, {"method": "direct"}),
    "signal.fftconvolve": convolutions() + [case(A(2, 5), A(2, 3), mode, axes=1) for mode in MODES] + [case(A(2, 5), A(1, 3), axes=[1]), case(A(1, 5), A(3, 2), "same", axes=-1)],
    "signal.oaconvolve": convolutions() + [case(A(2, 9), A(2, 3), mode, axes=1) for mode in MODES],
    "signal_rt.convolve_pull": [case(A(7), A(5), A(3)), case(A(5), A(5), A(3), "same"), case(A(3), A(3), A(5), "valid", 1), case(C(5), C(3), A(5), "same", 1), case(A(5), A(5), A(3), "same", 0, "fftconvolve")],
    "signal.convolve2d": planes(), "signal.correlate2d": planes(),
    "signal_rt.extended": [case(A(3, 4), 2, 1, boundary) for boundary in ("fill", "wrap", "symm")] + [case(A(2, 2), 3, 5, "symm"), case(A(2, 2), 3, 5, "wrap")],
    "signal_rt.extended_pull": [case(A(7, 6), A(3, 4), 2, 1, boundary) for boundary in ("fill", "wrap", "symm")],
    "signal_rt.placed_2d": [case(A(3, 4), A(3, 4), A(2, 3), "same"), case(A(2, 2), A(3, 4), A(2, 3), "valid")],
    "signal_rt.unplaced_2d": [case(A(4, 6), A(3, 4), A(2, 3), "same"), case(A(4, 6), A(3, 4), A(2, 3), "valid")],
    "signal_rt.lfilter": filters(),
    "signal_rt.lfilter_started": [case(*args) for args in started()],
    "signal_rt.lfilter_state": [],  # y is what the others make; together they are tested in test_programs
    "signal_rt.lags": [case(A(2, 5), A(2, 5), A(3)), case(A(2), A(2), A(4)), case(C(5), A(5), A(3))],
    "signal_rt.moved": [case(A(3), 1, A(5)), case(A(5), -2, A(2)), case(A(2), 3, A(3)), case(A(2, 3), 0, A(5))],
    "signal_rt.checked_sections": [case(np.array([[1.0, 2.0, 1.0, 1.0, 0.2, -0.3]]))][:0],
    "signal.detrend": [case(A(7)), case(A(7), type="constant"), case(A(2, 7), 0), case(A(8), bp=4), case(A(8), type="constant", bp=[3, 5], overwrite_data=True), case(A(12)[::2])],
    "signal.hilbert": [case(A(n)) for n in (4, 5, 2)] + [case(A(2, 5), N, axis) for N in (None, 3, 7) for axis in (0, 1)],
    "signal_rt.hilbert_pull": [case(C(4), A(4)), case(C(5, 2), A(3, 2), 5, 0)],
}
