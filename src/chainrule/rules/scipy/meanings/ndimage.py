"""scipy.ndimage: filters that are one filter along each axis, one after the other, as SciPy does them."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from scipy import ndimage


def _each(value, count):
    """One value for each axis."""
    if not isinstance(value, (tuple, list, np.ndarray)) or np.ndim(value) == 0:
        return [value] * count
    if len(value) != count:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return list(value)


def _axes(input, axes):
    if axes is None:
        return list(range(input.ndim))
    found = []
    for axis in axes if isinstance(axes, (tuple, list)) else (axes,):
        if not -input.ndim <= axis < input.ndim:
            raise ValueError(f"specified axis: {axis} is out of range")
        found.append(axis % input.ndim)
    if len(set(found)) < len(found):
        raise ValueError("axes must be unique")
    return found


def gaussian_filter(input, sigma, order=0, mode="reflect", cval=0.0, truncate=4.0, *, radius=None, axes=None):
    input = np.asarray(input)
    axes = _axes(input, axes)
    count = len(axes)
    output = input
    changed = False
    for axis, s, o, m, r in zip(axes, _each(sigma, count), _each(order, count), _each(mode, count), _each(radius, count)):
        if s > 1e-15:
            output = ndimage.gaussian_filter1d(output, s, axis, o, mode=m, cval=cval, truncate=truncate, radius=r)
            changed = True
    return output if changed else input.copy()


def uniform_filter(input, size=3, mode="reflect", cval=0.0, origin=0, *, axes=None):
    input = np.asarray(input)
    axes = _axes(input, axes)
    count = len(axes)
    output = input
    changed = False
    for axis, n, k, m in zip(axes, _each(size, count), _each(origin, count), _each(mode, count)):
        if n > 1:
            output = ndimage.uniform_filter1d(output, int(n), axis, mode=m, cval=cval, origin=k)
            changed = True
    return output if changed else input.copy()


def _edges(input, axis, mode, cval, weights):
    input = np.asarray(input)
    axis = axis % input.ndim
    modes = _each(mode, input.ndim)
    output = ndimage.correlate1d(input, [-1, 0, 1], axis, mode=modes[axis], cval=cval)
    for other in range(input.ndim):
        if other != axis:
            output = ndimage.correlate1d(output, weights, other, mode=modes[other], cval=cval)
    return output


def sobel(input, axis=-1, mode="reflect", cval=0.0):
    return _edges(input, axis, mode, cval, [1, 2, 1])


def prewitt(input, axis=-1, mode="reflect", cval=0.0):
    return _edges(input, axis, mode, cval, [1, 1, 1])


def laplace(input, mode="reflect", cval=0.0, *, axes=None):
    input = np.asarray(input)
    axes = _axes(input, axes)
    modes = _each(mode, len(axes))
    if not axes:
        return input.copy()
    output = ndimage.correlate1d(input, [1, -2, 1], axes[0], mode=modes[0], cval=cval)
    for n in range(1, len(axes)):
        output = output + ndimage.correlate1d(input, [1, -2, 1], axes[n], mode=modes[n], cval=cval)
    return output


def _derived(input, sigma, axis, order, mode, cval, truncate):
    """The derivative of this order along one axis of an array that is smoothed along all of them, with one mode for all of them."""
    orders = [0] * input.ndim
    orders[axis] = order
    return gaussian_filter(input, sigma, orders, mode, cval, truncate)


def gaussian_laplace(input, sigma, mode="reflect", cval=0.0, *, axes=None, truncate=4.0):
    input = np.asarray(input)
    axes = _axes(input, axes)
    modes = _each(mode, len(axes))
    if not axes:
        return input.copy()
    sigmas = _each(sigma, len(axes))  # of all axes, in their order, whatever the order of `axes`
    if len(axes) < input.ndim:  # along other axes it is not smoothed
        given, sigmas = sigmas, [0.0] * input.ndim
        for axis, width in zip(axes, given):
            sigmas[axis] = width
    output = _derived(input, sigmas, axes[0], 2, modes[0], cval, truncate)
    for n in range(1, len(axes)):
        output = output + _derived(input, sigmas, axes[n], 2, modes[n], cval, truncate)
    return output


def gaussian_gradient_magnitude(input, sigma, mode="reflect", cval=0.0, *, axes=None, truncate=4.0):
    input = np.asarray(input)
    axes = _axes(input, axes)
    modes = _each(mode, len(axes))
    if not axes:
        return input.copy()
    first = _derived(input, sigma, axes[0], 1, modes[0], cval, truncate)  # smoothed along all axes, whatever `axes` says
    output = first * first
    for n in range(1, len(axes)):
        part = _derived(input, sigma, axes[n], 1, modes[n], cval, truncate)
        output = output + part * part
    return np.where(output == 0, 0.0, np.sqrt(output))  # a norm: its derivative is zero where it is


__all__ = ["gaussian_filter", "gaussian_gradient_magnitude", "gaussian_laplace", "laplace", "prewitt", "sobel", "uniform_filter"]
