"""Expressions: ast -> abstract value."""

from __future__ import annotations

import ast
import builtins
import inspect
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.build import static_value, type_of
from ...ir.nodes import Arg, Let, Lit, Make, Seq, Slice, Var
from ...ir.probe import CannotProbe
from ...ir.types import BOOL, INT, Array, Dim, List, Opaque, Scalar, Tuple, differentiable, kind
from ...rules import registry
from ...rules.structure import infer_index, is_basic
from ..containers import library, lists, mappings, sets
from ..execution.exits import Unreachable
from ..execution.machine import NeedStatic, Poison, Refusal, describe
from ..execution.state import Frame
from ..execution.values import (
    NONE,
    UNBOUND,
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
    SliceV,
    Static,
    Step,
    TupleV,
    Value,
)
from ..memory import views
from ..objects.overloads import ARITHMETIC, COMPARISON, UNARY
from .exceptions import Exceptions
from .refused import REFUSED_EXPRESSIONS

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


class Expressions(Exceptions):
    """Evaluates expressions; `Calls` and `Statements` build on it."""

    renamed: set[Any]

    def eval(self, node: ast.expr) -> Value:
        """The value of an expression."""
        kept, self.node = self.node, node
        method: Any = getattr(self, "eval_" + type(node).__name__, None)
        if method is None:
            what, why, remedy = REFUSED_EXPRESSIONS.get(type(node).__name__, (
                f"`{type(node).__name__}` expressions", "they are not known to the compiler", "write it another way"))
            self.refuse(what, why, remedy)
        try:
            value: Value = method(node)
        except CannotProbe as error:
            self.refuse("this operation fails for arguments of these types", str(error), "check the shapes and types of its arguments")
        except (IndexError, registry.RowError) as error:
            if isinstance(error, registry.RowError):
                self.refuse(error.what, error.why, error.remedy)
            self.refuse("this index does not fit", str(error), "check the number of indices")
        self.node = kept
        return self.decided_choice(value) if isinstance(value, Select) else value

    def decided_choice(self, value: Value) -> Value:
        """A choice between choices, in a program for one call: the side that this call takes. Otherwise they would be nested ever deeper."""
        while isinstance(value, Select) and self.at_top() and self.witness is not None and self.witness.knows(value.condition) and (
                isinstance(value.then, Select) or isinstance(value.orelse, Select)):
            value = value.then if self.decide_truth(value.condition) else value.orelse
        return value

    def value_of(self, node: ast.expr) -> Arg:
        return self.operand(self.eval(node))

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

    def lookup(self, name: str) -> Value:
        raise NotImplementedError

    def check_bound(self, name: str) -> None:
        """A name without a value raises where it is read."""

    def eval_NamedExpr(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        assert isinstance(node.target, ast.Name)
        self.bind_around(node.target.id, value)
        return value

    def bind_around(self, name: str, value: Value) -> None:
        raise NotImplementedError

    def bind_name(self, name: str, value: Value) -> None:
        raise NotImplementedError

    # -- operators -------------------------------------------------------------------------------------------

    def eval_BinOp(self, node: ast.BinOp) -> Value:
        a = self.eval(node.left)
        b = self.eval(node.right)
        self.node = node
        return self.binary(BINARY[type(node.op)], a, b)

    def binary(self, op: str, a: Value, b: Value) -> Value:
        if isinstance(a, Static) and isinstance(b, Static) and not (_is_float(a.value) or _is_float(b.value)):
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
        if _opaque(a) or _opaque(b):  # a date, a Decimal
            return self.perform(Static(_STATIC_BINARY[op]), (a, b), {})
        return views.note_order(self, op, self.call_op(op, (self.as_number(a), self.as_number(b))), (a, b))

    def text_operator(self, op: str, a: Value, b: Value) -> Value | None:
        raise NotImplementedError

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
        if _opaque(value):
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
            if self.witness is not None and (_opaque(a) or _opaque(b)):
                return self.perform(Static(operator.is_ if op == "is" else operator.is_not), (a, b), {})
        if isinstance(a, Static) and isinstance(b, Static):
            folded = self.b.emit(op, Lit(a.value), Lit(b.value)) if op in ("<", "<=", ">", ">=", "==", "!=", "is", "is not") else None
            if isinstance(folded, Lit):
                return Static(folded.value)
        if op in ("in", "not in"):
            return self.contains(a, b, op)
        if op in _COMPARISONS and (_opaque(a) or _opaque(b)) and not any(isinstance(v, (TupleV, ListV, DictV, SetV, Object)) or v == NONE for v in (a, b)):
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
                isinstance(v, (Ref, Select)) or (isinstance(v, Num) and not _opaque(v)) for v in (a, b)):
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
            if not (isinstance(a, Static) and isinstance(b, Static)) and not _opaque(a) and not _opaque(b):
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
                if not _opaque(y) or (type_of(y.operand).name in ("str", "range") and not isinstance(x.value, str)):  # type: ignore[union-attr]
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
                if isinstance(value, Static) and not _is_float(value.value):
                    template += ("{" + conversion + spec + "}").format(value.value).replace("{", "{{").replace("}", "}}")
                else:
                    template += "{" + conversion + spec + "}"
                    args.append(self.operand(value))
        if not args:
            return Static(template.format())
        return Num(self.b.emit("py.format", template, Seq(tuple(args))))

    # -- subscripts --------------------------------------------------------------------------------------------

    def eval_Slice(self, node: ast.Slice) -> Value:
        parts = [Static(None) if n is None else self.eval(n) for n in (node.lower, node.upper, node.step)]
        return SliceV(parts[0], parts[1], parts[2])

    def eval_Subscript(self, node: ast.Subscript) -> Value:
        base = self.eval(node.value)
        index = self.eval(node.slice)
        self.node = node
        return self.subscript(base, index)

    def subscript(self, base: Value, index: Value) -> Value:
        base = views.unrolled(base)
        if isinstance(base, (Ref,)):
            return self.element(base, self.operand(index))
        if isinstance(base, Select):
            if isinstance(base.then, Ref) and isinstance(base.orelse, Ref):
                argument = self.operand(index)
                array = self.operand(base)
                if isinstance(infer_index(array, argument), Array) and is_basic(argument) and not views.is_flat(base.then):
                    step = Step("index", argument)
                    then, orelse = (Ref(side.slot, (*side.path, step)) for side in (base.then, base.orelse))
                    return Select(base.condition, then, orelse)
                return self.wrap(self.b.emit("index", array, argument))
            return self.choose(base.condition, lambda: self.subscript(base.then, index), lambda: self.subscript(base.orelse, index))
        if isinstance(base, TupleV):
            return self.pick(base.items, index, lambda items: TupleV(items))
        if isinstance(base, ListV):
            contents = self.state.heap[base.slot]
            if isinstance(contents, Items):
                return self.pick(contents.items, index, lambda items: ListV(self.new(Items(items))))
            argument = self.operand(index)
            if isinstance(index, SliceV):
                return ListV(self.new(self.b.emit("list_slice", self.operand(base), argument)))
            return self.call_op("list_item", (self.operand(base), argument), (base,))
        if isinstance(base, DictV):
            return mappings.looked_up(self, base, index)  # type: ignore[arg-type]
        if isinstance(base, Range):
            if isinstance(index, SliceV):
                return self.range_slice(base, index)
            if not (isinstance(index, Static) and index.value >= 0):
                index = self.range_index(base, index)
            return self.call_op("+", (base.start, self.b.emit("*", base.step, self.operand(index))))
        if isinstance(base, Static) and (joined := self.joined(base.value, index)) is not None:
            return joined
        if isinstance(base, Static) and isinstance(index, (Static, TupleV, SliceV)):
            try:
                return self.constant(base.value[self.static_index(index)])
            except Refusal:
                raise
            except NeedStatic:
                raise
            except IndexError as error:
                self.fail(IndexError, Static(str(error)))
            except Exception:
                pass
        if isinstance(base, Num):
            type = type_of(base.operand)
            if isinstance(type, Array):
                return self.wrap(self.b.emit("index", base.operand, self.operand(index)))
            if self.witness is not None and _opaque(base):
                return self.perform(Static(operator.getitem), (base, index), {})
            return Num(self.b.emit("index", base.operand, self.operand(index)))
        self.refuse(f"{describe(base)} is indexed", "it has no items that the compiler knows", "use an array, list, tuple or dictionary")

    def in_range(self, item: Value, container: Range) -> Value:
        """`item in range(...)`."""
        start, stop, step = (self.wrap(b) for b in (container.start, container.stop, container.step))
        step_value = self.static(step, "the step of a range")
        first, last = (start, stop) if step_value > 0 else (stop, start)
        below, above = ("<=", "<") if step_value > 0 else ("<", "<=")
        inside = self.both(self.compare(below, first, item), lambda: self.compare(above, item, last), is_and=True)
        if step_value in (1, -1) and isinstance(of := self.type(item), Scalar) and of.dtype in ("int64", "bool"):
            return inside
        return self.both(inside, lambda: self.compare("==", self.binary("%", self.binary("-", item, start), step), Static(0)), is_and=True)

    def range_index(self, base: Range, index: Value) -> Value:
        """An index of a range that may count from its end."""
        length = self.call_static(len, (base,), {})
        if isinstance(index, Static):
            return self.binary("+", length, index)
        return self.choose(self.condition(self.compare("<", index, Static(0))), lambda: self.binary("+", index, length), lambda: index)

    def range_slice(self, base: Range, index: SliceV) -> Value:
        """`range(...)[a:b:c]`, of a range that is known, or the whole of it turned round."""
        bounds = (base.start, base.stop, base.step)
        if all(isinstance(b, Lit) for b in bounds):
            found = range(*(b.value for b in bounds if isinstance(b, Lit)))[self.static_index(index)]
            return Range(Lit(found.start), Lit(found.stop), Lit(found.step))
        start, stop, step = (self.static(p, "an index") for p in (index.start, index.stop, index.step))

        def at(n: Arg) -> Arg:
            return self.b.emit("+", base.start, self.b.emit("*", n, base.step))

        length = self.operand(self.call_static(len, (base,), {}))
        if (start, stop, step) == (None, None, -1):
            return Range(at(self.b.emit("-", length, 1)), at(Lit(-1)), self.b.emit("neg", base.step))
        if stop is None and step in (None, 1) and start >= 0:
            first = self.b.emit("min", Seq((Lit(start), length)))
            return Range(at(first), base.stop, base.step)
        if start is None and step in (None, 1):
            last = self.b.emit("min", Seq((Lit(stop), length))) if stop >= 0 else self.b.emit("max", Seq((self.b.emit("+", length, stop), Lit(0))))
            return Range(base.start, at(last), base.step)
        self.refuse("this slice of a range", "its bounds are only known when the program runs", "write the range itself")

    def static_index(self, index: Value) -> Any:
        if isinstance(index, SliceV):
            return slice(*(self.static(p, "an index") for p in (index.start, index.stop, index.step)))
        return self.static(index, "an index")

    def constant(self, value: Any) -> Value:
        """A Python object that is known at compile time, as a value."""
        return Static(value)

    def element(self, base: Ref, index: Arg) -> Value:
        """`base[index]`: a number, a view, or (for masks and integer arrays) a new array."""
        array = self.read(base)
        type = infer_index(array, index)
        if views.is_flat(base):
            return self.wrap(self.b.emit("index", array, index))
        if isinstance(type, Array) and type.shape is not None and is_basic(index):
            return Ref(base.slot, (*base.path, Step("index", index)))
        if isinstance(type, Array) and type.shape is None and is_basic(index):
            return self.wrap(self.b.emit("index", array, index), shares=(base,))
        return self.wrap(self.b.emit("index", array, index))

    def pick(self, items: tuple[Value, ...], index: Value, make: Callable[[tuple[Value, ...]], Value]) -> Value:
        """`items[index]` of a tuple or list that the compiler knows."""
        if isinstance(index, SliceV):
            return make(items[self.static_index(index)])
        if isinstance(index, Num) and isinstance(index.operand, Var) and not self.sources(index.operand):
            return self.pick_dynamic(items, index)
        number = self.static(index, "an index into a tuple or a list")
        try:
            item: Value = items[number]
            return item
        except IndexError:
            self.fail(IndexError, Static("list index out of range"))

    def pick_dynamic(self, items: tuple[Value, ...], index: Num) -> Value:
        raise NotImplementedError

    # -- attributes ----------------------------------------------------------------------------------------------

    def eval_Attribute(self, node: ast.Attribute) -> Value:
        owner = self.eval(node.value)
        self.node = node
        return self.attribute(owner, self.private(node.attr))

    def private(self, name: str) -> str:
        """An attribute's name as it is called inside the class that the function stands in."""
        return name

    def attribute(self, owner: Value, name: str) -> Value:
        if isinstance(owner, Static):
            return self.static_attribute(owner.value, name)
        if isinstance(owner, TupleV) and owner.cls is not None and name in owner.cls._fields:  # type: ignore[attr-defined]
            return owner.items[owner.cls._fields.index(name)]  # type: ignore[attr-defined]
        if isinstance(owner, TupleV) and owner.cls is not None and name not in ("_replace", "_asdict", "index", "count"):
            found = inspect.getattr_static(owner.cls, name, None)
            if isinstance(found, property) and found.fget is not None:
                return self.call(Static(found.fget), (owner,), {})
            return Method(owner, name) if isinstance(found, types.FunctionType) else self.static_attribute(owner.cls, name)
        if isinstance(owner, ListV) and name == "maxlen":
            return Static(owner.maxlen)
        if isinstance(owner, SliceV) and name in ("start", "stop", "step"):
            return getattr(owner, name)  # type: ignore[no-any-return]
        if isinstance(owner, Range) and name in ("start", "stop", "step"):
            return self.wrap(getattr(owner, name))
        if isinstance(owner, Select) and not (isinstance(owner.then, Ref) and isinstance(owner.orelse, Ref)):
            if not self.is_number(owner):
                return self.choose(owner.condition, lambda: self.attribute(owner.then, name), lambda: self.attribute(owner.orelse, name))
        if self.is_number(owner):
            return self.number_attribute(owner, name)
        if isinstance(owner, Closure) and name == "__name__":
            if owner.node in self.renamed:
                self.refuse("`__name__` of a function behind functools.wraps", "it is that of the function that it stands for", "name it with a string")
            return Static("<lambda>" if isinstance(owner.node, ast.Lambda) else owner.node.name)
        if _opaque(owner) and self.is_data_of(owner, name):
            return self.perform(Static(getattr), (owner, Static(name)), {})
        return self.method(owner, name)

    def method(self, owner: Value, name: str) -> Value:
        """A method of a value of a builtin class or of NumPy's."""
        raise NotImplementedError

    def is_number(self, value: Value) -> bool:
        if isinstance(value, Select):
            return self.is_number(value.then) and self.is_number(value.orelse)
        return isinstance(value, Ref) or (isinstance(value, Num) and isinstance(type_of(value.operand), (Scalar, Array)))

    def number_attribute(self, owner: Value, name: str) -> Value:
        operand = self.operand(owner)
        type = type_of(operand)
        if name == "shape":
            return self.shape(owner)
        if name == "ndim" and isinstance(type, (Scalar, Array)):
            return Static(0) if isinstance(type, Scalar) else Static(len(type.shape)) if type.shape is not None else self.call_op("np.ndim", (operand,))
        if name == "dtype" and isinstance(type, (Scalar, Array)):
            return Static(np.dtype(type.dtype))
        if name == "itemsize" and isinstance(type, (Scalar, Array)):
            return Static(np.dtype(type.dtype).itemsize)
        if name == "nbytes" and isinstance(type, (Scalar, Array)):
            return self.binary("*", self.attribute(owner, "size"), Static(np.dtype(type.dtype).itemsize))
        if name in ("flags", "strides"):
            self.refuse(f"`{name}` of an array", "arrays of the generated program may lie otherwise in memory", "ask for them outside")
        if name == "T":
            return self.transposed(owner, None)
        if name in ("numerator", "denominator") and isinstance(type, Scalar) and kind(type.dtype) in "iub":
            return owner if name == "numerator" else Static(1)
        if name == "real" and isinstance(type, (Scalar, Array)) and np.dtype(type.dtype).kind != "c":
            return owner
        view = views.attribute(self, owner, name)
        if view is not None:
            return view
        if name in registry.ATTRIBUTES and registry.ATTRIBUTES[name] != "static":
            return self.call_op(registry.ATTRIBUTES[name], registry.bind(registry.ATTRIBUTES[name], (operand,), {}), (owner,))
        return self.method(owner, name)

    def shape(self, owner: Value) -> Value:
        operand = self.operand(owner)
        type = type_of(operand)
        if isinstance(type, Scalar):
            return TupleV(())
        assert isinstance(type, Array)
        whole = self.b.emit("np.shape", operand)
        if type.shape is None:
            return Num(whole)
        items = tuple(Static(e) if isinstance(e, int) else Num(self.b.emit("item", whole, n, type=Scalar("int64", True, e)))
                      for n, e in enumerate(type.shape))
        return TupleV(items, whole=whole)

    def transposed(self, owner: Value, axes: Any) -> Value:
        if isinstance(owner, Select):
            return Select(owner.condition, self.transposed(owner.then, axes), self.transposed(owner.orelse, axes))
        if isinstance(owner, Ref):
            return Ref(owner.slot, (*owner.path, Step("T", Lit(axes))))
        return owner

    def static_attribute(self, owner: Any, name: str) -> Value:
        raise NotImplementedError

    def iterate(self, value: Value) -> tuple[Value, ...]:
        raise NotImplementedError

    def collect(self, value: Value) -> Value:
        raise NotImplementedError

    def call(self, function: Value, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def append(self, target: Value, item: Value) -> None:
        raise NotImplementedError

    def library(self, function: Any, *args: Value, **keywords: Value) -> Value:
        raise NotImplementedError

    def joined(self, base: Any, index: Value) -> Value | None:
        raise NotImplementedError

    def call_static(self, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def call_row(self, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def row_operand(self, value: Value) -> Arg:
        raise NotImplementedError

    def make_static(self, name: str, args: tuple[Arg, ...]) -> tuple[Arg, ...]:
        raise NotImplementedError

    def frame(self) -> Frame:
        raise NotImplementedError


def _is_float(value: Any) -> bool:
    return isinstance(value, (float, complex, np.generic))


def _opaque(value: Value) -> bool:
    return isinstance(value, Num) and isinstance(type_of(value.operand), Opaque)


def _is_bool(value: Value) -> bool:
    if isinstance(value, Static):
        return isinstance(value.value, bool)
    return isinstance(value, Num) and isinstance(type_of(value.operand), Scalar) and type_of(value.operand).dtype == "bool"  # type: ignore[union-attr]


__all__ = ["BOOL", "INT", "Dim", "Expressions", "List", "Make", "Slice", "Tuple", "builtins", "differentiable", "static_value"]
