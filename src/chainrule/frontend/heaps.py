"""heapq and bisect: each function is one of `library`, which does the same with the compiler's lists."""

from __future__ import annotations

import bisect
import heapq
from typing import TYPE_CHECKING, Any

from . import library
from .builtins import Args, Keywords, builtin
from .values import Value

if TYPE_CHECKING:
    from .calls import Calls

_FUNCTIONS: dict[Any, Any] = {
    heapq.heappush: library.heap_push, heapq.heappop: library.heap_pop, heapq.heapify: library.heap_of, heapq.heapreplace: library.heap_replace,
    heapq.heappushpop: library.heap_push_and_pop, bisect.bisect_left: library.place_left, bisect.bisect_right: library.place_right,
    bisect.insort_left: library.insert_left, bisect.insort_right: library.insert_right}
_NAMES = {"lo": "low", "hi": "high", "a": "items", "x": "item"}


def _written_in_python(function: Any) -> Any:
    def apply(m: Calls, args: Args, keywords: Keywords) -> Value:
        return m.library(function, *args, **{_NAMES.get(name, name): value for name, value in keywords.items()})

    return apply


for _function, _same in _FUNCTIONS.items():
    builtin(_function)(_written_in_python(_same))
