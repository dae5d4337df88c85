"""values -> types, and a key that is equal for values which one specialisation serves.

An array is described by its dtype, its rank, which extents are 1, and which are equal; a Python number by being one; what steers
control flow (None, booleans, strings, functions) by its value; any other object by its class. Two arrays that share
memory are part of the description too.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np

from ..ir.nodes import Arg, Make, Seq
from ..ir.probe import literal_type
from ..ir.types import Array, Dim, Extent, Opaque, Scalar, Type, differentiable
from ..rules import effects, random, registry
from ..structure import LEAF, TreeDef, attributes, flatten, gradient_structure, is_object, leaf_paths
from .source import MISSING, Place

__all__ = ["Captures", "Described", "Describer", "Leaf", "Overlap", "UnknownAnnotation", "class_of", "derivative_error",
           "is_static", "result_error", "structure_of"]

Class = type
ARRAY, NUMBER, STATIC, OBJECT = "array", "number", "static", "object"


@dataclass(frozen=True, eq=False)
class Leaf:
    """One leaf of the arguments (or of a captured value).

    number:     counts through all arguments, then through the captured values in the order in which they were captured.
    path:       how the user would write it: `params[0]['w']`.
    sort:       "array", "number", "static" or "object".
    cls:        its class.
    value:      of a static leaf.
    contiguous: of an array, if it was asked for (`NeedLayout`).
    why_not:    why an array or number cannot be differentiated although it holds floats (a masked array).
    """

    number: int
    path: str
    type: Type
    sort: str
    cls: Class
    value: Any = None
    contiguous: bool | None = None
    why_not: str = ""

    @property
    def static(self) -> bool:
        return self.sort == STATIC

    @property
    def differentiable(self) -> bool:
        """Whether a gradient with respect to it exists."""
        return self.sort in (ARRAY, NUMBER) and differentiable(self.type)

    @property
    def tied(self) -> bool:
        """Whether it is a number that equals the extent of an array, which the program relies on."""
        return isinstance(self.type, Scalar) and isinstance(self.type.extent, Dim) and self.type.extent.not_one

    def __str__(self) -> str:
        return f"{self.path}: " + (describe_static(self.value) if self.static else str(self.type))


@dataclass(frozen=True, eq=False)
class Described:
    """A value's structure and leaves."""

    name: str
    structure: TreeDef
    leaves: tuple[Leaf, ...]
    key: Any

    def __str__(self) -> str:
        return ", ".join(map(str, self.leaves))


@dataclass(frozen=True)
class Overlap:
    """Two array leaves that share memory; `same`: they are one array (same elements in the same order)."""

    first: int
    second: int
    same: bool


class UnknownAnnotation(Exception):
    """An annotation from which no type follows; the message says which."""


