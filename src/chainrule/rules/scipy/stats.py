"""scipy.stats: densities, distribution functions and quantiles, in the argument, in loc and scale, and in those shape parameters whose derivative is elementary.

A continuous distribution is given by the derivative of the logarithm of its density; all rows follow from that. With z = (x - loc) / scale and l = log f(z):

    logpdf      d/dx = l'(z) / scale        d/dloc = -d/dx      d/dscale = -(1 + z l'(z)) / scale       d/dshape = dl/dshape
    cdf         d/dx = pdf                  d/dloc = -pdf       d/dscale = -z pdf                       d/dshape = scale pdf g(z), where that is elementary
    ppf         d/dq = 1 / pdf(y)           d/dloc = 1          d/dscale = z(y)                         d/dshape = -scale g(z(y))

Outside its support a density is zero, and so is its derivative. At an end of it the derivative is that from inside where the density is not zero, and otherwise zero, as
that of a kink is. A frozen distribution, `norm(loc, scale)`, is the distribution with its parameters.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...runtime import as_given
from ..meanings import solver
from ..table import MODULES, elementwise, known_object, meaning, resolve, stand_in

stats = MODULES["stats"] = importlib.import_module("scipy.stats")
MODULES.setdefault("special", importlib.import_module("scipy.special"))

# -- continuous distributions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Density:
    """shapes: the parameters before loc and scale. slope: l'(z). of_shape: dl/dshape. share: g(z), so that the derivative of cdf is scale * pdf * g."""

    shapes: tuple[str, ...]
    slope: str
    of_shape: dict[str, str] = field(default_factory=dict)
    share: dict[str, str] = field(default_factory=dict)
    bounded: bool = False  # its support has an end


_PSI = "special.psi"
DENSITIES: dict[str, Density] = {
    "norm": Density((), "-Z"),
    "laplace": Density((), "-np.sign(Z)"),
    "logistic": Density((), "-np.tanh(0.5 * Z)"),
    "cauchy": Density((), "-2 * Z / (1 + Z ** 2)"),
    "gumbel_r": Density((), "np.exp(-Z) - 1"),
    "gumbel_l": Density((), "1 - np.exp(Z)"),
    "hypsecant": Density((), "-np.tanh(Z)"),
    "expon": Density((), "-1.0", bounded=True),
    "uniform": Density((), "0.0", bounded=True),
    "halfnorm": Density((), "-Z", bounded=True),
    "halfcauchy": Density((), "-2 * Z / (1 + Z ** 2)", bounded=True),
    "halflogistic": Density((), "-np.tanh(0.5 * Z)", bounded=True),
    "rayleigh": Density((), "1 / Z - Z", bounded=True),
    "maxwell": Density((), "2 / Z - Z", bounded=True),
    "gamma": Density(("a",), "rt.divide_or_zero(a - 1, Z) - 1", {"a": f"np.log(Z) - {_PSI}(a)"}, bounded=True),
    "invgamma": Density(("a",), "-(a + 1) / Z + 1 / Z ** 2", {"a": f"-np.log(Z) - {_PSI}(a)"}, bounded=True),
    "chi2": Density(("df",), "rt.divide_or_zero(0.5 * df - 1, Z) - 0.5", {"df": f"0.5 * (np.log(0.5 * Z) - {_PSI}(0.5 * df))"}, bounded=True),
    "chi": Density(("df",), "rt.divide_or_zero(df - 1, Z) - Z", {"df": f"np.log(Z) - {0.5 * math.log(2)!r} - 0.5 * {_PSI}(0.5 * df)"}, bounded=True),
    "beta": Density(("a", "b"), "rt.divide_or_zero(a - 1, Z) - rt.divide_or_zero(b - 1, 1 - Z)",
                    {"a": f"np.log(Z) - {_PSI}(a) + {_PSI}(a + b)", "b": f"np.log1p(-Z) - {_PSI}(b) + {_PSI}(a + b)"}, bounded=True),
    "t": Density(("df",), "-(df + 1) * Z / (df + Z ** 2)",
                 {"df": f"0.5 * ({_PSI}(0.5 * df + 0.5) - {_PSI}(0.5 * df) - 1 / df - np.log1p(Z ** 2 / df) + (df + 1) * Z ** 2 / (df * (df + Z ** 2)))"}),
    "f": Density(("dfn", "dfd"), "rt.divide_or_zero(0.5 * dfn - 1, Z) - 0.5 * (dfn + dfd) * dfn / (dfd + dfn * Z)",
                 {"dfn": f"0.5 * (np.log(dfn * Z / (dfd + dfn * Z)) + 1 - (dfn + dfd) * Z / (dfd + dfn * Z) - {_PSI}(0.5 * dfn) + {_PSI}(0.5 * (dfn + dfd)))",
                  "dfd": f"0.5 * (np.log(dfd / (dfd + dfn * Z)) + 1 - (dfn + dfd) / (dfd + dfn * Z) - {_PSI}(0.5 * dfd) + {_PSI}(0.5 * (dfn + dfd)))"}, bounded=True),
    "lognorm": Density(("s",), "-(1 + np.log(Z) / s ** 2) / Z", {"s": "(np.log(Z) ** 2 / s ** 2 - 1) / s"}, {"s": "-Z * np.log(Z) / s"}, bounded=True),
    "weibull_min": Density(("c",), "rt.divide_or_zero(c - 1, Z) - c * Z ** (c - 1)", {"c": "1 / c + (1 - Z ** c) * np.log(Z)"}, {"c": "Z * np.log(Z) / c"}, bounded=True),
    "pareto": Density(("b",), "-(b + 1) / Z", {"b": "1 / b - np.log(Z)"}, {"b": "Z * np.log(Z) / b"}, bounded=True),
    "powerlaw": Density(("a",), "rt.divide_or_zero(a - 1, Z)", {"a": "1 / a + np.log(Z)"}, {"a": "Z * np.log(Z) / a"}, bounded=True),
    "vonmises": Density(("kappa",), "-kappa * np.sin(Z)", {"kappa": "np.cos(Z) - special.i1e(kappa) / special.i0e(kappa)"}),
}
# Functions of the argument, and functions of the probability.
_OF_X = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")
_OF_Q = ("ppf", "isf")


