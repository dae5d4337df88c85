"""Functions of NumPy as programs: both modes and second order against finite differences, single precision, arrays with strides."""

from __future__ import annotations

import contextlib
import linecache
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.rules.table import resolve

from .expressions import EXPRESSIONS, POOL
from .harness import dot, leaves, narrow, random_like

# Functions that this NumPy does not have.
CASES = [(name, line.strip()) for name, text in EXPRESSIONS.items() for line in text.splitlines() if line.strip()]


def missing(name: str) -> bool:
    return resolve(name) is None


def names_in(expression: str) -> list[str]:
    return [n for n in compile(expression, "", "eval").co_names if n in POOL] + sorted(
        {n for c in compile(expression, "", "eval").co_consts if isinstance(c, types.CodeType) for n in c.co_names if n in POOL}
        - set(compile(expression, "", "eval").co_names))


def function(expression: str, names: list[str], body: str = "    return {}\n") -> Any:
    source = f"def f({', '.join(names)}):\n{body.format(expression)}"
    file = f"<expression {hash((expression, body)) & 0xffffffff:x}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    module = types.ModuleType("expression")
    module.__dict__.update(np=np, __file__=file)
    exec(compile(source, file, "exec"), vars(module))
    return module.f  # type: ignore[attr-defined]


def is_float(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "fc"


def moved(args: list[Any], directions: list[Any], h: float) -> list[Any]:
    return [np.asarray(a + h * d) if isinstance(a, np.ndarray) and is_float(a) else a + h * d if is_float(a) else a for a, d in zip(args, directions)]


def difference(at: Any) -> Any:
    """Richardson's extrapolation of central differences."""
    h = 1e-3
    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    finest = (at(h / 4) - at(-h / 4)) / (h / 2)
    return (64 * finest - 20 * fine + coarse) / 45


def random_seed(value: Any, rng: Any) -> Any:
    """A cotangent of the structure of a value."""
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(random_seed(item, rng) for item in value)
    if isinstance(value, (tuple, list)):
        return type(value)(random_seed(item, rng) for item in value)
    return random_like(value, rng)


def same_types(found: Any, wanted: Any) -> None:
    if isinstance(wanted, (tuple, list)):
        assert len(found) == len(wanted)
        for f, w in zip(found, wanted):
            same_types(f, w)
        return
    assert np.shape(found) == np.shape(wanted), (np.shape(found), np.shape(wanted))
    assert np.asarray(found).dtype == np.asarray(wanted).dtype, (np.asarray(found).dtype, np.asarray(wanted).dtype)
    assert isinstance(found, np.ndarray) == isinstance(wanted, np.ndarray), (type(found), type(wanted))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("name", "expression"), CASES, ids=[f"{n}-{e}" for n, e in CASES])
def test_expression(name: str, expression: str) -> None:
    if missing(name):
        pytest.skip("not in this version of NumPy")
    names = names_in(expression)
    f = function(expression, names)
    args = [POOL[n] for n in names]
    rng = np.random.default_rng(3)
    directions = [np.where(np.isnan(a), 0, random_like(a, rng))[()] if is_float(a) else None for a in args]
    active = [k for k, a in enumerate(args) if is_float(a)]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f(*args)
        seed = random_seed(expected, rng)
        value, pullback = cr.vjp(f, *args)
        same_types(value, expected)
        gradients = pullback(seed)
        for a, g in zip(args, gradients):
            if is_float(a):
                assert np.shape(g) == np.shape(a) and np.asarray(g).dtype == np.asarray(a).dtype
                assert np.all(np.isfinite(g[~np.isnan(a)] if np.ndim(a) else g)), g
        found = sum(dot(np.where(np.isnan(args[k]), 0, gradients[k]), directions[k]) for k in active)
        wanted = difference(lambda h: dot(seed, f(*moved(args, directions, h))))
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7, err_msg="reverse")
        with again():
            forward(f, args, directions, active, seed, found)
            second(expression, names, args, directions, active, seed)


# Helpers whose own derivative is not known: to ask for it is an error.
ONCE = ("rt.norm_pull", "rt.unique_pull", "rt.cumprod_pull", "rt.interp_slope")


@contextlib.contextmanager
def again() -> Iterator[None]:
    """Where a second derivative is refused, with the name of the helper that has none."""
    try:
        yield
    except cr.errors.UnsupportedError as error:
        if not any(name in str(error) for name in ONCE):
            raise


