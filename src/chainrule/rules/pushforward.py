"""Statement with tangents -> the tangent of its result, by the row of its operation."""

from __future__ import annotations

from typing import Any, Protocol

from ..ir.build import Builder
from ..ir.nodes import Arg, Let, Lit, Make, Operand, Seq, Var, operands, variables
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, kind
from .formula import Evaluator, negated
from .pullback import chosen, is_zero, scaled
from .table import ROWS, Row, RowError


class Push(Protocol):
    """What a row sees of the forward transform: one statement `let.out = let.op(*let.args)`, after which its tangent is computed.

    b: the builder, positioned after the statement.
    """

    @property
    def b(self) -> Builder: ...

    def operand(self, k: int) -> Arg:
        """The value of argument k."""

    def result(self) -> Operand:
        """The value of `let.out`."""

    def dot(self, var: Arg) -> Operand:
        """The tangent of an active Var."""

    def zeros(self, var: Var) -> Operand:
        """A tangent that is zero, with the shape of `var`."""

    def like(self, var: Var) -> Operand:
        """Some value with the shape and dtype of `var`."""

    def active(self, var: Arg) -> bool:
        """Whether `var` has a tangent."""

    def masked(self) -> bool:
        """Whether the tangents may hold zeros that stem from a mask: they absorb infinite partials."""

    def singular(self, k: int) -> bool:
        """Whether argument k may be infinite or NaN where the inputs are finite."""

    def transposed(self) -> Operand:
        """The tangent by transposing the pullback that the row gives."""

    def restated(self) -> Var:
        """The statement's value under another name: `state` says what its own is."""

    def state(self, op: str, *args: Arg) -> None:
        """Define `let.out` by another operation, whose value is the same, and whose derivative is the one that goes with the tangent."""


def push(let: Let, call: Push) -> Operand:
    """The tangent of the result of one statement, at least one of whose arguments has one; perhaps of a smaller shape or another dtype, and
    meant as if broadcast and cast."""
    row = ROWS.get(let.op)
    if row is None:
        raise RowError(f"{let.op} has no derivative rule", "chainrule does not know how its result depends on its arguments")
    if row.push is not None:
        return row.push(let, call)
    if row.dots:
        return _stated(row, let, call)
    if row.kind == "elementwise":
        return _elementwise(row, let, call)
    if row.kind == "pointwise" and not _is_complex(let):
        return _pointwise(row, let, call)
    if row.linear == "together":
        return _together(row, let, call)
    if row.linear == "each":
        return _each(row, let, call)
    return call.transposed()


def _is_complex(let: Let) -> bool:
    types = [type_of(v) for v in (let.out, *(v for arg in let.args for v in operands(arg))) if v is not None]
    return any(isinstance(t, (Array, Scalar)) and kind(t.dtype) == "c" for t in types)


def _active(row: Row, let: Let, call: Push, known: dict[str, Any]) -> list[tuple[int, Var, str]]:
    found = []
    for k, (param, arg) in enumerate(zip(OPS[row.op].params, let.args)):
        if isinstance(arg, Var) and call.active(arg):
            if param.name not in known:
                raise RowError(f"the derivative of {let.op} with respect to {param.name!r} is not known", "its rule treats that argument as a constant")
            found.append((k, arg, param.name))
        elif isinstance(arg, (Seq, Make)) and param.name not in row.constant and any(call.active(v) for v in variables(arg)):
            raise RowError(f"{let.op} of a list or tuple of numbers that carry a derivative", "its rule knows arrays only",
                           "make it an array with np.array first")
    return found


