"""Where is the heater? A heat equation solved in place, and run backwards to find its source.

A cold plate, held at zero along its edge, is heated from below by two hidden spots. We see only
the temperatures at the end. The simulation overwrites one array again and again, as anyone would
write it; its generated adjoint walks the same steps back, and gradient descent recovers the spots.

    python examples/heat_stencil.py
    python examples/heat_stencil.py --show                # also print the generated adjoint
    python examples/heat_stencil.py --picture heat.png    # draw the plates, needs matplotlib
"""

import argparse

import numpy as np

import chainrule as cr

POINTS = 24  # along each side of the plate, edge included
STEPS = 30  # of time
TIME_STEP = 1.0
DIFFUSION = 0.2  # points^2 per step; above 0.25 the explicit scheme blows up


def temperature(source):
    """Temperature (POINTS, POINTS) after STEPS steps of heating by source, of the same shape."""
    u = np.zeros((POINTS, POINTS))
    for _ in range(STEPS):
        u[1:-1, 1:-1] += TIME_STEP * (
            source[1:-1, 1:-1]
            + DIFFUSION
            * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
        )
    return u


def misfit(source, measured):
    """Half the sum of squared differences from the measured temperatures."""
    return 0.5 * np.sum((temperature(source) - measured) ** 2)


misfit_and_grad = cr.value_and_grad(misfit)


def hidden_source():
    """Two round spots, one hotter than the other."""
    row, column = np.mgrid[:POINTS, :POINTS]
    source = 1.0 * np.exp(-((row - 7) ** 2 + (column - 8) ** 2) / 8.0)
    source += 0.6 * np.exp(-((row - 16) ** 2 + (column - 15) ** 2) / 8.0)
    source[[0, -1], :] = 0.0
    source[:, [0, -1]] = 0.0
    return source


def as_text(field):
    """A field as lines of text, from cold (blank) to hot (@)."""
    shades = np.array(list(" .:-=+*#%@"))
    level = np.clip(field / np.max(field), 0.0, 1.0) * (len(shades) - 1)
    return ["".join(line) for line in shades[np.rint(level).astype(int)]]


def draw(path, truth, measured, source):
    """The three plates that are also printed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.3), layout="constrained")
    titles = ("hidden source", "measured temperature", "recovered source")
    for axes, title, field in zip(figure.subplots(1, 3), titles, (truth, measured, source)):
        figure.colorbar(axes.imshow(field, cmap="inferno"), ax=axes, shrink=0.8)
        axes.set(title=title, xticks=[], yticks=[])
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--picture", metavar="PATH", help="draw the plates (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated adjoint")
    options = parser.parse_args(argv)

    truth = hidden_source()
    noise = np.random.default_rng(0).normal(0.0, 0.001, truth.shape)
    measured = temperature(truth) + noise

    # The temperature is linear in the source and at most STEPS * TIME_STEP times as large, so the
    # misfit's curvature is at most the square of that, and this step cannot overshoot. Momentum
    # (Nesterov, 1983) makes up for the step being small where the curvature is.
    rate = 1.0 / (STEPS * TIME_STEP) ** 2
    source = np.zeros((POINTS, POINTS))
    previous = source
    print("iteration        misfit   error of the source")
    for iteration in range(options.iterations):
        ahead = source + iteration / (iteration + 3) * (source - previous)
        value, slope = misfit_and_grad(ahead, measured)
        previous = source
        source = ahead - rate * slope
        if iteration % max(1, options.iterations // 6) == 0 or iteration == options.iterations - 1:
            error = np.linalg.norm(source - truth) / np.linalg.norm(truth)
            print(f"{iteration:9}{value:14.6f}{error:21.2%}")
    if options.show:
        print()
        print(misfit_and_grad.source)

    error = np.linalg.norm(source - truth) / np.linalg.norm(truth)
    hottest = divmod(int(np.argmax(source)), POINTS)
    if not error < 0.05 or hottest != (7, 8):
        raise SystemExit(f"heat_stencil: the source is off by {error:.1%}, hottest at {hottest}")
    print(f"\n{'hidden source':{POINTS}}   {'measured':{POINTS}}   recovered source")
    for lines in zip(as_text(truth), as_text(measured), as_text(source)):
        print("   ".join(lines))
    if options.picture:
        draw(options.picture, truth, measured, source)
    print(f"\nThe source is recovered to {error:.2%}; its hottest point, row 7, column 8, exactly.")


if __name__ == "__main__":
    main()
