"""scipy.sparse: what the methods of sparse matrices mean, in terms of their stored values and places.

The classes here stand in for those of SciPy: a member that a class here has is executed in the place of SciPy's (`objects/classes.raw`). Values are
computed by SciPy (`runtime/scipy/sparse`), and a result has the places that SciPy gives it.
"""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from ....runtime.scipy import sparse as own
from . import refused


def _kind(matrix):
    return matrix.format


def _made(like, kind, data, a, b, shape):
    """A sparse matrix (or array) of a kind."""
    if isinstance(like, sparse.sparray):
        if kind == "coo":
            return sparse.coo_array((data, (a, b)), shape=shape)
        return sparse.csr_array((data, a, b), shape=shape) if kind == "csr" else sparse.csc_array((data, a, b), shape=shape)
    if kind == "coo":
        return sparse.coo_matrix((data, (a, b)), shape=shape)
    return sparse.csr_matrix((data, a, b), shape=shape) if kind == "csr" else sparse.csc_matrix((data, a, b), shape=shape)


def _parts(matrix):
    """The stored values, and the two arrays of places."""
    if matrix.format == "coo":
        return matrix.data, matrix.row, matrix.col
    return matrix.data, matrix.indices, matrix.indptr


class Sparse:
    """What all kinds have in common."""

    def __matmul__(self, other):
        if sparse.issparse(other):
            return _times_sparse(self, other)
        other = np.asarray(other)
        if other.ndim == 0 or other.ndim > 2:
            refused("a sparse matrix times this", "its rule knows vectors and matrices", "multiply with `*` for numbers")
        data, a, b = _parts(self)
        return own.product(data, a, b, other, self._shape, self.format)

    def __rmatmul__(self, other):
        if sparse.issparse(other):
            return _times_sparse(other, self)
        other = np.asarray(other)
        turned = self.transpose()
        return turned @ other if other.ndim == 1 else (turned @ other.T).T

    def dot(self, other):
        return self * other if np.ndim(other) == 0 and not sparse.issparse(other) else self @ other

    def __mul__(self, other):
        if sparse.issparse(other) or np.ndim(other) > 0:
            if isinstance(self, sparse.sparray):
                refused("a sparse array times an array, element by element", "it has no rule", "multiply the stored values, `A.data`")
            return self @ other
        return self._scaled(self.data * other)

    def __rmul__(self, other):
        if np.ndim(other) > 0:
            if isinstance(self, sparse.sparray):
                refused("a sparse array times an array, element by element", "it has no rule", "multiply the stored values, `A.data`")
            return other @ self
        return self._scaled(other * self.data)

    def __truediv__(self, other):
        if sparse.issparse(other) or np.ndim(other) > 0:
            refused("a sparse matrix divided by an array", "it has no rule", "divide the stored values, `A.data`")
        return self._scaled(self.data / other)

    def __neg__(self):
        return self._scaled(-self.data)

    def __add__(self, other):
        return _added(self, other, False)

    def __sub__(self, other):
        return _added(self, other, True)

    def __radd__(self, other):
        return self if np.ndim(other) == 0 and other == 0 else _added(self, other, False)

    def __rsub__(self, other):
        return -self if np.ndim(other) == 0 and other == 0 else _added(-self, other, False)

    def _scaled(self, data):
        """The same places with other values."""
        _, a, b = _parts(self)
        return _made(self, self.format, data, a, b, self._shape)

    @property
    def shape(self):
        return self._shape

    @property
    def ndim(self):
        return len(self._shape)

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def nnz(self):
        return np.size(self.data)

    @property
    def size(self):
        return np.size(self.data)

    @property
    def T(self):
        return self.transpose()

    def transpose(self, axes=None, copy=False):
        data, a, b = _parts(self)
        if self.format == "coo":
            return _made(self, "coo", data, b, a, (self._shape[1], self._shape[0]))
        return _made(self, "csc" if self.format == "csr" else "csr", data, a, b, (self._shape[1], self._shape[0]))

    def conj(self, copy=True):
        return self._scaled(np.conj(self.data)) if self.data.dtype.kind == "c" else self.copy()

    conjugate = conj

    def copy(self):
        return self._scaled(self.data.copy())

    def astype(self, dtype, casting="unsafe", copy=True):
        return self._scaled(self.data.astype(dtype))

    def toarray(self, order=None, out=None):
        if out is not None:
            refused("`toarray` with `out`", "it writes into an array", "use the array that it returns")
        data, a, b = _parts(self)
        return own.dense(data, a, b, self._shape, self.format)

    def asformat(self, format, copy=False):
        if format is None or format == self.format:
            return self.copy() if copy else self
        if format not in ("csr", "csc", "coo"):
            refused("a sparse matrix of this format", "its methods have no rules", "use csr, csc or coo")
        data, a, b = _parts(self)
        to_a, to_b, order = own.converted(a, b, self._shape, self.format, format)
        if self.format == "coo":  # what is stored at one place is added up
            return _made(self, format, own.relocated(data, a, b, to_a, to_b, self._shape, "coo", format), to_a, to_b, self._shape)
        return _made(self, format, data[order], to_a, to_b, self._shape)

    def tocsr(self, copy=False):
        return self.asformat("csr", copy)

    def tocsc(self, copy=False):
        return self.asformat("csc", copy)

    def tocoo(self, copy=True):
        return self.asformat("coo", copy)

    def sum(self, axis=None, dtype=None, out=None):
        if dtype is not None or out is not None:
            refused("`sum` of a sparse matrix with `dtype` or `out`", "it has no rule", "leave them out")
        if axis is None:
            return np.sum(self.data)
        if not isinstance(self, sparse.sparray):
            refused("`sum` of a sparse matrix along an axis", "its result is an np.matrix", "use a sparse array (csr_array), or multiply with ones")
        if axis in (0, -2):
            return np.ones(self._shape[0], self.data.dtype) @ self
        return self @ np.ones(self._shape[1], self.data.dtype)

    def mean(self, axis=None, dtype=None, out=None):
        if axis is not None or dtype is not None or out is not None:
            refused("`mean` of a sparse matrix along an axis", "it has no rule", "divide the sum")
        return np.sum(self.data) / (self._shape[0] * self._shape[1])

    def trace(self, offset=0):
        return np.sum(self.diagonal(offset))

    def diagonal(self, k=0):
        data, a, b = _parts(self)
        count = max(min(self._shape[0] + min(k, 0), self._shape[1] - max(k, 0)), 0)
        rows, columns = np.arange(count) - min(k, 0), np.arange(count) + max(k, 0)
        return own.relocated(data, a, b, rows, columns, self._shape, self.format, "coo")

    def power(self, n, dtype=None):
        if dtype is not None or np.ndim(n) > 0:
            refused("`power` of a sparse matrix", "its rule knows exponents that are numbers", "raise the stored values, `A.data`")
        return self._scaled(self.data ** n)

    def multiply(self, other):
        if sparse.issparse(other) or np.ndim(other) > 0:
            refused("`multiply` of a sparse matrix with an array", "it has no rule", "multiply the stored values, `A.data`")
        return self._scaled(self.data * other)

    def sqrt(self):
        return self._scaled(np.sqrt(self.data))

    def sin(self):
        return self._scaled(np.sin(self.data))

    def tanh(self):
        return self._scaled(np.tanh(self.data))

    def expm1(self):
        return self._scaled(np.expm1(self.data))

    def log1p(self):
        return self._scaled(np.log1p(self.data))

    def getnnz(self, axis=None):
        if axis is not None:
            refused("`getnnz` along an axis", "it is not known to the compiler", "count outside of the function")
        return np.size(self.data)


