"""Rules that users state: what a program holds of them, and the functions for which they are stated.

    y = ruled((v,), (x,), ((x, Result(0)),), rule)

`v` is the value, however it was computed; y is the same value, and its derivative is the rule's: none goes through v. A rule is a tuple of pieces, each
a block of its own: from cotangents of the results to those of some inputs, or from tangents of some inputs to those of the results, or to a partial
derivative. Whatever else a piece reads is given to it as further arguments, where `Result(k)` stands for the k-th result. What a rule states for one
mode serves the other one as its transpose (`transform/custom`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import BuiltinMethodType, MethodType, MethodWrapperType
from typing import Any

from ..ir.nodes import Arg, Block, Let, Yield
from ..ir.ops import Op, Param, define
from ..ir.probe import type_of
from ..ir.types import OBJECT, Array, Scalar, Type, rank, same_shape
from ..ir.walk import uses
from ..runtime.custom import Expected
from .call import Call
from .registry import by_element
from .table import Row, RowError, _enter, linear


@dataclass(frozen=True)
class Result:
    """In the place of an argument of a piece: the k-th result of the function."""

    number: int


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a rule, as a block of its own.

    kind:    "vjp": the first parameters are the cotangents of the results, and it yields one contribution for each of `inputs`;
             "jvp": they are the tangents of `inputs`, and it yields the tangents of the results, which add up;
             "partial": it yields the partial derivatives of the only result with respect to `inputs`, element by element.
    moving:  how many parameters these are; those that follow are given by the statement.
    """

    kind: str
    block: Block
    inputs: tuple[int, ...]
    moving: int


@dataclass(frozen=True, eq=False)
class Rule:
    """The derivative of one call of a function: the function's name and those of its inputs, as errors give them, and the pieces. hidden: how many inputs, the
    last ones, are none of its arguments. by_element: each element of the result depends on one of each input. unsure: what the function returns may not be what it is taken for."""

    name: str
    inputs: tuple[str, ...]
    pieces: tuple[Piece, ...]
    by_element: bool = False
    unsure: bool = False
    hidden: int = 0


def as_shaped(g: Arg, like: Arg) -> Type:
    """The dtype of one value, the shape of another one."""
    have, want = type_of(g), type_of(like)
    return Array(have.dtype, want.shape) if isinstance(want, Array) and isinstance(have, (Array, Scalar)) else have


def _not_here(let: Let, call: Call) -> None:
    raise RowError("the derivative of a function with a rule of the user's", "it is computed elsewhere")


define(Op("ruled", tuple(map(Param, ("values", "inputs", "given", "rule"))), lambda values, *_: values[0] if len(values) == 1 else values, lambda *_: OBJECT, cheap=False))
_enter(Row("ruled", "structural", pull=_not_here, pole=True, constant=frozenset(("values", "given", "rule"))))


def is_diagonal(piece: Piece, inputs: tuple[Arg, ...], values: tuple[Arg, ...]) -> bool:
    """Whether each element of the result depends on one of each input: what is done to cotangents, or to tangents, is done element by element, and all have one shape."""
    if len(values) != 1 or any(not same_shape(type_of(inputs[k]), type_of(values[0])) for k in piece.inputs):
        return False
    if piece.kind == "partial":
        return True
    depend = set(piece.block.params[:piece.moving])
    for stmt in piece.block.stmts:
        if depend.intersection(uses(Block((), (stmt,), Yield(())))):
            if not isinstance(stmt, Let) or stmt.out is None or not (by_element(stmt.op) or stmt.op == "rt.shaped_like"):
                return False
            depend.add(stmt.out)
    return True


linear("rt.shaped_like(g, like, what) -> y", op={"views": (0,), "infer": lambda g, like, what: as_shaped(g, like)}, g="y_bar", like="0.0", what="0.0")

# -- functions that are called as they are --------------------------------------------------------------------------


def expected(type: Type, shape_of: int | None = None) -> Expected:
    """How it is checked that a result has this type."""
    assert isinstance(type, (Array, Scalar))
    return Expected(type.dtype, rank(type), isinstance(type, Scalar), shape_of, convert=True)


def _no_rule(let: Let, call: Call) -> Any:
    function = getattr(let.args[0], "value", None)
    name = getattr(function, "__name__", "a function")
    raise RowError(f"the derivative of `{name}`, of which no rule is known", "a rule calls it, and chainrule does not know how its result depends on its arguments",
                   f"state its derivative with chainrule.defvjp({name}, ...)", certain=True)


def _called(function: Any, args: Any, keywords: Any) -> Any:
    return function(*args, **(keywords or {}))


define(Op("py.external", tuple(map(Param, ("function", "args", "keywords"))), _called, lambda *_: OBJECT, fresh=True, cheap=False))
_enter(Row("py.external", "structural", pull=_no_rule, push=_no_rule, pole=True, constant=frozenset(("function",))))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Stated:
    """A function that gives a part of a derivative, and what it takes: ("bar", k), the cotangent of the k-th result; ("result", k), that itself;
    ("parameter", i); ("dot", i), the tangent of the i-th parameter."""

    kind: str  # as that of a Piece
    function: Any
    takes: tuple[tuple[str, int], ...]


@dataclass(eq=False)
class Declaration:
    """What is stated about a function that is called as it is.

    parameters: its parameters, as the rules call them; names: the parameters by all names that a call may use.
    vjps, jvps: the statements by the number of the parameter that they belong to; -1 for all of them together. None: zero.
    likes:      what shape and dtype the result has: the name of a parameter, an example, or a function of the arguments.
    """

    function: Any
    name: str
    parameters: tuple[str, ...]
    names: dict[str, int]
    defaults: dict[int, Any]
    results: tuple[str, ...]
    single: bool = True
    positional: int | None = None  # how many parameters can be given by position; None: all
    vjps: dict[int, Stated | None] = field(default_factory=dict)
    jvps: dict[int, Stated | None] = field(default_factory=dict)
    likes: dict[str, Any] = field(default_factory=dict)  # by the mode that it was said with
    elementwise: dict[str, bool] = field(default_factory=dict)  # likewise
    number: int = 0  # one for each declaration

    @property
    def by_element(self) -> bool:
        return any(self.elementwise.values())

    @property
    def like(self) -> Any:
        return next((like for like in self.likes.values() if like is not None), None)


DECLARED: dict[Any, Declaration] = {}
CHANGED: list[Callable[[], None]] = []  # what is to be done when a rule changes: programs compiled before are forgotten


def _key(function: Any) -> Any:
    """What a function is found by: where it is (the declaration keeps it there), as others may be equal to it; a method, which is made anew each time, by itself."""
    return function if isinstance(function, (MethodType, BuiltinMethodType, MethodWrapperType)) else id(function)


def declared(function: Any) -> Declaration | None:
    """What a user has stated about a function."""
    if not DECLARED:
        return None
    return DECLARED.get(_key(function))


def declare(declaration: Declaration) -> None:
    """State it, in the place of what was stated before."""
    DECLARED[_key(declaration.function)] = declaration
    changed()


def changed() -> None:
    """A rule has changed: programs that are compiled already hold the rule of before."""
    for forget in CHANGED:
        forget()


__all__ = ["CHANGED", "DECLARED", "Declaration", "Piece", "Result", "Rule", "Stated", "changed", "declare", "declared", "expected", "is_diagonal"]
