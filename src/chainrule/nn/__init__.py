"""Building blocks of networks: ordinary NumPy functions, numerically stable, whose derivatives chainrule knows.

    import chainrule.nn as nn

    def loss(params, x, labels):
        (w1, b1), (w2, b2) = params
        return nn.cross_entropy(nn.relu(x @ w1 + b1) @ w2 + b2, labels)

They depend on NumPy alone, keep the dtype of floats (float32 in, float32 out; a Python float in, a Python float out), take lists and
integers as NumPy's functions do, and refuse complex numbers with TypeError. At kinks the derivative is that of the inactive side: relu'(0) = 0.

Activations: `sigmoid`, `log_sigmoid`, `relu`, `leaky_relu`, `elu`, `gelu`, `silu`, `softplus`. Along an axis: `softmax`, `log_softmax`, `logsumexp`.
Losses: `cross_entropy`, `binary_cross_entropy`; labels: `one_hot`. Noise: `dropout`. First weights: `glorot_uniform`, `glorot_normal`,
`he_uniform`, `he_normal`.
"""

from .activations import elu, gelu, leaky_relu, log_sigmoid, relu, sigmoid, silu, softplus
from .initial import glorot_normal, glorot_uniform, he_normal, he_uniform
from .losses import binary_cross_entropy, cross_entropy, log_softmax, logsumexp, one_hot, softmax
from .noise import dropout

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "one_hot",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]
