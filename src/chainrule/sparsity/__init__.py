"""Sparse Jacobians and Hessians: which entries can be nonzero, columns that share a sweep, and the sweeps themselves."""
