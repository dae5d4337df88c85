"""Rows of functions that make arrays."""

from __future__ import annotations

from ..ir.nodes import Arg, Let, Seq, Var
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, Type, unknown_extent
from . import infer
from .call import Call
from .table import RowError, linear, structural, zero

NEW = {"fresh": True, "infer": infer.created}
zero(*(f"np.{name}(shape, dtype=None, order='C')" for name in ("zeros", "ones", "empty")), op=NEW)
zero(*(f"np.{name}_like(x, dtype=None, order='K', subok=True, shape=None)" for name in ("zeros", "ones", "empty")),
     op={"fresh": True, "infer": infer.created_like})
linear("np.full(shape, fill_value, dtype=None, order='C') -> y", shape="0.0", fill_value="y_bar", op={"fresh": True, "infer": infer.filled})
linear("np.full_like(x, fill_value, dtype=None, order='K', subok=True, shape=None) -> y", x="0.0", fill_value="y_bar", shape="0.0",
       op={"fresh": True, "infer": infer.full_like})
zero("np.eye(N, M=None, k=0, dtype=None)", op={"fresh": True, "infer": infer.eye})
zero("np.identity(n, dtype=None)", op={"fresh": True, "infer": infer.identity})
linear("np.linspace(start, stop, num=50, endpoint=True, dtype=None) -> y", op={"infer": infer.linspace}, num="0.0",
       start="np.sum(y_bar * (1 - np.linspace(0.0, 1.0, num, endpoint))) if rank(y) == 1 else "
             "rt.unbroadcast(np.tensordot(1 - np.linspace(0.0, 1.0, num, endpoint), y_bar, 1), like(start))",
       stop="np.sum(y_bar * np.linspace(0.0, 1.0, num, endpoint)) if rank(y) == 1 else "
            "rt.unbroadcast(np.tensordot(np.linspace(0.0, 1.0, num, endpoint), y_bar, 1), like(stop))")


def _arange(let: Let, call: Call) -> None:
    args = let.args[0]
    assert isinstance(args, Seq)
    if any(isinstance(arg, Var) and call.active(arg) for arg in args.items):
        raise RowError("np.arange of a number that is differentiated", "the number of elements depends on it",
                       "write `start + step * np.arange(n)` with a fixed n")


def _infer_arange(args: Arg, dtype: Arg) -> Type:
    assert isinstance(args, Seq)
    types = [type_of(arg) for arg in args.items]
    own = next((t.dtype for t in types if isinstance(t, Scalar) and t.dtype not in ("int64", "bool")), "int64")
    extent = infer.extents_of(Seq((args.items[0],))) if len(args.items) == 1 and own == "int64" else None
    return Array(infer.dtype_of(dtype, own), extent or (unknown_extent(),))


structural("np.arange(*args, dtype=None) -> y", _arange, op={"infer": _infer_arange})

zero("np.shape(x)", op={"infer": infer.shape_of})
zero("np.size(x, axis=None)", op={"infer": infer.size_of})
zero("np.ndim(x)")
