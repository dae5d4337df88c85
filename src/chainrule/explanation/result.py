"""What `explain` returns: one call, statement by statement, and the ways to look at it."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from .model import Adjoint, Entry, Source, Value

if TYPE_CHECKING:
    from .flow import Flow

__all__ = ["Explanation"]


class Explanation:
    """The chain rule of one call.

    name, value:  of the function, and what it returned. gradient: what `grad` returns, in the structure of the arguments.
    result:       the number that is differentiated (with `has_aux`, the first of what it returned).
    inputs:       the arguments' values, with the gradient by each.
    entries:      the statements in the order in which they were executed (see `chainrule.explanation.model`).
    sources:      the functions that were executed; adjoint: the generated text, and which line of it stems from which of theirs.

    Printed, it is a table; in a notebook, the page that `to_html` writes.
    """

    def __init__(self, name: str, value: Any, result: Any, gradient: Any, inputs: tuple[Value, ...], entries: list[Entry], sources: tuple[Source, ...],
                 adjoint: Adjoint) -> None:
        self.name, self.value, self.result, self.gradient = name, value, result, gradient
        self.inputs, self.entries, self.sources, self.adjoint = inputs, entries, sources, adjoint

    def __str__(self) -> str:
        from .table import plain

        return plain(self)

    def __repr__(self) -> str:
        return f"<explanation of {self.name}>"

    def print(self, *, all_iterations: bool = False, operations: bool = True) -> None:
        """Print the table: with `rich` where it is installed and the terminal is wide enough, as plain text otherwise.

        all_iterations: of loops, all iterations and not only the first and the last two. operations: also the operations of which a statement consists.
        """
        from .table import show

        show(self, all_iterations=all_iterations, operations=operations)

    @overload
    def to_html(self, path: None = None) -> str: ...
    @overload
    def to_html(self, path: str | os.PathLike[str]) -> None: ...
    def to_html(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """One page that needs nothing else: the primal beside its adjoint, the graph of the values, all numbers. Written to a file, or returned if there is no path.

        Of long loops it holds the first and the last iterations, so that it stays below a megabyte.
        """
        from .page import page

        text = page(self)
        if path is None:
            return text
        Path(path).write_text(text, encoding="utf-8")
        return None

    def _repr_html_(self) -> str:
        style = "width:100%;height:46rem;border:1px solid #8884;border-radius:8px"
        text = html.escape(self.to_html(), quote=False).replace("'", "&#39;")  # the page is full of double quotes, which are best left alone
        return f"<iframe title=\"{html.escape(repr(self))}\" srcdoc='{text}' style=\"{style}\"></iframe>"

    def to_dot(self) -> str:
        """The graph of the values in the language of Graphviz, edges as wide as the gradient that flows through them."""
        from .graph import dot, graph

        return dot(graph(self), self.name)

    def flow(self) -> Flow:
        """The norm of the gradient with respect to what each line computes, for each time that it was executed: `print` it, or `.plot()` it.

        >>> import numpy as np
        >>> from chainrule import explain
        >>> def repeated(x):
        ...     for _ in range(4):
        ...         x = np.sin(x) / 2
        ...     return x
        >>> explain(repeated, 0.1).flow()["x"]
        array([0.12479575, 0.24990276, 0.49996111, 1.        ])
        """
        from .flow import flow

        return flow(self)
