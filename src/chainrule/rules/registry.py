"""The rule table as the rest of the compiler sees it."""

from __future__ import annotations

from ..ir.nodes import Arg, Lit, Seq
from ..ir.ops import OPS
from .methods import ATTRIBUTES, METHODS, bind_method
from .pullback import pull
from .table import (
    ROWS,
    Refusal,
    Row,
    RowError,
    bind,
    elementwise,
    linear,
    lookup,
    pointwise,
    refusal,
    refuse,
    rule,
    static,
    structural,
    zero,
)


def row(name: str) -> Row | None:
    """The row of an operation."""
    return ROWS.get(name)


def flows(name: str, k: int) -> bool:
    """Whether a derivative can flow through argument k of an operation (if its type carries one)."""
    entry = ROWS.get(name)
    if entry is None:
        return True  # `pull` says what is missing
    return entry.kind != "zero" and OPS[name].params[k].name not in entry.constant


# Functions whose rules know lists of a length that is not known; the others are given arrays.
_OF_LISTS = frozenset({"np.array", "np.asarray", "np.asanyarray", "np.concatenate", "np.stack", "np.hstack", "np.vstack", "np.column_stack"})


def takes_lists(name: str) -> bool:
    """Whether an operation can be given a list whose length is not known."""
    return not name.startswith("np.") or name in _OF_LISTS


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


__all__ = [
    "ATTRIBUTES",
    "METHODS",
    "ROWS",
    "Arg",
    "Lit",
    "Refusal",
    "RowError",
    "Seq",
    "bind",
    "bind_method",
    "elementwise",
    "flows",
    "linear",
    "lookup",
    "masks",
    "pointwise",
    "pole",
    "pull",
    "quiet",
    "refusal",
    "refuse",
    "row",
    "rule",
    "static",
    "structural",
    "takes_lists",
    "zero",
]
