"""The table of operations: what an operation's parameters are, how it runs, what type it gives.

The table says what an operation *is*; its derivative is a row in `rules/`. Structural operations
(index, store, push ...) are defined in `rules/structure.py`, all others by the rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .types import Type


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Param:
    """A parameter of an operation. `star`: it takes the rest of the positional arguments, as one Seq."""

    name: str
    default: Any = REQUIRED
    star: bool = False


@dataclass(frozen=True)
class Op:
    """An operation.

    impl:     runs it on values (used by the interpreter and to infer types by trying).
    infer:    (args) -> Type, where trying it on small arrays is not possible.
    views:    positions of the arguments with which the result may share memory.
    destroys: position of the argument that the printed code writes into; the result is its new contents.
    effect:   it must run, once and in order (print, push); never merged, moved or dropped.
    fresh:    two equal calls are two objects (an allocation): never merged.
    cheap:    recomputing it on scalars costs less than saving its result.
    method:   it is printed as a method of its first argument.
    implied:  how its result depends on what the argument was made of, other statements say.
    stands_for: position of the argument that its value is; the others give it a derivative.
    """

    name: str
    params: tuple[Param, ...]
    impl: Callable[..., Any]
    infer: Callable[..., Type] | None = None
    views: tuple[int, ...] = ()
    destroys: int | None = None
    effect: bool = False
    fresh: bool = False
    cheap: bool = True
    method: bool = False
    implied: bool = False
    stands_for: int | None = None

    def run(self, values: tuple[Any, ...]) -> Any:
        """Call the implementation with arguments in parameter order; defaults are left out."""
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for param, value in zip(self.params, values):
            if param.star:
                positional.extend(value)
            elif param.default is REQUIRED:
                positional.append(value)
            elif not is_default(value, param.default):
                keywords[param.name] = value
        return self.impl(*positional, **keywords)


OPS: dict[str, Op] = {}


def define(op: Op) -> Op:
    """Add an operation to the table; a name is defined once."""
    if op.name in OPS:
        raise ValueError(f"operation {op.name!r} is already defined")
    OPS[op.name] = op
    return op


def is_default(value: Any, default: Any) -> bool:
    """Whether a value equals a default, without confusing 0 and False, or comparing arrays."""
    return value is default or (type(value) is type(default) and isinstance(value, (bool, int, float, str)) and value == default)
