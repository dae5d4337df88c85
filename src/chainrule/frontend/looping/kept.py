"""`for k in checkpointed(range(n), budget=k)`: the loop is marked, and goes through what is inside."""

from __future__ import annotations

import ast
from typing import Any

from ...ir.nodes import Checkpoints
from ..execution.machine import Machine
from ..execution.values import Lazy, Value


def checkpointed(m: Machine, stmt: ast.For, iterable: Value) -> Value:
    """What a loop goes through; notes how few states it keeps, if it says so."""
    loop = place(m, stmt)
    m.checkpoints.pop(loop, None)
    if not (isinstance(iterable, Lazy) and iterable.kind == "checkpointed"):
        return iterable
    inside, budget, spill = iterable.parts
    m.checkpoints[loop] = Checkpoints(m.static(budget, "the number of states to keep"), m.static(spill, "where states are kept"))
    return inside


def place(m: Machine, stmt: Any) -> Any:
    """What identifies a loop: where it stands."""
    return (m.source.file, stmt.lineno, stmt.col_offset)


__all__ = ["checkpointed", "place"]
