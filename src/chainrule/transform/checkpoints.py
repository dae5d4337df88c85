"""Loops of which few states are kept (`For.checkpoints`): the first sweep stores some, the reverse sweep follows a schedule.

    for k in range(n) carrying u:           places = rt.checkpoints(n, budget)
        yield step(u)                       for k in range(n) carrying u, kept = []:
                                                if rt.is_checkpoint(k, places): kept = append(kept, u)
                                                yield step(u), kept
                                            for action, k in rt.revolve(n, budget, places) carrying u, kept, u_bar:
                                                restore u from kept; or advance u by step(u); or store u; or drop what was stored last;
                                                or u_bar = the adjoint of step at u, a derivative of its own (`Vjp`)

The schedule is binomial (`runtime/schedule`). A step is executed again without what it does to the world outside. Where the number of steps is not known in
advance (a loop that breaks), the first sweep stores every state, then, when there are too many, forgets every second one and stores half as often from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis.activity import carried
from ..ir.build import Builder, type_of
from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    Break,
    Checkpoints,
    For,
    If,
    Lit,
    Operand,
    Seq,
    Slice,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
)
from ..ir.ops import OPS, Op, Param, define
from ..ir.types import BOOL, INT, OBJECT, Array, List, Scalar
from ..ir.walk import free, renamed, substitute
from ..runtime import schedule
from .adjoints import bar_type

if TYPE_CHECKING:
    from .reverse import Sweep

ACTIONS = Array("int64", None)
for _op, _params, _helper, _type in (
        ("rt.checkpoints", ("n", "budget"), schedule.checkpoints, OBJECT), ("rt.is_checkpoint", ("k", "stored"), schedule.is_checkpoint, BOOL),
        ("rt.revolve", ("n", "budget", "stored"), schedule.revolve, ACTIONS), ("rt.strided", ("n", "stride"), schedule.strided, OBJECT),
        ("rt.spilled", ("array",), schedule.spilled, OBJECT)):
    if _op not in OPS:
        define(Op(_op, tuple(map(Param, _params)), _helper, lambda *_, _type=_type: _type))


@dataclass(frozen=True, eq=False)
class Kept:
    """What the first sweep of a loop stores: of which carried values, the loop as it was, and how many steps it has."""

    loop: For | While
    slots: tuple[int, ...]
    steps: Operand
    budget: int | None
    places: Var | None = None  # the steps before which a state is stored; None if it is every `stride`-th
    stride: Var | None = None


def with_states(block: Block) -> tuple[Block, dict[Checkpoints, Kept]]:
    """The block whose loops with checkpoints store states, and what each of them stores."""
    found: dict[Checkpoints, Kept] = {}
    return _block(block, found), found


def _block(block: Block, found: dict[Checkpoints, Kept]) -> Block:
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, If):
            stmt = replace(stmt, then=_block(stmt.then, found), orelse=_block(stmt.orelse, found))
        elif isinstance(stmt, (For, While)) and stmt.checkpoints is not None and _is_plain(stmt):
            if isinstance(stmt, For) and isinstance(stmt.body.end, Yield):
                stmts += _storing(stmt, found)
            else:
                stmts += _thinning(stmt, found)
            continue
        elif isinstance(stmt, (For, While)):
            stmt = replace(stmt, body=_block(stmt.body, found))
        stmts.append(stmt)
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, then=_block(end.then, found), orelse=_block(end.orelse, found))
    return Block(block.params, tuple(stmts), end)


def _is_plain(loop: For | While) -> bool:
    """Whether the states of a loop are numbers and arrays, from the first step on; others keep what they need as if there were no checkpoints."""
    used = free(Block((), loop.body.stmts, loop.body.end))
    return not (isinstance(loop, For) and loop.reverse) and all(
        param not in used if init is UNDEFINED else isinstance(param.type, (Scalar, Array)) for param, init in zip(carried(loop), loop.inits))


def _storing(loop: For, found: dict[Checkpoints, Kept]) -> list[Stmt]:
    assert loop.checkpoints is not None and isinstance(loop.body.end, Yield)
    b = Builder()
    b.span = loop.span
    plain = _is(loop.start, 0) and _is(loop.step, 1)
    steps = loop.stop if plain else b.emit("len", b.emit("range", loop.start, loop.stop, loop.step))
    places = b.emit("rt.checkpoints", steps, Lit(loop.checkpoints.budget), hint="stored")
    assert isinstance(places, Var) and isinstance(steps, (Var, Lit))
    params = carried(loop)
    slots = tuple(k for k, init in enumerate(loop.inits) if init is not UNDEFINED)
    lists = [List(_stored(params[k])) for k in slots]
    olds, news, outs = ([Var(type, _name(params[k])) for k, type in zip(slots, lists)] for _ in range(3))
    empty = [b.emit("empty_list", Lit(None), type=type) for type in lists]
    index = loop.body.params[0]
    count: list[Var] = []
    with b.block() as inside:
        step: Operand = index
        if not plain:
            count = [Var(INT, "step")]
            step = count[0]
        here = b.emit("rt.is_checkpoint", step, places)
        with b.block() as storing:
            grown = tuple(b.emit("append", old, _spilled(b, params[k], loop.checkpoints), type=old.type) for old, k in zip(olds, slots))
        b.add(If(tuple(news), here, Block((), tuple(storing), Yield(grown)), Block((), (), Yield(tuple(olds))), loop.span))
        more: tuple[Arg, ...] = (b.emit("+", step, 1),) if count else ()
    body = Block((*loop.body.params, *count, *olds), (*inside, *loop.body.stmts), Yield((*loop.body.end.values, *more, *news)))
    counted = tuple(Var(INT, "step") for _ in count)
    token = replace(loop.checkpoints)
    found[token] = Kept(loop, slots, steps, loop.checkpoints.budget, places)
    new = replace(loop, outs=(*loop.outs, *counted, *outs), inits=(*loop.inits, *(Lit(0) for _ in count), *empty), body=body, checkpoints=token)
    return [*b.stmts, new]


def _thinning(loop: For | While, found: dict[Checkpoints, Kept]) -> list[Stmt]:
    """A loop whose number of steps is not known in advance."""
    assert loop.checkpoints is not None
    budget = schedule.UNKNOWN if loop.checkpoints.budget is None else loop.checkpoints.budget
    b = Builder()
    b.span = loop.span
    params = carried(loop)
    slots = tuple(k for k, init in enumerate(loop.inits) if init is not UNDEFINED)
    lists = [List(_stored(params[k])) for k in slots]
    olds, outs, longer, thinner = ([Var(type, _name(params[k])) for k, type in zip(slots, lists)] for _ in range(4))
    step, stride, next_stride, wider, last, last_stride = (Var(INT, name) for name in ("step", "stride", "stride", "stride", "step", "stride"))
    empty = [b.emit("empty_list", Lit(None), type=type) for type in lists]
    with b.block() as inside:
        here = b.emit("==", b.emit("%", step, stride), Lit(0))
        with b.block() as storing:
            grown = [b.emit("append", old, _spilled(b, params[k], loop.checkpoints), type=old.type) for old, k in zip(olds, slots)]
            many = b.emit(">", b.emit("len", grown[0]) if grown else Lit(0), Lit(budget))
            with b.block() as forgetting:
                halves = tuple(b.emit("list_slice", one, Slice(Lit(None), Lit(None), Lit(2)), type=type) for one, type in zip(grown, lists))
                twice = b.emit("*", stride, 2)
            b.add(If((*thinner, wider), many, Block((), tuple(forgetting), Yield((*halves, twice))), Block((), (), Yield((*grown, stride))), loop.span))
        b.add(If((*longer, next_stride), here, Block((), tuple(storing), Yield((*thinner, wider))), Block((), (), Yield((*olds, stride))), loop.span))
        after = b.emit("+", step, 1)
    block = _also(loop.body, (after, next_stride, *longer))
    block = Block((*block.params, step, stride, *olds), (*inside, *block.stmts), block.end)
    token = replace(loop.checkpoints)
    found[token] = Kept(loop, slots, last, budget, stride=last_stride)
    inits = (*loop.inits, Lit(0), Lit(1), *empty)
    return [*b.stmts, replace(loop, outs=(*loop.outs, last, last_stride, *outs), inits=inits, body=block, checkpoints=token)]


def _also(block: Block, more: tuple[Arg, ...]) -> Block:
    """A loop's body that ends with further values, whichever way it ends."""
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, then=_also(end.then, more), orelse=_also(end.orelse, more))
    elif isinstance(end, (Yield, Break)):
        end = replace(end, values=(*end.values, *more))
    return replace(block, end=end)


