"""A batched program computes in each direction what the program computes: its rows one by one, and whole derivative programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, For, Let, Lit, Operand, Program, Pullback, Var
from chainrule.ir.types import INT, Array, differentiable, is_number
from chainrule.ir.verify import verify
from chainrule.rules.batching import result_is_single
from chainrule.simplify.dead import dead
from chainrule.transform.batch import CannotBatch, batch
from chainrule.transform.forward import forward
from chainrule.transform.reverse import reverse
from tests.rules.harness import Single, needs
from tests.rules.samples import SAMPLES

from .lowering import MATRIX, VECTOR, WIDE, lower

SIZE = Var(INT, "directions")


def batched(program: Program, which: list[Var], size: Operand = SIZE) -> Program:
    """The program with a batched result; its last parameter is the number of directions."""
    body, _ = batch(program.body, which, size, wanted=lambda n: True)
    own = (SIZE,) if size is SIZE else ()
    made = Program(program.name, (), Block((*body.params, *own), body.stmts, body.end), callees=program.callees)
    return verify(made)


def several(value: Any, n: int, rng: np.random.Generator) -> Any:
    """Different values of one type, stacked."""
    array = np.asarray(value)
    return np.stack([array * 1.0, *(array * rng.uniform(0.9, 1.1, array.shape).astype(array.dtype) for _ in range(n - 1))])[:n].astype(array.dtype)


def numbers(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [number for item in value for number in numbers(item)]
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    return [np.asarray(value)] if isinstance(value, (int, float, complex, np.generic, np.ndarray)) else []


def compare(program: Program, args: list[Any], which: list[int], n: int = 3, rtol: float = 1e-9, size: Operand = SIZE) -> Program:
    """Assert that a batched program gives the stack of what the program gives."""
    rng = np.random.default_rng(3)
    made = batched(program, [program.body.params[k] for k in which], size)
    stacks = {k: several(args[k], n, rng) for k in which}
    found = interpret(made, (*(stacks.get(k, arg) for k, arg in enumerate(args)), *((n,) if size is SIZE else ())))
    each = []
    for direction in range(n):
        one = [stacks[k][direction] if k in which else arg for k, arg in enumerate(args)]
        each.append(interpret(program, tuple(type(args[k])(v) if isinstance(args[k], (float, complex)) else v for k, v in enumerate(one))))
    results = [numbers(one) for one in each]
    for k, got in enumerate(numbers(found)):
        if not results:
            assert got.shape[0] == 0
            continue
        right = np.stack([r[k] for r in results])
        assert got.shape == right.shape, (got.shape, right.shape)
        assert got.dtype == right.dtype or right.dtype.kind in "biu", (got.dtype, right.dtype)
        assert np.allclose(got, right, rtol=rtol, atol=rtol, equal_nan=True), (got, right)
    return made


# -- every row -------------------------------------------------------------------------------------------------

# What depends on the values of its argument for more than the values of its result.
REFUSED = {"np.nonzero", "np.flatnonzero", "np.argwhere", "np.unique"}


def subsets(single: Single) -> list[list[int]]:
    """Each argument batched alone, and all of them."""
    k = [n for n, p in enumerate(single.params) if is_number(p.type) and differentiable(p.type)]
    return [[n] for n in k] + ([k] if len(k) > 1 else [])


@pytest.mark.parametrize("op", [op for op in SAMPLES if not result_is_single(op) and op != "np.empty_like"])
def test_rows(op):
    needs(op)
    for sample in SAMPLES[op]:
        single = Single(op, sample)
        for which in subsets(single):
            if op in REFUSED:
                with pytest.raises(CannotBatch):
                    batched(single.program, [single.params[k] for k in which])
            else:
                compare(single.program, single.values, which)


@pytest.mark.parametrize("op", [op for op in SAMPLES if result_is_single(op)])
def test_what_depends_on_shapes_only_is_the_same_in_all_directions(op):
    for sample in SAMPLES[op]:
        single = Single(op, sample)
        for which in subsets(single):
            body, leaves = batch(single.program.body, [single.params[k] for k in which], Lit(3))
            assert not any(leaves)
            values = [several(v, 3, np.random.default_rng(1)) if k in which else v for k, v in enumerate(single.values)]
            found = interpret(Program("f", (), body), tuple(values))
            assert found == single.run(single.values) or op in ("np.result_type",)


FEW = ("+", "*", "np.sum", "np.max", "@", "np.einsum", "index", "store", "add_at", "np.reshape", "np.transpose", "np.concatenate", "np.stack", "np.where",
       "np.linalg.solve", "rt.unbroadcast", "np.cumsum", "np.diag", "np.full_like", "np.tensordot", "np.outer", "rt.put_along", "accum", "np.array")


@pytest.mark.parametrize("op", FEW)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_directions(op, n):
    """No direction at all, one direction, and as many as some axis has; the number known to the compiler or not."""
    for sample in SAMPLES.get(op, []):
        single = Single(op, sample)
        for which in subsets(single):
            for size in (SIZE, Lit(n)):
                made = batched(single.program, [single.params[k] for k in which], size)
                if n or not any(isinstance(stmt, For) for stmt in made.body.stmts):
                    compare(single.program, single.values, which, n, size=size)


def single_precision(value: Any) -> Any:
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == float else np.float32(value) if isinstance(value, np.float64) else value


@pytest.mark.parametrize("op", FEW)
def test_dtypes_do_not_change(op):
    for sample in SAMPLES.get(op, []):
        try:
            single = Single(op, type(sample)(tuple(map(single_precision, sample.args)), sample.kwargs))
        except TypeError:
            continue
        for which in subsets(single):
            compare(single.program, single.values, which, rtol=1e-5)


# -- statements ------------------------------------------------------------------------------------------------


def check(source: str, which: str, *args: Any, **types: Any) -> Program:
    program = lower(source, **types)
    names = [p.hint for p in program.body.params]
    return compare(program, list(args), [names.index(name) for name in which.split()])


X = np.array([0.5, -1.2, 0.7])
A = np.array([[0.3, 0.5, -0.7], [1.1, -0.2, 0.4], [0.6, 0.9, -1.5]])


def test_what_does_not_depend_on_the_direction_is_computed_once():
    program = check("""
        def f(x, v):
            y = np.sin(x)
            s = v @ y
            return y * s
        """, "v", X, X, x=VECTOR, v=VECTOR)
    assert str(program) == """def f(x, v, directions):
    y = np.sin(x)
    s = v @ y
    t1 = s[:, None]
    t2 = y * t1
    return t2"""


def test_a_loop_carries_what_becomes_batched():
    check("""
        def f(x, v, n):
            s = 0.0
            y = x
            for i in range(n):
                s = s + v[i]
                y = y * s
            return y
        """, "v", X, X, 3, x=VECTOR, v=VECTOR, n=INT)


def test_a_loop_that_does_not_run():
    check("""
        def f(v, n):
            s = 0.0
            y = np.zeros(3)
            for i in range(n):
                s = s + v[i]
                y[i] = s
            return s + np.sum(y)
        """, "v", X, 0, v=VECTOR, n=INT)


def test_arrays_that_are_written_become_batched():
    check("""
        def f(v, n):
            y = np.zeros((n, n))
            z = np.zeros(n)
            for i in range(n):
                z[i] += v[i]
                for j in range(n):
                    y[i, j] = v[i] * z[j]
                    y[j, i] += y[i, j] * v[j]
            return y @ z
        """, "v", X, 3, v=VECTOR, n=INT)


@pytest.mark.parametrize("x", [0.5, 2.0])
def test_a_branch_of_which_one_side_is_batched(x):
    check("""
        def f(x, v):
            if x > 1.0:
                y = v * x
                s = 2.0
            else:
                y = np.ones(3)
                s = v[0]
            return np.sum(y) * s
        """, "v", x, X, v=Array("float64", (3,)))


def test_a_while_loop_with_a_break():
    check("""
        def f(x, v):
            y = 1.0
            while x < 10.0:
                x = x * 2.0
                if x > 6.0:
                    break
                y = y * v
            return y
        """, "v", 1.0, 0.7)


def test_conditions_and_bounds_have_to_be_the_same_in_all_directions():
    for source in ("""
        def f(v):
            if v > 1.0:
                y = v
            else:
                y = 2.0 * v
            return y
        """, """
        def f(v):
            while v < 10.0:
                v = v * 2.0
            return v
        """):
        with pytest.raises(CannotBatch, match="condition"):
            check(source, "v", 0.5)


def test_a_matrix_that_is_the_same_in_all_directions_is_factorised_once():
    program = check("""
        def f(a, v):
            return np.linalg.solve(a, v)
        """, "v", A, A, a=MATRIX, v=MATRIX)
    assert str(program).count("np.linalg.solve") == 1
    shape = next(stmt for stmt in program.body.stmts if isinstance(stmt, Let) and stmt.op == "np.linalg.solve").args[1].type.shape
    assert len(shape) == 2


def test_indices_that_stand_apart():
    check("""
        def f(v, i, j):
            a = v[i, :, j]
            v[i, :, j] = a * 2.0
            return v[j, :, i] + a
        """, "v", np.arange(24.0).reshape(2, 3, 4), np.array([0, 1]), np.array([1, 0]),
          v=Array("float64", (2, 3, 4)), i=Array("int64", (2,)), j=Array("int64", (2,)))


# -- derivatives -----------------------------------------------------------------------------------------------

PROGRAMS = [
    ("def f(x):\n    return x * np.exp(x[0])", (X,), {"x": VECTOR}),
    ("def f(x):\n    return np.sum(np.sqrt(x * x)) * x", (X,), {"x": VECTOR}),
    ("def f(x):\n    return np.where(x > 0, np.sqrt(np.abs(x)), 0.0)", (X,), {"x": VECTOR}),
    ("def f(a, x):\n    return np.tanh(a @ x) @ a", (A, X), {"a": MATRIX, "x": VECTOR}),
    ("def f(a):\n    return np.linalg.inv(a) @ a[0]", (A,), {"a": MATRIX}),
    ("def f(a):\n    return np.linalg.solve(a, a[1]) * np.linalg.det(a)", (A,), {"a": MATRIX}),
    ("def f(a):\n    return np.max(a, axis=1) + np.cumsum(a[0])", (A,), {"a": MATRIX}),
    ("def f(x, y):\n    return x ** y", (1.3, 0.7), {}),
    ("def f(x, y):\n    return np.array((x, y * x, 1.0))", (1.3, 0.7), {}),
    ("def f(a):\n    return np.reshape(np.transpose(a), -1) * np.ravel(a)", (A[:2],), {"a": WIDE}),
    ("def f(a):\n    return np.sum(a, axis=1) * a", (A[:1],), {"a": Array("float64", (1, 3))}),
    ("def f(a):\n    return np.prod(a, axis=0) / np.linalg.norm(a)", (A,), {"a": MATRIX}),
    ("def f(a):\n    return np.einsum('ij,kj->ik', a, a)", (A,), {"a": MATRIX}),
    ("""def f(x, n):
    y = x * 1.0
    for i in range(n):
        y[i] = y[i] * y[i - 1]
        if x[i] > 0:
            y = y * 2.0
    return y""", (X, 3), {"x": VECTOR, "n": INT}),
    ("""def f(x):
    s = x
    while s < 10.0:
        s = s * s + x
    return s""", (1.3,), {}),
]


@pytest.mark.parametrize("source, args, types", PROGRAMS)
def test_pullbacks_and_pushforwards(source, args, types):
    program = lower(source, **types)
    wrt = tuple(v for v in program.body.params if differentiable(v.type))
    rng = np.random.default_rng(5)
    pushed, dots = forward(program, wrt)
    tangents = [rng.normal(size=np.shape(arg)) if np.shape(arg) else float(rng.normal()) for arg, p in zip(args, program.body.params) if p in wrt]
    count = len(args)
    compare(dead(pushed), [*args, *tangents], list(range(count, count + len(dots))))
    pulled = reverse(program, wrt, seed="pullback")
    at = next(n for n, stmt in enumerate(pulled.body.stmts) if isinstance(stmt, Pullback))
    given = pulled.body.stmts[at].params
    block = Block((*pulled.body.params, *given), (*pulled.body.stmts[:at], *pulled.body.stmts[at + 1:]), pulled.body.end)
    value = interpret(program, args)
    seeds = [rng.normal(size=np.shape(value)) if np.shape(value) else float(rng.normal())]
    compare(dead(Program("f", (), block)), [*args, *seeds], list(range(count, count + len(given))))
