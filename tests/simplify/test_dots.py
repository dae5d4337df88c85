"""Sums of products become inner products, in the reverse sweep, where the shapes are certainly equal."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Program, Var, Yield
from chainrule.ir.text import text
from chainrule.ir.types import FLOAT, Array, Dim
from chainrule.ir.verify import verify
from chainrule.rules import registry
from chainrule.simplify.dead import dead
from chainrule.simplify.dots import dots
from tests.transform.lowering import MATRIX, VECTOR

assert registry.flows  # importing it defines the operations
M = np.arange(4.0).reshape(2, 2)


def total(one: object, two: object, marked: bool = True, **options: object) -> Program:
    """A function that sums the products of two parameters."""
    b = Builder()
    x, y = Var(one, "x"), Var(two, "y")  # type: ignore[arg-type]
    if marked:
        b.effect("mark", "reverse")
    result = b.emit("np.sum", b.emit("*", x, y), *options.values())
    return Program("f", (("x", x), ("y", y)), Block((x, y), tuple(b.stmts), Yield((result,))))


def test_an_inner_product():
    p = verify(total(MATRIX, MATRIX))
    q = verify(dead(dots(p)))
    assert "np.vdot(x, y)" in text(q)
    assert interpret(q, (M, M.T)) == interpret(p, (M, M.T))


@pytest.mark.parametrize("program", [
    total(MATRIX, MATRIX, marked=False),  # the user's own sum
    total(MATRIX, VECTOR),
    total(VECTOR, FLOAT),
    total(MATRIX, MATRIX, axis=0),
    total(Array("complex128", (Dim("n"),)), Array("complex128", (Dim("n"),))),
    total(Array("float16", (Dim("n"),)), Array("float16", (Dim("n"),))),
    total(Array("float64", (Dim("?n"),)), Array("float64", (Dim("?n"),))),
])
def test_nothing_happens(program):
    assert text(dots(verify(program))) == text(program)
