"""Operation, marks of its arguments -> marks of its result: what `rules/dependence` says, carried out on sets of inputs.

An operation of which nothing is said gives results that depend on all that its arguments depend on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.ops import OPS
from ..rules import dependence as table
from ..rules.registry import ROWS
from ..rules.structure import copy_in_place, follow
from .products import contraction, subscripts
from .sets import Ids, Sets

if TYPE_CHECKING:
    from .machine import Machine

Handler = Callable[["Machine", str, list[Any], list[Any], Any], Any]

__all__ = ["Handler", "fitted", "handler", "is_float", "merged", "strict"]

_LIMIT = 20_000_000  # pairs of elements that are looked at one by one; beyond, all are taken to depend on all


def handler(op: str) -> Handler:
    """What is done to marks by an operation."""
    found = _HANDLERS.get(op)
    if found is not None:
        return found
    row = ROWS.get(op)
    if row is not None and row.kind in ("elementwise", "pointwise"):
        return by_element
    return everything


def strict(op: str) -> int | None:
    """Of an operation that can make a shape, or a choice of elements, of the values of integers: the first argument in which it may."""
    row = ROWS.get(op)
    if op in table.BY_ELEMENT or op in table.COMPARES or op in table.SAYS:
        return None
    if row is not None and (row.kind in ("elementwise", "pointwise") or (row.kind == "zero" and row.ufunc)):
        return None
    return 1 if op in table.CONDENSES else 0


def is_float(value: Any) -> bool:
    """Whether a value is made of floats: then it does not say which element is meant."""
    if isinstance(value, (float, complex)):
        return True
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fc"
    return isinstance(value, (list, tuple)) and all(map(is_float, value))


# -- marks -------------------------------------------------------------------------------------------------------


def fitted(value: Any, mark: Any) -> Any:
    """A mark in the form that a value asks for; None for what carries no derivative."""
    if mark is None:
        return None
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fc":
            return None
        return mark if isinstance(mark, np.ndarray) and mark.shape == value.shape else np.broadcast_to(np.asarray(mark, np.int64), value.shape)
    if isinstance(value, (float, complex, np.generic)):
        if isinstance(value, np.generic) and value.dtype.kind not in "fc":
            return None
        return int(mark) or None
    if isinstance(value, (list, tuple)):
        parts = list(mark) if isinstance(mark, (list, tuple)) else [mark] * len(value)
        found = [fitted(item, part) for item, part in zip(value, parts)]
        return found if isinstance(value, list) else tuple(found)
    return None


def solid(value: Any, mark: Any) -> Any:
    """Sets of inputs in place of every number: as they stand in the mark, and empty ones where it has None."""
    if isinstance(value, np.ndarray):
        ids = np.zeros(value.shape, np.int64) if mark is None else mark
        return ids if value.flags.c_contiguous and ids.flags.c_contiguous else _lying_alike(ids, value)
    if isinstance(value, (list, tuple)):
        parts = [None] * len(value) if mark is None else mark
        return type(value)([solid(item, part) for item, part in zip(value, parts)])
    return np.int64(0 if mark is None else mark) if isinstance(value, (float, complex, int, np.generic)) else value


def _lying_alike(ids: Ids, value: Any) -> Ids:
    """The same sets, in memory as the value is: what a reshape or a write into a view gives depends on it."""
    if value.itemsize == ids.itemsize:
        result = copy_in_place(value).view(np.int64)
    else:
        result = np.empty_like(value, np.int64)
    result[...] = ids
    return result


def flat(mark: Any) -> list[Ids]:
    """All arrays of sets in a mark."""
    if mark is None:
        return []
    return [part for item in mark for part in flat(item)] if isinstance(mark, (list, tuple)) else [mark]


def merged(sets: Sets, a: Any, b: Any) -> Any:
    """The union of two marks of one structure."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, (list, tuple)):
        return type(a)([merged(sets, x, y) for x, y in zip(a, b)])
    return sets.union(a, b)


def _named(op: str, values: list[Any]) -> dict[str, Any]:
    return {param.name: value for param, value in zip(OPS[op].params, values)}


