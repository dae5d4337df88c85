"""`for k in checkpointed(range(n), budget=k)`: the loop is marked, and goes through what is inside."""

from __future__ import annotations

import ast
import sys
from typing import Any

from ...ir.nodes import Checkpoints, Lit
from ..execution.machine import Machine
from ..execution.values import IteratorV, Lazy, Range, Static, Value


def checkpointed(m: Machine, stmt: ast.For, iterable: Value) -> Value:
    """What a loop goes through; notes how few states it keeps, if it says so."""
    loop = place(m, stmt)
    m.checkpoints.pop(loop, None)
    if not (isinstance(iterable, Lazy) and iterable.kind == "checkpointed"):
        return iterable
    inside, budget, spill = iterable.parts
    m.checkpoints[loop] = Checkpoints(m.static(budget, "the number of states to keep"), m.static(spill, "where states are kept"))
    return _counting(m, stmt, inside)


def _counting(m: Any, stmt: ast.For, value: Value) -> Value:
    """`itertools.count()` that nobody else sees, as a range without end."""
    from ..containers.iterator_loops import is_held
    from ..containers.iterators import position

    if not isinstance(value, IteratorV) or not isinstance(value.source, Lazy) or value.source.kind != "count":
        return value
    bounds = [m.operand(part) for part in value.source.parts]
    if not all(isinstance(b, Lit) and type(b.value) is int and b.value >= 0 for b in bounds) or position(m, value) != Static(0) or is_held(m, value, stmt):
        return value
    return Range(bounds[0], Lit(sys.maxsize), bounds[1])


def place(m: Machine, stmt: Any) -> Any:
    """What identifies a loop: where it stands."""
    return (m.source.file, stmt.lineno, stmt.col_offset)


__all__ = ["checkpointed", "place"]
