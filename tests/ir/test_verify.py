"""Programs that are not well formed are found."""

from __future__ import annotations

import pytest

from chainrule.ir.nodes import Block, Break, For, If, Let, Lit, Program, Var, While, Yield
from chainrule.ir.types import BOOL, FLOAT, INT
from chainrule.ir.verify import verify
from chainrule.rules import registry  # noqa: F401

X = Var(FLOAT, "x")


def program(*stmts, result=X) -> Program:
    return Program("f", (("x", X),), Block((X,), stmts, Yield((result,))))


def test_a_good_program_is_given_back():
    y = Var(FLOAT)
    p = program(Let(y, "*", (X, X)), result=y)
    assert verify(p) is p


def wrong():
    y, t, i = Var(FLOAT, "y"), Var(BOOL), Var(INT)
    test = Let(t, ">", (X, Lit(0.0)))
    inner = Block((), (Let(y, "*", (X, X)),), Yield(()))
    empty = Block((), (), Yield(()))
    yield "defined twice", program(Let(y, "*", (X, X)), Let(y, "*", (X, X)))
    yield "used where it is not defined", program(Let(Var(FLOAT), "*", (X, y)))
    yield "used where it is not defined", program(test, If((), t, inner, empty), result=y)
    yield "takes 2 arguments", program(Let(y, "*", (X,)))
    yield "is not known", program(Let(y, "no such operation", (X,)))
    yield "done for its effect", program(Let(None, "*", (X, X)))
    yield "gives 0 values where 1 are taken", program(test, If((Var(FLOAT),), t, empty, empty))
    yield "ends the body of a loop only", program(test, If((), t, Block((), (), Break(())), empty))
    yield "carries as many values", program(For((), Lit(0), Lit(3), Lit(1), (), Block((i, y), (), Yield(()))))
    yield "gives as many values", program(While((), (X,), Block((y,), (), Break((y,)))))
    yield "is pushed to in 1 places and popped in 0", program(Let(None, "push", (Lit("tape"), X)))
    yield "parameters are the Vars", Program("f", (("x", X),), Block((), (), Yield((Lit(1.0),))))


@pytest.mark.parametrize(("message", "bad"), list(wrong()))
def test_a_bad_program_is_refused(message, bad):
    with pytest.raises(AssertionError, match=message):
        verify(bad)
