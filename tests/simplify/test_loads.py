"""A number that is known is not read from an array again; one that may have changed is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Let, Program
from chainrule.ir.types import INT, Scalar
from chainrule.ir.verify import verify
from chainrule.ir.walk import all_stmts
from chainrule.simplify.dead import dead
from chainrule.simplify.loads import loads
from tests.transform.lowering import MATRIX, VECTOR, lower

F64 = Scalar("float64")


def reads(program: Program) -> int:
    """How many elements a program reads."""
    return sum(isinstance(s, Let) and s.op == "index" and isinstance(s.out.type, Scalar) for s in all_stmts(program.body))  # type: ignore[union-attr]


def after(program: Program, *args: object) -> int:
    """How many are left; the value is the same."""
    small = verify(dead(replace(program, body=loads(program.body))))
    np.testing.assert_array_equal(interpret(small, args), interpret(verify(program), args))
    return reads(small)


def test_what_was_stored_is_not_read():
    p = lower("""
        def f(u, s, n):
            u[0] = s
            t = 0.0
            for i in range(1, n):
                t = t + u[0] * i
                u[i] = s
            return t
    """, u=VECTOR, s=F64, n=INT)
    assert (reads(p), after(p, np.ones(4), np.float64(2.0), 4)) == (1, 0)


def test_what_was_read_is_not_read_again():
    p = lower("""
        def f(a, n):
            t = 0.0
            for i in range(n):
                p = a[i, i]
                for j in range(i + 1, n):
                    a[j, i] = a[i, i] * 2.0 + p
                    t = t + a[i, i]
            return t
    """, a=MATRIX, n=INT)
    assert (reads(p), after(p, np.arange(9.0).reshape(3, 3), 3)) == (3, 1)


@pytest.mark.parametrize("between", ["u[k] = s * 3.0", "u[0] = 1.0", "u[k] += s", "u[:] = s", "u[n - 4:] = s"])
def test_nothing_happens_where_the_place_may_be_written(between):
    p = lower(f"""
        def f(u, s, n, k):
            u[0] = s
            {between}
            return u[0] * 2.0
    """, u=VECTOR, s=F64, n=INT, k=INT)
    assert after(p, np.ones(4), np.float64(2.0), 4, 0) >= 1


def test_nothing_happens_where_a_later_iteration_writes():
    p = lower("""
        def f(u, s, n):
            u[0] = s
            t = 0.0
            for i in range(n):
                t = t + u[0]
                u[i] = t
            return t
    """, u=VECTOR, s=F64, n=INT)
    assert after(p, np.ones(4), np.float64(2.0), 4) == 1


def test_nothing_happens_to_a_number_of_another_class():
    p = lower("""
        def f(u, s):
            u[0] = s
            return u[0] * 2.0
    """, u=VECTOR)
    assert after(p, np.ones(4), 2.0) == 1
