"""The nodes of a piece of source, without those that say nothing of their own: operators, and whether a name is read or bound."""

from __future__ import annotations

import ast

_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def nodes(*roots: ast.AST) -> list[ast.AST]:
    """All nodes, these included, each before those inside it; in the order of the source.

    >>> [type(node).__name__ for node in nodes(ast.parse("y = x + 1").body[0])]
    ['Assign', 'Name', 'BinOp', 'Name', 'Constant']
    """
    found: list[ast.AST] = []
    pending = list(reversed(roots))
    while pending:
        node = pending.pop()
        found.append(node)
        if isinstance(node, (ast.Name, ast.Constant)):
            continue
        inner: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                inner += [item for item in value if isinstance(item, ast.AST) and not isinstance(item, _MARKS)]
            elif isinstance(value, ast.AST) and not isinstance(value, _MARKS):
                inner.append(value)
        pending += reversed(inner)
    return found


__all__ = ["nodes"]
