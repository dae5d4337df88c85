"""Operation, arguments of which some have one more leading axis -> the operation done in all directions at once.

    batching(over("axis"), "np.sum", "np.max")     np.sum(x, 0)      np.sum(x, 1)
    batching(elementwise, "np.where")              x * y             x[:, None] * y     (x a number, y a vector)
    batching(_transpose, "np.transpose")           np.transpose(x)   np.swapaxes(x, -1, -2)

A *batched* value has one leading axis more than the value that it stands for: one entry for each direction. A row says what is done
with batched arguments so that each entry of the result is what the operation gives for that entry of the arguments; arguments that
are not batched are the same in all directions. Ranks and axes in this module are those of one direction. An operation that has no
row here, or is called in a way that its row does not know (`NoRule`), is done for one direction after the other, in a loop.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.build import Builder, is_static, static_value
from ..ir.nodes import Arg, Block, For, Let, Lit, Make, Operand, Seq, Slice, Var, Yield, operands, variables
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import INT, Array, Extent, List, Opaque, Scalar, Tuple, Type, is_number, kind, unknown_extent
from ..ir.types import rank as type_rank
from . import infer
from .linalg import _explicit
from .structure import _advanced_shape, broadcast, index_items, is_advanced
from .table import ROWS

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
        rule = BATCHING.get(op) or (elementwise if ROWS.get(op) and ROWS[op].kind in ("elementwise", "pointwise") else None)
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
        if zeros is not None and zeros.op == "np.zeros":
            return self.emit("np.zeros", Seq((self.size, *extents(self, zeros.args[0]))), Lit(type.dtype))
        if zeros is not None:
            return self.emit("rt.zeros_along", arg if zeros.args[1:] != () and not _is_none(zeros.args[1]) else zeros.args[0], self.size)
        if isinstance(arg, Lit) or isinstance(type, Scalar):
            if isinstance(type, Array) and type.shape != ():
                raise CannotBatch("a number where an array is expected")
            if isinstance(arg, Lit) and type_of(arg) != type and arg.value == 0:
                return self.emit("np.zeros", Seq((self.size,)), Lit(type.dtype))
            return self.emit("np.full", Seq((self.size,)), arg, Lit(type.dtype))
        return self.emit("copy", self.spread(arg))

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


def batching(rule: Rule, *names: str) -> None:
    for name in names:
        if name in OPS:
            BATCHING[name] = rule


def _is_none(arg: Arg) -> bool:
    return isinstance(arg, Lit) and arg.value is None


def result_is_single(op: str) -> bool:
    """Whether the result of an operation is the same in all directions, though its arguments are not: it depends on their shapes only."""
    return op in SHAPES


# -- words: how axes are named ---------------------------------------------------------------------------------


def param(op: str, name: str) -> int | None:
    """The position of a parameter."""
    return next((k for k, p in enumerate(OPS[op].params) if p.name == name), None)


def shifted(axis: Any) -> Any:
    """An axis or several, counted from the front, behind the leading one."""
    if isinstance(axis, (tuple, list)):
        return tuple(shifted(a) for a in axis)
    return axis + 1 if axis >= 0 else axis


def _static(arg: Arg) -> Any:
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
            axis = _static(args[k])
            if axis is not None:
                made[k] = Lit(shifted(axis))
            elif none == "all":
                made[k] = Lit(every_axis(r))
            elif none == "flat" and r == 1:
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


# -- element by element -------------------------------------------------------------------------------------------

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


batching(elementwise, "float", "complex", "not", "np.float16", "np.float32", "np.float64", "np.longdouble", "np.complex64", "np.complex128",
         "//", "invert", "<", "<=", ">", ">=", "==", "!=", "&", "|", "^", "<<", ">>", "rt.sign", "rt.exceeds", "rt.chosen", "rt.inside", "np.round", "np.fix",
         "math.isnan", "math.isinf", "math.isfinite", "np.isclose", "np.cross", "np.broadcast_arrays")
batching(elementwise, *(name for name, row in ROWS.items() if row.kind == "zero" and row.ufunc))


def _of_all(d: Directions, op: str, *args: Arg) -> Operand:
    """What NumPy does for each matrix in a stack, and what only looks at one element after the other."""
    return d.emit(op, *args)


batching(_of_all, "np.linalg.inv", "np.linalg.det", "np.linalg.slogdet", "np.linalg.cholesky", "np.linalg.eigh", "np.linalg.eigvalsh",
         "rt.cholesky_pull", "rt.eigh_pull", "rt.eigvalsh_pull", "rt.adjugate", "np.copy", "copy", "rt.stop_gradient", "rt.zeros_like",
         "np.zeros_like", "np.ones_like", "np.empty_like", "rt.add_lists", "rt.list_ties", "rt.interp_slope", "np.interp")


def _first_only(rule: Rule) -> Rule:
    """A row for calls of which only the first argument is batched."""
    def first(d: Directions, op: str, *args: Arg) -> Operand:
        if any(d.batched(arg) for arg in args[1:]):
            raise NoRule
        return rule(d, op, *args)

    return first


def _of_first(d: Directions, op: str, *args: Arg) -> Operand:
    return d.emit(op, *args)


batching(_first_only(_of_first), "np.interp", "rt.interp_slope", "astype", "rt.view", "np.matrix_transpose")


def _by_matrix(d: Directions, op: str, x: Arg, k: Arg) -> Operand:
    """np.tril and np.triu: the last two axes. (A vector is made a matrix.)"""
    if d.rank(x) < 2 or d.batched(k):
        raise NoRule
    return d.emit(op, x, k)


batching(_by_matrix, "np.tril", "np.triu")


def _log(d: Directions, op: str, x: Arg, base: Arg) -> Operand:
    """math.log(x, base)."""
    assert isinstance(base, Seq)
    logs = [d.emit("np.log", arg) if d.batched(arg) else d.b.emit("math.log", arg) for arg in (x, *base.items)]
    return logs[0] if len(logs) == 1 else d.emit("/", *logs)


def _hypot(d: Directions, op: str, coordinates: Arg) -> Operand:
    if not isinstance(coordinates, Seq) or len(coordinates.items) != 2:
        raise NoRule
    return d.emit("np.hypot", *coordinates.items)


batching(_log, "math.log")
batching(_hypot, "math.hypot")

# -- reductions, and what goes along axes ---------------------------------------------------------------------------

batching(over("axis"), "np.sum", "np.mean", "np.prod", "np.nansum", "np.var", "np.std", "np.max", "np.min", "np.ptp", "np.any", "np.all",
         "np.count_nonzero", "np.median", "rt.prod_others", "rt.median_share", "np.flip")
batching(over("axis", shaped=("x",), first=1), "rt.spread_axes")
batching(over("axis", shaped=("y",)), "rt.ties", "rt.shares_of_some")
batching(over("axis", shaped=("x",)), "rt.prod_others_pull")
batching(over("axis", none="flat"), "np.cumsum", "np.cumprod", "np.sort", "np.argsort", "np.diff", "rt.diff_pull", "np.argmax", "np.argmin",
         "np.repeat")
batching(over("axis", none="flat", shaped=("x",)), "rt.cumprod_pull", "rt.repeat_pull")
batching(over("axis", none="flat", shaped=("order",)), "rt.unsort")
batching(over("axis", none="flat", shaped=("indices",)), "np.take_along_axis")
batching(over("axis", none="flat", shaped=("x", "indices")), "rt.put_along")
batching(over("axis", none="refused", shaped=("x",)), "rt.slopes_pull")
batching(over("axis", none="refused"), "rt.slopes", "np.split", "np.array_split")
batching(over("axis", none="flat"), "np.take")
batching(over("axis1", "axis2"), "np.swapaxes", "np.diagonal")
batching(over("axis1", "axis2", shaped=("x",)), "rt.diagonal_pull")
batching(over("source", "destination"), "np.moveaxis")
batching(over("axes"), "np.rot90")


def _along_one(d: Directions, op: str, g: Arg, y: Arg, x: Arg, dx: Arg, axis: Arg) -> Operand:
    """rt.trapezoid_pull."""
    if d.batched(x) or d.batched(dx) or (is_number(type_of(x)) and d.rank(x) > 1):
        raise NoRule
    return d.emit(op, d.spread(g), d.spread(y), x, dx, Lit(shifted(_static(axis))))


def _trapezoid(d: Directions, op: str, y: Arg, x: Arg, dx: Arg, axis: Arg) -> Operand:
    if d.batched(x) or d.batched(dx) or (is_number(type_of(x)) and d.rank(x) > 1):
        raise NoRule
    return d.emit(op, y, x, dx, Lit(shifted(_static(axis))))


batching(_along_one, "rt.trapezoid_pull")
batching(_trapezoid, "np.trapezoid", "np.trapz")


def _add_ties(d: Directions, op: str, total: Arg, g: Arg, x: Arg, y: Arg, axis: Arg, keepdims: Arg) -> Operand:
    """rt.add_ties: the shares are the same in all directions as long as x is."""
    along, r = _static(axis), d.rank(x)
    if d.batched(x) or d.batched(y):
        shares = d.apply("rt.ties", x, y, axis, keepdims)
    else:
        shares = d.b.emit("rt.ties", x, y, axis, keepdims)
    if along is not None and not _static(keepdims):
        g = d.emit("np.expand_dims", g, Lit(shifted(along))) if d.batched(g) else d.b.emit("np.expand_dims", g, axis)
    return d.apply("accum", total, d.emit("*", d.align(g, r), shares))


batching(_add_ties, "rt.add_ties")


def _sum_of(d: Directions, op: str, items: Arg, start: Arg = Lit(0)) -> Operand:
    """sum and math.fsum: of a sequence, or of an array along its first axis."""
    type = type_of(items)
    if isinstance(type, Array) and op == "sum":
        if d.batched(start) or not (isinstance(start, Lit) and start.value == 0):
            raise NoRule
        return d.emit("np.sum", items, Lit(1))
    if isinstance(items, Seq):
        total: Operand | None = None
        for item in (*items.items, start):
            if not (isinstance(item, Lit) and item.value == 0):
                both = total is not None and (d.batched(total) or d.batched(item))
                total = item if total is None else d.apply("+", total, item) if both else d.b.emit("+", total, item)  # type: ignore[assignment]
        assert total is not None
        return total
    if isinstance(type, List) and isinstance(type.element, Array):
        r = (type_rank(type.element) or 0) - 1
        zeros = d.emit("np.zeros", Seq((d.size, *(Lit(1),) * r)), Lit(type.element.dtype))
        if not (isinstance(start, Lit) and start.value == 0):
            zeros = d.apply("+", zeros, start)
        return d.emit("sum", items, zeros, type=type.element)
    raise NoRule


batching(_sum_of, "sum", "math.fsum")


def _sum_leaves(d: Directions, op: str, x: Arg) -> Operand:
    type = type_of(x)
    if isinstance(type, List) and type_rank(type.element) == 1:
        return _sum_of(d, "sum", x)
    raise NoRule


batching(_sum_leaves, "rt.sum_leaves")


def _norm(d: Directions, op: str, x: Arg, ord: Arg, axis: Arg, keepdims: Arg) -> Operand:
    along, r = _static(axis), d.rank(x)
    if along is None and r > 2 and not _static(keepdims) and _static(ord) is None:
        x, r = flat(d, x), 1
    if r == 0 or (along is None and r > 2):
        raise NoRule
    return d.emit(op, x, ord, Lit(every_axis(r) if along is None else shifted(along)), keepdims)


def _norm_pull(d: Directions, op: str, x: Arg, y: Arg, g: Arg, ord: Arg, axis: Arg, keepdims: Arg) -> Operand:
    along, r = _static(axis), d.rank(x)
    if along is None and r not in (1, 2):
        raise NoRule
    along = every_axis(r) if along is None else shifted(along)
    return d.emit(op, *(d.spread(arg) for arg in (x, y, g)), ord, Lit(along), keepdims)


batching(_norm, "np.linalg.norm")
batching(_norm_pull, "rt.norm_pull")


# -- shapes ------------------------------------------------------------------------------------------------------------


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


def _reshape(d: Directions, op: str, x: Arg, shape: Arg, order: Arg) -> Operand:
    if d.batched(shape) or _static(order) not in ("C", "F"):
        raise NoRule
    items = extents(d, shape)
    if _static(order) == "F":  # the transpose in the order of C
        turned = _reshape(d, op, _transpose(d, "np.transpose", x, NONE), Seq(tuple(reversed(items))), Lit("C"))
        return _transpose(d, "np.transpose", turned, NONE)
    if len(items) == 1:
        if d.rank(x) == 1:
            return x  # type: ignore[return-value]
        if isinstance(items[0], Lit) and items[0].value == -1:
            return flat(d, x)
    if any(isinstance(item, Lit) and item.value == -1 for item in items):  # with no direction at all, it would not be known what is left
        known = product(d, [item for item in items if not (isinstance(item, Lit) and item.value == -1)])
        rest = d.b.emit("//", product(d, d.shape(x)), known)
        items = [rest if isinstance(item, Lit) and item.value == -1 else item for item in items]
    return d.emit(op, x, Seq((d.size, *items)))


def _ravel(d: Directions, op: str, x: Arg, order: Arg) -> Operand:
    if _static(order) == "F":
        x = _transpose(d, "np.transpose", x, NONE)
    elif _static(order) != "C":
        raise NoRule
    return flat(d, x) if op != "rt.flatten" or d.rank(x) != 1 else d.emit("copy", x)


def _transpose(d: Directions, op: str, x: Arg, axes: Arg) -> Operand:
    order, r = _static(axes), d.rank(x)
    if order is None:
        if r < 2:
            return x  # type: ignore[return-value]
        if r == 2:
            return d.emit("np.swapaxes", x, Lit(-1), Lit(-2))
        order = tuple(range(r - 1, -1, -1))
    return d.emit(op, x, Lit((0, *(a % max(r, 1) + 1 for a in order))))


def _expand_dims(d: Directions, op: str, x: Arg, axis: Arg) -> Operand:
    return d.emit(op, x, Lit(shifted(_static(axis))))


def _squeeze(d: Directions, op: str, x: Arg, axis: Arg) -> Operand:
    along, type = _static(axis), type_of(x)
    if along is None:
        left = infer.squeezed(d.single(x), axis)
        if not isinstance(left, Array) or left.shape is None or not isinstance(type, Array) or type.shape is None:
            raise NoRule
        along = tuple(k - 1 for k, extent in enumerate(type.shape) if k and extent == 1)
    return d.emit(op, x, Lit(shifted(along)))


def _broadcast_to(d: Directions, op: str, x: Arg, shape: Arg) -> Operand:
    items = extents(d, shape)
    return d.emit(op, d.align(x, len(items)), Seq((d.size, *items)))


def _broadcast_like(d: Directions, op: str, g: Arg, like: Arg) -> Operand:
    return _fitted(d, op, g, like)


def _fitted(d: Directions, op: str, g: Arg, like: Arg) -> Operand:
    """g with the shape of `like`, by an operation that makes it so."""
    whole, own = d.spread(like), type_of(g)
    type = type_of(whole)
    assert isinstance(type, Array) and isinstance(own, (Array, Scalar))
    return d.emit(op, d.align(g, d.rank(like)), whole, type=Array(own.dtype, type.shape))


def _unbroadcast(d: Directions, op: str, g: Arg, like: Arg) -> Operand:
    if not d.batched(g):
        raise NoRule
    more = d.rank(g) - d.rank(like)
    if more > 0:
        g = d.emit("np.sum", g, Lit(every_axis(more)))
    return _fitted(d, op, g, like)


def _at_least(n: int) -> Rule:
    def rule(d: Directions, op: str, x: Arg) -> Operand:
        r = d.rank(x)
        if r >= n:
            return x  # type: ignore[return-value]
        missing = {(1, 0): (NONE,), (2, 0): (NONE, NONE), (2, 1): (NONE,), (3, 0): (NONE,) * 3, (3, 1): (NONE, ALL, NONE),
                   (3, 2): (ALL, ALL, NONE)}[n, r]
        return d.emit("index", x, Seq((ALL, *missing)))

    return rule


def _contiguous(d: Directions, op: str, x: Arg) -> Operand:
    if d.rank(x) == 0:
        raise NoRule
    return x  # type: ignore[return-value]


def _flipped(axis: int) -> Rule:
    return lambda d, op, x: d.emit("np.flip", x, Lit(axis + 1))


def _roll(d: Directions, op: str, x: Arg, shift: Arg, axis: Arg) -> Operand:
    along, r = _static(axis), d.rank(x)
    if d.batched(shift):
        raise NoRule
    if along is not None:
        return d.emit(op, x, shift, Lit(shifted(along)))
    rolled = d.emit(op, flat(d, x), shift, Lit(1))
    return rolled if r == 1 else d.emit("np.reshape", rolled, Seq((d.size, *d.shape(x))))


def _tile(d: Directions, op: str, x: Arg, reps: Arg) -> Operand:
    count = len(extents(d, reps))
    return d.emit(op, d.align(x, count), reps)


def _tile_pull(d: Directions, op: str, g: Arg, x: Arg, reps: Arg) -> Operand:
    if len(extents(d, reps)) > d.rank(x):
        raise NoRule
    return d.emit(op, d.spread(g), d.spread(x), reps)


def _pad(d: Directions, op: str, x: Arg, width: Arg, *how: Arg) -> Operand:
    if any(map(d.batched, how)):
        raise NoRule
    return d.emit(op, x, _wider(d, x, width), *how)


def _pad_pull(d: Directions, op: str, g: Arg, x: Arg, width: Arg, *how: Arg) -> Operand:
    return d.emit(op, d.spread(g), d.spread(x), _wider(d, x, width), *how)


def _wider(d: Directions, x: Arg, width: Arg) -> Arg:
    """Widths of borders, none for the leading axis."""
    known = np.broadcast_to(np.asarray(_static(width)), (d.rank(x), 2))
    return Lit(((0, 0), *((int(a), int(b)) for a, b in known)))


batching(_reshape, "np.reshape")
batching(_ravel, "np.ravel", "rt.flatten")
batching(_transpose, "np.transpose")
batching(_expand_dims, "np.expand_dims")
batching(_squeeze, "np.squeeze")
batching(_broadcast_to, "np.broadcast_to")
batching(_broadcast_like, "rt.broadcast_like")
batching(_unbroadcast, "rt.unbroadcast")
for _n in (1, 2, 3):
    batching(_at_least(_n), f"np.atleast_{_n}d")
batching(_contiguous, "np.ascontiguousarray", "np.asfortranarray")
batching(_flipped(1), "np.fliplr")
batching(_flipped(0), "np.flipud")
batching(_roll, "np.roll")
batching(_tile, "np.tile")
batching(_tile_pull, "rt.tile_pull")
batching(_pad, "np.pad")
batching(_pad_pull, "rt.pad_pull", "rt.repeated_pull")
batching(lambda d, op, x: x if d.rank(x) == 0 else d.emit("np.reshape", x, Seq((d.size,))), "rt.item")


def _diag(d: Directions, op: str, x: Arg, k: Arg) -> Operand:
    """A vector becomes a matrix, of a matrix its diagonal is taken."""
    if d.rank(x) == 2:
        return d.emit("np.diagonal", x, k, Lit(1), Lit(2))
    if _static(k) != 0:
        raise NoRule
    (n,) = d.shape(x)
    return d.emit("np.where", d.b.emit("np.eye", n, NONE, Lit(0), Lit(bool)), d.emit("index", x, Seq((ALL, NONE))), Lit(0.0))


def _trace(d: Directions, op: str, x: Arg, offset: Arg) -> Operand:
    if d.rank(x) != 2:
        raise NoRule
    return d.emit("np.sum", d.emit("np.diagonal", x, offset, Lit(1), Lit(2)), Lit(1))


batching(_diag, "np.diag")
batching(_trace, "np.trace")


# -- joining and splitting ---------------------------------------------------------------------------------------------------


def _items(d: Directions, arg: Arg) -> list[Operand] | None:
    """What is joined, all of it batched; None for a list that has grown in a loop, all of whose items are."""
    if isinstance(arg, Seq):
        return [d.spread(d.apply("np.array", item) if isinstance(item, Seq) and d.batched(item) else item) for item in arg.items]
    type = type_of(arg)
    if isinstance(type, Tuple):
        return [d.spread(d.b.emit("item", arg, Lit(k)) if not d.batched(arg) else d.emit("item", arg, Lit(k))) for k in range(len(type.items))]
    if isinstance(type, List):
        return None
    raise NoRule


def _joined(arg: Arg, items: list[Operand] | None) -> Arg:
    return arg if items is None else Seq(tuple(items))


def _concatenate(d: Directions, op: str, arrays: Arg, axis: Arg) -> Operand:
    along, items = _static(axis), _items(d, arrays)
    if along is None:
        if items is None:
            raise NoRule
        items, along = [flat(d, item) if d.rank(item) else d.emit("index", item, Seq((ALL, NONE))) for item in items], 0
    return d.emit("np.concatenate", _joined(arrays, items), Lit(shifted(along)))


def _stack(d: Directions, op: str, arrays: Arg, axis: Arg) -> Operand:
    return d.emit("np.stack", _joined(arrays, _items(d, arrays)), Lit(shifted(_static(axis))))


def _lines(d: Directions, op: str, arrays: Arg) -> Operand:
    """np.hstack, np.vstack and np.column_stack."""
    items = _items(d, arrays)
    if items is None:
        type = type_of(arrays)
        assert isinstance(type, List)
        r = (type_rank(type.element) or 0) - 1  # of one direction
        if r < 1:
            raise NoRule
        if r == 1 and op != "np.hstack":
            return d.emit("np.stack", arrays, Lit(1 if op == "np.vstack" else 2))
        return d.emit("np.concatenate", arrays, Lit(1 if r == 1 or op == "np.vstack" else 2))
    if op == "np.hstack":
        items = [d.apply("np.atleast_1d", item) for item in items]
        return d.emit("np.concatenate", Seq(tuple(items)), Lit(1 if all(d.rank(item) == 1 for item in items) else 2))
    if op == "np.vstack":
        return d.emit("np.concatenate", Seq(tuple(d.apply("np.atleast_2d", item) for item in items)), Lit(1))
    columns = [d.emit("index", d.apply("np.atleast_1d", item), Seq((ALL, ALL, NONE))) if d.rank(item) < 2 else item for item in items]
    return d.emit("np.concatenate", Seq(tuple(columns)), Lit(2))


def _append(d: Directions, op: str, arr: Arg, values: Arg, axis: Arg) -> Operand:
    return _concatenate(d, op, Seq((arr, values)), axis)


def _array(d: Directions, op: str, x: Arg, dtype: Arg, order: Arg) -> Operand:
    """np.array of nested sequences: item after item, behind the leading axis."""
    if isinstance(x, Seq):
        items = [_array(d, "np.array", item, NONE, order) if d.batched(item) else item if not isinstance(item, Seq)
                 else d.b.emit("np.array", item) for item in x.items]
        made = d.emit("np.stack", Seq(tuple(d.spread(item) for item in items)), Lit(1))
    elif isinstance(type_of(x), Array):
        made = x if op != "np.array" else d.emit("copy", x)  # type: ignore[assignment]
    elif isinstance(type_of(x), List) and isinstance(type_of(x).element, Array):  # type: ignore[union-attr]
        made = d.emit("np.stack", x, Lit(1))
    elif isinstance(type_of(x), List):
        depth, element = 0, type_of(x)
        while isinstance(element, List):
            depth, element = depth + 1, element.element
        if not isinstance(element, Array) or element.shape is None:
            raise NoRule
        whole = Array(element.dtype, (*(unknown_extent() for _ in range(depth)), *element.shape))
        made = d.emit("np.moveaxis", d.emit("np.array", x, type=whole), Lit(depth), Lit(0))
    else:
        raise NoRule
    wanted = _static(dtype)
    return made if wanted is None else d.emit("astype", made, Lit(str(np.dtype(wanted))))


def _split_lines(d: Directions, op: str, x: Arg, sections: Arg) -> Operand:
    """np.hsplit, np.vsplit and np.dsplit."""
    axis = 2 if op == "np.dsplit" else 0 if op == "np.vsplit" or d.rank(x) == 1 else 1
    return d.emit("np.split", x, sections, Lit(axis + 1))


def _unstack(d: Directions, op: str, g: Arg, axis: Arg, depth: Arg) -> Operand:
    """rt.unstack: the innermost elements have the leading axis."""
    along, deep, r = _static(axis), _static(depth), d.rank(g)
    if deep == 1:
        return d.emit(op, g, Lit(shifted(along)), depth)
    if deep != r or along != 0:
        raise NoRule
    return d.emit(op, d.emit("np.moveaxis", g, Lit(0), Lit(-1)), axis, depth)


def _cut(d: Directions, op: str, g: Arg, like: Arg, axis: Arg) -> Operand:
    along = _static(axis)
    if along is None:
        raise NoRule
    return d.emit(op, g, like if d.batched(like) else d.fresh(like), Lit(shifted(along)))


batching(_concatenate, "np.concatenate")
batching(_stack, "np.stack")
batching(_lines, "np.hstack", "np.vstack", "np.column_stack")
batching(_append, "np.append")
batching(_array, "np.array", "np.asarray", "np.asanyarray")
batching(_split_lines, "np.hsplit", "np.vsplit", "np.dsplit")
batching(_unstack, "rt.unstack")
batching(_cut, "rt.cut")
batching(lambda d, op, like, index, g: d.emit(op, like if d.batched(like) else d.fresh(like), index, g), "rt.one_hot")


# -- arrays that are made ------------------------------------------------------------------------------------------------------


def _full(d: Directions, op: str, shape: Arg, value: Arg, dtype: Arg, *order: Arg) -> Operand:
    items = extents(d, shape)
    return d.emit("np.full", Seq((d.size, *items)), d.align(value, len(items)), dtype)


def _full_like(d: Directions, op: str, like: Arg, value: Arg, *how: Arg) -> Operand:
    """np.full_like and rt.full_like."""
    type = type_of(like)
    if isinstance(type, List):
        whole, rank = d.fresh(like), type_rank(type.element)
        if rank is None or isinstance(type.element, (List, Tuple)):
            raise NoRule
        return d.emit(op, whole, d.align(value, rank - d.batched(like)), type=type_of(whole))
    dtype = how[0] if how and not (isinstance(how[0], Lit) and how[0].value is None) else Lit(type.dtype)  # type: ignore[union-attr]
    if how and not (isinstance(how[-1], Lit) and how[-1].value is None):
        return _full(d, op, how[-1], value, dtype)
    if d.batched(like) and not d.batched(value):
        return d.emit("np.full_like", like, value, *how)
    return d.emit("np.full_like", d.spread(like), d.align(value, d.rank(like)), dtype, Lit("C"))


def _linspace(d: Directions, op: str, start: Arg, stop: Arg, num: Arg, endpoint: Arg, dtype: Arg) -> Operand:
    r = max(d.rank(start), d.rank(stop))
    points = d.emit(op, d.align(start, r), d.align(stop, r), num, endpoint, dtype)
    return d.emit("np.swapaxes", points, Lit(0), Lit(1))


batching(_full, "np.full")
batching(_full_like, "np.full_like", "rt.full_like")
batching(_linspace, "np.linspace")


# -- reading and writing parts -----------------------------------------------------------------------------------------------------


def led(d: Directions, index: Arg) -> tuple[Arg, tuple[int, int] | None]:
    """An index with a full slice for the leading axis in front; and, where NumPy puts the axes of advanced indices first because they do
    not stand together, how many axes these make, and how many follow the leading axis after them (-1: not known)."""
    if d.batched(index):
        if any(isinstance(t, (Array, Scalar)) and t.dtype == "bool" for t in map(type_of, index_items(index))):
            raise CannotBatch("a mask that differs between directions")
        raise NoRule
    items = index_items(index)
    if isinstance(index, Var):
        if isinstance(index.type, Tuple):
            items = tuple(d.b.emit("item", index, Lit(k)) for k in range(len(index.type.items)))
        elif isinstance(index.type, Opaque) and index.type.name != "slice":
            raise NoRule
    if any((isinstance(t := type_of(item), Scalar) and t.dtype == "bool") or (isinstance(t, Array) and t.shape == ()) or
           (isinstance(item, Var) and isinstance(t, Opaque) and t.name != "slice") for item in items):
        raise NoRule
    return Seq((ALL, *items)), _separated(items)


def _separated(items: tuple[Arg, ...]) -> tuple[int, int] | None:
    if not any(map(is_advanced, items)):
        return None
    kinds = ["slice" if isinstance(item, Slice) or (isinstance(item, Lit) and (item.value is None or item.value is Ellipsis or isinstance(item.value, slice)))
             or isinstance(type_of(item), Opaque) else "index" for item in items]
    first, last = kinds.index("index"), len(kinds) - 1 - kinds[::-1].index("index")
    if "slice" not in kinds[first:last + 1]:
        return None
    shapes = [_advanced_shape(item) for item, what in zip(items, kinds) if what == "index"]
    return len(broadcast(*shapes)), 0


def _index(d: Directions, op: str, x: Arg, index: Arg) -> Operand:
    type = type_of(x)
    if not isinstance(type, Array) or not d.batched(x):
        raise NoRule
    whole, apart = led(d, index)
    if type.shape is None:
        raise NoRule
    part = d.emit("index", x, whole)
    return part if apart is None else d.emit("np.moveaxis", part, Lit(apart[0]), Lit(0))


def _write(d: Directions, op: str, array: Arg, path: Arg, value: Arg) -> Operand:
    """store, iadd, add_at ...: each step of the path passes the leading axis by."""
    assert isinstance(path, Seq)
    if isinstance(value, Seq):
        value = d.apply("np.array", value, NONE, Lit("K")) if d.batched(value) else value
    whole = d.fresh(array)
    type = type_of(whole)
    if not isinstance(type, Array) or type.shape is None:
        raise NoRule
    steps: list[Arg] = []
    view = Var(type)  # stands for the part that the steps so far lead to, in all directions
    d.on.add(view)
    for n, step in enumerate(path.items):
        assert isinstance(step, Seq) and isinstance(step.items[0], Lit)
        name, detail = step.items[0].value, step.items[1]
        last = n == len(path.items) - 1
        if name in ("reshape", "flat"):
            return _write_reshaped(d, op, whole, steps, Lit(-1) if name == "flat" else detail, Seq(path.items[n + 1:]), value)
        if name == "index":
            index, apart = led(d, detail)
            steps.append(Seq((Lit("index"), index)))
            view = _seen(d, "index", view, index)
            if apart is not None and not last:
                raise NoRule
            if last:
                value = _value(d, value, d.rank(view), apart)
        elif name == "T":
            r = d.rank(view)
            axes = _static(detail)
            order = tuple(range(r - 1, -1, -1)) if axes is None else tuple(a % r for a in axes)
            steps.append(Seq((Lit("T"), Lit((0, *(a + 1 for a in order))))))
            view = _seen(d, "np.transpose", view, Lit((0, *(a + 1 for a in order))))
        elif name == "item":
            steps.append(step)
            view = _seen(d, "item", view, detail)
        else:
            assert isinstance(detail, Seq)
            name, args, view = _view_step(d, name, view, detail.items)
            if args is not None:
                steps.append(Seq((Lit(name), Seq(args))))
    return d.emit(op, whole, Seq(tuple(steps)), value)


def _seen(d: Directions, op: str, view: Var, detail: Arg) -> Var:
    """What a step leads to: only its type means anything."""
    with d.b.block():
        seen = d.emit(op, view, detail)
    assert isinstance(seen, Var)
    return seen


def _view_step(d: Directions, name: str, view: Var, args: tuple[Arg, ...]) -> tuple[str, tuple[Arg, ...] | None, Var]:
    """An operation that gives a view, for all directions: its name and further arguments (None: there is nothing to be done), and
    what it leads to."""
    rule = BATCHING.get(name) or (elementwise if ROWS[name].kind in ("elementwise", "pointwise") else None)
    if rule is None:
        raise NoRule
    with d.b.block() as made:
        seen = rule(d, name, view, *args)
    if seen is view:
        return name, None, view
    let = made[0] if len(made) == 1 else None
    if not isinstance(let, Let) or let.out is not seen or let.args[0] is not view or 0 not in OPS[let.op].views or let.op in ("index", "np.reshape"):
        raise NoRule
    assert isinstance(seen, Var)
    return let.op, let.args[1:], seen


def _value(d: Directions, value: Arg, rank: int | None, apart: tuple[int, int] | None) -> Arg:
    """What is written, such that each direction of it goes into the part of that direction, which has `rank` axes."""
    if rank is None:
        raise NoRule
    if not is_number(type_of(value)):
        if apart is not None:
            raise NoRule
        return value
    own = d.rank(value)
    if own > rank:
        raise NoRule
    if apart is None:
        return d.align(value, rank)
    if d.batched(value):
        return d.emit("np.moveaxis", d.align(value, rank), Lit(0), Lit(apart[0]))
    rest = rank - apart[0]  # axes behind those of the advanced indices
    if own <= rest:
        return value
    return d.b.emit("index", value, Seq((*(ALL,) * (own - rest), NONE)))


def _write_reshaped(d: Directions, op: str, array: Operand, steps: list[Arg], shape: Arg, rest: Seq, value: Arg) -> Operand:
    """A part is seen in another shape: it is reshaped, written, and reshaped back."""
    part = array
    for step in steps:
        assert isinstance(step, Seq) and isinstance(step.items[0], Lit)
        part = d.emit({"index": "index", "T": "np.transpose"}[step.items[0].value], part, step.items[1])
    inner = _write(d, op, d.apply("np.reshape", part, shape, Lit("C")), rest, value)
    back = d.emit("np.reshape", inner, d.b.emit("np.shape", part)) if inner is not part else inner
    if not steps:
        return back
    return d.emit("store", array, Seq((*steps, Seq((Lit("index"), Lit(Ellipsis))))), back)


def _accumulate(d: Directions, op: str, total: Arg, value: Arg) -> Operand:
    """Sums and products that may be made in place, if the total is batched."""
    plain = {"accum": "+", "accum_neg": "-", "scale": "*", "shrink": "/"}[op]
    if d.batched(total) and d.rank(value) <= d.rank(total):
        return d.emit(op, total, d.align(value, d.rank(total)))
    return elementwise(d, plain, total, value)


def _last_wins(d: Directions, op: str, x: Arg, index: Arg, g: Arg) -> Operand:
    """Which elements win is the same in all directions."""
    if d.batched(index) or not d.batched(g):
        raise NoRule
    like = d.b.emit("np.empty", Seq(tuple(d.shape(x)))) if d.batched(x) else x
    of = d.type_of_one(type_of(g))
    assert isinstance(of, Array)
    wins = d.b.emit(op, like, index, d.b.emit("np.ones", Seq(tuple(d.shape(g)))), type=Array("float64", of.shape))
    return d.emit("np.where", d.b.emit("!=", wins, Lit(0.0)), g, Lit(0.0))


batching(_index, "index")
batching(_write, "store", "iadd", "isub", "add_at", "sub_at", "mul_at", "div_at", "max_at", "min_at")
batching(_accumulate, "accum", "accum_neg", "scale", "shrink")
batching(_last_wins, "rt.last_wins")


# -- products of arrays --------------------------------------------------------------------------------------------------------------


def _matmul(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    """`x @ y`: a stack of matrices is what NumPy makes of a batched matrix; a batched vector looks like a matrix, and is made one."""
    m, n = d.rank(x), d.rank(y)
    if op == "np.dot" and (m == 0 or n == 0):
        return elementwise(d, "*", x, y)
    if op == "np.dot" and max(m, n) > 2:
        return _contract(d, x, y, [m - 1], [max(n - 2, 0)])
    both = d.batched(x) and d.batched(y)
    if m == 1 and n == 1:
        if not both:
            return d.emit("@", x, y) if d.batched(x) else d.emit("@", y, x)
        return d.emit("np.einsum", Lit("ni,ni->n"), Seq((x, y)))
    if m == 1 and not d.batched(x):
        return d.emit("@", x, y)
    if n == 1 and not d.batched(y):
        return d.emit("@", x, y)
    if m == 1 and n == 2 and not both:
        return d.emit("@", x, y)
    if m == 2 and n == 1 and not both:
        return d.emit("@", y, d.b.emit("np.transpose", x))
    r = max(m, n, 2)
    if m == 1:
        x = d.emit("index", x, Seq((ALL, *(NONE,) * (r - 2), NONE, ALL)))
    if n == 1:
        y = d.emit("index", y, Seq((ALL, *(NONE,) * (r - 2), ALL, NONE)))
    result = d.emit("@", _stacked(d, x, r), _stacked(d, y, r))
    if m == 1:
        return d.emit("index", result, Seq((Lit(Ellipsis), Lit(0), ALL)))
    return d.emit("index", result, Seq((Lit(Ellipsis), Lit(0)))) if n == 1 else result


def _stacked(d: Directions, x: Arg, rank: int) -> Arg:
    """Matrices aligned with others of which more are stacked."""
    missing = rank - d.rank(x) if d.batched(x) else 0
    return d.emit("index", x, Seq((ALL, *(NONE,) * missing))) if missing else x


def _contract(d: Directions, x: Arg, y: Arg, along_x: Sequence[int], along_y: Sequence[int]) -> Operand:
    """The sum over pairs of axes."""
    m, n = d.rank(x), d.rank(y)
    pairs = [a % m for a in along_x], [a % n for a in along_y]
    if not (d.batched(x) and d.batched(y)):
        on = d.batched(x)
        axes = tuple(tuple(a + (on if k == 0 else not on) for a in pairs[k]) for k in (0, 1))
        result = d.emit("np.tensordot", x, y, Lit(axes))
        free = m - len(pairs[0])
        return result if on or free == 0 else d.emit("np.moveaxis", result, Lit(free), Lit(0))
    letters = iter(string.ascii_lowercase.replace("n", ""))
    first = [next(letters) for _ in range(m)]
    second = [first[pairs[0][pairs[1].index(a)]] if a in pairs[1] else next(letters) for a in range(n)]
    out = [c for a, c in enumerate(first) if a not in pairs[0]] + [c for a, c in enumerate(second) if a not in pairs[1]]
    return d.emit("np.einsum", Lit(f"n{''.join(first)},n{''.join(second)}->n{''.join(out)}"), Seq((x, y)))


def _tensordot(d: Directions, op: str, x: Arg, y: Arg, axes: Arg) -> Operand:
    value = _static(axes)
    if isinstance(value, int):
        m = d.rank(x)
        return _contract(d, x, y, range(m - value, m), range(value))
    first, second = ([a] if isinstance(a, int) else list(a) for a in value)
    return _contract(d, x, y, first, second)


def _inner(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    if d.rank(x) == 0 or d.rank(y) == 0:
        return elementwise(d, "*", x, y)
    return _contract(d, x, y, [d.rank(x) - 1], [d.rank(y) - 1])


def _outer(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    def line(arg: Arg) -> Operand:
        if d.batched(arg):
            return flat(d, arg) if d.rank(arg) else d.emit("index", arg, Seq((ALL, NONE)))
        return arg if d.rank(arg) == 1 else d.b.emit("np.ravel", arg)  # type: ignore[return-value]

    x, y = line(x), line(y)
    column = d.emit("index", x, Seq((ALL, ALL, NONE))) if d.batched(x) else d.b.emit("index", x, Seq((ALL, NONE)))
    row = d.emit("index", y, Seq((ALL, NONE))) if d.batched(y) else y
    return d.emit("*", column, row)


def _vdot(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    type = type_of(x)
    if isinstance(type, (Array, Scalar)) and kind(type.dtype) == "c":
        x = d.emit("np.conj", x) if d.batched(x) else d.b.emit("np.conj", x)
    r = d.rank(x)
    if r != d.rank(y):
        raise NoRule
    if r == 0:
        return d.emit("*", x, y)
    if r == 1:
        return _matmul(d, "@", x, y)
    if d.batched(x) and d.batched(y):
        letters = string.ascii_lowercase.replace("n", "")[:r]
        return d.emit("np.einsum", Lit(f"n{letters},n{letters}->n"), Seq((x, y)))
    return d.emit("np.tensordot", *((x, y) if d.batched(x) else (y, x)), Lit(r))


def _einsum(d: Directions, op: str, subscripts: Arg, factors: Arg) -> Operand:
    """One more letter, in the batched factors and in the result."""
    text = _static(subscripts)
    if not isinstance(text, str) or not isinstance(factors, Seq):
        raise NoRule
    inputs, output = _explicit(text, [d.rank(factor) for factor in factors.items])
    more = next(c for c in "n" + string.ascii_letters if c not in "".join(inputs))
    terms = [more + term if d.batched(factor) else term for term, factor in zip(inputs, factors.items)]
    return d.emit(op, Lit(f"{','.join(terms)}->{more}{output}"), factors)


def _kron(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    """NumPy gives the factor of fewer axes more of them in front."""
    if (d.batched(x) and d.batched(y)) or d.rank(x) != d.rank(y) or d.rank(x) == 0:
        raise NoRule
    return d.emit(op, x, y)


def _solve(d: Directions, op: str, a: Arg, b: Arg) -> Operand:
    """A matrix that is the same in all directions is factorised once: the right-hand sides become columns."""
    m, r = d.rank(a), d.rank(b)
    vector = r == 1
    if m != 2 or r > 2:
        if r < 2 or m < 2 or r != m:
            raise NoRule
        return d.emit(op, a, b)
    if d.batched(a):
        if vector:
            column = d.emit("index", b, Seq((ALL, ALL, NONE))) if d.batched(b) else d.b.emit("index", b, Seq((ALL, NONE)))
            return d.emit("index", d.emit(op, a, column), Seq((ALL, ALL, Lit(0))))
        return d.emit(op, a, b)
    if vector:
        return d.emit("np.transpose", d.emit(op, a, d.emit("np.transpose", b)))
    n, k = d.shape(b)
    columns = d.emit("np.reshape", d.emit("np.moveaxis", b, Lit(0), Lit(-1)), Seq((n, d.b.emit("*", k, d.size))))
    return d.emit("np.moveaxis", d.emit("np.reshape", d.emit(op, a, columns), Seq((n, k, d.size))), Lit(-1), Lit(0))


batching(_matmul, "@", "np.matmul", "np.dot")
batching(_tensordot, "np.tensordot")
batching(_inner, "np.inner")
batching(_outer, "np.outer")
batching(_vdot, "np.vdot")
batching(_einsum, "np.einsum")
batching(_kron, "np.kron")
batching(_solve, "np.linalg.solve")


# -- what depends on shapes only -------------------------------------------------------------------------------------------------


def _shape(d: Directions, op: str, x: Arg) -> Operand:
    return d.b.emit("tuple", Seq(tuple(d.shape(x))))


def _size(d: Directions, op: str, x: Arg, axis: Arg) -> Operand:
    along = _static(axis)
    if along is None:
        return product(d, d.shape(x))
    found: Operand = d.shape(x)[along]
    return found


def _len(d: Directions, op: str, x: Arg) -> Operand:
    if isinstance(type_of(x), (List, Tuple)):
        return d.b.emit("len", x)
    return d.shape(x)[0]  # type: ignore[return-value]


# Parameters of which only the shape counts: where nothing else is batched, the result is the same in all directions.
LIKE = {
    **dict.fromkeys(("np.zeros_like", "np.ones_like", "np.empty_like", "np.full_like", "rt.tile_pull", "rt.repeat_pull", "rt.resize_pull", "rt.diagonal_pull",
                     "rt.pad_pull", "rt.repeated_pull", "rt.put_along", "rt.slopes_pull", "rt.convolve_pull", "rt.last_wins", "rt.mean_shares",
                     "rt.spread_axes"), "x"),
    **dict.fromkeys(("rt.unbroadcast", "rt.broadcast_like"), "like"),
    "rt.interp_pull": "fp", "rt.trapezoid_pull": "y",
}
_MADE = {"np.zeros_like": "np.zeros", "np.ones_like": "np.ones", "np.empty_like": "np.empty"}


def relevant(let: Let) -> tuple[Arg, ...]:
    """The arguments of which more than the shape counts."""
    name = LIKE.get(let.op)
    return let.args if name is None else tuple(arg for arg, param in zip(let.args, OPS[let.op].params) if param.name != name)


def of_shape(d: Directions, op: str, *args: Arg) -> Operand:
    """An operation of whose arguments only the one whose shape counts is batched: it is done once, for something of the shape of one direction."""
    if op in _MADE or op == "np.full_like":
        like, *rest = args
        dtype, asked = rest[-4], rest[-1]
        type = type_of(like)
        assert isinstance(type, (Scalar, Array))
        shape = asked if not isinstance(asked, Lit) or asked.value is not None else Seq(tuple(d.shape(like)))
        made = Lit(type.dtype) if isinstance(dtype, Lit) and dtype.value is None else dtype
        return d.b.emit("np.full", shape, rest[0], made) if op == "np.full_like" else d.b.emit(_MADE[op], shape, made)
    name = LIKE[op]
    return d.b.emit(op, *(_like(d, arg) if param.name == name else arg for arg, param in zip(args, OPS[op].params)))


def _like(d: Directions, arg: Arg) -> Operand:
    """Something of the shape and dtype of one direction."""
    type = type_of(arg)
    assert isinstance(type, Array)
    return d.b.emit("np.broadcast_to", d.b.emit("np.zeros", Seq(()), Lit(type.dtype)), Seq(tuple(d.shape(arg))))


SHAPES: dict[str, Rule] = {
    "np.shape": _shape,
    "np.size": _size,
    "len": _len,
    "np.ndim": lambda d, op, x: Lit(d.rank(x)),
    **dict.fromkeys(("np.iscomplexobj", "np.isrealobj", "np.result_type", "np.can_cast"), lambda d, op, *args: d.b.emit(op, *args)),
}

__all__ = ["SHAPES", "CannotBatch", "Directions", "NoRule", "batching", "of_shape", "relevant", "result_is_single"]
