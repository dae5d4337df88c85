"""Exceptions: the path that is taken is the path that is differentiated."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from tests.by_hand.cases import X4, M, X, case, cases
from tests.gradients import gradient_is


class Stop(Exception):
    """An exception without anything of its own."""


class Reached(Stop):
    def __init__(self, value, name="reached"):
        self.value = value
        self.name = name


class Described(Exception):
    def __str__(self):
        return f"at {self.args[0]:.0f}"


@case(2.0)
@case(0.5)
def raised_on_one_side(x):
    try:
        if x > 1:
            raise ValueError("too large")
        y = x * 3
    except ValueError:
        y = x * x
    return y * 2


@case(X4, 4)
@case(X4, 0)
def in_a_loop(x, n):
    s = 0.0
    for i in range(n):
        try:
            s += x[i]
            if x[i] < 0:
                raise ValueError(x[i] * 2)
            s *= 2
        except ValueError as e:
            s += e.args[0] * s
        finally:
            s += x[0]
    return s


@case(X4)
def around_a_loop(x):
    s = 0.0
    i = 0
    try:
        for i in range(len(x)):
            s += x[i] ** 2
            if x[i] < 0:
                raise Stop
            s *= 1.5
        s = s * 100
    except Stop:
        s = s * x[i]
    return s


@case(np.array([0.5, 1.2, 2.0]))
@case(np.array([0.5, 1.2, 8.0]))
@case(np.array([0.5, -1.2, 2.0]))
@case(np.array([-0.5, -1.2, 2.0]))
def several_in_a_loop(x):
    s = 1.0
    try:
        for v in x:
            if v < 0:
                raise Reached(v * s)
            if v > 5:
                raise ValueError(v, s)
            s = s * v
    except Reached as e:
        s = e.value * 3
    except (ValueError, TypeError) as e:
        s = e.args[0] * e.args[1] ** 2
    else:
        s = s + x[0]
    return s


def checked(v):
    if v < 0:
        raise ValueError("negative")
    return np.sqrt(v)


def checked_twice(v, w):
    if v > 1:
        if w < 0:
            raise ValueError("w")
        v = v * 2
    elif v < -1:
        raise Reached(v * w)
    else:
        v = v * 3
    return v + w


@case(2.0)
@case(-2.0)
def in_a_helper(x):
    try:
        y = checked(x) * 2 + checked(x + 1)
    except ValueError:
        y = x * x
    return y * x


@case(2.0, 1.0)
@case(2.0, -1.0)
@case(-2.0, 1.0)
@case(0.5, 1.0)
def mixed_in_a_helper(x, w):
    y = 1.0
    try:
        y = checked_twice(x, w) * x
        y = y * checked(w + 1.5)
    except ValueError:
        y = y * x * w
    except Reached as e:
        y = e.value + y
    return y * x


@case(X4)
def in_a_helper_in_a_loop(x):
    s = 0.0
    for v in x:
        try:
            s = s + checked(v) * v
        except ValueError:
            continue
        s = s * 2
    return s


@case(X4)
def in_a_helper_in_a_loop_left(x):
    total = 1.0
    for v in x:
        try:
            total = total * (1 + checked(v))
        except ValueError:
            break
    else:
        total = total * 100
    return total * x[1]


@case(np.array([0.5, 1.2, 2.0]))
@case(np.array([0.5, -1.2, 2.0]))
@case(np.array([0.5, 1.2, -2.0]))
def state_at_the_raise(x):
    y = np.zeros(3)
    try:
        for i in range(3):
            y[i] = x[i] ** 2
            if x[i] < 0:
                raise Stop
            y[i] *= x[0]
        y *= 2
    except Stop:
        y = y + 1
        y[0] = x[1] * y[0]
    return np.sum(y * x)


@case(np.array([0.5, -1.2, 2.0]))
def argument_written_before_the_raise(x):
    try:
        x[0] = x[1] * x[2]
        if x[1] < 0:
            raise Stop
        x[0] = 0.0
    except Stop:
        x *= 2
    return np.sum(x ** 2)


@case(2.0)
@case(-2.0)
def returns_from_the_body(x):
    try:
        if x < 0:
            raise ValueError
        return x ** 3
    except ValueError:
        x = x * 2
    return x * x


@case(2.0)
@case(-2.0)
def returns_from_everywhere(x):
    y = x
    try:
        if x < 0:
            raise ValueError
        return y * 3
    except ValueError:
        y = y * y
        return y
    finally:
        y = y * 100


@case(2.0)
@case(-2.0)
def finally_overrides(x):
    try:
        if x < 0:
            raise ValueError
        return x * 3
    finally:
        return x * x  # noqa: B012


@case(X4)
def finally_on_every_way_out(x):
    log = np.zeros(1)

    def run(k):
        for i in range(len(x)):
            try:
                log[0] += x[i]
                if k == 0 and i == 1:
                    break
                if k == 1 and i == 2:
                    return log[0] * 3
                if i == 3:
                    raise Stop
                if i == 0:
                    continue
                log[0] *= x[0]
            finally:
                log[0] = log[0] * 2 + x[i]
        return log[0]

    a = run(0)
    b = run(1)
    try:
        run(2)
    except Stop:
        b = b + 1
    return a * b + log[0]


@case(X4)
def finally_in_a_loop_that_stays(x):
    s = 0.0
    for v in x:
        try:
            if v > 1:
                s += v * v
                continue
            if v < -1:
                s *= v
            else:
                break
        finally:
            s += v
    return s * x[0]


@case(2.0)
def reraised(x):
    y = x
    try:
        try:
            y = y * x
            raise Reached(y)
        except Stop as e:
            y = y * e.value
            raise
        finally:
            y = y + x
    except Reached as e:
        y = y * e.value
    return y


@case(2.0)
def raised_from(x):
    y = x
    try:
        try:
            raise KeyError("a")
        except KeyError as e:
            y = y * 2
            raise ValueError(y * x) from e
    except ValueError as e:
        return e.args[0] * y


@case(2.0)
@case(0.5)
def not_caught_by_the_inner_one(x):
    y = x
    try:
        try:
            if x > 1:
                raise Stop
            y = y * 2
        except ValueError:
            y = y * 100
        else:
            y = y * 5
        y = y * 3
    except Stop:
        y = y * x
    return y


@case(2.0)
@case(0.5)
def handler_with_branches(x):
    y = np.ones(2)
    try:
        if x * x > 0.1:
            raise Reached(x * y, "a")
    except Reached as e:
        if x > 1:
            y = y * e.value
        else:
            y[0] = x
        if e.name == "a":
            y = y * 3
    return np.sum(y * x)


@case(2.0)
@case(0.5)
@case(-1.5)
def which_exception(x):
    error = ValueError if x > 1 else KeyError
    try:
        if x > 0:
            raise error("a")
        y = x
    except KeyError:
        y = x * x
    except ValueError:
        y = x * 3
    return y


@case(2.0)
@case(-2.0)
def an_exception_made_before(x):
    error = Reached(x * 2)
    try:
        if x > 0:
            raise error
        y = x
    except Stop as e:
        y = e.value * x
    return y


@case(2.0)
def text_of_an_exception(x):
    try:
        raise ValueError("a message", 3)
    except ValueError as e:
        y = x if str(e) == "('a message', 3)" else 0.0
    try:
        raise ValueError("a message")
    except ValueError as e:
        y = y * x if str(e) == "a message" and f"{e}!" == "a message!" else 0.0
    try:
        raise KeyError("k")
    except LookupError as e:
        y = y * x if str(e) == "'k'" and len(e.args) == 1 and isinstance(e, KeyError) and type(e) is KeyError else 0.0
    return y


@case(2.0)
def known_to_fail(x):
    y = x
    items = (x, x * x)
    table = {"a": x}
    try:
        y = y * items[2]
    except IndexError:
        y = y * items[1]
    try:
        y = y * table["b"]
    except KeyError:
        y = y * table["a"]
    try:
        a, b, c = items
    except ValueError:
        y = y * 2
    try:
        y = y * int("a")
    except ValueError:
        y = y * 3
    try:
        y = y * undefined_name  # noqa: F821
    except NameError:
        y = y * 5
    try:
        y = y * (1 // 0)
    except ZeroDivisionError:
        y = y * 7
    try:
        y = y * max([])
    except ValueError:
        y = y * x
    return y


@case(X)
def an_attribute_that_is_not_there(x):
    try:
        return np.sum(x.no_such_attribute)
    except AttributeError:
        pass
    try:
        return np.no_such_function(x)
    except AttributeError:
        return np.sum(x ** 3)


@case(X)
def assertions(x):
    s = 0.0
    try:
        assert x[0] > 100, "too small"
        s = 1.0
    except AssertionError:
        s = x[0] * x[1]
    assert s > 0
    return s * x[2]


@case(M)
def nothing_can_be_caught(m):
    try:
        y = np.tanh(m) * m + 2
        z = np.sum(y, axis=0)
        z[1:] = z[1:] * 2
        y = y * z
    except ValueError:
        y = m * 0
    except (KeyError, RuntimeError):
        y = m * 1
    return np.sum(y)


@case(2.0)
@case(-2.0)
def in_a_short_circuit(x):
    y = x
    try:
        if x > 0 and checked(x - 5) > 0:
            y = y * 2
        y = y * 3
    except ValueError:
        y = y * x
    return y


@case(2.0)
@case(-2.0)
@case(0.5)
def in_a_conditional_expression(x):
    y = x
    try:
        y = y + (checked(x - 1) if x > 0 else checked(-x)) * x
        y = y * 3
    except ValueError:
        y = y * x
    return y


@case(X4)
def in_a_comprehension(x):
    y = x * 1
    try:
        roots = [checked(v) for v in x]
        return roots[0]
    except ValueError:
        y = y * y
    try:
        roots = [checked(v + 2) for v in x]
    except ValueError:
        return y[0]
    return np.sum(y * np.array(roots))


@case(2.0, 5)
def in_a_while(x, n):
    y = x
    k = 0
    while True:
        try:
            k += 1
            y = y * x
            if k == n:
                raise StopIteration
            if k == 2:
                continue
            y = y + 1
        except StopIteration:
            break
    return y


@case(X4)
def nested_loops(x):
    s = 0.0
    n = 0
    try:
        for v in x:
            for w in x:
                s += v * w
                n += 1
                if n == 7:
                    raise Reached(s)
        s = 0.0
    except Reached as e:
        s = s + e.value ** 2
    return s


@case(X4)
def nested_tries_in_loops(x):
    s = 1.0
    for v in x:
        try:
            for w in x:
                try:
                    if w * v < 0:
                        raise Reached(w * v)
                    s = s + w * v
                except Reached as e:
                    if v < 0:
                        raise
                    s = s * e.value
        except Stop as e:
            s = s + e.value * 5
        else:
            s = s * 0.5
    return s


@case(2.0)
def defined_in_the_handler(x):
    try:
        raise Stop
    except Stop:
        def g(v):
            return v * x

        name = "b"
    return g(x) * len(name)


@case(2.0, 3)
def one_after_the_other(x, n):
    y = x
    for k in range(n):
        try:
            if k == 1:
                raise Stop
        except Stop:
            y = y * x
        try:
            if k == 2:
                raise Reached(y)
        except Reached as e:
            y = y + e.value ** 2
    return y


def test_what_is_not_caught_is_raised():
    def f(x):
        try:
            if x > 1:
                raise Reached(x * 2, "far")
            if x > 0:
                raise Described(3.0)
            return x
        except ValueError:
            return x * 2
        finally:
            x = 0.0

    with pytest.raises(Reached) as caught:
        cr.grad(f)(2.0)
    assert caught.value.value == 4.0 and caught.value.name == "far"
    with pytest.raises(Described, match="at 3"):
        cr.grad(f)(0.5)
    assert cr.grad(f)(-1.0) == 1.0


def test_raised_again_outside_of_any_handler():
    def f(x):
        try:
            if x > 1:
                raise ValueError("far", 2)
            return x * 3
        except ValueError:
            x = x * 2
            raise

    with pytest.raises(ValueError, match="far") as caught:
        cr.grad(f)(2.0)
    assert caught.value.args == ("far", 2)
    assert cr.grad(f)(0.5) == 3.0


# -- exceptions that operations raise: only the values decide -------------------------------------------------------------


@case(2.0, 0)
@case(2.0, 4)
def a_division(x, n):
    try:
        return x / n
    except ZeroDivisionError as e:
        return x * len(str(e))


@case(X, 1)
@case(X, 5)
@case(X, -4)
def an_index(x, i):
    try:
        y = x[i] ** 2
    except IndexError:
        y = x[0] * x[1]
    return y


@case({"a": 1.5}, "a")
@case({"a": 1.5}, "b")
def a_key(d, key):
    try:
        return d[key] ** 2
    except KeyError:
        return d["a"] ** 3


@case(2.0)
@case(-2.0)
def a_root(x):
    try:
        return math.sqrt(x) * x
    except ValueError:
        return x ** 3


@case(2.0)
@case(800.0)
def an_overflow(x):
    try:
        return math.exp(x)
    except OverflowError:
        return x * 7


@case(np.array([[2.0, 0.5], [0.5, 1.0]]))
@case(np.array([[0.0, 0.0], [0.0, 0.0]]))
def a_decomposition(m):
    try:
        s = np.sum(np.linalg.inv(m))
    except np.linalg.LinAlgError:
        s = np.sum(m * m * 2 + m)
    return s


@case(X, "3")
@case(X, "three")
def a_text(x, text):
    try:
        n = int(text)
    except ValueError:
        n = 2
    return np.sum(x ** n)


@case(X, np.array([1.0, 2.0, 3.0]))
@case(X, np.array([1.0, 2.0]))
def shapes_that_do_not_fit(x, w):
    try:
        y = x * w
    except ValueError:
        y = x ** 2
    return np.sum(y)


@case(X4, np.array([2, 0, 1, 0]))
def a_division_in_a_loop(x, n):
    s = 0.0
    for i in range(len(x)):
        try:
            s = s * 2 + float(x[i]) / int(n[i])
        except ZeroDivisionError:
            s += x[i] ** 2
        else:
            s *= x[0]
        finally:
            s += 1
    return s


@case(X, np.array([1, 2]))
@case(X, np.array([1, 0]))
def a_floating_point_error(x, n):
    y = x
    try:
        with np.errstate(divide="raise"):
            y = y * 2
            y = np.sum(x * 3) + np.sum(x[0] / n)
    except FloatingPointError:
        y = np.sum(y * y)
    return y


@case(X, 7)
@case(X, 2)
def state_where_an_operation_raises(x, i):
    y = np.zeros(3)
    try:
        y[0] = x[0] ** 2
        y[1] = x[i]
        y[0] = y[0] * 3
    except IndexError:
        y[2] = y[0] * x[1]
    return np.sum(y * x)


def divided(a, b):
    return a / b


@case(2.0, 0, 3)
@case(2.0, 2, 3)
def in_two_helpers(x, n, m):
    try:
        y = divided(x, n) + divided(x, m)
    except ArithmeticError:
        y = divided(x * x, m)
    return y


@case(2.0, 0)
def handled_by_another_level(x, n):
    y = x
    try:
        try:
            y = y * 2
            y = y / n
        except ValueError:
            y = y * 100
        finally:
            y = y * x
    except Exception:
        y = y * x
    return y


@case(2.0, 0)
def replaced(x, n):
    try:
        try:
            return x / n
        except ZeroDivisionError as e:
            raise ValueError("no") from e
    except ValueError as e:
        return x * x * len(e.args[0])


@case([1.5, 2.0, 0.5], 3)
@case([1.5, 2.0, 0.5], 2)
def past_the_end(items, n):
    s = 1.0
    k = 0
    try:
        while True:
            s *= items[k]
            if k == n:
                return s
            k += 1
    except IndexError:
        return s * s


@pytest.mark.parametrize("f, args", cases(__name__))
def test_gradients(f, args):
    gradient_is(f, args)


def test_one_function_for_calls_that_raise_and_calls_that_do_not():
    g = cr.grad(a_division)
    assert [g(2.0, n) for n in (4, 0, 2, 0, 5)] == [0.25, 22.0, 0.5, 22.0, 0.2]


def test_what_may_raise_is_executed_even_if_nobody_needs_its_value():
    def f(x, n, i):
        try:
            1 / n
            x[i]
            x = x * 2
        except ZeroDivisionError:
            x = x * 3
        except IndexError:
            x = x * 5
        return np.sum(x)

    g = cr.grad(f)
    for n, i, slope in ((4, 1, 2), (0, 1, 3), (2, 7, 5), (2, 0, 2), (0, 7, 3)):
        assert np.allclose(g(X, n, i), slope)
        assert np.allclose(cr.value_and_grad(f)(X, n, i)[1], slope)


def test_what_no_handler_catches_is_raised_as_it_is():
    def f(x, i, n):
        try:
            return float(x[i]) / n
        except ZeroDivisionError:
            return x[0]

    assert np.allclose(cr.grad(f)(X, 1, 0), [1, 0, 0])
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 3"):
        cr.grad(f)(X, 9, 0)
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 3"):
        cr.grad(f)(X, 9, 2)


def test_raised_again_with_the_operations_own_message():
    def f(x, i):
        try:
            return x[i]
        except IndexError:
            x = x * 2
            raise

    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 3"):
        cr.grad(f)(X, 9)
    assert np.allclose(cr.grad(f)(X, 1), [0, 1, 0])
