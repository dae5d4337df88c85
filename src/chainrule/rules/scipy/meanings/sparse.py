"""scipy.sparse: what the methods of sparse matrices mean, in terms of their stored values and places.

The classes here stand in for those of SciPy: a member that a class here has is executed in the place of SciPy's (`table.stand_in`). Values are
computed by SciPy (`runtime/scipy/sparse`), and a result has the places that SciPy gives it.
"""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from scipy import sparse

from .... import runtime
from ....runtime.scipy import sparse as own
from ...meanings import refuse


def _is_copied(convert, like):
    """Whether a conversion gives values of its own: that depends on the version of SciPy."""
    return not np.shares_memory(convert(like).data, like.data)


_CSR_COPIES = _is_copied(lambda m: m.tocoo(), sparse.csr_array(np.eye(1)))
_CSC_COPIES = _is_copied(lambda m: m.tocoo(), sparse.csc_array(np.eye(1)))
_COO_COPIES = _is_copied(sparse.coo_array, sparse.csr_array(np.eye(1)))


def _stored(matrix):
    """How the places are given that `_parts` gives."""
    return "coo" if matrix.format == "dia" else matrix.format


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
    if matrix.format == "dia":
        matrix = matrix.asformat("coo")
    if matrix.format == "coo":
        return matrix.data, matrix.row, matrix.col
    return matrix.data, matrix.indices, matrix.indptr


class Refused:
    """What is refused, by name."""

    def __getitem__(self, key):
        refuse("an element of a sparse matrix", "which values are stored there depends on its places", "use A.toarray(), or multiply with rows of the identity")

    def __setitem__(self, key, value):
        refuse("an element of a sparse matrix is set", "it changes its places", "make the matrix of its values and places")

    def __iter__(self):
        refuse("a loop over the rows of a sparse matrix", "which values are stored in each depends on its places", "use A.toarray(), or multiply with rows of the identity")

    def setdiag(self, values, k=0):
        refuse("`setdiag` of a sparse matrix", "it changes its places", "add sparse.diags(...) to it")

    def max(self, axis=None, out=None, *, explicit=False):
        refuse("the maximum of a sparse matrix", "it has no rule", "use A.toarray(), or the stored values, `A.data`")

    def min(self, axis=None, out=None, *, explicit=False):
        refuse("the minimum of a sparse matrix", "it has no rule", "use A.toarray(), or the stored values, `A.data`")

    def reshape(self, *args, **kwargs):
        refuse("`reshape` of a sparse matrix", "it has no rule", "make the matrix of its values and places")

    def sum_duplicates(self):
        refuse("`sum_duplicates` of a sparse matrix", "it changes the matrix", "use A.tocoo().tocsr()")

    def eliminate_zeros(self):
        refuse("`eliminate_zeros` of a sparse matrix", "which values are stored would depend on them", "leave it out")


