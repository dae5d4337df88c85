"""Operations of the language itself: effects, text, boolean operators and ranges."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import runtime
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from ..ir.types import BOOL, INT, OBJECT, Opaque
from .table import Row, _enter

TEXT = Opaque("str")


def _raise(parts: tuple[Any, ...]) -> None:
    cls, *args = parts
    raise cls(*args)


def _op(name: str, parameters: str, impl: Any, infer: Any, **flags: Any) -> None:
    define(Op(name, tuple(Param(p) for p in parameters.split()), impl, infer, **flags))


_op("py.print", "args keywords", lambda args, keywords: print(*args, **keywords), lambda *_: OBJECT, effect=True)
_op("py.raise", "exception", _raise, lambda *_: OBJECT, effect=True)
_op("py.call", "function args", lambda function, args: function(*args), lambda *_: OBJECT, effect=True)
_op("py.perform", "function args keywords", lambda function, args, keywords: function(*args, **keywords), lambda *_: OBJECT, effect=True)
_op("py.evaluate", "value", lambda value: None, lambda *_: OBJECT, effect=True)
_op("rt.expect", "condition", runtime.expect, lambda *_: OBJECT, effect=True)
_op("rt.expect_same", "value expected", runtime.expect_same, lambda *_: OBJECT, effect=True)
_op("rt.expect_kind", "value cls dtype dimensions", runtime.expect_kind, lambda *_: OBJECT)
_op("rt.raised", "cls function args", lambda cls, function, args: runtime.raised(cls, function, *args), lambda *_: OBJECT, effect=True)
_op("py.format", "template args", lambda template, args: template.format(*args), lambda *_: TEXT)
_op("and", "a b", lambda a, b: a and b, lambda *_: BOOL)
_op("or", "a b", lambda a, b: a or b, lambda *_: BOOL)
_op("range", "start stop step", range, lambda *_: Opaque("range"))
_op("constant", "value", lambda value: value, None)
define(Op("rt.chunk_size", (Param("limit"), Param("sizes", star=True)), runtime.chunk_size, lambda *_: INT))
_op("list_slice", "list index", lambda list, index: list[index], lambda list, index: type_of(list))

# What the floating-point errors do from here on; the result says what they did before.
define(Op("np.seterr", tuple(Param(p, None) for p in ("all", "divide", "over", "under", "invalid")), np.seterr, lambda *_: OBJECT, effect=True))
_op("rt.set_errors", "errors", runtime.set_errors, lambda *_: OBJECT, effect=True)

_op("rt.error_args", "error", runtime.error_args, lambda *_: OBJECT)
_op("rt.set_global", "namespace name value", runtime.set_global, lambda *_: OBJECT, effect=True)

for _name in ("py.print", "py.raise", "py.call", "py.evaluate", "py.perform", "py.format", "rt.expect", "rt.expect_same", "rt.expect_kind", "rt.raised", "np.seterr", "rt.set_errors",
              "rt.error_args", "rt.set_global", "and", "or", "range", "constant", "rt.chunk_size"):
    _enter(Row(_name, "zero"))
