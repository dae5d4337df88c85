"""`python -m benchmarks.call_overhead`: what finding the specialisation adds to every call.

The gradients are of functions on arrays so small that little but overhead is left; the gradient as
users call it is timed in turns with the generated function called directly.
"""

import argparse
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks import tables, timing
from benchmarks.threads import pin_to_one_core


def three_arrays(x: Any, y: Any, z: Any) -> Any:
    """A function of three arrays."""
    return np.sum(x * y + z)


def six_parameters(params: Any, x: Any) -> Any:
    """A function of a list of six arrays and one more."""
    W1, b1, W2, b2, W3, b3 = params
    return np.sum((((x @ W1 + b1) @ W2 + b2) @ W3) + b3)


def cubed(x: Any) -> Any:
    """A function of one array."""
    return np.sum(x * x * x)


def generated_function(df: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """The generated function that `df(*args)` ends up calling, with the same parameters."""
    return df._dispatcher.variant_for(args, {}).compiled.function  # type: ignore[attr-defined, no-any-return]


def main() -> None:
    """Measure both functions and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.call_overhead", description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    pin_to_one_core()

    rng = np.random.default_rng(0)
    params = [rng.normal(size=(3, 3)) if i % 2 == 0 else rng.normal(size=3) for i in range(6)]
    x = rng.normal(size=3)
    cases = {
        "three arrays": (cr.grad(three_arrays, (0, 1, 2)), (x, x.copy(), x.copy())),
        "a list of six arrays": (cr.grad(six_parameters), (params, x)),
    }
    rows = []
    for title, (df, args) in cases.items():
        df(*args)
        calls = {
            "dispatched": functools.partial(df, *args),
            "direct": functools.partial(generated_function(df, args), *args),
        }
        best = timing.measure(calls, timing.FULL, timing.CLOCKS["cpu"])
        overhead = best["dispatched"] - best["direct"]
        rows.append([title, *map(tables.seconds, (best["dispatched"], best["direct"], overhead))])
    cubes, v = cr.grad(cubed), np.ones(3)
    program = generated_function(cubes, (x,))
    product = cr.hvp(cubed)
    calls = {
        "gradient": functools.partial(cubes, x),
        "product": functools.partial(product, x, v),
        "jvp": functools.partial(cr.jvp, cubed, (x,), (v,)),
        "direct": functools.partial(program, x),
    }
    best = timing.measure(calls, timing.FULL, timing.CLOCKS["cpu"])
    others = [[name, tables.seconds(seconds)] for name, seconds in best.items()]
    header = ["arguments", "gradient", "generated function", "overhead"]
    print(tables.table("Overhead of a call", header, rows, options.markdown))
    print()
    title = "Calls for a function of one array of three elements (direct: the generated gradient)"
    print(tables.table(title, ["call", "time"], others, options.markdown))


if __name__ == "__main__":
    main()
