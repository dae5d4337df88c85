"""What programs look like when they are printed."""

from __future__ import annotations

import dataclasses
import inspect
import traceback
from typing import Any

import numpy as np
import pytest

from chainrule.backend.astor_text import WIDTH, wrap
from chainrule.backend.emit import emit
from chainrule.backend.inplace import inplace
from chainrule.backend.load import load
from chainrule.ir.build import Builder, as_arg
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Branch, Break, For, If, Lit, Make, Program, Pullback, Raise, Seq, Span, Var, While, Yield
from chainrule.ir.types import FLOAT, INT, OBJECT, Array, List, Tuple
from tests.backend.programs import MATRIX, VECTOR, arrays, at, branch, cholesky, cut, jacobi, loop, program


def body_of(p: Program, reserved: tuple[str, ...] = ()) -> str:
    """The printed body, without the header."""
    lines = emit(inplace(p), reserved).text.splitlines()
    return "\n".join(line[4:] for line in lines[1:])


def prints(p: Program, *expected: str) -> None:
    assert body_of(p).splitlines() == list(expected)


def agrees(p: Program, *args: Any) -> Any:
    """Run the text; it gives what the interpreter gives."""
    want = interpret(p, args)
    got = load(emit(inplace(p)))(*[a.copy() if isinstance(a, np.ndarray) else a for a in args])
    for g, w in zip(*(v if isinstance(v, tuple) else (v,) for v in (got, want))):
        np.testing.assert_allclose(g, w)
    return got


u, v, x, s, n = (Var(VECTOR, "u"), Var(VECTOR, "v"), Var(VECTOR, "x"), Var(FLOAT, "s"), Var(INT, "n"))


# -- whole programs --------------------------------------------------------------------------------------


def test_jacobi() -> None:
    prints(
        jacobi(),
        '"""Gradient of jacobi with respect to u, f."""',
        "# forward sweep",
        "u = u.copy()",
        "for _ in range(n):",
        "    u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]",
        "        - f[1:-1, 1:-1])",
        "# reverse sweep",
        "# return np.sum(u ** 2)",
        "u_bar = 2.0 * u",
        "# for _ in range(n):",
        "f_bar = np.zeros_like(f)",
        "for _ in range(n):",
        "    # u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] -",
        "    #     f[1:-1, 1:-1])",
        "    t1 = 0.25 * u_bar[1:-1, 1:-1]",
        "    f_bar[1:-1, 1:-1] -= t1",
        "    u_bar[1:-1, 1:-1] = 0.0",
        "    u_bar[1:-1, 2:] += t1",
        "    u_bar[1:-1, :-2] += t1",
        "    u_bar[2:, 1:-1] += t1",
        "    u_bar[:-2, 1:-1] += t1",
        "return u_bar, f_bar",
    )
    agrees(jacobi(), arrays(0, 6, 7), arrays(1, 6, 7), 3)


def test_cholesky() -> None:
    text = body_of(cholesky()).splitlines()
    assert "    L[j, j] = np.sqrt(A[j, j] - (L[j, :j] ** 2).sum())" in text
    assert "        L[i, j] = (A[i, j] - (L[i, :j] * L[j, :j]).sum()) / L[j, j]" in text
    assert "    for i in reversed(range(j + 1, n)):" in text
    assert "        L_bar[j, j] -= t1 * (L[i, j] / t2)" in text
    agrees(cholesky(), np.eye(5) * 4 + 0.1)


# -- copies ----------------------------------------------------------------------------------------------


def test_an_argument_is_copied_before_it_is_written() -> None:
    b = Builder()
    y = b.emit("store", u, at(0), 1.0, hint="u")
    prints(program(b, "f", [u], y), "u = u.copy()", "u[0] = 1.0", "return u")


def test_a_value_that_is_needed_afterwards_is_copied() -> None:
    b = Builder()
    y = b.emit("np.cos", u, hint="y")
    z = b.emit("store", y, at(0), 1.0, hint="z")
    prints(program(b, "f", [u], Seq((y, z))), "y = np.cos(u)", "z = y.copy()", "z[0] = 1.0", "return y, z")


def test_a_view_that_is_needed_afterwards_is_copied_where_it_is_made() -> None:
    b = Builder()
    y = b.emit("np.cos", u, hint="y")
    t = b.emit("index", y, cut(1), hint="t")
    z = b.emit("store", y, at(1), 1.0, hint="y")
    prints(program(b, "f", [u], Seq((b.emit("np.sum", t), z))),
           "y = np.cos(u)", "t = y[1:].copy()", "y[1] = 1.0", "return t.sum(), y")


