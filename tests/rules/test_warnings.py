"""A derivative raises nothing and warns of nothing that the function itself does not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from .harness import Case, Const, Single, case, needs
from .test_points import MASKED, program

from chainrule.ir.interpret import interpret  # isort: skip
from chainrule.transform.reverse import reverse  # isort: skip

QUIET: list[tuple[str, Case]] = [
    ("np.sqrt", case(np.array([0.0, 1.0]))), ("np.sqrt", case(0.0)), ("np.sqrt", case(np.float64(0.0))), ("math.sqrt", case(0.0)),
    ("**", case(np.array([0.0]), Const(0.5))), ("**", case(np.array([0.0]), Const(0.3))), ("**", case(0.0, Const(0.5))),
    ("**", case(np.float64(0.0), 2.0)), ("**", case(np.array([0.0]), np.array([0.0]))), ("**", case(0.0, 0.5)),
    ("np.arcsin", case(np.array([1.0]))), ("np.arccos", case(-1.0)), ("math.asin", case(1.0)), ("math.acos", case(1.0)), ("math.acosh", case(1.0)),
    ("np.arccosh", case(1.0)), ("np.cbrt", case(0.0)), ("math.cbrt", case(0.0)), ("np.hypot", case(0.0, 0.0)), ("math.hypot", case(0.0, 0.0)),
    ("np.arctan2", case(0.0, 0.0)), ("np.linalg.norm", case(np.zeros(2))), ("np.std", case(np.ones(2))), ("np.prod", case(np.zeros(2))),
]


@pytest.mark.parametrize(("op", "sample"), QUIET, ids=[f"{q[0]}-{n}" for n, q in enumerate(QUIET)])
def test_poles_are_quiet(op: str, sample: Case) -> None:
    needs(op)
    single = Single(op, sample)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = single.run(single.values)
        single.pullback(np.ones_like(value) if isinstance(value, np.ndarray) else type(value)(1.0))


@pytest.mark.parametrize("masked", MASKED, ids=[m[0] for m in MASKED])
def test_masks_hide_poles(masked: tuple) -> None:  # type: ignore[type-arg]
    _, x, f, _ = masked
    primal, params = program((x,), f)
    derivative = reverse(primal, params, keep_value=False, seed="pullback")
    with np.errstate(all="ignore"):
        _, pull = interpret(derivative, (x,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pull(1.0)
