"""`sparse_jacobian` and `sparse_hessian`: pattern, colours, one product for each colour, and the matrix that they show."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..check import streams_of
from ..dispatch import Compile, Dispatcher
from ..errors import MissingRuleError, UnsupportedError
from ..frontend.request import Layer, Parameter
from ..frontend.source import Resolved
from ..rules.table import REFUSALS, Refusal
from . import INSIDE
from .compression import Plan, as_matrix, by_columns, by_rows, compressed, symmetric
from .pattern import HESSIAN, JACOBIAN, Pattern, patterns_of

__all__ = ["HESSIAN", "JACOBIAN", "SparseDerivative"]

_ROUNDING = {4: 1e-2, 8: 1e-6}  # by the size of a float in bytes: what a given pattern may leave out before it is called wrong


class SparseDerivative:
    """A function that returns a sparse derivative.

    primal:  the user's function.
    pattern: the pattern for some arguments, as a matrix of booleans.
    sweeps:  how many products with the matrix it takes for some arguments.
    """

    def __init__(self, transform: str, primal: Any, resolved: Resolved, inner: tuple[Layer, ...], argnums: int | str, pattern: Any,
                 compile: Compile) -> None:
        _scipy(transform)
        functools.update_wrapper(self, primal, updated=())
        self.primal = primal
        self.transform = transform
        self.argnums = argnums
        self._resolved = resolved
        function, skip = resolved.function, len(resolved.args)
        layers = (*inner, Layer("grad", argnums)) if transform == HESSIAN else inner
        self._given = None if pattern is None else _converted(transform, pattern)
        self._patterns = patterns_of(function, transform, argnums, skip, layers)
        self._forward = Dispatcher(function, compile, "pushforward", skip=skip, inner=layers, asked=transform)
        self._reverse = _Pullbacks(function, compile, "vjp", argnums, skip=skip, inner=layers)
        try:
            self.__signature__ = inspect.signature(primal)
        except (TypeError, ValueError):
            self.__signature__ = self._patterns.signature

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = self._call(args, kwargs)
        plan = self._plan(call)
        if plan.pattern.draws:
            call.again = call.streams.from_start
        try:
            data = self._swept(call, plan)
        except (UnsupportedError, MissingRuleError):  # a rule may be known in one direction only
            if not plan.forward or self.transform == HESSIAN:
                raise
            plan = plan.pattern.notes["plan"] = by_rows(plan.pattern)
            data = self._swept(call, plan)
        result = as_matrix(plan.pattern, data.astype(call.found, copy=False))
        if self._given is not None and "checked" not in plan.pattern.notes:
            self._check(call, plan, result)
            plan.pattern.notes["checked"] = True
        return result

    def _swept(self, call: _Call, plan: Plan) -> Any:
        product = call.push if plan.forward else call.pull()
        if not plan.count and plan.forward:
            product(np.zeros(call.x.size))  # nothing to compute, but what cannot be differentiated is refused here, too
        return compressed(plan, product, call.dtype)

    def pattern(self, *args: Any, **kwargs: Any) -> Any:
        """Which entries may be nonzero for these arguments: a matrix of booleans, which `pattern=` takes."""
        return as_matrix(self._pattern(self._call(args, kwargs)))

    def sweeps(self, *args: Any, **kwargs: Any) -> int:
        """How many products with the matrix, or its transpose, a call with these arguments makes."""
        return self._plan(self._call(args, kwargs)).count

    def __repr__(self) -> str:
        argnums = "" if self.argnums == 0 else f", argnums={self.argnums!r}"
        return f"chainrule.{self.transform}({getattr(self.primal, '__qualname__', repr(self.primal))}{argnums})"

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call:
        return _Call(self, (*self._resolved.args, *args), {**dict(self._resolved.keywords), **kwargs})

    def _pattern(self, call: _Call) -> Pattern:
        found: Pattern = self._patterns.call(call.args, call.kwargs) if self._given is None else self._given
        if found.shape[1] != call.x.size:
            raise ValueError(f"{self.transform}: the pattern has {found.shape[1]} columns, but the argument has {call.x.size} elements")
        call.rows = found.shape[0]
        return found

    def _plan(self, call: _Call) -> Plan:
        pattern = self._pattern(call)
        plan = pattern.notes.get("plan")
        if plan is None:
            plan = pattern.notes["plan"] = symmetric(_mirrored(pattern)) if self.transform == HESSIAN else _cheapest(pattern)
        found: Plan = plan
        return found

    def _check(self, call: _Call, plan: Plan, result: Any) -> None:
        """A pattern that is given must not leave anything out: the matrix is compared with one more product with the derivative."""
        matrix = result if plan.forward else result.T
        direction = np.random.default_rng(0).uniform(0.5, 1.0, matrix.shape[1])
        expected, found = call.push(direction) if plan.forward else call.pull()(direction), matrix @ direction
        scale = abs(matrix) @ direction + np.max(np.abs(expected), initial=0.0)
        wrong = np.abs(expected - found) > _ROUNDING[call.x.itemsize] * scale
        if wrong.any():
            where = f"{'row' if plan.forward else 'column'} {int(np.argmax(wrong))}"
            raise ValueError(f"{self.transform}: the pattern that is given leaves out entries that are not zero, for example in {where}")


REFUSALS[SparseDerivative.__call__] = Refusal(*INSIDE)


class _Pullbacks(Dispatcher):
    """Pullbacks to the chosen argument alone."""

    def _selected(self, layer: Layer, parameters: tuple[Parameter, ...], positional: int) -> Iterator[tuple[int, Any]]:
        return super()._selected(replace(layer, mode="grad"), parameters, positional)


class _Call:
    """One call: its arguments, and products with its derivative."""

    def __init__(self, owner: SparseDerivative, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.owner, self.args, self.kwargs = owner, args, kwargs
        self.rows = -1  # of the pattern
        self.streams = streams_of(owner.primal, (*args, *kwargs.values()))
        self.again: Callable[[Any], Any] = lambda function: function  # a function that draws the same numbers in each sweep
        own = owner._patterns
        values = own.bind(args, kwargs)
        self.place, self.item = place, item = _place(own, owner.transform, owner.argnums, len(args), values)
        self.x = x = values[place] if item is None else values[place][item]
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.ndim == 0:
            raise TypeError(f"{owner.transform} of {own.name}: argument {_part(own.names[place], item)!r} must be a real float array "
                            f"with at least one axis, not {_described(x)}")
        self.dtype = self.found = x.dtype if x.itemsize >= 8 else np.dtype(np.float64)

    def push(self, direction: Any) -> Any:
        """The product of the matrix with a vector."""
        direction = direction.astype(self.x.dtype).reshape(self.x.shape)

        def tangents(values: list[Any]) -> list[Any]:
            dot = direction if self.item is None else tuple(direction if n == self.item else None for n in range(len(values[self.place])))
            return [dot if n == self.place else None for n in range(len(values))]

        found = self._kept(self.again(self.owner._forward.push)(self.args, self.kwargs, tangents))
        self._fits(found.size)
        return found.ravel()

    def pull(self) -> Callable[[Any], Any]:
        """The product of the transposed matrix with a vector."""
        value, pullback = self.again(self.owner._reverse.call)(self.args, self.kwargs)
        self._fits(np.size(value))

        def product(direction: Any) -> Any:
            return self._kept(pullback(np.reshape(direction, np.shape(value)) if isinstance(value, np.ndarray) else float(direction[0]))[0]).ravel()

        return product

    def _fits(self, size: int) -> None:
        if size != self.rows:
            raise ValueError(f"{self.owner.transform}: the pattern has {self.rows} rows, but the derivative has {size}")

    def _kept(self, found: Any) -> Any:
        if found is None:  # integers
            return np.zeros(self.rows)
        found = np.asarray(found)
        if found.dtype.kind == "c":
            raise TypeError(f"{self.owner.transform} of {self.owner._patterns.name}: the result is complex; take its real and its imaginary part")
        self.found = found.dtype
        return found


def _cheapest(pattern: Pattern) -> Plan:
    """By columns in forward mode, or by rows in reverse mode, whichever needs fewer sweeps.

    No colouring needs fewer colours than the fullest row (or column) has entries, so often one of the two need not be looked for.
    """
    matrix = as_matrix(pattern)
    fullest_row = int(np.diff(matrix.indptr).max(initial=0))
    fullest_column = int(np.bincount(pattern.indices, minlength=1).max(initial=0))
    first, second = (by_columns, by_rows) if fullest_row <= fullest_column else (by_rows, by_columns)
    plan = first(pattern)
    if plan.count <= max(fullest_row, fullest_column):
        return plan
    other = second(pattern)
    return other if other.count < plan.count else plan


def _mirrored(pattern: Pattern) -> Pattern:
    """The pattern with the mirror image of each entry."""
    if pattern.shape[0] != pattern.shape[1]:
        raise ValueError(f"{HESSIAN}: the pattern must be square, not of shape {pattern.shape}")
    matrix = as_matrix(pattern)
    turned = matrix.T.tocsr()
    turned.sort_indices()
    if np.array_equal(turned.indptr, matrix.indptr) and np.array_equal(turned.indices, matrix.indices):
        return pattern
    return _own(matrix + turned, pattern.notes, pattern.draws)


def _converted(transform: str, pattern: Any) -> Pattern:
    """A pattern that the user gives: a sparse matrix, whose stored entries count, or an array, whose nonzeros do."""
    from scipy.sparse import csr_array, issparse

    if not issparse(pattern) and np.ndim(pattern) != 2:
        raise TypeError(f"{transform}: pattern is a sparse matrix or an array with two axes, not {_described(pattern)}")
    matrix = csr_array(pattern.tocsr() if issparse(pattern) else np.asarray(pattern) != 0, copy=True)
    matrix.data = np.ones(len(matrix.data), bool)
    matrix.sum_duplicates()
    return _own(matrix, {}, True)


def _own(matrix: Any, notes: dict[str, Any], draws: bool) -> Pattern:
    matrix.sort_indices()
    return Pattern(matrix.shape, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), draws, notes)


def _place(dispatcher: Dispatcher, transform: str, argnums: int | str, positional: int, values: list[Any]) -> tuple[int, int | None]:
    """The parameter that is differentiated with respect to; of `*args`, also the number of the item."""
    places: list[tuple[int, int | None]] = []
    place: tuple[int, int | None] | None
    for number, (kind, value) in enumerate(zip(dispatcher.kinds, values)):
        if kind == "positional":
            places.append((number, None))
        elif kind == "args":
            places += [(number, item) for item in range(len(value))]
    if isinstance(argnums, str):
        named = argnums in dispatcher.names and dispatcher.kinds[dispatcher.names.index(argnums)] in ("positional", "keyword")
        place = (dispatcher.names.index(argnums), None) if named else None
    else:
        number = argnums + (dispatcher.skip if argnums >= 0 else positional)
        place = places[number] if dispatcher.skip <= number < len(places) else None
    if place is None:
        shown = ", ".join(dispatcher.names[dispatcher.skip :])
        raise TypeError(f"{transform} of {dispatcher.name}: there is no argument {argnums!r} to differentiate with respect to "
                        f"(the parameters are {shown or 'none'})")
    return place


def _part(name: str, item: int | None) -> str:
    return name if item is None else f"{name}[{item}]"


def _described(value: Any) -> str:
    return f"an array of shape {value.shape} and dtype {value.dtype}" if isinstance(value, np.ndarray) else f"of type {type(value).__name__}"


def _scipy(transform: str) -> None:
    try:
        import scipy.sparse  # noqa: F401
    except ImportError:
        raise ImportError(f"{transform} returns a matrix of SciPy's, which is not installed: pip install chainrule[scipy]") from None