def test_a_value_on_a_tape_is_pushed_as_a_copy_if_it_is_written_later() -> None:
    b = Builder()

    def body(i: Var, h: Any) -> list[Any]:
        b.effect("push", "h_tape", h)
        return [b.emit("store", h, at(i), 0.0, hint="h")]

    (h,) = loop(b, n, {"h": b.emit("np.cos", u, hint="h")}, body)

    def back(i: Var, total: Any) -> list[Any]:
        return [b.emit("+", total, b.emit("np.sum", b.emit("pop", "h_tape", type=VECTOR, hint="h")), hint="total")]

    (total,) = loop(b, n, {"total": 0.0}, back, reverse=True)
    p = program(b, "f", [u, n], Seq((h, total)))
    prints(p, "h = np.cos(u)", "h_tape = []", "for i in range(n):", "    h_tape.append(h.copy())", "    h[i] = 0.0", "total = 0.0",
           "for _ in range(n):", "    h2 = h_tape.pop()", "    total += h2.sum()", "return h, total")
    agrees(p, arrays(0, 4), 3)


def test_a_tape_of_values_that_nobody_writes_holds_no_copies() -> None:
    b = Builder()

    def body(i: Var, h: Any) -> list[Any]:
        b.effect("push", "h_tape", h)
        return [b.emit("np.cos", h, hint="h")]

    (h,) = loop(b, n, {"h": u}, body)
    assert "copy" not in body_of(program(b, "f", [u, n], b.emit("np.sum", h)))


def test_a_sum_of_adjoints_adds_in_place_only_into_what_it_owns() -> None:
    b = Builder()
    x_bar = b.emit("accum", u, v, hint="x_bar")
    y = b.emit("accum", x_bar, v, hint="x_bar")
    prints(program(b, "f", [u, v], y), "x_bar = u + v", "x_bar += v", "return x_bar")


def test_a_sum_of_another_dtype_does_not_add_in_place() -> None:
    single = Var(Array("float32", VECTOR.shape), "w")
    b = Builder()
    total = b.emit("np.cos", single, hint="total")
    y = b.emit("accum", total, v, hint="total", type=VECTOR)
    prints(program(b, "f", [single, v], y), "total = np.cos(w)", "total = total + v", "return total")


def test_buffers_are_swapped_without_a_copy() -> None:
    b = Builder()

    def body(i: Var, x: Any, y: Any) -> list[Any]:
        return [b.emit("store", y, at(0), b.emit("index", x, 1), hint="y"), x]

    x_, y_ = loop(b, n, {"x": b.emit("np.cos", u, hint="x"), "y": b.emit("np.sin", u, hint="y")}, body)
    p = program(b, "f", [u, n], Seq((x_, y_)))
    prints(p, "x = np.cos(u)", "y = np.sin(u)", "for _ in range(n):", "    y[0] = x[1]", "    x, y = y, x", "return x, y")
    agrees(p, arrays(0, 4), 3)


def test_results_share_nothing() -> None:
    b = Builder()
    y = b.emit("np.cos", u, hint="y")
    p = program(b, "f", [u], Seq((u, y, b.emit("index", y, cut(None, None)), b.emit("np.broadcast_to", y, (2, 3)))))
    got = agrees(p, arrays(0, 3))
    assert not any(np.may_share_memory(a, b) for k, a in enumerate(got) for b in got[:k])
    assert all(a.flags.writeable and a.flags.owndata for a in got)


# -- expressions -----------------------------------------------------------------------------------------


def test_single_use_temporaries_fold_up_to_a_line() -> None:
    b = Builder()
    total: Any = u
    for k in range(12):
        total = b.emit("+", total, b.emit("np.cos", b.emit("*", float(k), u)))
    text = body_of(program(b, "f", [u], total))
    assert all(len(line) <= 96 for line in text.splitlines())
    assert len(text.splitlines()) == 4


def test_nothing_folds_across_a_write_that_it_reads() -> None:
    b = Builder()
    y = b.emit("np.cos", u, hint="y")
    first = b.emit("index", y, 0)
    y = b.emit("store", y, at(0), 2.0, hint="y")
    prints(program(b, "f", [u], b.emit("*", first, y)), "y = np.cos(u)", "t1 = y[0]", "y[0] = 2.0", "return t1 * y")


