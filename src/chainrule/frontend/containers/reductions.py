"""Builtins that make one value of many: sum, min, max, any, all, next, reduce."""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.build import type_of
from ...ir.nodes import Lit, Seq, Var
from ...ir.types import BOOL, Array, List, Opaque, Scalar, Tuple
from ..calling.builtins import Args, Keywords, builtin, method
from ..constructs import suspended
from ..execution.values import NONE, Entries, Generator, Items, IteratorV, Lazy, ListV, Num, Object, Range, Static, TupleV, Value
from ..objects import classes
from . import iterators, library, lists, numbered, stages, taking
from .iterator_loops import has_more, more

if TYPE_CHECKING:
    from ..calling.calls import Calls


def whole(m: Calls, value: Value) -> Value:
    """A value that can be gone through again: an iterator becomes the list of what it has left."""
    return m.collect(value) if isinstance(value, IteratorV) else value


@builtin(sum)
def _sum(m: Calls, args: Args, keywords: Keywords) -> Value:
    start = args[1] if len(args) > 1 else keywords.get("start", Static(0))
    value = whole(m, args[0])
    items = m.known_items(value)
    if items is not None:
        total = start
        for item in items:
            total = m.binary("+", total, item)
        return total
    if isinstance(value, ListV):
        return summed(m, value, start)
    if m.is_number(value):
        total = m.call_row("np.sum", (value,), {"axis": Static(0)})
        return total if isinstance(start, Static) and start.value == 0 else m.binary("+", start, total)
    if isinstance(value, Range) and not all(isinstance(b, Lit) for b in (value.start, value.stop, value.step)):
        return m.library(library.total_of, value, start)
    total = start
    for item in m.iterate(value):
        total = m.binary("+", total, item)
    return total


def summed(m: Calls, value: ListV, start: Value) -> Value:
    """The sum of a list of unknown length."""
    of = type_of(m.operand(value))
    if isinstance(of, List) and isinstance(of.element, (Scalar, Array)) and (isinstance(start, Static) or m.is_number(start)):
        return m.call_row("sum", (value, start), {})
    return m.library(library.total_of, value, start)


@builtin(math.dist)
def _dist(m: Calls, args: Args, keywords: Keywords) -> Value:
    p, q = m.iterate(args[0]), m.iterate(args[1])
    if len(p) != len(q):
        return lists.fail(m, ValueError, "both points must have the same number of dimensions")
    return m.call_static(math.hypot, tuple(m.binary("-", a, b) for a, b in zip(p, q)), {})


