"""Methods of builtin classes and of NumPy's that are called otherwise than as `x.name(...)`.

    a.__add__(b)         what the operator does
    list.append(a, b)    the method of the class, given the object first
"""

from __future__ import annotations

import operator
import types
from typing import TYPE_CHECKING, Any

from ...ir.types import Scalar
from ..execution.values import DictV, Static, Value
from .builtins import known_class

if TYPE_CHECKING:
    from .calls import Calls

_FORWARD = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
_OTHER = ("lt", "le", "gt", "ge", "eq", "ne", "getitem", "setitem", "delitem", "contains", "neg", "pos", "invert", "abs")


def _function(name: str) -> Any:
    return getattr(operator, f"{name}_" if name in ("and", "or") else name)


# Name of a special method -> the function that means it; of two arguments, whether they change places.
_MEANS: dict[str, tuple[Any, bool]] = {f"__{name}__": (_function(name), False) for name in (*_FORWARD, *_OTHER)}
_MEANS |= {f"__r{name}__": (_function(name), True) for name in _FORWARD}
_MEANS |= {f"__i{name}__": (_function(f"i{name}"), False) for name in _FORWARD}
_MEANS |= {f"__{f.__name__}__": (f, False) for f in (len, float, int, bool, complex, round, divmod, reversed, iter, next)}
_BINARY = frozenset(f"__{side}{name}__" for name in _FORWARD for side in ("", "r")) | {f"__{name}__" for name in ("lt", "le", "gt", "ge", "eq", "ne", "divmod")}


def called(m: Calls, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """A special method of a value that is not an object of a user's class; None for other names."""
    if name not in _MEANS or keywords:
        return None
    function, swapped = _MEANS[name]
    if name in _BINARY and not _answers(m, owner, args):
        m.refuse(f"`{name}` of a Python number or sequence is given something else", "it gives NotImplemented, or decides by the class", "write the operator")
    return m.call_static(function, (*args, owner) if swapped else (owner, *args), {})


def _answers(m: Calls, owner: Value, args: tuple[Value, ...]) -> bool:
    """Whether the method of the owner's class answers by itself: those of NumPy always do, those of Python take what they know."""
    if m.is_number(owner) and not isinstance(owner, Static):
        of = m.type(owner)
        if not (isinstance(of, Scalar) and (of.weak or of.mixed)):
            return True
    mine, theirs = known_class(m, owner), known_class(m, args[0]) if len(args) == 1 else None
    return mine is not None and theirs is not None and (mine is theirs or (mine in (float, complex) and theirs in (bool, int, float)))


def of_class(m: Calls, f: Any, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value | None:
    """`list.append(a, b)`: a method in C, looked up on its class; None for other functions. `(3.0).__mul__` is bound to what it is looked up on."""
    if isinstance(f, types.MethodWrapperType) and type(f.__self__) in (bool, int, float, complex):
        return called(m, Static(f.__self__), f.__name__, args, keywords)
    if not isinstance(f, (types.MethodDescriptorType, types.WrapperDescriptorType)) or not args:
        return None
    cls = known_class(m, args[0])
    if cls is None or not issubclass(cls, f.__objclass__) or cls.__module__ not in ("builtins", "collections", "numpy"):
        return None
    owner = args[0]
    if getattr(cls, f.__name__, None) is not f and not m.is_number(owner):  # the class has a method of its own, which is not meant
        if not isinstance(owner, DictV) or f.__objclass__ is not dict:
            return None
        owner = DictV(owner.slot)
    return m.call_method(owner, f.__name__, args[1:], keywords)
