"""What do twenty animals tell about a poison? Variational inference with draws that are differentiated.

Four doses were given to five animals each (Racine, Grieve, Fluehler and Smith, 1986). The belief about the dose's
effect is a Gaussian, made as close to the posterior as a Gaussian can be by climbing the evidence lower bound. Its
value is estimated from draws of a NumPy Generator inside the function: `rng.normal(mean, scale)` is a function of
its mean and scale, and is differentiated as one. With two parameters the exact posterior can be tabulated, and is.

    python examples/variational.py
    python examples/variational.py --show                 # also print the generated gradient
    python examples/variational.py --picture belief.png   # draw both posteriors, needs matplotlib
"""

import argparse

import numpy as np

import chainrule as cr

DOSE = np.array([-0.86, -0.30, -0.05, 0.73])  # log (g / ml)
ANIMALS = np.array([5, 5, 5, 5])
DEATHS = np.array([0, 1, 3, 5])
PRIOR = np.array([[0.0, 2.0], [10.0, 10.0]])  # mean and standard deviation of the intercept and of the slope
DRAWS = 32


def log_joint(intercept, slope):
    """Log of prior times likelihood, for arrays of parameters of one shape (n,) -> (n,)."""
    logit = intercept + np.multiply.outer(DOSE, slope)
    survived = -np.logaddexp(0.0, logit)  # log of the chance to survive
    ways = np.array([1.0, 5.0, 10.0, 1.0])  # to choose those that died
    total = np.log(ways) @ np.ones(4) + np.sum(DEATHS[:, None] * (logit + survived) + (ANIMALS - DEATHS)[:, None] * survived, axis=0)
    for value, (mean, scale) in zip((intercept, slope), PRIOR):
        total = total - 0.5 * ((value - mean) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2.0 * np.pi)
    return total


def lower_bound(belief, rng, draws):
    """Of the log evidence. The slope is normal; the intercept, given the slope, is normal about a line."""
    mean, log_scale, tilt = belief["mean"], belief["log scale"], belief["tilt"]
    scale = np.exp(log_scale)
    slope = rng.normal(mean[1], scale[1], draws)
    intercept = rng.normal(mean[0] + tilt * (slope - mean[1]), scale[0])
    entropy = np.sum(log_scale) + 1.0 + np.log(2.0 * np.pi)
    return np.mean(log_joint(intercept, slope)) + entropy


bound_and_grad = cr.value_and_grad(lower_bound)


def climb(belief, rng, steps):
    """Adam, with a rate that falls to zero; returns the belief and the bounds on the way."""
    mean = dict.fromkeys(belief, 0.0)
    square = dict.fromkeys(belief, 0.0)
    bounds = np.empty(steps)
    for n in range(steps):
        bounds[n], grads = bound_and_grad(belief, rng, DRAWS)
        for name, g in grads.items():
            mean[name] += 0.1 * (g - mean[name])
            square[name] += 0.01 * (g**2 - square[name])
            step = mean[name] / (1.0 - 0.9 ** (n + 1)) / (np.sqrt(square[name] / (1.0 - 0.99 ** (n + 1))) + 1e-8)
            belief[name] = belief[name] + 0.2 * (1.0 - n / steps) * step
    return belief, bounds


def tabulate(points=300):
    """The exact posterior on a grid, and the log of the evidence."""
    intercepts, slopes = np.linspace(-4.0, 8.0, points), np.linspace(-5.0, 50.0, points)
    a, b = np.meshgrid(intercepts, slopes, indexing="ij")
    joint = log_joint(a.ravel(), b.ravel()).reshape(a.shape)
    cell = (intercepts[1] - intercepts[0]) * (slopes[1] - slopes[0])
    evidence = np.sum(np.exp(joint)) * cell
    return a, b, np.exp(joint) / evidence, np.log(evidence), cell


def draw(path, belief, bounds, evidence, grid):
    """The exact posterior and the Gaussian; the bound on the way up."""
    from matplotlib.figure import Figure

    a, b, density, _, _ = grid
    mean, scale = belief["mean"], np.exp(belief["log scale"])
    along, across = (b - mean[1]) / scale[1], (a - mean[0] - belief["tilt"] * (b - mean[1])) / scale[0]
    gaussian = np.exp(-0.5 * (along**2 + across**2)) / (2.0 * np.pi * scale[0] * scale[1])
    levels = np.max(density) * np.array([0.05, 0.2, 0.4, 0.6, 0.8])
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.contourf(a, b, density, levels=[*levels, np.max(density)], cmap="Greys", alpha=0.7)
    left.contour(a, b, gaussian, levels=levels, colors="C0")
    left.set(xlabel="intercept", ylabel="slope", xlim=(-2.5, 5.0), ylim=(-3.0, 32.0), title="Exact posterior (grey), Gaussian (blue)")
    right.plot(bounds, color="C0", linewidth=0.6, label=f"bound, {DRAWS} draws")
    right.axhline(evidence, color="k", linewidth=1.0, label="log evidence")
    right.set(xlabel="step", ylim=(evidence - 6.0, evidence + 1.5), title="Evidence lower bound")
    right.legend(loc="lower right")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--picture", metavar="PATH", help="draw both posteriors (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    belief = {"mean": np.array([0.0, 5.0]), "log scale": np.array([0.0, 1.0]), "tilt": 0.0}
    cr.check_grads(lower_bound, (belief, np.random.default_rng(0), DRAWS))

    belief, bounds = climb(belief, np.random.default_rng(0), options.steps)
    if options.show:
        print(bound_and_grad.source)

    a, b, density, evidence, cell = grid = tabulate()
    exact = np.array([np.sum(density * value) * cell for value in (a, b)])
    spread = np.sqrt([np.sum(density * (value - mean) ** 2) * cell for value, mean in zip((a, b), exact)])
    bound = lower_bound(belief, np.random.default_rng(1), 100_000)
    scale = np.exp(belief["log scale"])
    found = np.array([np.hypot(scale[0], belief["tilt"] * scale[1]), scale[1]])
    print(f"{len(bounds)} steps of {DRAWS} draws\n")
    print("              intercept        slope")
    for name, means, deviations in (("variational", belief["mean"], found), ("exact", exact, spread)):
        print(f"{name:12}" + "".join(f"{m:7.2f} ± {d:.2f}" for m, d in zip(means, deviations)))
    print(f"\nevidence lower bound {bound:.4f}, log evidence {evidence:.4f}: a Gaussian is {evidence - bound:.4f} nats away")
    if options.picture:
        draw(options.picture, belief, bounds, evidence, grid)

    if not 0.0 < evidence - bound < 0.15 or not np.all(np.abs(belief["mean"] - exact) < 0.25 * spread):
        raise SystemExit(f"variational: bound {bound} of {evidence}, means {belief['mean']} for {exact}")


if __name__ == "__main__":
    main()
