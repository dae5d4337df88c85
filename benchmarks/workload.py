"""What a workload is: a primal, its arguments, and its gradient written by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["vectorised", "loop", "scalar loop"]


@dataclass(frozen=True)
class Workload:
    """One row of the benchmark.

    The peers' versions of the primal are functions of the same name as `primal` in
    `benchmarks/systems/with_*.py`, so two sizes of one program share them.
    """

    name: str
    kind: Kind
    primal: Callable[..., Any]
    hand_written: Callable[..., Any]
    make_args: Callable[[], tuple[Any, ...]]
    argnums: int | tuple[int, ...]

    def chosen(self, args: tuple[Any, ...]) -> Any:
        """The arguments to differentiate by: one of them, or a tuple, as `argnums` says."""
        if isinstance(self.argnums, int):
            return args[self.argnums]
        return tuple(args[i] for i in self.argnums)

    def with_chosen(self, args: tuple[Any, ...], chosen: Any) -> tuple[Any, ...]:
        """The arguments with those to differentiate by replaced."""
        pairs = (
            [(self.argnums, chosen)]
            if isinstance(self.argnums, int)
            else zip(self.argnums, chosen, strict=True)
        )
        replaced = list(args)
        for i, value in pairs:
            replaced[i] = value
        return tuple(replaced)


@dataclass(frozen=True)
class Derivative:
    """A derivative other than a gradient, with respect to the first argument.

    checked: the function whose differences along a direction are what the derivative must give along it:
    the gradient written by hand, or, for a Jacobian, the primal.
    """

    name: str
    kind: Literal["hvp", "hessian", "jacobian"]
    primal: Callable[..., Any]
    checked: Callable[..., Any]
    make_args: Callable[[], tuple[Any, ...]]

    @property
    def title(self) -> str:
        """The name in tables."""
        return f"{self.kind} {self.name}"
