"""Every name of NumPy is in exactly one class; docs/coverage.md is made from this walk.

    python tests/test_coverage.py        # rewrites docs/coverage.md; read the difference
"""

from __future__ import annotations

import collections
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from chainrule.coverage import DIFFERENTIABLE, IRRELEVANT, REFUSED, UFUNC_METHODS, ZERO, classes, names, scipy_names
from chainrule.rules import coverage, methods, registry, table
from chainrule.rules.table import ROWS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
WALK = {name: classes(name, value) for name, value in names().items()}


def test_every_name_is_in_exactly_one_class() -> None:
    """A name that NumPy gains has to be given a row, a meaning, a reason why it needs none, or a refusal."""
    assert {name: found for name, found in WALK.items() if len(found) != 1} == {}


def test_what_is_irrelevant_is_there_for_a_reason() -> None:
    """No name that has a row is declared irrelevant."""
    for name in coverage.REASONS:
        value = names().get(name)
        if value is not None and not name.startswith("ndarray.") and callable(value):
            op = registry.lookup(value)
            assert op is None or ROWS[op].kind == "zero", name


# Differentiable names without an expression or a sample of their own, and where they are tested: they write, draw, or are methods of others.
ELSEWHERE = {
    "tests/by_hand/test_writes.py": {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask", "ndarray.fill", "ndarray.put", "ndarray.sort",
                                     "add.at", "subtract.at", "multiply.at", "divide.at", "true_divide.at", "maximum.at", "minimum.at"},
    "tests/by_hand/test_views.py": {"ndarray.flat"}, "tests/by_hand/test_lists.py": {"ndarray.tolist"}, "tests/by_hand/test_array_functions.py": {"vectorize"},
    "tests/rules/expressions.py": {"ndarray.choose", "ndarray.compress", "ndarray.partition"},
}


def test_every_differentiable_function_is_tested() -> None:
    from tests.rules.expressions import EXPRESSIONS
    from tests.rules.samples import SAMPLES

    there = names()
    tried = []
    for expression in EXPRESSIONS:
        value = there.get(expression.removeprefix("np."))
        tried += [value] if callable(value) else []
    untested = []
    for name, found in WALK.items():
        if found[0][0] != DIFFERENTIABLE or name.startswith("random.") or any(name in tested for tested in ELSEWHERE.values()):
            continue
        last = name.removeprefix("ndarray.")
        op = methods.METHODS.get(last, methods.ATTRIBUTES.get(last)) if name != last else registry.lookup(there[name])
        if op not in SAMPLES and f"np.{name}" not in EXPRESSIONS and not any(there[name] == value for value in tried):
            untested.append(name)
    assert untested == []


# -- the page ---------------------------------------------------------------------------------------------------------------

TITLES = {"": "Functions of `np`", "linalg": "`np.linalg`", "fft": "`np.fft`", "random": "`np.random`", "random.Generator": "Methods of `np.random.Generator`",
          "emath": "`np.emath`", "ndarray": "Methods and attributes of arrays", "ufunc": "Methods of ufuncs"}
INTRODUCTION = """# What of NumPy can be differentiated

Every public name of NumPy is in exactly one class. This page is made by a walk over NumPy's namespaces (`python tests/test_coverage.py`), and a test
fails when NumPy has a name that is in none.

- **Differentiable**: a rule, or the function is executed as the Python that it means, or it writes into an array that it is given.
- **Derivative zero**: what it gives does not change with its arguments, or jumps: integers, truth values, shapes, samples whose parameters may not
  depend on what is differentiated.
- **Irrelevant**: it computes no numbers from numbers, with the reason.
- **Refused**: an error that says why, and what to write instead.

An argument that a rule does not know is refused by name, never ignored.
"""


def _section(name: str) -> str:
    prefix, _, last = name.rpartition(".")
    if last in UFUNC_METHODS and prefix and "." not in prefix and prefix != "ndarray":
        return "ufunc"
    return prefix


