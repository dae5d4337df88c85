"""Affine forms, and proofs that one is positive."""

from __future__ import annotations

from chainrule.analysis.affine import Bound, constant, plus, positive


def test_sums():
    assert plus({"i": 2, None: 1}, {"i": -2, "n": 1}) == {None: 1, "n": 1}
    assert plus(constant(0), constant(3), -1) == {None: -3}
    assert constant(0) == {}


def test_inner_indices_are_replaced_first():
    bounds = {"i": Bound({}, {"n": 1, None: -1}, 0), "j": Bound({"i": 1, None: 1}, {"n": 1, None: -1}, 1)}
    assert positive({"j": 1, "i": -1}, bounds)  # j >= i + 1
    assert not positive({"j": 1, "i": -1, None: -1}, bounds)
    assert positive({"n": 1, "i": -1}, bounds)  # i <= n - 1
    assert not positive({"i": 1}, bounds)  # i may be 0
    assert positive({"i": 1}, bounds, 0)
    assert not positive({"m": 1}, bounds)  # nothing is known of m


def test_a_bound_that_is_missing_is_no_proof():
    assert not positive({"i": -1, None: 10}, {"i": Bound({}, None, 0)})
    assert positive({"i": 1, None: 1}, {"i": Bound({}, None, 0)})
