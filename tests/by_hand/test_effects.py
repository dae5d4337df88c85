"""What a program does beside computing (print, log, time, write) happens once, in order, and sees the values; and questions about values."""

from __future__ import annotations

import collections
import contextlib
import copy
import io
import json
import logging
import math
import numbers
import pickle
import pprint
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainRuleError, UnsupportedError
from tests.gradients import gradient_is

from .cases import M, X, case, cases

log = logging.getLogger("tests.effects")
messages: list[Any] = []
seen: set[Any] = set()
latest: collections.deque[Any] = collections.deque(maxlen=2)


class Recorder:
    def __init__(self) -> None:
        self.history: list[Any] = []
        self.log = logging.getLogger("tests.effects.recorder")
        self.out = io.StringIO()
        self.w = 2.0

    def loss(self, x):
        self.history.append(float(x[0]))
        self.log.warning("loss at %s", x)
        self.out.write(f"{x[1]:.3f};")
        return self.w * np.sum(x * x)


recorder = Recorder()


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


handler = Lines()
logging.getLogger("tests.effects").addHandler(handler)
logging.getLogger("tests.effects").setLevel(logging.INFO)
logging.getLogger("tests.effects").propagate = False


def observed(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, list[str]]:
    """The result of a call, and everything that it did."""
    for list_ in (messages, handler.lines, recorder.history):
        list_.clear()
    seen.clear()
    latest.clear()
    recorder.out = io.StringIO()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = f(*copy.deepcopy(args))
    done = [out.getvalue(), err.getvalue(), *handler.lines, repr(messages), repr(sorted(seen)), repr(latest), repr(recorder.history), recorder.out.getvalue()]
    return result, [*done, *(str(w.message) for w in caught)]


def does_the_same(f: Callable[..., Any], *args: Any) -> None:
    """The gradient is right, and gradient, value and function do the same, in every call."""
    value, done = observed(f, args)
    slope = np.zeros_like(args[0], dtype=float)
    for index in np.ndindex(*np.shape(slope)):
        step = np.zeros_like(slope)
        step[index] = 1e-6
        slope[index] = (observed(f, (args[0] + step, *args[1:]))[0] - observed(f, (args[0] - step, *args[1:]))[0]) / 2e-6
    both, alone = cr.value_and_grad(f), cr.grad(f)
    for _ in range(2):
        (ours, gradient), did = observed(both, args)
        assert did == done
        np.testing.assert_allclose(ours, value)
        np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-5)
        gradient, did = observed(alone, args)
        assert did == done
        np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-5)


def printing(x):
    for i, v in enumerate(x):
        if v > 1.5:
            print("big", i, v)
        else:
            print("small", end=" ")
            log.info("small %s", v)
    print({"a": x[0], "b": [1, x]}, (x[0],), range(3), None, True, 1.5, "s", sep="|", file=sys.stderr)
    return np.sum(x * x)


def of_what_is_written(x):
    y = x * 2.0
    print(y)
    before = str(y)
    y[0] = 5.0
    print(y, before)
    y *= x
    print(y)
    return np.sum(y)


def of_a_growing_list(x):
    y = []
    for v in x:
        y.append(v)
        print(y)
    return sum(y)


def texts(x):
    s = f"{x[0]:8.3f}|{x[1]!r:>20}|{x.shape}|{len(x)}|{x[0] > 1}|{x.mean():.{2}f}|{x[0]=}"
    print(s, end="!\n", file=sys.stdout)
    sys.stdout.write(s + "\n")
    print("%s-%5.2f" % ("a", x[1]), str(x[0]) + "b", "x" * 3, s.upper()[:3], "{:.2f} {}".format(x[0], x), repr(x), format(x[2], ".1e"))
    print("%g" % x[0], s.startswith("  "), "7" in s, s.split("|")[0] if False else s.find("|"), s == s, ",".join(["a", str(x[1])]))
    return x[0] * len(s.strip())


