"""Helpers of the rows of scipy.fft: transposes of transforms along several axes. What they give has the shape and dtype of x."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import fft

_TURNED: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def fitted(g: Any, x: Any) -> Any:
    """g cut off, or filled up with zeros, to the shape of x: its own transpose.

    >>> fitted(np.array([[1.0, 2.0]]), np.zeros((2, 1)))
    array([[1.],
           [0.]])
    """
    if np.shape(g) == np.shape(x):
        return g
    result = np.zeros(np.shape(x), g.dtype)
    both = tuple(slice(0, min(n, m)) for n, m in zip(np.shape(g), np.shape(x)))
    result[both] = g[both]
    return result


def _cast(result: Any, x: Any) -> Any:
    x = np.asarray(x)
    return (result.real if x.dtype.kind != "c" and result.dtype.kind == "c" else result).astype(x.dtype, copy=False)


def _axes(x: Any, s: Any, axes: Any) -> tuple[int, ...]:
    if axes is None:
        count = np.ndim(x) if s is None else np.size(s)
        return tuple(range(np.ndim(x) - count, np.ndim(x)))
    return tuple(axis % np.ndim(x) for axis in np.atleast_1d(axes))


def fftn_pull(g: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transpose of x -> fftn(x, s, axes, norm)."""
    return _cast(fitted(fft.fftn(g, axes=_axes(x, s, axes), norm=norm), x), x)


def ifftn_pull(g: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transpose of x -> ifftn(x, s, axes, norm)."""
    return _cast(fitted(fft.ifftn(g, axes=_axes(x, s, axes), norm=norm), x), x)


def rfftn_pull(g: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transpose of x -> rfftn(x, s, axes, norm): half of a spectrum makes a real signal."""
    *others, last = _axes(x, s, axes)
    n = np.shape(x)[last] if s is None else np.atleast_1d(s)[-1]
    g = np.conj(np.moveaxis(fft.fftn(g, axes=others, norm=norm) if others else g, last, -1))
    inner = g[..., 1:(n + 1) // 2]
    g = np.concatenate((g[..., :1], 0.5 * inner, g[..., 1 + inner.shape[-1]:]), axis=-1)
    return _cast(fitted(np.moveaxis(fft.irfft(g, n, -1, _TURNED[norm]), -1, last), x), x)


def irfftn_pull(g: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transpose of x -> irfftn(x, s, axes, norm)."""
    *others, last = _axes(x, s, axes)
    n = np.shape(g)[last]
    result = np.moveaxis(np.conj(fft.rfft(g, n, last, _TURNED[norm])), last, -1)
    result[..., 1:(n + 1) // 2] *= 2
    result = np.moveaxis(result, -1, last)
    return _cast(fitted(fft.ifftn(result, axes=others, norm=norm) if others else result, x), x)


_PARTNER = {1: 1, 2: 3, 3: 2, 4: 4}
# Before SciPy 1.12, sine transforms that are made orthogonal scale their first element, where the last one is meant: they are not orthogonal.
_FIRST_OF_SINES = abs(fft.dst(np.array([1.0, 3.0]), 2, orthogonalize=True)[0] - fft.dst(np.array([1.0, 3.0]), 2, orthogonalize=False)[0]) > 1e-9


def _real_pull(name: str, g: Any, x: Any, type: int, s: Any, axes: Any, norm: Any, orthogonalize: Any) -> Any:
    """The transposes of cosine and sine transforms are those of the partner type, up to factors at the ends.

    As sums, the second type weighs all elements alike and the third one all but one; so do the first ones with their ends.
    """
    along = _axes(x, s, axes)
    scaled = norm == "ortho" if orthogonalize is None else orthogonalize
    sums = type if name.startswith("d") else _PARTNER[type]  # the inverse is a transform of the partner type
    end = 0 if name.endswith("ct") else -1
    g = np.array(g)

    def scale(k: int, factor: float) -> None:
        for axis in along:
            g[(slice(None),) * axis + (k,)] *= factor

    ends_of_first = sums == 1 and name.endswith("ct")
    wrong = _FIRST_OF_SINES and scaled and name.endswith("st") and sums in (2, 3)
    if wrong:
        orthogonalize = False
    if not scaled or wrong:
        if sums == 2 or ends_of_first:
            scale(end, 2.0)
        if ends_of_first:
            scale(-1, 2.0)
        if wrong and sums == 2:
            scale(0, 0.5 ** 0.5)
    g = getattr(fft, f"{name}n")(g, type=_PARTNER[type], axes=along, norm=norm, orthogonalize=orthogonalize)
    if not scaled or wrong:
        if sums == 3 or ends_of_first:
            scale(end, 0.5)
        if ends_of_first:
            scale(-1, 0.5)
        if wrong and sums == 3:
            scale(0, 2.0 ** 0.5)
    return _cast(fitted(g, x), x)


def dctn_pull(g: Any, x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, orthogonalize: Any = None) -> Any:
    """The transpose of x -> dctn(x, type, s, axes, norm, orthogonalize=orthogonalize)."""
    return _real_pull("dct", g, x, type, s, axes, norm, orthogonalize)


def idctn_pull(g: Any, x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, orthogonalize: Any = None) -> Any:
    """The transpose of x -> idctn(x, type, s, axes, norm, orthogonalize=orthogonalize)."""
    return _real_pull("idct", g, x, type, s, axes, norm, orthogonalize)


def dstn_pull(g: Any, x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, orthogonalize: Any = None) -> Any:
    """The transpose of x -> dstn(x, type, s, axes, norm, orthogonalize=orthogonalize)."""
    return _real_pull("dst", g, x, type, s, axes, norm, orthogonalize)


def idstn_pull(g: Any, x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, orthogonalize: Any = None) -> Any:
    """The transpose of x -> idstn(x, type, s, axes, norm, orthogonalize=orthogonalize)."""
    return _real_pull("idst", g, x, type, s, axes, norm, orthogonalize)


__all__ = ["dctn_pull", "dstn_pull", "fftn_pull", "fitted", "idctn_pull", "idstn_pull", "ifftn_pull", "irfftn_pull", "rfftn_pull"]
