"""How the elements of an operation's result depend on those of its arguments, where they do not all depend on all.

Elementwise and pointwise rows say it by their kind. Of every other operation that is not named here, each element of the result is
taken to depend on every element of every argument through which a derivative flows; so what is missing here costs speed, and
nothing else. What the words mean is in `sparsity/dependence`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Each element of the result is an element of the data, or a constant: the operation can be applied to numbers of elements. The data
# are the named parameters; of the others, what they are decides which element goes where.
MOVES: dict[str, tuple[str, ...]] = {
    "index": ("array",), "copy": ("array",), "np.reshape": ("x",), "np.ravel": ("x",), "np.transpose": ("x",),
    "np.matrix_transpose": ("x",), "np.swapaxes": ("x",), "np.moveaxis": ("x",), "np.rollaxis": ("a",), "np.expand_dims": ("x",),
    "np.squeeze": ("x",), "np.broadcast_to": ("x",), "np.broadcast_arrays": ("args",), "np.atleast_1d": ("x",), "np.atleast_2d": ("x",),
    "np.atleast_3d": ("x",), "np.ascontiguousarray": ("x",), "np.asfortranarray": ("x",), "np.flip": ("x",), "np.fliplr": ("x",),
    "np.flipud": ("x",), "np.rot90": ("x",), "np.roll": ("x",), "np.tile": ("x",), "np.repeat": ("x",), "np.resize": ("a",),
    "np.triu": ("x",), "np.tril": ("x",), "np.diag": ("x",), "np.diagonal": ("x",), "np.lib.stride_tricks.sliding_window_view": ("x",), "rt.diagonal_pull": ("g",), "rt.pad_pull": ("g",),
    "np.pad": ("x", "constant_values"), "np.take": ("a",), "np.take_along_axis": ("x",), "rt.unsort": ("g",), "np.concatenate": ("arrays",),
    "np.stack": ("arrays",), "np.hstack": ("tup",), "np.vstack": ("tup",), "np.column_stack": ("tup",), "np.append": ("arr", "values"),
    "np.split": ("ary",), "np.array_split": ("ary",), "np.hsplit": ("ary",), "np.vsplit": ("ary",), "np.dsplit": ("ary",),
    "np.array": ("object",), "np.asarray": ("a",), "np.asanyarray": ("a",), "np.copy": ("a",), "rt.cut": ("g",), "rt.unstack": ("g",),
    "rt.flatten": ("x",), "rt.item": ("x",), "np.full": ("fill_value",), "np.full_like": ("fill_value",), "rt.broadcast_like": ("g",),
    "rt.spread_axes": ("g",), "rt.last_wins": ("g",),
}
READS = frozenset({"index"})
# The transpose of such an operation: element of g -> the element of x that it is added to.
SCATTERS: dict[str, Any] = {
    "rt.tile_pull": lambda numbers, g, x, reps: np.tile(numbers, reps),
    "rt.repeat_pull": lambda numbers, g, x, repeats, axis: np.repeat(numbers, repeats, axis),
    "rt.resize_pull": lambda numbers, g, x: np.resize(numbers, np.shape(g)),
    "rt.repeated_pull": lambda numbers, g, x, pad_width, mode: np.pad(numbers, pad_width, mode),
    "rt.put_along": lambda numbers, g, x, indices, axis: np.take_along_axis(numbers, indices, axis),
}
# Element by element, though their rows do not say so.
BY_ELEMENT = frozenset({
    "astype", "accum", "accum_neg", "scale", "shrink", "float", "complex", "np.float16", "np.float32", "np.float64", "np.longdouble",
    "np.complex64", "np.complex128", "np.clongdouble", "rt.view", "np.modf", "math.modf", "np.frexp", "math.frexp", "np.divmod", "divmod",
    "np.linspace", "rt.add_lists",
})
# Elements along the axes `axis` together make one.
REDUCTIONS = frozenset({
    "np.sum", "np.mean", "np.nansum", "np.prod", "np.var", "np.std", "np.max", "np.min", "np.ptp", "np.median", "np.linalg.norm",
})
TRACES = frozenset({"np.trace"})
TOTALS = frozenset({"sum"})  # along the first axis
RUNNING = frozenset({"np.cumsum", "np.cumprod"})  # each on those before it
ALONG = frozenset({"rt.cumprod_pull", "rt.prod_others"})  # each on all along the axes `axis`
BANDED = frozenset({"rt.slopes", "rt.slopes_pull"})  # each on its neighbours along the axis `axis`
DIFFERENCES = {"np.diff": False, "rt.diff_pull": True}  # each on n + 1 neighbours along the axis; whether beyond the ends there is one more
SORTS = frozenset({"np.sort"})
SUMS_BACK = frozenset({"rt.unbroadcast"})  # the sum over what broadcasting has repeated
WRITES = frozenset({"store", "iadd", "isub"})  # array, path, value: of repeated indices the last counts
ACCUMULATES = frozenset({"add_at", "sub_at", "mul_at", "div_at", "max_at", "min_at"})  # here all of them do
ADDS = frozenset({"add_at", "sub_at"})
SELECTS = frozenset({"np.where"})  # condition, one, other
PRODUCTS = {"@": "matmul", "np.matmul": "matmul", "np.dot": "dot", "np.inner": "inner", "np.outer": "outer", "np.vdot": "vdot",
            "np.tensordot": "tensordot", "np.einsum": "einsum"}
CONVOLUTIONS = {"np.convolve": False, "rt.convolve_pull": True}
KRONECKER = frozenset({"np.kron"})
INTERPOLATES = frozenset({"np.interp", "rt.interp_slope"})  # element by element in the first argument
COUNTS = frozenset({"np.bincount"})
TIES = frozenset({"rt.add_ties"})
# Matrices, or stacks of them: all of a matrix on all of it.
MATRICES = frozenset({
    "np.linalg.inv", "np.linalg.solve", "np.linalg.det", "np.linalg.slogdet", "np.linalg.cholesky", "np.linalg.eigh", "np.linalg.eigvalsh",
    "rt.adjugate", "rt.cholesky_pull", "rt.eigvalsh_pull",
})

# These make zeros, or what nobody may read before it is written.
ZEROS = frozenset({"np.zeros", "np.zeros_like", "np.empty", "np.empty_like", "rt.zeros_like", "rt.zeros_along", "rt.zeros_of_one", "empty_list"})
# What these give depends only on the shape of their first argument.
SHAPES_ONLY = frozenset({"np.shape", "np.size", "np.ndim", "len", "np.zeros_like", "np.ones_like", "np.empty_like", "rt.zeros_like"})
# The shape of what these give, or the path that a call takes, depends on the values of floats too.
DECIDES = frozenset({"np.unique", "np.nonzero", "np.flatnonzero", "np.argwhere", "np.arange", "rt.expect", "rt.expect_same", "rt.expect_kind", "rt.raised"})
# The values of integers say nothing about the shape of what these give: comparisons, and the first arguments of reductions.
COMPARES = frozenset({"<", "<=", ">", ">=", "==", "!=", "&", "|", "^", "not", "and", "or", "is", "is not", "invert", "//"})
CONDENSES = REDUCTIONS | RUNNING | frozenset({
    "np.any", "np.all", "np.argmax", "np.argmin", "np.count_nonzero", "np.argsort", "rt.stable_order", "np.isclose", "np.allclose", "np.array_equal", "int", "bool",
    "round", "np.round"})
SAYS = frozenset({"py.print", "py.format", "py.effect", "py.effect_method", "py.evaluate"})  # no numbers come of these
DTYPES = frozenset({"dtype"})  # parameters that would round numbers of elements
EFFECTS = frozenset({"py.print", "py.effect", "py.effect_method", "py.perform", "py.call"})  # left out where their result is not used
UNSTEADY = frozenset({"py.effect", "py.effect_method"})  # what these return may be something else each time
