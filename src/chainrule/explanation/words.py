"""Operation -> Python text: what it computes, and what it passes on to each of its operands, where `g` is the adjoint of its result.

    np.tanh(x @ w + b)          g * (1 - h ** 2)

A value that has no name is written as the expression that it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from ..backend.expressions import Expressions
from ..backend.fold import Plan
from ..ir.nodes import Let, Lit, Seq, Var, Vjp, variables
from ..ir.ops import OPS
from ..ir.walk import all_stmts
from .pulls import Facts, Pulled

G, HIDDEN = "g", "..."
LONG = 56  # characters of an expression that stands for a value inside another one


class Words:
    """The texts of the operations of one function's body."""

    def __init__(self, known: Facts) -> None:
        self.made = {stmt.out: stmt for stmt in all_stmts(known.body) if isinstance(stmt, Let) and stmt.out is not None}
        self.texts: dict[Var, str] = {}

    def name(self, var: Var) -> str:
        """A value where it is used: its name, or the expression that it is."""
        if var.hint is not None:
            return var.hint
        if var not in self.texts:
            self.texts[var] = HIDDEN  # until it is known: what is defined by itself is not written out
            let = self.made.get(var)
            if let is not None and OPS[let.op].destroys == 0 and isinstance(let.args[0], Var):  # what was written into keeps its name
                self.texts[var] = self.name(let.args[0])
                return self.texts[var]
            self.texts[var] = HIDDEN if let is None else self.operation(let)
        return self.texts[var]

    def operation(self, stmt: Let | Vjp) -> str:
        """What an operation computes."""
        if isinstance(stmt, Vjp):
            return "a derivative"
        special = _SPECIAL.get(stmt.op)
        if special is not None:
            return special(self, stmt)
        return self._printed(stmt, {})

    def contribution(self, stmt: Let | Vjp, pulled: Pulled, to: Var) -> str:
        """What an operation passes on to one of its operands."""
        value = pulled.block.end.values[pulled.to.index(to)]  # type: ignore[union-attr]
        inner = {s.out: s for s in pulled.block.stmts if isinstance(s, Let) and s.out is not None}
        if isinstance(value, Lit):
            return repr(value.value)
        assert isinstance(value, Var)
        if value in pulled.seeds:
            return G
        return self._printed(inner[value], inner, pulled) if value in inner else self.name(pulled.likes.get(value, value))

    def _printed(self, let: Let, inner: dict[Var, Let], pulled: Pulled | None = None) -> str:
        """An operation as an expression. inner: the operations of a pullback."""
        likes: Mapping[Var, Var] = {} if pulled is None else pulled.likes
        folded, names = dict(inner), _Names()
        todo = [v for one in (let, *inner.values()) for arg in one.args for v in variables(arg)]
        for var in todo:
            if var in names or var in inner:
                continue
            own = likes.get(var, var)
            if pulled is not None and var in pulled.seeds:
                names[var] = G
            elif own.hint is None and own in self.made and self.made[own].op not in _SPECIAL and OPS[self.made[own].op].destroys is None and len(self.name(own)) <= LONG and self.name(own) != HIDDEN:
                folded[var] = self.made[own]
                todo += [v for arg in self.made[own].args for v in variables(arg)]
            else:
                text = self.name(own)
                names[var] = text if own.hint is not None or len(text) <= LONG else HIDDEN
        printer = Expressions(names, Plan(folded, frozenset(), {}, {}, {}), set(), frozenset())
        try:
            return written(printer, let) if let.op in _WRITES else of_a_list(printer, let) if let.op in _LISTS else ast.unparse(ast.fix_missing_locations(printer.let(let)))
        except (AttributeError, KeyError, AssertionError, NotImplementedError, TypeError, ValueError, IndexError):
            return f"{let.op}(...)"  # an operation that is no expression


class _Names(dict[Var, str]):
    """Names for printing; what has none is hidden."""

    def __missing__(self, var: Var) -> str:
        return var.hint or HIDDEN


def written(printer: Expressions, let: Let) -> str:
    """What is written, and where: `x[i] = v`. In a pullback: what is left of an adjoint, or where one stands."""
    array, path, value = let.args[:3]
    assert isinstance(path, Seq)
    target: ast.expr = ast.Name("")
    for step in path.items:
        assert isinstance(step, Seq)
        target = printer.subscript(target, step.items[1])
    place = ast.unparse(ast.fix_missing_locations(target))
    new = ast.unparse(ast.fix_missing_locations(printer.arg(value)))
    old = ast.unparse(ast.fix_missing_locations(printer.arg(array)))
    if let.op == "store" and old == G and new == "0.0":
        return f"{G}, zero at {place}"
    if let.op == "add_at" and old.startswith(("np.zeros_like", "zeros_like")):
        return f"{new} at {place}, zero elsewhere"
    return f"{old}{place} {_WRITES[let.op]} {new}"


def _ruled(words: Words, let: Let) -> str:
    """A call of a function with a rule of the user's."""
    inputs, rule = let.args[1], let.args[3]
    assert isinstance(rule, Lit) and isinstance(inputs, Seq)
    return f"{rule.value.name}({', '.join(words.name(arg) if isinstance(arg, Var) else repr(arg.value) if isinstance(arg, Lit) else HIDDEN for arg in inputs.items)})"


def of_a_list(printer: Expressions, let: Let) -> str:
    """What is done to a list: `xs.append(v)`, `xs[i] = v`."""
    whole, *rest = (ast.unparse(ast.fix_missing_locations(printer.arg(arg))) for arg in let.args)
    if let.op == "append":
        return f"{whole}.append({rest[0]})"
    if let.op == "list_drop":
        return f"{whole}[:-1]"
    if rest[1] == f"{whole}[{rest[0]}] + {G}":
        return f"{G} at [{rest[0]}], zero elsewhere"
    if whole == G:
        return f"{G}, zero at [{rest[0]}]"
    return f"{whole}[{rest[0]}] = {rest[1]}"


_LISTS = frozenset({"append", "list_drop", "list_set"})
_WRITES = {"store": "=", "iadd": "+=", "isub": "-=", "add_at": "+=", "sub_at": "-="}
_SPECIAL: dict[str, Callable[[Words, Let], str]] = {"surgery": lambda words, stmt: "adjoint_of(...)", "ruled": _ruled}

__all__ = ["G", "Words"]
