"""Program, values -> which inputs each element of its result may depend on: the IR executed on values and sets of inputs.

Like `ir/interpret`, but beside each value stands its *mark*: for an array the sets of inputs (`sets`) of its elements, for a number one
such set, for a list or tuple a list or tuple of marks, and None where nothing depends on an input. And beside both stand its
*origins*: the parameters whose values (not only shapes) it was computed from, as the bits of an integer. Wherever a value decides
what depends on what (a branch, a range, an index, a zero in a constant matrix), its origins are noted in `decisive`: the result
holds for every call with the same shapes in which these parameters are the same.

    def f(x, k):                    marks of the result        decisive
        y = np.sin(x)               {0}, {1}, {2}
        y[k] = x[0] * y[0]          {0}, {0}, {2}              k
        return y

What an operation does to marks is in `dependence`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.nodes import Arg, Block, Branch, Break, For, If, Let, Lit, Make, Program, Pullback, Slice, Stmt, Var, While, Yield
from ..ir.ops import OPS, REQUIRED
from ..pipeline import DEBUG
from ..rules import dependence as table
from ..rules import random
from ..rules.registry import ROWS, flows
from ..rules.structure import follow
from ..runtime.record import once
from ..structure import made
from .dependence import Handler, everything, handler, is_float, strict
from .liveness import Dead, dead_after
from .sequences import SEQUENCES, Known
from .sets import Sets

__all__ = ["Machine"]

Env = dict[Var, Known]
_NOTHING: tuple[Var, ...] = ()


@dataclass(frozen=True)
class _Plan:
    """What is known of a statement before it runs."""

    run: Callable[..., Any]
    special: Callable[[Machine, list[Known]], Known] | None  # what does all that there is to do
    dead: tuple[Var, ...]  # read here for the last time
    handler: Handler | None
    still: tuple[int, ...]  # the arguments through which no derivative flows
    strict: int | None  # from this argument on, the values of integers may decide
    decides: bool  # the values of floats, too
    shapes_only: bool  # of the first argument only the shape counts
    written: bool  # it gives new contents of its first argument
    once_each: bool  # of each element one, even if it is named several times
    once: bool  # on the path of one call: an effect that is not to be repeated
    outside: bool  # the result may come from the world outside


@dataclass(frozen=True)
class _Closure:
    """The pullback that a function of the program returns."""

    block: Block
    start: int
    env: Env
    tapes: dict[str, list[Known]]


class _Returned(Exception):
    """A Pullback statement ends the forward sweep."""

    def __init__(self, known: Known) -> None:
        self.known = known


class Machine:
    """Runs programs on values and marks."""

    def __init__(self, sets: Sets, inputs: int, drawn: int, recorded: bool) -> None:
        self.sets = sets
        self.inputs = inputs  # the origin of what is differentiated with respect to
        self.drawn = drawn  # the origin of numbers that are drawn
        self.unsteady = 2 * drawn  # the origin of what is another value each time: the time, a generator without seed
        self.draws = False
        self.recorded = recorded
        self.decisive = 0
        self.origins: list[int] = []  # of the arguments of the operation at hand
        self.callees: dict[str, Program] = {}
        self.dead: Dead = {}
        self.analysed: set[str] = set()
        self.plans: dict[Let, _Plan] = {}
        self.tapes: dict[str, list[Known]] = {}

    def run(self, program: Program, values: list[Known]) -> Known:
        """The result of a program, for one value for each of `program.body.params`."""
        self.callees.update((callee.name, callee) for callee in program.callees)
        self.dead.update(dead_after(program.body))
        with warnings.catch_warnings(), np.errstate():
            warnings.simplefilter("ignore")
            try:
                return self.block(program.body, dict(zip(program.body.params, values)))[1][0]
            except _Returned as returned:
                return returned.known

    # -- statements -------------------------------------------------------------------------------------------

    def block(self, block: Block, env: Env, start: int = 0) -> tuple[bool, list[Known]]:
        """Whether the block ends in a Break, and the values that it ends with."""
        for n, stmt in enumerate(block.stmts[start:], start):
            if type(stmt) is Let:
                self.let(stmt, env)
            elif isinstance(stmt, Pullback):
                value, mark, origins = self.read(stmt.value, env)
                raise _Returned(((value, _Closure(block, n, env, self.tapes)), (mark, None), origins))
            else:
                self.structured(stmt, env)
        end = block.end
        if isinstance(end, Branch):
            return self.block(end.then if self.decided(end.condition, env) else end.orelse, env)
        assert isinstance(end, (Yield, Break)), "the end of a block that raises was reached"
        values = [self.read(arg, env) for arg in end.values]
        for var in self.dead.get(end, _NOTHING):
            env.pop(var, None)
        return isinstance(end, Break), values

    def structured(self, stmt: Stmt, env: Env) -> None:
        if isinstance(stmt, If):
            _, values = self.block(stmt.then if self.decided(stmt.condition, env) else stmt.orelse, env)
            env.update(zip(stmt.outs, values))
        elif isinstance(stmt, For):
            bounds = [self.read(arg, env) for arg in (stmt.start, stmt.stop, stmt.step)]
            origins = bounds[0][2] | bounds[1][2] | bounds[2][2]
            self.decisive |= origins
            indices = range(*(bound[0] for bound in bounds))
            self.loop(stmt, env, reversed(indices) if stmt.reverse else iter(indices))
        else:
            assert isinstance(stmt, While)
            self.loop(stmt, env, None)
        for var in self.dead.get(stmt, _NOTHING):
            env.pop(var, None)

    def loop(self, stmt: For | While, env: Env, indices: Any) -> None:
        values = [self.read(arg, env) for arg in stmt.inits]
        for var in self.dead.get(stmt.body, _NOTHING):
            env.pop(var, None)
        params = stmt.body.params
        trips = 0
        while True:
            if indices is not None:
                index = next(indices, None)
                if index is None:
                    break
                env[params[0]] = (index, None, 0)
                env.update(zip(params[1:], values))
            else:
                env.update(zip(params, values))
            trips += 1
            values = []
            left, values = self.block(stmt.body, env)
            if left:
                break
        for var in params:
            env.pop(var, None)
        env.update(zip(stmt.outs, values))
        if stmt.trips is not None:
            env[stmt.trips] = (trips, None, 0)

    def decided(self, condition: Arg, env: Env) -> bool:
        value, _, origins = self.read(condition, env)
        self.decisive |= origins
        return bool(value)

    # -- operations -------------------------------------------------------------------------------------------

    def let(self, stmt: Let, env: Env) -> None:
        plan = self.plans.get(stmt)
        if plan is None:
            plan = self.plans[stmt] = _planned(stmt, self.recorded, self.dead.get(stmt, _NOTHING))
        if plan.special is not None:
            found = plan.special(self, [self.read(arg, env) for arg in stmt.args])
            if stmt.out is not None:
                env[stmt.out] = found
            return
        values, marks, origins = [], [], []
        for arg in stmt.args:
            value, mark, own = env[arg] if type(arg) is Var else (arg.value, None, 0) if type(arg) is Lit else self.read(arg, env)
            values.append(value)
            marks.append(mark)
            origins.append(own)
        del value, mark
        for var in plan.dead:
            env.pop(var, None)
        self.origins = origins
        origin = self.origin(plan, values, origins)
        if plan.written and _is_own(values) and (plan.once_each or _is_basic(values[1])) and (marks[0] is None or _is_own(marks)):
            result, mark = self.write(stmt.op, values, marks)
        else:
            result = once(plan.run, *values) if plan.once else plan.run(*values)
            for n in plan.still:
                marks[n] = None
            mark = None
            for one in marks:
                if one is not None:
                    mark = self.marked(plan, stmt.op, values, marks, result)
                    break
        if plan.outside:
            origin |= self.outside(stmt.op, values)
        if stmt.out is not None:
            env[stmt.out] = (result, mark, origin)

    def origin(self, plan: _Plan, values: list[Any], origins: list[int]) -> int:
        """The origins of an operation's result; those that decide are noted."""
        result = 0
        for n, own in enumerate(origins):
            if own and (n or not plan.shapes_only):
                result |= own
                if plan.decides or (plan.strict is not None and plan.strict <= n and own & ~self.decisive and not is_float(values[n])):
                    self.decisive |= own
        return result

    def marked(self, plan: _Plan, op: str, values: list[Any], marks: list[Any], result: Any) -> Any:
        if plan.handler is None:
            return None
        try:
            return plan.handler(self, op, values, marks, result)
        except Exception:  # a gap of ours: it can only cost entries
            if DEBUG:
                raise
            return everything(self, op, values, marks, result)

    def write(self, op: str, values: list[Any], marks: list[Any]) -> tuple[Any, Any]:
        """A store into an array that nobody else sees."""
        array, path, value = values
        ids, _, part = marks
        if ids is None and part is not None:
            ids = np.zeros(array.shape, np.int64)
        if ids is not None:
            view, index = follow(ids, path)
            part = 0 if part is None else part
            view[index] = part if op == "store" else self.sets.union(_number(view[index]), part)
        view, index = follow(array, path)
        if op == "store":
            view[index] = value
        elif op in ("iadd", "add_at"):
            view[index] += value
        else:
            view[index] -= value
        return array, ids

    def outside(self, op: str, values: list[Any]) -> int:
        """The origin of what an effect returns."""
        if op not in random.HARMLESS:
            return self.unsteady if op in table.UNSTEADY else 0
        self.draws = True
        return self.unsteady if op in random.MAKERS and all(value is None for value in values) else self.drawn

    # -- arguments --------------------------------------------------------------------------------------------

    def read(self, arg: Arg, env: Env) -> Known:
        if isinstance(arg, Var):
            return env[arg]
        if isinstance(arg, Lit):
            return arg.value, None, 0
        if isinstance(arg, Slice):
            parts = [self.read(part, env) for part in (arg.start, arg.stop, arg.step)]
            return slice(*(part[0] for part in parts)), None, parts[0][2] | parts[1][2] | parts[2][2]
        parts = [self.read(item, env) for item in arg.items]
        origins = 0
        for part in parts:
            origins |= part[2]
        marks: Any = [part[1] for part in parts]
        if all(mark is None for mark in marks):
            marks = None
        if isinstance(arg, Make):
            return made(arg.cls, arg.keys, [part[0] for part in parts]), marks, origins
        if arg.kind == "list":
            return [part[0] for part in parts], marks, origins
        return tuple([part[0] for part in parts]), None if marks is None else tuple(marks), origins

    # -- functions of the program -----------------------------------------------------------------------------

    def call(self, args: list[Known]) -> Known:
        (name, _, _), (values, marks, origins) = args
        program = self.callees[name]
        if name not in self.analysed:
            self.analysed.add(name)
            self.callees.update((callee.name, callee) for callee in program.callees)
            self.dead.update(dead_after(program.body))
        marks = (None,) * len(values) if marks is None else marks
        tapes, self.tapes = self.tapes, {}
        try:
            return self.block(program.body, {p: (v, m, origins) for p, v, m in zip(program.body.params, values, marks)})[1][0]
        except _Returned as returned:
            return returned.known
        finally:
            self.tapes = tapes

    def apply(self, args: list[Known]) -> Known:
        (function, _, origins), (values, marks, more) = args
        if not isinstance(function, _Closure):
            raise NotImplementedError("a function that is a value is called")
        marks = (None,) * len(values) if marks is None else marks
        marker = function.block.stmts[function.start]
        assert isinstance(marker, Pullback)
        env = {**function.env, **{p: (v, m, origins | more) for p, v, m in zip(marker.params, values, marks)}}
        tapes, self.tapes = self.tapes, {name: list(tape) for name, tape in function.tapes.items()}
        try:
            return self.block(function.block, env, function.start + 1)[1][0]
        finally:
            self.tapes = tapes

    def solver(self, args: list[Known]) -> Known:
        raise NotImplementedError("a function of a library is given one of the program")

    def push(self, args: list[Known]) -> Known:
        self.tapes.setdefault(args[0][0], []).append(args[1])
        return None, None, 0

    def pop(self, args: list[Known]) -> Known:
        return self.tapes[args[0][0]].pop()

    def tape_len(self, args: list[Known]) -> Known:
        return len(self.tapes.get(args[0][0], ())), None, 0

    def mark(self, args: list[Known]) -> Known:
        return None, None, 0


