"""What programs with rules of the user's call: functions as they are, and checks of what functions and rules return."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..structure import flatten
from .record import same


def shaped_like(g: Any, like: Any, what: str) -> Any:
    """g, which must have the shape of `like`: a rule gives it as its derivative.

    >>> shaped_like(np.ones(2), np.zeros(3), "the rule of f, for `x`")
    Traceback (most recent call last):
        ...
    ValueError: the rule of f, for `x`: it gives an array of shape (2,) for one of shape (3,)
    """
    if np.shape(g) != np.shape(like):
        raise ValueError(f"{what}: it gives an array of shape {np.shape(g)} for one of shape {np.shape(like)}")
    return g


@dataclass(frozen=True)
class Expected:
    """What a program takes a result to be: a number or an array of a dtype, with some number of axes (None: not known).

    shape_of: the position of the argument whose shape it has; -1: that to which all arguments broadcast.
    """

    dtype: str
    rank: int | None
    number: bool = False  # not an array
    shape_of: int | None = None
    convert: bool = False  # to the dtype, from Python objects


class Checked:
    """A function as it is, whose results are checked: programs are made for results of one kind, and for results of their own."""

    alone: int | None = None  # how many references Python counts to a result that only `_checked` and its caller have
    apart = False  # arrays are written later: then a result that shares memory with an argument would change with it, or change it

    def __init__(self, function: Callable[..., Any], name: str, expected: tuple[Expected, ...], single: bool) -> None:
        self.function, self.expected, self.single = function, expected, single
        self.__name__ = name
        self.__wrapped__ = function
        self.number = single and expected[0].number
        self.known: deque[tuple[Any, Any]] = deque()  # what it has been called with to see what it returns, and what that was: it is not called for that again

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        result = self._called(args, keywords)
        if self.number and type(result) is float:  # as nearly always: a check would take longer than most functions
            return result
        if not self.single and (not isinstance(result, (tuple, list)) or len(result) != len(self.expected)):
            raise TypeError(f"{self.__name__} returned {_described(result)}, but its rule is that of {len(self.expected)} results")
        if self.apart:
            self._check_apart(result, (args, keywords))
        if self.single:
            return self._checked(result, self.expected[0], args)
        return tuple(self._checked(one, expected, args) for one, expected in zip(result, self.expected))

    def _called(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        known = self.known.pop() if self.known else None
        if known is not None and same(known[0], [list(args), keywords]):
            return known[1]
        return self.function(*args, **keywords)

    def _check_apart(self, result: Any, given: Any) -> None:
        others = [leaf for leaf in flatten(given, objects=True)[0] if isinstance(leaf, np.ndarray)]
        for one in (result,) if self.single else result:
            if isinstance(one, np.ndarray):
                if any(np.may_share_memory(one, other) for other in others):
                    raise ValueError(f"{self.__name__} returned (a part of) an array that it was given, or that it returns besides, and arrays are written "
                                     "afterwards: what that does to the other one is not known. Let it return a copy")
                others.append(one)

    def _checked(self, result: Any, expected: Expected, args: tuple[Any, ...]) -> Any:
        if expected.rank == 0 and not expected.number and isinstance(result, (int, float, complex, np.generic)):  # as NumPy gives for an array without axes
            if not np.can_cast(np.asarray(result).dtype, expected.dtype, "same_kind"):
                raise self._error(result, expected)
            return np.asarray(result, expected.dtype)
        if expected.number or not isinstance(result, np.ndarray):
            if np.shape(result) != () or not isinstance(result, (int, float, complex, np.generic, np.ndarray)) or (not expected.number and expected.rank is not None):
                raise self._error(result, expected)
            if np.iscomplexobj(result) and np.dtype(expected.dtype).kind != "c":
                raise self._error(result, expected)
            return result[()] if isinstance(result, np.ndarray) else result
        if type(result) is not np.ndarray:
            raise self._error(result, expected)
        if expected.convert and result.dtype.kind == "O":
            result = result.astype(expected.dtype)
        if str(result.dtype) != expected.dtype or (expected.rank is not None and result.ndim != expected.rank):
            raise self._error(result, expected)
        if expected.shape_of is not None:
            want = np.broadcast_shapes(*map(np.shape, args)) if expected.shape_of < 0 else np.shape(args[expected.shape_of])
            if result.shape != want:
                raise TypeError(f"{self.__name__} returned an array of shape {result.shape}, but its rule says that it has the shape {want}")
        references = sys.getrefcount(result)
        if Checked.alone is None:
            Checked.alone = references
        if references > Checked.alone or result.base is not None or not result.flags.writeable:  # somebody else has it, and may write into it
            return result.copy()
        return result

    def _error(self, result: Any, expected: Expected) -> TypeError:
        want = f"a number ({expected.dtype})" if expected.number else "an array of " + expected.dtype + (
            "" if expected.rank is None else f" with {expected.rank} axes" if expected.rank != 1 else " with 1 axis")
        return TypeError(f"{self.__name__} returned {_described(result)}, but it was taken for {want}; say what its result is like with `like=` in defvjp or defjvp")


def _described(value: Any) -> str:
    if type(value) is np.ndarray:
        return f"an array of {value.dtype} with shape {value.shape}"
    return f"a {type(value).__name__}"


Checked(lambda: np.zeros(1), "zeros", (Expected("float64", 1),), True)()  # which sets `alone`

__all__ = ["Checked", "Expected", "shaped_like"]