def _ended(block: Block) -> Block:
    """A loop's body as a block that ends in one way: what it yields, or breaks with."""
    end = block.end
    if isinstance(end, Break):
        return replace(block, end=Yield(end.values))
    if not isinstance(end, Branch):
        return block
    then, orelse = _ended(end.then), _ended(end.orelse)
    ends = [side.end.values for side in (then, orelse) if isinstance(side.end, Yield)]
    if not ends:
        return Block(block.params, (*block.stmts, If((), end.condition, then, orelse, end.span)), then.end)
    outs = tuple(Var(next((type_of(v) for v in values if v is not UNDEFINED), OBJECT), next((v.hint for v in values if isinstance(v, Var)), None))
                 for values in zip(*ends))
    return Block(block.params, (*block.stmts, If(outs, end.condition, then, orelse, end.span)), Yield(outs))


def pull(sweep: Sweep, stmt: For | While, kept: Kept) -> None:
    """The reverse of a loop whose first sweep has stored states."""
    adjoints, b = sweep.adjoints, sweep.b
    seeds = [adjoints.pop(out) for out in stmt.outs][:len(kept.loop.inits)]
    if not any(seeds):
        return
    replay = _Replay(sweep, stmt, kept)
    bars: list[Operand] = [adjoints.zeros(stmt.outs[k]) if (bar := seeds[k]) is None else adjoints.full(stmt.outs[k], bar) for k in replay.moving]
    bars += [adjoints.take(v) for v in replay.outer]
    before = adjoints.bars
    stored = kept.places if kept.places is not None else b.emit("rt.strided", kept.steps, kept.stride, hint="stored")
    actions = b.emit("rt.revolve", kept.steps, Lit(kept.budget), stored, hint="actions")
    ends = replay.run(actions, bars)
    adjoints.bars = before
    adjoints.bars.update((v, adjoints.bar(v, out)) for v, out in zip(replay.outer, ends[len(replay.moving):]))
    for n, out in zip(replay.moving, ends):
        adjoints.add(kept.loop.inits[n], out)


