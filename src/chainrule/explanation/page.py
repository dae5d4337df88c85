"""Explanation -> one HTML page that needs nothing else.

The page is a template, a style sheet and a script (`static/`), and the explanation as JSON, from which the script draws everything. Texts are set as text, never
as markup. What is too long is cut (see `limit`): the page holds at most so many statements, and at most so many characters of each text.
"""

from __future__ import annotations

import html
import json
import math
import os
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..highlight import CLASSES, spans
from .flow import Flow, flow
from .graph import graph, widths
from .layout import HEIGHT, WIDTH, layout
from .limit import Gap, edge, in_a_row, iterations
from .model import Entry, Loop, Operand, Operation, Source, Statement, Value
from .summary import Summary, number, shaped, summary

if TYPE_CHECKING:
    from .result import Explanation

STATEMENTS = (400, 200, 100, 50, 25)  # on the page: as many as there is room for
OPERATIONS = 40  # of one statement
LINES = 1200  # of a source
INPUTS = 200
TEXT = 160  # characters of an expression
POINTS = 240  # of a line of the flow
ROOM = 800_000  # bytes of data; the page is to be smaller than a megabyte


def page(explanation: Explanation) -> str:
    """The page, as text."""
    static = files(__package__) / "static"
    parts = {name: (static / f"page.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    for most in STATEMENTS:
        data = json.dumps(_Collected(explanation, most).data(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        if len(data.encode()) <= ROOM:
            break
    text = parts["html"]
    for name, value in (("title", html.escape(explanation.name)), ("css", parts["css"]), ("js", parts["js"]), ("data", data)):
        text = text.replace(f"{{{{ {name} }}}}", value)
    return text


class _Collected:
    """What the script is given. Statements are numbered in the order in which they are shown."""

    def __init__(self, explanation: Explanation, most: int) -> None:
        self.explanation = explanation
        self.most = most
        self.keep = edge(explanation.entries, most)
        self.numbers: dict[int, int] = {}

    def data(self) -> dict[str, Any]:
        explanation = self.explanation
        entries = self.entries(explanation.entries)
        return {
            "name": explanation.name,
            "result": _summary(summary(explanation.result)),
            "inputs": [self.value(value) for value in explanation.inputs[:INPUTS]],
            "hidden": max(0, len(explanation.inputs) - INPUTS),
            "sources": [_source(source) for source in explanation.sources],
            "adjoint": {"lines": _numbered(explanation.adjoint.text.rstrip("\n").split("\n"), 1), "stems": self.stems()},
            "entries": entries,
            "count": len(self.numbers),
            "graph": self.graph(),
            "flow": _flow(flow(explanation)),
        }

    def stems(self) -> dict[int, list[int]]:
        """Line of the adjoint -> source, line of the user's, visit."""
        found = {line: [*self.place(file, at), visit] for line, (file, at, visit) in self.explanation.adjoint.stems.items()}
        return {line: place for line, place in found.items() if place[0] >= 0}

    def place(self, file: str, line: int) -> list[int]:
        for n, source in enumerate(self.explanation.sources):
            if source.file == file and source.first <= line < source.first + len(source.lines):
                return [n, line]
        return [-1, line]

    # -- the statements --------------------------------------------------------------------------------------------

    def entries(self, entries: list[Entry]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for entry in in_a_row(entries, self.most):
            if isinstance(entry, Gap):
                found.append({"gap": str(entry)})
            elif isinstance(entry, Loop):
                found.append(self.loop(entry))
            else:
                found.append(self.statement(entry))
        return found

    def loop(self, loop: Loop) -> dict[str, Any]:
        shown = [{"gap": str(one)} if isinstance(one, Gap) else {"n": one.number, "entries": self.entries(one.entries)} for one in iterations(loop, self.keep)]
        return {"loop": cut(loop.text), "at": self.place(loop.file, loop.line), "count": len(loop.iterations), "iterations": shown}

    def statement(self, statement: Statement) -> dict[str, Any]:
        self.numbers[id(statement)] = len(self.numbers)
        made: dict[str, Any] = {
            "i": self.numbers[id(statement)],
            "text": cut(statement.text) or "(before the first statement)",
            "at": self.place(statement.file, statement.line),
            "visit": statement.visit,
            "values": [self.value(value) for value in statement.values],
            "operands": [self.operand(operand) for operand in statement.operands],
        }
        operations = [operation for operation in statement.operations if any(operand.contribution is not None for operand in operation.operands)]
        if len(operations) > 1:
            made["operations"] = [self.operation(operation) for operation in operations[-OPERATIONS:]]
            if len(operations) > OPERATIONS:
                made["hidden"] = len(operations) - OPERATIONS
        if statement.entries:
            made["entries"] = self.entries(statement.entries)
        return made

    def operation(self, operation: Operation) -> dict[str, Any]:
        return {"text": cut(operation.text), **self.value(operation.result), "operands": [self.operand(operand) for operand in operation.operands if operand.contribution is not None]}

    def operand(self, operand: Operand) -> dict[str, Any]:
        made = {"name": cut(operand.name), "v": _summary(operand.value.value), "d": _summary(operand.slope), "rule": cut(operand.rule), "c": _summary(operand.contribution)}
        return {key: value for key, value in made.items() if value}

    def value(self, value: Value) -> dict[str, Any]:
        made = {"name": cut(value.name), "v": _summary(value.value), "g": _summary(value.cotangent)}
        return {key: part for key, part in made.items() if part}

    # -- the graph ---------------------------------------------------------------------------------------------------

    def graph(self) -> dict[str, Any]:
        made = graph(self.explanation, numbers=self.numbers)
        placed = layout(made)
        nodes = [{"label": cut(node.label), "v": node.value, "g": node.cotangent, "vb": node.brief, "gb": node.size, "kind": node.kind, "s": node.statement, "x": round(x, 1), "y": round(y, 1)}
                 for node, (x, y) in zip(made.nodes, placed.centres)]
        edges = [{"a": a, "b": b, "n": number(norm, 3), "w": round(width, 2), "d": _curve(points)}
                 for (a, b, norm), width, points in zip(made.edges, widths(made), placed.paths)]
        return {"nodes": nodes, "edges": edges, "width": math.ceil(placed.width), "height": math.ceil(placed.height), "box": [WIDTH, HEIGHT], "level": made.level}


def cut(text: str, most: int = TEXT) -> str:
    """A text that is not too long."""
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _summary(found: Summary | None) -> dict[str, Any] | None:
    if found is None:
        return None
    made: dict[str, Any] = {"t": found.text}
    if found.shape is not None:
        made["shape"] = shaped(found.shape)
    if found.dtype:
        made["dtype"] = found.dtype
    if found.kind == "array":
        made |= {name: number(value, 4) for name, value in (("min", found.min), ("mean", found.mean), ("max", found.max)) if value is not None}
    if found.norm is not None:
        made["norm"] = number(found.norm, 4)
        if math.isfinite(found.norm) and found.norm > 0:
            made["log"] = round(math.log10(found.norm), 2)
    return made


def _source(source: Source) -> dict[str, Any]:
    indent = min((len(line) - len(line.lstrip()) for line in source.lines if line.strip()), default=0)
    return {"name": source.name, "file": os.path.basename(source.file), "first": source.first, "lines": _numbered([line[indent:] for line in source.lines], source.first)}


def _flow(found: Flow) -> list[dict[str, Any]]:
    made = []
    for one in found.series:
        if len(one.norms) > 1:
            places = np.unique(np.linspace(0, len(one.norms) - 1, POINTS).round().astype(int)) if len(one.norms) > POINTS else np.arange(len(one.norms))
            logs = [round(math.log10(norm), 3) if norm > 0 and math.isfinite(norm) else None for norm in one.norms[places].tolist()]
            made.append({"name": cut(one.name, 40), "line": one.line, "count": len(one.norms), "at": places.tolist(), "logs": logs})
    return made


def _curve(points: tuple[tuple[float, float], ...]) -> str:
    """A path through points that leaves and enters each of them vertically."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (a, b), (c, d) in pairwise(points):
        middle = (b + d) / 2
        path += f"C{a:.1f} {middle:.1f} {c:.1f} {middle:.1f} {c:.1f} {d:.1f}"
    return path


def _numbered(lines: list[str], first: int) -> list[list[Any]]:
    """The lines with their numbers; of very many, the first and the last."""
    made: list[list[Any]] = [[first + n, parts] for n, parts in enumerate(highlighted(lines))]
    if len(made) > LINES:
        half = LINES // 2
        made[half:-half] = [[0, [["c", f"... {len(made) - 2 * half:,} more lines"]]]]
    return made


def highlighted(lines: list[str]) -> list[list[list[str]]]:
    """Each line as a list of (class, text): what kind of word it is, as in `highlight`."""
    made: list[list[list[str]]] = [[]]
    for kind, text in spans("\n".join(lines)):
        for n, part in enumerate(text.split("\n")):
            if n:
                made.append([])
            if part:
                made[-1].append([CLASSES.get(kind, ""), part])
    return made


__all__ = ["page"]
