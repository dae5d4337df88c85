"""Questions about source: which nodes a piece has (without those that say nothing of their own: operators, and whether a name is read or bound), and how statements leave."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_SCOPES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef})
_LEAVES = frozenset({"ctx", "op", "ops", "id", "attr", "type_comment", "kind", "lineno"})  # fields without nodes


def nodes(*roots: Any, functions: bool = True) -> list[Any]:
    """All nodes, these included, each before those inside it; in the order of the source. `functions`: also those inside functions and classes.

    >>> [type(node).__name__ for node in nodes(ast.parse("y = x + 1").body[0])]
    ['Assign', 'Name', 'BinOp', 'Name', 'Constant']
    """
    found: list[Any] = []
    pending = list(reversed(roots))
    while pending:
        node = pending.pop()
        fields = _fields(node.__class__)
        if fields is None:
            continue
        found.append(node)
        if not functions and node.__class__ in _SCOPES:
            continue
        for name in fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                pending += value[::-1]
            else:
                pending.append(value)
    return found


@cache
def _fields(cls: type) -> tuple[str, ...] | None:
    """The fields of a class of nodes in which there may be nodes, the last one first; None for all else."""
    if not issubclass(cls, ast.AST) or issubclass(cls, _MARKS):
        return None
    return () if cls is ast.Constant else tuple(name for name in reversed(cls._fields) if name not in _LEAVES)


def parts(stmt: ast.stmt) -> list[list[ast.stmt]]:
    """The lists of statements that a compound statement is made of (not those of a function or a class)."""
    if isinstance(stmt, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    found = [value for name in ("body", "orelse", "finalbody") if (value := getattr(stmt, name, None))]
    found += [handler.body for handler in getattr(stmt, "handlers", ())]
    return [*found, *(case.body for case in getattr(stmt, "cases", ()))]


def has(stmts: list[ast.stmt], kind: type) -> bool:
    """Whether statements contain a `break` or `continue` of the loop that they are the body of."""
    for stmt in stmts:
        if isinstance(stmt, kind):
            return True
        inner = [stmt.orelse] if isinstance(stmt, (ast.For, ast.While)) else parts(stmt)
        if any(has(part, kind) for part in inner):
            return True
    return False


def has_return(stmts: list[ast.stmt]) -> bool:
    """Whether statements contain a `return` of the function that they are in."""
    return any(isinstance(stmt, ast.Return) or any(has_return(part) for part in parts(stmt)) for stmt in stmts)


def leaves_block(stmt: ast.stmt) -> bool:
    """Whether a statement may leave the block that it stands in."""
    if isinstance(stmt, (ast.Return, ast.Break, ast.Continue)):
        return True
    if isinstance(stmt, (ast.For, ast.While)):
        return has_return([stmt]) or has(stmt.orelse, ast.Break) or has(stmt.orelse, ast.Continue)
    return any(leaves_block(s) for part in parts(stmt) for s in part)


__all__ = ["has", "has_return", "leaves_block", "nodes", "parts"]