class _Replay:
    """The loop over the actions of a schedule. It carries the state before a step, the lists of stored states, and the adjoints; each action changes some of them.

    moving: which carried values of the loop have an adjoint; outer: what the loop reads besides and has one; read: those of `moving` that are part
    of the state (the others are set anew by every step, and nothing reaches what they were before).
    """

    def __init__(self, sweep: Sweep, stmt: For | While, kept: Kept) -> None:
        self.b, self.stmt, self.kept, self.loop = sweep.b, stmt, kept, kept.loop
        self.count = len(self.loop.inits)
        params = carried(self.loop)
        self.moving = [k for k in range(self.count) if params[k] in sweep.active or stmt.outs[k] in sweep.active]
        self.outer = [v for v in free(self.loop.body) if v in sweep.active]
        self.read = [n for n in self.moving if n in kept.slots]
        named = [params[k] if params[k].hint else stmt.outs[k] for k in self.moving] + self.outer
        self.states = [Var(_stored(params[k]), params[k].hint) for k in kept.slots]
        self.lists = [Var(v.type, v.hint) for v in self.stored]
        self.bars = [_bar(v) for v in named]
        self.back = {n: _bar(v) for n, v in zip(self.moving, named) if n in self.read}

    @property
    def stored(self) -> tuple[Var, ...]:
        """The lists of states that the first sweep gives."""
        return self.stmt.outs[len(self.stmt.outs) - len(self.kept.slots):]

    def run(self, actions: Operand, bars: list[Operand]) -> tuple[Var, ...]:
        """Go through the actions; the adjoints in the end."""
        j = Var(INT, "j")
        with self.b.block() as stmts:
            action = self.b.emit("index", actions, Seq((j, Lit(0))), type=Scalar("int64"), hint="action")
            self.advancing, self.reversing = self.steps(self.index(actions, j))
            made, values = self.choose(action, [schedule.ADVANCE, schedule.BACK, schedule.RESTORE, schedule.STORE, schedule.DROP])
            for one in made:
                self.b.add(one)
        outs = self.renewed()
        starts = (*(self.loop.inits[n] for n in self.kept.slots), *self.stored, *bars)
        body = Block((j, *self.states, *self.lists, *self.bars), tuple(stmts), Yield(values))
        self.b.add(For(outs, Lit(0), self.b.emit("len", actions), Lit(1), starts, body, span=self.stmt.span))
        return outs[len(self.states) + len(self.lists):]

    def renewed(self) -> tuple[Var, ...]:
        return tuple(Var(v.type, v.hint) for v in (*self.states, *self.lists, *self.bars))

    def index(self, actions: Operand, j: Var) -> tuple[Arg, ...]:
        """The loop's own index in the step that an action is about."""
        loop, b = self.loop, self.b
        if not isinstance(loop, For):
            return ()
        k = b.emit("int", b.emit("index", actions, Seq((j, Lit(1))), type=Scalar("int64")), hint=loop.body.params[0].hint)
        return (k if _is(loop.start, 0) and _is(loop.step, 1) else b.emit("+", loop.start, b.emit("*", k, loop.step)),)

    def steps(self, index: tuple[Arg, ...]) -> tuple[Vjp, Vjp]:
        """A step forwards, and the reverse of one."""
        from .nested import quiet

        body, _ = quiet(_function(self.loop))
        first = len(index)
        frees = body.params[first + self.count:]
        args = (*index, *(_of(self.states, self.kept.slots, n) for n in range(self.count)), *frees)
        own = [Var(v.type, v.hint) for v in frees]
        block = substitute(replace(body, params=body.params[:first + self.count]), lambda v: own[frees.index(v)] if v in frees else v)
        block = replace(block, params=(*body.params[:first + self.count], *own))
        wrt = (*(first + n for n in self.read), *(first + self.count + frees.index(v) for v in self.outer))
        seeds = tuple(self.bars[self.moving.index(n)] if n in self.moving else None for n in range(self.count))
        adjoints = (*self.back.values(), *(Var(bar_type(v.type)) for v in self.outer))
        reversing = Vjp((*_results(block), *adjoints), renamed(block), args, wrt, seeds, self.stmt.span)
        advancing = Vjp(tuple(_results(block)), renamed(block), args, (), (None,) * self.count, self.stmt.span)
        return advancing, reversing

    def after(self, number: int) -> tuple[list[Stmt], tuple[Arg, ...]]:
        """The statements of an action, and the states, lists and adjoints after it."""
        b = self.b
        states: list[Arg] = [*self.states]
        lists: list[Arg] = [*self.lists]
        bars: list[Arg] = [*self.bars]
        with b.block() as made:
            if number == schedule.BACK:
                b.add(self.reversing)
                bars = [self.back.get(n) or _zeros(b, bar) for n, bar in zip(self.moving, self.bars)]
                for v, bar, new in zip(self.outer, self.bars[len(self.moving):], self.reversing.outs[self.count + len(self.read):]):
                    bars.append(b.emit("rt.add_lists", bar, new) if isinstance(v.type, List) else b.emit("accum", bar, new))
            elif number == schedule.ADVANCE:
                b.add(self.advancing)
                states = [self.advancing.outs[n] for n in self.kept.slots]
            elif number == schedule.RESTORE:
                states = [b.emit("list_item", one, Lit(-1), type=state.type) for one, state in zip(self.lists, self.states)]
            elif number == schedule.STORE:
                lists = [b.emit("append", one, _spilled(b, state, self.loop.checkpoints), type=one.type) for one, state in zip(self.lists, self.states)]
            else:
                lists = [b.emit("list_drop", one, type=one.type) for one in self.lists]
        return made, (*states, *lists, *bars)

    def choose(self, action: Operand, numbers: list[int]) -> tuple[list[Stmt], tuple[Arg, ...]]:
        """The statements of the action that is due, the last one if it is none of those before."""
        number, *rest = numbers
        if not rest:
            return self.after(number)
        then, orelse = self.after(number), self.choose(action, rest)
        outs = self.renewed()
        with self.b.block() as made:
            self.b.add(If(outs, self.b.emit("==", action, Lit(number)), Block((), tuple(then[0]), Yield(then[1])), Block((), tuple(orelse[0]), Yield(orelse[1])), self.stmt.span))
        return made, outs


