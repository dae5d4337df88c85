"""What flows through the operations of a block, by the table of rows: which arguments carry a derivative, and where infinities may arise.

Also the checks that a block can be differentiated at all, which are the same in both modes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..ir.nodes import Block, Let, Lit, Var, variables
from ..ir.ops import OPS
from ..ir.probe import type_of
from ..ir.types import Array, Scalar, kind
from ..ir.walk import all_stmts
from ..rules.table import RowError
from .activity import edges, reach, read_back, varied


class Rules(Protocol):
    """What the transforms ask of the table of rows."""

    def pull(self, let: Let, call: Any) -> None: ...

    def flows(self, op: str, k: int) -> bool: ...

    def masks(self, op: str) -> bool: ...

    def pole(self, op: str) -> bool: ...

    def quiet(self, op: str) -> bool: ...

    def by_element(self, op: str) -> bool: ...

    def is_linear(self, op: str) -> bool: ...

    def jumps(self, op: str) -> frozenset[str]: ...

    def real(self, op: str) -> bool: ...


def check_jumps(body: Block, wrt: tuple[Var, ...], flows: Callable[[Let, int], bool], rules: Rules) -> None:
    """Refuse samples that jump where what is differentiated moves: a derivative of zero would be right, and of no use.
    And complex numbers where a row gives zero for real ones: it would be wrong."""
    found = [stmt for stmt in all_stmts(body) if isinstance(stmt, Let) and (rules.jumps(stmt.op) or (rules.real(stmt.op) and _is_complex(stmt)))]
    depend = varied(body, wrt, flows) if found else set()
    for let in found:
        if rules.real(let.op) and any(v in depend for arg in let.args for v in variables(arg)):
            error = RowError(f"the derivative of {let.op} of complex numbers is not known", "its rule is that of real numbers, where it is zero",
                             "write z / np.abs(z)", certain=True)
            error.span = let.span
            raise error
        for param, arg in zip(OPS[let.op].params, let.args):
            if param.name in rules.jumps(let.op) and any(v in depend for v in variables(arg)):
                error = RowError(f"`{let.op.rpartition('.')[2]}` with a parameter `{param.name}` that is differentiated",
                                 "the sample changes in jumps, so its derivative is zero wherever there is one",
                                 "differentiate the logarithm of the probability instead", certain=True)
                error.span = let.span
                raise error


def _is_complex(let: Let) -> bool:
    types = [type_of(v) for arg in let.args for v in variables(arg)]
    return any(isinstance(t, (Array, Scalar)) and kind(t.dtype) == "c" for t in types)


def check_read_back(body: Block, wrt: tuple[Var, ...], flows: Callable[[Let, int], bool]) -> None:
    """Refuse numbers that are read out of text: their derivative is not zero."""
    let = read_back(body, wrt, flows)
    if let is not None:
        error = RowError("a number is read out of text, or of an object, that was made of what is differentiated",
                         "how the one depends on the other is not known", "keep the number itself")
        error.span = let.span
        raise error


def flows(rules: Rules) -> Callable[[Let, int], bool]:
    """Whether a derivative flows through the k-th argument of a statement, as a function of both."""
    def through(let: Let, k: int) -> bool:
        if let.op in ("item", "tuple", "surgery"):
            return k == 0
        if let.op in ("call", "apply"):
            return k == 1
        return rules.flows(let.op, k)

    return through


def singular(body: Block, rules: Rules, flows: Callable[[Let, int], bool]) -> set[Var]:
    """The Vars that may be infinite or NaN where the inputs are finite: what follows from a row with a pole."""
    lets = [s for s in all_stmts(body) if isinstance(s, Let) and s.out is not None]
    poles = [s.out for s in lets if s.out is not None and (s.op == "call" or rules.pole(s.op)) and not raises(s)]
    if not poles:
        return set()
    graph: dict[Var, list[Var]] = {}
    for source, target in edges(body, flows):
        graph.setdefault(source, []).append(target)
    return reach(graph, poles)


def steep(body: Block, rules: Rules) -> set[Var]:
    """The Vars whose cotangent may be infinite although all values are finite: what a root, or a power, is taken of, and what that was made of by
    functions that are linear or work element by element, in branches and loops too."""
    roots: set[Var] = set()
    stopping: set[Var] = set()
    for let in (s for s in all_stmts(body) if isinstance(s, Let) and s.out is not None):
        if rules.quiet(let.op) and not any(isinstance(arg, Lit) and isinstance(arg.value, (int, float)) and arg.value >= 1 for arg in let.args[1:]):
            roots.update(v for arg in let.args for v in variables(arg))
        elif not (rules.by_element(let.op) or rules.is_linear(let.op) or let.op in ("index", "copy", "item")) and let.out is not None:
            stopping.add(let.out)
    if not roots:
        return roots
    sources: dict[Var, list[Var]] = {}
    for source, target in edges(body, flows(rules)):
        if target not in stopping:
            sources.setdefault(target, []).append(source)
    return reach(sources, roots)


def raises(let: Let) -> bool:
    """Whether an operation raises where its result would be infinite: Python's own on Python's own numbers."""
    numbers = all(isinstance(t, Scalar) and t.weak for t in map(type_of, let.args))
    return numbers and (let.op in ("/", "**", "pow") or let.op.startswith("math."))


__all__ = ["Rules", "check_jumps", "check_read_back", "flows", "raises", "singular", "steep"]
