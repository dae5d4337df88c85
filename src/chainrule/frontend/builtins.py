"""Builtins and methods that act on containers and on the program itself: each as a function of abstract values.

Functions of numbers and arrays are not here; they have rows.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import dataclasses
import functools
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.build import type_of
from ..ir.nodes import Lit, Make, Seq, Var
from ..ir.types import Array, List, Opaque, Scalar, Tuple, kind
from . import classes
from .source import MISSING
from .values import (
    NONE,
    Bound,
    Closure,
    DictV,
    Entries,
    Items,
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
    SliceV,
    Static,
    TupleV,
    Value,
)

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
    if isinstance(value, Range):
        return Num(m.trip_count((value.start, value.stop, value.step))) if not isinstance(
            m.trip_count((value.start, value.stop, value.step)), Lit) else Static(m.trip_count((value.start, value.stop, value.step)).value)  # type: ignore[union-attr]
    if m.is_number(value):
        length = m.length(value)
        return Static(length.value) if isinstance(length, Lit) else Num(length)
    return m.call_op("len", (m.operand(value),))


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


@builtin(enumerate)
def _enumerate(m: Calls, args: Args, keywords: Keywords) -> Value:
    start = args[1] if len(args) > 1 else keywords.get("start", Static(0))
    return Lazy("enumerate", (args[0], start))


@builtin(zip)
def _zip(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Lazy("zip", args)


def _same(value: Any) -> Any:
    """What `functools.wraps(f)` does, as far as a program can tell that does not look at names."""
    return value


@builtin(functools.wraps)
def _wraps(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(_same)


@builtin(_same)
def _identity(m: Calls, args: Args, keywords: Keywords) -> Value:
    return args[0]


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


@builtin(iter)
def _iter(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.iterator(args[0])


@builtin(next)
def _next(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.next_item(args[0], args[1:])


@builtin(reversed)
def _reversed(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Lazy("reversed", args)


@builtin(map)
def _map(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) > 2:
        items = [m.iterate(a) for a in args[1:]]
        return TupleV(tuple(m.call(args[0], each, {}) for each in zip(*items)))
    known = m.known_items(args[1])
    if known is None:
        return Lazy("map", args)
    return TupleV(tuple(m.call(args[0], (item,), {}) for item in known))


@builtin(list)
def _list(m: Calls, args: Args, keywords: Keywords) -> Value:
    if not args:
        return ListV(m.new(Items(())))
    value = args[0]
    if isinstance(value, ListV) and not isinstance(m.state.heap[value.slot], Items):
        return ListV(m.new(m.b.emit("copy", m.operand(value))))
    return ListV(m.new(Items(m.iterate(value))))


@builtin(tuple)
def _tuple(m: Calls, args: Args, keywords: Keywords) -> Value:
    if args and isinstance(args[0], Num) and isinstance(type_of(args[0].operand), Tuple):
        return args[0]
    return TupleV(m.iterate(args[0]) if args else ())


@builtin(dict)
def _dict(m: Calls, args: Args, keywords: Keywords) -> Value:
    entries = Entries((), ())
    if args:
        if isinstance(args[0], DictV):
            held = m.state.heap[args[0].slot]
            assert isinstance(held, Entries)
            entries = held
        else:
            for pair in m.iterate(args[0]):
                key, value = m.iterate(pair)
                entries = entries.put(m.static(key, "a dictionary's key"), value)
    for name, value in keywords.items():
        entries = entries.put(name, value)
    return DictV(m.new(entries))


@builtin(slice)
def _slice(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) == 1:
        return SliceV(NONE, args[0], NONE)
    return SliceV(args[0], args[1], args[2] if len(args) > 2 else NONE)


@builtin(sum)
def _sum(m: Calls, args: Args, keywords: Keywords) -> Value:
    start = args[1] if len(args) > 1 else keywords.get("start", Static(0))
    items = m.known_items(args[0])
    if items is not None:
        total = start
        for item in items:
            total = m.binary("+", total, item)
        return total
    if isinstance(args[0], ListV):
        return m.call_row("sum", (args[0], start), {})
    if m.is_number(args[0]):
        total = m.call_row("np.sum", (args[0],), {"axis": Static(0)})
        return total if isinstance(start, Static) and start.value == 0 else m.binary("+", start, total)
    total = start
    for item in m.iterate(args[0]):
        total = m.binary("+", total, item)
    return total


def _extreme(name: str, row: str) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        if "key" in keywords or "default" in keywords:
            m.refuse(f"`{name}` with `key` or `default`", "this is not supported yet", "compare the values yourself")
        if len(args) == 1 and m.is_number(args[0]):
            return m.call_row(row, args, {})
        if len(args) == 1 and isinstance(args[0], ListV) and not isinstance(m.state.heap[args[0].slot], Items):
            return m.call_row(name, args, {})
        items = args if len(args) > 1 else m.iterate(args[0])
        if len(items) == 1:
            return items[0]
        if not items:
            m.fail(ValueError, Static(f"{name}() iterable argument is empty"))
        if all(isinstance(i, Static) for i in items):
            return Static((min if name == "min" else max)(i.value for i in items))  # type: ignore[union-attr]
        return m.call_row(name, items, {})

    return apply


BUILTINS[min] = _extreme("min", "np.min")
BUILTINS[max] = _extreme("max", "np.max")


@builtin(sorted)
def _sorted(m: Calls, args: Args, keywords: Keywords) -> Value:
    items = m.iterate(args[0])
    if not all(isinstance(i, Static) for i in items):
        m.refuse("`sorted` of values that are not known", "the order depends on values", "use np.sort on an array")
    reverse = m.truth(keywords.get("reverse", Static(False)))
    return ListV(m.new(Items(tuple(sorted(items, key=lambda i: i.value, reverse=bool(reverse))))))  # type: ignore[union-attr]


def _any_all(is_all: bool) -> Callable[[Calls, Args, Keywords], Value]:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        result: Value = Static(is_all)
        for item in m.iterate(args[0]):
            result = m.both(result, lambda item=item: item, is_and=is_all)  # type: ignore[misc]
        return result

    return apply


BUILTINS[any], BUILTINS[all] = _any_all(False), _any_all(True)


@builtin(isinstance)
def _isinstance(m: Calls, args: Args, keywords: Keywords) -> Value:
    classes = m.static(args[1], "the class")
    if isinstance(args[0], Select):
        select = args[0]
        return m.choose(select.condition, lambda: _isinstance(m, (select.then, args[1]), {}), lambda: _isinstance(m, (select.orelse, args[1]), {}))
    return Static(issubclass(class_of(m, args[0]), classes))


@builtin(type)
def _type(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) != 1:
        m.refuse("a class is made", "it is not known to the compiler", "define the class outside")
    return Static(class_of(m, args[0]))


def class_of(m: Calls, value: Value) -> type:
    """The Python class of a value."""
    if isinstance(value, Static):
        return type(value.value)
    if isinstance(value, TupleV):
        return value.cls or tuple
    if isinstance(value, (ListV,)):
        return list
    if isinstance(value, DictV):
        return dict
    if isinstance(value, Object):
        return value.cls
    if isinstance(value, Range):
        return range
    if isinstance(value, (Closure,)):
        return type(class_of)
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
    m.refuse("the class of this value is needed", "it is only known when the program runs", "do not ask for it")


@builtin(callable)
def _callable(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(isinstance(args[0], (Closure, Method, Bound, Partial)) or (isinstance(args[0], Object) and classes.raw(args[0].cls, "__call__")[0] is not MISSING) or (isinstance(args[0], Static) and callable(args[0].value)))


@builtin(getattr)
def _getattr(m: Calls, args: Args, keywords: Keywords) -> Value:
    name = m.static(args[1], "an attribute's name")
    if isinstance(args[0], Object) and len(args) > 2:
        value = _certain(m, args[0], name)
        return args[2] if value is None else value
    return m.attribute(args[0], name)


def _certain(m: Calls, owner: Object, name: str) -> Value | None:
    """An attribute of an object; None if it has none."""
    if name in classes.entries(m, owner).unsure:
        m.refuse(f"it is asked whether an object has the attribute `{name}`, which is set on some paths only",
                 "whether it has is only known when the program runs", "set it on every path, for example to None in `__init__`")
    return classes.find(m, owner, name)


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
    from .inner_classes import dataclass_options

    return dataclass_options(m, args, keywords)


@builtin(dataclasses.field)
def _field(m: Calls, args: Args, keywords: Keywords) -> Value:
    from .inner_classes import field_options

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
        return Static(_certain(m, args[0], name) is not None)
    if isinstance(args[0], Static):
        return Static(hasattr(args[0].value, name))
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


# -- methods of containers --------------------------------------------------------------------------------------


@method(ListV, "append")
def _append(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    m.append(owner, args[0])
    return NONE


@method(ListV, "extend")
def _extend(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    for item in m.iterate(args[0]):
        m.append(owner, item)
    return NONE


@method(ListV, "pop")
def _pop(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    contents = m.state.heap[owner.slot]
    if isinstance(contents, Items):
        number = m.static(args[0], "an index") if args else -1
        items = list(contents.items)
        value = items.pop(number)
        m.change(owner.slot, Items(tuple(items)))
        return value
    if args:
        m.refuse("`pop` at a position of a list of unknown length", "this is not supported yet", "use `pop()`")
    value = m.subscript(owner, Static(-1))
    m.change(owner.slot, m.b.emit("list_drop", m.operand(owner)))
    return value


@method(ListV, "insert")
def _insert(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    contents = m.state.heap[owner.slot]
    if not isinstance(contents, Items):
        m.refuse("`insert` into a list of unknown length", "this is not supported yet", "use `append`")
    items = list(contents.items)
    items.insert(m.static(args[0], "an index"), args[1])
    m.change(owner.slot, Items(tuple(items)))
    return NONE


@method(ListV, "copy")
def _list_copy(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    copied: Value = _list(m, (owner,), {})
    return copied


@method(ListV, "reverse")
def _reverse(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    contents = m.state.heap[owner.slot]
    if not isinstance(contents, Items):
        m.refuse("`reverse` of a list of unknown length", "this is not supported yet", "loop over `reversed(...)`")
    m.change(owner.slot, Items(tuple(reversed(contents.items))))
    return NONE


def _entries(m: Calls, owner: DictV) -> Entries:
    entries = m.state.heap[owner.slot]
    assert isinstance(entries, Entries)
    return entries


@method(DictV, "items")
def _items(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    entries = _entries(m, owner)
    return TupleV(tuple(TupleV((Static(k), v)) for k, v in zip(entries.keys, entries.values)))


@method(DictV, "keys")
def _keys(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return TupleV(tuple(Static(k) for k in _entries(m, owner).keys))


@method(DictV, "values")
def _values(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return TupleV(_entries(m, owner).values)


@method(DictV, "get")
def _get(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.static(args[0], "a dictionary's key")
    entries = _entries(m, owner)
    return entries.get(key) if key in entries.keys else (args[1] if len(args) > 1 else NONE)


@method(DictV, "pop")
def _dict_pop(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.static(args[0], "a dictionary's key")
    entries = _entries(m, owner)
    if key not in entries.keys:
        if len(args) > 1:
            return args[1]
        m.refuse(f"the dictionary has no key {key!r}", "it would raise KeyError", "check the key")
    m.change(owner.slot, entries.drop(key))
    return entries.get(key)


@method(DictV, "update")
def _update(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    entries = _entries(m, owner)
    new = dict(keywords)
    if args:
        assert isinstance(args[0], DictV)
        other = _entries(m, args[0])
        new = dict(zip(other.keys, other.values)) | new
    for key, value in new.items():
        entries = entries.put(key, value)
    m.change(owner.slot, entries)
    return NONE


@method(DictV, "setdefault")
def _setdefault(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.static(args[0], "a dictionary's key")
    entries = _entries(m, owner)
    if key not in entries.keys:
        m.change(owner.slot, entries.put(key, args[1] if len(args) > 1 else NONE))
    return _entries(m, owner).get(key)


@method(DictV, "copy")
def _dict_copy(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return DictV(m.new(_entries(m, owner)))


@method(TupleV, "_replace")
def _replace(m: Calls, owner: TupleV, args: Args, keywords: Keywords) -> Value:
    assert owner.cls is not None
    fields: Any = owner.cls._fields  # type: ignore[attr-defined]
    return TupleV(tuple(keywords.get(f, v) for f, v in zip(fields, owner.items)), owner.cls)


__all__ = ["BUILTINS", "METHODS", "Ref", "Var", "class_of"]
