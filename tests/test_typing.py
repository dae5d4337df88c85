"""The public interface is typed: a client program passes `mypy --strict`, and mistakes in it are found."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "tests" / "typing" / "client.py"


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None or importlib.util.find_spec("typing_extensions") is None, reason="mypy is not installed")
def test_a_typed_client(tmp_path):
    """The package is found by way of its marker, py.typed, as an installed one is."""
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(tmp_path), "--follow-imports", "silent", "--no-error-summary", str(CLIENT)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {(int(line), code) for line, code in re.findall(r"client\.py:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)}
    expected = {(number, code) for number, line in enumerate(CLIENT.read_text(encoding="utf-8").splitlines(), 1) for code in re.findall(r"# error: ([\w-]+)$", line)}
    assert found == expected, done.stdout
    assert expected and "error:" in done.stdout
