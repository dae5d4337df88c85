"""Products of arrays, as sums over indices: which elements of the factors make an element of the result.

Every product is written as an Einstein sum: for `a @ b` of matrices the terms are ("i", "j") and ("j", "k"), the result is ("i", "k").
"""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from .sets import Ids, Sets

Term = tuple[str, ...]

__all__ = ["contraction", "subscripts"]


def subscripts(kind: str, values: list[Any]) -> tuple[list[Term], Term] | None:
    """The indices of the factors and of the result; None where they are not found."""
    if kind == "einsum":
        return _einsum(values[0], [np.ndim(value) for value in values[1]])
    m, n = np.ndim(values[0]), np.ndim(values[1])
    if kind == "vdot":
        return [("a",), ("a",)], ()
    if kind == "outer":
        return [("a",), ("b",)], ("a", "b")
    if m + n > 26:
        return None
    first, second = tuple(string.ascii_lowercase[:m]), tuple(string.ascii_lowercase[m : m + n])
    if m == 0 or n == 0:
        return [first, second], first + second
    if kind == "matmul":
        return _matmul(first, second)
    if kind == "tensordot":
        axes = values[2]
        if isinstance(axes, (int, np.integer)):
            pairs = [(m - axes + k, k) for k in range(axes)]
        else:
            left, right = ([one] if isinstance(one, (int, np.integer)) else list(one) for one in axes)
            pairs = [(a % m, b % n) for a, b in zip(left, right)]
    else:
        pairs = [(m - 1, max(n - 2, 0) if kind == "dot" else n - 1)]
    renamed = list(second)
    for a, b in pairs:
        renamed[b] = first[a]
    summed = {first[a] for a, _ in pairs}
    return [first, tuple(renamed)], tuple(index for index in (*first, *renamed) if index not in summed)


def _matmul(first: Term, second: Term) -> tuple[list[Term], Term]:
    """The last axis of the first with the last but one of the second; the axes before are broadcast from the right."""
    summed = first[-1]
    rows = first[-2:-1]
    columns = second[-1:] if len(second) > 1 else ()
    one, other = first[:-2], second[:-2]
    shared = min(len(one), len(other))
    other = other[: len(other) - shared] + one[len(one) - shared :]
    batch = one if len(one) >= len(other) else other
    return [(*one, *rows, summed), (*other, summed, *columns)], (*batch, *rows, *columns)


def _einsum(text: Any, ranks: list[int]) -> tuple[list[Term], Term] | None:
    if not isinstance(text, str) or "." in text:
        return None
    left, arrow, right = text.replace(" ", "").partition("->")
    terms = [tuple(term) for term in left.split(",")]
    if not arrow:
        letters = left.replace(",", "")
        right = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    if [len(term) for term in terms] != ranks:
        return None
    return terms, tuple(right)


def contraction(sets: Sets, terms: list[Term], out: Term, values: list[Any], marks: list[Any], limit: int) -> tuple[Ids, bool]:
    """The sets of the product's elements, and whether zeros in the factors had a part in it.

    The zeros of a factor that depends on no input count for nothing. Where looking at all products takes too long, they count.
    """
    extents: dict[str, int] = {}
    for term, value in zip(terms, values):
        for index, n in zip(term, np.shape(value)):
            extents[index] = max(extents.get(index, 1), n) if n else 0
    alive = [np.asarray(value) != 0 if mark is None else np.ones(np.shape(value), bool) for value, mark in zip(values, marks)]
    full = math.prod(extents.values())
    dense = all(map(np.all, alive))
    shape = tuple(extents[index] for index in out)
    if dense or full > limit:
        found: Ids = np.zeros(shape, np.int64)
        for term, mark in zip(terms, marks):
            if mark is not None:
                found = sets.union(found, _spread(sets.reduce(np.asarray(mark), _summed(term, out)) if term else np.asarray(mark), term, out))
        return np.broadcast_to(found, shape), False
    order = (*out, *(index for index in extents if index not in out))
    size = tuple(extents[index] for index in order)
    counts = np.ones(size, bool)
    for term, one in zip(terms, alive):
        counts &= _placed(one, term, order)
    owner = np.arange(math.prod(shape)).reshape(shape + (1,) * (len(order) - len(out)))
    owner = np.broadcast_to(owner, size)[counts]
    owners, parts = [], []
    for term, mark in zip(terms, marks):
        if mark is not None:
            owners.append(owner)
            parts.append(np.broadcast_to(_placed(np.asarray(mark), term, order), size)[counts])
    ids = sets.collect(np.concatenate(owners), np.concatenate(parts), math.prod(shape))
    return ids.reshape(shape), True


def _summed(term: Term, out: Term) -> tuple[int, ...]:
    return tuple(axis for axis, index in enumerate(term) if index not in out)


def _spread(ids: Ids, term: Term, out: Term) -> Ids:
    """What is left of a factor (summed axes have length 1), with the axes of the result."""
    kept = [index for index in term if index in out]
    ids = ids.reshape(tuple(n for n, index in zip(ids.shape, term) if index in out))
    return _placed(ids, tuple(kept), out)


def _placed(array: Any, term: Term, order: Term) -> Any:
    """An array with its axes in a new order, and axes of length 1 for the indices that it does not have."""
    array = np.transpose(array, [term.index(index) for index in order if index in term])
    shape = iter(array.shape)
    return array.reshape(tuple(next(shape) if index in term else 1 for index in order))
