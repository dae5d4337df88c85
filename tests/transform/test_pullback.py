"""Pullbacks: called as often as one likes, linear, for results of any structure; and functions that call themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, If, Let, Lit, Program, Pullback, Seq, Var, Yield
from chainrule.ir.types import FLOAT, INT
from chainrule.ir.verify import verify
from chainrule.simplify.dead import dead
from chainrule.transform.reverse import reverse

from .check import check
from .lowering import VECTOR, lower

V = np.array([0.4, 0.9, 1.3, 0.2])


def pullback_of(program: Program, *args):
    derived = verify(dead(reverse(program, tuple(v for v in program.body.params if v.type != INT), seed="pullback")))
    assert any(isinstance(s, Pullback) for s in derived.body.stmts)
    return interpret(derived, args)


def test_a_result_of_several_parts():
    p = lower("""
        def f(x, u, n):
            h = u
            for i in range(n):
                h = np.sin(h) * x
            return (np.sum(h), h, n)
    """, u=VECTOR, n=INT)
    (total, h, n), pullback = pullback_of(p, 0.7, V, 3)
    assert n == 3
    assert np.isclose(total, np.sum(h))
    one = pullback(1.0, np.zeros(4))
    two = pullback(0.0, np.ones(4))
    again = pullback(1.0, np.zeros(4))
    assert np.isclose(one[0], two[0])
    assert np.allclose(one[1], two[1])
    assert np.array_equal(one[1], again[1])
    mixed = pullback(2.0, V)
    alone = pullback(0.0, V)
    assert np.allclose(mixed[1], 2 * one[1] + alone[1])


def test_the_pullback_of_a_sum_is_the_gradient():
    text = """
        def f(x, u, n):
            h = u
            for i in range(n):
                if x > 0.5:
                    h = h * x + h[0]
            return {}
    """
    vector = lower(text.format("h"), u=VECTOR, n=INT)
    number = lower(text.format("np.sum(h * h)"), u=VECTOR, n=INT)
    h, pullback = pullback_of(vector, 0.7, V, 3)
    gradient = interpret(reverse(number, number.body.params[:2]), (0.7, V, 3))
    found = pullback(2 * h)
    assert np.isclose(found[0], gradient[1])
    assert np.allclose(found[1], gradient[2])


def power() -> Program:
    """def power(x, n): return 1.0 if n == 0 else x * power(x, n - 1)."""
    x, n = Var(FLOAT, "x"), Var(INT, "n")
    test, less, inner, product, out = Var(FLOAT), Var(INT), Var(FLOAT), Var(FLOAT), Var(FLOAT, "y")
    orelse = Block((), (Let(less, "-", (n, Lit(1))), Let(inner, "call", (Lit("power"), Seq((x, less)))), Let(product, "*", (x, inner))),
                   Yield((product,)))
    body = Block((x, n), (Let(test, "==", (n, Lit(0))), If((out,), test, Block((), (), Yield((Lit(1.0),))), orelse)), Yield((out,)))
    return Program("power", (("x", x), ("n", n)), body)


def test_recursion():
    p = power()
    main = lower("""
        def f(x, y, n):
            return x * y
    """, n=INT)
    x, y, n = main.body.params
    first, second, total = Var(FLOAT), Var(FLOAT), Var(FLOAT)
    stmts = (Let(first, "call", (Lit("power"), Seq((x, n)))), Let(second, "call", (Lit("power"), Seq((y, Lit(2))))),
             Let(total, "+", (first, second)))
    main = replace(main, body=Block(main.body.params, stmts, Yield((total,))), callees=(p,))
    derived = check(main, 1.3, 0.7, 4)
    assert [c.name for c in derived.callees] == ["power_vjp"]


def test_recursion_in_a_loop():
    main = lower("""
        def f(x, n):
            s = x
            for i in range(n):
                s = s * x
            return s
    """, n=INT)
    loop = next(s for s in main.body.stmts if not isinstance(s, Let))
    index, s = loop.body.params  # type: ignore[union-attr]
    called, new = Var(FLOAT), Var(FLOAT, "s")
    body = Block(loop.body.params, (  # type: ignore[union-attr]
        Let(called, "call", (Lit("power"), Seq((s, index)))), Let(new, "+", (called, main.body.params[0]))), Yield((new,)))
    main = replace(main, body=Block(main.body.params, (replace(loop, body=body),), main.body.end), callees=(power(),))
    check(main, 0.8, 4, tolerance=1e-5)


def test_an_argument_without_derivative_has_a_pullback_of_its_own():
    p = power()
    main = lower("""
        def f(x, y):
            return x * y
    """)
    x, y = main.body.params
    first, total = Var(FLOAT), Var(FLOAT)
    stmts = (Let(first, "call", (Lit("power"), Seq((Lit(3.0), Lit(2))))), Let(total, "*", (first, x)))
    main = replace(main, body=Block(main.body.params, stmts, Yield((total,))), callees=(p,))
    derived = verify(dead(reverse(main, (x, y))))
    assert [c.name for c in derived.callees] == ["power"]
    assert interpret(derived, (0.5, 0.6)) == (4.5, 9.0, 0.0)
