"""Batched block -> a loop that goes through the directions by so many at a time.

    t = np.eye(n)                               y_dot = np.empty((n, n))
    y_dot = 2 * t[:, ::-1] * x                  for k in range(0, n, 64):
                                                    m = min(64, n - k)
                                                    t = np.eye(m, n, k)
                                                    y_dot[k:k + m] = 2 * t[:, ::-1] * x

All directions at once share the interpreter's work, but their arrays leave the cache, and may not fit into memory. How many are taken is what the user says, or as many
as fit into the cache. What does not depend on the directions stays before the loop. Results of which it can be said beforehand how large they are, are
written where they belong; others are joined.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..ir.build import Builder, type_of
from ..ir.nodes import Arg, Block, For, Let, Lit, Operand, Seq, Slice, Span, Stmt, Var, While, Yield, operands, variables
from ..ir.ops import OPS
from ..ir.types import DIRECTIONS, INT, Array, Dim, Extent, List, Scalar, Type, is_unknown, unknown_extent
from ..ir.walk import all_stmts, blocks, defined, free, stmt_args, substitute_stmt, uses
from ..rules.structure import index_items, is_advanced, is_full
from ..simplify.factors import factors

# Numbers that an array of some directions may hold. As many as are computed at once lie in the second-level cache, and take NumPy ten times as long as calling it does;
# from 256 KB on, it computes in the memory of temporaries. An array of which a loop goes through small parts may hold more: 8 MB.
CACHE = 36_000
MEMORY = 1_000_000
FEW = 8  # directions: not fewer at a time where the function is evaluated once more for these, unless the user says so


def rows() -> Var:
    """The number of directions that are taken at a time."""
    return Var(Scalar("int64", True, DIRECTIONS), "rows")


@dataclass(frozen=True)
class Directions:
    """All directions: how many there are, how many are taken at a time (None: as many as fit into the cache), and
    (number of directions, the first of them) -> the arguments of the block, emitted."""

    size: Operand
    at_a_time: int | None
    vectors: Callable[[Operand, Operand], Sequence[Operand]]


def in_chunks(b: Builder, batched: Block, count: Var, directions: Directions, known: Sequence[Operand], wanted: Sequence[bool], likes: Sequence[Operand | None],
              repeated: bool = False) -> list[Operand] | None:
    """The results of a batched block, emitted; None if there can be no loop.

    count: what the block takes for the number of directions, `rows()`. known: values that are known where the block stands. wanted: which leaves of the
    result are batched, and found; of the others, those that the loop would give are None. likes: for each leaf a value of the shape that it has in one direction. repeated:
    all of the block may be done once more for each chunk.
    """
    assert isinstance(batched.end, Yield)
    fixed, moving = _split(batched, count)
    separate = _is_separate(b.stmts, fixed, moving)
    if not separate:
        if not repeated:
            return None
        fixed, moving = [], [*batched.stmts]
    if not repeated and not is_pure(moving):
        return None
    results = list(operands(batched.end.values[0]))
    inside = {v for stmt in moving for v in defined(stmt)} | {*batched.params, count}
    chosen = [n for n, result in enumerate(results) if wanted[n] and result in inside]
    fixed, moving = factors(fixed, moving, [results[n] for n in chosen], inside, batched.params)
    for stmt in fixed:
        b.add(stmt)
        if isinstance(stmt, Let) and stmt.out is not None:
            b.made[stmt.out] = stmt
    extents = _Extents(b, known, {v for stmt in fixed for v in defined(stmt)})
    step = _step(b, directions, extents, batched.params, moving)
    if not separate and directions.at_a_time is None:
        step = b.emit("max", Seq((step, Lit(FEW))), type=INT, hint="chunk")
    parts = [_Part(b, extents, moving, [results[m] for m in chosen], results[n], likes[n], directions.size) for n in chosen]
    if not any(isinstance(stmt, Let) and stmt.op == "mark" for stmt in b.stmts):
        b.add(Let(None, "mark", (Lit("directions"),)))
    first = Var(INT, "k")
    with b.block() as stmts:
        b.add(Let(count, "min", (Seq((step, b.emit("-", directions.size, first))),)))
        given = dict(zip(batched.params, directions.vectors(count, first)))
        rows_of_all = Slice(first, b.emit("+", first, count, type=INT), Lit(None))
        for stmt in _into(moving, parts, rows_of_all):
            b.add(substitute_stmt(stmt, lambda v: given.get(v, v)))
    outs = tuple(Var(part.type, "jacobian") for part in parts)
    stop = directions.size if all(part.shape is not None for part in parts) else b.emit("max", Seq((directions.size, Lit(1))))  # to join, there must be one
    b.add(For(outs, Lit(0), stop, step, tuple(part.begun for part in parts), Block((first, *(part.old for part in parts)), tuple(stmts),
                                                                                  Yield(tuple(part.last for part in parts)))))
    found = {n: part.joined(b, out) for n, part, out in zip(chosen, parts, outs)}
    return [found.get(n, Lit(None) if result in inside else result) for n, result in enumerate(results)]


def _split(block: Block, count: Var) -> tuple[list[Stmt], list[Stmt]]:
    """The statements that do not depend on the directions, and those that do."""
    depends: set[Var] = {*block.params, count}
    fixed: list[Stmt] = []
    moving: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, Let) and stmt.op == "mark":
            continue
        reads = [v for arg in stmt_args(stmt) for v in variables(arg)] + [v for inner in blocks(stmt) for v in free(inner)]
        if depends.isdisjoint(reads):
            fixed.append(stmt)
        else:
            moving.append(stmt)
            depends.update(defined(stmt))
    return fixed, moving


def _is_separate(before: Sequence[Stmt], fixed: Sequence[Stmt], moving: Sequence[Stmt]) -> bool:
    """Whether what depends on the directions neither pops what others have pushed, nor the other way round, and there is no error state that holds for a
    part of them."""
    pushed, popped = _tapes(moving)
    pushed_by_others, popped_by_others = (a | b for a, b in zip(_tapes(before), _tapes(fixed)))
    if pushed & popped_by_others or popped & pushed_by_others or not popped <= pushed:
        return False
    return not any(isinstance(stmt, Let) and stmt.op in _ERRORS for stmt in _inside([*fixed, *moving]))


def is_pure(stmts: Sequence[Stmt]) -> bool:
    """Whether statements do nothing but compute, and keep values for the reverse sweep."""
    return not any(isinstance(stmt, Let) and OPS[stmt.op].effect and stmt.op not in (*_TAPES, "mark") for stmt in _inside(stmts))


_ERRORS = ("np.seterr", "rt.set_errors")
_TAPES = ("push", "pop", "tape_len")


def _tapes(stmts: Sequence[Stmt]) -> tuple[set[str], set[str]]:
    """The tapes that statements push to, and those that they pop."""
    pushed: set[str] = set()
    popped: set[str] = set()
    for stmt in _inside(stmts):
        if isinstance(stmt, Let) and stmt.op in _TAPES:
            assert isinstance(stmt.args[0], Lit)
            (pushed if stmt.op == "push" else popped).add(stmt.args[0].value)
    return pushed, popped


def _inside(stmts: Sequence[Stmt]) -> Iterable[Stmt]:
    return all_stmts(Block((), tuple(stmts), Yield(())))


# -- where the results go ------------------------------------------------------------------------------------


_ZEROS = ("np.zeros", "rt.zeros_along")
_WRITES = ("store", "iadd", "isub", "add_at", "sub_at")


class _Part:
    """A result, for all directions: an array that is filled, or, if it cannot be said beforehand how large that is, a list that grows.

    begun: its contents before the loop. old, last: those at the beginning and at the end of an iteration. root, writes: the statement that makes the
    result of an iteration, and those that write into it.
    """

    def __init__(self, b: Builder, extents: _Extents, stmts: Sequence[Stmt], results: Sequence[Operand], result: Operand, like: Operand | None,
                 size: Operand) -> None:
        own = type_of(result)
        assert isinstance(own, Array)
        count = type_of(size)
        extent = count.extent if isinstance(count, Scalar) and count.extent is not None else size.value if isinstance(size, Lit) else unknown_extent()
        self.whole = Array(own.dtype, None if own.shape is None else (extent, *own.shape[1:]))
        self.result = result
        self.shape = extents.shape(own.shape, like)
        self.root, self.writes = _begun(stmts, results, result)
        self.type: Type = List(own) if self.shape is None else self.whole
        self.begun: Operand
        if self.shape is None:
            self.begun = b.emit("empty_list", Lit(None), type=self.type)
        else:
            make = "np.zeros" if self.root is not None and self.writes and self.root.op in _ZEROS else "np.empty"
            self.begun = b.emit(make, Seq((size, *self.shape)), Lit(own.dtype), type=self.type, hint="jacobian")
        self.old = self.last = Var(self.type, "jacobian")

    def write(self, op: str, value: Arg, span: Span | None, *path: Arg) -> Let:
        """A write into the array."""
        old, self.last = self.last, Var(self.type, "jacobian")
        return Let(self.last, op, (old, Seq(path), value), span)

    def append(self) -> Let:
        self.last = Var(self.type)
        return Let(self.last, "append", (self.old, self.result))

    def joined(self, b: Builder, out: Var) -> Operand:
        """The result for all directions, after the loop."""
        return out if self.shape is not None else b.emit("np.concatenate", out, Lit(0), type=self.whole)


def _begun(stmts: Sequence[Stmt], results: Sequence[Operand], result: Operand) -> tuple[Let | None, list[Let]]:
    """The statement that made an array which only its last contents are used of, and those that have written into it since."""
    made = {stmt.out: stmt for stmt in stmts if isinstance(stmt, Let) and stmt.out is not None}
    counts = Counter(uses(Block((), tuple(stmts), Yield(tuple(results)))))
    writes: list[Let] = []
    let = made.get(result) if isinstance(result, Var) and counts[result] == 1 else None
    while let is not None and let.op in _WRITES and isinstance(let.args[0], Var) and counts[let.args[0]] == 1 and let.args[0] in made:
        writes.insert(0, let)
        let = made[let.args[0]]
    return let, writes


def _into(stmts: Sequence[Stmt], parts: Sequence[_Part], rows: Slice) -> list[Stmt]:
    """The statements with each result written where it belongs; what is made by writing is made there. An array that begins as zeros does so."""
    news: dict[Stmt, list[Let]] = {}
    last: list[Let] = []
    whole = Seq((Lit("index"), rows))
    for part in parts:
        root = part.root
        if part.shape is None:
            last.append(part.append())
        elif root is None or not part.writes:
            last.append(part.write("store", part.result, None, whole))
        else:
            assert root.out is not None
            news[root] = [] if root.op in _ZEROS else [part.write("store", root.args[0], root.span, whole)] if root.op == "copy" else [
                root, part.write("store", root.out, root.span, whole)]
            for n, let in enumerate(part.writes):
                _, path, value = let.args
                assert isinstance(path, Seq)
                begins = n == 0 and root.op in _ZEROS and let.op in ("iadd", "add_at") and _is_basic(path)
                news[let] = [part.write("store" if begins else let.op, value, let.span, *_joined(rows, path))]
    return [new for stmt in stmts for new in news.get(stmt, [stmt])] + last


def _is_basic(path: Seq) -> bool:
    """Whether a path leads to each element once."""
    steps = [step.items for step in path.items if isinstance(step, Seq)]
    return all(isinstance(kind, Lit) and kind.value == "index" and not any(is_advanced(item) for item in index_items(index)) for kind, index in steps)


def _joined(part: Slice, path: Seq) -> tuple[Arg, ...]:
    """The path inside a part of an array; `a[k:l][:, 1:]` is `a[k:l, 1:]`."""
    first, *rest = path.items
    assert isinstance(first, Seq)
    kind, index = first.items
    if isinstance(kind, Lit) and kind.value == "index" and isinstance(index, Seq) and index.kind == "tuple" and index.items and is_full(index.items[0]) \
            and isinstance(index.items[0], Slice) and not any(is_advanced(item) for item in index.items):
        return (Seq((kind, Seq((part, *index.items[1:])))), *rest)
    return (Seq((Lit("index"), part)), first, *rest)


# -- how many directions ------------------------------------------------------------------------------------


def _step(b: Builder, directions: Directions, extents: _Extents, params: Sequence[Var], stmts: Sequence[Stmt]) -> Operand:
    """The number of directions that are taken at a time."""
    if directions.at_a_time is not None:
        return Lit(directions.at_a_time)
    everything = extents.largest([*params, *(v for stmt in _inside(stmts) for v in defined(stmt))])
    loops = [stmt for stmt in stmts if isinstance(stmt, (For, While))]
    computed = extents.largest([v for loop in loops for stmt in _inside(loop.body.stmts) if isinstance(stmt, Let) and stmt.op not in (*_WRITES, *_READS)
                                for v in defined(stmt)]) if loops else everything
    limits = [(CACHE, computed), (MEMORY, everything)] if computed != everything else [(CACHE, everything)]
    found = [b.emit("rt.chunk_size", Lit(limit), Seq(tuple(extents.product(*one) for one in sizes.items())), hint="chunk") for limit, sizes in limits if sizes]
    return found[0] if len(found) == 1 else b.emit("min", Seq(tuple(found)), type=INT, hint="chunk") if found else directions.size


_READS = ("index", "item", "list_item", "pop", "copy")


class _Extents:
    """Extents as values: read off arrays that have them."""

    def __init__(self, b: Builder, known: Sequence[Operand], fixed: set[Var]) -> None:
        self.b = b
        self.there = {*known, *fixed}
        self.symbols: dict[str, tuple[Operand, int]] = {}
        for value in known:
            type = type_of(value)
            for axis, extent in enumerate(type.shape or () if isinstance(type, Array) else ()):
                if isinstance(extent, Dim) and not extent.offset and not is_unknown(extent):
                    self.symbols.setdefault(extent.name, (value, axis))

    def shape(self, extents: tuple[Extent, ...] | None, like: Operand | None) -> tuple[Operand, ...] | None:
        """The shape of one direction: as its extents say, or as that of a value. None if it is not known."""
        if extents is None:
            return None
        # A part of an array that is smaller than the part is empty, so that `n - 3` would not say how large it is.
        if all(isinstance(extent, int) or (extent.name in self.symbols and extent.offset >= 0) for extent in extents[1:]):
            return tuple(map(self.value, extents[1:]))
        if like is None or like not in self.there:
            return None
        shape = self.b.emit("np.shape", like)
        return tuple(self.b.emit("index", shape, Lit(axis)) for axis in range(len(extents) - 1))

    def value(self, extent: Extent) -> Operand:
        if isinstance(extent, int):
            return Lit(extent)
        symbol = self.symbol(extent.name)
        return self.b.emit("+", symbol, Lit(extent.offset)) if extent.offset else symbol

    def symbol(self, name: str) -> Operand:
        array, axis = self.symbols[name]
        return self.b.emit("index", self.b.emit("np.shape", array), Lit(axis))

    def largest(self, values: Iterable[Var]) -> dict[tuple[str, ...], int]:
        """How many numbers the largest values hold for each direction, as symbols and a factor; nothing of those of which it cannot be said."""
        found: dict[tuple[str, ...], int] = {}
        for value in values:
            type = value.type
            if not isinstance(type, Array) or not type.shape or type.shape[0] != DIRECTIONS:
                continue
            symbols = [extent.name for extent in type.shape[1:] if not isinstance(extent, int)]
            if all(name in self.symbols for name in symbols):
                key = tuple(sorted(symbols))
                found[key] = max(found.get(key, 0), math.prod(extent for extent in type.shape[1:] if isinstance(extent, int)))
        return {key: number for key, number in found.items() if not any(other != key and _within(key, other) and number <= found[other] for other in found)}

    def product(self, symbols: tuple[str, ...], number: int) -> Operand:
        total: Operand | None = None if number == 1 and symbols else Lit(number)
        for name in symbols:
            total = self.symbol(name) if total is None else self.b.emit("*", self.symbol(name), total)
        assert total is not None
        return total


def _within(few: tuple[str, ...], many: tuple[str, ...]) -> bool:
    return all(few.count(name) <= many.count(name) for name in few)


__all__ = ["FEW", "Directions", "in_chunks", "is_pure", "rows"]
