"""What simplification may assume of operations, beyond their derivatives: by name, so that no pass knows one."""

from __future__ import annotations

import math

from ..ir.nodes import Arg, Let, Lit
from ..ir.ops import OPS, is_default

# Products: the sign of a factor is the sign of the result, exactly.
PRODUCTS = frozenset({"*", "/", "@"})
# Of the negative of its first argument such an operation gives the negative of its result, exactly.
ODD = frozenset({"index", "np.transpose", "np.sum"})
TOTAL = "np.sum"  # the sum of all elements, if nothing else is said
INNER = "np.vdot"  # the sum of all products of two real arrays of one shape, which needs no array for the products

_LARGEST = 2.0**100  # of a constant factor, and the inverse of the smallest: far from what cannot be represented


def is_factor(arg: Arg) -> bool:
    """Whether an argument is a constant factor far from overflow and underflow."""
    return isinstance(arg, Lit) and type(arg.value) in (int, float) and 1 / _LARGEST <= abs(arg.value) <= _LARGEST


def is_power(factor: float) -> bool:
    """Whether a product with this factor is exact."""
    return math.frexp(abs(factor))[0] == 0.5


def exact_product(a: Arg, b: Arg) -> float | None:
    """The product of two constant factors, if taking it first changes no result."""
    if not (isinstance(a, Lit) and isinstance(b, Lit) and is_factor(a) and is_factor(b) and (is_power(a.value) or is_power(b.value))):
        return None
    product = Lit(a.value * b.value)
    return product.value if is_factor(product) else None


def is_odd(let: Let) -> bool:
    """Whether the sign of the first argument is that of the result."""
    return let.op in ODD and (let.op != TOTAL or is_plain(let, frozenset({"axis", "keepdims"})))


def is_total(let: Let) -> bool:
    """Whether an operation is the sum of all elements of its first argument."""
    return let.op == TOTAL and is_plain(let)


def is_plain(let: Let, but: frozenset[str] = frozenset()) -> bool:
    """Whether all arguments but the first, and those named, have their default values."""
    pairs = zip(OPS[let.op].params[1:], let.args[1:])
    return all(isinstance(arg, Lit) and is_default(arg.value, param.default) for param, arg in pairs if param.name not in but)


__all__ = ["INNER", "PRODUCTS", "exact_product", "is_factor", "is_odd", "is_plain", "is_power", "is_total"]
