"""What an explanation is made of: the statements of one call, in the order in which they were executed, with their numbers.

    Explanation
        inputs: Value, ...
        entries: Statement | Loop, ...
            Statement.operations: Operation, ...        what the statement does, one after the other
            Statement.entries                           of a function that it calls
            Loop.iterations: Iteration, ...
                Iteration.entries

All of it is plain data: texts, and summaries of values. Every view (table, page, graph, flow) is made from this alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from .summary import Summary


@dataclass(frozen=True, eq=False)
class Value:
    """A value of the call. number: counts through all values. cotangent: the derivative of the result with respect to it; None if there is none."""

    number: int
    name: str
    value: Summary
    cotangent: Summary | None = None


@dataclass(frozen=True, eq=False)
class Operand:
    """A value that a statement or an operation reads, by this name.

    slope: the derivative of what is computed with respect to it, where that is a number, or one for each element; None otherwise.
    rule: what is passed on to it, as Python, where `g` is the incoming cotangent; "" where that is more than one expression.
    contribution: what is passed on to it in this call; None if no derivative goes through it.
    """

    name: str
    value: Value
    slope: Summary | None = None
    rule: str = ""
    contribution: Summary | None = None


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of a statement: its text, the value that it makes (with the incoming cotangent), and what it reads."""

    text: str
    result: Value
    operands: tuple[Operand, ...]


@dataclass(eq=False)
class Statement:
    """A statement of the user's that was executed once.

    values: what it computes (with the incoming cotangents). operands: what it reads that it does not compute.
    operations: what it does itself, step by step; entries: the statements of the functions that it calls.
    visit:      of the compiler, which has gone through the statement once, or once for each item of a list (see `Adjoint`).
    """

    file: str
    line: int
    column: int
    function: str
    text: str
    visit: int = -1
    values: tuple[Value, ...] = ()
    operands: tuple[Operand, ...] = ()
    operations: list[Operation] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether a derivative goes through it."""
        return any(operand.contribution is not None for operand in self.operands)


@dataclass(eq=False)
class Iteration:
    """One iteration of a loop, counted from 0."""

    number: int
    entries: list[Entry] = field(default_factory=list)


@dataclass(eq=False)
class Loop:
    """A loop that was executed, iteration by iteration."""

    file: str
    line: int
    column: int
    function: str
    text: str
    iterations: list[Iteration] = field(default_factory=list)


Entry = Union[Statement, Loop]


def statements(entries: list[Entry], depth: int = 0, iteration: tuple[int, ...] = ()) -> Iterator[tuple[Statement, int, tuple[int, ...]]]:
    """Every statement, those that are called after the one that calls them: with how deep it is nested, and the iterations it is in."""
    for entry in entries:
        if isinstance(entry, Loop):
            for one in entry.iterations:
                yield from statements(one.entries, depth + 1, (*iteration, one.number))
        else:
            yield entry, depth, iteration
            yield from statements(entry.entries, depth + 1, iteration)


@dataclass(frozen=True, eq=False)
class Source:
    """The text of a function. first: the number of its first line."""

    name: str
    file: str
    first: int
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Adjoint:
    """The generated text.

    stems: line of it (from 1) -> file and line of the user's statement that it stems from, and the visit of that (see `Statement`).
    """

    text: str
    stems: dict[int, tuple[str, int, int]]


__all__ = ["Adjoint", "Entry", "Iteration", "Loop", "Operand", "Operation", "Source", "Statement", "Value", "statements"]
