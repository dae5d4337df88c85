"""Iterables: their items, where these are known; otherwise the loop's bounds, and the item for an index."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable
from typing import Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Operand, Seq, Var, operands
from ...ir.types import Array, Opaque, Scalar, differentiable
from ..constructs.expressions import Expressions
from ..execution.machine import describe
from ..execution.merge import check_element, holds_object, list_var
from ..execution.state import slots
from ..execution.values import (
    DictV,
    Elements,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Num,
    Partial,
    Range,
    Ref,
    Select,
    SetV,
    Static,
    TupleV,
    Value,
)
from ..looping.loops import NeedUnroll
from ..memory.views import unrolled
from . import keys
from .iterators import VIEWS
from .numbered import counted, endless, endless_item

UNROLL_LIMIT = 200  # iterations of a loop over known items; more would print more code than anybody reads


class Iteration(Expressions):
    """Iterates; `Calls` builds on it."""

    loop_indices: list[Var]
    may_unroll = False  # the loop that is being lowered can be unrolled, as far as we know

    def call(self, function: Value, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def known_items(self, value: Value) -> tuple[Value, ...] | None:
        """The items of an iterable whose number is known, which is no iterator; None for a loop that has to stay a loop."""
        value = self.used_up(value)
        if isinstance(value, TupleV):
            return value.items
        if isinstance(value, ListV):
            contents = self.state.heap[value.slot]
            return contents.items if isinstance(contents, Items) else None
        if isinstance(value, DictV):
            entries = self.state.heap[value.slot]
            assert isinstance(entries, Entries)
            return tuple(map(self.held, entries.keys))
        if isinstance(value, Static) and isinstance(value.value, (tuple, list, str, bytes, dict, range, set, frozenset)):
            return tuple(map(self.held, value.value))
        if isinstance(value, Static) and isinstance(value.value, enum.EnumMeta):
            return tuple(map(Static, value.value))
        if isinstance(value, SetV):
            elements = self.state.heap[value.slot]
            assert isinstance(elements, Elements)
            return tuple(map(self.held, keys.in_order(self, elements.value())))
        if isinstance(value, Lazy):
            if value.kind in VIEWS:
                (owner,) = value.parts
                entries = self.state.heap[owner.slot]  # type: ignore[union-attr]
                assert isinstance(entries, Entries)
                if value.kind == "values":
                    return entries.values
                names = tuple(map(self.held, entries.keys))
                return names if value.kind == "keys" else tuple(TupleV((k, v)) for k, v in zip(names, entries.values))
            if value.kind == "enumerate":
                items = self.known_items(value.parts[0])
                start = value.parts[1]
                if items is None:
                    return None
                return tuple(TupleV((self.binary("+", start, Static(n)), item)) for n, item in enumerate(items))
            parts = [self.known_items(p) for p in value.parts]
            if value.kind == "zip":
                lengths = [len(p) for p in parts if p is not None]
                if not lengths or (any(p is None for p in parts) and not all(p is not None or self.length_known(v) for p, v in zip(parts, value.parts))):
                    return None
                if any(p is None for p in parts):
                    return None
                return tuple(TupleV(tuple(p[n] for p in parts if p is not None)) for n in range(min(lengths)))
            if value.kind == "reversed" and parts[0] is not None:
                length = self.static(value.parts[1], "a length") if len(value.parts) > 1 else len(parts[0])
                return tuple(reversed(parts[0][:length])) if length <= len(parts[0]) else ()
        return None

    def used_up(self, value: Value) -> Value:
        """What is looped over; `a.flat` remembers how far it got, so that it may not have a name by which it is looped over again."""
        if isinstance(value, Lazy) and value.kind == "flat":
            held = [v for frame in self.state.frames.values() for name, v in frame.items() if not name.startswith("%")]
            held += [v for contents in self.state.heap.values() if isinstance(contents, (Items, Entries))
                     for v in (contents.items if isinstance(contents, Items) else contents.values)]
            if any(v is value for v in held):
                self.refuse("a flat iterator that has a name is looped over", "the loop uses it up", "loop over `a.flat` itself")
        return unrolled(value)

    def length_known(self, value: Value) -> bool:
        return False

    def iterate(self, value: Value) -> tuple[Value, ...]:
        """The items of an iterable, all known."""
        value = self.used_up(self.listed(value) if isinstance(value, Generator) else value)
        items = self.known_items(value)
        if items is not None:
            return items
        if isinstance(value, IteratorV):
            value = self.collect(value)
            items = self.known_items(value)
            if items is not None:
                return items
        if isinstance(value, (Range, Lazy)):
            start, element = self.counted(value, None)
            listed = self.static_range(start, element)
            if listed is not None:
                return tuple(listed)
        if isinstance(value, (Ref, Select)) and self.is_number(value):
            type = self.type(value)
            if isinstance(type, Array) and type.shape and isinstance(type.shape[0], int):
                return tuple(self.subscript(value, Static(n)) for n in range(type.shape[0]))
        if isinstance(value, Range) and isinstance(value.stop, Var):
            sources = self.sources(value.stop)
            if sources:
                self.static(Num(value.stop), "the length of this range")
        if isinstance(value, (Range, ListV)) or self.is_number(value):
            count = self.decide(self.call_static(len, (value,), {}), f"the number of items of {describe(value)}")
            (first, _, step), element = self.counted(value, None)
            return tuple(element(self._moved(first, n, step)) for n in range(count))
        if isinstance(value, Num) and isinstance(type_of(value.operand), Opaque):
            from ..execution.stepping import outside

            return tuple(outside(self, value))  # type: ignore[arg-type]
        self.refuse(f"the number of items of {describe(value)} must be known here", "it is only known when the program runs",
                    "loop over it")


    def _moved(self, first: Arg, n: int, step: Arg) -> Arg:
        """The n-th index of a counted loop."""
        if isinstance(first, Lit) and isinstance(step, Lit):
            return Lit(first.value + n * step.value)
        return self.b.emit("+", first, Lit(n * step.value) if isinstance(step, Lit) else self.b.emit("*", Lit(n), step))

    def counted(self, value: Value, node: ast.stmt | None) -> tuple[tuple[Arg, Arg, Arg], Callable[[Any], Value]]:
        """An iterable as a counted loop: (start, stop, step), and the item for an index."""
        value = self.used_up(value)
        if isinstance(value, Range):
            return (value.start, value.stop, value.step), lambda index: Num(index) if isinstance(index, Var) else Static(index.value)
        if isinstance(value, (Ref, Select)) and self.is_number(value):
            type = self.type(value)
            if isinstance(type, Array) and (type.shape is None or len(type.shape) > 0):
                return (Lit(0), self.length(value), Lit(1)), lambda index: self.subscript(value, _index_value(index))
        if isinstance(value, ListV):
            return (Lit(0), self.length(value), Lit(1)), lambda index: self.subscript(value, _index_value(index))
        if isinstance(value, (Static, DictV, SetV)) or (isinstance(value, Lazy) and value.kind in VIEWS):
            known = self.known_items(value)
            value = value if known is None else TupleV(known)
        if isinstance(value, TupleV):
            return (Lit(0), Lit(len(value.items)), Lit(1)), lambda index: self.subscript(value, _index_value(index))
        if isinstance(value, Lazy) and value.kind == "enumerate":
            bounds, element = self.counted(value.parts[0], node)
            start, _, step = bounds
            count = self.trip_count(bounds)
            offset = value.parts[1]

            def numbered(index: Any) -> Value:
                inner = self.binary("+", Num(self.b.emit("*", index, step)) if _not_one(step) else _index_value(index), _index_value(start)) \
                    if not _is_zero(start) or _not_one(step) else _index_value(index)
                return TupleV((self.binary("+", _index_value(index), offset), element(self.operand(inner))))

            return (Lit(0), count, Lit(1)), numbered
        if isinstance(value, Lazy) and value.kind == "zip":
            parts = [_endless(self, p) if endless(p) else self.counted(p, node) for p in value.parts]
            counts = [self.trip_count(b) for p, (b, _) in zip(value.parts, parts) if not endless(p)]
            if not counts:
                self.refuse("a loop over iterators without end", "it ends only by `break`", "use `while True`", node)
            count = counts[0]
            for other in counts[1:]:
                if other is not count and not (isinstance(other, Lit) and isinstance(count, Lit) and other.value == count.value):
                    same = self._same_extent(count, other)
                    count = count if same else self.b.emit("min", Seq((count, other)))

            def zipped(index: Any) -> Value:
                return TupleV(tuple(element(self._at(bounds, index)) for bounds, element in parts))

            return (Lit(0), count, Lit(1)), zipped
        if isinstance(value, Lazy) and value.kind == "reversed":
            bounds, element = self.counted(value.parts[0], node)
            count = self.trip_count(bounds)
            last = self.b.emit("-", count, 1)
            return (Lit(0), count, Lit(1)), lambda index: element(self._at(bounds, self.b.emit("-", last, index)))
        found = counted(self, value, node) if isinstance(value, Lazy) else None
        if found is not None:
            return found
        if isinstance(value, Partial) and value.kind == "checkpointed":
            self.refuse("a loop over something made of `checkpointed(...)`", "the loop itself is the one that keeps few states",
                        "put `checkpointed` around it all: `for n, x in checkpointed(enumerate(xs)):`", node)
        self.refuse(f"a loop over {describe(value)}", "it is not an array, a range, a list, a tuple or a dictionary", "loop over one of these", node)

    def _same_extent(self, a: Arg, b: Arg) -> bool:
        ta, tb = type_of(a), type_of(b)
        return isinstance(ta, Scalar) and isinstance(tb, Scalar) and ta.extent is not None and ta.extent == tb.extent

    def _at(self, bounds: tuple[Arg, Arg, Arg], index: Any) -> Any:
        start, _, step = bounds
        scaled = self.b.emit("*", index, step) if _not_one(step) else index
        return scaled if _is_zero(start) else self.b.emit("+", start, scaled)

    def trip_count(self, bounds: tuple[Arg, Arg, Arg]) -> Operand:
        start, stop, step = bounds
        if _is_zero(start) and not _not_one(step):
            return stop  # type: ignore[return-value]
        return self.b.emit("len", self.b.emit("range", start, stop, step))

    def length(self, value: Value) -> Operand:
        type = self.type(value)
        if isinstance(type, Array) and type.shape and isinstance(type.shape[0], int):
            return Lit(type.shape[0])
        return self.b.emit("len", self.operand(value))

    def static_range(self, bounds: tuple[Arg, Arg, Arg], element: Callable[[Any], Value]) -> list[Value] | None:
        """The items of a counted loop whose bounds are known, if they are few enough to unroll."""
        if not all(isinstance(b, Lit) for b in bounds):
            return None
        numbers = range(*(b.value for b in bounds if isinstance(b, Lit)))
        if len(numbers) > UNROLL_LIMIT:
            return None
        return [element(Lit(n)) for n in numbers]

    def unrollable(self, index: Num) -> bool:
        """Whether an index comes from a loop that can be unrolled."""
        return any(self._from(index.operand, loop) for loop in self.loop_indices)

    def _from(self, operand: Any, loop: Var) -> bool:
        if operand is loop:
            return True
        if not isinstance(operand, Var):
            return False
        made = self.b.made.get(operand)
        args = self.origin.get(operand) or (made.args if made is not None and not differentiable(operand.type) else ())
        return any(self._from(a, loop) for arg in args for a in operands(arg))

    def unroll_here(self) -> None:
        if self.loop_indices or self.may_unroll:
            raise NeedUnroll

    def unroll_for(self, value: Num) -> None:
        if self.unrollable(value):
            raise NeedUnroll

    def pick_dynamic(self, items: tuple[Value, ...], index: Num) -> Value:
        """An item of a known list at an index that is only known at run time."""
        if self.unrollable(index):
            raise NeedUnroll
        if not items:
            self.refuse("an empty list is indexed", "it has no items", "check the index")
        if any(map(holds_object, items)):
            return self.pick(items, Static(self.decide(index, "an index into a list of objects")), lambda some: TupleV(some))
        if not all(self.is_number(item) or (isinstance(item, Static) and not callable(item.value)) for item in items):
            from ..calling import functionals

            if all(functionals.is_function(self, item) for item in items):  # type: ignore[arg-type]
                return functionals.item_at(self, items, index)  # type: ignore[arg-type]
        held = list_var(self, Items(items))
        return self.call_op("list_item", (held, index.operand), items)

    def element_operand(self, item: Value) -> Arg:
        """A value as an element of a list of unknown length: a known list becomes a list of unknown length, too."""
        check_element(self, item)
        if isinstance(item, ListV):
            contents = self.state.heap[item.slot]
            return list_var(self, contents) if isinstance(contents, Items) else self.operand(item)
        return self.operand(item)

    def listed(self, value: Value) -> Value:
        """A generator's items as a list; other values as they are."""
        raise NotImplementedError

    def collect_pairs(self, value: Value) -> Value:
        raise NotImplementedError

    def set_of(self, value: Value) -> Value:
        raise NotImplementedError

    def append(self, target: Value, item: Value) -> None:
        """`target.append(item)`."""
        assert isinstance(target, ListV)
        contents = self.state.heap[target.slot]
        if isinstance(contents, Items):
            self.change(target.slot, Items((*contents.items, item)))
            return
        assert isinstance(contents, (Var, Lit))
        self.change(target.slot, self.b.emit("append", contents, self.element_operand(item), hint=getattr(contents, "hint", None)))
        self.state.entangle(target.slot, set(slots(item)))


def _endless(m: Iteration, source: Value) -> tuple[tuple[Arg, Arg, Arg], Callable[[Any], Value]]:
    return (Lit(0), Lit(None), Lit(1)), lambda index: endless_item(m, source, index)


def _index_value(index: Any) -> Value:
    return Static(index.value) if isinstance(index, Lit) else Num(index)


def _is_zero(arg: Arg) -> bool:
    return isinstance(arg, Lit) and arg.value == 0


def _not_one(arg: Arg) -> bool:
    return not (isinstance(arg, Lit) and arg.value == 1)
