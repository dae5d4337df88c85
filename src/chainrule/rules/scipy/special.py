"""Rows of scipy.special: the functions whose derivatives are elementary, or functions of the same family.

In rows the module is called `special`. What a row does not name (the order of a Bessel function, the
parameters of a distribution) has a derivative too, but none in closed form: it is refused, never taken for zero.
"""

from __future__ import annotations

import math

from ..table import elementwise, meaning, rule, zero
from . import module
from .meanings import special as meanings

module("special")

ROOT_PI = math.sqrt(math.pi)
TWO_BY_ROOT_PI = repr(2 / ROOT_PI)
ROOT_2PI = repr(math.sqrt(2 * math.pi))

# -- error functions and the normal distribution ---------------------------------------------------------------------

elementwise("special.erf(x) -> y", x=f"{TWO_BY_ROOT_PI} * np.exp(-x ** 2)")
elementwise("special.erfc(x) -> y", x=f"-{TWO_BY_ROOT_PI} * np.exp(-x ** 2)")
elementwise("special.erfcx(x) -> y", x=f"2 * x * y - {TWO_BY_ROOT_PI}", pole=True)
elementwise("special.erfi(x) -> y", x=f"{TWO_BY_ROOT_PI} * np.exp(x ** 2)", pole=True)
elementwise("special.dawsn(x) -> y", x="1 - 2 * x * y")
elementwise("special.erfinv(x) -> y", x=f"{ROOT_PI / 2!r} * np.exp(y ** 2)", pole=True)
elementwise("special.erfcinv(x) -> y", x=f"-{ROOT_PI / 2!r} * np.exp(y ** 2)", pole=True)
elementwise("special.ndtr(x) -> y", x=f"np.exp(-0.5 * x ** 2) / {ROOT_2PI}")
elementwise("special.ndtri(x) -> y", x=f"{ROOT_2PI} * np.exp(0.5 * y ** 2)", pole=True)
elementwise("special.log_ndtr(x) -> y", x=f"np.exp(-0.5 * x ** 2 - y) / {ROOT_2PI}")
elementwise("special.ndtri_exp(x) -> y", x=f"{ROOT_2PI} * np.exp(x + 0.5 * y ** 2)", pole=True)
elementwise("special.owens_t(h, a) -> t", h=f"-np.exp(-0.5 * h ** 2) * special.erf(h * a / {math.sqrt(2)!r}) / {2 * math.sqrt(2 * math.pi)!r}",
            a=f"np.exp(-0.5 * h ** 2 * (1 + a ** 2)) / ({2 * math.pi!r} * (1 + a ** 2))")

# -- sums of exponentials ------------------------------------------------------------------------------------------------

_SHARE = "spread(y_bar, a, axis, keepdims) * rt.exp_share(a, spread(y, a, axis, keepdims))"
rule("special_rt.logsumexp(a, b=None, axis=None, keepdims=False) -> y", a=f"{_SHARE} if b is None else b * {_SHARE}", b=_SHARE, op={"cheap": False})
rule("special.softmax(x, axis=None) -> y", x="y * (y_bar - np.sum(y_bar * y, axis, keepdims=True))", op={"cheap": False})
rule("special.log_softmax(x, axis=None) -> y", x="y_bar - np.exp(y) * np.sum(y_bar, axis, keepdims=True)", op={"cheap": False})
for _name in meanings.__all__:
    meaning(f"special.{_name}", getattr(meanings, _name))

# -- logistic functions, entropies, powers -----------------------------------------------------------------------------

