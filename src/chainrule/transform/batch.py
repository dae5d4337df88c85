"""Block, some parameters -> the same computation in which these parameters have one more leading axis: the directions.

    def f(x, v):                                def f(x, v):                        # v: (n, 3) instead of (3,)
        y = np.sin(x)                               y = np.sin(x)
        s = v @ y                                   s = v @ y                       # (n,) instead of a number
        t = y * s                                   t = y * s[:, None]
        return t                                    return t

What depends on a batched value is batched; what does not is computed once. So n derivatives in n directions share one evaluation of
the function, and one interpreted pass over its statements. How an operation is batched is its row in `rules/batching`; here is
which values are, which a fixpoint decides where loops carry them: a value that a loop or a branch gives is batched if it is
on any path, and made so on the others. Conditions, indices and numbers of iterations do not differ between directions:
where one would, `CannotBatch` is raised, and the caller goes through the directions one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from ..ir.build import Builder
from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    Break,
    End,
    For,
    If,
    Let,
    Lit,
    Make,
    Operand,
    Seq,
    Stmt,
    Var,
    While,
    Yield,
    variables,
)
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import INT, Array, List, Scalar, Tuple, Type, rank
from ..ir.walk import leaves, map_arg
from ..rules.batching import SHAPES, CannotBatch, Directions, NoRule, of_shape, relevant, result_is_single

# Which parts of a value are batched: False for none; True for a number; for a tuple one entry for each item, for a list one for its elements.
Which = Any


def batch(block: Block, batched: Collection[Var], size: Operand, wanted: Callable[[int], bool] = lambda n: False,
          b: Builder | None = None) -> tuple[Block, tuple[bool, ...]]:
    """The block, and which leaves of its result are batched; those that are `wanted` (by their number) in any case.

    size: the number of directions, a value that is known where the block stands. b: what has made values that are known there. Raises CannotBatch.
    """
    assert isinstance(block.end, Yield)
    which = Spread(block, {v: whole(v.type) for v in batched})
    batcher = _Batcher(which, size, b)
    params = tuple(batcher.param(p) for p in block.params)
    body = batcher.block(block, lambda end: replace(end, values=tuple(batcher.result(v, wanted) for v in end.values)))
    return Block(params, body.stmts, body.end), tuple(batcher.results)


# -- which values are batched ------------------------------------------------------------------------------


def whole(type: Type) -> Which:
    """All of a value of that type."""
    if isinstance(type, (Scalar, Array)):
        return True
    if isinstance(type, Tuple):
        return _some(tuple(whole(item) for item in type.items))
    if isinstance(type, List):
        return _some((whole(type.element),))
    return False


def _some(parts: tuple[Which, ...]) -> Which:
    return parts if any(parts) else False


def union(a: Which, b: Which) -> Which:
    if not a or a is True:
        return b or a
    return tuple(union(x, y) for x, y in zip(a, b)) if b else a


class Spread:
    """Which values are batched, found by going through the statements until nothing changes."""

    def __init__(self, block: Block, known: dict[Var, Which]) -> None:
        self.known = dict(known)
        self.tapes: dict[Any, Which] = {}
        self.changed = True
        while self.changed:
            self.changed = False
            self._block(block)

    def of(self, arg: Arg) -> Which:
        if isinstance(arg, Var):
            return self.known.get(arg, False)
        if isinstance(arg, (Seq, Make)):
            return _some(tuple(self.of(item) for item in arg.items))
        return False

    def any(self, args: Collection[Arg]) -> bool:
        return any(self.known.get(v) for arg in args for v in variables(arg))

    def _add(self, var: Var | None, which: Which) -> None:
        if var is not None and which:
            joined = union(self.known.get(var, False), which)
            if joined != self.known.get(var, False):
                self.known[var] = joined
                self.changed = True

    def _same(self, vars: Collection[Var]) -> None:
        joined: Which = False
        for var in vars:
            joined = union(joined, self.known.get(var, False))
        for var in vars:
            self._add(var, joined)

    def _block(self, block: Block) -> None:
        for stmt in block.stmts:
            if isinstance(stmt, Let):
                self._let(stmt)
            elif isinstance(stmt, If):
                for inner in (stmt.then, stmt.orelse):
                    self._block(inner)
                    self._ends(inner, stmt.outs)
            elif isinstance(stmt, (For, While)):
                carried = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
                for var, init in zip(carried, stmt.inits):
                    self._add(var, self._fits(var, init))
                self._block(stmt.body)
                self._ends(stmt.body, carried)
                for pair in zip(carried, stmt.outs):
                    self._same(pair)
            else:
                raise CannotBatch(f"a statement {type(stmt).__name__}")
        if isinstance(block.end, Branch):
            self._block(block.end.then)
            self._block(block.end.orelse)

    def _ends(self, block: Block, outs: Collection[Var]) -> None:
        for leaf in leaves(block):
            if isinstance(leaf.end, (Yield, Break)):
                for out, value in zip(outs, leaf.end.values):
                    self._add(out, self._fits(out, value))

    def _fits(self, var: Var, value: Arg) -> Which:
        """What a value says of the Var that it becomes."""
        which = self.of(value)
        if which and which is not True and not isinstance(var.type, (Tuple, List)):
            return whole(var.type)
        return which

    def _let(self, let: Let) -> None:
        structural = _STRUCTURAL.get(let.op)
        if let.op == "push":
            assert isinstance(let.args[0], Lit)
            tape = let.args[0].value
            joined = union(self.tapes.get(tape, False), self.of(let.args[1]))
            if joined != self.tapes.get(tape, False):
                self.tapes[tape], self.changed = joined, True
        elif let.op == "pop":
            assert isinstance(let.args[0], Lit)
            self._add(let.out, self.tapes.get(let.args[0].value, False))
        elif not self.any(relevant(let)):
            pass
        elif let.out is None:
            raise CannotBatch(f"{let.op} of values that differ between directions")
        elif structural is not None:
            self._add(let.out, structural(self, let))
        elif not result_is_single(let.op):
            self._add(let.out, whole(let.out.type))


def _of_list(spread: Spread, let: Let) -> Which:
    """A list whose elements are joined with one more."""
    assert let.out is not None and isinstance(let.out.type, List)
    old, new = spread.of(let.args[0]), spread.of(let.args[-1])
    return union(old, _some((new,)) if new in (True, False) or isinstance(let.out.type.element, (Tuple, List)) else whole(let.out.type))


def _of_items(spread: Spread, let: Let) -> Which:
    assert let.out is not None and isinstance(let.out.type, List)
    joined: Which = False
    for item in let.args[0].items if isinstance(let.args[0], Seq) else ():
        joined = union(joined, spread.of(item))
    return _some((joined,)) if isinstance(let.args[0], Seq) else whole(let.out.type)


def _item(spread: Spread, let: Let) -> Which:
    which, number = spread.of(let.args[0]), let.args[1]
    return which[number.value] if which and isinstance(number, Lit) else which


def _element(spread: Spread, let: Let) -> Which:
    which = spread.of(let.args[0])
    return which[0] if which else False


def _read(spread: Spread, let: Let) -> Which:
    """index: of an array, of a tuple, of a list."""
    type = type_of(let.args[0])
    assert let.out is not None
    if isinstance(type, Tuple) and not spread.any(let.args[1:]):
        return _item(spread, let)
    if isinstance(type, List) and not spread.any(let.args[1:]):
        return _element(spread, let)
    return whole(let.out.type)


_STRUCTURAL: dict[str, Callable[[Spread, Let], Which]] = {
    "tuple": lambda spread, let: spread.of(let.args[0]),
    "item": _item,
    "list": _of_items,
    "append": _of_list,
    "list_set": _of_list,
    "list_item": _element,
    "list_drop": lambda spread, let: spread.of(let.args[0]),
    "list_slice": lambda spread, let: spread.of(let.args[0]),
    "empty_list": lambda spread, let: False,
    "index": _read,
}


# -- the program ---------------------------------------------------------------------------------------------


class _Batcher:
    """Statements -> batched statements."""

    def __init__(self, which: Spread, size: Operand, b: Builder | None) -> None:
        self.which = which
        self.b = b or Builder()
        self.b.lenient = True
        self.d = Directions(self.b, size)
        self.env: dict[Var, Arg] = {}
        self.results: list[bool] = []

    def type(self, type: Type, which: Which) -> Type:
        """The type of a value, some parts of which are batched."""
        if not which:
            return type
        if isinstance(type, Tuple):
            return Tuple(tuple(self.type(item, w) for item, w in zip(type.items, which)))
        if isinstance(type, List):
            return List(self.type(type.element, which[0]))
        return self.d.type_of_all(type)

    def param(self, var: Var) -> Var:
        """The Var that takes the place of one that a block or a loop defines."""
        which = self.which.of(var)
        if not which:
            return var
        new = Var(self.type(var.type, which), var.hint)
        self.mark(new, which)
        self.env[var] = new
        return new

    def mark(self, var: Arg, which: Which) -> None:
        if isinstance(var, Var) and which:
            self.d.on.add(var)

    def arg(self, arg: Any) -> Any:
        return map_arg(arg, lambda v: self.env.get(v, v))

    def widened(self, value: Arg, which: Which, wanted: Which, type: Type) -> Arg:
        """A value, of which at least the wanted parts are batched."""
        if value is UNDEFINED or not wanted or which == wanted:
            return value
        if isinstance(type, (Scalar, Array)):
            return self.d.fresh(value, type)
        if isinstance(type, Tuple):
            own = which or (False,) * len(type.items)
            items = value.items if isinstance(value, Seq) else [self.part(value, k, own[k]) for k in range(len(type.items))]
            result = self.b.emit("tuple", Seq(tuple(self.widened(item, h, w, t) for item, h, w, t in zip(items, own, wanted, type.items))))
            self.mark(result, wanted)
            return result
        if isinstance(type, List):
            return self.widened_list(value, which, wanted, type)
        raise CannotBatch(f"a value of type {type}, some of whose parts differ between directions")

    def widened_list(self, value: Arg, which: Which, wanted: Which, type: List) -> Arg:
        before, after = self.type(type, which), self.type(type, wanted)
        assert isinstance(before, List)
        k, old, new = Var(INT, "k"), Var(after), Var(after)
        with self.b.block() as stmts:
            item = self.b.emit("list_item", value, k, type=before.element)
            self.mark(item, which and which[0])
            grown = self.b.emit("append", old, self.widened(item, which and which[0], wanted[0], type.element), type=after)
        empty = self.b.emit("empty_list", Lit(None), type=after)
        self.b.add(For((new,), Lit(0), self.b.emit("len", value), Lit(1), (empty,), Block((k, old), tuple(stmts), Yield((grown,)))))
        self.mark(new, wanted)
        return new

    def part(self, value: Arg, k: int, which: Which) -> Operand:
        item = self.b.emit("item", value, Lit(k))
        self.mark(item, which)
        return item

    def result(self, value: Arg, wanted: Callable[[int], bool]) -> Arg:
        """The result of the function; its leaves are counted."""
        if isinstance(value, (Seq, Make)):
            return replace(value, items=tuple(self.result(item, wanted) for item in value.items))
        assert isinstance(value, (Var, Lit))
        which, asked = self.which.of(value), wanted(len(self.results)) and isinstance(type_of(value), (Scalar, Array))
        self.results.append(bool(which) or asked)
        new = self.arg(value)
        return self.widened(new, which, True, type_of(value)) if asked else new

    # -- blocks ----------------------------------------------------------------------------------------------

    def block(self, block: Block, end: Callable[[Any], End], params: tuple[Var, ...] = ()) -> Block:
        with self.b.block() as stmts:
            for stmt in block.stmts:
                self.stmt(stmt)
            self.b.span = None
            if isinstance(block.end, Branch):
                self.single(block.end.condition)
                last: End = replace(block.end, condition=self.arg(block.end.condition), then=self.block(block.end.then, end),
                                    orelse=self.block(block.end.orelse, end))
            else:
                last = end(block.end) if isinstance(block.end, (Yield, Break)) else block.end
        return Block(params, tuple(stmts), last)

    def ends(self, outs: Collection[Var]) -> Callable[[Any], End]:
        """What a block gives, batched where its results are."""
        def end(old: Yield | Break) -> End:
            values = tuple(self.widened(self.arg(v), self.which.of(v), self.which.of(out), out.type) for v, out in zip(old.values, outs))
            return replace(old, values=values)

        return end

    def single(self, *args: Arg) -> None:
        """Conditions and bounds are the same in all directions."""
        if self.which.any(args):
            raise CannotBatch("a condition, or a number of iterations, that differs between directions")

    def stmt(self, stmt: Stmt) -> None:
        self.b.span = getattr(stmt, "span", None)
        if isinstance(stmt, Let):
            self.let(stmt)
        elif isinstance(stmt, If):
            self.single(stmt.condition)
            blocks = [self.block(inner, self.ends(stmt.outs)) for inner in (stmt.then, stmt.orelse)]
            outs = tuple(self.param(out) for out in stmt.outs)
            self.b.add(If(outs, self.arg(stmt.condition), blocks[0], blocks[1], stmt.span))
        elif isinstance(stmt, (For, While)):
            self.loop(stmt)

    def loop(self, stmt: For | While) -> None:
        index = stmt.body.params[:1] if isinstance(stmt, For) else ()
        carried = stmt.body.params[len(index):]
        inits = tuple(self.widened(self.arg(init), self.which.of(init), self.which.of(p), p.type) for init, p in zip(stmt.inits, carried))
        params = tuple(self.param(p) for p in carried)
        body = self.block(stmt.body, self.ends(stmt.outs), (*index, *params))
        outs = tuple(self.param(out) for out in stmt.outs)
        if isinstance(stmt, For):
            self.single(stmt.start, stmt.stop, stmt.step)
            self.b.add(replace(stmt, outs=outs, start=self.arg(stmt.start), stop=self.arg(stmt.stop), step=self.arg(stmt.step),
                               inits=inits, body=body))
        else:
            self.b.add(replace(stmt, outs=outs, inits=inits, body=body))

    # -- statements ------------------------------------------------------------------------------------------

    def let(self, let: Let) -> None:
        args = tuple(self.arg(arg) for arg in let.args)
        out = let.out
        if let.op == "push":
            assert isinstance(let.args[0], Lit)
            value = self.widened(args[1], self.which.of(let.args[1]), self.which.tapes.get(let.args[0].value, False), type_of(let.args[1]))
            self.b.add(Let(None, "push", (args[0], value), let.span))
        elif let.op == "pop":
            assert out is not None
            self.b.add(Let(self.param(out), "pop", args, let.span))
        elif not self.which.any(let.args):
            if out is not None:
                self.b.made[out] = replace(let, args=args)
            self.b.add(replace(let, args=args))
        elif let.op in SHAPES or not self.which.any(relevant(let)):
            assert out is not None
            self.env[out] = self.of_shape(let, args)
        elif let.op in _STRUCTURAL and not (let.op == "index" and isinstance(type_of(let.args[0]), (Scalar, Array))):
            self.structural(let, args)
        else:
            self.operation(let, args)

    def structural(self, let: Let, args: tuple[Arg, ...]) -> None:
        """Tuples and lists, whose parts are batched or not."""
        out = let.out
        assert out is not None
        which = self.which.of(out)
        if let.op in ("append", "list_set"):
            assert isinstance(out.type, List)
            old = self.widened(args[0], self.which.of(let.args[0]), which, out.type)
            value = self.widened(args[-1], self.which.of(let.args[-1]), which[0], out.type.element)
            args = (old, *args[1:-1], value)
        elif let.op == "list" and isinstance(args[0], Seq) and isinstance(let.args[0], Seq):
            assert isinstance(out.type, List)
            args = (Seq(tuple(self.widened(item, self.which.of(own), which[0], out.type.element)
                              for item, own in zip(args[0].items, let.args[0].items)), args[0].kind),)
        elif self.which.any(let.args[1:]):
            raise CannotBatch(f"{let.op} at a place that differs between directions")
        new = self.b.emit(let.op, *args, hint=out.hint, type=self.type(out.type, which))
        self.mark(new, which)
        self.env[out] = new

    def operation(self, let: Let, args: tuple[Arg, ...]) -> None:
        out = let.out
        assert out is not None
        if OPS[let.op].effect:
            raise CannotBatch(f"{let.op} of values that differ between directions")
        args = tuple(self.complete(arg, own) for arg, own in zip(args, let.args))
        new = self.d.apply(let.op, *args, out=out.type)
        expected, have = rank(self.d.type_of_all(out.type)), rank(type_of(new))
        if not self.d.batched(new) or (expected is not None and have is not None and expected != have):
            raise CannotBatch(f"{let.op}: its result does not have the expected axes")
        self.env[out] = self.named(new, out.hint)

    def of_shape(self, let: Let, args: tuple[Arg, ...]) -> Operand:
        """What depends on the shapes of batched values only is the same in all directions."""
        try:
            return SHAPES[let.op](self.d, let.op, *args) if let.op in SHAPES else of_shape(self.d, let.op, *args)
        except NoRule:
            raise CannotBatch(f"{let.op} of an array whose number of axes is not known") from None

    def named(self, value: Operand, hint: str | None) -> Operand:
        """A value that has just been made, with the name of the one that it takes the place of."""
        last = self.b.stmts[-1] if self.b.stmts else None
        if hint is None or not isinstance(last, Let) or last.out is not value or value.hint is not None:
            return value
        new = Var(value.type, hint)
        self.b.stmts[-1] = self.b.made[new] = replace(last, out=new)
        known = self.b.scopes[-1].known
        known.update({key: new for key, var in known.items() if var is value})
        self.d.on.add(new)
        return new

    def complete(self, arg: Arg, own: Arg) -> Arg:
        """An argument all of which is batched, if some parts are."""
        if isinstance(own, Var) and isinstance(own.type, (Tuple, List)):
            which = self.which.of(own)
            return self.widened(arg, which, whole(own.type), own.type) if which else arg
        return arg




__all__ = ["CannotBatch", "batch", "whole"]
