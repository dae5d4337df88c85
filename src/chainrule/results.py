"""(what the compiled function returns) -> what the user gets: numbers of the arguments' classes, and a checked pullback.

Arrays come back as they should be from the compiled function. Numbers may be of another class: the derivative of a Python
float is a NumPy scalar if NumPy computed it.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .frontend.modes import JACOBIANS, TANGENT
from .frontend.request import Compiled, Request
from .frontend.signature import Described, Leaf
from .ir.types import Array, Scalar, Type
from .structure import LEAF, flatten, flatten_like, gradient_structure, leaf_paths, unflatten
from .tracebacks import raise_at_user_line

__all__ = ["Pullback", "finisher", "part"]

Convert = Callable[[Any], Any]


def finisher(request: Request, compiled: Compiled) -> Convert | None:
    """What is done to the result of the compiled function; None if nothing is."""
    converts = [_converter(part(request.parameters[parameter].value, item)) for parameter, item in request.selected]
    if request.mode in TANGENT:
        return _tangents(compiled, request.mode == "jvp")
    if request.mode == "linearize":
        converted = _tangents(compiled, False)
        return None if converted is None else lambda result: (result[0], lambda *dots: converted(result[1](*dots)))
    if request.mode == "vjp":
        gradients = _each(converts)
        if request.has_aux:
            return lambda result: _with_aux(request.label, compiled, result[0], result[1], gradients)
        return lambda result: (result[0], Pullback(request.label, compiled, result[0], result[1], gradients))
    if not any(converts) or request.mode in ("intermediate_grads", *JACOBIANS):
        return None
    gradient = converts[0] if request.single else _each(converts)
    assert gradient is not None
    if request.mode in ("value_and_grad", "explain"):
        return lambda result: (result[0], gradient(result[1]))
    if request.has_aux:
        return lambda result: (gradient(result[0]), result[1])
    return gradient


def _tangents(compiled: Compiled, beside: bool) -> Convert | None:
    """Tangents as numbers of the classes that the value's are."""
    assert compiled.result is not None
    structure, types = compiled.result
    converts = [_number_converter(type) for type in types]
    if not any(converts):
        return None

    def convert(tangent: Any) -> Any:
        if structure is LEAF:
            return tangent if converts[0] is None or tangent is None else converts[0](tangent)
        parts = flatten_like(structure, tangent)
        return unflatten(structure, [one if c is None or one is None else c(one) for c, one in zip(converts, parts)])

    return (lambda result: (result[0], convert(result[1]))) if beside else convert


def _number_converter(type: Type) -> Convert | None:
    if isinstance(type, Scalar) and type.weak:
        return {"float64": float, "complex128": complex}.get(type.dtype)
    if isinstance(type, Scalar):
        return np.dtype(type.dtype).type
    if isinstance(type, Array) and type.shape == ():
        dtype = np.dtype(type.dtype)
        return lambda value: value if builtins.type(value) is np.ndarray else np.array(value, dtype)
    return None


def _with_aux(name: str, compiled: Compiled, result: tuple[Any, Any], raw: Callable[..., Any], gradients: Convert) -> tuple[Any, Pullback, Any]:
    """(value, pullback, aux) of a function that returns (value, aux): what is auxiliary has cotangent zero."""
    value, aux = result
    zeros = [np.zeros_like(leaf)[()] if isinstance(leaf, np.generic) else np.zeros_like(leaf) if isinstance(leaf, np.ndarray) else 0.0
             for leaf in flatten(aux)[0]]
    return value, Pullback(name, compiled, value, raw, gradients, zeros), aux


def part(argument: Described, item: Any) -> Described:
    """One item of what `*args` or `**kwargs` is given; the argument itself if `item` is None."""
    if item is None:
        return argument
    structure = argument.structure
    position = structure.keys.index(item) if structure.keys else item
    first = sum(child.size for child in structure.children[:position])
    child = structure.children[position]
    name = item if isinstance(item, str) else f"{argument.name}[{item}]"
    return Described(name, child, argument.leaves[first : first + child.size], None)


def _each(converts: Sequence[Convert | None]) -> Convert:
    return lambda parts: tuple([one if convert is None else convert(one) for convert, one in zip(converts, parts)])


