"""scipy.special: functions of all elements along an axis."""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np

from ....runtime.scipy import special as own


def logsumexp(a, axis=None, b=None, keepdims=False):
    a = np.asarray(a)
    if b is not None:
        a, b = np.broadcast_arrays(a, np.asarray(b))
    return own.logsumexp(a, b, axis, keepdims)


__all__ = ["logsumexp"]
