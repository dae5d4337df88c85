"""Helpers of rows on whole arrays: contributions that do not fit a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def last_wins(x: Any, index: Any, g: Any) -> Any:
    """g, with 0 where a later element of the (repeated) index writes the same element of x.

    >>> last_wins(np.zeros(3), [0, 0, 1], np.array([1.0, 2.0, 3.0]))
    array([0., 2., 3.])
    """
    g = np.asarray(g)
    if isinstance(index, list) and all(isinstance(i, (int, np.integer)) and i >= 0 for i in index) and len(set(index)) == len(index):
        return g.copy()
    number = np.arange(g.size).reshape(g.shape)
    owner = np.full(np.shape(x), -1)
    owner[index] = number
    return np.where(owner[index] == number, g, np.zeros((), g.dtype))


def prod_others(x: Any, axis: Any = None) -> Any:
    """For each element the product of all others along axis: right where elements are zero.

    >>> prod_others(np.array([2.0, 3.0, 0.0]))
    array([0., 0., 6.])
    """
    x = np.asarray(x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    order = kept + axes
    moved = np.transpose(x, order)
    flat = moved.reshape(*(x.shape[a] for a in kept), math.prod(x.shape[a] for a in axes))
    before, after = np.ones_like(flat), np.ones_like(flat)
    if flat.shape[-1] > 1:
        before[..., 1:] = np.cumprod(flat[..., :-1], axis=-1)
        after[..., :-1] = np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    return np.transpose((before * after).reshape(moved.shape), np.argsort(order))


def cumprod_pull(g: Any, x: Any, axis: Any = None) -> Any:
    """The contribution of np.cumprod: exact where elements are zero (one pass per element along the axis)."""
    x, g = np.asarray(x), np.asarray(g)
    shape = x.shape
    if axis is None:
        x, g, axis = x.ravel(), g.ravel(), 0
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    result = np.zeros(x.shape, np.result_type(x, g))
    before = np.ones(x.shape[:-1], x.dtype)
    for k in range(x.shape[-1]):
        tail = x[..., k:].copy()
        tail[..., 0] = before
        result[..., k] = np.sum(g[..., k:] * np.cumprod(tail, axis=-1), axis=-1)
        before = before * x[..., k]
    return np.moveaxis(result, -1, axis).reshape(shape)


def diff_pull(g: Any, n: int = 1, axis: int = -1) -> Any:
    """The transpose of np.diff.

    >>> diff_pull(np.array([1.0, 5.0]))
    array([-1., -4.,  5.])
    """
    for _ in range(n):
        edge = [(0, 0)] * g.ndim
        edge[axis] = (1, 1)
        g = -np.diff(np.pad(g, edge), axis=axis)
    return g


def unsort(g: Any, order: Any, axis: Any = -1) -> Any:
    """The transpose of taking along an axis in the order of argsort.

    >>> unsort(np.array([10.0, 20.0, 30.0]), np.array([2, 0, 1]))
    array([20., 30., 10.])
    """
    result = np.empty_like(g)
    if axis is None:
        result[order] = g
    else:
        np.put_along_axis(result, order, g, axis)
    return result


def tile_pull(g: Any, x: Any, reps: Any) -> Any:
    """The transpose of np.tile: the sum over the copies."""
    shape = np.shape(x)
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    ndim = max(len(shape), len(reps))
    full = (1,) * (ndim - len(shape)) + shape
    reps = (1,) * (ndim - len(reps)) + reps
    split = [n for pair in zip(reps, full) for n in pair]
    return g.reshape(split).sum(axis=tuple(range(0, 2 * ndim, 2))).reshape(shape)


def repeat_pull(g: Any, x: Any, repeats: Any, axis: Any = None) -> Any:
    """The transpose of np.repeat: the sum over the repetitions."""
    shape = np.shape(x)
    along = 0 if axis is None else axis
    length = int(np.prod(shape)) if axis is None else shape[axis]
    owner = np.repeat(np.arange(length), repeats)
    moved = np.moveaxis(g, along, 0)
    result = np.zeros((length, *moved.shape[1:]), g.dtype)
    np.add.at(result, owner, moved)
    return np.moveaxis(result, 0, along).reshape(shape)


_WELL_CONDITIONED = 1e8  # the square of a condition number: up to here an inverse loses four digits at most; singular values lose none


def adjugate(x: Any, det: Any) -> Any:
    """The derivative of the determinant det: the transposed adjugate (cofactors), also of singular matrices.

    det times the transposed inverse where that is accurate. Otherwise from x = u s v: cofactors = det(u) det(v) u (products of
    the other singular values) v.
    """
    if np.ndim(x) == 2 and x.dtype.char in "dD" and 1e-290 < abs(det) < 1e290:  # it has not lost digits itself
        try:
            inverse = np.linalg.inv(x)
        except np.linalg.LinAlgError:
            pass
        else:
            if abs(np.vdot(x, x) * np.vdot(inverse, inverse)) < _WELL_CONDITIONED:
                return det * inverse.T
    u, s, v = np.linalg.svd(x)
    det = np.linalg.det(u) * np.linalg.det(v)
    return det[..., None, None] * (np.conj(u) * prod_others(s, -1)[..., None, :]) @ np.conj(v)


def norm_pull(x: Any, y: Any, g: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The contribution of np.linalg.norm for orders other than the Euclidean one; 0 where the norm is 0."""
    return _norm_pull(np.asarray(x), y, g, ord, axis, keepdims).astype(np.asarray(x).dtype)


