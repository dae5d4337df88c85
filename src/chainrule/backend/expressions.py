"""Argument or operation -> Python expression.

Operators print as operators, `np.` and `math.` operations as calls with keywords for what is not at its default, helpers by
their bare name, functions that are also methods of arrays as methods (`v.sum()` takes a third of the time of
`np.sum(v)` on small arrays). Objects that have no literal get a name in the namespace of the text.
"""

from __future__ import annotations

import ast
import builtins
import math
import types
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from .. import runtime
from ..ir.nodes import UNDEFINED, Arg, Let, Lit, Make, Seq, Slice, Var
from ..ir.ops import OPS, REQUIRED, Op, is_default
from ..ir.probe import type_of
from ..ir.types import Array, List, Scalar, kind, rank
from ..rules.structure import is_basic, is_full, may_repeat
from ..runtime.custom import Checked
from ..structure import takes_fields
from .fold import Plan

BINARY: dict[str, ast.operator] = {
    "+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div(), "//": ast.FloorDiv(), "%": ast.Mod(), "**": ast.Pow(),
    "@": ast.MatMult(), "&": ast.BitAnd(), "|": ast.BitOr(), "^": ast.BitXor(), "<<": ast.LShift(), ">>": ast.RShift(),
}
_UNARY: dict[str, ast.unaryop] = {"neg": ast.USub(), "pos": ast.UAdd(), "invert": ast.Invert(), "not": ast.Not()}
_COMPARE: dict[str, ast.cmpop] = {
    "<": ast.Lt(), "<=": ast.LtE(), ">": ast.Gt(), ">=": ast.GtE(), "==": ast.Eq(), "!=": ast.NotEq(), "is": ast.Is(),
    "is not": ast.IsNot(), "in": ast.In(), "not in": ast.NotIn(),
}
_INVERSE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}
_INVERSE_INT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", **_INVERSE}

# Functions that arrays have as methods, with the same parameters after the first.
_METHODS = {
    "np.sum": "sum", "np.mean": "mean", "np.max": "max", "np.min": "min", "np.amax": "max", "np.amin": "min", "np.prod": "prod",
    "np.dot": "dot", "np.argmax": "argmax", "np.argmin": "argmin", "np.cumsum": "cumsum", "np.cumprod": "cumprod",
    "np.any": "any", "np.all": "all", "np.std": "std", "np.var": "var", "np.reshape": "reshape", "np.ravel": "ravel",
    "np.swapaxes": "swapaxes", "np.squeeze": "squeeze", "np.trace": "trace", "np.conj": "conj", "rt.conj": "conj",
}
_ATTRIBUTES = {"np.shape": "shape", "np.ndim": "ndim", "np.size": "size", "np.real": "real", "np.imag": "imag"}


def name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def target(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Store())


def dotted(path: str) -> ast.expr:
    """`np.linalg.inv` as attributes of names."""
    first, *rest = path.split(".")
    node: ast.expr = name(first)
    for part in rest:
        node = ast.Attribute(node, part, ast.Load())
    return node


def call(function: ast.expr | str, args: Iterable[ast.expr] = (), keywords: Iterable[tuple[str, ast.expr]] = ()) -> ast.Call:
    function = dotted(function) if isinstance(function, str) else function
    return ast.Call(function, list(args), [ast.keyword(key, value) for key, value in keywords])


def method(value: ast.expr, attribute: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(value, attribute, ast.Load()), list(args), [])


def is_true_array(arg: Arg) -> bool:
    """Whether an argument is certainly an ndarray when the program runs."""
    type = type_of(arg)
    return isinstance(type, Array) and type.shape is not None


