"""Where batched operations are emitted; the table of how, and the words that its rows have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...ir.build import Builder, is_static, static_value
from ...ir.nodes import Arg, Block, For, Let, Lit, Make, Operand, Seq, Slice, Var, Yield, operands, variables
from ...ir.ops import OPS
from ...ir.probe import type_of
from ...ir.types import INT, Array, Extent, List, Scalar, Tuple, Type, is_number, kind, unknown_extent
from ...ir.types import rank as type_rank
from ..table import ROWS

ALL = Slice(Lit(None), Lit(None), Lit(None))
NONE = Lit(None)


class CannotBatch(Exception):
    """The computation cannot be done in all directions at once."""


class NoRule(Exception):
    """This call is done for one direction after the other."""


class Directions:
    """Where batched operations are emitted.

    size: how many directions there are, and so the extent of the leading axis. on: the values that have that axis.
    """

    def __init__(self, b: Builder, size: Operand) -> None:
        self.b, self.size = b, size
        self.on: set[Var] = set()
        self.zeros: dict[Arg, Operand] = {}  # zeros -> the same in all directions, made beside them
        type = type_of(size)
        known = type.extent if isinstance(type, Scalar) else None
        self.extent: Extent = unknown_extent() if known is None else known

    # -- what is known of arguments ------------------------------------------------------------------------

    def batched(self, arg: Arg) -> bool:
        return any(v in self.on for v in variables(arg))

    def rank(self, arg: Arg) -> int:
        """The rank of a number in one direction."""
        known = type_rank(type_of(arg))
        if known is None:
            raise NoRule
        return known - self.batched(arg)

    def single(self, arg: Arg) -> Arg:
        """A stand-in for an argument in one direction: only its type means anything."""
        return Var(self.type_of_one(type_of(arg))) if self.batched(arg) else arg

    def type_of_one(self, type: Type) -> Type:
        if isinstance(type, Array):
            return Array(type.dtype, None if type.shape is None else type.shape[1:])
        raise NoRule

    def type_of_all(self, type: Type) -> Type:
        """The type of a batched value, from that of a value in one direction."""
        if isinstance(type, (Scalar, Array)):
            shape: Any = () if isinstance(type, Scalar) else type.shape
            return Array(type.dtype, None if shape is None else (self.extent, *shape))
        if isinstance(type, Tuple):
            return Tuple(tuple(self.type_of_all(item) for item in type.items))
        return List(self.type_of_all(type.element)) if isinstance(type, List) else type

    def shape(self, arg: Arg) -> list[Arg]:
        """The extents of a number in one direction."""
        type, more = type_of(arg), int(self.batched(arg))
        if isinstance(type, Scalar):
            return []
        if not isinstance(type, Array) or type.shape is None:
            raise NoRule
        return [Lit(extent) if isinstance(extent, int) else self.b.emit("index", self.b.emit("np.shape", arg), Lit(k))
                for k, extent in enumerate(type.shape) if k >= more]

    # -- emitting --------------------------------------------------------------------------------------------

    def emit(self, op: str, *args: Any, type: Type | None = None) -> Operand:
        """An operation whose result is batched if an argument is, or if the number of directions is among them."""
        result = self.b.emit(op, *args, type=type)
        if isinstance(result, Var) and any(v in self.on or v is self.size for arg in args for v in operands(arg)):
            self.on.add(result)
        return result

    def apply(self, op: str, *args: Arg, out: Type | None = None) -> Operand:
        """An operation some of whose arguments are batched; `out` is the type of its result in one direction."""
        rule = rule_of(op)
        try:
            if rule is None:
                raise NoRule
            return self.cast(rule(self, op, *args), out)
        except NoRule:
            return self.cast(self.one_by_one(op, args, out), out)

    def cast(self, value: Operand, out: Type | None) -> Operand:
        """A batched number of Python's is an array, and promotes others: the dtype is made what it is in one direction."""
        have = type_of(value)
        if isinstance(out, (Scalar, Array)) and isinstance(have, Array) and have.dtype != out.dtype and not (
                kind(have.dtype) in "biu" and kind(out.dtype) in "biu"):
            return self.emit("astype", value, Lit(out.dtype))
        return value

    def align(self, arg: Arg, rank: int) -> Arg:
        """A number such that NumPy broadcasts it, in each direction, as one of that rank: axes of extent 1 after the leading one."""
        if not self.batched(arg):
            return arg
        missing = rank - self.rank(arg)
        return self.emit("index", arg, Seq((ALL, *(NONE,) * missing))) if missing > 0 else arg

    def spread(self, arg: Arg) -> Operand:
        """A number as a batched one, the same in all directions; only for reading."""
        if self.batched(arg):
            return arg  # type: ignore[return-value]
        if not is_number(type_of(arg)):
            raise NoRule
        return self.emit("rt.along", arg, self.size)

    def fresh(self, arg: Arg, type: Type | None = None) -> Operand:
        """A value as a batched one, the same in all directions, with memory of its own. type: what it is in one direction."""
        if self.batched(arg):
            return arg  # type: ignore[return-value]
        type = type or type_of(arg)
        if isinstance(type, Tuple):
            items = arg.items if isinstance(arg, Seq) else [self.b.emit("item", arg, Lit(k)) for k in range(len(type.items))]
            return self.emit("tuple", Seq(tuple(self.fresh(item, t) if is_number(t) or isinstance(t, (Tuple, List)) else item
                                                for item, t in zip(items, type.items))))
        if isinstance(type, List):
            return self._fresh_list(arg, type)
        if not isinstance(type, (Scalar, Array)):
            raise CannotBatch(f"a value of type {type} in several directions")
        made = self.b.made.get(arg) if isinstance(arg, Var) else None
        zeros = made if made is not None and made.op in EMPTY else None
        if arg in self.zeros:
            return self.zeros[arg]
        if zeros is not None:
            return self.all_zeros(zeros)
        if isinstance(arg, Lit) or isinstance(type, Scalar):
            if isinstance(type, Array) and type.shape != ():
                raise CannotBatch("a number where an array is expected")
            if isinstance(arg, Lit) and type_of(arg) != type and arg.value == 0:
                return self.emit("np.zeros", Seq((self.size,)), Lit(type.dtype))
            return self.emit("np.full", Seq((self.size,)), arg, Lit(type.dtype))
        return self.emit("copy", self.spread(arg))

    def all_zeros(self, zeros: Let) -> Operand:
        """In all directions what makes zeros (`EMPTY`) in one."""
        assert zeros.out is not None and isinstance(zeros.out.type, Array)
        if zeros.op == "np.zeros":
            return self.emit("np.zeros", Seq((self.size, *extents(self, zeros.args[0]))), Lit(zeros.out.type.dtype))
        return self.emit("rt.zeros_along", zeros.args[0] if is_none(zeros.args[1]) and is_none(zeros.args[-1]) else zeros.out, self.size)

    def _fresh_list(self, arg: Arg, type: List) -> Operand:
        """A list of batched elements."""
        whole = self.type_of_all(type)
        k, old, new = Var(INT, "k"), Var(whole), Var(whole)
        with self.b.block() as stmts:
            item = self.fresh(self.b.emit("list_item", arg, k, type=type.element), type.element)
            grown = self.b.emit("append", old, item, type=whole)
        empty = self.b.emit("empty_list", NONE, type=whole)
        self.b.add(For((new,), Lit(0), self.b.emit("len", arg), Lit(1), (empty,), Block((k, old), tuple(stmts), Yield((grown,)))))
        self.on.add(new)
        return new

    # -- one direction after the other -----------------------------------------------------------------------

    def one_by_one(self, op: str, args: Sequence[Arg], out: Type | None) -> Operand:
        """The operation in a loop over the directions; its results are stacked."""
        if OPS[op].effect or op in RAGGED:
            raise CannotBatch(f"{op} of values that differ between directions")
        k = Var(INT, "k")
        with self.b.block() as stmts:
            value: Arg = self.b.emit(op, *(self.direction(arg, k) for arg in args))
            type = type_of(value)
            parts = [self.b.emit("item", value, Lit(n)) for n in range(len(type.items))] if isinstance(type, Tuple) else [value]
            types = [type_of(part) for part in parts]
            if not all(map(is_number, types)):
                raise CannotBatch(f"{op}, which gives {type}, of values that differ between directions")
            olds = [Var(List(t)) for t in types]
            grown = [self.b.emit("append", old, part, type=old.type) for old, part in zip(olds, parts)]
        empties = tuple(self.b.emit("empty_list", NONE, type=old.type) for old in olds)
        news = tuple(Var(old.type) for old in olds)
        self.b.add(For(news, Lit(0), self.size, Lit(1), empties, Block((k, *olds), tuple(stmts), Yield(tuple(grown)))))
        wanted = out.items if isinstance(out, Tuple) and isinstance(type, Tuple) else [out] if is_number(out or type) and out else types
        self.on.update(news)  # their items are the directions
        results = [self.emit("np.stack", new, Lit(0), type=self.type_of_all(Array(t.dtype, w.shape if isinstance(w, Array) else ())))  # type: ignore[union-attr]
                   for new, t, w in zip(news, types, wanted)]
        return self.emit("tuple", Seq(tuple(results))) if isinstance(type, Tuple) else results[0]

    def direction(self, arg: Arg, k: Var) -> Arg:
        """An argument in direction k."""
        if isinstance(arg, Var) and arg in self.on:
            if isinstance(arg.type, Tuple):
                return self.b.emit("tuple", Seq(tuple(self.direction(self.emit("item", arg, Lit(n)), k) for n in range(len(arg.type.items)))))
            if isinstance(arg.type, List):
                return self._direction_of_list(arg, k)
            if not isinstance(arg.type, Array):
                raise CannotBatch(f"a value of type {arg.type} in one direction")
            return self.b.emit("index", arg, k)
        if isinstance(arg, Seq):
            return Seq(tuple(self.direction(item, k) for item in arg.items), arg.kind)
        if isinstance(arg, Make):
            return Make(arg.cls, arg.keys, tuple(self.direction(item, k) for item in arg.items))
        if isinstance(arg, Slice):
            return Slice(*(self.direction(part, k) for part in (arg.start, arg.stop, arg.step)))
        return arg

    def _direction_of_list(self, arg: Var, k: Var) -> Operand:
        assert isinstance(arg.type, List)
        j = Var(INT, "j")
        with self.b.block() as stmts:
            item = self.b.emit("list_item", arg, j, type=arg.type.element)
            assert isinstance(item, Var)
            self.on.add(item)
            part = self.direction(item, k)
            old = Var(List(type_of(part)))
            grown = self.b.emit("append", old, part, type=old.type)
        new = Var(old.type)
        empty = self.b.emit("empty_list", NONE, type=old.type)
        self.b.add(For((new,), Lit(0), self.b.emit("len", arg), Lit(1), (empty,), Block((j, old), tuple(stmts), Yield((grown,)))))
        return new


