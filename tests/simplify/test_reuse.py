"""Which arithmetic of the reverse sweep asks for its operand's buffer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Program, Seq, Var, Yield
from chainrule.ir.text import text
from chainrule.ir.types import FLOAT
from chainrule.ir.verify import verify
from chainrule.simplify.reuse import reuse
from tests.transform.lowering import VECTOR


def program(make: Callable[..., object], marked: bool = True) -> Program:
    b = Builder()
    u, v, s = Var(VECTOR, "u"), Var(VECTOR, "v"), Var(FLOAT, "s")
    if marked:
        b.effect("mark", "reverse")
    result = make(b, u, v, s)
    end = Seq(result) if isinstance(result, tuple) else result
    return Program("f", (("u", u), ("v", v), ("s", s)), Block((u, v, s), tuple(b.stmts), Yield((end,))))  # type: ignore[arg-type]


def after(make: Callable[..., object], marked: bool = True) -> list[str]:
    p = program(make, marked)
    q = verify(reuse(verify(p)))
    args = (np.array([1.0, -2.0]), np.array([0.5, 3.0]), 2.0)
    for one, other in zip(*(r if isinstance(r, tuple) else (r,) for r in (interpret(p, args), interpret(q, args)))):
        np.testing.assert_array_equal(one, other)
    return [line.strip() for line in text(q).split("\n")[1:] if "mark" not in line]


def used_twice(op: str, swapped: bool = False) -> Callable[..., object]:
    """A temporary that is read once more before the operation."""
    def make(b: Builder, u: Var, v: Var, s: Var) -> object:
        t = b.emit("np.sin", u)
        total = b.emit("np.sum", t)
        return b.emit(op, *((v, t) if swapped else (t, v))), total

    return make


@pytest.mark.parametrize(("op", "swapped", "expected"), [
    ("*", False, "t3 = scale(t1, v)"), ("/", False, "t3 = shrink(t1, v)"), ("+", False, "t3 = accum(t1, v)"), ("-", False, "t3 = accum_neg(t1, v)"),
    ("*", True, "t3 = scale(t1, v)"), ("+", True, "t3 = accum(t1, v)"), ("/", True, "t3 = v / t1"), ("-", True, "t3 = v - t1"),
])
def test_the_last_use_of_an_array(op, swapped, expected):
    assert after(used_twice(op, swapped)) == ["t1 = np.sin(u)", "t2 = np.sum(t1, None, None, False, None, None)", expected, "return (t3, t2)"]


def plain(b: Builder, u: Var, v: Var, s: Var) -> object:
    return b.emit("*", b.emit("np.sin", u), v)  # becomes one expression


def needed(b: Builder, u: Var, v: Var, s: Var) -> object:
    t = b.emit("np.sin", u)
    return b.emit("*", t, v), t


def named(b: Builder, u: Var, v: Var, s: Var) -> object:
    t = b.emit("np.sin", u, hint="h")
    return b.emit("np.sum", t), b.emit("*", t, v)


def larger(b: Builder, u: Var, v: Var, s: Var) -> object:
    t = b.emit("np.sum", u)
    return b.emit("+", t, s), b.emit("*", t, u)


@pytest.mark.parametrize("make", [plain, needed, named, larger])
def test_nothing_happens(make):
    p = program(make)
    assert text(reuse(p)) == text(p)


def test_the_forward_sweep_stays_as_it_is():
    p = program(used_twice("*"), marked=False)
    assert text(reuse(p)) == text(p)
