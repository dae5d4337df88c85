"""Helpers of rows on whole arrays: contributions that do not fit a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .pointwise import divide_or_zero, sign, ties


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


def _products(x: Any, directions: tuple[Any, ...], start: list[Any] | None = None) -> list[Any]:
    """The products of the first 0, 1, ..., n elements along the last axis, differentiated along some of the directions each.

    Item m is the derivative along those directions whose bit is set in m. start: what the products begin with, 1 otherwise.
    """
    dtype = np.result_type(x, *directions)
    made = [np.zeros((*x.shape[:-1], x.shape[-1] + 1), dtype) for _ in range(1 << len(directions))]
    for m, product in enumerate(made):
        product[..., 0] = start[m] if start is not None else m == 0
    if not directions:
        made[0][..., 1:] = x
        return [np.cumprod(made[0], axis=-1, dtype=dtype)]
    for k in range(x.shape[-1]):
        for m, product in enumerate(made):
            product[..., k + 1] = product[..., k] * x[..., k]
            for n, direction in enumerate(directions):
                if m >> n & 1:
                    product[..., k + 1] += made[m ^ 1 << n][..., k] * direction[..., k]
    return made


def prod_others(x: Any, axis: Any, *directions: Any) -> Any:
    """For each element the product of all others along axis: right where elements are zero. Its derivative along the directions, if there are some.

    >>> prod_others(np.array([2.0, 3.0, 0.0]), None)
    array([0., 0., 6.])
    >>> prod_others(np.array([2.0, 3.0, 0.0]), None, np.array([0.0, 0.0, 1.0]))
    array([3., 2., 0.])
    """
    x = np.asarray(x)
    axes = _axes(x, axis)
    if not directions and x.dtype.char in "dD":
        with np.errstate(all="ignore"):
            y = np.prod(x, axis=axes, keepdims=True)
            if _regular(y):
                return y / x
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    order = kept + axes
    shape = tuple(x.shape[a] for a in order)
    flat, *along = (np.transpose(np.broadcast_to(a, x.shape), order).reshape(*shape[:len(kept)], math.prod(shape[len(kept):])) for a in (x, *directions))
    if flat.shape[-1] == 0:
        return np.zeros(x.shape, np.result_type(x, *directions))
    before = _products(flat[..., :-1], tuple(a[..., :-1] for a in along))
    after = _products(flat[..., :0:-1], tuple(a[..., :0:-1] for a in along))
    result = sum(first * last[..., ::-1] for first, last in zip(before, reversed(after)))
    return np.transpose(result.reshape(shape), np.argsort(order))


def _regular(y: Any) -> bool:
    """Whether no product is zero or infinite, or has lost digits on its way: then factors can be divided out."""
    size = np.abs(y)
    return bool(np.all((size > 1e-290) & (size < 1e290)))


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes that are meant; those of an array that has none are none."""
    if axis is None or not x.ndim:
        return tuple(range(x.ndim))
    return tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def cumprod_dot(x: Any, axis: Any, *directions: Any) -> Any:
    """The derivative of np.cumprod along the directions.

    >>> cumprod_dot(np.array([2.0, 3.0]), None, np.array([1.0, 0.0]))
    array([1., 3.])
    """
    x, *along = (np.asarray(a) for a in (x, *directions))
    if axis is None or not x.ndim:
        return _products(x.ravel(), tuple(a.ravel() for a in along))[-1][1:]
    made = _products(np.moveaxis(x, axis, -1), tuple(np.moveaxis(a, axis, -1) for a in along))
    return np.moveaxis(made[-1][..., 1:], -1, axis)


