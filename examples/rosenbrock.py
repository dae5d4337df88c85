"""Rosenbrock's valley: SciPy's BFGS with a generated gradient, against SciPy's own differences.

The minimum, 0 at (1, ..., 1), lies at the end of a long, flat, bent valley. Without a gradient,
SciPy estimates one from n further values of the function, n being the number of variables;
`cr.grad` gives it exactly, for the price of a few.

    python examples/rosenbrock.py
    python examples/rosenbrock.py --show    # also print the generated gradient
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

VARIABLES = 20


def rosenbrock(x):
    """Sum over i of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2."""
    across = x[1:] - x[:-1] ** 2
    along = 1.0 - x[:-1]
    return np.sum(100.0 * across**2 + along**2)


gradient = cr.grad(rosenbrock)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    start = np.zeros(VARIABLES)
    exact = minimize(rosenbrock, start, jac=gradient, method="BFGS", options={"gtol": 1e-9})
    estimated = minimize(rosenbrock, start, method="BFGS")
    if options.show:
        print(gradient.source)

    print(f"Rosenbrock's function of {VARIABLES} variables, BFGS from the origin\n")
    print("gradient                 iterations   values   gradients   distance from the minimum")
    for name, result in (("chainrule", exact), ("SciPy's differences", estimated)):
        distance = np.max(np.abs(result.x - 1.0))
        gradients = result.njev if result is exact else 0
        print(f"{name:24}{result.nit:11}{result.nfev:9}{gradients:12}{distance:28.1e}")

    if not np.max(np.abs(exact.x - 1.0)) < 1e-8:
        raise SystemExit(f"rosenbrock: stopped at {exact.x}, not at the minimum")


if __name__ == "__main__":
    main()
