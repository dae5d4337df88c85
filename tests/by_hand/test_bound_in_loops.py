"""Names that a loop binds on some of its paths only: on the others they keep the value of an earlier iteration."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from tests.by_hand.cases import X, case, cases
from tests.gradients import gradient_is


@case(X, 3)
def bound_until_the_test_fails(x, n):
    k = 0
    while k < n:
        v = x[k] * 2
        k += 1
    return v * v


@case(X, 3)
def bound_after_continue(x, n):
    for k in range(n):
        if k == 2:
            continue
        v = x[k] * 2
    return v * v


@case(X, 3)
def bound_in_a_branch(x, n):
    for i in range(n):
        if i < 2:
            v = x[i]
    return v * v


@case(X, 3)
def bound_in_the_test(x, n):
    s = 0.0
    i = 0
    while i < n and (v := x[i]) > 0:
        s += v * v
        i += 1
    return s + v


@case(X, 3)
def bound_in_a_with(x, n):
    s = 0.0
    for k in range(n):
        with suppress(ValueError):
            if k == 1:
                raise ValueError
            before = x[k]
        s += before * k
    return s


@case(X, 3)
def bound_in_a_case(x, n):
    s = 0.0
    for k in range(n):
        match k:
            case 0 | 2:
                u = x[k]
        s += u * u
    return s


@case(X, 3)
def bound_in_a_try(x, n):
    s = 0.0
    for k in range(n):
        try:
            if k == 1:
                raise ValueError
            u = x[k]
        except ValueError:
            pass
        s += u * u
    return s


@case(X, 3)
def bound_in_the_handler(x, n):
    for k in range(n):
        try:
            if k == 2:
                raise ValueError
            v = x[k] * 2
        except ValueError:
            u = x[0]
    return v * u


@case(X, 3)
def bound_in_a_generator(x, n):
    def items():
        for k in range(n):
            if k != 1:
                u = x[k]
            yield u

    s = 0.0
    for v in items():
        if v > 2:
            w = v * v
        s += v * v
    return s + w


@case(X, 3)
def bound_in_the_consumer(x, n):
    def items():
        yield from range(n)

    s = 0.0
    for k in items():
        if k != 1:
            u = x[k]
        s += u
    return s + u


@case(X, 3)
def bound_in_nested_branches(x, n):
    for i in range(n):
        if i < 2:
            if x[i] > 2:
                v = x[i]
            else:
                u = x[i] * 3
    return v * v * u


@case(X, 3)
def bound_in_nested_loops(x, n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            if i == 1 and j == 0:
                w = x[i] * x[j]
        if i == 0:
            r = x[0] * 2
        s += r
    return s * w * r


@case(X, 3)
def read_in_a_branch(x, n):
    i = 0
    while i < n:
        if i == 1:
            v = x[i] * s  # noqa: F821
        s = x[i] * 2
        i += 1
    return v * s


@case(X, 3)
def an_array(x, n):
    for i in range(n):
        if i < 2:
            v = x * (i + 1)
    return np.sum(v * v)


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradients(f, args):
    gradient_is(f, args)
