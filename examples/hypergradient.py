"""How fast should a network learn, and how much should it forget? Gradients through training itself.

A network with one hidden layer learns a noisy curve from a few points in 60 steps of Nesterov's momentum. Its loss on other
points is a function of the learning rate of each phase, of the momentum and of the penalty of the weights. That function
is differentiated through all the steps, optimiser and inner gradient included, and minimised with Adam.

    python examples/hypergradient.py
    python examples/hypergradient.py --show                   # also print the generated hypergradient
    python examples/hypergradient.py --picture training.png   # draw what was learnt, needs matplotlib
"""

import argparse

import numpy as np

import chainrule as cr
from chainrule import nn, optim

STEPS = 60  # of training
ROUNDS = 20  # of tuning
POINTS = 24
NOISE = 0.2


def curve(x):
    return np.sin(3.0 * x) + 0.5 * x


def predict(params, x):
    """x (n,) -> (n,), through a hidden layer."""
    return np.tanh(x[:, None] * params["w1"] + params["b1"]) @ params["w2"] + params["b2"]


def loss(params, x, y, penalty):
    return np.mean((predict(params, x) - y) ** 2) + penalty * np.sum(params["w2"] ** 2)


def train(tuned, params, x, y):
    """Parameters after STEPS steps; tuned: logarithms of three learning rates, one after the other, and of the penalty; the momentum as a logit."""
    rates, penalty = np.exp(tuned["log rates"]), np.exp(tuned["log penalty"])
    phase = STEPS // 3

    def rate(step):
        return rates[0] if step < phase else rates[1] if step < 2 * phase else rates[2]

    opt = optim.nesterov(rate, beta=nn.sigmoid(tuned["momentum"]))
    state = opt.init(params)
    for _ in range(STEPS):
        params, state = opt.update(params, cr.grad(loss)(params, x, y, penalty), state)
    return params


def validation(tuned, params, seen, unseen):
    """The loss on points that training has not seen."""
    return loss(train(tuned, params, *seen), *unseen, 0.0)


value_and_hypergradient = cr.value_and_grad(validation)


def draw(path, before, after, params, seen, unseen, values):
    from matplotlib.figure import Figure

    x = np.linspace(-1.6, 1.6, 200)
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(x, curve(x), color="0.7", label="truth")
    left.plot(*seen, "k.", label="training")
    left.plot(*unseen, "k+", label="validation")
    left.plot(x, predict(train(before, params, *seen), x), "--", label="first settings")
    left.plot(x, predict(train(after, params, *seen), x), label="tuned")
    left.set(xlabel="x", title=f"Learnt in {STEPS} steps")
    left.legend(fontsize=7)
    right.semilogy(values)
    right.set(xlabel="round of tuning", ylabel="validation loss", title="Tuning")
    figure.savefig(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="PATH", help="draw what was learnt (needs matplotlib)")
    parser.add_argument("--show", action="store_true", help="print the generated hypergradient")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    x = rng.uniform(-1.5, 1.5, 2 * POINTS)
    y = curve(x) + rng.normal(0.0, NOISE, x.size)
    seen, unseen = (x[:POINTS], y[:POINTS]), (x[POINTS:], y[POINTS:])
    params = {"w1": 2.0 * rng.normal(size=16), "b1": rng.normal(size=16), "w2": 0.25 * rng.normal(size=16), "b2": 0.0}
    first = tuned = {"log rates": np.log(np.full(3, 0.01)), "log penalty": np.log(1e-2), "momentum": 0.0}

    value, gradient = value_and_hypergradient(tuned, params, seen, unseen)
    step, moved = 1e-5, {**tuned, "momentum": 1e-5}
    slope = (validation(moved, params, seen, unseen) - validation({**moved, "momentum": -step}, params, seen, unseen)) / (2.0 * step)
    print(f"d validation loss / d momentum = {gradient['momentum']:+.8f}    finite differences: {slope:+.8f}\n")
    if not abs(gradient["momentum"] - slope) < 1e-7:
        raise SystemExit(f"hypergradient: {gradient['momentum']} disagrees with {slope}")

    opt = optim.adam(0.15)
    state, values = opt.init(tuned), []
    print("round   validation loss         learning rates           momentum    penalty")
    for k in range(ROUNDS + 1):
        value, gradient = value_and_hypergradient(tuned, params, seen, unseen)
        values.append(value)
        if k % 5 == 0:
            rates = "  ".join(f"{rate:.4f}" for rate in np.exp(tuned["log rates"]))
            print(f"{k:5}{value:18.5f}      {rates}{nn.sigmoid(tuned['momentum']):12.3f}{np.exp(tuned['log penalty']):12.2e}")
        tuned, state = opt.update(tuned, optim.clip_by_global_norm(gradient, 1.0), state)
    if options.show:
        print(value_and_hypergradient.source)
    if options.picture:
        draw(options.picture, first, tuned, params, seen, unseen, values)

    if not min(values) < 0.4 * values[0]:
        raise SystemExit(f"hypergradient: the validation loss went from {values[0]} to {min(values)} only")


if __name__ == "__main__":
    main()
