"""Names that may have no value where they are read: a flag beside each says, when the program runs, whether it is bound.

    if n > 1:                       bound = n > 1
        y = x * 2.0                 if bound:
    return y * y          ->            y = x * 2.0
                                    if not bound:
                                        raise UnboundLocalError(...)

A flag is a name of ours in the same frame, set where the name is bound or deleted; so branches merge it, and loops carry it, as they do with any
number. Where it is known, which is nearly always, nothing is left of it in the program.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from ...ir.nodes import Arg, Lit, Var
from ..constructs.syntax import nodes
from ..execution.places import Node
from ..execution.state import FLAG, State
from ..execution.values import NONE, Num, Static, Value
from .exposed import bound_in, exposed

Machine = Any
PREFIX = f"%{FLAG}"


@functools.lru_cache(maxsize=256)
def unsure_names(node: Any, local: frozenset[str], given: frozenset[str]) -> frozenset[str]:
    """The local names of a function that may be read, or deleted, where they have no value; `given`: its parameters."""
    if not isinstance(node.body, list):
        return frozenset()
    parts = nodes(*node.body)
    deleted = {n.id for n in parts if n.__class__ is ast.Name and n.ctx.__class__ is ast.Del}
    defined = {n.name for n in parts if n.__class__ in (ast.FunctionDef, ast.ClassDef)}
    return frozenset((exposed(node.body) & (bound_in(node.body) | defined) & local) - given | (deleted & local))


def flag_names(frame: dict[str, Value], names: frozenset[str]) -> None:
    """Begin a frame that holds only arguments."""
    for name in sorted(names):
        frame[PREFIX + name] = Static(name in frame)


def note(frame: dict[str, Value], name: str, bound: bool) -> None:
    """A name is bound, or deleted."""
    if PREFIX + name in frame:
        frame[PREFIX + name] = Static(bound)


def check(m: Machine, number: int, name: str) -> None:
    """Raise, when the program runs, what Python raises where a name of a frame is read that has no value."""
    flag = m.state.frames.get(number, {}).get(PREFIX + name)
    if not isinstance(flag, (Static, Num)) or flag == Static(True):
        return

    def fail() -> Any:
        if number == m.current:
            m.fail(UnboundLocalError, Static(f"cannot access local variable {name!r} where it is not associated with a value"))
        m.fail(NameError, Static(f"cannot access free variable {name!r} where it is not associated with a value in enclosing scope"))

    if isinstance(flag, Static):
        fail()
    demand(m, flag, fail)


def demand(m: Machine, flag: Value, fail: Callable[[], Any]) -> None:
    """Raise unless a flag is set; where that has been found out before, nothing is done."""
    condition = m.condition(flag)
    key = ("set", id(condition))
    if (condition, True) in m.taken or any(key in scope.known for scope in m.b.scopes):
        return
    m.choose(condition, lambda: NONE, fail, span=m.b.span)
    if isinstance(condition, Var):
        m.b.scopes[-1].known[key] = condition


def always_bound(m: Machine, entry: State, made: Node, bounds: tuple[Arg, Arg, Arg]) -> dict[tuple[int, str], Value]:
    """The flags of names that every iteration of a loop binds: set if there was one."""
    found: dict[tuple[int, str], Value] = {}
    ends = [leaf.state for _, leaf in made.leaves() if leaf.kind != "raise"]
    for number, frame in entry.frames.items():
        for name, value in frame.items():
            if name.startswith(PREFIX) and value == Static(False) and ends and all(
                    state.frames.get(number, {}).get(name) == Static(True) for state in ends):
                found[number, name] = m.wrap(m.b.emit(">", m.trip_count(bounds), Lit(0)))
    return found


__all__ = ["PREFIX", "always_bound", "check", "demand", "flag_names", "note", "unsure_names"]