class Describer:
    """Describes the values of one call. Equal extents in different arguments get the same symbol."""

    def __init__(self, static: frozenset[int] = frozenset(), layout: frozenset[int] = frozenset()) -> None:
        self.static = static
        self.layout = layout
        self.leaves: list[Leaf] = []
        self.symbols: dict[int, Dim] = {}
        self.arrays: list[tuple[int, np.ndarray[Any, Any]]] = []
        self.containers: list[tuple[str, Any]] = []

    def add(self, value: Any, name: str, objects: bool = False, outside: bool = False) -> Described:
        """Describe one value; `objects`: objects in it are taken apart, too.

        outside: it is read from the surroundings. An integer there is a constant as a rule (`np.zeros(STATES)`): where it is the extent of
        an array, it gets its symbol. An argument that is an integer does not: it varies, and every coincidence would be compiled.
        """
        if outside and type(value) is int and value in self.symbols and len(self.leaves) not in self.static:
            self._note(name, Scalar("int64", weak=True, extent=self.symbols[value]), NUMBER, int)
            return Described(name, LEAF, (self.leaves[-1],), (LEAF, int, self.symbols[value]))
        if type(value) in (float, np.ndarray):
            leaves, structure = [value], LEAF
        else:
            leaves, structure = flatten(value, objects)
        if structure is not LEAF or is_object(type(value)):
            self._containers(value, name, objects and gradient_structure(structure) != structure)
        paths = leaf_paths(structure, name)
        keys = [self._leaf(leaf, path, objects and structure is LEAF) for leaf, path in zip(leaves, paths)]
        return Described(name, structure, tuple(self.leaves[len(self.leaves) - len(keys):]), (structure, *keys))

    def _leaf(self, value: Any, path: str, objects: bool = False) -> Any:
        """Note a leaf; returns its part of the key."""
        number = len(self.leaves)
        cls = type(value)
        if isinstance(value, np.ndarray):
            return self._array(value, number, path)
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            if number in self.static and value.dtype.kind in "biu":
                return self._note_static(value, path)
            self._note(path, Scalar(_name(value.dtype)), NUMBER, cls)
            return cls
        if cls is float or cls is complex:
            self._note(path, Scalar("float64" if cls is float else "complex128", weak=True), NUMBER, cls)
            return cls
        if cls is int:
            if number in self.static:
                return self._note_static(value, path)
            self._note(path, Scalar("int64", weak=True, extent=Dim(f"i{number}")), NUMBER, cls)
            return cls
        if is_static(value):
            return self._note_static(value, path)
        self._note(path, Opaque(random.CLASSES.get(cls) or effects.class_name(cls) or cls.__name__), OBJECT, cls,
                   why_not="it holds itself, by way of its attributes" if objects and is_object(cls) else "")
        return cls

    def _array(self, value: np.ndarray[Any, Any], number: int, path: str) -> Any:
        cls, dtype = type(value), value.dtype
        if cls is not np.ndarray and cls is not np.memmap:
            self._note(path, Opaque(cls.__name__), OBJECT, cls, why_not=f"{cls.__module__}.{cls.__name__} computes in its own way")
            return cls
        if dtype.kind not in "biufc":
            self._note(path, Opaque("ndarray"), OBJECT, cls, why_not=f"its dtype is {dtype}")
            return (cls, dtype)
        shape: tuple[Extent, ...] = tuple([1 if extent == 1 else self._symbol(extent) for extent in value.shape])
        contiguous = value.flags.c_contiguous if number in self.layout else None
        why_not = "" if dtype.isnative else f"its byte order ({dtype.str}) is not this machine's"
        self.leaves.append(Leaf(number, path, Array(_name(dtype), shape), ARRAY, cls, None, contiguous, why_not))
        self.arrays.append((number, value))
        return (dtype.str, shape, contiguous)

    def _symbol(self, extent: int) -> Dim:
        symbol = self.symbols.get(extent)
        if symbol is None:
            symbol = self.symbols[extent] = Dim(f"n{len(self.symbols)}", 0, not_one=True)
        return symbol

    def _note(self, path: str, type: Type, sort: str, cls: Class, **more: Any) -> None:
        self.leaves.append(Leaf(len(self.leaves), path, type, sort, cls, **more))

    def _note_static(self, value: Any, path: str) -> Any:
        self._note(path, literal_type(value), STATIC, type(value), value=value)
        return static_key(value)

    # -- memory -------------------------------------------------------------------------------------------

    def fork(self, static: frozenset[int]) -> Describer:
        """A copy that goes on from here, with further static leaves."""
        other = Describer(self.static | static, self.layout)
        other.leaves, other.symbols = list(self.leaves), dict(self.symbols)
        other.arrays, other.containers = list(self.arrays), list(self.containers)
        return other

    def overlaps(self, since: int = 0) -> tuple[Overlap, ...]:
        """Pairs of arrays that share memory; with `since`, only those whose second leaf has at least this number."""
        found = []
        owners = [owner(array) for _, array in self.arrays]
        for j, (second, b) in enumerate(self.arrays):
            if second < since:
                continue
            for i, (first, a) in enumerate(self.arrays[:j]):
                if (owners[i] is owners[j] or owners[i] is None or owners[j] is None) and _overlap(a, b):
                    found.append(Overlap(first, second, _same(a, b)))
        return tuple(found)

    def shared(self, since: int = 0) -> tuple[tuple[str, str], ...]:
        """Pairs of mutable containers that are one object; with `since`, only those whose second one was noted later."""
        return tuple((a, b) for j, (b, y) in enumerate(self.containers) if j >= since for a, x in self.containers[:j] if x is y)

    def _containers(self, value: Any, name: str, objects: bool = False, around: tuple[int, ...] = ()) -> None:
        """Note the mutable containers in a value."""
        cls = type(value)
        plain = is_object(cls)
        if cls is list or cls is dict or dataclasses.is_dataclass(cls) or plain:
            self.containers.append((name, value))
        items: Iterable[tuple[str, Any]] = ()
        if cls is dict:
            items = ((f"{name}[{key!r}]", item) for key, item in value.items())
        elif cls is list or cls is tuple:
            items = ((f"{name}[{n}]", item) for n, item in enumerate(value))
        elif isinstance(value, tuple) and hasattr(cls, "_fields"):
            items = ((f"{name}.{field}", item) for field, item in zip(cls._fields, value))
        elif dataclasses.is_dataclass(cls):
            items = ((f"{name}.{field.name}", getattr(value, field.name)) for field in dataclasses.fields(cls))
        elif plain and objects and id(value) not in around:
            around = (*around, id(value))
            items = ((f"{name}.{key}", item) for key, item in attributes(value))
        for path, item in items:
            self._containers(item, path, objects, around)

    # -- types without values -------------------------------------------------------------------------------

    def annotated(self, hint: Any, default: Any, name: str) -> Described:
        """Describe a parameter from its annotation, or from its default value if it has none.

        Raises UnknownAnnotation where that does not say enough.
        """
        before = len(self.leaves)
        if hint is MISSING:
            if default is MISSING:
                raise UnknownAnnotation(f"parameter {name!r} has no annotation")
            return self.add(default, name)
        structure = self._hint(hint, default, name)
        return Described(name, structure, tuple(self.leaves[before:]), None)

    def _hint(self, hint: Any, default: Any, path: str) -> TreeDef:
        if isinstance(hint, Array):  # a type as the compiler has it
            self._note(path, hint, ARRAY, np.ndarray)
            return LEAF
        if isinstance(hint, (list, tuple, dict)):  # a container of hints
            items = hint.items() if isinstance(hint, dict) else enumerate(hint)
            children = tuple(self._hint(item, MISSING, f"{path}[{key!r}]") for key, item in items)
            return TreeDef(type(hint), tuple(hint) if isinstance(hint, dict) else (), children, sum(child.size for child in children))
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._hint(arguments[0], default, path)
        if origin is Literal and (len(arguments) == 1 or default in arguments):
            self._note_static(arguments[0] if default is MISSING else default, path)
            return LEAF
        if hint is None or hint is type(None) or hint in (bool, str, bytes) or origin in (Union, types.UnionType):
            return self._hint_of_value(hint, default, path)
        if hint in (float, complex, int):
            if hint is int and len(self.leaves) in self.static:
                return self._hint_of_value(hint, default, path)
            self._leaf(hint(0), path)
            return LEAF
        if isinstance(hint, type) and issubclass(hint, np.generic) and hint not in (np.generic, np.number, np.floating):
            self._note(path, Scalar(str(np.dtype(hint))), NUMBER, hint)
            return LEAF
        if hint is np.ndarray or origin is np.ndarray:
            self._note(path, _annotated_array(arguments, len(self.leaves)), ARRAY, np.ndarray)
            return LEAF
        if origin is tuple and Ellipsis not in arguments:
            children = tuple(self._hint(item, MISSING, f"{path}[{n}]") for n, item in enumerate(arguments))
            return TreeDef(tuple, (), children, sum(child.size for child in children))
        if isinstance(hint, type) and (hasattr(hint, "_fields") or dataclasses.is_dataclass(hint)):
            hints = typing.get_type_hints(hint, include_extras=True)
            keys = tuple(hint._fields) if hasattr(hint, "_fields") else tuple(field.name for field in dataclasses.fields(hint))
            if all(key in hints for key in keys):
                children = tuple(self._hint(hints[key], MISSING, f"{path}.{key}") for key in keys)
                return TreeDef(hint, keys, children, sum(child.size for child in children))
        return self._hint_of_value(hint, default, path)

    def _hint_of_value(self, hint: Any, default: Any, path: str) -> TreeDef:
        if hint is None or hint is type(None):
            default = None
        if default is MISSING:
            shown = getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint).replace("typing.", "")
            raise UnknownAnnotation(f"the annotation {shown} of {path!r} does not say enough")
        return self.add(default, path).structure


