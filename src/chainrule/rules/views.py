"""Operation, arguments -> path: how the result of an operation sees its first argument.

    np.swapaxes(x, 0, 1)    (("T", (1, 0)),)                            the axes in another order
    np.flip(x, 1)           (("index", (:, ::-1)),)                     an index with slices
    np.ravel(x)             InOnePiece((("reshape", -1),))              a view only where x lies in one piece (who asks must know)
    np.diagonal(x)          (("np.diagonal", (0, 0, 1)),)               the operation itself: a view that is read only
    np.squeeze(x)           (("np.squeeze", (None,)),)                  the same, and it can be written through (`WRITABLE`)
    np.split(x, 2)          Parts of (("np.split", (2, 0)), ("item", n))
    np.split(x, [3])        Parts of (("index", :3),) and (("index", 3:),)
    np.asarray(x)           ()                                          x itself

A row names its description with `view=`; None says that nobody knows before the program runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from ..ir.build import is_static, static_value
from ..ir.nodes import Arg, Lit, Seq, Slice
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, Type, kind, rank
from .table import RowError

Path = tuple[tuple[str, Arg], ...]

# Operations that are steps of a path by their own name, and give views that can be written through.
WRITABLE = frozenset({"np.squeeze", "np.split", "np.array_split", "np.hsplit", "np.vsplit", "np.dsplit", "np.real", "np.imag"})
_STEPS = frozenset({"index", "T", "reshape", "flat", "item"})
_TURNED = ("T", Lit(None))
_ALL = Slice(Lit(None), Lit(None), Lit(None))
_BACKWARDS = Slice(Lit(None), Lit(None), Lit(-1))


@dataclass(frozen=True)
class Parts:
    """Several views, in a list."""

    paths: tuple[Path, ...]


class _New:
    """A new array, after all."""


NEW = _New()


@dataclass(frozen=True)
class InOnePiece:
    """A view where the elements of the array, or of what the path `of` leads to in it, follow each other in memory in C order; elsewhere a copy."""

    path: Path
    of: Path = ()


@dataclass(frozen=True)
class Each:
    """Each of the arguments, as an operation sees it that takes the argument and their common shape."""

    op: str
    shape: str  # the operation that gives the common shape of several shapes


View = Callable[..., Union[Path, Parts, InOnePiece, _New] | None]


def can_write(step: str, type: Type) -> bool:
    """Whether what a step leads to, from an array of this type, can be written."""
    if step == "np.imag":  # of an array that is not complex: zeros
        return isinstance(type, Array) and kind(type.dtype) == "c"
    return step in _STEPS or step in WRITABLE


# -- descriptions ------------------------------------------------------------------------------------------


def itself(x: Arg, dtype: Arg, order: Arg = Lit(None)) -> Path | Parts | InOnePiece | _New | None:
    """The array that is given, if nothing else is asked for."""
    type = type_of(x)
    if not isinstance(dtype, Lit) or (dtype.value is not None and not (isinstance(type, Array) and _same_dtype(dtype.value, type.dtype))):
        return None
    asked = order.value if isinstance(order, Lit) else "A"
    return () if asked in (None, "K") or rank(type) == 0 else contiguous(asked)(x)


def converted(x: Arg, dtype: Arg, order: Arg, casting: Arg, subok: Arg, copy: Arg) -> Path | Parts | InOnePiece | _New | None:
    """`x.astype(dtype)`, which may be told not to copy where nothing is to convert."""
    if not (isinstance(copy, Lit) and isinstance(order, Lit)) or copy.value or not isinstance(type_of(x), Array):
        return NEW
    if order.value == "K":
        found = itself(x, dtype)
        return NEW if found is None else found
    raise RowError("`astype` with `copy=False` and an order", "whether it copies depends on how the array lies in memory", "leave one of them out")


def whole(x: Arg, dtype: Arg) -> Path:
    """`x.view()`, which may not change what the bytes mean."""
    if itself(x, dtype) is None and not (isinstance(dtype, Lit) and dtype.value is np.ndarray):
        raise RowError("`view` with another dtype", "the bytes of a number have no derivative", "convert the numbers: `x.astype(...)`")
    return (("index", Lit(Ellipsis)),)


def _same_dtype(asked: Any, own: str) -> bool:
    try:
        return bool(np.dtype(asked) == np.dtype(own))
    except TypeError:
        return False


def by_name(op: str) -> View:
    """The operation itself."""
    return lambda x, *rest: ((op, Seq(rest)),)


def transposed(x: Arg, axes: Arg) -> Path | None:
    if not is_static(axes):
        return None
    order = static_value(axes)
    return (("T", Lit(None if order is None else tuple(order) if isinstance(order, (tuple, list)) else (order,))),)


def matrix_transposed(x: Arg) -> Path | None:
    n = rank(type_of(x))
    return None if n is None or n < 2 else _order((*range(n - 2), n - 1, n - 2))


def swapped(x: Arg, axis1: Arg, axis2: Arg) -> Path | None:
    n = rank(type_of(x))
    if n is None or not (is_static(axis1) and is_static(axis2)):
        return None
    order = list(range(n))
    i, j = _axis(axis1, n), _axis(axis2, n)
    order[i], order[j] = order[j], order[i]
    return _order(tuple(order))


def moved(x: Arg, source: Arg, destination: Arg) -> Path | None:
    n = rank(type_of(x))
    if n is None or not (is_static(source) and is_static(destination)):
        return None
    sources, destinations = _axes(source, n), _axes(destination, n)
    if len(sources) != len(destinations):
        return None  # NumPy says so
    order = [axis for axis in range(n) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources)):
        order.insert(place, axis)
    return _order(tuple(order))


def rolled(x: Arg, axis: Arg, start: Arg) -> Path | None:
    """np.rollaxis: an axis goes to where another one is."""
    n = rank(type_of(x))
    if n is None or not (is_static(axis) and is_static(start)):
        return None
    at, to = _axis(axis, n), static_value(start)
    to = to + n if to < 0 else to
    order = [a for a in range(n) if a != at]
    order.insert(to - 1 if at < to else to, at)
    return _order(tuple(order))


def flipped(x: Arg, axis: Arg) -> Path | None:
    n = rank(type_of(x))
    if n is None or not is_static(axis):
        return None
    axes = tuple(range(n)) if static_value(axis) is None else _axes(axis, n)
    return _backwards(axes)


def flipped_axis(axis: int) -> View:
    """np.flipud and np.fliplr."""
    return lambda x: _backwards((axis,))


def rotated(x: Arg, k: Arg, axes: Arg) -> Path | None:
    n = rank(type_of(x))
    if n is None or not (is_static(k) and is_static(axes)):
        return None
    first, second = _axes(axes, n)
    swap = list(range(n))
    swap[first], swap[second] = second, first
    quarter = static_value(k) % 4
    if quarter == 0:
        return (("index", Lit(Ellipsis)),)
    if quarter == 2:
        return _backwards((first, second))
    if quarter == 1:
        return (*_backwards((second,)), *_order(tuple(swap)))
    return (*_order(tuple(swap)), *_backwards((second,)))


def squeezed(x: Arg, axis: Arg) -> Path | None:
    """Axes of length 1 are left out: which ones these are need not be known."""
    type = type_of(x)
    if not isinstance(type, Array) or type.shape is None or not is_static(axis):
        return None
    asked = static_value(axis)
    surely = [extent == 1 for extent in type.shape]
    if asked is None:
        known = all(one or isinstance(extent, int) or (extent.not_one and not extent.offset) for one, extent in zip(surely, type.shape))
        places = tuple(n for n, one in enumerate(surely) if one)
    else:
        places = _axes(axis, len(type.shape))
        known = all(surely[place] for place in places)
    if not known:
        return (("np.squeeze", Seq((axis,))),)
    return (("index", Seq((*(Lit(0) if n in places else _ALL for n in range(max(places, default=-1) + 1)), Lit(Ellipsis)))),)


def expanded(x: Arg, axis: Arg) -> Path | None:
    n = rank(type_of(x))
    if n is None or not is_static(axis):
        return None
    asked = static_value(axis)
    count = n + (len(asked) if isinstance(asked, (tuple, list)) else 1)
    places = _axes(axis, count)
    return (("index", Seq(tuple(Lit(None) if place in places else _ALL for place in range(max(places, default=-1) + 1)))),)


def at_least(dimensions: int) -> View:
    """np.atleast_1d and its kin: axes of length 1 are put around those that are there."""

    def view(x: Arg) -> Path | None:
        n = rank(type_of(x))
        if n is None or not isinstance(type_of(x), Array):
            return None
        if n >= dimensions:
            return ()
        new = Lit(None)
        index = {(1, 0): (new,), (2, 0): (new, new), (2, 1): (new, _ALL), (3, 0): (new, new, new), (3, 1): (new, _ALL, new),
                 (3, 2): (_ALL, _ALL, new)}[dimensions, n]
        return (("index", Seq(index)),)

    return view


def reshaped(x: Arg, shape: Arg, order: Arg) -> Path | InOnePiece | None:
    """An array of one axis is seen in any shape."""
    found = _in_shape(shape, order)
    return found if found is None or (rank(type_of(x)) or 2) > 1 else found.path


def raveled(x: Arg, order: Arg) -> InOnePiece | None:
    return _in_shape(Lit(-1), order)


def _in_shape(shape: Arg, order: Arg) -> InOnePiece | None:
    """In column order, the transpose of what is reshaped the other way round."""
    if not isinstance(order, Lit) or order.value not in ("C", "F"):
        return None
    if order.value == "C":
        return InOnePiece((("reshape", shape),))
    turned = _backwards_shape(shape)
    return None if turned is None else InOnePiece((_TURNED, ("reshape", turned), _TURNED), (_TURNED,))


def _backwards_shape(shape: Arg) -> Arg | None:
    """A shape with its extents in the opposite order; None if it is not known how many there are."""
    if isinstance(shape, Seq):
        return Seq(shape.items[::-1])
    if isinstance(shape, Lit):
        return Lit(shape.value[::-1]) if isinstance(shape.value, tuple) else shape
    return shape if isinstance(type_of(shape), Scalar) else None


def contiguous(order: str) -> View:
    """np.ascontiguousarray, np.asfortranarray."""

    def view(x: Arg) -> InOnePiece | None:
        if (rank(type_of(x)) or 0) == 0 or order not in ("C", "F"):
            return None
        return InOnePiece((), () if order == "C" else (_TURNED,))

    return view


def on_the_diagonal(x: Arg, k: Arg) -> Path | _New | None:
    """np.diag of a matrix; of a vector it makes a matrix."""
    n = rank(type_of(x))
    return (("np.diagonal", Seq((k, Lit(0), Lit(1)))),) if n == 2 else NEW if n == 1 else None


def real_part(x: Arg) -> Path | None:
    type = type_of(x)
    if not isinstance(type, Array):
        return None
    return (("np.real", Seq(())),) if kind(type.dtype) == "c" else ()


def conjugated(x: Arg) -> Path | _New | None:
    """`x.conj()`: unlike np.conj, an array that is not complex itself."""
    type = type_of(x)
    if not isinstance(type, Array):
        return None
    return NEW if kind(type.dtype) == "c" else ()


def split(op: str, result: Callable[..., Type], axis_of: Callable[[Arg], int] | None = None) -> View:
    """np.split and its kin; `result`: the operation's own type inference. At known places, the parts are slices."""

    def view(x: Arg, *rest: Arg) -> Parts | None:
        found = result(x, *rest)
        count = len(getattr(found, "items", ()))
        if not count:
            return None
        n, axis = rank(type_of(x)), static_value(rest[1]) if axis_of is None else axis_of(x)
        cuts = static_value(rest[0]) if is_static(rest[0]) else None
        if n is not None and isinstance(cuts, (tuple, list)) and all(type(cut) is int for cut in cuts):
            before = (_ALL,) * _axis(Lit(axis), n)
            pairs = zip((None, *cuts), (*cuts, None))
            slices = [Slice(Lit(start), Lit(stop), Lit(None)) for start, stop in pairs]
            return Parts(tuple((("index", Seq((*before, part)) if before else part),) for part in slices))
        return Parts(tuple(((op, Seq(rest)), ("item", Lit(n))) for n in range(count)))

    return view


def _order(order: tuple[int, ...]) -> Path:
    return (("T", Lit(order)),)


def _backwards(axes: tuple[int, ...]) -> Path:
    items = tuple(_BACKWARDS if n in axes else _ALL for n in range(max(axes, default=-1) + 1))
    return (("index", Lit(Ellipsis) if not items else items[0] if len(items) == 1 else Seq(items)),)


def _axis(axis: Arg, n: int) -> int:
    value = static_value(axis)
    if not -n <= value < n:
        raise IndexError(f"axis {value} is out of bounds for array of dimension {n}")
    return int(value % n)


def _axes(axis: Arg, n: int) -> tuple[int, ...]:
    value = static_value(axis)
    return tuple(_axis(Lit(one), n) for one in (value if isinstance(value, (tuple, list)) else (value,)))


__all__ = ["NEW", "WRITABLE", "Each", "InOnePiece", "Parts", "Path", "View", "can_write"]