@builtin(math.fsum)
def _fsum(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.call_row("math.fsum", (whole(m, args[0]),), keywords)


def _any_all(is_all: bool) -> Any:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        if isinstance(args[0], Generator):
            return m.library(library.all_true if is_all else library.any_true, args[0])
        (value,) = iterators.absorbed(m, args)
        items = None if isinstance(value, IteratorV) else numbered.thunks(m, value)
        if items is None:
            return m.library(library.all_true if is_all else library.any_true, value)
        result: Value = Static(is_all)
        for item in items:
            if m.truth(result) is (not is_all):
                break
            result = m.both(result, lambda item=item: truth_of(m, item()), is_and=is_all)  # type: ignore[misc]
        return result

    return apply


def truth_of(m: Calls, value: Value) -> Value:
    """`bool(value)`."""
    known = m.truth(value)
    if known is not None:
        return Static(known)
    operand = m.condition(value)
    of = type_of(operand)
    if of == BOOL or (isinstance(of, Scalar) and of.dtype == "bool"):
        return value
    return m.call_op("bool", (operand,))


def _no_branch(condition: Any, then: Any, orelse: Any) -> Any:
    raise AssertionError("items that are known are taken without branches")


from ..calling.builtins import BUILTINS  # noqa: E402

BUILTINS[any], BUILTINS[all] = _any_all(False), _any_all(True)


@builtin(more)
def _more(m: Any, args: Args, keywords: Keywords) -> Value:
    (it,) = args
    assert isinstance(it, IteratorV)
    return has_more(m, it)


@builtin(iter)
def _iter(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) > 1:
        return IteratorV(m.new(Entries((), ())), Lazy("until", args))
    if isinstance(args[0], Object) and (method := classes.special(m, args[0], "__iter__")) is not None:
        return m.call(method, (), {})
    return args[0] if isinstance(args[0], Generator) else iterators.iterator(m, args[0])


@method(IteratorV, "__next__")
def _next_item(m: Calls, owner: IteratorV, args: Args, keywords: Keywords) -> Value:
    return m.call_static(next, (owner,), {})


@method(IteratorV, "__iter__")
def _iter_of(m: Calls, owner: IteratorV, args: Args, keywords: Keywords) -> Value:
    return owner


@builtin(next)
def _next(m: Calls, args: Args, keywords: Keywords) -> Value:
    it = args[0]
    if isinstance(it, Generator):
        return m.next_item(it, args[1:])
    if isinstance(it, Object) and (method := classes.special(m, it, "__next__")) is not None:
        return m.library(library.next_or, it, args[1]) if len(args) > 1 else m.call(method, (), {})
    if not isinstance(it, IteratorV):
        if isinstance(it, Num) and isinstance(type_of(it.operand), Opaque):  # an iterator from outside
            return m.perform(Static(next), args, keywords)
        m.refuse("`next` of something that is no iterator", "Python raises TypeError here", "call iter() first")

    def end() -> Value:
        return args[1] if len(args) > 1 else m.fail(StopIteration)

    if not taking.is_known(m, it) and isinstance(it.source, Lazy) and it.source.kind == "nested":
        m.decide(Num(Var(BOOL)), "which items an iterator gives")
    if not taking.is_known(m, it) and stages.flatten(it).stages:
        (free,) = iterators.absorbed(m, (it,))
        return m.library(library.first_or, free, args[1]) if len(args) > 1 else m.library(library.first_of, free)
    value: Value = taking.step(m, it, lambda item: item, end, m.choose)
    return value


@method(Generator, "__next__")
def _next_of(m: Calls, owner: Generator, args: Args, keywords: Keywords) -> Value:
    return m.next_item(owner, ())


@method(Generator, "send")
def _send(m: Calls, owner: Generator, args: Args, keywords: Keywords) -> Value:
    if not suspended.may_step(m):
        m.refuse("a generator is sent a value", "what it does with it is only known when the program runs", "pass the value as an argument")
    item = suspended.advance(m, owner, args[0])
    return item if item is not None else m.fail(StopIteration)


@method(Generator, "close")
def _close(m: Calls, owner: Generator, args: Args, keywords: Keywords) -> Value:
    if m.contents_of(owner).keys not in ((), ("done",)) and not suspended.may_step(m):
        m.refuse("a generator is closed", "where it stands is only known when the program runs", "leave it to itself")
    suspended.close(m, owner)
    return NONE


@builtin(functools.reduce)
def _reduce(m: Calls, args: Args, keywords: Keywords) -> Value:
    function, value = args[0], args[1]
    initial = args[2] if len(args) > 2 else keywords.get("initial")
    if isinstance(value, IteratorV) and not (taking.is_known(m, value) and iterators.indexed(m, value.source)) and initial is not None:
        (free,) = iterators.absorbed(m, (value,))
        return m.library(library.reduced, function, free, initial)
    if not isinstance(value, IteratorV) and m.known_items(value) is None:
        if initial is not None:
            return m.library(library.reduced, function, value, initial)
        return m.library(library.reduced_from_first, function, value)
    if isinstance(value, IteratorV) and not taking.is_known(m, value):
        return m.call_static(functools.reduce, (function, m.collect(value)), keywords)
    it = iterators.iterator(m, value)
    total = initial
    while True:
        item: Any = taking.step(m, it, lambda item: item, lambda: None, _no_branch)
        if item is None:
            break
        total = item if total is None else m.call(function, (total, item), {})
    if total is None:
        return lists.fail(m, TypeError, "reduce() of empty iterable with no initial value")
    return total


@builtin(math.prod)
def _prod(m: Calls, args: Args, keywords: Keywords) -> Value:
    value = whole(m, args[0])
    start = keywords.get("start", Static(1))
    items = m.known_items(value)
    if items is None:
        if m.is_number(value) or isinstance(value, ListV):
            total = m.call_row("np.prod", (value,), {})
            return total if start == Static(1) else m.binary("*", start, total)
        items = m.iterate(value)
    total = start
    for n, item in enumerate(items):
        total = item if n == 0 and start == Static(1) and m.is_number(item) else m.binary("*", total, item)
    return total


@builtin(np.fromiter)
def _fromiter(m: Calls, args: Args, keywords: Keywords) -> Value:
    dtype = args[1] if len(args) > 1 else keywords.get("dtype", NONE)
    count = args[2] if len(args) > 2 else keywords.get("count", Static(-1))
    limit = m.static(count, "a number of items")
    value = whole(m, args[0] if limit == -1 else m.call_static(itertools.islice, (args[0], Static(limit)), {}))
    if limit != -1:
        length = m.call_static(len, (value,), {})
        short = m.compare("<", length, Static(limit))

        def fail() -> Value:
            return m.fail(ValueError, Static(f"iterator too short: Expected {limit} but iterator had fewer items."))

        if m.truth(short) is None:
            m.choose(m.condition(short), fail, lambda: NONE)
        elif m.truth(short):
            fail()
    if isinstance(value, ListV) and isinstance(contents := m.state.heap[value.slot], Items) and not contents.items:
        return m.call_row("np.zeros", (Static(0),), {"dtype": dtype})
    return m.call_row("np.array", (value,), {"dtype": dtype})


def extreme(name: str, row: str) -> Any:
    python = min if name == "min" else max

    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        key = keywords.get("key", NONE)
        if len(args) == 1:
            value = whole(m, args[0])
            if "default" in keywords and m.known_items(value) is None:
                return _with_default(m, value, keywords)
            if key == NONE and m.is_number(value):
                return m.call_row(row, (value,), {})
            if m.known_items(value) is None and (isinstance(value, ListV) or (key != NONE and m.is_number(value))):
                of = type_of(m.operand(value))
                if key == NONE and isinstance(of, List) and isinstance(of.element, (Tuple, List)):
                    key = Static(library.itself)
                if key == NONE:
                    return m.call_row(name, (value,), {})
                return m.library(library.smallest if name == "min" else library.largest, value, key)
            items: Args = m.known_items(value) if m.known_items(value) is not None else m.iterate(value)  # type: ignore[assignment]
        else:
            items = args
        if not items:
            if "default" in keywords:
                return keywords["default"]
            return lists.fail(m, ValueError, f"{name}() iterable argument is empty")
        if len(items) == 1:
            return items[0]
        if key != NONE:
            return _by_key(m, items, key)
        if all(isinstance(i, Static) for i in items):
            return Static(python(i.value for i in items))  # type: ignore[union-attr]
        if not all(isinstance(i, Static) or m.is_number(i) for i in items):
            return _by_key(m, items, None)
        return m.call_row(name, items, {})

    def _with_default(m: Calls, value: Value, keywords: Keywords) -> Value:
        length = m.call_static(len, (value,), {})
        rest = {k: v for k, v in keywords.items() if k != "default"}
        return m.choose(m.condition(m.compare(">", length, Static(0))), lambda: apply(m, (value,), rest), lambda: keywords["default"])

    def _by_key(m: Calls, items: Args, key: Value | None) -> Value:
        """The first item with the smallest (largest) key, found as Python does it."""
        best = items[0]
        most = best if key is None else m.call(key, (best,), {})
        for item in items[1:]:
            value = item if key is None else m.call(key, (item,), {})
            better = m.compare("<" if name == "min" else ">", value, most)
            known = m.truth(better)
            if known is None:
                pair = m.choose(m.condition(better), lambda item=item, value=value: TupleV((item, value)),  # type: ignore[misc]
                                lambda best=best, most=most: TupleV((best, most)))  # type: ignore[misc]
                if isinstance(pair, TupleV):
                    best, most = pair.items
                else:
                    best, most = m.subscript(pair, Static(0)), m.subscript(pair, Static(1))
            elif known:
                best, most = item, value
        return best

    return apply


BUILTINS[min] = extreme("min", "np.min")
BUILTINS[max] = extreme("max", "np.max")

__all__ = ["Seq", "truth_of", "whole"]
