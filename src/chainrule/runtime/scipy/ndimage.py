"""Helpers of the rows of scipy.ndimage.

A filter is a correlation of the array, extended over its edges as `mode` says, with weights. Its transpose spreads the cotangent with the weights, and
adds what falls beyond the edges to the elements that the extension has copied.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy import ndimage

# The words of np.pad for the same extensions; constants belong to no element.
_MODES = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap", "grid-wrap": "wrap"}


def _cast(result: Any, x: Any) -> Any:
    x = np.asarray(x)
    return (result.real if x.dtype.kind != "c" and result.dtype.kind == "c" else result).astype(x.dtype, copy=False)


def _sources(n: int, left: int, right: int, mode: str) -> Any:
    """For each element of an extended axis the element that it copies; -1 for none."""
    if mode in ("constant", "grid-constant"):
        return np.concatenate((np.full(left, -1), np.arange(n), np.full(right, -1)))
    words: Any = _MODES[mode]
    return np.pad(np.arange(n), (left, right), mode=words)


def _extended(x: Any, axis: int, left: int, right: int, mode: str, cval: Any) -> Any:
    sources = _sources(x.shape[axis], left, right, mode)
    result = np.take(x, sources, axis)
    if mode in ("constant", "grid-constant"):
        np.moveaxis(result, axis, 0)[sources < 0] = cval
    return result


def _folded(g: Any, axis: int, n: int, left: int, mode: str) -> Any:
    """The transpose of `_extended`."""
    g = np.moveaxis(g, axis, 0)
    result = g[left:left + n].copy()
    if mode not in ("constant", "grid-constant"):
        sources = _sources(n, left, len(g) - n - left, mode)
        beyond = np.r_[0:left, left + n:len(g)]
        np.add.at(result, sources[beyond], g[beyond])
    return np.moveaxis(result, 0, axis)


def _whole(x: Any, weights: Any, mode: Any, origin: Any, axes: Any, turned: bool) -> tuple[Any, list[Any], list[int]]:
    """The weights that are correlated, with an axis for each of x, the modes, and what each axis is extended by on the left."""
    ndim = np.ndim(x)
    along = list(range(ndim)) if axes is None else [axis % ndim for axis in np.atleast_1d(axes)]
    origins = [0] * ndim
    modes = ["reflect"] * ndim
    given = origin if np.ndim(origin) else [origin] * len(along)
    words = [mode] * len(along) if isinstance(mode, str) else list(mode)
    weights = np.flip(weights) if turned else np.conj(weights)
    if len(along) == ndim:
        along = list(range(ndim))  # SciPy then ignores the order of `axes`
    shape = [1] * ndim
    for axis, size in zip(sorted(along), weights.shape):  # and leaves the axes of weights in order always, but not those of `origin`
        shape[axis] = size
    for axis, shift, word in zip(along, given, words):
        origins[axis] = shift if not turned else -shift - (shape[axis] % 2 == 0)
        modes[axis] = word
    weights = weights.reshape(shape)
    return weights, modes, [size // 2 + shift for size, shift in zip(shape, origins)]


def filter_pull(g: Any, x: Any, weights: Any, mode: Any = "reflect", origin: Any = 0, axes: Any = None, turned: bool = False) -> Any:
    """The transpose of x -> correlate(x, weights, ...), or of convolve (turned)."""
    weights, modes, left = _whole(x, weights, mode, origin, axes, turned)
    if 0 in g.shape:
        return np.zeros_like(x)
    spread = np.pad(g, [(k // 2, k - 1 - k // 2) for k in weights.shape])
    spread = ndimage.convolve(spread.astype(np.result_type(spread, weights), copy=False), weights, mode="constant")
    for axis, (n, before) in enumerate(zip(np.shape(x), left)):
        if weights.shape[axis] > 1:
            spread = _folded(spread, axis, n, before, modes[axis])
    return _cast(spread, x)


def weights_pull(g: Any, x: Any, weights: Any, mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, axes: Any = None, turned: bool = False) -> Any:
    """The transpose of weights -> correlate(x, weights, ...), or of convolve (turned)."""
    x = np.asarray(x)
    whole, modes, left = _whole(x, weights, mode, origin, axes, turned)
    for axis, (k, before) in enumerate(zip(whole.shape, left)):
        if k > 1:
            x = _extended(x, axis, before, k - 1 - before, modes[axis], cval)
    result = np.empty(whole.shape, np.result_type(g, x))
    for place in np.ndindex(*whole.shape):
        result[place] = np.sum(g * x[tuple(slice(k, k + n) for k, n in zip(place, g.shape))])
    result = result.reshape(np.shape(weights))
    return _cast(np.flip(result) if turned else np.conj(result), weights)


def filter1d_pull(g: Any, x: Any, weights: Any, axis: int = -1, mode: str = "reflect", origin: int = 0, turned: bool = False) -> Any:
    """The transpose of x -> correlate1d(x, weights, ...), or of convolve1d (turned)."""
    return filter_pull(g, x, np.asarray(weights), mode, origin, (axis,), turned)


def weights1d_pull(g: Any, x: Any, weights: Any, axis: int = -1, mode: str = "reflect", cval: Any = 0.0, origin: int = 0, turned: bool = False) -> Any:
    """The transpose of weights -> correlate1d(x, weights, ...), or of convolve1d (turned)."""
    return weights_pull(g, x, np.asarray(weights), mode, cval, origin, (axis,), turned)


def gaussian1d_pull(g: Any, x: Any, sigma: float, axis: int = -1, order: int = 0, mode: str = "reflect", truncate: float = 4.0, radius: Any = None) -> Any:
    """The transpose of x -> gaussian_filter1d(x, sigma, axis, order, mode=mode, truncate=truncate, radius=radius)."""
    reach = int(truncate * float(sigma) + 0.5) if radius is None else radius
    impulse = np.zeros(2 * reach + 1)
    impulse[reach] = 1.0
    more = {} if radius is None else {"radius": radius}
    weights = ndimage.gaussian_filter1d(impulse, sigma, order=order, mode="constant", truncate=truncate, **more)[::-1]
    return filter1d_pull(g, x, weights, axis, mode)


def uniform1d_pull(g: Any, x: Any, size: int, axis: int = -1, mode: str = "reflect", origin: int = 0) -> Any:
    """The transpose of x -> uniform_filter1d(x, size, axis, mode=mode, origin=origin)."""
    return filter1d_pull(g, x, np.full(size, 1.0 / size), axis, mode, origin)


# -- interpolation between the elements of an array ----------------------------------------------------------------------------


def _inside(places: Any, n: int, mode: str) -> tuple[Any, Any]:
    """Elements of an axis -> the elements that stand there, and whether there is one."""
    if mode in ("reflect", "grid-mirror"):
        places = places % (2 * n)
        return np.where(places < n, places, 2 * n - 1 - places), True
    if mode == "mirror":
        places = places % max(2 * n - 2, 1)
        return np.where(places < n, places, 2 * n - 2 - places), True
    if mode == "grid-wrap":
        return places % n, True
    return np.clip(places, 0, n - 1), (places >= 0) & (places < n) if mode == "grid-constant" else True


def _corners(shape: Any, coordinates: Any, order: int, mode: str, along: tuple[int, ...]) -> Any:
    """The elements around each point: where they are, how they weigh (of the derivative along these axes), whether there is one."""
    coordinates = np.asarray(coordinates)
    if len(set(along)) < len(along) or (along and order == 0):
        return
    if order == 0:  # SciPy says where each value stands
        found = ndimage.map_coordinates(np.arange(np.prod(shape), dtype=float).reshape(shape), coordinates, order=0, mode=mode, cval=-1.0).astype(int)
        yield np.unravel_index(np.maximum(found, 0), shape), 1.0, found >= 0
        return
    there: Any = True
    axes = []
    for axis, n in enumerate(shape):
        c = coordinates[axis].astype(float)
        if mode == "constant":
            there = there & (c >= 0) & (c <= n - 1)
        if mode == "wrap" and n > 1:
            c = np.where(c < 0, n - 1 - -c % (n - 1), np.where(c > n - 1, c % (n - 1), c))
        low = np.floor(c).astype(int)
        if mode == "constant":
            low = np.clip(low, 0, max(n - 2, 0))
        part = c - low
        axes.append([(low, -1.0), (low + 1, 1.0)] if axis in along else [(low, 1 - part), (low + 1, part)])
    for corner in itertools.product(*axes):
        index, weight, exists = [], 1.0, there
        for (places, factor), n in zip(corner, shape):
            found, is_there = _inside(places, n, mode)
            index.append(found)
            weight = weight * factor
            exists = exists & is_there
        yield tuple(index), weight, exists


def interpolated(x: Any, coordinates: Any, order: int = 1, mode: str = "constant", cval: Any = 0.0, along: tuple[int, ...] = ()) -> Any:
    """map_coordinates, or its derivative along some of the coordinates."""
    x = np.asarray(x)
    result = np.zeros(np.shape(coordinates)[1:], x.dtype)
    for index, weight, exists in _corners(x.shape, coordinates, order, mode, along):
        outside = cval if mode == "grid-constant" else 0.0
        result = result + weight * np.where(exists, x[index], outside)
    if mode == "constant" and not along and np.ndim(cval) == 0 and cval != 0:
        c = np.asarray(coordinates)
        outer = np.any([(c[k] < 0) | (c[k] > n - 1) for k, n in enumerate(x.shape)], axis=0)
        result = np.where(outer, cval, result)
    return np.asarray(result).astype(x.dtype)


def interpolate_pull(g: Any, x: Any, coordinates: Any, order: int = 1, mode: str = "constant", along: tuple[int, ...] = ()) -> Any:
    """The transpose of `interpolated` in x."""
    result = np.zeros(np.shape(x), np.result_type(g, np.float32))
    for index, weight, exists in _corners(np.shape(x), coordinates, order, mode, along):
        np.add.at(result, index, np.where(exists, weight * g, 0.0))
    return _cast(result, x)


def slopes(x: Any, coordinates: Any, order: int = 1, mode: str = "constant", cval: Any = 0.0, along: tuple[int, ...] = ()) -> Any:
    """The derivatives of `interpolated` along each of the coordinates."""
    return np.stack([interpolated(x, coordinates, order, mode, cval, (*along, axis)) for axis in range(np.ndim(x))])


def slopes_pull(g: Any, x: Any, coordinates: Any, order: int = 1, mode: str = "constant", along: tuple[int, ...] = ()) -> Any:
    """The transpose of `slopes` in x."""
    result: Any = 0
    for axis in range(np.ndim(x)):
        result = result + interpolate_pull(g[axis], x, coordinates, order, mode, (*along, axis))
    return result


__all__ = ["filter1d_pull", "filter_pull", "gaussian1d_pull", "interpolate_pull", "interpolated", "slopes", "slopes_pull", "uniform1d_pull", "weights1d_pull", "weights_pull"]