def test_updates() -> None:
    b = Builder()
    y: Any = b.emit("np.cos", u, hint="y")
    y = b.emit("store", y, at(cut(1)), b.emit("*", b.emit("index", y, cut(1)), 2.0), hint="y")
    y = b.emit("iadd", y, at(0), 1.0, hint="y")
    y = b.emit("add_at", y, at(cut(2)), 1.0, hint="y")
    y = b.emit("add_at", y, at([0, 0]), 1.0, hint="y")
    y = b.emit("sub_at", y, as_arg((("index", cut(1)), ("index", 0))), 1.0, hint="y")
    p = program(b, "f", [u], y)
    prints(p, "y = np.cos(u)", "y[1:] *= 2.0", "y[0] += 1.0", "y[2:] += 1.0", "np.add.at(y, [0, 0], 1.0)", "y[1:][0] -= 1.0", "return y")
    agrees(p, arrays(0, 4))


def test_writes_through_views() -> None:
    m = Var(MATRIX, "m")
    b = Builder()
    y = b.emit("np.cos", m, hint="y")
    y = b.emit("store", y, as_arg((("T", None), ("index", 0))), 1.0, hint="y")
    y = b.emit("store", y, as_arg((("reshape", (-1,)), ("index", 3))), 2.0, hint="y")
    p = program(b, "f", [m], y)
    prints(p, "y = np.cos(m)", "y.T[0] = 1.0", "y.reshape(-1)[3] = 2.0", "return y")
    agrees(p, arrays(0, 3, 4))


def test_calls() -> None:
    m = Var(MATRIX, "m")
    b = Builder()
    items = [b.emit("np.sum", m, 0), b.emit("np.max", m, Lit(None), True), b.emit("np.transpose", m), b.emit("np.max", m),
             b.emit("np.tanh", m), b.emit("math.sin", s), b.emit("neg", m), b.emit("np.reshape", m, (-1, 1))]
    prints(program(b, "f", [m, s], Seq(tuple(items))),
           "return m.sum(axis=0), m.max(keepdims=True), m.T.copy(), m.max(), np.tanh(m), math.sin(s), -m, m.reshape(-1, 1).copy()")


@pytest.mark.parametrize(("value", "text"), [
    (1, "1"), (-1, "-1"), (1.5, "1.5"), (-0.0, "-0.0"), (float("inf"), "np.inf"), (float("-inf"), "-np.inf"), (float("nan"), "np.nan"),
    (True, "True"), (None, "None"), ("it's", '"it\'s"'), (np.float32(0.5), "np.float32(0.5)"), (np.float64, "np.float64"),
    (np.dtype("int64"), "np.dtype(np.int64)"), (float, "float"), (np.tanh, "np.tanh"), (1e300, "1e+300"), (2j, "complex(0.0, 2.0)"),
    (slice(1, None), "slice(1, None, None)"), ((1, (2,)), "1, (2,)"), (ValueError, "ValueError"),
])
def test_literals(value: Any, text: str) -> None:
    b = Builder()
    emitted = emit(program(b, "f", [], Lit(value)))
    assert emitted.text == f"def f():\n    return {text}\n"
    assert emitted.constants == {}


def test_other_objects_get_a_name() -> None:
    table, function = np.arange(3), object()
    b = Builder()
    result = Seq((b.emit("+", u, Lit(table)), Lit(table), Lit(function)))
    emitted = emit(inplace(program(b, "f", [u], result)), ("const",))
    assert list(emitted.constants) == ["const2", "const3"]
    got = load(emitted)(np.zeros(3))
    np.testing.assert_array_equal(got[0], table)
    assert got[1] is not table
    assert got[2] is function


# -- names -----------------------------------------------------------------------------------------------


def test_names_of_the_user_come_first() -> None:
    b = Builder()
    y = b.emit("np.cos", u, hint="y")
    z = b.emit("np.sin", y, hint="y")
    w = b.emit("np.sin", z, hint="y")
    prints(program(b, "f", [u], b.emit("+", b.emit("+", w, y), w)),
           "y = np.cos(u)", "y2 = np.sin(y)", "y2 = np.sin(y2)", "return y2 + y + y2")


