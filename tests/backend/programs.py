"""Programs built by hand: the helpers that make them short, and the three of the design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule.rules.registry  # noqa: F401  (the table of operations)
from chainrule.ir.build import Builder, as_arg
from chainrule.ir.nodes import Block, For, If, Lit, Program, Seq, Slice, Span, Stmt, Var, Yield
from chainrule.ir.probe import type_of
from chainrule.ir.types import INT, Array, Dim, Scalar

MATRIX = Array("float64", (Dim("n", 0, True), Dim("m", 0, True)))
VECTOR = Array("float64", (Dim("n", 0, True),))


def cut(start: Any = None, stop: Any = None) -> Slice:
    """`start:stop`."""
    return Slice(as_arg(start), as_arg(stop), Lit(None))


def at(*index: Any) -> Any:
    """A path of one step: the element or part at an index."""
    return as_arg(((("index"), index[0] if len(index) == 1 else tuple(index)),))


def span(line: int, text: str) -> Span:
    return Span("f.py", line, text=text)


def _wide(type: Any) -> Any:
    """A constant's type, without its value."""
    return Scalar(type.dtype, type.weak) if isinstance(type, Scalar) else type


def loop(b: Builder, stop: Any, inits: dict[str, Any], body: Callable[..., Any], *, start: Any = 0, reverse: bool = False,
         index: str | None = "i", where: Span | None = None) -> tuple[Var, ...]:
    """Add a For that carries some values; `body(index, *carried)` returns what it yields."""
    i = Var(INT, index)
    values = [as_arg(v) for v in inits.values()]
    params = tuple(Var(_wide(type_of(v)), name) for name, v in zip(inits, values))
    outs = tuple(Var(p.type, name) for name, p in zip(inits, params))
    with b.block() as stmts:
        result = body(i, *params)
    b.add(For(outs, as_arg(start), as_arg(stop), Lit(1), tuple(values), Block((i, *params), tuple(stmts), Yield(tuple(map(as_arg, result)))),
              reverse=reverse, span=where))
    return outs


