"""arguments -> the function compiled for their types.

Three steps, each behind the one before. An entry, written for the classes and nesting that the arguments have, looks up their
dtypes and shapes; the runner that it finds there sees that names outside the function still mean what they meant, and calls the
compiled function (`entries`). Where either fails, the arguments are described in full (`frontend/signature`), and the
specialisation for that description is looked for, or else compiled.

Compiling is serialised; calls are not. A compilation that fails leaves nothing behind.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, Literal, NoReturn, get_type_hints

import numpy as np

from .check import Streams, copied, streams_of
from .entries import Layout, made_on_reading
from .errors import Finding, UnsupportedError
from .frontend.modes import CHOOSING, GIVEN, JACOBIANS, TANGENT
from .frontend.request import Chosen, Compiled, Guard, Layer, NeedLayout, NeedStatic, Parameter, Request
from .frontend.signature import Captures, Described, Describer, Leaf, UnknownAnnotation, derivative_error, is_static
from .frontend.source import MISSING, FunctionSource, Place, read
from .results import finisher, part
from .rules.custom import CHANGED
from .runtime.record import PathChanged, Record
from .structure import LEAF, TreeDef, flatten, unflatten
from .tangents import conform
from .tracebacks import raise_at_user_line

__all__ = ["Checks", "Compile", "Dispatcher", "Variant", "check_every_gradient"]

Compile = Callable[[Request], Compiled]
Verify = Callable[["Dispatcher", Streams, "Variant", list[Any], Any], None]
LARGE = 256  # elements of all arguments from which on the arrays of a Jacobian may leave the cache
PATHS = 64  # as many paths through one function are remembered, for arguments of the same types
_compiling = threading.RLock()  # one for all: compiling one function may look into another
_listing = threading.Lock()
_all: weakref.WeakSet[Dispatcher] = weakref.WeakSet()


@dataclass(eq=False)
class Variant:
    """A specialisation: what was compiled, and what tells whether it serves a call."""

    compiled: Compiled
    parameters: tuple[Parameter, ...]
    selected: tuple[tuple[int, Any], ...]
    places: tuple[Place, ...]
    captured: tuple[Described, ...]
    captured_key: Any
    static: frozenset[int]  # captured leaves whose values the program depends on
    overlapping: bool  # arrays of the call share memory: then it takes the long way every time
    finish: Callable[[Any], Any] | None
    checked: bool = False
    fresh: bool = False  # made for a path, and not run yet
    strides: tuple[Any, ...] | None = None  # how the arrays lay in memory, where the program depends on it

    @property
    def one_path(self) -> bool:
        """Whether it serves only calls that take one path through the function."""
        return self.compiled.path is not None

    def __str__(self) -> str:
        return ", ".join(str(p.value) for p in self.parameters if p.value.leaves)

    def captured_values(self, describer: Describer, leaves: list[Any]) -> list[Any] | None:
        """The values of what the function reads from outside; None if this is not the variant for them."""
        if not all(_holds(guard, leaves) for guard in self.compiled.guards):
            return None
        values = [place.read(leaves) for place in self.places]
        if any(value is MISSING for value in values):
            return None
        if self.strides is not None and self.strides != _strides(leaves, values):
            return None
        return values if _captured_key(describer.fork(self.static), values, self.places) == self.captured_key else None


def _strides(leaves: list[Any], captured: Sequence[Any]) -> tuple[Any, ...]:
    """How the arrays of a call lie in memory."""
    return tuple(leaf.strides for leaf in (*leaves, *flatten(list(captured))[0]) if isinstance(leaf, np.ndarray))


def _captured_key(describer: Describer, values: Sequence[Any], places: Sequence[Place]) -> Any:
    first, held = len(describer.leaves), len(describer.containers)
    keys = [describer.add(value, str(place), outside=True).key for place, value in zip(places, values)]
    return (*keys, describer.overlaps(first), describer.shared(held))


def _holds(guard: Guard, leaves: list[Any]) -> bool:
    found = guard.place.read(leaves)
    if guard.apart is not None:
        return found is not guard.apart.read(leaves)
    return found is guard.expected or (made_on_reading(guard.expected) and type(found) is type(guard.expected) and found == guard.expected)


class Plan:
    """What calls have in common whose arguments are nested alike and have the same classes."""

    def __init__(self, dispatcher: Dispatcher, structures: tuple[TreeDef, ...], leaves: Sequence[Any], positional: int) -> None:
        self.dispatcher = dispatcher
        self.structures = structures
        self.classes = tuple(map(type, leaves))
        self.steering = frozenset(number for number, leaf in enumerate(leaves) if is_static(leaf))
        self.positional = positional  # number of positional arguments, for negative argnums
        self.renew(frozenset(), frozenset())

    def renew(self, static: frozenset[int], contiguity: frozenset[int]) -> None:
        """Start with empty tables: at first, and when the values or the contiguity of more leaves matter."""
        self.static = static
        self.contiguity = contiguity
        self.variants: dict[Any, tuple[Variant, ...]] = {}
        self.by_values: set[Any] = set()  # descriptions for which types do not decide what the function does
        self.hits: dict[Any, Callable[..., Any]] = {}
        self.installed: dict[Any, Any] = {}  # what each hit was made for
        self.layout = Layout(self.structures, self.classes, static | self.steering, contiguity)
        self.entry = self.layout.entry(self.hits, self.miss) if self.layout.possible else None

    def miss(self, *values: Any) -> Any:
        """What the entry does with arguments that it does not know."""
        return self.dispatcher.run(list(values), self.positional if self.dispatcher.negative else len(values), self)

    def install(self, variant: Variant, captured: list[Any], leaves: list[Any]) -> None:
        """From now on, calls with arguments like these run this variant at once."""
        if self.entry is None or variant.overlapping or variant.one_path:
            return
        key = self.layout.exact_key(leaves)
        mark = (variant, [(c.dtype, c.shape) if type(c) is np.ndarray else (type(c), c if d.leaves and d.leaves[0].tied else None)
                          for c, d in zip(captured, variant.captured)])
        if self.installed.get(key) == mark and all(d.structure is LEAF for d in variant.captured):
            return
        compiled = variant.compiled

        def failed(error: Exception) -> NoReturn:
            raise_at_user_line(error, compiled)

        self.hits[key] = self.layout.runner(compiled, variant.places, variant.captured, captured, variant.finish, failed, self.miss)
        self.installed[key] = mark


class Dispatcher:
    """A function, a transform and its choice of arguments: everything behind a transformed function's calls."""

    def __init__(
        self,
        function: FunctionType,
        compile: Compile,
        mode: str = "grad",
        argnums: int | str | tuple[int | str, ...] = 0,
        has_aux: bool = False,
        *,
        skip: int = 0,
        backend: str = "numpy",
        verify: Verify | None = None,
        inner: tuple[Layer, ...] = (),
        asked: str = "",
        chunk: int | None = None,
    ) -> None:
        self.function = function
        self.asked = asked  # the public transform, for errors about tangents
        self.skip = skip
        self.compile = compile
        self.mode = mode
        self.argnums = argnums
        self.has_aux = has_aux
        self.backend = backend
        self.verify = verify
        self.inner = inner
        self.chunk = chunk
        self.signature = inspect.signature(self.function, follow_wrapped=False)
        parameters = list(self.signature.parameters.values())
        self.names = [p.name for p in parameters]
        self.kinds = [_KINDS[p.kind] for p in parameters]
        self.index = {p.name: i for i, p in enumerate(parameters) if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        self.padding = [MISSING if p.default is p.empty else p.default for p in parameters]
        self.positional = sum(kind == "positional" for kind in self.kinds)
        self.plain = "args" not in self.kinds and "kwargs" not in self.kinds
        self.negative = mode in GIVEN or any(isinstance(n, int) and n < 0 for layer in self.layers for n in _several(layer.argnums))
        self.primals = len(parameters)
        if mode in TANGENT:
            self.names += _dot_names(self.names)
            self.kinds += ["tangent"] * self.primals
        self.plans: dict[Any, Plan] = {}
        self._chosen: dict[int, frozenset[int]] = {}
        self.latest: Variant | None = None
        self.made: list[Variant] = []
        self._source: FunctionSource | None = None
        # With exactly so many positional arguments, a call may go to the entry at once.
        self.count = len(parameters) if self.positional == len(parameters) else -1
        self.entry: Callable[..., Any] = self.miss
        # With exactly so many arguments, and as many tangents, too.
        self.given = self.count if not self.negative and not skip else -1
        with _listing:
            _all.add(self)

    def forget(self) -> None:
        """Compile anew when it is called next: what programs depend on has changed."""
        self.plans = {}
        self.entry = self.miss

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All transforms, the innermost first."""
        return (*self.inner, Layer(self.mode, self.argnums, self.has_aux))

    @property
    def title(self) -> str:
        """The name of what is differentiated last."""
        return "".join((*(f"the {layer.mode} of " for layer in reversed(self.inner)), self.name))

    @property
    def source(self) -> FunctionSource:
        """The definition of the function, read when it is first needed."""
        if self._source is None:
            self._source = read(self.function)
        return self._source

    @property
    def name(self) -> str:
        return self.function.__name__

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Any call: brings the arguments into the order of the parameters first."""
        values = self.bind(args, kwargs)
        if self.negative and len(args) != len(values):
            return self.run(values, len(args))
        return self.entry(*values)

    def push(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], tangents: Callable[[list[Any]], list[Any]]) -> Any:
        """A call along tangents: one for each parameter, None where there is none, made for the values of these."""
        values = self.bind(args, kwargs)
        values += tangents(values)
        return self.run(values, len(args)) if self.negative else self.entry(*values)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
        """One value for each parameter, defaults included."""
        if self.plain and len(args) <= self.positional:
            values = [*args, *self.padding[len(args):]]
            for name, value in kwargs.items():
                position = self.index.get(name, -1)
                if position < len(args):
                    break
                values[position] = value
            else:
                if not any(value is MISSING for value in values):
                    return values
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}(): {error}") from None
        bound.apply_defaults()
        return list(bound.arguments.values())

    def miss(self, *values: Any) -> Any:
        return self.run(list(values), len(values))

    def run(self, values: list[Any], positional: int, missed: Plan | None = None) -> Any:
        """Any arguments; `missed` is the plan whose entry did not know them.

        Unless the entry of another plan does, this is the long way: describe the arguments, find or make their
        specialisation, and run it. An entry knows only tangents that fit.
        """
        if self.mode in TANGENT:
            primals, tangents = values[:self.primals], values[self.primals:]
            converted = conform(self.asked, self.names, primals, tangents)
            if any(new is not old and isinstance(new, (float, complex, np.generic, np.ndarray)) for new, old in zip(converted, tangents)):
                missed = None  # its entry has not seen these
            values = [*primals, *converted]
        plan, leaves = self.plan(values, positional)
        if plan.entry is not None:
            plans = self.plans
            if not self.negative:
                self.entry = plan.entry
                if plans is not self.plans or plan not in plans.values():  # forgotten meanwhile
                    self.entry = self.miss
            if plan is not missed:
                return plan.entry(*values)
        record = Record()
        checks = _checks if self.mode in ("grad", "value_and_grad") else None
        verify = self.verify if checks is None or checks.paused else checks.verify
        given = None if verify is None else _regroup(plan.structures, [copied(leaf) for leaf in leaves])  # before anything is drawn
        streams = None if verify is None else streams_of(self.function)
        variant, captured, leaves = self.find(plan, values, leaves, record)
        if np.memmap in plan.classes:
            leaves = [np.asarray(leaf) if isinstance(leaf, np.memmap) else leaf for leaf in leaves]
            values = _regroup(plan.structures, leaves)
        if variant.one_path:
            variant, result = self.along(plan, values, leaves, variant, captured, record)
        else:
            self.check_writable(variant, leaves)
            try:
                result = variant.compiled.function(*values, *captured)
            except Exception as error:
                raise_at_user_line(error, variant.compiled)
        if variant.finish is not None:
            result = variant.finish(result)
        if verify is not None and streams is not None and given is not None and not variant.checked:
            with streams.kept():
                verify(self, streams, variant, given, result)
            variant.checked = True
        if checks is None or variant.checked:  # what has an entry is not checked any more
            plan.install(variant, captured, leaves)
        return result

    def check_writable(self, variant: Variant, leaves: list[Any]) -> None:
        """What would raise where the function writes, if it gets there, is refused, since the derivative writes into copies."""
        for number in variant.compiled.written:
            if not leaves[number].flags.writeable:
                path = next(leaf.path for p in variant.parameters for leaf in p.value.leaves if leaf.number == number)
                raise UnsupportedError([Finding(self.source.location(), f"`{path}` is read-only, and `{self.name}` may write into it",
                                                "where it does, NumPy raises ValueError, but the derivative would write into a copy", "pass a copy")])

    def along(self, plan: Plan, values: list[Any], leaves: list[Any], variant: Variant, captured: list[Any], record: Record) -> tuple[Variant, Any]:
        """Run the program for the path that this call takes, beginning with one that may be it."""
        tried: list[Variant] = []
        while True:
            self.check_writable(variant, leaves)
            try:
                with record.running():
                    result = variant.compiled.function(*values, *captured)
            except PathChanged:
                pass
            except Exception as error:
                path = variant.compiled.path
                if path is None or not path.retries or variant.fresh:
                    variant.fresh = False
                    raise_at_user_line(error, variant.compiled)
            else:
                key = self._describe(plan, values)[2]
                others = tuple(other for other in plan.variants[key] if other is not variant)
                plan.variants[key] = (variant, *others[:PATHS - 1])
                variant.fresh = False
                return variant, result
            if variant.fresh:
                raise UnsupportedError([Finding(self.source.location(), f"`{self.name}` takes another path each time it is called",
                                                "what it decides depends on something other than its arguments", "pass that as an argument")])
            tried.append(variant)
            with _compiling:
                found = self._lookup(plan, values, leaves, tried) or self._make(plan, values, leaves, record)
            variant, captured = found

    def plan(self, values: Sequence[Any], positional: int) -> tuple[Plan, list[Any]]:
        """The plan for some arguments, and their leaves."""
        leaves: list[Any] = []
        structures = []
        chosen = self.chosen(positional)
        for number, value in enumerate(values):
            parts, structure = flatten(value, number in chosen)
            leaves += parts
            structures.append(structure)
        key = (*structures, *map(type, leaves), positional if self.negative else -1)
        plan = self.plans.get(key)
        if plan is None:
            plan = self.plans.setdefault(key, Plan(self, tuple(structures), leaves, positional))
        return plan, leaves

    def find(self, plan: Plan, values: Sequence[Any], leaves: list[Any], record: Record | None = None) -> tuple[Variant, list[Any], list[Any]]:
        """The specialisation for some arguments, compiled if need be, and the values that it captures."""
        found = self._lookup(plan, values, leaves)
        if found is None:
            with _compiling:
                found = self._lookup(plan, values, leaves) or self._make(plan, values, leaves, record)
        return (*found, leaves)

    def _describe(self, plan: Plan, values: Sequence[Any]) -> tuple[Describer, list[Described], Any]:
        describer = Describer(plan.static, plan.contiguity)
        described = self._add(describer, values, plan.positional)
        return describer, described, self._key(describer, described)

    def _key(self, describer: Describer, described: Sequence[Described]) -> Any:
        return (*(d.key for d in described), describer.overlaps(), describer.shared(), self._chunk(describer))

    def _chunk(self, describer: Describer) -> int | Literal["cache"] | None:
        """How many directions of a Jacobian are taken at a time."""
        if self.chunk is None and self.mode in JACOBIANS and sum(array.size for _, array in describer.arrays) >= LARGE:
            return "cache"
        return self.chunk

    def _add(self, describer: Describer, values: Sequence[Any], positional: int) -> list[Described]:
        chosen = self.chosen(positional)
        return [describer.add(value, name, number in chosen) for number, (name, value) in enumerate(zip(self.names, values))]

    def chosen(self, positional: int) -> frozenset[int]:
        """The parameters that may be differentiated with respect to: objects in them are taken apart."""
        found = self._chosen.get(positional)
        if found is None:
            found = self._chosen[positional] = frozenset(self._choose(positional))
        return found

    def _choose(self, positional: int) -> Iterator[int]:
        if self.mode in GIVEN or self.mode in TANGENT:
            yield from range(self.skip, self.primals)
        for choice in (choice for layer in self.layers if layer.mode in CHOOSING for choice in _several(layer.argnums)):
            if isinstance(choice, str):
                yield from (n for n, (name, kind) in enumerate(zip(self.names, self.kinds)) if name == choice or kind == "kwargs")
                continue
            number = choice + self.skip if choice >= 0 else choice + positional
            yield number if 0 <= number < self.positional and (choice >= 0 or self.plain) else -1
            if not self.plain:
                yield from (n for n, kind in enumerate(self.kinds) if kind == "args" or (choice < 0 and kind == "positional" and n >= self.skip))

    def _lookup(self, plan: Plan, values: Sequence[Any], leaves: list[Any], tried: Sequence[Variant] = ()) -> tuple[Variant, list[Any]] | None:
        describer, _, key = self._describe(plan, values)
        for variant in plan.variants.get(key, ()):
            if variant in tried:
                continue
            captured = variant.captured_values(describer, leaves)
            if captured is not None:
                return variant, captured
        return None

    def _make(self, plan: Plan, values: Sequence[Any], leaves: list[Any], record: Record | None) -> tuple[Variant, list[Any]]:
        """Compile a specialisation; again, with more leaves static, when the compiler asks for it.

        record: what the call has done so far, if the specialisation is going to run.
        """
        static, contiguity = plan.static, plan.contiguity
        outside: frozenset[int] = frozenset()  # static leaves of captured values
        while True:
            describer = Describer(static | outside, contiguity)
            described = self._add(describer, values, plan.positional)
            key = self._key(describer, described)
            request = replace(self.request(describer, described, leaves, plan.positional), by_values=key in plan.by_values, record=record)
            try:
                compiled = self.compile(request)
            except NeedStatic as need:
                asked = frozenset(need.leaves)
                if asked <= static | outside:
                    raise AssertionError(f"the compiler asks again for the values of leaves {sorted(asked)}") from None
                static |= {n for n in asked if n < len(leaves)}
                outside |= {n for n in asked if n >= len(leaves)}
                continue
            except NeedLayout as need:
                if frozenset(need.leaves) <= contiguity:
                    raise AssertionError(f"the compiler asks again for the layout of leaves {sorted(need.leaves)}") from None
                contiguity |= frozenset(need.leaves)
                continue
            break
        captures = request.captures
        places = tuple(captures.places)
        captured = [place.read(leaves) for place in places]
        again = Describer(static | outside, contiguity)
        self._add(again, values, plan.positional)
        captured_key = _captured_key(again, captured, places)
        variant = Variant(compiled, request.parameters, request.selected, places, tuple(captures.described), captured_key, outside,
                          bool(again.overlaps() or again.shared()), finisher(request, compiled))
        if compiled.path is not None:
            plan.by_values.add(key)
            variant.fresh = True
            variant.strides = _strides(leaves, captured) if compiled.path.layout else None
        if (static, contiguity) != (plan.static, plan.contiguity):
            plan.renew(static, contiguity)
        plan.variants[key] = (variant, *plan.variants.get(key, ()))
        self.made.append(variant)
        self.latest = variant
        return variant, captured

    # -- requests ---------------------------------------------------------------------------------------------

    def request(self, describer: Describer, described: Sequence[Described], leaves: list[Any], positional: int) -> Request:
        parameters = tuple(Parameter(name, kind, value) for name, kind, value in zip(self.names, self.kinds, described))
        *inner, outer = (self._chosen_by(layer, parameters, positional) for layer in self.layers)
        if not outer.wrt:
            raise TypeError(f"{self.mode} of {self.title}: no argument is a float, and only floats have a derivative")
        label = "_".join((self.name if self.name.isidentifier() else "lambda", *(layer.mode for layer in self.layers)))
        captures = Captures(describer, leaves)
        tangents: tuple[int, ...] = ()
        if self.mode in TANGENT:
            tangents = tuple(dot.number for number, _ in outer.selected for leaf, dot in self._pairs(parameters, number))
        return Request(self.source, parameters, outer.selected, outer.wrt, outer.single, self.mode, self.has_aux, captures, self.backend, label,
                       inner=tuple(inner), tangents=tangents, chunk=self._chunk(describer))

    def _chosen_by(self, layer: Layer, parameters: tuple[Parameter, ...], positional: int) -> Chosen:
        """What one of the transforms differentiates with respect to."""
        if layer.mode in TANGENT:
            selected = tuple((number, None) for number in range(self.skip, self.primals) if any(True for _ in self._pairs(parameters, number)))
            wrt = tuple(leaf.number for number, _ in selected for leaf, _ in self._pairs(parameters, number))
            return Chosen(layer.mode, selected, wrt, False, layer.has_aux)
        selected = tuple(self._selected(layer, parameters, positional))
        wrt = tuple(leaf for choice in selected for leaf in self._differentiable(layer, parameters, choice))
        return Chosen(layer.mode, selected, wrt, not isinstance(layer.argnums, tuple) and layer.mode not in GIVEN, layer.has_aux)

    def _pairs(self, parameters: tuple[Parameter, ...], number: int) -> Iterator[tuple[Leaf, Leaf]]:
        """The leaves of a parameter that have a tangent, with it."""
        values, dots = parameters[number].value.leaves, parameters[self.primals + number].value.leaves
        if len(values) == len(dots):  # otherwise there is no tangent at all
            yield from ((leaf, dot) for leaf, dot in zip(values, dots) if leaf.differentiable and dot.differentiable)

    def _selected(self, layer: Layer, parameters: tuple[Parameter, ...], positional: int) -> Iterator[tuple[int, Any]]:
        """The chosen arguments, as (parameter, item); for a vjp, all that are given (not those left at their defaults)."""
        if layer.mode in GIVEN:
            yield from self._positional(parameters)[self.skip : positional if self.plain else None]
            return
        places = self._positional(parameters)
        seen = set()
        for choice in _several(layer.argnums):
            place: tuple[int, Any] | None = None
            if isinstance(choice, str):
                if choice in self.names and self.kinds[self.names.index(choice)] not in ("args", "kwargs"):
                    place = (self.names.index(choice), None)
                elif "kwargs" in self.kinds:
                    rest = self.kinds.index("kwargs")
                    place = (rest, choice) if choice in parameters[rest].value.structure.keys else None
            else:
                given = len(places) if not self.plain else positional
                number = choice + given if choice < 0 else choice + self.skip
                place = places[number] if self.skip <= number < len(places) else None
            if place is None:
                shown = ", ".join(name for name in self.names[self.skip:self.primals])
                raise TypeError(f"{layer.mode} of {self.name}: there is no argument {choice!r} to differentiate with respect to "
                                f"(argnums={layer.argnums!r}; the parameters are {shown or 'none'})")
            if place in seen:
                raise ValueError(f"{layer.mode} of {self.name}: argnums={layer.argnums!r} names one argument twice")
            seen.add(place)
            yield place

    def _positional(self, parameters: tuple[Parameter, ...]) -> list[tuple[int, Any]]:
        """The places of the positional arguments, those in `*args` one by one."""
        places: list[tuple[int, Any]] = []
        for number, parameter in enumerate(parameters):
            if parameter.kind == "positional":
                places.append((number, None))
            elif parameter.kind == "args":
                places += [(number, item) for item in range(len(parameter.value.structure.children))]
        return places

    def _differentiable(self, layer: Layer, parameters: tuple[Parameter, ...], choice: tuple[int, Any]) -> list[int]:
        argument = part(parameters[choice[0]].value, choice[1])
        error = derivative_error(self.name, layer.mode, argument)
        if error is not None and (layer.mode not in GIVEN or any(leaf.why_not for leaf in argument.leaves)):
            raise error
        return [leaf.number for leaf in argument.leaves if leaf.differentiable]

    # -- source -------------------------------------------------------------------------------------------------

    def variant_for(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], tangents: Callable[[list[Any]], list[Any]] | None = None) -> Variant:
        """The specialisation for some arguments (and tangents, as `push` takes them), compiled but not run."""
        values = self.bind(args, kwargs)
        if tangents is not None:
            values += conform(self.asked, self.names, values, tangents(values))
        plan, leaves = self.plan(values, len(args))
        known_before = len(self.made)
        variant = self.find(plan, values, leaves)[0]
        if variant.one_path and len(self.made) == known_before:  # which path these arguments take is found by taking it
            with _compiling:
                made = self._make(plan, values, leaves, None)[0]
            key = self._describe(plan, values)[2]
            known = next((v for v in plan.variants[key] if v is not made and v.compiled.text == made.compiled.text), None)
            variant = known or made
            if known is not None:
                plan.variants[key] = tuple(v for v in plan.variants[key] if v is not made)
                self.made.remove(made)
        self.latest = variant
        return variant

    def from_annotations(self, given: tuple[Any, ...] = (), keywords: Mapping[str, Any] | None = None, hints: Mapping[str, Any] | None = None,
                         defaults: Mapping[str, Any] | None = None, moving: Sequence[int] | None = None) -> str:
        """The source for the types that the function's annotations give; some arguments may be given, as may annotations and defaults that come before the
        function's own. `moving`: which positional arguments have a tangent, if not all that can."""
        keywords = keywords or {}
        try:
            annotations = get_type_hints(self.function, include_extras=True)
        except Exception as error:  # an annotation that cannot be evaluated raises whatever it raises
            raise self._unannotated(f"its annotations cannot be evaluated ({error})") from None
        annotations |= hints or {}
        padding = [(defaults or {}).get(name, default) for name, default in zip(self.names, self.padding)]
        static: frozenset[int] = frozenset()
        given_leaves = [leaf for value in given for leaf in flatten(value)[0]]  # an object among them is there to be looked at
        with _compiling:
            while True:
                describer = Describer(static)

                def describe(number: int, title: str, describer: Describer = describer) -> Described:
                    name, kind = self.names[number], self.kinds[number]
                    if number < len(given) or name in keywords:
                        return describer.add(given[number] if number < len(given) else keywords[name], title)
                    if kind in ("args", "kwargs"):
                        return describer.add(() if kind == "args" else {}, title)
                    default = padding[number]
                    hint = MISSING if name in (defaults or {}) and name not in (hints or {}) else annotations.get(name, MISSING)
                    return describer.annotated(hint, default, title)

                try:
                    described = [describe(number, self.names[number]) for number in range(self.primals)]
                    for number, dot in enumerate(self.names[self.primals:]):  # a tangent has the type of its primal
                        moves = any(leaf.differentiable for leaf in described[number].leaves) and (moving is None or number - self.skip in moving)
                        described.append(describe(number, dot) if moves else describer.add(None, dot))
                except UnknownAnnotation as unknown:
                    raise self._unannotated(str(unknown)) from None
                leaves = [*given_leaves, *[MISSING] * (len(describer.leaves) - len(given_leaves))]
                try:
                    return self.compile(self.request(describer, described, leaves, self.positional)).text
                except NeedStatic as need:
                    if frozenset(need.leaves) <= static:
                        raise self._unannotated("it depends on the value of an integer argument") from None
                    static |= frozenset(need.leaves)
                except NeedLayout:
                    raise self._unannotated("it depends on how an array lies in memory") from None

    def _unannotated(self, why: str) -> UnsupportedError:
        return UnsupportedError([Finding(
            self.source.location(), f"the source of the {self.mode} of {self.name} depends on the types of its arguments",
            why, "ask for the types of some arguments, source_for(*args), or call the function first")])


