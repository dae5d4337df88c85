"""Every public name has a docstring with an example, which the tests run with all others, and stands in the reference (docs/reference)."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parent.parent / "docs" / "reference").glob("*.md"))
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
DIRECTIVE = re.compile(r"^\.\. auto(module|function|class|exception|data):: (chainrule[\w.]*)", re.MULTILINE)
MODULES = ("chainrule", "chainrule.errors", "chainrule.nn", "chainrule.optim", "chainrule.testing", "chainrule.compat.autograd")


def documented() -> set[str]:
    names = set()
    for kind, name in DIRECTIVE.findall(TEXT):
        if kind == "module":
            names |= {f"{name}.{one}" for one in importlib.import_module(name).__all__}
        else:
            names.add(name)
    return names


PUBLIC = [(module, name) for module in MODULES for name in importlib.import_module(module).__all__ if f"{module}.{name}" not in MODULES]


def test_there_are_names():
    assert len(PUBLIC) > 60 and len(documented()) > 60


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_a_public_name_has_an_example_and_stands_in_the_reference(module, name):
    value = getattr(importlib.import_module(module), name)
    text = value.__doc__ or ""
    assert len(text.split("\n", 1)[0]) > 15, "no sentence that says what it is"
    assert doctest.DocTestParser().get_examples(text), "no example"
    found = documented()
    own = f"{value.__module__}.{value.__name__}" if callable(value) and hasattr(value, "__name__") else ""
    assert f"{module}.{name}" in found or f"chainrule.{name}" in found and getattr(importlib.import_module("chainrule"), name, None) is value or own in found, \
        f"docs/reference has no entry for {module}.{name}"


def test_the_reference_names_nothing_that_is_not_there():
    for kind, name in DIRECTIVE.findall(TEXT):
        module, _, attribute = (name, "", "") if kind == "module" else name.rpartition(".")
        assert not attribute or hasattr(importlib.import_module(module), attribute), name
