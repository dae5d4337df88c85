"""Call -> write: functions and methods that write into an array they are given, each as `array[path] = value`.

    np.copyto(y, x, where=m)      y[m] = x[m]
    np.put(y, i, x)               y.flat[i] = x
    np.add.at(y, i, x)            the operation add_at, in which repeated indices accumulate
    y.sort()                      y[...] = np.sort(y)

A description is a function of a builder, the contents of the array, and the other arguments. What is written is contents like any
other (see `structure`), so the derivative needs nothing more; updates that accumulate have rows of their own here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import runtime
from ..ir.build import Builder
from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var, variables
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from ..ir.types import Array, Extent, Scalar, Type, kind, rank, shape
from .call import Call
from .indexing import _steps, _view, _wanted, write_part
from .structure import _same_as_first, _written, infer_index
from .table import RowError, parse, refuse, resolve, rule, structural, zero
from .views import Path

WHOLE: Path = (("index", Lit(Ellipsis)),)
_ALL = Slice(Lit(None), Lit(None), Lit(None))


@dataclass(frozen=True)
class Write:
    """What is written where. checked: a value that does not fit the array's dtype is an error; copies: NumPy reads all before it writes."""

    path: Path
    value: Arg
    op: str = "store"
    checked: bool = False
    copies: bool = True


@dataclass(frozen=True)
class Writer:
    """A function that writes into its first argument."""

    name: str
    params: tuple[Param, ...]
    describe: Callable[..., Write]

    def bind(self, args: tuple[Any, ...], keywords: dict[str, Any], literal: Callable[[Any], Any]) -> tuple[Any, ...]:
        """The arguments in the order of the parameters; `literal` makes an argument of a default."""
        if len(args) > len(self.params):
            raise RowError(f"{self.name} takes at most {len(self.params)} positional arguments", f"{len(args)} are given")
        given = dict(zip((p.name for p in self.params), args))
        for keyword, value in keywords.items():
            if keyword not in {p.name for p in self.params} or keyword in given:
                raise RowError(f"the argument {keyword!r} of {self.name} is not supported", "its rule does not say what is written then",
                               f"leave {keyword!r} out")
            given[keyword] = value
        missing = [p.name for p in self.params if p.name not in given and p.default is Param("").default]
        if missing:
            raise RowError(f"{self.name} needs its argument {missing[0]!r}")
        return tuple(given[p.name] if p.name in given else literal(p.default) for p in self.params)


WRITERS: dict[Any, Writer] = {}  # function -> what it writes
METHODS: dict[str, Writer] = {}  # method of arrays -> what it writes
# Functions with `out` that read all of their arguments before they write, however these overlap (besides ufuncs, which all do).
READ_FIRST = frozenset({"np.sum", "np.prod", "np.mean", "np.max", "np.min", "np.any", "np.all", "np.cumsum", "np.cumprod", "np.dot", "np.matmul",
                        "np.clip", "np.take", "np.round", "np.std", "np.var"})


def writes(text: str, describe: Callable[..., Write], method: str | None = None) -> None:
    """Declare a function, or with `method` a method of arrays, that writes."""
    name, params, _ = parse(text)
    if method is not None:
        METHODS[method] = Writer(name, params, describe)
        return
    function = resolve(name)
    if function is not None:
        WRITERS[function] = Writer(name, params, describe)


def writer(function: Any) -> Writer | None:
    """What a function writes, if it is one that does."""
    try:
        return WRITERS.get(function)
    except TypeError:  # not hashable
        return None


# -- descriptions ------------------------------------------------------------------------------------------


def as_array(b: Builder, value: Arg) -> Operand:
    return b.emit("np.array", value) if isinstance(value, Seq) else value  # type: ignore[return-value]


def spread(b: Builder, value: Arg, like: Arg) -> Operand:
    """A value with the shape of an array."""
    value = as_array(b, value)
    if _as_shaped(type_of(value), type_of(like)):
        return value
    return b.emit("np.broadcast_to", value, b.emit("np.shape", like))


def _as_shaped(type: Type, like: Type) -> bool:
    """Whether a value has the shape of an array, or else NumPy raises an exception."""
    own, wanted = shape(type), shape(like)
    return own is not None and wanted is not None and len(own) == len(wanted) and all(n == m or _never_one(n) for n, m in zip(own, wanted))


def _never_one(extent: Extent) -> bool:
    """Whether an axis is never broadcast."""
    return extent != 1 if isinstance(extent, int) else extent.not_one and not extent.offset


