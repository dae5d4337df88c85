"""Whose adjoint may hold zeros that stem from a selection."""

from __future__ import annotations

import pytest

from chainrule.analysis.taint import tainted
from chainrule.ir.types import INT
from chainrule.rules import registry
from tests.analysis.test_facts import active, flows, names
from tests.transform.lowering import VECTOR, lower


def selected(source: str, **types: object) -> list[str]:
    p = lower(source, **types)  # type: ignore[arg-type]
    return names(tainted(p.body, active(p), flows, registry.masks))


@pytest.mark.parametrize(("source", "expected"), [
    pytest.param("""
        def f(u):
            w = np.sqrt(u)
            y = np.where(u > 0.0, w, 0.0)
            return np.sum(y)
    """, ["u", "w"], id="where"),
    pytest.param("""
        def f(u):
            w = np.sqrt(u)
            y = w[1:]
            return np.sum(y)
    """, ["u", "w"], id="a part"),
    pytest.param("""
        def f(u):
            w = np.sqrt(u)
            y = np.max(w)
            return y
    """, ["u", "w"], id="max"),
    pytest.param("""
        def f(u):
            w = np.sqrt(u)
            y = np.exp(w)
            z = y[0]
            return z
    """, ["u", "w", "y"], id="backwards from there"),
])
def test_what_is_selected(source, expected):
    assert selected(source, u=VECTOR) == expected


@pytest.mark.parametrize("source", [
    pytest.param("""
        def f(u):
            w = np.sqrt(u)
            y = w * u
            return np.sum(y)
    """, id="arithmetic"),
    pytest.param("""
        def f(u):
            w = np.sum(np.sqrt(u), keepdims=True)
            y = w[0]
            return y
    """, id="the only element"),
    pytest.param("""
        def f(u):
            w = np.sqrt(u)[:, None]
            y = w[:, 0]
            return np.sum(y)
    """, id="the only column"),
    pytest.param("""
        def f(u):
            w = np.sqrt(u)
            y = np.where(u > 0.0, w, 0.0)
            z = w * 2.0
            return np.sum(y + z)
    """, id="another use takes all of it"),
    pytest.param("""
        def f(u):
            if u[0] > 0.0:
                y = u * 2.0
            else:
                y = u * 3.0
            return np.sum(y)
    """, id="both branches use it"),
])
def test_nothing_is_selected(source):
    assert selected(source, u=VECTOR) == []


def test_a_loop_that_may_have_no_iteration():
    source = """
        def f(x, n):
            w = np.sqrt(x)
            s = 1.0
            for k in range({}):
                s = s * w
            return s
    """
    assert selected(source.format("n"), n=INT) == ["w", "x"]
    assert selected(source.format("3"), n=INT) == []


@pytest.mark.parametrize("loop", ["for k in range(2):", "for k in range(n):", "while u[0] < 0.5:"])
def test_values_that_a_loop_carries(loop):
    source = """
        def f(x, n):
            u = x
            {}
                u = np.sqrt(u)
            return np.sum({})
    """
    assert "u" in selected(source.format(loop, "np.where(x > 0.0, u, 0.0)"), x=VECTOR, n=INT)
    assert not {"u", "u'"} & set(selected(source.format("for k in range(2):", "u"), x=VECTOR, n=INT))
    assert not {"u", "u'"} & set(selected(source.format("for k in range(2):", "np.where(x > 0.0, u, 0.0) + u"), x=VECTOR, n=INT))
