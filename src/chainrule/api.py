"""The public transforms: `grad`, `value_and_grad`, `vjp`, and what a transformed function carries."""

from __future__ import annotations

import functools
import html
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from types import FunctionType, MethodType
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar, Union, overload

from . import check as _check
from .dispatch import Dispatcher, Variant
from .frontend.modes import COLUMNS, public
from .frontend.request import Compiled, Layer, Request
from .frontend.source import Resolved, calling, package, resolve
from .rules.registry import lookup
from .runtime.control import applied
from .tangents import moving, still

__all__ = ["Transformed", "check_grads", "checkpoint", "checkpointed", "elementwise_grad", "grad", "hessian", "hvp", "intermediate_grads", "jacfwd", "jacobian", "jacrev", "jvp", "linearize",
           "value_and_grad", "vjp"]

One = Union[int, str]
Several = Union[tuple[One, ...], list[int], list[str], list[One]]
Argnums = Union[One, Sequence[One]]
Function = Callable[..., Any]
P = ParamSpec("P")  # the parameters of the primal, which are those of what a transform makes of it
R = TypeVar("R")  # what the primal returns
A = TypeVar("A")  # what is auxiliary in that
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
BACKENDS = ("numpy",)


def _compile(request: Request) -> Compiled:
    from . import pipeline  # the compiler is loaded when there is something to compile

    return pipeline.compile(request)


class Gradients(Protocol):
    """A transform as a decorator, with its options given."""

    def __call__(self, f: Callable[P, Any], /) -> Transformed[P, Any]: ...


class ValuesAndGradients(Protocol):
    """`value_and_grad` as a decorator, with its options given."""

    def __call__(self, f: Callable[P, R], /) -> Transformed[P, tuple[R, Any]]: ...


