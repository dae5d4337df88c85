"""What is found out while a function is lowered, and has to be known from the start: then lowering starts again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..source import Place

Written = dict[Any, dict[str, None]]  # objects of the caller's, by the key of their place -> the attributes that are set


@dataclass
class Known:
    """globals: the global variables that the program sets. written: the attributes of the caller's objects that it sets.
    choosing: the loops that carry which of several arrays each name refers to (see `choices`)."""

    globals: list[Place] = field(default_factory=list)
    written: Written = field(default_factory=dict)
    choosing: set[Any] = field(default_factory=set)


class Restart(Exception):
    """Lower the function again, from its beginning, and know this from the start."""

    def note(self, known: Known) -> None:
        """Nothing that is not known elsewhere (a captured value is known to the request)."""


class NeedGlobal(Restart):
    """The program sets this global variable: it must be a variable of the program from the beginning."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def note(self, known: Known) -> None:
        known.globals.append(self.place)


class NeedChoices(Restart):
    """A loop has to carry which of several arrays each name refers to."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop

    def note(self, known: Known) -> None:
        known.choosing.add(self.loop)


class NeedAttributes(Restart):
    """These attributes of an object must be attributes of the program's object from the beginning."""

    def __init__(self, key: Any, names: tuple[str, ...]) -> None:
        self.key = key
        self.names = names

    def note(self, known: Known) -> None:
        known.written.setdefault(self.key, {}).update(dict.fromkeys(self.names))


__all__ = ["Known", "NeedAttributes", "NeedChoices", "NeedGlobal", "Restart", "Written"]
