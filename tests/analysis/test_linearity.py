"""Which blocks are linear in some of their parameters; what is said of each is compared with what its results do."""

from __future__ import annotations

import ast
import textwrap

import numpy as np
import pytest

from chainrule.analysis.linearity import is_linear
from chainrule.ir.interpret import interpret
from chainrule.ir.nodes import Program
from chainrule.ir.types import INT, Scalar, Type
from tests.transform.lowering import MATRIX, VECTOR, lower

TYPES: dict[str, Type] = {"g": VECTOR, "h": VECTOR, "x": VECTOR, "w": MATRIX, "n": INT, "s": Scalar("float64", True), "flag": Scalar("bool", True)}
RNG = np.random.default_rng(3)
VALUES = {"x": np.array([0.5, 2.0, 1.5]), "w": RNG.normal(size=(3, 3)) + 4 * np.eye(3), "n": 3}
MOVING = ("g", "h", "s")  # the parameters that a block may be linear in


def lowered(text: str) -> Program:
    """The function of the parameters that it reads."""
    body = text.replace("; ", "\n")
    reads = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    types = {name: type for name, type in TYPES.items() if name in reads}
    return lower(f"def f({', '.join(types)}):\n{textwrap.indent(body, '    ')}\n", **types)


def names(program: Program) -> list[str]:
    return [v.hint or "" for v in program.body.params]


def claimed(program: Program) -> bool:
    return is_linear(program.body, [v for v in program.body.params if v.hint in MOVING])


def behaves(program: Program) -> bool:
    """Whether f(a u + b v) = a f(u) + b f(v), at some points and at zero."""
    def point(seed: int) -> dict[str, object]:
        rng = np.random.default_rng(seed)
        return {**VALUES, "flag": seed % 2 == 0, "g": rng.normal(size=3), "h": rng.normal(size=3), "s": rng.normal()}

    def value(given: dict[str, object]) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(interpret(program, tuple(given[name] for name in names(program))))

    for seed in range(8):
        u, v = point(seed), point(seed + 100)
        a, b = [(1.0, -1.0), (0.0, 0.0), (2.5, -0.75), (-1.0, 0.0)][seed % 4]
        mixed = {name: a * u[name] + b * v[name] if name in MOVING else u[name] for name in u}  # type: ignore[operator]
        if not np.allclose(value(mixed), a * value(u) + b * value(v), equal_nan=False):
            return False
    return True


LINEAR = [
    "return g", "return -g", "return g + h", "return 2.0 * g - h / 4.0", "return g * x", "return g / x", "return x * (g * x)",
    "return g @ w", "return w @ (w @ g)", "return np.sum(g) * x", "return np.mean(g)", "return np.dot(g, x)", "return np.cumsum(g)",
    "return np.where(flag, g, h)", "return np.where(x > 1.0, g, 0.0)", "return g[1:]", "return g[::-1]", "return np.transpose(np.reshape(g, (1, -1)))",
    "return np.concatenate((g, h, np.zeros(2)))", "return np.stack((g, h))", "return np.linalg.solve(w, g)", "return np.roll(g, 1)", "return np.outer(g, x)",
    "return 0.0 * g", "return g + 0 * x", "return g + x * 0.0", "return np.zeros(3)", "return np.zeros_like(g)", "return g * np.exp(x)", "return s * x", "return np.exp(x) * s + g", "return np.diff(g)",
    "y = np.zeros(3); y[0] = s; y[1:] = g[1:]; return y",
    "y = np.empty(3); y[:] = g; return y",
    "y = np.zeros_like(x); y[0] += s * 2.0; return y",
    "for i in range(n): s = s * 0.5 + g[i]\nreturn s",
    "y = np.zeros(3)\nfor i in range(n):\n    y[i] = g[i] * x[i]\nreturn y",
    "a = 0.0\ny = np.zeros(3)\nfor i in range(n):\n    a = a * 0.5 + g[i]\n    y[i] = a\nreturn y",
    "k = 0\ny = 0.0 * g\nwhile k < n:\n    y = y + g * k\n    k = k + 1\nreturn y",
    "if flag:\n    y = g\nelse:\n    y = 2.0 * g\nreturn y",
    "if flag:\n    y = g * x\nelse:\n    y = np.zeros_like(x)\nreturn y",
    "for i in range(n):\n    if x[i] > 1.0:\n        break\n    s = s * 2.0\nreturn s",
]
NOT_LINEAR = [
    "return g * g", "return g @ g", "return g + x", "return g + 1.0", "return 1.0 - g", "return np.abs(g)", "return np.sign(g)", "return np.maximum(g, 0.0)",
    "return np.sort(g)", "return np.exp(g)", "return x / g", "return np.sum(g) * np.sum(h)", "return g / np.sum(g)", "return np.where(g > 0.5, g, 0.0)",
    "return np.where(x > 1.0, g, x)", "return np.where(flag, g, 1.0)", "return np.floor(g) + g", "return np.concatenate((g, x))", "return np.ones_like(g)",
    "return np.linalg.solve(np.outer(g, g) + w, x)", "return np.tan(g) * x", "return g ** 2", "return 2.0 ** g", "return np.clip(g, 0.0, 1.0)", "return np.max(g)",
    "y = np.ones(3); y[0] = s; return y",
    "y = np.zeros(3); y[0] = s; y[1] = 1.0; return y",
    "y = np.zeros(3); y[np.argmax(g)] = s; return y",
    "if s > 0.0:\n    y = g\nelse:\n    y = 2.0 * g\nreturn y",
    "if flag:\n    y = g\nelse:\n    y = 2.0 * g\nreturn y + x",
    "for i in range(n):\n    s = s * s\nreturn s",
    "y = np.ones(3)\nfor i in range(n):\n    y[i] += g[i]\nreturn y",
    "while s > 0.5:\n    s = s * 0.5\nreturn s",
    "k = 0.0\nwhile k < s:\n    k = k + 1.0\nreturn k",
    "a = 1.0\nfor i in range(n):\n    a = a * g[i]\nreturn a",
]
NOT_SEEN = ["return g * h / h", "return np.exp(np.log(np.abs(g))) * np.sign(g)", "return (g + x) - x", "return np.maximum(g, g)"]  # linear, as it happens


@pytest.mark.parametrize("text", LINEAR)
def test_linear(text):
    program = lowered(text)
    assert behaves(program)
    assert claimed(program)


@pytest.mark.parametrize("text", NOT_LINEAR)
def test_not_linear(text):
    program = lowered(text)
    assert not behaves(program)
    assert not claimed(program)


@pytest.mark.parametrize("text", NOT_SEEN)
def test_what_is_not_known_to_be_linear_is_not(text):
    program = lowered(text)
    assert not claimed(program)


def test_linear_in_some_parameters_only():
    program = lowered("return g * h")
    g, h = program.body.params
    assert is_linear(program.body, [g])
    assert is_linear(program.body, [h])
    assert not is_linear(program.body, [g, h])
    summed = lowered("return g + h")
    assert not is_linear(summed.body, summed.body.params[:1])
