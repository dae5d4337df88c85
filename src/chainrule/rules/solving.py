"""Rows of solvers: functions of a library that are given functions of the program, and what they find.

    solution = py.solver(optimize.root, functions, args, keywords)      the library's own function, called once
    x = py.part(solution, "x")                                          carries no derivative by itself
    x - linear_step(J, r - stop_gradient(r), seen)                      r is the residual at x: the value is x, the derivative is -J^-1 dr

J is taken for a constant, which is right once: a second derivative would have to move it, and x with it. So what the first derivative consists of has
no derivative of its own, and asking for one is refused: `seen`, what the functions see of their surroundings, says where one is asked for. The functions are those of the program (`Program.callees`): a Make of their names in the
program, each with the values that it sees of its surroundings; one without a name is passed by position, before the other arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..ir.nodes import Arg, Let, Lit, Make, Operand, Seq, Var, variables
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from ..ir.types import OBJECT, Array, Extent, Scalar, Tuple, Type, shape, unknown_extent
from ..runtime import flow_adjoint
from .call import Call
from .pushforward import Push
from .table import Row, RowError, _enter, pointwise, rule, structural, zero


def _solve(function: Any, functions: Any, args: Any, keywords: Any) -> Any:
    given = dict(functions)
    first = [given.pop("")] if "" in given else []
    return function(*first, *args, **given, **keywords)


def _extent(arg: Arg, axis: int) -> Extent:
    known = shape(type_of(arg))
    return unknown_extent() if known is None else known[axis]


def _dtype(arg: Arg) -> str:
    """B-splines are computed in double precision."""
    return "complex128" if getattr(type_of(arg), "dtype", None) in ("complex64", "complex128") else "float64"


def _count(arg: Arg) -> Extent:
    if isinstance(arg, Lit):
        return int(arg.value)
    known = type_of(arg)
    return known.extent if isinstance(known, Scalar) and known.extent is not None else unknown_extent()


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


def _refusal(texts: Sequence[Arg]) -> RowError:
    what, why, remedy = (str(text.value) if isinstance(text, Lit) else "" for text in texts)
    return RowError(what, why, remedy, certain=True)


def _moves(let: Let, call: Call) -> None:
    raise _refusal(let.args[1:])


structural("rt.fixed(value, what, why, instead) -> y", _moves, op={"infer": lambda value, what, why, instead: type_of(value), "views": (0,), "stands_for": 0})

def _independent(let: Let, call: Call) -> None:
    value, of, *texts = let.args
    if any(call.active(var) for var in variables(of)):
        raise _refusal(texts)
    if isinstance(value, Var) and call.active(value):
        call.add(value, call.full())


structural("rt.independent(value, of, what, why, instead) -> y", _independent,
           op={"infer": lambda value, of, what, why, instead: type_of(value), "views": (0,), "stands_for": 0})

zero("rt.generic_like(value, number)", op={"infer": lambda value, number: _bar(type_of(value)), "cheap": False})

_FLOW = ("a second derivative by the continuous adjoint", "the adjoint equation is solved, and not differentiated",
         "call the solver itself, whose derivatives are right to any order")


def _flow_pull(let: Let, call: Call) -> None:
    """The continuous adjoint, by one call of `runtime/flows`."""
    _, functions, _, t0, y0, times, options, seen = let.args
    assert isinstance(functions, Make) and isinstance(seen, Seq) and isinstance(options, Make)
    moves = any(call.active(v) for arg in (t0, times) for v in variables(arg))
    targets = (y0, t0, times, *seen.items)
    given = (t0, y0, times, call.result(), call.full(), options, seen)
    type = Tuple(tuple(_bar(type_of(target)) for target in targets))
    found = call.b.emit("py.solver", Lit(flow_adjoint), functions, Seq((*given, Lit(moves))), Make(dict, (), ()), type=type)
    for k, target in enumerate(targets):
        if isinstance(target, Var) and call.active(target):
            call.add(target, call.b.emit("rt.independent", call.b.emit("item", found, k), Seq((found, *given)), *map(Lit, _FLOW)))


def _bar(type: Type) -> Type:
    return replace(type, extent=None, mixed=type.weak) if isinstance(type, Scalar) else type


def _flow_push(let: Let, call: Push) -> Operand:
    """Forward mode follows the model."""
    model = let.args[2]
    return call.dot(model) if call.active(model) else call.zeros(model)  # type: ignore[arg-type]


structural("rt.flow(value, functions, model, t0, y0, times, options, seen) -> y", _flow_pull, push=_flow_push, constant=("options",),
           op={"infer": lambda value, *_: type_of(value), "views": (0,), "stands_for": 0, "implied": True})

# Columns of B-splines: linear in the coefficients, differentiated in the point.
rule("rt.bspline(c, x, t, k, nu=0) -> y", c="rt.bspline_pull(y_bar, x, t, k, nu, extent(c, 0))", x="np.sum(y_bar * rt.bspline(c, x, t, k, nu + 1), axis=-1)",
     c_dot="rt.bspline(c_dot, x, t, k, nu)", x_dot="np.expand_dims(x_dot, 1) * rt.bspline(c, x, t, k, nu + 1)",
     op={"infer": lambda c, x, t, k, nu: Array(_dtype(c), (_extent(x, 0), _extent(c, 1))), "cheap": False})
rule("rt.bspline_pull(g, x, t, k, nu, count) -> z", g="rt.bspline(z_bar, x, t, k, nu)", x="np.sum(g * rt.bspline(z_bar, x, t, k, nu + 1), axis=-1)",
     g_dot="rt.bspline_pull(g_dot, x, t, k, nu, count)", x_dot="rt.bspline_pull(g * np.expand_dims(x_dot, 1), x, t, k, nu + 1, count)",
     op={"infer": lambda g, x, t, k, nu, count: Array(_dtype(g), (_count(count), _extent(g, 1))), "cheap": False})
