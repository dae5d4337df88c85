"""Recursion: a function that is already being executed becomes a function of the generated program, and is called.

Its result's type is not known before it is lowered, and lowering it meets the call again. So it is lowered on the assumption that
the inner call does not return (the paths without it say what it returns), then again with that type until nothing changes.
Inside, extents and integers are unknown: they differ from one depth to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir.build import Builder, type_of
from ..ir.nodes import Arg, Block, Let, Lit, Make, Program, Seq, Var, Yield
from ..ir.types import Array, Scalar, Tuple, Type, covers, join, renew, unknown_extent
from .calls import FrameInfo, names_of, reads_of
from .machine import Poison, Unreachable, describe
from .state import State, slots
from .statements import Statements
from .values import Closure, DictV, Entries, Items, ListV, Num, Object, Ref, Static, TupleV, Value


@dataclass
class Callee:
    """A recursive function, for some argument types: its name, and the types of its result as far as they are known."""

    name: str
    template: Any = None  # the result as a nest in which types stand for values; None before the first pass
    aliases: bool = False  # the arrays that it returns may share memory with its arguments, or with each other
    busy: bool = True


class Recursion(Statements):
    def __init__(self) -> None:
        super().__init__()
        self.callees: dict[Any, Callee] = {}
        self.finished: list[Program] = []
        self.depth = 0

    def recursive(self, node: Any, source: Any, parent: int | None, defaults: tuple[Value, ...], keyword_defaults: dict[str, Value],
                  args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        frame = self.bind(node, defaults, keyword_defaults, args, keywords)
        key = (id(node), tuple((name, self.key_of(value)) for name, value in frame.items()), self.surroundings(parent, frame))
        operands = tuple(operand for value in frame.values() for operand in self.flat(value))
        callee = self.callees.get(key)
        if callee is None:
            taken = {c.name for c in self.callees.values()}
            name = str(getattr(node, "name", "inner"))
            while name in taken:
                name += "_"
            callee = self.callees[key] = Callee(name)
            self.settle_callee(callee, node, source, parent, frame)
        if callee.template is None:
            raise Unreachable  # the innermost assumption: this call does not return
        leaves = list(_leaf_types(callee.template))
        type: Type = leaves[0] if len(leaves) == 1 else Tuple(tuple(leaves))
        result = Var(renew(type))
        self.b.add(Let(result, "call", (Lit(callee.name), Seq(operands)), self.b.span))
        parts = [result] if len(leaves) == 1 else [self.b.emit("item", result, n) for n in range(len(leaves))]
        shares = (*frame.values(), self.wrap(parts[0])) if callee.aliases else ()
        return self.rebuild(callee.template, iter(parts), shares)

    def surroundings(self, parent: int | None, frame: dict[str, Value]) -> tuple[Any, ...]:
        """What the body can see besides its arguments: what is known in the frames around it, and around the functions that it is given."""
        found: list[Any] = []
        seen: set[int] = set()

        def visit(value: Any) -> None:
            if isinstance(value, Closure):
                for item in (*value.defaults, *(v for _, v in value.keyword_defaults)):
                    if not isinstance(item, (Static, Closure)):
                        self.refuse(f"a function is passed on by recursion, and has {describe(item)} as a default value", "this is not supported yet",
                                    "pass the value as an argument")
                    found.append(_exactly(item))
                    visit(item)
                around(value.frame)
            elif isinstance(value, TupleV):
                for item in value.items:
                    visit(item)
            elif isinstance(value, (ListV, DictV, Object)):
                contents = self.state.heap[value.slot]
                for item in contents.items if isinstance(contents, Items) else contents.values if isinstance(contents, Entries) else ():
                    visit(item)

        def around(number: int | None) -> None:
            while number is not None and number not in seen:
                seen.add(number)
                for name, value in self.state.frames.get(number, {}).items():
                    if isinstance(value, (Static, Closure)):
                        found.append((name, _exactly(value)))
                        visit(value)
                number = self.infos[number].parent

        around(parent)
        for value in frame.values():
            visit(value)
        return tuple(found)

    def settle_callee(self, callee: Callee, node: Any, source: Any, parent: int | None, frame: dict[str, Value]) -> None:
        """Lower the function until the type of its result no longer changes."""
        for _ in range(8):
            aliases = callee.aliases
            program, template = self.lower_callee(callee, node, source, parent, frame)
            if template is None:
                self.refuse(f"`{callee.name}` never returns", "every path calls it again", "give the recursion an end", node)
            if callee.template is not None and _covers(callee.template, template) and aliases == callee.aliases:
                self.finished.append(program)
                callee.busy = False
                return
            callee.template = template if callee.template is None else _join(callee.template, template)
            if callee.template is None:
                break
        self.refuse(f"the type of what `{callee.name}` returns does not settle", "each depth gives it another type",
                    "return one kind of value on every path", node)

    def lower_callee(self, callee: Callee, node: Any, source: Any, parent: int | None, frame: dict[str, Value]) -> tuple[Program, Any]:
        kept = (self.b, self.state, self.current, self.source, self.loop, self.node, self.stack, self.loop_indices)
        outer_state = self.state
        surrounding = {}
        self.b, self.state, self.loop, self.loop_indices = Builder(), State(), None, []
        for number, names in outer_state.frames.items():
            self.state.frames[number] = {n: v if isinstance(v, (Static, Closure)) else Poison("a recursive function cannot read it")  # type: ignore[misc]
                                         for n, v in names.items()}
            surrounding[number] = dict(self.state.frames[number])
        self.depth += 1
        try:
            self.numbers += 1
            number = self.numbers
            local, nonlocals = names_of(node)
            self.infos[number] = FrameInfo(source, parent, local, nonlocals, reads=reads_of(node))
            self.current, self.source = number, source
            self.stack = [node]
            signature = []
            inner = {}
            for name, value in frame.items():
                inner[name], pattern = self.parameter(value, outer_state, name)
                parts = list(_pattern_vars(pattern))
                signature += [(name if len(parts) == 1 else f"{name}{k}", part) for k, part in enumerate(parts)]
            self.state.frames[number] = inner
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
            value: Arg = leaves[0] if len(leaves) == 1 else Seq(tuple(leaves))
            params = tuple(v for _, pattern in signature for v in _pattern_vars(pattern))
            body = Block(params, tuple(self.b.stmts), Yield((value,)))
            return Program(callee.name, tuple(signature), body, self.span(node)), template
        finally:
            self.depth -= 1
            self.b, self.state, self.current, self.source, self.loop, self.node, self.stack, self.loop_indices = kept

    def note_aliases(self, callee: Callee, result: Value, arguments: set[int], node: Any) -> None:
        """Whether what is returned may be, or be part of, an argument; a list or a dictionary must be new."""
        seen: set[int] = set()
        pending = list(slots(result))
        while pending:
            slot = pending.pop()
            contents = self.state.heap[slot]
            array = isinstance(contents, (Var, Lit)) and isinstance(type_of(contents), Array)
            if slot in arguments or slot in seen:
                if not array:
                    self.refuse(f"`{callee.name}` calls itself and returns a list or a dictionary that is seen elsewhere", "this is not supported yet",
                                "return a copy", node)
                callee.aliases = True
            if self.state.entangled.get(slot, frozenset()) & {*arguments, *seen}:
                callee.aliases = True
            seen.add(slot)
            if isinstance(contents, (Items, Entries)):
                pending.extend(slots(contents))

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
            return str(type_of(contents))
        if isinstance(value, Closure):
            return id(value.node)
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

    def parameter(self, value: Value, outer: State, name: str | None) -> tuple[Value, Arg]:
        """The same value inside the callee, made of parameters, and the pattern of these."""
        if isinstance(value, Static) and not _is_plain_number(value):
            return value, Lit(value.value)
        if isinstance(value, Closure):
            return value, Lit(None)
        if isinstance(value, TupleV):
            parts = [self.parameter(item, outer, None) for item in value.items]
            return TupleV(tuple(v for v, _ in parts), value.cls), Seq(tuple(p for _, p in parts))
        if isinstance(value, (ListV, DictV, Object)):
            contents = outer.heap[value.slot]
            if isinstance(contents, Items):
                parts = [self.parameter(item, outer, None) for item in contents.items]
                return ListV(self.new(Items(tuple(v for v, _ in parts)))), Seq(tuple(p for _, p in parts))
            if isinstance(contents, Entries):
                parts = [self.parameter(item, outer, None) for item in contents.values]
                slot = self.new(Entries(contents.keys, tuple(v for v, _ in parts)))
                cls = dict if isinstance(value, DictV) else value.cls  # type: ignore[union-attr]
                return (DictV(slot) if isinstance(value, DictV) else Object(slot, value.cls)), Make(cls, contents.keys, tuple(p for _, p in parts))  # type: ignore[union-attr]
        inner, self.state = self.state, outer
        try:
            type = _loose(self.type(value))
        finally:
            self.state = inner
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
        return ("function", id(value.node))
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


def _pattern_vars(pattern: Arg) -> Any:
    if isinstance(pattern, Var):
        yield pattern
    elif isinstance(pattern, (Seq, Make)):
        for item in pattern.items:
            yield from _pattern_vars(item)


__all__ = ["Recursion"]
