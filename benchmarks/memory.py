"""`python -m benchmarks.memory`: peak memory of the Jacobi stencil, 700 x 700, 50 sweeps.

Every system runs in a process of its own. The call is made once, which compiles what is to be
compiled; then the kernel's high-water mark of the process is reset and the call made again. What is
reported is how far that second call rises above where it began, so libraries, compilers and
arguments are not counted. Needs Linux, for /proc.
"""

import argparse
import functools
import gc
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import systems, tables
from benchmarks.threads import pin_to_one_core
from benchmarks.workload import Workload
from benchmarks.workloads import stencils

PRIMAL = "primal"
WORKLOAD = Workload(
    "jacobi_700",
    "loop",
    stencils.jacobi,
    stencils.jacobi_gradient,
    functools.partial(stencils.make_args, 700),
    (0, 1),
)
_STATUS = Path("/proc/self/status")


def main() -> None:
    """Measure each system in a process of its own and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    names = (PRIMAL, *systems.SYSTEMS)
    parser.add_argument("--systems", nargs="+", choices=names, default=list(names))
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--child", choices=names, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(peak_growth(options.child))
        return
    if not _STATUS.exists():
        sys.exit("peak memory is read from /proc, which this system does not have")
    rows = [[name, _in_child(name)] for name in options.systems]
    print(tables.table("Peak memory of a call", ["system", "MB"], rows, options.markdown))


def peak_growth(name: str) -> int:
    """Bytes by which one call rises above the memory in use before it."""
    pin_to_one_core()
    args = WORKLOAD.make_args()
    if name == PRIMAL:
        call: Callable[[], Any] = functools.partial(WORKLOAD.primal, *args)
    else:
        available, skipped = systems.load([name])
        if skipped:
            sys.exit(skipped[0])
        call = available[name](WORKLOAD, args)
    call()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # 5: reset VmHWM to VmRSS
    before = _status("VmRSS")
    result = call()
    peak = _status("VmHWM")
    del result
    return peak - before


def _status(key: str) -> int:
    match = re.search(rf"^{key}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    if match is None:
        raise KeyError(key)
    return 1024 * int(match[1])


def _in_child(name: str) -> str:
    # A fixed threshold makes every array its own mapping, returned to the system when freed;
    # otherwise the first call's freed memory would hide what the second one needs.
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--child", name],
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        lines = child.stderr.strip().splitlines()
        return lines[-1] if lines else f"exit status {child.returncode}"
    return f"{int(child.stdout) / 1e6:.1f}"


if __name__ == "__main__":
    main()
