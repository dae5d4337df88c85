"""Program, Plan -> a name for every Var that is printed by name.

Leaving single assignment: values that the text should call by one name (a loop's carried value and what
the body yields for it, the operand and the result of a write) are merged, if they are never alive at the same time;
then each merged class takes the user's name, or else a descriptive one, that is free during its lifetime.

A lifetime is a list of intervals over the times of a program laid out in printing order; time 2p is when statement p
reads, 2p + 1 when it writes. A value from outside is alive throughout a loop that uses it, and one of the
forward sweep throughout a pullback that uses it.
"""

from __future__ import annotations

import builtins
import keyword
import re
from bisect import bisect_right, insort
from collections.abc import Iterable
from itertools import chain

from ..ir.nodes import Arg, Block, Branch, Break, For, If, Let, Program, Pullback, Stmt, Var, While, Yield
from ..ir.ops import OPS
from ..ir.walk import all_stmts, blocks, defined, definitions, end_blocks, free, leaves
from .fold import Plan
from .memory import has_memory

Intervals = list[tuple[int, int]]  # half-open, ascending, not touching
_END = 1 << 40  # the time at which the program ends; the walk goes back from there


def names(program: Program, plan: Plan, taken: frozenset[str], reserved: frozenset[str] = frozenset()) -> dict[Var, str]:
    """Choose the names. `taken` are never used; `reserved` are used only for values that the user calls so."""
    lifetimes = _Lifetimes(plan).run(program.body)
    webs = _Webs(lifetimes)
    fixed = {pattern: name for name, pattern in program.signature if isinstance(pattern, Var)}
    _merge(program.body, plan, webs)
    return _choose(program, plan, webs, fixed, taken, reserved)


# -- lifetimes -------------------------------------------------------------------------------------------


class _Lifetimes:
    """A walk over the program from its end to its beginning. `open` maps a Var that is alive to the time at which it ends."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.intervals: dict[Var, Intervals] = {}
        self.scopes: list[dict[Var, int]] = []
        self.left: dict[Var, int] = {}  # what was open at the beginning of the block that was walked last
        self.time = _END

    def run(self, body: Block) -> dict[Var, Intervals]:
        self.block(body, [])
        for var in body.params:  # parameters are alive from the beginning
            self.add(var, 0, self.left.get(var, 1))
        return {var: _joined(pieces) for var, pieces in self.intervals.items()}

    def add(self, var: Var, start: int, end: int) -> None:
        self.intervals.setdefault(var, []).append((start, max(end, start + 1)))

    def is_open(self, var: Var) -> bool:
        return any(var in scope for scope in self.scopes)

    def read(self, args: Iterable[Arg]) -> None:
        for arg in args:
            for var in self.plan.reads(arg):
                if not self.is_open(var):
                    self.scopes[-1][var] = self.time + 1

    def write(self, var: Var) -> None:
        """The value is defined now: its lifetime begins."""
        for scope in self.scopes:
            if var in scope:
                self.add(var, self.time + 1, scope.pop(var))
                return
        self.add(var, self.time + 1, self.time + 2)

    def touch(self, var: Var) -> None:
        """The value's name is written now, though its lifetime may begin elsewhere, too."""
        self.add(var, self.time + 1, self.time + 2)

    def block(self, block: Block, targets: list[Var]) -> None:
        """targets: what the block's values are assigned to where it ends."""
        self.scopes.append({})
        self.end(block, targets)
        for stmt in reversed(block.stmts):
            if self.plan.printed(stmt):
                self.stmt(stmt, block)
        self.left = self.scopes.pop()

    def end(self, block: Block, targets: list[Var]) -> None:
        end = block.end
        self.time -= 2
        if isinstance(end, (Yield, Break)):
            for var in targets:
                self.touch(var)
            self.read(end.values)
        elif isinstance(end, Branch):
            self.either(end.then, end.orelse, targets)
            self.read((end.condition,))

    def either(self, then: Block, orelse: Block, targets: list[Var]) -> None:
        """Two branches. What only one of them reads is not alive in the other."""
        entered: dict[Var, None] = {}
        for block in (orelse, then):
            self.block(block, targets)
            self.time -= 2
            for var, end in self.left.items():
                self.add(var, self.time, end)
                entered[var] = None
        self.time -= 2
        for var in entered:
            self.scopes[-1][var] = self.time + 1

    def stmt(self, stmt: Stmt, block: Block) -> None:
        self.time -= 2
        if isinstance(stmt, (For, While)):
            self.loop(stmt)
            return
        if isinstance(stmt, Pullback):
            self.pullback(stmt)
            return
        for var in self.written(stmt):
            self.write(var)
        if isinstance(stmt, If):
            self.either(stmt.then, stmt.orelse, list(stmt.outs))
        self.read(self.plan.args(stmt))

    def written(self, stmt: Stmt) -> list[Var]:
        if isinstance(stmt, Let) and stmt.out in self.plan.unpacked:
            assert stmt.out is not None
            return [var for var in self.plan.unpacked[stmt.out] if var is not None]
        return list(defined(stmt))

    def loop(self, stmt: For | While) -> None:
        for var in stmt.outs:
            self.write(var)
        if stmt.trips is not None and self.plan.counts.get(stmt.trips) and not self.is_open(stmt.trips):
            self.scopes[-1][stmt.trips] = self.time + 1
        self.time -= 2
        for var in free(stmt.body):  # all that the body uses is alive until the loop ends: it may run again
            if not self.is_open(var):
                self.scopes[-1][var] = self.time + 2
        params = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
        self.block(stmt.body, [*params, *stmt.outs])
        left = self.left
        self.time -= 2
        if isinstance(stmt, For):
            index = stmt.body.params[0]
            self.add(index, self.time + 1, left.get(index, self.time + 2))
            if stmt not in self.plan.drains:
                self.read((stmt.start, stmt.stop, stmt.step))  # after the initial values have been assigned
        self.time -= 2
        for var in params:
            self.add(var, self.time + 1, left.get(var, self.time + 2))
        if stmt.trips is not None and self.plan.counts.get(stmt.trips):
            self.write(stmt.trips)
        self.read(stmt.inits)

    def pullback(self, stmt: Pullback) -> None:
        for var in stmt.params:
            self.write(var)
        for scope in self.scopes:
            for var in scope:
                scope[var] = _END
        self.read((stmt.value,))


