"""The full text of what is refused: the place, the line with a caret, the reason, and what to write instead."""

from __future__ import annotations

import functools
import gc
import linecache
import traceback

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import MissingRuleError, SourceUnavailableError, UnsupportedError
from chainrule.frontend.constructs.refused import REFUSED_EXPRESSIONS, REFUSED_STATEMENTS

X = np.array([1.0, 2.0, 3.0])


def load(text, name="f"):
    """A function of a module that consists of this text."""
    file = f"refused_{abs(hash(text))}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    namespace = {"np": np, "__name__": "refused"}
    exec(compile(text, file, "exec", dont_inherit=True), namespace)
    return namespace[name], file


def refusal(text, *args, error=UnsupportedError):
    """What is said about a program, without its file's name."""
    f, file = load(text)
    with pytest.raises(error) as caught:
        cr.grad(f)(*(args or (X,)))
    return str(caught.value).replace(file, "FILE")


# -- syntax --------------------------------------------------------------------------------------------------------

SYNTAX = {
    "TryStar": ("def f(x):\n    try:\n        y = x\n    except* ValueError:\n        y = x\n    return y[0]\n", "FILE:2 in f", "try:", "^^^^"),
    "TypeAlias": ("def f(x):\n    type A = int\n    return x[0]\n", "FILE:2 in f", "type A = int", "^" * 12),
    "AsyncFunctionDef": ("def f(x):\n    async def g():\n        pass\n    return x[0]\n", "FILE:2 in f", "async def g():", "^" * 14),
    "Yield": ("def f(x):\n    yield x\n", "FILE:2 in f", "yield x", "^^^^^^^"),
    "YieldFrom": ("def f(x):\n    return [(yield from x)]\n", "FILE:2 in f", "return [(yield from x)]", "         " + "^" * 12),
}
IN_COROUTINES = {"Await", "AsyncFor", "AsyncWith"}  # they can only stand in `async def`, which is refused first


def test_every_row_of_the_table_has_a_program():
    assert set(SYNTAX) | IN_COROUTINES == set(REFUSED_EXPRESSIONS) | set(REFUSED_STATEMENTS)


@pytest.mark.parametrize("name", SYNTAX)
def test_syntax(name):
    program, place, line, caret = SYNTAX[name]
    try:
        compile(program, "f", "exec")
    except SyntaxError:
        pytest.skip("not in this version of Python")
    what, why, remedy = {**REFUSED_EXPRESSIONS, **REFUSED_STATEMENTS}[name]
    assert refusal(program) == f"{place}: {what}\n    {line}\n    {caret}\n  why: {why}\n  help: {remedy}"


def test_a_coroutine():
    assert refusal("async def f(x):\n    return await x\n") == (
        "FILE:1 in f: `async def` cannot be differentiated\n"
        "    async def f(x):\n"
        "    ^^^^^^^^^^^^^^^\n"
        "  why: a coroutine is suspended and resumed by somebody else\n"
        "  help: use a plain function")


def test_it_says_where_in_a_helper():
    assert refusal("def g(y):\n    async def h():\n        pass\n    return y\n\n\ndef f(x):\n    return g(x)[0]\n").startswith(
        "FILE:2 in g: `async def` cannot be differentiated\n    async def h():\n    ^^^^^^^^^^^^^^\n")


# -- calls ---------------------------------------------------------------------------------------------------------


def test_a_function_without_rule_or_source():
    assert refusal("exec('def g(y): return y * y')\n\n\ndef f(x):\n    return g(x[0])\n", error=MissingRuleError) == (
        "FILE:5 in f: no derivative rule for refused.g, and no Python source to differentiate\n"
        "    return g(x[0])\n"
        "           ^^^^^^^\n"
        "  help: state it, in terms of z_bar, the derivative with respect to its result:\n"
        "    chainrule.defvjp(g, \"g(y) -> z\", y=\"z_bar * ...\")")


def test_a_keyword_that_a_rule_does_not_know():
    assert refusal("def f(x):\n    return np.kron(x, x, like=x)[0]\n") == (
        "FILE:2 in f: the argument 'like' of np.kron is not supported\n"
        "    return np.kron(x, x, like=x)[0]\n"
        "           ^^^^^^^^^^^^^^^^^^^^^\n"
        "  why: its rule does not say what the derivative is then\n"
        "  help: leave 'like' out")