class Compressed(Sparse):
    """csr and csc: values, indices, and where each row (or column) begins."""

    def __init__(self, arg1, shape=None, dtype=None, copy=False, *, maxprint=None):
        kind = "csr" if isinstance(self, (sparse.csr_array, sparse.csr_matrix)) else "csc"
        if sparse.issparse(arg1):
            given = arg1.asformat(kind)
            self.data, self.indices, self.indptr, self._shape = given.data, given.indices, given.indptr, given._shape
        elif isinstance(arg1, tuple) and len(arg1) == 3:
            data, indices, indptr = arg1
            self.data, self.indices, self.indptr = np.asarray(data), np.asarray(indices), np.asarray(indptr)
            if shape is None:
                refused("a sparse matrix without a shape", "it depends on the values of the indices", "pass shape=")
            self._shape = tuple(shape)
        elif isinstance(arg1, tuple) and len(arg1) == 2 and isinstance(arg1[1], tuple):
            given = sparse.coo_array(arg1, shape=shape).asformat(kind)
            self.data, self.indices, self.indptr, self._shape = given.data, given.indices, given.indptr, given._shape
        else:
            refused("a sparse matrix of a dense one", "which of its elements are stored depends on their values", "pass (data, indices, indptr), with shape=")
        if dtype is not None:
            self.data = self.data.astype(dtype)
        elif copy:
            self.data = self.data.copy()
        self.maxprint = 50


