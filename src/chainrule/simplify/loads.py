"""Block -> Block: a number that is read from an array, where it is known already, is not read again.

    l1 = store(l, [j, j], p)                    l1 = store(l, [j, j], p)
    for i in range(j + 1, n) carrying l2 = l1:  for i in range(j + 1, n) carrying l2 = l1:
        q = l2[j, j]
        l3 = store(l2, [i, j], x / q)               l3 = store(l2, [i, j], x / p)

It is known if it was stored at the same index, or read there, and no store since then can have touched the place (see
`analysis/overwritten`). What is read is then a value like any other: kept once where it was made, not once where it is read, and its
adjoint is a number of its own, not an element of an array. Only numbers are treated so: a part of an array that is
held while the array is written would have to be copied.
"""

from __future__ import annotations

from typing import Any

from ..analysis.activity import carried
from ..analysis.frames import Frame, Places, places
from ..analysis.overwritten import MANY, STORES, Loop, Reader, fits, single
from ..ir.build import identity
from ..ir.nodes import Arg, Block, For, If, Let, Var, While, Yield
from ..ir.types import Array, Scalar
from ..ir.walk import all_stmts, substitute
from ..rules.structure import is_basic

MOST = 3000  # comparisons for one function: a path of thousands of statements is not compared with all of itself


def loads(block: Block) -> Block:
    """A function's block that reads no number which is known."""
    if not any(isinstance(stmt, Let) and stmt.op in STORES for stmt in all_stmts(block)):
        return block
    finder = _Finder(places(block))
    found: dict[Var, Var] = {}
    for stmt in all_stmts(block):
        if isinstance(stmt, Let) and stmt.op == "index" and stmt.out is not None and isinstance(stmt.out.type, Scalar):
            value = finder.known(stmt, stmt.out)
            if value is not None:
                found[stmt.out] = found.get(value, value)
    return substitute(block, lambda v: found.get(v, v)) if found else block


class _Finder:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.reader = Reader(places)
        self.read: dict[tuple[Var, Any], Var] = {}  # contents and index -> what was read there
        self.left = MOST

    def known(self, load: Let, out: Var) -> Var | None:
        """The value that a load gives, if it is known where the load stands."""
        version, index = load.args
        if not isinstance(version, Var) or not isinstance(version.type, Array) or not is_basic(index):
            return None
        where, here = identity(index), self.places.sites[out].frame
        value = self._back(version, index, where, out, here)
        if value is None:
            self.read[version, where] = out
        return value

    def _back(self, version: Arg, index: Arg, where: Any, out: Var, here: Frame) -> Var | None:
        """Go back from the contents that are read through the stores that made them, as long as these miss the place."""
        reader = self.reader
        place = reader.place(index)
        shared: frozenset[Loop] = frozenset(reader.loops(here))  # the loops that are in the same iteration at `version`
        for _ in range(MANY):
            if not isinstance(version, Var) or version not in self.places.sites:
                return None
            before = self.read.get((version, where))
            if before is not None and self.places.within(here, self.places.sites[before].frame):
                return before
            site = self.places.sites[version]
            stmt = site.stmt
            if isinstance(stmt, Let) and stmt.op in STORES:
                at = single(stmt.args[1])
                if stmt.op == "store" and at is not None and identity(at) == where:
                    return self._stored(stmt, index, out)
                writes: tuple[Let, ...] | None = (stmt,)
                earlier = stmt.args[0]
            elif isinstance(stmt, (For, While)) and version in stmt.outs:
                k = stmt.outs.index(version)
                writes, earlier = reader.all_writes(stmt, k), stmt.inits[k]
            elif isinstance(stmt, If):
                writes, earlier = self._branches(stmt, stmt.outs.index(version))
            elif stmt is None and isinstance(site.frame.owner, (For, While)) and version in carried(site.frame.owner):
                loop = site.frame.owner
                k = carried(loop).index(version)
                writes, earlier = reader.all_writes(loop, k), loop.inits[k]
                shared = frozenset(reader.loops(site.frame)) - {loop}  # its stores may be of any iteration before
            else:
                return None
            if writes is None or len(writes) > self.left:
                return None
            self.left -= len(writes)
            comparison = reader.compare(here, shared, None)
            if not all(reader.misses(place, store, comparison) for store in writes):
                return None
            version = earlier
        return None

    def _branches(self, stmt: If, k: int) -> tuple[tuple[Let, ...] | None, Arg]:
        """The stores in both branches that lead to the k-th result, and the contents that both begin with."""
        writes: list[Let] = []
        roots: list[Arg] = []
        for block in (stmt.then, stmt.orelse):
            if isinstance(block.end, Yield):
                some, root = self.reader.back(block.end.values[k], None, self.places.frames[block])
                writes += some
                roots.append(root)
        if not roots or any(root is not roots[0] for root in roots):
            return None, stmt.outs[k]
        return tuple(writes), roots[0]

    def _stored(self, store: Let, index: Arg, out: Var) -> Var | None:
        """The value of a store, if it is read back as it was, of the same class."""
        value = store.args[2]
        if isinstance(value, Var) and store.out is not None and value.type == out.type and fits(store.out, index, value):
            return value
        return None


__all__ = ["loads"]
