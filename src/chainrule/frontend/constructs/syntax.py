"""The nodes of a piece of source, without those that say nothing of their own: operators, and whether a name is read or bound."""

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


__all__ = ["nodes"]