def numbers_as_text(x):
    print(json.dumps({"loss": float(x[0]), "all": [float(v) for v in x]}), np.array2string(x, precision=2), np.array_repr(x))
    print(len(pickle.dumps([1, 2])), hash(float(x[0])), callable(print), x.ndim, x.nbytes, x.itemsize)
    pprint.pprint([x[0]])
    return x[0] ** 2


def logged(x):
    logging.getLogger("tests.effects").info("start %d", len(x))
    log.debug("not shown")
    log.warning("norm %.3f", np.linalg.norm(x))
    if log.isEnabledFor(logging.INFO):
        log.info("%s %s", x, "and")
    warnings.warn(f"value {x[0]:.2f}", stacklevel=1)
    return np.sum(x * x)


def timed(x):
    start, tick = time.perf_counter(), time.time()
    s = np.sum(x * x)
    if time.perf_counter() - start > 1000 or time.time() < tick - 1000:
        s = s * 2
    return s + 0.0 * start


def kept_outside(x):
    for v in x:
        messages.append(f"v={v:.2f}")
        seen.add(float(v))
        latest.append(v)
    messages.append(x.copy())
    messages.extend([1, x[0] * 2])
    return np.sum(x * x)


def in_a_helper(x):
    out = []

    def note(v):
        out.append(v)
        messages.append(v)

    for v in x:
        note(v * v)
    return sum(out)


def noisy(v, depth):
    print(depth, v)
    return v if depth == 0 else noisy(v * v, depth - 1)


def in_a_recursion(x):
    return noisy(x[0], 3)


def in_a_loop_that_is_left(x):
    i = 0
    while i < 3:
        print(i)
        i += 1
        if x[i - 1] > 2:
            print("left")
            break
    else:
        print("through")
    return x[i - 1]


def in_expressions(x):
    print(x[0]) if x[0] > 1 else print("no")
    [print(v) for v in x]
    _ = x[0] > 1 and print("and")
    return (print("pair"), x[1] * x[0])[1]


def where_values_decide(x):
    state = {"n": 0}
    for v in x:
        if v > 1.5:
            state = {**state, len(state): v}
        print(len(state), v)
        messages.append(len(state))
    return sum(v for k, v in state.items() if k != "n")


@pytest.mark.parametrize("f", [printing, of_what_is_written, of_a_growing_list, numbers_as_text, logged, timed, kept_outside, in_a_helper, in_a_recursion,
                               in_a_loop_that_is_left, in_expressions, where_values_decide], ids=lambda f: f.__name__)
def test_effects(f):
    does_the_same(f, X)


def test_texts():
    printed = []
    for g in (texts, cr.value_and_grad(texts), cr.grad(texts)):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            g(X)
        printed.append(out.getvalue())
    assert printed[0] == printed[1] == printed[2] and printed[0].count("\n") == 4


def test_an_object_with_a_history_as_an_argument_keeps_it():
    def f(x, r):
        r.history.append(x[0])
        return np.sum(x) * r.w

    one = Recorder()
    df = cr.grad(f)
    np.testing.assert_allclose(df(X, one), one.w)
    np.testing.assert_allclose(df(X, one), one.w)
    assert one.history == [] and len(df.signatures) == 1  # an argument is left as it was
    assert cr.grad(recorder.loss)(X).shape == X.shape and recorder.history == []


def reads_and_writes(x):
    messages.append(1.0)
    return x[0] * len(messages)


def how_many():
    return len(messages)


def reads_in_a_helper(x):
    messages.append(1.0)
    return x[0] * how_many()


def keeps_an_array(x):
    y = x * 2.0
    messages.append(y)
    y[0] = 0.0
    return np.sum(y)


@pytest.mark.parametrize("f, words", [
    (reads_and_writes, "is both read and written"), (reads_in_a_helper, "is both read and written"), (keeps_an_array, "keep a copy"),
    (lambda x: x[0] * id(x), "`id` cannot be differentiated"), (lambda x: x[0] * x.strides[0], "`strides` of an array"),
    (lambda x: x[0] * x.flags.c_contiguous, "`flags` of an array"),
])
def test_refused(f, words):
    with pytest.raises(UnsupportedError, match=words):
        cr.grad(f)(X)


