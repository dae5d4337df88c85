"""Rows of SciPy: a module here for each module of SciPy that has rows, read when the program has imported that one (`table.lookup`).

In rows, `linalg` is scipy.linalg; `linalg_rt` holds the helpers of its rows (`runtime/scipy`), which call SciPy, too. A row calls the function of SciPy
itself, with the arguments that the program gives it. What only allows SciPy to write over an argument (`overwrite_a`) is left out: here, no argument is
written over. A parameter that an older SciPy does not have keeps its default there.
"""

from __future__ import annotations

import importlib
import importlib.util

from ..table import MODULES

OVERWRITES = ("overwrite_a", "overwrite_b", "overwrite_x", "overwrite_ab", "overwrite_data")


def module(name: str) -> None:
    """Let rows call the functions of a module of SciPy, and its helpers."""
    MODULES[name] = importlib.import_module(f"scipy.{name}")
    helpers = f"{__package__.partition('.')[0]}.runtime.scipy.{name}"
    if importlib.util.find_spec(helpers) is not None:
        MODULES[f"{name}_rt"] = importlib.import_module(helpers)


__all__ = ["OVERWRITES", "module"]
