"""Draws of random numbers: constants where their parameters carry no derivative, arithmetic on a standard sample where they do.

    y = rng.normal(mu, sigma, n)        z = rng.standard_normal(n)
                                        y = mu + sigma * z

Draws *from* an array draw the positions: `rng.choice(x, n)` is `x[rng.choice(len(x), n)]`. Both consume the same stream as what stands in the
program (see `rules/random`, which says for which distributions).
"""

from __future__ import annotations

import ast
from typing import Any

from ...ir.build import type_of
from ...ir.nodes import Lit, Var
from ...ir.ops import OPS, REQUIRED
from ...ir.types import Array, Opaque, Scalar, differentiable, rank, same_shape
from ...rules import random, registry
from ...rules.random import Draw
from ..execution.machine import describe
from ..execution.values import NONE, Items, ListV, Num, Ref, Select, Static, TupleV, Value
from .builtins import BUILTINS, Args, Keywords
from .calls import Calls
from .functionals import common_shape

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


def method(m: Calls, owner: Num, name: str) -> Draw | None:
    """The draw that a method of an object is."""
    return random.method(type_of(owner.operand), name)


def draw(m: Calls, what: Draw, owner: Args, args: Args, keywords: Keywords) -> Value:
    """A draw; `owner` is the generator, unless it is that of a module."""
    if what.name == "seed":
        registry.bind(what.op, tuple(m.operand(a) for a in (*owner, *args)), {k: m.operand(v) for k, v in keywords.items()})
        m.b.effect(what.op, *(m.operand(a) for a in (*owner, *args, *keywords.values())))
        return NONE
    given = _bind(m, what, (*owner, *args), keywords)
    if what.name in ("choice", "permutation"):
        source = next((given[n] for n in ("a", "x") if n in given), None)
        if source is not None and _holds_floats(m, source):
            return _from_array(m, what, owner, source, given)
    family = what.family
    if family is not None and any(_carries(m, v) for n, v in given.items() if n not in ("generator", "size", *family.fixed)):
        return _from_family(m, what, family, owner, given)
    return m.call_row(what.op, (*owner, *args), keywords)


def shuffle(m: Calls, what: Draw, owner: Args, args: Args, keywords: Keywords) -> Value:
    """`rng.shuffle(x)` is `x[:] = x[rng.permutation(len(x))]`, which draws the same numbers."""
    array = args[0] if args else keywords.get("x", NONE)
    if isinstance(array, ListV) and len(args) + len(keywords) == 1 and (items := m.known_contents(array)) is not None:
        m.change(array.slot, Items(_picked(m, items, m.b.emit("py.shuffled", _generator(m, what, owner), Lit(len(items))))))
        return NONE
    axis = args[1] if len(args) > 1 else keywords.get("axis", Static(0))
    if not (isinstance(array, (Ref, Select)) and m.is_number(array)) or what.name != "permutation" or len(args) + len(keywords) > 2:
        m.refuse(f"{describe(array)} is shuffled", "its order is only known when the program runs", "shuffle an array, or draw a permutation of indices")
    if m.static(axis, "an axis") != 0:
        m.refuse("`shuffle` along another axis than the first", "this is not supported yet", "index with `rng.permutation(n)`")
    order = m.call_row(what.op, (*owner, _extent(m, array, 0)), {})
    m.write(array, Lit(Ellipsis), m.operand(m.subscript(array, order)))
    return NONE


def sample(m: Calls, what: Draw, owner: Args, args: Args, keywords: Keywords) -> Value:
    """`random.sample(items, k)` of items that are known one by one."""
    items = m.known_contents(args[0]) if args else None
    count = args[1] if len(args) > 1 else keywords.get("k", NONE)
    if items is None or len(args) + len(keywords) != 2:
        m.refuse("`sample` of something that is not a list", "which items there are is only known when the program runs", "sample indices")
    k = m.static(count, "how many are sampled")
    return ListV(m.new(Items(_picked(m, items, m.b.emit("py.sampled", _generator(m, what, owner), Lit(len(items)), Lit(k)))[:k])))


