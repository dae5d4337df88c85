"""The inside of a star: a differential equation solved by a neural network, with derivatives inside the loss.

The Lane-Emden equation, u'' + 2 u' / r + u^5 = 0 with u(0) = 1 and u'(0) = 0, says how density falls off in a ball of
gas under its own weight. A small network is trained until it satisfies the equation. The loss contains u' and u'',
which are `cr.elementwise_grad` of the network, once and twice; the gradient of the loss is a third derivative,
and one generated program. For this gas the solution is known: 1 / sqrt(1 + r^2 / 3).

    python examples/pinn.py
    python examples/pinn.py --show                 # also print the generated gradient
    python examples/pinn.py --picture star.png     # draw the solution, needs matplotlib
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import chainrule as cr

HIDDEN = 12
RADIUS = 5.0
INDEX = 5


def network(r, params):
    """u at the radii r (n,). It begins with 1 and slope 0, whatever the parameters (3 * HIDDEN,) are."""
    w, b, v = params.reshape(3, HIDDEN)
    hidden = np.tanh(np.outer(r, w) + b)
    return 1.0 + r**2 * (hidden @ v)


slope = cr.elementwise_grad(network)
bend = cr.elementwise_grad(slope)


def residual(r, params):
    """How far the network is from the equation, times r."""
    return r * bend(r, params) + 2.0 * slope(r, params) + r * network(r, params) ** INDEX


def loss(params, r):
    return np.mean(residual(r, params) ** 2)


loss_and_grad = cr.value_and_grad(loss)


def exact(r):
    return 1.0 / np.sqrt(1.0 + r**2 / 3.0)


def draw(path, snapshots, params, losses):
    """The network on its way to the solution, its residual, and the loss."""
    from matplotlib.figure import Figure

    r = np.linspace(0.0, RADIUS, 200)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for count, snapshot in snapshots.items():
        left.plot(r, network(r, snapshot), color="C0", alpha=0.3)
        left.annotate(f"{count}", (RADIUS, np.clip(network(r, snapshot)[-1], -0.45, 1.25)), color="C0", fontsize=8)
    left.plot(r, exact(r), color="k", linewidth=3, alpha=0.3, label="exact")
    left.plot(r, network(r, params), color="C1", label=f"after {len(losses)} iterations")
    left.set(xlabel="radius", ylabel="u", ylim=(-0.5, 1.3), title="The solution, and the way to it")
    left.legend()
    right.semilogy(losses, color="C1", label="loss")
    right.set(xlabel="iteration", title="Mean square of the residual")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw the solution (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    start = np.concatenate([rng.normal(0.0, 1.0, 2 * HIDDEN), 0.1 * rng.normal(size=HIDDEN)])
    r = np.linspace(0.0, RADIUS, 60)
    cr.check_grads(loss, (start, r))

    losses, snapshots = [], {}

    def keep(intermediate_result):
        losses.append(intermediate_result.fun)
        if len(losses) in (1, 3, 10, 30):
            snapshots[len(losses)] = intermediate_result.x.copy()

    fit = minimize(loss_and_grad, start, args=(r,), jac=True, method="BFGS", callback=keep, options={"maxiter": 600, "gtol": 1e-9})
    if options.show:
        print(loss_and_grad.source)

    between = np.linspace(0.0, RADIUS, 401)
    error = np.max(np.abs(network(between, fit.x) - exact(between)))
    print("   r     network      exact")
    for place in np.arange(0.0, RADIUS + 0.5):
        print(f"{place:4.1f}{network(np.array([place]), fit.x)[0]:12.6f}{exact(place):11.6f}")
    print(f"\n{len(losses)} iterations; loss {loss(start, r):.2e} -> {fit.fun:.1e}; largest error {error:.1e}")
    if options.picture:
        draw(options.picture, snapshots, fit.x, losses)

    if not error < 1e-3:
        raise SystemExit(f"pinn: off by {error}")


if __name__ == "__main__":
    main()
