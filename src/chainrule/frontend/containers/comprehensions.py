"""Comprehensions and generator expressions: loops that fill a list, a set or a dictionary, in a scope of their own."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..calling.calls import Calls
from ..calling.frames import FrameInfo
from ..execution.places import Do
from ..execution.values import (
    Closure,
    DictV,
    Elements,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Object,
    SetV,
    Static,
    Value,
)
from ..looping.liveness import liveness_of_block
from ..objects import overloads
from . import iterators, taking

_RESULT, _FIRST, _ITEM = "%items", "%iterable", "%item"


class Comprehensions(Calls):
    """Evaluates comprehensions, by executing the loops that they stand for."""

    def eval_ListComp(self, node: ast.ListComp) -> Value:
        return self._comprehension(node, _call_append(node.elt), ListV(self.new(Items(()))))

    def eval_DictComp(self, node: ast.DictComp) -> Value:
        target = ast.Subscript(_name(_RESULT, ast.Load()), node.key, ast.Store())
        return self._comprehension(node, ast.Assign([target], node.value), DictV(self.new(Entries((), ()))))

    def eval_SetComp(self, node: ast.SetComp) -> Value:
        return self._comprehension(node, _call_method("add", node.elt), SetV(self.new(Elements())))

    def eval_Set(self, node: ast.Set) -> Value:
        items = self.eval_items(node.elts)
        return SetV(self.new(Elements(tuple(("add", self.hashed(item, "an element of a set")) for item in items))))

    def set_of(self, value: Value) -> Value:
        """`set(value)`."""
        if isinstance(value, IteratorV):
            return self._gather(value, lambda element: _call_method("add", element), SetV(self.new(Elements())))
        return SetV(self.new(Elements(tuple(("add", self.hashed(item, "an element of a set")) for item in self.iterate(value)))))

    # -- generator expressions: nothing is executed before an item is taken, but for the first iterable -----------------

    def eval_GeneratorExp(self, node: ast.GeneratorExp) -> Value:
        if any(generator.is_async for generator in node.generators):
            self._refuse_async(node)
        first = self.eval(node.generators[0].iter)
        closure = Closure(node, self._scope(node), (), (), self.source)  # type: ignore[arg-type]
        if isinstance(first, Object):
            first = overloads.iterator(self, first)
        if isinstance(first, Generator):  # it is executed when the items are taken, in the loop that takes them if there is one
            return IteratorV(self.new(Entries((), ())), Lazy("nested", (closure, first)))
        (source,) = iterators.absorbed(self, (first,))
        if len(node.generators) > 1:
            return IteratorV(self.new(Entries((), ())), Lazy("nested", (closure, source)))
        if node.generators[0].ifs or not iterators.indexed(self, source):
            return iterators.stage(self, "chosen", (closure,), source)
        return iterators.iterator(self, Lazy("generator", (closure, source)))

    def in_scope(self, closure: Closure, do: Callable[[], Any]) -> Any:
        """Do something in the scope of a generator expression."""
        kept = (self.current, self.source, self.loop, self.caller, self.node)
        if closure.frame not in self.state.frames:
            self.state.frames[closure.frame] = {}
        self.current, self.source, self.loop, self.caller = closure.frame, closure.context, None, None
        try:
            return do()
        finally:
            self.current, self.source, self.loop, self.caller, self.node = kept

    def generated(self, closure: Closure, item: Value) -> Value:
        """What a generator expression with one `for` makes of an item."""
        def make() -> Value:
            self.assign(closure.node.generators[0].target, item)  # type: ignore[union-attr]
            return self.eval(closure.node.elt)  # type: ignore[union-attr]

        value: Value = self.in_scope(closure, make)
        return value

    def whole_generator(self, it: IteratorV) -> tuple[Closure, Value] | None:
        """A generator expression of which nothing has been taken yet: itself, and what it goes through."""
        source = it.source
        assert isinstance(source, Lazy)
        if source.kind not in ("generator", "chosen", "nested"):
            return None
        closure, first = source.parts
        assert isinstance(closure, Closure)
        entries = self.state.heap[it.slot]
        assert isinstance(entries, Entries)
        begun = entries.get("at") != Static(0) if source.kind == "generator" else bool(entries.keys) if source.kind == "nested" else False
        return None if begun else (closure, first)

    def collect(self, value: Value) -> Value:
        """All that an iterator has left, as a list."""
        return self._gather(value, _call_append, ListV(self.new(Items(()))))

    def collect_pairs(self, value: Value) -> Value:
        """All that an iterator over pairs has left, as a dictionary."""
        def innermost(element: ast.expr) -> ast.stmt:
            target = ast.Subscript(_name(_RESULT, ast.Load()), _name("%key", ast.Load()), ast.Store())
            return ast.For(ast.Tuple([_name("%key", ast.Store()), _name("%value", ast.Store())], ast.Store()), ast.Tuple([element], ast.Load()),
                           [ast.Assign([target], _name("%value", ast.Load()))], [], None)

        return self._gather(value, innermost, DictV(self.new(Entries((), ()))))

    def _gather(self, value: Value, innermost: Callable[[ast.expr], ast.stmt], result: Value) -> Value:
        """All that an iterator has left, put into a container."""
        if isinstance(value, IteratorV) and isinstance(value.source, Lazy):
            whole = self.whole_generator(value)
            if whole is not None:
                closure, first = whole
                if value.source.kind == "generator":
                    iterators.move(self, value, Static(-1))
                elif value.source.kind == "nested":
                    self._finish(value)
                node: Any = closure.node
                kept = (self.current, self.source, self.caller)
                self.current, self.source = self.infos[closure.frame].parent or 0, closure.context
                try:
                    return self._fill(node, innermost(node.elt), result, first, closure.frame)
                finally:
                    self.current, self.source, self.caller = kept
        if isinstance(result, ListV) and isinstance(value, IteratorV) and taking.is_known(self, value) and iterators.indexed(self, value.source):
            items: list[Value] = []
            while self.take_known(value, items):
                pass
            return ListV(self.new(Items(tuple(items))))
        loop = ast.ListComp(_name(_ITEM, ast.Load()), [ast.comprehension(_name(_ITEM, ast.Store()), _name(_FIRST, ast.Load()), [], 0)])
        if self.node is not None:
            ast.copy_location(loop, self.node)
        return self._fill(loop, innermost(_name(_ITEM, ast.Load())), result, value, self._scope(loop))

    def take_known(self, it: IteratorV, items: list[Value]) -> bool:
        def give(item: Value) -> bool:
            items.append(item)
            return True

        return bool(taking.step(self, it, give, lambda: False, _no_branch))

    def nested_loop(self, stmt: ast.For, it: IteratorV) -> None:
        """A loop over a generator expression with several `for`: the loops inside each other, with the body in the innermost."""
        assert isinstance(it.source, Lazy)
        closure, first = it.source.parts
        assert isinstance(closure, Closure)
        node: Any = closure.node
        outer = self.current
        loops = self.infos[outer].loops
        source, caller = self.source, self.caller

        def body(rest: list[Any]) -> Any:
            value = self.eval(node.elt)
            kept = (self.current, self.source, self.caller)
            self.current, self.source, self.caller = outer, source, caller
            loops.append(stmt)
            try:
                self.assign(stmt.target, value)
                self.execute_all(list(stmt.body))
            finally:
                loops.pop()
                self.current, self.source, self.caller = kept
            return self.run(rest)

        self.state.heap[it.slot] = Entries(("busy",), (Static(True),))
        try:
            self._fill(node, ast.copy_location(Do(body), stmt), ListV(self.new(Items(()))), first, closure.frame)
        finally:
            self.current, self.source, self.caller = outer, source, caller
        self._finish(it)

    def _finish(self, it: IteratorV) -> None:
        """A generator expression with several `for` has given its last item."""
        self.state.heap[it.slot] = Entries(("level0",), (iterators.iterator(self, Static(())),))

    def assign(self, target: ast.expr, value: Value) -> None:
        raise NotImplementedError

    def execute_all(self, stmts: list[Any]) -> None:
        raise NotImplementedError

    # -- the loops ---------------------------------------------------------------------------------------------------

    def _refuse_async(self, node: ast.expr) -> None:
        self.refuse("an asynchronous comprehension", "it is suspended and resumed by somebody else", "use a plain loop", node)

    def _comprehension(self, node: Any, innermost: ast.stmt, result: Value) -> Value:
        first = self.eval(node.generators[0].iter)  # in the scope around, whose names the comprehension's own may hide
        return self._fill(node, innermost, result, first, self._scope(node))

    def _scope(self, node: Any) -> int:
        """A new scope for the names of a comprehension."""
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.numbers += 1
        number = self.numbers
        self.infos[number] = FrameInfo(self.infos[self.current].source, self.current, frozenset({*targets, _RESULT, _FIRST}), comprehension=True,
                                        called_from=self.infos[self.current].called_from)
        self.state.frames[number] = {}
        return number

    def _fill(self, node: Any, innermost: Any, result: Value, first: Value, number: int) -> Value:
        """Execute the loops of a comprehension in its scope; what they fill."""
        generators = node.generators
        body: list[Any] = [innermost]
        for generator in reversed(generators):
            if generator.is_async:
                self._refuse_async(node)
            for test in reversed(generator.ifs):
                body = [ast.If(test, body, [])]
            iterable = _name(_FIRST, ast.Load()) if generator is generators[0] else generator.iter
            body = [ast.For(generator.target, iterable, body, [], None)]
        loop = body[0]
        for part in ast.walk(loop):
            if not hasattr(part, "lineno") and isinstance(part, (ast.expr, ast.stmt)):
                ast.copy_location(part, node)
        self.infos[number].liveness = liveness_of_block([loop], frozenset([_RESULT]))
        self.state.frames[number] = {_RESULT: result, _FIRST: first}
        outer, self.current = self.current, number
        span, kept, self.loop = self.b.span, self.loop, None
        try:
            self.execute_all([loop])
            value = self.state.frames[number][_RESULT]
        finally:
            self.current, self.b.span, self.loop = outer, span, kept
        if not self.infos[number].escapes:
            self.state.frames.pop(number, None)
        return value


def _no_branch(condition: Any, then: Any, orelse: Any) -> Any:
    raise AssertionError("items that are known are taken without branches")


def _name(name: str, context: Any) -> ast.Name:
    return ast.Name(name, context)


def _call_append(element: ast.expr) -> ast.stmt:
    return _call_method("append", element)


def _call_method(name: str, element: ast.expr) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Attribute(_name(_RESULT, ast.Load()), name, ast.Load()), [element], []))
