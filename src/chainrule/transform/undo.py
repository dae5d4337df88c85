"""Block -> Block, and loop, number -> versions: stores into single elements that the reverse sweep can take back.

    for i in range(0, n) carrying x:            for i in range(0, n) carrying x:
        v = b[i] - a[i] @ x                         v = b[i] - a[i] @ x
        x1 = store(x, [i], v)                       old = x[i]
        yield x1                                    x1 = store(x, [i], v)
                                                    yield x1

The reverse of such a loop needs x of each iteration. To keep a copy of it for each takes as much memory as there are iterations times
elements; to keep `old` takes one element for each iteration, and x = store(x1, [i], old). That is what a person does who
goes back by hand. `transform/plan` decides; an `old` that it does not want is dead code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..analysis.activity import carried
from ..analysis.overwritten import single
from ..ir.nodes import Arg, Block, Branch, For, If, Let, Lit, Seq, Stmt, Var, While, Yield
from ..ir.types import Array, Scalar
from ..rules.structure import infer_index, is_basic

MOST = 4  # stores in one iteration: to take back many costs more than a copy
_WRITES = ("store", "iadd", "isub")


@dataclass(frozen=True)
class Chain:
    """The versions of a carried array in an iteration, the last one first: what is yielded is `stores[0].out`, or what the loop
    `inner` gives. If there is such a loop, it begins with the carried value."""

    stores: tuple[Let, ...]
    inner: tuple[For, int] | None

    @property
    def versions(self) -> tuple[Var, ...]:
        """All versions that are there after the reverse of the iteration has begun with the last one."""
        if self.inner is not None and not self.stores:
            loop, j = self.inner
            return (loop.outs[j],)
        found = (*(s.out for s in self.stores), self.stores[-1].args[0])
        return tuple(v for v in found if isinstance(v, Var))


def with_old_values(block: Block) -> Block:
    """The block in which elements that are overwritten in loops are read before, where that may be of use."""
    return _block(block, frozenset())


def _block(block: Block, wanted: frozenset[Let]) -> Block:
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, If):
            stmt = replace(stmt, then=_block(stmt.then, frozenset()), orelse=_block(stmt.orelse, frozenset()))
        elif isinstance(stmt, For):
            stmt = replace(stmt, body=_block(stmt.body, frozenset(_all_stores(stmt))))
        elif isinstance(stmt, While):
            stmt = replace(stmt, body=_block(stmt.body, frozenset()))
        elif isinstance(stmt, Let) and stmt in wanted:
            array, index = stmt.args[0], single(stmt.args[1])
            assert isinstance(array, Var) and isinstance(array.type, Array) and index is not None
            stmts.append(Let(Var(Scalar(array.type.dtype)), "index", (array, index), stmt.span))
        stmts.append(stmt)
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, then=_block(end.then, frozenset()), orelse=_block(end.orelse, frozenset()))
    return Block(block.params, tuple(stmts), end)


def _all_stores(loop: For) -> Iterator[Let]:
    for k in range(len(carried(loop))):
        found = chain(loop, k)
        if found is not None:
            yield from found.stores


def chain(loop: For, k: int) -> Chain | None:
    """How the k-th carried value of a loop comes about in an iteration, if it is an array of which single elements are written."""
    param, end = carried(loop)[k], loop.body.end
    if not isinstance(end, Yield) or not isinstance(param.type, Array) or not param.type.shape:
        return None
    made: dict[Arg, Stmt] = {}
    for stmt in loop.body.stmts:
        if isinstance(stmt, Let) and stmt.out is not None:
            made[stmt.out] = stmt
        elif isinstance(stmt, For):
            made.update(dict.fromkeys(stmt.outs, stmt))
    stores: list[Let] = []
    version = end.values[k]
    while version is not param:
        source = made.get(version)
        if isinstance(source, For) and isinstance(version, Var):
            j = source.outs.index(version)
            return Chain(tuple(stores), (source, j)) if source.inits[j] is param else None
        if not isinstance(source, Let) or not _is_element(source) or len(stores) == MOST:
            return None
        stores.append(source)
        version = source.args[0]
    return Chain(tuple(stores), None) if stores else None


def _is_element(let: Let) -> bool:
    """Whether an operation writes one element of an array."""
    array, index = let.args[0] if let.args else None, single(let.args[1]) if let.op in _WRITES else None
    if index is None or not isinstance(array, Var) or let.out is None or array.type != let.out.type or not is_basic(index):
        return False
    return isinstance(infer_index(array, index), Scalar)


def old_value(block: Block, store: Let) -> Var:
    """What `with_old_values` has read before a store."""
    before = block.stmts[block.stmts.index(store) - 1]
    assert isinstance(before, Let) and before.op == "index" and before.out is not None
    return before.out


def restored(store: Let, old: Var) -> Let:
    """The statement that makes the contents before a store from those after it."""
    assert isinstance(store.args[0], Var) and store.out is not None
    index = single(store.args[1])
    assert index is not None
    path = Seq((Seq((Lit("index"), index)),))
    return Let(store.args[0], "store", (store.out, path, old), store.span)


__all__ = ["Chain", "chain", "old_value", "restored", "with_old_values"]
