"""The systems that are compared, in the order of the table's columns.

Each module here has `prepare(workload, args)`, which converts the arguments to the system's own
arrays once and returns a function of nothing that computes the gradient, finished when it returns.
The peers' modules hold the workloads' programs as their users would write them, under the name of
the primal.
"""

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.workload import Workload

Prepare = Callable[[Workload, tuple[Any, ...]], Callable[[], Any]]

HAND = "hand"
COMPILED = ("chainrule", "jax")
SYSTEMS = (HAND, "chainrule", "autograd", "jax", "torch")


def load(names: list[str]) -> tuple[dict[str, Prepare], list[str]]:
    """The systems that can be imported, by name, and a line about each that cannot."""
    available = {}
    skipped = []
    for name in names:
        try:
            available[name] = importlib.import_module(f"benchmarks.systems.with_{name}").prepare
        except ImportError as error:
            skipped.append(f"{name}: skipped, {error}")
    return available, skipped
