"""Where minus signs go, and that they change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Lit, Operand, Program, Var, Yield, operands
from chainrule.ir.text import text
from chainrule.ir.types import FLOAT, INT, Array, Dim
from chainrule.ir.verify import verify
from chainrule.rules import registry
from chainrule.simplify.dead import dead
from chainrule.simplify.signs import signs

assert registry.flows  # importing it defines the operations


def program(make: Callable[..., object], marked: bool = True) -> Program:
    """A function of x, y and z, in the reverse sweep (if marked) all of it."""
    b = Builder()
    params = tuple(Var(FLOAT, name) for name in "xyz")
    if marked:
        b.effect("mark", "reverse")
    result = make(b, *params)
    return Program("f", tuple((str(p.hint), p) for p in params), Block(params, tuple(b.stmts), Yield((result,))))  # type: ignore[arg-type]


def after(make: Callable[..., object], marked: bool = True) -> list[str]:
    """What the pass makes of it, which computes exactly the same."""
    p = verify(program(make, marked))
    q = verify(dead(verify(signs(p))))
    for args in ((1.5, -2.25, 3.0), (0.0, -0.0, 1.0), (float("inf"), float("nan"), -1.0)):
        assert repr(interpret(q, args)) == repr(interpret(p, args))
    return [line.strip() for line in text(q).split("\n")[1:] if "mark" not in line]


def neg(b: Builder, x: Operand) -> Operand:
    return b.emit("neg", x)


@pytest.mark.parametrize(("make", "expected"), [
    pytest.param(lambda b, x, y, z: b.emit("+", x, neg(b, y)), ["t1 = x - y", "return t1"], id="sum"),
    pytest.param(lambda b, x, y, z: b.emit("-", x, neg(b, y)), ["t1 = x + y", "return t1"], id="difference"),
    pytest.param(lambda b, x, y, z: b.emit("+", neg(b, x), y), ["t1 = y - x", "return t1"], id="first"),
    pytest.param(lambda b, x, y, z: neg(b, neg(b, x)), ["return x"], id="twice"),
    pytest.param(lambda b, x, y, z: b.emit("accum", x, b.emit("*", neg(b, y), z)), ["t1 = y * z", "t2 = accum_neg(x, t1)", "return t2"],
                 id="through a product"),
    pytest.param(lambda b, x, y, z: b.emit("accum_neg", x, b.emit("/", y, neg(b, z))), ["t1 = y / z", "t2 = accum(x, t1)", "return t2"],
                 id="through a quotient"),
    pytest.param(lambda b, x, y, z: b.emit("*", neg(b, x), neg(b, y)), ["t1 = x * y", "return t1"], id="two factors"),
    pytest.param(lambda b, x, y, z: neg(b, b.emit("*", neg(b, x), y)), ["t1 = x * y", "return t1"], id="around a product"),
    pytest.param(lambda b, x, y, z: b.emit("*", 2.0, neg(b, x)), ["t1 = -2.0 * x", "return t1"], id="into a literal"),
    pytest.param(lambda b, x, y, z: neg(b, b.emit("*", 2, x)), ["t1 = -2 * x", "return t1"], id="literal inside"),
    pytest.param(lambda b, x, y, z: b.emit("+", x, b.emit("*", -2.0, y)), ["t1 = 2.0 * y", "t2 = x - t1", "return t2"], id="negative literal"),
    pytest.param(lambda b, x, y, z: b.emit("*", 1.0, b.emit("/", x, 1.0)), ["return x"], id="one"),
    pytest.param(lambda b, x, y, z: b.emit("*", x, b.emit("/", -1.0, 2.0)), ["t1 = x * -0.5", "return t1"], id="constants"),
    pytest.param(lambda b, x, y, z: b.emit("*", -1.0, x), ["t1 = -x", "return t1"], id="minus one"),
])
def test_signs(make, expected):
    assert after(make) == expected


@pytest.mark.parametrize("make", [
    pytest.param(lambda b, x, y, z: b.emit("*", neg(b, x), y), id="no sum takes it up"),
    pytest.param(lambda b, x, y, z: b.emit("math.sin", neg(b, x)), id="a function"),
    pytest.param(lambda b, x, y, z: b.emit("**", neg(b, x), y), id="a power"),
    pytest.param(lambda b, x, y, z: b.emit("/", x, b.emit("*", 0.0, y)), id="zero"),
    pytest.param(lambda b, x, y, z: b.emit("/", 1.0, x), id="a reciprocal"),
])
def test_nothing_happens(make):
    p = program(make)
    assert text(signs(p)) == text(p)


def test_the_forward_sweep_stays_as_the_user_wrote_it():
    def make(b: Builder, x: Var, y: Var, z: Var) -> Operand:
        return b.emit("+", b.emit("*", 1.0, x), neg(b, y))

    assert after(make, marked=False) == ["t1 = 1.0 * x", "t2 = -y", "t3 = t1 + t2", "return t3"]


def test_a_product_that_is_needed_as_it_is_is_not_made_twice():
    def make(b: Builder, x: Var, y: Var, z: Var) -> Operand:
        t = b.emit("*", -2.0, x)
        return b.emit("*", b.emit("+", y, t), t)

    assert after(make) == ["t1 = -2.0 * x", "t2 = y + t1", "t3 = t2 * t1", "return t3"]


def test_integers_are_left_alone():
    n = Var(INT, "n")
    u = Var(Array("uint8", (Dim("n0", not_one=True),)), "u")
    b = Builder()
    b.effect("mark", "reverse")
    result = b.emit("+", b.emit("*", 2, b.emit("neg", u)), b.emit("neg", n))
    p = Program("f", (("u", u), ("n", n)), Block((u, n), tuple(b.stmts), Yield((result,))))
    assert text(signs(p)) == text(p)
    assert all(isinstance(o, (Var, Lit)) for o in operands(result))
