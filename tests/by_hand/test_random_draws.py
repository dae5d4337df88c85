"""Random numbers drawn inside a function: the same sample in both sweeps, the state advanced as the function itself advances it."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import UnsupportedError
from chainrule.rules.random import DRAWS, FAMILIES, SPECIMENS

from .cases import M, X

Generator = np.random.default_rng(5)
Legacy = np.random.RandomState(5)
Standard = random.Random(5)


class Model:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(6)
        self.weight = 2.0

    def loss(self, x):
        return np.sum(self.weight * x * self.rng.normal(size=3))


model = Model()


def with_default(x, rng=np.random.default_rng(7)):  # noqa: B008
    return x[0] * rng.random() + x[1]


OWN = [Generator, Legacy, Standard, model.rng, with_default.__defaults__[0]]


def start(*others: Any) -> None:
    """Set every generator to the state in which a program is to find it."""
    np.random.seed(1)
    random.seed(1)
    for g in (*OWN, *others):
        if isinstance(g, np.random.Generator):
            g.bit_generator.state = np.random.default_rng(8).bit_generator.state
        else:
            g.seed(8)


def states(*others: Any) -> list[str]:
    found = [repr(np.random.get_state()), repr(random.getstate())]
    for g in (*OWN, *others):
        found.append(repr(g.bit_generator.state if isinstance(g, np.random.Generator) else g.get_state() if hasattr(g, "get_state") else g.getstate()))
    return found


def generators(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [g for item in value for g in generators(item)]
    return [value] if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)) else []


def called(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, list[str]]:
    """What a call returns, and the states that it leaves; from the same states every time."""
    given = copy.deepcopy(args)
    start()
    result = f(*given)
    return result, states(*generators(given))


def drawn_gradient_is_right(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """The gradient with respect to the first argument is that of the sample; value, order and states are those of the function."""
    x = args[0]
    value, left = called(f, args)
    slope = np.zeros_like(x, dtype=float)
    for index in np.ndindex(*np.shape(x)):
        step = np.zeros_like(x, dtype=float)
        step[index] = 1e-6
        slope[index] = (called(f, (x + step, *args[1:]))[0] - called(f, (x - step, *args[1:]))[0]) / 2e-6
    (ours, gradient), after = called(cr.value_and_grad(f), args)
    np.testing.assert_allclose(ours, value, rtol=1e-12)
    assert after == left
    np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-5)
    df = cr.grad(f)
    for _ in range(2):
        alone, after = called(df, args)
        np.testing.assert_allclose(alone, gradient, rtol=1e-12)
        assert after == left

    def pulled(*given: Any) -> Any:
        _, pullback = cr.vjp(f, *given)
        first, second = pullback(1.0)[0], pullback(1.0)[0]
        np.testing.assert_array_equal(first, second)
        return first

    alone, after = called(pulled, args)
    np.testing.assert_allclose(alone, gradient, rtol=1e-12)
    assert after == left


def new() -> np.random.Generator:
    return np.random.default_rng(3)


def helper(v, rng, n):
    return v if n == 0 else helper(v * rng.random() + v * v * 0.1, rng, n - 1)


def reparametrised(x, rng):
    return np.sum((x[0] + x[1] * rng.standard_normal(4)) ** 2)


def dropout(x, rng):
    mask = rng.random(x.shape) < 0.5
    return np.sum(np.tanh(x * mask / 0.5))


def minibatches(x, rng):
    total = 0.0
    for _ in range(3):
        batch = rng.choice(len(x), 2, replace=False)
        total = total + np.sum(x[batch] ** 2)
    return total


def in_branches(x, rng, n=4):
    s = 0.0
    for _ in range(n):
        z = rng.standard_normal()
        if z > 0:
            s = s + np.sin(x[0] * z)
        else:
            s = s + rng.uniform(0, 1) * x[1] * s
    return s


def walk(x, rng, n=4):
    p = x * 1.0
    for _ in range(n):
        p = p + x * rng.normal(size=3) * p
    return np.sum(p)


def until(x, rng):
    n = 0
    while rng.random() < 0.7:
        n += 1
        x = x * 1.1
    return np.sum(x * x) * n


def unused(x, rng):
    rng.normal(size=3)
    w = rng.random()  # noqa: F841
    return np.sum(x * x)


def written(x, rng):
    z = rng.normal(size=3)
    z[0] = x[0]
    z *= x
    return np.sum(z * z)


def equal_calls(x, rng):
    return np.sum((rng.random(3) - rng.random(3)) * x)


def made_inside(x):
    rng = np.random.default_rng(0)
    other = np.random.Generator(np.random.PCG64(1))
    return np.sum(x[0] + x[1] * rng.standard_normal(4)) + x[2] * other.random() + x[0] * np.random.RandomState(3).rand()


def seeded(x):
    np.random.seed(4)
    random.seed(3)
    return np.sum(x * np.random.randn(3)) * random.random()


def one_of_two(x, rng):
    other = np.random.default_rng(0)
    g = rng if x[0] > 0 else other
    return x[0] * g.random()


def in_a_comprehension(x, rng):
    return sum([rng.random() * v for v in x])


def shuffled(x, rng):
    y = x * x
    view = y[:]
    rng.shuffle(view)
    return np.sum(y * x)


def sizes(x, rng, n=2):
    return (np.sum(rng.normal(x[0], 1.0, size=(n, 3)) * x) + np.sum(rng.normal(x[0], x[1], size=x.shape) * x)
            + np.sum(rng.normal(x, x[1], size=(n, len(x))) * x) + rng.normal(x[0], 1.0, size=n)[0] + np.sum(rng.normal(x[:, None], x, size=(2, 3, 3))))


def integers(x, rng):
    i, j, k = rng.integers(0, 3), rng.integers(len(x)), rng.integers(0, 3, size=4)
    return x[i] * x[j] + np.sum(x[k]) * rng.integers(1, 3, endpoint=True)


def constants(x, rng):
    return (x[0] * rng.poisson(3.0) + x[1] * rng.beta(1.0, 2.0) + np.sum(x * rng.gamma(2.0, size=3)) + x[0] * rng.binomial(5, 0.4)
            + np.sum(rng.dirichlet([1.0, 2.0, 3.0]) * x) + np.sum(rng.multinomial(5, [0.2, 0.3, 0.5]) * x) + rng.triangular(0, 0.5, 1) * x[0]
            + x[1] * rng.standard_t(3.0) + x[2] * rng.standard_cauchy() + x[0] * rng.geometric(0.4))


def from_arrays(x, rng):
    return np.sum(rng.choice(x, 5) ** 2) + rng.choice(x) ** 2 + np.sum(rng.choice(x, 2, replace=False) * x[:2]) + np.sum(
        rng.permutation(x) * x) + np.sum(rng.choice(x, size=(2, 2), p=np.array([0.5, 0.2, 0.3])) ** 2)


def rows(m, rng):
    return np.sum(rng.choice(m, 4) ** 2) + np.sum(rng.choice(m, 2, axis=1) ** 2) + np.sum(rng.permutation(m) * m) + np.sum(
        rng.permutation(m, axis=1) * m) + np.sum(rng.choice(m)[0] ** 2)


def legacy(x, rng):
    return np.sum(rng.normal(x, 1.0) ** 2) + rng.uniform(x[0], x[1]) + np.sum(rng.rand(3) * x) + rng.randint(5) * x[0] + np.sum(rng.randn(2, 3) * x)


def standard_library(x, rng):
    return (x[0] * rng.random() + rng.gauss(x[0], x[1]) ** 2 + rng.uniform(x[0], x[1]) + rng.expovariate(x[2]) + rng.lognormvariate(0.0, x[0])
            + rng.weibullvariate(x[0], x[1]) + rng.paretovariate(x[2]) + x[rng.randint(0, 2)] + rng.gammavariate(2.0, x[1]) + rng.choice(x) ** 2
            + rng.normalvariate(x[1], x[0]) + x[rng.randrange(3)])


def module_functions(x):
    return (x[0] * random.random() + random.gauss(x[0], x[1]) ** 2 + random.choice([x[0], x[1] * x[2]]) + np.random.normal(x[0], x[1])
            + np.sum(np.random.rand(3) * x) + np.sum(np.random.permutation(x) * x) + np.random.random_sample() * x[2]
            + np.random.choice(3) * x[1] + np.sum(np.random.uniform(x, x + 1.0) ** 2))


def multivariate(x, rng):
    return np.sum(rng.multivariate_normal(x, np.eye(3)) ** 2) + np.sum(rng.multivariate_normal(x, np.eye(3), size=4) ** 2)


def zero_scale(x, rng):
    return np.sum(rng.normal(x[0], 0.0 * x[1], size=3) ** 2) + rng.gumbel(x[1], 0.0 * x[0])


PROGRAMS = {
    "reparametrised": (reparametrised, X, new()), "dropout": (dropout, X, new()), "minibatches": (minibatches, X, new()),
    "in branches": (in_branches, X, new()), "walk": (walk, X, new()), "until": (until, X, new()), "unused": (unused, X, new()),
    "written": (written, X, new()), "equal calls": (equal_calls, X, new()), "made inside": (made_inside, X), "seeded": (seeded, X),
    "one of two": (one_of_two, X, new()), "in a comprehension": (in_a_comprehension, X, new()), "shuffled": (shuffled, X, new()),
    "sizes": (sizes, X, new()), "integers": (integers, X, new()), "constants": (constants, X, new()), "from arrays": (from_arrays, X, new()),
    "rows": (rows, M, new()), "legacy": (legacy, X, np.random.RandomState(3)), "standard library": (standard_library, X, random.Random(3)),
    "module functions": (module_functions, X), "multivariate": (multivariate, X, new()), "zero scale": (zero_scale, X, new()),
    "global": (lambda x: np.sum(x * Generator.normal(size=3)) + Legacy.rand() * x[0] + Standard.random() * x[1], X),
    "attribute": (lambda x: model.loss(x), X), "method": (model.loss, X), "default value": (with_default, X),
    "list": (lambda x, gs: x[0] * gs[0].random() + x[1] * gs[1].random(), X, [new(), np.random.default_rng(4)]),
    "recursion": (lambda x, g: helper(x[0], g, 3), X, new()),
    "legacy families": (lambda x, g: np.sum(g.weibull(x) ** 2) + np.sum(g.pareto(x + 1.0)) + np.sum(g.power(x) ** 2), X, np.random.RandomState(3)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    f, *args = PROGRAMS[name]
    drawn_gradient_is_right(f, tuple(args))


LOCATED = ("normal", "laplace", "logistic", "gumbel", "lognormal")


@pytest.mark.parametrize("cls, name", [key for key in FAMILIES if key[0] != "random.Random"])
@pytest.mark.parametrize("size", [None, (4, 3)])
def test_families(cls, name, size):
    given = np.random.default_rng(3) if cls.endswith("Generator") else np.random.RandomState(3)

    def vector(x, g):
        draw = getattr(g, name)
        if name in LOCATED:
            return np.sum(draw(x, x * x, size) ** 2)
        if name == "uniform":
            return np.sum(draw(x, 2 * x, size) ** 2)
        if name == "gamma":
            return np.sum(draw(2.0, x, size) ** 2)
        return np.sum(draw(x + 1.0, size) ** 2)

    def scalar(x, g):
        draw = getattr(g, name)
        if name in LOCATED:
            return draw(x[0], scale) ** 2 if (scale := x[1]) > 0 else 0.0
        return draw(x[0], x[1]) if name == "uniform" else draw(2.0, x[0]) if name == "gamma" else draw(x[1])

    drawn_gradient_is_right(vector, (X, given))
    drawn_gradient_is_right(scalar, (X, given))


@pytest.mark.parametrize("op", [op for op, draw in DRAWS.items() if draw.family is not None and not draw.cls.startswith("random.") and draw.name != "gamma"])
def test_a_sample_is_what_numpy_draws(op):
    """The formula of a family, against the draw itself, from the same stream."""
    draw = DRAWS[op]
    if not draw.is_method:
        pytest.skip("the same as the method")
    kind = type(SPECIMENS[draw.cls])
    make = (lambda: np.random.default_rng(1)) if kind is np.random.Generator else (lambda: np.random.RandomState(1))
    parameters = {"normal": 2, "uniform": 2, "laplace": 2, "logistic": 2, "gumbel": 2, "lognormal": 2}.get(draw.name, 1)

    def f(x, g):
        return np.sum(getattr(g, draw.name)(*(x[k] + 0.5 * k for k in range(parameters)), 1000) * np.arange(1000.0))

    one, other = make(), make()
    np.testing.assert_allclose(cr.value_and_grad(f)(X, one)[0], f(X, other), rtol=1e-13)
    assert repr(one.standard_normal(3)) == repr(other.standard_normal(3))


def test_single_precision_parameters():
    x = np.array([1.5, 2.5], np.float32)

    def f(x, rng):
        return np.sum(rng.normal(x, 0.5) ** 2) + rng.normal(x[0], x[1])

    gradient = cr.grad(f)(x, new())
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, cr.grad(f)(x.astype(float), new()), rtol=1e-5)
    assert type(cr.value_and_grad(lambda x, g: g.normal(x[0], x[1]))(x, new())[0]) is float


@pytest.mark.parametrize("f, error", [
    (lambda x, g: g.normal(0.0, x[0] - 5.0), "scale < 0"), (lambda x, g: np.sum(g.exponential(x - 2.0)), "scale < 0"),
    (lambda x, g: g.lognormal(0.0, -x[0]), "sigma < 0"), (lambda x, g: g.pareto(x[0] - 5.0), "a <= 0"),
    (lambda x, g: g.uniform(x[0], x[0] - 1.0), "high - low < 0"),
    (lambda x, g: np.sum(g.normal(x, 1.0, size=(2, 2))), "shape mismatch|broadcast|compatible|not support"),
])
def test_wrong_parameters_raise(f, error):
    with pytest.raises(ValueError, match="<|compatible|mismatch"):
        f(X, new())
    with pytest.raises((ValueError, UnsupportedError), match=error):
        cr.grad(f)(X, new())


@pytest.mark.parametrize("f, words", [
    (lambda x, g: g.beta(x[0], 1.0), "`beta` with a parameter `a` that is differentiated"),
    (lambda x, g: g.gamma(x[0], 1.0), "`gamma` with a parameter `shape`"),
    (lambda x, g: g.poisson(x[0]) * x[1], "`poisson` with a parameter `lam`"),
    (lambda x, g: g.binomial(3, x[0] / 5) * x[1], "`binomial` with a parameter `p`"),
    (lambda x, g: x[g.choice(3, p=x / np.sum(x))], "`choice` with a parameter `p`"),
    (lambda x, g: g.multivariate_normal(np.zeros(2), np.eye(2) * x[0])[0], "a covariance that is differentiated"),
    (lambda x, g: g.triangular(x[0], x[1], x[2]), "`triangular` with a parameter"),
    (lambda x, g: g.spawn(1)[0].random() * x[0], "spawn"),
])
def test_refused(f, words):
    with pytest.raises(UnsupportedError, match=words):
        cr.grad(f)(X, new())


def test_an_integer_parameter_that_is_not_differentiated():
    def f(x, g, rate):
        return np.sum(g.poisson(rate, 3) * x) + g.beta(rate, 2.0) * x[0]

    g = new()
    sample = g.poisson(2.5, 3) + np.array([g.beta(2.5, 2.0), 0.0, 0.0])
    np.testing.assert_array_equal(cr.grad(f)(X, new(), 2.5), sample)


def test_another_generator_under_the_same_name(monkeypatch):
    df = cr.grad(lambda x: np.sum(x * Generator.random(3)))
    df(X)
    other = np.random.default_rng(77)
    monkeypatch.setitem(globals(), "Generator", other)
    np.testing.assert_array_equal(df(X), np.random.default_rng(77).random(3))
    assert len(df.signatures) == 1


def by_values(x, rng):
    items = []
    for v in x:
        if rng.random() > 0.5:
            items.append(v * v)
        else:
            items = [*items, v * 2]
        print(len(items))
    return sum(items) * items[0]


def made_and_by_values(x, rng):
    own, table = np.random.default_rng(3), {0: x, 1: x * x, 2: 2 * x}
    a = table[int(rng.integers(0, 3))] * 1.0
    a[0] = own.random() * x[1]
    out = []
    for v in a:
        if own.random() < rng.random():
            out.append(v)
        else:
            out = [*out, v, v]
    return sum(out) * own.random() + own.normal() * x[0]


@pytest.mark.parametrize("f", [by_values, made_and_by_values])
def test_where_values_decide_and_the_path_changes(f, capsys):
    """A program that begins again on another path goes on with what has been drawn."""
    df, both = cr.grad(f), cr.value_and_grad(f)
    for seed in [*range(8), 0, 1, 2]:
        def run(g, x, seed=seed):
            rng = np.random.default_rng(seed)
            return g(x, rng), rng.bit_generator.state, capsys.readouterr().out

        value, state, printed = run(f, X)
        slope = [(run(f, X + e)[0] - run(f, X - e)[0]) / 2e-6 for e in np.eye(3) * 1e-6]
        gradient, after, shown = run(df, X)
        np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-5)
        assert after == state and shown == printed
        (ours, again), after, shown = run(both, X)
        np.testing.assert_allclose(ours, value)
        np.testing.assert_allclose(again, gradient)
        assert after == state and shown == printed


def shuffled_list(x, g):
    squares = [v * v for v in x]
    g.shuffle(squares)
    return squares[0] * squares[1] + 2 * squares[2]


def shuffled_indices(x, g):
    order = list(range(3))
    g.shuffle(order)
    s = 0.0
    for n, i in enumerate(order):
        s = s + x[i] * n
    return s


def sampled(x, g):
    two = g.sample([x[0], x[1] * x[2], x[2]], 2)
    return two[0] * two[1] ** 2 + g.sample(list(range(5)), 1)[0] * x[0]


@pytest.mark.parametrize("f, make", [(shuffled_list, np.random.default_rng), (shuffled_list, np.random.RandomState), (shuffled_list, random.Random),
                                     (shuffled_indices, np.random.default_rng), (sampled, random.Random)])
def test_lists_in_an_order_that_is_drawn(f, make):
    for seed in range(4):
        drawn_gradient_is_right(f, (X, make(seed)))


def metropolis(x, g):
    accepted, s = 0, x[0]
    for _ in range(20):
        proposal = s + 0.3 * g.standard_normal()
        if np.log(g.random()) < -(proposal * proposal - s * s) * x[1] * 0.1:
            s = proposal
            accepted += 1
    return s * s + accepted * x[2]


def noisy_descent(x, g):
    w, m = x.copy(), np.zeros(3)
    for _ in range(5):
        i = g.integers(len(x))
        slope = np.zeros(3)
        slope[i] = 2 * w[i] * x[i]
        m = 0.9 * m + slope + g.normal(0, 0.01, 3)
        w -= 0.01 * m
    return np.sum(w**2)


@pytest.mark.parametrize("f", [
    metropolis, noisy_descent, lambda x, g: np.sum(g.normal(x[0], x[1], size=0)) + x[0], lambda x, g: g.normal(x[0], x[1], size=()) * x[0],
    lambda x, g: np.sum(g.normal(x[0], x[1], size=[2, 3]) * 2), lambda x, g: np.sum(g.normal(loc=x, scale=[1.0, 2.0, 3.0]) * x),
    lambda x, g: np.sum(g.normal([x[0], x[1]], 0.5) ** 2), lambda x, g: np.sum(g.normal(x[None, :], x[:, None]) ** 2) + np.sum(g.uniform(x[0], x + 1, (2, 3))),
    lambda x, g: np.sum((g.random(3) < 0.5) * x) + float(g.random() < 0.3) * x[0], lambda x, g: sum(x[i] for i in g.permutation(3)[:2]) + x[g.choice([0, 2])],
    lambda x, g: np.sum(g.normal(0.0, np.abs(x), (3,)) + g.normal(x)), lambda x, g: np.sum(np.where((u := g.random(4)) < 0.5, x[0] * u, x[1] * u)[np.argsort(u)]),
])
def test_further_programs(f):
    drawn_gradient_is_right(f, (X, new()))


def test_checks_draw_the_same_numbers():
    def f(x, g):
        return np.sum(g.normal(x, x) ** 2)

    def outside(x):
        return np.sum(Generator.normal(x, x) ** 2) + np.random.rand() * x[0] + random.random() * x[1] + Standard.random() * x[2]

    cr.check_grads(f, (X, new()))
    cr.check_grads(outside, (X,))
    for g, args in ((f, (X, new())), (outside, (X,)), (by_values, (X, new())), (model.loss, (X,))):
        plain = called(cr.grad(g), args)
        checked = called(cr.grad(g, check=True), args)
        np.testing.assert_array_equal(checked[0], plain[0])
        assert checked[1] == plain[1]


def test_printed():
    def sampled(x, rng, mu, sigma):
        total = 0.0
        for _ in range(3):
            sample = mu + sigma * rng.standard_normal(x.shape)
            total = total + np.sum((sample - x) ** 2)
        return total

    text = cr.grad(sampled, (2, 3)).source_for(X, new(), X * 1.0, 0.5)
    assert text.count("rng.standard_normal(size=x.shape)") >= 1 and "sigma_bar" in text
    text = cr.grad(lambda x, rng: np.sum(rng.normal(x, 0.5) ** 2)).source_for(X, new())
    assert "rng.standard_normal(size=x.shape)" in text and "check" not in text


# -- only the source is wanted, and which path it takes depends on what is drawn -----------------------------------------------


def by_drawn_order(x, rng):
    order = [0, 1, 2]
    rng.shuffle(order)
    own = np.random.default_rng(4)
    own.random()
    np.random.shuffle(order)
    factor = 2.0 if isinstance(rng, np.random.Generator) and rng.uniform() < 0.5 else own.uniform()
    return x[order[0]] ** 2 * x[order[1]] * factor + Generator.normal() * x[order[2]]


@pytest.mark.parametrize("new", [lambda: np.random.default_rng(3), lambda: np.random.RandomState(3)])
def test_asking_for_the_source_draws_nothing(new):
    derivative = cr.grad(by_drawn_order)
    start()
    rng = new()
    before = states(rng)
    text = derivative.source_for(X, rng)
    assert states(rng) == before
    start()
    derivative(X, new())
    assert derivative.source == text
    start()
    by_drawn_order(X, rng)
    after = states(rng)
    start()
    again = new()
    derivative(X, again)
    assert states(again) == after
