"""Random programs, drawn by Hypothesis: the value is unchanged, the gradient right, the text deterministic."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.programs.generate import Drawn, Program, from_seed, generate
from tests.programs.oracle import judge


@st.composite
def programs(draw: st.DrawFn) -> Program:
    return generate(Drawn(lambda low, high: draw(st.integers(low, high))))


@settings(
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(programs())
def test_random_programs(program: Program) -> None:
    verdict = judge(program)
    assert not verdict.failed, f"{verdict.kind}: {verdict.reason}\n{verdict.detail}"


@pytest.mark.parametrize("block", range(10))
def test_programs_of_seeds(block: int) -> None:
    """Longer programs than Hypothesis prefers; and few of them may be refused or undecided, or nothing is tested."""
    kinds: Counter[str] = Counter()
    for seed in range(30 * block, 30 * block + 30):
        verdict = judge(from_seed(seed))
        assert not verdict.failed, f"seed {seed}: {verdict.kind}: {verdict.reason}\n{verdict.detail}\n{from_seed(seed)}"
        kinds[verdict.kind] += 1
    assert kinds["kink"] <= 3
    assert kinds["ok"] >= 10, f"too many refusals: {dict(kinds)}"
