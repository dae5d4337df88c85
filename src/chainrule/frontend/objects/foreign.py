"""Objects of the caller's: their attributes are read when the program runs, and what the program sets acts on its own copy.

A gradient call changes no argument. An object that is reached from an argument keeps, on the abstract heap, the attributes that the
program sets or deletes: from the start, with the values that they have in the caller's object. Which these are is found by lowering: a
program that sets another one is lowered again. All others are read from the place where the object is found. An object that is found in
a global or a closure is not set: the next call would see it.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any

from ...ir.nodes import Var
from ...structure import attributes
from ..constructs.statements import Statements
from ..execution.restart import NeedAttributes, Written
from ..execution.values import Entries, Object, Value
from ..request import Guard
from ..source import MISSING, NAMES, Item, Place
from . import classes


@dataclass(frozen=True, eq=False)
class Foreign:
    """An object of the caller's: the place where it is found, the Var that it is, and the attributes that the program sets."""

    place: Place
    var: Var
    written: dict[str, None]


class ForeignObjects(Statements):
    """The part of the machine that reads and writes objects of the caller's."""

    written: Written
    foreign: dict[int, Foreign]

    def arguments(self) -> list[Any]:
        """The leaves of the arguments of this call."""
        raise NotImplementedError

    def add_guard(self, guard: Guard) -> None:
        raise NotImplementedError

    def foreign_object(self, place: Place, cls: type, var: Var) -> Object:
        """An object of the caller's, as a value."""
        owner = Object(self.new(Entries((), (), cls)), cls)
        known = Foreign(place, var, self.written.get(place.key, {}))
        self.foreign[owner.slot] = known
        for name in known.written:
            value = self.read_attribute(known, cls, name)
            if value is not None:
                held = self.state.heap[owner.slot]
                assert isinstance(held, Entries)
                self.state.heap[owner.slot] = held.put(name, value)
        return owner

    def outside_attribute(self, owner: Object, name: str) -> Value | None:
        known = self.foreign.get(owner.slot)
        if known is None:
            return super().outside_attribute(owner, name)
        return None if name in known.written else self.read_attribute(known, owner.cls, name)

    def read_attribute(self, known: Foreign, cls: type, name: str) -> Value | None:
        """What the caller's object itself holds under a name."""
        instance = known.place.read(self.arguments())
        if instance is MISSING:
            self.refuse(f"the attribute `{name}` of `{known.place}` is needed", "there is no object to look at", "give the argument")
        member, _ = classes.raw(cls, name)
        slot = isinstance(member, types.MemberDescriptorType)
        present = hasattr(instance, name) if slot else name in getattr(instance, "__dict__", {})
        if not present and not slot and member is not MISSING and not callable(member) and not hasattr(type(member), "__get__"):
            present = True  # data of the class, until the object has its own
        if present:
            place = known.place.attribute(name)
            return self.external(place, place.read(self.arguments()))
        if not slot and classes.has_dict(cls):
            self.add_guard(Guard(known.place.attribute("__dict__").step(Item(name)), MISSING))
        elif slot:
            self.refuse(f"the attribute `{name}` of `{known.place}` is not set", "whether it is decides what the program does", "set it")
        return None

    def before_attribute(self, owner: Object, name: str) -> None:
        known = self.foreign.get(owner.slot)
        if known is not None:
            self.reject_outside(known, name)
            if name not in known.written:
                raise NeedAttributes(known.place.key, (name,))
        super().before_attribute(owner, name)

    def reject_outside(self, known: Foreign, name: str) -> None:
        if not isinstance(known.place.root, int):
            self.refuse(f"the attribute `{name}` of `{known.place}` is set", "the object is not an argument, and the gradient call would change it",
                        "pass the object as an argument, or make it inside the function")

    def all_attributes(self, owner: Object) -> None:
        known = self.foreign.get(owner.slot)
        if known is not None:
            instance = known.place.read(self.arguments())
            names = tuple(name for name, _ in attributes(instance))
            if any(name not in known.written for name in names):
                raise NeedAttributes(known.place.key, names)
            self.add_guard(Guard(known.place.step(NAMES), tuple(vars(instance))))

    def check_apart(self) -> None:
        """An object that is set must not be reached in another way, too."""
        every = list(self.foreign.values())
        for n, one in enumerate(every):
            for other in every[:n]:
                if not (one.written or other.written):
                    continue
                if one.place.read(self.arguments()) is other.place.read(self.arguments()):
                    self.refuse(f"`{one.place}` and `{other.place}` are one object, and it is changed", "each would be changed on its own",
                                "pass a copy, or reach it in one way only")
                self.add_guard(Guard(one.place, None, other.place))


def foreign_place(place: Place | None, kind: type, key: Any, position: int) -> Place | None:
    """The place of a part of a container."""
    if place is None:
        return None
    if kind in (tuple, list):
        return place.step(Item(position))
    return place.step(Item(key)) if kind is dict else place.attribute(key)


__all__ = ["Foreign", "ForeignObjects", "foreign_place"]