def _bar(v: Var) -> Var:
    return Var(bar_type(v.type), None if v.hint is None else f"{v.hint}_bar")


def _function(loop: For | While) -> Block:
    """The body of a loop as a function of its index, what it carries, and what it sees."""
    body = _ended(loop.body)
    return Block((*body.params, *free(body)), body.stmts, body.end)


def _zeros(b: Builder, bar: Var) -> Operand:
    return b.emit("np.zeros_like", bar) if isinstance(bar.type, Array) else Lit(0.0)


def _results(block: Block) -> list[Var]:
    assert isinstance(block.end, Yield)
    return [Var(type_of(v), v.hint if isinstance(v, Var) else None) for v in block.end.values]


def _of(states: list[Var], slots: tuple[int, ...], n: int) -> Arg:
    return states[slots.index(n)] if n in slots else UNDEFINED


def _stored(var: Var) -> Scalar | Array:
    assert isinstance(var.type, (Scalar, Array))
    return bar_type(var.type)  # type: ignore[return-value]


def _name(var: Var) -> str:
    return f"{var.hint}_kept" if var.hint else "kept"


def _spilled(b: Builder, value: Var, checkpoints: Checkpoints | None) -> Operand:
    """What is kept of a value: itself, or a copy on disk."""
    return b.emit("rt.spilled", value, type=value.type) if checkpoints is not None and checkpoints.spill and isinstance(value.type, Array) else value


def _is(arg: Arg, value: int) -> bool:
    return isinstance(arg, Lit) and type(arg.value) is int and arg.value == value


__all__ = ["Kept", "pull", "with_states"]
