"""The gradients written by hand, in NumPy."""

import functools
from collections.abc import Callable
from typing import Any

from benchmarks.workload import Workload


def prepare(workload: Workload, args: tuple[Any, ...]) -> Callable[[], Any]:
    """A call of the workload's hand-written gradient."""
    return functools.partial(workload.hand_written, *args)
