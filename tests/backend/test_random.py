"""On random programs the printed text gives what the interpreter gives, leaves the arguments alone, and is always the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.backend.emit import emit
from chainrule.backend.inplace import inplace
from chainrule.backend.load import load
from chainrule.ir.interpret import interpret
from tests.backend.random_programs import N, random_program


def arguments(seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=N), rng.normal(size=(N, N)), float(rng.normal()), int(rng.integers(0, 4))


def arrays_of(value: Any) -> list[np.ndarray]:
    if isinstance(value, tuple):
        return [array for item in value for array in arrays_of(item)]
    return [value] if isinstance(value, np.ndarray) else []


def same(got: Any, want: Any) -> None:
    assert type(got) is type(want) or not isinstance(want, tuple)
    if isinstance(want, tuple):
        assert len(got) == len(want)
        for g, w in zip(got, want):
            same(g, w)
    else:
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def unshared(value: Any, args: tuple[Any, ...]) -> None:
    made = arrays_of(value)
    given = [a for a in args if isinstance(a, np.ndarray)]
    for k, array in enumerate(made):
        assert array.flags.writeable
        assert not any(np.may_share_memory(array, other) for other in (*made[:k], *given))


def check(seed: int, size: int) -> None:
    program = random_program(seed, size)
    args = arguments(seed)
    kept = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in args)
    with np.errstate(all="ignore"):
        want = interpret(program, args)
        ready = inplace(program)
        emitted = emit(ready)
        got = load(emitted)(*args)
        between = interpret(ready, args)
        if callable(want[1]):
            y_bar = np.arange(1.0, 1.0 + N)
            pulled = want[1](y_bar)
            same(between[1](y_bar), pulled)
            same(got[0], want[0])
            unshared(got[0], args)
            for array in arrays_of(got[0]):  # the caller may do what he likes with the value, and call twice
                array[...] = np.nan
            first = got[1](y_bar)
            same(first, pulled)
            unshared(first, (*args, y_bar))
            for array in arrays_of(first):
                array[...] = np.nan
            same(got[1](y_bar), pulled)
        else:
            same(between, want)
            same(got, want)
            unshared(got, args)
    same(args, kept)
    assert emit(inplace(random_program(seed, size))).text == emitted.text
    assert all(len(line) <= 100 for line in emitted.text.splitlines())


@pytest.mark.parametrize("block", range(16))
def test_the_text_means_what_the_program_means(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        check(seed, 60)