def _position(op: str, name: str) -> int:
    return next(n for n, param in enumerate(OPS[op].params) if param.name == name)


# -- the words of the table ----------------------------------------------------------------------------------------


def everything(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """Everything depends on everything."""
    parts = [part for mark in marks if mark is not None for part in flat(mark)]
    return fitted(result, machine.sets.all(*parts)) if parts else None


def by_element(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    found = None
    for mark in marks:
        if mark is not None:
            if isinstance(mark, (list, tuple)):
                return everything(machine, op, values, marks, result)
            found = mark if found is None else machine.sets.union(found, mark)
    return fitted(result, found)


def ruled(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """A function with a rule of the user's: by the rule, whatever the value is computed from."""
    return (by_element if values[3].by_element else everything)(machine, op, list(values[1]), list(marks[1]), result)


def reads(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """An index: of one element of an array, without more ado."""
    if type(values[1]) is int and isinstance(marks[0], np.ndarray) and marks[0].ndim == 1:
        return fitted(result, int(marks[0][values[1]]))
    return moves(machine, op, values, marks, result)


def moves(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    names = [param.name for param in OPS[op].params]
    data = table.MOVES[op]
    if op == "np.pad" and values[2] not in ("constant", "empty", "edge", "reflect", "symmetric", "wrap"):
        return everything(machine, op, values, marks, result)
    if not any(mark is not None for name, mark in zip(names, marks) if name in data):
        return None
    moved = []
    for name, value, mark in zip(names, values, marks):
        if name in data and not (name == "constant_values" and mark is None):
            moved.append(solid(value, mark))
        elif name in table.DTYPES:
            moved.append(np.int64)
        else:
            moved.append("constant" if name == "mode" and value == "empty" else value)
    return fitted(result, _plain(OPS[op].run(tuple(moved))))


def _plain(ids: Any) -> Any:
    """What an operation has made of sets, as a mark."""
    if isinstance(ids, (list, tuple)):
        return type(ids)(map(_plain, ids))
    return ids if isinstance(ids, np.ndarray) else int(ids)


def scatters(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    g, x = values[0], values[1]
    numbers = np.arange(np.size(x)).reshape(np.shape(x))
    places = table.SCATTERS[op](numbers, g, x, *values[2:])
    return fitted(result, machine.sets.collect(places, np.broadcast_to(marks[0], places.shape), np.size(x)).reshape(np.shape(result)))


def reductions(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    ids = marks[0]
    if not isinstance(ids, np.ndarray) or any(mark is not None for mark in marks[1:]):
        return everything(machine, op, values, marks, result)
    given = _named(op, values)
    axes = _axes(given.get("axis"), ids.ndim)
    return fitted(result, machine.sets.reduce(ids, axes).reshape(np.shape(result)))


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    return tuple(range(ndim)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (int(axis),)


def traces(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    ids = np.diagonal(marks[0], values[1])
    return fitted(result, machine.sets.reduce(ids, (-1,)).reshape(np.shape(result)))


def totals(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """sum(items, start): of an array along its first axis."""
    if not isinstance(marks[0], np.ndarray) or marks[1] is not None:
        return everything(machine, op, values, marks, result)
    return fitted(result, machine.sets.reduce(marks[0], (0,)).reshape(np.shape(result)))


def running(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    axis = _named(op, values)["axis"]
    ids = np.asarray(marks[0])
    return fitted(result, machine.sets.running(ids.ravel() if axis is None else ids, 0 if axis is None else axis))


def along(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    ids: Any = None
    for mark in marks:
        if mark is not None:
            ids = mark if ids is None else machine.sets.union(ids, mark)
    if ids is None or np.shape(ids) != np.shape(result):
        return everything(machine, op, values, marks, result)
    return fitted(result, machine.sets.reduce(np.asarray(ids), _axes(_named(op, values)["axis"], np.ndim(result))))


def banded(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    if any(mark is not None for mark in marks[1:]):
        return everything(machine, op, values, marks, result)
    ids = np.moveaxis(marks[0], _named(op, values)["axis"], -1)
    wide = np.pad(ids, [(0, 0)] * (ids.ndim - 1) + [(1, 1)])
    ids = machine.sets.union(machine.sets.union(wide[..., :-2], wide[..., 2:]), ids)
    return fitted(result, np.moveaxis(ids, -1, _named(op, values)["axis"]))


def differences(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    given = _named(op, values)
    ids = np.moveaxis(marks[0], given["axis"], -1)
    for _ in range(given["n"]):
        if table.DIFFERENCES[op]:
            ids = np.pad(ids, [(0, 0)] * (ids.ndim - 1) + [(1, 1)])
        ids = machine.sets.union(ids[..., 1:], ids[..., :-1])
    return fitted(result, np.moveaxis(ids, -1, given["axis"]))


def sorts(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    machine.decisive |= machine.origins[0]
    x, axis = values[0], _named(op, values)["axis"]
    if axis is None:
        return fitted(result, marks[0].ravel()[np.argsort(x, None, kind="stable")])
    return fitted(result, np.take_along_axis(marks[0], np.argsort(x, axis, kind="stable"), axis))


def sums_back(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    ids, shape = np.asarray(marks[0]), np.shape(result)
    extra = ids.ndim - len(shape)
    if extra < 0:
        return fitted(result, ids)
    axes = (*range(extra), *(extra + n for n, size in enumerate(shape) if size == 1 and ids.shape[extra + n] != 1))
    return fitted(result, machine.sets.reduce(ids, axes).reshape(shape)) if axes else fitted(result, marks[0])


def writes(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    array, path, value = values
    ids = copy_in_place(solid(array, marks[0]))
    part = solid(value, marks[2])
    view, index = follow(ids, path)
    view[index] = part if op == "store" else machine.sets.union(np.asarray(view[index]), part)
    return fitted(result, ids)


def accumulates(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    array, path, value = values
    ids = np.asarray(solid(array, marks[0]))
    numbers = solid(array, np.arange(ids.size).reshape(ids.shape))
    view, index = follow(numbers, path)
    places = np.asarray(view[index])
    if marks[2] is None and op in ("add_at", "sub_at"):
        return marks[0]
    part = np.broadcast_to(solid(value, marks[2]), places.shape)
    owner = np.concatenate([np.arange(ids.size), places.ravel()])
    return fitted(result, machine.sets.collect(owner, np.concatenate([ids.ravel(), part.ravel()]), ids.size).reshape(ids.shape))


def selects(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """Where the condition does not depend on the inputs, it says which of the two counts."""
    if machine.origins[0] & machine.inputs:
        return by_element(machine, op, values, marks, result)
    machine.decisive |= machine.origins[0]
    return fitted(result, _plain(np.where(values[0], *(0 if mark is None else mark for mark in marks[1:]))))


def products(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    found = subscripts(table.PRODUCTS[op], values)
    if found is None:
        return everything(machine, op, values, marks, result)
    terms, out = found
    flat_values = values[:2] if table.PRODUCTS[op] != "einsum" else list(values[1])
    flat_marks = marks[:2] if table.PRODUCTS[op] != "einsum" else list(marks[1])
    if table.PRODUCTS[op] in ("outer", "vdot"):
        flat_values = [np.ravel(value) for value in flat_values]
        flat_marks = [None if mark is None else np.ravel(mark) for mark in flat_marks]
    for n, term in enumerate(terms):
        if len(set(term)) < len(term):  # a diagonal
            once = "".join(dict.fromkeys(term))
            flat_values[n] = np.einsum(f"{''.join(term)}->{once}", flat_values[n])
            flat_marks[n] = None if flat_marks[n] is None else np.einsum(f"{''.join(term)}->{once}", flat_marks[n])
            terms[n] = tuple(once)
    ids, by_zeros = contraction(machine.sets, terms, out, flat_values, flat_marks, _LIMIT)
    if by_zeros:
        for origins in machine.origins:
            machine.decisive |= origins
    return fitted(result, ids.reshape(np.shape(result)))


def convolutions(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """np.convolve(a, v, mode), and its transpose g, x, v, mode -> x."""
    sets = machine.sets
    if not table.CONVOLUTIONS[op]:
        a, v, mode = values
        n, m = np.size(a), np.size(v)
        if n * m > _LIMIT:
            return everything(machine, op, values, marks, result)
        place = np.add.outer(np.arange(n), np.arange(m))
        owner, part = [], []
        for mark, turned in ((marks[0], True), (marks[1], False)):
            if mark is not None:
                ids = np.ravel(mark)
                owner.append(place.ravel())
                part.append(np.broadcast_to(ids[:, None] if turned else ids, place.shape).ravel())
        full = sets.collect(np.concatenate(owner), np.concatenate(part), n + m - 1)
        length = np.size(result)
        first = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]
        return fitted(result, full[first : first + length])
    g, x, v, mode = values
    n, m = np.size(x), np.size(v)
    if n * m > _LIMIT or marks[0] is None:
        return everything(machine, op, values, marks, result)
    first = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]
    full = np.zeros(n + m - 1, np.int64)
    full[first : first + np.size(g)] = np.ravel(marks[0])
    place = np.add.outer(np.arange(n), np.arange(m))
    own = sets.collect(np.repeat(np.arange(n), m), full[place], n)
    if marks[2] is not None:
        own = sets.union(own, sets.all(marks[2]))
    return fitted(result, own.reshape(np.shape(result)))


def kronecker(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    found = None
    for k in (0, 1):
        if marks[k] is not None:
            pair = [np.ones(np.shape(value), np.int64) for value in values]
            pair[k] = marks[k]
            ids = np.kron(*pair)
            found = ids if found is None else machine.sets.union(found, ids)
    return fitted(result, found)


def interpolates(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    rest = machine.sets.all(*(part for mark in marks[1:] for part in flat(mark)))
    found = rest if marks[0] is None else machine.sets.union(marks[0], rest)
    return fitted(result, found)


def counts(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    return None if marks[1] is None else fitted(result, machine.sets.collect(values[0], marks[1], np.size(result)))


def ties(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """total, g, x, y, axis, keepdims: g, spread along the axes, is added to some elements of the total."""
    total, _, _, _, axis, keepdims = values
    own, ids = marks[0], marks[1]
    if ids is None:
        return own
    ids = np.asarray(ids)
    if axis is not None and not keepdims:
        ids = np.expand_dims(ids, axis)
    return fitted(result, machine.sets.union(0 if own is None else own, np.broadcast_to(ids, np.shape(total))))


def matrices(machine: Machine, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
    """Stacks of matrices: each on its own, where all arguments that are marked are such stacks."""
    parts = [mark for mark in marks if mark is not None]
    batch = np.shape(values[0])[:-2]
    if not batch or any(not isinstance(mark, np.ndarray) for mark in parts):
        return everything(machine, op, values, marks, result)
    whole: Any = None
    for value, mark in zip(values, marks):
        if mark is not None:
            if np.shape(value)[:-2] != batch:
                return everything(machine, op, values, marks, result)
            ids = machine.sets.reduce(mark, tuple(range(len(batch), mark.ndim))).reshape(batch)
            whole = ids if whole is None else machine.sets.union(whole, ids)

    def spread(item: Any) -> Any:
        return fitted(item, np.broadcast_to(whole.reshape(batch + (1,) * (np.ndim(item) - len(batch))), np.shape(item)))

    return tuple(map(spread, result)) if isinstance(result, tuple) else spread(result)


_HANDLERS: dict[str, Handler] = {op: found for words, found in (
    (table.MOVES, moves), (table.SCATTERS, scatters), (table.BY_ELEMENT, by_element), (table.REDUCTIONS, reductions), (table.TRACES, traces),
    (table.TOTALS, totals), (table.RUNNING, running), (table.ALONG, along), (table.BANDED, banded), (table.DIFFERENCES, differences),
    (table.SORTS, sorts), (table.SUMS_BACK, sums_back), (table.WRITES, writes), (table.ACCUMULATES, accumulates), (table.SELECTS, selects),
    (table.PRODUCTS, products), (table.CONVOLUTIONS, convolutions), (table.KRONECKER, kronecker), (table.INTERPOLATES, interpolates),
    (table.COUNTS, counts), (table.TIES, ties), (table.MATRICES, matrices), (table.READS, reads), (("ruled",), ruled)) for op in words}
