"""Program -> Program: without what nobody uses.

    y = np.sin(x)                           |
    for k in range(0, n) carrying s, t:     |    for k in range(0, n) carrying s:
        push("y_tape", y)                   |
        yield s + x, t + s                  |        yield s + x
    return s                                |    return s

Mark and sweep over definitions (Cytron et al., 1991, section 7.1, on structured code): what an effect or the result uses is
live; a live value makes live what it is computed from, and the conditions and ranges that decide whether it is.
A tape is live if something that is popped from it is; a carried value if it is used in the body or after the loop. Statements
with an effect of their own (print, raise, a call) stay. Linear in the size of the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Union

from ..ir.nodes import (
    Arg,
    Block,
    Branch,
    Break,
    End,
    For,
    If,
    Let,
    Lit,
    Program,
    Pullback,
    Raise,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
    variables,
)
from ..ir.ops import OPS
from ..ir.walk import blocks, defined, end_blocks, every_stmt, leaves, stmt_args

Owner = Union[If, For, While, Branch, None]
TAPE = ("push", "pop")


def dead(program: Program) -> Program:
    """The program without its dead code."""
    body = dead_block(program.body)
    return program if body is program.body else replace(program, body=body)


def dead_block(block: Block) -> Block:
    """A function's block without its dead code; all that it ends with is live."""
    marker = _Marker()
    marker.index(block, None)
    for arg in _values(block.end):
        marker.arg(arg)
    marker.run()
    return _sweep(block, marker)


def is_marker(stmt: Stmt) -> bool:
    """A statement that only says where it is: it lives as long as its block."""
    return isinstance(stmt, Let) and stmt.op == "mirror"


class _Marker:
    """Which Vars, tapes and compound statements are live."""

    def __init__(self) -> None:
        self.sources: dict[Var, Callable[[], None]] = {}  # what becomes live with a Var
        self.pushes: dict[str, Let] = {}
        self.owners: dict[int, Owner] = {}  # id of a Let, If, loop or Branch -> what it stands in
        self.vars: set[Var] = set()
        self.owned: set[int] = set()  # ids of compound statements and Branches that are live
        self.tapes: set[str] = set()
        self.todo: list[Callable[[], None]] = []

    def run(self) -> None:
        while self.todo:
            self.todo.pop()()

    def arg(self, arg: Arg) -> None:
        for var in variables(arg):
            if var not in self.vars:
                self.vars.add(var)
                source = self.sources.get(var)
                if source is not None:
                    self.todo.append(source)

    def owner(self, owner: Owner) -> None:
        """What decides whether a live statement is reached is live."""
        while owner is not None and id(owner) not in self.owned:
            self.owned.add(id(owner))
            if isinstance(owner, (If, Branch)):
                self.arg(owner.condition)
            else:
                if isinstance(owner, For):
                    for bound in (owner.start, owner.stop, owner.step):
                        self.arg(bound)
                for end in _branches(owner.body):
                    self.owner(end)
            owner = self.owners.get(id(owner))

    def index(self, block: Block, owner: Owner) -> None:
        for stmt in block.stmts:
            self.owners[id(stmt)] = owner
            if isinstance(stmt, Let):
                self.index_let(stmt, owner)
            elif isinstance(stmt, Pullback):
                self.todo.append(partial(self.arg, stmt.value))
            elif isinstance(stmt, If):
                self.index_if(stmt)
            elif isinstance(stmt, Vjp):
                self.index_vjp(stmt, owner)
                continue
            else:
                self.index_loop(stmt)
            for inner in blocks(stmt):
                self.index(inner, stmt)  # type: ignore[arg-type]
        for inner in end_blocks(block.end):
            self.owners[id(block.end)] = owner
            self.index(inner, block.end)  # type: ignore[arg-type]

    def index_let(self, stmt: Let, owner: Owner) -> None:
        def live() -> None:
            for arg in stmt.args:
                self.arg(arg)
            self.owner(owner)
            if stmt.op in ("pop", "tape_len"):
                self.tape(stmt.args[0])

        if stmt.op == "push":
            tape = stmt.args[0]
            assert isinstance(tape, Lit)
            self.pushes[tape.value] = stmt
        elif stmt.out is not None:
            self.sources[stmt.out] = live
        if OPS[stmt.op].effect and stmt.op not in TAPE and not is_marker(stmt):
            self.todo.append(live)  # not yet: what follows has no source so far

    def index_vjp(self, stmt: Vjp, owner: Owner) -> None:
        def live() -> None:
            self.owned.add(id(stmt))
            for arg in stmt_args(stmt):
                self.arg(arg)
            self.owner(owner)

        for out in stmt.outs:
            self.sources[out] = live
        if any(isinstance(inner, Let) and OPS[inner.op].effect for inner in every_stmt(stmt.block)):
            self.todo.append(live)

    def tape(self, tape: Arg) -> None:
        assert isinstance(tape, Lit)
        push = self.pushes.get(tape.value)
        if tape.value not in self.tapes and push is not None:
            self.arg(push.args[1])
            self.owner(self.owners.get(id(push)))
        self.tapes.add(tape.value)

    def index_if(self, stmt: If) -> None:
        for k, out in enumerate(stmt.outs):
            self.sources[out] = self.slot(stmt, k, (stmt.then, stmt.orelse))

    def index_loop(self, stmt: For | While) -> None:
        params = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
        ends = tuple(leaves(stmt.body))
        for k, (param, out) in enumerate(zip(params, stmt.outs)):
            self.sources[param] = self.sources[out] = self.slot(stmt, k, ends, param, out)
        if stmt.trips is not None:
            self.sources[stmt.trips] = lambda: self.owner(stmt)

    def slot(self, stmt: If | For | While, k: int, ends: tuple[Block, ...], *both: Var) -> Callable[[], None]:
        def live() -> None:
            self.vars.update(both)
            self.owner(stmt)
            if not isinstance(stmt, If):
                self.arg(stmt.inits[k])
            for block in ends:
                values = _values(block.end)
                if values:
                    self.arg(values[k])

        return live


