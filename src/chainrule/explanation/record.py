"""Program, arguments -> Record: what was computed in one call, operation by operation, and what reached each value on the way back.

Forward, the program is interpreted, and each operation that is executed becomes a `Step`: which values went in, which came out,
and where it stands: in which iteration of which loop, in which call of a function that calls itself. Control flow leaves no other trace; a
value is a `Node`, however many names pass it on. Backward, the steps are gone through from the last to the first, and the row of
each operation (`pulls`) says what it contributes to the values that went in.

It differs from the gradient that is compiled in keeping everything, and in doing one operation at a time. What it computes is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import Finding, UnsupportedError
from ..ir.interpret import Interpreter, value_of
from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    Break,
    For,
    If,
    Let,
    Lit,
    Program,
    Seq,
    Span,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
    operands,
    variables,
)
from ..ir.ops import OPS
from ..ir.walk import stmt_args
from ..runtime.containers import add_lists, zeros_like
from ..runtime.record import once
from .pulls import Facts, Pulled, facts, pulled

_INSIDE = frozenset({"apply", "np.seterr", "py.evaluate", "py.raise", "surgery"})  # operations with an effect that the world outside does not see
MOST = 200_000  # steps of one call: some seconds and some hundred megabytes


@dataclass(eq=False)
class Node:
    """A value of the call. var: where the program defines it (None: a constant). active: whether a derivative goes through it. bar: its adjoint."""

    value: Any
    var: Var | None = None
    step: Step | None = None
    active: bool = False
    bar: Any = None


@dataclass(frozen=True, eq=False)
class Iteration:
    """An iteration of a loop: `loop` is one execution of it, `number` counts from 0."""

    loop: object
    span: Span | None
    number: int


@dataclass(frozen=True, eq=False)
class Entered:
    """A call of a function that calls itself."""

    name: str
    span: Span | None


Place = tuple["Iteration | Entered", ...]


@dataclass(eq=False)
class Step:
    """An operation that was executed: the values of its Vars, what came out, where; and on the way back, what it contributed to which of its Vars."""

    stmt: Let | Vjp
    inputs: dict[Var, Node]
    outs: tuple[Node, ...]
    place: Place
    facts: Facts
    contributions: dict[Var, Any] = field(default_factory=dict)
    pulled: Pulled | None = None

    def env(self) -> dict[Var, Any]:
        """The values that its pullback reads."""
        made = self.stmt.outs if isinstance(self.stmt, Vjp) else (self.stmt.out,)
        return {**{var: node.value for var, node in self.inputs.items()}, **{var: node.value for var, node in zip(made, self.outs) if var is not None}}

    def pull(self, bars: tuple[Any, ...]) -> dict[Var, Any]:
        """What it contributes to each of its active Vars, for adjoints of what came out (None where there is none)."""
        assert self.pulled is not None
        return self.pulled.run(self.env(), bars)


@dataclass(eq=False)
class Record:
    """A call. params: one Node for each of the program's parameters; result: the Node whose derivative it is; nests: whatever the function returned."""

    program: Program
    params: tuple[Node, ...]
    steps: list[Step]
    result: Node
    returned: Any


