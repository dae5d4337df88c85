"""statements -> the names that they may read before they have bound them: what an iteration may have from the one before it.

    for k in range(3):
        if k == 0:
            before = x        # `before` is read in the next statement; where k is not 0, it is the value of the last iteration
        y = before * 0.5
        before = y

The question is that of definite assignment, answered from the syntax alone: a name counts as bound after a statement if every way
through the statement binds it. Where in doubt, a name counts as read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..constructs.syntax import nodes

Bound = frozenset[str] | None  # None: the end is not reached


def exposed(stmts: list[ast.stmt]) -> frozenset[str]:
    """Names that the statements may read before they bind them.

    >>> sorted(exposed(ast.parse("if k: y = x\\nz = y").body))
    ['k', 'x', 'y']
    """
    found: set[str] = set()
    _block(stmts, frozenset(), found)
    return frozenset(found)


def bound_in(stmts: Iterable[ast.AST]) -> frozenset[str]:
    """Names that the statements may bind (functions inside them may bind more, which are their own)."""
    found: set[str | None] = set()
    for node in nodes(*stmts):
        if node.__class__ is ast.Name:
            if isinstance(node.ctx, ast.Store):
                found.add(node.id)
        elif isinstance(node, ast.expr):
            pass
        elif isinstance(node, (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)):
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping):
            found.add(node.rest)
    return frozenset(name for name in found if name is not None)


def _block(stmts: list[ast.stmt], bound: Bound, found: set[str]) -> Bound:
    for stmt in stmts:
        if bound is None:
            break
        bound = _statement(stmt, bound, found)
    return bound


def _both(a: Bound, b: Bound) -> Bound:
    return a if b is None else b if a is None else a & b


def _statement(stmt: ast.stmt, bound: frozenset[str], found: set[str]) -> Bound:
    if isinstance(stmt, ast.If):
        bound = _expression(stmt.test, bound, found)
        return _both(_block(stmt.body, bound, found), _block(stmt.orelse, bound, found))
    if isinstance(stmt, (ast.For, ast.AsyncFor)):
        bound = _expression(stmt.iter, bound, found)
        _block(stmt.body, _expression(stmt.target, bound, found), found)
        _block(stmt.orelse, bound, found)
        return bound
    if isinstance(stmt, ast.While):
        bound = _expression(stmt.test, bound, found)
        _block(stmt.body, bound, found)
        _block(stmt.orelse, bound, found)
        return bound
    if isinstance(stmt, (ast.With, ast.AsyncWith)):
        for item in stmt.items:
            bound = _expression(item, bound, found)
        _block(stmt.body, bound, found)
        return bound  # the body may be left by an exception that the manager suppresses
    if isinstance(stmt, (ast.Try, ast.Match)) or type(stmt).__name__ == "TryStar":
        if isinstance(stmt, ast.Match):
            bound = _expression(stmt.subject, bound, found)
        for part in _parts(stmt):
            _block(part, bound, found)
        return bound
    after = _expression(stmt, bound, found)
    return None if isinstance(stmt, (ast.Return, ast.Raise, ast.Break, ast.Continue)) else after


def _parts(stmt: ast.AST) -> list[list[ast.stmt]]:
    parts: list[list[ast.stmt]] = [getattr(stmt, name, []) for name in ("body", "orelse", "finalbody")]
    return [*parts, *(part.body for name in ("handlers", "cases") for part in getattr(stmt, name, []))]


def _expression(node: ast.AST, bound: frozenset[str], found: set[str]) -> frozenset[str]:
    """What a simple statement or an expression reads, then what it binds."""
    own: set[str] = set()
    parts = nodes(node)
    for inner in parts:
        if isinstance(inner, ast.comprehension):
            own |= bound_in([inner.target])
    names = [inner for inner in parts if isinstance(inner, ast.Name)]
    found.update(name.id for name in names if not isinstance(name.ctx, ast.Store) and name.id not in bound and name.id not in own)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id not in bound:
        found.add(node.target.id)
    return bound | {name.id for name in names if isinstance(name.ctx, ast.Store) and name.id not in own}
