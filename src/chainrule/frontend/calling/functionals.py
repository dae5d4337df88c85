"""Functions that take functions: functools.partial and singledispatch, NumPy's loops over a Python function, the operator module, methods of ufuncs."""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.build import type_of
from ...ir.nodes import Block, Let, Lit, Seq, Var, Yield
from ...ir.ops import OPS
from ...ir.types import Array, Scalar, is_unknown, rank, same_shape
from ...ir.types import shape as extents_of
from ...ir.walk import all_stmts
from ...rules.structure import broadcast
from ..execution.machine import Unreachable, describe
from ..execution.state import reachable
from ..execution.values import NONE, DictV, Entries, ListV, Num, Partial, Ref, Select, SliceV, Static, TupleV, Value
from . import loops_of_numpy, transforms
from .builtins import BUILTINS, Args, Keywords, builtin, class_of
from .calls import Calls

# -- functools ------------------------------------------------------------------------------------------------------


@builtin(functools.partial)
def _partial(m: Calls, args: Args, keywords: Keywords) -> Value:
    if not args:
        m.refuse("`partial` without a function", "Python raises TypeError here", "check the call")
    return Partial(args[0], tuple(args[1:]), tuple(keywords.items()))


@builtin(functools.reduce)
def _folded(m: Calls, args: Args, keywords: Keywords) -> Value:
    function, iterable, *initial = args
    items = m.known_items(iterable)
    if items is None and not (isinstance(iterable, ListV) or m.is_number(iterable)):
        items = m.iterate(iterable)
    if items is not None:
        rest = [*initial, *items]
        if not rest:
            m.b.effect("py.raise", Seq((Lit(TypeError), Lit("reduce() of empty iterable with no initial value"))))
            raise Unreachable
        total = rest[0]
        for item in rest[1:]:
            total = m.call(function, (total, item), {})
        return total
    if initial:
        return m.call(Static(loops_of_numpy.folded), (function, initial[0], iterable, Static(0)), {})
    return m.call(Static(loops_of_numpy.folded), (function, m.subscript(iterable, Static(0)), iterable, Static(1)), {})


def call_partial(m: Calls, function: Partial, args: Args, keywords: Keywords) -> Value:
    """Call what functools.partial, np.vectorize or operator.itemgetter made."""
    if transforms.is_derived(function):
        return transforms.call(m, function, args, keywords)
    if function.kind == "vectorize":
        return _vectorized(m, function.function, m.static(function.args[0], "`otypes`"), args, keywords)
    if function.kind == "lru_cache":
        return _remembered(m, function.function, args, keywords)
    if function.kind == "itemgetter":
        items = tuple(m.subscript(args[0], index) for index in function.args)
        return items[0] if len(items) == 1 else TupleV(items)
    if function.kind == "cmp_to_key":
        m.refuse("what `functools.cmp_to_key` makes is called", "it is known as the key of a sort only", "use it as `key=`")
    if function.kind == "attrgetter":
        found = tuple(_attribute(m, args[0], m.static(name, "an attribute's name")) for name in function.args)
        return found[0] if len(found) == 1 else TupleV(found)
    if function.kind == "methodcaller":
        name, *rest = function.args
        return m.call(m.attribute(args[0], m.static(name, "a method's name")), tuple(rest), dict(function.keywords))
    return m.call(function.function, (*function.args, *args), {**dict(function.keywords), **keywords})


def _attribute(m: Calls, owner: Value, path: str) -> Value:
    for name in path.split("."):
        owner = m.attribute(owner, name)
    return owner


def _lru_cache(m: Calls, args: Args, keywords: Keywords) -> Value:
    """functools.lru_cache and functools.cache as decorators, with or without parentheses."""
    if (args and not isinstance(args[0], Static)) or (isinstance(args[0] if args else None, Static) and callable(args[0].value)):  # type: ignore[union-attr]
        return Partial(args[0], (), (), "lru_cache")
    return Partial(Static(functools.lru_cache), (), (), "partial")


BUILTINS[functools.lru_cache] = BUILTINS[functools.cache] = _lru_cache


