"""`x: f8[:, :], n: int = 3` -> the type of each parameter, as the compiler has it; and random arguments of such types.

The text is that of a parameter list, whose annotations are

    float int complex bool str None           numbers and constants of Python (bool, str: with a value, `flag: bool = True`)
    f8 f4 f2 c16 c8 i8 u1 ... float32 ...     scalars of NumPy, by the codes and names of its dtypes
    f8[:]  f4[:, :]  f8[n, n]  f8[3, m]  f8[()]   arrays: of any extent, of extents with a name (equal ones are equal), of a fixed extent, without axes
    (f8[:], int)  [f8[:], f8[:]]  {"w": f8[n, m], "b": f8[m]}   tuples, lists and dictionaries

A value without a type, `n=3`, stands for its own type; where the program needs it, for itself.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ir.types import Array, Dim
from .failure import UserError

__all__ = ["Types", "parse", "random_arguments"]

PLAIN = {"float": float, "int": int, "complex": complex, "bool": bool, "str": str, "None": None}
UNNAMED = "n"  # extents without a name are n0, n1, ...


@dataclass
class Types:
    """The types of some parameters (hints, as `Dispatcher.from_annotations` takes them), and values that some have."""

    hints: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def parse(text: str) -> Types:
    """The types that a text states.

    >>> parse("x: f8[n, :], y: float, p: {'w': f4[3]}, k=2")
    Types(hints={'x': Array(dtype='float64', shape=(Dim(name='n', offset=0, not_one=True), Dim(name='n0', offset=0, not_one=True))), 'y': <class 'float'>, \
'p': {'w': Array(dtype='float32', shape=(3,))}}, values={'k': 2})

    Raises UserError, with the place.
    """
    before = "def f("
    try:
        (definition,) = ast.parse(f"{before}{text}): ...").body
    except (SyntaxError, ValueError) as error:
        column = max((getattr(error, "offset", None) or 1) - 1 - len(before), 0)
        raise _wrong(text, min(column, max(len(text) - 1, 0)), f"--types is a list of parameters with types ({getattr(error, 'msg', error)})") from None
    if not isinstance(definition, ast.FunctionDef):
        raise _wrong(text, 0, "--types is a list of parameters with types")
    reader = _Reader(text, len(before))
    found = Types()
    arguments = definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    for parameter, default in [*zip(positional, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]:
        if parameter.annotation is None and default is None:
            raise reader.wrong(parameter, f"{parameter.arg!r} has neither a type nor a value")
        if parameter.annotation is not None:
            found.hints[parameter.arg] = reader.type(parameter.annotation)
        if default is not None:
            try:
                found.values[parameter.arg] = ast.literal_eval(default)
            except ValueError:
                raise reader.wrong(default, f"the value of {parameter.arg!r} is a constant") from None
    return found


def _wrong(text: str, column: int, message: str) -> UserError:
    return UserError(f"{message}\n    {text}\n    {' ' * column}^")


class _Reader:
    """Annotations as types; unnamed extents are counted."""

    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset = text, offset
        self.unnamed = 0

    def wrong(self, node: ast.expr | ast.arg, message: str) -> UserError:
        column = len(f"def f({self.text}".encode()[: node.col_offset].decode(errors="ignore")) - self.offset
        return _wrong(self.text, column, message)

    def type(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and node.value is None:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):  # a type in quotes
            return self.type(ast.parse(node.value, mode="eval").body)
        if isinstance(node, ast.Tuple):
            return tuple(map(self.type, node.elts))
        if isinstance(node, ast.List):
            return [self.type(item) for item in node.elts]
        if isinstance(node, ast.Dict):
            return {self.key(key, node): self.type(value) for key, value in zip(node.keys, node.values)}
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        name = ast.unparse(node)
        if name in PLAIN:
            return PLAIN[name]
        return self.dtype(node).type

    def key(self, node: ast.expr | None, around: ast.Dict) -> Any:
        if not isinstance(node, ast.Constant):
            raise self.wrong(node or around, "the key of a dictionary is a constant")
        return node.value

    def dtype(self, node: ast.expr) -> np.dtype[Any]:
        name = ast.unparse(node)
        for prefix in ("np.", "numpy."):
            name = name.removeprefix(prefix)
        try:
            found = np.dtype(name)
        except TypeError:
            raise self.wrong(node, f"there is no type {name!r}; there is {', '.join(PLAIN)}, and the dtypes of NumPy: f8 or float64, c16, i8...") from None
        if found.kind not in "biufc":
            raise self.wrong(node, f"{name} is no type of numbers")
        return found

    def subscript(self, node: ast.Subscript) -> Any:
        head, items = ast.unparse(node.value), node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if head in ("tuple", "Tuple"):
            return tuple(map(self.type, items))
        if head in ("list", "List", "dict", "Dict"):
            raise self.wrong(node, f"how many items the {head.lower()} has is part of its type: write [f8[:], f8[:]] or {{\"w\": f8[:]}}")
        name = "float64" if head == "float" else "complex128" if head == "complex" else "int64" if head == "int" else ""
        dtype = np.dtype(name) if name else self.dtype(node.value)
        return Array(str(dtype), tuple(map(self.extent, items)))

    def extent(self, node: ast.expr) -> int | Dim:
        if isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None:
            self.unnamed += 1
            return Dim(f"{UNNAMED}{self.unnamed - 1}", 0, not_one=True)
        if isinstance(node, ast.Name):
            return Dim(node.id, 0, not_one=True)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0:
            return node.value
        raise self.wrong(node, "an extent is `:`, a name, or a number")


# -- arguments ----------------------------------------------------------------------------------------------------------

EXTENT = 3  # of an axis whose extent is not known; equal for all, so that products of matrices fit


def random_arguments(f: Callable[..., Any], types: Types, seed: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Random arguments for a function: of the types that are stated, else of its annotations; else its own default values.

    Floats are normal numbers no closer to 0 than 0.1; integers are 3; named extents are 3, 4, 5... Raises UserError for a parameter of which nothing is known.
    """
    rng = np.random.default_rng(seed)
    own: Mapping[str, Any]
    try:
        own = typing.get_type_hints(f, include_extras=True)
    except Exception:  # an annotation that cannot be evaluated raises whatever it raises
        own = getattr(f, "__annotations__", {})
    maker = _Maker(rng)
    args: list[Any] = []
    keywords: dict[str, Any] = {}
    parameters = inspect.signature(f).parameters
    unknown = [name for name in (*types.hints, *types.values) if name not in parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters.values())]
    if unknown:
        raise UserError(f"{getattr(f, '__qualname__', f)} has no parameter {unknown[0]!r} (it has {', '.join(parameters)})")
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in types.values:
            value = types.values[name]
        elif name in types.hints:
            value = maker.make(types.hints[name], name)
        elif parameter.default is not parameter.empty and name not in own:
            value = parameter.default
        elif name in own:
            try:
                value = maker.make(own[name], name)
            except UserError:
                if parameter.default is parameter.empty:
                    raise
                value = parameter.default
        else:
            raise UserError(f"nothing is known of the type of {name!r}: state it, --types \"{name}: f8[:]\", or give the arguments, --args")
        if parameter.kind is parameter.KEYWORD_ONLY:
            keywords[name] = value
        else:
            args.append(value)
    return tuple(args), keywords


