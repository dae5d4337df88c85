"""Rows of NumPy's elementwise functions: partials only, through the result where that is possible."""

from __future__ import annotations

import numpy as np

from . import views
from .table import alias, elementwise, pointwise, zero

# -- helpers of the rows below ------------------------------------------------------------------------------

elementwise("rt.absorb(g, p) -> c", g="np.where((g == 0) & np.logical_not(np.isfinite(p)), 0.0, p)", p="g", product=True, masks=True)
elementwise("rt.divide(a, b) -> c", a="rt.divide(1.0, b)", b="-rt.divide(c, b)", pole=True, quiet=True)
elementwise("rt.divide_or_zero(a, b) -> c", a="rt.divide_or_zero(1.0, b)", b="-rt.divide_or_zero(c, b)", pole=True, quiet=True)
elementwise("rt.root(x) -> y", x="rt.divide_or_zero(0.5, y)")
elementwise("rt.dpower(x, p) -> z", x="rt.absorb(p, rt.dpower(x, p - 1))",
            p="rt.power_log(x, p - 1, p * x ** (p - 1)) + x ** (p - 1)", pole=True, quiet=True)
elementwise("rt.power_log(x, p, z) -> y", x="rt.divide_or_zero(z, x)", z="rt.divide_or_zero(y, z)", p="0.0", pole=True, quiet=True)
elementwise("rt.exp_share(x, z, other=None) -> y", x="y", z="-y", other="0.0")
elementwise("rt.digamma(x) -> y", x="rt.polygamma(1, x)", pole=True)
elementwise("rt.polygamma(n, x) -> y", x="rt.polygamma(n + 1, x)", n="0.0", pole=True)
elementwise("rt.sinc_slope(x, n=1) -> y", x="rt.sinc_slope(x, n + 1)")
zero("rt.sign(x)", "rt.exceeds(x, y)", "rt.chosen(x, y, sign)", "rt.inside(x, low, high)")

# -- exponentials and logarithms ---------------------------------------------------------------------------------

elementwise("np.exp(x) -> y", x="y", pole=True)
elementwise("np.exp2(x) -> y", x="0.6931471805599453 * y", pole=True)
elementwise("np.expm1(x) -> y", x="y + 1", pole=True)
elementwise("np.log(x) -> y", x="1 / x", pole=True)
elementwise("np.log2(x) -> y", x="1.4426950408889634 / x", pole=True)
elementwise("np.log10(x) -> y", x="0.4342944819032518 / x", pole=True)
elementwise("np.log1p(x) -> y", x="1 / (1 + x)", pole=True)
elementwise("np.logaddexp(x, y) -> z", x="rt.exp_share(x, z, y)", y="rt.exp_share(y, z, x)", pole=True)
elementwise("np.logaddexp2(x, y) -> z", x="rt.exp_share(0.6931471805599453 * x, 0.6931471805599453 * z, 0.6931471805599453 * y)",
            y="rt.exp_share(0.6931471805599453 * y, 0.6931471805599453 * z, 0.6931471805599453 * x)", pole=True)

# -- powers and roots ------------------------------------------------------------------------------------------

elementwise("np.sqrt(x) -> y", x="0.5 / y", pole=True, quiet=True)
elementwise("np.cbrt(x) -> y", x="1 / (3 * y ** 2)", pole=True, quiet=True)
elementwise("np.square(x) -> y", x="2 * x")
elementwise("np.reciprocal(x) -> y", x="-y ** 2", pole=True)
elementwise("np.hypot(x, y) -> z", x="rt.divide_or_zero(x, z)", y="rt.divide_or_zero(y, z)")

# -- trigonometric and hyperbolic functions --------------------------------------------------------------------------