class Transformed(Generic[P, T_co]):
    """A function made by a transform. Called with the primal's arguments, it returns the derivative.

    primal:      the user's function.
    source:      the generated source of the most recent specialisation or, before any call, for the types that the annotations give.
    source_for:  the generated source for the types of some arguments; nothing is run.
    signatures:  the specialisations so far, as text.
    """

    transform: str
    argnums: int | str | tuple[int | str, ...]
    has_aux: bool
    options: dict[str, Any]

    def __init__(self, primal: Function, transform: str, argnums: Argnums, has_aux: bool, options: dict[str, Any], *,
                 dispatcher: Dispatcher | None = None, resolved: Resolved | None = None) -> None:
        _check_options(transform, options)
        # First, and without the attributes of a primal that is transformed itself: they would become this one's.
        functools.update_wrapper(self, primal, updated=() if isinstance(primal, Transformed) else functools.WRAPPER_UPDATES)
        self._primal = primal
        self.transform = transform
        self.argnums = _check_argnums(transform, argnums)
        self.has_aux = bool(has_aux)
        self.options = dict(options)
        resolved, inner = _layers(primal) if resolved is None else (resolved, () if dispatcher is None else dispatcher.inner)
        mode = transform
        if transform == "hessian":
            mode, inner = "jacfwd", (*inner, Layer("grad", self.argnums))
        self._given = resolved.args
        self._keywords = dict(resolved.keywords)
        if dispatcher is None:
            verify = _verify if options.get("check") else None
            dispatcher = Dispatcher(resolved.function, _compile, mode, self.argnums, self.has_aux, skip=len(self._given), verify=verify,
                                    inner=inner, chunk=options.get("chunk_size"))
        self._dispatcher = dispatcher
        self._count = -1 if self._given or self._keywords else dispatcher.count
        self._methods: Dispatcher | None = None
        try:
            self.__signature__ = inspect.signature(primal)
        except (TypeError, ValueError):
            self.__signature__ = dispatcher.signature

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        if not kwargs and len(args) == self._count:
            return self._dispatcher.entry(*args)  # type: ignore[no-any-return]
        return self._dispatcher.call((*self._given, *args), {**self._keywords, **kwargs} if self._keywords else kwargs)  # type: ignore[no-any-return]

    @overload
    def __get__(self, owner: None, cls: type | None = None) -> Transformed[P, T_co]: ...
    @overload
    def __get__(self, owner: object, cls: type | None = None) -> Transformed[..., T_co]: ...
    def __get__(self, owner: Any, cls: type | None = None) -> Transformed[..., T_co]:
        """As a method: differentiates with respect to the other arguments, like a transform of the bound method."""
        if owner is None:
            return self
        if not isinstance(self.primal, FunctionType) or self._given:
            return self
        if self._methods is None:
            own = self._dispatcher
            self._methods = Dispatcher(own.function, own.compile, own.mode, own.argnums, own.has_aux, skip=1, backend=own.backend, verify=own.verify,
                                       inner=own.inner, chunk=own.chunk)
        method = MethodType(self.primal, owner)
        return Transformed(method, self.transform, self.argnums, self.has_aux, self.options,
                           dispatcher=self._methods, resolved=Resolved(self.primal, (owner,)))

    def __reduce__(self) -> str | tuple[Any, ...]:
        name = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for attribute in name.split("."):
            found = getattr(found, attribute, None)
        if found is self:
            return str(name)  # a decorated function: found again under its own name
        return _rebuild, (self.primal, self.transform, self.argnums, self.has_aux, self.options)

    @property
    def primal(self) -> Function:
        """The user's function."""
        return self._primal

    @property
    def source(self) -> str:
        """The generated Python source, as text."""
        latest = self._dispatcher.latest
        if latest is not None:
            return latest.compiled.text
        return self._dispatcher.from_annotations(self._given, self._keywords)

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The generated Python source for the types of these arguments. Nothing is run."""
        return self._dispatcher.variant_for((*self._given, *args), {**self._keywords, **kwargs}).compiled.text

    @property
    def signatures(self) -> tuple[str, ...]:
        """The types for which code has been generated so far, oldest first."""
        return tuple(str(variant) for variant in self._dispatcher.made)

    def __repr__(self) -> str:
        return _named(self)

    def _repr_html_(self) -> str:
        return _in_notebook(self, self._dispatcher, lambda: self.source)


def _in_notebook(f: Transformed[..., Any] | HessianProduct, dispatcher: Dispatcher, source: Callable[[], str]) -> str:
    """What a notebook shows: the program of each specialisation so far, the latest first to be seen."""
    from .highlight import tabs

    found = [(str(variant), variant.compiled.text) for variant in dispatcher.made]
    if found:
        chosen = next((n for n, variant in enumerate(dispatcher.made) if variant is dispatcher.latest), -1)
        return tabs(repr(f), found, chosen)
    try:
        return tabs(repr(f), [("for the types of the annotations", source())])
    except Exception as error:  # a notebook shows what there is to show
        return f"<pre><code>{html.escape(f'{f!r}')}</code></pre><pre>{html.escape(str(error))}</pre>"


def _named(f: Transformed[..., Any] | HessianProduct) -> str:
    argnums = "" if f.argnums == 0 else f", argnums={f.argnums!r}"
    return f"chainrule.{f.transform}({getattr(f.primal, '__qualname__', repr(f.primal))}{argnums})"


def _layers(f: Function) -> tuple[Resolved, tuple[Layer, ...]]:
    """The Python function that is differentiated first, and the transforms that a function made by transforms already is, the innermost first."""
    layers: list[Layer] = []
    while isinstance(f, Transformed) and f.transform in ("grad", "value_and_grad"):
        layers.insert(0, Layer(f.transform, f.argnums, f.has_aux))
        f = f.primal
    if isinstance(f, (Transformed, HessianProduct)):
        return resolve(functools.partial(applied, f)), tuple(layers)
    if isinstance(f, FunctionType) and (package(f) in ("numpy", "scipy") or (package(f) == __name__.partition(".")[0] and lookup(f) is not None)):  # it may have a rule
        return Resolved(calling(f)), tuple(layers)
    return resolve(f), tuple(layers)


def _rebuild(primal: Function, transform: str, argnums: Argnums, has_aux: bool, options: dict[str, Any]) -> Transformed[..., Any]:
    return Transformed(primal, transform, argnums, has_aux, options)


def _check_options(transform: str, options: dict[str, Any]) -> None:
    known = {"backend", "chunk_size"} if transform in COLUMNS else {"backend", "check"}
    unknown = sorted(set(options) - {"backend", "check"} - known)
    if unknown:
        raise TypeError(f"{transform}() has no option {unknown[0]!r}; its options are {' and '.join(sorted(known))}")
    chunk = options.get("chunk_size")
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1):
        raise ValueError(f"{transform}: chunk_size is a number of directions, or None for as many as are fast, not {chunk!r}")
    backend = options.get("backend", "numpy")
    if options.get("check") and transform not in ("grad", "value_and_grad"):
        raise TypeError(f"{transform}() has no option 'check'; check_grads compares derivatives of any kind with finite differences")
    if backend not in BACKENDS:
        raise ValueError(f"{transform}: there is no back end {backend!r}; there is {' and '.join(map(repr, BACKENDS))}")


def _check_argnums(transform: str, argnums: Any) -> int | str | tuple[int | str, ...]:
    """An int, a name, or a tuple of these (a list is taken for one)."""
    many = isinstance(argnums, (tuple, list))
    for one in argnums if many else (argnums,):
        if isinstance(one, bool) or not (isinstance(one, str) or hasattr(type(one), "__index__")):
            raise TypeError(f"{transform}: argnums is the position or name of an argument, or a tuple of these, not {argnums!r}")
    if many and not argnums:
        raise ValueError(f"{transform}: argnums is empty; it must name at least one argument")
    plain = [one if isinstance(one, str) else one.__index__() for one in (argnums if many else (argnums,))]
    return tuple(plain) if many else plain[0]


def _transform(name: str, f: Function | None, argnums: Argnums, has_aux: bool, options: dict[str, Any]) -> Any:
    if f is None:
        _check_options(name, options)
        _check_argnums(name, argnums)
        return lambda function: Transformed(function, name, argnums, has_aux, options)
    return Transformed(f, name, argnums, has_aux, options)


@overload
def grad(f: Callable[P, Any], argnums: One = 0, *, has_aux: Literal[False] = False, backend: str = "numpy", check: bool = False) -> Transformed[P, Any]: ...
@overload
def grad(f: Callable[P, Any], argnums: Several, *, has_aux: Literal[False] = False, backend: str = "numpy", check: bool = False) -> Transformed[P, tuple[Any, ...]]: ...
@overload
def grad(f: Callable[P, tuple[Any, A]], argnums: One = 0, *, has_aux: Literal[True], backend: str = "numpy", check: bool = False) -> Transformed[P, tuple[Any, A]]: ...
@overload
def grad(f: Callable[P, tuple[Any, A]], argnums: Several, *, has_aux: Literal[True], backend: str = "numpy",
         check: bool = False) -> Transformed[P, tuple[tuple[Any, ...], A]]: ...
@overload
def grad(f: Callable[P, Any], argnums: Argnums = 0, *, has_aux: bool = False, backend: str = "numpy", check: bool = False) -> Transformed[P, Any]: ...
@overload
def grad(f: None = None, argnums: Argnums = 0, *, has_aux: bool = False, backend: str = "numpy", check: bool = False) -> Gradients: ...
@public("grad")
def grad(f: Function | None = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """The gradient of a function whose value is one number.

    Arguments: ``f``, whose source is read; ``argnums``, the position or name of the argument to differentiate with respect
    to, or a tuple of these (then the result is a tuple); ``has_aux``: f returns ``(value, aux)``, and ``(gradient, aux)`` is
    returned; ``check=True`` compares the first gradient of every specialisation with finite differences;
    ``backend``: "numpy". Without ``f``, a decorator.

    Returns a function with the parameters of f. The gradient has the structure, shape and dtype of the argument, with
    None at leaves of containers that carry no derivative.

    Raises, when called: TypeError if the argument holds no float, or the value is not one number; UnsupportedError for what
    cannot be differentiated.

    >>> def area(radius):
    ...     return 3.0 * radius**2
    >>> grad(area)(2.0)
    12.0
    """
    return _transform("grad", f, argnums, has_aux, options)


@overload
def value_and_grad(f: Callable[P, R], argnums: One = 0, *, has_aux: bool = False, backend: str = "numpy", check: bool = False) -> Transformed[P, tuple[R, Any]]: ...
@overload
def value_and_grad(f: Callable[P, R], argnums: Several, *, has_aux: bool = False, backend: str = "numpy",
                   check: bool = False) -> Transformed[P, tuple[R, tuple[Any, ...]]]: ...
@overload
def value_and_grad(f: Callable[P, R], argnums: Argnums = 0, *, has_aux: bool = False, backend: str = "numpy", check: bool = False) -> Transformed[P, tuple[R, Any]]: ...
@overload
def value_and_grad(f: None = None, argnums: Argnums = 0, *, has_aux: bool = False, backend: str = "numpy", check: bool = False) -> ValuesAndGradients: ...
@public("value_and_grad")
def value_and_grad(f: Function | None = None, argnums: Argnums = 0, *, has_aux: bool = False, **options: Any) -> Any:
    """Value and gradient in one go: a function that returns ``(value, gradient)``.

    With ``has_aux``, f returns ``(value, aux)``, and the result is ``((value, aux), gradient)``. Otherwise as `grad`.

    >>> def area(radius):
    ...     return 3.0 * radius**2
    >>> value_and_grad(area)(2.0)
    (12.0, 12.0)
    """
    return _transform("value_and_grad", f, argnums, has_aux, options)


@overload
def vjp(f: Callable[..., R], *args: Any, has_aux: Literal[False] = False) -> tuple[R, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(f: Callable[..., tuple[R, A]], *args: Any, has_aux: Literal[True]) -> tuple[R, Callable[[Any], tuple[Any, ...]], A]: ...
@overload
def vjp(f: Function, *args: Any, has_aux: bool) -> tuple[Any, ...]: ...
@public("vjp")
def vjp(f: Function, *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of f at the arguments, and its pullback.

    Returns ``(value, pullback)``, or ``(value, pullback, aux)`` with ``has_aux``. ``pullback(cotangent)`` takes what has the
    structure and shapes of the value, and returns a tuple: one cotangent for each argument, None for those without
    derivative. It may be called many times, and belongs to the arguments as they were: what the caller writes afterwards, to these or to the value, does not change it.

    Raises TypeError if no argument holds a float; the pullback does if the cotangent does not fit the value.

    >>> def scale(x, y):
    ...     return x * y
    >>> value, pullback = vjp(scale, 2.0, 5.0)
    >>> value, pullback(1.0)
    (10.0, (5.0, 2.0))
    """
    resolved, inner = _layers(f)
    dispatcher = _dispatcher(resolved.function, "vjp", len(resolved.args), bool(has_aux), inner)
    result: tuple[Any, ...] = dispatcher.call((*resolved.args, *args), dict(resolved.keywords))
    return result


