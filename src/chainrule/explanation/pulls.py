"""One operation -> its pullback, on its own: what it contributes to each of its operands, as statements that can be run and printed.

    y = x @ w               x: y_bar @ w.T          w: x.T @ y_bar

The statements are those that `transform/reverse` makes: the sweep of a program that is this operation alone. What a row asks about the program
around it (whether zeros in the cotangent stem from a mask, and absorb infinities) is answered for the whole program, as it is for the gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..analysis.activity import activity
from ..analysis.flow import flows, singular, steep
from ..analysis.taint import tainted
from ..ir.interpret import Interpreter
from ..ir.nodes import Arg, Block, Let, Program, Stmt, Var, Vjp, Yield, operands, variables
from ..ir.types import Array
from ..ir.walk import defined, stmt_args
from ..rules import registry
from ..simplify.copies import copies_block
from ..simplify.dead import dead_block
from ..simplify.loads import loads
from ..transform.adjoints import bar_type
from ..transform.calls import Calls
from ..transform.reverse import Sweep
from ..transform.surgery import operated, operations


@dataclass(frozen=True, eq=False)
class Facts:
    """A function's body as it is differentiated, and what the analyses find out about it (see `transform/reverse`)."""

    body: Block
    active: frozenset[Var]
    tainted: set[Var]
    singular: Any
    steep: Any
    pulls: dict[tuple[Stmt, frozenset[Var], tuple[bool, ...]], Pulled] = field(default_factory=dict)


def facts(body: Block, wrt: tuple[Var, ...], inner: bool) -> Facts:
    """What is known of a body that is differentiated with respect to some of its parameters. inner: of a function that the program calls."""
    body = dead_block(loads(copies_block(body)))
    assert isinstance(body.end, Yield)
    through = flows(registry)
    leaves = [leaf for value in body.end.values for leaf in operands(value)]
    results = [v for v in (leaves if inner else leaves[:1]) if isinstance(v, Var)]
    operated_on = [let for let in operations(body) if let.out is not None]
    active = activity(body, (*wrt, *(let.out for let in operated_on if let.out is not None)),
                      (*results, *(v for let in operated_on for v in variables(let.args[0]))), through)
    return Facts(body, active, tainted(body, active, through, registry.masks, results if inner else ()), singular(body, registry, through), steep(body, registry))


@dataclass(frozen=True, eq=False)
class Pulled:
    """The pullback of one operation.

    seeds: the adjoints of what came out, which it is given; block: the statements, which also read the operation's own values, and end with the
    contributions to `to`; likes: Vars in these statements that stand for any value with the shape of another one.
    """

    seeds: tuple[Var, ...]
    block: Block
    to: tuple[Var, ...]
    likes: Mapping[Var, Var]
    callees: Mapping[str, Program]

    def run(self, env: dict[Var, Any], bars: tuple[Any, ...]) -> dict[Var, Any]:
        """The contributions, for the values of the operation and adjoints of what came out. env is used up."""
        env.update({proxy: env[var] for proxy, var in self.likes.items() if var in env})
        env.update((seed, _of_type(bar, seed)) for seed, bar in zip(self.seeds, bars))
        _, values = Interpreter(dict(self.callees)).block(self.block, env)
        return dict(zip(self.to, values))


def _of_type(bar: Any, seed: Var) -> Any:
    """An adjoint as the statements take it: a number of Python's is one of NumPy's where they expect an array without axes."""
    type_ = seed.type
    return np.dtype(type_.dtype).type(bar) if isinstance(type_, Array) and type(bar) in (float, int, complex) else bar


def pulled(stmt: Let | Vjp, moving: frozenset[Var], known: Facts, callees: Mapping[str, Program], given: tuple[bool, ...] = (True,)) -> Pulled:
    """The pullback of an operation to those of its operands that a derivative goes through. given: which of its results have an adjoint."""
    key = (stmt, moving, given)
    if key not in known.pulls:
        known.pulls[key] = _pulled(stmt, moving, known, callees, given)
    return known.pulls[key]


def _pulled(stmt: Let | Vjp, moving: frozenset[Var], known: Facts, callees: Mapping[str, Program], given: tuple[bool, ...]) -> Pulled:
    args = tuple(dict.fromkeys(v for arg in stmt_args(stmt) for v in variables(arg)))
    wrt = tuple(v for v in args if v in moving)
    outs = defined(stmt)
    sweep = Sweep(Block(args, (stmt,), Yield(outs)), wrt, registry, True, Calls(tuple(callees.values()), ""), False)
    sweep.tainted, sweep.singular, sweep.steep = known.tainted, known.singular, known.steep
    seeds = tuple(Var(bar_type(out.type), f"{out.hint}_bar" if out.hint else "g") for out in outs)
    for out, seed, there in zip(outs, seeds, given):
        if there:
            sweep.adjoints.add(out, seed)
    sweep.stmt(stmt)
    to: list[Var] = []
    ends: list[Arg] = []
    for var in wrt:
        bar = sweep.adjoints.settled(var)
        if bar is not None:
            to.append(var)
            ends.append(sweep.adjoints.full(var, bar))
    block = dead_block(operated(Block((), tuple(sweep.b.stmts), Yield(tuple(ends)))))
    return Pulled(seeds, block, tuple(to), sweep.likes, {**callees, **sweep.functions.callees})


__all__ = ["Facts", "Pulled", "facts", "pulled"]