def cumprod_pull(g: Any, x: Any, axis: Any, *directions: Any) -> Any:
    """The contribution of np.cumprod (of its derivative along the directions): exact where elements are zero (then, and along directions, element by element)."""
    x, g = np.asarray(x), np.asarray(g)
    shape = x.shape
    if axis is None or not x.ndim:
        x, g, axis, directions = x.ravel(), g.ravel(), 0, tuple(d.ravel() for d in directions)
    x, g, *along = (np.moveaxis(a, axis, -1) for a in (x, g, *directions))
    result = np.zeros(x.shape, np.result_type(x, g))
    if not along:
        with np.errstate(all="ignore"):
            y = np.cumprod(x, axis=-1)
            if x.dtype.char in "dD" and _regular(y) and _regular(x):
                found: Any = np.cumsum((g * y)[..., ::-1], axis=-1)[..., ::-1] / x
                return np.moveaxis(found, -1, axis).reshape(shape)
        rest: Any = np.zeros(x.shape[:-1], result.dtype)
        for k in range(x.shape[-1] - 1, -1, -1):  # what arrives at the product of the first k
            rest = g[..., k] + (rest * x[..., k + 1] if k + 1 < x.shape[-1] else 0)
            result[..., k] = rest * y[..., k - 1] if k else rest
        return np.moveaxis(result, -1, axis).reshape(shape)
    before = _products(x, tuple(along))
    for k in range(x.shape[-1]):
        rest = _products(x[..., k + 1:], tuple(a[..., k + 1:] for a in along), [product[..., k] for product in before])
        result[..., k] = np.sum(g[..., k:] * rest[-1], axis=-1)
    return np.moveaxis(result, -1, axis).reshape(shape)


def diff_pull(g: Any, x: Any, n: int = 1, axis: int = -1) -> Any:
    """The transpose of np.diff.

    >>> diff_pull(np.array([1.0, 5.0]), np.zeros(3))
    array([-1., -4.,  5.])
    """
    if n == 0:
        return g
    shape = np.shape(x)
    if shape[axis] <= n:
        return np.zeros(shape, g.dtype)
    after, before = _neighbours(len(shape), axis)
    for k in range(n):
        length = shape[axis] - n + k + 1
        result = np.empty((*shape[:axis % len(shape)], length, *shape[axis % len(shape) + 1:]), g.dtype)
        result[before] = -g
        last = list(before)
        last[axis] = slice(-1, None)
        result[tuple(last)] = 0
        result[after] += g
        g = result
    return g


def stable_order(x: Any, axis: Any = -1) -> Any:
    """np.argsort, equal elements in their order: by the faster method where none are equal.

    >>> stable_order(np.array([3.0, 1.0, 3.0]))
    array([1, 0, 2])
    """
    x = np.asarray(x)
    if axis is None:
        x, axis = x.ravel(), -1
    order = np.argsort(x, axis)
    found = np.moveaxis(np.take_along_axis(x, order, axis), axis, -1)
    again = found[..., 1:] == found[..., :-1]
    several = bool(np.any(found[..., -2:-1] != found[..., -2:-1]))  # NaN come last
    if several and not again.any() and order.ndim == 1:
        order[np.count_nonzero(found == found):].sort()
        return order
    if several or again.any():
        return np.argsort(x, axis, kind="stable")
    return order


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
    if isinstance(repeats, (int, np.integer)):
        along %= g.ndim
        parts = g.reshape(*g.shape[:along], length, int(repeats), *g.shape[along + 1:])
        if 0 < repeats < 8:
            first = np.moveaxis(parts, along + 1, 0)
            total = first[0].copy()
            for k in range(1, int(repeats)):
                total += first[k]
            return total.reshape(shape)
        return parts.sum(axis=along + 1).reshape(shape)
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
    if x.size and x.dtype.char in "dD" and _regular(det):  # it has not lost digits itself
        try:
            inverse = np.linalg.inv(x)
        except np.linalg.LinAlgError:
            pass
        else:
            squares = [np.sum(np.abs(m) ** 2, axis=(-2, -1)) for m in (x, inverse)]
            if np.all(squares[0] * squares[1] < _WELL_CONDITIONED):
                return np.asarray(det)[..., None, None] * np.swapaxes(inverse, -1, -2)
    u, s, v = np.linalg.svd(x)
    det = np.linalg.det(u) * np.linalg.det(v)
    return det[..., None, None] * (np.conj(u) * prod_others(s, -1)[..., None, :]) @ np.conj(v)


