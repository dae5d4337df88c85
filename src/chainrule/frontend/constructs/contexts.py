"""Context managers: `with m as v: body` is `v = m.__enter__()`, and a `try` whose every way out calls `m.__exit__`.

Managers of the user's classes are executed in place like any call. A function that yields (`contextlib.contextmanager`) is executed with the body in
the place of its `yield`. Of NumPy's `errstate` only the forward sweep knows: the settings are changed where the user's program changes them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ...errors import SourceUnavailableError
from ...ir.nodes import Lit, Operand
from ..execution.exits import End, leaves
from ..execution.machine import describe
from ..execution.places import Leaf, Node, Split
from ..execution.values import NONE, Closure, DictV, Entries, Generator, Manager, Num, Object, Select, Static, TupleV, Value
from ..objects.classes import Inner, raw
from ..source import read
from .exceptions import Catching, harmless
from .generators import Generators, relabelled
from .surgery import adjoint_block

_ERRORS = ("all", "divide", "over", "under", "invalid")


class Contexts(Generators):
    """Executes `with`."""

    def with_statement(self, items: list[ast.withitem], body: list[ast.stmt], rest: list[Any]) -> End | None:
        """`with` and what follows it; None if execution simply goes on with the next statement."""
        item, others = items[0], items[1:]
        manager = self.eval(item.context_expr)
        self.node = item.context_expr

        def inner() -> End:
            if not others:
                return self.run(list(body))
            end = self.with_statement(others, body, [])
            return Leaf("fall", self.state) if end is None else end

        if isinstance(manager, Manager) and manager.kind == "adjoint":
            adjoint_block(self, manager, items, body)
            return None
        if isinstance(manager, Manager) and manager.kind == "generator":
            return self.with_generator(manager, item, inner, rest)
        around = self.catching
        value, finish, classes = self.entered(manager)

        def protected() -> End:
            if classes:
                self.catching = (*around, classes)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value)
            return inner()

        return self.guarded(protected, finish, around, rest)

    def entered(self, manager: Value) -> tuple[Value, Callable[[Leaf], End], Catching | None]:
        """Enter a context: the target's value, what follows the ways out of the body, and what is caught."""
        if isinstance(manager, Manager):
            return self.known_manager(manager)
        exit = self.attribute_of_class(manager, "__exit__")
        value = self.call(self.attribute_of_class(manager, "__enter__"), (), {})

        def finish(leaf: Leaf) -> End:
            error = leaf.value if leaf.kind == "throw" else None
            if error is None and "@" in leaf.kind:
                error = Object(self.new(Entries(("args",), (TupleV(()),))), GeneratorExit)
            args = (NONE, NONE, NONE) if error is None else (Static(error.cls), error, NONE)
            suppressed = self.call(exit, args, {})
            if leaf.kind != "throw":
                return self.resume(leaf)
            known = self.truth(suppressed)
            if known is not None:
                return Leaf("fall", self.state) if known else self.resume(leaf)
            return self.split(self.condition(suppressed), [lambda _: Leaf("fall", self.state)], [lambda _: self.resume(leaf)])

        return value, finish, Catching((BaseException,), not (isinstance(manager, Object) and _lets_pass(manager.cls)))

    def attribute_of_class(self, manager: Value, name: str) -> Value:
        """A special method, which Python looks up in the class."""
        if isinstance(manager, Object) and not hasattr(manager.cls, name):
            self.refuse(f"{describe(manager)} is used as a context manager", f"its class has no `{name}`", "use a context manager")
        return self.attribute(manager, name)

    def known_manager(self, manager: Manager) -> tuple[Value, Callable[[Leaf], End], Catching | None]:
        args, keywords = manager.parts
        assert isinstance(args, TupleV) and isinstance(keywords, DictV)
        if manager.kind == "errstate":
            return NONE, self.errstate(keywords), None
        if manager.kind == "suppress":
            classes = self.static(args, "the class of an exception")
            return NONE, lambda leaf: self.suppressed(leaf, classes), Catching(classes)
        entries = self.state.heap[keywords.slot]
        assert isinstance(entries, Entries)
        result = args.items[0] if args.items else entries.get("enter_result") if "enter_result" in entries.keys else NONE
        if manager.kind == "nothing" and "record" in entries.keys and self.truth(entries.get("record")) is not False:
            self.refuse("warnings are recorded", "which warnings there are is only known when the program runs", "record them around the gradient call")
        if manager.kind == "null":
            return result, self.resume, None
        self.quiet += 1

        def finish(leaf: Leaf) -> End:
            self.quiet = quiet
            return self.resume(leaf)

        quiet = self.quiet - 1
        return NONE, finish, None

    def suppressed(self, leaf: Leaf, classes: tuple[type, ...]) -> End:
        if leaf.kind == "throw" and issubclass(leaf.value.cls, classes):
            return Leaf("fall", self.state)
        return self.resume(leaf)

    def errstate(self, keywords: DictV) -> Callable[[Leaf], End]:
        """Change what floating-point errors do; what follows the body changes it back."""
        entries = self.state.heap[keywords.slot]
        assert isinstance(entries, Entries)
        wanted = {key: self.static(value, "what a floating-point error does") for key, value in zip(entries.keys, entries.values)}
        if not set(wanted) <= set(_ERRORS):
            self.refuse("`np.errstate` with `call`", "the function is called by NumPy", "leave it out")
        kept = self.floating
        mode = {name: wanted.get("all") for name in _ERRORS[1:]} | {k: v for k, v in wanted.items() if k != "all"}
        raising = {name for name in _ERRORS[1:] if mode[name] == "raise" or (mode[name] is None and name in kept)}
        old = self.b.emit("np.seterr", *(Lit(wanted.get(name)) for name in _ERRORS), hint="errors")
        self.set_floating(frozenset(raising))

        def finish(leaf: Leaf) -> End:
            self.set_floating(kept)
            self.b.emit("rt.set_errors", old)
            return self.resume(leaf)

        return finish

    def set_floating(self, raising: frozenset[str]) -> None:
        self.floating = raising
        if self.witness is not None:
            self.witness.raising = raising

    # -- contextlib.contextmanager ---------------------------------------------------------------------------------

    def with_generator(self, manager: Manager, item: ast.withitem, body: Callable[[], End], rest: list[Any]) -> End | None:
        """A function that yields once: the body is executed in the place of the `yield`."""
        given = manager.parts[0]
        assert isinstance(given, TupleV)
        function, args, keywords = given.items
        entries = self.state.heap[keywords.slot]  # type: ignore[union-attr]
        assert isinstance(entries, Entries)
        generator = self.call(function, self.iterate(args), dict(zip(entries.keys, entries.values)))
        if not isinstance(generator, Generator):
            self.refuse(f"{describe(function)} is used as a context manager", "it does not yield", "let it yield once")
        self.numbers += 1
        pending, outer, around, loop = f"%pending{self.numbers}", self.current, self.context(), self.loop
        self.frame()[pending] = NONE

        def on_yield(value: Value) -> End:
            catching = self.catching
            with self.inside(around):
                self.catching = catching  # exceptions of the body are raised at the `yield`
                self.loop = None if loop is None else self.plain_loop()
                if item.optional_vars is not None:
                    self.assign(item.optional_vars, value)
                end = self.block(body)
            for leaf in leaves(end):
                if leaf.kind in ("return", "break", "continue"):
                    leaf.state.frames[outer][pending] = Static(leaf.kind)
            return relabelled(end, dict.fromkeys(("return", "break", "continue"), "fall"))

        self.take(generator)
        end = self.block(lambda: self.run_generator(generator, on_yield))
        end = self.continued(end, {"fall": lambda leaf: self.go_on(self.frame().pop(pending))})
        return self.proceed(end, rest)

    def go_on(self, pending: Value) -> End:
        """How the body was left, after the rest of the generator."""
        if isinstance(pending, Static):
            return Leaf("fall" if pending.value is None else str(pending.value), self.state)
        if not isinstance(pending, Select):
            self.refuse("a `with` block is left in different ways", "which it is is only known when the program runs", "leave it in one way")
        then, orelse = pending.then, pending.orelse
        return self.split(pending.condition, [lambda _: self.go_on(then)], [lambda _: self.go_on(orelse)])


def _lets_pass(cls: type) -> bool:
    """Whether a manager's `__exit__` certainly lets exceptions pass, and nobody can tell whether it was executed before the program fails."""
    method, _ = raw(cls, "__exit__")
    if isinstance(method, Inner):  # of a class that is defined inside
        return False
    try:
        node = read(method).node
    except SourceUnavailableError:
        return False
    returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
    return isinstance(node, ast.FunctionDef) and harmless([s for s in node.body if not isinstance(s, ast.Return)]) and all(
        v is None or (isinstance(v, ast.Constant) and not v.value) for v in returned)


__all__ = ["Closure", "Contexts", "Node", "Num", "Operand", "Split"]
