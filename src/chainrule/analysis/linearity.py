"""Block, some of its parameters -> whether its results are linear in these: f(a u + b v) = a f(u) + b f(v), for real a and b.

    2 * g, g @ w, np.where(m, g, 0)     linear
    2 * g + w, np.where(m, g, w)        not: at g = 0 something is left
    g * g, np.sign(g), 1 if g > 0       not

Every value is of one of four kinds. What an operation makes of them follows from its row: one that is linear in its arguments together, or in each; for functions that
work element by element, from the partials. What is not known to be linear is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    Break,
    End,
    For,
    If,
    Let,
    Lit,
    Make,
    Seq,
    Slice,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
    operands,
)
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import differentiable
from ..rules.batching.shapes import LIKE
from ..rules.dependence import SHAPES_ONLY, ZEROS
from ..rules.registry import flows, row
from ..rules.table import Row
from .activity import carried

ZERO, CONSTANT, LINEAR, OTHER = range(4)  # zero; the same whatever the parameters are; linear in them; anything else
_OF_TYPES = frozenset({"kind", "rank", "like", "extent", "count", "vector"})  # words of formulas that ask for types and shapes
_PARTS = frozenset({"tuple", "item"})


def is_linear(block: Block, params: Iterable[Var]) -> bool:
    """Whether all results of a block are linear in some of its parameters."""
    kinds = {**dict.fromkeys(block.params, CONSTANT), **dict.fromkeys(params, LINEAR)}
    return all(kind in (ZERO, LINEAR) for kind in _run(block, kinds))


def _run(block: Block, kinds: dict[Var, int]) -> list[int]:
    """The kinds of the results of a block."""
    for stmt in block.stmts:
        _statement(stmt, kinds)
    return _end(block.end, kinds)


def _end(end: End, kinds: dict[Var, int]) -> list[int]:
    if isinstance(end, Branch):
        ends = [_run(inner, kinds) for inner in (end.then, end.orelse)]
        if not ends[0] or not ends[1]:
            return ends[0] or ends[1]
        merged = [_joined(pair) for pair in zip(*ends)]
        return merged if _of(end.condition, kinds) <= CONSTANT else [OTHER] * len(merged)
    return [_of(value, kinds) for value in end.values] if isinstance(end, (Yield, Break)) else []


def _statement(stmt: Stmt, kinds: dict[Var, int]) -> None:
    if isinstance(stmt, Let):
        if stmt.out is not None:
            kinds[stmt.out] = _let(stmt, kinds)
    elif isinstance(stmt, If):
        ends = [_run(inner, kinds) for inner in (stmt.then, stmt.orelse)]
        still = _of(stmt.condition, kinds) <= CONSTANT
        for k, out in enumerate(stmt.outs):
            kinds[out] = _joined(end[k] for end in ends if end) if still else OTHER
    elif isinstance(stmt, (For, While)):
        _loop(stmt, kinds)
    elif isinstance(stmt, Vjp):
        count = len(stmt.seeds)
        still = _joined(_of(arg, kinds) for arg in stmt.args) <= CONSTANT
        seeds = _joined(_of(seed, kinds) for seed in stmt.seeds if seed is not None)
        kinds.update(dict.fromkeys(stmt.outs[:count], CONSTANT if still else OTHER))
        kinds.update(dict.fromkeys(stmt.outs[count:], seeds if still else OTHER))  # adjoints are linear in the seeds
    else:
        kinds.update(dict.fromkeys(getattr(stmt, "outs", ()), OTHER))


def _loop(loop: For | While, kinds: dict[Var, int]) -> None:
    params = carried(loop)
    found = [_of(init, kinds) for init in loop.inits]
    still = not isinstance(loop, For) or all(_of(bound, kinds) <= CONSTANT for bound in (loop.start, loop.stop, loop.step))
    while True:
        inside = {**kinds, **dict(zip(params, found)), **({loop.body.params[0]: CONSTANT} if isinstance(loop, For) else {})}
        ends = _run(loop.body, inside)
        if isinstance(loop, While) and not all(_of(value, inside) <= CONSTANT for value in _conditions(loop.body.end)):
            still = False
        new = [_joined((old, end)) for old, end in zip(found, ends)] if ends else found
        if new == found:
            break
        found = new
    kinds.update((out, kind if still else OTHER) for out, kind in zip(loop.outs, found))


def _conditions(end: End) -> Iterable[Arg]:
    if isinstance(end, Branch):
        yield end.condition
        for inner in (end.then, end.orelse):
            yield from _conditions(inner.end)


def _joined(kinds: Iterable[int]) -> int:
    """The kind of what may be, or is the sum of, values of these kinds."""
    found = {kind for kind in kinds if kind != ZERO}
    return ZERO if not found else found.pop() if len(found) == 1 else OTHER


def _of(arg: Arg, kinds: dict[Var, int]) -> int:
    if isinstance(arg, Var):
        return kinds.get(arg, CONSTANT)
    if isinstance(arg, Lit):
        return ZERO if arg is UNDEFINED or arg.value is None or (isinstance(arg.value, (int, float, complex)) and arg.value == 0) else CONSTANT
    if isinstance(arg, Slice):
        return CONSTANT if _joined(_of(part, kinds) for part in (arg.start, arg.stop, arg.step)) <= CONSTANT else OTHER
    assert isinstance(arg, (Seq, Make))
    return _joined(_of(item, kinds) for item in arg.items)


def _let(let: Let, kinds: dict[Var, int]) -> int:
    own = [_of(arg, kinds) for arg in let.args]
    if let.op in _PARTS:
        return own[0]
    if let.op == "ruled":
        return own[0]  # its value; that of a rule of its own
    like = LIKE.get(let.op)
    moving = [k for k, (kind, param) in enumerate(zip(own, OPS[let.op].params)) if kind > CONSTANT and param.name != like]
    if not moving:
        if let.op in ZEROS:
            return ZERO
        return _constant(let, own)
    if let.op in SHAPES_ONLY:
        return CONSTANT if moving == [0] and let.op not in ZEROS else ZERO if let.op in ZEROS else OTHER
    entry = row(let.op)
    if entry is None or any(not flows(let.op, k) for k in moving):
        return OTHER
    if entry.linear != "each" and any(own[k] == OTHER for k in moving):
        return OTHER
    if entry.linear == "together":
        return _joined(own[k] for k in _flowing(let))
    if entry.linear == "each" or entry.product:
        factors = [_of(factor, kinds) for k in _flowing(let) for factor in _factors(let.args[k])]
        return ZERO if ZERO in factors else LINEAR if factors.count(LINEAR) == 1 and OTHER not in factors else OTHER
    return _by_partials(let, entry, own, moving) if entry.kind in ("elementwise", "pointwise", "rule") else OTHER


def _constant(let: Let, own: Sequence[int]) -> int:
    """What an operation makes of what does not move: zero where zeros go in."""
    entry, flowing = row(let.op), _flowing(let)
    if entry is None or not flowing:
        return CONSTANT
    if entry.linear == "each" or entry.product:
        factors = flowing if entry.linear == "each" else range(len(own))  # an integer may be a factor, too
        return ZERO if any(own[k] == ZERO and flows(let.op, k) for k in factors) else CONSTANT
    sums = entry.linear == "together" or (entry.kind == "elementwise" and all(isinstance(f, (ast.Constant, ast.UnaryOp)) for f in entry.formulas.values()))
    return ZERO if sums and all(own[k] == ZERO for k in flowing) else CONSTANT


def _flowing(let: Let) -> list[int]:
    """The arguments through which a derivative flows."""
    like = LIKE.get(let.op)
    return [k for k, (param, arg) in enumerate(zip(OPS[let.op].params, let.args))
            if flows(let.op, k) and param.name != like and any(differentiable(type_of(v)) for v in operands(arg))]


def _factors(arg: Arg) -> tuple[Arg, ...]:
    return arg.items if isinstance(arg, Seq) else (arg,)


def _names(formula: ast.expr) -> set[str]:
    """The values that a formula reads (not those of which it asks the type)."""
    if isinstance(formula, ast.Name):
        return {formula.id}
    if isinstance(formula, ast.Call) and isinstance(formula.func, ast.Name) and formula.func.id in _OF_TYPES:
        return set()
    return {name for part in ast.iter_child_nodes(formula) if isinstance(part, ast.expr) for name in _names(part)}


def _by_partials(let: Let, entry: Row, own: Sequence[int], moving: Sequence[int]) -> int:
    """A function that works element by element: linear where no partial depends on what moves, and none of the others adds to it (each scales all that moves)."""
    names = [param.name for param in OPS[let.op].params]
    others = {names[k] for k in _flowing(let) if k not in moving and own[k] != ZERO}
    for k in moving:
        formula = entry.formulas.get(names[k])
        if formula is None:
            return OTHER
        used = _names(formula)
        if used & {entry.result, *(names[j] for j in moving)} or not others <= used:
            return OTHER
    return LINEAR


__all__ = ["is_linear"]