def _remembered(m: Calls, function: Value, args: Args, keywords: Keywords) -> Value:
    """Call a function that remembers: what was computed for the same arguments on the way here is there."""
    parts = [*args, *(Static(name) for name in keywords), *keywords.values()]
    plain = all(isinstance(value, (Static, Num)) for value in parts)
    key = ("lru_cache", id(function), *(repr(v.value) if isinstance(v, Static) else id(v.operand) if isinstance(v, Num) else None for v in parts))
    for scope in m.b.scopes if plain else ():
        if key in scope.known:
            return scope.known[key]  # type: ignore[return-value]
    result = cached(m, function, args, keywords)
    if plain and isinstance(result, (Static, Num)):
        m.b.scopes[-1].known[key] = result  # type: ignore[assignment]
        m.remembered.append((function, parts))  # they must not be forgotten while their identities are keys
    return result


def cached(m: Calls, function: Value, args: Args, keywords: Keywords) -> Value:
    """Call a function behind functools.lru_cache: it is computed again, which must not be noticed."""
    values = (*args, *keywords.values())
    for value in values:
        if isinstance(value, (ListV, DictV)) or (m.is_number(value) and isinstance(m.type(value), Array)):
            name = class_of(m, value)
            shown = "numpy.ndarray" if name is np.ndarray else name.__name__
            m.b.effect("py.raise", Seq((Lit(TypeError), Lit(f"unhashable type: '{shown}'"))))
            raise Unreachable
    before = len(m.b.stmts)
    result = m.call(function, args, keywords)
    made = [Block((), tuple(m.b.stmts[before:]), Yield(())), *(program.body for program in getattr(m, "finished", ()))]
    if any(isinstance(s, Let) and OPS[s.op].effect and s.op not in ("py.raise", "py.evaluate", "call") and not s.op.startswith("rt.") for block in made for s in all_stmts(block)):
        shown = getattr(function.value if isinstance(function, Static) else getattr(function, "node", None), "__name__", "a function")
        m.refuse(f"`{shown}` is cached, and prints or draws when it runs", "whether it runs depends on earlier calls",
                 "take the printing or drawing out of it")
    for slot in reachable(m.state, iter((result,))):  # the caller gets what later calls get, too: to write there is refused
        hidden = m.new(m.state.heap[slot])
        m.state.entangle(slot, {hidden})
        m.frame()[f"%cached{hidden}"] = Ref(hidden) if isinstance(m.state.heap[slot], Var) else ListV(hidden)
    return result


def attribute(m: Calls, owner: Partial, name: str) -> Value:
    """`func`, `args` and `keywords` of a partial."""
    if owner.kind == "partial" and name == "func":
        return owner.function
    if owner.kind == "partial" and name == "args":
        return TupleV(owner.args)
    if owner.kind == "partial" and name == "keywords":
        return DictV(m.new(Entries(tuple(k for k, _ in owner.keywords), tuple(v for _, v in owner.keywords))))
    m.refuse(f"`{name}` of {describe(owner)}", "it is not known to the compiler", "call the function")


_DISPATCHER = functools.singledispatch(lambda x: x).__code__  # type: ignore[attr-defined]  # of every function that singledispatch makes


class Chosen:
    """What a singledispatch function runs for a class; read at each call, so that a registration in the meantime is seen."""

    def __init__(self, function: Any, cls: type) -> None:
        self.function, self.cls = function, cls

    @property
    def implementation(self) -> Any:
        return self.function.dispatch(self.cls)


_CHOSEN: dict[tuple[int, type], dict[str, Chosen]] = {}


def dispatched(m: Calls, f: Any, args: Args) -> Any:
    """The implementation of a singledispatch function for these arguments; None if it is another function."""
    if getattr(f, "__code__", None) is not _DISPATCHER or not args:
        return None
    return _implementation(m, f, class_of(m, args[0]))


def dispatched_method(m: Calls, f: Any, args: Args) -> Any:
    """The implementation of a singledispatchmethod for these arguments."""
    if not args:
        m.refuse("a method that chooses by its first argument is called without one", "Python raises TypeError here", "check the call")
    return _implementation(m, f.dispatcher, class_of(m, args[0]))


def _implementation(m: Calls, f: Any, cls: type) -> Any:
    from ..source import Place

    held = _CHOSEN.setdefault((id(f), cls), {"chosen": Chosen(f, cls)})
    chosen = held["chosen"].implementation
    m.guard(Place(held, "chosen", ("implementation",)), chosen)
    return chosen