def _rows(name: str, density: Density) -> None:
    shapes = "".join(f"{s}, " for s in density.shapes)
    z = "((x - loc) / scale)"

    def row(method: str, first: str, partials: dict[str, Any]) -> None:
        elementwise(f"stats.{name}.{method}({first}, {shapes}loc=0, scale=1) -> y", pole=True, also={s: s for s in density.shapes}, **partials)

    def at(text: str, support: str) -> str:
        """A formula in z; outside of the support, where logarithms and powers of z may not exist, it is not looked at."""
        return f"({text.replace('Z', f'np.where({support}, {z}, 0.5)' if density.bounded else z)})"

    def within(text: str, support: str) -> str:
        return f"np.where({support}, {text}, 0.0)" if density.bounded else text

    for method, support, factor in (("logpdf", "np.isfinite(y)", ""), ("pdf", "y > 0", "y * ")):
        slope = at(density.slope, support)
        row(method, "x", {"x": within(f"{factor}{slope} / scale", support), "loc": within(f"-{factor}{slope} / scale", support),
                          "scale": within(f"-{factor}(1 + {z} * {slope}) / scale", support),
                          **{s: within(f"{factor}{at(text, support)}", support) for s, text in density.of_shape.items()}})
    if name == "vonmises":
        return  # its distribution function is no elementary function of kappa, and periodic in x
    pdf, logpdf = (f"stats.{name}.{method}(x, {shapes}loc, scale)" for method in ("pdf", "logpdf"))
    for method, sign, weight in (("cdf", "", pdf), ("sf", "-", pdf), ("logcdf", "", f"np.exp({logpdf} - y)"), ("logsf", "-", f"np.exp({logpdf} - y)")):
        opposite = "" if sign else "-"
        row(method, "x", {"x": f"{sign}{weight}", "loc": f"{opposite}{weight}", "scale": f"{opposite}{z} * {weight}",
                          **{s: within(f"{sign}scale * {weight} * {at(text, f'{pdf} > 0')}", f"{pdf} > 0") for s, text in density.share.items()}})
    back, end = f"stats.{name}.pdf(y, {shapes}loc, scale)", "((y - loc) / scale)"
    more = {s: f"-scale * ({text.replace('Z', end)})" for s, text in density.share.items()}
    row("ppf", "q", {"q": f"1 / {back}", "loc": "1.0", "scale": end, **more})
    row("isf", "q", {"q": f"-1 / {back}", "loc": "1.0", "scale": end, **more})


