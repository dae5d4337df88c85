"""Statements on large arrays, statements before them -> the same with fewer passes over large arrays.

    a = 2 * g                    |    t = 2 * s           # s is no large array
    b = a * s                    |    b = g * t
    c = 100.0 * (2 * b)          |    c = 200.0 * b
    d = x_dot * s - x_dot * r    |    d = x_dot * (s - r)    # x_dot holds unit vectors

A constant factor that is a power of two goes to what is not large, or to another constant: products with powers of two are not rounded. A sum of multiples of unit
vectors is their multiple by the sum: at each element it is either that sum, or zero. So all numbers are the same as before (not the sign of each zero), as
long as the new factor is a normal number. Where it is more than 1e308, the derivative is infinite in both ways, and what was zero beside it is NaN; below
1e-308 digits are lost. Therefore this is for float64 only: in smaller dtypes that is not far.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from ..ir.build import type_of
from ..ir.nodes import Arg, Block, Let, Lit, Operand, Stmt, Var, Yield
from ..ir.types import Array, Scalar, Type
from ..ir.walk import uses
from ..rules.algebra import exact_product, is_factor, is_power
from .dead import dead_block

_SUMS = {"+": "+", "-": "-", "accum": "+", "accum_neg": "-"}
_PARTS = ("index", "np.reshape", "np.transpose", "np.expand_dims")  # they choose among the elements of an array


class Multiple(NamedTuple):
    """A large array as a factor, which is constant or not large, times another one."""

    factor: Operand
    base: Var


def factors(before: Sequence[Stmt], stmts: Sequence[Stmt], results: Sequence[Arg], large: Collection[Var],
            units: Collection[Var]) -> tuple[list[Stmt], list[Stmt]]:
    """Both lists anew. results: what is used behind; large: what the statements define, and what they are about; all else is known before; units: what holds zeros
    and ones only."""
    work = _Factors(before, results, large, units)
    for change in (work.product, work.sum):
        stmts = dead_block(Block((), tuple(work.rewritten(stmts, change)), Yield(tuple(results)))).stmts
    return work.before, [*stmts]


class _Factors:
    """before: with what is added to it; made: what it makes. multiples: the large arrays that are multiples. spared: those that nobody needs if their factors go elsewhere."""

    def __init__(self, before: Sequence[Stmt], results: Sequence[Arg], large: Collection[Var], units: Collection[Var]) -> None:
        self.before = [*before]
        self.made = {stmt.out: stmt for stmt in before if isinstance(stmt, Let) and stmt.out is not None}
        self.results = results
        self.large = large
        self.units = {*units}
        self.multiples: dict[Var, Multiple] = {}
        self.spared: set[Var] = set()
        self.counts: Counter[Var] = Counter()

    def rewritten(self, stmts: Sequence[Stmt], change: Callable[[Let], Let]) -> list[Stmt]:
        self.counts = Counter([*uses(Block((), tuple(stmts), Yield(()))), *(v for v in self.results if isinstance(v, Var))])
        self.spared = self._spared(stmts)
        self.multiples.clear()
        made: list[Stmt] = []
        for stmt in stmts:
            if isinstance(stmt, Let) and stmt.out is not None and stmt.op in _PARTS and stmt.args[0] in self.units:
                self.units.add(stmt.out)
            elif isinstance(stmt, Let) and _is_float64(stmt.out):
                stmt = change(stmt)
                self.note(stmt)
            made.append(stmt)
        return made

    def note(self, let: Let) -> None:
        """Remember what is a multiple."""
        assert let.out is not None
        if let.op != "*":
            return
        for factor, base in (let.args, let.args[::-1]):
            if isinstance(base, Var) and base in self.large and base.type == let.out.type and (is_factor(factor) or self.is_small(factor)):
                self.multiples[let.out] = Multiple(factor, base)  # type: ignore[arg-type]
                return

    def is_small(self, arg: Arg) -> bool:
        return isinstance(arg, Var) and arg not in self.large and isinstance(arg.type, (Array, Scalar)) and arg.type.dtype == "float64"

    # -- products ----------------------------------------------------------------------------------------------

    def _spared(self, stmts: Sequence[Stmt]) -> set[Var]:
        """Large arrays that are constants times others, all of whose uses take up the constant."""
        factor: dict[Var, float] = {}
        taken: Counter[Var] = Counter()
        for stmt in stmts:
            if not isinstance(stmt, Let) or not _is_float64(stmt.out) or stmt.op not in ("*", "neg"):
                continue
            assert stmt.out is not None
            one, other = stmt.args if stmt.op == "*" else (stmt.args[0], Lit(-1))
            for a, b in ((one, other), (other, one)):
                if isinstance(a, Var) and a in factor and ((self.is_small(b) and is_power(factor[a])) or exact_product(Lit(factor[a]), b) is not None):
                    taken[a] += 1
                if is_factor(a) and isinstance(b, Var) and b in self.large and b.type == stmt.out.type:
                    factor[stmt.out] = a.value  # type: ignore[union-attr]
        return {v for v in factor if taken[v] == self.counts[v]}

    def product(self, let: Let) -> Let:
        """A product or negative, whose factor takes up that of a multiple."""
        if let.op not in ("*", "neg"):
            return let
        one, other = let.args if let.op == "*" else (let.args[0], Lit(-1))
        for a, b in ((one, other), (other, one)):
            multiple = self.multiples.get(a) if isinstance(a, Var) and a in self.spared else None
            if multiple is None or not isinstance(multiple.factor, Lit):
                continue
            combined = exact_product(multiple.factor, b)
            if combined is not None:
                return Let(let.out, "*", (Lit(combined), multiple.base), let.span)
            if self.is_small(b) and is_power(multiple.factor.value):
                return Let(let.out, "*", (multiple.base, self.first("*", multiple.factor, b, type_of(b))), let.span)  # type: ignore[arg-type]
        return let

    # -- sums --------------------------------------------------------------------------------------------------

    def sum(self, let: Let) -> Let:
        """A sum of two multiples of the same unit vectors that are not used otherwise."""
        assert let.out is not None
        if let.op not in _SUMS or len(let.args) != 2:
            return let
        a, b = let.args
        one, other = (self.multiples.get(v) if isinstance(v, Var) and self.counts[v] == 1 else None for v in (a, b))
        if one is None or other is None or one.base is not other.base or one.base not in self.units or one.base.type != let.out.type:
            return let
        types = [type_of(m.factor) for m in (one, other) if not isinstance(m.factor, Lit)]
        if not types or any(type != types[0] for type in types):
            return let
        return Let(let.out, "*", (one.base, self.first(_SUMS[let.op], one.factor, other.factor, types[0])), let.span)

    def first(self, op: str, a: Operand, b: Operand, type: Type) -> Var:
        """An operation on what is not large, before all else."""
        own = self.made.get(b) if isinstance(b, Var) and op == "*" else None
        if own is not None and own.op == "*" and isinstance(a, Lit) and isinstance(own.args[1], Var) and own.args[1].type == type:
            combined = exact_product(a, own.args[0])
            if combined is not None:
                a, b = Lit(combined), own.args[1]
        out = Var(type)
        self.made[out] = Let(out, op, (a, b))
        self.before.append(self.made[out])
        return out


def _is_float64(var: Var | None) -> bool:
    return var is not None and isinstance(var.type, Array) and var.type.dtype == "float64"


__all__ = ["factors"]
