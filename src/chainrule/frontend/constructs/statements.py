"""Statements: ast -> effects on the machine's state.

A list of statements is executed up to its end or up to a statement that leaves (return, break, continue). What
follows an `if` of which one side leaves is executed inside the other side, so that nothing ever jumps: the two ways
become the two blocks of a branch. Loops over things known at compile time are unrolled in the same way.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Union, cast

from ...errors import Finding
from ...ir.build import type_of
from ...ir.nodes import Arg, Checkpoints, For, Lit, Var, While
from ...ir.types import Array, List, Scalar, kind, shape
from ...rules.structure import is_basic
from ..containers import lists, mappings, sets
from ..containers.iteration import UNROLL_LIMIT
from ..containers.iterator_loops import counting, loop_over, stepwise
from ..containers.iterators import as_generator, in_turn, iterator
from ..execution.exits import STATEMENT, Exit, Unreachable, leaves
from ..execution.machine import NeedStatic, Refusal, describe
from ..execution.places import Leaf, Node, Place, Split
from ..execution.state import slots
from ..execution.stepping import items_of, step_through
from ..execution.values import (
    NONE,
    UNBOUND,
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Num,
    Object,
    Partial,
    Range,
    Ref,
    Select,
    SetV,
    SliceV,
    Static,
    TupleV,
    Value,
)
from ..looping.exposed import bound_in, exposed
from ..looping.loops import NeedItems, NeedPeel, NeedUnroll, lower_loop
from ..memory import overlap, views
from ..objects.inner_classes import define
from ..objects.overloads import in_place
from ..objects.overloads import iterator as iterator_of_object
from ..objects.overloads import set_item as set_object_item
from . import suspended
from .generators import yields
from .patterns import Patterns
from .refused import REFUSED_STATEMENTS
from .scopes import delete, import_statement
from .syntax import nodes

# A continuation inside a list of statements: executed with the statements that follow it, it says how the block ends.
Do = Callable[[list[Any]], Union[Leaf, Split]]
ITEM_LIMIT = 5000  # iterations over known items; more are taken for a loop without end
PEEL_LIMIT = 3  # iterations executed on their own; a variable that changes its kind in each would be peeled for ever
_AUGMENTED = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
              ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"}


@dataclass(frozen=True)
class LoopContext:
    """What `break` and `continue` mean: in a real loop they end the body, in an unrolled one they go on with other statements."""

    on_break: Callable[[], Leaf | Split] | None = None
    on_continue: Callable[[], Leaf | Split] | None = None
    breaks: str | None = None  # the hidden name that says that the loop was left by `break`


class Grown(Exception):
    """A list is changed by a loop over it."""


class _Unmerged(Exception):
    """The ways through an iteration cannot be merged."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


Advance = Callable[[int, Callable[[Value], Union[Leaf, Split]], Callable[[], Union[Leaf, Split]]], Union[Leaf, Split]]  # gives the next item, or is done


