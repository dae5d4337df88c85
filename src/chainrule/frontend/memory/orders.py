"""`reshape`, `ravel` and `flatten` in the order in which an array lies in memory -> the same in an order that does not depend on it.

    A.ravel(order="A")    A.ravel(order="F") where A is in column order, A.ravel() elsewhere
    A.ravel(order="K")    A.transpose(...).ravel(), the axes with the largest steps first

How an array of two or more axes lies in memory is known of arrays in C order; of others it is decided by this call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.build import type_of
from ...ir.ops import OPS
from ...ir.types import Array, rank
from ...rules.structure import copy_in_place
from ..execution.values import Ref, Static, Value
from .views import in_one_piece, lies_as_now

if TYPE_CHECKING:
    from ..calling.calls import Calls

Args = tuple[Value, ...]


def settled(m: Calls, name: str, args: Args, keywords: dict[str, Value]) -> tuple[Args, dict[str, Value]]:
    """The arguments with "C" or "F" for the order."""
    place = next(n for n, param in enumerate(OPS[name].params) if param.name == "order")
    given = args[place] if len(args) > place else keywords.get("order")
    if given is None or not args:
        return args, keywords
    asked = str(m.static(given, "the order") or "C").upper()
    array = args[0]
    if asked in ("A", "K"):
        axes = _axes(m, array, asked)
        if axes == "F":
            asked = "F"
        else:
            asked = "C"
            array = array if axes == "C" else m.call_row("np.transpose", (array, Static(axes)), {})
    rest = {key: value for key, value in keywords.items() if key != "order"}
    return (array, *args[1:place], *args[place + 1:]), {**rest, "order": Static(asked)}


def _axes(m: Calls, array: Value, asked: str) -> str | tuple[int, ...]:
    """"C", "F", or the axes with those whose elements lie furthest apart first."""
    dimensions = rank(type_of(m.operand(array)))
    if not isinstance(type_of(m.operand(array)), Array) or dimensions in (0, 1) or in_one_piece(m, array):
        return "C"
    operand = m.operand(array)
    if not isinstance(array, Ref) or m.witness is None or not m.witness.knows(operand):
        m.refuse(f"the order {asked!r} is that in which an array lies in memory", "which order that is is not known before the program runs",
                 "pass order='C' or order='F'")
    lies_as_now(m, array)
    found = m.witness.value(operand)
    if asked == "A" or found.flags.forc:
        return "F" if found.flags.fnc else "C"
    axes = tuple(sorted(range(found.ndim), key=lambda axis: -abs(found.strides[axis])))
    numbers = numbered(found)
    if numbers is None or not np.array_equal(numbers.ravel("K"), numbers.transpose(axes).ravel()):
        m.refuse("the order 'K' of an array of this layout", "NumPy takes its elements in an order of its own", "pass order='C' or order='F'")
    return axes


def numbered(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """An array that lies in memory as another one does, and holds at each place the number of the place in C order."""
    if array.itemsize not in (2, 4, 8, 16) or array.size > 1 << 8 * min(array.itemsize, 4) - 2:
        return None
    numbers: np.ndarray[Any, Any] = copy_in_place(array.view({2: "i2", 4: "i4", 8: "i8", 16: "c16"}[array.itemsize]))
    numbers[...] = np.arange(array.size).reshape(array.shape)
    return numbers


__all__ = ["numbered", "settled"]
