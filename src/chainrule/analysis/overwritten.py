"""Var -> statement: a value that was read from an array, or written into one, and can be read again at the end.

    for j in range(0, n) carrying l:            # l[i, :j] can be read from the final l: all later stores are at columns >= j
        ...
        for i in range(j + 1, n) carrying l:
            t = l[i, :j]
            l = store(l, [i, j], ... t ...)

The contents that a value was read from have successors: what later stores make of them, up to the first contents that are
defined outside all loops. If none of these stores touches the place, the successor still has the value there. Stores of
the same iteration are compared at equal indices, those of later iterations at an index that is larger by at least a
step; indices of inner loops run over their whole range. A proof shows for one axis that the intervals of indices are
disjoint; every index in it is proved not to be negative, since a negative one counts from the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from ..ir.nodes import Arg, Break, For, If, Let, Lit, Seq, Slice, Var, While, Yield
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, Dim, Scalar, kind
from ..ir.walk import leaves
from ..rules.structure import index_items, is_basic, sliced_extent
from .activity import carried
from .affine import Bound, Bounds, Form, constant, plus, positive
from .frames import Frame, Places

Loop = Union[For, While]
STORES = frozenset({"store", "iadd", "isub", "add_at", "sub_at"})
MANY = 60  # stores in one loop: beyond that the comparison of all loads with all stores is not worth its time
INNER = 1000  # level of renamed indices: above those of the loops that the load stands in


@dataclass(eq=False)
class Renamed:
    """The index of a loop in an iteration of its own."""

    index: Var


@dataclass
class Later:
    """The comparison of a load with stores that run later. `advanced`: the loop of which they belong to a later iteration."""

    shared: frozenset[Loop]  # the loops that are in the same iteration for both
    advanced: For | None
    bounds: Bounds
    renamed: dict[Var, Renamed] = field(default_factory=dict)
    distance: Renamed | None = None


class Reader:
    """Finds for a value the statement that reads it again."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.found: dict[Var, Let | None] = {}
        self.writes: dict[tuple[Loop, int], tuple[Let, ...] | None] = {}
        self.stored: dict[Var, Let] = {}
        for site in places.sites.values():
            if isinstance(site.stmt, Let) and site.stmt.op == "store" and isinstance(site.stmt.args[2], Var):
                self.stored.setdefault(site.stmt.args[2], site.stmt)

    def again(self, var: Var) -> Let | None:
        """A statement that reads the value of var from contents that are defined outside loops."""
        if var not in self.found:
            self.found[var] = self._again(var)
        return self.found[var]

    def _again(self, var: Var) -> Let | None:
        let = self.places.sites[var].stmt
        if isinstance(let, Let) and let.op == "index" and isinstance(let.args[0], Var) and is_basic(let.args[1]):
            found = self._read(let.args[0], let.args[1], var)
            if found is not None:
                return found
        store = self.stored.get(var)
        if store is None or store.out is None or self.places.sites[store.out].frame is not self.places.sites[var].frame:
            return None  # in a branch or a loop it may not have been stored
        index = single(store.args[1])
        if index is None or not is_basic(index) or not fits(store.out, index, var):
            return None
        return self._read(store.out, index, var)

    def _read(self, version: Var, index: Arg, out: Var) -> Let | None:
        if not isinstance(version.type, Array):
            return None
        place = self.place(index)
        here = self.places.sites[out].frame
        current = version
        while self.places.sites[current].frame.looped:
            following = self._follow(current, place, here)
            if following is None:
                return None
            current = following
        if not self.places.sites[current].frame.is_top:
            return None
        return Let(out, "index", (current, index))

    # -- from one version to a later one -----------------------------------------------------------------

    def _follow(self, version: Var, place: list[Any], here: Frame) -> Var | None:
        """The result of the innermost loop around a version, if nothing after the version writes to the place."""
        frame: Frame | None = self.places.sites[version].frame
        while frame is not None and isinstance(frame.owner, If):
            frame = frame.parent
        assert frame is not None
        ends = [leaf.end for leaf in leaves(frame.block) if isinstance(leaf.end, (Yield, Break))]
        body: Frame | None = frame
        while body is not None and not body.is_body:
            body = body.parent
        assert body is not None
        loop = body.owner
        assert isinstance(loop, (For, While))
        around = self.loops(here)
        outside = frozenset(around[: around.index(loop)]) if loop in around else None
        if outside is None:
            return None
        for k, param in enumerate(carried(loop)):
            if not isinstance(param.type, Array) or not ends:
                continue
            rest = self._union(self._between(end.values[k], version) for end in ends)
            every = self.all_writes(loop, k)
            if rest is None or every is None or len(every) > MANY:
                continue
            same = self.compare(here, outside | {loop}, None)
            later = self.compare(here, outside, loop)
            if all(self.misses(place, s, same) for s in rest) and all(self.misses(place, s, later) for s in every):
                return loop.outs[k]
        return None

    def all_writes(self, loop: Loop, k: int) -> tuple[Let, ...] | None:
        """The stores in the body of a loop that its k-th carried value goes through; None if there is something else."""
        if (loop, k) not in self.writes:
            ends = [leaf.end for leaf in leaves(loop.body) if isinstance(leaf.end, (Yield, Break))]
            self.writes[loop, k] = self._union(self._between(end.values[k], carried(loop)[k]) for end in ends)
        return self.writes[loop, k]

    def _union(self, parts: Any) -> tuple[Let, ...] | None:
        found: dict[Let, None] = {}
        for part in parts:
            if part is None:
                return None
            found.update(dict.fromkeys(part))
        return tuple(found)

    def _between(self, end: Arg, start: Var) -> list[Let] | None:
        """The stores that lead from one version of an array to another; None if it does not come from there."""
        writes, root = self.back(end, start, None)
        return writes if root is start else None

    def back(self, end: Arg, start: Var | None, within: Frame | None) -> tuple[list[Let], Arg]:
        """Go back through the stores that made `end`: to `start`, or to what is defined outside the frame `within`."""
        writes: list[Let] = []
        while isinstance(end, Var) and end is not start and end in self.places.sites:
            site = self.places.sites[end]
            if within is not None and not self.places.within(site.frame, within):
                break
            stmt = site.stmt
            if isinstance(stmt, Let) and stmt.op in STORES:
                writes.append(stmt)
                end = stmt.args[0]
            elif isinstance(stmt, (For, While)) and end in stmt.outs:
                k = stmt.outs.index(end)
                inner = self.all_writes(stmt, k)
                if inner is None:
                    break
                writes += inner
                end = stmt.inits[k]
            elif isinstance(stmt, If):
                k = stmt.outs.index(end)
                ways = [self.back(b.end.values[k], start, self.places.frames[b]) for b in (stmt.then, stmt.orelse)
                        if isinstance(b.end, Yield)]
                through = [way for way in ways if way[1] is start and start is not None and self._is_in(start, stmt)]
                if through:
                    return [*writes, *through[0][0]], through[0][1]
                if any(way[1] is not ways[0][1] for way in ways):
                    break
                for way in ways:
                    writes += way[0]
                end = ways[0][1]
            else:
                break
        return writes, end

    def _is_in(self, var: Var, stmt: If) -> bool:
        frame = self.places.sites[var].frame
        return any(self.places.within(frame, self.places.frames[b]) for b in (stmt.then, stmt.orelse))

    def loops(self, frame: Frame) -> list[Loop]:
        """The loops that a frame stands in, the outermost first."""
        loops: list[Loop] = []
        here: Frame | None = frame
        while here is not None:
            if isinstance(here.owner, (For, While)):
                loops.insert(0, here.owner)
            here = here.parent
        return loops

    # -- places ------------------------------------------------------------------------------------------

    def compare(self, here: Frame, shared: frozenset[Loop], advanced: Loop | None) -> Later:
        bounds: Bounds = {}
        for level, loop in enumerate(self.loops(here)):
            if isinstance(loop, For):
                bounds[loop.body.params[0]] = self._bound(loop, level, None)
        later = Later(shared, advanced if isinstance(advanced, For) else None, bounds)
        if later.advanced is not None:
            later.distance = Renamed(later.advanced.body.params[0])
            bounds[later.distance] = Bound(constant(1), None, INNER)
        return later

    def _bound(self, loop: For, level: int, later: Later | None) -> Bound:
        start, stop = self._form(loop.start, later), self._form(loop.stop, later)
        if not isinstance(loop.step, Lit):
            return Bound(None, None, level)
        if loop.step.value > 0:
            return Bound(start, None if stop is None else plus(stop, constant(-1)), level)
        return Bound(None if stop is None else plus(stop, constant(1)), start, level)

    def _form(self, arg: Arg, later: Later | None) -> Form | None:
        """An integer as an affine form. later: how atoms of a store are called where it is compared with a load."""
        if isinstance(arg, Lit):
            return constant(arg.value) if type(arg.value) is int else None
        if not isinstance(arg, Var) or not isinstance(arg.type, Scalar) or kind(arg.type.dtype) not in "iu":
            return None
        extent = arg.type.extent
        if isinstance(extent, int):
            return constant(extent)
        if isinstance(extent, Dim) and "?" not in extent.name and "[" not in extent.name:
            return plus({extent.name: 1}, constant(extent.offset))
        site = self.places.sites.get(arg)
        if site is None:
            return {arg: 1}
        stmt = site.stmt
        if isinstance(stmt, Let) and stmt.op in ("+", "-") and len(stmt.args) == 2:
            one, two = self._form(stmt.args[0], later), self._form(stmt.args[1], later)
            return None if one is None or two is None else plus(one, two, 1 if stmt.op == "+" else -1)
        if isinstance(stmt, Let) and stmt.op == "*":
            one, two = self._form(stmt.args[0], later), self._form(stmt.args[1], later)
            for a, b in ((one, two), (two, one)):
                if a is not None and b is not None and set(a) <= {None}:
                    return plus({}, b, a.get(None, 0))
            return None
        owner = site.frame.owner
        if isinstance(owner, For) and arg is site.frame.block.params[0]:
            return {arg: 1} if later is None else self._index(owner, arg, later)
        if later is not None and not set(self.loops(site.frame)) <= later.shared:
            return None  # another value in another iteration
        return {arg: 1}

    def _index(self, loop: For, index: Var, later: Later) -> Form | None:
        """The index of a loop around a store, compared with that of the load."""
        if loop in later.shared:
            return {index: 1}
        if loop is later.advanced:
            if not isinstance(loop.step, Lit) or not loop.step.value:
                return None
            step = -loop.step.value if loop.reverse else loop.step.value
            return plus({index: 1}, {later.distance: 1}, step)
        if index not in later.renamed:
            new = later.renamed[index] = Renamed(index)
            level = INNER + 1 + self.places.frames[loop.body].depth
            later.bounds[new] = Bound(None, None, level)
            later.bounds[new] = self._bound(loop, level, later)
        return {later.renamed[index]: 1}

    def place(self, index: Arg, later: Later | None = None) -> list[Any]:
        """For each axis the interval of indices (low, high); None where nothing is known."""
        place: list[Any] = []
        for item in index_items(index):
            if isinstance(item, Lit) and (item.value is Ellipsis or item.value is None):
                break
            place.append(self._interval(item, later))
        return place

    def _interval(self, item: Arg, later: Later | None) -> tuple[Form | None, Form | None] | None:
        if isinstance(item, Slice):
            if not (isinstance(item.step, Lit) and item.step.value in (None, 1)):
                return None
            low = constant(0) if isinstance(item.start, Lit) and item.start.value is None else self._form(item.start, later)
            high = None if isinstance(item.stop, Lit) and item.stop.value is None else self._form(item.stop, later)
            return low, None if high is None else plus(high, constant(-1))
        form = self._form(item, later)
        return None if form is None else (form, form)

    def misses(self, place: list[Any], store: Let, later: Later) -> bool:
        """Whether a store certainly does not touch a place."""
        index = single(store.args[1])
        if index is None:
            return False
        for mine, other in zip(place, self.place(index, later)):
            if mine is not None and other is not None and (_before(mine, other, later.bounds) or _before(other, mine, later.bounds)):
                return True
        return False


