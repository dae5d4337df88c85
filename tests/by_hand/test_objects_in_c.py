"""Objects that the compiler cannot look into and that carry no derivative: dates, Decimals, readers of texts. What they do is done once, and checked."""

from __future__ import annotations

import array
import csv
import datetime as dt
import decimal
import io
from fractions import Fraction

import pytest

import chainrule as cr
from tests.by_hand.cases import case, cases
from tests.gradients import gradient_is

START = dt.date(2024, 1, 15)


@case(1.5, 3)
def dates(x, n):
    d, s = dt.date(2024, 1, 15), 0.0
    for k in range(n):
        d = d + dt.timedelta(days=30 * k)
        s += x * d.month
    end = dt.date(2024, 3, 1)
    if START < end and START == dt.date(2024, 1, 15) and START != end:
        s *= x
    weekdays = sum(1 for k in range(5) if (START + dt.timedelta(days=k)).weekday() < 5)
    return s * max(START, end).month + (-(START - end)).days * x**2 + weekdays * x


@case(1.5)
def dates_as_keys(x):
    days = [START + dt.timedelta(days=k) for k in range(4)]
    by_name = {}
    for d in days:
        by_name.setdefault(d.isoformat(), []).append(x)
    weights = {START: x, days[1]: x * 2}
    return len(by_name) * x + sorted(days)[-1].day * x + weights[days[1]] ** 2 + (days[0] in weights) * x


@case(1.5)
def decimals_and_fractions(x):
    q = decimal.Decimal("0.5")
    f = Fraction(1, 3) + Fraction(1, 6)
    return x * float(-q + abs(q) * 3) + x ** int(q * 4) + x * round(q * 3) + x * float(f) * f.denominator


@case(1.5)
def rows_of_texts(x):
    rows = list(csv.DictReader(io.StringIO("a,b\n1,2\n3,4\n")))
    names = [row[0] for row in csv.reader(["a,b", "1,2"])]
    table = {row[0]: float(row[1]) for row in csv.reader(["a,3", "b,2"])}
    with io.StringIO("1 2\n3 4") as lines:
        for line in lines:
            u, v = line.split()
            x = x * float(u) + float(v)
    return sum(float(r["a"]) * x ** int(r["b"]) for r in rows) + table["a"] * x * len(names) + sum(1 for _ in csv.reader(["a", "b"])) * x


@case(1.5)
def arrays_of_the_library(x):
    a = array.array("d", [1.0, 2.0])
    return x * a[0] + sum(v * x**2 for v in a) + len(a) * x


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


def test_numbers_with_a_derivative_do_not_pass():
    with pytest.raises(cr.errors.ChainRuleError, match="Decimal"):
        cr.grad(lambda x: float(decimal.Decimal(x) * 2))(1.5)
