"""chainrule, on the primals as they stand."""

import functools
from collections.abc import Callable
from typing import Any

import chainrule as cr
from benchmarks.workload import Workload


def prepare(workload: Workload, args: tuple[Any, ...]) -> Callable[[], Any]:
    """A call of chainrule's gradient of the workload's primal."""
    return functools.partial(cr.grad(workload.primal, workload.argnums), *args)
