"""A batched program computes in each direction what the program computes: its rows one by one, and whole derivative programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Operand, Program, Var
from chainrule.ir.types import INT, differentiable, is_number
from chainrule.ir.verify import verify
from chainrule.transform.batch import CannotBatch, batch
from tests.rules.harness import Single, needs
from tests.rules.samples import SAMPLES

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
    return np.stack([array * 1.0, *(array * rng.uniform(0.9, 1.1, array.shape).astype(array.dtype) for _ in range(n - 1))]).astype(array.dtype)


def numbers(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [number for item in value for number in numbers(item)]
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    return [np.asarray(value)] if isinstance(value, (int, float, complex, np.generic, np.ndarray)) else []


def compare(program: Program, args: list[Any], which: list[int], n: int = 3, rtol: float = 1e-9) -> Program:
    """Assert that a batched program gives the stack of what the program gives."""
    rng = np.random.default_rng(3)
    made = batched(program, [program.body.params[k] for k in which])
    stacks = {k: several(args[k], n, rng) for k in which}
    found = interpret(made, (*(stacks.get(k, arg) for k, arg in enumerate(args)), n))
    each = []
    for direction in range(n):
        one = [stacks[k][direction] if k in which else arg for k, arg in enumerate(args)]
        each.append(interpret(program, tuple(type(args[k])(v) if isinstance(args[k], (float, complex)) else v for k, v in enumerate(one))))
    results = [numbers(one) for one in each]
    for k, got in enumerate(numbers(found)):
        right = np.stack([r[k] for r in results])
        assert got.shape == right.shape, (got.shape, right.shape)
        assert got.dtype == right.dtype or right.dtype.kind in "biu", (got.dtype, right.dtype)
        assert np.allclose(got, right, rtol=rtol, atol=rtol, equal_nan=True), (got, right)
    return made


def subsets(single: Single) -> list[list[int]]:
    k = [n for n, p in enumerate(single.params) if is_number(p.type) and differentiable(p.type)]
    return [[n] for n in k] + ([k] if len(k) > 1 else [])


ROWS = [pytest.param(op, sample, id=f"{op}-{n}") for op, samples in SAMPLES.items() for n, sample in enumerate(samples)]


@pytest.mark.parametrize("op", list(SAMPLES))
def test_rows(op):
    needs(op)
    for sample in SAMPLES[op]:
        single = Single(op, sample)
        for which in subsets(single):
            try:
                compare(single.program, single.values, which)
            except CannotBatch as e:
                print("cannot", op, sample, which, e)
