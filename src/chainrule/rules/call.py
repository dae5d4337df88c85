"""What a row sees of the reverse transform: one statement whose result has an adjoint.

`transform/reverse` implements it; rows ask for values lazily, so that only what a formula really mentions is
kept for the reverse sweep.
"""

from __future__ import annotations

from typing import Protocol

from ..ir.build import Builder
from ..ir.nodes import Arg, Operand, Var
from ..ir.types import Type

Path = tuple[tuple[str, Arg], ...]


class Call(Protocol):
    """The pullback of one statement `let.out = let.op(*let.args)`.

    b:         the builder, positioned in the reverse sweep.
    kept:      the adjoint of `let.out` as it is kept: perhaps of a smaller shape, and meant as if broadcast.
    cotangent: the same, but in full where an argument was broadcast to the shape of `let.out`.
               Only rows that work element by element may use these; the others use `full()`.
    """

    @property
    def b(self) -> Builder: ...

    @property
    def kept(self) -> Operand: ...

    @property
    def cotangent(self) -> Operand: ...

    def full(self) -> Operand:
        """The adjoint of `let.out` with the shape of `let.out`."""

    def operand(self, k: int) -> Arg:
        """The value of argument k in the reverse sweep; asking makes the compiler keep it."""

    def result(self) -> Operand:
        """The value of `let.out` in the reverse sweep; asking makes the compiler keep it."""

    def type(self, k: int) -> Type:
        """The type of argument k."""

    def like(self, var: Var) -> Operand:
        """Some value with the shape and dtype of `var`."""

    def active(self, var: Var) -> bool:
        """Whether the adjoint of `var` is wanted."""

    def masked(self) -> bool:
        """Whether the cotangent may hold zeros that stem from a mask: they absorb infinite partials."""

    def singular(self, k: int) -> bool:
        """Whether argument k may be infinite or NaN where the inputs are finite (computed with a row that has a pole)."""

    def steep(self) -> bool:
        """Whether the cotangent may be infinite although the values are finite: zeros of a mask absorb it."""

    def add(self, var: Var, contribution: Operand, broadcast: bool = False) -> None:
        """Add to the adjoint of `var`: summed over broadcast axes and cast to the type of `var`.

        broadcast: the contribution may be of a smaller shape than `var`, and is meant as if broadcast.
        """

    def subtract(self, var: Var, contribution: Operand, broadcast: bool = False) -> None:
        """Add the negated contribution."""

    def add_to_list(self, var: Var, index: Arg, contribution: Operand) -> None:
        """Add to one element of the adjoint of `var`, a list whose length is not known."""

    def update(self, var: Var, op: str, *args: Arg) -> None:
        """Add to parts of the adjoint of `var` by an operation that writes into its first argument, the adjoint so far."""

    def add_at(self, var: Var, path: Path, contribution: Operand) -> None:
        """Add to a part of the adjoint of `var` (a path as in rules/structure); repeated indices accumulate."""

    def erase(self, var: Var, path: Arg) -> None:
        """Add the adjoint of `let.out`, with zero in the part that a path leads to: the adjoint of contents that were written over."""


__all__ = ["Call", "Path"]