def _annotated_array(arguments: tuple[Any, ...], number: int) -> Array:
    """`np.ndarray[shape, np.dtype[t]]`: float64 unless it says otherwise; the rank only if the shape is a tuple of known length."""
    dtype, shape = "float64", None
    if len(arguments) == 2:
        inner = get_args(arguments[1])
        if inner and isinstance(inner[0], type) and issubclass(inner[0], np.generic):
            try:
                dtype = str(np.dtype(inner[0]))
            except TypeError:  # an abstract kind, like np.floating
                dtype = "float64"
        extents = get_args(arguments[0])
        if get_origin(arguments[0]) is tuple and Ellipsis not in extents:
            shape = tuple(Dim(f"n{number}_{axis}", 0, not_one=True) for axis in range(len(extents)))
    return Array(dtype, shape)


class Captures:
    """What the function reads from outside, in the order in which the compiler met it: places and the types found there."""

    def __init__(self, describer: Describer, values: list[Any]) -> None:
        self.describer = describer
        self.arguments = values  # leaves of the arguments, for places that start at one
        self._first = (len(describer.leaves), len(describer.arrays), len(describer.containers), dict(describer.symbols))
        self.places: list[Place] = []
        self.described: list[Described] = []
        self._numbers: dict[Any, int] = {}

    def forget(self) -> None:
        """Forget what was captured: the program is lowered anew."""
        leaves, arrays, containers, symbols = self._first
        del self.describer.leaves[leaves:], self.describer.arrays[arrays:], self.describer.containers[containers:]
        self.describer.symbols = dict(symbols)
        self.places, self.described, self._numbers = [], [], {}

    def add(self, place: Place) -> tuple[int, Described]:
        """The types of what a place holds; from now on its value is one more argument of the compiled function.

        Returns the number of the captured value, and its description. Raises LookupError if nothing is there.
        """
        number = self._numbers.get(place.key)
        if number is None:
            value = place.read(self.arguments)
            if value is MISSING:
                raise LookupError(str(place))
            number = self._numbers[place.key] = len(self.places)
            self.places.append(place)
            self.described.append(self.describer.add(value, str(place), outside=True))
        return number, self.described[number]


