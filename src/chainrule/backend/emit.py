"""Program (in place) -> text: the program as Python that a person could have written.

    s1 = store(u, path, v)          u[1:-1] = v
    For(..., inits=(0.0,), ...)     s = 0.0; for i in range(n): ...

`fold` has decided which statements combine into lines, `names` what each value is called; here they become
statements. What a block hands to its surroundings is assigned at its end, where the names differ. Over each group of
statements of the reverse sweep stands the user's statement that they stem from.
"""

from __future__ import annotations

import ast
import keyword
import textwrap
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import runtime
from ..analysis.partial import read_where_undefined, undefined_somewhere
from ..ir.nodes import (
    UNDEFINED,
    Arg,
    Block,
    Branch,
    Break,
    For,
    If,
    Let,
    Lit,
    Make,
    Program,
    Pullback,
    Raise,
    Seq,
    Span,
    Stmt,
    Var,
    While,
    Yield,
    operands,
)
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, Scalar
from ..ir.walk import all_stmts, definitions, leaves, uses
from .astor_text import WIDTH, comment, expression_text, is_comment, to_text
from .expressions import BINARY, Expressions, call, dotted, is_true_array, method, name, path_steps, repeats, same_arg, target
from .fold import Plan, fold, walked_tapes
from .inplace import ADDS
from .names import names

_ALWAYS = frozenset({"np", "math", "range", "reversed", "slice", "list", "complex", "pullback", "pushforward"})
_UPDATES = {"iadd": "+", "isub": "-", "add_at": "+", "sub_at": "-"}
_AT = {"add_at": "np.add.at", "sub_at": "np.subtract.at", "mul_at": "np.multiply.at", "div_at": "np.divide.at",
       "max_at": "np.maximum.at", "min_at": "np.minimum.at"}
_COMPOUND = ("for ", "while ", "if ", "with ", "elif ", "else", "try")


@dataclass(frozen=True)
class Emitted:
    """name: the function that the text defines. constants: what the text needs by name, besides np and math.
    line_map: line of the text -> the user's statement from which it stems. tapes: the names of the lists that are popped."""

    name: str
    text: str
    constants: dict[str, Any]
    line_map: dict[int, Span]
    tapes: frozenset[str] = frozenset()


def emit(program: Program, reserved: Iterable[str] = (), recorded: bool = False) -> Emitted:
    """Print a program and the functions that it calls. `reserved` are names that only the user's own values may have.

    recorded: the program may be begun again on another path, so what it does to the world outside is done by `once`.
    """
    functions = [*_callees(program), program]
    called = frozenset(f.name for f in functions)
    plans = [fold(f) for f in functions]
    taken = _ALWAYS | called | frozenset(keyword.kwlist).union(*(_functions(f) for f in functions))
    tables = [names(f, plan, taken, frozenset(reserved)) for f, plan in zip(functions, plans)]
    local = {n for table in tables for n in table.values()} | {n for f in functions for n, _ in f.signature}
    everything = set(taken) | local | set(reserved)
    printer: Expressions | None = None
    comments: list[str] = []
    spans: dict[ast.stmt, Span] = {}
    definitions: list[ast.stmt] = []
    constants: dict[str, Any] = {}
    tapes: set[str] = set()
    for function, plan, table in zip(functions, plans, tables):
        printer = Expressions(table, plan, everything, called)
        printer.constants = constants
        printer.parameters = frozenset(name for name, _ in function.signature)
        printer.theirs = frozenset(reserved) - taken - local
        made = _Function(function, plan, printer, comments, spans, recorded)
        definitions.append(made.define())
        tapes.update(made.pops.values())
    text = to_text(ast.Module(definitions, []), comments)
    return Emitted(program.name, text, constants, _line_map(definitions, text, spans), frozenset(tapes))


def _callees(program: Program) -> list[Program]:
    """The functions that a program calls, each once, those that are called before those that call them."""
    found: dict[str, Program] = {}

    def visit(callees: tuple[Program, ...]) -> None:
        for callee in callees:
            if callee.name not in found:
                visit(callee.callees)
                found[callee.name] = callee

    visit(program.callees)
    return list(found.values())


