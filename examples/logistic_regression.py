"""Benign or malignant? Logistic regression by Newton's method, its Hessian products generated.

The 569 tumours of the Wisconsin data set have thirty measures each. The loss is convex, so a trust region with products of
the Hessian and a vector (`trust-ncg`) finds its minimum in a few steps; gradient descent with momentum takes hundreds.
The parameters are a dictionary, and stay one: `optim.minimize` makes the vectors that SciPy wants. The inverse
of the Hessian at the minimum says how sure each weight is.

    python examples/logistic_regression.py
    python examples/logistic_regression.py --show                  # also print the generated gradient
    python examples/logistic_regression.py --picture weights.png   # draw weights and losses, needs matplotlib
"""

import argparse

import numpy as np
from sklearn.datasets import load_breast_cancer

import chainrule as cr
from chainrule import nn, optim

PENALTY = 1.0  # of the weights' squares, as if each weight came from a standard normal distribution
STEPS = 300


def loss(params, x, y):
    """Minus the logarithm of the posterior: x (n, m), y (n,) of 0 and 1."""
    misfit = nn.binary_cross_entropy(x @ params["w"] + params["b"], y, reduction="sum")
    return misfit + 0.5 * PENALTY * np.sum(params["w"] ** 2)


gradient = cr.grad(loss)


def descend(params, x, y):
    """The losses of gradient descent with Nesterov's momentum."""
    opt = optim.nesterov(3e-4)
    state, losses = opt.init(params), []
    for _ in range(STEPS):
        params, state = opt.update(params, gradient(params, x, y), state)
        losses.append(loss(params, x, y))
    return losses


def deviations(params, x, y):
    """Standard deviations of the weights, from the inverse of the Hessian (Laplace's approximation)."""
    blocks = cr.hessian(loss)(params, x, y)
    whole = np.block([[blocks["w"]["w"], blocks["w"]["b"][:, None]], [blocks["b"]["w"], np.reshape(blocks["b"]["b"], 1)]])
    return np.sqrt(np.diag(np.linalg.inv(whole)))[:-1]


def draw(path, names, weights, spread, newton, descent, lowest):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    order = np.argsort(weights)
    left.barh(np.arange(len(order)), weights[order], xerr=spread[order], color="C0", ecolor="0.6")
    left.set_yticks(np.arange(len(order)), [names[k] for k in order], fontsize=6)
    left.set(xlabel="weight (of standardised measures)", title="What speaks for benign")
    right.loglog(np.arange(1, len(newton) + 1), np.array(newton) - lowest, "o-", label="trust-ncg")
    right.loglog(np.arange(1, len(descent) + 1), np.array(descent) - lowest, label="Nesterov")
    right.set(xlabel="step", ylabel="loss above the minimum", title="Convergence")
    right.legend()
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw weights and losses (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated gradient")
    options = parser.parse_args(argv)

    data = load_breast_cancer()
    x, y = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0), data.target
    start = {"w": np.zeros(x.shape[1]), "b": 0.0}
    newton = []
    found = optim.minimize(loss, start, "trust-ncg", args=(x, y), gtol=1e-9, callback=lambda p: newton.append(loss(p, x, y)))
    descent = descend(start, x, y)
    weights, spread = found.x["w"], deviations(found.x, x, y)
    if options.show:
        print(gradient.source)

    right = np.mean((x @ weights + found.x["b"] > 0) == y)
    print(f"loss {loss(start, x, y):.4f} -> {found.fun:.6f} in {found.nit} steps of trust-ncg, {found.nfev} gradients")
    print(f"{STEPS} steps of gradient descent end {descent[-1] - found.fun:.1e} above that")
    print(f"accuracy on these tumours {right:.2%}\n")
    print("the surest weights          weight ± deviation")
    for k in np.argsort(-np.abs(weights / spread))[:5]:
        print(f"{data.feature_names[k]:24}{weights[k]:10.3f} ± {spread[k]:.3f}")
    if options.picture:
        draw(options.picture, data.feature_names, weights, spread, newton, descent, found.fun)

    # at the minimum, the penalty balances the examples: PENALTY w = x' (y - p), sum(y - p) = 0
    surprise = y - nn.sigmoid(x @ weights + found.x["b"])
    balance = max(np.max(np.abs(PENALTY * weights - x.T @ surprise)), abs(np.sum(surprise)))
    if not balance < 1e-5 or not 0 <= descent[-1] - found.fun < 0.5:
        raise SystemExit(f"logistic_regression: the gradient is {balance} at what was found")


if __name__ == "__main__":
    main()