def _is_copy(value: Any, known: Any) -> bool:
    """Whether a distribution is the known one over again: SciPy makes a copy for each frozen distribution."""
    return all(getattr(value, name, None) == getattr(known, name) for name in ("name", "shapes", "a", "b"))


for _name, _density in DENSITIES.items():
    if resolve(f"stats.{_name}") is not None:
        known_object(f"stats.{_name}", _is_copy)
        _rows(_name, _density)

# -- discrete distributions: in the parameters ----------------------------------------------------------------------------------

# Shapes; the derivatives in them of the logarithm of the mass function, of the mass function, and of the distribution function. The function's own `n` is `trials` here.
# The second is written without the quotients of the first, which have no value where a probability is 0 or 1.
_FEWER = "np.maximum(trials - 1, 0)"
_DISCRETE: dict[str, tuple[tuple[str, ...], dict[str, str], dict[str, str], dict[str, str]]] = {
    "poisson": (("mu",), {"mu": "rt.divide_or_zero(K, mu) - 1"}, {"mu": "stats.poisson.pmf(k - 1, mu, loc) - y"}, {"mu": "-stats.poisson.pmf(np.floor(k), mu, loc)"}),
    "binom": (("trials", "p"), {"p": "rt.divide_or_zero(K, p) - rt.divide_or_zero(trials - K, 1 - p)"},
              {"p": f"trials * (stats.binom.pmf(k - 1, {_FEWER}, p, loc) - stats.binom.pmf(k, {_FEWER}, p, loc))"}, {"p": f"-trials * stats.binom.pmf(np.floor(k), {_FEWER}, p, loc)"}),
    "bernoulli": (("p",), {"p": "rt.divide_or_zero(K, p) - rt.divide_or_zero(1 - K, 1 - p)"}, {"p": "np.where(np.equal(K, 1), 1.0, np.where(np.equal(K, 0), -1.0, 0.0))"},
                  {"p": "np.where(np.equal(np.floor(K), 0), -1.0, 0.0)"}),
    "geom": (("p",), {"p": "1 / p - rt.divide_or_zero(K - 1, 1 - p)"},
             {"p": "np.where(np.equal(np.floor(K), K) & (K > 0), np.where(K < 2, 1.0, (1 - K * p) * (1 - p) ** np.maximum(K - 2, 0)), 0.0)"}, {}),
    "nbinom": (("trials", "p"), {"trials": f"{_PSI}(K + trials) - {_PSI}(trials) + np.log(p)", "p": "trials / p - rt.divide_or_zero(K, 1 - p)"},
               {"trials": f"np.where(y > 0, y * ({_PSI}(K + trials) - {_PSI}(trials) + np.log(p)), 0.0)", "p": "trials / p * (y - stats.nbinom.pmf(k - 1, trials + 1, p, loc))"}, {}),
}


def _mass(name: str, shapes: tuple[str, ...], *slopes: dict[str, str]) -> None:
    given = "".join(f"{s}, " for s in shapes)
    also = {"n" if s == "trials" else s: s for s in shapes}
    of_log, of_mass, of_cdf = ({s: text.replace("K", "(k - loc)") for s, text in each.items()} for each in slopes)

    def row(method: str, partials: dict[str, Any]) -> None:
        elementwise(f"stats.{name}.{method}(k, {given}loc=0) -> y", pole=True, also=also, **partials)

    row("logpmf", {s: f"np.where(np.isfinite(y), {text}, 0.0)" for s, text in of_log.items()})
    row("pmf", of_mass)
    if of_cdf:
        row("cdf", of_cdf)
        row("sf", {s: f"-({text})" for s, text in of_cdf.items()})
        row("logcdf", {s: f"({text}) / np.exp(y)" for s, text in of_cdf.items()})
        row("logsf", {s: f"-({text}) / np.exp(y)" for s, text in of_cdf.items()})


for _name, (_shapes, *_slopes) in _DISCRETE.items():
    known_object(f"stats.{_name}", _is_copy)
    _mass(_name, _shapes, *_slopes)


# -- distributions of vectors ------------------------------------------------------------------------------------------------------
# mypy: disable-error-code="no-untyped-def, no-untyped-call"


def normal_logpdf(x, mean=None, cov=1):
    """multivariate_normal.logpdf."""
    value, _ = solver(stats.multivariate_normal.logpdf, {}, {}, (x, mean, cov), like=_log_normal(x, mean, cov))
    return as_given(value, _log_normal(x, mean, cov))


