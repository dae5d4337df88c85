"""Expressions: names, constants and containers; operators and parts of values are in the modules before."""

from __future__ import annotations

import ast

from ...ir.nodes import Arg, Seq
from ..containers import lists
from ..execution.machine import Poison
from ..execution.values import (
    UNBOUND,
    DictV,
    Entries,
    Items,
    ListV,
    Num,
    Object,
    Static,
    TupleV,
    Value,
)
from .evaluation import is_float
from .operators import Operators


class Expressions(Operators):
    """Evaluates expressions; `Calls` and `Statements` build on it."""


    # -- names and constants -------------------------------------------------------------------------------

    def eval_Constant(self, node: ast.Constant) -> Value:
        return Static(node.value)

    def eval_Name(self, node: ast.Name) -> Value:
        self.check_bound(node.id)
        value = self.lookup(node.id)
        if value is UNBOUND:
            if self.catching:
                self.fail(UnboundLocalError, Static(f"cannot access local variable {node.id!r} where it is not associated with a value"))
            self.refuse(f"`{node.id}` is used before it is bound", "no assignment reaches this use on some path", "assign to it first", node)
        if isinstance(value, Poison):
            self.refuse(f"`{node.id}` is not known here", value.why, "give it the same kind of value on every path", node)
        return value

    def check_bound(self, name: str) -> None:
        """A name without a value raises where it is read."""

    def eval_NamedExpr(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        assert isinstance(node.target, ast.Name)
        self.bind_around(node.target.id, value)
        return value

    # -- containers --------------------------------------------------------------------------------------------

    def eval_Tuple(self, node: ast.Tuple) -> Value:
        return TupleV(self.eval_items(node.elts))

    def eval_List(self, node: ast.List) -> Value:
        if not any(isinstance(n, ast.Starred) for n in node.elts):
            return ListV(self.new(Items(self.eval_items(node.elts))))
        result = ListV(self.new(Items(())))
        for n in node.elts:
            if isinstance(n, ast.Starred):
                lists.extend(self, result, self.eval(n.value))  # type: ignore[arg-type]
            else:
                self.append(result, self.eval(n))
        return result

    def eval_items(self, nodes: list[ast.expr]) -> tuple[Value, ...]:
        items: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items.extend(self.iterate(self.eval(node.value)))
            else:
                items.append(self.eval(node))
        return tuple(items)

    def eval_Dict(self, node: ast.Dict) -> Value:
        entries = Entries((), ())
        for key, value in zip(node.keys, node.values):
            if key is None:
                other = self.eval(value)
                if not isinstance(other, DictV):
                    self.refuse("`**` of something that is not a dictionary", "its keys are not known", "pass a dictionary")
                inner = self.state.heap[other.slot]
                assert isinstance(inner, Entries)
                for k, v in zip(inner.keys, inner.values):
                    entries = entries.put(k, v)
            else:
                entries = entries.put(self.hashed(self.eval(key), "a dictionary's key"), self.eval(value))
        return DictV(self.new(entries))

    def eval_JoinedStr(self, node: ast.JoinedStr) -> Value:
        template = ""
        args: list[Arg] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                template += str(part.value).replace("{", "{{").replace("}", "}}")
            else:
                assert isinstance(part, ast.FormattedValue)
                conversion = "" if part.conversion == -1 else "!" + chr(part.conversion)
                spec = ""
                if part.format_spec is not None:
                    text = self.eval(part.format_spec)
                    spec = ":" + str(self.static(text, "a format"))
                value = self.eval(part.value)
                if isinstance(value, Object) and issubclass(value.cls, BaseException) and conversion in ("", "!s"):
                    value = self.exception_text(value)
                if isinstance(value, Static) and not is_float(value.value):
                    template += ("{" + conversion + spec + "}").format(value.value).replace("{", "{{").replace("}", "}}")
                else:
                    template += "{" + conversion + spec + "}"
                    args.append(self.operand(value))
        if not args:
            return Static(template.format())
        return Num(self.b.emit("py.format", template, Seq(tuple(args))))


__all__ = ["Expressions"]
