"""chainrule: derivatives of Python functions over NumPy, as Python source.

    import chainrule as cr

    @cr.grad
    def slope(x): return x * x
"""

from . import errors
from .api import (
    check_grads,
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from .errors import ChainRuleError, GradientCheckError, MissingRuleError, SourceUnavailableError, UnsupportedError
from .runtime.control import stop_gradient
from .sparse import sparse_hessian, sparse_jacobian

__version__ = "0.1.0"

__all__ = [
    "ChainRuleError",
    "GradientCheckError",
    "MissingRuleError",
    "SourceUnavailableError",
    "UnsupportedError",
    "check_grads",
    "checkpoint",
    "elementwise_grad",
    "errors",
    "grad",
    "hessian",
    "hvp",
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