def test_names_that_mean_something_else_are_avoided() -> None:
    b = Builder()
    a = b.emit("np.cos", u, hint="np")
    c = b.emit("np.sin", a, hint="lambda")
    d = b.emit("np.cos", c, hint="range")
    e = b.emit("+", b.emit("np.cos", d, hint="d_bar"), d, hint="x_bar")
    text = body_of(program(b, "f", [u], Seq((a, c, d, e, e))), ("x_bar",))
    assert [line.split(" = ")[0] for line in text.splitlines()[:4]] == ["np_", "lambda_", "range_", "x_bar2"]


def test_temporaries_are_named_after_their_function() -> None:
    logits = Var(VECTOR, "logits")
    b = Builder()
    e = b.emit("np.exp", logits)
    prints(program(b, "f", [logits], b.emit("/", e, b.emit("np.sum", e))),
           "exp_logits = np.exp(logits)", "return exp_logits / exp_logits.sum()")


# -- branches and loops ----------------------------------------------------------------------------------


def choice(then: Any, orelse: Any, hint: str = "y") -> tuple[Builder, Var]:
    b = Builder()
    (y,) = branch(b, (Var(FLOAT, hint),), b.emit("<", s, 0.0), lambda: [then(b)], lambda: [orelse(b)])
    return b, y


def test_a_short_branch_is_a_conditional_expression() -> None:
    b, y = choice(lambda b: b.emit("neg", s), lambda b: b.emit("*", 2.0, s))
    prints(program(b, "f", [s], b.emit("*", y, y)), "y = -s if s < 0.0 else 2.0 * s", "return y * y")


def test_an_empty_branch_is_left_out() -> None:
    b = Builder()
    (y,) = branch(b, (Var(FLOAT, "s"),), b.emit("<", s, 0.0), lambda: [s], lambda: [b.emit("*", s, 2.0, hint="s")])
    prints(program(b, "f", [s], y), "if not s < 0.0:", "    s *= 2.0", "return s")


def test_a_branch_that_raises() -> None:
    b = Builder()
    with b.block() as then:
        b.effect("py.raise", Seq((Lit(ValueError), Lit("negative"))))
    y = Var(FLOAT, "y")
    b.add(If((y,), b.emit("<", s, 0.0), Block((), tuple(then), Raise()), Block((), (), Yield((s,)))))
    p = program(b, "f", [s], b.emit("*", y, 2.0))
    assert body_of(p).splitlines()[:2] == ["if s < 0.0:", "    raise ValueError('negative')"]
    with pytest.raises(ValueError, match="negative"):
        load(emit(inplace(p)))(-1.0)
    assert load(emit(inplace(p)))(2.0) == 4.0


def newton(inner_break: bool, with_trips: bool) -> Program:
    b = Builder()
    k, xk = Var(INT, "k"), Var(FLOAT, "x")
    with b.block() as header:
        test = b.emit("<", k, 9)
        with b.block() as going:
            b.effect("push", "x_tape", xk)
            dx = b.emit("*", 0.5, b.emit("-", xk, b.emit("/", s, xk)), hint="dx")
            if inner_break:
                small = b.emit("<", b.emit("abs", dx), 1e-9)
            with b.block() as rest:
                step = Yield((b.emit("+", k, 1, hint="k"), b.emit("-", xk, dx, hint="x")))
        after = Block((), tuple(rest), step)
        then = Block((), tuple(going), Branch(small, Block((), (), Break((k, xk))), after)) if inner_break else Block(
            (), (*going, *rest), step)
    outs = Var(INT, "k"), Var(FLOAT, "x")
    trips = Var(INT, "trips")
    b.add(While(outs, (Lit(0), Lit(1.0)), Block((k, xk), tuple(header), Branch(test, then, Block((), (), Break((k, xk))))), trips))
    length = b.emit("tape_len", "x_tape")
    total = Var(FLOAT, "total")
    with b.block() as stmts:
        sum_ = b.emit("+", total, b.emit("pop", "x_tape", type=FLOAT, hint="x"), hint="total")
    out = Var(FLOAT, "total")
    b.add(For((out,), Lit(0), length, Lit(1), (Lit(0.0),), Block((Var(INT, "i"), total), tuple(stmts), Yield((sum_,))), reverse=True))
    return program(b, "f", [s], Seq((outs[1], out, trips) if with_trips else (outs[1], out)))


