"""Rosenbrock's valley: SciPy's BFGS with a generated gradient, against SciPy's own differences.

The minimum, 0 at (1, ..., 1), lies at the end of a long, flat, bent valley. Without a gradient,
SciPy estimates one from n further values of the function, n being the number of variables;
`cr.grad` gives it exactly, for the price of a few.

    python examples/rosenbrock.py
    python examples/rosenbrock.py --show                   # also print the generated gradient
    python examples/rosenbrock.py --picture valley.png     # draw the way, needs matplotlib
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


def draw(path):
    """The valley of two variables and the way through it, and the way down of VARIABLES of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    a, b = np.meshgrid(np.linspace(-1.6, 1.6, 200), np.linspace(-0.6, 1.8, 200))
    left.contourf(a, b, np.log10(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 + 1e-3), levels=20, cmap="Greys")
    way = [np.array([-1.2, 1.0])]
    minimize(rosenbrock, way[0], jac=gradient, method="BFGS", callback=lambda x: way.append(x.copy()))
    left.plot(*np.transpose(way), "o-", color="C1", markersize=3)
    left.set(title="Two variables: the way of BFGS", xlabel="x[0]", ylabel="x[1]")
    for name, options in (("generated gradient", {"jac": gradient}), ("SciPy's differences", {})):
        counted, values = [0], []

        def count(x):
            counted[0] += 1
            return rosenbrock(x)

        def note(x):
            values.append((counted[0], rosenbrock(x)))

        minimize(count, np.zeros(VARIABLES), method="BFGS", callback=note, options={"gtol": 1e-9}, **options)
        right.loglog(*np.transpose(values), label=name)
    right.set(title=f"{VARIABLES} variables", xlabel="values of the function", ylabel="its value")
    right.legend()
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the way (needs matplotlib)")
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

    if options.picture:
        draw(options.picture)

    if not np.max(np.abs(exact.x - 1.0)) < 1e-8:
        raise SystemExit(f"rosenbrock: stopped at {exact.x}, not at the minimum")


if __name__ == "__main__":
    main()
