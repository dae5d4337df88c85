"""container -> (leaves, treedef), and back: what a nested argument holds, apart from how it is nested.

Containers are exactly ``tuple``, ``list``, ``dict``, named tuples and dataclass instances; anything else, None
included, is a leaf. Objects of other classes written in Python are taken apart by their attributes where that is asked for. A treedef is immutable, hashable and compares by value, so it can be part of a dictionary key.
Dictionaries keep their insertion order: iteration follows it, so two orders are two structures.

The idea is that of JAX's pytrees. Unlike there, None is a leaf (a leaf without derivative), dictionary keys are not
sorted, and there is no registry of further containers. A container that holds itself is not supported.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, final

import numpy as np

__all__ = ["LEAF", "TreeDef", "attributes", "flatten", "flatten_like", "gradient_structure", "has_slots", "is_container",
           "is_differentiable", "is_object", "is_plain", "keep_whole", "leaf_paths", "made", "map_leaves", "steps", "takes_fields", "unflatten"]


@final
class TreeDef:
    """The shape of a container: its type, its keys or field names, and the treedefs of its items.

    >>> flatten({"w": 1.0, "b": (2.0, None)})[1]
    {'w': *, 'b': (*, *)}
    """

    __slots__ = ("_hash", "children", "keys", "kind", "size")

    def __init__(self, kind: type | None, keys: tuple[Any, ...], children: tuple[TreeDef, ...], size: int) -> None:
        self.kind: Final = kind  # None for a leaf
        self.keys: Final = keys  # dictionary keys or field names; () for tuples and lists
        self.children: Final = children
        self.size: Final = size  # number of leaves
        self._hash: Final = hash((kind, keys, children))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TreeDef) or hash(self) != hash(other):
            return False
        return self.kind is other.kind and self.keys == other.keys and self.children == other.children

    def __reduce__(self) -> tuple[Any, ...]:
        return (TreeDef, (self.kind, self.keys, self.children, self.size)) if self.kind is not None else (_leaf, ())

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        if self.kind is list:
            return f"[{', '.join(map(repr, self.children))}]"
        if self.kind is tuple:
            return f"({', '.join(map(repr, self.children))}{',' if len(self.children) == 1 else ''})"
        if self.kind is dict:
            return f"{{{', '.join(f'{k!r}: {c!r}' for k, c in zip(self.keys, self.children, strict=True))}}}"
        items = ", ".join(f"{k}={c!r}" for k, c in zip(self.keys, self.children, strict=True))
        return f"{self.kind.__name__}({items})"


LEAF: Final = TreeDef(None, (), (), 1)


# The usual leaves, recognised without asking what fields their class has.
_PLAIN: Final = frozenset({float, int, bool, complex, str, bytes, type(None), np.ndarray, np.float64})


_WHOLE: Final[set[type]] = set()


def _leaf() -> TreeDef:
    return LEAF


@lru_cache(maxsize=1024)  # bounded: classes made in a loop must not accumulate
def _fields(cls: type) -> tuple[str, ...] | None:
    """Field names of a named tuple or dataclass; None for any other class."""
    if issubclass(cls, tuple) and isinstance(names := getattr(cls, "_fields", None), tuple):
        return names
    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls))
    return None


def is_container(value: object) -> bool:
    """Whether ``flatten`` looks inside the value.

    >>> is_container([1.0]), is_container(None), is_container("ab")
    (True, False, False)
    """
    cls: Any = type(value)
    return cls is tuple or cls is list or cls is dict or _fields(cls) is not None


@lru_cache(maxsize=1024)
def is_plain(cls: Any) -> bool:
    """Whether an object of this class is made of its attributes alone: all its classes are written in Python.

    >>> is_plain(TreeDef), is_plain(float), is_plain(type("Mine", (list,), {}))
    (True, False, False)
    """
    return isinstance(cls, type) and cls is not object and all(map(_written_in_python, cls.__mro__[:-1])) and not issubclass(cls, enum.Enum) \
        and cls.__getattribute__ is object.__getattribute__ and not hasattr(cls, "primal") and cls not in _WHOLE


def keep_whole(cls: type) -> None:
    """Objects of this class are not taken apart: what they are is known (`rules/table.known_object`)."""
    _WHOLE.add(cls)
    is_plain.cache_clear()


def _written_in_python(cls: type) -> bool:
    made = bool(cls.__flags__ & (1 << 9))  # by a class statement, or by a C extension in that way
    in_c = (types.WrapperDescriptorType, types.MethodDescriptorType, types.BuiltinFunctionType, types.GetSetDescriptorType)
    return made and not issubclass(cls, (BaseException, type)) and not any(
        isinstance(member, in_c) and name not in ("__dict__", "__weakref__") for name, member in vars(cls).items())


def is_object(cls: Any) -> bool:
    """Whether an object of this class is one that ``flatten`` takes apart only where that is asked for."""
    return cls not in _PLAIN and cls not in (tuple, list, dict) and _fields(cls) is None and is_plain(cls)


@lru_cache(maxsize=1024)
def takes_fields(cls: Any) -> bool:
    """Whether an object of a class (a named tuple, a plain dataclass) is made by calling it with its fields, and that does nothing else."""
    if not dataclasses.is_dataclass(cls):
        return issubclass(cls, (tuple, BaseException))
    written = [getattr(getattr(cls, name), "__code__", None) for name in ("__init__", "__setattr__")]  # by dataclasses, or none
    return all(f.init and f.name.isidentifier() for f in dataclasses.fields(cls)) and not hasattr(cls, "__post_init__") \
        and all(code is None or code.co_filename == "<string>" for code in written) and cls.__new__ is object.__new__


def made(cls: Any, keys: Iterable[Any], items: Iterable[Any]) -> Any:
    """A dictionary, or an object with these attributes."""
    if cls is dict or takes_fields(cls):
        return cls(zip(keys, items)) if cls is dict else cls(**dict(zip(keys, items)))
    if cls is types.SimpleNamespace:
        return cls(**dict(zip(keys, items)))
    value = object.__new__(cls)
    for name, item in zip(keys, items):
        object.__setattr__(value, name, item)
    return value


def has_slots(cls: type) -> bool:
    return any(isinstance(member, types.MemberDescriptorType) and name != "__dict__" for c in cls.__mro__ for name, member in vars(c).items())


def attributes(value: Any) -> list[tuple[str, Any]]:
    """Names and values of an object's own attributes: its slots, and its dictionary."""
    slots = [(name, member) for c in reversed(type(value).__mro__) for name, member in vars(c).items() if isinstance(member, types.MemberDescriptorType)]
    found = [(name, getattr(value, name)) for name, _ in slots if hasattr(value, name)]
    return found + list(getattr(value, "__dict__", {}).items())


