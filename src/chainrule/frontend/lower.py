"""Request -> Program: a function, executed abstractly for the types of one call.

Lowering is partial evaluation: what the types and the static arguments decide (a branch on `None`, a loop over a tuple,
the rank of an array) is decided now; what is left becomes the IR. See `machine`, `statements`, `expressions`, `calls`, `loops`.
"""

from __future__ import annotations

import ast
import functools
import inspect
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

from ..errors import Finding, UnsupportedError
from ..ir.nodes import Arg, Block, Lit, Make, Program, Seq, Var, Yield
from ..ir.types import Array, Opaque, Scalar, Tuple, differentiable
from ..rules.custom import declared
from ..structure import LEAF, TreeDef, flatten, is_object, is_plain, steps
from .calling import draws, effects, functionals  # noqa: F401 (they register what they handle)
from .calling.declared import call_declared
from .calling.frames import FrameInfo, names_of
from .calling.recursion import Recursion
from .constructs.scopes import FRAME, begin, finish
from .containers import lists
from .execution.exits import Unreachable
from .execution.machine import NeedStatic as NeedParams
from .execution.machine import Refusal
from .execution.restart import Known, Restart
from .execution.state import Frame, slots
from .execution.values import (
    NONE,
    UNBOUND,
    DictV,
    Elements,
    Entries,
    Items,
    ListV,
    Method,
    Num,
    Object,
    Ref,
    Static,
    Step,
    TupleV,
    Value,
)
from .execution.witness import LIMIT, Concrete, TooLong, Unperformed, Witness
from .looping import unbound
from .looping.liveness import liveness
from .modes import REVERSE
from .objects.classes import raw
from .objects.foreign import foreign_place
from .request import Guard, NeedLayout, NeedStatic, Path, Request
from .signature import Described, Leaf
from .source import MISSING, Place


@dataclass(frozen=True, eq=False)
class Named:
    """What a name is bound to at the end of the function: a Var of the outermost block, and the views (as in `values.Step`) that lead to it."""

    name: str
    value: Var
    views: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Lowered:
    """A program, and what ties it to the call: its parameters by leaf, the guards, and the captured values.

    path: it is the program for the path that one call takes (see `witness`): None, or what the path depends on.
    written: the leaves of the arguments that are arrays into which the function may write.
    """

    program: Program
    leaves: dict[int, Var]
    guards: tuple[Guard, ...]
    path: Path | None = None
    named: tuple[Named, ...] = ()
    written: tuple[int, ...] = ()


def lower(request: Request) -> Lowered:
    """Lower one specialisation of a function: from types if they decide what it does, otherwise by the values of the call.

    Raises UnsupportedError, MissingRuleError, NeedStatic.
    """
    known = Known()
    while not request.by_values:
        lowerer = Lowerer(request, known)
        try:
            return lowerer.run_request()
        except Restart as restart:
            restart.note(known)
        except Refusal as refusal:
            if request.values is None:
                raise refusal.error from None
            break
        except NeedParams as need:
            raise NeedStatic(tuple(lowerer.number_of[p] for p in need.params)) from None
    return lower_by_values(request)


def lower_by_values(request: Request) -> Lowered:
    """Lower the path that this call takes; again, with more loops and branches executed by values, until nothing is refused."""
    known = Known()  # not what the other way has found out: the next path begins here
    concrete = Concrete(request.everywhere)
    while True:
        if request.record is not None:
            request.record.rewind()
        witness = Witness(request.record)
        lowerer = Lowerer(request, known, witness, concrete)
        try:
            with witness.rehearsal.leaving_no_trace():
                return lowerer.run_request()
        except Restart as restart:
            restart.note(known)
        except Refusal as refusal:
            node, file = refusal.region or (None, "")
            if not concrete.add(node, file):
                raise refusal.error from None
        except Unperformed:
            raise UnsupportedError([Finding(
                request.source.location(), f"the source of `{request.source.name}` depends on what it does to the world outside",
                "which path it takes depends on a result of that, and nothing is run for its source", "call the transformed function, then look at `.source`")]) from None
        except TooLong:
            raise UnsupportedError([Finding(
                request.source.location(), f"the path of this call through `{request.source.name}` is too long",
                f"what it does depends on values, and its loops come to more than {LIMIT:,} statements",
                "keep the kinds of values, and which names share an array, the same in every iteration: then the loop stays a loop")]) from None


