"""Calls of functions with a rule of the user's: the value, and the blocks of the rule.

    y = softplus(x)             v = ...                         what the function computes, or `softplus(x)` itself
                                y = ruled((v,), (x,), ..., rule)

The functions that make up a rule are executed abstractly on parameters of their own, as the functions that derivatives are taken of inside are
(`transforms`): what they compute is then differentiated like the rest of the program. Meanwhile derivatives do not flow
through what the function itself computes, so it may call what nobody can look into.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import SourceUnavailableError
from ...ir.nodes import Arg, Block, Let, Lit, Make, Seq, Stmt, Var, Yield, operands, variables
from ...ir.ops import OPS, Op, Param
from ...ir.probe import CannotProbe, probe, type_of
from ...ir.types import FLOAT, OBJECT, Array, Scalar, Tuple, Type, differentiable, kind, rank, shape, unknown_extent
from ...ir.walk import (
    all_stmts,
    blocks,
    defined,
    definitions,
    end_args,
    end_blocks,
    free,
    renamed,
    stmt_args,
    substitute_stmt,
    uses,
    yielded,
)
from ...rules import registry
from ...rules.batching.shapes import relevant
from ...rules.custom import Declaration, Piece, Result, Rule, Stated, declared, expected, is_diagonal
from ...rules.dependence import SHAPES_ONLY, ZEROS
from ...rules.structure import broadcast
from ...runtime.custom import Expected
from .. import source as sources
from ..execution.deciding import type_of_value
from ..execution.exits import Unreachable
from ..execution.machine import NeedStatic, Refusal
from ..execution.restart import Restart
from ..execution.state import State, reachable, slots
from ..execution.values import (
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Object,
    Partial,
    Ref,
    Select,
    Static,
    TupleV,
    Value,
)
from ..execution.witness import Written
from . import transforms

if TYPE_CHECKING:
    from .calls import Calls

Args = tuple[Value, ...]
Keywords = dict[str, Value]
Back = dict[int, tuple[Value, Any]]  # by slot: what it stands for, and what was in it at first


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


def with_parts(m: Calls, value: Value, found: Iterator[Value]) -> Value:
    """The same value made anew, with other numbers and arrays in it."""
    if isinstance(value, TupleV):
        return TupleV(tuple(with_parts(m, item, found) for item in value.items), value.cls)
    if isinstance(value, (ListV, DictV, Object)):
        contents = m.state.heap[value.slot]
        if isinstance(contents, Items):
            return ListV(m.new(Items(tuple(with_parts(m, item, found) for item in contents.items))))
        if isinstance(contents, Entries):
            copy = m.new(Entries(contents.keys, tuple(with_parts(m, item, found) for item in contents.values), contents.cls))
            return DictV(copy) if isinstance(value, DictV) else Object(copy, value.cls)
    return next(found) if transforms.is_moving(m, value) else value


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


def inside(m: Calls, value: Value, parts: Iterator[Arg], back: Back) -> Value:
    """An argument as the function sees it: numbers, arrays and containers that are its own; objects are what they are. back: by slot, what they stand for."""
    if isinstance(value, TupleV):
        return TupleV(tuple(inside(m, item, parts, back) for item in value.items), value.cls)
    if isinstance(value, (ListV, DictV)):
        contents = m.state.heap[value.slot]
        assert isinstance(contents, (Items, Entries))
        if isinstance(contents, Items):
            slot = m.new(Items(tuple(inside(m, item, parts, back) for item in contents.items)))
        else:
            slot = m.new(Entries(contents.keys, tuple(inside(m, item, parts, back) for item in contents.values), contents.cls))
        back[slot] = value, m.state.heap[slot]
        return replace(value, slot=slot)
    if isinstance(value, Object):
        for _ in moving_parts(m, value):
            next(parts)
        return value
    if not transforms.is_moving(m, value):
        return value
    operand = next(parts)
    if not isinstance(value, Ref):
        return value
    assert isinstance(operand, (Var, Lit))
    slot = m.new(operand)
    back[slot] = value, operand
    return Ref(slot)


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


# -- the blocks of a rule -----------------------------------------------------------------------------------------


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
    return _closed(kind, found, numbers, values)


def _closed(kind: str, found: transforms.Inner, numbers: Sequence[int], values: tuple[Arg, ...]) -> tuple[Piece, Seq]:
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


def apart(m: Calls, name: str, out: Value, results: list[Value], before: State, back: Back) -> Value:
    """What a function returns, made of results of its own. Python may return what it was given: then neither may be written into any more."""
    if any((slot in before.heap or slot in back) and not isinstance(m.state.heap[slot], (Var, Lit)) for slot in reachable(m.state, iter((out,)))):
        m.refuse(f"`{name}` returns a list, a dictionary or an object that it was given", "what it returns has a derivative of its own, and is another object", "let it return a new one")
    for part, result in zip(moving_parts(m, out), results):
        if isinstance(result, Ref):
            m.state.entangle(result.slot, {slot for own in slots(part) for slot in ((own,) if own in before.heap else slots(back[own][0]) if own in back else ())})
    return with_parts(m, out, iter(results))


def seeds(m: Calls, parts: Sequence[Arg], suffix: str) -> transforms.Moving:
    """Parameters for cotangents or tangents of some numbers and arrays."""
    moving = transforms.Moving(m)
    for part in parts:
        hint = part.hint if isinstance(part, Var) else None
        moving.params.append(Var(transforms.bar_type(type_of(part)), None if hint is None else f"{hint}{suffix}"))
        moving.args.append(part)
    return moving


# -- functions that are called as they are --------------------------------------------------------------------------


def deepest(m: Calls) -> int:
    """A rule may call its own function, which then has the same rule, and so on: so often. In reverse mode, a rule is differentiated once less than its
    function; where it is transposed, as often, but what it is linear in may go through the function again."""
    return 1 if m.order <= 1 and m.backwards else m.order + 1


def call_declared(m: Calls, d: Declaration, args: Args, keywords: Keywords) -> Value:
    """Call a function about which rules are stated."""
    args = tuple(m.listed(m.collect(a) if isinstance(a, IteratorV) else a) for a in args)
    if d.by_element:
        args = tuple(map(m.as_array, args))
    bound = _arranged(m, d, args, keywords)
    of = inputs(m, bound)
    if not of.operands:
        return _inactive(m, d, args, keywords)
    with stopped(m, d):
        results, sure = _results(m, d, bound, args, keywords)
        if m.ruling.count(d) > deepest(m):
            return _returned(d, [transforms.valued(m, v) for v in results])
        if d.by_element and any((rank(type_of(v)) or 0) > (rank(type_of(results[0])) or 0) for v in of.operands):
            m.refuse(f"the result of `{d.name}` has fewer axes than an argument", "its rule is that of a function that works element by element",
                     f"let the rule mention `{d.results[0]}_bar`, and give an array with the shape of the parameter")
        made = list(_stated(m, d, bound, of, results))
    pieces = tuple(piece for piece, _ in made)
    by_element = d.by_element or all(is_diagonal(piece, of.operands, results) for piece in pieces)
    rule = Rule(d.name, of.names(d.parameters), pieces, by_element, not sure)
    return _returned(d, ruled(m, rule, results, of, [given for _, given in made]))


def _inactive(m: Calls, d: Declaration, args: Args, keywords: Keywords) -> Value:
    """A call whose arguments carry no derivative: computed now if they are known, otherwise when the program runs."""
    if all(isinstance(v, Static) for v in (*args, *keywords.values())):
        try:
            found = d.function(*(v.value for v in args if isinstance(v, Static)), **{k: v.value for k, v in keywords.items() if isinstance(v, Static)})
        except Exception:  # the statement will raise it
            found = ...
        if isinstance(found, (bool, int, float, complex, str, np.generic)) or found is None:
            return Static(found)
    return m.perform(Static(d.function), args, keywords)


def _returned(d: Declaration, values: list[Value]) -> Value:
    return values[0] if d.single else TupleV(tuple(values))


def _arranged(m: Calls, d: Declaration, args: Args, keywords: Keywords) -> list[Value]:
    """The arguments of a call in the order of the parameters that rules name."""
    found: dict[int, Value] = dict(enumerate(args))
    if d.positional is not None and len(args) > d.positional:
        m.fail(TypeError, Static(f"{d.name}() takes {d.positional} positional argument{'s' if d.positional != 1 else ''} but {len(args)} were given"))
    if len(args) > len(d.parameters):
        m.refuse(f"`{d.name}` is given {len(args)} arguments", f"its rule names {len(d.parameters)}, and does not say what the derivative is then", "state a rule that names them all")
    for name, value in keywords.items():
        if name not in d.names:
            m.refuse(f"the argument `{name}` of `{d.name}` is not supported", "its rule does not name it, and does not say what the derivative is then", f"state a rule that names it, or leave `{name}` out")
        if d.names[name] in found:
            m.refuse(f"`{d.name}` is given `{name}` twice", "by position and by name", "check the call")
        found[d.names[name]] = value
    for number, parameter in enumerate(d.parameters):
        if number not in found:
            if number not in d.defaults:
                m.refuse(f"`{d.name}` is not given its argument `{parameter}`", "it has no default value that its rule states", "check the call")
            found[number] = m.constant_object(d.defaults[number], parameter)
    return [found[number] for number in range(len(d.parameters))]


def _results(m: Calls, d: Declaration, bound: list[Value], args: Args, keywords: Keywords) -> tuple[tuple[Arg, ...], bool]:
    """The call of the function itself, and whether it certainly returns what it is taken to."""
    given = tuple(m.operand(a) for a in args)
    named = tuple(m.operand(v) for v in keywords.values())
    types, checks, sure = _types(m, d, bound, args, keywords)
    function = m.as_it_is(d.function, d.name, checks, d.single)
    out = m.b.emit("py.external", Lit(function), Seq(given), Make(dict, tuple(keywords), named), type=types[0] if d.single else Tuple(types))
    return ((out,) if d.single else tuple(m.b.emit("item", out, k, type=t) for k, t in enumerate(types))), sure


def _types(m: Calls, d: Declaration, bound: list[Value], args: Args, keywords: Keywords) -> tuple[tuple[Type, ...], tuple[Expected, ...], bool]:
    """What the results are taken to be, and whether that is certain; it is checked when the function has returned."""
    like = d.like
    count = len(d.results)
    given = () if keywords else tuple(m.operand(a) for a in args)
    if like is None and d.by_element:
        one, sure = _by_element(d, tuple(m.operand(v) for v in bound))
        if (own := _of_source(m, d, bound)) is not None and isinstance(own[0], (Array, Scalar)):
            one = Array(own[0].dtype, one.shape) if isinstance(one, Array) and rank(one) == rank(own[0]) else own[0]
        broad = -1 if given and isinstance(one, Array) and all(isinstance(type_of(a), (Array, Scalar)) for a in given) else None
        if broad is None and isinstance(one, Array) and one.shape is not None:
            one = Array(one.dtype, tuple(unknown_extent() for _ in one.shape))
        return (one,) * count, (expected(one, broad),) * count, sure
    sure = False
    if like is None and (found := _of_source(m, d, bound)) is not None:
        types, sure = found, True
    elif like is None:
        numbers = [type_of(part) for value in bound for part in _numbers(m, value)]
        types = (_guessed(numbers),) * count if all(isinstance(t, Scalar) for t in numbers) else _seen(m, d, args, keywords)
    elif callable(like):
        with scratch(m):
            types = tuple(_opened(t) for t in _types_of(m, d, m.call(Static(like), tuple(bound), {})))
    else:
        examples = (like,) if d.single else tuple(like)
        pairs = [_exampled(m, d, bound, given, one) for one in examples]
        if len(pairs) != count:
            _unlike(m, d)
        return tuple(t for t, _ in pairs), tuple(e for _, e in pairs), False
    if len(types) != count or any(not isinstance(t, (Array, Scalar)) for t in types):
        _unlike(m, d)
    return types, tuple(map(expected, types)), sure


def _unlike(m: Calls, d: Declaration) -> None:
    m.refuse(f"what the result of `{d.name}` is like is not known", "it has to be a number or an array for each result", "give `like=` the name of a parameter, an example, or a function of the arguments")


def _exampled(m: Calls, d: Declaration, bound: list[Value], given: tuple[Arg, ...], one: Any) -> tuple[Type, Expected]:
    """The type of a result that is like a parameter, or like an example."""
    if not isinstance(one, str):
        type_ = _opened(type_of_value(one))
    elif len(given) > d.names[one]:  # given by position, so its shape can be compared
        type_ = m.type(bound[d.names[one]])
        if isinstance(type_, Array):
            return type_, expected(type_, d.names[one])
    else:
        type_ = _opened(m.type(bound[d.names[one]]))
    if not isinstance(type_, (Array, Scalar)):
        _unlike(m, d)
    return type_, expected(type_)


@contextmanager
def scratch(m: Calls) -> Iterator[None]:
    """What is executed in it leaves nothing behind: only types are wanted."""
    before, kept = m.state.copy(), (m.current, m.source, m.b.span, m.loop, m.node, m.caller)
    stack, shapes, ruling, forward, witness = list(m.stack), list(m.shapes), list(m.ruling), list(m.forward), m.witness
    scopes, builder = len(m.b.scopes), m.b
    m.witness = None
    try:
        with m.b.block():
            yield
    finally:
        m.b = builder
        del m.b.scopes[scopes:]
        m.state, m.witness = before, witness
        m.current, m.source, m.b.span, m.loop, m.node, m.caller = kept
        m.stack[:], m.shapes[:], m.ruling[:], m.forward[:] = stack, shapes, ruling, forward


def _types_of(m: Calls, d: Declaration, value: Value) -> list[Type]:
    return [m.type(part) for part in ([value] if d.single else m.iterate(value))]


def _of_source(m: Calls, d: Declaration, bound: list[Value]) -> tuple[Type, ...] | None:
    """The types of the results of a function with Python source, executed abstractly; None where that cannot be done."""
    if not isinstance(d.function, FunctionType) or m.trying or any(d is other for other in m.probing):
        return None
    named = list(inspect.signature(d.function).parameters.values())
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in named) or len(named) < len(bound):
        return None
    keywords = {p.name: value for p, value in zip(named, bound) if p.kind is p.KEYWORD_ONLY}
    m.probing.append(d)
    try:
        with scratch(m):
            types = _types_of(m, d, m.call_user(d.function, tuple(value for p, value in zip(named, bound) if p.kind is not p.KEYWORD_ONLY), keywords))
    except (Refusal, Unreachable, CannotProbe, Restart, NeedStatic):
        return None
    finally:
        m.probing.pop()
    if len(types) != len(d.results) or not all(isinstance(t, (Array, Scalar)) and kind(t.dtype) in "fc" for t in types):
        return None
    return tuple(map(_opened, types))


def _numbers(m: Calls, value: Value) -> Iterator[Arg]:
    if m.is_number(value) or (isinstance(value, Static) and type(value.value) in (int, float, complex)):
        yield m.operand(value)
    elif isinstance(value, (TupleV, ListV)):
        for item in m.known_items(value) or ():
            yield from _numbers(m, item)


def _opened(type: Type) -> Type:
    """A type whose extents are not known: they are not checked."""
    if isinstance(type, Array) and type.shape is not None:
        return Array(type.dtype, tuple(unknown_extent() for _ in type.shape))
    return Scalar(type.dtype, type.weak, None, True) if isinstance(type, Scalar) else type


def _dtype(types: list[Type]) -> str:
    """The dtype of floats that some arguments give together."""
    arrays = [np.dtype(t.dtype) for t in types if isinstance(t, Array) or (isinstance(t, Scalar) and not t.weak)]
    complexes = any(isinstance(t, Scalar) and t.weak and kind(t.dtype) == "c" for t in types)
    floats = [d for d in arrays if d.kind in "fc"]
    dtype = np.result_type(*floats) if floats else np.dtype(float)
    return str(np.result_type(dtype, np.complex64) if complexes and dtype.kind != "c" else dtype)


def _guessed(types: list[Type]) -> Type:
    """Of numbers, a number."""
    return Scalar(_dtype(types), all(t.weak for t in types if isinstance(t, Scalar)), None, True)


def _seen(m: Calls, d: Declaration, args: Args, keywords: Keywords) -> tuple[Type, ...]:
    """What a function returns in this call; for that, the path of the call is compiled."""
    operands, named = [m.operand(a) for a in args], {k: m.operand(v) for k, v in keywords.items()}
    if m.witness is None or not m.at_top() or not all(map(m.witness.knows, (*operands, *named.values()))):
        m.refuse(f"what the result of `{d.name}` is like is not known", "it has no source that says so", "say it where its rule is stated: like=...")
    try:
        found = m.look(d.function, operands, named)
    except Written:
        m.refuse_writing()
    except Exception:  # the statement will raise it, where a handler of the user's is found
        return (FLOAT,) * len(d.results)
    types = tuple(map(type_of_value, (found,) if d.single else tuple(found)))
    if not all(isinstance(t, (Array, Scalar)) for t in types):
        _unlike(m, d)
    return tuple(Scalar(t.dtype, t.weak, None, True) if isinstance(t, Scalar) else t for t in types)


def _by_element(d: Declaration, args: tuple[Arg, ...]) -> tuple[Type, bool]:
    """What a function gives that works element by element, and whether that is certain."""
    types = [t for t in map(type_of, args) if isinstance(t, (Array, Scalar))]
    if isinstance(d.function, np.ufunc):
        try:
            found = probe(Op(f"the ufunc {d.number}", tuple(Param(p) for p in d.parameters), d.function), args)
        except CannotProbe:
            found = OBJECT
        if isinstance(found, (Array, Scalar)) and found.dtype != "object" and kind(found.dtype) in "fc":
            return found, True
    if all(isinstance(t, Scalar) for t in types):
        return _guessed(list(types)), False
    shapes = [shape(t) for t in types]
    return Array(_dtype(list(types)), None if None in shapes else broadcast(*(s for s in shapes if s is not None))), False


def _stated(m: Calls, d: Declaration, bound: list[Value], of: Inputs, results: tuple[Arg, ...]) -> Iterator[tuple[Piece, Seq]]:
    """The pieces of the rule for one call."""
    names = d.parameters
    for stated in (d.vjps, d.jvps):
        for number, one in stated.items():
            numbers = tuple(range(len(of.operands))) if number < 0 else of.numbers(number)
            if not numbers:
                continue
            if one is None:
                kind_ = "vjp" if stated is d.vjps else "jvp"
                nothing = Block((), (), Yield((Lit(None),) * (len(numbers) if kind_ == "vjp" else len(results))))
                yield Piece(kind_, nothing, numbers, 0), Seq(())
            elif one.kind == "vjp":
                yield _backward(m, d, one, number, numbers, bound, of, results)
            elif one.kind == "partial":
                def partial(one: Stated = one, number: int = number) -> list[Arg]:
                    return [m.operand(_applied(m, one, bound, results, {}, {}, of.parts[number][0]))]

                if len(numbers) != 1:
                    m.refuse(f"`{names[number]}` of `{d.name}` is not one number or array", "its rule is a partial derivative", "pass a number or an array")
                yield piece(m, "partial", transforms.Moving(m), numbers, partial, results)
            else:
                yield _forward(m, d, one, number, numbers, bound, of, results)


def _backward(m: Calls, d: Declaration, one: Stated, number: int, numbers: tuple[int, ...], bound: list[Value], of: Inputs, results: tuple[Arg, ...]) -> tuple[Piece, Seq]:
    bars = seeds(m, results, "_bar")

    def run() -> list[Arg]:
        given = {k: transforms.valued(m, param) for k, param in enumerate(bars.params)}
        found = _applied(m, one, bound, results, given, {}, of.parts[number][0] if number >= 0 and of.parts[number] else None)
        if number >= 0:
            return list(contributions(m, d.name, f"`{d.parameters[number]}`", bound[number], found, d.by_element, iter(of.parts[number])))
        if not isinstance(found, (TupleV, ListV)) or len(items := m.iterate(found)) != len(bound):
            m.refuse(f"the rule of `{d.name}` does not return a tuple of {len(bound)}", "it returns one cotangent for each parameter", "return None where there is none")
        return [arg for name, value, item, parts in zip(d.parameters, bound, items, of.parts) if parts
                for arg in contributions(m, d.name, f"`{name}`", value, item, d.by_element, iter(parts))]

    return piece(m, "vjp", bars, numbers, run, results)


def _forward(m: Calls, d: Declaration, one: Stated, number: int, numbers: tuple[int, ...], bound: list[Value], of: Inputs, results: tuple[Arg, ...]) -> tuple[Piece, Seq]:
    dots = seeds(m, of.operands if number < 0 else of.parts[number], "_dot")

    def run() -> list[Arg]:
        left = iter(dots.params)
        moved = {i: transforms.derivatives(m, bound[i], left) for i in range(len(bound)) if number in (-1, i)}
        found = _applied(m, one, bound, results, {}, moved, results[0])
        items = [found] if d.single else list(m.iterate(found))
        if len(items) != len(results):
            m.refuse(f"the rule of `{d.name}` does not return a tuple of {len(results)}", "it returns one tangent for each result", "return them all")
        return [Lit(None) if isinstance(item, Static) and item.value is None else fitted(m, d.name, "the result", m.operand(item), v, d.by_element) for item, v in zip(items, results)]

    return piece(m, "jvp", dots, numbers, run, results)


def _applied(m: Calls, one: Stated, bound: list[Value], results: tuple[Arg, ...], bars: dict[int, Value], dots: dict[int, Value], like: Arg | None) -> Value:
    """What a function that is part of a rule gives."""
    kinds: dict[str, Callable[[int], Value]] = {
        "bar": bars.__getitem__, "dot": dots.__getitem__, "parameter": bound.__getitem__, "result": lambda k: transforms.valued(m, results[k])}
    args = tuple(kinds[what](number) for what, number in one.takes)
    if like is None or not _is_opaque(one.function):
        return m.call(Static(one.function), args, {})
    want = type_of(like)
    assert isinstance(want, (Array, Scalar))
    type_: Type = Array(want.dtype, None) if isinstance(want, Array) else Scalar(want.dtype, want.weak, None, True)
    name = getattr(one.function, "__name__", "rule")
    checked = m.as_it_is(one.function, name, (expected(type_),), True)
    return transforms.valued(m, m.b.emit("py.external", Lit(checked), Seq(tuple(map(m.operand, args))), Make(dict, (), ()), type=type_))


def _is_opaque(f: Any) -> bool:
    """Whether a function of a rule has neither a row nor a rule nor source."""
    if registry.lookup(f) is not None or declared(f) is not None or hasattr(f, "source_for"):
        return False
    try:
        resolved = sources.resolve(f)
        if resolved.function is f or resolved.args or resolved.keywords:
            sources.read(resolved.function)
            return False
    except (SourceUnavailableError, TypeError):
        pass
    return True


def template(node: Any, f: Any, title: str) -> str | None:
    """The statement that gives the function of a call a rule, but for the formulas."""
    text = ast.unparse(node.func) if isinstance(node, ast.Call) else title
    if text == f"_{title.rpartition('.')[2]}":  # as the call is written that stands for the function where it is differentiated itself
        text = title
    if not text.replace(".", "").isidentifier():
        text = title
    short = text.rpartition(".")[2]
    if not text.replace(".", "").isidentifier():
        return None
    try:
        parameters = [p.name for p in inspect.signature(f).parameters.values() if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        parameters = []
    count = getattr(f, "nin", None) or (len(node.args) if isinstance(node, ast.Call) else 1)
    parameters = parameters or (["x"] if count == 1 else [f"x{k + 1}" for k in range(count)])
    result = next(name for name in ("y", "z", "result", "value") if name not in parameters)
    rules = ", ".join(f'{name}="{result}_bar * ..."' for name in parameters)
    return f'chainrule.defvjp({text}, "{short}({", ".join(parameters)}) -> {result}", {rules})'


# -- custom_vjp and custom_jvp -----------------------------------------------------------------------------------------


def call(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """Call what `custom_vjp` or `custom_jvp` has made."""
    held = function.function
    while isinstance(held, Partial):  # a method: the object comes first
        args = (*held.args, *args)
        held = held.function
    assert isinstance(held, Static)
    f = held.value
    name = f.__name__
    if sum(f is other for other in m.ruling) >= (1 if m.forward and m.forward[-1] is f else deepest(m)):  # its rule calls the function itself
        return m.call(Static(f.primal), args, keywords)
    values = _bound(m, f, args, keywords)
    if function.kind == "custom_vjp":
        if f.fwd is None:
            m.refuse(f"`{name}` has no derivative yet", "it is decorated with custom_vjp", f"give it one with {name}.defvjp(fwd, bwd)")
        return _by_vjp(m, f, name, values)
    if f.jvps is not None:
        return _by_jvps(m, f, name, values)
    if f.jvp is None:
        m.refuse(f"`{name}` has no derivative yet", "it is decorated with custom_jvp", f"give it one with {name}.defjvp(jvp)")
    return _by_jvp(m, f, name, values)


def _bound(m: Calls, f: Any, args: Args, keywords: Keywords) -> list[Value]:
    """The arguments by position, as rules take them."""
    signature = inspect.signature(f.primal)
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        m.fail(TypeError, Static(f"{f.__name__}(): {error}"))
    found: list[Value] = []
    for parameter in signature.parameters.values():
        if parameter.name not in bound.arguments:
            if parameter.kind is parameter.VAR_POSITIONAL:
                continue
            found.append(m.constant_object(parameter.default, parameter.name))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            found.extend(bound.arguments[parameter.name])
        else:
            found.append(bound.arguments[parameter.name])
    return found


def _split(f: Any, values: list[Value]) -> tuple[list[Value], list[Value], list[str]]:
    """The arguments without and with a derivative, and what the latter are called."""
    names = list(inspect.signature(f.primal).parameters)
    still = _still(f, len(values))
    moving = [n for n in range(len(values)) if n not in still]
    return [values[n] for n in sorted(still)], [values[n] for n in moving], [names[n] if n < len(names) else f"argument {n}" for n in moving]


def _still(f: Any, count: int) -> set[int]:
    """Which of so many arguments have no derivative; of `*rest`, all or none."""
    last = len(inspect.signature(f.primal).parameters) - 1
    return {n for n in range(count) if min(n, last) in f.nondiff_argnums}


def _taken(m: Calls, f: Any, values: list[Value], moving: list[Value]) -> tuple[Inputs, list[Value], State, Back]:
    """The arguments with a derivative, all as the function sees them, the state before that, and the arrays that are its own now."""
    of = inputs(m, moving)
    before = m.state.copy()
    back: Back = {}
    parts = iter(of.parts)
    still = _still(f, len(values))
    return of, [value if n in still else inside(m, value, iter(next(parts)), back) for n, value in enumerate(values)], before, back


def _constants(m: Calls, still: list[Value]) -> tuple[tuple[Var, str], ...]:
    """What may carry a derivative among the arguments that are said to have none."""
    return tuple((v, "which nondiff_argnums says has none") for value in still for part in moving_parts(m, value) for v in variables(m.operand(part)))


def _check_kept(m: Calls, name: str, before: State, back: Back) -> None:
    """Refuse a function that changes its arguments, or something else that is there already."""
    if any(m.state.heap[slot] is not contents for slot, (_, contents) in back.items()):
        m.refuse(f"`{name}`, which has a rule of its own, changes its argument", "the rule does not say what that does to derivatives", "let it work on a copy")
    if any(m.state.heap.get(slot) is not contents for slot, contents in before.heap.items()):
        m.refuse(f"`{name}`, which has a rule of its own, changes an object, a list or an array", "the rule does not say what that does to derivatives", "let it return what it computes")
    for number, frame in before.frames.items():
        for variable, value in m.state.frames.get(number, {}).items():
            if not variable.startswith("%") and frame.get(variable) is not value and any(True for _ in transforms.vars_in(m, value)):
                m.refuse(f"`{name}`, which has a rule of its own, sets `{variable}`", "the rule does not say what that does to derivatives", "let it return what it computes")


def _unruled(m: Calls, name: str, still: list[Value], of: Inputs, done: Sequence[Stmt], out: Value, parts: tuple[Arg, ...], before: State, back: Back) -> Value:
    """A call with no argument that the rule is for: what it reads besides may have no derivative."""
    of = replace(of, hidden=(*_constants(m, still), *hidden(done, (), parts)))
    if not of.hidden:
        return out
    return apart(m, name, out, ruled(m, Rule(name, of.names(()), (), hidden=len(of.hidden)), parts, of, ()), before, back)


def _by_vjp(m: Calls, f: Any, name: str, values: list[Value]) -> Value:
    still, moving, names = _split(f, values)
    of, values, before, back = _taken(m, f, values, moving)
    still, moving, _ = _split(f, values)
    begun = Begun(m)
    with stopped(m, f):
        m.forward.append(f)
        try:
            pair = m.call(Static(f.fwd), tuple(values), {})
        finally:
            m.forward.pop()
        if not isinstance(pair, TupleV) or len(pair.items) != 2:
            m.refuse(f"the forward function of `{name}` does not return a pair", "it returns the value, and what its backward function needs", "return (value, residuals)")
        out, residuals = pair.items
        done = begun.since(m)
        _check_kept(m, name, before, back)
        parts = tuple(m.operand(part) for part in moving_parts(m, out))
        if not parts:
            return out
        if not of.operands:
            return _unruled(m, name, still, of, done, out, parts, before, back)
        bars = seeds(m, parts, "_bar")

        def run() -> list[Arg]:
            cotangent = transforms.derivatives(m, out, iter(bars.params))
            found = m.call(Static(f.bwd), (*still, residuals, cotangent), {})
            if not isinstance(found, (TupleV, ListV)) or len(items := m.iterate(found)) != len(moving):
                m.refuse(f"the backward function of `{name}` does not return a tuple of {len(moving)}", "it returns one cotangent for each argument",
                         f"return ({', '.join(f'{one}_bar' for one in names)}{',' if len(names) == 1 else ''})")
            return [arg for one, value, given, known in zip(names, moving, items, of.parts) for arg in contributions(m, name, f"`{one}`", value, given, parts=iter(known))]

        own = tuple(part for part in parts if not any(part is v for v in of.operands))
        made, given = piece(m, "vjp", bars, range(len(of.operands)), run, tuple(part if part in own else Lit(None) for part in parts))
    of = replace(of, hidden=(*_constants(m, still), *hidden(done, (given,), (*of.operands, *parts))))
    return apart(m, name, out, ruled(m, Rule(name, of.names(names), (made,), is_diagonal(made, of.operands, parts), hidden=len(of.hidden)), parts, of, (given,)), before, back)


def _by_jvp(m: Calls, f: Any, name: str, values: list[Value]) -> Value:
    still, moving, names = _split(f, values)
    of, values, before, back = _taken(m, f, values, moving)
    still, moving, _ = _split(f, values)
    dots = seeds(m, of.operands, "_dot")
    begun = Begun(m)
    held: list[Value] = []
    counts: list[int] = []

    def run() -> list[Arg]:
        tangents = iter(dots.params)
        pair = m.call(Static(f.jvp), (*still, TupleV(tuple(moving)), TupleV(tuple(transforms.derivatives(m, value, tangents) for value in moving))), {})
        if not isinstance(pair, TupleV) or len(pair.items) != 2:
            m.refuse(f"the rule of `{name}` does not return a pair", "it returns the value and its tangent", "return (value, tangent)")
        _check_kept(m, name, before, back)
        out, tangent = pair.items
        parts = [m.operand(part) for part in moving_parts(m, out)]
        held.append(out)
        counts.append(len(parts))
        return [*parts, *contributions(m, name, "the value", out, tangent, parts=iter(parts))]

    with stopped(m, f):
        found = transforms.inner(m, dots, lambda: m.wrap(Seq(tuple(run()))), derivatives=0)
    parts, rest = _hoisted(m, name, found, counts[0])
    if not parts:
        return held[0]
    made, given = _closed("jvp", rest, range(len(of.operands)), parts)
    of = replace(of, hidden=(*_constants(m, still), *hidden(begun.since(m), (given,), (*of.operands, *parts))))
    return apart(m, name, held[0], ruled(m, Rule(name, of.names(names), (made,), is_diagonal(made, of.operands, parts), hidden=len(of.hidden)), parts, of, (given,)), before, back)


def _by_jvps(m: Calls, f: Any, name: str, values: list[Value]) -> Value:
    """By a rule for each argument."""
    still, moving, names = _split(f, values)
    if len(f.jvps) != len(moving):
        m.refuse(f"`{name}` has rules for {len(f.jvps)} arguments", f"{len(moving)} are given that have a derivative", "state a rule for each, or None")
    of, values, before, back = _taken(m, f, values, moving)
    still, moving, _ = _split(f, values)
    begun = Begun(m)
    made: list[tuple[Piece, Seq]] = []
    with stopped(m, f):
        m.forward.append(f)
        try:
            out = m.call(Static(f.primal), tuple(values), {})
        finally:
            m.forward.pop()
        done = begun.since(m)
        _check_kept(m, name, before, back)
        parts = tuple(m.operand(part) for part in moving_parts(m, out))
        if not parts:
            return out
        if not of.operands:
            return _unruled(m, name, still, of, done, out, parts, before, back)
        for number, (rule, value) in enumerate(zip(f.jvps, moving)):
            if not of.parts[number]:
                continue
            if rule is None:
                made.append((Piece("jvp", Block((), (), Yield((Lit(None),) * len(parts))), of.numbers(number), 0), Seq(())))
                continue
            dots = seeds(m, of.parts[number], "_dot")

            def run(rule: Any = rule, value: Value = value, dots: transforms.Moving = dots) -> list[Arg]:
                tangent = m.call(Static(rule), (transforms.derivatives(m, value, iter(dots.params)), out, *still, *moving), {})
                return list(contributions(m, name, "the value", out, tangent, parts=iter(parts)))

            made.append(piece(m, "jvp", dots, of.numbers(number), run, tuple(part if not any(part is v for v in of.operands) else Lit(None) for part in parts)))
    pieces, given = tuple(one for one, _ in made), [two for _, two in made]
    diagonal = all(is_diagonal(one, of.operands, parts) for one in pieces)
    of = replace(of, hidden=(*_constants(m, still), *hidden(done, given, (*of.operands, *parts))))
    return apart(m, name, out, ruled(m, Rule(name, of.names(names), pieces, diagonal, hidden=len(of.hidden)), parts, of, given), before, back)


def _hoisted(m: Calls, name: str, found: transforms.Inner, count: int) -> tuple[tuple[Arg, ...], transforms.Inner]:
    """The statements of a block that do not depend on its tangents, done here; the first results, which are made by them; the block of the others."""
    dots = found.block.params[:found.moving]
    env: dict[Var, Arg] = dict(zip(found.block.params[found.moving:], found.args[found.moving:]))
    moved: set[Var] = set(dots)
    rest: list[Stmt] = []
    for stmt in found.block.stmts:
        effect = isinstance(stmt, Let) and OPS[stmt.op].effect
        if effect or any(v in moved for v in uses(Block((), (stmt,), Yield(())))):
            moved.update(defined(stmt))
            rest.append(stmt)
        else:
            m.b.add(substitute_stmt(stmt, lambda v: env.get(v, v)))
            if isinstance(stmt, Let) and stmt.out is not None:
                m.b.made[stmt.out] = m.b.stmts[-1]  # type: ignore[assignment]
    assert isinstance(found.block.end, Yield)
    ends = found.block.end.values
    if any(v in moved for value in ends[:count] for v in variables(value)):
        m.refuse(f"the rule of `{name}` gives a value that depends on the tangents", "the value is that of the function", "compute it from the primals alone")
    inner = Block(dots, tuple(substitute_stmt(stmt, lambda v: env.get(v, v)) for stmt in rest), Yield(tuple(_in(env, v) for v in ends[count:])))
    zeros = [replace(let, out=v) for v in free(inner) if (let := m.b.made.get(v)) is not None and let.op in ZEROS]  # that they are zero counts: they are made in it
    inner = renamed(replace(inner, stmts=(*zeros, *inner.stmts)))
    dots = inner.params
    outer = free(inner)
    given = {v: Var(v.type, v.hint) for v in outer}
    inner = Block((*dots, *given.values()), tuple(substitute_stmt(stmt, lambda v: given.get(v, v)) for stmt in inner.stmts),
                  Yield(tuple(_in(given, v) for v in yielded(inner))))
    values = tuple(_in(env, v) for v in ends[:count])
    return values, transforms.Inner(renamed(inner), (*found.args[:found.moving], *outer), Seq(tuple(yielded(inner))), found.moving)


def _in(env: Any, arg: Arg) -> Arg:
    return env.get(arg, arg) if isinstance(arg, Var) else arg


__all__ = ["call", "call_declared", "template"]
