"""Jacobians whose directions are taken by so many at a time: the same values as with all at once, and what is shared is computed once."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import dispatch
from chainrule.transform import chunks
from tests.test_jacobians import VECTORS, matrix, of_a_dict, right

TRANSFORMS = pytest.mark.parametrize("transform", [cr.jacfwd, cr.jacrev, cr.jacobian], ids=["jacfwd", "jacrev", "jacobian"])


@pytest.fixture
def few(monkeypatch):
    """Two or three directions at a time, also for few elements."""
    monkeypatch.setattr(dispatch, "LARGE", 0)
    monkeypatch.setattr(chunks, "CACHE", 8)
    monkeypatch.setattr(chunks, "MEMORY", 8)


@TRANSFORMS
@pytest.mark.parametrize("f", VECTORS, ids=lambda f: f.__name__)
def test_of_vectors(few, transform, f):
    right(transform, f, np.array([1.1, -0.7, 2.3]))


@TRANSFORMS
@pytest.mark.parametrize("f", [f for f in VECTORS if f.__name__ in ("squares", "running", "branching", "gram", "softmax", "solved")], ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [1, 2, 7, 11])
def test_sizes(few, transform, f, n):
    right(transform, f, np.linspace(0.4, 1.9, n))


@TRANSFORMS
def test_of_matrices_and_containers(few, transform):
    m, x = np.array([[0.3, 0.5, -0.7], [1.1, -0.2, 0.4]]), np.array([1.1, -0.7, 2.3])
    for number in (0, 1):
        right(transform, matrix, m, x, number=number)
    right(transform, of_a_dict, {"w": x, "b": 2.0, "n": 3})
    right(transform, lambda a, x: a.T @ a * x, m, x)
    both = transform(matrix, argnums=(0, 1))(m, x)
    assert both[0].shape == (3, 2, 3) and both[1].shape == (3, 3)


@TRANSFORMS
def test_dtypes_and_empty_arrays(few, transform):
    assert transform(lambda x: np.sin(x) * x)(np.linspace(0, 1, 9, dtype=np.float32)).dtype == np.float32
    assert transform(lambda x: x * 2.0)(np.zeros(0)).shape == (0, 0)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def relaxed(u):
    v = u.copy()
    v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * u[1:-1, 1:-1]
    return v


def scattered(x):
    y = np.zeros(len(x))
    np.add.at(y, np.arange(len(x)) % 3, x * x)
    y[np.array([0, 0, 2])] += x[:3]
    return y


def swept(x):
    u = np.sin(x)
    for _ in range(3):
        u[1:-1] = u[1:-1] * u[:-2] + 0.1 * u[2:]
    return u


def energy(x):
    return np.sum(np.exp(0.1 * x) * x) ** 2 - 2 * np.sum(3.0 * x * np.cos(x))


@pytest.mark.parametrize("f", [rosenbrock, energy], ids=lambda f: f.__name__)
def test_hessians(few, f):
    x = np.linspace(-1.0, 1.5, 9)
    g, h = cr.grad(f), 1e-6
    wanted = np.stack([(g(x + h * e) - g(x - h * e)) / (2 * h) for e in np.eye(9)], axis=1)
    np.testing.assert_allclose(cr.hessian(f)(x), wanted, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("f", [relaxed, scattered, swept], ids=lambda f: f.__name__)
@TRANSFORMS
def test_writes(few, transform, f):
    right(transform, f, np.linspace(0.4, 1.9, 16).reshape((4, 4) if f is relaxed else 16))


@pytest.mark.parametrize("f", [relaxed, swept, rosenbrock], ids=lambda f: f.__name__)
def test_many_elements_are_as_few(f, monkeypatch):
    x = np.random.default_rng(0).normal(size=(20, 20) if f is relaxed else 400)
    transform = cr.hessian if f is rosenbrock else cr.jacobian
    at_a_time = transform(f)
    found = at_a_time(x)
    assert "chunk_size(" in at_a_time.source
    monkeypatch.setattr(dispatch, "LARGE", 10**9)
    at_once = transform(f)
    np.testing.assert_allclose(found, at_once(x), rtol=1e-13, atol=1e-13)
    assert "chunk_size(" not in at_once.source


def test_one_function_for_few_and_for_many_elements():
    df = cr.jacobian(lambda x: np.sin(x) * x[0])
    assert df(np.ones(4)).shape == (4, 4) and df(np.ones(300)).shape == (300, 300) and df(np.ones(5)).shape == (5, 5)
    assert len(df.signatures) == 2


def test_what_all_directions_share_is_before_the_loop():
    source = cr.hessian(rosenbrock).source_for(np.ones(300))
    before, after = source.split("# all directions")
    assert "** 2" in before and "** 2" not in after.split("\n", 3)[3].replace("# return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)", "")
    assert "jacobian[k:t" in after


def test_what_is_printed_is_printed_once(capsys):
    def noisy(x):
        print("once")
        return x * x

    cr.jacfwd(noisy)(np.ones(300))
    assert capsys.readouterr().out == "once\n"


def test_the_state_of_floating_point_errors(few):
    def guarded(x):
        with np.errstate(divide="ignore"):
            y = np.where(x > 0, 1.0 / x, 0.0)
        return y * x[0]

    right(cr.jacfwd, guarded, np.linspace(0.4, 1.9, 7))
    found = cr.jacfwd(guarded)(np.array([2.0, 0.0, 1.0]))
    np.testing.assert_allclose(found, [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, -2.0]], atol=1e-12)


@pytest.mark.parametrize("f", [rosenbrock, energy], ids=lambda f: f.__name__)
@pytest.mark.parametrize("special", [0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e160, 1e-160], ids=str)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_values_are_as_with_all_at_once(f, special, monkeypatch):
    x = np.linspace(-1.0, 1.5, 300)
    x[7] = special
    found = cr.hessian(f)(x)
    monkeypatch.setattr(dispatch, "LARGE", 10**9)
    at_once = cr.hessian(f)(x)
    assert np.array_equal(np.isnan(found), np.isnan(at_once)) and np.array_equal(np.isinf(found), np.isinf(at_once))
    np.testing.assert_allclose(found, at_once, rtol=1e-12, atol=1e-12)


@TRANSFORMS
@pytest.mark.parametrize("f", VECTORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("size", [1, 2])
def test_as_many_as_the_user_says(transform, f, size):
    x = np.array([1.1, -0.7, 2.3])
    chosen = transform(f, chunk_size=size)
    np.testing.assert_allclose(chosen(x), transform(f)(x), rtol=1e-13, atol=1e-13)
    assert f"min({size}, " in chosen.source


@TRANSFORMS
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("size", [1, 2, 64])
def test_parts_that_are_larger_than_the_array(transform, n, size):
    def ends(x):
        return np.concatenate([x[3:] * 2.0, x[:1]]) * x[-1]

    x = np.linspace(0.5, 2.0, n)
    np.testing.assert_allclose(transform(ends, chunk_size=size)(x), cr.jacfwd(ends)(x))
    right(lambda f, argnums: transform(f, argnums, chunk_size=size), ends, x)


@TRANSFORMS
def test_error_states_and_chunks_of_the_user(transform):
    def guarded(x):
        with np.errstate(divide="raise"):
            y = 1.0 / x
        return y * x[0]

    state = np.geterr()
    right(lambda f, argnums: transform(f, argnums, chunk_size=2), guarded, np.linspace(0.4, 1.9, 5))
    with pytest.raises(FloatingPointError):
        transform(guarded, chunk_size=2)(np.array([1.0, 0.0, 2.0]))
    assert np.geterr() == state


def test_a_loop_in_reverse_mode_is_done_once_more_for_each_chunk():
    x = np.random.default_rng(0).normal(size=300)
    transform = cr.jacrev(swept)
    np.testing.assert_allclose(transform(x), cr.jacfwd(swept)(x), rtol=1e-12, atol=1e-12)
    assert "chunk_size(" in transform.source


def test_a_few_directions_are_taken_at_once():
    def moments(x):
        s, t = 0.0, 0.0
        for i in range(len(x)):
            s, t = s + x[i] * t, t + x[i]
        return np.array([s, t])

    x = np.linspace(-1.0, 1.0, 300)
    transform = cr.jacrev(moments)
    right(cr.jacrev, moments, x)
    assert "chunk_size(" not in transform.source_for(x)


def both_states(x):
    y = np.zeros(len(x))
    y[1:] = x[1:] * x[0]
    z = y
    y = y.copy()
    y[0] = x[1]
    return z, y


def one_twice(x):
    y = np.zeros(len(x))
    y[::2] += x[::2] ** 2
    return {"a": y, "b": (x, y, y.copy())}


def shared(x):
    y = x.copy()
    y[0] *= x[1]
    return y, np.sum(y), y[1:]


@TRANSFORMS
@pytest.mark.parametrize("size", [None, 1, 2])
@pytest.mark.parametrize("f", [both_states, one_twice, shared, lambda x: x, lambda x: (x, x[::-1]), lambda x: np.ones(3)], ids=range(6))
def test_results_that_share(few, transform, f, size):
    right(lambda f, argnums: transform(f, argnums, chunk_size=size), f, np.array([1.1, -0.7, 2.3]))
