"""Program -> Program: Jacobians, all directions at once.

    def f(x):                   def f_jacfwd(x):                         def f_jacrev(x):
        return x[1:] * x[0]         x_dot = np.eye(np.shape(x)[0])           y = x[1:] * x[0]
                                    y_dot = x_dot[:, 1:] * x[0] + ...        y_bar = np.eye(np.shape(y)[0])
                                    return y, np.transpose(y_dot)            ... the reverse sweep ...
                                                                             return y, x_bar

A Jacobian is the tangents of the results along all unit vectors of the inputs (`jacfwd`), or the cotangents of the inputs for all unit
vectors of the results (`jacrev`): a derivative program whose directions are one more axis (`transform/batch`). Where the directions cannot
be gone through together, they are one after the other, in a loop. Either way the function itself is evaluated once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, Union

from ..ir.build import Builder, type_of
from ..ir.nodes import (
    Arg,
    Block,
    Branch,
    For,
    If,
    Let,
    Lit,
    Make,
    Operand,
    Program,
    Pullback,
    Raise,
    Seq,
    Slice,
    Stmt,
    Var,
    While,
    Yield,
    operands,
)
from ..ir.ops import OPS
from ..ir.types import INT, OBJECT, Array, Dim, Extent, List, Scalar, Type, differentiable, kind, rank, unknown_extent
from ..ir.walk import all_stmts, renamed, substitute_end, substitute_stmt
from ..rules.table import RowError
from ..simplify.dead import dead
from ..simplify.dots import dots
from ..simplify.gather import gather
from ..simplify.signs import signs
from .batch import CannotBatch, batch
from .calls import called
from .chunks import FEW, Directions, in_chunks, is_pure, rows
from .forward import forward
from .nested import expand, with_other_tapes
from .reverse import reverse

ALL = Slice(Lit(None), Lit(None), Lit(None))

Chunk = Union[int, Literal["cache"], None]


def jacfwd(program: Program, wrt: tuple[Var, ...], *, name: str | None = None, chunk: Chunk = None) -> Program:
    """The program that also computes the Jacobian of its result, by forward mode: one direction for each element of `wrt`.

    Its result is a Seq: (value, Jacobian). The Jacobian is nested like the value; for each leaf that carries a derivative it holds a Seq
    with one array for each of `wrt`, of shape `leaf.shape + wrt.shape`; None for the others.
    chunk: how many directions are gone through at a time: a number; "cache": as many as fit into the cache, if the function allows it; None: all. If not all are,
    leaves of the value may be None.
    """
    name = name or f"{program.name}_jacfwd"
    derived, dot_params = forward(program, wrt, name=name, sparse=_several(wrt))
    derived = _simplified(expand(derived))
    callees = derived.callees
    body = Block(tuple(p for p in derived.body.params if p not in dot_params), (), derived.body.end)
    b = Builder()
    b.lenient = True
    unit = Basis(b, wrt, dot_params)
    for one in unit.parts:
        if kind(one.dtype) == "c":
            raise RowError("the Jacobian in forward mode with respect to complex numbers", "one number does not say how a result depends on both parts",
                           "use jacrev, if the result is real")
    assert isinstance(derived.body.end, Yield)
    pair = derived.body.end.values[0]
    assert isinstance(pair, Seq)
    value = pair.items[0]
    _check_leaves(value)
    count = sum(1 for _ in operands(value))
    repeated = Block(dot_params, derived.body.stmts, Yield((pair.items[1],)))
    try:
        found = _in_all_directions(b, Block(dot_params, derived.body.stmts, Yield((pair,))), unit, lambda n: n >= count, chunk, body.params,
                                   [*[None] * count, *operands(value)])
        assert isinstance(found, Seq)
        value, tangent = found.items
    except CannotBatch:
        _check_callees(derived.callees)
        b, value, more = _primal(program, derived)
        callees += more
        tangent, unit = _repeatedly(b, repeated, wrt, chunk, (*body.params, *operands(value)), [*operands(value)])
    jacobian = _tangents(b, unit, value, tangent)
    end = Yield((Seq((value, jacobian)),))
    return replace(derived, name=name, body=Block(body.params, tuple(b.stmts), end), callees=_called(callees, b))


def jacrev(program: Program, wrt: tuple[Var, ...], *, name: str | None = None, chunk: Chunk = None) -> Program:
    """The same by reverse mode: one direction for each element of the result."""
    name = name or f"{program.name}_jacrev"
    assert isinstance(program.body.end, Yield)
    leaves = [leaf for leaf in operands(program.body.end.values[0]) if differentiable(type_of(leaf))]
    derived = _simplified(expand(reverse(program, wrt, name=name, seed="pullback", sparse=_several(leaves))))
    callees, stmts = derived.callees, derived.body.stmts
    at = next(n for n, stmt in enumerate(stmts) if isinstance(stmt, Pullback))
    pullback = stmts[at]
    assert isinstance(pullback, Pullback) and isinstance(derived.body.end, Yield)
    b = Builder()
    b.lenient = True
    b.stmts.extend(stmts[:at])
    b.made.update((stmt.out, stmt) for stmt in stmts[:at] if isinstance(stmt, Let) and stmt.out is not None)
    leaves = [leaf for leaf in operands(pullback.value) if differentiable(type_of(leaf))]
    unit = Basis(b, leaves, pullback.params)
    for one in unit.parts:
        if kind(one.dtype) == "c":
            raise RowError("the Jacobian in reverse mode of a complex result", "one number does not say how both of its parts depend on the argument",
                           "return the real and the imaginary part")
    b.add(Let(None, "mark", (Lit("reverse"),)))
    rest = Block(pullback.params, stmts[at + 1:], derived.body.end)
    value = pullback.value
    try:
        bars = _in_all_directions(b, rest, unit, lambda n: True, chunk, (*derived.body.params, *leaves), wrt)
    except CannotBatch:
        _check_callees(derived.callees)
        b, value, more = _primal(program, derived)
        callees += more
        b.add(Let(None, "mark", (Lit("reverse"),)))
        leaves = [leaf for leaf in operands(value) if differentiable(type_of(leaf))]
        bars, unit = _repeatedly(b, Block(pullback.params, (*stmts[:at], *stmts[at + 1:]), derived.body.end), leaves, chunk,
                                (*derived.body.params, *leaves), wrt)
    assert isinstance(bars, Seq)
    jacobian = _cotangents(b, unit, value, bars.items, wrt)
    end = Yield((Seq((value, jacobian)),))
    return replace(derived, name=name, body=Block(derived.body.params, tuple(b.stmts), end), callees=_called(callees, b))


def _several(values: Sequence[Operand]) -> bool:
    """Whether there is more than one direction, so that unit vectors hold zeros."""
    return len(values) > 1 or any(rank(type_of(value)) != 0 for value in values)


def _check_leaves(value: Arg) -> None:
    """A Jacobian has the axes of the leaves of the result."""
    for leaf in operands(value):
        if differentiable(type_of(leaf)) and not isinstance(type_of(leaf), (Scalar, Array)):
            raise _shapeless(type_of(leaf))


def _shapeless(type: Type) -> RowError:
    what = "an array whose number of axes is not known" if isinstance(type, Array) else "a list whose length is not known"
    return RowError(f"the Jacobian of, or with respect to, {what}", "which axes it has cannot be said", "make it an array of one rank on every path")


def _called(callees: Sequence[Program], b: Builder) -> tuple[Program, ...]:
    """Those functions that are called."""
    known = {callee.name: callee for callee in callees}
    wanted: dict[str, None] = {}
    waiting = [Block((), tuple(b.stmts), Raise())]
    while waiting:
        for name in called(waiting.pop()):
            if name in known and name not in wanted:
                wanted[name] = None
                waiting.append(known[name].body)
    return tuple(callee for name, callee in known.items() if name in wanted)


def _simplified(program: Program) -> Program:
    for simplify in (signs, dead, dots, gather):
        program = simplify(program)
    return program


# -- the directions ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """The unit vectors of one value: they are the directions from `start` to `stop` (None: from the first, to the last)."""

    value: Operand
    dtype: str
    shape: tuple[Arg, ...]
    extents: tuple[Extent, ...]
    start: Operand | None
    stop: Operand | None
    basis: Operand
    last: bool = False

    def rows(self) -> Slice:
        """Its directions among those of all values."""
        assert self.start is not None and self.stop is not None
        first = isinstance(self.start, Lit) and self.start.value == 0
        return Slice(Lit(None) if first else self.start, Lit(None) if self.last else self.stop, Lit(None))


class Basis:
    """The unit vectors of some values together, one direction each; `size` is how many there are. params: what they are the values of."""

    def __init__(self, b: Builder, values: Sequence[Operand], params: Sequence[Var]) -> None:
        self.b = b
        self._hints = [v.hint for v in params]
        shapes = [self._shape(v) for v in values]
        extents = [self._extents(v) for v in values]
        counts = [self._product(shape, extent) for shape, extent in zip(shapes, extents)]
        ends: list[Operand] = [Lit(0)]
        for count in counts:
            ends.append(count if isinstance(ends[-1], Lit) and ends[-1].value == 0 else b.emit("+", ends[-1], count))
        self.size: Operand = ends[-1]
        self.single = len(values) == 1 and not shapes[0]  # one number: there is one direction, which is no axis
        dtypes = [t.dtype for t in map(type_of, values) if isinstance(t, (Scalar, Array))]
        self.parts: list[Part] = []
        if not values:
            return
        self._pieces = list(zip(values, shapes, dtypes, extents, ends, ends[1:]))
        self.dtype = dtypes[0] if len(set(dtypes)) == 1 else "float64"
        self.parts = self.made(self._one(values[0]) if self.single else b.emit("np.eye", self.size, Lit(None), Lit(0), Lit(self.dtype)), self.size)

    def rows(self, start: Operand, count: Operand) -> list[Part]:
        """Some of the unit vectors, from one on."""
        return self.made(self.b.emit("np.eye", count, self.size, start, Lit(self.dtype)), count)

    def made(self, whole: Operand, count: Operand) -> list[Part]:
        """The part of each value in rows of the identity."""
        b, parts, alone = self.b, [], len(self._pieces) == 1
        for k, (value, shape, dtype, extents, start, stop) in enumerate(self._pieces):
            part = whole
            if not alone:
                columns: Arg = start if not shape else Slice(Lit(None) if k == 0 else start, Lit(None) if k == len(self._pieces) - 1 else stop, Lit(None))
                part = b.emit("index", part, Seq((ALL, columns)))
            if len(shape) > 1:
                part = b.emit("np.reshape", part, Seq((count, *shape)))
            if dtype != self.dtype:
                part = b.emit("astype", part, Lit(dtype))
            part = b.named(part, self._hints[k])
            parts.append(Part(value, dtype, shape, extents, None if alone else start, None if alone else stop, part, k == len(self._pieces) - 1))
        return parts

    def _one(self, value: Operand) -> Operand:
        return self.b.emit("np.ones_like", value) if isinstance(type_of(value), Array) else Lit(1.0)

    def _shape(self, value: Operand) -> tuple[Arg, ...]:
        type = type_of(value)
        if isinstance(type, Scalar):
            return ()
        if not isinstance(type, Array) or type.shape is None:
            raise _shapeless(type)
        return tuple(Lit(n) if isinstance(n, int) else self.b.emit("index", self.b.emit("np.shape", value), Lit(k)) for k, n in enumerate(type.shape))

    def _extents(self, value: Operand) -> tuple[Extent, ...]:
        type = type_of(value)
        return type.shape or () if isinstance(type, Array) else ()

    def _product(self, shape: tuple[Arg, ...], extents: tuple[Extent, ...]) -> Operand:
        """The number of elements; its extent has a name that says what it is the product of."""
        known = 1
        symbols: list[tuple[Arg, Dim]] = []
        for item, extent in zip(shape, extents):
            if isinstance(extent, int):
                known *= extent
            else:
                symbols.append((item, extent))
        if not symbols:
            return Lit(known)
        if len(symbols) == 1 and known == 1:
            return symbols[0][0]  # type: ignore[return-value]
        total: Arg = symbols[0][0]
        names = [str(known)] * (known != 1) + sorted(str(extent) for _, extent in symbols)
        for item, _ in symbols[1:]:
            total = self._times(total, item, None)
        if known != 1:
            total = self._times(total, Lit(known), None)
        named = not any("?" in n for n in names)
        made = self.b.stmts.pop()
        assert isinstance(made, Let)
        extent = Dim(f"({'*'.join(names)})", 0, any(e.not_one and not e.offset for _, e in symbols)) if named else unknown_extent()
        out = Var(Scalar("int64", True, extent))
        self.b.add(replace(made, out=out))
        return out

    def _times(self, a: Arg, b: Arg, extent: Extent | None) -> Operand:
        out = Var(Scalar("int64", True, extent))
        self.b.add(Let(out, "*", (a, b), self.b.span))
        return out


def _in_all_directions(b: Builder, block: Block, unit: Basis, wanted: Callable[[int], bool], chunk: Chunk, known: Sequence[Operand],
                       likes: Sequence[Operand | None]) -> Arg:
    """The result of a block whose parameters are the unit vectors, emitted; those leaves that are wanted are batched. Raises CannotBatch.

    known, likes: as `in_chunks` takes them.
    """
    if unit.single or not unit.parts:
        return _inlined(b, block, [part.basis for part in unit.parts])
    if chunk is not None and not (chunk == "cache" and isinstance(unit.size, Lit) and unit.size.value <= FEW):
        found = _in_chunks(b, block, unit, wanted, chunk, known, likes, False)
        if found is not None:
            return found
        if chunk != "cache" or is_pure([*b.stmts, *block.stmts]):  # then all of it can be done once more for each chunk
            raise CannotBatch
    batched, on = batch(block, block.params, unit.size, wanted, b)
    return _single(b, _inlined(b, batched, [part.basis for part in unit.parts]), on, wanted)


def _in_chunks(b: Builder, block: Block, unit: Basis, wanted: Callable[[int], bool], chunk: int | str, known: Sequence[Operand], likes: Sequence[Operand | None],
               repeated: bool) -> Arg | None:
    count = rows()
    batched, on = batch(block, block.params, count, wanted, b)
    directions = Directions(unit.size, None if isinstance(chunk, str) else chunk, lambda count, first: [part.basis for part in unit.rows(first, count)])
    results = in_chunks(b, batched, count, directions, known, [flag and wanted(n) for n, flag in enumerate(on)], likes, repeated)
    assert isinstance(batched.end, Yield)
    return None if results is None else _nest(batched.end.values[0], iter(results))


def _single(b: Builder, found: Arg, on: Sequence[bool], wanted: Callable[[int], bool]) -> Arg:
    """Results of which one direction is wanted: those that were found to be batched, though they are the same in all."""
    leaves = [b.emit("index", leaf, Lit(0)) if on[n] and not wanted(n) and isinstance(type_of(leaf), Array) else leaf
              for n, leaf in enumerate(operands(found))]
    return _nest(found, iter(leaves))


_KEPT = frozenset({"push", "pop", "call", "apply", "py.raise", "np.seterr", "rt.set_errors"})


def _check_callees(callees: Sequence[Program]) -> None:
    """What a function that is called does to the world outside would be done once for each direction."""
    for callee in callees:
        for stmt in all_stmts(callee.body):
            if isinstance(stmt, Let) and OPS[stmt.op].effect and stmt.op not in _KEPT and stmt.op != "mark":
                error = RowError("the Jacobian of a function that calls itself, and prints, draws or changes something outside",
                                 "its derivative goes through it once for each direction")
                error.span = stmt.span
                raise error


def _again(block: Block) -> Block:
    """A block that is executed once more for each direction, without what it does to the world outside."""
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, Let) and OPS[stmt.op].effect and stmt.op not in _KEPT:
            if stmt.out is None:
                continue
            error = RowError("the Jacobian of a function that draws random numbers, or calls what cannot be looked into",
                             "it is computed once more for each direction, and would find other values", "draw outside, and pass what is drawn")
            error.span = stmt.span
            raise error
        if isinstance(stmt, If):
            stmt = replace(stmt, then=_again(stmt.then), orelse=_again(stmt.orelse))
        elif isinstance(stmt, (For, While)):
            stmt = replace(stmt, body=_again(stmt.body))
        stmts.append(stmt)
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, then=_again(end.then), orelse=_again(end.orelse))
    return Block(block.params, tuple(stmts), end)


def _primal(program: Program, derived: Program) -> tuple[Builder, Arg, tuple[Program, ...]]:
    """The program itself, emitted, its value, and what it calls: the derivative that follows goes through it once more for each direction."""
    b = Builder()
    b.lenient = True
    program = expand(program)
    body = with_other_tapes(program.body, derived.body)
    return b, _inlined(b, body, body.params), program.callees


def _inlined(b: Builder, block: Block, args: Sequence[Operand]) -> Arg:
    """The statements of a block, with its parameters replaced; gives its result."""
    given = dict(zip(block.params, args))
    for stmt in block.stmts:
        stmt = substitute_stmt(stmt, lambda v: given.get(v, v))
        b.add(stmt)
        if isinstance(stmt, Let) and stmt.out is not None:
            b.made[stmt.out] = stmt
    end = substitute_end(block.end, lambda v: given.get(v, v))
    assert isinstance(end, Yield)
    return end.values[0]


def _repeatedly(b: Builder, block: Block, values: Sequence[Operand], chunk: Chunk, known: Sequence[Operand], likes: Sequence[Operand | None]) -> tuple[Arg, Basis]:
    """The results of a block in a loop over some unit vectors at a time, or one after the other; and the unit vectors."""
    block = renamed(_again(block))
    unit = Basis(b, values, block.params)
    if chunk is not None:
        with suppress(CannotBatch):
            found = _in_chunks(b, block, unit, lambda n: True, chunk, known, likes, True)
            assert found is not None
            return found, unit
    k = Var(INT, "k")
    with b.block() as stmts:
        found = _inlined(b, block, [b.emit("index", part.basis, k) for part in unit.parts])
        results = list(operands(found))
        kept = [v for v in results if isinstance(type_of(v), (Scalar, Array))]
        olds = [Var(List(type_of(v))) for v in kept]
        grown = tuple(b.emit("append", old, v, type=old.type) for old, v in zip(olds, kept))
    news = tuple(Var(old.type) for old in olds)
    empties = tuple(b.emit("empty_list", Lit(None), type=old.type) for old in olds)
    b.add(For(news, Lit(0), unit.size, Lit(1), empties, Block((k, *olds), tuple(stmts), Yield(grown))))
    size = type_of(unit.size)
    extent = size.extent if isinstance(size, Scalar) and size.extent is not None else unknown_extent()
    joined = iter([b.emit("np.stack", new, Lit(0), type=_stacked(type_of(v), extent)) for new, v in zip(news, kept)])
    return _nest(found, iter([next(joined) if isinstance(type_of(v), (Scalar, Array)) else v for v in results])), unit


def _stacked(type: Type, extent: Extent) -> Type:
    """The type of all directions, from that of one."""
    shape = () if isinstance(type, Scalar) else type.shape if isinstance(type, Array) else None
    assert isinstance(type, (Scalar, Array))
    return Array(type.dtype, None if shape is None else (extent, *shape))


def _nest(like: Arg, leaves: Iterator[Arg]) -> Arg:
    if isinstance(like, (Seq, Make)):
        return replace(like, items=tuple(_nest(item, leaves) for item in like.items))
    return next(leaves)


# -- the Jacobian --------------------------------------------------------------------------------------------


def _tangents(b: Builder, unit: Basis, value: Arg, tangent: Arg) -> Arg:
    """Tangents in all directions -> the Jacobian of each leaf with respect to each input."""
    if isinstance(value, (Seq, Make)):
        assert isinstance(tangent, (Seq, Make))
        return replace(value, items=tuple(_tangents(b, unit, v, t) for v, t in zip(value.items, tangent.items)))
    if isinstance(tangent, Lit) and tangent.value is None:
        return Lit(None)
    assert isinstance(tangent, (Var, Lit))
    return Seq(tuple(_behind(b, unit, part, tangent) for part in unit.parts))


def _behind(b: Builder, unit: Basis, part: Part, tangent: Operand) -> Operand:
    """The directions of one input, last; as its axes."""
    if unit.single:
        return tangent
    whole, axes = tangent, rank(type_of(tangent))
    if part.start is not None:
        if not part.shape:
            return b.emit("index", tangent, part.start)
        tangent = b.emit("index", tangent, part.rows())
    elif not part.shape:
        return b.emit("index", tangent, Lit(0))
    if axes != 1:
        tangent = b.emit("np.transpose", tangent) if axes == 2 else b.emit("np.moveaxis", tangent, Lit(0), Lit(-1))
    if len(part.shape) == 1:
        return tangent
    if axes is None:
        own = b.emit("index", b.emit("np.shape", whole), Slice(Lit(1), Lit(None), Lit(None)), type=OBJECT)
        return b.emit("np.reshape", tangent, b.emit("+", own, Seq(part.shape), type=OBJECT))
    return b.emit("np.reshape", tangent, Seq((*_extents(b, whole, 1), *part.shape)))


def _extents(b: Builder, value: Operand, first: int = 0) -> tuple[Arg, ...]:
    """The extents of a value, from the first axis that counts."""
    type = type_of(value)
    if isinstance(type, Scalar):
        return ()
    assert isinstance(type, Array) and type.shape is not None
    return tuple(Lit(n) if isinstance(n, int) else b.emit("index", b.emit("np.shape", value), Lit(k))
                 for k, n in enumerate(type.shape) if k >= first)


def _cotangents(b: Builder, unit: Basis, value: Arg, bars: Sequence[Arg], wrt: Sequence[Var]) -> Arg:
    """Cotangents of the inputs for all unit vectors of the results -> the Jacobian of each leaf with respect to each input."""
    parts = iter(unit.parts)

    def leaf(value: Arg) -> Arg:
        if isinstance(value, (Seq, Make)):
            return replace(value, items=tuple(leaf(item) for item in value.items))
        if not differentiable(type_of(value)):
            return Lit(None)
        part = next(parts)
        return Seq(tuple(_of_result(b, unit, part, bar, var) for bar, var in zip(bars, wrt)))

    return leaf(value)


def _of_result(b: Builder, unit: Basis, part: Part, bar: Arg, var: Var) -> Operand:
    """The directions of one result, first; as its axes."""
    assert isinstance(bar, (Var, Lit))
    if unit.single:
        return bar
    if part.start is not None:
        if not part.shape:
            return b.emit("index", bar, part.start)
        bar = b.emit("index", bar, part.rows())
    elif not part.shape:
        return b.emit("index", bar, Lit(0))
    if len(part.shape) == 1:
        return bar
    return b.emit("np.reshape", bar, Seq((*part.shape, *_extents(b, var))))


__all__ = ["jacfwd", "jacrev"]
