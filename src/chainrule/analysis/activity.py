"""Program, inputs -> Vars: the values that carry a derivative from the inputs to the result.

    def f(x, n):        # with respect to x
        m = n * 2.0     # not active: does not depend on x
        z = np.sin(x)   # not active: does not reach the result
        y = x * m       # active
        return y

Derivatives flow along edges from one Var to another: from the arguments of an operation to its result, from what a
block yields to the results, from initial to carried to final values of a loop. A Var is active if it lies on a path
from an input to the result (Hascoet and Pascual, 2004, call it varied and useful); no fixpoint is needed for loops
because reachability in a graph is one already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..ir.nodes import Arg, Block, Break, For, If, Let, Stmt, Var, Vjp, While, Yield, variables
from ..ir.ops import OPS
from ..ir.types import Opaque, differentiable
from ..ir.walk import all_stmts, blocks, end_blocks, leaves, stmt_args

Edges = dict[Var, list[Var]]


def activity(body: Block, wrt: Iterable[Var], results: Iterable[Var], flows: Callable[[Let, int], bool]) -> frozenset[Var]:
    """The Vars between `wrt` and `results`. `flows(let, k)`: whether the k-th argument has a derivative."""
    forward: Edges = {}
    backward: Edges = {}
    for source, target in edges(body, flows):
        if differentiable(source.type) and differentiable(target.type):
            forward.setdefault(source, []).append(target)
            backward.setdefault(target, []).append(source)
    varied = reach(forward, (v for v in wrt if differentiable(v.type)))
    useful = reach(backward, (v for v in results if differentiable(v.type)))
    return frozenset(varied & useful)


def varied(body: Block, wrt: Iterable[Var], flows: Callable[[Let, int], bool]) -> set[Var]:
    """The Vars that depend on `wrt`, whether or not the result depends on them."""
    forward: Edges = {}
    for source, target in edges(body, flows):
        if differentiable(source.type) and differentiable(target.type):
            forward.setdefault(source, []).append(target)
    return reach(forward, (v for v in wrt if differentiable(v.type)))


def read_back(body: Block, wrt: Iterable[Var], flows: Callable[[Let, int], bool]) -> Let | None:
    """A statement that makes a number of text, or of another object, that was made of numbers which depend on `wrt`; None if there is none.

    Such a number depends on `wrt`, and no rule says how. A call for its effect may keep one argument in another one.
    """
    lets = [stmt for stmt in all_stmts(body) if isinstance(stmt, Let)]
    if not any(isinstance(var.type, Opaque) for let in lets for var in (let.out, *_read(let)) if var is not None):
        return None
    graph: Edges = {}
    for source, target in edges(body, flows):
        if isinstance(source.type, Opaque) and isinstance(target.type, Opaque):
            graph.setdefault(source, []).append(target)
    depend = varied(body, wrt, flows)
    start: set[Var] = set()
    for let in lets:
        read = _read(let)
        objects = [var for var in read if isinstance(var.type, Opaque)] if OPS[let.op].effect and let.op.startswith("py.") else []
        if let.out is not None and isinstance(let.out.type, Opaque):
            objects.append(let.out)
        for var in read if objects else ():
            graph.setdefault(var, []).extend(objects)
            if var in depend:
                start.add(var)
    made = reach(graph, start) - depend
    return next((let for let in lets if let.out is not None and differentiable(let.out.type) and not OPS[let.op].implied
                 and any(var in made and isinstance(var.type, Opaque) for var in _read(let))), None)


def _read(let: Let) -> list[Var]:
    return [var for arg in let.args for var in variables(arg)]


def reach(graph: Edges, start: Iterable[Var]) -> set[Var]:
    """The Vars that can be reached, `start` included."""
    todo = list(start)
    seen = set(todo)
    while todo:
        for var in graph.get(todo.pop(), ()):
            if var not in seen:
                seen.add(var)
                todo.append(var)
    return seen


def edges(block: Block, flows: Callable[[Let, int], bool]) -> Iterator[tuple[Var, Var]]:
    """Every pair (source, target) such that the derivative of target has a term in that of source."""
    for stmt in block.stmts:
        yield from _edges(stmt, flows)
        for inner in blocks(stmt):
            yield from edges(inner, flows)
    for inner in end_blocks(block.end):
        yield from edges(inner, flows)


def _edges(stmt: Stmt, flows: Callable[[Let, int], bool]) -> Iterator[tuple[Var, Var]]:
    if isinstance(stmt, Let):
        if stmt.out is not None and differentiable(stmt.out.type):
            for k, arg in enumerate(stmt.args):
                if flows(stmt, k):
                    yield from ((v, stmt.out) for v in variables(arg))
    elif isinstance(stmt, If):
        for block in blocks(stmt):
            if isinstance(block.end, Yield):
                yield from _pairs(block.end.values, stmt.outs)
    elif isinstance(stmt, Vjp):
        yield from _vjp_edges(stmt)
    elif isinstance(stmt, (For, While)):
        params = carried(stmt)
        yield from _pairs(stmt.inits, params)
        yield from _pairs(stmt.inits, stmt.outs)
        for leaf in leaves(stmt.body):
            if isinstance(leaf.end, Yield):
                yield from _pairs(leaf.end.values, params)
            if isinstance(leaf.end, (Yield, Break)):
                yield from _pairs(leaf.end.values, stmt.outs)


def _vjp_edges(stmt: Vjp) -> Iterator[tuple[Var, Var]]:
    """Everything depends on everything: the adjoints of a block on all that it is given."""
    for arg in stmt_args(stmt):
        yield from ((v, out) for v in variables(arg) for out in stmt.outs)


def carried(stmt: For | While) -> tuple[Var, ...]:
    """The carried parameters of a loop: without the index."""
    return stmt.body.params[1:] if isinstance(stmt, For) else stmt.body.params


def _pairs(sources: tuple[Arg, ...], targets: tuple[Var, ...]) -> Iterator[tuple[Var, Var]]:
    for source, target in zip(sources, targets):
        yield from ((v, target) for v in variables(source))


__all__ = ["activity", "carried", "edges", "reach", "read_back", "varied"]
