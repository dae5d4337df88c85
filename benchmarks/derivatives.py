"""`python -m benchmarks.derivatives`: Hessians, Hessian-vector products and Jacobians, checked and timed in turns."""

import argparse
import functools
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks import systems, tables, timing
from benchmarks.agreement import disagreement
from benchmarks.run import AGREEMENT, DIFFERENCE, environment
from benchmarks.threads import pin_to_one_core
from benchmarks.trees import convert, leaves
from benchmarks.workload import Derivative
from benchmarks.workloads.curvature import DERIVATIVES

SYSTEMS = systems.SYSTEMS[1:]
GRADIENT = "gradient"
PRODUCT = "product"  # timed once more, in turns with the gradient


def along(case: Derivative, derivative: Any, direction: Any) -> Any:
    """A derivative's product with a direction, in the structure of what it is compared with."""
    if case.kind == "hvp":
        return derivative
    flat = np.ravel(direction)
    matrix = np.asarray(derivative)
    return matrix.reshape(*matrix.shape[: matrix.ndim - np.ndim(direction)], flat.size) @ flat


def difference(case: Derivative, args: tuple[Any, ...], direction: Any) -> Any:
    """What the product must be: a central difference, along the direction."""
    first, *rest = args
    step = 1e-6

    def moved(step: float) -> list[Any]:
        directions = iter(leaves(direction))
        return leaves(case.checked(convert(first, lambda x: x + step * next(directions)), *rest))

    pairs = zip(moved(step), moved(-step), strict=True)
    return [(after - before) / (2.0 * step) for after, before in pairs]


def make_direction(args: tuple[Any, ...]) -> Any:
    """A random direction of the first argument."""
    rng = np.random.default_rng(1)
    return convert(args[0], lambda x: float(rng.normal()) if np.ndim(x) == 0 else rng.normal(size=np.shape(x)))


def run_case(
    case: Derivative,
    available: dict[str, Callable[..., Any]],
    effort: timing.Effort,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """Check and time one derivative; what disagrees with differences, or with the first system, is not timed."""
    args = case.make_args()
    direction = make_direction(args)
    expected = difference(case, args, direction)
    first: Any = None
    calls: dict[str, Callable[[], Any]] = {}
    compilation: dict[str, float] = {}
    failures: dict[str, str] = {}
    for name, prepare in available.items():
        try:
            call = prepare(case, args, direction)
            start = clock()
            found = call()
            compilation[name] = clock() - start
            found = convert(found, np.asarray)
            error = disagreement(leaves(along(case, found, direction)), expected)
            spread = 0.0 if first is None else disagreement(found, first)
        except Exception as failure:  # whatever a system throws is its result here
            failures[name] = f"{type(failure).__name__}: {(str(failure).splitlines() or [''])[0]}"
            continue
        if error > DIFFERENCE or spread > AGREEMENT:
            failures[name] = f"differs from a difference by {error:.1e}, from {next(iter(calls), '-')} by {spread:.1e}"
            continue
        first = found if first is None else first
        calls[name] = call
        del found
    del first
    # What runs after a system whose threads have not come to rest is charged with them: a slow one comes between.
    order = sorted(calls, key=lambda name: (name != "chainrule", name == "autograd"))
    seconds = timing.measure({name: calls[name] for name in order}, effort, clock)
    if case.kind == "hvp" and "chainrule" in calls:
        pair = {GRADIENT: functools.partial(cr.grad(case.primal), *args), PRODUCT: calls["chainrule"]}
        seconds |= timing.measure(pair, effort, clock)
    return {"name": case.title, "kind": case.kind, "seconds": seconds, "first_call": compilation, "failures": failures}


def report(results: list[dict[str, Any]], names: list[str], markdown: bool) -> str:
    """The tables, and whatever failed."""
    times = [[r["name"], *(tables.seconds(r["seconds"].get(n)) for n in names)] for r in results]
    parts = [tables.table("Time a call", ["derivative", *names], times, markdown)]
    others = [name for name in names if name != "chainrule"]
    ratios = [
        [r["name"], *(_ratio(r["seconds"], n, "chainrule") for n in others)] for r in results
    ]
    parts.append(tables.table("Time over chainrule's", ["derivative", *others], ratios, markdown))
    products = [
        [
            r["name"].removeprefix("hvp "),
            *(tables.seconds(r["seconds"][n]) for n in (GRADIENT, PRODUCT)),
            _ratio(r["seconds"], PRODUCT, GRADIENT),
        ]
        for r in results
        if GRADIENT in r["seconds"]
    ]
    if products:
        header = ["workload", "gradient", "product", "ratio"]
        parts.append(tables.table("Hessian-vector product over gradient, chainrule", header, products, markdown))
    compiled = [name for name in names if name in systems.COMPILED]
    first = [[r["name"], *(tables.seconds(r["first_call"].get(n)) for n in compiled)] for r in results]
    parts.append(tables.table("First call, with compilation", ["derivative", *compiled], first, markdown))
    failed = [f"{r['name']}, {n}: FAILED, {why}" for r in results for n, why in r["failures"].items()]
    return "\n\n".join([*parts, "\n".join(failed)] if failed else parts)


def _ratio(seconds: dict[str, float], over: str, base: str) -> str:
    return tables.ratio(seconds[over] / seconds[base] if over in seconds and base in seconds else None)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.derivatives", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", metavar="TEXT", help="derivatives whose title, as 'hvp rk4', contains TEXT")
    add("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    add("--clock", choices=timing.CLOCKS, default="cpu", help="CPU time or elapsed time")
    add("--quick", action="store_true", help="few, short rounds: a smoke test")
    add("--markdown", action="store_true", help="print the tables as Markdown")
    add("--json", metavar="FILE", help="also write everything there")
    options = parser.parse_args()
    pin_to_one_core()
    effort = timing.QUICK if options.quick else timing.FULL

    available, skipped = {}, []
    for name in options.systems:
        try:
            available[name] = importlib.import_module(f"benchmarks.systems.with_{name}").derivative
        except ImportError as error:
            skipped.append(f"{name}: skipped, {error}")
    print("\n".join(skipped))
    results = []
    for case in DERIVATIVES:
        if options.only and not any(text in case.title for text in options.only):
            continue
        print(f"{case.title} ...", file=sys.stderr, flush=True)
        results.append(run_case(case, available, effort, timing.CLOCKS[options.clock]))
    print(report(results, list(available), options.markdown))
    if options.json:
        record = {"environment": environment(), "clock": options.clock, "skipped": skipped, "results": results}
        Path(options.json).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if any(r["failures"] for r in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