class Sparse(Refused):
    """What all kinds have in common."""

    def __matmul__(self, other):
        if sparse.issparse(other):
            return _times_sparse(self, other)
        other = np.asarray(other)
        if other.ndim == 0 or other.ndim > 2:
            refuse("a sparse matrix times this", "its rule knows vectors and matrices", "multiply with `*` for numbers")
        data, a, b = _parts(self)
        return own.product(data, a, b, other, self._shape, _stored(self))

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
            return self.multiply(other) if isinstance(self, sparse.sparray) else self @ other
        return self._scaled(self.data * other)

    def __rmul__(self, other):
        if np.ndim(other) > 0:
            return self.multiply(other) if isinstance(self, sparse.sparray) else other @ self
        return self._scaled(other * self.data)

    def __truediv__(self, other):
        if sparse.issparse(other) or np.ndim(other) > 0:
            refuse("a sparse matrix divided by an array", "it has no rule", "divide the stored values, `A.data`")
        return self._scaled(self.data / other)

    def __neg__(self):
        return self._scaled(-self.data)

    def __add__(self, other):
        return _added(self, other, False)

    def __sub__(self, other):
        return _added(self, other, True)

    def __radd__(self, other):
        return _added(self, other, False)

    def __rsub__(self, other):
        return -self if np.ndim(other) == 0 and other == 0 else _added(-self, other, False)

    def _scaled(self, data):
        """The same places with other values."""
        _, a, b = _parts(self)
        return _made(self, _stored(self), data, a, b, self._shape)

    def _each(self, function):
        """A function of each element: not of each stored value, where several stand at one place."""
        _, a, b = _parts(self)
        if runtime.decided(own.repeats(a, b, _stored(self))):
            refuse("a function of a sparse matrix that stores one place twice", "SciPy adds them up first, in the matrix itself", "use A.tocoo().tocsr()")
        return self._scaled(function(self.data))

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
        return self._count()

    @property
    def size(self):
        return self._count()

    def _count(self):
        return np.size(self.data)

    @property
    def T(self):
        return self.transpose()

    def transpose(self, axes=None, copy=False):
        data, a, b = _parts(self)
        if _stored(self) == "coo":
            return _made(self, "coo", data, b, a, (self._shape[1], self._shape[0]))
        return _made(self, "csc" if self.format == "csr" else "csr", data, a, b, (self._shape[1], self._shape[0]))

    def conj(self, copy=True):
        return self._scaled(np.conj(self.data)) if self.data.dtype.kind == "c" else self.copy()

    conjugate = conj

    def copy(self):
        return self._scaled(self.data.copy())

    def astype(self, dtype, casting="unsafe", copy=True):
        if not copy and np.dtype(dtype) == self.data.dtype:
            return self
        return self._scaled(self.data.astype(dtype))

    def toarray(self, order=None, out=None):
        if out is not None:
            refuse("`toarray` with `out`", "it writes into an array", "use the array that it returns")
        data, a, b = _parts(self)
        return own.dense(data, a, b, self._shape, _stored(self))

    def asformat(self, format, copy=False):
        if format is None or format == self.format:
            return self.copy() if copy else self
        if format not in ("csr", "csc", "coo"):
            refuse("a sparse matrix of this format", "its methods have no rules", "use csr, csc or coo")
        if self.format == "dia":
            return self._coordinates().asformat(format)
        data, a, b = _parts(self)
        to_a, to_b, order = own.converted(a, b, self._shape, self.format, format)
        if self.format == "coo":  # what is stored at one place is added up
            return _made(self, format, own.relocated(data, a, b, to_a, to_b, self._shape, "coo", format), to_a, to_b, self._shape)
        return _made(self, format, data if format == "coo" and not copy else data[order], to_a, to_b, self._shape)

    def tocsr(self, copy=False):
        return self.asformat("csr", copy)

    def tocsc(self, copy=False):
        return self.asformat("csc", copy)

    def tocoo(self, copy=None):
        return self.asformat("coo", (_CSR_COPIES if self.format == "csr" else _CSC_COPIES if self.format == "csc" else False) if copy is None else copy)

    def sum(self, axis=None, dtype=None, out=None):
        if dtype is not None or out is not None:
            refuse("`sum` of a sparse matrix with `dtype` or `out`", "it has no rule", "leave them out")
        if axis is None:
            return np.sum(self.data)
        if not isinstance(self, sparse.sparray):
            refuse("`sum` of a sparse matrix along an axis", "its result is an np.matrix", "use a sparse array (csr_array), or multiply with ones")
        axes = axis if isinstance(axis, tuple) else (axis,)
        for one in axes:
            if not -2 <= one < 2:
                raise ValueError("axis out of range")
        if len({one % 2 for one in axes}) == 2:
            return np.sum(self.data)
        if len(axes) != 1:
            refuse("`sum` of a sparse matrix along these axes", "its rule knows one of two, or both", "use axis=None, 0 or 1")
        if axes[0] % 2 == 0:
            return np.ones(self._shape[0], self.data.dtype) @ self
        return self @ np.ones(self._shape[1], self.data.dtype)

    def mean(self, axis=None, dtype=None, out=None):
        if axis is not None or dtype is not None or out is not None:
            refuse("`mean` of a sparse matrix along an axis", "it has no rule", "divide the sum")
        return np.sum(self.data) / (self._shape[0] * self._shape[1])

    def trace(self, offset=0):
        return np.sum(self.diagonal(offset))

    def diagonal(self, k=0):
        data, a, b = _parts(self)
        count = max(min(self._shape[0] + min(k, 0), self._shape[1] - max(k, 0)), 0)
        rows, columns = np.arange(count) - min(k, 0), np.arange(count) + max(k, 0)
        return own.relocated(data, a, b, rows, columns, self._shape, _stored(self), "coo")

    def __abs__(self):
        return self._each(np.abs)

    def __pow__(self, n):
        if not isinstance(self, sparse.sparray):
            refuse("a power of a sparse matrix", "it has no rule", "multiply it with itself")
        return self.power(n)

    def todense(self, order=None, out=None):
        if not isinstance(self, sparse.sparray):
            refuse("`todense` of a sparse matrix", "its result is an np.matrix", "use A.toarray()")
        return self.toarray(order, out)

    def power(self, n, dtype=None):
        if dtype is not None or np.ndim(n) > 0:
            refuse("`power` of a sparse matrix", "its rule knows exponents that are numbers", "raise the stored values, `A.data`")
        return self._each(lambda data: data ** n)

    def multiply(self, other):
        if sparse.issparse(other):
            refuse("two sparse matrices are multiplied element by element", "it has no rule", "multiply with other.toarray()")
        if np.ndim(other) == 0:
            return self._scaled(self.data * other)
        if self.format == "dia":
            return self.asformat("coo").multiply(other)
        data, a, b = _parts(self)
        return self._scaled(data * own.entries(np.broadcast_to(np.asarray(other), self._shape), a, b, self.format))

    def arcsin(self):
        return self._each(np.arcsin)

    def arcsinh(self):
        return self._each(np.arcsinh)

    def arctan(self):
        return self._each(np.arctan)

    def arctanh(self):
        return self._each(np.arctanh)

    def expm1(self):
        return self._each(np.expm1)

    def log1p(self):
        return self._each(np.log1p)

    def sin(self):
        return self._each(np.sin)

    def sinh(self):
        return self._each(np.sinh)

    def sqrt(self):
        return self._each(np.sqrt)

    def tan(self):
        return self._each(np.tan)

    def tanh(self):
        return self._each(np.tanh)

    def getnnz(self, axis=None):
        if axis is not None:
            refuse("`getnnz` along an axis", "it is not known to the compiler", "count outside of the function")
        return self._count()


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
                refuse("a sparse matrix without a shape", "it depends on the values of the indices", "pass shape=")
            self._shape = tuple(shape)
        elif isinstance(arg1, tuple) and len(arg1) == 2 and isinstance(arg1[1], tuple):
            given = sparse.coo_array(arg1, shape=shape).asformat(kind)
            self.data, self.indices, self.indptr, self._shape = given.data, given.indices, given.indptr, given._shape
        else:
            refuse("a sparse matrix of a dense one", "which of its elements are stored depends on their values", "pass (data, indices, indptr), with shape=")
        if dtype is not None:
            self.data = self.data.astype(dtype)
        elif copy:
            self.data = self.data.copy()
        self.maxprint = 50


