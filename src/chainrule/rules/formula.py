"""Formula text -> operations: a row's formula, evaluated by the builder in the reverse sweep.

A formula is a Python expression over the row's parameters, its result (`y`) and the cotangent (`y_bar`), or a tangent (`x_dot`).
What is known at compile time is decided at compile time (`axis is None`, `rank(x) == 1`), and a value is asked
for only when the evaluation reaches its name: that is how the compiler learns what has to be kept.
Besides operations, a formula may call the functions in `WORDS`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.build import is_static, static_value
from ..ir.nodes import Arg, Let, Lit, Operand, Seq, Slice, Var
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, Type, kind, same_shape
from ..ir.types import rank as type_rank
from .algebra import exact_product
from .call import Call
from .table import MODULES, OPERATORS, ROWS, Row, RowError, bind, operator_name, resolve

ONE = Lit(1.0)

# math.* is several times faster than np.* on Python floats; only functions that return what NumPy returns for all finite arguments.
_FOR_FLOATS = {"np.sin": "math.sin", "np.cos": "math.cos", "np.tanh": "math.tanh", "np.arctan2": "math.atan2",
               "np.sign": "rt.sign", "np.isfinite": "math.isfinite"}


class Spread:
    """A contribution that is meant as if broadcast to the shape of its parameter."""

    def __init__(self, value: Arg) -> None:
        self.value = value


class Evaluator:
    """Evaluates the formulas of one row for one statement."""

    def __init__(self, row: Row, let: Let, call: Call) -> None:
        self.row, self.let, self.call, self.b = row, let, call, call.b
        self.positions = {p.name: k for k, p in enumerate(OPS[row.op].params)}
        self.silent = row.quiet  # whether a division by zero must not warn: the function itself does not, or a mask hides it
        self.absorbing = False  # whether zeros in the second factors of products absorb infinite cotangents
        self.spread = False  # whether the last evaluation gave a value that is meant as if broadcast
        self.cotangent: Operand | None = None  # what y_bar means; the adjoint in full if not set
        self.dots: dict[str, Operand] = {}  # what x_dot means, in forward mode

    # -- expressions ----------------------------------------------------------------------------------

    def operand(self, node: ast.expr) -> Operand:
        value = self.eval(node)
        if isinstance(value, Seq) and isinstance(node, ast.Name):  # a list of constants that stands for an array
            value = self.b.emit("np.array", value)
        assert isinstance(value, (Var, Lit)), ast.dump(node)
        return value

    def eval(self, node: ast.expr) -> Arg:
        if isinstance(node, ast.Constant):
            return Lit(node.value)
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.BinOp):
            return self.binary(node)
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.Not):
                return Lit(not self.truth(node.operand))
            inner = self.eval(node.operand)
            if isinstance(node.op, ast.USub) and is_static(inner):
                value = static_value(inner)
                return Lit(tuple(-v for v in value)) if isinstance(value, tuple) else Lit(-value)
            if isinstance(inner, Seq):
                return Seq(tuple(self.b.emit("neg", item) for item in inner.items))
            return self.b.emit(str(operator_name(node)), inner)
        if isinstance(node, ast.Compare):
            return self.compare(node)
        if isinstance(node, ast.BoolOp):
            stop = isinstance(node.op, ast.Or)
            return Lit(stop if any(self.truth(value) is stop for value in node.values) else not stop)
        if isinstance(node, ast.IfExp):
            return self.eval(node.body if self.truth(node.test) else node.orelse)
        if isinstance(node, ast.Call):
            return self.function(node)
        if isinstance(node, ast.Subscript):
            return self.item(self.eval(node.value), self.index(node.slice))
        if isinstance(node, (ast.Tuple, ast.List)):
            return Seq(tuple(self.eval(item) for item in node.elts), "list" if isinstance(node, ast.List) else "tuple")
        if isinstance(node, ast.Attribute):
            if node.attr == "T":
                return self.b.emit("np.transpose", self.eval(node.value))
            return Lit(getattr({"np": np, "math": math}[node.value.id], node.attr))  # type: ignore[attr-defined]
        raise ValueError(f"not in the language of rows: {ast.unparse(node)!r}")

    def name(self, name: str) -> Arg:
        if name in self.dots:
            return self.dots[name]
        if name in self.positions:
            arg = self.let.args[self.positions[name]]
            return arg if is_static(arg) else self.call.operand(self.positions[name])
        if name == self.row.result:
            return self.call.result()
        if name == self.row.result + "_bar":
            return self.cotangent if self.cotangent is not None else self.call.full()
        raise ValueError(f"unknown name {name!r} in the row of {self.row.op}")

    def variable(self, node: ast.expr) -> Arg:
        """The parameter that a name means, without asking for its value."""
        assert isinstance(node, ast.Name)
        if node.id == self.row.result:
            assert self.let.out is not None
            return self.let.out
        return self.let.args[self.positions[node.id]]

    def binary(self, node: ast.BinOp) -> Arg:
        name = str(operator_name(node))
        left, right = self.eval(node.left), self.eval(node.right)
        if name == "**" and isinstance(right, Lit) and right.value == 1:
            return left
        if isinstance(left, Lit) and isinstance(right, Lit) and all(type(v) in (int, float) for v in (left.value, right.value)):
            if name == "+" or name == "-" or name == "*":
                return Lit({"+": left.value + right.value, "-": left.value - right.value, "*": left.value * right.value}[name])
        if name == "*" and isinstance(right, Lit) and not isinstance(left, Lit):
            left, right = right, left
        if name in "+-" and isinstance(right, Lit) and type(right.value) is int and right.value == 0 and (_is_int(left) or (name == "-" and _is_floating(left))):
            return left
        if name == "/":
            return self.quotient(left, right)
        if name == "*" and self.absorbing:
            return self.b.emit("rt.absorb", right, left)
        return self.b.emit(name, left, right)

    def quotient(self, a: Arg, b: Arg) -> Operand:
        """a / b; by a helper where a warning or an exception could escape that the function itself does not give."""
        if isinstance(b, Lit) and type(b.value) is int and b.value == 1 and _is_floating(a):
            return a  # type: ignore[return-value]
        silent = self.silent or (
            self.row.kind == "elementwise" and self.let.out is not None and not _may_raise(self.let.out) and _may_raise(b) and not _is_array(a))
        return self.b.emit("rt.divide" if silent and not (isinstance(b, Lit) and b.value) else "/", a, b)

    def compare(self, node: ast.Compare) -> Arg:
        left, right = self.eval_lazily(node.left), self.eval_lazily(node.comparators[0])
        name = str(operator_name(node))
        if name in ("is", "is not") and isinstance(right, Lit) and right.value is None and not isinstance(left, Lit):
            return Lit(name == "is not")
        if is_static(left) and is_static(right):
            a, b = static_value(left), static_value(right)
            return Lit(bool(OPERATORS[name](a, b)))
        return self.b.emit(name, self.force(left, node.left), self.force(right, node.comparators[0]))

    def eval_lazily(self, node: ast.expr) -> Arg:
        """A parameter itself where that may be enough to decide."""
        if isinstance(node, ast.Name) and node.id in self.positions:
            return self.let.args[self.positions[node.id]]
        return self.eval(node)

    def force(self, arg: Arg, node: ast.expr) -> Arg:
        return self.eval(node) if isinstance(node, ast.Name) else arg

    def truth(self, node: ast.expr) -> bool:
        """A condition that has to be decided at compile time."""
        value = self.eval(node)
        if not is_static(value):
            raise RowError(f"{self.row.op} has an argument that has to be known at compile time",
                           f"its rule depends on `{ast.unparse(node)}`", "pass a constant")
        return bool(static_value(value))

    def index(self, node: ast.expr) -> Arg:
        if isinstance(node, ast.Tuple):
            return Seq(tuple(self.index(item) for item in node.elts))
        if isinstance(node, ast.Slice):
            parts = [Lit(None) if part is None else self.eval(part) for part in (node.lower, node.upper, node.step)]
            return Slice(*parts)
        return self.eval(node)

    def item(self, value: Arg, index: Arg) -> Arg:
        if isinstance(value, Seq) and isinstance(index, Lit):
            item: Arg = value.items[index.value]
            return item
        if isinstance(value, Lit) and isinstance(value.value, tuple) and isinstance(index, Lit) and isinstance(index.value, int):
            return Lit(value.value[index.value])
        return self.b.emit("index", value, index)

    def function(self, node: ast.Call) -> Arg:
        name = ast.unparse(node.func)
        word = WORDS.get(name)
        if word is not None:
            return word(self, *node.args)
        args = tuple(self.eval(arg) for arg in node.args)
        kwargs = {str(k.arg): self.eval(k.value) for k in node.keywords}
        return self.apply(name, args, kwargs)

    def apply(self, name: str, args: tuple[Arg, ...], kwargs: dict[str, Arg] | None = None) -> Operand:
        if name in _FOR_FLOATS and all(_is_float(arg) for arg in args):
            name = _FOR_FLOATS[name]
        return self.b.emit(name, *bind(name, args, kwargs))

    # -- products with the cotangent --------------------------------------------------------------------

    def times(self, g: Operand, node: ast.expr) -> Operand:
        """g * node, as a person would write it: g for 1, g / e for 1 / e, g / e * a for a / e (where `x / y` has made g / e for x
        already), 2 * g * x for 2 * x."""
        if isinstance(node, ast.IfExp):
            return self.times(g, node.body if self.truth(node.test) else node.orelse)
        if isinstance(g, Lit) and g.value == 1:
            return self.operand(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if isinstance(node.left, ast.Name):
                return self.product(self.quotient(g, self.eval(node.right)), self.operand(node.left))
            return self.quotient(self.times(g, node.left), self.eval(node.right))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rt.divide":
            return self.b.emit("rt.divide", self.times(g, node.args[0]), self.eval(node.args[1]))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            left = self.operand(node.left)
            if isinstance(left, Lit):
                return self.times(self.product(g, left), node.right)
            return self.product(g, self.operand(node))
        return self.product(g, self.operand(node))

    def product(self, g: Operand, factor: Operand) -> Operand:
        if isinstance(factor, Lit):
            if type(factor.value) in (int, float) and factor.value == 1:
                return g
            if isinstance(g, Lit) and type(g.value) in (int, float) and type(factor.value) in (int, float):
                return Lit(g.value * factor.value)
            if factor.value == -1:
                return self.b.emit("neg", g)
            made = self.b.made.get(g) if isinstance(g, Var) else None
            if made is not None and made.op in ("/", "rt.divide") and isinstance(made.args[0], Lit) and type(factor.value) in (int, float):
                return self.b.emit(made.op, Lit(factor.value * made.args[0].value), made.args[1])  # 2 * (1 / n) -> 2 / n
            if made is not None and made.op == "*" and _is_double(made.out) and _is_double(made.args[1]) and same_shape(type_of(made.args[1]), type_of(g)):
                combined = exact_product(factor, made.args[0])  # 2 * (-0.5 * x) -> -x
                if combined is not None:
                    return self.product(made.args[1], Lit(combined))  # type: ignore[arg-type]
            return self.b.emit("*", factor, g)
        if isinstance(g, Lit) and g.value == 1:
            return factor
        if isinstance(g, Lit) and type(g.value) in (int, float) and g.value == -1 and _can_be_negative(factor):
            return self.b.emit("neg", factor)
        return self.b.emit("*", g, factor)


def _can_be_negative(arg: Arg) -> bool:
    """Whether `-arg` is what `-1.0 * arg` is: not so for NumPy's booleans, and for unsigned integers."""
    type = type_of(arg)
    return isinstance(type, (Scalar, Array)) and (kind(type.dtype) in "ifc" or (isinstance(type, Scalar) and type.weak))