elementwise("special.expit(x) -> y", x="y * (1 - y)")
elementwise("special.logit(x) -> y", x="1 / (x * (1 - x))", pole=True)
elementwise("special.log_expit(x) -> y", x="special.expit(-x)")
elementwise("special.exp2(x) -> y", x="0.6931471805599453 * y", pole=True)
elementwise("special.exp10(x) -> y", x="2.302585092994046 * y", pole=True)
elementwise("special.expm1(x) -> y", x="y + 1", pole=True)
elementwise("special.log1p(x) -> y", x="1 / (1 + x)", pole=True)
elementwise("special.cbrt(x) -> y", x="1 / (3 * y ** 2)", pole=True, quiet=True)
elementwise("special.exprel(x) -> y", x="np.where(np.abs(x) < 1e-5, 0.5 + x / 3, rt.divide_or_zero((x - 1) * y + 1, x))", pole=True)
elementwise("special.cosm1(x) -> y", x="-np.sin(x)")
elementwise("special.powm1(x, p) -> y", x="rt.dpower(x, p)", p="rt.power_log(x, p, y + 1)", pole=True, quiet=True)
elementwise("special.sindg(x) -> y", x="0.017453292519943295 * special.cosdg(x)")
elementwise("special.cosdg(x) -> y", x="-0.017453292519943295 * special.sindg(x)")
elementwise("special.tandg(x) -> y", x="0.017453292519943295 * (1 + y ** 2)", pole=True)
elementwise("special.cotdg(x) -> y", x="-0.017453292519943295 * (1 + y ** 2)", pole=True)
elementwise("special.radian(d, m, s) -> y", d="0.017453292519943295", m="0.0002908882086657216", s="4.84813681109536e-06")
elementwise("special.xlogy(x, y) -> z", x="np.log(y)", y="rt.divide_or_zero(x, y)", pole=True)
elementwise("special.xlog1py(x, y) -> z", x="np.log1p(y)", y="rt.divide_or_zero(x, 1 + y)", pole=True)
elementwise("special.entr(x) -> y", x="-1 - np.log(x)", pole=True)
elementwise("special.rel_entr(x, y) -> z", x="np.log(x / y) + 1", y="-rt.divide_or_zero(x, y)", pole=True)
elementwise("special.kl_div(x, y) -> z", x="np.log(x / y)", y="1 - rt.divide_or_zero(x, y)", pole=True)
elementwise("special.boxcox(x, p) -> y", x="rt.dpower(x, p) / p", p="((p * np.log(x) - 1) * x ** p + 1) / p ** 2", pole=True)
elementwise("special.boxcox1p(x, p) -> y", x="(1 + x) ** (p - 1)", p="((p * np.log1p(x) - 1) * (1 + x) ** p + 1) / p ** 2", pole=True)
elementwise("special.inv_boxcox(y, p) -> x", y="x / (1 + p * y)", p="x * (y * p / (1 + p * y) - np.log1p(p * y)) / p ** 2", pole=True)
elementwise("special.inv_boxcox1p(y, p) -> x", y="(1 + x) / (1 + p * y)", p="(1 + x) * (y * p / (1 + p * y) - np.log1p(p * y)) / p ** 2", pole=True)
elementwise("special.huber(delta, r) -> y", r="np.clip(r, -delta, delta)", delta="np.maximum(np.abs(r) - delta, 0.0)")
elementwise("special.pseudo_huber(delta, r) -> y", r="r / np.sqrt(1 + (r / delta) ** 2)",
            delta="2 * y / delta - (r / delta) ** 2 * delta / np.sqrt(1 + (r / delta) ** 2)")

# -- gamma and its relatives ----------------------------------------------------------------------------------------------

elementwise("special.gamma(x) -> y", x="y * special.psi(x)", pole=True)
elementwise("special.gammaln(x) -> y", x="special.psi(x)", pole=True)
elementwise("special.loggamma(x) -> y", x="special.psi(x)", pole=True)
elementwise("special.rgamma(x) -> y", x="-y * special.psi(x)", pole=True)
elementwise("special.psi(x) -> y", x="special.zeta(2, x)", pole=True)
elementwise("special.zeta(x, q) -> y", q="-x * special.zeta(x + 1, q)", pole=True)
elementwise("special.beta(a, b) -> y", a="y * (special.psi(a) - special.psi(a + b))", b="y * (special.psi(b) - special.psi(a + b))", pole=True)
elementwise("special.betaln(a, b) -> y", a="special.psi(a) - special.psi(a + b)", b="special.psi(b) - special.psi(a + b)", pole=True)
elementwise("special.poch(z, m) -> y", z="y * (special.psi(z + m) - special.psi(z))", m="y * special.psi(z + m)", pole=True)
elementwise("special.binom(m, k) -> y", m="y * (special.psi(m + 1) - special.psi(m - k + 1))", k="y * (special.psi(m - k + 1) - special.psi(k + 1))", pole=True)
elementwise("special.gammainc(a, x) -> y", x="np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))")
elementwise("special.gammaincc(a, x) -> y", x="-np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))")
elementwise("special.gammaincinv(a, y) -> x", y="np.exp(special.gammaln(a) + x - special.xlogy(a - 1, x))", pole=True)
elementwise("special.gammainccinv(a, y) -> x", y="-np.exp(special.gammaln(a) + x - special.xlogy(a - 1, x))", pole=True)
elementwise("special.betainc(a, b, x) -> y", x="np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))")
elementwise("special.betaincc(a, b, x) -> y", x="-np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))")
elementwise("special.betaincinv(a, b, y) -> x", y="np.exp(special.betaln(a, b) - special.xlogy(a - 1, x) - special.xlog1py(b - 1, -x))", pole=True)