# -- one of several functions ----------------------------------------------------------------------------------------


def is_function(m: Calls, value: Value) -> bool:
    """Whether a value is something to be called, which no array or list of the program can hold."""
    known = BUILTINS[callable](m, (value,), {})
    return isinstance(known, Static) and bool(known.value)


def item_at(m: Calls, items: tuple[Value, ...], index: Num) -> Value:
    """`items[index]` where the items are functions: a branch for each."""
    count = len(items)
    position = m.choose(m.condition(m.compare("<", index, Static(0))), lambda: m.binary("+", index, Static(count)), lambda: index)

    def out_of_range() -> Value:
        m.b.effect("py.raise", Seq((Lit(IndexError), Lit("list index out of range"))))
        raise Unreachable

    def from_(n: int) -> Value:
        if n == count:
            return out_of_range()
        return m.choose(m.condition(m.compare("==", position, Static(n))), lambda: items[n], lambda: from_(n + 1))

    return from_(0)


def entry_at(m: Calls, entries: Entries, key: Value) -> Value | None:
    """`entries[key]` for a key that is computed; None where it cannot be compared with the keys."""
    if isinstance(key, Select):
        then, orelse = key.then, key.orelse
        return m.choose(key.condition, lambda: _entry(m, entries, then), lambda: _entry(m, entries, orelse))
    if not (isinstance(key, Num) and isinstance(type_of(key.operand), Scalar) and entries.keys):
        return None
    if isinstance(key.operand, Var) and m.sources(key.operand):
        return None
    if not all(isinstance(k, (bool, int, float)) for k in entries.keys):
        return None

    def from_(n: int) -> Value:
        if n == len(entries.keys):
            m.b.effect("py.raise", Seq((Lit(KeyError), key.operand)))
            raise Unreachable
        return m.choose(m.condition(m.compare("==", key, Static(entries.keys[n]))), lambda: entries.values[n], lambda: from_(n + 1))

    return from_(0)


def _entry(m: Calls, entries: Entries, key: Value) -> Value:
    if isinstance(key, Static):
        if key.value not in entries.keys:
            m.b.effect("py.raise", Seq((Lit(KeyError), Lit(key.value))))
            raise Unreachable
        return entries.get(key.value)
    found = entry_at(m, entries, key)
    if found is None:
        m.refuse("a dictionary's key must be known before the program runs", "it is computed", "use a list and an index")
    return found


# -- loops of NumPy over a function ----------------------------------------------------------------------------------


def common_shape(m: Calls, arrays: list[Value]) -> Value:
    """The shape to which some arrays broadcast."""
    first = arrays[0]
    if all(same_shape(m.type(first), m.type(a)) for a in arrays):
        return m.shape(first)
    extents = [e for a in arrays if (e := extents_of(m.type(a))) is not None]
    if len(extents) == len(arrays):
        whole = broadcast(*extents)
        items: list[Value] = []
        for axis, extent in enumerate(whole):
            behind = len(whole) - axis
            source = next((a for a, e in zip(arrays, extents) if len(e) >= behind and e[-behind] == extent and not is_unknown(extent)), None)
            if source is None:
                break
            items.append(m.subscript(m.shape(source), Static(rank(m.type(source)) - behind)))  # type: ignore[operator]
        else:
            return TupleV(tuple(items))
    total = first
    for other in arrays[1:]:
        total = m.binary("+", total, other)
    return m.shape(total)


def _one_class(m: Calls, value: Value, what: str) -> Array | Scalar:
    """The type of a function's result, which decides the dtype of what NumPy makes of all of them."""
    type = None if isinstance(value, (TupleV, ListV, DictV)) else m.type(value)
    if not isinstance(type, (Array, Scalar)):
        m.refuse(f"{what} of a function that returns {describe(value)}", "only numbers and arrays can be put together in an array",
                 "return a number")
    if isinstance(type, Scalar) and type.mixed:
        m.refuse(f"{what} of a function that returns numbers of several types", "the first result decides the type of all",
                 "return one type (0.0 instead of 0), or give `otypes`")
    return type


