"""chainrule: derivatives of Python functions over NumPy, as Python source.

    import chainrule as cr

    @cr.grad
    def slope(x): return x * x
"""

from . import errors
from .api import (
    check_grads,
    checkpoint,
    checkpointed,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    intermediate_grads,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from .custom import custom_jvp, custom_vjp, defjvp, defvjp
from .errors import ChainRuleError, GradientCheckError, MissingRuleError, SourceUnavailableError, UnsupportedError
from .explanation import explain
from .implicit import argmin, fixed_point, implicit_root
from .runtime.surgery import adjoint_of, stop_gradient
from .sparse import sparse_hessian, sparse_jacobian

__version__ = "0.1.0"

__all__ = [
    "ChainRuleError",
    "GradientCheckError",
    "MissingRuleError",
    "SourceUnavailableError",
    "UnsupportedError",
    "adjoint_of",
    "argmin",
    "check_grads",
    "checkpoint",
    "checkpointed",
    "custom_jvp",
    "custom_vjp",
    "defjvp",
    "defvjp",
    "elementwise_grad",
    "errors",
    "explain",
    "fixed_point",
    "grad",
    "hessian",
    "hvp",
    "implicit_root",
    "intermediate_grads",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
