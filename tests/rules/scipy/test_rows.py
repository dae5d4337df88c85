"""Every row of SciPy against finite differences, in both modes, twice, and in single precision. A row without samples fails.

The samples of scipy.linalg are in samples_linalg.py, and so on.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import numpy as np
import pytest

from chainrule.rules.table import LATER, ROWS, read_later

from ..harness import SCIPY, check, check_narrow, narrow
from ..test_forward import check_forward, check_second

SAMPLES: dict[str, list[Any]] = {}
ONCE: set[str] = set()  # rows whose second derivative is not known: an error, not a wrong number
UNSIGNED: set[str] = set()  # rows whose result in single precision may be another one
if importlib.util.find_spec("scipy") is not None:
    for _module in SCIPY:
        _samples = f"{__package__}.samples_{_module}"
        if importlib.util.find_spec(_samples) is not None:
            importlib.import_module(f"scipy.{_module}")
            while any(module in sys.modules for module in LATER):
                read_later()
            SAMPLES |= importlib.import_module(_samples).SAMPLES
            ONCE |= getattr(sys.modules[_samples], "ONCE", set())
            UNSIGNED |= getattr(sys.modules[_samples], "UNSIGNED", set())
pytestmark = pytest.mark.skipif(not SAMPLES, reason="SciPy is not installed")
SAMPLED = {name.partition(".")[0] for name in SAMPLES}
NAMES = sorted(name for name in SAMPLES if name in ROWS)  # what this version of SciPy has


def test_every_row_has_samples() -> None:
    assert sorted(name for name in ROWS if name.partition(".")[0] in SAMPLED and ROWS[name].kind != "zero" and name not in SAMPLES) == []


def each(name: str, *checks: Any) -> None:
    for k, sample in enumerate(SAMPLES[name]):
        with np.errstate(all="ignore"):
            for one in checks:
                try:
                    one(name, sample, k)
                except Exception as error:
                    raise AssertionError(f"{one.__name__} {name}{sample.args}{sample.kwargs}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("name", NAMES)
def test_row(name: str) -> None:
    each(name, check)


@pytest.mark.parametrize("name", NAMES)
def test_row_in_single_precision(name: str) -> None:
    def check_single(name: str, sample: Any, k: int) -> None:
        check_narrow(name, sample)

    def forward_in_single(name: str, sample: Any, k: int) -> None:
        check_forward(name, narrow(sample), k)

    each(name, *([] if name in UNSIGNED else [check_single]), forward_in_single)


@pytest.mark.parametrize("name", NAMES)
def test_forward(name: str) -> None:
    each(name, check_forward)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ONCE])
def test_second_order(name: str) -> None:
    each(name, check_second)
