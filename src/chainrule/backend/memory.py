"""Operation, memory of its arguments -> memory of its result.

The memory of a value is the set of allocations ("roots") that it may share: an operation that computes makes
a new one, a view shares that of what it looks at. EXTERNAL stands for everything that is not ours to write: the caller's
arrays, what lies on a tape, constants, and read-only views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ..ir.nodes import Arg, Let, Lit, Make, Seq, Var
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, List, Scalar, Tuple, Type
from ..rules.structure import is_basic

EXTERNAL = 0

# Views that can be written through. All others (np.broadcast_to, np.diagonal ...) count as read-only.
_WRITABLE = frozenset({
    "index", "item", "list_item", "tuple", "list", "np.transpose", "np.reshape", "np.swapaxes", "np.moveaxis", "np.rollaxis",
    "np.squeeze", "np.expand_dims", "np.ravel", "np.atleast_1d", "np.atleast_2d", "np.atleast_3d", "np.asarray", "np.flip",
    "np.fliplr", "np.flipud", "np.rot90", "np.permute_dims", "np.matrix_transpose", "np.ascontiguousarray", "np.asfortranarray",
    "np.asanyarray", "np.split", "np.array_split", "np.hsplit", "np.vsplit", "np.einsum", "rt.pad_pull", "rt.unbroadcast",
    "append",
    "list_set",
})


@dataclass(frozen=True)
class Memory:
    """own: allocations that writing into the value may change. inner: those reached through it (the elements of a list).
    items: the memory of each item, for a tuple whose items are known one by one."""

    own: frozenset[int] = frozenset()
    inner: frozenset[int] = frozenset()
    items: tuple[Memory, ...] | None = None

    @property
    def all(self) -> frozenset[int]:
        return self.own | self.inner if self.inner else self.own


NOTHING = Memory()
_OUTSIDE = frozenset({EXTERNAL})


def has_memory(type: Type) -> bool:
    """Whether values of this type can be, or hold, something that is written in place."""
    if isinstance(type, Scalar):
        return False
    if isinstance(type, Tuple):
        return any(has_memory(item) for item in type.items)
    return True


def external(type: Type) -> Memory:
    """The memory of a value that comes from elsewhere."""
    if not has_memory(type):
        return NOTHING
    if isinstance(type, Tuple):
        items = tuple(external(item) for item in type.items)
        return Memory(frozenset(), union(items), items)
    return Memory(_OUTSIDE, _OUTSIDE if isinstance(type, List) else frozenset())


def new(type: Type, root: Callable[[], int]) -> Memory:
    """The memory of a value that has just been made."""
    if not has_memory(type):
        return NOTHING
    if isinstance(type, Tuple):
        items = tuple(new(item, root) for item in type.items)
        return Memory(frozenset(), union(items), items)
    return Memory(frozenset({root()}), frozenset({root()}) if isinstance(type, List) else frozenset())


def carried(type: Type, root: Callable[[], int]) -> Memory:
    """The memory of a loop's parameter, inside the loop: its own, but for the elements of containers."""
    if not has_memory(type):
        return NOTHING
    if isinstance(type, Array):
        return Memory(frozenset({root()}))
    if isinstance(type, List):
        return Memory(frozenset({root()}), _OUTSIDE)
    return external(type)


def union(memories: Iterable[Memory]) -> frozenset[int]:
    """All allocations of some values together."""
    none: frozenset[int] = frozenset()
    return none.union(*(m.all for m in memories))


def merge(type: Type, memories: list[Memory]) -> Memory:
    """The memory of a value that is one of several."""
    if not has_memory(type) or not memories:
        return NOTHING
    if isinstance(type, Tuple):
        inner = union(memories)
        columns = [m.items for m in memories if m.items is not None]
        if len(columns) < len(memories):
            return Memory(frozenset(), inner)
        items = tuple(merge(t, [c[k] for c in columns]) for k, t in enumerate(type.items))
        return Memory(frozenset(), inner, items)
    none: frozenset[int] = frozenset()
    return Memory(none.union(*(m.own for m in memories)), none.union(*(m.inner for m in memories)))


def rename(memory: Memory, replace: Callable[[frozenset[int]], frozenset[int]]) -> Memory:
    """The memory with its allocations replaced."""
    items = None if memory.items is None else tuple(rename(m, replace) for m in memory.items)
    return Memory(replace(memory.own), replace(memory.inner), items)


def of_arg(arg: Arg, table: dict[Var, Memory]) -> Memory:
    """The memory of an argument."""
    if isinstance(arg, Var):
        return table[arg]
    if isinstance(arg, (Seq, Make)):
        items = tuple(of_arg(item, table) for item in arg.items)
        return Memory(frozenset(), union(items), items)
    if isinstance(arg, Lit) and isinstance(arg.value, (np.ndarray, list, dict)):
        return Memory(_OUTSIDE, _OUTSIDE)
    return NOTHING


def is_view(let: Let) -> bool:
    """Whether the result may share memory with an argument (and is not the new contents of one)."""
    op = OPS[let.op]
    if let.op == "np.einsum":  # of one operand it may take a diagonal, or transpose; of several it computes
        return isinstance(let.args[1], Seq) and len(let.args[1].items) == 1
    return bool(op.views) and op.destroys is None and not (let.op == "index" and not is_basic(let.args[1]))


def result(let: Let, table: dict[Var, Memory], root: Callable[[], int]) -> Memory:
    """The memory of the result of an operation that writes nothing."""
    assert let.out is not None
    op, type = OPS[let.op], let.out.type
    if not has_memory(type) or let.op == "pop":
        return external(type)
    if let.op == "constant":
        return external(type)
    if op.effect and not op.fresh and let.op != "call":  # unknown code: it may return anything that it was given
        given = union(of_arg(arg, table) for arg in let.args)
        return _opened(type, given | _OUTSIDE)
    if let.op == "copy":
        return Memory(frozenset({root()}), of_arg(let.args[0], table).inner)
    if let.op == "list":
        return Memory(frozenset({root()}), of_arg(let.args[0], table).all)
    if not is_view(let):
        made = new(type, root)
        if isinstance(type, List):  # a list of parts of what is given, or of zeros that are not for writing
            return Memory(made.own, made.inner | _OUTSIDE | union(of_arg(arg, table) for arg in let.args))
        return made
    if let.op == "tuple":
        return of_arg(let.args[0], table)
    source = of_arg(let.args[op.views[0]], table)
    if let.op == "item" and source.items is not None and isinstance(let.args[1], Lit):
        return source.items[int(let.args[1].value)]
    if let.op in ("item", "list_item"):
        return _opened(type, source.inner)
    viewed = [type_of(let.args[k]) for k in op.views]
    if isinstance(type, Array) and let.op in _WRITABLE and let.op != "np.einsum" and all(isinstance(one, (Scalar, Tuple, List)) for one in viewed):
        return new(type, root)  # np.asarray of a list, a number with new axes
    roots = union(of_arg(let.args[k], table) for k in op.views)
    if not isinstance(type, Array):
        return _opened(type, roots)
    return Memory(roots if let.op in _WRITABLE else roots | _OUTSIDE)


def _opened(type: Type, roots: frozenset[int]) -> Memory:
    """Something of this type that lies in one of the given allocations."""
    if not has_memory(type):
        return NOTHING
    if isinstance(type, Tuple):
        return Memory(frozenset(), roots)
    return Memory(roots, roots if not isinstance(type, Array) else frozenset())


__all__ = ["EXTERNAL", "NOTHING", "Memory", "carried", "external", "has_memory", "is_view", "merge", "new", "of_arg", "rename",
           "result", "union"]
