"""What is kept for the reverse sweep, and how: the tapes of some programs, by name."""

from __future__ import annotations

import pytest

from chainrule.ir.nodes import For, Let, Lit, Program
from chainrule.ir.text import text
from chainrule.ir.types import INT, differentiable
from chainrule.ir.walk import all_stmts
from chainrule.simplify.dead import dead
from chainrule.transform.reverse import reverse

from .lowering import MATRIX, VECTOR, lower


def gradient(program: Program) -> Program:
    return dead(reverse(program, tuple(v for v in program.body.params if differentiable(v.type)), keep_value=False))


def tapes(program: Program) -> list[str]:
    """The names of the tapes that the gradient pushes to."""
    names = [s.args[0] for s in all_stmts(gradient(program).body) if isinstance(s, Let) and s.op == "push"]
    return [name.value for name in names if isinstance(name, Lit)]


def ops(program: Program) -> list[str]:
    return [s.op for s in all_stmts(gradient(program).body) if isinstance(s, Let)]


def test_nothing_is_kept_outside_loops():
    p = lower("""
        def f(x, y):
            if x > y:
                z = np.sin(x) * y
            else:
                z = x * y * y
            return z * z
    """)
    assert tapes(p) == []


def test_a_linear_loop_keeps_nothing():
    p = lower("""
        def f(u, g, n):
            for t in range(n):
                u[1:-1] = 0.25 * (u[:-2] + u[2:] - g[1:-1])
            return np.sum(u ** 2)
    """, u=VECTOR, g=VECTOR, n=INT)
    assert tapes(p) == []


def test_an_array_that_is_the_same_in_every_iteration_is_not_kept():
    p = lower("""
        def f(u, k, dt, n):
            for t in range(n):
                for j in range(3):
                    u = u * (1.0 - dt * k)
            return np.sum(u)
    """, u=VECTOR, k=VECTOR, n=INT)
    assert tapes(p) == ["u_tape"]
    stmts = gradient(p).body.stmts
    marker = next(i for i, s in enumerate(stmts) if isinstance(s, Let) and s.op == "mark")
    before = [s.op for s in stmts[marker:] if isinstance(s, Let)]
    assert before.count("*") == 1 and before.count("-") == 1  # once, before the loops


def test_what_is_only_there_for_its_shape_is_not_kept_where_the_shape_is_known():
    p = lower("""
        def f(u, h, n):
            p = np.eye(2)
            q = np.ones((1, 2))
            m = np.zeros(2)
            for t in range(n):
                m = p @ m + u[0]
                s = (q @ m)[0]
                m = m * 0.5 + np.sin(s)
            return np.sum(m)
    """, u=VECTOR, h=VECTOR, n=INT)
    assert tapes(p) == ["s_tape"]
    assert "np.zeros" in ops(p)


@pytest.mark.parametrize("line", ["if j > 1: u = u * (dt * k)", "u = u * np.log(k)", "u = u * (k * w[0, :1])", "u = u * (s * k); s = s * dt"])
def test_what_may_not_be_computed_at_all_or_changes_is_kept(line):
    p = lower(f"""
        def f(u, k, w, dt, n):
            s = dt
            for j in range(n):
                {line}
            return np.sum(u)
    """, u=VECTOR, k=VECTOR, w=MATRIX, n=INT)
    assert len(tapes(p)) > 1


def test_one_tape_for_what_everything_is_computed_from():
    p = lower("""
        def f(a, x):
            n = 0
            while n < 50:
                dx = (x * x * x - a) / (3.0 * x * x)
                if abs(dx) < 1e-12:
                    break
                x = x - dx
                n = n + 1
            return x
    """)
    assert tapes(p) == ["x_tape"]


def test_the_condition_at_the_head_of_a_while_is_not_kept():
    p = lower("""
        def f(x, y):
            while x < 3.0:
                x = x * y
            return x
    """)
    assert tapes(p) == ["x_tape"]
    assert "tape_len" in ops(p)
    assert "<" not in ops(p)[ops(p).index("tape_len"):]


def test_a_carried_value_is_taped_once_not_before_and_after():
    p = lower("""
        def f(x, w, n):
            h = x
            for k in range(n):
                h = np.tanh(w @ h)
            return np.sum(h)
    """, x=VECTOR, w=MATRIX, n=INT)
    assert tapes(p) == ["h_tape"]


