"""The only traversals of a program: blocks, uses, definitions, substitution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from .nodes import (
    Arg,
    Block,
    Branch,
    Break,
    End,
    For,
    If,
    Let,
    Lit,
    Make,
    Pullback,
    Raise,
    Seq,
    Slice,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
    variables,
)
from .ops import OPS


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks of a statement, in the order in which they are printed. That of a derivative (`Vjp`) is a function of its own, which sees
    nothing of what is around it, and is not among them."""
    if isinstance(stmt, If):
        return (stmt.then, stmt.orelse)
    if isinstance(stmt, (For, While)):
        return (stmt.body,)
    return ()


def stmt_args(stmt: Stmt) -> tuple[Arg, ...]:
    """The arguments that a statement reads itself (not those read inside its blocks)."""
    if isinstance(stmt, Let):
        return stmt.args
    if isinstance(stmt, If):
        return (stmt.condition,)
    if isinstance(stmt, For):
        return (stmt.start, stmt.stop, stmt.step, *stmt.inits)
    if isinstance(stmt, While):
        return stmt.inits
    if isinstance(stmt, Vjp):
        return (*stmt.args, *(seed for seed in stmt.seeds if seed is not None))
    return (stmt.value,)


def end_args(end: End) -> tuple[Arg, ...]:
    """The arguments that an end reads itself."""
    if isinstance(end, (Yield, Break)):
        return end.values
    if isinstance(end, Branch):
        return (end.condition,)
    return ()


def end_blocks(end: End) -> tuple[Block, ...]:
    return (end.then, end.orelse) if isinstance(end, Branch) else ()


def defined(stmt: Stmt) -> tuple[Var, ...]:
    """The Vars that a statement defines for what follows it."""
    if isinstance(stmt, Let):
        return () if stmt.out is None else (stmt.out,)
    if isinstance(stmt, If):
        return stmt.outs
    if isinstance(stmt, (For, While)):
        return stmt.outs if stmt.trips is None else (*stmt.outs, stmt.trips)
    if isinstance(stmt, Vjp):
        return stmt.outs
    return stmt.params


def leaves(block: Block) -> Iterator[Block]:
    """The blocks in which a loop's body really ends: itself, or the blocks of its Branch, recursively."""
    if isinstance(block.end, Branch):
        yield from leaves(block.end.then)
        yield from leaves(block.end.orelse)
    else:
        yield block


def all_stmts(block: Block) -> Iterator[Stmt]:
    """Every statement in a block and in the blocks inside it, in printing order."""
    for stmt in block.stmts:
        yield stmt
        for inner in blocks(stmt):
            yield from all_stmts(inner)
    for inner in end_blocks(block.end):
        yield from all_stmts(inner)


def every_stmt(block: Block) -> Iterator[Stmt]:
    """The same, and those in the blocks of derivatives."""
    for stmt in all_stmts(block):
        yield stmt
        if isinstance(stmt, Vjp):
            yield from every_stmt(stmt.block)


def is_draw(stmt: Stmt) -> bool:
    """Whether a statement finds something in the world outside: random numbers, or the result of a call for an effect."""
    return isinstance(stmt, Let) and stmt.out is not None and OPS[stmt.op].effect and stmt.op not in ("call", "apply")


def draws(stmts: Iterable[Stmt]) -> Iterator[Var]:
    """What statements have found in the world outside, also in derivatives whose blocks give it as a result."""
    for stmt in stmts:
        if is_draw(stmt):
            yield stmt.out  # type: ignore[union-attr, misc]
        elif isinstance(stmt, Vjp) and isinstance(stmt.block.end, Yield):
            found = set(draws(stmt.block.stmts))
            yield from (out for out, value in zip(stmt.outs, stmt.block.end.values) if value in found)


def uses(block: Block) -> Iterator[Var]:
    """Every use of a Var in a block, repeats included."""
    for stmt in block.stmts:
        for arg in stmt_args(stmt):
            yield from variables(arg)
        for inner in blocks(stmt):
            yield from uses(inner)
    for arg in end_args(block.end):
        yield from variables(arg)
    for inner in end_blocks(block.end):
        yield from uses(inner)


def definitions(block: Block) -> Iterator[Var]:
    """Every Var defined in a block, parameters included, and in the derivatives in it."""
    yield from block.params
    for stmt in block.stmts:
        yield from defined(stmt)
        if isinstance(stmt, Vjp):
            yield from definitions(stmt.block)
        for inner in blocks(stmt):
            yield from definitions(inner)
    for inner in end_blocks(block.end):
        yield from definitions(inner)


def free(block: Block) -> list[Var]:
    """The outer Vars that a block uses, each once, in order of first use."""
    own = set(definitions(block))
    return list(dict.fromkeys(v for v in uses(block) if v not in own))


def map_arg(arg: Any, f: Callable[[Var], Arg]) -> Any:
    """The argument with every Var replaced by f(var)."""
    if isinstance(arg, Var):
        return f(arg)
    if isinstance(arg, Lit):
        return arg
    if isinstance(arg, (Seq, Make)):
        return replace(arg, items=tuple(map_arg(item, f) for item in arg.items))
    return Slice(map_arg(arg.start, f), map_arg(arg.stop, f), map_arg(arg.step, f))


