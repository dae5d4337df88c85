"""Forward sweep, reverse sweep -> body: the reverse sweep finds the primal values that it names.

    for k in range(0, n) carrying s = x:        for k in range(0, n) carrying s = x:
        z = np.sin(s)                               push("s_tape", s)
        yield z                                     z = np.sin(s)
    for k in reversed(range(0, n)) ...:             yield z
        mirror(body)                            for k in reversed(range(0, n)) ...:
        s_bar = s_bar * np.cos(s)                   s = pop("s_tape")
                                                    s_bar = s_bar * np.cos(s)

Reverse code that nobody uses is removed first, so that only what is really used is kept: the analysis of what is to be
recorded (Hascoet, Naumann and Pascual, 2005) is the absence of a use. What is kept how is decided by `transform/plan`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..analysis.activity import carried
from ..analysis.frames import Frame, places
from ..analysis.overwritten import Reader
from ..analysis.partial import undefined_somewhere
from ..ir.build import Builder
from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    End,
    For,
    If,
    Let,
    Lit,
    Raise,
    Stmt,
    Var,
    Vjp,
    While,
    Yield,
)
from ..ir.ops import OPS
from ..ir.types import Array, List, Type
from ..ir.walk import all_stmts, defined, map_arg, map_args, substitute_stmt, uses
from ..rules.algebra import is_plain
from ..simplify.copies import copies_block
from ..simplify.dead import dead_block
from .plan import Plan, is_wild
from .prepare import breaks, headed


def keep(primal: Block, marker: tuple[Stmt, ...], sweep: tuple[Stmt, ...], result: Arg, likes: dict[Var, Var],
         names: dict[Var, str]) -> Block:
    """The whole body: the primal statements, keeping what is needed; the marker; the reverse sweep.

    likes: stand-ins for any value with the type of a primal Var. names: hints for values of the reverse sweep.
    """
    reverse = dead_block(copies_block(Block((), sweep, Yield((result,)))))
    keeper = _Keeper(primal, reverse, likes, names)
    keeper.reverse(reverse.stmts)
    stmts = keeper.b.stmts
    assert isinstance(reverse.end, Yield)
    end = map_arg(reverse.end.values[0], keeper.value)
    return Block(primal.params, (*keeper.forward(primal).stmts, *marker, *stmts), Yield((end,)))


class _Keeper:
    def __init__(self, primal: Block, reverse: Block, likes: dict[Var, Var], names: dict[Var, str]) -> None:
        self.places = places(primal)
        self.partial = undefined_somewhere(primal, parts=True)
        self.arguments = primal.params
        self.names = names
        self.plan = Plan(self.places, Reader(self.places).again)
        self.b = Builder()
        self.env: dict[Var, Arg] = {}
        self.exports: dict[If, list[tuple[Block, Arg, Var]]] = {}
        self.exported: dict[Var, Var] = {}
        self.tapes: dict[Var, str] = {}
        used = dict.fromkeys(uses(reverse))
        self.plan.decide(v for v in used if v in self.places.sites)
        wanted = [(proxy, likes[proxy]) for proxy in used if proxy in likes]
        self.zeros: dict[Var, tuple[int, ...]] = {}  # what is only there for its shape, which is known
        only_zeros = _asked_for_zeros(reverse)
        for proxy, var in wanted:
            shape = _written_shape(var.type)
            if shape is not None and proxy in only_zeros and not self._is_there(self._like(var)):
                self.zeros[proxy] = shape
            else:
                self.env[proxy] = self.like(var)
        for var in self.plan.taped:
            self.tapes[var] = self._tape_name(var)
        self.pushed: dict[Var, str] = dict(self.tapes)

    # -- stand-ins ---------------------------------------------------------------------------------------

    def like(self, var: Var) -> Var:
        """A value that is there in the reverse sweep anyway and has the type of var; if there is none, var is kept."""
        choice = self._like(var)
        if not self.plan.is_obtained(choice):
            self.plan.decide([choice])
        return choice

    def _is_there(self, var: Var) -> bool:
        return self.plan.is_obtained(var) or self.plan.is_there(var)

    def _like(self, var: Var) -> Var:
        choices: list[Var] = []
        if var.hint is None and not is_wild(var.type):  # nobody needs to compute a temporary for its shape
            choices = [v for v in self.arguments if v.type == var.type]
        choices = choices or [v for v in self._related(var) if v not in self.partial and (self.plan.is_obtained(v) or self.plan.is_free(v))]
        if not choices and not is_wild(var.type):
            choices = [v for v, site in self.places.sites.items() if v.type == var.type and site.frame.is_top and v not in self.partial]
        if not choices and not is_wild(var.type):  # inside a loop its results are defined: there is at least this iteration
            choices = [out for out in self._results_around(var) if out.type == var.type]
        if not choices and self.plan.is_there(var):
            choices = [var]
        return choices[0] if choices else var

    def _results_around(self, var: Var) -> list[Var]:
        """The results of the loops around a Var, innermost first."""
        found: list[Var] = []
        frame: Frame | None = self.places.sites[var].frame
        while frame is not None:
            if isinstance(frame.owner, (For, While)):
                found += frame.owner.outs
            frame = frame.parent
        return found

    def _related(self, var: Var) -> list[Var]:
        """Var, and values of the same type that it is made of: older contents of the same array, initial values."""
        frame = self.places.sites[var].frame
        found = [var]
        if isinstance(var.type, List):
            return found
        for v in found:
            if len(found) > 50:
                break
            site = self.places.sites[v]
            stmt = site.stmt
            sources: tuple[Arg, ...] = ()
            if isinstance(stmt, Let):
                sources = stmt.args if OPS[stmt.op].destroys is None else stmt.args[:1]
            elif isinstance(stmt, (For, While)) and v in stmt.outs:
                sources = (stmt.inits[stmt.outs.index(v)],)
            elif stmt is None and isinstance(site.frame.owner, (For, While)):
                params = carried(site.frame.owner)
                sources = (site.frame.owner.inits[params.index(v)],) if v in params else ()
            elif isinstance(stmt, If) and v in stmt.outs:
                k = stmt.outs.index(v)
                sources = tuple(b.end.values[k] for b in (stmt.then, stmt.orelse) if isinstance(b.end, Yield))
            for source in sources:
                if isinstance(source, Var) and source.type == var.type and source not in found:
                    inside = self.places.sites.get(source)
                    if inside is not None and self.places.within(frame, inside.frame):
                        if not is_wild(var.type) or inside.frame is frame:
                            found.append(source)
        return found

    # -- forward sweep -----------------------------------------------------------------------------------

    def forward(self, block: Block, late: list[Stmt] | None = None, header: Block | None = None) -> Block:
        """A primal block that also keeps what is needed of it.

        header: the block behind the test of a loop with a header, where that loop's values are pushed: not in the iteration in
        which the test fails. late: the pushes that wait for this block.
        """
        pushes: list[Stmt] = [self._push(v) for v in block.params if v in self.pushed]
        stmts: list[Stmt] = [*(late or ()), *pushes] if header is None else []
        for stmt in block.stmts:
            stmts.append(self._forward_stmt(stmt))
            new = [self._push(v) for v in defined(stmt) if v in self.pushed]
            (stmts if header is None else pushes).extend(new)
        if header is None:
            return Block(block.params, tuple(stmts), self._forward_end(block.end))
        assert isinstance(block.end, Branch)
        then, orelse = (self.forward(b, pushes if b is header else None) for b in (block.end.then, block.end.orelse))
        return Block(block.params, tuple(stmts), replace(block.end, then=then, orelse=orelse))

    def _forward_end(self, end: End) -> End:
        if isinstance(end, Branch):
            return replace(end, then=self.forward(end.then), orelse=self.forward(end.orelse))
        return end

    def _forward_stmt(self, stmt: Stmt) -> Stmt:
        if isinstance(stmt, (For, While)):
            return replace(stmt, body=self.forward(stmt.body, header=headed(stmt)))
        if not isinstance(stmt, If):
            return stmt
        then, orelse = self.forward(stmt.then), self.forward(stmt.orelse)
        more = self.exports.get(stmt, [])
        for block, value, _ in more:
            then = _also(then, value if block is stmt.then else UNDEFINED)
            orelse = _also(orelse, value if block is stmt.orelse else UNDEFINED)
        return replace(stmt, outs=(*stmt.outs, *(out for _, _, out in more)), then=then, orelse=orelse)

    def _push(self, var: Var) -> Let:
        stmt = self.places.sites[var].stmt
        return Let(None, "push", (Lit(self.pushed[var]), var), getattr(stmt, "span", None))

    def _tape_name(self, var: Var) -> str:
        base = f"{var.hint}_tape" if var.hint else "tape"
        taken = set(self.tapes.values())
        name, n = base, 1
        while name in taken:
            n += 1
            name = f"{base}{n}"
        return name

    def export(self, var: Var) -> Arg:
        """A value defined in a branch at top level, as it is known after the branch."""
        frame = self.places.sites[var].frame
        value: Var = var
        while not frame.is_top:
            stmt = frame.owner
            assert isinstance(stmt, If) and frame.parent is not None
            assert isinstance(frame.block.end, Yield)
            if value in frame.block.end.values:
                value = stmt.outs[frame.block.end.values.index(value)]
            else:
                if value not in self.exported:
                    self.exported[value] = Var(value.type, value.hint)
                    self.exports.setdefault(stmt, []).append((frame.block, value, self.exported[value]))
                value = self.exported[value]
            frame = frame.parent
        return value

    # -- reverse sweep -----------------------------------------------------------------------------------

    def value(self, var: Var) -> Arg:
        """What a Var is called in the reverse sweep."""
        new = self.env.get(var)
        if isinstance(new, Var) and new is not var and new in self.places.sites:
            return self.value(new)  # a stand-in
        if new is not None:
            return new
        site = self.places.sites.get(var)
        if site is None or site.frame.is_top:
            return var
        assert not site.frame.looped, f"{var} is not there in the reverse sweep"
        exported = self.export(var)
        self.env[var] = exported
        return exported

    def reverse(self, stmts: tuple[Stmt, ...]) -> None:
        """Add statements of the reverse sweep, in terms of values that are there."""
        for stmt in stmts:
            if isinstance(stmt, Let) and stmt.op == "mirror":
                assert isinstance(stmt.args[0], Lit)
                self.prologue(self.places.frames[stmt.args[0].value])
            else:
                self.b.add(self._reverse_stmt(stmt))

    def _reverse_stmt(self, stmt: Stmt) -> Stmt:
        if isinstance(stmt, Let):
            if stmt.op == "np.zeros_like" and stmt.args[0] in self.zeros:
                assert isinstance(stmt.args[0], Var)
                shape = self.zeros[stmt.args[0]]
                written = Lit(shape[0] if len(shape) == 1 else shape), *(Lit(p.default) for p in OPS["np.zeros"].params[1:])
                return replace(stmt, op="np.zeros", out=None if stmt.out is None else self._named(stmt.out), args=written)
            args = map_args(stmt.args, self.value)
            return replace(stmt, out=None if stmt.out is None else self._named(stmt.out), args=args)
        if isinstance(stmt, If):
            condition = map_arg(stmt.condition, self.value)
            return replace(stmt, condition=condition, then=self._block(stmt.then), orelse=self._block(stmt.orelse))
        if isinstance(stmt, Vjp):
            return substitute_stmt(stmt, self.value)
        assert isinstance(stmt, For)
        start, stop, step = (map_arg(a, self.value) for a in (stmt.start, stmt.stop, stmt.step))
        inits = map_args(stmt.inits, self.value)
        if not any(isinstance(s, Let) and s.op == "mirror" for s in stmt.body.stmts[:1]):  # it mirrors no loop
            return replace(stmt, start=start, stop=stop, step=step, inits=inits, body=self._block(stmt.body))
        frame = self._mirrored(stmt.body)
        assert isinstance(frame.owner, (For, While))
        for var in self.plan.before.get(frame.owner, []):
            let = self.places.sites[var].stmt
            assert isinstance(let, Let)
            self.env[var] = self.b.emit(let.op, *map_args(let.args, self.value), hint=var.hint, type=var.type)
        if isinstance(start, Lit) and start.value == 0 and isinstance(step, Lit) and step.value == 1:
            stop = self._length(frame) or stop
        backwards = sorted({k for loop, k in self.plan.carried.values() if loop is frame.owner})
        extra = []
        for k in backwards:
            inits = (*inits, self.value(frame.owner.outs[k]))
            param = carried(frame.owner)[k]
            extra.append(Var(param.type, param.hint))
            for var, where in self.plan.carried.items():
                if where == (frame.owner, k):
                    self.env[var] = extra[-1]
        if isinstance(frame.owner, For):
            self.env[frame.block.params[0]] = stmt.body.params[0]
        body = self._block(stmt.body)
        if backwards:
            assert isinstance(body.end, Yield)
            end = Yield((*body.end.values, *(self.value(carried(frame.owner)[k]) for k in backwards)))
            body = Block((*body.params, *extra), body.stmts, end)
        begun = tuple(Var(v.type, v.hint) for v in extra)
        for k, out in zip(backwards, begun):
            init = frame.owner.inits[k]
            if isinstance(init, Var) and init in self.plan.through:
                self.env[init] = out
        outs = (*stmt.outs, *begun)
        return replace(stmt, outs=outs, start=start, stop=stop, step=step, inits=inits, body=body)

    def _length(self, body: Frame) -> Arg | None:
        """The number of iterations of a loop that may break, if one of the tapes tells: it has one value for each."""
        loop = body.owner
        assert isinstance(loop, (For, While)) and body.parent is not None
        if (isinstance(loop, For) and not breaks(loop)) or body.parent.looped:
            return None
        rest = headed(loop)
        for frame in (body, *([] if rest is None else [self.places.frames[rest]])):
            for var in self.plan.order.get(frame, []):
                if var in self.tapes:
                    return self.b.emit("tape_len", Lit(self.tapes[var]))
        return None

    def _block(self, block: Block) -> Block:
        with self.b.block() as stmts:
            self.reverse(block.stmts)
        assert isinstance(block.end, Yield)
        return Block(block.params, tuple(stmts), Yield(map_args(block.end.values, self.value)))

    def _mirrored(self, block: Block) -> Frame:
        first = block.stmts[0]
        assert isinstance(first, Let) and first.op == "mirror" and isinstance(first.args[0], Lit)
        return self.places.frames[first.args[0].value]

    def _named(self, var: Var) -> Var:
        """The Var under the name of the adjoint that it is."""
        name = self.names.get(var)
        if name is None or var.hint is not None:
            return var
        new = Var(var.type, name)
        self.env[var] = new
        return new

    def prologue(self, frame: Frame) -> None:
        """Pop, and compute again, what the reverse of a block needs of that block's values."""
        if not frame.looped:
            return
        obtained = self.plan.order.get(frame, [])
        for var in obtained:
            if var in self.tapes:
                self.env[var] = self.b.emit("pop", Lit(self.tapes[var]), hint=var.hint, type=var.type)
        for var in obtained:
            if var not in self.tapes and var not in self.plan.carried and not self.plan.is_free(var):
                let = self.plan.source(var)
                self.env[var] = self.b.emit(let.op, *map_args(let.args, self.value), hint=var.hint, type=var.type)


def _asked_for_zeros(block: Block) -> set[Var]:
    """Vars of which a program only wants zeros of their shape."""
    all_uses = Counter(uses(block))
    zeros = Counter(s.args[0] for s in all_stmts(block) if isinstance(s, Let) and s.op == "np.zeros_like" and isinstance(s.args[0], Var) and is_plain(s))
    return {var for var, count in zeros.items() if count == all_uses[var]}


def _written_shape(type: Type) -> tuple[int, ...] | None:
    """The shape of an array of float64 as numbers, if it is known."""
    if not isinstance(type, Array) or type.dtype != "float64" or type.shape is None:
        return None
    numbers = tuple([extent for extent in type.shape if isinstance(extent, int)])
    return numbers if len(numbers) == len(type.shape) else None


def _also(block: Block, value: Arg) -> Block:
    if isinstance(block.end, Raise):
        return block
    assert isinstance(block.end, Yield)
    return Block(block.params, block.stmts, Yield((*block.end.values, value)))


__all__ = ["keep"]
