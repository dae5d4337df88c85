"""The gradients that the benchmarks compare with: written by hand, they are what the generated ones are, and what differences say."""

from __future__ import annotations

import pytest

import chainrule as cr
from benchmarks import agreement, derivatives
from benchmarks.run import AGREEMENT, DIFFERENCE
from benchmarks.systems import with_chainrule
from benchmarks.trees import leaves
from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.curvature import DERIVATIVES


@pytest.mark.parametrize("workload", [pytest.param(w, id=w.name) for w in WORKLOADS])
def test_gradients_agree(workload):
    args = workload.make_args()
    by_hand = workload.hand_written(*workload.make_args())
    generated = cr.grad(workload.primal, workload.argnums)(*args)
    assert agreement.disagreement(generated, by_hand) <= AGREEMENT
    assert agreement.difference_error(workload, args, by_hand) <= DIFFERENCE


@pytest.mark.parametrize("case", [case for case in DERIVATIVES if case.name not in ("mlp_large", "stencil_100")], ids=lambda case: case.title)
def test_higher_derivatives_are_what_differences_say(case):
    args = case.make_args()
    direction = derivatives.make_direction(args)
    found = with_chainrule.derivative(case, args, direction)()
    expected = derivatives.difference(case, args, direction)
    assert agreement.disagreement(leaves(derivatives.along(case, found, direction)), expected) < DIFFERENCE
