"""Every row on its samples in other layouts, dtypes and shapes: what NumPy takes, the row takes.

Fortran order, negative strides and gaps change nothing; in half precision a gradient is of half precision; complex numbers are differentiated in both
modes like real ones; of nothing, and of arrays without axes, there is a gradient of that shape. A row may refuse with a reason; it may not fail otherwise.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule.ir.probe import CannotProbe, type_of
from chainrule.ir.types import differentiable
from chainrule.rules.table import ROWS, RowError

from .harness import Case, Fixed, Grown, Single, dot, fits, leaves, random_like, same_kind, slope
from .samples import SAMPLES
from .test_forward import is_low, pushed

NAMES = [n for n in sorted(ROWS) if SAMPLES.get(n)]
# Functions of the user's: what helpers are given is what their functions are.
PUBLIC = [n for n in NAMES if not n.startswith(("rt.", "accum", "list")) and n not in ("store", "append")]
# Of no elements, sum() is an integer; np.einsum pairs an axis of none with one of three.
FULL = {"sum", "np.einsum"}
# In the choice of these vectors a complex factor is free (tests/rules/expressions.py has combinations that do not depend on it).
FREE = {"np.linalg.svd"}


def mapped(sample: Any, change: Callable[[Any], Any]) -> Any:
    """A sample with each array of floats changed."""
    if isinstance(sample, Case):
        return Case(tuple(mapped(a, change) for a in sample.args), {k: mapped(a, change) for k, a in sample.kwargs.items()})
    if isinstance(sample, (tuple, list)):
        return type(sample)(mapped(item, change) for item in sample)
    if isinstance(sample, Fixed):
        return Fixed(mapped(sample.value, change))
    if isinstance(sample, Grown):
        return Grown([mapped(item, change) for item in sample.items])
    return change(sample) if isinstance(sample, (np.ndarray, np.generic)) and sample.dtype.kind in "fc" else sample


def single(op: str, sample: Case) -> Single | None:
    """The program of one call; None where NumPy does not take it, or the row gives a reason not to."""
    try:
        made = Single(op, sample)
        made.run(made.values)
    except (RowError, CannotProbe, TypeError, ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        return None
    return made


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "Fortran order": lambda a: np.asfortranarray(a) if np.ndim(a) > 1 else a,
    "negative strides": lambda a: np.flip(np.flip(a).copy()) if np.ndim(a) else a,
    "gaps": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if np.ndim(a) else a,
}


@pytest.mark.parametrize("name", NAMES)
def test_layouts(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        plain = Single(name, sample)
        if not any(isinstance(v, np.ndarray) and v.ndim for v in leaves(plain.values)) or not plain.wrt or not differentiable(type_of(plain.out)) or name.startswith("np.empty"):
            continue
        with np.errstate(all="ignore"):
            value = plain.run(plain.values)
            rng = np.random.default_rng(k)
            seed, tangents = random_like(value, rng), [random_like(plain.values[plain.params.index(p)], rng) for p in plain.wrt]
            expected = plain.pullback(seed), pushed(plain, plain.wrt, tangents)[1]
            for layout, change in LAYOUTS.items():
                other = Single(name, mapped(sample, change))
                if layout != "negative strides" and "reshape" in str(sample.args):
                    continue  # a view that is a copy then: the compiler looks at the call (tests/by_hand/test_orders.py)
                turned = [mapped(t, change) for t in tangents]
                found = other.pullback(mapped(seed, change)), pushed(other, other.wrt, turned)[1]
                for one, two in zip(leaves(list(found)), leaves(list(expected))):
                    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-11, err_msg=f"{name}{sample}: {layout}")


@pytest.mark.parametrize("name", NAMES)
def test_half_precision(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        small = single(name, mapped(sample, lambda a: a.astype({"f": np.float16, "c": np.complex64}[a.dtype.kind])))
        double = Single(name, sample)
        if small is None or not differentiable(type_of(double.out)):
            continue
        with np.errstate(all="ignore"):
            value = small.run(small.values)
            assert fits(value, type_of(small.out)), (name, sample, value, type_of(small.out))
            rng = np.random.default_rng(k)
            gradients = small.pullback(random_like(value, rng))
            tangents = [random_like(small.values[small.params.index(p)], rng) for p in small.wrt]
            if small.wrt:
                tangent = pushed(small, small.wrt, tangents)[1]
                same_kind(value, tangent) if not isinstance(value, (tuple, list)) and np.asarray(value).dtype.kind in "fc" else None
        for p, gradient in zip(small.wrt, gradients):
            same_kind(small.values[small.params.index(p)], gradient)


def turned(sample: Case, rng: Any) -> Case:
    return mapped(sample, lambda a: (a + 1j * rng.uniform(-0.6, 0.6, size=np.shape(a)))[()] if a.dtype.kind == "f" and isinstance(a, np.generic)  # type: ignore[no-any-return]
                  else a + 1j * rng.uniform(-0.6, 0.6, size=a.shape) if a.dtype.kind == "f" else a)


@pytest.mark.parametrize("name", [n for n in PUBLIC if n not in FREE])
def test_complex(name: str) -> None:
    """Along complex directions, as the real part of the product without conjugation."""
    for k, sample in enumerate(SAMPLES[name][:24]):
        rng = np.random.default_rng(k)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = single(name, turned(sample, rng))
            if program is None or not program.wrt or not differentiable(type_of(program.out)) or name.startswith("np.empty"):
                continue
            value = program.run(program.values)
            if not leaves(value) or is_low(value):
                continue
            assert fits(value, type_of(program.out)), (name, sample, value, type_of(program.out))
            seed = random_like(value, rng)
            try:
                gradients = program.pullback(seed)
            except RowError:
                continue
            tangents = [random_like(program.values[program.params.index(p)], rng) for p in program.wrt]
            total = 0.0
            for p, gradient, direction in zip(program.wrt, gradients, tangents):
                at = program.params.index(p)
                same_kind(program.values[at], gradient)
                found = dot(gradient, direction)
                total += found
                np.testing.assert_allclose(found, slope(program, at, direction, seed), rtol=1e-6, atol=1e-6, err_msg=f"{name}{sample}, argument {at}")
            _, tangent = pushed(program, program.wrt, tangents)
            np.testing.assert_allclose(dot(seed, tangent), total, rtol=1e-9, atol=1e-9, err_msg=f"{name}{sample}: the two modes differ")


def shapes(sample: Case) -> Iterator[tuple[str, Case]]:
    """Without elements along the first or the last axis, and without axes."""
    yield "nothing", mapped(sample, lambda a: a[:0] if np.ndim(a) else a)
    yield "nothing in the last axis", mapped(sample, lambda a: a[..., :0] if np.ndim(a) > 1 else a)
    yield "no axes", mapped(sample, lambda a: np.asarray(a.flat[0]) if isinstance(a, np.ndarray) and a.size else a)


@pytest.mark.parametrize("name", [n for n in PUBLIC if n not in FULL])
def test_nothing_and_no_axes(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        for what, changed in shapes(sample):
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                program = single(name, changed)
                if program is None or not program.wrt or not differentiable(type_of(program.out)) or name.startswith("np.empty"):
                    continue
                value = program.run(program.values)
                try:
                    assert fits(value, type_of(program.out)), (value, type_of(program.out))
                    rng = np.random.default_rng(k)
                    seed = random_like(value, rng)
                    try:
                        gradients = program.pullback(seed)
                    except RowError:
                        continue
                    tangents = [random_like(program.values[program.params.index(p)], rng) for p in program.wrt]
                    total = 0.0
                    for p, gradient, direction in zip(program.wrt, gradients, tangents):
                        same_kind(program.values[program.params.index(p)], gradient)
                        total += dot(gradient, direction)
                    _, tangent = pushed(program, program.wrt, tangents)
                    if all(np.isfinite(leaf).all() for leaf in leaves([value, gradients])) and not is_low(value):
                        np.testing.assert_allclose(dot(seed, tangent), total, rtol=1e-9, atol=1e-9)
                except Exception as error:
                    raise AssertionError(f"{name}{sample}, {what}: {type(error).__name__}: {error}") from error
