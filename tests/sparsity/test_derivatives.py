"""Sparse Jacobians and Hessians against dense ones: finite differences, and the rows of the pullback."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as scipy_sparse

import chainrule as cr
from chainrule.sparsity import derivatives
from chainrule.sparsity.derivatives import _cheapest
from chainrule.sparsity.pattern import Pattern

RNG = np.random.default_rng(3)


def X(*shape):
    return RNG.uniform(0.5, 1.5, shape)


def dense_by_differences(f, args, place):
    """Central differences of f with respect to one argument, with Richardson extrapolation."""
    x = args[place]

    def at(direction):
        return np.ravel(f(*args[:place], x + direction, *args[place + 1 :]))

    columns = []
    for n in range(x.size):
        e = np.zeros(x.size)
        e[n] = 1.0
        e = e.reshape(x.shape)
        coarse, fine = ((at(h * e) - at(-h * e)) / (2 * h) for h in (2e-4, 1e-4))
        columns.append((4 * fine - coarse) / 3)
    return np.stack(columns, axis=1) if columns else np.zeros((len(at(0.0 * x)), 0))


def dense_by_rows(f, args, place):
    value, pullback = cr.vjp(f, *args)
    rows = []
    for n in range(np.size(value)):
        seed = np.zeros(np.size(value))
        seed[n] = 1.0
        rows.append(np.ravel(pullback(seed.reshape(np.shape(value)))[place]))
    return np.stack(rows) if rows else np.zeros((0, args[place].size))


# -- functions, and how many entries their patterns have -----------------------------------------------------------


def second_difference(x):
    return x[:-2] - 2.0 * x[1:-1] + x[2:]


def heat_in_place(x):
    y = np.zeros_like(x)
    y[1:-1] = x[:-2] - 2.0 * x[1:-1] ** 2 + x[2:]
    y[0] = x[0]
    y[-1] = x[-1] * x[-1]
    return y


def heat_by_loops(x):
    y = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        y[i] = x[i - 1] - 2.0 * np.sin(x[i]) + x[i + 1]
    return y


def heat_over_time(x):
    u = x.copy()
    for _ in range(3):
        u[1:-1] += 0.1 * (u[:-2] - 2.0 * u[1:-1] + u[2:])
    return u


def five_points(u):
    r = np.zeros_like(u)
    r[1:-1, 1:-1] = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1] + np.exp(u[1:-1, 1:-1])
    return r


def five_points_by_loops(u):
    m, n = u.shape
    r = np.zeros((m, n))
    for i in range(1, m - 1):
        for j in range(1, n - 1):
            r[i, j] = u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - 4.0 * u[i, j] ** 2
    return r


def lorenz_96(x):
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8.0


def brusselator(y):
    u, v = y[0::2], y[1::2]
    du = 1.0 + u**2 * v - 4.0 * u
    dv = 3.0 * u - u**2 * v
    du[1:-1] += u[2:] - 2.0 * u[1:-1] + u[:-2]
    dv[1:-1] += v[2:] - 2.0 * v[1:-1] + v[:-2]
    result = np.empty(y.shape)
    result[0::2] = du
    result[1::2] = dv
    return result


def banded_residuals(x, a):
    n = len(x)
    r = np.zeros(n)
    for k in range(-2, 3):
        r[max(0, -k) : n - max(0, k)] += a[k + 2] * x[max(0, k) : n - max(0, -k)]
    return r - np.tanh(x)


def blocks(x):
    pieces = [np.sum(x[k : k + 3] ** 2) * x[k : k + 3] for k in range(0, 9, 3)]
    return np.concatenate(pieces)


def batched_solve(x):
    matrices = x.reshape(3, 2, 2) + 3.0 * np.eye(2)
    return np.linalg.inv(matrices)


def springs(positions):
    d = positions[1:] - positions[:-1]
    length = np.sqrt(np.sum(d**2, axis=1))
    force = d / length[:, None]
    total = np.zeros_like(positions)
    total[:-1] += force
    total[1:] -= force
    return total


def scatter_add(x, edges):
    y = np.zeros(6)
    np.add.at(y, edges[:, 0], x[edges[:, 1]] ** 2)
    return y


def gathered(x, index):
    return x[index] * 2.0


def masked(x):
    return np.where(x > 1.0, x**2, x)


def branching(x):
    if x[0] > 1.0:
        return x * x[0]
    return x * 2.0


def grown(x):
    parts = []
    for i in range(len(x) - 1):
        parts.append(x[i] * x[i + 1])
    return np.array(parts)


def constant_matrix(x, a):
    return a @ np.sin(x)


def written_over(x):
    y = x.copy()
    y[1:] = y[:-1] * 2.0
    y[0] = 5.0
    return y


def two_returned_views(x):
    return x[::-1].T


def constant(x):
    return np.arange(3.0) + 0.0 * len(x)


def upwind(u):
    positive = 0.5 * (u[1:-1] + np.abs(u[1:-1]))
    return positive * (u[1:-1] - u[:-2]) / 0.1


def newton(x):
    y = x.copy()
    for _ in range(4):
        y = y - (y * y - x) / (2.0 * y)
    return y


def sorted_values(x):
    return np.sort(x) ** 2


def matrix_of_columns(x):
    return np.stack([x, x**2, np.ones(len(x))], axis=1)


def recursive(x, depth):
    return x if depth == 0 else recursive(x[1:] * x[:-1], depth - 1)


JACOBIANS = {
    "second difference": (second_difference, (X(8),), 0, 18),
    "heat in place": (heat_in_place, (X(7),), 0, 17),
    "heat by loops": (heat_by_loops, (X(7),), 0, 15),
    "heat over time": (heat_over_time, (X(12),), 0, None),
    "five points": (five_points, (X(5, 6),), 0, 60),
    "five points by loops": (five_points_by_loops, (X(4, 5),), 0, 30),
    "Lorenz 96": (lorenz_96, (X(10),), 0, 40),
    "Brusselator": (brusselator, (X(16),), 0, None),
    "banded residuals": (banded_residuals, (X(9), X(5)), 0, 39),
    "banded residuals, weights": (banded_residuals, (X(9), X(5)), 1, 39),
    "blocks": (blocks, (X(9),), 0, 27),
    "inverses": (batched_solve, (X(12),), 0, 48),
    "springs": (springs, (X(5, 2),), 0, None),
    "scatter": (scatter_add, (X(4), np.array([[0, 1], [5, 3], [0, 2], [3, 3]])), 0, 4),
    "gather": (gathered, (X(5), np.array([0, 0, 4])), 0, 3),
    "masked": (masked, (X(6),), 0, 6),
    "branch taken": (branching, (np.array([1.5, 0.5, 0.7]),), 0, 5),
    "branch not taken": (branching, (np.array([0.5, 0.5, 0.7]),), 0, 3),
    "grown": (grown, (X(6),), 0, 10),
    "constant matrix": (constant_matrix, (X(5), np.diag(X(5)) + np.eye(5, k=2)), 0, 8),
    "np.diff": (lambda x: np.diff(x**2), (X(7),), 0, 12),
    "second np.diff": (lambda x: np.diff(x, 2), (X(7),), 0, 15),
    "np.roll": (lambda x: np.roll(x, 3), (X(7),), 0, 7),
    "np.cumsum": (lambda x: np.cumsum(x), (X(6),), 0, 21),
    "np.gradient": (lambda x: np.gradient(x), (X(7),), 0, None),
    "np.convolve": (lambda x: np.convolve(x, np.array([1.0, 2.0, 1.0]), "same"), (X(8),), 0, 22),
    "written over": (written_over, (X(5),), 0, 4),
    "views": (two_returned_views, (X(4, 3),), 0, 12),
    "constant": (constant, (X(4),), 0, 0),
    "dense": (lambda x: x / np.sum(x), (X(5),), 0, 25),
    "one number": (lambda x: np.sum(x**2), (X(5),), 0, 5),
    "upwind": (upwind, (X(8),), 0, 12),
    "Newton": (newton, (X(6),), 0, 6),
    "sorted": (sorted_values, (X(6),), 0, 6),
    "stacked": (matrix_of_columns, (X(4),), 0, 8),
    "empty": (lambda x: x[5:] * 2.0, (X(4),), 0, 0),
    "no input": (lambda x: x * 2.0, (X(0),), 0, 0),
    "recursive": (recursive, (X(6), 2), 0, 12),
    "gradient": (cr.grad(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2)), (X(6),), 0, 16),
    "transposed input": (five_points, (X(6, 5).T,), 0, 60),
    "strided input": (heat_in_place, (X(14)[::2],), 0, 17),
}


@pytest.mark.parametrize("name", JACOBIANS)
def test_jacobian(name):
    f, args, place, entries = JACOBIANS[name]
    before = [np.copy(arg) for arg in args]
    jacobian = cr.sparse_jacobian(f, place)
    found = jacobian(*args)
    assert isinstance(found, scipy_sparse.csr_array)
    for old, arg in zip(before, args):
        np.testing.assert_array_equal(old, arg)
    dense = dense_by_differences(f, args, place)
    assert found.shape == dense.shape
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found.toarray(), dense_by_rows(f, args, place), rtol=1e-12, atol=1e-12)
    if entries is not None:
        assert found.nnz == entries
    again = jacobian(*args)
    np.testing.assert_array_equal(again.toarray(), found.toarray())
    assert jacobian.pattern(*args).nnz == found.nnz


@pytest.mark.parametrize("name", JACOBIANS)
def test_both_modes(name):
    """By columns and by rows, whichever is cheaper."""
    f, args, place, _ = JACOBIANS[name]
    jacobian = cr.sparse_jacobian(f, place)
    expected = jacobian(*args).toarray()
    call = jacobian._call(args, {})
    pattern = jacobian._pattern(call)
    for way, product in ((derivatives.by_columns, lambda: call.push), (derivatives.by_rows, lambda: call.pull())):
        plan = way(pattern)
        data = derivatives.compressed(plan, product() if plan.count else None, float)
        np.testing.assert_allclose(derivatives.as_matrix(pattern, data).toarray(), expected, rtol=1e-12, atol=1e-13)
        assert _cheapest(pattern).count <= plan.count


# -- Hessians ------------------------------------------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_by_loops(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def arrowhead(x):
    return np.sum(x[0] * x[1:] ** 2) + np.sum(np.exp(x))


def dirichlet(u):
    return 0.5 * np.sum((u[1:] - u[:-1]) ** 2) + 0.5 * np.sum((u[:, 1:] - u[:, :-1]) ** 2) + np.sum(np.exp(u))


def quadratic(x, a):
    return x @ a @ x


def in_place_energy(x):
    y = np.zeros(len(x) + 1)
    y[:-1] = x
    y[1:] += x**2
    y[2] *= 3.0
    return np.sum(y**2)


def chain(positions):
    d = positions[1:] - positions[:-1]
    return np.sum((np.sqrt(np.sum(d**2, axis=1)) - 1.0) ** 2)


def least_squares(x, a):
    return 0.5 * np.sum(banded_residuals(x, a) ** 2)


def with_branch(x):
    if x[0] > 1.0:
        return np.sum(x**3)
    return np.sum(x[1:] * x[:-1])


def largest(x):
    return np.max(x**2) + np.sum(np.maximum(x, 0.9) ** 3)


def stepped(x):
    u = x.copy()
    for _ in range(2):
        u[1:-1] = u[1:-1] + 0.1 * u[1:-1] * (u[:-2] - u[2:])
    return np.sum(u**2)


def recursive_sum(x, n):
    return 0.0 if n == 0 else x[n - 1] ** 3 * x[0] + recursive_sum(x, n - 1)


HESSIANS = {
    "Rosenbrock": (rosenbrock, (X(7),), 0, 19),
    "Rosenbrock by loops": (rosenbrock_by_loops, (X(7),), 0, 19),
    "arrowhead": (arrowhead, (X(8),), 0, 22),
    "Dirichlet": (dirichlet, (X(4, 5),), 0, 20 + 2 * 31),
    "quadratic form": (quadratic, (X(5), np.diag(X(5)) + np.eye(5, k=1)), 0, 13),
    "in place": (in_place_energy, (X(6),), 0, 16),
    "chain": (chain, (X(4, 2),), 0, None),
    "least squares": (least_squares, (X(9), X(5)), 0, None),
    "least squares, weights": (least_squares, (X(9), X(5)), 1, 25),
    "branch taken": (with_branch, (np.array([1.5, 0.5, 0.7]),), 0, 3),
    "branch not taken": (with_branch, (np.array([0.5, 0.5, 0.7]),), 0, None),
    "largest": (largest, (np.array([0.3, 1.2, 0.8, 1.1]),), 0, 4),
    "time steps": (stepped, (X(9),), 0, None),
    "linear": (lambda x: np.sum(x) * 3.0, (X(5),), 0, 0),
    "separable": (lambda x: np.sum(np.sin(x) * np.exp(x)), (X(5),), 0, 5),
    "dense": (lambda x: np.sum(x) ** 2, (X(4),), 0, 16),
    "recursive": (recursive_sum, (X(5), 5), 0, 13),
}


@pytest.mark.parametrize("name", HESSIANS)
def test_hessian(name):
    f, args, place, entries = HESSIANS[name]
    hessian = cr.sparse_hessian(f, place)
    found = hessian(*args)
    dense = dense_by_differences(cr.grad(f, place), args, place)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(found.toarray(), found.toarray().T)
    if entries is not None:
        assert found.nnz == entries
    np.testing.assert_array_equal(hessian(*args).toarray(), found.toarray())


def test_numbers_of_sweeps():
    for n in (20, 200, 2000):
        assert cr.sparse_jacobian(heat_in_place).sweeps(X(n)) == 3
        assert cr.sparse_hessian(rosenbrock).sweeps(X(n)) == 3
        assert cr.sparse_hessian(arrowhead).sweeps(X(n)) == 2
        assert cr.sparse_jacobian(lambda x: np.sum(x**2)).sweeps(X(n)) == 1  # by rows
    assert cr.sparse_jacobian(five_points).sweeps(X(30, 30)) <= 7
    assert cr.sparse_hessian(dirichlet).sweeps(X(30, 30)) <= 8
    assert cr.sparse_jacobian(lorenz_96).sweeps(X(40)) <= 6


# -- when a pattern is found again ---------------------------------------------------------------------------------


def test_a_pattern_follows_the_values_of_the_call():
    jacobian = cr.sparse_jacobian(branching)
    assert [jacobian(x).nnz for x in (np.array([1.5, 0.5, 0.7]), np.array([0.5, 0.5, 0.7]), np.array([1.5, 0.1, 0.2]))] == [5, 3, 5]
    jacobian = cr.sparse_jacobian(gathered)
    for index in ([0, 1], [2, 2], [0, 1], [1, 0]):
        np.testing.assert_array_equal(jacobian(X(3), np.array(index)).toarray(), 2.0 * np.eye(3)[index])
    jacobian = cr.sparse_jacobian(constant_matrix)
    x = X(3)
    assert [jacobian(x, a).nnz for a in (np.eye(3), np.eye(3, k=1), np.ones((3, 3)))] == [3, 2, 9]
    for a in (np.eye(3), np.eye(3, k=1), np.ones((3, 3)), np.zeros((3, 3))):
        np.testing.assert_allclose(jacobian(x, a).toarray(), a * np.cos(x))

    def shaped(x, n):
        return np.zeros(n) + x[0]

    jacobian = cr.sparse_jacobian(shaped)
    assert [jacobian(X(2), n).shape for n in (3, 5, 3)] == [(3, 2), (5, 2), (3, 2)]

    def counted(x, n):
        return x[n - 1] * x[: n + 1]

    jacobian = cr.sparse_jacobian(counted)
    for n in (2, 1, 2, 0):
        np.testing.assert_allclose(jacobian(np.ones(3), n).toarray(), np.eye(3)[: n + 1] + np.eye(3)[[n - 1] * (n + 1)])

    def selected(x):
        return x[x > 1.0] ** 2

    jacobian = cr.sparse_jacobian(selected)
    for x in (np.array([2.0, 0.5, 3.0]), np.array([0.5, 0.5, 3.0]), np.array([0.5, 4.0, 3.0])):
        np.testing.assert_allclose(jacobian(x).toarray(), np.diag(2.0 * x)[x > 1.0])


SCALE = np.array([1.0, 0.0, 2.0])


def test_values_from_outside_count_too(monkeypatch):
    def scaled(x):
        return np.diag(SCALE) @ x

    jacobian = cr.sparse_jacobian(scaled)
    assert jacobian(X(3)).nnz == 2
    monkeypatch.setitem(globals(), "SCALE", np.array([1.0, 3.0, 2.0]))
    assert jacobian(X(3)).nnz == 3


def test_a_pattern_is_kept_where_values_do_not_decide():
    jacobian = cr.sparse_jacobian(heat_in_place)
    first = jacobian._pattern(jacobian._call((X(6),), {}))
    assert jacobian._pattern(jacobian._call((X(6),), {})) is first
    assert jacobian._pattern(jacobian._call((X(7),), {})) is not first
    jacobian = cr.sparse_jacobian(banded_residuals)
    first = jacobian._pattern(jacobian._call((X(6), X(5)), {}))
    assert jacobian._pattern(jacobian._call((X(6), X(5)), {})) is first
    jacobian = cr.sparse_jacobian(masked)
    first = jacobian._pattern(jacobian._call((X(6),), {}))
    assert jacobian._pattern(jacobian._call((X(6) + 1.0,), {})) is first


def test_paths_by_values():
    """A program that is made for the path of one call."""
    def by_values(x, names):
        y = x.copy()
        while y[0] < 4.0:
            y = y * (2.0 + x[1])
            if y[0] > 3.0:
                names.append("large")
        return y[: len(names) + 1] if names else y

    jacobian = cr.sparse_jacobian(by_values)
    for x in (np.array([3.9, 1.0, 1.0]), np.array([5.0, 1.0, 1.0]), np.array([1.0, 0.5, 1.0]), np.array([3.5, 1.0, 1.0])):
        np.testing.assert_allclose(jacobian(x, []).toarray(), dense_by_differences(lambda x: by_values(x, []), (x,), 0), rtol=1e-6, atol=1e-7)


# -- random numbers ------------------------------------------------------------------------------------------------

STREAM = np.random.default_rng(5)


def noisy(x, rng):
    y = x * rng.normal(size=len(x))
    y[1:] += x[:-1] ** 2 * rng.normal()
    return y


def noisy_from_outside(x):
    return x * STREAM.normal(size=len(x)) + np.random.normal() * np.roll(x, 1) ** 2


def test_every_sweep_draws_the_same_numbers():
    x = X(5)
    for f, args in ((noisy, (np.random.default_rng(1),)), (noisy_from_outside, ())):
        rng = args[0] if args else STREAM
        jacobian = cr.sparse_jacobian(f)
        for sparse in (jacobian, jacobian, cr.sparse_jacobian(f, pattern=np.ones((5, 5)))):
            state, outside = rng.bit_generator.state, np.random.get_state()
            found = sparse(x, *args)
            after = rng.bit_generator.state
            columns = []
            for unit in np.eye(5):
                rng.bit_generator.state = state
                np.random.set_state(outside)
                columns.append(cr.jvp(f, (x, *args), (unit, *[None for _ in args]))[1])
            np.testing.assert_allclose(found.toarray(), np.stack(columns, axis=1), rtol=1e-12)
            assert rng.bit_generator.state == after  # as far as one call of f advances it


def test_what_cannot_be_repeated_is_refused():
    import time

    def unseeded(x):
        return x * np.random.default_rng().normal(size=len(x))

    def timed(x):
        return x * time.time()

    def timed_in_passing(x):
        start = time.time()
        y = x * 2.0
        print(time.time() - start > 1e9)
        return y

    for f in (unseeded, timed):
        with pytest.raises(cr.UnsupportedError, match="is another one each time it is called"):
            cr.sparse_jacobian(f)(X(3))
    assert cr.sparse_jacobian(timed_in_passing)(X(3)).nnz == 3


# -- arguments and errors ------------------------------------------------------------------------------------------


def test_a_given_pattern():
    x = X(8)
    wide = scipy_sparse.diags_array([np.ones(8)] * 5, offsets=[-2, -1, 0, 1, 2], shape=(8, 8))
    jacobian = cr.sparse_jacobian(heat_in_place, pattern=wide)
    np.testing.assert_allclose(jacobian(x).toarray(), cr.sparse_jacobian(heat_in_place)(x).toarray())
    assert jacobian.sweeps(x) == 5
    assert cr.sparse_jacobian(heat_in_place, pattern=np.ones((8, 8)))(x).nnz == 64
    own = cr.sparse_jacobian(heat_in_place).pattern(x)
    np.testing.assert_allclose(cr.sparse_jacobian(heat_in_place, pattern=own)(x).toarray(), dense_by_rows(heat_in_place, (x,), 0))
    hessian = cr.sparse_hessian(rosenbrock, pattern=np.tri(8, 8, 1) - np.tri(8, 8, -1))  # the upper half is enough
    np.testing.assert_allclose(hessian(x).toarray(), cr.sparse_hessian(rosenbrock)(x).toarray())
    with pytest.raises(ValueError, match=r"sparse_jacobian: the pattern that is given leaves out entries that are not zero, for example in row [1-6]"):
        cr.sparse_jacobian(heat_in_place, pattern=np.eye(8))(x)
    with pytest.raises(ValueError, match="sparse_hessian: the pattern that is given leaves out"):
        cr.sparse_hessian(rosenbrock, pattern=np.eye(8))(x)
    with pytest.raises(ValueError, match="the pattern has 8 columns, but the argument has 9 elements"):
        cr.sparse_jacobian(heat_in_place, pattern=np.eye(8))(X(9))
    with pytest.raises(ValueError, match="the pattern has 9 rows, but the derivative has 8"):
        cr.sparse_jacobian(heat_in_place, pattern=np.ones((9, 8)))(x)
    with pytest.raises(ValueError, match="the pattern has 7 rows, but the derivative has 8"):
        cr.sparse_jacobian(heat_in_place, pattern=np.ones((7, 8)))(x)
    with pytest.raises(TypeError, match="pattern is a sparse matrix or an array with two axes"):
        cr.sparse_jacobian(heat_in_place, pattern=[1, 2])


def test_single_precision():
    x = X(8).astype(np.float32)
    found = cr.sparse_jacobian(heat_in_place)(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), dense_by_rows(heat_in_place, (x.astype(float),), 0), rtol=1e-5)
    found = cr.sparse_hessian(rosenbrock)(x)
    assert found.dtype == np.float32
    cr.sparse_jacobian(heat_in_place, pattern=np.ones((8, 8)))(x)


def test_what_is_returned_belongs_to_the_caller():
    jacobian = cr.sparse_jacobian(banded_residuals)
    x, a = X(6), np.array([1.0, 0.0, 1.0, 0.0, 1.0])
    before = jacobian(x, a)
    expected = before.toarray()
    before.eliminate_zeros()
    before.data[:] = 7.0
    before.indices[:] = 0
    pattern = jacobian.pattern(x, a)
    pattern.indices[:] = 0
    np.testing.assert_array_equal(jacobian(x, a).toarray(), expected)


def test_how_arguments_are_given():
    def f(a, x=None, *, scale=1.0):
        return scale * a * np.diff(x)

    x = X(4)
    expected = 2.0 * 3.0 * np.diff(np.eye(4), axis=0)
    np.testing.assert_allclose(cr.sparse_jacobian(f, 1)(3.0, x, scale=2.0).toarray(), expected)
    np.testing.assert_allclose(cr.sparse_jacobian(f, "x")(3.0, x=x, scale=2.0).toarray(), expected)
    np.testing.assert_allclose(cr.sparse_jacobian(f, -1)(3.0, x, scale=2.0).toarray(), expected)

    class Model:
        width = 2.0

        def residual(self, x):
            return self.width * np.diff(x)

    np.testing.assert_allclose(cr.sparse_jacobian(Model().residual)(x).toarray(), 2.0 * np.diff(np.eye(4), axis=0))


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"sparse_jacobian of heat_in_place: argument 'x' must be a real float array with at least one axis, not of type float"):
        cr.sparse_jacobian(heat_in_place)(1.0)
    with pytest.raises(TypeError, match="real float array"):
        cr.sparse_jacobian(heat_in_place)(np.arange(4))
    with pytest.raises(TypeError, match="real float array"):
        cr.sparse_jacobian(heat_in_place)(X(4) + 1j)
    with pytest.raises(TypeError, match="real float array"):
        cr.sparse_jacobian(lambda xs: xs[0] * 2.0)([X(3)])
    with pytest.raises(TypeError, match="one argument"):
        cr.sparse_jacobian(heat_in_place, (0, 1))
    with pytest.raises(TypeError, match=r"there is no argument 3 to differentiate with respect to"):
        cr.sparse_jacobian(heat_in_place, 3)(X(4))
    with pytest.raises(TypeError, match="not one array"):
        cr.sparse_jacobian(lambda x: (x, x))(X(3))
    with pytest.raises(TypeError, match="complex"):
        cr.sparse_jacobian(lambda x: x * 1j)(X(3))
    with pytest.raises(TypeError, match="not a number"):
        cr.sparse_hessian(heat_in_place)(X(3))
    with pytest.raises(cr.UnsupportedError):
        cr.sparse_jacobian(lambda x: np.require(x, requirements='C'))(X(3))

    def through_text(x):
        return np.ones(3) * float(str(x[0]))

    with pytest.raises(cr.ChainRuleError):
        cr.sparse_jacobian(through_text)(X(3))
    jacobian = cr.sparse_jacobian(heat_in_place)
    with pytest.raises(cr.UnsupportedError, match="a sparse matrix is not an array"):
        cr.grad(lambda x: jacobian(x).sum())(X(3))
    with pytest.raises(cr.UnsupportedError, match="a sparse matrix is not an array"):
        cr.grad(lambda x: cr.sparse_jacobian(heat_in_place)(x).sum())(X(3))


def test_without_scipy(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"pip install chainrule\[scipy\]"):
        cr.sparse_jacobian(heat_in_place)


def test_repr_and_signature():
    import inspect

    jacobian = cr.sparse_jacobian(banded_residuals, 1)
    assert repr(jacobian) == "chainrule.sparse_jacobian(banded_residuals, argnums=1)"
    assert list(inspect.signature(jacobian).parameters) == ["x", "a"]


def test_cheapest():
    n = 6
    rows = Pattern((1, n), np.array([0, n]), np.arange(n))
    assert not _cheapest(rows).forward
    columns = Pattern((n, 1), np.arange(n + 1), np.zeros(n, np.int64))
    assert _cheapest(columns).forward
    assert _cheapest(columns).count == _cheapest(rows).count == 1
