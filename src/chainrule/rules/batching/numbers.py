"""Rows of what is done element by element, and of reductions along axes."""

from __future__ import annotations

from ...ir.nodes import Arg, Lit, Operand, Seq
from ...ir.probe import type_of
from ...ir.types import Array, List, is_number
from ...ir.types import rank as type_rank
from .directions import Directions, NoRule, Rule, batching, constant, elementwise, every_axis, flat, over, shifted

batching(elementwise, "float", "complex", "not", "np.float16", "np.float32", "np.float64", "np.longdouble", "np.complex64", "np.complex128", "np.clongdouble",
         "//", "invert", "<", "<=", ">", ">=", "==", "!=", "&", "|", "^", "<<", ">>", "rt.sign", "rt.exceeds", "rt.chosen", "rt.inside", "np.round", "np.fix",
         "math.isnan", "math.isinf", "math.isfinite", "np.isclose", "np.cross", "np.broadcast_arrays")


def _of_all(d: Directions, op: str, *args: Arg) -> Operand:
    """What NumPy does for each matrix in a stack, and what only looks at one element after the other."""
    return d.emit(op, *args)


batching(_of_all, "np.linalg.inv", "np.linalg.det", "np.linalg.slogdet", "np.linalg.cholesky", "np.linalg.eigh", "np.linalg.eigvalsh",
         "rt.apart", "rt.eigh_along", "rt.svd_along", "rt.unresolved", "rt.cholesky_pull", "rt.eigh_pull", "rt.eigvalsh_pull", "np.copy", "copy", "rt.stop_gradient", "rt.zeros_like",
         "np.zeros_like", "np.ones_like", "np.empty_like", "rt.add_lists", "rt.list_ties", "rt.interp_slope", "np.interp")


def _of_all_spread(d: Directions, op: str, *args: Arg) -> Operand:
    """The same, where all arguments have to be stacks."""
    return d.emit(op, *map(d.spread, args))


batching(_of_all_spread, "rt.adjugate", "rt.adjugate_dot")


def _first_only(rule: Rule) -> Rule:
    """A row for calls of which only the first argument is batched."""
    def first(d: Directions, op: str, *args: Arg) -> Operand:
        if any(d.batched(arg) for arg in args[1:]):
            raise NoRule
        return rule(d, op, *args)

    return first


def _of_first(d: Directions, op: str, *args: Arg) -> Operand:
    return d.emit(op, *args)


batching(_first_only(_of_first), "np.interp", "rt.interp_slope", "astype", "rt.view", "np.matrix_transpose")


def _by_matrix(d: Directions, op: str, x: Arg, k: Arg) -> Operand:
    """np.tril and np.triu: the last two axes. (A vector is made a matrix.)"""
    if d.rank(x) < 2 or d.batched(k):
        raise NoRule
    return d.emit(op, x, k)


batching(_by_matrix, "np.tril", "np.triu")


def _log(d: Directions, op: str, x: Arg, base: Arg) -> Operand:
    """math.log(x, base)."""
    assert isinstance(base, Seq)
    logs = [d.emit("np.log", arg) if d.batched(arg) else d.b.emit("math.log", arg) for arg in (x, *base.items)]
    return logs[0] if len(logs) == 1 else d.emit("/", *logs)


def _hypot(d: Directions, op: str, coordinates: Arg) -> Operand:
    if not isinstance(coordinates, Seq) or len(coordinates.items) != 2:
        raise NoRule
    return d.emit("np.hypot", *coordinates.items)


batching(_log, "math.log")
batching(_hypot, "math.hypot")


# -- reductions, and what goes along axes ---------------------------------------------------------------------------

batching(over("axis"), "np.sum", "np.mean", "np.prod", "np.nansum", "np.var", "np.std", "np.max", "np.min", "np.ptp", "np.any", "np.all",
         "np.count_nonzero", "np.median", "rt.median_share", "np.flip", "rt.level")
batching(over("axis", shaped=("x",), first=1), "rt.spread_axes")
batching(over("axis", shaped=("y",)), "rt.ties", "rt.shares_of_some")
batching(over("axis", none="flat"), "np.cumsum", "np.cumprod", "np.sort", "np.argsort", "rt.stable_order", "np.diff", "np.argmax", "np.argmin",
         "np.repeat")
batching(over("axis", none="flat", shaped=("x",)), "rt.repeat_pull", "rt.diff_pull")
batching(over("axis", none="flat", shaped=("order",)), "rt.unsort")
batching(over("axis", shaped=("x",)), "rt.leveled")
batching(over("axis", none="flat", shaped=("indices",)), "np.take_along_axis")
batching(over("axis", none="flat", shaped=("x", "indices")), "rt.put_along")
batching(over("axis", none="refused", shaped=("x",)), "rt.slopes_pull")
batching(over("axis", none="refused"), "rt.slopes", "np.split", "np.array_split")
batching(over("axis", none="flat"), "np.take")
batching(over("axis1", "axis2"), "np.swapaxes", "np.diagonal")
batching(over("axis1", "axis2", shaped=("x",)), "rt.diagonal_pull")
batching(over("source", "destination"), "np.moveaxis")
batching(over("axes"), "np.rot90")


