"""Program -> Program in which every write happens in place: copies are where they are needed, and nowhere else.

    u1 = store(u, path, v)              u is the caller's:    u2 = copy(u);  u1 = store(u2, path, v)
    u2 = store(u1, path, w)             u1 is dead afterwards, nobody sees its buffer: nothing to do

Before this pass an array is a value; after it, an operation that `destroys` its operand may be printed as a write into the
operand's buffer. It may be if the operand is not used afterwards, its buffer is ours (see `memory`), lies on no tape, and no
other value that is still needed may share it. Otherwise a copy goes in, as far away as it is cheapest:

- the operand itself is needed, or external: the operand is copied (an `accum` becomes a plain sum);
- a view of it is needed: the view is copied where it is made;
- it has been pushed: the push pushes a copy.

Inside a loop each carried value counts as an allocation of its own. The loop's edges make that true for those that the body
destroys: their initial and yielded values share nothing with one another, or with anything outside that is still needed; where
they would, a copy goes in at the edge. What is destroyed in place only after it has been passed from one carried
value to another (a swap) makes both subject to this rule.

Copies of views and pushes are decided after the fact, so the pass runs again with them: twice for most programs, at most
five times. Each run is linear, but for the sizes of the sets of allocations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..ir.build import inverse_index
from ..ir.nodes import (
    Arg,
    Block,
    Branch,
    Break,
    For,
    If,
    Let,
    Lit,
    Make,
    Program,
    Pullback,
    Raise,
    Seq,
    Span,
    Stmt,
    Var,
    While,
    Yield,
)
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, List, Scalar, Type
from ..ir.walk import definitions, map_arg, uses
from .liveness import Frame, gone, live_after, uses_of
from .memory import EXTERNAL, NOTHING, Memory, carried, external, has_memory, is_view, merge, new, of_arg, rename, result, union

_RUNS = 5
ADDS = {"accum": "+", "accum_neg": "-", "scale": "*", "shrink": "/"}


def inplace(program: Program) -> Program:
    """Insert the copies that let every destroying operation write into its operand's buffer, and let a pullback keep what it needs."""
    callees = tuple(_written(callee) for callee in program.callees)
    saved = _Run(program, frozenset(), last=True).saved_params()
    return replace(_written(_with_copies(program, saved) if saved else program), callees=callees)


def _with_copies(program: Program, params: frozenset[Var]) -> Program:
    """The program that copies some of its arguments first: the caller may write them before it calls the pullback."""
    given = {param: Var(param.type, param.hint) for param in program.body.params if param in params}
    signature = tuple((name, map_arg(pattern, lambda v: given.get(v, v))) for name, pattern in program.signature)
    copies = tuple(Let(param, "copy", (new,), program.span) for param, new in given.items())
    body = replace(program.body, params=tuple(given.get(p, p) for p in program.body.params), stmts=(*copies, *program.body.stmts))
    return replace(program, signature=signature, body=body)


def _written(program: Program) -> Program:
    copied: frozenset[Let] = frozenset()
    for run in range(_RUNS):
        attempt = _Run(program, copied, last=run == _RUNS - 1)
        body = attempt.program()
        if attempt.wanted <= copied:
            break
        copied |= attempt.wanted
    return replace(program, body=body)


@dataclass
class _Leaf:
    """An end of a block that yields or breaks, while copies can still be put before it."""

    stmts: list[Stmt]
    values: list[Arg]
    breaks: bool
    frames: list[Frame]


@dataclass
class _Open:
    """A block that is done, but for its leaves."""

    params: tuple[Var, ...]
    stmts: list[Stmt]
    end: _Leaf | Raise | tuple[Branch, _Open, _Open]

    def close(self) -> Block:
        if isinstance(self.end, _Leaf):
            values = tuple(self.end.values)
            return Block(self.params, tuple(self.stmts), Break(values) if self.end.breaks else Yield(values))
        if isinstance(self.end, Raise):
            return Block(self.params, tuple(self.stmts), self.end)
        branch, then, orelse = self.end
        return Block(self.params, tuple(self.stmts), replace(branch, then=then.close(), orelse=orelse.close()))

    def leaves(self) -> list[_Leaf]:
        if isinstance(self.end, _Leaf):
            return [self.end]
        return [] if isinstance(self.end, Raise) else [*self.end[1].leaves(), *self.end[2].leaves()]


