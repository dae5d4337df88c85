"""Gradients that are not too large. Leaves that are None stay None."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime import root
from ..structure import map_leaves
from .descent import squared


def global_norm(grads: Any) -> Any:
    """The length of a container of gradients, taken for one vector: sqrt(sum |g| ** 2), a Python number.

    >>> global_norm({"w": np.array([3.0]), "b": 4.0, "name": None})
    5.0
    """
    squares: list[Any] = []
    map_leaves(lambda g: squares.append(0.0 if g is None else float(np.sum(squared(g)))), grads)
    return root(sum(squares))


def clip_by_global_norm(grads: Any, limit: float) -> Any:
    """The gradients, scaled down together if their `global_norm` is more than the limit (R. Pascanu et al. 2013).

    >>> clip_by_global_norm([3.0, 4.0], 1.0)
    [0.6000000000000001, 0.8]
    >>> clip_by_global_norm([3.0, 4.0], 10.0)
    [3.0, 4.0]
    """
    norm = global_norm(grads)
    scale = limit / norm if norm > limit else 1.0
    return map_leaves(lambda g: None if g is None else scale * g, grads)


def clip_by_value(grads: Any, limit: float) -> Any:
    """The gradients, each number brought between -limit and limit; of a complex one, its two parts.

    >>> clip_by_value({"w": np.array([-3.0, 0.5]), "b": None}, 1.0)
    {'w': array([-1. ,  0.5]), 'b': None}
    """
    def clipped(g: Any) -> Any:
        if g is None:
            return None
        if np.iscomplexobj(g):
            return np.clip(np.real(g), -limit, limit) + 1j * np.clip(np.imag(g), -limit, limit)
        return np.clip(g, -limit, limit) if np.ndim(g) else min(max(g, -limit), limit)

    return map_leaves(clipped, grads)


__all__ = ["clip_by_global_norm", "clip_by_value", "global_norm"]
