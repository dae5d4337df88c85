"""Derivatives inside a program (`Vjp`): how they are differentiated, and what is made of them in the end.

A node stands for y = f(x), x_bar = J(x)' y_bar. With F = (f, J x_dot), the values and tangents of its block (`forward_block`),

    d/dx <y_bar, J x_dot> + <y_bar_dot, f>       is the tangent of x_bar, for tangents x_dot and y_bar_dot,
    d/dx <y_bar, J v>     + <y_hat, f>           is what reaches x, for adjoints v of x_bar and y_hat of y,
    J v                                          is what reaches y_bar.

Both are nodes again, of F. So whatever the order of a derivative, in the end there is one reverse sweep for each node, over values and tangents:
no transform has to differentiate a reverse sweep, with its tapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..frontend.calling import transforms
from ..ir import interpret
from ..ir.nodes import Arg, Block, Branch, For, If, Let, Lit, Operand, Program, Stmt, Var, Vjp, While, Yield, operands
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.walk import all_stmts, draws, is_draw, renamed, renested, stmt_args, substitute_end, substitute_stmt
from ..rules.table import RowError
from ..simplify.equal import equal
from .adjoints import bar_type
from .calls import Calls, called
from .custom import plain
from .forward import Callees, Forward, forward_block
from .reverse import derive_callee, reverse_block
from .surgery import error as surgery_error

if TYPE_CHECKING:
    from .reverse import Sweep


def push_vjp(sweep: Forward, stmt: Vjp) -> None:
    """Forward mode: the node of F that also gives the tangents."""
    moving = tuple(k for k, arg in enumerate(stmt.args) if isinstance(arg, Var) and arg in sweep.dots)
    still = tuple(k for k in stmt.wrt if k not in moving)
    block, _, tangents = forward_block(stmt.block, tuple(stmt.block.params[k] for k in (*moving, *still)), sweep.calls)
    place = {k: len(stmt.args) + n for n, k in enumerate((*moving, *still))}
    args: list[Arg] = [*stmt.args]
    for k in (*moving, *still):
        arg = stmt.args[k]
        args.append(sweep.tangent(arg))
    values, adjoints = stmt.outs[:len(stmt.seeds)], stmt.outs[len(stmt.seeds):]
    of_values = [n for n, tangent in enumerate(tangents) if tangent is not None]
    value_dots = [_dot(values[n]) for n in of_values]
    bar_dots = [_dot(v) for v in adjoints]
    seeds = (*(sweep.dots.get(seed) if isinstance(seed, Var) else None for seed in stmt.seeds), *(stmt.seeds[n] for n in of_values))
    wrt = (*stmt.wrt, *(place[k] for k in stmt.wrt))
    sweep.b.add(Vjp((*values, *value_dots, *bar_dots, *adjoints), block, tuple(args), wrt, seeds, stmt.span))
    sweep.dots.update((values[n], dot) for n, dot in zip(of_values, value_dots))
    sweep.dots.update(zip(adjoints, bar_dots))


def pull(sweep: Sweep, stmt: Vjp) -> None:
    """Reverse mode: the node that gives what reaches the arguments and the seeds."""
    bars = [sweep.adjoints.pop(out) for out in stmt.outs]
    if not any(bars):
        return
    full = [None if bar is None else sweep.adjoints.full(out, bar) for out, bar in zip(stmt.outs, bars)]
    count = len(stmt.seeds)
    moving = [(k, bar) for k, bar in zip(stmt.wrt, full[count:]) if bar is not None]
    silent, drawn = quiet(stmt.block)
    callees = Callees(tuple(sweep.functions.callees.values()), sweep.functions.main)
    block, _, tangents = forward_block(silent, tuple(silent.params[k] for k, _ in moving), callees)
    sweep.functions.callees.update((callee.name, callee) for callee in callees.finish())
    of_values = [n for n, tangent in enumerate(tangents) if tangent is not None]
    wrt = tuple(k for k, arg in enumerate(stmt.args) if isinstance(arg, Var) and arg in sweep.active)
    results = [Var(v.type) for v in stmt.outs[:count]]
    dots = [Var(bar_type(stmt.outs[n].type)) for n in of_values]
    reaching = [Var(bar_type(stmt.block.params[k].type)) for k in wrt]
    seeds = (*full[:count], *(stmt.seeds[n] for n in of_values))
    args = (*stmt.args, *(stmt.outs[n] for n in drawn), *(bar for _, bar in moving))
    sweep.b.add(Vjp((*results, *dots, *reaching), block, args, wrt, seeds, stmt.span))
    for k, out in zip(wrt, reaching):
        sweep.adjoints.add(stmt.args[k], out)
    for n, dot in zip(of_values, dots):
        seed = stmt.seeds[n]
        if isinstance(seed, Var):
            sweep.adjoints.add(seed, dot)


def _dot(var: Var) -> Var:
    return Var(bar_type(var.type), None if var.hint is None else f"{var.hint}_dot")


def quiet(block: Block) -> tuple[Block, tuple[int, ...]]:
    """A block that is executed once more, without what it does to the world outside. What it draws becomes a parameter: gives the numbers
    of the results that are to be passed."""
    assert isinstance(block.end, Yield)
    drawn: dict[Var, int] = {}
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, Vjp):
            inner, numbers = quiet(stmt.block)
            given = [Var(stmt.outs[n].type, stmt.outs[n].hint) for n in numbers]
            drawn |= {v: _number(block.end, stmt.outs[n], stmt) for v, n in zip(given, numbers)}
            stmts.append(replace(stmt, block=inner, args=(*stmt.args, *given)))
        elif isinstance(stmt, Let) and is_draw(stmt) and stmt.op != "surgery":
            assert stmt.out is not None
            drawn[stmt.out] = _number(block.end, stmt.out, stmt)
        else:
            stmts += _quiet(stmt)
    return Block((*block.params, *drawn), tuple(stmts), block.end), tuple(drawn.values())


def _number(end: Yield, out: Var, stmt: Let | Vjp) -> int:
    if out in end.values:
        return end.values.index(out)
    error = RowError("a function whose gradient is differentiated draws random numbers, or calls what cannot be looked into",
                     "its derivative computes it once more, and would find other values", "draw outside, and pass what is drawn")
    error.span = stmt.span
    raise error


def _quiet(stmt: Stmt) -> Iterator[Stmt]:
    if isinstance(stmt, Let):
        if stmt.op == "surgery":
            raise surgery_error(stmt)
        if is_draw(stmt):
            assert stmt.out is not None
            _number(Yield(()), stmt.out, stmt)
        if stmt.out is None and OPS[stmt.op].effect and stmt.op != "py.raise":
            return
    if isinstance(stmt, If):
        stmt = replace(stmt, then=_quiet_block(stmt.then), orelse=_quiet_block(stmt.orelse))
    elif isinstance(stmt, (For, While)):
        stmt = replace(stmt, body=_quiet_block(stmt.body))
    elif isinstance(stmt, Vjp):
        stmt = replace(stmt, block=_quiet_block(stmt.block))
    yield stmt


def _quiet_block(block: Block) -> Block:
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, then=_quiet_block(end.then), orelse=_quiet_block(end.orelse))
    return Block(block.params, tuple(quieter for stmt in block.stmts for quieter in _quiet(stmt)), end)


def vjp_node(body: Block, given: tuple[Var, ...], wrt: tuple[Var, ...], seeds: tuple[Arg | None, ...]) -> tuple[Vjp, Arg, tuple[Var, ...]]:
    """A function's block, whose parameters are `given`, as a derivative with respect to `wrt`: the node, the results nested as the block
    nests them, and the adjoints. seeds: the adjoints of the first results. The last results are what it draws."""
    assert isinstance(body.end, Yield)
    nest = body.end.values[0]
    flat = (*operands(nest), *draws(body.stmts))
    inner = renamed(Block(given, body.stmts, Yield(flat)))
    values = tuple(Var(type_of(v), v.hint if isinstance(v, Var) else None) for v in flat)
    bars = tuple(Var(bar_type(v.type), None if v.hint is None else f"{v.hint}_bar") for v in wrt)
    node = Vjp((*values, *bars), inner, given, tuple(given.index(v) for v in wrt), (*seeds, *(None,) * (len(flat) - len(seeds))))
    return node, renested(nest, iter(values)), bars


# -- in the end ----------------------------------------------------------------------------------------------


def expand(program: Program) -> Program:
    """The program with a forward and a reverse sweep in the place of each derivative, also in the functions that it calls; no derivative is taken of it any more."""
    return plain(expanded(program))


def expanded(program: Program) -> Program:
    """The same, with the rules of the user's functions still beside their values."""
    if not any(isinstance(stmt, Vjp) for p in (program, *program.callees) for stmt in all_stmts(p.body)):
        return program
    calls = Calls(program.callees, program.name)
    marked = any(isinstance(stmt, Let) and stmt.op == "mark" for stmt in program.body.stmts)
    body = equal(_Expander(calls).block(program.body, top=not marked))
    final: dict[str, Program] = {}
    todo = list(called(body))
    while todo:
        name = todo.pop(0)
        if name in final:
            continue
        for callee, wrt, derived in calls.wanted():
            calls.made.append(derive_callee(callee, wrt, derived, calls))
        callee = next(p for p in (*calls.made, *calls.callees.values()) if p.name == name)
        final[name] = replace(callee, body=equal(_Expander(calls).block(callee.body)), callees=())
        todo += called(final[name].body)
    return replace(program, body=body, callees=tuple(final.values()))


