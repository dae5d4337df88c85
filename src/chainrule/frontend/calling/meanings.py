"""Functions of libraries that are executed as the Python that they mean, and the words of that (`rules/meanings`)."""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import runtime
from ...ir.nodes import Arg, Block, Let, Lit, Make, Program, Seq, Stmt, Var, Vjp, Yield, operands
from ...ir.ops import OPS
from ...ir.probe import type_of
from ...ir.types import OBJECT, Array, Dim, Extent, Opaque, Scalar, Type, differentiable, unknown_extent
from ...ir.types import shape as extents_of
from ...ir.walk import every_stmt, renamed, renested, substitute
from ...rules import meanings as words
from ...rules import registry
from ..execution.values import NONE, Closure, DictV, Entries, Partial, Ref, Static, TupleV, Value
from .builtins import BUILTINS, Args, Keywords, builtin
from .composing import _handler
from .transforms import FORWARD, Inner, Moving, _along, bar_type, inner, valued

if TYPE_CHECKING:
    from .calls import Calls


@functools.cache
def _of(function: Any, meaning: Any) -> Any:
    return _handler(getattr(function, "__name__", str(meaning.__name__)), meaning, function)


def execute(m: Calls, function: Any, meaning: Any, args: Args, keywords: Keywords) -> Value:
    """Call a function that has a meaning."""
    return _of(function, meaning)(m, args, keywords)  # type: ignore[no-any-return]


