"""The plugin for pytest, in runs of their own: what is wrong is found, named and fails; what is left out is left out; off, it does not even import chainrule."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
SRC = str(Path(__file__).resolve().parent.parent / "src")

MODEL = """
import numpy as np
import chainrule as cr

@cr.custom_vjp
def square(x):
    return np.sum(x ** 2)

square.defvjp(lambda x: (square(x), x), lambda x, g: (g * x,))  # without the factor 2

@cr.grad
def wrong(x):
    return square(x) + x[0]

@cr.value_and_grad
def right(x):
    return np.sum(x ** 2) + x[0]

right(np.ones(2))  # in use before any test runs
"""
TESTS = """
import numpy as np
import pytest
import chainrule as cr
from model import right, wrong, square

def test_right():
    right(np.ones(2)), right(np.ones((2, 3))[0])

def test_wrong():
    wrong(np.ones(3))

def test_wrong_again():
    wrong(np.ones(3))

def test_caught():
    try:
        wrong(np.ones(3))
    except Exception:
        pass

@pytest.mark.chainrule_no_check
def test_marked():
    assert wrong(np.ones(3)).tolist() == [2, 1, 1]

def test_made_here():
    def local(x):
        return square(x) * 2
    cr.grad(local)(np.ones(2))

def test_nested():
    assert cr.grad(cr.grad(lambda x: x ** 3))(3.0) == 18.0

class TestOthers:
    def test_wrong_in_a_class(self):
        wrong(np.ones(3))
"""


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", SRC)
    monkeypatch.delenv("CHAINRULE_DEBUG", raising=False)
    pytester.makepyfile(model=MODEL, test_model=TESTS)

    def run(*options: str):
        return pytester.runpytest_subprocess("-p", "pytest_chainrule", "-p", "no:cacheprovider", *options)

    return run


def test_every_gradient_is_checked(run):
    result = run("--chainrule-check", "-q")
    result.assert_outcomes(passed=3, failed=5)
    result.stdout.fnmatch_lines([
        "*GradientCheckError: derivative of wrong: differs from finite differences",
        "*x[[]0[]]: got 2, finite difference 3, relative error 0.33",
        "* wrong gradients (--chainrule-check) *",
        "test_model.py::test_wrong: wrong (*model.py, line *)",
        "    derivative of wrong: differs from finite differences",
        "    *x[[]2[]]: got 1, finite difference 2, relative error 0.5",
        "test_model.py::test_wrong_again: wrong (*",
        "test_model.py::test_caught: wrong (*",
        "test_model.py::test_made_here: test_made_here.local (*test_model.py, line *)",
        "test_model.py::TestOthers::test_wrong_in_a_class: wrong (*",
    ])
    result.stdout.no_fnmatch_line("test_model.py::test_right: *")


def test_without_the_option_nothing_is_checked(run):
    run("-q").assert_outcomes(passed=8)


def test_tests_are_left_out_by_the_configuration(run, pytester):
    pytester.makeini("[pytest]\nchainrule_check = true\nchainrule_check_exclude =\n    test_model.py::TestOthers\n    *::test_wrong*\n    *_here\n")
    result = run("-q")
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["test_model.py::test_caught: wrong (*"])


def test_what_ran_unchecked_is_checked_in_the_next_test(run, pytester):
    pytester.makepyfile(test_order="""
import numpy as np, pytest
from model import wrong

@pytest.mark.chainrule_no_check
def test_first():
    for _ in range(3):
        wrong(np.ones(3))

def test_second():
    wrong(np.ones(3))
""")
    run("--chainrule-check", "-q", "test_order.py").assert_outcomes(passed=1, failed=1)


def test_a_wrong_gradient_while_tests_are_collected(run, pytester):
    pytester.makepyfile(test_early="import numpy as np\nfrom model import wrong\nwrong(np.ones(3))\n\ndef test_nothing():\n    pass\n")
    result = run("--chainrule-check", "test_early.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["while the tests were collected: wrong (*"])


def test_it_costs_nothing_when_it_is_off(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", SRC)
    pytester.makepyfile("import sys\n\ndef test_it():\n    assert 'pytest_chainrule' in sys.modules\n    assert not [m for m in sys.modules if m.split('.')[0] in ('chainrule', 'numpy')]\n")
    result = pytester.runpytest_subprocess("-p", "pytest_chainrule", "--strict-markers", "-W", "error")
    result.assert_outcomes(passed=1)
    result = pytester.runpytest_subprocess("-p", "pytest_chainrule", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.chainrule_no_check: *"])
