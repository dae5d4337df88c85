"""Control flow, and functions inside the function."""

from __future__ import annotations

from typing import Any

from tests.programs.containers import Containers
from tests.programs.values import SCALARS, Array, Float, Function, Int, List, Tuple, fit


class Control(Containers):
    def call_statement(self) -> bool | None:
        """Call one of the functions: for its result, or for what it writes to its argument."""
        found = self.functions(lambda _: True)
        if not found:
            return None
        name, t = self.choice(found)
        if isinstance(t.result, Tuple):
            return self.unpack()
        text = self.call(name, t)
        if text is None:
            return None
        if t.result is None:
            return self.emit(text)
        target = self.target(t.result)
        self.bind(target, t.result)
        return self.emit(f"{target} = {text}")

    def closure(self) -> bool | None:
        """A lambda or nested function that reads (and may write into) the variables around it."""
        if self.loops:
            return None
        name = self.fresh(Function((), None))
        params: tuple[tuple[str, Float | Array | Int], ...] = (("m", Float()),)
        scope = {k: t for k, t in self.scope.items() if not isinstance(t, Int)}
        scope["m"] = Float()
        writer = type(self)(self.chooser, self.module, self.shapes, scope, Float(), 2)
        writer.frozen = frozenset(self.scope)
        if self.chance(40):
            e = fit(writer.scalar(2))
            self.emit(f"{name} = lambda m: {e.text}")
        else:
            writer.indent = self.indent + 1
            writer.function_body()
            self.emit(f"def {name}(m):")
            self.lines += writer.lines
        self.bind(name, Function(params, Float()))
        return True

    # ---- control flow

    def block(self, most: int = 3) -> bool:
        """A few statements in a scope of their own; whether control leaves it before its end. ``self.scope`` is as left."""
        self.statement()
        count = self.chooser.integer(0, most - 1)
        while count and self.budget > 0:
            self.statement()
            count -= 1
        return self.leave()

    def leave(self) -> bool:
        """Perhaps end a block with break, continue or return; only below a condition, so that code after it is reached."""
        if self.indent <= 1 + bool(self.loops) or not self.chance(14 if self.loops else 8):
            return False
        options = (["break", "continue"] * 2 if self.loops else []) + ["return"]
        what = self.choice(options)
        self.emit(what if what != "return" else self.return_text())
        return True

    def if_(self) -> bool | None:
        if self.indent > 4:
            return None
        start = dict(self.scope)
        header = f"if {self.condition(walrus=True)}:"
        start = dict(self.scope)  # a walrus in the condition binds
        ends: list[dict[str, Any]] = []
        with self.indented(header):
            if not self.block():
                ends.append(self.scope)
        for _ in range(self.chooser.integer(0, 2) // 2):
            self.scope = dict(start)
            with self.indented(f"elif {self.condition()}:"):
                if not self.block(2):
                    ends.append(self.scope)
        if self.chance(50):
            self.scope = dict(start)
            with self.indented("else:"):
                if not self.block(2) or not ends:
                    ends.append(self.scope)
        else:
            ends.append(start)
        self.scope = {k: t for k, t in ends[0].items() if all(end.get(k) == t for end in ends)}
        return True

    def for_(self) -> bool | None:
        if self.loops > 1 or self.indent > 4:
            return None
        header, targets, least = self.iteration()
        start = dict(self.scope)
        frozen = self.frozen
        self.frozen = frozen | targets.keys()
        for name, t in targets.items():
            self.bind(name, t)
        after = start
        with self.indented(header):
            self.loops += 1
            if self.chance(30):
                before = set(self.scope)
                self.assign_scalar() if self.chance(60) else self.assign_array()
                if least:
                    after |= {name: t for name, t in self.scope.items() if name not in before}
            self.block()
            self.loops -= 1
        self.frozen = frozen
        if least:
            after |= {name: t for name, t in targets.items() if name not in after}
        self.scope = after
        self.else_()
        return True

    def else_(self) -> None:
        if self.chance(12):
            saved = dict(self.scope)
            with self.indented("else:"):
                self.statement(simple=True)
            self.scope = saved

    def iteration(self) -> tuple[str, dict[str, Any], int]:
        """The header of a for loop, its targets, and how often it runs at least."""
        i = self.fresh(Int(0, 1))
        arrays = self.arrays()
        vectors = [(text, t) for text, t in arrays if len(t.shape) == 1]
        ints = [(name, t) for name, t in self.scope.items() if isinstance(t, Int)]

        def constant() -> Any:
            n = self.choice([2, 3, 1, 0, 4])
            return f"for {i} in range({n}):", {i: Int(0, max(n - 1, 0))}, n

        def extent() -> Any:
            if not arrays:
                return None
            text, t = self.choice(arrays)
            n = t.shape[0]
            size = self.choice([f"len({text})", f"{text}.shape[0]"])
            kind = self.chooser.integer(0, 4)
            if kind < 2:
                return f"for {i} in range({size}):", {i: Int(0, n - 1)}, n
            if kind == 2:
                return f"for {i} in range(1, {size}):", {i: Int(1, n - 1)}, n - 1
            if kind == 3:
                return f"for {i} in range({size} - 1, -1, -1):", {i: Int(0, n - 1)}, n
            return f"for {i} in reversed(range({size})):", {i: Int(0, n - 1)}, n

        def bound() -> Any:
            if not ints:
                return None
            name, t = self.choice(ints)
            if self.chance(40):
                return f"for {i} in range({name} + 1):", {i: Int(0, max(t.high, 0))}, t.low + 1
            return f"for {i} in range({name}):", {i: Int(0, max(t.high - 1, 0))}, max(t.low, 0)

        def items() -> Any:
            if not vectors:
                return None
            text, t = self.choice(vectors)
            v = self.fresh(Float())
            kind = self.chooser.integer(0, 2)
            if kind == 0:
                return f"for {v} in {text}:", {v: Float()}, t.shape[0]
            if kind == 1:
                return f"for {i}, {v} in enumerate({text}):", {i: Int(0, t.shape[0] - 1), v: Float()}, t.shape[0]
            other, o = self.choice(vectors)
            w = next(name for name in (*SCALARS, *(f"w{k}" for k in range(99))) if name not in self.scope and name not in (v, *self.frozen))
            return f"for {v}, {w} in zip({text}, {other}):", {v: Float(), w: Float()}, min(t.shape[0], o.shape[0])

        def rows() -> Any:
            matrices = [(text, t) for text, t in arrays if len(t.shape) == 2]
            if not matrices:
                return None
            text, t = self.choice(matrices)
            row = self.fresh(Array(t.shape[1:]))
            return f"for {row} in {text}:", {row: Array(t.shape[1:], t.writable)}, t.shape[0]

        def sequence() -> Any:
            lists = self.names(List, item=Float())
            v = self.fresh(Float())
            if lists and self.chance(50):
                name = self.choice(lists)  # a copy: the body may append to it
                return f"for {v} in list({name}):", {v: Float()}, self.scope[name].length
            return f"for {v} in ({self.scalar_atom().text}, {fit(self.scalar(1)).at(0)}):", {v: Float()}, 2

        return self.weighted((5, constant), (6, extent), (2, bound), (3, items), (2, rows), (1, sequence))  # type: ignore[no-any-return]

    def while_(self) -> bool | None:
        if self.loops > 1 or self.indent > 4:
            return None
        n = self.choice([2, 3, 4, 1])
        count = self.fresh(Int(0, 1))
        forever = self.chance(20)
        self.emit(f"{count} = 0")
        start = dict(self.scope)
        frozen = self.frozen
        self.frozen = frozen | {count}
        condition = f"{count} < {n}" + (f" and {self.condition(0)}" if self.chance(55) else "")
        with self.indented("while True:" if forever else f"while {condition}:"):
            self.loops += 1
            if forever:
                with self.indented(f"if {count} >= {n}" + (f" or {self.condition(0)}:" if self.chance(50) else ":")):
                    self.emit("break")
            self.emit(f"{count} += 1")
            self.bind(count, Int(1, n))
            self.block()
            self.loops -= 1
        self.frozen = frozen
        self.scope = start | {count: Int(0, n)}
        if not forever:
            self.else_()
        return True