def by_adjoint(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """Call a solver of differential equations whose derivative is that of the continuous adjoint."""
    assert isinstance(function.function, Static)
    meaning = registry.by_adjoint(function.function.value)
    if meaning is None:
        m.refuse(f"`continuous_adjoint` of {function.function.value!r}", "the adjoint equation is known for solve_ivp and odeint of SciPy", "pass one of these")
    return m.library(meaning, *function.args, *args, **keywords)


# -- functions of the program, for solvers ------------------------------------------------------------------------------


@builtin(words.solver)
def _solver(m: Calls, args: Args, keywords: Keywords) -> Value:
    given = dict(zip(("function", "functions", "examples", "args", "keywords", "like"), args)) | keywords
    function = m.static(given["function"], "a function of a library")
    functions, examples = _entries(m, given["functions"]), _entries(m, given["examples"])
    passed = Make(dict, tuple(functions), tuple(_lowered(m, key, f, m.iterate(examples[key])) for key, f in functions.items()))
    named = _entries(m, given["keywords"]) if "keywords" in given else {}
    default = inspect.signature(function).parameters if named else {}
    named = {key: v for key, v in named.items() if not (isinstance(v, Static) and key in default and v == Static(default[key].default))}
    more = Make(dict, tuple(named), tuple(m.operand(v) for v in named.values()))
    like = given.get("like", NONE)
    type = OBJECT if like == NONE else _widened(m, _like(m, like), passed)
    seen = dict.fromkeys(v for f in passed.items if isinstance(f, Seq) for v in f.items[1:] if isinstance(v, Var) and differentiable(v.type))
    result = m.b.emit("py.solver", Lit(function), passed, Seq(tuple(m.operand(a) for a in m.iterate(given["args"]))), more, type=type)
    return TupleV((valued(m, result), TupleV(tuple(valued(m, v) for v in seen))))


def _widened(m: Calls, type: Type, passed: Make) -> Type:
    """The type of what is found: as wide as what the first function gives, whose values a solver adds to the guess."""
    if not isinstance(type, (Array, Scalar)) or "" not in passed.keys:
        return type
    first = passed.items[passed.keys.index("")]
    assert isinstance(first, Seq) and isinstance(first.items[0], Lit)
    program = next(p for p in m.finished if p.name == first.items[0].value)
    assert isinstance(program.body.end, Yield)
    for found in operands(program.body.end.values[0]):
        of = type_of(found)
        if isinstance(of, (Array, Scalar)) and differentiable(of):
            type = replace(type, dtype=str(np.promote_types(type.dtype, of.dtype)))
    return type


def _entries(m: Calls, value: Value) -> dict[str, Value]:
    assert isinstance(value, DictV)
    entries = m.state.heap[value.slot]
    assert isinstance(entries, Entries)
    return dict(zip(entries.keys, entries.values))


def _lowered(m: Calls, key: str, function: Value, examples: Any) -> Seq:
    """A function as one of the program, for arguments like these: its name, and what it sees of its surroundings."""
    title = _title(function, key)
    found = _inner(m, title, function, examples)
    result = renested(found.nest, iter(found.block.end.values))  # type: ignore[union-attr]
    return _stated(m, title, found, (), found.block.stmts, result)


def _inner(m: Calls, title: str, function: Value, examples: Any) -> Inner:
    """A function as a block, for arguments like these: it may have no effects."""
    moving = Moving(m)
    with m.b.block():
        given = tuple(_parameter(m, moving, value) for value in examples)
        before = dict(m.state.heap)

        def run() -> Value:
            result = m.call(function, given, {})
            if any(m.state.heap.get(slot) is not held for slot, held in before.items()):
                m.refuse(f"`{title}`, which is given to a solver, changes something outside", "what is left there depends on how the solver went",
                         "return what it computes, and compute the rest from the solution")
            return result

        found = inner(m, moving, run)
    block = found.block
    assert isinstance(block.end, Yield)
    for stmt in every_stmt(block):
        if isinstance(stmt, Let) and OPS[stmt.op].effect and stmt.op not in ("call", "py.raise"):
            m.refuse(f"`{title}`, which is given to a solver, prints, draws or calls what cannot be looked into", "the derivative evaluates it once more",
                     "keep effects out of it")
    return found


def _stated(m: Calls, title: str, found: Inner, more: tuple[Var, ...], stmts: tuple[Stmt, ...], result: Arg) -> Seq:
    """A function of the program with the parameters of a block and some more; what it sees of its surroundings comes first."""
    block, count = found.block, found.moving
    own, outer = (*block.params[:count], *more), block.params[count:]
    names: list[str] = []
    for n, var in enumerate((*outer, *own)):
        base = var.hint or ("x" if n >= len(outer) else "p")
        name, k = base, 1
        while name in names:
            k += 1
            name = f"{base}{k}"
        names.append(name)
    taken = {c.name for c in m.callees.values()} | {p.name for p in m.finished} | {m.source.name}  # type: ignore[attr-defined]
    name, k = title, 1
    while name in taken:
        k += 1
        name = f"{title}{k}"
    params = (*outer, *own)
    m.finished.append(Program(name, tuple(zip(names, params)), Block(params, stmts, Yield((result,)))))
    return Seq((Lit(name), *found.args[count:]))


@builtin(words.flow)
def _flow(m: Calls, args: Args, keywords: Keywords) -> Value:
    value, model, function, t0, y0, times, options = args
    example = (Static(0.0), y0)
    slope = _lowered(m, "slope", function, example)
    found = _inner(m, "slope", function, example)
    block = renamed(found.block)
    outs = tuple(Var(type_of(v)) for v in block.end.values)  # type: ignore[union-attr]
    seed = Var(bar_type(outs[0].type), "v")
    wrt = (1, *(k for k in range(found.moving, len(block.params)) if differentiable(block.params[k].type)))
    bars = tuple(Var(bar_type(block.params[k].type)) for k in wrt)
    found = replace(found, block=renamed(found.block))
    derivative = Vjp((*outs, *bars), block, found.block.params, wrt, (seed, *(None,) * (len(outs) - 1)))
    pull = _stated(m, "pull", found, (seed,), (derivative,), Seq(bars))
    functions = Make(dict, ("", "pull"), (slope, pull))
    seen = Seq(tuple(found.args[k] for k in wrt[1:]))
    given = (m.operand(value), functions, m.operand(model), m.operand(t0), m.operand(y0), m.operand(times), m.operand(options), seen)
    return valued(m, m.b.emit("rt.flow", *given, type=type_of(given[0])))


def _parameter(m: Calls, moving: Moving, like: Value) -> Value:
    """A parameter of such a function; a number may be one of NumPy's where the example is one of Python's."""
    arg = m.operand(like)
    type = type_of(arg)
    type = bar_type(type) if isinstance(type, Scalar) else type
    param = Var(type, "x" if not moving.params else None)
    moving.params.append(param)
    moving.args.append(arg)
    return Ref(m.new(param)) if isinstance(type, Array) else m.wrap(param)


def _title(function: Value, key: str) -> str:
    """The user's name of a function, or what it is for."""
    found = getattr(function.node, "name", None) if isinstance(function, Closure) else getattr(function.value, "__name__", None) if isinstance(function, Static) else None
    return found if isinstance(found, str) and found.isidentifier() else key or "f"


def _like(m: Calls, value: Value) -> Type:
    if isinstance(value, Static) and isinstance(value.value, str):
        return Opaque("str")
    found = type_of(m.operand(value))
    return bar_type(found) if isinstance(found, Scalar) else found


@builtin(words.part)
def _part(m: Calls, args: Args, keywords: Keywords) -> Value:
    owner, name, like, *rest = args
    type = OBJECT if like == NONE else _like(m, like)
    axes = rest[0] if rest else keywords.get("axes", NONE)
    if axes != NONE:
        known = extents_of(type)
        chosen = [m.static(k, "an axis") for k in m.iterate(axes)]
        extents = tuple(_extent(m) if k is None or known is None else known[k] for k in chosen)
        type = Array(type.dtype, extents)  # type: ignore[union-attr]
    return valued(m, m.b.emit("py.part", m.operand(owner), Lit(m.static(name, "a name")), type=type))


def _by_row(name: str) -> Any:
    def handle(m: Calls, args: Args, keywords: Keywords) -> Value:
        return m.call_row(name, args, keywords)

    return handle


for _name in ("as_given", "bspline", "fixed", "independent", "linear_step", "root"):
    BUILTINS[getattr(runtime, _name)] = _by_row(f"rt.{_name}")


def _extent(m: Calls) -> Extent:
    """An extent that is known when the program runs: a symbol of its own; in a block, which may be executed several times, it is another one each time."""
    m.numbers += 1
    return Dim(f"length{m.numbers}") if len(m.b.scopes) == 1 else unknown_extent()


# -- derivatives ------------------------------------------------------------------------------------------------------------


@builtin(words.jacobian)
def _jacobian(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Partial(args[0], (Static(0), Static(False)), (), "jacfwd")


@builtin(words.gradient)
def _gradient(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Partial(args[0], (Static(0), Static(False)), (), "grad")


@builtin(words.along)
def _directional(m: Calls, args: Args, keywords: Keywords) -> Value:
    function, x, v = args
    return _along(m, function, (x,), [v], {})[1]


@builtin(words.along_something)
def _along_something(m: Calls, args: Args, keywords: Keywords) -> Value:
    function, x, e, order = args
    found = _inner(m, "f", function, (x,))
    block, given = found.block, list(found.args)
    places = [k for k in range(found.moving, len(given)) if differentiable(block.params[k].type)]
    directions = [m.b.emit("rt.generic_like", given[k], Lit(n)) for n, k in enumerate(places)]
    for k, direction in zip(places, directions):
        given[k] = m.b.emit("+", given[k], m.b.emit("*", m.operand(e), direction))
    for _ in range(m.static(order, "an order")):
        block, _, tangents, callees = FORWARD[0](block, tuple(block.params[k] for k in places), tuple(m.finished))
        m.finished += [callee for callee in callees if callee.name not in {c.name for c in m.finished}]
        values = block.end.values[:len(tangents)]  # type: ignore[union-attr]
        block = replace(block, end=Yield((*values, Lit(0.0) if tangents[-1] is None else tangents[-1])))
        given += directions
    env = dict(zip(block.params, given))
    block = substitute(block, lambda v: env.get(v, v))
    for stmt in block.stmts:
        m.b.add(stmt)
    return valued(m, Seq(block.end.values))  # type: ignore[union-attr]


@builtin(words.order)
def _order(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(max(m.order, 1))


@builtin(words.newton_steps)
def _newton_steps(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(m.order.bit_length() if m.order > 1 else 0)


# -- questions ----------------------------------------------------------------------------------------------------------------


@builtin(words.count_parameters)
def _count_parameters(m: Calls, args: Args, keywords: Keywords) -> Value:
    function = args[0]
    if isinstance(function, Closure):
        given = function.node.args
        return Static(len(given.posonlyargs) + len(given.args))
    if isinstance(function, Static) and isinstance(function.value, FunctionType):
        return Static(function.value.__code__.co_argcount)
    m.refuse("the parameters of this function are not counted", "it is no plain function", "say how many there are: pass `p0`")


@builtin(words.refuse)
def _refuse(m: Calls, args: Args, keywords: Keywords) -> Value:
    m.refuse(*(m.static(a, "a text") for a in args))


@builtin(words.static)
def _static(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(m.static(args[0], "a number on which the rule depends"))


@builtin(words.is_known)
def _is_known(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(isinstance(args[0], Static))


@builtin(words.is_differentiable)
def _is_differentiable(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(any(differentiable(type_of(v)) for v in operands(m.operand(args[0])) if isinstance(v, Var)))


__all__ = ["execute"]