Rule = Callable[..., Operand]
BATCHING: dict[str, Rule] = {}
EMPTY = frozenset({"np.zeros", "np.zeros_like"})  # what makes arrays of zeros
RAGGED = frozenset({"np.nonzero", "np.flatnonzero", "np.argwhere", "np.unique", "np.arange"})  # the extents of their results depend on values


def rule_of(op: str) -> Rule | None:
    """How an operation is batched; what works element by element needs no row here."""
    row = ROWS.get(op)
    by_element = row is not None and (row.kind in ("elementwise", "pointwise") or (row.kind == "zero" and row.ufunc))
    return BATCHING.get(op) or (elementwise if by_element else None)


def batching(rule: Rule, *names: str) -> None:
    for name in names:
        if name in OPS:
            BATCHING[name] = rule


def is_none(arg: Arg) -> bool:
    return isinstance(arg, Lit) and arg.value is None


# -- words: how axes are named ---------------------------------------------------------------------------------


def param(op: str, name: str) -> int | None:
    """The position of a parameter."""
    return next((k for k, p in enumerate(OPS[op].params) if p.name == name), None)


def shifted(axis: Any) -> Any:
    """An axis or several, counted from the front, behind the leading one."""
    if isinstance(axis, (tuple, list)):
        return tuple(shifted(a) for a in axis)
    return axis + 1 if axis >= 0 else axis


