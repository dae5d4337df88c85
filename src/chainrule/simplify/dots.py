"""Program -> Program: in the reverse sweep, the sum of all products of two arrays is an inner product.

    t1 = a_bar * b                              s_bar = np.vdot(a_bar, b)
    s_bar = np.sum(t1)

That is the adjoint of a number that an array was multiplied with. An inner product needs no array for the products, and
one call instead of two. Only real arrays that are known to have one shape and one dtype.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir.nodes import Block, Branch, End, For, If, Let, Program, Stmt, Var, While
from ..ir.probe import type_of
from ..ir.types import Array, is_unknown
from ..ir.walk import sweeps, uses
from ..rules.algebra import INNER, is_total

_DTYPES = ("float32", "float64")


def dots(program: Program) -> Program:
    """The program with inner products."""
    counts = Counter(uses(program.body))
    forward, backward = sweeps(program.body)
    body = replace(program.body, stmts=(*forward, *_stmts(backward, counts)))
    return replace(program, body=body, callees=tuple(dots(c) for c in program.callees))


def _stmts(stmts: tuple[Stmt, ...], counts: Counter[Var]) -> list[Stmt]:
    products: dict[Var, Let] = {}
    merged: set[Let] = set()
    result: list[Stmt] = []
    for stmt in stmts:
        if isinstance(stmt, Let):
            out = stmt.out
            product = products.get(stmt.args[0]) if is_total(stmt) and isinstance(stmt.args[0], Var) else None
            if product is not None:
                merged.add(product)
                stmt = replace(stmt, op=INNER, args=product.args)
            elif stmt.op == "*" and out is not None and counts[out] == 1 and _match(*(type_of(arg) for arg in stmt.args)):
                products[out] = stmt
        elif isinstance(stmt, If):
            stmt = replace(stmt, then=_block(stmt.then, counts), orelse=_block(stmt.orelse, counts))
        elif isinstance(stmt, (For, While)):
            stmt = replace(stmt, body=_block(stmt.body, counts))
        result.append(stmt)
    return [stmt for stmt in result if stmt not in merged]


def _block(block: Block, counts: Counter[Var]) -> Block:
    return Block(block.params, tuple(_stmts(block.stmts, counts)), _end(block.end, counts))


def _end(end: End, counts: Counter[Var]) -> End:
    if isinstance(end, Branch):
        return replace(end, then=_block(end.then, counts), orelse=_block(end.orelse, counts))
    return end


def _match(one: object, two: object) -> bool:
    """Whether two values are arrays of one real dtype, and certainly of one shape."""
    return isinstance(one, Array) and one == two and one.dtype in _DTYPES and bool(one.shape) and not any(
        is_unknown(extent) for extent in one.shape or ())


__all__ = ["dots"]
