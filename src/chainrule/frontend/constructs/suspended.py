"""A generator that is executed by values: item after item, as this call asks for them.

Between two items the generator stands at a `yield`; what is left to do in its frame is the rest of a Python generator of ours, which goes through the
statements around the `yield`. So its items, what it does besides, and what it raises come in Python's order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ..execution.exits import Unreachable
from ..execution.places import Leaf, Split
from ..execution.values import NONE, Entries, Generator, IteratorV, Lazy, Static, Value
from ..execution.witness import LIMIT
from .exceptions import Catching

Machine = Any
Steps = Iterator[Value]
T = TypeVar("T")


@dataclass
class Run:
    """How far a generator is: the steps that are left, what its own `try` statements around catch, and in how many loops it stands."""

    steps: Any = None
    catching: tuple[Catching, ...] = ()
    loops: int = 0
    begun: bool = False
    busy: bool = False
    returned: Value = NONE


_STOP = Catching((StopIteration,), False)  # which becomes a RuntimeError where it leaves a generator


class Thrown(Exception):
    """A statement of the generator ends in an exception."""

    def __init__(self, leaf: Leaf) -> None:
        self.leaf = leaf


def may_step(m: Machine) -> bool:
    """Whether generators are executed item by item here."""
    return m.witness is not None and m.at_top()


def iterator_of(generator: Generator) -> IteratorV:
    """A generator as an iterator: both have one position."""
    return IteratorV(generator.slot, Lazy("suspended", (generator,)))


def advance(m: Machine, generator: Generator, sent: Value = NONE) -> Value | None:
    """The next item; None if there is none."""
    run = m.suspended.get(generator.slot)
    keys = m.contents_of(generator).keys
    if keys == ("done",):
        return None
    if not keys:
        m.take(generator, "suspended")
        run = m.suspended[generator.slot] = Run()
        run.steps = _body(m, run, generator)
    elif keys != ("suspended",) or run is None:
        m.refuse("a generator is used again after it was left", "where it stands is only known when the program runs", "make a list of its items first")
    assert run is not None
    if run.busy:
        m.fail(ValueError, Static("generator already executing"))
    if not run.begun and sent != NONE:
        m.fail(TypeError, Static("can't send non-None value to a just-started generator"))
    source = m.infos[generator.frame].source
    caller = (m.node, m.source, m.b.span) if m.is_library(source) else None
    run.busy = True
    try:
        with m.inside((generator.frame, source, None, [*m.stack, generator.node], generator.node, m.b.span, caller, (*m.catching, _STOP, *run.catching))):
            item = run.steps.send(sent if run.begun else None)
        run.begun = True
        return item  # type: ignore[no-any-return]
    except StopIteration:
        close(m, generator)
        return None
    except Thrown as thrown:
        close(m, generator)
        if issubclass(thrown.leaf.value.cls, StopIteration):
            m.fail(RuntimeError, Static("generator raised StopIteration"))
        raise Unreachable(thrown.leaf) from None
    finally:
        run.busy = False


def close(m: Machine, generator: Generator) -> None:
    """The generator gives no more items."""
    m.state.frames.pop(generator.frame, None)
    m.state.heap[generator.slot] = Entries(("done",), (Static(True),))


def rest(m: Machine, generator: Generator) -> list[Value]:
    """All items that are left."""
    items: list[Value] = []
    while (item := advance(m, generator)) is not None:
        items.append(item)
        if len(items) > LIMIT:
            m.refuse("a generator does not end", f"{LIMIT} items were taken when the program was compiled", "take as many as are needed")
    return items


# -- the statements around a `yield` -------------------------------------------------------------------------------


def _body(m: Machine, run: Run, generator: Generator) -> Any:
    kind = yield from _stmts(m, run, generator.node.body)
    if kind == "return":
        run.returned = m.frame().pop("%ret", NONE)


def _stmts(m: Machine, run: Run, stmts: list[ast.stmt]) -> Any:
    """Execute statements; how they end."""
    info = m.infos[m.current]
    for stmt in stmts:
        if not suspends(stmt):
            m.loop = m.plain_loop() if run.loops else None
            kind = _ended(m, m.run([stmt]))
        else:
            m.b.span, m.node, info.at = m.span(stmt), stmt, stmt
            kind = yield from _stmt(m, run, stmt)
        if kind != "fall":
            return kind
    return "fall"


def _stmt(m: Machine, run: Run, stmt: ast.stmt) -> Any:
    """Execute a statement that has a `yield` in it."""
    if isinstance(stmt, (ast.Expr, ast.Assign)) and isinstance(stmt.value, (ast.Yield, ast.YieldFrom)):
        value = yield from _yielded(m, stmt)
        for target in stmt.targets if isinstance(stmt, ast.Assign) else ():
            _value(m, lambda target=target: m.assign(target, value))  # type: ignore[misc]
        return "fall"
    if isinstance(stmt, ast.If):
        return (yield from _stmts(m, run, stmt.body if _holds(m, stmt.test) else stmt.orelse))
    if isinstance(stmt, (ast.For, ast.While)):
        return (yield from _loop(m, run, stmt))
    if isinstance(stmt, ast.Try) and not stmt.finalbody:
        return (yield from _try(m, run, stmt))
    m.refuse("a generator is consumed step by step", "it stands inside this statement in between", "make a list of its items first", stmt)


def _loop(m: Machine, run: Run, stmt: ast.For | ast.While) -> Any:
    from ..execution.stepping import items_of

    items = items_of(m, _value(m, lambda: m.eval(stmt.iter)), stmt) if isinstance(stmt, ast.For) else None
    around = m.infos[m.current].loops
    kept = list(around)
    around[:] = [*kept, stmt]
    run.loops += 1
    kind = "fall"
    try:
        for count in range(LIMIT + 1):
            if count == LIMIT:
                m.refuse("a generator does not go on to its next item", f"{LIMIT} iterations were executed when the program was compiled", "leave the loop", stmt)
            m.node, m.b.span = stmt, m.span(stmt)
            if items is None:
                if not _holds(m, stmt.test):  # type: ignore[union-attr]
                    break
            else:
                item = _value(m, lambda: next(items, None))
                if item is None:
                    break
                _value(m, lambda item=item: m.assign(stmt.target, item))  # type: ignore[misc, union-attr]
            kind = yield from _stmts(m, run, stmt.body)
            if kind in ("break", "return"):
                return "fall" if kind == "break" else kind
    finally:
        run.loops -= 1
        around[:] = kept
    return (yield from _stmts(m, run, stmt.orelse))


def _try(m: Machine, run: Run, stmt: ast.Try) -> Any:
    handlers = [(handler, m.caught(handler)) for handler in stmt.handlers]
    classes = tuple(c for _, some in handlers for c in some)
    if any(issubclass(GeneratorExit, c) for c in classes):
        m.refuse("a generator is consumed step by step", "it catches what Python raises in it when nobody goes on with it", "catch `Exception`", stmt)
    own = Catching(classes)
    run.catching = (*run.catching, own)
    m.catching = (*m.catching, own)
    try:
        kind = yield from _stmts(m, run, stmt.body)
    except Thrown as thrown:
        _uncaught(m, run, own)
        leaf = thrown.leaf
        handler = next((handler for handler, some in handlers if issubclass(leaf.value.cls, some)), None)
        if handler is None:
            raise
        kept = m.handled
        if handler.name:
            m.bind_name(handler.name, leaf.value)
        m.handled = (*kept, leaf.value)
        try:
            kind = yield from _stmts(m, run, handler.body)
        finally:
            m.handled = kept
        if handler.name:
            m.frame().pop(handler.name, None)
        return kind
    _uncaught(m, run, own)
    return kind if kind != "fall" else (yield from _stmts(m, run, stmt.orelse))


def _uncaught(m: Machine, run: Run, own: Catching) -> None:
    run.catching = tuple(c for c in run.catching if c is not own)
    m.catching = tuple(c for c in m.catching if c is not own)


def _yielded(m: Machine, stmt: Any) -> Any:
    """`yield` and `yield from`; their value."""
    node = stmt.value
    if isinstance(node, ast.Yield):
        return (yield NONE if node.value is None else _value(m, lambda: m.eval(node.value)))
    from ..execution.stepping import items_of

    inner = _value(m, lambda: m.eval(node.value))
    sent: Value = NONE
    if isinstance(inner, Generator):
        while (item := _advanced(m, inner, sent)) is not None:
            sent = yield item
        run = m.suspended.get(inner.slot)
        return NONE if run is None else run.returned
    items = items_of(m, inner, stmt)
    while (item := _value(m, lambda: next(items, None))) is not None:
        yield item
    return NONE


def _advanced(m: Machine, inner: Generator, sent: Value) -> Value | None:
    return _value(m, lambda: advance(m, inner, sent))


def _holds(m: Machine, test: ast.expr) -> bool:
    def decided() -> bool:
        value = m.test(test)
        known = m.truth(value)
        return m.decide_truth(m.condition(value)) if known is None else known  # type: ignore[no-any-return]

    return _value(m, decided)


def _value(m: Machine, thunk: Callable[[], T]) -> T:
    """Something that is evaluated, and may raise."""
    made: list[T] = []

    def body() -> Leaf:
        made.append(thunk())
        return Leaf("fall", m.state)

    _ended(m, m.block(body))
    return made[0]


def _ended(m: Machine, end: Leaf | Split) -> str:
    """How a statement ends; the machine goes on in its state."""
    if isinstance(end, Split):
        m.refuse("a branch leaves this statement", "it is not executed by values", "leave the branch out")
    assert isinstance(end, Leaf)
    m.state = end.state
    if end.kind == "throw":
        raise Thrown(end)
    if end.kind == "raise":
        raise Unreachable
    return end.kind


def suspends(stmt: ast.stmt) -> bool:
    """Whether a statement has a `yield` of its own in it."""
    waiting: list[ast.AST] = [stmt]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return False


__all__ = ["advance", "close", "iterator_of", "may_step", "rest", "suspends"]