def test_a_draw():
    assert refusal("def f(x):\n    return np.random.beta(x[0], 2.0)\n") == (
        "FILE:2 in f: `beta` with a parameter `a` that is differentiated\n"
        "    return np.random.beta(x[0], 2.0)\n"
        "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  why: the sample is not a function of it with a known derivative\n"
        "  help: differentiate the logarithm of the density instead, or draw from a family with location and scale")
    assert refusal("def f(x):\n    return x[0] * np.random.get_state()[2]\n") == (
        "FILE:2 in f: `get_state` cannot be differentiated\n"
        "    return x[0] * np.random.get_state()[2]\n"
        "                  ^^^^^^^^^^^^^^^^^^^^^\n"
        "  why: this draw is not in the table of those that can be differentiated through\n"
        "  help: draw outside the function and pass the sample in")


class Holder:
    pass


HOLDER = Holder()


def test_an_attribute_that_is_written():
    assert refusal("from tests.test_refusals import HOLDER\ndef f(x):\n    HOLDER.a = x\n    return x[0]\n", X) == (
        "FILE:3 in f: the attribute `a` of `HOLDER` is set\n"
        "    HOLDER.a = x\n"
        "    ^^^^^^^^\n"
        "  why: the object is not an argument, and the gradient call would change it\n"
        "  help: pass the object as an argument, or make it inside the function")


# -- values --------------------------------------------------------------------------------------------------------


def test_an_array_of_objects():
    assert refusal("def f(x):\n    return np.sum(x.astype(object))\n") == (
        "FILE:2 in f: an array of Python objects is made\n"
        "    return np.sum(x.astype(object))\n"
        "                  ^^^^^^^^^^^^^^^^\n"
        "  why: there is no derivative with respect to an object\n"
        "  help: use an array of floats")


def test_a_write_that_others_may_see():
    assert refusal("def f(x):\n    y = np.outer(x, x)\n    z = np.einsum('ij->ji', y)\n    z[0] = 0.0\n    return y[0, 0]\n") == (
        "FILE:4 in f: an array is written that may share memory with another one in use\n"
        "    z[0] = 0.0\n"
        "    ^^^^\n"
        "  why: whether it is a view or a copy is not known before the program runs\n"
        "  help: write into a copy: `y = y.copy()`")


# -- source --------------------------------------------------------------------------------------------------------


def test_no_source():
    namespace = {}
    exec("def f(x):\n    return x * x\n", namespace)
    with pytest.raises(SourceUnavailableError) as caught:
        cr.grad(namespace["f"])(2.0)
    assert str(caught.value) == (
        "cannot read the source of f\n"
        "  why: it was defined by exec, or typed at a prompt that keeps no history\n"
        "  help: define it in a file or a notebook cell")


def test_a_class():
    with pytest.raises(SourceUnavailableError) as caught:
        cr.grad(dict)
    assert str(caught.value) == (
        "cannot read the source of dict\n  why: it is a class, not a function\n  help: differentiate a function that makes the object")


# -- arguments and results -----------------------------------------------------------------------------------------


def loss(x, y=2.0):
    return np.sum(x) * y


AS_CHOICE = " argnums chooses another argument"


@pytest.mark.parametrize("args, argnums, text", [
    ((3,), 0, "grad of loss: argument 'x' is of type int, and only floats have a derivative. Pass a float (2.0 instead of 2)." + AS_CHOICE),
    (("a",), 0, "grad of loss: argument 'x' is of type str, and only floats have a derivative." + AS_CHOICE),
    ((None,), 0, "grad of loss: argument 'x' is None, and only floats have a derivative." + AS_CHOICE),
    ((True,), 0, "grad of loss: argument 'x' is of type bool, and only floats have a derivative. Pass a float: True -> 1.0." + AS_CHOICE),
    ((np.array([1, 2]),), 0, "grad of loss: argument 'x' is an array of int64, and only floats have a derivative. Convert it with .astype(float)." + AS_CHOICE),
    (([1, "a"],), 0, "grad of loss: argument 'x' is a container without any float: [*, *]. There is nothing in it to differentiate with respect to"),
    ((X, 3), 1, "grad of loss: argument 'y' is of type int, and only floats have a derivative. Pass a float (2.0 instead of 2)." + AS_CHOICE),
    ((X,), 2, "grad of loss: there is no argument 2 to differentiate with respect to (argnums=2; the parameters are x, y)"),
    ((X,), "z", "grad of loss: there is no argument 'z' to differentiate with respect to (argnums='z'; the parameters are x, y)"),
    ((), 0, "loss(): missing a required argument: 'x'"),
])
def test_arguments(args, argnums, text):
    with pytest.raises(TypeError) as caught:
        cr.grad(loss, argnums)(*args)
    assert str(caught.value) == text


