"""Frames: names, what they are bound to, and where they are found: in a function, around it, or outside."""

from __future__ import annotations

import ast
import functools
import inspect
import operator
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...ir.nodes import Span, Var
from ...rules import custom as custom_rules
from ...rules import registry
from .. import source as sources
from ..constructs.scopes import FRAME
from ..constructs.syntax import nodes
from ..execution.restart import NeedGlobal
from ..execution.state import Frame
from ..execution.values import (
    UNBOUND,
    Closure,
    Method,
    Static,
    Value,
)
from ..looping import unbound
from ..looping.liveness import Liveness
from ..objects import classes
from ..objects.objects import Objects, is_data

HELD: dict[int, dict[str, Any]] = {}  # what functions hold (default arrays, arguments of partial, `self`), each in a namespace of its own


@dataclass
class FrameInfo:
    """What the syntax says about a frame: its source, the frame it closes over, and whose names are not its own."""

    source: Any
    parent: int | None
    locals: frozenset[str]
    nonlocals: frozenset[str] = frozenset()
    escapes: bool = False
    comprehension: bool = False
    liveness: Liveness = field(default_factory=Liveness)
    at: ast.stmt | None = None  # the statement that is being executed
    loops: list[ast.stmt] = field(default_factory=list)  # the loops around it
    globals: set[str] = field(default_factory=set)  # the names that it declares global
    called_from: Span | None = None  # the statement that has called it

    def live(self, name: str) -> bool:
        """Whether a name may be read from now on."""
        name = name.removeprefix(unbound.PREFIX)
        return name not in self.locals or name.startswith("%") or self.liveness.live(name, self.at)

    def live_again(self, name: str) -> bool:
        """Whether a name may be read from the end of the innermost loop's body on."""
        name = name.removeprefix(unbound.PREFIX)
        return name not in self.locals or name.startswith("%") or self.liveness.live_again(name, self.loops[-1])


