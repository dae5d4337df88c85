"""Times of several calls, taken in turns, as minima over many rounds."""

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

CLOCKS: Mapping[str, Callable[[], float]] = {
    "cpu": time.process_time,
    "wall": time.perf_counter,
}


class Effort(NamedTuple):
    """How long to measure."""

    repeat: int  # rounds at most
    batch: float  # seconds that one timing lasts at least, by repeating the call
    budget: float  # seconds after which a call sits out the remaining rounds


# Rounds that a call takes part in whatever they cost: a minimum of one or two is luck.
LEAST_ROUNDS = 3

FULL = Effort(repeat=60, batch=0.01, budget=3.0)
QUICK = Effort(repeat=5, batch=0.002, budget=0.3)


def measure(
    calls: Mapping[str, Callable[[], Any]], effort: Effort, clock: Callable[[], float]
) -> dict[str, float]:
    """Seconds a call, by name: the minimum over rounds in which all calls take turns.

    Turns expose every call to the same spells of a busy machine; the minimum removes them.
    """
    gc.collect()
    batches = {name: _batch_size(call, effort.batch, clock) for name, call in calls.items()}
    best = dict.fromkeys(calls, float("inf"))
    spent = dict.fromkeys(calls, 0.0)
    for round_number in range(effort.repeat):
        for name, call in calls.items():
            if round_number >= LEAST_ROUNDS and spent[name] > effort.budget:
                continue
            seconds = time_batch(call, batches[name], clock)
            spent[name] += seconds
            best[name] = min(best[name], seconds / batches[name])
    return best


def time_batch(call: Callable[[], Any], size: int, clock: Callable[[], float]) -> float:
    """Seconds for `size` calls, with the garbage collector off, as in timeit."""
    gc.disable()
    try:
        start = clock()
        for _ in range(size):
            call()
        return clock() - start
    finally:
        gc.enable()


def _batch_size(call: Callable[[], Any], least: float, clock: Callable[[], float]) -> int:
    """The power of two of calls that last `least` seconds together."""
    size = 1
    while time_batch(call, size, clock) < least:
        size *= 2
    return size
