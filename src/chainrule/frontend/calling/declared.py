"""Calls of functions that are called as they are, about which rules are stated (`defvjp`, `defjvp`).

What the result is like has to be known before the program runs: it is said, follows from the arguments or from the function's source, or is seen by a call; and is checked
when the program runs (`runtime/custom`).
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import SourceUnavailableError
from ...ir.nodes import Arg, Block, Lit, Make, Seq, Yield
from ...ir.ops import Op, Param
from ...ir.probe import CannotProbe, probe, type_of
from ...ir.types import FLOAT, OBJECT, Array, Scalar, Tuple, Type, kind, rank, shape, unknown_extent
from ...rules import registry
from ...rules.custom import Declaration, Piece, Rule, Stated, declared, expected, is_diagonal
from ...rules.structure import broadcast
from ...runtime.custom import Expected
from .. import source as sources
from ..execution.deciding import type_of_value
from ..execution.exits import Unreachable
from ..execution.machine import NeedStatic, Refusal
from ..execution.restart import Restart
from ..execution.values import (
    IteratorV,
    ListV,
    Static,
    TupleV,
    Value,
)
from ..execution.witness import Written
from . import transforms
from .ruling import Args, Inputs, Keywords, contributions, deepest, fitted, inputs, piece, ruled, seeds, stopped

if TYPE_CHECKING:
    from .calls import Calls


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


__all__ = ["call_declared", "template"]