class Recorder:
    """Interprets a program and notes its steps. An environment maps Vars to Nodes here.

    recorded: the program may be begun again on another path, so what it does to the world outside is done by `once`, as in the compiled text.
    """

    def __init__(self, program: Program, recorded: bool) -> None:
        self.recorded = recorded
        self.callees = {callee.name: callee for callee in program.callees}
        self.interpreter = Interpreter(self.callees)
        self.steps: list[Step] = []
        self.place: Place = ()
        self.known: dict[Any, Facts] = {}

    # -- values ------------------------------------------------------------------------------------------------

    def node(self, arg: Arg, env: Mapping[Var, Node], step: Step | None = None) -> Node:
        """The node of an argument; a nest of several is one that no derivative goes through, but for a container's own operation."""
        if isinstance(arg, Var):
            return env[arg]
        if isinstance(arg, Lit):
            return Node(arg.value)
        return Node(value_of(arg, {v: env[v].value for v in variables(arg)}))

    def value(self, arg: Arg, env: Mapping[Var, Node]) -> Any:
        return env[arg].value if isinstance(arg, Var) else value_of(arg, {v: env[v].value for v in variables(arg)})

    # -- statements ----------------------------------------------------------------------------------------------

    def block(self, block: Block, env: dict[Var, Node], known: Facts) -> tuple[str, list[Node]]:
        for stmt in block.stmts:
            self.stmt(stmt, env, known)
        end = block.end
        if isinstance(end, Branch):
            return self.block(end.then if self.value(end.condition, env) else end.orelse, env, known)
        if isinstance(end, (Yield, Break)):
            return "yield" if isinstance(end, Yield) else "break", [self.node(v, env) for v in end.values]
        raise AssertionError("the end of a block that raises was reached")

    def stmt(self, stmt: Stmt, env: dict[Var, Node], known: Facts) -> None:
        if isinstance(stmt, Let):
            if stmt.op == "call":
                self.call(stmt, env, known)
            else:
                self.let(stmt, env, known)
        elif isinstance(stmt, If):
            _, ends = self.block(stmt.then if self.value(stmt.condition, env) else stmt.orelse, env, known)
            self.bind(stmt.outs, ends, env, known)
        elif isinstance(stmt, (For, While)):
            self.loop(stmt, env, known)
        elif isinstance(stmt, Vjp):
            made = self.interpreter.derivative(stmt, [self.value(arg, env) for arg in stmt_args(stmt)])
            self.note(stmt, stmt.outs, tuple(made), env, known)

    def bind(self, outs: tuple[Var, ...], values: list[Node], env: dict[Var, Node], known: Facts) -> None:
        """Names for values that there are already."""
        for out, node in zip(outs, values):
            env[out] = node
            if node.var is None and node.value is not UNDEFINED.value:  # a constant gets the first name that it is given
                env[out] = Node(node.value, out)
            elif node.var is not None and node.var.hint is None and out.hint not in (None, "ret"):
                node.var = out

    def let(self, stmt: Let, env: dict[Var, Node], known: Facts) -> None:
        values = {v: env[v].value for arg in stmt.args for v in variables(arg)}
        outside = self.recorded and OPS[stmt.op].effect and stmt.op not in _INSIDE and not stmt.op.startswith("rt.")
        value = once(self.interpreter.let, stmt, values) if outside else self.interpreter.let(stmt, values)
        self.note(stmt, () if stmt.out is None else (stmt.out,), (value,), env, known)

    def note(self, stmt: Let | Vjp, made: tuple[Var, ...], values: tuple[Any, ...], env: dict[Var, Node], known: Facts) -> None:
        if len(self.steps) >= MOST:
            raise _too_long(stmt.span)
        inputs = {v: env[v] for arg in stmt_args(stmt) for v in variables(arg)}
        moving = any(node.active for node in inputs.values()) or (isinstance(stmt, Let) and stmt.op == "surgery")
        nodes = tuple(Node(value, var, None, moving and var in known.active) for var, value in zip(made, values))
        step = Step(stmt, inputs, nodes, self.place, known)
        for var, node in zip(made, nodes):
            node.step = step
            env[var] = node
        self.steps.append(step)

    def call(self, stmt: Let, env: dict[Var, Node], known: Facts) -> None:
        """A call of a function that calls itself: its steps, one by one."""
        name, args = stmt.args
        assert isinstance(name, Lit) and isinstance(args, Seq) and stmt.out is not None
        callee = self.callees[name.value]
        given = [self.node(arg, env) for arg in args.items]
        wrt = tuple(param for param, node in zip(callee.body.params, given) if node.active)
        key = (callee.name, wrt)
        if key not in self.known:
            self.known[key] = facts(callee.body, wrt, True)
        kept, self.place = self.place, (*self.place, Entered(callee.name, stmt.span))
        inner = {param: node if node.var is not None else Node(node.value, param) for param, node in zip(callee.body.params, given)}
        body = self.known[key].body
        for one in body.stmts:
            self.stmt(one, inner, self.known[key])
        assert isinstance(body.end, Yield)
        (result,) = body.end.values
        if not isinstance(result, (Var, Lit)):  # several values come back as one tuple
            together = Let(stmt.out, "tuple", (result,), stmt.span)
            self.note(together, (stmt.out,), (self.value(result, inner),), inner, known)
            env[stmt.out] = inner[stmt.out]
            self.place = kept
            return
        values = [self.node(result, inner)]
        self.place = kept
        self.bind((stmt.out,), values, env, known)

    def loop(self, stmt: For | While, env: dict[Var, Node], known: Facts) -> None:
        values = [self.node(v, env) for v in stmt.inits]
        indices: Iterator[int] | None = None
        if isinstance(stmt, For):
            range_ = range(self.value(stmt.start, env), self.value(stmt.stop, env), self.value(stmt.step, env))
            indices = iter(reversed(range_) if stmt.reverse else range_)
        kept, this, trips, kind = self.place, object(), 0, "yield"
        while kind == "yield":
            if indices is not None:
                index = next(indices, None)
                if index is None:
                    break
                self.bind(stmt.body.params, [Node(index), *values], env, known)
            else:
                self.bind(stmt.body.params, values, env, known)
            self.place = (*kept, Iteration(this, stmt.span, trips))
            trips += 1
            kind, values = self.block(stmt.body, env, known)
        self.place = kept
        self.bind(stmt.outs, values, env, known)
        if stmt.trips is not None:
            env[stmt.trips] = Node(trips, stmt.trips)


