"""The transforms by name, and the groups of them that are treated alike."""

from __future__ import annotations

MARK = "__chainrule__"  # the attribute by which a public transform says which one it is

GRADIENTS = ("grad", "value_and_grad", "elementwise_grad")
JACOBIANS = ("jacobian", "jacfwd", "jacrev")
TANGENT = ("jvp", "pushforward")  # their functions also take tangents
GIVEN = ("vjp", "linearize", "intermediate_grads")  # they differentiate with respect to all arguments that are given
CHOOSING = (*GRADIENTS, *JACOBIANS, "sparse_jacobian", "sparse_hessian")  # they differentiate as `argnums` says
COLUMNS = (*JACOBIANS, "hessian")  # public transforms that go through directions, some at once

__all__ = ["CHOOSING", "COLUMNS", "GIVEN", "GRADIENTS", "JACOBIANS", "MARK", "TANGENT"]