class HoldsItself(Exception):
    """An object can be reached from its own attributes."""

    def __init__(self, value: Any) -> None:
        self.value = value


def flatten(value: Any, objects: bool = False) -> tuple[list[Any], TreeDef]:
    """Take a container apart; `objects`: and objects of the user's classes, unless they hold themselves.

    Returns the leaves, left to right, and the treedef that ``unflatten`` rebuilds the container with.

    >>> flatten({"w": [1.0, 2.0], "b": (3.0, None)})
    ([1.0, 2.0, 3.0, None], {'w': [*, *], 'b': (*, *)})
    """
    leaves: list[Any] = []
    if not objects or type(value) in _PLAIN:
        return leaves, _flatten(value, leaves)
    try:
        return leaves, _flatten(value, leaves, ())
    except HoldsItself:
        leaves.clear()
        return leaves, _flatten(value, leaves)


def _flatten(value: Any, leaves: list[Any], around: tuple[int, ...] | None = None) -> TreeDef:
    cls: Any = type(value)
    if cls in _PLAIN:
        leaves.append(value)
        return LEAF
    keys: tuple[Any, ...] = ()
    items: Iterable[Any]
    if cls is tuple or cls is list:
        items = value
    elif cls is dict:
        keys = tuple(value)
        items = value.values()
    elif (names := _fields(cls)) is not None:
        keys = names
        items = value if issubclass(cls, tuple) else [getattr(value, name) for name in names]
    elif around is not None and is_plain(cls):
        if id(value) in around:
            raise HoldsItself(value)
        own = attributes(value)
        keys, items = tuple(name for name, _ in own), [item for _, item in own]
    else:
        leaves.append(value)
        return LEAF
    before = len(leaves)
    if around is not None and cls is not tuple:
        if id(value) in around:
            raise HoldsItself(value)
        around = (*around, id(value))
    try:
        children = tuple([_flatten(item, leaves, around) for item in items])
    except HoldsItself as found:
        if found.value is not value or cls is list or cls is dict or _fields(cls) is not None:
            raise
        del leaves[before:]  # an object that holds itself is not taken apart
        leaves.append(value)
        return LEAF
    return TreeDef(cls, keys, children, len(leaves) - before)