class Frames(Objects):
    """Looks names up, and binds them."""

    def __init__(self) -> None:
        super().__init__()
        self.infos: dict[int, FrameInfo] = {}
        self.current = 0
        self.stack: list[Any] = []  # functions being executed (their code objects)
        self.shapes: list[tuple[Any, Any]] = []  # and the structures of the objects among their arguments
        self.loop_indices: list[Var] = []
        self.rolled: set[ast.stmt] = set()  # loops that cannot be unrolled
        self.checkpoints: dict[ast.stmt, tuple[Any, ...]] = {}  # loops of which few states are kept: how many, and whether on disk
        self.flags: list[str] = []
        self.globals: dict[Any, str] = {}  # the global variables that the program sets, by place: their names in the frame FRAME
        self.renamed: set[Any] = set()  # functions behind functools.wraps
        self.remembered: list[Any] = []  # arguments of functions behind lru_cache
        self.quiet = 0  # how many `warnings.catch_warnings` are around
        self.loop: Any = None
        self.local_classes: dict[type, Any] = {}
        self.numbered: dict[Closure, int] = {}
        self.depths: dict[Closure, int] = {}
        self.class_of_node: dict[Any, type] = {}

    def is_live(self, frame: int, name: str) -> bool:
        return self.infos[frame].live(name)

    def is_live_again(self, frame: int, name: str) -> bool:
        info = self.infos[frame]
        return info.live_again(name) if frame == self.current else info.live(name)

    def live_values(self) -> Iterator[Value]:
        for number, frame in self.state.frames.items():
            info = self.infos[number]
            for name, value in frame.items():
                if info.live(name):
                    yield value

    def frame(self) -> Frame:
        return self.state.frames[self.current]

    def lookup(self, name: str) -> Value:
        number: int | None = self.current
        while number is not None:
            info = self.infos[number]
            if name in info.globals:
                return self.outside(info.source, name)
            frame = self.state.frames.get(number, {})
            if name in frame and name not in info.nonlocals:
                return frame[name]
            if name in info.locals and name not in info.nonlocals:
                return UNBOUND
            if info.parent is None:
                return self.outside(info.source, name)
            number = info.parent
        raise AssertionError(name)

    def bind_name(self, name: str, value: Value) -> None:
        number = self.current
        if name in self.infos[number].globals:
            place = self.infos[number].source.place(name)
            if place.key not in self.globals:
                raise NeedGlobal(place)
            self.name(value, name)
            self.state.frames[FRAME][self.globals[place.key]] = value
            return
        while name in self.infos[number].nonlocals:
            parent = self.infos[number].parent
            if parent is None:
                self.refuse(f"`nonlocal {name}` of a variable outside the differentiated function", "the gradient call would write to it",
                            "return the new value instead")
            number = parent
        if self.caller is None:  # the names in `library` mean nothing to the user
            self.name(value, name)
        self.state.frames[number][name] = value
        unbound.note(self.state.frames[number], name, True)

    def home(self, name: str) -> int | None:
        """The frame that a name is looked up in; None if it is outside of the program."""
        number: int | None = self.current
        while number is not None:
            info = self.infos[number]
            if name in info.globals:
                return None
            if name not in info.nonlocals and (name in info.locals or name in self.state.frames.get(number, {})):
                return number
            number = info.parent
        return None

    def check_bound(self, name: str) -> None:
        number = self.home(name)
        if number is not None:
            unbound.check(self, number, name)

    def unbind_name(self, name: str) -> None:
        """`del name`."""
        number = self.current
        if name in self.infos[number].globals:
            self.refuse(f"the global variable `{name}` is deleted", "the gradient call would delete it", "leave it bound")
        while name in self.infos[number].nonlocals and self.infos[number].parent is not None:
            number = self.infos[number].parent  # type: ignore[assignment]
        unbound.check(self, number, name)
        if self.state.frames[number].get(name, UNBOUND) is UNBOUND:
            self.fail(UnboundLocalError, Static(f"cannot access local variable {name!r} where it is not associated with a value"))
        del self.state.frames[number][name]
        unbound.note(self.state.frames[number], name, False)

    def bind_around(self, name: str, value: Value) -> None:
        """Bind a name as `:=` does: in a comprehension, in the scope around it."""
        kept = self.current
        while self.infos[self.current].comprehension:
            parent = self.infos[self.current].parent
            assert parent is not None
            self.current = parent
        try:
            self.bind_name(name, value)
        finally:
            self.current = kept

    def place_of(self, node: ast.expr) -> Any:
        """Where an object outside is found that an expression names: a global, a variable of the closure, an attribute; None if it does not."""
        if isinstance(node, ast.Attribute):
            owner = self.place_of(node.value)
            return None if owner is None else owner.attribute(node.attr)
        if not isinstance(node, ast.Name):
            return None
        number: int | None = self.current
        while number is not None:
            info = self.infos[number]
            value = self.state.frames.get(number, {}).get(node.id)
            if value is not None or node.id in info.locals:
                return self.place_of_value(value)
            if info.parent is None:
                return info.source.place(node.id)
            number = info.parent
        return None

    def place_of_value(self, value: Any) -> Any:
        raise NotImplementedError

    def found_at(self, place: Any) -> Any:
        raise NotImplementedError

    def may_record(self, held: Any) -> bool:
        """Note that a list outside is written to; False if the program reads it, too."""
        raise NotImplementedError

    def is_read(self, node: ast.expr, call: ast.Call) -> bool:
        """Whether the function in which a call stands names this object elsewhere than in calls like it."""
        text = ast.dump(node)
        root = self.infos[self.current].source.node
        found = [n for n in ast.walk(root) if isinstance(n, (ast.Name, ast.Attribute)) and ast.dump(n) == text]
        calls = [n for n in ast.walk(root) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and ast.dump(n.func.value) == text
                 and n.func.attr in ("append", "extend", "insert", "add", "update", "appendleft")]
        return len(found) > len(calls)

    def outside(self, source: Any, name: str) -> Value:
        """A name from the closure, the globals or the builtins of a function."""
        place = source.place(name)
        if place.key in self.globals:
            held = self.state.frames[FRAME].get(self.globals[place.key], UNBOUND)
            if held is not UNBOUND:
                return held
        value = place.read()
        if value is sources.MISSING:
            self.fail(NameError, Static(f"name {name!r} is not defined"))
        return self.external(place, value)

    def external(self, place: Any, value: Any) -> Value:
        """A Python object found at a place outside the function: known (and guarded), or read at each call."""
        if is_code(value):
            self.guard(place, value)
            return Static(value)
        return self.capture(place, value)

    def guard(self, place: Any, value: Any) -> None:
        raise NotImplementedError

    def capture(self, place: Any, value: Any) -> Value:
        raise NotImplementedError

    def static_attribute(self, owner: Any, name: str) -> Value:
        try:
            value = getattr(owner, name)
        except AttributeError as error:
            if self.catching:
                self.fail(AttributeError, Static(str(error)))
            self.refuse(str(error), "the attribute does not exist", "check the spelling")
        if isinstance(owner, types.ModuleType):
            if owner.__name__.partition(".")[0] in ("numpy", "math", "scipy", "cmath") or is_code(value):
                return Static(value)
            return self.external(sources.Place(vars(owner), name), value)
        if isinstance(owner, type):
            member, home = classes.raw(owner, name)
            if isinstance(member, (types.FunctionType, classmethod, staticmethod, property, classes.Inner)) and home.__module__ != "builtins" and not (
                    name == "_make" and hasattr(owner, "_fields")):
                return classes.bound(self, member, home, name, None, owner)  # type: ignore[arg-type]
            return self.of_class(owner, name, value)
        if name in getattr(owner, "__dict__", {}) and not is_code(owner):  # an object that a function holds: its attributes are read at each call
            held = HELD.setdefault(id(owner), {"self": owner})
            return self.external(sources.Place(held, next(iter(held)), (name,)), value)
        if isinstance(owner, str) and callable(value):
            return Method(Static(owner), name)
        if is_code(value) or isinstance(value, (int, float, str, bytes, tuple, type(None), np.dtype)):
            return Static(value)
        return Method(Static(owner), name) if callable(value) else Static(value)

    def of_class(self, owner: type, name: str, value: Any) -> Value:
        """An attribute of a class: data of a user's class is read at each call."""
        home = next((cls for cls in owner.__mro__ if name in vars(cls)), None)
        if home is not None and (is_data(value) or is_code(value)) and vars(home)[name] is value and home.__module__.partition(".")[0] not in (
                "builtins", "numpy") and not self.is_local(home):
            return self.external(sources.Place(classes.namespace(home), name), value)
        return Static(value) if not callable(value) or is_code(value) else Method(Static(owner), name)