def test_a_while_loop_with_a_break_and_a_tape() -> None:
    p = newton(True, False)
    prints(p, "x_tape = []", "k = 0", "x = 1.0", "while k < 9:", "    x_tape.append(x)", "    dx = 0.5 * (x - s / x)",
           "    if abs(dx) < 1e-09:", "        break", "    k += 1", "    x -= dx", "total = 0.0", "for x2 in reversed(x_tape):",
           "    total += x2", "return x, total")
    agrees(p, 3.0)


@pytest.mark.parametrize("inner_break", [True, False])
def test_iterations_are_counted_as_the_interpreter_does(inner_break: bool) -> None:
    assert agrees(newton(inner_break, True), 3.0)[2] == interpret(newton(inner_break, True), (3.0,))[2]


def test_a_loop_whose_condition_needs_statements() -> None:
    b = Builder()
    k = Var(INT, "k")
    with b.block() as header:
        y = b.emit("*", k, 2, hint="y")
        test = b.emit("<", b.emit("+", y, y), 9)
        with b.block() as rest:
            step = Yield((b.emit("+", k, 1, hint="k"),))
    out = Var(INT, "k")
    b.add(While((out,), (Lit(0),), Block((k,), tuple(header), Branch(test, Block((), tuple(rest), step), Block((), (), Break((k,)))))))
    p = program(b, "f", [], out)
    prints(p, "k = 0", "while True:", "    y = k * 2", "    if y + y >= 9:", "        break", "    k += 1", "return k")
    agrees(p)


def test_both_ways_of_a_loop_may_go_on() -> None:
    b = Builder()
    k, total = Var(INT, "i"), Var(FLOAT, "total")
    with b.block() as header:
        test = b.emit("<", total, 1.0)
        with b.block() as then:
            more = b.emit("+", total, s, hint="total")
    out = Var(FLOAT, "total")
    b.add(For((out,), Lit(1), n, Lit(2), (Lit(0.0),), Block((k, total), tuple(header), Branch(
        test, Block((), tuple(then), Yield((more,))), Block((), (), Yield((total,)))))))
    p = program(b, "f", [s, n], out)
    prints(p, "total = 0.0", "for _ in range(1, n, 2):", "    if total < 1.0:", "        total += s", "return total")
    agrees(p, 0.4, 20)


# -- containers, functions, effects ----------------------------------------------------------------------


@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any


def test_parameters_are_taken_apart() -> None:
    a, c, d = Var(VECTOR, "a"), Var(VECTOR, "c"), Var(VECTOR, "d")
    b = Builder()
    result = b.emit("np.cos", b.emit("+", a, c, hint="y"))
    nest = Seq((Seq((a, Lit("static"))), Seq((c, d), "list")))
    p = Program("f", (("params", nest),), Block((a, c, d), tuple(b.stmts), Yield((result,))))
    prints(p, "(a, _), (c, _) = params", "y = a + c", "return np.cos(y)")


def test_dictionaries_and_dataclasses() -> None:
    a, c = Var(VECTOR, "a"), Var(VECTOR, "c")
    b = Builder()
    y = b.emit("*", a, c)
    p = Program("f", (("params", Make(dict, ("w", "layer"), (a, Make(Layer, ("weight", "bias"), (Lit(None), c))))),),
                Block((a, c), tuple(b.stmts), Yield((Make(dict, ("w", "layer"), (y, Make(Layer, ("weight", "bias"), (Lit(None), Lit(0.0))))),))))
    prints(p, "a = params['w']", "c = params['layer'].bias", "return {'w': a * c, 'layer': Layer(weight=None, bias=0.0)}")
    got = load(emit(p))({"w": np.ones(2), "layer": Layer(None, np.ones(2))})
    assert got["layer"] == Layer(None, 0.0)


def test_functions_of_the_same_module() -> None:
    inner = Builder()
    y = inner.emit("*", u, 2.0)
    callee = program(inner, "double", [u], Seq((y, inner.emit("np.sum", y))))
    b = Builder()
    pair = b.emit("call", "double", Seq((x,)), type=Tuple((VECTOR, FLOAT)))
    y, total = b.emit("item", pair, 0, hint="y"), b.emit("item", pair, 1, hint="total")
    y = b.emit("store", y, at(0), total, hint="y")
    p = dataclasses.replace(program(b, "f", [x], y), callees=(callee,))
    emitted = emit(inplace(p))
    assert emitted.text == ("def double(u):\n    t1 = u * 2.0\n    return t1, t1.sum()\n\n\n"
                            "def f(x):\n    y, total = double(x)\n    y[0] = total\n    return y\n")
    agrees(p, arrays(0, 3))


