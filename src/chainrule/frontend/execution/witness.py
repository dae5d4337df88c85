"""One call's values -> what a program made for this call knows of them.

Where types do not decide what a function does, its program is made for the path that one call takes: the statements of the
outermost block are executed as they are made, on the real values. What is then decided by a value (`Machine.decide`) is checked
when the program runs. Loops and branches that types do decide stay what they are: only the places that need it are executed by
values (`Concrete`), found by lowering again until nothing is refused.
"""

from __future__ import annotations

import ast
import dataclasses
import warnings
from typing import Any

import numpy as np

from ...ir.interpret import Interpreter, value_of
from ...ir.nodes import Arg, Block, Let, Make, Program, Pullback, Seq, Stmt, Var, Yield, variables
from ...ir.ops import OPS
from ...ir.types import List, Opaque, Tuple, Type, differentiable
from ...ir.walk import uses
from ...rules import random
from ...runtime.record import Record, same
from ...structure import attributes, is_object
from ..calling.rehearsal import Rehearsal

LIMIT = 10_000  # statements; more would take half a minute to compile, for one path
_LEAVING = (ast.Break, ast.Continue, ast.Return, ast.Raise)
_BRANCHES = (ast.If, ast.With, ast.Try, ast.Match)
_INTERNAL = frozenset({"rt.expect", "rt.expect_same", "rt.raised"})
_OF_THE_PROGRAM = ("push", "pop", "call", "py.raise", "py.evaluate", "np.seterr", "surgery")  # nobody outside sees them: they are done each time it runs


class Concrete:
    """The loops and branches that are executed by values."""

    def __init__(self, everything: bool = False) -> None:
        self.everything = everything
        self.places: set[Any] = set()

    def __contains__(self, place: Any) -> bool:
        return self.everything or place in self.places

    def add(self, node: ast.AST | None, file: str) -> bool:
        """Add a place, and what leads out of it; everything if that does not help. False where there is nothing to add."""
        if self.everything:
            return False
        place = None if node is None else place_of(node, file)
        if place is None or place in self.places or len(self.places) > 60:
            self.everything = True
            return True
        assert node is not None
        self.places.add(place)
        for inner in ast.walk(node):
            if isinstance(inner, (*_BRANCHES, ast.For, ast.While)) and any(isinstance(n, _LEAVING) for n in ast.walk(inner)):
                if (found := place_of(inner, file)) is not None:
                    self.places.add(found)
        return True


def place_of(node: ast.AST, file: str) -> Any:
    """Equal for the same piece of source, also where it has been read twice."""
    return (file, type(node).__name__, node.lineno, node.col_offset) if hasattr(node, "lineno") and hasattr(node, "col_offset") else None


def may_carry(type: Type) -> bool:
    """Whether values of this type may hold what has a derivative: also objects that nobody looks into, and lists of them."""
    if isinstance(type, Tuple):
        return any(map(may_carry, type.items))
    return may_carry(type.element) if isinstance(type, List) else isinstance(type, Opaque) or differentiable(type)


class Happened(Exception):
    """A statement raises, in this call: `error` is what it raises."""

    def __init__(self, error: Exception, value: Any = None) -> None:
        self.error = error
        self.value = value  # the exception, as a value of the program
        super().__init__(error)


class Unperformed(Exception):
    """The path depends on the result of an action, and nothing is to be done: only the source is wanted."""


class Written(Exception):
    """A function that is called for its value or its effect writes into an argument."""


class TooLong(Exception):
    """The path of this call has too many statements."""


