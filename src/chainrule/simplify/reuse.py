"""Program -> Program: in the reverse sweep, arithmetic on an array that is not needed afterwards reuses its buffer.

    t1 = h_bar * p          t1 = scale(h_bar, p), printed as `h_bar *= p`

A large array costs more to allocate than to compute with. What is asked for here is only a wish: where the operand is still needed,
or its buffer is not ours, `backend/inplace` takes it back. Single temporaries stay as they are, since they become part of a longer
expression; so do the user's own variables, whose names would come to mean something else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir.nodes import Block, Branch, End, For, If, Let, Program, Pullback, Stmt, Var, While
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, is_unknown
from ..ir.walk import uses

_OPS = {"*": "scale", "/": "shrink", "+": "accum", "-": "accum_neg"}


def reuse(program: Program) -> Program:
    """Mark the operations of the reverse sweep that may reuse a buffer."""
    counts = Counter(uses(program.body))
    stmts: list[Stmt] = []
    reverse = False
    for stmt in program.body.stmts:
        stmts.append(_stmt(stmt, counts) if reverse else stmt)
        reverse = reverse or isinstance(stmt, Pullback) or (isinstance(stmt, Let) and stmt.op == "mark")
    return replace(program, body=replace(program.body, stmts=tuple(stmts)), callees=tuple(reuse(c) for c in program.callees))


def _block(block: Block, counts: Counter[Var]) -> Block:
    return Block(block.params, tuple(_stmt(s, counts) for s in block.stmts), _end(block.end, counts))


def _end(end: End, counts: Counter[Var]) -> End:
    if isinstance(end, Branch):
        return replace(end, then=_block(end.then, counts), orelse=_block(end.orelse, counts))
    return end


def _stmt(stmt: Stmt, counts: Counter[Var]) -> Stmt:
    if isinstance(stmt, If):
        return replace(stmt, then=_block(stmt.then, counts), orelse=_block(stmt.orelse, counts))
    if isinstance(stmt, (For, While)):
        return replace(stmt, body=_block(stmt.body, counts))
    return _let(stmt, counts) if isinstance(stmt, Let) else stmt


def _let(let: Let, counts: Counter[Var]) -> Let:
    op = _OPS.get(let.op)
    if op is None or let.out is None or not isinstance(let.out.type, Array):
        return let
    a, b = let.args
    if _fits(a, let.out, counts) and _is_numeric(b):
        return replace(let, op=op)
    if let.op in ("*", "+") and _fits(b, let.out, counts) and _is_numeric(a):
        return replace(let, op=op, args=(b, a))
    return let


def _fits(arg: object, out: Var, counts: Counter[Var]) -> bool:
    """Whether the result could lie in the buffer of this operand, and it reads well."""
    if not isinstance(arg, Var) or arg.type != out.type or not isinstance(arg.type, Array) or not arg.type.shape:
        return False
    if any(is_unknown(extent) for extent in arg.type.shape) or counts[arg] < 2:
        return False
    named = arg.hint is not None and not arg.hint.endswith("_bar")
    return not named and (out.hint is None or out.hint == arg.hint)


def _is_numeric(arg: object) -> bool:
    return isinstance(type_of(arg), (Array, Scalar))  # type: ignore[arg-type]


__all__ = ["reuse"]
