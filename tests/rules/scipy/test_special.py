"""Rows of scipy.special: each against finite differences, in both modes and twice, for a number and for an array."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr

special = pytest.importorskip("scipy.special")

from chainrule.ir.ops import OPS  # noqa: E402
from chainrule.rules.table import ROWS, read_later  # noqa: E402

read_later()

# Arguments in the domain of a function; otherwise they are 0.8, 1.1, 1.4 in turn. Integers are not differentiated.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "erfinv": {"x": 0.3}, "erfcinv": {"x": 0.7}, "ndtri": {"x": 0.3}, "ndtri_exp": {"x": -0.9}, "logit": {"x": 0.4},
    "gammaincinv": {"a": 1.7, "y": 0.4}, "gammainccinv": {"a": 1.7, "y": 0.4}, "betaincinv": {"a": 1.7, "b": 2.2, "y": 0.4},
    "betainc": {"a": 1.7, "b": 2.2, "x": 0.4}, "betaincc": {"a": 1.7, "b": 2.2, "x": 0.4}, "stdtrit": {"df": 3.0, "p": 0.7}, "stdtr": {"df": 3.0, "t": 0.7},
    "pdtr": {"k": 2, "m": 1.3}, "pdtrc": {"k": 2, "m": 1.3}, "zeta": {"x": 2.5, "q": 1.3}, "ellipk": {"m": 0.4}, "ellipe": {"m": 0.4}, "ellipkm1": {"p": 0.4},
    "ellipkinc": {"phi": 0.7, "m": 0.4}, "ellipeinc": {"phi": 0.7, "m": 0.4}, "binom": {"m": 5.3, "k": 2.2}, "jn": {"v": 2, "x": 0.9}, "yn": {"v": 2, "x": 0.9},
    "kn": {"v": 2, "x": 0.9}, "expn": {"order": 3, "x": 0.9}, "hyp2f1": {"a": 0.7, "b": 1.2, "c": 2.3, "x": 0.3}, "huber": {"delta": 1.0, "r": 1.7},
    "rel_entr": {"x": 0.7, "y": 1.2}, "eval_jacobi": {"degree": 3, "a": 0.5, "b": 1.5, "x": 0.3}, "eval_gegenbauer": {"degree": 3, "a": 1.5, "x": 0.3},
    "eval_genlaguerre": {"degree": 3, "a": 0.5, "x": 0.3},
    **{f"eval_{name}": {"degree": 3, "x": 0.3} for name in ("legendre", "chebyt", "chebyu", "hermite", "hermitenorm", "laguerre")},
}
ROWS_OF_SPECIAL = sorted(op for op, row in ROWS.items() if op.startswith("special.") and row.kind == "elementwise")


def functions(op: str) -> Iterator[tuple[str, Any, float]]:
    """The function of each argument that carries a derivative, and a point."""
    names = [p.name for p in OPS[op].params]
    own = ARGUMENTS.get(op.removeprefix("special."), {})
    values = {name: own.get(name, 0.8 + 0.3 * k) for k, name in enumerate(names)}
    for name in ROWS[op].formulas:
        if not isinstance(values[name], float):
            continue
        call = ", ".join(name if other == name else repr(values[other]) for other in names)
        text, file = f"def f({name}):\n    return np.sum({op}({call}))\n", f"<{op} in {name}>"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        namespace: dict[str, Any] = {"np": np, "special": special, "__name__": "samples"}
        exec(compile(text, file, "exec"), namespace)
        yield name, namespace["f"], values[name]


@pytest.mark.parametrize("op", ROWS_OF_SPECIAL)
def test_a_function(op):
    for _, f, point in functions(op):
        for x, v in ((point, 1.0), (np.array([point, 1.05 * point]), np.array([1.0, 0.5]))):
            gradient, step = cr.grad(f), 1e-5
            slope = (f(x + step * v) - f(x - step * v)) / (2 * step)
            assert np.sum(gradient(x) * v) == pytest.approx(slope, rel=1e-5, abs=1e-7)
            assert cr.jvp(f, (x,), (v,))[1] == pytest.approx(slope, rel=1e-5, abs=1e-7)
            bend = np.sum((gradient(x + step * v) - gradient(x - step * v)) / (2 * step) * v)
            assert np.sum(cr.jvp(gradient, (x,), (v,))[1] * v) == pytest.approx(bend, rel=1e-4, abs=1e-6)


def test_there_are_many():
    assert len(ROWS_OF_SPECIAL) >= 90


def test_an_argument_without_closed_form_is_refused():
    def f(v):
        return special.jv(v, 1.0)

    with pytest.raises(cr.UnsupportedError, match="with respect to 'v' is not known"):
        cr.grad(f)(2.5)


def test_what_it_prints():
    from scipy.special import expit

    def f(x):
        return np.sum(expit(x))

    assert "expit_x = expit(x)" in cr.grad(f).source_for(np.ones(3))


# -- along an axis ---------------------------------------------------------------------------------------------------

A = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.7]])
B = np.array([[1.0, 0.5, 2.0]])
FAR = np.array([-np.inf, 1e4, 1e4 + 1.0, 3.0])


@pytest.mark.parametrize("f", [
    lambda a: special.logsumexp(a),
    lambda a: special.logsumexp(2 * a, axis=1) @ np.array([1.0, -2.0]),
    lambda a: np.sum(special.logsumexp(a, axis=(0, -1), keepdims=True) * a),
    lambda a: np.sum(special.logsumexp(a, axis=0, b=B) ** 2),
    lambda a: special.logsumexp(a[0], b=np.abs(a)),
    lambda a: special.logsumexp([a[0, 0], 2.0, a[1, 1]]),
    lambda a: np.sum(special.softmax(a, axis=1) * np.sin(a)),
    lambda a: np.sum(special.softmax(a) ** 2),
    lambda a: np.sum(special.log_softmax(a, axis=0) * np.cos(a)),
], ids=range(9))
def test_along_an_axis(f):
    cr.check_grads(f, (A,), modes=("rev", "fwd"), order=2)


def test_far_apart():
    np.testing.assert_allclose(cr.grad(special.logsumexp)(FAR), special.softmax(FAR))
    np.testing.assert_allclose(cr.grad(lambda a: special.softmax(a)[2])(FAR), [0.0, -0.19661193, 0.19661193, 0.0], atol=1e-8)


def test_signs_are_refused():
    with pytest.raises(cr.UnsupportedError, match="return_sign"):
        cr.grad(lambda a: special.logsumexp(a, b=-a, return_sign=True)[0])(A)
