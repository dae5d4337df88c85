"""Rows of `chainrule.nn`, read when the program has imported it.

`nn_rt` holds derivatives (of gates, of any order), and what is left of functions when lists have become arrays and weights have the shape of what they
weigh. What is not here (`dropout`, `binary_cross_entropy`) is executed from its source.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from .. import nn
from ..ir.nodes import Arg, Lit
from ..ir.ops import OPS
from ..ir.probe import probe, type_of
from ..ir.types import Array, Scalar, Type
from ..nn import activations, losses
from .batching.directions import batching, over
from .infer import dtype_of, extents_of
from .table import MODULES, elementwise, pointwise, rule, zero

MODULES["nn"] = nn
MODULES["nn_rt"] = SimpleNamespace(silu_slope=activations.silu_slope, gelu_slope=activations.gelu_slope, logsumexp=losses.of_one_shape,
                                   shares=losses.shares, one_hot=losses.one_hot_of_array, cross_entropy=losses.cross_entropy_of_arrays)

# -- activations -------------------------------------------------------------------------------------------------------

elementwise("nn.sigmoid(x) -> y", x="y * (1 - y)")
elementwise("nn.log_sigmoid(x) -> y", x="nn.sigmoid(-x)")
elementwise("nn.softplus(x) -> y", x="nn.sigmoid(x)")
elementwise("nn.relu(x) -> y", x="y > 0", masks=True)
pointwise("nn.leaky_relu(x, slope=0.01) -> y", x="np.where(x > 0, y_bar, slope * y_bar)", slope="np.where(x > 0, 0.0, x * y_bar)")
pointwise("nn.elu(x, alpha=1.0) -> y", x="np.where(x > 0, y_bar, (y + alpha) * y_bar)",
          alpha="np.where(x > 0, 0.0, np.expm1(np.where(x > 0, 0.0, x)) * y_bar)")
elementwise("nn.silu(x) -> y", x="nn_rt.silu_slope(x)")
elementwise("nn.gelu(x, approximate=False) -> y", x="nn_rt.gelu_slope(x, approximate)")
elementwise("nn_rt.silu_slope(x, n=1) -> y", x="nn_rt.silu_slope(x, n + 1)")
elementwise("nn_rt.gelu_slope(x, approximate=False, n=1) -> y", x="nn_rt.gelu_slope(x, approximate, n + 1)")

# -- along an axis -----------------------------------------------------------------------------------------------------

_SHARE = "spread(y_bar, a, axis, keepdims) * rt.exp_share(a, spread(y, a, axis, keepdims))"
rule("nn_rt.logsumexp(a, axis=None, b=None, keepdims=False) -> y", a=f"spread(y_bar, a, axis, keepdims) * nn_rt.shares(a, axis) if b is None else b * {_SHARE}", b=_SHARE, op={"cheap": False})
for _name in ("nn_rt.shares(x, axis=None)", "nn.softmax(x, axis=-1)"):
    rule(f"{_name} -> y", x="y * (y_bar - np.sum(y_bar * y, axis, keepdims=True))", op={"cheap": False})
rule("nn.log_softmax(x, axis=-1) -> y", x="y_bar - np.exp(y) * np.sum(y_bar, axis, keepdims=True)", op={"cheap": False})
batching(over("axis"), "nn.softmax", "nn.log_softmax", "nn_rt.shares")
batching(over("axis", shaped=("b",)), "nn_rt.logsumexp")


def _one_hot(labels: Arg, num_classes: Arg, dtype: Arg, axis: Arg) -> Type:
    """The shape of the labels with one more axis."""
    made, classes = dtype_of(dtype, "float64"), extents_of(num_classes)
    known = type_of(labels)
    shape = known.shape if isinstance(known, Array) else ()
    place = getattr(axis, "value", None)
    if shape is None or classes is None or not isinstance(place, int):
        return Array(made, None)
    place %= len(shape) + 1
    return Array(made, (*shape[:place], *classes, *shape[place:]))


zero("nn_rt.one_hot(labels, num_classes, dtype='float64', axis=-1)", op={"infer": _one_hot})

# -- losses --------------------------------------------------------------------------------------------------------------

_WRONG = ("(nn.softmax(logits, axis) - nn_rt.one_hot(targets, extent(logits, axis), dtype='bool', axis=axis) if kind(targets) in 'iu' else "
          "np.sum(targets, axis, keepdims=True) * nn.softmax(logits, axis) - targets)")
_EACH = ("(y_bar if reduction == 'sum' else spread(y_bar, logits, axis, False) if reduction == 'none' else "
         "y_bar / np.size(targets) if kind(targets) in 'iu' else y_bar * extent(logits, axis) / count(logits, None))")


def _losses(logits: Arg, targets: Arg, axis: Arg, reduction: Arg) -> Type:
    """One number, or the shape of the logits without an axis: how long it is need not be known to fit the targets."""
    of, given = type_of(logits), type_of(targets)
    if not isinstance(of, Array) or of.shape is None or not isinstance(axis, Lit) or not isinstance(reduction, Lit):
        return probe(OPS["nn_rt.cross_entropy"], (logits, targets, axis, reduction))
    dtypes = [np.dtype(t.dtype) for t in (of, given) if isinstance(t, (Array, Scalar)) and np.dtype(t.dtype).kind == "f"]
    dtype = str(np.result_type(*dtypes)) if np.dtype(of.dtype).kind == "f" else "float64"
    place = axis.value % len(of.shape) if of.shape else 0
    shape = (*of.shape[:place], *of.shape[place + 1:])
    return Array(dtype, shape) if reduction.value == "none" and shape else Scalar(dtype)


rule("nn_rt.cross_entropy(logits, targets, axis=-1, reduction='mean') -> y", static=("reduction",), op={"infer": _losses},
     logits=f"{_EACH} * {_WRONG}", targets=f"-{_EACH} * nn.log_softmax(logits, axis)")
