"""Names and attributes that have no value on the path taken: what Python raises is raised, by `grad` as by `value_and_grad`."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from tests.gradients import gradient_is

X = np.array([1.1, 2.3, 0.4])
PROGRAMS = []


class Thing:
    pass


def program(f):
    PROGRAMS.append(pytest.param(f, id=f.__name__))
    return f


@program
def read_by_an_inner_function(x, n):
    def g():
        return y * x[0]
    if n > 1:
        y = x[1]
    return g() * 2


@program
def read_by_a_lambda(x, n):
    g = lambda t: t * y  # noqa: E731
    s = 0.0
    for i in range(n):
        s += 1.0 if i == 0 else g(x[i])
        if i >= 2:
            y = x[0]
        if i == 0 and n > 2:
            y = x[1]*2
    return s * x[0]


@program
def handled(x, n):
    if n > 1:
        y = x[1]
    try:
        r = y * x[0]
    except NameError:
        r = x[2]
    return r * x[2]


@program
def deleted_in_a_loop(x, n):
    y = x[0]
    for i in range(n):
        y = y * x[i]
        if i == 1:
            del y
    return y


@program
def read_in_a_comprehension(x, n):
    if n > 1:
        y = x[1]
    return sum([y * v for v in x])


@program
def bound_in_a_generator(x, n):
    def g():
        for i in range(n):
            z = x[i]
            yield z
        yield z * 2
    return sum(g())


@program
def augmented(x, n):
    if n > 1:
        t = x[0]
    t += x[1]
    return t * t


@program
def bound_in_a_while_loop(x, n):
    i = 0
    while i < n:
        last = x[i] * x[i]
        i += 1
    return last


@program
def bound_before_a_break(x, n):
    for i in range(3):
        if i >= n:
            break
        last = x[i] * x[i]
    return last


@program
def the_target_of_a_loop(x, n):
    for i in range(n):
        pass
    return x[i] * x[0]


@program
def read_on_a_path_not_taken(x, n):
    s = 0.0
    for i in range(3):
        if x[i] > 100:
            q = x[i]
        if i > 5:
            s += q
        s += x[i]
    return s


@program
def bound_by_a_match(x, n):
    match n:
        case 1:
            y = x[0]
        case 2:
            y = x[1]
    return y * y


@program
def unpacked(x, n):
    if n > 1:
        a, (b, c) = x[0], (x[1], x[2])
    return a * b * c


@program
def an_array_that_is_written(x, n):
    if n > 1:
        a = x * 2
    a[0] = 1.0
    return np.sum(a * x)


@program
def bound_in_a_try(x, n):
    try:
        if n < 2:
            raise ValueError(3)
        y = x[0]
    except ValueError as e:
        z = x[1]
    return y * x[2]


@program
def attributes_asked_for(x, n):
    a = Thing()
    if n > 1:
        a.v = x[0]
    if n > 0:
        a.w = x[1]
    return getattr(a, 'v', x[2]) * (2.0 if hasattr(a, 'w') else 3.0) * a.w


@program
def a_function(x, n):
    if n > 1:
        def h(t):
            return t * t
    return h(x[0])


@program
def a_deleted_attribute(x, n):
    a = Thing()
    a.v = x[0]
    if n < 2:
        del a.v
    return a.v * x[1]


@program
def an_attribute_set_in_a_loop(x, n):
    a = Thing()
    for i in range(n):
        a.last = x[i] * x[0]
    return a.last


@program
def bound_in_nested_loops(x, n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            if i == 1 and j == 0:
                w = x[i] * x[j]
        s += x[i]
    return s * w


@program
def bound_in_loops_one_after_the_other(x, n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            if i == 1 and j == 0:
                w = x[i] * x[j]
        for j in range(n):
            if i == 0 and j == 1:
                w = x[i] * x[j] * 2
        if i == 7:
            w = x[0]
        s += x[i]
    return s * w


@program
def arrays_bound_in_nested_loops(x, n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            if i == 1 and j == 0:
                w = x * x[j]
        s += x[i]
    return s * np.sum(w)


@program
def read_again_in_a_loop(x, n):
    if n > 1:
        y = x[1] * x[1]
    s = 0.0
    for i in range(3):
        s += y * x[i]
    return s * y


def raised_by(f, n):
    try:
        f(X, n)
    except (NameError, AttributeError) as error:
        return error
    return None


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("f", PROGRAMS)
def test_as_python_does(f, n):
    error = raised_by(f, n)
    if error is None:
        gradient_is(lambda x: f(x, n), (X,))
        return
    for transform in (cr.grad, cr.value_and_grad):
        with pytest.raises(type(error)) as raised:
            transform(f)(X, n)
        assert str(raised.value) == str(error)
        assert type(raised.value) is type(error)


def test_nothing_is_left_of_flags_that_are_known():
    def bound(x):
        for i in range(3):
            last = x[i] * x[i]
        with np.errstate(all="ignore"):
            y = last * 2
        return y * last

    assert "raise" not in cr.grad(bound).source_for(X)


def called_underscore(x, _):
    __ = x[0] * _
    for i in range(2):
        for k in range(len(x)):
            __ = __ + x[k] * x[i]
    for i in range(2):
        __ = __ * _
    return __ * _


def test_names_that_the_generated_code_uses_for_what_nobody_reads():
    gradient_is(called_underscore, (X, 0.7))
