"""Block -> the Vars that have no value on some path: results of a branch that defines them on one side only.

Code that may run on the other path must not read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..ir.nodes import UNDEFINED, Arg, Block, Branch, Break, For, If, Let, Pullback, Stmt, Var, While, Yield, variables
from ..ir.types import BOOL
from ..ir.walk import all_stmts, blocks, end_blocks, leaves, stmt_args


def undefined_somewhere(block: Block, parts: bool = False) -> frozenset[Var]:
    """All Vars in a block, and in the blocks inside it, that may be undefined where they are in scope.

    parts: also those that are read at an index that may be undefined: `x[None]` is something else than a part of x.
    """
    found: set[Var] = set()
    reading = ("copy", "index") if parts else ("copy",)
    stmts = [s for s in all_stmts(block) if isinstance(s, (If, For, While)) or (isinstance(s, Let) and s.op in reading)]
    changed = True
    while changed:
        changed = False
        for stmt in stmts:
            for out, sources in _merged(stmt):
                if out not in found and any(s is UNDEFINED or s in found for s in sources):
                    found.add(out)
                    changed = True
    return frozenset(found)


def read_where_undefined(body: Block, names: Mapping[Var, str]) -> frozenset[Var]:
    """Those that printed code reads although they may have no value: moved to another name, or used beside their branch."""
    partial = undefined_somewhere(body)
    if not partial:
        return partial
    found: set[Var] = set()
    pairs = [(source, out) for stmt in all_stmts(body) if isinstance(stmt, (If, For, While)) for out, sources in _merged(stmt)
             for source in sources if source in partial]
    found.update(source for source, out in pairs if isinstance(source, Var) and names.get(source) != names.get(out))
    # What a loop yields under the name of a carried value stays what it was where an iteration leaves without one.
    pairs += [(param, out) for stmt in all_stmts(body) if isinstance(stmt, (For, While))
              for param, out in zip(stmt.body.params[isinstance(stmt, For):], stmt.outs) if param in partial and names.get(param) == names.get(out)]
    _used_beside(body, partial, found)
    size = -1
    while size != len(found):
        size = len(found)
        found.update(source for source, out in pairs if isinstance(source, Var) and out in found)
    return frozenset(found)


def _used_beside(block: Block, partial: frozenset[Var], found: set[Var]) -> None:
    """Add the partial Vars that are read where the branch that defines them need not have been taken."""
    sides: dict[Var, tuple[Arg, bool, Arg]] = {}  # the condition, how it has to be, and the value that is taken out of the branch
    for stmt in all_stmts(block):
        if isinstance(stmt, If):
            for k, out in enumerate(stmt.outs):
                given = [isinstance(b.end, Yield) and b.end.values[k] is not UNDEFINED for b in (stmt.then, stmt.orelse)]
                if given.count(True) == 1:
                    end = (stmt.then if given[0] else stmt.orelse).end
                    assert isinstance(end, Yield)
                    sides[out] = (stmt.condition, given[0], end.values[k])

    begins = {v for stmt in all_stmts(block) if isinstance(stmt, (For, While)) for v in stmt.inits if isinstance(v, Var)}  # no statement of the user's reads these there
    reverse = False  # what the user's own code reads unbound is an error of the user's, and stays one

    def read(args: Iterable[Arg], taken: list[tuple[Arg, bool]], ours: bool = False) -> None:
        # Truth values are read by what merges paths (`x_is_other`); where the user's code reads an unbound one, a check stands before it.
        for var in (v for arg in args for v in variables(arg) if v in partial and (reverse or ours or v.hint is None or v.type == BOOL)):
            if not defined(var, taken):
                found.add(var)

    def defined(var: Arg, taken: list[tuple[Arg, bool]]) -> bool:
        if var not in partial:
            return True
        side = sides.get(var)
        return side is not None and any(condition is side[0] and way is side[1] for condition, way in taken) and defined(side[2], taken)

    def visit(block: Block, taken: list[tuple[Arg, bool]]) -> None:
        nonlocal reverse
        for stmt in block.stmts:
            reverse = reverse or isinstance(stmt, Pullback) or (isinstance(stmt, Let) and stmt.op == "mark")
            if not isinstance(stmt, (For, While)):
                read(stmt_args(stmt), taken, isinstance(stmt, Let) and (stmt.op in ("push", "copy") or (stmt.op == "index" and stmt.out in begins)))
            elif isinstance(stmt, For):
                read((stmt.start, stmt.stop, stmt.step), taken)
            ways = (True, False) if isinstance(stmt, If) else (None,)
            for inner, way in zip(blocks(stmt), ways):
                visit(inner, taken if way is None else [*taken, (stmt.condition, way)])  # type: ignore[union-attr]
        if isinstance(block.end, Branch):
            read((block.end.condition,), taken)
            for inner, side in zip(end_blocks(block.end), (True, False)):
                visit(inner, [*taken, (block.end.condition, side)])

    visit(block, [])


def _merged(stmt: Stmt) -> Iterator[tuple[Var, list[Arg]]]:
    """Each result, and each carried value, with what it may be."""
    if isinstance(stmt, Let) and stmt.out is not None:
        yield stmt.out, [v for arg in stmt.args for v in variables(arg)]
    if isinstance(stmt, If):
        ends = [b.end.values for b in (stmt.then, stmt.orelse) if isinstance(b.end, Yield)]
        for k, out in enumerate(stmt.outs):
            yield out, [values[k] for values in ends]
    elif isinstance(stmt, (For, While)):
        params = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
        ended = [b.end for b in leaves(stmt.body)]
        for k, out in enumerate(stmt.outs):
            stays = [stmt.inits[k], *(e.values[k] for e in ended if isinstance(e, Yield))]
            yield params[k], stays
            broken = [e.values[k] for e in ended if isinstance(e, Break)]
            yield out, broken if isinstance(stmt, While) else [*stays, *broken]


__all__ = ["read_where_undefined", "undefined_somewhere"]
