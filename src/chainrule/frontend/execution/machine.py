"""The abstract machine: values and memory, branches and their merge. It knows no Python syntax.

Everything the program computes goes through the builder; everything it binds or writes goes through the state.
The syntax is in `statements` and `expressions`, which drive this machine.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ...errors import ChainRuleError, Finding, Location, MissingRuleError, UnsupportedError
from ...ir.build import Builder, Scope, literal_type, type_of
from ...ir.nodes import UNDEFINED, Arg, Block, If, Let, Lit, Make, Operand, Raise, Seq, Slice, Span, Var, Yield
from ...ir.ops import OPS
from ...ir.types import OBJECT, Array, List, Scalar, Tuple, Type, join, rank, renew
from ...rules import registry
from ..containers import keys
from ..memory import views
from .deciding import Deciding, Region
from .exits import Unreachable
from .places import Leaf, Node, Split
from .restart import NeedChoices
from .state import State, reachable, slots
from .values import (
    NONE,
    UNBOUND,
    Bound,
    Closure,
    Contents,
    DictV,
    Entries,
    Generator,
    Items,
    IteratorV,
    Lazy,
    ListV,
    Manager,
    Method,
    Num,
    Object,
    Partial,
    Range,
    Ref,
    Select,
    SetV,
    SliceV,
    Static,
    Step,
    Super,
    TupleV,
    Value,
    same_arg,
)


@dataclass(frozen=True)
class Poison:
    """A name whose value cannot be represented; an error if it is used."""

    why: str


class Refusal(Exception):
    """A refusal on its way out: a finding, or a missing rule."""

    def __init__(self, finding: Finding | MissingRuleError, region: Region | None = None) -> None:
        self.finding = finding
        self.region = region  # the loop or branch inside which it was found

    @property
    def error(self) -> ChainRuleError:
        """The exception that the user sees."""
        return self.finding if isinstance(self.finding, MissingRuleError) else UnsupportedError([self.finding])


class NeedStatic(Exception):
    """The program needs the value of these parameters at compile time."""

    def __init__(self, params: tuple[Var, ...]) -> None:
        self.params = params


class Machine(Deciding):
    infos: dict[int, Any]  # what the syntax says about each frame (see `calling/calls`)

    def __init__(self) -> None:
        super().__init__()
        self.b = self.outermost = Builder()
        self.state = State()
        self.numbers = 0
        self.node: ast.AST | None = None  # what is being lowered, for error messages
        self.source: Any = None  # the FunctionSource it stands in
        self.params: set[Var] = set()
        self.choosing: set[Any] = set()  # the loops that carry which of several arrays each name refers to
        self.loop_outs: dict[int, Any] = {}  # slots of what a loop has bound to one of several arrays, and the loop
        self.origin: dict[Var, tuple[Arg, ...]] = {}
        self.ever_written: set[int] = set()  # slots of arrays that have been written on any path
        self.foreign: dict[int, Any] = {}  # slots of objects of the caller's
        self.held_outside: dict[int, str] = {}  # slots of lists and dictionaries that are found outside, and where
        self.ambiguous: set[int] = set()  # slots of objects that a loop carries: they may be one with another object
        self.layout_matters = False  # whether something is a view or a copy depending on how an array lies in memory
        self.taken: list[tuple[Operand, bool]] = []  # the conditions that hold, or do not, where we are
        self.caller: tuple[ast.AST | None, Any, Span | None] | None = None  # the call, while a function of `library` is executed for it
        self.frozen: set[int] = set()  # slots that a generator has read before its time
        self.backwards = False  # whether all of them are taken in reverse mode
        self.order = 0  # how many derivatives are taken of what is being executed, one of the other
        self.operating = False  # whether a block of the reverse sweep is being executed (see `surgery`)
        self.partial: dict[Var, tuple[Operand, bool]] = {}  # values that exist only where a condition holds, or does not

    def need_choices(self, loop: Any) -> None:
        """Start again if that is not done yet, with a loop that carries which of several arrays each name refers to."""
        if loop is not None and loop not in self.choosing:
            raise NeedChoices(loop)

    # -- errors ------------------------------------------------------------------------------------------

    def refuse(self, what: str, why: str, remedy: str, node: ast.AST | None = None) -> NoReturn:
        """Stop: the program cannot be differentiated, for this reason."""
        if self.caller is not None and self.source is not None and not self.is_library(self.source):
            why = f"{why} (in `{self.source.name}` of {self.source.function.__module__}, which is executed here)"
        raise Refusal(Finding(self.location(node or self.node), what, why, remedy), self.region)

    def is_library(self, source: Any) -> bool:
        """Whether a function is one of ours, executed in the place of another one."""
        raise NotImplementedError

    def location(self, node: ast.AST | None) -> Location | None:
        source = self.source
        if self.caller is not None:
            node, source, _ = self.caller
        if node is None or source is None or not hasattr(node, "lineno"):
            return None
        lines = source.lines
        first, last = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
        text = "\n".join(line.rstrip("\n") for line in lines[first - 1:last])
        return Location(source.file, first, node.col_offset, last, node.end_col_offset or 0, text, source.name)  # type: ignore[attr-defined]

    def span(self, node: ast.AST) -> Span | None:
        """The span of a statement; of a compound statement, its header."""
        if self.caller is not None:
            return self.caller[2]
        if not hasattr(node, "lineno") or self.source is None:
            return None
        last = node.end_lineno or node.lineno  # type: ignore[attr-defined]
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body = [stmt for stmt in body if not callable(stmt)]
        if isinstance(body, list) and body and isinstance(node, ast.stmt):
            last = max(node.lineno, body[0].lineno - 1)
        text = " ".join(line.strip() for line in self.source.lines[node.lineno - 1:last])
        if isinstance(body, list) and body and ":" in text and isinstance(node, ast.stmt):
            text = text[: _header_end(text)]
        return Span(self.source.file, node.lineno, node.col_offset, last, node.end_col_offset or 0, text, self.source.name,  # type: ignore[attr-defined]
                    self.infos[self.current].called_from)

    # -- values and operands -----------------------------------------------------------------------------

    def new(self, contents: Contents) -> int:
        """A new heap slot."""
        number = self.new_number()
        self.state.heap[number] = contents
        return number

    def new_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def operand(self, value: Value | Any) -> Arg:
        """A value as an argument of an operation: arrays are read now, containers become Seq or Make."""
        if isinstance(value, Static):
            return Lit(value.value)
        if isinstance(value, Num):
            return value.operand
        if isinstance(value, Ref):
            return self.read(value)
        if isinstance(value, Select):
            return self.read_select(value)
        if isinstance(value, TupleV):
            if value.whole is not None:
                return value.whole
            if value.cls is not None:
                return Make(value.cls, tuple(value.cls._fields), tuple(self.operand(i) for i in value.items))  # type: ignore[attr-defined]
            return Seq(tuple(self.operand(item) for item in value.items))
        if isinstance(value, ListV):
            contents = self.state.heap[value.slot]
            if isinstance(contents, Items):
                return Seq(tuple(self.operand(item) for item in contents.items), "list")
            assert isinstance(contents, (Var, Lit))
            return contents
        if isinstance(value, (DictV, Object)):
            contents = self.state.heap[value.slot]
            assert isinstance(contents, Entries)
            if value.slot in self.foreign:
                if contents.keys:
                    self.refuse("an object of the caller's is used as a value after it was changed", "the gradient call changes no argument",
                                "use its attributes")
                return self.foreign[value.slot].var  # type: ignore[no-any-return]
            if contents.unsure:
                self.refuse(f"an object of class `{contents.cls.__name__ if contents.cls else 'dict'}` is used as a value, and an attribute is set on some "
                            "paths only", "which attributes it has is only known when the program runs", "set all attributes on every path")
            keys.check_outside(self, contents.keys)
            cls: Any = dict if isinstance(value, DictV) else value.cls
            return Make(cls, contents.keys, tuple(self.operand(v) for v in contents.values))
        if isinstance(value, Lazy) and value.kind == "flat":
            return self.operand(views.unrolled(value))
        if isinstance(value, SliceV):
            return Slice(self.operand(value.start), self.operand(value.stop), self.operand(value.step))
        if isinstance(value, Poison):
            self.refuse("this value is not known", value.why, "give it the same kind of value on every path")
        if value is UNBOUND:
            self.refuse("a name is used before it is bound", "no assignment reaches this use", "assign to it first")
        self.refuse(
            f"{describe(value)} is used as a value", "it has no representation in the generated program",
            "call it, loop over it, or turn it into a list or an array first")

    def read(self, ref: Ref) -> Operand:
        """The current contents of what a reference sees."""
        value: Any = self.state.heap[ref.slot]
        for step in ref.path:
            value = self.view(value, step)
        return value  # type: ignore[no-any-return]

    def view(self, array: Operand, step: Step) -> Operand:
        if step.kind == "index":
            return self.b.emit("index", array, step.detail)
        if step.kind == "T":
            return self.b.emit("np.transpose", array, step.detail)
        if step.kind == "reshape":
            return self.b.emit("np.reshape", array, step.detail)
        if step.kind == "flat":
            return self.b.emit("np.reshape", array, Lit(-1))
        if step.kind == "item":
            return self.b.emit("item", array, step.detail)
        assert isinstance(step.detail, Seq)
        return self.b.emit(step.kind, array, *step.detail.items)

    def read_select(self, value: Select) -> Operand:
        then, orelse = value.then, value.orelse
        key = ("select", id(value.condition), self.version(then), self.version(orelse))
        for scope in reversed(self.b.scopes):
            if key in scope.known:
                return scope.known[key]
        result = self.choose(value.condition, lambda: then, lambda: orelse, as_value=True)
        operand = self.operand(result)
        if isinstance(operand, Var):
            self.b.scopes[-1].known[key] = operand
        return operand  # type: ignore[return-value]

    def version(self, value: Value) -> Any:
        """Equal as long as reading the value gives the same Var."""
        if isinstance(value, Ref):
            return (id(self.state.heap[value.slot]), value.path)
        if isinstance(value, Select):
            return (id(value.condition), self.version(value.then), self.version(value.orelse))
        if isinstance(value, Num):
            return id(value.operand)
        return value

    def wrap(self, operand: Arg, *, shares: tuple[Value, ...] = ()) -> Value:
        """An operation's result as a value. `shares`: values whose memory it may be a view of."""
        if isinstance(operand, Lit):
            return Static(operand.value)
        if isinstance(operand, Seq):
            items = tuple(self.wrap(item, shares=shares) for item in operand.items)
            return ListV(self.new(Items(items))) if operand.kind == "list" else TupleV(items)
        if not isinstance(operand, Var):
            self.refuse("one of two dictionaries or objects is used as a value", "which of them is only known when the program runs",
                        "choose between the values in them instead")
        type = operand.type
        if isinstance(type, Array) and type.dtype == "object":
            self.refuse("an array of Python objects is made", "there is no derivative with respect to an object", "use an array of floats")
        if isinstance(type, Array) and type.dtype == "void":
            self.refuse("a structured array is made", "its elements have fields, and are no numbers", "use an array for each field")
        if isinstance(type, Array):
            slot = self.new(operand)
            self.state.entangle(slot, {s for v in shares for s in slots(v)})
            return Ref(slot)
        if isinstance(type, Tuple):
            items = tuple(self.wrap(self.b.emit("item", operand, n), shares=shares) for n in range(len(type.items)))
            return TupleV(items, whole=operand)
        if isinstance(type, List):
            slot = self.new(operand)
            self.state.entangle(slot, {s for v in shares for s in slots(v)})
            return ListV(slot)
        return Num(operand)

    def call_op(self, name: str, args: tuple[Arg, ...], values: tuple[Value, ...] = ()) -> Value:
        """Emit an operation and wrap its result; a view's slot is entangled with what it views."""
        op = OPS[name]
        result = self.b.emit(name, *args)
        shares = tuple(values[k] for k in op.views if k < len(values)) if op.views else ()
        if isinstance(result, Var):
            self.origin.setdefault(result, args)
        if self.witness is not None and isinstance(result, Var) and result in self.witness.env:
            shares = tuple(share for share in shares if self.shares(result, share))
        value = self.wrap(result, shares=shares)
        if isinstance(value, Ref) and op.fresh and not any(isinstance(type_of(arg), Array) for arg in args):
            if not any(p.name == "order" for p in op.params) or views.asked_order(name, Let(None, name, args)):  # in C order
                self.state.owned.add(value.slot)
        return value

    def type(self, value: Value) -> Type:
        """The type of a value. What is read to find it is not read by the program: the value may be there on one path alone."""
        if isinstance(value, Num):
            return type_of(value.operand)
        with self.b.block():
            return type_of(self.operand(value))

    def static(self, value: Value, what: str) -> Any:
        """The value of something that must be known at compile time; integers are asked for as static."""
        if isinstance(value, Static):
            return value.value
        if isinstance(value, TupleV):
            return tuple(self.static(item, what) for item in value.items)
        if isinstance(value, Object):
            return keys.key_of(self, value, what)  # type: ignore[arg-type]
        if isinstance(value, ListV):
            contents = self.state.heap[value.slot]
            if isinstance(contents, Items):
                return [self.static(item, what) for item in contents.items]
        if isinstance(value, Num) and isinstance(value.operand, Var):
            sources = self.sources(value.operand) if self.witness is None else ()
            if sources:
                raise NeedStatic(sources)
            self.unroll_for(value)
        return self.decide(value, what)

    def unroll_for(self, value: Num) -> None:
        """Something is needed at compile time: unroll the loop whose index it is computed from, if there is one."""

    def unroll_here(self) -> None:
        """The way that this program goes is needed at compile time: unroll the innermost loop, if it can be."""

    def sources(self, var: Var) -> tuple[Var, ...]:
        """The integer parameters that an integer is computed from; empty if there is anything else in it."""
        if var in self.params:
            return (var,) if isinstance(var.type, Scalar) and var.type.dtype in ("int64", "bool") else ()
        args = self.origin.get(var)
        if args is None:
            return ()
        found: list[Var] = []
        for arg in args:
            for operand in _leaves(arg):
                if isinstance(operand, Var):
                    inner = self.sources(operand)
                    if not inner:
                        return ()
                    found.extend(inner)
        return tuple(dict.fromkeys(found))

    def name(self, value: Value, name: str) -> None:
        """Remember the user's name for a value, as the name of its Var."""
        if name.startswith("%"):
            return  # a name of ours
        target: Any = None
        if isinstance(value, Num):
            target = value.operand
        elif (isinstance(value, Ref) and not value.path) or isinstance(value, ListV):
            target = self.state.heap[value.slot]
        elif isinstance(value, Ref) and value.path[-1].kind == "item":
            target = self.read(value)
        if isinstance(target, Var) and target.hint is None:
            object.__setattr__(target, "hint", name)

    def shares(self, result: Var, source: Value) -> bool:
        """Whether, in this call, an operation's result is a view of one of its arguments."""
        assert self.witness is not None
        found, operand = self.witness.env[result], self.operand(source)
        if not isinstance(found, np.ndarray) or not isinstance(operand, Var) or not self.witness.knows(operand):
            return True
        self.by_layout = True
        given = self.witness.value(operand)
        return not isinstance(given, np.ndarray) or np.may_share_memory(found, given)

    # -- memory ------------------------------------------------------------------------------------------

    def write(self, ref: Value, index: Arg, value: Arg, op: str = "store", fits: bool = False) -> None:
        """`ref[index] = value` (op "store"), `+= value` ("iadd"), `-= value` ("isub"), or an operation of `rules.writes`.

        fits: the value has as many elements as are written, which matters for flat iterators only.
        """
        if isinstance(ref, Select):
            self.choose(ref.condition, lambda: self._write(ref.then, index, value, op), lambda: self._write(ref.orelse, index, value, op))
            return
        if not isinstance(ref, Ref):
            self.refuse(f"an item of {describe(ref)} is assigned", "only arrays, lists and dictionaries have items to assign",
                        "make it an array with np.zeros first")
        if any(not registry.can_write(step.kind, self.type(Ref(ref.slot, ref.path[:n]))) for n, step in enumerate(ref.path)):
            self.refuse("a read-only view is written", "NumPy raises ValueError here", "write into a copy")
        if isinstance(value, Seq):
            value = self.b.emit("np.array", value)
        if views.is_flat(ref) and not fits:
            value = views.fitted(self, ref, index, value)
        self.before_write(ref.slot)
        self.state.written |= self.state.may_be([ref.slot])
        self.ever_written |= self.state.may_be([ref.slot])
        old = self.state.heap[ref.slot]
        assert isinstance(old, (Var, Lit))
        if rank(type_of(old)) == 0 and all(_is_whole(part) for part in (index, *(step.detail for step in ref.path if step.kind == "index"))):
            # NumPy's arithmetic makes numbers of 0-d arrays, into which nothing can be written.
            number = value if op == "store" else self.b.emit(_ON_NUMBERS[op], old, value)
            if rank(type_of(number)) not in (0, None):
                number = self.b.emit("np.reshape", number, Lit(()))
            self.state.heap[ref.slot] = self.b.emit("np.full_like", old, number, hint=old.hint if isinstance(old, Var) else None)
            return
        hint = old.hint if isinstance(old, Var) else None
        new = views.written(self, old, ref, index, value, op, hint)
        if isinstance(old, Var) and isinstance(new, Var) and old in self.partial:
            self.partial[new] = self.partial[old]
        self.state.heap[ref.slot] = new

    def _write(self, ref: Value, index: Arg, value: Arg, op: str) -> Value:
        self.write(ref, index, value, op)
        return NONE

    def change(self, slot: int, contents: Contents) -> None:
        """Give a list, a dictionary or an object new contents."""
        where = next((self.held_outside[other] for other in sorted(self.state.may_be([slot])) if other in self.held_outside), None)
        if where is not None:
            self.refuse(f"`{where}` lives outside, and is changed", "the gradient call would change a copy of it, and the next call begin with what it held",
                        "pass it as an argument, or collect the values in a list or dictionary of the function's own, and return it")
        others = self.state.twins.get(slot, frozenset())
        if others and others & reachable(self.state, self.live_values()):
            self.refuse("a list, a dictionary or an object is changed that may be another one in use",
                        "a loop or a branch bound its name to another one, or did not", "change a copy")
        self.state.written |= self.state.may_be([slot])
        self.state.heap[slot] = contents

    def before_write(self, slot: int) -> None:
        """Refuse to write where it is not known which arrays see the write."""
        for external in self.externals:
            external.apart = True
        if self.frozen and self.state.may_be([slot]) & self.frozen:
            self.refuse("an array is written that a generator reads", "the generator is consumed step by step", "make a list of its items first")
        others = self.state.entangled.get(slot, frozenset())
        if others:
            alive = reachable(self.state, self.live_values())
            if any(other in alive and other in self.state.heap for other in others):
                for other in sorted(self.state.may_be([slot, *(o for o in others if o in alive)])):
                    self.need_choices(self.loop_outs.get(other))
                if self.layout_matters and self.witness is None:
                    self.ask_for_layout()
                self.refuse(
                    "an array is written that may share memory with another one in use",
                    "whether it is a view or a copy is not known before the program runs",
                    "write into a copy: `y = y.copy()`")

    def ask_for_layout(self) -> None:
        """Ask how the arguments lie in memory, if that is not known; then the program is lowered again."""

    def is_live(self, frame: int, name: str) -> bool:
        """Whether a name may be read from now on (the statements know)."""
        return True

    def is_live_again(self, frame: int, name: str) -> bool:
        """Whether a name may be read from the end of the body of the loop that is being lowered on."""
        return True

    def live_values(self) -> Iterator[Value]:
        """All values that names are bound to (refined by the statements that know what is used later)."""
        for frame in self.state.frames.values():
            yield from frame.values()

    # -- branches ----------------------------------------------------------------------------------------

    @contextmanager
    def opened(self) -> Iterator[list[Scope]]:
        """A new block; yields the chain of scopes by which it can be reopened."""
        region, forks, taken = self.region, len(self.forks), len(self.taken)
        if region is None:
            self.region = (self.node, self.source.file)
        try:
            with self.b.block():
                yield list(self.b.scopes)
        finally:
            self.region = region
            del self.forks[forks:], self.taken[taken:]  # what an exception of ours has left open

    @contextmanager
    def given(self, condition: Operand, holds: bool) -> Iterator[None]:
        """Execute one side of a branch."""
        self.taken.append((condition, holds))
        try:
            yield
        finally:
            self.taken.pop()

    def is_undefined_here(self, value: Any) -> bool:
        """Whether a value may not exist at this place, because it was made on a path that need not have been taken."""
        return isinstance(value, Var) and value in self.partial and self.partial[value] not in self.taken

    def choose(self, condition: Operand, then: Callable[[], Value], orelse: Callable[[], Value], *,
               as_value: bool = False, span: Span | None = None) -> Value:
        """`then() if condition else orelse()`: both are executed, each in a block, and their states merged.

        `as_value`: the result is only read, so two arrays merge into the contents of either.
        """
        if self.is_concrete():
            return then() if self.decide_truth(condition) else orelse()
        base, node = self.state, self.node

        def execute(side: Callable[[], Value]) -> Leaf:
            value = side()
            if as_value and value is not None:
                operand = self.operand(value)
                if isinstance(operand, Seq) and operand.kind == "list":
                    operand = self.b.emit("list", operand)
                value = Num(operand) if isinstance(operand, (Var, Lit)) else self.wrap(operand)
            return Leaf("value", self.state, value)

        nodes = []
        for side in (then, orelse):
            self.state, self.node = base.copy(), node
            with self.opened() as scopes, self.given(condition, side is then):
                nodes.append(Node(scopes, self.block(lambda side=side: execute(side))))  # type: ignore[misc]
        self.state, self.node = base, node
        return self.settle(Split(condition, nodes[0], nodes[1], span, base, (node, self.source.file)), ("value",))

    def merge(self, condition: Operand, scopes_a: list[Scope], a: State | None, va: Value | None,
              scopes_b: list[Scope], b: State | None, vb: Value | None, span: Span | None, base: State) -> tuple[State, Value]:
        """One state out of the two that a branch ends with; emits the If. A side without a state raises."""
        from .merge import Merger

        if a is None and b is None:
            self.b.add(If((), condition, Block((), tuple(scopes_a[-1].stmts), Raise()),
                          Block((), tuple(scopes_b[-1].stmts), Raise()), span))
            raise Unreachable
        merger = Merger(self, condition, scopes_a, a, scopes_b, b, base)
        merged, value = merger.run(va, vb)
        ends: list[Any] = [Raise() if side is None else Yield(tuple(values))
                           for side, values in ((a, merger.yields_a), (b, merger.yields_b))]
        self.b.add(If(tuple(merger.outs), condition, Block((), tuple(scopes_a[-1].stmts), ends[0]),
                      Block((), tuple(scopes_b[-1].stmts), ends[1]), span))
        return merged, value