def renested(nest: Arg, values: Iterator[Arg]) -> Arg:
    """The same nest of other operands; what is known stays, and uses one up."""
    if isinstance(nest, (Seq, Make)):
        return replace(nest, items=tuple(renested(item, values) for item in nest.items))
    value = next(values)
    return nest if isinstance(nest, Lit) else value


def map_args(args: tuple[Arg, ...], f: Callable[[Var], Arg]) -> tuple[Arg, ...]:
    return tuple(map_arg(arg, f) for arg in args)


def substitute(block: Block, f: Callable[[Var], Arg]) -> Block:
    """The block with every use of a Var replaced by f(var); definitions stay."""
    return Block(block.params, tuple(substitute_stmt(s, f) for s in block.stmts), substitute_end(block.end, f))


def substitute_stmt(stmt: Stmt, f: Callable[[Var], Arg]) -> Stmt:
    if isinstance(stmt, Let):
        return replace(stmt, args=map_args(stmt.args, f))
    if isinstance(stmt, If):
        return replace(stmt, condition=map_arg(stmt.condition, f), then=substitute(stmt.then, f), orelse=substitute(stmt.orelse, f))
    if isinstance(stmt, For):
        return replace(stmt, start=map_arg(stmt.start, f), stop=map_arg(stmt.stop, f), step=map_arg(stmt.step, f),
                       inits=map_args(stmt.inits, f), body=substitute(stmt.body, f))
    if isinstance(stmt, While):
        return replace(stmt, inits=map_args(stmt.inits, f), body=substitute(stmt.body, f))
    if isinstance(stmt, Vjp):
        return replace(stmt, args=map_args(stmt.args, f), seeds=tuple(None if seed is None else map_arg(seed, f) for seed in stmt.seeds))
    return replace(stmt, value=map_arg(stmt.value, f))


def substitute_end(end: End, f: Callable[[Var], Arg]) -> End:
    if isinstance(end, (Yield, Break)):
        return replace(end, values=map_args(end.values, f))
    if isinstance(end, Branch):
        return replace(end, condition=map_arg(end.condition, f), then=substitute(end.then, f), orelse=substitute(end.orelse, f))
    return end


def yielded(block: Block) -> tuple[Arg, ...]:
    """What a block yields that does not leave."""
    assert isinstance(block.end, Yield)
    return block.end.values


def renamed(block: Block) -> Block:
    """The same block, every Var that it defines a new one."""
    new: dict[Var, Var] = {}
    for var in definitions(block):
        new[var] = Var(var.type, var.hint)
    return _renamed(block, lambda var: new.get(var, var))


def _renamed(block: Block, new: Callable[[Var], Var]) -> Block:
    stmts = tuple(_renamed_stmt(stmt, new) for stmt in block.stmts)
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, condition=map_arg(end.condition, new), then=_renamed(end.then, new), orelse=_renamed(end.orelse, new))
    else:
        end = substitute_end(end, new)
    return Block(tuple(map(new, block.params)), stmts, end)


def _renamed_stmt(stmt: Stmt, new: Callable[[Var], Var]) -> Stmt:
    if isinstance(stmt, Let):
        return replace(stmt, out=None if stmt.out is None else new(stmt.out), args=map_args(stmt.args, new))
    if isinstance(stmt, If):
        return replace(stmt, outs=tuple(map(new, stmt.outs)), condition=map_arg(stmt.condition, new), then=_renamed(stmt.then, new),
                       orelse=_renamed(stmt.orelse, new))
    if isinstance(stmt, (For, While)):
        outs, trips = tuple(map(new, stmt.outs)), None if stmt.trips is None else new(stmt.trips)
        if isinstance(stmt, For):
            start, stop, step = (map_arg(bound, new) for bound in (stmt.start, stmt.stop, stmt.step))
            return replace(stmt, outs=outs, start=start, stop=stop, step=step, inits=map_args(stmt.inits, new), body=_renamed(stmt.body, new), trips=trips)
        return replace(stmt, outs=outs, inits=map_args(stmt.inits, new), body=_renamed(stmt.body, new), trips=trips)
    if isinstance(stmt, Vjp):
        stmt = substitute_stmt(stmt, new)
        assert isinstance(stmt, Vjp)
        return replace(stmt, outs=tuple(map(new, stmt.outs)), block=_renamed(stmt.block, new))
    return replace(stmt, params=tuple(map(new, stmt.params)), value=map_arg(stmt.value, new))


def sweeps(body: Block) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]]:
    """The statements of a function's forward sweep, and those from the beginning of its reverse sweep on."""
    stmts = body.stmts
    start = next((n for n, s in enumerate(stmts) if isinstance(s, Pullback) or (isinstance(s, Let) and s.op == "mark")), len(stmts))
    return stmts[:start], stmts[start:]


__all__ = ["Pullback", "Raise", "all_stmts", "blocks", "defined", "definitions", "draws", "end_args", "end_blocks", "every_stmt", "free", "is_draw",
           "leaves", "map_arg", "map_args", "renamed", "renested", "stmt_args", "substitute", "substitute_end", "substitute_stmt", "sweeps", "uses", "yielded"]
