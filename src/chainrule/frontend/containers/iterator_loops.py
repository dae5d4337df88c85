"""A loop over an iterator: what it has left, through the stages that choose or change its items.

Where the number of items is known the loop is unrolled, and each item is computed in its turn. Otherwise it is the loop over what the iterator goes
through, with the stages at the beginning of the body. If the iterator is seen elsewhere, its position is a variable, and the loop a `while`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ...ir.nodes import Lit
from ..execution.places import Do, Leaf, Split
from ..execution.state import reachable
from ..execution.values import IteratorV, Lazy, Num, Range, Static, Value
from . import iterators, numbered, taking
from .iterators import indexed, move, position
from .stages import flatten, through
from .taking import step

if TYPE_CHECKING:
    from ..constructs.loops import Loops


BRANCH_LIMIT = 64  # each doubles what follows it, at the worst


def more(it: Any) -> Any:
    """Whether an iterator has one more item: a name for the condition of a loop, never called."""
    raise NotImplementedError


def counting(m: Loops, it: IteratorV, stmt: ast.For) -> Range | None:
    """`itertools.count()`, as long as nobody else sees it: a range without an end that matters."""
    source = it.source
    if isinstance(source, Lazy) and source.kind == "count" and position(m, it) == Static(0) and not is_held(m, it, stmt):
        start, step = source.parts
        if isinstance(start, Static) and isinstance(step, Static) and type(start.value) is int and type(step.value) is int and step.value > 0:
            return Range(Lit(start.value), Lit(2**62), Lit(step.value))
    return None


def loop_over(m: Loops, stmt: ast.For, it: IteratorV, rest: list[Any], leaves: bool) -> Leaf | Split | None:
    """A loop over an iterator, and what follows it if that is already known here; `leaves`: the body may leave."""
    stream = flatten(it)
    if taking.is_known(m, it):
        stops = any(s.source.kind == "takewhile" for s in stream.stages)  # type: ignore[union-attr]
        if leaves or stops or not indexed(m, stream.base.source):
            return _one_by_one(m, stmt, it, rest)
        return _unrolled(m, stmt, it, rest)
    base = stream.base
    held = is_held(m, it, stmt)
    if isinstance(base.source, Lazy) and base.source.kind == "nested":
        if not stream.stages and not leaves and not stmt.orelse and not m.state.heap[base.slot].keys:  # type: ignore[union-attr]
            m.nested_loop(stmt, base)
            return None
        return _one_by_one(m, stmt, it, rest)
    if not indexed(m, base.source):
        source = numbered.sequential(m, base.source, reachable(m.state, iter(_others(m, stmt))))
        if source is not None and not stream.stages and not held:
            return m.loop_through(stmt, source, rest)
        m.refuse("a loop over several iterators of which one is used elsewhere, too", "how many items they have is only known when the program runs",
                 "make lists of them first", stmt)
    at = position(m, base)
    if at == Static(-1):
        return m._run([*stmt.orelse, *rest]) if stmt.orelse else None
    if held:
        return stepwise(m, stmt, stream.base, stream.stages, rest)
    source = base.source if at == Static(0) else Lazy("from", (base.source, at))
    if stream.stages:
        hidden = f"%item{len(m.infos[m.current].loops)}"
        stmt = _rewritten(m, ast.For(ast.Name(hidden, ast.Store()), stmt.iter, _body(m, stmt, stream.stages, lambda: m.frame()[hidden]), stmt.orelse), stmt)
    move(m, base, Static(-1))
    return m.loop_through(stmt, source, rest)


def _rewritten(m: Loops, new: Any, stmt: ast.For) -> Any:
    """A loop that stands for another one."""
    liveness = m.infos[m.current].liveness
    for table in (liveness.during, liveness.header):
        if stmt in table:
            table[new] = table[stmt]
    ast.copy_location(new, stmt)
    ast.copy_location(getattr(new, "target", new), stmt)
    return new


def _body(m: Loops, stmt: ast.For, stages: tuple[IteratorV, ...], item: Any) -> list[Any]:
    """The body of the loop, with the stages before it."""
    leaving = any(map(m.may_leave, stmt.body)) or any(s.source.kind == "takewhile" for s in stages)  # type: ignore[union-attr]

    def first(rest: list[Any]) -> Leaf | Split:
        def give(value: Value) -> Leaf | Split:
            m.assign(stmt.target, value)
            return m._run(rest)

        def skip() -> Leaf | Split:
            if not leaving:
                return Leaf("fall", m.state)
            loop = m.loop
            return loop.on_continue() if loop is not None and loop.on_continue is not None else Leaf("continue", m.state)

        def stop() -> Leaf | Split:
            loop = m.loop
            return loop.on_break() if loop is not None and loop.on_break is not None else Leaf("break", m.state)

        return through(m, stages, item(), give, skip, stop, m.branch)  # type: ignore[no-any-return]

    mark: list[Any] = [ast.If(ast.Constant(False), [ast.Break()], [])] if leaving else []
    for node in mark:
        for part in ast.walk(node):
            ast.copy_location(part, stmt)
    return [ast.copy_location(Do(first), stmt), *mark, *stmt.body]


def stepwise(m: Loops, stmt: ast.For, base: IteratorV, stages: tuple[IteratorV, ...], rest: list[Any]) -> Leaf | Split | None:
    """A loop that asks, each time, whether the iterator has one more item: its position is a variable of the program."""
    hidden = f"%iterable{len(m.infos[m.current].loops)}"
    m.frame()[hidden] = base
    test = ast.Call(ast.Constant(more), [  # type: ignore[arg-type]
            ast.Name(hidden, ast.Load())], [])
    loop = ast.While(test, _body(m, stmt, stages, lambda: _taken(m, base)), stmt.orelse)
    _rewritten(m, loop, stmt)
    for part in (test, test.func, test.args[0]):
        ast.copy_location(part, stmt)
    end = m.real_loop(loop, None, None, [lambda following: m.forget(hidden, following), *rest])
    if end is None:
        m.frame().pop(hidden, None)
    return end


def _taken(m: Loops, base: IteratorV) -> Value:
    """The next item, which is there."""
    at = position(m, base)
    _, element = numbered.from_zero(m, base.source, None)
    index = m.operand(at)
    move(m, base, m.binary("+", at, Static(1)))
    return element(index)


def has_more(m: Loops, base: IteratorV) -> Value:
    """Whether an indexed iterator has one more item."""
    count, _ = numbered.from_zero(m, base.source, None)
    return m.call_op("<", (m.operand(position(m, base)), count))


def _unrolled(m: Loops, stmt: ast.For, it: IteratorV, rest: list[Any]) -> Leaf | Split | None:
    """Known items and a body that does not leave: each iteration ends before the next begins."""
    stream = flatten(it)
    around = m.infos[m.current].loops
    loops = list(around)
    around.append(stmt)
    count = 0
    try:
        while True:
            at = position(m, stream.base)
            number = m.static(at, "how far an iterator is")
            if number >= 0:
                iterators.check_size(m, stream.base)
            items = numbered.thunks(m, stream.base.source)
            if items is None and not numbered.endless(stream.base.source):
                m.refuse("a list grows while a loop goes over it", "the number of iterations is only known when the program runs",
                         "loop over a copy of it", stmt)
            if number < 0 or (items is not None and number >= len(items)):
                move(m, stream.base, Static(-1))
                break
            count += 1
            m.check_unrolled(count, stmt)
            m.b.span = m.span(stmt)
            move(m, stream.base, Static(number + 1))
            taken = numbered.nth(m, stream.base.source, number) if items is None else items[number]()
            m.execute_all([*_body(m, stmt, stream.stages, lambda taken=taken: taken)])
    finally:
        around[:] = loops
    return m._run([*stmt.orelse, *rest]) if stmt.orelse else None


def _one_by_one(m: Loops, stmt: ast.For, it: IteratorV, rest: list[Any]) -> Leaf | Split:
    """A body that may leave, or an iterator of which each item has to be asked for."""
    branches = 0

    def branch(condition: Any, then: Any, orelse: Any) -> Leaf | Split:
        nonlocal branches
        branches += 1
        if branches > BRANCH_LIMIT:
            m.refuse("which items an iterator gives depends on computed numbers", "each of them would need code of its own",
                     "make a list of them first, or write the loops inside each other", stmt)
        return m.branch(condition, then, orelse)

    return m.one_by_one(stmt, lambda n, give, done: step(m, it, give, done, branch), rest, [*stmt.orelse, *rest])


def is_held(m: Loops, it: IteratorV, stmt: ast.For) -> bool:
    """Whether anybody else may see how far the iterator is."""
    stream = flatten(it)
    mine = {stream.base.slot, *(s.slot for s in stream.stages)}
    return bool(mine & reachable(m.state, iter(_others(m, stmt))))


def _others(m: Loops, stmt: ast.For) -> list[Value]:
    info = m.infos[m.current]
    only = None
    if isinstance(stmt.iter, ast.Name) and stmt in info.liveness.header and not info.liveness.live_again(stmt.iter.id, stmt):
        only = stmt.iter.id  # the loop is the last that reads it
    return [value for number, frame in m.state.frames.items() for name, value in frame.items()
            if not name.startswith("%iterable") and not (number == m.current and name == only) and m.is_live(number, name)]


__all__ = ["Num", "has_more", "is_held", "loop_over", "more", "stepwise"]
