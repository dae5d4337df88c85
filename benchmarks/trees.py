"""Nested tuples and lists: the structures in which the workloads keep parameters and gradients."""

from collections.abc import Callable
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """The leaves of nested tuples and lists, from left to right."""
    if isinstance(tree, (tuple, list)):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [tree]


def convert(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """The same structure with `leaf` applied to every leaf."""
    if isinstance(tree, (tuple, list)):
        return type(tree)(convert(branch, leaf) for branch in tree)
    return leaf(tree)
