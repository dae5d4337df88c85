"""`class` statements inside the function: a class is made when the program is compiled, and its methods close over the function's variables.

The members are abstract values; the class holds each in an `Inner`, and properties, class methods and static methods of these.
So one look-up (`classes.raw`) serves classes from outside and from inside.
"""

from __future__ import annotations

import abc
import ast
import dataclasses
import functools
import types
import typing
from typing import TYPE_CHECKING, Any

from ..calling.frames import FrameInfo
from ..execution.values import NONE, Bound, Closure, Object, Static, Value
from ..source import MISSING
from .classes import Inner, raw

if TYPE_CHECKING:
    from ..constructs.statements import Statements

_WRAPPERS: tuple[Any, ...] = (property, staticmethod, classmethod, functools.cached_property)
_BASES: tuple[Any, ...] = (object, abc.ABC, typing.Generic)


def define(m: Statements, stmt: ast.ClassDef) -> Value:
    """Execute a class statement; the class."""
    if stmt.keywords:
        m.refuse("a class with a metaclass, or with arguments, is defined inside a differentiated function", "they make it in their own way",
                 "define the class outside", stmt.keywords[0].value)
    bases = tuple(_base(m, node) for node in stmt.bases)
    decorators = [m.eval(node) for node in stmt.decorator_list]
    members = _members(m, stmt)
    outer = m.infos[m.current].source
    space: dict[str, Any] = {"__module__": outer.globals.get("__name__", "__main__"), "__qualname__": f"{outer.function.__qualname__}.<locals>.{stmt.name}"}
    space |= {name: _held(m, name, value, stmt) for name, value in members.items()}
    cls: Any = types.new_class(stmt.name, bases, {}, lambda body: body.update(space))
    for decorator, node in reversed(list(zip(decorators, stmt.decorator_list))):
        cls = _decorated(m, cls, decorator, node)
    m.local_classes[cls] = stmt
    for member in stmt.body:
        if isinstance(member, ast.FunctionDef):
            for inner in ast.walk(member):
                m.class_of_node[inner] = cls
    return Static(cls)


def _base(m: Statements, node: ast.expr) -> type:
    value = m.eval(node)
    cls: Any = value.value if isinstance(value, Static) else None
    plain = isinstance(cls, type) and type(cls) in (type, abc.ABCMeta) and not issubclass(cls, (tuple, list, dict, set, str, int, float, complex))
    if not plain or raw(cls, "__init_subclass__")[1] not in _BASES:
        m.refuse(f"a class inside a differentiated function is derived from {ast.unparse(node)}", "what that makes of the class is not known to the compiler",
                 "define the class outside", node)
    assert isinstance(cls, type)
    return cls


def _members(m: Statements, stmt: ast.ClassDef) -> dict[str, Value]:
    """Execute the body of a class; the names that it binds."""
    outer = m.current
    number = m.new_number()
    assigned = frozenset(node.id for s in stmt.body for node in ast.walk(s) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                         and isinstance(s, (ast.Assign, ast.AnnAssign)))
    m.infos[number] = FrameInfo(m.infos[outer].source, outer, assigned | {s.name for s in stmt.body if isinstance(s, ast.FunctionDef)})
    m.state.frames[number] = {}
    m.current = number
    annotations: dict[str, str] = {}
    try:
        for s in stmt.body:
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
                annotations[s.target.id] = ast.unparse(s.annotation)
            if isinstance(s, ast.FunctionDef):
                m.state.frames[number][s.name] = _function(m, s, outer)
            elif isinstance(s, (ast.Assign, ast.AnnAssign, ast.Pass)) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
                m.statement(s)
            else:
                m.refuse("this statement in a class inside a differentiated function", "only definitions and assignments are known here",
                         "define the class outside", s)
        members = dict(m.state.frames.pop(number))
    finally:
        m.current = outer
    if annotations:
        members["__annotations__"] = Static(annotations)
    return members


def _function(m: Statements, node: ast.FunctionDef, outer: int) -> Value:
    """A method: it closes over the function around, not over the class."""
    closure = m.closure(node)
    m.infos[outer].escapes = True
    value: Value = Closure(node, outer, closure.defaults, closure.keyword_defaults, closure.context)
    for decorator in reversed(node.decorator_list):
        value = _method(m, node, decorator, value)
    return value


def _method(m: Statements, node: ast.FunctionDef, decorator: ast.expr, value: Value) -> Value:
    """A decorator of a method."""
    if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter"):
        owner = m.eval(decorator.value)
        if isinstance(owner, Static) and isinstance(owner.value, property):
            return Static(getattr(owner.value, decorator.attr)(Inner(value, node.name)))
    applied = m.eval(decorator)
    known = applied.value if isinstance(applied, Static) else None
    if known is abc.abstractmethod:
        member = _held(m, node.name, value, node)
        member.__isabstractmethod__ = True
        return Static(member)
    if isinstance(known, type) and issubclass(known, _WRAPPERS):
        member = known(_held(m, node.name, value, node))
        if isinstance(member, functools.cached_property):
            member.attrname = node.name
        return Static(member)
    return m.call(applied, (value,), {})


def _held(m: Statements, name: str, value: Value, node: ast.AST) -> Any:
    """A member as the class holds it."""
    if isinstance(value, Static) and ((name.startswith("__") and name.endswith("__")) or isinstance(value.value, (*_WRAPPERS, Inner, dataclasses.Field))):
        return value.value
    if name in ("__slots__", "__match_args__"):
        return m.static(value, f"`{name}`")
    if isinstance(value, Object) and any(raw(value.cls, hook)[0] is not MISSING for hook in ("__get__", "__set__", "__set_name__")):
        m.refuse("a descriptor is made in a class inside a differentiated function", "it would have to know its class", "define the class outside", node)
    return Inner(value, name)


def _decorated(m: Statements, cls: Any, decorator: Value, node: ast.expr) -> Any:
    """A decorator of a class."""
    known = decorator.value if isinstance(decorator, Static) else None
    if known is dataclasses.dataclass or isinstance(known, AsDataclass):
        mutable = [name for name, member in vars(cls).items() if name in cls.__annotations__ and isinstance(member, Inner)
                   and not isinstance(member.value, (Static, Bound, Closure)) and not m.is_number(member.value)]
        if mutable:
            m.refuse(f"`{mutable[0]}` has a default value that can change", "dataclasses refuse it", "use field(default_factory=...)", node)
        return dataclasses.dataclass(cls, **(known.options if isinstance(known, AsDataclass) else {}))
    if known is functools.total_ordering:
        return functools.total_ordering(cls)
    m.refuse("a decorated class inside a differentiated function", "what the decorator makes of the class is not known to the compiler",
             "define the class outside", node)


@dataclasses.dataclass(frozen=True)
class AsDataclass:
    """`dataclass(frozen=True)`, to be applied to a class."""

    options: dict[str, Any]


def dataclass_options(m: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """A call of `dataclasses.dataclass` with options."""
    if args:
        m.refuse("`dataclass` is called with a class", "it is known as a decorator only", "write it above the class")
    return Static(AsDataclass({name: m.static(value, "an option of a dataclass") for name, value in keywords.items()}))


def field_options(m: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """A call of `dataclasses.field`."""
    def option(name: str, value: Value) -> Any:
        return Inner(value, name) if name in ("default", "default_factory") else m.static(value, "an option of a field")

    return Static(dataclasses.field(**{name: option(name, value) for name, value in keywords.items()}))


__all__ = ["NONE", "dataclass_options", "define", "field_options"]