# -- distributions: in the variable ------------------------------------------------------------------------------------------

elementwise("special.stdtr(df, t) -> p", t="np.exp(-special.betaln(df / 2, 0.5) - (df + 1) / 2 * np.log1p(t ** 2 / df)) / np.sqrt(df)")
elementwise("special.stdtrit(df, p) -> t", p="np.sqrt(df) * np.exp(special.betaln(df / 2, 0.5) + (df + 1) / 2 * np.log1p(t ** 2 / df))", pole=True)
elementwise("special.chdtr(v, x) -> p", x="0.5 * np.exp(special.xlogy(v / 2 - 1, x / 2) - x / 2 - special.gammaln(v / 2))")
elementwise("special.chdtrc(v, x) -> p", x="-0.5 * np.exp(special.xlogy(v / 2 - 1, x / 2) - x / 2 - special.gammaln(v / 2))")
elementwise("special.gdtr(a, b, x) -> p", x="a * np.exp(special.xlogy(b - 1, a * x) - a * x - special.gammaln(b))",
            a="x * np.exp(special.xlogy(b - 1, a * x) - a * x - special.gammaln(b))")
elementwise("special.gdtrc(a, b, x) -> p", x="-a * np.exp(special.xlogy(b - 1, a * x) - a * x - special.gammaln(b))",
            a="-x * np.exp(special.xlogy(b - 1, a * x) - a * x - special.gammaln(b))")
elementwise("special.pdtr(k, m) -> p", m="-np.exp(special.xlogy(np.floor(k), m) - m - special.gammaln(np.floor(k) + 1))")
elementwise("special.pdtrc(k, m) -> p", m="np.exp(special.xlogy(np.floor(k), m) - m - special.gammaln(np.floor(k) + 1))")
elementwise("special.fdtr(dfn, dfd, x) -> p", x="np.exp(special.xlogy(dfn / 2, dfn) + special.xlogy(dfd / 2, dfd) + special.xlogy(dfn / 2 - 1, x) "
            "- (dfn + dfd) / 2 * np.log(dfd + dfn * x) - special.betaln(dfn / 2, dfd / 2))")
elementwise("special.fdtrc(dfn, dfd, x) -> p", x="-np.exp(special.xlogy(dfn / 2, dfn) + special.xlogy(dfd / 2, dfd) + special.xlogy(dfn / 2 - 1, x) "
            "- (dfn + dfd) / 2 * np.log(dfd + dfn * x) - special.betaln(dfn / 2, dfd / 2))")

# -- Bessel functions: in the argument ------------------------------------------------------------------------------------------

elementwise("special.j0(x) -> y", x="-special.j1(x)")
elementwise("special.j1(x) -> y", x="0.5 * (special.j0(x) - special.jv(2, x))")
elementwise("special.y0(x) -> y", x="-special.y1(x)", pole=True)
elementwise("special.y1(x) -> y", x="0.5 * (special.y0(x) - special.yv(2, x))", pole=True)
elementwise("special.i0(x) -> y", x="special.i1(x)", pole=True)
elementwise("special.i1(x) -> y", x="0.5 * (special.i0(x) + special.iv(2, x))", pole=True)
elementwise("special.k0(x) -> y", x="-special.k1(x)", pole=True)
elementwise("special.k1(x) -> y", x="-0.5 * (special.k0(x) + special.kv(2, x))", pole=True)
elementwise("special.jv(v, x) -> y", x="0.5 * (special.jv(v - 1, x) - special.jv(v + 1, x))")
elementwise("special.jn(v, x) -> y", x="0.5 * (special.jv(v - 1, x) - special.jv(v + 1, x))")
elementwise("special.yv(v, x) -> y", x="0.5 * (special.yv(v - 1, x) - special.yv(v + 1, x))", pole=True)
elementwise("special.yn(v, x) -> y", x="0.5 * (special.yv(v - 1, x) - special.yv(v + 1, x))", pole=True)
elementwise("special.iv(v, x) -> y", x="0.5 * (special.iv(v - 1, x) + special.iv(v + 1, x))", pole=True)
elementwise("special.kv(v, x) -> y", x="-0.5 * (special.kv(v - 1, x) + special.kv(v + 1, x))", pole=True)
elementwise("special.kn(v, x) -> y", x="-0.5 * (special.kv(v - 1, x) + special.kv(v + 1, x))", pole=True)
elementwise("special.i0e(x) -> y", x="special.i1e(x) - np.sign(x) * y")
elementwise("special.i1e(x) -> y", x="0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * y")
elementwise("special.ive(v, x) -> y", x="0.5 * (special.ive(v - 1, x) + special.ive(v + 1, x)) - np.sign(x) * y")
elementwise("special.k0e(x) -> y", x="y - special.k1e(x)", pole=True)
elementwise("special.k1e(x) -> y", x="y - 0.5 * (special.k0e(x) + special.kve(2, x))", pole=True)
elementwise("special.kve(v, x) -> y", x="y - 0.5 * (special.kve(v - 1, x) + special.kve(v + 1, x))", pole=True)
elementwise("special.struve(v, x) -> y", x="special.struve(v - 1, x) - v * y / x", pole=True)
elementwise("special.modstruve(v, x) -> y", x="special.modstruve(v - 1, x) - v * y / x", pole=True)