def _joined(pieces: Iterable[tuple[int, int]]) -> Intervals:
    result: Intervals = []
    for start, end in sorted(pieces):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def overlap(a: Intervals, b: Intervals) -> bool:
    """Whether two lifetimes have a time in common."""
    if len(a) > len(b):
        a, b = b, a
    for start, end in a:
        n = bisect_right(b, (start, _END))  # the first that begins later
        if (n > 0 and b[n - 1][1] > start) or (n < len(b) and b[n][0] < end):
            return True
    return False


# -- merging ---------------------------------------------------------------------------------------------


class _Webs:
    """Union-find over Vars, each class with its lifetime."""

    def __init__(self, lifetimes: dict[Var, Intervals]) -> None:
        self.parent = {var: var for var in lifetimes}
        self.lifetime = lifetimes
        self.members = {var: [var] for var in lifetimes}
        self.hints = {var: {var.hint} if var.hint else set() for var in lifetimes}

    def find(self, var: Var) -> Var:
        while self.parent[var] is not var:
            self.parent[var] = self.parent[self.parent[var]]
            var = self.parent[var]
        return var

    def merge(self, a: Var, b: Arg, force: bool = False) -> bool:
        """Give two values one name, if they are never alive together."""
        if not isinstance(b, Var) or a not in self.parent or b not in self.parent:
            return False
        a, b = self.find(a), self.find(b)
        if a is b:
            return True
        if not force and (len(self.hints[a] | self.hints[b]) > 1 or overlap(self.lifetime[a], self.lifetime[b])):
            return False  # two names stay two, so that each says what it holds
        if len(self.members[a]) < len(self.members[b]):
            a, b = b, a
        self.parent[b] = a
        self.members[a] += self.members.pop(b)
        self.hints[a] |= self.hints.pop(b)
        self.lifetime[a] = _joined([*self.lifetime[a], *self.lifetime.pop(b)])
        return True


def _is_adjoint(hint: str) -> bool:
    return hint.endswith(("_bar", "_dot"))


def _primal(body: Block) -> set[Arg]:
    """The values of the forward sweep."""
    n = next((n for n, s in enumerate(body.stmts) if isinstance(s, Pullback) or (isinstance(s, Let) and s.op == "mark")), 0)
    return {*definitions(Block(body.params, body.stmts[:n], body.end))}


def _merge(body: Block, plan: Plan, webs: _Webs) -> None:
    written: list[tuple[Var, Arg]] = []
    loops: list[tuple[Var, Arg]] = []
    wishes: list[tuple[Var, Arg]] = []
    primal = _primal(body)

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            if isinstance(stmt, Let) and stmt.out is not None and plan.printed(stmt):
                k = OPS[stmt.op].destroys
                if stmt.op in ("accum", "accum_neg") and stmt.args[0] in primal and _is_adjoint(stmt.out.hint or ""):
                    pass  # an adjoint that begins as a primal value: that keeps its own name
                elif k is not None:
                    (written if has_memory(stmt.out.type) else wishes).append((stmt.out, stmt.args[k]))
                elif stmt.args and isinstance(stmt.args[0], Var) and stmt.out.hint is not None and stmt.args[0].hint == stmt.out.hint:
                    wishes.append((stmt.out, stmt.args[0]))
            elif isinstance(stmt, (For, While)):
                params = stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params
                loops.extend(zip(stmt.outs, params))
                for k, param in enumerate(params):
                    wishes.extend((param, leaf.end.values[k]) for leaf in leaves(stmt.body) if isinstance(leaf.end, (Yield, Break)))
                wishes.extend(zip(params, stmt.inits))
            elif isinstance(stmt, If):
                for k, out in enumerate(stmt.outs):
                    wishes.extend((out, b.end.values[k]) for b in (stmt.then, stmt.orelse) if isinstance(b.end, Yield))
            for inner in blocks(stmt):
                visit(inner)
        for inner in end_blocks(block.end):
            visit(inner)

    visit(body)
    for a, b in loops:
        webs.merge(a, b, force=True)
    for a, b in written:
        webs.merge(a, b, force=True)
    for a, b in wishes:
        webs.merge(a, b)


