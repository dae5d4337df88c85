"""Types of results where trying the operation is not enough: elementwise functions, and shapes given as integers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.nodes import Arg, Lit, Seq
from ..ir.ops import OPS
from ..ir.probe import probe, type_of
from ..ir.types import OBJECT, Array, Dim, Extent, Scalar, Tuple, Type, rank, unknown_extent
from .structure import broadcast

_kinds: dict[Any, tuple[str, bool, str]] = {}


def elementwise_infer(name: str) -> Callable[..., Type]:
    """Shape by broadcasting, dtype by trying it on one or two elements (once per combination of dtypes)."""

    def infer(*args: Arg) -> Type:
        types = [type_of(arg) for arg in args]
        numbers = [t for t in types if isinstance(t, (Scalar, Array))]
        others = [a for a, t in zip(args, types) if not isinstance(t, (Scalar, Array))]
        if any(not isinstance(a, Lit) for a in others):
            return probe(OPS[name], args)
        key = (name, tuple(_dtype_key(a, t) for a, t in zip(args, types)))
        known = _kinds.get(key)
        if known is None:
            known = _kinds[key] = _try(name, args, types)
        form, weak, dtype = known
        if form == "other":
            return probe(OPS[name], args)
        if form == "scalar":
            return Scalar(dtype, weak)
        shapes = [t.shape if isinstance(t, Array) else () for t in numbers]
        if any(s is None for s in shapes):
            return Array(dtype, None)
        return Array(dtype, broadcast(*(s for s in shapes if s is not None)))

    return infer


def _dtype_key(arg: Arg, type: Type) -> Any:
    if isinstance(arg, Lit):
        return (arg.value.__class__, repr(arg.value))
    if isinstance(type, Scalar):
        return ("scalar", type.dtype, type.weak)
    assert isinstance(type, Array)
    return ("array", type.dtype, rank(type) == 0)


def _try(name: str, args: tuple[Arg, ...], types: list[Type]) -> tuple[str, bool, str]:
    values = [arg.value if isinstance(arg, Lit) else _sample(type) for arg, type in zip(args, types)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = OPS[name].run(tuple(values))
    if isinstance(result, np.ndarray):
        return ("array", False, str(result.dtype)) if result.dtype.kind in "biufc" else ("other", False, "")
    if isinstance(result, np.generic) and result.dtype.kind in "biufc":
        return ("scalar", False, str(result.dtype))
    for cls, dtype in ((bool, "bool"), (int, "int64"), (float, "float64"), (complex, "complex128")):
        if type(result) is cls:
            return ("scalar", True, dtype)
    return ("other", False, "")


def _sample(type: Type) -> Any:
    assert isinstance(type, (Scalar, Array))
    value = 0.5 if np.dtype(type.dtype).kind in "fc" else 1
    if isinstance(type, Scalar):
        if type.weak:
            return {"b": bool, "i": int, "f": float, "c": complex}[np.dtype(type.dtype).kind](value)
        return np.dtype(type.dtype).type(value)
    return np.full(() if rank(type) == 0 else (2,), value, dtype=type.dtype)


# -- shapes given as values ----------------------------------------------------------------------------------


def extents_of(shape: Arg) -> tuple[Extent, ...] | None:
    """The extents that a shape argument names (an integer, a tuple of integers, `x.shape`); -1 stays -1."""
    if isinstance(shape, Lit):
        value = shape.value
        if isinstance(value, (int, np.integer)):
            return (int(value),)
        return tuple(int(v) for v in value) if isinstance(value, (tuple, list)) else None
    if isinstance(shape, Seq):
        return tuple(_extent(item) for item in shape.items)
    type = type_of(shape)
    if isinstance(type, Scalar):
        return (_extent(shape),)
    if isinstance(type, Tuple):
        return tuple(t.extent if isinstance(t, Scalar) and t.extent is not None else unknown_extent() for t in type.items)
    return None


def _extent(item: Arg) -> Extent:
    if isinstance(item, Lit):
        return int(item.value)
    type = type_of(item)
    if isinstance(type, Scalar) and type.extent is not None:
        return type.extent
    return unknown_extent()


def dtype_of(arg: Arg, default: str = "float64") -> str:
    """The dtype that a dtype argument names."""
    if isinstance(arg, Lit):
        return default if arg.value is None else str(np.dtype(arg.value))
    raise TypeError("a dtype has to be known at compile time")


def created(shape: Arg, dtype: Arg, *_: Arg) -> Type:
    """np.zeros, np.ones, np.empty."""
    return Array(dtype_of(dtype), extents_of(shape))


def filled(shape: Arg, value: Arg, dtype: Arg, *_: Arg) -> Type:
    """np.full."""
    own = type_of(value)
    default = own.dtype if isinstance(own, (Scalar, Array)) else "float64"
    return Array(dtype_of(dtype, default), extents_of(shape))


def created_like(like: Arg, dtype: Arg, *rest: Arg) -> Type:
    """np.zeros_like, np.ones_like, np.empty_like."""
    own = type_of(like)
    if isinstance(own, Scalar):
        return Array(dtype_of(dtype, own.dtype), ())
    if isinstance(own, Array):
        return Array(dtype_of(dtype, own.dtype), own.shape)
    return OBJECT


def full_like(like: Arg, value: Arg, dtype: Arg, *rest: Arg) -> Type:
    """np.full_like."""
    return created_like(like, dtype)


def reshaped(x: Arg, shape: Arg, *_: Arg) -> Type:
    """np.reshape: -1 is what is left, where that can be said."""
    type = type_of(x)
    dtype = type.dtype if isinstance(type, (Scalar, Array)) else "float64"
    extents = extents_of(shape)
    if extents is None:
        return Array(dtype, None)
    if -1 in extents:
        old = type.shape if isinstance(type, Array) else ()
        extents = tuple(_rest(old, extents) if e == -1 else e for e in extents)
    return Array(dtype, extents)


def _rest(old: tuple[Extent, ...] | None, new: tuple[Extent, ...]) -> Extent:
    """The extent that -1 stands for."""
    if old is None:
        return unknown_extent()
    left = list(old)
    known = 1
    for extent in new:
        if extent == -1:
            continue
        if extent in left:
            left.remove(extent)
        elif isinstance(extent, int):
            known *= extent
        else:
            return unknown_extent()
    constant = 1
    symbols: list[Dim] = []
    for extent in left:
        if isinstance(extent, int):
            constant *= extent
        else:
            symbols.append(extent)
    if not symbols and known and constant % known == 0:
        return constant // known
    if len(symbols) == 1 and constant == known:
        return symbols[0]
    return unknown_extent()


def broadcast_to(x: Arg, shape: Arg) -> Type:
    type = type_of(x)
    return Array(type.dtype if isinstance(type, (Scalar, Array)) else "float64", extents_of(shape))


def as_type(x: Arg, dtype: Arg, *_: Arg) -> Type:
    type = type_of(x)
    if isinstance(type, Scalar):
        return Scalar(dtype_of(dtype))
    return Array(dtype_of(dtype), type.shape if isinstance(type, Array) else None)


def shape_of(x: Arg) -> Type:
    """np.shape."""
    type = type_of(x)
    if isinstance(type, Scalar):
        return Tuple(())
    if isinstance(type, Array) and type.shape is not None:
        return Tuple(tuple(Scalar("int64", True, e) for e in type.shape))
    return OBJECT


def size_of(x: Arg, *_: Arg) -> Type:
    type = type_of(x)
    if isinstance(type, Array) and type.shape is not None and len(type.shape) == 1:
        return Scalar("int64", True, type.shape[0])
    if isinstance(type, Array) and type.shape is not None and all(isinstance(e, int) for e in type.shape):
        return Scalar("int64", True, int(np.prod([e for e in type.shape if isinstance(e, int)], dtype=int)))
    return Scalar("int64", True)


def length_of(x: Arg) -> Type:
    """len."""
    type = type_of(x)
    if isinstance(type, Array) and type.shape:
        return Scalar("int64", True, type.shape[0])
    if isinstance(type, Tuple):
        return Scalar("int64", True, len(type.items))
    return Scalar("int64", True)


def eye(n: Arg, m: Arg, k: Arg, dtype: Arg) -> Type:
    """np.eye."""
    rows = _extent(n)
    return Array(dtype_of(dtype), (rows, rows if isinstance(m, Lit) and m.value is None else _extent(m)))


def identity(n: Arg, dtype: Arg) -> Type:
    """np.identity."""
    return Array(dtype_of(dtype), (_extent(n),) * 2)


def linspace(start: Arg, stop: Arg, num: Arg, endpoint: Arg, dtype: Arg) -> Type:
    """np.linspace between numbers."""
    if any(isinstance(type_of(arg), Array) and rank(type_of(arg)) != 0 for arg in (start, stop)):
        return probe(OPS["np.linspace"], (start, stop, num, endpoint, dtype))
    return Array(dtype_of(dtype), (_extent(num),))


__all__ = ["as_type", "broadcast_to", "created", "created_like", "dtype_of", "elementwise_infer", "extents_of", "eye", "filled",
           "full_like", "identity", "length_of", "linspace", "reshaped", "shape_of", "size_of"]