def selected(b: Builder, value: Arg, like: Arg, mask: Operand) -> Operand:
    """The elements of a value that go where a mask of the shape of an array holds."""
    value = as_array(b, value)
    return value if rank(type_of(value)) == 0 else b.emit("index", spread(b, value, like), mask)


def masked(b: Builder, array: Arg, where: Arg, value: Callable[[Callable[[Arg], Operand]], Arg]) -> tuple[Path, Arg]:
    """Where a mask leads to in an array, and what is written there; `value` is made of the parts of its operands that are written."""
    where = as_array(b, where)
    of = type_of(where)
    if not isinstance(of, (Array, Scalar)) or of.dtype != "bool":
        raise RowError("a mask that is not an array of booleans", "what it selects depends on a cast", "compare: `mask != 0`")
    if rank(type_of(array)) is None or rank(of) is None:
        raise RowError("a mask for an array whose number of axes is not known", "how it is broadcast is not known", "give the array one rank on every path")
    if rank(type_of(array)) == 0:
        return WHOLE, b.emit("np.where", where, value(lambda arg: as_array(b, arg)), array)
    mask = spread(b, where, array)
    return (("index", mask),), value(lambda arg: selected(b, arg, array, mask))


def repeated(b: Builder, value: Arg, count: Arg, extent: Any = None) -> Operand:
    """A value as often as it takes to fill `count` elements, or the beginning of it. extent: the number of elements, where it is known."""
    value = as_array(b, value)
    own = shape(type_of(value))
    if own == ():
        return value
    if extent is not None and own == (extent,):
        return value
    return b.emit("np.resize", value, count)


def _copyto(b: Builder, dst: Operand, src: Arg, casting: Arg, where: Arg) -> Write:
    checked = not (isinstance(casting, Lit) and casting.value == "unsafe")
    if isinstance(where, Lit) and where.value is True:
        return Write(WHOLE, as_array(b, src), checked=checked)
    path, value = masked(b, dst, where, lambda part: part(src))
    return Write(path, value, checked=checked)


def _put(b: Builder, a: Operand, ind: Arg, v: Arg, mode: Arg) -> Write:
    if not (isinstance(mode, Lit) and mode.value == "raise"):
        raise RowError("np.put with another mode than 'raise'", "which elements are written depends on it", "compute the indices: `i % a.size`")
    at = as_array(b, ind)
    of = type_of(at)
    if not isinstance(of, (Array, Scalar)) or kind(of.dtype) not in "iu":
        raise RowError("np.put at indices that are not integers", "they are cast", "convert them: `i.astype(int)`")
    if rank(of) != 1:
        at = b.emit("np.reshape", at, Lit(-1))
    extent = shape(type_of(at))
    return Write((("flat", Lit(None)), ("index", at)), repeated(b, v, b.emit("np.size", at), extent[0] if extent else None))


def _place(b: Builder, arr: Operand, mask: Arg, vals: Arg) -> Write:
    mask = as_array(b, mask)
    of = type_of(mask)
    if not isinstance(of, Array) or of.dtype != "bool" or rank(of) != rank(type_of(arr)):
        raise RowError("np.place with a mask that is not an array of booleans of the array's shape", "what it selects depends on a cast",
                       "compare: `mask != 0`")
    return Write((("index", mask),), repeated(b, vals, b.emit("np.count_nonzero", mask)), copies=False)


def _putmask(b: Builder, a: Operand, mask: Arg, values: Arg) -> Write:
    values, mask = as_array(b, values), as_array(b, mask)
    of = type_of(mask)
    if not isinstance(of, Array) or of.dtype != "bool" or not _as_shaped(of, type_of(a)):
        raise RowError("np.putmask with a mask that is not an array of booleans of the array's shape", "what it selects depends on a cast",
                       "compare: `mask != 0`")
    if rank(type_of(values)) != 0 and (shape(type_of(values)) is None or shape(type_of(values)) not in (shape(of), shape(type_of(a)))):
        values = b.emit("np.resize", values, b.emit("np.shape", a))  # the values in turn, as many as it takes
    return Write((("index", mask),), selected(b, values, a, mask))