@builtin(np.vectorize)
def _vectorize(m: Calls, args: Args, keywords: Keywords) -> Value:
    rest = {k: v for k, v in keywords.items() if k not in ("pyfunc", "otypes", "doc", "cache")}
    if rest or len(args) > 2 or not (args or "pyfunc" in keywords):
        m.refuse(f"`np.vectorize` with {next(iter(rest), 'these arguments')}", "this is not supported yet", "write the loop")
    otypes = args[1] if len(args) > 1 else keywords.get("otypes", NONE)
    return Partial(args[0] if args else keywords["pyfunc"], (Static(_otype(m, m.static(otypes, "`otypes`"))),), (), "vectorize")


def _otype(m: Calls, otypes: Any) -> Any:
    if otypes is None or otypes == "":
        return None
    if len(otypes) != 1:
        m.refuse("`np.vectorize` of a function with several results", "this is not supported yet", "write the loop")
    return np.dtype(otypes[0])


def vectorized(m: Calls, f: Any, args: Args, keywords: Keywords) -> Value:
    """Call an object that np.vectorize made outside the function."""
    if f.signature is not None or f.excluded:
        m.refuse("`np.vectorize` with signature or excluded", "this is not supported yet", "write the loop")
    return _vectorized(m, Static(f.pyfunc), _otype(m, f.otypes), args, keywords)


def _vectorized(m: Calls, function: Value, otype: Any, args: Args, keywords: Keywords) -> Value:
    if keywords or not args:
        m.refuse("a vectorized function is called with arguments by name", "this is not supported yet", "pass them by position")
    given = [m.as_array(a) for a in args]
    for a in given:
        if not (m.is_number(a) or (isinstance(a, Static) and isinstance(a.value, (bool, int, float, complex)))) or rank(m.type(a)) is None:
            m.refuse(f"a vectorized function is called with {describe(a)}", "its shape is not known before the program runs", "pass arrays and numbers")
    arrays = [a for a in given if rank(m.type(a)) != 0]
    shape = common_shape(m, arrays) if arrays else TupleV(())
    flat = []
    for a in arrays:
        whole = a if all(same_shape(m.type(a), m.type(b)) for b in arrays) else m.call_row("np.broadcast_to", (a, shape), {})
        flat.append(m.call_row("np.reshape", (whole, Static(-1)), {}))
    if not arrays:
        flat = [m.call_row("np.zeros", (Static(1),), {})]
    columns, scalars = [], []
    remaining = iter(flat)
    for a in given:
        is_array = rank(m.type(a)) != 0
        columns.append(next(remaining) if is_array else flat[0])
        scalars.append(NONE if is_array else _python_number(m, a))
    if otype is None:
        length = m.call(Static(len), (flat[0],), {})

        def empty() -> Value:
            m.b.effect("py.raise", Seq((Lit(ValueError), Lit("cannot call `vectorize` on size 0 inputs unless `otypes` is set"))))
            raise Unreachable

        none = m.compare("==", length, Static(0))
        if m.truth(none) is None:
            m.choose(m.condition(none), empty, lambda: NONE)
        first = [_python_number(m, m.subscript(c, Static(0))) if s is NONE else s for c, s in zip(columns, scalars)]
        otype = np.dtype(_one_class(m, m.call(function, tuple(first), {}), "`np.vectorize`").dtype)  # NumPy calls it once more, too
    result = m.call(Static(loops_of_numpy.elements), (function, Static(otype), TupleV(tuple(columns)), TupleV(tuple(scalars))), {})
    return m.call_row("np.reshape", (result, shape), {})


def _python_number(m: Calls, value: Value) -> Value:
    type = None if isinstance(value, Static) else m.type(value)
    if type is None or (isinstance(type, Scalar) and type.weak):
        return value
    return m.call_row("rt.item", (value,), {})