def _generator(m: Calls, what: Draw, owner: Args) -> Any:
    return m.operand(owner[0]) if owner else Lit(random.MODULES[what.op.rpartition(".")[0]][0])


def _picked(m: Calls, items: tuple[Value, ...], positions: Any) -> tuple[Value, ...]:
    """The items at some positions, in an order that only this call has."""
    array = m.wrap(positions)
    length: Any = type_of(positions).shape[0]  # type: ignore[union-attr, index]
    return tuple(items[m.decide(m.subscript(array, Static(n)), "the order of a list")] for n in range(length))


def choice(m: Calls, what: Draw, owner: Args, args: Args, keywords: Keywords) -> Value:
    """`random.choice(items)` is `items[random.randrange(len(items))]`."""
    if len(args) != 1 or keywords:
        m.refuse("`choice` with these arguments", "the random module's takes one sequence", "check the call")
    length = BUILTINS[len](m, args, {})
    return m.subscript(args[0], m.call_row(what.op, (*owner, length), {}))


def _bind(m: Calls, what: Draw, args: Args, keywords: Keywords) -> dict[str, Value]:
    names = [p.name for p in OPS[what.op].params]
    found = dict(zip(names, args))
    found.update(keywords)
    return found


def _carries(m: Calls, value: Value) -> bool:
    """Whether a parameter of a distribution may carry a derivative."""
    if isinstance(value, (TupleV, ListV)):
        items = m.known_contents(value)
        return items is None or any(_carries(m, item) for item in items)
    if not m.is_number(value):
        return False
    operand = m.operand(value)
    return isinstance(operand, Var) and differentiable(operand.type)


def _holds_floats(m: Calls, value: Value) -> bool:
    if isinstance(value, (TupleV, ListV)):
        return _carries(m, value)
    return _carries(m, value) and rank(m.type(value)) != 0


def _extent(m: Calls, array: Value, axis: int) -> Value:
    if axis == 0:
        return BUILTINS[len](m, (array,), {})
    return m.subscript(m.shape(array), Static(axis))


def _from_array(m: Calls, what: Draw, owner: Args, source: Value, given: dict[str, Value]) -> Value:
    """A draw of elements: the positions are drawn."""
    array = m.as_array(source)
    axis = m.static(given.get("axis", Static(0)), "an axis")
    rest = {n: v for n, v in given.items() if n not in ("a", "x", "axis", "generator")}
    positions = m.call_row(what.op, (*owner, _extent(m, array, axis)), rest)
    if axis == 0 and (rank(m.type(array)) == 1 or rank(m.type(positions)) != 0):
        result = m.subscript(array, positions)
    else:
        result = m.call_row("np.take", (array, positions), {"axis": Static(axis)})
    size = given.get("size", NONE)
    if isinstance(size, TupleV) and not size.items:
        m.refuse("one element is drawn as an array without axes", "an element of an array is a number", "leave `size` out")
    return result


def _from_family(m: Calls, what: Draw, family: random.Family, owner: Args, given: dict[str, Value]) -> Value:
    """A sample as a function of its parameters and of a standard sample."""
    op = OPS[what.op]
    values: dict[str, Value] = {}
    for param in op.params:
        if param.name in ("generator", "size"):
            continue
        if param.name not in given and param.default is REQUIRED:
            m.refuse(f"`{what.name}` needs its argument `{param.name}`", "it has no default value", "check the call")
        values[param.name] = m.as_array(given.get(param.name, Static(param.default)))
    size = given.get("size", NONE)
    operands = tuple(m.operand(v) for v in values.values())
    full = (*(m.operand(g) for g in owner), *operands, *([m.operand(size)] if "size" in [p.name for p in op.params] else []))
    assert op.infer is not None
    whole = op.infer(*full)  # which fails where NumPy would
    if isinstance(whole, Scalar):  # it is a Python float, whatever the parameters are
        values = {n: m.call_row("float", (v,), {}) if _is_numpy(m, v) else v for n, v in values.items()}
    for helper, arguments in family.checks:
        checked = [Static(ast.literal_eval(a)) if a not in values else values[a] for a in arguments]
        if not all(isinstance(v, Static) for v in checked):
            m.b.effect(helper, *(m.operand(v) for v in checked))
    arrays = [v for v in values.values() if m.is_number(v) and rank(m.type(v)) != 0]
    if isinstance(whole, Array) and isinstance(size, Static) and size.value is None:
        size = common_shape(m, arrays)
    sized = not (isinstance(size, Static) and size.value is None)
    name, _, inner = family.draw.partition("(")
    more = [values[a] if a in values else Static(ast.literal_eval(a)) for a in inner.rstrip(")").replace(" ", "").split(",") if a]
    z = m.call_row(what.sibling(name), (*owner, *more), {"size": size} if sized else {})
    if sized:
        values = {n: _fitted(m, v, z, size) for n, v in values.items()}
    return _evaluate(m, family.parsed(), {**values, "z": z})


