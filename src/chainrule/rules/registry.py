"""The rule table as the rest of the compiler sees it."""

from __future__ import annotations

from typing import Any

from ..ir.nodes import Arg, Lit, Seq
from ..ir.ops import OPS
from .methods import ATTRIBUTES, IN_MEMORY_ORDER, METHODS, bind_method
from .pullback import pull
from .table import (
    FUNCTIONS,
    JOINING,
    OF_LISTS,
    ROWS,
    Refusal,
    Row,
    RowError,
    bind,
    by_adjoint,
    elementwise,
    is_known_object,
    linear,
    lookup,
    meaning,
    meant,
    of_arrays,
    pointwise,
    refusal,
    refuse,
    rule,
    stands_for,
    static,
    structural,
    zero,
)
from .views import NEW, Each, InOnePiece, Parts, Path, can_write
from .writes import METHODS as WRITING_METHODS
from .writes import READ_FIRST, WHOLE, Writer, masked, writer


def row(name: str) -> Row | None:
    """The row of an operation."""
    return ROWS.get(name)


def view(name: str, args: tuple[Arg, ...]) -> Any:
    """How the result of an operation sees its first argument, where that is known."""
    entry = ROWS.get(name)
    return entry.view(*args) if entry is not None and callable(entry.view) else None


def flows(name: str, k: int) -> bool:
    """Whether a derivative can flow through argument k of an operation (if its type carries one)."""
    entry = ROWS.get(name)
    if entry is None:
        return True  # `pull` says what is missing
    return entry.kind != "zero" and OPS[name].params[k].name not in entry.constant


def carries(name: str) -> bool:
    """Whether an operation is known to carry a derivative from some argument."""
    entry = ROWS.get(name)
    return entry is not None and entry.kind != "zero"


def joins(name: str) -> bool:
    """Whether an operation takes a sequence of arrays."""
    return name in JOINING


def takes_lists(name: str) -> bool:
    """Whether an operation can be given a list, also one whose length is not known; the others are given arrays."""
    return not of_arrays(name) or name in OF_LISTS


def arrays_at(name: str, k: int) -> int | None:
    """How deep in argument k of an operation the arrays are whose axes its row counts: 0, it is one; 1, a sequence of them."""
    if not name.startswith("np.") or not carries(name) or takes_lists(name) or not flows(name, k):
        return None
    return int(OPS[name].params[k].star)


def masks(name: str) -> bool:
    """Whether an operation's contributions hold zeros that select (see numerics: masks absorb)."""
    entry = ROWS.get(name)
    return entry is not None and entry.masks


def pole(name: str) -> bool:
    """Whether an operation may give infinity or NaN for finite arguments."""
    entry = ROWS.get(name)
    return entry is not None and entry.pole


def quiet(name: str) -> bool:
    """Whether the derivative of an operation has a pole where the operation itself does not warn."""
    entry = ROWS.get(name)
    return entry is not None and entry.quiet


def by_element(name: str) -> bool:
    """Whether an operation computes each element of its result from one of each argument."""
    entry = ROWS.get(name)
    return entry is not None and entry.kind in ("elementwise", "pointwise")


def is_scaling(name: str) -> bool:
    """Whether the derivative of an operation multiplies by partials, element by element, also where numbers are complex."""
    entry = ROWS.get(name)
    return entry is not None and entry.kind == "elementwise"


def is_linear(name: str) -> bool:
    """Whether an operation is linear in its differentiable arguments together."""
    entry = ROWS.get(name)
    return entry is not None and (entry.linear == "together" or entry.kind == "linear")


def fills(name: str) -> bool:
    """Whether a result holds zeros beside what the arguments give."""
    entry = ROWS.get(name)
    return entry is not None and entry.fills


def real(name: str) -> bool:
    """Whether the row of an operation holds for real numbers only."""
    entry = ROWS.get(name)
    return entry is not None and entry.real


def jumps(name: str) -> frozenset[str]:
    """The parameters of an operation that may not depend on what is differentiated (see Row.jumps)."""
    entry = ROWS.get(name)
    return frozenset() if entry is None else entry.jumps


__all__ = [
    "ATTRIBUTES",
    "FUNCTIONS",
    "IN_MEMORY_ORDER",
    "METHODS",
    "NEW",
    "READ_FIRST",
    "ROWS",
    "WHOLE",
    "WRITING_METHODS",
    "Arg",
    "Each",
    "InOnePiece",
    "Lit",
    "Parts",
    "Path",
    "Refusal",
    "RowError",
    "Seq",
    "Writer",
    "arrays_at",
    "bind",
    "bind_method",
    "by_adjoint",
    "by_element",
    "can_write",
    "carries",
    "elementwise",
    "fills",
    "flows",
    "is_known_object",
    "is_linear",
    "is_scaling",
    "joins",
    "jumps",
    "linear",
    "lookup",
    "masked",
    "masks",
    "meaning",
    "meant",
    "of_arrays",
    "pointwise",
    "pole",
    "pull",
    "quiet",
    "real",
    "refusal",
    "refuse",
    "row",
    "rule",
    "stands_for",
    "static",
    "structural",
    "takes_lists",
    "view",
    "writer",
    "zero",
]