@builtin(np.apply_along_axis)
def _along(m: Calls, args: Args, keywords: Keywords) -> Value:
    given = dict(zip(("func1d", "axis", "arr"), args)) | {k: keywords[k] for k in ("func1d", "axis", "arr") if k in keywords}
    more = {k: v for k, v in keywords.items() if k not in given}
    function, array = given["func1d"], m.as_array(given["arr"])
    dimensions = rank(m.type(array)) if m.is_number(array) else None
    if not dimensions:
        m.refuse("`np.apply_along_axis` of something that is not known to be an array with axes", "its shape is not known", "pass an array")
    axis = m.static(given["axis"], "the axis") % dimensions
    order = [*(k for k in range(dimensions) if k != axis), axis]
    moved = array if order == list(range(dimensions)) else m.call_row("np.transpose", (array, Static(tuple(order))), {})
    lead = tuple(m.subscript(m.shape(moved), Static(k)) for k in range(dimensions - 1))
    width = m.subscript(m.shape(moved), Static(dimensions - 1))
    if dimensions == 2:
        matrix = moved
    else:
        count: Value = Static(1)
        for extent in lead:
            count = m.binary("*", count, extent)
        matrix = m.call_row("np.reshape", (moved, TupleV((count, width))), {})
    length = m.call(Static(len), (matrix,), {})
    nothing = m.compare("==", length, Static(0))

    def empty() -> Value:
        m.b.effect("py.raise", Seq((Lit(ValueError), Lit("Cannot apply_along_axis when any iteration dimensions are 0"))))
        raise Unreachable

    if m.truth(nothing) is None:
        m.choose(m.condition(nothing), empty, lambda: NONE)
    first = m.call(function, (m.subscript(matrix, Static(0)), *args[3:]), more)
    kind = _one_class(m, first, "`np.apply_along_axis`")
    inner = rank(kind)
    if inner is None:
        m.refuse("`np.apply_along_axis` of a function whose result has an unknown number of axes", "where they go is not known", "write the loop")
    if isinstance(kind, Scalar):
        first = m.call_row("np.asarray", (first,), {})
    result = m.call(Static(loops_of_numpy.rows), (function, first, matrix, TupleV(tuple(args[3:])), DictV(m.new(Entries(tuple(more), tuple(more.values()))))), {})
    if dimensions != 2:
        tail = tuple(m.subscript(m.shape(result), Static(k)) for k in range(1, inner + 1))
        result = m.call_row("np.reshape", (result, TupleV((*lead, *tail))), {})
    back = [*range(axis), *range(dimensions - 1, dimensions - 1 + inner), *range(axis, dimensions - 1)]
    return result if back == list(range(len(back))) else m.call_row("np.transpose", (result, Static(tuple(back))), {})


@builtin(np.apply_over_axes)
def _over(m: Calls, args: Args, keywords: Keywords) -> Value:
    function, value, axes = (args[k] if k < len(args) else keywords[name] for k, name in enumerate(("func", "a", "axes")))
    value = m.as_array(value)
    dimensions = rank(m.type(value))
    chosen = m.static(axes, "the axes")
    for axis in [chosen] if isinstance(chosen, int) else chosen:
        assert dimensions is not None
        axis = axis + dimensions if axis < 0 else axis
        result = m.call(function, (value, Static(axis)), {})
        value = result if rank(m.type(result)) == dimensions else m.call_row("np.expand_dims", (result, Static(axis)), {})
    return value


@builtin(np.fromfunction)
def _fromfunction(m: Calls, args: Args, keywords: Keywords) -> Value:
    given = dict(zip(("function", "shape"), args)) | {k: keywords[k] for k in ("function", "shape", "dtype", "like") if k in keywords}
    more = {k: v for k, v in keywords.items() if k not in given}
    indices = m.call_row("astype", (m.call_row("np.indices", (given["shape"],), {}), given.get("dtype", Static(float))), {})
    count = len(m.iterate(given["shape"]))
    return m.call(given["function"], tuple(m.subscript(indices, Static(k)) for k in range(count)), more)