def _put_along_axis(b: Builder, arr: Operand, indices: Arg, values: Arg, axis: Arg) -> Write:
    at, values = as_array(b, indices), as_array(b, values)
    n = rank(type_of(arr))
    if not isinstance(axis, Lit) or n is None:
        raise RowError("np.put_along_axis along an axis that is not known", "where it writes is not known", "pass a constant")
    if axis.value is None:
        return Write((("flat", Lit(None)), ("index", at)), values)
    items: list[Arg] = []
    for k in range(n):
        if k == axis.value % n:
            items.append(at)
            continue
        along = b.emit("np.arange", Seq((b.emit("index", b.emit("np.shape", arr), Lit(k)),)))
        if n > 1:
            along = b.emit("index", along, Seq(tuple(_ALL if j == k else Lit(None) for j in range(n))))
        items.append(along)
    return Write((("index", Seq(tuple(items)) if n > 1 else items[0]),), values)


def _fill_diagonal(b: Builder, a: Operand, val: Arg, wrap: Arg) -> Write:
    own = shape(type_of(a))
    if own is None or len(own) != 2 or not isinstance(wrap, Lit):
        raise RowError("np.fill_diagonal of an array that does not have two axes", "this is not supported yet", "write `a[i, i, i] = v`")
    whole = b.emit("np.shape", a)
    rows, columns = (b.emit("index", whole, Lit(k)) for k in (0, 1))
    if wrap.value:
        stop: Arg = Lit(None)
        count = b.emit("len", b.emit("range", Lit(0), b.emit("np.size", a), b.emit("+", columns, Lit(1))))
    else:
        stop = b.emit("*", columns, columns)
        count = b.emit("min", Seq((rows, columns)))
    index = Slice(Lit(None), stop, b.emit("+", columns, Lit(1)))
    return Write((("flat", Lit(None)), ("index", index)), repeated(b, val, count, own[0] if own[0] == own[1] else None), copies=False)


def _fill(b: Builder, a: Operand, value: Arg) -> Write:
    return Write(WHOLE, value)


def _sort(b: Builder, a: Operand, axis: Arg, kind: Arg) -> Write:
    return Write(WHOLE, b.emit("np.sort", a, axis, kind))


def _partition(b: Builder, a: Operand, kth: Arg, axis: Arg, kind: Arg) -> Write:
    return Write(WHOLE, b.emit("np.partition", a, kth, axis, kind))


def _at(op: str) -> Callable[..., Write]:
    return lambda b, a, indices, values: Write((("index", indices),), as_array(b, values), op, checked=True)


writes("np.copyto(dst, src, casting='same_kind', where=True)", _copyto)
writes("np.put(a, ind, v, mode='raise')", _put)
writes("np.place(arr, mask, vals)", _place)
writes("np.putmask(a, mask, values)", _putmask)
writes("np.put_along_axis(arr, indices, values, axis=-1)", _put_along_axis)
writes("np.fill_diagonal(a, val, wrap=False)", _fill_diagonal)
writes("put(a, indices, values, mode='raise')", _put, method="put")
writes("fill(a, value)", _fill, method="fill")
writes("sort(a, axis=-1, kind=None)", _sort, method="sort")
writes("partition(a, kth, axis=-1, kind='introselect')", _partition, method="partition")

# -- updates in which repeated indices accumulate ----------------------------------------------------------



def _multiply_at_dot(let: Let, call: Call) -> None:
    x, _, v, directions = let.args
    given = call.operand(3)
    assert isinstance(given, Seq) and isinstance(directions, Seq)
    x_value, at, v_value = (call.operand(k) for k in range(3))
    if isinstance(x, Var) and call.active(x):
        call.add(x, call.b.emit("rt.multiply_at_dot", call.full(), at, v_value, given))
    if isinstance(v, Var) and call.active(v):
        call.add(v, call.b.emit("rt.multiply_at_pull", call.full(), x_value, at, v_value, given))
    for n, item in enumerate(directions.items):
        if isinstance(item, Var) and call.active(item):
            others = Seq((*given.items[:n], *given.items[n + 1:]))
            call.add(item, call.b.emit("rt.multiply_at_pull", call.full(), x_value, at, v_value, others))


def _multiply_at_pull(let: Let, call: Call) -> None:
    """Of the cotangent: it is the transpose of the derivative along the directions and one more."""
    g, *rest = let.args
    if any(call.active(v) for arg in rest for v in variables(arg)):
        raise RowError("the derivative of a pullback of np.multiply.at with respect to its values is not known")
    if isinstance(g, Var) and call.active(g):
        x, at, v, given = (call.operand(k) for k in range(1, 5))
        assert isinstance(given, Seq)
        call.add(g, call.b.emit("rt.multiply_at_dot", x, at, v, Seq((*given.items, call.full()))))


