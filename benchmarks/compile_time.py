"""`python -m benchmarks.compile_time`: what the first call costs, and what does not cost it again.

Times are CPU time. Every measurement loads its function afresh from a file, so nothing that was
kept from an earlier one can help; the first call of all, which warms up imports, is not counted.
"""

import argparse
import importlib.util
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks import tables
from benchmarks.threads import pin_to_one_core

REPEAT = 3

TWENTY_LINES = textwrap.dedent(
    """\
    import numpy as np


    def primal(W, b, v, x, y, n):
        h = np.zeros(len(b))
        total = 0.0
        for t in range(n):
            z = W @ h + b + x[t]
            h = np.tanh(z)
            gate = 1.0 / (1.0 + np.exp(-z))
            h = gate * h
            error = v @ h - y[t]
            if error > 1.0:
                loss = error - 0.5
            elif error < -1.0:
                loss = -error - 0.5
            else:
                loss = 0.5 * error**2
            total += loss
        norm = np.sum(W**2)
        penalty = 0.01 * np.sqrt(norm)
        scale = np.mean(v * v)
        total = total / n
        return total + penalty + scale
    """
)


def straight_line(count: int) -> str:
    """A function of `count` assignments, each of the two before it and the argument."""
    forms = (
        "np.sin({a}) + {b} * x",
        "0.5 * ({a} - {b})",
        "np.tanh({a}) * {b}",
        "{a} / (2.0 + {b} * {b})",
        "np.exp(-{a} * {a}) + {b}",
    )
    names = ["x", "x", *(f"v{i}" for i in range(count))]
    body = [
        f"    v{i} = " + forms[i % len(forms)].format(a=names[i + 1], b=names[i])
        for i in range(count)
    ]
    return _module("x", [*body, f"    return np.sum(v{count - 1})"])


def slice_stores(count: int) -> str:
    """A function of `count` stores to overlapping slices of one array of 100 elements."""
    body = ["    y = np.zeros_like(x)"]
    for i in range(count):
        to, start, width = 7 * i % 80, 11 * i % 80, 5 + i % 15
        source = "x" if i % 3 == 0 else "y"
        body.append(f"    y[{to}:{to + width}] = 0.9 * {source}[{start}:{start + width}] + 0.1")
    return _module("x", [*body, "    return np.sum(y**2)"])


def _module(parameters: str, body: list[str]) -> str:
    return "\n".join(["import numpy as np", "", "", f"def primal({parameters}):", *body, ""])


def load_primal(source: str, folder: Path, name: str) -> Callable[..., Any]:
    """The function `primal` of this source, as a module in a file, where inspect finds it."""
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    primal: Callable[..., Any] = module.primal
    return primal


def first_and_second_call(
    source: str, args: tuple[Any, ...], folder: Path, name: str
) -> tuple[float, float]:
    """Seconds of the first and of the second call of the gradient; minima over fresh loads."""
    times = []
    for attempt in range(REPEAT):
        df = cr.grad(load_primal(source, folder, f"{name}_{attempt}"))
        start = time.process_time()
        df(*args)
        middle = time.process_time()
        df(*args)
        times.append((middle - start, time.process_time() - middle))
    return min(first for first, _ in times), min(second for _, second in times)


TEN_LINES = textwrap.dedent(
    """\
    import numpy as np


    def primal(x):
        a = np.sin(x) * x
        b = np.exp(-a * a)
        c = a / (2.0 + b * b)
        d = np.tanh(c) * b
        e = 0.5 * (d - a)
        g = np.sqrt(1.0 + e * e)
        h = g * np.cos(c)
        p = np.log(1.0 + h * h)
        q = p * d + e
        return np.sum(q * q)
    """
)


def derivatives(folder: Path) -> list[list[str]]:
    """First calls of first to third derivatives of a function of ten lines."""

    def product(f: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: cr.hvp(f)(x, x + 1.0)

    def total(f: Callable[..., Any]) -> Callable[..., Any]:
        df = cr.grad(f)
        return lambda x: np.sum(df(x))

    x = np.linspace(0.1, 2.0, 20)
    forms: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
        "gradient": cr.grad,
        "Hessian-vector product": product,
        "Hessian": cr.hessian,
        "gradient of the sum of a gradient": lambda f: cr.grad(total(f)),
        "the same of that": lambda f: cr.grad(total(total(f))),
        "Hessian of the sum of a gradient": lambda f: cr.hessian(total(f)),
    }
    rows = []
    for number, (title, form) in enumerate(forms.items()):
        times = []
        for attempt in range(REPEAT):
            df = form(load_primal(TEN_LINES, folder, f"ten_{number}_{attempt}"))
            start = time.process_time()
            df(x)
            times.append(time.process_time() - start)
        rows.append([title, tables.seconds(min(times))])
    return rows


def specialisations() -> list[list[str]]:
    """How many specialisations there are after calls with new extents, and with an extent of 1."""

    def loss(W: Any, x: Any) -> Any:
        return np.sum(np.tanh(x @ W) ** 2)

    df = cr.grad(loss)
    rows = []
    for batch, expected in ((32, 1), (48, 1), (7, 1), (1, 2)):
        df(np.ones((6, 4)), np.ones((batch, 6)))
        rows.append([f"after batch size {batch}", str(len(df.signatures)), str(expected)])
    return rows


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compile_time", description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    pin_to_one_core()

    rng = np.random.default_rng(0)
    recurrent = (
        0.3 * rng.normal(size=(8, 8)),
        rng.normal(size=8),
        rng.normal(size=8),
        rng.normal(size=(30, 8)),
        rng.normal(size=30),
        30,
    )
    vector = (rng.normal(size=100),)
    cases = {
        "20 lines, loop and branches": (TWENTY_LINES, recurrent),
        "200 straight-line statements": (straight_line(200), vector),
        "2,000 straight-line statements": (straight_line(2000), vector),
        "300 slice stores": (slice_stores(300), vector),
    }
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        cr.grad(load_primal(straight_line(1), folder, "warm_up"))(*vector)
        for number, (title, (source, args)) in enumerate(cases.items()):
            first, second = first_and_second_call(source, args, folder, f"case_{number}")
            rows.append([title, tables.seconds(first), tables.seconds(second)])
        higher = derivatives(folder)
    header = ["function", "first call", "second call"]
    print(tables.table("First call of a gradient", header, rows, options.markdown))
    print()
    header = ["derivative", "first call"]
    print(tables.table("First call of derivatives of a function of ten lines", header, higher, options.markdown))
    print()
    header = ["calls so far", "specialisations", "expected"]
    print(tables.table("Specialisations", header, specialisations(), options.markdown))


if __name__ == "__main__":
    main()
