"""Path of views -> strides: along which axis, and in which steps, a view goes through its array.

Where the types leave open what is read, NumPy is asked: an array that lies in memory as that of this call does, and holds its own positions, is
assigned to in the same way (`as_assigned`).

NumPy copies one part of an array onto another one through a temporary array, except between two parts of one axis each: these it copies
element by element, which is right only if both go through the array in the same steps. Through a flat iterator it copies
element by element, always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.build import type_of
from ..ir.nodes import Arg, Lit, Seq, Slice, variables
from ..ir.ops import OPS
from ..ir.types import rank
from ..rules.structure import infer_index, is_basic
from .values import Num, Ref, Step, Value
from .views import is_flat

if TYPE_CHECKING:
    from .calls import Calls

LIMIT = 64  # elements that are read in an order of their own; their positions stand in the program


def may_clash(m: Calls, owner: Ref, index: Arg, value: Ref) -> bool:
    """Whether `owner[index] = value`, two parts of one array, may read what it has just written."""
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


def as_assigned(m: Calls, owner: Ref, index: Arg, value: Ref) -> Value | None:
    """What `owner[index] = value` writes, two parts of one array that may overlap; None where that cannot be said."""
    if m.witness is None or not m.at_top():
        return None
    whole, vars = m.operand(Ref(owner.slot)), [v for step in (*owner.path, *value.path) for v in variables(step.detail)]
    if not all(map(m.witness.knows, (whole, index, *vars))):
        return None
    held = m.array_of_this_call(owner.slot)
    positions = np.arange(np.size(m.witness.value(whole))).reshape(np.shape(m.witness.value(whole)))
    if held is None:
        if owner.slot not in m.state.owned:
            return None
        memory = positions.copy()
    else:
        memory = _lying_as(held)
        memory[...] = positions
    m.by_layout = True
    m.decide(Num(m.b.emit("np.shape", whole)), "the shape of an array")
    for var in (*vars, *variables(index)):
        m.decide(Num(var), "an index")
    target, at = _part(m, positions, owner.path), m.witness.value(index)
    expected = np.broadcast_to(_part(m, positions, value.path), np.shape(target[at]))
    _part(m, memory, owner.path)[at] = _part(m, memory, value.path)
    found = memory[np.unravel_index(np.asarray(target[at]), positions.shape)]
    if np.array_equal(found, expected):
        return m.wrap(m.b.emit("copy", m.operand(value)))  # the program's own array may lie otherwise
    if found.size > LIMIT:
        return None
    return m.wrap(m.b.emit("index", m.b.emit("np.reshape", whole, Lit(-1)), _nested(found.tolist())))


def _nested(positions: Any) -> Arg:
    return Seq(tuple(map(_nested, positions)), "list") if isinstance(positions, list) else Lit(positions)


def _part(m: Calls, array: Any, path: tuple[Step, ...]) -> Any:
    """What a path of views leads to, in this call."""
    assert m.witness is not None
    for step in path:
        detail = m.witness.value(step.detail)
        if step.kind == "index":
            array = array[detail]
        elif step.kind == "flat":
            array = array.flat
        else:
            name = {"T": "np.transpose", "reshape": "np.reshape"}.get(step.kind, step.kind)
            array = OPS[name].run((array, *(detail if name == step.kind and name != "item" else (detail,))))
    return array


def _lying_as(array: np.ndarray) -> np.ndarray:
    """An array of integers that lies in memory as another one does."""
    steps = [stride // array.itemsize for stride in array.strides]
    reach = [step * (extent - 1) for step, extent in zip(steps, array.shape)]
    low, high = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
    buffer = np.zeros(high - low + 1, np.int64)
    return np.ndarray(array.shape, np.int64, buffer, -low * 8, tuple(step * 8 for step in steps))


__all__ = ["as_assigned", "may_clash", "strides"]
