"""Functions of NumPy and SciPy that are written in Python, called without anything that carries a derivative: constants.

`leggauss(5)` of numbers that are known is computed when the program is made, once; of computed numbers, when it runs.
All others are executed abstractly like functions of the user's.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.nodes import variables
from ..ir.types import differentiable
from ..rules import registry
from ..rules.effects import OF_TEXTS
from .execution.values import ListV, Num, Ref, Static, TupleV, Value
from .source import Place

if TYPE_CHECKING:
    from .calling.calls import Calls

_computed: dict[Any, dict[str, Any]] = {}


def constant(m: Calls, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """The result of a call that carries no derivative; None if it may carry one, or if the function is not of these libraries."""
    parts = (getattr(f, "__module__", None) or "").split(".")
    if parts[0] in OF_TEXTS:
        return _of_texts(m, f, args, keywords)
    if parts[0] not in ("numpy", "scipy") or "random" in parts:
        return None
    given = (*args, *keywords.values())
    if not all(isinstance(value, (Static, Num, Ref, TupleV, ListV)) for value in given):
        return None
    if all(isinstance(value, Static) or _is_count(m, value) for value in given):
        key = (f, tuple(m.static(a, "an argument") for a in args), tuple((k, m.static(v, "an argument")) for k, v in keywords.items()))
        try:
            known = key in _computed
        except TypeError:
            return None
        if not known:
            _computed[key] = {f.__name__: f(*key[1], **dict(key[2]))}
        return _value(m, _computed[key], f.__name__)
    operands = [m.operand(value) for value in given]
    if m.witness is None:
        m.refuse(f"`{f.__name__}` of computed numbers", "it is executed by values, where these carry no derivative",
                 "") if not any(differentiable(v.type) for o in operands for v in variables(o)) else None
        return None
    if any(m.witness.carries(operand) for operand in operands):
        return None
    return m.perform(Static(f), args, keywords)


def _of_texts(m: Calls, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """What a function makes of texts: known, where these are and it is made of texts and numbers; otherwise what the call shows."""
    given = (*args, *keywords.values())
    if isinstance(f, type) or not all(isinstance(value, (Static, Num, TupleV, ListV)) for value in given):
        return None
    if all(isinstance(value, Static) and _plain(value.value) for value in given):
        found = f(*(a.value for a in args if isinstance(a, Static)), **{k: v.value for k, v in keywords.items() if isinstance(v, Static)})
        if _plain(found):
            return m.of_python(found)
    return m.perform(Static(f), args, keywords)


def _plain(value: Any) -> bool:
    """Whether a value is made of texts and numbers."""
    if type(value) in (list, tuple):
        return all(map(_plain, value))
    return value is None or type(value) in (str, bytes, int, bool, float) or isinstance(value, enum.IntFlag)


def _is_count(m: Calls, value: Value) -> bool:
    return isinstance(value, Num) and m.witness is None and any(m.sources(v) for v in variables(value.operand))


def _value(m: Calls, held: dict[str, Any], name: str) -> Value:
    value = held[name]
    if isinstance(value, tuple):
        for n, item in enumerate(value):
            held.setdefault(f"{name}_{n}", item)
        return TupleV(tuple(_value(m, held, f"{name}_{n}") for n in range(len(value))), None if type(value) is tuple else type(value))
    return m.external(Place(held, name), value) if isinstance(value, np.ndarray) or registry.stands_for(type(value)) is not None else Static(value)
