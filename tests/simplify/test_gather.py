"""Contributions to the adjoint of one number become one statement."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Operand, Program, Seq, Var, Yield
from chainrule.ir.text import text
from chainrule.ir.types import FLOAT
from chainrule.ir.verify import verify
from chainrule.simplify.dead import dead
from chainrule.simplify.gather import gather
from tests.transform.lowering import VECTOR


def program(make: Callable[..., object], type: object = FLOAT) -> Program:
    b = Builder()
    params = tuple(Var(type, name) for name in "abcd")  # type: ignore[arg-type]
    b.effect("mark", "reverse")
    result = make(b, *params)
    end = Seq(result) if isinstance(result, tuple) else result
    return Program("f", tuple((str(p.hint), p) for p in params), Block(params, tuple(b.stmts), Yield((end,))))  # type: ignore[arg-type]


@pytest.mark.parametrize(("first", "second"), list(itertools.product(("accum", "accum_neg"), repeat=2)))
def test_two_sums(first, second):
    def make(b: Builder, a: Operand, x: Operand, y: Operand, z: Operand) -> Operand:
        total = b.emit(first, a, b.emit("*", x, z), hint="x_bar")
        return b.emit(second, total, b.emit("*", y, z), hint="x_bar")

    p = verify(program(make))
    q = verify(dead(gather(p)))
    assert interpret(q, (2.0, 3.0, 0.5, 4.0)) == interpret(p, (2.0, 3.0, 0.5, 4.0))
    assert text(q).count("accum") == 1


def test_nothing_happens_where_the_value_between_is_read():
    def make(b: Builder, a: Operand, x: Operand, y: Operand, z: Operand) -> object:
        total = b.emit("accum", a, x)
        return b.emit("accum", total, y), b.emit("*", total, z)

    p = verify(program(make))
    q = verify(dead(gather(p)))
    assert interpret(q, (2.0, 3.0, 0.5, 4.0)) == interpret(p, (2.0, 3.0, 0.5, 4.0))
    assert text(q).count("accum") == 2


def test_nothing_happens_to_arrays():
    def make(b: Builder, a: Operand, x: Operand, y: Operand, z: Operand) -> Operand:
        return b.emit("accum", b.emit("accum", b.emit("*", a, z), x), y)

    p = program(make, VECTOR)
    assert text(dead(gather(p))) == text(p)