def _before(one: tuple[Form | None, Form | None], two: tuple[Form | None, Form | None], bounds: Bounds) -> bool:
    """Whether an interval certainly ends before another begins, both counted from the beginning of the axis."""
    (low, high), (low2, _) = one, two
    if high is None or low2 is None or low is None:
        return False
    return positive(plus(low2, high, -1), bounds) and positive(low, bounds, 0) and positive(high, bounds, -1)


def single(path: Arg) -> Arg | None:
    """The index of a path that is nothing else."""
    if isinstance(path, Seq) and len(path.items) == 1:
        step = path.items[0]
        if isinstance(step, Seq) and isinstance(step.items[0], Lit) and step.items[0].value == "index":
            return step.items[1]
    return None


def fits(array: Var, index: Arg, value: Var) -> bool:
    """Whether a value that is stored is read back as it was: not cast, and not broadcast."""
    from ..rules.structure import infer_index

    assert isinstance(array.type, Array)
    place, type = infer_index(array, index), value.type
    if isinstance(place, Scalar) and isinstance(type, Scalar):
        return place.dtype == type.dtype
    return isinstance(place, Array) and place == type and type.shape is not None and not any(
        isinstance(e, Dim) and "?" in e.name for e in type.shape)


__all__ = ["OPS", "STORES", "Reader", "fits", "single", "sliced_extent", "type_of"]
