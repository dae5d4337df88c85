"""`with adjoint_of(x) as x_bar: body` -> the operation `surgery`, which gives x and holds the body as a block of the IR.

    with adjoint_of(h) as h_bar:            h' = surgery(h, block, (limit,))
        h_bar = np.clip(h_bar, -1, limit)       block(h_bar, limit): return np.clip(h_bar, -1, limit)

The body is executed abstractly like a function of its own, whose parameter is the adjoint and which returns it. What it reads from outside
are further parameters of the block: the values that they have here. From here on `h` is h'; of an array, the contents of its
slot are, so that all that is read later, through whatever view, has its adjoint pass through the block.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...ir.build import type_of
from ...ir.nodes import Arg, Block, Lit, Operand, Seq, Var, Yield
from ...ir.types import Array, Scalar, differentiable, kind, shape
from ...ir.walk import free, substitute
from ..execution.exits import End, leaves
from ..execution.machine import describe
from ..execution.places import Leaf
from ..execution.state import State, slots
from ..execution.values import DictV, Entries, Manager, Num, Ref, Static, TupleV, Value
from .syntax import nodes

if TYPE_CHECKING:
    from .contexts import Contexts

_WAYS_OUT = {ast.Return: "`return`", ast.Yield: "`yield`", ast.YieldFrom: "`yield from`", ast.Await: "`await`", ast.Global: "`global`",
             ast.Nonlocal: "`nonlocal`", ast.Delete: "`del`", ast.Import: "`import`", ast.ImportFrom: "`import`"}


def adjoint_block(m: Contexts, manager: Manager, items: list[ast.withitem], body: list[ast.stmt]) -> None:
    """Execute the statement. Its effect on the primal is none, but for the new Var."""
    item = items[0]
    node = item.context_expr
    if m.operating:
        m.refuse("`adjoint_of` inside a block of the reverse sweep", "there, what is computed has no adjoint", "leave it out")
    if len(items) > 1:
        body = [_rest(items[0], tuple(items[1:]), tuple(body))]
    value = _argument(m, manager)
    if isinstance(value, Ref):
        _of_array(m, value, item, body)
    elif isinstance(value, Num) and isinstance(value.operand, Var) and isinstance(value.operand.type, Scalar) and differentiable(value.operand.type):
        name = node.args[0] if isinstance(node, ast.Call) and node.args else None
        if not isinstance(name, ast.Name):
            m.refuse("`adjoint_of` of a number that no name is bound to", "nothing that follows would use it", "bind it to a name first")
        if name.id not in m.infos[m.current].locals:
            m.refuse(f"`adjoint_of` of the number `{name.id}` of another function", "what that function computes of it later would not pass through the block",
                     "write the block where the name is bound")
        type = value.operand.type
        bar = Var(Scalar(type.dtype, type.weak, None, True), None)
        result = _executed(m, item, body, Num(bar), bar)
        new = m.b.emit("surgery", value.operand, *_closed(m, item, bar, result), hint=value.operand.hint)
        m.bind_name(name.id, Num(new))
    else:
        what = describe(value) if not isinstance(value, (Num, Static)) else "a value that carries no derivative"
        m.refuse(f"`adjoint_of` of {what}", "only floats and arrays of floats have an adjoint", "name one array or number that the result depends on")


def _argument(m: Contexts, manager: Manager) -> Value:
    args, keywords = manager.parts
    assert isinstance(args, TupleV) and isinstance(keywords, DictV)
    entries = m.state.heap[keywords.slot]
    assert isinstance(entries, Entries)
    return (*args.items, *entries.values)[0]


def _of_array(m: Contexts, ref: Ref, item: ast.withitem, body: list[ast.stmt]) -> None:
    old = m.state.heap[ref.slot]
    if not isinstance(old, Var) or not isinstance(old.type, Array) or not differentiable(old.type) or any(step.kind == "item" for step in ref.path):
        m.refuse("`adjoint_of` of this array", "only arrays of floats have an adjoint, and only where it is known which array it is", "name one array of floats")
    m.before_write(ref.slot)  # what follows must be known to read it, or not to
    bar = Var(old.type, None)
    slot = m.new(bar)
    result = _executed(m, item, body, Ref(slot, ref.path), bar)
    new: Any = m.b.emit("surgery", old, *_closed(m, item, bar, result), hint=old.hint)
    if old in m.partial:
        m.partial[new] = m.partial[old]
    m.state.written |= m.state.may_be([ref.slot])
    m.ever_written |= m.state.may_be([ref.slot])
    m.state.heap[ref.slot] = new


_Result = tuple[list[Any], Arg]


def _executed(m: Contexts, item: ast.withitem, body: list[ast.stmt], x_bar: Value, bar: Var) -> _Result:
    """Execute the body with the name bound to x_bar: the statements, and the adjoint that it ends with."""
    target, statement = item.optional_vars, m.node
    if target is not None and not isinstance(target, ast.Name):
        m.refuse("the adjoint is bound to something other than a name", "it exists in the reverse sweep only", "write `with adjoint_of(x) as x_bar:`", target)
    name = "_" if target is None else target.id
    _check(m, body, name)
    if target is not None and bar.hint is None:
        object.__setattr__(bar, "hint", name)
    base = m.state
    m.state = base.copy()
    kept, m.catching, m.loop, m.operating = (m.catching, m.loop), (), None, True
    function = _function(item, name, tuple(body))
    result: Arg = bar

    def execute() -> End:
        value = m.execute(function, m.source, m.current, (), {}, (x_bar,), {})
        return Leaf("value", m.state, Num(_end(m, value, x_bar, bar, name)))

    with m.opened() as scopes:
        end = m.block(execute)
        if any(leaf.kind not in ("value", "raise") for leaf in leaves(end)) or all(leaf.kind == "raise" for leaf in leaves(end)):
            m.refuse("a block of the reverse sweep is left", "what follows it there is the rest of the reverse sweep", "let it end")
        merged = m.merged(end, scopes)
        assert merged is not None
        after, value = merged
        m.node = statement
        _check_unchanged(m, base, after, x_bar)
        assert isinstance(value, (Num, Static))
        result = value.operand if isinstance(value, Num) else Lit(value.value)
        stmts = list(scopes[-1].stmts)
    m.state, (m.catching, m.loop), m.operating = base, kept, False
    return stmts, result


def _closed(m: Contexts, item: ast.withitem, bar: Var, result: _Result) -> tuple[Lit, Seq]:
    """The block with everything that it reads from outside as further parameters, and what these are."""
    stmts, value = result
    block = Block((bar,), tuple(stmts), Yield((value,)))
    outer = free(block)
    params = {var: Var(var.type, var.hint) for var in outer}
    closed = substitute(block, lambda var: params.get(var, var))
    return Lit(Block((bar, *params.values()), closed.stmts, closed.end)), Seq(tuple(outer))


def _end(m: Contexts, value: Value, x_bar: Value, bar: Var, name: str) -> Operand:
    """The adjoint after the block: what was written into, or what the name was bound to."""
    given = m.operand(value) if isinstance(value, (Num, Static, Ref)) else None
    if not isinstance(given, (Var, Lit)) or not isinstance(type_of(given), (Scalar, Array)) or not _fits(type_of(given), x_bar, m):
        m.refuse(f"`{name}` is not an adjoint at the end of the block", f"it must be {'a number' if isinstance(x_bar, Num) else 'an array'} like the one that "
                 "it was given", f"bind `{name}` to {'a float' if isinstance(x_bar, Num) else 'an array of the same shape'}")
    if isinstance(x_bar, Num):
        return given
    assert isinstance(x_bar, Ref)
    if value != x_bar:
        if not x_bar.path and shape(type_of(given)) == shape(bar.type) is not None and type_of(given) == bar.type:
            return given
        m.write(x_bar, Lit(Ellipsis), given)
    contents = m.state.heap[x_bar.slot]
    assert isinstance(contents, (Var, Lit))
    return contents


def _fits(type: Any, x_bar: Value, m: Contexts) -> bool:
    own: Any = m.type(x_bar)
    kinds = "fiuc" if kind(own.dtype) == "c" else "fiu"
    return kind(type.dtype) in kinds and (isinstance(x_bar, Ref) or shape(type) == ())


def _check(m: Contexts, body: list[ast.stmt], name: str) -> None:
    """Refuse what would have to happen in the primal."""
    own = nodes(*body, functions=False)
    for node in own:
        if type(node) in _WAYS_OUT or (isinstance(node, (ast.Break, ast.Continue)) and not _inside_loop(node, body)):
            what = _WAYS_OUT.get(type(node), "`break`" if isinstance(node, ast.Break) else "`continue`")
            m.refuse(f"{what} in a block of the reverse sweep", "the primal does not execute the block", "let the block end", node)
    around = m.stack[-1]
    outside = _names_outside(around, tuple(body))
    for target in _bound(body):
        if target.id != name and target.id in outside:
            m.refuse(f"`{target.id}` is assigned in a block of the reverse sweep", "the primal does not execute the block: there, the name keeps its value",
                     "use another name for what only the block needs", target)
    if name in outside:
        m.refuse(f"`{name}` is also used outside of the block", "the adjoint exists in the reverse sweep only", "give the adjoint a name of its own")


def _inside_loop(node: ast.AST, body: list[ast.stmt]) -> bool:
    return any(inner is node for loop in nodes(*body, functions=False) if isinstance(loop, (ast.For, ast.While)) for inner in nodes(*loop.body))


def _bound(body: list[ast.stmt]) -> Iterator[ast.Name]:
    """The names that statements bind; not those of comprehensions."""
    inside = {id(name) for node in nodes(*body, functions=False) if isinstance(node, ast.comprehension) for name in nodes(node.target)}
    for node in nodes(*body, functions=False):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in inside:
            yield node
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield ast.copy_location(ast.Name(node.name, ast.Store()), node)


@functools.lru_cache(maxsize=256)
def _names_outside(function: Any, body: tuple[ast.stmt, ...]) -> frozenset[str]:
    """The names that a function uses outside of a block, and outside of other `with` statements that bind them."""
    found: set[str] = set()

    def walk(node: Any, bound: frozenset[str]) -> None:
        if isinstance(node, ast.stmt) and node in body:
            return
        if isinstance(node, ast.Name) and node.id not in bound:
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.With):
            for item in node.items:
                walk(item.context_expr, bound)
            targets = {n.id for item in node.items if item.optional_vars is not None for n in nodes(item.optional_vars) if isinstance(n, ast.Name)}
            inner = bound | targets | {name.id for name in _bound(node.body)}
            for stmt in node.body:
                walk(stmt, inner if targets else bound)
            return
        for child in ast.iter_child_nodes(node):
            walk(child, bound)

    walk(function, frozenset())
    return frozenset(found)


@functools.lru_cache(maxsize=256)
def _function(item: ast.withitem, name: str, body: tuple[ast.stmt, ...]) -> ast.FunctionDef:
    """The block as a function of the adjoint that returns it; one for each block, however often it is lowered."""
    last = body[-1]
    value = ast.copy_location(ast.Name(name, ast.Load()), last)
    parameter = ast.copy_location(ast.arg(name, None), item.context_expr)
    arguments = ast.arguments([], [parameter], None, [], [], None, [])
    function: Any = ast.FunctionDef(f"adjoint of {name}", arguments, [*body, ast.copy_location(ast.Return(value), last)], [], None)
    return ast.copy_location(function, item.context_expr)  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=256)
def _rest(first: ast.withitem, items: tuple[ast.withitem, ...], body: tuple[ast.stmt, ...]) -> ast.With:
    return ast.copy_location(ast.With(list(items), list(body)), first.context_expr)


def _check_unchanged(m: Contexts, base: State, after: State, x_bar: Value) -> None:
    """Refuse a body that changes something that the primal sees."""
    own = set(slots(x_bar))
    if any(after.heap.get(slot) is not contents for slot, contents in base.heap.items() if slot not in own):
        m.refuse("a block of the reverse sweep changes an array, a list or an object of the primal", "the primal does not execute the block",
                 "change the adjoint only, or append to a list that lives outside of the function")
    for number, frame in base.frames.items():
        if any(after.frames.get(number, frame).get(name) is not value for name, value in frame.items()):
            m.refuse("a block of the reverse sweep changes a name of the primal", "the primal does not execute the block", "change the adjoint only")


__all__ = ["adjoint_block"]
