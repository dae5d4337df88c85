"""Program (in place) -> Plan: which statements are printed as a part of others, or not at all.

    t1 = a * b                                  folded: {t1, t2}      y = np.tanh(a * b + c)
    t2 = t1 + c
    y = np.tanh(t2)

A result without a name of its own that is used once is printed where it is used, if nothing that it reads is
written in between, in the same block, and within a line's length. (What the user wrote as one statement may be longer than a
line.) Named values stay statements, except for adjoints that are a short expression. Nothing moves from the forward into
the reverse sweep, so what is kept between them is always to be seen.

A loop that runs backwards over the iterations of another one needs no counter if it pops exactly what the other one pushes:
`drains` says which loops print as `while x_tape:`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from ..ir.nodes import (
    Arg,
    Block,
    Break,
    For,
    If,
    Let,
    Lit,
    Make,
    Program,
    Pullback,
    Seq,
    Stmt,
    Var,
    While,
    Yield,
    variables,
)
from ..ir.ops import OPS, REQUIRED, Op, is_default
from ..ir.types import List, Scalar, Tuple
from ..ir.walk import all_stmts, blocks, end_args, end_blocks, leaves, stmt_args, uses
from .memory import has_memory, is_view

WIDTH = 84  # columns that an expression may take; with indentation and target it then fits a line of 100
_SHORT = 26  # an adjoint with a name is folded if it is not longer than this
_PHRASES = {"copy": 7, "index": 2, "neg": 1, "not": 4, "item": 2, "list_item": 2, "store": 2, "accum": 2, "accum_neg": 2,
            **dict.fromkeys(("iadd", "isub", "add_at", "sub_at"), 4)}


@dataclass(frozen=True)
class Plan:
    """folded: Var -> the Let that is printed where the Var is used. skipped: statements that are not printed.
    unpacked: tuple -> the names of its items, `a, b = f(x)`. drains: loop -> the tape that it empties."""

    folded: dict[Var, Let]
    skipped: frozenset[Stmt]
    unpacked: dict[Var, tuple[Var | None, ...]]
    drains: dict[Stmt, str]
    counts: dict[Var, int]

    def reads(self, arg: Arg) -> Iterator[Var]:
        """The Vars whose names an argument is printed with."""
        for var in variables(arg):
            let = self.folded.get(var)
            if let is None:
                yield var
            else:
                for inner in let.args:
                    yield from self.reads(inner)

    def args(self, stmt: Stmt) -> tuple[Arg, ...]:
        """The arguments that are printed for a statement itself."""
        return stmt.inits if stmt in self.drains else stmt_args(stmt)  # type: ignore[union-attr]

    def printed(self, stmt: Stmt) -> bool:
        """Whether a statement gets lines of its own."""
        return stmt not in self.skipped and not (isinstance(stmt, Let) and stmt.out is not None and stmt.out in self.folded)


def fold(program: Program) -> Plan:
    """Decide how statements combine into lines."""
    body = program.body
    drains = find_drains(body)
    counts = _count(body, drains)
    skipped = _dead(body, counts)
    unpacked = _unpacked(body, counts, skipped)
    plan = Plan({}, frozenset(skipped), unpacked, drains, counts)
    _Fold(body, plan).run()
    return plan


# -- what is used ----------------------------------------------------------------------------------------


def _count(body: Block, drains: dict[Stmt, str]) -> dict[Var, int]:
    counts: dict[Var, int] = {}

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            for arg in stmt.inits if stmt in drains else stmt_args(stmt):  # type: ignore[union-attr]
                add(arg)
            for inner in blocks(stmt):
                visit(inner)
        for arg in end_args(block.end):
            add(arg)
        for inner in end_blocks(block.end):
            visit(inner)

    def add(arg: Arg) -> None:
        for var in variables(arg):
            counts[var] = counts.get(var, 0) + 1

    visit(body)
    return counts


def _dead(body: Block, counts: dict[Var, int]) -> set[Stmt]:
    """Statements without effect whose results nobody uses; `counts` is updated."""
    dead: set[Stmt] = set()
    for stmt in reversed(list(all_stmts(body))):
        if isinstance(stmt, Let) and stmt.out is not None and not counts.get(stmt.out) and not OPS[stmt.op].effect:
            dead.add(stmt)
            for arg in stmt.args:
                for var in variables(arg):
                    counts[var] -= 1
    return dead


def _unpacked(body: Block, counts: dict[Var, int], skipped: set[Stmt]) -> dict[Var, tuple[Var | None, ...]]:
    """Tuples that are taken apart right where they are made."""
    found: dict[Var, tuple[Var | None, ...]] = {}

    def visit(block: Block) -> None:
        for n, stmt in enumerate(block.stmts):
            for inner in blocks(stmt):
                visit(inner)
            if isinstance(stmt, Let) and stmt.out is not None and isinstance(stmt.out.type, Tuple) and stmt not in skipped:
                items = _items_after(block, n, stmt.out, skipped)
                if items and len(items) == counts.get(stmt.out):
                    names: list[Var | None] = [None] * len(stmt.out.type.items)
                    for item in items:
                        number = item.args[1]
                        if not isinstance(number, Lit) or names[number.value] is not None:
                            break
                        names[number.value] = item.out
                    else:
                        found[stmt.out] = tuple(names)
                        skipped.update(items)
        for inner in end_blocks(block.end):
            visit(inner)

    visit(body)
    return found


def _items_after(block: Block, n: int, tuple_: Var, skipped: set[Stmt]) -> list[Let]:
    items = []
    for stmt in block.stmts[n + 1:]:
        if stmt in skipped:
            continue
        if isinstance(stmt, Let) and stmt.op == "item" and stmt.args[0] is tuple_:
            items.append(stmt)
        else:
            break
    return items


# -- loops that empty a tape -----------------------------------------------------------------------------


def find_drains(body: Block) -> dict[Stmt, str]:
    """The reversed loops that run as often as a tape is long, and pop it once in each iteration."""
    lengths = {s.out: _tape(s) for s in all_stmts(body) if isinstance(s, Let) and s.op == "tape_len"}
    found: dict[Stmt, str] = {}
    for stmt in all_stmts(body):
        if not (isinstance(stmt, For) and stmt.reverse and _is(stmt.start, 0) and _is(stmt.step, 1)):
            continue
        tape = lengths.get(stmt.stop) if isinstance(stmt.stop, Var) else None
        own = [s.op for s in stmt.body.stmts if isinstance(s, Let) and s.op in ("push", "pop") and _tape(s) == tape]
        all_ = [s for s in all_stmts(stmt.body) if isinstance(s, Let) and s.op in ("push", "pop") and _tape(s) == tape]
        if tape is not None and own == ["pop"] and len(all_) == 1 and stmt.body.params[0] not in set(uses(stmt.body)):
            found[stmt] = tape
    return found


WALKED = 3  # tapes that one loop walks at most; it would be a long line


def walked_tapes(body: Block, plan: Plan) -> dict[Stmt, list[Let]]:
    """The reversed loops that need one number of each iteration, or a few, and nothing else of it: `for x in reversed(x_tape)`.

    The loop must run over the whole tape: the forward loop stands in no other loop, and pushes once in each iteration. Tapes of
    arrays are popped, which frees the arrays one by one.
    """
    loops = [s for s in _outside_loops(body) if isinstance(s, (For, While))]
    pushed = {_tape(s): loop for loop in loops for s in loop.body.stmts if isinstance(s, Let) and s.op == "push"}
    found: dict[Stmt, list[Let]] = {}
    for loop in loops:
        if not isinstance(loop, For) or not loop.reverse or plan.counts.get(loop.body.params[0]):
            continue
        pops = [s for s in loop.body.stmts if isinstance(s, Let) and s.op == "pop"]
        if not 0 < len(pops) <= WALKED or not all(pop.out is not None and isinstance(pop.out.type, Scalar) for pop in pops):
            continue
        forward = {pushed.get(_tape(pop)) for pop in pops}
        if (plan.drains.get(loop) == _tape(pops[0]) and len(forward) == 1) or all(_runs_alike(one, loop) for one in forward):
            found[loop] = pops
    return found


def _runs_alike(forward: Stmt | None, loop: For) -> bool:
    """Whether a loop surely has as many iterations as another."""
    return isinstance(forward, For) and not any(isinstance(leaf.end, Break) for leaf in leaves(forward.body)) and all(
        _same(a, b) for a, b in zip((forward.start, forward.stop, forward.step), (loop.start, loop.stop, loop.step)))


def _outside_loops(block: Block) -> Iterator[Stmt]:
    """The statements of a function that no loop repeats."""
    for stmt in block.stmts:
        yield stmt
        if isinstance(stmt, If):
            yield from _outside_loops(stmt.then)
            yield from _outside_loops(stmt.orelse)


def _same(a: Arg, b: Arg) -> bool:
    return a is b or (isinstance(a, Lit) and isinstance(b, Lit) and type(a.value) is type(b.value) and a.value == b.value)


def _is(arg: Arg, value: int) -> bool:
    return isinstance(arg, Lit) and arg.value == value and type(arg.value) is int


def _tape(stmt: Let) -> str:
    tape = stmt.args[0]
    assert isinstance(tape, Lit)
    return str(tape.value)


# -- who shares memory with whom -------------------------------------------------------------------------


def alias_classes(body: Block) -> dict[Var, Var]:
    """Var -> the representative of all values that may share memory with it (whenever)."""
    parent: dict[Var, Var] = {}

    def find(var: Var) -> Var:
        root = var
        while parent.get(root, root) is not root:
            root = parent[root]
        while parent.get(var, var) is not root:
            parent[var], var = root, parent[var]
        return root

    def join(var: Var, args: tuple[Arg, ...]) -> None:
        if has_memory(var.type):
            for arg in args:
                for other in variables(arg):
                    if has_memory(other.type):
                        parent[find(other)] = find(var)

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            for inner in blocks(stmt):
                visit(inner)
            if isinstance(stmt, Let) and stmt.out is not None:
                op = OPS[stmt.op]
                shared = set(op.views) if is_view(stmt) or op.destroys is not None else set()
                if op.destroys is not None:
                    shared.add(op.destroys)
                if isinstance(stmt.out.type, List) or stmt.op in ("apply", "py.call", "py.effect", "py.effect_method"):
                    shared = set(range(len(stmt.args)))
                join(stmt.out, tuple(stmt.args[k] for k in sorted(shared)))
            elif isinstance(stmt, (For, While)):
                params = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
                for k, out in enumerate(stmt.outs):
                    join(out, (params[k], stmt.inits[k], *(leaf.end.values[k] for leaf in leaves(stmt.body)
                                                            if isinstance(leaf.end, (Yield, Break)))))
            elif isinstance(stmt, If):
                for k, out in enumerate(stmt.outs):
                    join(out, tuple(block.end.values[k] for block in (stmt.then, stmt.orelse) if isinstance(block.end, Yield)))
        for inner in end_blocks(block.end):
            visit(inner)

    visit(body)
    return {var: find(var) for var in list(parent)}


# -- folding ---------------------------------------------------------------------------------------------


@dataclass
class _Candidate:
    let: Let
    width: int
    at: int  # index of the statement
    reads: frozenset[Var]  # classes of the memory that it reads
    sweep: int


class _Fold:
    def __init__(self, body: Block, plan: Plan) -> None:
        self.body = body
        self.plan = plan
        self.classes = alias_classes(body)
        self.sweep = 0

    def run(self) -> None:
        self.block(self.body, False)

    def class_of(self, var: Var) -> Var:
        return self.classes.get(var, var)

    def block(self, block: Block, branch: bool) -> set[Var]:
        """Fold inside a block, perhaps a branch of an If; returns the classes of what is written in it."""
        waiting: dict[Var, _Candidate] = {}
        written: dict[Var, list[int]] = {}
        for n, stmt in enumerate(block.stmts):
            if isinstance(stmt, Pullback) or (isinstance(stmt, Let) and stmt.op in ("mark", "np.seterr", "rt.set_errors")):
                self.sweep += 1
            if stmt in self.plan.skipped:
                continue
            self.use(stmt, waiting, written, n)
            changed: set[Var] = set()
            for inner in blocks(stmt):
                changed |= self.block(inner, isinstance(stmt, If))
            if isinstance(stmt, Let) and OPS[stmt.op].destroys is not None:
                operand = stmt.args[OPS[stmt.op].destroys or 0]
                if isinstance(operand, Var) and has_memory(operand.type):
                    changed.add(self.class_of(operand))
            for var in changed:
                written.setdefault(var, []).append(n)
        if branch and isinstance(block.end, Yield):  # each value becomes an assignment, or half of a conditional expression
            for value in block.end.values:
                self.fit([value], waiting, written, len(block.stmts), WIDTH, named=True)
        else:
            self.fit(list(end_args(block.end)), waiting, written, len(block.stmts), 2 * WIDTH, named=False)
        changed = set(written)
        for inner in end_blocks(block.end):
            changed |= self.block(inner, False)
        return changed

    def use(self, stmt: Stmt, waiting: dict[Var, _Candidate], written: dict[Var, list[int]], n: int) -> None:
        if isinstance(stmt, (For, While)):
            header = self.plan.args(stmt)[:-len(stmt.inits)] if stmt.inits else self.plan.args(stmt)
            for args in (list(header), *([init] for init in stmt.inits)):
                self.fit(args, waiting, written, n, WIDTH, named=False)
            return
        if not isinstance(stmt, Let):
            self.fit(list(self.plan.args(stmt)), waiting, written, n, WIDTH - 10, named=False)
            return
        op = OPS[stmt.op]
        free = [a for k, a in enumerate(stmt.args) if k != op.destroys and not _left_out(op, k, a)]
        kept = [a for k, a in enumerate(stmt.args) if k == op.destroys]
        limit = WIDTH
        if stmt.span is not None and self.sweep == 0:
            limit = max(limit, min(len(stmt.span.text) + 40, 240))
        width = self.fit(free, waiting, written, n, limit - _phrase(stmt), named=True) + _phrase(stmt)
        width += sum(_width(a, waiting) for a in kept)
        if self.foldable(stmt, width):
            assert stmt.out is not None
            reads: frozenset[Var] = frozenset()
            for arg in stmt.args:
                for var in variables(arg):
                    if var in self.plan.folded:
                        reads |= waiting[var].reads
                    elif has_memory(var.type):
                        reads |= {self.class_of(var)}
            waiting[stmt.out] = _Candidate(stmt, width, n, reads, self.sweep)

    def foldable(self, stmt: Let, width: int) -> bool:
        op, out = OPS[stmt.op], stmt.out
        if out is None or op.effect or op.destroys is not None or stmt.op == "tape_len" or self.plan.counts.get(out) != 1 or out in self.plan.unpacked:
            return False
        return out.hint is None or (out.hint.endswith(("_bar", "_dot")) and width <= _SHORT)

    def fit(self, args: list[Arg], waiting: dict[Var, _Candidate], written: dict[Var, list[int]], n: int, limit: int,
            named: bool) -> int:
        """Fold as many waiting values as fit into the arguments of a statement; returns the width of the arguments."""
        fit: list[Var] = []
        for arg in args:
            for var in variables(arg):
                candidate = waiting.get(var)
                if candidate is not None and self.movable(candidate, written, n) and (named or candidate.let.out.hint is None):  # type: ignore[union-attr]
                    fit.append(var)
        width = sum(_width(arg, {v: waiting[v] for v in fit}) for arg in args)
        for var in sorted(fit, key=lambda v: -waiting[v].width):
            if width <= limit:
                break
            fit.remove(var)
            width -= waiting[var].width - 3
        for var in fit:
            self.plan.folded[var] = waiting[var].let
        return width

    def movable(self, candidate: _Candidate, written: dict[Var, list[int]], n: int) -> bool:
        """Whether nothing that the candidate reads is written between it and statement n."""
        if candidate.sweep != self.sweep:
            return False
        return all(bisect_right(at := written.get(var, []), candidate.at) == len(at) for var in candidate.reads)


def _left_out(op: Op, k: int, arg: Arg) -> bool:
    """Whether an argument is not printed, because it is at its default."""
    default = op.params[k].default
    return default is not REQUIRED and isinstance(arg, Lit) and is_default(arg.value, default)


def _phrase(let: Let) -> int:
    """The width of an operation without its arguments."""
    if let.op in _PHRASES:
        return _PHRASES[let.op]
    if not let.op[0].isalpha():
        return 5
    op = OPS[let.op]
    named = sum(len(p.name) + 1 for k, (p, a) in enumerate(zip(op.params, let.args)) if p.default is not REQUIRED and not _left_out(op, k, a))
    printed = sum(not _left_out(op, k, a) for k, a in enumerate(let.args))
    return len(let.op) + 2 + named + 2 * (printed - 1)


def _width(arg: Arg, waiting: dict[Var, _Candidate]) -> int:
    """About how many columns an argument takes."""
    if isinstance(arg, Var):
        if arg in waiting:
            return waiting[arg].width
        return len(arg.hint) if arg.hint else 2
    if isinstance(arg, Lit):
        return len(repr(arg.value)) if isinstance(arg.value, (bool, int, float, complex)) else 4
    if isinstance(arg, (Seq, Make)):
        return sum(_width(item, waiting) + 2 for item in arg.items)
    return 1 + sum(_width(a, waiting) for a in (arg.start, arg.stop, arg.step) if not (isinstance(a, Lit) and a.value is None))


__all__ = ["Plan", "alias_classes", "find_drains", "fold"]
