"""Places where values live, and blocks while they are lowered: what `loops` and `rebinding` talk about."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...ir.build import Scope, type_of
from ...ir.nodes import Operand, Span, Var, variables
from ...ir.types import Opaque, Type
from .state import State
from .values import UNBOUND, DictV, Entries, Items, ListV, Num, Object, Ref, Static, TupleV, Value

# A place where a value lives: ("name", frame, name), ("item", slot, key), a part of a tuple in such a place
# (place, "part", n), of a list, a dictionary or an object (place, "in", key), or the contents of an array's (or growing list's) slot ("memory", slot).
Place = tuple[Any, ...]


class Do(ast.Pass):
    """A statement that the compiler puts into a body: `do` is given the statements that follow, and says how the block ends."""

    def __init__(self, do: Any) -> None:
        super().__init__()
        self.do = do

    def __call__(self, rest: list[Any]) -> Any:
        return self.do(rest)


@dataclass
class Leaf:
    """An end of a block: "fall", "continue", "break", "return", "throw" (an exception that may be caught) or "raise" (one that nobody
    catches), with the state there, and the exception. What a generator's consumer leaves by is marked with its number: "break@3"."""

    kind: str
    state: State
    value: Any = None
    span: Span | None = None


@dataclass
class Split:
    """A block that ends in one of two ways."""

    condition: Operand
    then: Node
    orelse: Node
    span: Span | None
    base: State | None = None  # before the branch
    region: Any = None  # the branch or loop, and the file that it stands in


@dataclass
class Node:
    """A block while it is lowered: the scopes by which it can be reopened, and how it ends."""

    scopes: list[Scope]
    end: Leaf | Split

    def leaves(self) -> Iterator[tuple[list[Scope], Leaf]]:
        if isinstance(self.end, Leaf):
            yield self.scopes, self.end
        else:
            yield from self.end.then.leaves()
            yield from self.end.orelse.leaves()


@dataclass
class Carried:
    """A place that the loop carries: the type of its parameter, once it is known."""

    type: Type
    kind: str = "number"  # "number", "array", "list", "contents"


@dataclass
class Plan:
    """What a loop carries, so far."""

    places: dict[Place, Carried] = field(default_factory=dict)
    shapes: dict[Place, None] = field(default_factory=dict)  # containers of known structure, made anew in each iteration: carried part by part
    entangled: dict[int, frozenset[int]] = field(default_factory=dict)
    choices: dict[Place, Any] = field(default_factory=dict)  # see `choices`
    loop: Any = None  # what identifies the loop, from one attempt to lower it to the next
    header: State = field(default_factory=State)


def lookup(state: State, place: Place) -> Any:
    """The value at a place (contents of a slot for a memory place)."""
    if place[0] == "name":
        return state.frames[place[1]].get(place[2], UNBOUND) if place[1] in state.frames else UNBOUND
    if place[0] == "item":
        contents = state.heap.get(place[1])
        if isinstance(contents, Items):
            return contents.items[place[2]] if place[2] < len(contents.items) else UNBOUND
        if isinstance(contents, Entries):
            return contents.get(place[2]) if place[2] in contents.keys else UNBOUND
        return UNBOUND
    if place[0] == "memory":
        return state.heap.get(place[1], UNBOUND)
    whole = lookup(state, place[0])
    if place[1] == "path":
        return Num(path_vars(whole)[place[2]]) if isinstance(whole, Ref) else UNBOUND
    if place[1] == "in":
        return lookup(state, ("item", whole.slot, place[2])) if isinstance(whole, (ListV, DictV, Object)) else UNBOUND
    return whole.items[place[2]] if isinstance(whole, TupleV) and place[2] < len(whole.items) else UNBOUND


def put(state: State, place: Place, value: Any) -> None:
    """Bind a place to a value."""
    if place[0] == "name":
        state.frames[place[1]][place[2]] = value
    elif place[0] == "item":
        contents = state.heap[place[1]]
        if isinstance(contents, Items):
            state.heap[place[1]] = Items((*contents.items[:place[2]], value, *contents.items[place[2] + 1:]))
        else:
            assert isinstance(contents, Entries)
            state.heap[place[1]] = contents.put(place[2], value)
    elif place[0] == "memory":
        state.heap[place[1]] = value
    elif place[1] == "in":
        put(state, ("item", lookup(state, place[0]).slot, place[2]), value)
    else:
        whole = lookup(state, place[0])
        assert isinstance(whole, TupleV)
        put(state, place[0], TupleV((*whole.items[:place[2]], value, *whole.items[place[2] + 1:]), whole.cls))


def hint_of(place: Place, value: Any) -> str | None:
    if place[0] == "name":
        name = str(place[2])
        return name[1:].rstrip("0123456789.") if name.startswith("%") else name  # `%broke2` is ours
    if isinstance(value, Var):
        return value.hint
    if not isinstance(place[0], tuple):
        return None
    outer = hint_of(place[0], value)
    if place[1] != "in" or outer is None:
        return outer
    return f"{outer}{place[2]}" if isinstance(place[2], int) else str(place[2]) if str(place[2]).isidentifier() else outer


def list_name(state: State, place: Place) -> str | None:
    """The name of the list whose memory a place is."""
    if place[0] != "memory":
        return None
    return next((name for frame in state.frames.values() for name, value in frame.items()
                 if isinstance(value, ListV) and value.slot == place[1] and name[0] != "%"), None)


def places(state: State) -> Iterator[Place]:
    """Every place of a state."""
    for number, frame in state.frames.items():
        for name in frame:
            yield ("name", number, name)
    for slot, contents in state.heap.items():
        if isinstance(contents, Items):
            for n in range(len(contents.items)):
                yield ("item", slot, n)
            yield ("memory", slot)
        elif isinstance(contents, Entries):
            for key in contents.keys:
                yield ("item", slot, key)
            yield ("memory", slot)
        else:
            yield ("memory", slot)


def parts(state: State, place: Place, value: Value) -> list[tuple[Place, Value]] | None:
    """The places inside the container that is at a place, and what is there; None for what is no container of known structure."""
    if isinstance(value, TupleV):
        return [((place, "part", n), item) for n, item in enumerate(value.items)]
    contents = state.heap.get(value.slot) if isinstance(value, (ListV, DictV, Object)) else None
    if isinstance(contents, Items):
        return [((place, "in", n), item) for n, item in enumerate(contents.items)]
    return [((place, "in", key), item) for key, item in zip(contents.keys, contents.values)] if isinstance(contents, Entries) else None


def is_numeric(value: Any) -> bool:
    if isinstance(value, Static):
        return isinstance(value.value, (bool, int, float, complex)) or (
            hasattr(value.value, "dtype") and hasattr(value.value, "item") and not isinstance(value.value, type))
    return isinstance(value, Num) and not isinstance(type_of(value.operand), Opaque)


def same_structure(a: State, x: Value, b: State, y: Value) -> bool:
    """Whether two containers have the same class, and the same keys or number of items."""
    if type(x) is not type(y) or getattr(x, "cls", None) is not getattr(y, "cls", None):
        return False
    if any(isinstance(held, Entries) and held.unsure for held in (s.heap.get(getattr(v, "slot", -1)) for s, v in ((a, x), (b, y)))):
        return False
    mine, other = parts(a, ("",), x), parts(b, ("",), y)
    return mine is not None and other is not None and [p for p, _ in mine] == [p for p, _ in other]


def path_vars(ref: Ref) -> list[Var]:
    """The variables in the path of a reference."""
    return [v for step in ref.path for v in variables(step.detail)]
