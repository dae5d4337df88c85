"""Functions that set what a program does not compute: what floating-point errors do, a module's variables, how many directions are taken at a time."""

from __future__ import annotations

from typing import Any

import numpy as np


def set_errors(errors: dict[str, Any]) -> None:
    """What floating-point errors do, as `np.seterr` has returned it.

    >>> set_errors(np.geterr())
    """
    np.seterr(**errors)


def error_args(error: BaseException) -> tuple[Any, ...]:
    """The arguments of an exception.

    >>> error_args(ValueError("wrong"))
    ('wrong',)
    """
    return error.args


def set_global(namespace: dict[str, Any], name: str, value: Any) -> None:
    """Set a module's variable.

    >>> variables = {"count": 1}
    >>> set_global(variables, "count", 2)
    >>> variables
    {'count': 2}
    """
    namespace[name] = value


def applied(function: Any, *args: Any, **keywords: Any) -> Any:
    """A call, as a function with source.

    >>> applied(max, 1, 2)
    2
    """
    return function(*args, **keywords)


def chunk_size(limit: int, *sizes: int) -> int:
    """How many directions to take at a time, so that an array that holds so many numbers for each of them holds `limit` at most in all. At least one.

    >>> chunk_size(36000, 1000, 50)
    36
    """
    return max(1, limit // max(1, *sizes))
