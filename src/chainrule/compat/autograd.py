"""autograd's names and argument order, over chainrule's transforms.

For programs that were written with autograd: the import lines change, the rest stays (docs/how-to/from-autograd.md has the table). What both libraries call by one name and in one
order (`jacobian`, say) is chainrule's function; what differs in a name (``argnum``), in the order of results, or in how a rule is stated, is here.

The optimisers are the textbook's, with autograd's constants, so that a run gives the same numbers: momentum (Polyak, 1964), RMSProp (Tieleman and Hinton, 2012),
Adam (Kingma and Ba, 2015).

Not here: autograd's tracer and its spaces (``Box``, ``VSpace``, ``getval``), since nothing is traced; ``holomorphic_grad``, ``multigrad_dict``, ``make_ggnvp``, ``hessian_tensor_product``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Union

import numpy as np

from .. import api
from ..custom import custom_vjp

__all__ = ["adam", "check_grads", "checkpoint", "defvjp", "deriv", "elementwise_grad", "flatten", "grad", "grad_and_aux", "grad_named", "hessian",
           "hessian_vector_product", "jacobian", "make_hvp", "make_jvp", "make_vjp", "primitive", "rmsprop", "sgd", "value_and_grad",
           "vector_jacobian_product"]

Function = Callable[..., Any]
Argnum = Union[int, Sequence[int]]

checkpoint = api.checkpoint


def grad(fun: Function, argnum: Argnum = 0) -> Any:
    """`chainrule.grad`, with autograd's name for the argument.

    >>> grad(lambda x, y: x * y**2, argnum=1)(3.0, 2.0)
    12.0
    """
    return api.grad(fun, argnum)


def value_and_grad(fun: Function, argnum: Argnum = 0) -> Any:
    """`chainrule.value_and_grad`: a function that returns ``(value, gradient)``.

    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    return api.value_and_grad(fun, argnum)


def grad_and_aux(fun: Function, argnum: Argnum = 0) -> Any:
    """The gradient of the first of two results; the second is passed through.

    >>> grad_and_aux(lambda x: (x**3, "note"))(2.0)
    (12.0, 'note')
    """
    return api.grad(fun, argnum, has_aux=True)


def grad_named(fun: Function, argname: str) -> Any:
    """The gradient with respect to a parameter by its name.

    >>> grad_named(lambda x, y: x * y**2, "y")(3.0, 2.0)
    12.0
    """
    return api.grad(fun, argname)


def elementwise_grad(fun: Function, argnum: Argnum = 0) -> Any:
    """`chainrule.elementwise_grad`: the derivative of a function that acts element by element.

    >>> elementwise_grad(lambda x: x**2)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return api.elementwise_grad(fun, argnum)


def deriv(fun: Function, argnum: int = 0) -> Function:
    """The derivative of a function along an argument moved by one, in forward mode.

    >>> deriv(lambda x: x**3)(2.0)
    12.0
    """
    def derivative(*args: Any) -> Any:
        x = args[argnum]
        return api.jvp(fun, args, _only(args, argnum, np.ones_like(x) if isinstance(x, np.ndarray) else 1.0))[1]

    return derivative


def jacobian(fun: Function, argnum: int = 0) -> Any:
    """`chainrule.jacobian`.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return api.jacobian(fun, argnum)


def hessian(fun: Function, argnum: int = 0) -> Any:
    """`chainrule.hessian`.

    >>> hessian(lambda x: x[0] * x[1])(np.array([1.0, 2.0]))
    array([[0., 1.],
           [1., 0.]])
    """
    return api.hessian(fun, argnum)


def hessian_vector_product(fun: Function, argnum: int = 0) -> Any:
    """`chainrule.hvp`: a function ``(*args, vector)``.

    >>> hessian_vector_product(lambda x: x**3)(2.0, 1.0)
    12.0
    """
    return api.hvp(fun, argnum)


def vector_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """A function ``(*args, vector)``: the vector times the Jacobian.

    >>> vector_jacobian_product(lambda x: x**2)(np.array([1.0, 2.0]), np.array([1.0, 0.5]))
    array([2., 2.])
    """
    def product(*args: Any) -> Any:
        *primals, vector = args
        return api.vjp(fun, *primals)[1](vector)[argnum]

    return product