class Lowerer(Recursion):
    """The abstract machine for one request."""

    def __init__(self, request: Request, known: Known, witness: Witness | None = None, concrete: Concrete | None = None) -> None:
        super().__init__()
        self.written = known.written
        self.container_slots: dict[str, int] = {}
        self.doubled: dict[int, str] = {}  # slots of containers of the caller's that are one object
        self.initial: dict[int, Any] = {}
        self.fields_only: set[int] = set()  # slots of dataclass objects of the caller's: they may have more attributes than their fields
        self.choosing = known.choosing
        self.request = request
        modes = (*(layer.mode for layer in request.inner), request.mode)
        self.backwards = all(mode in REVERSE for mode in modes)
        self.order = len(modes)
        self.places = known.globals  # the global variables that the program sets
        self.witness, self.concrete = witness, concrete or Concrete()
        if witness is not None:
            self.b.watch = self.watch
        self.values: dict[int, Any] = dict(enumerate(request.values or ()))  # of the leaves
        self.guards: dict[Any, Guard] = {}
        self.leaves: dict[int, Var] = {}
        self.number_of: dict[Var, int] = {}
        self.slot_of: dict[int, int] = {}
        self.objects: dict[Var, Place] = {}
        self.unknown_layout: list[int] = []  # arrays of which it is not known whether they are C-contiguous
        self.captured: dict[int, tuple[str, Arg, Value]] = {}
        self.marked: set[Var] = set()  # what names are bound to whose derivatives are asked for
        self.recorded: list[Any] = []  # lists outside that the program appends to

    def run_request(self) -> Lowered:
        source = self.request.source
        node = source.node
        if isinstance(node, ast.AsyncFunctionDef):
            self.source = source
            self.refuse("`async def` cannot be differentiated", "a coroutine is suspended and resumed by somebody else", "use a plain function", node)
        number = self.numbers = 1
        local, nonlocals = names_of(node)
        live = liveness(node)
        live.always |= frozenset(self.request.intermediates)
        self.infos[number] = FrameInfo(source, None, local, nonlocals, liveness=live)
        self.state.frames[number] = {}
        self.current, self.source = number, source
        signature = []
        frame = self.state.frames[number]
        for parameter in self.request.parameters:
            if parameter.kind == "tangent":
                signature.append((parameter.name, self.tangent(parameter.value)))
                continue
            value, pattern = self.receive(parameter.value, None)
            frame[parameter.name] = value
            signature.append((parameter.name, pattern))
        unbound.flag_names(frame, unbound.unsure_names(node, local, frozenset(frame)))
        self.initial = dict(self.state.heap)
        self.entangle_arguments()
        for place in tuple(self.request.captures.places):  # known from an attempt before
            self.capture_outside(place, self.found_at(place))
        self.infos[FRAME] = FrameInfo(source, None, frozenset())
        begin(self, self.places)
        self.stack.append(node)
        raises = False
        try:
            if (stated := declared(source.function)) is not None:  # whatever its body is
                self.node, self.b.span = node, self.span(node)
                result: Value = call_declared(self, stated, *self.as_given(frame))
            elif isinstance(node, ast.Lambda):
                self.b.span = self.span(node)
                result = self.eval(node.body)
            else:
                self.settle(self.run(list(node.body)))
                result = self.state.frames[number].pop("%ret")
        except Unreachable:  # it always raises; any number will do
            raises = True
            result = TupleV((Static(0.0), Static(None))) if self.request.has_aux else Static(0.0)
        self.stack.pop()
        if result is UNBOUND:
            self.refuse("the function may end without a value", "not every path returns", "return a value on every path", node)
        self.node = node
        if not raises:
            finish(self, self.places)
        self.check_apart()
        self.check_doubled()
        signature.extend((name, pattern) for _, (name, pattern, _) in sorted(self.captured.items()))  # as they are passed
        params = tuple(v for _, pattern in signature for v in _vars(pattern))
        try:
            lists.check_returned(self, result)
            returned = self.spelt(self.operand(result))  # which may read an array through a view: one more statement
        except Unreachable:
            returned = Lit(0.0)
        body = Block(params, tuple(self.b.stmts), Yield((returned,)))
        program = Program(source.name, tuple(signature), body, self.span(node), tuple(self.finished))
        path = None if self.witness is None else Path(self.retries, self.by_layout)
        named = tuple(self.intermediate(number, name) for name in self.request.intermediates)
        arguments = len(self.request.captures.arguments)
        written = tuple(n for n, slot in sorted(self.slot_of.items()) if slot in self.ever_written and n < arguments)
        return Lowered(program, self.leaves, tuple(self.guards.values()), path, named, written)

    def as_given(self, frame: Frame) -> tuple[tuple[Value, ...], dict[str, Value]]:
        """The parameters as the arguments of a call."""
        args: list[Value] = []
        keywords: dict[str, Value] = {}
        for parameter in self.request.parameters:
            if parameter.kind == "positional":
                args.append(frame[parameter.name])
            elif parameter.kind == "args":
                args.extend(self.iterate(frame[parameter.name]))
            elif parameter.kind == "keyword":
                keywords[parameter.name] = frame[parameter.name]
        return tuple(args), keywords

    def bind_name(self, name: str, value: Value) -> None:
        """Bind a name; one that is asked for, to a value that no equal one is."""
        if self.current == 1 and name in self.request.intermediates and len(self.b.scopes) == 1 and not self.operating:
            old: Any = value.operand if isinstance(value, Num) else self.state.heap[value.slot] if isinstance(value, Ref) else None
            if isinstance(old, Var) and isinstance(old.type, (Array, Scalar)) and differentiable(old.type) and not (
                    isinstance(value, Ref) and any(step.kind == "item" for step in value.path)):
                if isinstance(value, Ref):
                    self.before_write(value.slot)
                self.name(value, name)
                bar = Var(old.type)
                new = self.b.emit("surgery", old, Lit(Block((bar,), (), Yield((bar,)))), Seq(()), hint=name)
                assert isinstance(new, Var)
                self.marked.add(new)
                if isinstance(value, Ref):
                    self.state.heap[value.slot] = new
                else:
                    value = Num(new)
        super().bind_name(name, value)

    def intermediate(self, frame: int, name: str) -> Named:
        """What a name of the function is bound to at its end."""
        value = self.state.frames[frame].get(name, UNBOUND)
        found: Any = value.operand if isinstance(value, Num) else self.state.heap[value.slot] if isinstance(value, Ref) else None
        views = value.path if isinstance(value, Ref) else ()
        if name not in self.infos[frame].locals or value is UNBOUND or found not in self.marked:
            self.refuse(f"the derivative with respect to `{name}` is asked for", "it must be bound to one number or array of floats outside of loops and branches, "
                        "and an array not be written into afterwards", "bind a name to it where it is complete: `h = h.copy()`")
        return Named(name, found, views)

    # -- arguments ---------------------------------------------------------------------------------------------

    def receive(self, described: Described, place: Place | None) -> tuple[Value, Arg]:
        """An argument as a value, and the pattern by which the generated function takes it apart. `place`: of a captured value."""
        leaves = iter(described.leaves)
        name = described.name.rpartition(".")[2].lstrip("*")
        return self._receive(described.structure, leaves, name if described.structure is LEAF else None, place, described.name)

    def tangent(self, described: Described) -> Arg:
        """A tangent, of which the function itself sees nothing."""
        leaves = iter(described.leaves)

        def pattern(tree: TreeDef, name: str | None) -> Arg:
            if tree.kind is None:
                leaf = next(leaves)
                if leaf.static:
                    return Lit(leaf.value)
                self.leaves[leaf.number] = Var(leaf.type, None if name is None else _identifier(name))
                return self.leaves[leaf.number]
            items = tuple(pattern(child, f"{key}_dot" if isinstance(key, str) else None)
                          for child, key in zip(tree.children, tree.keys or (None,) * len(tree.children)))
            return Seq(items, "list" if tree.kind is list else "tuple") if tree.kind in (tuple, list) else Make(tree.kind, tree.keys, items)

        return pattern(described.structure, described.name)

    def _receive(self, tree: TreeDef, leaves: Iterator[Leaf], name: str | None, place: Place | None, path: str) -> tuple[Value, Arg]:
        if tree.kind is None:
            return self.leaf(next(leaves), name, place)
        parts = [self._receive(child, leaves, str(key) if isinstance(key, str) else None, foreign_place(place, tree.kind, key, n), path + step)
                 for n, (child, key, step) in enumerate(zip(tree.children, tree.keys or (None,) * len(tree.children), steps(tree)))]
        value, pattern = self._container(tree, parts)
        for slot in slots(value) if not isinstance(value, TupleV) else ():
            self.container_slots[path] = slot
        return value, pattern

    def _container(self, tree: TreeDef, parts: list[tuple[Value, Arg]]) -> tuple[Value, Arg]:
        assert tree.kind is not None
        values = tuple(value for value, _ in parts)
        patterns = tuple(pattern for _, pattern in parts)
        if tree.kind is tuple:
            return TupleV(values), Seq(patterns)
        if tree.kind is list:
            return ListV(self.new(Items(values))), Seq(patterns, "list")
        pattern = Make(tree.kind, tree.keys, patterns)
        if tree.kind is dict:
            return DictV(self.new(Entries(tree.keys, values))), pattern
        if issubclass(tree.kind, tuple):
            return TupleV(values, tree.kind), pattern
        owner = Object(self.new(Entries(tree.keys, values, tree.kind)), tree.kind)
        if not is_object(tree.kind):
            self.fields_only.add(owner.slot)
        return owner, pattern

    def leaf(self, leaf: Leaf, name: str | None, place: Place | None) -> tuple[Value, Arg]:
        if leaf.static:
            return Static(leaf.value), Lit(leaf.value)
        var = Var(leaf.type, None if name is None else _identifier(name))
        self.leaves[leaf.number] = var
        self.number_of[var] = leaf.number
        self.params.add(var)
        if self.witness is not None:
            self.witness.env[var] = self.values[leaf.number]
            if leaf.number in self.request.wrt:
                self.witness.carrying.add(var)
        if leaf.sort == "object" and place is None and leaf.number < len(self.request.captures.arguments):
            place = Place(leaf.number, leaf.path)
        if leaf.sort == "object" and place is not None:
            if (is_object(leaf.cls) or is_plain(leaf.cls)) and not self.is_declared(Num(var)):
                owner = self.foreign_object(place, leaf.cls, var)
                self.container_slots[leaf.path] = owner.slot
                return owner, var
            self.objects[var] = place
        if leaf.sort == "array":
            slot = self.new(var)
            self.slot_of[leaf.number] = slot
            if leaf.contiguous:
                self.state.owned.add(slot)
            elif leaf.contiguous is None and leaf.number < len(self.request.captures.arguments):
                self.unknown_layout.append(leaf.number)
            return Ref(slot), var
        return Num(var), var

    def entangle_arguments(self) -> None:
        """Arrays of the caller's that share memory."""
        for overlap in self.request.overlaps:
            first, second = self.slot_of.get(overlap.first), self.slot_of.get(overlap.second)
            if first is not None and second is not None:
                if (first in self.ever_written or second in self.ever_written) and second not in self.state.entangled.get(first, ()):
                    self.refuse(f"`{self.request.leaf(overlap.second).path}` is read after an array was written with which it may share memory",
                                "how they lie in memory decides what is read", "pass copies, or write into a copy")
                for state in self.state.family:
                    state.entangle(first, {second})
        for one, other in self.request.shared:
            if one in self.container_slots and other in self.container_slots:
                self.doubled |= {self.container_slots[one]: one, self.container_slots[other]: other}

    def check_doubled(self) -> None:
        """A list, dictionary or object that is reached in two ways must not be changed."""
        for slot, path in self.doubled.items():
            if self.state.heap.get(slot) is not self.initial.get(slot):
                self.refuse(f"`{path}` is changed, and it is reached in another way, too", "each would be changed on its own",
                            "pass a copy")

    def ask_for_layout(self) -> None:
        if self.unknown_layout:
            raise NeedLayout(tuple(self.unknown_layout))

    # -- what the function reads from outside --------------------------------------------------------------------------

    def arguments(self) -> list[Any]:
        return self.request.captures.arguments

    def outside_attribute(self, owner: Object, name: str) -> Value | None:
        if owner.slot in self.fields_only:
            member = raw(owner.cls, name)[0]
            if member is MISSING or not callable(member):
                self.refuse(f"the attribute `{name}` of an object of `{owner.cls.__name__}` is read", "it is not a field of the dataclass",
                            "make it a field")
        return super().outside_attribute(owner, name)

    def live_values(self) -> Iterator[Value]:
        yield from super().live_values()
        for _, _, value in self.captured.values():  # what is outside, or an attribute of an argument, may be read again
            yield value

    def add_guard(self, guard: Guard) -> None:
        self.guards.setdefault((guard.place.key, None if guard.apart is None else guard.apart.key), guard)

    def guard(self, place: Any, value: Any) -> None:
        self.add_guard(Guard(place, value))

    def capture_outside(self, place: Any, value: Any) -> Value:
        if any(self.found_at(place) is held for held in self.recorded):
            self.refuse(f"`{place}` lives outside, and is both read and written", "the gradient call would have to follow what is in it",
                        "collect the values in a list of the function's own, and return it")
        number, described = self.request.captures.add(place)
        if number not in self.captured:
            self.values.update(zip((leaf.number for leaf in described.leaves), flatten(value)[0]))
            known = self.numbers
            title = _title(place, self)
            self.captured[number] = (title, Lit(None), NONE)  # its number and its name are taken before those of what it holds
            self.captured[number] = (title, *self._swap(described, place))
            for slot in range(known + 1, self.numbers + 1):
                self.initial[slot] = self.state.heap[slot]
                if isinstance(self.initial[slot], (Items, Entries, Elements)) and not isinstance(place.root, int):
                    self.held_outside[slot] = str(place)
                self.state.add_everywhere(slot, self.state.heap[slot])
            self.entangle_arguments()
        found = self.captured[number][2]
        if isinstance(found, Num) and isinstance(found.operand, Var) and isinstance(found.operand.type, Opaque):
            self.objects[found.operand] = place
        return found

    def place_of_value(self, value: Any) -> Any:
        return self.objects.get(value.operand) if isinstance(value, Num) and isinstance(value.operand, Var) else None

    def found_at(self, place: Any) -> Any:
        return place.read(self.request.captures.arguments)

    def may_record(self, held: Any) -> bool:
        self.recorded.append(held)
        return not any(self.found_at(place) is held for place in self.request.captures.places)

    # -- objects of the user's classes: their attributes are read when the program runs ----------------------------------

    def attribute(self, owner: Value, name: str) -> Value:
        place = self.objects.get(owner.operand) if isinstance(owner, Num) and isinstance(owner.operand, Var) else None
        if place is None or self.is_declared(owner):
            return super().attribute(owner, name)
        return self.object_attribute(owner, place, name)

    def object_attribute(self, owner: Value, place: Place, name: str) -> Value:
        instance = place.read(self.request.captures.arguments)
        value = place.attribute(name).read(self.request.captures.arguments)
        if value is MISSING:
            self.refuse(f"`{place}` has no attribute `{name}` when the program is compiled", "what it is decides what the program does",
                        "set it before the gradient is called")
        found = inspect.getattr_static(type(instance), name, None)
        if isinstance(found, FunctionType) and name not in getattr(instance, "__dict__", {}):
            return Method(owner, name)
        if isinstance(found, functools.singledispatchmethod):
            return Method(owner, name)
        if isinstance(found, property) and found.fget is not None:
            return self.call(Static(found.fget), (owner,), {})
        result = self.external(place.attribute(name), value)
        if isinstance(result, Num) and isinstance(result.operand, Var) and isinstance(result.operand.type, Opaque):
            self.objects[result.operand] = place.attribute(name)
        return result

    def call_method(self, owner: Value, name: str, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        place = self.objects.get(owner.operand) if isinstance(owner, Num) and isinstance(owner.operand, Var) else None
        if place is not None and not self.is_declared(owner):
            function = inspect.getattr_static(type(place.read(self.request.captures.arguments)), name, None)
            if isinstance(function, functools.singledispatchmethod):
                return self.call(Static(functionals.dispatched_method(self, function, args)), (owner, *args), keywords)
            function = getattr(type(place.read(self.request.captures.arguments)), name, None)
            if isinstance(function, FunctionType):
                self.guard(place.attribute("__class__").attribute(name), function)
                return self.call(Static(function), (owner, *args), keywords)
        return super().call_method(owner, name, args, keywords)

    def spelt(self, returned: Arg) -> Arg:
        """What is returned, with the items of a tuple that an operation gave (`return np.modf(x)`) one by one: each has a cotangent."""
        if isinstance(returned, Var) and isinstance(returned.type, Tuple):
            return Seq(tuple(self.spelt(self.b.emit("item", returned, Lit(n))) for n in range(len(returned.type.items))))
        if isinstance(returned, (Seq, Make)):
            return replace(returned, items=tuple(map(self.spelt, returned.items)))
        return returned

    def _swap(self, described: Described, place: Place) -> tuple[Arg, Value]:
        value, pattern = self.receive(described, place)
        return pattern, value


def _title(place: Any, lowerer: Lowerer) -> str:
    """The name of the parameter that a captured value becomes: its own, unless a parameter has that name."""
    name = next((step for step in reversed(place.path) if isinstance(step, str)), place.name)
    taken = {p.name for p in lowerer.request.parameters} | {title for title, _, _ in lowerer.captured.values()}
    while name in taken:
        name += "_"
    return str(name)


def _identifier(name: str) -> str | None:
    """A name for a value that is found under this key."""
    text = re.sub(r"\W", "_", name)
    return text if text.isidentifier() and not keyword.iskeyword(text) else None


def _vars(pattern: Arg) -> Iterator[Var]:
    if isinstance(pattern, Var):
        yield pattern
    elif isinstance(pattern, (Seq, Make)):
        for item in pattern.items:
            yield from _vars(item)
