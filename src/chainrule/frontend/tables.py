"""The tables of builtins and methods, with everything that is registered in them."""

from __future__ import annotations

from . import deques, itertools_table, lists, mappings, operators, ordering, reductions, sets
from .builtins import BUILTINS, METHODS

__all__ = ["BUILTINS", "METHODS", "deques", "itertools_table", "lists", "mappings", "operators", "ordering", "reductions", "sets"]