class Expressions:
    """Prints arguments, given the names of Vars; collects the objects that the text needs by name."""

    def __init__(self, names: dict[Var, str], plan: Plan, taken: set[str], callees: frozenset[str]) -> None:
        self.names = names
        self.plan = plan
        self.taken = taken
        self.callees = callees
        self.parameters: frozenset[str] = frozenset()  # whose names are the user's, and may be those of helpers
        self.theirs: frozenset[str] = frozenset()  # names of the user's module, which nothing here has: the user's functions may
        self.undefined: frozenset[Var] = frozenset()  # read on paths on which they have no value; there they are None
        self.constants: dict[str, Any] = {}
        self._objects: list[tuple[Any, str]] = []

    # -- arguments ---------------------------------------------------------------------------------------

    def arg(self, arg: Arg) -> ast.expr:
        if isinstance(arg, Var):
            let = self.plan.folded.get(arg)
            return name(self.names[arg]) if let is None else self.let(let)
        if isinstance(arg, Lit):
            return self.literal(arg.value)
        if isinstance(arg, Seq):
            items = [self.arg(item) for item in arg.items]
            return ast.List(items, ast.Load()) if arg.kind == "list" else ast.Tuple(items, ast.Load())
        if isinstance(arg, Slice):
            return call("slice", [self.arg(arg.start), self.arg(arg.stop), self.arg(arg.step)])
        items = [self.arg(item) for item in arg.items]
        if arg.cls is dict:
            return ast.Dict([self.literal(key) for key in arg.keys], items)
        if not takes_fields(arg.cls):
            return call(self.object(runtime.instance), [self.object(arg.cls)], zip(arg.keys, items))
        return call(self.object(arg.cls), keywords=zip(arg.keys, items))

    def literal(self, value: Any) -> ast.expr:
        """A constant."""
        if value is UNDEFINED.value:
            return ast.Constant(None)
        if value is None or value is Ellipsis or isinstance(value, (bool, str, bytes)):
            return ast.Constant(value)
        if type(value) in (int, float):
            return _number(value)
        if type(value) is complex:
            return call("complex", [_number(value.real), _number(value.imag)])
        if type(value) in (tuple, list):
            items = [self.literal(item) for item in value]
            return ast.Tuple(items, ast.Load()) if type(value) is tuple else ast.List(items, ast.Load())
        if type(value) is slice:
            return call("slice", [self.literal(part) for part in (value.start, value.stop, value.step)])
        if isinstance(value, np.dtype) and value.type.__name__ in _NUMPY_NAMES:
            return call("np.dtype", [dotted(f"np.{value.type.__name__}")])
        if isinstance(value, np.generic) and type(value).__name__ in _NUMPY_NAMES and value.dtype.kind in "biuf":
            return call(f"np.{type(value).__name__}", [self.literal(value.item())])
        return self.object(value)

    def object(self, value: Any) -> ast.expr:
        """An object that has no literal: by its name in NumPy or Python, or by a name of its own."""
        own = getattr(value, "__name__", None)
        if isinstance(own, str) and own.isidentifier():
            if getattr(builtins, own, None) is value:
                return name(own)
            for module, prefix in ((np, "np"), (math, "math"), (np.linalg, "np.linalg"), (np.fft, "np.fft")):
                if getattr(module, own, None) is value:
                    return dotted(f"{prefix}.{own}")
        bound_to = getattr(value, "__self__", None)
        if isinstance(bound_to, str) and isinstance(own, str) and getattr(bound_to, own, None) == value:
            return ast.Attribute(self.literal(bound_to), own, ast.Load())
        for known, identifier in self._objects:
            if known is value:
                return name(identifier)
        base = own if isinstance(own, str) and own.isidentifier() else "const"
        if isinstance(value, types.ModuleType):
            base = value.__name__.rpartition(".")[2]
        identifier, number = base, 1
        keeps = isinstance(value, (Checked, type))  # a class of the user's is called what the user calls it
        while identifier in self.taken and not (keeps and identifier in self.theirs and identifier not in self.constants):
            number += 1
            identifier = f"{base}{number}"
        self.taken.add(identifier)
        self.constants[identifier] = value
        self._objects.append((value, identifier))
        return name(identifier)

    def index(self, index: Arg) -> ast.expr:
        """What stands between brackets."""
        if isinstance(index, Seq) and index.kind == "tuple":
            return ast.Tuple([self.index_item(item) for item in index.items], ast.Load())
        if isinstance(index, Lit) and type(index.value) is tuple:
            return ast.Tuple([self.index_item(Lit(item)) for item in index.value], ast.Load())
        return self.index_item(index)

    def index_item(self, item: Arg) -> ast.expr:
        if isinstance(item, Slice):
            return ast.Slice(self._bound(item.start), self._bound(item.stop), self._bound(item.step))
        if isinstance(item, Lit) and type(item.value) is slice:
            return ast.Slice(*(self._bound(Lit(part)) for part in (item.value.start, item.value.stop, item.value.step)))
        return self.arg(item)

    def _bound(self, arg: Arg) -> ast.expr | None:
        return None if isinstance(arg, Lit) and arg.value is None else self.arg(arg)

    # -- operations --------------------------------------------------------------------------------------

    def let(self, let: Let) -> ast.expr:
        """The expression that an operation is printed as; for one that writes, that of its new contents."""
        op, args = let.op, let.args
        if op == "copy" and args[0] in self.undefined:  # on some path there is nothing to copy
            value = self.arg(args[0])
            return ast.IfExp(ast.Compare(value, [ast.Is()], [ast.Constant(None)]), ast.Constant(None), self.op_copy(let))
        if op in BINARY:
            return self.chain(let)
        if op in _UNARY:
            return self.inverse(args[0]) if op == "not" else ast.UnaryOp(_UNARY[op], self.arg(args[0]))
        if op in _COMPARE:
            return ast.Compare(self.arg(args[0]), [_COMPARE[op]], [self.arg(args[1])])
        if op in ("and", "or"):
            return ast.BoolOp(ast.And() if op == "and" else ast.Or(), [self.arg(arg) for arg in args])
        special = getattr(self, f"op_{op.replace('.', '_')}", None)
        if special is not None:
            return special(let)  # type: ignore[no-any-return]
        if OPS[op].method:
            positional, keywords = self.arguments(let, 1)
            return call(ast.Attribute(self.arg(args[0]), op.rpartition(".")[2], ast.Load()), positional, keywords)
        if args and is_true_array(args[0]):
            as_method = self.method(let)
            if as_method is not None:
                return as_method
        return self.plain_call(let)

    def chain(self, let: Let) -> ast.expr:
        return ast.BinOp(self.arg(let.args[0]), BINARY[let.op], self.arg(let.args[1]))

    def inverse(self, condition: Arg) -> ast.expr:
        """`not condition`, as a comparison where that means the same."""
        let = self.plan.folded.get(condition) if isinstance(condition, Var) else None
        if let is not None:
            inverse = _INVERSE_INT if all(_is_int(arg) for arg in let.args) else _INVERSE
            if let.op in inverse and not any(isinstance(type_of(arg), Array) for arg in let.args):
                return ast.Compare(self.arg(let.args[0]), [_COMPARE[inverse[let.op]]], [self.arg(let.args[1])])
            if let.op == "not":
                return self.arg(let.args[0])
        return ast.UnaryOp(ast.Not(), self.arg(condition))

    def plain_call(self, let: Let) -> ast.expr:
        positional, keywords = self.arguments(let, 0)
        return call(self.function(let.op), positional, keywords)

    def arguments(self, let: Let, skip: int) -> tuple[list[ast.expr], list[tuple[str, ast.expr]]]:
        """The arguments of a call from the given one on: required ones by position, others by keyword unless at their default."""
        positional: list[ast.expr] = []
        keywords: list[tuple[str, ast.expr]] = []
        for param, arg in list(zip(OPS[let.op].params, let.args))[skip:]:
            if param.star and isinstance(arg, Seq):
                positional += [self.arg(item) for item in arg.items]
            elif param.star:
                positional.append(ast.Starred(self.arg(arg), ast.Load()))
            elif param.default is REQUIRED:
                positional.append(self.dtype(arg) if param.name == "dtype" else self.arg(arg))
            elif not (isinstance(arg, Lit) and is_default(arg.value, param.default)):
                keywords.append((param.name, self.dtype(arg) if param.name == "dtype" else self.arg(arg)))
        return positional, keywords

    def dtype(self, arg: Arg) -> ast.expr:
        """A dtype that is asked for: `np.float32` and `bool` rather than 'float32' or `np.dtype(np.float32)`."""
        value = arg.value if isinstance(arg, Lit) else None
        named = value.type.__name__ if isinstance(value, np.dtype) else value
        if isinstance(named, str) and named in _NUMPY_NAMES:
            return dotted(f"np.{named}")
        return name("bool") if named == "bool" and "bool" not in self.parameters else self.arg(arg)

    def function(self, op: str) -> ast.expr:
        """What an operation is called by."""
        prefix, _, last = op.rpartition(".")
        if prefix.split(".")[0] in ("np", "math"):
            return dotted(op)
        if not prefix or prefix == "py":
            if hasattr(builtins, last):
                return name(last)
        impl = getattr(runtime, op[3:]) if op.startswith("rt.") else OPS[op].impl
        if isinstance(impl, types.MethodType) and "." in prefix:  # `norm.pdf`
            owner = prefix.rpartition(".")[2]
            known = owner not in self.parameters and self.constants.setdefault(owner, impl.__self__) is impl.__self__
            return ast.Attribute(name(owner) if known else self.object(impl.__self__), last, ast.Load())
        if last in self.parameters or self.constants.setdefault(last, impl) is not impl:
            return self.object(impl)
        return name(last)

    def method(self, let: Let) -> ast.expr | None:
        array = let.args[0]
        if let.op == "np.transpose":
            return self.transposed(self.arg(array), array, let.args[1] if len(let.args) > 1 else Lit(None))
        if let.op in _ATTRIBUTES and all(isinstance(a, Lit) and a.value is None for a in let.args[1:]):
            return ast.Attribute(self.arg(array), _ATTRIBUTES[let.op], ast.Load())
        if let.op not in _METHODS or (let.op == "np.conj" and kind(type_of(array).dtype) != "c"):  # type: ignore[union-attr]
            return None  # the method conj gives an array that is not complex itself, and no copy
        if let.op == "np.reshape":
            positional, keywords = self.shape(let.args[1]), self.arguments(let, 2)[1]
        else:
            positional, keywords = self.arguments(let, 1)
        return call(ast.Attribute(self.arg(array), _METHODS[let.op], ast.Load()), positional, keywords)

    def shape(self, shape: Arg) -> list[ast.expr]:
        """The arguments of `x.reshape(2, -1)`."""
        if isinstance(shape, Seq) and shape.items:
            return [self.arg(item) for item in shape.items]
        if isinstance(shape, Lit) and type(shape.value) is tuple and shape.value:
            return [self.literal(item) for item in shape.value]
        return [self.arg(shape)]

    def transposed(self, node: ast.expr, array: Arg, axes: Arg) -> ast.expr:
        type = type_of(array)
        rank = len(type.shape) if isinstance(type, Array) and type.shape is not None else None
        order = axes.value if isinstance(axes, Lit) else None
        if isinstance(axes, Seq) and all(isinstance(item, Lit) for item in axes.items):
            order = tuple(item.value for item in axes.items if isinstance(item, Lit))
        if (order is None and isinstance(axes, Lit)) or (rank is not None and order == tuple(reversed(range(rank)))):
            return ast.Attribute(node, "T", ast.Load())
        return method(node, "transpose", self.arg(axes))

    # -- operations with a syntax of their own ---------------------------------------------------------------

    def op_index(self, let: Let) -> ast.expr:
        return self.subscript(self.arg(let.args[0]), let.args[1])

    def subscript(self, value: ast.expr, index: Arg) -> ast.expr:
        return ast.Subscript(value, self.index(index), ast.Load())

    op_item = op_list_item = op_list_slice = op_index

    def op_copy(self, let: Let) -> ast.expr:
        value = self.arg(let.args[0])
        if is_true_array(let.args[0]) or isinstance(type_of(let.args[0]), List):
            return method(value, "copy")
        return call("np.array", [value])

    def op_tuple(self, let: Let) -> ast.expr:
        return self.arg(let.args[0])

    def op_list(self, let: Let) -> ast.expr:
        items = let.args[0]
        if isinstance(items, Seq):
            return ast.List([self.arg(item) for item in items.items], ast.Load())
        return call("list", [self.arg(items)])

    def op_empty_list(self, let: Let) -> ast.expr:
        return ast.List([], ast.Load())

    def op_accum(self, let: Let) -> ast.expr:
        return ast.BinOp(self.arg(let.args[0]), ast.Add(), self.arg(let.args[1]))

    def op_accum_neg(self, let: Let) -> ast.expr:
        return ast.BinOp(self.arg(let.args[0]), ast.Sub(), self.arg(let.args[1]))

    def op_call(self, let: Let) -> ast.expr:
        function, args = let.args
        assert isinstance(function, Lit) and isinstance(args, Seq)
        return call(str(function.value), [self.arg(arg) for arg in args.items])

    def op_apply(self, let: Let) -> ast.expr:
        function, args = let.args
        assert isinstance(args, Seq)
        return call(self.arg(function), [self.arg(arg) for arg in args.items])

    op_py_call = op_apply

    def op_py_effect(self, let: Let) -> ast.expr:
        return call(self.arg(let.args[0]), *self.given(let.args[1:]))

    op_py_pure = op_py_external = op_py_effect

    def op_py_effect_method(self, let: Let) -> ast.expr:
        owner, attribute = let.args[:2]
        assert isinstance(attribute, Lit)
        return call(ast.Attribute(self.arg(owner), attribute.value, ast.Load()), *self.given(let.args[2:]))

    op_py_pure_method = op_py_effect_method

    def given(self, args: tuple[Arg, ...]) -> tuple[list[ast.expr], list[tuple[str, ast.expr]]]:
        """The arguments of a call: a Seq of positional ones, a Make of those that have names."""
        positional, named = args
        assert isinstance(positional, Seq) and isinstance(named, Make)
        return [self.arg(a) for a in positional.items], [(key, self.arg(item)) for key, item in zip(named.keys, named.items)]

    def op_py_solver(self, let: Let) -> ast.expr:
        function, functions, *given = let.args
        assert isinstance(functions, Make)
        passed = {key: self.held(item) for key, item in zip(functions.keys, functions.items)}
        positional, named = self.given(tuple(given))
        first = [passed.pop("")] if "" in passed else []
        return call(self.arg(function), [*first, *positional], [*passed.items(), *named])

    def held(self, function: Arg) -> ast.expr:
        """A function of the program as a value, with what it holds."""
        assert isinstance(function, Seq) and isinstance(function.items[0], Lit)
        own = name(function.items[0].value)
        return call(self.object(partial), [own, *map(self.arg, function.items[1:])]) if len(function.items) > 1 else own

    def op_py_attribute(self, let: Let) -> ast.expr:
        owner, attribute = let.args
        assert isinstance(attribute, Lit)
        return ast.Attribute(self.arg(owner), attribute.value, ast.Load())

    op_py_part = op_py_attribute

    def op_py_evaluate(self, let: Let) -> ast.expr:
        return self.arg(let.args[0])

    def op_py_perform(self, let: Let) -> ast.expr:
        function, args, keywords = let.args
        assert isinstance(args, Seq) and isinstance(keywords, Make)
        named = [(key, self.arg(value)) for key, value in zip(keywords.keys, keywords.items)]
        return call(self.arg(function), [self.arg(arg) for arg in args.items], named)

    def op_rt_expect_kind(self, let: Let) -> ast.expr:
        args = [arg for arg in let.args if not (isinstance(arg, Lit) and arg.value is None)]
        return call(self.function(let.op), [self.arg(arg) for arg in args])

    def op_rt_raised(self, let: Let) -> ast.expr:
        cls, function, args = let.args
        assert isinstance(args, Seq)
        op = getattr(function.value, "__self__", None) if isinstance(function, Lit) else None
        if isinstance(op, Op) and op.destroys is None and isinstance(args.items[0], Seq):
            nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            return call(self.function(let.op), [self.arg(cls), ast.Lambda(nothing, self.let(Let(let.out, op.name, args.items[0].items, let.span)))])
        return call(self.function(let.op), [self.arg(arg) for arg in (cls, function, *args.items)])

    def op_py_print(self, let: Let) -> ast.expr:
        args = let.args[0].items if isinstance(let.args[0], Seq) else (let.args[0],)
        keywords = let.args[1] if len(let.args) > 1 else None
        pairs = zip(keywords.keys, keywords.items) if isinstance(keywords, Make) else ()
        return call("print", [self.arg(arg) for arg in args], [(key, self.arg(value)) for key, value in pairs])

    def op_py_format(self, let: Let) -> ast.expr:
        template, args = let.args
        assert isinstance(args, Seq)
        return method(self.arg(template), "format", *(self.arg(arg) for arg in args.items))

    def op_constant(self, let: Let) -> ast.expr:
        return self.arg(let.args[0])

    def op_astype(self, let: Let) -> ast.expr:
        return call(ast.Attribute(self.arg(let.args[0]), "astype", ast.Load()), [self.dtype(let.args[1])], self.arguments(let, 2)[1])

    # -- places that are written -----------------------------------------------------------------------------

    def place(self, let: Let, load: bool = False) -> tuple[ast.expr, Arg]:
        """The view that a path leads to, and the index of its last step."""
        array = let.args[0]
        assert isinstance(array, Var)
        node: ast.expr = name(self.names[array])
        steps = path_steps(let.args[1])
        while len(steps) > 1 and steps[-2][0] == "index" and is_basic(steps[-2][1]) and is_full(steps[-1][1]):
            steps.pop()  # `y[:, 1][:] = v` is `y[:, 1] = v`
        for step, detail in steps[:-1]:
            if step == "index":
                node = self.subscript(node, detail)
            elif step == "T":
                whole = isinstance(detail, Lit) and detail.value is None
                node = ast.Attribute(node, "T", ast.Load()) if whole else method(node, "transpose", self.arg(detail))
            elif step == "reshape":
                node = method(node, "reshape", *self.shape(detail))
            elif step == "flat":
                node = ast.Attribute(node, "flat", ast.Load())
            elif step == "item":
                node = self.subscript(node, detail)
            else:
                node = self.step(node, step, detail)
        return node, steps[-1][1]

    def step(self, node: ast.expr, op: str, detail: Arg) -> ast.expr:
        """A step of a path that is an operation: `z.real`, `np.split(y, 2)`."""
        if op in _ATTRIBUTES:
            return ast.Attribute(node, _ATTRIBUTES[op], ast.Load())
        rest = detail.items if isinstance(detail, Seq) else tuple(Lit(value) for value in detail.value)  # type: ignore[union-attr]
        positional, keywords = self.arguments(Let(None, op, (Lit(None), *rest)), 1)
        return call(self.function(op), [node, *positional], keywords)


