"""The machine's side of objects: where expressions, statements and calls meet them.

The rules are in `classes` (attributes, construction) and `overloads` (special methods).
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import types
from typing import Any

import numpy as np

from ...ir.nodes import Var
from ...ir.types import BOOL
from ...structure import is_plain
from ..containers.iteration import Iteration
from ..execution.machine import Refusal, describe
from ..execution.state import slots
from ..execution.values import NONE, UNBOUND, Bound, Closure, DictV, ListV, Num, Object, Select, Static, Super, TupleV, Value
from ..memory import views
from ..source import Place
from . import classes, overloads

UNFOLD_LIMIT = 30  # calls of a function inside each other; Python's own stack is what limits them


class Objects(Iteration):
    """Reads, writes and makes objects; `Calls` builds on it."""

    local_classes: dict[type, Any]
    class_of_node: dict[Any, type]  # functions in classes that are defined inside the differentiated function
    stack: list[Any]
    current: int
    infos: dict[int, Any]

    numbered: dict[Closure, int]  # functions that are made inside and have attributes
    depths: dict[Closure, int]  # how many blocks they are made in

    def external(self, place: Any, value: Any) -> Value:
        raise NotImplementedError

    def guard(self, place: Any, value: Any) -> None:
        raise NotImplementedError

    def constant_object(self, value: Any, name: str) -> Value:
        raise NotImplementedError

    def call_static(self, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def call_row(self, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def of_class(self, owner: type, name: str, value: Any) -> Value:
        raise NotImplementedError

    # -- objects of the caller's -----------------------------------------------------------------------------------

    def outside_attribute(self, owner: Object, name: str) -> Value | None:
        """An attribute that an object of the caller's had before the call, and that the program has not set."""
        return None

    def all_attributes(self, owner: Object) -> None:
        """Make all attributes of an object of the caller's known."""

    def before_attribute(self, owner: Object, name: str) -> None:
        """An attribute is about to be set or deleted."""
        self.before_write(owner.slot)
        self.state.written |= self.state.may_be([owner.slot])

    # -- attributes ------------------------------------------------------------------------------------------------

    def attribute(self, owner: Value, name: str) -> Value:
        if isinstance(owner, Object):
            return classes.get(self, owner, name)  # type: ignore[arg-type]
        if isinstance(owner, Super):
            return classes.of_super(self, owner, name)  # type: ignore[arg-type]
        if isinstance(owner, TupleV) and owner.cls is not None and name not in owner.cls._fields:  # type: ignore[attr-defined]
            member, home = classes.raw(owner.cls, name)
            if isinstance(member, (types.FunctionType, property, classmethod, staticmethod)) and home.__module__ != "builtins" and not (
                    isinstance(getattr(member, "__func__", member), types.FunctionType) and name in ("_replace", "_asdict", "_make")):
                return classes.bound(self, member, home, name, owner, owner.cls)  # type: ignore[arg-type]
            if name == "__class__":
                return Static(owner.cls)
        if isinstance(owner, Closure) and (kept := self.kept_attribute(owner, name)) is not None:
            return kept
        if isinstance(owner, Bound) and name in ("__self__", "__func__", "__name__"):
            if name == "__name__":
                return self.attribute(owner.function, name)
            return owner.owner if name == "__self__" else owner.function
        return super().attribute(owner, name)

    def function_attribute(self, owner: Closure, name: str) -> str:
        """The name under which an attribute of a function that is made inside is kept, in the frame around it."""
        number = self.numbered.setdefault(owner, len(self.numbered))
        return f"%{getattr(owner.node, 'name', 'function')}{number or ''}_{name}"

    def kept_attribute(self, owner: Closure, name: str) -> Value | None:
        """An attribute that a function that is made inside was given; None if it was not."""
        if owner not in self.numbered:
            return None
        kept = self.state.frames[owner.frame].get(self.function_attribute(owner, name), UNBOUND)
        return None if kept is UNBOUND else kept

    def private(self, name: str) -> str:
        return classes.mangled(self, name)  # type: ignore[arg-type]

    def set_attribute(self, owner: Value, name: str, value: Value, node: ast.AST) -> None:
        """`owner.name = value`."""
        self.node = node
        if isinstance(owner, Object):
            classes.put(self, owner, name, value)  # type: ignore[arg-type]
            return
        if isinstance(owner, Select) and not self.is_number(owner):
            def side(one: Value) -> Value:
                self.set_attribute(one, name, value, node)
                return NONE

            self.choose(owner.condition, lambda: side(owner.then), lambda: side(owner.orelse))
            return
        if isinstance(owner, Closure) and not name.startswith("__"):
            if self.kept_attribute(owner, name) is None and len(self.b.scopes) != self.depths.get(owner):
                self.decide(Num(Var(BOOL)), "whether a function has an attribute")
            self.state.frames[owner.frame][self.function_attribute(owner, name)] = value
            return
        if isinstance(owner, Static) and isinstance(owner.value, type):
            self.refuse(f"the attribute `{name}` of a class is written", "the gradient call would change a class of yours",
                        "keep the value in an object", node)
        if self.is_number(owner) and views.set_attribute(self, owner, name, value):  # type: ignore[arg-type]
            return
        self.refuse(f"the attribute `{name}` is written", "the gradient call would change an object of yours",
                    "return the new value, or keep it in a local variable", node)

    def delete_attribute(self, owner: Value, name: str, node: ast.AST) -> None:
        """`del owner.name`."""
        self.node = node
        if isinstance(owner, Object):
            classes.delete(self, owner, name)  # type: ignore[arg-type]
        elif isinstance(owner, Select) and not self.is_number(owner):
            def side(one: Value) -> Value:
                self.delete_attribute(one, name, node)
                return NONE

            self.choose(owner.condition, lambda: side(owner.then), lambda: side(owner.orelse))
        else:
            self.refuse(f"the attribute `{name}` is deleted", "the gradient call would change an object of yours", "leave it there", node)

    def class_data(self, home: type, name: str, member: Any) -> Value:
        """A member of a class that is no function: data is read at each call."""
        if isinstance(member, classes.Inner):
            return member.value
        if self.is_local(home):
            return Static(member)
        return self.of_class(home, name, member)

    def is_local(self, cls: type) -> bool:
        """Whether a class is defined inside the differentiated function."""
        return cls in self.local_classes

    def local_class(self) -> type | None:
        """The class inside the differentiated function in which the function stands that is executed."""
        return self.class_of_node.get(self.stack[-1]) if self.stack else None

    def first_parameter(self, number: int) -> str:
        """The first name of a frame: that of the first parameter."""
        return next(iter(self.state.frames[number]))

    # -- operators ---------------------------------------------------------------------------------------------------

    def binary(self, op: str, a: Value, b: Value) -> Value:
        value = overloads.binary(self, op, a, b)  # type: ignore[arg-type]
        return super().binary(op, a, b) if value is None else value

    def unary(self, name: str, value: Value) -> Value:
        result = overloads.unary(self, name, value)  # type: ignore[arg-type]
        return super().unary(name, value) if result is None else result

    def compare(self, op: str, a: Value, b: Value) -> Value:
        value = overloads.compare(self, op, a, b)  # type: ignore[arg-type]
        if value is None and op in ("<", "<=", ">", ">=") and isinstance(a, (TupleV, ListV)) and type(a) is type(b):
            mine, theirs = self.known_contents(a), self.known_contents(b)
            if mine is not None and theirs is not None:
                return overloads.lexicographic(self, op, mine, theirs)  # type: ignore[arg-type]
        return super().compare(op, a, b) if value is None else value

    def contains(self, item: Value, container: Value, op: str) -> Value:
        if isinstance(container, Object):
            inside = overloads.contains(self, container, item)  # type: ignore[arg-type]
            return inside if op == "in" else self.negate(inside)
        return super().contains(item, container, op)

    def subscript(self, base: Value, index: Value) -> Value:
        if isinstance(base, Object):
            return overloads.subscript(self, base, index)  # type: ignore[arg-type]
        if isinstance(index, Object) and not isinstance(base, DictV):
            index = overloads.index_of(self, index)  # type: ignore[arg-type]
        return super().subscript(base, index)

    def truth(self, value: Value) -> bool | None:
        if isinstance(value, (Bound, Super)):
            return True
        if isinstance(value, Object):
            return self.object_truth(value)
        return super().truth(value)

    def object_truth(self, value: Object) -> bool | None:
        """Whether an object is true, if that is known: its `__bool__` is tried, and leaves nothing behind."""
        kept, number = self.state, self.numbers
        self.state = kept.copy()
        try:
            with self.opened():
                known = self.truth(overloads.truth_value(self, value))  # type: ignore[arg-type]
            changed = any(self.state.heap.get(slot) is not contents for slot, contents in kept.heap.items())
        except Refusal:  # where it is evaluated for good, more may be known
            return None
        finally:
            self.state = kept
        if changed:
            self.numbers = max(number, self.numbers)
            self.refuse(f"`__bool__` or `__len__` of `{value.cls.__name__}` changes something", "a test may be evaluated more than once",
                        "let the test only look")
        return known

    def condition(self, value: Value) -> Any:
        if isinstance(value, Object):
            value = overloads.truth_value(self, value)  # type: ignore[arg-type]
        return super().condition(value)

    def known_items(self, value: Value) -> tuple[Value, ...] | None:
        if isinstance(value, Object):
            return self.known_items(overloads.iterator(self, value))  # type: ignore[arg-type]
        return super().known_items(value)

    def iterate(self, value: Value) -> tuple[Value, ...]:
        if isinstance(value, Object):
            return self.iterate(overloads.iterator(self, value))  # type: ignore[arg-type]
        return super().iterate(value)

    def counted(self, value: Value, node: ast.stmt | None) -> Any:
        if isinstance(value, Object):
            return self.counted(overloads.iterator(self, value), node)  # type: ignore[arg-type]
        return super().counted(value, node)

    # -- recursion over objects ----------------------------------------------------------------------------------------

    shapes: list[tuple[Any, Any]]

    def unfolds(self, node: Any, shape: Any) -> bool:
        """Whether a function that calls itself is executed in place: it walks along objects, and these end."""
        active = [other for function, other in self.shapes if function is node]
        has_object = any(_has_object(one) for one in (shape, *active))
        return has_object and len(active) < UNFOLD_LIMIT and shape not in active

    def shape_of(self, value: Any, seen: tuple[int, ...] = ()) -> Any:
        """Equal for arguments that are nested alike, as far as that decides what a function does with them."""
        if isinstance(value, tuple):
            return tuple(self.shape_of(item, seen) for item in value)
        if isinstance(value, TupleV):
            return self.shape_of(value.items, seen)
        if isinstance(value, Object):
            if value.slot in seen or value.slot in self.foreign:
                return ("object", value.slot)
            held = classes.entries(self, value)  # type: ignore[arg-type]
            return ("object", value.cls, held.keys, self.shape_of(held.values, (*seen, value.slot)))
        if isinstance(value, Static):
            return repr(value.value) if isinstance(value.value, (bool, int, float, str, type(None))) else id(value.value)
        return type(value).__name__

    # -- identity ------------------------------------------------------------------------------------------------------

    def same_object(self, a: Value, b: Value) -> bool | None:
        if isinstance(a, Object) and isinstance(b, Object) and a.slot != b.slot and self.may_be_one(a, b):
            self.refuse("it is asked whether two objects are one", "which objects they are is only known when the program runs",
                        "compare an attribute of theirs")
        if isinstance(a, (Object, Bound, Super)) != isinstance(b, (Object, Bound, Super)) and not (isinstance(a, Select) or isinstance(b, Select)):
            return False
        return super().same_object(a, b)

    def may_be_one(self, a: Object, b: Object) -> bool:
        """Whether two slots may turn out to be one object."""
        if a.cls is not b.cls:
            return False
        return b.slot in self.state.entangled.get(a.slot, ()) or b.slot in self.state.twins.get(a.slot, ()) or not self.ambiguous.isdisjoint((a.slot, b.slot)) or (
            a.slot in self.foreign and b.slot in self.foreign)


def _has_object(shape: Any) -> bool:
    return isinstance(shape, tuple) and (shape[:1] == ("object",) or any(map(_has_object, shape)))


def is_data(value: Any) -> bool:
    """Class attributes that are read at each call."""
    return (isinstance(value, (int, float, complex, np.ndarray, np.generic, list, dict, tuple)) and not isinstance(value, (bool, enum.Enum))) \
        or (is_plain(value.__class__) and not callable(value))


__all__ = ["Closure", "Objects", "Place", "dataclasses", "describe", "is_data", "slots"]
