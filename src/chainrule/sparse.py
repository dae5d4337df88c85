"""The public functions for sparse derivatives: `sparse_jacobian`, `sparse_hessian`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .api import Function, _check_argnums, _compile, _layers
from .rules.table import REFUSALS, Refusal
from .sparsity import INSIDE

if TYPE_CHECKING:
    from .sparsity.derivatives import SparseDerivative

__all__ = ["sparse_hessian", "sparse_jacobian"]


def sparse_jacobian(f: Function, argnums: int | str = 0, *, pattern: Any = None) -> SparseDerivative:
    """The Jacobian of a function of one float array, as a sparse matrix (`scipy.sparse.csr_array`).

    Arguments: ``f``, whose value is one float array (m elements); ``argnums``, the position or name of the argument, a float array (n elements);
    ``pattern``, the entries that may be nonzero: a sparse matrix of shape (m, n). Without it, the pattern is found from the program of f.

    Returns a function with the parameters of f. It returns a matrix of shape (m, n), rows and columns in the order of the flattened arrays. A call
    takes one sweep for each colour of the columns (forward mode) or rows (reverse mode), whichever are fewer.

    Raises ImportError without SciPy; when called, TypeError if the argument is no float array, ValueError if a given pattern leaves something out.

    >>> import numpy as np
    >>> def differences(x):
    ...     return x[1:] ** 2 - x[:-1]
    >>> sparse_jacobian(differences)(np.array([1.0, 2.0, 3.0])).toarray()
    array([[-1.,  4.,  0.],
           [ 0., -1.,  6.]])
    """
    return _sparse("sparse_jacobian", f, argnums, pattern)


def sparse_hessian(f: Function, argnums: int | str = 0, *, pattern: Any = None) -> SparseDerivative:
    """The Hessian of a function whose value is one number, as a sparse matrix (`scipy.sparse.csr_array`).

    Arguments and errors are those of `sparse_jacobian`; the matrix has shape (n, n) and is exactly symmetric. A call takes one Hessian-vector product for
    each colour of a star colouring of the pattern.

    >>> import numpy as np
    >>> def energy(x):
    ...     return np.sum(x[1:] * x[:-1] ** 2)
    >>> sparse_hessian(energy)(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    return _sparse("sparse_hessian", f, argnums, pattern)


def _sparse(name: str, f: Function, argnums: Any, pattern: Any) -> SparseDerivative:
    from .sparsity.derivatives import SparseDerivative  # the compiler is loaded when there is something to compile

    chosen = _check_argnums(name, argnums)
    if isinstance(chosen, tuple):
        raise TypeError(f"{name}: argnums is the position or name of one argument, not {argnums!r}")
    resolved, inner = _layers(f)
    return SparseDerivative(name, f, resolved, inner, chosen, pattern, _compile)


REFUSALS.update(dict.fromkeys((sparse_jacobian, sparse_hessian), Refusal(*INSIDE)))
