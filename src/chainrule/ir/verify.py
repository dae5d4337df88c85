"""Program -> Program: raises AssertionError where a program is not well formed, else gives it back.

Every Var is defined once and before its use; blocks have the ends and the numbers of values that their place asks for;
operations are known and have all their arguments; tapes are pushed to in the forward sweep and popped in the reverse
sweep the same number of times in the text. Runs after every pass in tests.
"""

from __future__ import annotations

from .nodes import Block, Branch, Break, End, For, If, Let, Lit, Program, Pullback, Raise, Stmt, Var, Vjp, While, Yield, variables
from .ops import OPS
from .walk import blocks, defined, end_args, stmt_args


def verify(program: Program) -> Program:
    """The program, if it is well formed."""
    patterns = [v for _, pattern in program.signature for v in variables(pattern)]
    if program.signature:
        _check(patterns == list(program.body.params), "parameters are the Vars of the signature's patterns, in order")
    checker = _Checker()
    checker.block(program.body, frozenset(), "function", 1)
    for tape in {**checker.pushes, **checker.pops}:
        pushes, pops = checker.pushes.get(tape, 0), checker.pops.get(tape, 0)
        _check(pushes == pops == 1, f"tape {tape!r} is pushed to in {pushes} places and popped in {pops}")
    for callee in program.callees:
        verify(callee)
    return program


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


class _Checker:
    def __init__(self) -> None:
        self.seen: set[Var] = set()
        self.pushes: dict[str, int] = {}
        self.pops: dict[str, int] = {}

    def define(self, var: Var) -> Var:
        _check(var not in self.seen, f"{var} is defined twice")
        self.seen.add(var)
        return var

    def block(self, block: Block, outer: frozenset[Var], place: str, count: int) -> None:
        scope = set(outer)
        scope.update(self.define(p) for p in block.params)
        for stmt in block.stmts:
            for arg in stmt_args(stmt):
                for var in variables(arg):
                    _check(var in scope, f"{var} is used where it is not defined, by {_name(stmt)}")
            self.stmt(stmt, frozenset(scope) if blocks(stmt) else frozenset(), place)
            scope.update(self.define(v) for v in defined(stmt))
        for arg in end_args(block.end):
            for var in variables(arg):
                _check(var in scope, f"{var} is used where it is not defined, by the end of a block")
        self.end(block.end, scope, place, count)

    def end(self, end: End, scope: set[Var], place: str, count: int) -> None:
        if isinstance(end, Branch):
            _check(place == "loop", "a Branch ends the body of a loop only")
            self.block(end.then, frozenset(scope), place, count)
            self.block(end.orelse, frozenset(scope), place, count)
        elif isinstance(end, (Yield, Break)):
            _check(isinstance(end, Yield) or place == "loop", "a Break ends the body of a loop only")
            _check(len(end.values) == count, f"a block gives {len(end.values)} values where {count} are taken")
        else:
            _check(isinstance(end, Raise), f"a block ends in {end!r}")

    def stmt(self, stmt: Stmt, scope: frozenset[Var], place: str) -> None:
        if isinstance(stmt, Let):
            self.let(stmt)
        elif isinstance(stmt, If):
            for block in blocks(stmt):
                _check(not block.params, "the blocks of an If have no parameters")
                self.block(block, scope, "branch", len(stmt.outs))
        elif isinstance(stmt, For):
            _check(len(stmt.body.params) == len(stmt.inits) + 1, "a For carries as many values as it is given")
            _check(len(stmt.outs) == len(stmt.inits), "a For gives as many values as it carries")
            self.block(stmt.body, scope, "loop", len(stmt.outs))
        elif isinstance(stmt, While):
            _check(len(stmt.body.params) == len(stmt.inits) == len(stmt.outs), "a While gives as many values as it carries")
            self.block(stmt.body, scope, "loop", len(stmt.outs))
        elif isinstance(stmt, Vjp):
            _check(len(stmt.block.params) == len(stmt.args), "a derivative has as many arguments as parameters")
            _check(len(stmt.outs) == len(stmt.seeds) + len(stmt.wrt), "a derivative gives its results, and the adjoints that are asked for")
            self.block(stmt.block, frozenset(), "derivative", len(stmt.seeds))
        else:
            _check(isinstance(stmt, Pullback) and place == "function", "a Pullback stands in a function's own block")

    def let(self, stmt: Let) -> None:
        op = OPS.get(stmt.op)
        if op is None:
            raise AssertionError(f"operation {stmt.op!r} is not known")
        _check(len(stmt.args) == len(op.params), f"{stmt.op} takes {len(op.params)} arguments, not {len(stmt.args)}")
        _check(stmt.out is not None or op.effect, f"{stmt.op} is done for its effect, and has none")
        if stmt.op in ("push", "pop"):
            tape = stmt.args[0]
            assert isinstance(tape, Lit)
            count = self.pushes if stmt.op == "push" else self.pops
            count[tape.value] = count.get(tape.value, 0) + 1


def _name(stmt: Stmt) -> str:
    return stmt.op if isinstance(stmt, Let) else type(stmt).__name__


__all__ = ["verify"]
