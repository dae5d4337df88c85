"""Program -> Program: the gradient of a program, by reverse accumulation over its structure.

    def f(x, n):                            def f_grad(x, n):
        s = x                                   x_tape = []  (kept by transform/keep)
        for k in range(0, n) carrying s:        ... the statements of f ...
            s = s * x                           for k in reversed(range(0, n)) carrying s_bar = 1.0, x_bar = 0.0:
        return s                                    x_bar = x_bar + s_bar * s
                                                    s_bar = s_bar * x
                                                return (s_bar + x_bar,)

The reverse of a block is its statements backwards, of a branch a branch on the same condition, of a loop a loop over
the same range reversed. What carries an adjoint into or out of a block is explicit: an If gives out the adjoint of every
outer Var that one of its branches contributes to; a loop carries the adjoints of its carried values and those of the
outer values that its body uses. Every value is defined once and array contents are values, so that is all.

Statements made here name primal Vars as if all of them were still there. A statement `mirror(block)` stands at the beginning
of the reverse of each block; `transform/keep` decides how the primal values are made available, and puts that in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..analysis.activity import activity, carried
from ..analysis.flow import Rules, check_jumps, check_read_back, flows, singular, steep
from ..analysis.taint import tainted
from ..ir.build import Builder, Scope, type_of
from ..ir.nodes import (
    Arg,
    Block,
    Branch,
    Break,
    End,
    For,
    If,
    Let,
    Lit,
    Operand,
    Program,
    Pullback,
    Raise,
    Seq,
    Span,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
    operands,
    variables,
)
from ..ir.ops import OPS, Op, Param, define
from ..ir.types import INT, OBJECT, Tuple, differentiable
from ..ir.walk import all_stmts, defined, free, leaves, map_arg, substitute_stmt
from ..rules.table import RowError
from ..simplify.copies import copies_block
from ..simplify.dead import dead_block
from ..simplify.loads import loads
from .adjoints import Adjoints, Bar, bar_type
from .calls import Called, Calls
from .checkpoints import pull as pull_states
from .checkpoints import with_states
from .custom import pull as pull_ruled
from .keep import keep
from .prepare import headed, prepare
from .pull import Pull
from .surgery import Erased, erased, holds, operated, operations
from .undo import with_old_values

if "mirror" not in OPS:
    define(Op("mirror", (Param("block"),), lambda block: None, lambda *_: OBJECT, effect=True))


def reverse(program: Program, wrt: tuple[Var, ...], *, name: str | None = None, keep_value: bool = True,
            seed: Lit | str = Lit(1.0), rules: Rules | None = None, sparse: bool = False) -> Program:
    """The program that computes the gradient with respect to some of the parameters' Vars.

    Its result is a Seq: (value, *gradients), or the gradients only. With seed "pullback" it returns (value, pullback), where
    pullback takes one cotangent for each differentiable value in the result and gives a tuple of gradients.
    sparse: the cotangents that it is called with hold zeros that select, as the rows of an identity do.
    """
    name = name or f"{program.name}_grad"
    calls = Calls(program.callees, name)
    derived = _derive(program, wrt, name, keep_value, seed, rules or _table(), calls, sparse)
    for callee, callee_wrt, callee_name in calls.wanted():
        calls.made.append(derive_callee(callee, callee_wrt, callee_name, calls))
    return replace(derived, callees=tuple(map(erased, calls.needed(derived.body))))


def _derive(program: Program, wrt: tuple[Var, ...], name: str, keep_value: bool, seed: Lit | str, rules: Rules, calls: Calls,
            inner: bool = False) -> Program:
    """The derivative of one function; those of the functions that it calls are asked of `calls`. inner: it is such a function."""
    sweep = Sweep(cleaned(program.body), wrt, rules, seed == "pullback", calls, inner)
    assert isinstance(sweep.body.end, Yield)
    result = sweep.body.end.values[0]
    marker: tuple[Stmt, ...] = ()
    if seed == "pullback":
        params = [Var(bar_type(type_of(leaf)), _bar_name(leaf) or "value_bar") for leaf in operands(result) if differentiable(type_of(leaf))]
        for leaf, param in zip((leaf for leaf in operands(result) if differentiable(type_of(leaf))), params):
            sweep.adjoints.add(leaf, param)
        marker = (Pullback(tuple(params), result),)
    else:
        assert isinstance(seed, Lit)
        value = next(operands(result), None)
        if value is not None:
            sweep.adjoints.add(value, seed)
        marker = (Let(None, "mark", (Lit("reverse"),)),)
    bars = sweep.run(wrt)
    end = Seq(bars if seed == "pullback" or not keep_value else (result, *bars))
    return replace(program, name=name, body=sweep.finish(marker, end), callees=())


def reverse_named(program: Program, named: Sequence[tuple[Var, Arg]], finish: Callable[[Builder, int, Operand, Arg], Operand], name: str) -> Program:
    """The program that computes the derivative of its result, one number, with respect to values of its outermost block.

    named: these, each with what else of the primal is needed to give the derivative its form, as `finish(builder, number, adjoint, needed)` does.
    Its result is a Seq of these.
    """
    calls = Calls(program.callees, name)
    assert isinstance(program.body.end, Yield)
    # All of it is a result while the block is cleaned, which may give it other names.
    body = cleaned(replace(program.body, end=Yield((Seq((program.body.end.values[0], *(Seq(pair) for pair in named))),))))
    assert isinstance(body.end, Yield) and isinstance(body.end.values[0], Seq)
    value, *pairs = body.end.values[0].items
    wanted: list[tuple[Arg, Arg]] = [(pair.items[0], pair.items[1]) for pair in pairs if isinstance(pair, Seq)]
    variables_ = tuple(dict.fromkeys(v for v, _ in wanted if isinstance(v, Var)))
    sweep = Sweep(replace(body, end=Yield((value,))), variables_, _table(), False, calls, False)
    if isinstance(value, Var):
        sweep.adjoints.add(value, Lit(1.0))
    held = sweep.run_to(variables_)
    ends = tuple(finish(sweep.b, n, held[v] if isinstance(v, Var) else Lit(0.0), needed) for n, (v, needed) in enumerate(wanted))
    derived = replace(program, name=name, body=sweep.finish((Let(None, "mark", (Lit("reverse"),)),), Seq(ends)), callees=())
    for callee, callee_wrt, callee_name in calls.wanted():
        calls.made.append(derive_callee(callee, callee_wrt, callee_name, calls))
    return replace(derived, callees=tuple(map(erased, calls.needed(derived.body))))


def derive_callee(program: Program, wrt: tuple[Var, ...], name: str, calls: Calls) -> Program:
    """A function of the program, in the form that returns a pullback."""
    return _derive(program, wrt, name, True, "pullback", _table(), calls, inner=True)


def reverse_block(block: Block, wrt: tuple[Var, ...], seeds: Sequence[Arg | None], calls: Calls, marked: bool = False) -> Block:
    """A block that ends with its results one by one -> values and adjoints: it ends with its results, and the adjoints of `wrt`.

    seeds: the adjoints of the results, None where there is none. marked: the place where the reverse sweep begins is marked.
    """
    sweep = Sweep(cleaned(block), wrt, _table(), True, calls, False)
    assert isinstance(sweep.body.end, Yield)
    results = sweep.body.end.values
    for result, seed in zip(results, seeds):
        if seed is not None:
            assert isinstance(seed, (Var, Lit))
            sweep.adjoints.add(result, seed)
    bars = sweep.run(wrt)
    marker = (Let(None, "mark", (Lit("reverse"),)),) if marked else ()
    body = sweep.finish(marker, Seq((*results, *bars)))
    assert isinstance(body.end, Yield) and isinstance(body.end.values[0], Seq)
    return replace(body, end=Yield(body.end.values[0].items))


def cleaned(body: Block) -> Block:
    """A primal block as `Sweep` takes it."""
    return with_old_values(dead_block(loads(copies_block(body))))


def transpose(let: Let, active: tuple[Var, ...], dots: Mapping[Var, Operand]) -> tuple[tuple[Stmt, ...], Operand]:
    """The tangent of the result of one statement, from those of its active arguments: the pullback of its pullback, which is linear.

    Gives statements that may stand after it, and the tangent.
    """
    assert let.out is not None
    args = tuple(dict.fromkeys(v for arg in let.args for v in variables(arg)))
    cotangent = Var(bar_type(let.out.type))
    first = Sweep(Block(args, (let,), Yield((let.out,))), active, _table(), True, Calls((), ""), False)
    first.adjoints.add(let.out, cotangent)
    bars = first.run(active)
    there = {**first.likes}
    pulled = tuple(substitute_stmt(stmt, lambda v: there.get(v, v)) for stmt in first.b.stmts)
    bars = tuple(there.get(bar, bar) if isinstance(bar, Var) else bar for bar in bars)
    second = Sweep(Block((cotangent, *args, let.out), pulled, Yield(bars)), (cotangent,), _table(), True, Calls((), ""), False)
    for var, bar in zip(active, bars):
        if isinstance(bar, Var):
            second.adjoints.add(bar, dots[var])
    (dot,) = second.run((cotangent,))
    there.update(second.likes)
    there[cotangent] = let.out  # only for its shape: a pullback is linear

    def found(var: Var) -> Var:
        while var in there:
            var = there[var]
        return var

    made = tuple(substitute_stmt(stmt, found) for stmt in (*pulled, *second.b.stmts))
    result = found(dot) if isinstance(dot, Var) else dot
    return dead_block(Block((), made, Yield((result,)))).stmts, result


def _table() -> Rules:
    from ..rules import registry

    return registry


def _bar_name(leaf: Operand) -> str | None:
    return f"{leaf.hint}_bar" if isinstance(leaf, Var) and leaf.hint else None


class Sweep:
    """The reverse sweep while it is being made. Its methods reverse statements, the last one first."""

    def __init__(self, body: Block, wrt: tuple[Var, ...], rules: Rules, pullback: bool, calls: Calls, inner: bool) -> None:
        assert isinstance(body.end, Yield)
        through = flows(rules)
        leaves_ = [leaf for value in body.end.values for leaf in operands(value)]
        results = [v for v in (leaves_ if pullback else leaves_[:1]) if isinstance(v, Var)]
        operated_on = [let for let in operations(body) if let.out is not None]  # what a block makes of an adjoint may be anything
        active = activity(body, (*wrt, *(let.out for let in operated_on if let.out is not None)),
                          (*results, *(v for let in operated_on for v in variables(let.args[0]))), through)
        check_jumps(body, wrt, through, rules)
        check_read_back(body, wrt, through)
        self.functions = calls
        body, self.kept = with_states(body)
        body, self.calls, pairs = calls.split(body, active)
        self.body, self.counts = prepare(body)
        self.active = active | pairs
        self.rules = rules
        self.tainted = tainted(self.body, self.active, through, rules.masks, results if inner else ())
        self.likes: dict[Var, Var] = {}
        self._proxies: dict[Var, Var] = {}
        self.b = Builder()
        self.b.lenient = True
        self.adjoints = Adjoints(self.b, self.active, self.like)
        self.singular = singular(self.body, rules, through)
        self.steep = steep(self.body, rules)
        for stmt in all_stmts(self.body):  # a view of a view may be a primal value
            if isinstance(stmt, Let) and stmt.out is not None and OPS[stmt.op].views and OPS[stmt.op].destroys is None:
                self.b.made[stmt.out] = stmt
        for stmt in self.body.stmts:  # results of the forward sweep at top level are still there: nothing is computed twice
            if isinstance(stmt, Let) and stmt.out is not None and not OPS[stmt.op].effect and not OPS[stmt.op].fresh:
                self.b.know(stmt)

    def like(self, var: Var) -> Operand:
        """A stand-in for any value with the type of var; `keep` chooses one that is there anyway."""
        if var not in self._proxies:
            proxy = Var(var.type, var.hint)
            self._proxies[var] = proxy
            self.likes[proxy] = var
        return self._proxies[var]

    def run(self, wrt: tuple[Var, ...]) -> tuple[Operand, ...]:
        """The whole sweep, once the results have their adjoints; gives those of `wrt`."""
        for stmt in reversed(self.body.stmts):
            self.stmt(stmt)
        return tuple(self.adjoints.take(v) for v in wrt)

    def run_to(self, wrt: tuple[Var, ...]) -> dict[Var, Operand]:
        """The same for values that are made in the outermost block: their adjoints, when all their uses have contributed."""
        held: dict[Var, Operand] = {}
        for stmt in reversed(self.body.stmts):
            for var in defined(stmt):
                if var in wrt:
                    bar = self.adjoints.settled(var)
                    held[var] = self.adjoints.zeros(var) if bar is None else self.adjoints.full(var, bar)
            self.stmt(stmt)
        return held | {var: self.adjoints.take(var) for var in wrt if var not in held}

    def finish(self, marker: tuple[Stmt, ...], end: Arg) -> Block:
        """The whole body: the forward sweep, the marker, and the reverse sweep with the user's blocks in it."""
        primal, stmts, likes = self.body, tuple(self.b.stmts), self.likes
        if holds(primal):
            rest = Erased(primal)
            primal, marker, stmts, end = rest.body, rest.sweep(marker), rest.sweep(stmts), map_arg(end, rest.value)
            likes = {proxy: like for proxy, var in likes.items() if isinstance(like := rest.value(var), Var)}
        return operated(keep(primal, marker, stmts, end, likes, self.adjoints.names))

    def stmt(self, stmt: Stmt) -> None:
        """Add the reverse of a statement."""
        self.b.span = getattr(stmt, "span", None)
        if isinstance(stmt, Let):
            self.let(stmt)
        elif isinstance(stmt, If):
            seeds = [self.adjoints.pop(out) for out in stmt.outs]
            if any(seeds) or holds(stmt.then, stmt.orelse):
                self.branches(stmt.condition, stmt.then, stmt.orelse, seeds, stmt.span)
        elif isinstance(stmt, (For, While)) and stmt.checkpoints in self.kept:
            pull_states(self, stmt, self.kept[stmt.checkpoints])
        elif isinstance(stmt, (For, While)):
            self.loop(stmt)
        elif isinstance(stmt, Vjp):
            from .nested import pull

            pull(self, stmt)

    def let(self, let: Let) -> None:
        bar = None if let.out is None else self.adjoints.pop(let.out)
        if let.op == "surgery":
            self._operate(let, bar)
            return
        if bar is None:
            return
        if let in self.calls:
            self._pull_call(let, bar, self.calls[let])
        elif let.op == "ruled":
            pull_ruled(self, let, bar)
        elif let.op == "item":
            tuple_, number = let.args
            assert isinstance(number, Lit)
            assert let.out is not None
            value = bar.value if bar.parts is None else self.adjoints.full(let.out, bar)  # an item that is a tuple
            self.adjoints.add_item(tuple_, number.value, value, thin=bar.thin)
        elif let.op == "tuple":
            self._pull_tuple(let, bar)
        else:
            try:
                self.rules.pull(let, Pull(self, let, bar))
            except RowError as error:
                error.span = let.span
                raise

    def _operate(self, let: Let, bar: Bar | None) -> None:
        """A block of the user's on an adjoint: it is executed also where that is zero."""
        assert let.out is not None
        value = self.adjoints.zeros(let.out) if bar is None else self.adjoints.full(let.out, bar)
        new = self.b.emit("operate", value, *let.args[1:], type=bar_type(let.out.type))
        self.adjoints.add(let.args[0], new)

    def _pull_tuple(self, let: Let, bar: Bar) -> None:
        assert let.out is not None
        for item, part in zip(operands(let.args[0]), self.adjoints.parts(let.out, bar)):
            if part is not None:
                self.adjoints.add(item, part.value)

    def _pull_call(self, let: Let, bar: Bar, call: Called) -> None:
        """The adjoints of the arguments of a call, from its pullback."""
        assert let.out is not None
        cotangents = self.adjoints.leaves(let.out, bar)
        types = tuple(bar_type(v.type) for v in call.args)
        bars = self.b.emit("apply", call.pullback, Seq(cotangents), type=Tuple(types))
        for k, var in enumerate(call.args):
            self.adjoints.add(var, self.b.emit("item", bars, k))

    # -- branches ----------------------------------------------------------------------------------------

    def branches(self, condition: Arg, then: Block, orelse: Block, seeds: list[Bar | None], span: Span | None) -> None:
        """The reverse of `if condition: then else: orelse`, where the k-th yielded value has the adjoint seeds[k]."""
        if _never_ends(then) or _never_ends(orelse):  # the reverse sweep is reached through the other one only
            self.mirror(orelse if _never_ends(then) else then, seeds)
            return
        self.adjoints.flush()
        before = self.adjoints.bars
        bars: list[dict[Var, Bar]] = []
        scopes: list[Scope] = []
        for block in (then, orelse):
            self.adjoints.bars = dict(before)
            with self.b.block():
                scopes.append(self.b.scopes[-1])
                self.mirror(block, seeds)
            bars.append(self.adjoints.bars)
        changed = [v for v in {**bars[0], **bars[1]} if any(b.get(v) is not before.get(v) for b in bars)]
        outs = tuple(Var(bar_type(v.type), _bar_name(v)) for v in changed)
        ends: list[Yield] = []
        for n, scope in enumerate(scopes):
            self.adjoints.bars = bars[n]
            with self.b.reopen([*self.b.scopes, scope]):
                ends.append(Yield(tuple(self.adjoints.take(v) for v in changed)))
        self.adjoints.bars = before
        if changed or holds(then, orelse):
            blocks = [Block((), tuple(scope.stmts), end) for scope, end in zip(scopes, ends)]
            self.b.add(If(outs, condition, blocks[0], blocks[1], span))
        before.update((v, self.adjoints.bar(v, out)) for v, out in zip(changed, outs))

    def mirror(self, block: Block, seeds: list[Bar | None], rest: Block | None = None) -> None:
        """The reverse of a block, where the k-th value that it ends with has the adjoint seeds[k].

        rest: the block in which this one always ends, as far as the reverse sweep is concerned.
        """
        self.b.effect("mirror", Lit(block))
        if rest is not None:
            self.mirror(rest, seeds)
        else:
            self.end(block.end, seeds)
        for stmt in reversed(block.stmts):
            self.stmt(stmt)

    def end(self, end: End, seeds: list[Bar | None]) -> None:
        if isinstance(end, (Yield, Break)):
            for value, bar in zip(end.values, seeds):
                if bar is not None and isinstance(value, Var):
                    self.seed(value, bar)
        elif isinstance(end, Branch):
            self.branches(end.condition, end.then, end.orelse, seeds, end.span)

    def seed(self, var: Var, bar: Bar) -> None:
        """Add a whole adjoint to that of var."""
        if bar.parts is not None:
            for k, part in enumerate(bar.parts):
                if part is not None:
                    self.adjoints.add_item(var, k, part.value, thin=part.thin)
        else:
            self.adjoints.add(var, bar.value)

    # -- loops -------------------------------------------------------------------------------------------

    def loop(self, stmt: For | While) -> None:
        """The reverse of a loop: the same number of iterations, the last one first."""
        adjoints = self.adjoints
        seeds = [adjoints.pop(out) for out in stmt.outs]
        if not any(seeds) and not holds(stmt.body):
            return
        params = carried(stmt)
        slots = [k for k in range(len(params)) if params[k] in self.active or stmt.outs[k] in self.active]
        outer = [v for v in free(stmt.body) if v in self.active]
        inits: list[Operand] = []
        for k in slots:
            bar = seeds[k]
            inits.append(adjoints.zeros(stmt.outs[k]) if bar is None else adjoints.full(stmt.outs[k], bar))
        inits += [adjoints.take(v) for v in outer]
        names = [params[k] if params[k].hint else stmt.outs[k] for k in slots] + outer
        news = [Var(bar_type(v.type), _bar_name(v)) for v in names]
        outs = [Var(bar_type(v.type), _bar_name(v)) for v in names]
        start, stop, step, index = self._range(stmt)
        backwards = isinstance(stmt, For) and stmt.reverse
        before = adjoints.bars
        with self.b.block() as stmts:
            adjoints.bars = {v: adjoints.bar(v, p) for v, p in zip(outer, news[len(slots):])}
            given: list[Bar | None] = [None] * len(params)
            for k, p in zip(slots, news):
                given[k] = adjoints.bar(params[k], p)
            self.mirror(stmt.body, given, headed(stmt))
            self.b.span = stmt.span
            ends = [adjoints.take(v) for v in (*(params[k] for k in slots), *outer)]
        adjoints.bars = before
        body = Block((index, *news), tuple(stmts), Yield(tuple(ends)))
        self.b.add(For(tuple(outs), start, stop, step, tuple(inits), body, reverse=not backwards, span=stmt.span))
        adjoints.bars.update((v, adjoints.bar(v, out)) for v, out in zip(outer, outs[len(slots):]))
        for k, out in zip(slots, outs):
            adjoints.add(stmt.inits[k], out)

    def _range(self, stmt: For | While) -> tuple[Arg, Arg, Arg, Var]:
        """The range of the reverse loop, and its index. A loop that may break runs as often as it has run forward."""
        index = Var(stmt.body.params[0].type, stmt.body.params[0].hint) if isinstance(stmt, For) else Var(INT)
        if stmt not in self.counts:
            assert isinstance(stmt, For)
            return stmt.start, stmt.stop, stmt.step, index
        count, less = self.counts[stmt]
        trips = self.b.emit("-", count, less) if less else count
        if isinstance(stmt, While):
            return Lit(0), trips, Lit(1), index
        assert not stmt.reverse, "a reversed range is not left early"
        length = trips if _is(stmt.step, 1) else self.b.emit("*", trips, stmt.step)
        return stmt.start, length if _is(stmt.start, 0) else self.b.emit("+", stmt.start, length), stmt.step, index


def _is(arg: Arg, value: int) -> bool:
    return isinstance(arg, Lit) and type(arg.value) is int and arg.value == value


def _never_ends(block: Block) -> bool:
    return all(isinstance(leaf.end, Raise) for leaf in leaves(block))


__all__ = ["Rules", "Sweep", "cleaned", "derive_callee", "reverse", "reverse_block", "transpose"]
