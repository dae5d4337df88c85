"""Program -> for each statement and each end of a block, the Vars that nobody reads afterwards.

What is dead can be forgotten, and what nobody else can see can be written in place. (`backend/liveness` answers the same for a program that
is printed, where the statements of a block have numbers.)
"""

from __future__ import annotations

from ..ir.nodes import Block, Branch, End, For, If, Stmt, Var, While, variables
from ..ir.walk import blocks, defined, end_args, free, stmt_args

Dead = dict[object, tuple[Var, ...]]  # Stmt or End -> Vars

__all__ = ["Dead", "dead_after"]


def dead_after(body: Block) -> Dead:
    """The Vars that are read for the last time by each statement or end."""
    found: Dead = {}
    _block(body, set(), found)
    return found


def _block(block: Block, after: set[Var], found: Dead) -> set[Var]:
    """What a block reads from outside, or is needed after it; `after`: what is needed after it."""
    live = _end(block.end, after, found)
    for stmt in reversed(block.stmts):
        used = _used(stmt)
        found[stmt] = tuple(used - live)
        if isinstance(stmt, If):
            for inner in blocks(stmt):
                _block(inner, live, found)
        elif isinstance(stmt, (For, While)):
            again = set(free(stmt.body))
            _block(stmt.body, live | again, found)
            inits = {v for arg in stmt.inits for v in variables(arg)}
            found[stmt.body] = tuple(inits - again - live)  # dead when the loop begins
        live = (live - set(defined(stmt))) | used
    return live


def _end(end: End, after: set[Var], found: Dead) -> set[Var]:
    used = {v for arg in end_args(end) for v in variables(arg)}
    found[end] = tuple(used - after)
    if isinstance(end, Branch):
        found[end] = ()
        return used | _block(end.then, after, found) | _block(end.orelse, after, found)
    return used | after


def _used(stmt: Stmt) -> set[Var]:
    used = {v for arg in stmt_args(stmt) for v in variables(arg)}
    for inner in blocks(stmt):
        used.update(free(inner))
    return used
