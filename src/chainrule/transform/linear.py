"""Program -> Program: the value, and the pushforward as a function of the tangents.

    def f(x):                       def f_linearize(x):
        y = np.sin(x)                   y = np.sin(x)
        return y * x                    def pushforward(x_dot):
                                            y_dot = x_dot * np.cos(x)
                                            return y_dot * x + x_dot * y
                                        return y * x, pushforward

What forward mode computes beside the tangents is there already, where it stands at the top of the function; loops are gone through again. What was drawn at
random is passed on, so that the pushforward belongs to the value.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.build import identity
from ..ir.nodes import Arg, Block, Let, Lit, Make, Operand, Program, Pullback, Seq, Stmt, Var, Yield, operands
from ..ir.ops import OPS
from ..ir.types import Array, Scalar, differentiable
from ..ir.walk import draws, map_args, renamed, substitute_end, substitute_stmt
from ..simplify.copies import copies_block
from ..simplify.dead import dead_block
from .forward import Callees, forward_block
from .nested import quiet


def linearize(program: Program, wrt: tuple[Var, ...], *, name: str) -> Program:
    """The program that returns its value and the pushforward, which takes one tangent for each of `wrt`."""
    body = dead_block(copies_block(program.body))
    assert isinstance(body.end, Yield)
    nest = body.end.values[0]
    flat = tuple(operands(nest))
    drawn = tuple(draws(body.stmts))
    inner = renamed(Block(body.params, body.stmts, Yield((*flat, *drawn))))
    silent, numbers = quiet(inner)
    calls = Callees(program.callees, name)
    at = {p: k for k, p in enumerate(body.params)}
    block, dots, tangents = forward_block(silent, tuple(silent.params[at[v]] for v in wrt), calls)
    given: list[Operand] = [*body.params, *((*flat, *drawn)[n] for n in numbers), *dots]
    rest, env = _without_known(block, dict(zip(block.params, given)), body.stmts)
    end = substitute_end(block.end, lambda v: env.get(v, v))
    assert isinstance(end, Yield)
    moved = iter(end.values[len(flat) + len(drawn):])
    found = [next(moved) if tangent is not None else None for tangent in tangents]
    extra: list[Stmt] = []
    leaves = iter(zip(flat, found))

    def nested(value: Arg) -> Arg:
        if isinstance(value, (Seq, Make)):
            return replace(value, items=tuple(map(nested, value.items)))
        primal, dot = next(leaves)
        return dot if dot is not None else _zeros(primal, extra)

    tangent = nested(nest)
    marker = Pullback(dots, nest, "pushforward")
    return replace(program, name=name, body=Block(body.params, (*body.stmts, marker, *rest, *extra), Yield((tangent,))), callees=calls.finish())


def _without_known(block: Block, env: dict[Var, Operand], known: tuple[Stmt, ...]) -> tuple[list[Stmt], dict[Var, Operand]]:
    """The statements of a block, without those whose results are there already; and what takes the place of its Vars."""
    there = {(s.op, *map(identity, s.args)): s.out for s in known if isinstance(s, Let) and s.out is not None and not OPS[s.op].effect and not OPS[s.op].fresh}
    rest: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, Let) and stmt.out is not None and not OPS[stmt.op].effect and not OPS[stmt.op].fresh:
            out = there.get((stmt.op, *map(identity, map_args(stmt.args, lambda v: env.get(v, v)))))
            if out is not None:
                env[stmt.out] = out
                continue
        rest.append(substitute_stmt(stmt, lambda v: env.get(v, v)))
    return rest, env


def _zeros(value: Operand, extra: list[Stmt]) -> Operand:
    """The tangent of what does not depend on the inputs; None where there is none."""
    if isinstance(value, Lit):
        return Lit(0.0) if type(value.value) in (float, complex) else Lit(None)
    if not differentiable(value.type):
        return Lit(None)
    if isinstance(value.type, Scalar):
        return Lit(0.0)
    out = Var(value.type)
    op = "np.zeros_like" if isinstance(value.type, Array) else "rt.zeros_like"
    extra.append(Let(out, op, (value, *(Lit(p.default) for p in OPS[op].params[1:]))))
    return out


__all__ = ["linearize"]