def make_vjp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns ``(pullback, value)``; the pullback gives one cotangent.

    >>> pullback, value = make_vjp(lambda x, y: x * y)(2.0, 5.0)
    >>> value, pullback(1.0)
    (10.0, 5.0)
    """
    def at(*args: Any) -> tuple[Function, Any]:
        value, pullback = api.vjp(fun, *args)
        return (lambda cotangent: pullback(cotangent)[argnum]), value

    return at


def make_jvp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns the pushforward; this one returns ``(value, tangent)``.

    >>> make_jvp(lambda x, y: x * y)(2.0, 5.0)(1.0)
    (10.0, 5.0)
    """
    def at(*args: Any) -> Function:
        return lambda tangent: api.jvp(fun, args, _only(args, argnum, tangent))

    return at


def make_hvp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns ``(product, gradient)``: the product of the Hessian with a vector, and the gradient.

    >>> product, gradient = make_hvp(lambda x: x**3)(2.0)
    >>> gradient, product(1.0)
    (12.0, 12.0)
    """
    def at(*args: Any) -> tuple[Function, Any]:
        gradient, pushforward = api.linearize(api.grad(fun, argnum), *args)
        return (lambda vector: pushforward(*_only(args, argnum, vector))), gradient

    return at


def _only(args: Sequence[Any], argnum: int, tangent: Any) -> tuple[Any, ...]:
    """Tangents of all arguments, of which one moves."""
    tangents = [None] * len(args)
    tangents[argnum] = tangent
    return tuple(tangents)


# -- rules ---------------------------------------------------------------------------------------------------------------


def primitive(fun: Function) -> Any:
    """A function that gets its derivative from `defvjp`. It is called, and differentiated by that rule alone.

    >>> @primitive
    ... def cube(x):
    ...     return x * x * x
    >>> defvjp(cube, lambda y, x: lambda y_bar: y_bar * 3 * x * x)
    >>> grad(cube)(2.0)
    12.0
    """
    return custom_vjp(fun)


def defvjp(fun: Any, *makers: Function | None, argnums: Sequence[int] | None = None) -> None:
    """State the rule of a `primitive`: for each argument ``maker(value, *args)``, which returns the map from the cotangent of the value to that of the argument.

    ``argnums`` are the positions that the makers are for, if not the first ones. None is a derivative of zero; that of an argument without a maker is not known, and needing it
    an UnsupportedError. The makers are ordinary Python: derivatives of higher order and forward mode follow from them.

    Raises TypeError if the function is not made by `primitive`, or the makers do not fit its arguments.

    >>> @primitive
    ... def product(x, y):
    ...     return x * y
    >>> defvjp(product, lambda value, x, y: lambda g: g * y, None)
    >>> grad(product, (0, 1))(2.0, 5.0)
    (5.0, 0.0)
    """
    if not isinstance(fun, custom_vjp):
        raise TypeError(f"defvjp is for functions made by `primitive`; for any other, chainrule.defvjp({getattr(fun, '__name__', fun)}, ...) states a rule")
    parameters = inspect.signature(fun.primal).parameters.values()
    places = tuple(range(len(makers)) if argnums is None else argnums)
    if len(places) != len(makers) or not all(0 <= place < len(parameters) for place in places):
        raise TypeError(f"defvjp: {len(makers)} rules for the arguments {places}, of {len(parameters)}")
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise TypeError("defvjp: rules are stated by position, so it may not take any number of arguments")

    def forward(*args: Any) -> tuple[Any, tuple[Any, tuple[Any, ...]]]:
        value = fun(*args)
        return value, (value, args)

    def backward(*given: Any) -> tuple[Any, ...]:
        (value, args), cotangent = given[-2:]  # before them, the arguments that no rule is for
        return tuple([None if maker is None else maker(value, *args)(cotangent) for maker in ordered])

    ordered = tuple(maker for _, maker in sorted(zip(places, makers), key=lambda pair: pair[0]))
    fun.nondiff_argnums = tuple(n for n in range(len(parameters)) if n not in places)
    fun.defvjp(forward, backward)


def check_grads(fun: Function, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> Callable[..., None]:
    """`chainrule.check_grads`, as a function of the arguments.

    >>> check_grads(lambda x: x**3)(2.0)
    """
    def check(*args: Any) -> None:
        api.check_grads(fun, args, order=order, modes=tuple(modes))

    return check


# -- containers, optimisers ----------------------------------------------------------------------------------------------


def flatten(value: Any) -> tuple[Any, Function]:
    """All numbers of nested lists, tuples and dictionaries in one vector, and the function that takes such a vector apart again.

    Dictionaries are gone through in the order of their keys. Both directions may be differentiated.

    >>> vector, unflatten = flatten({"w": np.ones((1, 2)), "b": [0.5]})
    >>> vector
    array([0.5, 1. , 1. ])
    >>> unflatten(2 * vector)["w"]
    array([[2., 2.]])
    """
    pieces: list[Any] = []
    _collect(value, pieces)
    vector = np.concatenate(pieces) if pieces else np.zeros(0)

    def unflatten(flat: Any) -> Any:
        return _rebuilt(value, flat, 0)[0]

    return vector, unflatten


def _collect(value: Any, pieces: list[Any]) -> None:
    if isinstance(value, dict):
        for key in sorted(value):
            _collect(value[key], pieces)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, pieces)
    else:
        pieces.append(np.ravel(value))


def _rebuilt(example: Any, flat: Any, start: int) -> tuple[Any, int]:
    """What has the structure of an example, from the part of a vector that begins at ``start``; and where that part ends."""
    if isinstance(example, dict):
        made = {}
        for key in sorted(example):
            made[key], start = _rebuilt(example[key], flat, start)
        return made, start
    if isinstance(example, (list, tuple)):
        items = []
        for one in example:
            item, start = _rebuilt(one, flat, start)
            items.append(item)
        return (tuple(items) if isinstance(example, tuple) else items), start
    if np.ndim(example) == 0:
        return flat[start], start + 1
    stop = start + np.size(example)
    return np.reshape(flat[start:stop], np.shape(example)), stop


def _steps(gradient: Function, x0: Any, callback: Function | None, count: int, step: Callable[[int, Any], Any]) -> Any:
    """Descend ``count`` times by ``step(i, flat gradient)``, from any nested x0."""
    flat, unflatten = flatten(x0)
    for i in range(count):
        x = unflatten(flat)
        g = gradient(x, i)
        if callback is not None:
            callback(x, i, g)
        flat = flat - step(i, flatten(g)[0])
    return unflatten(flat)


def sgd(grad: Function, x0: Any, callback: Function | None = None, num_iters: int = 200, step_size: float = 0.1, mass: float = 0.9) -> Any:
    """Gradient descent with momentum. ``grad(x, i)`` is the gradient in step i; ``callback(x, i, gradient)`` sees each.

    >>> float(sgd(lambda x, i: 2 * (x - 3.0), 0.0).round(3))
    3.0
    """
    velocity: Any = 0.0

    def step(i: int, g: Any) -> Any:
        nonlocal velocity
        velocity = mass * velocity + (1.0 - mass) * g
        return step_size * velocity

    return _steps(grad, x0, callback, num_iters, step)


def rmsprop(grad: Function, x0: Any, callback: Function | None = None, num_iters: int = 100, step_size: float = 0.1, gamma: float = 0.9, eps: float = 1e-8) -> Any:
    """RMSProp: steps divided by the root of a running mean of squares.

    >>> float(rmsprop(lambda x, i: 2 * (x - 3.0), 0.0, num_iters=200).round(1))
    3.0
    """
    squares: Any = 1.0

    def step(i: int, g: Any) -> Any:
        nonlocal squares
        squares = gamma * squares + (1.0 - gamma) * g**2
        return step_size * g / (np.sqrt(squares) + eps)

    return _steps(grad, x0, callback, num_iters, step)


def adam(grad: Function, x0: Any, callback: Function | None = None, num_iters: int = 100, step_size: float = 0.001, b1: float = 0.9, b2: float = 0.999,
         eps: float = 1e-8) -> Any:
    """Adam: running means of the gradient and of its square, both corrected for their start at zero.

    >>> float(adam(lambda x, i: 2 * (x - 3.0), 0.0, num_iters=300, step_size=0.1).round(2))
    3.0
    """
    mean: Any = 0.0
    squares: Any = 0.0

    def step(i: int, g: Any) -> Any:
        nonlocal mean, squares
        mean = b1 * mean + (1.0 - b1) * g
        squares = b2 * squares + (1.0 - b2) * g**2
        return step_size * (mean / (1.0 - b1 ** (i + 1))) / (np.sqrt(squares / (1.0 - b2 ** (i + 1))) + eps)

    return _steps(grad, x0, callback, num_iters, step)
