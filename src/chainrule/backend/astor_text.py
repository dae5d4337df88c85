"""Python ast -> text, with comments: the one module that knows astor.

astor prints no comments, so a comment is a statement `__comment_3__`, whose line is replaced in the text.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Sequence

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # astor 0.8.1 asks for ast.Num and the like when it is imported
    import astor
    from astor.code_gen import SourceGenerator, set_precedence

WIDTH = 100
_MARKER = re.compile(r"^( *)__comment_(\d+)__$")


class _Generator(SourceGenerator):  # type: ignore[misc]
    """Prints `lambda: x` (astor has a space before the colon)."""

    def visit_Lambda(self, node: ast.Lambda) -> None:
        with self.delimit(node) as delimiters:
            set_precedence(delimiters.p, node.body)
            self.write("lambda")
            if ast.unparse(node.args):
                self.write(" ")
                self.visit_arguments(node.args)
            self.write(": ", node.body)


def comment(number: int) -> ast.stmt:
    """The statement that stands for comment `number`."""
    return ast.Expr(ast.Name(f"__comment_{number}__", ast.Load()))


def is_comment(stmt: ast.stmt) -> bool:
    return isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Name) and stmt.value.id.startswith("__comment_")


def to_text(tree: ast.Module, comments: Sequence[str]) -> str:
    """Print a module. Lines have at most 100 columns where Python allows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        text = astor.to_source(tree, pretty_string=_string, pretty_source="".join, source_generator_class=_Generator)
    lines: list[str] = []
    nested: int | None = None  # the indentation of the nested function that we are in
    for line in text.splitlines():
        marker = _MARKER.match(line)
        if marker:
            lines += [(marker[1] + part).rstrip() for part in comments[int(marker[2])].splitlines()]
        elif not line.strip():
            continue  # astor's blank lines: we put our own
        else:
            if line.startswith("def ") and lines:
                lines += ["", ""]
            elif nested is None and line.startswith(" ") and line.lstrip().startswith("def "):
                nested = len(line) - len(line.lstrip())
                lines.append("")
            elif nested is not None and len(line) - len(line.lstrip()) <= nested:
                nested = None
                lines.append("")
            lines += wrap(line) if len(line) > WIDTH else [line]
    return "\n".join(lines).strip("\n") + "\n"


def expression_text(node: ast.expr) -> str:
    """The text of one expression, on one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return str(astor.to_source(ast.Module([ast.Expr(node)], []), pretty_string=_string, pretty_source="".join,
                                   source_generator_class=_Generator)).strip()


def _string(text: str, *_: object, **__: object) -> str:
    """A string on one line (astor's own way is triple quotes over several)."""
    return repr(text)


def wrap(line: str) -> list[str]:
    """Break a long line inside its outermost brackets, after commas and before operators."""
    for depth in (1, 2, 3):
        broken = _broken(line, depth)
        if broken is not None:
            return broken
    return [line]


def _broken(line: str, depth: int) -> list[str] | None:
    indent = len(line) - len(line.lstrip())
    points: list[int] = []
    level = 0
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line.lstrip()).readline))
    except (tokenize.TokenError, IndentationError):
        return None
    for n, token in enumerate(tokens):
        column = token.start[1] + indent
        if token.string in "([{" and token.string:
            level += 1
        elif token.string in ")]}" and token.string:
            level -= 1
        elif 1 <= level <= depth:
            following = tokens[n + 1].start[1] + indent if n + 1 < len(tokens) else column
            if token.string == "," and line[following - 1] == " ":
                points.append(following)
            elif token.string in _OPERATORS and line[column - 1] == " " and line[column + len(token.string)] == " ":
                points.append(column)
    pieces: list[str] = []
    start, prefix = 0, ""
    hanging = " " * (indent + 4)
    while len(prefix) + len(line) - start > WIDTH:
        ahead = [p for p in points if p > start and len(prefix) + p - start <= WIDTH]
        if not ahead:
            return None
        pieces.append((prefix + line[start:ahead[-1]]).rstrip())
        start, prefix = ahead[-1], hanging
    pieces.append(prefix + line[start:])
    return pieces


_OPERATORS = frozenset({"+", "-", "*", "/", "@", "and", "or", "if", "else", "//", "|", "&"})

__all__ = ["comment", "expression_text", "is_comment", "to_text", "wrap"]