@functools.lru_cache(maxsize=256)  # of functions made anew for every call, only the last are kept
def _dispatcher(function: FunctionType, mode: str, skip: int, has_aux: bool, inner: tuple[Layer, ...], asked: str = "") -> Dispatcher:
    return Dispatcher(function, _compile, mode, 0, has_aux, skip=skip, inner=inner, asked=asked)


def _push(dispatcher: Dispatcher, resolved: Resolved, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Call the forward transform of a function, along tangents of the positional arguments."""
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError(f"{dispatcher.asked}: primals and tangents are tuples, with one entry for each argument")
    if len(primals) != len(tangents):
        raise TypeError(f"{dispatcher.asked}: there are {len(primals)} primals, but {len(tangents)} tangents")
    if len(primals) == dispatcher.given and not resolved.keywords:
        return dispatcher.entry(*primals, *tangents)
    given = [*[None] * len(resolved.args), *tangents]
    return dispatcher.push((*resolved.args, *primals), dict(resolved.keywords), lambda values: _padded(dispatcher, given, len(values)))


def _padded(dispatcher: Dispatcher, given: list[Any], count: int) -> list[Any]:
    """A tangent for each parameter: those of further positional arguments make one tuple, as these do."""
    if "args" in dispatcher.kinds:
        place = dispatcher.kinds.index("args")
        given = [*given[:place], tuple(given[place:]) or None]
    return given + [None] * (count - len(given))


@public("jvp")
def jvp(f: Callable[..., R], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[R, Any]:
    """The value of f, and its derivative along tangents: the Jacobian-vector product, computed in forward mode.

    Arguments: ``primals``, a tuple of the arguments of f; ``tangents``, a tuple with a tangent for each, of its structure and shape (None where an
    argument, or a leaf of a container, does not move; what stands at leaves without derivative, such as integers, is ignored).

    Returns ``(value, tangent)``; the tangent has the structure, shapes and dtypes of the value, with None at leaves that carry no derivative.

    Raises TypeError if the tangents do not fit the primals, or none of these holds a float; UnsupportedError for what cannot be differentiated.

    >>> def scale(x, y):
    ...     return x * y
    >>> jvp(scale, (2.0, 5.0), (1.0, 0.5))
    (10.0, 6.0)
    """
    resolved, inner = _layers(f)
    dispatcher = _dispatcher(resolved.function, "jvp", len(resolved.args), False, inner, "jvp")
    result: tuple[R, Any] = _push(dispatcher, resolved, primals, tangents)
    return result


@public("linearize")
def linearize(f: Callable[..., R], *primals: Any) -> tuple[R, Callable[..., Any]]:
    """The value of f at the arguments, and its pushforward: the linear map from tangents of these to the tangent of the value.

    Returns ``(value, pushforward)``. ``pushforward(*tangents)`` takes one tangent for each argument, as `jvp` does, and may be called many times; what the caller
    writes to the arguments or to the value afterwards does not change it.

    >>> def scale(x, y):
    ...     return x * y
    >>> value, pushforward = linearize(scale, 2.0, 5.0)
    >>> value, pushforward(1.0, 0.5)
    (10.0, 6.0)
    """
    resolved, inner = _layers(f)
    dispatcher = _dispatcher(resolved.function, "linearize", len(resolved.args), False, inner)
    value, along = dispatcher.call((*resolved.args, *primals), dict(resolved.keywords))
    names = dispatcher.names[len(resolved.args):] + [f"argument {n}" for n in range(len(primals))]
    shapes = [still(primal) for primal in primals]

    def pushforward(*tangents: Any) -> Any:
        if len(tangents) != len(shapes):
            raise TypeError(f"pushforward: there are {len(shapes)} arguments, but {len(tangents)} tangents")
        return along(*moving("pushforward", names, shapes, tangents))

    return value, pushforward


class HessianProduct:
    """What `hvp` makes. Called with the primal's arguments and a vector, it returns the product."""

    transform = "hvp"
    has_aux = False

    def __init__(self, f: Function, argnums: Argnums) -> None:
        gradient: Transformed[..., Any] = Transformed(f, "grad", argnums, False, {})
        functools.update_wrapper(self, f, updated=())
        self._primal, self.argnums = f, gradient.argnums
        self._resolved, inner = _layers(gradient)
        self._dispatcher = _dispatcher(self._resolved.function, "pushforward", len(self._resolved.args), False, inner, "hvp")
        self._places = [_place(self._dispatcher, one) for one in (self.argnums if isinstance(self.argnums, tuple) else (self.argnums,))]

    @property
    def primal(self) -> Function:
        """The user's function."""
        return self._primal

    def source_for(self, *args: Any) -> str:
        """The generated Python source for the types of these arguments, the vector among them. Nothing is run."""
        primals, tangents = self._split(args)
        given = [*[None] * len(self._resolved.args), *tangents]
        variant = self._dispatcher.variant_for((*self._resolved.args, *primals), dict(self._resolved.keywords), lambda values: _padded(self._dispatcher, given, len(values)))
        return variant.compiled.text

    def __call__(self, *args: Any) -> Any:
        return _push(self._dispatcher, self._resolved, *self._split(args))

    def _split(self, args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The arguments of the primal, and a tangent for each."""
        if not args:
            raise TypeError(f"hvp of {self._dispatcher.name}: the vector is missing")
        *primals, v = args
        tangents: list[Any] = [None] * len(primals)
        try:
            for place, one in zip(self._places, v) if isinstance(self.argnums, tuple) else ((self._places[0], v),):
                tangents[place] = one
        except IndexError:
            raise TypeError(f"hvp of {self._dispatcher.name}: argnums={self.argnums!r}, but there are {len(primals)} positional arguments before the vector") from None
        return primals, tangents

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __repr__(self) -> str:
        return _named(self)

    def _repr_html_(self) -> str:
        return _in_notebook(self, self._dispatcher, lambda: self._dispatcher.from_annotations(self._resolved.args, dict(self._resolved.keywords), moving=self._places))


@public("hvp")
def hvp(f: Function, argnums: Argnums = 0) -> HessianProduct:
    """The product of the Hessian of f with a vector, without the Hessian.

    Returns a function ``(*args, v)``, where ``v`` has the structure of the argument that ``argnums`` names (a tuple of such, if it is a tuple); the
    result has that structure, too. All are passed by position. It costs two to three gradients, and can be transformed again.

    >>> def energy(x):
    ...     return x**3
    >>> hvp(energy)(2.0, 1.0)
    12.0
    """
    return HessianProduct(f, argnums)


def _place(dispatcher: Dispatcher, choice: int | str) -> int:
    """The place of an argument among those that are passed by position."""
    names = dispatcher.names[dispatcher.skip:dispatcher.primals]
    if not isinstance(choice, str):
        return choice
    if choice not in names:
        raise TypeError(f"{dispatcher.asked} of {dispatcher.name}: there is no argument {choice!r} to differentiate with respect to "
                        f"(the parameters are {', '.join(names) or 'none'})")
    return names.index(choice)


@overload
def elementwise_grad(f: Callable[P, Any], argnums: Argnums = 0, *, backend: str = "numpy") -> Transformed[P, Any]: ...
@overload
def elementwise_grad(f: None = None, argnums: Argnums = 0, *, backend: str = "numpy") -> Gradients: ...
@public("elementwise_grad")
def elementwise_grad(f: Function | None = None, argnums: Argnums = 0, **options: Any) -> Any:
    """The derivative of a function that acts element by element: the gradient of the sum of its value.

    Returns a function with the parameters of f; the result has the shape of the argument.

    >>> import numpy as np
    >>> def wave(x):
    ...     return np.sin(x) * x
    >>> elementwise_grad(wave)(np.array([0.0, 1.0])).round(3)
    array([0.   , 1.382])
    """
    return _transform("elementwise_grad", f, argnums, False, options)


@overload
def jacobian(f: Callable[P, Any], argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Transformed[P, Any]: ...
@overload
def jacobian(f: None = None, argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Gradients: ...
@public("jacobian")
def jacobian(f: Function | None = None, argnums: Argnums = 0, **options: Any) -> Any:
    """The Jacobian of a function: the derivative of each element of its value with respect to each element of an argument.

    Arguments as for `grad`. Forward mode where the value has at least as many elements as the argument, reverse mode otherwise; all directions at
    once, as one more axis; of many elements, as many at a time as fit into the cache, where the function allows it. The option ``chunk_size`` says how
    many. Memory: that of the values that depend on the argument, times the number of directions at a time.

    Returns a function with the parameters of f. The result has shape ``value.shape + argument.shape``; where the value is a container, it has the
    structure of that, and at each leaf that of the argument.

    >>> import numpy as np
    >>> def polar(p):
    ...     return np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])
    >>> jacobian(polar)(np.array([2.0, 0.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    return _transform("jacobian", f, argnums, False, options)


@overload
def jacfwd(f: Callable[P, Any], argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Transformed[P, Any]: ...
@overload
def jacfwd(f: None = None, argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Gradients: ...
@public("jacfwd")
def jacfwd(f: Function | None = None, argnums: Argnums = 0, **options: Any) -> Any:
    """The Jacobian by forward mode, one direction for each element of the argument: as `jacobian`.

    >>> def area(radius):
    ...     return 3.0 * radius**2
    >>> float(jacfwd(area)(2.0))
    12.0
    """
    return _transform("jacfwd", f, argnums, False, options)


@overload
def jacrev(f: Callable[P, Any], argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Transformed[P, Any]: ...
@overload
def jacrev(f: None = None, argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Gradients: ...
@public("jacrev")
def jacrev(f: Function | None = None, argnums: Argnums = 0, **options: Any) -> Any:
    """The Jacobian by reverse mode, one direction for each element of the value: as `jacobian`.

    >>> def area(radius):
    ...     return 3.0 * radius**2
    >>> float(jacrev(area)(2.0))
    12.0
    """
    return _transform("jacrev", f, argnums, False, options)


@overload
def hessian(f: Callable[P, Any], argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Transformed[P, Any]: ...
@overload
def hessian(f: None = None, argnums: Argnums = 0, *, backend: str = "numpy", chunk_size: int | None = None) -> Gradients: ...
@public("hessian")
def hessian(f: Function | None = None, argnums: Argnums = 0, **options: Any) -> Any:
    """The Hessian of a function whose value is one number: the Jacobian of its gradient, by forward over reverse mode.

    Arguments as for `grad`. The result has shape ``argument.shape + argument.shape``, nested by the structure of the argument twice.

    >>> import numpy as np
    >>> def energy(x):
    ...     return x[0] ** 2 * x[1]
    >>> hessian(energy)(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return _transform("hessian", f, argnums, False, options)


class Checkpointed:
    """A function made by `checkpoint`. Called, it is that function."""

    transform = "checkpoint"

    def __init__(self, primal: Function) -> None:
        functools.update_wrapper(self, primal, updated=())
        self._primal = primal

    @property
    def primal(self) -> Function:
        """The user's function."""
        return self._primal

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The function's own source: a checkpoint changes what is kept, not what is computed."""
        return inspect.getsource(self._primal)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._primal(*args, **kwargs)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)


@public("checkpoint")
def checkpoint(f: Callable[P, R]) -> Callable[P, R]:
    """f, of which a differentiated function keeps nothing but the arguments: its intermediate values are computed again in the reverse sweep.

    Memory for time: one more evaluation of f. What f prints is printed once, and what it draws at random is drawn once.

    >>> import numpy as np
    >>> @checkpoint
    ... def layer(x, w):
    ...     return np.tanh(x @ w)
    >>> def loss(w):
    ...     return np.sum(layer(layer(np.ones(2), w), w))
    >>> grad(loss)(np.zeros((2, 2)))
    array([[0., 0.],
           [0., 0.]])
    """
    return Checkpointed(f)


def intermediate_grads(f: Callable[P, Any], names: str | Sequence[str]) -> Callable[P, dict[str, Any]]:
    """The gradients of f with respect to values inside it: a function with f's parameters that returns ``{name: gradient}``.

    Arguments: ``f``, whose value is one number; ``names``, local variables of f. The derivative is with respect to what a name is bound to last, as
    if that value had been given: by way of all that follows. It has the value's shape.

    Raises TypeError if names are no names, or the value is not one number; UnsupportedError where a name is bound to something other than one
    number or array of floats, or to an array that is written into afterwards. A loop or branch that binds a name is compiled for the path of each call.

    >>> def loss(w, x):
    ...     hidden = w * x
    ...     return hidden**2
    >>> intermediate_grads(loss, "hidden")(2.0, 5.0)
    {'hidden': 20.0}
    """
    chosen = (names,) if isinstance(names, str) else tuple(names)
    if not chosen or not all(isinstance(name, str) and name.isidentifier() for name in chosen) or len(set(chosen)) != len(chosen):
        raise TypeError(f"intermediate_grads: names are names of variables, each once, not {names!r}")
    resolved, inner = _layers(f)
    if inner:
        raise TypeError("intermediate_grads: a function made by a transform has no variables of the user's; give the function itself")

    def compile(request: Request) -> Compiled:
        return _compile(replace(request, intermediates=chosen))

    dispatcher = Dispatcher(resolved.function, compile, "intermediate_grads", 0, False, skip=len(resolved.args))

    @functools.wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        return dispatcher.call((*resolved.args, *args), {**dict(resolved.keywords), **kwargs})

    derivatives.source_for = lambda *args, **kwargs: dispatcher.variant_for(  # type: ignore[attr-defined]
        (*resolved.args, *args), {**dict(resolved.keywords), **kwargs}).compiled.text
    return derivatives


@public("checkpointed")
def checkpointed(steps: Iterable[T], budget: int | None = None, *, spill: bool = False) -> Iterator[T]:
    """What a loop goes through, of whose states a differentiated function keeps few: ``for k in checkpointed(range(n), budget=8):``.

    The loop's reverse needs the state before each of its steps (what the loop carries from one step to the next). At most ``budget`` of them are kept beside the
    current one; the others are computed again, in the order that takes the fewest steps (binomial checkpointing, Griewank and Walther, 2000). By default
    as many as make each step be computed three times at most: some (6 n) ** (1/3). With ``spill`` they lie in temporary files instead of memory.

    Where the number of steps is not known in advance (a ``break``, ``itertools.count()``), every state is stored at first, and every second one forgotten
    whenever there are more than ``budget`` (20 by default); so up to half as many steps more are computed than are needed. What the loop prints is printed once,
    what it draws at random is drawn once. A loop that carries lists keeps what it needs as if there were no budget.

    Raises ValueError if the budget is less than 1.

    >>> def orbit(x):
    ...     for k in checkpointed(range(100), budget=3):
    ...         x = x + 0.01 * x * (1 - x)
    ...     return x
    >>> round(grad(orbit)(0.1), 4)
    1.9785
    """
    if budget is not None and budget < 1:
        raise ValueError(f"checkpointed: budget={budget}, but one state at least has to be kept")
    return iter(steps)


def check_grads(f: Function, args: Sequence[Any], order: int = 1, modes: Sequence[str] = ("fwd", "rev"),
                atol: float | None = None, rtol: float | None = None) -> None:
    """Compare the derivatives of f at some arguments with finite differences.

    Arguments: ``args``, numbers, arrays and containers of them; ``order``, the highest derivative to compare; ``modes``, among "fwd" and "rev": each
    order is taken in each of these, so that order 2 means forward over reverse, reverse over reverse, and so on;
    ``atol`` and ``rtol``, which follow the dtypes of the arguments by default.

    Raises GradientCheckError, which says which argument, which element and both values, and where the function has a
    kink (that alone is no error); ValueError for another mode or order.

    >>> def area(radius):
    ...     return 3.0 * radius**2
    >>> check_grads(area, (2.0,), order=2)
    """
    _check.check_all(f, args, vjp, jvp, order, modes, atol, rtol)


def _verify(dispatcher: Dispatcher, streams: _check.Streams, variant: Variant, values: list[Any], result: Any) -> None:
    """Compare a gradient with finite differences of the primal (`check=True`)."""
    gradient = result[1] if dispatcher.mode == "value_and_grad" else result[0] if dispatcher.has_aux else result
    gradients = gradient if isinstance(dispatcher.argnums, tuple) else (gradient,)
    # Every item of *args and **kwargs is an argument of its own here, so that each can be moved alone.
    places: list[tuple[int, Any]] = []
    flat: list[Any] = []
    names: list[str] = []
    for number, (value, kind, name) in enumerate(zip(values, dispatcher.kinds, dispatcher.names)):
        items: list[Any] = list(range(len(value))) if kind == "args" else list(value) if kind == "kwargs" else [None]
        for item in items:
            places.append((number, item))
            flat.append(value if item is None else value[item])
            names.append(name if item is None else f"{name}[{item!r}]" if kind == "args" else item)

    differentiated: Function = dispatcher.function
    for layer in dispatcher.inner:
        differentiated = Transformed(differentiated, layer.mode, layer.argnums, layer.has_aux, {})

    @functools.wraps(dispatcher.function)
    def primal(*moved: Any) -> Any:
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for (number, _), name, value in zip(places, names, moved):
            if dispatcher.kinds[number] in ("positional", "args"):
                positional.append(value)
            else:
                keywords[name] = value
        value = differentiated(*positional, **keywords)
        return value[0] if dispatcher.has_aux else value

    titles = [name if name.isidentifier() else name.replace("[", "_").rstrip("]") for name in names]
    primal.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(title, inspect.Parameter.POSITIONAL_ONLY) for title in titles])
    chosen = [places.index(place) for place in variant.selected]
    _check.check_gradients(streams.from_start(primal), flat, gradients, chosen)


