"""Dictionaries and their relatives: constructors, methods, views. Keys are known when the program is compiled."""

from __future__ import annotations

import collections
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ..calling.builtins import Args, Keywords, builtin, method
from ..execution.values import NONE, DictV, Elements, Entries, Items, IteratorV, Lazy, ListV, SetV, Static, TupleV, Value
from . import lists

if TYPE_CHECKING:
    from ..calling.calls import Calls

KEY = "a dictionary's key"


def entries_of(m: Calls, owner: DictV) -> Entries:
    entries = m.state.heap[owner.slot]
    assert isinstance(entries, Entries)
    return entries


def set_entries(m: Calls, owner: DictV, entries: Entries) -> None:
    lists.check_shared(m, owner)
    m.change(owner.slot, entries)


def updated(m: Calls, entries: Entries, args: Args, keywords: Keywords) -> Entries:
    """Entries with those of another mapping, or of pairs, and of keywords."""
    for other in args:
        if isinstance(other, DictV):
            pairs = [(k, v) for k, v in zip(entries_of(m, other).keys, entries_of(m, other).values)]
        elif isinstance(other, IteratorV):
            held = entries_of(m, m.collect_pairs(other))  # type: ignore[arg-type]
            pairs = list(zip(held.keys, held.values))
        else:
            pairs = []
            for pair in m.iterate(other):
                key, value = m.iterate(pair)
                pairs.append((m.hashed(key, KEY), value))
        for key, value in pairs:
            entries = entries.put(key, value)
    for name, value in keywords.items():
        entries = entries.put(name, value)
    return entries


@builtin(dict)
def _dict(m: Calls, args: Args, keywords: Keywords) -> Value:
    return DictV(m.new(updated(m, Entries((), ()), args, keywords)))


@builtin(collections.OrderedDict)
def _ordered(m: Calls, args: Args, keywords: Keywords) -> Value:
    return DictV(m.new(updated(m, Entries((), ()), args, keywords)), collections.OrderedDict)


@builtin(collections.defaultdict)
def _defaultdict(m: Calls, args: Args, keywords: Keywords) -> Value:
    factory = args[0] if args and args[0] != NONE else None
    return DictV(m.new(updated(m, Entries((), ()), args[1:], keywords)), collections.defaultdict, factory)


@builtin(collections.Counter)
def _counter(m: Calls, args: Args, keywords: Keywords) -> Value:
    result = DictV(m.new(Entries((), ())), collections.Counter)
    _add_counts(m, result, args, keywords)
    return result


def _add_counts(m: Calls, owner: DictV, args: Args, keywords: Keywords, op: str = "+") -> None:
    for other in args:
        if isinstance(other, DictV):
            pairs = list(zip(entries_of(m, other).keys, entries_of(m, other).values))
        else:
            pairs = [(m.hashed(item, "what is counted"), Static(1)) for item in m.iterate(other)]
        for key, value in (*pairs,):
            entries = entries_of(m, owner)
            set_entries(m, owner, entries.put(key, m.binary(op, entries.get(key) if key in entries.keys else Static(0), value)))
    for name, value in keywords.items():
        entries = entries_of(m, owner)
        set_entries(m, owner, entries.put(name, m.binary(op, entries.get(name) if name in entries.keys else Static(0), value)))


