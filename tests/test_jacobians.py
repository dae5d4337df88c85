"""Jacobians and Hessians: right, of the right structure, shape and dtype, in both modes; and the work is shared by all directions."""

from __future__ import annotations

import copy
import warnings
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import UnsupportedError
from tests.gradients import is_float, leaves, replace

X = np.array([1.1, -0.7, 2.3])
M = np.array([[0.3, 0.5, -0.7], [1.1, -0.2, 0.4]])
BOTH = pytest.mark.parametrize("transform", [cr.jacfwd, cr.jacrev], ids=["forward", "reverse"])
MODES = pytest.mark.parametrize("transform", [cr.jacfwd, cr.jacrev, cr.jacobian], ids=["jacfwd", "jacrev", "jacobian"])


def results(value: Any) -> list[Any]:
    return [np.asarray(leaf, float) for _, leaf in leaves(value) if is_float(leaf)]


def differences(f: Callable[..., Any], args: tuple[Any, ...], number: int) -> list[list[Any]]:
    """For each float leaf of the value, for each float leaf of an argument: the Jacobian, by central differences."""
    def at(path: Any, leaf: Any) -> list[Any]:
        given = list(copy.deepcopy(args))
        given[number] = replace(given[number], path, leaf)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return results(f(*given))

    blocks: list[list[Any]] = [[] for _ in results(f(*copy.deepcopy(args)))]
    for path, leaf in leaves(args[number]):
        if not is_float(leaf):
            continue
        base = np.asarray(leaf, float)
        columns = []
        for index in np.ndindex(*base.shape):
            pair = []
            for h in (1e-6, -1e-6):
                moved = base.copy()
                moved[index] += h
                pair.append(at(path, moved if isinstance(leaf, np.ndarray) else type(leaf)(moved)))
            columns.append([(a - b) / 2e-6 for a, b in zip(*pair)])
        for k, block in enumerate(blocks):
            shape = results(f(*copy.deepcopy(args)))[k].shape
            block.append(np.stack([column[k] for column in columns], -1).reshape(shape + base.shape) if columns else np.zeros(shape + base.shape))
    return blocks


def right(transform: Any, f: Callable[..., Any], *args: Any, number: int = 0, tolerance: float = 1e-5) -> Any:
    """The Jacobian, which is compared with finite differences; the arguments stay as they are."""
    given = copy.deepcopy(args)
    found = transform(f, argnums=number)(*given)
    for (_, before), (_, after) in zip(leaves(args), leaves(given)):
        assert np.array_equal(before, after)
    flat = [np.asarray(leaf) for _, leaf in leaves(found) if leaf is not None]
    wanted = [block for row in differences(f, args, number) for block in row]
    assert [a.shape for a in flat] == [b.shape for b in wanted]
    for a, b in zip(flat, wanted):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, np.max(np.abs(b), initial=0.0)))
    return found


# -- programs ----------------------------------------------------------------------------------------------------


def squares(x):
    return x * x[0]


