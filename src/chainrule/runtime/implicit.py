"""What programs with implicit functions call: the user's solver, and linear systems with the Jacobian of the condition that it solves.

`f` is what `chainrule.implicit_root` and its kin have made (`ImplicitFunction`): it knows the solver and the condition.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Implicit(Protocol):
    def solved(self, init: Any, args: tuple[Any, ...]) -> Any: ...

    def linear(self, x: Any, args: tuple[Any, ...], right: Any, transposed: bool) -> Any: ...


def solve(f: Implicit, init: Any, args: tuple[Any, ...]) -> Any:
    """The solution that the user's solver finds."""
    return f.solved(init, args)


def newton_step(f: Implicit, x: Any, args: tuple[Any, ...], residual: Any) -> Any:
    """The solution of J s = residual, where J is the Jacobian of the condition at x; zero without ado for no residual."""
    if not np.any(residual):
        return np.zeros_like(x) if isinstance(x, np.ndarray) else type(x)(0)
    return f.linear(x, args, residual, False)


def along_root(f: Implicit, x: Any, args: tuple[Any, ...], moved: Any) -> Any:
    """The same for the tangent of a residual."""
    return f.linear(x, args, moved, False)


def through_root(f: Implicit, x: Any, args: tuple[Any, ...], cotangent: Any) -> Any:
    """The solution of J' r = cotangent."""
    return f.linear(x, args, cotangent, True)


__all__ = ["along_root", "newton_step", "solve", "through_root"]
