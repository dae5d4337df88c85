"""Operations of the language itself: effects, text, boolean operators, ranges, and lists whose length is not known."""

from __future__ import annotations

import ast
from typing import Any

from ..ir.nodes import Arg
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from ..ir.types import BOOL, INT, OBJECT, List, Opaque, Scalar, Type, join
from .table import Row, _enter

TEXT = Opaque("str")


def _formula(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _raise(parts: tuple[Any, ...]) -> None:
    cls, *args = parts
    raise cls(*args)


def _choice(a: Arg, b: Arg) -> Type:
    return join(type_of(a), type_of(b)) or OBJECT


def _integer_or_float(a: Arg, b: Arg) -> Type:
    type = join(type_of(a), type_of(b)) or OBJECT
    return Scalar(type.dtype, type.weak) if isinstance(type, Scalar) else type


def _summed(items: Arg, start: Arg) -> Type:
    type = type_of(items)
    assert isinstance(type, List)
    return type.element if isinstance(type_of(start), Scalar) else join(type.element, type_of(start)) or OBJECT


def _op(name: str, parameters: str, impl: Any, infer: Any, **flags: Any) -> None:
    define(Op(name, tuple(Param(p) for p in parameters.split()), impl, infer, **flags))


_op("py.print", "args keywords", lambda args, keywords: print(*args, **keywords), lambda *_: OBJECT, effect=True)
_op("py.raise", "exception", _raise, lambda *_: OBJECT, effect=True)
_op("py.call", "function args", lambda function, args: function(*args), lambda *_: OBJECT, effect=True)
_op("py.format", "template args", lambda template, args: template.format(*args), lambda *_: TEXT)
_op("and", "a b", lambda a, b: a and b, lambda *_: BOOL)
_op("or", "a b", lambda a, b: a or b, lambda *_: BOOL)
_op("range", "start stop step", range, lambda *_: Opaque("range"))
_op("constant", "value", lambda value: value, None)
_op("list_slice", "list index", lambda list, index: list[index], lambda list, index: type_of(list))
_op("list_sum", "list start", sum, _summed)
_op("min2", "a b", min, _integer_or_float)
_op("max2", "a b", max, _integer_or_float)

_enter(Row("max2", "elementwise", "z", {"a": _formula("rt.exceeds(a, b)"), "b": _formula("rt.exceeds(b, a)")}, masks=True))
_enter(Row("min2", "elementwise", "z", {"a": _formula("rt.exceeds(b, a)"), "b": _formula("rt.exceeds(a, b)")}, masks=True))
for _name in ("py.print", "py.raise", "py.call", "py.format", "and", "or", "range", "constant"):
    _enter(Row(_name, "zero"))

__all__ = ["INT"]
