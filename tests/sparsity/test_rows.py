"""What every row of the table says about dependence holds: no element of a derivative is outside the pattern."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.ir.probe import type_of
from chainrule.ir.types import differentiable
from chainrule.rules import dependence as table
from chainrule.rules.table import ROWS, resolve
from chainrule.sparsity.dependence import flat
from chainrule.sparsity.machine import Machine
from chainrule.sparsity.sets import Sets
from tests.rules.harness import Single, leaves
from tests.rules.samples import SAMPLES


def marked(value, sets, start):
    """Marks for all floats in a value, numbered from `start`."""
    if isinstance(value, list):
        marks = []
        for item in value:
            mark, start = marked(item, sets, start)
            marks.append(mark)
        return marks, start
    if isinstance(value, np.ndarray):
        return np.arange(start, start + value.size).reshape(value.shape) + 1, start + value.size
    return start + 1, start + 1


def sizes(value):
    return sum(map(sizes, value)) if isinstance(value, list) else int(np.size(value))


def one_hot(value, place):
    """A cotangent with 1 at one element of a result, counted through all its floats."""
    if isinstance(value, (tuple, list)):
        parts = []
        for item in value:
            part, place = one_hot(item, place)
            parts.append(part)
        return type(value)(parts) if type(value) in (tuple, list) else tuple(parts), place
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return value, place
    seed = np.zeros(array.shape, array.dtype)
    if 0 <= place < array.size:
        seed.flat[place] = 1
    return (seed if isinstance(value, np.ndarray) else type(value)(seed)), place - array.size


def sets_of(value, mark):
    """The sets of all floats in a result, flat."""
    if isinstance(value, (tuple, list)):
        parts = [None] * len(value) if mark is None else mark
        return [one for item, part in zip(value, parts) for one in sets_of(item, part)]
    if np.asarray(value).dtype.kind not in "fc":
        return []
    return [0] * int(np.size(value)) if mark is None else np.ravel(mark).tolist()


def compared(op, sample):
    """(pattern, entries of the derivative that are not zero), as dense matrices."""
    single = Single(op, sample)
    total = sum(sizes(value) for param, value in zip(single.params, single.values) if param in single.wrt)
    sets = Sets(total)
    known, start = [], 0
    for param, value in zip(single.params, single.values):
        mark = None
        if param in single.wrt:
            mark, start = marked(value, sets, start)
        known.append((value, mark, 1))
    value, mark, _ = Machine(sets, 1, 2, False).run(single.program, known)
    indptr, indices = sets.members(np.array(sets_of(value, mark), np.int64))
    count = sum(leaf.size for leaf in leaves(value))
    assert len(indptr) == count + 1
    pattern = np.zeros((count, total), bool)
    pattern[np.repeat(np.arange(count), np.diff(indptr)), indices] = True
    derivative = np.zeros((count, total), bool)
    for row in range(count):
        gradients = single.pullback(one_hot(value, row)[0])
        derivative[row] = np.concatenate([np.ravel(leaf) for leaf in leaves(list(gradients))] or [np.zeros(0)]) != 0
    return pattern, derivative


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if name in ROWS and not name.startswith(("np.empty",))))
def test_nothing_is_left_out(name):
    for sample in SAMPLES[name]:
        with np.errstate(all="ignore"):
            single = Single(name, sample)
            if not single.wrt or not differentiable(type_of(single.out)):
                continue
            pattern, derivative = compared(name, sample)
            assert not np.any(derivative & ~pattern), f"{name}{sample.args}{sample.kwargs}"


def test_the_table_names_rows():
    for name, words in vars(table).items():
        if name.isupper() and name not in ("DTYPES",):
            assert [op for op in words if op not in ROWS and op.split(".")[0] in ("np", "rt", "math") and resolve(op) is not None] == [], name
    assert flat([1, (2, None)]) == [1, 2]
