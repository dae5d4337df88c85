"""Calls of functions with a rule of the user's (`rules/custom`): their part of the reverse sweep, their tangents, and, in the end, their values.

    y = ruled((v,), (x,), (w,), rule)       reverse: the block of the rule, from y_bar (and w) to the contribution to x
                                            forward: the transpose of that map, if it is linear; or the block that the rule has for forward mode
                                            in the end: y is v

A rule for one mode is the other one's transpose: <x_bar(y_bar), x_dot>, differentiated with respect to y_bar, is y_dot. That is a derivative
inside the program (`Vjp`), and can be differentiated again. It is right only where the rule is linear in what it is transposed in (`analysis/linearity`); other rules are
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..analysis.linearity import is_linear
from ..ir.build import Builder
from ..ir.nodes import Arg, Block, Branch, For, If, Let, Lit, Operand, Program, Seq, Span, Stmt, Var, Vjp, While, Yield, variables
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, Tuple, kind, same_shape
from ..ir.walk import all_stmts, renamed, substitute, substitute_end, substitute_stmt, uses, yielded
from ..rules.custom import Piece, Result, Rule, is_diagonal
from ..rules.registry import is_scaling
from ..rules.table import RowError
from ..simplify.copies import copies_block
from ..simplify.dead import dead_block
from .adjoints import Bar, bar_type

if TYPE_CHECKING:
    from .forward import Forward
    from .reverse import Sweep

_TYPED = frozenset({"ruled", "py.external", "call", "rt.shaped_like"})  # what they give is not known from what they are given


class _Call:
    """One call: the rule, the inputs with a derivative, and what the pieces are given."""

    def __init__(self, let: Let, b: Builder, active: Callable[[Arg], bool]) -> None:
        assert let.out is not None
        values, inputs, given, rule = let.args
        assert isinstance(values, Seq) and isinstance(inputs, Seq) and isinstance(given, Seq) and isinstance(rule, Lit)
        self.let, self.out, self.b = let, let.out, b
        self.rule: Rule = rule.value
        self.inputs = inputs.items
        self.count = len(values.items)
        self.given: list[tuple[Arg, ...]] = [one.items for one in given.items if isinstance(one, Seq)]
        self.active = [k for k, arg in enumerate(self.inputs) if active(arg)]

    def result(self, k: int) -> Operand:
        return self.out if self.count == 1 else self.b.emit("item", self.out, k)

    def further(self, n: int) -> tuple[Arg, ...]:
        """What the n-th piece is given beside cotangents or tangents."""
        return tuple(self.result(arg.value.number) if isinstance(arg, Lit) and isinstance(arg.value, Result) else arg for arg in self.given[n])

    def pieces(self, *kinds: str) -> Iterator[tuple[int, Piece, list[int]]]:
        """The pieces of the first of these kinds that there is for each active input, with the inputs that each is for."""
        left = list(self.active)
        for wanted in kinds:
            for n, piece in enumerate(self.rule.pieces):
                mine = [k for k in left if k in piece.inputs] if piece.kind == wanted else []
                if mine:
                    left = [k for k in left if k not in mine]
                    if piece.moving or piece.kind == "partial":  # otherwise it states that the derivative is zero
                        yield n, piece, mine
        if left:
            name = self.rule.inputs[left[0]]
            own = left[0] < len(self.inputs) - self.rule.hidden
            raise self.error(f"the derivative of `{self.rule.name}` with respect to {name} is not known", "its rule does not say what it is",
                             ("state it, or None where it is zero" if own else "pass it as an argument that has a derivative") + "; or stop it with chainrule.stop_gradient")

    def error(self, what: str, why: str, remedy: str) -> RowError:
        return RowError(what, why, remedy, certain=True)

    def is_linear(self, n: int, block: Block) -> bool:
        """Whether (a part of) the block of the n-th piece is linear in what moves."""
        return is_linear(block, block.params[:self.rule.pieces[n].moving])

    def check_linear(self, n: int, block: Block, mode: str) -> None:
        """Refuse to transpose what is not linear."""
        if not self.is_linear(n, block):
            also = " (derivatives of higher order need it, too)" if mode == "forward" else ""
            raise self.error(f"the derivative of `{self.rule.name}` in {mode} mode is not known", "its rule is stated for the other mode, and is not linear there, so it has no transpose",
                             f"state it for {mode} mode{also}")


# -- reverse mode -------------------------------------------------------------------------------------------------


def pull(sweep: Sweep, let: Let, bar: Bar) -> None:
    """Add the contributions of a call to the adjoints of its inputs."""
    call = _Call(let, sweep.b, lambda arg: isinstance(arg, Var) and arg in sweep.active)
    full = sweep.adjoints.full(call.out, bar)
    bars = (full,) if call.count == 1 else tuple(sweep.b.emit("item", full, k) for k in range(call.count))
    for n, piece, mine in call.pieces("vjp", "partial", "jvp"):
        if piece.kind == "vjp":
            block = _only(piece.block, [piece.inputs.index(k) for k in mine])
            # Zeros of a mask stay zeros, also at poles: the cotangent times what the rule makes of 1, where that is the same.
            masked = call.rule.by_element and call.out in sweep.tainted and call.is_linear(n, block) and not _is_complex(block)
            given = (_as_result(sweep.b, block, Lit(1.0), full),) if masked else bars
            if bar.thin and not masked and is_diagonal(piece, call.inputs, (call.out,)):
                given = (bar.value,)
            found = _computed(sweep.b, block, (*given, *call.further(n)), let.span)
            if masked:
                found = tuple(_times(sweep.b, full, factor, True) for factor in found)
        elif piece.kind == "partial":
            partials = _computed(sweep.b, _only(piece.block, [piece.inputs.index(k) for k in mine]), call.further(n), let.span)
            masked = call.out in sweep.tainted
            found = tuple(_times(sweep.b, full, partial, masked) for partial in partials)
        else:
            found = _transposed(sweep, call, n, piece, mine, bars)
        for k, contribution in zip(mine, found):
            if not (isinstance(contribution, Lit) and contribution.value is None):
                sweep.adjoints.add(call.inputs[k], contribution)


def _transposed(sweep: Sweep, call: _Call, n: int, piece: Piece, mine: list[int], bars: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """The contributions by the transpose of a block for forward mode."""
    from .nested import quiet

    places = [piece.inputs.index(k) for k in mine]
    call.check_linear(n, piece.block, "reverse")
    assert isinstance(piece.block.end, Yield)
    silent = quiet(piece.block)[0]
    still = tuple(sweep.like(arg) if isinstance(arg := call.inputs[k], Var) else Lit(0.0) for k in piece.inputs)
    results = tuple(Var(type_of(v)) for v in piece.block.end.values)
    found = tuple(Var(bar_type(piece.block.params[k].type)) for k in places)
    seeds = tuple(None if isinstance(v, Lit) and v.value is None else bar for v, bar in zip(piece.block.end.values, bars))
    block = renamed(silent)
    for param in block.params[:piece.moving]:  # the adjoint of `x_dot` is what reaches x
        object.__setattr__(param, "hint", None if param.hint is None else param.hint.removesuffix("_dot"))
    sweep.b.add(Vjp((*results, *found), block, (*still, *call.further(n)), tuple(places), seeds, call.let.span))
    return found


# -- forward mode -------------------------------------------------------------------------------------------------


def push(sweep: Forward, let: Let) -> Operand:
    """The tangent of what a call returns."""
    call = _Call(let, sweep.b, lambda arg: isinstance(arg, Var) and arg in sweep.dots)
    totals: list[Operand | None] = [None] * call.count
    for n, piece, mine in call.pieces("jvp", "partial", "vjp"):
        if piece.kind == "jvp":
            dots = tuple(sweep.tangent(call.inputs[k]) for k in piece.inputs)
            found: Sequence[Operand] = _computed(sweep.b, piece.block, (*dots, *call.further(n)), let.span)
            _add(sweep.b, totals, found)
        elif piece.kind == "partial":
            masked = any(v in sweep.zeroed for k in mine for v in variables(call.inputs[k]))
            for k in mine:
                (partial,) = _computed(sweep.b, _only(piece.block, [piece.inputs.index(k)]), call.further(n), let.span)
                _add(sweep.b, totals, [_times(sweep.b, sweep.tangent(call.inputs[k]), partial, masked)])
        elif call.rule.by_element and (not _is_complex(piece.block) or _scales(piece)):  # a diagonal matrix is its own transpose
            for k in mine:
                block = _only(piece.block, [piece.inputs.index(k)])
                call.check_linear(n, block, "forward")
                _add(sweep.b, totals, _computed(sweep.b, block, (_as_result(sweep.b, block, sweep.tangent(call.inputs[k]), call.result(0)), *call.further(n)), let.span))
        elif call.rule.by_element and not is_diagonal(piece, call.inputs, (call.out,)):
            raise call.error(f"the derivative of `{call.rule.name}` in forward mode is not known", "its rule takes complex numbers apart, and arguments are broadcast",
                             "state it for forward mode")
        else:
            _add(sweep.b, totals, _transposed_forward(sweep, call, n, piece, mine))
    tangents = tuple(Lit(0.0) if total is None else total for total in totals)
    if call.count == 1:
        return tangents[0]
    return sweep.b.emit("tuple", Seq(tuple(_full(sweep, call, k, dot) for k, dot in enumerate(tangents))))


def _full(sweep: Forward, call: _Call, k: int, dot: Operand) -> Operand:
    assert isinstance(call.out.type, Tuple)
    of = call.out.type.items[k]
    if isinstance(of, Array) and not isinstance(type_of(dot), Array):
        return sweep.b.emit("np.full_like", call.result(k), dot)
    return dot


def _transposed_forward(sweep: Forward, call: _Call, n: int, piece: Piece, mine: list[int]) -> tuple[Operand, ...]:
    """The tangents of the results by the transpose of a block for reverse mode."""
    from .nested import quiet

    block = quiet(_only(piece.block, [piece.inputs.index(k) for k in mine]))[0]
    call.check_linear(n, block, "forward")
    assert isinstance(block.end, Yield)
    results = tuple(Var(type_of(v)) for v in block.end.values)
    found = tuple(Var(bar_type(v.type)) for v in block.params[:piece.moving])
    seeds = tuple(None if isinstance(v, Lit) and v.value is None else sweep.tangent(call.inputs[k]) for v, k in zip(block.end.values, mine))
    still = tuple(call.result(k) for k in range(call.count))
    sweep.b.add(Vjp((*results, *found), renamed(block), (*still, *call.further(n)), tuple(range(piece.moving)), seeds, call.let.span))
    return found


def _add(b: Builder, totals: list[Operand | None], terms: Sequence[Operand]) -> None:
    for k, term in enumerate(terms):
        if not (isinstance(term, Lit) and term.value is None):
            total = totals[k]
            totals[k] = term if total is None else b.emit("+", total, term)


# -- blocks ------------------------------------------------------------------------------------------------------


def _is_complex(block: Block) -> bool:
    """Whether complex numbers go through a block: what is linear over the reals may conjugate them."""
    types = [v.type for v in block.params] + [type_of(value) for value in yielded(block)]
    return any(isinstance(type, (Array, Scalar)) and kind(type.dtype) == "c" for type in types)


def _scales(piece: Piece) -> bool:
    """Whether a linear block multiplies, and does nothing else: it does not conjugate, say, or take the real part."""
    depend = set(piece.block.params[:piece.moving])
    for stmt in piece.block.stmts:
        if depend.intersection(uses(Block((), (stmt,), Yield(())))):
            if not isinstance(stmt, Let) or stmt.out is None or (stmt.op != "rt.shaped_like" and not is_scaling(stmt.op)):
                return False
            depend.add(stmt.out)
    return True


def _only(block: Block, numbers: list[int]) -> Block:
    """A block that gives only some of its results."""
    assert isinstance(block.end, Yield)
    return dead_block(replace(block, end=Yield(tuple(block.end.values[n] for n in numbers))))


def _computed(b: Builder, block: Block, args: tuple[Arg, ...], span: Span | None) -> tuple[Operand, ...]:
    """The results of a block for some arguments, computed here."""
    used = set(uses(block))
    pairs = [(param, arg) for param, arg in zip(block.params, args) if param in used]
    if all(isinstance(stmt, Let) and not OPS[stmt.op].effect for stmt in block.stmts):
        env: dict[Var, Arg] = dict(pairs)
        for stmt in block.stmts:
            assert isinstance(stmt, Let) and stmt.out is not None
            let = substitute_stmt(stmt, lambda v: env.get(v, v))
            assert isinstance(let, Let)
            if let.op == "*" and (other := _unscaled(let)) is not None:
                env[stmt.out] = other
                continue
            same = all(type_of(env.get(v, v)) == v.type for arg in stmt.args for v in variables(arg)) or let.op in _TYPED
            env[stmt.out] = b.emit(let.op, *let.args, type=stmt.out.type if same else None, hint=stmt.out.hint)
        end = substitute_end(block.end, lambda v: env.get(v, v))
        assert isinstance(end, Yield)
        return end.values  # type: ignore[return-value]
    block = renamed(Block(tuple(param for param, _ in pairs), block.stmts, block.end))
    outs = tuple(Var(type_of(v)) for v in yielded(block))
    b.add(Vjp(outs, block, tuple(arg for _, arg in pairs), (), (None,) * len(outs), span))
    return tuple(value if isinstance(value, Lit) else out for value, out in zip(yielded(block), outs))


def _as_result(b: Builder, block: Block, value: Operand, like: Operand) -> Operand:
    """A value in the place of a cotangent of a function that works element by element; with the shape of that if the block takes its type for granted."""
    if all(isinstance(stmt, Let) and stmt.op not in _TYPED for stmt in block.stmts) or same_shape(type_of(value), type_of(like)):
        return value
    return b.emit("np.full_like", like, value) if isinstance(type_of(like), Array) else value


def _unscaled(let: Let) -> Operand | None:
    """What a product with the cotangent 1.0 is."""
    one, other = let.args if isinstance(let.args[0], Lit) else let.args[::-1]
    unit = isinstance(one, Lit) and type(one.value) is float and one.value == 1.0
    return other if unit and isinstance(other, Var) and isinstance(other.type, Array) and kind(other.type.dtype) in "fc" else None


def _times(b: Builder, g: Operand, partial: Operand, masked: bool) -> Operand:
    """g * partial; zeros in g that stem from a mask stay zeros."""
    if isinstance(partial, Lit) and partial.value is None:
        return partial
    if masked and not isinstance(partial, Lit):
        return b.emit("rt.absorb", g, partial)
    if isinstance(partial, Lit) and partial.value == 1:
        return g
    if isinstance(g, Lit) and g.value == 1:
        return partial
    return b.emit("*", g, partial)


# -- in the end -----------------------------------------------------------------------------------------------------


def plain(program: Program) -> Program:
    """The program in which functions with rules are only their values."""
    programs = (program, *program.callees)
    if not any(isinstance(stmt, Let) and stmt.op == "ruled" for p in programs for stmt in all_stmts(p.body)):
        return program
    return replace(program, body=_plain(program.body), callees=tuple(replace(callee, body=_plain(callee.body)) for callee in program.callees))


def _plain(body: Block) -> Block:
    env: dict[Var, Arg] = {}

    def value(var: Var) -> Arg:
        found: Arg = var
        while isinstance(found, Var) and found in env:
            found = env[found]
        return found

    several: dict[Var, tuple[Arg, ...]] = {}
    for stmt in all_stmts(body):
        if isinstance(stmt, Let) and stmt.op == "ruled" and stmt.out is not None and isinstance(stmt.args[0], Seq):
            items = stmt.args[0].items
            if len(items) == 1:
                _replace(env, stmt.out, items[0])
            else:
                several[stmt.out] = items
        elif isinstance(stmt, Let) and stmt.op == "item" and stmt.out is not None and isinstance(stmt.args[0], Var) and isinstance(stmt.args[1], Lit):
            if stmt.args[0] in several:
                _replace(env, stmt.out, several[stmt.args[0]][stmt.args[1].value])
    return copies_block(_without(substitute(body, value), set()))


def _replace(env: dict[Var, Arg], out: Var, value: Arg) -> None:
    """A value stands for a result, and takes its name."""
    env[out] = value
    if isinstance(value, Var) and value.hint is None and out.hint is not None:
        object.__setattr__(value, "hint", out.hint)


def _without(block: Block, seen: set[Var]) -> Block:
    """A block in which nothing is `ruled`. A function whose result may not be what it is taken for is called, even if nobody needs its value: that is checked then."""
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, Let) and stmt.op == "ruled":
            assert isinstance(stmt.args[0], Seq) and isinstance(stmt.args[3], Lit)
            if stmt.args[3].value.unsure:
                called = [v for value in stmt.args[0].items for v in variables(value) if v not in seen][:1]
                seen.update(called)
                stmts.extend(Let(None, "py.evaluate", (v,), stmt.span) for v in called)
            if len(stmt.args[0].items) > 1:
                stmts.append(Let(stmt.out, "tuple", (stmt.args[0],), stmt.span))
            continue
        if isinstance(stmt, If):
            stmt = replace(stmt, then=_without(stmt.then, seen), orelse=_without(stmt.orelse, seen))
        elif isinstance(stmt, (For, While)):
            stmt = replace(stmt, body=_without(stmt.body, seen))
        stmts.append(stmt)
    end = block.end
    if isinstance(end, Branch):
        end = replace(end, then=_without(end.then, seen), orelse=_without(end.orelse, seen))
    return Block(block.params, tuple(stmts), end)


__all__ = ["plain", "pull", "push"]
