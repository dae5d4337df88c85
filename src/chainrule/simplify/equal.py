"""Block -> Block: what has been computed is not computed again.

    t1 = np.sin(x)              t1 = np.sin(x)
    t2 = t1 * y                 t2 = t1 * y
    t3 = np.sin(x)      |
    t4 = t3 * z                 t4 = t1 * z

Contents of arrays are values, so equal operations on equal arguments are equal (value numbering; Click, 1995, on structured code). The builder merges
operations as it makes them; this is for programs that were put together from others, as derivatives of derivatives are: the second sweep begins with
what the first one has computed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from ..ir.build import identity
from ..ir.nodes import Arg, Block, Branch, For, If, Let, Pullback, Stmt, Var, Vjp, While
from ..ir.ops import OPS
from ..ir.walk import map_arg, map_args, substitute_end, substitute_stmt

Known = dict[Hashable, Var]


def equal(block: Block) -> Block:
    """A function's block in which equal operations are done once."""
    return _Merger().block(block, {})


class _Merger:
    def __init__(self) -> None:
        self.env: dict[Var, Arg] = {}

    def value(self, var: Var) -> Arg:
        return self.env.get(var, var)

    def block(self, block: Block, known: Known) -> Block:
        known = dict(known)
        stmts = [new for stmt in block.stmts if (new := self.stmt(stmt, known)) is not None]
        end = block.end
        if isinstance(end, Branch):
            end = replace(end, condition=map_arg(end.condition, self.value), then=self.block(end.then, known), orelse=self.block(end.orelse, known))
        else:
            end = substitute_end(end, self.value)
        return Block(block.params, tuple(stmts), end)

    def stmt(self, stmt: Stmt, known: Known) -> Stmt | None:
        if isinstance(stmt, Let):
            return self.let(stmt, known)
        if isinstance(stmt, If):
            return replace(stmt, condition=map_arg(stmt.condition, self.value), then=self.block(stmt.then, known), orelse=self.block(stmt.orelse, known))
        if isinstance(stmt, For):
            start, stop, step = (map_arg(bound, self.value) for bound in (stmt.start, stmt.stop, stmt.step))
            return replace(stmt, start=start, stop=stop, step=step, inits=map_args(stmt.inits, self.value), body=self.block(stmt.body, known))
        if isinstance(stmt, While):
            return replace(stmt, inits=map_args(stmt.inits, self.value), body=self.block(stmt.body, known))
        assert isinstance(stmt, (Pullback, Vjp))
        return substitute_stmt(stmt, self.value)

    def let(self, let: Let, known: Known) -> Let | None:
        let = replace(let, args=map_args(let.args, self.value))
        op = OPS[let.op]
        if let.out is None or op.effect or op.fresh:
            return let
        key = (let.op, *map(identity, let.args))
        before = known.get(key)
        if before is not None and before.type == let.out.type:
            self.env[let.out] = before
            return None
        known[key] = let.out
        return let


__all__ = ["equal"]
