"""Statements: ast -> effects on the machine's state.

A list of statements is executed up to its end or up to a statement that leaves (return, break, continue). What
follows an `if` of which one side leaves is executed inside the other side, so that nothing ever jumps: the two ways
become the two blocks of a branch. Loops over things known at compile time are unrolled in the same way.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Union, cast

from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Var
from ...ir.types import Array, Scalar, kind, shape
from ...rules.structure import is_basic
from ..containers import lists, mappings, sets
from ..execution.exits import STATEMENT
from ..execution.places import Leaf, Node, Split
from ..execution.state import slots
from ..execution.values import (
    NONE,
    DictV,
    Entries,
    Items,
    ListV,
    Num,
    Object,
    Ref,
    Select,
    SetV,
    SliceV,
    Static,
    Value,
)
from ..looping.loops import NeedUnroll
from ..memory import overlap, views
from ..objects.inner_classes import define
from ..objects.overloads import ARITHMETIC, in_place
from ..objects.overloads import set_item as set_object_item
from .generators import yields
from .loops import LoopContext, Loops
from .refused import REFUSED_STATEMENTS
from .scopes import delete, import_statement
from .syntax import leaves_block

# A continuation inside a list of statements: executed with the statements that follow it, it says how the block ends.
Do = Callable[[list[Any]], Union[Leaf, Split]]
ITEM_LIMIT = 5000  # iterations over known items; more are taken for a loop without end
PEEL_LIMIT = 3  # iterations executed on their own; a variable that changes its kind in each would be peeled for ever
_AUGMENTED = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
              ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"}


class Statements(Loops):
    """Executes statements."""

    def run(self, stmts: list[Any]) -> Leaf | Split:
        """Execute statements to their end."""
        return self.block(lambda: self._run(stmts))

    def _run(self, stmts: list[Any]) -> Leaf | Split:
        for n, stmt in enumerate(stmts):
            if callable(stmt):
                return stmt(stmts[n + 1:])  # type: ignore[no-any-return]
            self.b.span = self.span(stmt)
            self.node = stmt
            self.infos[self.current].at = stmt
            if isinstance(stmt, ast.If):
                rest = stmts[n + 1:]
                test = self.test(stmt.test)
                known = self.truth(test)
                if known is not None:
                    return self._run([*(stmt.body if known else stmt.orelse), *rest])
                if leaves_block(stmt):
                    return self.split(self.condition(test), [*stmt.body, *rest], [*stmt.orelse, *rest])
                self.if_statement(stmt, test)
            elif isinstance(stmt, (ast.For, ast.While)):
                end = self.loop_statement(stmt, stmts[n + 1:])
                if end is not None:
                    return end
            elif isinstance(stmt, ast.Return):
                value = NONE if stmt.value is None else self.eval(stmt.value)
                return self.returned(value)
            elif isinstance(stmt, ast.Break):
                return self.broken()
            elif isinstance(stmt, ast.Continue):
                return self.continues()
            elif isinstance(stmt, (ast.Try, ast.With)):
                rest = stmts[n + 1:]
                end = self.try_statement(stmt, rest) if isinstance(stmt, ast.Try) else self.with_statement(stmt.items, stmt.body, rest)
                if end is not None:
                    return end
            elif isinstance(stmt, ast.Match):
                end = self.match_statement(stmt, stmts[n + 1:])
                if end is not None:
                    return end
            elif yields(stmt):
                self.yield_statement(stmt)
            else:
                self.statement(stmt)
        return Leaf("fall", self.state)

    def returned(self, value: Value) -> Leaf:
        self.frame()["%ret"] = value
        return Leaf("return", self.state)

    def broken(self) -> Leaf | Split:
        loop = self.loop
        assert loop is not None
        if loop.breaks is not None:
            self.frame()[loop.breaks] = Static(True)
        if loop.on_break is not None:
            return loop.on_break()
        return Leaf("break", self.state)

    def continues(self) -> Leaf | Split:
        loop = self.loop
        if loop is not None and loop.on_continue is not None:
            return loop.on_continue()
        return Leaf("continue", self.state)

    def plain_loop(self) -> LoopContext:
        return LoopContext()

    def split(self, condition: Any, then: list[Any], orelse: list[Any]) -> Leaf | Split:
        """The two ways in which a block goes on; executed by values, the one that this call takes."""
        if self.is_concrete():
            return self.run(then if self.decide_truth(condition) else orelse)
        span, node = self.b.span, self.node
        base, loop = self.state, self.loop
        info = self.infos[self.current]
        around, loops, at = info.loops, list(info.loops), info.at
        nodes = []
        for stmts, holds in ((then, True), (orelse, False)):
            self.node = node
            self.state, self.loop, around[:], info.at = base.copy(), loop, loops, at
            with self.opened() as scopes, self.given(condition, holds):
                nodes.append(Node(scopes, self.run(stmts)))
        self.loop, around[:] = loop, loops
        return Split(condition, nodes[0], nodes[1], span, base, (node, self.source.file))

    def execute_all(self, stmts: list[Any]) -> None:
        """Execute statements that do not leave their block."""
        self.settle(self.run(list(stmts)), STATEMENT)

    # -- simple statements -----------------------------------------------------------------------------------

    def statement(self, stmt: ast.stmt) -> None:
        method: Any = getattr(self, "do_" + type(stmt).__name__, None)
        if method is None:
            what, why, remedy = REFUSED_STATEMENTS.get(type(stmt).__name__, (
                f"`{type(stmt).__name__}` statements are not supported", "they are not known to the compiler", "write it another way"))
            self.refuse(what, why, remedy, stmt)
        method(stmt)

    def do_Expr(self, stmt: ast.Expr) -> None:
        if not isinstance(stmt.value, ast.Constant):
            self.eval(stmt.value)

    def do_Pass(self, stmt: ast.Pass) -> None:
        pass

    def do_Nonlocal(self, stmt: ast.Nonlocal) -> None:
        pass  # known from the definition (FrameInfo)

    def do_Assign(self, stmt: ast.Assign) -> None:
        value = self.eval(stmt.value)
        for target in stmt.targets:
            self.assign(target, value)

    def do_AnnAssign(self, stmt: ast.AnnAssign) -> None:
        if stmt.value is not None:
            self.assign(stmt.target, self.eval(stmt.value))

    def do_Delete(self, stmt: ast.Delete) -> None:
        for target in stmt.targets:
            delete(self, target)

    def do_Global(self, stmt: ast.Global) -> None:
        self.infos[self.current].globals.update(stmt.names)

    def do_Import(self, stmt: ast.Import | ast.ImportFrom) -> None:
        import_statement(self, stmt)

    do_ImportFrom = do_Import

    def do_FunctionDef(self, stmt: ast.FunctionDef) -> None:
        decorators = [(self.eval(node), node) for node in stmt.decorator_list]
        value: Value = self.closure(stmt)
        for decorator, node in reversed(decorators):
            self.node = node
            value = self.call(decorator, (value,), {})
        self.bind_name(stmt.name, value)

    def do_ClassDef(self, stmt: ast.ClassDef) -> None:
        self.bind_name(stmt.name, define(self, stmt))

    def do_Assert(self, stmt: ast.Assert) -> None:
        test = self.test(stmt.test)
        known = self.truth(test)
        if known:
            return

        def fail() -> Value:
            self.fail(AssertionError, *(() if stmt.msg is None else (self.eval(stmt.msg),)))

        if known is False:
            fail()
        self.choose(self.condition(test), lambda: NONE, fail, span=self.b.span)

    def do_Raise(self, stmt: ast.Raise) -> None:
        self.raise_statement(stmt)

    # -- assignment --------------------------------------------------------------------------------------------

    def assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.bind_name(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.unpack(target, value)
        elif isinstance(target, ast.Subscript):
            owner = self.eval(target.value)
            self.set_item(owner, self.eval(target.slice), value, target)
        elif isinstance(target, ast.Attribute):
            self.set_attribute(self.eval(target.value), self.private(target.attr), value, target)
        else:
            self.refuse("this assignment target is not supported", "it is not known to the compiler", "assign to a name", target)

    def unpack(self, target: ast.Tuple | ast.List, value: Value) -> None:
        star = next((n for n, t in enumerate(target.elts) if isinstance(t, ast.Starred)), None)
        value = self.listed(value)
        if star is not None and self.known_items(value) is None and (isinstance(value, ListV) or self.is_number(value)):
            self.unpack_unknown(target, star, value)
            return
        items = self.items_of(value, len(target.elts) if star is None else None)
        if star is None:
            if len(items) != len(target.elts):
                word = "too many" if len(items) > len(target.elts) else "not enough"
                self.fail(ValueError, Static(f"{word} values to unpack (expected {len(target.elts)})"))
            for t, item in zip(target.elts, items):
                self.assign(t, item)
            return
        after = len(target.elts) - star - 1
        if len(items) < star + after:
            lists.fail(self, ValueError, f"not enough values to unpack (expected at least {star + after}, got {len(items)})")
        starred = target.elts[star]
        assert isinstance(starred, ast.Starred)
        for t, item in zip(target.elts[:star], items[:star]):
            self.assign(t, item)
        self.assign(starred.value, ListV(self.new(Items(tuple(items[star:len(items) - after])))))
        for t, item in zip(target.elts[star + 1:], items[len(items) - after:]):
            self.assign(t, item)

    def unpack_unknown(self, target: ast.Tuple | ast.List, star: int, value: Value) -> None:
        """`a, *b, c = value` where the number of items is not known."""
        after = len(target.elts) - star - 1
        length = self.call_static(len, (value,), {})
        enough = self.compare(">=", length, Static(star + after))
        if not self.truth(enough):
            self.choose(self.condition(enough), lambda: NONE, lambda: lists.fail(self, ValueError, "not enough values to unpack"))
        middle = lists.as_list(self, self.subscript(value, SliceV(Static(star), self.binary("-", length, Static(after)) if after else NONE, NONE)))
        for n, t in enumerate(target.elts):
            if n == star:
                assert isinstance(t, ast.Starred)
                self.assign(t.value, middle)
            else:
                self.assign(t, self.subscript(value, Static(n if n < star else n - len(target.elts))))

    def items_of(self, value: Value, expected: int | None) -> tuple[Value, ...]:
        """The items that unpacking takes out of a value."""
        if isinstance(value, (Ref, Select)) and self.is_number(value) and expected is not None:
            extents = shape(self.type(value))
            if extents is not None and len(extents) > 0 and extents[0] != expected:
                length = self.call_op("len", (self.operand(value),))
                self.check_length(length, expected)
            return tuple(self.subscript(value, Static(n)) for n in range(expected))
        if isinstance(value, ListV) and not isinstance(self.state.heap[value.slot], Items) and expected is not None:
            self.check_length(self.call_op("len", (self.operand(value),)), expected)
            return tuple(self.subscript(value, Static(n)) for n in range(expected))
        return self.iterate(value)

    def check_length(self, length: Value, expected: int) -> None:
        def fail() -> Value:
            self.fail(ValueError, Static(f"cannot unpack: {expected} values are expected"))

        test = self.compare("==", length, Static(expected))
        known = self.truth(test)
        if known is None:
            self.choose(self.condition(test), lambda: NONE, fail)
        elif not known:
            fail()

    def set_item(self, owner: Value, index: Value, value: Value, node: ast.expr) -> None:
        self.node = node
        if isinstance(owner, Object):
            set_object_item(self, owner, index, value)
            return
        if isinstance(owner, ListV):
            lists.check_shared(self, owner)
            if isinstance(index, SliceV):
                lists.set_slice(self, owner, index, value)
                return
            contents = self.state.heap[owner.slot]
            if isinstance(contents, Items):
                if isinstance(index, Num) and isinstance(index.operand, Var) and not self.sources(index.operand):
                    self.set_dynamic(owner, contents, index, value)
                    return
                number = self.static(index, "an index into a list")
                items = list(contents.items)
                if not -len(items) <= number < len(items):
                    lists.fail(self, IndexError, "list assignment index out of range")
                items[number] = value
                self.change(owner.slot, Items(tuple(items)))
                return
            self.state.entangle(owner.slot, set(slots(value)))
            self.change(owner.slot, self.b.emit("list_set", self.operand(owner), self.operand(index), self.element_operand(value)))
            return
        if isinstance(owner, DictV):
            entries = self.state.heap[owner.slot]
            assert isinstance(entries, Entries)
            mappings.set_entries(self, owner, entries.put(self.hashed(index, "a dictionary's key"), value))
            return
        owner = views.unrolled(owner)
        value = overlap.read(self, owner, self.operand(index), value)
        self.write(owner, self.operand(index), self.operand(value))

    def set_dynamic(self, owner: ListV, contents: Items, index: Num, value: Value) -> None:
        """A list whose items the compiler knows is written at an index that it does not know."""
        if self.unrollable(index):
            raise NeedUnroll
        from ..execution.merge import holds_object, list_var

        if any(map(holds_object, (*contents.items, value))):
            self.set_item(owner, Static(self.decide(index, "an index into a list of objects")), value, cast("ast.expr", self.node))
            return
        operand = list_var(self, contents)
        self.state.entangle(owner.slot, {*slots(contents), *slots(value)})
        self.change(owner.slot, self.b.emit("list_set", operand, index.operand, self.operand(value)))

    def do_AugAssign(self, stmt: ast.AugAssign) -> None:
        op = _AUGMENTED[type(stmt.op)]
        target = stmt.target
        if isinstance(target, ast.Name):
            old = self.eval(ast.copy_location(ast.Name(target.id, ast.Load()), target))
            new = self.augmented(op, old, self.eval(stmt.value), stmt)
            if new is not None:
                self.bind_name(target.id, new)
        elif isinstance(target, ast.Subscript):
            owner = views.unrolled(self.eval(target.value))
            index = self.eval(target.slice)
            if isinstance(owner, (Ref, Select)) and self.is_number(owner):
                at = self.operand(index)
                before = self.operand(owner)
                old = self.subscript(owner, index)  # Python reads a number, or a copy, before it evaluates the right-hand side
                value = self.as_arrays("np.add", self.eval(stmt.value))
                if (isinstance(old, Num) or not is_basic(at)) and self.operand(owner) is not before:
                    self.write(owner, at, self.b.emit(op, self.operand(old), self.operand(value)))
                else:
                    self.augment_item(op, owner, at, value, stmt)
            else:
                new = self.augmented(op, self.subscript(owner, index), self.eval(stmt.value), stmt)
                if new is not None:
                    self.set_item(owner, index, new, target)
        else:
            owner = self.eval(target.value)
            name = self.private(target.attr)
            old = self.attribute(owner, name)
            new = self.augmented(op, old, self.eval(stmt.value), stmt)
            if new is not None or isinstance(owner, Object):  # Python sets the attribute even where the value was changed in place
                self.set_attribute(owner, name, old if new is None else new, target)

    def augmented(self, op: str, old: Value, value: Value, stmt: ast.stmt) -> Value | None:
        """`old op= value`: the new value of the name, or None where it was changed in place."""
        self.node = stmt
        if self.is_number(old):
            value = self.as_arrays("np.add", value)
        special = in_place(self, op, old, value)
        if special is not None:
            return special
        if isinstance(old, Select) and not (isinstance(old.then, Static) and isinstance(old.orelse, Static)):
            then, orelse = old.then, old.orelse
            if all(isinstance(v, Ref) for v in (then, orelse)):
                self.choose(old.condition, lambda: self._in_place(op, then, value, stmt), lambda: self._in_place(op, orelse, value, stmt))
                return None
            return self.choose(old.condition, lambda: self._augmented_side(op, then, value, stmt),
                               lambda: self._augmented_side(op, orelse, value, stmt))
        if isinstance(old, Ref):
            self.augment_item(op, old, Lit(Ellipsis), value, stmt)
            return None
        if isinstance(old, ListV) and op == "+":
            lists.extend(self, old, value)
            return None
        if isinstance(old, ListV) and op == "*":
            lists.replace_by(self, old, lists.repeated(self, old, value))
            return None
        if (own := mappings.own_operator(f"__i{ARITHMETIC[op]}__", old)) is not None and isinstance(value, DictV):
            return self.call(Static(own), (old, value), {})
        if isinstance(old, DictV) and op == "|":
            self.call_method(old, "update", (value,), {})
            return None
        if isinstance(old, SetV) and op in sets.IN_PLACE:
            self.call_method(old, sets.IN_PLACE[op], (value,), {})
            return None
        if isinstance(old, Num) and isinstance(type_of(old.operand), Array):
            self.refuse("`" + op + "=` on a value that is a number at first and an array later", "it changes the array in place, but not the number",
                        "start with an array, for example np.zeros, or write `x = x " + op + " ...`", stmt)
        return self.binary(op, old, value)

    def _in_place(self, op: str, old: Value, value: Value, stmt: ast.stmt) -> Value:
        self.augmented(op, old, value, stmt)
        return NONE

    def _augmented_side(self, op: str, old: Value, value: Value, stmt: ast.stmt) -> Value:
        new = self.augmented(op, old, value, stmt)
        return old if new is None else new

    def augment_item(self, op: str, owner: Value, index: Arg, value: Value, stmt: ast.stmt) -> None:
        """`owner[index] op= value`."""
        operand = self.operand(value)
        if op in ("+", "-"):
            self.check_cast(owner, operand, stmt)
            self.write(owner, index, operand, "iadd" if op == "+" else "isub")
            return
        whole = isinstance(index, Lit) and index.value is Ellipsis
        old = self.operand(owner if whole else self.subscript(owner, _as_value(self, index)))
        new = self.b.emit(op, old, operand)
        if whole or not isinstance(type_of(old), Scalar):
            self.check_cast(owner, new, stmt)
        self.write(owner, index, new)

    def check_cast(self, owner: Value, value: Arg, node: ast.AST | None) -> None:
        """In place, NumPy refuses to turn a float into an integer; so do we, where `array[i] = x` would truncate."""
        into, of = type_of(self.operand(owner)), type_of(value)
        if isinstance(into, (Array, Scalar)) and isinstance(of, (Array, Scalar)):
            order = "biufc"
            if order.index(kind(into.dtype)) < order.index(kind(of.dtype)) and not (isinstance(of, Scalar) and of.weak and kind(into.dtype) in "iuf" and kind(of.dtype) in "biu"):
                self.refuse(f"an array of {into.dtype} is changed in place by values of {of.dtype}", "NumPy raises a casting error here",
                            "make the array a float array", node)

    # -- branches -----------------------------------------------------------------------------------------------

    def if_statement(self, stmt: ast.If, test: Value) -> None:
        span = self.b.span

        def side(body: list[ast.stmt]) -> Callable[[], Value]:
            def execute() -> Value:
                self.execute_all(list(body))
                return NONE

            return execute

        self.choose(self.condition(test), side(stmt.body), side(stmt.orelse), span=span)


def _as_value(machine: Statements, index: Arg) -> Value:
    """An index argument as a value again."""
    return Num(index) if isinstance(index, (Var, Lit)) else _Given(index)  # type: ignore[arg-type]


class _Given(Num):
    """An argument that is already evaluated, as a value."""


__all__ = ["Statements"]