def path_steps(path: Arg) -> list[tuple[str, Arg]]:
    """The steps of a path argument."""
    if isinstance(path, Lit):
        return [(str(kind), Lit(detail)) for kind, detail in path.value]
    assert isinstance(path, Seq)
    steps: list[tuple[str, Arg]] = []
    for step in path.items:
        if isinstance(step, Lit):
            steps.append((str(step.value[0]), Lit(step.value[1])))
        else:
            assert isinstance(step, Seq) and isinstance(step.items[0], Lit)
            steps.append((str(step.items[0].value), step.items[1]))
    return steps


def same_arg(a: Arg, b: Arg) -> bool:
    """Whether two arguments are certainly equal."""
    if isinstance(a, Var) or isinstance(b, Var):
        return a is b
    if isinstance(a, Lit) and isinstance(b, Lit):
        return type(a.value) is type(b.value) and (a.value is b.value or (
            isinstance(a.value, (bool, int, str, slice, tuple)) and a.value == b.value))
    if isinstance(a, Seq) and isinstance(b, Seq):
        return a.kind == b.kind and len(a.items) == len(b.items) and all(map(same_arg, a.items, b.items))
    if isinstance(a, Slice) and isinstance(b, Slice):
        return all(map(same_arg, (a.start, a.stop, a.step), (b.start, b.stop, b.step)))
    return False


def repeats(let: Let, increasing: frozenset[Var] = frozenset()) -> bool:
    """Whether a write may name one element twice. `increasing`: arrays of which no two elements are equal."""
    index = path_steps(let.args[1])[-1][1]
    if isinstance(index, Seq) and index.kind == "tuple" and any(item in increasing for item in index.items):
        if all(isinstance(item, Var) and rank(item.type) == 1 for item in index.items):
            return False  # x[np.arange(n), k]: each row once
    return may_repeat(index)


def _number(value: float) -> ast.expr:
    if isinstance(value, float) and not math.isfinite(value):
        text = dotted("np.nan" if math.isnan(value) else "np.inf")
        return ast.UnaryOp(ast.USub(), text) if value < 0 else text
    if value < 0 or (value == 0 and math.copysign(1.0, value) < 0):
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _is_int(arg: Arg) -> bool:
    type = type_of(arg)
    return isinstance(type, Scalar) and np.dtype(type.dtype).kind in "biu"


_NUMPY_NAMES = frozenset({
    "float16", "float32", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "bool_",
})

__all__ = ["BINARY", "Expressions", "call", "dotted", "is_true_array", "method", "name", "path_steps", "repeats", "same_arg",
           "target"]
