"""Dead code: what goes, and what stays."""

from __future__ import annotations

import time

import pytest

from chainrule.ir.nodes import Block, Branch, For, If, Let, Lit, Program, Seq, Var, Yield
from chainrule.ir.text import text
from chainrule.ir.types import BOOL, FLOAT, INT
from chainrule.ir.verify import verify
from chainrule.simplify.dead import dead
from tests.transform.lowering import VECTOR, lower


def lines(program: Program) -> list[str]:
    return text(verify(dead(verify(program)))).split("\n")


def test_what_nobody_uses():
    p = lower("""
        def f(x, n):
            y = np.sin(x)
            t = x
            s = x
            for k in range(n):
                t = t * y
                s = s + x
            if x > 0.0:
                z = y
            else:
                z = t
            return s
    """, n=INT)
    assert lines(p) == [
        "def f(x, n):",
        "    for k in range(0, n, 1) carrying s = x -> s3:",
        "        s2 = s + x",
        "        yield s2",
        "    return s3",
    ]


def test_nothing_happens_where_everything_is_used():
    p = lower("""
        def f(x, u, n):
            for k in range(n):
                if x > 0.0:
                    x = x * u[k]
                u[0] = x
            return x * np.sum(u)
    """, u=VECTOR, n=INT)
    assert dead(p) is p


def test_values_that_only_feed_each_other():
    p = lower("""
        def f(x, n):
            a = x
            b = x
            s = x
            for k in range(n):
                a, b = b, a
                s = s * 2.0
            return s
    """, n=INT)
    assert len(lines(p)) == 5
    assert "a = x" not in lines(p)[1]


def test_a_value_that_decides_how_often_a_loop_runs_is_used():
    p = lower("""
        def f(x, y):
            k = y
            while k < 3.0:
                x = x * 2.0
                k = k + 1.0
            return x
    """)
    assert any("k + 1.0" in line.replace("k2", "k") for line in lines(p))


def effects(kind: str) -> Program:
    """A loop that pushes and another that pops, and does something with it or nothing."""
    x, n = Var(FLOAT, "x"), Var(INT, "n")
    i, j, y, out, s, t, z = (Var(INT, "i"), Var(INT, "j"), Var(FLOAT, "y"), Var(FLOAT, "z"), Var(FLOAT, "s"), Var(FLOAT, "t"), Var(FLOAT))
    push = Block((i,), (Let(y, "*", (x, i)), Let(None, "push", (Lit("y_tape"), y))), Yield(()))
    used = out if kind == "used" else x
    pop = Block((j, s), (Let(out, "pop", (Lit("y_tape"),)), Let(t, "+", (s, used))), Yield((t,)))
    stmts = (For((), Lit(0), n, Lit(1), (), push), For((z,), Lit(0), n, Lit(1), (Lit(0.0),), pop, reverse=True))
    return Program("f", (("x", x), ("n", n)), Block((x, n), stmts, Yield((z,))))


@pytest.mark.parametrize("kind", ["used", "unused"])
def test_a_tape_lives_if_what_is_popped_does(kind):
    assert any("y_tape" in line for line in lines(effects(kind))) == (kind == "used")
    assert len([line for line in lines(effects(kind)) if "for " in line]) == (2 if kind == "used" else 1)


def test_effects_stay():
    x, test = Var(FLOAT, "x"), Var(BOOL)
    stmts = (Let(test, ">", (x, Lit(0.0))), If((), test, Block((), (Let(None, "py.print", ()),), Yield(())), Block((), (), Yield(()))))
    from chainrule.ir.ops import OPS

    if "py.print" not in OPS:
        pytest.skip("print is called otherwise")
    p = Program("f", (("x", x),), Block((x,), stmts, Yield((x,))))
    assert dead(p) is p


def test_an_effect_in_front_of_what_decides_whether_the_loop_goes_on():
    x, n, index, s, t, test, twice = (Var(FLOAT, "x"), Var(INT, "n"), Var(INT), Var(FLOAT, "s"), Var(FLOAT, "t"), Var(BOOL), Var(FLOAT))
    called = Var(FLOAT)
    body = Block((index, s), (
        Let(called, "call", (Lit("g"), Seq((x,)))), Let(twice, "*", (called, Lit(2.0))), Let(test, ">", (twice, s)),
    ), Branch(test, Block((), (Let(t, "+", (s, Lit(1.0))),), Yield((t,))), Block((), (), Yield((s,)))))
    out = Var(FLOAT)
    p = Program("f", (("x", x), ("n", n)), Block((x, n), (For((out,), Lit(0), n, Lit(1), (x,), body),), Yield((out,))))
    assert dead(verify(p)) is p


def test_long_programs_take_time_in_proportion():
    body = "\n".join(f"            x{k + 1} = x{k} * 2.0 + x{k // 2}" for k in range(2000))
    p = lower(f"""
        def f(x0, n):
{body}
            return x1000
    """, n=INT)
    started = time.process_time()
    assert len(lines(p)) < 2100
    assert time.process_time() - started < 2.0
