"""The passes, in order: a request becomes a compiled function.

    lower -> differentiate -> signs -> dead -> dots -> gather -> reuse -> inplace -> emit -> load

Each is a pure function of its input. `stages` returns what each of them makes, to find the one that is to blame.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .backend.debug import checked
from .backend.emit import emit
from .backend.inplace import inplace
from .backend.load import load
from .errors import Finding, Location, MissingRuleError, UnsupportedError
from .frontend.lower import Lowered, lower
from .frontend.request import Compiled, Request
from .ir.nodes import Program
from .ir.probe import CannotProbe
from .ir.text import text
from .ir.verify import verify
from .rules.table import RowError
from .simplify.dead import dead
from .simplify.dots import dots
from .simplify.gather import gather
from .simplify.reuse import reuse
from .simplify.signs import signs
from .transform.derivative import before, differentiate, result_types

DEBUG = bool(os.environ.get("CHAINRULE_DEBUG"))  # verify the program after every pass, and what it returns (on in the tests)

GAPS = (AssertionError, NotImplementedError, RecursionError, KeyError, CannotProbe, RowError)

SIMPLIFY: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("signs", signs),
    ("dead", dead),
    ("dots", dots),
    ("gather", gather),
    ("reuse", reuse),
)


def passes(request: Request) -> dict[str, Any]:
    """What each pass makes of a request, by the name of the pass; "lowered" and "emit" are no programs."""
    lowered = lower(request)
    programs = {"lower": lowered.program}
    program = programs["differentiate"] = differentiate(request, lowered)
    for name, simplify in SIMPLIFY:
        program = programs[name] = simplify(program)
    if DEBUG:
        for made in programs.values():
            verify(made)
    programs["inplace"] = inplace(program)
    emitted = emit(programs["inplace"], reserved_names(request), recorded=lowered.path is not None)
    return {"lowered": lowered, **programs, "emit": emitted}


def compile(request: Request, finish: Callable[[Request, dict[str, Any]], Compiled] | None = None) -> Compiled:
    """Compile one specialisation. Raises what `lower` raises, and TypeError for results that have no gradient.

    finish: what is made of what the passes have made, instead of the compiled text.
    """
    try:
        return (finish or _finish)(request, passes(request))
    except GAPS as error:  # a gap of ours: refused, not wrong
        if DEBUG and isinstance(error, AssertionError):
            raise  # a pass made a program that is not well formed: the tests must see that
        certain = isinstance(error, RowError) and error.certain
        if request.values is not None and not request.everywhere and not certain:  # a straight path may do without what is missing
            try:
                return compile(replace(request, by_values=True, everywhere=True), finish)
            except (UnsupportedError, MissingRuleError):
                pass
        raise UnsupportedError([finding(error, request)]) from (None if isinstance(error, RowError) else error)


def finding(error: Exception, request: Request) -> Finding:
    """What is said about a program that does not get through a pass."""
    if not isinstance(error, RowError):
        return Finding(request.source.location(), f"chainrule does not get through `{request.source.name}`", f"{type(error).__name__}: {error}",
                       "please report it, with the function")
    span = error.span
    where = request.source.location() if span is None else Location(
        span.file, span.line, 0, span.line, len(span.text.encode()), span.text, span.function)  # the text is the statement, on one line
    return Finding(where, error.what, error.why, error.remedy)


def _finish(request: Request, made: dict[str, Any]) -> Compiled:
    lowered: Lowered = made["lowered"]
    emitted = made["emit"]
    function = load(emitted, DEBUG)
    file = function.__code__.co_filename
    if DEBUG:
        function = checked(function, request)
    structure, types, cotangents = result_types(before(request, lowered))
    return Compiled(function, emitted.text, lowered.guards, emitted.line_map, file, (structure, types), lowered.path,
                    cotangents if request.mode == "vjp" else (), lowered.written)


def reserved_names(request: Request) -> frozenset[str]:
    """Names that generated code must not use for values of its own: those of the user's module."""
    return frozenset(request.source.globals) - {p.name for p in request.parameters}


@dataclass(frozen=True)
class Stage:
    """A program between two passes; as text, what `ir/text` makes of it. `ir/interpret` runs it."""

    program: Program

    def __str__(self) -> str:
        return text(self.program)


def stages(derivative: Any, *args: Any, **kwargs: Any) -> dict[str, Stage]:
    """Every program on the way from a function to its derivative for some arguments, by the name of the pass that made it.

    ``derivative`` is a transformed function, as `chainrule.grad` returns it. The first stage, "lower", is the primal; all
    others compute what the transformed function returns. Nothing is run.

    >>> import chainrule as cr
    >>> def square(x):
    ...     return x * x
    >>> found = stages(cr.grad(square), 3.0)
    >>> list(found)
    ['lower', 'differentiate', 'signs', 'dead', 'dots', 'gather', 'reuse', 'inplace']
    >>> print(found["lower"])
    def square(x):
        t1 = x * x
        return t1
    """
    given, keywords = getattr(derivative, "_given", ()), getattr(derivative, "_keywords", {})
    return stages_of(getattr(derivative, "_dispatcher", derivative), lambda own: own.variant_for((*given, *args), {**keywords, **kwargs}))


def stages_of(own: Any, ask: Callable[[Any], Any]) -> dict[str, Stage]:
    """What `stages` returns, for a dispatcher and what is asked of it: the program that it compiles last."""
    made: dict[str, Any] = {}

    def note(request: Request) -> Compiled:
        made.clear()
        made.update(passes(request))
        return _finish(request, made)

    ask(type(own)(own.function, note, own.mode, own.argnums, own.has_aux, skip=own.skip, inner=own.inner, asked=own.asked, chunk=own.chunk))
    return {name: Stage(program) for name, program in made.items() if isinstance(program, Program)}


__all__ = ["Program", "Stage", "compile", "finding", "passes", "stages", "stages_of"]