def running(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = np.tanh(y[i - 1] * x[i]) + y[i - 1]
    return y


def branching(x):
    y = x.copy()
    for i in range(len(x)):
        if x[i] > 0:
            y[i:] *= x[i]
        else:
            y = np.sin(y) + x[i]
    return y


def newton(x):
    r = x[0]
    while abs(r * r - x[2]) > 1e-12:
        r = 0.5 * (r + x[2] / r)
    return np.array([r, r * x[1]])


def grown(x):
    found = []
    for v in x:
        if v > 0:
            found.append(v * x[1])
    return np.array(found)


def rows(x):
    lines = [x * k for k in range(1, 4)]
    return np.vstack(lines) @ x


def gram(x):
    return np.outer(x, x) + np.diag(x)


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def solved(x):
    a = np.diag(x) + 4.0 * np.eye(len(x)) + np.outer(x, np.ones(len(x)))
    return np.linalg.solve(a, x) + np.linalg.inv(a)[0] * np.linalg.det(a)


def gathered(x):
    i = np.array([2, 0, 2, 1])
    y = x[i] * np.arange(4.0)
    z = np.zeros(3)
    np.add.at(z, i, y * y)
    return np.concatenate([z, np.sort(x), np.cumsum(x)[::-1]])


def masked(x):
    y = np.where(x > 0, np.sqrt(np.abs(x)), x)
    y[x < 0] *= 2.0
    return y


def shaped(x):
    a = np.reshape(np.tile(x, 4), (2, 2, 3))
    return np.transpose(a, (2, 0, 1)).ravel() * np.broadcast_to(x, (4, 3)).ravel()


def scan(x):
    state, out = (x[0], x[1]), []
    for k in range(4):
        state = (state[1], state[0] * x[2])
        out.append(state[0])
    return np.array(out)


def integrated(x):
    def rhs(y):
        return np.array([y[1], -x[2] * np.sin(y[0])])

    y = x[:2]
    for _ in range(5):
        k1 = rhs(y)
        k2 = rhs(y + 0.05 * k1)
        y = y + 0.1 * k2
    return y


def convolved(x):
    return np.convolve(x, x)


def powers(x, n):
    return x if n == 0 else powers(x * x[0], n - 1)


VECTORS = [squares, running, branching, newton, grown, rows, gram, softmax, solved, gathered, masked, shaped, scan, integrated, convolved]


@MODES
@pytest.mark.parametrize("f", VECTORS, ids=lambda f: f.__name__)
def test_of_vectors(transform, f):
    right(transform, f, X)


@BOTH
@pytest.mark.parametrize("n", [1, 2, 7])
def test_other_sizes(transform, n):
    x = np.linspace(0.4, 1.9, n)
    for f in (squares, running, branching, gram, softmax, solved):
        right(transform, f, x)


@BOTH
def test_recursion_goes_through_the_directions_one_by_one(transform):
    right(transform, powers, X, 3)


def matrix(a, x):
    return np.tanh(a @ x) @ a


@MODES
@pytest.mark.parametrize("number", [0, 1])
def test_of_matrices(transform, number):
    right(transform, matrix, M, X, number=number)
    right(transform, lambda a, x: a.T @ a * x, M, X, number=number)
    right(transform, lambda a, x: np.einsum("ij,j->ij", a, x)[:, ::-1].sum(axis=0), M, X, number=number)


# -- structures, shapes, dtypes ------------------------------------------------------------------------------------


Pair = namedtuple("Pair", "w b")


def of_a_dict(p):
    return {"y": p["w"] * p["b"], "rest": (p["w"].sum(), [p["b"] ** 2 * np.ones((2, 1))])}


@MODES
def test_structures_are_nested(transform):
    p = {"w": X, "b": 2.0, "n": 3}
    found = transform(of_a_dict)(p)
    assert found["y"]["n"] is None
    assert found["y"]["w"].shape == (3, 3) and found["y"]["b"].shape == (3,)
    assert found["rest"][0]["w"].shape == (3,) and np.shape(found["rest"][0]["b"]) == ()
    assert found["rest"][1][0]["w"].shape == (2, 1, 3)
    right(transform, of_a_dict, p)


@MODES
def test_a_namedtuple(transform):
    found = transform(lambda p: p.w * p.b)(Pair(X, 2.0))
    assert isinstance(found, Pair)
    np.testing.assert_array_equal(found.w, 2.0 * np.eye(3))
    np.testing.assert_array_equal(found.b, X)


@MODES
def test_several_arguments(transform):
    found = transform(matrix, argnums=(0, 1))(M, X)
    assert isinstance(found, tuple) and [part.shape for part in found] == [(3, 2, 3), (3, 3)]
    (alone,) = transform(matrix, argnums=(1,))(M, X)
    np.testing.assert_allclose(alone, found[1])


@MODES
def test_numbers(transform):
    assert transform(lambda x: x**3)(2.0) == 12.0
    np.testing.assert_array_equal(transform(lambda x: np.array([x, x * x]))(3.0), [1.0, 6.0])
    np.testing.assert_array_equal(transform(lambda x: np.sum(x * x))(X), 2 * X)
    assert transform(lambda x: x * x)(np.array(3.0)) == 6.0
    np.testing.assert_array_equal(transform(lambda x: x * np.ones(2))(np.array(3.0)), [1.0, 1.0])


@MODES
def test_dtypes(transform):
    x = X.astype(np.float32)
    assert transform(squares)(x).dtype == np.float32
    backwards = transform is not cr.jacfwd
    assert transform(lambda x: np.sum(x * X))(x).dtype == (np.float32 if backwards else np.float64)  # a cotangent of x, or a tangent of the value


@MODES
def test_nothing_at_all(transform):
    empty = np.zeros(0)
    assert transform(lambda x: x * 2.0)(empty).shape == (0, 0)
    assert transform(lambda x: np.sum(x))(empty).shape == (0,)
    assert transform(lambda x: x[:0])(X).shape == (0, 3)
    assert transform(lambda x: x.reshape(-1, 3) * 2.0)(np.zeros((0, 3))).shape == (0, 3, 0, 3)


@MODES
def test_leaves_without_derivative(transform):
    assert transform(lambda x: (len(x), "text"))(X) == (None, None)
    found = transform(lambda x: (x > 1.0, x * 2.0, 3))(X)
    assert found[0] is None and found[2] is None
    np.testing.assert_array_equal(found[1], 2 * np.eye(3))
    np.testing.assert_array_equal(transform(lambda x: np.ones(2))(X), np.zeros((2, 3)))


@MODES
def test_arguments_are_not_written_and_results_are_not_shared(transform):
    def doubled(x):
        x *= 2.0
        return x, x

    x = X.copy()
    one, two = transform(doubled)(x)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(one, 2 * np.eye(3))
    assert one.flags.writeable and two.flags.writeable
    assert not np.shares_memory(one, two)


@MODES
def test_effects_happen_once(transform, capsys):
    def talking(x):
        print("here")
        return x * x[0]

    transform(talking)(X)
    assert capsys.readouterr().out == "here\n"

    def recursive(x, n):
        if n == 0:
            print("there")
            return x
        return recursive(x * x[0], n - 1)

    transform(recursive)(X, 2)
    assert capsys.readouterr().out == "there\n"


@BOTH
def test_a_pole_stays_in_its_own_row(transform):
    with np.errstate(all="ignore"):
        found = transform(lambda x: np.sqrt(x))(np.array([0.0, 4.0]))
    np.testing.assert_array_equal(found, [[np.inf, 0.0], [0.0, 0.25]])


def test_complex_numbers():
    z = np.array([1.0 + 2.0j, 0.5])
    np.testing.assert_allclose(cr.jacobian(lambda x: x * 1j)(X), 1j * np.eye(3))
    np.testing.assert_allclose(cr.jacobian(lambda z: np.real(z * z))(z), np.diag(2 * z))
    with pytest.raises(UnsupportedError, match="complex"):
        cr.jacfwd(lambda z: z * z)(z)
    with pytest.raises(UnsupportedError, match="complex"):
        cr.jacrev(lambda z: z * z)(z)


# -- Hessians --------------------------------------------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def looped(x):
    s = 0.0
    for i in range(len(x)):
        s = s + np.sin(s) * x[i] ** 2 + x[i - 1] * x[i]
    return s


def of_matrix(a):
    return np.sum(np.tanh(a @ a.T)) + np.trace(np.linalg.inv(a @ a.T))


@pytest.mark.parametrize("f, x", [(rosenbrock, X), (looped, X), (of_matrix, M), (lambda x: x**3 + np.sin(x), 0.7)])
def test_hessians(f, x):
    found = right(lambda g, argnums: cr.hessian(f), lambda x: cr.grad(f)(x), x)
    n = np.size(x)
    square = np.reshape(found, (n, n))
    np.testing.assert_allclose(square, square.T, rtol=1e-9, atol=1e-9)


def test_a_hessian_is_nested_twice():
    found = cr.hessian(lambda p: np.sum(p["w"] ** 2) * p["b"])({"w": X, "b": 2.0})
    np.testing.assert_allclose(found["w"]["w"], 4.0 * np.eye(3))
    np.testing.assert_allclose(found["w"]["b"], 2.0 * X)
    np.testing.assert_allclose(found["b"]["w"], 2.0 * X)
    assert found["b"]["b"] == 0.0


def test_jacobians_of_jacobians():
    third = 6.0 * np.ones(3)
    for outer, inner in ((cr.jacfwd, cr.jacfwd), (cr.jacfwd, cr.jacrev), (cr.jacrev, cr.jacfwd), (cr.jacrev, cr.jacrev)):
        found = outer(inner(lambda x: x**3))(X)
        assert found.shape == (3, 3, 3)
        np.testing.assert_allclose(np.einsum("iii->i", found), third * X)


# -- work -------------------------------------------------------------------------------------------------------------


def test_the_function_is_evaluated_once():
    source = cr.jacfwd(running).source_for(X)
    assert source.count(" in range(") == 1
    assert source.count("np.tanh") == 1
    source = cr.jacrev(running).source_for(X)
    assert source.count("    for ") == 2


@BOTH
def test_there_is_no_loop_over_the_directions(transform):
    for f in (squares, softmax, gram, solved, gathered, masked, shaped):
        assert " in range(" not in transform(f).source_for(X), f.__name__
