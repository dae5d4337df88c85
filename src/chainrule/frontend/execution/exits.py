"""Ways out of a block other than its end: what leaves becomes one side of a branch, and what stays goes on inside the other.

    if x > 1:                          if x > 1:
        raise ValueError                   <the handler>
    y = f(x)                  ->       else:
                                           y = f(x)

A block ends in a tree of leaves (`places`). A leaf *stays* ("fall"; "return" at the end of a function; "value" of an expression) or it
*leaves*: "throw" is an exception that a handler around may catch, "raise" one that nobody catches (the program ends there).
An expression whose evaluation leaves on one side of a condition opens a *fork*: the other side's block stays open, everything that
follows is executed in it, and the block around closes it. Where leaves that stay and leaves that leave are mixed more deeply, and where a loop
is left, the leaving ones set a flag, all are merged, and the fork is on the flag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Union

from ...ir.build import Builder, Scope
from ...ir.nodes import Block, If, Lit, Operand, Raise, Span
from .places import Leaf, Node, Split
from .state import Frame, State
from .values import NONE, UNBOUND, Entries, Object, Static, TupleV, Value

End = Union[Leaf, Split]
Region = tuple[Any, str]  # a loop or branch, and the file that it stands in
FUNCTION = ("fall", "return")  # what stays at the end of a function
STATEMENT = ("fall",)


class Unreachable(Exception):
    """Every path of the statement or expression leaves. `end`: how; None if nobody catches what is raised."""

    def __init__(self, end: End | None = None) -> None:
        self.end = end


@dataclass(frozen=True)
class Fork:
    """One side of a branch has left; the other side's block is open."""

    condition: Operand
    holds: bool  # on the side that goes on
    leaving: Node
    span: Span | None
    base: State
    region: Region | None  # that was around


@dataclass(frozen=True)
class Exit:
    """A leaf that leaves, while its state is merged with others: where the parts of its exception are kept."""

    kind: str
    cls: Any = None  # of the exception
    keys: tuple[Any, ...] = ()
    parts: tuple[tuple[Any, ...], ...] = ()  # for each attribute, its items: a name, or a value known at compile time
    span: Span | None = None


