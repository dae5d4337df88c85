"""An exception from generated code -> the same exception, whose traceback also shows the user's line.

After each line of generated code in the traceback stands the statement of the user's program that it stems from, as a frame
of its own: a stub, compiled under the user's file name and line number, that does nothing but raise. (Template engines map
their errors this way; the method is that of Jinja, A. Ronacher 2008.) Nothing of this costs anything until something is raised.
"""

from __future__ import annotations

import ast
import sys
from types import TracebackType
from typing import NoReturn

from .frontend.request import Compiled
from .ir.nodes import Span

__all__ = ["raise_at_user_line"]


def raise_at_user_line(error: BaseException, compiled: Compiled) -> NoReturn:
    """Raise the exception again, with the user's statements in its traceback."""
    traceback = error.__traceback__
    raise error.with_traceback(_with_user_lines(traceback.tb_next if traceback is not None else None, compiled))


def _with_user_lines(traceback: TracebackType | None, compiled: Compiled) -> TracebackType | None:
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    rest: TracebackType | None = None
    file = compiled.file or getattr(getattr(compiled.function, "__code__", None), "co_filename", "")
    for entry in reversed(entries):
        if entry.tb_frame.f_code.co_filename == file:
            span = compiled.line_map.get(entry.tb_lineno)
            stub = None if span is None else _stub(span)
            if stub is not None:
                rest = TracebackType(rest, stub.tb_frame, stub.tb_lasti, stub.tb_lineno)
        rest = TracebackType(rest, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rest


class _Here(Exception):
    pass


def _stub(span: Span) -> TracebackType | None:
    """A traceback entry at a place in the user's file."""
    statement = ast.parse("raise here").body[0]
    for node in ast.walk(statement):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno, node.col_offset = span.line, span.column
            node.end_lineno, node.end_col_offset = max(span.end_line, span.line), max(span.end_column, span.column)
    code = compile(ast.Module([statement], []), span.file, "exec")
    code = code.replace(co_name=span.function or "<module>")
    if sys.version_info >= (3, 11):
        code = code.replace(co_qualname=span.function or "<module>")
    try:
        exec(code, {"here": _Here()})
    except _Here as here:
        return here.__traceback__.tb_next if here.__traceback__ is not None else None
    return None