def constant(arg: Arg) -> Any:
    if not is_static(arg):
        raise NoRule
    return static_value(arg)


def every_axis(rank: int) -> Any:
    """All axes but the leading one."""
    return 1 if rank == 1 else tuple(range(1, rank + 1))


def over(*names: str, shaped: tuple[str, ...] = (), none: str = "all", first: int = 0) -> Rule:
    """Operations along axes.

    names: the parameters that name axes. shaped: parameters that have to be batched if any is, besides the first.
    none: what None means: "all" axes; the array made "flat"; "refused".
    """

    def rule(d: Directions, op: str, *args: Arg) -> Operand:
        made = list(args)
        shapes = {0, *(k for name in shaped if (k := param(op, name)) is not None)}
        for k in shapes:
            if is_number(type_of(args[k])):
                made[k] = d.spread(args[k])
        r = d.rank(made[first])
        for k, arg in enumerate(args):
            if k in shapes or not d.batched(arg):
                continue
            if OPS[op].params[k].name != "where":
                raise NoRule
            made[k] = d.align(arg, r)
        for name in names:
            k = param(op, name)
            assert k is not None
            axis = constant(args[k])
            if axis is not None:
                made[k] = Lit(shifted(axis))
            elif none == "all":
                made[k] = Lit(every_axis(r))
            elif none == "flat" and all(d.rank(made[n]) == 1 for n in shapes):
                made[k] = Lit(1)
            elif none == "flat" and len(shapes) == 1:
                made[0], made[k] = flat(d, made[0]), Lit(1)
            else:
                raise NoRule
        return d.emit(op, *made)

    return rule


