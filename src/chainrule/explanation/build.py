"""Record -> statements: the steps of a call, put together to the statements, loops and calls that the user wrote.

Each step carries the span of its statement, which is another object each time that the frontend executes a statement, and knows which statement has
called its function; a loop that stayed a loop in the program says which iteration a step is in. Loops that the frontend went through itself
(over a list of layers) are seen from the lines of their statements, which begin again (`unrolled`).
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ir.nodes import Let, Span, Var
from ..rules import registry
from .calls import Call
from .model import Entry, Iteration, Loop, Operand, Operation, Statement, Value
from .record import Entered, Node, Step, total
from .record import Iteration as Place
from .summary import summary
from .unrolled import innermost, with_loops
from .words import Words

RETURNED = "ret"  # the name that the frontend gives to what is returned on several paths
MANY = 400  # operations of one statement whose slopes are worked out
_NOWHERE = Span("", 0)


@dataclass(eq=False)
class _Open:
    """A statement while it is put together."""

    statement: Statement
    steps: list[Step] = field(default_factory=list)  # its own, and those of what it calls
    own: list[Step] = field(default_factory=list)
    reads: dict[int, tuple[Var, Node]] = field(default_factory=dict)  # what it reads and does not make, by identity; with the Var that it is read by
    makes: list[Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Built:
    """The statements of a call; the number of each visit of the compiler to a statement, by identity of its span; and what is shown of a node."""

    entries: list[Entry]
    visits: dict[int, int]
    value: Callable[[Node], Value]


def built(call: Call) -> Built:
    """The statements of a call, with their numbers."""
    builder = _Builder(call)
    entries = builder.run()
    return Built(with_loops(entries), builder.visits, builder.value)


class _Builder:
    def __init__(self, call: Call) -> None:
        self.call = call
        self.record = call.record
        self.values: dict[int, Value] = {}
        self.words: dict[int, Words] = {}
        self.texts: dict[Any, str] = {}
        self.chains: list[tuple[_Open, ...]] = []  # for each step: the statements that it is in, the outermost first
        self.by_step: dict[int, tuple[_Open, ...]] = {}
        self.opened: dict[int, _Open] = {}  # by identity of a statement
        self.visits: dict[int, int] = {}  # by identity of a span
        self.loops: dict[int, object] = {}  # for each loop, which execution of it it is
        self.used: dict[int, list[tuple[_Open, ...]]] = {}  # for each node: the chains of the steps that read it

    def run(self) -> list[Entry]:
        entries = self.tree()
        final = {id(self.record.result)}
        for step, chain in zip(self.record.steps, self.chains):
            for var, node in step.inputs.items():
                self.used.setdefault(id(node), []).append(chain)
                for opened in chain:
                    if node.step is None or opened not in self.chain_of(node.step):
                        opened.reads.setdefault(id(node), (var, node))
        for step, chain in zip(self.record.steps, self.chains):
            for node in step.outs:
                for depth, opened in enumerate(chain):
                    readers = self.used.get(id(node), ())
                    if id(node) in final or any(len(other) <= depth or other[depth] is not opened for other in readers):
                        opened.makes.append(node)
        seen: set[int] = set()
        for chain in self.chains:
            for opened in chain:
                if id(opened) not in seen:
                    seen.add(id(opened))
                    self.fill(opened)
        return entries

    def chain_of(self, step: Step) -> tuple[_Open, ...]:
        return self.by_step[id(step)]

    # -- the tree ------------------------------------------------------------------------------------------------

    def tree(self) -> list[Entry]:
        root: list[Entry] = []
        stack: list[tuple[Any, list[Entry], _Open | None]] = []  # what is open: its key, where its entries go, the statement if it is one
        for step in self.record.steps:
            keys = list(_path(step))
            common = 0
            while common < min(len(keys), len(stack)) and stack[common][0] is keys[common][0]:
                common += 1
            del stack[common:]
            for key, item in keys[common:]:
                into = stack[-1][1] if stack else root
                if isinstance(item, Place):
                    loop = into[-1] if into and isinstance(into[-1], Loop) and self.loops.get(id(into[-1])) is item.loop else None
                    if loop is None:
                        span = item.span or _NOWHERE
                        loop = Loop(span.file, span.line, span.column, span.function, span.text or "loop")
                        self.loops[id(loop)] = item.loop
                        into.append(loop)
                    one = Iteration(item.number)
                    loop.iterations.append(one)
                    stack.append((key, one.entries, None))
                else:
                    opened = self.open(item or _NOWHERE, into)
                    stack.append((key, opened.statement.entries, opened))
            chain = tuple(opened for _, _, opened in stack if opened is not None)
            for opened in chain:
                opened.steps.append(step)
            chain[-1].own.append(step)
            self.chains.append(chain)
            self.by_step[id(step)] = chain
        return root

    def open(self, span: Span, into: list[Entry]) -> _Open:
        """The statement of a span, as the last of some entries. A generator expression is executed bit by bit: that is one statement."""
        last, text = into[-1] if into else None, _alone(span)
        if isinstance(last, Statement) and (last.file, last.line, last.column, last.text) == (span.file, span.line, span.column, text) and (
                innermost(span.file, span.line, span.function) is None):
            self.visits.setdefault(id(span), last.visit)
            return self.opened[id(last)]
        statement = Statement(span.file, span.line, span.column, span.function, text, self.visits.setdefault(id(span), len(self.visits)))
        into.append(statement)
        self.opened[id(statement)] = _Open(statement)
        return self.opened[id(statement)]

    # -- numbers ------------------------------------------------------------------------------------------------

    def fill(self, opened: _Open) -> None:
        statement = opened.statement
        makes = opened.makes or (list(opened.own[-1].outs) if opened.own else [])
        statement.values = tuple(self.value(node) for node in _visible(makes))
        given: dict[int, Any] = {}
        for step in opened.steps:
            for var, contribution in step.contributions.items():
                node = step.inputs[var]
                if id(node) in opened.reads:
                    given[id(node)] = contribution if id(node) not in given else total(given[id(node)], contribution)
        made = [node for node in makes if node.active]
        slopes = self.slopes(opened.steps, made[0]) if len(made) == 1 else {}
        single = opened.steps[0] if len(opened.steps) == 1 else None
        read = [(var, node) for var, node in opened.reads.values() if not callable(node.value)]
        statement.operands = tuple(Operand(
            self.called(var, node), self.value(node), None if id(node) not in slopes else summary(slopes[id(node)]), "" if single is None else self.rule(single, node),
            None if id(node) not in given else summary(given[id(node)])) for var, node in read)
        if single is not None and len(single.outs) == 1 and single.outs[0] in makes:  # the same once more
            statement.operations = [Operation(self.text(single), self.value(single.outs[0]), statement.operands)]
        else:
            statement.operations = [operation for step in opened.own for operation in self.operation(step)]

    def operation(self, step: Step) -> Iterator[Operation]:
        """An operation, if it is one to show: it makes a value."""
        if not step.outs:
            return
        out = next((node for node in step.outs if node.active and node.bar is not None), step.outs[0])
        slopes = self.slopes([step], out) if out.active and step.contributions else {}
        inputs = {id(node): (var, node) for var, node in step.inputs.items() if not callable(node.value)}
        given = {id(step.inputs[var]): contribution for var, contribution in step.contributions.items()}
        yield Operation(self.text(step), self.value(out), tuple(Operand(
            self.called(var, node), self.value(node), None if number not in slopes else summary(slopes[number]), self.rule(step, node),
            None if number not in given else summary(given[number])) for number, (var, node) in inputs.items()))

    def slopes(self, steps: list[Step], out: Node) -> dict[int, Any]:
        """The derivatives of one value with respect to what some steps read: all of them if it is a number; if it is an array that is computed
        element by element, those with respect to arrays of its shape. By identity of the nodes."""
        steps = [step for step in steps if step.pulled is not None]
        shape = _shape(out.value)
        whole = shape == ()
        by_element = isinstance(out.value, np.ndarray) and all(isinstance(step.stmt, Let) and registry.by_element(step.stmt.op) for step in steps)
        if len(steps) > MANY or not (whole or by_element) or isinstance(out.value, complex) or getattr(out.value, "dtype", np.dtype(float)).kind == "c":
            return {}
        bars: dict[int, Any] = {id(out): np.ones_like(out.value) if isinstance(out.value, np.ndarray) else 1.0}
        found: dict[int, Node] = {}
        with np.errstate(all="ignore"):
            for step in reversed(steps):
                held = tuple(bars.get(id(node)) for node in step.outs)
                if step.pulled is None or any(bar is None and node.bar is not None for bar, node in zip(held, step.outs)):
                    continue
                for var, contribution in step.pull(held).items():
                    node = step.inputs[var]
                    found[id(node)] = node
                    bars[id(node)] = contribution if id(node) not in bars else total(bars[id(node)], contribution)
        return {number: bars[number] for number, node in found.items() if whole or _shape(node.value) == shape}

    def value(self, node: Node) -> Value:
        if id(node) not in self.values:
            self.values[id(node)] = Value(len(self.values), self.name(node), summary(node.value), None if node.bar is None or not node.active else summary(node.bar))
        return self.values[id(node)]

    # -- words ---------------------------------------------------------------------------------------------------

    def called(self, var: Var, node: Node) -> str:
        """What a value is called where it is read."""
        own = node.var is not None and node.var in self.call.names
        return var.hint if var.hint is not None and var.hint != RETURNED and not own else self.name(node)

    def name(self, node: Node) -> str:
        if node.var is not None and node.var in self.call.names:
            return self.call.names[node.var]
        if node.var is not None and node.var.hint is not None and (node.var.hint != RETURNED or node.step is None):
            return node.var.hint
        made = None if node.step is None else node.step.stmt
        if isinstance(made, Let) and made.out is not None and node.step is not None:
            return self.worded(node.step).name(made.out)
        return "" if node.step is None else self.text(node.step)

    def text(self, step: Step) -> str:
        """What an operation computes, as Python."""
        if step.stmt not in self.texts:
            self.texts[step.stmt] = self.worded(step).operation(step.stmt)
        return self.texts[step.stmt]

    def rule(self, step: Step, node: Node) -> str:
        """What an operation passes on to a value that it reads."""
        if step.pulled is None:
            return ""
        for var in step.pulled.to:
            if step.inputs[var] is node:
                key = (step.pulled, var)
                if key not in self.texts:
                    self.texts[key] = self.worded(step).contribution(step.stmt, step.pulled, var)
                return self.texts[key]
        return ""

    def worded(self, step: Step) -> Words:
        known = step.facts
        if id(known) not in self.words:
            self.words[id(known)] = Words(known)
        return self.words[id(known)]


def _path(step: Step) -> Iterator[tuple[Any, Any]]:
    """What a step is in, the outermost first: (what identifies it, the span of a statement or an iteration)."""
    seen: set[int] = set()

    def callers(span: Span | None) -> Iterator[tuple[Any, Any]]:
        chain: list[Span] = []
        while span is not None:
            chain.append(span)
            span = span.caller
        for one in reversed(chain):
            if id(one) not in seen:
                seen.add(id(one))
                yield one, one

    for place in step.place:
        if isinstance(place, Place):
            yield from callers(None if place.span is None else place.span.caller)
            yield place, place
        else:
            assert isinstance(place, Entered)
            yield from callers(place.span)
            span = place.span or _NOWHERE
            yield place, Span(span.file, span.line, span.column, function=span.function, text=f"call of {place.name}")
            seen.clear()
    spans = list(callers(step.stmt.span))
    yield from spans or [(step.stmt.span, step.stmt.span)]


def _alone(span: Span) -> str:
    """The text of a statement; of several on one line, its own."""
    if span.line != span.end_line or not (";" in span.text or span.text.startswith("def ")):
        return span.text
    own = linecache.getline(span.file, span.line).encode()[span.column : span.end_column].decode(errors="replace")
    return own if own and own in span.text else span.text


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a number or an array; None for anything else."""
    if isinstance(value, np.ndarray):
        return tuple(value.shape)
    return () if isinstance(value, (float, int, complex, np.number)) else None


def _visible(nodes: Iterable[Node]) -> list[Node]:
    """Those with a name, if any has one; functions are no values here."""
    found = [node for node in nodes if not callable(node.value)]
    named = [node for node in found if node.var is not None and node.var.hint is not None]
    return named or found


__all__ = ["Built", "built"]
