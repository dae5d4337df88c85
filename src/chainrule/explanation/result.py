"""What `explain` returns: one call, statement by statement, and the ways to look at it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from .model import Adjoint, Entry, Graph, Source, Value
from .summary import Summary


class Explanation:
    """The chain rule of one call.

    name, value:  of the function, and what it returned. gradient: what `grad` returns, in the structure of the arguments.
    inputs:       the arguments' values, with the gradient by each.
    entries:      the statements in the order in which they were executed (see `chainrule.explanation.model`).
    sources:      the functions that were executed; adjoint: the generated text, and which line of it stems from which of theirs.

    Printed, it is a table; in a notebook, the page that `to_html` writes.
    """

    def __init__(self, name: str, value: Any, gradient: Any, inputs: tuple[Value, ...], entries: list[Entry], sources: tuple[Source, ...],
                 adjoint: Adjoint, graph: Graph) -> None:
        self.name, self.value, self.gradient = name, value, gradient
        self.inputs, self.entries, self.sources, self.adjoint, self.graph = inputs, entries, sources, adjoint, graph

    def __str__(self) -> str:
        from .table import plain

        return plain(self)

    def __repr__(self) -> str:
        return f"<explanation of {self.name}: {len(self.graph.nodes)} values>"

    def print(self, *, all_iterations: bool = False, operations: bool = True) -> None:
        """Print the table: with `rich` where it is installed and the terminal is wide enough, as plain text otherwise.

        all_iterations: of loops, all iterations and not only the first and the last two. operations: also the operations of which a statement consists.
        """
        from .table import show

        show(self, all_iterations=all_iterations, operations=operations)


__all__ = ["Any", "Explanation", "Path", "Summary", "html"]
