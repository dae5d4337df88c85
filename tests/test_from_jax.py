"""docs/how-to/from-jax.md says what is true: what it shows before and after prints the same numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = sorted((ROOT / "docs" / "how-to" / "jax").glob("*_after.py"))


def numbers(path):
    environment = {**os.environ, "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, str(path)], env=environment, text=True, capture_output=True, timeout=300)
    assert not done.returncode, done.stderr
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", done.stdout)]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem.removesuffix("_after"))
def test_a_program_gives_the_same_after_it_is_rewritten(path):
    page = (ROOT / "docs" / "how-to" / "from-jax.md").read_text(encoding="utf-8")
    before = path.with_name(path.name.replace("_after", "_before"))
    assert f"jax/{path.name}" in page and f"jax/{before.name}" in page
    ours = numbers(path)
    assert ours
    pytest.importorskip("jax")
    np.testing.assert_allclose(ours, numbers(before), rtol=1e-6)


def test_three_programs():
    assert len(PROGRAMS) == 3
