"""Statements about tuples, lists, dictionaries and sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.programs.memory import Memory
from tests.programs.values import LIMIT, Array, Dict, Expr, Float, Int, List, Tuple, constant, fit, mul


class Containers(Memory):
    def pack(self) -> bool:
        """Build, unpack, extend a tuple, list or dictionary."""
        kinds: list[Callable[[], bool | None]] = [
            self.build_tuple,
            self.build_list,
            self.append,
            self.build_dict,
            self.unpack,
            self.append,
        ]
        return self.choice(kinds)() or self.build_tuple()

    def part(self) -> tuple[Expr, Float | Array]:
        shapes = [t.shape for _, t in self.arrays(writable=True)]
        if shapes and self.chance(50):
            shape = self.choice(shapes)
            e = fit(self.array(shape, 1)) if self.chance(50) else self.array_atom(shape, plain=True)
            if e is None or (e.bare and not e.writable):
                e = fit(mul(constant(0.9), self.array(shape, 0)))
            return e, Array(shape)
        return fit(self.scalar(1)), Float()

    def build_tuple(self) -> bool:
        (a, ta), (b, tb) = self.part(), self.part()
        name = self.target(Tuple((ta, tb)))
        self.bind(name, Tuple((ta, tb)))
        return self.emit(f"{name} = ({a.text}, {b.text})" if not self.chance(30) else f"{name} = {a.at(0)}, {b.text}")

    def build_list(self) -> bool:
        e, t = self.part()
        name = self.fresh(List(t, 1))
        if isinstance(t, Float) and self.chance(30):
            self.bind(name, List(t, 0))
            return self.emit(f"{name} = []")
        self.bind(name, List(t, 1))
        return self.emit(f"{name} = [{e.text}]")

    def append(self) -> bool | None:
        lists = self.names(List)
        if not lists:
            return None
        name = self.choice(lists)
        return self.append_to(name, self.scope[name].item)

    def append_to(self, name: str, item: Float | Array) -> bool:
        e = fit(self.scalar()) if isinstance(item, Float) else fit(self.array(item.shape, 1))
        if e.bare and not e.writable:
            e = Expr(f"{e.text}.copy()", 4, LIMIT)
        return self.emit(f"{name}.append({e.text})")

    def build_dict(self) -> bool:
        (a, ta), (b, tb) = self.part(), self.part()
        type_ = Dict((("a", ta), ("b", tb)))
        name = self.target(type_)
        self.bind(name, type_)
        return self.emit(f'{name} = {{"a": {a.text}, "b": {b.text}}}')

    def unpack(self) -> bool | None:
        tuples = self.names(Tuple)
        source: str
        items: tuple[Any, ...]
        found = self.functions(lambda result: isinstance(result, Tuple))
        if found and (not tuples or self.chance(60)):
            name, t = self.choice(found)
            text = self.call(name, t)
            if text is None:
                return None
            source, items = text, t.result.items
        elif tuples:
            source = self.choice(tuples)
            items = self.scope[source].items
        else:
            return None
        a = self.target(items[0])
        self.bind(a, items[0])
        b = self.target(items[1])
        if b == a:
            b = self.fresh(items[1])
        self.bind(b, items[1])
        return self.emit(f"{a}, {b} = {source}")

    def accumulate(self) -> bool | None:
        """Append in a loop, then use the list."""
        if self.indent > 3:
            return None
        e, t = self.part() if self.chance(30) else (fit(self.scalar(1)), Float())
        name, i = self.fresh(List(t, 1)), self.fresh(Int(0, 1))
        started = isinstance(t, Array) or self.chance(40)
        self.emit(f"{name} = [{e.text}]" if started else f"{name} = []")
        n = self.choice([3, 2, 1])
        saved = dict(self.scope)
        self.bind(name, List(t, int(started)))
        self.bind(i, Int(0, n - 1))
        frozen, self.frozen = self.frozen, self.frozen | {i}
        with self.indented(f"for {i} in range({n}):"):
            self.loops += 1
            if self.chance(50):
                self.statement(simple=True)
            self.append_to(name, t)
            self.loops -= 1
        self.frozen = frozen
        self.scope = saved
        self.bind(name, List(t, n + started))
        if isinstance(t, Float) and self.chance(50):
            target = self.target(Float())
            self.bind(target, Float())
            return self.emit(f"{target} = 0.3 * sum({name})")
        return True