class _Sum:
    """Terms that add up to a tangent."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.total: Operand | None = None

    def add(self, value: Operand, minus: bool = False) -> None:
        if self.total is None:
            self.total = self.b.emit("neg", value) if minus else value
        else:
            self.total = self.b.emit("-" if minus else "+", self.total, value)

    def result(self) -> Operand:
        return Lit(0.0) if self.total is None else self.total


def _elementwise(row: Row, let: Let, call: Push) -> Operand:
    """The sum of partials times tangents."""
    active = _active(row, let, call, row.formulas)
    total = _Sum(call.b)
    if len(active) == 2 and let.args[0] is let.args[1] and row.op in ("*", "np.multiply"):  # x * x is a square
        e = Evaluator(row, let, call)  # type: ignore[arg-type]
        total.add(e.product(e.product(call.dot(active[0][1]), Lit(2)), e.operand(row.formulas[active[0][2]])))
        return total.result()
    for k, var, name in active:
        minus, partial = negated(row.formulas[name])
        e = Evaluator(row, let, call)  # type: ignore[arg-type]
        minus, partial = chosen(e, minus, partial)
        absorbing = call.masked() and ((row.pole and not _is_smooth(row, let)) or (row.product and any(call.singular(i) for i in range(len(let.args)) if i != k)))
        if row.masks and call.singular(k) and not is_zero(partial):  # what is not chosen may have an infinite tangent
            total.add(call.b.emit("rt.absorb", e.operand(partial), call.dot(var)), minus)
        elif not is_zero(partial):
            total.add(scaled(e, call.dot(var), partial, absorbing), minus)
    return total.result()


def _is_smooth(row: Row, let: Let) -> bool:
    """Whether a row's pole is not there for these arguments: a power with an exponent that is known."""
    return row.quiet and any(isinstance(arg, Lit) and isinstance(arg.value, (int, float)) and arg.value >= 1 for arg in let.args[1:])


def _pointwise(row: Row, let: Let, call: Push) -> Operand:
    """Contributions element by element: a diagonal matrix is its own transpose."""
    total = _Sum(call.b)
    for _, var, name in _active(row, let, call, row.formulas):
        e = Evaluator(row, let, call)  # type: ignore[arg-type]
        minus, formula = chosen(e, *negated(row.formulas[name]))
        e.cotangent = call.dot(var)
        if not is_zero(formula):
            total.add(e.operand(formula), minus)
    return total.result()


def _stated(row: Row, let: Let, call: Push) -> Operand:
    total = _Sum(call.b)
    for _, var, name in _active(row, let, call, {**row.formulas, **row.dots}):
        if name not in row.dots:
            if not is_zero(row.formulas[name]):
                raise RowError(f"the derivative of {let.op} with respect to {name!r} is not known in forward mode", "its row does not state it")
            continue
        e = Evaluator(row, let, call)  # type: ignore[arg-type]
        e.dots = {f"{name}_dot": call.dot(var)}
        minus, formula = chosen(e, *negated(row.dots[name]))
        total.add(e.operand(formula), minus)
    return total.result()


def _together(row: Row, let: Let, call: Push) -> Operand:
    """The operation, applied to the tangents."""
    args: list[Arg] = []
    for param, arg in zip(OPS[row.op].params, let.args):
        if param.name in row.constant | row.static or (row.kind == "linear" and param.name not in row.formulas):
            if any(call.active(v) for v in variables(arg)) and param.name not in row.constant | row.static:
                raise RowError(f"the derivative of {let.op} with respect to {param.name!r} is not known", "its rule treats that argument as a constant")
            args.append(arg)
        elif isinstance(arg, Lit):
            args.append(Lit(0.0) if type(arg.value) in (int, float, complex) and arg.value else arg)
        else:
            args.append(_tangents(arg, call))
    assert let.out is not None
    return call.b.emit(let.op, *args, type=None if let.op.startswith("np.") else let.out.type)


def _tangents(arg: Arg, call: Push) -> Arg:
    """An argument, or a nest of them, with tangents in the place of values."""
    if isinstance(arg, Var):
        return call.dot(arg) if call.active(arg) else call.zeros(arg)
    if isinstance(arg, Lit):
        return Lit(0.0) if type(arg.value) in (int, float, complex) else arg
    if isinstance(arg, Seq):
        return Seq(tuple(_tangents(item, call) for item in arg.items), arg.kind)
    return arg


def _each(row: Row, let: Let, call: Push) -> Operand:
    """The operation, with each active argument in turn replaced by its tangent."""
    total = _Sum(call.b)
    for k, (param, arg) in enumerate(zip(OPS[row.op].params, let.args)):
        if param.name in row.constant:
            continue
        places = [(n, item) for n, item in enumerate(arg.items)] if isinstance(arg, Seq) else [(-1, arg)]
        for n, item in places:
            if not call.active(item):
                if isinstance(item, (Seq, Make)) and any(call.active(v) for v in variables(item)):
                    raise RowError(f"{let.op} of a list or tuple of numbers that carry a derivative", "its rule knows arrays only",
                                   "make it an array with np.array first")
                continue
            dot: Arg = call.dot(item)
            if isinstance(arg, Seq):
                dot = Seq((*arg.items[:n], dot, *arg.items[n + 1:]), arg.kind)
            total.add(call.b.emit(let.op, *let.args[:k], dot, *let.args[k + 1:]))
    return total.result()


__all__ = ["Push", "push"]
