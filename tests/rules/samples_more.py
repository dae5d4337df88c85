"""Sample arguments for the rows of Fourier transforms, of decompositions, and of what has no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from .harness import Case, Const, Fixed, case

rng = np.random.default_rng(17)


def A(*shape: int) -> Any:
    return rng.uniform(-2, 2, size=shape)


def C(*shape: int) -> Any:
    return A(*shape) + 1j * A(*shape)


def G(n: int, *stack: int) -> Any:
    """A matrix whose eigenvalues are apart."""
    return rng.uniform(-1, 1, size=(*stack, n, n)) + 3 * np.diag(np.arange(1.0, n + 1))


MASK = np.array([True, False, True])
_FFT = [case(A(5)), case(C(5)), case(A(2, 4), 6, 0), case(C(2, 4), 3, norm="ortho"), case(A(1)), case(C(2, 5), axis=0, norm="forward")]
MORE: dict[str, list[Case]] = {
    "np.fft.fft": _FFT, "np.fft.ifft": _FFT, "np.fft.rfft": [case(A(5)), case(A(2, 6), norm="ortho"), case(A(4, 3), 7, 0), case(A(6), 3, norm="forward"), case(A(1))],
    "np.fft.irfft": [case(C(4)), case(C(4), 7), case(C(2, 3), 5, 1, "ortho"), case(C(5, 2), 6, 0, "forward"), case(A(4)), case(C(2), 1)],
    "np.fft.fftshift": [case(A(5)), case(A(2, 3), 1), case(C(4, 3), (0, 1))], "np.fft.ifftshift": [case(A(5)), case(A(2, 3), (0,))],
    "np.fft.fftfreq": [case(5, 0.7)], "np.fft.rfftfreq": [case(5, np.float64(0.7))],
    "rt.rfft_pull": [case(C(3), Fixed(A(5)), None, -1, None), case(C(3), Fixed(A(3)), 4, 0, "ortho")], "rt.irfft_pull": [case(A(6), Fixed(C(4)), -1, None), case(A(5), Fixed(C(3)), 0, "forward")],
    "rt.resized": [case(A(5), Fixed(A(3)), 0), case(C(2, 3), Fixed(C(2, 5)), 1)], "rt.apart": [case(A(3))], "rt.largest_component": [case(C(3, 3))],
    "np.linalg.svd": [case(A(3, 3), False, False), case(A(2, 3, 2), compute_uv=False), case(A(3, 2), False), case(A(2, 3), full_matrices=False), case(A(2, 3, 3))],
    "np.linalg.pinv": [case(A(3, 2)), case(A(2, 3)), case(A(2, 3, 3)), case(C(3, 2))],
    "rt.lstsq": [case(A(4, 2), A(4)), case(A(2, 4), A(2, 3)), case(C(4, 2), C(4)), case(A(3, 3), A(3), Const(1e-10))],
    "rt.lstsq_rank": [case(A(4, 2), A(4))], "rt.cutoff": [case(A(4, 2))],
    "np.linalg.qr": [case(A(4, 2)), case(A(2, 4)), case(A(3, 3)), case(A(2, 3, 3)), case(A(4, 2), mode="r"), case(C(4, 2))],
    "rt.eig": [case(G(3)), case(G(3) + 1j * A(3, 3)), case(G(2, 2))], "rt.eigvals": [case(G(3)), case(np.array([[1.0, -2.0], [2.5, 0.5]])), case(G(2) + 1j * A(2, 2))],
    "rt.bessel_i": [case(A(3), 0), case(1.5, 2), case(np.float64(-0.7), 1)], "np.i0": [case(A(3)), case(1.5), case(A(2, 3)), case(A(0))],
    "np.partition": [case(A(5), 2), case(A(2, 4), 1, axis=0), case(A(2, 4), 2)],
    **dict.fromkeys(("np.isin", "np.in1d"), [case(A(3), A(2))]), **dict.fromkeys(("np.iscomplex", "np.isreal", "np.isposinf", "np.isneginf"), [case(A(3))]),
    "rt.chosen": [case(A(3), A(3), Const(1.0))], "np.array_equiv": [case(A(3), A(3))], "np.argpartition": [case(A(5), 2), case(A(3, 2), 1, axis=0), case(A(2, 3), 4, axis=None)], "np.tri": [case(3), case(2, 4, 1)],
    **dict.fromkeys(("np.tril_indices", "np.triu_indices"), [case(3), case(3, 1)]), **dict.fromkeys(("np.tril_indices_from", "np.triu_indices_from"), [case(A(3, 3))]),
    "np.diag_indices": [case(3)], "np.diag_indices_from": [case(A(3, 3))], **dict.fromkeys(("np.bartlett", "np.blackman", "np.hamming", "np.hanning"), [case(5), case(1)]),
    **dict.fromkeys(("rt.unique_index", "rt.unique_inverse", "rt.unique_counts"), [case(A(4)), case(A(2, 2))]),
}
for _name in sorted(dir(np)):
    _ufunc = getattr(np, _name)
    if isinstance(_ufunc, np.ufunc) and _ufunc.__name__ == _name and _ufunc.signature is None and (_ufunc.nin, _ufunc.nout) == (2, 1) and "dd->d" not in _ufunc.types and _name != "ldexp":
        _whole = _name.startswith(("bitwise", "left", "right", "gcd", "lcm"))
        _x = np.array([[3, 5, 2], [1, 4, 6]]) if _whole else A(2, 3) > 0
        MORE |= {f"np.{_name}.accumulate": [case(_x)], f"np.{_name}.reduceat": [case(_x, [0, 1])]}
        if _name not in ("logical_and", "logical_or"):  # which are np.all and np.any
            MORE[f"np.{_name}.reduce"] = [case(_x), case(_x, axis=1)]
