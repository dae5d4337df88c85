"""container of floats -> vector, and back: the form in which SciPy's minimizers see parameters.

The leaves stand one after the other, left to right, each in C order, as float64 whatever their dtype: a minimizer that compares values in single precision
stops early. None and texts are constants, which stay; integers and complex numbers are refused by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..structure import flatten, flatten_like, is_differentiable, leaf_paths, unflatten


class Layout:
    """Where the leaves of a container stand in a vector.

    >>> layout = Layout({"w": np.ones((2, 2)), "b": 0.5, "name": "first"}, "x0")
    >>> layout.pack({"w": np.ones((2, 2)), "b": 0.5, "name": "first"})
    array([1. , 1. , 1. , 1. , 0.5])
    >>> layout.unpack(np.zeros(5))
    {'w': array([[0., 0.],
           [0., 0.]]), 'b': 0.0, 'name': 'first'}
    """

    def __init__(self, x0: Any, name: str) -> None:
        self.leaves, self.treedef = flatten(x0)
        self.paths = leaf_paths(self.treedef, name)
        self.sizes = [self._size(leaf, path) for leaf, path in zip(self.leaves, self.paths)]
        self.size = sum(self.sizes)
        if not any(map(is_differentiable, self.leaves)):
            raise TypeError(f"there is nothing to minimize over: {name} holds no floats")

    def _size(self, leaf: Any, path: str) -> int:
        if leaf is None or isinstance(leaf, (str, bytes)):
            return 0
        dtype = np.asarray(leaf).dtype
        if is_differentiable(leaf) and dtype.kind == "f":
            return int(np.size(leaf))
        what, remedy = {"c": ("complex", "make its real and its imaginary part leaves"), "i": ("integer", "make it a float, or pass it by `args`"),
                        "u": ("integer", "make it a float, or pass it by `args`"), "b": ("boolean", "pass it by `args`")}.get(
            dtype.kind, (f"of type {type(leaf).__name__}", "pass it by `args`"))
        raise TypeError(f"{path} is {what}, and a minimizer moves real numbers: {remedy}")

    def pack(self, tree: Any) -> Any:
        """The numbers of a container of this structure, or of gradients with respect to one, as a vector."""
        parts = [np.asarray(part, np.float64).ravel() for part, size in zip(flatten_like(self.treedef, tree), self.sizes) if size]
        return np.concatenate(parts) if parts else np.zeros(0)

    def unpack(self, vector: Any, gradient: bool = False, as_given: bool = False) -> Any:
        """A container made of a vector. gradient: with None at constants. as_given: with the dtypes of x0, and not with float64."""
        found, start = [], 0
        for leaf, size in zip(self.leaves, self.sizes):
            if not is_differentiable(leaf):
                found.append(None if gradient else leaf)
                continue
            part = np.array(vector[start : start + size], np.float64)  # a copy: SciPy writes into its vectors
            start += size
            if isinstance(leaf, np.ndarray):
                part = part.reshape(leaf.shape)
                found.append(part.astype(leaf.dtype) if as_given else part)
            else:
                found.append(type(leaf)(part[0]) if as_given else float(part[0]))
        return unflatten(self.treedef, found)

    def rows(self, shape: tuple[int, ...], tree: Any) -> Any:
        """A Jacobian, of which each leaf has the axes of the result and its own, as a matrix: (results, size)."""
        count = int(np.prod(shape, dtype=int))
        parts = [np.asarray(part, np.float64).reshape(count, size) for part, size in zip(flatten_like(self.treedef, tree), self.sizes) if size]
        return np.concatenate(parts, axis=1) if parts else np.zeros((count, 0))

    def square(self, tree: Any) -> Any:
        """A Hessian, a container of containers, as a matrix: (size, size)."""
        outer = zip(flatten_like(self.treedef, tree), self.leaves, self.sizes)
        return np.concatenate([self.rows(np.shape(leaf), row) for row, leaf, size in outer if size], axis=0)

    def limits(self, bounds: Any) -> tuple[Any, Any]:
        """The lower and upper bounds of each number, from a container that has (low, high) at each leaf: numbers, arrays or None. A leaf without is None."""
        low, high = np.full(self.size, -np.inf), np.full(self.size, np.inf)
        start = 0
        for pair, leaf, size, path in zip(flatten_like(self.treedef, bounds), self.leaves, self.sizes, self.paths):
            here = slice(start, start + size)
            start += size
            if pair is None or not size:
                continue
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ValueError(f"the bounds of {path} are a pair (low, high), or None; not {pair!r}")
            for whole, bound in zip((low, high), pair):
                if bound is not None:
                    whole[here] = np.broadcast_to(bound, np.shape(leaf)).ravel()
        return low, high


__all__ = ["Layout"]