class Statements(Patterns):
    """Executes statements."""

    loop: LoopContext | None = None

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

    # -- branches and loops -------------------------------------------------------------------------------------

    def if_statement(self, stmt: ast.If, test: Value) -> None:
        span = self.b.span

        def side(body: list[ast.stmt]) -> Callable[[], Value]:
            def execute() -> Value:
                self.execute_all(list(body))
                return NONE

            return execute

        self.choose(self.condition(test), side(stmt.body), side(stmt.orelse), span=span)

    def loop_statement(self, stmt: ast.For | ast.While, rest: list[Any]) -> Leaf | Split | None:
        """A loop and what follows it; None if execution simply goes on with the next statement."""
        concrete = self.is_concrete()
        if isinstance(stmt, ast.While):
            return step_through(self, stmt, None, LoopContext(), rest) if concrete else self.real_loop(stmt, None, None, rest)
        iterable = self.eval(stmt.iter)
        if isinstance(iterable, Partial) and iterable.kind == "checkpointed":
            self.checkpoints[stmt] = tuple(self.static(one, "a budget") for one in iterable.args)
            iterable = iterable.function
        if isinstance(iterable, Object):
            iterable = iterator_of_object(self, iterable)
        if concrete or (suspended.may_step(self) and any(
                isinstance(part, Generator) and self.contents_of(part).keys for part in (iterable.parts if isinstance(iterable, Lazy) else (iterable,)))):
            iterable = in_turn(self, iterable)
        if isinstance(iterable, IteratorV) and not concrete:
            iterable = as_generator(self, iterable)
        if self.consumes(iterable):
            return self.generator_loop(stmt, iterable, rest)
        iterable = self.listed(iterable)
        if concrete:
            hidden = f"%iterable{len(self.infos[self.current].loops)}"  # the loop goes on to see it, whatever happens to its name
            self.frame()[hidden] = iterable
            end = step_through(self, stmt, items_of(self, iterable, stmt), LoopContext(), [lambda following: self.forget(hidden, following), *rest])
            if end is None:
                self.frame().pop(hidden, None)
            return end
        return self.loop_through(stmt, iterable, rest)

    def loop_through(self, stmt: ast.For, iterable: Value, rest: list[Any]) -> Leaf | Split | None:
        """A `for` loop over a value."""
        if isinstance(iterable, (ListV, DictV, SetV)) and not isinstance(self.state.heap[iterable.slot], (Var, Lit)):
            iterable = iterator(self, iterable)  # which sees what the body does to it
        if isinstance(iterable, IteratorV):
            numbers = counting(self, iterable, stmt)
            if numbers is not None:
                return self.counted_loop(stmt, numbers, rest)
            return loop_over(self, stmt, iterable, rest, any(leaves_block(s) for s in stmt.body))
        known = self.known_items(iterable)
        if known is not None:
            return self.unroll(stmt, known.__getitem__, rest)
        growing = {slot: self.state.heap[slot] for slot in slots(iterable) if isinstance(self.state.heap[slot], (Var, Lit))
                   and isinstance(type_of(self.state.heap[slot]), List)}  # type: ignore[arg-type]
        if not growing:
            return self.counted_loop(stmt, iterable, rest)
        kept, before = self.b.scopes[-1], self.state.copy()
        count, already = len(kept.stmts), dict(kept.known)
        context, loops = self.loop, list(self.infos[self.current].loops)

        def check(following: list[Any]) -> Leaf | Split:
            if any(self.state.heap.get(slot) is not contents for slot, contents in growing.items()):
                raise Grown
            return self._run(following)

        try:
            end = self.counted_loop(stmt, iterable, [check, *rest])
            if end is None:
                check([])
            return end
        except Grown:
            if not isinstance(iterable, ListV):
                self.refuse("a list is changed by a loop over it", "how many items it has is only known when the program runs", "loop over a copy of it", stmt)
            self.state, self.loop, self.infos[self.current].loops[:] = before, context, loops
            del kept.stmts[count:]
            kept.known.clear()
            kept.known.update(already)
            return stepwise(self, stmt, iterator(self, iterable), (), rest)

    def counted_loop(self, stmt: ast.For, iterable: Value, rest: list[Any]) -> Leaf | Split | None:
        counted, element = self.counted(iterable, stmt)
        if all(isinstance(bound, Lit) for bound in counted) and not range(*(bound.value for bound in counted if isinstance(bound, Lit))):
            return self._run([*stmt.orelse, *rest]) if stmt.orelse else None
        hidden = f"%iterable{len(self.infos[self.current].loops)}"  # the loop goes on to see the array, whatever happens to its name
        self.frame()[hidden] = iterable
        rest = [lambda following: self.forget(hidden, following), *rest]
        entry, scope = self.state.copy(), self.b.scopes[-1]
        begun, known = len(scope.stmts), dict(scope.known)
        try:
            end = self.real_loop(stmt, counted, element, rest)
        except NeedUnroll:
            if self.witness is not None and len(scope.stmts) > begun:  # what was executed already is not taken back
                raise Refusal(self.not_counted(stmt), self.region or (stmt, self.source.file)) from None
            self.state = entry  # the first iterations may have been executed on their own
            del scope.stmts[begun:]
            scope.known.clear()
            scope.known.update(known)
            items = self.static_range(counted, element)
            if items is None and self.witness is not None:
                raise Refusal(self.not_counted(stmt), self.region or (stmt, self.source.file)) from None
            end = self.rolled_loop(stmt, counted, element, rest) if items is None else self.unroll(stmt, items.__getitem__, rest)
        if end is None:
            self.frame().pop(hidden, None)
        return end

    def not_counted(self, stmt: ast.For) -> Finding:
        return Finding(self.location(stmt), "the index of this loop is needed before the program runs")

    def rolled_loop(self, stmt: ast.For, counted: tuple[Arg, Arg, Arg], element: Callable[[Any], Value], rest: list[Any]) -> Leaf | Split | None:
        """A loop that would be unrolled if the number of its iterations were known: without, or else for each number anew."""
        self.rolled.add(stmt)
        try:
            return self.real_loop(stmt, counted, element, rest)
        except (Refusal, NeedItems) as problem:
            sources = [self.sources(bound) for bound in counted if isinstance(bound, Var)]
            if not all(sources) or not sources:
                if isinstance(problem, NeedItems):
                    self.refuse("a list of objects grows in a loop", "how many it will hold is only known when the program runs",
                                "keep what the objects hold in arrays", stmt)
                raise
            raise NeedStatic(tuple(dict.fromkeys(v for found in sources for v in found))) from None

    def branch(self, condition: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Leaf | Split:
        """Two ways in which a block goes on, each given as what it does."""
        return self.split(condition, [lambda _: then()], [lambda _: orelse()])

    def may_leave(self, stmt: Any) -> bool:
        return leaves_block(stmt)

    def check_unrolled(self, count: int, stmt: ast.stmt) -> None:
        if count > ITEM_LIMIT:
            self.refuse("a loop over an iterator does not end", f"{ITEM_LIMIT} iterations were executed when the program was compiled",
                        "loop over a range", stmt)

    def forget(self, hidden: str, following: list[Any]) -> Leaf | Split:
        self.frame().pop(hidden, None)
        return self._run(following)

    def unroll(self, stmt: ast.For, items: Callable[[int], Value], rest: list[Any], then: list[Any] | None = None) -> Leaf | Split | None:
        """Execute a loop over known items one by one, until there is none (IndexError).

        `then` replaces the `else` clause and the rest of a peeled loop.
        """
        if then is None and not any(leaves_block(s) for s in stmt.body):
            return self.unroll_plainly(stmt, items, rest)

        def advance(n: int, give: Callable[[Value], Leaf | Split], done: Callable[[], Leaf | Split]) -> Leaf | Split:
            try:
                item = items(n)
            except IndexError:
                return done()
            return give(item)

        return self.one_by_one(stmt, advance, rest, [*stmt.orelse, *rest] if then is None else then)

    def unroll_plainly(self, stmt: ast.For, items: Callable[[int], Value], rest: list[Any]) -> Leaf | Split | None:
        around = self.infos[self.current].loops  # what an earlier line reads, the next iteration reads
        loops = list(around)
        around.append(stmt)
        try:
            for n in itertools.count():
                try:
                    item = items(n)
                except IndexError:
                    break
                self.b.span, self.infos[self.current].at = self.span(stmt), stmt
                self.assign(stmt.target, item)
                self.execute_all(list(stmt.body))
        finally:
            around[:] = loops
        return self._run([*stmt.orelse, *rest]) if stmt.orelse else None

    def one_by_one(self, stmt: ast.For, advance: Advance, rest: list[Any], after: list[Any]) -> Leaf | Split:
        """A loop over known items that may be left, or an iteration of it.

        The ways through an iteration that go on are merged before the next one. Where they cannot be, each of them goes on separately.
        """
        kept, outer, region, loops = self.state.copy(), self.loop, self.region, list(self.infos[self.current].loops)
        scope = self.b.scopes[-1]
        begun, known, depths = len(scope.stmts), dict(scope.known), (len(self.b.scopes), len(self.forks), len(self.taken))
        try:
            end = self.iterations(stmt, advance, True)
        except _Unmerged as unmerged:
            if self.witness is not None:
                raise unmerged.refusal from None
            self.state, self.loop, self.region, self.infos[self.current].loops[:] = kept, outer, region, loops
            del self.b.scopes[depths[0]:], self.forks[depths[1]:], self.taken[depths[2]:], scope.stmts[begun:]
            scope.known.clear()
            scope.known.update(known)
            end = self.iterations(stmt, advance, False)

        def finish(stmts: list[Any]) -> Leaf | Split:
            self.loop, self.infos[self.current].loops[:] = outer, loops
            return self._run(stmts)

        try:
            level = len(loops)
            return self.continued(end, {f"left {level}": lambda _: finish(rest), f"done {level}": lambda _: finish(after)})
        finally:
            self.infos[self.current].loops[:] = loops

    def iterations(self, stmt: ast.For, advance: Advance, merging: bool) -> Leaf | Split:
        """All iterations: an end whose leaves say whether the loop was left, or is done."""
        around = self.infos[self.current].loops
        loops = list(around)
        level = len(loops)
        left, done, following = f"left {level}", f"done {level}", f"next {level}"
        executed = deepest = given = 0
        merged = False

        def give(item: Value) -> Leaf | Split:
            nonlocal given
            given += 1
            self.loop = LoopContext(on_break=lambda: Leaf(left, self.state), on_continue=lambda: Leaf(following, self.state))
            around[:] = [*loops, stmt]
            self.b.span, self.infos[self.current].at = self.span(stmt), stmt
            self.assign(stmt.target, item)
            return self._run(list(stmt.body))

        def iteration(n: int) -> Leaf | Split:
            nonlocal executed, deepest, given, merged
            executed, deepest, given = executed + 1, max(deepest, n), 0
            self.check_unrolled(deepest, stmt)
            if executed > 3 * deepest + 32:
                finding = Finding(self.location(stmt), "there are too many ways through this loop", "its iterations are executed one by one, and branch",
                                  "keep the kinds of values, and which names are bound, the same on all of them")
                raise Refusal(finding, self.region or (stmt, self.source.file))
            end = self.block(lambda: advance(n, give, lambda: Leaf(done, self.state)))
            if merging and given == 1 and sum(leaf.kind in ("fall", following) for leaf in leaves(end)) > 1:
                merged = True
                self.settle(end, ("fall", following))
                return iteration(n + 1)
            return self.continued(end, dict.fromkeys(("fall", following), lambda _: iteration(n + 1)))

        try:
            return self.block(lambda: iteration(0))
        except Refusal as problem:
            if merged:
                raise _Unmerged(problem) from None
            raise
        finally:
            around[:] = loops

    def real_loop(self, stmt: ast.For | ast.While, bounds: tuple[Arg, Arg, Arg] | None, element: Callable[[Any], Value] | None,
                  rest: list[Any], peeled: int = 0) -> Leaf | Split | None:
        from_before = self.from_iteration_before(stmt)
        if from_before:
            if bounds is not None and element is not None and isinstance(stmt, ast.For) and peeled < PEEL_LIMIT:
                return self.peel(stmt, bounds, element, rest, peeled, from_before)
            self.refuse(f"`{from_before}` has its value from the iteration before, and none before the loop",
                        "in the first iteration there is nothing to carry", f"give `{from_before}` a value before the loop", stmt)
        span = self.span(stmt)
        outer, entry = self.loop, self.state
        number = len(self.flags)
        breaks = f"%broke{number}" if stmt.orelse and has(stmt.body, ast.Break) else None
        returns = has_return(stmt.body)
        frame = self.frame()
        if breaks:
            self.flags.append(breaks)
            frame[breaks] = Static(False)
        if returns and frame.get("%returned", UNBOUND) is UNBOUND:
            frame["%returned"] = Static(False)
        exits: list[Exit] = []
        reached: list[Leaf] = []  # the leaves that return
        level = str(len(self.infos[self.current].loops))
        if self.catching or self.consumers:
            frame[f"%raised{level}"] = Static(False)

        info = self.infos[self.current]

        def body(index: Any) -> Leaf | Split:
            self.loop = LoopContext(breaks=breaks)
            self.b.span, info.at = span, stmt
            if isinstance(stmt, ast.For):
                assert element is not None
                kept_indices = list(self.loop_indices)
                if stmt not in self.rolled:
                    self.loop_indices.append(index)
                try:
                    self.assign(stmt.target, element(index))
                    end = self.run(list(stmt.body))
                finally:
                    self.loop_indices[:] = kept_indices
            else:
                end = self.while_body(stmt)
            return end

        def body_and_exits(index: Any) -> Leaf | Split:
            end, exits[:] = self.flagged(self.block(lambda: body(index)), ("fall", "continue", "break", "return"), level, "break")
            reached[:] = [leaf for leaf in leaves(end) if leaf.kind == "return"]
            return self.ends(end)

        kept = self.b.scopes[-1]
        count, known = len(kept.stmts), dict(kept.known)
        snapshot = entry.copy()
        guess = self.guess(stmt)
        info.loops.append(stmt)
        may_unroll, self.may_unroll = self.may_unroll, bounds is not None and stmt not in self.rolled
        try:
            loop = (self.source.file, stmt.lineno, stmt.col_offset)
            lower_loop(self, body_and_exits, bounds, guess, span, loop, peelable=bounds is not None or self.begins(stmt))
            if stmt in self.checkpoints:
                self.keep_few(stmt)
        except (NeedPeel, NeedUnroll) as need:
            self.state, self.loop = snapshot, outer
            del kept.stmts[count:]
            kept.known.clear()
            kept.known.update(known)
            if isinstance(stmt, ast.While) and isinstance(need, NeedItems):
                self.refuse("a list of objects grows in a `while` loop", "how many it will hold is only known when the program runs",
                            "keep what the objects hold in arrays", stmt)
            if isinstance(stmt, ast.While) and isinstance(need, NeedPeel):
                info.loops.pop()
                try:
                    unfolded = self.unfold_while(stmt, rest, peeled)
                finally:
                    info.loops.append(stmt)
                if unfolded is not None:
                    return unfolded
            if isinstance(need, NeedPeel) and peeled >= PEEL_LIMIT and bounds is not None and element is not None and isinstance(stmt, ast.For):
                items = self.static_range(bounds, element)
                if items is not None:
                    info.loops.pop()
                    try:
                        return self.unroll(stmt, items.__getitem__, rest)
                    finally:
                        info.loops.append(stmt)
            if isinstance(need, NeedUnroll) or bounds is None or element is None or not isinstance(stmt, ast.For) or peeled >= PEEL_LIMIT:
                if isinstance(need, NeedPeel):
                    self.refuse(f"`{need.name or 'a value'}` changes its kind in this loop", "each iteration would need different code",
                                "keep one kind of value in it, for example an array of zeros instead of None or of a list", stmt)
                raise
            info.loops.pop()
            try:
                return self.peel(stmt, bounds, element, rest, peeled, need.name)
            finally:
                info.loops.append(stmt)
        finally:
            self.loop, self.may_unroll = outer, may_unroll
            info.loops.pop()
        self.leave(exits, level, span, stmt)
        if returns and not reached:
            self.frame()["%returned"] = Static(False)
        return self.after_loop(stmt, breaks, bool(reached), rest, span)

    def keep_few(self, stmt: Any) -> None:
        """Mark the loop that has just been lowered as one of which few states are kept."""
        at = next((n for n in reversed(range(len(self.b.stmts))) if isinstance(self.b.stmts[n], (For, While))), None)
        if at is not None:
            self.b.stmts[at] = replace(self.b.stmts[at], checkpoints=Checkpoints(*self.checkpoints[stmt]))  # type: ignore[arg-type]

    def begins(self, stmt: ast.For | ast.While) -> bool:
        """Whether it is known that the condition of a `while` holds at first."""
        if isinstance(stmt, ast.For) or isinstance(stmt.test, ast.Constant):
            return False
        kept = self.state
        self.state = kept.copy()
        try:
            with self.opened():
                return self.truth(self.eval(stmt.test)) is True
        except (Unreachable, Refusal):
            return False
        finally:
            self.state = kept

    def unfold_while(self, stmt: ast.While, rest: list[Any], peeled: int) -> Leaf | Split | None:
        """The first iteration of a `while` whose condition is known (a walk along a list of objects), and then the others."""
        known = self.truth(self.eval(stmt.test))
        if known is None or peeled > UNROLL_LIMIT:
            return None
        outer = self.loop
        around = self.infos[self.current].loops
        loops = list(around)

        def finish(stmts: list[Any]) -> Leaf | Split:
            self.loop, around[:] = outer, loops
            return self._run(stmts)

        def others(_: list[Any]) -> Leaf | Split:
            self.loop, around[:] = outer, loops
            end = self.real_loop(stmt, None, None, rest, peeled + 1)
            return self._run(rest) if end is None else end

        if not known:
            return self._run([*stmt.orelse, *rest])
        self.loop = LoopContext(on_break=lambda: finish(rest), on_continue=lambda: others([]))
        around[:] = [*loops, stmt]
        try:
            return self._run([*stmt.body, others])
        finally:
            self.loop, around[:] = outer, loops

    def from_iteration_before(self, stmt: ast.For | ast.While) -> str | None:
        """A name without a value before the loop that an iteration may read before it binds it."""
        frame, own = self.frame(), self.infos[self.current]
        first = [ast.Expr(stmt.test)] if isinstance(stmt, ast.While) else []
        names = exposed([*first, *stmt.body]) & bound_in(stmt.body) & own.locals - own.nonlocals
        if isinstance(stmt, ast.For):
            names -= bound_in([stmt.target])
        return min((name for name in names if frame.get(name, UNBOUND) is UNBOUND), default=None)

    def ends(self, end: Leaf | Split) -> Leaf | Split:
        """In a loop's body, `return` leaves the loop with the value and a flag."""
        if isinstance(end, Split):
            return Split(end.condition, Node(end.then.scopes, self.ends(end.then.end)), Node(end.orelse.scopes, self.ends(end.orelse.end)),
                         end.span, end.base, end.region)
        if end.kind == "return":
            end.state.frames[self.current]["%returned"] = Static(True)
            return Leaf("break", end.state)
        return end

    def while_body(self, stmt: ast.While) -> Leaf | Split:
        test = self.test(stmt.test)
        known = self.truth(test)
        if known is True:
            return self.run(list(stmt.body))
        if known is False:
            return Leaf("break", self.state)
        return self.split(self.condition(test), list(stmt.body), [lambda _: Leaf("break", self.state)])

    def after_loop(self, stmt: ast.For | ast.While, breaks: str | None, returns: bool, rest: list[Any], span: Any) -> Leaf | Split | None:
        self.b.span = span
        after: list[Any] = list(rest)
        if stmt.orelse:
            if breaks is None:
                after = [*stmt.orelse, *rest]
            else:
                flag = self.frame()[breaks]
                del self.frame()[breaks]

                def otherwise(following: list[Any]) -> Leaf | Split:
                    known = self.truth(flag)
                    if known is not None:
                        return self._run(following if known else [*stmt.orelse, *following])
                    if any(leaves_block(s) for s in stmt.orelse):
                        return self.split(self.condition(flag), following, [*stmt.orelse, *following])
                    self.choose(self.condition(flag), lambda: NONE, lambda: self._execute(stmt.orelse), span=span)
                    return self._run(following)

                after = [otherwise, *rest]
        if returns:
            flag_r = self.frame()["%returned"]
            known = self.truth(flag_r)
            if known is None:
                def leave(_: list[Any]) -> Leaf:
                    return Leaf("return", self.state)

                def go_on(following: list[Any]) -> Leaf | Split:
                    self.frame()["%returned"] = Static(False)
                    return self._run(following)

                return self.split(self.condition(flag_r), [leave], [go_on, *after])
            if known:
                return Leaf("return", self.state)
        if len(after) == len(rest):
            return None
        return self._run(after)

    def _execute(self, stmts: list[ast.stmt]) -> Value:
        self.execute_all(list(stmts))
        return NONE

    def peel(self, stmt: ast.For, bounds: tuple[Arg, Arg, Arg], element: Callable[[Any], Value], rest: list[Any], peeled: int,
             name: str | None) -> Leaf | Split:
        """Execute the first iteration on its own: it sees other kinds of values than the others."""
        start, stop, step = bounds
        if not isinstance(step, Lit):
            self.refuse(f"`{name or 'a value'}` changes its kind in this loop", "the first iteration would need different code",
                        "keep one kind of value in it, for example an array of zeros instead of None", stmt)
        following = self.b.emit("+", start, step)

        def others(_: list[Any]) -> Leaf | Split:
            self.loop = outer
            end = self.real_loop(stmt, (following, stop, step), element, rest, peeled + 1)
            return self._run(rest) if end is None else end

        outer = self.loop
        begins = self.b.emit("<" if step.value > 0 else ">", start, stop)

        def first(_: list[Any]) -> Leaf | Split:
            result = self.unroll(stmt, [element(start)].__getitem__, rest, then=[others])
            assert result is not None
            return result

        if isinstance(begins, Lit):
            return first([]) if begins.value else self._run([*stmt.orelse, *rest])
        return self.split(begins, [first], [*stmt.orelse, *rest])

    # -- what a loop probably carries ------------------------------------------------------------------------------

    def guess(self, stmt: ast.For | ast.While) -> list[Place]:
        """Places that the body probably changes: names that it assigns, arrays that it writes into."""
        found: dict[Place, None] = {}
        frame = self.frame()
        for node in nodes(*stmt.body):
            name = None
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                base = node.value
                while isinstance(base, (ast.Subscript, ast.Attribute)):
                    base = base.value
                name = base.id if isinstance(base, ast.Name) else None
            if name is None or name not in frame:
                continue
            value = frame[name]
            if isinstance(value, Ref):
                found["memory", value.slot] = None
            elif isinstance(value, (Num, Static)) and not (isinstance(node, ast.Subscript)):
                if not isinstance(value, Static) or (isinstance(value.value, (int, float, complex)) and not isinstance(value.value, bool)):
                    found["name", self.current, name] = None
        for hidden in ("%returned",):
            if hidden in frame and has_return(stmt.body) and isinstance(frame[hidden], (Num, Static)):
                found["name", self.current, hidden] = None
        return list(found)


def _as_value(machine: Statements, index: Arg) -> Value:
    """An index argument as a value again."""
    return Num(index) if isinstance(index, (Var, Lit)) else _Given(index)  # type: ignore[arg-type]


class _Given(Num):
    """An argument that is already evaluated, as a value."""


def parts(stmt: ast.stmt) -> list[list[ast.stmt]]:
    """The lists of statements that a compound statement is made of (not those of a function or a class)."""
    if isinstance(stmt, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    found = [value for name in ("body", "orelse", "finalbody") if (value := getattr(stmt, name, None))]
    found += [handler.body for handler in getattr(stmt, "handlers", ())]
    return [*found, *(case.body for case in getattr(stmt, "cases", ()))]


def has(stmts: list[ast.stmt], kind: type) -> bool:
    """Whether statements contain a `break` or `continue` of the loop that they are the body of."""
    for stmt in stmts:
        if isinstance(stmt, kind):
            return True
        inner = [stmt.orelse] if isinstance(stmt, (ast.For, ast.While)) else parts(stmt)
        if any(has(part, kind) for part in inner):
            return True
    return False


def has_return(stmts: list[ast.stmt]) -> bool:
    """Whether statements contain a `return` of the function that they are in."""
    return any(isinstance(stmt, ast.Return) or any(has_return(part) for part in parts(stmt)) for stmt in stmts)


def leaves_block(stmt: ast.stmt) -> bool:
    """Whether a statement may leave the block that it stands in."""
    if isinstance(stmt, (ast.Return, ast.Break, ast.Continue)):
        return True
    if isinstance(stmt, (ast.For, ast.While)):
        return has_return([stmt]) or has(stmt.orelse, ast.Break) or has(stmt.orelse, ast.Continue)
    return any(leaves_block(s) for part in parts(stmt) for s in part)


__all__ = ["Lazy", "List", "Range", "Statements", "TupleV", "describe"]
