"""The typed builder: everything that becomes a statement goes through `emit`.

It infers the type of each result as it is made, folds what is known, and merges equal operations
(contents of arrays are values here, so equal operations on equal arguments are always equal).
Statements are appended to the innermost open block; `with builder.block() as block:` opens one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .nodes import UNDEFINED, Arg, Let, Lit, Make, Operand, Seq, Slice, Span, Stmt, Var
from .ops import OPS, REQUIRED, Op
from .probe import CannotProbe, literal_type, probe, type_of
from .types import BOOL, OBJECT, Array, Dim, Scalar, Type, kind

_FOLD: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod,
    "neg": operator.neg, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "not": operator.not_, "is": operator.is_, "is not": operator.is_not,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}
_SYMBOLIC = {"+": 1, "-": -1}


class Scope:
    """An open block: its statements so far, and the operations already available in it."""

    def __init__(self) -> None:
        self.stmts: list[Stmt] = []
        self.known: dict[Any, Var] = {}


class Builder:
    def __init__(self) -> None:
        self.scopes: list[Scope] = [Scope()]
        self.made: dict[Var, Let] = {}  # what has been emitted, by its result
        self.span: Span | None = None
        self.watch: Callable[[Stmt], None] | None = None  # is shown each statement of the outermost block
        self.ask: Callable[[str, tuple[Arg, ...], Callable[[], Operand]], Operand] | None = None  # is asked before an operation is emitted
        self.lenient = False  # an operation whose type cannot be found gets one that says nothing (for code that we make ourselves)

    @property
    def stmts(self) -> list[Stmt]:
        """Statements of the innermost open block."""
        return self.scopes[-1].stmts

    @contextmanager
    def block(self) -> Iterator[list[Stmt]]:
        """Open a block; what is emitted inside goes into the list that this yields."""
        scope = Scope()
        depth = len(self.scopes)
        self.scopes.append(scope)
        try:
            yield scope.stmts
        finally:
            del self.scopes[depth:]

    @contextmanager
    def reopen(self, scopes: list[Scope]) -> Iterator[None]:
        """Emit into blocks that were opened before (the reverse transform fills prologues this way)."""
        kept, self.scopes = self.scopes, scopes
        try:
            yield
        finally:
            self.scopes = kept

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is emitted inside is merged with nothing before it, and nothing after it with that."""
        kept = [(scope, scope.known) for scope in self.scopes]
        for scope, _ in kept:
            scope.known = {}
        try:
            yield
        finally:
            for scope, known in kept:
                scope.known = known

    def add(self, stmt: Stmt) -> None:
        """Append a statement that is already made (an If, a loop)."""
        self.stmts.append(stmt)
        if self.watch is not None and len(self.scopes) == 1:
            self.watch(stmt)

    def adopt(self, scope: Scope) -> None:
        """Take the statements of a block that was opened and closed again into the innermost one."""
        for stmt in scope.stmts:
            self.add(stmt)
        self.scopes[-1].known.update(scope.known)

    def emit(self, op_name: str, *args: Arg | Any, hint: str | None = None, type: Type | None = None) -> Operand:
        """`op(*args)`: a constant if it can be folded, an equal earlier result, or a new Var.

        Plain Python values among the arguments become literals; missing arguments take their defaults.
        """
        op = OPS[op_name]
        full = tuple(as_arg(a) for a in args)
        if len(full) < len(op.params):
            full += tuple(_default(op_name, p) for p in op.params[len(full):])
        folded = _fold(op_name, full)
        if folded is not None:
            return folded
        if op_name == "index" and isinstance(full[0], Var) and (inner := self.made.get(full[0])) is not None and inner.op == "index":
            if inverse_index(inner.args[1]) == _slots(full[1]) is not None:
                return inner.args[0]  # type: ignore[return-value]
        mergeable = not (op.effect or op.fresh)
        key: Any = None
        if mergeable:
            key = (op_name, *(identity(a) for a in full))
            for scope in reversed(self.scopes):
                if key in scope.known:
                    return scope.known[key]
        if self.ask is not None:
            return self.ask(op_name, full, lambda: self._append(op_name, full, hint, type, key))
        return self._append(op_name, full, hint, type, key)

    def _append(self, op_name: str, full: tuple[Arg, ...], hint: str | None, type: Type | None, key: Any) -> Operand:
        if type is None:
            try:
                type = _symbolic(op_name, full) or self._infer(OPS[op_name], full)
            except CannotProbe:
                if self.watch is not None and len(self.scopes) == 1:
                    self.add(Let(Var(OBJECT), op_name, full, self.span))  # it raises what the operation raises
                    self.stmts.pop()
                raise
        out = Var(type, hint)
        self.made[out] = Let(out, op_name, full, self.span)
        self.add(self.made[out])
        if key is not None:
            self.scopes[-1].known[key] = out
        return out

    def named(self, value: Operand, hint: str | None) -> Operand:
        """A value with a name, if the last statement has made it and it has none."""
        last = self.stmts[-1] if self.stmts else None
        if hint is None or not isinstance(last, Let) or last.out is not value or not isinstance(value, Var) or value.hint is not None:
            return value
        new = Var(value.type, hint)
        self.stmts[-1] = self.made[new] = Let(new, last.op, last.args, last.span)
        known = self.scopes[-1].known
        known.update({key: new for key, var in known.items() if var is value})
        return new

    def know(self, let: Let) -> None:
        """Merge later operations that equal this statement, which is already there, with it."""
        if let.out is not None:
            self.scopes[-1].known.setdefault((let.op, *(identity(a) for a in let.args)), let.out)

    def _infer(self, op: Op, args: tuple[Arg, ...]) -> Type:
        try:
            return op.infer(*args) if op.infer else probe(op, args)
        except CannotProbe:
            if not self.lenient:
                raise
            dtypes = [t.dtype for t in map(type_of, args) if isinstance(t, (Array, Scalar)) and kind(t.dtype) in "fc"]
            return Array(dtypes[0] if dtypes else "float64", None)

    def effect(self, op_name: str, *args: Arg | Any) -> None:
        """An operation done for its effect; it has no result."""
        self.add(Let(None, op_name, tuple(as_arg(a) for a in args), self.span))


