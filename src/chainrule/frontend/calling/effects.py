"""Calls for an effect, a text or a time: they see the values of the computation, and carry no derivative (`rules/effects` lists them)."""

from __future__ import annotations

import ast
import collections
from typing import Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Lit, Make, Seq, Var
from ...ir.types import BOOL, Opaque
from ...rules import effects, registry
from ...rules.effects import TEXT, Effect
from ..execution.state import reachable
from ..execution.values import NONE, Entries, Num, Object, Range, Static, Value
from .builtins import BUILTINS, Args, Keywords
from .calls import Calls


def visible(m: Calls, value: Value) -> Arg:
    """A value as a function sees it that may look at all of it."""
    if isinstance(value, Range):
        return m.b.emit("range", value.start, value.stop, value.step)
    if isinstance(value, Object) and issubclass(value.cls, BaseException):
        held = m.state.heap[value.slot]
        assert isinstance(held, Entries)
        if "%error" in held.keys:  # what an operation raised
            return m.operand(held.get("%error"))
        return m.b.emit("py.call", Lit(value.cls), m.operand(held.get("args")))
    return m.operand(value)


def call_for_effect(m: Calls, function: Any, effect: Effect, args: Args, keywords: Keywords) -> Value:
    """Call a function of the table."""
    return _emit(m, "py.pure" if effect.pure else "py.effect", effect, (Lit(function),), args, keywords)


def of_object(m: Calls, owner: Num, name: str, args: Args, keywords: Keywords) -> Value | None:
    """A method of an object of the table; None if it is not there."""
    effect = effects.method_effect(type_of(owner.operand), name)
    return None if effect is None else of_value(m, effect, owner.operand, name, args, keywords)


def of_value(m: Calls, effect: Effect, owner: Arg, name: str, args: Args, keywords: Keywords) -> Value:
    """A method of the table, of this object."""
    return _emit(m, "py.pure_method" if effect.pure else "py.effect_method", effect, (owner, Lit(name)), args, keywords)


def _emit(m: Calls, op: str, effect: Effect, first: tuple[Arg, ...], args: Args, keywords: Keywords) -> Value:
    given = Seq(tuple(visible(m, a) for a in args))
    named = Make(dict, tuple(keywords), tuple(visible(m, v) for v in keywords.values()))
    if effect.result == effects.NOTHING:
        m.b.effect(op, *first, given, named)
        return NONE
    return m.wrap(m.b.emit(op, *first, given, named, type=effect.result))


def text_operator(m: Calls, op: str, a: Value, b: Value) -> Value | None:
    """An operator on texts that are computed: `"%g" % x`, `s + "."`, `s == "a"`; None if there is no text."""
    if op not in ("+", "%", "*", "==", "!=", "<", "<=", ">", ">=", "in", "not in"):
        return None
    if not any(is_text(v) for v in (a, b)) and not (op == "%" and isinstance(a, Static) and isinstance(a.value, str)):
        return None
    result = m.b.emit(op, visible(m, a), visible(m, b), type=TEXT if op in ("+", "%", "*") else BOOL)
    return Num(result)


def is_text(value: Value) -> bool:
    """Whether a value is a text that is only known when the program runs."""
    return isinstance(value, Num) and type_of(value.operand) == TEXT


def text_method(m: Calls, text: str, name: str, args: Args, keywords: Keywords) -> Value | None:
    """A method of a known string with arguments that are not known; None if it is not in the table."""
    effect = effects.method_effect(Opaque("str"), name)
    return None if effect is None else of_value(m, effect, Lit(text), name, args, keywords)


# -- lists outside that a program writes messages or values into ------------------------------------------------------

_RECORDS: dict[type, set[str]] = {list: {"append", "extend", "insert"}, set: {"add", "update"}, collections.deque: {"append", "appendleft", "extend"}}
_COPIES = {"copy", "array", "astype", "flatten", "item", "tolist", "float", "int"}


def record(m: Calls, node: ast.Call) -> Value | None:
    """`history.append(v)` of a list that lives outside: done to that list, and None; anything else is not handled here."""
    function = node.func
    if not isinstance(function, ast.Attribute) or node.keywords or not any(function.attr in names for names in _RECORDS.values()):
        return None
    place = m.place_of(function.value)
    held = None if place is None else m.found_at(place)
    names = _RECORDS.get(type(held))
    if place is None or names is None or function.attr not in names:
        return None
    if m.is_read(function.value, node) or not m.may_record(held):
        m.refuse(f"`{ast.unparse(function.value)}` lives outside, and is both read and written", "the gradient call would have to follow what is in it",
                 "collect the values in a list of the function's own, and return it")
    args = [m.eval(a) for a in node.args]
    for a, value in zip(node.args, args):
        if not _is_own(a) and any(isinstance(m.state.heap[slot], Var) for slot in reachable(m.state, iter((value,)))):
            m.refuse("an array is kept outside that the program may go on to write", "what is kept would change with it", "keep a copy: `x.copy()`", a)
    bound = getattr(held, function.attr)
    m.guard(place.attribute(function.attr), bound)
    return call_for_effect(m, bound, Effect(effects.NOTHING), tuple(args), {})


def _is_own(node: ast.expr) -> bool:
    """Whether an expression makes a new array."""
    if isinstance(node, ast.Call):
        return (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in _COPIES
    return isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Constant, ast.JoinedStr))


def _register() -> None:
    for function, effect in effects.EFFECTS.items():
        if function not in BUILTINS:
            BUILTINS[function] = _handler(function, effect)
    BUILTINS[open] = _open
    for function in (float, int):
        BUILTINS[function] = _number(function)


def _open(m: Calls, args: Args, keywords: Keywords) -> Value:
    mode = args[1] if len(args) > 1 else keywords.get("mode", Static("r"))
    return call_for_effect(m, open, effects.opened(m.static(mode, "the mode of a file")), args, keywords)


def _number(function: Any) -> Any:
    row = registry.lookup(function)
    assert row is not None

    def handle(m: Calls, args: Args, keywords: Keywords) -> Value:
        if args and (is_text(args[0]) or m.is_opaque(args[0])):  # refused where the text was made of numbers that carry a derivative
            return m.perform(Static(function), args, keywords)
        return m.call_row(row, args, keywords)

    return handle


def _handler(function: Any, effect: Effect) -> Any:
    def handle(m: Calls, args: Args, keywords: Keywords) -> Value:
        if function is hash and any(isinstance(a, Object) for a in args):
            m.refuse("`hash` of an object", "objects of the generated program lie elsewhere in memory", "number the objects yourself")
        if effect.pure and not keywords and all(isinstance(a, Static) for a in args):
            try:
                return Static(function(*(a.value for a in args if isinstance(a, Static))))
            except Exception:  # it raises at run time, as the user's program does
                pass
        return call_for_effect(m, function, effect, args, keywords)

    return handle


_register()

__all__ = ["call_for_effect", "is_text", "of_object", "record", "text_method", "text_operator", "visible"]
