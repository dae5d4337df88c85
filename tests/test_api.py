"""The public interface: what the transforms accept and return, what a transformed function carries, and every error."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import math
import pickle
import threading
import traceback
from collections import namedtuple

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(3)


def square(x):
    """x squared."""
    return x * x


def product(x, y=2.0):
    return x * y


def total(x):
    return np.sum(x * x)


def layers(params, x):
    for w, b in params:
        x = np.tanh(x @ w + b)
    return np.sum(x)


# -- results ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [3.0, np.float64(3), np.float32(3), np.float16(3), np.array(3.0), np.array(3.0, np.float32)])
def test_a_gradient_has_the_class_and_dtype_of_its_argument(x):
    for transform in (cr.grad(square), lambda x: cr.value_and_grad(square)(x)[1], lambda x: cr.vjp(square, x)[1](1.0)[0]):
        for _ in range(2):
            gradient = transform(x)
            assert type(gradient) is type(x) and np.asarray(gradient).dtype == np.asarray(x).dtype
            assert gradient == 6.0


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (1,), (0,), (2, 1, 3)])
def test_arrays_keep_shape_and_dtype(dtype, shape):
    x = RNG.normal(size=shape).astype(dtype)
    before = x.copy()
    gradient = cr.grad(total)(x)
    assert gradient.dtype == dtype and gradient.shape == shape
    np.testing.assert_allclose(gradient, 2 * x)
    assert not np.may_share_memory(gradient, x) and np.array_equal(x, before)


def test_value_and_grad():
    value, gradient = cr.value_and_grad(total)(np.array([1.0, 2.0]))
    assert value == 5.0 and gradient.tolist() == [2.0, 4.0]
    assert cr.value_and_grad(square)(3.0) == (9.0, 6.0)


def test_complex_arguments():
    gradient = cr.grad(lambda z: np.abs(z) ** 2)(1 + 2j)
    assert type(gradient) is complex and abs(gradient - (2 - 4j)) < 1e-12


@pytest.mark.parametrize("argnums, expected", [(0, 5.0), (1, 3.0), (-1, 3.0), ("y", 3.0), ((0, 1), (5.0, 3.0)), (("y", 0), (3.0, 5.0)), ([1], (3.0,))])
def test_argnums(argnums, expected):
    assert cr.grad(product, argnums)(3.0, 5.0) == expected
    assert cr.grad(product, argnums=argnums)(3.0, y=5.0) == expected or argnums == -1


def test_has_aux():
    def f(x):
        return x * x, {"twice": 2 * x}

    assert cr.grad(f, has_aux=True)(3.0) == (6.0, {"twice": 6.0})
    assert cr.value_and_grad(f, has_aux=True)(3.0) == ((9.0, {"twice": 6.0}), 6.0)
    value, pullback, aux = cr.vjp(f, 3.0, has_aux=True)
    assert (value, pullback(1.0), aux) == (9.0, (6.0,), {"twice": 6.0})


Pair = namedtuple("Pair", "w b")


@dataclasses.dataclass
class Model:
    w: np.ndarray
    scale: float
    name: str
    depth: int


def test_containers():
    params = [(RNG.normal(size=(3, 4)), np.zeros(4)), Pair(RNG.normal(size=(4, 2)), np.ones(2))]
    gradient = cr.grad(layers)(params, np.ones((5, 3)))
    assert type(gradient) is list and type(gradient[0]) is tuple and type(gradient[1]) is Pair
    assert [g.shape for pair in gradient for g in pair] == [(3, 4), (4,), (4, 2), (2,)]

    def f(model):
        return np.sum(model["net"].w * model["net"].scale) + model["list"][0]

    model = {"net": Model(np.arange(3.0), 2.0, "linear", 3), "list": [1.0, None, 2, "a", np.arange(2)]}
    gradient = cr.grad(f)(model)
    assert type(gradient["net"]) is Model and gradient["net"].w.tolist() == [2.0, 2.0, 2.0]
    assert gradient["net"].scale == 3.0 and type(gradient["net"].scale) is float
    assert gradient["net"].name is None and gradient["net"].depth is None
    assert gradient["list"] == [1.0, None, None, None, None]


def test_an_unused_argument_has_a_gradient_of_zeros():
    gradient = cr.grad(lambda x, y: y, (0, 1))(np.ones((2, 3), np.float32), 2.0)
    assert gradient[0].dtype == np.float32 and gradient[0].tolist() == [[0.0] * 3] * 2 and gradient[1] == 1.0


def test_gradients_share_no_memory():
    def f(x, y):
        return np.sum(x + y)

    x = np.ones(3)
    for args in ((x, x.copy()), (x, x)):
        a, b = cr.grad(f, (0, 1))(*args)
        assert not any(np.may_share_memory(one, other) for one, other in ((a, b), (a, x), (b, x)))
        assert a.flags.writeable and b.flags.writeable
    c = np.ones(3)
    value, pullback = cr.vjp(lambda x: x, x)
    (gradient,) = pullback(c)
    assert not np.may_share_memory(gradient, c)


# -- forms of use ------------------------------------------------------------------------------------------------


def test_decorators():
    @cr.grad
    def f(x):
        return x**3

    @cr.grad(argnums=1)
    def g(x, y):
        return x * y

    @cr.value_and_grad()
    def h(x):
        return x * x

    assert (f(2.0), g(3.0, 4.0), h(3.0)) == (12.0, 3.0, (9.0, 6.0))


def test_metadata():
    df = cr.grad(square)
    assert df.primal is square and df.__wrapped__ is square
    assert (df.__name__, df.__doc__, df.__module__) == ("square", "x squared.", __name__)
    assert str(inspect.signature(df)) == "(x)"
    assert repr(df) == "chainrule.grad(square)" and repr(cr.grad(product, 1)) == "chainrule.grad(product, argnums=1)"


def test_a_transform_of_a_transform_is_not_the_first():
    """Second derivatives are right, or refused; never the first derivative again."""
    inner = cr.grad(lambda x: x**3)
    inner.note = "mine"
    outer = cr.grad(inner)
    assert outer.primal is inner and not hasattr(outer, "note") and inner(3.0) == 27.0
    try:
        assert outer(3.0) == 18.0
    except cr.UnsupportedError:
        pass


class Linear:
    def __init__(self, slope):
        self.slope = slope

    def at(self, x, y=1.0):
        return self.slope * x * x * y

    @cr.grad
    def slope_at(self, x):
        return self.slope * x * x

    def __call__(self, x):
        return self.slope * x


def test_methods_differentiate_with_respect_to_the_other_arguments():
    line = Linear(2.0)
    assert cr.grad(line.at)(3.0) == 12.0
    assert cr.grad(line.at, "y")(3.0) == 18.0
    assert line.slope_at(3.0) == 12.0
    assert Linear(5.0).slope_at(3.0) == 30.0
    assert len(Linear.slope_at.__get__(line).signatures) == 1
    assert str(inspect.signature(line.slope_at)) == "(x)"
    line.slope = 7.0
    assert line.slope_at(3.0) == 42.0
    assert cr.grad(line)(3.0) == 7.0


class Layer:
    rate = 0.5

    def __init__(self, w):
        self.w = w
        self.shape = Shape(2.0)

    @property
    def twice(self):
        return 2.0 * self.w

    def inner(self, x):
        return self.twice @ x * self.shape.factor

    def loss(self, x):
        return np.sum(self.inner(x)) * self.rate


class Shape:
    def __init__(self, factor):
        self.factor = factor


def test_attributes_of_objects_are_read_at_each_call(monkeypatch):
    layer = Layer(np.ones((3, 2)))
    df = cr.grad(layer.loss)
    assert df(np.ones(2)).tolist() == [6.0, 6.0]
    layer.w = np.full((4, 2), 10.0)
    layer.shape.factor = 1.0
    assert df(np.ones(2)).tolist() == [40.0, 40.0]
    assert len(df.signatures) == 1
    monkeypatch.setattr(Layer, "inner", lambda self, x: x)
    assert df(np.ones(2)).tolist() == [0.5, 0.5]
    Layer.rate, layer.rate = 0.5, 3.0
    assert df(np.ones(2)).tolist() == [3.0, 3.0]


def test_partials_and_functions_in_c():
    assert cr.grad(functools.partial(product, 3.0))(5.0) == 3.0
    assert cr.grad(functools.partial(product, y=7.0))(5.0) == 7.0
    assert cr.grad(np.tanh)(0.0) == 1.0
    assert cr.grad(math.sin)(0.0) == 1.0
    assert cr.grad(np.sum)(np.ones(2)).tolist() == [1.0, 1.0]


@cr.grad
def decorated(x):
    return x * x


def test_pickle_and_copy():
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    df = cr.grad(product, argnums="y")
    again = pickle.loads(pickle.dumps(df))
    assert again(3.0, 5.0) == 3.0 and again.argnums == "y"
    assert copy.deepcopy(df)(3.0, 5.0) == 3.0


def test_variable_arguments():
    def f(x, *rest, k=1.0, **more):
        return x * rest[0] * k * more["z"]

    assert cr.grad(f, (1, "k", "z"))(2.0, 3.0, k=5.0, z=7.0) == (70.0, 42.0, 30.0)


def test_source_and_signatures():
    df = cr.grad(total)
    assert df.signatures == ()
    text = df.source_for(np.ones(3))
    assert text == df.source and "def total_grad(x)" in text
    assert df.signatures == ("x: float64[n0]",)
    df(np.ones((2, 2), np.float32))
    assert df.signatures == ("x: float64[n0]", "x: float32[n0,n0]")
    assert df.source == df.source_for(np.ones((3, 3), np.float32))


def test_source_from_annotations():
    def f(x: float, n: int = 2) -> float:
        return x * n

    assert "def f_grad(x, n=" in cr.grad(f).source or "def f_grad(x, n)" in cr.grad(f).source
    with pytest.raises(cr.UnsupportedError, match=r"source_for\(\*args\)"):
        _ = cr.grad(square).source


def test_the_same_text_every_time():
    args = ([(np.ones((3, 4)), np.ones(4))], np.ones((2, 3)))
    assert cr.grad(layers).source_for(*args) == cr.grad(layers).source_for(*args)


def test_threads():
    df = cr.grad(layers)
    params = [(RNG.normal(size=(3, 4)), np.zeros(4))]
    expected = cr.grad(layers)(params, np.ones((2, 3)))
    results = []
    threads = [threading.Thread(target=lambda: results.append(df(params, np.ones((2, 3))))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and all(np.array_equal(r[0][0], expected[0][0]) for r in results)
    assert len(df.signatures) == 1


# -- vjp -----------------------------------------------------------------------------------------------------------


def test_a_pullback_leaves_an_array_that_was_made_of_a_number():
    _, pullback = cr.vjp(lambda x: np.sum(np.sum(np.exp(x))[None, None] * x) * np.sum(x)[None][0], np.array([[0.3, -1.2, 2.0]]))
    first, second, double = pullback(1.0)[0], pullback(1.0)[0], pullback(2.0)[0]
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(2 * first, double)


def test_a_pullback_may_be_called_many_times():
    def f(x, n):
        y = x
        for _ in range(n):
            y = y * x
        return y, np.sum(x), n

    x = np.array([1.0, 2.0])
    (y, s, n), pullback = cr.vjp(f, x, 2)
    assert y.tolist() == [1.0, 8.0] and (s, n) == (3.0, 2)
    for _ in range(2):
        gradient, none = pullback((np.array([1.0, 1.0]), 0.0, None))
        assert gradient.tolist() == [3.0, 12.0] and none is None
    assert pullback((np.zeros(2), 2.0, None))[0].tolist() == [2.0, 2.0]


SCALES = np.array([2.0, 3.0])


def identity(x):
    return x


def exponentials(x):
    y = np.exp(x)
    return y, y[:1]


def of_elements(x):
    return sum(x[k] ** 2 for k in range(2))


def of_a_part(x):
    return np.sin(square(x[1:]))


def of_a_global(x):
    return x * SCALES


def repeatedly(x):
    for _ in range(3):
        x = x * x
    return x


def with_checkpoints(x):
    for _ in cr.checkpointed(range(5)):
        x = np.sin(x * x)
    return x


def until_it_is_large(x):
    while np.sum(x) < 100.0:
        x = x * x * 1.5
    return x


def of_a_list(xs):
    return xs[0] * xs[1]


@pytest.mark.parametrize("transform", [cr.vjp, cr.linearize])
@pytest.mark.parametrize("f", [identity, square, exponentials, of_elements, of_a_part, of_a_global, repeatedly, with_checkpoints, until_it_is_large, of_a_list])
def test_a_linear_map_does_not_change_with_what_the_caller_writes(transform, f, monkeypatch):
    """Arguments, results, and arrays outside: it belongs to the point where it was made."""
    monkeypatch.setitem(globals(), "SCALES", SCALES.copy())
    x = np.array([1.5, 2.5])
    value, linear = transform(f, [x, x + 1.0] if f is of_a_list else x)
    seed = value if transform is cr.vjp else [x, x] if f is of_a_list else x
    seed = copy.deepcopy(seed)
    first = copy.deepcopy(linear(seed))
    for array in (x, SCALES, *(value if isinstance(value, tuple) else (value,))):
        if isinstance(array, np.ndarray):
            array[...] = 7.0
    np.testing.assert_equal(linear(seed), first)


@pytest.mark.parametrize("cotangent, words", [
    (np.ones(3), r"cotangent has shape \(3,\), but the value has shape \(2,\)"), (1.0, r"shape \(\)"), ("a", "of type str"), (np.ones(2) * 1j, "complex"),
])
def test_a_cotangent_that_does_not_fit(cotangent, words):
    _, pullback = cr.vjp(lambda x: x * x, np.ones(2))
    with pytest.raises(TypeError, match=words):
        pullback(cotangent)


def test_a_cotangent_of_another_structure():
    _, pullback = cr.vjp(lambda x: (x, {"a": x}), 1.0)
    with pytest.raises(TypeError, match=r"structure of the value: expected keys \['a'\] at \[1\]"):
        pullback((1.0, {"b": 1.0}))


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [3, "a", None, True, np.arange(3), [1, 2], {}, np.int64(3), square])
def test_arguments_without_derivative(x):
    for transform in (cr.grad(product), cr.value_and_grad(product), functools.partial(cr.vjp, square)):
        with pytest.raises(TypeError, match="float"):
            transform(x)


def test_the_whole_message():
    with pytest.raises(TypeError) as info:
        cr.grad(square)(3)
    assert str(info.value) == ("grad of square: argument 'x' is of type int, and only floats have a derivative. Pass a float (2.0 instead of 2). "
                               "argnums chooses another argument")


@pytest.mark.parametrize("f", [lambda x: x, lambda x: np.sum(x, keepdims=True), lambda x: (np.sum(x), 1.0), lambda x: None, lambda x: {"a": np.sum(x)}])
def test_results_that_are_not_a_number(f):
    with pytest.raises(TypeError, match=r"jacobian.*vjp"):
        cr.grad(f)(np.ones(3))


def test_a_complex_result():
    with pytest.raises(TypeError, match="the result is complex"):
        cr.grad(lambda x: x * 1j)(1.0)


def test_a_missing_argument():
    with pytest.raises(TypeError, match="no argument 2"):
        cr.grad(product, 2)(1.0, 2.0)
    with pytest.raises(TypeError, match=r"product\(\): missing a required argument: 'x'"):
        cr.grad(product)()


@pytest.mark.parametrize("argnums", [1.5, True, None, (0, None), (0.5,)])
def test_wrong_argnums(argnums):
    with pytest.raises(TypeError, match="argnums is the position or name"):
        cr.grad(square, argnums)
    with pytest.raises(TypeError, match="argnums is the position or name"):
        cr.grad(argnums=argnums)


def test_options():
    with pytest.raises(ValueError, match="there is no back end 'cuda'; there is 'numpy'"):
        cr.grad(square, backend="cuda")
    with pytest.raises(TypeError, match="no option 'fast'"):
        cr.value_and_grad(square, fast=True)
    with pytest.raises(ValueError, match="argnums is empty"):
        cr.grad(square, ())
    assert cr.grad(square, backend="numpy")(2.0) == 4.0


def test_not_a_function():
    with pytest.raises(TypeError, match="a function is needed, not int"):
        cr.grad(3)


def test_check_compares_with_finite_differences():
    df = cr.grad(layers, check=True)
    params = [(RNG.normal(size=(3, 4)), np.zeros(4))]
    df(params, np.ones((2, 3)))
    assert cr.grad(product, ("y", 0), check=True)(3.0, 5.0) == (3.0, 5.0)

    def f(x, *rest, k=1.0, **more):
        return x * rest[0] * k * more["z"], "aux"

    assert cr.value_and_grad(f, (1, "k", "z"), has_aux=True, check=True)(2.0, 3.0, k=5.0, z=7.0)[1] == (70.0, 42.0, 30.0)


def test_check_finds_a_wrong_gradient():
    with pytest.raises(cr.GradientCheckError, match="x"):
        cr.grad(lambda x: cr.stop_gradient(x) * x, check=True)(3.0)


def test_check_grads():
    cr.check_grads(layers, ([(RNG.normal(size=(3, 4)), np.zeros(4))], np.ones((2, 3))))
    with pytest.raises(cr.GradientCheckError):
        cr.check_grads(lambda x: x * cr.stop_gradient(x), (3.0,))


def test_stop_gradient():
    assert cr.stop_gradient(3.0) == 3.0
    assert cr.grad(lambda x: cr.stop_gradient(x) * x)(3.0) == 3.0
    x = np.arange(3.0)
    assert cr.grad(lambda x: np.sum(x * cr.stop_gradient(np.exp(x))))(x).tolist() == np.exp(x).tolist()


def test_an_exception_shows_the_users_line():
    def f(x):
        y = x * 2.0
        return np.sum(y[7])  # out of range

    df = cr.grad(f)
    df.source_for(np.ones(9))
    for _ in range(2):
        with pytest.raises(IndexError) as info:
            df(np.ones(3))
    frames = traceback.extract_tb(info.value.__traceback__)
    assert any(frame.filename == __file__ and frame.lineno == f.__code__.co_firstlineno + 2 and frame.name == "f" for frame in frames)
    assert any("y[7]" in (frame.line or "") for frame in frames)


def test_a_helper_and_a_global_replaced_later(monkeypatch):
    df = cr.grad(uses_globals)
    assert df(3.0) == 2.0 * 6.0
    monkeypatch.setitem(globals(), "factor", 10.0)
    assert df(3.0) == 10.0 * 6.0
    monkeypatch.setitem(globals(), "helper", lambda x: x)
    assert df(3.0) == 10.0


factor = 2.0


def helper(x):
    return x * x


def uses_globals(x):
    return factor * helper(x)


def test_closures_are_read_at_each_call():
    scale = 2.0

    def f(x):
        return x * scale

    df = cr.grad(f)
    assert df(1.0) == 2.0
    scale = 3.0
    assert df(1.0) == 3.0


def test_a_pullback_gives_a_cotangent_for_each_argument_that_was_given():
    def scaled(x, factor=2.0):
        return x * factor

    _, pullback = cr.vjp(scaled, 3.0)
    assert pullback(1.0) == (2.0,)
    _, pullback = cr.vjp(scaled, 3.0, 5.0)
    assert pullback(1.0) == (5.0, 3.0)
    cr.check_grads(scaled, (3.0,))
