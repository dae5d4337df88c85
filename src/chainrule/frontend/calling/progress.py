"""Progress bars: `for v in tqdm(items)` is a loop over the items with a bar that is made before it and told of each iteration.

The bar is the real one: it is made, updated and closed as effects, once and in order. What it goes through stays known to the compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ir.nodes import Var
from ...ir.types import Opaque
from ...rules.effects import Effect
from ..containers import library
from ..execution.values import DictV, Generator, ListV, Num, Range, Ref, Static, TupleV, Value
from .effects import call_for_effect

if TYPE_CHECKING:
    from .calls import Calls

BAR = Opaque("tqdm.std.tqdm")
SIZED = (Range, ListV, TupleV, DictV, Ref)


def bar_class(f: Any) -> type | None:
    """The class of progress bars that calling this makes; None if it makes none."""
    if getattr(f, "__name__", "") == "trange" and getattr(f, "__module__", "").startswith("tqdm."):
        return getattr(__import__(f.__module__, fromlist=["tqdm"]), "tqdm", None)
    if isinstance(f, type) and any((base.__module__, base.__qualname__) == ("tqdm.std", "tqdm") for base in f.__mro__):
        return f
    return None


def progress(m: Calls, f: Any, cls: type, args: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """`tqdm(items, ...)` and `trange(n, ...)`; without items, a bar that the program updates itself."""
    keywords = dict(keywords)
    if f is not cls:
        from .tables import BUILTINS

        args = (BUILTINS[range](m, args, {}),)
    items = args[0] if args else keywords.pop("iterable", Static(None))
    if len(args) > 1:
        m.refuse(f"`{cls.__name__}` is given more than the items by position", "what it is, is only known by its name", "give it by name: `desc=...`")
    if isinstance(items, SIZED) and "total" not in keywords:
        length = len(items.items) if isinstance(items, TupleV) else m.call_static(len, (items,), {})
        keywords["total"] = Static(length) if isinstance(length, int) else length
    bar = call_for_effect(m, cls, Effect(BAR), (), keywords)
    if isinstance(items, Static) and items.value is None:
        return bar
    return m.library(library.progress, bar, items)


def bar_of(m: Calls, value: Value) -> Value | None:
    """The bar of a loop with one, where its methods are called (`set_postfix`)."""
    if not isinstance(value, Generator) or value.node.name != library.progress.__name__:
        return None
    bar = m.state.frames.get(value.frame, {}).get("bar")
    return bar if isinstance(bar, Num) and isinstance(bar.operand, Var) and bar.operand.type == BAR else None


__all__ = ["bar_class", "bar_of", "progress"]
