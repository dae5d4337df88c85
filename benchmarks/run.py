"""`python -m benchmarks`: check that all gradients agree, then time them in turns."""

import argparse
import functools
import importlib.metadata
import json
import math
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import agreement, systems, tables, timing
from benchmarks.threads import pin_to_one_core
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS

PRIMAL = "primal"
# Elements of a gradient against the hand-written one, and that one against a difference.
AGREEMENT = 1e-6
DIFFERENCE = 1e-5

GROUPS = {
    "vectorised": ("vectorised",),
    "loops": ("loop", "scalar loop"),
    "all": ("vectorised", "loop", "scalar loop"),
}


@dataclass
class Result:
    """What was found out about one workload."""

    workload: str
    kind: str
    seconds: dict[str, float] = field(default_factory=dict)
    first_call: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def ratio(self, system: str, base: str) -> float | None:
        """The system's time over the base's, where both have one."""
        if system in self.seconds and base in self.seconds:
            return self.seconds[system] / self.seconds[base]
        return None


def main() -> None:
    """Run what the command line asks for."""
    options = _parser().parse_args()
    pin_to_one_core()
    effort = timing.QUICK if options.quick else timing.FULL
    if options.repeat:
        effort = effort._replace(repeat=options.repeat)
    clock = timing.CLOCKS[options.clock]

    available, skipped = systems.load(list(dict.fromkeys([systems.HAND, *options.systems])))
    for line in skipped:
        print(line)
    results = []
    for workload in WORKLOADS:
        if options.only and not any(name in workload.name for name in options.only):
            continue
        print(f"{workload.name} ...", file=sys.stderr, flush=True)
        results.append(run_workload(workload, available, effort, clock))

    print(report(results, list(available), options.markdown))
    if options.json:
        record = {
            "environment": environment(),
            "clock": options.clock,
            "skipped": skipped,
            "results": [vars(result) for result in results],
        }
        Path(options.json).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if any(result.failures for result in results):
        sys.exit(1)


def run_workload(
    workload: Workload,
    available: dict[str, systems.Prepare],
    effort: timing.Effort,
    clock: Callable[[], float],
) -> Result:
    """Check and time one workload; a system that fails or disagrees is noted and not timed."""
    result = Result(workload.name, workload.kind)
    args = workload.make_args()
    reference = workload.hand_written(*args)
    calls: dict[str, Callable[[], Any]] = {PRIMAL: functools.partial(workload.primal, *args)}
    for name, prepare in available.items():
        try:
            call = prepare(workload, workload.make_args())
            start = clock()
            gradient = call()
            result.first_call[name] = clock() - start
            error = agreement.disagreement(gradient, reference)
        except Exception as failure:  # whatever a system throws is its result here
            summary = (str(failure).splitlines() or [""])[0]
            result.failures[name] = f"{type(failure).__name__}: {summary}"
            continue
        if error > AGREEMENT:
            result.failures[name] = f"gradient differs from the hand-written one by {error:.1e}"
        else:
            calls[name] = call
    error = agreement.difference_error(workload, args, reference)
    if error > DIFFERENCE:
        result.failures[systems.HAND] = f"gradient differs from a difference by {error:.1e}"
    result.seconds = timing.measure(calls, effort, clock)
    return result


def report(results: list[Result], names: list[str], markdown: bool) -> str:
    """The tables of times and ratios, and whatever failed."""
    columns = [PRIMAL, *names]
    times = [
        [result.workload, result.kind, *(tables.seconds(result.seconds.get(c)) for c in columns)]
        for result in results
    ]
    compiled = [name for name in names if name in systems.COMPILED]
    first_calls = [
        [result.workload, *(tables.seconds(result.first_call.get(name)) for name in compiled)]
        for result in results
    ]
    parts = [tables.table("Time a call", ["workload", "kind", *columns], times, markdown)]
    if compiled:
        title = "First call, with compilation"
        parts.append(tables.table(title, ["workload", *compiled], first_calls, markdown))
    for base, title in (
        (systems.HAND, "Time over the hand-written gradient"),
        (PRIMAL, "Time over the primal"),
    ):
        others = [c for c in columns if c != base]
        rows = _ratio_rows(results, others, base)
        parts.append(tables.table(title, ["workload", *others], rows, markdown))
    failures = [
        f"{result.workload}, {name}: FAILED, {reason}"
        for result in results
        for name, reason in result.failures.items()
    ]
    return "\n\n".join([*parts, "\n".join(failures)] if failures else parts)


def _ratio_rows(results: list[Result], columns: list[str], base: str) -> list[list[str]]:
    rows = [
        [result.workload, *(tables.ratio(result.ratio(c, base)) for c in columns)]
        for result in results
    ]
    for group, kinds in GROUPS.items():
        members = [result for result in results if result.kind in kinds]
        if members:
            means = [_geometric_mean([r.ratio(c, base) for r in members]) for c in columns]
            rows.append([f"geometric mean, {group}", *means])
    return rows


def _geometric_mean(ratios: list[float | None]) -> str:
    """The mean, with a count where it is not over all: means over different sets do not compare."""
    known = [r for r in ratios if r is not None]
    if not known:
        return "-"
    mean = tables.ratio(math.exp(sum(map(math.log, known)) / len(known)))
    return mean if len(known) == len(ratios) else f"{mean} ({len(known)} of {len(ratios)})"


def environment() -> dict[str, Any]:
    """The versions and the machine that the numbers belong to."""
    packages = ("chainrule", "numpy", "autograd", "jax", "jaxlib", "torch")
    versions: dict[str, str | None] = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": versions,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", metavar="NAME", help="workloads whose name contains NAME")
    add("--systems", nargs="+", choices=systems.SYSTEMS, default=list(systems.SYSTEMS))
    add("--repeat", type=int, help=f"rounds (default {timing.FULL.repeat})")
    add("--clock", choices=timing.CLOCKS, default="cpu", help="CPU time or elapsed time")
    add("--quick", action="store_true", help="few, short rounds: a smoke test")
    add("--markdown", action="store_true", help="print the tables as Markdown")
    add("--json", metavar="FILE", help="also write everything there")
    return parser
