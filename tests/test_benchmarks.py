"""The gradients that the benchmarks compare with: written by hand, they are what the generated ones are, and what differences say."""

from __future__ import annotations

import pytest

import chainrule as cr
from benchmarks import agreement
from benchmarks.run import AGREEMENT, DIFFERENCE
from benchmarks.workloads import WORKLOADS


@pytest.mark.parametrize("workload", [pytest.param(w, id=w.name) for w in WORKLOADS])
def test_gradients_agree(workload):
    args = workload.make_args()
    by_hand = workload.hand_written(*workload.make_args())
    generated = cr.grad(workload.primal, workload.argnums)(*args)
    assert agreement.disagreement(generated, by_hand) <= AGREEMENT
    assert agreement.difference_error(workload, args, by_hand) <= DIFFERENCE
