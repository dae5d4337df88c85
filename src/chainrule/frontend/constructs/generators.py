"""Generators: `for v in f(x): body` executes the body of f, in which `yield e` means "bind v to e and execute the loop's body".

    def squares(n):                                for i in range(n):
        for i in range(n):                             v = i * i
            yield i * i                    ->          s += v

    for v in squares(n):
        s += v

A loop in the generator stays a loop. What leaves the consumer's body leaves the generator, too: the leaf is marked with the number of the consumer
("break@3"), passes the generator's loops and `finally` clauses like any other way out, and is what it was when the generator has been left.

A generator that is not consumed by one loop (`next`, two of them in step) becomes the list of its items, where nobody can tell the difference.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...ir.nodes import Let
from ...ir.ops import OPS
from ...ir.walk import blocks
from ...rules.raising import may_raise
from ..containers.comprehensions import Comprehensions
from ..execution.exits import STATEMENT, End, Unreachable, leaves
from ..execution.machine import describe
from ..execution.places import Leaf, Node, Split
from ..execution.state import reachable
from ..execution.values import NONE, Entries, Generator, Items, Lazy, ListV, SliceV, Static, TupleV, Value
from ..looping.liveness import reads
from . import suspended

DEPTH_LIMIT = 60  # generators of one function inside each other (a tree is walked)
OnYield = Callable[[Value], End]


class Generators(Comprehensions):
    """Runs generators."""

    def __init__(self) -> None:
        super().__init__()
        self.consumers: dict[int, OnYield] = {}  # what `yield` does, by the generator's frame
        self.suspended: dict[int, suspended.Run] = {}  # generators that are executed item by item, by their slots

    # -- contexts ----------------------------------------------------------------------------------------------

    def context(self) -> tuple[Any, ...]:
        """Which function is being executed, and where."""
        return (self.current, self.source, self.loop, self.stack, self.node, self.b.span, self.caller, self.catching)

    def enter(self, context: tuple[Any, ...]) -> None:
        self.current, self.source, self.loop, self.stack, self.node, self.b.span, self.caller, self.catching = context

    @contextmanager
    def inside(self, context: tuple[Any, ...]) -> Iterator[None]:
        kept = self.context()
        self.enter(context)
        try:
            yield
        finally:
            self.enter(kept)

    # -- running ------------------------------------------------------------------------------------------------

    def take(self, generator: Generator, then: str = "done") -> None:
        """Begin to consume a generator. `then`: where it stands afterwards."""
        if self.contents_of(generator).keys:
            self.refuse("a generator is used again after it was left", "where it stands is only known when the program runs", "make a list of its items first")
        if self.stack.count(generator.node) >= DEPTH_LIMIT:
            self.refuse(f"`{generator.node.name}` makes generators of itself without end", "each is executed where it is consumed",
                        "collect the items in a list", generator.node)
        if generator.frame not in self.state.frames:
            self.refuse("a generator is used that was made on one path only", "its arguments are not known here", "make it where it is used")
        self.state.heap[generator.slot] = Entries((then,), (Static(True),))

    def run_generator(self, generator: Generator, on_yield: OnYield) -> End:
        """Execute a generator's body; it ends in "fall" where the generator is exhausted."""
        around, consumers = self.context(), self.consumers
        self.consumers = {**consumers, generator.frame: on_yield}
        source = self.infos[generator.frame].source
        caller = (self.node, self.source, self.b.span) if self.is_library(source) else None
        with self.inside((generator.frame, source, None, [*self.stack, generator.node], generator.node, self.b.span, caller, around[-1])):
            try:
                end = self.run(list(generator.node.body))
            finally:
                self.consumers = consumers
        for leaf in leaves(end):
            leaf.state.frames.pop(generator.frame, None)
        return relabelled(end, {"return": "fall"})

    def yield_statement(self, stmt: ast.Expr | ast.Assign) -> None:
        node = stmt.value
        if isinstance(node, ast.YieldFrom):
            if isinstance(stmt, ast.Assign):
                self.refuse("the value of `yield from` is used", "it is what the other generator returns", "return it from a function instead", stmt)
            item = ast.Name("%item", ast.Load())
            loop = ast.For(ast.Name("%item", ast.Store()), node.value, [ast.Expr(ast.Yield(item))], [], None)
            for part in ast.walk(loop):
                if not hasattr(part, "lineno") and isinstance(part, (ast.expr, ast.stmt)):
                    ast.copy_location(part, stmt)
            end = self.loop_statement(loop, [])
            if end is not None:
                self.settle(end, STATEMENT)
            return
        assert isinstance(node, ast.Yield)
        consumer = self.consumers.get(self.current)
        if consumer is None:
            self.refuse("`yield` cannot be differentiated", "a suspended generator cannot be run backwards", "collect the values in a list and return the list", stmt)
        value = NONE if node.value is None else self.eval(node.value)
        self.settle(consumer(value), STATEMENT)
        for target in stmt.targets if isinstance(stmt, ast.Assign) else ():
            self.assign(target, NONE)

    def consumer(self, stmt: ast.stmt, number: int, body: OnYield) -> OnYield:
        """What `yield` does for a loop: execute its body where the loop stands."""
        around, info = self.context(), self.infos[self.current]

        def on_yield(value: Value) -> End:
            with self.inside(around):
                self.loop, info.at = self.plain_loop(), stmt
                info.loops.append(stmt)
                try:
                    end = self.block(lambda: body(value))
                finally:
                    info.loops.pop()
                    info.at = stmt  # while the generator goes on: whatever the next step reads is alive
            return relabelled(end, {"continue": "fall", **{kind: f"{kind}@{number}" for kind in ("break", "return", "throw")}})

        return on_yield

    def generator_loop(self, stmt: ast.For, iterable: Value, rest: list[Any]) -> End | None:
        """A loop over a generator, and what follows it."""
        self.numbers += 1
        number, outer = self.numbers, self.loop
        name = None if self.concrete.everything else self.from_iteration_before(stmt)
        if name is not None:
            self.refuse(f"`{name}` may be read before an iteration has bound it", "it may be the value of an earlier iteration", "bind it before the loop", stmt)
        generator, pair, begin = self.source_of(iterable, number)
        leaving = any(isinstance(node, (ast.Break, ast.Return)) for part in stmt.body for node in ast.walk(part))
        self.take(generator, "left" if leaving or pair is not _alone else "done")
        self.loop = self.plain_loop()
        try:
            def body(value: Value) -> End:
                return pair(value, lambda item: self._bind_and_run(stmt, item))

            def start() -> End:
                return self.run_generator(generator, self.consumer(stmt, number, body))

            end = self.block(lambda: begin(start))
            end = relabelled(end, {f"break@{number}": "left", f"return@{number}": "return", f"throw@{number}": "throw"})
            if stmt.orelse:
                end = self.continued(end, {"fall": lambda _: self.run(list(stmt.orelse))})
        finally:
            self.loop = outer
        for leaf in leaves(end):
            leaf.state.frames.get(self.current, {}).pop(f"%count{number}", None)
        return self.proceed(relabelled(end, {"left": "fall"}), rest)

    def _bind_and_run(self, stmt: ast.For, item: Value) -> End:
        self.b.span = self.span(stmt)
        self.assign(stmt.target, item)
        return self.run(list(stmt.body))

    def source_of(self, iterable: Value, number: int) -> tuple[Generator, Callable[[Value, OnYield], End], Callable[[Callable[[], End]], End]]:
        """The generator of a loop; what the loop's target is bound to for each of its items; and how the loop begins."""
        if isinstance(iterable, Generator):
            return iterable, _alone, lambda start: start()
        assert isinstance(iterable, Lazy)
        count = f"%count{number}"
        if iterable.kind == "enumerate":
            self.frame()[count] = iterable.parts[1]

            def numbered(value: Value, go_on: OnYield) -> End:
                index = self.frame()[count]
                self.frame()[count] = self.binary("+", index, Static(1))
                return go_on(TupleV((index, value)))

            inner = iterable.parts[0]
            assert isinstance(inner, Generator)
            return inner, numbered, lambda start: start()
        place = next(n for n, part in enumerate(iterable.parts) if isinstance(part, Generator))
        generator = iterable.parts[place]
        assert isinstance(generator, Generator)
        if suspended.may_step(self) and sum(isinstance(part, Generator) for part in iterable.parts) > 1:
            self.refuse("generators are consumed in step", "each item is asked for in its turn", "make lists of their items first")
        others = [None if n == place else self.counted(self.in_step(part), None) for n, part in enumerate(iterable.parts)]
        counts = [self.as_value(self.trip_count(other[0])) for other in others if other is not None]
        self.frame()[count] = Static(0)

        def more() -> Value:
            result: Value = Static(True)
            for limit in counts:
                result = self.both(result, lambda limit=limit: self.compare("<", self.frame()[count], limit), is_and=True)  # type: ignore[misc]
            return result

        def guarded(go_on: Callable[[], End], stop: str) -> End:
            test = more()
            known = self.truth(test)
            if known is not None:
                return go_on() if known else Leaf(stop, self.state)
            return self.split(self.condition(test), [lambda _: go_on()], [lambda _: Leaf(stop, self.state)])

        def zipped(value: Value, go_on: OnYield) -> End:
            index = self.frame()[count]

            def step() -> End:
                at = self.operand(index)
                items = tuple(value if other is None else other[1](self._at(other[0], at)) for other in others)
                self.frame()[count] = self.binary("+", index, Static(1))
                end = go_on(TupleV(items))
                if place == 0:
                    return end
                # The others come first: when one of them is exhausted, the generator is not resumed.
                return self.continued(end, dict.fromkeys(("fall", "continue"), lambda _: guarded(lambda: Leaf("fall", self.state), "break")))

            return guarded(step, "break") if place == 0 else step()

        return generator, zipped, lambda start: start() if place == 0 else guarded(start, "fall")

    # -- items -----------------------------------------------------------------------------------------------------

    def consumes(self, value: Value) -> bool:
        """Whether a loop over a value executes a generator."""
        if isinstance(value, Generator):
            return not self.contents_of(value).keys
        return isinstance(value, Lazy) and value.kind in ("enumerate", "zip") and any(
            isinstance(part, Generator) and not self.contents_of(part).keys for part in value.parts)

    def contents_of(self, generator: Generator) -> Entries:
        contents = self.state.heap.get(generator.slot)
        if not isinstance(contents, Entries):
            self.refuse("a generator is used that was made on one path only", "it is not known here", "make it where it is used")
        return contents

    def listed(self, value: Value) -> Value:
        if isinstance(value, Lazy):
            return Lazy(value.kind, tuple(self.listed(part) for part in value.parts)) if any(isinstance(p, (Generator, Lazy)) for p in value.parts) else value
        if not isinstance(value, Generator):
            return value
        contents = self.contents_of(value)
        if contents.keys == ("suspended",):
            if not suspended.may_step(self):
                self.refuse("the rest of a generator is used", "where it stands is only known when the program runs", "make a list of its items first")
            return ListV(self.new(Items(tuple(suspended.rest(self, value)))))
        if "items" in contents.keys:
            return self.remaining(value, contents)
        if contents.keys == ("done",):
            return ListV(self.new(Items(())))
        self.numbers += 1
        name = f"%listed{self.numbers}"
        self.frame()[name] = ListV(self.new(Items(())))
        around = self.context()

        def on_yield(item: Value) -> End:
            with self.inside(around):
                target = self.frame()[name]
                self.append(target, item)
            return Leaf("fall", self.state)

        self.take(value)
        self.settle(self.run_generator(value, on_yield), STATEMENT)
        return self.frame().pop(name)

    def remaining(self, generator: Generator, contents: Entries) -> Value:
        """The items that a generator has not given yet; it gives none afterwards."""
        items, position = contents.get("items"), contents.get("position")
        self.state.heap[generator.slot] = Entries(("done",), (Static(True),))
        if isinstance(position, Static) and position.value == 0:
            return items
        if isinstance(items, ListV) and not isinstance(self.state.heap[items.slot], Items):
            self.refuse("the rest of a generator is used after `next`", "how many items it has is only known when the program runs", "make a list of its items first")
        return self.subscript(items, SliceV(position, NONE, NONE))

    def in_step(self, value: Value) -> Value:
        """A generator as the list of its items although it is consumed step by step: nobody may be able to tell."""
        if isinstance(value, Generator) and suspended.may_step(self):
            return suspended.iterator_of(value)
        if not isinstance(value, Generator) or self.contents_of(value).keys:
            return self.listed(value)
        if any(isinstance(node, ast.While) for node in ast.walk(value.node)):
            self.refuse("a generator is consumed step by step", "it may have items without end", "take as many as are needed")
        if any(isinstance(node, ast.Assign) and isinstance(node.value, ast.Yield) for node in ast.walk(value.node)):
            self.refuse("a generator is consumed step by step", "it uses what `yield` returns, which `send` decides", "pass the value as an argument")
        frame = self.state.frames[value.frame]
        free = set(reads(value.node)) - self.infos[value.frame].locals
        parent = self.infos[value.frame].parent
        around = [self.state.frames.get(parent, {}).get(name) for name in sorted(free)] if parent is not None else []
        seen = reachable(self.state, iter([*frame.values(), *(v for v in around if v is not None)]))
        if any(isinstance(self.state.heap[slot], (Items, Entries)) for slot in seen) or (
                parent is not None and any(_stores(self.stack, name) > 1 for name in free)):
            self.refuse("a generator is consumed step by step", "it reads a list, a dictionary or a variable that may change in between", "make a list of its items first")
        before = {n: dict(names) for n, names in self.state.frames.items() if n != value.frame}
        heap, count = set(self.state.heap), len(self.b.stmts)
        try:
            result = self.listed(value)
        except Unreachable:
            self.refuse("a generator is consumed step by step", "it raises an exception at some step", "make a list of its items first")
        written = self.state.written & heap
        changed = any(self.state.frames.get(n, {}).get(name) is not v for n, names in before.items() for name, v in names.items())
        if any(map(_may_raise, self.b.stmts[count:])):
            self.refuse("a generator is consumed step by step", "it may raise an exception at some step", "make a list of its items first")
        if written & seen or changed or any(_has_effect(stmt) for stmt in self.b.stmts[count:]):
            self.refuse("a generator is consumed step by step", "it changes something that is seen outside, at each step", "make a list of its items first")
        self.frozen |= seen
        return result

    def iterator(self, value: Value) -> Value:
        if isinstance(value, Generator):
            return value
        if isinstance(value, (TupleV, ListV)):
            return Generator(ast.FunctionDef("iter", body=[]), 0, self.new(Entries(("items", "position"), (value, Static(0)))))  # type: ignore[call-arg]
        self.refuse(f"`iter` of {describe(value)}", "this is not supported yet", "loop over it, or index it")

    def next_item(self, value: Value, default: tuple[Value, ...]) -> Value:
        if not isinstance(value, Generator):
            self.refuse(f"`next` of {describe(value)}", "it is not a generator that the compiler knows", "use a generator function or `iter`")
        if suspended.may_step(self):
            item = suspended.advance(self, value)
            return item if item is not None else default[0] if default else self.fail(StopIteration)
        contents = self.contents_of(value)
        if not contents.keys:
            items = self.in_step(value)
            contents = Entries(("items", "position"), (items, Static(0)))
        if "items" not in contents.keys:
            if contents.keys != ("done",):
                self.refuse("a generator is used again after it was left", "where it stands is only known when the program runs", "make a list of its items first")
            return default[0] if default else self.fail(StopIteration)
        items, position = contents.get("items"), contents.get("position")
        length = self.length(items) if isinstance(items, ListV) and not isinstance(self.state.heap[items.slot], Items) else len(self.iterate(items))
        test = self.compare("<", position, self.as_value(length) if not isinstance(length, int) else Static(length))
        self.state.heap[value.slot] = contents.put("position", self.binary("+", position, Static(1)))
        known = self.truth(test)
        if known is not None:
            return self.subscript(items, position) if known else default[0] if default else self.fail(StopIteration)
        return self.choose(self.condition(test), lambda: self.subscript(items, position), lambda: default[0] if default else self.fail(StopIteration))

    # -- what the statements do ----------------------------------------------------------------------------------

    def split(self, condition: Any, then: list[Any], orelse: list[Any]) -> End:
        raise NotImplementedError

    def from_iteration_before(self, stmt: ast.For | ast.While) -> str | None:
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value) -> None:
        raise NotImplementedError

    def loop_statement(self, stmt: ast.For | ast.While, rest: list[Any]) -> End | None:
        raise NotImplementedError


