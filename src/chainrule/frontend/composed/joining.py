"""Functions that join arrays, take parts out of them, or put some in."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np

from ... import runtime

_STRICT = np.lib.NumpyVersion(np.__version__) >= "2.0.0"  # copy=False means never
_IF_NEEDED = np._CopyMode.IF_NEEDED  # has no truth value


def _depth(arrays):
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _most_axes(arrays):
    return max([_most_axes(a) for a in arrays]) if isinstance(arrays, list) else np.ndim(arrays)


def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, like=None):
    """np.array with a least number of axes, or without a copy where none is needed."""
    if copy is False and _STRICT and not isinstance(object, np.ndarray):
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    if copy is None or copy is _IF_NEEDED or not copy:
        a = np.asarray(object, dtype, order=order)
    else:
        a = np.array(object, dtype, order=order)
    while a.ndim < ndmin:
        a = a[None]
    return a


def asarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    """np.asarray and np.asanyarray, told when to copy."""
    return np.array(a, dtype, copy=_IF_NEEDED if copy is None else copy, order="K" if order is None else order)


def block(arrays):
    """np.block."""
    depth = _depth(arrays)
    return _block(arrays, depth, max(depth, _most_axes(arrays)))


def _block(arrays, depth, ndim):
    if isinstance(arrays, list):
        return np.concatenate([_block(a, depth - 1, ndim) for a in arrays], axis=-depth)
    a = np.asarray(arrays)
    return np.reshape(a, (1,) * (ndim - a.ndim) + np.shape(a)) if a.ndim < ndim else a


def diagflat(v, k=0):
    """np.diagflat."""
    return np.diag(np.ravel(v), k)


def row_stack(tup):
    """np.row_stack."""
    return np.vstack(tup)


def asarray_chkfinite(a, dtype=None, order=None):
    """np.asarray_chkfinite."""
    a = np.asarray(a, dtype)
    if a.dtype.kind in "fc" and not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    return a


def astype(x, dtype, copy=True):
    """np.astype."""
    return x.astype(dtype, copy=copy)


def mask_indices(n, mask_func, k=0):
    """np.mask_indices."""
    return np.nonzero(mask_func(np.ones((n, n), int), k) != 0)


def _along(axis, index):
    return (slice(None),) * axis + (index,)


def delete(arr, obj, axis=None):
    """np.delete: what is left."""
    arr = np.asarray(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = axis % arr.ndim
    keep = np.ones(np.shape(arr)[axis], bool)
    keep[obj] = False
    return arr[_along(axis, keep)]


def insert(arr, obj, values, axis=None):
    """np.insert: the parts before and after, or the places that stay."""
    arr = np.asarray(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = axis % arr.ndim
    n = np.shape(arr)[axis]
    values = np.asarray(values)
    if values.dtype != arr.dtype:
        values = values.astype(arr.dtype)
    if values.ndim < arr.ndim:
        values = np.reshape(values, (1,) * (arr.ndim - values.ndim) + np.shape(values))
    if isinstance(obj, slice):
        obj = np.arange(n)[obj]
    if np.ndim(obj) == 0:
        if axis != 0:
            values = np.moveaxis(values, 0, axis)
        shape = (*np.shape(arr)[:axis], np.shape(values)[axis], *np.shape(arr)[axis + 1:])
        if obj < -n or obj > n:
            raise IndexError("index is out of bounds for the axis")
        at = obj + n if obj < 0 else obj
        return np.concatenate([arr[_along(axis, slice(None, at))], np.broadcast_to(values, shape), arr[_along(axis, slice(at, None))]], axis=axis)
    at = np.asarray(obj)
    if at.dtype == bool:
        at = np.flatnonzero(at)
    at = np.where(at < 0, at + n, at)
    order = np.argsort(at, kind="stable")
    place = at.copy()
    place[order] += np.arange(len(at))
    old = np.ones(n + len(at), bool)
    old[place] = False
    result = np.zeros((*np.shape(arr)[:axis], n + len(at), *np.shape(arr)[axis + 1:]), arr.dtype)
    result[_along(axis, place)] = values
    result[_along(axis, old)] = arr
    return result


def compress(condition, a, axis=None):
    """np.compress."""
    a = np.asarray(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    return np.take(a, np.flatnonzero(condition), axis)


def take(a, indices, axis=None, mode="raise"):
    """np.take with indices that are cut off, or go around."""
    a = np.asarray(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    n = np.shape(a)[axis]
    if mode == "wrap":
        indices = np.asarray(indices) % n
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    return np.take(a, indices, axis)


def extract(condition, arr):
    """np.extract."""
    return np.take(np.ravel(arr), np.flatnonzero(condition))


def trim_zeros(filt, trim="fb"):
    """np.trim_zeros of a vector."""
    places = np.flatnonzero(filt)
    if len(places) == 0:
        return filt[:0]
    first = places[0] if "f" in trim.lower() else 0
    last = places[-1] + 1 if "b" in trim.lower() else len(filt)
    return filt[first:last]


def choose(a, choices, mode="raise"):
    """np.choose: for each element the choice of that number."""
    choices = list(choices)
    n = len(choices)
    a = np.asarray(a)
    if mode == "wrap":
        a = a % n
    elif mode == "clip":
        a = np.clip(a, 0, n - 1)
    elif np.any((a < 0) | (a >= n)):
        raise ValueError("invalid entry in choice array")
    result = choices[n - 1]
    for k in range(n - 2, -1, -1):
        result = np.where(a == k, choices[k], result)
    return result


def unstack(x, axis=0):
    """np.unstack: the parts of an array along an axis."""
    return tuple(np.moveaxis(x, axis, 0))


def vander(x, N=None, increasing=False):
    """np.vander: powers, from the largest one down."""
    x = np.asarray(x)
    n = len(x) if N is None else N
    powers = np.arange(n)
    if not increasing:
        powers = powers[::-1]
    return x[:, None] ** powers


def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, sorted=True):
    """np.unique: elements that are equal share what belongs to their value."""
    found = [np.unique(ar)]
    if return_index:
        found.append(runtime.unique_index(ar))
    if return_inverse:
        found.append(runtime.unique_inverse(ar))
    if return_counts:
        found.append(runtime.unique_counts(ar))
    return tuple(found) if len(found) > 1 else found[0]


def unique_values(x):
    """np.unique_values."""
    return np.unique(x)


if hasattr(np, "unique_all"):
    _All, _Counts, _Inverse = (type(f(np.zeros(1))) for f in (np.unique_all, np.unique_counts, np.unique_inverse))


def unique_all(x):
    """np.unique_all."""
    return _All(np.unique(x), runtime.unique_index(x), runtime.unique_inverse(x), runtime.unique_counts(x))


def unique_counts(x):
    """np.unique_counts."""
    return _Counts(np.unique(x), runtime.unique_counts(x))


def unique_inverse(x):
    """np.unique_inverse."""
    return _Inverse(np.unique(x), runtime.unique_inverse(x))


def union1d(ar1, ar2):
    """np.union1d."""
    return np.unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


def setdiff1d(ar1, ar2, assume_unique=False):
    """np.setdiff1d: the elements of the first that are not in the second."""
    a = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return a[~np.isin(a, ar2)]


def intersect1d(ar1, ar2, assume_unique=False):
    """np.intersect1d: an element that is in both belongs to both."""
    both = np.concatenate((np.ravel(ar1), np.ravel(ar2)) if assume_unique else (np.unique(ar1), np.unique(ar2)))
    found = both[np.argsort(both, kind="stable")]
    return found[:-1][found[1:] == found[:-1]]


def setxor1d(ar1, ar2, assume_unique=False):
    """np.setxor1d: the elements that are in one of two only."""
    a, b = (np.ravel(ar1), np.ravel(ar2)) if assume_unique else (np.unique(ar1), np.unique(ar2))
    return np.sort(np.concatenate((a[~np.isin(a, b)], b[~np.isin(b, a)])))


def sort_complex(a):
    """np.sort_complex."""
    return np.sort(np.asarray(a)).astype(complex)
