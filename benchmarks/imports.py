"""`python -m benchmarks imports`: how long `import chainrule` takes, beside NumPy, and what its first uses add.

Each case is a process of its own. All take turns, and the minimum of the CPU time is kept, less that of a process that does nothing; modules come from the compiled files of a
first round, which is not counted. `--modules` lists the modules of chainrule that each case loads.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import tables

CASES = {
    "nothing": "",
    "numpy": "import numpy",
    "chainrule": "import numpy, chainrule",
    "a gradient is declared": "import numpy, chainrule\n@chainrule.grad\ndef f(x): return x * x",
    "a gradient is computed": "import numpy, chainrule\nimport benchmarks.call_overhead as b\nchainrule.grad(b.cubed)(numpy.ones(3))",
}
SRC = Path(__file__).resolve().parent.parent


def seconds(code: str) -> float:
    """The CPU time of a new interpreter that runs a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environment() -> dict[str, str]:
    """This process's, with one thread, and with the package where it is found here."""
    paths = os.pathsep.join([*(path for path in sys.path if path), str(SRC / "src"), str(SRC)])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def measured(rounds: int) -> dict[str, float]:
    """The least time of each case, over rounds in which they take turns."""
    best = dict.fromkeys(CASES, float("inf"))
    for number in range(rounds + 1):
        for name, code in CASES.items():
            took = seconds(code)
            best[name] = min(best[name], took) if number else best[name]
    return {name: best[name] - best["nothing"] for name in CASES if name != "nothing"}


def loaded(code: str) -> list[str]:
    """The modules of chainrule that a program has loaded in the end."""
    report = "import sys, json\nprint(json.dumps(sorted(m for m in sys.modules if m.split('.')[0] == 'chainrule')))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], check=True, env=environment(), capture_output=True, text=True)
    found: list[str] = json.loads(done.stdout)
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--modules", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args(argv)
    if options.modules:
        for name, code in CASES.items():
            modules = loaded(code)
            print(f"{name}: {len(modules)}", *modules, sep="\n    ")
        return
    found = measured(options.rounds)
    rows = [[name, tables.seconds(took), f"{took / found['numpy']:.2f}"] for name, took in found.items()]
    print(tables.table("CPU time of imports (numpy is imported in each)", ["program", "time", "of numpy's"], rows, options.markdown))


if __name__ == "__main__":
    main()
