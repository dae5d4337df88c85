"""Nested tuples, lists and dictionaries: the structures in which the workloads keep parameters and gradients."""

from collections.abc import Callable
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """The leaves of nested tuples, lists and dictionaries, from left to right or by key."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, (tuple, list)):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [tree]


def convert(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """The same structure with `leaf` applied to every leaf."""
    if isinstance(tree, dict):
        return {key: convert(tree[key], leaf) for key in sorted(tree)}
    if isinstance(tree, (tuple, list)):
        return type(tree)(convert(branch, leaf) for branch in tree)
    return leaf(tree)
