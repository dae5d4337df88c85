"""Forward mode of every program written by hand: as the reverse mode says (the dot-product test), and as differences of the primal say.

Also second derivatives of all of them, forward over reverse: the Hessian-vector product is the difference of gradients, and symmetric.
"""

from __future__ import annotations

import copy
import importlib
import pkgutil
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as cr
import tests.by_hand
import tests.realistic
from tests.by_hand import cases
from tests.gradients import is_float, leaves, replace, widened
from tests.realistic import programs

# Where differences of the gradient say nothing: ties, and loops that end after another number of iterations.
JUMPS = {"test_callables.outer_products", "test_writes.out_of_reductions", "test_linear_algebra.power_iteration", "test_finance_and_life.heston_paths"}


def _all() -> list[Any]:
    found: dict[str, Any] = {}
    for package in (tests.by_hand, tests.realistic):
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            importlib.import_module(f"{package.__name__}.{module}")
    for module, entries in sorted(cases._cases.items()):
        found.update((f"{module.rpartition('.')[2]}.{f.__name__}", (f, args)) for f, args in entries)
    for module, written in sorted(programs._programs.items()):
        found.update((f"{module.rpartition('.')[2]}.{p.f.__name__}", (p.f, p.args)) for p in written)
    return [pytest.param(name, *entry, id=name) for name, entry in found.items()]


ALL = _all()


def like(value: Any, seed: int) -> Any:
    """Random numbers in the place of the floats of a nest; None elsewhere."""
    rng = np.random.default_rng(seed)
    result = copy.deepcopy(value)
    for path, leaf in leaves(value):
        new: Any = None
        if is_float(leaf):
            new = rng.uniform(-1, 1, np.shape(leaf))
            new = new.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(new)
        result = replace(result, path, new)
    return result


def dot(a: Any, b: Any) -> float:
    """The sum of the products of the floats of two nests."""
    return sum(float(np.sum(np.asarray(x, float) * np.asarray(y, float))) for (_, x), (_, y) in zip(leaves(a), leaves(b)) if is_float(y))


def moved(args: Any, tangents: Any, step: float) -> Any:
    """The arguments, in float64, moved along tangents."""
    result = widened(args)
    for (path, leaf), (_, tangent) in zip(leaves(result), leaves(tangents)):
        if is_float(leaf) and tangent is not None:
            if isinstance(leaf, np.ndarray):  # its layout stays
                leaf += step * tangent
            else:
                result = replace(result, path, float(leaf) + step * float(tangent))
    return result


def plain(args: Any) -> bool:
    """Whether all arguments are numbers, arrays, and nests of these."""
    return all(leaf is None or isinstance(leaf, (bool, int, float, str, np.generic, np.ndarray)) for _, leaf in leaves(args))


def tolerance(args: Any) -> float:
    return 1e-8 if all(np.asarray(leaf).dtype == float for _, leaf in leaves(args) if is_float(leaf)) else 2e-3


@pytest.mark.parametrize("name, f, args", ALL)
def test_forward_mode(name, f, args):
    if not plain(args):
        pytest.skip("an argument has no tangent")
    tangents = like(args, 1)
    given = copy.deepcopy(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f(*copy.deepcopy(args))
        value, tangent = cr.jvp(f, given, tangents)
        _, pullback = cr.vjp(f, *copy.deepcopy(args))
        bars = pullback(1.0)
        step = 1e-6
        difference = (float(f(*moved(args, tangents, step))) - float(f(*moved(args, tangents, -step)))) / (2 * step)
    assert repr(given) == repr(args), "the arguments were changed"
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    assert np.shape(tangent) == np.shape(value)
    rtol = tolerance(args)
    size = 1.0 + dot(like_abs(bars), like_abs(tangents))
    assert abs(float(tangent) - dot(bars, tangents)) <= rtol * size, "<w, J v> is not <J'w, v>"
    assert abs(float(tangent) - difference) <= max(2e-5, rtol) * size, "not the slope of the function"


def like_abs(value: Any) -> Any:
    """The absolute values of the floats of a nest."""
    result = copy.deepcopy(value)
    for path, leaf in leaves(value):
        if is_float(leaf):
            result = replace(result, path, np.abs(leaf))
    return result


@pytest.mark.parametrize("name, f, args", ALL)
def test_second_derivatives(name, f, args):
    if not plain(args) or tolerance(args) > 1e-6:
        pytest.skip("an argument has no tangent, or too few digits")
    chosen = tuple(n for n, arg in enumerate(args) if any(is_float(leaf) for _, leaf in leaves(arg)))
    u, v = like(args, 1), like(args, 2)

    def picked(nest: Any) -> Any:
        return tuple(nest[n] for n in chosen)

    gradient = cr.grad(f, argnums=chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, along_u = cr.jvp(gradient, copy.deepcopy(args), u)
        _, along_v = cr.jvp(gradient, copy.deepcopy(args), v)
        reference = gradient(*copy.deepcopy(args))
        step = 1e-5
        up, down = gradient(*moved(args, u, step)), gradient(*moved(args, u, -step))
    size = 1.0
    for (path, ours), (_, value), (_, expected), (_, a), (_, b) in zip(leaves(along_u), leaves(first), leaves(reference), leaves(up), leaves(down)):
        if not is_float(value):
            continue
        np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-12, err_msg=f"the gradient at {path}")
        slope = (np.asarray(a, float) - np.asarray(b, float)) / (2 * step)
        size += float(np.sum(np.abs(ours)))
        if name in JUMPS:
            continue
        np.testing.assert_allclose(ours, slope, rtol=2e-4, atol=2e-5 * (1 + float(np.max(np.abs(value), initial=0.0))), err_msg=f"the second derivative at {path}")
    assert abs(dot(picked(v), along_u) - dot(picked(u), along_v)) <= 1e-8 * size, "the Hessian is not symmetric"
