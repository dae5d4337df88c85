"""Functions that are known and have no derivative, or are refused, each with its reason."""

from __future__ import annotations

import numpy as np

from ..ir.nodes import Arg, Lit
from ..ir.probe import type_of
from ..ir.types import Array, Type, unknown_extent
from .infer import _extent, bincount, eye, like, unique
from .table import alias, linear, refuse, rule, zero


def _window(M: Arg) -> Type:
    return Array("float64", (_extent(M),))


rule("np.unique(x) -> y", x="rt.unique_pull(y_bar, x)", x_dot="rt.unique_dot(x_dot, x)", op={"infer": unique})
linear("rt.unique_pull(g, x) -> y", g="rt.unique_dot(y_bar, x)", x="0.0", op={"infer": like(1)})
linear("rt.unique_dot(g, x) -> y", g="rt.unique_pull(y_bar, x)", x="0.0", op={"infer": unique})
linear("np.bincount(x, weights=None, minlength=0) -> y", weights="y_bar[x]", op={"infer": bincount})
zero("np.digitize(x, bins)", "np.lexsort(keys)", "np.result_type(*arrays_and_dtypes)",
     "np.can_cast(from_, to)", "np.isscalar(element)", "np.iscomplexobj(x)", "np.isrealobj(x)", "np.may_share_memory(a, b)",
     "np.shares_memory(a, b)", "np.ravel_multi_index(multi_index, dims)", "np.unravel_index(indices, shape)", "np.indices(dimensions)")
zero("np.isin(element, test_elements, assume_unique=False, invert=False)", "np.in1d(ar1, ar2, assume_unique=False, invert=False)",
     "np.iscomplex(x)", "np.isreal(x)", "np.isposinf(x)", "np.isneginf(x)", "np.array_equiv(a1, a2)",
     "np.tril_indices_from(arr, k=0)", "np.triu_indices_from(arr, k=0)", "np.diag_indices_from(arr)")
zero("np.tril_indices(n, k=0, m=None)", "np.triu_indices(n, k=0, m=None)", "np.diag_indices(n, ndim=2)", dynamic=("n",))
zero("np.argpartition(a, kth, axis=-1, kind='introselect')", op={"infer": lambda a, kth, axis, *_: _order(a, axis)})
zero("np.tri(N, M=None, k=0, dtype=None)", op={"fresh": True, "infer": eye})
zero(*(f"np.{name}(M)" for name in ("bartlett", "blackman", "hamming", "hanning")), op={"infer": _window})
for _name in ("power", "arctan2"):
    for _method in ("reduce", "reduceat"):
        refuse(f"np.{_name}.{_method}", because="the order in which NumPy goes through the array is not defined, and its results differ",
               instead=f"write the loop, or `np.{_name}.accumulate(x)[-1]`")
for _name, _ufunc in sorted(vars(np).items()):  # of whole numbers and truth values; `dir` would name modules, too, that NumPy loads when they are asked for
    if isinstance(_ufunc, np.ufunc) and _ufunc.__name__ == _name and _ufunc.signature is None and (_ufunc.nin, _ufunc.nout) == (2, 1) and "dd->d" not in _ufunc.types:
        if _name == "ldexp":
            for _method in ("reduce", "accumulate", "reduceat"):
                refuse(f"np.ldexp.{_method}", because="NumPy raises TypeError here: a number and an exponent are of different types", instead="write the loop")
            continue
        if _name not in ("logical_and", "logical_or"):
            zero(f"np.{_name}.reduce(array, axis=0, dtype=None, keepdims=False, initial=None, where=None)")
        zero(f"np.{_name}.accumulate(array, axis=0, dtype=None)", f"np.{_name}.reduceat(array, indices, axis=0, dtype=None)")


def _order(a: Arg, axis: Arg) -> Type:
    """Indices, one for each element."""
    type = type_of(a)
    flat = isinstance(axis, Lit) and axis.value is None
    return Array("int64", (unknown_extent(),) if flat else type.shape if isinstance(type, Array) else None)


def _places(x: Arg) -> Type:
    return Array("int64", (unknown_extent(),))


def _inverse(x: Arg) -> Type:
    type = type_of(x)
    return Array("int64", type.shape if NEW_INVERSE and isinstance(type, Array) and type.shape is not None else (unknown_extent(),))


NEW_INVERSE = np.unique(np.zeros((1, 1)), return_inverse=True)[1].ndim == 2  # has the shape of the array since NumPy 2
zero("rt.unique_index(x)", "rt.unique_counts(x)", op={"infer": _places})
zero("rt.unique_inverse(x)", op={"infer": _inverse})
zero("rt.stop_gradient(x)", op={"infer": type_of, "fresh": True})
alias("rt.stop_gradient", "rt.stop_gradient")
alias("rt.one_zero_like", "np.zeros_like")  # which generated code calls, and that may be differentiated again

for _name in ("eval", "exec", "locals", "globals", "compile", "__import__"):
    refuse(_name, because="it sees names and text that only the running program has", instead="write the expression itself")
refuse("np.nditer", because="it walks over memory in an order of its own, and may write into it", instead="loop over the array, or over `a.flat`")
refuse("np.frompyfunc", because="it makes an array of Python objects", instead="np.vectorize, or a loop")
refuse("id", because="objects of the generated program lie elsewhere in memory", instead="compare with `is`, or number the objects yourself")
for _old, _name in (("product", "prod"), ("cumproduct", "cumprod"), ("alltrue", "all"), ("sometrue", "any"), ("round_", "round")):  # before NumPy 2
    alias(f"np.{_old}", f"np.{_name}")
for _old, _instead in (("asfarray", "np.asarray(x, float)"), ("msort", "np.sort(x, axis=0)")):
    refuse(f"np.{_old}", because="later versions of NumPy do not have it", instead=_instead)
refuse("np.histogramdd", because="the number of its axes is in the shape of an array", instead="np.histogram2d, or np.bincount of np.ravel_multi_index")
refuse("np.require", because="the program that computes the gradient may lay out its arrays otherwise", instead="np.asarray")
refuse("np.frombuffer", because="the buffer's contents are not numbers to the compiler", instead="np.asarray")