@pytest.mark.parametrize("f", [lambda x: float(str(x[0])), lambda x: float(f"{x[0]}") * x[1], lambda x: json.loads(json.dumps([float(x[0])]))[0],
                               lambda x: pickle.loads(pickle.dumps(x))[0], lambda x: float("%.17g" % x[0])])
def test_a_number_that_went_through_a_text_is_refused(f):
    """Its derivative would be lost without a word."""
    with pytest.raises(ChainRuleError):
        cr.grad(f)(X)


def written_in_a_loop(x, path):
    for i in range(3):
        with open(path, "a") as file:
            if x[i] > 2:
                file.write(f"{i} {x[i]:.2f}\n")
    return np.sum(x * x)


def left_by_an_exception(x, path):
    with open(path, "a") as file:
        file.write("a")
        y = 1 / int(x[0] - 1.1)
        file.write("b")
    return y * x[0]


def read_and_used(x, path):
    with open(path) as file:
        scale = float(file.readline())
        rest = file.read()
    return np.sum(x * x) * scale * len(rest)


def test_files(tmp_path):
    path = str(tmp_path / "log")
    df = cr.grad(written_in_a_loop)
    for x in (X, -X, X):
        np.testing.assert_array_equal(df(x, path), 2 * x)
    with open(path) as file:
        assert file.read() == "1 2.30\n2 2.90\n" * 2
    with pytest.raises(ZeroDivisionError):
        cr.grad(left_by_an_exception)(X, path)
    with open(path) as file:
        assert file.read() == "1 2.30\n2 2.90\n" * 2 + "a"
    np.testing.assert_allclose(cr.grad(left_by_an_exception)(X * 5, path), [1 / int(5 * X[0] - 1.1), 0, 0])
    with open(path, "w") as file:
        file.write("2.5\nabcd")
    np.testing.assert_array_equal(cr.grad(read_and_used)(X, path), 20 * X)


# -- questions about values ------------------------------------------------------------------------------------------------


@case(X)
def converted(x):
    return x.item(1) * x[0] + x[0].item() * float(x[1]) + int(x[0]) * x[2] + bool(x[0]) * x[1] + complex(x[0]).real * x[1] + x.dot(x) + math.exp(x[0]) + math.floor(x[1]) * x[0]


@case(M)
def described(m):
    return (m[0, 0] * m.ndim + m[0, 1] * m.size + m[1, 0] * m.nbytes + m[1, 1] * m.itemsize + m[0, 2] * m.shape[0] + m[0, 0] * len(m)
            + m[1, 2] * np.isscalar(m[0, 0]) + m[1, 2] * np.ndim(m) + m[0, 1] * np.issubdtype(m.dtype, np.floating) + m[0, 0] / np.finfo(m.dtype).eps * 1e-16
            + m[0, 0] * np.iinfo(np.int8).max + m[0, 1] * (m.dtype == np.dtype("float64")) + len(str(m.dtype)) * m[1, 1])


@case(X)
@case(X.astype(np.float32))
def of_classes(x):
    s = 0.0
    if isinstance(x, (np.ndarray, float, np.floating, numbers.Number)) and not isinstance(x, (list, tuple)):
        s = s + x[0]
    if isinstance(x[0], numbers.Number) and isinstance(x[0], np.floating):
        s = s + x[1] * 2
    if type(float(x[0])) is float and type(x) is np.ndarray and type(x[0]) is not int:
        s = s + x[2] * 3
    return s + type(x[0])(x[1] * 2) + len(type(x).__name__) * x[0] + len(type(x[0]).__name__) * x[1] + x[0] * callable(np.sin) + x[1] * hasattr(x, "shape")


@case(X)
def compared(x):
    return x[0] * np.array_equal(x, x) + x[1] * np.allclose(x, x + 1e-12) + np.sum(x * np.isclose(x, 1.1)) + hasattr(3.0, "foo") * x[0]


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradient(f, args):
    gradient_is(f, args)
