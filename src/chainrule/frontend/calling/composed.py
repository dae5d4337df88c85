"""Functions of NumPy that are others put together, as the Python that they mean: executed abstractly like any function of the user's.

They are never run. Arguments that are not arrays (an axis, a mode) are known when the program is compiled.
"""

# mypy: ignore-errors

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np

from ... import runtime

SEVERAL = type(np.meshgrid(0.0))  # a list before NumPy 2


def jacfwd(along, x):
    """The Jacobian column by column: `along` gives the tangent for a tangent of x."""
    if np.ndim(x) == 0:
        return along(1.0)
    columns = []
    for k in range(np.size(x)):
        unit = np.zeros(np.size(x), x.dtype)
        unit[k] = 1.0
        columns.append(along(np.reshape(unit, np.shape(x))))
    found = np.stack(columns, axis=-1)
    return found if np.ndim(x) == 1 else np.reshape(found, np.shape(found)[:-1] + np.shape(x))


def jacrev(back, y, x):
    """The Jacobian row by row: `back` gives the cotangent of x for a cotangent of y."""
    if np.ndim(y) == 0:
        return back(1.0)
    rows = []
    for k in range(np.size(y)):
        unit = np.zeros(np.size(y), y.dtype)
        unit[k] = 1.0
        rows.append(back(np.reshape(unit, np.shape(y))))
    found = np.stack(rows)
    return found if np.ndim(y) == 1 else np.reshape(found, np.shape(y) + np.shape(x))


def toward_root(condition, jacobian, x, target, *args):
    """A step of Newton's method from x to where the condition is as the target says."""
    rest = condition(x, *args) - target
    slope = jacobian(x, *args)
    if np.ndim(x) == 0:
        return x - rest / slope
    return x - np.reshape(np.linalg.solve(np.reshape(slope, (np.size(x), np.size(x))), np.ravel(rest)), np.shape(x))


def toward_fixed_point(step, jacobian, x, target, *args):
    """The same for x - step(x)."""
    rest = x - step(x, *args) - target
    slope = jacobian(x, *args)
    if np.ndim(x) == 0:
        return x - rest / (1.0 - slope)
    return x - np.reshape(np.linalg.solve(np.eye(np.size(x)) - np.reshape(slope, (np.size(x), np.size(x))), np.ravel(rest)), np.shape(x))


def select(condlist, choicelist, default=0):
    """np.select: the first choice whose condition holds."""
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = np.where(condition, choice, result)
    return result


def meshgrid(*xi, indexing="xy", sparse=False, copy=True):
    """np.meshgrid."""
    count = len(xi)
    axes = list(range(count))
    if indexing == "xy" and count > 1:
        axes[0], axes[1] = 1, 0
    shape = [1] * count
    for x, axis in zip(xi, axes):
        shape[axis] = np.size(x)
    grids = []
    for x, axis in zip(xi, axes):
        own = [1] * count
        own[axis] = -1
        grid = np.reshape(x, tuple(own))
        full = grid if sparse else np.broadcast_to(grid, tuple(shape))
        grids.append(full.copy() if copy else full)
    return tuple(grids) if SEVERAL is tuple else grids


def dstack(tup):
    """np.dstack."""
    return np.concatenate([_at_least_3d(x) for x in tup], axis=2)


def _at_least_3d(x):
    x = np.asanyarray(x)
    if x.ndim == 0:
        return np.reshape(x, (1, 1, 1))
    if x.ndim == 1:
        return x[None, :, None]
    return x[:, :, None] if x.ndim == 2 else x


def ndindex(*shape):
    """np.ndindex."""
    shape = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    if len(shape) == 1:
        return _places1(*shape)
    if len(shape) == 2:
        return _places2(*shape)
    return _places3(*shape) if len(shape) == 3 else iter(itertools.product(*[range(n) for n in shape]))


def _places1(m):
    for i in range(m):
        yield (i,)


def _places2(m, n):
    for i in range(m):
        for j in range(n):
            yield i, j


def _places3(m, n, p):
    for i in range(m):
        for j in range(n):
            for k in range(p):
                yield i, j, k


