"""The functions of heapq and bisect, as the Python that they mean."""

from __future__ import annotations

import bisect
import heapq
from typing import TYPE_CHECKING, Any

from ..calling.builtins import BUILTINS, Args, Keywords
from ..execution.values import Value
from . import library

if TYPE_CHECKING:
    from ..calling.calls import Calls

MEANINGS: dict[Any, Any] = {
    heapq.heappush: library.heap_push, heapq.heappop: library.heap_pop, heapq.heapreplace: library.heap_replace,
    heapq.heappushpop: library.heap_push_pop, heapq.heapify: library.heapify, heapq.nsmallest: library.smallest_of, heapq.nlargest: library.largest_of,
    bisect.bisect_left: library.place_left, bisect.bisect_right: library.place_right,
    bisect.insort_left: library.insert_left, bisect.insort_right: library.insert_right,
}
_NAMES = {"iterable": "items", "n": "count", "lo": "low", "hi": "high", "a": "items", "x": "item"}


def _handler(meaning: Any) -> Any:
    def call(m: Calls, args: Args, keywords: Keywords) -> Value:
        return m.library(meaning, *args, **{_NAMES.get(name, name): value for name, value in keywords.items()})

    return call


BUILTINS.update({function: _handler(meaning) for function, meaning in MEANINGS.items()})

__all__ = ["MEANINGS"]
