"""What a program says about its own derivative: where none goes, and what happens to an adjoint on its way back."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from ..structure import flatten, unflatten

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """The value of x as a constant for the chain rule: its derivative is zero.

    x: a number, an array, or a nest of these in tuples, lists, dictionaries, named tuples and dataclasses. Arrays are copied and
    containers made anew, so writing into the result never changes x. Everything else is returned as it is.

    >>> stop_gradient(2.0)
    2.0
    >>> x = np.ones(2)
    >>> y = stop_gradient({"w": x})
    >>> y["w"][0] = 5.0
    >>> x.tolist()
    [1.0, 1.0]
    """
    leaves, structure = flatten(x)
    kept: T = unflatten(structure, [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])
    return kept


class adjoint_of:
    """`with adjoint_of(x) as x_bar:` the block is executed in the reverse sweep, where the adjoint of x is known.

    x: a name that is bound to a float, or an array of floats (any expression that names one, also a view). In the derivative, the
    block is executed where the reverse sweep passes this place: x_bar is the derivative of the result with respect to x as it is
    here, that is, by way of all uses of x that follow. What x_bar is at the end of the block, bound anew or
    written into, takes its place. Other names mean what they mean at this place of the primal; they cannot be assigned.

    Where no derivative is taken there is no adjoint: x_bar is then zero (a float, or an array like x), and what the block makes of it has
    no consequence for the value of the function. Forward mode leaves the block out.

    >>> with adjoint_of(np.ones(2)) as x_bar:
    ...     print(x_bar)
    [0. 0.]
    """

    def __init__(self, x: Any) -> None:
        self.x = x

    def __enter__(self) -> Any:
        return np.zeros_like(self.x) if isinstance(self.x, np.ndarray) else type(self.x)(0) if isinstance(self.x, (float, np.floating)) else 0.0

    def __exit__(self, cls: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        return None


__all__ = ["adjoint_of", "stop_gradient"]