class _Maker:
    """Random values of types; extents of one name are equal."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.extents: dict[str, int] = {}

    def make(self, hint: Any, name: str) -> Any:
        if isinstance(hint, Array):
            return self.array(np.dtype(hint.dtype), tuple(map(self.extent, hint.shape or ())))
        if isinstance(hint, (tuple, list)):
            return type(hint)(self.make(item, name) for item in hint)
        if isinstance(hint, dict):
            return {key: self.make(item, name) for key, item in hint.items()}
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self.make(arguments[0], name)
        if origin is typing.Literal:
            return arguments[0]
        if hint is None or hint is type(None):
            return None
        if hint in (float, complex):
            return self.array(np.dtype(hint), ()).item()
        if hint is int:
            return EXTENT
        if hint is bool:
            return True
        if isinstance(hint, type) and issubclass(hint, np.generic):
            return self.array(np.dtype(hint), ())[()]
        if hint is np.ndarray or origin is np.ndarray:
            from ..frontend.signature import _annotated_array

            found = _annotated_array(arguments, 0)
            return self.array(np.dtype(found.dtype), (EXTENT,) * (1 if found.shape is None else len(found.shape)))
        if origin is tuple and Ellipsis not in arguments:
            return tuple(self.make(item, name) for item in arguments)
        if isinstance(hint, type) and (hasattr(hint, "_fields") or dataclasses.is_dataclass(hint)):
            hints = typing.get_type_hints(hint, include_extras=True)
            fields = hint._fields if hasattr(hint, "_fields") else [one.name for one in dataclasses.fields(hint) if one.init]
            if all(one in hints for one in fields):
                return hint(**{one: self.make(hints[one], f"{name}.{one}") for one in fields})
        shown = getattr(hint, "__name__", str(hint))
        raise UserError(f"no value can be made up for {name!r} of type {shown}: give one, --types \"{name} = ...\", or give the arguments, --args")

    def extent(self, extent: int | Dim) -> int:
        if isinstance(extent, int):
            return extent
        if extent.name.startswith(UNNAMED) and extent.name[len(UNNAMED):].isdigit():
            return EXTENT
        return self.extents.setdefault(extent.name, EXTENT + len(self.extents))

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        if dtype.kind == "b":
            return np.asarray(self.rng.integers(0, 2, shape), dtype)
        if dtype.kind in "iu":
            return np.asarray(self.rng.integers(1, EXTENT + 1, shape), dtype)
        value: Any = self._floats(shape)
        return np.asarray(value + 1j * self._floats(shape) if dtype.kind == "c" else value, dtype)

    def _floats(self, shape: tuple[int, ...]) -> Any:
        size = np.abs(self.rng.normal(size=shape)) + 0.1
        return size * self.rng.choice([-1.0, 1.0], shape)