def _may_raise(arg: Arg) -> bool:
    """Whether a number may be one of Python's, which raises where NumPy's gives infinity."""
    if isinstance(arg, Lit):
        return type(arg.value) in (bool, int, float, complex)
    return isinstance(arg, Var) and isinstance(arg.type, Scalar) and (arg.type.weak or arg.type.mixed)


def _is_array(arg: Arg) -> bool:
    return isinstance(arg, Var) and isinstance(arg.type, Array) and arg.type.shape != ()


def _is_float(arg: Arg) -> bool:
    type = type_of(arg)
    return isinstance(type, Scalar) and type.weak and kind(type.dtype) in "fi"


def _is_double(arg: Arg | None) -> bool:
    return isinstance(arg, (Var, Lit)) and isinstance(type := type_of(arg), (Scalar, Array)) and type.dtype == "float64"


def _is_floating(arg: Arg) -> bool:
    type = type_of(arg)
    return isinstance(arg, Var) and isinstance(type, (Scalar, Array)) and kind(type.dtype) in "fc"


def _is_int(arg: Arg) -> bool:
    type = type_of(arg)
    return isinstance(type, Scalar) and kind(type.dtype) in "iu"


def negated(node: ast.expr) -> tuple[bool, ast.expr]:
    """Whether an expression starts with a minus sign, and the expression without it."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return True, node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        minus, left = negated(node.left)
        if minus:
            return True, ast.BinOp(left, node.op, node.right)
    return False, node


# -- words ---------------------------------------------------------------------------------------------------


def _rank(e: Evaluator, node: ast.expr) -> Arg:
    type = type_of(e.variable(node))
    known = type_rank(type)
    if known is None:
        raise RowError(f"{e.row.op} of an array whose number of axes is not known", "its rule depends on the number of axes")
    return Lit(known)


def like(e: Evaluator, arg: Arg) -> Arg:
    """Something with the shape and dtype of an argument."""
    return e.call.like(arg) if isinstance(arg, Var) else arg


def shape_of(e: Evaluator, arg: Arg) -> Arg:
    """The shape of an argument, as a tuple."""
    type = type_of(arg)
    if isinstance(type, Scalar):
        return Lit(())
    if isinstance(type, Array) and type.shape is not None and all(isinstance(n, int) for n in type.shape):
        return Lit(type.shape)
    return e.b.emit("np.shape", like(e, arg))


def extent_of(e: Evaluator, arg: Arg, axis: int) -> Operand:
    """The extent of one axis of an argument."""
    type = type_of(arg)
    if isinstance(type, Array) and type.shape is not None and isinstance(type.shape[axis], int):
        return Lit(type.shape[axis])
    return e.b.emit("index", shape_of(e, arg), Lit(axis))


def count_of(e: Evaluator, arg: Arg, axis: Any) -> Operand:
    """Number of elements that a reduction over `axis` takes together."""
    type = type_of(arg)
    if isinstance(type, Scalar):
        return Lit(1)
    assert isinstance(type, Array)
    if axis is None:
        if type.shape is not None and all(isinstance(n, int) for n in type.shape):
            return Lit(math.prod(n for n in type.shape if isinstance(n, int)))
        return e.b.emit("np.size", like(e, arg))
    axes = axis if isinstance(axis, tuple) else (axis,)
    total: Operand = Lit(1)
    for one in axes:
        extent = extent_of(e, arg, one)
        total = extent if isinstance(total, Lit) and total.value == 1 else e.b.emit("*", total, extent)
    return total


def spread_axes(e: Evaluator, g: Operand, x: Type, axis: Any, keepdims: bool) -> Operand:
    """Give the cotangent of a reduction axes of length 1 where the reduction took them away."""
    ndim = type_rank(x)
    if axis is None or keepdims or type_rank(type_of(g)) == 0 or ndim == 0:
        return g
    axes = axis if isinstance(axis, tuple) else (axis,)
    if ndim is None:
        return e.b.emit("np.expand_dims", g, Lit(axis))
    places = sorted(a % ndim for a in axes)
    if places == list(range(len(places))):
        return g  # leading axes come by themselves
    index: list[Arg] = [Lit(None) if i in places else Slice(Lit(None), Lit(None), Lit(None)) for i in range(ndim)]
    if ndim > 2 and places[0] > ndim // 2:
        index = [Lit(Ellipsis), *index[places[0]:]]
    while isinstance(index[-1], Slice):
        index.pop()
    return e.b.emit("index", g, Seq(tuple(index)) if len(index) > 1 else index[0])


def _spread(e: Evaluator, g: ast.expr, x: ast.expr, axis: ast.expr, keepdims: ast.expr) -> Arg:
    """The cotangent of a reduction, meant as if broadcast to the shape of x."""
    along, keep = e.eval(axis), e.eval(keepdims)
    if not (is_static(along) and is_static(keep)):
        raise RowError(f"the axis of {e.row.op} has to be known at compile time", "its rule depends on it", "pass a constant")
    e.spread = True
    lazy = e.call.cotangent
    own = isinstance(g, ast.Name) and g.id == e.row.result + "_bar"
    value = lazy if own and type_rank(type_of(lazy)) == 0 else e.operand(g)
    return spread_axes(e, value, type_of(e.variable(x)), static_value(along), bool(static_value(keep)))


def _count(e: Evaluator, x: ast.expr, axis: ast.expr) -> Arg:
    return count_of(e, e.variable(x), static_value(e.eval(axis)))


def _extent(e: Evaluator, x: ast.expr, axis: ast.expr) -> Arg:
    return extent_of(e, e.variable(x), static_value(e.eval(axis)))


def _kind(e: Evaluator, x: ast.expr) -> Arg:
    type = type_of(e.variable(x))
    return Lit(kind(type.dtype) if isinstance(type, (Scalar, Array)) else "O")


def _weak(e: Evaluator, x: ast.expr) -> Arg:
    type = type_of(e.variable(x))
    return Lit(isinstance(type, Scalar) and type.weak)


def _known(e: Evaluator, x: ast.expr) -> Arg:
    """Whether a parameter is a constant."""
    return Lit(is_static(e.variable(x)))


def _inverse(e: Evaluator, axes: ast.expr) -> Arg:
    """The permutation that undoes a permutation."""
    value = e.eval(axes)
    if not is_static(value):
        raise RowError(f"the axes of {e.row.op} have to be known at compile time", "", "pass a constant")
    order = static_value(value)
    order = [a % len(order) for a in order]
    return Lit(tuple(order.index(i) for i in range(len(order))))


def _made(e: Evaluator, value: Arg) -> Let | None:
    return e.b.made.get(value) if isinstance(value, Var) else None


def _is_transpose(made: Let | None) -> bool:
    return made is not None and made.op == "np.transpose" and isinstance(made.args[1], Lit) and made.args[1].value is None


def transposed(e: Evaluator, value: Operand) -> Operand:
    """The transpose of a matrix, or of each matrix in a stack; of x.T it is x, and of a @ b.T it is b @ a.T."""
    if type_rank(type_of(value)) == 2:
        made = _made(e, value)
        if made is not None and _is_transpose(made):
            return made.args[0]  # type: ignore[return-value]
        if made is not None and made.op == "@" and all(type_rank(type_of(arg)) == 2 for arg in made.args):
            if any(_is_transpose(_made(e, arg)) for arg in made.args):
                return e.b.emit("@", transposed(e, made.args[1]), transposed(e, made.args[0]))  # type: ignore[arg-type]
        return e.b.emit("np.transpose", value)
    return e.b.emit("np.swapaxes", value, Lit(-1), Lit(-2))


def _conjugate(e: Evaluator, value: Operand) -> Operand:
    """The complex conjugate; of real numbers they themselves."""
    type = type_of(value)
    return e.b.emit("np.conj", value) if isinstance(type, (Scalar, Array)) and kind(type.dtype) == "c" else value


def adjoint(e: Evaluator, value: Operand) -> Operand:
    """The conjugate of the transpose; the transpose where there is nothing to conjugate."""
    turned = transposed(e, value)
    own = type_of(value)
    return e.b.emit("np.conj", turned) if isinstance(own, (Scalar, Array)) and kind(own.dtype) == "c" else turned


def _shaped(e: Evaluator, g: ast.expr, x: ast.expr) -> Arg:
    """g with the shape of x, which has as many elements."""
    value, arg = e.operand(g), e.variable(x)
    if isinstance(type_of(arg), Scalar):
        ndim = type_rank(type_of(value)) or 0
        return e.b.emit("index", value, Lit((0,) * ndim if ndim != 1 else 0)) if ndim else value
    return e.b.emit("np.reshape", value, shape_of(e, arg))


def _vector(e: Evaluator, x: ast.expr, axis: ast.expr) -> Arg:
    """Whether a norm is that of vectors."""
    value = static_value(e.eval(axis))
    return Lit(isinstance(value, int) or (value is None and type_rank(type_of(e.variable(x))) == 1))


WORDS: dict[str, Callable[..., Arg]] = {
    "rank": _rank,
    "shape": lambda e, x: shape_of(e, e.variable(x)),
    "like": lambda e, x: like(e, e.variable(x)),
    "spread": _spread,
    "count": _count,
    "extent": _extent,
    "kind": _kind,
    "weak": _weak,
    "known": _known,
    "inverse": _inverse,
    "t": lambda e, x: transposed(e, e.operand(x)),
    "ct": lambda e, x: transposed(e, _conjugate(e, e.operand(x))),
    "cj": lambda e, x: _conjugate(e, e.operand(x)),
    "shaped": _shaped,
    "vector": _vector,
}


def verify() -> None:
    """Every name in every formula means something; rows that are wrong fail here, at import."""
    for row in ROWS.values():
        own = {p.name for p in OPS[row.op].params} | {row.result, row.result + "_bar", *MODULES} | set(WORDS)
        dots = {f"{name}_dot" for name in row.dots}
        for formula in (*row.formulas.values(), *row.dots.values()):
            for node in ast.walk(formula):
                if isinstance(node, ast.Name) and node.id not in own | dots and node.id not in OPS:
                    raise ValueError(f"unknown name {node.id!r} in the row of {row.op}")
                if isinstance(node, ast.Call) and ast.unparse(node.func) not in WORDS:
                    name = ast.unparse(node.func)
                    if resolve(name) is None:
                        continue  # this version of NumPy does not have it
                    if name not in ROWS:
                        raise ValueError(f"the row of {row.op} calls {name}, which has no row")
                    keywords = {k.arg for k in node.keywords}
                    unknown = keywords - set(ROWS[name].keywords) - {p.name for p in OPS[name].params}
                    if unknown:
                        raise ValueError(f"the row of {row.op} calls {name} with {sorted(map(str, unknown))[0]!r}")
