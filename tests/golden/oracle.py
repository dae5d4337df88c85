"""Finite differences of a primal, for whatever structure its arguments have."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.structure import flatten, unflatten

STEP = 1e-6


def is_float(leaf: Any) -> bool:
    return isinstance(leaf, float) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f")


def slopes(scalar: Callable[..., float], args: tuple[Any, ...], position: int) -> list[Any]:
    """The derivatives of a function whose value is one number, for every leaf of one argument; None where there is none."""
    leaves, structure = flatten(args[position])

    def at(n: int, leaf: Any) -> float:
        moved = list(copy.deepcopy(args))
        moved[position] = unflatten(structure, copy.deepcopy([*leaves[:n], leaf, *leaves[n + 1:]]))
        return scalar(*moved)

    found: list[Any] = []
    for n, leaf in enumerate(leaves):
        if not is_float(leaf):
            found.append(None)
        elif isinstance(leaf, float):
            found.append((at(n, leaf + STEP) - at(n, leaf - STEP)) / (2 * STEP))
        else:
            slope = np.zeros_like(leaf)
            for index in np.ndindex(*leaf.shape):
                step = np.zeros_like(leaf)
                step[index] = STEP
                slope[index] = (at(n, leaf + step) - at(n, leaf - step)) / (2 * STEP)
            found.append(slope)
    return found


def agree(gradient: Any, expected: list[Any]) -> None:
    """Assert that a gradient, of any structure, has these leaves."""
    leaves = flatten(gradient)[0]
    assert len(leaves) == len(expected)
    for one, other in zip(leaves, expected):
        if other is None:
            assert one is None
        else:
            assert np.shape(one) == np.shape(other)
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def contracted(value: Any, cotangents: list[Any]) -> float:
    """The sum of products of a value's float leaves with cotangents."""
    leaves = [leaf for leaf in flatten(value)[0] if is_float(leaf) or isinstance(leaf, np.floating)]
    return float(sum(np.sum(leaf * c) for leaf, c in zip(leaves, cotangents, strict=True)))


def cotangents_for(value: Any) -> list[Any]:
    """Numbers for every float leaf of a value, always the same."""
    rng = np.random.default_rng(7)
    leaves = [leaf for leaf in flatten(value)[0] if is_float(leaf) or isinstance(leaf, np.floating)]
    return [rng.normal(size=np.shape(leaf)) if isinstance(leaf, np.ndarray) else float(rng.normal()) for leaf in leaves]
