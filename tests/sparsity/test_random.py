"""Random programs: the machine computes the values that the interpreter computes, and no dependence is missing."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.interpret import interpret
from chainrule.sparsity.dependence import flat
from chainrule.sparsity.machine import Machine
from chainrule.sparsity.sets import Sets
from tests.backend.random_programs import random_program
from tests.backend.test_random import arguments
from tests.programs.generate import from_seed
from tests.programs.oracle import load, printed
from tests.programs.values import fresh

Y_BAR = np.arange(1.0, 5.0)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in leaves(item)]
    return [] if callable(value) or not isinstance(value, (float, np.ndarray, np.generic)) else [np.asarray(value, float)]


def sets_of(value: Any, mark: Any) -> list[int]:
    if isinstance(value, (tuple, list)):
        parts = [None] * len(value) if mark is None else mark
        return [one for item, part in zip(value, parts) for one in sets_of(item, part)]
    if not isinstance(value, (float, np.ndarray, np.generic)):
        return []
    return [0] * np.size(value) if mark is None else np.ravel(mark).tolist()


@pytest.mark.parametrize("block", range(5))
def test_values_and_dependence(block: int) -> None:
    for seed in range(40 * block, 40 * block + 40):
        program = random_program(seed, 30)
        args = arguments(seed)
        kept = [np.copy(arg) for arg in args]
        with np.errstate(all="ignore"):
            want = interpret(program, args)
            size = args[0].size
            sets = Sets(size)
            known = [(arg, sets.inputs((size,)) if n == 0 else None, 1 << n) for n, arg in enumerate(args)]
            machine = Machine(sets, 1, 16, False)
            value, mark, origins = machine.run(program, known)
            pulled = callable(want[1])
            if pulled:
                want = (want[0], want[1](Y_BAR))
                second, marks, _ = machine.apply([(value[1], None, origins), ((Y_BAR,), None, 0)])
                value, mark = (value[0], second), (mark[0], marks)
        for before, arg in zip(kept, args):
            np.testing.assert_array_equal(before, arg)
        for got, expected in zip(leaves(value), leaves(want)):
            np.testing.assert_array_equal(got, expected)
        assert len(leaves(value)) == len(leaves(want))
        indptr, indices = sets.members(np.array(sets_of(value, mark), np.int64))
        depends = np.zeros((len(indptr) - 1, size), bool)
        depends[np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), indices] = True
        assert all(isinstance(ids, (int, np.ndarray)) for ids in flat(mark))
        for n in range(size):
            moved = args[0].copy()
            moved[n] += 1e-7
            with np.errstate(all="ignore"):
                other = leaves(interpret(program, (moved, *args[1:])))
            base = leaves(want)
            if [leaf.shape for leaf in other] != [leaf.shape for leaf in base]:
                continue  # another path
            changed = np.concatenate([np.ravel((a != b) & ~(np.isnan(a) & np.isnan(b))) for a, b in zip(other, base)] or [np.zeros(0, bool)])
            assert not np.any(changed & ~depends[:, n]), (seed, n)


@pytest.mark.parametrize("block", range(4))
def test_programs_as_users_write_them(block: int) -> None:
    """The Jacobian of one number is its gradient, and the Hessian holds what its products with unit vectors hold."""
    compared = 0
    for seed in range(10 * block, 10 * block + 10):
        program = from_seed(seed)
        f = load(program.source)
        for args in program.arguments[:1]:
            for place in (n for n, arg in enumerate(args) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f" and arg.ndim):
                with np.errstate(all="ignore"), printed(), contextlib.suppress(cr.UnsupportedError, cr.MissingRuleError):
                    gradient = cr.grad(f, place)(*fresh(args))
                    found = cr.sparse_jacobian(f, place)(*fresh(args))
                    np.testing.assert_allclose(found.toarray()[0], np.ravel(gradient), rtol=1e-7, atol=1e-7 * np.max(np.abs(gradient), initial=1.0), err_msg=f"{seed}\n{program}")
                    compared += 1
                    if args[place].size > 12:
                        continue
                    columns = []
                    try:
                        for n in range(args[place].size):
                            unit = np.zeros(args[place].size)
                            unit[n] = 1.0
                            columns.append(np.ravel(cr.hvp(f, place)(*fresh(args), unit.reshape(args[place].shape))))
                    except NameError:
                        continue
                    hessian = cr.sparse_hessian(f, place)(*fresh(args)).toarray()
                    dense = np.stack(columns, axis=1)
                    np.testing.assert_allclose(hessian, dense, rtol=1e-6, atol=1e-6 * np.max(np.abs(dense), initial=1.0), err_msg=f"{seed}\n{program}")
    assert compared > 0
