"""Differentiate many random programs, and print each that fails, reduced.

    python -m tests.programs.fuzz --count 20000 --seed 0 --jobs 2

Exit code 1 when anything failed. The seed of a program reproduces it: ``--seed N --count 1`` (with the same ``--groups`` and
``--most``). ``--no-compiler`` tests the generator alone: whether its programs run, and whether finite differences converge on
them. The summary counts the programs by kind and reason, the most frequent first, with the first seed of each.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator

from tests.programs import orders
from tests.programs.generate import GROUPS, Program, from_seed
from tests.programs.oracle import Verdict, judge, reliable
from tests.programs.reduce import reduce, within

Result = tuple[int, Verdict, str]  # seed, verdict, the reduced program (of a failure)


def run(seed: int, most: int, seconds: int, reduce_failures: bool, compiler: bool | str, groups: tuple[str, ...] = ()) -> Result:
    """Judge the program of one seed; a program that takes too long has crashed."""
    warnings.simplefilter("ignore")
    examine = orders.judge if compiler == "orders" else judge if compiler else reliable
    program = from_seed(seed, most, groups)

    def verdict_of(candidate: Program, seconds: int = seconds) -> Verdict:
        try:
            return within(seconds, lambda: examine(candidate))  # type: ignore[no-any-return]
        except TimeoutError as error:
            return Verdict("crashed", str(error))
        except Exception as error:
            return Verdict("crashed", f"{type(error).__name__}: {str(error)[:80]}", traceback.format_exc())

    verdict = verdict_of(program)
    if not verdict.failed or not reduce_failures:
        return seed, verdict, repr(program) if verdict.failed else ""
    kind = (verdict.kind, verdict.reason if verdict.kind != "crashed" else verdict.reason.split(":")[0])

    slow = "longer than" in verdict.reason

    def alike(candidate: Program) -> bool:
        other = verdict_of(candidate, seconds if slow else 2)  # a loop that lost its counter never ends
        return (other.kind, other.reason if other.kind != "crashed" else other.reason.split(":")[0]) == kind

    smallest = reduce(program, alike)
    return seed, verdict_of(smallest), repr(smallest)


def _run(work: tuple[int, int, int, bool, bool | str, tuple[str, ...]]) -> Result:
    return run(*work)


def results(
    seeds: range, jobs: int, most: int, seconds: int, reduce_failures: bool, compiler: bool | str, groups: tuple[str, ...] = ()
) -> Iterator[Result]:
    """The results in the order of the seeds, whatever the number of jobs."""
    work = ((seed, most, seconds, reduce_failures, compiler, groups) for seed in seeds)
    if jobs == 1:
        yield from map(_run, work)
        return
    with multiprocessing.Pool(jobs, maxtasksperchild=2000) as pool:
        yield from pool.imap(_run, work, chunksize=8)


def main(argv: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Differentiate random programs and compare with finite differences.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--most", type=int, default=16, help="statements of a program, at most")
    parser.add_argument("--seconds", type=int, default=20, help="for one program")
    parser.add_argument("--failures", type=int, default=20, help="stop after so many")
    parser.add_argument("--no-reduce", action="store_true")
    parser.add_argument("--no-compiler", action="store_true")
    parser.add_argument("--orders", action="store_true", help="compare forward mode and second derivatives instead")
    parser.add_argument(
        "--refused", action="store_true", help="also print the first program of each reason for refusal"
    )
    parser.add_argument("--groups", nargs="*", default=(), choices=list(GROUPS), help="constructs to choose from, for every program")
    options = parser.parse_args(argv)
    groups = tuple(options.groups)
    started = time.time()
    kinds: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    failures = 0
    seeds = range(options.seed, options.seed + options.count)
    for seed, verdict, program in results(
        seeds, options.jobs, options.most, options.seconds, not options.no_reduce, "orders" if options.orders else not options.no_compiler, groups
    ):
        kinds[verdict.kind] += 1
        if verdict.kind != "ok":
            reasons[verdict.kind, verdict.reason] += 1
            first.setdefault((verdict.kind, verdict.reason), seed)
        if verdict.failed:
            failures += 1
            print(
                f"{'=' * 20} seed {seed}: {verdict.kind}: {verdict.reason}\n{program}\n{verdict.detail}\n", flush=True
            )
            if failures >= options.failures:
                print(f"stopped after {failures} failures")
                break
        if verdict.kind == "refused" and options.refused and first[verdict.kind, verdict.reason] == seed:
            print(
                f"{'=' * 20} seed {seed}: refused\n{from_seed(seed, options.most, groups).source}\n{verdict.detail}\n",
                flush=True,
            )
    total = kinds.total()
    for (kind, reason), count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        print(f"{count:7d}  {kind}: {reason} (first: seed {first[kind, reason]})")
    print(
        ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        + f" of {total}, {total / (time.time() - started):.1f} a second"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
