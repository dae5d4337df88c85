"""Functions that say where no derivative goes, and what floating-point errors do."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """x itself, with derivative zero: a constant for the chain rule.

    >>> stop_gradient(2.0)
    2.0
    """
    return x


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
