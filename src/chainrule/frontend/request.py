"""What the dispatcher asks the compiler for, and what it gets.

A `Request` says which function, for which types, and which derivative. A `Compiled` is a function and everything that must hold
for it to be the right one: guards (names that must still mean the same object) and captures (names whose values are
read at each call and passed as further arguments).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..ir.nodes import Span
from ..ir.types import Type
from ..runtime.record import Record
from ..structure import TreeDef
from .signature import Captures, Described, Leaf, Overlap
from .source import MISSING, FunctionSource, Place

__all__ = ["Capture", "Captures", "Chosen", "Compiled", "Described", "Guard", "Layer", "Leaf", "NeedLayout", "NeedStatic", "Overlap", "Parameter", "Path", "Place", "Request"]


class NeedStatic(Exception):
    """The program needs the values of these leaves at compile time (numbers as in `Request.leaf`)."""

    def __init__(self, leaves: tuple[int, ...]) -> None:
        self.leaves = leaves
        super().__init__(leaves)


class NeedLayout(Exception):
    """The program depends on whether these arrays are C-contiguous (then `Leaf.contiguous` says it)."""

    def __init__(self, leaves: tuple[int, ...]) -> None:
        self.leaves = leaves
        super().__init__(leaves)


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter: its name and what it is given. `*args` is given one tuple, `**kwargs` one dictionary."""

    name: str
    kind: str  # "positional", "args", "keyword" (keyword-only), "kwargs", "tangent" (of another one; the function does not see it)
    value: Described


@dataclass(frozen=True)
class Layer:
    """A transform of a function, as it was asked for."""

    mode: str
    argnums: int | str | tuple[int | str, ...] = 0
    has_aux: bool = False


@dataclass(frozen=True, eq=False)
class Chosen:
    """A transform of a function, and what it differentiates with respect to; the fields are as in `Request`."""

    mode: str
    selected: tuple[tuple[int, Any], ...]
    wrt: tuple[int, ...]
    single: bool
    has_aux: bool


@dataclass(frozen=True)
class Guard:
    """What a place held when the program was compiled, and must hold (the same object) when it runs.

    `apart`: instead, what two places hold must not be one object.
    """

    place: Place
    expected: Any
    apart: Place | None = None


@dataclass(frozen=True)
class Path:
    """What a program for the path of one call depends on beside the conditions that it checks itself.

    retries: statements that raised no exception: if one of them does, the call takes another path.
    layout:  how the arrays of the call lie in memory.
    """

    retries: bool = False
    layout: bool = False


Capture = Place


@dataclass(frozen=True, eq=False)
class Request:
    """One specialisation to be compiled.

    source:     the function.
    parameters: what it is given; their leaves are numbered through all parameters, left to right.
    selected:   the arguments to differentiate with respect to: (parameter, item of `*args` or key of `**kwargs`, else None).
    wrt:        all leaves of the selected arguments that carry a derivative.
    single:     the gradient is that of the one selected argument; otherwise a tuple, one for each of `selected`.
    mode:       "grad": f(*params, *captured) -> gradient; with aux: (gradient, aux)
                "value_and_grad": -> (value, gradient); with aux: ((value, aux), gradient)
                "vjp": -> (value, pullback); with aux: (value, pullback, aux). `pullback(*cotangents)` takes one cotangent for each
                leaf of the value that carries a derivative (`Compiled.cotangents`) and returns the gradient.
                "jvp": f(*params, *tangents, *captured) -> (value, tangent); "pushforward": -> tangent. The tangent has the structure of
                the value, with None at leaves without derivative.
                The gradient has the structure of the argument, with None at leaves without derivative.
    inner:      the transforms that come before this one, the innermost first.
    tangents:   modes "jvp" and "pushforward": for each leaf in wrt that of its tangent.
    intermediates: mode "intermediate_grads": the names whose values at the end of the function are differentiated with respect to. f(*params,
                *captured) -> {name: gradient}.
    chunk:      Jacobians: how many directions are gone through at once: a number, "cache" for as many as fit into the cache, None for all.
    overlaps:   pairs of array leaves that share memory in this call; captures included (ask again after a capture).
    captures:   where the compiler asks for the types of what the function reads from outside.
    """

    source: FunctionSource
    parameters: tuple[Parameter, ...]
    selected: tuple[tuple[int, Any], ...]
    wrt: tuple[int, ...]
    single: bool
    mode: str
    has_aux: bool
    captures: Captures
    backend: str = "numpy"
    label: str = ""  # name of the function that is printed
    by_values: bool = False  # types do not decide what the function does: this is known
    inner: tuple[Chosen, ...] = ()
    tangents: tuple[int, ...] = ()
    intermediates: tuple[str, ...] = ()
    chunk: int | Literal["cache"] | None = None
    everywhere: bool = False  # all of it is to be executed by values
    record: Record | None = None  # what the call has done so far, if it is going to run

    @property
    def values(self) -> list[Any] | None:
        """The values of the arguments' leaves; None if the request is for types alone."""
        leaves = self.captures.arguments
        return None if any(leaf is MISSING for leaf in leaves) else leaves

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        return self.captures.describer.overlaps()

    @property
    def shared(self) -> tuple[tuple[str, str], ...]:
        """Pairs of mutable containers among the arguments that are one and the same object."""
        return self.captures.describer.shared()

    def leaf(self, number: int) -> Leaf:
        """A leaf of the arguments, or of a captured value, by number."""
        return self.captures.describer.leaves[number]


@dataclass(frozen=True, eq=False)
class Compiled:
    """A specialisation.

    function:   takes the primal's parameters in the order of the signature, all positionally, then the captured values
                in the order of `Request.captures`. Must have been made for this specialisation alone.
    text:       its source, as printed.
    guards:     names that must still mean the same objects.
    line_map:   line of the generated file -> statement of the user's program that it stems from.
    file:       the name under which the generated code was compiled.
    result:     structure and types of the primal's result (without aux).
    path:       it serves the path of one call only, and raises `PathChanged` on any other; None if it serves all calls of these types.
    cotangents: mode "vjp": the leaves of the result for which the pullback takes a cotangent.
    written:    the leaves of the arguments that are arrays into which the function may write.
    """

    function: Callable[..., Any]
    text: str
    guards: tuple[Guard, ...] = ()
    line_map: dict[int, Span] = field(default_factory=dict)
    file: str = ""
    result: tuple[TreeDef, tuple[Type, ...]] | None = None
    path: Path | None = None
    cotangents: tuple[int, ...] = ()
    written: tuple[int, ...] = ()
