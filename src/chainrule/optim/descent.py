"""parameters, gradients, state -> parameters and state after one step of descent.

In the formulas, which are those of PyTorch's optimisers, p is a parameter, g its gradient, r the learning rate of the step. For complex parameters g is the
conjugate of what `cr.grad` returns (df/dx - i df/dy), which points uphill, and g ** 2 stands for |g| ** 2.

Each optimiser is written leaf by leaf with `each`, which passes by what has no gradient. chainrule executes it like any code of the user's, with
`structure.map_leaves` taken for what it means (`frontend/calling/trees`): so a gradient of training is right, and at g = 0, too, where a square root has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Union

import numpy as np

from ..runtime import root
from ..structure import is_differentiable, map_leaves

Rate = Union[float, Callable[[int], float]]


class State(NamedTuple):
    """What an optimiser remembers. Leaves without derivative have None in `mean` and `square`.

    step: how many steps were made. mean: a running mean of gradients (or their velocity), in the parameters' structure; None if there is none.
    square: one of squared gradients (or their sum); None if there is none.

    >>> momentum(0.1).init([1.0, 2.0])
    State(step=0, mean=[0.0, 0.0], square=None)
    """

    step: int
    mean: Any = None
    square: Any = None


class Optimizer(NamedTuple):
    """A way to descend: two pure functions.

    init(params) -> state: that before the first step. update(params, grads, state) -> (params, state): those after one more step. Where a gradient is None, the
    leaf stays what it is. Raises ValueError where the structures differ, saying where, and TypeError for a gradient of what is not a float.

    >>> descent = sgd(0.5)
    >>> params, state = descent.update([1.0, 2.0], [1.0, None], descent.init([1.0, 2.0]))
    >>> params, state.step
    ([0.5, 2.0], 1)
    """

    init: Callable[[Any], State]
    update: Callable[[Any, Any, State], tuple[Any, State]]


def each(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """A function of the leaves of one container and of others that go with it; a leaf stays where one of the others is None."""
    return map_leaves(lambda leaf, *rest: leaf if any(other is None for other in rest) else function(leaf, *rest), tree, *others)


def uphill(params: Any, grads: Any, decay: float = 0.0) -> Any:
    """Gradients that point uphill, with those of decay / 2 * |p| ** 2 added."""
    def of_leaf(p: Any, g: Any) -> Any:
        if g is None:
            return None
        if not is_differentiable(p):
            raise TypeError(f"there is a gradient of {p!r}, which is not a float or an array of floats")
        g = np.conj(g) if np.iscomplexobj(g) else g
        return g if decay == 0.0 else g + decay * p

    return map_leaves(of_leaf, params, grads)


def zeros_of(p: Any) -> Any:
    return np.zeros_like(p) if np.ndim(p) else 0.0


def zeros(params: Any) -> Any:
    """Zeros in the place of leaves that carry a derivative, else None."""
    return map_leaves(lambda p: zeros_of(p) if is_differentiable(p) else None, params)


def real_zeros(params: Any) -> Any:
    """The same for squares, which are real."""
    return map_leaves(lambda p: zeros_of(np.real(p) if np.iscomplexobj(p) else p) if is_differentiable(p) else None, params)


def squared(g: Any) -> Any:
    return np.real(g * np.conj(g)) if np.iscomplexobj(g) else g * g


def rate_at(rate: Rate, step: int) -> float:
    """The learning rate of a step, as a Python number: it does not change the dtype of an array."""
    return float(rate(step) if callable(rate) else rate)


def sgd(lr: Rate, weight_decay: float = 0.0) -> Optimizer:
    """Gradient descent: p - r g.

    lr: the learning rate, a number or a function of the number of steps made before (see `schedules`). weight_decay: adds weight_decay * p to g.

    >>> opt = sgd(0.1)
    >>> opt.update({"w": 1.0, "name": "first"}, {"w": 2.0, "name": None}, opt.init({"w": 1.0, "name": "first"}))
    ({'w': 0.8, 'name': 'first'}, State(step=1, mean=None, square=None))
    """
    def init(params: Any) -> State:
        return State(0)

    def update(params: Any, grads: Any, state: State) -> tuple[Any, State]:
        rate = rate_at(lr, state.step)
        grads = uphill(params, grads, weight_decay)
        return each(lambda p, g: p - rate * g, params, grads), State(state.step + 1)

    return Optimizer(init, update)


def momentum(lr: Rate, beta: float = 0.9, weight_decay: float = 0.0) -> Optimizer:
    """Gradient descent with momentum (B. Polyak 1964): v = beta v + g; p - r v. Arguments as for `sgd`.

    >>> opt = momentum(0.1)
    >>> params, state = opt.update([1.0], [2.0], opt.init([1.0]))
    >>> opt.update(params, [2.0], state)[1].mean
    [3.8]
    """
    def init(params: Any) -> State:
        return State(0, zeros(params))

    def update(params: Any, grads: Any, state: State) -> tuple[Any, State]:
        rate = rate_at(lr, state.step)
        grads = uphill(params, grads, weight_decay)
        velocity = each(lambda v, g: beta * v + g, state.mean, grads)
        return each(lambda p, g, v: p - rate * v, params, grads, velocity), State(state.step + 1, velocity)

    return Optimizer(init, update)


def nesterov(lr: Rate, beta: float = 0.9, weight_decay: float = 0.0) -> Optimizer:
    """Nesterov's accelerated gradient (Y. Nesterov 1983, I. Sutskever et al. 2013): v = beta v + g; p - r (g + beta v). Arguments as for `sgd`.

    >>> opt = nesterov(0.1)
    >>> opt.update(1.0, 2.0, opt.init(1.0))[0]
    0.62
    """
    def init(params: Any) -> State:
        return State(0, zeros(params))

    def update(params: Any, grads: Any, state: State) -> tuple[Any, State]:
        rate = rate_at(lr, state.step)
        grads = uphill(params, grads, weight_decay)
        velocity = each(lambda v, g: beta * v + g, state.mean, grads)
        return each(lambda p, g, v: p - rate * (g + beta * v), params, grads, velocity), State(state.step + 1, velocity)

    return Optimizer(init, update)


def rmsprop(lr: Rate, decay: float = 0.99, eps: float = 1e-8) -> Optimizer:
    """Steps over the root of a running mean of squares (T. Tieleman and G. Hinton 2012): s = decay s + (1 - decay) g ** 2; p - r g / (sqrt(s) + eps).

    >>> opt = rmsprop(0.1, decay=0.75)
    >>> round(opt.update(1.0, 2.0, opt.init(1.0))[0], 6)
    0.8
    """
    def init(params: Any) -> State:
        return State(0, None, real_zeros(params))

    def update(params: Any, grads: Any, state: State) -> tuple[Any, State]:
        rate = rate_at(lr, state.step)
        grads = uphill(params, grads)
        square = each(lambda s, g: decay * s + (1.0 - decay) * squared(g), state.square, grads)
        return each(lambda p, g, s: p - rate * g / (root(s) + eps), params, grads, square), State(state.step + 1, None, square)

    return Optimizer(init, update)


def adagrad(lr: Rate, eps: float = 1e-10) -> Optimizer:
    """Steps over the root of the sum of squares (J. Duchi et al. 2011): s = s + g ** 2; p - r g / (sqrt(s) + eps).

    >>> opt = adagrad(0.1)
    >>> round(opt.update(1.0, 2.0, opt.init(1.0))[0], 6)
    0.9
    """
    def init(params: Any) -> State:
        return State(0, None, real_zeros(params))

    def update(params: Any, grads: Any, state: State) -> tuple[Any, State]:
        rate = rate_at(lr, state.step)
        grads = uphill(params, grads)
        square = each(lambda s, g: s + squared(g), state.square, grads)
        return each(lambda p, g, s: p - rate * g / (root(s) + eps), params, grads, square), State(state.step + 1, None, square)

    return Optimizer(init, update)


def adam(lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam (D. Kingma and J. Ba 2015): m = beta1 m + (1 - beta1) g, s = beta2 s + (1 - beta2) g ** 2, both over what their weights add up to;
    p - r m / (sqrt(s) + eps).

    >>> opt = adam(0.1)
    >>> round(opt.update(1.0, 2.0, opt.init(1.0))[0], 6)
    0.9
    """
    return adamw(lr, beta1, beta2, eps, weight_decay=0.0)


