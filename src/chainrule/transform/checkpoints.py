"""A loop that keeps few of its states -> its step as a function, and what the call that drives it is given.

    for k in range(0, n) carrying u -> u2:              def advance(k, u, c):
        u1 = u + c * u                                      u1 = u + c * u
        yield u1                                            return (u1,)
                                                        (u2,), pullback = rt.checkpoints(advance, advance_vjp, range(0, n), (u,), (c,), ())

A step that may leave the loop also says whether it did. Its derivative is that of any function of the program (`calls`); which steps are
computed again, and when, is decided when the program runs (`runtime/revolve`). What a loop that is not active computes is not kept anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.activity import carried
from ..ir.nodes import UNDEFINED, Arg, Block, Branch, Break, For, If, Let, Lit, Program, Raise, Seq, Stmt, Var, While, Yield
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import BOOL, Opaque, Scalar, Tuple, Type, differentiable
from ..ir.walk import every_stmt, free, leaves, renamed
from ..rules.table import RowError


@dataclass(frozen=True)
class Outlined:
    """step: the function of one step. type: of the values that the loop gives. mask: of which arguments of `step` the derivative is taken.
    wrt, types: whose adjoints the pullback of the loop gives."""

    step: Program
    type: Tuple
    mask: tuple[bool, ...]
    wrt: tuple[Arg, ...]
    types: tuple[Type, ...]
    before: tuple[Let, ...]
    given: tuple[Arg, ...]  # from the indices on

    def args(self, step_vjp: str) -> tuple[Arg, ...]:
        """The arguments of the operation that stands for the loop."""
        return (Lit(self.step.name), Lit(step_vjp), *self.given)


def outline(loop: For | While, active: frozenset[Var], name: str) -> Outlined | None:
    """The step of a loop as a function; None for a loop in which there is nothing to differentiate, and a few that stay as they are."""
    mark, params, body = loop.checkpoints, carried(loop), loop.body
    moving = [k for k, param in enumerate(params) if (param in active or loop.outs[k] in active) and differentiable(param.type)]
    if mark is None or not moving or loop.trips is not None or (isinstance(loop, For) and loop.reverse):
        return None
    outer = free(body)
    parameters = [v for v in outer if v in active]
    constants = [v for v in outer if v not in active]
    breaks = any(isinstance(leaf.end, Break) for leaf in leaves(body))
    ended = _ended(body, loop.outs, breaks)
    if ended is None:
        return None
    stmts, values = ended
    whole = renamed(Block((*body.params, *parameters, *constants), stmts, Yield(values)))
    assert isinstance(whole.end, Yield)
    step = Program(name, _signature(whole.params), Block(whole.params, whole.stmts, Yield((Seq(whole.end.values),))), loop.span)
    index = len(body.params) - len(params)
    mask = (*(False,) * index, *(k in moving for k in range(len(params))), *(True for _ in parameters), *(False for _ in constants))
    carrying = [k for k, out in enumerate(loop.outs) if differentiable(out.type)]
    wrt = None if carrying == moving else tuple(carrying.index(k) for k in moving)
    indices: Arg = Lit(None)
    before: tuple[Let, ...] = ()
    if isinstance(loop, For):
        indices = Var(Opaque("range"), "indices")
        before = (Let(indices, "range", (loop.start, loop.stop, loop.step), loop.span),)
    given = (indices, Seq(loop.inits), Seq(tuple(parameters)), Seq(tuple(constants)), Lit(mark.budget), Lit(mark.spill), Lit(wrt), Lit(breaks),
             Lit(_has_effects(loop)))
    return Outlined(step, Tuple(tuple(out.type for out in loop.outs)), mask, (*(loop.inits[k] for k in moving), *parameters),
                    (*(params[k].type for k in moving), *(v.type for v in parameters)), before, given)


def _ended(block: Block, outs: tuple[Var, ...], breaks: bool) -> tuple[tuple[Stmt, ...], tuple[Arg, ...]] | None:
    """The statements of a body, and its values at the one end of all of its ends; with breaks, whether it left is the last one. None if it never
    ends, or where a value is there on no path."""
    end = block.end
    if isinstance(end, Raise):
        return None
    if not isinstance(end, Branch):
        more: list[Stmt] = []
        values: list[Arg] = []
        for value, out in zip(end.values, outs):
            if value is UNDEFINED or differentiable(type_of(value)) != differentiable(out.type):
                if value is UNDEFINED or not isinstance(out.type, Scalar) or out.type.dtype != "float64":
                    return None
                value, number = Var(out.type), value
                more.append(Let(value, "float", (number,)))
            values.append(value)
        return (*block.stmts, *more), (*values, *((Lit(isinstance(end, Break)),) if breaks else ()))
    results = (*(Var(out.type, out.hint) for out in outs), *((Var(BOOL, "done"),) if breaks else ()))
    blocks = []
    for part in (end.then, end.orelse):
        if isinstance(part.end, (Raise, Branch)):
            found = _ended(part, outs, breaks)
            if found is None and isinstance(part.end, Branch):
                return None
            blocks.append(Block((), part.stmts, Raise()) if found is None else Block((), found[0], Yield(found[1])))
        else:
            blocks.append(Block((), part.stmts, Yield((*part.end.values, *((Lit(isinstance(part.end, Break)),) if breaks else ())))))
    if all(isinstance(part.end, Raise) for part in blocks):
        return None
    return (*block.stmts, If(results, end.condition, blocks[0], blocks[1], end.span)), results


def _has_effects(loop: For | While) -> bool:
    """Whether a step does anything to the world outside. It is done once, and its result kept."""
    found = False
    for stmt in every_stmt(loop.body):
        if isinstance(stmt, Let) and OPS[stmt.op].effect and not stmt.op.startswith("rt.") and stmt.op not in ("py.raise", "py.evaluate", "apply"):
            if OPS[stmt.op].destroys is not None:
                error = RowError("a loop that keeps few of its states changes an array at random", "the step is computed again, and would change it in another way",
                                 "draw the indices, and take the elements by them")
                error.span = stmt.span
                raise error
            found = True
    return found


def _signature(params: tuple[Var, ...]) -> tuple[tuple[str, Arg], ...]:
    names: dict[str, Var] = {}
    for k, var in enumerate(params):
        base = name = var.hint if var.hint and var.hint.isidentifier() else f"v{k}"
        n = 1
        while name in names:
            n += 1
            name = f"{base}{n}"
        names[name] = var
    return tuple(names.items())


__all__ = ["Outlined", "outline"]
