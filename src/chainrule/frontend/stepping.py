"""A loop that is executed by values: iteration after iteration, as this call goes through them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..ir.nodes import Lit
from .places import Leaf, Split
from .values import Items, ListV, Value
from .witness import LIMIT

if TYPE_CHECKING:
    from .statements import Statements


def known_one_by_one(m: Statements, iterable: Value, known: tuple[Value, ...]) -> Callable[[int], Value]:
    """The item at an index; of a list, as it is when its turn comes. IndexError where there is none."""
    if not isinstance(iterable, ListV):
        return known.__getitem__

    def item(n: int) -> Value:
        contents = m.state.heap[iterable.slot]
        if not isinstance(contents, Items):
            m.refuse("a list is changed by the loop that goes through it", "its length is then only known when the program runs", "loop over a copy")
        if n >= LIMIT:
            m.refuse("a list grows in the loop that goes through it", "the loop does not end", "loop over a copy")
        return contents.items[n]

    return item


def items_of(m: Statements, iterable: Value, stmt: ast.For) -> Iterator[Value]:
    """The items that a loop goes through, each as it is when its turn comes."""
    known = m.known_items(iterable)
    if known is not None:
        item = known_one_by_one(m, iterable, known)
        for n in itertools.count():
            try:
                found = item(n)
            except IndexError:
                return
            yield found
    counted, element = m.counted(iterable, stmt)
    for n in range(*(m.decide(m.wrap(bound), "the number of iterations") for bound in counted)):
        yield element(Lit(n))


def step_through(m: Statements, stmt: ast.For | ast.While, items: Iterator[Value] | None, context: Any, rest: list[Any]) -> Leaf | Split | None:
    """Execute the loop's body for each item; without items, while its condition holds. Then, what follows the loop.

    None if execution simply goes on with the next statement. `context` is what `break` and `continue` mean in the body: they end it.
    """
    outer, around = m.loop, m.infos[m.current].loops
    loops = list(around)
    around[:] = [*loops, stmt]  # what an earlier line reads, the next iteration reads
    broken = False
    try:
        while not broken:
            m.node, m.loop, m.b.span = stmt, context, m.span(stmt)
            if items is None:
                assert isinstance(stmt, ast.While)
                test = m.eval(stmt.test)
                known = m.truth(test)
                m.node = stmt
                if not (m.decide_truth(m.condition(test)) if known is None else known):
                    break
            else:
                assert isinstance(stmt, ast.For)
                item = next(items, None)
                if item is None:
                    break
                m.assign(stmt.target, item)
            end = m.run(list(stmt.body))
            if isinstance(end, Split):
                m.refuse("a branch leaves this loop", "it is not executed by values", "report this as a bug", stmt)
            m.state = end.state
            if end.kind not in ("fall", "continue", "break"):
                return end
            broken = end.kind == "break"
    finally:
        m.loop, around[:] = outer, loops
    return m._run([*stmt.orelse, *rest]) if stmt.orelse and not broken else None


__all__ = ["step_through"]
