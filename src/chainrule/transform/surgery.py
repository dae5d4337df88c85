"""Program -> Program: blocks of the user's on an adjoint, in the reverse sweep; and the primal without them.

    h1 = surgery(h, block, (limit,))        in the reverse sweep: h_bar = operate(h1_bar, block, (limit,))
    y = h1 * h1                             and in the end:       h_bar = np.clip(h1_bar, -1, limit)

While the reverse sweep is made, h1 is a value of its own, whose adjoint comes from its own uses only. Then `erased` makes h1 and h
one again, before it is decided which primal values are kept; `operated` puts the statements of the block into the place of `operate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..ir.nodes import Arg, Block, Branch, Break, For, If, Let, Lit, Program, Seq, Stmt, Var, While, Yield
from ..ir.walk import all_stmts, every_stmt, map_arg, map_args, renamed, substitute, substitute_stmt
from ..rules.table import RowError

Env = dict[Var, Arg]


def operations(block: Block) -> Iterator[Let]:
    """The statements `surgery` in a block and in the blocks inside it."""
    for stmt in all_stmts(block):
        if isinstance(stmt, Let) and stmt.op == "surgery":
            yield stmt


def holds(*blocks: Block) -> bool:
    """Whether the reverse of these blocks must be executed for what the user does there."""
    return any(True for block in blocks for _ in operations(block))


def refuse_within(program: Program) -> None:
    """Refuse a program whose derivative is computed for many directions at once, or differentiated again, if it holds such a block."""
    for body in (program.body, *(callee.body for callee in program.callees)):
        for stmt in every_stmt(body):
            if isinstance(stmt, Let) and stmt.op == "surgery":
                raise error(stmt)


def error(let: Let) -> RowError:
    """What is said about a block whose place is in no reverse sweep of one direction."""
    found = RowError("`adjoint_of` where no single reverse sweep passes: in a checkpoint, in a Jacobian, or in a derivative that is differentiated again",
                     "the block is written for one adjoint, and how what it makes of that changes is not known",
                     "use `grad`, `value_and_grad` or `vjp` alone, or leave the block out",
                     certain=True)
    found.span = let.span
    return found


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
    new = renamed(block)
    env: Env = dict(zip(new.params, args))
    new = substitute(new, lambda var: env.get(var, var))
    assert isinstance(new.end, Yield)
    return new.stmts, new.end.values


def _with(stmt: Stmt, value: Callable[[Var], Arg], block: Callable[[Block], Block]) -> Stmt:
    """The statement with other arguments and blocks."""
    if isinstance(stmt, If):
        return replace(stmt, condition=map_arg(stmt.condition, value), then=block(stmt.then), orelse=block(stmt.orelse))
    if isinstance(stmt, For):
        return replace(stmt, start=map_arg(stmt.start, value), stop=map_arg(stmt.stop, value), step=map_arg(stmt.step, value),
                       inits=map_args(stmt.inits, value), body=block(stmt.body))
    if isinstance(stmt, While):
        return replace(stmt, inits=map_args(stmt.inits, value), body=block(stmt.body))
    return substitute_stmt(stmt, value)


__all__ = ["Erased", "erased", "error", "holds", "instance", "operated", "operations", "refuse_within"]
