"""The contributions of a row are made of rows: the derivative of the derivative, against differences of the derivative."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chainrule.ir.build import Builder
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Block, Lit, Program, Seq, Var, Yield
from chainrule.ir.probe import type_of
from chainrule.ir.types import Array, Scalar, differentiable
from chainrule.rules.table import ROWS, RowError
from chainrule.transform.reverse import reverse

from .harness import Single, leaves, random_like
from .samples import SAMPLES

# Contributions with helpers whose own derivative is not known: differentiating them again is an error, not a wrong number.
ONCE = {
    "np.cumprod", "np.linalg.det", "np.linalg.cholesky", "np.linalg.eigh", "np.linalg.eigvalsh", "np.linalg.norm", "np.unique",
    "np.sinc", "math.gamma", "math.lgamma", "rt.prod_others", "np.prod", "np.interp", "np.kron", "max", "min", "mul_at",
}


def total(program: Program, weights: Any) -> Program:
    """The program that sums the results of another one, weighted."""
    b = Builder()
    b.scopes[-1].stmts.extend(program.body.stmts)
    assert isinstance(program.body.end, Yield)
    result = program.body.end.values[0]
    items = result.items if isinstance(result, Seq) else (result,)
    out: Any = None
    for item, w in zip(items, weights):
        if differentiable(type_of(item)) and isinstance(type_of(item), (Scalar, Array)):
            term = b.emit("np.sum", b.emit("np.real", b.emit("*", item, Lit(w))))
            out = term if out is None else b.emit("+", out, term)
    return replace(program, body=Block(program.body.params, tuple(b.stmts), Yield((out if out is not None else Lit(0.0),))))


NAMES = [n for n in sorted(ROWS) if n in SAMPLES and SAMPLES[n] and n not in ONCE and not n.startswith("rt.") and ROWS[n].kind != "zero"]


@pytest.mark.parametrize("name", NAMES)
def test_second_derivative(name: str) -> None:
    tried = 0
    for sample in SAMPLES[name][:24]:
        single = Single(name, sample)
        if not isinstance(type_of(single.out), (Scalar, Array)) or not differentiable(type_of(single.out)) or not single.wrt:
            continue
        if any(isinstance(v, list) for v in single.values) or any(leaf.dtype.kind == "c" for leaf in leaves(single.values)):
            continue
        tried += 1
        rng = np.random.default_rng(5)
        primal = total(single.program, (0.7,))
        first = reverse(primal, single.wrt, keep_value=False)
        weights = tuple(float(w) for w in rng.normal(size=len(single.wrt)))
        scalar = total(first, weights)
        second = reverse(scalar, single.wrt, keep_value=False)
        with np.errstate(all="ignore"):
            found = interpret(second, tuple(single.values))
            if np.asarray(interpret(scalar, tuple(single.values))).dtype == np.float16:
                continue
            for p, g in zip(single.wrt, found):
                k = single.params.index(p)
                direction = random_like(single.values[k], rng)
                h = 1e-5

                def at(step: float, k: int = k, direction: Any = direction) -> float:
                    values = list(single.values)
                    moved = values[k] + step * direction
                    values[k] = moved if isinstance(values[k], np.ndarray) else type(values[k])(moved)
                    return float(interpret(scalar, tuple(values)))

                expected = (at(h) - at(-h)) / (2 * h)
                actual = float(np.sum(np.asarray(g) * direction))
                low = str(type_of(single.out)).startswith(("float16", "float32"))
                np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-1 if low else 1e-6, err_msg=f"{name}{sample.args}{sample.kwargs}")
    assert tried or name in SAMPLES


def test_a_helper_without_derivative_is_an_error() -> None:
    single = Single("np.cumprod", SAMPLES["np.cumprod"][0])
    first = reverse(total(single.program, (1.0,)), single.wrt, keep_value=False)
    with pytest.raises(RowError, match="not known"):
        reverse(total(first, (1.0,)), single.wrt, keep_value=False)


__all__ = ["Var"]
