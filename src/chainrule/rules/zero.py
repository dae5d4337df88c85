"""Functions that are known and have no derivative, or are refused, each with its reason."""

from __future__ import annotations

from .infer import bincount, like, unique
from .table import alias, linear, refuse, rule, zero

rule("np.unique(x) -> y", x="rt.unique_pull(y_bar, x)", x_dot="rt.unique_dot(x_dot, x)", op={"infer": unique})
linear("rt.unique_pull(g, x) -> y", g="rt.unique_dot(y_bar, x)", x="0.0", op={"infer": like(1)})
linear("rt.unique_dot(x_dot, x) -> y", x_dot="rt.unique_pull(y_bar, x)", x="0.0", op={"infer": unique})
linear("np.bincount(x, weights=None, minlength=0) -> y", weights="y_bar[x]", op={"infer": bincount})
zero("np.digitize(x, bins)", "np.lexsort(keys)", "np.result_type(*arrays_and_dtypes)",
     "np.can_cast(from_, to)", "np.isscalar(element)", "np.iscomplexobj(x)", "np.isrealobj(x)", "np.may_share_memory(a, b)",
     "np.shares_memory(a, b)", "np.ravel_multi_index(multi_index, dims)", "np.unravel_index(indices, shape)", "np.indices(dimensions)")
zero("rt.stop_gradient(x)", op={"views": (0,)})
alias("rt.stop_gradient", "rt.stop_gradient")

for _name in ("eval", "exec", "locals", "globals", "compile", "__import__"):
    refuse(_name, because="it sees names and text that only the running program has", instead="write the expression itself")
refuse("np.nditer", because="it walks over memory in an order of its own, and may write into it", instead="loop over the array, or over `a.flat`")
refuse("np.frompyfunc", because="it makes an array of Python objects", instead="np.vectorize, or a loop")
refuse("id", because="objects of the generated program lie elsewhere in memory", instead="compare with `is`, or number the objects yourself")
refuse("np.partition", because="its result depends on how NumPy orders the parts", instead="np.sort")
refuse("np.frombuffer", because="the buffer's contents are not numbers to the compiler", instead="np.asarray")
