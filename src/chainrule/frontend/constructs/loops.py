"""Loops: those that stay loops, those over known items that are unrolled, and those whose first iterations are executed on their own."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Union

from ...errors import Finding
from ...ir.build import type_of
from ...ir.nodes import Arg, Checkpoints, For, Lit, Var, While
from ...ir.types import List
from ..containers.iteration import UNROLL_LIMIT
from ..containers.iterator_loops import counting, loop_over, stepwise
from ..containers.iterators import in_turn, iterator
from ..containers.taking import as_generator
from ..execution.exits import Exit, Unreachable, leaves
from ..execution.machine import NeedStatic, Refusal
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
    Ref,
    SetV,
    Static,
    TupleV,
    Value,
)
from ..looping.exposed import bound_in, exposed
from ..looping.loops import NeedItems, NeedPeel, NeedUnroll, lower_loop
from ..objects.overloads import iterator as iterator_of_object
from . import suspended
from .patterns import Patterns
from .syntax import has, has_return, leaves_block, nodes

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

class Loops(Patterns):
    """Executes `for` and `while`."""

    loop: LoopContext | None = None

    def loop_statement(self, stmt: ast.For | ast.While, rest: list[Any]) -> Leaf | Split | None:
        """A loop and what follows it; None if execution simply goes on with the next statement."""
        concrete = self.is_concrete()
        if isinstance(stmt, ast.While):
            return step_through(self, stmt, None, LoopContext(), rest) if concrete else self.real_loop(stmt, None, None, rest)
        iterable = self.eval(stmt.iter)
        if isinstance(iterable, Partial) and iterable.kind == "checkpointed":
            if self.has_name(iterable):
                self.refuse("an iterator made by `checkpointed` has a name", "a loop uses it up, and a second loop over it would find nothing",
                            "write the call into the loop: `for k in checkpointed(range(n)):`", stmt)
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

    def has_name(self, value: Value) -> bool:
        """Whether a value that has no memory is bound to a name, or is a part of something."""
        held = [part for frame in self.state.frames.values() for part in frame.values()]
        held += [part for contents in self.state.heap.values() if isinstance(contents, (Items, Entries))
                 for part in (contents.items if isinstance(contents, Items) else contents.values)]
        while held:
            part = held.pop()
            if part is value:
                return True
            if isinstance(part, TupleV):
                held += part.items
        return False

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
        span, info = self.span(stmt), self.infos[self.current]
        outer, entry = self.loop, self.state
        returns, level = has_return(stmt.body), str(len(info.loops))
        breaks = self.flag_ways_out(stmt, returns, level)
        exits: list[Exit] = []
        reached: list[Leaf] = []  # the leaves that return

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
            info.loops.pop()
            try:
                return self.otherwise(need, stmt, bounds, element, rest, peeled)
            finally:
                info.loops.append(stmt)
        finally:
            self.loop, self.may_unroll = outer, may_unroll
            info.loops.pop()
        self.leave(exits, level, span, stmt)
        if returns and not reached:
            self.frame()["%returned"] = Static(False)
        return self.after_loop(stmt, breaks, bool(reached), rest, span)

    def flag_ways_out(self, stmt: ast.For | ast.While, returns: bool, level: str) -> str | None:
        """Begin with no way out of the loop taken; the name of the flag that says whether it was left by `break`, if that counts."""
        breaks = f"%broke{len(self.flags)}" if stmt.orelse and has(stmt.body, ast.Break) else None
        frame = self.frame()
        if breaks:
            self.flags.append(breaks)
            frame[breaks] = Static(False)
        if returns and frame.get("%returned", UNBOUND) is UNBOUND:
            frame["%returned"] = Static(False)
        if self.catching or self.consumers:
            frame[f"%raised{level}"] = Static(False)
        return breaks

    def otherwise(self, need: NeedPeel | NeedUnroll, stmt: ast.For | ast.While, bounds: tuple[Arg, Arg, Arg] | None, element: Callable[[Any], Value] | None,
                  rest: list[Any], peeled: int) -> Leaf | Split | None:
        """A loop that cannot stay a loop as it is: some of its iterations, or all, are executed one by one."""
        if isinstance(stmt, ast.While) and isinstance(need, NeedItems):
            self.refuse("a list of objects grows in a `while` loop", "how many it will hold is only known when the program runs",
                        "keep what the objects hold in arrays", stmt)
        if isinstance(stmt, ast.While) and isinstance(need, NeedPeel):
            unfolded = self.unfold_while(stmt, rest, peeled)
            if unfolded is not None:
                return unfolded
        counted = bounds is not None and element is not None and isinstance(stmt, ast.For)
        if isinstance(need, NeedPeel) and peeled >= PEEL_LIMIT and counted:
            items = self.static_range(bounds, element)  # type: ignore[arg-type]
            if items is not None:
                return self.unroll(stmt, items.__getitem__, rest)  # type: ignore[arg-type]
        if isinstance(need, NeedUnroll) or not counted or peeled >= PEEL_LIMIT:
            if isinstance(need, NeedPeel):
                self.refuse(f"`{need.name or 'a value'}` changes its kind in this loop", "each iteration would need different code",
                            "keep one kind of value in it, for example an array of zeros instead of None or of a list", stmt)
            raise need
        return self.peel(stmt, bounds, element, rest, peeled, need.name)  # type: ignore[arg-type]

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


__all__ = ["Grown", "LoopContext", "Loops"]
