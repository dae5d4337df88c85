"""Explanation -> text: a table of the statements, with `rich` where it is installed and the output is a terminal, as plain text otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .model import Entry, Loop, Operand, Statement
from .summary import summary

if TYPE_CHECKING:
    from .result import Explanation

HEADS = ("line", "statement", "value", "cotangent", "operand", "local derivative", "contribution")
INPUTS = 40  # lines of gradients
SHOWN = 2  # iterations at the beginning of a loop, and as many at its end
_WIDEST = (6, 46, 34, 34, 14, 34, 34)  # columns of plain text


@dataclass(frozen=True)
class Row:
    """A row of the table. kind: "statement", "operation", "more" (a further operand), "loop", "iteration", "note"."""

    kind: str
    cells: tuple[str, ...]


def rows(explanation: Explanation, *, all_iterations: bool = False, operations: bool = True) -> Iterator[Row]:
    """The rows: of a loop, the first and the last iterations unless all are asked for; of a statement, its operations if it has several."""
    yield from _entries(explanation.entries, 0, all_iterations, operations)


def _entries(entries: list[Entry], depth: int, everything: bool, operations: bool) -> Iterator[Row]:
    for entry in entries:
        if isinstance(entry, Loop):
            yield from _loop(entry, depth, everything, operations)
        else:
            yield from _statement(entry, depth, everything, operations)


def _loop(loop: Loop, depth: int, everything: bool, operations: bool) -> Iterator[Row]:
    count = len(loop.iterations)
    yield Row("loop", (str(loop.line or ""), f"{_indent(depth)}{loop.text}", f"{count} iteration{'' if count == 1 else 's'}", "", "", "", ""))
    for n, one in enumerate(loop.iterations):
        if not everything and SHOWN <= n < count - SHOWN:
            if n == SHOWN:
                hidden = count - 2 * SHOWN
                yield Row("note", ("", f"{_indent(depth + 1)}... {hidden} more iteration{'' if hidden == 1 else 's'}", "", "", "", "", ""))
            continue
        yield Row("iteration", ("", f"{_indent(depth + 1)}[{one.number}]", "", "", "", "", ""))
        yield from _entries(one.entries, depth + 1, everything, operations)


def _statement(statement: Statement, depth: int, everything: bool, operations: bool) -> Iterator[Row]:
    operands = [operand for operand in statement.operands if operand.contribution is not None]
    values = [value for value in statement.values if value.cotangent is not None] or list(statement.values)
    count = max(len(values), len(operands), 1)
    for n in range(count):
        line, text = (str(statement.line or ""), f"{_indent(depth)}{statement.text}") if n == 0 else ("", "")
        shown = cotangent = ""
        if n < len(values):
            named = f"{values[n].name} = " if len(values) > 1 else ""
            shown = f"{named}{values[n].value}"
            cotangent = "" if values[n].cotangent is None else str(values[n].cotangent)
        yield Row("statement" if n == 0 else "more", (line, text, shown, cotangent, *_operand(operands[n] if n < len(operands) else None)))
    if operations and (len(statement.operations) > 1 or statement.entries):
        for operation in statement.operations if len(statement.operations) > 1 else ():
            passed = [operand for operand in operation.operands if operand.contribution is not None]
            for n, operand in enumerate(passed):
                first = ("", f"{_indent(depth)}  {operation.text}", str(operation.result.value), str(operation.result.cotangent or "")) if n == 0 else ("",) * 4
                yield Row("operation", (*first, *_operand(operand)))
    yield from _entries(statement.entries, depth + 1, everything, operations)


def _operand(operand: Operand | None) -> tuple[str, str, str]:
    if operand is None:
        return "", "", ""
    slope = operand.slope
    short = slope is not None and (slope.kind == "number" or slope.text.startswith("["))
    return operand.name, str(slope) if short or (slope is not None and not operand.rule) else operand.rule, str(operand.contribution)


def _indent(depth: int) -> str:
    return "  " * depth


def heading(explanation: Explanation) -> str:
    """`loss = 0.25`, and where it is defined."""
    return f"{explanation.name}: {summary(explanation.result)}"


def gradients(explanation: Explanation) -> Iterator[str]:
    """A line for each argument that is differentiated with respect to."""
    found = [value for value in explanation.inputs if value.cotangent is not None]
    for value in found[:INPUTS]:
        yield f"d {explanation.name} / d {value.name} = {value.cotangent}"
    if len(found) > INPUTS:
        yield f"... and {len(found) - INPUTS:,} more"


def plain(explanation: Explanation, *, all_iterations: bool = False, operations: bool = True) -> str:
    """The table as plain text, at most 200 columns wide."""
    found = [row.cells for row in rows(explanation, all_iterations=all_iterations, operations=operations)]
    widths = [min(most, max(len(head), *(len(cells[n]) for cells in found)) if found else len(head)) for n, (head, most) in enumerate(zip(HEADS, _WIDEST))]
    lines = ["  ".join(cut(cell, width) for cell, width in zip(cells, widths)).rstrip() for cells in (HEADS, tuple("-" * w for w in widths), *found)]
    return "\n".join([heading(explanation), "", *lines, "", *gradients(explanation)])


def cut(text: str, width: int) -> str:
    """A text in a column."""
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}\N{HORIZONTAL ELLIPSIS}"


def rich_table(explanation: Explanation, *, all_iterations: bool = False, operations: bool = True) -> Any:
    """The table as an object of `rich`. Raises ImportError without it."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    styles = {"statement": "bold", "operation": "dim", "more": "", "loop": "magenta", "iteration": "cyan", "note": "italic dim"}
    table = Table(box=SIMPLE_HEAD, title=heading(explanation), caption="\n".join(gradients(explanation)), title_style="bold", caption_justify="left", title_justify="left")
    for head in HEADS:
        table.add_column(head, no_wrap=head in ("line", "operand"), overflow="fold", justify="right" if head == "line" else "left")
    for row in rows(explanation, all_iterations=all_iterations, operations=operations):
        table.add_row(*(Text(cell, styles[row.kind] if n == 1 else "") for n, cell in enumerate(row.cells)))
    return table


def show(explanation: Explanation, *, all_iterations: bool = False, operations: bool = True) -> None:
    """Print the table."""
    try:
        from rich.console import Console
    except ImportError:
        print(plain(explanation, all_iterations=all_iterations, operations=operations))
        return
    console = Console()
    if console.is_terminal and shutil.get_terminal_size().columns >= 100:
        console.print(rich_table(explanation, all_iterations=all_iterations, operations=operations))
    else:
        print(plain(explanation, all_iterations=all_iterations, operations=operations))


__all__ = ["Row", "cut", "gradients", "heading", "plain", "rich_table", "rows", "show"]
