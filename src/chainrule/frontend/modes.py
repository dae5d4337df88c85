"""The transforms by name, and the groups of them that are treated alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
MARK = "__chainrule__"  # the attribute by which a public transform says which one it is

GRADIENTS = ("grad", "value_and_grad", "elementwise_grad")
JACOBIANS = ("jacobian", "jacfwd", "jacrev")
TANGENT = ("jvp", "pushforward")  # their functions also take tangents
GIVEN = ("vjp", "linearize", "intermediate_grads")  # they differentiate with respect to all arguments that are given
CHOOSING = (*GRADIENTS, *JACOBIANS, "explain", "sparse_jacobian", "sparse_hessian")  # they differentiate as `argnums` says
IMPLICIT = ("implicit_root", "fixed_point", "argmin")
REVERSE = (*GRADIENTS, "explain", "vjp", "intermediate_grads", "jacrev")
RULES = ("custom_vjp", "custom_jvp", "defvjp", "defjvp")
COLUMNS = (*JACOBIANS, "hessian")  # public transforms that go through directions, some at once


def public(name: str) -> Callable[[F], F]:
    """Mark a public transform, so that the compiler knows it inside a differentiated function."""
    def marked(function: F) -> F:
        setattr(function, MARK, name)
        return function

    return marked


__all__ = ["CHOOSING", "COLUMNS", "GIVEN", "GRADIENTS", "IMPLICIT", "JACOBIANS", "MARK", "REVERSE", "RULES", "TANGENT", "public"]