class Coordinates(Sparse):
    """coo: values, and the row and column of each."""

    def __init__(self, arg1, shape=None, dtype=None, copy=False, *, maxprint=None):
        if sparse.issparse(arg1):
            given = arg1.asformat("coo")
            self.data, self.coords, self._shape = given.data, (given.row, given.col), given._shape
        elif isinstance(arg1, tuple) and len(arg1) == 2 and isinstance(arg1[1], tuple) and len(arg1[1]) == 2:
            data, (row, column) = arg1
            self.data, self.coords = np.asarray(data), (np.asarray(row), np.asarray(column))
            if shape is None:
                refused("a sparse matrix without a shape", "it depends on the values of the indices", "pass shape=")
            self._shape = tuple(shape)
        else:
            refused("a sparse matrix of a dense one", "which of its elements are stored depends on their values", "pass (data, (rows, columns)), with shape=")
        if dtype is not None:
            self.data = self.data.astype(dtype)
        elif copy:
            self.data = self.data.copy()
        self.maxprint = 50

    @property
    def row(self):
        return self.coords[-2]

    @property
    def col(self):
        return self.coords[-1]


def _times_sparse(one, other):
    kind = "csr" if one.format == "coo" else one.format
    one, other = one.asformat(kind), other.asformat(kind)
    data, a, b = _parts(one)
    more, c, d = _parts(other)
    shape = (one._shape[0], other._shape[1])
    to_a, to_b = own.structure_of_product(data, a, b, more, c, d, one._shape, other._shape, kind)
    return _made(one, kind, own.multiplied(data, a, b, more, c, d, to_a, to_b, one._shape, other._shape, (kind, kind, kind)), to_a, to_b, shape)


def _added(one, other, minus):
    if not sparse.issparse(other):
        if np.ndim(other) == 0:
            if other == 0:
                return one
            refused("a sparse matrix plus a number", "its result is not sparse", "add the number to A.toarray()")
        if not isinstance(one, sparse.sparray):
            refused("a sparse matrix plus a dense one", "its result is an np.matrix", "use a sparse array (csr_array), or A.toarray()")
        return one.toarray() - other if minus else one.toarray() + other
    kind = "csr" if one.format == "coo" else one.format
    one, other = one.asformat(kind), other.asformat(kind)
    data, a, b = _parts(one)
    more, c, d = _parts(other)
    to_a, to_b = own.structure_of_sum(data, a, b, more, c, d, one._shape, kind, minus)
    first, second = own.relocated(data, a, b, to_a, to_b, one._shape, kind, kind), own.relocated(more, c, d, to_a, to_b, one._shape, kind, kind)
    return _made(one, kind, first - second if minus else first + second, to_a, to_b, one._shape)


# -- functions -----------------------------------------------------------------------------------------------------------


def issparse(x):
    return isinstance(x, (sparse.sparray, sparse.spmatrix))


def spsolve(A, b, permc_spec=None, use_umfpack=True):
    if sparse.issparse(b):
        refused("`spsolve` for a sparse right-hand side", "it has no rule", "pass b.toarray()")
    kind = "csc" if A.format == "coo" else A.format
    data, a, c = _parts(A.asformat(kind))
    b = np.asarray(b)
    if b.ndim == 2 and np.shape(b)[1] == 1:
        b = b[:, 0]
    return own.solved(data, a, c, b, A._shape, kind, permc_spec, use_umfpack)


def _of_diagonals(diagonals, offsets, shape, array):
    if np.ndim(offsets) == 0:
        diagonals, offsets = (diagonals if isinstance(diagonals, (tuple, list)) else [diagonals]), [offsets]
    values, rows, columns = [], [], []
    extent = 0
    for values_of_one, k in zip(diagonals, offsets):
        extent = max(extent, np.size(values_of_one) + abs(k))
    shape = (extent, extent) if shape is None else tuple(shape)
    for one, k in zip(diagonals, offsets):
        one = np.atleast_1d(np.asarray(one))
        count = min(shape[0] + min(k, 0), shape[1] - max(k, 0))
        values.append(one + np.zeros(count, one.dtype) if np.size(one) == 1 else one[:count])
        rows.append(np.arange(count) - min(k, 0))
        columns.append(np.arange(count) + max(k, 0))
    return np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)), shape


def diags(diagonals, offsets=0, shape=None, format=None, dtype=None):
    data, places, shape = _of_diagonals(diagonals, offsets, shape, False)
    found = sparse.coo_matrix((data, places), shape=shape, dtype=dtype)
    return found if format is None else found.asformat(format)


def diags_array(diagonals, /, *, offsets=0, shape=None, format=None, dtype=None):
    data, places, shape = _of_diagonals(diagonals, offsets, shape, True)
    found = sparse.coo_array((data, places), shape=shape, dtype=dtype)
    return found if format is None else found.asformat(format)


STAND_INS = {sparse.csr_matrix: Compressed, sparse.csr_array: Compressed, sparse.csc_matrix: Compressed, sparse.csc_array: Compressed, sparse.coo_matrix: Coordinates,
             sparse.coo_array: Coordinates}
FUNCTIONS = {sparse_linalg.spsolve: spsolve}

__all__ = ["diags", "diags_array", "issparse"]
