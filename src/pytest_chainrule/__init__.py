"""A plugin for pytest: `pytest --chainrule-check` compares every gradient that the tests compute with finite differences.

Each specialisation of each function that `grad` or `value_and_grad` made is checked once, in the first test that computes it, whether it was transformed in the test or when a
module was imported; the test fails where it is wrong. Without the option, chainrule is not even imported: this module stands beside the package for that reason.

    @pytest.mark.chainrule_no_check       a test (class, module) in which nothing is checked
    chainrule_check_exclude = NAME ...    in the configuration: node ids, or beginnings or patterns of them, of such tests
    chainrule_check = true                the option, in the configuration
"""

from __future__ import annotations

import fnmatch
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chainrule import GradientCheckError

__all__ = ["pytest_addoption", "pytest_configure"]

MARK = "chainrule_no_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chainrule")
    group.addoption("--chainrule-check", action="store_true", help="compare every gradient of chainrule's that the tests compute with finite differences")
    parser.addini("chainrule_check", "the same as --chainrule-check", type="bool", default=False)
    parser.addini("chainrule_check_exclude", "tests in which gradients are not checked: node ids, beginnings or patterns of them", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: --chainrule-check checks no gradients in this test")
    if config.getoption("chainrule_check") or config.getini("chainrule_check"):
        config.pluginmanager.register(_Checking(config), "chainrule-checking")


class _Checking:
    """Checks are on while this is registered."""

    def __init__(self, config: pytest.Config) -> None:
        from chainrule.testing.every import EveryGradient

        self.excluded: list[str] = [pattern for line in config.getini("chainrule_check_exclude") for pattern in line.split()]
        self.test = ""
        self.wrong: list[tuple[str, str, GradientCheckError]] = []  # (test, function, report)
        self.every = EveryGradient(self._note)
        self.every.start()

    def _note(self, function: str, error: GradientCheckError) -> None:
        test = self.test or "while the tests were collected"
        self.wrong.append((test, function, error))
        if not hasattr(error, "__notes__") and hasattr(error, "add_note"):
            error.add_note(f"--chainrule-check: the gradient of {function}, in {test}")

    def _left_out(self, item: pytest.Item) -> bool:
        return item.get_closest_marker(MARK) is not None or any(
            item.nodeid.startswith(pattern) or fnmatch.fnmatch(item.nodeid, pattern) for pattern in self.excluded)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The checks know which test is running, with its fixtures."""
        self.test = item.nodeid
        try:
            if self._left_out(item):
                with self.every.paused():
                    return (yield)
            return (yield)
        finally:
            self.test = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test that catches the error of a wrong gradient fails all the same."""
        before = len(self.wrong)
        result = yield
        if len(self.wrong) > before:
            raise self.wrong[before][2]
        return result

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.wrong:
            terminalreporter.section("wrong gradients (--chainrule-check)")
            for test, function, error in self.wrong:
                terminalreporter.write_line(f"{test}: {function}")
                for line in str(error).splitlines():
                    terminalreporter.write_line(f"    {line}")

    def pytest_unconfigure(self) -> None:
        self.every.stop()
