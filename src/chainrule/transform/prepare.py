"""Block -> Block, counts: the form that `transform/reverse` takes, in which loops that may break count their iterations.

    while True carrying x -> y:                 while True carrying x, trips = 0 -> y, trips:
        if x < 3.0:                                 if x < 3.0:
            ...                                         trips = trips + 1
            if d < tol: break x                         ...
            else: yield z                               if d < tol: break x, trips
        else:                                           else: yield z, trips
            break x                                 else:
                                                        break x, trips

A loop *has a header* if its body begins with a test that leaves the loop and changes nothing, as `while x < 3.0:` does. The
iteration in which that test fails has no adjoint; it is not counted, and the reverse loop does not repeat the test.
What turns out not to be needed is removed afterwards (simplify/dead).
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.nodes import UNDEFINED, Block, Branch, Break, End, For, If, Let, Lit, Operand, Stmt, Var, While, Yield
from ..ir.types import INT
from ..ir.walk import leaves

Loop = For | While
Counts = dict[Loop, tuple[Operand, int]]


def prepare(block: Block) -> tuple[Block, Counts]:
    """The block, and for each loop that may break a Var and what to take away from it for the number of iterations."""
    counts: Counts = {}
    return _block(block, counts), counts


def _block(block: Block, counts: Counts) -> Block:
    return Block(block.params, tuple(_stmt(s, counts) for s in block.stmts), _end(block.end, counts))


def _end(end: End, counts: Counts) -> End:
    if isinstance(end, Branch):
        return replace(end, then=_block(end.then, counts), orelse=_block(end.orelse, counts))
    return end


def _stmt(stmt: Stmt, counts: Counts) -> Stmt:
    if isinstance(stmt, If):
        return replace(stmt, then=_block(stmt.then, counts), orelse=_block(stmt.orelse, counts))
    if isinstance(stmt, (For, While)):
        new: Loop = replace(stmt, body=_block(stmt.body, counts))
        if not breaks(new):
            return new
        rest = headed(new)
        if rest is not None and any(isinstance(leaf.end, Break) for leaf in leaves(rest)):
            new = _counting(new)
            counts[new] = (new.outs[-1], 0)
            return new
        if new.trips is None:
            new = replace(new, trips=Var(INT, "trips"))
        assert new.trips is not None
        counts[new] = (new.trips, 0 if rest is None else 1)
        return new
    return stmt


def breaks(loop: Loop) -> bool:
    """Whether a loop may leave early."""
    return any(isinstance(leaf.end, Break) for leaf in leaves(loop.body))


def headed(loop: Loop) -> Block | None:
    """What follows the test at the beginning of a loop's body, if it has such a header."""
    end = loop.body.end
    if not isinstance(end, Branch) or isinstance(loop, For):
        return None
    for leaf, rest in ((end.orelse, end.then), (end.then, end.orelse)):
        if isinstance(leaf.end, Break) and not leaf.stmts and all(
                v is p or v is UNDEFINED for v, p in zip(leaf.end.values, loop.body.params)):
            return rest
    return None


def _counting(loop: Loop) -> Loop:
    """A loop with a header that carries the number of iterations that passed it."""
    rest = headed(loop)
    old, new, out = (Var(INT, "trips") for _ in range(3))

    def counted(block: Block, now: Var) -> Block:
        if block is rest:
            step = Let(new, "+", (old, Lit(1)))
            block = Block(block.params, (step, *block.stmts), block.end)
            now = new
        end = block.end
        if isinstance(end, Branch):
            end = replace(end, then=counted(end.then, now), orelse=counted(end.orelse, now))
        elif isinstance(end, (Yield, Break)):
            end = replace(end, values=(*end.values, now))
        return Block(block.params, block.stmts, end)

    body = counted(loop.body, old)
    body = Block((*body.params, old), body.stmts, body.end)
    return replace(loop, outs=(*loop.outs, out), inits=(*loop.inits, Lit(0)), body=body)


__all__ = ["Counts", "breaks", "headed", "prepare"]
