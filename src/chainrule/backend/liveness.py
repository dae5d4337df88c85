"""Program -> which values are still needed after a point.

Each block has its table "Var -> index of the last statement that uses it" (uses inside a statement's blocks count
as uses by the statement), and each loop the set of outer Vars that its body uses: these are needed until the loop ends,
because the body may run again. A point in the program is a stack of frames, one for each block around it; a Var is live after
the point if some frame still has a use of it ahead. Uses in the other branch of an `if` are not ahead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..ir.nodes import Block, For, Var, While, variables
from ..ir.walk import blocks, defined, end_args, end_blocks, stmt_args


@dataclass
class Uses:
    """Last uses of every block, and the outer Vars of every loop's body."""

    last: dict[Block, dict[Var, int]] = field(default_factory=dict)
    free: dict[Block, set[Var]] = field(default_factory=dict)


@dataclass
class Frame:
    """One block around a point: `index` is the statement that is being executed."""

    last: dict[Var, int]
    index: int
    free: set[Var] | None  # if the block is a loop's body: the outer Vars that it uses


def uses_of(body: Block) -> Uses:
    """The tables for a block and all blocks inside it."""
    table = Uses()
    _visit(body, table)
    return table


def _visit(block: Block, table: Uses) -> tuple[set[Var], set[Var]]:
    """Fill the tables; returns the Vars used and the Vars defined inside the block."""
    last: dict[Var, int] = {}
    own = set(block.params)
    for n, stmt in enumerate(block.stmts):
        for arg in stmt_args(stmt):
            for var in variables(arg):
                last[var] = n
        for inner in blocks(stmt):
            used, made = _visit(inner, table)
            for var in used:
                last[var] = n
            own |= made
            if isinstance(stmt, (For, While)):
                table.free[inner] = used - made
        own.update(defined(stmt))
    end = len(block.stmts)
    for arg in end_args(block.end):
        for var in variables(arg):
            last[var] = end
    for inner in end_blocks(block.end):
        used, made = _visit(inner, table)
        for var in used:
            last[var] = end
        own |= made
    table.last[block] = last
    return set(last), own


def live_after(var: Var, frames: Iterable[Frame]) -> bool:
    """Whether a Var is used after the statements at which the frames stand."""
    return any(f.last.get(var, -1) > f.index or (f.free is not None and var in f.free) for f in frames)


def gone(var: Var, frames: Iterable[Frame]) -> bool:
    """Whether no use of a Var is left, not even in another branch of a statement that is being executed."""
    return not any(f.last.get(var, -1) >= f.index or (f.free is not None and var in f.free) for f in frames)


__all__ = ["Frame", "Uses", "gone", "live_after", "uses_of"]
