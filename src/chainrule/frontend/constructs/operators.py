"""Operators: arithmetic, comparisons, and what decides by truth."""

from __future__ import annotations

import ast
import operator
import types
from collections.abc import Callable
from typing import Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Let, Lit, Seq, Var
from ...ir.types import Scalar
from ..containers import library, lists, mappings, sets
from ..execution.exits import Unreachable
from ..execution.machine import describe
from ..execution.values import (
    NONE,
    Closure,
    DictV,
    Entries,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Method,
    Num,
    Object,
    Partial,
    Range,
    Ref,
    Select,
    SetV,
    Static,
    TupleV,
    Value,
)
from ..memory import views
from ..objects.overloads import ARITHMETIC, COMPARISON, UNARY
from .evaluation import is_float, is_opaque
from .parts import Parts

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
          ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
           ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in"}
_STATIC_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "|": operator.or_, "&": operator.and_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift}
_COMPARISONS: dict[str, Any] = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LENGTHS: dict[str, Callable[[int, int], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SAFE = {"<", "<=", ">", ">=", "==", "!=", "not", "neg", "+", "-", "*", "abs", "and", "or", "len", "is", "is not"}


class Operators(Parts):
    """Applies operators."""


    def eval_BinOp(self, node: ast.BinOp) -> Value:
        a = self.eval(node.left)
        b = self.eval(node.right)
        self.node = node
        return self.binary(BINARY[type(node.op)], a, b)

    def binary(self, op: str, a: Value, b: Value) -> Value:
        if isinstance(a, Static) and isinstance(b, Static) and not (is_float(a.value) or is_float(b.value)):
            try:
                return Static(_STATIC_BINARY[op](a.value, b.value))
            except Exception:  # it raises at run time, as the user's program does
                pass
        if op == "%" and isinstance(a, Static) and isinstance(a.value, str) and all(
                isinstance(item, (Num, Static)) for item in (b.items if isinstance(b, TupleV) else (b,))) and not isinstance(b, Static):
            return self.text_operator(op, a, b)  # type: ignore[return-value]
        if op == "%" and isinstance(a, Static) and isinstance(a.value, (str, bytes)):
            return self.call(Static(a.value.__mod__), (b,), {})
        special = self.container_operator(op, a, b) or self.text_operator(op, a, b)
        if special is not None:
            return special
        if is_opaque(a) or is_opaque(b):  # a date, a Decimal
            return self.perform(Static(_STATIC_BINARY[op]), (a, b), {})
        return views.note_order(self, op, self.call_op(op, (self.as_number(a), self.as_number(b))), (a, b))

    def as_number(self, value: Value) -> Arg:
        """An operand of arithmetic: a list or tuple of numbers becomes an array, as NumPy makes it one."""
        operand = self.operand(value)
        return self.b.emit("np.array", operand) if isinstance(operand, Seq) else operand

    def container_operator(self, op: str, a: Value, b: Value) -> Value | None:
        """`+` and `*` on tuples and lists."""
        if op == "+" and isinstance(a, TupleV) and isinstance(b, TupleV):
            return TupleV(a.items + b.items)
        if op == "+" and isinstance(a, ListV) and isinstance(b, ListV):
            return lists.concatenated(self, a, b)  # type: ignore[arg-type]
        if op in ARITHMETIC and (own := mappings.own_operator(f"__{ARITHMETIC[op]}__", a, b)) is not None:
            return self.call(Static(own), (a, b), {})
        if op == "|" and isinstance(a, DictV) and isinstance(b, DictV):
            return mappings.merged(self, a, b)  # type: ignore[arg-type]
        if op in sets.OPERATORS and (isinstance(a, (SetV, Lazy)) or isinstance(b, (SetV, Lazy))):
            combined = sets.combined(self, op, a, b)  # type: ignore[arg-type]
            if combined is not None:
                return combined
        if op == "*" and isinstance(a, Static) and isinstance(b, (TupleV, ListV)):
            a, b = b, a
        if op == "*" and isinstance(a, (TupleV, ListV)):
            if isinstance(a, ListV):
                return lists.repeated(self, a, b)  # type: ignore[arg-type]
            return TupleV(a.items * self.static(b, "the number of repetitions"))
        if any(isinstance(v, (Closure, Method, Partial, Range, Lazy, IteratorV, SetV, DictV)) for v in (a, b)):
            self.refuse(f"`{op}` on {describe(a)} and {describe(b)}", "there is no such operation", "check the types")
        return None

    def eval_UnaryOp(self, node: ast.UnaryOp) -> Value:
        value = self.eval(node.operand)
        self.node = node
        if isinstance(node.op, ast.Not):
            known = self.truth(value)
            if known is not None:
                return Static(not known)
            return self.call_op("not", (self.condition(value),))
        if isinstance(value, Static) and isinstance(value.value, (int, float, complex)):
            if isinstance(node.op, ast.USub):
                return Static(-value.value)
            if isinstance(node.op, ast.UAdd):
                return value
        name = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}[type(node.op)]
        return self.unary(name, value)

    def unary(self, name: str, value: Value) -> Value:
        if is_opaque(value):
            return self.perform(Static(getattr(operator, name)), (value,), {})
        if (own := mappings.own_operator(UNARY[name], value)) is not None:
            return self.call(Static(own), (value,), {})
        return self.call_op(name, (self.operand(value),))

    def eval_Compare(self, node: ast.Compare) -> Value:
        left = self.eval(node.left)
        return self._compare(left, list(node.ops), list(node.comparators))

    def _compare(self, left: Value, ops: list[ast.cmpop], nodes: list[ast.expr]) -> Value:
        right = self.eval(nodes[0])
        first = self.compare(COMPARE[type(ops[0])], left, right)
        if len(ops) == 1:
            return first
        return self.both(first, lambda: self._compare(right, ops[1:], nodes[1:]), is_and=True)

    def compare(self, op: str, a: Value, b: Value) -> Value:
        if isinstance(a, Select) and not self.is_number(a):  # one of two strings, of two objects, of an object and None
            return self.choose(a.condition, lambda: self.compare(op, a.then, b), lambda: self.compare(op, a.orelse, b))
        if isinstance(b, Select) and not self.is_number(b):
            return self.choose(b.condition, lambda: self.compare(op, a, b.then), lambda: self.compare(op, a, b.orelse))
        on_text = self.text_operator(op, a, b)
        if on_text is not None:
            return on_text
        if op in ("is", "is not"):
            same = self.same_object(a, b)
            if same is not None:
                return Static(same == (op == "is"))
            if isinstance(a, Select):
                return self.choose(a.condition, lambda: self.compare(op, a.then, b), lambda: self.compare(op, a.orelse, b))
            if isinstance(b, Select):
                return self.choose(b.condition, lambda: self.compare(op, a, b.then), lambda: self.compare(op, a, b.orelse))
            if self.witness is not None and (is_opaque(a) or is_opaque(b)):
                return self.perform(Static(operator.is_ if op == "is" else operator.is_not), (a, b), {})
        if isinstance(a, Static) and isinstance(b, Static):
            folded = self.b.emit(op, Lit(a.value), Lit(b.value)) if op in ("<", "<=", ">", ">=", "==", "!=", "is", "is not") else None
            if isinstance(folded, Lit):
                return Static(folded.value)
        if op in ("in", "not in"):
            return self.contains(a, b, op)
        if op in _COMPARISONS and (is_opaque(a) or is_opaque(b)) and not any(isinstance(v, (TupleV, ListV, DictV, SetV, Object)) or v == NONE for v in (a, b)):
            return self.perform(Static(_COMPARISONS[op]), (a, b), {})
        if op in sets.COMPARISONS and (isinstance(a, (SetV, Lazy)) or isinstance(b, (SetV, Lazy))):
            combined = sets.combined(self, op, a, b)  # type: ignore[arg-type]
            if combined is not None:
                return combined
            if op in ("==", "!="):
                return Static(op == "!=")
        if op in COMPARISON and (own := mappings.own_operator(COMPARISON[op][0], a, b)) is not None:
            return self.call(Static(own), (a, b), {})
        if op in ("==", "!=") and isinstance(a, DictV) and isinstance(b, DictV):
            x, y = mappings.entries_of(self, a), mappings.entries_of(self, b)  # type: ignore[arg-type]
            equal: Value = Static(len(x.keys) == len(y.keys) and all(k in y.keys for k in x.keys))
            for key in x.keys if equal == Static(True) else ():
                equal = self.both(equal, lambda key=key: self.compare("==", x.get(key), y.get(key)), is_and=True)  # type: ignore[misc]
            return equal if op == "==" else self.negate(equal)
        if op in ("<", "<=", ">", ">=") and type(a) is type(b) and isinstance(a, (TupleV, ListV)):
            return self.lexicographic(op, a, b)
        if op in ("==", "!=") and any(isinstance(v, (TupleV, ListV, DictV)) for v in (a, b)) and not any(
                isinstance(v, (Ref, Select)) or (isinstance(v, Num) and not is_opaque(v)) for v in (a, b)):
            mine, other = self.known_contents(a), self.known_contents(b)
            if type(a) is not type(b) or mine is None or other is None:
                if isinstance(a, Static) or isinstance(b, Static) or {type(a), type(b)} == {TupleV, ListV}:
                    return Static(op == "!=")
                self.refuse(f"{describe(a)} is compared with {describe(b)}", "its items are not known before the program runs", "compare the items")
            if len(mine) != len(other):
                return Static(op == "!=")
            result: Value = Static(True)
            for one, two in zip(mine, other):
                result = self.both(result, lambda one=one, two=two: self.compare("==", one, two), is_and=True)  # type: ignore[misc]
            return result if op == "==" else self.negate(result)
        if op in ("==", "!=") and ((isinstance(a, Static) and isinstance(a.value, (str, type(None)))) or
                                   (isinstance(b, Static) and isinstance(b.value, (str, type(None))))):
            if not (isinstance(a, Static) and isinstance(b, Static)) and not is_opaque(a) and not is_opaque(b):
                return Static(op == "!=")
        if isinstance(a, Static) and isinstance(b, Static):
            try:
                return Static({"==": operator.eq, "!=": operator.ne}[op](a.value, b.value))
            except KeyError:
                pass
        return self.call_op(op, (self.as_number(a), self.as_number(b)))

    def lexicographic(self, op: str, a: Value, b: Value) -> Value:
        """`a < b` of tuples or lists: the first items that differ decide."""
        x, y = self.known_contents(a), self.known_contents(b)
        if x is None or y is None:
            self.refuse("lists of unknown length are compared", "how many items they have is only known when the program runs", "compare the items")

        def at(n: int) -> Value:
            if n == min(len(x), len(y)):
                return Static(_LENGTHS[op](len(x), len(y)))
            equal = self.compare("==", x[n], y[n])
            known = self.truth(equal)
            if known is not None:
                return at(n + 1) if known else self.compare(op, x[n], y[n])
            return self.choose(self.condition(equal), lambda: at(n + 1), lambda: self.compare(op, x[n], y[n]))

        return at(0)

    def known_contents(self, value: Value) -> tuple[Value, ...] | None:
        """The items of a tuple, or of a list of known length."""
        if isinstance(value, TupleV):
            return value.items
        contents = self.state.heap[value.slot] if isinstance(value, ListV) else None
        return contents.items if isinstance(contents, Items) else None

    def test(self, node: ast.expr) -> Value:
        """An expression of which only the truth value matters: the condition of a branch or a loop."""
        if isinstance(node, ast.BoolOp) and any(isinstance(n, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.List)) for n in node.values):
            is_and = isinstance(node.op, ast.And)
            result = self.test(node.values[0])
            for operand in node.values[1:]:
                result = self.both(result, lambda operand=operand: self.test(operand), is_and=is_and)  # type: ignore[misc]
            return result
        value = self.eval(node)
        if isinstance(value, ListV) and self.truth(value) is None:
            return self.call_op(">", (self.b.emit("len", self.operand(value)), Lit(0)))
        return value

    def negate(self, value: Value) -> Value:
        known = self.truth(value)
        return Static(not known) if known is not None else self.call_op("not", (self.operand(value),))

    def same_object(self, a: Value, b: Value) -> bool | None:
        """`a is b`, where the compiler knows."""
        if isinstance(a, Static) and isinstance(b, Static):
            return a.value is b.value
        if isinstance(a, Select) or isinstance(b, Select):
            return None
        for x, y in ((a, b), (b, a)):
            if isinstance(x, Static) and (x.value is None or isinstance(x.value, (str, bool, type, types.FunctionType))):
                kind = type_of(y.operand) if isinstance(x.value, bool) and isinstance(y, Num) else None
                if isinstance(kind, Scalar) and kind.dtype == "bool" and (kind.weak or kind.mixed):
                    return None  # one of the two
                if not is_opaque(y) or (type_of(y.operand).name in ("str", "range") and not isinstance(x.value, str)):  # type: ignore[union-attr]
                    return False
        if isinstance(a, Ref) and isinstance(b, Ref):
            if a.slot != b.slot and b.slot in self.state.entangled.get(a.slot, ()):
                self.refuse("arrays that share memory are compared with `is`", "whether they are one object is only known when the program runs",
                            "leave the test out, or pass a copy")
            if a == b and a.path and a is not b:
                self.refuse("two views of one array are compared with `is`", "each is an object of its own unless it is the same name for it",
                            "leave the test out")
            return a == b
        if isinstance(a, (ListV, DictV, Object)) and type(a) is type(b):
            return a == b
        return None

    def contains(self, item: Value, container: Value, op: str) -> Value:
        if isinstance(container, (TupleV, ListV)):
            contents = container.items if isinstance(container, TupleV) else None
            if isinstance(container, ListV):
                held = self.state.heap[container.slot]
                contents = held.items if isinstance(held, Items) else None
            if contents is not None:
                result: Value = Static(any(self.same_object(item, other) for other in contents))
                for other in contents if result == Static(False) else ():
                    result = self.both(result, lambda other=other: self.compare("==", item, other), is_and=False)  # type: ignore[misc]
                return result if op == "in" else self.negate(result)
            found = self.library(library.contains, container, item)
            return found if op == "in" else self.negate(found)
        if isinstance(container, Lazy) and container.kind in ("values", "items"):
            return self.contains(item, TupleV(self.iterate(container)), op)
        if isinstance(container, IteratorV):
            return self.contains(item, self.collect(container), op)
        if isinstance(container, (DictV, SetV, Lazy)):
            return Static((self.hashed(item, "the key") in mappings.keys_in(self, container)) == (op == "in"))  # type: ignore[arg-type]
        if isinstance(container, Static) and isinstance(item, Static):
            return Static((item.value in container.value) == (op == "in"))
        if isinstance(container, Range):
            inside = self.in_range(item, container)
            return inside if op == "in" else self.negate(inside)
        return self.call_op(op, (self.operand(item), self.operand(container)))

    def eval_BoolOp(self, node: ast.BoolOp) -> Value:
        is_and = isinstance(node.op, ast.And)
        result = self.eval(node.values[0])
        for value in node.values[1:]:
            result = self.both(result, lambda value=value: self.eval(value), is_and=is_and)  # type: ignore[misc]
        return result

    def both(self, first: Value, second: Callable[[], Value], *, is_and: bool) -> Value:
        """`first and second()` or `first or second()`, with Python's short circuit."""
        known = self.truth(first)
        if known is not None:
            return second() if known == is_and else first
        condition = self.condition(first)
        if self.is_concrete():
            return second() if self.decide_truth(condition) == is_and else first
        before, node = self.state, self.node
        self.state = before.copy()
        operand: Any = None
        with self.opened() as scopes:
            forks = len(self.forks)
            try:
                value = second()
                operand = self.operand(value) if isinstance(value, (Num, Static)) and len(self.forks) == forks else None
            except Unreachable:
                pass
        stmts = scopes[-1].stmts
        harmless = all(isinstance(s, Let) and s.op in _SAFE and s.out is not None and isinstance(s.out.type, Scalar) for s in stmts)
        unchanged = all(self.state.frames[n] == f for n, f in before.frames.items()) and self.state.heap == before.heap
        if isinstance(operand, (Var, Lit)) and harmless and unchanged and _is_bool(first) and _is_bool(value):
            self.state = before
            self.b.adopt(scopes[-1])
            return self.call_op("and" if is_and else "or", (condition, operand))
        self.state, self.node = before, node
        then, orelse = (second, lambda: first) if is_and else (lambda: first, second)
        return self.choose(condition, then, orelse)

    def eval_IfExp(self, node: ast.IfExp) -> Value:
        test = self.test(node.test)
        known = self.truth(test)
        if known is not None:
            return self.eval(node.body if known else node.orelse)
        return self.choose(self.condition(test), lambda: self.eval(node.body), lambda: self.eval(node.orelse))

    def truth(self, value: Value) -> bool | None:
        """Whether a value is true, if that is known."""
        if isinstance(value, Static):
            try:
                return bool(value.value)
            except ValueError:
                return None
        if isinstance(value, TupleV):
            return bool(value.items)
        if isinstance(value, (ListV, DictV)):
            contents = self.state.heap[value.slot]
            if isinstance(contents, Items):
                return bool(contents.items)
            return bool(contents.keys) if isinstance(contents, Entries) else None
        if isinstance(value, SetV):
            return bool(mappings.as_set(self, value))  # type: ignore[arg-type]
        if (isinstance(value, Lazy) and value.kind in ("keys", "values", "items")):
            return bool(self.iterate(value))
        if isinstance(value, (Closure, Method, Partial, Object, IteratorV)):
            return True
        return None

    def condition(self, value: Value) -> Any:
        """A value as the condition of a branch."""
        if isinstance(value, ListV):
            return self.b.emit(">", self.b.emit("len", self.operand(value)), 0)
        if isinstance(value, Select) and not self.is_number(value):
            then, orelse = value.then, value.orelse
            value = self.choose(value.condition, lambda: self.truth_of(then), lambda: self.truth_of(orelse))
        operand = self.operand(value)
        if not isinstance(operand, (Var, Lit)):
            self.refuse("this condition is not a number", "its truth value is not known", "compare it explicitly")
        return operand

    def truth_of(self, value: Value) -> Value:
        """Whether a value is true, as a boolean."""
        known = self.truth(value)
        return Static(known) if known is not None else self.negate(self.call_op("not", (self.condition(value),)))


def _is_bool(value: Value) -> bool:
    if isinstance(value, Static):
        return isinstance(value.value, bool)
    return isinstance(value, Num) and isinstance(type_of(value.operand), Scalar) and type_of(value.operand).dtype == "bool"  # type: ignore[union-attr]


__all__ = ["BINARY", "Operators"]
