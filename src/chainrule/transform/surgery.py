"""Program -> Program: blocks of the user's on an adjoint, in the reverse sweep; and the primal without them.

    h1 = surgery(h, block, (limit,))        in the reverse sweep: h_bar = operate(h1_bar, block, (limit,))
    y = h1 * h1                             and in the end:       h_bar = np.clip(h1_bar, -1, limit)

While the reverse sweep is made, h1 is a value of its own, whose adjoint comes from its own uses only. Then `erased` makes h1 and h
one again, before it is decided which primal values are kept; `operated` puts the statements of the block into the place of `operate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..ir.nodes import Arg, Block, Branch, Break, End, For, If, Let, Lit, Program, Pullback, Seq, Stmt, Var, While, Yield
from ..ir.walk import all_stmts, map_arg, map_args, stmt_args

Env = dict[Var, Arg]


def operations(block: Block) -> Iterator[Let]:
    """The statements `surgery` in a block and in the blocks inside it."""
    for stmt in all_stmts(block):
        if isinstance(stmt, Let) and stmt.op == "surgery":
            yield stmt


def holds(*blocks: Block) -> bool:
    """Whether the reverse of these blocks must be executed for what the user does there."""
    return any(True for block in blocks for _ in operations(block))


class Erased:
    """A block without `surgery`. `value`: what a Var is called in it; `blocks`: which of its blocks was made of which."""

    def __init__(self, body: Block) -> None:
        self._env: Env = {let.out: let.args[0] for let in operations(body) if let.out is not None}
        self.blocks: dict[Block, Block] = {}
        self.body = self._block(body)

    def value(self, var: Var) -> Arg:
        found: Arg = var
        while isinstance(found, Var) and found in self._env:
            found = self._env[found]
        return found

    def _block(self, block: Block) -> Block:
        stmts = tuple(self._stmt(stmt) for stmt in block.stmts if not (isinstance(stmt, Let) and stmt.op == "surgery"))
        end = block.end
        if isinstance(end, (Yield, Break)):
            end = replace(end, values=map_args(end.values, self.value))
        elif isinstance(end, Branch):
            end = replace(end, condition=map_arg(end.condition, self.value), then=self._block(end.then), orelse=self._block(end.orelse))
        self.blocks[block] = Block(block.params, stmts, end)
        return self.blocks[block]

    def _stmt(self, stmt: Stmt) -> Stmt:
        return _with(stmt, self.value, self._block)

    def sweep(self, stmts: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        """Statements of the reverse sweep in terms of the values and the blocks that are left."""
        return tuple(self._of_sweep(stmt) for stmt in stmts)

    def _of_sweep(self, stmt: Stmt) -> Stmt:
        if isinstance(stmt, Let) and stmt.op == "mirror":
            assert isinstance(stmt.args[0], Lit)
            return replace(stmt, args=(Lit(self.blocks[stmt.args[0].value]),))
        return _with(stmt, self.value, lambda block: replace(
            block, stmts=self.sweep(block.stmts), end=replace(block.end, values=map_args(block.end.values, self.value)) if isinstance(block.end, Yield) else block.end))


def erased(program: Program) -> Program:
    """A program and the functions that it calls, without `surgery`: what is computed is the same."""
    if not holds(program.body, *(callee.body for callee in program.callees)):
        return program
    return replace(program, body=Erased(program.body).body, callees=tuple(map(erased, program.callees)))


def operated(block: Block) -> Block:
    """The block with the statements of the user's blocks in the place of each `operate`."""
    if not any(isinstance(stmt, Let) and stmt.op == "operate" for stmt in all_stmts(block)):
        return block
    return _Operated().block(block)


class _Operated:
    def __init__(self) -> None:
        self.env: Env = {}

    def value(self, var: Var) -> Arg:
        return self.env.get(var, var)

    def block(self, block: Block) -> Block:
        stmts: list[Stmt] = []
        for stmt in block.stmts:
            if isinstance(stmt, Let) and stmt.op == "operate":
                bar, body, free = map_args(stmt.args, self.value)
                assert stmt.out is not None and isinstance(body, Lit) and isinstance(free, Seq)
                made, (self.env[stmt.out],) = instance(body.value, (bar, *free.items))
                stmts += made
            else:
                stmts.append(_with(stmt, self.value, self.block))
        end = block.end
        if isinstance(end, (Yield, Break)):
            end = replace(end, values=map_args(end.values, self.value))
        elif isinstance(end, Branch):
            end = replace(end, condition=map_arg(end.condition, self.value), then=self.block(end.then), orelse=self.block(end.orelse))
        return Block(block.params, tuple(stmts), end)


def instance(block: Block, args: tuple[Arg, ...]) -> tuple[tuple[Stmt, ...], tuple[Arg, ...]]:
    """The statements of a block with arguments in the place of its parameters, and what it yields; every Var that it defines is a new one."""
    env: Env = dict(zip(block.params, args))
    stmts = tuple(_renewed_stmt(stmt, env) for stmt in block.stmts)
    assert isinstance(block.end, Yield)
    return stmts, map_args(block.end.values, lambda var: env.get(var, var))


def _renewed(block: Block, env: Env) -> Block:
    params = tuple(_new(var, env) for var in block.params)
    stmts = tuple(_renewed_stmt(stmt, env) for stmt in block.stmts)
    end: End = block.end
    if isinstance(end, (Yield, Break)):
        end = replace(end, values=map_args(end.values, lambda var: env.get(var, var)))
    elif isinstance(end, Branch):
        end = replace(end, condition=map_arg(end.condition, lambda var: env.get(var, var)), then=_renewed(end.then, env), orelse=_renewed(end.orelse, env))
    return Block(params, stmts, end)


def _renewed_stmt(stmt: Stmt, env: Env) -> Stmt:
    new = _with(stmt, lambda var: env.get(var, var), lambda block: _renewed(block, env))
    if isinstance(new, Let):
        return new if new.out is None else replace(new, out=_new(new.out, env))
    if isinstance(new, If):
        return replace(new, outs=tuple(_new(var, env) for var in new.outs))
    assert isinstance(new, (For, While))
    return replace(new, outs=tuple(_new(var, env) for var in new.outs), trips=None if new.trips is None else _new(new.trips, env))


def _new(var: Var, env: Env) -> Var:
    new = Var(var.type, var.hint)
    env[var] = new
    return new


def _with(stmt: Stmt, value: Callable[[Var], Arg], block: Callable[[Block], Block]) -> Stmt:
    """The statement with other arguments and blocks."""
    if isinstance(stmt, Let):
        return replace(stmt, args=map_args(stmt.args, value)) if stmt_args(stmt) else stmt
    if isinstance(stmt, If):
        return replace(stmt, condition=map_arg(stmt.condition, value), then=block(stmt.then), orelse=block(stmt.orelse))
    if isinstance(stmt, For):
        return replace(stmt, start=map_arg(stmt.start, value), stop=map_arg(stmt.stop, value), step=map_arg(stmt.step, value),
                       inits=map_args(stmt.inits, value), body=block(stmt.body))
    if isinstance(stmt, While):
        return replace(stmt, inits=map_args(stmt.inits, value), body=block(stmt.body))
    assert isinstance(stmt, Pullback)
    return replace(stmt, value=map_arg(stmt.value, value))


__all__ = ["Erased", "erased", "holds", "instance", "operated", "operations"]
