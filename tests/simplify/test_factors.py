"""Where factors of large arrays go, and that they change no number."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Operand, Program, Var, Yield
from chainrule.ir.text import text
from chainrule.ir.types import Array, Dim, Scalar
from chainrule.ir.verify import verify
from chainrule.rules import registry
from chainrule.simplify.factors import factors

assert registry.flows  # importing it defines the operations

M, N = Dim("m", 0, True), Dim("n", 0, True)
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, -3.7, 1e300, -1e-300, 4e307, float("inf"), -float("inf"), float("nan")]


def made(make: Callable[..., Operand], dtype: str = "float64", small: str = "float64") -> tuple[Program, Program, list[str]]:
    """A function of the unit vectors x, large g and small s and r, before and after, and the text of the latter."""
    b = Builder()
    x, g = (Var(Array(dtype, (M, N)), name) for name in "xg")
    s, r = (Var(Array(small, (N,)), name) for name in "sr")
    result = make(b, x, g, s, r)
    assert isinstance(result, Var)
    params = (x, g, s, r)
    large = {x, g, *(stmt.out for stmt in b.stmts)}
    before, after = factors([], b.stmts, [result], large, (x,))
    signature = tuple((str(p.hint), p) for p in params)
    programs = [Program("f", signature, Block(params, tuple(stmts), Yield((result,)))) for stmts in (b.stmts, [*before, *after])]
    lines = [line.strip() for line in text(verify(programs[1])).split("\n")[1:]]
    again = factors([], b.stmts, [result], large, (x,))
    assert text(Program("f", signature, Block(params, (*again[0], *again[1]), Yield((result,))))).split("\n")[1:] == text(programs[1]).split("\n")[1:]
    return programs[0], programs[1], lines


def check(p: Program, q: Program) -> None:
    """Both compute the same numbers, for unit vectors x and special values of all else."""
    pairs = np.array(list(itertools.product(SPECIAL, SPECIAL)))
    s, g = pairs[:, 0], pairs[:, 1][None, :]
    with np.errstate(all="ignore"):
        for r, x in itertools.product((s[::-1].copy(), s.copy(), np.ones_like(s)), (np.zeros_like(g), np.ones_like(g))):
            first, second = (np.asarray(interpret(one, (x, g, s, r))) for one in (p, q))
            assert first.dtype == second.dtype and first.shape == second.shape
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("make", "expected"), [
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", 2, g), s), ["t1 = 2 * s", "t2 = g * t1", "return t2"], id="to what is small"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", s, b.emit("*", g, 0.25)), ["t1 = 0.25 * s", "t2 = g * t1", "return t2"], id="in any order"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", 100.0, b.emit("*", 2, g)), ["t1 = 200.0 * g", "return t1"], id="to a constant"),
    pytest.param(lambda b, x, g, s, r: b.emit("neg", b.emit("*", 0.1, g)), ["t1 = -0.1 * g", "return t1"], id="sign"),
    pytest.param(lambda b, x, g, s, r: b.emit("-", b.emit("*", x, s), b.emit("*", x, r)), ["t1 = s - r", "t2 = x * t1", "return t2"], id="multiples of unit vectors"),
    pytest.param(lambda b, x, g, s, r: b.emit("accum", b.emit("*", 0.1, x), b.emit("*", x, r)), ["t1 = 0.1 + r", "t2 = x * t1", "return t2"], id="constant multiple"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", 2, b.emit("*", 2, g)), s), ["t1 = 4 * s", "t2 = g * t1", "return t2"], id="one after the other"),
])
def test_factors(make, expected):
    p, q, lines = made(make)
    assert lines == expected
    check(p, q)


@pytest.mark.parametrize("make", [
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", 3, g), s), id="rounded"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", 0.1, b.emit("*", 3, g)), id="two that are rounded"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", 0, g), s), id="zero"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", float("inf"), g), s), id="inf"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", float("nan"), g), s), id="nan"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", True, g), s), id="bool"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", 2.0**80, b.emit("*", 2.0**80, g)), id="a constant that is far from one"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("*", 2, g), g), id="no small operand"),
    pytest.param(lambda b, x, g, s, r: b.emit("+", b.emit("*", s, y := b.emit("*", 2, g)), y), id="needed elsewhere"),
    pytest.param(lambda b, x, g, s, r: b.emit("-", b.emit("*", g, s), b.emit("*", g, r)), id="multiples that are rounded"),
    pytest.param(lambda b, x, g, s, r: b.emit("+", b.emit("*", x, s), b.emit("*", g, s)), id="multiples of two"),
    pytest.param(lambda b, x, g, s, r: b.emit("*", b.emit("+", y := b.emit("*", x, s), b.emit("*", x, r)), y), id="a multiple that is used twice"),
    pytest.param(lambda b, x, g, s, r: b.emit("rt.absorb", b.emit("*", 2, g), s), id="absorbed"),
])
def test_what_stays(make):
    p, q, lines = made(make)
    assert lines == [line.strip() for line in text(p).split("\n")[1:]]


@pytest.mark.parametrize(("dtype", "small"), [("float32", "float32"), ("float64", "float32"), ("float32", "float64"), ("float64", "int64"), ("int64", "float64"),
                                              ("complex128", "float64"), ("float64", "complex128"), ("int64", "int64")])
def test_other_dtypes_stay(dtype, small):
    p, q, _ = made(lambda b, x, g, s, r: b.emit("*", b.emit("*", 2, g), s), dtype, small)
    assert text(p) == text(q)


def test_numbers_of_python_are_small():
    b = Builder()
    g, s = Var(Array("float64", (M, N)), "g"), Var(Scalar("float64", True), "s")
    result = b.emit("*", b.emit("*", 2, g), s)
    before, after = factors([], b.stmts, [result], {g, *(stmt.out for stmt in b.stmts)}, ())
    assert [(let.op, len(before), len(after)) for let in after] == [("*", 1, 1)] and after[0].args[0] is g