class Coordinates(Sparse):
    """coo: values, and the row and column of each."""

    def __init__(self, arg1, shape=None, dtype=None, copy=False, *, maxprint=None):
        if sparse.issparse(arg1):
            given = arg1.asformat("coo", _COO_COPIES and arg1.format != "coo")
            self.data, self._shape = given.data, given._shape
            self._place(given.row, given.col)
        elif isinstance(arg1, tuple) and len(arg1) == 2 and isinstance(arg1[1], tuple) and len(arg1[1]) == 2:
            data, (row, column) = arg1
            self.data = np.asarray(data)
            self._place(np.asarray(row), np.asarray(column))
            if shape is None:
                refuse("a sparse matrix without a shape", "it depends on the values of the indices", "pass shape=")
            self._shape = tuple(shape)
        else:
            refuse("a sparse matrix of a dense one", "which of its elements are stored depends on their values", "pass (data, (rows, columns)), with shape=")
        if dtype is not None:
            self.data = self.data.astype(dtype)
        elif copy:
            self.data = self.data.copy()
        self.maxprint = 50

    def _place(self, row, column):
        self.row, self.col = row, column


class CoordinatesInOne(Coordinates):
    """coo, where the rows and columns are one attribute (since SciPy 1.12)."""

    def _place(self, row, column):
        self.coords = (row, column)

    @property
    def row(self):
        return self.coords[-2]

    @property
    def col(self):
        return self.coords[-1]


