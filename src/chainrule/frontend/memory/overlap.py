"""Path of views -> strides: along which axis, and in which steps, a view goes through its array.

NumPy copies one part of an array onto another one through a temporary array, except between two parts of one axis each: these it copies
element by element, which is right only if both go through the array in the same steps. Through a flat iterator it copies
element by element, always.

Where two parts of one array are given that may clash, this call decides what is written (`read`): the same copy is made of an array that lies in
memory as theirs does and holds the numbers of its elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Seq, Slice
from ...ir.types import rank
from ...rules.structure import follow, infer_index, is_basic
from ..execution.values import Ref, Select, Step, Value
from .orders import numbered
from .views import is_flat, lies_as_now

if TYPE_CHECKING:
    from ..calling.calls import Calls


def read(m: Calls, owner: Value, index: Arg, value: Value, change: bool = True) -> Value:
    """What `owner[index] = value` writes: the value, or, if it may be changed, the elements that NumPy takes where it reads what it has just written."""
    if isinstance(owner, Select):
        for side in (owner.then, owner.orelse):
            read(m, side, index, value, change=False)
    if isinstance(value, Select):
        for side in (value.then, value.orelse):
            read(m, owner, index, side, change=False)
    if not (isinstance(owner, Ref) and isinstance(value, Ref)) or value.slot != owner.slot or not may_clash(m, owner, index, value):
        return value
    taken = _taken(m, owner, index, value)
    if taken is None:
        return value
    if not change:
        _refuse(m)
    elements = m.b.emit("np.reshape", m.read(Ref(owner.slot)), Lit(-1))
    return m.wrap(m.b.emit("index", elements, Seq(tuple(map(Lit, taken)), "list")))


def _taken(m: Calls, owner: Ref, index: Arg, value: Ref) -> list[int] | None:
    """The numbers of the elements that are written in this call, those that have just been written among them; None if they are those of the value."""
    whole = m.read(Ref(owner.slot))
    if m.witness is None or not m.witness.knows(whole) or not is_basic(index) or is_flat(value):
        _refuse(m)
    at = Step("index", index)
    for part in (Ref(owner.slot, (*owner.path, at)), value):
        lies_as_now(m, part)
    numbers = numbered(m.witness.value(whole))
    if numbers is None:
        _refuse(m)
    source, _ = follow(numbers, (*_steps(m, value.path), ("index", Ellipsis)))
    target, place = follow(numbers, _steps(m, (*owner.path, at)))
    meant = np.array(source)
    try:
        target[place] = source
    except ValueError:  # of another shape: the program says so
        return None
    written = np.asarray(target[place])
    if not is_flat(owner) and np.array_equal(written, np.broadcast_to(meant, written.shape)):
        return None
    return [int(number.real) for number in written.ravel()]


def _steps(m: Calls, path: tuple[Step, ...]) -> tuple[tuple[str, Any], ...]:
    assert m.witness is not None
    return tuple((step.kind, m.witness.value(step.detail)) for step in path)


def _refuse(m: Calls) -> NoReturn:
    m.refuse("a part of an array is assigned to another part with a different stride",
             "where they overlap, NumPy reads what it has just written", "copy first: `a[:, 0] = a[1].copy()`")


def may_clash(m: Calls, owner: Ref, index: Arg, value: Ref) -> bool:
    """Whether `owner[index] = value`, two parts of one array, may read what it has just written."""
    with m.b.block():  # what is read here is read for its type only: it may be there on one path alone
        return _may_clash(m, owner, index, value)


def _may_clash(m: Calls, owner: Ref, index: Arg, value: Ref) -> bool:
    if is_flat(owner):
        return not is_flat(value)
    if not is_basic(index):
        return False
    target = rank(infer_index(m.read(owner), index))
    if target not in (1, None) or rank(m.type(value)) not in (1, None):
        return False  # more than one axis: NumPy looks for overlaps
    to, of = (*owner.path, Step("index", index)), value.path
    common = 0
    while common < min(len(to), len(of)) and to[common] == of[common]:
        common += 1
    if all(path[common].kind == "item" for path in (to, of) if common < len(path)) and common < min(len(to), len(of)):
        return False  # two parts that np.split gives
    dimensions = rank(type_of(m.read(Ref(owner.slot, to[:common]))))
    mine, other = strides(to[common:], dimensions), strides(of[common:], dimensions)
    if mine is None or other is None or len(mine) != 1 or len(other) != 1:
        return not (to[:-1] == of and index == Lit(Ellipsis))
    (axis, step), (other_axis, other_step) = mine[0], other[0]
    return axis != other_axis or (step != other_step and step * other_step > 0)  # in opposite directions, NumPy goes through a temporary array


def strides(path: tuple[Step, ...], dimensions: int | None) -> list[tuple[int, int]] | None:
    """(axis, step) of the array for each axis of what a path of views leads to; None where that is not plain to see."""
    if dimensions is None:
        return None
    axes = [(axis, 1) for axis in range(dimensions)]
    for step in path:
        if step.kind == "T" and isinstance(step.detail, Lit):
            order = step.detail.value
            axes = axes[::-1] if order is None else [axes[n] for n in order]
            continue
        if step.kind != "index":
            return None
        items = list(step.detail.items if isinstance(step.detail, Seq) and step.detail.kind == "tuple" else (step.detail,))
        if any(isinstance(item, Lit) and item.value is Ellipsis for item in items):
            at = next(n for n, item in enumerate(items) if isinstance(item, Lit) and item.value is Ellipsis)
            used = sum(not (isinstance(item, Lit) and item.value is None) for item in items) - 1
            items[at:at + 1] = [Lit(slice(None))] * (len(axes) - used)
        rest, kept = iter(axes), []
        for item in items:
            if isinstance(item, Lit) and item.value is None:
                return None
            axis, stride = next(rest)
            by = item.step if isinstance(item, Slice) else Lit(item.value.step) if isinstance(item, Lit) and isinstance(item.value, slice) else None
            if by is not None:
                if not isinstance(by, Lit):
                    return None
                kept.append((axis, stride * (by.value or 1)))
        axes = [*kept, *rest]
    return axes
