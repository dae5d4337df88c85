"""Program -> Program: once derivatives are taken, a value that a library has computed stands for itself.

    t = slow(x)                     |    t = slow(x)
    y = as_given(root(x), t)        |    y = root(x)

The model whose derivative it was given is no longer looked at; what of it the reverse sweep does not need is left to simplify/dead.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.nodes import Arg, Let, Program, Var
from ..ir.ops import OPS
from ..ir.walk import all_stmts, substitute


def settled(program: Program) -> Program:
    """The program in which operations that stand for one of their arguments are that argument."""
    env: dict[Var, Arg] = {}
    for stmt in all_stmts(program.body):
        if isinstance(stmt, Let) and stmt.out is not None and (position := OPS[stmt.op].stands_for) is not None:
            env[stmt.out] = stmt.args[position]

    def value(var: Var) -> Arg:
        found: Arg = var
        while isinstance(found, Var) and found in env:
            found = env[found]
        return found

    callees = tuple(map(settled, program.callees))
    return replace(program, body=substitute(program.body, value) if env else program.body, callees=callees)


__all__ = ["settled"]