@dataclass
class Checks:
    """Every gradient is checked, as with the option `check`, once for each specialisation; not while this is paused."""

    verify: Verify
    paused: bool = False


_checks: Checks | None = None


def check_every_gradient(checks: Checks | None) -> None:
    """From now on, the first gradient of every specialisation is given to a check: also of functions that have been transformed and called before. None: no more."""
    global _checks
    with _listing:
        known = tuple(_all)
    with _compiling:
        _checks = checks
        for dispatcher in known:
            for plan in tuple(dispatcher.plans.values()):
                plan.hits.clear()
                plan.installed.clear()


def _forget() -> None:
    """A rule has changed: no program that was compiled before is used any more."""
    with _listing:
        known = tuple(_all)
    with _compiling:
        for dispatcher in known:
            dispatcher.forget()


CHANGED.append(_forget)


def _several(argnums: int | str | tuple[int | str, ...]) -> tuple[int | str, ...]:
    return argnums if isinstance(argnums, tuple) else (argnums,)


def _dot_names(names: Sequence[str]) -> list[str]:
    """Names of tangents that are no names of parameters."""
    taken, found = set(names), []
    for name in names:
        dot = f"{name}_dot"
        while dot in taken:
            dot += "_"
        taken.add(dot)
        found.append(dot)
    return found


_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional", inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.VAR_POSITIONAL: "args", inspect.Parameter.KEYWORD_ONLY: "keyword", inspect.Parameter.VAR_KEYWORD: "kwargs",
}


def _regroup(structures: Sequence[TreeDef], leaves: Sequence[Any]) -> list[Any]:
    values, start = [], 0
    for structure in structures:
        values.append(unflatten(structure, leaves[start : start + structure.size]))
        start += structure.size
    return values
