"""Transforms inside a differentiated function: `cr.grad(f)(x)`, `cr.jvp(f, (x,), (v,))`, and functions that transforms have made.

    def meta(theta):                                    meta becomes a program with a derivative in it, a `Vjp`, whose block is
        inner = cr.grad(lambda w: loss(w, theta))       loss, executed abstractly on fresh parameters in the place of w. What
        return loss(w0 - 0.1 * inner(w0), theta)        loss sees of meta (theta) is a parameter of the block, too.

So the derivative of a derivative is a matter of `transform/nested`. Forward mode is executed in place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...ir.nodes import Arg, Block, Let, Lit, Make, Program, Seq, Stmt, Var, Vjp, Yield, operands, variables
from ...ir.ops import OPS
from ...ir.probe import type_of
from ...ir.types import Array, Scalar, Type, differentiable, rank, renew
from ...ir.types import kind as kind_of
from ...ir.walk import definitions, draws, every_stmt, free, renamed, renested, substitute
from ..execution.machine import describe
from ..execution.state import State, reachable
from ..execution.values import NONE, DictV, Entries, Items, ListV, Num, Object, Partial, Ref, Select, Static, TupleV, Value
from ..modes import COLUMNS, GRADIENTS, IMPLICIT, MARK, RULES
from ..signature import result_error, structure_of
from . import composed

if TYPE_CHECKING:
    from .calls import Calls

Args = tuple[Value, ...]
Keywords = dict[str, Value]

# What the transforms make of a block: `transform/nested` is above this layer, and puts its function here.
#   forward(block, parameters that move, functions of the program) -> the block with their tangents as further parameters and results, these
#   parameters, the tangent of each result, and the functions that it calls beside those
#   quiet(block) -> the block without its effects, and the numbers of the results whose values are further parameters: what it has drawn
FORWARD: list[Callable[[Block, tuple[Var, ...], tuple[Program, ...]], tuple[Block, tuple[Var, ...], tuple[Any, ...], tuple[Program, ...]]]] = []
QUIET: list[Callable[[Block], tuple[Block, tuple[int, ...]]]] = []


# -- taking values apart, and putting them together -------------------------------------------------------------


class Moving:
    """A value that is differentiated with respect to: the same value made of parameters, and what they stand for."""

    def __init__(self, m: Calls) -> None:
        self.m = m
        self.params: list[Var] = []
        self.args: list[Arg] = []

    def inside(self, value: Value) -> Value:
        """The value as the inner function sees it: it shares nothing with what is outside."""
        m = self.m
        if isinstance(value, TupleV):
            return TupleV(tuple(map(self.inside, value.items)), value.cls)
        if isinstance(value, (ListV, DictV, Object)):
            contents = m.state.heap[value.slot]
            if isinstance(contents, Items):
                return ListV(m.new(Items(tuple(map(self.inside, contents.items)))))
            if isinstance(contents, Entries):
                copy = m.new(Entries(contents.keys, tuple(map(self.inside, contents.values)), contents.cls))
                return DictV(copy) if isinstance(value, DictV) else Object(copy, value.cls)
            m.refuse("a gradient with respect to a list that a loop has grown", "how many items it has is only known when the program runs",
                     "make it an array with np.array")
        if not is_moving(m, value):
            return value
        arg = m.operand(value)
        type = renew(type_of(arg)) if isinstance(arg, Lit) else type_of(arg)
        param = Var(type, arg.hint if isinstance(arg, Var) else None)
        self.params.append(param)
        self.args.append(arg)
        return Ref(m.new(param)) if isinstance(type, Array) else Num(param)


def is_moving(m: Calls, value: Value) -> bool:
    """Whether a value is a number or an array that carries a derivative."""
    if isinstance(value, Static):
        return type(value.value) in (float, complex)
    return isinstance(value, (Num, Ref, Select)) and m.is_number(value) and differentiable(m.type(value))


def derivatives(m: Calls, value: Value, found: Iterator[Arg]) -> Value:
    """Adjoints, or tangents, in the structure of a value: None where it carries no derivative."""
    if isinstance(value, TupleV):
        return TupleV(tuple(derivatives(m, item, found) for item in value.items), value.cls)
    if isinstance(value, (ListV, DictV, Object)):
        contents = m.state.heap[value.slot]
        if isinstance(contents, Items):
            return ListV(m.new(Items(tuple(derivatives(m, item, found) for item in contents.items))))
        assert isinstance(contents, Entries)
        values = tuple(derivatives(m, item, found) for item in contents.values)
        if isinstance(value, Object) and dataclasses.is_dataclass(value.cls):
            return Object(m.new(Entries(contents.keys, values, value.cls)), value.cls)
        return DictV(m.new(Entries(contents.keys, values)))
    return valued(m, next(found)) if is_moving(m, value) else NONE


def valued(m: Calls, arg: Arg) -> Value:
    """A result as a value."""
    if isinstance(arg, Lit):
        return Static(arg.value)
    if isinstance(arg, Seq):
        items = tuple(valued(m, item) for item in arg.items)
        return TupleV(items) if arg.kind == "tuple" else ListV(m.new(Items(items)))
    if isinstance(arg, Make):
        items = tuple(valued(m, item) for item in arg.items)
        if arg.cls is dict:
            return DictV(m.new(Entries(arg.keys, items)))
        if issubclass(arg.cls, tuple):
            return TupleV(items, arg.cls)
        return Object(m.new(Entries(arg.keys, items, arg.cls)), arg.cls)
    assert isinstance(arg, Var)
    return Ref(m.new(arg)) if isinstance(arg.type, Array) else m.wrap(arg)


def tangents(m: Calls, primal: Value, tangent: Value, what: str) -> Iterator[Arg | None]:
    """For each part of a value that carries a derivative its tangent, None where it does not move."""
    nothing = isinstance(tangent, Static) and tangent.value is None
    if isinstance(primal, TupleV):
        parts = [None] * len(primal.items) if nothing else m.iterate(tangent)
        for one, other in zip(primal.items, parts, strict=True):
            yield from tangents(m, one, NONE if other is None else other, what)
    elif isinstance(primal, (ListV, DictV, Object)):
        contents = m.state.heap[primal.slot]
        if isinstance(contents, Items):
            for n, one in enumerate(contents.items):
                yield from tangents(m, one, NONE if nothing else m.subscript(tangent, Static(n)), what)
        elif isinstance(contents, Entries):
            for key, one in zip(contents.keys, contents.values):
                part = NONE if nothing else m.attribute(tangent, key) if isinstance(tangent, Object) else m.subscript(tangent, Static(key))
                yield from tangents(m, one, part, what)
    elif is_moving(m, primal):
        if nothing:
            yield None
            return
        arg, want = m.operand(tangent), m.type(primal)
        have = type_of(arg)
        if not isinstance(have, (Array, Scalar)) or rank(have) != rank(want):
            m.refuse(f"{what} does not have the shape of what it belongs to", "it must have the same number of axes", "pass an array of the same shape")
        yield arg
    elif not nothing and not isinstance(primal, (Static, Num, Ref, Select)):
        m.refuse(f"{describe(primal)} is among the arguments of a derivative", "it has no derivative", "keep it out of the arguments")


# -- the inner function as a block -------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Inner:
    """A function as a block of its own: what it is given (`args` for its parameters), and its results as they are nested; the last results
    are what it has drawn."""

    block: Block
    args: tuple[Arg, ...]
    nest: Arg
    moving: int  # how many of the parameters, the first ones, are those that are differentiated with respect to


def inner(m: Calls, moving: Moving, run: Callable[[], Value], derivatives: int = 1) -> Inner:
    """Execute a function abstractly on parameters of its own."""
    before = m.state.copy()
    m.order += derivatives
    try:
        if m.witness is not None and len(m.b.scopes) == 1:
            nest, stmts = _executed(m, moving, run)
        else:
            with m.b.block() as opened:
                nest = m.operand(run())
            stmts = tuple(opened)
    finally:
        m.order -= derivatives
    made = set(definitions(Block(tuple(moving.params), stmts, Yield(()))))
    _restore(m, before, made)
    body = Block(tuple(moving.params), stmts, Yield((*operands(nest), *draws(stmts))))
    outer = free(body)
    given = {v: Var(v.type, v.hint) for v in outer}
    body = substitute(body, lambda v: given.get(v, v))
    block = renamed(Block((*moving.params, *given.values()), body.stmts, body.end))
    return Inner(block, (*moving.args, *outer), nest, len(moving.params))


def _executed(m: Calls, moving: Moving, run: Callable[[], Value]) -> tuple[Arg, tuple[Stmt, ...]]:
    """The same for a program for one path: the function's statements are executed as they are made, and taken out of the program again."""
    assert m.witness is not None
    for param, arg in zip(moving.params, moving.args):
        m.witness.env[param] = m.witness.value(arg)
        m.witness.carrying.add(param)
    scope = m.b.scopes[-1]
    begun, known = len(scope.stmts), dict(scope.known)
    nest = m.operand(run())
    stmts = tuple(scope.stmts[begun:])
    if any(isinstance(s, Let) and OPS[s.op].effect and not s.op.startswith("rt.") and s.op not in ("py.raise", "py.evaluate", "call") for s in every_stmt(
            Block((), stmts, Yield(())))):
        m.refuse("a function whose derivative is taken inside prints or draws, and what it does depends on values", "it would be done twice",
                 "print and draw outside of it")
    del scope.stmts[begun:]
    scope.known.clear()
    scope.known.update(known)
    return nest, stmts