def adjugate_dot(d: Any, x: Any) -> Any:
    """The derivative of `adjugate` along d: the second derivative of the determinant, also of singular matrices.

    >>> adjugate_dot(np.array([[1.0, 0.0], [0.0, 0.0]]), np.zeros((2, 2)))
    array([[0., 0.],
           [0., 1.]])
    """
    u, s, v = np.linalg.svd(x)
    whole = (np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    turned = np.conj(np.swapaxes(u, -1, -2)) @ d @ np.conj(np.swapaxes(v, -1, -2))
    eye = np.eye(s.shape[-1], dtype=bool)
    pairs = np.where(eye, 0, prod_others(np.where(eye, 1, s[..., None, :]), -1))  # products of all singular values but two
    diagonal = pairs @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None]
    inner = np.where(eye, diagonal, -pairs * np.swapaxes(turned, -1, -2))
    return whole * (np.conj(u) @ inner @ np.conj(v))


def norm_slope(x: Any, y: Any, ord: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The derivative of y = np.linalg.norm(x, ord) for orders other than the Euclidean one; 0 where the norm is 0.

    >>> norm_slope(np.array([3.0, -4.0]), 7.0, 1)
    array([ 1., -1.])
    """
    x = np.asarray(x)
    axes, y = _axes_of_norm(x, y, axis, keepdims)
    if len(axes) == 1 and ord == 1:
        return _conj_sign(x)
    size, sign = np.abs(x), _conj_sign(x)
    if len(axes) == 1 or ord in (1, -1, np.inf, -np.inf):
        return (sign * _weights(size, y, ord, axes)).astype(x.dtype)
    u, s, v = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), full_matrices=False)
    return np.moveaxis(np.conj((u * _chosen(s, ord)[..., None, :]) @ v), (-2, -1), axes).astype(x.dtype)


def norm_slope_dot(d: Any, x: Any, y: Any, ord: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The derivative of `norm_slope` along d; the terms of equal singular values, and of zeros, are dropped.

    >>> norm_slope_dot(np.array([1.0, 1.0]), np.array([3.0, -4.0]), 7.0, 1)
    array([0., 0.])
    """
    x, d = np.asarray(x), np.asarray(d)
    axes, y = _axes_of_norm(x, y, axis, keepdims)
    if len(axes) == 1 or ord in (1, -1, np.inf, -np.inf):
        size, sign = np.abs(x), _conj_sign(x)
        weights = _weights(size, y, ord, axes)
        size_dot = np.real(sign * d)
        result = weights * divide_or_zero(np.conj(d) - sign * size_dot, size) if x.dtype.kind == "c" else np.zeros_like(x)
        if len(axes) == 1 and ord not in (0, 1, np.inf, -np.inf):
            y_dot = np.sum(weights * size_dot, axis=axes, keepdims=True)
            with np.errstate(all="ignore"):
                steep = np.where((y == 0) | ((size == 0) & ((ord <= 1) | (size_dot == 0))), 0, (size / y) ** (ord - 2) / y * size_dot)
                result = result + sign * (ord - 1) * (steep - divide_or_zero(weights * y_dot, y))
        return result.astype(x.dtype)
    u, s, v = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), full_matrices=False)
    weight = _chosen(s, ord)
    moved = np.moveaxis(d, axes, (-2, -1))
    left, right = np.conj(np.swapaxes(u, -1, -2)), np.conj(np.swapaxes(v, -1, -2))
    inner = left @ moved @ right
    turned = np.conj(np.swapaxes(inner, -1, -2))
    apart, together = (s[..., None, :] - s[..., :, None], s[..., None, :] + s[..., :, None])
    scale = 8 * np.finfo(s.dtype).eps * np.max(s, axis=-1, initial=0.0)[..., None, None]
    apart = np.where(np.abs(apart) <= scale, 0, apart)
    first = divide_or_zero(weight[..., None, :] - weight[..., :, None], apart) * (inner + turned)
    second = divide_or_zero(weight[..., None, :] + weight[..., :, None], together) * (inner - turned)
    result = u @ (0.5 * (first + second)) @ v  # Daleckii and Krein 1965
    share = divide_or_zero(weight, s)
    result = result + (moved @ right - u @ inner) * share[..., None, :] @ v + (u * share[..., None, :]) @ (left @ moved - inner @ v)
    return np.moveaxis(np.conj(result), (-2, -1), axes).astype(x.dtype)


