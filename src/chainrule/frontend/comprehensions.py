"""Comprehensions and generator expressions: loops that fill a list or a dictionary, in a scope of their own."""

from __future__ import annotations

import ast
from typing import Any

from .calls import Calls, FrameInfo
from .liveness import liveness_of_block
from .values import DictV, Entries, Items, ListV, Value

_RESULT, _FIRST = "%items", "%iterable"


class Comprehensions(Calls):
    """Evaluates comprehensions, by executing the loops that they stand for."""

    def eval_ListComp(self, node: ast.ListComp | ast.GeneratorExp) -> Value:
        return self._comprehension(node, node.generators, _call_append(node.elt), ListV(self.new(Items(()))))

    eval_GeneratorExp = eval_ListComp

    def eval_DictComp(self, node: ast.DictComp) -> Value:
        target = ast.Subscript(_name(_RESULT, ast.Load()), node.key, ast.Store())
        return self._comprehension(node, node.generators, ast.Assign([target], node.value), DictV(self.new(Entries((), ()))))

    def execute_all(self, stmts: list[Any]) -> None:
        raise NotImplementedError

    def _comprehension(self, node: ast.expr, generators: list[ast.comprehension], innermost: ast.stmt, result: Value) -> Value:
        body: list[ast.stmt] = [innermost]
        first = self.eval(generators[0].iter)  # in the scope around, whose names the comprehension's own may hide
        for generator in reversed(generators):
            if generator.is_async:
                self.refuse("an asynchronous comprehension", "it is suspended and resumed by somebody else", "use a plain loop", node)
            for test in reversed(generator.ifs):
                body = [ast.If(test, body, [])]
            iterable = _name(_FIRST, ast.Load()) if generator is generators[0] else generator.iter
            body = [ast.For(generator.target, iterable, body, [], None)]
        loop = body[0]
        for part in ast.walk(loop):
            if not hasattr(part, "lineno") and isinstance(part, (ast.expr, ast.stmt)):
                ast.copy_location(part, node)
        targets = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.numbers += 1
        number = self.numbers
        self.infos[number] = FrameInfo(self.infos[self.current].source, self.current, frozenset({*targets, _RESULT, _FIRST}), comprehension=True,
                                       liveness=liveness_of_block([loop], frozenset([_RESULT])))
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


def _name(name: str, context: Any) -> ast.Name:
    return ast.Name(name, context)


def _call_append(element: ast.expr) -> ast.stmt:
    append = ast.Attribute(_name(_RESULT, ast.Load()), "append", ast.Load())
    return ast.Expr(ast.Call(append, [element], []))
