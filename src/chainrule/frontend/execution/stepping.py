"""A loop that is executed by values: iteration after iteration, as this call goes through them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...ir.build import type_of
from ...ir.nodes import Lit
from ...ir.types import Opaque
from ..containers.iterators import VIEWS, in_turn, iterator
from ..containers.taking import step
from .places import Leaf, Split
from .values import DictV, IteratorV, Lazy, ListV, Num, SetV, Static, Value
from .witness import LIMIT

if TYPE_CHECKING:
    from ..constructs.loops import Loops


class END:
    """What is found after the last item."""


def items_of(m: Loops, iterable: Value, stmt: ast.For) -> Iterator[Value]:
    """The items that a loop goes through, each as it is when its turn comes."""
    iterable = in_turn(m, iterable)
    if isinstance(iterable, (ListV, DictV, SetV)) or (isinstance(iterable, Lazy) and iterable.kind in VIEWS):
        iterable = iterator(m, iterable)
    if isinstance(iterable, IteratorV):
        for _ in range(LIMIT):
            found = step(m, iterable, lambda item: item, lambda: None, m.choose)
            if found is None:
                return
            yield found
        m.refuse("a loop over an iterator does not end", f"{LIMIT} iterations were executed when the program was compiled", "loop over a range", stmt)
    known = m.known_items(iterable)
    if known is not None:
        yield from known
        return
    if isinstance(iterable, Num) and isinstance(type_of(iterable.operand), Opaque):
        yield from outside(m, iterable)
        return
    counted, element = m.counted(iterable, stmt)
    for n in range(*(m.decide(m.wrap(bound), "the number of iterations") for bound in counted)):
        yield element(Lit(n))


def outside(m: Loops, iterable: Num) -> Iterator[Value]:
    """The items of an iterator that is not the program's (a file, a queue): each is taken once."""
    held = m.perform(Static(iter), (iterable,), {})
    while True:
        item = m.perform(Static(next), (held, Static(END)), {})
        if isinstance(item, Num) and m.witness is not None and m.witness.value(item.operand) is END:
            m.decide(item, "whether there is another item")
            return
        yield item


def step_through(m: Loops, stmt: ast.For | ast.While, items: Iterator[Value] | None, context: Any, rest: list[Any]) -> Leaf | Split | None:
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