JACOBIAN = "jacobian gives the derivative of every element, vjp its product with a cotangent that you choose"


@pytest.mark.parametrize("f, text", [
    (lambda x: None, "the result is None, not a number. " + JACOBIAN),
    (lambda x: "a", "the result is of type str, not a number. " + JACOBIAN),
    (lambda x: x, "the result is an array of shape (n0,), not a number. " + JACOBIAN),
    (lambda x: np.ones((1,)) * x[0], "the result is an array of shape (1,), not a number. " + JACOBIAN),
    (lambda x: (x[0], x[1]), "the result is (*, *), not a number. " + JACOBIAN + "; has_aux=True returns further values beside the one that is differentiated"),
    (lambda x: 1j * x[0], "the result is complex. Differentiate its real part, or a real function of it such as abs; jacobian and vjp take complex results"),
])
def test_results(f, text):
    with pytest.raises(TypeError) as caught:
        cr.grad(f)(X)
    assert str(caught.value) == "grad of <lambda>: " + text


def test_cotangents():
    _, pullback = cr.vjp(lambda x: x * x, X)
    for cotangent, text in ((np.ones(2), "cotangent has shape (2,), but the value has shape (3,)"),
                            ((1.0, 2.0, 3.0), "cotangent is of type tuple; a number or an array of shape (3,) is needed")):
        with pytest.raises(TypeError) as caught:
            pullback(cotangent)
        assert str(caught.value) == f"<pullback of lambda: *>: {text}"
    np.testing.assert_array_equal(pullback(np.ones(3))[0], 2 * X)


# -- exceptions of the primal --------------------------------------------------------------------------------------


class Mine(Exception):
    pass


def raises_in_a_loop(x):
    for i in range(3):
        if x[i] > 1.5:
            raise Mine("too large", i)
        x = x * 1.0
    return np.sum(x)


def always_raises(x):
    raise Mine("always", 0)


def undefined(x):
    return np.sum(x) * not_defined_anywhere  # noqa: F821


def out_of_range(x):
    y = x * 2.0
    return y[7]


@pytest.mark.parametrize("f, error, args, line", [
    (raises_in_a_loop, Mine, ("too large", 1), "raise Mine"), (always_raises, Mine, ("always", 0), "raise Mine"),
    (undefined, NameError, ("name 'not_defined_anywhere' is not defined",), "np.sum(x)"),
    (out_of_range, IndexError, ("index 7 is out of bounds for axis 0 with size 3",), "return y[7]"),
])
@pytest.mark.parametrize("transform", [cr.grad, cr.value_and_grad])
def test_exceptions_keep_type_arguments_and_line(transform, f, error, args, line):
    with pytest.raises(error) as caught:
        transform(f)(X)
    assert caught.value.args == args
    own = [entry.line for entry in traceback.extract_tb(caught.value.__traceback__) if entry.filename == __file__ and entry.name == f.__name__]
    assert own and line in own[-1]


# -- after a failure -----------------------------------------------------------------------------------------------


def fails_for_lists(x, how):
    if how == "bad":
        return eval('x[0]')
    return np.sum(x * x)


def test_a_failed_compilation_leaves_nothing_behind():
    df = cr.grad(fails_for_lists)
    for _ in range(2):
        with pytest.raises(UnsupportedError):
            df(X, "bad")
        assert df.signatures == ()
    np.testing.assert_array_equal(df(X, "good"), 2 * X)
    assert len(df.signatures) == 1
    with pytest.raises(UnsupportedError):
        df(X, "bad")
    assert len(df.signatures) == 1
    np.testing.assert_array_equal(df(X, "good"), 2 * X)


def test_a_failed_compilation_keeps_no_arguments_alive():
    class Watched(np.ndarray):
        pass

    import weakref

    df = cr.grad(functools.partial(fails_for_lists, how="bad"))
    x = np.ones(4)
    seen = weakref.ref(x)
    with pytest.raises(UnsupportedError):
        df(x)
    del x
    gc.collect()
    assert seen() is None
