"""Rows of the operators, and of the functions that are the same operation."""

from __future__ import annotations

from ..ir.types import BOOL
from .table import elementwise, linear, zero

PARTIAL_X = ("0.0 if known(p) and p == 0 else 1.0 if known(p) and p == 1 else "
             "rt.divide(0.5, z) if known(p) and p == 0.5 else p * x ** (p - 1) if known(p) and (p > 1 or p < 0) else rt.dpower(x, p)")
PARTIAL_P = "z * math.log(x) if known(x) and x > 0 else rt.power_log(x, p, z)"

for _text in ("x + y -> z", "np.add(x, y) -> z"):
    elementwise(_text, x="1.0", y="1.0")
for _text in ("x - y -> z", "np.subtract(x, y) -> z"):
    elementwise(_text, x="1.0", y="-1.0")
for _text in ("x * y -> z", "np.multiply(x, y) -> z"):
    elementwise(_text, x="y", y="x", product=True)
for _text in ("x / y -> z", "np.divide(x, y) -> z"):
    elementwise(_text, x="1 / y", y="-z / y", pole=True)
for _text in ("x ** p -> z", "np.power(x, p) -> z", "np.float_power(x, p) -> z", "math.pow(x, p) -> z"):
    elementwise(_text, x=PARTIAL_X, p=PARTIAL_P, pole=True, quiet=True)
for _text in ("x % y -> z", "np.remainder(x, y) -> z"):
    elementwise(_text, x="1.0", y="-(x // y)", pole=True)
for _text in ("np.fmod(x, y) -> z", "math.fmod(x, y) -> z"):
    elementwise(_text, x="1.0", y="-np.trunc(x / y)", pole=True)
elementwise("math.remainder(x, y) -> z", x="1.0", y="(z - x) / y", pole=True)
for _text in ("-x -> y", "np.negative(x) -> y"):
    elementwise(_text, x="-1.0")
for _text in ("+x -> y", "np.positive(x) -> y"):
    elementwise(_text, x="1.0")

zero("x // y", "~x", "x < y", "x <= y", "x > y", "x >= y", "x == y", "x != y", "x is y", "x is not y", "x in y", "x not in y",
     "x & y", "x | y", "x ^ y", "x << y", "x >> y")
zero("not x", op={"infer": lambda *_: BOOL})
zero("np.floor_divide", "np.less", "np.less_equal", "np.greater", "np.greater_equal", "np.equal", "np.not_equal", "np.logical_and",
     "np.logical_or", "np.logical_not", "np.logical_xor", "np.bitwise_and", "np.bitwise_or", "np.bitwise_xor", "np.invert",
     "np.left_shift", "np.right_shift", "np.bitwise_count", "np.gcd", "np.lcm")

elementwise("rt.complex_of(x, y) -> z", x="1.0", y="1j")
for _text in ("float(x) -> y", "complex(x) -> y"):
    linear(_text, x="y_bar")