class Diagonals(Sparse):
    """dia: the values of diagonals, row by row, each where its column says."""

    def __init__(self, arg1, shape=None, dtype=None, copy=False, *, maxprint=None):
        if not (isinstance(arg1, tuple) and len(arg1) == 2) or shape is None:
            refuse("a matrix of diagonals made of another one", "it has no rule", "pass (data, offsets), with shape=")
        data, offsets = arg1
        self.data, self.offsets, self._shape = np.atleast_2d(np.asarray(data)), np.atleast_1d(np.asarray(offsets)), tuple(shape)
        if dtype is not None:
            self.data = self.data.astype(dtype)
        self.maxprint = 50

    def _coordinates(self):
        where, rows, columns = own.diagonal_places(self.offsets, np.shape(self.data)[1], self._shape)
        return _made(self, "coo", np.ravel(self.data)[where], rows, columns, self._shape)

    def _count(self):
        return np.size(own.diagonal_places(self.offsets, np.shape(self.data)[1], self._shape)[0])  # what lies beside the matrix does not count

    def _scaled(self, data):
        if isinstance(self, sparse.sparray):
            return sparse.dia_array((data, self.offsets), shape=self._shape)
        return sparse.dia_matrix((data, self.offsets), shape=self._shape)

    def sum(self, axis=None, dtype=None, out=None):
        return self._coordinates().sum(axis, dtype, out)

    def mean(self, axis=None, dtype=None, out=None):
        return self._coordinates().mean(axis, dtype, out)


def _times_sparse(one, other):
    kind = "csc" if one.format == "csc" else "csr"
    one, other = one.asformat(kind), other.asformat(kind)
    data, a, b = _parts(one)
    more, c, d = _parts(other)
    shape = (one._shape[0], other._shape[1])
    to_a, to_b = own.structure_of_product(a, b, c, d, one._shape, other._shape, kind)
    return _made(one, kind, own.multiplied(data, a, b, more, c, d, to_a, to_b, one._shape, other._shape, (kind, kind, kind)), to_a, to_b, shape)


def _added(one, other, minus):
    if not sparse.issparse(other):
        if np.ndim(other) == 0:
            if other == 0:
                return one.copy()
            refuse("a sparse matrix plus a number", "its result is not sparse", "add the number to A.toarray()")
        if not isinstance(one, sparse.sparray):
            refuse("a sparse matrix plus a dense one", "its result is an np.matrix", "use a sparse array (csr_array), or A.toarray()")
        return one.toarray() - other if minus else one.toarray() + other
    kind = "csc" if one.format == "csc" else "csr"
    one, other = one.asformat(kind), other.asformat(kind)
    data, a, b = _parts(one)
    more, c, d = _parts(other)
    to_a, to_b = own.structure_of_sum(a, b, c, d, one._shape, kind)
    first, second = own.relocated(data, a, b, to_a, to_b, one._shape, kind, kind), own.relocated(more, c, d, to_a, to_b, one._shape, kind, kind)
    return _made(one, kind, first - second if minus else first + second, to_a, to_b, one._shape)


# -- functions -----------------------------------------------------------------------------------------------------------


def spsolve(A, b, permc_spec=None, use_umfpack=True):
    if sparse.issparse(b):
        refuse("`spsolve` for a sparse right-hand side", "it has no rule", "pass b.toarray()")
    kind = "csr" if A.format == "csr" else "csc"
    data, a, c = _parts(A.asformat(kind))
    b = np.asarray(b)
    if b.ndim == 2 and np.shape(b)[1] == 1:
        b = b[:, 0]
    return own.solved(data, a, c, b, A._shape, kind, permc_spec, use_umfpack)


