"""The intermediate representation: structured, single assignment, memory as values.

A `Var` is defined once and means one value for good: also an array's contents. Writing into an
array is an operation that takes the old contents and returns the new ones (`store`, `accumulate`,
`append`), so every pass sees plain data flow, and a fact is a dictionary keyed by `Var`.
Which of these writes happen in place, and where a copy is needed, is decided once, at the very
end (`backend/inplace`), from aliases and liveness; no other pass has to think about memory.

Control flow stays structured: `If`, `For` and `While` hold blocks, take carried values in and give
results out. A block ends with `Yield`, `Break`, `Raise`, or with a `Branch` whose two blocks end in
turn (the only place where a `Break` can stand under a condition).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from .types import Type


@dataclass(frozen=True)
class Span:
    """A piece of the user's source: where it stands, and the text of the whole statement.

    Each time that the frontend executes a statement, it makes another one. `caller` is that of the statement which has called the function.
    """

    file: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    text: str = ""
    function: str = ""
    caller: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class Var:
    """One value. `hint` is the name the user gave it (or None for an intermediate result)."""

    type: Type
    hint: str | None = None

    def __repr__(self) -> str:
        return f"<{self.hint or 't'}:{self.type}>"


@dataclass(frozen=True, eq=False)
class Lit:
    """A constant: a Python or NumPy scalar, None, a string, a dtype, a function."""

    value: Any

    def __repr__(self) -> str:
        return f"Lit({self.value!r})"


@dataclass(frozen=True, eq=False)
class Seq:
    """A tuple of operands, as an argument: `np.concatenate((a, b))`, `x[i, j]`. kind: "tuple" or "list"."""

    items: tuple[Arg, ...]
    kind: str = "tuple"


@dataclass(frozen=True, eq=False)
class Slice:
    """`start:stop:step` inside an index; absent parts are Lit(None)."""

    start: Arg
    stop: Arg
    step: Arg


@dataclass(frozen=True, eq=False)
class Make:
    """A mapping or an object with named parts: `cls(**parts)` (dict, namedtuple, dataclass).

    As the pattern of a parameter it says how the argument is taken apart.
    """

    cls: Any
    keys: tuple[Any, ...]
    items: tuple[Arg, ...]


Operand = Union[Var, Lit]
Arg = Union[Var, Lit, Seq, Slice, Make]

UNDEFINED = Lit("<undefined>")  # what an If yields for a value that this branch does not have


@dataclass(frozen=True, eq=False)
class Let:
    """`out = op(*args)`. Arguments are in the order of the operation's parameters, all of them present.

    `out` is None for an operation done for its effect only (print, raise, push).
    """

    out: Var | None
    op: str
    args: tuple[Arg, ...]
    span: Span | None = None


@dataclass(frozen=True, eq=False)
class Yield:
    """Ends a block: the values of the enclosing If's results, or of the loop's next carried values."""

    values: tuple[Arg, ...]


@dataclass(frozen=True, eq=False)
class Break:
    """Ends a loop: `values` become the loop's results."""

    values: tuple[Arg, ...]


@dataclass(frozen=True, eq=False)
class Raise:
    """The end is never reached: the statement before it raises."""


@dataclass(frozen=True, eq=False)
class Branch:
    """Ends a loop's body one way or the other; each block ends in Yield, Break, Raise or Branch."""

    condition: Arg
    then: Block
    orelse: Block
    span: Span | None = None


End = Union[Yield, Break, Raise, Branch]


@dataclass(frozen=True, eq=False)
class Block:
    params: tuple[Var, ...]
    stmts: tuple[Stmt, ...]
    end: End


@dataclass(frozen=True, eq=False)
class If:
    """`outs = then() if condition else orelse()`; the blocks have no parameters and see outer values.

    A block that raises yields nothing. Blocks under an If never end in Break (see Branch).
    """

    outs: tuple[Var, ...]
    condition: Arg
    then: Block
    orelse: Block
    span: Span | None = None


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """How many states of a loop its derivative may keep (None: as many as seem reasonable), and whether on disk; the others are computed again."""

    budget: int | None
    spill: bool = False


@dataclass(frozen=True, eq=False)
class For:
    """`for body.params[0] in range(start, stop, step)`, carrying body.params[1:].

    `reverse` runs over `reversed(range(...))`, still naming the range in its forward direction.
    `outs[k]` is the k-th yielded (or broken-out-with) value of the last iteration, `inits[k]` if there is none.
    `trips`, if asked for, is the number of iterations begun. `checkpoints`: see `transform/checkpoints`.
    """

    outs: tuple[Var, ...]
    start: Arg
    stop: Arg
    step: Arg
    inits: tuple[Arg, ...]
    body: Block
    reverse: bool = False
    trips: Var | None = None
    span: Span | None = None
    checkpoints: Checkpoints | None = None


@dataclass(frozen=True, eq=False)
class While:
    """`while True`, carrying body.params; the body leaves by a Break. `trips` as in For: iterations begun,
    where the one that only evaluates a false condition and breaks counts too."""

    outs: tuple[Var, ...]
    inits: tuple[Arg, ...]
    body: Block
    trips: Var | None = None
    span: Span | None = None
    checkpoints: Checkpoints | None = None


@dataclass(frozen=True, eq=False)
class Pullback:
    """What follows is the body of a nested function `pullback(*params)`, or of another name; it ends the forward sweep.

    `value` is what the outer function returns beside the pullback.
    """

    params: tuple[Var, ...]
    value: Arg
    name: str = "pullback"


@dataclass(frozen=True, eq=False)
class Vjp:
    """Values and adjoints of a block: a derivative inside a program, as long as it may have to be differentiated itself.

    `block` is a function of its own: it sees its parameters, which are `args`, and nothing else, and ends with its results, one by one.
    `seeds` are the adjoints of these, None where there is none. `outs` are the results, and then the adjoints of the parameters in `wrt`.
    `transform/nested` makes a forward and a reverse sweep of it.
    """

    outs: tuple[Var, ...]
    block: Block
    args: tuple[Arg, ...]
    wrt: tuple[int, ...]
    seeds: tuple[Arg | None, ...]
    span: Span | None = None


Stmt = Union[Let, If, For, While, Pullback, Vjp]


@dataclass(frozen=True, eq=False)
class Program:
    """A function: parameters, body and result.

    `signature` gives for each printed parameter its name and its pattern: the Var that it is, a Lit for
    a static value (None, a string, a function: part of the dispatch key), or a nest (Seq, Make) of these.
    `body.params` are the Vars of all patterns in order. `body.end` is `Yield((result,))`, where
    result is again a nest.
    `callees` are functions that the body calls by name (op "call", see `transform/calls`).
    """

    name: str
    signature: tuple[tuple[str, Arg], ...]
    body: Block
    span: Span | None = None
    callees: tuple[Program, ...] = ()
    doc: str = ""

    def __str__(self) -> str:
        from .text import text

        return text(self)


def operands(arg: Any) -> Iterator[Operand]:
    """The Vars and Lits in an argument, left to right."""
    if isinstance(arg, (Var, Lit)):
        yield arg
    elif isinstance(arg, (Seq, Make)):
        for item in arg.items:
            yield from operands(item)
    elif isinstance(arg, Slice):
        yield from operands(arg.start)
        yield from operands(arg.stop)
        yield from operands(arg.step)


def variables(arg: Any) -> Iterator[Var]:
    """The Vars in an argument, left to right, repeats included."""
    if isinstance(arg, Var):
        yield arg
    elif not isinstance(arg, Lit):
        for operand in operands(arg):
            if isinstance(operand, Var):
                yield operand
