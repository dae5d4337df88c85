"""Which values are undefined on some path, and which of these the printed code reads all the same."""

from __future__ import annotations

from chainrule.analysis.partial import read_where_undefined, undefined_somewhere
from chainrule.ir.types import INT
from chainrule.ir.walk import definitions
from tests.transform.lowering import lower


def hints(found) -> list[str]:
    return sorted(str(v.hint) for v in found)


BRANCH = """
    def f(x, y):
        if x > 0.0:
            z = y * 2.0
            w = x
        else:
            w = y
        return w
"""


def test_a_branch():
    assert hints(undefined_somewhere(lower(BRANCH).body)) == ["z"]


def test_both_branches_define_it():
    p = lower("""
        def f(x, y):
            if x > 0.0:
                z = y * 2.0
            else:
                z = y
            return z
    """)
    assert undefined_somewhere(p.body) == frozenset()


def test_a_loop_that_may_not_run_carries_it():
    p = lower("""
        def f(x, n):
            s = x
            for k in range(n):
                t = s * x
                s = t + x
            return s
    """, n=INT)
    assert {"t"} <= set(hints(undefined_somewhere(p.body)))
    assert "s" not in hints(undefined_somewhere(p.body))


def test_it_spreads_through_a_later_branch():
    p = lower("""
        def f(x, y):
            if x > 0.0:
                z = y * 2.0
            else:
                w = y
            if y > 0.0:
                z = x
            return x
    """)
    assert hints(undefined_somewhere(p.body)) == ["w", "z", "z"]


def test_what_has_one_name_throughout_is_not_read():
    p = lower(BRANCH)
    alike = {v: str(v.hint) for v in definitions(p.body)}
    assert read_where_undefined(p.body, alike) == frozenset()


def test_what_moves_to_another_name_is_read():
    p = lower("""
        def f(x, y):
            if x > 0.0:
                z = y * 2.0
            else:
                w = y
            if y > 0.0:
                z = x
            return x
    """)
    apart = {v: f"{v.hint}{n}" for n, v in enumerate(definitions(p.body))}
    assert hints(read_where_undefined(p.body, apart)) == ["z"]
