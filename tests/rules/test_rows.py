"""Every row of the table against finite differences. A row without samples fails."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.rules.table import ROWS

from .harness import check, check_narrow
from .samples import SAMPLES

INTERNAL = {"push", "pop", "empty_list"}
NAMES = sorted(ROWS)


def test_every_row_has_samples() -> None:
    assert sorted(set(ROWS) - set(SAMPLES) - INTERNAL) == []


@pytest.mark.parametrize("name", [n for n in NAMES if n in SAMPLES])
def test_row(name: str) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        with np.errstate(all="ignore"):
            try:
                check(name, sample, seed=k)
            except AssertionError as error:
                raise AssertionError(f"{name}{sample.args}{sample.kwargs}: {error}") from error


@pytest.mark.parametrize("name", [n for n in NAMES if n in SAMPLES])
def test_row_in_single_precision(name: str) -> None:
    for sample in SAMPLES[name]:
        with np.errstate(all="ignore"):
            check_narrow(name, sample)
