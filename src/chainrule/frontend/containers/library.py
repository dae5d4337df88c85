"""Functions of the standard library, written as loops: executed abstractly where the number of items is not known before the program runs.

They are Python like the user's. The frontend calls them in place of the builtin or method that they stand for, with lists and iterables in whose loops
each item is taken once.
"""

from __future__ import annotations

from typing import Any


def any_true(items: Any) -> Any:
    for item in items:
        if item:
            return True
    return False


def all_true(items: Any) -> Any:
    for item in items:
        if not item:
            return False
    return True


def reduced(function: Any, items: Any, total: Any) -> Any:
    for item in items:
        total = function(total, item)
    return total


def reduced_from_first(function: Any, items: Any) -> Any:
    if len(items) == 0:
        raise TypeError("reduce() of empty iterable with no initial value")
    total = items[0]
    for n in range(1, len(items)):
        total = function(total, items[n])
    return total


def total_of(items: Any, total: Any) -> Any:
    for item in items:
        total = total + item
    return total


def taken_one_by_one(iterator: Any) -> Any:
    """What a loop takes from an object with `__next__`."""
    while True:
        try:
            item = iterator.__next__()
        except StopIteration:
            return
        yield item


def next_or(iterator: Any, default: Any) -> Any:
    try:
        return iterator.__next__()
    except StopIteration:
        return default


def until(function: Any, sentinel: Any) -> Any:
    """`iter(function, sentinel)`."""
    while True:
        item = function()
        if item == sentinel:
            return
        yield item


def progress(bar: Any, items: Any) -> Any:
    for item in items:
        yield item
        bar.update(1)
    bar.close()  # a bar of a loop that is left closes itself when it is forgotten


def itself(value: Any) -> Any:
    return value


def smallest(items: Any, key: Any) -> Any:
    if len(items) == 0:
        raise ValueError("min() arg is an empty sequence")
    best = items[0]
    least = key(best)
    for n in range(1, len(items)):
        value = key(items[n])
        if value < least:
            least = value
            best = items[n]
    return best


def largest(items: Any, key: Any) -> Any:
    if len(items) == 0:
        raise ValueError("max() arg is an empty sequence")
    best = items[0]
    most = key(best)
    for n in range(1, len(items)):
        value = key(items[n])
        if value > most:
            most = value
            best = items[n]
    return best


def first_of(items: Any) -> Any:
    for item in items:
        return item
    raise StopIteration


def first_or(items: Any, default: Any) -> Any:
    for item in items:
        return item
    return default


def listed(items: Any) -> Any:
    result = []
    for item in items:
        result.append(item)
    return result


def numbers_of(items: Any) -> Any:
    result = []
    for n in range(len(items)):
        result.append(items[n].item())
    return result


def joined(first: Any, second: Any) -> Any:
    result = []
    for item in first:
        result.append(item)
    for item in second:
        result.append(item)
    return result


def repeated(items: Any, count: Any) -> Any:
    result = []
    for _ in range(count):
        for n in range(len(items)):
            result.append(items[n])
    return result


def extend(target: Any, items: Any) -> Any:
    for item in items:
        target.append(item)


def reversed_list(items: Any) -> Any:
    result = []
    for n in range(len(items)):
        result.append(items[len(items) - 1 - n])
    return result


def without(items: Any, at: Any) -> Any:
    count = len(items)
    if at < 0:
        at = at + count
    if at < 0 or at >= count:
        raise IndexError("pop index out of range")
    result = []
    for n in range(count):
        if n != at:
            result.append(items[n])
    return result


def with_inserted(items: Any, at: Any, value: Any) -> Any:
    count = len(items)
    if at < 0:
        at = max(at + count, 0)
    at = min(at, count)
    result = []
    for n in range(at):
        result.append(items[n])
    result.append(value)
    for n in range(at, count):
        result.append(items[n])
    return result


def with_slice(items: Any, start: Any, stop: Any, new: Any) -> Any:
    result = []
    for n in range(start):
        result.append(items[n])
    for item in new:
        result.append(item)
    for n in range(max(start, stop), len(items)):
        result.append(items[n])
    return result


def without_slice(items: Any, start: Any, stop: Any) -> Any:
    result = []
    for n in range(start):
        result.append(items[n])
    for n in range(max(start, stop), len(items)):
        result.append(items[n])
    return result


def position_of(items: Any, value: Any) -> Any:
    for n in range(len(items)):
        if items[n] == value:
            return n
    raise ValueError("value is not in list")


def number_of(items: Any, value: Any) -> Any:
    count = 0
    for n in range(len(items)):
        if items[n] == value:
            count += 1
    return count


def contains(items: Any, value: Any) -> Any:
    for n in range(len(items)):
        if items[n] == value:
            return True
    return False


# -- heapq: the same comparisons in the same order as Python's, so that ties are broken alike ---------------------


def heap_push(heap: Any, item: Any) -> None:
    heap.append(item)
    to_the_root(heap, 0, len(heap) - 1)


def heap_pop(heap: Any) -> Any:
    last = heap.pop()
    if len(heap) == 0:
        return last
    return heap_replace(heap, last)


def heap_replace(heap: Any, item: Any) -> Any:
    top = heap[0]
    heap[0] = item
    to_the_leaves(heap, 0)
    return top


def heap_push_pop(heap: Any, item: Any) -> Any:
    if len(heap) > 0 and heap[0] < item:
        return heap_replace(heap, item)
    return item


def heapify(heap: Any) -> None:
    for n in range(len(heap) // 2 - 1, -1, -1):
        to_the_leaves(heap, n)


def to_the_root(heap: Any, first: int, place: int) -> None:
    item = heap[place]
    while place > first:
        above = (place - 1) // 2
        if not item < heap[above]:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = item


def to_the_leaves(heap: Any, first: int) -> None:
    place, item, count = first, heap[first], len(heap)
    while 2 * place + 1 < count:
        smaller = 2 * place + 1
        if smaller + 1 < count and not heap[smaller] < heap[smaller + 1]:
            smaller += 1
        heap[place] = heap[smaller]
        place = smaller
    heap[place] = item
    to_the_root(heap, first, place)


def smallest_of(count: int, items: Any, key: Any = None) -> Any:
    return sorted(items, key=key)[:count]


def largest_of(count: int, items: Any, key: Any = None) -> Any:
    return sorted(items, key=key, reverse=True)[:count]


# -- bisect ----------------------------------------------------------------------------------------------------


def place_right(items: Any, item: Any, low: Any = 0, high: Any = None, *, key: Any = itself) -> Any:
    if high is None:
        high = len(items)
    while low < high:
        middle = (low + high) // 2
        if item < key(items[middle]):
            high = middle
        else:
            low = middle + 1
    return low


def place_left(items: Any, item: Any, low: Any = 0, high: Any = None, *, key: Any = itself) -> Any:
    if high is None:
        high = len(items)
    while low < high:
        middle = (low + high) // 2
        if key(items[middle]) < item:
            low = middle + 1
        else:
            high = middle
    return low


def insert_right(items: Any, item: Any, low: Any = 0, high: Any = None, *, key: Any = itself) -> None:
    items.insert(place_right(items, key(item), low, high, key=key), item)


def insert_left(items: Any, item: Any, low: Any = 0, high: Any = None, *, key: Any = itself) -> None:
    items.insert(place_left(items, key(item), low, high, key=key), item)
