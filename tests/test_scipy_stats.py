"""Rows of scipy.stats: each against finite differences, in both modes and twice, for a number and for an array; frozen distributions."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests.test_scipy_optimize import agrees, refused

stats = pytest.importorskip("scipy.stats")

from chainrule.ir.ops import OPS  # noqa: E402
from chainrule.rules.table import ROWS, read_later  # noqa: E402

read_later()

ARGUMENTS: dict[str, Any] = {"loc": 0.1, "scale": 1.2, "q": 0.4, "a": 1.7, "b": 2.2, "df": 3.3, "dfn": 3.1, "dfd": 4.2, "s": 0.8, "c": 1.6, "kappa": 1.3, "mu": 1.9, "p": 0.4,
                             "trials": 5, "k": 1}
POINTS: dict[str, float] = {"uniform": 0.7, "beta": 0.6, "powerlaw": 0.6, "pareto": 1.9}
ROWS_OF_STATS = sorted(op for op in ROWS if op.startswith("stats."))


def functions(op: str) -> Iterator[tuple[str, Any, float]]:
    """The function of each argument that carries a derivative, and a point."""
    distribution = op.split(".")[1]
    names = [p.name for p in OPS[op].params]
    values = {name: POINTS.get(distribution, 0.9) if name == "x" else ARGUMENTS[name] for name in names}
    if distribution in ("geom", "nbinom"):
        values |= {"k": 3, "trials": 4.5} if "trials" in values else {"k": 3}
    if "k" in values:
        values["loc"] = 0
    if distribution == "bernoulli":
        values["k"] = 0
    for name in ROWS[op].formulas:
        call = ", ".join(name if other == name else repr(values[other]) for other in names)
        text, file = f"def f({name}):\n    return np.sum({op}({call}))\n", f"<{op} in {name}>"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        namespace: dict[str, Any] = {"np": np, "stats": stats, "__name__": "samples"}
        exec(compile(text, file, "exec"), namespace)
        yield name, namespace["f"], values[name]


@pytest.mark.parametrize("op", ROWS_OF_STATS)
def test_a_function(op):
    for name, f, point in functions(op):
        for x, v in ((point, 1.0), (np.array([point, 1.05 * point]), np.array([1.0, 0.5]))):
            gradient, step = cr.grad(f), 1e-5
            slope = (f(x + step * v) - f(x - step * v)) / (2 * step)
            assert np.sum(gradient(x) * v) == pytest.approx(slope, rel=1e-5, abs=1e-7), name
            assert cr.jvp(f, (x,), (v,))[1] == pytest.approx(slope, rel=1e-5, abs=1e-7), name
            bend = np.sum((gradient(x + step * v) - gradient(x - step * v)) / (2 * step) * v)
            assert np.sum(cr.jvp(gradient, (x,), (v,))[1] * v) == pytest.approx(bend, rel=1e-4, abs=1e-6), name


def test_there_are_many():
    assert len(ROWS_OF_STATS) >= 200


@pytest.mark.parametrize("name", ["expon", "gamma", "uniform", "beta", "lognorm"])
def test_outside_of_the_support(name):
    distribution = getattr(stats, name)
    shapes = {"gamma": (1.7,), "beta": (1.7, 2.2), "lognorm": (0.8,)}.get(name, ())

    def pdf(x, scale):
        return np.sum(distribution.pdf(x, *shapes, 0.1, scale))

    def cdf(x, scale):
        return np.sum(distribution.cdf(x, *shapes, 0.1, scale))

    for f in (pdf, cdf):
        found = cr.grad(f, argnums=(0, 1))(np.array([-1.0, 0.5]), 1.3)
        inside = cr.grad(f, argnums=(0, 1))(np.array([0.5]), 1.3)
        assert found[0] == pytest.approx(np.array([0.0, inside[0][0]])) and found[1] == pytest.approx(inside[1])


def test_extremes():
    assert cr.grad(lambda x: stats.norm.logcdf(x))(-40.0) == pytest.approx(40.0, rel=1e-3)
    assert cr.grad(lambda x: stats.norm.logsf(x))(40.0) == pytest.approx(-40.0, rel=1e-3)
    assert cr.grad(lambda x: stats.norm.pdf(x))(1e200) == 0.0


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("method", ["pmf", "logpmf"])
def test_probabilities_of_zero_and_one(method, p):
    masses = [(stats.binom, (n,)) for n in (1, 2, 3)] + [(stats.bernoulli, ())]
    masses += [(stats.geom, ()), (stats.nbinom, (2.5,))] if p > 0 else [(stats.poisson, ())]
    for mass, shapes in masses:
        for k in range(-1, 5):
            def f(q, mass=mass, shapes=shapes, k=k):
                return getattr(mass, method)(k, *shapes, q)

            step = -1e-6 if p == 1 else 1e-6
            with np.errstate(all="ignore"):
                slope = (f(p + step) - f(p)) / step
            if np.isfinite(slope):
                assert cr.grad(f)(p) == pytest.approx(slope, rel=1e-4, abs=1e-5), (mass.name, k)


@pytest.mark.parametrize(("name", "shapes", "x"), [
    ("gamma", (1.0,), 0.0), ("beta", (1.0, 2.0), 0.0), ("beta", (2.0, 1.0), 1.0), ("chi2", (2.0,), 0.0), ("chi", (1.0,), 0.0), ("f", (2.0, 5.0), 0.0), ("weibull_min", (1.0,), 0.0),
    ("powerlaw", (1.0,), 0.0), ("expon", (), 0.0), ("halfnorm", (), 0.0)])
@pytest.mark.parametrize("method", ["pdf", "logpdf"])
def test_where_a_density_ends(name, shapes, x, method):
    def f(x):
        return getattr(getattr(stats, name), method)(x, *shapes)

    step = -1e-6 if x == 1 else 1e-6
    assert cr.grad(f)(x) == pytest.approx((f(x + step) - f(x)) / step, rel=1e-4, abs=1e-5)


def shifted(x, distribution=stats.norm):
    return distribution.logpdf(x, 0.2, 1.4)


PRIOR = stats.gamma(2.3, scale=0.7)
COUNTS = stats.poisson(1.7)


class Model:
    def __init__(self, distribution):
        self.distribution = distribution

    def __call__(self, x):
        return self.distribution.logpdf(x)


OUTSIDE = Model(stats.cauchy)


def test_a_distribution_is_a_value():
    def in_a_variable(x):
        chosen = stats.norm if x > 0 else stats.cauchy
        total = 0.0
        for distribution in (chosen, stats.laplace, getattr(stats, "logistic")):  # noqa: B009
            total = total + distribution.logpdf(x, 0.2)
        return total + {"a": stats.gamma}["a"](2.0, scale=x).logpdf(1.3)

    agrees(in_a_variable, 0.7)
    agrees(shifted, 0.7)
    agrees(lambda x: shifted(x, stats.logistic), 0.7)
    agrees(lambda x: PRIOR.logpdf(x) + PRIOR.cdf(x) * PRIOR.ppf(0.3 * x), 0.7)
    agrees(lambda x: OUTSIDE(x) + Model(PRIOR)(x), 0.7)
    agrees(lambda x: x * COUNTS.pmf(2), 0.7)
    assert cr.grad(shifted)(0.7, stats.cauchy) == pytest.approx(cr.grad(lambda x: stats.cauchy.logpdf(x, 0.2, 1.4))(0.7))
    assert cr.grad(shifted)(0.7, stats.norm) == pytest.approx((0.2 - 0.7) / 1.4**2)


def test_frozen_distributions():
    def f(p):
        x = np.array([0.3, 1.1])
        d = stats.norm(p[0], scale=p[1])
        g = stats.gamma(a=p[1], loc=-1.0)
        return np.sum(d.logpdf(x)) + d.cdf(0.2) + np.sum(g.pdf(x)) + stats.poisson(p[1]).logpmf(3) + d.ppf(0.3)

    agrees(f, np.array([0.4, 1.3]))


def test_names_of_parameters():
    agrees(lambda p: np.sum(stats.t.logpdf(np.array([0.3, 1.1]), df=p[0], loc=p[1], scale=p[0] * p[1])), np.array([2.4, 1.3]))
    agrees(lambda p: np.sum(stats.beta.logpdf(np.array([0.3, 0.7]), a=p[0], b=p[1])), np.array([2.4, 1.3]))
    agrees(lambda p: np.sum(stats.binom.logpmf(np.arange(4), n=5, p=p)), 0.3)


def test_a_name_that_is_imported():
    from scipy.stats import norm

    def f(x):
        return np.sum(norm.logpdf(x, 1.0, 2.0))

    agrees(f, np.array([0.4, 1.3]))
    assert "norm.logpdf(x" in cr.value_and_grad(f).source_for(np.ones(2))


def test_broadcasting():
    agrees(lambda mean: np.sum(stats.norm.logpdf(np.ones((3, 1)), mean, np.array([1.0, 2.0])) ** 2), np.array([0.4, 1.3]))


def spd(a):
    return np.eye(2) * a[0] + np.outer(a, a)


@pytest.mark.parametrize("method", ["logpdf", "pdf"])
def test_multivariate_normal(method):
    def f(a):
        x = np.array([[0.3, 1.1], [0.5, -0.2], [1.0, 0.7]])
        log = getattr(stats.multivariate_normal, method)
        return np.sum(log(x * a[0], a, spd(a))) + log(x[0] * a[1], a) + log(x[0], a, np.array([1.0, 2.0]) * a)

    agrees(f, np.array([0.9, 1.3]))
    agrees(lambda s: getattr(stats.multivariate_normal, method)(0.3, 0.1, s), 1.3)

    def frozen(a):
        return stats.multivariate_normal(a, spd(a)).logpdf(np.array([0.3, 0.2]))

    agrees(frozen, np.array([0.9, 1.3]))


def test_dirichlet():
    agrees(lambda a: stats.dirichlet.logpdf(np.array([0.2, 0.3, 0.5]), a), np.array([0.9, 1.3, 2.0]))
    agrees(lambda a: stats.dirichlet(a).pdf(np.array([0.2, 0.3, 0.5])), np.array([0.9, 1.3, 2.0]))
    agrees(lambda x: np.sum(stats.dirichlet.logpdf(x, np.array([0.9, 1.3, 2.0]))), np.array([0.2, 0.3]))


def test_parameters_without_elementary_derivative_are_refused():
    refused(lambda a: stats.gamma.cdf(1.3, a), 1.7, "with respect to 'a' is not known")
    refused(lambda a: stats.t.ppf(0.3, a), 1.7, "with respect to 'df' is not known")
    refused(lambda k: stats.poisson.logpmf(k, 1.3), 2.0, "with respect to 'k' is not known")
