"""`chainrule.testing`: the assertion and its report, and what the strategies promise, by examples that Hypothesis draws."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.dispatch import Checks, check_every_gradient
from chainrule.testing import arrays, assert_gradients, distinct, positive_definite, probabilities, well_conditioned

DTYPES = [np.float16, np.float32, np.float64, np.complex64, np.complex128]
SIDES = st.integers(0, 5)


def test_the_report_is_the_message():
    def f(x, y):
        return np.sum(x * cr.stop_gradient(x)) * y["a"]

    with pytest.raises(AssertionError) as caught:
        assert_gradients(f, np.array([1.0, 2.0]), {"a": 3.0}, modes=("rev",))
    lines = str(caught.value).splitlines()
    assert lines[0] == "derivative of test_the_report_is_the_message.<locals>.f: differs from finite differences"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["x[0]", "x[1]"]
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert_gradients(lambda x: x ** 3, 2.0, order=3)
    assert_gradients(lambda x: x * cr.stop_gradient(x), 2.0, rtol=2.0)
    with pytest.raises(ValueError, match="the modes are"):
        assert_gradients(lambda x: x, 2.0, modes=("sideways",))
    with pytest.raises(cr.UnsupportedError):
        assert_gradients(lambda x: np.sum(np.nditer(x)), np.ones(2))


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from(DTYPES), st.lists(st.floats(-4, 4), max_size=3), st.floats(0.01, 0.5))
def test_arrays_stay_away(data, dtype, points, margin):
    x = data.draw(arrays(st.tuples(SIDES, SIDES), dtype, away_from=points, margin=margin, bound=8.0))
    assert x.dtype == dtype and x.ndim == 2
    for point in points:
        assert np.all(np.abs(x.real.astype(float) - point) >= margin)
    assert np.all(np.abs(x.real) <= 8)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from(DTYPES[:3]), st.sampled_from([0.05, 0.1, 2.0]))
def test_distinct_elements_are_apart(data, dtype, gap):
    x = data.draw(distinct(data.draw(st.tuples(SIDES, SIDES)), dtype, gap=gap))
    assert x.dtype == dtype
    apart = np.diff(np.sort(x.astype(float).ravel()))
    slack = 0.02 if dtype == np.float16 else 0.0  # half of a unit in the last place on either side
    assert np.all(apart >= gap * (1 - slack)) and np.all(np.abs(x) >= gap / 2 * (1 - slack))


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from(DTYPES[2:]), st.sampled_from([1.5, 10.0, 1e4]))
def test_matrices_are_well_conditioned(data, dtype, condition):
    a = data.draw(positive_definite(SIDES, dtype, condition=condition))
    m = data.draw(well_conditioned(SIDES, SIDES, dtype, condition=condition))
    assert a.dtype == m.dtype == dtype and np.array_equal(a, a.conj().T)
    for values in (np.linalg.eigvalsh(a), np.sort(np.linalg.svd(m, compute_uv=False)) if m.size else np.ones(0)):
        assert np.all(values > 0)
        if len(values):
            assert values[-1] <= condition * values[0] * 1.01
            assert np.all(values[1:] / values[:-1] > 1.01), "apart"


@settings(max_examples=50, deadline=None)
@given(probabilities(st.tuples(st.integers(1, 5), st.integers(1, 5)), axis=0, smallest=0.05))
def test_probabilities(p):
    np.testing.assert_allclose(p.sum(axis=0), 1.0)
    assert np.all(p > 0) and np.all(p.min(axis=0) >= 0.0499 * p.max(axis=0))


@settings(max_examples=10, deadline=None)
@given(positive_definite(3), distinct(4), arrays(3, away_from=(0.0, 1.0)))
def test_derivatives_exist_there(a, x, y):
    assert_gradients(lambda a: np.sum(np.linalg.cholesky((a + a.T) / 2)), a)
    assert_gradients(lambda x: np.sum(np.sort(x) * np.arange(4.0)) * np.max(x), x)
    assert_gradients(lambda y: np.sum(np.abs(y) * np.maximum(y, 1.0)), y)


def test_impossible_demands():
    for make in (lambda: arrays(2, away_from=(0.0,), margin=4.0), lambda: arrays(2, int), lambda: distinct(2, complex), lambda: probabilities(2, smallest=0.0)):
        with pytest.raises(ValueError, match="away_from|dtype|smallest"):
            make()


def test_without_hypothesis(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    import chainrule.testing

    with pytest.raises(ImportError, match=r'chainrule.testing.arrays is a strategy of Hypothesis: python -m pip install "chainrule\[testing\]"'):
        chainrule.testing.arrays(3)
    with pytest.raises(AttributeError):
        chainrule.testing.nothing  # noqa: B018


# -- checks of every gradient, and of gradients of gradients -----------------------------------------------------------------


def test_check_of_a_gradient_of_a_gradient():
    assert cr.grad(cr.grad(lambda x: x ** 3), check=True)(3.0) == 18.0
    with pytest.raises(cr.GradientCheckError):
        cr.grad(cr.grad(lambda x: x * x * cr.stop_gradient(x)), check=True)(3.0)


def test_checks_reach_what_is_in_use_and_end():
    df = cr.grad(lambda x: np.sum(x * x))
    x = np.ones(3)
    df(x)
    df(x)
    seen = []
    checks = Checks(lambda dispatcher, streams, variant, values, result: seen.append((dispatcher, result)))
    check_every_gradient(checks)
    try:
        checks.paused = True
        df(x), df(x)
        assert seen == []
        checks.paused = False
        df(x), df(x), df(np.ones(4)), df(np.ones((2, 2)))
        assert len(seen) == 2, "once for each specialisation"
        cr.jacobian(lambda x: x * x)(x)
        assert len(seen) == 2
    finally:
        check_every_gradient(None)
    cr.grad(lambda x: np.sum(x * x))(x)
    assert len(seen) == 2
