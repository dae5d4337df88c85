"""Operators on objects of the user's classes: which special method Python calls, in which order, and what NumPy leaves to it.

`a + b` is `a.__add__(b)`, and `b.__radd__(a)` if that is not there or returns NotImplemented, or first if b's class is a subclass of
a's that has another one. An array or NumPy number on the left leaves the operation to an object whose class has
`__array_ufunc__ = None` or a higher `__array_priority__`; otherwise a NumPy number hands itself over as a number of Python's, and an array takes the
object for a number, element by element, which is refused.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.build import type_of
from ...ir.types import Array, Scalar
from ..execution.machine import describe
from ..execution.values import NONE, Entries, Items, IteratorV, Lazy, ListV, Object, Select, Static, TupleV, Value
from ..source import MISSING
from . import classes

if TYPE_CHECKING:
    from ..calling.calls import Calls

ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
              "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift"}
COMPARISON = {"<": ("__lt__", "__gt__"), "<=": ("__le__", "__ge__"), ">": ("__gt__", "__lt__"), ">=": ("__ge__", "__le__"),
              "==": ("__eq__", "__eq__"), "!=": ("__ne__", "__ne__")}
UNARY = {"neg": "__neg__", "pos": "__pos__", "invert": "__invert__"}
_NOT_DONE = Static(NotImplemented)


def has_methods(value: Value) -> bool:
    """Whether operators on this value are special methods of the user's."""
    if isinstance(value, Select):
        return has_methods(value.then) or has_methods(value.orelse)
    return isinstance(value, Object) or (isinstance(value, TupleV) and value.cls is not None)


def either(m: Calls, values: tuple[Value, ...], use: Callable[..., Value]) -> Value | None:
    """Use one of two values by its condition, where operands are such and one of them is an object."""
    for n, value in enumerate(values):
        if isinstance(value, Select) and has_methods(value):
            sides = [functools.partial(use, *values[:n], side, *values[n + 1:]) for side in (value.then, value.orelse)]
            return m.choose(value.condition, *sides)
    return None


def binary(m: Calls, op: str, a: Value, b: Value) -> Value | None:
    """`a op b`; None if neither is an object with special methods."""
    if not (has_methods(a) or has_methods(b)):
        return None
    chosen = either(m, (a, b), lambda x, y: m.binary(op, x, y))
    if chosen is not None:
        return chosen
    name = ARITHMETIC[op]
    result = tried(m, a, b, f"__{name}__", f"__r{name}__")
    if result is not _NOT_DONE:
        return result
    if not (isinstance(a, Object) or isinstance(b, Object)):
        return None  # named tuples: they are tuples, too
    return classes.raised(m, TypeError, f"unsupported operand type(s) for {op}: {title(m, a)!r} and {title(m, b)!r}")


def tried(m: Calls, a: Value, b: Value, name: str, reflected: str) -> Value:
    """`a.name(b)`, `b.reflected(a)`, in Python's order; NotImplemented if neither can."""
    first, second = (classes.special(m, v, n) for v, n in ((a, name), (b, reflected)))
    if isinstance(a, (Object, TupleV)) and isinstance(b, (Object, TupleV)):
        mine, theirs = of_class(a), of_class(b)
        if mine is theirs and name not in _COMPARISONS:
            second = None
        elif mine is not theirs and issubclass(theirs, mine) and second is not None and (
                name == reflected or name in _COMPARISONS or classes.raw(theirs, reflected)[0] is not classes.raw(mine, reflected)[0]):
            result = done(m, m.call(second, (a,), {}), reflected)
            if result is not _NOT_DONE:
                return result
            second = None
    if first is not None:
        result = done(m, m.call(first, (b,), {}), name)
        if result is not _NOT_DONE:
            return result
    if second is not None:
        if m.is_number(a) or (isinstance(a, Static) and isinstance(a.value, np.generic)):
            a = handed_over(m, a, b, name)
        return done(m, m.call(second, (a,), {}), reflected)
    if (m.is_number(a) and isinstance(b, Object)) or (m.is_number(b) and isinstance(a, Object)):
        if any(isinstance(m.type(v), Array) for v in (a, b) if m.is_number(v)):
            m.refuse(f"NumPy takes {describe(b if m.is_number(a) else a)} for a number", "it would make an array of objects",
                     f"define `{name}` and `{reflected}`, and `__array_ufunc__ = None` in the class")
    return _NOT_DONE