def forward(f: Any, args: list[Any], directions: list[Any], active: list[int], seed: Any, found: float) -> None:
    if len(active) == len(args):
        _, tangent = cr.jvp(f, tuple(args), tuple(type(a)(d) if not isinstance(a, np.ndarray) else np.asarray(d) for a, d in zip(args, directions)))
    else:
        fixed = {k: a for k, a in enumerate(args) if k not in active}
        tangents = tuple(None if k in fixed else d if isinstance(args[k], np.ndarray) else type(args[k])(d) for k, d in enumerate(directions))
        _, tangent = cr.jvp(f, tuple(args), tangents)
    total = sum(float(np.sum(np.asarray(s) * np.asarray(t)).real) for s, t in paired(seed, tangent))
    np.testing.assert_allclose(total, found, rtol=1e-8, atol=1e-9, err_msg="forward")


def paired(seed: Any, tangent: Any) -> Any:
    if isinstance(seed, (tuple, list)):
        return [p for s, t in zip(seed, tangent) for p in paired(s, t)]
    return [(seed, tangent)] if is_float(seed) and tangent is not None else []


def second(expression: str, names: list[str], args: list[Any], directions: list[Any], active: list[int], seed: Any) -> None:
    """The derivative of the gradient, forward over reverse."""
    if any(np.asarray(args[k]).dtype.kind == "c" for k in active):
        return
    lines = "    r = {}\n    total = 0.0\n"
    tree = [("r", seed)]
    weights: dict[str, Any] = {}
    while tree:
        place, one = tree.pop(0)
        if isinstance(one, (tuple, list)):
            tree += [(f"{place}[{n}]", item) for n, item in enumerate(one)]
        elif is_float(one):
            weights[f"weight{len(weights)}"] = one
            lines += f"    total = total + np.sum(np.real({place} * {list(weights)[-1]}))\n"
    g = function(expression, names, lines + "    return total\n")
    g.__globals__.update(weights)
    at = active[0] if len(active) == 1 else tuple(active)
    gradient = cr.grad(g, argnums=at)
    chosen = [directions[k] for k in active]

    def along(h: float) -> float:
        result = gradient(*moved(args, directions, h))
        parts = [result] if len(active) == 1 else list(result)
        return sum(float(np.sum(np.where(np.isnan(d), 0, np.where(np.isnan(np.asarray(p)), 0, p)) * d)) for p, d in zip(parts, chosen))

    def line(h: Any) -> Any:
        return gradient(*moved(args, directions, h))

    wanted = difference(along)
    tangents = tuple(None if k not in active else np.asarray(d) if isinstance(args[k], np.ndarray) else type(args[k])(d) for k, d in enumerate(directions))
    _, tangent = cr.jvp(gradient, tuple(args), tangents)
    parts = [tangent] if len(active) == 1 else list(tangent)
    found = sum(float(np.sum(np.where(np.isnan(np.asarray(p)), 0, p) * d)) for p, d in zip(parts, chosen))
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6, err_msg="second order")


@pytest.mark.parametrize(("name", "expression"), CASES, ids=[f"{n}-{e}" for n, e in CASES])
def test_single_precision_and_strides(name: str, expression: str) -> None:
    """Single precision gives the results that NumPy gives, and gradients in single precision; strides make no difference."""
    if missing(name):
        pytest.skip("not in this version of NumPy")
    names = names_in(expression)
    f = function(expression, names)
    args = [POOL[n] for n in names]
    rng = np.random.default_rng(5)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seed = random_seed(f(*args), rng)
        wide = cr.vjp(f, *args)[1](seed)
        for around in (np.ascontiguousarray, lambda a: np.repeat(np.asfortranarray(a), 2, axis=-1)[..., ::2]):
            strided = [around(a) if isinstance(a, np.ndarray) and a.ndim else a for a in args]
            for g, h in zip(wide, cr.vjp(f, *strided)[1](seed)):
                if g is not None:
                    np.testing.assert_allclose(h, g, rtol=1e-9, atol=1e-11)
        small = [narrow(a) for a in args]
        expected = f(*small)
        value, pullback = cr.vjp(f, *small)
        for found, wanted in zip(leaves(value), leaves(expected)):
            assert found.dtype == wanted.dtype, (found.dtype, wanted.dtype)
            np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-4)
        for a, g in zip(small, pullback(cast(seed, expected))):
            if is_float(a):
                assert np.asarray(g).dtype == np.asarray(a).dtype


def cast(seed: Any, like: Any) -> Any:
    if isinstance(like, (tuple, list)):
        items = (cast(s, w) for s, w in zip(seed, like))
        return like._make(items) if hasattr(like, "_make") else type(like)(items)
    return seed if not is_float(like) else seed.astype(like.dtype) if isinstance(like, np.ndarray) else type(like)(seed)
