"""One operation, differentiated and compared with finite differences of itself."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Arg, Block, Lit, Program, Seq, Slice, Var, Yield
from chainrule.ir.ops import OPS
from chainrule.ir.probe import type_of
from chainrule.ir.types import Array, Dim, List, Opaque, Scalar, Tuple, Type, differentiable
from chainrule.rules import registry
from chainrule.rules import scipy as scipy_rows
from chainrule.rules.table import ROWS, resolve
from chainrule.transform.reverse import reverse

SCIPY = sorted(module.name for module in pkgutil.iter_modules(scipy_rows.__path__) if not module.ispkg)  # the modules of SciPy that have rows


@dataclass
class Const:
    """A float that is a constant of the program."""

    value: Any


@dataclass
class Fixed:
    """An array that is a value of the program, but not differentiated."""

    value: Any


@dataclass
class Grown:
    """A list whose length the compiler does not know."""

    items: list[Any]


@dataclass
class Case:
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def case(*args: Any, **kwargs: Any) -> Case:
    """A call: float arrays and numbers are differentiated; ints, strings, None and tuples of them are constants."""
    return Case(args, kwargs)


def extent(n: int) -> Any:
    return n if n == 1 else Dim(f"n{n}", not_one=True)


def type_for(value: Any) -> Type:
    if isinstance(value, np.ndarray):
        return Array(str(value.dtype), tuple(extent(n) for n in value.shape))
    if isinstance(value, Grown):
        return List(type_for(value.items[0]))
    if isinstance(value, np.generic):
        return Scalar(str(value.dtype))
    return Scalar({float: "float64", complex: "complex128", int: "int64"}[type(value)], weak=True)


def of_scipy(op: str) -> bool:
    """Whether an operation belongs to the rows of SciPy, which are tested in tests/rules/scipy."""
    return op.partition(".")[0].removesuffix("_rt") in SCIPY


def needs(op: str) -> None:
    """Skip the test where this version of NumPy or Python does not have the function."""
    if op not in ROWS and "." in op and resolve(op) is None:
        pytest.skip(f"{op} is not in this version of NumPy or Python")


class Single:
    """A program of one operation, and the values of its parameters."""

    def __init__(self, op: str, sample: Case) -> None:
        self.params: list[Var] = []
        self.values: list[Any] = []
        self.fixed: list[Var] = []
        args = tuple(self.arg(a) for a in sample.args)
        kwargs = {k: self.arg(a) for k, a in sample.kwargs.items()}
        b = Builder()
        bound = registry.bind(op, args, kwargs)
        self.out = b.emit(op, *bound)
        self.program = Program("f", tuple((f"p{k}", p) for k, p in enumerate(self.params)),
                               Block(tuple(self.params), tuple(b.stmts), Yield((self.out,))))
        self.wrt = tuple(p for p in self.params if differentiable(p.type) and p not in self.fixed)

    def arg(self, value: Any) -> Arg:
        if isinstance(value, Const):
            return Lit(value.value)
        if isinstance(value, Slice) or isinstance(value, Lit):
            return value
        if isinstance(value, Fixed):
            var = self.arg(value.value)
            assert isinstance(var, Var)
            self.fixed.append(var)
            return var
        if isinstance(value, slice):
            return Slice(self.arg(value.start), self.arg(value.stop), self.arg(value.step))
        if isinstance(value, (tuple, list)):
            return Seq(tuple(self.arg(item) for item in value), "list" if isinstance(value, list) else "tuple")
        if value is None or value is Ellipsis or isinstance(value, (bool, int, str, np.dtype, type)):
            return Lit(value)
        self.params.append(Var(type_for(value), f"p{len(self.params)}"))
        self.values.append(value.items if isinstance(value, Grown) else value)
        return self.params[-1]

    def run(self, values: list[Any]) -> Any:
        return interpret(self.program, tuple(values))

    def pullback(self, seed: Any) -> tuple[Any, ...]:
        program = reverse(self.program, self.wrt, seed="pullback")
        _, pull = interpret(program, tuple(self.values))
        result = pull(seed)
        assert isinstance(result, tuple)
        return result


def leaves(value: Any) -> list[Any]:
    """The float arrays and numbers in a result, flat."""
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)] if np.asarray(value).dtype.kind in "fc" else []


def random_like(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(random_like(item, rng) for item in value) if type(value) in (tuple, list) \
            else tuple(random_like(item, rng) for item in value)
    array = np.asarray(value)
    if array.dtype.kind == "c":
        drawn: Any = rng.normal(size=array.shape) + 1j * rng.normal(size=array.shape)
    elif array.dtype.kind == "f":
        drawn = rng.normal(size=array.shape)
    else:
        return value
    if isinstance(value, np.ndarray):
        return np.asarray(drawn, dtype=array.dtype)
    return type(value)(drawn)


def shifted(value: Any, direction: Any, h: float) -> Any:
    if isinstance(value, (tuple, list)):
        return [shifted(v, d, h) for v, d in zip(value, direction)]
    moved = value + h * direction
    return moved if isinstance(value, np.ndarray) else type(value)(moved)


def dot(seed: Any, value: Any) -> float:
    """Re sum(seed * value): the pairing of a cotangent and a tangent, without conjugation."""
    return float(sum(np.sum(np.asarray(a) * np.asarray(b)).real for a, b in zip(leaves(seed), leaves(value))))


def slope(single: Single, k: int, direction: Any, seed: Any) -> float:
    """The derivative of <seed, f> along a direction of parameter k, by Richardson extrapolation of central differences."""
    def at(h: float) -> float:
        values = list(single.values)
        values[k] = shifted(values[k], direction, h)
        return dot(seed, single.run(values))

    h = 2e-4
    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    return (4 * fine - coarse) / 3


def same_kind(value: Any, gradient: Any) -> None:
    """A gradient has the structure, shape and dtype of its argument."""
    if isinstance(value, list):
        assert isinstance(gradient, list) and len(gradient) == len(value)
        for v, g in zip(value, gradient):
            same_kind(v, g)
        return
    assert np.shape(gradient) == np.shape(value), (np.shape(gradient), np.shape(value))
    if isinstance(value, np.ndarray) and value.ndim > 0:  # numbers are converted where the gradient is returned
        assert isinstance(gradient, np.ndarray), type(gradient)
        assert gradient.dtype == value.dtype, (gradient.dtype, value.dtype)


def fits(value: Any, type: Type) -> bool:
    """Whether the inferred type of a result is true."""
    if isinstance(type, Tuple):
        return isinstance(value, (tuple, list)) and len(value) == len(type.items) and all(fits(v, t) for v, t in zip(value, type.items))
    if isinstance(type, Scalar):
        if type.weak:
            return not isinstance(value, (np.generic, np.ndarray)) or type.dtype == "bool"
        return isinstance(value, np.generic) and str(value.dtype) == type.dtype
    if isinstance(type, Array):
        if type.shape is None:
            return str(np.asarray(value).dtype) == type.dtype
        extents = {}
        if not isinstance(value, np.ndarray) or str(value.dtype) != type.dtype or value.ndim != len(type.shape):
            return False
        for e, n in zip(type.shape, value.shape):
            if isinstance(e, int) and e != n:
                return False
            if isinstance(e, Dim) and e.name[1:].isdigit() and e.name[0] == "n" and int(e.name[1:]) + e.offset != n:
                return False
            if isinstance(e, Dim) and extents.setdefault((e.name, e.offset), n) != n:
                return False
        return True
    return isinstance(type, (Opaque, List))


def check(op: str, sample: Case, seed: int = 0) -> None:
    """The row of an operation against finite differences, at one sample."""
    single = Single(op, sample)
    rng = np.random.default_rng(seed)
    value = single.run(single.values)
    assert fits(value, type_of(single.out)), (value, type_of(single.out))
    if not differentiable(type_of(single.out)):
        assert OPS[op] is not None
        return
    cotangent = random_like(value, rng)
    gradients = single.pullback(cotangent)
    low = any(leaf.dtype in (np.float16, np.float32, np.complex64) for leaf in leaves(single.values) + leaves(value))
    for p, gradient in zip(single.wrt, gradients):
        k = single.params.index(p)
        same_kind(single.values[k], gradient)
        if low:
            continue
        if op.startswith("np.empty"):
            continue
        direction = random_like(single.values[k], rng)
        expected = slope(single, k, direction, cotangent)
        found = dot(gradient, direction)
        np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-7, err_msg=f"{op}, argument {k}")


def narrow(value: Any) -> Any:
    """The same sample in single precision."""
    if isinstance(value, Case):
        return Case(tuple(narrow(a) for a in value.args), {k: narrow(a) for k, a in value.kwargs.items()})
    if isinstance(value, (tuple, list)):
        return type(value)(narrow(item) for item in value)
    if isinstance(value, Fixed):
        return Fixed(narrow(value.value))
    if isinstance(value, Grown):
        return Grown([narrow(item) for item in value.items])
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fc":
        return value.astype({"f": np.float32, "c": np.complex64}[value.dtype.kind])
    return value


def check_narrow(op: str, sample: Case) -> None:
    """Single precision gives single-precision gradients, which agree with those in double precision."""
    small = narrow(sample)
    single, double = Single(op, small), Single(op, sample)
    value = single.run(single.values)
    assert fits(value, type_of(single.out)), (value, type_of(single.out))
    if not differentiable(type_of(double.out)):
        return
    seed = random_like(double.run(double.values), np.random.default_rng(1))
    expected = double.pullback(seed)
    found = single.pullback(narrow(seed) if not isinstance(seed, (np.ndarray, np.generic)) or np.asarray(value).dtype != seed.dtype else seed)
    for p, f, e in zip(single.wrt, found, expected):
        same_kind(single.values[single.params.index(p)], f)
        for a, b in zip(leaves(f), leaves(e)):
            np.testing.assert_allclose(a, b, rtol=3e-4, atol=3e-4)
