"""Numbers that a loop's body binds on some of its paths only: on the others they are what they were in the iteration before.

    for i in range(n):                 v = None
        if i < 2:             ->       for i in range(n):
            v = x[i]                       v = x[i] if i < 2 else v

A branch that binds a name on one side only gives a value that is undefined on the other, and so does a loop inside the body before its first
iteration. At the end of the body the undefined value becomes the one that the loop carries.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...ir.build import Scope
from ...ir.nodes import UNDEFINED, Arg, Block, For, If, Stmt, Var, While, Yield


def filled(scopes: list[Scope], value: Arg, before: Var) -> Arg:
    """The value, which is `before` on the paths on which it was undefined. `scopes`: the body's block, at the end of which it is carried on, and
    those inside it that are open."""
    pending, seen = [value], set()
    while pending:
        wanted = pending.pop()
        if not isinstance(wanted, Var) or wanted in seen:
            continue
        seen.add(wanted)
        for scope in scopes:
            for n, stmt in enumerate(scope.stmts):
                scope.stmts[n] = _filled(stmt, wanted, before, pending)
    return value


def _filled(stmt: Stmt, value: Var, before: Var, pending: list[Any]) -> Stmt:
    """A statement that gives the value, without its undefined parts; what it takes the value from is pending."""
    if isinstance(stmt, (For, While)) and value in stmt.outs:
        k = stmt.outs.index(value)
        inits = list(stmt.inits)
        inits[k] = before if inits[k] is UNDEFINED else inits[k]
        pending.append(inits[k])
        return replace(stmt, inits=tuple(inits))
    if not isinstance(stmt, If):
        return stmt
    if value not in stmt.outs:
        then, orelse = (_inside(block, value, before, pending) for block in (stmt.then, stmt.orelse))
        return stmt if then is stmt.then and orelse is stmt.orelse else replace(stmt, then=then, orelse=orelse)
    k = stmt.outs.index(value)
    return replace(stmt, then=_end(stmt.then, k, before, pending), orelse=_end(stmt.orelse, k, before, pending))


def _inside(block: Block, value: Var, before: Var, pending: list[Any]) -> Block:
    stmts = [_filled(stmt, value, before, pending) for stmt in block.stmts]
    return block if all(a is b for a, b in zip(stmts, block.stmts)) else replace(block, stmts=tuple(stmts))


def _end(block: Block, k: int, before: Var, pending: list[Any]) -> Block:
    if not isinstance(block.end, Yield):
        return block
    values = list(block.end.values)
    values[k] = before if values[k] is UNDEFINED else values[k]
    pending.append(values[k])
    return replace(block, end=Yield(tuple(values)))


__all__ = ["filled"]
