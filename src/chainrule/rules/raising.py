"""(operation, arguments) -> exceptions: what an operation may raise by itself, judged by the types of its arguments.

Only asked inside a `try`. An operation that is not known here may raise anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.nodes import Arg, Lit, Seq, Slice, Var
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, List, Scalar, Tuple
from . import registry
from .structure import infer_index

Classes = tuple[type[Exception], ...]

# Operations that never raise, whatever they are given (what has types that do not fit is refused before).
_NEVER = frozenset({
    "not", "and", "or", "is", "is not", "len", "item", "list", "empty_list", "append", "copy", "constant", "mark", "push", "pop", "neg", "pos", "abs",
    "bool", "np.shape", "np.size", "np.ndim", "np.zeros_like", "np.ones_like", "np.empty_like", "np.full_like", "np.transpose", "np.ravel", "np.copy",
    "rt.full_like", "rt.zeros_like", "py.format", "py.print", "py.raise", "np.asarray", "np.asanyarray", "np.ascontiguousarray", "np.eye", "np.abs", "np.real",
    "np.imag", "np.angle", "np.conj", "np.sum", "np.mean", "np.cumsum", "np.prod", "np.cumprod", "np.any", "np.all", "np.count_nonzero", "np.sort",
    "np.argsort", "rt.stable_order", "np.trace", "np.diag", "np.tril", "np.triu", "np.array", "np.atleast_1d", "np.atleast_2d", "rt.item", "rt.sign", "rt.flatten", "float", "np.seterr", "rt.set_errors", "rt.raised", "rt.error_args", "rt.expect_kind"})
_PRODUCTS = frozenset({"@", "np.dot", "np.matmul", "np.inner", "np.vdot", "np.outer"})
_DIVISIONS = frozenset({"/", "//", "%"})
_OF_NUMBERS = frozenset({"+", "-", "*", "<", "<=", ">", ">=", "==", "!=", "&", "|", "^", "invert"})
_TOTAL = frozenset({"math.sin", "math.cos", "math.tan", "math.atan", "math.atan2", "math.tanh", "math.asinh", "math.fabs", "math.copysign", "math.erf",
                    "math.erfc", "math.degrees", "math.radians", "math.cbrt", "math.isnan", "math.isinf", "math.isfinite", "math.hypot"})
_FINITE_ONLY = frozenset({"math.sin", "math.cos", "math.tan"})  # these raise ValueError for an infinite argument


def may_raise(op: str, args: tuple[Arg, ...], floating: bool = False) -> Classes:
    """The classes of the exceptions that an operation may raise. `floating`: floating-point errors are raised (np.errstate)."""
    if _literal(op, args):
        error = known_error(op, args)
        return () if error is None else (type(error),)
    found: Classes = ()
    row = registry.row(op)
    pointwise = op in _OF_NUMBERS or op in _DIVISIONS or op == "**" or (row is not None and row.kind in ("elementwise", "pointwise") and op.startswith("np."))
    if op in _NEVER:
        pass
    elif op in _PRODUCTS:
        found = () if _inner(op, args) else (ValueError,)
    elif pointwise and not all(isinstance(arg, (Slice, Seq)) or isinstance(type_of(arg), (Scalar, Array)) for arg in args):
        found = (Exception,)
    elif pointwise or op in ("np.logical_and", "np.logical_or", "np.logical_not", "np.isnan", "np.isinf", "np.isfinite", "np.floor", "np.ceil", "np.sign"):
        found = _numbers(op, args) if all(_python(arg) for arg in args) else () if _fit(args) else (ValueError,)
    elif op in _TOTAL:
        found = (ValueError,) if op in _FINITE_ONLY else ()
    elif op.startswith("math."):
        found = (ValueError, OverflowError)
    elif op == "index":
        found = () if _inside(type_of(args[0]), args[1]) else (IndexError,)
    elif op in ("list_item", "list_set", "list_drop"):
        found = (IndexError,)
    elif op in ("store", "iadd", "isub"):
        found = _store(args)
    elif op in ("np.max", "np.min", "np.argmax", "np.argmin", "max", "min", "np.concatenate", "np.stack", "np.reshape", "np.linspace", "np.arange", "np.zeros", "np.ones",
                "np.full", "np.empty", "np.broadcast_to", "np.var", "np.std", "np.median"):
        found = (ValueError,)
    elif op in ("int", "round"):
        found = (ValueError, OverflowError)
    elif op == "range":
        found = () if isinstance(args[2], Lit) and args[2].value else (ValueError,)
    elif op.startswith("np.linalg.") and op != "np.linalg.norm":
        found = (np.linalg.LinAlgError, ValueError)
    elif op in ("sum", "np.linalg.norm"):
        found = ()
    else:
        found = (Exception,)
    if floating and any(isinstance(type_of(arg), (Array, Scalar)) and not _python(arg) for arg in args if isinstance(arg, (Var, Lit))):
        found = (*found, FloatingPointError)
    return found


def _literal(op: str, args: tuple[Arg, ...]) -> bool:
    return op in OPS and not OPS[op].effect and all(isinstance(arg, Lit) and isinstance(arg.value, (bool, int, float, complex, str)) for arg in args)


def known_error(op: str, args: tuple[Arg, ...]) -> Exception | None:
    """What an operation on literals raises."""
    if not _literal(op, args):
        return None
    try:
        OPS[op].run(tuple(arg.value for arg in args if isinstance(arg, Lit)))
    except Exception as error:
        return error
    return None


def _python(arg: Arg) -> bool:
    """Whether an argument is a number of Python's own."""
    type = type_of(arg) if isinstance(arg, (Var, Lit)) else None
    return isinstance(type, Scalar) and type.weak and not type.mixed


