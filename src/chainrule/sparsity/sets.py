"""Sets of inputs, each known by a number: 0 is the empty set, k the set of input k - 1 alone, and further numbers are unions.

An array whose elements depend on the inputs is accompanied by an array of such numbers, of the same shape. What moves elements
(an index, a reshape, a concatenation, a store) is then simply done to the numbers as well, and an elementwise function of one
argument leaves them alone. Only what combines elements makes new sets: a node that points to its parts. What is in a set is
found at the end, for the sets that are asked for, level by level of the graph.

    >>> sets = Sets(3)
    >>> x = sets.inputs((3,))
    >>> y = sets.union(x[1:], x[:-1])
    >>> [part.tolist() for part in sets.members(y)]
    [[0, 2, 4], [0, 1, 1, 2]]
"""

from __future__ import annotations

from typing import Any

import numpy as np

Ids = Any  # an array of the numbers of sets, or one number

__all__ = ["Ids", "Sets"]


class _Growing:
    """An array to which numbers are appended."""

    def __init__(self, values: Any) -> None:
        self._array = np.asarray(values)
        self.size = len(self._array)

    def append(self, values: Any) -> None:
        stop = self.size + len(values)
        if stop > len(self._array):
            grown = np.empty(max(2 * len(self._array), stop, 1024), self._array.dtype)
            grown[: self.size] = self._array[: self.size]
            self._array = grown
        self._array[self.size : stop] = values
        self.size = stop

    def __getitem__(self, index: Any) -> Any:
        return self._array[index]

    @property
    def values(self) -> Any:
        return self._array[: self.size]


