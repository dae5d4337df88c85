"""Functions that are known and have no derivative, or are refused, each with its reason."""

from __future__ import annotations

from .infer import bincount, like, unique
from .table import alias, linear, refuse, rule, zero

rule("np.unique(x) -> y", x="rt.unique_pull(y_bar, x)", op={"infer": unique})
rule("rt.unique_pull(g, x) -> y", op={"infer": like(1)})
linear("np.bincount(x, weights=None, minlength=0) -> y", weights="y_bar[x]", op={"infer": bincount})
zero("np.digitize(x, bins)", "np.lexsort(keys)", "np.result_type(*arrays_and_dtypes)",
     "np.can_cast(from_, to)", "np.isscalar(element)", "np.iscomplexobj(x)", "np.isrealobj(x)", "np.may_share_memory(a, b)",
     "np.shares_memory(a, b)", "np.ravel_multi_index(multi_index, dims)", "np.unravel_index(indices, shape)", "np.indices(dimensions)")
zero("rt.stop_gradient(x)", op={"views": (0,)})
alias("rt.stop_gradient", "rt.stop_gradient")

for _name in ("np.random.RandomState", "np.random.Generator", "random.Random"):  # the functions of the modules are methods of these
    refuse(_name, because="it draws from random state, and the gradient call would draw again", instead="draw outside the function and pass the sample in")
refuse("np.random.default_rng", because="it makes random state anew at every call", instead="draw outside the function and pass the sample in")
for _name in ("eval", "exec", "locals", "globals", "compile", "__import__"):
    refuse(_name, because="it sees names and text that only the running program has", instead="write the expression itself")
refuse("np.vectorize", because="it hides a Python loop that cannot be read", instead="write the loop, or the array expression")
refuse("np.apply_along_axis", because="it hides a Python loop that cannot be read", instead="write the loop")
refuse("np.fromiter", because="it consumes an iterator that may have state", instead="np.array([... for ...])")
refuse("np.partition", because="its result depends on how NumPy orders the parts", instead="np.sort")
refuse("np.frombuffer", because="the buffer's contents are not numbers to the compiler", instead="np.asarray")