def _numbers(op: str, args: tuple[Arg, ...]) -> Classes:
    """Arithmetic of Python's own numbers."""
    if op in _DIVISIONS:
        divisor = args[1]
        return () if isinstance(divisor, Lit) and divisor.value else (ZeroDivisionError,)
    if op == "**":
        exponent = args[1]
        positive = isinstance(exponent, Lit) and not isinstance(exponent.value, complex) and exponent.value >= 0
        return (OverflowError,) if positive else (ZeroDivisionError, OverflowError)
    return ()


def _fit(args: tuple[Arg, ...]) -> bool:
    """Whether arrays certainly broadcast together, and no number of Python's meets another one."""
    shapes = []
    for arg in args:
        type = type_of(arg) if isinstance(arg, (Var, Lit)) else None
        if isinstance(type, Array):
            if type.shape is None:
                return False
            shapes.append(type.shape)
        elif type is None and not isinstance(arg, Slice):
            return False
    longest = max((len(shape) for shape in shapes), default=0)
    for n in range(1, longest + 1):
        extents = {shape[-n] for shape in shapes if len(shape) >= n} - {1}
        if len(extents) > 1:
            return False
    return True


def _inner(op: str, args: tuple[Arg, ...]) -> bool:
    a, b = type_of(args[0]), type_of(args[1])
    if op == "np.outer":
        return True
    if not (isinstance(a, Array) and isinstance(b, Array)):
        return op in ("np.dot", "np.inner")
    if a.shape is None or b.shape is None or not a.shape or not b.shape or len(a.shape) > 2 or len(b.shape) > 2 or op in ("np.inner", "np.vdot"):
        return False
    return bool(a.shape[-1] == b.shape[0])


def _inside(type: Any, index: Arg) -> bool:
    """Whether an index certainly lies inside."""
    parts = index.items if isinstance(index, Seq) and index.kind == "tuple" else (index,)
    if isinstance(type, Tuple):
        return True
    if not isinstance(type, Array) or type.shape is None or isinstance(type, List):
        return False
    axis = 0
    for part in parts:
        if isinstance(part, Lit) and part.value is None:
            continue
        if isinstance(part, Lit) and part.value is Ellipsis:
            axis = len(type.shape) - sum(not (isinstance(p, Lit) and p.value is None) for p in parts[parts.index(part) + 1:])
            continue
        if axis >= len(type.shape):
            return False
        extent = type.shape[axis]
        whole = isinstance(part, Slice) or (isinstance(part, Lit) and isinstance(part.value, slice))
        if not whole and not (isinstance(part, Lit) and isinstance(part.value, int) and isinstance(extent, int) and -extent <= part.value < extent):
            return False
        axis += 1
    return True


def _store(args: tuple[Arg, ...]) -> Classes:
    """A write: an index that lies outside, or a value that does not fit."""
    path = args[1].items if isinstance(args[1], Seq) else ()
    value = type_of(args[2]) if isinstance(args[2], (Var, Lit)) else None
    part: Any = None
    inside = all(isinstance(step, Seq) and isinstance(step.items[0], Lit) and step.items[0].value != "reshape" for step in path)
    if len(path) == 1 and inside and isinstance(args[0], Var):
        index = path[0].items[1]  # type: ignore[union-attr]
        inside, part = _inside(args[0].type, index), infer_index(args[0], index)
    elif path:
        inside = False
    fits = isinstance(value, Scalar) or (isinstance(value, Array) and isinstance(part, Array) and value.shape is not None and value.shape == part.shape)
    return (*(() if inside else (IndexError,)), *(() if fits else (ValueError,)))


__all__ = ["known_error", "may_raise"]
