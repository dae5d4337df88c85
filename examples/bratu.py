"""How hot does it get before it explodes? The Bratu equation on a square, solved by Newton's method.

A material heats itself: -(u_xx + u_yy) = strength * exp(u), held at zero along the edge. The residual is written
with slices, as anyone would write it. Its Jacobian has 40,000 columns and five entries in a row; chainrule finds
that out from the program, computes it with a handful of sweeps, and SciPy solves with it.

    python examples/bratu.py
    python examples/bratu.py --points 100 --strength 6.5
    python examples/bratu.py --picture bratu.png    # draw the temperature, needs matplotlib
"""

import argparse
import time

import numpy as np
from scipy.sparse.linalg import spsolve

import chainrule as cr


def residual(inner, strength):
    """The equation at the inner points (n, n) of the square, times the squared distance between points."""
    n = len(inner)
    u = np.zeros((n + 2, n + 2))
    u[1:-1, 1:-1] = inner
    spread = 4.0 * u[1:-1, 1:-1] - u[:-2, 1:-1] - u[2:, 1:-1] - u[1:-1, :-2] - u[1:-1, 2:]
    return spread - strength * np.exp(inner) / (n + 1) ** 2


jacobian = cr.sparse_jacobian(residual)


def solve(points, strength, tolerance=1e-11):
    """The temperature at the inner points, and the residuals on the way."""
    u = np.zeros((points, points))
    sizes = []
    for _ in range(20):
        r = residual(u, strength)
        sizes.append(float(np.max(np.abs(r))))
        if sizes[-1] < tolerance:
            return u, sizes
        u = u - spsolve(jacobian(u, strength).tocsc(), r.ravel()).reshape(u.shape)
    raise SystemExit(f"bratu: no convergence (residuals {sizes}); above a strength of 6.8 there is no solution")


def draw(path, u, sizes):
    """The temperature, and how fast Newton's method got there."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = left.imshow(u, cmap="inferno", extent=(0, 1, 0, 1))
    figure.colorbar(shown, ax=left)
    left.set_title("Temperature")
    right.semilogy(sizes, "o-")
    right.set(xlabel="Newton step", title="Largest residual")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=200, help="along each side, edge excluded")
    parser.add_argument("--strength", type=float, default=5.0)
    parser.add_argument("--picture", metavar="PATH", help="draw the temperature (needs matplotlib)")
    options = parser.parse_args(argv)

    u = np.zeros((options.points, options.points))
    start = time.perf_counter()
    first = jacobian(u, options.strength)
    middle = time.perf_counter()
    jacobian(u, options.strength)
    stop = time.perf_counter()
    print(f"Jacobian: {first.shape[0]:,} x {first.shape[1]:,}, {first.nnz:,} entries, {jacobian.sweeps(u, options.strength)} sweeps")
    print(f"first call (pattern, colours, code) {middle - start:.2f} s, every other call {1e3 * (stop - middle):.1f} ms\n")

    u, sizes = solve(options.points, options.strength)
    print("Newton step   largest residual")
    for number, size in enumerate(sizes):
        print(f"{number:11}   {size:16.2e}")
    print(f"\nhottest: u = {np.max(u):.5f}, in the middle of the square")

    if options.picture:
        draw(options.picture, u, sizes)

    # The same symmetry as the square, and what finite differences say of one product with the Jacobian.
    direction = np.random.default_rng(0).normal(size=u.shape)
    product = jacobian(u, options.strength) @ direction.ravel()
    h = 1e-5
    difference = (residual(u + h * direction, options.strength) - residual(u - h * direction, options.strength)) / (2 * h)
    if not np.allclose(product, difference.ravel(), rtol=1e-6, atol=1e-7) or not np.allclose(u, u.T, atol=1e-9):
        raise SystemExit("bratu: the Jacobian disagrees with finite differences")


if __name__ == "__main__":
    main()
