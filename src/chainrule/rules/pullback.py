"""Statement with an adjoint -> contributions to the adjoints of its arguments, by the row of its operation."""

from __future__ import annotations

import ast

from ..ir.nodes import Let, Lit, Make, Operand, Seq, Var, variables
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Type, is_unknown, rank, same_shape, shape
from .call import Call
from .formula import Evaluator, count_of, negated
from .table import OF_LISTS, ROWS, Row, RowError, of_arrays


def pull(let: Let, call: Call) -> None:
    """Emit the contributions of one statement."""
    row = ROWS.get(let.op)
    if row is None:
        raise RowError(f"{let.op} has no derivative rule", "chainrule does not know how its result depends on its arguments")
    if row.pull is not None:
        if of_arrays(let.op) and let.op not in OF_LISTS:
            _check_lists(let, call)
        row.pull(let, call)
    elif row.kind == "elementwise":
        _elementwise(row, let, call)
    elif row.kind != "zero":
        _contributions(row, let, call)


def _check_lists(let: Let, call: Call) -> None:
    """A pullback that is code knows arrays, and would pass over what stands in a list."""
    for param, arg in zip(OPS[let.op].params, let.args):
        for item in arg.items if param.star and isinstance(arg, Seq) else (arg,):
            if isinstance(item, (Seq, Make)) and any(call.active(v) for v in variables(item)):
                raise RowError(f"{let.op} of a list or tuple of numbers that carry a derivative", "its rule knows arrays only",
                               "make it an array with np.array first")


def _active(row: Row, let: Let, call: Call) -> list[tuple[int, Var, str]]:
    found = []
    for k, (param, arg) in enumerate(zip(OPS[row.op].params, let.args)):
        if isinstance(arg, Var) and call.active(arg):
            if param.name not in row.formulas:
                raise RowError(f"the derivative of {let.op} with respect to {param.name!r} is not known",
                               "its rule treats that argument as a constant")
            found.append((k, arg, param.name))
        elif isinstance(arg, (Seq, Make)) and param.name not in row.constant and any(call.active(v) for v in variables(arg)):
            raise RowError(f"{let.op} of a list or tuple of numbers that carry a derivative", "its rule knows arrays only",
                           "make it an array with np.array first")
    return found


def _elementwise(row: Row, let: Let, call: Call) -> None:
    assert let.out is not None
    active = _active(row, let, call)
    if len(active) == 2 and let.args[0] is let.args[1] and row.op in ("*", "np.multiply"):  # x * x is a square
        e = Evaluator(row, let, call)
        x = e.operand(row.formulas[active[0][2]])
        absorbing = call.masked() and call.singular(0)
        doubled = call.b.emit("*", Lit(2), x)
        g = call.cotangent
        value = call.b.emit("rt.absorb", g, doubled) if absorbing else (
            doubled if isinstance(g, Lit) and g.value == 1 else e.product(e.product(g, Lit(2)), x))
        call.add(active[0][1], value, broadcast=True)
        return
    for k, var, name in active:
        minus, partial = negated(row.formulas[name])
        e = Evaluator(row, let, call)
        minus, partial = chosen(e, minus, partial)
        absorbing = call.masked() and (row.pole or (row.product and any(call.singular(i) for i in range(len(let.args)) if i != k)))

        if is_zero(partial):
            continue
        if row.masks and call.steep():
            call.add(var, call.b.emit("rt.absorb", e.operand(partial), call.full()))
            continue
        value = scaled(e, call.kept, partial, absorbing)
        spread = not same_shape(type_of(value), let.out.type)
        if spread and not same_shape(var.type, let.out.type) and shape(type_of(call.kept)) != shape(let.out.type):
            along = broadcast_along(var.type, let.out.type)
            if along is not None and rank(type_of(value)) == 0:  # the sum of equal numbers
                count = count_of(e, let.out, None if along == () else along)
                value = call.b.emit("float", count) if isinstance(value, Lit) and value.value == 1 else e.product(value, count)
            else:
                value, spread = scaled(e, call.full(), partial, absorbing), False  # what is summed over has to be there in full
        if minus:
            call.subtract(var, value, broadcast=spread)
        else:
            call.add(var, value, broadcast=spread)


def broadcast_along(narrow: Type, wide: Type) -> tuple[int, ...] | None:
    """The axes of a result along which an operand was broadcast, where they are known: () for all of them."""
    have, want = shape(narrow), shape(wide)
    if have == ():
        return ()
    if have is None or want is None:
        return None
    pairs = list(zip((None,) * (len(want) - len(have)) + have, want))
    if any(h not in (None, 1) and (h != w or is_unknown(h)) for h, w in pairs):
        return None
    return tuple(k for k, (h, w) in enumerate(pairs) if h != w) or None


def scaled(e: Evaluator, g: Operand, partial: ast.expr, absorbing: bool) -> Operand:
    """g times the partial; where zeros in g stem from a mask, they stay zeros."""
    if not absorbing:
        return e.times(g, partial)
    e.silent = True
    factor = e.operand(partial)
    return e.product(g, factor) if isinstance(factor, Lit) else e.b.emit("rt.absorb", g, factor)


def chosen(e: Evaluator, minus: bool, node: ast.expr) -> tuple[bool, ast.expr]:
    """Decide the conditions at the top of a partial, so that a minus sign below them is seen."""
    while isinstance(node, ast.IfExp):
        node = node.body if e.truth(node.test) else node.orelse
        more, node = negated(node)
        minus = minus != more
    return minus, node


def is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0.0


def _contributions(row: Row, let: Let, call: Call) -> None:
    assert let.out is not None
    for _, var, name in _active(row, let, call):
        e = Evaluator(row, let, call)
        e.absorbing = row.masks and call.steep()
        minus, formula = chosen(e, *negated(row.formulas[name]))
        if is_zero(formula):
            continue
        if row.kind == "pointwise":
            e.cotangent = call.kept
        value = e.operand(formula)
        spread = e.spread
        if row.kind == "pointwise":
            spread = not same_shape(type_of(value), let.out.type)
            if spread and not same_shape(var.type, let.out.type) and shape(type_of(call.kept)) != shape(let.out.type):
                e.cotangent = call.full()
                value, spread = e.operand(formula), False
        if minus:
            call.subtract(var, value, broadcast=spread)
        else:
            call.add(var, value, broadcast=spread)