def _axes_of_norm(x: Any, y: Any, axis: Any, keepdims: bool) -> tuple[tuple[int, ...], Any]:
    """The axes along which a norm is taken, and the norm with these axes."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    return axes, y if keepdims else np.expand_dims(y, axes)


def _conj_sign(x: Any) -> Any:
    return np.conj(sign(x)) if x.dtype.kind == "c" else np.sign(x)


def _weights(size: Any, y: Any, ord: Any, axes: tuple[int, ...]) -> Any:
    """The derivative of a norm with respect to the absolute values."""
    if not size.size:
        return size
    if len(axes) == 2:  # the largest or smallest sum of a column or row
        across, along = (axes[0], axes[1]) if abs(ord) == 1 else (axes[1], axes[0])
        sums = size.sum(axis=across, keepdims=True)
        chosen = sums == (sums.max if ord > 0 else sums.min)(axis=along, keepdims=True)
        return chosen / chosen.sum(axis=along, keepdims=True)
    if ord in (np.inf, -np.inf):
        return ties(size, y, axes, True)
    if ord == 0:
        return np.zeros_like(size)
    with np.errstate(all="ignore"):
        return np.where((y == 0) | ((size == 0) & (ord <= 1)), 0, (size / y) ** (ord - 1))


def _chosen(s: Any, ord: Any) -> Any:
    """The derivative of a norm with respect to the singular values."""
    if ord == "nuc":
        return (s > 0).astype(s.dtype)
    if not s.shape[-1]:
        return s
    best = s == (s.max(axis=-1, keepdims=True) if ord == 2 else s.min(axis=-1, keepdims=True))
    return best / best.sum(axis=-1, keepdims=True)


def _runs(x: Any, y: Any, axis: int) -> tuple[Any, Any, Any, Any]:
    """Of y = np.maximum.accumulate(x, axis) or kin, along the last axis: both; where an element is the value so far; and how many have been so, or None
    where each value is that of one."""
    x, y = np.moveaxis(np.asarray(x), axis, -1), np.moveaxis(np.asarray(y), axis, -1)
    holds = (x == y) | ((x != x) & (y != y))
    again = holds[..., 1:] & (y[..., 1:] == y[..., :-1])
    if not again.any():
        return x, y, holds, None
    count = np.zeros(x.shape, int)
    count[..., :1] = holds[..., :1]
    for k in range(1, x.shape[-1]):
        count[..., k] = np.where(y[..., k] == y[..., k - 1], count[..., k - 1], 0) + holds[..., k]
    return x, y, holds, np.maximum(count, 1)


def _holders(holds: Any) -> Any:
    """The last place so far at which the value was found."""
    return np.maximum.accumulate(np.where(holds, np.arange(holds.shape[-1]), 0), axis=-1)


def running_pull(g: Any, x: Any, y: Any, axis: int = 0) -> Any:
    """The contribution of y = np.maximum.accumulate(x, axis), or of another running extreme: equal elements share.

    >>> running_pull(np.ones(4), np.array([1.0, 3.0, 2.0, 3.0]), np.array([1.0, 3.0, 3.0, 3.0]))
    array([1. , 2.5, 0. , 0.5])
    """
    x, y, holds, count = _runs(x, y, axis)
    g = np.moveaxis(g, axis, -1)
    n = x.shape[-1]
    if not x.size:
        return np.zeros(np.moveaxis(x, -1, axis).shape, g.dtype)
    if count is None:
        place = _holders(holds).reshape(-1, n) + np.arange(0, x.size, n)[:, None]
        if g.dtype.kind == "f":
            result = np.bincount(place.ravel(), g.ravel(), x.size).reshape(x.shape).astype(g.dtype)
        else:
            result = np.zeros(x.size, g.dtype)
            np.add.at(result, place.ravel(), g.ravel())
            result = result.reshape(x.shape)
    else:
        result = np.zeros(x.shape, g.dtype)
        share = (g / count).astype(g.dtype)
        rest = np.zeros(x.shape[:-1], g.dtype)
        for k in range(n - 1, -1, -1):
            rest = share[..., k] + (np.where(y[..., k + 1] == y[..., k], rest, 0) if k + 1 < n else 0)
            result[..., k] = np.where(holds[..., k], rest, 0)
    return np.moveaxis(result, -1, axis)


def running_dot(d: Any, x: Any, y: Any, axis: int = 0) -> Any:
    """The derivative of y = np.maximum.accumulate(x, axis), or of another running extreme, along d.

    >>> running_dot(np.arange(4.0), np.array([1.0, 3.0, 2.0, 3.0]), np.array([1.0, 3.0, 3.0, 3.0]))
    array([0., 1., 1., 2.])
    """
    x, y, holds, count = _runs(x, y, axis)
    d = np.moveaxis(d, axis, -1)
    if count is None:
        result = np.take_along_axis(d, _holders(holds), -1)
    else:
        result = np.where(holds, d, 0)
        for k in range(1, x.shape[-1]):
            result[..., k] += np.where(y[..., k] == y[..., k - 1], result[..., k - 1], 0)
        result = (result / count).astype(d.dtype)
    return np.moveaxis(result, -1, axis)


def reduceat_pull(g: Any, x: Any, indices: Any, axis: int = 0) -> Any:
    """The transpose of x -> np.add.reduceat(x, indices, axis).

    >>> reduceat_pull(np.array([1.0, 2.0, 3.0]), np.zeros(4), [0, 2, 2])
    array([1., 1., 5., 3.])
    """
    result = np.zeros(np.shape(x), g.dtype)
    into, g = np.moveaxis(result, axis, 0), np.moveaxis(g, axis, 0)
    starts = np.asarray(indices)
    stops = np.append(starts[1:], len(into))
    lengths = stops - starts
    if np.all(lengths > 0):  # one part after the other
        into[starts[0]:] = np.repeat(g, lengths, axis=0)
    else:
        for k, (start, stop) in enumerate(zip(starts, np.maximum(stops, starts + 1))):
            into[start:stop] += g[k]
    return result


def level(x: Any, axis: int = 0) -> Any:
    """x, sorted along an axis, as values of which equal ones share their derivatives."""
    return np.array(x)


def leveled(g: Any, x: Any, axis: int = 0) -> Any:
    """The derivative of `level` and its transpose: each g becomes the mean of those whose elements of x are equal.

    >>> leveled(np.array([1.0, 3.0, 5.0]), np.array([2.0, 2.0, 4.0]))
    array([2., 2., 5.])
    """
    x, moved = np.moveaxis(np.asarray(x), axis, -1), np.moveaxis(np.asarray(g), axis, -1)
    new = (x[..., 1:] != x[..., :-1]) & ~(np.isnan(x[..., 1:]) & np.isnan(x[..., :-1]))
    if new.all():
        return g
    first = np.concatenate((np.ones((*x.shape[:-1], 1), bool), new), axis=-1)
    run = np.cumsum(first.ravel()) - 1
    total = np.zeros(run[-1] + 1, moved.dtype)
    np.add.at(total, run, moved.ravel())
    means = (total / np.bincount(run)).astype(moved.dtype)
    return np.moveaxis(means[run].reshape(moved.shape), -1, axis)


def unique_pull(g: Any, x: Any) -> Any:
    """The contribution of np.unique: equal elements share the cotangent of their value."""
    _, places, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (g / counts)[places].reshape(np.shape(x)).astype(g.dtype)


def unique_dot(g: Any, x: Any) -> Any:
    """The tangent of np.unique: the mean of the tangents of equal elements.

    >>> unique_dot(np.array([1.0, 2.0, 4.0]), np.array([5.0, 3.0, 5.0]))
    array([2. , 2.5])
    """
    values, places, counts = np.unique(x, return_inverse=True, return_counts=True)
    total = np.zeros(len(values), np.asarray(g).dtype)
    np.add.at(total, np.ravel(places), np.ravel(g))
    return (total / counts).astype(total.dtype)


def median_share(x: Any, axis: Any = None) -> Any:
    """The share of each element in the median: equal elements share what belongs to the middle one, or one half for each of the two in the middle.

    >>> median_share(np.array([3.0, 1.0, 2.0, 9.0])), median_share(np.array([2.0, 2.0, 1.0]))
    (array([0.5, 0. , 0.5, 0. ]), array([0.5, 0.5, 0. ]))
    """
    x = np.asarray(x)
    axes = _axes(x, axis)
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    order = kept + axes
    moved = np.transpose(x, order)
    flat = moved.reshape(*(x.shape[a] for a in kept), math.prod(x.shape[a] for a in axes))
    n = flat.shape[-1]
    result = np.zeros(flat.shape, x.dtype if x.dtype.kind == "f" else np.float64)
    if flat.size:
        middle = sorted({(n - 1) // 2, n // 2})
        parted = np.partition(flat, middle, axis=-1)
        for k in middle:
            value = parted[..., k:k + 1]
            chosen = (flat == value) | (np.isnan(value) & np.isnan(flat)) if flat.dtype.kind == "f" else flat == value
            count = np.count_nonzero(chosen, axis=-1, keepdims=True)
            result += chosen * ((1.0 / len(middle)) / count).astype(result.dtype)
        if flat.dtype.kind == "f" and (unknown := np.isnan(flat)).any():  # the median is NaN: it comes from these
            result = np.where(unknown.any(-1, keepdims=True), unknown / np.maximum(unknown.sum(-1, keepdims=True), 1), result).astype(result.dtype)
    return np.transpose(result.reshape(moved.shape), np.argsort(order))


def trapezoid_pull(g: Any, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The contribution of np.trapezoid (np.trapz before NumPy 2) to y.

    >>> trapezoid_pull(2.0, np.zeros(4))
    array([1., 2., 2., 1.])
    """
    shape = np.shape(y)
    after, before = _neighbours(len(shape), axis)
    g = np.expand_dims(g, axis)
    half = 0.5 * g * (dx if x is None else _widths(x, len(shape), axis))
    result = np.zeros(shape, g.dtype)
    result[after] = half if np.shape(half)[axis] in (1, shape[axis] - 1) else np.sum(half, axis, keepdims=True)
    result[before] += result[after] if shape[axis] == 2 else half if np.shape(half)[axis] in (1, shape[axis] - 1) else np.sum(half, axis, keepdims=True)
    return result