def _values(end: End) -> tuple[Arg, ...]:
    return end.values if isinstance(end, (Yield, Break)) else ()


def _branches(block: Block) -> list[Branch]:
    """The Branches in which a loop's body ends: they decide how often it runs."""
    found: list[Branch] = []
    if isinstance(block.end, Branch):
        found.append(block.end)
        for inner in end_blocks(block.end):
            found += _branches(inner)
    return found


def _sweep(block: Block, live: _Marker) -> Block:
    """A function's block with its live statements only."""
    return _block(block, live, None)


def _block(block: Block, live: _Marker, kept: list[int] | None) -> Block:
    """A block with its live statements; `kept`: which of the values that it ends with stay."""
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        new = _stmt(stmt, live)
        if new is not None:
            stmts.append(new)
    end = _end(block.end, live, kept)
    if end is block.end and len(stmts) == len(block.stmts) and all(a is b for a, b in zip(stmts, block.stmts)):
        return block
    return Block(block.params, tuple(stmts), end)


def _end(end: End, live: _Marker, kept: list[int] | None) -> End:
    if isinstance(end, Branch):
        then, orelse = _block(end.then, live, kept), _block(end.orelse, live, kept)
        return end if then is end.then and orelse is end.orelse else replace(end, then=then, orelse=orelse)
    if isinstance(end, Raise) or kept is None or len(kept) == len(end.values):
        return end
    return replace(end, values=tuple(end.values[k] for k in kept))


def _stmt(stmt: Stmt, live: _Marker) -> Stmt | None:
    if isinstance(stmt, Let):
        return stmt if _is_live(stmt, live) else None
    if isinstance(stmt, Pullback):
        return stmt
    if isinstance(stmt, Vjp):
        return stmt if id(stmt) in live.owned else None
    if id(stmt) not in live.owned:
        return None
    if isinstance(stmt, If):
        kept = [k for k, out in enumerate(stmt.outs) if out in live.vars]
        then, orelse = _block(stmt.then, live, kept), _block(stmt.orelse, live, kept)
        if then is stmt.then and orelse is stmt.orelse and len(kept) == len(stmt.outs):
            return stmt
        return replace(stmt, outs=_pick(stmt.outs, kept), then=then, orelse=orelse)
    kept = [k for k, out in enumerate(stmt.outs) if out in live.vars]
    body = _block(stmt.body, live, kept)
    trips = stmt.trips if stmt.trips in live.vars else None
    if body is stmt.body and len(kept) == len(stmt.outs) and trips is stmt.trips:
        return stmt
    first = 1 if isinstance(stmt, For) else 0
    params = (*stmt.body.params[:first], *_pick(stmt.body.params[first:], kept))
    return replace(stmt, outs=_pick(stmt.outs, kept), inits=_pick(stmt.inits, kept), body=replace(body, params=params), trips=trips)


def _pick(items: tuple[Any, ...], kept: list[int]) -> tuple[Any, ...]:
    return tuple(items[k] for k in kept)


def _is_live(stmt: Let, live: _Marker) -> bool:
    if stmt.op in TAPE:
        tape = stmt.args[0]
        assert isinstance(tape, Lit)
        return tape.value in live.tapes
    if OPS[stmt.op].effect or stmt.out is None:
        return True
    return stmt.out in live.vars


__all__ = ["dead", "dead_block", "defined", "is_marker"]