# -- elliptic and exponential integrals, hypergeometric functions ------------------------------------------------------------------

elementwise("special.ellipk(m) -> y", m="(special.ellipe(m) - (1 - m) * y) / (2 * m * (1 - m))", pole=True)
elementwise("special.ellipkm1(p) -> y", p="-(special.ellipe(1 - p) - p * y) / (2 * p * (1 - p))", pole=True)
elementwise("special.ellipe(m) -> y", m="(y - special.ellipk(m)) / (2 * m)", pole=True)
elementwise("special.ellipkinc(phi, m) -> y", phi="1 / np.sqrt(1 - m * np.sin(phi) ** 2)",
            m="(special.ellipeinc(phi, m) - (1 - m) * y) / (2 * m * (1 - m)) - np.sin(2 * phi) / (4 * (1 - m) * np.sqrt(1 - m * np.sin(phi) ** 2))", pole=True)
elementwise("special.ellipeinc(phi, m) -> y", phi="np.sqrt(1 - m * np.sin(phi) ** 2)", m="(y - special.ellipkinc(phi, m)) / (2 * m)", pole=True)
elementwise("special.exp1(x) -> y", x="-np.exp(-x) / x", pole=True)
elementwise("special.expi(x) -> y", x="np.exp(x) / x", pole=True)
elementwise("special.expn(order, x) -> y", x="-special.expn(order - 1, x)", pole=True)
elementwise("special.spence(z) -> y", z="np.where(np.abs(z - 1) < 1e-8, -1.0 + (z - 1) / 2, rt.divide_or_zero(np.log(z), 1 - z))", pole=True)
elementwise("special.hyp0f1(v, x) -> y", x="special.hyp0f1(v + 1, x) / v")
elementwise("special.hyp1f1(a, b, x) -> y", x="a / b * special.hyp1f1(a + 1, b + 1, x)", pole=True)
elementwise("special.hyp2f1(a, b, c, x) -> y", x="a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, x)", pole=True)
elementwise("special.hyperu(a, b, x) -> y", x="-a * special.hyperu(a + 1, b + 1, x)", pole=True)
elementwise("special.wrightomega(x) -> y", x="y / (1 + y)")

# -- orthogonal polynomials: in the argument -----------------------------------------------------------------------------------------

elementwise("special.eval_legendre(degree, x) -> y", x="(degree + 1) / 2 * special.eval_jacobi(degree - 1, 1, 1, x)")
elementwise("special.eval_jacobi(degree, a, b, x) -> y", x="(degree + a + b + 1) / 2 * special.eval_jacobi(degree - 1, a + 1, b + 1, x)")
elementwise("special.eval_chebyt(degree, x) -> y", x="degree * special.eval_chebyu(degree - 1, x)")
elementwise("special.eval_chebyu(degree, x) -> y", x="2 * special.eval_gegenbauer(degree - 1, 2, x)")
elementwise("special.eval_gegenbauer(degree, a, x) -> y", x="2 * a * special.eval_gegenbauer(degree - 1, a + 1, x)")
elementwise("special.eval_hermite(degree, x) -> y", x="2 * degree * special.eval_hermite(degree - 1, x)")
elementwise("special.eval_hermitenorm(degree, x) -> y", x="degree * special.eval_hermitenorm(degree - 1, x)")
elementwise("special.eval_laguerre(degree, x) -> y", x="-special.eval_genlaguerre(degree - 1, 1, x)")
elementwise("special.eval_genlaguerre(degree, a, x) -> y", x="-special.eval_genlaguerre(degree - 1, a + 1, x)")

zero("special.gammasgn(x)", "special.round(x)")
