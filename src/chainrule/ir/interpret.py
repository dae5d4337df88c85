"""Program, arguments -> result: the meaning of the IR, executed as it stands.

Every operation returns new values; nothing is written in place. This is the reference that each pass
and the printed code are compared with: after which pass does the program give another answer?
Slow, and used in tests and in `stages` only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..structure import made
from .nodes import (
    Arg,
    Block,
    Branch,
    Break,
    For,
    If,
    Let,
    Lit,
    Make,
    Program,
    Pullback,
    Raise,
    Seq,
    Slice,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
)
from .ops import OPS
from .walk import stmt_args

# `transform/nested` knows what a derivative is: a function of its arguments and seeds, of the functions that the program has.
EXPAND: list[Callable[[Vjp, tuple[Program, ...]], Program]] = []
Env = dict[Var, Any]


class _Returned(Exception):
    """A Pullback statement ends the forward sweep early."""

    def __init__(self, value: Any) -> None:
        self.value = value


def interpret(program: Program, args: tuple[Any, ...], callees: dict[str, Program] | None = None) -> Any:
    """Run a program on flat arguments: one value for each of `program.body.params`."""
    table = {p.name: p for p in program.callees} | (callees or {})
    env: Env = dict(zip(program.body.params, args))
    machine = Interpreter(table)
    try:
        _, values = machine.block(program.body, env)
    except _Returned as returned:
        return returned.value
    return values[0]


class Interpreter:
    """Runs statements one by one, on an environment of values."""

    def __init__(self, callees: dict[str, Program]) -> None:
        self.callees = callees
        self.tapes: dict[str, list[Any]] = {}

    def block(self, block: Block, env: Env) -> tuple[str, list[Any]]:
        for n, stmt in enumerate(block.stmts):
            if isinstance(stmt, Pullback):
                raise _Returned((value_of(stmt.value, env), self.pullback(block, n, env)))
            self.stmt(stmt, env)
        end = block.end
        if isinstance(end, Branch):
            return self.block(end.then if value_of(end.condition, env) else end.orelse, env)
        if isinstance(end, Yield):
            return "yield", [value_of(v, env) for v in end.values]
        if isinstance(end, Break):
            return "break", [value_of(v, env) for v in end.values]
        raise AssertionError("the end of a block that raises was reached")

    def pullback(self, block: Block, n: int, env: Env) -> Callable[..., Any]:
        marker = block.stmts[n]
        assert isinstance(marker, Pullback)
        tapes = {name: list(tape) for name, tape in self.tapes.items()}

        def run(*cotangents: Any) -> Any:
            self.tapes = {name: list(tape) for name, tape in tapes.items()}
            inner = dict(env)
            inner.update(zip(marker.params, cotangents))
            return self.block(Block((), block.stmts[n + 1:], block.end), inner)[1][0]

        return run

    def stmt(self, stmt: Stmt, env: Env) -> None:
        if isinstance(stmt, Let):
            value = self.let(stmt, env)
            if stmt.out is not None:
                env[stmt.out] = value
        elif isinstance(stmt, If):
            _, values = self.block(stmt.then if value_of(stmt.condition, env) else stmt.orelse, env)
            env.update(zip(stmt.outs, values))
        elif isinstance(stmt, For):
            indices: Any = range(value_of(stmt.start, env), value_of(stmt.stop, env), value_of(stmt.step, env))
            self.loop(stmt, env, reversed(indices) if stmt.reverse else indices)
        elif isinstance(stmt, While):
            self.loop(stmt, env, None)
        elif isinstance(stmt, Vjp):
            env.update(zip(stmt.outs, self.derivative(stmt, [value_of(a, env) for a in stmt_args(stmt)])))

    def derivative(self, stmt: Vjp, args: list[Any]) -> list[Any]:
        """The results of a derivative inside the program, which has tapes of its own."""
        program = EXPAND[0](stmt, tuple(self.callees.values()))
        kept = self.tapes, self.callees
        self.tapes, self.callees = {}, self.callees | {p.name: p for p in program.callees}
        try:
            return self.block(program.body, dict(zip(program.body.params, args)))[1]
        finally:
            self.tapes, self.callees = kept

    def loop(self, stmt: For | While, env: Env, indices: Any) -> None:
        values = [value_of(v, env) for v in stmt.inits]
        trips = 0
        while True:
            if indices is not None:
                index = next(indices if hasattr(indices, "__next__") else (indices := iter(indices)), None)
                if index is None:
                    break
                env.update(zip(stmt.body.params, [index, *values]))
            else:
                env.update(zip(stmt.body.params, values))
            trips += 1
            kind, values = self.block(stmt.body, env)
            if kind == "break":
                break
        env.update(zip(stmt.outs, values))
        if stmt.trips is not None:
            env[stmt.trips] = trips

    def let(self, stmt: Let, env: Env) -> Any:
        args = [value_of(a, env) for a in stmt.args]
        if stmt.op == "push":
            self.tapes.setdefault(args[0], []).append(args[1])
            return None
        if stmt.op == "pop":
            return self.tapes[args[0]].pop()
        if stmt.op == "tape_len":
            return len(self.tapes.get(args[0], ()))
        if stmt.op == "call":
            return interpret(self.callees[args[0]], tuple(args[1]), self.callees)
        if stmt.op == "py.solver":
            args[1] = {key: partial(self.called, name, given) for key, (name, *given) in args[1].items()}
        if stmt.op == "apply":
            return args[0](*args[1])
        return OPS[stmt.op].run(tuple(args))

    def called(self, name: str, held: list[Any], *given: Any) -> Any:
        """A function of the program, called from outside: after what it holds come its own arguments."""
        return interpret(self.callees[name], (*held, *given), self.callees)


def value_of(arg: Arg, env: Env) -> Any:
    """The run-time value of an argument."""
    if isinstance(arg, Var):
        return env[arg]
    if isinstance(arg, Lit):
        return arg.value
    if isinstance(arg, Seq):
        items = [value_of(item, env) for item in arg.items]
        return items if arg.kind == "list" else tuple(items)
    if isinstance(arg, Slice):
        return slice(value_of(arg.start, env), value_of(arg.stop, env), value_of(arg.step, env))
    if isinstance(arg, Make):
        items = [value_of(item, env) for item in arg.items]
        return made(arg.cls, arg.keys, items)
    raise TypeError(arg)


def bind(form: Arg, value: Any, env: dict[Var, Any]) -> None:
    """Take an argument apart as its parameter's pattern says."""
    if isinstance(form, Var):
        env[form] = value
    elif isinstance(form, Seq):
        for part, item in zip(form.items, value):
            bind(part, item, env)
    elif isinstance(form, Make):
        for key, part in zip(form.keys, form.items):
            bind(part, value[key] if isinstance(value, dict) else getattr(value, key), env)
    else:
        assert isinstance(form, Lit)


__all__ = ["Interpreter", "Raise", "bind", "interpret", "value_of"]
