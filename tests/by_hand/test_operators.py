"""Operators that a class defines, and what NumPy leaves to them."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


class Dual:
    """Numbers a + b e with e * e = 0."""

    def __init__(self, a, b=0.0):
        self.a, self.b = a, b

    @staticmethod
    def lift(value):
        return value if isinstance(value, Dual) else Dual(value)

    def __add__(self, other):
        other = Dual.lift(other)
        return Dual(self.a + other.a, self.b + other.b)

    __radd__ = __add__

    def __mul__(self, other):
        other = Dual.lift(other)
        return Dual(self.a * other.a, self.a * other.b + self.b * other.a)

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Dual.lift(other)

    def __rsub__(self, other):
        return other + -self

    def __truediv__(self, other):
        other = Dual.lift(other)
        return Dual(self.a / other.a, (self.b * other.a - self.a * other.b) / other.a ** 2)

    def __rtruediv__(self, other):
        return Dual.lift(other) / self

    def __pow__(self, n):
        return Dual(self.a ** n, n * self.a ** (n - 1) * self.b)

    def __rpow__(self, base):
        value = base ** self.a
        return Dual(value, value * math.log(base) * self.b)

    def __abs__(self):
        return Dual(abs(self.a), self.b if self.a > 0 else -self.b)

    def __lt__(self, other):
        return self.a < Dual.lift(other).a

    def __eq__(self, other):
        return self.a == other.a

    def __bool__(self):
        return bool(self.a != 0.0)

    def __float__(self):
        return float(self.a)


@case(X)
def dual_numbers(x):
    d = Dual(x[0], 1.0)
    e = (3.0 * d + d * d - 1.0) / (d + 2) + 1 / d - (2.0 - d) ** 3 + 2.0 ** d + abs(-d)
    return e.b * x[1] + e.a


@case(X)
def numpy_numbers_on_the_left(x):
    d = Dual(x[1], x[2])
    e = x[0] * d + x[2] - np.sum(x) / d + np.float64(2.0) * d
    return e.b * e.a


@case(X)
def a_newton_iteration(x):
    z = Dual(x[0] + 1.0, 1.0)
    for _ in range(5):
        f = z * z - x[1]
        z = Dual(z.a - f.a / f.b, 1.0)
    return z.a * x[2]


@case(X)
def conditions_on_objects(x):
    d, e = Dual(x[0], 1.0), Dual(x[1], 2.0)
    total = 0.0
    if d:
        total += d.a * 2.0
    if d < e and not (d == e):
        total += e.a
    if d > e:
        total += 100.0
    if d != e:
        total = total * x[2]
    best = d if d < 1.5 else e
    return total + float(best) * best.b


class Quaternion:
    def __init__(self, w, v):
        self.w, self.v = w, v

    def __mul__(self, other):
        if not isinstance(other, Quaternion):
            return NotImplemented
        return Quaternion(self.w * other.w - self.v @ other.v, self.w * other.v + other.w * self.v + np.cross(self.v, other.v))

    def __add__(self, other):
        return Quaternion(self.w + other.w, self.v + other.v)

    def __invert__(self):
        return Quaternion(self.w, -self.v)


class DualQuaternion:
    """Rigid motions."""

    def __init__(self, real, dual):
        self.real, self.dual = real, dual

    def __matmul__(self, other):
        return DualQuaternion(self.real * other.real, self.real * other.dual + self.dual * other.real)

    def __call__(self, point):
        moved = self @ DualQuaternion(Quaternion(1.0, np.zeros(3)), Quaternion(0.0, point)) @ DualQuaternion(~self.real, Quaternion(-self.dual.w, self.dual.v))
        return moved.dual.v

    @classmethod
    def of(cls, angle, axis, shift):
        real = Quaternion(math.cos(angle / 2), axis * math.sin(angle / 2))
        return cls(real, Quaternion(0.0, 0.5 * shift) * real)


@case(X, 3)
def dual_quaternions(x, n):
    pose = DualQuaternion.of(0.0, np.array([0.0, 0.0, 1.0]), np.zeros(3))
    joint = DualQuaternion.of(x[0], np.array([0.0, 0.6, 0.8]), x)
    for _ in range(n):
        pose = pose @ joint
    return np.sum(pose(np.array([1.0, x[1], 2.0])) ** 2)


class Matrix:
    """An array, with operators that NumPy leaves to it."""

    __array_ufunc__ = None

    def __init__(self, data):
        self.data = data

    def __matmul__(self, other):
        return Matrix(self.data @ (other.data if isinstance(other, Matrix) else other))

    def __rmatmul__(self, other):
        return Matrix(other @ self.data * 2.0)

    def __add__(self, other):
        return Matrix(self.data + (other.data if isinstance(other, Matrix) else other))

    def __radd__(self, other):
        return Matrix(3.0 * other + self.data)

    def __iadd__(self, other):
        self.data += other.data if isinstance(other, Matrix) else other
        return self

    def __isub__(self, other):
        self.data = self.data - other
        return self

    def __imul__(self, other):
        return Matrix(self.data * other)

    def __rtruediv__(self, other):
        return Matrix(other / self.data)

    def __getitem__(self, index):
        return self.data[index]

    def __setitem__(self, index, value):
        self.data[index] = value

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return iter(self.data)

    def __contains__(self, value):
        return np.any(self.data == value)

    def __gt__(self, other):
        return np.sum(self.data) > other

    @property
    def T(self):
        return Matrix(self.data.T)


@case(M, X)
def matrix_class(m, x):
    a = Matrix(m * 1.0)
    b = a @ a.T + np.eye(2) + Matrix(np.ones((2, 2)))
    c = m @ (x + Matrix(x * 2.0)).data
    d = (m.T @ b).data
    e = 1.0 / b
    return np.sum(c) + np.sum(d * d) + np.sum(e.data) + np.sum((x @ a.T).data)


@case(M)
def in_place_operators(m):
    a = Matrix(m * 1.0)
    b = a
    a += m
    a -= 1.0
    c = a
    a *= 3.0
    a[0, 1] = m[1, 0] ** 2
    a[1] += a[0] * 2.0
    c[0, 0] *= m[0, 0]
    return np.sum(a.data * b.data) + np.sum(c.data) + (1.0 if b is c else 0.0)


@case(X)
def items_of_objects(x):
    a = Matrix(x * 2.0)
    total = 0.0
    for k in range(3):
        total += a[k] ** 2
    for k in range(len(a)):
        a[k] = a[k] * total
    if a > 0.0 and 77.0 not in a:
        total += a[-1]
    return total + np.sum(a.data[:2])


class Base:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return 2.0 * self.v + other.v

    def __radd__(self, other):
        return 1.0

    def __lt__(self, other):
        return False


class Derived(Base):
    def __radd__(self, other):
        return 10.0 * self.v + other.v

    def __gt__(self, other):
        return True


class Silent:
    def __init__(self, v):
        self.v = v


class Polite:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return NotImplemented

    def __radd__(self, other):
        return self.v * 5.0


@case(X)
def a_subclass_is_asked_first(x):
    a, b = Base(x[0]), Derived(x[1])
    return (a + b) + 100.0 * (b + a) + (b + b) + (1.0 if a < b else 2.0)


@case(X)
def reflected_where_the_left_declines(x):
    return (Polite(x[0]) + Base(x[1])) * x[2] + (Silent(x[1]) + Polite(x[2])) ** 2 + (x[0] + Polite(x[1]))


@functools.total_ordering
class Ranked:
    def __init__(self, key):
        self.key = key

    def __eq__(self, other):
        return self.key == other.key

    def __lt__(self, other):
        return self.key < other.key


@case(X)
def total_ordering(x):
    a, b = Ranked(x[0]), Ranked(x[1])
    total = 0.0
    if a <= b:
        total += x[0] * 2.0
    if a >= b:
        total += x[1] * 3.0
    if b > a:
        total *= x[2]
    return total


class Complex(NamedTuple):
    re: float
    im: float

    def __add__(self, other):
        return Complex(self.re + other.re, self.im + other.im)

    def __mul__(self, other):
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __abs__(self):
        return math.hypot(self.re, self.im)


@case(X, 3)
def operators_of_named_tuples(x, n):
    z = Complex(0.0, 0.0)
    c = Complex(0.1 * x[0], 0.1 * x[1])
    for _ in range(n):
        z = z * z + c
    return abs(z) + z[0] * x[2]


class Polynomial:
    def __init__(self, coefficients):
        self.coefficients = coefficients

    def __call__(self, t):
        total = 0.0
        for c in reversed(self.coefficients):
            total = total * t + c
        return total

    def __mul__(self, other):
        return Polynomial(np.convolve(self.coefficients, other.coefficients)) if isinstance(other, Polynomial) else Polynomial(self.coefficients * other)

    def derivative(self):
        return Polynomial(self.coefficients[1:] * np.arange(1, len(self.coefficients)))


@case(X4)
def polynomial(x):
    p = Polynomial(x)
    return p(0.7) * p.derivative()(x[0]) + (p * 2.0)(x[1])


class Money:
    def __init__(self, amount, currency):
        self.amount, self.currency = amount, currency

    def __add__(self, other):
        if not isinstance(other, Money):
            return NotImplemented
        if other.currency != self.currency:
            raise ValueError("currencies differ")
        return Money(self.amount + other.amount, self.currency)

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    def __round__(self, digits=0):
        return Money(self.amount, self.currency)

    def __len__(self):
        return 3


@case(X)
def sum_of_objects(x):
    total = sum([Money(x[0], "EUR"), Money(x[1] * x[2], "EUR")])
    return total.amount * len(total) + round(total).amount


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)


# -- what NumPy makes of objects -----------------------------------------------------------------------------------------


class Sized:
    """NumPy takes it for an array of its items."""

    def __init__(self, v):
        self.v = v

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.v[index]

    def __rmul__(self, other):
        return 1000.0

    def __radd__(self, other):
        return 1000.0


class High(Sized):
    __array_priority__ = 10.0


class Unfamiliar:
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return 1.0

    def __rmul__(self, other):
        return 2.0


def number_times_a_sequence(x):
    return np.sum(x[0] * Sized(x))


def array_plus_an_object(x):
    return np.sum(x + Dual(x[0])).a


def array_plus_equals_an_object(x):
    y = x * 1.0
    y += Dual(x[0])
    return y[0]


def a_ufunc_of_an_object(x):
    return np.sin(Dual(x[0]))


def an_object_with_its_own_ufunc(x):
    return x[0] * (x * Unfamiliar())


@pytest.mark.parametrize("f", [number_times_a_sequence, array_plus_an_object, array_plus_equals_an_object, a_ufunc_of_an_object,
                               an_object_with_its_own_ufunc])
def test_what_numpy_would_do_is_refused(f):
    with pytest.raises(cr.UnsupportedError, match="NumPy"):
        cr.grad(f)(X.copy())


def test_a_higher_priority():
    def f(x):
        return x[0] * High(x) * x[1] + (x + High(x)) * x[2]

    gradient_is(f, (X,))


def no_operator(x):
    return (Silent(x[0]) + 1.0).v


def no_order(x):
    return 1.0 if Silent(x[0]) < Silent(x[1]) else x[0]


def no_items(x):
    return Silent(x)[0]


def not_callable(x):
    return Silent(x)(0)


@pytest.mark.parametrize("f", [no_operator, no_order, no_items, not_callable])
def test_type_errors(f):
    with pytest.raises(TypeError):
        f(X.copy())
    with pytest.raises(TypeError):
        cr.value_and_grad(f)(X.copy())