def branch(b: Builder, outs: tuple[Var, ...], condition: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> tuple[Var, ...]:
    """Add an If; the functions return what the branches yield."""
    made = []
    for function in (then, orelse):
        with b.block() as stmts:
            result = function()
        made.append(Block((), tuple(stmts), Yield(tuple(map(as_arg, result)))))
    b.add(If(outs, condition, made[0], made[1]))
    return outs


def program(b: Builder, name: str, params: list[Var], result: Any, doc: str = "") -> Program:
    """The program of what a builder holds."""
    stmts: tuple[Stmt, ...] = tuple(b.scopes[0].stmts)
    return Program(name, tuple((str(p.hint), p) for p in params), Block(tuple(params), stmts, Yield((as_arg(result),))), doc=doc)


def jacobi() -> Program:
    b = Builder()
    u, f, n = Var(MATRIX, "u"), Var(MATRIX, "f"), Var(INT, "n")
    inner = (cut(1, -1), cut(1, -1))
    update = span(3, "u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - f[1:-1, 1:-1])")
    sides = [(cut(None, -2), cut(1, -1)), (cut(2), cut(1, -1)), (cut(1, -1), cut(None, -2)), (cut(1, -1), cut(2))]

    def forward(i: Var, u: Var) -> list[Any]:
        b.span = update
        total: Any = None
        for side in sides:
            part = b.emit("index", u, side)
            total = part if total is None else b.emit("+", total, part)
        value = b.emit("*", 0.25, b.emit("-", total, b.emit("index", f, inner)))
        return [b.emit("store", u, at(*inner), value, hint="u")]

    (u1,) = loop(b, n, {"u": u}, forward)
    b.effect("mark", "reverse")
    b.span = span(4, "return np.sum(u ** 2)")
    u_bar = b.emit("*", 2.0, u1, hint="u_bar")
    b.span = span(2, "for _ in range(n):\n    u = ...")
    f_bar = b.emit("np.zeros_like", f, hint="f_bar")

    def backward(i: Var, u_bar: Any, f_bar: Any) -> list[Any]:
        b.span = update
        t = b.emit("*", 0.25, b.emit("index", u_bar, inner))
        f_bar = b.emit("isub", f_bar, at(*inner), t, hint="f_bar")
        u_bar = b.emit("store", u_bar, at(*inner), 0.0, hint="u_bar")
        for side in reversed(sides):
            u_bar = b.emit("add_at", u_bar, at(*side), t, hint="u_bar")
        return [u_bar, f_bar]

    bars = loop(b, n, {"u_bar": u_bar, "f_bar": f_bar}, backward, reverse=True, where=span(2, "for _ in range(n):\n    u = ..."))
    return program(b, "jacobi_grad", [u, f, n], Seq(bars), "Gradient of jacobi with respect to u, f.")


def cholesky() -> Program:
    b = Builder()
    A = Var(MATRIX, "A")
    n = b.emit("len", A, hint="n")
    L = b.emit("np.zeros_like", A, hint="L")
    diagonal = span(4, "L[j, j] = np.sqrt(A[j, j] - np.sum(L[j, :j] ** 2))")
    below = span(6, "L[i, j] = (A[i, j] - np.sum(L[i, :j] * L[j, :j])) / L[j, j]")

    def columns(j: Var, L: Any) -> list[Any]:
        b.span = diagonal
        squares = b.emit("np.sum", b.emit("**", b.emit("index", L, (j, cut(None, j))), 2))
        L = b.emit("store", L, at(j, j), b.emit("np.sqrt", b.emit("-", b.emit("index", A, (j, j)), squares)), hint="L")

        def rows(i: Var, L: Any) -> list[Any]:
            b.span = below
            dot = b.emit("np.sum", b.emit("*", b.emit("index", L, (i, cut(None, j))), b.emit("index", L, (j, cut(None, j)))))
            value = b.emit("/", b.emit("-", b.emit("index", A, (i, j)), dot), b.emit("index", L, (j, j)))
            return [b.emit("store", L, at(i, j), value, hint="L")]

        return list(loop(b, n, {"L": L}, rows, start=b.emit("+", j, 1)))

    (L,) = loop(b, n, {"L": L}, columns, index="j")
    b.effect("mark", "reverse")
    b.span = span(7, "return np.sum(np.sin(L))")
    L_bar = b.emit("np.cos", L, hint="L_bar")
    b.span = span(3, "for j in range(n):\n ...")
    A_bar = b.emit("np.zeros_like", A, hint="A_bar")

    def columns_back(j: Var, L_bar: Any, A_bar: Any) -> list[Any]:
        def rows_back(i: Var, L_bar: Any, A_bar: Any) -> list[Any]:
            b.span = below
            t = b.emit("index", L_bar, (i, j))
            t2 = b.emit("index", L, (j, j))
            t3 = b.emit("/", t, t2)
            L_bar = b.emit("store", L_bar, at(i, j), 0.0)
            L_bar = b.emit("sub_at", L_bar, at(j, j), b.emit("*", t, b.emit("/", b.emit("index", L, (i, j)), t2)))
            L_bar = b.emit("sub_at", L_bar, at(i, cut(None, j)), b.emit("*", t3, b.emit("index", L, (j, cut(None, j)))))
            L_bar = b.emit("sub_at", L_bar, at(j, cut(None, j)), b.emit("*", t3, b.emit("index", L, (i, cut(None, j)))))
            return [L_bar, b.emit("add_at", A_bar, at(i, j), t3)]

        L_bar, A_bar = loop(b, n, {"L_bar": L_bar, "A_bar": A_bar}, rows_back, start=b.emit("+", j, 1), reverse=True)
        b.span = diagonal
        t = b.emit("*", b.emit("index", L_bar, (j, j)), b.emit("/", 0.5, b.emit("index", L, (j, j))))
        L_bar = b.emit("store", L_bar, at(j, j), 0.0)
        L_bar = b.emit("sub_at", L_bar, at(j, cut(None, j)), b.emit("*", t, b.emit("*", 2, b.emit("index", L, (j, cut(None, j))))))
        return [L_bar, b.emit("add_at", A_bar, at(j, j), t)]

    _, A_bar = loop(b, n, {"L_bar": L_bar, "A_bar": A_bar}, columns_back, index="j", reverse=True, where=span(3, "for j in range(n):\n ..."))
    return program(b, "cholesky_grad", [A], A_bar)


def arrays(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)
