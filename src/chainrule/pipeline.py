"""The passes, in order: a request becomes a compiled function.

    lower -> differentiate -> dead -> reuse -> inplace -> emit -> load

Each is a pure function of its input. `passes` returns what each of them made, to find the one that is to blame.
"""

from __future__ import annotations

import os
from typing import Any

from .backend.emit import emit
from .backend.inplace import inplace
from .backend.load import load
from .frontend.lower import Lowered, lower
from .frontend.request import Compiled, Request
from .ir.nodes import Program
from .ir.verify import verify
from .simplify.dead import dead
from .simplify.gather import gather
from .simplify.reuse import reuse
from .transform.derivative import differentiate, result_types

DEBUG = bool(os.environ.get("CHAINRULE_DEBUG"))  # verify the program after every pass (on in the tests)


def passes(request: Request) -> dict[str, Any]:
    """What each pass makes of a request, by the name of the pass."""
    lowered = lower(request)
    programs: dict[str, Any] = {"lower": lowered.program}
    programs["reverse"] = differentiate(request, lowered)
    programs["dead"] = dead(programs["reverse"])
    programs["reuse"] = reuse(gather(programs["dead"]))
    if DEBUG:
        for program in programs.values():
            verify(program)
    programs["inplace"] = inplace(programs["reuse"])
    emitted = emit(programs["inplace"], reserved_names(request))
    return {"lowered": lowered, **programs, "emit": emitted}


def compile(request: Request) -> Compiled:
    """Compile one specialisation. Raises what `lower` raises, and TypeError for results that have no gradient."""
    made = passes(request)
    lowered: Lowered = made["lowered"]
    emitted = made["emit"]
    function = load(emitted)
    structure, types, cotangents = result_types(lowered.program)
    return Compiled(function, emitted.text, lowered.guards, emitted.line_map, function.__code__.co_filename,
                    (structure, types), cotangents if request.mode == "vjp" else ())


def reserved_names(request: Request) -> frozenset[str]:
    """Names that generated code must not use for values of its own: those of the user's module."""
    return frozenset(request.source.globals) - {p.name for p in request.parameters}


__all__ = ["Program", "compile", "passes"]