class _Expander:
    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.env: dict[Var, Arg] = {}
        self.tapes: set[str] = set()

    def value(self, var: Var) -> Arg:
        while var in self.env:
            new = self.env[var]
            if not isinstance(new, Var):
                return new
            var = new
        return var

    def block(self, block: Block, top: bool = False) -> Block:
        stmts: list[Stmt] = []
        nodes = sum(isinstance(stmt, Vjp) for stmt in block.stmts)
        for stmt in block.stmts:
            stmt = substitute_stmt(stmt, self.value)
            if isinstance(stmt, Vjp):
                stmts += self.vjp(stmt, top and nodes == 1)
            elif isinstance(stmt, If):
                stmts.append(replace(stmt, then=self.block(stmt.then), orelse=self.block(stmt.orelse)))
            elif isinstance(stmt, (For, While)):
                stmts.append(replace(stmt, body=self.block(stmt.body)))
            else:
                if isinstance(stmt, Let) and stmt.op in ("push", "pop", "tape_len"):
                    assert isinstance(stmt.args[0], Lit)
                    self.tapes.add(stmt.args[0].value)
                stmts.append(stmt)
        end = substitute_end(block.end, self.value)
        if isinstance(end, Branch):
            end = replace(end, then=self.block(end.then), orelse=self.block(end.orelse))
        return Block(block.params, tuple(stmts), end)

    def vjp(self, stmt: Vjp, marked: bool) -> tuple[Stmt, ...]:
        params = dict(zip(stmt.block.params, stmt.args))
        derived = reverse_block(stmt.block, tuple(stmt.block.params[k] for k in stmt.wrt), stmt.seeds, self.calls, marked)
        derived = self.with_tapes(derived)
        self.env.update(params)
        assert isinstance(derived.end, Yield)
        inner = self.block(Block((), derived.stmts, derived.end))
        assert isinstance(inner.end, Yield)
        self.env.update(zip(stmt.outs, inner.end.values))
        return inner.stmts

    def with_tapes(self, block: Block) -> Block:
        """The block with names of tapes that are not taken."""
        names: dict[str, str] = {}

        def name(tape: str) -> str:
            if tape not in names:
                new, n = tape, 1
                while new in self.tapes or new in names.values():
                    n += 1
                    new = f"{tape}{n}"
                names[tape] = new
            return names[tape]

        def walk(block: Block) -> Block:
            stmts: list[Stmt] = []
            for stmt in block.stmts:
                if isinstance(stmt, Let) and stmt.op in ("push", "pop", "tape_len"):
                    assert isinstance(stmt.args[0], Lit)
                    stmt = replace(stmt, args=(Lit(name(stmt.args[0].value)), *stmt.args[1:]))
                elif isinstance(stmt, If):
                    stmt = replace(stmt, then=walk(stmt.then), orelse=walk(stmt.orelse))
                elif isinstance(stmt, (For, While)):
                    stmt = replace(stmt, body=walk(stmt.body))
                stmts.append(stmt)
            end = block.end
            if isinstance(end, Branch):
                end = replace(end, then=walk(end.then), orelse=walk(end.orelse))
            return Block(block.params, tuple(stmts), end)

        return walk(block)


