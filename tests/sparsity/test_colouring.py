"""Colourings of random patterns are valid, and matrices are recovered exactly from the products that they ask for."""

from __future__ import annotations

import time

import numpy as np
import scipy.sparse as scipy_sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.sparsity.colouring import colour_columns, colour_symmetric
from chainrule.sparsity.compression import by_columns, by_rows, compressed, symmetric
from chainrule.sparsity.pattern import Pattern


def pattern_of(dense):
    matrix = scipy_sparse.csr_array(dense)
    matrix.sort_indices()
    return Pattern(matrix.shape, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))


@st.composite
def patterns(draw, square=False):
    rows = draw(st.integers(0, 12))
    columns = rows if square else draw(st.integers(0, 12))
    density = draw(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
    seed = draw(st.integers(0, 10**6))
    dense = np.random.default_rng(seed).random((rows, columns)) < density
    return dense | dense.T if square else dense


def dense_of(plan, data):
    result = np.zeros(plan.pattern.shape)
    rows = np.repeat(np.arange(plan.pattern.shape[0]), np.diff(plan.pattern.indptr))
    result[rows, plan.pattern.indices] = data
    return result


@settings(max_examples=300, deadline=None)
@given(patterns(), st.integers(0, 10**6))
def test_columns_of_a_colour_have_no_row_in_common(dense, seed):
    colour, count = colour_columns(scipy_sparse.csr_array(dense))
    assert set(colour.tolist()) <= set(range(count))
    for one in range(count):
        assert np.all(dense[:, colour == one].sum(axis=1) <= 1)
    values = np.where(dense, np.random.default_rng(seed).normal(size=dense.shape), 0.0)
    plan = by_columns(pattern_of(dense))
    np.testing.assert_array_equal(dense_of(plan, compressed(plan, lambda v: values @ v, float)), values)
    plan = by_rows(pattern_of(dense))
    np.testing.assert_array_equal(dense_of(plan, compressed(plan, lambda v: v @ values, float)), values)


@settings(max_examples=400, deadline=None)
@given(patterns(square=True), st.integers(0, 10**6))
def test_star_colourings(dense, seed):
    colour, count = colour_symmetric(scipy_sparse.csr_array(dense))
    n = len(dense)
    graph = dense & ~np.eye(n, dtype=bool)
    neighbours = [np.flatnonzero(row) for row in graph]
    for v in range(n):
        for w in neighbours[v]:
            assert colour[v] != colour[w]
            for x in neighbours[w]:
                for y in neighbours[x]:
                    if len({v, w, x, y}) == 4:
                        assert len({colour[v], colour[w], colour[x], colour[y]}) > 2
    values = np.random.default_rng(seed).normal(size=dense.shape)
    values = np.where(dense, values + values.T, 0.0)
    plan = symmetric(pattern_of(dense))
    found = dense_of(plan, compressed(plan, lambda v: values @ v, float))
    np.testing.assert_allclose(found, values, rtol=0, atol=0)
    assert plan.count == count


def test_known_numbers_of_colours():
    n = 50
    tridiagonal = scipy_sparse.diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1]).tocsr()
    assert colour_columns(tridiagonal)[1] == 3
    assert colour_symmetric(tridiagonal)[1] == 3
    assert colour_columns(scipy_sparse.csr_array(np.eye(n)))[1] == 1
    assert colour_symmetric(scipy_sparse.csr_array(np.eye(n)))[1] == 1
    arrowhead = np.eye(n)
    arrowhead[0] = arrowhead[:, 0] = 1
    assert colour_columns(scipy_sparse.csr_array(arrowhead))[1] == n
    assert colour_symmetric(scipy_sparse.csr_array(arrowhead))[1] == 2
    assert colour_columns(scipy_sparse.csr_array(np.zeros((3, 0))))[1] == 0
    assert colour_symmetric(scipy_sparse.csr_array(np.zeros((0, 0))))[1] == 0


def five_points(n):
    number = np.arange(n * n).reshape(n, n)
    pairs = [(number, number), (number[1:], number[:-1]), (number[:-1], number[1:]), (number[:, 1:], number[:, :-1]), (number[:, :-1], number[:, 1:])]
    rows, columns = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    return scipy_sparse.csr_array((np.ones(len(rows), bool), (rows, columns)))


def test_a_large_grid():
    matrix = five_points(316)
    start = time.perf_counter()
    assert colour_columns(matrix)[1] <= 8
    assert colour_symmetric(matrix)[1] <= 8
    assert time.perf_counter() - start < 20