def _restore(m: Calls, before: State, made: set[Var]) -> None:
    """A derivative leaves arrays as they are, also those outside that the function writes. Refuse what else would lead a value out of it."""
    for slot, contents in before.heap.items():
        if m.state.heap.get(slot) is contents:
            continue
        if isinstance(m.state.heap.get(slot), (Var, Lit)) and isinstance(contents, (Var, Lit)) and isinstance(type_of(contents), Array):
            m.state.heap[slot] = contents
        else:
            m.refuse("a list, dictionary or object outside is changed by a function whose derivative is taken inside", "its derivative is computed elsewhere",
                     "return what it computes")
    for number, frame in before.frames.items():
        for name, value in m.state.frames.get(number, {}).items():
            if frame.get(name) is not value and not name.startswith("%") and any(v in made for v in vars_in(m, value)):
                m.refuse(f"`{name}` is set by a function whose derivative is taken inside", "its derivative is computed elsewhere", "return the value")


def vars_in(m: Calls, value: Value) -> Iterator[Var]:
    if isinstance(value, Num):
        yield from variables(value.operand)
    elif isinstance(value, TupleV):
        for item in value.items:
            yield from vars_in(m, item)
    elif isinstance(value, Ref):
        yield from variables(m.state.heap[value.slot])


def _result(m: Calls, found: Inner, results: Iterable[Arg]) -> Value:
    """The result of a block."""
    return valued(m, renested(found.nest, iter(results)))


