"""Sparse Jacobians and Hessians: which entries can be nonzero, columns that share a sweep, and the sweeps themselves."""

# Why a differentiated function cannot ask for one, and what to do.
INSIDE = ("a sparse matrix is not an array: it has no rules", "call jacobian or hessian, or a transform of the whole function")
