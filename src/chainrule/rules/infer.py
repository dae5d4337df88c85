"""Types of results where trying the operation is not enough: elementwise functions, and shapes given as integers."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.nodes import Arg, Lit, Seq, operands
from ..ir.ops import OPS
from ..ir.probe import CannotProbe, probe, type_of
from ..ir.types import OBJECT, Array, Dim, Extent, Scalar, Tuple, Type, rank, unknown_extent
from .structure import broadcast

_kinds: dict[Any, tuple[str, bool, str]] = {}


def elementwise_infer(name: str) -> Callable[..., Type]:
    """Shape by broadcasting, dtype by trying it on one or two elements (once per combination of dtypes)."""

    def infer(*args: Arg) -> Type:
        types = [type_of(arg) for arg in args]
        numbers = [t for t in types if isinstance(t, (Scalar, Array))]
        others = [a for a, t in zip(args, types) if not isinstance(t, (Scalar, Array))]
        if any(not isinstance(a, Lit) for a in others) or any(isinstance(t, Scalar) and t.mixed for t in types):
            return probe(OPS[name], args)
        key = (name, tuple(_dtype_key(a, t) for a, t in zip(args, types)))
        known = _kinds.get(key)
        if known is None:
            if name.startswith("math.") and any(np.dtype(t.dtype).kind == "c" for t in numbers):
                raise not_complex(name)
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


def not_complex(name: str) -> CannotProbe:
    """The refusal of complex numbers where Python takes none."""
    return CannotProbe(f"{name} of complex numbers: Python leaves out the imaginary part, with a warning, or raises TypeError")


def of_real_numbers(name: str) -> Callable[..., Type]:
    """A number of Python's, made of real ones."""

    def infer(*args: Arg) -> Type:
        if any(isinstance(t := type_of(item), (Scalar, Array)) and np.dtype(t.dtype).kind == "c" for arg in args for item in operands(arg)):
            raise not_complex(name)
        return Scalar("float64", weak=True)

    return infer


def _dtype_key(arg: Arg, type: Type) -> Any:
    if isinstance(arg, Lit):
        return (arg.value.__class__, repr(arg.value))
    if isinstance(type, Scalar):
        return ("scalar", type.dtype, type.weak)
    assert isinstance(type, Array)
    return ("array", type.dtype, rank(type) == 0)


def _try(name: str, args: tuple[Arg, ...], types: list[Type]) -> tuple[str, bool, str]:
    result = None
    # Inside the domain of most functions, and not an exponent that NumPy treats apart, as 0.5; of acosh; of all.
    for number in (0.75, 1.5, 1.0):
        values = [arg.value if isinstance(arg, Lit) else _sample(type, number) for arg, type in zip(args, types)]
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = OPS[name].run(tuple(values))
            break
        except (ValueError, ArithmeticError):
            continue
        except TypeError as error:
            raise CannotProbe(f"{name}: {error}") from error
    if isinstance(result, np.ndarray):
        return ("array", False, str(result.dtype)) if result.dtype.kind in "biufc" else ("other", False, "")
    if isinstance(result, np.generic) and result.dtype.kind in "biufc":
        return ("scalar", False, str(result.dtype))
    for cls, dtype in ((bool, "bool"), (int, "int64"), (float, "float64"), (complex, "complex128")):
        if type(result) is cls:
            return ("scalar", True, dtype)
    return ("other", False, "")


def _sample(type: Type, number: float) -> Any:
    assert isinstance(type, (Scalar, Array))
    value = number if np.dtype(type.dtype).kind in "fc" else 1
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
        if arg.value is None:
            return default
        try:
            dtype = np.dtype(arg.value)
        except TypeError:
            return "void"  # a description of fields
        return "void" if dtype.fields else str(dtype)
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
    asked = rest[2] if len(rest) > 2 else Lit(None)
    if isinstance(own, (Scalar, Array)) and not (isinstance(asked, Lit) and asked.value is None):
        return Array(dtype_of(dtype, own.dtype), extents_of(asked))
    if isinstance(own, Scalar):
        return Array(dtype_of(dtype, own.dtype), ())
    if isinstance(own, Array):
        return Array(dtype_of(dtype, own.dtype), own.shape)
    return OBJECT


