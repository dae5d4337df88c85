"""Block, active Vars -> Vars whose adjoint may hold zeros that stem from a selection rather than from the mathematics.

    w = np.sqrt(x)                      # its adjoint is 0 wherever the other branch, or another element, is taken
    y = np.where(x > 0.0, w, 0.0)

Such zeros absorb an infinite partial: 0 * inf is 0 here, where it would be NaN for a zero that was computed. They come from rows
that mask or scatter, from branches and iterations that do not use a value, and flow backwards from a result to its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..ir.nodes import Block, Branch, Break, For, If, Let, Lit, Stmt, Var, While, Yield, variables
from ..ir.ops import OPS
from ..ir.types import Scalar
from ..ir.walk import all_stmts, blocks, definitions, end_blocks, leaves
from .activity import carried, edges, reach

Flows = Callable[[Let, int], bool]


def tainted(body: Block, active: frozenset[Var], flows: Flows, masks: Callable[[str], bool],
            results: Iterable[Var] = ()) -> set[Var]:
    """The active Vars whose adjoints are selected. results: Vars whose adjoint is selected already."""
    backward: dict[Var, list[Var]] = {}
    stored = _stored_numbers(body)
    for source, target in edges(body, flows):
        if source in active and target in active and (source, target) not in stored:
            backward.setdefault(target, []).append(source)
    finder = _Finder(active, flows, masks)
    return reach(backward, [v for v in (*results, *finder.sources(body)) if v in active])


def _stored_numbers(body: Block) -> set[tuple[Var, Var]]:
    """(number, array that it is written into): a number that nobody reads from there has the derivative zero of the mathematics.

    To let these zeros absorb as well would cost a test for each element of every program that fills an array in loops.
    """
    return {(arg, stmt.out) for stmt in all_stmts(body) if isinstance(stmt, Let) and OPS[stmt.op].destroys == 0 and stmt.out is not None
            for arg in stmt.args[2:] if isinstance(arg, Var) and isinstance(arg.type, Scalar)}


class _Finder:
    def __init__(self, active: frozenset[Var], flows: Flows, masks: Callable[[str], bool]) -> None:
        self.active = active
        self.flows = flows
        self.masks = masks

    def sources(self, block: Block) -> Iterator[Var]:
        """The Vars to which a statement of the block gives zeros that select."""
        for stmt in block.stmts:
            yield from self.of(stmt)
            for inner in blocks(stmt):
                yield from self.sources(inner)
        if isinstance(block.end, Branch):
            yield from self.used(block.end.then) ^ self.used(block.end.orelse)
            for inner in end_blocks(block.end):
                yield from self.sources(inner)

    def of(self, stmt: Stmt) -> Iterator[Var]:
        if isinstance(stmt, Let) and self.masks(stmt.op):
            args = stmt.args if OPS[stmt.op].destroys is None else stmt.args[:1]
            yield from (v for arg in args for v in variables(arg))
        elif isinstance(stmt, If):
            yield from self.used(stmt.then) ^ self.used(stmt.orelse)
        elif isinstance(stmt, (For, While)):
            if not _certain(stmt):
                yield from self.used(stmt.body)
            ends = [leaf.end for leaf in leaves(stmt.body) if isinstance(leaf.end, (Yield, Break))]
            for k, param in enumerate(carried(stmt)):
                if param not in self.active or stmt.outs[k] not in self.active:
                    yield from (v for arg in (stmt.inits[k], *(end.values[k] for end in ends)) for v in variables(arg))

    def used(self, block: Block) -> set[Var]:
        """The outer Vars to whose adjoint the block contributes."""
        found = {source for source, target in edges(block, self.flows) if target in self.active}
        for leaf in leaves(block):
            if isinstance(leaf.end, (Yield, Break)):
                found.update(v for arg in leaf.end.values for v in variables(arg))
        return (found & self.active) - set(definitions(block))


def _certain(loop: For | While) -> bool:
    """Whether a loop certainly has an iteration."""
    if isinstance(loop, While) or not all(isinstance(a, Lit) for a in (loop.start, loop.stop, loop.step)):
        return False
    assert isinstance(loop.start, Lit) and isinstance(loop.stop, Lit) and isinstance(loop.step, Lit)
    return len(range(loop.start.value, loop.stop.value, loop.step.value)) > 0


__all__ = ["tainted"]