structural("rt.multiply_at_dot(x, index, v, *directions) -> y", _multiply_at_dot, constant=("index",), op={"infer": lambda x, *_: type_of(x), "cheap": False})
structural("rt.multiply_at_pull(g, x, index, v, *directions) -> y", _multiply_at_pull, constant=("index",),
           op={"infer": lambda g, x, index, *_: infer_index(x, index), "cheap": False})
zero("rt.shares_at(x, y, index, v)", op={"infer": lambda x, *_: type_of(x)})
rule("rt.add_at_all(total, index, g) -> z", total="z_bar", index="0.0", g="z_bar[:, index]",
     op={"impl": lambda total, index, g: runtime.add_at_all(total.copy(), index, g), "infer": lambda total, *_: type_of(total), "destroys": 0, "cheap": False})
_ACCUMULATING: dict[str, Any] = {"mul_at": np.multiply, "div_at": np.divide, "max_at": np.maximum, "min_at": np.minimum}


def _update_at(ufunc: Any) -> Callable[..., Any]:
    return lambda array, path, value: _written(array, path, lambda view, index: ufunc.at(view, index, value))


def _scale_at(let: Let, call: Call) -> None:
    """mul_at and div_at: the array is multiplied by all the factors of each element, a factor by what the others give."""
    array, _, value = let.args
    u, v = _wanted(array, call), _wanted(value, call)
    path = call.operand(1)
    if v is not None:
        steps = _steps(path)
        g = _view(call, call.full(), steps[:-1])
        if let.op == "mul_at":
            part = call.b.emit("rt.multiply_at_pull", g, _view(call, call.operand(0), steps[:-1], True), steps[-1][1], call.operand(2), Seq(()))  # type: ignore[arg-type]
            call.add(v, part)
        else:
            share = call.b.emit("index", call.b.emit("*", g, _view(call, call.result(), steps[:-1], True)), steps[-1][1])
            call.subtract(v, call.b.emit("/", share, call.operand(2)))
    if u is not None:
        call.add(u, write_part(call.b, let.op, call.full(), path, call.operand(2)))


def _extreme_at(let: Let, call: Call) -> None:
    """max_at and min_at: what arrives at an element belongs to those that were equal to it, in equal shares."""
    array, _, value = let.args
    u, v = _wanted(array, call), _wanted(value, call)
    path = call.operand(1)
    steps = _steps(path)
    index = steps[-1][1]
    old, new = (_view(call, whole, steps[:-1], True) for whole in (call.operand(0), call.result()))  # type: ignore[arg-type]
    share = call.b.emit("*", _view(call, call.full(), steps[:-1]), call.b.emit("rt.shares_at", old, new, index, call.operand(2)))
    if v is not None:
        call.add(v, call.b.emit("*", call.b.emit("index", share, index), call.b.emit("==", call.operand(2), call.b.emit("index", new, index))))
    if u is not None:
        own = call.b.emit("*", share, call.b.emit("==", old, new))
        if len(steps) > 1:
            own = write_part(call.b, "store", call.full(), Seq((*path.items[:-1], Seq((Lit("index"), Lit(Ellipsis))))), own)  # type: ignore[union-attr]
        call.add(u, own)


for _name, _ufunc in _ACCUMULATING.items():
    define(Op(_name, (Param("array"), Param("path"), Param("value")), _update_at(_ufunc), _same_as_first, destroys=0))
    structural(_name, _scale_at if _name in ("mul_at", "div_at") else _extreme_at, constant=("path",), masks=_name in ("max_at", "min_at"))

for _name, _op in (("add", "add_at"), ("subtract", "sub_at"), ("multiply", "mul_at"), ("divide", "div_at"), ("maximum", "max_at"), ("minimum", "min_at")):
    WRITERS[getattr(np, _name).at] = Writer(f"np.{_name}.at", (Param("a"), Param("indices"), Param("b")), _at(_op))
for _name, _ufunc in sorted(vars(np).items()):
    if isinstance(_ufunc, np.ufunc) and _ufunc.at not in WRITERS:
        refuse(f"np.{_name}.at", because="what it gives depends on the order in which repeated indices are updated", instead="write a loop")

__all__ = ["METHODS", "READ_FIRST", "WHOLE", "Write", "Writer", "masked", "repeated", "writer"]