elementwise("np.sin(x) -> y", x="np.cos(x)")
elementwise("np.cos(x) -> y", x="-np.sin(x)")
elementwise("np.tan(x) -> y", x="1 + y ** 2", pole=True)
# On the branch cut of a complex argument 1 - x ** 2 does not tell its sides apart; the result does.
elementwise("np.arcsin(x) -> y", x="1 / np.cos(y) if kind(x) == 'c' else 1 / np.sqrt(1 - x ** 2)", pole=True, quiet=True)
elementwise("np.arccos(x) -> y", x="-1 / np.sin(y) if kind(x) == 'c' else -1 / np.sqrt(1 - x ** 2)", pole=True, quiet=True)
elementwise("np.arctan(x) -> y", x="1 / (1 + x ** 2)")
elementwise("np.arctan2(y, x) -> z", y="rt.divide_or_zero(x, x ** 2 + y ** 2)", x="-rt.divide_or_zero(y, x ** 2 + y ** 2)")
elementwise("np.sinh(x) -> y", x="np.cosh(x)", pole=True)
elementwise("np.cosh(x) -> y", x="np.sinh(x)", pole=True)
elementwise("np.tanh(x) -> y", x="1 - y ** 2")
elementwise("np.arcsinh(x) -> y", x="1 / np.sqrt(1 + x ** 2)")
elementwise("np.arccosh(x) -> y", x="1 / np.sqrt(x ** 2 - 1)", pole=True, quiet=True)
elementwise("np.arctanh(x) -> y", x="1 / (1 - x ** 2)", pole=True)
elementwise("np.sinc(x) -> y", x="rt.sinc_slope(x)")
for _name in ("np.deg2rad", "np.radians"):
    elementwise(f"{_name}(x) -> y", x="0.017453292519943295")
for _name in ("np.rad2deg", "np.degrees"):
    elementwise(f"{_name}(x) -> y", x="57.29577951308232")

# -- kinks --------------------------------------------------------------------------------------------------------

for _name in ("abs", "np.abs"):
    pointwise(f"{_name}(x) -> y", x="rt.divide_or_zero(y_bar, y) * np.conj(x) if kind(x) == 'c' else y_bar * np.sign(x)")
elementwise("np.fabs(x) -> y", x="np.sign(x)")
elementwise("np.maximum(x, y) -> z", x="rt.exceeds(x, y)", y="rt.exceeds(y, x)", masks=True)
elementwise("np.minimum(x, y) -> z", x="rt.exceeds(y, x)", y="rt.exceeds(x, y)", masks=True)
elementwise("np.fmax(x, y) -> z", x="rt.chosen(x, y, 1.0)", y="rt.chosen(y, x, 1.0)", masks=True)
elementwise("np.fmin(x, y) -> z", x="rt.chosen(x, y, -1.0)", y="rt.chosen(y, x, -1.0)", masks=True)
elementwise("np.clip(x, a_min, a_max) -> y", x="rt.inside(x, a_min, a_max)", masks=True,
            fill={"a_min": None, "a_max": None}, also={"min": "a_min", "max": "a_max"},
            a_min="rt.exceeds(a_min, x) if a_max is None else rt.exceeds(a_min, x) * rt.exceeds(a_max, np.maximum(x, a_min))",
            a_max="rt.exceeds(x, a_max) if a_min is None else rt.exceeds(np.maximum(x, a_min), a_max)")
elementwise("np.copysign(x, y) -> z", x="np.sign(x) * np.sign(z)", y="0.0")
elementwise("np.heaviside(x, y) -> z", x="0.0", y="x == 0")
pointwise("np.where(condition, x, y) -> z", x="np.where(condition, z_bar, 0.0)", y="np.where(condition, 0.0, z_bar)", masks=True)
elementwise("np.nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None) -> y", x="np.isfinite(x)", masks=True)

# -- complex numbers: the contribution is the transpose, without conjugation ------------------------------------------------

pointwise("np.real(x) -> y", x="y_bar", op={"views": (0,)}, view=views.real_part)
pointwise("np.imag(x) -> y", x="-1j * y_bar if kind(x) == 'c' else 0.0", op={"views": (0,)}, view=views.by_name("np.imag"))
pointwise("np.angle(x) -> y", x="-1j * y_bar / x if kind(x) == 'c' else 0.0 * y_bar")
for _name in ("np.conj", "rt.conj"):
    pointwise(f"{_name}(x) -> y", x="np.conj(y_bar) if kind(x) == 'c' else y_bar", op={"views": (0,)} if _name == "rt.conj" else None,
              view=views.conjugated if _name == "rt.conj" else None)

# -- piecewise constant ----------------------------------------------------------------------------------------------

zero("np.sign", real=np.lib.NumpyVersion(np.__version__) >= "2.0.0b1")  # of complex numbers z / |z|; before NumPy 2 the sign of the real part
zero("np.floor", "np.ceil", "np.trunc", "np.rint", "np.isnan", "np.isinf", "np.isfinite", "np.signbit", "np.spacing")
elementwise("np.nextafter(x, y) -> z", x="1.0", y="0.0")
zero("np.round(x, decimals=0)", "np.fix(x)")
alias("np.around", "np.round")
