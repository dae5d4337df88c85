"""What all tests share: every pass is verified, and golden files are compared or, with `--update-golden`, rewritten."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("CHAINRULE_DEBUG", "1")  # read when the compiler is loaded

GOLDEN = Path(__file__).parent / "golden"
collect_ignore = ["typing/client.py"]  # it is read by mypy, not run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files with what is generated now")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is that of tests/golden/NAME."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{name} is not there yet; --update-golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return compare