def with_other_tapes(block: Block, taken: Block) -> Block:
    """A block whose tapes are not those of another one."""
    expander = _Expander(Calls((), ""))
    for stmt in all_stmts(taken):
        if isinstance(stmt, Let) and stmt.op == "push" and isinstance(stmt.args[0], Lit):
            expander.tapes.add(stmt.args[0].value)
    return expander.with_tapes(block)


def alone(stmt: Vjp, functions: tuple[Program, ...]) -> Program:
    """One derivative as a function of its arguments and seeds, without any other (for the interpreter). functions: those that it may call."""
    given = stmt_args(stmt)
    params = tuple(Var(type_of(arg)) for arg in given)
    seeds = iter(params[len(stmt.args):])
    node = replace(stmt, block=renamed(stmt.block), args=params[:len(stmt.args)], outs=tuple(Var(v.type) for v in stmt.outs),
                   seeds=tuple(None if seed is None else next(seeds) for seed in stmt.seeds))
    return expanded(Program("derivative", (), Block(params, (node,), Yield(node.outs)), callees=functions))


def _forward(block: Block, wrt: tuple[Var, ...], functions: tuple[Program, ...]) -> tuple[Block, tuple[Var, ...], tuple[Operand | None, ...], tuple[Program, ...]]:
    calls = Callees(functions, "")
    return (*forward_block(block, wrt, calls), calls.finish())


interpret.EXPAND[:] = [alone]
transforms.FORWARD[:] = [_forward]
transforms.QUIET[:] = [quiet]

__all__ = ["expand", "pull", "push_vjp", "quiet", "vjp_node", "with_other_tapes"]
