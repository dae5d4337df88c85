"""Rows of solvers: functions of a library that are given functions of the program, and what they find.

    solution = py.solver(optimize.root, functions, args, keywords)      the library's own function, called once
    x = py.part(solution, "x")                                          carries no derivative by itself
    x - linear_step(J, r - stop_gradient(r), seen)                      r is the residual at x: the value is x, the derivative is -J^-1 dr

J is taken for a constant, which is right once: a second derivative would have to move it, and x with it. So what the first derivative consists of has
no derivative of its own, and asking for one is refused: `seen`, what the functions see of their surroundings, says where one is asked for. The functions are those of the program (`Program.callees`): a Make of their names in the
program, each with the values that it sees of its surroundings; one without a name is passed by position, before the other arguments.
"""

from __future__ import annotations

from typing import Any

from ..ir.nodes import Let
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from ..ir.types import OBJECT
from .call import Call
from .table import Row, RowError, _enter, pointwise, rule, structural


def _solve(function: Any, functions: Any, args: Any, keywords: Any) -> Any:
    given = dict(functions)
    first = [given.pop("")] if "" in given else []
    return function(*first, *args, **given, **keywords)


define(Op("py.solver", tuple(map(Param, ("function", "functions", "args", "keywords"))), _solve, lambda *_: OBJECT, cheap=False, implied=True))
define(Op("py.part", tuple(map(Param, ("owner", "name"))), getattr, lambda *_: OBJECT, cheap=False, implied=True))
for _op in ("py.solver", "py.part"):
    _enter(Row(_op, "zero"))

pointwise("rt.as_given(given, model) -> y", model="y_bar", op={"infer": lambda given, model: type_of(given), "views": (0,), "stands_for": 0})

_LIKE_SECOND = {"infer": lambda jacobian, moved, seen: type_of(moved), "cheap": False}
rule("rt.linear_step(jacobian, residual, seen) -> s", jacobian="0.0", seen="0.0", residual="rt.transposed_step(jacobian, s_bar, seen)",
     residual_dot="rt.direct_step(jacobian, residual_dot, seen)", op=_LIKE_SECOND)


def _once(let: Let, call: Call) -> None:
    raise RowError("a second derivative of what a solver finds", "its first derivative takes the Jacobian of the equations for a constant",
                   "write the solver as a function of your own, and differentiate that", certain=True)


structural("rt.direct_step(jacobian, moved, seen) -> s", _once, op=_LIKE_SECOND)
structural("rt.transposed_step(jacobian, cotangent, seen) -> r", _once, op=_LIKE_SECOND)
