"""Rows of the math module. It raises where NumPy warns, so a partial that may divide by zero calls a helper that does neither."""

from __future__ import annotations

from ..ir.nodes import Let, Lit, Seq, Var
from ..ir.probe import type_of
from .call import Call
from .infer import of_real_numbers
from .table import elementwise, linear, structural, zero

elementwise("math.exp(x) -> y", x="y", pole=True)
elementwise("math.exp2(x) -> y", x="0.6931471805599453 * y", pole=True)
elementwise("math.expm1(x) -> y", x="y + 1", pole=True)
elementwise("math.log2(x) -> y", x="1.4426950408889634 / x", pole=True)
elementwise("math.log10(x) -> y", x="0.4342944819032518 / x", pole=True)
elementwise("math.log1p(x) -> y", x="1 / (1 + x)", pole=True)
elementwise("math.sqrt(x) -> y", x="rt.divide(0.5, y)", pole=True, quiet=True)
elementwise("math.cbrt(x) -> y", x="rt.divide(1.0, 3 * y ** 2)", pole=True, quiet=True)
elementwise("math.sin(x) -> y", x="math.cos(x)")
elementwise("math.cos(x) -> y", x="-math.sin(x)")
elementwise("math.tan(x) -> y", x="1 + y * y", pole=True)
elementwise("math.asin(x) -> y", x="rt.divide(1.0, math.sqrt(1 - x * x))", pole=True, quiet=True)
elementwise("math.acos(x) -> y", x="-rt.divide(1.0, math.sqrt(1 - x * x))", pole=True, quiet=True)
elementwise("math.atan(x) -> y", x="1 / (1 + x * x)")
elementwise("math.atan2(y, x) -> z", y="rt.divide_or_zero(x, x * x + y * y)", x="-rt.divide_or_zero(y, x * x + y * y)")
elementwise("math.sinh(x) -> y", x="math.cosh(x)", pole=True)
elementwise("math.cosh(x) -> y", x="math.sinh(x)", pole=True)
elementwise("math.tanh(x) -> y", x="1 - y * y")
elementwise("math.asinh(x) -> y", x="1 / math.sqrt(1 + x * x)")
elementwise("math.acosh(x) -> y", x="rt.divide(1.0, math.sqrt(x * x - 1))", pole=True, quiet=True)
elementwise("math.atanh(x) -> y", x="1 / (1 - x * x)", pole=True)
elementwise("math.degrees(x) -> y", x="57.29577951308232")
elementwise("math.radians(x) -> y", x="0.017453292519943295")
elementwise("math.fabs(x) -> y", x="rt.sign(x)")
elementwise("math.copysign(x, y) -> z", x="rt.sign(x) * rt.sign(z)", y="0.0")
elementwise("math.erf(x) -> y", x="1.1283791670955126 * math.exp(-(x * x))")
elementwise("math.erfc(x) -> y", x="-1.1283791670955126 * math.exp(-(x * x))")
elementwise("math.gamma(x) -> y", x="y * rt.digamma(x)", pole=True)
elementwise("math.lgamma(x) -> y", x="rt.digamma(x)", pole=True)
elementwise("math.ldexp(x, i) -> y", x="math.ldexp(1.0, i)")


def _log(let: Let, call: Call) -> None:
    """math.log(x) and math.log(x, base)."""
    base = let.args[1]
    assert isinstance(base, Seq)
    g, b = call.cotangent, call.b
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        value = call.operand(0)
        bottom = value if not base.items else b.emit("*", value, b.emit("math.log", call.operand(1).items[0]))  # type: ignore[union-attr]
        absorbing = call.masked()
        call.add(x, b.emit("rt.absorb", g, b.emit("/", Lit(1.0), bottom)) if absorbing else b.emit("/", g, bottom))
    if base.items and isinstance(base.items[0], Var) and call.active(base.items[0]):
        value = call.operand(1).items[0]  # type: ignore[union-attr]
        bottom = b.emit("*", value, b.emit("math.log", value))
        call.subtract(base.items[0], b.emit("/", b.emit("*", g, call.result()), bottom))


structural("math.log(x, *base) -> y", _log, op={"infer": of_real_numbers("math.log")})


def _hypot(let: Let, call: Call) -> None:
    """math.hypot(*coordinates)."""
    for k, item in enumerate(let.args[0].items):  # type: ignore[union-attr]
        if isinstance(item, Var) and call.active(item):
            value = call.operand(0).items[k]  # type: ignore[union-attr]
            slope = call.b.emit("rt.divide_or_zero", value, call.result())
            g = call.cotangent
            call.add(item, slope if isinstance(g, Lit) and g.value == 1 else call.b.emit("*", g, slope))


structural("math.hypot(*coordinates) -> y", _hypot, op={"infer": of_real_numbers("math.hypot")})


def _total(let: Let, call: Call) -> None:
    """math.fsum, sum: each element of the sequence gets the cotangent."""
    items = let.args[0]
    if isinstance(items, Seq):
        for item in items.items:
            if isinstance(item, Var) and call.active(item):
                call.add(item, call.full())
    elif isinstance(items, Var) and call.active(items):
        call.add(items, call.b.emit("rt.full_like", call.like(items), call.full(), type=type_of(items)))
    for start in let.args[1:]:
        if isinstance(start, Var) and call.active(start):
            call.add(start, call.full())


structural("math.fsum(seq) -> y", _total)
linear("rt.full_like(like, value) -> y", op={"infer": lambda like, value: type_of(like)}, like="0.0", value="rt.sum_leaves(y_bar)")
linear("rt.sum_leaves(x) -> y", x="rt.full_like(like(x), y_bar)")

zero("math.floor(x)", "math.ceil(x)", "math.trunc(x)", "math.isnan(x)", "math.isinf(x)", "math.isfinite(x)", "math.factorial(n)",
     "math.comb(n, k)", "math.isqrt(n)", "math.gcd(*integers)", "math.lcm(*integers)", "math.ulp(x)")
elementwise("math.nextafter(x, y) -> z", x="1.0", y="0.0")
zero("math.isclose(a, b, rel_tol=1e-09, abs_tol=0.0)")


def _parts(let: Let, call: Call) -> None:
    """Functions that split a number in two, of which one part carries the derivative: modf, frexp, divmod."""
    x = let.args[0]
    if isinstance(x, Var) and call.active(x):
        if let.op.endswith("frexp"):
            exponent = call.b.emit("item", call.result(), Lit(1))
            g = call.b.emit("item", call.full(), Lit(0))
            call.add(x, call.b.emit(let.op.replace("frexp", "ldexp"), g, call.b.emit("neg", exponent)))
        else:
            call.add(x, call.b.emit("item", call.full(), Lit(1 if let.op.endswith("divmod") else 0)))
    y = let.args[1] if len(let.args) > 1 else None
    if isinstance(y, Var) and call.active(y):
        quotient = call.b.emit("item", call.result(), Lit(0))
        call.subtract(y, call.b.emit("*", call.b.emit("item", call.full(), Lit(1)), quotient))


elementwise("np.ldexp(x, i) -> y", x="np.ldexp(1.0, i)")
for _text in ("math.modf(x) -> y", "np.modf(x) -> y", "math.frexp(x) -> y", "np.frexp(x) -> y", "divmod(x, y) -> z",
              "np.divmod(x, y) -> z"):
    structural(_text, _parts)
