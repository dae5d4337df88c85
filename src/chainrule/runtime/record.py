"""Programs made for the values of one call: what they expect of the next call, and what they do once, however often they begin.

Where types do not decide what a program does, values do: the path of one call is compiled, and every decision on it is checked
when the program runs. A call that decides otherwise leaves by `PathChanged`, and the program for its own path is looked for, or
made. What had been done by then (a line printed, a number drawn) is in the call's `Record`, and is not done again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


class PathChanged(Exception):
    """This call takes another path than the one that the program was made for."""


def expect(condition: Any) -> None:
    """Go on if the condition holds, as it did in the call that the program was made for.

    >>> expect(2 > 1)
    """
    if not condition:
        raise PathChanged


def expect_same(value: Any, expected: Any) -> None:
    """Go on if the value is of the same class as the expected one, and equal to it.

    >>> expect_same("left", "left")
    """
    if not same(value, expected):
        raise PathChanged


def expect_kind(value: Any, cls: type, dtype: Any = None, dimensions: int | None = None) -> Any:
    """The value, if it is of this class (and, of an array, of this dtype and so many dimensions).

    >>> expect_kind(2.0, float)
    2.0
    """
    if type(value) is not cls or (isinstance(value, np.ndarray) and (value.dtype != dtype or value.ndim != dimensions)):
        raise PathChanged
    return value


def raised(cls: type[BaseException], function: Callable[..., Any], *args: Any) -> BaseException:
    """The exception that a call raises, which must be of this class.

    >>> raised(ZeroDivisionError, divmod, 1, 0)
    ZeroDivisionError('integer division or modulo by zero')
    """
    try:
        function(*args)
    except Exception as error:
        if type(error) is cls:
            return error.with_traceback(None)
    raise PathChanged


def same(a: Any, b: Any) -> bool:
    """Whether two Python values are alike to a program that branches on them.

    >>> same(1, True), same(float("nan"), float("nan"))
    (False, True)
    """
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (float, complex, np.floating, np.complexfloating)):
        return repr(a) == repr(b)
    return bool(a == b)


class Record:
    """What one call has done to the world outside so far: the results, in order."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.position = 0
        self.pending: list[Callable[[], Any]] = []
        self.seen: list[Any] = []  # the results of functions that were called to see what they return
        self.looked = 0

    def look(self, action: Callable[[], Any]) -> Any:
        """What a function returns that is called to see it: the recorded result, or else that of calling it now. No program does that when it runs."""
        if self.looked == len(self.seen):
            self.seen.append(_own(action()))
        self.looked += 1
        return _own(self.seen[self.looked - 1])

    def perform(self, action: Callable[[], Any]) -> Any:
        """The result of the next action: the recorded one, or else that of doing it now."""
        for earlier in self.pending:
            self.results.append(earlier())
        self.position += len(self.pending)
        self.pending.clear()
        if self.position == len(self.results):
            self.results.append(_own(action()))
        self.position += 1
        return _own(self.results[self.position - 1])

    def defer(self, action: Callable[[], Any]) -> None:
        """Do the next action, whose result nobody needs, when the program runs, or before the next one that is performed."""
        if self.position < len(self.results):
            self.position += 1
        else:
            self.pending.append(action)

    def rewind(self) -> None:
        """Begin again: what has been done is not done again."""
        self.position = self.looked = 0
        self.pending.clear()

    @contextmanager
    def running(self) -> Iterator[None]:
        """A program runs from its beginning, as part of this call."""
        self.rewind()
        kept, _current.record = _current.record, self
        try:
            yield
        finally:
            _current.record = kept


class _Current(threading.local):
    record: Record | None = None


_current = _Current()


def once(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Call a function for its effect: once in a call, even if the program is begun again on another path.

    >>> once(max, 1, 2)
    2
    """
    record = _current.record
    if record is None:
        return function(*args, **keywords)
    return record.perform(lambda: function(*args, **keywords))


def _own(value: Any) -> Any:
    """The value, for somebody who may write into it."""
    return value.copy() if type(value) is np.ndarray else value
