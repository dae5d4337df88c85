"""Methods and attributes of ndarray and of NumPy scalars -> operations."""

from __future__ import annotations

from ..ir.nodes import Arg, Lit, Seq
from ..ir.probe import type_of
from ..ir.types import Tuple
from .table import RowError, bind

METHODS: dict[str, str] = {
    **{name: f"np.{name}" for name in (
        "all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "max", "mean", "min",
        "nonzero", "prod", "ptp", "ravel", "repeat", "reshape", "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace",
        "transpose", "var")},
    "argpartition": "np.argpartition", "conj": "rt.conj", "conjugate": "rt.conj", "copy": "copy", "astype": "astype", "flatten": "rt.flatten",
    "item": "rt.item", "view": "rt.view",
    "__abs__": "abs", "__neg__": "neg", "__matmul__": "@",
}
# Methods that are another operation where they are given arguments.
WITH_ARGUMENTS: dict[str, str] = {"copy": "np.copy"}
# Operations that read the elements of an array in an order that may be that in which they lie in memory.
IN_MEMORY_ORDER = frozenset({"np.reshape", "np.ravel", "rt.flatten"})
# Methods that are functions of NumPy with other positions of the arguments: which of these is the array.
COMPOSED: dict[str, tuple[str, int]] = {"choose": ("choose", 0), "compress": ("compress", 1)}
REFUSED: dict[str, str] = {
    **dict.fromkeys(("byteswap", "getfield", "newbyteorder", "setfield", "to_device"), "it looks at the bytes of the numbers"),
    **dict.fromkeys(("flags", "strides", "setflags"), "the program that computes the gradient may lay out its arrays otherwise"),
    "itemset": "later versions of NumPy do not have it: write `x[i] = v`",
    "resize": "it changes how many elements an array has that others may see",
}
ATTRIBUTES: dict[str, str] = {
    "T": "np.transpose", "mT": "np.matrix_transpose", "real": "np.real", "imag": "np.imag", "shape": "np.shape", "size": "np.size",
    "ndim": "static", "dtype": "static", "nbytes": "static", "itemsize": "static",
}


def bind_method(method: str, owner: Arg, args: tuple[Arg, ...], kwargs: dict[str, Arg] | None = None) -> tuple[str, tuple[Arg, ...]]:
    """`owner.method(*args, **kwargs)` -> the operation and its arguments."""
    kwargs = kwargs or {}
    name = WITH_ARGUMENTS.get(method, METHODS.get(method)) if args or kwargs else METHODS.get(method)
    if name is None:
        raise RowError(f"the method {method!r} of an array is not supported")
    if method in ("reshape", "transpose") and (len(args) > 1 or (
            method == "transpose" and len(args) == 1 and not isinstance(args[0], Seq) and not isinstance(type_of(args[0]), Tuple)
            and not (isinstance(args[0], Lit) and args[0].value is None))):
        args = (Seq(args),)
    if method in ("argsort", "searchsorted") or not args:
        pass
    return name, bind(name, (owner, *args), kwargs)


__all__ = ["ATTRIBUTES", "COMPOSED", "IN_MEMORY_ORDER", "METHODS", "REFUSED", "WITH_ARGUMENTS", "bind_method"]