def _outs(block: Block) -> tuple[Var, ...]:
    assert isinstance(block.end, Yield)
    return tuple(Var(type_of(v), v.hint if isinstance(v, Var) else None) for v in block.end.values)


def bar_type(type: Type) -> Type:
    """The type of an adjoint: a number may be one of NumPy's where the value is one of Python's."""
    return dataclasses.replace(type, extent=None, mixed=type.weak) if isinstance(type, Scalar) else type


def pulled(m: Calls, found: Inner, seeds: tuple[Arg | None, ...]) -> tuple[tuple[Var, ...], tuple[Var, ...]]:
    """The derivative of a block as a statement: its results, and the adjoints of what is differentiated with respect to."""
    results = _outs(found.block)
    params = found.block.params[:found.moving]
    bars = tuple(Var(bar_type(p.type), None if p.hint is None else f"{p.hint}_bar") for p in params)
    m.b.add(Vjp((*results, *bars), found.block, found.args, tuple(range(found.moving)), (*seeds, *(None,) * (len(results) - len(seeds))), m.b.span))
    return results, bars


# -- the transforms ----------------------------------------------------------------------------------------------


def mark(f: Any) -> str | None:
    """Which public transform a function is."""
    if isinstance(f, type):
        kind = f.__dict__.get("transform")
        return kind if kind in RULES else None
    return getattr(f, MARK, None)


