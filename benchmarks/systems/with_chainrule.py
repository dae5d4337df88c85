"""chainrule, on the primals as they stand."""

import functools
from collections.abc import Callable
from typing import Any

import chainrule as cr
from benchmarks.workload import Derivative, Workload


def prepare(workload: Workload, args: tuple[Any, ...]) -> Callable[[], Any]:
    """A call of chainrule's gradient of the workload's primal."""
    return functools.partial(cr.grad(workload.primal, workload.argnums), *args)


def derivative(case: Derivative, args: tuple[Any, ...], direction: Any) -> Callable[[], Any]:
    """A call of chainrule's derivative of the primal; of the gradient, where the kind is "grad"."""
    if case.kind == "hvp":
        return functools.partial(cr.hvp(case.primal), *args, direction)
    transform = {"hessian": cr.hessian, "jacobian": cr.jacobian}[case.kind]
    return functools.partial(transform(case.primal), *args)