def _functions(program: Program) -> Iterator[str]:
    """The bare names that operations are printed with."""
    for stmt in all_stmts(program.body):
        if isinstance(stmt, Let) and stmt.op[0].isalpha():
            prefix, _, last = stmt.op.rpartition(".")
            if isinstance(OPS[stmt.op].impl, types.MethodType) and "." in prefix:
                yield prefix.rpartition(".")[2]
            elif prefix == "rt" or (prefix.split(".")[0] not in ("np", "math") and last not in ("index", "item", "copy", "tuple", "accum", "store")):
                yield last


def _line_map(definitions: list[ast.stmt], text: str, spans: dict[ast.stmt, Span]) -> dict[int, Span]:
    lines: dict[int, Span] = {}
    for made, read in zip(_statements(definitions), _statements(ast.parse(text).body), strict=True):
        span = spans.get(made)
        if span is not None:
            last = read.lineno if hasattr(read, "body") else read.end_lineno or read.lineno
            for line in range(read.lineno, last + 1):
                lines[line] = span
    return lines


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for stmt in body:
        if is_comment(stmt) or (isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant)):
            continue
        yield stmt
        for field in ("body", "orelse"):
            yield from _statements(getattr(stmt, field, []))


class _Function:
    """Prints one function. `out` is the block that is being filled."""

    def __init__(self, program: Program, plan: Plan, printer: Expressions, comments: list[str], spans: dict[ast.stmt, Span],
                 recorded: bool = False) -> None:
        self.program = program
        self.plan = plan
        self.recorded = recorded
        self.printer = printer
        self.names = printer.names
        self.unread = "_" if "_" not in self.names.values() else "_unread"  # a parameter may be called `_`
        self.increasing = frozenset(s.out for s in all_stmts(program.body) if isinstance(s, Let) and s.op == "np.arange" and s.out is not None)
        self.walked = {loop: pops for loop, pops in walked_tapes(program.body, plan).items() if self.are_first(loop, pops)}
        self.read_anyway = read_where_undefined(program.body, self.names)
        printer.undefined = undefined_somewhere(program.body) if self.read_anyway else frozenset()
        self.comments = comments
        self.spans = spans
        self.out: list[ast.stmt] = []
        self.depth = 1
        self.reverse = False
        self.group: Span | None = None
        self.tapes = self.name_tapes()
        self.pops = dict(self.tapes)
        self.begun: set[str] = set()

    # -- the function --------------------------------------------------------------------------------------

    def define(self) -> ast.stmt:
        if self.program.doc:
            self.note(docstring(self.program.doc))
        self.unpack_params()
        stmts = self.program.body.stmts
        marks = [n for n, stmt in enumerate(stmts) if isinstance(stmt, Let) and stmt.op == "mark"]
        if marks and any(self.plan.printed(stmt) for stmt in stmts[:marks[0]]):
            self.note("# forward sweep")
        self.top(stmts)
        if any(isinstance(stmt, Let) and stmt.op == "np.seterr" for stmt in all_stmts(self.program.body)):  # whatever happens, the caller's settings return
            notes = [stmt for stmt in self.out[:1] if self.program.doc]
            self.out = [*notes, ast.With([ast.withitem(call("np.errstate", []), None)], self.out[len(notes):])]
        parameters = [ast.arg(parameter) for parameter, _ in self.program.signature]
        return _function(self.program.name, parameters, self.out)

    def top(self, stmts: tuple[Stmt, ...]) -> None:
        """The statements of the function's own block, and its return."""
        for n, stmt in enumerate(stmts):
            if isinstance(stmt, Pullback):
                self.pullback(stmt, stmts[n + 1:])
                return
            self.new_tapes(stmt)
            self.stmt(stmt)
        if isinstance(self.program.body.end, Yield):
            self.group = None
            self.add(ast.Return(self.printer.arg(self.program.body.end.values[0])), None)

    def pullback(self, stmt: Pullback, rest: tuple[Stmt, ...]) -> None:
        """`def pullback(y_bar):` around what follows. It takes copies of the tapes, so that it can be called again."""
        outer, self.out = self.out, []
        self.depth += 1
        self.reverse = True
        self.group = None
        popped = dict.fromkeys(_tape(s) for s in _inside(rest) if s.op == "pop")
        pushed = {_tape(s) for s in _inside(rest) if s.op == "push"}
        for tape in popped:
            if tape not in pushed:
                left = self.fresh(f"{self.tapes[tape].removesuffix('_tape')}_left")
                self.add(ast.Assign([target(left)], method(name(self.tapes[tape]), "copy")), None)
                self.pops[tape] = left
        self.top(rest)
        body, self.out = self.out, outer
        self.depth -= 1
        self.out.append(_function(stmt.name, [ast.arg(self.names[param]) for param in stmt.params], body))
        self.add(ast.Return(ast.Tuple([self.printer.arg(stmt.value), name(stmt.name)], ast.Load())), None)

    def name_tapes(self) -> dict[str, str]:
        tapes: dict[str, str] = {}
        for stmt in all_stmts(self.program.body):
            if isinstance(stmt, Let) and stmt.op in ("push", "pop") and _tape(stmt) not in tapes:
                tape = _tape(stmt)
                base = tape if tape.isidentifier() else "tape"
                tapes[tape] = self.fresh(base if base.rstrip("0123456789_").endswith("tape") else f"{base}_tape")
        return tapes

    def fresh(self, base: str) -> str:
        """A name that nothing else in the text has."""
        taken = self.printer.taken
        identifier, number = base, 1
        while identifier in taken or keyword.iskeyword(identifier):
            number += 1
            identifier = f"{base}{number}"
        taken.add(identifier)
        return identifier

    def new_tapes(self, stmt: Stmt) -> None:
        """`x_tape = []` before the statement of the function's own block that pushes first."""
        for inner in _inside((stmt,)):
            if inner.op == "push" and _tape(inner) in self.tapes and _tape(inner) not in self.begun:
                self.begun.add(_tape(inner))
                self.add(ast.Assign([target(self.tapes[_tape(inner)])], ast.List([], ast.Load())), None)

    def unpack_params(self) -> None:
        for parameter, pattern in self.program.signature:
            if not isinstance(pattern, (Seq, Make)) or not any(self.is_used(leaf) for leaf in operands(pattern)):
                continue
            if _has_make(pattern):
                for leaf, access in _accesses(pattern, name(parameter), self.printer):
                    if self.is_used(leaf):
                        self.add(ast.Assign([target(self.names[leaf])], access), None)  # type: ignore[index]
            else:
                self.add(ast.Assign([self.nest(pattern)], name(parameter)), None)

    def is_used(self, leaf: Arg) -> bool:
        return isinstance(leaf, Var) and bool(self.plan.counts.get(leaf))

    def nest(self, pattern: Arg) -> ast.expr:
        if isinstance(pattern, Seq):
            return ast.Tuple([self.nest(item) for item in pattern.items], ast.Store())
        return target(self.names[pattern] if self.is_used(pattern) else self.unread)  # type: ignore[index]

    # -- adding lines ----------------------------------------------------------------------------------------

    def add(self, node: ast.stmt, span: Span | None) -> None:
        self.out.append(node)
        if span is not None:
            self.spans[node] = span

    def note(self, text: str) -> None:
        self.out.append(comment(len(self.comments)))
        self.comments.append(text)

    def begin(self, span: Span | None) -> None:
        """In the reverse sweep, say which of the user's statements comes next."""
        if not self.reverse or span is None or not span.text:
            return
        if self.group is None or (span.file, span.line, span.text) != (self.group.file, self.group.line, self.group.text):
            lines = textwrap.wrap(summary(span.text), max(WIDTH - 4 * self.depth - 6, 24), break_long_words=False, break_on_hyphens=False)
            self.note("\n".join(["# " + lines[0], *("#     " + line for line in lines[1:])]))
        self.group = span

    def nested(self, print_block: Any, *args: Any) -> list[ast.stmt]:
        """The lines of a block."""
        outer, self.out = self.out, []
        group = self.group
        self.depth += 1
        print_block(*args)
        self.depth -= 1
        body, self.out = self.out, outer
        self.group = group
        return body

    def assign(self, pairs: Iterable[tuple[Var, Arg]], span: Span | None) -> None:
        """Assign values to names, all at once: a name is not overwritten before it has been read."""
        moves: list[tuple[Var, Arg, set[str]]] = []
        for var, value in pairs:
            if value is UNDEFINED and var in self.read_anyway:
                value = Lit(None)  # read (and thrown away) on this path, too
            if value is UNDEFINED or (isinstance(value, Var) and value not in self.plan.folded
                                      and self.names[value] == self.names[var]):
                continue
            moves.append((var, value, {self.names[v] for v in self.plan.reads(value)}))
        while moves:
            for n, (var, value, _) in enumerate(moves):
                if not any(self.names[var] in reads for m, (_, _, reads) in enumerate(moves) if m != n):
                    self.set(var, value, span)
                    del moves[n]
                    break
            else:
                targets = ast.Tuple([target(self.names[var]) for var, _, _ in moves], ast.Store())
                values = ast.Tuple([self.printer.arg(value) for _, value, _ in moves], ast.Load())
                self.add(ast.Assign([targets], values), span)
                break

    def set(self, var: Var, value: Arg, span: Span | None) -> None:
        let = self.plan.folded.get(value) if isinstance(value, Var) else None
        if let is not None:
            self.set_to(var, let, span)
        else:
            self.add(ast.Assign([target(self.names[var])], self.printer.arg(value)), span)

    def set_to(self, var: Var, let: Let, span: Span | None) -> None:
        """`x = x - dx`, for numbers `x -= dx`."""
        identifier = self.names[var]
        numbers = isinstance(var.type, Scalar) and all(isinstance(type_of(arg), Scalar) for arg in let.args[:2])
        if let.op in BINARY and numbers and self.is_name(let.args[0], identifier):
            self.add(ast.AugAssign(target(identifier), BINARY[let.op], self.printer.arg(let.args[1])), span)
        elif self.reverse and let.op in ("+", "*") and numbers and self.is_name(let.args[1], identifier):
            self.add(ast.AugAssign(target(identifier), BINARY[let.op], self.printer.arg(let.args[0])), span)
        else:
            self.add(ast.Assign([target(identifier)], self.printer.let(let)), span)

    def is_name(self, arg: Arg, identifier: str) -> bool:
        return isinstance(arg, Var) and arg not in self.plan.folded and self.names[arg] == identifier

    # -- statements ------------------------------------------------------------------------------------------

    def stmt(self, stmt: Stmt) -> None:
        if not self.plan.printed(stmt):
            return
        if isinstance(stmt, Let):
            self.let(stmt)
        elif isinstance(stmt, If):
            self.begin(stmt.span)
            self.if_(stmt)
        elif isinstance(stmt, For):
            self.begin(stmt.span)
            self.for_(stmt)
        elif isinstance(stmt, While):
            self.begin(stmt.span)
            self.while_(stmt)

    def let(self, let: Let) -> None:
        span, args = let.span, let.args
        if let.op == "mark":
            self.mark(args[0])
            return
        self.begin(span)
        if let.op == "push":
            self.add(ast.Expr(method(name(self.tapes[_tape(let)]), "append", self.printer.arg(args[1]))), span)
        elif let.op == "pop" and any(let in pops for pops in self.walked.values()):
            pass  # the loop's own variable
        elif let.op == "pop":
            self.unpack(let, method(name(self.pops[_tape(let)]), "pop"), span)
        elif let.op == "tape_len":
            self.result(let.out, call("len", [name(self.pops[_tape(let)])]), span)
        elif let.op == "py.raise":
            self.add(self.raise_(let), span)
        elif let.out is None:
            made = self.action(let)
            if not (let.op == "py.evaluate" and isinstance(made, ast.Name)):  # a name has been evaluated
                self.add(ast.Expr(made), span)
        elif OPS[let.op].destroys is not None:
            self.write(let)
        elif let.out in self.plan.unpacked:
            self.unpack(let, self.printer.let(let), span)
        elif OPS[let.op].effect:
            self.result(let.out, self.action(let), span)
        else:
            self.set_to(let.out, let, span)

    def action(self, let: Let) -> ast.expr:
        """A call for its effect; on the path of one call, by way of `once`."""
        made = self.printer.let(let)
        if not self.recorded or not isinstance(made, ast.Call) or let.op in ("call", "py.evaluate", "np.seterr") or let.op.startswith("rt."):
            return made
        self.printer.constants.setdefault("once", runtime.once)
        return ast.Call(name("once"), [made.func, *made.args], made.keywords)

    def unpack(self, let: Let, value: ast.expr, span: Span | None) -> None:
        """A result, taken apart if it is a tuple whose items are used right away."""
        parts = None if let.out is None else self.plan.unpacked.get(let.out)
        if parts is None:
            self.result(let.out, value, span)
        else:
            items: list[ast.expr] = [target(self.unread if var is None else self.names[var]) for var in parts]
            self.add(ast.Assign([ast.Tuple(items, ast.Store())], value), span)

    def result(self, out: Var | None, value: ast.expr, span: Span | None) -> None:
        """A call with an effect; its result has a name if it is used."""
        used = out is not None and self.plan.counts.get(out)
        self.add(ast.Assign([target(self.names[out])], value) if used else ast.Expr(value), span)  # type: ignore[index]

    def mark(self, what: Arg) -> None:
        assert isinstance(what, Lit)
        self.note("# reverse sweep" if what.value == "reverse" else f"# all {what.value}")
        self.reverse = True
        self.group = None

    def raise_(self, let: Let) -> ast.stmt:
        error = let.args[0]
        if isinstance(error, Seq):
            cls, *args = error.items
            return ast.Raise(call(self.printer.arg(cls), [self.printer.arg(arg) for arg in args]), None)
        return ast.Raise(self.printer.arg(error), None)

    def write(self, let: Let) -> None:
        """An operation that writes into its operand's buffer, or adds to a number."""
        assert let.out is not None
        operand, span = let.args[0], let.span
        identifier = self.names[let.out]
        if let.op in ADDS:
            if self.is_name(operand, identifier):
                operator = BINARY[ADDS[let.op]]
                self.add(ast.AugAssign(target(identifier), operator, self.printer.arg(let.args[1])), span)
            else:
                self.add(ast.Assign([target(identifier)], self.printer.let(let)), span)
            return
        assert self.is_name(operand, identifier), "a write in place has another name than its operand"
        if let.op == "append":
            self.add(ast.Expr(method(name(identifier), "append", self.printer.arg(let.args[1]))), span)
        elif let.op == "list_set":
            place = ast.Subscript(name(identifier), self.printer.arg(let.args[1]), ast.Store())
            self.add(ast.Assign([place], self.printer.arg(let.args[2])), span)
        elif let.op == "list_drop":
            self.add(ast.Delete([ast.Subscript(name(identifier), ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.Del())]), span)
        elif let.op == "store":
            self.store(let)
        elif let.op.startswith("rt."):
            self.add(ast.Expr(self.printer.let(let)), span)
        else:
            self.update(let, BINARY[_UPDATES.get(let.op, "*")], let.args[2])

    def store(self, let: Let) -> None:
        view, index = self.printer.place(let)
        update = self.as_update(let, index)
        if update is not None:
            self.update(let, BINARY[update.op], update.args[1])
            return
        place = ast.Subscript(view, self.printer.index(index), ast.Store())
        self.add(ast.Assign([place], self.printer.arg(let.args[2])), let.span)

    def as_update(self, let: Let, index: Arg) -> Let | None:
        """The operation e of `u[i] = u[i] op e`, if that is what a store does."""
        array, path, value = let.args
        update = self.plan.folded.get(value) if isinstance(value, Var) else None
        if update is None or update.op not in ("+", "-", "*", "/") or len(path_steps(path)) > 1 or repeats(let, self.increasing):
            return None
        have, new = type_of(array), type_of(value)
        if not isinstance(have, Array) or not isinstance(new, (Array, Scalar)) or have.dtype != new.dtype:
            return None
        if update.args[0] is array and is_ellipsis(index):
            return update if have == new else None
        read = self.plan.folded.get(update.args[0]) if isinstance(update.args[0], Var) else None
        if read is None or read.op != "index" or read.args[0] is not array or not same_arg(read.args[1], index):
            return None
        return update if type_of(update.args[0]) == new else None

    def update(self, let: Let, operator: ast.operator, value: Arg) -> None:
        view, index = self.printer.place(let)
        if (let.op in _AT and let.op not in _UPDATES) or (let.op in ("add_at", "sub_at") and repeats(let, self.increasing)):
            self.add(ast.Expr(call(dotted(_AT[let.op]), [view, self.printer.arg(index), self.printer.arg(value)])), let.span)
        elif isinstance(view, ast.Name) and is_ellipsis(index) and is_true_array(let.args[0]):
            self.add(ast.AugAssign(target(view.id), operator, self.printer.arg(value)), let.span)
        else:
            place = ast.Subscript(view, self.printer.index(index), ast.Store())
            self.add(ast.AugAssign(place, operator, self.printer.arg(value)), let.span)

    # -- branches --------------------------------------------------------------------------------------------

    def if_(self, stmt: If) -> None:
        short = self.conditional(stmt)
        if short is not None:
            self.add(short, stmt.span)
            return
        then = self.nested(self.branch, stmt.then, stmt.outs, stmt.span)
        orelse = self.nested(self.branch, stmt.orelse, stmt.outs, stmt.span)
        self.choose(stmt.condition, then, orelse, stmt.span)

    def choose(self, condition: Arg, then: list[ast.stmt], orelse: list[ast.stmt], span: Span | None) -> None:
        if any(not is_comment(line) for line in then):
            otherwise = orelse if any(not is_comment(line) for line in orelse) else []
            self.add(ast.If(self.printer.arg(condition), then, otherwise), span)
        elif any(not is_comment(line) for line in orelse):
            self.add(ast.If(self.printer.inverse(condition), orelse, []), span)

    def branch(self, block: Block, outs: tuple[Var, ...], span: Span | None) -> None:
        for stmt in block.stmts:
            self.stmt(stmt)
        if isinstance(block.end, Yield):
            self.assign(((o, v) for o, v in zip(outs, block.end.values) if self.plan.counts.get(o)), span)

    def conditional(self, stmt: If) -> ast.stmt | None:
        """`x = a if condition else b`, where the branches do no more than that and it fits a line."""
        outs = [k for k, out in enumerate(stmt.outs) if self.plan.counts.get(out)]
        if len(outs) != 1:
            return None
        values = []
        for block in (stmt.then, stmt.orelse):
            if not isinstance(block.end, Yield) or any(self.plan.printed(s) for s in block.stmts):
                return None
            value = block.end.values[outs[0]]
            identifier = self.names[stmt.outs[outs[0]]]
            if value is UNDEFINED or self.is_name(value, identifier):
                return None
            values.append(self.printer.arg(value))
        node = ast.Assign([target(identifier)], ast.IfExp(self.printer.arg(stmt.condition), *values))
        return node if len(identifier) + len(expression_text(node.value)) + 4 * self.depth <= WIDTH - 12 else None

    # -- loops -----------------------------------------------------------------------------------------------

    def for_(self, stmt: For) -> None:
        params = stmt.body.params[1:]
        self.enter(stmt, params)
        counter = self.counter(stmt, 0)
        walked = self.walked.get(stmt)
        body = self.nested(self.loop, stmt, params, stmt.body, None, counter)
        test: ast.stmt
        if walked is not None:
            names: list[ast.expr] = [target(self.names[pop.out]) for pop in walked if pop.out is not None]
            tapes = [call("reversed", [name(self.pops[_tape(pop)])]) for pop in walked]
            test = ast.For(names[0] if len(names) == 1 else ast.Tuple(names, ast.Store()), tapes[0] if len(tapes) == 1 else call("zip", tapes), body, [])
        elif stmt in self.plan.drains:
            test = ast.While(name(self.pops[self.plan.drains[stmt]]), body, [])
        else:
            index = stmt.body.params[0]
            used = bool(self.plan.counts.get(index))
            indices = call("range", self.range(stmt))
            test = ast.For(target(self.names[index] if used else self.unread),
                           call("reversed", [indices]) if stmt.reverse and used else indices, body, [])
        self.add(test, stmt.span)

    def are_first(self, loop: Stmt, pops: list[Let]) -> bool:
        """Whether names that get their values where an iteration begins mean nothing else before."""
        assert isinstance(loop, For)
        for pop in pops:
            before = loop.body.stmts[:loop.body.stmts.index(pop)]
            others = {*uses(Block((), before, Yield(()))), *definitions(Block((), before, Yield(())))}
            if any(self.names.get(var) == self.names[pop.out] for var in others):  # type: ignore[index]
                return False
        return True

    def range(self, stmt: For) -> list[ast.expr]:
        bounds = [stmt.start, stmt.stop, stmt.step]
        if isinstance(stmt.step, Lit) and stmt.step.value == 1:
            bounds.pop()
            if isinstance(stmt.start, Lit) and stmt.start.value == 0:
                bounds = [stmt.stop]
        return [self.printer.arg(bound) for bound in bounds]

    def while_(self, stmt: While) -> None:
        params = stmt.body.params
        self.enter(stmt, params)
        condition = self.loop_condition(stmt)
        if condition is None:
            counter = self.counter(stmt, 0)
            body = self.nested(self.loop, stmt, params, stmt.body, None, counter)
            self.add(ast.While(ast.Constant(True), body, []), stmt.span)
            return
        test, inner, left = condition
        counter = self.counter(stmt, 1)  # the evaluation of the condition that ends the loop counts
        body = self.nested(self.loop, stmt, params, inner, counter, None)
        self.add(ast.While(test, body or [ast.Pass()], []), stmt.span)
        self.assign(self.needed(stmt.outs, params, left), stmt.span)

    def loop_condition(self, stmt: While) -> tuple[ast.expr, Block, tuple[Arg, ...]] | None:
        """The condition of a loop that begins with it, the block that follows, and the values that the loop leaves with."""
        end = stmt.body.end
        if not isinstance(end, Branch) or any(self.plan.printed(s) for s in stmt.body.stmts):
            return None
        breaks = sum(isinstance(leaf.end, Break) for leaf in leaves(stmt.body))
        for leaf, inner, inverse in ((end.orelse, end.then, False), (end.then, end.orelse, True)):
            if isinstance(leaf.end, Break) and not any(self.plan.printed(s) for s in leaf.stmts):
                moved = any(not (isinstance(v, Var) and v not in self.plan.folded and self.names[v] == self.names[p])
                            for p, v in self.needed(stmt.outs, stmt.body.params, leaf.end.values))
                if breaks > 1 and moved:
                    return None
                test = self.printer.inverse(end.condition) if inverse else self.printer.arg(end.condition)
                return test, inner, leaf.end.values
        return None

    def enter(self, stmt: For | While, params: tuple[Var, ...]) -> None:
        self.assign(self.needed(stmt.outs, params, stmt.inits), stmt.span)

    def needed(self, outs: tuple[Var, ...], params: tuple[Var, ...], values: tuple[Arg, ...]) -> list[tuple[Var, Arg]]:
        """What is assigned to the carried values that somebody reads."""
        count = self.plan.counts
        return [(p, v) for o, p, v in zip(outs, params, values) if count.get(p) or count.get(o)]

    def counter(self, stmt: For | While, start: int) -> ast.stmt | None:
        """The statement that counts an iteration, if somebody wants to know."""
        if stmt.trips is None or not self.plan.counts.get(stmt.trips):
            return None
        identifier = self.names[stmt.trips]
        self.add(ast.Assign([target(identifier)], ast.Constant(start)), stmt.span)
        return ast.AugAssign(target(identifier), ast.Add(), ast.Constant(1))

    def loop(self, stmt: For | While, params: tuple[Var, ...], block: Block, after: ast.stmt | None, before: ast.stmt | None) -> None:
        """A loop's body. `before` stands at its beginning, `after` wherever an iteration ends that goes on."""
        if before is not None:
            self.out.append(before)
        self.body(stmt, params, block, after, True)
        if not any(not is_comment(line) for line in self.out):
            self.out.append(ast.Pass())

    def body(self, stmt: For | While, params: tuple[Var, ...], block: Block, after: ast.stmt | None, last: bool) -> None:
        """A block of a loop's body; `last` if nothing of the body follows it."""
        for inner in block.stmts:
            self.stmt(inner)
        end = block.end
        if isinstance(end, Branch):
            self.ways(stmt, params, end, after, last)
        elif isinstance(end, (Yield, Break)):
            self.assign(self.needed(stmt.outs, params, end.values), stmt.span)
            if isinstance(end, Break):
                self.out.append(ast.Break())
            else:
                if after is not None:
                    self.out.append(ast.AugAssign(after.target, after.op, after.value))  # type: ignore[attr-defined]
                if not last:
                    self.out.append(ast.Continue())

    def ways(self, stmt: For | While, params: tuple[Var, ...], end: Branch, after: ast.stmt | None, last: bool) -> None:
        self.begin(end.span)
        for way, other, inverse in ((end.then, end.orelse, False), (end.orelse, end.then, True)):
            if all(isinstance(leaf.end, (Break, Raise)) for leaf in leaves(way)):
                lines = self.nested(self.body, stmt, params, way, after, False)
                test = self.printer.inverse(end.condition) if inverse else self.printer.arg(end.condition)
                self.add(ast.If(test, lines, []), end.span)
                self.body(stmt, params, other, after, last)
                return
        then = self.nested(self.body, stmt, params, end.then, after, last)
        orelse = self.nested(self.body, stmt, params, end.orelse, after, last)
        self.choose(end.condition, then, orelse, end.span)


