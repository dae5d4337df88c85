"""function, arguments -> Record, gradient, generated text: one call, found through the same dispatcher as any gradient.

The request is compiled as that of the gradient is, so what that refuses is refused here in the same words; then the program of the primal is
recorded instead of the generated text being run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import pipeline
from ..dispatch import Dispatcher
from ..errors import Finding, UnsupportedError
from ..frontend.lower import Lowered
from ..frontend.request import Compiled, Request
from ..frontend.source import FunctionSource
from ..ir.interpret import bind, value_of
from ..ir.nodes import Program, Span, Var
from ..rules.table import RowError
from ..transform.derivative import before, gradient_nest
from .record import Record, record

MODE = "explain"


@dataclass(frozen=True, eq=False)
class Call:
    """One call: what happened in it, and the text of the gradient with, for each line of that, the user's statement."""

    record: Record
    source: FunctionSource
    names: dict[Var, str]  # the parameters that are differentiated with respect to, as the user would write them
    text: str
    lines: dict[int, Span]


def called(dispatcher: Dispatcher, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Call, Any]:
    """A call, and its gradient in the structure of the arguments."""
    found: tuple[Call, Any] = dispatcher.call(args, kwargs)
    return found


def compiled(request: Request) -> Compiled:
    """What the dispatcher calls: a function that returns a `Call` and the gradient."""
    label = f"{request.label.removesuffix(MODE)}grad"
    return pipeline.compile(replace(request, label=label), _finish)


def _finish(request: Request, made: dict[str, Any]) -> Compiled:
    lowered: Lowered = made["lowered"]
    return Compiled(_runner(request, before(request, lowered), lowered, made["emit"]), made["emit"].text, lowered.guards, path=lowered.path, written=lowered.written)


def _runner(request: Request, program: Program, lowered: Lowered, emitted: Any) -> Callable[..., tuple[Call, Any]]:
    wrt = tuple(lowered.leaves[number] for number in request.wrt)
    nest = gradient_nest(request, request, dict(zip(request.wrt, wrt)))
    paths = {leaf.number: leaf.path for parameter in request.parameters for leaf in parameter.value.leaves}
    names = {var: paths[number] for number, var in zip(request.wrt, wrt)}

    def run(*values: Any) -> tuple[Call, Any]:
        env: dict[Var, Any] = {}
        for (_, form), value in zip(program.signature, values):
            bind(form, value, env)
        try:
            found = record(program, wrt, tuple(env[var] for var in program.body.params), lowered.path is not None)
        except RowError as error:
            raise UnsupportedError([pipeline.finding(error, request)]) from None
        except (AssertionError, NotImplementedError, KeyError) as error:  # a gap of ours
            raise UnsupportedError([Finding(request.source.location(), f"chainrule cannot explain `{request.source.name}`", f"{type(error).__name__}: {error}",
                                            "please report it, with the function; the gradient itself may be had from grad")]) from error
        bars = {node.var: owned(node.bar) for node in found.params if node.var in names}
        return Call(found, request.source, names, emitted.text, emitted.line_map), value_of(nest, {v: b for v, b in bars.items() if v is not None})

    return run


def owned(value: Any) -> Any:
    """The same with memory of its own: a contribution may be one array for two operands."""
    if isinstance(value, np.ndarray):
        return value.copy()
    return type(value)(map(owned, value)) if isinstance(value, (list, tuple)) else value


__all__ = ["MODE", "Call", "called", "compiled"]
