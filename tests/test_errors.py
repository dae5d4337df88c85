"""The full text of every error."""

from __future__ import annotations

import pickle

import pytest

from chainrule.errors import (
    ChainRuleError,
    Finding,
    GradientCheckError,
    Location,
    MissingRuleError,
    SourceUnavailableError,
    UnsupportedError,
)

YIELD = Finding(
    Location("model.py", 12, 8, 12, 15, "        yield y", "loss"),
    "`yield` cannot be differentiated",
    "a suspended generator cannot be run backwards",
    "collect the values in a list and return the list",
)


def test_one_finding():
    assert str(UnsupportedError([YIELD])) == (
        "model.py:12 in loss: `yield` cannot be differentiated\n"
        "    yield y\n"
        "    ^^^^^^^\n"
        "  why: a suspended generator cannot be run backwards\n"
        "  help: collect the values in a list and return the list"
    )


def test_several_findings_in_order_each_once():
    earlier = Finding(Location("model.py", 3, 4, 3, 12, "    global n"), "a global is rebound")
    error = UnsupportedError(iter([YIELD, earlier, YIELD]))
    assert error.findings == (earlier, YIELD)
    assert str(error) == f"2 findings\n\nmodel.py:3: a global is rebound\n    global n\n    ^^^^^^^^\n\n{YIELD}"


@pytest.mark.parametrize(
    ("location", "excerpt"),
    [
        (Location("f", 1, 4, 1, 5, "x = y"), "x = y\n    ^"),
        (Location("f", 1, 0, 2, 3, "x = g(\n    1)"), "x = g(\n^^^^^^"),  # goes on: to the end of the line
        (Location("f", 1, 8, 1, 9, "é = 'ü' + z"), "é = 'ü' + z\n      ^"),  # columns are bytes
        (Location("f", 1, 1, 1, 2, "\tx = y"), "x = y\n^"),
        (Location("f", 1, 3, 1, 4, "if\tx: pass"), "if\tx: pass\n  \t^"),
        (Location("f", 1, 3, 1, 3, "x = y"), "x = y\n   ^"),  # empty span
        (Location("f", 1, 90, 1, 99, "x = y"), "x = y\n    ^"),  # past the end
        (Location("f", 1, 0, 1, 1, ""), ""),
        (Location("f", 1, 0, 1, 1, "   "), ""),
    ],
)
def test_excerpts(location, excerpt):
    assert location.excerpt() == excerpt


def test_missing_rule():
    where = Location("model.py", 4, 8, 4, 14, "    y = foo(x)", "loss")
    assert str(MissingRuleError("scipy.special.foo", where)) == (
        "model.py:4 in loss: no derivative rule for scipy.special.foo, and no Python source to differentiate\n"
        "    y = foo(x)\n"
        "        ^^^^^^\n"
        "  help: state it, in terms of y_bar, the derivative with respect to its result:\n"
        "    chainrule.defvjp(scipy.special.foo, \"foo(x) -> y\", x=\"y_bar * ...\")"
    )


def test_source_unavailable():
    assert str(SourceUnavailableError("loss", "it was defined by exec")) == (
        "cannot read the source of loss\n  why: it was defined by exec\n  help: define it in a file or a notebook cell"
    )


@pytest.mark.parametrize(
    "error",
    [
        UnsupportedError([YIELD]),
        MissingRuleError("f", YIELD.location),
        SourceUnavailableError("f", "why"),
        GradientCheckError("report"),
    ],
)
def test_each_is_a_chain_rule_error_and_pickles(error):
    assert isinstance(error, ChainRuleError)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