class Witness(Interpreter):
    """The values that the Vars of the outermost block have in one call."""

    def __init__(self, record: Record | None) -> None:
        super().__init__({})
        self.env: dict[Var, Any] = {}
        self.record = record
        self.rehearsal = Rehearsal()
        self.count = 0
        self.looked: tuple[Any, Any, Any] | None = None  # a function that has just been called (see `Deciding.look`)
        self.raising: frozenset[str] = frozenset()  # the floating-point errors that are raised (np.errstate)
        self.carrying: set[Var] = set()  # what may carry a derivative: computed from the arguments that are differentiated

    def knows(self, arg: Arg) -> bool:
        return all(var in self.env for var in variables(arg))

    def value(self, arg: Arg) -> Any:
        return value_of(arg, self.env)

    def execute(self, stmt: Stmt, callees: list[Program]) -> None:
        """Execute a statement of the outermost block. Raises Happened with what it raises."""
        self.count += 1
        if self.count > LIMIT:
            raise TooLong
        if isinstance(stmt, Let) and (stmt.op in _INTERNAL or stmt.op == "py.raise"):
            if stmt.op == "rt.raised" and stmt.out is not None:
                function, args = (self.value(arg) for arg in stmt.args[1:])
                try:
                    with self.settings():
                        function(*args)
                except Exception as error:
                    self.env[stmt.out] = error.with_traceback(None)
            return
        if isinstance(stmt, Let) and stmt.op in ("np.seterr", "rt.set_errors", "rt.set_global", "py.evaluate"):
            if stmt.out is not None:
                self.env[stmt.out] = np.geterr()
            return
        self.callees.update((program.name, program) for program in callees)
        with warnings.catch_warnings(), self.settings():
            warnings.simplefilter("ignore")
            try:
                self.stmt(stmt, self.env)
            except (RecursionError, Unperformed, Written):
                raise
            except Exception as error:
                raise Happened(error) from None

        self.spread(stmt)

    def settings(self) -> np.errstate:
        """What floating-point errors do here."""
        return np.errstate(**{name: "raise" if name in self.raising else "ignore" for name in np.geterr()})  # type: ignore[arg-type]

    def spread(self, stmt: Stmt) -> None:
        """Note which results of a statement may carry a derivative."""
        if isinstance(stmt, Let):
            results: tuple[Var, ...] = () if stmt.out is None else (stmt.out,)
            read = any(var in self.carrying for arg in stmt.args for var in variables(arg))
        else:
            results = () if isinstance(stmt, Pullback) else stmt.outs
            read = any(var in self.carrying for var in uses(Block((), (stmt,), Yield(()))))
        if read:
            self.carrying.update(var for var in results if may_carry(var.type))
            if isinstance(stmt, Let) and OPS[stmt.op].effect and stmt.op.startswith("py."):  # it may keep what it is given in another argument
                self.carrying.update(var for arg in stmt.args for var in variables(arg) if may_carry(var.type) and not differentiable(var.type))

    def carries(self, arg: Arg) -> bool:
        return any(var in self.carrying for var in variables(arg))

    def let(self, stmt: Let, env: dict[Var, Any]) -> Any:
        if stmt.op == "rt.set_global":  # not yet: the program sets it
            return None
        if not OPS[stmt.op].effect or stmt.op in _OF_THE_PROGRAM or stmt.op.startswith("rt."):
            return super().let(stmt, env)
        if self.record is None and stmt.op in random.HARMLESS:
            return self.rehearsal.result(OPS[stmt.op].run(tuple(self.rehearsal.arguments([value_of(arg, env) for arg in stmt.args]))))
        if self.record is None and stmt.op != "py.call":  # nothing is going to run
            if stmt.out is not None:
                raise Unperformed
            return None
        if self.record is None:
            return super().let(stmt, env)
        args = [value_of(arg, env) for arg in stmt.args]
        if stmt.op == "py.perform":
            args = [copy_arrays(arg) for arg in args]

        def action() -> Any:
            if stmt.op != "py.perform":
                return OPS[stmt.op].run(tuple(args))
            before = copy_arrays(args), copy_arrays(made_here(stmt.args, args))
            looked, self.looked = self.looked, None
            result = OPS[stmt.op].run(tuple(args)) if looked is None or looked[0] is not args[0] else looked[2]
            if not same(before[0][1:], args[1:]) or not same(before[1], made_here(stmt.args, args)):
                raise Written
            return result

        if stmt.out is not None:
            return self.record.perform(action)
        self.record.defer(action)
        return None


def made_here(arg: Any, value: Any) -> Any:
    """The attributes of objects that are made for a call only: what is written there would be lost."""
    if isinstance(arg, Make):
        own = dict(attributes(value)) if is_object(arg.cls) or dataclasses.is_dataclass(arg.cls) else None
        return [own, *(made_here(item, value.get(key) if arg.cls is dict else getattr(value, key, None)) for key, item in zip(arg.keys, arg.items))]
    items = arg.items if isinstance(arg, Seq) else arg if isinstance(arg, tuple) else ()
    return [made_here(item, part) for item, part in zip(items, value)] if items else None


def copy_arrays(value: Any) -> Any:
    """The value, with arrays of its own also in containers."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copy_arrays, value))
    if type(value) is dict:
        return {key: copy_arrays(item) for key, item in value.items()}
    return value


__all__ = ["Concrete", "Happened", "TooLong", "Unperformed", "Witness", "Written", "place_of"]
