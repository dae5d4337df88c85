"""The numbers and arrays of arguments: in float64 or wider, with their scales, and what agrees for their dtype."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..structure import TreeDef, flatten, unflatten

# Of the dtype in which the derivative was computed: (relative, absolute). Some tens to thousands of roundings of that
# dtype, and never below what differences in float64 resolve. The absolute one is in units of the function's value.
TOLERANCES: Final = {8: (1e-6, 1e-8), 4: (2e-3, 1e-4), 2: (2e-2, 1e-2)}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A float or complex leaf of the arguments: where it is, its value in wide precision, the step of each element."""

    path: str
    position: int
    value: Any  # a Python number, NumPy scalar or array, float64 or wider
    scale: np.ndarray[Any, Any]
    complex: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.scale.shape)


def widened(value: Any) -> Any:
    """A copy of a leaf in float64 or complex128, or wider; other leaves are copied as they are."""
    if isinstance(value, np.ndarray):
        target: Any = value.dtype
        if value.dtype.kind in "fc" and value.dtype.itemsize < (8 if value.dtype.kind == "f" else 16):
            target = np.float64 if value.dtype.kind == "f" else np.complex128
        return value.astype(target, order="K", copy=True)
    if isinstance(value, np.float16 | np.float32):
        return np.float64(value)
    if isinstance(value, np.complex64):
        return np.complex128(value)
    return copied(value)


def copied(value: Any) -> Any:
    """A leaf that the function may use up or write to: arrays and stateful objects are copied."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if value is None or isinstance(value, bool | int | float | complex | str | np.generic) or callable(value):
        return value
    try:
        return copy.deepcopy(value)  # random generators and buffers must start alike in every evaluation
    except Exception:
        return value


def is_floating(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fc"
    return isinstance(value, float | complex)


def scale_of(value: Any) -> np.ndarray[Any, Any]:
    """The step of each element: its own size, but no less than a tenth of the leaf's typical size (1 when all are zero)."""
    size = np.abs(np.asarray(value)).astype(np.float64)
    size = np.where(np.isfinite(size), size, 1.0)
    typical = math.sqrt(float(np.mean(size * size))) if size.size else 1.0
    return np.maximum(size, 0.1 * typical if typical else 1.0)


def itemsize_of(value: Any) -> int:
    """Bytes of a float's dtype, those of one component for complex; a Python number counts as float64."""
    if not isinstance(value, np.ndarray | np.generic):
        return 8
    return value.dtype.itemsize // (2 if value.dtype.kind == "c" else 1)


def tolerances(leaves: Sequence[Any]) -> tuple[float, float]:
    return TOLERANCES[min((min(itemsize_of(leaf), 8) for leaf in leaves if is_floating(leaf)), default=8)]


def taken_apart(args: Sequence[Any]) -> tuple[list[Any], TreeDef]:
    """Arguments as their leaves, objects too, and the structure of the list of them."""
    parts = [flatten(arg, objects=True) for arg in args]
    leaves = [leaf for found, _ in parts for leaf in found]
    return leaves, TreeDef(list, (), tuple(structure for _, structure in parts), len(leaves))


def own_copies(args: Sequence[Any]) -> list[Any]:
    leaves, treedef = taken_apart(args)
    return list(unflatten(treedef, [copied(leaf) for leaf in leaves]))


def random_like(leaf: Any, rng: np.random.Generator) -> Any:
    """A random cotangent of the type of a result; None where there is none."""
    if not is_floating(leaf):
        return None
    shape = np.shape(leaf)
    c: Any = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    if np.iscomplexobj(leaf):
        c = c + 1j * rng.uniform(-1.0, 1.0, shape)
    if isinstance(leaf, np.ndarray):
        return np.asarray(c, leaf.dtype)
    return type(leaf)(c)


__all__ = ["TOLERANCES", "Leaf", "copied", "is_floating", "itemsize_of", "own_copies", "random_like", "scale_of", "taken_apart", "tolerances", "widened"]
