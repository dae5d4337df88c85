"""Lists: the constructor and the methods. Of a known list the items move; a list that a loop has grown is made anew where its items move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ir.build import type_of
from ...ir.nodes import Lit, Var
from ...ir.types import Array, List, Tuple
from ..calling.builtins import Args, Keywords, builtin, class_of, method
from ..execution.state import reachable, slots
from ..execution.values import NONE, DictV, Entries, Items, IteratorV, ListV, Num, SliceV, Static, TupleV, Value
from . import library

if TYPE_CHECKING:
    from ..calling.calls import Calls

KNOWN_LENGTH = "the number of items of a list"


@builtin(list)
def _list(m: Calls, args: Args, keywords: Keywords) -> Value:
    if not args:
        return ListV(m.new(Items(())))
    return as_list(m, args[0])


def as_list(m: Calls, value: Value) -> ListV:
    """`list(value)`: a new list."""
    if isinstance(value, IteratorV):
        value = m.collect(value)
        if isinstance(value, ListV):
            return value
    if isinstance(value, ListV) and not isinstance(m.state.heap[value.slot], Items):
        copied = ListV(m.new(m.b.emit("copy", m.operand(value))))
        m.state.entangle(copied.slot, set(m.state.entangled.get(value.slot, ())))
        return copied
    known = m.known_items(value)
    if known is None and m.is_number(value):
        of = m.type(value)
        if isinstance(of, Array) and of.shape and not isinstance(of.shape[0], int):
            listed = m.library(library.listed, value)
            assert isinstance(listed, ListV)
            return listed
    return ListV(m.new(Items(m.iterate(value) if known is None else known)))


@builtin(tuple)
def _tuple(m: Calls, args: Args, keywords: Keywords) -> Value:
    if args and isinstance(args[0], Num) and isinstance(type_of(args[0].operand), Tuple):
        return args[0]
    if args and isinstance(args[0], TupleV) and args[0].cls is None:
        return args[0]
    return TupleV(m.iterate(args[0]) if args else ())


def items_of(m: Calls, owner: ListV) -> tuple[Value, ...] | None:
    """The items of a known list."""
    contents = m.state.heap[owner.slot]
    return contents.items if isinstance(contents, Items) else None


def check_shared(m: Calls, owner: ListV | DictV) -> None:
    """A list or dictionary that was put into a list that a loop grows is there as it was: changing it would not be seen."""
    others = m.state.entangled.get(owner.slot, frozenset())
    if not others:
        return
    alive = reachable(m.state, m.live_values())
    for other in others:
        contents = m.state.heap.get(other)
        if other in alive and isinstance(contents, Var) and isinstance(contents.type, List) and isinstance(contents.type.element, (List, Tuple)):
            m.unroll_here()
            m.refuse("a list is changed that is an item of a list which a loop has grown", "what the outer list holds is a copy in the generated program",
                     "fill the inner list before it is put into the outer one, or use an array")


def set_items(m: Calls, owner: ListV, items: tuple[Value, ...]) -> None:
    """New items of a known list."""
    check_shared(m, owner)
    if owner.maxlen is not None and len(items) > owner.maxlen:
        m.refuse("a deque is filled beyond its length", "which items fall out depends on the end at which it is filled", "use append or appendleft")
    m.change(owner.slot, Items(items))


def replace_by(m: Calls, owner: ListV, new: Value) -> None:
    """The contents of a list become those of a new one."""
    assert isinstance(new, ListV)
    check_shared(m, owner)
    contents = m.state.heap[new.slot]
    if isinstance(contents, Var) and contents.hint in (None, "result"):
        m.name(new, next((name for name, value in m.frame().items() if value == owner and name[0] != "%"), "items"))
    m.change(owner.slot, contents)
    m.state.entangle(owner.slot, set(m.state.entangled.get(new.slot, frozenset())))


def number(m: Calls, value: Value, what: str = "an index") -> Any:
    return m.static(value, what)


def fail(m: Calls, error: type, message: Any) -> Value:
    return m.fail(error, Static(message))


@method(ListV, "append")
def _append(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    check_shared(m, owner)
    m.append(owner, args[0])
    if owner.maxlen is not None:
        items = items_of(m, owner)
        if items is None:
            m.refuse("a deque with a maximal length is filled in a loop", "how many items it has is only known when the program runs",
                     "use a list, or an array and an index with `%`")
        m.change(owner.slot, Items(items[max(len(items) - owner.maxlen, 0):]))
    return NONE


@method(ListV, "extend")
def _extend(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    extend(m, owner, args[0])
    return NONE


def extend(m: Calls, owner: ListV, value: Value) -> None:
    if isinstance(value, IteratorV):
        value = m.collect(value)
    known = m.known_items(value)
    of = m.type(value) if known is None and m.is_number(value) else None
    if known is None and (isinstance(value, ListV) or (isinstance(of, Array) and of.shape and not isinstance(of.shape[0], int))):
        if isinstance(value, ListV) and value.slot == owner.slot:
            value = as_list(m, value)
        m.library(library.extend, owner, value)
        return
    for item in m.iterate(value) if known is None else known:
        _append(m, owner, (item,), {})


@method(ListV, "pop")
def _pop(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    items = items_of(m, owner)
    if items is not None:
        if not items:
            return fail(m, IndexError, "pop from empty list")
        at = number(m, args[0]) if args else -1
        left = list(items)
        if not -len(left) <= at < len(left):
            return fail(m, IndexError, "pop index out of range")
        value = left.pop(at)
        set_items(m, owner, tuple(left))
        return value
    check_shared(m, owner)
    at = args[0] if args else Static(-1)
    value = m.subscript(owner, at)
    if at == Static(-1):
        m.change(owner.slot, m.b.emit("list_drop", m.operand(owner)))
    else:
        replace_by(m, owner, m.library(library.without, owner, at))
    return value


@method(ListV, "insert")
def _insert(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    items = items_of(m, owner)
    if items is None:
        replace_by(m, owner, m.library(library.with_inserted, owner, *args))
        return NONE
    left = list(items)
    left.insert(number(m, args[0]), args[1])
    set_items(m, owner, tuple(left))
    return NONE


@method(ListV, "remove")
def _remove(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    at = _index(m, owner, args, {})
    if items_of(m, owner) is not None:
        at = Static(m.static(at, "which item is removed"))
    _pop(m, owner, (at,), {})
    return NONE


@method(ListV, "clear")
def _clear(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    items = items_of(m, owner)
    check_shared(m, owner)
    if items is None:
        m.change(owner.slot, m.b.emit("empty_list", Lit(None), type=type_of(m.operand(owner))))
    else:
        m.change(owner.slot, Items(()))
    return NONE


@method(ListV, "index")
def _index(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    items = items_of(m, owner)
    if items is None:
        if len(args) > 1:
            m.refuse("`index` of a list of unknown length, with bounds", "this is not supported yet", "use a loop")
        return m.library(library.position_of, owner, args[0])
    return index_in(m, items, args)


@method(TupleV, "index")
def _tuple_index(m: Calls, owner: TupleV, args: Args, keywords: Keywords) -> Value:
    return index_in(m, owner.items, args)


def index_in(m: Calls, items: tuple[Value, ...], args: Args) -> Value:
    """The position of the first item that is the same object as another one, or equals it."""
    bounds = [number(m, a) for a in args[1:]]
    places = range(len(items))[slice(bounds[0] if bounds else None, bounds[1] if len(bounds) > 1 else None)]

    def found(k: int) -> Value:
        if k == len(places):
            return fail(m, ValueError, "value is not in list")
        item = items[places[k]]
        same = Static(True) if item == args[0] or m.same_object(item, args[0]) else m.compare("==", item, args[0])
        known = m.truth(same)
        if known is None:
            return m.choose(m.condition(same), lambda: Static(places[k]), lambda: found(k + 1))
        return Static(places[k]) if known else found(k + 1)

    return found(0)


@method(ListV, "count")
def _count(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    items = items_of(m, owner)
    if items is None:
        return m.library(library.number_of, owner, args[0])
    return count_in(m, items, args[0])


@method(TupleV, "count")
def _tuple_count(m: Calls, owner: TupleV, args: Args, keywords: Keywords) -> Value:
    return count_in(m, owner.items, args[0])


def count_in(m: Calls, items: tuple[Value, ...], value: Value) -> Value:
    total: Value = Static(0)
    for item in items:
        equal = m.compare("==", item, value)
        known = m.truth(equal)
        if known is None:
            total = m.binary("+", total, m.choose(m.condition(equal), lambda: Static(1), lambda: Static(0)))
        elif known:
            total = m.binary("+", total, Static(1))
    return total


@method(ListV, "copy")
def _copy(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    new = as_list(m, owner)
    return ListV(new.slot, owner.cls, owner.maxlen)


@method(ListV, "reverse")
def _reverse(m: Calls, owner: ListV, args: Args, keywords: Keywords) -> Value:
    items = items_of(m, owner)
    if items is None:
        replace_by(m, owner, m.library(library.reversed_list, owner))
    else:
        set_items(m, owner, tuple(reversed(items)))
    return NONE


# -- slices and items, written and deleted ------------------------------------------------------------------------------


def _bounds(m: Calls, owner: ListV, index: SliceV) -> tuple[Value, Value]:
    """Start and stop of a slice with step 1 of a list of unknown length, within the list."""
    if m.static(index.step, "a step") not in (None, 1):
        m.refuse("a slice with a step of a list of unknown length is changed", "this is not supported yet", "loop over the indices")
    length = m.call_static(len, (owner,), {})

    def bound(value: Value, default: Value) -> Value:
        if value == NONE:
            return default
        if isinstance(value, Static) and value.value >= 0:
            return m.call_static(min, (value, length), {})
        if isinstance(value, Static):
            return m.call_static(max, (m.binary("+", length, value), Static(0)), {})
        negative = m.compare("<", value, Static(0))
        shifted = m.choose(m.condition(negative), lambda: m.binary("+", value, length), lambda: value)
        return m.call_static(max, (m.call_static(min, (shifted, length), {}), Static(0)), {})

    return bound(index.start, Static(0)), bound(index.stop, length)


def set_slice(m: Calls, owner: ListV, index: SliceV, value: Value) -> None:
    """`items[start:stop:step] = value`."""
    items = items_of(m, owner)
    if items is None:
        start, stop = _bounds(m, owner, index)
        replace_by(m, owner, m.library(library.with_slice, owner, start, stop, as_list(m, value)))
        return
    place = slice(*(m.static(p, "an index") for p in (index.start, index.stop, index.step)))
    left = list(items)
    try:
        left[place] = m.iterate(value)
    except ValueError as error:
        fail(m, ValueError, str(error))
    set_items(m, owner, tuple(left))


def delete_item(m: Calls, owner: Value, index: Value) -> None:
    """`del owner[index]`."""
    if isinstance(owner, ListV):
        items = items_of(m, owner)
        if isinstance(index, SliceV):
            if items is None:
                replace_by(m, owner, m.library(library.without_slice, owner, *_bounds(m, owner, index)))
                return
            left = list(items)
            del left[slice(*(m.static(p, "an index") for p in (index.start, index.stop, index.step)))]
            set_items(m, owner, tuple(left))
            return
        _pop(m, owner, (index,), {})
        return
    if isinstance(owner, DictV):
        key = m.hashed(index, "a dictionary's key")
        entries = m.state.heap[owner.slot]
        assert isinstance(entries, Entries)
        if key not in entries.keys:
            fail(m, KeyError, key)
        check_shared(m, owner)
        m.change(owner.slot, entries.drop(key))
        return
    m.refuse("an item of this value is deleted", "only lists and dictionaries have items to delete", "make a list of it first")


def concatenated(m: Calls, a: ListV, b: ListV) -> ListV:
    """`a + b`."""
    x, y = items_of(m, a), items_of(m, b)
    if x is not None and y is not None:
        return ListV(m.new(Items(x + y)), a.cls, a.maxlen)
    joined = m.library(library.joined, a, b)
    assert isinstance(joined, ListV)
    return joined


def repeated(m: Calls, a: ListV, count: Value) -> ListV:
    """`a * count`."""
    x = items_of(m, a)
    if class_of(m, count) in (float, complex):
        m.fail(TypeError, Static(f"can't multiply sequence by non-int of type {class_of(m, count).__name__!r}"))
    if x is not None and (isinstance(count, Static) or len(x) == 0):
        return ListV(m.new(Items(x * count.value if isinstance(count, Static) else ())), a.cls, a.maxlen)
    if x is not None and not all(isinstance(i, (Static, Num)) for i in x):
        return ListV(m.new(Items(x * m.static(count, "the number of repetitions"))), a.cls, a.maxlen)
    result = m.library(library.repeated, a, count)
    assert isinstance(result, ListV)
    return result


def listed(m: Calls, value: Value) -> Value:
    """`array.tolist()`: numbers become Python's."""
    if isinstance(value, Num) or not isinstance(of := m.type(value), Array):
        return m.call_method(value, "item", (), {})
    if of.shape is None:
        m.refuse("`tolist` of an array whose number of axes is not known", "how deep the list is depends on it", "index the array")
    if of.shape == ():
        return m.call_method(value, "item", (), {})
    if len(of.shape) == 1 and not isinstance(of.shape[0], int):
        return m.library(library.numbers_of, value)
    return ListV(m.new(Items(tuple(listed(m, item) for item in m.iterate(value)))))


def check_returned(m: Calls, value: Value) -> None:
    """Refuse to return a container whose class the generated program does not know."""
    for slot in reachable(m.state, iter((value,))):
        contents = m.state.heap.get(slot)
        for inner in contents.items if isinstance(contents, Items) else contents.values if isinstance(contents, Entries) else ():
            _check_class(m, inner)
    _check_class(m, value)


def _check_class(m: Calls, value: Value) -> None:
    for item in value.items if isinstance(value, TupleV) else (value,):
        if isinstance(item, (ListV, DictV)) and item.cls not in (list, dict):
            m.refuse(f"a {item.cls.__name__} is returned", "the generated program would return a plain list or dictionary", "return list(...) or dict(...) of it")


__all__ = [
    "as_list",
    "check_returned",
    "concatenated",
    "delete_item",
    "extend",
    "fail",
    "index_in",
    "items_of",
    "listed",
    "repeated",
    "set_items",
    "set_slice",
    "slots",
]