def _converter(argument: Described) -> Convert | None:
    converts = [_leaf_converter(leaf) for leaf in argument.leaves]
    if not any(converts):
        return None
    if argument.structure is LEAF:
        return converts[0]
    structure = gradient_structure(argument.structure)

    def convert(gradient: Any) -> Any:
        parts = flatten_like(structure, gradient)
        return unflatten(structure, [one if c is None or one is None else c(one) for c, one in zip(converts, parts)])

    return convert


def _leaf_converter(leaf: Leaf) -> Convert | None:
    if not leaf.differentiable:
        return None
    if isinstance(leaf.type, Scalar):
        return leaf.cls if leaf.type.weak else np.dtype(leaf.type.dtype).type
    if isinstance(leaf.type, Array) and leaf.type.shape == ():
        dtype = np.dtype(leaf.type.dtype)
        return lambda value: value if type(value) is np.ndarray else np.array(value, dtype)
    return None


class Pullback:
    """The map from a cotangent of a function's value to the cotangents of its arguments. It may be called many times.

    The cotangent has the structure, the shapes and (up to conversion) the dtypes of the value, with None, or anything, at
    leaves that carry no derivative.
    """

    __slots__ = ("_auxiliary", "_compiled", "_gradients", "_leaves", "_name", "_raw", "_structure")

    def __init__(self, name: str, compiled: Compiled, value: Any, raw: Callable[..., Any], gradients: Convert,
                 auxiliary: Sequence[Any] = ()) -> None:
        leaves, self._structure = flatten(value)
        self._name = name
        self._compiled = compiled
        self._leaves = [(type(leaf), getattr(leaf, "dtype", None), np.shape(leaf)) if _is_float(leaf) else None for leaf in leaves]
        self._raw = raw
        self._gradients = gradients
        self._auxiliary = auxiliary

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        given = [*self._checked(cotangent), *self._auxiliary]
        numbers = self._compiled.cotangents
        cotangents = [given[n] for n in numbers]
        try:
            gradients = self._raw(*cotangents)
        except Exception as error:
            raise_at_user_line(error, self._compiled)
        gradients = self._gradients(gradients)
        arrays = [c for c in cotangents if isinstance(c, np.ndarray)]
        return tuple([_unshared(gradient, arrays) for gradient in gradients])

    def __repr__(self) -> str:
        return f"<pullback of {self._name.removesuffix('_vjp')}: {self._structure!r}>"

    def _checked(self, cotangent: Any) -> list[Any]:
        """The cotangent's leaves, converted to the dtypes of the value's."""
        try:
            given = flatten_like(self._structure, cotangent)
        except ValueError as error:
            raise TypeError(f"{self!r}: the cotangent must have the structure of the value: {error}") from None
        for n, path in zip(range(len(given)), leaf_paths(self._structure, "cotangent")):
            expected = self._leaves[n]
            if expected is not None:
                given[n] = self._converted(given[n], path, *expected)
        return given

    def _converted(self, leaf: Any, path: str, cls: Any, dtype: Any, shape: tuple[int, ...]) -> Any:
        if not isinstance(leaf, (int, float, complex, np.generic, np.ndarray)):
            raise TypeError(f"{self!r}: {path} is of type {type(leaf).__name__}; a number or an array of shape {shape} is needed")
        if np.shape(leaf) != shape:
            raise TypeError(f"{self!r}: {path} has shape {np.shape(leaf)}, but the value has shape {shape}")
        if np.iscomplexobj(leaf) and not (cls is complex or (dtype is not None and dtype.kind == "c")):
            raise TypeError(f"{self!r}: {path} is complex, but the value is real")
        if cls is np.ndarray or issubclass(cls, np.ndarray):
            return np.asarray(leaf, dtype)
        return cls(leaf)


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, (float, complex)) or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc")


def _unshared(gradient: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """The gradient, with a copy in place of every array that shares memory with a cotangent (an identity passes it through)."""
    if isinstance(gradient, np.ndarray):
        return gradient.copy() if any(np.may_share_memory(gradient, array) for array in arrays) else gradient
    if gradient is None or isinstance(gradient, (float, complex, np.generic)):
        return gradient
    leaves, structure = flatten(gradient)
    return unflatten(structure, [_unshared(leaf, arrays) for leaf in leaves]) if structure is not LEAF else gradient