def is_code(value: Any) -> bool:
    """Objects that are part of the program rather than of its data: guarded by identity, known at compile time."""
    if value is None or value is Ellipsis or value is NotImplemented or isinstance(value, (bool, str, bytes, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
                                                               types.MethodType, np.ufunc, np.dtype, functools.partial, operator.itemgetter, operator.attrgetter,
                                                               operator.methodcaller)):
        return True
    if custom_rules.declared(value) is not None or _is_compiled(value):
        return True
    if type(value).__module__ in ("numpy", "functools") and callable(value) and not isinstance(value, (np.ndarray, np.generic)):
        return True
    return (hasattr(value, "primal") and hasattr(value, "source_for")) or registry.is_known_object(value)


def _is_compiled(value: Any) -> bool:
    """Whether an object is a function that other compilers have made, or a foreign library has: it has a name, and what calls it is written in C."""
    if not callable(value) or not isinstance(getattr(value, "__name__", None), str):
        return False
    return not isinstance(inspect.getattr_static(type(value), "__call__", None), types.FunctionType)


def own_nodes(function: Any) -> list[Any]:
    """The nodes of a function's own body, without those of functions inside it."""
    return nodes(*(function.body if isinstance(function.body, list) else [function.body]), functions=False)


@functools.lru_cache(maxsize=256)
def names_of(function: ast.FunctionDef | ast.Lambda | Any) -> tuple[frozenset[str], frozenset[str]]:
    """The local names of a function, and those that it declares nonlocal."""
    a = function.args
    local = {p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x))}
    outer: set[str] = set()
    outside: set[str] = set()
    for node in own_nodes(function):
        if node.__class__ is ast.Name:
            if not isinstance(node.ctx, ast.Load):
                local.add(node.id)
        elif isinstance(node, ast.expr):
            pass
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) or (isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name is not None):
            local.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            local.add(node.rest)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            local.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, ast.Global):
            outside.update(node.names)
    return frozenset(local - outer - outside), frozenset(outer)


__all__ = ["HELD", "FrameInfo", "Frames", "is_code", "names_of", "own_nodes"]
