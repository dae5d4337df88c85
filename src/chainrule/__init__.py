"""chainrule: derivatives of Python functions over NumPy, as Python source.

    import chainrule as cr

    @cr.grad
    def slope(x): return x * x

Importing the package loads none of its modules: each name is fetched from its own when it is first used (PEP 562), so that a program that may
never ask for a derivative starts as fast as with NumPy alone. What comes first loads the transforms, the first compilation the compiler.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors, nn, optim
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
    from .flows import continuous_adjoint
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
    "continuous_adjoint",
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
    "nn",
    "optim",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]

if not TYPE_CHECKING:  # a type checker takes the imports above; __getattr__ would let any name pass
    _MODULES = {name: module for module, names in {
        "api": "check_grads checkpoint checkpointed elementwise_grad grad hessian hvp intermediate_grads jacfwd jacobian jacrev jvp linearize value_and_grad vjp",
        "custom": "custom_jvp custom_vjp defjvp defvjp",
        "errors": "ChainRuleError GradientCheckError MissingRuleError SourceUnavailableError UnsupportedError",
        "explanation": "explain",
        "flows": "continuous_adjoint",
        "implicit": "argmin fixed_point implicit_root",
        "runtime.surgery": "adjoint_of stop_gradient",
        "sparse": "sparse_hessian sparse_jacobian",
    }.items() for name in names.split()}

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        elif name in __all__:
            value = import_module(f"{__name__}.{name}")
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value  # found at once from now on
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
