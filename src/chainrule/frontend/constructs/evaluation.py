"""The value of an expression: the method for its kind, and what the methods need that later classes give."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.build import type_of
from ...ir.nodes import Arg
from ...ir.probe import CannotProbe
from ...ir.types import Opaque
from ...rules import registry
from ..execution.state import Frame
from ..execution.values import (
    Num,
    Select,
    Value,
)
from .exceptions import Exceptions
from .refused import REFUSED_EXPRESSIONS


class Evaluation(Exceptions):
    """Evaluates expressions; each kind has a method `eval_...`."""

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

    # -- given by the classes that build on it ---------------------------------------------------------------------

    def lookup(self, name: str) -> Value:
        raise NotImplementedError

    def bind_around(self, name: str, value: Value) -> None:
        raise NotImplementedError

    def bind_name(self, name: str, value: Value) -> None:
        raise NotImplementedError

    def text_operator(self, op: str, a: Value, b: Value) -> Value | None:
        raise NotImplementedError

    def pick_dynamic(self, items: tuple[Value, ...], index: Num) -> Value:
        raise NotImplementedError

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

    def binary(self, op: str, a: Value, b: Value) -> Value:
        raise NotImplementedError

    def both(self, first: Value, second: Callable[[], Value], *, is_and: bool) -> Value:
        raise NotImplementedError


def is_float(value: Any) -> bool:
    return isinstance(value, (float, complex, np.generic))


def is_opaque(value: Value) -> bool:
    return isinstance(value, Num) and isinstance(type_of(value.operand), Opaque)


__all__ = ["Evaluation", "is_float", "is_opaque"]
