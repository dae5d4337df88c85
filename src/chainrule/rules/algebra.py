"""What simplification may assume of operations, beyond their derivatives: by name, so that no pass knows one."""

from __future__ import annotations

from ..ir.nodes import Let, Lit
from ..ir.ops import OPS, is_default

# Products: the sign of a factor is the sign of the result, exactly.
PRODUCTS = frozenset({"*", "/", "@"})
# Of the negative of its first argument such an operation gives the negative of its result, exactly.
ODD = frozenset({"index", "np.transpose", "np.sum"})
TOTAL = "np.sum"  # the sum of all elements, if nothing else is said
INNER = "np.vdot"  # the sum of all products of two real arrays of one shape, which needs no array for the products


def is_odd(let: Let) -> bool:
    """Whether the sign of the first argument is that of the result."""
    return let.op in ODD and (let.op != TOTAL or _is_plain(let, frozenset({"axis", "keepdims"})))


def is_total(let: Let) -> bool:
    """Whether an operation is the sum of all elements of its first argument."""
    return let.op == TOTAL and _is_plain(let, frozenset())


def _is_plain(let: Let, but: frozenset[str]) -> bool:
    """Whether all arguments but the first, and those named, have their default values."""
    pairs = zip(OPS[let.op].params[1:], let.args[1:])
    return all(isinstance(arg, Lit) and is_default(arg.value, param.default) for param, arg in pairs if param.name not in but)


__all__ = ["INNER", "PRODUCTS", "is_odd", "is_total"]
