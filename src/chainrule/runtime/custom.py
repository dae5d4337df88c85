"""What programs with rules of the user's call: functions as they are, and checks of what functions and rules return."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


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
    """A function as it is, whose results are checked: programs are made for results of one kind."""

    alone: int | None = None  # how many references Python counts to a result that only `_checked` and its caller have

    def __init__(self, function: Callable[..., Any], name: str, expected: tuple[Expected, ...], single: bool) -> None:
        self.function, self.expected, self.single = function, expected, single
        self.__name__ = name
        self.__wrapped__ = function
        self.number = single and expected[0].number

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        result = self.function(*args, **keywords)
        if self.number and type(result) is float:  # as nearly always: a check would take longer than most functions
            return result
        if self.single:
            return self._checked(result, self.expected[0], args)
        if not isinstance(result, (tuple, list)) or len(result) != len(self.expected):
            raise TypeError(f"{self.__name__} returned {_described(result)}, but its rule is that of {len(self.expected)} results")
        return tuple(self._checked(one, expected, args) for one, expected in zip(result, self.expected))

    def _checked(self, result: Any, expected: Expected, args: tuple[Any, ...]) -> Any:
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
