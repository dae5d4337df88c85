"""Function -> liveness: which names may still be read at each of its statements (the classical backward analysis, on the syntax).

A name whose next use is an assignment is dead: a loop need not carry it, and an array that only dead names see may be written by others.
What functions inside the function read is live everywhere. Statements of kinds that are not known here make everything live inside them.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..constructs.syntax import nodes

Names = frozenset[str]
_CONSUMERS = frozenset({"sum", "min", "max", "any", "all", "list", "tuple", "dict", "set", "sorted", "frozenset"})  # of all of a generator expression
_NOTHING: Names = frozenset()


@dataclass
class Liveness:
    """The names that may be read, by statement."""

    always: Names = _NOTHING  # read by inner functions, at any time
    during: dict[ast.stmt, Names] = field(default_factory=dict)  # from within a statement on
    header: dict[ast.stmt, Names] = field(default_factory=dict)  # from the end of a loop's body on

    def live(self, name: str, at: ast.stmt | None) -> bool:
        return name in self.always or at is None or at not in self.during or name in self.during[at]

    def live_again(self, name: str, loop: ast.stmt) -> bool:
        return name in self.always or loop not in self.header or name in self.header[loop]


@dataclass(frozen=True)
class _Exits:
    """What is live after `break` and after `continue`."""

    after_break: Names = _NOTHING
    after_continue: Names = _NOTHING


def liveness(function: Any) -> Liveness:
    """The liveness of a function or a lambda."""
    body = function.body if isinstance(function.body, list) else []
    found = Liveness(_inner_reads(function))
    if not body:
        found.always |= _reads(function.body)
    _block(found, body, _NOTHING, _Exits(), lambda: _reads(*body))
    return found


def liveness_of_block(stmts: list[ast.stmt], after: Names) -> Liveness:
    """The liveness of statements that are executed on their own; `after`: the names that are read after them."""
    found = Liveness(frozenset().union(*(_inner_reads(s) for s in stmts)))
    _block(found, stmts, after, _Exits(), lambda: _reads(*stmts) | after)
    return found


def _block(found: Liveness, stmts: list[ast.stmt], after: Names, exits: _Exits, everything: Callable[[], Names]) -> Names:
    """The names that are live before statements, given those that are live after them; notes what is live at each."""
    for stmt in reversed(stmts):
        before = _before(found, stmt, after, exits, everything)
        single = isinstance(stmt, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and isinstance(
            stmt.targets[0] if isinstance(stmt, ast.Assign) else stmt.target, ast.Name) and not (isinstance(stmt, ast.Assign) and len(stmt.targets) > 1)
        # While `x = ...` is evaluated, the old array of `x` is dead; of `x, y[0] = ...` the new one is alive when `y` is written.
        found.during[stmt] = found.during.get(stmt, _NOTHING) | before | (_NOTHING if single else after) | found.header.get(stmt, _NOTHING)
        after = before
    return after


def _before(found: Liveness, stmt: ast.stmt, after: Names, exits: _Exits, everything: Callable[[], Names]) -> Names:
    if isinstance(stmt, ast.If):
        return _reads(stmt.test) | _block(found, stmt.body, after, exits, everything) | _block(found, stmt.orelse, after, exits, everything)
    if isinstance(stmt, (ast.For, ast.While)):
        left = _block(found, stmt.orelse, after, exits, everything)
        test = _reads(stmt.target) if isinstance(stmt, ast.For) else _reads(stmt.test)
        bound = _stored(stmt.target) if isinstance(stmt, ast.For) else _NOTHING
        header = left | test
        while True:
            wider = header | (_block(found, stmt.body, header, _Exits(after, header), everything) - bound)
            if wider == header:
                break
            header = wider
        found.header[stmt] = found.header.get(stmt, _NOTHING) | header
        return header | (_reads(stmt.iter) if isinstance(stmt, ast.For) else _NOTHING)
    if isinstance(stmt, (ast.Return, ast.Raise)):
        return _reads(stmt)
    if isinstance(stmt, ast.Break):
        return exits.after_break
    if isinstance(stmt, ast.Continue):
        return exits.after_continue
    if isinstance(stmt, ast.Assign):
        return (after - frozenset().union(*map(_stored, stmt.targets))) | _reads(stmt.value, *stmt.targets)
    if isinstance(stmt, ast.AnnAssign):
        bound = _stored(stmt.target) if stmt.value is not None else _NOTHING
        return (after - bound) | _reads(stmt.target, *([stmt.value] if stmt.value is not None else []))
    if isinstance(stmt, ast.AugAssign):
        return after | _reads(stmt)
    if isinstance(stmt, (ast.Expr, ast.Assert, ast.Delete, ast.Pass, ast.Nonlocal)):
        return after | _reads(stmt)
    if isinstance(stmt, ast.FunctionDef):
        return (after - {stmt.name}) | _reads(stmt)
    for inner in ast.walk(stmt):
        if isinstance(inner, ast.stmt):
            found.during[inner] = found.header[inner] = everything() | after
    return everything() | after


def _stored(target: ast.expr) -> Names:
    """The names that an assignment's target binds."""
    if isinstance(target, ast.Name):
        return frozenset([target.id])
    if isinstance(target, ast.Starred):
        return _stored(target.value)
    if isinstance(target, (ast.Tuple, ast.List)):
        return frozenset().union(*map(_stored, target.elts))
    return _NOTHING


def reads(*roots: ast.AST) -> tuple[str, ...]:
    """The names that are read anywhere in some nodes, functions inside them included; in order."""
    found: dict[str, None] = {}
    for node in nodes(*roots):
        if node.__class__ is ast.Name:
            if node.ctx.__class__ is ast.Load:
                found[node.id] = None
        elif node.__class__ is ast.AugAssign and isinstance(node.target, ast.Name):
            found[node.target.id] = None
    return tuple(found)


@functools.lru_cache(maxsize=4096)  # of a loop's body, each statement is looked at again and again
def _reads(*roots: ast.AST) -> Names:
    return frozenset(reads(*roots))


@functools.lru_cache(maxsize=256)
def _inner_reads(function: ast.AST) -> Names:
    """The names that functions inside a function read."""
    parts = nodes(function)
    inner = (n for n in parts if n is not function and isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))
    consumed = {part for n in parts if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in _CONSUMERS for part in n.args}
    waiting = (n for n in parts if isinstance(n, ast.GeneratorExp) and n not in consumed)  # executed at any time
    return _reads(*inner, *waiting)