class Sets:
    """A graph of sets of inputs, over `size` inputs."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._level = _Growing(np.zeros(size + 1, np.int64))  # 0, or more than that of every part
        self._whole = _Growing(np.empty(0, np.int64))  # edges, in ascending order of the union
        self._part = _Growing(np.empty(0, np.int64))

    def inputs(self, shape: tuple[int, ...]) -> Ids:
        """The inputs themselves, as elements of an array."""
        return np.arange(1, self.size + 1).reshape(shape)

    def union(self, a: Ids, b: Ids) -> Ids:
        """Element by element, with broadcasting."""
        if type(a) is int and type(b) is int:
            if a == b or not b:
                return a
            return self._pair(a, b) if a else b
        a, b = np.asarray(a), np.asarray(b)
        common = max(a.size, b.size)
        repeats = a.size == 1 or b.size == 1
        a, b = np.broadcast_arrays(a, b)
        result: Any = np.where(a == 0, b, a)
        both = (a != b) & (a != 0) & (b != 0)
        if not both.any():
            return result
        pairs = np.stack([a[both], b[both]], axis=1)
        if repeats or a.size > common:  # many elements are the union of the same two
            pairs, places = np.unique(pairs, axis=0, return_inverse=True)
            result[both] = self._nodes(pairs.ravel(), np.full(len(pairs), 2))[places.reshape(-1)]
        else:
            result[both] = self._nodes(pairs.ravel(), np.full(len(pairs), 2))
        return result

    def collect(self, owner: Any, part: Any, count: int) -> Ids:
        """For each of `count` owners the union of its parts; pairs (owner, part) in any order."""
        owner, part = np.ravel(owner), np.ravel(part)
        there = part != 0
        owner, part = owner[there], part[there]
        result = np.zeros(count, np.int64)
        if not len(part):
            return result
        if np.any(owner[1:] < owner[:-1]):
            order = np.argsort(owner, kind="stable")
            owner, part = owner[order], part[order]
        starts = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
        owners, counts = owner[starts], np.diff(np.append(starts, len(owner)))
        largest = np.maximum.reduceat(part, starts)
        result[owners] = largest
        mixed = np.minimum.reduceat(part, starts) != largest
        if mixed.any():
            result[owners[mixed]] = self._nodes(part[np.repeat(mixed, counts)], counts[mixed])
        return result

    def reduce(self, ids: Ids, axes: tuple[int, ...]) -> Ids:
        """The union along some axes, which are kept with length 1."""
        axes = tuple(axis % ids.ndim for axis in axes)
        kept = tuple(axis for axis in range(ids.ndim) if axis not in axes)
        rows = np.transpose(ids, kept + axes).reshape(*(ids.shape[axis] for axis in kept), -1) if ids.size else ids
        shape = tuple(1 if axis in axes else n for axis, n in enumerate(ids.shape))
        if not ids.size:
            return np.zeros(shape, np.int64)
        rows = rows.reshape(-1, rows.shape[-1])
        if rows.shape[1] == 1:
            return rows.reshape(shape)
        return self.collect(np.repeat(np.arange(len(rows)), rows.shape[1]), rows, len(rows)).reshape(shape)

    def all(self, *many: Ids) -> int:
        """The union of all elements."""
        parts = np.concatenate([np.ravel(ids) for ids in many]) if many else np.zeros(1, np.int64)
        parts = np.unique(parts)
        return int(self.collect(np.zeros(len(parts), np.int64), parts, 1)[0])

    def running(self, ids: Ids, axis: int) -> Ids:
        """The unions of each element with those before it along an axis (Hillis and Steele's scan)."""
        ids = np.moveaxis(ids, axis, -1)
        step = 1
        while step < ids.shape[-1]:
            ids = np.concatenate([ids[..., :step], self.union(ids[..., step:], ids[..., :-step])], axis=-1)
            step *= 2
        return np.moveaxis(ids, -1, axis)

    def members(self, ids: Ids) -> tuple[Any, Any]:
        """The inputs in each set, as rows of a compressed sparse row matrix: (where each row begins, the inputs in ascending order)."""
        ids = np.ravel(ids)
        count = self._level.size
        start, length = np.zeros(count, np.int64), np.zeros(count, np.int64)
        start[1 : self.size + 1], length[1 : self.size + 1] = np.arange(self.size), 1
        pool = _Growing(np.arange(self.size))
        whole, part = self._flattened(ids)
        first = np.concatenate([[0], np.cumsum(np.bincount(whole, minlength=count))])
        nodes = np.flatnonzero(np.diff(first))
        level = self._level[nodes]
        order = np.argsort(level, kind="stable")
        for found in np.split(nodes[order], np.flatnonzero(np.diff(level[order])) + 1) if len(nodes) else ():
            counts = first[found + 1] - first[found]
            parts = part[_ranges(first[found], counts)]
            sizes = length[parts]
            owner = np.repeat(np.repeat(np.arange(len(found)), counts), sizes)
            keys = owner * self.size + pool.values[_ranges(start[parts], sizes)]
            keys.sort()
            keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
            length[found] = np.bincount(keys // self.size, minlength=len(found))
            start[found] = pool.size + np.cumsum(length[found]) - length[found]
            pool.append(keys % self.size)
        sizes = length[ids]
        return np.concatenate([[0], np.cumsum(sizes)]), pool.values[_ranges(start[ids], sizes)]

    def _flattened(self, ids: Any) -> tuple[Any, Any]:
        """The edges (union, part) that lead to these sets, in ascending order of the union; what is part of one union only is taken apart there.

        So a sum that a loop has added up is one union, and not as many as the loop has iterations.
        """
        whole, part = self._edges(ids)
        if not len(whole):
            return whole, part
        count = self._level.size
        uses = np.bincount(part, minlength=count)
        alone = uses == 1
        alone[: self.size + 1] = False
        alone[ids] = False
        root = np.arange(count)
        inside = alone[part]
        root[part[inside]] = whole[inside]
        while True:
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
        whole, part = root[whole[~inside]], part[~inside]
        order = np.argsort(whole, kind="stable")
        return whole[order], part[order]

    def _edges(self, ids: Any) -> tuple[Any, Any]:
        """The edges that can be reached from these sets."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order

        count = self._level.size
        own = np.unique(ids)
        whole = np.concatenate([self._whole.values, np.full(len(own), count)])
        part = np.concatenate([self._part.values, own])
        bounds = np.concatenate([[0], np.cumsum(np.bincount(whole, minlength=count + 1))])
        graph = csr_array((np.ones(len(part), bool), part, bounds), shape=(count + 1, count + 1))
        needed = np.zeros(count + 1, bool)
        needed[breadth_first_order(graph, count, return_predecessors=False)] = True
        kept = needed[self._whole.values]
        return self._whole.values[kept], self._part.values[kept]

    def _nodes(self, parts: Any, counts: Any) -> Any:
        """New unions of so many parts each."""
        node = np.arange(self._level.size, self._level.size + len(counts))
        starts = np.cumsum(counts) - counts
        self._whole.append(np.repeat(node, counts))
        self._part.append(parts)
        self._level.append(1 + np.maximum.reduceat(self._level[parts], starts))
        return node

    def _pair(self, a: int, b: int) -> int:
        node = self._level.size
        self._whole.append((node, node))
        self._part.append((a, b))
        self._level.append((1 + max(int(self._level[a]), int(self._level[b])),))
        return node


def _ranges(starts: Any, counts: Any) -> Any:
    """start, start + 1, ... of each pair (start, count), one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - counts), counts)