def record(program: Program, wrt: tuple[Var, ...], args: tuple[Any, ...], recorded: bool) -> Record:
    """Run a program on flat arguments, one for each of `program.body.params`, and then backward: the nodes hold the adjoints of the values."""
    recorder = Recorder(program, recorded)
    known = facts(program.body, wrt, False)
    params = tuple(Node(value, var, None, var in wrt) for var, value in zip(known.body.params, args))
    env = dict(zip(known.body.params, params))
    end = known.body.end
    for stmt in known.body.stmts:
        recorder.stmt(stmt, env, known)
    assert isinstance(end, Yield)
    first = next(operands(end.values[0]), Lit(None))
    result = env[first] if isinstance(first, Var) else Node(first.value)
    made = Record(program, params, recorder.steps, result, recorder.value(end.values[0], env))
    backward(made, recorder.callees)
    return made


def backward(record: Record, callees: Mapping[str, Program]) -> None:
    """From the result, whose adjoint is 1, back to the parameters."""
    value = record.result.value
    record.result.bar = np.ones_like(value) if isinstance(value, np.ndarray) else 1.0
    for step in reversed(record.steps):
        bars = tuple(node.bar if node.active else None for node in step.outs)
        operates = isinstance(step.stmt, Let) and step.stmt.op == "surgery"  # what the user does with an adjoint is done also where it is zero
        if not operates and all(bar is None for bar in bars):
            continue
        moving = frozenset(var for var, node in step.inputs.items() if node.active)
        if not moving:
            continue
        step.pulled = pulled(step.stmt, moving, step.facts, callees, tuple(bar is not None for bar in bars))
        step.contributions = step.pull(bars)
        for var, contribution in step.contributions.items():
            node = step.inputs[var]
            node.bar = contribution if node.bar is None else total(node.bar, contribution)
    for node in record.params:
        if node.active and node.bar is None:
            node.bar = zeros_like(node.value)


def total(old: Any, new: Any) -> Any:
    """The sum of two adjoints of one value."""
    return add_lists(old, new) if isinstance(old, (tuple, list)) or isinstance(new, (tuple, list)) else old + new


def _too_long(span: Span | None) -> UnsupportedError:
    from ..errors import Location

    where = None if span is None else Location(span.file, span.line, 0, span.line, len(span.text.encode()), span.text, span.function)
    return UnsupportedError([Finding(where, f"the call takes more than {MOST:,} steps", "explain keeps every value of a call, and shows it",
                                     "explain a call with fewer iterations")])


__all__ = ["MOST", "Entered", "Iteration", "Node", "Record", "Step", "backward", "record", "total"]
