"""Program -> Program: contributions to the adjoint of one number are added in one statement.

    x_bar = accum(x_bar, a)
    x_bar = accum_neg(x_bar, b)         x_bar = accum(x_bar, a - b)

For numbers the cost of a statement is that of its loads and stores. Arrays keep a statement for each contribution: the sum would
need a buffer of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir.nodes import Block, Branch, End, For, If, Let, Program, Stmt, Var, While
from ..ir.types import Scalar
from ..ir.walk import uses

# (first, second) -> (the merged operation, how the two values combine, whether their order is exchanged)
_MERGED = {
    ("accum", "accum"): ("accum", "+", False),
    ("accum", "accum_neg"): ("accum", "-", False),
    ("accum_neg", "accum"): ("accum", "-", True),
    ("accum_neg", "accum_neg"): ("accum_neg", "+", False),
}
_PLAIN = frozenset({"*", "/", "+", "-", "neg"})


def gather(program: Program) -> Program:
    """Merge the sums of numbers that follow one another."""
    counts = Counter(uses(program.body))
    return replace(program, body=_block(program.body, counts), callees=tuple(gather(c) for c in program.callees))


def _block(block: Block, counts: Counter[Var]) -> Block:
    stmts: list[Stmt] = []
    made: dict[Var, Let] = {}
    dropped: set[Let] = set()
    for stmt in block.stmts:
        if isinstance(stmt, Let):
            for new in _let(stmt, made, counts, dropped):
                if new.out is not None:
                    made[new.out] = new
                stmts.append(new)
        elif isinstance(stmt, If):
            stmts.append(replace(stmt, then=_block(stmt.then, counts), orelse=_block(stmt.orelse, counts)))
        elif isinstance(stmt, (For, While)):
            stmts.append(replace(stmt, body=_block(stmt.body, counts)))
        else:
            stmts.append(stmt)
    kept = tuple(s for s in stmts if s not in dropped)
    return Block(block.params, kept, _end(block.end, counts))


def _end(end: End, counts: Counter[Var]) -> End:
    if isinstance(end, Branch):
        return replace(end, then=_block(end.then, counts), orelse=_block(end.orelse, counts))
    return end


def _let(let: Let, made: dict[Var, Let], counts: Counter[Var], dropped: set[Let]) -> list[Let]:
    if let.op not in ("accum", "accum_neg") or let.out is None or not isinstance(let.out.type, Scalar):
        return [let]
    total, value = let.args
    first = made.get(total) if isinstance(total, Var) and counts[total] == 1 else None
    if first is not None and first.op in _PLAIN:  # x_bar = a; x_bar += b: one expression
        dropped.add(first)
        defined = replace(first, out=Var(first.out.type))  # type: ignore[union-attr]
        if first.op == "neg" and let.op == "accum":
            return [Let(let.out, "-", (value, first.args[0]), let.span)]
        return [defined, Let(let.out, "+" if let.op == "accum" else "-", (defined.out, value), let.span)]  # type: ignore[arg-type]
    if first is None or (first.op, let.op) not in _MERGED or not isinstance(first.args[0], Var):
        return [let]
    op, combine, exchanged = _MERGED[first.op, let.op]
    pair = (value, first.args[1]) if exchanged else (first.args[1], value)
    both = Var(let.out.type)
    counts[both] = 1
    dropped.add(first)
    return [Let(both, combine, pair, let.span), replace(let, op=op, args=(first.args[0], both))]


__all__ = ["gather"]
