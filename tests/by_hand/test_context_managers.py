"""`with`: managers of the user's, of contextlib and of NumPy; each way out of the body."""

from __future__ import annotations

import contextlib
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


class Stop(Exception):
    pass


@dataclass
class Scaled:
    """Doubles what is in its box when it is left."""

    box: np.ndarray
    swallow: bool = False

    def __enter__(self):
        self.box[0] += 1
        return self.box[0] * 3

    def __exit__(self, kind, error, trace):
        self.box[0] *= 2
        if kind is not None:
            self.box[0] += 5
        return self.swallow and kind is not None and issubclass(kind, ValueError)


@dataclass
class Counted:
    """Lets every exception pass."""

    box: np.ndarray
    by: float = 2.0

    def __enter__(self):
        self.box[0] += 1
        return self.box[0] * 3

    def __exit__(self, kind, error, trace):
        self.box[0] = self.box[0] * self.by
        self.by = self.by + 1.0


@contextmanager
def scaled(box, by=2.0):
    box[0] += 1
    yield box[0] * by
    box[0] *= by


@contextmanager
def guarded(box):
    try:
        yield
    except ValueError as e:
        box[0] = box[0] * e.args[0]
    else:
        box[0] = box[0] * 3
    finally:
        box[0] += 1


@case(X)
def errstate(x):
    with np.errstate(all="ignore"):
        y = np.log(x) * x
    return np.sum(y)


@case(X)
def errstate_in_a_loop(x):
    s = 0.0
    for v in x:
        with np.errstate(divide="ignore", over="raise"):
            s += np.log(v) * s + v
            if v > 2.5:
                break
    return s


@case(X)
def errstate_returns(x):
    with np.errstate(invalid="ignore"):
        return np.sum(np.sqrt(x) ** 3)


@case(X)
def a_class(x):
    box = np.zeros(1)
    counted = Counted(box, x[0])
    with counted as three:
        box[0] *= x[0]
        y = three * x[1]
    with counted:
        y = y * counted.by
    return box[0] * y * x[2]


@case(X)
def a_class_without_target(x):
    box = x.copy()
    with Scaled(box):
        box *= x
    return np.sum(box ** 2)


@case(2.0)
@case(-2.0)
def left_by_an_exception(x):
    box = np.ones(1)
    y = x
    try:
        with Scaled(box):
            box[0] *= x
            if x < 0:
                raise Stop
            y = y * 2
    except Stop:
        y = y * box[0]
    return y * box[0]


@case(2.0)
@case(-2.0)
@case(0.3)
def suppressed_by_the_manager(x):
    box = np.ones(1)
    y = x
    try:
        with Scaled(box, True):
            box[0] *= x
            if x < 0:
                raise ValueError
            if x < 1:
                raise Stop
            y = y * 2
        y = y * 5
    except Stop:
        y = y * box[0]
    return y * box[0]


@case(X4)
@case(-X4)
def left_by_continue_and_break(x):
    box = np.zeros(1)
    s = 0.0
    for v in x:
        with Scaled(box):
            if v < -1:
                continue
            box[0] *= v
            if v > 1:
                break
            s += v
        s *= 1.5
    return s + box[0]


@case(X4)
def left_by_return(x):
    box = np.zeros(1)

    def run(limit):
        for v in x:
            with Scaled(box) as b:
                if v > limit:
                    return v * b
        return x[3]

    a = run(1.0)
    b = run(50.0)
    return a * b + box[0]


@case(X)
def several_items(x):
    a, b = np.zeros(1), np.ones(1)
    with Counted(a) as p, Counted(b) as q, np.errstate(all="ignore"):
        a[0] *= x[0]
        b[0] *= a[0] * x[1]
        y = p * q * x[2]
    return y * a[0] + b[0]


@case(2.0)
@case(-2.0)
def several_items_and_an_exception(x):
    a, b = np.ones(1), np.ones(1)
    y = x
    with Scaled(a, True), Scaled(b):
        if x < 0:
            raise ValueError
        y = y * x
    return y * a[0] * x + b[0] * x


