"""np.fft: transforms along several axes, one axis after the other; those of Hermitian signals by those of real ones."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np


def _turned(norm):
    """Which way is scaled, seen from the other side."""
    return "ortho" if norm == "ortho" else "backward" if norm == "forward" else "forward"


def _pairs(a, s, axes):
    """The axes, and the length that each gets (None: as it is)."""
    if axes is None:
        axes = tuple(range(-len(s), 0)) if s is not None else tuple(range(a.ndim))
    if s is None:
        s = (None,) * len(axes)
    return [(None if n == -1 else n, axis) for n, axis in zip(s, axes)]


def _each(transform, a, pairs, norm):
    for n, axis in reversed(pairs):
        a = transform(a, n, axis, norm)
    return a


def fftn(a, s=None, axes=None, norm=None):
    """np.fft.fftn."""
    a = np.asarray(a)
    return _each(np.fft.fft, a, _pairs(a, s, axes), norm)


def ifftn(a, s=None, axes=None, norm=None):
    """np.fft.ifftn."""
    a = np.asarray(a)
    return _each(np.fft.ifft, a, _pairs(a, s, axes), norm)


def rfftn(a, s=None, axes=None, norm=None):
    """np.fft.rfftn: real along the last axis."""
    a = np.asarray(a)
    pairs = _pairs(a, s, axes)
    n, axis = pairs[-1]
    return _each(np.fft.fft, np.fft.rfft(a, n, axis, norm), pairs[:-1], norm)


def irfftn(a, s=None, axes=None, norm=None):
    """np.fft.irfftn."""
    a = np.asarray(a)
    pairs = _pairs(a, s, axes)
    n, axis = pairs[-1]
    for length, along in pairs[:-1]:
        a = np.fft.ifft(a, length, along, norm)
    return np.fft.irfft(a, n, axis, norm)


def fft2(a, s=None, axes=(-2, -1), norm=None):
    """np.fft.fft2."""
    return fftn(a, s, axes, norm)


def ifft2(a, s=None, axes=(-2, -1), norm=None):
    """np.fft.ifft2."""
    return ifftn(a, s, axes, norm)


def rfft2(a, s=None, axes=(-2, -1), norm=None):
    """np.fft.rfft2."""
    return rfftn(a, s, axes, norm)


def irfft2(a, s=None, axes=(-2, -1), norm=None):
    """np.fft.irfft2."""
    return irfftn(a, s, axes, norm)


def hfft(a, n=None, axis=-1, norm=None):
    """np.fft.hfft."""
    return np.fft.irfft(np.conj(a), n, axis, _turned(norm))


def ihfft(a, n=None, axis=-1, norm=None):
    """np.fft.ihfft."""
    return np.conj(np.fft.rfft(a, n, axis, _turned(norm)))
