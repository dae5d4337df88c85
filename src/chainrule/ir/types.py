"""Types of values: what the compiler knows about a value before the program runs.

A type says as much as NumPy's semantics depend on: the dtype, whether a number is a Python number
(*weak*: it never promotes an array) or a NumPy scalar, and for arrays the extent of each axis.
Extents are integers or symbols: two axes with the same symbol have the same length in every call
that this specialisation serves. A symbol that stands for an argument's axis is never 1
(an extent of 1 is part of the signature); other symbols may be.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Union

import numpy as np


@dataclass(frozen=True)
class Dim:
    """A symbolic extent: `name + offset`. `not_one` says that the bare symbol is never 1."""

    name: str
    offset: int = 0
    not_one: bool = False

    def __str__(self) -> str:
        if self.offset:
            return f"{self.name}{self.offset:+d}"
        return self.name


Extent = Union[int, Dim]

DIRECTIONS = Dim("(directions)")  # so many of a Jacobian as are taken at a time (`transform/chunks`)


@dataclass(frozen=True)
class Scalar:
    """A number: of Python (`weak`) or a NumPy scalar. `extent`: the symbol an integer is known to equal.

    `mixed`: a number of another class on some path (`s = 0`, then `s + x[i]`): it computes alike, but its class is not known.
    """

    dtype: str  # "bool", "int64", "float32", "float64", "complex128", ...
    weak: bool = False
    extent: Extent | None = None
    mixed: bool = False

    def __str__(self) -> str:
        return ("py_" if self.weak else "") + self.dtype


@dataclass(frozen=True)
class Array:
    """An ndarray. `shape` is None where not even the rank is known (then it may also be a scalar)."""

    dtype: str
    shape: tuple[Extent, ...] | None

    def __str__(self) -> str:
        inside = "..." if self.shape is None else ",".join(map(str, self.shape))
        return f"{self.dtype}[{inside}]"


@dataclass(frozen=True)
class Tuple:
    """A tuple value (for example a shape, or an element of a growing list)."""

    items: tuple[Type, ...]

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self.items)) + ")"


@dataclass(frozen=True)
class List:
    """A Python list whose length is not known: grown in a loop. All elements have one type."""

    element: Type

    def __str__(self) -> str:
        return f"[{self.element}]"


@dataclass(frozen=True)
class Opaque:
    """Any other Python object: a string made at run time, a Generator, a file. Carries no derivative."""

    name: str = "object"

    def __str__(self) -> str:
        return self.name


Type = Union[Scalar, Array, Tuple, List, Opaque]

FLOAT = Scalar("float64", weak=True)
INT = Scalar("int64", weak=True)
BOOL = Scalar("bool", weak=True)
OBJECT = Opaque()


def is_number(type: Type) -> bool:
    return isinstance(type, (Scalar, Array))


def is_array(type: Type) -> bool:
    return isinstance(type, Array)


def kind(dtype: str) -> str:
    """NumPy's kind letter: "b", "i", "u", "f", "c"."""
    return np.dtype(dtype).kind


def differentiable(type: Type) -> bool:
    """Whether values of this type can carry a derivative."""
    if isinstance(type, (Scalar, Array)):
        return kind(type.dtype) in "fc"
    if isinstance(type, Tuple):
        return any(differentiable(item) for item in type.items)
    if isinstance(type, List):
        return differentiable(type.element)
    return False


def rank(type: Type) -> int | None:
    """Number of axes; None where it is not known."""
    if isinstance(type, Scalar):
        return 0
    if isinstance(type, Array) and type.shape is not None:
        return len(type.shape)
    return None


def shape(type: Type) -> tuple[Extent, ...] | None:
    if isinstance(type, Scalar):
        return ()
    return type.shape if isinstance(type, Array) else None


def same_shape(a: Type, b: Type) -> bool:
    """Whether two values are known to have the same shape."""
    return shape(a) is not None and shape(a) == shape(b)


def join(a: Type, b: Type) -> Type | None:
    """The narrowest type that holds both; None where there is none (then the program is refused)."""
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        mixed = a.mixed or b.mixed or a.dtype != b.dtype or a.weak != b.weak
        if a.dtype == b.dtype:
            return Scalar(a.dtype, a.weak and b.weak, a.extent if a.extent == b.extent else None, mixed)
        return Scalar(_promote(a.dtype, b.dtype), a.weak and b.weak, None, mixed)
    if isinstance(a, (Scalar, Array)) and isinstance(b, (Scalar, Array)):
        dtype = a.dtype if a.dtype == b.dtype else _promote(a.dtype, b.dtype)
        if isinstance(a, Array) and isinstance(b, Array) and rank(a) is not None and rank(a) == rank(b):
            assert a.shape is not None and b.shape is not None
            return Array(dtype, tuple(x if x == y else unknown_extent() for x, y in zip(a.shape, b.shape)))
        return Array(dtype, None)
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        items = [join(x, y) for x, y in zip(a.items, b.items)]
        return None if any(item is None for item in items) else Tuple(tuple(i for i in items if i is not None))
    if isinstance(a, List) and isinstance(b, List):
        element = join(a.element, b.element)
        return None if element is None else List(element)
    if isinstance(a, Opaque) and isinstance(b, Opaque):
        return OBJECT
    return None


_unknown = itertools.count()


def unknown_extent() -> Dim:
    """A symbol that equals no other. (Its number never reaches the generated text.)"""
    return Dim(f"?{next(_unknown)}")


def is_unknown(extent: Extent) -> bool:
    return isinstance(extent, Dim) and extent.name.startswith("?")


def renew(type: Type) -> Type:
    """The type with every unknown extent replaced by a new one: same knowledge, another value."""
    if isinstance(type, Array) and type.shape is not None and any(map(is_unknown, type.shape)):
        return Array(type.dtype, tuple(unknown_extent() if is_unknown(e) else e for e in type.shape))
    if isinstance(type, Tuple):
        return Tuple(tuple(renew(item) for item in type.items))
    return type


def covers(wide: Type, narrow: Type) -> bool:
    """Whether every value of type `narrow` is a value of type `wide`."""
    if wide == narrow:
        return True
    if isinstance(wide, Scalar) and isinstance(narrow, Scalar):
        return wide.extent is None and join(wide, narrow) == wide
    if isinstance(wide, Array) and isinstance(narrow, (Scalar, Array)):
        if np.promote_types(wide.dtype, narrow.dtype) != np.dtype(wide.dtype):
            return False
        if wide.shape is None:
            return True
        if not isinstance(narrow, Array) or narrow.shape is None or len(wide.shape) != len(narrow.shape):
            return False
        return all(w == n or is_unknown(w) for w, n in zip(wide.shape, narrow.shape))
    if isinstance(wide, Tuple) and isinstance(narrow, Tuple) and len(wide.items) == len(narrow.items):
        return all(covers(w, n) for w, n in zip(wide.items, narrow.items))
    if isinstance(wide, List) and isinstance(narrow, List):
        return covers(wide.element, narrow.element)
    return wide == OBJECT and isinstance(narrow, Opaque)


def _promote(a: str, b: str) -> str:
    return str(np.promote_types(a, b))
