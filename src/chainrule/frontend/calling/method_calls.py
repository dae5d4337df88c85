"""Calls of methods: of objects of the user's, of values of builtin classes and of NumPy's, and of objects that nobody looks into."""
from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING

import numpy as np

from ...ir.build import type_of
from ...ir.ops import OPS
from ...ir.types import Opaque, Scalar, differentiable, kind, rank
from ...rules import effects as effect_rules
from ...rules import methods, random, registry
from ..containers import lists
from ..execution.machine import describe
from ..execution.values import (
    DictV,
    Generator,
    Lazy,
    ListV,
    Num,
    Object,
    Range,
    Ref,
    Select,
    SetV,
    Static,
    TupleV,
    Value,
)
from ..memory import writes
from ..objects import classes, overloads

if TYPE_CHECKING:
    from .calls import Calls

VALUES = (ListV, DictV, SetV, Range, TupleV, Ref, Num, Select)  # of builtin classes and of NumPy's


class NotKnown(Exception):
    pass


def call_method(m: Calls, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    from . import special as special_methods
    from .tables import METHODS

    if isinstance(owner, Object) and isinstance(dispatching := classes.raw(owner.cls, name)[0], functools.singledispatchmethod):
        from .functionals import dispatched_method

        return m.call(Static(dispatched_method(m, dispatching, args)), (owner, *args), keywords)
    if isinstance(owner, (Object, Select)) and not m.is_number(owner):
        method = overloads.method_of(m, owner, name, f"has no method {name!r}") if name.startswith("__") and isinstance(owner, Object) \
            else m.attribute(owner, name)
        return m.call(method, args, keywords)
    if isinstance(owner, Generator):
        from .progress import bar_of

        owner = bar_of(m, owner) or owner
    special = METHODS.get((type(owner), name))
    if special is None and isinstance(owner, Lazy):
        special = METHODS.get((Lazy, f"{owner.kind}.{name}"))
    if special is not None:
        return special(m, owner, args, keywords)
    if isinstance(owner, TupleV) and owner.cls is not None and isinstance(function := getattr(owner.cls, name), types.FunctionType):
        return m.call(Static(function), (owner, *args), keywords)
    if isinstance(owner, DictV) and isinstance(function := getattr(owner.cls, name, None), types.FunctionType):
        return m.call(Static(function), (owner, *args), keywords)  # of a Counter
    if name.startswith("__") and isinstance(owner, VALUES) and (found := special_methods.called(m, owner, name, args, keywords)) is not None:
        return found
    if m.is_number(owner):
        return m.number_method(owner, name, args, keywords)
    if isinstance(owner, Static):
        value = owner.value
        if isinstance(value, (str, bytes, tuple, int, float, dict, frozenset)):
            try:
                return m.of_python(getattr(value, name)(*(m.known(a) for a in args), **{k: m.known(v) for k, v in keywords.items()}))
            except NotKnown:
                from .effects import text_method

                text = text_method(m, value, name, args, keywords) if isinstance(value, str) else (
                    special_methods.called(m, owner, name, args, keywords))
                if text is not None:
                    return text
        bound = getattr(value, name)
        return m.call_static(bound, args, keywords)
    if isinstance(owner, Num) and isinstance(type_of(owner.operand), Opaque):
        return opaque_method(m, owner, name, args, keywords)
    m.refuse(f"{describe(owner)} has no method `{name}` here", "it is not known to the compiler", "use a function of NumPy or plain Python")


def number_method(m: Calls, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    if name == "item" and args:
        index = args[0] if len(args) == 1 else TupleV(args)
        whole = owner if isinstance(index, TupleV) or rank(m.type(owner)) == 1 else m.call_row("np.reshape", (owner, Static(-1)), {})
        return m.call_row("rt.item", (m.subscript(whole, index),), {})
    if name == "item" and not args:
        return m.call_row("rt.item", (owner,), {}) if "rt.item" in OPS else m.call_static(float, (owner,), {})
    if name in registry.WRITING_METHODS:
        return writes.call_writer(m, registry.WRITING_METHODS[name], (owner, *args), keywords)
    if name == "tolist":
        return lists.listed(m, owner)
    if name in ("bit_length", "bit_count", "as_integer_ratio") and isinstance(type := m.type(owner), Scalar) and kind(type.dtype) in "iub":
        return Static(getattr(int(m.static(owner, "an integer")), name)())
    if name in methods.COMPOSED:
        function, place = methods.COMPOSED[name]
        return m.call_static(getattr(np, function), (*args[:place], owner, *args[place:]), keywords)
    if name in methods.REFUSED:
        m.refuse(f"the array method `{name}` is called", methods.REFUSED[name], "write it with functions of NumPy")
    if name not in registry.METHODS:
        m.refuse(f"the array method `{name}` is not supported yet", "it has no rule", "use a NumPy function that has one")
    op = methods.WITH_ARGUMENTS.get(name, registry.METHODS[name]) if args or keywords else registry.METHODS[name]
    if name in ("reshape", "transpose") and len(args) != 1:
        args = (TupleV(args),) if args else ()
    return m.call_row(op, (owner, *args), keywords)


def is_opaque(m: Calls, value: Value) -> bool:
    """Whether a value is an object that the compiler cannot look into, and no text."""
    return isinstance(value, Num) and isinstance(of := type_of(value.operand), Opaque) and of.name not in ("str", "bytes")


def is_declared(m: Calls, owner: Value) -> bool:
    """Whether the methods of an object are in the tables of draws and effects: then it may be another one at each call."""
    of = type_of(owner.operand) if isinstance(owner, Num) else None
    return isinstance(of, Opaque) and (of.name in random.SPECIMENS or effect_rules.is_declared(of))


def opaque_method(m: Calls, owner: Num, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """A method of an object that carries no derivative (a random Generator, a string): called once, as it stands."""
    from . import draws, effects

    result = draws.of_object(m, owner, name, args, keywords) or effects.of_object(m, owner, name, args, keywords)
    if result is not None:
        return result
    if m.witness is not None:
        return m.perform_method(owner, name, args, keywords)
    operands = tuple(m.operand(a) for a in args)
    if any(differentiable(type_of(v)) for v in operands):
        m.refuse(f"`{name}` of an object that the compiler does not know is given numbers that may carry a derivative",
                    "what it does with them is not known", "compute the numbers outside of the object")
    m.refuse(f"`{name}` of an object that the compiler does not know", "the type of its result is not known", "call it outside, and pass the result in")


__all__ = ["VALUES", "NotKnown", "call_method", "is_declared", "is_opaque", "number_method"]