@method(DictV, "subtract")
def _subtract(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    _add_counts(m, owner, args, keywords, "-")
    return NONE


def looked_up(m: Calls, owner: DictV, index: Value) -> Value:
    """`owner[index]`."""
    from ..calling.functionals import entry_at

    entries = entries_of(m, owner)
    found = entry_at(m, entries, index) if owner.cls is dict else None
    if found is not None:
        return found
    key = m.hashed(index, KEY)
    if key in entries.keys:
        return entries.get(key)
    if owner.cls is collections.Counter:
        return Static(0)
    if owner.factory is not None:
        value = m.call(owner.factory, (), {})
        set_entries(m, owner, entries_of(m, owner).put(key, value))
        return value
    return lists.fail(m, KeyError, key)


@method(DictV, "items", "keys", "values")
def _view(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    raise AssertionError("registered below, one by one")


def _make_view(kind: str) -> Any:
    def view(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
        return Lazy(kind, (owner,))

    return view


for _kind in ("items", "keys", "values"):
    method(DictV, _kind)(_make_view(_kind))


@method(DictV, "__getitem__")
def _getitem(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return looked_up(m, owner, args[0])


@method(DictV, "__contains__")
def _contains(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return m.compare("in", args[0], owner)


@method(DictV, "get")
def _get(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.hashed(args[0], KEY)
    entries = entries_of(m, owner)
    default = args[1] if len(args) > 1 else keywords.get("default", NONE)
    return entries.get(key) if key in entries.keys else default


@method(DictV, "pop")
def _pop(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.hashed(args[0], KEY)
    entries = entries_of(m, owner)
    if key not in entries.keys:
        return args[1] if len(args) > 1 else lists.fail(m, KeyError, key)
    set_entries(m, owner, entries.drop(key))
    return entries.get(key)


@method(DictV, "popitem")
def _popitem(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    entries = entries_of(m, owner)
    last = m.truth(keywords.get("last", args[0] if args else Static(True)))
    if not entries.keys:
        return lists.fail(m, KeyError, "popitem(): dictionary is empty")
    key = entries.keys[-1 if last or last is None else 0]
    set_entries(m, owner, entries.drop(key))
    return TupleV((m.held(key), entries.get(key)))


@method(DictV, "move_to_end")
def _move_to_end(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.hashed(args[0], KEY)
    entries = entries_of(m, owner)
    last = m.truth(keywords.get("last", args[1] if len(args) > 1 else Static(True)))
    if key not in entries.keys:
        return lists.fail(m, KeyError, key)
    value, rest = entries.get(key), entries.drop(key)
    moved = rest.put(key, value) if last else Entries((key, *rest.keys), (value, *rest.values))
    set_entries(m, owner, moved)
    return NONE


@method(DictV, "update")
def _update(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    if owner.cls is collections.Counter:
        _add_counts(m, owner, args, keywords)
    else:
        set_entries(m, owner, updated(m, entries_of(m, owner), args, keywords))
    return NONE


@method(DictV, "setdefault")
def _setdefault(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    key = m.hashed(args[0], KEY)
    entries = entries_of(m, owner)
    if key not in entries.keys:
        set_entries(m, owner, entries.put(key, args[1] if len(args) > 1 else NONE))
    return entries_of(m, owner).get(key)


@method(DictV, "copy")
def _copy(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return DictV(m.new(entries_of(m, owner)), owner.cls, owner.factory)


@method(DictV, "clear")
def _clear(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    set_entries(m, owner, Entries((), ()))
    return NONE


@builtin(dict.fromkeys)
def _fromkeys(m: Calls, args: Args, keywords: Keywords) -> Value:
    value = args[1] if len(args) > 1 else NONE
    entries = Entries((), ())
    for key in m.iterate(args[0]):
        entries = entries.put(m.hashed(key, KEY), value)
    return DictV(m.new(entries))


@method(DictV, "most_common")
def _most_common(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    entries = entries_of(m, owner)
    counts = collections.Counter(dict(zip(entries.keys, (m.static(v, "a count") for v in entries.values))))
    pairs = counts.most_common(m.static(args[0], "a number of items") if args else None)
    return ListV(m.new(Items(tuple(TupleV((m.held(k), Static(v))) for k, v in pairs))))


@method(DictV, "elements")
def _elements(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    entries = entries_of(m, owner)
    return TupleV(tuple(m.held(k) for k, v in zip(entries.keys, entries.values) for _ in range(m.static(v, "a count"))))


@method(DictV, "total")
def _total(m: Calls, owner: DictV, args: Args, keywords: Keywords) -> Value:
    return m.call_static(sum, (TupleV(entries_of(m, owner).values),), {})


def own_operator(name: str, a: Value, b: Value | None = None) -> Any:
    """The function in Python that the class of a dictionary has for an operator (those of a Counter count); None for that of `dict`. b: must be of the same class."""
    if not isinstance(a, DictV) or not (b is None or (isinstance(b, DictV) and a.cls is b.cls)):
        return None
    found = getattr(a.cls, name, None)
    return found if isinstance(found, FunctionType) else None


def merged(m: Calls, a: DictV, b: DictV) -> DictV:
    """`a | b`."""
    cls = dict if a.cls is collections.Counter else a.cls
    return DictV(m.new(updated(m, entries_of(m, a), (b,), {})), cls, a.factory)


def as_set(m: Calls, value: Value) -> frozenset[Any] | None:
    """The elements of a set, or of a view of a dictionary; None for anything else."""
    if isinstance(value, SetV):
        held = m.state.heap[value.slot]
        assert isinstance(held, Elements)
        return frozenset(held.value())
    if isinstance(value, Static) and isinstance(value.value, (set, frozenset)):
        return frozenset(value.value)
    if isinstance(value, Lazy) and value.kind == "keys":
        return frozenset(entries_of(m, value.parts[0]).keys)  # type: ignore[arg-type]
    return None


def keys_in(m: Calls, value: Value) -> frozenset[Any]:
    """What `in` looks among: the keys of a dictionary, the elements of a set."""
    if isinstance(value, DictV):
        return frozenset(entries_of(m, value).keys)
    found = as_set(m, value)
    return frozenset(m.hashed(item, KEY) for item in m.iterate(value)) if found is None else found


@method(TupleV, "_replace")
def _replace(m: Calls, owner: TupleV, args: Args, keywords: Keywords) -> Value:
    fields = _fields(owner)
    unknown = [name for name in keywords if name not in fields]
    if unknown:
        return lists.fail(m, ValueError, f"Got unexpected field names: {unknown!r}")
    return TupleV(tuple(keywords.get(f, v) for f, v in zip(fields, owner.items)), owner.cls)


@method(TupleV, "_asdict")
def _asdict(m: Calls, owner: TupleV, args: Args, keywords: Keywords) -> Value:
    return DictV(m.new(Entries(_fields(owner), owner.items)))


def _fields(owner: TupleV) -> tuple[str, ...]:
    assert owner.cls is not None
    return owner.cls._fields  # type: ignore[attr-defined, no-any-return]


__all__ = ["IteratorV", "as_set", "entries_of", "looked_up", "merged", "set_entries"]