@builtin(np.piecewise)
def _piecewise(m: Calls, args: Args, keywords: Keywords) -> Value:
    x, conditions, functions = m.as_array(args[0]), m.known_contents(args[1]), m.known_contents(args[2])
    if not m.is_number(x) or not rank(m.type(x)):
        m.refuse("`np.piecewise` of a number", "where its conditions hold is looked up in an array", "use `if`")
    if conditions is None or functions is None or not all(m.is_number(c) and rank(m.type(c)) == rank(m.type(x)) for c in conditions):
        m.refuse("`np.piecewise` without a list of conditions and a list of functions", "how many there are must be known",
                 "pass [condition, ...], [function, ...] with arrays of booleans")
    if len(functions) == len(conditions) + 1:
        anywhere = conditions[0]
        for other in conditions[1:]:
            anywhere = m.binary("|", anywhere, other)
        conditions = (*conditions, m.call_row("np.logical_not", (anywhere,), {}))
    if len(functions) != len(conditions):
        m.refuse("`np.piecewise` with another number of functions than of conditions", "NumPy raises ValueError here", "check the lists")
    more = DictV(m.new(Entries(tuple(keywords), tuple(keywords.values()))))
    y = m.call_row("np.zeros_like", (x,), {})
    for condition, function in zip(conditions, functions):
        if is_function(m, function):
            m.call(Static(loops_of_numpy.piece), (function, y, x, condition, TupleV(tuple(args[3:])), more), {})
        else:
            m.write(y, m.operand(condition), m.operand(function))
    return y


# -- the operator module ----------------------------------------------------------------------------------------------


def _binary(symbol: str) -> Any:
    return lambda m, args, keywords: m.binary(symbol, *args)


def _unary(name: str) -> Any:
    return lambda m, args, keywords: m.call_row(name, args, {})


def _comparison(symbol: str) -> Any:
    return lambda m, args, keywords: m.compare(symbol, *args)


for _function, _symbol in ((operator.add, "+"), (operator.sub, "-"), (operator.mul, "*"), (operator.truediv, "/"), (operator.floordiv, "//"),
                           (operator.mod, "%"), (operator.pow, "**"), (operator.matmul, "@"), (operator.and_, "&"), (operator.or_, "|"),
                           (operator.xor, "^"), (operator.lshift, "<<"), (operator.rshift, ">>"), (operator.concat, "+")):
    BUILTINS[_function] = _binary(_symbol)
for _function, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">="), (operator.eq, "=="), (operator.ne, "!="),
                           (operator.is_, "is"), (operator.is_not, "is not")):
    BUILTINS[_function] = _comparison(_symbol)
for _name in ("neg", "pos", "invert"):
    BUILTINS[getattr(operator, _name)] = _unary(_name)
BUILTINS[operator.abs] = lambda m, args, keywords: m.call_static(abs, args, {})
BUILTINS[operator.not_] = lambda m, args, keywords: m.negate(args[0])
BUILTINS[operator.getitem] = lambda m, args, keywords: m.subscript(*args)
BUILTINS[operator.contains] = lambda m, args, keywords: m.contains(args[1], args[0], "in")


@builtin(operator.setitem)
def _setitem(m: Calls, args: Args, keywords: Keywords) -> Value:
    assert isinstance(m.node, ast.expr)
    m.set_item(args[0], args[1], args[2], m.node)
    return NONE


def _getter(kind: str) -> Any:
    return lambda m, args, keywords: Partial(NONE, tuple(args), tuple(keywords.items()), kind)


for _cls in (operator.itemgetter, operator.attrgetter, operator.methodcaller):
    BUILTINS[_cls] = _getter(_cls.__name__)


def getter(m: Calls, f: Any) -> Partial:
    """An itemgetter, attrgetter or methodcaller that was made outside the function."""
    made, args = f.__reduce__()[:2]
    keywords: dict[str, Any] = {}
    if isinstance(made, functools.partial):  # a methodcaller with arguments by name
        args, keywords = (*made.args, *args), made.keywords
    given = tuple(SliceV(Static(a.start), Static(a.stop), Static(a.step)) if isinstance(a, slice) else Static(a) for a in args)
    return Partial(NONE, given, tuple((k, Static(v)) for k, v in keywords.items()), type(f).__name__)


# -- questions about types that are known ------------------------------------------------------------------------------


def _known(function: Any) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        known = [m.static(a, "a type") if not m.is_number(a) else m.type(a).dtype for a in args]  # type: ignore[union-attr]
        return Static(function(*known, **{k: m.static(v, k) for k, v in keywords.items()}))

    return apply


for _f in (np.issubdtype, np.finfo, np.iinfo, np.promote_types, np.dtype):
    BUILTINS[_f] = _known(_f)

__all__ = ["attribute", "call_partial", "common_shape", "dispatched", "dispatched_method", "entry_at", "getter", "is_function", "item_at", "vectorized"]