class Exits:
    b: Builder
    state: State
    current: int
    taken: list[tuple[Operand, bool]]
    node: Any
    source: Any

    def __init__(self) -> None:
        self.region: Region | None = None  # the loop or branch through which we left the outermost block
        self.forks: list[Fork] = []

    # -- blocks ------------------------------------------------------------------------------------------------

    def block(self, execute: Callable[[], End]) -> End:
        """Execute the rest of a block; how it ends."""
        mark = len(self.forks)
        try:
            end = execute()
        except Unreachable as unreachable:
            end = unreachable.end or Leaf("raise", self.state)
        while len(self.forks) > mark:
            fork = self.forks.pop()
            staying = Node(list(self.b.scopes), end)
            self.b.scopes.pop()
            self.taken.pop()
            region, self.region = self.region, fork.region
            sides = (staying, fork.leaving) if fork.holds else (fork.leaving, staying)
            end = Split(fork.condition, *sides, fork.span, fork.base, region)
        return end

    def fork(self, condition: Operand, holds: bool, leaving: Node, staying: Scope, span: Span | None, base: State, region: Region | None) -> None:
        """Go on in the block `staying`, which is executed where `condition` is `holds`; otherwise `leaving` is."""
        self.forks.append(Fork(condition, holds, leaving, span, base, self.region))
        self.region = self.region or region or (self.node, self.source.file)
        self.b.scopes.append(staying)
        self.taken.append((condition, holds))

    def continued(self, end: End, then: dict[str, Callable[[Leaf], End]]) -> End:
        """The same end, but what `then` says follows the leaves of these kinds."""
        if isinstance(end, Split):
            nodes = []
            for node, holds in ((end.then, True), (end.orelse, False)):
                kept = self.state
                with self.b.reopen(node.scopes), self.given(end.condition, holds):
                    nodes.append(Node(node.scopes, self.continued(node.end, then)))
                self.state = kept
            return Split(end.condition, nodes[0], nodes[1], end.span, end.base, end.region)
        follow = then.get(end.kind)
        if follow is None:
            return end
        self.state = end.state
        return self.block(lambda: follow(end))

    # -- one state out of several ------------------------------------------------------------------------------

    def settle(self, end: End, stays: tuple[str, ...] = FUNCTION) -> Value:
        """Go on after a block: with the state that its staying leaves have in common. What leaves opens a fork."""
        if stays == FUNCTION:
            for leaf in leaves(end):
                frame = leaf.state.frames[self.current]
                if leaf.kind in stays and frame.get("%ret", UNBOUND) is UNBOUND:
                    frame["%ret"] = NONE
        while isinstance(end, Split) and any(leaf.kind not in (*stays, "raise") for leaf in leaves(end)):
            left, right = (not any(leaf.kind in stays for leaf in leaves(node.end)) for node in (end.then, end.orelse))
            if left and right:
                raise Unreachable(end)
            if not (left or right):
                return self.settle_mixed(end, stays)
            leaving, staying = (end.then, end.orelse) if left else (end.orelse, end.then)
            self.fork(end.condition, not left, leaving, staying.scopes[-1], end.span, end.base or self.state, end.region)
            end = staying.end
        if isinstance(end, Leaf) and end.kind not in stays:
            raise Unreachable(end)
        merged = self.merged(end, list(self.b.scopes))
        if merged is None:
            raise Unreachable
        self.state = merged[0]
        value: Value = merged[1]
        return value

    def settle_mixed(self, end: Split, stays: tuple[str, ...]) -> Value:
        """The same where a branch mixes leaves of both kinds: all are merged, and a flag says which it was."""
        number = f"{len(self.forks) + 100}"
        for leaf in leaves(end):
            if leaf.kind in stays:
                leaf.state.frames[self.current][f"%raised{number}"] = Static(False)
                if leaf.kind == "value":
                    leaf.state.frames[self.current]["%value"] = leaf.value
                    leaf.value = None
        flat, exits = self.flagged(end, stays, number, "fall")
        merged = self.merged(flat, list(self.b.scopes))
        assert merged is not None
        self.state = merged[0]
        value: Value = self.frame().pop("%value", NONE)
        self.leave(exits, number, end.span)
        return value

    def merged(self, end: End, scopes: list[Scope]) -> tuple[State, Any] | None:
        """The state and the value after any of the leaves; None if all of them raise."""
        if isinstance(end, Leaf):
            return None if end.kind == "raise" else (end.state, end.value)
        then = self.merged(end.then.end, end.then.scopes)
        orelse = self.merged(end.orelse.end, end.orelse.scopes)
        with self.b.reopen(scopes):
            if then is None and orelse is None:
                blocks = [Block((), tuple(node.scopes[-1].stmts), Raise()) for node in (end.then, end.orelse)]
                self.b.add(If((), end.condition, blocks[0], blocks[1], end.span))
                return None
            (a, va), (b, vb) = then or (None, None), orelse or (None, None)
            base = end.base if end.base is not None and (a is None or b is None) else _common(a, b)
            kept = self.state
            try:
                return self.merge(end.condition, end.then.scopes, a, va, end.orelse.scopes, b, vb, end.span, base)
            finally:
                self.state = kept

    # -- flags ---------------------------------------------------------------------------------------------------

    def flagged(self, end: End, stays: tuple[str, ...], number: str, kind: str) -> tuple[End, list[Exit]]:
        """The same tree in which each leaf that leaves has become one of `kind`, with a flag, and its exception's parts under names."""
        exits: list[Exit] = []
        leaving = [leaf for leaf in leaves(end) if leaf.kind not in (*stays, "raise")]
        count = 0

        def part(frame: Frame, value: Value) -> Any:
            nonlocal count
            if isinstance(value, Static):
                return value
            count += 1
            frame[f"%error{number}.{count}"] = value
            return f"%error{number}.{count}"

        def convert(end: End) -> End:
            if isinstance(end, Split):
                then, orelse = (Node(node.scopes, convert(node.end)) for node in (end.then, end.orelse))
                return Split(end.condition, then, orelse, end.span, end.base, end.region)
            if end.kind in (*stays, "raise"):
                return end
            frame = end.state.frames[self.current]
            frame[f"%raised{number}"] = Static(True)
            if len(leaving) > 1:
                frame[f"%which{number}"] = Static(len(exits))
            if end.value is None:
                exits.append(Exit(end.kind, span=end.span))
            else:
                contents = end.state.heap[end.value.slot]
                assert isinstance(contents, Entries)
                parts = tuple(tuple(part(frame, item) for item in value.items) if isinstance(value, TupleV) else part(frame, value)
                              for value in contents.values)
                exits.append(Exit(end.kind, end.value.cls, contents.keys, parts, end.span))
            return Leaf(kind, end.state)

        return convert(end), exits

    def leave(self, exits: list[Exit], number: str, span: Span | None, node: Any = None) -> None:
        """After the merge: fork on the flag."""
        frame = self.frame()
        flag = frame.pop(f"%raised{number}", Static(False))
        which = frame.pop(f"%which{number}", None)
        if exits and not (isinstance(flag, Static) and not flag.value):
            condition = self.condition(flag)
            base = self.state
            self.state = base.copy()
            with self.opened() as scopes, self.given(condition, True):
                leaving = Node(scopes, self.left(exits, which))
            self.state = base.copy()
            self.fork(condition, False, leaving, Scope(), span, base, (node or self.node, self.source.file))
        for name in [name for name in self.frame() if name.startswith(f"%error{number}.")]:
            del self.frame()[name]

    def left(self, exits: list[Exit], which: Value | None, first: int = 0) -> End:
        """The leaves again, in the block in which the flag is set."""
        if first < len(exits) - 1:
            assert which is not None
            condition = self.condition(self.compare("==", which, Static(first)))
            base, nodes = self.state, []
            for holds in (True, False):
                self.state = base.copy()
                with self.opened() as scopes, self.given(condition, holds):
                    nodes.append(Node(scopes, self.left(exits[:first + 1] if holds else exits, which, first if holds else first + 1)))
            return Split(condition, nodes[0], nodes[1], None, base)
        exit = exits[first]
        value = None
        if exit.cls is not None:
            frame = self.frame()

            def again(part: Any) -> Value:
                if isinstance(part, tuple):
                    return TupleV(tuple(again(item) for item in part))
                return frame[part] if isinstance(part, str) else part

            value = Object(self.new(Entries(exit.keys, tuple(again(part) for part in exit.parts))), exit.cls)
        return Leaf(exit.kind, self.state, value, exit.span)

    # -- what the machine does -------------------------------------------------------------------------------------

    def frame(self) -> Frame:
        raise NotImplementedError

    def new(self, contents: Any) -> int:
        raise NotImplementedError

    def condition(self, value: Value) -> Any:
        raise NotImplementedError

    def compare(self, op: str, a: Value, b: Value) -> Value:
        raise NotImplementedError

    def opened(self) -> AbstractContextManager[list[Scope]]:
        raise NotImplementedError

    def given(self, condition: Operand, holds: bool) -> AbstractContextManager[None]:
        raise NotImplementedError

    def merge(self, condition: Operand, scopes_a: list[Scope], a: State | None, va: Value | None,
              scopes_b: list[Scope], b: State | None, vb: Value | None, span: Span | None, base: State) -> tuple[State, Value]:
        raise NotImplementedError


def leaves(end: End) -> Iterator[Leaf]:
    """The leaves of an end, in order."""
    if isinstance(end, Leaf):
        yield end
    else:
        yield from leaves(end.then.end)
        yield from leaves(end.orelse.end)


def _common(a: State | None, b: State | None) -> State:
    """What two ends have in common: their state before the branch, as far as it matters to a merge."""
    side = a or b
    assert side is not None
    common = State().join(side.family)
    if a is None or b is None:
        common.frames = {n: {} for n in side.frames}
        return common
    common.frames = {n: {} for n in a.frames if n in b.frames}
    common.heap = {s: c for s, c in a.heap.items() if s in b.heap}
    return common


__all__ = ["FUNCTION", "STATEMENT", "End", "Exits", "Fork", "Lit", "Unreachable", "leaves"]
