"""Program -> str: the IR as readable text, for people and for before/after tests.

    def f(x, n):
        s = x
        for k in range(0, n, 1) carrying s1 = s -> s2:
            t1 = s1 * x
            yield t1
        return s2

Each Var has one name: its hint, made unique in order of definition; values without one are t1, t2 and so on.
This is not the printed code: nothing is folded, coalesced or written in place here.
"""

from __future__ import annotations

from typing import Any

from .nodes import (
    UNDEFINED,
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
    Seq,
    Slice,
    Stmt,
    Var,
    Vjp,
    Yield,
)

_BINARY = {"+", "-", "*", "/", "//", "%", "**", "@", "<", "<=", ">", ">=", "==", "!=", "is", "is not", "in", "not in",
           "&", "|", "^", "<<", ">>"}
_INDENT = "    "


def text(program: Program) -> str:
    """The program as text; equal for equal programs, whatever ran before."""
    names = Names()
    patterns = [name if isinstance(pattern, Var) and names(pattern) == name else f"{name}={names.arg(pattern)}"
                for name, pattern in program.signature] or [names(v) for v in program.body.params]
    lines = [f"def {program.name}({', '.join(patterns)}):"]
    lines += [_INDENT + line for line in _block(program.body, names, "return")]
    for callee in program.callees:
        lines += ["", *text(callee).split("\n")]
    return "\n".join(lines)


def show(block: Block) -> str:
    """A block as text."""
    return "\n".join(_block(block, Names(), "yield"))


class Names:
    """Var -> name, given in the order of the first request."""

    def __init__(self) -> None:
        self.names: dict[Var, str] = {}
        self.taken: set[str] = set()
        self.count = 0

    def __call__(self, var: Var) -> str:
        if var not in self.names:
            self.names[var] = self._fresh(var.hint)
        return self.names[var]

    def _fresh(self, hint: str | None) -> str:
        name, n = hint, 1
        while name is None or name in self.taken:
            if hint is None:
                self.count += 1
                name = f"t{self.count}"
            else:
                n += 1
                name = f"{hint}{n}"
        self.taken.add(name)
        return name

    def arg(self, arg: Arg) -> str:
        """An argument as text."""
        if isinstance(arg, Var):
            return self(arg)
        if isinstance(arg, Lit):
            return _literal(arg)
        if isinstance(arg, Seq):
            inside = ", ".join(self.arg(item) for item in arg.items)
            if arg.kind == "list":
                return f"[{inside}]"
            return f"({inside},)" if len(arg.items) == 1 else f"({inside})"
        if isinstance(arg, Slice):
            start, stop, step = ("" if isinstance(p, Lit) and p.value is None else self.arg(p) for p in (arg.start, arg.stop, arg.step))
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return f"{_name_of(arg.cls)}({', '.join(f'{k}={self.arg(v)}' for k, v in zip(arg.keys, arg.items))})"


def _name_of(cls: Any) -> str:
    return getattr(cls, "__name__", str(cls))


def _literal(lit: Lit) -> str:
    if lit is UNDEFINED:
        return "undefined"
    if callable(lit.value):
        return _name_of(lit.value)
    return "..." if lit.value is Ellipsis else repr(lit.value)


def _block(block: Block, names: Names, word: str) -> list[str]:
    for param in block.params:
        names(param)
    lines = [line for stmt in block.stmts for line in _stmt(stmt, names, word)]
    end = block.end
    if isinstance(end, Branch):
        lines.append(f"if {names.arg(end.condition)}:")
        lines += [_INDENT + line for line in _block(end.then, names, word)]
        lines.append("else:")
        lines += [_INDENT + line for line in _block(end.orelse, names, word)]
    elif isinstance(end, (Yield, Break)):
        values = ", ".join(names.arg(v) for v in end.values)
        lines.append(("break " if isinstance(end, Break) else f"{word} ") + values if values else
                     "break" if isinstance(end, Break) else "pass")
    return lines or ["pass"]


def _stmt(stmt: Stmt, names: Names, word: str) -> list[str]:
    if isinstance(stmt, Let):
        return [_let(stmt, names)]
    if isinstance(stmt, Pullback):
        value = names.arg(stmt.value)
        return [f"return {value}, pullback where pullback({', '.join(map(names, stmt.params))}):"]
    if isinstance(stmt, Vjp):
        pairs = ", ".join(f"{names(p)} = {names.arg(arg)}" for p, arg in zip(stmt.block.params, stmt.args))
        body = [_INDENT + line for line in _block(stmt.block, names, "yield")]
        seeds = ", ".join("None" if seed is None else names.arg(seed) for seed in stmt.seeds)
        wrt = ", ".join(names(stmt.block.params[k]) for k in stmt.wrt)
        return [f"vjp of {pairs} by {seeds} with respect to {wrt}" + _outs(stmt.outs, names) + ":", *body]
    if isinstance(stmt, If):
        lines = [f"if {names.arg(stmt.condition)}:"]
        lines += [_INDENT + line for line in _block(stmt.then, names, "yield")]
        lines.append("else:")
        lines += [_INDENT + line for line in _block(stmt.orelse, names, "yield")]
        lines[0] = lines[0][:-1] + _outs(stmt.outs, names) + ":"
        return lines
    inits = [names.arg(v) for v in stmt.inits]
    if isinstance(stmt, For):
        bounds = ", ".join(names.arg(v) for v in (stmt.start, stmt.stop, stmt.step))
        index, *carried = stmt.body.params
        kept = "" if stmt.checkpoints is None else f" keeping {stmt.checkpoints.budget} states"
        head = f"for {names(index)} in " + (f"reversed(range({bounds}))" if stmt.reverse else f"range({bounds})") + kept
    else:
        carried = list(stmt.body.params)
        head = "while True"
    pairs = ", ".join(f"{names(p)} = {init}" for p, init in zip(carried, inits))
    body = [_INDENT + line for line in _block(stmt.body, names, "yield")]
    trips = f" counting {names(stmt.trips)}" if stmt.trips else ""
    return [head + (f" carrying {pairs}" if pairs else "") + _outs(stmt.outs, names) + trips + ":", *body]


def _outs(outs: tuple[Var, ...], names: Names) -> str:
    return f" -> {', '.join(map(names, outs))}" if outs else ""


def _let(stmt: Let, names: Names) -> str:
    args = [names.arg(a) for a in stmt.args]
    if stmt.out is None:
        return f"{stmt.op}({', '.join(args)})"
    target = f"{names(stmt.out)} = "
    if stmt.op in _BINARY and len(args) == 2:
        return f"{target}{args[0]} {stmt.op} {args[1]}"
    if stmt.op == "index":
        return f"{target}{args[0]}[{args[1][1:-1] if isinstance(stmt.args[1], Seq) and stmt.args[1].kind == 'tuple' else args[1]}]"
    if stmt.op in ("neg", "not"):
        return f"{target}{'-' if stmt.op == 'neg' else 'not '}{args[0]}"
    return f"{target}{stmt.op}({', '.join(args)})"


__all__ = ["Make", "Names", "show", "text"]
