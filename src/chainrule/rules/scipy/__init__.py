"""Rows of SciPy: a module here for each module of SciPy that has rows, read when the program has imported that one (`table.lookup`).

In rows, `linalg` is scipy.linalg; `linalg_rt` holds the helpers of its rows (`runtime/scipy`), which call SciPy, too. A row calls the function of SciPy
itself, with the arguments that the program gives it. What only allows SciPy to write over an argument (`overwrite_a`) is left out: here, no argument is
written over. A parameter that an older SciPy does not have keeps its default there.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np

from ...ir.nodes import Arg, Lit, Seq
from ...ir.probe import type_of
from ...ir.types import Array
from ..table import MODULES

OVERWRITES = ("overwrite_a", "overwrite_b", "overwrite_x", "overwrite_ab", "overwrite_data")


def module(name: str) -> None:
    """Let rows call the functions of a module of SciPy, and its helpers."""
    MODULES[name] = importlib.import_module(f"scipy.{name}")
    helpers = f"{__package__.partition('.')[0]}.runtime.scipy.{name}"
    if importlib.util.find_spec(helpers) is not None:
        MODULES[f"{name}_rt"] = importlib.import_module(helpers)


def shape_of_nest(arg: Arg) -> Any:
    """The shape of the array that SciPy makes of an argument: an array, or nested lists and tuples of numbers."""
    if isinstance(arg, Seq):
        return (len(arg.items), *((shape_of_nest(arg.items[0]) or ()) if arg.items else ()))
    if isinstance(arg, Lit):
        return np.shape(arg.value)
    type = type_of(arg)
    return type.shape if isinstance(type, Array) else ()


__all__ = ["OVERWRITES", "module", "shape_of_nest"]
