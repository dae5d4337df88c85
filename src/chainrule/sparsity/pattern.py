"""Function, arguments -> which entries of its Jacobian, or of the Jacobian of its gradient, may be nonzero in this call.

The function is lowered as it is for every derivative, and its program, or the program of its gradient, is executed on sets of inputs
(`machine`). A pattern is used again in calls with the same shapes in which everything is the same that decided about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..dispatch import Dispatcher
from ..errors import Finding, UnsupportedError
from ..frontend.lower import Lowered, lower
from ..frontend.request import Compiled, Layer, Request
from ..frontend.signature import structure_of
from ..ir.interpret import bind
from ..ir.nodes import Program, Var
from ..runtime.record import same
from ..simplify.dead import dead
from ..structure import LEAF
from ..transform.derivative import before
from ..transform.nested import expanded
from .machine import Machine
from .sets import Sets

__all__ = ["HESSIAN", "JACOBIAN", "Pattern", "patterns_of"]

JACOBIAN, HESSIAN = "sparse_jacobian", "sparse_hessian"
_KEPT = 8  # patterns that are remembered for arguments of the same types


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where a matrix may be nonzero, in compressed sparse rows.

    draws: whether random numbers are drawn on the way (or may be); notes: what has been worked out from the pattern, by name.
    """

    shape: tuple[int, int]
    indptr: Any
    indices: Any
    draws: bool = True
    notes: dict[str, Any] = field(default_factory=dict)


class _Unsteady(Exception):
    """The result depends on something that is different in each sweep."""


@dataclass(frozen=True, eq=False)
class _Found:
    """A pattern, and the calls for which it holds."""

    shapes: tuple[Any, ...]
    deciding: tuple[tuple[int, Any], ...]  # parameters of the program, and their values
    pattern: Pattern

    def holds(self, shapes: tuple[Any, ...], values: list[Any]) -> bool:
        return shapes == self.shapes and all(same(value, values[n]) for n, value in self.deciding)


def patterns_of(function: Any, transform: str, argnums: int | str, skip: int, inner: tuple[Layer, ...] = ()) -> Dispatcher:
    """A dispatcher whose calls return the pattern of the derivative of what the inner transforms make of a function."""
    return Dispatcher(function, _compile, transform, argnums, skip=skip, inner=inner)


def _compile(request: Request) -> Compiled:
    lowered = lower(request)
    program = _program(request, lowered)
    return Compiled(_runner(request, program, lowered), "", lowered.guards, path=lowered.path)


def _program(request: Request, lowered: Lowered) -> Program:
    program = before(request, lowered)
    result = program.body.end.values[0]  # type: ignore[union-attr]
    if structure_of(result) is not LEAF:
        raise TypeError(f"{request.mode} of {request.source.name}: the result is {structure_of(result)!r}, not one array")
    return dead(expanded(program))


def _runner(request: Request, program: Program, lowered: Lowered) -> Callable[..., Pattern]:
    params = program.body.params
    wrt = params.index(lowered.leaves[request.wrt[0]])
    known: list[_Found] = []

    def run(*values: Any) -> Pattern:
        env: dict[Var, Any] = {}
        for (_, form), value in zip(program.signature, values):
            bind(form, value, env)
        given = [env[var] for var in params]
        shapes = tuple((value.dtype, value.shape) if isinstance(value, np.ndarray) else type(value) for value in given)
        for found in known:
            if found.holds(shapes, given):
                return found.pattern
        pattern, decisive = _found(program, given, wrt, lowered.path is not None)
        deciding = [(n, value) for n, value in enumerate(given) if decisive >> n & 1]
        if not decisive >> len(given) and all(isinstance(value, (int, float, complex, str, np.generic, np.ndarray)) for _, value in deciding):
            copies = tuple((n, value.copy() if isinstance(value, np.ndarray) else value) for n, value in deciding)
            known.insert(0, _Found(shapes, copies, pattern))
            del known[_KEPT:]
        return pattern

    def refused(*values: Any) -> Pattern:
        try:
            return run(*values)
        except _Unsteady:
            raise UnsupportedError([Finding(
                request.source.location(), f"the result of `{request.source.name}` is another one each time it is called",
                "it depends on the time, or on a random generator without a seed, and a sparse derivative is put together from several sweeps",
                "pass it as an argument")]) from None
        except (AssertionError, NotImplementedError, KeyError) as error:  # a gap of ours
            raise UnsupportedError([Finding(
                request.source.location(), f"the pattern of the derivative of `{request.source.name}` is not found",
                f"{type(error).__name__}: {error}", "pass it: pattern=...")]) from error

    return refused


def _found(program: Program, given: list[Any], wrt: int, recorded: bool) -> tuple[Pattern, int]:
    """The pattern in one call, and the parameters whose values decided about it, as bits."""
    size = given[wrt].size
    sets = Sets(size)
    machine = Machine(sets, 1 << wrt, 1 << len(given), recorded)
    values = [(value, sets.inputs(value.shape) if n == wrt else None, 1 << n) for n, value in enumerate(given)]
    result, mark, origins = machine.run(program, values)
    if (origins | machine.decisive) & machine.unsteady:
        raise _Unsteady
    rows = int(np.size(result))
    ids = np.zeros(rows, np.int64) if mark is None else np.ravel(mark)
    indptr, indices = sets.members(ids)
    return Pattern((rows, size), indptr, indices, machine.draws), machine.decisive