def inverse_index(index: Arg) -> tuple[Any, ...] | None:
    """What undoes an index made of None and full slices only: 0 for each None; None for any other index."""
    found = _slots(index)
    if found is None or 0 in found or None not in found:
        return None
    return tuple(0 if item is None else item for item in found)


def _slots(index: Arg) -> tuple[Any, ...] | None:
    """An index made of None, 0, Ellipsis and full slices (":"), item by item; None for any other."""
    items = index.items if isinstance(index, Seq) and index.kind == "tuple" else (index,)
    result: list[Any] = []
    for item in items:
        if isinstance(item, Slice):
            if not all(isinstance(p, Lit) and p.value is None for p in (item.start, item.stop, item.step)):
                return None
            result.append(":")
        elif isinstance(item, Lit) and (item.value is None or item.value is Ellipsis or (type(item.value) is int and item.value == 0)):
            result.append(item.value)
        elif isinstance(item, Lit) and isinstance(item.value, slice) and item.value == slice(None):
            result.append(":")
        else:
            return None
    return tuple(result)


def as_arg(value: Any) -> Arg:
    """Operands as they are; tuples and lists become Seq; any other Python value becomes a literal."""
    if isinstance(value, (Var, Lit, Seq, Slice, Make)):
        return value
    if isinstance(value, (tuple, list)):
        items = tuple(as_arg(item) for item in value)
        return Seq(items, "list" if isinstance(value, list) else "tuple")
    return Lit(value)


def _default(name: str, param: Any) -> Arg:
    if param.star:
        return Seq(())
    if param.default is REQUIRED:
        raise TypeError(f"operation {name!r} needs its argument {param.name!r}")
    return Lit(param.default)


def _fold(name: str, args: tuple[Arg, ...]) -> Lit | None:
    """Integers, booleans, strings and None are folded; floating-point arithmetic is left to the program."""
    function = _FOLD.get(name)
    if function is None:
        return None
    values = []
    for arg in args:
        if not isinstance(arg, Lit) or arg is UNDEFINED:
            return None
        values.append(arg.value)
    if name == "neg" and type(values[0]) is float:
        return Lit(-values[0])
    if name in ("+", "-", "*", "//", "%", "neg") and not all(type(v) is int or (type(v) is str and name == "+") for v in values):
        return None
    if not all(v is None or isinstance(v, (bool, int, float, str, tuple)) or callable(v) for v in values):
        return None
    try:
        return Lit(function(*values))
    except Exception:  # the program raises it at run time, where the user's own handlers see it
        return None


def _symbolic(name: str, args: tuple[Arg, ...]) -> Type | None:
    """Integer arithmetic on extents stays symbolic: `len(x) - 1`."""
    if name not in _SYMBOLIC or len(args) != 2:
        return None
    a, b = type_of(args[0]), type_of(args[1])
    if not (isinstance(a, Scalar) and isinstance(b, Scalar) and a.weak and b.weak and a.dtype == b.dtype == "int64"):
        return None
    if isinstance(a.extent, Dim) and isinstance(b.extent, int):
        return Scalar("int64", True, shift(a.extent, _SYMBOLIC[name] * b.extent))
    if isinstance(a.extent, int) and isinstance(b.extent, Dim) and name == "+":
        return Scalar("int64", True, shift(b.extent, a.extent))
    return Scalar("int64", True)


def shift(extent: Dim | int, by: int) -> Dim | int:
    """extent + by."""
    if isinstance(extent, int):
        return extent + by
    return Dim(extent.name, extent.offset + by, extent.not_one)


def identity(arg: Arg) -> Any:
    """Equal for arguments that are certainly the same value."""
    if isinstance(arg, Var):
        return id(arg)
    if isinstance(arg, Lit):
        value = arg.value
        return (type(value), repr(value)) if isinstance(value, (bool, int, float, complex, str, bytes)) else (type(value), id(value))
    if isinstance(arg, (Seq, Make)):
        return (type(arg), getattr(arg, "kind", None), tuple(identity(item) for item in arg.items))
    return (identity(arg.start), identity(arg.stop), identity(arg.step))


def is_static(arg: Arg) -> bool:
    """Whether an argument is known at compile time."""
    if isinstance(arg, Lit):
        return arg is not UNDEFINED
    if isinstance(arg, Seq):
        return all(is_static(item) for item in arg.items)
    if isinstance(arg, Slice):
        return all(is_static(item) for item in (arg.start, arg.stop, arg.step))
    return False


def static_value(arg: Arg) -> Any:
    """The Python value of an argument for which `is_static` holds."""
    if isinstance(arg, Lit):
        return arg.value
    if isinstance(arg, Seq):
        values = [static_value(item) for item in arg.items]
        return values if arg.kind == "list" else tuple(values)
    if isinstance(arg, Slice):
        return slice(static_value(arg.start), static_value(arg.stop), static_value(arg.step))
    raise TypeError(f"{arg!r} is not known at compile time")


__all__ = ["BOOL", "Array", "Builder", "Scope", "as_arg", "identity", "is_static", "literal_type", "shift", "static_value", "type_of"]
