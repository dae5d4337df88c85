"""Objects as keys of dictionaries and elements of sets: what stands for them among known keys.

An object whose class leaves comparison to Python is equal to itself only: the key is a token for its slot. Of a dataclass that can be a key, the key
holds the fields. Of other classes that compare in their own way, equal objects have one key. `Deciding.held` gives the object back.
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


class Compared:
    """Objects that are equal as their class says, as a key."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects


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
    elif equal is object.__eq__:
        m.refuse(f"an object of `{cls.__name__}` is a key", "its class has its own `__hash__`, but not `__eq__`", "use a tuple or text as the key")
    else:
        return _compared(m, value, what)
    m.standing[id(key)] = key, value
    return key


def _compared(m: Calls, value: Object, what: str) -> Compared:
    """The key of an object whose class compares in its own way: one for all that are equal and have equal hashes, which Python asks for first."""
    for key, other in list(m.standing.values()):
        if not isinstance(key, Compared):
            continue
        if any(known.slot == value.slot for known in key.objects):
            return key
        if m.decide(m.compare("==", *(m.call_static(hash, (v,), {}) for v in (other, value))), what) and m.decide(m.compare("==", other, value), what):
            key.objects.append(value)
            return key
    key = Compared([value])
    m.standing[id(key)] = key, value
    return key


def in_order(m: Any, elements: set[Any]) -> list[Any]:
    """The elements of a set in their order.

    That of objects that are made inside depends on where they happen to lie in memory: any order is one that Python may take. Here it is that in which they are made.
    """
    if len(elements) > 1 and any(isinstance(e, Compared) for e in elements):
        m.refuse("a set of objects is looped over", "their order depends on their hashes", "use a list or a dictionary")
    if len(elements) > 1 and any(isinstance(e, Token) for e in elements):
        if not all(isinstance(e, Token) for e in elements):
            m.refuse("a set of objects and of other things is looped over", "their order depends on where they lie in memory", "use a list or a dictionary")
        made = {token: slot for slot, token in m.tokens.items()}
        return sorted(elements, key=made.__getitem__)
    return list(elements)


def check_outside(m: Any, keys: Iterable[Any]) -> None:
    """A container that leaves the function may not have what stands for objects in it."""
    if any(isinstance(key, (Token, Fields, Compared)) for key in keys):
        m.refuse("a container is used as a value that has objects as keys", "the gradient call does not make the objects", "use other keys, or its values")


__all__ = ["check_outside", "in_order", "key_of"]
