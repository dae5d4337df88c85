"""`gradient_is`: a gradient is right, and the call that computes it changes nothing that is not its own."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import chainrule as cr

STEP = 1e-6


def leaves(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) of tuples, lists and dictionaries."""
    if isinstance(value, (list, tuple)):
        for n, item in enumerate(value):
            yield from (((n, *path), leaf) for path, leaf in leaves(item))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (((key, *path), leaf) for path, leaf in leaves(item))
    else:
        yield (), value


def replace(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    """The value with another leaf at a path."""
    if not path:
        return leaf
    items = list(value) if isinstance(value, tuple) else copy.copy(value)
    items[path[0]] = replace(items[path[0]], path[1:], leaf)
    if isinstance(value, tuple):
        return value._make(items) if hasattr(value, "_make") else type(value)(items)
    return items


def is_float(leaf: Any) -> bool:
    return isinstance(leaf, (float, np.floating)) or isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"


def widened(value: Any) -> Any:
    """A copy in which arrays of floats are arrays of float64."""
    value = copy.deepcopy(value)
    for path, leaf in leaves(value):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" and leaf.dtype != float:
            value = replace(value, path, leaf.astype(float))
    return value


def differences(f: Callable[..., Any], args: tuple[Any, ...], number: int) -> Iterator[Any]:
    """Central differences for each leaf of an argument; None for leaves that are not floats. In float64, whatever the leaf is."""
    for path, leaf in leaves(args[number]):
        if not is_float(leaf):
            yield None
            continue
        slope = np.zeros(np.shape(leaf))
        for index in np.ndindex(*np.shape(leaf)):
            values = []
            for step in (STEP, -STEP):
                moved = np.array(leaf, dtype=float)
                moved[index] += step
                given = [widened(arg) for arg in args]
                given[number] = replace(given[number], path, moved if isinstance(leaf, np.ndarray) else float(moved))
                values.append(float(f(*given)))
            slope[index] = (values[0] - values[1]) / (2 * STEP)
        yield slope


def gradient_is(f: Callable[..., Any], args: tuple[Any, ...], expected: Any = None, *, rtol: float = 1e-5) -> None:
    """The gradient of f with respect to each argument that holds floats is as expected, by default as differences say.

    expected: one entry for each of these arguments (or the only one's), in its structure.
    Checked besides: the value; `grad` and `vjp` say the same; a second call says the same; types, shapes and dtypes are those of the
    arguments; the arguments are as they were; no array shares memory with another one or with an argument, and all can be written.
    """
    chosen = tuple(n for n, arg in enumerate(args) if any(is_float(leaf) for _, leaf in leaves(arg)))
    given = copy.deepcopy(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = f(*copy.deepcopy(args))
        derivative = cr.value_and_grad(f, argnums=chosen)
        result, gradients = derivative(*given)
        again = derivative(*given)
        alone = cr.grad(f, argnums=chosen)(*given)
        _, pullback = cr.vjp(f, *given)
        pulled = pullback(1.0)
    assert repr(given) == repr(args), "the arguments were changed"
    assert expected is not None or np.isfinite(value), "differences of what is not finite say nothing"
    np.testing.assert_allclose(result, value, err_msg="value")
    for others in (again[1], alone, tuple(pulled[n] for n in chosen)):
        for (path, one), (_, other) in zip(leaves(gradients), leaves(others)):
            assert (one is None) == (other is None)
            np.testing.assert_allclose(np.asarray(other, float), np.asarray(one, float), rtol=1e-9, atol=1e-12, err_msg=f"{path}, computed otherwise")
    arrays = [leaf for _, leaf in leaves(gradients) if isinstance(leaf, np.ndarray)]
    owned = [leaf for _, leaf in leaves(given) if isinstance(leaf, np.ndarray)]
    for n, array in enumerate(arrays):
        assert array.flags.writeable
        assert not any(np.may_share_memory(array, other) for other in (*arrays[n + 1:], *owned))
    if expected is not None and len(chosen) == 1:
        expected = (expected,)
    for n, number in enumerate(chosen):
        wanted = list(differences(f, args, number)) if expected is None else [leaf for _, leaf in leaves_like(expected[n], args[number])]
        for (path, leaf), (_, gradient), want in zip(leaves(args[number]), leaves(gradients[n]), wanted):
            if not is_float(leaf):
                assert gradient is None
                continue
            assert type(gradient) is type(leaf) and np.shape(gradient) == np.shape(leaf)
            assert np.asarray(gradient).dtype == np.asarray(leaf).dtype
            tolerance = rtol if np.asarray(leaf).dtype == float else 2e-3
            np.testing.assert_allclose(gradient, want, rtol=tolerance, atol=tolerance, err_msg=f"argument {number}, {path}")


def leaves_like(value: Any, like: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The leaves of a value where another one has leaves: lists of numbers stand for arrays."""
    for path, _ in leaves(like):
        part = value
        for key in path:
            part = part[key]
        yield path, part
