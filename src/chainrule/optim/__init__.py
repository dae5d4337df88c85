"""Optimisers as pure functions over containers of parameters, schedules of learning rates, clipping; and SciPy's minimizers with generated derivatives.

    opt = optim.adam(optim.cosine(1e-2, steps=1000))
    state = opt.init(params)
    for batch in batches:
        grads = dloss(params, batch)
        params, state = opt.update(params, optim.clip_by_global_norm(grads, 1.0), state)

Parameters are a number, an array, or tuples, lists, dictionaries, named tuples and dataclasses of these, nested; gradients have their structure, as `cr.grad`
returns them. Nothing that is passed in is modified. All of it is Python over NumPy that chainrule can differentiate: through steps of training, with
respect to a learning rate, to first parameters, to anything that the gradients depend on.
"""

from .clipping import clip_by_global_norm, clip_by_value, global_norm
from .descent import Optimizer, State, adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd
from .minimize import minimize
from .schedules import constant, cosine, exponential, piecewise, step_decay, warmup

__all__ = [
    "Optimizer",
    "State",
    "adagrad",
    "adam",
    "adamw",
    "clip_by_global_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "global_norm",
    "minimize",
    "momentum",
    "nesterov",
    "piecewise",
    "rmsprop",
    "sgd",
    "step_decay",
    "warmup",
]
