"""Program -> Program: in the reverse sweep, minus signs go where they cost nothing, and factors of one disappear.

    t1 = -y_bar                             |
    t2 = t1 * a                             |    t2 = y_bar * a
    x_bar = accum(x_bar, t2)                |    x_bar = accum_neg(x_bar, t2)
    t3 = 2.0 * t1                           |    t3 = -2.0 * y_bar
    t4 = 1.0 * t3                           |

All of this is exact in floating point: the sign of a product is the product of the signs, and `a + (-b)` is `a - b`. Nothing
is reassociated. A sign that no sum takes up stays where it was.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from ..ir.nodes import Arg, Block, Branch, Break, End, For, If, Let, Lit, Operand, Program, Stmt, Var, While, Yield
from ..ir.probe import type_of
from ..ir.types import FLOAT, Array, Scalar, kind
from ..ir.walk import all_stmts, map_arg, map_args, substitute_stmt, sweeps, uses
from ..rules.algebra import PRODUCTS, is_odd

_FLIPPED = {"+": "-", "-": "+", "accum": "accum_neg", "accum_neg": "accum", "add_at": "sub_at", "sub_at": "add_at"}


def signs(program: Program) -> Program:
    """The program with fewer signs, and without factors of one."""
    forward, backward = sweeps(program.body)
    work = _signs(program.body, frozenset())
    rest = work.stmts(backward)
    body = replace(program.body, stmts=(*forward, *rest), end=work.end(program.body.end))
    return replace(program, body=body, callees=tuple(signs(c) for c in program.callees))


def signs_block(block: Block, kept: Collection[Var]) -> Block:
    """The same for a whole block, apart from the statements that define the kept Vars: those that the user wrote."""
    return _signs(block, kept).block(block)


def _signs(body: Block, kept: Collection[Var]) -> _Signs:
    return _Signs(Counter(uses(body)), _absorbed(body), _absorbed(body, in_place=True), kept)


def _absorbed(body: Block, in_place: bool = False) -> set[Var]:
    """The Vars all of whose uses take up a sign: they add it, subtract it, or are factors of such a value.

    in_place: and no sum that could write into a buffer has to make a new one for it.
    """
    counts = Counter(uses(body))
    taken: Counter[Var] = Counter()
    found: set[Var] = set()
    for stmt in reversed(list(all_stmts(body))):
        if not isinstance(stmt, Let) or stmt.out is None or not _is_real(stmt.out):
            continue
        if taken[stmt.out] == counts[stmt.out]:
            found.add(stmt.out)
        for k, arg in enumerate(stmt.args):
            if isinstance(arg, Var) and (_adds(stmt, k, in_place) or stmt.op == "neg" or (_passes(stmt, k) and stmt.out in found)):
                taken[arg] += 1
    return found


def _adds(let: Let, k: int, in_place: bool) -> bool:
    """Whether an operation adds or subtracts its k-th argument."""
    return let.op in _FLIPPED and (k == len(let.args) - 1 or let.op == "+" or (k == 0 and not in_place and _is_plain_sum(let)))


def _is_plain_sum(let: Let) -> bool:
    """Whether `a + b` may take the place of a sum into a: b is of the same type."""
    if let.op != "accum" or not isinstance(let.args[0], Var):
        return False
    a, b = (type_of(arg) for arg in let.args)
    return a == b or (isinstance(a, Scalar) and isinstance(b, Scalar) and a.dtype == b.dtype == FLOAT.dtype)


def _passes(let: Let, k: int) -> bool:
    """Whether the sign of the k-th argument is one of the result."""
    return let.op in PRODUCTS or (k == 0 and is_odd(let))


class _Signs:
    """negatives: what each value is the negative of. same: values that are another one. products: those with a literal factor. kept: values
    whose operations stay as they are."""

    def __init__(self, counts: Counter[Var], absorbed: set[Var], in_place: set[Var], kept: Collection[Var]) -> None:
        self.kept = kept
        self.counts = counts
        self.absorbed = absorbed
        self.in_place = in_place
        self.negatives: dict[Var, Operand] = {}
        self.same: dict[Var, Arg] = {}
        self.products: dict[Var, Let] = {}

    def value(self, var: Var) -> Arg:
        return self.same.get(var, var)

    # -- blocks ----------------------------------------------------------------------------------------------

    def block(self, block: Block) -> Block:
        return Block(block.params, tuple(self.stmts(block.stmts)), self.end(block.end))

    def stmts(self, stmts: tuple[Stmt, ...]) -> list[Stmt]:
        return [new for stmt in stmts for new in self.stmt(stmt)]

    def end(self, end: End) -> End:
        if isinstance(end, (Yield, Break)):
            return replace(end, values=map_args(end.values, self.value))
        if isinstance(end, Branch):
            return replace(end, condition=map_arg(end.condition, self.value), then=self.block(end.then), orelse=self.block(end.orelse))
        return end

    def stmt(self, stmt: Stmt) -> list[Stmt]:
        if isinstance(stmt, Let):
            return list(self.let(replace(stmt, args=map_args(stmt.args, self.value))))
        if isinstance(stmt, If):
            return [replace(stmt, condition=map_arg(stmt.condition, self.value), then=self.block(stmt.then), orelse=self.block(stmt.orelse))]
        if isinstance(stmt, For):
            start, stop, step = (map_arg(a, self.value) for a in (stmt.start, stmt.stop, stmt.step))
            stmt = replace(stmt, start=start, stop=stop, step=step)
        if isinstance(stmt, (For, While)):
            return [replace(stmt, inits=map_args(stmt.inits, self.value), body=self.block(stmt.body))]
        return [substitute_stmt(stmt, self.value)]

    # -- operations ------------------------------------------------------------------------------------------

    def let(self, let: Let) -> list[Let]:
        """What takes the place of an operation."""
        out = let.out
        if out is None or out in self.kept or not _is_real(out):
            return [let]
        if let.op == "neg":
            return self.negation(let, out)
        if let.op in PRODUCTS:
            return self.product(let, out)
        if is_odd(let):
            return self.linear(let, out)
        if let.op in _FLIPPED:
            return self.sum(let)
        return [let]

    def negation(self, let: Let, out: Var) -> list[Let]:
        arg = let.args[0]
        if isinstance(arg, Var) and arg in self.negatives:
            self.same[out] = self.negatives[arg]
            return []
        flipped = self.flipped_product(arg)
        if flipped is not None:
            made = Let(out, flipped.op, flipped.args, let.span)
            self.products[out] = made
            return [made]
        if isinstance(arg, (Var, Lit)):
            self.negatives[out] = arg
        return [let]

    def product(self, let: Let, out: Var) -> list[Let]:
        a, b = let.args
        if isinstance(a, Lit) and isinstance(b, Lit):
            return self.constant(let, out, a.value, b.value)
        for one, other in ((b, a), (a, b)) if let.op == "*" else ((b, a),):
            if _is(one, 1) and type_of(other) == out.type:
                self.same[out] = other
                return []
            if _is(one, -1) and type_of(other) == out.type and isinstance(other, Var):
                return self.let(Let(out, "neg", (other,), let.span))
        signed = [isinstance(arg, Var) and arg in self.negatives for arg in (a, b)]
        plain = tuple(self.negatives[arg] if has else arg for arg, has in zip((a, b), signed))  # type: ignore[index]
        if signed[0] and signed[1]:
            return [Let(out, let.op, plain, let.span)]
        if any(signed):
            lit = next((k for k, arg in enumerate(plain) if _is_factor(arg)), None)
            if lit is not None:
                plain = tuple(Lit(-arg.value) if k == lit else arg for k, arg in enumerate(plain))  # type: ignore[union-attr]
                let = Let(out, let.op, plain, let.span)
            of_array = isinstance(type_of(let.args[signed.index(True)]), Array) or isinstance(out.type, Scalar)  # that of a number costs less than a new array
            if lit is None and out in (self.absorbed if of_array else self.in_place):
                base = Var(out.type)
                self.negatives[out] = base
                return [Let(base, let.op, plain, let.span), Let(out, "neg", (base,), let.span)]
            number = signed.index(False)
            if let.op != "@" and isinstance(out.type, Array) and _is_number(plain[number]):
                factor = Var(type_of(plain[number]))
                args = tuple(factor if j == number else arg for j, arg in enumerate(plain))
                return [Let(factor, "neg", (plain[number],), let.span), Let(out, let.op, args, let.span)]
        if any(_is_factor(arg) for arg in let.args):
            self.products[out] = let
        return [let]

    def linear(self, let: Let, out: Var) -> list[Let]:
        """The sign of what an operation is applied to becomes that of its result, if a sum takes it up."""
        arg = let.args[0]
        if not isinstance(arg, Var) or arg not in self.negatives or out not in self.absorbed:
            return [let]
        base = Var(out.type)
        self.negatives[out] = base
        return [Let(base, let.op, (self.negatives[arg], *let.args[1:]), let.span), Let(out, "neg", (base,), let.span)]

    def constant(self, let: Let, out: Var, a: object, b: object) -> list[Let]:
        """Arithmetic on constants is done now, as Python does it."""
        if not isinstance(out.type, Scalar) or out.type.dtype != FLOAT.dtype or not all(type(v) in (int, float) for v in (a, b)) or (let.op == "/" and b == 0):
            return [let]
        value = a * b if let.op == "*" else a / b  # type: ignore[operator]
        if not isinstance(value, float) or not math.isfinite(value):
            return [let]
        self.same[out] = Lit(value)
        return []

    def sum(self, let: Let) -> list[Let]:
        """`a + (-b)` is `a - b`."""
        *first, last = let.args
        if isinstance(last, Var) and last in self.negatives:
            return [replace(let, op=_FLIPPED[let.op], args=(*first, self.negatives[last]))]
        flipped = self.flipped_product(last) if _begins_negative(self.products.get(last)) else None  # type: ignore[arg-type]
        if flipped is not None:
            assert flipped.out is not None
            return [flipped, replace(let, op=_FLIPPED[let.op], args=(*first, flipped.out))]
        if (let.op == "+" or _is_plain_sum(let)) and isinstance(first[0], Var) and first[0] in self.negatives:
            return [replace(let, op="-", args=(last, self.negatives[first[0]]))]
        return [let]

    def flipped_product(self, arg: Arg) -> Let | None:
        """The negative of a product with a literal that is used once, with the opposite literal."""
        made = self.products.get(arg) if isinstance(arg, Var) and self.counts[arg] == 1 else None
        if made is None or made.out is None:
            return None
        k = next(k for k, a in enumerate(made.args) if _is_factor(a))
        args = tuple(Lit(-a.value) if j == k else a for j, a in enumerate(made.args))  # type: ignore[union-attr]
        return Let(Var(made.out.type), made.op, args, made.span)


def _is_real(var: Var) -> bool:
    return isinstance(var.type, (Scalar, Array)) and kind(var.type.dtype) == "f"


def _is(arg: Arg, value: int) -> bool:
    return isinstance(arg, Lit) and type(arg.value) in (int, float) and arg.value == value


def _is_factor(arg: Arg) -> bool:
    return isinstance(arg, Lit) and type(arg.value) in (int, float) and arg.value == arg.value and arg.value != 0


def _is_number(arg: Arg) -> bool:
    """Whether a minus sign costs a number instead of an array: not a literal, which takes it up anyway, and nothing unsigned."""
    type = type_of(arg)
    return isinstance(arg, Var) and isinstance(type, Scalar) and kind(type.dtype) in "if"


def _begins_negative(let: Let | None) -> bool:
    return let is not None and any(_is_factor(arg) and arg.value < 0 for arg in let.args)  # type: ignore[union-attr]


__all__ = ["signs", "signs_block"]