def test_effects_stay_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    b = Builder()
    b.effect("py.print", Seq((Lit("first"), s)), Make(dict, ("sep",), (Lit("-"),)))
    b.effect("py.print", Seq((Lit("second"),)), Make(dict, (), ()))
    b.emit("apply", Lit(print), Seq((Lit("third"),)), type=OBJECT)
    p = program(b, "f", [s], s)
    prints(p, "print('first', s, sep='-')", "print('second')", "print('third')", "return s")
    load(emit(p))(1.0)
    assert capsys.readouterr().out == "first-1.0\nsecond\nthird\n"


def test_lists() -> None:
    xs = List(VECTOR)
    b = Builder()

    def body(i: Var, items: Any) -> list[Any]:
        return [b.emit("append", items, b.emit("*", u, i), type=xs, hint="items")]

    (items,) = loop(b, n, {"items": b.emit("list", Seq((u,)), type=xs, hint="items")}, body)
    items = b.emit("list_set", items, 0, b.emit("np.cos", u), hint="items")
    last = b.emit("list_item", items, -1, hint="last")
    items = b.emit("list_drop", items, hint="items")
    p = program(b, "f", [u, n], Seq((last, b.emit("len", items))))
    prints(p, "items = [u]", "for i in range(n):", "    items.append(u * i)", "items[0] = np.cos(u)", "last = items[-1]",
           "del items[-1]", "last = last.copy()", "return last, len(items)")
    agrees(p, arrays(0, 3), 3)


def test_a_pullback_can_be_called_again() -> None:
    b = Builder()

    def body(i: Var, h: Any) -> list[Any]:
        b.effect("push", "h_tape", h)
        return [b.emit("np.sin", h, hint="h")]

    (y,) = loop(b, n, {"h": u}, body)
    y_bar = Var(VECTOR, "y_bar")
    b.add(Pullback((y_bar,), y))

    def back(i: Var, h_bar: Any) -> list[Any]:
        h = b.emit("pop", "h_tape", type=VECTOR, hint="h")
        return [b.emit("*", h_bar, b.emit("np.cos", h), hint="h_bar")]

    (x_bar,) = loop(b, n, {"h_bar": y_bar}, back, reverse=True)
    p = program(b, "f", [u, n], x_bar)
    prints(p, "u = u.copy()", "h_tape = []", "h = u", "for _ in range(n):", "    h_tape.append(h)", "    h = np.sin(h)", "h = h.copy()", "",
           "def pullback(y_bar):", "    h_left = h_tape.copy()", "    h_bar = y_bar", "    for _ in range(n):",
           "        h = h_left.pop()", "        h_bar = h_bar * np.cos(h)", "    h_bar = h_bar.copy()", "    return h_bar", "", "return h, pullback")
    f = load(emit(inplace(p)))
    _, pull = f(arrays(0, 3), 4)
    np.testing.assert_array_equal(pull(np.ones(3)), pull(np.ones(3)))


# -- layout, loading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    "    x = f(" + ", ".join(f"argument_{k}" for k in range(20)) + ")",
    "y = (" + " + ".join(f"a[{k}, :j] * b[i, {k}]" for k in range(15)) + ").sum()",
    "y = outer(inner(" + ", ".join(f"'text, {k}'" for k in range(20)) + "))",
])
def test_long_lines_break_where_a_person_would(line: str) -> None:
    import ast

    pieces = wrap(line)
    assert len(pieces) > 1
    assert all(len(piece) <= WIDTH for piece in pieces)
    assert ast.dump(ast.parse("\n".join(pieces).strip())) == ast.dump(ast.parse(line.strip()))


def test_the_loaded_function_knows_its_source_and_the_users_lines() -> None:
    b = Builder()
    b.span = Span("user.py", 7, text="y = u / v")
    y = b.emit("@", u, v, hint="y")
    b.span = Span("user.py", 8, text="return y + y")
    emitted = emit(program(b, "f", [u, v], b.emit("+", y, y)))
    function = load(emitted)
    assert function.__source__ == emitted.text == inspect.getsource(function)  # type: ignore[attr-defined]
    assert {line: span.line for line, span in emitted.line_map.items()} == {2: 7}
    with pytest.raises(ValueError, match="mismatch") as failure:
        function(np.ones(2), np.ones(3))
    assert "y = u @ v" in "".join(traceback.format_tb(failure.value.__traceback__))
