"""Exceptions: what is raised is a value, `try` says what follows it.

    try:                               if x > 1:
        if x > 1:                          y = 0.0
            raise ValueError               ...
        y = f(x)                  ->   else:
    except ValueError:                     y = f(x)
        y = 0.0

A `raise` ends its block in a leaf ("throw"); the `try` around it says what follows each leaf of its body: the handlers follow an exception,
`else` follows the body's end, and `finally` follows everything. As memory is a value, a handler sees the state at the raise. An exception that
nobody catches is raised by the program.

An operation that may raise by itself (a division, an index) is asked about where a handler around could catch it (`attempt`).
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ...ir.nodes import Arg, Lit, Operand, Seq, Var
from ...rules.raising import known_error, may_raise
from ..execution.exits import STATEMENT, End, Unreachable, leaves
from ..execution.machine import Machine, describe
from ..execution.places import Leaf, Node, Split
from ..execution.values import Entries, Num, Object, Select, Static, TupleV, Value
from ..execution.witness import Happened


@dataclass(frozen=True)
class Catching:
    """What a `try` around catches: exceptions of these classes; `implicit`: also where an operation raises by itself."""

    classes: tuple[type, ...]
    implicit: bool = True


class Exceptions(Machine):
    """Raises and catches."""

    def __init__(self) -> None:
        super().__init__()
        self.b.ask = self.asked
        self.catching: tuple[Catching, ...] = ()
        self.floating: frozenset[str] = frozenset()  # the floating-point errors that are raised (np.errstate)
        self.handled: tuple[Value, ...] = ()  # the exceptions that are being handled, for a bare `raise`

    # -- exceptions as values ------------------------------------------------------------------------------------

    def exception(self, cls: type, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """`cls(*args)`, an exception."""
        if any(base.__name__ == "BaseExceptionGroup" for base in cls.__mro__):
            self.refuse("an exception group is made", "it is several exceptions at once", "raise one exception")
        init = inspect.getattr_static(cls, "__init__", None)
        entries = Entries(("args",), (TupleV(args),))
        if isinstance(init, types.FunctionType):
            given = args
            if keywords:
                names = [p.name for p in inspect.signature(init).parameters.values()][1 + len(args):]
                if set(names[:len(keywords)]) != set(keywords):
                    self.refuse(f"`{cls.__name__}` is raised with keyword arguments", "only those that follow the positional ones are supported",
                                "give them by position")
                given = (*args, *(keywords[name] for name in names[:len(keywords)]))
            value = Object(self.new(entries.put("%given", TupleV(given))), cls)
            self.call(Static(init), (value, *args), keywords)
            return value
        if keywords:
            self.refuse(f"`{cls.__name__}` is raised with keyword arguments", "Python sets them as attributes", "give the exception positional arguments")
        return Object(self.new(entries), cls)

    def fail(self, cls: type, *args: Value) -> NoReturn:
        """Raise an exception of a builtin class."""
        self.throw(Object(self.new(Entries(("args",), (TupleV(args),))), cls))

    def throw(self, exception: Value) -> NoReturn:
        """Raise an exception: to a handler around, or out of the program."""
        if isinstance(exception, Select):
            then, orelse = exception.then, exception.orelse
            self.choose(exception.condition, lambda: self.throw(then), lambda: self.throw(orelse))
            raise Unreachable
        assert isinstance(exception, Object)
        if any(issubclass(exception.cls, c) for catching in self.catching for c in catching.classes):
            raise Unreachable(Leaf("throw", self.state, exception, self.b.span))
        contents = self.state.heap[exception.slot]
        assert isinstance(contents, Entries)
        if "%error" in contents.keys:
            self.b.effect("py.raise", self.operand(contents.get("%error")))
            raise Unreachable
        given = contents.get("%given" if "%given" in contents.keys else "args")
        operands: tuple[Arg, ...] = tuple(self.operand(value) for value in given.items)  # type: ignore[union-attr]
        self.b.effect("py.raise", Seq((Lit(exception.cls), *operands)))
        raise Unreachable

    def exception_text(self, value: Object) -> Value:
        """`str(exception)`."""
        method = inspect.getattr_static(value.cls, "__str__", None)
        if isinstance(method, types.FunctionType):
            return self.call(Static(method), (value,), {})
        contents = self.state.heap[value.slot]
        assert isinstance(contents, Entries)
        args = contents.get("args")
        assert isinstance(args, TupleV)
        if issubclass(value.cls, OSError) and len(args.items) > 1:
            self.refuse(f"the text of an exception of class `{value.cls.__name__}`", "it is made of several parts", "use its `args`")
        if not args.items:
            return Static("")
        if all(isinstance(item, Static) for item in args.items):
            return Static(str(value.cls(*(item.value for item in args.items))))  # type: ignore[union-attr]
        function = repr if issubclass(value.cls, KeyError) else str
        return self.call(Static(function if len(args.items) == 1 else str), (args.items[0] if len(args.items) == 1 else args,), {})

    # -- what an operation may raise -----------------------------------------------------------------------------

    def asked(self, op: str, args: tuple[Arg, ...], emit: Callable[[], Operand]) -> Operand:
        """An operation inside a `try`: if it may raise what a handler catches, whether it does is asked for."""
        if not self.catching:
            return emit()
        caught = tuple(c for catching in self.catching if catching.implicit for c in catching.classes)
        if not caught:
            return emit()
        by_values = self.witness is not None and self.at_top()
        possible = tuple(cls for cls in may_raise(op, args, bool(self.floating)) if any(issubclass(cls, c) or issubclass(c, cls) for c in caught))
        if not possible and not by_values:
            return emit()
        certain = known_error(op, args)
        if certain is not None:
            self.fail(type(certain), *(Static(arg) for arg in certain.args))
        if not by_values:
            names = " or ".join(cls.__name__ for cls in possible)
            self.refuse(f"`{op}` may raise {names} here, which is caught", "whether it does is only known when the program runs",
                        "test the condition with `if`, or leave the operation out of the `try`")
        made: list[Operand] = []
        happened = self.attempt(lambda: made.append(emit()))
        if happened is None:
            if possible and isinstance(made[0], Var):
                self.b.effect("py.evaluate", made[0])  # though nobody needs its value: in another call it raises
            return made[0]
        self.b.effect("rt.expect_same", self.b.emit("rt.error_args", self.operand(happened.value)), Lit(happened.error.args))
        entries = Entries(("args", "%error"), (TupleV(tuple(Static(arg) for arg in happened.error.args)), happened.value))
        self.throw(Object(self.new(entries), type(happened.error)))

    def attempt(self, thunk: Callable[[], None]) -> Happened | None:
        """Do something that may raise; what happens in this call. The program then serves only calls in which the same happens."""
        self.retries = True
        self.trying += 1
        try:
            thunk()
        except Happened as happened:
            return happened
        finally:
            self.trying -= 1
        return None

    # -- statements ----------------------------------------------------------------------------------------------

    def raise_statement(self, stmt: ast.Raise) -> NoReturn:
        if stmt.exc is None:
            if not self.handled:
                self.refuse("a bare `raise` is not supported", "there is no exception to raise again", "name the exception", stmt)
            self.throw(self.handled[-1])
        value = self.eval(stmt.exc)
        if stmt.cause is not None:
            self.eval(stmt.cause)
        self.node = stmt
        self.throw(self.raised(value, stmt))

    def raised(self, value: Value, stmt: ast.AST) -> Value:
        """What is raised, as an exception: a class is called, an instance taken as it is."""
        if isinstance(value, Select):
            then, orelse = value.then, value.orelse
            return self.choose(value.condition, lambda: self.raised(then, stmt), lambda: self.raised(orelse, stmt))
        if isinstance(value, Static) and isinstance(value.value, type) and issubclass(value.value, BaseException):
            return self.exception(value.value, (), {})
        if isinstance(value, Static) and isinstance(value.value, BaseException):
            return Object(self.new(Entries(("args",), (TupleV(tuple(Static(a) for a in value.value.args)),))), type(value.value))
        if isinstance(value, Object) and issubclass(value.cls, BaseException):
            return value
        self.refuse("what is raised must be known", "it is computed", "name an exception class", stmt)

    def try_statement(self, stmt: ast.Try, rest: list[Any]) -> End | None:
        """`try` and what follows it; None if execution simply goes on with the next statement."""
        handlers = [(handler, self.caught(handler)) for handler in stmt.handlers]
        around, finally_around = self.catching, self.catching
        if stmt.finalbody:
            finally_around = (*around, Catching((BaseException,), not harmless(stmt.finalbody)))
        classes = tuple(c for _, classes in handlers for c in classes)

        frames = set(self.state.frames)

        def handle(leaf: Leaf) -> End:
            for number in [n for n in self.state.frames if n not in frames and not self.infos[n].escapes]:  # of functions that the exception has left
                del self.state.frames[number]
            return self.handle(leaf, handlers)

        def body() -> End:
            self.catching = (*finally_around, Catching(classes)) if classes else finally_around
            return self.run(list(stmt.body))

        def protected() -> End:
            end = self.block(body)
            self.catching = finally_around
            return self.continued(end, {"throw": handle, "fall": lambda _: self.run(list(stmt.orelse))})

        return self.guarded(protected, lambda leaf: self.finish(leaf, stmt.finalbody, around), around, rest)

    def guarded(self, protected: Callable[[], End], finish: Callable[[Leaf], End], around: tuple[Catching, ...], rest: list[Any]) -> End | None:
        """Execute something that `finish` follows, whichever way it is left; then what follows the statement."""
        loop = self.loop
        self.loop = None if loop is None else self.plain_loop()
        try:
            end = self.block(protected)
            self.catching = around
            end = self.continued(end, dict.fromkeys({leaf.kind for leaf in leaves(end)} - {"raise"}, finish))
        finally:
            self.loop, self.catching = loop, around
        return self.proceed(end, rest)

    def proceed(self, end: End, rest: list[Any]) -> End | None:
        """What follows a statement that ended in one of several ways; None if execution simply goes on."""
        if not any(leaf.kind in ("return", "break", "continue") for leaf in leaves(end)):
            self.settle(end, STATEMENT)
            return None
        info = self.infos[self.current]
        loop, loops, at = self.loop, list(info.loops), info.at

        def here(follow: Callable[[], End]) -> Callable[[Leaf], End]:
            def go_on(_: Leaf) -> End:
                self.loop, info.loops[:], info.at = loop, loops, at
                return follow()

            return go_on

        try:
            return self.continued(end, {"fall": here(lambda: self._run(rest)), "break": here(self.broken), "continue": here(self.continues)})
        finally:
            self.loop, info.loops[:] = loop, loops

    def finish(self, leaf: Leaf, stmts: list[ast.stmt], around: tuple[Catching, ...]) -> End:
        """`finally`: unless it leaves by itself, the block is left as it was going to be."""
        self.catching = around
        end = self.run(list(stmts))
        return self.continued(end, {"fall": lambda _: self.resume(leaf)})

    def resume(self, leaf: Leaf) -> End:
        """End a block as a leaf says, in the current state."""
        if leaf.kind == "throw":
            self.b.span = leaf.span or self.b.span
            self.throw(leaf.value)
        return Leaf(leaf.kind, self.state, leaf.value, leaf.span)

    def caught(self, handler: ast.ExceptHandler) -> tuple[type, ...]:
        """The classes that a handler catches."""
        if handler.type is None:
            return (BaseException,)
        value = self.eval(handler.type)
        classes = self.static(value, "the class of an exception")
        classes = classes if isinstance(classes, tuple) else (classes,)
        if not all(isinstance(c, type) and issubclass(c, BaseException) for c in classes):
            self.refuse(f"{describe(value)} is caught", "it is not an exception class", "name an exception class", handler.type)
        return classes

    def handle(self, leaf: Leaf, handlers: list[tuple[ast.ExceptHandler, tuple[type, ...]]]) -> End:
        """What follows an exception."""
        handler = next((handler for handler, classes in handlers if issubclass(leaf.value.cls, classes)), None)
        if handler is None:
            return self.resume(leaf)
        handled = self.handled
        if handler.name:
            self.bind_name(handler.name, leaf.value)
        self.handled = (*handled, leaf.value)
        try:
            end = self.run(list(handler.body))
        finally:
            self.handled = handled
        if handler.name:
            for end_leaf in leaves(end):
                end_leaf.state.frames[self.current].pop(handler.name, None)
        return end

    # -- what the other parts do -----------------------------------------------------------------------------------

    loop: Any
    infos: Any

    def plain_loop(self) -> Any:
        raise NotImplementedError

    def eval(self, node: ast.expr) -> Value:
        raise NotImplementedError

    def call(self, function: Value, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def run(self, stmts: list[Any]) -> End:
        raise NotImplementedError

    def _run(self, stmts: list[Any]) -> End:
        raise NotImplementedError

    def broken(self) -> End:
        raise NotImplementedError

    def continues(self) -> End:
        raise NotImplementedError

    def bind_name(self, name: str, value: Value) -> None:
        raise NotImplementedError


def harmless(stmts: list[ast.stmt]) -> bool:
    """Whether nobody can tell if these statements were executed before the program fails."""
    return not any(isinstance(node, (ast.Call, ast.Return, ast.Break, ast.Continue, ast.With, ast.Yield, ast.YieldFrom, ast.Raise))
                   for stmt in stmts for node in ast.walk(stmt))


__all__ = ["Catching", "Exceptions", "Node", "Num", "Split", "harmless"]
