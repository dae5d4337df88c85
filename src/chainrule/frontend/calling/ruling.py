"""Rules of the user's, for one call: what they are about, and their blocks.

    y = softplus(x)             v = ...                         what the function computes, or `softplus(x)` itself
                                y = ruled((v,), (x,), ..., rule)

The functions that make up a rule are executed abstractly on parameters of their own, as the functions that derivatives are taken of inside are
(`transforms`): what they compute is then differentiated like the rest of the program. Meanwhile derivatives do not flow
through what the function itself computes, so it may call what nobody can look into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...ir.nodes import Arg, Block, Let, Lit, Seq, Stmt, Var, Yield, operands, variables
from ...ir.probe import type_of
from ...ir.types import Array, Scalar, Tuple, differentiable, shape
from ...ir.walk import (
    all_stmts,
    blocks,
    definitions,
    end_args,
    end_blocks,
    stmt_args,
)
from ...rules.batching.shapes import relevant
from ...rules.custom import Piece, Result, Rule
from ...rules.dependence import SHAPES_ONLY
from ..execution.values import (
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Object,
    Select,
    Static,
    TupleV,
    Value,
)
from . import transforms

if TYPE_CHECKING:
    from .calls import Calls


Args = tuple[Value, ...]


Keywords = dict[str, Value]


def moving_parts(m: Calls, value: Value) -> Iterator[Value]:
    """The numbers and arrays in a value that carry a derivative, in the order in which a container holds them."""
    if isinstance(value, TupleV):
        for item in value.items:
            yield from moving_parts(m, item)
    elif isinstance(value, (ListV, DictV, Object)):
        contents = m.state.heap[value.slot]
        if isinstance(contents, (Items, Entries)):
            for item in contents.items if isinstance(contents, Items) else contents.values:
                yield from moving_parts(m, item)
        elif differentiable(type_of(m.operand(value))):
            m.refuse("a list that a loop has grown is given to, or returned by, a function with a rule of its own", "how many items it has is only known when the program runs",
                     "make it an array with np.array")
    elif transforms.is_moving(m, value):
        yield value
    elif isinstance(value, (Lazy, IteratorV, Generator)):
        m.refuse("an iterator is given to, or returned by, a function with a rule of its own", "what it gives has a derivative that no rule could state", "make it a list or an array")
    elif isinstance(value, Select):
        m.refuse("one of two objects is given to, or returned by, a function with a rule of its own", "which one is only known when the program runs", "choose between numbers or arrays")


@dataclass(frozen=True)
class Inputs:
    """The arguments that a rule gives a derivative with respect to: the values, and their numbers and arrays as they are at the call.

    hidden: what the function reads besides. No rule says what the derivative with respect to that is, so there may be none.
    """

    values: tuple[Value, ...]
    parts: tuple[tuple[Arg, ...], ...]
    hidden: tuple[tuple[Var, str], ...] = ()  # and what is said of each

    @property
    def operands(self) -> tuple[Arg, ...]:
        return (*(part for parts in self.parts for part in parts), *(v for v, _ in self.hidden))

    def names(self, names: Sequence[str]) -> tuple[str, ...]:
        """What the parts are called."""
        return (*(f"`{name}`" for name, parts in zip(names, self.parts) for _ in parts),
                *(f"{'a number or an array' if v.hint is None else f'`{v.hint}`'}, {what}," for v, what in self.hidden))

    def numbers(self, n: int) -> tuple[int, ...]:
        """The numbers of the parts of one argument, among all."""
        before = sum(map(len, self.parts[:n]))
        return tuple(range(before, before + len(self.parts[n])))


def inputs(m: Calls, values: Sequence[Value]) -> Inputs:
    return Inputs(tuple(values), tuple(tuple(m.operand(part) for part in moving_parts(m, value)) for value in values))


class Begun:
    """A point in the program that is being made."""

    def __init__(self, m: Calls) -> None:
        self.depth, self.count = len(m.b.scopes), len(m.b.stmts)

    def since(self, m: Calls) -> list[Stmt]:
        """The statements since then, also in blocks that have been opened."""
        first, *rest = m.b.scopes[self.depth - 1:]
        return [*first.stmts[self.count:], *(stmt for scope in rest for stmt in scope.stmts)]


def hidden(stmts: Sequence[Stmt], given: Sequence[Seq], known: Sequence[Arg]) -> tuple[tuple[Var, str], ...]:
    """The numbers and arrays that a function and its rule read and that carry a derivative, but are none of its arguments."""
    block = Block((), tuple(stmts), Yield(()))
    made = set(definitions(block))
    read = dict.fromkeys(v for stmt in all_stmts(block) for arg in _read(stmt) for v in variables(arg))
    read.update(dict.fromkeys(v for one in given for v in variables(one)))
    return tuple((v, "which it reads though it is none of its arguments") for v in read if v not in made and not any(v is arg for arg in known) and differentiable(v.type))


def _read(stmt: Stmt) -> tuple[Arg, ...]:
    """What a statement, or the end of a block of its own, reads of which more than the shape counts."""
    ends = tuple(arg for inner in blocks(stmt) for part in (inner, *end_blocks(inner.end)) for arg in end_args(part.end))
    if isinstance(stmt, Let):
        return stmt.args[1:] if stmt.op in SHAPES_ONLY else relevant(stmt)
    return (*stmt_args(stmt), *ends)


@contextmanager
def stopped(m: Calls, f: Any) -> Iterator[None]:
    """While this lasts, derivatives are a matter of the rule of f."""
    m.ruling.append(f)
    stack, shapes = m.stack, m.shapes
    m.stack, m.shapes = [], []  # a rule that calls its own function is no recursion
    try:
        with m.b.apart():  # what it reads besides its arguments must be seen
            yield
    finally:
        m.ruling.pop()
        m.stack, m.shapes = stack, shapes


def fitted(m: Calls, name: str, of: str, arg: Arg, primal: Arg, by_element: bool) -> Arg:
    """A cotangent or a tangent that a rule gives for something: it must have the shape of that, which is checked now or when the program runs."""
    have, want = type_of(arg), type_of(primal)
    if not isinstance(have, (Array, Scalar)) or not isinstance(want, (Array, Scalar)):
        m.refuse(f"the rule of `{name}` gives for {of} what is neither a number nor an array", "a derivative has the type of what it belongs to", "return a number or an array, or None for zero")
    if by_element:
        return arg
    one, other = shape(have), shape(want)
    if one is not None and other is not None:
        if len(one) != len(other) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(one, other)):
            m.refuse(f"the rule of `{name}` gives for {of} an array of another shape", f"it has the shape {_shown(one)}, and {of} has {_shown(other)}",
                     f"return an array with the shape of {of}; sum over axes along which it is broadcast")
        if one == other:
            return arg
    return m.b.emit("rt.shaped_like", arg, primal, Lit(f"the rule of {name}, for {of}"), type=Array(have.dtype, other) if isinstance(want, Array) else have)


def _shown(extents: tuple[Any, ...]) -> str:
    shown = [str(e) if isinstance(e, int) else "?" if e.name.startswith("?") else str(e) for e in extents]
    return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"


def contributions(m: Calls, name: str, of: str, primal: Value, given: Value, by_element: bool = False, parts: Iterator[Arg] | None = None) -> Iterator[Arg]:
    """What a rule gives for a value, part by part; Lit(None) where it gives nothing."""
    nothing = isinstance(given, Static) and given.value is None
    if parts is None:
        parts = iter([m.operand(part) for part in moving_parts(m, primal)])
    if isinstance(primal, (TupleV, ListV)) or (isinstance(primal, (DictV, Object)) and not m.is_number(primal)):
        if nothing:
            for _ in moving_parts(m, primal):
                next(parts)
                yield Lit(None)
            return
        contents = m.state.heap[primal.slot] if not isinstance(primal, TupleV) else None
        items: Sequence[Value]
        if isinstance(primal, TupleV) or isinstance(contents, Items):
            items = primal.items if isinstance(primal, TupleV) else contents.items  # type: ignore[union-attr]
            if not isinstance(given, (TupleV, ListV)) or len(others := m.iterate(given)) != len(items):
                m.refuse(f"the rule of `{name}` does not give for {of} what is nested as that is", f"that is a sequence of {len(items)}", "return a tuple with one item for each, or None")
            for n, (one, other) in enumerate(zip(items, others)):
                yield from contributions(m, name, f"{of}[{n}]", one, other, by_element, parts)
            return
        assert isinstance(contents, Entries)
        for key, one in zip(contents.keys, contents.values):
            part = m.attribute(given, key) if isinstance(given, Object) else m.subscript(given, Static(key))
            yield from contributions(m, name, f"{of}[{key!r}]", one, part, by_element, parts)
    elif transforms.is_moving(m, primal):
        operand = next(parts)
        yield Lit(None) if nothing else fitted(m, name, of, m.operand(given), operand, by_element)


def piece(m: Calls, kind: str, moving: transforms.Moving, numbers: Sequence[int], run: Callable[[], list[Arg]], values: tuple[Arg, ...]) -> tuple[Piece, Seq]:
    """Execute a part of a rule: the block, and what it is given beside what moves. values: the results of the function."""
    found = transforms.inner(m, moving, lambda: m.wrap(Seq(tuple(run()))), derivatives=0)
    return closed(kind, found, numbers, values)


def closed(kind: str, found: transforms.Inner, numbers: Sequence[int], values: tuple[Arg, ...]) -> tuple[Piece, Seq]:
    count = len(list(operands(found.nest)))
    assert isinstance(found.block.end, Yield)
    block = Block(found.block.params, found.block.stmts, Yield(found.block.end.values[:count]))
    return Piece(kind, block, tuple(numbers), found.moving), Seq(tuple(_given(arg, values) for arg in found.args[found.moving:]))


def _given(arg: Arg, values: tuple[Arg, ...]) -> Arg:
    """What a piece is given; where that is a result of the function, the result with its derivative."""
    for k, value in enumerate(values):
        if arg is value:
            return Lit(Result(k))
    return arg


def ruled(m: Calls, rule: Rule, values: tuple[Arg, ...], of: Inputs, given: Sequence[Seq]) -> list[Value]:
    """The results of a function, with the derivative that a rule states."""
    types = tuple(replace(t, extent=None) if isinstance(t := type_of(v), Scalar) else t for v in values)
    out = m.b.emit("ruled", Seq(values), Seq(of.operands), Seq(tuple(given)), Lit(rule), type=types[0] if len(types) == 1 else Tuple(types))
    if len(types) == 1:
        return [transforms.valued(m, out)]
    return [transforms.valued(m, m.b.emit("item", out, k, type=t)) for k, t in enumerate(types)]


def seeds(m: Calls, parts: Sequence[Arg], suffix: str) -> transforms.Moving:
    """Parameters for cotangents or tangents of some numbers and arrays."""
    moving = transforms.Moving(m)
    for part in parts:
        hint = part.hint if isinstance(part, Var) else None
        moving.params.append(Var(transforms.bar_type(type_of(part)), None if hint is None else f"{hint}{suffix}"))
        moving.args.append(part)
    return moving


def deepest(m: Calls) -> int:
    """A rule may call its own function, which then has the same rule, and so on: so often. In reverse mode, a rule is differentiated once less than its
    function; where it is transposed, as often, but what it is linear in may go through the function again."""
    return 1 if m.order <= 1 and m.backwards else m.order + 1


__all__ = ["Args", "Begun", "Inputs", "Keywords", "closed", "contributions", "deepest", "fitted", "hidden", "inputs", "moving_parts", "piece", "ruled", "seeds", "stopped"]
