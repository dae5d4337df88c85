"""Functions that are called for their effect, or for a text or a time: they carry no derivative, and see the values of the computation.

Each is listed with what it returns, by identity; methods by their class. A call runs once, in order with all other effects, also where
the gradient needs nothing of it. What is listed as pure has no effect, and runs only where its result is used.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from ..ir.ops import Op, Param, define
from ..ir.types import BOOL, FLOAT, INT, OBJECT, Opaque, Type
from .table import Row, _enter, resolve

NOTHING = Opaque("NoneType")
TEXT = Opaque("str")
BYTES = Opaque("bytes")


@dataclass(frozen=True)
class Effect:
    """What calling a function returns, and whether it has an effect."""

    result: Type
    pure: bool = False


def _call(function: Any, args: Any, keywords: Any) -> Any:
    return function(*args, **(keywords or {}))


def _call_method(owner: Any, name: str, args: Any, keywords: Any) -> Any:
    return getattr(owner, name)(*args, **(keywords or {}))


for _name, _parameters, _impl, _is_effect in (
        ("py.effect", "function args keywords", _call, True), ("py.pure", "function args keywords", _call, False),
        ("py.effect_method", "owner name args keywords", _call_method, True), ("py.pure_method", "owner name args keywords", _call_method, False),
        ("py.attribute", "owner name", getattr, False)):
    define(Op(_name, tuple(map(Param, _parameters.split())), _impl, lambda *_: OBJECT, effect=_is_effect, cheap=False))
    _enter(Row(_name, "zero"))

_FUNCTIONS: list[tuple[Effect, str]] = [
    (Effect(NOTHING), "logging.debug logging.info logging.warning logging.error logging.critical logging.exception logging.log logging.basicConfig "
                      "logging.disable warnings.warn warnings.simplefilter warnings.filterwarnings warnings.resetwarnings time.sleep pprint.pprint "
                      "np.set_printoptions traceback.print_stack traceback.print_exc pdb.set_trace breakpoint pickle.dump json.dump np.save np.savetxt "
                      "np.savez"),
    (Effect(FLOAT), "time.time time.perf_counter time.monotonic time.process_time time.thread_time"),
    (Effect(INT), "time.time_ns time.perf_counter_ns time.monotonic_ns time.process_time_ns gc.collect os.getpid"),
    (Effect(TEXT), "time.ctime time.asctime time.strftime os.getcwd input"),
    (Effect(TEXT, True), "json.dumps np.array2string np.array_repr np.array_str np.format_float_positional np.format_float_scientific pprint.pformat "
                         "ascii textwrap.dedent textwrap.indent"),
    (Effect(BYTES, True), "pickle.dumps"),
    (Effect(Opaque("logging.Logger")), "logging.getLogger"),
    (Effect(INT, True), "hash"),
]
# Modules in which every function makes texts, or nests of them, of texts and numbers, and changes nothing.
OF_TEXTS = frozenset({"base64", "binascii", "calendar", "colorsys", "difflib", "fnmatch", "html", "keyword", "ntpath", "posixpath", "re", "shlex", "string", "textwrap", "unicodedata"})
_METHODS: dict[str, list[tuple[Effect, str]]] = {
    "logging.Logger": [(Effect(NOTHING), "debug info warning error critical exception log setLevel"), (Effect(BOOL), "isEnabledFor")],
    "logging.LoggerAdapter": [(Effect(NOTHING), "debug info warning error critical exception log setLevel"), (Effect(BOOL), "isEnabledFor")],
    "io.IOBase": [(Effect(OBJECT), "write writelines flush close"), (Effect(BOOL), "isatty writable"), (Effect(BYTES), "read readline"),
                  (Effect(Opaque("io.IOBase")), "__enter__"), (Effect(NOTHING), "__exit__")],
    "io.TextIOBase": [(Effect(OBJECT), "write writelines flush close"), (Effect(BOOL), "isatty writable"), (Effect(TEXT), "read readline"),
                      (Effect(Opaque("io.TextIOBase")), "__enter__"), (Effect(NOTHING), "__exit__")],
    "tqdm.std.tqdm": [(Effect(NOTHING), "set_description set_description_str set_postfix set_postfix_str close refresh clear reset display __exit__"),
                      (Effect(OBJECT), "update"), (Effect(Opaque("tqdm.std.tqdm")), "__enter__")],
    "str": [
        (Effect(BOOL, True), "startswith endswith isdigit isalpha isalnum isspace islower isupper isnumeric isidentifier"),
        (Effect(INT, True), "find rfind count index rindex"),
        (Effect(TEXT, True), "lower upper strip lstrip rstrip title capitalize swapcase replace center ljust rjust zfill join format expandtabs "
                             "removeprefix removesuffix casefold __add__ __mod__"),
        (Effect(BYTES, True), "encode"),
    ],
    "bytes": [(Effect(TEXT, True), "decode hex")],
}


def _resolved(name: str) -> Any:
    try:
        return resolve(name)
    except ImportError:
        return None


EFFECTS: dict[Any, Effect] = {function: effect for effect, names in _FUNCTIONS for function in map(_resolved, names.split()) if function is not None}
METHOD_EFFECTS: dict[tuple[str, str], Effect] = {
    (cls, name): effect for cls, rows in _METHODS.items() for effect, names in rows for name in names.split()}
_OPEN = {"logging.Logger", "logging.LoggerAdapter"}  # classes whose subclasses count, where they leave the methods alone


def class_name(cls: type) -> str | None:
    """The class of the table that an object's class is; None if it is not there."""
    if issubclass(cls, io.IOBase):
        return "io.TextIOBase" if issubclass(cls, io.TextIOBase) else "io.IOBase"
    for base in cls.__mro__:
        name = f"{base.__module__.lstrip('_')}.{base.__qualname__}".removeprefix("builtins.")
        if name in _METHODS and (base is cls or name in _OPEN):
            methods = [method for effect, names in _METHODS[name] for method in names.split()]
            if all(getattr(cls, method, None) is getattr(base, method, None) for method in methods):
                return name
    return None


def opened(mode: str) -> Effect:
    """What `open` returns for a mode."""
    return Effect(Opaque("io.IOBase" if "b" in mode else "io.TextIOBase"))


def function_effect(function: Any) -> Effect | None:
    """What is known about calling a function."""
    try:
        return EFFECTS.get(function)
    except TypeError:  # not hashable
        return None


def method_effect(type: Type, name: str) -> Effect | None:
    """What is known about calling a method of an object of this type."""
    return METHOD_EFFECTS.get((type.name, name)) if isinstance(type, Opaque) else None


def is_declared(type: Type) -> bool:
    """Whether the methods of objects of this type are in the table."""
    return isinstance(type, Opaque) and type.name in _METHODS


__all__ = ["BYTES", "NOTHING", "OF_TEXTS", "TEXT", "Effect", "class_name", "function_effect", "is_declared", "method_effect"]