# What an operation that writes does to a number.
_ON_NUMBERS = {"iadd": "+", "add_at": "+", "isub": "-", "sub_at": "-", "mul_at": "*", "div_at": "/", "max_at": "np.maximum", "min_at": "np.minimum"}


def _is_whole(index: Arg) -> bool:
    """Whether an index means all of what is left of a 0-d array: `...`, `()`, `None`, or the only element of a new axis."""
    if isinstance(index, Seq):
        return all(map(_is_whole, index.items))
    if isinstance(index, Slice):
        return all(isinstance(part, Lit) and part.value is None for part in (index.start, index.stop, index.step))
    return isinstance(index, Lit) and (index.value is Ellipsis or index.value is None or (type(index.value) is int and index.value in (0, -1)) or (
        isinstance(index.value, slice) and index.value == slice(None)))


def _leaves(arg: Arg) -> Iterator[Operand]:
    from ...ir.nodes import operands

    return operands(arg)


def _header_end(text: str) -> int:
    """Position after the colon that ends a compound statement's header."""
    depth = 0
    quote = ""
    for n, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == ":" and depth == 0 and "lambda" not in text[:n]:
            return n + 1
    return len(text)


def describe(value: Any) -> str:
    """What a value is, in an error message."""
    if isinstance(value, Static):
        if value.value is None or isinstance(value.value, (str, int, float)):
            return repr(value.value)
        return f"`{getattr(value.value, '__name__', value.value)}`"
    if isinstance(value, Object):
        return f"an object of class `{value.cls.__name__}`"
    names = {Num: "a number", Ref: "an array", TupleV: "a tuple", ListV: "a list", DictV: "a dictionary", Closure: "a function",
             Method: "a method", Bound: "a method", Super: "`super()`", Partial: "a function", Range: "a range", Lazy: "a view", IteratorV: "an iterator",
             SetV: "a set", SliceV: "a slice", Select: "one of two values", Manager: "a context manager", Generator: "a generator"}
    return names.get(type(value), "this value")


def phi_type(a: Arg, b: Arg) -> Type | None:
    """The type of a value that is `a` on one path and `b` on another."""
    if a is UNDEFINED:
        return renew(type_of(b))
    if b is UNDEFINED:
        return renew(type_of(a))
    joined = join(type_of(a), type_of(b))
    return None if joined is None else renew(joined)


__all__ = ["OBJECT", "Machine", "NeedStatic", "Num", "Poison", "Refusal", "Unreachable", "UnsupportedError", "describe", "literal_type",
           "np", "phi_type", "same_arg"]
