"""Abstract values: what a name is bound to while a function is executed abstractly.

A number is a Var (or a literal) of the IR. An array is a *reference*: a slot of the abstract heap and the views
that lead from the slot's array to the part that is seen. Containers are known to the compiler: a tuple of abstract
values, a slot that holds a list or a dictionary of them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from ...ir.nodes import Arg, Lit, Operand, Seq, Slice, Var


@dataclass(frozen=True, eq=False)
class Static:
    """A Python object known at compile time: None, a string, a function, a module, a literal number."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and type(self.value) is type(other.value) and (
            self.value is other.value or (isinstance(self.value, (int, float, complex, str, bytes)) and repr(self.value) == repr(other.value)))

    def __hash__(self) -> int:
        return hash(type(self.value))


@dataclass(frozen=True)
class Num:
    """An immutable value of the program: a number, a shape, an opaque object."""

    operand: Operand


@dataclass(frozen=True)
class Ref:
    """An array: the slot that holds the buffer, and the path of views to the part that is seen."""

    slot: int
    path: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Step:
    """One view: ("index", index), ("T", axes), ("reshape", shape); or an operation and its further arguments (read only)."""

    kind: str
    detail: Arg

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.kind == other.kind and same_arg(self.detail, other.detail)

    def __hash__(self) -> int:
        return hash(self.kind)

    def arg(self) -> Seq:
        return Seq((Lit(self.kind), self.detail))


@dataclass(frozen=True)
class Select:
    """One of two values that cannot be merged into one (two arrays, two functions): `then if condition else orelse`."""

    condition: Operand
    then: Value
    orelse: Value


@dataclass(frozen=True)
class TupleV:
    """A tuple. `cls`: its class if it is a namedtuple. `whole`: the Var of the tuple itself, if there is one."""

    items: tuple[Value, ...]
    cls: type | None = None
    whole: Operand | None = None


@dataclass(frozen=True)
class ListV:
    """A list (`cls`: or a deque): a heap slot that holds its items (`Items`) or, if it grows in a loop, a Var of type List."""

    slot: int
    cls: type = list
    maxlen: int | None = None


@dataclass(frozen=True)
class DictV:
    """A dictionary: a heap slot that holds its entries. `cls`: a subclass of dict; `factory`: of a defaultdict."""

    slot: int
    cls: type = dict
    factory: Value | None = None


@dataclass(frozen=True)
class SetV:
    """A set of known objects: a heap slot that holds its `Elements`."""

    slot: int


@dataclass(frozen=True)
class Object:
    """An instance of a user's class: a heap slot that holds its attributes."""

    slot: int
    cls: type


@dataclass(frozen=True, eq=False)
class Closure:
    """A function defined in the source: its definition, the frame it closes over, and its default values."""

    node: ast.FunctionDef | ast.Lambda
    frame: int
    defaults: tuple[Value, ...]
    keyword_defaults: tuple[tuple[str, Value], ...]
    context: Any  # the source it stands in (frontend.source.FunctionSource)


@dataclass(frozen=True)
class Method:
    """A method, bound to its object: `x.sum`, `items.append`."""

    owner: Value
    name: str


@dataclass(frozen=True)
class Bound:
    """A function bound to what it is called with first: a method that was looked up on an object or on a class."""

    function: Value
    owner: Value


@dataclass(frozen=True)
class Super:
    """`super()`: attributes of the owner, looked up in the classes that come after `start`."""

    start: type
    owner: Value


@dataclass(frozen=True)
class Partial:
    """`functools.partial(function, *args, **keywords)`; or np.vectorize, if `kind` says so."""

    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...] = ()
    kind: str = "partial"

    def parts(self) -> tuple[Value, ...]:
        return (self.function, *self.args, *(value for _, value in self.keywords))

    def holding(self, parts: tuple[Value, ...]) -> Partial:
        """The same with other parts."""
        names = [name for name, _ in self.keywords]
        return Partial(parts[0], parts[1:len(self.args) + 1], tuple(zip(names, parts[len(self.args) + 1:])), self.kind)

    def is_like(self, other: Any) -> bool:
        """Whether the parts of two correspond."""
        return isinstance(other, Partial) and (self.kind, len(self.args), [n for n, _ in self.keywords]) == (
            other.kind, len(other.args), [n for n, _ in other.keywords])


