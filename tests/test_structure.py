"""Containers come apart and together again, and treedefs compare by value."""

from __future__ import annotations

import pickle
from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.structure import LEAF, flatten, flatten_like, is_container, leaf_paths, map_leaves, unflatten

Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Layer:
    w: object
    b: object
    kind: str = "dense"
    calls: list = field(default_factory=list, init=False)

    def __post_init__(self):
        if self.w is None:
            raise ValueError("a layer needs weights")


LEAVES = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3))
TREES = st.recursive(
    LEAVES,
    lambda t: st.one_of(
        st.lists(t, max_size=3),
        st.lists(t, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=2), t, max_size=3),
        st.builds(Point, t, t),
    ),
    max_leaves=12,
)


@given(TREES)
def test_round_trip(tree):
    leaves, treedef = flatten(tree)
    again = unflatten(treedef, leaves)
    assert again == tree and type(again) is type(tree)
    assert treedef.size == len(leaves) == len(leaf_paths(treedef))
    assert flatten_like(treedef, tree) == leaves
    assert not any(is_container(leaf) for leaf in leaves)


@given(TREES)
def test_a_treedef_is_a_key(tree):
    first, second = flatten(tree)[1], flatten(map_leaves(lambda _: object(), tree))[1]
    assert first == second and hash(first) == hash(second)
    assert {first: 1}[second] == 1
    assert pickle.loads(pickle.dumps(first)) == first


@given(TREES)
def test_paths_are_python(tree):
    leaves, treedef = flatten(tree)
    for path, leaf in zip(leaf_paths(treedef, "tree"), leaves, strict=True):
        assert eval(path, {"tree": tree}) is leaf


def test_different_structures_differ():
    trees = [
        1.0,
        (1.0,),
        [1.0],
        {"a": 1.0},
        {"b": 1.0},
        Point(1.0, 2.0),
        (1.0, 2.0),
        [[1.0]],
        Layer(1.0, 2.0),
        {},
        (),
        [],
    ]
    assert len({flatten(tree)[1] for tree in trees}) == len(trees)
    assert flatten({"a": 1, "b": 2})[1] != flatten({"b": 2, "a": 1})[1]


def test_a_dataclass_is_rebuilt_without_its_constructor():
    layer = Layer(np.ones(2), 0.0)
    layer.calls.append(7)
    leaves, treedef = flatten(layer)
    assert leaves[1:] == [0.0, "dense", 7]
    gradient = unflatten(treedef, [None, 1.0, None, None])
    assert gradient.w is None and gradient.b == 1.0 and gradient.calls == [None]


def test_arrays_strings_and_classes_are_leaves():
    array = np.ones(2)
    for leaf in (array, "abc", Layer, None, {1, 2}, range(3)):
        assert flatten(leaf) == ([leaf], LEAF)


def test_wrong_numbers_of_leaves():
    treedef = flatten((1, [2, 3]))[1]
    with pytest.raises(ValueError, match="too few leaves"):
        unflatten(treedef, [1, 2])
    with pytest.raises(ValueError, match="too many leaves"):
        unflatten(treedef, [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"w": [1, 2], "b": 3}, "expected tuple at \\['b'\\], got int"),
        ({"w": [1], "b": (3,)}, "expected 2 items at \\['w'\\], got 1"),
        ({"w": [1, 2]}, "expected keys \\['w', 'b'\\] at the top, got \\['w'\\]"),
        ([1], "expected dict at the top, got list"),
    ],
)
def test_flatten_like_says_where_structures_differ(value, message):
    _, treedef = flatten({"w": [0, 0], "b": (0,)})
    with pytest.raises(ValueError, match=message):
        flatten_like(treedef, value)