class _Run:
    """One run through the program, with the copies of views and pushes that earlier runs asked for."""

    def __init__(self, program: Program, copied: frozenset[Let], last: bool) -> None:
        self.source = program
        self.copied = copied
        self.last = last
        self.wanted: set[Let] = set()
        self.uses = uses_of(program.body)
        self.frames: list[Frame] = []
        self.memory: dict[Var, Memory] = {}
        self.holders: dict[int, list[Var]] = {}  # allocation -> the values that may share it
        self.views: dict[Var, Let] = {}
        self.pins: dict[int, set[Let | None]] = {}  # allocation -> the pushes that put it on a tape (None: unknown code)
        self.journals: list[list[tuple[int, Let | None]]] = []
        self.written: set[int] = set()
        self.roots = EXTERNAL
        self.frozen = EXTERNAL  # allocations up to this number are not written any more
        self.saved: frozenset[int] = frozenset()  # what a pullback needs
        self.span: Span | None = None

    # -- facts -------------------------------------------------------------------------------------------

    def root(self) -> int:
        self.roots += 1
        return self.roots

    def define(self, var: Var, memory: Memory) -> None:
        self.memory[var] = memory
        for root in memory.all:
            if root > self.frozen:
                self.holders.setdefault(root, []).append(var)

    def of(self, arg: Arg) -> Memory:
        return of_arg(arg, self.memory)

    def pin(self, roots: Iterable[int], push: Let | None) -> None:
        for root in roots:
            pushes = self.pins.setdefault(root, set())
            if push not in pushes:
                pushes.add(push)
                if self.journals:
                    self.journals[-1].append((root, push))

    def pinned(self, roots: Iterable[int]) -> set[Let | None]:
        found: set[Let | None] = set()
        for root in roots:
            found |= self.pins.get(root, set())
        return found

    def is_external(self, roots: Iterable[int]) -> bool:
        return any(root <= self.frozen for root in roots)

    def sharing(self, roots: Iterable[int], but: Var | None, free: set[Var] | None = None) -> list[Var]:
        """The values that are used after this statement (or in the loop that it is) and may share an allocation."""
        found: dict[Var, None] = {}
        for root in roots:
            holders = self.holders.get(root, [])
            holders[:] = [var for var in holders if not gone(var, self.frames)]
            for var in holders:
                if var is not but and (live_after(var, self.frames) or (free is not None and var in free)):
                    found[var] = None
        return list(found)

    def resolvable(self, causes: Iterable[Let | None]) -> bool:
        """Ask for copies where the causes of a conflict stand; False if that is not possible."""
        causes = set(causes)
        if self.last or None in causes or causes & self.copied:
            return False
        self.wanted.update(cause for cause in causes if cause is not None)
        return True

    def exclusive(self, arg: Arg, free: set[Var] | None = None, others: Iterable[Memory] = (), outer: int = EXTERNAL,
                  ask: bool = True) -> bool:
        """Whether the buffer of a value can be written from here on: it is not needed itself, and nobody else sees it.

        free: what a loop that begins here uses besides; others: the memory of what is carried beside the value;
        outer: allocations up to this number are outside the loop whose iteration ends here;
        ask: copies of views and pushes may be asked for to make it so.
        """
        memory = self.of(arg)
        roots = memory.own
        if not isinstance(arg, Var) or self.is_external(roots) or any(root <= outer for root in roots):
            return False
        if live_after(arg, self.frames) or (free is not None and arg in free) or any(roots & other.all for other in others):
            return False
        causes = self.pinned(roots)
        causes.update(self.views.get(var) for var in self.sharing(roots, arg, free))
        return not causes or (ask and self.resolvable(causes))

    # -- copies ------------------------------------------------------------------------------------------

    def copy(self, arg: Arg, out: list[Stmt], hint: str | None) -> Var:
        """A copy of a value."""
        var = Var(type_of(arg), hint)
        out.append(Let(var, "copy", (arg,), self.span))
        self.define(var, Memory(frozenset({self.root()}), self.of(arg).inner))
        return var

    # -- blocks ------------------------------------------------------------------------------------------

    def program(self) -> Block:
        for param in self.source.body.params:
            self.define(param, external(param.type))
        body = self.block(self.source.body)
        assert isinstance(body.end, _Leaf)
        body.end.values = [self.owned(value, body.stmts, frozenset()) for value in body.end.values]
        return body.close()

    def saved_params(self) -> frozenset[Var]:
        """The arrays among the parameters that a pullback needs, or a part of them."""
        if not any(isinstance(stmt, Pullback) for stmt in self.source.body.stmts):
            return frozenset()
        arrays = [param for param in self.source.body.params if isinstance(param.type, Array)]
        self.frozen = self.roots = len(arrays)  # each an allocation of its own, none of them to be written
        for param in self.source.body.params:
            self.define(param, Memory(frozenset({arrays.index(param) + 1})) if param in arrays else external(param.type))
        self.block(self.source.body)
        return frozenset(param for n, param in enumerate(arrays, 1) if n in self.saved or EXTERNAL in self.saved)

    def block(self, block: Block, free: set[Var] | None = None) -> _Open:
        frame = Frame(self.uses.last[block], 0, free)
        self.frames.append(frame)
        out: list[Stmt] = []
        for frame.index, stmt in enumerate(block.stmts):
            self.stmt(stmt, out, block)
        frame.index = len(block.stmts)
        end = block.end
        done: _Leaf | Raise | tuple[Branch, _Open, _Open]
        if isinstance(end, (Yield, Break)):
            frames = [Frame(f.last, f.index, f.free) for f in self.frames]
            done = _Leaf(out, list(end.values), isinstance(end, Break), frames)
        elif isinstance(end, Branch):
            then = self.branch(end.then)
            orelse = self.block(end.orelse)
            self.rejoin(then[1])
            done = (end, then[0], orelse)
        else:
            done = end
        self.frames.pop()
        return _Open(block.params, out, done)

    def branch(self, block: Block) -> tuple[_Open, list[tuple[int, Let | None]]]:
        """The first of two branches: what it pushes is not on the tape in the second."""
        self.journals.append([])
        done = self.block(block)
        journal = self.journals.pop()
        for root, push in journal:
            self.pins[root].discard(push)
        return done, journal

    def rejoin(self, journal: list[tuple[int, Let | None]]) -> None:
        for root, push in journal:
            self.pin((root,), push)

    def stmt(self, stmt: Stmt, out: list[Stmt], block: Block) -> None:
        self.span = getattr(stmt, "span", self.span)
        if isinstance(stmt, Let):
            self.let(stmt, out)
        elif isinstance(stmt, If):
            self.if_(stmt, out)
        elif isinstance(stmt, (For, While)):
            self.loop(stmt, out)
        else:
            assert isinstance(stmt, Pullback)
            self.pullback(stmt, out, block)

    # -- single statements ---------------------------------------------------------------------------------

    def let(self, stmt: Let, out: list[Stmt]) -> None:
        op = OPS[stmt.op]
        if op.destroys is not None:
            self.destroy(stmt, out)
            return
        if stmt.op == "push":
            self.push(stmt, out)
            return
        if stmt.op in ("apply", "py.call", "py.effect", "py.effect_method"):
            self.pin(union(self.of(arg) for arg in stmt.args), None)
        if stmt.out is None:
            out.append(stmt)
            return
        if stmt in self.copied:
            whole = Var(stmt.out.type)
            out.append(replace(stmt, out=whole))
            out.append(Let(stmt.out, "copy", (whole,), stmt.span))
            self.define(stmt.out, Memory(frozenset({self.root()})))
            return
        out.append(stmt)
        self.define(stmt.out, result(stmt, self.memory, self.root))
        if is_view(stmt) and isinstance(stmt.out.type, Array):
            self.views[stmt.out] = stmt

    def push(self, stmt: Let, out: list[Stmt]) -> None:
        value = stmt.args[1]
        memory = self.of(value)
        if stmt in self.copied:
            value = self.copy(value, out, None)
        elif isinstance(value, Var) and isinstance(value.type, Array):
            self.pin(memory.own, stmt)
        else:
            self.pin(memory.all, None)
        out.append(replace(stmt, args=(stmt.args[0], value)))

    def destroy(self, stmt: Let, out: list[Stmt]) -> None:
        assert stmt.out is not None
        k = OPS[stmt.op].destroys
        assert k is not None
        operand = stmt.args[k]
        if isinstance(stmt.out.type, Scalar) and isinstance(type_of(operand), Scalar):
            self.define(stmt.out, NOTHING)
            out.append(stmt)
            return
        if stmt.op in ADDS:
            if not _adds_in_place(operand, stmt.args[1], stmt.out.type) or not self.exclusive(operand, ask=False):
                out.append(replace(stmt, op=ADDS[stmt.op]))
                self.define(stmt.out, new(stmt.out.type, self.root))
                return
        elif not self.exclusive(operand):
            hint = stmt.out.hint or (operand.hint if isinstance(operand, Var) else None)
            operand = self.copy(operand, out, hint)
        memory = self.of(operand)
        self.written |= memory.own
        out.append(replace(stmt, args=(*stmt.args[:k], operand, *stmt.args[k + 1:])))
        inner = memory.inner
        for view in OPS[stmt.op].views:
            inner |= self.of(stmt.args[view]).all
        self.define(stmt.out, Memory(memory.own, inner if isinstance(stmt.out.type, List) else frozenset()))

    def pullback(self, stmt: Pullback, out: list[Stmt], block: Block) -> None:
        """From here on nothing that the forward sweep has made is written: the pullback can be called many times."""
        rest = Block((), block.stmts[self.frames[-1].index + 1:], block.end)
        own = set(definitions(rest)) | set(stmt.params)
        saved = union(self.memory[var] for var in uses(rest) if var not in own)
        saved |= frozenset(root for root, pushes in self.pins.items() if pushes)
        self.saved = saved
        out.append(replace(stmt, value=self.owned(stmt.value, out, saved)))
        self.frozen = self.roots
        for param in stmt.params:
            self.define(param, external(param.type))

    def owned(self, value: Arg, out: list[Stmt], taken: frozenset[int]) -> Arg:
        """A result whose arrays share nothing with the caller's, with what is `taken`, or with one another."""
        seen = set(taken)

        def own(arg: Arg) -> Arg:
            if isinstance(arg, (Seq, Make)):
                return replace(arg, items=tuple(own(item) for item in arg.items))
            if isinstance(arg, Var) and isinstance(arg.type, (Array, List)):
                roots = self.memory[arg].all
                if self.is_part(arg) or self.is_external(self.memory[arg].own) or roots & seen:
                    arg = self.copy(arg, out, arg.hint)
                seen.update(self.memory[arg].all)
            elif isinstance(arg, Lit) and isinstance(arg.value, np.ndarray):
                arg = self.copy(arg, out, None)
            return arg

        return own(value)

    def is_part(self, arg: Arg) -> bool:
        """Whether an array is a part of a larger one, which it would keep alive."""
        let = self.views.get(arg) if isinstance(arg, Var) else None
        if let is None or let.op not in ("index", "rt.unbroadcast"):
            return False
        return (let.op == "index" and inverse_index(let.args[1]) is None) or self.is_part(let.args[0])

    # -- branches and loops ------------------------------------------------------------------------------

    def if_(self, stmt: If, out: list[Stmt]) -> None:
        then, journal = self.branch(stmt.then)
        orelse = self.block(stmt.orelse)
        self.rejoin(journal)
        for k, var in enumerate(stmt.outs):
            values = [leaf.values[k] for block in (then, orelse) for leaf in block.leaves()]
            self.define(var, merge(var.type, [self.of(value) for value in values]))
        out.append(replace(stmt, then=then.close(), orelse=orelse.close()))

    def loop(self, stmt: For | While, out: list[Stmt]) -> None:
        outer = self.roots
        free = self.uses.free[stmt.body]
        params = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
        if isinstance(stmt, For):
            self.define(stmt.body.params[0], NOTHING)
        for param in params:
            self.define(param, carried(param.type, self.root))
        body = self.block(stmt.body, free)
        span = self.span = getattr(stmt, "span", None)
        leaves = body.leaves()
        turns = [leaf for leaf in leaves if not leaf.breaks]
        strict = self.strict(params, turns)
        inits = self.enter(list(stmt.inits), params, strict, free, out)
        for leaf in turns:
            self.turn(leaf, params, strict, outer)
        reach = self.reach(inits, params, turns)
        for param in params:
            for push in self.pinned(self.memory[param].own):
                self.pin(reach[next(iter(self.memory[param].own))], push)
        self.written |= union(self.of(inits[k]) for k in strict)
        loose = frozenset().union(*(self.memory[p].own for k, p in enumerate(params) if k not in strict))
        alone = all(self.leaves_alone(leaf, strict, outer, loose) for leaf in leaves if leaf.breaks)
        for k, var in enumerate(stmt.outs):
            sources = [self.of(inits[k]), *(self.of(leaf.values[k]) for leaf in leaves)]
            memory = rename(merge(var.type, sources), lambda roots: _reached(roots, reach))
            if k in strict and alone:
                memory = replace(memory, own=frozenset({self.root()}))
            self.define(var, memory)
        if stmt.trips is not None:
            self.define(stmt.trips, NOTHING)
        self.span = span
        out.append(replace(stmt, inits=tuple(inits), body=body.close()))

    def strict(self, params: tuple[Var, ...], turns: list[_Leaf]) -> list[int]:
        """The carried values whose buffers the body writes, and those that become one of these in a later iteration."""
        at = {root: k for k, param in enumerate(params) for root in self.memory[param].own if root != EXTERNAL}
        strict = {k for root, k in at.items() if root in self.written}
        todo = list(strict)
        while todo:
            k = todo.pop()
            for leaf in turns:
                for root in self.of(leaf.values[k]).own:
                    source = at.get(root)
                    if source is not None and source not in strict:
                        strict.add(source)
                        todo.append(source)
        return sorted(strict)

    def enter(self, inits: list[Arg], params: tuple[Var, ...], strict: list[int], free: set[Var], out: list[Stmt]) -> list[Arg]:
        """The initial values, those of `strict` such that the body can write them."""
        for k in strict:
            others = [self.of(init) for j, init in enumerate(inits) if j != k]
            if has_memory(type_of(inits[k])) and not self.exclusive(inits[k], free, others):
                inits[k] = self.copy(inits[k], out, params[k].hint)
        return inits

    def turn(self, leaf: _Leaf, params: tuple[Var, ...], strict: list[int], outer: int) -> None:
        """Make what is carried into the next iteration such that the body can write it."""
        frames, self.frames = self.frames, leaf.frames
        for k in strict:
            others = [self.of(value) for j, value in enumerate(leaf.values) if j != k]
            if has_memory(type_of(leaf.values[k])) and not self.exclusive(leaf.values[k], None, others, outer):
                leaf.values[k] = self.copy(leaf.values[k], leaf.stmts, params[k].hint)
        self.frames = frames

    def leaves_alone(self, leaf: _Leaf, strict: list[int], outer: int, loose: frozenset[int]) -> bool:
        """Whether the values that a loop breaks out with are as separate as those that it yields. `loose`: the other carried ones."""
        for k in strict:
            roots = self.of(leaf.values[k]).own
            if roots & loose or any(root <= outer for root in roots) or self.pinned(roots):
                return False
            if any(roots & self.of(value).all for j, value in enumerate(leaf.values) if j != k):
                return False
        return True

    def reach(self, inits: list[Arg], params: tuple[Var, ...], turns: list[_Leaf]) -> dict[int, frozenset[int]]:
        """The allocation that stands for a carried value inside the loop -> those that it may really be."""
        names = {k: next(iter(self.memory[p].own)) for k, p in enumerate(params) if self.memory[p].own - {EXTERNAL}}
        reach = {root: self.of(inits[k]).all.union(*(self.of(leaf.values[k]).all for leaf in turns)) for k, root in names.items()}
        changed = True
        while changed:
            changed = False
            for root, roots in reach.items():
                wider = roots | _reached(roots, reach)
                if wider != roots:
                    reach[root] = wider
                    changed = True
        return {root: frozenset(r for r in roots if r not in reach) for root, roots in reach.items()}


def _reached(roots: frozenset[int], reach: dict[int, frozenset[int]]) -> frozenset[int]:
    if not any(root in reach for root in roots):
        return roots
    return frozenset().union(*(reach.get(root, frozenset({root})) for root in roots))


def _adds_in_place(total: Arg, value: Arg, out: Type) -> bool:
    """Whether `total += value` means `total = total + value`: it casts the value, and broadcasts it, but never the total."""
    have, add = type_of(total), type_of(value)
    if not isinstance(have, Array) or not isinstance(add, (Array, Scalar)) or not isinstance(out, Array):
        return False
    if isinstance(add, Scalar) and add.weak:
        return np.dtype(have.dtype).kind in "fc" and (np.dtype(add.dtype).kind != "c" or np.dtype(have.dtype).kind == "c")
    return np.result_type(have.dtype, add.dtype) == np.dtype(have.dtype)


__all__ = ["inplace"]