# -- choosing --------------------------------------------------------------------------------------------


def _choose(program: Program, plan: Plan, webs: _Webs, fixed: dict[Var, str], taken: frozenset[str],
            reserved: frozenset[str]) -> dict[Var, str]:
    order = {var: n for n, var in enumerate(webs.parent)}
    lets = {s.out: s for s in _lets(program.body)}
    roots = sorted(webs.members, key=lambda root: (webs.lifetime[root][0][0], min(order[v] for v in webs.members[root])))
    used: dict[str, Intervals] = {}
    result: dict[Var, str] = {}

    def give(root: Var, name: str) -> None:
        intervals = used.setdefault(name, [])
        for interval in webs.lifetime[root]:
            insort(intervals, interval)
        for var in webs.members[root]:
            result[var] = name

    def fits(root: Var, name: str) -> bool:
        return not overlap(used.get(name, []), webs.lifetime[root])

    signature = {name for name, _ in program.signature}
    counters = {s.body.params[0] for s in all_stmts(program.body) if isinstance(s, For)}
    params = set(program.body.params)
    late = []
    for root in roots:
        own = next((fixed[var] for var in webs.members[root] if var in fixed), None)
        if own is not None and fits(root, own):
            give(root, own)
        else:
            late.append(root)
    for name in signature - set(used):  # a parameter that is a container, or static: its name is taken at the beginning
        used[name] = [(0, 2)]
    for kind in ("hinted", "other"):
        for root in late:
            members = sorted(webs.members[root], key=lambda v: order[v])
            hint = _hint(members, params)
            if (hint is None) == (kind == "hinted"):
                continue
            if hint is not None:
                wanted = _identifier(hint)
                banned = taken | (reserved if _is_adjoint(wanted) else frozenset())
                candidates = _numbered(wanted + "_" if wanted in taken else wanted, first="")
            else:
                described = _described(members, lets, plan, result)
                banned = taken | reserved | signature
                candidates = _numbered("t", first="1") if described is None else _numbered(described, first="")
                if any(var in counters for var in members):
                    candidates = chain("ijk", _numbered("i", first="1"))
            give(root, next(c for c in candidates if c not in banned and fits(root, c)))
    return result


def _lets(block: Block) -> Iterable[Let]:
    return (s for s in all_stmts(block) if isinstance(s, Let) and s.out is not None)


def _hint(members: list[Var], params: set[Var]) -> str | None:
    """The name that most of a class has; a parameter's own name first, then the user's before an adjoint's."""
    for var in members:
        if var in params and var.hint:
            return var.hint
    counts: dict[str, int] = {}
    for var in members:
        if var.hint not in (None, "_", "__bar"):  # `_` is the name of what is not read
            counts[var.hint] = counts.get(var.hint, 0) + 1
    return max(counts, key=lambda h: counts[h]) if counts else None


def _identifier(hint: str) -> str:
    name = re.sub(r"\W", "_", hint.lstrip("%"))
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def _numbered(base: str, first: str) -> Iterable[str]:
    yield base + first
    number = 2
    while True:
        yield f"{base}{number}" if not base[-1].isdigit() else f"{base}_{number}"
        number += 1


def _described(members: list[Var], lets: dict[Var | None, Let], plan: Plan, chosen: dict[Var, str]) -> str | None:
    """`exp_logits` for np.exp(logits): the operation and its operand, for functions of one named value."""
    for var in members:
        let = lets.get(var)
        if let is None:
            continue
        name = let.op.rpartition(".")[2]
        operands = [v for arg in let.args for v in plan.reads(arg)]
        if "." not in let.op or len(operands) != 1 or not name.isidentifier() or len(name) > 6 or name in _PLAIN:
            return None
        operand = operands[0]
        if operand is not let.args[0] or operand.hint is None or _is_adjoint(operand.hint):
            return None
        described = f"{name}_{chosen.get(operand, operand.hint)}"
        return described if len(described) <= 18 and not hasattr(builtins, described) else None
    return None


_PLAIN = frozenset({"array", "copy", "index", "item"})

__all__ = ["names", "overlap"]