def transform(m: Calls, kind: str, args: Args, keywords: Keywords) -> Value:
    """A call of a public transform: `cr.grad(f)`, `cr.jvp(f, primals, tangents)`."""
    if kind in (*GRADIENTS, *COLUMNS) or kind == "hvp":
        return _made(m, kind, args, keywords)
    if kind == "jvp":
        return _jvp(m, *args, **keywords)
    if kind == "vjp":
        return _vjp(m, args, keywords)
    if kind == "linearize":
        return _linearize(m, args, keywords)
    if kind == "checkpointed":
        budget = args[1] if len(args) > 1 else keywords.get("budget", NONE)
        spill = bool(m.static(args[2] if len(args) > 2 else keywords.get("spill", Static(False)), "whether a loop spills"))
        return Partial(args[0] if args else keywords["steps"], (Static(m.static(budget, "the budget of a checkpointed loop")), Static(spill)), (), "checkpointed")
    if kind == "checkpoint":
        return Partial(args[0] if args else keywords["f"], (), (), "checkpoint")
    if kind == "continuous_adjoint":
        given = {name: m.static(keywords.get(name, NONE), f"`{name}` of an adjoint") for name in ("rtol", "atol")}
        return _along_an_adjoint(m.static(args[0] if args else keywords["solver"], "a solver"), **given)
    if kind in RULES:
        m.refuse(f"`{kind}` inside a differentiated function", "a rule is stated once, for all calls", "state it outside, before the function is called")
    if kind in IMPLICIT:
        m.refuse(f"`{kind}` inside a differentiated function", "an implicit function is compiled once, for all calls", "decorate the solver outside")
    m.refuse(f"`{kind}` inside a differentiated function", "it is not supported there yet", "use grad, jvp or vjp")


def _made(m: Calls, kind: str, args: Args, keywords: Keywords) -> Value:
    given = dict(zip(("f", "argnums"), args)) | keywords
    function = given.pop("f", NONE)
    argnums = m.static(given.pop("argnums", Static(0)), "argnums")
    has_aux = m.static(given.pop("has_aux", Static(False)), "has_aux")
    given.pop("backend", None)
    given.pop("check", None)
    if isinstance(function, Static) and function.value is None:
        return Partial(Static(kind), (), (("argnums", Static(argnums)), ("has_aux", Static(has_aux))), "decorator")
    return Partial(function, (Static(argnums), Static(bool(has_aux))), (), kind)


def of_transformed(f: Any) -> Partial:
    """A function that a transform has made outside, as one made inside."""
    if f.transform == "checkpoint":
        return Partial(Static(f.primal), (), (), "checkpoint")
    if f.transform == "continuous adjoint":
        return _along_an_adjoint(f.primal, f.rtol, f.atol)
    if f.transform in ("implicit", "custom_vjp", "custom_jvp"):
        return Partial(Static(f), (), (), f.transform)
    return Partial(Static(f.primal), (Static(f.argnums), Static(f.has_aux)), (), f.transform)


def _along_an_adjoint(solver: Any, rtol: float | None, atol: float | None) -> Partial:
    return Partial(Static(solver), (Static(rtol), Static(atol)), (), "continuous adjoint")


