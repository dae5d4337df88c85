"""Sets of known objects: the constructors, the methods and the operators. Their order is that of a set to which the same was done."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from ..calling.builtins import Args, Keywords, builtin, method
from ..execution.values import NONE, Elements, Items, ListV, SetV, Static, Value
from . import keys, lists
from .mappings import as_set

if TYPE_CHECKING:
    from ..calling.calls import Calls

ELEMENT = "an element of a set"
OPERATORS: dict[str, Any] = {"|": operator.or_, "&": operator.and_, "-": operator.sub, "^": operator.xor}
IN_PLACE = {"|": "update", "&": "intersection_update", "-": "difference_update", "^": "symmetric_difference_update"}
SPECIAL = {"|": "__or__", "&": "__and__", "-": "__sub__", "^": "__xor__"}
COMPARISONS: dict[str, Any] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}


@builtin(set)
def _set(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.set_of(args[0]) if args else SetV(m.new(Elements()))


@builtin(frozenset)
def _frozenset(m: Calls, args: Args, keywords: Keywords) -> Value:
    return Static(frozenset(the_set(m, args[0])) if args else frozenset())


def the_set(m: Calls, value: Value) -> Any:
    """A set, or what a set is made of, as a Python object."""
    if isinstance(value, SetV):
        return elements_of(m, value).value()
    known = as_set(m, value)
    return [m.hashed(item, ELEMENT) for item in m.iterate(value)] if known is None else known


def elements_of(m: Calls, owner: SetV) -> Elements:
    elements = m.state.heap[owner.slot]
    assert isinstance(elements, Elements)
    return elements


def combined(m: Calls, op: str, a: Value, b: Value) -> Value | None:
    """`a | b` and the like of two sets or views; None if they are not."""
    if as_set(m, a) is None or as_set(m, b) is None:
        return None
    x, y = the_set(m, a), the_set(m, b)
    if op in OPERATORS:
        if isinstance(a, SetV):
            return SetV(m.new(elements_of(m, a).after(SPECIAL[op], exactly(m, b))))
        result = OPERATORS[op](x, y)
        return Static(frozenset(result)) if isinstance(a, Static) else ordered(m, result)
    if op in COMPARISONS:
        return Static(COMPARISONS[op](x, y))
    return None


def ordered(m: Calls, result: Any) -> SetV:
    """A set that an operation made of something else than sets."""
    elements = Elements((("update", tuple(result)),))
    if list(elements.value()) != list(result):
        m.refuse("the order of this set is not known", "it depends on how the set was made", "make it with set(...) or a set display")
    return SetV(m.new(elements))


def exactly(m: Calls, value: Value) -> Any:
    """The other argument of an operation on sets, in its own order."""
    if isinstance(value, SetV):
        return elements_of(m, value)
    known = the_set(m, value)
    return tuple(known) if isinstance(known, list) else known


def _changing(name: str) -> Any:
    def apply(m: Calls, owner: SetV, args: Args, keywords: Keywords) -> Value:
        elements = elements_of(m, owner)
        if name in ("add", "discard", "remove"):
            given: Any = m.hashed(args[0], ELEMENT)
            if name == "remove" and given not in elements.value():
                return lists.fail(m, KeyError, given)
            m.change(owner.slot, elements.after(name, given))
            return NONE
        for arg in args:
            elements = elements.after(name, exactly(m, arg))
        m.change(owner.slot, elements)
        return NONE

    return apply


for _name in ("add", "discard", "remove", "update", "intersection_update", "difference_update", "symmetric_difference_update"):
    method(SetV, _name)(_changing(_name))


@method(SetV, "clear")
def _clear(m: Calls, owner: SetV, args: Args, keywords: Keywords) -> Value:
    m.change(owner.slot, Elements())
    return NONE


@method(SetV, "copy")
def _copy(m: Calls, owner: SetV, args: Args, keywords: Keywords) -> Value:
    return SetV(m.new(elements_of(m, owner)))


@method(SetV, "pop")
def _pop(m: Calls, owner: SetV, args: Args, keywords: Keywords) -> Value:
    elements = elements_of(m, owner)
    left = elements.value()
    if not left:
        return lists.fail(m, KeyError, "pop from an empty set")
    first = keys.in_order(m, left)[0]
    m.change(owner.slot, elements.after("remove", first))
    return m.held(first)


def _asking(name: str) -> Any:
    def apply(m: Calls, owner: SetV, args: Args, keywords: Keywords) -> Value:
        elements = elements_of(m, owner)
        if name in ("union", "intersection", "difference", "symmetric_difference"):
            for arg in args:
                elements = elements.after(name, exactly(m, arg))
            return SetV(m.new(elements))
        return Static(getattr(elements.value(), name)(*(the_set(m, a) for a in args)))

    return apply


for _name in ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint"):
    method(SetV, _name)(_asking(_name))

__all__ = ["Items", "ListV", "combined", "elements_of", "the_set"]
