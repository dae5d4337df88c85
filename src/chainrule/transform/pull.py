"""What a row sees while it contributes: one statement whose result has an adjoint (the protocol is in `rules/call`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..analysis.flow import raises
from ..ir.build import as_arg, type_of
from ..ir.nodes import Arg, Let, Operand, Var, variables
from ..ir.types import Type, shape
from .adjoints import Bar

if TYPE_CHECKING:
    from .reverse import Sweep


class Pull:
    """One statement while its row contributes (see `rules/call`)."""

    def __init__(self, sweep: Sweep, let: Let, bar: Bar) -> None:
        self.sweep = sweep
        self.let = let
        self.bar = bar
        self.b = sweep.b

    @property
    def kept(self) -> Operand:
        """The adjoint of the result as it is kept: perhaps thin."""
        return self.bar.value if self.bar.thin else self.full()

    @property
    def cotangent(self) -> Operand:
        """The adjoint of the result, perhaps thin. Not where an active argument was broadcast: the sum over the result's
        axes that its adjoint needs cannot be read off a thin one."""
        assert self.let.out is not None
        if not self.bar.thin:
            return self.bar.value
        whole = shape(self.let.out.type)
        actives = [v for arg in self.let.args for v in variables(arg) if self.active(v)]
        if all(shape(v.type) == whole for v in actives):
            return self.bar.value
        return self.full()

    def full(self) -> Operand:
        """The adjoint of the result, with the result's shape."""
        assert self.let.out is not None
        return self.sweep.adjoints.full(self.let.out, self.bar)

    def operand(self, k: int) -> Arg:
        return self.let.args[k]

    def result(self) -> Operand:
        assert self.let.out is not None
        return self.let.out

    def type(self, k: int) -> Type:
        return type_of(self.let.args[k])

    def like(self, var: Arg) -> Operand:
        return self.sweep.like(var) if isinstance(var, Var) else var  # type: ignore[return-value]

    def active(self, var: Arg) -> bool:
        return isinstance(var, Var) and var in self.sweep.active

    def masked(self) -> bool:
        return self.let.out in self.sweep.tainted and not (self.let.op == "/" and raises(self.let))

    def singular(self, k: int) -> bool:
        return any(v in self.sweep.singular for v in variables(self.let.args[k]))

    def steep(self) -> bool:
        return self.let.out in self.sweep.steep

    def add(self, var: Arg, g: Operand, broadcast: bool = False) -> None:
        self.sweep.adjoints.add(var, g)

    def subtract(self, var: Arg, g: Operand, broadcast: bool = False) -> None:
        self.sweep.adjoints.add(var, g, negative=True)

    def add_at(self, var: Arg, path: Any, g: Operand) -> None:
        self.sweep.adjoints.add_at(var, as_arg(path), g)

    def add_to_list(self, var: Var, index: Arg, g: Operand) -> None:
        self.sweep.adjoints.add_to_list(var, index, g)

    def update(self, var: Var, op: str, *args: Arg) -> None:
        self.sweep.adjoints.update(var, op, *args)

    def erase(self, var: Arg, path: Any) -> None:
        """Add the adjoint of the result, with a part of it zero."""
        self.sweep.adjoints.erase(var, as_arg(path), self.full())

    def sub_at(self, var: Arg, path: Any, g: Operand) -> None:
        self.sweep.adjoints.add_at(var, as_arg(path), g, negative=True)


__all__ = ["Pull"]