def _by_adjoint(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    from . import meanings

    return meanings.by_adjoint(m, function, args, keywords)


def method(function: Partial, owner: Value) -> Partial:
    """What a transform has made of a function, as a method: the object comes first, and is none of the arguments that `argnums` counts."""
    return dataclasses.replace(function, function=Partial(function.function, (owner,)))


def is_derived(function: Partial) -> bool:
    return function.kind in _CALLED


def call(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """Call what a transform has made."""
    if keywords and function.kind in _BY_POSITION:
        m.refuse(f"the {function.kind} of a function is called with keywords", "it knows its arguments by position", "pass them by position")
    return _CALLED[function.kind](m, function, args, keywords)


def _decorated(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    assert isinstance(function.function, Static)
    return transform(m, function.function.value, args, dict(function.keywords))


def _back_to_one(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    place = m.static(function.args[0], "a position")
    return m.subscript(m.call(function.function, args, {}), Static(place))


def _gradient(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    argnums, has_aux = m.static(function.args[0], "argnums"), m.static(function.args[1], "has_aux")
    title = f"the {function.kind} of {describe(function.function)}"
    moving, given, named, chosen = Moving(m), list(args), dict(keywords), []
    for choice in argnums if isinstance(argnums, tuple) else (argnums,):
        try:
            value = named[choice] if isinstance(choice, str) else given[choice]
        except (KeyError, IndexError):
            m.refuse(f"{title} with respect to argument {choice!r}, which is not given by that name or position", "which one is meant is not known",
                     "pass it as `argnums` says")
        count = len(moving.params)
        inside = moving.inside(value)
        if len(moving.params) == count:
            m.refuse(f"{title} with respect to an argument that is no float", "only floats have a derivative", "pass a float, or choose another argument")
        if isinstance(choice, str):
            named[choice] = inside
        else:
            given[choice] = inside
        chosen.append(value)

    def run() -> Value:
        result = m.call(function.function, tuple(given), named)
        if has_aux and not (isinstance(result, TupleV) and len(result.items) == 2):
            m.refuse(f"{title} with has_aux=True", "the function must return a pair (value, aux)", "return a pair")
        if function.kind == "elementwise_grad":
            result = m.call_row("np.sum", (result,), {})
        return result

    found = inner(m, moving, run)
    nest = found.nest.items[0] if has_aux and isinstance(found.nest, Seq) else found.nest
    error = result_error(describe(function.function), function.kind, structure_of(nest), [type_of(leaf) for leaf in operands(nest)])
    if error is not None:
        m.fail(TypeError, Static(str(error)))
    results, bars = pulled(m, found, (Lit(1.0),))
    result = _result(m, found, results)
    each = iter(bars)
    parts = [derivatives(m, one, each) for one in chosen]
    gradient = TupleV(tuple(parts)) if isinstance(argnums, tuple) else parts[0]
    if function.kind == "value_and_grad":
        return TupleV((result, gradient))
    if has_aux:
        assert isinstance(result, TupleV)
        return TupleV((gradient, result.items[1]))
    return gradient


def _along(m: Calls, function: Value, primals: Args, directions: list[Value], keywords: Keywords) -> tuple[Value, Value]:
    """Value and tangent of a call, forward mode executed in place."""
    moving = Moving(m)
    dots = [dot for n, (primal, direction) in enumerate(zip(primals, directions)) for dot in tangents(m, primal, direction, f"the tangent of argument {n}")]
    given = tuple(moving.inside(primal) for primal in primals)
    found = inner(m, moving, lambda: m.call(function, given, keywords))
    return _pushed(m, found, dots)


def _pushed(m: Calls, found: Inner, dots: list[Arg | None]) -> tuple[Value, Value]:
    """The statements of a block and of its tangents, in place."""
    assert isinstance(found.block.end, Yield)
    places = [k for k, dot in enumerate(dots) if dot is not None]
    block, _, tangent, callees = FORWARD[0](found.block, tuple(found.block.params[k] for k in places), tuple(m.finished))
    m.finished += [callee for callee in callees if callee.name not in {c.name for c in m.finished}]
    args = (*found.args, *(dots[k] for k in places))
    env = dict(zip(block.params, args))
    block = substitute(block, lambda v: env.get(v, v))  # type: ignore[arg-type, return-value]
    for stmt in block.stmts:
        m.b.add(stmt)
    assert isinstance(block.end, Yield)
    count = len(found.block.end.values)
    values, more = block.end.values[:count], iter(block.end.values[count:])
    moved = [next(more) if dot is not None else None for dot in tangent]
    leaves = iter(range(count))

    def nested(nest: Arg) -> tuple[Arg, Arg]:
        if isinstance(nest, (Seq, Make)):
            pairs = [nested(item) for item in nest.items]
            return dataclasses.replace(nest, items=tuple(v for v, _ in pairs)), dataclasses.replace(nest, items=tuple(d for _, d in pairs))
        k = next(leaves)
        value, dot = values[k], moved[k]
        if dot is None:
            type = type_of(value)
            if isinstance(value, Var) and isinstance(type, Array) and differentiable(type):
                dot = m.b.emit("np.zeros_like", value)
            else:
                dot = Lit(0.0) if differentiable(type) else Lit(None)
        return value, dot

    value, dot = nested(found.nest)
    return valued(m, value), valued(m, dot)


def _jvp(m: Calls, f: Value, primals: Value, tangents: Value) -> Value:
    points, directions = m.iterate(primals), list(m.iterate(tangents))
    if len(points) != len(directions):
        m.fail(TypeError, Static(f"jvp: there are {len(points)} primals, but {len(directions)} tangents"))
    return TupleV(_along(m, f, points, directions, {}))


def _hvp(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    argnums = m.static(function.args[0], "argnums")
    *points, v = args
    directions: list[Value] = [NONE] * len(points)
    for choice, one in zip(argnums, m.iterate(v)) if isinstance(argnums, tuple) else ((argnums, v),):
        if isinstance(choice, str):
            m.refuse("`hvp` with respect to a name inside a differentiated function", "positions are known there only", "give the position in `argnums`")
        directions[choice] = one
    gradient = Partial(function.function, function.args, (), "grad")
    return _along(m, gradient, tuple(points), directions, {})[1]


def _jacobian(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """A Jacobian inside: a loop over the directions, which can be differentiated again."""
    argnums = m.static(function.args[0], "argnums")
    if not isinstance(argnums, int) or not 0 <= argnums < len(args) or keywords or not is_moving(m, args[argnums]):
        m.refuse(f"`{function.kind}` with respect to several arguments, or to a container, inside a differentiated function", "it is not supported there yet",
                 "take it with respect to one array, at a position")
    inner = function.function
    if function.kind == "jacrev":
        value, held = _linearized(m, (inner, *args), {})
        pullback = Partial(Static(held), (Static(False),), (), "pullback")
        return m.library(composed.jacrev, Partial(pullback, (Static(argnums),), (), "back"), value, args[argnums])
    if function.kind == "hessian":
        inner = Partial(inner, function.args, (), "grad")
    along = Partial(inner, (Static(argnums), *args), (), "along")
    return m.library(composed.jacfwd, along, args[argnums])


def _along_one(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    place, *points = function.args
    directions: list[Value] = [NONE] * len(points)
    directions[m.static(place, "a position")] = args[0]
    return _along(m, function.function, tuple(points), directions, {})[1]


def _checkpointed(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """A call of which nothing is kept but its arguments: a block that gives its results, and that is executed again in the reverse sweep. A program for
    one path has no loops, and keeps what it keeps."""
    if m.witness is not None and len(m.b.scopes) == 1:
        return m.call(function.function, args, keywords)
    moving = Moving(m)
    given = tuple(map(moving.inside, args))
    named = {name: moving.inside(value) for name, value in keywords.items()}
    before = dict(m.state.heap)  # the arguments as they are inside, too

    def run() -> Value:
        result = m.call(function.function, given, named)
        if any(slot in before for slot in reachable(m.state, iter((result,)))) or any(m.state.heap.get(slot) is not held for slot, held in before.items()):
            m.refuse("a checkpointed function returns what it is given, or changes it or something outside", "others see the same array, and what is kept is a copy",
                     "return a new array, or call the function without a checkpoint")
        return result

    found = inner(m, moving, run, derivatives=0)
    results = _outs(found.block)
    m.b.add(Vjp(results, found.block, found.args, (), (None,) * len(results), m.b.span))
    return _result(m, found, results)


def _implicit(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """What a solver finds, with the derivative of the condition that it solves (`rules/implicit`).

    Derivatives of higher order follow from steps of Newton's method that are differentiated and change nothing: each doubles the number of orders that are right.
    """
    assert isinstance(function.function, Static)
    f = function.function.value
    if keywords or not args or not is_moving(m, args[0]):
        m.refuse(f"`{f.__name__}` is called with keywords, or without a float or an array of floats as the initial guess", "its derivative is known for x like that guess",
                 "pass all arguments by position, the guess first")
    init, *theta = args
    guess = m.type(init)
    if isinstance(guess, (Array, Scalar)) and kind_of(guess.dtype) == "c":
        m.refuse(f"`{f.__name__}` of a complex guess", "a condition of complex unknowns is one of their real and imaginary parts", "solve for these")
    given = (Lit(f), m.operand(init), Seq(tuple(map(m.operand, theta))))
    x = m.b.emit("rt.solve", *given, type=bar_type(m.type(init)), hint="x")
    at = valued(m, x)
    condition: Value = Static(f.condition)
    jacobian = Partial(condition, (Static(0), Static(False)), (), "jacfwd")
    if f.kind == "argmin":
        condition, jacobian = dataclasses.replace(jacobian, kind="grad"), dataclasses.replace(jacobian, kind="hessian")
    residual = m.call(condition, (at, *theta), {})
    if f.kind == "fixed point":
        residual = m.binary("-", at, residual)
    still = m.call_row("rt.stop_gradient", (residual,), {})
    if m.order > 1:
        for _ in range(m.order.bit_length()):
            at = m.library(composed.toward_fixed_point if f.kind == "fixed point" else composed.toward_root, condition, jacobian, at, still, *theta)
        return at
    step = m.b.emit("rt.newton_step", Lit(f), x, given[2], m.operand(m.binary("-", residual, still)), type=type_of(x))
    return m.binary("-", at, valued(m, step))


@dataclasses.dataclass(frozen=True, eq=False)
class _Held:
    """What a pullback or a pushforward made inside holds: the function as a block, and the arguments that it belongs to."""

    found: Inner
    primals: Args


def _linearized(m: Calls, args: Args, keywords: Keywords) -> tuple[Value, _Held]:
    function, *points = args
    moving = Moving(m)
    given = tuple(map(moving.inside, points))
    found = inner(m, moving, lambda: m.call(function, given, keywords))
    once = renamed(found.block)
    env = dict(zip(once.params, found.args))
    once = substitute(once, lambda v: env.get(v, v))
    for stmt in once.stmts:
        m.b.add(stmt)
    assert isinstance(once.end, Yield)
    quiet, drawn = QUIET[0](found.block)
    held = _Held(dataclasses.replace(found, block=quiet, args=(*found.args, *(once.end.values[n] for n in drawn))), tuple(points))
    return _result(m, found, once.end.values), held


def _vjp(m: Calls, args: Args, keywords: Keywords) -> Value:
    has_aux = bool(m.static(keywords.pop("has_aux", Static(False)), "has_aux")) if "has_aux" in keywords else False
    value, held = _linearized(m, args, keywords)
    pullback = Partial(Static(held), (Static(has_aux),), (), "pullback")
    if has_aux:
        assert isinstance(value, TupleV)
        return TupleV((value.items[0], pullback, value.items[1]))
    return TupleV((value, pullback))


def _linearize(m: Calls, args: Args, keywords: Keywords) -> Value:
    if keywords:
        m.refuse("`linearize` is called with keywords", "it takes the arguments of the function by position", "pass them by position")
    value, held = _linearized(m, args, {})
    return TupleV((value, Partial(Static(held), (), (), "pushforward")))


def _pull(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    assert isinstance(function.function, Static)
    held: _Held = function.function.value
    nest = held.found.nest
    if m.static(function.args[0], "has_aux"):
        assert isinstance(nest, Seq)
        nest = nest.items[0]
    shape = valued(m, nest)
    given = iter([*tangents(m, shape, args[0], "the cotangent")])
    seeds = tuple(next(given) if is_moving(m, valued(m, leaf)) else None for leaf in operands(nest))
    found = dataclasses.replace(held.found, block=renamed(held.found.block))
    _, bars = pulled(m, found, seeds)
    each = iter(bars)
    return TupleV(tuple(derivatives(m, primal, each) for primal in held.primals))


def _push(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    assert isinstance(function.function, Static)
    held: _Held = function.function.value
    dots = [dot for n, (primal, direction) in enumerate(zip(held.primals, args)) for dot in tangents(m, primal, direction, f"the tangent of argument {n}")]
    return _pushed(m, dataclasses.replace(held.found, block=renamed(held.found.block)), dots)[1]


def _custom(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    from . import custom

    return custom.call(m, function, args, keywords)


# What transforms have made -> what a call of it is.
_CALLED: dict[str, Callable[[Calls, Partial, Args, Keywords], Value]] = {
    **dict.fromkeys(GRADIENTS, _gradient), **dict.fromkeys(COLUMNS, _jacobian), "hvp": _hvp, "decorator": _decorated, "checkpoint": _checkpointed,
    "continuous adjoint": _by_adjoint, "implicit": _implicit, "custom_vjp": _custom, "custom_jvp": _custom, "pullback": _pull, "pushforward": _push, "along": _along_one, "back": _back_to_one,
}
_BY_POSITION = ("hvp", "pullback", "pushforward")

__all__ = ["FORWARD", "QUIET", "call", "is_derived", "mark", "method", "of_transformed", "transform"]