_COMPARISONS = {name for pair in COMPARISON.values() for name in pair}


def of_class(value: Value) -> type:
    return value.cls or tuple  # type: ignore[union-attr]


def title(m: Calls, value: Value) -> str:
    from ..calling.builtins import class_of

    return class_of(m, value).__name__


def done(m: Calls, result: Value, name: str) -> Value:
    """The result of a special method; it must be known whether that is NotImplemented."""
    if isinstance(result, Static) and result.value is NotImplemented:
        return _NOT_DONE
    if isinstance(result, Select) and _may_decline(result):
        m.refuse(f"`{name}` returns NotImplemented on some paths only", "which method is called next is only known when the program runs",
                 "decide it by the class of the operand")
    return result


def _may_decline(value: Value) -> bool:
    if isinstance(value, Select):
        return _may_decline(value.then) or _may_decline(value.orelse)
    return isinstance(value, Static) and value.value is NotImplemented


def handed_over(m: Calls, number: Value, other: Value, name: str) -> Value:
    """What the reflected method of an object gets from a number on the left: NumPy has a say in it."""
    type = type_of(m.operand(number))
    if isinstance(type, Scalar) and type.weak and not type.mixed:
        return number  # a number of Python's
    cls = of_class(other)
    ufunc = classes.raw(cls, "__array_ufunc__")[0]
    if ufunc is None:
        return number
    if ufunc is not MISSING:
        m.refuse(f"NumPy asks `{cls.__name__}.__array_ufunc__` what to do", "it is called with a ufunc, and does what it wants",
                 "set `__array_ufunc__ = None`, and define the reflected operators")
    priority = getattr(cls, "__array_priority__", -1000000.0)
    if isinstance(type, Array) and type.shape is None:
        m.refuse("an array or a number meets an object", "which of them it is is only known when the program runs",
                 f"set `__array_ufunc__ = None` in `{cls.__name__}`")
    if priority > (0.0 if isinstance(type, Array) else -1000000.0):
        return number
    like = [n for n in ("__array__", "__array_interface__", "__array_struct__", "__getitem__", "__len__", "__buffer__") if classes.raw(cls, n)[0] is not MISSING]
    if isinstance(type, Array) or like:
        m.refuse(f"NumPy takes an object of `{cls.__name__}` for {'an array' if like else 'a number'}", "it would not call the method of the class",
                 f"set `__array_ufunc__ = None` in `{cls.__name__}`, or put the object on the left")
    return m.call_row("rt.item", (number,), {})


def compare(m: Calls, op: str, a: Value, b: Value) -> Value | None:
    """`a op b`; None if neither is an object with special methods."""
    if op not in COMPARISON or not (has_methods(a) or has_methods(b)):
        return None
    chosen = either(m, (a, b), lambda x, y: m.compare(op, x, y))
    if chosen is not None:
        return chosen
    name, reflected = COMPARISON[op]
    result = unequal(m, a, b) if op == "!=" else tried(m, a, b, name, reflected)
    if result is not _NOT_DONE:
        return result
    if not (isinstance(a, Object) or isinstance(b, Object)):
        return None
    if op in ("==", "!="):
        same = m.same_object(a, b)
        if same is None:
            m.refuse("it is asked whether two objects are one", "which objects they are is only known when the program runs", "compare an attribute")
        return Static(same == (op == "=="))
    return classes.raised(m, TypeError, f"{op!r} not supported between instances of {title(m, a)!r} and {title(m, b)!r}")


def lexicographic(m: Calls, op: str, a: tuple[Value, ...], b: tuple[Value, ...]) -> Value:
    """`<`, `<=`, `>` or `>=` of tuples or lists: the first items that differ decide."""
    if not a or not b:
        return m.compare(op, Static(len(a)), Static(len(b)))
    decided = m.compare(op[0], a[0], b[0])
    return m.both(decided, lambda: m.both(m.compare("==", a[0], b[0]), lambda: lexicographic(m, op, a[1:], b[1:]), is_and=True), is_and=False)


