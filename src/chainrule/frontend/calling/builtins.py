"""Builtins and methods that act on containers and on the program itself: each as a function of abstract values.

Functions of numbers and arrays are not here; they have rows.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import copy
import dataclasses
import functools
import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.build import type_of
from ...ir.nodes import Lit, Make, Operand, Seq, Var
from ...ir.types import Array, List, Opaque, Scalar, Tuple, kind
from ...rules import random
from ..containers.iterators import VIEWS
from ..execution.values import (
    NONE,
    Bound,
    Closure,
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Manager,
    Method,
    Num,
    Object,
    Partial,
    Range,
    Ref,
    Select,
    SetV,
    SliceV,
    Static,
    TupleV,
    Value,
)
from ..objects import classes
from ..source import MISSING

if TYPE_CHECKING:
    from .calls import Calls

Args = tuple[Value, ...]
Keywords = dict[str, Value]
BUILTINS: dict[Any, Callable[[Calls, Args, Keywords], Value]] = {}
METHODS: dict[tuple[type, str], Callable[[Calls, Any, Args, Keywords], Value]] = {}


# These take a generator as it is; other functions are given its items.
LAZILY: set[Any] = {isinstance, type, callable, print, enumerate, zip, next, iter, getattr, hasattr}


def builtin(*functions: Any) -> Callable[[Any], Any]:
    def register(f: Any) -> Any:
        for function in functions:
            BUILTINS[function] = f
        return f

    return register


def method(owner: type, *names: str) -> Callable[[Any], Any]:
    def register(f: Any) -> Any:
        for name in names:
            METHODS[owner, name] = f
        return f

    return register


@builtin(len)
def _len(m: Calls, args: Args, keywords: Keywords) -> Value:
    (value,) = args
    if isinstance(value, TupleV):
        return Static(len(value.items))
    if isinstance(value, Static):
        return Static(len(value.value))
    if isinstance(value, (ListV, DictV)):
        contents = m.state.heap[value.slot]
        if isinstance(contents, Items):
            return Static(len(contents.items))
        if isinstance(contents, Entries):
            return Static(len(contents.keys))
    if isinstance(value, SetV):
        return Static(len(m.state.heap[value.slot].value()))  # type: ignore[union-attr]
    if isinstance(value, Lazy) and value.kind in VIEWS:
        return Static(len(m.iterate(value)))
    if isinstance(value, IteratorV):
        m.refuse("the length of an iterator is asked for", "Python raises TypeError here", "make a list of it first")
    if isinstance(value, Range):
        return Num(m.trip_count((value.start, value.stop, value.step))) if not isinstance(
            m.trip_count((value.start, value.stop, value.step)), Lit) else Static(m.trip_count((value.start, value.stop, value.step)).value)  # type: ignore[union-attr]
    if m.is_number(value):
        length = m.length(value)
        return Static(length.value) if isinstance(length, Lit) else Num(length)
    return m.call_op("len", (m.operand(value),))


@builtin(bool)
def _bool(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.call_row("bool", args, keywords) if m.is_number(args[0]) else m.truth_of(args[0])


@method(SliceV, "indices")
def _indices(m: Calls, owner: SliceV, args: Args, keywords: Keywords) -> Value:
    start, stop, step = (m.static(part, "an index") for part in (owner.start, owner.stop, owner.step))
    return Static(slice(start, stop, step).indices(m.static(args[0], "a length")))


@builtin(complex)
def _complex(m: Calls, args: Args, keywords: Keywords) -> Value:
    given = dict(zip(("real", "imag"), args)) | keywords
    if all(isinstance(value, Static) for value in given.values()):
        return Static(complex(**{name: value.value for name, value in given.items()}) if keywords else complex(*(a.value for a in args)))  # type: ignore[union-attr]
    if "imag" in given:
        return m.call_row("rt.complex_of", (given.get("real", Static(0.0)), given["imag"]), {})
    return m.call_row("complex", (given["real"],), {})


@builtin(range)
def _range(m: Calls, args: Args, keywords: Keywords) -> Value:
    operands = [m.operand(a) for a in args]
    for operand in operands:
        type = type_of(operand)
        if not isinstance(type, Scalar) or kind(type.dtype) not in "iub":
            m.refuse("`range` of something that is not an integer", "Python raises TypeError here", "convert it with int()")
    if len(operands) == 1:
        return Range(Lit(0), operands[0], Lit(1))
    return Range(operands[0], operands[1], operands[2] if len(operands) > 2 else Lit(1))


def _same(value: Any) -> Any:
    """What `functools.wraps(f)` does, as far as a program can tell that does not look at names."""
    return value


@builtin(functools.wraps)
def _wraps(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(_same)


@builtin(_same)
def _identity(m: Calls, args: Args, keywords: Keywords) -> Value:
    if isinstance(args[0], Closure):
        m.renamed.add(args[0].node)
    return args[0]


@builtin(functools.update_wrapper)
def _update_wrapper(m: Calls, args: Args, keywords: Keywords) -> Value:
    wrapper = args[0] if args else keywords["wrapper"]
    if isinstance(wrapper, Closure):
        m.renamed.add(wrapper.node)
    return wrapper


@builtin(contextlib.contextmanager)
def _contextmanager(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Method(args[0], "%contextmanager") if isinstance(args[0], Closure) else m.call_user(contextlib.contextmanager, args, keywords)


@builtin(warnings.simplefilter, warnings.filterwarnings)
def _filter_warnings(m: Calls, args: Args, keywords: Keywords) -> Value:
    if not m.quiet or m.static(args[0], "what is done with warnings") == "error":
        m.refuse("what is done with warnings is changed", "it is a setting of the whole program", "change it around the gradient call")
    return NONE


def _refused(name: str) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        m.refuse(f"`{name}` is called", "what it does or sees is only known when the program runs", "write the code in the function")

    return apply


BUILTINS.update({f: _refused(f.__name__) for f in (eval, exec, compile, globals, locals, __import__)})


@builtin(slice)
def _slice(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) == 1:
        return SliceV(NONE, args[0], NONE)
    return SliceV(args[0], args[1], args[2] if len(args) > 2 else NONE)


@builtin(isinstance)
def _isinstance(m: Calls, args: Args, keywords: Keywords) -> Value:
    classes = m.static(args[1], "the class")
    if isinstance(args[0], Select):
        select = args[0]
        return m.choose(select.condition, lambda: _isinstance(m, (select.then, args[1]), {}), lambda: _isinstance(m, (select.orelse, args[1]), {}))
    return Static(issubclass(class_of(m, args[0]), classes))


def class_of_constants(function: Any) -> Callable[[Calls, Args, Keywords], Value]:
    """A class that is made of constants."""
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        given = [m.static(a, "what a class is made of") for a in args]
        options = {"module": m.source.globals.get("__name__"), **{name: m.static(value, "what a class is made of") for name, value in keywords.items()}}
        return Static(function(*given, **options))

    return apply


BUILTINS[collections.namedtuple] = class_of_constants(collections.namedtuple)


@builtin(dataclasses.make_dataclass, functools.lru_cache, functools.cache, functools.singledispatch)
def _made_outside(m: Calls, args: Args, keywords: Keywords) -> Value:
    m.refuse("a class, or a function that remembers, is made inside a differentiated function", "it is made anew at each call, and nobody outside has seen it",
             "make it outside")


@builtin(type)
def _type(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) != 1:
        m.refuse("a class is made", "it is not known to the compiler", "define the class outside")
    return Static(class_of(m, args[0]))


_ITERATOR_CLASSES: dict[str, type] = {"zip": zip, "map": map, "enumerate": enumerate, "filter": filter, "generator": types.GeneratorType,
                                      "chosen": types.GeneratorType, "nested": types.GeneratorType}


_VIEW_CLASSES: dict[str, type] = {name: type(getattr({}, name)()) for name in ("items", "keys", "values")}


def _class_of_method(value: Method | Bound) -> type | None:
    """The class of a method: those of builtin classes are functions in C."""
    if isinstance(value, Bound):
        return types.MethodType if isinstance(value.function, (Closure, Static)) else None
    return types.BuiltinFunctionType if not isinstance(value.owner, (Static, Object, Select)) and not value.name.startswith(("_", "%")) else None


def class_of(m: Calls, value: Value) -> type:
    """The Python class of a value."""
    found = known_class(m, value)
    if found is None:
        operand = m.operand(value)
        if m.witness is not None and m.witness.knows(operand) and isinstance(type_of(operand), Scalar):
            with m.at_outermost():
                held = m.b.emit("py.pure", Lit(type), Seq((operand,)), Make(dict, (), ()))
            return m.decide(m.wrap(held), "the class of a number")  # type: ignore[no-any-return]
        m.refuse("the class of this value is needed", "it is only known when the program runs", "do not ask for it")
    return found


def known_class(m: Calls, value: Value) -> type | None:
    """The Python class of a value, where it is known before the program runs."""
    if isinstance(value, Static):
        return type(value.value)
    if isinstance(value, TupleV):
        return value.cls or tuple
    if isinstance(value, (ListV, DictV)):
        return value.cls
    if isinstance(value, SetV):
        return set
    if isinstance(value, IteratorV):
        return _ITERATOR_CLASSES.get(getattr(value.source, "kind", ""), type(iter(())))
    if isinstance(value, Object):
        return value.cls
    if isinstance(value, Range):
        return range
    if isinstance(value, SliceV):
        return slice
    if isinstance(value, (Closure,)):
        return type(class_of)
    if isinstance(value, Generator):
        return types.GeneratorType
    if isinstance(value, Lazy):
        ordered = value.kind in VIEWS and issubclass(getattr(value.parts[0], "cls", object), collections.OrderedDict)
        return None if ordered else _VIEW_CLASSES.get(value.kind)
    if isinstance(value, Partial):
        return functools.partial if value.kind == "partial" else None
    if isinstance(value, (Method, Bound)):
        return _class_of_method(value)
    of = type_of(m.operand(value))
    if isinstance(of, Array) and of.shape is not None:
        return np.ndarray
    if isinstance(of, Scalar) and not of.mixed:
        if of.weak:
            return {"b": bool, "i": int, "f": float, "c": complex}[kind(of.dtype)]
        return type(np.dtype(of.dtype).type(0))
    if isinstance(of, Tuple):
        return tuple
    if isinstance(of, List):
        return list
    if isinstance(of, Opaque) and of.name in ("str", "bytes"):
        return {"str": str, "bytes": bytes}[of.name]
    if isinstance(of, Opaque) and of.name in random.SPECIMENS:
        return type(random.SPECIMENS[of.name])
    return None


@builtin(callable)
def _callable(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(isinstance(args[0], (Closure, Method, Bound, Partial)) or (isinstance(args[0], Object) and classes.raw(args[0].cls, "__call__")[0] is not MISSING) or (isinstance(args[0], Static) and callable(args[0].value)))


@builtin(getattr)
def _getattr(m: Calls, args: Args, keywords: Keywords) -> Value:
    name = m.static(args[1], "an attribute's name")
    if isinstance(args[0], Object) and len(args) > 2:
        owner, flag = args[0], _flag(m, args[0], name)
        if flag is not None:
            return m.choose(flag, lambda: m.attribute(owner, name), lambda: args[2])
        value = classes.find(m, owner, name)
        return args[2] if value is None else value
    if isinstance(args[0], Closure) and len(args) > 2 and not hasattr(class_of, name):  # which is a function, too
        kept = m.kept_attribute(args[0], name)
        return args[2] if kept is None else kept
    return m.attribute(args[0], name)


def _flag(m: Calls, owner: Object, name: str) -> Operand | None:
    """Whether an object has an attribute that is set on some paths only; None for other attributes."""
    flag = classes.entries(m, owner).unsure.get(name)
    if flag is not None and any(classes.raw(owner.cls, member)[0] is not MISSING for member in (name, "__getattr__")):
        m.refuse(f"it is asked whether an object has the attribute `{name}`, which is set on some paths only",
                 "whether it has is only known when the program runs", "set it on every path, for example to None in `__init__`")
    return flag


@builtin(setattr)
def _setattr(m: Calls, args: Args, keywords: Keywords) -> Value:
    m.set_attribute(args[0], m.static(args[1], "an attribute's name"), args[2], m.node or ast.Pass())
    return NONE


@builtin(delattr)
def _delattr(m: Calls, args: Args, keywords: Keywords) -> Value:
    m.delete_attribute(args[0], m.static(args[1], "an attribute's name"), m.node or ast.Pass())
    return NONE


@builtin(vars)
def _vars(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) == 1 and isinstance(args[0], Object):
        return m.attribute(args[0], "__dict__")
    m.refuse("`vars` of something that is not an object", "the names that it has are not known to the compiler", "name the values")


@builtin(dir)
def _dir(m: Calls, args: Args, keywords: Keywords) -> Value:
    if not args:
        m.refuse("`dir` is called", "the names of the gradient's program are others", "name the values")
    return m.perform(Static(dir), args, keywords)


@builtin(dataclasses.replace)
def _replace_fields(m: Calls, args: Args, keywords: Keywords) -> Value:
    owner = args[0]
    assert isinstance(owner, Object)
    given = dict(keywords)
    for f in dataclasses.fields(owner.cls):
        if f.init and f.name not in given:
            given[f.name] = m.attribute(owner, f.name)
        elif not f.init and f.name in given:
            classes.raised(m, ValueError, f"field {f.name} is declared with init=False, it cannot be specified with replace()")
    return m.call_static(owner.cls, (), given)


BUILTINS[dataclasses.asdict] = lambda m, args, keywords: classes.as_data(m, args[0], True)
BUILTINS[dataclasses.astuple] = lambda m, args, keywords: classes.as_data(m, args[0], False)


@builtin(dataclasses.fields)
def _fields(m: Calls, args: Args, keywords: Keywords) -> Value:
    cls: Any = args[0].cls if isinstance(args[0], Object) else m.static(args[0], "the dataclass")
    return TupleV(tuple(Static(f) for f in dataclasses.fields(cls)))


@builtin(dataclasses.is_dataclass)
def _is_dataclass(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(dataclasses.is_dataclass(args[0].cls if isinstance(args[0], Object) else class_of(m, args[0])))


@builtin(dataclasses.dataclass)
def _dataclass(m: Calls, args: Args, keywords: Keywords) -> Value:
    from ..objects.inner_classes import dataclass_options

    return dataclass_options(m, args, keywords)


@builtin(dataclasses.field)
def _field(m: Calls, args: Args, keywords: Keywords) -> Value:
    from ..objects.inner_classes import field_options

    return field_options(m, args, keywords)


@builtin(copy.copy)
def _shallow(m: Calls, args: Args, keywords: Keywords) -> Value:
    return classes.shallow(m, args[0])


@builtin(copy.deepcopy)
def _deep(m: Calls, args: Args, keywords: Keywords) -> Value:
    return classes.copied(m, args[0], {})


@builtin(hasattr)
def _hasattr(m: Calls, args: Args, keywords: Keywords) -> Value:
    name = m.static(args[1], "an attribute's name")
    if isinstance(args[0], Object):
        flag = _flag(m, args[0], name)
        return Static(classes.find(m, args[0], name) is not None) if flag is None else m.wrap(flag)
    if isinstance(args[0], Static):
        return Static(hasattr(args[0].value, name))
    if isinstance(args[0], Closure) and m.kept_attribute(args[0], name) is not None:
        return Static(True)
    if isinstance(args[0], (Partial, Method, Bound)):
        return Static(hasattr(functools.partial if isinstance(args[0], Partial) else types.MethodType, name))
    return Static(hasattr(class_of(m, args[0]), name))


@builtin(print)
def _print(m: Calls, args: Args, keywords: Keywords) -> Value:
    from .effects import visible

    m.b.effect("py.print", Seq(tuple(visible(m, a) for a in args)), Make(dict, tuple(keywords), tuple(m.operand(v) for v in keywords.values())))
    return NONE


def _to_text(function: Any) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        if len(args) == 1 and isinstance(args[0], Object) and issubclass(args[0].cls, BaseException) and function is str:
            return m.exception_text(args[0])
        if all(isinstance(a, Static) for a in args):
            return Static(function(*(a.value for a in args)))  # type: ignore[union-attr]
        return Num(m.b.emit("py.pure", Lit(function), Seq(tuple(m.operand(a) for a in args)), Make(dict, (), ()), type=Opaque("str")))

    return apply


for _f in (str, repr, format):
    BUILTINS[_f] = _to_text(_f)


@method(Closure, "%contextmanager")
def _manager(m: Calls, owner: Closure, args: Args, keywords: Keywords) -> Value:
    given = TupleV((owner, TupleV(args), DictV(m.new(Entries(tuple(keywords), tuple(keywords.values()))))))
    return Manager("generator", (given, NONE))


__all__ = ["BUILTINS", "METHODS", "Ref", "Var", "builtin", "class_of", "known_class", "method"]