def ndenumerate(arr):
    """np.ndenumerate."""
    a = np.asarray(arr)
    for place in ndindex(*np.shape(a)):
        yield place, a[place]


def gradient(f, *varargs, axis=None, edge_order=1):
    """np.gradient: one array for each axis; `varargs` are the distances, or the coordinates."""
    f = np.asanyarray(f)
    if edge_order == 2:
        return _gradient_of_second_order(f, varargs, axis)
    axes = tuple(range(f.ndim)) if axis is None else axis
    if not isinstance(axes, tuple):
        return runtime.slopes(f, varargs[0] if varargs else 1.0, axes)
    if len(axes) == 1:
        return runtime.slopes(f, varargs[0] if varargs else 1.0, axes[0])
    parts = [runtime.slopes(f, varargs[n] if len(varargs) > 1 else varargs[0] if varargs else 1.0, a) for n, a in enumerate(axes)]
    return tuple(parts) if SEVERAL is tuple else parts


def _gradient_of_second_order(f, varargs, axis):
    axes = tuple(range(f.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    parts = [_sloped(f, varargs[n] if len(varargs) > 1 else varargs[0] if varargs else 1.0, a % f.ndim) for n, a in enumerate(axes)]
    if len(parts) == 1:
        return parts[0]
    return tuple(parts) if SEVERAL is tuple else parts


def _sloped(f, spacing, axis):
    """Along one axis, with parabolas at the ends."""
    x = np.moveaxis(f, axis, 0)
    if np.ndim(spacing) == 0:
        a, b, c, d = spacing, spacing, spacing, spacing
    else:
        steps = np.diff(spacing)
        a, b, c, d = steps[0], steps[1], steps[-2], steps[-1]
    first = -(2 * a + b) / (a * (a + b)) * x[0] + (a + b) / (a * b) * x[1] - a / (b * (a + b)) * x[2]
    last = d / (c * (c + d)) * x[-3] - (c + d) / (c * d) * x[-2] + (2 * d + c) / (d * (c + d)) * x[-1]
    inner = runtime.slopes(x, spacing, 0)[1:-1]
    y = np.moveaxis(np.concatenate((first[None], inner, last[None])), 0, axis)
    return y.astype(f.dtype) if f.dtype.kind in "fc" and y.dtype != f.dtype else y


def multi_dot(arrays):
    """np.linalg.multi_dot."""
    result = arrays[0]
    for array in arrays[1:]:
        result = result @ array
    return result


def rows_joined(items):
    """np.r_[...]: numbers and vectors, or arrays along their first axis."""
    return np.concatenate([np.atleast_1d(item) for item in items])


def columns_joined(items):
    """np.c_[...]: vectors and numbers are columns."""
    return np.column_stack([np.atleast_1d(item) for item in items])


def grid(axes):
    """np.mgrid[...]."""
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def open_grid(axes):
    """np.ogrid[...]."""
    count = len(axes)
    grids = []
    for n, axis in enumerate(axes):
        shape = [1] * count
        shape[n] = -1
        grids.append(np.reshape(axis, tuple(shape)))
    return tuple(grids)


# -- statistics: of computed numbers -------------------------------------------------------------------------------


def _counted(data, least):
    data = list(data)
    if len(data) < least:
        raise statistics.StatisticsError("not enough data points")
    return data


def mean(data):
    """statistics.mean and fmean."""
    data = _counted(data, 1)
    return sum(data) / len(data)


def median(data):
    """statistics.median."""
    data = sorted(_counted(data, 1))
    half = len(data) // 2
    return data[half] if len(data) % 2 else (data[half - 1] + data[half]) / 2


def pvariance(data):
    """statistics.pvariance."""
    data = _counted(data, 1)
    centre = sum(data) / len(data)
    return sum([(value - centre) ** 2 for value in data]) / len(data)


def variance(data):
    """statistics.variance."""
    data = _counted(data, 2)
    centre = sum(data) / len(data)
    return sum([(value - centre) ** 2 for value in data]) / (len(data) - 1)


def pstdev(data):
    """statistics.pstdev."""
    return math.sqrt(pvariance(data))


def stdev(data):
    """statistics.stdev."""
    return math.sqrt(variance(data))