def _norm_pull(x: Any, y: Any, g: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if not keepdims:
        y, g = np.expand_dims(y, axes), np.expand_dims(g, axes)
    matrix = len(axes) == 2
    size = np.abs(x)
    if not matrix:
        if ord in (np.inf, -np.inf):
            chosen = size == y
            return g * np.sign(x) * chosen / chosen.sum(axis=axes, keepdims=True)
        if ord == 0:
            return np.zeros_like(x)
        with np.errstate(all="ignore"):
            slope = np.sign(x) * (size / y) ** (ord - 1)
            return g * np.where((y == 0) | ((size == 0) & (ord <= 1)), 0, slope)
    if ord in (1, -1, np.inf, -np.inf):
        across, along = (axes[0], axes[1]) if abs(ord) == 1 else (axes[1], axes[0])
        sums = size.sum(axis=across, keepdims=True)
        chosen = sums == y
        return g * np.sign(x) * chosen / chosen.sum(axis=along, keepdims=True)
    moved = np.moveaxis(x, axes, (-2, -1))
    u, s, v = np.linalg.svd(moved, full_matrices=False)
    if ord == "nuc":
        weight = (s > 0).astype(s.dtype)
    else:
        best = s == (s.max(axis=-1, keepdims=True) if ord == 2 else s.min(axis=-1, keepdims=True))
        weight = best / best.sum(axis=-1, keepdims=True)
    return g * np.moveaxis((u * weight[..., None, :]) @ v, (-2, -1), axes)


def prod_others_pull(g: Any, x: Any, axis: Any = None) -> Any:
    """The transposed derivative of `prod_others`: products of all but two, one pass per element along the axes."""
    x, g = np.asarray(x), np.asarray(g)
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    order = kept + axes
    shape = np.transpose(x, order).shape
    flat, down = (np.transpose(a, order).reshape(*(x.shape[k] for k in kept), math.prod(x.shape[k] for k in axes)) for a in (x, g))
    result = np.zeros(flat.shape, np.result_type(x, g))
    for k in range(flat.shape[-1]):
        rest = flat.copy()
        rest[..., k] = 1
        others = prod_others(rest, -1)
        others[..., k] = 0
        result += others * down[..., k, None]
    return np.transpose(result.reshape(shape), np.argsort(order))


def unique_pull(g: Any, x: Any) -> Any:
    """The contribution of np.unique: equal elements share the cotangent of their value."""
    _, places, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (g / counts)[places].reshape(np.shape(x)).astype(g.dtype)


def median_share(x: Any, axis: Any = None) -> Any:
    """The share of each element in the median: 1 for the middle one, or one half for each of the two in the middle."""
    x = np.asarray(x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    order = kept + axes
    moved = np.transpose(x, order)
    flat = moved.reshape(*(x.shape[a] for a in kept), -1)
    ranks = np.argsort(flat, axis=-1, kind="stable")
    result = np.zeros(flat.shape, x.dtype if x.dtype.kind == "f" else np.float64)
    n = flat.shape[-1]
    for k in {(n - 1) // 2, n // 2}:
        np.put_along_axis(result, ranks[..., k : k + 1], 1.0 if n % 2 else 0.5, axis=-1)
    return np.transpose(result.reshape(moved.shape), np.argsort(order))


def trapezoid_pull(g: Any, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The contribution of np.trapezoid (np.trapz before NumPy 2) to y."""
    shape = np.shape(y)
    n = shape[axis]
    if x is None:
        widths = np.full(n - 1, dx)
    else:
        widths = np.diff(x, axis=axis if np.ndim(x) > 1 else -1)
    if np.ndim(widths) > 1:
        widths = np.moveaxis(widths, axis, -1)
    weights = np.zeros((*np.shape(widths)[:-1], n))
    weights[..., 1:] += widths / 2
    weights[..., :-1] += widths / 2
    result = np.moveaxis(np.expand_dims(g, -1) * weights, -1, axis) if len(shape) > 1 else g * weights
    return result.astype(np.asarray(g).dtype)


def diagonal_pull(g: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The transpose of np.diagonal: g on the diagonal, zeros elsewhere."""
    result = np.zeros(np.shape(x), g.dtype)
    view = np.moveaxis(result, (axis1, axis2), (-2, -1))
    n = np.shape(g)[-1]
    k = np.arange(n)
    view[..., k + max(-offset, 0), k + max(offset, 0)] = g
    return result


def pad_pull(g: Any, x: Any, pad_width: Any) -> Any:
    """The transpose of np.pad with constants: the middle."""
    shape = np.shape(x)
    widths = np.broadcast_to(np.asarray(pad_width), (len(shape), 2))
    return g[tuple(slice(int(before), int(before) + n) for (before, _), n in zip(widths, shape))]


def repeated_pull(g: Any, x: Any, pad_width: Any, mode: str) -> Any:
    """The transpose of np.pad with a mode that repeats elements: each gets what arrives at its copies."""
    shape = np.shape(x)
    sources = np.pad(np.arange(int(np.prod(shape))).reshape(shape), pad_width, mode)  # type: ignore[call-overload]
    result = np.zeros(int(np.prod(shape)), g.dtype)
    np.add.at(result, sources.ravel(), g.ravel())
    return result.reshape(shape)


def slopes(x: Any, spacing: Any, axis: int) -> Any:
    """np.gradient along one axis; `spacing` is a distance, or coordinates.

    >>> slopes(np.array([1.0, 4.0, 9.0]), 1.0, 0)
    array([3., 4., 5.])
    """
    return np.gradient(x, spacing, axis=axis)


def slopes_pull(g: Any, x: Any, spacing: Any, axis: int) -> Any:
    """The transpose of x -> slopes(x, spacing, axis)."""
    g = np.moveaxis(g, axis, -1)
    n = g.shape[-1]
    result = np.zeros(g.shape, g.dtype)
    steps = np.broadcast_to(spacing, n - 1) if np.ndim(spacing) == 0 else np.diff(spacing)
    before, after, inner = steps[:-1], steps[1:], g[..., 1:-1]
    result[..., :-2] -= inner * (after / (before * (before + after)))
    result[..., 1:-1] += inner * ((after - before) / (before * after))
    result[..., 2:] += inner * (before / (after * (before + after)))
    for end, other, step in ((0, 1, steps[0]), (-1, -2, -steps[-1])):
        result[..., end] -= g[..., end] / step
        result[..., other] += g[..., end] / step
    return np.moveaxis(result, -1, axis)


def convolve_pull(g: Any, x: Any, v: Any, mode: str = "full") -> Any:
    """The transpose of x -> np.convolve(x, v, mode)."""
    n, m = np.size(x), np.size(v)
    full = np.zeros(n + m - 1, g.dtype)
    first = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]
    full[first:first + len(g)] = g
    return np.convolve(full, v[::-1], "full")[m - 1:m - 1 + n].reshape(np.shape(x))


def put_along(g: Any, x: Any, indices: Any, axis: int) -> Any:
    """The transpose of np.take_along_axis: repeated indices accumulate."""
    result = np.zeros(np.shape(x), g.dtype)
    if axis is None:
        np.add.at(result.reshape(-1), indices, g)
        return result
    grid = list(np.ogrid[tuple(slice(n) for n in np.shape(indices))])
    grid[axis] = indices
    np.add.at(result, tuple(grid), g)
    return result


def kron_pull(g: Any, x: Any, y: Any, which: int) -> Any:
    """The contribution of np.kron to its first (which = 0) or second factor."""
    ndim = max(np.ndim(x), np.ndim(y))
    a = np.reshape(x, (1,) * (ndim - np.ndim(x)) + np.shape(x))
    b = np.reshape(y, (1,) * (ndim - np.ndim(y)) + np.shape(y))
    parts = np.reshape(g, [n for pair in zip(a.shape, b.shape) for n in pair])
    if which == 0:
        spread = np.reshape(b, [n for m in b.shape for n in (1, m)])
        return np.sum(parts * spread, axis=tuple(range(1, 2 * ndim, 2))).reshape(np.shape(x))
    spread = np.reshape(a, [n for m in a.shape for n in (m, 1)])
    return np.sum(parts * spread, axis=tuple(range(0, 2 * ndim, 2))).reshape(np.shape(y))


def cholesky_pull(g: Any, y: Any) -> Any:
    """The contribution of y = np.linalg.cholesky(x), symmetric (Murray 2016, equation 9)."""
    turned = np.swapaxes(y, -1, -2)
    inner = np.tril(turned @ np.tril(g))
    inner = inner - 0.5 * np.eye(y.shape[-1], dtype=y.dtype) * inner
    half = np.linalg.solve(turned, np.swapaxes(np.linalg.solve(turned, np.swapaxes(inner, -1, -2)), -1, -2))
    return 0.5 * (half + np.swapaxes(half, -1, -2))


def eigh_pull(g_values: Any, g_vectors: Any, values: Any, vectors: Any) -> Any:
    """The contribution of np.linalg.eigh, symmetric; the terms of equal eigenvalues are dropped."""
    gaps = values[..., None, :] - values[..., :, None]
    scale = np.max(np.abs(values), axis=-1, initial=0.0)[..., None, None]
    equal = np.abs(gaps) <= 8 * np.finfo(values.dtype).eps * scale
    inner = np.swapaxes(vectors, -1, -2) @ g_vectors * np.where(equal, 0, 1 / np.where(equal, 1, gaps))
    inner = inner + g_values[..., None, :] * np.eye(values.shape[-1], dtype=values.dtype)
    result = vectors @ inner @ np.swapaxes(vectors, -1, -2)
    return 0.5 * (result + np.swapaxes(result, -1, -2))


def eigvalsh_pull(g: Any, a: Any) -> Any:
    """The contribution of np.linalg.eigvalsh."""
    _, vectors = np.linalg.eigh(a)
    return vectors * g[..., None, :] @ np.swapaxes(vectors, -1, -2)


def interp_slope(x: Any, xp: Any, fp: Any) -> Any:
    """The slope of np.interp at x; at a node that of the interval to its right, outside 0."""
    xp, fp = np.asarray(xp), np.asarray(fp)
    k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
    slope = (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k])
    return np.where((x < xp[0]) | (x > xp[-1]), 0, slope)[()]


def interp_pull(g: Any, x: Any, xp: Any, fp: Any) -> Any:
    """The contribution of np.interp to the values at the nodes."""
    xp = np.asarray(xp)
    x, g = np.ravel(np.clip(x, xp[0], xp[-1])), np.ravel(g)
    k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
    t = (x - xp[k]) / (xp[k + 1] - xp[k])
    result = np.zeros(len(xp), g.dtype)
    np.add.at(result, k, g * (1 - t))
    np.add.at(result, k + 1, g * t)
    return result
