"""Rows of implicit functions: x with f(x, args) = 0, as a solver finds it.

A program computes x = solve(...), the residual r at x, and x - newton_step(r - r), whose value is x and whose derivative is that of the implicit function: -J^-1 dr. The
Jacobian J is taken for a constant, which is right once: a second derivative would have to move it, and x with it. So what the first derivative
consists of has no derivative of its own, and asking for one is refused.
"""

from __future__ import annotations

from .. import runtime
from ..ir.nodes import Let
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from .call import Call
from .table import Row, RowError, _enter, rule, structural

define(Op("rt.solve", tuple(map(Param, ("f", "init", "args"))), runtime.solve, lambda f, init, args: type_of(init), effect=True))
_enter(Row("rt.solve", "zero"))

_LIKE_X = {"infer": lambda f, x, args, r: type_of(x), "cheap": False}
rule("rt.newton_step(f, x, args, residual) -> s", f="0.0", x="0.0", args="0.0", residual="rt.through_root(f, x, args, s_bar)",
     residual_dot="rt.along_root(f, x, args, residual_dot)", op=_LIKE_X)


def _once(let: Let, call: Call) -> None:
    raise RowError("a second derivative of an implicit function", "its first derivative takes the Jacobian of the condition for a constant",
                   "differentiate the solver itself, without the decorator", certain=True)


structural("rt.along_root(f, x, args, moved) -> s", _once, op=_LIKE_X)
structural("rt.through_root(f, x, args, cotangent) -> r", _once, op=_LIKE_X)
