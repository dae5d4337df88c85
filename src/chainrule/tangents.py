"""What a user gives as tangents -> what a compiled function takes: one for each argument, of the structure, shapes and dtypes of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .structure import LEAF, TreeDef, flatten, flatten_like, gradient_structure, leaf_paths, unflatten

__all__ = ["conform", "moving", "still"]


def conform(transform: str, names: Sequence[str], primals: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """The tangents of some arguments, checked and converted: numbers to the argument's class, arrays to its dtype.

    What stands at leaves that carry no derivative becomes None; None at a leaf that carries one means that it does not move.
    """
    return [_conform(transform, name, primal, tangent) for name, primal, tangent in zip(names, primals, tangents)]


def _conform(transform: str, name: str, primal: Any, tangent: Any) -> Any:
    if type(primal) is np.ndarray and type(tangent) is np.ndarray and primal.shape == tangent.shape and primal.dtype == tangent.dtype \
            and primal.dtype.kind in "fc":
        return tangent
    if type(primal) is type(tangent) and isinstance(primal, (float, complex, np.inexact)):
        return tangent
    if tangent is None:
        return None
    leaves, structure = flatten(primal, True)
    if structure is LEAF:
        return _leaf(transform, name, primal, tangent)
    structure = gradient_structure(structure)
    try:
        given = flatten_like(structure, tangent)
    except ValueError as error:
        raise TypeError(f"{transform}: the tangent of {name} must have the structure of the argument: {error}") from None
    paths = leaf_paths(structure, name)
    return unflatten(structure, [_leaf(transform, path, leaf, dot) for path, leaf, dot in zip(paths, leaves, given)])


def _leaf(transform: str, path: str, leaf: Any, dot: Any) -> Any:
    kind = leaf.dtype.kind if isinstance(leaf, (np.ndarray, np.generic)) else "f" if isinstance(leaf, float) else "c" if isinstance(leaf, complex) else ""
    if kind not in ("f", "c") or dot is None:
        return None
    if not isinstance(dot, (int, float, complex, np.generic, np.ndarray)) and not isinstance(dot, (list, tuple)):
        raise TypeError(f"{transform}: the tangent of {path} is of type {type(dot).__name__}; a number or an array of shape {np.shape(leaf)} is needed")
    if np.shape(dot) != np.shape(leaf):
        raise TypeError(f"{transform}: the tangent of {path} has shape {np.shape(dot)}, but the argument has shape {np.shape(leaf)}")
    if np.iscomplexobj(dot) and kind != "c":
        raise TypeError(f"{transform}: the tangent of {path} is complex, but the argument is real")
    if isinstance(leaf, np.ndarray):
        return np.asarray(dot, leaf.dtype)
    return type(leaf)(np.asarray(dot)[()])


def still(primal: Any) -> tuple[list[Any], TreeDef]:
    """The leaves of an argument without their values: zeros of their classes and shapes at those that carry a derivative, None at the others."""
    leaves, structure = flatten(primal, True)
    return [_zero(leaf) for leaf in leaves], gradient_structure(structure)


def _zero(leaf: Any) -> Any:
    if isinstance(leaf, (np.ndarray, np.generic)):
        return np.zeros(leaf.shape, leaf.dtype)[()] if isinstance(leaf, np.generic) else np.zeros(leaf.shape, leaf.dtype)
    return type(leaf)(0) if isinstance(leaf, (float, complex)) else None


def moving(transform: str, names: Sequence[str], arguments: Sequence[tuple[list[Any], TreeDef]], tangents: Sequence[Any]) -> list[Any]:
    """One tangent for each leaf that carries a derivative, zeros where it does not move."""
    found: list[Any] = []
    for name, (zeros, structure), tangent in zip(names, arguments, tangents):
        if tangent is None:
            given: list[Any] = [None] * len(zeros)
        elif structure is LEAF:
            given = [_leaf(transform, name, zeros[0], tangent)]
        else:
            given = flatten(_conform(transform, name, unflatten(structure, zeros), tangent))[0]
        found += [zero if dot is None else dot for zero, dot in zip(zeros, given) if _carries(zero)]
    return found


def _carries(zero: Any) -> bool:
    return zero is not None and (isinstance(zero, (float, complex)) or zero.dtype.kind in "fc")
