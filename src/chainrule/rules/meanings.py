"""Words for functions of libraries that are written as the Python that they mean (`table.meaning`).

Such a function is executed abstractly, as if its body stood at the call, and never runs; these words are what it may use beside NumPy and the
functions of `runtime`. They are functions of the machine that executes it (`frontend/calling/meanings`).
"""

from __future__ import annotations

from typing import Any


def _word(*args: Any, **keywords: Any) -> Any:
    raise TypeError("a word of meanings is executed by the compiler only")


def solver(function: Any, functions: Any, examples: Any, args: Any, keywords: Any = None, like: Any = None) -> Any:
    """Call a function of a library that takes functions.

    functions: name of the parameter -> function; one named "" is passed first. examples: for each, values like its arguments. like: a value like the result
    (an object, if it is None). Gives the result, and what the functions see of their surroundings.
    """
    return _word()


def flow(value: Any, model: Any, slope: Any, t0: Any, y0: Any, times: Any, options: Any) -> Any:
    """The states (m, n) at some times of what y' = slope(t, y) leads to from y0 at t0, as a solver gave them: their derivative in reverse mode is that of the continuous
    adjoint (`runtime/flows`, which says what the options are), in forward mode that of the model."""
    return _word()


def count_parameters(function: Any) -> Any:
    """How many parameters a function has that are given by position."""
    return _word()


def part(owner: Any, name: Any, like: Any, axes: Any = None) -> Any:
    """An attribute of what a solver gives: a value like another one; or an array, whose axes are as long as these of the other one, None where that is not known."""
    return _word()


def jacobian(function: Any) -> Any:
    """The Jacobian of a function in its first argument, a number or a vector."""
    return _word()


def gradient(function: Any) -> Any:
    """The gradient of a function in its first argument."""
    return _word()


def along(function: Any, x: Any, v: Any) -> Any:
    """The derivative of a function at x along v."""
    return _word()


def along_something(function: Any, x: Any, e: Any, order: Any) -> Any:
    """A function at x and its derivatives up to some order, in what it sees of its surroundings, along a direction in which nothing vanishes by accident
    (`runtime.generic_like`), where that has moved by e in this direction."""
    return _word()


def order() -> Any:
    """How many derivatives are taken of what is being executed; one at least."""
    return _word()


def newton_steps() -> Any:
    """So many steps of Newton's method from a solution give all derivatives that are taken of it; 0 where that is only one, which needs none."""
    return _word()


def refuse(what: Any, why: Any, remedy: Any = "") -> Any:
    """Refuse a call."""
    return _word()


def is_differentiable(value: Any) -> Any:
    """Whether a value is of floats that may carry a derivative (known when the program is made)."""
    return _word()


def static(value: Any) -> Any:
    """A value that has to be known when the program is made."""
    return _word()


def is_known(value: Any) -> Any:
    """Whether a value is known when the program is made."""
    return _word()


__all__ = ["along", "along_something", "count_parameters", "flow", "gradient", "is_differentiable", "is_known", "jacobian", "newton_steps", "order", "part", "refuse", "solver", "static"]