@case(X)
def of_a_function_that_yields(x):
    box = x[:1] * 1.0
    with scaled(box) as b:
        box[0] *= x[1]
        y = b * x[2]
    with scaled(box, by=3.0):
        y = y * box[0]
    return y * box[0]


@case(2.0)
@case(-2.0)
@case(0.3)
def of_a_function_that_handles(x):
    box = np.ones(1)
    y = x
    try:
        with guarded(box):
            if x < 0:
                raise ValueError(x * 3)
            if x < 1:
                raise Stop
            y = y * 2
    except Stop:
        y = y * 7
    return y * box[0]


@case(2.0)
@case(-2.0)
def of_a_function_left_by_return(x):
    box = np.ones(1)

    def run():
        with scaled(box) as b:
            if x > 0:
                return b * x
            box[0] *= x
        return x * 5

    return run() * box[0]


@case(X4)
def of_a_function_in_a_loop(x):
    box = np.ones(1)
    s = 0.0
    for v in x:
        with scaled(box, by=v) as b:
            if v < 0:
                continue
            s += b
            if v > 1:
                break
    return s * box[0]


@case(X)
def a_function_inside(x):
    @contextmanager
    def shifted(by):
        nonlocal x
        x = x + by
        yield x
        x = x * by

    with shifted(2.0) as y:
        s = np.sum(y ** 2)
    return s * np.sum(x)


@case(X4)
def suppress(x):
    s = 0.0
    for v in x:
        with contextlib.suppress(ValueError, KeyError):
            s += v
            if v < 0:
                raise ValueError
            s *= 2
    return s * x[0]


@case(X)
def null_and_warnings(x):
    with contextlib.nullcontext(x[0]) as a, contextlib.nullcontext():
        y = a * x[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = y * x[2]
    return y


@case(M)
def nested(m):
    box = np.ones(1)
    with np.errstate(all="ignore"):
        with scaled(box) as b:
            with Scaled(box) as c:
                s = np.sum(m * b * c)
    return s * box[0]


def helper(x, box):
    with Scaled(box) as b:
        return np.sum(x * b)


@case(X)
def in_a_helper(x):
    box = x[1:2] * 1.0
    return helper(x, box) * box[0] + helper(x * 2, box)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradients(f, args):
    gradient_is(f, args)


def test_floating_point_errors_are_raised_where_the_program_raises_them():
    def f(x):
        with np.errstate(divide="raise"):
            y = 1 / x
        return np.sum(y)

    before = np.geterr()
    with pytest.raises(FloatingPointError):
        cr.grad(f)(np.array([1.0, 0.0]))
    assert np.geterr() == before
    assert np.allclose(cr.grad(f)(np.array([1.0, 2.0])), [-1, -0.25])
    assert np.geterr() == before
    value, pullback = cr.vjp(f, np.array([1.0, 2.0]))
    assert np.geterr() == before
    assert np.allclose(pullback(1.0), [-1, -0.25])


def test_warnings_are_silent_where_the_program_silences_them():
    def f(x):
        with np.errstate(divide="ignore"):
            y = np.log(x)
        return np.sum(np.where(x > 0, y, 0.0)) + np.sum(np.log(x + 1))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradient = cr.value_and_grad(f)(np.array([1.0, 0.0]))
    assert np.allclose(gradient, [1.5, 1])


def test_the_settings_return_whatever_happens():
    def f(x, n):
        with np.errstate(all="raise"):
            if n > 3:
                raise Stop
            y = x * n
        return y * np.sin(x)

    before = np.geterr()
    with pytest.raises(Stop):
        cr.grad(f)(2.0, 5)
    assert np.geterr() == before
    assert np.allclose(cr.grad(f)(2.0, 2), 2 * np.sin(2.0) + 4 * np.cos(2.0))
