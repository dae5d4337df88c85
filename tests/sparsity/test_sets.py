"""Sets of inputs against Python's sets, on random graphs of unions; and graphs that are deep."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.sparsity.sets import Sets


def members(sets, ids):
    indptr, indices = sets.members(np.array(ids, np.int64))
    return [indices[start:stop].tolist() for start, stop in zip(indptr, indptr[1:])]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 6), st.integers(0, 10**6), st.integers(1, 25))
def test_random_unions(size, seed, count):
    rng = np.random.default_rng(seed)
    sets = Sets(size)
    known = {0: set(), **{n + 1: {n} for n in range(size)}}

    def note(ids, expected):
        for one, members in zip(np.ravel(ids).tolist(), expected):
            assert known.setdefault(one, members) == members

    for _ in range(count):
        pool = np.array(sorted(known))
        kind = rng.integers(4)
        if kind == 0:
            a, b = (int(one) for one in rng.choice(pool, 2))
            found = sets.union(a, b)
            note([found], [known[a] | known[b]])
        elif kind == 1:
            a, b = rng.choice(pool, (3, 1)), rng.choice(pool, (1, rng.integers(1, 4)))
            found = sets.union(a, b)
            note(found, [known[x] | known[y] for x, y in zip(*(np.broadcast_to(one, found.shape).ravel().tolist() for one in (a, b)))])
        elif kind == 2:
            ids = rng.choice(pool, (2, 3, 2))
            found = sets.reduce(ids, (1,))
            assert found.shape == (2, 1, 2)
            note(found, [set().union(*(known[x] for x in ids[i, :, k].tolist())) for i in range(2) for k in range(2)])
        else:
            ids = rng.choice(pool, 5)
            found = sets.running(ids, 0)
            note(found, [set().union(*(known[x] for x in ids[: n + 1].tolist())) for n in range(5)])
    asked = rng.choice(np.array(sorted(known)), 6).tolist()
    assert members(sets, asked) == [sorted(known[one]) for one in asked]


def test_empty():
    sets = Sets(0)
    assert members(sets, []) == []
    assert members(sets, [0, 0]) == [[], []]
    assert sets.reduce(np.zeros((0, 3), np.int64), (0,)).shape == (1, 3)
    assert sets.reduce(np.zeros((2, 0), np.int64), (1,)).shape == (2, 1)
    assert sets.all() == 0


def test_a_sum_of_a_loop():
    n = 20_000
    sets = Sets(n)
    total = 0
    for k in range(n):
        total = sets.union(total, k + 1)
    start = time.perf_counter()
    assert members(sets, [total]) == [list(range(n))]
    assert time.perf_counter() - start < 5
