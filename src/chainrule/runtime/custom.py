"""What programs with rules of the user's call: functions as they are, and checks of what functions and rules return."""

from __future__ import annotations

from typing import Any

import numpy as np


def cotangent(g: Any, like: Any, what: str) -> Any:
    """g, which must have the shape of `like`: a rule gives it as its derivative.

    >>> cotangent(np.ones(2), np.zeros(3), "the rule of f, for `x`")
    Traceback (most recent call last):
        ...
    ValueError: the rule of f, for `x`: it gives an array of shape (2,) for one of shape (3,)
    """
    if np.shape(g) != np.shape(like):
        raise ValueError(f"{what}: it gives an array of shape {np.shape(g)} for one of shape {np.shape(like)}")
    return g


__all__ = ["cotangent"]
