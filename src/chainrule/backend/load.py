"""Emitted text -> function: compiles the text under a file name of its own, and runs it in a namespace of its own.

The text is registered with `linecache`, so that tracebacks, `inspect.getsource` and debuggers show it; it is
forgotten when the function is.
"""

from __future__ import annotations

import itertools
import linecache
import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .debug import with_asserts
from .emit import Emitted

_numbers = itertools.count(1)


def load(emitted: Emitted, debug: bool = False) -> Callable[..., Any]:
    """Make the function that a text defines. `__source__` is the text, `__lines__` maps its lines to the user's statements.

    debug: it asserts that its tapes are empty when it returns (see `debug`); the text does not show that.
    """
    filename = f"<chainrule {emitted.name} #{next(_numbers)}>"
    lines = emitted.text.splitlines(keepends=True)
    linecache.cache[filename] = (len(emitted.text), None, lines, filename)
    namespace: dict[str, Any] = {"np": np, "math": math, "__name__": "chainrule.generated", **emitted.constants}
    exec(compile(with_asserts(emitted.text, emitted.tapes) if debug else emitted.text, filename, "exec"), namespace)
    function: Any = namespace[emitted.name]
    function.__source__ = emitted.text
    function.__lines__ = emitted.line_map
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function  # type: ignore[no-any-return]


__all__ = ["load"]