def adamw(lr: Rate = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-2) -> Optimizer:
    """`adam` with a decay of weights that is not part of the gradient (I. Loshchilov and F. Hutter 2019): p - r weight_decay p - r m / (sqrt(s) + eps).

    >>> opt = adamw(0.1, weight_decay=0.5)
    >>> round(opt.update(1.0, 2.0, opt.init(1.0))[0], 6)
    0.85
    """
    def init(params: Any) -> State:
        return State(0, zeros(params), real_zeros(params))

    def update(params: Any, grads: Any, state: State) -> tuple[Any, State]:
        step = state.step + 1
        rate = rate_at(lr, state.step)
        grads = uphill(params, grads)
        mean = each(lambda m, g: beta1 * m + (1.0 - beta1) * g, state.mean, grads)
        square = each(lambda s, g: beta2 * s + (1.0 - beta2) * squared(g), state.square, grads)
        length, weight = rate / (1.0 - beta1**step), (1.0 - beta2**step) ** 0.5

        def moved(p: Any, g: Any, m: Any, s: Any) -> Any:
            change = length * m / (root(s) / weight + eps)
            return p - change if weight_decay == 0.0 else p - rate * weight_decay * p - change

        return each(moved, params, grads, mean, square), State(step, mean, square)

    return Optimizer(init, update)


__all__ = ["Optimizer", "State", "adagrad", "adam", "adamw", "momentum", "nesterov", "rmsprop", "sgd"]
