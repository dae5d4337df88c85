"""Program, arguments -> whether its reverse gives the value and the gradient: the oracle is the primal itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Program
from chainrule.ir.types import differentiable
from chainrule.ir.verify import verify
from chainrule.simplify.dead import dead
from chainrule.transform.reverse import reverse

STEP = 1e-6


def check(program: Program, *args: Any, tolerance: float = 1e-6) -> Program:
    """Assert that the reverse of a program is right at some arguments; gives it back, dead code removed."""
    verify(program)
    wrt = tuple(v for v in program.body.params if differentiable(v.type))
    gradient = verify(reverse(program, wrt))
    small = verify(dead(gradient))
    value = interpret(program, args)
    for candidate in (gradient, small):
        result = interpret(candidate, args)
        assert np.allclose(result[0], value, rtol=1e-12), "the value changed"
        for var, found in zip(wrt, result[1:]):
            right = slope(program, args, program.body.params.index(var))
            assert np.shape(found) == np.shape(right), f"the shape of the gradient of {var}"
            assert np.allclose(found, right, rtol=tolerance, atol=tolerance), f"the gradient of {var}: {found} should be {right}"
    alone = verify(dead(reverse(program, wrt, keep_value=False)))
    for one, two in zip(interpret(alone, args), interpret(small, args)[1:]):
        assert np.array_equal(one, two, equal_nan=True)
    return small


def slope(program: Program, args: tuple[Any, ...], k: int, size: float = STEP) -> Any:
    """The gradient with respect to argument k, by central differences."""
    def at(value: Any) -> Any:
        return interpret(program, (*args[:k], value, *args[k + 1:]))

    x = args[k]
    if np.shape(x) == ():
        return (at(x + size) - at(x - size)) / (2 * size)
    result = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = size
        result[index] = (at(x + step) - at(x - step)) / (2 * size)
    return result