@dataclass(frozen=True)
class Range:
    """`range(start, stop, step)`."""

    start: Arg
    stop: Arg
    step: Arg


@dataclass(frozen=True)
class SliceV:
    """A slice object."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True)
class Lazy:
    """What an iterator goes through, or a view of a dictionary: kind "zip", "enumerate", "reversed", "map", "items"..."""

    kind: str
    parts: tuple[Value, ...]


@dataclass(frozen=True)
class IteratorV:
    """An iterator: what it goes through, and a heap slot that holds how far it is (see `iterators`)."""

    slot: int
    source: Value


@dataclass(frozen=True)
class Manager:
    """A context manager that the compiler knows: kind "errstate", "suppress", "null", "nothing"; or "generator", made of a function that yields."""

    kind: str
    parts: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Generator:
    """A generator: its function's definition, the frame that holds its arguments, and a heap slot that says how far it is (`Entries`)."""

    node: ast.FunctionDef
    frame: int
    slot: int


class _Unbound:
    """The name is not bound (yet)."""

    def __repr__(self) -> str:
        return "unbound"


UNBOUND = _Unbound()

Value = Union[Static, Num, Ref, Select, TupleV, ListV, DictV, Object, Closure, Method, Bound, Super, Partial, Range, SliceV, Lazy, IteratorV, SetV, Manager,
              Generator, _Unbound]


@dataclass(frozen=True)
class Items:
    """Contents of a list's slot: its items."""

    items: tuple[Value, ...]


@dataclass(frozen=True)
class Entries:
    """Contents of a dictionary's or an object's slot. `cls`: the object's class. `unsure`: attributes that exist on some paths only, and whether they do."""

    keys: tuple[Any, ...]
    values: tuple[Value, ...]
    cls: type | None = None
    unsure: Mapping[Any, Operand] = field(default_factory=dict)

    def get(self, key: Any) -> Value:
        return self.values[self.keys.index(key)]

    def holding(self, values: tuple[Value, ...]) -> Entries:
        """The same keys with other values."""
        return Entries(self.keys, values, self.cls, self.unsure)

    def put(self, key: Any, value: Value) -> Entries:
        if key in self.keys:
            n = self.keys.index(key)
            return Entries(self.keys, (*self.values[:n], value, *self.values[n + 1:]), self.cls, self._sure(key))
        return Entries((*self.keys, key), (*self.values, value), self.cls, self.unsure)

    def drop(self, key: Any) -> Entries:
        n = self.keys.index(key)
        return Entries((*self.keys[:n], *self.keys[n + 1:]), (*self.values[:n], *self.values[n + 1:]), self.cls, self._sure(key))

    def _sure(self, key: Any) -> Mapping[Any, Operand]:
        return {other: flag for other, flag in self.unsure.items() if other != key} if key in self.unsure else self.unsure

    def flagged(self, of: Callable[[Operand], Operand]) -> Entries:
        """The same with other flags."""
        return Entries(self.keys, self.values, self.cls, {key: of(flag) for key, flag in self.unsure.items()}) if self.unsure else self


@dataclass(frozen=True)
class Elements:
    """Contents of a set's slot: what was done to it since it was empty, from which its order follows."""

    history: tuple[tuple[str, Any], ...] = ()

    def value(self) -> set[Any]:
        """The set, made anew in the same way."""
        result: set[Any] = set()
        for name, argument in self.history:
            other = argument.value() if isinstance(argument, Elements) else argument
            made = getattr(result, name)(other)
            result = made if isinstance(made, set) else result
        return result

    def after(self, name: str, argument: Any) -> Elements:
        return Elements((*self.history, (name, argument)))


Contents = Union[Operand, Items, Entries, Elements]

NONE = Static(None)


def same_arg(a: Arg, b: Arg) -> bool:
    """Whether two arguments are certainly the same value."""
    if isinstance(a, Var) or isinstance(b, Var):
        return a is b
    if isinstance(a, Lit) and isinstance(b, Lit):
        return Static(a.value) == Static(b.value) or (isinstance(a.value, (tuple, slice)) and repr(a.value) == repr(b.value))
    if isinstance(a, Seq) and isinstance(b, Seq):
        return len(a.items) == len(b.items) and all(map(same_arg, a.items, b.items))
    if isinstance(a, Slice) and isinstance(b, Slice):
        return same_arg(a.start, b.start) and same_arg(a.stop, b.stop) and same_arg(a.step, b.step)
    return a is b