def page() -> str:
    counts = collections.Counter(found[0][0] for found in WALK.values())
    functions, zero = (sum(1 for name, found in WALK.items() if found[0][0] == kind and _section(name) in ("", "linalg", "fft", "emath")) for kind in (DIFFERENTIABLE, ZERO))
    lines = [INTRODUCTION, f"Counted with NumPy {'.'.join(np.__version__.split('.')[:2])}: {functions + zero} functions and ufuncs of `np`, `np.linalg`, `np.fft` and "
             f"`np.emath` have a rule: {functions} are differentiable, {zero} have derivative zero. All names:\n", "| | differentiable | derivative zero | irrelevant | refused |", "| --- | --- | --- | --- | --- |"]
    for section, title in TITLES.items():
        own = collections.Counter(found[0][0] for name, found in WALK.items() if _section(name) == section)
        lines.append(f"| {title} | {own[DIFFERENTIABLE]} | {own[ZERO]} | {own[IRRELEVANT]} | {own[REFUSED]} |")
    lines.append(f"| **together** | **{counts[DIFFERENTIABLE]}** | **{counts[ZERO]}** | **{counts[IRRELEVANT]}** | **{counts[REFUSED]}** |")
    for section, title in TITLES.items():
        lines += ["", f"## {title}"]
        own_names = {name: found[0] for name, found in sorted(WALK.items()) if _section(name) == section}
        for kind in (DIFFERENTIABLE, ZERO):
            chosen = [name for name, (of, _) in own_names.items() if of == kind]
            if chosen:
                lines += ["", f"**{kind.capitalize()}** ({len(chosen)}): {_listed(section, chosen)}."]
        for kind in (IRRELEVANT, REFUSED):
            reasons: dict[str, list[str]] = {}
            for name, (of, why) in own_names.items():
                if of == kind:
                    reasons.setdefault(why, []).append(name)
            if reasons:
                lines += ["", f"**{kind.capitalize()}** ({sum(map(len, reasons.values()))}):", ""]
                lines += [f"- {why}: {_listed(section, chosen)}" for why, chosen in sorted(reasons.items())]
    if importlib.util.find_spec("scipy") is not None:
        lines += scipy_page()
    return "\n".join(lines) + "\n"


# -- SciPy: by module, from the rows ------------------------------------------------------------------------------------------

SCIPY = """
# What of SciPy can be differentiated

The functions of SciPy that have a rule, or are executed as the Python that they mean, by module. Rules are read when a program has imported the module.
A function that is not named here is executed as the Python that it is written in, if it is, and refused where that goes into compiled code.
"""


def scipy_page() -> list[str]:
    import scipy

    names = scipy_names()
    counts = {module: {kind: len(own[kind]) for kind in own} for module, own in names.items()}
    together = {kind: sum(count[kind] for count in counts.values()) for kind in (DIFFERENTIABLE, ZERO, REFUSED)}
    outside = together[DIFFERENTIABLE] - counts["special"][DIFFERENTIABLE]
    lines = [SCIPY, f"Counted with SciPy {'.'.join(scipy.__version__.split('.')[:2])}: {together[DIFFERENTIABLE]} functions are differentiable, {outside} of them outside `scipy.special`.\n",
             "| | differentiable | derivative zero | refused |", "| --- | --- | --- | --- |"]
    lines += [f"| `scipy.{module}` | {count[DIFFERENTIABLE]} | {count[ZERO]} | {count[REFUSED]} |" for module, count in counts.items()]
    lines.append(f"| **together** | **{together[DIFFERENTIABLE]}** | **{together[ZERO]}** | **{together[REFUSED]}** |")
    for module, own in names.items():
        lines += ["", f"## `scipy.{module}`"]
        for kind in (DIFFERENTIABLE, ZERO, REFUSED):
            if own[kind]:
                lines += ["", f"**{kind.capitalize()}** ({len(own[kind])}): {', '.join(f'`{name}`' for name in own[kind])}."]
        methods_of = {cls.__name__: stand_in for cls, stand_in in table.STAND_INS.items() if cls.__module__.startswith(f"scipy.{module}.")}
        if methods_of:
            found = sorted({name for stand_in in methods_of.values() for name in dir(stand_in) if not name.startswith("_") and name not in vars(stand_in.__mro__[-2])})
            lines += ["", f"**Methods and attributes** of {', '.join(f'`{name}`' for name in sorted(methods_of))} that are known ({len(found)}): {', '.join(f'`{name}`' for name in found)}."]
    return lines


@pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="SciPy is not installed")
def test_there_are_many_functions_of_scipy() -> None:
    names = scipy_names()
    assert sum(len(own[DIFFERENTIABLE]) for module, own in names.items() if module != "special") >= 60
    assert {module: set(own[DIFFERENTIABLE]) & set(own[REFUSED]) for module, own in names.items()} == {module: set() for module in names}


def _listed(section: str, chosen: list[str]) -> str:
    if section != "ufunc":
        return ", ".join(f"`{name.rpartition('.')[2]}`" for name in chosen)
    by_method: dict[str, list[str]] = {}
    for name in chosen:
        ufunc, _, method = name.rpartition(".")
        by_method.setdefault(method, []).append(ufunc)
    return "; ".join(f"`{method}` of {', '.join(found)}" for method, found in sorted(by_method.items()))


def _made_here() -> bool:
    """Whether the page is made with these versions of NumPy and SciPy."""
    if not PAGE.exists() or importlib.util.find_spec("scipy") is None:
        return False
    import scipy

    text = PAGE.read_text(encoding="utf-8")
    return all(f"{title} {'.'.join(module.__version__.split('.')[:2])}:" in text for title, module in (("NumPy", np), ("SciPy", scipy)))


@pytest.mark.skipif(not _made_here(), reason="the page is made with other versions of NumPy and SciPy")
def test_the_page_says_what_is_so() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "python tests/test_coverage.py rewrites it"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