def unflatten(treedef: TreeDef, leaves: Iterable[Any]) -> Any:
    """Put leaves back into a container of the given structure.

    A dataclass is rebuilt field by field, without its ``__init__`` and ``__post_init__``: leaves may be gradients or
    None, which a constructor need not accept. Raises ValueError when the number of leaves is wrong.

    >>> unflatten(flatten((0, [0, 0]))[1], "abc")
    ('a', ['b', 'c'])
    """
    rest = iter(leaves)
    try:
        value = _unflatten(treedef, rest)
    except StopIteration:
        raise ValueError(f"too few leaves for {treedef}: it takes {treedef.size}") from None
    for _ in rest:
        raise ValueError(f"too many leaves for {treedef}: it takes {treedef.size}")
    return value


def _unflatten(treedef: TreeDef, leaves: Iterator[Any]) -> Any:
    kind = treedef.kind
    if kind is None:
        return next(leaves)
    items = [_unflatten(child, leaves) for child in treedef.children]
    if kind is list:
        return items
    if kind is tuple:
        return tuple(items)
    if kind is dict:
        return dict(zip(treedef.keys, items, strict=True))
    if issubclass(kind, tuple):
        return kind._make(items)  # type: ignore[attr-defined]
    value = object.__new__(kind)
    for name, item in zip(treedef.keys, items, strict=True):
        object.__setattr__(value, name, item)  # frozen dataclasses too
    return value


def gradient_structure(treedef: TreeDef) -> TreeDef:
    """The structure of a gradient with respect to something of this structure: an object that is no dataclass becomes a dictionary."""
    if treedef.kind is None:
        return treedef
    kind = treedef.kind
    if kind not in (tuple, list, dict) and _fields(kind) is None:
        kind = dict
    return TreeDef(kind, treedef.keys, tuple(map(gradient_structure, treedef.children)), treedef.size)


def flatten_like(treedef: TreeDef, value: Any) -> list[Any]:
    """Take a container apart down to a given structure and no further: what stands at each of its leaves.

    Dictionaries are matched by key, not by order. Raises ValueError, saying where, when the structures differ.

    >>> _, treedef = flatten({"w": 0.0, "b": 0.0})
    >>> flatten_like(treedef, {"b": (1, 2), "w": None})
    [None, (1, 2)]
    """
    out: list[Any] = []
    _flatten_like(treedef, value, out, "")
    return out


def _flatten_like(treedef: TreeDef, value: Any, out: list[Any], path: str) -> None:
    kind = treedef.kind
    if kind is None:
        out.append(value)
        return
    items: list[Any]
    cls: Any = type(value)
    if cls is not kind:
        raise ValueError(f"expected {kind.__name__} at {path or 'the top'}, got {cls.__name__}")
    if kind is dict:
        if len(value) != len(treedef.keys) or any(key not in value for key in treedef.keys):
            raise ValueError(f"expected keys {list(treedef.keys)} at {path or 'the top'}, got {list(value)}")
        items = [value[key] for key in treedef.keys]
    elif treedef.keys and not issubclass(kind, tuple):
        items = [getattr(value, name) for name in treedef.keys]
    else:
        items = list(value)
        if len(items) != len(treedef.children):
            raise ValueError(f"expected {len(treedef.children)} items at {path or 'the top'}, got {len(items)}")
    for step, child, item in zip(steps(treedef), treedef.children, items, strict=True):
        _flatten_like(child, item, out, path + step)


def steps(treedef: TreeDef) -> list[str]:
    """How each item of a container is reached from it, as Python would write it."""
    if treedef.kind is dict:
        return [f"[{key!r}]" for key in treedef.keys]
    if treedef.keys:
        return [f".{name}" for name in treedef.keys]
    return [f"[{i}]" for i in range(len(treedef.children))]


def leaf_paths(treedef: TreeDef, prefix: str = "") -> list[str]:
    """How each leaf is reached from the container, as Python would write it.

    >>> leaf_paths(flatten({"w": [1.0, 2.0], "b": 3.0})[1], "params")
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    """
    if treedef.kind is None:
        return [prefix]
    pairs = zip(steps(treedef), treedef.children, strict=True)
    return [path for step, child in pairs for path in leaf_paths(child, prefix + step)]


def is_differentiable(leaf: object) -> bool:
    """Whether a leaf carries a derivative: a float or complex number, or an array of them.

    >>> is_differentiable(1.0), is_differentiable(np.ones(2)), is_differentiable(1), is_differentiable(None)
    (True, True, False, False)
    """
    return isinstance(leaf, (float, complex)) or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc")


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function leaf by leaf; further containers must have the structure of the first.

    >>> map_leaves(lambda x, y: x + y, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    leaves, treedef = flatten(tree)
    columns = [leaves, *(flatten_like(treedef, other) for other in others)]
    return unflatten(treedef, map(function, *columns))