def unequal(m: Calls, a: Value, b: Value) -> Value:
    """`a != b`: what `__ne__` says, or the contrary of what `__eq__` says."""
    own = [classes.special(m, v, "__ne__") for v in (a, b)]
    if any(own):
        return tried(m, a, b, "__ne__", "__ne__")
    equal = tried(m, a, b, "__eq__", "__eq__")
    return equal if equal is _NOT_DONE else negation(m, equal)


def negation(m: Calls, value: Value) -> Value:
    known = m.truth(value)
    return Static(not known) if known is not None else m.call_op("not", (m.condition(value),))


def unary(m: Calls, op: str, value: Value) -> Value | None:
    """`-value`, `+value`, `~value`."""
    if not isinstance(value, Object):
        chosen = either(m, (value,), lambda v: unary(m, op, v) or m.call_op(op, (m.operand(v),)))
        if chosen is not None:
            return chosen
        if not isinstance(value, TupleV):
            return None
    method = classes.special(m, value, UNARY[op])
    if method is None:
        classes.raised(m, TypeError, f"bad operand type for unary {op}: {title(m, value)!r}")
    return m.call(method, (), {})


def in_place(m: Calls, op: str, old: Value, value: Value) -> Value | None:
    """The new value of `old op= value`; None if neither is an object with special methods."""
    if not (has_methods(old) or has_methods(value)):
        return None
    if isinstance(old, Object):
        name = f"__i{ARITHMETIC[op]}__"
        method = classes.special(m, old, name)
        if method is not None:
            result = done(m, m.call(method, (value,), {}), name)
            if result is not _NOT_DONE:
                return result
        return m.binary(op, old, value)
    if isinstance(old, Select) and has_methods(old):
        return m.choose(old.condition, lambda: in_place(m, op, old.then, value) or m.binary(op, old.then, value),
                        lambda: in_place(m, op, old.orelse, value) or m.binary(op, old.orelse, value))
    if m.is_number(old) and isinstance(m.type(old), Array) and has_methods(value):
        m.refuse(f"`{op}=` of an array and {describe(value)}", "in place, NumPy takes it for a number", f"write `x = x {op} ...`")
    return m.binary(op, old, value) if isinstance(value, Object) and not isinstance(old, ListV) else None


# -- truth, length, items ------------------------------------------------------------------------------------------------


def truth_value(m: Calls, value: Object) -> Value:
    """What decides whether an object is true: `__bool__`, or `__len__`, or that it is there."""
    method = classes.special(m, value, "__bool__")
    if method is not None:
        return m.call(method, (), {})
    method = classes.special(m, value, "__len__")
    return Static(True) if method is None else m.compare("!=", m.call(method, (), {}), Static(0))


def method_of(m: Calls, value: Value, name: str, what: str) -> Value:
    method = classes.special(m, value, name)
    return method if method is not None else classes.raised(m, TypeError, f"{title(m, value)!r} object {what}")


def subscript(m: Calls, owner: Object, index: Value) -> Value:
    """`owner[index]`."""
    return m.call(method_of(m, owner, "__getitem__", "is not subscriptable"), (index,), {})


def set_item(m: Calls, owner: Object, index: Value, value: Value) -> None:
    """`owner[index] = value`."""
    m.call(method_of(m, owner, "__setitem__", "does not support item assignment"), (index, value), {})


def contains(m: Calls, owner: Object, item: Value) -> Value:
    """`item in owner`, as a boolean."""
    method = classes.special(m, owner, "__contains__")
    if method is not None:
        result = m.call(method, (item,), {})
        known = m.truth(result)
        return Static(known) if known is not None else negation(m, negation(m, result))
    found = m.contains(item, iterator(m, owner), "in")
    return found


def iterator(m: Calls, owner: Object) -> Value:
    """What a loop over the object goes over: what `__iter__` returns."""
    method = classes.special(m, owner, "__iter__")
    if method is None:
        if classes.special(m, owner, "__getitem__") is not None:
            m.refuse(f"a loop over an object of `{owner.cls.__name__}`, which has `__getitem__` only", "it ends when that raises IndexError",
                     "define `__iter__`")
        classes.raised(m, TypeError, f"{owner.cls.__name__!r} object is not iterable")
    result = m.call(method, (), {})
    if isinstance(result, Object):
        if classes.special(m, result, "__next__") is None:
            classes.raised(m, TypeError, f"iter() returned non-iterator of type {result.cls.__name__!r}")
        return IteratorV(m.new(Entries((), ())), Lazy("object", (result,)))
    return result