def full_like(like: Arg, value: Arg, dtype: Arg, *rest: Arg) -> Type:
    """np.full_like."""
    return created_like(like, dtype, *rest)


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


def resized(x: Arg, shape: Arg) -> Type:
    """np.resize."""
    return broadcast_to(x, shape)


def squeezed(x: Arg, axis: Arg) -> Type:
    """np.squeeze: without an axis, axes that may have length 1 leave even the number of axes open."""
    type = type_of(x)
    if not isinstance(type, Array) or type.shape is None or not isinstance(axis, Lit):
        return probe(OPS["np.squeeze"], (x, axis)) if isinstance(type, Scalar) else Array(type.dtype if isinstance(type, Array) else "float64", None)
    if axis.value is None:
        if not all(isinstance(extent, int) or (extent.not_one and not extent.offset) for extent in type.shape):
            return Array(type.dtype, None)
        return Array(type.dtype, tuple(extent for extent in type.shape if extent != 1))
    if not type.shape:
        return type
    left_out = {a % len(type.shape) for a in (axis.value if isinstance(axis.value, tuple) else (axis.value,))}
    return Array(type.dtype, tuple(extent for n, extent in enumerate(type.shape) if n not in left_out))


def common_shape(shapes: Arg) -> Type:
    """np.broadcast_shapes."""
    extents = [extents_of(item) for item in shapes.items] if isinstance(shapes, Seq) else [None]
    if any(e is None for e in extents):
        return OBJECT
    return Tuple(tuple(Scalar("int64", True, e) for e in broadcast(*(e for e in extents if e is not None))))


def open_mesh(args: Arg) -> Type:
    """np.ix_."""
    items = args.items if isinstance(args, Seq) else ()
    extents = [_count_of(item) for item in items]
    ones: list[list[Extent]] = [[1] * len(items) for _ in items]
    for n, extent in enumerate(extents):
        ones[n][n] = extent
    return Tuple(tuple(Array("int64", tuple(row)) for row in ones))


def _count_of(item: Arg) -> Extent:
    """The number of indices that a list, an array of integers or a mask stands for."""
    type = type_of(item)
    if isinstance(item, Seq) and not any(type_of(i).dtype == "bool" for i in item.items if isinstance(type_of(i), Scalar)):  # type: ignore[union-attr]
        return len(item.items)
    return type.shape[0] if isinstance(type, Array) and type.dtype != "bool" and type.shape else unknown_extent()


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


def along(x: Arg, count: Arg) -> Type:
    """A number in several directions."""
    type = type_of(x)
    assert isinstance(type, (Scalar, Array))
    shape = () if isinstance(type, Scalar) else type.shape
    return Array(type.dtype, None if shape is None else (_extent(count), *shape))


def one_of(x: Arg) -> Type:
    """A number in one of several directions."""
    type = type_of(x)
    assert isinstance(type, Array)
    return Array(type.dtype, None if type.shape is None else type.shape[1:])


def like(position: int) -> Callable[..., Type]:
    """The shape of one argument, the dtype of the first: contributions made by helpers."""

    def inferred(*args: Arg) -> Type:
        first, shaped = type_of(args[0]), type_of(args[position])
        dtype = first.dtype if isinstance(first, (Scalar, Array)) else "float64"
        return Array(dtype, shaped.shape if isinstance(shaped, Array) else ())

    return inferred


def matrix_product(x: Arg, y: Arg) -> Type:
    """`x @ y` and np.dot: the inner extents need not be known to agree."""
    a, b = type_of(x), type_of(y)
    dtype = str(np.result_type(_number_dtype(a), _number_dtype(b)))
    m, n = rank(a), rank(b)
    if m is None or n is None:
        return Array(dtype, None)
    if m == 0 or n == 0:
        return elementwise_infer("*")(x, y)
    assert isinstance(a, Array) and isinstance(b, Array) and a.shape is not None and b.shape is not None
    stack = broadcast(a.shape[:-2], b.shape[:-2])
    shape = (*stack, *(a.shape[-2:-1] if m > 1 else ()), *(b.shape[-1:] if n > 1 else ()))
    return Array(dtype, shape) if shape or not (m == n == 1) else Scalar(dtype)