def _of_diagonals(diagonals, offsets, shape):
    if np.ndim(offsets) == 0:
        one = diagonals if not isinstance(diagonals, (tuple, list)) or np.ndim(diagonals[0]) == 0 else diagonals[0]
        diagonals, offsets = [one], [offsets]
    if shape is None:
        extent = np.size(diagonals[0]) + abs(offsets[0])
        shape = (extent, extent)
    width = 0
    for k in offsets:
        width = max(width, min(shape[0] + k, shape[1] - k) + max(k, 0))
    found = []
    for one, k in zip(diagonals, offsets):
        one = np.atleast_1d(np.asarray(one))
        count = min(shape[0] + k, shape[1] - k, shape[0], shape[1])
        one = one * np.ones(count, one.dtype) if np.size(one) == 1 else one
        if np.size(one) != count:
            raise ValueError("Diagonal length does not agree with array size.")
        found.append(np.concatenate((np.zeros(max(k, 0), one.dtype), one, np.zeros(width - count - max(k, 0), one.dtype))))
    return np.stack(found), np.array(offsets), shape


def diags(diagonals, offsets=0, shape=None, format=None, dtype=None):
    data, offsets, shape = _of_diagonals(diagonals, offsets, shape)
    return sparse.dia_matrix((data, offsets), shape=shape, dtype=dtype).asformat(format)


def diags_array(diagonals, /, *, offsets=0, shape=None, format=None, dtype=None):
    data, offsets, shape = _of_diagonals(diagonals, offsets, shape)
    return sparse.dia_array((data, offsets), shape=shape, dtype=dtype).asformat(format)


def _is_sparse(block):
    if not sparse.issparse(block):
        refuse("a sparse matrix beside a dense one", "which elements of the dense one are stored depends on their values",
               "make it sparse outside of the function, or of its values and places")


def _joined(blocks, axis, format):
    """Blocks beside each other, or above: their places, moved."""
    for block in blocks:
        _is_sparse(block)
    values, rows, columns = [], [], []
    before = 0
    for block in blocks:
        block = block.asformat("coo")
        values.append(block.data)
        rows.append(block.row + (before if axis == 0 else 0))
        columns.append(block.col + (before if axis == 1 else 0))
        before = before + block._shape[axis]
    first = blocks[0]
    shape = (before, first._shape[1]) if axis == 0 else (first._shape[0], before)
    own_format = "csr" if axis == 0 else "csc"
    if format is None and all(block.format == own_format for block in blocks):
        format = own_format
    return _made(first, "coo", np.concatenate(values), np.concatenate(rows), np.concatenate(columns), shape).asformat(format)


def vstack(blocks, format=None, dtype=None):
    if dtype is not None:
        refuse("`sparse.vstack` with a dtype", "it has no rule", "use astype")
    return _joined(blocks, 0, format)


def hstack(blocks, format=None, dtype=None):
    if dtype is not None:
        refuse("`sparse.hstack` with a dtype", "it has no rule", "use astype")
    return _joined(blocks, 1, format)


def kron(A, B, format=None):
    _is_sparse(A)
    _is_sparse(B)
    A, B = A.asformat("coo"), B.asformat("coo")
    data = np.ravel(A.data[:, None] * B.data)
    rows, columns = np.ravel(A.row[:, None] * B._shape[0] + B.row), np.ravel(A.col[:, None] * B._shape[1] + B.col)
    return _made(A, "coo", data, rows, columns, (A._shape[0] * B._shape[0], A._shape[1] * B._shape[1])).asformat(format)


_COO = CoordinatesInOne if hasattr(sparse.coo_matrix((1, 1)), "coords") else Coordinates
CLASSES = {sparse.csr_matrix: Compressed, sparse.csr_array: Compressed, sparse.csc_matrix: Compressed, sparse.csc_array: Compressed, sparse.coo_matrix: _COO,
             sparse.coo_array: _COO, sparse.dia_matrix: Diagonals, sparse.dia_array: Diagonals}

__all__ = ["diags", "diags_array", "hstack", "kron", "vstack"]
