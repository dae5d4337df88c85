"""Numbers that a loop's body binds on some of its paths only: on the others they are what they were in the iteration before.

    for i in range(n):                 v = None
        if i < 2:             ->       for i in range(n):
            v = x[i]                       v = x[i] if i < 2 else v

A branch that binds a name on one side only gives a value that is undefined on the other. At the end of a loop's body the undefined side becomes the
value that the loop carries.
"""

from __future__ import annotations

from typing import Any

from ..ir.nodes import UNDEFINED, Arg, Block, If, Stmt, Var, Yield
from .machine import Machine


def filled(m: Machine, value: Arg, before: Var) -> Arg:
    """The value, which is `before` on the paths on which it was undefined. Called in the block at the end of which it is carried on."""
    if isinstance(value, Var) and value in m.partial:
        for scope in m.b.scopes:
            _fill(m, scope.stmts, value, before)
    return value


def _fill(m: Machine, stmts: list[Stmt], value: Var, before: Var) -> None:
    for n, stmt in enumerate(stmts):
        if isinstance(stmt, If) and value in stmt.outs:
            k = stmt.outs.index(value)
            then, orelse = (_block(m, block, k, before) for block in (stmt.then, stmt.orelse))
            stmts[n] = If(stmt.outs, stmt.condition, then, orelse, stmt.span)


def _block(m: Machine, block: Block, k: int, before: Var) -> Block:
    if not isinstance(block.end, Yield):
        return block
    values: list[Any] = list(block.end.values)
    stmts = list(block.stmts)
    if values[k] is UNDEFINED:
        values[k] = before
    elif isinstance(values[k], Var) and values[k] in m.partial:
        _fill(m, stmts, values[k], before)
    return Block(block.params, tuple(stmts), Yield(tuple(values)))


__all__ = ["filled"]
