"""What is inside the plate? Its conductivity, pixel by pixel, from four pictures of an infrared camera.

A plate with hidden inclusions is heated along one edge, and photographed a little later; then along the next edge,
and so on. The simulation moves heat from cell to cell in one array, in place. The 400 unknown conductivities are
those whose four simulated pictures look like the photographs; the gradient with respect to all of them costs as
much as a few simulations.

    python examples/conductivity.py
    python examples/conductivity.py --show                  # also print the generated gradient
    python examples/conductivity.py --picture plate.png     # draw the plate, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

POINTS = 20  # along each side
STEPS = 60  # of time
TIME_STEP = 0.1  # with a conductivity below 2.5 the explicit scheme is stable
NOISE = 0.003  # of the camera; the heated edge is at 1
SMOOTHNESS = 2e-3  # how much a change of the logarithm from cell to cell costs, against the misfit


def heat(u, edge):
    """Hold one edge (0 to 3) at 1."""
    if edge == 0:
        u[0] = 1.0
    elif edge == 1:
        u[:, -1] = 1.0
    elif edge == 2:
        u[-1] = 1.0
    else:
        u[:, 0] = 1.0


def photograph(conductivity, edge):
    """Temperatures (POINTS, POINTS) after STEPS steps with one edge heated; no heat is lost."""
    k = conductivity
    down = 2.0 * TIME_STEP / (1.0 / k[1:] + 1.0 / k[:-1])  # between the cells of a column: resistances add up
    across = 2.0 * TIME_STEP / (1.0 / k[:, 1:] + 1.0 / k[:, :-1])
    u = np.zeros((POINTS, POINTS))
    for _ in range(STEPS):
        heat(u, edge)
        flow = down * (u[1:] - u[:-1])
        u[1:] -= flow
        u[:-1] += flow
        flow = across * (u[:, 1:] - u[:, :-1])
        u[:, 1:] -= flow
        u[:, :-1] += flow
    return u


def misfit(log_conductivity, photographs):
    """Sum of squared differences from the photographs (4, POINTS, POINTS), in units of the noise, and roughness."""
    total = 0.0
    for edge in range(4):
        difference = photograph(np.exp(log_conductivity), edge) - photographs[edge]
        total += 0.5 * np.sum((difference / NOISE) ** 2)
    rough = np.sum(np.abs(np.diff(log_conductivity, axis=0)) ** 1.5) + np.sum(np.abs(np.diff(log_conductivity, axis=1)) ** 1.5)
    return total + SMOOTHNESS / NOISE * rough


misfit_and_grad = cr.value_and_grad(misfit)


def inclusions():
    """A plate of conductivity 1 with a ring that insulates and a bar that conducts."""
    row, column = np.mgrid[:POINTS, :POINTS]
    k = np.ones((POINTS, POINTS))
    distance = np.hypot(row - 6.5, column - 6.5)
    k[(distance > 2.0) & (distance < 4.5)] = 0.3
    k[13:16, 8:18] = 2.0
    return k


def draw(path, truth, guess, found, photographs):
    """The plate, what the camera saw, and what was found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    panels = figure.subplots(1, 4)
    panels[0].imshow(photographs[0], cmap="inferno")
    panels[0].set_title("photograph 1 of 4")
    for axes, title, field in zip(panels[1:], ("truth", "found", "found - truth"), (truth, found, found - truth)):
        shown = axes.imshow(field, cmap="RdBu_r", vmin=-1.0 if "-" in title else 0.0, vmax=1.0 if "-" in title else 2.0)
        axes.set_title(title)
        figure.colorbar(shown, ax=axes, location="bottom", shrink=0.8)
    for axes in panels:
        axes.set(xticks=[], yticks=[])
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=120)
    parser.add_argument("--picture", metavar="PATH", help="draw the plate (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    truth = inclusions()
    photographs = np.array([photograph(truth, edge) for edge in range(4)])
    photographs += rng.normal(0.0, NOISE, photographs.shape)
    guess = np.zeros((POINTS, POINTS))
    cr.check_grads(misfit, (guess + 0.1 * rng.normal(size=guess.shape), photographs))

    def flat(x):
        value, gradient = misfit_and_grad(x.reshape(POINTS, POINTS), photographs)
        return value, gradient.ravel()

    bounds = [(np.log(0.05), np.log(2.4))] * guess.size
    fit = minimize(flat, guess.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": options.iterations})
    found = np.exp(fit.x.reshape(POINTS, POINTS))
    if options.show:
        print(misfit_and_grad.source)

    errors = [np.sqrt(np.mean((k - truth) ** 2)) for k in (np.exp(guess), found)]
    worst = np.max(np.abs(photograph(found, 0) - photographs[0]))
    print(f"{truth.size} unknowns, 4 photographs of {truth.size} pixels, noise {NOISE}")
    print(f"{fit.nfev} values and gradients, each through 4 x {STEPS} steps and back\n")
    print(f"misfit             {misfit(guess, photographs):12.1f} -> {fit.fun:.1f}")
    print(f"rms of the error   {errors[0]:12.3f} -> {errors[1]:.3f}")
    print(f"largest difference from a photograph: {worst:.4f}")
    if options.picture:
        draw(options.picture, truth, np.exp(guess), found, photographs)

    # Half of the squares in units of the noise: about half a unit for each pixel.
    if not fit.fun < 2.0 * truth.size * 1.5 or not errors[1] < 0.5 * errors[0]:
        raise SystemExit(f"conductivity: misfit {fit.fun}, errors {errors}")


if __name__ == "__main__":
    main()
