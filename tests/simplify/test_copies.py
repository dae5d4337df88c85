"""One name for each value."""

from __future__ import annotations

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Program
from chainrule.ir.text import text
from chainrule.ir.types import INT
from chainrule.ir.verify import verify
from chainrule.simplify.copies import copies
from chainrule.simplify.dead import dead
from tests.transform.lowering import lower


def lines(program: Program) -> list[str]:
    return text(verify(dead(verify(copies(program))))).split("\n")


def test_what_both_branches_give_and_what_a_loop_never_changes():
    p = lower("""
        def f(x, a, n):
            c = a
            s = x
            for k in range(n):
                c = a
                if s > 0.0:
                    u = s * c
                    v = x
                else:
                    u = s
                    v = x
                s = u + v
            return s * c
    """, n=INT)
    assert lines(p) == [
        "def f(x, a, n):",
        "    for k in range(0, n, 1) carrying s = x -> s3:",
        "        t1 = s > 0.0",
        "        if t1 -> u2:",
        "            u = s * a",
        "            yield u",
        "        else:",
        "            yield s",
        "        s2 = u2 + x",
        "        yield s2",
        "    t2 = s3 * a",
        "    return t2",
    ]


def test_a_swap_is_not_a_copy():
    p = lower("""
        def f(x, y, n):
            a = x
            b = y
            for k in range(n):
                a, b = b, a
            return a - b
    """, n=INT)
    for n in range(4):
        assert interpret(copies(p), (2.0, 3.0, n)) == interpret(p, (2.0, 3.0, n))
    assert "carrying" in "".join(lines(p))


def test_invariant_through_nested_loops():
    p = lower("""
        def f(x, n):
            c = x
            s = x
            for i in range(n):
                for j in range(i):
                    s = s * c
                    c = c
            return s
    """, n=INT)
    assert not any("c" in line.replace("carrying", "") for line in lines(p)[1:])


def test_a_value_defined_in_a_branch_stays_there():
    p = lower("""
        def f(x, y):
            if x > 0.0:
                u = y * 2.0
            else:
                u = y * 2.0
            return u
    """)
    assert interpret(copies(p), (1.0, 2.0)) == 4.0