def summary(text: str) -> str:
    """The user's statement on one line; of a compound statement, its first line."""
    if text.startswith(_COMPOUND):
        first = text.splitlines()[0].strip()
        return first
    return " ".join(text.split())


def docstring(text: str) -> str:
    """A docstring of a function, its lines broken."""
    paragraphs = ["\n".join(textwrap.wrap(part, WIDTH - 10, break_long_words=False, break_on_hyphens=False)) for part in text.split("\n\n")]
    whole = "\n\n".join(paragraphs).replace("\N{NO-BREAK SPACE}", " ") + ("\n" if "\n" in paragraphs[0] or len(paragraphs) > 1 else "")
    return '"""' + whole.replace("\\", "\\\\").replace('"""', "'''") + '"""'


def is_ellipsis(index: Arg) -> bool:
    """Whether an index is `...`, all of the array."""
    return isinstance(index, Lit) and index.value is Ellipsis


def _function(identifier: str, parameters: list[ast.arg], body: list[ast.stmt]) -> ast.stmt:
    arguments = ast.arguments([], parameters, None, [], [], None, [])
    node = ast.FunctionDef(identifier, arguments, body, [], None)
    node.type_params = []  # type: ignore[attr-defined,unused-ignore]
    return node


def _inside(stmts: tuple[Stmt, ...]) -> Iterator[Let]:
    for stmt in all_stmts(Block((), stmts, Yield(()))):
        if isinstance(stmt, Let):
            yield stmt


def _tape(let: Let) -> str:
    tape = let.args[0]
    assert isinstance(tape, Lit)
    return str(tape.value)


def _has_make(pattern: Arg) -> bool:
    return isinstance(pattern, Make) or (isinstance(pattern, Seq) and any(_has_make(item) for item in pattern.items))


def _accesses(pattern: Arg, node: ast.expr, printer: Expressions) -> Iterator[tuple[Arg, ast.expr]]:
    """Each leaf of a pattern, and the expression that gets it out of the parameter."""
    if isinstance(pattern, Seq):
        for k, item in enumerate(pattern.items):
            yield from _accesses(item, ast.Subscript(node, ast.Constant(k), ast.Load()), printer)
    elif isinstance(pattern, Make):
        for key, item in zip(pattern.keys, pattern.items):
            if pattern.cls is dict:
                yield from _accesses(item, ast.Subscript(node, printer.literal(key), ast.Load()), printer)
            else:
                yield from _accesses(item, ast.Attribute(node, str(key), ast.Load()), printer)
    else:
        yield pattern, node


__all__ = ["Emitted", "emit", "summary"]
