"""The points where calculus does not say (numerics.md), and masks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Let, Lit, Program, Seq, Var, Yield, variables
from chainrule.transform.reverse import reverse

from .harness import Case, Const, Single, case, random_like, slope, type_for

INF, NAN = math.inf, math.nan


def gradient(op: str, sample: Case, seed: Any = None) -> Any:
    """The gradients of one operation, and its warnings turned into errors."""
    single = Single(op, sample)
    with np.errstate(all="ignore"):
        value = single.run(single.values)
    seed = np.ones_like(value) if seed is None and isinstance(value, np.ndarray) else type(value)(1.0) if seed is None else seed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            return single.pullback(seed)


POINTS: list[tuple[str, Case, tuple[Any, ...]]] = [
    ("abs", case(0.0), (0.0,)),
    ("abs", case(np.array([-2.0, 0.0, 3.0])), ([-1.0, 0.0, 1.0],)),
    ("math.fabs", case(0.0), (0.0,)),
    ("np.maximum", case(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])), ([0.0, 0.5, 1.0], [1.0, 0.5, 0.0])),
    ("np.minimum", case(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])), ([1.0, 0.5, 0.0], [0.0, 0.5, 1.0])),
    ("max", case(1.5, 1.5), (0.5, 0.5)), ("min", case(1.5, 1.5, 1.5), (1 / 3, 1 / 3, 1 / 3)), ("max", case(1.5, 2.5), (0.0, 1.0)),
    ("np.max", case(np.array([1.0, 3.0, 3.0])), ([0.0, 0.5, 0.5],)),
    ("np.min", case(np.array([[1.0, 1.0], [2.0, 5.0]]), axis=1), ([[0.5, 0.5], [1.0, 0.0]],)),
    ("np.clip", case(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 0, 1), ([0.0, 0.5, 1.0, 0.5, 0.0],)),
    ("np.linalg.norm", case(np.zeros(3)), ([0.0, 0.0, 0.0],)), ("np.hypot", case(0.0, 0.0), (0.0, 0.0)), ("math.hypot", case(0.0, 0.0), (0.0, 0.0)),
    ("np.arctan2", case(0.0, 0.0), (0.0, 0.0)), ("math.atan2", case(0.0, 0.0), (0.0, 0.0)),
    ("np.std", case(np.array([2.0, 2.0])), ([0.0, 0.0],)), ("np.var", case(np.array([2.0, 2.0])), ([0.0, 0.0],)),
    ("np.sqrt", case(np.array([0.0, 4.0])), ([INF, 0.25],)), ("np.sqrt", case(0.0), (INF,)), ("math.sqrt", case(0.0), (INF,)),
    ("np.log", case(np.array([0.0, 2.0])), ([INF, 0.5],)),
    ("**", case(np.array([0.0, 2.0]), 0), ([0.0, 0.0],)), ("**", case(np.array([0.0, 2.0]), 1), ([1.0, 1.0],)),
    ("**", case(np.array([0.0, 2.0]), 2), ([0.0, 4.0],)), ("**", case(np.array([0.0, 4.0]), Const(0.5)), ([INF, 0.25],)),
    ("**", case(0.0, Const(0.5)), (INF,)), ("**", case(0.0, Const(2.5)), (0.0,)), ("**", case(-2.0, 3), (12.0,)), ("**", case(-2.0, Const(3.0)), (12.0,)),
    ("**", case(np.array([-2.0]), Const(3.0)), ([12.0],)), ("**", case(0.0, 2.0), (0.0, 0.0)), ("**", case(0.0, 1.0), (1.0, 0.0)),
    ("**", case(np.array([0.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0])), ([1.0, 0.0, 0.0], [0.0, 0.0, 0.0])),
    ("**", case(Const(0.0), 2.0), (0.0,)), ("math.pow", case(0.0, 2.0), (0.0, 0.0)), ("np.power", case(np.array([0.0]), np.array([0.0])), ([0.0], [-INF])),
    ("np.arcsin", case(np.array([1.0])), ([INF],)), ("math.asin", case(1.0), (INF,)), ("math.acos", case(1.0), (-INF,)), ("math.acosh", case(1.0), (INF,)),
    ("np.cbrt", case(np.array([0.0])), ([INF],)),
    ("np.prod", case(np.array([2.0, 3.0, 0.0])), ([0.0, 0.0, 6.0],)), ("np.prod", case(np.array([0.0, 3.0, 0.0])), ([0.0, 0.0, 0.0],)),
    ("np.prod", case(np.array([[0.0, 2.0], [3.0, 4.0]]), axis=1), ([[2.0, 0.0], [4.0, 3.0]],)),
    ("np.cumprod", case(np.array([2.0, 0.0, 3.0])), ([1.0, 8.0, 0.0],)),
    ("np.sinc", case(0.0), (0.0,)), ("np.sinc", case(np.array([0.0, 1.0])), ([0.0, -1.0],)),
    ("np.linalg.det", case(np.array([[1.0, 2.0], [2.0, 4.0]])), ([[4.0, -2.0], [-2.0, 1.0]],)),
    ("np.median", case(np.array([4.0, 1.0, 3.0, 2.0])), ([0.0, 0.0, 0.5, 0.5],)),
    ("np.logaddexp", case(-INF, 1.0), (0.0, 1.0)), ("np.logaddexp", case(1e4, -1e4), (1.0, 0.0)), ("np.logaddexp", case(-INF, -INF), (0.5, 0.5)),
    ("np.sign", case(0.0), (0.0,)), ("np.floor", case(np.array([1.0])), ([0.0],)), ("np.heaviside", case(0.0, 0.5), (0.0, 1.0)),
    ("%", case(4.0, 2.0), (1.0, -2.0)), ("np.fmod", case(-5.0, 3.0), (1.0, 1.0)),
    ("index", case(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2])), ([2.0, 0.0, 1.0],)),
    ("store", case(np.zeros(3), (("index", np.array([0, 0, 1])),), np.array([1.0, 2.0, 3.0])), ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0])),
    ("iadd", case(np.zeros(3), (("index", np.array([0, 0, 1])),), np.array([1.0, 2.0, 3.0])), ([1.0, 1.0, 1.0], [0.0, 1.0, 1.0])),
    ("add_at", case(np.zeros(3), (("index", np.array([0, 0, 1])),), np.array([1.0, 2.0, 3.0])), ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0])),
    ("np.sin", case(np.array([INF])), ([NAN],)), ("np.exp", case(np.array([NAN])), ([NAN],)), ("np.exp", case(np.array([-INF, 1e4])), ([0.0, INF],)),
]


@pytest.mark.parametrize(("op", "sample", "expected"), POINTS, ids=[f"{p[0]}-{n}" for n, p in enumerate(POINTS)])
def test_point(op: str, sample: Case, expected: tuple[Any, ...]) -> None:
    found = gradient(op, sample)
    assert len(found) == len(expected)
    for f, e in zip(found, expected):
        np.testing.assert_allclose(f, e, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("op", "z", "expected"), [
    ("abs", 3 + 4j, 0.6 - 0.8j), ("abs", 0j, 0.0), ("np.real", 1 + 2j, 1.0), ("np.imag", 1 + 2j, -1j), ("np.angle", 2j, -0.5 + 0j)])
def test_complex(op: str, z: complex, expected: complex) -> None:
    """The gradient of a real function of x + iy is df/dx - i df/dy."""
    (found,) = gradient(op, case(np.array([z])))
    np.testing.assert_allclose(found, [expected], atol=1e-15)


def program(values: tuple[Any, ...], f: Callable[..., Any]) -> tuple[Program, tuple[Var, ...]]:
    params = tuple(Var(type_for(v), f"x{k}") for k, v in enumerate(values))
    b = Builder()
    out = f(b, *params)
    signature = tuple((f"x{k}", p) for k, p in enumerate(params))
    return Program("f", signature, Block(params, tuple(b.stmts), Yield((out,)))), params


def grads(values: tuple[Any, ...], f: Callable[..., Any]) -> tuple[Any, ...]:
    primal, params = program(values, f)
    result = interpret(reverse(primal, params, keep_value=False), values)
    assert isinstance(result, tuple)
    return result


def _where(b: Any, condition: Any, x: Any, y: Any) -> Any:
    return b.emit("np.sum", b.emit("np.where", condition, x, y))


MASKED: list[tuple[str, Any, Callable[..., Any], Any]] = [
    ("sqrt", np.array([0.0, 4.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("np.sqrt", x), 0.0), [0.0, 0.25]),
    ("log", np.array([0.0, 2.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("np.log", x), 0.0), [0.0, 0.5]),
    ("quotient", np.array([0.0, 2.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("/", 1.0, x), 0.0), [0.0, -0.25]),
    ("x log x", np.array([0.0, 1.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("*", x, b.emit("np.log", x)), 0.0), [0.0, 1.0]),
    ("exp overflows", np.array([0.0, 1e4]), lambda b, x: _where(b, b.emit("<", x, 1), b.emit("np.exp", x), 0.0), [1.0, 0.0]),
    ("power", np.array([0.0, 4.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("**", x, 0.5), 0.0), [0.0, 0.25]),
    ("maximum", np.array([0.0, 4.0]), lambda b, x: b.emit("np.sum", b.emit("np.maximum", b.emit("np.sqrt", x), 1.0)), [0.0, 0.25]),
    ("index", np.array([0.0, 4.0]), lambda b, x: b.emit("index", b.emit("np.sqrt", x), 1), [0.0, 0.25]),
    ("square of sqrt", np.array([0.0, 4.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("*", s := b.emit("np.sqrt", x), s), 0.0), [0.0, 1.0]),
    ("negated", np.array([0.0, 4.0]), lambda b, x: _where(b, b.emit(">", x, 0), b.emit("neg", b.emit("np.sqrt", x)), 0.0), [0.0, -0.25]),
]


@pytest.mark.parametrize(("name", "x", "f", "expected"), MASKED, ids=[m[0] for m in MASKED])
def test_masks_absorb(name: str, x: Any, f: Callable[..., Any], expected: list[float]) -> None:
    with np.errstate(all="ignore"):
        (found,) = grads((x,), f)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def ops_of(values: tuple[Any, ...], f: Callable[..., Any]) -> list[str]:
    primal, params = program(values, f)
    body = reverse(primal, params, keep_value=False).body
    needed = {v for value in body.end.values for v in variables(value)}  # type: ignore[union-attr]
    kept: list[str] = []
    for stmt in reversed(body.stmts):
        assert isinstance(stmt, Let)
        if stmt.out in needed:
            needed.update(v for arg in stmt.args for v in variables(arg))
            kept.insert(0, stmt.op)
    return kept


def test_text() -> None:
    """What is left of simple rows after folding."""
    x = np.arange(1.0, 4.0)
    assert ops_of((x,), lambda b, x: b.emit("np.sum", b.emit("**", x, 2))) == ["*"]
    assert ops_of((x,), lambda b, x: b.emit("np.sum", b.emit("*", x, x))) == ["*"]
    assert ops_of((x,), lambda b, x: b.emit("np.sum", b.emit("np.sin", x))) == ["np.cos"]
    assert ops_of((x,), lambda b, x: b.emit("np.sum", b.emit("np.exp", x))) == ["np.exp"]
    assert ops_of((2.0,), lambda b, x: b.emit("math.sin", x)) == ["math.cos"]
    assert ops_of((x,), lambda b, x: b.emit("np.mean", b.emit("np.tanh", x))) == ["np.tanh", "np.size", "/", "**", "-", "*"]


def symmetric(rng: np.random.Generator, n: int = 3) -> Any:
    m = rng.normal(size=(n, n))
    return m + m.T


@pytest.mark.parametrize("op", ["np.linalg.cholesky", "np.linalg.eigh", "np.linalg.eigvalsh"])
def test_symmetric_arguments(op: str) -> None:
    """Along symmetric directions only."""
    rng = np.random.default_rng(3)
    x = symmetric(rng) + 6 * np.eye(3)
    single = Single(op, case(x))
    seed = random_like(single.run(single.values), rng)
    if op == "np.linalg.eigh":  # the sign of an eigenvector is free, but stays the same along a small step
        seed = tuple(seed)
    (found,) = single.pullback(seed)
    direction = symmetric(rng)
    np.testing.assert_allclose(np.sum(found * direction), slope(single, 0, direction, seed), rtol=1e-6)


def test_repeated_eigenvalues_are_finite() -> None:
    single = Single("np.linalg.eigh", case(np.eye(3)))
    (found,) = single.pullback((np.ones(3), np.ones((3, 3))))
    assert np.all(np.isfinite(found))


def test_a_keyword_that_a_row_does_not_have_is_refused() -> None:
    from chainrule.rules import registry

    with pytest.raises(registry.RowError, match="'where'"):
        Single("np.var", Case((np.ones(3),), {"where": np.ones(3, bool)}))
    with pytest.raises(registry.RowError, match="'out'"):
        registry.bind("np.sum", (Lit(1.0),), {"out": Lit(3)})
    with pytest.raises(registry.RowError, match="positional argument 4"):
        registry.bind("np.sum", (Lit(1.0), Lit(0), Lit(None), Lit(1.0)), {})
    assert [getattr(a, "value", None) for a in registry.bind("np.sum", (Lit(1.0), Lit(0), Lit(None), Lit(None), Lit(True)), {})][1:4] == [0, None, True]


def test_lookup_is_by_identity() -> None:
    from chainrule.rules import registry

    assert registry.lookup(np.sum) == "np.sum" and registry.lookup(math.sin) == "math.sin" and registry.lookup(abs) == "abs"
    assert registry.lookup(np.amax) == "np.max" and registry.lookup(np.around) == "np.round" and registry.lookup(lambda x: x) is None
    assert registry.refusal(np.frompyfunc) is not None
    assert registry.refusal(np.nditer) is not None


def test_methods() -> None:
    from chainrule.rules import registry

    x = Var(type_for(np.ones((2, 3))), "x")
    name, args = registry.bind_method("reshape", x, (Lit(3), Lit(2)))
    assert name == "np.reshape" and isinstance(args[1], Seq)
    assert registry.bind_method("sum", x, (Lit(0),), {"keepdims": Lit(True)})[0] == "np.sum"


def test_a_wrong_row_fails_at_import() -> None:
    from chainrule.rules.table import elementwise, parse

    with pytest.raises(ValueError, match="no parameter"):
        elementwise("np.tanh(x) -> y", z="1")
    with pytest.raises(ValueError, match="already"):
        elementwise("np.tanh(x) -> y", x="1")
    assert parse("x / y -> z")[0] == "/"
