"""`match`: every kind of pattern, decided from the types or by the values."""

from __future__ import annotations

import enum
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from tests.by_hand.cases import X4, X, case, cases
from tests.gradients import gradient_is

Point = namedtuple("Point", "u v")
LIMIT = 3


class Mode(enum.Enum):
    SQUARE = 1
    CUBE = 2


@dataclass
class Circle:
    r: float


@dataclass
class Box:
    w: float
    h: float
    inner: object = None


@case(2.0, 0)
@case(2.0, 1)
@case(2.0, 2)
@case(2.0, 7)
def literals(x, n):
    match n:
        case 0:
            y = x
        case 1 | 2:
            y = x * x * n
        case _:
            y = x ** 3
    return y


@case(2.0)
@case(3.0)
@case(4.5)
@case(-1.0)
def values(x):
    match x:
        case 3.0:
            return 12 * x - 18
        case v if v > 4:
            y = v * v
        case v if v < 0:
            return v ** 3
        case other:
            y = other * 2
    return y * x


@case(2.0, "square")
@case(2.0, "cube")
@case(2.0, "none")
def strings(x, mode):
    match mode:
        case "square":
            return x * x
        case "cube":
            return x ** 3
    return x


@case(2.0, 3)
@case(2.0, 4)
def dotted_names(x, n):
    y = x
    mode = Mode.CUBE
    match mode:
        case Mode.SQUARE:
            y = y * y
        case Mode.CUBE:
            y = y ** 3
    match None:
        case None:
            y = y * 2
    match n > 3:
        case True:
            y = y * x
        case False:
            y = y + x
    return y


@case((1.5, 2.0))
@case((1.5, 2.0, 0.5))
@case((1.5, 2.0, 0.5, 3.0))
@case((1.5,))
def sequences(t):
    match t:
        case (a, b):
            return a * b
        case [a, b, c] if a > b:
            return a
        case [a, _, c]:
            return a * c * c
        case [a, *middle, z]:
            return a * sum(middle) * z
        case (only,):
            return only ** 2


@case([1.5, [2.0, (0.5, 3.0)], {"k": 2.5}])
def nested(t):
    match t:
        case [a, [b, (c, d)], {"k": e, **rest}] if not rest:
            return a * b * c * d * e
        case _:
            return 0.0


@case({"kind": 1.5, "size": 2.0, "x": 3.0})
@case({"size": 2.0, "x": 3.0})
def mappings(d):
    match d:
        case {"kind": k, "size": s, **rest}:
            return k * s * rest["x"] ** len(rest)
        case {"size": s}:
            return s * d["x"] ** 2


def area(shape):
    match shape:
        case Circle(r) if r > 1:
            return 3 * r * r
        case Circle(r=r):
            return r
        case Box(w, h, inner=None):
            return w * h
        case Box(w, h, Circle(r)) | Box(w, h, Box(r)):
            return w * h - r
        case Point(u, v=0.0):
            return u
        case Point(u, v):
            return u * v * v
        case float(v) | int(v):
            return v * 7
        case np.ndarray():
            return np.sum(shape)
        case str():
            return 1.0


@case(2.0)
@case(0.5)
def classes(x):
    s = area(Circle(x)) + area(Circle(x * 0.6)) + area(Box(x, 3.0)) + area(Box(x, x, Circle(x / 2))) + area(Box(x, 2.0, Box(x * x, 1.0)))
    return s + area(Point(x, 0.0)) * area(Point(x, x * 3)) + area(x) + area(3) * x + area("text") * x


@case(X4)
def in_a_loop(x):
    s = 0.0
    for k, v in enumerate(x):
        match k:
            case 0:
                s += v
            case 2:
                s *= v
                continue
            case 3 if s > 100:
                break
            case _:
                s = s * s + v
        s *= 1.5
    return s


@case(X4)
def left_by_return(x):
    s = 1.0
    for v in x:
        match v:
            case u if u > 1:
                return s * u
            case u if u < -1:
                s = s - u
        s = s * 2
    return s


@case(X)
def names_stay_bound(x):
    match (x[0], x[1]):
        case (a, b) if a > 100:
            pass
        case (c, _):
            pass
    return a * b * c


@case(2.0)
@case(-2.0)
def one_of_two(x):
    shape = Circle(x) if x > 0 else Box(x, x * 3)
    match shape:
        case Circle(r):
            return r ** 3
        case Box(w, h):
            return w * h * h


@case(X)
def arrays_are_no_sequences(x):
    match x:
        case [a, b, c]:
            return a
        case _:
            return np.sum(x ** 2)


@case(X)
def in_place(x):
    y = np.ones(3)
    for i in range(3):
        match (i, x[i] > 2):
            case (0, _):
                y[i] = x[i]
            case (_, True):
                y[i:] *= x[i]
            case (n, False):
                y[n] = x[n] ** 2
    return np.sum(y * x)


@case(X)
def nothing_fits(x):
    y = x[0]
    match len(x) > 100:
        case 5:
            y = 0.0
    return y * y


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradients(f, args):
    gradient_is(f, args)