# -- builtins ---------------------------------------------------------------------------------------------------------------

_ONE: dict[Any, str] = {abs: "__abs__", len: "__len__", int: "__int__", float: "__float__", complex: "__complex__", round: "__round__",
                        str: "__str__", repr: "__repr__", bytes: "__bytes__", math.floor: "__floor__", math.ceil: "__ceil__", math.trunc: "__trunc__",
                        reversed: "__reversed__", hash: "__hash__", np.abs: "", divmod: "__divmod__", pow: "__pow__"}


_CONSUMERS = frozenset({sum, list, tuple, set, frozenset, dict, min, max, sorted, any, all, zip, enumerate, map, filter})


def special_of(value: Object, name: str) -> bool:
    return classes.raw(value.cls, name)[0] is not MISSING


def builtin(m: Calls, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """A builtin of an object: a special method. None if the builtin does not ask the object."""
    if not args or not any(has_methods(a) for a in args) or (isinstance(args[0], Object) and issubclass(args[0].cls, BaseException)):
        return None
    chosen = either(m, args, lambda *given: m.call_static(f, given, keywords)) if _hashable(f) and f in _ONE else None
    if chosen is not None:
        return chosen
    owner = args[0]
    if _hashable(f) and f in _CONSUMERS and (len(args) == 1 or f not in (min, max)) and any(isinstance(a, Object) for a in args):
        return m.call_static(f, tuple(iterator(m, a) if isinstance(a, Object) and special_of(a, "__iter__") else a for a in args), keywords) if any(
            isinstance(a, Object) and special_of(a, "__iter__") for a in args) else None
    if f is bool and isinstance(owner, Object):
        value = truth_value(m, owner)
        known = m.truth(value)
        return Static(known) if known is not None else negation(m, negation(m, value))
    if f is iter and len(args) == 1 and isinstance(owner, Object):
        return iterator(m, owner)
    if f is format and isinstance(owner, Object) and isinstance(classes.raw(owner.cls, "__format__")[0], (types.FunctionType, classes.Inner)):
        return m.call(m.attribute(owner, "__format__"), args[1:] or (Static(""),), {})
    if f is divmod and len(args) == 2:
        return tried(m, args[0], args[1], "__divmod__", "__rdivmod__")
    if f is pow and len(args) == 2:
        return m.binary("**", args[0], args[1])
    if _hashable(f) and f in _ONE and isinstance(owner, (Object, TupleV)):
        name = _ONE[f]
        if f is float and isinstance(owner, Object) and classes.special(m, owner, name) is None:
            name = "__index__"
        if f is str and classes.special(m, owner, name) is None:
            name = "__repr__"
        method = classes.special(m, owner, name) if name else None
        if method is not None:
            return m.call(method, args[1:], keywords)
        if isinstance(owner, Object) and f in (abs, len, int, float, complex, round, reversed):
            classes.raised(m, TypeError, f"bad operand type for {f.__name__}(): {owner.cls.__name__!r}")
        if isinstance(owner, Object):
            m.refuse(f"`{getattr(f, '__name__', f)}` of an object", f"`{owner.cls.__name__}` does not say what it is", f"define `{name or '__abs__'}`")
    return None


def index_of(m: Calls, value: Object) -> Value:
    """An object as an index: what `__index__` says."""
    method = classes.special(m, value, "__index__")
    if method is None:
        classes.raised(m, TypeError, f"{value.cls.__name__!r} object cannot be interpreted as an integer")
    return m.call(method, (), {})


def _hashable(f: Any) -> bool:
    try:
        hash(f)
    except TypeError:
        return False
    return True


def reject_object(m: Calls, value: Value, what: str) -> None:
    """Functions of NumPy take an object for an array of one object."""
    if isinstance(value, Object):
        m.refuse(f"{what} is given an object of `{value.cls.__name__}`", "NumPy would ask it for an array, or make an array of objects",
                 "pass the array that it holds")


__all__ = ["NONE", "Entries", "Items", "ListV", "binary", "builtin", "compare", "in_place"]
