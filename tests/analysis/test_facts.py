"""Facts about programs, by the names of the values: what is active, and whose adjoint may be selected."""

from __future__ import annotations

from chainrule.analysis.activity import activity
from chainrule.analysis.partial import undefined_somewhere
from chainrule.analysis.taint import tainted
from chainrule.ir.nodes import Let, Program, Var, Yield, variables
from chainrule.ir.types import INT, differentiable
from chainrule.rules import registry
from tests.transform.lowering import VECTOR, lower


def flows(let: Let, k: int) -> bool:
    return registry.flows(let.op, k)


def active(program: Program, *wrt: str) -> frozenset[Var]:
    assert isinstance(program.body.end, Yield)
    inputs = [v for v in program.body.params if (v.hint in wrt if wrt else differentiable(v.type))]
    return activity(program.body, inputs, variables(program.body.end.values[0]), flows)


def names(vars) -> list[str]:
    return sorted({v.hint for v in vars if v.hint})


def test_active_is_between_input_and_result():
    p = lower("""
        def f(x, n):
            m = n * 2.0
            z = np.sin(x)
            y = x * m
            return y
    """, n=INT)
    assert names(active(p)) == ["x", "y"]


def test_activity_of_one_argument():
    p = lower("""
        def f(x, y):
            a = x * 2.0
            b = y * 2.0
            return a + b
    """)
    assert names(active(p, "y")) == ["b", "y"]


def test_activity_through_a_loop_needs_no_second_pass():
    p = lower("""
        def f(x, n):
            a = 0.0
            b = 0.0
            c = 0.0
            d = 0.0
            for k in range(n):
                c = b
                b = a
                a = x
                d = d + 1.0
            return c
    """, n=INT)
    assert names(active(p)) == ["a", "b", "c", "x"]


def test_an_integer_stops_the_derivative():
    p = lower("""
        def f(x, u):
            i = int(x)
            y = u[i]
            return y
    """, u=VECTOR)
    assert names(active(p)) == ["u", "y"]


def selected(program: Program) -> list[str]:
    return names(tainted(program.body, active(program), flows, registry.masks))


def test_what_one_branch_uses_is_selected():
    p = lower("""
        def f(x, y):
            w = np.sqrt(x)
            v = y * 2.0
            if y > 0.0:
                z = w * v
            else:
                z = v
            return z
    """)
    assert selected(p) == ["w", "x"]


def test_a_straight_line_selects_nothing():
    p = lower("""
        def f(x, y):
            w = np.sqrt(x)
            return w * y
    """)
    assert selected(p) == []


def test_what_is_undefined_on_one_path():
    p = lower("""
        def f(x, y):
            if x > 0.0:
                z = y * 2.0
                w = x
            else:
                w = y
            return w
    """)
    assert [v.hint for v in undefined_somewhere(p.body)] == ["z"]
