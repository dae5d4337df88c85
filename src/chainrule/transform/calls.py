"""Calls of functions of the program, and the pullbacks of these.

    y = call("f", (x, n))               y, pullback = call("f_vjp", (x, n))
                                        ...
                                        (x_bar,) = apply(pullback, (y_bar,))

The frontend inlines what it can; what is left are functions that call themselves. Such a function is differentiated in the
form that returns a pullback, which holds the values that its reverse sweep needs: a tree of pullbacks takes the place of
tapes. There is one for each set of arguments that carry a derivative. Its own calls are treated in the same way, and
find it by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..ir.nodes import Block, Branch, End, For, If, Let, Lit, Make, Program, Seq, Stmt, Var, While
from ..ir.types import Opaque, Tuple
from ..ir.walk import every_stmt

PULLBACK = Opaque("pullback")


@dataclass(frozen=True)
class Called:
    """An active call: the Var of its pullback, and the arguments whose adjoints that gives."""

    pullback: Var
    args: tuple[Var, ...]


class Calls:
    """The functions of a program whose pullbacks are needed. made: those that have been derived. main: the name of the derived program."""

    def __init__(self, callees: tuple[Program, ...], main: str) -> None:
        self.main = main
        self.callees = {callee.name: callee for callee in callees}
        self.made: list[Program] = []
        self._names: dict[tuple[str, tuple[bool, ...]], str] = {}
        self._waiting: list[tuple[str, tuple[bool, ...], str]] = []

    def split(self, body: Block, active: frozenset[Var]) -> tuple[Block, dict[Let, Called], frozenset[Var]]:
        """The body with active calls replaced by calls that return a pullback beside the value; what stands for the value of
        which call; the Vars of the pairs."""
        splitter = _Splitter(self, active)
        body = splitter.block(body)
        return body, splitter.found, frozenset(splitter.pairs)

    def name(self, callee: str, mask: tuple[bool, ...]) -> str:
        """The name of the function that returns a pullback for the arguments in the mask."""
        if (callee, mask) not in self._names:
            name = f"{callee}_vjp"
            while name in self._names.values() or name in self.callees or name == self.main:
                name += "_"
            self._names[callee, mask] = name
            self._waiting.append((callee, mask, name))
        return self._names[callee, mask]

    def wanted(self) -> Iterator[tuple[Program, tuple[Var, ...], str]]:
        """The functions to derive: the program, its parameters with a derivative, and the name of the result. More may be asked
        for while these are derived."""
        while self._waiting:
            callee, mask, name = self._waiting.pop(0)
            program = self.callees[callee]
            yield program, tuple(v for v, wanted in zip(program.body.params, mask) if wanted), name

    def needed(self, body: Block) -> tuple[Program, ...]:
        """The functions that a body calls, directly or not."""
        programs = {p.name: p for p in (*self.callees.values(), *self.made)}
        found: dict[str, None] = {}
        todo = list(called(body))
        while todo:
            name = todo.pop(0)
            if name not in found:
                found[name] = None
                todo += called(programs[name].body)
        return tuple(programs[name] for name in found)


def called(body: Block) -> Iterable[str]:
    for stmt in every_stmt(body):
        if isinstance(stmt, Let) and stmt.op == "call":
            assert isinstance(stmt.args[0], Lit)
            yield stmt.args[0].value
        elif isinstance(stmt, Let) and stmt.op in ("py.solver", "rt.flow"):
            assert isinstance(stmt.args[1], Make)
            yield from (given.items[0].value for given in stmt.args[1].items)  # type: ignore[union-attr]


class _Splitter:
    def __init__(self, calls: Calls, active: frozenset[Var]) -> None:
        self.calls = calls
        self.active = active
        self.found: dict[Let, Called] = {}
        self.pairs: list[Var] = []

    def block(self, block: Block) -> Block:
        stmts = [new for stmt in block.stmts for new in self.stmt(stmt)]
        return Block(block.params, tuple(stmts), self.end(block.end))

    def end(self, end: End) -> End:
        if isinstance(end, Branch):
            return replace(end, then=self.block(end.then), orelse=self.block(end.orelse))
        return end

    def stmt(self, stmt: Stmt) -> list[Stmt]:
        if isinstance(stmt, If):
            return [replace(stmt, then=self.block(stmt.then), orelse=self.block(stmt.orelse))]
        if isinstance(stmt, (For, While)):
            return [replace(stmt, body=self.block(stmt.body))]
        if isinstance(stmt, Let) and stmt.op == "call" and stmt.out in self.active:
            return self.call(stmt)
        return [stmt]

    def call(self, stmt: Let) -> list[Stmt]:
        name, args = stmt.args
        assert stmt.out is not None and isinstance(name, Lit) and isinstance(args, Seq)
        mask = tuple(isinstance(arg, Var) and arg in self.active for arg in args.items)
        pair = Var(Tuple((stmt.out.type, PULLBACK)))
        pullback = Var(PULLBACK, "pullback")
        value = Let(stmt.out, "item", (pair, Lit(0)), stmt.span)
        self.pairs.append(pair)
        self.found[value] = Called(pullback, tuple(arg for arg in args.items if isinstance(arg, Var) and arg in self.active))
        return [Let(pair, "call", (Lit(self.calls.name(name.value, mask)), args), stmt.span), value,
                Let(pullback, "item", (pair, Lit(1)), stmt.span)]


__all__ = ["Called", "Calls", "called"]
