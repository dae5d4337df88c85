"""Program -> Program: values and tangents of a program, by forward accumulation.

    def f(x, n):                            def f_jvp(x, n, x_dot):
        s = x                                   s, s_dot = x, x_dot
        for k in range(n):                      for k in range(n):
            s = s * x                               s_dot = s_dot * x + x_dot * s
                                                    s = s * x
        return s                                return s, s_dot

Each statement stays, and what computes the tangent of its result follows it. Contents of arrays are values, so a store is a linear
operation like any other, a branch gives the tangents of its results beside them, and a loop carries the tangents of what it carries.
No value is kept: the result is a program like the one that it was made from, and can be transformed again, in either mode.

A row says what the tangent of an operation is (`rules/pushforward`). Where a row gives a pullback only, that is transposed: it is linear in
its cotangent, and the adjoint of a cotangent is a tangent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..analysis.activity import activity, carried, edges, reach
from ..analysis.flow import check_jumps, check_read_back, flows, singular
from ..ir.build import Builder, type_of
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
    Program,
    Raise,
    Seq,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
    operands,
    variables,
)
from ..ir.ops import OPS
from ..ir.types import Array, List, Scalar, Tuple, differentiable, kind, rank, same_shape, shape
from ..ir.walk import all_stmts, definitions, leaves, map_arg, renamed
from ..rules import registry
from ..rules.pushforward import push
from ..rules.table import RowError
from ..simplify.copies import copies_block
from ..simplify.dead import dead_block
from ..simplify.signs import signs_block
from .adjoints import bar_type
from .custom import push as push_ruled
from .reverse import transpose
from .surgery import error as surgery_error

HIGHEST = 5  # derivatives of one recursive function inside each other; each is twice as long as the one before


def forward(program: Program, wrt: tuple[Var, ...], *, name: str | None = None, dots: tuple[Var, ...] | None = None,
            sparse: bool = False) -> tuple[Program, tuple[Var, ...]]:
    """The program that also computes the tangent of its result, and the Vars that are the tangents of `wrt`: `dots`, or new ones that
    are its last parameters.

    Its result is a Seq: (value, tangent), where the tangent is nested like the value and holds None where that carries no derivative.
    sparse: the tangents that it is called with hold zeros that select, as the columns of an identity do.
    """
    name = name or f"{program.name}_jvp"
    calls = Callees(program.callees, name)
    body, dots = _derive(program.body, wrt, calls, sparse, dots)
    derived = replace(program, name=name, body=body, callees=())
    return replace(derived, callees=calls.finish()), dots


def forward_block(block: Block, wrt: tuple[Var, ...], calls: Callees | None = None) -> tuple[Block, tuple[Var, ...], tuple[Operand | None, ...]]:
    """The same for a block that ends with its results one by one: first the results, then the tangents of those that have one.

    Gives the block, the parameters for the tangents, and the tangent of each result. What it defines is new. calls: what derives the functions
    that it calls.
    """
    old = block.params
    block = renamed(block)
    wrt = tuple(block.params[old.index(v)] for v in wrt)
    assert isinstance(block.end, Yield)
    values = block.end.values
    sweep = Forward(block, wrt, [v for value in values for v in variables(value)], calls or Callees((), ""), False)
    dots = sweep.begin(wrt)
    stmts = sweep.stmts(block.stmts)
    tangents = tuple(sweep.tangent(value) if isinstance(value, Var) and value in sweep.dots else None for value in values)
    end = Yield((*values, *(t for t in tangents if t is not None)))
    derived = signs_block(Block((*block.params, *dots), stmts, end), set(definitions(block)))
    assert isinstance(derived.end, Yield)
    own = iter(derived.end.values[len(values):])
    return derived, dots, tuple(None if t is None else next(own) for t in tangents)  # type: ignore[misc]


def _derive(body: Block, wrt: tuple[Var, ...], calls: Callees, sparse: bool, given: tuple[Var, ...] | None = None) -> tuple[Block, tuple[Var, ...]]:
    body = dead_block(copies_block(body))
    assert isinstance(body.end, Yield)
    result = body.end.values[0]
    sweep = Forward(body, wrt, list(variables(result)), calls, sparse)
    dots = sweep.begin(wrt, given)
    stmts = sweep.stmts(body.stmts)
    with sweep.b.block() as more:
        tangent = sweep.nest(result)
    derived = Block(body.params if given is not None else (*body.params, *dots), (*stmts, *more), Yield((Seq((result, tangent)),)))
    return signs_block(derived, set(definitions(body))), dots


class Forward:
    """The forward sweep with tangents while it is being made."""

    def __init__(self, body: Block, wrt: tuple[Var, ...], results: list[Var], calls: Callees, sparse: bool) -> None:
        through = flows(registry)
        check_jumps(body, wrt, through, registry)
        check_read_back(body, wrt, through)
        self.calls = calls
        self.active = activity(body, wrt, results, through)
        self.singular = singular(body, registry, through)
        self.zeroed = self._zeroed(body, wrt if sparse else ())
        self.dots: dict[Var, Operand] = {}
        self.zero: dict[Var, Operand] = {}  # tangents that are zero, made before they are asked for
        self.b = Builder()
        self.b.lenient = True

    def begin(self, wrt: tuple[Var, ...], given: tuple[Var, ...] | None = None) -> tuple[Var, ...]:
        """The tangents of the inputs: new parameters, if they are not given."""
        dots = tuple(Var(bar_type(v.type), _dot_name(v)) for v in wrt) if given is None else given
        self.dots.update((v, dot) for v, dot in zip(wrt, dots) if v in self.active)
        return dots

    def _zeroed(self, body: Block, sparse: Iterable[Var]) -> set[Var]:
        """The Vars whose tangents may hold zeros that select rather than scale: they absorb an infinite partial."""
        found: set[Var] = {v for v in sparse if v in self.active}
        for stmt in all_stmts(body):
            if isinstance(stmt, Let) and stmt.out in self.active:
                row = registry.row(stmt.op)
                read = [(v, isinstance(v, Var) and v in self.active) for arg in stmt.args for v in operands(arg)]
                still = any(not active for v, active in read if differentiable(type_of(v)))
                mixed = row is not None and row.linear == "together" and row.kind != "elementwise" and still
                if stmt.out is not None and ((registry.masks(stmt.op) and (registry.by_element(stmt.op) or still)) or mixed or registry.fills(stmt.op)):
                    found.add(stmt.out)
            elif isinstance(stmt, If):
                ends = [b.end.values for b in (stmt.then, stmt.orelse) if isinstance(b.end, Yield)]
                found.update(out for k, out in enumerate(stmt.outs) if out in self.active and any(not self._has(end[k]) for end in ends))
            elif isinstance(stmt, (For, While)):
                ends = [leaf.end.values for leaf in leaves(stmt.body) if isinstance(leaf.end, (Yield, Break))]
                for k, (param, out) in enumerate(zip(carried(stmt), stmt.outs)):
                    if any(not self._has(arg) for arg in (stmt.inits[k], *(end[k] for end in ends))):
                        found.update(v for v in (param, out) if v in self.active)
        if not found:
            return found
        graph: dict[Var, list[Var]] = {}
        for source, target in edges(body, flows(registry)):
            if source in self.active and target in self.active:
                graph.setdefault(source, []).append(target)
        return reach(graph, found)

    def _has(self, arg: Arg) -> bool:
        return isinstance(arg, Var) and arg in self.active

    # -- tangents ----------------------------------------------------------------------------------------

    def tangent(self, value: Arg, like: Var | None = None) -> Operand:
        """The tangent of a value; zeros, of the shape of `like` if it is given, where it has none."""
        if value is UNDEFINED:
            return UNDEFINED
        if isinstance(value, Var) and value in self.dots:
            return self.dots[value]
        if isinstance(value, Var):
            return self.zeros(value)
        return Lit(0.0)

    def zeros(self, var: Var) -> Operand:
        """A tangent that is zero."""
        if isinstance(var.type, Scalar):
            return Lit(0.0)
        if var in self.zero:
            return self.zero.pop(var)
        if isinstance(var.type, Tuple):
            parts = tuple(self.zeros(self._item(var, k)) if differentiable(type) else Lit(0.0) for k, type in enumerate(var.type.items))
            return self.b.emit("tuple", Seq(parts))
        if isinstance(var.type, List):
            return self.b.emit("rt.zeros_like", var, type=var.type, hint=_dot_name(var))
        return self.b.emit("np.zeros_like", var, hint=_dot_name(var))

    def _item(self, var: Var, k: int) -> Var:
        item = self.b.emit("item", var, k)
        assert isinstance(item, Var)
        return item

    def nest(self, value: Arg) -> Arg:
        """The tangents of a nest of values: None where they carry no derivative."""
        if isinstance(value, (Seq, Make)):
            return replace(value, items=tuple(self.nest(item) for item in value.items))
        if not isinstance(value, Var):
            return Lit(0.0) if isinstance(value, Lit) and type(value.value) in (float, complex) else Lit(None)
        return self.tangent(value) if differentiable(value.type) else Lit(None)

    # -- statements --------------------------------------------------------------------------------------

    def stmts(self, stmts: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        with self.b.block() as made:
            for stmt in stmts:
                self.stmt(stmt)
        return tuple(made)

    def stmt(self, stmt: Stmt) -> None:
        self.b.span = getattr(stmt, "span", None)
        if isinstance(stmt, Let):
            self.let(stmt)
        elif isinstance(stmt, If):
            self.if_(stmt)
        elif isinstance(stmt, (For, While)):
            self.loop(stmt)
        elif isinstance(stmt, Vjp):
            from .nested import push_vjp

            push_vjp(self, stmt)
        else:
            self.b.add(stmt)

    def let(self, let: Let) -> None:
        if let.op == "call" and let.out in self.active:
            self.call(let)
            return
        if let.op == "surgery":
            raise surgery_error(let)
        if let.out in self.active and OPS[let.op].destroys is not None:
            array = let.args[OPS[let.op].destroys or 0]
            if isinstance(array, Var) and array not in self.dots and isinstance(array.type, Array):
                self.zero[array] = self.b.emit("np.zeros_like", array, hint=_dot_name(array))  # before the array is written into
        self.b.add(let)
        if let.out is None:
            return
        if not OPS[let.op].effect and not OPS[let.op].fresh:
            self.b.know(let)
        self.b.made[let.out] = let
        if let.out not in self.active:
            return
        if let.op == "tuple":
            dot = self.b.emit("tuple", Seq(tuple(self.tangent(v) if differentiable(type_of(v)) else Lit(0.0) for v in operands(let.args[0]))))
        elif let.op == "item":
            dot = self.item(self.tangent(let.args[0]), let.args[1])
        else:
            try:
                dot = self.fit(push_ruled(self, let) if let.op == "ruled" else push(let, _Push(self, let)), let.out)
            except RowError as error:
                error.span = let.span
                raise
        self.name(let.out, dot)

    def item(self, pair: Operand, number: Arg) -> Operand:
        """One of several tangents: itself, where they have just been put together."""
        made = self.b.made.get(pair) if isinstance(pair, Var) else None
        if made is not None and made.op == "tuple" and isinstance(made.args[0], Seq) and isinstance(number, Lit):
            item = made.args[0].items[number.value]
            if isinstance(item, (Var, Lit)):
                return item
        return self.b.emit("item", pair, number)

    def name(self, var: Var, dot: Operand) -> None:
        """The tangent of a Var; what has just been made for it gets its name."""
        last = self.b.stmts[-1] if self.b.stmts else None
        if isinstance(dot, Var) and dot.hint is None and isinstance(last, Let) and last.out is dot and _dot_name(var):
            new = Var(dot.type, _dot_name(var))
            self.b.stmts[-1] = self.b.made[new] = replace(last, out=new)
            known = self.b.scopes[-1].known
            known.update({key: new for key, value in known.items() if value is dot})
            dot = new
        self.dots[var] = dot

    def fit(self, dot: Operand, var: Var) -> Operand:
        """A tangent with the shape and dtype of its Var."""
        if isinstance(var.type, (Tuple, List)):
            return dot
        have = type_of(dot)
        if not isinstance(have, (Array, Scalar)):
            return dot
        want = var.type
        assert isinstance(want, (Array, Scalar))
        if kind(have.dtype) == "c" and kind(want.dtype) == "f":
            dot = self.b.emit("np.real", dot)
            have = type_of(dot)
            assert isinstance(have, (Array, Scalar))
        if isinstance(want, Scalar):
            if isinstance(have, Array) and have.shape is not None and rank(have) == 0:
                return self.b.emit("index", dot, Lit(()))
            return dot
        if not same_shape(have, want) and not (shape(have) is None and rank(want) != 0 and _follows(self.b, dot, var)):
            return self.b.emit("np.full_like", var, dot)
        if have.dtype != want.dtype and isinstance(have, Array):
            return self.b.emit("astype", dot, Lit(want.dtype))
        return dot

    def call(self, let: Let) -> None:
        """A call of a function of the program: of its forward transform."""
        name, args = let.args
        assert let.out is not None and isinstance(name, Lit) and isinstance(args, Seq)
        mask = tuple(isinstance(arg, Var) and arg in self.dots for arg in args.items)
        dots = tuple(self.dots[arg] for arg in args.items if isinstance(arg, Var) and arg in self.dots)
        pair = self.b.emit("call", Lit(self.calls.name(name.value, mask)), Seq((*args.items, *dots)), type=Tuple((let.out.type, bar_type(let.out.type))))
        self.b.add(Let(let.out, "item", (pair, Lit(0)), let.span))
        self.dots[let.out] = self.b.emit("item", pair, 1, hint=_dot_name(let.out))

    def if_(self, stmt: If) -> None:
        slots = [k for k, out in enumerate(stmt.outs) if out in self.active]
        then, orelse = (self.branch(block, slots) for block in (stmt.then, stmt.orelse))
        news = tuple(Var(bar_type(stmt.outs[k].type), _dot_name(stmt.outs[k])) for k in slots)
        self.b.add(replace(stmt, outs=(*stmt.outs, *news), then=then, orelse=orelse))
        self.dots.update((stmt.outs[k], new) for k, new in zip(slots, news))

    def branch(self, block: Block, slots: list[int]) -> Block:
        """A block that gives the tangents of some of its values beside these."""
        before = dict(self.dots)
        with self.b.block() as made:
            for stmt in block.stmts:
                self.stmt(stmt)
            end = self.end(block.end, slots)
        self.dots = before
        return Block(block.params, tuple(made), end)

    def end(self, end: End, slots: list[int]) -> End:
        if isinstance(end, Branch):
            return replace(end, then=self.branch(end.then, slots), orelse=self.branch(end.orelse, slots))
        if isinstance(end, Raise):
            return end
        return replace(end, values=(*end.values, *(self.tangent(end.values[k]) for k in slots)))

    def loop(self, stmt: For | While) -> None:
        params = carried(stmt)
        slots = [k for k in range(len(params)) if params[k] in self.active or stmt.outs[k] in self.active]
        inits = tuple(self.tangent(stmt.inits[k]) for k in slots)
        named = [params[k] if params[k].hint else stmt.outs[k] for k in slots]
        news = tuple(Var(bar_type(v.type), _dot_name(v)) for v in named)
        outs = tuple(Var(bar_type(v.type), _dot_name(v)) for v in named)
        before = dict(self.dots)
        self.dots.update((params[k], new) for k, new in zip(slots, news))
        body = self.branch(stmt.body, slots)
        self.dots = before
        body = replace(body, params=(*body.params, *news))
        self.b.add(replace(stmt, outs=(*stmt.outs, *outs), inits=(*stmt.inits, *inits), body=body))
        self.dots.update((stmt.outs[k], out) for k, out in zip(slots, outs))

class _Push:
    """What a row sees (the protocol is in `rules/pushforward`)."""

    def __init__(self, sweep: Forward, let: Let) -> None:
        self.sweep, self.let, self.b = sweep, let, sweep.b

    def operand(self, k: int) -> Arg:
        return self.let.args[k]

    def result(self) -> Operand:
        assert self.let.out is not None
        return self.let.out

    def full(self) -> Operand:
        raise RowError(f"{self.let.op} has no rule for forward mode", "its row names a cotangent")

    def dot(self, var: Arg) -> Operand:
        assert isinstance(var, Var)
        return self.sweep.dots[var]

    def zeros(self, var: Var) -> Operand:
        return self.sweep.zeros(var)

    def like(self, var: Var) -> Operand:
        return var

    def active(self, var: Arg) -> bool:
        return isinstance(var, Var) and var in self.sweep.dots

    def masked(self) -> bool:
        return any(v in self.sweep.zeroed for arg in self.let.args for v in variables(arg))

    def singular(self, k: int) -> bool:
        return any(v in self.sweep.singular for v in variables(self.let.args[k]))

    def transposed(self) -> Operand:
        """The tangent of the result by the pullback of the pullback."""
        active = tuple(dict.fromkeys(v for arg in self.let.args for v in variables(arg) if self.active(v)))
        stmts, dot = transpose(self.let, active, self.sweep.dots)
        for stmt in stmts:
            self.b.add(stmt)
        return dot

    def restated(self) -> Var:
        assert self.let.out is not None and self.b.stmts[-1] is self.let
        new = Var(self.let.out.type)
        self.b.stmts[-1] = replace(self.let, out=new)
        return new

    def state(self, op: str, *args: Arg) -> None:
        assert self.let.out is not None
        let = Let(self.let.out, op, args, self.let.span)
        self.b.add(let)
        self.b.made[self.let.out] = let


class Callees:
    """The functions of a program, those whose forward transforms are needed among them."""

    def __init__(self, callees: tuple[Program, ...], main: str) -> None:
        self.callees = {callee.name: callee for callee in callees}
        self.main = main
        self.names: dict[tuple[str, tuple[bool, ...]], str] = {}
        self.waiting: list[tuple[str, tuple[bool, ...], str]] = []

    def name(self, callee: str, mask: tuple[bool, ...]) -> str:
        """The name of the function that also gives the tangent, for tangents of the arguments in the mask."""
        if (callee, mask) not in self.names:
            if callee.count("_jvp") >= HIGHEST:
                raise RowError(f"`{callee.partition('_jvp')[0]}` calls itself and takes its own derivative", "each depth needs a derivative of a higher order",
                               "keep the recursion and the derivative apart")
            name = f"{callee}_jvp"
            while name in self.names.values() or name in self.callees or name == self.main:
                name += "_"
            self.names[callee, mask] = name
            self.waiting.append((callee, mask, name))
        return self.names[callee, mask]

    def finish(self) -> tuple[Program, ...]:
        """Derive what is asked for; the primal functions stay."""
        made: list[Program] = []
        while self.waiting:
            callee, mask, name = self.waiting.pop(0)
            program = self.callees[callee]
            wrt = tuple(v for v, wanted in zip(program.body.params, mask) if wanted)
            body, dots = _derive(program.body, wrt, self, False)
            signature = (*program.signature, *zip(_new_names([name for name, _ in program.signature], wrt), dots))
            made.append(replace(program, name=name, signature=signature, body=renamed(body), callees=()))
            made[-1] = replace(made[-1], signature=_patterns(signature, dict(zip(body.params, made[-1].body.params))))
            self.callees[name] = made[-1]
        return tuple(self.callees.values())


def _new_names(taken: list[str], wrt: tuple[Var, ...]) -> list[str]:
    """Names for the parameters that are tangents."""
    found: list[str] = []
    for var in wrt:
        name = base = f"{var.hint or 'x'}_dot"
        n = 1
        while name in taken or name in found:
            n += 1
            name = f"{base}{n}"
        found.append(name)
    return found


def _patterns(signature: tuple[tuple[str, Arg], ...], new: Mapping[Var, Var]) -> tuple[tuple[str, Arg], ...]:
    return tuple((name, map_arg(pattern, lambda v: new.get(v, v))) for name, pattern in signature)


def _follows(b: Builder, dot: Operand, var: Var) -> bool:
    """Whether a tangent of unknown shape was made by the operation that made its Var, and so has its shape."""
    made, source = b.made.get(dot) if isinstance(dot, Var) else None, b.made.get(var)
    return made is not None and source is not None and made.op == source.op


def _dot_name(var: Var) -> str | None:
    return None if var.hint is None else f"{var.hint}_dot"


__all__ = ["Callees", "Forward", "forward", "forward_block"]
