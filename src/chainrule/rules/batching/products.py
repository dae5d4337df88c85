"""Rows of products of arrays, and of linear algebra."""

from __future__ import annotations

import string
from collections.abc import Sequence

from ...ir.nodes import Arg, Lit, Operand, Seq
from ...ir.probe import type_of
from ...ir.types import Array, Scalar, kind
from ..linalg import _explicit
from .directions import ALL, NONE, Directions, NoRule, batching, constant, elementwise, flat


def _matmul(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    """`x @ y`: a stack of matrices is what NumPy makes of a batched matrix; a batched vector looks like a matrix, and is made one."""
    m, n = d.rank(x), d.rank(y)
    if op == "np.dot" and (m == 0 or n == 0):
        return elementwise(d, "*", x, y)
    if op == "np.dot" and max(m, n) > 2:
        return _contract(d, x, y, [m - 1], [max(n - 2, 0)])
    both = d.batched(x) and d.batched(y)
    if m == 1 and n == 1:
        if not both:
            return d.emit("@", x, y) if d.batched(x) else d.emit("@", y, x)
        return d.emit("np.einsum", Lit("ni,ni->n"), Seq((x, y)))
    if m == 1 and not d.batched(x):
        return d.emit("@", x, y)
    if n == 1 and not d.batched(y):
        return d.emit("@", x, y)
    if m == 1 and n == 2 and not both:
        return d.emit("@", x, y)
    if m == 2 and n == 1 and not both:
        return d.emit("@", y, d.b.emit("np.transpose", x))
    r = max(m, n, 2)
    if m == 1:
        x = d.emit("index", x, Seq((ALL, *(NONE,) * (r - 2), NONE, ALL)))
    if n == 1:
        y = d.emit("index", y, Seq((ALL, *(NONE,) * (r - 2), ALL, NONE)))
    result = d.emit("@", _stacked(d, x, r), _stacked(d, y, r))
    if m == 1:
        return d.emit("index", result, Seq((Lit(Ellipsis), Lit(0), ALL)))
    return d.emit("index", result, Seq((Lit(Ellipsis), Lit(0)))) if n == 1 else result


def _stacked(d: Directions, x: Arg, rank: int) -> Arg:
    """Matrices aligned with others of which more are stacked."""
    missing = rank - d.rank(x) if d.batched(x) else 0
    return d.emit("index", x, Seq((ALL, *(NONE,) * missing))) if missing else x


def _contract(d: Directions, x: Arg, y: Arg, along_x: Sequence[int], along_y: Sequence[int]) -> Operand:
    """The sum over pairs of axes."""
    m, n = d.rank(x), d.rank(y)
    pairs = [a % m for a in along_x], [a % n for a in along_y]
    if not (d.batched(x) and d.batched(y)):
        on = d.batched(x)
        axes = tuple(tuple(a + (on if k == 0 else not on) for a in pairs[k]) for k in (0, 1))
        result = d.emit("np.tensordot", x, y, Lit(axes))
        free = m - len(pairs[0])
        return result if on or free == 0 else d.emit("np.moveaxis", result, Lit(free), Lit(0))
    letters = iter(string.ascii_lowercase.replace("n", ""))
    first = [next(letters) for _ in range(m)]
    second = [first[pairs[0][pairs[1].index(a)]] if a in pairs[1] else next(letters) for a in range(n)]
    out = [c for a, c in enumerate(first) if a not in pairs[0]] + [c for a, c in enumerate(second) if a not in pairs[1]]
    return d.emit("np.einsum", Lit(f"n{''.join(first)},n{''.join(second)}->n{''.join(out)}"), Seq((x, y)))


def _tensordot(d: Directions, op: str, x: Arg, y: Arg, axes: Arg) -> Operand:
    value = constant(axes)
    if isinstance(value, int):
        m = d.rank(x)
        return _contract(d, x, y, range(m - value, m), range(value))
    first, second = ([a] if isinstance(a, int) else list(a) for a in value)
    return _contract(d, x, y, first, second)


def _inner(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    if d.rank(x) == 0 or d.rank(y) == 0:
        return elementwise(d, "*", x, y)
    return _contract(d, x, y, [d.rank(x) - 1], [d.rank(y) - 1])


def _outer(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    def line(arg: Arg) -> Operand:
        if d.batched(arg):
            return flat(d, arg) if d.rank(arg) else d.emit("index", arg, Seq((ALL, NONE)))
        return arg if d.rank(arg) == 1 else d.b.emit("np.ravel", arg)  # type: ignore[return-value]

    x, y = line(x), line(y)
    column = d.emit("index", x, Seq((ALL, ALL, NONE))) if d.batched(x) else d.b.emit("index", x, Seq((ALL, NONE)))
    row = d.emit("index", y, Seq((ALL, NONE))) if d.batched(y) else y
    return d.emit("*", column, row)


def _vdot(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    type = type_of(x)
    if isinstance(type, (Array, Scalar)) and kind(type.dtype) == "c":
        x = d.emit("np.conj", x) if d.batched(x) else d.b.emit("np.conj", x)
    r = d.rank(x)
    if r != d.rank(y):
        raise NoRule
    if r == 0:
        return d.emit("*", x, y)
    if r == 1:
        return _matmul(d, "@", x, y)
    if d.batched(x) and d.batched(y):
        letters = string.ascii_lowercase.replace("n", "")[:r]
        return d.emit("np.einsum", Lit(f"n{letters},n{letters}->n"), Seq((x, y)))
    return d.emit("np.tensordot", *((x, y) if d.batched(x) else (y, x)), Lit(r))


def _einsum(d: Directions, op: str, subscripts: Arg, factors: Arg) -> Operand:
    """One more letter, in the batched factors and in the result."""
    text = constant(subscripts)
    if not isinstance(text, str) or not isinstance(factors, Seq):
        raise NoRule
    inputs, output = _explicit(text, [d.rank(factor) for factor in factors.items])
    more = next(c for c in "n" + string.ascii_letters if c not in "".join(inputs))
    terms = [more + term if d.batched(factor) else term for term, factor in zip(inputs, factors.items)]
    return d.emit(op, Lit(f"{','.join(terms)}->{more}{output}"), factors)


def _kron(d: Directions, op: str, x: Arg, y: Arg) -> Operand:
    """NumPy gives the factor of fewer axes more of them in front."""
    if (d.batched(x) and d.batched(y)) or d.rank(x) != d.rank(y) or d.rank(x) == 0:
        raise NoRule
    return d.emit(op, x, y)


def _solve(d: Directions, op: str, a: Arg, b: Arg) -> Operand:
    """A matrix that is the same in all directions is factorised once: the right-hand sides become columns."""
    m, r = d.rank(a), d.rank(b)
    vector = r == 1
    if m != 2 or r > 2:
        if r < 2 or m < 2 or r != m:
            raise NoRule
        return d.emit(op, a, b)
    if d.batched(a):
        if vector:
            column = d.emit("index", b, Seq((ALL, ALL, NONE))) if d.batched(b) else d.b.emit("index", b, Seq((ALL, NONE)))
            return d.emit("index", d.emit(op, a, column), Seq((ALL, ALL, Lit(0))))
        return d.emit(op, a, b)
    if vector:
        return d.emit("np.transpose", d.emit(op, a, d.emit("np.transpose", b)))
    n, k = d.shape(b)
    columns = d.emit("np.reshape", d.emit("np.moveaxis", b, Lit(0), Lit(-1)), Seq((n, d.b.emit("*", k, d.size))))
    return d.emit("np.moveaxis", d.emit("np.reshape", d.emit(op, a, columns), Seq((n, k, d.size))), Lit(-1), Lit(0))


batching(_matmul, "@", "np.matmul", "np.dot")
batching(_tensordot, "np.tensordot")
batching(_inner, "np.inner")
batching(_outer, "np.outer")
batching(_vdot, "np.vdot")
batching(_einsum, "np.einsum")
batching(_kron, "np.kron")
batching(_solve, "np.linalg.solve")
