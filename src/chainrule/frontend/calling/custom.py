"""Calls of functions that `custom_vjp` or `custom_jvp` decorates: executed abstractly in the place of the call, on arguments of their own."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...ir.nodes import Arg, Block, Let, Lit, Seq, Stmt, Var, Yield, variables
from ...ir.ops import OPS
from ...ir.walk import (
    defined,
    free,
    renamed,
    substitute_stmt,
    uses,
    yielded,
)
from ...rules.custom import Piece, Rule, is_diagonal
from ...rules.dependence import ZEROS
from ..execution.state import State, reachable, slots
from ..execution.values import (
    DictV,
    Entries,
    Items,
    ListV,
    Object,
    Partial,
    Ref,
    Static,
    TupleV,
    Value,
)
from . import transforms
from .ruling import (
    Args,
    Begun,
    Inputs,
    Keywords,
    closed,
    contributions,
    deepest,
    hidden,
    inputs,
    moving_parts,
    piece,
    ruled,
    seeds,
    stopped,
)

if TYPE_CHECKING:
    from .calls import Calls

Back = dict[int, tuple[Value, Any]]  # by slot: what it stands for, and what was in it at first


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


def apart(m: Calls, name: str, out: Value, results: list[Value], before: State, back: Back) -> Value:
    """What a function returns, made of results of its own. Python may return what it was given: then neither may be written into any more."""
    if any((slot in before.heap or slot in back) and not isinstance(m.state.heap[slot], (Var, Lit)) for slot in reachable(m.state, iter((out,)))):
        m.refuse(f"`{name}` returns a list, a dictionary or an object that it was given", "what it returns has a derivative of its own, and is another object", "let it return a new one")
    for part, result in zip(moving_parts(m, out), results):
        if isinstance(result, Ref):
            m.state.entangle(result.slot, {slot for own in slots(part) for slot in ((own,) if own in before.heap else slots(back[own][0]) if own in back else ())})
    return with_parts(m, out, iter(results))


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
    made, given = closed("jvp", rest, range(len(of.operands)), parts)
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


__all__ = ["call"]
