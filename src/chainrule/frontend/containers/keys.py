"""Objects as keys of dictionaries and elements of sets: what stands for them among known keys.

An object whose class leaves comparison to Python is equal to itself only: the key is a token for its slot. Of a dataclass that can be a key, the key
holds the fields. `Deciding.held` gives the object back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..execution.values import Object
from ..objects import classes

if TYPE_CHECKING:
    from ..calling.calls import Calls


class Token:
    """An object that is made inside the function, as a key: equal to itself only."""


@dataclasses.dataclass(frozen=True)
class Fields:
    """A dataclass object as a key."""

    cls: type
    values: tuple[Any, ...]

    def __hash__(self) -> int:
        return hash(self.values)


def key_of(m: Calls, value: Object, what: str) -> Any:
    """What stands for an object among the keys."""
    cls = value.cls
    equal, home = classes.raw(cls, "__eq__")
    hashed, hash_home = classes.raw(cls, "__hash__")
    if hashed is None:
        classes.raised(m, TypeError, f"unhashable type: {cls.__name__!r}")
    if m.witness is None or not m.at_top():
        m.decide(value, what)
    if equal is object.__eq__ and hashed is object.__hash__:
        if value.slot in m.foreign:
            key = m.decide(value, what)  # the caller's object itself
        else:
            key = m.tokens.setdefault(value.slot, Token())
    elif classes.is_generated(equal, home) and hash_home is home and home is cls and (hashed.__code__.co_filename == "<string>"):
        fields = [f for f in dataclasses.fields(cls) if (f.compare if f.hash is None else f.hash)]
        if any(f.hash is not None and f.hash != f.compare for f in dataclasses.fields(cls)):
            m.refuse(f"an object of `{cls.__name__}` is a key", "its hash and its comparison use other fields", "use a tuple as the key")
        key = Fields(cls, tuple(m.hashed(classes.get(m, value, f.name), what) for f in fields))
    else:
        m.refuse(f"an object of `{cls.__name__}` is a key", "its class has its own `__eq__` or `__hash__`, which Python would call", "use a tuple or text as the key")
    m.standing[id(key)] = key, value
    return key


def in_order(m: Any, elements: set[Any]) -> list[Any]:
    """The elements of a set in their order, which is known unless it depends on where objects lie in memory."""
    if len(elements) > 1 and any(isinstance(e, Token) for e in elements):
        m.refuse("a set of objects is looped over", "their order depends on where they lie in memory", "use a list or a dictionary")
    return list(elements)


def check_outside(m: Any, keys: Iterable[Any]) -> None:
    """A container that leaves the function may not have what stands for objects in it."""
    if any(isinstance(key, (Token, Fields)) for key in keys):
        m.refuse("a container is used as a value that has objects as keys", "the gradient call does not make the objects", "use other keys, or its values")


__all__ = ["check_outside", "in_order", "key_of"]