def _along_one(d: Directions, op: str, g: Arg, y: Arg, x: Arg, dx: Arg, axis: Arg) -> Operand:
    """rt.trapezoid_pull."""
    if d.batched(x) or d.batched(dx) or (is_number(type_of(x)) and d.rank(x) > 1):
        raise NoRule
    return d.emit(op, d.spread(g), d.spread(y), x, dx, Lit(shifted(constant(axis))))


def _trapezoid(d: Directions, op: str, y: Arg, x: Arg, dx: Arg, axis: Arg) -> Operand:
    if d.batched(x) or d.batched(dx) or (is_number(type_of(x)) and d.rank(x) > 1):
        raise NoRule
    return d.emit(op, y, x, dx, Lit(shifted(constant(axis))))


batching(_along_one, "rt.trapezoid_pull")
batching(_trapezoid, "np.trapezoid", "np.trapz")


def _add_ties(d: Directions, op: str, total: Arg, g: Arg, x: Arg, y: Arg, axis: Arg, keepdims: Arg) -> Operand:
    """rt.add_ties: the shares are the same in all directions as long as x is."""
    along, r = constant(axis), d.rank(x)
    if d.batched(x) or d.batched(y):
        shares = d.apply("rt.ties", x, y, axis, keepdims)
    else:
        shares = d.b.emit("rt.ties", x, y, axis, keepdims)
    if along is not None and not constant(keepdims):
        g = d.emit("np.expand_dims", g, Lit(shifted(along))) if d.batched(g) else d.b.emit("np.expand_dims", g, axis)
    return d.apply("accum", total, d.emit("*", d.align(g, r), shares))


batching(_add_ties, "rt.add_ties")


def _sum_of(d: Directions, op: str, items: Arg, start: Arg = Lit(0)) -> Operand:
    """sum and math.fsum: of a sequence, or of an array along its first axis."""
    type = type_of(items)
    if isinstance(type, Array) and op == "sum":
        if d.batched(start) or not (isinstance(start, Lit) and start.value == 0):
            raise NoRule
        return d.emit("np.sum", items, Lit(1))
    if isinstance(items, Seq):
        total: Operand | None = None
        for item in (*items.items, start):
            if not (isinstance(item, Lit) and item.value == 0):
                both = total is not None and (d.batched(total) or d.batched(item))
                total = item if total is None else d.apply("+", total, item) if both else d.b.emit("+", total, item)  # type: ignore[assignment]
        assert total is not None
        return total
    if isinstance(type, List) and isinstance(type.element, Array):
        r = (type_rank(type.element) or 0) - 1
        zeros = d.emit("np.zeros", Seq((d.size, *(Lit(1),) * r)), Lit(type.element.dtype))
        if not (isinstance(start, Lit) and start.value == 0):
            zeros = d.apply("+", zeros, start)
        return d.emit("sum", items, zeros, type=type.element)
    raise NoRule


batching(_sum_of, "sum", "math.fsum")


def _sum_leaves(d: Directions, op: str, x: Arg) -> Operand:
    type = type_of(x)
    if isinstance(type, List) and type_rank(type.element) == 1:
        return _sum_of(d, "sum", x)
    raise NoRule


batching(_sum_leaves, "rt.sum_leaves")


def _norm(d: Directions, op: str, x: Arg, ord: Arg, axis: Arg, keepdims: Arg) -> Operand:
    along, r = constant(axis), d.rank(x)
    if along is None and r > 2 and not constant(keepdims) and constant(ord) is None:
        x, r = flat(d, x), 1
    if r == 0 or (along is None and r > 2):
        raise NoRule
    return d.emit(op, x, ord, Lit(every_axis(r) if along is None else shifted(along)), keepdims)


def _norm_slope(d: Directions, op: str, *args: Arg) -> Operand:
    *values, ord, axis, keepdims = args
    along, r = constant(axis), d.rank(values[-2])
    if along is None and r not in (1, 2):
        raise NoRule
    along = every_axis(r) if along is None else shifted(along)
    return d.emit(op, *map(d.spread, values), ord, Lit(along), keepdims)


def _products(d: Directions, op: str, *args: Arg) -> Operand:
    """Derivatives of products along directions, of which all have to be as many as the numbers."""
    *values, axis, directions = args
    along, r = constant(axis), d.rank(values[-1])
    if not isinstance(directions, Seq) or (along is None and op != "rt.prod_others" and r != 1):
        raise NoRule
    axis = Lit(every_axis(r) if along is None and op == "rt.prod_others" else 1 if along is None else shifted(along))
    return d.emit(op, *map(d.spread, values), axis, Seq(tuple(map(d.spread, directions.items))))


batching(_norm, "np.linalg.norm")
batching(_norm_slope, "rt.norm_slope", "rt.norm_slope_dot")
batching(_products, "rt.prod_others", "rt.cumprod_dot", "rt.cumprod_pull")
