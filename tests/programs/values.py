"""What random programs are made of: decisions, types, expressions with a bound of their size, and arguments."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np


class Chooser(Protocol):
    """Where decisions come from."""

    def integer(self, low: int, high: int) -> int:
        """A number in low..high, both included; low is the simplest."""


class Seeded:
    """Decisions from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low + 1))


class Drawn:
    """Decisions from Hypothesis, which can shrink them. ``draw_integer(low, high)`` draws one."""

    def __init__(self, draw_integer: Callable[[int, int], int]) -> None:
        self.integer = draw_integer


@dataclass(frozen=True, repr=False)
class Program:
    """Source text, and several lists of arguments for its function ``main``."""

    source: str
    arguments: tuple[tuple[Any, ...], ...]

    def __repr__(self) -> str:
        calls = "\n".join(f"main({', '.join(_literal(arg) for arg in args)})" for args in self.arguments)
        return f"{self.source}\n{calls}\n"


def _literal(arg: Any) -> str:
    if isinstance(arg, np.random.Generator):
        return f"np.random.default_rng({arg.bit_generator.seed_seq.entropy})"  # type: ignore[attr-defined]
    if not isinstance(arg, np.ndarray):
        return repr(arg)
    if arg.flags.c_contiguous:
        return f"np.array({arg.tolist()})"
    if arg.flags.f_contiguous:
        return f"np.asfortranarray({arg.tolist()})"
    if arg.strides[0] < 0:
        return f"np.array({arg[::-1].tolist()})[::-1]"
    return f"np.repeat({arg.tolist()}, 2, axis=-1)[..., ::2]"


def layouts(array: np.ndarray[Any, Any], kind: int) -> np.ndarray[Any, Any]:
    """The same array in another memory order: 1 Fortran, 2 backwards, 3 with gaps."""
    if kind == 1:
        return np.asfortranarray(array)
    if kind == 2:
        return array[::-1].copy()[::-1]
    return np.repeat(array, 2, axis=-1)[..., ::2] if kind == 3 else array


def relayed(arg: Any, like: Any) -> Any:
    """A copy of an argument, in the memory order of another one; a copy of a random generator in its present state."""
    if not isinstance(like, np.ndarray):
        return copy.deepcopy(arg)
    if like.flags.c_contiguous:
        return np.array(arg, order="C")
    return layouts(np.array(arg, order="C"), 1 if like.flags.f_contiguous else 2 if like.strides[0] < 0 else 3)


def fresh(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copies of arguments, in the memory order they have."""
    return tuple(relayed(arg, arg) for arg in args)


# ---------------------------------------------------------------------------------------------------------------- types


@dataclass(frozen=True)
class Float:
    pass


@dataclass(frozen=True)
class Bool:
    pass


@dataclass(frozen=True)
class Int:
    low: int
    high: int


@dataclass(frozen=True)
class Array:
    shape: tuple[int, ...]
    writable: bool = True


@dataclass(frozen=True)
class List:
    item: Float | Array
    length: int  # at least this long


@dataclass(frozen=True)
class Tuple:
    items: tuple[Float | Array, ...]


@dataclass(frozen=True)
class Dict:
    items: tuple[tuple[str, Float | Array], ...]


@dataclass(frozen=True)
class Object:
    """An instance of a class of the program; ``fixed``: its attributes cannot be assigned."""

    cls: str
    items: tuple[tuple[str, Float | Array], ...]
    fixed: bool = False


@dataclass(frozen=True)
class Random:
    """A random generator."""


@dataclass(frozen=True)
class Function:
    params: tuple[tuple[str, Float | Array | Int], ...]
    result: Any  # a type; None: called for its effect
    defaults: int = 0  # that many last parameters may be left out
    star: bool = False  # takes any number of floats


@dataclass(frozen=True)
class Expr:
    text: str
    prec: int  # 0 conditional, 1 sum (and matrix product: it needs brackets in products), 2 product, 3 power and minus, 4 atom
    size: float  # bound of its absolute value, if every variable is within [-2, 2]
    bare: bool = False  # is memory that has another name
    writable: bool = True

    def at(self, prec: int) -> str:
        return self.text if self.prec >= prec else f"({self.text})"


LIMIT = 2.0
SCALARS = ("s", "t", "u", "v", "w", "p", "r", "g", "h")
VECTORS = ("x", "y", "z", "a", "b", "c", "d", "e")
MATRICES = ("A", "B", "C", "D", "M", "N")
THRESHOLDS = (0.1, 0.3, -0.2, 0.6, 0.0, -0.45, 0.9)
CONSTANTS = (0.5, 2.0, 0.3, 1.5, 0.7, 1.0, 0.9, -0.4)


def call(name: str, *args: str, size: float = LIMIT) -> Expr:
    return Expr(f"{name}({', '.join(args)})", 4, size)


def constant(c: float) -> Expr:
    return Expr(f"{c:g}" if c != int(c) else f"{c:.1f}", 4 if c >= 0 else 3, abs(c))


def mul(a: Expr, b: Expr) -> Expr:
    return Expr(f"{a.at(2)} * {b.at(2 if '/' not in b.text else 3)}", 2, a.size * b.size)


def add(a: Expr, b: Expr) -> Expr:
    return Expr(f"{a.at(1)} + {b.at(1)}", 1, a.size + b.size)


def sub(a: Expr, b: Expr) -> Expr:
    return Expr(f"{a.at(1)} - {b.at(2)}", 1, a.size + b.size)


def fit(e: Expr, limit: float = LIMIT) -> Expr:
    """The expression, scaled or squashed so that its bound is within the limit."""
    if e.size <= limit:
        return e
    if e.size > 6 * limit:
        e = call("np.tanh", e.text, size=1.0)
        if limit >= 1.0:
            return e
    factor = max(round(limit / e.size - 0.005, 2), 0.01)
    return Expr(f"{factor:g} * {e.at(2)}", 2, limit)


@dataclass
class Module:
    """What the functions of one program share: the constructs that it may contain, and what must stand above its functions."""

    groups: tuple[str, ...] = ()
    definitions: dict[str, str] = field(default_factory=dict)  # by name, in the order of their first use

    def define(self, name: str, text: str) -> str:
        """The name of a class or function that stands above all others."""
        self.definitions.setdefault(name, text.strip("\n"))
        return name
