"""Functions of the operator module, and others that stand for an expression."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from ..containers import lists
from ..execution.values import NONE, Object, Select, Static, TupleV, Value
from .builtins import Args, Keywords, builtin

if TYPE_CHECKING:
    from .calls import Calls

_BINARY = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@", "and_": "&", "or_": "|",
           "xor": "^", "lshift": "<<", "rshift": ">>", "concat": "+"}
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "is_": "is", "is_not": "is not"}


def _binary(op: str) -> Any:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        return m.binary(op, args[0], args[1])

    return apply


def _compare(op: str) -> Any:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        return m.compare(op, args[0], args[1])

    return apply


for _name, _op in _BINARY.items():
    builtin(getattr(operator, _name))(_binary(_op))
def _augmented(op: str) -> Any:
    def apply(m: Any, args: Args, keywords: Keywords) -> Value:
        result = m.augmented(op, *args, m.node)
        return args[0] if result is None else result  # it was changed in place

    return apply


for _name, _op in _BINARY.items():
    builtin(getattr(operator, f"i{_name.rstrip('_')}"))(_augmented(_op))
for _name, _op in _COMPARE.items():
    builtin(getattr(operator, _name))(_compare(_op))


@builtin(pow)
def _pow(m: Calls, args: Args, keywords: Keywords) -> Value:
    if len(args) == 3 or "mod" in keywords:
        return Static(pow(*(m.static(a, "an argument of pow") for a in args), **{k: m.static(v, k) for k, v in keywords.items()}))
    return m.call_row("pow", args, keywords)


def _unary(op: str, function: Any) -> Any:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        (value,) = args
        if isinstance(value, Static):
            return Static(function(value.value))
        return m.unary(op, value) if isinstance(value, (Object, Select)) else m.call_op(op, (m.as_number(value),))

    return apply


for _name, _op in {"neg": "neg", "pos": "pos", "invert": "invert"}.items():
    builtin(getattr(operator, _name))(_unary(_op, getattr(operator, _name)))


@builtin(operator.abs)
def _abs(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.call_static(abs, args, {})


@builtin(divmod)
def _divmod(m: Calls, args: Args, keywords: Keywords) -> Value:
    return TupleV((m.binary("//", *args), m.binary("%", *args)))


@builtin(operator.contains)
def _contains(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.compare("in", args[1], args[0])


@builtin(operator.getitem)
def _getitem(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.subscript(args[0], args[1])


@builtin(operator.setitem)
def _setitem(m: Any, args: Args, keywords: Keywords) -> Value:
    m.set_item(*args, m.node)
    return NONE


@builtin(operator.delitem)
def _delitem(m: Calls, args: Args, keywords: Keywords) -> Value:
    lists.delete_item(m, args[0], args[1])
    return NONE


@builtin(operator.truth)
def _truth(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.call_static(bool, args, keywords)


if hasattr(operator, "call"):  # Python 3.11
    @builtin(operator.call)
    def _call(m: Calls, args: Args, keywords: Keywords) -> Value:
        return m.call(args[0], args[1:], keywords)


@builtin(operator.not_)
def _not(m: Calls, args: Args, keywords: Keywords) -> Value:
    return m.negate(args[0])
