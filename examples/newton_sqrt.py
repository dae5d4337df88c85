"""Newton's square root: the derivative of a while loop whose length depends on its input.

A loop that runs until it has converged is differentiated as it ran: the generated code counts the
steps on the way forward, keeps what they need, and walks them back. Nobody told it that the
answer is 1 / (2 sqrt(a)).

    python examples/newton_sqrt.py
    python examples/newton_sqrt.py --show                  # also print the generated derivative
    python examples/newton_sqrt.py --picture newton.png    # draw it, needs matplotlib
"""

import argparse
import math

import chainrule as cr


def newton_sqrt(a):
    """The square root of a > 0.

    The loop looks at the last step, not at the error that is left: the derivative converges one
    step behind the value, and this way it is given that step.
    """
    x = a
    step = a
    while abs(step) > 1e-10 * x:
        step = 0.5 * (x - a / x)
        x = x - step
    return x


derivative = cr.grad(newton_sqrt)


def draw(path):
    """The function, its derivative, and the number of steps that were differentiated."""
    import numpy as np
    from matplotlib.figure import Figure

    def steps(a):
        x, step, count = a, a, 0
        while abs(step) > 1e-10 * x:
            step = 0.5 * (x - a / x)
            x, count = x - step, count + 1
        return count

    points = np.logspace(-4.0, 4.0, 200)
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(points, [newton_sqrt(a) for a in points], label="newton_sqrt(a)")
    left.loglog(points, [derivative(a) for a in points], label="its generated derivative")
    left.loglog(points, 0.5 / np.sqrt(points), "k:", label="1 / (2 sqrt(a))")
    left.set(xlabel="a")
    left.legend()
    right.semilogx(points, [steps(a) for a in points], drawstyle="steps-mid")
    right.set(xlabel="a", title="Iterations of the loop, forward and back")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the derivative (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated derivative")
    options = parser.parse_args(argv)

    print("       a            sqrt(a)         derivative      1 / (2 sqrt(a))   relative error")
    errors = []
    for a in (1e-6, 0.01, 0.5, 1.0, 2.0, 10.0, 12345.0):
        expected = 0.5 / math.sqrt(a)
        found = derivative(a)
        error = abs(found - expected) / expected
        errors.append(error)
        print(f"{a:8g} {newton_sqrt(a):18.12f} {found:18.12f} {expected:20.12f} {error:16.1e}")
    if options.show:
        print()
        print(derivative.source)
    if options.picture:
        draw(options.picture)
    if not all(error < 1e-9 for error in errors):
        raise SystemExit("newton_sqrt: a derivative is wrong")


if __name__ == "__main__":
    main()
