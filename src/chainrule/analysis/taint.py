"""Block, active Vars -> Vars whose adjoint may hold zeros that stem from a selection rather than from the mathematics.

    w = np.sqrt(x)                      # its adjoint is 0 wherever the other branch, or another element, is taken
    y = np.where(x > 0.0, w, 0.0)

Such zeros absorb an infinite partial: 0 * inf is 0 here, where it would be NaN for a zero that was computed. They come from rows
that mask or scatter, from branches and iterations that do not use a value, and flow backwards from a result to its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..ir.nodes import Block, Branch, Break, For, If, Let, Lit, Seq, Stmt, Var, While, Yield, variables
from ..ir.ops import OPS
from ..ir.types import Array, Scalar
from ..ir.walk import all_stmts, blocks, definitions, end_blocks, leaves
from ..rules.structure import index_items, is_full
from .activity import carried, edges, reach

Flows = Callable[[Let, int], bool]


def tainted(body: Block, active: frozenset[Var], flows: Flows, masks: Callable[[str], bool],
            results: Iterable[Var] = ()) -> set[Var]:
    """The active Vars whose adjoints are selected: every way from them to the results, through loops any number of times, has a use that selects.

    results: Vars whose adjoint is selected already.
    """
    stored = _stored_numbers(body)
    selecting = set(_Finder(active, flows, masks).edges(body)) - stored
    sources: dict[Var, list[Var]] = {}  # of what contributes without selecting
    used: set[Var] = set()
    plain: set[Var] = set()
    for source, target in edges(body, flows):
        if source in active and target in active:
            used.add(source)
            if (source, target) in stored:
                plain.add(source)
            elif (source, target) not in selecting:
                sources.setdefault(target, []).append(source)
    plain |= active - used - set(results)
    return set(active) - reach(sources, plain)


def _stored_numbers(body: Block) -> set[tuple[Var, Var]]:
    """(number, array that it is written into): a number that nobody reads from there has the derivative zero of the mathematics.

    To let these zeros absorb as well would cost a test for each element of every program that fills an array in loops.
    """
    found: set[tuple[Var, Var]] = set()
    for stmt in all_stmts(body):
        if isinstance(stmt, Let) and isinstance(stmt.out, Var) and isinstance(stmt.out.type, Array):
            written = stmt.args[2:] if OPS[stmt.op].destroys == 0 else [arg for arg in stmt.args if isinstance(arg, Seq)]  # np.array([a, b])
            found.update((var, stmt.out) for arg in written for var in variables(arg) if isinstance(var.type, Scalar))
    return found


class _Finder:
    def __init__(self, active: frozenset[Var], flows: Flows, masks: Callable[[str], bool]) -> None:
        self.active = active
        self.flows = flows
        self.masks = masks

    def edges(self, block: Block) -> Iterator[tuple[Var, Var]]:
        """(source, target): the uses that give zeros to a source which select."""
        for stmt in block.stmts:
            yield from self.of(stmt)
            for inner in blocks(stmt):
                yield from self.edges(inner)
        if isinstance(block.end, Branch):
            yield from self.one_sided(block.end.then, block.end.orelse, ())
            for inner in end_blocks(block.end):
                yield from self.edges(inner)

    def of(self, stmt: Stmt) -> Iterator[tuple[Var, Var]]:
        if isinstance(stmt, Let) and self.masks(stmt.op) and stmt.out is not None and not _takes_all(stmt):
            args = stmt.args if OPS[stmt.op].destroys is None else stmt.args[:1]
            yield from ((v, stmt.out) for arg in args for v in variables(arg))
        elif isinstance(stmt, If):
            yield from self.one_sided(stmt.then, stmt.orelse, stmt.outs)
        elif isinstance(stmt, (For, While)):
            if not _certain(stmt):
                own = set(definitions(stmt.body))
                yield from ((source, target) for source, target in edges(stmt.body, self.flows) if source not in own)
            ends = [leaf.end for leaf in leaves(stmt.body) if isinstance(leaf.end, (Yield, Break))]
            for k, param in enumerate(carried(stmt)):
                if param not in self.active or stmt.outs[k] not in self.active:
                    yield from ((v, target) for arg in (stmt.inits[k], *(end.values[k] for end in ends)) for v in variables(arg)
                                for target in (param, stmt.outs[k]))

    def one_sided(self, then: Block, orelse: Block, outs: tuple[Var, ...]) -> Iterator[tuple[Var, Var]]:
        """The uses, in one of two blocks, of outer Vars that the other block does not use."""
        pairs = [self.used(then, outs), self.used(orelse, outs)]
        for mine, other in (pairs, pairs[::-1]):
            others = {source for source, _ in other}
            yield from ((source, target) for source, target in mine if source not in others)

    def used(self, block: Block, outs: tuple[Var, ...]) -> list[tuple[Var, Var]]:
        """The uses of outer Vars by which a block contributes to their adjoints."""
        own = set(definitions(block))
        found = [(source, target) for source, target in edges(block, self.flows) if target in self.active]
        for leaf in leaves(block):
            if isinstance(leaf.end, (Yield, Break)):
                found += [(v, out) for arg, out in zip(leaf.end.values, outs) for v in variables(arg)]
        return [(source, target) for source, target in found if source in self.active and source not in own]


def _takes_all(let: Let) -> bool:
    """Whether an index leaves nothing out: a number where there is one element, `(h @ x)[0]`."""
    if let.op != "index" or not isinstance(let.args[0], Var) or not isinstance(let.args[0].type, Array) or let.args[0].type.shape is None:
        return False
    if is_full(let.args[1]):
        return True
    shape = let.args[0].type.shape
    items = [item for item in index_items(let.args[1]) if not (isinstance(item, Lit) and item.value is None)]  # which only adds an axis
    if any(isinstance(item, Lit) and item.value is Ellipsis for item in items):
        return False
    return len(items) <= len(shape) and all(is_full(item) or (isinstance(item, Lit) and type(item.value) is int and extent == 1)
                                            for item, extent in zip(items, shape))


def _certain(loop: For | While) -> bool:
    """Whether a loop certainly has an iteration."""
    if isinstance(loop, While) or not all(isinstance(a, Lit) for a in (loop.start, loop.stop, loop.step)):
        return False
    assert isinstance(loop.start, Lit) and isinstance(loop.stop, Lit) and isinstance(loop.step, Lit)
    return len(range(loop.start.value, loop.stop.value, loop.step.value)) > 0


__all__ = ["tainted"]
