"""Explanation -> Graph: the values that carry a derivative, and how much of the gradient flows from each to those that it was computed from.

A node is an operation; where there are too many, a statement; where there are still too many, long loops have one node for what is between their first and
last iterations. The norm of an edge is that of what is passed on (the root of the sum of squares, where an edge stands for several).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .limit import Gap, edge, hidden, visible
from .model import Operation, Statement, Value
from .summary import number

if TYPE_CHECKING:
    from .result import Explanation

Key = Hashable
MOST = 40  # nodes
INPUTS = 24  # if there are more, those of one argument are one node
SHARED = 3  # uses of an input; one that is used more often is drawn beside each of its uses, with what that contributes


@dataclass(frozen=True)
class Node:
    """A value, or several. brief, size: value and cotangent in a word. kind: "input", "value", "result", "gap". statement: the place of its statement among those that are shown; -1 if it has none."""

    label: str
    value: str
    cotangent: str
    kind: str
    statement: int = -1
    brief: str = ""
    size: str = ""


@dataclass(frozen=True)
class Graph:
    """nodes, and edges: (from, to, norm of the gradient that flows from `to` back to `from`). level: "operation" or "statement"."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int, float], ...]
    level: str


def graph(explanation: Explanation, most: int = MOST, numbers: dict[int, int] | None = None) -> Graph:
    """The graph, with about as many nodes as `most`. numbers: by identity of a statement, its place among those that are shown."""
    keep = edge(explanation.entries, most)
    shown = list(visible(explanation.entries, keep, most))
    gaps = any(isinstance(one, Gap) for one in shown)
    count = sum(1 for one in shown if isinstance(one, Statement) for operation in one.operations if operation.result.cotangent is not None)
    if not gaps and count <= most:
        return _made(explanation, shown, "operation", lambda statement, operation: id(operation), numbers or {})
    return _made(explanation, shown, "statement", lambda statement, operation: id(statement), numbers or {})


def _made(explanation: Explanation, shown: list[Statement | Gap], level: str, key_of: Callable[[Statement, Operation], Key], numbers: dict[int, int]) -> Graph:
    nodes: dict[Key, Node] = {}
    makers: dict[int, Key] = {}  # by number of a value
    for name, values in _inputs(explanation).items():
        made = ("input", values[0].number)
        nodes[made] = _node(name, values[0], "input") if len(values) == 1 else _together(name, values)
        makers.update((value.number, made) for value in values)
    for one in shown:
        for statement, operation in _operations(one):
            if operation.result.cotangent is None:
                continue
            key: Key = id(one) if isinstance(one, Gap) else key_of(statement, operation)
            makers[operation.result.number] = key
            if isinstance(one, Gap):
                nodes.setdefault(key, Node(str(one), "", "", "gap"))
            else:
                label = operation.result.name or operation.text
                if level == "operation" and operation is not statement.operations[-1]:
                    label = operation.text
                nodes[key] = _node(label, operation.result, "value", numbers.get(id(statement), -1))
    flows: dict[tuple[Key, Key], float] = {}
    for one in shown:
        for statement, operation in _operations(one):
            to: Key = id(one) if isinstance(one, Gap) else key_of(statement, operation)
            for operand in operation.operands:
                source = makers.get(operand.value.number)
                if operand.contribution is not None and source is not None and source != to and to in nodes:
                    flows[source, to] = math.hypot(flows.get((source, to), 0.0), operand.contribution.norm or 0.0)
    flows = _apart(nodes, flows)
    used = {key for pair in flows for key in pair}
    kept = [key for key in nodes if key in used or len(nodes) == 1]
    if kept and nodes[kept[-1]].kind == "value":
        nodes[kept[-1]] = replace(nodes[kept[-1]], kind="result", label=explanation.name)
    place = {key: n for n, key in enumerate(kept)}
    return Graph(tuple(nodes[key] for key in kept), tuple((place[a], place[b], norm) for (a, b), norm in flows.items()), level)


def _apart(nodes: dict[Key, Node], flows: dict[tuple[Key, Key], float]) -> dict[tuple[Key, Key], float]:
    """The edges, where an input that is used in many places has a node beside each of them: the weights of a loop would tie all of it together."""
    uses = Counter(source for source, _ in flows if nodes[source].kind == "input")
    made: dict[tuple[Key, Key], float] = {}
    for (source, to), norm in flows.items():
        key = source
        if uses[source] > SHARED:
            key = (source, to)
            nodes[key] = replace(nodes[source], cotangent=f"{number(norm, 3)} of {nodes[source].cotangent}", size=f"norm {number(norm, 3)}")
        made[key, to] = norm
    order = list(nodes)  # what is beside a use comes before it
    for key in [key for key in order if isinstance(key, tuple) and isinstance(key[0], tuple)]:
        order.remove(key)
        order.insert(0, key)
    kept = {key: nodes[key] for key in order}
    nodes.clear()
    nodes.update(kept)
    return made


def _node(label: str, value: Value, kind: str, statement: int = -1) -> Node:
    assert value.cotangent is not None
    return Node(label, str(value.value), str(value.cotangent), kind, statement, value.value.brief, value.cotangent.size)


def _inputs(explanation: Explanation) -> dict[str, list[Value]]:
    """The inputs by name; if there are very many, by the argument that they are part of."""
    found: dict[str, list[Value]] = {}
    for value in explanation.inputs:
        found.setdefault(value.name if len(explanation.inputs) <= INPUTS else re.split(r"[.\[]", value.name)[0], []).append(value)
    return found


def _together(name: str, values: list[Value]) -> Node:
    size = math.hypot(*(value.cotangent.norm or 0.0 for value in values if value.cotangent is not None))
    return Node(name, f"{len(values)} values", f"norm {number(size, 3)}", "input", -1, f"{len(values)} values", f"norm {number(size, 3)}")


def _operations(one: Statement | Gap) -> Iterator[tuple[Statement, Operation]]:
    for statement in (one,) if isinstance(one, Statement) else hidden(one):
        for operation in statement.operations:
            yield statement, operation


def widths(graph: Graph, most: float = 9.0) -> list[float]:
    """How wide each edge is drawn: as the root of its norm, compared with the largest."""
    largest = max((norm for *_, norm in graph.edges if math.isfinite(norm)), default=0.0)
    return [most if not math.isfinite(norm) else max(0.7, most * math.sqrt(norm / largest)) if largest else 0.7 for *_, norm in graph.edges]


def dot(graph: Graph, name: str) -> str:
    """The graph in the language of Graphviz."""
    shapes = {"input": "box", "value": "ellipse", "result": "doublecircle", "gap": "plaintext"}
    lines = [f"digraph {_quoted(name)} {{", "  rankdir=TB;", "  node [fontname=\"Helvetica\", fontsize=11];"]
    for n, node in enumerate(graph.nodes):
        text = "\n".join(part for part in (node.label, node.value, f"cotangent {node.cotangent}" if node.cotangent else "") if part)
        lines.append(f"  n{n} [label={_quoted(text)}, shape={shapes[node.kind]}];")
    for (a, b, norm), width in zip(graph.edges, widths(graph)):
        lines.append(f"  n{a} -> n{b} [penwidth={width:.2f}, tooltip={_quoted(f'{norm:.3g}')}];")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


__all__ = ["MOST", "Graph", "Node", "dot", "graph", "widths"]
