"""Recursion: a function that is already being executed becomes a function of the generated program, and is called.

Its result's type is not known before it is lowered, and lowering it meets the call again. So it is lowered on the assumption that
the inner call does not return (the paths without it say what it returns), then again with that type until nothing changes.
Inside, extents and integers are unknown: they differ from one depth to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...ir.build import Builder, type_of
from ...ir.nodes import Arg, Block, Let, Lit, Make, Program, Seq, Var, Yield
from ...ir.types import Array, Scalar, Tuple, Type, covers, join, renew, unknown_extent
from ..execution.exits import Unreachable
from ..execution.machine import Poison, describe
from ..execution.state import State, reachable, slots
from ..execution.values import Closure, DictV, Entries, Items, ListV, Num, Object, Ref, Select, Static, TupleV, Value
from ..looping import unbound
from ..looping.liveness import liveness, reads
from ..objects.foreign import ForeignObjects
from .frames import FrameInfo, names_of

DEPTH_LIMIT = 16  # kinds of arguments inside each other; a recursion that meets more of them meets new ones for ever


@dataclass
class Callee:
    """A recursive function, for some argument types: its name, and the types of its result as far as they are known."""

    name: str
    template: Any = None  # the result as a nest in which types stand for values; None before the first pass
    aliases: bool = False  # what it returns may share memory with its arguments, or with each other
    containers: bool = False  # it may return a list or a dictionary of its arguments
    busy: bool = True


class Recursion(ForeignObjects):
    def __init__(self) -> None:
        super().__init__()
        self.callees: dict[Any, Callee] = {}
        self.finished: list[Program] = []
        self.depth = 0

    def recursive(self, node: Any, source: Any, parent: int | None, defaults: tuple[Value, ...], keyword_defaults: dict[str, Value],
                  args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        frame = self.bind(node, defaults, keyword_defaults, args, keywords)
        around = self.surroundings(node, parent, frame)
        key = (id(node), self.order, tuple((name, self.key_of(value)) for name, value in frame.items()),  # implicit functions depend on the order of derivatives
               tuple((name, _exactly(value) if isinstance(value, (Static, Closure)) else self.key_of(value)) for (_, name), value in around.items()))
        given = (*frame.values(), *(value for value in around.values() if not isinstance(value, (Static, Closure))))
        operands = tuple(operand for value in given for operand in self.flat(value))
        callee = self.callees.get(key)
        if callee is None:
            if self.depth >= DEPTH_LIMIT:
                self.refuse(f"`{getattr(node, 'name', 'a function')}` calls itself with arguments that are of another kind each time",
                            "each depth would need code of its own", "pass arrays and numbers, whose types stay the same", node)
            taken = {c.name for c in self.callees.values()}
            name = str(getattr(node, "name", "inner"))
            while name in taken:
                name += "_"
            callee = self.callees[key] = Callee(name)
            self.settle_callee(callee, node, source, parent, frame, around)
        if callee.template is None:
            raise Unreachable  # the innermost assumption: this call does not return
        leaves = list(_leaf_types(callee.template))
        type: Type = leaves[0] if len(leaves) == 1 else Tuple(tuple(leaves))
        result = Var(renew(type))
        given_operands = (Lit(callee.name), Seq(operands))
        self.asked("call", given_operands, lambda: self.b.add(Let(result, "call", given_operands, self.b.span)) or result)  # type: ignore[func-returns-value]
        parts = [result] if len(leaves) == 1 else [self.b.emit("item", result, n) for n in range(len(leaves))]
        shares: tuple[Value, ...] = ()
        if callee.aliases:  # one more slot, which stands for what the results share with each other
            reached = reachable(self.state, iter(given))
            shares = tuple(Ref(slot) for slot in (*sorted(reached), self.new(Items(()))))
            alive = reachable(self.state, self.live_values())
            if callee.containers and any(slot in alive and not self.is_array(slot) for slot in reached):
                self.refuse(f"`{callee.name}` calls itself and returns a list or a dictionary that is seen elsewhere", "this is not supported yet",
                            "return a copy")
        return self.rebuild(callee.template, iter(parts), shares)

    def is_array(self, slot: int) -> bool:
        contents = self.state.heap[slot]
        return isinstance(contents, (Var, Lit)) and isinstance(type_of(contents), Array)

    def surroundings(self, node: Any, parent: int | None, frame: dict[str, Value]) -> dict[tuple[int, str], Value]:
        """The variables around a function that its body may read, itself or in the functions that it sees: (frame, name) -> value."""
        found: dict[tuple[int, str], Value] = {}

        def visit_function(function: Any, number: int | None) -> None:
            for name in reads(function):
                if name in names_of(function)[0]:
                    continue
                at = number
                while at is not None and (name not in self.state.frames.get(at, {}) or name in self.infos[at].nonlocals):
                    at = self.infos[at].parent
                if at is None or (at, name) in found:
                    continue
                value = self.state.frames[at][name]
                if isinstance(value, (Static, Closure, Num, Ref, Select, TupleV, ListV, DictV, Object)):
                    found[at, name] = value
                    visit(value)

        def visit(value: Any) -> None:
            if isinstance(value, Closure):
                if not all(isinstance(v, Static) for v in (*value.defaults, *(v for _, v in value.keyword_defaults))):
                    self.refuse("a recursive function sees a function with a computed default value", "this is not supported yet",
                                "pass the value as an argument")
                visit_function(value.node, value.frame)
            elif isinstance(value, TupleV):
                for item in value.items:
                    visit(item)
            elif isinstance(value, (ListV, DictV, Object)):
                contents = self.state.heap[value.slot]
                for item in contents.items if isinstance(contents, Items) else contents.values if isinstance(contents, Entries) else ():
                    visit(item)

        visit_function(node, parent)
        for value in frame.values():
            visit(value)
        return found

    def settle_callee(self, callee: Callee, node: Any, source: Any, parent: int | None, frame: dict[str, Value],
                      around: dict[tuple[int, str], Value]) -> None:
        """Lower the function until the type of its result no longer changes."""
        for _ in range(8):
            aliases = (callee.aliases, callee.containers)
            program, template = self.lower_callee(callee, node, source, parent, frame, around)
            if template is None:
                self.refuse(f"`{callee.name}` never returns", "every path calls it again", "give the recursion an end", node)
            if callee.template is not None and _covers(callee.template, template) and aliases == (callee.aliases, callee.containers):
                self.finished.append(program)
                callee.busy = False
                return
            callee.template = template if callee.template is None else _join(callee.template, template)
            if callee.template is None:
                break
        self.refuse(f"the type of what `{callee.name}` returns does not settle", "each depth gives it another type",
                    "return one kind of value on every path", node)

    def lower_callee(self, callee: Callee, node: Any, source: Any, parent: int | None, frame: dict[str, Value],
                     around: dict[tuple[int, str], Value]) -> tuple[Program, Any]:
        kept = (self.b, self.state, self.current, self.source, self.loop, self.node, self.stack, self.loop_indices, self.catching, self.handled, self.forks)
        outer = (self.state, self.b)
        self.b, self.state, self.loop, self.loop_indices = Builder(), State(), None, []
        self.b.ask, self.catching, self.handled, self.forks = self.asked, (), (), []
        for number, names in outer[0].frames.items():
            self.state.frames[number] = {n: v if isinstance(v, (Static, Closure)) else Poison("a recursive function cannot read it")  # type: ignore[misc]
                                         for n, v in names.items()}
        self.depth += 1
        try:
            self.numbers += 1
            number = self.numbers
            local, nonlocals = names_of(node)
            self.infos[number] = FrameInfo(source, parent, local, nonlocals, liveness=liveness(node))
            self.current, self.source = number, source
            self.stack = [node]
            signature: list[tuple[str, Var]] = []
            inner: dict[str, Value] = {}
            for name, value in frame.items():
                inner[name], pattern = self.parameter(value, outer, name)
                signature += _named(name, pattern, signature)
            self.state.frames[number] = inner
            unbound.flag_names(inner, unbound.unsure_names(node, local, frozenset(inner)))
            for (other, name), value in around.items():
                if not isinstance(value, (Static, Closure)):
                    self.state.frames[other][name], pattern = self.parameter(value, outer, name)
                    signature += _named(name, pattern, signature)
            surrounding = {n: dict(names) for n, names in self.state.frames.items() if n != number}
            entry = dict(self.state.heap)
            try:
                if hasattr(node, "name"):
                    self.settle(self.run(list(node.body)))
                    result = self.state.frames[number].pop("%ret")
                else:
                    result = self.eval(node.body)
            except Unreachable:
                return Program(callee.name, tuple(signature), Block((), (), Yield(()))), None
            for slot, contents in entry.items():
                if self.state.heap.get(slot) is not contents:
                    self.refuse(f"`{callee.name}` calls itself and changes its argument", "this is not supported yet",
                                "return the new value instead", node)
            for other, names in surrounding.items():
                if any(value is not names.get(name) for name, value in self.state.frames.get(other, {}).items()):
                    self.refuse(f"`{callee.name}` calls itself and changes a variable around it", "this is not supported yet",
                                "return the new value instead", node)
            self.note_aliases(callee, result, set(entry), node)
            leaves: list[Arg] = []
            template = self.template(result, leaves)
            returned: Arg = leaves[0] if len(leaves) == 1 else Seq(tuple(leaves))
            params = tuple(v for _, v in signature)
            body = Block(params, tuple(self.b.stmts), Yield((returned,)))
            return Program(callee.name, tuple(signature), body, self.span(node)), template
        finally:
            self.depth -= 1
            (self.b, self.state, self.current, self.source, self.loop, self.node, self.stack, self.loop_indices, self.catching, self.handled,
             self.forks) = kept

    def note_aliases(self, callee: Callee, result: Value, arguments: set[int], node: Any) -> None:
        """Whether what is returned may be, or be part of, an argument."""
        seen: set[int] = set()
        pending = list(slots(result))
        while pending:
            slot = pending.pop()
            contents = self.state.heap[slot]
            if slot in seen and not self.is_array(slot):
                self.refuse(f"`{callee.name}` calls itself and returns the same list or dictionary twice", "this is not supported yet",
                            "return a copy", node)
            if slot in arguments or slot in seen or self.state.entangled.get(slot, frozenset()) & {*arguments, *seen}:
                callee.aliases = True
                callee.containers = callee.containers or not self.is_array(slot)
            if slot not in seen and isinstance(contents, (Items, Entries)):
                pending.extend(slots(contents))
            seen.add(slot)

    def capture(self, place: Any, value: Any) -> Value:
        if self.depth:
            if isinstance(value, (int, float, complex)):
                self.guard(place, value)
                return Static(value)
            self.refuse(f"`{place}` is read by a recursive function", "it is data from outside", "pass it as an argument")
        return self.capture_outside(place, value)

    def capture_outside(self, place: Any, value: Any) -> Value:
        raise NotImplementedError

    # -- arguments and results -------------------------------------------------------------------------------------

    def key_of(self, value: Value) -> Any:
        """Equal for arguments that one version of the function serves."""
        if _is_plain_number(value):
            return str(_loose(self.type(value)))
        if isinstance(value, Static):
            return (type(value.value), value.value if isinstance(value.value, (int, float, str, type(None))) else id(value.value))
        if isinstance(value, TupleV):
            return ("tuple", *(self.key_of(item) for item in value.items))
        if isinstance(value, (ListV, DictV, Object)):
            contents = self.state.heap[value.slot]
            if isinstance(contents, Items):
                return ("list", *(self.key_of(item) for item in contents.items))
            if isinstance(contents, Entries):
                return ("dict", contents.keys, *(self.key_of(item) for item in contents.values))
            assert isinstance(contents, (Var, Lit))
            return str(type_of(contents))
        if isinstance(value, Closure):
            return _exactly(value)
        of = self.type(value)
        return (of.dtype, None if of.shape is None else len(of.shape)) if isinstance(of, Array) else str(_loose(of))

    def flat(self, value: Value) -> list[Arg]:
        """The operands that a value is made of."""
        if isinstance(value, (Static, Closure)) and not _is_plain_number(value):
            return []
        if isinstance(value, TupleV):
            return [o for item in value.items for o in self.flat(item)]
        if isinstance(value, (ListV, DictV, Object)):
            contents = self.state.heap[value.slot]
            if isinstance(contents, Items):
                return [o for item in contents.items for o in self.flat(item)]
            if isinstance(contents, Entries):
                return [o for item in contents.values for o in self.flat(item)]
        return [self.operand(value)]

    def parameter(self, value: Value, outer: tuple[State, Builder], name: str | None) -> tuple[Value, Arg]:
        """The same value inside the callee, made of parameters, and the pattern of these."""
        if isinstance(value, Static) and not _is_plain_number(value):
            return value, Lit(value.value)
        if isinstance(value, Closure):
            return value, Lit(None)
        if isinstance(value, TupleV):
            parts = [self.parameter(item, outer, None) for item in value.items]
            return TupleV(tuple(v for v, _ in parts), value.cls), Seq(tuple(p for _, p in parts))
        if isinstance(value, (ListV, DictV, Object)):
            contents = outer[0].heap[value.slot]
            if isinstance(contents, Items):
                parts = [self.parameter(item, outer, None) for item in contents.items]
                return ListV(self.new(Items(tuple(v for v, _ in parts)))), Seq(tuple(p for _, p in parts))
            if isinstance(contents, Entries):
                parts = [self.parameter(item, outer, None) for item in contents.values]
                slot = self.new(Entries(contents.keys, tuple(v for v, _ in parts)))
                cls = dict if isinstance(value, DictV) else value.cls
                return (DictV(slot) if isinstance(value, DictV) else Object(slot, value.cls)), Make(cls, contents.keys, tuple(p for _, p in parts))
        inner = (self.state, self.b)
        self.state, self.b = outer
        try:
            type = _loose(self.type(value))
        finally:
            self.state, self.b = inner
        var = Var(type, name)
        return (Ref(self.new(var)) if isinstance(type, Array) else self.wrap(var)), var

    def template(self, value: Value, leaves: list[Arg]) -> Any:
        """The structure of a result; its operands are added to `leaves`."""
        if isinstance(value, TupleV):
            return ("tuple", value.cls, tuple(self.template(item, leaves) for item in value.items))
        if isinstance(value, ListV):
            contents = self.state.heap[value.slot]
            if isinstance(contents, Items):
                return ("list", None, tuple(self.template(item, leaves) for item in contents.items))
        if isinstance(value, DictV):
            contents = self.state.heap[value.slot]
            assert isinstance(contents, Entries)
            return ("dict", contents.keys, tuple(self.template(item, leaves) for item in contents.values))
        if isinstance(value, Static) and not isinstance(value.value, (int, float, complex)):
            self.refuse(f"a recursive function returns {describe(value)}", "this is not supported yet", "return numbers or arrays")
        operand = self.operand(value)
        leaves.append(operand)
        return _loose(type_of(operand))

    def rebuild(self, template: Any, parts: Any, shares: tuple[Value, ...]) -> Value:
        if isinstance(template, tuple):
            kind, detail, items = template
            values = tuple(self.rebuild(item, parts, shares) for item in items)
            if kind == "tuple":
                return TupleV(values, detail)
            return ListV(self.new(Items(values))) if kind == "list" else DictV(self.new(Entries(detail, values)))
        return self.wrap(next(parts), shares=shares)


def _exactly(value: Static | Closure) -> Any:
    """Equal for values that a program cannot tell apart."""
    if isinstance(value, Closure):
        known = (*value.defaults, *(v for _, v in value.keyword_defaults))
        return ("function", id(value.node), *(_exactly(v) for v in known if isinstance(v, (Static, Closure))))
    plain = isinstance(value.value, (bool, int, float, complex, str, bytes, type(None)))
    return (type(value.value), repr(value.value) if plain else id(value.value))


def _is_plain_number(value: Value) -> bool:
    """Literal numbers differ from one depth to the next: inside, they are variables."""
    return isinstance(value, Static) and type(value.value) in (int, float)


def _loose(type: Type) -> Type:
    """A type without knowledge of extents."""
    if isinstance(type, Scalar):
        return Scalar(type.dtype, type.weak)
    if isinstance(type, Array) and type.shape is not None:
        return Array(type.dtype, tuple(unknown_extent() for _ in type.shape))
    return type


def _leaf_types(template: Any) -> Any:
    if isinstance(template, tuple):
        for item in template[2]:
            yield from _leaf_types(item)
    else:
        yield template


def _covers(wide: Any, narrow: Any) -> bool:
    if isinstance(wide, tuple):
        return isinstance(narrow, tuple) and wide[:2] == narrow[:2] and len(wide[2]) == len(narrow[2]) and all(map(_covers, wide[2], narrow[2]))
    return not isinstance(narrow, tuple) and covers(wide, narrow)


def _join(a: Any, b: Any) -> Any:
    if isinstance(a, tuple) or isinstance(b, tuple):
        if not (isinstance(a, tuple) and isinstance(b, tuple) and a[:2] == b[:2] and len(a[2]) == len(b[2])):
            return None
        items = tuple(_join(x, y) for x, y in zip(a[2], b[2]))
        return None if any(i is None for i in items) else (*a[:2], items)
    return join(a, b)


def _named(name: str, pattern: Arg, taken: list[tuple[str, Var]]) -> list[tuple[str, Var]]:
    """The parameters of a pattern, with names that are not taken."""
    while any(name == other for other, _ in taken):
        name += "_"
    parts = list(_pattern_vars(pattern))
    return [(name if len(parts) == 1 else f"{name}{k}", part) for k, part in enumerate(parts)]


def _pattern_vars(pattern: Arg) -> Any:
    if isinstance(pattern, Var):
        yield pattern
    elif isinstance(pattern, (Seq, Make)):
        for item in pattern.items:
            yield from _pattern_vars(item)


__all__ = ["Recursion"]
