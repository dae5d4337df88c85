"""Call, gradient -> Explanation: the statements, the sources that they stand in, and the graph of the values."""

from __future__ import annotations

import ast
import linecache
from typing import Any

from .build import built
from .calls import Call
from .model import Adjoint, Source, statements
from .result import Explanation


def explanation(call: Call, gradient: Any) -> Explanation:
    """What is shown of one call."""
    made = built(call)
    inputs = tuple(made.value(node) for node in call.record.params if node.active)
    stems = {line: (span.file, span.line, made.visits.get(id(span), -1)) for line, span in call.lines.items()}
    return Explanation(call.source.name, call.record.returned, call.record.result.value, gradient, inputs, made.entries, _sources(call, made.entries), Adjoint(call.text, stems))


def _sources(call: Call, entries: list[Any]) -> tuple[Source, ...]:
    """The functions in which statements were executed, that of the call first."""
    own = call.source
    first, last = own.node.lineno, own.node.end_lineno or own.node.lineno
    found: dict[tuple[str, int], Source] = {(own.file, first): Source(own.name, own.file, first, tuple(line.rstrip("\n") for line in own.lines[first - 1 : last]))}
    for statement, _, _ in statements(entries):
        if not statement.file or any(s.file == statement.file and s.first <= statement.line < s.first + len(s.lines) for s in found.values()):
            continue
        lines = linecache.getlines(statement.file)
        try:
            tree = ast.parse("".join(lines))
        except (SyntaxError, ValueError):
            continue
        around = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= statement.line <= (node.end_lineno or 0)]
        if around:
            node = min(around, key=lambda node: (node.end_lineno or 0) - node.lineno)
            last = node.end_lineno or node.lineno
            found[statement.file, node.lineno] = Source(node.name, statement.file, node.lineno, tuple(line.rstrip("\n") for line in lines[node.lineno - 1 : last]))
    return tuple(found.values())


__all__ = ["explanation"]