# -- values ---------------------------------------------------------------------------------------------------

_BY_VALUE = (bool, str, bytes, type(None), type(Ellipsis), np.dtype, enum.Enum, range)
_BY_IDENTITY = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, types.MethodWrapperType,
                types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType, np.ufunc, functools.partial,
                functools._lru_cache_wrapper, type(np.sum), staticmethod, property, operator.itemgetter, operator.attrgetter,
                operator.methodcaller, np.vectorize)


def is_static(value: Any) -> bool:
    """Whether the value itself is part of the signature."""
    cls = type(value)
    known = hasattr(cls, "primal") or cls.__module__ == "uarray" or registry.is_known_object(value)  # uarray: what scipy.fft has for functions
    return isinstance(value, (*_BY_VALUE, *_BY_IDENTITY)) or cls is slice or known


def static_key(value: Any) -> Any:
    """A static value's part of a key: equal only for equal values of one type."""
    if type(value) is slice:
        return (slice, *(static_key(part) for part in (value.start, value.stop, value.step)))
    return (type(value), value)


@functools.lru_cache(maxsize=256)
def _name(dtype: np.dtype[Any]) -> str:
    """The name of a dtype; NumPy puts it together each time it is asked."""
    return str(dtype)


def describe_static(value: Any) -> str:
    """A static value as a signature shows it."""
    return repr(value) if isinstance(value, (*_BY_VALUE, int, slice, np.generic)) else str(getattr(value, "__qualname__", type(value).__name__))