def trapezoid_places(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    """The contribution of np.trapezoid to the places x at which y is given.

    >>> trapezoid_places(1.0, np.array([1.0, 3.0, 3.0]), np.zeros(3))
    array([-2., -1.,  3.])
    """
    y = np.asarray(y)
    after, before = _neighbours(y.ndim, axis)
    part = 0.5 * (y[after] + y[before]) * np.expand_dims(g, axis)
    if np.ndim(x) == 1:
        part = np.sum(part, axis=tuple(k for k in range(part.ndim) if k != axis % part.ndim))
        after, before = _neighbours(1, 0)
    elif np.ndim(x) < part.ndim:
        part = np.sum(part, axis=tuple(range(part.ndim - np.ndim(x))))
        after, before = _neighbours(np.ndim(x), axis)
    result = np.zeros(np.shape(x), part.dtype)
    whole = tuple(n for n, (a, b) in enumerate(zip(np.shape(result[after]), part.shape)) if a == 1 != b)
    if whole:
        part = np.sum(part, axis=whole, keepdims=True)
    result[after] += part
    result[before] -= part
    return result


def _neighbours(ndim: int, axis: int) -> tuple[Any, Any]:
    """Indices of all but the first and of all but the last along an axis."""
    whole = [slice(None)] * ndim
    after, before = whole.copy(), whole
    after[axis], before[axis] = slice(1, None), slice(None, -1)
    return tuple(after), tuple(before)


def _widths(x: Any, ndim: int, axis: int) -> Any:
    """The distances between places, as np.trapezoid takes them: those in a vector lie along the axis."""
    x = np.asarray(x)
    if x.ndim > 1:
        return np.diff(x, axis=axis)
    shape = [1] * ndim
    shape[axis] = -1
    return np.diff(x).reshape(shape)


def diagonal_pull(g: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The transpose of np.diagonal: g on the diagonal, zeros elsewhere."""
    result = np.zeros(np.shape(x), g.dtype)
    view = np.moveaxis(result, (axis1, axis2), (-2, -1))
    n = np.shape(g)[-1]
    k = np.arange(n)
    view[..., k + max(-offset, 0), k + max(offset, 0)] = g
    return result


def windows_pull(g: Any, x: Any, window_shape: Any, axis: Any = None) -> Any:
    """The transpose of sliding_window_view: each element of x gets the sum over the windows that it is in."""
    shape = np.shape(x)
    sizes = tuple(np.atleast_1d(window_shape).tolist())
    axes = tuple(range(len(sizes))) if axis is None else tuple(int(a) % len(shape) for a in np.atleast_1d(axis))
    result = np.zeros(shape, g.dtype)
    counts = np.shape(g)[:len(shape)]
    for place in np.ndindex(*sizes):
        start = [0] * len(shape)
        for a, k in zip(axes, place):
            start[a] += k
        chosen = (Ellipsis, *place)
        result[tuple(slice(s, s + n) for s, n in zip(start, counts))] += g[chosen]
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
    size = int(np.prod(shape))
    if g.dtype == np.float64 and size:
        return np.bincount(sources.ravel(), g.ravel(), size).reshape(shape)
    result = np.zeros(size, g.dtype)
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
    """The transpose of x -> np.convolve(x, v, mode): a convolution of no more than these elements."""
    v = np.ravel(v)
    n, m = np.size(x), np.size(v)
    if mode == "valid" and n >= m:
        result = np.convolve(g, v[::-1], "full")
    elif mode == "valid":
        result = np.convolve(v, g[::-1], "valid")[::-1]
    else:
        if mode == "same":
            first = (min(n, m) - 1) // 2
            full = np.zeros(n + m - 1, g.dtype)
            full[first:first + len(g)] = g
            g = full
        result = np.convolve(g, v[::-1], "valid")
    return result.reshape(np.shape(x))


def put_along(g: Any, x: Any, indices: Any, axis: int) -> Any:
    """The transpose of np.take_along_axis: repeated indices accumulate."""
    result = np.zeros(np.shape(x), g.dtype)
    if axis is None:
        np.add.at(result.reshape(-1), indices, g)
        return result
    grid = list(np.ogrid[tuple(slice(n) for n in np.shape(x))])  # x and the indices are broadcast against each other
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


def lower_half(x: Any) -> Any:
    """The lower triangle, with half of the diagonal: of a symmetric matrix what makes it together with its transpose.

    >>> lower_half(np.array([[2.0, 5.0], [5.0, 4.0]]))
    array([[1., 0.],
           [5., 2.]])
    """
    return np.tril(x) * (1 - 0.5 * np.eye(x.shape[-1], dtype=x.dtype))


def cholesky_pull(g: Any, y: Any) -> Any:
    """The contribution of y = np.linalg.cholesky(x), symmetric (Murray 2016, equation 9)."""
    turned = _adjoint(y)
    inner = lower_half(turned @ np.tril(np.conj(g)))
    half = np.linalg.solve(turned, _adjoint(np.linalg.solve(turned, _adjoint(inner))))
    return np.conj(0.5 * (half + _adjoint(half)))


def inverse_gaps(values: Any) -> Any:
    """Element (i, j) is 1 / (values[j] - values[i]), and 0 where they are equal.

    >>> inverse_gaps(np.array([1.0, 3.0, 3.0]))
    array([[ 0. ,  0.5,  0.5],
           [-0.5,  0. ,  0. ],
           [-0.5,  0. ,  0. ]])
    """
    gaps = values[..., None, :] - values[..., :, None]
    scale = np.max(np.abs(values), axis=-1, initial=0.0)[..., None, None]
    equal = np.abs(gaps) <= 8 * np.finfo(values.dtype).eps * scale
    return np.where(equal, 0, 1 / np.where(equal, 1, gaps))


def eigh_pull(g_values: Any, g_vectors: Any, values: Any, vectors: Any) -> Any:
    """The contribution of np.linalg.eigh, symmetric; the terms of equal eigenvalues are dropped."""
    inner = _adjoint(vectors) @ np.conj(g_vectors) * inverse_gaps(values)
    inner = inner + g_values[..., None, :] * np.eye(values.shape[-1], dtype=values.dtype)
    result = vectors @ inner @ _adjoint(vectors)
    return np.conj(0.5 * (result + _adjoint(result)))


def eigvalsh_pull(g: Any, a: Any) -> Any:
    """The contribution of np.linalg.eigvalsh."""
    _, vectors = np.linalg.eigh(a)
    return np.conj(vectors) * g[..., None, :] @ np.swapaxes(vectors, -1, -2)


def _adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def _interval(x: Any, xp: Any) -> tuple[Any, Any, Any]:
    """The nodes on both sides of each place, and how far it lies between them: at no node twice, where several are at one place."""
    x = np.asarray(x)
    before = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 1)
    after = np.minimum(before + 1, len(xp) - 1)
    inside = (x > xp[0]) & (after > before)
    share = np.where(inside, x - xp[before], 0) / np.where(inside, xp[after] - xp[before], 1)
    return before, after, np.where(np.isnan(x), np.nan, share)


def _steps(x: Any, xp: Any) -> tuple[Any, Any, Any]:
    """The interval that each place is in, and one over its width: zero outside of the nodes, and where nothing is between them."""
    k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(len(xp) - 2, 0))
    after = np.minimum(k + 1, len(xp) - 1)
    return k, after, np.where((x < xp[0]) | (x > xp[-1]), 0, divide_or_zero(1.0, xp[after] - xp[k]))


def interp_slope(x: Any, xp: Any, fp: Any) -> Any:
    """The slope of np.interp at x; at a node that of the interval to its right, outside 0.

    >>> interp_slope(np.array([0.5, 1.0, 9.0]), [0.0, 1.0, 2.0], [0.0, 3.0, 4.0])
    array([3., 1., 0.])
    """
    xp, fp = np.asarray(xp), np.asarray(fp)
    before, after, step = _steps(x, xp)
    return ((fp[after] - fp[before]) * step)[()]


def interp_pull(g: Any, x: Any, xp: Any, fp: Any) -> Any:
    """The contribution of np.interp to the values at the nodes.

    >>> interp_pull(np.array([1.0, 1.0]), np.array([0.25, 9.0]), [0.0, 1.0], np.zeros(2))
    array([0.75, 1.25])
    """
    xp, g = np.asarray(xp), np.asarray(g)
    before, after, share = _interval(np.ravel(x), xp)
    g = np.ravel(g)
    result = np.zeros(len(xp), g.dtype)
    np.add.at(result, before, np.where(g == 0, 0, g * (1 - share)))
    np.add.at(result, after, np.where(g == 0, 0, g * share))
    return result


def interp_slope_pull(g: Any, x: Any, xp: Any, fp: Any) -> Any:
    """The transpose of fp -> interp_slope(x, xp, fp)."""
    xp = np.asarray(xp)
    before, after, step = _steps(np.ravel(x), xp)
    share = np.ravel(g) * step
    result = np.zeros(len(xp), share.dtype)
    np.add.at(result, after, share)
    np.subtract.at(result, before, share)
    return result