def dot_product(x: Arg, y: Arg) -> Type:
    """np.dot: like @ up to two axes."""
    a, b = type_of(x), type_of(y)
    if max(rank(a) or 0, rank(b) or 0) <= 2 and rank(a) is not None and rank(b) is not None:
        return matrix_product(x, y)
    return probe(OPS["np.dot"], (x, y))


def _number_dtype(type: Type) -> Any:
    return np.dtype(type.dtype) if isinstance(type, (Scalar, Array)) else np.dtype(float)


def cross(x: Arg, y: Arg) -> Type:
    """np.cross of vectors of three."""
    a, b = type_of(x), type_of(y)
    assert isinstance(a, Array) and isinstance(b, Array)
    if any(t.shape and t.shape[-1] == 2 for t in (a, b)):
        raise CannotProbe("np.cross of vectors of the plane is not supported: write x[0] * y[1] - x[1] * y[0]")
    dtype = str(np.result_type(a.dtype, b.dtype))
    return Array(dtype, None if a.shape is None or b.shape is None else broadcast(a.shape, b.shape))


def found(x: Arg, *_: Arg) -> Type:
    """np.nonzero: how many there are is not known."""
    extent = unknown_extent()
    return Tuple(tuple(Array("int64", (extent,)) for _ in range(rank(type_of(x)) or 1)))


def found_flat(x: Arg, *_: Arg) -> Type:
    """np.flatnonzero."""
    return Array("int64", (unknown_extent(),))


def bincount(x: Arg, weights: Arg, minlength: Arg) -> Type:
    """np.bincount."""
    return Array("int64" if isinstance(weights, Lit) and weights.value is None else "float64", (unknown_extent(),))


def found_rows(x: Arg, *_: Arg) -> Type:
    """np.argwhere."""
    return Array("int64", (unknown_extent(), rank(type_of(x)) or 1))


def unique(x: Arg, *_: Arg) -> Type:
    """np.unique."""
    type = type_of(x)
    return Array(type.dtype if isinstance(type, (Scalar, Array)) else "float64", (unknown_extent(),))


def repeated(x: Arg, repeats: Arg, axis: Arg) -> Type:
    """np.repeat."""
    type = type_of(x)
    if isinstance(repeats, Lit) or not isinstance(type, Array) or type.shape is None or not isinstance(axis, Lit):
        return probe(OPS["np.repeat"], (x, repeats, axis))
    if axis.value is None:
        return Array(type.dtype, (unknown_extent(),))
    shape = list(type.shape)
    shape[axis.value] = unknown_extent()
    return Array(type.dtype, tuple(shape))


def parts_along(x: Arg, sections: Arg, axis: Arg) -> Type:
    """np.split and np.array_split."""
    assert isinstance(axis, Lit)
    return parts(x, sections, axis.value)


def parts(x: Arg, sections: Arg, axis: int) -> Type:
    """np.split and its kin: how many parts there are; how long each is where that is known."""
    type = type_of(x)
    if not isinstance(sections, (Lit, Seq)) or not isinstance(type, Array) or type.shape is None:
        return OBJECT
    cuts = sections.value if isinstance(sections, Lit) else [i.value if isinstance(i, Lit) else None for i in sections.items]
    whole = type.shape[axis]
    count = cuts if isinstance(cuts, int) else len(cuts) + 1
    extents: list[Extent] = [unknown_extent() for _ in range(count)]
    if isinstance(cuts, int) and count == 1:
        extents = [whole]
    elif isinstance(cuts, int) and isinstance(whole, int):
        extents = [whole // count + (n < whole % count) for n in range(count)]
    elif not isinstance(cuts, int) and all(c is not None and c >= 0 for c in cuts):
        ends = [0, *cuts]
        if isinstance(whole, int):
            ends = [min(e, whole) for e in [*ends, whole]]
            extents = [max(b - a, 0) for a, b in itertools.pairwise(ends)]
    items = []
    for extent in extents:
        shape = list(type.shape)
        shape[axis] = extent
        items.append(Array(type.dtype, tuple(shape)))
    return Tuple(tuple(items))


__all__ = ["as_type", "broadcast_to", "common_shape", "created", "created_like", "dtype_of", "elementwise_infer", "extents_of", "eye", "filled",
           "full_like", "identity", "length_of", "linspace", "open_mesh", "reshaped", "resized", "shape_of", "size_of", "squeezed"]
