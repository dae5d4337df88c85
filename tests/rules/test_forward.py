"""Every row in forward mode and in second order: against finite differences, and against the row's own pullback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Lit, Program, Seq, Var, Yield
from chainrule.ir.probe import type_of
from chainrule.ir.types import Array, List, Tuple, differentiable, kind
from chainrule.ir.verify import verify
from chainrule.rules.table import ROWS
from chainrule.transform.forward import forward
from chainrule.transform.nested import expand, vjp_node
from chainrule.transform.reverse import reverse

from .harness import Case, Grown, Single, dot, leaves, narrow, random_like, same_kind, shifted
from .samples import SAMPLES

NAMES = [n for n in sorted(ROWS) if SAMPLES.get(n)]


def pushed(single: Single, wrt: tuple[Var, ...], tangents: list[Any]) -> tuple[Any, Any]:
    """The value of an operation, and its tangent for tangents of `wrt`."""
    program, dots = forward(single.program, wrt)
    verify(replace(program, signature=(*single.program.signature, *((f"d{k}", d) for k, d in enumerate(dots)))))
    value, tangent = interpret(program, (*single.values, *tangents))
    return value, tangent


def fits(value: Any, tangent: Any) -> None:
    """A tangent has the structure of its value, and an array the shape and dtype."""
    if isinstance(value, (tuple, list)):
        assert isinstance(tangent, (tuple, list)) and len(tangent) == len(value)
        for v, t in zip(value, tangent):
            fits(v, t)
        return
    if np.asarray(value).dtype.kind in "fc":
        same_kind(value, tangent)


def richardson(at: Any, h: float = 2e-4) -> Any:
    """The derivative at 0, by extrapolated central differences."""
    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    return (4 * fine - coarse) / 3


def is_low(values: Any) -> bool:
    return any(leaf.dtype in (np.float16, np.float32, np.complex64) for leaf in leaves(values))


def moved(single: Single, wrt: tuple[Var, ...], directions: list[Any], h: float) -> list[Any]:
    values = list(single.values)
    for p, direction in zip(wrt, directions):
        k = single.params.index(p)
        values[k] = shifted(values[k], direction, h)
    return values


def check_forward(op: str, sample: Case, seed: int) -> None:
    single = Single(op, sample)
    if not single.wrt or not differentiable(type_of(single.out)) or op.startswith("np.empty"):
        return
    rng = np.random.default_rng(seed)
    value = single.run(single.values)
    cotangent = random_like(value, rng)
    gradients = dict(zip(single.wrt, single.pullback(cotangent)))
    groups = [(p,) for p in single.wrt] + ([single.wrt] if len(single.wrt) > 1 else [])
    for wrt in groups:
        tangents = [random_like(single.values[single.params.index(p)], rng) for p in wrt]
        primal, tangent = pushed(single, wrt, tangents)
        np.testing.assert_equal(primal, value)
        fits(value, tangent)
        low = is_low(single.values) or is_low(value)
        tolerance = dict(rtol=1e-2, atol=1e-2) if low else dict(rtol=1e-10, atol=1e-10)
        names = [single.params.index(p) for p in wrt]
        np.testing.assert_allclose(dot(cotangent, tangent), sum(dot(gradients[p], t) for p, t in zip(wrt, tangents)),
                                   err_msg=f"{op}, arguments {names}: the two modes differ", **tolerance)
        if not low:
            expected = richardson(lambda h, wrt=wrt, tangents=tangents: dot(cotangent, single.run(moved(single, wrt, tangents, h))))
            np.testing.assert_allclose(dot(cotangent, tangent), expected, rtol=2e-7, atol=2e-7, err_msg=f"{op}, arguments {names}")


@pytest.mark.parametrize("name", NAMES)
def test_row(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        with np.errstate(all="ignore"):
            try:
                check_forward(name, sample, k)
                check_forward(name, narrow(sample), k)
            except Exception as error:
                raise AssertionError(f"{name}{sample.args}{sample.kwargs}: {type(error).__name__}: {error}") from error


# -- second order ------------------------------------------------------------------------------------------------


def curved(single: Single) -> Program:
    """The sum of the sines of all results of an operation, weighted, as a program of one number."""
    b = Builder()
    b.scopes[-1].stmts.extend(single.program.body.stmts)
    value = single.run(single.values)
    terms: list[Any] = []

    def walk(item: Any, value: Any) -> None:
        type = type_of(item)
        if not differentiable(type):
            return
        if isinstance(type, (Tuple, List)) or isinstance(item, Seq):
            for n, part in enumerate(value):
                inner = item.items[n] if isinstance(item, Seq) else b.emit("item" if isinstance(type, Tuple) else "list_item", item, n)
                walk(inner, part)
            return
        weights = np.random.default_rng(len(terms)).uniform(0.5, 1.5, size=np.shape(value))
        wave = b.emit("np.sin", item)
        if kind(type.dtype) == "c":  # type: ignore[union-attr]
            wave = b.emit("+", b.emit("np.real", wave), b.emit("np.imag", wave))
        if np.shape(value):
            given = Var(Array("float64", type.shape))  # type: ignore[union-attr]
            constants.append((given, weights.astype(np.asarray(value).real.dtype)))
            terms.append(b.emit("np.sum", b.emit("*", wave, given)))
        else:
            terms.append(b.emit("*", wave, float(weights)))

    constants: list[tuple[Var, Any]] = []
    walk(single.out, value)
    total = terms[0]
    for term in terms[1:]:
        total = b.emit("+", total, term)
    if isinstance(type_of(total), Array):
        total = b.emit("np.sum", total)
    single.params += [v for v, _ in constants]
    single.values += [w for _, w in constants]
    params = tuple(single.params)
    return Program("f", tuple((f"p{k}", p) for k, p in enumerate(params)), Block(params, tuple(b.stmts), Yield((total,))))


def gradient(program: Program, wrt: tuple[Var, ...]) -> Program:
    """The gradient of a program as a node, which can be differentiated."""
    node, _, bars = vjp_node(program.body, program.body.params, wrt, (Lit(1.0),))
    return replace(program, body=Block(program.body.params, (node,), Yield((Seq(bars),))))


def weighted(program: Program, weights: list[Any], given: list[Var]) -> Program:
    """The sum of the results of a program, weighted."""
    b = Builder()
    b.scopes[-1].stmts.extend(program.body.stmts)
    assert isinstance(program.body.end, Yield)
    result = program.body.end.values[0]
    assert isinstance(result, Seq)
    terms: list[Any] = []

    def walk(bar: Any, weight: Any, value: Any) -> None:
        if isinstance(type_of(bar), List):
            for n, part in enumerate(value):
                walk(b.emit("list_item", bar, n), b.emit("list_item", weight, n), part)
            return
        term = b.emit("*", bar, weight)
        if kind(type_of(bar).dtype) == "c":  # type: ignore[union-attr]
            term = b.emit("np.real", term)
        terms.append(b.emit("np.sum", term) if isinstance(type_of(term), Array) else term)

    for bar, weight, value in zip(result.items, given, weights):
        walk(bar, weight, value)
    total = terms[0]
    for term in terms[1:]:
        total = b.emit("+", total, term)
    params = (*program.body.params, *given)
    return Program("g", tuple((f"p{k}", p) for k, p in enumerate(params)), Block(params, tuple(b.stmts), Yield((total,))))


def check_second(op: str, sample: Case, seed: int) -> None:
    single = Single(op, sample)
    if not single.wrt or not differentiable(type_of(single.out)) or op.startswith("np.empty"):
        return
    wrt = single.wrt
    if not leaves(single.run(single.values)):
        return
    program = curved(single)
    rng = np.random.default_rng(seed)
    given = [single.values[single.params.index(p)] for p in wrt]
    directions, weights = [random_like(v, rng) for v in given], [random_like(v, rng) for v in given]
    slope = gradient(program, wrt)
    flat = expand(slope)
    verify(flat)

    def at(h: float) -> float:
        return sum(dot(w, g) for w, g in zip(weights, interpret(flat, tuple(moved(single, wrt, directions, h)))))

    derived, dots = forward(slope, wrt)
    over = expand(derived)
    verify(replace(over, signature=(*program.signature, *((f"d{k}", d) for k, d in enumerate(dots)))))
    _, tangents = interpret(over, (*single.values, *directions))
    for value, tangent in zip(given, tangents):
        same_kind(value, tangent)
    found = sum(dot(w, t) for w, t in zip(weights, tangents))
    outer = [Var(p.type) for p in wrt]
    twice = expand(reverse(weighted(slope, weights, outer), wrt, keep_value=False))
    verify(twice)
    again = interpret(twice, (*single.values, *weights))
    backwards = sum(dot(g, d) for g, d in zip(again, directions))
    low = is_low(single.values) or is_low(single.run(single.values[:len(single.program.body.params)]))
    np.testing.assert_allclose(found, backwards, err_msg="forward over reverse, and reverse over reverse",
                               **(dict(rtol=2e-2, atol=2e-2) if low else dict(rtol=1e-8, atol=1e-8)))
    if not low:
        np.testing.assert_allclose(found, richardson(at), rtol=2e-6, atol=2e-6, err_msg="forward over reverse")


@pytest.mark.parametrize("name", NAMES)
def test_second_order(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name][:40]):
        if any(isinstance(arg, Grown) for arg in sample.args) and name in ("max", "min"):
            continue  # a second derivative of the largest item of a list that a loop has grown is refused
        with np.errstate(all="ignore"):
            try:
                check_second(name, sample, k)
            except Exception as error:
                raise AssertionError(f"{name}{sample.args}{sample.kwargs}: {type(error).__name__}: {error}") from error


# -- masks and fill values: zeros of tangents absorb -----------------------------------------------------------------

MASKS: dict[str, Callable[[Any], Any]] = {
    "where": lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)),
    "masked argument": lambda x: np.sum(np.sqrt(np.where(x > 0.5, x, 0.0))),
    "quotient": lambda x: np.sum(np.where(x > 0, 1 / x, 0.0)),
    "x log x": lambda x: np.sum(np.where(x > 0, x * np.log(x), 0.0)),
    "maximum": lambda x: np.sum(np.sqrt(np.maximum(x - 2.0, 0.0))),
    "norm": lambda x: np.linalg.norm(np.where(x > 9, x, 0.0)) + np.sum(x**2),
    "std": lambda x: np.std(np.where(x > 9, x, 0.0)) + np.sum(x**2),
    "pad": lambda x: np.sum(np.sqrt(np.pad(x[1:], 1))),
    "triangle": lambda x: np.sum(np.sqrt(np.triu(np.outer(x[1:], x[1:])))),
    "diagonal": lambda x: np.sum(np.sqrt(np.diag(x[1:]))),
    "concatenate": lambda x: np.sum(np.sqrt(np.concatenate([np.zeros(2), x[1:]]))),
    "index": lambda x: np.sqrt(x)[1] + np.log(x)[2],
    "roots in a loop": lambda x: np.sum(np.where(x > 0, roots(x, 2), 0.0)),
    "roots of a mask in a loop": lambda x: np.sum(roots(np.maximum(x - 2.0, 0.0), 2)),
    "roots until": lambda x: roots_until(x)[1],
    "a root in a branch": lambda x: np.sum(np.where(x > 0, np.sqrt(x) if x[1] > 0 else x, 0.0)),
    "a root of nothing": lambda x: np.sqrt(np.sum(np.maximum(x - 9.0, 0.0))) + np.sum(x**2),
    "a root of a sum that is clipped": lambda x: np.sqrt(np.mean(np.clip(x - 9.0, 0.0, 1.0))) + np.sum(x**2),
}


def roots(u: Any, n: int) -> Any:
    for _ in range(n):
        u = np.sqrt(u)
    return u


def roots_until(u: Any) -> Any:
    while u[1] > 1.3:
        u = np.sqrt(u)
    return u


@pytest.mark.parametrize("name", MASKS)
def test_zeros_that_select_absorb(name: str) -> None:
    """Both modes agree, in first and in second order, and no NaN stems from an element that is not selected."""
    f, x, v = MASKS[name], np.array([0.0, 4.0, 1.0]), np.array([1.0, 0.5, -0.3])
    with np.errstate(all="ignore"):
        gradient, tangent = cr.grad(f)(x), cr.jvp(f, (x,), (v,))[1]
        over = cr.hvp(f)(x, v)
        twice = cr.grad(lambda x: np.sum(cr.grad(f)(x) * v))(x)
        nested = cr.jvp(lambda x: cr.jvp(f, (x,), (v,))[1], (x,), (v,))[1]
        columns = cr.jacfwd(f)(x)
    assert np.all(np.isfinite(gradient)) and np.all(np.isfinite(over))
    np.testing.assert_allclose(tangent, gradient @ v, rtol=1e-12)
    np.testing.assert_allclose(columns, gradient, rtol=1e-12)
    np.testing.assert_allclose(twice, over, rtol=1e-12)
    np.testing.assert_allclose(nested, over @ v, rtol=1e-12)


# -- complex and symmetric arguments -----------------------------------------------------------------------------------

SIDE = np.random.default_rng(3).normal(size=(3, 3))
COMPLEX: dict[str, Callable[[Any], Any]] = {
    **{f"norm {ord}": partial(lambda ord, z: np.linalg.norm(z, ord), ord) for ord in ("fro", "nuc", 1, 2, np.inf)},
    **{f"vector norm {ord}": partial(lambda ord, z: np.linalg.norm(z[0], ord), ord) for ord in (1, 2, 3, np.inf)},
    "eigvalsh": lambda z: np.sum(SIDE[0] * np.linalg.eigvalsh(z)), "eigh values": lambda z: np.sum(SIDE[0] * np.linalg.eigh(z)[0]),
    "eigh vectors": lambda z: np.sum(SIDE * np.abs(np.linalg.eigh(z)[1]) ** 2), "cholesky": lambda z: np.sum(SIDE * np.abs(np.linalg.cholesky(z)) ** 2),
    "det": lambda z: np.abs(np.linalg.det(z)), "inv": lambda z: np.sum(SIDE * np.abs(np.linalg.inv(z)) ** 2), "abs": lambda z: np.sum(SIDE * np.abs(z)),
    "var": lambda z: np.var(z), "std": lambda z: np.std(z), "prod": lambda z: np.abs(np.prod(z)), "cumprod": lambda z: np.sum(np.abs(np.cumprod(z))),
}


@pytest.mark.parametrize("dtype", ["real", "complex"])
@pytest.mark.parametrize("name", COMPLEX)
def test_complex_and_symmetric(name: str, dtype: str) -> None:
    """Of a Hermitian matrix, along Hermitian directions: first order in both modes, second order over both."""
    f = COMPLEX[name]
    rng = np.random.default_rng(5)
    x, v, w = (rng.normal(size=(3, 3)) + (1j * rng.normal(size=(3, 3)) if dtype == "complex" else 0.0) for _ in range(3))
    x, v, w = x @ np.conj(x.T) + 3 * np.eye(3), v + np.conj(v.T), w + np.conj(w.T)
    slope = cr.grad(f)
    paired = lambda x: np.sum(np.real(slope(x) * w))
    np.testing.assert_allclose(np.sum(slope(x) * v).real, richardson(lambda h: f(x + h * v)), rtol=1e-7)
    np.testing.assert_allclose(cr.jvp(f, (x,), (v,))[1], np.sum(slope(x) * v).real, rtol=1e-10)
    expected = richardson(lambda h: paired(x + h * v))
    np.testing.assert_allclose(cr.jvp(paired, (x,), (v,))[1], expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.sum(cr.grad(paired)(x) * v).real, expected, rtol=1e-6, atol=1e-7)


def test_third_derivative_of_a_determinant() -> None:
    rng = np.random.default_rng(2)
    x, v = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))

    def along(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: cr.jvp(f, (x,), (v,))[1]

    third = along(along(along(np.linalg.det)))(x)
    np.testing.assert_allclose(third, 6 * np.linalg.det(v), rtol=1e-8)
    twice = along(along(np.linalg.det))(np.zeros((3, 3)) + np.diag([1.0, 0.0, 0.0]))  # a singular matrix
    np.testing.assert_allclose(twice, 2 * (v[1, 1] * v[2, 2] - v[1, 2] * v[2, 1]), rtol=1e-10)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0b1", reason="the sign of the real part, before NumPy 2")
def test_the_sign_of_complex_numbers_is_refused() -> None:
    with pytest.raises(cr.errors.UnsupportedError, match="np.sign of complex"):
        cr.grad(lambda z: np.sum(np.real(np.sign(z))))(np.array([1.0 + 2.0j]))


THIRD: dict[str, Callable[[Any], Any]] = {
    **{f"norm {ord}": partial(lambda ord, x: np.linalg.norm(x, ord), ord) for ord in (1, 2, 3, 4.5, np.inf, -np.inf, None)},
    "rows": lambda x: np.sum(np.linalg.norm(np.outer(x, x * x) + 1.0, 3, axis=1)), "logaddexp.reduce": lambda x: np.logaddexp.reduce(x), "logaddexp2.reduce": lambda x: np.logaddexp2.reduce(x),
    "hypot.reduce": lambda x: np.hypot.reduce(x), "fmax.reduce": lambda x: np.fmax.reduce(x**3), "maximum.accumulate": lambda x: np.sum(np.maximum.accumulate(x**3) * x),
    "abs ** 3": lambda x: np.sum(np.abs(x) ** 3), "where": lambda x: np.sum(np.where(x > 0, x**4, x**3)), "max": lambda x: np.max(x) ** 4, "prod": lambda x: np.prod(x) ** 2,
    "trapezoid": lambda x: np.trapezoid(x**2, np.cumsum(x * x)) if hasattr(np, "trapezoid") else np.trapz(x**2, np.cumsum(x * x)), "median": lambda x: np.median(x**3) * x[0],
    "convolve": lambda x: np.sum(np.convolve(x, x * x, "same") * x), "sinc": lambda x: np.sum(np.sinc(x)), "std": lambda x: np.std(x),
}


@pytest.mark.parametrize("name", THIRD)
def test_third_derivative(name: str) -> None:
    f = THIRD[name]
    x, v, w = np.array([0.7, -1.2, 0.4, 1.9]), np.array([0.3, -0.5, 0.8, 0.2]), np.array([-0.4, 0.6, 0.1, 0.5])
    over = lambda x: np.sum(cr.hvp(f)(x, v) * w)
    wanted = richardson(lambda h: over(x + h * w))
    np.testing.assert_allclose(cr.jvp(over, (x,), (w,))[1], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.sum(cr.grad(over)(x) * w), wanted, rtol=1e-5, atol=1e-6)
