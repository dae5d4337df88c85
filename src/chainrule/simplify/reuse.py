"""Program -> Program: in the reverse sweep, arithmetic on an array that is not needed afterwards reuses its buffer.

    t1 = h_bar * p          t1 = scale(h_bar, p), printed as `h_bar *= p`

A large array costs more to allocate than to compute with. What is asked for here is only a wish: where the operand is still needed,
or its buffer is not ours, `backend/inplace` takes it back. Single temporaries stay as they are, since they become part of a longer
expression; so do the user's own variables, whose names would come to mean something else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir.nodes import Block, Branch, End, For, If, Let, Program, Stmt, Var, While, variables
from ..ir.probe import type_of
from ..ir.types import DIRECTIONS, Array, Scalar, is_unknown
from ..ir.walk import blocks, defined, definitions, end_args, end_blocks, stmt_args, sweeps, uses

_OPS = {"*": "scale", "/": "shrink", "+": "accum", "-": "accum_neg"}


def reuse(program: Program) -> Program:
    """Mark the operations of the reverse sweep that may reuse a buffer."""
    counts = Counter(uses(program.body))
    forward, backward = sweeps(program.body)
    own = set(definitions(program.body))
    later = {v for arg in end_args(program.body.end) for v in variables(arg)}
    body = replace(program.body, stmts=(*forward, *_stmts(backward, counts, own, later)))
    return replace(program, body=body, callees=tuple(reuse(c) for c in program.callees))


def _block(block: Block, counts: Counter[Var]) -> Block:
    """The same for a block inside: only what it defines itself can be dead in it."""
    own = {*block.params, *(v for stmt in block.stmts for v in defined(stmt) if not _is_part_in_cache(stmt))}
    later = {v for arg in end_args(block.end) for v in variables(arg)} | {v for inner in end_blocks(block.end) for v in uses(inner)}
    return Block(block.params, tuple(_stmts(block.stmts, counts, own, later)), _end(block.end, counts))


def _end(end: End, counts: Counter[Var]) -> End:
    if isinstance(end, Branch):
        return replace(end, then=_block(end.then, counts), orelse=_block(end.orelse, counts))
    return end


def _stmts(stmts: tuple[Stmt, ...], counts: Counter[Var], own: set[Var], later: set[Var]) -> list[Stmt]:
    """later: what is used after the statement at hand."""
    result: list[Stmt] = []
    for stmt in reversed(stmts):
        result.append(_let(stmt, counts, own, later) if isinstance(stmt, Let) else _inside(stmt, counts))
        later.update(v for arg in stmt_args(stmt) for v in variables(arg))
        later.update(v for inner in blocks(stmt) for v in uses(inner))
    return result[::-1]


def _inside(stmt: Stmt, counts: Counter[Var]) -> Stmt:
    if isinstance(stmt, If):
        return replace(stmt, then=_block(stmt.then, counts), orelse=_block(stmt.orelse, counts))
    if isinstance(stmt, (For, While)):
        return replace(stmt, body=_block(stmt.body, counts))
    return stmt


def _is_part_in_cache(stmt: Stmt) -> bool:
    """A part of an array of some directions: it lies in the cache, where rows with gaps are written slower than new memory."""
    type = stmt.out.type if isinstance(stmt, Let) and stmt.op == "index" and stmt.out is not None else None
    return isinstance(type, Array) and bool(type.shape) and type.shape[0] == DIRECTIONS  # type: ignore[index]


def _let(let: Let, counts: Counter[Var], own: set[Var], later: set[Var]) -> Let:
    op = _OPS.get(let.op)
    if op is None or let.out is None or not isinstance(let.out.type, Array):
        return let
    a, b = let.args
    if a in own and a not in later and _fits(a, let.out, counts) and _is_numeric(b):
        return replace(let, op=op)
    if let.op in ("*", "+") and b in own and b not in later and _fits(b, let.out, counts) and _is_numeric(a):
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