def test_a_value_of_a_branch_is_pushed_in_the_branch():
    p = lower("""
        def f(x, u, n):
            s = x
            for i in range(n):
                if s > 1.0:
                    t = np.sum(np.sin(u * s))
                    s = t * t
            return s
    """, u=VECTOR, n=INT)
    lines = text(gradient(p)).split("\n")
    push = next(line for line in lines if "push('t_tape'" in line)
    test = next(line for line in lines if line.lstrip().startswith("if "))
    assert len(push) - len(push.lstrip()) > len(test) - len(test.lstrip())


def test_elements_that_are_not_written_again_are_read_again():
    cholesky = lower("""
        def f(a, n):
            l = np.zeros_like(a)
            for j in range(n):
                l[j, j] = np.sqrt(a[j, j] - np.sum(l[j, :j] ** 2))
                for i in range(j + 1, n):
                    l[i, j] = (a[i, j] - np.sum(l[i, :j] * l[j, :j])) / l[j, j]
            return np.sum(np.sin(l))
    """, a=MATRIX, n=INT)
    assert tapes(cholesky) == []


@pytest.mark.parametrize(("read", "write", "kept"), [
    ("i", "i + 1", 0), ("i", "i + 2", 0), ("i + 1", "i", 1), ("i", "i", 1), ("i - 1", "i", 1), ("0", "i + 1", 0), ("0", "i", 1), ("-1", "i", 1),
    ("i", "-1", 1), ("n - 1 - i", "n - i", 1),
])
def test_reading_again_needs_a_proof(read, write, kept):
    p = lower(f"""
        def f(z, n):
            for i in range(n - 2):
                t = z[{read}]
                z[{write}] = np.sin(t) * t
            return np.sum(z)
    """, z=VECTOR, n=INT)
    assert len(tapes(p)) == kept


def test_elements_written_by_an_inner_loop():
    p = lower("""
        def f(z, n):
            for i in range(n):
                t = z[i]
                for j in range(i + 1, n):
                    z[j] = z[j] + t * t
            return np.sum(z)
    """, z=VECTOR, n=INT)
    assert tapes(p) == []


def test_a_stored_value_is_read_from_where_it_was_stored():
    p = lower("""
        def f(x, n):
            y = np.zeros_like(x)
            for i in range(n):
                t = np.sum(np.exp(x * i))
                y[i] = t * t
                y[i] = np.sqrt(t)
            return np.sum(y * y)
    """, x=VECTOR, n=INT)
    assert "t_tape" in tapes(p)  # y[i] is not t
    assert len(tapes(p)) <= 2


def test_the_reverse_of_a_reversed_loop_runs_forward():
    p = lower("""
        def f(x, n):
            s = x
            for i in range(n):
                s = s * x + i
            return s
    """, n=INT)
    loop = next(s for s in all_stmts(gradient(p).body) if isinstance(s, For) and s.reverse)
    assert loop.reverse


def test_an_inactive_value_has_no_adjoint():
    p = lower("""
        def f(x, n):
            m = n * 2.0
            z = np.sin(x)
            return x * m
    """, n=INT)
    assert text(gradient(p)) == "\n".join([
        "def f_grad(x, n):",
        "    m = n * 2.0",
        "    mark('reverse')",
        "    return (m,)",
    ])


def test_the_text_of_a_gradient():
    p = lower("""
        def f(x, n):
            s = x
            for k in range(n):
                s = s * x
            return s
    """, n=INT)
    assert text(gradient(p)) == "\n".join([
        "def f_grad(x, n):",
        "    for k in range(0, n, 1) carrying s = x -> s3:",
        "        push('s_tape', s)",
        "        s2 = s * x",
        "        yield s2",
        "    mark('reverse')",
        "    for k2 in reversed(range(0, n, 1)) carrying s_bar = 1.0, x_bar = 0.0 -> s_bar3, x_bar3:",
        "        s4 = pop('s_tape')",
        "        s_bar2 = s_bar * x",
        "        t1 = s_bar * s4",
        "        x_bar2 = accum(x_bar, t1)",
        "        yield s_bar2, x_bar2",
        "    x_bar4 = accum(x_bar3, s_bar3)",
        "    return (x_bar4,)",
    ])