def owner(array: np.ndarray[Any, Any]) -> Any:
    """The array that owns the memory; None if something else than an array does."""
    base = array.base
    if base is None:
        return array
    return base if type(base) is np.ndarray and base.base is None else None


def _overlap(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]  # enough for slices; what is harder counts as shared
    except np.exceptions.TooHardError:
        return True


def _same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return a is b or (a.dtype == b.dtype and a.shape == b.shape and a.strides == b.strides
                      and a.__array_interface__["data"] == b.__array_interface__["data"])


def class_of(leaf: Leaf) -> str:
    """What a leaf is, in an error message."""
    if leaf.sort == ARRAY or (leaf.why_not and leaf.cls is np.ndarray):
        return f"an array of {leaf.type.dtype}" if isinstance(leaf.type, Array) else "an array"
    if leaf.value is None and leaf.cls is type(None):
        return "None"
    return f"of type {leaf.cls.__name__}"


def derivative_error(function: str, transform: str, argument: Described) -> TypeError | None:
    """Why an argument cannot be differentiated with respect to; None if it can."""
    refused = next((leaf for leaf in argument.leaves if leaf.why_not), None)
    if refused is not None:
        return TypeError(f"{transform} of {function}: no derivative with respect to {refused.path}: {refused.why_not}. Pass a plain float array")
    if any(leaf.differentiable for leaf in argument.leaves):
        return None
    if argument.structure is not LEAF:
        return TypeError(f"{transform} of {function}: argument {argument.name!r} is a container without any float: {argument.structure!r}. "
                         "There is nothing in it to differentiate with respect to")
    leaf = argument.leaves[0]
    remedy = ""
    if leaf.sort == NUMBER or (leaf.static and isinstance(leaf.value, (int, np.generic))):
        remedy = f"Pass a float: {leaf.value!r} -> {float(leaf.value)!r}. " if leaf.static else "Pass a float (2.0 instead of 2). "
    elif leaf.sort == ARRAY:
        remedy = "Convert it with .astype(float). "
    return TypeError(f"{transform} of {function}: argument {argument.name!r} is {class_of(leaf)}, and only floats have a derivative. {remedy}"
                     "argnums chooses another argument")


def structure_of(arg: Arg) -> TreeDef:
    """How a result is nested."""
    if isinstance(arg, Seq):
        children = tuple(structure_of(item) for item in arg.items)
        return TreeDef(list if arg.kind == "list" else tuple, (), children, sum(c.size for c in children))
    if isinstance(arg, Make):
        children = tuple(structure_of(item) for item in arg.items)
        return TreeDef(arg.cls, arg.keys, children, sum(c.size for c in children))
    return LEAF


def result_error(function: str, transform: str, structure: TreeDef, leaf_types: Iterable[Type]) -> TypeError | None:
    """Why a result cannot be the value of a gradient (it must be one real number); None if it can, or if that is not known.

    An array of unknown shape is let through: the generated code asks at run time.
    """
    found = list(leaf_types)
    where = "Explain a function that makes one number of it, as np.sum(w * result) is with weights w of your choice" if transform == "explain" else \
        "jacobian gives the derivative of every element, vjp its product with a cotangent that you choose"
    if structure is not LEAF:
        return TypeError(f"{transform} of {function}: the result is {structure!r}, not a number. {where}; "
                         f"has_aux=True {'allows' if transform == 'explain' else 'returns'} further values beside the one that is differentiated")
    what = found[0]
    if isinstance(what, Array) and what.shape is not None and what.shape != ():
        shape = f"({', '.join(map(str, what.shape))}{',' if len(what.shape) == 1 else ''})"
        return TypeError(f"{transform} of {function}: the result is an array of shape {shape}, not a number. {where}")
    if not isinstance(what, (Scalar, Array)):
        return TypeError(f"{transform} of {function}: the result is {_article(what)}, not a number. {where}")
    if np.dtype(what.dtype).kind == "c":
        return TypeError(f"{transform} of {function}: the result is complex. Differentiate its real part, or a real function of it such as abs; "
                         "jacobian and vjp take complex results")
    return None


def _article(what: Type) -> str:
    return "None" if isinstance(what, Opaque) and what.name == "NoneType" else f"of type {what}"


