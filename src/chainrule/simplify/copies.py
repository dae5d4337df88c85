"""Program -> Program: a value that has two names has one.

    for k in range(0, n) carrying s, c = a:     |    for k in range(0, n) carrying s:
        if s > 0.0 -> u, v:                     |        if s > 0.0 -> u:
            yield s * c, x                      |            yield s * a
        else:                                   |        else:
            yield s, x                          |            yield s
        yield u + v, c                          |        yield u + x

What both branches give is that value itself; what a loop carries and never changes is its initial value; an item of a
tuple made in the program is what was put there. The old names are no longer used, and are left to simplify/dead.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.nodes import UNDEFINED, Arg, Block, Branch, Break, End, For, If, Let, Lit, Program, Seq, Stmt, Var, Vjp, While, Yield
from ..ir.walk import definitions, leaves, map_arg, map_args, substitute, substitute_stmt


def copies(program: Program) -> Program:
    """The program with one name for each value."""
    return replace(program, body=copies_block(program.body))


def copies_block(block: Block) -> Block:
    """The same for a function's block."""
    return _Copies().block(block)


class _Copies:
    def __init__(self) -> None:
        self.env: dict[Var, Arg] = {}
        self.tuples: dict[Var, tuple[Arg, ...]] = {}

    def value(self, var: Var) -> Arg:
        while (new := self.env.get(var)) is not None:
            if not isinstance(new, Var):
                return new
            var = new
        return var

    def block(self, block: Block) -> Block:
        stmts = [self.stmt(stmt) for stmt in block.stmts]
        return Block(block.params, tuple(stmts), self.end(block.end))

    def end(self, end: End) -> End:
        if isinstance(end, (Yield, Break)):
            return replace(end, values=map_args(end.values, self.value))
        if isinstance(end, Branch):
            condition = map_arg(end.condition, self.value)
            return replace(end, condition=condition, then=self.block(end.then), orelse=self.block(end.orelse))
        return end

    def stmt(self, stmt: Stmt) -> Stmt:
        if isinstance(stmt, Let):
            return self.let(stmt)
        if isinstance(stmt, If):
            return self.if_(stmt)
        if isinstance(stmt, For):
            start, stop, step = (map_arg(a, self.value) for a in (stmt.start, stmt.stop, stmt.step))
            stmt = replace(stmt, start=start, stop=stop, step=step)
        if isinstance(stmt, (For, While)):
            return self.loop(stmt)
        if isinstance(stmt, Vjp):
            return substitute_stmt(stmt, self.value)
        return replace(stmt, value=map_arg(stmt.value, self.value))

    def let(self, stmt: Let) -> Let:
        stmt = replace(stmt, args=map_args(stmt.args, self.value))
        if stmt.op == "tuple" and stmt.out is not None and isinstance(stmt.args[0], Seq):
            self.tuples[stmt.out] = stmt.args[0].items
        elif stmt.op == "item" and stmt.out is not None and isinstance(stmt.args[0], Var) and isinstance(stmt.args[1], Lit):
            items = self.tuples.get(stmt.args[0])
            if items is not None:
                self.env[stmt.out] = items[stmt.args[1].value]
        return stmt

    def if_(self, stmt: If) -> If:
        new = replace(stmt, condition=map_arg(stmt.condition, self.value), then=self.block(stmt.then), orelse=self.block(stmt.orelse))
        if isinstance(new.then.end, Yield) and isinstance(new.orelse.end, Yield):
            pairs = list(zip(new.outs, new.then.end.values, new.orelse.end.values))
            if any(_same(one, two) for _, one, two in pairs):
                inner = {*definitions(new.then), *definitions(new.orelse)}
                self.env.update((out, one) for out, one, two in pairs if _same(one, two) and one not in inner)
        return new

    def loop(self, stmt: For | While) -> For | While:
        inits = map_args(stmt.inits, self.value)
        body = self.block(stmt.body)
        params = body.params[1:] if isinstance(stmt, For) else body.params
        ends = [leaf.end.values for leaf in leaves(body) if isinstance(leaf.end, (Yield, Break))]
        same: dict[Var, Arg] = {}
        for k, (param, init, out) in enumerate(zip(params, inits, stmt.outs)):
            if init is not UNDEFINED and all(end[k] is param or _same(end[k], init) for end in ends):
                same[param] = self.env[out] = init
        if same:
            body = substitute(body, lambda v: same.get(v, v))
            self.env.update(same)
        return replace(stmt, inits=inits, body=body)


def _same(one: Arg, two: Arg) -> bool:
    """Whether two arguments are certainly one value."""
    if one is two:
        return True
    if isinstance(one, Lit) and isinstance(two, Lit) and UNDEFINED not in (one, two):
        a, b = one.value, two.value
        return type(a) is type(b) and isinstance(a, (bool, int, float, complex, str, type(None))) and repr(a) == repr(b)
    return False


__all__ = ["copies", "copies_block"]