_SPECIAL: dict[str, Callable[[Machine, list[Known]], Known]] = {
    **SEQUENCES, "call": Machine.call, "apply": Machine.apply, "push": Machine.push, "pop": Machine.pop, "tape_len": Machine.tape_len,
    "mark": Machine.mark, "py.solver": Machine.solver,
}


def _planned(let: Let, recorded: bool, dead: tuple[Var, ...]) -> _Plan:
    op = OPS[let.op]
    run: Callable[..., Any] = op.impl
    if any(param.star or param.default is not REQUIRED for param in op.params):
        run = lambda *values: op.run(values)
    if let.op in table.EFFECTS and let.out is None and not recorded:
        run = _nothing
    row = ROWS.get(let.op)
    found = None if row is not None and row.kind == "zero" else handler(let.op)
    still = tuple(n for n in range(len(let.args)) if not flows(let.op, n))
    return _Plan(run, _SPECIAL.get(let.op), dead, found, still, strict(let.op), let.op in table.DECIDES, let.op in table.SHAPES_ONLY,
                 let.op in table.WRITES | table.ADDS, let.op in table.WRITES, recorded and op.effect, op.effect)


def _nothing(*_: Any) -> None:
    """An effect that is left out."""


# -- writing in place --------------------------------------------------------------------------------------------


def _is_own(items: list[Any]) -> bool:
    """Whether nobody but this list sees its first item, an array that is no view."""
    first = items[0]
    if type(first) is not np.ndarray or first.base is not None or not first.flags.c_contiguous or not first.flags.writeable:
        return False
    items[0] = None
    count = sys.getrefcount(first)
    items[0] = first
    return count <= _ALONE


def _is_basic(path: Any) -> bool:
    """Whether a path leads to each element once: its last index is made of numbers and slices."""
    index = path[-1][1]
    items = index if isinstance(index, tuple) else (index,)
    return all(item is None or item is Ellipsis or isinstance(item, (int, np.integer, slice)) for item in items)


def _number(ids: Any) -> Any:
    return int(ids) if isinstance(ids, np.integer) else ids


def _alone() -> int:
    """How many references Python counts to something that only a local variable sees."""
    items = [np.zeros(1)]
    first = items[0]
    items[0] = None  # type: ignore[call-overload]
    count = sys.getrefcount(first)
    items[0] = first
    return count


_ALONE = _alone()