def _fitted(m: Calls, value: Value, sample: Value, size: Value) -> Value:
    """A parameter of the sample's shape, where it is not certain to fit: NumPy raises if it does not."""
    if not m.is_number(value) or rank(m.type(value)) == 0 or same_shape(m.type(value), m.type(sample)):
        return value
    return m.call_row("np.broadcast_to", (value, size), {})


def _is_numpy(m: Calls, value: Value) -> bool:
    type = m.type(value)
    return isinstance(type, Array) or (isinstance(type, Scalar) and not type.weak)


def _evaluate(m: Calls, node: ast.expr, names: dict[str, Value]) -> Value:
    """The value of a formula of the table."""
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Constant):
        return Static(node.value)
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(m, node.left, names), _evaluate(m, node.right, names)
        if isinstance(node.op, ast.Add) and isinstance(left, Static) and left.value == 0:  # no location
            return right
        return m.binary(_OPERATORS[type(node.op)], left, right)
    if isinstance(node, ast.UnaryOp):
        return m.call_row("neg", (_evaluate(m, node.operand, names),), {})
    assert isinstance(node, ast.Call)
    return m.call_row(ast.unparse(node.func), tuple(_evaluate(m, a, names) for a in node.args), {})


def is_generator(value: Any) -> bool:
    """Whether an object draws: it changes with each draw, so it is found at each call where it lives."""
    return type(value) in random.CLASSES


def of_object(m: Calls, owner: Num, name: str, args: Args, keywords: Keywords) -> Value | None:
    """A method of a generator; None if it is not one."""
    type = type_of(owner.operand)
    if not isinstance(type, Opaque):
        return None
    for prefix, handler in _HANDLERS.items():
        if name == prefix and random.method(type, name) is None:
            stand_in = next((found for drawn in _BY[prefix] if (found := random.method(type, drawn)) is not None), None)
            if stand_in is not None:
                return handler(m, stand_in, (owner,), args, keywords)
    found = random.method(type, name)
    return None if found is None else draw(m, found, (owner,), args, keywords)


_HANDLERS = {"shuffle": shuffle, "choice": choice, "sample": sample}
_BY = {"shuffle": ("permutation", "randrange"), "choice": ("randrange",), "sample": ("randrange",)}  # what is drawn for them


def _register() -> None:
    def of_module(what: Draw, handler: Any) -> Any:
        return lambda m, args, keywords: handler(m, what, (), args, keywords)

    for f, op in list(registry.FUNCTIONS.items()):
        if op in random.DRAWS and op not in ("random.Random",):
            BUILTINS[f] = of_module(random.DRAWS[op], draw)
    for name, handler in _HANDLERS.items():
        for prefix, (module, _) in random.MODULES.items():
            stand_in = next((op for drawn in _BY[name] if (op := f"{prefix}.{drawn}") in random.DRAWS), None)
            if stand_in is not None and f"{prefix}.{name}" not in random.DRAWS and getattr(module, name) not in BUILTINS:
                BUILTINS[getattr(module, name)] = of_module(random.DRAWS[stand_in], handler)


_register()

__all__ = ["draw", "is_generator", "of_object"]
