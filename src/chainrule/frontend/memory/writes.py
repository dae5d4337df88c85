"""Calls that write: `out=` and `where=`, and the functions and methods that write into an array they are given.

    np.exp(x, out=y)              y[...] = np.exp(x)
    np.exp(x, out=y, where=m)     y[m] = np.exp(x[m]); the other entries keep their values and derivatives
    np.copyto(y, x)               as its row says (`rules.writes`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Lit
from ...ir.types import Array, Scalar, rank
from ...rules import registry
from ..execution.machine import describe
from ..execution.state import reachable
from ..execution.values import NONE, Ref, Select, Static, TupleV, Value
from . import overlap
from .views import is_flat, seen

if TYPE_CHECKING:
    from ..calling.calls import Calls


def with_out(m: Calls, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """A call of a function that has a row, with `out` or `where`; None for any other call."""
    row = registry.row(name)
    if row is None or (not row.ufunc and row.out is None):
        return None
    args, rest, outs = _take_out(m, name, row, args, keywords)
    where = rest.pop("where", None) if row.ufunc else None
    if where is not None and isinstance(where, Static) and where.value is True:
        where = None
    if outs is None:
        if where is not None:
            m.refuse(f"{name} with `where=` and without `out=`", "the entries that are not written are undefined",
                     "give `out=`, for example an array of zeros")
        return None if len(rest) == len(keywords) else m.call_row(name, args, rest)
    if not row.ufunc and name not in registry.READ_FIRST and any(shares_memory(m, out, a) for out in outs for a in args):
        m.refuse(f"{name} writes into one of its arguments", "it may read what it has just written", "write into another array")
    if where is not None:
        if len(outs) != 1:
            m.refuse(f"{name} with `where=` and several outputs", "this is not supported yet", "use one function for each")
        _store_where(m, name, args, rest, outs[0], where)
        return outs[0]
    result = m.call_row(name, args, rest)
    if not row.ufunc and "dtype" not in rest and "dtype" in row.keywords and len(outs) == 1:
        result = _in_dtype_of(m, name, args, rest, outs[0], result)
    results = result.items if isinstance(result, TupleV) else (result,)
    outs = (*outs, *[Static(None)] * (len(results) - len(outs)))
    for out, one in zip(outs, results):
        if not (isinstance(out, Static) and out.value is None):
            operand = m.operand(one)
            if not row.ufunc and rank(type_of(operand)) != rank(m.type(out)):
                m.refuse(f"`out` of {name} has another number of axes than its result", "NumPy raises ValueError here", "make it of the right shape")
            m.check_cast(out, operand, m.node)
            m.write(out, Lit(Ellipsis), operand)
    if len(outs) == 1:
        return outs[0]
    return TupleV(tuple(one if isinstance(out, Static) else out for out, one in zip(outs, results)))


def _take_out(m: Calls, name: str, row: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> tuple[Any, dict[str, Value], tuple[Value, ...] | None]:
    """The arguments without `out`, and the arrays that are given as `out`."""
    rest = dict(keywords)
    out: Value | None = rest.pop("out", None)
    if row.out is None and out is not None:
        rest["out"] = out
        return args, rest, None
    outs: tuple[Value, ...] | None = None
    if out is not None:
        outs = out.items if isinstance(out, TupleV) else (out,)
    elif row.ufunc and len(args) > row.out:
        args, outs = args[:row.out], args[row.out:]
    elif not row.ufunc and row.out is not None and 0 <= row.out < len(args):
        outs, args = (args[row.out],), (*args[:row.out], Static(None), *args[row.out + 1:])
        if row.out == len(args) - 1:
            args = args[:-1]
    if outs is None or all(isinstance(o, Static) and o.value is None for o in outs):
        return args, rest, None
    for one in outs:
        if not (isinstance(one, (Ref, Select)) and m.is_number(one)) and not (isinstance(one, Static) and one.value is None):
            m.refuse(f"`out` of {name} is {describe(one)}", "only an array can be written", "give an array")
    return args, rest, outs


def _in_dtype_of(m: Calls, name: str, args: tuple[Value, ...], keywords: dict[str, Value], out: Value, result: Value) -> Value:
    """A reduction computes in the dtype of `out`."""
    into, of = m.type(out), m.type(result)
    if isinstance(into, Array) and isinstance(of, (Array, Scalar)) and into.dtype != of.dtype:
        return m.call_row(name, args, {**keywords, "dtype": Static(into.dtype)})
    return result


def _store_where(m: Calls, name: str, args: tuple[Value, ...], keywords: dict[str, Value], out: Value, where: Value) -> None:
    """`f(x, out=y, where=m)` is `y[m] = f(x[m])`."""
    if isinstance(out, Select):
        m.choose(out.condition, lambda: _side(m, name, args, keywords, out.then, where), lambda: _side(m, name, args, keywords, out.orelse, where))
    else:
        _side(m, name, args, keywords, out, where)


def _side(m: Calls, name: str, args: tuple[Value, ...], keywords: dict[str, Value], out: Value, where: Value) -> Value:
    array = m.operand(out)
    operands = [m.operand(a) for a in args]

    def value(part: Any) -> Arg:
        return m.operand(m.call_row(name, tuple(m.wrap(part(a)) for a in operands), keywords))

    path, written = registry.masked(m.b, array, m.operand(where), value)
    m.check_cast(out, written, m.node)
    m.write(out, path[0][1], written)
    return NONE


def shares_memory(m: Calls, a: Value, b: Value) -> bool:
    """Whether two values may see the same memory."""
    mine, other = (m.state.may_be(reachable(m.state, iter([value]))) for value in (a, b))
    return bool((mine | set().union(*(m.state.entangled.get(slot, ()) for slot in mine))) & other)


# -- functions and methods that write ----------------------------------------------------------------------


def call_writer(m: Calls, writer: registry.Writer, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """Call a function that writes into its first argument."""
    values = writer.bind(args, keywords, Static)
    array, others = values[0], values[1:]
    if isinstance(array, Select) and m.is_number(array):
        m.choose(array.condition, lambda: _write(m, writer, array.then, others), lambda: _write(m, writer, array.orelse, others))
        return NONE
    return _write(m, writer, array, others)


def _write(m: Calls, writer: registry.Writer, array: Value, others: tuple[Value, ...]) -> Value:
    if not isinstance(array, Ref) or is_flat(array):
        m.refuse(f"{writer.name} writes into {describe(array)}", "only an array can be written", "make it an array first")
    written = writer.describe(m.b, m.operand(array), *(m.row_operand(other) for other in others))
    if written.checked:
        m.check_cast(array, written.value, m.node)
    if not written.copies and any(shares_memory(m, array, other) for other in others):
        m.refuse(f"{writer.name} writes into what it reads", "it may read what it has just written", "pass a copy")
    for other in others:
        if written.path == registry.WHOLE:
            overlap.read(m, array, Lit(Ellipsis), other, change=False)
    m.write(seen(array, written.path[:-1]), written.path[-1][1], written.value, written.op, fits=True)
    return NONE


__all__ = ["call_writer", "shares_memory", "with_out"]