def _alone(value: Value, go_on: OnYield) -> End:
    return go_on(value)


def relabelled(end: End, kinds: dict[str, str]) -> End:
    """The same end with other kinds of leaves."""
    if isinstance(end, Split):
        then, orelse = (Node(node.scopes, relabelled(node.end, kinds)) for node in (end.then, end.orelse))
        return Split(end.condition, then, orelse, end.span, end.base, end.region)
    return Leaf(kinds.get(end.kind, end.kind), end.state, end.value, end.span)


def yields(stmt: ast.stmt) -> bool:
    """Whether a statement is a `yield` of its own."""
    return isinstance(stmt, (ast.Expr, ast.Assign)) and isinstance(stmt.value, (ast.Yield, ast.YieldFrom))


def _has_effect(stmt: Any) -> bool:
    if isinstance(stmt, Let):
        return OPS[stmt.op].effect
    return any(_has_effect(inner) for block in blocks(stmt) for inner in block.stmts)


def _may_raise(stmt: Any) -> bool:
    if isinstance(stmt, Let):
        return bool(may_raise(stmt.op, stmt.args))
    return any(_may_raise(inner) for block in blocks(stmt) for inner in block.stmts)


def _stores(functions: list[Any], name: str) -> int:
    """How often a name is assigned in the functions that are being executed."""
    return sum(isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load) for f in functions for node in ast.walk(f))


__all__ = ["Generators", "relabelled", "yields"]
