"""The tables of builtins and methods, with everything that is registered in them."""

from __future__ import annotations

import itertools
from typing import Any

from ..containers import deques, heaps, itertools_table, lists, mappings, ordering, reductions, sets
from . import composing, constants, functionals, meanings, operators, trees, ufuncs
from .builtins import BUILTINS, METHODS
from .builtins import LAZILY as _LAZILY

# Functions that are given generators as they are, since they do not consume all of them at once.
LAZILY: set[Any] = _LAZILY | {map, filter, any, all, *(getattr(itertools, name) for name in dir(itertools) if name[0] != "_")}

__all__ = ["BUILTINS", "LAZILY", "METHODS", "composing", "constants", "deques", "functionals", "heaps", "itertools_table", "lists", "mappings", "meanings", "operators", "ordering", "reductions", "sets", "trees", "ufuncs"]
