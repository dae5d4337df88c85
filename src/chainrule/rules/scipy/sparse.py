"""Rows of what sparse matrices are made of: the stored values move, the places are integers.

In the compiler a sparse matrix is an object whose attribute `data` carries a derivative; what its methods mean is in `meanings/sparse`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.build import is_static, static_value
from ...ir.nodes import Arg, Lit, Seq
from ...ir.probe import type_of
from ...ir.types import Array, Extent, Scalar, Tuple, Type, unknown_extent
from ..infer import _extent
from ..table import linear, meaning, refuse, rule, stand_in, zero
from . import module
from .meanings import sparse as meanings

module("sparse")

_HOW: dict[str, Any] = dict(static=("kind", "to_kind", "kinds", "permc_spec", "use_umfpack"))


def _dtype(*args: Arg) -> str:
    return str(np.result_type(*(t.dtype for t in map(type_of, args) if isinstance(t, (Array, Scalar)))))


def _shape(arg: Arg) -> list[Extent]:
    if isinstance(arg, Seq):
        return [_extent(item) for item in arg.items]
    if is_static(arg):
        return [_extent(Lit(n)) for n in static_value(arg)]
    return [unknown_extent(), unknown_extent()]


def _more(x: Arg) -> tuple[Extent, ...]:
    shaped = type_of(x)
    assert isinstance(shaped, Array) and shaped.shape is not None
    return shaped.shape[1:]


def _op(infer: Any) -> dict[str, Any]:
    return {"infer": infer, "cheap": False}


def _like(k: int, *dtypes: int) -> dict[str, Any]:
    """The shape of argument k, the common dtype of some."""

    def infer(*args: Arg) -> Type:
        shaped = type_of(args[k])
        return Array(_dtype(*(args[n] for n in dtypes)), shaped.shape if isinstance(shaped, Array) else None)

    return _op(infer)


def _stored(a: Arg, b: Arg, kind: Arg) -> tuple[Extent, ...]:
    """How many values there are: as many as there are numbers in the first array of places."""
    shaped = type_of(a)
    assert isinstance(shaped, Array) and shaped.shape is not None
    return shaped.shape


_T = "'csc' if kind == 'csr' else 'csr' if kind == 'csc' else 'coo'"


def _turned(first: str, middle: str, last: str) -> str:
    """A call for the transpose of a sparse matrix: for 'coo', its rows are columns."""
    return f"{first}b, a{middle}(shape[1], shape[0]), 'coo'{last}) if kind == 'coo' else {first}a, b{middle}(shape[1], shape[0]), {_T}{last})"


rule("sparse_rt.product(data, a, b, x, shape, kind) -> y", linear="each", op=_op(lambda data, a, b, x, shape, kind: Array(_dtype(data, x), (_shape(shape)[0], *_more(x)))), **_HOW,
     data="sparse_rt.sampled(y_bar, x, a, b, kind)", x=_turned("sparse_rt.product(data, ", ", y_bar, ", ""), a="0.0", b="0.0", shape="0.0")
rule("sparse_rt.sampled(g, x, a, b, kind) -> y", linear="each", op=_op(lambda g, x, a, b, kind: Array(_dtype(g, x), _stored(a, b, kind))), **_HOW, a="0.0", b="0.0",
     g="sparse_rt.product(y_bar, a, b, x, (extent(g, 0), extent(x, 0)), kind)",
     x=_turned("sparse_rt.product(y_bar, ", ", g, ", "").replace("shape[1]", "extent(x, 0)").replace("shape[0]", "extent(g, 0)"))
linear("sparse_rt.dense(data, a, b, shape, kind) -> y", op=_op(lambda data, a, b, shape, kind: Array(_dtype(data), tuple(_shape(shape)))), **_HOW, data="sparse_rt.entries(y_bar, a, b, kind)",
       a="0.0", b="0.0", shape="0.0")
linear("sparse_rt.entries(g, a, b, kind) -> y", op=_op(lambda g, a, b, kind: Array(_dtype(g), _stored(a, b, kind))), **_HOW,
       g="sparse_rt.dense(y_bar, a, b, (extent(g, 0), extent(g, 1)), kind)", a="0.0", b="0.0")
_W = _turned("sparse_rt.solved(data, ", ", y_bar, ", ", permc_spec, use_umfpack")
rule("sparse_rt.solved(data, a, b, rhs, shape, kind, permc_spec=None, use_umfpack=True) -> y", op=_like(3, 0, 3), **_HOW, rhs=_W, data=f"-sparse_rt.sampled({_W}, y, a, b, kind)",
     a="0.0", b="0.0", shape="0.0")
linear("sparse_rt.relocated(data, a, b, to_a, to_b, shape, kind, to_kind) -> y",
       op=_op(lambda data, a, b, to_a, to_b, shape, kind, to_kind: Array(_dtype(data), _stored(to_a, to_b, to_kind))), **_HOW,
       data="sparse_rt.relocated(y_bar, to_a, to_b, a, b, shape, to_kind, kind)", a="0.0", b="0.0", to_a="0.0", to_b="0.0", shape="0.0")


def _t(kind: str) -> str:
    return f"('csc' if {kind} == 'csr' else 'csr')"


rule("sparse_rt.multiplied(data, a, b, other, c, d, to_a, to_b, shape, other_shape, kinds) -> y", linear="each", **_HOW,
     op=_op(lambda data, a, b, other, c, d, to_a, to_b, *_: Array(_dtype(data, other), _stored(to_a, to_b, Lit("csr")))),
     data=f"sparse_rt.multiplied(y_bar, to_a, to_b, other, c, d, a, b, (shape[0], other_shape[1]), (other_shape[1], other_shape[0]), (kinds[2], {_t('kinds[1]')}, kinds[0]))",
     other=f"sparse_rt.multiplied(data, a, b, y_bar, to_a, to_b, c, d, (shape[1], shape[0]), (shape[0], other_shape[1]), ({_t('kinds[0]')}, kinds[2], kinds[1]))",
     a="0.0", b="0.0", c="0.0", d="0.0", to_a="0.0", to_b="0.0", shape="0.0", other_shape="0.0")


def _places(*_: Arg) -> Type:
    return Tuple((Array("int32", (unknown_extent(),)), Array("int32", (unknown_extent(),))))


def _converted(*_: Arg) -> Type:
    return Tuple(tuple(Array(dtype, (unknown_extent(),)) for dtype in ("int32", "int32", "int64")))


zero("sparse_rt.repeats(a, b, kind)", op=_op(lambda *_: Scalar("bool", weak=True)))
zero("sparse_rt.rows(a, b, kind)", "sparse_rt.columns(a, b, kind)", op=_op(lambda a, b, kind: Array("int64", _stored(a, b, kind))))
zero("sparse_rt.structure_of_product(a, b, c, d, shape, other_shape, kind)", "sparse_rt.structure_of_sum(a, b, c, d, shape, kind)",
     op=_op(_places))
zero("sparse_rt.converted(a, b, shape, kind, to_kind)", op=_op(_converted))

zero("sparse_rt.diagonal_places(offsets, width, shape)", op=_op(lambda *_: Tuple(tuple(Array("int64", (unknown_extent(),)) for _ in range(3)))))

for _name in ("random", "random_array", "rand"):
    refuse(f"sparse.{_name}", because="it draws numbers, each time others", instead="make the matrix outside of the function")
for _name in ("bmat", "block_array", "block_diag", "tril", "triu", "find", "kronsum", "spdiags"):
    refuse(f"sparse.{_name}", because="it has no rule", instead="use sparse.diags, hstack, vstack, kron, or make the matrix of its values and places")
for _name in ("splu", "spilu", "factorized", "cg", "cgs", "bicg", "bicgstab", "gmres", "lgmres", "minres", "qmr", "gcrotmk", "tfqmr", "lsqr", "lsmr", "spsolve_triangular", "inv"):
    refuse(f"sparse.linalg.{_name}", because="it has no rule", instead="use scipy.sparse.linalg.spsolve, or chainrule.implicit_root")
for _name in ("eigs", "eigsh", "svds", "lobpcg", "expm", "expm_multiply", "norm", "onenormest", "matrix_power"):
    refuse(f"sparse.linalg.{_name}", because="it has no rule", instead="use the function of the dense matrix, A.toarray()")

for _name in meanings.__all__:
    meaning(f"sparse.{_name}", getattr(meanings, _name))
meaning("sparse.linalg.spsolve", meanings.spsolve)
for _class, _meaning in meanings.CLASSES.items():
    stand_in(_class, _meaning)