def flat(d: Directions, x: Arg) -> Operand:
    """A number made a vector, in each direction."""
    if d.rank(x) == 1:
        return x  # type: ignore[return-value]
    return d.emit("np.reshape", x, Seq((d.size, product(d, d.shape(x)))))


def product(d: Directions, extents: Sequence[Arg]) -> Operand:
    total: Operand = Lit(math.prod(e.value for e in extents if isinstance(e, Lit)))
    for extent in extents:
        if not isinstance(extent, Lit):
            total = extent if isinstance(total, Lit) and total.value == 1 else d.b.emit("*", total, extent)  # type: ignore[assignment]
    return total


def extents(d: Directions, shape: Arg) -> list[Arg]:
    """The items of a shape."""
    if isinstance(shape, Seq):
        return list(shape.items)
    if isinstance(shape, Lit):
        value = shape.value
        return [Lit(int(value))] if isinstance(value, (int, np.integer)) else [Lit(int(n)) for n in value]
    type = type_of(shape)
    if isinstance(type, Scalar):
        return [shape]
    if isinstance(type, Tuple):
        return [Lit(t.extent) if isinstance(t, Scalar) and isinstance(t.extent, int) else d.b.emit("index", shape, Lit(k))
                for k, t in enumerate(type.items)]
    raise NoRule


# The function that does for arrays what another one does for numbers only.
OF_ARRAYS = {f"math.{name}": f"np.{name}" for name in (
    "exp", "exp2", "expm1", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "degrees", "radians",
    "fabs", "copysign", "ldexp", "nextafter", "isnan", "isinf", "isfinite", "fmod")}
OF_ARRAYS |= {f"math.{name}": f"np.arc{name[1:]}" for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")}
OF_ARRAYS |= {"math.pow": "**", "pow": "**", "float": "np.float64", "complex": "np.complex128", "not": "np.logical_not"}
BY_NUMBER = frozenset({"rt.complex_of", "math.erf", "math.erfc", "math.gamma", "math.lgamma", "math.remainder"})  # not for arrays


def elementwise(d: Directions, op: str, *args: Arg) -> Operand:
    """Arguments of a lower rank get axes of extent 1 behind the leading one; what is not batched is broadcast as it is."""
    if op in BY_NUMBER:
        raise NoRule
    if any(isinstance(arg, (Seq, Make, Slice)) and d.batched(arg) for arg in args):
        raise NoRule
    highest = max(d.rank(arg) for arg in args if is_number(type_of(arg)))
    return d.emit(OF_ARRAYS.get(op, op), *(d.align(arg, highest) if is_number(type_of(arg)) else arg for arg in args))
