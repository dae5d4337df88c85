"""docs/how-to/from-autograd.md says what is true: programs in autograd's idiom run after their import lines are changed by its table, and print the same numbers."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import types
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.compat import autograd as compat

HOW_TO = Path(__file__).resolve().parent.parent / "docs" / "how-to"
PAGE = (HOW_TO / "from-autograd.md").read_text(encoding="utf-8")
PROGRAMS = sorted((HOW_TO / "autograd").glob("*.py"))
BECOMES = dict(re.findall(r"^\| `(autograd[\w.]*)`(?:, with what is below it)? \| `([\w.]+)` \|$", PAGE, re.MULTILINE))
DEEP = tuple(re.findall(r"^\| `(autograd[\w.]*)`, with what is below it", PAGE, re.MULTILINE))
IMPORT = re.compile(r"^(import|from) (autograd[\w.]*)", re.MULTILINE)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")


def changed(module: str) -> str:
    for deep in DEEP:
        if module == deep or module.startswith(f"{deep}."):
            return BECOMES[deep] + module[len(deep):]
    return BECOMES[module]


def migrated(text: str) -> str:
    return IMPORT.sub(lambda match: f"{match[1]} {changed(match[2])}", text)


def printed(text: str, name: str) -> str:
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, name, "exec"), vars(types.ModuleType("program")))
    return out.getvalue()


def test_the_page_shows_five_programs():
    assert len(PROGRAMS) == 5
    for path in PROGRAMS:
        assert f"autograd/{path.name}" in PAGE


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_runs_after_its_import_lines_are_changed(path):
    text = path.read_text(encoding="utf-8")
    new = migrated(text)
    assert all(after.startswith(("import ", "from ")) for before, after in zip(text.splitlines(), new.splitlines(), strict=True) if before != after)
    assert "autograd" not in new.replace("chainrule.compat.autograd", "")
    ours = printed(new, f"<{path.name} with chainrule>")
    assert len(NUMBER.findall(ours)) >= 5
    pytest.importorskip("autograd")
    theirs = printed(text, f"<{path.name} with autograd>")
    assert NUMBER.sub("#", ours).split() == NUMBER.sub("#", theirs).split()
    np.testing.assert_allclose([float(n) for n in NUMBER.findall(ours)], [float(n) for n in NUMBER.findall(theirs)], rtol=1e-6)


# -- every name against autograd's, on one function --------------------------------------------------------------------


def fun(x, y):
    return np.sum(np.sin(x * y) + x**3)


X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.25, -0.75])
CALLS = {
    "grad": lambda m, f: m.grad(f, argnum=1)(X, Y),
    "value_and_grad": lambda m, f: m.value_and_grad(f)(X, Y),
    "two arguments": lambda m, f: m.grad(f, (0, 1))(X, Y),
    "grad_named": lambda m, f: m.grad_named(f, "y")(X, Y),
    "jacobian": lambda m, f: m.jacobian(m.grad(f, 1))(X, Y),
    "hessian": lambda m, f: m.hessian(f)(X, Y),
    "hessian_vector_product": lambda m, f: m.hessian_vector_product(f, 1)(X, Y, X),
    "vector_jacobian_product": lambda m, f: m.vector_jacobian_product(m.grad(f), 1)(X, Y, X),
    "make_hvp": lambda m, f: (m.make_hvp(f, 1)(X, Y)[0](X), m.make_hvp(f, 1)(X, Y)[1]),
    "make_vjp": lambda m, f: (m.make_vjp(f, 1)(X, Y)[0](2.0), m.make_vjp(f, 1)(X, Y)[1]),
    "make_jvp": lambda m, f: m.make_jvp(f, 1)(X, Y)(X),
    "deriv": lambda m, f: m.deriv(f, 1)(X, Y),
    "checkpoint": lambda m, f: m.grad(m.checkpoint(f))(X, Y),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_name_means_what_it_means_there(name):
    theirs = pytest.importorskip("autograd")
    import autograd.numpy as anp

    def same(x, y):
        return anp.sum(anp.sin(x * y) + x**3)

    for ours, there in zip(np.atleast_1d(*_flat(CALLS[name](compat, fun))), np.atleast_1d(*_flat(CALLS[name](theirs, same))), strict=True):
        np.testing.assert_allclose(ours, there, rtol=1e-12)


def _flat(value):
    return [np.concatenate([np.ravel(part) for part in value]) if isinstance(value, tuple) else np.ravel(value)]


def test_a_transform_of_the_module_inside_a_differentiated_function():
    def outer(x):
        return np.sum(compat.grad(fun)(x, x) ** 2)

    def plain(x):
        return np.sum((np.cos(x * x) * x + 3 * x**2) ** 2)

    np.testing.assert_allclose(compat.grad(outer)(X), cr.grad(plain)(X), rtol=1e-12)


def test_flatten_orders_keys_and_is_differentiated():
    tree = {"b": (1.0, np.array([[2.0, 3.0]])), "a": [np.array(4.0)]}
    vector, unflatten = compat.flatten(tree)
    np.testing.assert_array_equal(vector, [4.0, 1.0, 2.0, 3.0])
    again = unflatten(vector)
    assert isinstance(again["b"], tuple) and isinstance(again["a"], list) and again["b"][1].shape == (1, 2)
    np.testing.assert_allclose(compat.grad(lambda v: unflatten(v)["b"][0] * np.sum(unflatten(v)["b"][1] ** 2))(vector), [0, 13, 4, 6])
    gradient = compat.grad(lambda t: np.sum(compat.flatten(t)[0] ** 3))(tree)
    np.testing.assert_allclose(gradient["b"][1], [[12.0, 27.0]])
    assert compat.flatten([])[0].shape == (0,)


def test_rules_by_place_and_of_higher_order():
    @compat.primitive
    def scaled(k, x):
        return k * x**3

    compat.defvjp(scaled, lambda ans, k, x: lambda g: g * 3 * k * x**2, argnums=[1])
    assert compat.grad(scaled, 1)(2.0, 3.0) == 54.0
    assert compat.grad(compat.grad(scaled, 1), 1)(2.0, 3.0) == 36.0
    with pytest.raises(cr.UnsupportedError, match="scaled"):  # not known, so not zero
        compat.grad(scaled, 0)(2.0, 3.0)
    with pytest.raises(TypeError, match="made by `primitive`"):
        compat.defvjp(np.sin, lambda ans, x: lambda g: g)
    with pytest.raises(TypeError, match="1 rules for the arguments"):
        compat.defvjp(scaled, None, argnums=[0, 1])


def test_a_wrong_rule_is_found():
    @compat.primitive
    def cube(x):
        return x**3

    compat.defvjp(cube, lambda ans, x: lambda g: g * 2 * x**2)
    with pytest.raises(cr.GradientCheckError):
        compat.check_grads(cube, modes=["rev"], order=1)(2.0)
