"""What types leave open, values decide: the part of the machine that makes a program for the path of one call.

Statements of the outermost block are executed as they are made (`witness`). `decide` gives a value of this call, and has the
program check, when it runs, that it is the same again. Inside a loop or a branch that is not executed by values nothing can be
decided; the refusal then says which one it is (`region`), and `lower` begins again with that one executed by values.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from ...ir.build import Builder
from ...ir.nodes import Arg, Let, Lit, Make, Program, Seq, Stmt, Var
from ...ir.ops import OPS
from ...ir.types import BOOL, Array, Opaque, Scalar, Tuple, Type, unknown_extent
from ...rules.custom import expected
from ...rules.effects import class_name
from ...runtime.custom import Checked, Expected
from ...runtime.record import same
from ...structure import flatten, is_plain
from .exits import Exits, Region, Unreachable
from .values import Num, Select, Static, TupleV, Value
from .witness import Concrete, Happened, Witness, Written, copy_arrays, place_of


class Deciding(Exits):
    b: Builder
    outermost: Builder
    finished: list[Program]
    local_classes: dict[type, Any]
    ever_written: set[int]

    def __init__(self) -> None:
        super().__init__()
        self.ruling: list[Any] = []  # functions with a rule of the user's that are being executed: their derivatives are the rules'
        self.forward: list[Any] = []  # those of them whose value is being computed
        self.probing: list[Any] = []  # functions that are being executed for the types of their results
        self.externals: list[Checked] = []  # functions that the program calls as they are
        self.looked: tuple[Any, Any, Any] | None = None  # a function that has been called to see what it returns, what it was given, and what it has returned
        self.witness: Witness | None = None  # the values of one call, where the program is made for its path
        self.concrete = Concrete()  # what is executed by values
        self.trying = 0  # whether what is executed may raise what a handler catches
        self.retries = False  # the program depends on what does not raise an exception
        self.by_layout = False  # the program depends on how arrays lie in memory
        self.tokens: dict[int, Any] = {}  # by slot: what stands for objects as keys
        self.standing: dict[int, tuple[Any, Value]] = {}  # by identity: keys, and the objects that they stand for
        self.origins: dict[int, tuple[Any, Arg]] = {}  # numbers that are keys or elements: the object, and the Var that it was

    def refuse(self, what: str, why: str, remedy: str, node: ast.AST | None = None) -> Any:
        raise NotImplementedError

    def operand(self, value: Value) -> Arg:
        raise NotImplementedError

    def wrap(self, operand: Arg) -> Value:
        raise NotImplementedError

    # -- decisions -----------------------------------------------------------------------------------------

    def decide(self, value: Value, what: str, *, kept: bool = False) -> Any:
        """The value that something has in this call; the program then serves only the calls in which it has the same.

        kept: a number that carries a derivative is not lost: the caller remembers where it came from.
        """
        if isinstance(value, Static):
            return value.value
        operand = self.operand(value)
        if isinstance(operand, Lit):
            return operand.value
        if self.witness is None or not self.witness.knows(operand):
            self.refuse(f"{what} must be known before the program runs", "its value depends on computed numbers",
                        "pass it as an argument or a constant")
        assert self.witness is not None
        found = self.witness.value(operand)
        if not kept and has_derivative(found) and self.witness.carries(operand):
            self.refuse(f"{what} is a number that is differentiated", "it must be known before the program runs, and would lose its derivative",
                        "compute with it in arrays, lists or tuples")
        with self.at_outermost():
            if isinstance(found, (bool, np.bool_)):
                self.expect(operand, bool(found))
            elif isinstance(found, (int, str, np.integer)):
                self.expect(self.b.emit("==", operand, found, type=BOOL), True)
            elif ("expect_same", id(operand)) not in self.b.scopes[0].known:
                self.b.scopes[0].known["expect_same", id(operand)] = operand  # type: ignore[assignment]
                self.b.effect("rt.expect_same", operand, Lit(found))
        return found

    def hashed(self, value: Value, what: str) -> Any:
        """A key of a dictionary or an element of a set, as a Python object. `held` gives it back as a value."""
        if isinstance(value, TupleV):
            items = tuple(self.hashed(item, what) for item in value.items)
            return items if value.cls is None else value.cls._make(items)  # type: ignore[attr-defined]
        if isinstance(value, Select) and self.at_top() and self.witness is not None and self.witness.knows(value.condition):
            return self.hashed(value.then if self.decide_truth(value.condition) else value.orelse, what)
        if self.witness is None or not isinstance(value, Num) or not self.witness.knows(value.operand) or not self.witness.carries(value.operand):
            return self.static(value, what)
        found = self.decide(value, what, kept=True)
        if has_derivative(found):
            found = found * 1  # an object of its own
            self.origins[id(found)] = found, value.operand
        return found

    def held(self, key: Any) -> Value:
        """A key of a dictionary or an element of a set, as a value."""
        if id(key) in self.standing:
            if len(getattr(key, "objects", ())) > 1:
                self.refuse("an object that is a key is read out of the dictionary or the set", "which one of several equal ones it is, is not known",
                            "keep the objects in a list, or as values")
            return self.standing[id(key)][1]
        if id(key) in self.origins:
            return self.wrap(self.origins[id(key)][1])
        if isinstance(key, tuple) and self.holds_origin(key):
            return TupleV(tuple(map(self.held, key)), None if type(key) is tuple else type(key))
        return Static(key)

    def holds_origin(self, value: Any) -> bool:
        """Whether there is a number with a derivative, or an object, in a key or in a set of them."""
        return id(value) in self.origins or id(value) in self.standing or (
            isinstance(value, (tuple, set, frozenset)) and any(map(self.holds_origin, value)))

    def static(self, value: Value, what: str) -> Any:
        raise NotImplementedError

    def decide_truth(self, condition: Arg) -> bool:
        """Which way this call goes; the program then serves only the calls that go the same way."""
        assert self.witness is not None
        if isinstance(condition, Lit):
            return bool(condition.value)
        try:
            holds = bool(self.witness.value(condition))
        except ValueError:  # the truth of an array: it raises when the program runs, too
            self.b.effect("rt.expect", condition)
            raise Unreachable from None
        self.expect(condition, holds)
        return holds

    def expect(self, condition: Arg, holds: bool) -> None:
        """Check, when the program runs, that a condition holds (or does not)."""
        if isinstance(condition, Lit):
            return
        known = self.b.scopes[0].known
        key = ("expect", id(condition), holds)
        if key not in known:
            known[key] = condition  # type: ignore[assignment]
            self.b.effect("rt.expect", condition if holds else self.b.emit("not", condition))

    def at_top(self) -> bool:
        """Whether we are in the outermost block, whose statements are executed."""
        return self.b is self.outermost and len(self.b.scopes) == 1

    def is_concrete(self) -> bool:
        """Whether what stands here is executed by values: the way that this call goes, and no other."""
        return self.witness is not None and self.at_top() and self.node is not None and place_of(self.node, self.source.file) in self.concrete

    @contextmanager
    def at_outermost(self) -> Iterator[None]:
        """Emit into the outermost block, before the loop or branch that we are in."""
        kept, self.b = self.b, self.outermost
        try:
            with self.b.reopen(self.b.scopes[:1]):
                yield
        finally:
            self.b = kept

    # -- the world outside -----------------------------------------------------------------------------------

    def perform(self, function: Value, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """Call something that carries no derivative and that the compiler cannot look into: once, in order, with real values."""
        return self._perform(function, "py.perform", (function,), args, keywords)

    def perform_method(self, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """The same for a method of an object that the compiler cannot look into."""
        called = self.witness.value(self.operand(owner)) if name == "__call__" and self.witness is not None and self.witness.knows(self.operand(owner)) else name
        return self._perform(Static(called), "py.effect_method", (owner, Static(name)), args, keywords)

    def _perform(self, function: Value, op: str, first: tuple[Value, ...], args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        if self.witness is None or not self.at_top():
            self.no_rule(function)
        assert self.witness is not None
        operands = [self.operand(a) for a in args]
        named = {key: self.operand(value) for key, value in keywords.items()}
        if any(map(self.made_here, (*operands, *named.values()))):
            self.refuse("an object is given to a function that the compiler cannot look into", "its class is defined inside, and Python cannot call its methods",
                        "define the class outside")
        called = [self.operand(value) for value in first]
        carried = any(self.witness.carries(o) for o in (*called, *operands, *named.values()))
        if self.ruling and op == "py.perform" and carried and (known := self.known_external(called[0], operands, named)) is not None:
            return known
        try:
            result = self.b.emit(op, *called, Seq(tuple(operands)), Make(dict, tuple(named), tuple(named.values())))
        except Written:
            self.refuse_writing()
        if not isinstance(result, Var):
            return Static(result.value)
        found = self.witness.value(result)
        carrying = [o for o in (*called, *operands, *named.values()) if self.witness.carries(o)]
        if holds_floats(found) and carrying:
            if any(isinstance(self.witness.value(o), (str, bytes)) for o in carrying):
                self.refuse("a number is read from a text that was made of numbers with a derivative", "the text has none", "keep the number beside its text")
            self.no_rule(function)
        return self.performed(result, found, bool(carrying))

    def refuse_writing(self) -> NoReturn:
        self.refuse("a function that the compiler cannot look into writes into its argument", "what it writes has no derivative that is known", "let it return its result")
        raise AssertionError

    def look(self, function: Any, args: Sequence[Arg], named: dict[str, Arg]) -> Any:
        """What a function returns in this call: it is called to see that, and, with the same arguments, not again for its value."""
        assert self.witness is not None
        given, keywords = [self.witness.value(arg) for arg in args], {key: self.witness.value(arg) for key, arg in named.items()}
        before = copy_arrays([given, keywords])

        def action() -> tuple[Any, bool]:
            result = function(*given, **keywords)
            if not same(before, [given, keywords]):
                raise Written
            own = not any(np.may_share_memory(one, other) for one in arrays_in(result) for other in arrays_in([given, keywords]))
            return copy_arrays(result), own

        found, own = action() if self.witness.record is None else self.witness.record.look(action)
        self.looked = (function, before, found) if own else None
        return found

    def as_it_is(self, function: Any, name: str, types: tuple[Expected, ...], single: bool) -> Any:
        """A function that the program calls as it is, for results of these types."""
        checked = Checked(function, name, types, single)
        checked.apart = not self.at_top() and bool(self.ever_written)  # in a loop, what has been written may be what is written next
        if self.looked is not None and self.looked[0] is function and self.witness is not None:
            times = 1 if self.witness.record is None else 2  # for the witness, and when the program runs
            checked.known.extend((self.looked[1], copy_arrays(self.looked[2])) for _ in range(times))
        self.looked = None
        self.externals.append(checked)
        return checked

    def known_external(self, function: Arg, args: list[Arg], named: dict[str, Arg]) -> Value | None:
        """A function that nobody can look into, called where a rule says what the derivative is: a call gives numbers of known types.
        None where it gives something else."""
        assert self.witness is not None
        if not isinstance(function, Lit) or not all(map(self.witness.knows, (*args, *named.values()))):
            return None
        try:
            found = self.look(function.value, args, named)
        except Written:
            self.refuse_writing()
        except Exception:  # the statement will raise it
            return None
        items = found if type(found) is tuple else (found,)
        types = tuple(map(type_of_value, items))
        if not has_derivative(items[0]) or not all(isinstance(t, (Array, Scalar)) for t in types):
            self.witness.looked, self.looked = self.looked, None
            return None
        checked = self.as_it_is(function.value, str(getattr(function.value, "__name__", "function")), tuple(map(expected, types)), items is not found)
        out = self.b.emit("py.external", Lit(checked), Seq(tuple(args)), Make(dict, tuple(named), tuple(named.values())), type=types[0] if items is not found else Tuple(types))
        if items is not found:
            return self.wrap(out)
        return TupleV(tuple(self.wrap(self.b.emit("item", out, k, type=t)) for k, t in enumerate(types)))

    def performed(self, result: Var, found: Any, carried: bool) -> Value:
        """What `perform` returned, as a value. carried: an argument carries a derivative."""
        type = type_of_value(found)
        if builtins.type(found) is tuple and any(isinstance(item, (np.ndarray, tuple)) for item in found):  # its items are read when the program runs
            self.expect(self.b.emit("==", self.b.emit("len", result), Lit(len(found)), type=BOOL), True)
            items = [self.b.emit("item", result, Lit(n), type=type_of_value(item)) for n, item in enumerate(found)]
            return TupleV(tuple(self.performed(item, part, carried) if isinstance(item, Var) else Static(part) for item, part in zip(items, found)))
        if isinstance(type, Opaque):
            plain = found is None or isinstance(found, (str, bytes, bool, list, tuple, dict, set, frozenset, range))
            if isinstance(found, (str, bytes)) and carried:
                plain = False  # numbers may be read out of it again: it must be seen where it comes from
            if plain:
                return self.of_python(copy.deepcopy(self.decide(self.wrap(result), "the result of this call")))
            return self.wrap(self.b.emit("rt.expect_kind", result, Lit(found.__class__), Lit(None), Lit(None), type=type))
        dtype, dimensions = (found.dtype, found.ndim) if isinstance(found, np.ndarray) else (None, None)
        return self.wrap(self.b.emit("rt.expect_kind", result, Lit(found.__class__), Lit(dtype), Lit(dimensions), type=type))

    def is_data_of(self, owner: Value, name: str) -> bool:
        """Whether this attribute of an object that the compiler cannot look into is known to be no method."""
        operand = self.operand(owner)
        if self.witness is None or not self.witness.knows(operand):
            return False
        held = self.witness.value(operand)
        return not is_plain(held.__class__) and not isinstance(held, tuple) and not callable(getattr(held, name, callable))

    def of_python(self, value: Any) -> Value:
        """What Python has made of known objects, as a value."""
        raise NotImplementedError

    def made_here(self, arg: Any) -> bool:
        """Whether it holds an object of a class that is defined inside."""
        if isinstance(arg, Make) and arg.cls in self.local_classes:
            return True
        return isinstance(arg, (Make, Seq)) and any(map(self.made_here, arg.items))

    def no_rule(self, function: Value) -> Any:
        """Refuse a function that has neither a rule nor source."""
        raise NotImplementedError

    # -- watching -----------------------------------------------------------------------------------------------

    def watch(self, stmt: Stmt) -> None:
        """Execute a statement of the outermost block with the values of this call."""
        assert self.witness is not None
        try:
            self.witness.execute(stmt, self.finished)
        except Happened as happened:
            if not self.trying:
                out = stmt.out if isinstance(stmt, Let) else next(iter(getattr(stmt, "outs", ())), None)
                if out is None and not isinstance(stmt, Let):
                    self.refuse("an exception is raised in a branch or a loop of which nothing is used", "it would be left out, and the exception with it",
                                "raise it outside")
                if out is not None:
                    self.b.stmts.append(Let(None, "py.evaluate", (out,), self.b.span))  # though nobody needs its value
                    self.b.stmts.append(Let(None, "rt.expect", (Lit(False),), self.b.span))  # here a call ends that raises
                raise Unreachable from None
            if not isinstance(stmt, Let):
                self.refuse("an exception is raised in a loop or in a branch", "where, is only known when the program runs",
                            "handle it where it is raised")
            assert isinstance(stmt, Let)
            self.b.stmts.pop()
            raised = self.b.emit("rt.raised", Lit(type(happened.error)), Lit(OPS[stmt.op].run), Seq((Seq(stmt.args),)))
            raise Happened(happened.error, self.wrap(raised)) from None


def arrays_in(value: Any) -> list[np.ndarray]:
    """The arrays in a value, also in containers and objects."""
    return [leaf for leaf in flatten(value, objects=True)[0] if isinstance(leaf, np.ndarray)]


def holds_floats(value: Any) -> bool:
    """Whether a value may hold what has a derivative."""
    if value is None or isinstance(value, (str, bytes, int, np.integer, np.bool_, range)):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in "biuSU"
    if type(value) in (list, tuple, set, frozenset):
        return any(map(holds_floats, value))
    if type(value) is dict:
        return any(map(holds_floats, value.values()))
    return True


def has_derivative(value: Any) -> bool:
    """Whether a value is a number or an array of them that may carry a derivative."""
    return isinstance(value, (float, complex, np.inexact)) or (isinstance(value, np.ndarray) and value.dtype.kind in "fc")


def type_of_value(value: Any) -> Type:
    """The type of a value that only one call has shown: nothing is known of extents."""
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return Array(str(value.dtype), tuple(unknown_extent() for _ in value.shape))
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return Scalar(str(value.dtype))
    if type(value) in (bool, int, float, complex):
        return Scalar({bool: "bool", int: "int64", float: "float64", complex: "complex128"}[type(value)], weak=True)
    return Opaque(class_name(type(value)) or type(value).__name__)


__all__ = ["Deciding", "Region"]