def normal_pdf(x, mean=None, cov=1):
    """multivariate_normal.pdf."""
    value, _ = solver(stats.multivariate_normal.pdf, {}, {}, (x, mean, cov), like=_log_normal(x, mean, cov))
    return as_given(value, np.exp(_log_normal(x, mean, cov)))


def _log_normal(x, mean, cov):
    cov = np.asarray(cov) * 1.0
    x = np.asarray(x) * 1.0
    if mean is not None:
        mean = np.asarray(mean) * 1.0
    if np.ndim(cov) == 2:
        size = len(cov)
    elif np.ndim(cov) == 1:
        size = len(cov)
        cov = np.diag(cov)
    else:
        size = 1 if mean is None or np.ndim(mean) == 0 else len(mean)
        cov = cov * np.eye(size)
    if np.ndim(x) == 0:
        x = np.reshape(x, (1,))
    elif np.ndim(x) == 1 and size == 1:
        x = x[:, None]
    d = x if mean is None else x - mean
    whitened = np.linalg.solve(cov, np.reshape(d, (-1, size)).T)
    squares = np.sum(np.reshape(d, (-1, size)) * whitened.T, axis=-1)
    logs = -0.5 * (size * math.log(2 * math.pi) + np.linalg.slogdet(cov)[1] + squares)
    return logs[0] if np.ndim(d) == 1 else np.reshape(logs, np.shape(d)[:-1])


def dirichlet_logpdf(x, alpha):
    """dirichlet.logpdf."""
    value, _ = solver(stats.dirichlet.logpdf, {}, {}, (x, alpha), like=_log_dirichlet(x, alpha))
    return as_given(value, _log_dirichlet(x, alpha))


def dirichlet_pdf(x, alpha):
    """dirichlet.pdf."""
    value, _ = solver(stats.dirichlet.pdf, {}, {}, (x, alpha), like=_log_dirichlet(x, alpha))
    return as_given(value, np.exp(_log_dirichlet(x, alpha)))


def _log_dirichlet(x, alpha):
    x = np.asarray(x) * 1.0
    alpha = np.asarray(alpha) * 1.0
    if len(x) == len(alpha) - 1:
        x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
    powers = special.xlogy(alpha - 1, x.T)
    return special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha)) + np.sum(powers, axis=-1)


special = MODULES["special"]
known_object("stats.multivariate_normal")
known_object("stats.dirichlet")
meaning("stats.multivariate_normal.logpdf", normal_logpdf)
meaning("stats.multivariate_normal.pdf", normal_pdf)
meaning("stats.dirichlet.logpdf", dirichlet_logpdf)
meaning("stats.dirichlet.pdf", dirichlet_pdf)


# -- frozen distributions ------------------------------------------------------------------------------------------------------------


class Frozen:
    """A distribution with its parameters, `norm(loc, scale)`: its methods are those of the distribution."""

    def __init__(self, distribution, args, kwds):
        self.dist = distribution
        self.args = args
        self.kwds = kwds

    def logpdf(self, x):
        return self.dist.logpdf(x, *self.args, **self.kwds)

    def pdf(self, x):
        return self.dist.pdf(x, *self.args, **self.kwds)

    def logpmf(self, k):
        return self.dist.logpmf(k, *self.args, **self.kwds)

    def pmf(self, k):
        return self.dist.pmf(k, *self.args, **self.kwds)

    def cdf(self, x):
        return self.dist.cdf(x, *self.args, **self.kwds)

    def logcdf(self, x):
        return self.dist.logcdf(x, *self.args, **self.kwds)

    def sf(self, x):
        return self.dist.sf(x, *self.args, **self.kwds)

    def logsf(self, x):
        return self.dist.logsf(x, *self.args, **self.kwds)

    def ppf(self, q):
        return self.dist.ppf(q, *self.args, **self.kwds)

    def isf(self, q):
        return self.dist.isf(q, *self.args, **self.kwds)


for _made in (stats.norm(), stats.poisson(1.0)):
    stand_in(type(_made), Frozen)


def _frozen(distribution: Any) -> Any:
    def frozen(*args, **kwds):
        return Frozen(distribution, args, kwds)

    return frozen


for _name in (*DENSITIES, *_DISCRETE, "multivariate_normal", "dirichlet"):
    if resolve(f"stats.{_name}") is not None:
        meaning(f"stats.{_name}", _frozen(resolve(f"stats.{_name}")))
